/* an_spectrum.c: spectral density of every channel of a signal (meso_spectral.h), with limits that
 * hold the true density with probability `confidence`:
 *   chi-squared  nu S / q < S_true < nu S / p, with p, q the quantiles (1 -+ confidence) / 2 of the
 *                chi-squared distribution of nu = 2 effective_observations degrees of freedom;
 *                exact for Gaussian signals with a flat spectrum; factors as attributes
 *   jackknife    S exp(-+ t sd), sd the jackknife's error of log S, t Student's quantile; assumes
 *                neither, but that observations are independent: multitaper or overlap 0 (Thomson &
 *                Chave 1991, Advances in Spectrum Analysis and Array Processing 1:58)
 */
#include <fftw3.h>
#include <gsl/gsl_cdf.h>
#include <math.h>
#include <stdlib.h>

#include "meso_analysis.h"
#include "meso_spectral.h"

static const meso_formula formulas[] = {
  {"psd", "mean over segments and tapers of 2 |sum_t w(t) x(t) e^(-2 pi i f t)|^2 / (f_s sum_t "
   "w(t)^2); at 0 and f_s / 2 half of it", MESO_SPECTRAL_SOURCE},
  {"limit_factor_low", "nu / q, q the quantile (1 + confidence) / 2 of chi-squared, nu = 2 "
   "effective_observations",
   "Percival & Walden 1993, Spectral Analysis for Physical Applications, chapter 6"},
  {NULL, NULL, NULL}
};

static const meso_array_axes axes[] = {
  {"psd,psd_low,psd_high", "labels,frequency_Hz"},
  {NULL, NULL}
};

typedef struct spectrum_params {
  meso_spectral_params spectral;
  char *signal;
  double confidence;
  bool jackknife;
} spectrum_params;

static const meso_param spectrum_rows[] = {
  MESO_SPECTRAL_ROWS(spectrum_params, spectral),
  {.key = "signal", .type = MESO_PARAM_STRING, .unit = "", .default_text = "",
   .offset = offsetof(spectrum_params, signal), .help = "name; empty: lfp, else the first one"},
  {.key = "confidence", .type = MESO_PARAM_DOUBLE, .unit = "1", .min = 0.5, .max = 0.9999,
   .default_text = "0.95", .offset = offsetof(spectrum_params, confidence),
   .help = "probability that the limits hold the true density"},
  {.key = "jackknife", .type = MESO_PARAM_BOOL, .unit = "", .default_text = "false",
   .offset = offsetof(spectrum_params, jackknife),
   .help = "also limits by the jackknife over segments and tapers (overlap 0)"},
  {.key = NULL}
};

static meso_status densities(const meso_spectral_plan *plan, const meso_signal *signal,
                             int n_threads, double *psd, double *log_sd, meso_err *err)
{
  meso_status status = MESO_OK;
  const size_t n = meso_spectral_n_frequencies(plan);
  bool short_of_memory = false;
#pragma omp parallel num_threads(n_threads)
  {
    double *workspace = meso_spectral_workspace(plan);
    bool fine = workspace != NULL;
#pragma omp for schedule(dynamic, 1)
    for (size_t c = 0; c < signal->n_channels; c++)
      fine = fine && meso_spectral_density(plan, signal->data + c, signal->n_channels, workspace,
                                           psd + c * n, log_sd != NULL ? log_sd + c * n : NULL,
                                           NULL) == MESO_OK;
    if (!fine) {
#pragma omp atomic write
      short_of_memory = true;
    }
    fftw_free(workspace);
  }
  if (short_of_memory) MESO_FAIL(err, MESO_ENOMEM, "cannot allocate transforms");
cleanup:
  return status;
}

/* Jackknife limits from the densities and the errors of their logarithms. */
static meso_status add_limits(const spectrum_params *p, const meso_spectral_plan *plan,
                              const char *units, const size_t dims[2], const double *psd,
                              const double *log_sd, meso_result *result, meso_err *err)
{
  static const char *const path[2] = {"/spectrum/psd_low", "/spectrum/psd_high"};
  meso_status status = MESO_OK;
  const size_t n = meso_spectral_n_segments(plan) * meso_spectral_n_tapers(plan);
  const double t = gsl_cdf_tdist_Pinv(0.5 + 0.5 * p->confidence, (double) n - 1);
  for (int side = 0; side < 2; side++) {
    meso_array *array = NULL;
    MESO_TRY(meso_result_add(result, path[side], units, 2, dims, &array, err));
    for (size_t i = 0; i < dims[0] * dims[1]; i++)
      array->data[i] = psd[i] * exp((side == 0 ? -t : t) * log_sd[i]);
  }
cleanup:
  return status;
}

static meso_status set_confidence(const spectrum_params *p, const meso_spectral_plan *plan,
                                  meso_attrs *attrs, meso_err *err)
{
  meso_status status = MESO_OK;
  const double nu = 2 * meso_spectral_effective_observations(plan);
  const double tail = 0.5 * (1 - p->confidence);
  MESO_TRY(meso_attrs_set_number(attrs, "confidence", p->confidence, err));
  MESO_TRY(meso_attrs_set_number(attrs, "degrees_of_freedom", nu, err));
  MESO_TRY(meso_attrs_set_number(attrs, "limit_factor_low", nu / gsl_cdf_chisq_Qinv(tail, nu),
                                 err));
  MESO_TRY(meso_attrs_set_number(attrs, "limit_factor_high", nu / gsl_cdf_chisq_Pinv(tail, nu),
                                 err));
  MESO_TRY(meso_attrs_set_text(attrs, "jackknife", p->jackknife ? "true" : "false", err));
cleanup:
  return status;
}

static meso_status check_jackknife(const meso_spectral_params *p, const meso_spectral_plan *plan,
                                   meso_err *err)
{
  meso_status status = MESO_OK;
  if (meso_spectral_n_segments(plan) > 1 && p->overlap > 0)
    MESO_FAIL(err, MESO_EINVAL, "jackknife: needs independent segments: set overlap 0 (it is %g)",
              p->overlap);
  if (meso_spectral_n_segments(plan) * meso_spectral_n_tapers(plan) < 2)
    MESO_FAIL(err, MESO_EINVAL, "jackknife: needs at least two segments or tapers");
cleanup:
  return status;
}

static meso_status add_channels(const meso_signal *signal, meso_result *result, meso_err *err)
{
  meso_status status = MESO_OK;
  meso_array *array = NULL;
  const size_t dims[2] = {signal->n_channels, 3};
  if (signal->label != NULL)
    MESO_TRY(meso_result_add_text(result, "/spectrum/labels", signal->n_channels,
                                  (const char *const *) signal->label, err));
  if (signal->position_um != NULL) {
    MESO_TRY(meso_result_add(result, "/spectrum/positions", "um", 2, dims, &array, err));
    for (size_t i = 0; i < 3 * dims[0]; i++) array->data[i] = signal->position_um[i];
  }
cleanup:
  return status;
}

/** In which band a predicted signal is valid goes on with its spectrum. */
static meso_status set_validity(const meso_attrs *of_signal, meso_attrs *attrs, meso_err *err)
{
  static const char *const key[] = {"valid_from_Hz", "valid_to_Hz", "doubtful_to_Hz"};
  meso_status status = MESO_OK;
  for (size_t i = 0; i < sizeof key / sizeof key[0]; i++) {
    const double Hz = meso_attrs_number(of_signal, key[i], NAN);
    if (isfinite(Hz)) MESO_TRY(meso_attrs_set_number(attrs, key[i], Hz, err));
  }
cleanup:
  return status;
}

static meso_status spectrum_run(const void *params, const meso_spikes *spikes,
                                const meso_signals *signals, int n_threads, meso_result *result,
                                meso_err *err)
{
  meso_status status = MESO_OK;
  const spectrum_params *p = params;
  meso_signal signal = {0};
  meso_spectral_plan *plan = NULL;
  meso_array *array = NULL;
  double *psd = NULL, *log_sd = NULL;
  char units[128];
  (void) spikes;
  MESO_TRY(meso_spectral_begin(signals, p->signal, &p->spectral, &signal, &plan, err));
  const size_t dims[2] = {signal.n_channels, meso_spectral_n_frequencies(plan)};
  MESO_TRY(meso_result_add(result, "/spectrum/frequency_Hz", "Hz", 1, &dims[1], &array, err));
  meso_spectral_frequencies(plan, array->data);
  meso_spectral_density_units(signal.units, units, sizeof units);
  MESO_TRY(meso_result_add(result, "/spectrum/psd", units, 2, dims, &array, err));
  psd = array->data;
  if (p->jackknife) {
    MESO_TRY(check_jackknife(&p->spectral, plan, err));
    MESO_ALLOC(err, log_sd, dims[0] * dims[1]);
  }
  MESO_TRY(densities(plan, &signal, n_threads, psd, log_sd, err));
  if (p->jackknife)
    MESO_TRY(add_limits(p, plan, units, dims, psd, log_sd, result, err));
  MESO_TRY(add_channels(&signal, result, err));
  meso_attrs *attrs = meso_result_group_attrs(result, "/spectrum");
  if (attrs == NULL) MESO_FAIL(err, MESO_ENOMEM, "cannot allocate attributes");
  MESO_TRY(meso_attrs_set_text(attrs, "signal", signal.name, err));
  MESO_TRY(meso_spectral_set_attributes(plan, attrs, err));
  MESO_TRY(set_confidence(p, plan, attrs, err));
  MESO_TRY(set_validity(&signal.attrs, attrs, err));
cleanup:
  free(log_sd);
  meso_spectral_plan_destroy(plan);
  return status;
}

const meso_analysis_ops meso_an_spectrum = {
  .name = "spectrum", .summary = "spectral density of signals (Welch or multitaper)",
  .input = MESO_INPUT_SIGNALS, .params = spectrum_rows, .params_size = sizeof(spectrum_params),
  .run = spectrum_run,
  .takes = "a signal",
  .formulas = formulas,
  .axes = axes
};
