/* fig_ensemble.c: where spectra and coherence would lie under other assumptions, and which of them
 * matters. */
#include "meso_figure_tools.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { CURVES = 3, BEYOND = 30, ENOUGH = 40 };
static const double f_min_Hz = 1;

static const meso_array *numbers(const meso_figure_data *data, const char *path, size_t n_dims)
{
  const meso_array *a = data->ensemble != NULL ? meso_result_find(data->ensemble, path) : NULL;
  return a != NULL && a->data != NULL && a->n_dims == n_dims ? a : NULL;
}

/* The arrays of one quantity: own, low, high (row, frequency). */
typedef struct quantity { const meso_array *own, *low, *high; } quantity;

static bool find_quantity(const meso_figure_data *data, const char *name, quantity *q)
{
  static const char *const ending[3] = { "", "_low", "_high" };
  const meso_array **to[3] = { &q->own, &q->low, &q->high };
  const meso_array *f = numbers(data, "/ensemble/frequency_Hz", 1);
  for (int i = 0; i < 3; i++) {
    char path[64];
    snprintf(path, sizeof path, "/ensemble/%s%s", name, ending[i]);
    *to[i] = numbers(data, path, 2);
    if (*to[i] == NULL || f == NULL || (*to[i])->dims[1] != f->dims[0] || f->dims[0] < 3
        || (*to[i])->dims[0] != q->own->dims[0] || q->own->dims[0] == 0)
      return false;
  }
  return true;
}

static const meso_array *find_shares(const meso_figure_data *data, const char *name)
{
  const meso_array *factor = data->ensemble != NULL
                             ? meso_result_find(data->ensemble, "/ensemble/factor") : NULL;
  char path[64];
  snprintf(path, sizeof path, "/ensemble/share_%s", name);
  const meso_array *share = numbers(data, path, 1);
  return factor != NULL && factor->text != NULL && share != NULL
         && share->dims[0] == meso_array_count(factor) && share->dims[0] > 1 ? share : NULL;
}

static bool is_available(const meso_figure_data *data)
{
  quantity q;
  return find_quantity(data, "psd", &q) && find_shares(data, "psd") != NULL;
}

/* Depth of a channel as text, or its number. */
static void channel_text(const meso_figure_data *data, size_t channel, char *text, size_t size)
{
  const meso_array *at = numbers(data, "/ensemble/positions", 2);
  if (at != NULL && at->dims[1] == 3 && channel < at->dims[0])
    snprintf(text, size, "%s%.0f", at->data[3 * channel + 2] < 0 ? "\u2212" : "",
             fabs(at->data[3 * channel + 2]));
  else
    snprintf(text, size, "channel %zu", channel);
}

/* "-100 µm", "-100 and -500 µm". */
static void row_text(const meso_figure_data *data, bool is_pair, size_t row, char *text,
                     size_t size)
{
  const meso_array *pairs = numbers(data, "/ensemble/pairs", 2);
  char a[32], b[32];
  if (!is_pair) {
    channel_text(data, row, a, sizeof a);
    snprintf(text, size, "%s \u00b5m", a);
  } else if (pairs != NULL && row < pairs->dims[0] && pairs->dims[1] == 2) {
    channel_text(data, (size_t) pairs->data[2 * row], a, sizeof a);
    channel_text(data, (size_t) pairs->data[2 * row + 1], b, sizeof b);
    snprintf(text, size, "%s, %s \u00b5m", a, b);
  } else {
    snprintf(text, size, "pair %zu", row);
  }
}

/* Pairs of the contact at a quarter of the depth with the next, one in the middle, and the last. */
static size_t pair_row(const meso_figure_data *data, size_t n_rows, size_t i)
{
  const meso_array *pairs = numbers(data, "/ensemble/pairs", 2);
  const size_t n = (size_t) round((1 + sqrt(1 + 8 * (double) n_rows)) / 2); /* channels */
  const size_t first = n / 4, second = i == 0 ? first + 1 : i == 1 ? (first + n) / 2 : n - 1;
  if (pairs == NULL || n * (n - 1) / 2 != n_rows || second <= first || second >= n)
    return i * (n_rows - 1) / (CURVES - 1);
  return first * n - first * (first + 1) / 2 + second - first - 1;
}

/* A tenth of a decade each: curves of single frequencies would hide each other. */
typedef struct bins { size_t n, first[64], last[64]; double middle_Hz[64]; } bins;

static bins find_bins(const meso_array *f)
{
  bins b = { .n = 0 };
  size_t k = 0;
  while (k < f->dims[0] && f->data[k] < 0.9 * f_min_Hz) k++;
  for (; k < f->dims[0] && b.n < 64; b.n++) {
    b.first[b.n] = k;
    while (k < f->dims[0] && f->data[k] <= f->data[b.first[b.n]] * pow(10, 0.1)) k++;
    b.last[b.n] = k - 1;
    b.middle_Hz[b.n] = sqrt(f->data[b.first[b.n]] * f->data[k - 1]);
  }
  return b;
}

/* Medians over the bins of one row. */
static void bin_medians(const meso_array *a, size_t row, const bins *b, double *median)
{
  for (size_t k = 0; k < b->n; k++)
    median[k] = meso_quantile(b->last[k] - b->first[k] + 1,
                              a->data + row * a->dims[1] + b->first[k], 0.5);
}

/* What is drawn of one row. */
typedef struct curve { double own[64], low[64], high[64]; meso_rgb color; } curve;

static void draw_band(meso_canvas *canvas, const meso_axes *axes, const bins *b, const curve *c)
{
  double x[128], y[128];
  size_t n = 0;
  for (size_t i = 0; i < b->n; i++, n++) {
    x[n] = meso_axes_x(axes, b->middle_Hz[i]);
    y[n] = meso_axes_y(axes, fmin(fmax(c->high[i], axes->y_min), axes->y_max));
  }
  for (size_t i = b->n; i-- > 0; n++) {
    x[n] = meso_axes_x(axes, b->middle_Hz[i]);
    y[n] = meso_axes_y(axes, fmin(fmax(c->low[i], axes->y_min), axes->y_max));
  }
  for (size_t i = 0; i < n; i++)
    if (!isfinite(x[i]) || !isfinite(y[i])) return;
  const meso_stroke none = { c->color, 0, false };
  meso_canvas_area(canvas, n, x, y, meso_paler(c->color, 0.8), none);
}

static void draw_lines(meso_canvas *canvas, const meso_axes *axes, const bins *b, const curve *c)
{
  const meso_stroke edge = { meso_paler(c->color, 0.3), 0.5, false };
  meso_axes_line(canvas, axes, b->n, b->middle_Hz, c->low, edge);
  meso_axes_line(canvas, axes, b->n, b->middle_Hz, c->high, edge);
  meso_axes_line(canvas, axes, b->n, b->middle_Hz, c->own, (meso_stroke) { c->color, 1.3, false });
}

static meso_axes make_axes(meso_box box, bool is_pair, const bins *b, const curve *c)
{
  double low = INFINITY, high = 0, own_low = INFINITY, own_high = 0;
  for (size_t i = 0; i < CURVES; i++)
    for (size_t k = 0; k < b->n; k++) {
      if (c[i].low[k] > 0) low = fmin(low, c[i].low[k]);
      if (isfinite(c[i].high[k])) high = fmax(high, c[i].high[k]);
      if (c[i].own[k] > 0) own_low = fmin(own_low, c[i].own[k]);
      if (isfinite(c[i].own[k])) own_high = fmax(own_high, c[i].own[k]);
    }
  /* bands of few redraws may be far wider than what they are about: the lines */
  if (own_high > 0) low = fmax(low, own_low / BEYOND), high = fmin(high, own_high * BEYOND);
  if (!(high > 0) || !(low < high)) low = 0.1, high = 1;
  return (meso_axes) {
    .box = box, .x_min = b->middle_Hz[0], .x_max = b->middle_Hz[b->n - 1],
    .y_min = is_pair ? 0 : fmax(0.7 * low, 1e-8 * high), .y_max = is_pair ? 1 : 1.5 * high,
    .x_log = true, .y_log = !is_pair, .x_label = "frequency (Hz)",
    .y_label = is_pair ? "magnitude-squared coherence" : "PSD (mV\u00b2/Hz)",
    .title = is_pair ? "Coherence" : "Spectra" };
}

static void draw_curves(const meso_figure_data *data, meso_canvas *canvas, meso_box box,
                        bool is_pair, const quantity *q)
{
  const bins b = find_bins(numbers(data, "/ensemble/frequency_Hz", 1));
  curve c[CURVES];
  size_t rows[CURVES];
  if (b.n < 2) return;
  for (size_t i = 0; i < CURVES; i++) {
    rows[i] = is_pair ? pair_row(data, q->own->dims[0], i)
                      : i * (q->own->dims[0] - 1) / (CURVES - 1);
    bin_medians(q->own, rows[i], &b, c[i].own);
    bin_medians(q->low, rows[i], &b, c[i].low);
    bin_medians(q->high, rows[i], &b, c[i].high);
    c[i].color = meso_palette(i);
  }
  const meso_axes axes = make_axes(box, is_pair, &b, c);
  meso_axes_draw(canvas, &axes);
  for (size_t i = 0; i < CURVES; i++) draw_band(canvas, &axes, &b, &c[i]);
  for (size_t i = 0; i < CURVES; i++) {
    char name[96];
    draw_lines(canvas, &axes, &b, &c[i]);
    row_text(data, is_pair, rows[i], name, sizeof name);
    (void) meso_canvas_key(canvas, box.x, box.y + box.h + 38.0 + 9.5 * (double) i,
                           (meso_stroke) { c[i].color, 1.8, false }, "%s", name);
  }
}

/* Bars of the shares: of spectra above, of coherence below, for each assumption. */
static void draw_shares(const meso_figure_data *data, meso_canvas *canvas, meso_box box)
{
  const meso_array *name = meso_result_find(data->ensemble, "/ensemble/factor");
  const meso_array *share[2] = { find_shares(data, "psd"), find_shares(data, "coherence") };
  static const char *const label[2] = { "spectra", "coherence" };
  const size_t n = share[0]->dims[0] - 1; /* all but "all" */
  double high = 1;
  for (int s = 0; s < 2; s++)
    for (size_t i = 0; share[s] != NULL && i < n; i++)
      if (isfinite(share[s]->data[i])) high = fmax(high, share[s]->data[i]);
  const meso_axes axes = { .box = box, .x_max = 1.05 * high, .y_min = -0.5,
                           .y_max = (double) n - 0.5, .no_y_ticks = true,
                           .x_label = "share of the variance",
                           .title = "Each assumption alone" };
  meso_axes_draw(canvas, &axes);
  for (size_t i = 0; i < n; i++) {
    const double y = (double) (n - 1 - i), bar = 0.36 * box.h / (double) n;
    meso_canvas_text(canvas, box.x - 4.0, meso_axes_y(&axes, y),
                     (meso_text_style) { .size_pt = 7, .anchor = MESO_ANCHOR_RIGHT,
                                         .color = meso_black }, "%s", name->text[i]);
    for (int s = 0; s < 2; s++) {
      if (share[s] == NULL || !isfinite(share[s]->data[i])) continue;
      const double top = meso_axes_y(&axes, y) + (s == 0 ? -bar : 0);
      const double length = meso_axes_x(&axes, share[s]->data[i]) - box.x;
      meso_canvas_fill(canvas, (meso_box) { box.x, top, length, bar }, meso_palette(s == 0 ? 4 : 1),
                       1);
      meso_canvas_count(canvas, 1);
    }
  }
  for (int s = 0; s < 2; s++)
    if (share[s] != NULL)
      (void) meso_canvas_key(canvas, box.x, box.y + box.h + 38.0 + 9.5 * s,
                             (meso_stroke) { meso_palette(s == 0 ? 4 : 1), 5, false }, "%s",
                             label[s]);
}

static meso_status draw(const meso_figure_data *data, meso_canvas *canvas, meso_err *err)
{
  meso_status status = MESO_OK;
  const meso_attrs *a = meso_result_find_group(data->ensemble, "/ensemble");
  quantity psd, coherence;
  const bool has_pairs = find_quantity(data, "coherence", &coherence);
  const size_t n = has_pairs ? 3 : 2;
  if (!find_quantity(data, "psd", &psd)) MESO_FAIL(err, MESO_EBUG, "figure without spectra");
  for (size_t i = 0; i < n; i++) {
    meso_box box = meso_canvas_cell(canvas, 0, 1, i, n, 12.0);
    box.h -= 52.0;
    if (i == 0) draw_curves(data, canvas, box, false, &psd);
    else if (i + 1 < n) draw_curves(data, canvas, box, true, &coherence);
    else {
      box.x += 18.0;
      box.w -= 30.0;
      draw_shares(data, canvas, box);
    }
  }
  const double members = a != NULL ? meso_attrs_number(a, "members", NAN) : NAN;
  if (a != NULL && members < ENOUGH)
    meso_canvas_note(canvas, 8.0, meso_canvas_height(canvas) - 15.0, "%g redraws are too few for "
                     "95 %%: bands are hardly more than their range, cut at %g times the lines",
                     members, (double) BEYOND);
  if (a != NULL)
    meso_canvas_note(canvas, 8.0, meso_canvas_height(canvas) - 6.0,
                     "lines: the model; bands: 95 %% of further redraws of all assumptions, "
                     "from %g of them; conductivity \u00b1%g %%, probe \u00b1%g \u00b5m%s",
                     members,
                     100 * meso_attrs_number(a, "sigma_rel_sd", NAN),
                     meso_attrs_number(a, "shift_um", NAN),
                     meso_attrs_number(a, "n_cells", 0) > 0 ? "; a sample of the cells" : "");
cleanup:
  return status;
}

const meso_figure_ops meso_fig_ensemble = {
  "ensemble", "Spectra and coherence of the LFP under other placements, shapes, rotations, "
              "positions, conductivity and places of the probe, and how much each of them "
              "contributes.", 180.0, 92.0, is_available, draw
};
