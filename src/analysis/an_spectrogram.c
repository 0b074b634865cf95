/* an_spectrogram.c: spectral density over time: that of each segment by itself, mean over tapers
 * (meso_spectral.h). The mean over time is the density of an_spectrum.c. One segment of the Welch
 * method has two degrees of freedom: tapers make it smoother. */
#include <fftw3.h>
#include <math.h>
#include <stdlib.h>

#include "meso_analysis.h"
#include "meso_spectral.h"

static const meso_formula formulas[] = {
  {"psd", "the density of analyze spectrum, of each segment by itself, mean over tapers",
   MESO_SPECTRAL_SOURCE},
  {NULL, NULL, NULL}
};

static const meso_array_axes axes[] = {
  {"psd", "labels,time_ms,frequency_Hz"},
  {NULL, NULL}
};

typedef struct gram_params {
  meso_spectral_params spectral;
  char *signal;
  double f_max_Hz, memory_limit_GB;
} gram_params;

static const meso_param gram_rows[] = {
  MESO_SPECTRAL_ROWS(gram_params, spectral),
  {.key = "signal", .type = MESO_PARAM_STRING, .unit = "", .default_text = "",
   .offset = offsetof(gram_params, signal), .help = "name; empty: lfp, else the first one"},
  {.key = "f_max_Hz", .type = MESO_PARAM_DOUBLE, .unit = "Hz", .min = 0, .max = 1e9,
   .min_open = true, .default_text = "1e9", .offset = offsetof(gram_params, f_max_Hz),
   .help = "highest frequency that is kept"},
  {.key = "memory_limit_GB", .type = MESO_PARAM_DOUBLE, .unit = "GB", .min = 0, .max = 1e6,
   .min_open = true, .default_text = "4", .offset = offsetof(gram_params, memory_limit_GB),
   .help = "refuse results that need more memory"},
  {.key = NULL}
};

/* Density of one segment at the first n_f frequencies. */
static void density(const meso_spectral_plan *plan, const double *x, size_t n_f, double *psd)
{
  const size_t K = meso_spectral_n_tapers(plan), width = 2 * meso_spectral_n_frequencies(plan);
  for (size_t f = 0; f < n_f; f++) {
    double sum = 0;
    for (size_t k = 0; k < K; k++) {
      const double re = x[k * width + 2 * f], im = x[k * width + 2 * f + 1];
      sum += re * re + im * im;
    }
    psd[f] = sum * meso_spectral_density_factor(plan, f) / (double) K;
  }
}

static meso_status densities(const meso_spectral_plan *plan, const meso_signal *s, size_t n_f,
                             int n_threads, double *psd, meso_err *err)
{
  meso_status status = MESO_OK;
  const size_t n_segments = meso_spectral_n_segments(plan), C = s->n_channels;
  const size_t room = 2 * meso_spectral_n_tapers(plan) * meso_spectral_n_frequencies(plan);
  bool short_of_memory = false;
#pragma omp parallel num_threads(n_threads)
  {
    double *workspace = meso_spectral_workspace(plan), *x = meso_calloc(room, sizeof *x);
    const bool fine = workspace != NULL && x != NULL;
#pragma omp for schedule(dynamic, 1)
    for (size_t t = 0; t < n_segments; t++)
      for (size_t c = 0; c < C && fine; c++) {
        meso_spectral_transform(plan, s->data + c, C, t, workspace, x);
        density(plan, x, n_f, psd + (c * n_segments + t) * n_f);
      }
    if (!fine) {
#pragma omp atomic write
      short_of_memory = true;
    }
    fftw_free(workspace);
    free(x);
  }
  if (short_of_memory) MESO_FAIL(err, MESO_ENOMEM, "cannot allocate transforms");
cleanup:
  return status;
}

static meso_status add_axes(const meso_spectral_plan *plan, const gram_params *p,
                            const meso_signal *s, size_t *ret_n_f, meso_result *result,
                            meso_err *err)
{
  meso_status status = MESO_OK;
  const size_t n = meso_spectral_n_frequencies(plan), n_t = meso_spectral_n_segments(plan);
  const double nperseg = (double) p->spectral.nperseg;
  meso_array *array = NULL;
  double *f = NULL;
  size_t n_f = 0;
  MESO_ALLOC(err, f, n);
  meso_spectral_frequencies(plan, f);
  while (n_f < n && f[n_f] <= p->f_max_Hz) n_f++;
  MESO_TRY(meso_result_add_vector(result, "/spectrogram/frequency_Hz", "Hz", n_f, f, err));
  MESO_TRY(meso_result_add(result, "/spectrogram/time_ms", "ms", 1, &n_t, &array, err));
  const double step = nperseg - floor(p->spectral.overlap * nperseg + 1e-9);
  for (size_t t = 0; t < n_t; t++) /* the middle of a segment */
    array->data[t] = ((double) t * (step > 0 ? step : 1) + 0.5 * nperseg) * 1e3 /
                     s->sampling_rate_Hz;
  *ret_n_f = n_f;
cleanup:
  free(f);
  return status;
}

static meso_status gram_run(const void *params, const meso_spikes *spikes,
                            const meso_signals *signals, int n_threads, meso_result *result,
                            meso_err *err)
{
  meso_status status = MESO_OK;
  const gram_params *p = params;
  meso_signal s = {0};
  meso_spectral_plan *plan = NULL;
  meso_array *array = NULL;
  char units[128];
  size_t n_f = 0;
  (void) spikes;
  MESO_TRY(meso_spectral_begin(signals, p->signal, &p->spectral, &s, &plan, err));
  MESO_TRY(add_axes(plan, p, &s, &n_f, result, err));
  const size_t dims[3] = {s.n_channels, meso_spectral_n_segments(plan), n_f};
  const double need_GB = 8e-9 * (double) dims[0] * (double) dims[1] * (double) dims[2];
  if (need_GB > p->memory_limit_GB)
    MESO_FAIL(err, MESO_ERANGE, "a spectrogram of %zu channels at %zu times and %zu frequencies "
              "needs %.3g GB, allowed are memory_limit_GB = %g GB: lower f_max_Hz or overlap",
              dims[0], dims[1], dims[2], need_GB, p->memory_limit_GB);
  meso_spectral_density_units(s.units, units, sizeof units);
  MESO_TRY(meso_result_add(result, "/spectrogram/psd", units, 3, dims, &array, err));
  MESO_TRY(densities(plan, &s, n_f, n_threads, array->data, err));
  meso_attrs *attrs = meso_result_group_attrs(result, "/spectrogram");
  if (attrs == NULL) MESO_FAIL(err, MESO_ENOMEM, "cannot allocate attributes");
  MESO_TRY(meso_attrs_set_text(attrs, "signal", s.name, err));
  MESO_TRY(meso_spectral_set_attributes(plan, attrs, err));
  MESO_TRY(meso_attrs_set_text(attrs, "time", "middle of a segment, from the first sample analysed",
                               err));
cleanup:
  meso_spectral_plan_destroy(plan);
  return status;
}

const meso_analysis_ops meso_an_spectrogram = {
  .name = "spectrogram", .summary = "spectral density of signals over time",
  .input = MESO_INPUT_SIGNALS, .params = gram_rows, .params_size = sizeof(gram_params),
  .run = gram_run,
  .takes = "a signal",
  .formulas = formulas,
  .axes = axes
};
