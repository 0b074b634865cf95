/* an_statistics.c: single-neuron spike statistics, per population.
 *
 * In the interval of meso_binning.h, with I_k the intervals between a neuron's spikes in ms:
 * the formulas below; fano_windows is fano for each of fano_windows_ms, (neuron, window).
 * Undefined values are NaN, and `reason` says why: (neuron, statistic) with the statistics in the
 * order cv_isi, cv2, lv, fano and the codes of enum reason; lvr is undefined where lv is. The CV of
 * one interval is 0, as Elephant has it; its reason says that this is no regular firing.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "meso_analysis.h"
#include "meso_binning.h"

static const meso_formula formulas[] = {
  {"rate_Hz", "n / (t_stop - t_start)",
   "Dayan & Abbott 2001, Theoretical Neuroscience, section 1.2"},
  {"cv_isi", "sd(I) / mean(I), sd with ddof 0",
   "Softky & Koch 1993, J. Neurosci. 13:334, doi 10.1523/JNEUROSCI.13-01-00334.1993"},
  {"cv2", "mean of 2 |I_{k+1} - I_k| / (I_{k+1} + I_k)",
   "Holt et al. 1996, J. Neurophysiol. 75:1806, doi 10.1152/jn.1996.75.5.1806"},
  {"lv", "3 mean of ((I_{k+1} - I_k) / (I_{k+1} + I_k))^2",
   "Shinomoto, Shima & Tanji 2003, Neural Comput. 15:2823, doi 10.1162/089976603322518759"},
  {"lvr", "3 mean of (1 - 4 I_k I_{k+1} / (I_k + I_{k+1})^2) (1 + 4 R / (I_k + I_{k+1})), R "
   "the refractoriness", "Shinomoto et al. 2009, PLoS Comput. Biol. 5:e1000433, doi "
   "10.1371/journal.pcbi.1000433"},
  {"fano", "var(c) / mean(c), var with ddof 0, c the counts in consecutive whole windows",
   "Nawrot et al. 2008, J. Neurosci. Methods 169:374, doi 10.1016/j.jneumeth.2007.10.013"},
  {NULL, NULL, NULL}
};

static const meso_array_axes axes[] = {
  {"reason", "-,-"},
  {"fano_windows", "-,fano_windows_ms"},
  {NULL, NULL}
};

typedef struct statistics_params {
  char *populations;
  meso_interval_params interval;
  double fano_window_ms, refractoriness_ms;
  meso_doubles fano_windows_ms;
  int64_t min_spikes;
} statistics_params;

static const meso_param statistics_rows[] = {
  {.key = "populations", .type = MESO_PARAM_STRING, .unit = "", .default_text = "",
   .offset = offsetof(statistics_params, populations),
   .help = "populations, separated by commas; empty: all"},
  MESO_INTERVAL_ROWS(statistics_params, interval),
  {.key = "min_spikes", .type = MESO_PARAM_INT, .unit = "1", .min = 2, .max = 1e9,
   .default_text = "2", .offset = offsetof(statistics_params, min_spikes),
   .help = "neurons with fewer spikes get no cv_isi, cv2 and lv"},
  {.key = "fano_window_ms", .type = MESO_PARAM_DOUBLE, .unit = "ms", .min = 0, .max = 1e12,
   .min_open = true, .default_text = "1000", .offset = offsetof(statistics_params, fano_window_ms),
   .help = "width of the counting windows of the Fano factor"},
  {.key = "fano_windows_ms", .type = MESO_PARAM_DOUBLES, .unit = "ms", .min = 0, .max = 1e12,
   .min_open = true, .default_text = "", .offset = offsetof(statistics_params, fano_windows_ms),
   .help = "widths of further windows, for the Fano factor against the window"},
  {.key = "refractoriness_ms", .type = MESO_PARAM_DOUBLE, .unit = "ms", .min = 0, .max = 1e6,
   .default_text = "5", .offset = offsetof(statistics_params, refractoriness_ms),
   .help = "constant R of lvr (Shinomoto et al. 2009)"},
  {.key = NULL}
};

enum { CV_ISI, CV2, LV, FANO, N_STATISTICS };
static const char *const statistic_name[N_STATISTICS] = {"cv_isi", "cv2", "lv", "fano"};

enum reason { DEFINED, TOO_FEW_SPIKES, NO_COUNTS, COINCIDENT_SPIKES, TOO_FEW_WINDOWS,
              ONE_INTERVAL, N_REASONS };
static const char *const reason_words[N_REASONS] = {
  "defined", "too few spikes", "no spike in any window", "spikes at the same time",
  "recording shorter than two windows",
  "defined, but 0 whatever the spikes: one interval (min_spikes = 3 leaves it out)"};

/* One neuron's spikes and where its numbers go. */
typedef struct neuron {
  const double *time_ms;   /* of the population */
  const uint32_t *spike;   /* indices of this neuron's spikes, in time order */
  size_t n;
  double value[N_STATISTICS], lvr;
  enum reason reason[N_STATISTICS];
} neuron;

static double time_at(const neuron *x, size_t k) { return x->time_ms[x->spike[k]]; }
static double interval_at(const neuron *x, size_t k) { return time_at(x, k + 1) - time_at(x, k); }

static void put(neuron *x, int which, bool defined, double value, enum reason otherwise)
{
  x->value[which] = defined ? value : NAN;
  x->reason[which] = defined ? DEFINED : otherwise;
}

static void interval_statistics(neuron *x, size_t min_spikes, double refractoriness_ms)
{
  const bool enough = x->n >= min_spikes;
  const size_t n = x->n > 0 ? x->n - 1 : 0;
  double mean = 0, var = 0, cv2 = 0, lv = 0, lvr = 0;
  bool coincident = false;
  for (size_t k = 0; k < n; k++) mean += interval_at(x, k) / (double) n;
  for (size_t k = 0; k < n; k++) {
    const double a = interval_at(x, k);
    var += (a - mean) * (a - mean) / (double) n;
    if (k + 1 == n) break;
    const double b = interval_at(x, k + 1);
    const double ratio = (b - a) / (a + b);
    if (!(a + b > 0)) coincident = true;
    cv2 += 2 * fabs(ratio) / (double) (n - 1);
    lv += 3 * ratio * ratio / (double) (n - 1);
    lvr += 3 * (1 - 4 * a * b / ((a + b) * (a + b))) * (1 + 4 * refractoriness_ms / (a + b)) /
           (double) (n - 1);
  }
  put(x, CV_ISI, enough && mean > 0, sqrt(var) / mean,
      enough ? COINCIDENT_SPIKES : TOO_FEW_SPIKES);
  if (n == 1 && x->reason[CV_ISI] == DEFINED) x->reason[CV_ISI] = ONE_INTERVAL;
  const bool pairs = enough && n >= 2;
  put(x, CV2, pairs && !coincident, cv2, pairs ? COINCIDENT_SPIKES : TOO_FEW_SPIKES);
  x->lvr = pairs && !coincident ? lvr : NAN;
  put(x, LV, pairs && !coincident, lv, pairs ? COINCIDENT_SPIKES : TOO_FEW_SPIKES);
}

/* Sums of counts and of their squares are integers, so the order cannot matter. */
static double fano_factor(const neuron *x, const meso_bins *windows)
{
  double sum = 0, squares = 0;
  for (size_t k = 0; k < x->n;) {
    const int64_t bin = meso_bins_index(windows, time_at(x, k));
    double count = 0;
    for (; k < x->n && meso_bins_index(windows, time_at(x, k)) == bin; k++) count++;
    if (bin == MESO_BIN_NONE) continue;
    sum += count;
    squares += count * count;
  }
  const double n = (double) windows->n;
  return n >= 2 && sum > 0 ? (n * squares - sum * sum) / (n * sum) : NAN;
}

/* Drops the spikes outside the interval. */
static void trim(neuron *x, const meso_interval *interval)
{
  while (x->n > 0 && time_at(x, 0) < interval->start_ms) { x->spike++; x->n--; }
  while (x->n > 0 && !meso_interval_has(interval, time_at(x, x->n - 1))) x->n--;
}

static meso_status add_array(meso_result *result, const char *population, const char *name,
                             const char *units, size_t n, size_t columns, double **ret_data,
                             meso_err *err)
{
  meso_status status = MESO_OK;
  meso_array *array = NULL;
  char path[512];
  const size_t dims[2] = {n, columns};
  snprintf(path, sizeof path, "/statistics/%s/%s", population, name);
  MESO_TRY(meso_result_add(result, path, units, columns > 0 ? 2 : 1, dims, &array, err));
  *ret_data = array->data;
cleanup:
  return status;
}

/* The codes of `reason` in words, and at each statistic how many neurons have none, and why. */
static meso_status explain_reasons(meso_result *result, const char *population, size_t n,
                                   const double *reason, meso_err *err)
{
  meso_status status = MESO_OK;
  char path[512], codes[400] = "";
  for (int s = 0; s < N_STATISTICS; s++) {
    size_t count[N_REASONS] = {0}, used = 0;
    char text[256] = "";
    for (size_t i = 0; i < n; i++) count[(size_t) reason[i * N_STATISTICS + (size_t) s]]++;
    for (size_t k = TOO_FEW_SPIKES; k < ONE_INTERVAL; k++)
      if (count[k] > 0 && used < sizeof text)
        used += (size_t) snprintf(text + used, sizeof text - used, "%s%zu of %zu neurons: %s",
                                  used > 0 ? "; " : "", count[k], n, reason_words[k]);
    for (int twin = 0; used > 0 && twin <= (s == LV); twin++) { /* lvr is undefined where lv is */
      snprintf(path, sizeof path, "/statistics/%s/%s", population,
               twin == 0 ? statistic_name[s] : "lvr");
      MESO_TRY(meso_attrs_set_text(&meso_result_find(result, path)->attrs, "undefined", text, err));
    }
  }
  for (size_t k = 0, used = 0; k < N_REASONS && used < sizeof codes; k++)
    used += (size_t) snprintf(codes + used, sizeof codes - used, "%s%zu %s", k > 0 ? ", " : "", k,
                              reason_words[k]);
  snprintf(path, sizeof path, "/statistics/%s/reason", population);
  meso_attrs *a = &meso_result_find(result, path)->attrs;
  MESO_TRY(meso_attrs_set_text(a, "columns", "cv_isi,cv2,lv,fano", err));
  MESO_TRY(meso_attrs_set_text(a, "codes", codes, err));
cleanup:
  return status;
}

static meso_status set_attributes(meso_result *result, const meso_spike_population *population,
                                  double n_counted, double duration_ms, meso_err *err)
{
  meso_status status = MESO_OK;
  char path[512];
  snprintf(path, sizeof path, "/statistics/%s", population->name);
  meso_attrs *attrs = meso_result_group_attrs(result, path);
  if (attrs == NULL) MESO_FAIL(err, MESO_ENOMEM, "cannot allocate attributes of %s", path);
  MESO_TRY(meso_attrs_set_number(attrs, "n_neurons", (double) population->size, err));
  MESO_TRY(meso_attrs_set_number(attrs, "n_spikes", n_counted, err));
  if (duration_ms > 0 && population->size > 0)
    MESO_TRY(meso_attrs_set_number(attrs, "mean_rate_Hz",
                                   1e3 * n_counted / duration_ms / (double) population->size, err));
cleanup:
  return status;
}

/* The further counting windows and the array of their Fano factors; NULL if there are none. */
static meso_status add_windows(const statistics_params *p, const meso_interval *interval,
                               const meso_spike_population *population, meso_result *result,
                               meso_bins **ret_window, double **ret_data, meso_err *err)
{
  meso_status status = MESO_OK;
  meso_array *array = NULL;
  char path[512];
  const size_t dims[2] = {(size_t) population->size, p->fano_windows_ms.n};
  if (dims[1] == 0) goto cleanup;
  MESO_ALLOC(err, *ret_window, dims[1]);
  for (size_t w = 0; w < dims[1]; w++)
    MESO_TRY(meso_bins_make(interval, p->fano_windows_ms.v[w], *ret_window + w, err));
  snprintf(path, sizeof path, "/statistics/%s/fano_windows", population->name);
  MESO_TRY(meso_result_add(result, path, "1", 2, dims, &array, err));
  *ret_data = array->data;
  MESO_TRY(meso_attrs_set_text(&array->attrs, "undefined", "where a neuron has no spike in any "
                               "window, or the recording is shorter than two", err));
cleanup:
  return status;
}

static meso_status population_statistics(const statistics_params *p, const meso_interval *interval,
                                         const meso_spike_population *population, int n_threads,
                                         meso_result *result, meso_err *err)
{
  meso_status status = MESO_OK;
  size_t *first = NULL;
  uint32_t *spike = NULL;
  double *rate = NULL, *value[N_STATISTICS] = {NULL}, *reason = NULL, *lvr = NULL;
  double *fano_windows = NULL;
  meso_bins windows, *window = NULL;
  const size_t n = (size_t) population->size;
  const double duration_ms = interval->stop_ms - interval->start_ms;
  uint64_t n_counted = 0;
  MESO_TRY(meso_bins_make(interval, p->fano_window_ms, &windows, err));
  MESO_TRY(add_array(result, population->name, "rate_Hz", "Hz", n, 0, &rate, err));
  for (int s = 0; s < N_STATISTICS; s++)
    MESO_TRY(add_array(result, population->name, statistic_name[s], "1", n, 0, &value[s], err));
  MESO_TRY(add_array(result, population->name, "reason", "1", n, N_STATISTICS, &reason, err));
  MESO_TRY(add_array(result, population->name, "lvr", "1", n, 0, &lvr, err));
  MESO_TRY(add_windows(p, interval, population, result, &window, &fano_windows, err));
  MESO_TRY(meso_spikes_by_neuron(population, &first, &spike, err));
#pragma omp parallel for schedule(dynamic, 64) num_threads(n_threads) reduction(+ : n_counted)
  for (size_t i = 0; i < n; i++) {
    neuron x = {.time_ms = population->time_ms, .spike = spike + first[i],
                .n = first[i + 1] - first[i]};
    trim(&x, interval);
    interval_statistics(&x, (size_t) p->min_spikes, p->refractoriness_ms);
    const double fano = fano_factor(&x, &windows);
    put(&x, FANO, isfinite(fano), fano, windows.n >= 2 ? NO_COUNTS : TOO_FEW_WINDOWS);
    lvr[i] = x.lvr;
    for (size_t w = 0; w < p->fano_windows_ms.n; w++)
      fano_windows[i * p->fano_windows_ms.n + w] = fano_factor(&x, &window[w]);
    rate[i] = 1e3 * (double) x.n / duration_ms;
    n_counted += x.n;
    for (int s = 0; s < N_STATISTICS; s++) {
      value[s][i] = x.value[s];
      reason[i * N_STATISTICS + (size_t) s] = x.reason[s];
    }
  }
  MESO_TRY(explain_reasons(result, population->name, n, reason, err));
  MESO_TRY(set_attributes(result, population, (double) n_counted, duration_ms, err));
cleanup:
  free(first);
  free(spike);
  free(window);
  return status;
}

static meso_status statistics_run(const void *params, const meso_spikes *spikes,
                                  const meso_signals *signals, int n_threads, meso_result *result,
                                  meso_err *err)
{
  meso_status status = MESO_OK;
  const statistics_params *p = params;
  meso_interval interval;
  size_t *selected = NULL, n_selected = 0;
  (void) signals;
  MESO_TRY(meso_populations_select(spikes, p->populations, &selected, &n_selected, err));
  MESO_TRY(meso_interval_find(&p->interval, spikes, &interval, err));
  meso_attrs *attrs = meso_result_group_attrs(result, "/statistics");
  if (attrs == NULL) MESO_FAIL(err, MESO_ENOMEM, "cannot allocate attributes");
  MESO_TRY(meso_interval_set_attributes(&p->interval, &interval, attrs, err));
  MESO_TRY(meso_attrs_set_number(attrs, "min_spikes", (double) p->min_spikes, err));
  MESO_TRY(meso_attrs_set_number(attrs, "fano_window_ms", p->fano_window_ms, err));
  MESO_TRY(meso_attrs_set_number(attrs, "refractoriness_ms", p->refractoriness_ms, err));
  if (p->fano_windows_ms.n > 0)
    MESO_TRY(meso_result_add_vector(result, "/statistics/fano_windows_ms", "ms",
                                    p->fano_windows_ms.n, p->fano_windows_ms.v, err));
  for (size_t i = 0; i < n_selected; i++)
    MESO_TRY(population_statistics(p, &interval, &spikes->population[selected[i]], n_threads,
                                   result, err));
cleanup:
  free(selected);
  return status;
}

const meso_analysis_ops meso_an_statistics = {
  .name = "statistics", .summary = "rates, interval statistics and Fano factors of single neurons",
  .input = MESO_INPUT_SPIKES, .params = statistics_rows, .params_size = sizeof(statistics_params),
  .run = statistics_run,
  .takes = "spikes; of trains I_k, the intervals between a neuron's spikes",
  .formulas = formulas,
  .axes = axes
};
