/* an_coherence.c: coherence and phase measures of all pairs of channels of a signal.
 *
 * Over the O observations (segment, taper) of meso_spectral.h, S_ij = conj(X_i) X_j, pooled before
 * any normalisation; a phase is negative when j lags i:
 *   magnitude_squared = |mean S_ij|^2 / (mean S_ii mean S_jj)         magnitude SQUARED
 *   imaginary = Im mean S_ij / sqrt(mean S_ii mean S_jj)              signed
 *   phase = arg mean S_ij, rad
 *   plv = |mean S_ij / |S_ij||,  ppc = (O plv^2 - 1) / (O - 1)
 *   pli = |mean sign Im S_ij|,   wpli = |sum Im S_ij| / sum |Im S_ij|
 *   dwpli2 = ((sum Im)^2 - sum Im^2) / ((sum |Im|)^2 - sum Im^2)
 * Values without a definition (no power, Im = 0 throughout, one observation) are NaN. Sums run over
 * observations in one order for any number of threads.
 */
#include <fftw3.h>
#include <math.h>
#include <stdlib.h>

#include "meso_analysis.h"
#include "meso_spectral.h"

#define BATCH 64 /* observations transformed before their products are taken */

typedef struct coherence_params {
  meso_spectral_params spectral;
  char *signal;
  bool phase_measures;
} coherence_params;

static const meso_param coherence_rows[] = {
  MESO_SPECTRAL_ROWS(coherence_params, spectral),
  {.key = "signal", .type = MESO_PARAM_STRING, .unit = "", .default_text = "",
   .offset = offsetof(coherence_params, signal), .help = "name; empty: lfp, else the first one"},
  {.key = "phase_measures", .type = MESO_PARAM_BOOL, .unit = "", .default_text = "true",
   .offset = offsetof(coherence_params, phase_measures),
   .help = "also plv, pli, wpli, dwpli2 and ppc"},
  {.key = NULL}
};

/* Sums over observations for one pair and frequency. */
typedef struct sums { double re, im, unit_re, unit_im, sign, abs_im, im2; } sums;

enum { MAGNITUDE_SQUARED, PHASE, IMAGINARY, PLV, PPC, PLI, WPLI, DWPLI2, N_MEASURES };
static const struct { const char *path, *units; } measure[N_MEASURES] = {
  {"/coherence/magnitude_squared", "1"}, {"/coherence/phase", "rad"}, {"/coherence/imaginary", "1"},
  {"/coherence/plv", "1"}, {"/coherence/ppc", "1"}, {"/coherence/pli", "1"},
  {"/coherence/wpli", "1"}, {"/coherence/dwpli2", "1"}};

typedef struct estimate {
  const meso_spectral_plan *plan;
  const meso_signal *signal;
  size_t n_channels, n_pairs, n_frequencies, n_observations;
  bool phase_measures;
  double *x;     /* (channel, BATCH, frequency, 2) */
  double *power; /* (channel, frequency): sum of S_ii */
  sums *sum;     /* (pair, frequency) */
  double *pair;  /* (pair, 2) */
} estimate;

static const double *transform_of(const estimate *e, size_t channel, size_t o)
{
  return e->x + (channel * BATCH + o) * e->n_frequencies * 2;
}

static meso_status transform_batch(estimate *e, size_t first, size_t n, int n_threads,
                                   meso_err *err)
{
  meso_status status = MESO_OK;
  const size_t n_tapers = meso_spectral_n_tapers(e->plan);
  bool short_of_memory = false;
#pragma omp parallel num_threads(n_threads)
  {
    double *workspace = meso_spectral_workspace(e->plan);
#pragma omp for schedule(dynamic, 1)
    for (size_t c = 0; c < e->n_channels; c++) {
      if (workspace == NULL) continue;
      for (size_t o = 0; o < n; o++) {
        double *x = e->x + (c * BATCH + o) * e->n_frequencies * 2;
        meso_spectral_transform(e->plan, e->signal->data + c, e->n_channels,
                                (first + o) / n_tapers, (first + o) % n_tapers, workspace, x);
        for (size_t f = 0; f < e->n_frequencies; f++)
          e->power[c * e->n_frequencies + f] += x[2 * f] * x[2 * f] + x[2 * f + 1] * x[2 * f + 1];
      }
    }
    if (workspace == NULL) {
#pragma omp atomic write
      short_of_memory = true;
    }
    fftw_free(workspace);
  }
  if (short_of_memory) MESO_FAIL(err, MESO_ENOMEM, "cannot allocate transforms");
cleanup:
  return status;
}

static void add_products(const estimate *e, size_t pair, size_t n)
{
  const size_t i = (size_t) e->pair[2 * pair], j = (size_t) e->pair[2 * pair + 1];
  for (size_t o = 0; o < n; o++) {
    const double *a = transform_of(e, i, o), *b = transform_of(e, j, o);
    sums *s = e->sum + pair * e->n_frequencies;
    for (size_t f = 0; f < e->n_frequencies; f++, s++, a += 2, b += 2) {
      const double re = a[0] * b[0] + a[1] * b[1], im = a[0] * b[1] - a[1] * b[0];
      s->re += re;
      s->im += im;
      if (!e->phase_measures) continue;
      const double size = sqrt(re * re + im * im);
      if (size > 0) {
        s->unit_re += re / size;
        s->unit_im += im / size;
      }
      s->sign += (im > 0) - (im < 0);
      s->abs_im += fabs(im);
      s->im2 += im * im;
    }
  }
}

static meso_status accumulate(estimate *e, int n_threads, meso_err *err)
{
  meso_status status = MESO_OK;
  for (size_t first = 0; first < e->n_observations; first += BATCH) {
    const size_t left = e->n_observations - first, n = left < BATCH ? left : BATCH;
    MESO_TRY(transform_batch(e, first, n, n_threads, err));
#pragma omp parallel for schedule(dynamic, 1) num_threads(n_threads)
    for (size_t p = 0; p < e->n_pairs; p++) add_products(e, p, n);
  }
cleanup:
  return status;
}

static void measures_of(const estimate *e, size_t pair, size_t f, double *value)
{
  const size_t i = (size_t) e->pair[2 * pair], j = (size_t) e->pair[2 * pair + 1];
  const sums *s = e->sum + pair * e->n_frequencies + f;
  const double n = (double) e->n_observations;
  const double power = sqrt(e->power[i * e->n_frequencies + f]) *
                       sqrt(e->power[j * e->n_frequencies + f]);
  const double re = s->re / power, im = s->im / power;
  const double plv = sqrt(s->unit_re * s->unit_re + s->unit_im * s->unit_im) / n;
  const bool defined = power > 0 && n > 1; /* one observation is coherent with everything */
  value[MAGNITUDE_SQUARED] = defined ? re * re + im * im : NAN;
  value[PHASE] = defined ? atan2(s->im, s->re) : NAN;
  value[IMAGINARY] = defined ? im : NAN;
  value[PLV] = defined ? plv : NAN;
  value[PPC] = defined ? (n * plv * plv - 1) / (n - 1) : NAN;
  value[PLI] = defined ? fabs(s->sign) / n : NAN;
  value[WPLI] = n > 1 && s->abs_im > 0 ? fabs(s->im) / s->abs_im : NAN;
  const double spread = s->abs_im * s->abs_im - s->im2;
  value[DWPLI2] = n > 1 && spread > 0 ? (s->im * s->im - s->im2) / spread : NAN;
}

static meso_status add_measures(const estimate *e, meso_result *result, meso_err *err)
{
  meso_status status = MESO_OK;
  double *out[N_MEASURES] = {NULL};
  const int n_measures = e->phase_measures ? N_MEASURES : PLV;
  const size_t dims[2] = {e->n_pairs, e->n_frequencies};
  for (int m = 0; m < n_measures; m++) {
    meso_array *array = NULL;
    MESO_TRY(meso_result_add(result, measure[m].path, measure[m].units, 2, dims, &array, err));
    out[m] = array->data;
  }
  for (size_t p = 0; p < e->n_pairs; p++)
    for (size_t f = 0; f < e->n_frequencies; f++) {
      double value[N_MEASURES];
      measures_of(e, p, f, value);
      for (int m = 0; m < n_measures; m++) out[m][p * e->n_frequencies + f] = value[m];
    }
cleanup:
  return status;
}

static meso_status add_axes(estimate *e, meso_result *result, meso_err *err)
{
  meso_status status = MESO_OK;
  meso_array *array = NULL;
  const size_t dims[2] = {e->n_pairs, 2};
  MESO_TRY(meso_result_add(result, "/coherence/frequency_Hz", "Hz", 1, &e->n_frequencies, &array,
                           err));
  meso_spectral_frequencies(e->plan, array->data);
  MESO_TRY(meso_result_add(result, "/coherence/pairs", "1", 2, dims, &array, err));
  e->pair = array->data;
  size_t p = 0;
  for (size_t i = 0; i < e->n_channels; i++)
    for (size_t j = i + 1; j < e->n_channels; j++, p++) {
      e->pair[2 * p] = (double) i;
      e->pair[2 * p + 1] = (double) j;
    }
  if (e->signal->position_um == NULL) goto cleanup;
  MESO_TRY(meso_result_add(result, "/coherence/distance_um", "um", 1, &e->n_pairs, &array, err));
  for (p = 0; p < e->n_pairs; p++) {
    const double *a = e->signal->position_um + 3 * (size_t) e->pair[2 * p];
    const double *b = e->signal->position_um + 3 * (size_t) e->pair[2 * p + 1];
    array->data[p] = hypot(hypot(a[0] - b[0], a[1] - b[1]), a[2] - b[2]);
  }
cleanup:
  return status;
}

static meso_status set_attributes(const estimate *e, meso_result *result, meso_err *err)
{
  meso_status status = MESO_OK;
  const double effective = meso_spectral_effective_observations(e->plan);
  meso_attrs *a = meso_result_group_attrs(result, "/coherence");
  if (a == NULL) MESO_FAIL(err, MESO_ENOMEM, "cannot allocate attributes");
  MESO_TRY(meso_attrs_set_text(a, "signal", e->signal->name, err));
  MESO_TRY(meso_spectral_set_attributes(e->plan, a, err));
  MESO_TRY(meso_attrs_set_number(a, "n_observations", (double) e->n_observations, err));
  MESO_TRY(meso_attrs_set_number(a, "effective_observations", effective, err));
  MESO_TRY(meso_attrs_set_number(a, "bias_level", 1 / effective, err));
  if (e->n_observations < 2)
    MESO_TRY(meso_attrs_set_text(a, "undefined", "one segment and taper: the coherence would be 1 "
                                 "whatever the signals; take a shorter nperseg or more tapers",
                                 err));
  MESO_TRY(meso_attrs_set_text(a, "coherence", "magnitude squared", err));
  MESO_TRY(meso_attrs_set_text(a, "cross_spectrum", "conj(X_i) X_j: phase < 0 if j lags i", err));
cleanup:
  return status;
}

static meso_status coherence_run(const void *params, const meso_spikes *spikes,
                                 const meso_signals *signals, int n_threads, meso_result *result,
                                 meso_err *err)
{
  meso_status status = MESO_OK;
  const coherence_params *p = params;
  meso_spectral_plan *plan = NULL;
  estimate e = {.phase_measures = p->phase_measures};
  meso_signal signal = {0};
  (void) spikes;
  e.signal = &signal;
  MESO_TRY(meso_signal_select(signals, p->signal, p->spectral.discard_ms, &signal, err));
  MESO_TRY(meso_spectral_plan_create(&p->spectral, e.signal->n_times, e.signal->sampling_rate_Hz,
                                     &plan, err));
  e.plan = plan;
  e.n_channels = e.signal->n_channels;
  e.n_pairs = e.n_channels * (e.n_channels - 1) / 2;
  e.n_frequencies = meso_spectral_n_frequencies(plan);
  e.n_observations = meso_spectral_n_segments(plan) * meso_spectral_n_tapers(plan);
  if (e.n_pairs == 0)
    MESO_FAIL(err, MESO_EINVAL, "signal '%s' has one channel: coherence needs two", e.signal->name);
  MESO_TRY(add_axes(&e, result, err));
  MESO_ALLOC(err, e.x, e.n_channels * BATCH * e.n_frequencies * 2);
  MESO_ALLOC(err, e.power, e.n_channels * e.n_frequencies);
  MESO_ALLOC(err, e.sum, e.n_pairs * e.n_frequencies);
  MESO_TRY(accumulate(&e, n_threads, err));
  MESO_TRY(add_measures(&e, result, err));
  MESO_TRY(set_attributes(&e, result, err));
cleanup:
  free(e.x);
  free(e.power);
  free(e.sum);
  meso_spectral_plan_destroy(plan);
  return status;
}

const meso_analysis_ops meso_an_coherence = {
  .name = "coherence", .summary = "coherence (magnitude squared) and phase measures of all pairs",
  .input = MESO_INPUT_SIGNALS, .params = coherence_rows, .params_size = sizeof(coherence_params),
  .run = coherence_run
};
