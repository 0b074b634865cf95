/* an_distributions.c: how intervals between spikes and spike counts are distributed, by population,
 * each beside what Poisson trains of the same neurons' rates would show: a mixture, so that rates
 * that differ between neurons do not pass for irregular spiking.
 *
 * Densities of intervals are shares of all intervals, also of those outside the classes (n_below,
 * n_above), over the width of the class. The last class of counts holds all counts from max_count
 * on. Variances have ddof 0. NaN where there is no interval, window or spike: `reason` says why by
 * window, in the codes of enum reason, and `undefined` in words.
 */
#include <gsl/gsl_cdf.h>
#include <gsl/gsl_randist.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "meso_analysis.h"
#include "meso_trains.h"

static const meso_formula formulas[] = {
  {"isi_pooled", "share of a population's intervals in a class, over its width",
   "Perkel, Gerstein & Moore 1967, Biophys. J. 7:391, doi 10.1016/S0006-3495(67)86596-2"},
  {"isi_mean", "mean over neurons of the same of each neuron's intervals",
   "Perkel, Gerstein & Moore 1967, doi 10.1016/S0006-3495(67)86596-2"},
  {"isi_poisson",
   "mean over intervals of (e^(-a / m) - e^(-b / m)) / (b - a), class a to b, m the neuron's mean "
   "interval", "Cox & Lewis 1966, The Statistical Analysis of Series of Events, chapter 2"},
  {"count_share", "share of a population's windows with a count",
   "Nawrot et al. 2008, J. Neurosci. Methods 169:374, doi 10.1016/j.jneumeth.2007.10.013"},
  {"count_poisson", "mean over neurons of e^(-m) m^k / k!, m the mean count of the neuron",
   "Cox & Lewis 1966, The Statistical Analysis of Series of Events, chapter 2"},
  {"fano", "mean over neurons of var(c) / mean(c), var with ddof 0, c the counts in whole windows",
   "Nawrot et al. 2008, doi 10.1016/j.jneumeth.2007.10.013"},
  {"fano_poisson", "(n - 1) / n, n windows: its mean for Poisson trains, given their counts",
   "Cox & Lewis 1966, The Statistical Analysis of Series of Events, section 6.3"},
  {NULL, NULL, NULL}
};

static const meso_array_axes axes[] = {
  {"isi_pooled,isi_mean,isi_poisson", "isi_edges_ms"},
  {"count_share,count_poisson", "window_ms,count"},
  {"fano,fano_poisson,reason", "window_ms"},
  {NULL, NULL}
};

enum { LINEAR, LOG };
enum reason { DEFINED, NO_WINDOW, ONE_WINDOW, SILENT };
#define REASON_TEXT "0 defined, 1 no whole window in the recording: no counts, 2 one window: no " \
  "Fano factor, 3 no spike in any window: no Fano factor"

typedef struct distributions_params {
  meso_trains_params trains;
  int64_t isi_bins, max_count;
  double isi_min_ms, isi_max_ms;
  int isi_spacing;
  meso_doubles windows_ms;
} distributions_params;

static const meso_param distributions_rows[] = {
  {.key = "isi_bins", .type = MESO_PARAM_INT, .unit = "1", .min = 1, .max = 1e6,
   .default_text = "60", .offset = offsetof(distributions_params, isi_bins),
   .help = "classes of intervals"},
  {.key = "isi_min_ms", .type = MESO_PARAM_DOUBLE, .unit = "ms", .min = 0, .max = 1e9,
   .default_text = "1", .offset = offsetof(distributions_params, isi_min_ms),
   .help = "lower end of the classes of intervals"},
  {.key = "isi_max_ms", .type = MESO_PARAM_DOUBLE, .unit = "ms", .min = 0, .max = 1e9,
   .min_open = true, .default_text = "10000",
   .offset = offsetof(distributions_params, isi_max_ms), .help = "their upper end"},
  {.key = "isi_spacing", .type = MESO_PARAM_CHOICE, .unit = "", .choices = "linear|log",
   .default_text = "log", .offset = offsetof(distributions_params, isi_spacing),
   .help = "classes of equal width, or of equal ratio of their ends"},
  {.key = "windows_ms", .type = MESO_PARAM_DOUBLES, .unit = "ms", .min = 0, .max = 1e9,
   .min_open = true, .default_text = "10,100,1000",
   .offset = offsetof(distributions_params, windows_ms), .help = "windows of spike counts"},
  {.key = "max_count", .type = MESO_PARAM_INT, .unit = "1", .min = 1, .max = 1e6,
   .default_text = "30", .offset = offsetof(distributions_params, max_count),
   .help = "last class of counts: as many or more"},
  MESO_TRAINS_ROWS(distributions_params, trains, "0"),
  {.key = NULL}
};

/* The trains of one population, and where their distributions go. */
typedef struct population {
  const distributions_params *p;
  const meso_trains *trains;
  size_t from, to;              /* trains */
  const double *edge_ms;        /* (isi_bins + 1) */
  double *pooled, *mean, *isi_poisson;        /* (isi_bins) */
  double *share, *count_poisson;              /* (window, max_count + 1) */
  double *fano, *reason;                      /* (window) */
  double *count;                              /* (isi_bins): room for those of one train */
  double n_intervals, n_below, n_above;
} population;

/* ---- intervals ------------------------------------------------------------------------------ */

static double edge_at(const distributions_params *p, double k)
{
  const double a = p->isi_min_ms, b = p->isi_max_ms, share = k / (double) p->isi_bins;
  return p->isi_spacing == LOG ? a * pow(b / a, share) : a + (b - a) * share;
}

/* Class of an interval, -1 below the first, isi_bins above the last. Intervals that lie on an edge
 * but for rounding belong above it, as times do (meso_binning.h). */
static int64_t class_of(const distributions_params *p, double isi_ms)
{
  const double a = p->isi_min_ms, b = p->isi_max_ms, n = (double) p->isi_bins;
  const double k = floor(1e-8 + n * (p->isi_spacing == LOG ? log(isi_ms / a) / log(b / a)
                                                           : (isi_ms - a) / (b - a)));
  return !(k >= 0) ? -1 : k < n ? (int64_t) k : p->isi_bins;
}

/* Adds the intervals of a train: to the pool their numbers, to the mean this train's shares, to the
 * reference those of a Poisson process of the same mean. Returns whether it had any. */
static bool add_intervals(population *x, size_t train)
{
  double *count = x->count;
  const double *t = x->trains->time_ms + x->trains->first[train];
  const size_t n_spikes = meso_trains_count(x->trains, train);
  const size_t n_bins = (size_t) x->p->isi_bins;
  if (n_spikes < 2) return false;
  const double n = (double) (n_spikes - 1), mean_ms = (t[n_spikes - 1] - t[0]) / n;
  for (size_t k = 0; k < n_bins; k++) count[k] = 0;
  for (size_t s = 0; s + 1 < n_spikes; s++) {
    const int64_t k = class_of(x->p, t[s + 1] - t[s]);
    if (k < 0) x->n_below++;
    else if (k == x->p->isi_bins) x->n_above++;
    else count[k]++;
  }
  x->n_intervals += n;
  for (size_t k = 0; k < n_bins; k++) {
    x->pooled[k] += count[k];
    x->mean[k] += count[k] / n;
    if (mean_ms > 0)
      x->isi_poisson[k] += n * (exp(-x->edge_ms[k] / mean_ms) - exp(-x->edge_ms[k + 1] / mean_ms));
  }
  return true;
}

static void find_intervals(population *x)
{
  double n_trains = 0;
  for (size_t i = x->from; i < x->to; i++) n_trains += add_intervals(x, i);
  for (size_t k = 0; k < (size_t) x->p->isi_bins; k++) {
    const double width_ms = x->edge_ms[k + 1] - x->edge_ms[k];
    x->pooled[k] /= x->n_intervals * width_ms;
    x->isi_poisson[k] /= x->n_intervals * width_ms;
    x->mean[k] /= n_trains * width_ms;
  }
}

/* ---- counts --------------------------------------------------------------------------------- */

/* Adds the probabilities of counts in the Poisson distribution of a mean, the last class with all
 * that follow. Past the mean they fall: none follows the first that is too small for a number. */
static void add_poisson(double mean, size_t top, double *share)
{
  if (!(mean > 0)) { /* GSL has no distribution of mean 0 */
    share[0]++;
    return;
  }
  for (unsigned k = 0; k < (unsigned) top; k++) {
    const double p = gsl_ran_poisson_pdf(k, mean);
    if (!(p > 0) && k > mean) return;
    share[k] += p;
  }
  share[top] += gsl_cdf_poisson_Q((unsigned) top - 1, mean);
}

/* Adds the counts of a train in windows, and the Poisson distribution of the same mean. Silent
 * windows count by their number alone. Returns the Fano factor, NaN without a spike. */
static double add_counts(population *x, size_t train, const meso_bins *windows, double *share,
                         double *poisson)
{
  const meso_trains *t = x->trains;
  const double n = (double) windows->n, top = (double) x->p->max_count;
  double sum = 0, squares = 0, n_silent = n;
  for (size_t s = t->first[train]; s < t->first[train + 1];) {
    const int64_t k = meso_bins_index(windows, t->time_ms[s]);
    double count = 0;
    for (; s < t->first[train + 1] && meso_bins_index(windows, t->time_ms[s]) == k; s++) count++;
    if (k == MESO_BIN_NONE) continue;
    share[(size_t) fmin(count, top)]++;
    sum += count;
    squares += count * count;
    n_silent--;
  }
  share[0] += n_silent;
  add_poisson(sum / n, (size_t) top, poisson);
  return n >= 2 && sum > 0 ? (n * squares - sum * sum) / (n * sum) : NAN;
}

static void find_counts(population *x, size_t w, const meso_bins *windows)
{
  const size_t n_classes = (size_t) x->p->max_count + 1;
  const double n_trains = (double) (x->to - x->from);
  double *share = x->share + w * n_classes, *poisson = x->count_poisson + w * n_classes;
  double sum = 0, n_firing = 0;
  for (size_t i = x->from; i < x->to && windows->n > 0; i++) {
    const double fano = add_counts(x, i, windows, share, poisson);
    if (!isfinite(fano)) continue;
    sum += fano;
    n_firing++;
  }
  x->fano[w] = n_firing > 0 ? sum / n_firing : NAN;
  x->reason[w] = n_firing > 0 ? DEFINED : windows->n == 0 ? NO_WINDOW :
                 windows->n == 1 ? ONE_WINDOW : SILENT;
  for (size_t k = 0; k < n_classes; k++) {
    share[k] /= n_trains * (double) windows->n;
    poisson[k] = windows->n > 0 ? poisson[k] / n_trains : NAN;
  }
}

/* ---- results -------------------------------------------------------------------------------- */

static meso_status add_arrays(population *x, const char *name, meso_result *result, meso_err *err)
{
  meso_status status = MESO_OK;
  const size_t n_bins = (size_t) x->p->isi_bins;
  const size_t dims[2] = {x->p->windows_ms.n, (size_t) x->p->max_count + 1};
  meso_array *array = NULL;
  const struct {
    const char *name, *units; size_t n_dims; const size_t *dims; double **to;
  } row[] = {
    {"isi_pooled", "1/ms", 1, &n_bins, &x->pooled}, {"isi_mean", "1/ms", 1, &n_bins, &x->mean},
    {"isi_poisson", "1/ms", 1, &n_bins, &x->isi_poisson}, {"count_share", "1", 2, dims, &x->share},
    {"count_poisson", "1", 2, dims, &x->count_poisson}, {"fano", "1", 1, dims, &x->fano},
    {"reason", "1", 1, dims, &x->reason}};
  for (size_t i = 0; i < sizeof row / sizeof row[0]; i++) {
    char path[512];
    (void) snprintf(path, sizeof path, "/distributions/%s/%s", name, row[i].name);
    MESO_TRY(meso_result_add(result, path, row[i].units, row[i].n_dims, row[i].dims, &array, err));
    *row[i].to = array->data;
  }
  MESO_TRY(meso_attrs_set_text(&array->attrs, "codes", REASON_TEXT, err));
  MESO_ALLOC(err, x->count, n_bins);
cleanup:
  return status;
}

/* In words what has no value, and why; "" if all has. */
static void describe_undefined(const population *x, char *text, size_t size)
{
  static const char *const words[] = {
    "", "no whole window in the recording: no counts", "one window: no Fano factor",
    "no spike in any window: no Fano factor"};
  size_t used = 0;
  text[0] = '\0';
  if (!(x->n_intervals > 0))
    used = (size_t) snprintf(text, size, "no neuron with two spikes: no intervals");
  for (size_t w = 0; w < x->p->windows_ms.n && used < size; w++) {
    const size_t why = (size_t) x->reason[w];
    if (why == DEFINED) continue;
    used += (size_t) snprintf(text + used, size - used, "%swindows of %g ms: %s",
                              used > 0 ? "; " : "", x->p->windows_ms.v[w], words[why]);
  }
}

static meso_status set_attributes(const population *x, const char *name, meso_result *result,
                                  meso_err *err)
{
  meso_status status = MESO_OK;
  char path[512], undefined[1024];
  (void) snprintf(path, sizeof path, "/distributions/%s", name);
  meso_attrs *a = meso_result_group_attrs(result, path);
  if (a == NULL) MESO_FAIL(err, MESO_ENOMEM, "cannot allocate attributes of %s", path);
  MESO_TRY(meso_attrs_set_number(a, "n_neurons", (double) (x->to - x->from), err));
  MESO_TRY(meso_attrs_set_number(a, "n_intervals", x->n_intervals, err));
  MESO_TRY(meso_attrs_set_number(a, "n_below", x->n_below, err));
  MESO_TRY(meso_attrs_set_number(a, "n_above", x->n_above, err));
  describe_undefined(x, undefined, sizeof undefined);
  if (undefined[0] != '\0') MESO_TRY(meso_attrs_set_text(a, "undefined", undefined, err));
cleanup:
  return status;
}

/* Each of the windows, and the intervals, of a population is one thread's: no sum is shared. */
static meso_status find_populations(const meso_spikes *spikes, const meso_trains *t,
                                    const population *common, const meso_bins *windows,
                                    int n_threads, meso_result *result, meso_err *err)
{
  meso_status status = MESO_OK;
  population *x = NULL;
  const size_t n_windows = common->p->windows_ms.n, n_tasks = t->n_populations * (n_windows + 1);
  MESO_ALLOC(err, x, t->n_populations);
  for (size_t i = 0; i < t->n_populations; i++) {
    x[i] = *common;
    x[i].from = t->first_row[i];
    x[i].to = t->first_row[i + 1];
    MESO_TRY(add_arrays(&x[i], spikes->population[t->selected[i]].name, result, err));
  }
#pragma omp parallel for schedule(dynamic, 1) num_threads(n_threads)
  for (size_t task = 0; task < n_tasks; task++) {
    population *own = &x[task / (n_windows + 1)];
    const size_t w = task % (n_windows + 1);
    if (w < n_windows) find_counts(own, w, &windows[w]);
    else find_intervals(own);
  }
  for (size_t i = 0; i < t->n_populations; i++)
    MESO_TRY(set_attributes(&x[i], spikes->population[t->selected[i]].name, result, err));
cleanup:
  for (size_t i = 0; x != NULL && i < t->n_populations; i++) free(x[i].count);
  free(x);
  return status;
}

/* What all populations share: edges, counts, windows, parameters. */
static meso_status add_axes(const distributions_params *p, const meso_trains *t,
                            const meso_bins *windows, double *edge_ms, meso_result *result,
                            meso_err *err)
{
  meso_status status = MESO_OK;
  const size_t n_classes = (size_t) p->max_count + 1, n_windows = p->windows_ms.n;
  meso_array *array = NULL;
  MESO_TRY(meso_result_add_vector(result, "/distributions/isi_edges_ms", "ms",
                                  (size_t) p->isi_bins + 1, edge_ms, err));
  MESO_TRY(meso_result_add_vector(result, "/distributions/window_ms", "ms", n_windows,
                                  p->windows_ms.v, err));
  MESO_TRY(meso_result_add(result, "/distributions/count", "1", 1, &n_classes, &array, err));
  for (size_t k = 0; k < n_classes; k++) array->data[k] = (double) k;
  MESO_TRY(meso_result_add(result, "/distributions/fano_poisson", "1", 1, &n_windows, &array, err));
  for (size_t w = 0; w < n_windows; w++)
    array->data[w] = windows[w].n >= 2 ? 1 - 1 / (double) windows[w].n : NAN;
  MESO_TRY(meso_attrs_set_text(&array->attrs, "undefined", "where there are not two whole windows",
                               err));
  meso_attrs *a = meso_result_group_attrs(result, "/distributions");
  if (a == NULL) MESO_FAIL(err, MESO_ENOMEM, "cannot allocate attributes");
  MESO_TRY(meso_attrs_set_text(a, "isi_spacing", p->isi_spacing == LOG ? "log" : "linear", err));
  MESO_TRY(meso_attrs_set_text(a, "last_count", "as many or more", err));
  MESO_TRY(meso_trains_set_attributes(&p->trains, t, a, err));
cleanup:
  return status;
}

static meso_status distributions_run(const void *params, const meso_spikes *spikes,
                                     const meso_signals *signals, int n_threads,
                                     meso_result *result, meso_err *err)
{
  meso_status status = MESO_OK;
  const distributions_params *p = params;
  meso_trains t = {.n = 0};
  meso_bins *windows = NULL;
  double *edge_ms = NULL;
  (void) signals;
  if (!(p->isi_max_ms > p->isi_min_ms) || (p->isi_spacing == LOG && !(p->isi_min_ms > 0)))
    MESO_FAIL(err, MESO_ERANGE, "isi_min_ms %g ms: must be less than isi_max_ms, %g ms%s",
              p->isi_min_ms, p->isi_max_ms, p->isi_spacing == LOG ? ", and more than 0" : "");
  MESO_TRY(meso_trains_make(&p->trains, spikes, &t, err));
  MESO_ALLOC(err, windows, p->windows_ms.n);
  for (size_t w = 0; w < p->windows_ms.n; w++)
    MESO_TRY(meso_bins_make(&t.interval, p->windows_ms.v[w], &windows[w], err));
  MESO_ALLOC(err, edge_ms, (size_t) p->isi_bins + 1);
  for (int64_t k = 0; k <= p->isi_bins; k++) edge_ms[k] = edge_at(p, (double) k);
  MESO_TRY(add_axes(p, &t, windows, edge_ms, result, err));
  const population common = {.p = p, .trains = &t, .edge_ms = edge_ms};
  MESO_TRY(find_populations(spikes, &t, &common, windows, n_threads, result, err));
cleanup:
  free(windows);
  free(edge_ms);
  meso_trains_clear(&t);
  return status;
}

const meso_analysis_ops meso_an_distributions = {
  .name = "distributions",
  .summary = "distributions of intervals and spike counts, beside those of Poisson trains",
  .input = MESO_INPUT_SPIKES, .params = distributions_rows,
  .params_size = sizeof(distributions_params), .run = distributions_run,
  .takes = "spikes",
  .formulas = formulas,
  .axes = axes
};
