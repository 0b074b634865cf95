/* an_field_distance.c: coherence and correlation of channels against their distance, band by band.
 *
 * From the cross-spectra of meso_spectral.h, for every pair of channels and band:
 *   coherence     mean over the band's frequencies of the debiased magnitude SQUARED coherence,
 *                 (L C - 1) / (L - 1), which is 0 on average for unrelated channels at any L
 *   correlation   sum Re S_ij / sqrt(sum S_ii sum S_jj), Pearson's, of the signals filtered to the
 *                 band; and of the signals as they are, in the row after the last band
 * Means over the pairs in classes of distance, and a exp(-d / b) + c fitted to them, each class at
 * its pairs' mean distance and with their number as weight; fit_r_squared is the share of the
 * weighted variance over classes that the fit explains.
 * Intervals are percentiles of a bootstrap, with everything done again in each sample: how much
 * would differ with other channels in the same tissue (not at another time). Pairs share channels,
 * so by default channels are drawn with replacement, a pair counting as often as both of its
 * channels were drawn together (Snijders & Borgatti 1999, Connections 22:161); drawing pairs gives
 * intervals that are too narrow, and is there for comparison with what others publish.
 * Classes without pairs, and coherence of one observation, are NaN.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "meso_analysis.h"
#include "meso_cross.h"
#include "meso_fit.h"
#include "meso_order.h"
#include "meso_rng.h"

static const meso_formula formulas[] = {
  {"coherence", "mean over a band and a class of distance of (L C - 1) / (L - 1), C the magnitude "
   "squared coherence, L = effective_observations",
   "Srinath & Ray 2014, J. Neurophysiol. 112:741, doi 10.1152/jn.00851.2013 (coherence "
   "against distance); " MESO_SPECTRAL_SOURCE},
  {"correlation",
   "sum Re S_ij / sqrt(sum S_ii sum S_jj) over a band; last row: of the signals as they are",
   "Destexhe, Contreras & Steriade 1999, J. Neurosci. 19:4595, doi "
   "10.1523/JNEUROSCI.19-11-04595.1999 (correlation against distance)"},
  {"coherence_fit_b_um", "b of a exp(-d / b) + c by least squares, weighted by pairs",
   "Smith & Kohn 2008, J. Neurosci. 28:12591, doi 10.1523/JNEUROSCI.2929-08.2008 (decay "
   "with distance)"},
  {"coherence_low", "percentile of a bootstrap over channels",
   "Snijders & Borgatti 1999, Connections 22:161"},
  {NULL, NULL, NULL}
};

static const meso_array_axes axes[] = {
  {"coherence,coherence_low,coherence_high", "band_edges_Hz,distance_um"},
  {"correlation,correlation_low,correlation_high", "-,distance_um"},
  {"coherence_fit_a,coherence_fit_b_um,coherence_fit_c,coherence_fit_r_squared", "band_edges_Hz"},
  {"n_pairs", "distance_um"},
  {NULL, NULL}
};

enum bootstrap { BY_CHANNELS, BY_PAIRS };
enum { MOST_CLASSES = 4096, N_FIT = 4 };
enum measure { COHERENCE, CORRELATION, N_MEASURES };
enum side { ESTIMATE, LOW, HIGH, N_SIDES };

typedef struct distance_params {
  meso_spectral_params spectral;
  char *signal;
  meso_doubles bands_Hz;
  double distance_bin_um, confidence;
  int bootstrap;
  int64_t resamples, seed;
} distance_params;

static const meso_param distance_rows[] = {
  MESO_SPECTRAL_ROWS(distance_params, spectral),
  {.key = "signal", .type = MESO_PARAM_STRING, .unit = "", .default_text = "",
   .offset = offsetof(distance_params, signal), .help = "name; empty: lfp, else the first one"},
  {.key = "bands_Hz", .type = MESO_PARAM_DOUBLES, .unit = "Hz", .min = 0, .max = 1e9,
   .default_text = "1,4,8,13,30,80,150", .offset = offsetof(distance_params, bands_Hz),
   .help = "edges of the bands, ascending"},
  {.key = "distance_bin_um", .type = MESO_PARAM_DOUBLE, .unit = "um", .min = 0, .max = 1e9,
   .min_open = true, .default_text = "100", .offset = offsetof(distance_params, distance_bin_um),
   .help = "width of the classes of distance"},
  {.key = "bootstrap", .type = MESO_PARAM_CHOICE, .unit = "", .choices = "channels|pairs",
   .default_text = "channels", .offset = offsetof(distance_params, bootstrap),
   .help = "what is drawn with replacement"},
  {.key = "resamples", .type = MESO_PARAM_INT, .unit = "1", .min = 0, .max = 1e6,
   .default_text = "500", .offset = offsetof(distance_params, resamples),
   .help = "samples of the bootstrap; 0: no intervals"},
  {.key = "confidence", .type = MESO_PARAM_DOUBLE, .unit = "1", .min = 0.5, .max = 0.9999,
   .default_text = "0.95", .offset = offsetof(distance_params, confidence),
   .help = "of the intervals"},
  {.key = "seed", .type = MESO_PARAM_INT, .unit = "1", .min = 1, .max = 7e16, .default_text = "1",
   .offset = offsetof(distance_params, seed), .help = "of the bootstrap"},
  {.key = NULL}
};

/* One curve: class means and what was fitted to them, in this order. */
typedef struct distances {
  const distance_params *p;
  const meso_spectral_plan *plan;
  const meso_signal *signal;
  size_t n_channels, n_pairs, n_bands, n_rows, n_classes, n_curves, width;
  double L;
  int n_threads;
  bool coherent;         /* more than one observation */
  size_t *in_band;       /* (frequency): band, or n_bands */
  double *n_frequencies; /* (band) */
  double *power;         /* (channel, row) */
  double *value[N_MEASURES]; /* (pair, row) */
  double *distance_um;   /* (pair) */
  size_t *class_of;      /* (pair) */
  uint32_t *end;         /* (pair, 2): its channels */
  double *centre_um, *n_in_class; /* (class) */
} distances;

/* ---- pairs ---------------------------------------------------------------------------------- */

static void take_power(const distances *d, const meso_cross_block *b, size_t channel)
{
  double *power = d->power + channel * d->n_rows;
  for (size_t f = 0; f < b->n; f++) {
    const double p = meso_cross_power(b, channel, f) *
                     meso_spectral_density_factor(d->plan, b->first + f);
    const size_t band = d->in_band[b->first + f];
    if (band < d->n_bands) power[band] += p;
    power[d->n_bands] += p;
  }
}

static void take_pair(const distances *d, const meso_cross_block *b, size_t pair)
{
  const size_t i = d->end[2 * pair], j = d->end[2 * pair + 1];
  double *coherence = d->value[COHERENCE] + pair * d->n_rows;
  double *correlation = d->value[CORRELATION] + pair * d->n_rows;
  for (size_t f = 0; f < b->n; f++) {
    const double re = meso_cross_at(b, b->product, CROSS_N_PRODUCT, pair, CROSS_RE, f);
    const double im = meso_cross_at(b, b->product, CROSS_N_PRODUCT, pair, CROSS_IM, f);
    const double c = (re * re + im * im) / (meso_cross_power(b, i, f) * meso_cross_power(b, j, f));
    const double share = re * meso_spectral_density_factor(d->plan, b->first + f);
    const size_t band = d->in_band[b->first + f];
    correlation[d->n_bands] += share;
    if (band == d->n_bands) continue;
    coherence[band] += (d->L * c - 1) / (d->L - 1) / d->n_frequencies[band];
    correlation[band] += share;
  }
}

static meso_status take(void *user, const meso_cross_block *b, meso_err *err)
{
  const distances *d = user;
  (void) err;
  for (size_t c = 0; c < d->n_channels; c++) take_power(d, b, c);
#pragma omp parallel for schedule(static) num_threads(d->n_threads)
  for (size_t pair = 0; pair < d->n_pairs; pair++) take_pair(d, b, pair);
  return MESO_OK;
}

static void finish_pairs(const distances *d)
{
  for (size_t pair = 0; pair < d->n_pairs; pair++)
    for (size_t row = 0; row < d->n_rows; row++) {
      const size_t i = d->end[2 * pair], j = d->end[2 * pair + 1];
      double *coherence = &d->value[COHERENCE][pair * d->n_rows + row];
      double *correlation = &d->value[CORRELATION][pair * d->n_rows + row];
      if (row < d->n_bands ? !d->coherent || d->n_frequencies[row] == 0 : true) *coherence = NAN;
      *correlation /= sqrt(d->power[i * d->n_rows + row]) * sqrt(d->power[j * d->n_rows + row]);
    }
}

/* ---- classes of distance -------------------------------------------------------------------- */

static meso_status find_classes(distances *d, meso_err *err)
{
  meso_status status = MESO_OK;
  const double *x = d->signal->position_um;
  double largest = 0;
  size_t pair = 0;
  MESO_ALLOC(err, d->end, 2 * d->n_pairs);
  MESO_ALLOC(err, d->distance_um, d->n_pairs);
  MESO_ALLOC(err, d->class_of, d->n_pairs);
  for (size_t i = 0; i < d->n_channels; i++)
    for (size_t j = i + 1; j < d->n_channels; j++, pair++) {
      const double *a = x + 3 * i, *b = x + 3 * j;
      d->end[2 * pair] = (uint32_t) i;
      d->end[2 * pair + 1] = (uint32_t) j;
      d->distance_um[pair] = hypot(hypot(a[0] - b[0], a[1] - b[1]), a[2] - b[2]);
      largest = fmax(largest, d->distance_um[pair]);
    }
  const double n = floor(largest / d->p->distance_bin_um) + 1;
  if (!(n <= MOST_CLASSES))
    MESO_FAIL(err, MESO_ERANGE, "distance_bin_um %g um: channels lie up to %g um apart, and there "
              "are at most %d classes", d->p->distance_bin_um, largest, (int) MOST_CLASSES);
  d->n_classes = (size_t) n;
  MESO_ALLOC(err, d->centre_um, d->n_classes);
  MESO_ALLOC(err, d->n_in_class, d->n_classes);
  for (pair = 0; pair < d->n_pairs; pair++) {
    const size_t k = (size_t) (d->distance_um[pair] / d->p->distance_bin_um);
    d->class_of[pair] = k;
    d->centre_um[k] += d->distance_um[pair];
    d->n_in_class[k]++;
  }
  for (size_t k = 0; k < d->n_classes; k++)
    d->centre_um[k] = d->n_in_class[k] > 0 ? d->centre_um[k] / d->n_in_class[k] : NAN;
cleanup:
  return status;
}

/* Room of one sample: sums of weights and values of every class, and what was drawn. */
typedef struct sums { double *weight, *value, *times; } sums;

static bool sums_make(const distances *d, sums *s)
{
  s->weight = meso_calloc(d->n_classes * d->n_curves, sizeof *s->weight);
  s->value = meso_calloc(d->n_classes * d->n_curves, sizeof *s->value);
  s->times = meso_calloc(d->n_channels > d->n_pairs ? d->n_channels : d->n_pairs,
                         sizeof *s->times);
  return s->weight != NULL && s->value != NULL && s->times != NULL;
}

static void sums_clear(sums *s)
{
  free(s->weight);
  free(s->value);
  free(s->times);
}

/* Means of all curves and their fits into out (curve, width). times: how often a channel or a pair
 * was drawn; NULL: each once. */
static void summarise(const distances *d, const double *times, sums *s, double *out)
{
  memset(s->weight, 0, d->n_classes * d->n_curves * sizeof *s->weight);
  memset(s->value, 0, d->n_classes * d->n_curves * sizeof *s->value);
  for (size_t pair = 0; pair < d->n_pairs; pair++) {
    const size_t k = d->class_of[pair];
    const double w = times == NULL ? 1 : d->p->bootstrap == BY_PAIRS ? times[pair]
                   : times[d->end[2 * pair]] * times[d->end[2 * pair + 1]];
    if (w == 0) continue;
    for (size_t c = 0; c < d->n_curves; c++) {
      const double v = d->value[c / d->n_rows][pair * d->n_rows + c % d->n_rows];
      if (!isfinite(v)) continue;
      s->weight[c * d->n_classes + k] += w;
      s->value[c * d->n_classes + k] += w * v;
    }
  }
  for (size_t c = 0; c < d->n_curves; c++) {
    double *mean = out + c * d->width, *weight = s->weight + c * d->n_classes;
    for (size_t k = 0; k < d->n_classes; k++)
      mean[k] = weight[k] > 0 ? s->value[c * d->n_classes + k] / weight[k] : NAN;
    const meso_exponential fit = meso_fit_exponential(d->n_classes, d->centre_um, mean, weight);
    memcpy(mean + d->n_classes, (double[N_FIT]) {fit.a, fit.b, fit.c, fit.r_squared},
           N_FIT * sizeof *mean);
  }
}

/* ---- bootstrap ------------------------------------------------------------------------------ */

static void draw(const distances *d, uint32_t sample, double *times)
{
  const bool pairs = d->p->bootstrap == BY_PAIRS;
  const size_t n = pairs ? d->n_pairs : d->n_channels;
  const meso_rng_key key = meso_rng_key_make(d->p->seed, MESO_RNG_RESAMPLING);
  memset(times, 0, n * sizeof *times);
  for (size_t k = 0; k < n; k++) {
    uint32_t w[4];
    meso_rng_block(key, (uint32_t[4]) {(uint32_t) k, sample, 0, 1}, w);
    times[(size_t) (meso_rng_uniform(w[0], w[1]) * (double) n)]++;
  }
}

/* samples: (resamples, curve, width). */
static meso_status resample(const distances *d, double *samples, meso_err *err)
{
  meso_status status = MESO_OK;
  bool short_of_memory = false;
#pragma omp parallel num_threads(d->n_threads)
  {
    sums s = {NULL, NULL, NULL};
    const bool fine = sums_make(d, &s);
#pragma omp for schedule(dynamic, 4)
    for (int64_t r = 0; r < d->p->resamples; r++)
      if (fine) {
        draw(d, (uint32_t) r, s.times);
        summarise(d, s.times, &s, samples + (size_t) r * d->n_curves * d->width);
      }
    if (!fine) {
#pragma omp atomic write
      short_of_memory = true;
    }
    sums_clear(&s);
  }
  if (short_of_memory) MESO_FAIL(err, MESO_ENOMEM, "cannot allocate classes of distance");
cleanup:
  return status;
}

/* Estimates, and their limits from the samples: out (side, curve, width). */
static meso_status estimate(const distances *d, double *out, meso_err *err)
{
  meso_status status = MESO_OK;
  const size_t n = d->n_curves * d->width, R = (size_t) d->p->resamples;
  double *samples = NULL, *column = NULL;
  sums s = {NULL, NULL, NULL};
  MESO_ALLOC(err, samples, R * n);
  MESO_ALLOC(err, column, R);
  if (!sums_make(d, &s)) MESO_FAIL(err, MESO_ENOMEM, "cannot allocate classes of distance");
  summarise(d, NULL, &s, out);
  MESO_TRY(resample(d, samples, err));
  for (size_t i = 0; i < n; i++) {
    size_t used = 0;
    for (size_t r = 0; r < R; r++)
      if (isfinite(samples[r * n + i])) column[used++] = samples[r * n + i];
    meso_order_sort(used, column);
    out[LOW * n + i] = meso_order_quantile(used, column, 0.5 - 0.5 * d->p->confidence);
    out[HIGH * n + i] = meso_order_quantile(used, column, 0.5 + 0.5 * d->p->confidence);
  }
cleanup:
  sums_clear(&s);
  free(samples);
  free(column);
  return status;
}

/* ---- result --------------------------------------------------------------------------------- */

/* Curves of one measure, one column of what was fitted to them. */
static meso_status write_measure(const distances *d, int m, const double *out,
                                 meso_result *result, meso_err *err)
{
  static const char *const name[N_MEASURES] = {"coherence", "correlation"};
  static const char *const ending[N_SIDES] = {"", "_low", "_high"};
  static const struct { const char *name, *units; } fit[N_FIT] = {
    {"a", "1"}, {"b_um", "um"}, {"c", "1"}, {"r_squared", "1"}};
  meso_status status = MESO_OK;
  const size_t rows = m == COHERENCE ? d->n_bands : d->n_rows;
  const size_t dims[2] = {rows, d->n_classes};
  for (size_t side = 0; side < N_SIDES; side++) {
    const double *from = out + (side * d->n_curves + (size_t) m * d->n_rows) * d->width;
    double *to = NULL;
    char path[64];
    (void) snprintf(path, sizeof path, "%s%s", name[m], ending[side]);
    MESO_TRY(meso_result_add_in(result, "/field_distance", path, "1", 2, dims, &to, err));
    for (size_t row = 0; row < rows; row++)
      memcpy(to + row * d->n_classes, from + row * d->width, d->n_classes * sizeof *to);
    for (size_t k = 0; k < N_FIT; k++) {
      (void) snprintf(path, sizeof path, "%s_fit_%s%s", name[m], fit[k].name, ending[side]);
      MESO_TRY(meso_result_add_in(result, "/field_distance", path, fit[k].units, 1, &rows, &to,
                                  err));
      for (size_t row = 0; row < rows; row++) to[row] = from[row * d->width + d->n_classes + k];
    }
  }
cleanup:
  return status;
}

static meso_status write(const distances *d, const double *out, meso_result *result, meso_err *err)
{
  meso_status status = MESO_OK;
  const distance_params *p = d->p;
  double *to = NULL;
  MESO_TRY(meso_result_add_vector(result, "/field_distance/band_edges_Hz", "Hz", p->bands_Hz.n,
                                  p->bands_Hz.v, err));
  MESO_TRY(meso_result_add_in(result, "/field_distance", "distance_um", "um", 1, &d->n_classes, &to,
                              err));
  memcpy(to, d->centre_um, d->n_classes * sizeof *to);
  MESO_TRY(meso_result_add_in(result, "/field_distance", "n_pairs", "1", 1, &d->n_classes, &to,
                              err));
  memcpy(to, d->n_in_class, d->n_classes * sizeof *to);
  for (int m = 0; m < N_MEASURES; m++) MESO_TRY(write_measure(d, m, out, result, err));
  meso_attrs *a = meso_result_group_attrs(result, "/field_distance");
  if (a == NULL) MESO_FAIL(err, MESO_ENOMEM, "cannot allocate attributes");
  MESO_TRY(meso_attrs_set_text(a, "signal", d->signal->name, err));
  MESO_TRY(meso_spectral_set_attributes(d->plan, a, err));
  MESO_TRY(meso_attrs_set_number(a, "effective_observations", d->L, err));
  MESO_TRY(meso_attrs_set_text(a, "coherence", "magnitude squared, debiased, mean over band and "
                               "pairs", err));
  MESO_TRY(meso_attrs_set_text(a, "correlation", "of the signals in each band; last row: of the "
                               "whole signals", err));
  MESO_TRY(meso_attrs_set_text(a, "fit", "a exp(-d / b) + c, weighted by pairs", err));
  MESO_TRY(meso_attrs_set_number(a, "distance_bin_um", p->distance_bin_um, err));
  MESO_TRY(meso_attrs_set_text(a, "bootstrap", p->bootstrap == BY_PAIRS ? "pairs" : "channels",
                               err));
  MESO_TRY(meso_attrs_set_number(a, "resamples", (double) p->resamples, err));
  MESO_TRY(meso_attrs_set_number(a, "confidence", p->confidence, err));
  MESO_TRY(meso_attrs_set_number(a, "seed", (double) p->seed, err));
  if (!d->coherent)
    MESO_TRY(meso_attrs_set_text(a, "undefined", "one segment and taper: the coherence would be 1 "
                                 "whatever the signals; take a shorter nperseg or more tapers",
                                 err));
cleanup:
  return status;
}

/* ---- run ------------------------------------------------------------------------------------ */

static meso_status choose_bands(distances *d, meso_err *err)
{
  meso_status status = MESO_OK;
  const meso_doubles *edge = &d->p->bands_Hz;
  const size_t n = meso_spectral_n_frequencies(d->plan);
  double *f_Hz = NULL;
  MESO_TRY(meso_bands_check(edge, 2, INFINITY, err));
  d->n_bands = edge->n - 1;
  d->n_rows = d->n_bands + 1;
  MESO_ALLOC(err, f_Hz, n);
  MESO_ALLOC(err, d->in_band, n);
  MESO_ALLOC(err, d->n_frequencies, d->n_bands);
  meso_spectral_frequencies(d->plan, f_Hz);
  for (size_t f = 0; f < n; f++) {
    d->in_band[f] = d->n_bands;
    for (size_t k = 0; k < d->n_bands; k++)
      if (f_Hz[f] >= edge->v[k] && f_Hz[f] < edge->v[k + 1]) d->in_band[f] = k;
    if (d->in_band[f] < d->n_bands) d->n_frequencies[d->in_band[f]]++;
  }
cleanup:
  free(f_Hz);
  return status;
}

static meso_status check(const distances *d, meso_err *err)
{
  meso_status status = MESO_OK;
  if (d->signal->position_um == NULL)
    MESO_FAIL(err, MESO_EINVAL, "signal '%s' says not where its channels are: distances need the "
              "dataset /signals/%s/positions", d->signal->name, d->signal->name);
  if (d->n_channels < 2)
    MESO_FAIL(err, MESO_EINVAL, "signal '%s' has one channel: a distance needs two",
              d->signal->name);
  for (size_t i = 0; i < 3 * d->n_channels; i++)
    if (!isfinite(d->signal->position_um[i]))
      MESO_FAIL(err, MESO_EINVAL, "signal '%s': position of channel %zu is not finite",
                d->signal->name, i / 3);
cleanup:
  return status;
}

static meso_status run_distances(distances *d, meso_result *result, meso_err *err)
{
  meso_status status = MESO_OK;
  double *out = NULL;
  MESO_TRY(check(d, err));
  MESO_TRY(choose_bands(d, err));
  MESO_TRY(find_classes(d, err));
  d->n_curves = N_MEASURES * d->n_rows;
  d->width = d->n_classes + N_FIT;
  d->L = meso_spectral_effective_observations(d->plan);
  d->coherent = meso_spectral_n_segments(d->plan) * meso_spectral_n_tapers(d->plan) > 1;
  MESO_ALLOC(err, out, N_SIDES * d->n_curves * d->width);
  MESO_ALLOC(err, d->power, d->n_channels * d->n_rows);
  for (int m = 0; m < N_MEASURES; m++) MESO_ALLOC(err, d->value[m], d->n_pairs * d->n_rows);
  const meso_cross_request request = {
    .plan = d->plan, .data = d->signal->data, .n_channels = d->n_channels,
    .n = meso_spectral_n_frequencies(d->plan), .n_threads = d->n_threads};
  MESO_TRY(meso_cross_run(&request, take, d, err));
  finish_pairs(d);
  MESO_TRY(estimate(d, out, err));
  MESO_TRY(write(d, out, result, err));
cleanup:
  free(out);
  free(d->power);
  for (int m = 0; m < N_MEASURES; m++) free(d->value[m]);
  free(d->in_band);
  free(d->n_frequencies);
  free(d->end);
  free(d->distance_um);
  free(d->class_of);
  free(d->centre_um);
  free(d->n_in_class);
  return status;
}

static meso_status distance_run(const void *params, const meso_spikes *spikes,
                                const meso_signals *signals, int n_threads, meso_result *result,
                                meso_err *err)
{
  meso_status status = MESO_OK;
  const distance_params *p = params;
  meso_spectral_plan *plan = NULL;
  meso_signal signal = {0};
  (void) spikes;
  MESO_TRY(meso_spectral_begin(signals, p->signal, &p->spectral, &signal, &plan, err));
  distances d = {.p = p, .plan = plan, .signal = &signal, .n_channels = signal.n_channels,
                 .n_pairs = signal.n_channels * (signal.n_channels - 1) / 2,
                 .n_threads = n_threads};
  MESO_TRY(run_distances(&d, result, err));
cleanup:
  meso_spectral_plan_destroy(plan);
  return status;
}

const meso_analysis_ops meso_an_field_distance = {
  .name = "field_distance",
  .summary = "coherence and correlation of fields against distance, band by band",
  .input = MESO_INPUT_SIGNALS, .params = distance_rows, .params_size = sizeof(distance_params),
  .run = distance_run,
  .takes = "a signal with places of its channels",
  .formulas = formulas,
  .axes = axes
};
