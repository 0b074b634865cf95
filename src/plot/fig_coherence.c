/* fig_coherence.c: magnitude squared coherence of contacts, by frequency and distance, and as a
 * matrix of contacts for one band. */
#include "meso_figure_tools.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MESO_DISTANCES = 5 };
#define MESO_BAND_LOW_HZ 30.0
#define MESO_BAND_HIGH_HZ 80.0
#define MESO_SHOWN_BELOW_HZ 200.0

/* What is drawn: views into the analysis. */
typedef struct pairs {
  size_t n, n_frequencies, n_channels;
  const double *frequency, *pair, *coherence;
  const double *distance;     /* NULL: the difference of the contacts' numbers is used */
} pairs;

static bool find_pairs(const meso_figure_data *data, pairs *p)
{
  const meso_array *f = meso_find_array(data, "/coherence/frequency_Hz");
  const meso_array *pair = meso_find_array(data, "/coherence/pairs");
  const meso_array *c = meso_find_array(data, "/coherence/magnitude_squared");
  const meso_array *d = meso_find_array(data, "/coherence/distance_um");
  if (f == NULL || pair == NULL || c == NULL || f->data == NULL || pair->data == NULL
      || c->data == NULL || pair->n_dims != 2 || pair->dims[1] != 2 || c->n_dims != 2
      || c->dims[0] != pair->dims[0] || c->dims[1] != meso_array_count(f) || c->dims[1] < 2)
    return false;
  *p = (pairs) { .n = c->dims[0], .n_frequencies = c->dims[1], .frequency = f->data,
                 .pair = pair->data, .coherence = c->data };
  if (d != NULL && d->data != NULL && meso_array_count(d) == p->n) p->distance = d->data;
  for (size_t i = 0; i < 2 * p->n; i++) {
    if (!(p->pair[i] >= 0.0 && p->pair[i] < 4096.0)) return false;
    if ((size_t) p->pair[i] >= p->n_channels) p->n_channels = (size_t) p->pair[i] + 1;
  }
  return true;
}

static bool is_available(const meso_figure_data *data)
{
  pairs p;
  return find_pairs(data, &p);
}

static double distance_of(const pairs *p, size_t i)
{
  return p->distance != NULL ? p->distance[i] : fabs(p->pair[2 * i + 1] - p->pair[2 * i]);
}

/* Up to MESO_DISTANCES different distances, spread over all that occur; ascending. */
static size_t choose_distances(const pairs *p, double chosen[MESO_DISTANCES])
{
  double all[512];
  size_t n = 0;
  for (size_t i = 0; i < p->n; i++) {
    double d = distance_of(p, i);
    size_t at = 0;
    while (at < n && all[at] < d - 0.5) at++;
    if (!isfinite(d) || n == 512 || (at < n && all[at] < d + 0.5)) continue;
    for (size_t k = n++; k > at; k--) all[k] = all[k - 1];
    all[at] = d;
  }
  size_t wanted = n < MESO_DISTANCES ? n : MESO_DISTANCES;
  for (size_t i = 0; i < wanted; i++) chosen[i] = all[wanted > 1 ? i * (n - 1) / (wanted - 1) : 0];
  return wanted;
}

/* Mean over the pairs at one distance; NaN where no pair has a value. */
static size_t mean_at(const pairs *p, double distance, double *mean)
{
  size_t n_pairs = 0;
  for (size_t i = 0; i < p->n; i++) n_pairs += fabs(distance_of(p, i) - distance) < 0.5;
  for (size_t f = 0; f < p->n_frequencies; f++) {
    double sum = 0.0;
    size_t n = 0;
    for (size_t i = 0; i < p->n; i++) {
      double c = p->coherence[i * p->n_frequencies + f];
      if (!(fabs(distance_of(p, i) - distance) < 0.5) || !isfinite(c)) continue;
      sum += c;
      n++;
    }
    mean[f] = n > 0 ? sum / (double) n : NAN;
  }
  return n_pairs;
}

/* What unrelated signals show: on average (bias), and below which 1 - alpha of their estimates lie;
 * and the least coherence that is significant among all pairs and frequencies. */
typedef struct chance { double n_effective, alpha, bias, limit, significant; } chance;

static chance chance_of(const meso_figure_data *data)
{
  const meso_attrs *attrs = meso_group_attrs(data, "/coherence");
  chance c = { meso_attrs_number(attrs, "effective_observations", NAN),
               meso_attrs_number(attrs, "alpha", 0.05),
               meso_attrs_number(attrs, "bias_level", NAN), NAN,
               meso_attrs_number(attrs, "fdr_threshold", NAN) };
  if (c.n_effective > 1.0) c.limit = 1.0 - pow(c.alpha, 1.0 / (c.n_effective - 1.0));
  return c;
}

/* Entry i of a legend of two columns below the box. */
static void draw_key(meso_canvas *canvas, meso_box box, size_t i, meso_stroke stroke,
                     const char *text)
{
  meso_canvas_key(canvas, box.x + 0.64 * box.w * (double) (i % 2),
                  box.y + box.h + 36.0 + 9.5 * (double) (i / 2), stroke, "%s", text);
}

static void draw_chance(meso_canvas *canvas, const meso_axes *axes, chance c, size_t n_keys)
{
  char text[64];
  const meso_stroke bias = { meso_grey, 0.5, true }, limit = { meso_palette(1), 0.9, true };
  const meso_stroke all = { meso_palette(4), 0.9, true };
  if (isfinite(c.bias)) {
    meso_axes_guide(canvas, axes, NAN, c.bias, bias.color);
    snprintf(text, sizeof text, "bias without coherence: %.2g", c.bias);
    draw_key(canvas, axes->box, n_keys++, bias, text);
  }
  if (isfinite(c.limit)) {
    meso_axes_guide(canvas, axes, NAN, c.limit, limit.color);
    snprintf(text, sizeof text, "%g %% limit of one pair: %.2g", 100.0 * (1.0 - c.alpha), c.limit);
    draw_key(canvas, axes->box, n_keys++, limit, text);
  }
  if (c.significant < 1.0) {
    meso_axes_guide(canvas, axes, NAN, c.significant, all.color);
    snprintf(text, sizeof text, "significant among all: %.2g", c.significant);
    draw_key(canvas, axes->box, n_keys, all, text);
  } else if (c.significant >= 1.0) {
    meso_canvas_note(canvas, axes->box.x + 6.0, axes->box.y + 9.0,
                     "bias alone: no value is significant among all");
  }
}

static meso_status draw_curves(const meso_figure_data *data, meso_canvas *canvas, meso_box box,
                               const pairs *p, meso_err *err)
{
  meso_status status = MESO_OK;
  double *mean = NULL, chosen[MESO_DISTANCES], last = p->frequency[p->n_frequencies - 1];
  size_t n = choose_distances(p, chosen), shown = 0;
  meso_axes axes = { .box = box, .x_max = fmin(last, MESO_SHOWN_BELOW_HZ), .y_max = 1.0,
                     .x_label = "frequency (Hz)", .title = "By distance, mean over pairs",
                     .y_label = "magnitude squared coherence (dimensionless)" };
  MESO_ALLOC(err, mean, p->n_frequencies);
  if (!(axes.x_max > 0.0)) axes.x_max = 1.0;
  while (shown < p->n_frequencies && p->frequency[shown] <= axes.x_max) shown++;
  meso_axes_shade(canvas, &axes, MESO_BAND_LOW_HZ, MESO_BAND_HIGH_HZ, meso_light_grey, 0.5);
  meso_axes_draw(canvas, &axes);
  for (size_t i = 0; i < n; i++) {
    char text[64];
    meso_stroke stroke = { meso_palette_ordered(i, n), 1.1, false };
    size_t n_pairs = mean_at(p, chosen[i], mean);
    snprintf(text, sizeof text, "%.0f %s (n = %zu pair%s)", chosen[i],
             p->distance != NULL ? "\u00b5m" : "contacts apart", n_pairs, n_pairs == 1 ? "" : "s");
    meso_axes_line(canvas, &axes, shown, p->frequency, mean, stroke);
    draw_key(canvas, box, i, stroke, text);
  }
  draw_chance(canvas, &axes, chance_of(data), n);
cleanup:
  free(mean);
  return status;
}

/* Where the contacts stand: depths of the first and last row, top to bottom, if they are evenly
 * spaced. */
typedef struct ladder { bool is_even, is_upwards; double top_um, step_um; } ladder;

static ladder find_ladder(const meso_figure_data *data, size_t n_channels)
{
  const meso_signal *lfp = meso_find_signal(data->lfp, "lfp");
  if (lfp == NULL || lfp->position_um == NULL || lfp->n_channels != n_channels || n_channels < 2)
    return (ladder) { .is_even = false };
  const double first = meso_channel_z(lfp, 0), last = meso_channel_z(lfp, n_channels - 1);
  const double step = (last - first) / (double) (n_channels - 1);
  bool is_even = fabs(step) > 0.0;
  for (size_t c = 0; c < n_channels; c++)
    if (!(fabs(meso_channel_z(lfp, c) - first - step * (double) c) <= 0.01 * fabs(step)))
      is_even = false;
  return (ladder) { is_even, is_even && step > 0.0, fmax(first, last), fabs(step) };
}

/* Mean coherence between low and high, contact by contact; NaN where a pair is missing. The
 * uppermost contact comes first. */
static void fill_matrix(const pairs *p, bool is_upwards, double low, double high, double *matrix)
{
  size_t m = p->n_channels;
  for (size_t i = 0; i < m * m; i++) matrix[i] = i % (m + 1) == 0 ? 1.0 : NAN;
  for (size_t i = 0; i < p->n; i++) {
    size_t a = (size_t) p->pair[2 * i], b = (size_t) p->pair[2 * i + 1], n = 0;
    double sum = 0.0;
    for (size_t f = 0; f < p->n_frequencies; f++) {
      double c = p->coherence[i * p->n_frequencies + f];
      if (!(p->frequency[f] >= low && p->frequency[f] <= high) || !isfinite(c)) continue;
      sum += c;
      n++;
    }
    if (is_upwards) {
      a = m - 1 - a;
      b = m - 1 - b;
    }
    matrix[a * m + b] = matrix[b * m + a] = n > 0 ? sum / (double) n : NAN;
  }
}

static meso_status draw_matrix(const meso_figure_data *data, meso_canvas *canvas, meso_box box,
                               const pairs *p, meso_err *err)
{
  meso_status status = MESO_OK;
  double *matrix = NULL, last = p->frequency[p->n_frequencies - 1];
  double low = MESO_BAND_LOW_HZ < last ? MESO_BAND_LOW_HZ : 0.0, high = MESO_BAND_HIGH_HZ;
  size_t m = p->n_channels;
  char title[96];
  MESO_ALLOC(err, matrix, m * m);
  const ladder at = find_ladder(data, m);
  fill_matrix(p, at.is_upwards, low, high, matrix);
  snprintf(title, sizeof title, "Contacts (n = %zu), %.0f\u2013%.0f Hz", m, low, fmin(high, last));
  meso_axes axes = { .box = box, .x_min = -0.5, .x_max = (double) m - 0.5,
                     .y_min = (double) m - 0.5, .y_max = -0.5, .title = title,
                     .x_label = "contact (number)", .y_label = "contact (number)",
                     .x_whole = true, .y_whole = true };
  if (at.is_even) {
    axes.x_min = axes.y_max = at.top_um + 0.5 * at.step_um;
    axes.x_max = axes.y_min = at.top_um - ((double) m - 0.5) * at.step_um;
    axes.x_label = axes.y_label = "depth z (\u00b5m)";
    axes.x_whole = axes.y_whole = false;
  }
  MESO_TRY(meso_axes_image(canvas, &axes, m, m, matrix, MESO_MAP_SEQUENTIAL, 0.0, 1.0, false, err));
  meso_axes_draw(canvas, &axes);
  meso_canvas_colorbar(canvas, box, MESO_MAP_SEQUENTIAL, 0.0, 1.0,
                       "magnitude squared (dimensionless)");
cleanup:
  free(matrix);
  return status;
}

static meso_status draw(const meso_figure_data *data, meso_canvas *canvas, meso_err *err)
{
  meso_status status = MESO_OK;
  pairs p;
  double width = meso_canvas_width(canvas), height = meso_canvas_height(canvas);
  if (!find_pairs(data, &p)) MESO_FAIL(err, MESO_ENOTFOUND, "there is no coherence to draw");
  double side = fmin(height - 108.0, 0.5 * width - 96.0);
  meso_box left = { 44.0, 24.0, width - 44.0 - side - 52.0 - 54.0, height - 108.0 };
  meso_box right = { width - side - 54.0, 24.0, side, side };
  MESO_TRY(draw_curves(data, canvas, left, &p, err));
  MESO_TRY(draw_matrix(data, canvas, right, &p, err));
  const meso_attrs *attrs = meso_group_attrs(data, "/coherence");
  double n_effective = meso_attrs_number(attrs, "effective_observations", NAN);
  char estimator[256], effective[64] = "";
  meso_estimator_text(attrs, estimator, sizeof estimator);
  if (isfinite(n_effective))
    snprintf(effective, sizeof effective, ", worth %.0f independent ones", n_effective);
  meso_canvas_note(canvas, 8.0, height - 6.0, "%s%s", estimator, effective);
cleanup:
  return status;
}

const meso_figure_ops meso_fig_coherence = {
  "coherence", "Magnitude squared coherence of the LFP between contacts: by distance, and for the "
               "shaded band as a matrix; dashed: the mean of unrelated signals, and the value that "
               "5 % of single unrelated pairs exceed.",
  170.0, 106.0, is_available, draw
};
