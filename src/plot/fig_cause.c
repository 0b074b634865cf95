/* fig_cause.c: what makes the LFP coherent: its spectrum and its coherence beside what the same
 * spike trains would give without correlations, by frequency and by distance. */
#include "meso_figure_tools.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BINS = 64, DISTANCES = 3, BANDS = 2, TOP = 24, BELOW = 90 };

/* Views into the analysis. */
typedef struct split {
  size_t n_channels, n_pairs, n_frequencies, n_bands, n_distances;
  const double *frequency, *edge, *distance, *pair_um;
} split;

/** Numbers of "/cause/<name>" with these dimensions (the second 0: a vector), or NULL. */
static const double *numbers(const meso_figure_data *data, const char *name, size_t rows,
                             size_t columns)
{
  const meso_array *a = meso_find_array(data, "/cause/%s", name);
  const bool fits = a != NULL && a->data != NULL && a->n_dims == (columns > 0 ? 2 : 1)
    && a->dims[0] == rows && (columns == 0 || a->dims[1] == columns);
  return fits ? a->data : NULL;
}

static size_t length(const meso_figure_data *data, const char *name)
{
  const meso_array *a = meso_find_array(data, "/cause/%s", name);
  return a != NULL ? a->dims[0] : 0;
}

static bool find_split(const meso_figure_data *data, split *s)
{
  *s = (split) {.n_channels = length(data, "positions"), .n_pairs = length(data, "distance_um"),
                .n_frequencies = length(data, "frequency_Hz"),
                .n_bands = length(data, "band_edges_Hz"),
                .n_distances = length(data, "distances_um")};
  if (s->n_channels < 2 || s->n_frequencies < 3 || s->n_bands < 2 || s->n_distances == 0)
    return false;
  s->n_bands--;
  s->frequency = numbers(data, "frequency_Hz", s->n_frequencies, 0);
  s->edge = numbers(data, "band_edges_Hz", s->n_bands + 1, 0);
  s->distance = numbers(data, "distances_um", s->n_distances, 0);
  s->pair_um = numbers(data, "distance_um", s->n_pairs, 0);
  static const char *const table[] = {"total", "independent", "without_across"};
  bool complete = s->frequency != NULL && s->edge != NULL && s->distance != NULL
    && s->pair_um != NULL;
  for (size_t k = 0; k < 3 && complete; k++) {
    char power[64], coherence[64], at[64];
    (void) snprintf(power, sizeof power, "%s/power", table[k]);
    (void) snprintf(coherence, sizeof coherence, "%s/coherence", table[k]);
    (void) snprintf(at, sizeof at, "%s/distance_coherence", table[k]);
    complete = numbers(data, power, s->n_channels, s->n_frequencies) != NULL
      && numbers(data, coherence, s->n_pairs, s->n_frequencies) != NULL
      && numbers(data, at, s->n_distances, s->n_bands) != NULL;
  }
  return complete;
}

static bool is_available(const meso_figure_data *data)
{
  split s;
  return find_split(data, &s);
}

/* ---- frequencies, a tenth of a decade each ------------------------------------------------ */

typedef struct bins { size_t n, first[BINS], last[BINS]; double middle_Hz[BINS]; } bins;

static bins find_bins(const split *s)
{
  bins b = {.n = 0};
  for (size_t k = 1; k < s->n_frequencies && b.n < BINS && s->frequency[k] < s->edge[s->n_bands];
       b.n++) {
    b.first[b.n] = k;
    const double end = fmin(s->frequency[k] * pow(10, 0.1), s->edge[s->n_bands]);
    while (k < s->n_frequencies && s->frequency[k] <= end) k++;
    b.last[b.n] = k;
    b.middle_Hz[b.n] = sqrt(s->frequency[b.first[b.n]] * s->frequency[k - 1]);
  }
  return b;
}

/** Means over the bins, and over the rows of an array that are wanted (NULL: all). */
static void bin_means(const split *s, const bins *b, const double *array, size_t n_rows,
                      const bool *wanted, double *mean)
{
  for (size_t k = 0; k < b->n; k++) {
    double sum = 0, n = 0;
    for (size_t r = 0; r < n_rows; r++)
      for (size_t f = b->first[k]; f < b->last[k] && (wanted == NULL || wanted[r]); f++, n++)
        sum += array[r * s->n_frequencies + f];
    mean[k] = sum / n;
  }
}

/* ---- panels ------------------------------------------------------------------------------- */

static void key(meso_canvas *canvas, meso_box box, size_t i, meso_stroke stroke, const char *text)
{
  meso_canvas_key(canvas, box.x - 8.0, box.y + box.h + 37.0 + 9.5 * (double) i, stroke, "%s", text);
}

static void draw_power(const meso_figure_data *data, meso_canvas *canvas, meso_box box,
                       const split *s, const bins *b)
{
  static const struct { const char *name, *text; size_t color; bool dashed; } row[] = {
    {"total/power", "LFP", 0, false},
    {"without_across/power", "no correlation across populations", 2, false},
    {"independent/power", "no correlation at all", 4, false},
    {"poisson/power", "Poisson trains", 4, true}};
  double mean[4][BINS], low = INFINITY, high = 0;
  const double *array[4];
  for (size_t i = 0; i < 4; i++) {
    array[i] = numbers(data, row[i].name, s->n_channels, s->n_frequencies);
    if (array[i] == NULL) continue;
    bin_means(s, b, array[i], s->n_channels, NULL, mean[i]);
    for (size_t k = 0; k < b->n; k++) {
      if (mean[i][k] > 0) low = fmin(low, mean[i][k]);
      if (isfinite(mean[i][k])) high = fmax(high, mean[i][k]);
    }
  }
  const meso_axes axes = {.box = box, .x_min = fmax(s->edge[0], 0.5 * s->frequency[1]),
                          .x_max = s->edge[s->n_bands], .y_min = fmax(0.5 * low, 1e-30),
                          .y_max = fmax(2 * high, 1e-29), .x_log = true, .y_log = true,
                          .x_label = "frequency (Hz)", .y_label = "power (mV\u00b2/Hz)",
                          .title = "Power, mean of contacts"};
  meso_axes_draw(canvas, &axes);
  for (size_t i = 0; i < 4; i++) {
    const meso_stroke stroke = {meso_palette(row[i].color), 1.3, row[i].dashed};
    if (array[i] == NULL) continue;
    meso_axes_line(canvas, &axes, b->n, b->middle_Hz, mean[i], stroke);
    key(canvas, box, i, stroke, row[i].text);
  }
}

static meso_status draw_coherence(const meso_figure_data *data, meso_canvas *canvas, meso_box box,
                                  const split *s, const bins *b, meso_err *err)
{
  meso_status status = MESO_OK;
  const double *total = numbers(data, "total/coherence", s->n_pairs, s->n_frequencies);
  const double *alone = numbers(data, "independent/coherence", s->n_pairs, s->n_frequencies);
  const size_t n = s->n_distances < DISTANCES ? s->n_distances : DISTANCES;
  const double bias = meso_attrs_number(meso_group_attrs(data, "/cause"), "bias_level", NAN);
  bool *wanted = NULL;
  char text[64];
  const meso_axes axes = {.box = box, .x_min = fmax(s->edge[0], 0.5 * s->frequency[1]),
                          .x_max = s->edge[s->n_bands], .y_max = 1.0, .x_log = true,
                          .x_label = "frequency (Hz)",
                          .y_label = "magnitude squared (dimensionless)",
                          .title = "Coherence by frequency"};
  MESO_ALLOC(err, wanted, s->n_pairs);
  meso_axes_draw(canvas, &axes);
  meso_axes_guide(canvas, &axes, NAN, bias, meso_grey);
  for (size_t i = 0; i < n; i++) {
    const size_t d = i * s->n_distances / DISTANCES;
    const meso_stroke solid = {meso_palette_ordered(i, n), 1.3, false};
    const meso_stroke dashed = {solid.color, 1.3, true};
    double mean[BINS];
    for (size_t p = 0; p < s->n_pairs; p++) {
      size_t nearest = 0;
      for (size_t k = 1; k < s->n_distances; k++)
        if (fabs(s->pair_um[p] - s->distance[k]) < fabs(s->pair_um[p] - s->distance[nearest]))
          nearest = k;
      wanted[p] = nearest == d;
    }
    bin_means(s, b, total, s->n_pairs, wanted, mean);
    meso_axes_line(canvas, &axes, b->n, b->middle_Hz, mean, solid);
    bin_means(s, b, alone, s->n_pairs, wanted, mean);
    meso_axes_line(canvas, &axes, b->n, b->middle_Hz, mean, dashed);
    (void) snprintf(text, sizeof text, "%.0f \u00b5m apart", s->distance[d]);
    key(canvas, box, i, solid, text);
  }
  key(canvas, box, n, (meso_stroke) {meso_black, 1.3, true}, "no correlation at all");
  (void) snprintf(text, sizeof text, "bias of the estimate: %.2g", bias);
  if (isfinite(bias)) key(canvas, box, n + 1, (meso_stroke) {meso_grey, 0.5, true}, text);
cleanup:
  free(wanted);
  return status;
}

/** One band's column of (distance, band). */
static void column(const split *s, const double *array, size_t band, double *out)
{
  for (size_t d = 0; d < s->n_distances; d++) out[d] = array[d * s->n_bands + band];
}

static meso_status draw_distance(const meso_figure_data *data, meso_canvas *canvas, meso_box box,
                                 const split *s, meso_err *err)
{
  meso_status status = MESO_OK;
  const double *total = numbers(data, "total/distance_coherence", s->n_distances, s->n_bands);
  const double *alone = numbers(data, "independent/distance_coherence", s->n_distances,
                                s->n_bands);
  const double *low = numbers(data, "null/independent/distance_coherence/low", s->n_distances,
                              s->n_bands);
  const double *high = numbers(data, "null/independent/distance_coherence/high", s->n_distances,
                               s->n_bands);
  const double farthest = s->distance[s->n_distances - 1];
  const size_t band[BANDS] = {s->n_bands > 1 ? 1 : 0, s->n_bands > 3 ? s->n_bands - 2
                                                                     : s->n_bands - 1};
  double *x = NULL, *y = NULL;
  const meso_axes axes = {.box = box, .x_max = 1.05 * fmax(farthest, 1.0), .y_max = 1.0,
                          .x_label = "distance (\u00b5m)",
                          .y_label = "magnitude squared (dimensionless)",
                          .title = "Coherence by distance"};
  MESO_ALLOC(err, x, 2 * s->n_distances);
  MESO_ALLOC(err, y, 2 * s->n_distances);
  meso_axes_draw(canvas, &axes);
  for (size_t i = 0; i < BANDS && (i == 0 || band[1] != band[0]); i++) {
    const meso_stroke solid = {meso_palette(i == 0 ? 4 : 5), 1.3, false};
    const meso_stroke dashed = {solid.color, 1.3, true};
    const size_t n = s->n_distances, b = band[i];
    char text[64];
    for (size_t d = 0; d < n && low != NULL && high != NULL; d++) {
      x[d] = meso_axes_x(&axes, s->distance[d]);
      x[2 * n - 1 - d] = x[d];
      y[d] = meso_axes_y(&axes, low[d * s->n_bands + b]);
      y[2 * n - 1 - d] = meso_axes_y(&axes, high[d * s->n_bands + b]);
    }
    if (low != NULL && high != NULL && isfinite(low[b]))
      meso_canvas_area(canvas, 2 * n, x, y, meso_paler(solid.color, 0.75),
                       (meso_stroke) {solid.color, 0, false});
    column(s, alone, b, y);
    meso_axes_line(canvas, &axes, n, s->distance, y, dashed);
    column(s, total, b, y);
    meso_axes_line(canvas, &axes, n, s->distance, y, solid);
    meso_axes_dots(canvas, &axes, n, s->distance, y, solid.color, 2.5);
    (void) snprintf(text, sizeof text, "%g\u2013%g Hz: LFP", s->edge[b], s->edge[b + 1]);
    key(canvas, box, 2 * i, solid, text);
    key(canvas, box, 2 * i + 1, dashed, "no correlation at all");
  }
  if (low != NULL && isfinite(low[band[0]]))
    key(canvas, box, 2 * BANDS, (meso_stroke) {meso_light_grey, 6.0, false},
        "estimates of such trains");
cleanup:
  free(x);
  free(y);
  return status;
}

static meso_status draw(const meso_figure_data *data, meso_canvas *canvas, meso_err *err)
{
  meso_status status = MESO_OK;
  const double width = meso_canvas_width(canvas), height = meso_canvas_height(canvas);
  const double panel = (width - 3 * 46.0 - 10.0) / 3;
  meso_box box[3];
  char estimator[256];
  split s;
  if (!find_split(data, &s)) MESO_FAIL(err, MESO_ENOTFOUND, "there is no /cause to draw");
  const bins b = find_bins(&s);
  for (size_t i = 0; i < 3; i++)
    box[i] = (meso_box) {44.0 + (double) i * (panel + 46.0), TOP, panel, height - TOP - BELOW - 12};
  draw_power(data, canvas, box[0], &s, &b);
  MESO_TRY(draw_coherence(data, canvas, box[1], &s, &b, err));
  MESO_TRY(draw_distance(data, canvas, box[2], &s, err));
  meso_estimator_text(meso_group_attrs(data, "/cause"), estimator, sizeof estimator);
  meso_canvas_note(canvas, 8.0, height - 6.0, "%s", estimator);
cleanup:
  return status;
}

const meso_figure_ops meso_fig_cause = {
  "cause", "What makes the LFP coherent: its power and coherence, and what the same spike trains "
           "would give without correlations; contacts share the fields of single neurons, and "
           "correlations amplify or suppress what the neurons make together.",
  170.0, 103.0, is_available, draw
};
