/* an_correlation.c: covariance and correlation coefficient of binned spike counts, all pairs.
 *
 * With x_i[k] the count of neuron i in bin k of L (rule in meso_binning.h) and N_i = sum_k x_i[k]:
 *   covariance  C_ij = (sum_k x_i x_j - N_i N_j / L) / (L - 1)     (count^2)
 *   coefficient r_ij = C_ij / sqrt(C_ii C_jj)                      (NaN where a count never varies)
 * Only occupied bins are visited and the sums are integers, so the result is exact up to its last
 * division and independent of the number of threads. Summaries of all pairs, which need no matrix:
 * correlation_summary.c.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "meso_analysis.h"
#include "correlation_counts.h"

static const meso_formula formulas[] = {
  {"covariance",
   "C_ij = (sum_k x_i[k] x_j[k] - N_i N_j / L) / (L - 1), x_i[k] the counts in L bins, "
   "N_i their sum",
   "Perkel, Gerstein & Moore 1967, Biophys. J. 7:419, doi 10.1016/S0006-3495(67)86597-4"},
  {"coefficient", "C_ij / sqrt(C_ii C_jj)",
   "Cohen & Kohn 2011, Nat. Neurosci. 14:811, doi 10.1038/nn.2842"},
  {NULL, NULL, NULL}
};

static const meso_array_axes axes[] = {
  {"covariance,coefficient", "labels,labels"},
  {"histogram", "bin_edges"},
  {"distance_n_pairs,distance_mean,distance_standard_deviation", "distance_edges_um"},
  {NULL, NULL}
};

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
  {.key = "binary", .type = MESO_PARAM_BOOL, .unit = "", .default_text = "false",
   .offset = offsetof(correlation_params, binary), .help = "count a bin with any spikes as 1"},
  {.key = "summary", .type = MESO_PARAM_BOOL, .unit = "", .default_text = "false",
   .offset = offsetof(correlation_params, summary),
   .help = "histograms and dependence on distance only, no matrices: for any number of neurons"},
  {.key = "triangle", .type = MESO_PARAM_BOOL, .unit = "", .default_text = "false",
   .offset = offsetof(correlation_params, triangle),
   .help = "the coefficients of all pairs i < j alone, in single precision, instead of matrices: "
           "an eighth of the memory in files, a quarter at work, and faster"},
  {.key = "histogram_bins", .type = MESO_PARAM_INT, .unit = "1", .min = 2, .max = 1e6,
   .default_text = "200", .offset = offsetof(correlation_params, histogram_bins),
   .help = "bins of the histograms over -1 to 1"},
  {.key = "distance_bin_um", .type = MESO_PARAM_DOUBLE, .unit = "um", .min = 0, .max = 1e9,
   .min_open = true, .default_text = "100", .offset = offsetof(correlation_params, distance_bin_um),
   .help = "width of the classes of distance, where neurons have places"},
  {.key = "memory_limit_GB", .type = MESO_PARAM_DOUBLE, .unit = "GB", .min = 0, .max = 1e6,
   .min_open = true, .default_text = "4", .offset = offsetof(correlation_params, memory_limit_GB),
   .help = "refuse matrices that need more memory"},
  {.key = NULL}
};

/* Upper triangle of X X^T; a row belongs to one thread. */
static void products(const correlation_counts *c, int n_threads, double *sum)
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
static void normalise(const correlation_counts *c, int n_threads, double *covariance,
                      double *coefficient)
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

static meso_status add_triangle(meso_result *result, size_t n, double **ret_data, meso_err *err)
{
  meso_status status = MESO_OK;
  meso_array *array = NULL;
  const size_t n_pairs = n > 0 ? n * (n - 1) / 2 : 0;
  MESO_TRY(meso_result_add(result, "/correlation/coefficient_triangle", "1", 1, &n_pairs, &array,
                           err));
  array->single_precision = true;
  *ret_data = array->data;
cleanup:
  return status;
}

static meso_status add_labels(const correlation_counts *c, const meso_spikes *spikes,
                              meso_result *result, meso_err *err)
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

static meso_status set_attributes(const correlation_params *p, const correlation_counts *c,
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
  MESO_TRY(meso_attrs_set_text(attrs, "binary", p->binary ? "true" : "false", err));
  MESO_TRY(meso_attrs_set_number(attrs, "distance_bin_um", p->distance_bin_um, err));
  MESO_TRY(meso_attrs_set_text(attrs, "binning", "floor((t - t_start) / bin + 1e-8)", err));
  MESO_TRY(meso_attrs_set_text(attrs, "covariance_ddof", "1", err));
cleanup:
  return status;
}

static meso_status check_memory(const correlation_params *p, const correlation_counts *c,
                                meso_err *err)
{
  meso_status status = MESO_OK;
  const double need_GB = (p->triangle ? 4e-9 : 16e-9) * (double) c->n * (double) c->n;
  if (need_GB > p->memory_limit_GB)
    MESO_FAIL(err, MESO_ERANGE, "correlations of %zu neurons need %.3g GB, allowed are "
              "memory_limit_GB = %g GB: %schoose fewer populations, set max_neurons, keep "
              "summaries only (--summary), or raise the limit", c->n, need_GB, p->memory_limit_GB,
              p->triangle ? "" : "keep the upper triangle in single precision, a quarter of that "
              "(--triangle), ");
cleanup:
  return status;
}

static meso_status correlation_run(const void *params, const meso_spikes *spikes,
                                   const meso_signals *signals, int n_threads, meso_result *result,
                                   meso_err *err)
{
  meso_status status = MESO_OK;
  correlation_counts c = {.n = 0};
  const correlation_params *p = params;
  double *covariance = NULL, *coefficient = NULL, *triangle = NULL;
  (void) signals;
  if (p->summary && p->triangle)
    MESO_FAIL(err, MESO_EINVAL, "summary and triangle exclude each other");
  MESO_TRY(correlation_counts_make(params, spikes, &c, err));
  if (!p->summary) MESO_TRY(check_memory(p, &c, err));
  if (p->triangle) {
    MESO_TRY(add_triangle(result, c.n, &triangle, err));
    MESO_TRY(add_labels(&c, spikes, result, err));
  } else if (!p->summary) {
    const size_t square[2] = {c.n, c.n};
    MESO_TRY(meso_result_add_in(result, "/correlation", "covariance", "count^2", 2, square,
                                &covariance, err));
    MESO_TRY(meso_result_add_in(result, "/correlation", "coefficient", "1", 2, square, &coefficient,
                                err));
    MESO_TRY(add_labels(&c, spikes, result, err));
    products(&c, n_threads, covariance);
    normalise(&c, n_threads, covariance, coefficient);
  }
  MESO_TRY(set_attributes(params, &c, result, err));
  MESO_TRY(correlation_summarise(p, &c, spikes, triangle, n_threads, result, err));
cleanup:
  correlation_counts_clear(&c);
  return status;
}

const meso_analysis_ops meso_an_correlation = {
  .name = "correlation", .summary = "covariance and correlation of binned spike counts, all pairs",
  .input = MESO_INPUT_SPIKES, .params = correlation_rows, .params_size = sizeof(correlation_params),
  .run = correlation_run,
  .takes = "spikes",
  .formulas = formulas,
  .axes = axes
};
