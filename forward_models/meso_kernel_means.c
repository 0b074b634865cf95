/* meso_kernel_means.c: population means of neuron kernels, and the LFP that they give. */
#include "meso_kernel_means.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lfp_loops.h"
#include "meso_independent_lfp.h"
#include "meso_output_filter.h"
#include "meso_wiener.h"

#define NOT_FOUND ((size_t) -1)

/* ---- kernels ------------------------------------------------------------------------------ */

static meso_status add_mean(const meso_model *model, meso_result *result, meso_err *err)
{
  meso_status status = MESO_OK;
  const meso_array *k = meso_result_find(result, "/kernels/coefficient");
  const size_t dims[3] = {model->n_populations, k->dims[1], k->dims[2]};
  const size_t size = dims[1] * dims[2];
  meso_array *mean;
  MESO_TRY(meso_result_add(result, "/kernels/mean", "mV", 3, dims, &mean, err));
  k = meso_result_find(result, "/kernels/coefficient");
  for (size_t p = 0; p < dims[0]; p++) {
    const meso_population *q = &model->population[p];
    for (size_t j = 0; j < (size_t) q->size; j++)
      for (size_t i = 0; i < size; i++)
        mean->data[p * size + i] += k->data[((size_t) q->first_neuron + j) * size + i];
    for (size_t i = 0; i < size; i++) mean->data[p * size + i] /= (double) q->size;
  }
cleanup:
  return status;
}

/** Adds a pathway's filtered kernel, projected on the functions, to its source's coefficients. */
static meso_status project_pathway(const meso_result *result, const double *kernel,
                                   size_t n_channels, size_t n_lags,
                                   const meso_output_filter *filter, double *out, meso_err *err)
{
  meso_status status = MESO_OK;
  const meso_array *function = meso_result_find(result, "/kernels/function");
  const meso_array *lag = meso_result_find(result, "/kernels/lag_ms");
  const meso_attrs *attrs = meso_result_find_group(result, "/kernels");
  const long first = lround(lag->data[0] / meso_attrs_number(attrs, "kernel_dt_ms", NAN));
  const size_t F = function->dims[0], L = function->dims[1], n = n_lags + 2 * filter->half;
  double *filtered = NULL;
  MESO_ALLOC(err, filtered, n);
  for (size_t c = 0; c < n_channels; c++) {
    meso_output_filter_apply(filter, n_lags, kernel + c * n_lags, filtered);
    for (size_t f = 0; f < F; f++)
      for (size_t t = 0; t < n; t++) {
        const long at = (long) t - (long) filter->half - first;
        if (at >= 0 && at < (long) L)
          out[f * n_channels + c] += filtered[t] * function->data[f * L + (size_t) at];
      }
  }
cleanup:
  free(filtered);
  return status;
}

static meso_status add_population(const meso_model *model, const meso_result *pathways,
                                  meso_result *result, meso_err *err)
{
  meso_status status = MESO_OK;
  const meso_array *k = meso_result_find(result, "/kernels/coefficient");
  const meso_array *data = meso_result_find(pathways, "/kernels/data");
  const meso_array *source = meso_result_find(pathways, "/kernels/source");
  const meso_attrs *attrs = meso_result_find_group(result, "/kernels");
  const size_t dims[3] = {model->n_populations, k->dims[1], k->dims[2]};
  meso_output_filter filter = {0};
  meso_array *out;
  MESO_TRY(meso_output_filter_init((size_t) meso_attrs_number(attrs, "output_step", 1), &filter,
                                   err));
  MESO_TRY(meso_result_add(result, "/kernels/population_mean", "mV", 3, dims, &out, err));
  for (size_t i = 0; i < data->dims[0]; i++) {
    const size_t p = meso_model_find_population(model, source->text[i]);
    MESO_TRY(project_pathway(result, data->data + i * data->dims[1] * data->dims[2],
                             data->dims[1], data->dims[2], &filter,
                             out->data + p * dims[1] * dims[2], err));
  }
cleanup:
  meso_output_filter_clear(&filter);
  return status;
}

meso_status meso_kernel_means_add(const meso_model *model, const meso_result *pathways,
                                  meso_result *result, meso_err *err)
{
  meso_status status = MESO_OK;
  MESO_TRY(add_mean(model, result, err));
  MESO_TRY(add_population(model, pathways, result, err));
cleanup:
  return status;
}

/* ---- signals ------------------------------------------------------------------------------ */

/** Coefficients of a table (population, function, channel) as kernels of one neuron each. */
static meso_status table_kernels(const meso_neuron_kernels *k, size_t n_populations,
                                 const double *table, size_t n_functions, float **ret,
                                 meso_err *err)
{
  meso_status status = MESO_OK;
  const size_t size = k->n_functions * LFP_LANES;
  float *coefficient = NULL;
  MESO_ALLOC_ALIGNED(err, coefficient, k->n_blocks * n_populations * size); /* enough */
  for (size_t i = 0; i < n_populations * n_functions; i++)
    for (size_t c = 0; c < k->n_channels; c++)
      coefficient[(c / LFP_LANES * n_populations + i / n_functions) * size
                  + i % n_functions * LFP_LANES + c % LFP_LANES] =
        (float) table[i * k->n_channels + c];
  *ret = coefficient;
cleanup:
  return status;
}

/** One approximation: every spike counts with the kernel of its population. */
static meso_status apply_table(const meso_neuron_kernels *k, const double *table,
                               size_t n_functions, size_t n_populations, char *const *population,
                               const meso_spikes *spikes, int n_threads, meso_signal *signal,
                               meso_err *err)
{
  meso_status status = MESO_OK;
  meso_neuron_kernels mean = *k;
  meso_neuron_trains *trains = NULL;
  meso_spike_population *alike = NULL;
  uint32_t *zero = NULL;
  size_t most = 0, n = 0;
  mean.coefficient = NULL;
  mean.n_neurons = n_populations;
  mean.n_rows = k->n_channels;
  mean.n_blocks = (mean.n_rows + LFP_LANES - 1) / LFP_LANES;
  for (size_t i = 0; i < spikes->n_populations; i++)
    if (spikes->population[i].n_spikes > most) most = spikes->population[i].n_spikes;
  MESO_ALLOC(err, zero, most);
  MESO_ALLOC(err, alike, n_populations);
  MESO_ALLOC(err, trains, n_populations);
  MESO_TRY(table_kernels(k, n_populations, table, n_functions, &mean.coefficient, err));
  for (size_t p = 0; p < n_populations; p++) {
    const size_t at = meso_spikes_find(spikes, population[p]);
    if (at == NOT_FOUND) continue;
    alike[n] = spikes->population[at];
    alike[n].id = zero;
    alike[n].size = 1;
    trains[n] = (meso_neuron_trains) {&alike[n], p};
    n++;
  }
  MESO_TRY(meso_neuron_kernels_apply_all(&mean, n, trains, signal->t_start_ms, signal->n_times,
                                         n_threads, signal->data, NULL, err));
cleanup:
  free(trains);
  free(alike);
  free(zero);
  free(mean.coefficient);
  return status;
}

/** Mean over the spikes before a time, population by population; where there are none, over the
 *  neurons. */
static meso_status weigh_by_rates(const meso_array *k, size_t n_populations,
                                  char *const *population, const double *size,
                                  const meso_spikes *spikes, double until_ms, double **ret,
                                  meso_err *err)
{
  meso_status status = MESO_OK;
  const size_t width = k->dims[1] * k->dims[2];
  double *table = NULL, *weight = NULL;
  size_t first = 0;
  MESO_ALLOC(err, table, n_populations * width);
  for (size_t p = 0; p < n_populations; first += (size_t) size[p++]) {
    const size_t at = meso_spikes_find(spikes, population[p]), n = (size_t) size[p];
    double total = 0;
    free(weight);
    MESO_ALLOC(err, weight, n);
    for (size_t s = 0; at != NOT_FOUND && s < spikes->population[at].n_spikes; s++)
      if (spikes->population[at].time_ms[s] < until_ms) {
        weight[spikes->population[at].id[s]]++;
        total++;
      }
    for (size_t j = 0; j < n; j++) {
      const double w = total > 0 ? weight[j] / total : 1 / (double) n;
      for (size_t i = 0; w > 0 && i < width; i++)
        table[p * width + i] += w * k->data[(first + j) * width + i];
    }
  }
  *ret = table;
  table = NULL;
cleanup:
  free(table);
  free(weight);
  return status;
}

static meso_status add_signal(const char *name, const char *doc, meso_signals *signals,
                              meso_signal **ret, meso_err *err)
{
  meso_status status = MESO_OK;
  const meso_signal *lfp = meso_signals_find(signals, "lfp");
  MESO_TRY(meso_signals_add(signals, name, "mV", lfp->n_times, lfp->n_channels,
                            lfp->sampling_rate_Hz, lfp->t_start_ms, ret, err));
  lfp = meso_signals_find(signals, "lfp");
  MESO_ALLOC(err, (*ret)->position_um, 3 * lfp->n_channels);
  memcpy((*ret)->position_um, lfp->position_um, 3 * lfp->n_channels * sizeof(double));
  MESO_TRY(meso_attrs_set_text(&(*ret)->attrs, "doc", doc, err));
cleanup:
  return status;
}

/** A population's spikes at the samples of the LFP, through its filter. */
static meso_status sample_rate(const meso_neuron_kernels *k, const meso_spike_population *spikes,
                               double start_ms, size_t n, double *rate, meso_err *err)
{
  meso_status status = MESO_OK;
  meso_output_filter filter = {0};
  const size_t n_steps = n * k->factor;
  double *count = NULL, *filtered = NULL;
  MESO_TRY(meso_output_filter_init(k->factor, &filter, err));
  MESO_ALLOC(err, count, n_steps);
  MESO_ALLOC(err, filtered, n_steps + 2 * filter.half);
  for (size_t s = 0; s < spikes->n_spikes; s++) {
    const double step = rint((spikes->time_ms[s] - start_ms) / k->dt_ms);
    if (step >= 0 && step < (double) n_steps) count[(size_t) step]++;
  }
  meso_output_filter_apply(&filter, n_steps, count, filtered);
  for (size_t t = 0; t < n; t++) rate[t] = filtered[t * k->factor + filter.half];
cleanup:
  meso_output_filter_clear(&filter);
  free(count);
  free(filtered);
  return status;
}

/** Wiener kernels of the populations' rates; records that are too short to fit them have none. */
static meso_status apply_wiener(const meso_neuron_kernels *k, size_t n_populations,
                                char *const *population, const meso_spikes *spikes,
                                double until_ms, int n_threads, meso_signals *signals,
                                meso_err *err)
{
  meso_status status = MESO_OK;
  const meso_signal *lfp = meso_signals_find(signals, "lfp");
  const size_t n_fit = lfp->n_times / 2;
  meso_signal *signal;
  double *rate = NULL;
  char name[512];
  if (n_fit < MESO_WIENER_SEGMENT) return MESO_OK;
  MESO_TRY(add_signal(MESO_APPROXIMATION_HEAD "wiener_kernel", "population rates, each with the "
                      "filter that best gives its population's part of the LFP before "
                      "weights_until_ms", signals, &signal, err));
  MESO_TRY(meso_attrs_set_number(&signal->attrs, "weights_until_ms", until_ms, err));
  MESO_ALLOC(err, rate, signal->n_times);
  for (size_t p = 0; p < n_populations; p++) {
    const size_t at = meso_spikes_find(spikes, population[p]);
    (void) snprintf(name, sizeof name, "lfp_from_%s", population[p]);
    const meso_signal *part = meso_signals_find(signals, name);
    if (at == NOT_FOUND || part == NULL) continue;
    MESO_TRY(sample_rate(k, &spikes->population[at], signal->t_start_ms, signal->n_times, rate,
                         err));
    MESO_TRY(meso_wiener_add(signal->n_times, rate, signal->n_channels, part->data, n_fit,
                             n_threads, signal->data, err));
  }
cleanup:
  free(rate);
  return status;
}

/** Exact LFP of the spikes less what the mean kernels make of them. */
static meso_status add_deviation(const meso_neuron_kernels *k, const meso_array *mean,
                                 size_t n_populations, char *const *population, const double *size,
                                 const meso_spikes *spikes, int n_threads, meso_signal *out,
                                 meso_err *err)
{
  meso_status status = MESO_OK;
  const size_t n = out->n_times * out->n_channels;
  size_t first = 0;
  meso_signal by_mean = *out;
  MESO_ALLOC(err, by_mean.data, n);
  MESO_TRY(apply_table(k, mean->data, mean->dims[1], n_populations, population, spikes, n_threads,
                       &by_mean, err));
  for (size_t p = 0; p < n_populations; first += (size_t) size[p++]) {
    const size_t at = meso_spikes_find(spikes, population[p]);
    if (at == NOT_FOUND) continue;
    MESO_TRY(meso_neuron_kernels_apply(k, &spikes->population[at], first, out->t_start_ms,
                                       out->n_times, n_threads, out->data, NULL, err));
  }
  for (size_t i = 0; i < n; i++) out->data[i] -= by_mean.data[i];
cleanup:
  free(by_mean.data);
  return status;
}

/** MESO_INDEPENDENT_ERROR: twice the deviations of neurons with a plus, less those of all. */
static meso_status add_independent_error(const meso_neuron_kernels *k, const meso_array *mean,
                                         size_t n_populations, char *const *population,
                                         const double *size, const meso_spikes *spikes,
                                         int n_threads, meso_signals *signals, meso_err *err)
{
  meso_status status = MESO_OK;
  char name[512];
  meso_spikes plus = *spikes;
  meso_signal *error;
  MESO_ALLOC(err, plus.population, spikes->n_populations);
  MESO_TRY(add_signal(MESO_INDEPENDENT_ERROR, "what lfp_by_mean_kernel would miss if the same "
                      "trains were unrelated: deviations of the neurons' kernels from the mean, "
                      "each with a sign drawn", signals, &error, err));
  for (size_t p = 0; p < spikes->n_populations; p++)
    MESO_TRY(meso_random_signs_select(&spikes->population[p],
                                      (meso_sign_draw) {.population = (uint32_t) p},
                                      &plus.population[p], err));
  MESO_TRY(add_deviation(k, mean, n_populations, population, size, &plus, n_threads, error, err));
  const size_t n = error->n_times * error->n_channels;
  const meso_signal *by_mean = meso_signals_find(signals, MESO_APPROXIMATION_HEAD "mean_kernel");
  for (size_t i = 0; i < n; i++) error->data[i] = 2 * error->data[i] + by_mean->data[i];
  for (size_t p = 0; p < n_populations; p++) {
    (void) snprintf(name, sizeof name, "lfp_from_%s", population[p]);
    const meso_signal *part = meso_signals_find(signals, name);
    for (size_t i = 0; part != NULL && i < n; i++) error->data[i] -= part->data[i];
  }
cleanup:
  for (size_t p = 0; plus.population != NULL && p < spikes->n_populations; p++) {
    free(plus.population[p].time_ms);
    free(plus.population[p].id);
  }
  free(plus.population);
  return status;
}

meso_status meso_kernel_means_apply(const meso_result *result, const meso_neuron_kernels *kernels,
                                    size_t n_populations, char *const *population,
                                    const double *size, const meso_spikes *spikes, int n_threads,
                                    meso_signals *signals, meso_err *err)
{
  meso_status status = MESO_OK;
  const meso_array *k = meso_result_find(result, "/kernels/coefficient");
  const meso_array *mean = meso_result_find(result, "/kernels/mean");
  const meso_array *without = meso_result_find(result, "/kernels/population_mean");
  const double until_ms = (spikes->t_start_ms + spikes->t_stop_ms) / 2;
  double *weighted = NULL;
  meso_signal *signal;
  if (mean == NULL || without == NULL) return MESO_OK;
  if (meso_array_count(mean) != n_populations * k->dims[1] * k->dims[2]
      || meso_array_count(without) != meso_array_count(mean) || mean->data == NULL
      || without->data == NULL)
    MESO_FAIL(err, MESO_EFORMAT, "kernel file: /kernels/mean or population_mean do not fit");
  MESO_TRY(weigh_by_rates(k, n_populations, population, size, spikes, until_ms, &weighted, err));
  const struct { const char *name, *doc; const double *table; } row[] = {
    {MESO_APPROXIMATION_HEAD "mean_kernel", "population rates with the mean of the neurons' "
     "kernels", mean->data},
    {MESO_APPROXIMATION_HEAD "rate_weighted_kernel", "population rates with the mean of the "
     "neurons' kernels, weighted by their spikes before weights_until_ms", weighted},
    {MESO_APPROXIMATION_HEAD "population_kernel", "population rates with kernels that do not know "
     "the wiring: one representative cell a type, mean degrees and delays", without->data}};
  for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
    MESO_TRY(add_signal(row[i].name, row[i].doc, signals, &signal, err));
    MESO_TRY(meso_attrs_set_number(&signal->attrs, "weights_until_ms", until_ms, err));
    MESO_TRY(apply_table(kernels, row[i].table, k->dims[1], n_populations, population, spikes,
                         n_threads, signal, err));
  }
  MESO_TRY(apply_wiener(kernels, n_populations, population, spikes, until_ms, n_threads, signals,
                        err));
  MESO_TRY(add_independent_error(kernels, mean, n_populations, population, size, spikes, n_threads,
                                 signals, err));
cleanup:
  free(weighted);
  return status;
}
