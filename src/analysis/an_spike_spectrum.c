/* an_spike_spectrum.c: spectral density of single spike trains, counts in bins of bin_ms (rule in
 * meso_binning.h). psd: (spikes/s)^2/Hz; a Poisson train of rate r has the level 2 r; psd_count:
 * count^2/Hz, equal to psd times the squared bin in s. mean/<population>: mean over its trains. */
#include <fftw3.h>
#include <stdio.h>
#include <stdlib.h>

#include "meso_analysis.h"
#include "meso_spectral.h"
#include "meso_trains.h"

static const meso_formula formulas[] = {
  {"psd", "spectral density of a train's counts over the bin width; a Poisson train of rate r: "
   "2 r", "Bartlett 1963, J. R. Stat. Soc. B 25:264; estimator: " MESO_SPECTRAL_SOURCE},
  {"psd_count", "psd times the squared bin in s", "Bartlett 1963, J. R. Stat. Soc. B 25:264"},
  {NULL, NULL, NULL}
};

static const meso_array_axes axes[] = {
  {"psd,psd_count", "labels,frequency_Hz"},
  {"*", "frequency_Hz"},
  {NULL, NULL}
};

typedef struct spectrum_params {
  meso_spectral_params spectral;
  meso_trains_params trains;
  double bin_ms;
} spectrum_params;

/* The interval's discard_ms stands for that of the spectral rows. */
static const meso_param spectrum_rows[] = {
  MESO_SPECTRAL_SHAPE_ROWS(spectrum_params, spectral),
  MESO_TRAINS_ROWS(spectrum_params, trains, "200"),
  {.key = "bin_ms", .type = MESO_PARAM_DOUBLE, .unit = "ms", .min = 0, .max = 1e9, .min_open = true,
   .default_text = "1", .offset = offsetof(spectrum_params, bin_ms), .help = "bin width"},
  {.key = NULL}
};

static meso_status densities(const meso_trains *t, const meso_bins *bins,
                             const meso_spectral_plan *plan, int n_threads, double *psd,
                             double *psd_count, meso_err *err)
{
  meso_status status = MESO_OK;
  const size_t n = meso_spectral_n_frequencies(plan);
  const double bin_s = 1e-3 * bins->width_ms;
  bool short_of_memory = false;
#pragma omp parallel num_threads(n_threads)
  {
    double *workspace = meso_spectral_workspace(plan);
    double *count = meso_calloc((size_t) bins->n, sizeof *count);
    bool fine = workspace != NULL && count != NULL;
#pragma omp for schedule(dynamic, 1)
    for (size_t i = 0; i < t->n; i++) {
      if (!fine) continue;
      meso_trains_bin(t, i, bins, count);
      fine = meso_spectral_density(plan, count, 1, workspace, psd_count + i * n, NULL, NULL)
             == MESO_OK;
      for (size_t f = 0; f < n; f++) psd[i * n + f] = psd_count[i * n + f] / (bin_s * bin_s);
    }
    if (!fine) {
#pragma omp atomic write
      short_of_memory = true;
    }
    fftw_free(workspace);
    free(count);
  }
  if (short_of_memory) MESO_FAIL(err, MESO_ENOMEM, "cannot allocate transforms");
cleanup:
  return status;
}

static meso_status add_means(const meso_trains *t, const meso_spikes *spikes, size_t n_f,
                             const double *psd, meso_result *result, meso_err *err)
{
  meso_status status = MESO_OK;
  for (size_t p = 0; p < t->n_populations; p++) {
    meso_array *array = NULL;
    char path[500];
    const size_t first = t->first_row[p], n = t->first_row[p + 1] - first;
    snprintf(path, sizeof path, "/spike_spectrum/mean/%s", spikes->population[t->selected[p]].name);
    MESO_TRY(meso_result_add(result, path, "(spikes/s)^2/Hz", 1, &n_f, &array, err));
    for (size_t i = 0; i < n; i++)
      for (size_t f = 0; f < n_f; f++)
        array->data[f] += psd[(first + i) * n_f + f] / (double) n;
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
  meso_spectral_plan *plan = NULL;
  meso_trains t = {.n = 0};
  meso_array *array = NULL;
  meso_bins bins;
  (void) signals;
  MESO_TRY(meso_trains_make(&p->trains, spikes, &t, err));
  MESO_TRY(meso_bins_make(&t.interval, p->bin_ms, &bins, err));
  MESO_TRY(meso_spectral_plan_create(&p->spectral, (size_t) bins.n, 1e3 / p->bin_ms, &plan, err));
  const size_t dims[2] = {t.n, meso_spectral_n_frequencies(plan)};
  MESO_TRY(meso_trains_add_labels(&t, spikes, "/spike_spectrum", result, err));
  MESO_TRY(meso_result_add(result, "/spike_spectrum/frequency_Hz", "Hz", 1, &dims[1], &array, err));
  meso_spectral_frequencies(plan, array->data);
  MESO_TRY(meso_result_add(result, "/spike_spectrum/psd", "(spikes/s)^2/Hz", 2, dims, &array, err));
  double *psd = array->data;
  MESO_TRY(meso_result_add(result, "/spike_spectrum/psd_count", "count^2/Hz", 2, dims, &array,
                           err));
  MESO_TRY(densities(&t, &bins, plan, n_threads, psd, array->data, err));
  MESO_TRY(add_means(&t, spikes, dims[1], psd, result, err));
  meso_attrs *attrs = meso_result_group_attrs(result, "/spike_spectrum");
  if (attrs == NULL) MESO_FAIL(err, MESO_ENOMEM, "cannot allocate attributes");
  MESO_TRY(meso_attrs_set_number(attrs, "bin_ms", p->bin_ms, err));
  MESO_TRY(meso_spectral_set_attributes(plan, attrs, err));
  MESO_TRY(meso_trains_set_attributes(&p->trains, &t, attrs, err));
cleanup:
  meso_spectral_plan_destroy(plan);
  meso_trains_clear(&t);
  return status;
}

const meso_analysis_ops meso_an_spike_spectrum = {
  .name = "spike_spectrum", .summary = "spectral density of single spike trains",
  .input = MESO_INPUT_SPIKES, .params = spectrum_rows, .params_size = sizeof(spectrum_params),
  .run = spectrum_run,
  .takes = "spikes",
  .formulas = formulas,
  .axes = axes
};
