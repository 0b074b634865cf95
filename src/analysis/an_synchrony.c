/* an_synchrony.c: how much the neurons of a population fire together, from counts x_i[k] in bins.
 * Variances have ddof 0. NaN where nothing fires or nothing varies. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "meso_analysis.h"
#include "meso_trains.h"

static const meso_formula formulas[] = {
  {"rate_Hz", "mean over neurons of the counts x_i[k], over the bin width",
   "Gerstner et al. 2014, Neuronal Dynamics, section 7.2"},
  {"chi", "sqrt(var_k(mean_i x_i) / mean_i(var_k x_i)): 1 / sqrt(N) for N independent neurons, "
   "1 for identical ones",
   "Golomb & Rinzel 1993, Phys. Rev. E 48:4810, doi 10.1103/PhysRevE.48.4810"},
  {"population_fano", "var_k(sum_i x_i) / mean_k(sum_i x_i): 1 for independent Poisson neurons",
   "Brunel 2000, J. Comput. Neurosci. 8:183, doi 10.1023/A:1008925309027 (activity of a "
   "population of independent neurons)"},
  {"fano_across_neurons", "variance over mean, across neurons, of their spike counts",
   "Fano 1947, Phys. Rev. 72:26, doi 10.1103/PhysRev.72.26"},
  {NULL, NULL, NULL}
};

typedef struct synchrony_params {
  meso_trains_params trains;
  double bin_ms;
} synchrony_params;

static const meso_param synchrony_rows[] = {
  {.key = "bin_ms", .type = MESO_PARAM_DOUBLE, .unit = "ms", .min = 0, .max = 1e9, .min_open = true,
   .default_text = "5", .offset = offsetof(synchrony_params, bin_ms), .help = "bin width"},
  MESO_TRAINS_ROWS(synchrony_params, trains, "0"),
  {.key = NULL}
};

/* Sums over the neurons of one population. */
typedef struct totals { double variance, counts, squared_counts; } totals;

/* Adds the counts of a train to sum, and its variance over bins: bins in which it is silent count
 * by their number alone. */
static void add_train(const meso_trains *t, size_t train, const meso_bins *bins, double *sum,
                      totals *x)
{
  const double n = (double) bins->n, n_all = (double) meso_trains_count(t, train);
  double total = 0, squares = 0;
  for (size_t s = t->first[train]; s < t->first[train + 1];) {
    const int64_t k = meso_bins_index(bins, t->time_ms[s]);
    double count = 0;
    for (; s < t->first[train + 1] && meso_bins_index(bins, t->time_ms[s]) == k; s++) count++;
    if (k == MESO_BIN_NONE) continue;
    sum[k] += count;
    total += count;
    squares += count * count;
  }
  x->variance += squares / n - total / n * (total / n);
  x->counts += n_all;
  x->squared_counts += n_all * n_all;
}

static void mean_and_variance(size_t n, const double *x, double *mean, double *variance)
{
  *mean = *variance = 0;
  for (size_t i = 0; i < n; i++) *mean += x[i] / (double) n;
  for (size_t i = 0; i < n; i++) *variance += (x[i] - *mean) * (x[i] - *mean) / (double) n;
}

static double ratio(double a, double b) { return b > 0 ? a / b : NAN; }

static meso_status population_synchrony(const meso_trains *t, size_t p, const char *name,
                                        const meso_bins *bins, meso_result *result, meso_err *err)
{
  meso_status status = MESO_OK;
  const size_t n_bins = (size_t) bins->n;
  const double n = (double) (t->first_row[p + 1] - t->first_row[p]);
  double *sum = NULL, mean = 0, variance = 0;
  totals x = {0};
  meso_array *array = NULL;
  char path[500];
  MESO_ALLOC(err, sum, n_bins);
  for (size_t i = t->first_row[p]; i < t->first_row[p + 1]; i++) add_train(t, i, bins, sum, &x);
  mean_and_variance(n_bins, sum, &mean, &variance);
  snprintf(path, sizeof path, "/synchrony/%s/rate_Hz", name);
  MESO_TRY(meso_result_add(result, path, "Hz", 1, &n_bins, &array, err));
  for (size_t k = 0; k < n_bins; k++)
    array->data[k] = n > 0 ? sum[k] / n / (1e-3 * bins->width_ms) : NAN;
  snprintf(path, sizeof path, "/synchrony/%s", name);
  meso_attrs *attrs = meso_result_group_attrs(result, path);
  if (attrs == NULL) MESO_FAIL(err, MESO_ENOMEM, "cannot allocate attributes of %s", path);
  const double spread = x.squared_counts / n - x.counts / n * (x.counts / n);
  MESO_TRY(meso_attrs_set_number(attrs, "n_neurons", n, err));
  MESO_TRY(meso_attrs_set_number(attrs, "chi", sqrt(ratio(variance / n, x.variance)), err));
  MESO_TRY(meso_attrs_set_number(attrs, "chi_independent", 1 / sqrt(n), err));
  MESO_TRY(meso_attrs_set_number(attrs, "population_fano", ratio(variance, mean), err));
  MESO_TRY(meso_attrs_set_number(attrs, "fano_across_neurons", ratio(spread, x.counts / n), err));
cleanup:
  free(sum);
  return status;
}

static meso_status synchrony_run(const void *params, const meso_spikes *spikes,
                                 const meso_signals *signals, int n_threads, meso_result *result,
                                 meso_err *err)
{
  meso_status status = MESO_OK;
  const synchrony_params *p = params;
  meso_trains t = {.n = 0};
  meso_bins bins;
  (void) signals;
  (void) n_threads;
  MESO_TRY(meso_trains_make(&p->trains, spikes, &t, err));
  MESO_TRY(meso_bins_make(&t.interval, p->bin_ms, &bins, err));
  for (size_t i = 0; i < t.n_populations; i++)
    MESO_TRY(population_synchrony(&t, i, spikes->population[t.selected[i]].name, &bins, result,
                                  err));
  meso_attrs *attrs = meso_result_group_attrs(result, "/synchrony");
  if (attrs == NULL) MESO_FAIL(err, MESO_ENOMEM, "cannot allocate attributes");
  MESO_TRY(meso_attrs_set_number(attrs, "bin_ms", p->bin_ms, err));
  MESO_TRY(meso_attrs_set_number(attrs, "n_bins", (double) bins.n, err));
  MESO_TRY(meso_trains_set_attributes(&p->trains, &t, attrs, err));
cleanup:
  meso_trains_clear(&t);
  return status;
}

const meso_analysis_ops meso_an_synchrony = {
  .name = "synchrony", .summary = "population rates, synchrony index and population Fano factor",
  .input = MESO_INPUT_SPIKES, .params = synchrony_rows, .params_size = sizeof(synchrony_params),
  .run = synchrony_run,
  .takes = "spikes",
  .formulas = formulas
};
