/* an_trials.c: responses of neurons in trials: mean counts and histograms by condition, signal and
 * noise correlations of all pairs, and the control of shuffled trials.
 *
 * Counts are those of a window after each onset; trials whose windows are not within the analysed
 * interval are left out. A spike less than 1e-9 ms below an edge belongs above it.
 *   noise   of a pair: Pearson's r over all trials of counts in standard deviations about the mean
 *           of their condition (0 where a count does not vary in it). Of T trials in C conditions,
 *           of n_c each, atanh r of unrelated neurons has the variance 1 / (d - 3), 1 / (d - 1) =
 *           the variance of r, sum_c (n_c / T)^2 / (n_c - 1); conditions of one trial do not count
 *   signal  of a pair: Pearson's r over conditions of their mean counts; 1 / (C - 3). Means of few
 *           trials share their noise, so that noise correlations show in it too
 * Shuffling the trials of each condition, neuron by neuron, keeps both means and the signal, and
 * takes what neurons share in single trials: shuffled_mean and shuffled_standard_deviation of the
 * mean noise correlation over pairs, p two-sided. Standard deviations over pairs are no errors of
 * the mean: pairs share neurons and trials. */
#include <gsl/gsl_cdf.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "meso_analysis.h"
#include "meso_trains.h"
#include "trial_pairs.h"

static const meso_formula formulas[] = {
  {"mean_count", "mean count of a neuron in the window, over the trials of a condition",
   "Cohen & Kohn 2011, Nat. Neurosci. 14:811, doi 10.1038/nn.2842"},
  {"rate_Hz", "spikes in a bin after the onset, over neurons, trials of the condition and width",
   "Perkel, Gerstein & Moore 1967, Biophys. J. 7:391, doi 10.1016/S0006-3495(67)86596-2"},
  {"noise_standard_error",
   "of atanh r, 1 / sqrt(d - 3), 1 / (d - 1) = sum_c (n_c / T)^2 / (n_c - 1), where counts vary in "
   "all conditions; intervals are tanh(atanh r -+ q error), the error of a pair with the shares "
   "s_ic s_jc of condition c in the squares of its neurons in place of (n_c / T)^2",
   "Fisher 1921, Metron 1:3"},
  {"signal_standard_error", "of atanh r, 1 / sqrt(C - 3), C conditions", "Fisher 1921, Metron 1:3"},
  {"mean", "over pairs; noise: r of counts standardised within conditions; signal: r of mean "
   "counts over conditions",
   "Cohen & Kohn 2011, Nat. Neurosci. 14:811, doi 10.1038/nn.2842; Averbeck, Latham & "
   "Pouget 2006, Nat. Rev. Neurosci. 7:358, doi 10.1038/nrn1888"},
  {"shuffled_mean", "mean over surrogates in which the trials of each condition are permuted, "
   "neuron by neuron", "Averbeck, Latham & Pouget 2006, doi 10.1038/nrn1888 (shuffled responses)"},
  {"noise_correlation", "with --full: noise correlation of each pair; likewise signal_correlation, "
   "and with _low and _high their intervals", "Cohen & Kohn 2011, doi 10.1038/nn.2842"},
  {NULL, NULL, NULL}
};

static const meso_array_axes axes[] = {
  {"rate_Hz", "conditions,psth_edges_ms"}, {"mean_count", "-,conditions"},
  {"n_trials", "conditions"}, {"condition", "onset_ms"}, {"histogram", "bin_edges"},
  {"distance_n_pairs,distance_mean,distance_standard_deviation", "distance_edges_um"},
  {"noise_correlation,noise_low,noise_high,signal_correlation,signal_low,signal_high",
   "labels,labels"},
  {NULL, NULL}
};

typedef struct trials_params {
  meso_trains_params trains;
  char *trials;
  double trial_period_ms, trial_offset_ms, window_start_ms, window_stop_ms;
  double psth_start_ms, psth_stop_ms, psth_bin_ms, distance_bin_um, confidence, memory_limit_GB;
  int64_t trial_conditions, histogram_bins, surrogates, seed;
  bool full;
} trials_params;

#define NUMBER(name, u, low, high, text, words) \
  {.key = #name, .type = MESO_PARAM_DOUBLE, .unit = u, .min = low, .max = high, \
   .min_open = low == 0, .default_text = text, .offset = offsetof(trials_params, name), \
   .help = words}
#define COUNT(name, low, high, text, words) \
  {.key = #name, .type = MESO_PARAM_INT, .unit = "1", .min = low, .max = high, \
   .default_text = text, .offset = offsetof(trials_params, name), .help = words}

static const meso_param trials_rows[] = {
  {.key = "trials", .type = MESO_PARAM_STRING, .unit = "", .default_text = "",
   .offset = offsetof(trials_params, trials),
   .help = "text file of trials: onset in ms[, condition]; empty: every trial_period_ms"},
  {.key = "trial_period_ms", .type = MESO_PARAM_DOUBLE, .unit = "ms", .min = 0, .max = 1e12,
   .default_text = "0", .offset = offsetof(trials_params, trial_period_ms),
   .help = "without a file of trials one begins every so often; 0: every 1000"},
  NUMBER(trial_offset_ms, "ms", -1e12, 1e12, "0", "the first so long after the start"),
  COUNT(trial_conditions, 1, 1000, "1", "conditions that periodic trials take in turn"),
  NUMBER(window_start_ms, "ms", -1e9, 1e9, "0", "counts: from so long after the onset"),
  NUMBER(window_stop_ms, "ms", -1e9, 1e9, "500", "to so long after it"),
  NUMBER(psth_start_ms, "ms", -1e9, 1e9, "-100", "histogram: from so long after the onset"),
  NUMBER(psth_stop_ms, "ms", -1e9, 1e9, "500", "to so long after it"),
  NUMBER(psth_bin_ms, "ms", 0, 1e9, "10", "its bins"),
  {.key = "full", .type = MESO_PARAM_BOOL, .unit = "", .default_text = "false",
   .offset = offsetof(trials_params, full),
   .help = "matrices of all pairs with their intervals too"},
  COUNT(surrogates, 0, 100000, "200", "with shuffled trials"),
  COUNT(seed, 1, 9e15, "1", "of the surrogates"),
  NUMBER(confidence, "1", 0, 0.999999, "0.95", "of intervals"),
  COUNT(histogram_bins, 1, 1e6, "40", "classes of correlations from -1 to 1"),
  NUMBER(distance_bin_um, "um", 0, 1e9, "100", "classes of distance"),
  NUMBER(memory_limit_GB, "GB", 0, 1e6, "4", "most memory for counts and matrices"),
  MESO_TRAINS_ROWS(trials_params, trains, "0"),
  {.key = NULL}
};

enum { NOISE, SIGNAL, N_KINDS };
static const char *const kind_name[N_KINDS] = {"noise", "signal"};

typedef struct work {
  const trials_params *p;
  const meso_spikes *spikes;
  meso_result *result;
  meso_trains trains;
  trial_table trials;
  size_t n_asked;               /* trials, also those that were left out */
  double *position_um;          /* (train, 3), or NULL */
  double *count, *mean;         /* (train, trial), (train, condition) */
  trial_rows rows[N_KINDS];
  double error[N_KINDS];        /* of atanh r */
} work;

/* ---- trials and counts ---------------------------------------------------------------------- */

static meso_status warn(const work *w, meso_err *err, const char *fmt, ...) MESO_PRINTF(3, 4);
static meso_status warn(const work *w, meso_err *err, const char *fmt, ...)
{
  meso_status status = MESO_OK;
  char text[512];
  va_list ap;
  meso_attrs *attrs = meso_result_group_attrs(w->result, "/trials");
  if (attrs == NULL) MESO_FAIL(err, MESO_ENOMEM, "cannot allocate attributes");
  va_start(ap, fmt);
  (void) vsnprintf(text, sizeof text, fmt, ap);
  va_end(ap);
  MESO_TRY(meso_attrs_warn(attrs, text, err));
cleanup:
  return status;
}

/* "1000,5" is an onset and a condition, or a number with a decimal comma: then nearly every trial
 * has a condition of its own, a number. */
static meso_status warn_of_labels(const work *w, meso_err *err)
{
  const trial_table *t = &w->trials;
  if (t->n < 4 || t->n_conditions < t->n - t->n / 4) return MESO_OK;
  for (size_t c = 0; c < t->n_conditions; c++)
    if (t->name[c][strspn(t->name[c], "0123456789")] != '\0') return MESO_OK;
  return warn(w, err, "%zu trials have %zu conditions, all numbers: onsets with a decimal comma "
              "would look so; they must have a point", t->n, t->n_conditions);
}

static meso_status find_trials(work *w, meso_err *err)
{
  meso_status status = MESO_OK;
  const trials_params *p = w->p;
  const meso_interval *in = &w->trains.interval;
  const bool of_file = p->trials[0] != '\0';
  if (of_file && (p->trial_period_ms > 0 || p->trial_offset_ms != 0 || p->trial_conditions != 1))
    MESO_FAIL(err, MESO_EUSAGE, "trials: trial_period_ms, trial_offset_ms and trial_conditions are "
              "of periodic trials; these are those of %s", p->trials);
  if (of_file) MESO_TRY(trial_table_read(p->trials, &w->trials, err));
  else
    MESO_TRY(trial_table_periodic(in->start_ms + p->trial_offset_ms,
                                  p->trial_period_ms > 0 ? p->trial_period_ms : 1000,
                                  in->stop_ms, (size_t) p->trial_conditions, &w->trials, err));
  MESO_TRY(warn_of_labels(w, err));
  w->n_asked = w->trials.n;
  trial_table_keep(&w->trials, in->start_ms - fmin(p->window_start_ms, p->psth_start_ms) - 1e-9,
                   in->stop_ms - fmax(p->window_stop_ms, p->psth_stop_ms) + 1e-9);
  if (w->trials.n < 2)
    MESO_FAIL(err, MESO_ERANGE, "%s%strials: %zu of %zu have their windows within %g to %g ms; "
              "there must be two", p->trials, of_file ? ": " : "", w->trials.n, w->n_asked,
              in->start_ms, in->stop_ms);
  if (of_file && w->trials.n < w->n_asked)
    MESO_TRY(warn(w, err, "%zu of %zu trials of %s are left out: their windows are not within the "
                  "%g to %g ms of the record", w->n_asked - w->trials.n, w->n_asked, p->trials,
                  in->start_ms, in->stop_ms));
cleanup:
  return status;
}

/* First spike of a train at or after a time. */
static size_t first_after(const meso_trains *t, size_t train, double time_ms)
{
  size_t low = t->first[train], high = t->first[train + 1];
  while (low < high) {
    const size_t middle = low + (high - low) / 2;
    if (t->time_ms[middle] < time_ms - 1e-9) low = middle + 1;
    else high = middle;
  }
  return low;
}

static meso_status count_spikes(work *w, int n_threads, meso_err *err)
{
  meso_status status = MESO_OK;
  const trial_table *t = &w->trials;
  const size_t n = w->trains.n, C = t->n_conditions;
  const double N = (double) n, T = (double) t->n;
  const double need_GB = 8e-9 * (2 * N * T + 2 * N * (double) C + (w->p->full ? 6 * N * N : 0));
  if (need_GB > w->p->memory_limit_GB)
    MESO_FAIL(err, MESO_ERANGE, "trials: %zu neurons in %zu trials%s need %.3g GB, more than "
              "memory_limit_GB = %g GB: choose fewer populations, or set max_neurons", n, t->n,
              w->p->full ? " with full matrices" : "", need_GB, w->p->memory_limit_GB);
  MESO_ALLOC(err, w->count, n * t->n);
  MESO_ALLOC(err, w->mean, n * C);
#pragma omp parallel for schedule(static) num_threads(n_threads)
  for (size_t i = 0; i < n; i++)
    for (size_t c = 0; c < C; c++)
      for (size_t k = t->first[c]; k < t->first[c + 1]; k++) {
        const double from = t->onset_ms[k] + w->p->window_start_ms;
        const double to = t->onset_ms[k] + w->p->window_stop_ms;
        const double count = (double) (first_after(&w->trains, i, to) -
                                       first_after(&w->trains, i, from));
        w->count[i * t->n + k] = count;
        w->mean[i * C + c] += count / (double) (t->first[c + 1] - t->first[c]);
      }
cleanup:
  return status;
}

/* Standard errors of atanh r of unrelated neurons whose counts vary in all conditions; NaN with
 * too few trials or conditions. */
static void find_errors(work *w)
{
  const trial_table *t = &w->trials;
  double T = 0, variance = 0;
  for (size_t c = 0; c < t->n_conditions; c++) {
    const double n = (double) (t->first[c + 1] - t->first[c]);
    T += n > 1 ? n : 0;
    variance += n > 1 ? n * n / (n - 1) : 0;
  }
  const double d = 1 + T * T / variance, C = (double) t->n_conditions;
  w->error[NOISE] = d > 3 ? 1 / sqrt(d - 3) : NAN;
  w->error[SIGNAL] = C > 3 ? 1 / sqrt(C - 3) : NAN;
}

static meso_status find_positions(work *w, meso_err *err)
{
  meso_status status = MESO_OK;
  const meso_trains *t = &w->trains;
  for (size_t p = 0; p < t->n_populations; p++)
    if (w->spikes->population[t->selected[p]].position_um == NULL) goto cleanup;
  MESO_ALLOC(err, w->position_um, 3 * t->n);
  for (size_t i = 0; i < t->n; i++) {
    const meso_spike_population *p =
      &w->spikes->population[t->selected[meso_trains_population(t, i)]];
    memcpy(w->position_um + 3 * i, p->position_um + 3 * (size_t) t->id[i], 3 * sizeof(double));
  }
cleanup:
  return status;
}

/* ---- responses ------------------------------------------------------------------------------ */

/* Rates of one population by condition: spikes of each trial in bins after its onset. */
static void fill_psth(const work *w, size_t population, size_t n_bins, double *rate_Hz)
{
  const meso_trains *t = &w->trains;
  const double width_ms = w->p->psth_bin_ms;
  const size_t from = t->first_row[population], to = t->first_row[population + 1];
  for (size_t c = 0; c < w->trials.n_conditions; c++) {
    double *rate = rate_Hz + c * n_bins;
    const double n_trials = (double) (w->trials.first[c + 1] - w->trials.first[c]);
    for (size_t k = w->trials.first[c]; k < w->trials.first[c + 1]; k++) {
      const meso_bins bins = {w->trials.onset_ms[k] + w->p->psth_start_ms, width_ms,
                              (int64_t) n_bins};
      for (size_t i = from; i < to; i++)
        for (size_t s = first_after(t, i, bins.t_start_ms); s < t->first[i + 1]; s++) {
          const int64_t bin = meso_bins_index(&bins, t->time_ms[s]);
          if (bin == MESO_BIN_NONE) break;
          rate[bin]++;
        }
    }
    for (size_t b = 0; b < n_bins; b++)
      rate[b] /= (double) (to - from) * n_trials * 1e-3 * width_ms;
  }
}

static meso_status add_responses(const work *w, meso_result *result, meso_err *err)
{
  meso_status status = MESO_OK;
  const meso_trains *t = &w->trains;
  const size_t C = w->trials.n_conditions;
  const double bins = floor((w->p->psth_stop_ms - w->p->psth_start_ms) / w->p->psth_bin_ms + 1e-8);
  if (!(bins >= 1 && bins <= 1e6))
    MESO_FAIL(err, MESO_ERANGE, "psth_bin_ms %g ms: %g ms to %g ms must be 1 to 1e6 such bins",
              w->p->psth_bin_ms, w->p->psth_start_ms, w->p->psth_stop_ms);
  const size_t n_bins = (size_t) bins, n_edges = n_bins + 1;
  meso_array *a = NULL;
  char path[512];
  MESO_TRY(meso_result_add(result, "/trials/psth_edges_ms", "ms", 1, &n_edges, &a, err));
  for (size_t k = 0; k < n_edges; k++)
    a->data[k] = w->p->psth_start_ms + (double) k * w->p->psth_bin_ms;
  for (size_t p = 0; p < t->n_populations; p++) {
    const char *name = w->spikes->population[t->selected[p]].name;
    const size_t n = t->first_row[p + 1] - t->first_row[p];
    (void) snprintf(path, sizeof path, "/trials/response/%s/rate_Hz", name);
    MESO_TRY(meso_result_add(result, path, "Hz", 2, (size_t[2]) {C, n_bins}, &a, err));
    fill_psth(w, p, n_bins, a->data);
    (void) snprintf(path, sizeof path, "/trials/response/%s/mean_count", name);
    MESO_TRY(meso_result_add(result, path, "count", 2, (size_t[2]) {n, C}, &a, err));
    memcpy(a->data, w->mean + t->first_row[p] * C, n * C * sizeof *a->data);
  }
cleanup:
  return status;
}

static meso_status add_trials(const work *w, meso_result *result, meso_err *err)
{
  meso_status status = MESO_OK;
  const trial_table *t = &w->trials;
  meso_array *a = NULL;
  MESO_TRY(meso_result_add_text(result, "/trials/conditions", t->n_conditions,
                                (const char *const *) t->name, err));
  MESO_TRY(meso_result_add(result, "/trials/onset_ms", "ms", 1, &t->n, &a, err));
  for (size_t k = 0; k < t->n; k++) a->data[k] = t->onset_ms[k] - w->trains.interval.start_ms;
  MESO_TRY(meso_attrs_set_text(&a->attrs, "from", "t_start_ms", err));
  MESO_TRY(meso_result_add(result, "/trials/condition", "1", 1, &t->n, &a, err));
  for (size_t c = 0; c < t->n_conditions; c++)
    for (size_t k = t->first[c]; k < t->first[c + 1]; k++) a->data[k] = (double) c;
  MESO_TRY(meso_result_add(result, "/trials/n_trials", "1", 1, &t->n_conditions, &a, err));
  for (size_t c = 0; c < t->n_conditions; c++)
    a->data[c] = (double) (t->first[c + 1] - t->first[c]);
cleanup:
  return status;
}

/* ---- pairs ---------------------------------------------------------------------------------- */

/* Why correlations, or their intervals, have no value in some or all pairs. */
static const char *why_undefined(const work *w, int kind, bool is_interval, bool *ret_all)
{
  const trial_table *t = &w->trials;
  bool repeated = false;
  for (size_t c = 0; c < t->n_conditions; c++) repeated |= t->first[c + 1] - t->first[c] > 1;
  const bool none = kind == NOISE ? !repeated : t->n_conditions < 3;
  *ret_all = none || (is_interval && isnan(w->error[kind]));
  if (kind == NOISE)
    return none ? "one trial in each condition: counts cannot differ from the mean of their own"
         : *ret_all ? "too few trials: noise correlations have no interval"
         : is_interval ? "neurons whose counts vary, or vary together, in too few trials"
                       : "neurons whose counts vary within no condition";
  return none ? "fewer than three conditions: a signal correlation would be 1 or -1 whatever the "
                "neurons"
       : *ret_all ? "three conditions: signal correlations have no interval"
                  : "neurons whose mean counts are the same in all conditions";
}

/* In each matrix that has values missing, why. */
static meso_status explain_matrices(const work *w, int kind, meso_result *result,
                                    double *const matrix[3], meso_err *err)
{
  static const char *const ending[3] = {"correlation", "low", "high"};
  meso_status status = MESO_OK;
  for (int k = 0; k < 3; k++) {
    char path[64];
    bool all, missing = false;
    for (size_t i = 0; i < w->trains.n * w->trains.n; i++) missing |= isnan(matrix[k][i]) != 0;
    if (!missing) continue;
    (void) snprintf(path, sizeof path, "/trials/%s_%s", kind_name[kind], ending[k]);
    MESO_TRY(meso_attrs_set_text(&meso_result_find(result, path)->attrs, "undefined",
                                 why_undefined(w, kind, k > 0, &all), err));
  }
cleanup:
  return status;
}

/* A matrix and those of its intervals. */
static meso_status add_matrices(const work *w, int kind, meso_result *result, double *to[3],
                                meso_err *err)
{
  static const char *const ending[3] = {"correlation", "low", "high"};
  meso_status status = MESO_OK;
  meso_array *a = NULL;
  for (int k = 0; k < 3; k++) {
    char path[64];
    (void) snprintf(path, sizeof path, "/trials/%s_%s", kind_name[kind], ending[k]);
    MESO_TRY(meso_result_add(result, path, "1", 2, (size_t[2]) {w->trains.n, w->trains.n}, &a,
                             err));
    to[k] = a->data;
  }
cleanup:
  return status;
}

/* Shares (row, condition) of a row's squares that lie in a condition. */
static meso_status find_shares(const work *w, const trial_rows *rows, double **ret_share,
                               meso_err *err)
{
  meso_status status = MESO_OK;
  const trial_table *t = &w->trials;
  const size_t n = w->trains.n, C = t->n_conditions;
  MESO_ALLOC(err, *ret_share, n * C);
  for (size_t c = 0; c < C; c++)
    for (size_t k = t->first[c]; k < t->first[c + 1]; k++)
      for (size_t i = 0; i < n; i++)
        (*ret_share)[i * C + c] += rows->value[k * n + i] * rows->value[k * n + i];
cleanup:
  return status;
}

/* Standard error of atanh of a noise correlation: trials permuted within conditions give r the
 * variance sum_c s_ic s_jc / (n_c - 1), s the shares. NaN if counts vary together in too few. */
static double noise_error(const trial_table *t, const double *share_i, const double *share_j)
{
  double variance = 0;
  for (size_t c = 0; c < t->n_conditions; c++) {
    const double n = (double) (t->first[c + 1] - t->first[c]);
    if (n > 1) variance += share_i[c] * share_j[c] / (n - 1);
  }
  const double d = 1 + 1 / variance;
  return variance > 0 && d > 3 ? 1 / sqrt(d - 3) : NAN;
}

/* tanh(atanh r -+ q error): 1 has no width. */
static meso_status fill_intervals(const work *w, int kind, double *const matrix[3], meso_err *err)
{
  meso_status status = MESO_OK;
  const double quantile = gsl_cdf_ugaussian_Pinv(0.5 + 0.5 * w->p->confidence);
  const size_t n = w->trains.n, C = w->trials.n_conditions;
  double *share = NULL;
  if (kind == NOISE) MESO_TRY(find_shares(w, &w->rows[NOISE], &share, err));
  for (size_t k = 0; k < n * n; k++) {
    const double r = matrix[0][k], z = atanh(r);
    const double q = quantile * (share == NULL ? w->error[kind] :
                                 noise_error(&w->trials, share + k / n * C, share + k % n * C));
    matrix[1][k] = fabs(r) < 1 ? tanh(z - q) : isnan(q) ? NAN : r;
    matrix[2][k] = fabs(r) < 1 ? tanh(z + q) : isnan(q) ? NAN : r;
  }
cleanup:
  free(share);
  return status;
}

static meso_status add_kind(const work *w, const pair_summary *s, int kind, int n_threads,
                            meso_result *result, meso_err *err)
{
  meso_status status = MESO_OK;
  pair_sums total = {.all = NULL};
  double *matrix[3] = {NULL};
  char group[32];
  if (!pair_sums_make(s, &total)) MESO_FAIL(err, MESO_ENOMEM, "cannot allocate histograms");
  if (w->p->full) MESO_TRY(add_matrices(w, kind, result, matrix, err));
  MESO_TRY(trial_pairs_add(s, &w->rows[kind], matrix[0], n_threads, &total, err));
  if (w->p->full) MESO_TRY(fill_intervals(w, kind, matrix, err));
  if (w->p->full) MESO_TRY(explain_matrices(w, kind, result, matrix, err));
  (void) snprintf(group, sizeof group, "/trials/%s", kind_name[kind]);
  MESO_TRY(pair_summary_write(s, &total, group, result, err));
cleanup:
  pair_sums_clear(&total);
  return status;
}

static meso_status add_control(const work *w, const pair_summary *s, int n_threads,
                               meso_result *result, meso_err *err)
{
  meso_status status = MESO_OK;
  trial_control *control = NULL;
  const size_t n = (size_t) w->p->surrogates;
  if (n == 0) goto cleanup;
  MESO_ALLOC(err, control, s->n_pairs);
  MESO_TRY(trial_pairs_shuffle(s, &w->trials, &w->rows[NOISE], n, w->p->seed, n_threads, control,
                               err));
  for (size_t a = 0; a < s->n_populations; a++)
    for (size_t b = a; b < s->n_populations; b++) {
      const trial_control *x = &control[pair_summary_index(s, a, b)];
      char name[400], path[512];
      pair_summary_name(s, a, b, name, sizeof name);
      (void) snprintf(path, sizeof path, "/trials/noise/%s", name);
      meso_attrs *attrs = meso_result_group_attrs(result, path);
      if (attrs == NULL) MESO_FAIL(err, MESO_ENOMEM, "cannot allocate attributes of %s", path);
      MESO_TRY(meso_attrs_set_number(attrs, "shuffled_mean", x->mean_shuffled, err));
      MESO_TRY(meso_attrs_set_number(attrs, "shuffled_standard_deviation", x->sd_shuffled, err));
      MESO_TRY(meso_attrs_set_number(attrs, "p", x->p, err));
    }
cleanup:
  free(control);
  return status;
}

static meso_status add_pairs(const work *w, int n_threads, meso_result *result, meso_err *err)
{
  meso_status status = MESO_OK;
  const meso_trains *t = &w->trains;
  pair_summary s = {.spikes = w->spikes, .selected = t->selected, .first_row = t->first_row,
                    .position_um = w->position_um, .n_rows = t->n,
                    .n_populations = t->n_populations,
                    .n_histogram = (size_t) w->p->histogram_bins,
                    .distance_bin_um = w->p->distance_bin_um};
  MESO_TRY(pair_summary_begin(&s, err));
  for (int kind = 0; kind < N_KINDS; kind++)
    MESO_TRY(add_kind(w, &s, kind, n_threads, result, err));
  MESO_TRY(add_control(w, &s, n_threads, result, err));
  if (w->p->full) MESO_TRY(meso_trains_add_labels(t, w->spikes, "/trials", result, err));
cleanup:
  return status;
}

/* ---- the analysis --------------------------------------------------------------------------- */

static meso_status set_attributes(const work *w, meso_result *result, meso_err *err)
{
  meso_status status = MESO_OK;
  const trials_params *p = w->p;
  const struct { const char *key; double value; } number[] = {
    {"n_trials", (double) w->trials.n}, {"n_trials_left_out", (double) (w->n_asked - w->trials.n)},
    {"n_conditions", (double) w->trials.n_conditions}, {"window_start_ms", p->window_start_ms},
    {"window_stop_ms", p->window_stop_ms}, {"psth_bin_ms", p->psth_bin_ms},
    {"noise_standard_error", w->error[NOISE]}, {"signal_standard_error", w->error[SIGNAL]},
    {"confidence", p->confidence}, {"surrogates", (double) p->surrogates},
    {"seed", (double) p->seed}};
  meso_attrs *a = meso_result_group_attrs(result, "/trials");
  if (a == NULL) MESO_FAIL(err, MESO_ENOMEM, "cannot allocate attributes");
  for (size_t k = 0; k < sizeof number / sizeof number[0]; k++)
    MESO_TRY(meso_attrs_set_number(a, number[k].key, number[k].value, err));
  MESO_TRY(meso_trains_set_attributes(&p->trains, &w->trains, a, err));
  for (int kind = 0; kind < N_KINDS; kind++) {
    bool all;
    char path[64];
    const char *why = why_undefined(w, kind, true, &all);
    (void) snprintf(path, sizeof path, "/trials/%s", kind_name[kind]);
    a = meso_result_group_attrs(result, path);
    if (a == NULL) MESO_FAIL(err, MESO_ENOMEM, "cannot allocate attributes");
    if (all) MESO_TRY(meso_attrs_set_text(a, "undefined", why, err));
  }
cleanup:
  return status;
}

static meso_status trials_run(const void *params, const meso_spikes *spikes,
                              const meso_signals *signals, int n_threads, meso_result *result,
                              meso_err *err)
{
  meso_status status = MESO_OK;
  work w = {.p = params, .spikes = spikes, .result = result};
  (void) signals;
  if (!(w.p->window_stop_ms > w.p->window_start_ms))
    MESO_FAIL(err, MESO_ERANGE, "window_stop_ms %g ms: must be more than window_start_ms, %g ms",
              w.p->window_stop_ms, w.p->window_start_ms);
  MESO_TRY(meso_trains_make(&w.p->trains, spikes, &w.trains, err));
  MESO_TRY(find_trials(&w, err));
  MESO_TRY(count_spikes(&w, n_threads, err));
  MESO_TRY(find_positions(&w, err));
  find_errors(&w);
  MESO_TRY(trial_rows_noise(&w.trials, w.trains.n, w.count, &w.rows[NOISE], err));
  MESO_TRY(trial_rows_signal(w.trials.n_conditions, w.trains.n, w.mean, &w.rows[SIGNAL], err));
  MESO_TRY(add_trials(&w, result, err));
  MESO_TRY(add_responses(&w, result, err));
  MESO_TRY(add_pairs(&w, n_threads, result, err));
  MESO_TRY(set_attributes(&w, result, err));
cleanup:
  for (int kind = 0; kind < N_KINDS; kind++) trial_rows_clear(&w.rows[kind]);
  free(w.count);
  free(w.mean);
  free(w.position_um);
  trial_table_clear(&w.trials);
  meso_trains_clear(&w.trains);
  return status;
}

const meso_analysis_ops meso_an_trials = {
  .name = "trials",
  .summary = "responses in trials: histograms by condition, signal and noise correlations",
  .input = MESO_INPUT_SPIKES, .params = trials_rows, .params_size = sizeof(trials_params),
  .run = trials_run,
  .takes = "spikes; onsets and conditions of trials in a text file, or their period",
  .formulas = formulas,
  .axes = axes
};
