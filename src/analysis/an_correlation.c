/* an_correlation.c: covariance and correlation coefficient of binned spike counts, all pairs.
 *
 * With x_i[k] the count of neuron i in bin k of L (rule in meso_binning.h) and N_i = sum_k x_i[k]:
 *   covariance  C_ij = (sum_k x_i x_j - N_i N_j / L) / (L - 1)     (count^2)
 *   coefficient r_ij = C_ij / sqrt(C_ii C_jj)                      (NaN where a count never varies)
 * Only occupied bins are visited and the sums are integers, so the result is exact up to its last
 * division and independent of the number of threads.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "meso_analysis.h"
#include "meso_binning.h"

#define N_HISTOGRAM 200 /* bins of width 0.01 over [-1, 1] */

typedef struct correlation_params {
  char *populations;
  meso_interval_params interval;
  double bin_ms, memory_limit_GB;
  int64_t max_neurons;
  bool drop_silent;
} correlation_params;

static const meso_param correlation_rows[] = {
  {.key = "bin_ms", .type = MESO_PARAM_DOUBLE, .unit = "ms", .min = 0, .max = 1e9, .min_open = true,
   .default_text = "5", .offset = offsetof(correlation_params, bin_ms), .help = "bin width"},
  {.key = "populations", .type = MESO_PARAM_STRING, .unit = "", .default_text = "",
   .offset = offsetof(correlation_params, populations),
   .help = "populations, separated by commas; empty: all"},
  {.key = "max_neurons", .type = MESO_PARAM_INT, .unit = "1", .min = 0, .max = 1e9,
   .default_text = "0", .offset = offsetof(correlation_params, max_neurons),
   .help = "neurons taken from each population, the first ones; 0: all"},
  MESO_INTERVAL_ROWS(correlation_params, interval),
  {.key = "drop_silent", .type = MESO_PARAM_BOOL, .unit = "", .default_text = "false",
   .offset = offsetof(correlation_params, drop_silent),
   .help = "of the neurons that max_neurons takes, leave out those without a spike"},
  {.key = "memory_limit_GB", .type = MESO_PARAM_DOUBLE, .unit = "GB", .min = 0, .max = 1e6,
   .min_open = true, .default_text = "4", .offset = offsetof(correlation_params, memory_limit_GB),
   .help = "refuse matrices that need more memory"},
  {.key = NULL}
};

typedef struct entry { uint32_t row; uint32_t count; } entry;
typedef struct place { int64_t bin; uint32_t count; } place;

/* Counts of the chosen neurons, sparse, by bin and by neuron. */
typedef struct counts {
  meso_interval interval;
  meso_bins bins;
  size_t n, n_populations;
  size_t *selected;   /* populations */
  size_t *first_row;  /* n_populations + 1: rows of each population */
  uint32_t *id;       /* row -> neuron in its population */
  size_t *by_row;     /* n + 1 */
  place *place;       /* row by row: occupied bins, ascending */
  size_t *slot;       /* of each place: its entry in `entry` */
  size_t *by_bin;     /* bins.n + 1 */
  entry *entry;       /* bin by bin: rows, ascending */
  double *total;      /* row -> N_i */
} counts;

static void counts_clear(counts *c)
{
  free(c->selected); free(c->first_row); free(c->id); free(c->by_row); free(c->place);
  free(c->slot); free(c->by_bin); free(c->entry); free(c->total);
}

static bool in_bins(const counts *c, const meso_spike_population *p, uint32_t spike)
{
  return meso_bins_index(&c->bins, p->time_ms[spike]) != MESO_BIN_NONE;
}

/* Neurons of a population among which silent ones are looked for: the first max_neurons. Which
 * ones fire must not decide who is looked at: the sample would be one of active cells. */
static size_t taken(const correlation_params *params, const meso_spike_population *p)
{
  const uint64_t most = (uint64_t) params->max_neurons;
  return (size_t) (most > 0 && most < p->size ? most : p->size);
}

/* Chooses the neurons of one population and appends their places. */
static meso_status add_population(counts *c, const meso_spike_population *p,
                                  const correlation_params *params, meso_err *err)
{
  meso_status status = MESO_OK;
  size_t *first = NULL, n_place = c->by_row[c->n];
  const size_t n_taken = taken(params, p);
  uint32_t *spike = NULL;
  MESO_TRY(meso_spikes_by_neuron(p, &first, &spike, err));
  for (size_t i = 0; i < n_taken; i++) {
    const size_t before = n_place;
    double total = 0;
    for (size_t s = first[i]; s < first[i + 1]; s++) {
      if (!in_bins(c, p, spike[s])) continue;
      const int64_t bin = meso_bins_index(&c->bins, p->time_ms[spike[s]]);
      if (n_place == before || c->place[n_place - 1].bin != bin)
        c->place[n_place++] = (place) {.bin = bin, .count = 0};
      c->place[n_place - 1].count++;
      total++;
    }
    if (params->drop_silent && n_place == before) continue;
    c->id[c->n] = (uint32_t) i;
    c->total[c->n] = total;
    c->by_row[++c->n] = n_place;
  }
cleanup:
  free(first);
  free(spike);
  return status;
}

/* Transposes places (by row) into entries (by bin). */
static meso_status transpose(counts *c, meso_err *err)
{
  meso_status status = MESO_OK;
  const size_t n_place = c->by_row[c->n];
  size_t *next = NULL;
  MESO_ALLOC(err, c->by_bin, (size_t) c->bins.n + 1);
  MESO_ALLOC(err, next, (size_t) c->bins.n + 1);
  MESO_ALLOC(err, c->entry, n_place);
  MESO_ALLOC(err, c->slot, n_place);
  for (size_t k = 0; k < n_place; k++) c->by_bin[c->place[k].bin + 1]++;
  for (int64_t b = 0; b < c->bins.n; b++) c->by_bin[b + 1] += c->by_bin[b];
  memcpy(next, c->by_bin, ((size_t) c->bins.n + 1) * sizeof *next);
  for (size_t i = 0; i < c->n; i++)
    for (size_t k = c->by_row[i]; k < c->by_row[i + 1]; k++) {
      c->slot[k] = next[c->place[k].bin]++;
      c->entry[c->slot[k]] = (entry) {.row = (uint32_t) i, .count = c->place[k].count};
    }
cleanup:
  free(next);
  return status;
}

static meso_status counts_make(const correlation_params *p, const meso_spikes *spikes, counts *c,
                               meso_err *err)
{
  meso_status status = MESO_OK;
  size_t n = 0, n_spikes = 0;
  MESO_TRY(meso_interval_find(&p->interval, spikes, &c->interval, err));
  MESO_TRY(meso_bins_make(&c->interval, p->bin_ms, &c->bins, err));
  if (c->bins.n < 2)
    MESO_FAIL(err, MESO_ERANGE, "bin_ms %g ms: there are fewer than two such bins from %g to %g ms",
              p->bin_ms, c->interval.start_ms, c->interval.stop_ms);
  MESO_TRY(meso_populations_select(spikes, p->populations, &c->selected, &c->n_populations, err));
  for (size_t s = 0; s < c->n_populations; s++) {
    const meso_spike_population *population = &spikes->population[c->selected[s]];
    n += taken(p, population);
    n_spikes += population->n_spikes;
  }
  MESO_ALLOC(err, c->first_row, c->n_populations + 1);
  MESO_ALLOC(err, c->id, n);
  MESO_ALLOC(err, c->total, n);
  MESO_ALLOC(err, c->by_row, n + 1);
  MESO_ALLOC(err, c->place, n_spikes);
  for (size_t s = 0; s < c->n_populations; s++) {
    MESO_TRY(add_population(c, &spikes->population[c->selected[s]], p, err));
    c->first_row[s + 1] = c->n;
  }
  const double need_GB = 16e-9 * (double) c->n * (double) c->n;
  if (need_GB > p->memory_limit_GB)
    MESO_FAIL(err, MESO_ERANGE, "correlations of %zu neurons need %.3g GB, allowed are "
              "memory_limit_GB = %g GB: choose fewer populations or set max_neurons",
              c->n, need_GB, p->memory_limit_GB);
  MESO_TRY(transpose(c, err));
cleanup:
  return status;
}

/* Upper triangle of X X^T; a row belongs to one thread. */
static void products(const counts *c, int n_threads, double *sum)
{
#pragma omp parallel for schedule(dynamic, 16) num_threads(n_threads)
  for (size_t i = 0; i < c->n; i++) {
    double *row = sum + i * c->n;
    for (size_t k = c->by_row[i]; k < c->by_row[i + 1]; k++) {
      const double x = c->place[k].count;
      const size_t end = c->by_bin[c->place[k].bin + 1];
      for (size_t e = c->slot[k]; e < end; e++) row[c->entry[e].row] += x * c->entry[e].count;
    }
  }
}

/* Sums of products to covariances (in place) and coefficients, both halves. */
static void normalise(const counts *c, int n_threads, double *covariance, double *coefficient)
{
  const size_t n = c->n;
  const double L = (double) c->bins.n;
#pragma omp parallel for schedule(dynamic, 16) num_threads(n_threads)
  for (size_t i = 0; i < n; i++)
    for (size_t j = i; j < n; j++) {
      const double x = covariance[i * n + j] - c->total[i] * c->total[j] / L;
      covariance[i * n + j] = x / (L - 1);
    }
#pragma omp parallel for schedule(dynamic, 16) num_threads(n_threads)
  for (size_t i = 0; i < n; i++)
    for (size_t j = i; j < n; j++) {
      const double c_ii = covariance[i * n + i], c_jj = covariance[j * n + j];
      const double c_ij = covariance[i * n + j];
      const bool defined = c_ii > 0 && c_jj > 0;
      const double r = !defined ? NAN : i == j ? 1.0 : c_ij / sqrt(c_ii * c_jj);
      coefficient[i * n + j] = coefficient[j * n + i] = r;
      if (i != j) covariance[j * n + i] = c_ij;
    }
}

static meso_status add_matrix(meso_result *result, const char *path, const char *units, size_t n,
                              double **ret_data, meso_err *err)
{
  meso_status status = MESO_OK;
  meso_array *array = NULL;
  const size_t dims[2] = {n, n};
  MESO_TRY(meso_result_add(result, path, units, 2, dims, &array, err));
  *ret_data = array->data;
cleanup:
  return status;
}

static meso_status add_labels(const counts *c, const meso_spikes *spikes, meso_result *result,
                              meso_err *err)
{
  meso_status status = MESO_OK;
  enum { WIDTH = 128 };
  char *text = NULL;
  const char **label = NULL;
  MESO_ALLOC(err, text, c->n * WIDTH);
  MESO_ALLOC(err, label, c->n);
  for (size_t s = 0; s < c->n_populations; s++)
    for (size_t i = c->first_row[s]; i < c->first_row[s + 1]; i++) {
      snprintf(text + i * WIDTH, WIDTH, "%s/%lu", spikes->population[c->selected[s]].name,
               (unsigned long) c->id[i]);
      label[i] = text + i * WIDTH;
    }
  MESO_TRY(meso_result_add_text(result, "/correlation/labels", c->n, label, err));
cleanup:
  free(text);
  free(label);
  return status;
}

/* Mean, standard deviation (ddof 0) and histogram of the coefficients between rows of population a
 * and of population b (each pair once), under /correlation/<group>. */
static meso_status summarise(const counts *c, size_t a, size_t b, const double *coefficient,
                             const char *group, meso_result *result, meso_err *err)
{
  meso_status status = MESO_OK;
  double histogram[N_HISTOGRAM] = {0}, edges[N_HISTOGRAM + 1], n = 0, sum = 0, squares = 0;
  char path[600];
  for (int k = 0; k <= N_HISTOGRAM; k++) edges[k] = (2.0 * k - N_HISTOGRAM) / N_HISTOGRAM;
  for (size_t i = c->first_row[a]; i < c->first_row[a + 1]; i++)
    for (size_t j = a == b ? i + 1 : c->first_row[b]; j < c->first_row[b + 1]; j++) {
      const double r = coefficient[i * c->n + j];
      if (!isfinite(r)) continue;
      const int k = (int) floor((r + 1) * (N_HISTOGRAM / 2));
      histogram[k < 0 ? 0 : k >= N_HISTOGRAM ? N_HISTOGRAM - 1 : k]++;
      n++;
      sum += r;
      squares += r * r;
    }
  snprintf(path, sizeof path, "/correlation/%s/histogram", group);
  MESO_TRY(meso_result_add_vector(result, path, "count", N_HISTOGRAM, histogram, err));
  snprintf(path, sizeof path, "/correlation/%s/bin_edges", group);
  MESO_TRY(meso_result_add_vector(result, path, "1", N_HISTOGRAM + 1, edges, err));
  snprintf(path, sizeof path, "/correlation/%s", group);
  meso_attrs *attrs = meso_result_group_attrs(result, path);
  if (attrs == NULL) MESO_FAIL(err, MESO_ENOMEM, "cannot allocate attributes of %s", path);
  const double mean = n > 0 ? sum / n : NAN;
  if (a == b)
    MESO_TRY(meso_attrs_set_number(attrs, "n_neurons",
                                   (double) (c->first_row[a + 1] - c->first_row[a]), err));
  MESO_TRY(meso_attrs_set_number(attrs, "n_pairs", n, err));
  MESO_TRY(meso_attrs_set_number(attrs, "mean", mean, err));
  MESO_TRY(meso_attrs_set_number(attrs, "standard_deviation",
                                 sqrt(fmax(0, squares / n - mean * mean)), err));
cleanup:
  return status;
}

static meso_status set_attributes(const correlation_params *p, const counts *c,
                                  meso_result *result, meso_err *err)
{
  meso_status status = MESO_OK;
  meso_attrs *attrs = meso_result_group_attrs(result, "/correlation");
  if (attrs == NULL) MESO_FAIL(err, MESO_ENOMEM, "cannot allocate attributes");
  MESO_TRY(meso_attrs_set_number(attrs, "bin_ms", p->bin_ms, err));
  MESO_TRY(meso_attrs_set_number(attrs, "n_bins", (double) c->bins.n, err));
  MESO_TRY(meso_interval_set_attributes(&p->interval, &c->interval, attrs, err));
  MESO_TRY(meso_attrs_set_number(attrs, "n_neurons", (double) c->n, err));
  MESO_TRY(meso_attrs_set_number(attrs, "max_neurons", (double) p->max_neurons, err));
  MESO_TRY(meso_attrs_set_number(attrs, "memory_limit_GB", p->memory_limit_GB, err));
  MESO_TRY(meso_attrs_set_text(attrs, "drop_silent", p->drop_silent ? "true" : "false", err));
  MESO_TRY(meso_attrs_set_text(attrs, "binning", "floor((t - t_start) / bin + 1e-8)", err));
  MESO_TRY(meso_attrs_set_text(attrs, "covariance_ddof", "1", err));
cleanup:
  return status;
}

static meso_status correlation_run(const void *params, const meso_spikes *spikes,
                                   const meso_signals *signals, int n_threads, meso_result *result,
                                   meso_err *err)
{
  meso_status status = MESO_OK;
  counts c = {.n = 0};
  double *covariance = NULL, *coefficient = NULL;
  (void) signals;
  MESO_TRY(counts_make(params, spikes, &c, err));
  MESO_TRY(add_matrix(result, "/correlation/covariance", "count^2", c.n, &covariance, err));
  MESO_TRY(add_matrix(result, "/correlation/coefficient", "1", c.n, &coefficient, err));
  MESO_TRY(add_labels(&c, spikes, result, err));
  products(&c, n_threads, covariance);
  normalise(&c, n_threads, covariance, coefficient);
  MESO_TRY(set_attributes(params, &c, result, err));
  for (size_t a = 0; a < c.n_populations; a++)
    for (size_t b = a; b < c.n_populations; b++) {
      char group[512];
      const char *name_a = spikes->population[c.selected[a]].name;
      if (a == b) snprintf(group, sizeof group, "%s", name_a);
      else snprintf(group, sizeof group, "%s_x_%s", name_a, spikes->population[c.selected[b]].name);
      MESO_TRY(summarise(&c, a, b, coefficient, group, result, err));
    }
cleanup:
  counts_clear(&c);
  return status;
}

const meso_analysis_ops meso_an_correlation = {
  .name = "correlation", .summary = "covariance and correlation of binned spike counts, all pairs",
  .input = MESO_INPUT_SPIKES, .params = correlation_rows, .params_size = sizeof(correlation_params),
  .run = correlation_run
};
