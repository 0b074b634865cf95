/* fig_field_distance.c: coherence and correlation of channels against their distance. */
#include "meso_lines.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FIT_POINTS = 60, MOST_BANDS = 7, N_PANELS = 2 };
static const char *const measure[N_PANELS] = { "coherence", "correlation" };

static const meso_array *curves(const meso_figure_data *data, size_t panel, const char *ending)
{
  const meso_array *x = meso_find_array(data, "/field_distance/distance_um");
  const meso_array *y = meso_find_array(data, "/field_distance/%s%s", measure[panel], ending);
  return x != NULL && y != NULL && x->data != NULL && y->data != NULL && y->n_dims == 2
         && y->dims[1] == meso_array_count(x) && y->dims[0] > 0 ? y : NULL;
}

static bool is_available(const meso_figure_data *data)
{
  return curves(data, 0, "") != NULL && curves(data, 1, "") != NULL;
}

/* A number that was fitted to one band; NaN if there is none. */
static double fit_number(const meso_figure_data *data, size_t panel, size_t band, const char *name)
{
  const meso_array *fit = meso_find_array(data, "/field_distance/%s_fit_%s", measure[panel], name);
  return fit != NULL && fit->data != NULL && band < meso_array_count(fit) ? fit->data[band] : NAN;
}

/* The band, and how much of the variance over distance its fit explains. */
static void name_band(const meso_figure_data *data, size_t panel, size_t band, char *text,
                      size_t size)
{
  const meso_array *edge = meso_find_array(data, "/field_distance/band_edges_Hz");
  const double share = fit_number(data, panel, band, "r_squared");
  if (edge == NULL || edge->data == NULL || band + 1 >= meso_array_count(edge))
    (void) snprintf(text, size, "all");
  else
    (void) snprintf(text, size, "%g\u2013%g Hz", edge->data[band], edge->data[band + 1]);
  const size_t n = strlen(text);
  if (isfinite(share)) (void) snprintf(text + n, size - n, ", %.2f", share);
}

/* The fitted curve of one band at evenly spaced distances; NaN if there is none. */
static void fitted(const meso_figure_data *data, size_t panel, size_t band, const double *x,
                   double *y)
{
  const double a = fit_number(data, panel, band, "a"), b = fit_number(data, panel, band, "b_um");
  const double c = fit_number(data, panel, band, "c");
  for (size_t k = 0; k < FIT_POINTS; k++) y[k] = a * exp(-x[k] / b) + c;
}

/* room: FIT_POINTS distances, then as many values for each band. */
static void draw_panel(const meso_figure_data *data, meso_canvas *canvas, size_t panel,
                       double *room)
{
  const meso_array *x = meso_find_array(data, "/field_distance/distance_um");
  const meso_array *y = curves(data, panel, ""), *low = curves(data, panel, "_low");
  const meso_array *high = curves(data, panel, "_high");
  const size_t n = y->dims[1], n_bands = y->dims[0] < MOST_BANDS ? y->dims[0] : MOST_BANDS;
  double nearest = INFINITY, farthest = -INFINITY;
  meso_lines lines = meso_lines_make(panel == 0 ? "Coherence" : "Correlation",
                                     "distance (\u00b5m)", panel == 0
                                     ? "magnitude squared, debiased (dimensionless)"
                                     : "correlation coefficient (dimensionless)");
  lines.y_guide = 0.0;
  for (size_t k = 0; k < n; k++) {
    nearest = fmin(nearest, x->data[k]);
    farthest = fmax(farthest, x->data[k]);
  }
  for (size_t k = 0; k < FIT_POINTS; k++)
    room[k] = nearest + (farthest - nearest) * (double) k / (FIT_POINTS - 1.0);
  for (size_t b = 0; b < n_bands; b++) {
    char name[64];
    const meso_stroke dots = { meso_palette_ordered(b, n_bands), 0.0, false };
    const meso_stroke curve = { dots.color, 0.9, true };
    double *fit = room + (b + 1) * FIT_POINTS;
    name_band(data, panel, b, name, sizeof name);
    meso_lines_add(&lines, name, n, x->data, y->data + b * n, dots);
    struct meso_line *line = &lines.line[lines.n - 1];
    line->dots = true;
    if (low != NULL && high != NULL && low->dims[0] == y->dims[0] && high->dims[0] == y->dims[0]) {
      line->low = low->data + b * n;
      line->high = high->data + b * n;
    }
    fitted(data, panel, b, room, fit);
    if (isfinite(fit[0])) meso_lines_add(&lines, "", FIT_POINTS, room, fit, curve);
  }
  meso_box box = meso_canvas_cell(canvas, 0, 1, panel, N_PANELS, 14.0);
  box.h -= meso_lines_legend(canvas, box.w, &lines) + 12.0;
  meso_lines_draw(canvas, box, &lines);
}

static meso_status draw(const meso_figure_data *data, meso_canvas *canvas, meso_err *err)
{
  meso_status status = MESO_OK;
  double *room = NULL;
  if (!is_available(data))
    MESO_FAIL(err, MESO_ENOTFOUND, "there is no dependence on distance to draw");
  const meso_attrs *attrs = meso_group_attrs(data, "/field_distance");
  const char *drawn = meso_attrs_text(attrs, "bootstrap");
  MESO_ALLOC(err, room, N_PANELS * (MOST_BANDS + 1) * FIT_POINTS);
  for (size_t panel = 0; panel < N_PANELS; panel++)
    draw_panel(data, canvas, panel, room + panel * (MOST_BANDS + 1) * FIT_POINTS);
  meso_canvas_note(canvas, 8.0, meso_canvas_height(canvas) - 6.0, "bars: %.3g %% of a bootstrap "
                   "over %s \u2003 dashed: a exp(\u2212d/b) + c, with its R\u00b2 at the bands",
                   100.0 * meso_attrs_number(attrs, "confidence", NAN),
                   drawn != NULL ? drawn : "?");
cleanup:
  free(room);
  return status;
}

const meso_figure_ops meso_fig_field_distance = {
  "field_distance", "Coherence (magnitude squared, without its bias) and correlation of channels "
                    "against their distance, mean over pairs, by frequency band.",
  170.0, 106.0, is_available, draw
};
