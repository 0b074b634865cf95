/* an_population_spectrum.c: spectral density of the summed spike counts of each population, in bins
 * of bin_ms (rule in meso_binning.h). psd: (spikes/s)^2/Hz; psd_count: count^2/Hz, equal to psd
 * times the squared bin in s. Independent Poisson spikes of total rate r have the level psd = 2 r.
 */
#include <fftw3.h>
#include <stdlib.h>

#include "meso_analysis.h"
#include "meso_binning.h"
#include "meso_spectral.h"

static const meso_formula formulas[] = {
  {"psd", "spectral density of a population's summed counts over the bin width; Poisson spikes "
   "of total rate r: 2 r", "Bartlett 1963, J. R. Stat. Soc. B 25:264; estimator: "
   MESO_SPECTRAL_SOURCE},
  {"psd_count", "psd times the squared bin in s", "Bartlett 1963, J. R. Stat. Soc. B 25:264"},
  {NULL, NULL, NULL}
};

static const meso_array_axes axes[] = {
  {"psd,psd_count", "labels,frequency_Hz"},
  {NULL, NULL}
};

typedef struct population_spectrum_params {
  meso_spectral_params spectral;
  char *populations;
  double bin_ms;
} population_spectrum_params;

static const meso_param population_spectrum_rows[] = {
  MESO_SPECTRAL_ROWS(population_spectrum_params, spectral),
  {.key = "populations", .type = MESO_PARAM_STRING, .unit = "", .default_text = "",
   .offset = offsetof(population_spectrum_params, populations),
   .help = "populations, separated by commas; empty: all"},
  {.key = "bin_ms", .type = MESO_PARAM_DOUBLE, .unit = "ms", .min = 0, .max = 1e9, .min_open = true,
   .default_text = "1", .offset = offsetof(population_spectrum_params, bin_ms),
   .help = "bin width"},
  {.key = NULL}
};

static void count_spikes(const meso_spike_population *population, const meso_bins *bins,
                         double *count)
{
  for (int64_t k = 0; k < bins->n; k++) count[k] = 0;
  for (size_t s = 0; s < population->n_spikes; s++) {
    const int64_t k = meso_bins_index(bins, population->time_ms[s]);
    if (k != MESO_BIN_NONE) count[k]++;
  }
}

static meso_status densities(const meso_spikes *spikes, const size_t *selected, size_t n_selected,
                             const meso_bins *bins, const meso_spectral_plan *plan, double *psd,
                             double *psd_count, meso_err *err)
{
  meso_status status = MESO_OK;
  double *count = NULL, *workspace = meso_spectral_workspace(plan);
  const size_t n = meso_spectral_n_frequencies(plan);
  const double bin_s = 1e-3 * bins->width_ms;
  if (workspace == NULL) MESO_FAIL(err, MESO_ENOMEM, "cannot allocate a transform");
  MESO_ALLOC(err, count, (size_t) bins->n);
  for (size_t p = 0; p < n_selected; p++) {
    count_spikes(&spikes->population[selected[p]], bins, count);
    MESO_TRY(meso_spectral_density(plan, count, 1, workspace, psd_count + p * n, NULL, err));
    for (size_t f = 0; f < n; f++) psd[p * n + f] = psd_count[p * n + f] / (bin_s * bin_s);
  }
cleanup:
  fftw_free(workspace);
  free(count);
  return status;
}

static meso_status add_arrays(const meso_spikes *spikes, const size_t *selected, size_t n_selected,
                              const meso_spectral_plan *plan, meso_result *result, double **psd,
                              double **psd_count, meso_err *err)
{
  meso_status status = MESO_OK;
  double *frequency_Hz = NULL;
  const char **name = NULL;
  const size_t dims[2] = {n_selected, meso_spectral_n_frequencies(plan)};
  MESO_ALLOC(err, name, n_selected);
  for (size_t p = 0; p < n_selected; p++) name[p] = spikes->population[selected[p]].name;
  MESO_TRY(meso_result_add_text(result, "/population_spectrum/labels", n_selected, name, err));
  MESO_TRY(meso_result_add_in(result, "/population_spectrum", "frequency_Hz", "Hz", 1, &dims[1],
                              &frequency_Hz, err));
  meso_spectral_frequencies(plan, frequency_Hz);
  MESO_TRY(meso_result_add_in(result, "/population_spectrum", "psd", "(spikes/s)^2/Hz", 2, dims,
                              psd, err));
  MESO_TRY(meso_result_add_in(result, "/population_spectrum", "psd_count", "count^2/Hz", 2, dims,
                              psd_count, err));
cleanup:
  free(name);
  return status;
}

static meso_status population_spectrum_run(const void *params, const meso_spikes *spikes,
                                           const meso_signals *signals, int n_threads,
                                           meso_result *result, meso_err *err)
{
  meso_status status = MESO_OK;
  const population_spectrum_params *p = params;
  meso_spectral_plan *plan = NULL;
  const meso_interval_params wanted = {p->spectral.discard_ms, -INFINITY, INFINITY};
  meso_interval interval;
  meso_bins bins;
  size_t *selected = NULL, n_selected = 0;
  double *psd = NULL, *psd_count = NULL;
  (void) signals;
  (void) n_threads;
  MESO_TRY(meso_populations_select(spikes, p->populations, &selected, &n_selected, err));
  MESO_TRY(meso_interval_find(&wanted, spikes, &interval, err));
  MESO_TRY(meso_bins_make(&interval, p->bin_ms, &bins, err));
  MESO_TRY(meso_spectral_plan_create(&p->spectral, (size_t) bins.n, 1e3 / p->bin_ms, &plan, err));
  MESO_TRY(add_arrays(spikes, selected, n_selected, plan, result, &psd, &psd_count, err));
  MESO_TRY(densities(spikes, selected, n_selected, &bins, plan, psd, psd_count, err));
  meso_attrs *attrs = meso_result_group_attrs(result, "/population_spectrum");
  if (attrs == NULL) MESO_FAIL(err, MESO_ENOMEM, "cannot allocate attributes");
  MESO_TRY(meso_attrs_set_number(attrs, "bin_ms", p->bin_ms, err));
  MESO_TRY(meso_spectral_set_attributes(plan, attrs, err));
cleanup:
  meso_spectral_plan_destroy(plan);
  free(selected);
  return status;
}

const meso_analysis_ops meso_an_population_spectrum = {
  .name = "population_spectrum", .summary = "spectral density of population spike counts",
  .input = MESO_INPUT_SPIKES, .params = population_spectrum_rows,
  .params_size = sizeof(population_spectrum_params), .run = population_spectrum_run,
  .takes = "spikes",
  .formulas = formulas,
  .axes = axes
};
