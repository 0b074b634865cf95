/* an_envelope.c: power in bands, and the correlation of its slow changes between channels.
 *
 *   threshold    of the correlation of unrelated Gaussian signals at level alpha (two-sided): the
 *                envelopes of a band of width B have the autocorrelation sinc(B t)^2, so a time T
 *                holds n = T / integral sinc^4 = 1.5 B T independent pairs of values (Bartlett),
 *                and atanh r has the variance 1 / (n - 3) (Fisher); NaN if n <= 3
 * Bands have n + 1 ascending edges. Envelopes that do not vary have no correlation: NaN. */
#include <gsl/gsl_cdf.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "meso_analysis.h"
#include "meso_analytic.h"
#include "meso_spectral.h"

static const meso_formula formulas[] = {
  {"power", "mean of a^2 / 2, a the size of the analytic signal in the band",
   "Gabor 1946, J. IEE 93:429, doi 10.1049/ji-3-2.1946.0074"},
  {"correlation", "Pearson's, of the envelopes of two channels",
   "Bruns et al. 2000, NeuroReport 11:1509"},
  {"threshold", "tanh(z / sqrt(n - 3)), n = 1.5 B T independent values of a band of width B in a "
   "time T, z the normal quantile 1 - alpha / 2",
   "Bartlett 1946, J. R. Stat. Soc. Suppl. 8:27, doi 10.2307/2983611; Fisher 1921, Metron 1:3"},
  {NULL, NULL, NULL}
};

static const meso_array_axes axes[] = {
  {"power", "labels,band_edges_Hz"},
  {"correlation", "pairs,band_edges_Hz"},
  {"threshold", "band_edges_Hz"},
  {NULL, NULL}
};

typedef struct envelope_params {
  char *signal;
  double discard_ms, alpha;
  meso_doubles bands_Hz;
} envelope_params;

static const meso_param envelope_rows[] = {
  {.key = "signal", .type = MESO_PARAM_STRING, .unit = "", .default_text = "",
   .offset = offsetof(envelope_params, signal), .help = "name; empty: lfp, else the first one"},
  {.key = "bands_Hz", .type = MESO_PARAM_DOUBLES, .unit = "Hz", .min = 0, .max = 1e9,
   .default_text = "1,4,8,13,30,80,150", .offset = offsetof(envelope_params, bands_Hz),
   .help = "edges of the bands, ascending"},
  {.key = "discard_ms", .type = MESO_PARAM_DOUBLE, .unit = "ms", .min = 0, .max = 1e12,
   .default_text = "0", .offset = offsetof(envelope_params, discard_ms),
   .help = "time left out at the start of the recording"},
  {.key = "alpha", .type = MESO_PARAM_DOUBLE, .unit = "1", .min = 0, .max = 0.5, .min_open = true,
   .default_text = "0.05", .offset = offsetof(envelope_params, alpha),
   .help = "level of the threshold"},
  {.key = NULL}
};

/* Envelope of one channel in one band without its mean, scaled to unit energy; returns the mean
 * square of the signal in the band. */
static double envelope(const meso_analytic *analytic, const meso_signal *s, size_t channel,
                       double low_Hz, double high_Hz, fftw_complex *z, double *out)
{
  const size_t n = s->n_times;
  double mean = 0, power = 0, energy = 0;
  meso_analytic_signal(analytic, s->data + channel, s->n_channels, low_Hz, high_Hz, z);
  for (size_t t = 0; t < n; t++) {
    out[t] = hypot(z[t][0], z[t][1]);
    mean += out[t] / (double) n;
    power += 0.5 * out[t] * out[t] / (double) n;
  }
  for (size_t t = 0; t < n; t++) {
    out[t] -= mean;
    energy += out[t] * out[t];
  }
  const double scale = energy > 1e-24 * power * (double) n ? 1 / sqrt(energy) : NAN;
  for (size_t t = 0; t < n; t++) out[t] *= scale;
  return power;
}

/* One band: powers (channel, stride n_bands) and correlations (pair, stride n_bands). */
static meso_status run_band(const meso_analytic *analytic, const meso_signal *s, double low_Hz,
                            double high_Hz, size_t n_bands, int n_threads, double *envelopes,
                            double *power, double *correlation, meso_err *err)
{
  meso_status status = MESO_OK;
  const size_t n = s->n_times, C = s->n_channels;
  bool short_of_memory = false;
#pragma omp parallel num_threads(n_threads)
  {
    fftw_complex *z = fftw_malloc(n * sizeof *z);
#pragma omp for schedule(dynamic, 1)
    for (size_t c = 0; c < C; c++)
      if (z != NULL)
        power[c * n_bands] = envelope(analytic, s, c, low_Hz, high_Hz, z, envelopes + c * n);
    if (z == NULL) {
#pragma omp atomic write
      short_of_memory = true;
    }
    fftw_free(z);
#pragma omp for schedule(dynamic, 1)
    for (size_t i = 0; i < C; i++)
      for (size_t j = i + 1; j < C; j++) {
        double sum = 0;
        for (size_t t = 0; t < n; t++) sum += envelopes[i * n + t] * envelopes[j * n + t];
        correlation[(i * (2 * C - i - 1) / 2 + j - i - 1) * n_bands] = sum;
      }
  }
  if (short_of_memory) MESO_FAIL(err, MESO_ENOMEM, "cannot allocate a transform of %zu", n);
cleanup:
  return status;
}

static meso_status add_axes(const envelope_params *p, const meso_signal *s, meso_result *result,
                            meso_err *err)
{
  meso_status status = MESO_OK;
  const size_t C = s->n_channels, dims[2] = {C * (C - 1) / 2, 2};
  const double T_s = (double) s->n_times / s->sampling_rate_Hz;
  const size_t n_bands = p->bands_Hz.n - 1;
  double *threshold = NULL, *pair = NULL;
  MESO_TRY(meso_result_add_vector(result, "/envelope/band_edges_Hz", "Hz", p->bands_Hz.n,
                                  p->bands_Hz.v, err));
  MESO_TRY(meso_result_add_in(result, "/envelope", "threshold", "1", 1, &n_bands, &threshold, err));
  for (size_t k = 0; k < n_bands; k++) {
    const double freedom = 1.5 * (p->bands_Hz.v[k + 1] - p->bands_Hz.v[k]) * T_s - 3;
    threshold[k] = freedom > 0 ? tanh(gsl_cdf_ugaussian_Qinv(0.5 * p->alpha) / sqrt(freedom)) : NAN;
  }
  MESO_TRY(meso_result_add_in(result, "/envelope", "pairs", "1", 2, dims, &pair, err));
  for (size_t i = 0; i < C; i++)
    for (size_t j = i + 1; j < C; j++) {
      *pair++ = (double) i;
      *pair++ = (double) j;
    }
cleanup:
  return status;
}

static meso_status envelope_run(const void *params, const meso_spikes *spikes,
                                const meso_signals *signals, int n_threads, meso_result *result,
                                meso_err *err)
{
  meso_status status = MESO_OK;
  const envelope_params *p = params;
  meso_signal s = {0};
  meso_analytic analytic = {.n = 0};
  double *envelopes = NULL, *power = NULL, *correlation = NULL;
  char units[128];
  (void) spikes;
  MESO_TRY(meso_signal_select(signals, p->signal, p->discard_ms, &s, err));
  MESO_TRY(meso_bands_check(&p->bands_Hz, 2, 0.5 * s.sampling_rate_Hz, err));
  const size_t C = s.n_channels, n_bands = p->bands_Hz.n - 1;
  const size_t power_dims[2] = {C, n_bands}, pair_dims[2] = {C * (C - 1) / 2, n_bands};
  (void) snprintf(units, sizeof units, "(%.100s)^2", s.units);
  MESO_TRY(add_axes(p, &s, result, err));
  MESO_TRY(meso_result_add_in(result, "/envelope", "power", units, 2, power_dims, &power, err));
  MESO_TRY(meso_result_add_in(result, "/envelope", "correlation", "1", 2, pair_dims, &correlation,
                              err));
  MESO_ALLOC(err, envelopes, C * s.n_times);
  MESO_TRY(meso_analytic_make(s.n_times, s.sampling_rate_Hz, &analytic, err));
  for (size_t k = 0; k < n_bands; k++)
    MESO_TRY(run_band(&analytic, &s, p->bands_Hz.v[k], p->bands_Hz.v[k + 1], n_bands, n_threads,
                      envelopes, power + k, correlation + k, err));
  meso_attrs *attrs = meso_result_group_attrs(result, "/envelope");
  if (attrs == NULL) MESO_FAIL(err, MESO_ENOMEM, "cannot allocate attributes");
  MESO_TRY(meso_attrs_set_text(attrs, "signal", s.name, err));
  MESO_TRY(meso_attrs_set_number(attrs, "alpha", p->alpha, err));
  MESO_TRY(meso_attrs_set_number(attrs, "discard_ms", p->discard_ms, err));
cleanup:
  free(envelopes);
  meso_analytic_clear(&analytic);
  return status;
}

const meso_analysis_ops meso_an_envelope = {
  .name = "envelope", .summary = "power in bands and correlation of its envelopes, all pairs",
  .input = MESO_INPUT_SIGNALS, .params = envelope_rows, .params_size = sizeof(envelope_params),
  .run = envelope_run,
  .takes = "a signal",
  .formulas = formulas,
  .axes = axes
};
