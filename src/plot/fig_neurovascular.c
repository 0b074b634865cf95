/* fig_neurovascular.c: BOLD against the power of the LFP in bands, by lag and over time. */
#include "meso_lines.h"

#include "meso_bold_panels.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

typedef struct found {
  const meso_array *lag, *r, *edges, *best_lag, *best_r, *threshold, *power, *bold, *time;
} found;

static bool find(const meso_figure_data *data, found *x)
{
  const meso_array **const at[9] = { &x->lag, &x->r, &x->edges, &x->best_lag, &x->best_r,
                                     &x->threshold, &x->power, &x->bold, &x->time };
  static const char *const name[9] = { "lag_s", "correlation", "band_edges_Hz", "best_lag",
                                       "best_correlation", "threshold_best", "power", "bold",
                                       "time_s" };
  for (int i = 0; i < 9; i++) {
    *at[i] = meso_find_array(data, "/neurovascular/%s", name[i]);
    if (*at[i] == NULL || (*at[i])->data == NULL) return false;
  }
  const size_t B = x->r->dims[0], n = meso_array_count(x->time);
  return x->r->n_dims == 2 && B > 0 && x->r->dims[1] == meso_array_count(x->lag)
         && meso_array_count(x->edges) == B + 1 && meso_array_count(x->best_lag) == B
         && meso_array_count(x->best_r) == B && meso_array_count(x->threshold) == B
         && x->power->n_dims == 2 && x->power->dims[0] == B && x->power->dims[1] == n
         && meso_array_count(x->bold) == n && n > 1;
}

static bool is_available(const meso_figure_data *data)
{
  found x;
  return find(data, &x);
}

/* The band whose best correlation is largest. */
static size_t best_band(const found *x)
{
  size_t best = 0;
  for (size_t b = 1; b < x->r->dims[0]; b++)
    if (!(fabs(x->best_r->data[best]) >= fabs(x->best_r->data[b]))) best = b;
  return best;
}

/* Values without their mean, in standard deviations. */
static void standardise(const double *v, size_t n, double *out)
{
  double m = 0.0, mean = 0.0, squares = 0.0;
  for (size_t k = 0; k < n; k++)
    if (isfinite(v[k])) m++, mean += v[k];
  mean /= m;
  for (size_t k = 0; k < n; k++)
    if (isfinite(v[k])) squares += (v[k] - mean) * (v[k] - mean);
  const double sd = sqrt(squares / m);
  for (size_t k = 0; k < n; k++) out[k] = sd > 0.0 ? (v[k] - mean) / sd : NAN;
}

static void draw_lags(meso_canvas *canvas, meso_box box, const found *x)
{
  meso_lines lines = meso_lines_make("Correlation with BOLD by lag", "lag of BOLD (s)",
                                     "correlation (dimensionless)");
  const size_t L = meso_array_count(x->lag);
  for (size_t b = 0; b < x->r->dims[0]; b++) {
    char name[80];
    const double lag = x->best_lag->data[b];
    snprintf(name, sizeof name, "%g\u2013%g Hz: %.2f at %g s", x->edges->data[b],
             x->edges->data[b + 1], x->best_r->data[b], lag);
    if (!isfinite(lag))
      snprintf(name, sizeof name, "%g\u2013%g Hz: none", x->edges->data[b], x->edges->data[b + 1]);
    meso_lines_add(&lines, name, L, x->lag->data, x->r->data + b * L,
                   (meso_stroke) { meso_palette(b), 1.1, b >= 7 });
  }
  lines.x_guide = 0.0;
  lines.y_guide = x->threshold->data[best_band(x)];
  meso_lines_draw(canvas, box, &lines);
}

static meso_status draw_traces(const meso_figure_data *data, meso_canvas *canvas, meso_box box,
                               const found *x, meso_err *err)
{
  meso_status status = MESO_OK;
  const size_t n = meso_array_count(x->time), b = best_band(x);
  double *power = NULL, *bold = NULL, low = -1.0, high = 1.0;
  char title[128];
  MESO_ALLOC(err, power, n);
  MESO_ALLOC(err, bold, n);
  standardise(x->power->data + b * n, n, power);
  standardise(x->bold->data, n, bold);
  for (size_t k = 0; k < n; k++) {
    if (isfinite(power[k])) low = fmin(low, power[k]), high = fmax(high, power[k]);
    if (isfinite(bold[k])) low = fmin(low, bold[k]), high = fmax(high, bold[k]);
  }
  snprintf(title, sizeof title, "Power at %g\u2013%g Hz and BOLD over time, n = %zu volumes",
           x->edges->data[b], x->edges->data[b + 1], n);
  const double start = x->time->data[0], stop = x->time->data[n - 1];
  const meso_axes axes = { .box = box, .x_min = start, .x_max = stop > start ? stop : start + 1.0,
                           .y_min = low - 0.2, .y_max = high + 0.2, .x_label = "time (s)",
                           .y_label = "standard deviations", .title = title };
  meso_bold_shade(data, canvas, &axes);
  meso_axes_draw(canvas, &axes);
  meso_axes_guide(canvas, &axes, NAN, 0.0, meso_grey);
  meso_axes_line(canvas, &axes, n, x->time->data, power, (meso_stroke) { meso_palette(1), 1.0,
                                                                         false });
  meso_axes_line(canvas, &axes, n, x->time->data, bold, (meso_stroke) { meso_black, 1.2, false });
  double at = meso_canvas_key(canvas, box.x, box.y + box.h + 34.0,
                              (meso_stroke) { meso_palette(1), 1.6, false }, "LFP power");
  meso_canvas_key(canvas, at, box.y + box.h + 34.0, (meso_stroke) { meso_black, 1.6, false },
                  "BOLD");
cleanup:
  free(power);
  free(bold);
  return status;
}

static meso_status draw(const meso_figure_data *data, meso_canvas *canvas, meso_err *err)
{
  meso_status status = MESO_OK;
  found x;
  if (!find(data, &x)) MESO_FAIL(err, MESO_ENOTFOUND, "there is no neurovascular analysis to draw");
  const meso_attrs *attrs = meso_group_attrs(data, "/neurovascular");
  const double width = meso_canvas_width(canvas) - 60.0;
  draw_lags(canvas, (meso_box) { 46.0, 22.0, width, 120.0 }, &x);
  MESO_TRY(draw_traces(data, canvas, (meso_box) { 46.0, 240.0, width, 90.0 }, &x, err));
  meso_canvas_note(canvas, 8.0, meso_canvas_height(canvas) - 5.0, "mean power of %g contacts "
                   "around each volume (TR %g s) \u2003 dashed: threshold of the best lag of the "
                   "strongest band, alpha %g", meso_attrs_number(attrs, "n_contacts", NAN),
                   meso_attrs_number(attrs, "TR_s", NAN), meso_attrs_number(attrs, "alpha", NAN));
cleanup:
  return status;
}

const meso_figure_ops meso_fig_neurovascular = {
  "neurovascular", "BOLD against the power of the LFP in bands: correlation by lag, and the "
                   "strongest band beside BOLD over time, as Logothetis et al. (2001) compare "
                   "recordings.",
  170.0, 138.0, is_available, draw
};
