/* compare_numbers.c: the run's number for a published one, quantity by quantity, and for both sides
 * of an ordering. */
#include "compare_entry.h"

#include <fnmatch.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

/* Group /statistics/<population>/<name>: the population's part of the path. */
static bool is_statistic(const meso_array *a, const char *population, const char *name)
{
  static const char prefix[] = "/statistics/";
  if (a->path == NULL || a->data == NULL) return false;
  const char *p = a->path + sizeof prefix - 1, *slash = strrchr(a->path, '/');
  if (strncmp(a->path, prefix, sizeof prefix - 1) != 0 || slash < p) return false;
  if (strcmp(slash + 1, name) != 0) return false;
  const size_t n = (size_t) (slash - p);
  return population == NULL || (strlen(population) == n && strncmp(p, population, n) == 0);
}

double compare_group_number(const meso_result *r, const char *path, const char *key)
{
  const meso_attrs *a = r != NULL ? meso_result_find_group(r, path) : NULL;
  return a != NULL ? meso_attrs_number(a, key, NAN) : NAN;
}

/* The CV of slow neurons grows with the recording: only those with enough intervals count. */
static void check_duration(const compare_inputs *run, const published *p, prediction *x)
{
  const double least = compare_group_number(run->analysis, "/statistics", "min_spikes");
  const double own_s = (compare_group_number(run->analysis, "/statistics", "t_stop_ms") -
                        compare_group_number(run->analysis, "/statistics", "t_start_ms")) / 1000;
  if (isfinite(least)) compare_say(&x->how, ", at least %.0f spikes", least);
  if (isfinite(own_s)) compare_say(&x->how, ", %g s", own_s);
  if (isnan(p->duration_s)) return;
  x->refused = !(fabs(own_s - p->duration_s) <= 0.1 * p->duration_s);
  if (x->refused)
    compare_say(&x->why, "the duration differs: the entry has %g s, the run %g s, and the CV "
                "depends on it", p->duration_s, own_s);
}

static void predict_statistic(const compare_inputs *run, const published *p, const char *name,
                              prediction *x)
{
  double sum = 0, n = 0, n_all = 0;
  for (size_t i = 0; run->analysis != NULL && i < run->analysis->n; i++) {
    const meso_array *a = &run->analysis->array[i];
    if (!is_statistic(a, p->population, name)) continue;
    const size_t count = meso_array_count(a);
    for (size_t k = 0; k < count; k++) {
      n_all++;
      if (!isfinite(a->data[k])) continue;
      sum += a->data[k];
      n++;
    }
  }
  if (n_all == 0) {
    compare_say(&x->why, "the run has no %s%s%s (analysis statistics)", name,
        p->population != NULL ? " of population " : "", p->population != NULL ? p->population : "");
  } else if (n == 0) {
    compare_say(&x->why, "%s is undefined for every neuron", name);
  } else {
    x->value = sum / n;
    if (n == n_all) compare_say(&x->how, "over %.0f neurons", n);
    else compare_say(&x->how, "over the %.0f of %.0f neurons where it is defined", n, n_all);
  }
}

static bool has_label(const meso_array *labels, size_t i, const char *population)
{
  if (population == NULL) return true;
  const char *text = labels->text[i], *slash = text != NULL ? strrchr(text, '/') : NULL;
  const size_t n = strlen(population);
  return slash != NULL && (size_t) (slash - text) == n && strncmp(text, population, n) == 0;
}

static void check_bin(double bin_ms, double entry_ms, prediction *x)
{
  x->refused = true;
  if (isnan(bin_ms)) compare_say(&x->why, "the run does not say its bin");
  else if (isnan(entry_ms))
    compare_say(&x->why, "the entry states no bin (the run counts in %g ms), and the correlation "
                "depends on it", bin_ms);
  else if (fabs(bin_ms - entry_ms) > 1e-6 * entry_ms)
    compare_say(&x->why, "the bin differs: the run counts in %g ms, the entry in %g ms", bin_ms,
                entry_ms);
  else x->refused = false;
}

static void predict_correlation(const compare_inputs *run, const published *p, prediction *x)
{
  const meso_result *r = run->analysis;
  const meso_array *c = r != NULL ? meso_result_find(r, "/correlation/coefficient") : NULL;
  const meso_array *labels = r != NULL ? meso_result_find(r, "/correlation/labels") : NULL;
  double sum = 0, n_pairs = 0;
  if (c == NULL || c->data == NULL || c->n_dims != 2 || c->dims[0] != c->dims[1]) {
    compare_say(&x->why, "the run has no correlation of spike counts (analysis correlation)");
    return;
  }
  const size_t n = c->dims[0];
  if (p->population != NULL &&
      (labels == NULL || labels->text == NULL || meso_array_count(labels) != n)) {
    compare_say(&x->why, "the run's correlations do not name their populations");
    return;
  }
  for (size_t i = 0; i < n; i++)
    for (size_t j = i + 1; has_label(labels, i, p->population) && j < n; j++) {
      const double value = c->data[i * n + j];
      if (!isfinite(value) || !has_label(labels, j, p->population)) continue;
      sum += value;
      n_pairs++;
    }
  if (n_pairs == 0) {
    compare_say(&x->why, "the run has no defined correlation%s%s",
        p->population != NULL ? " within population " : "",
        p->population != NULL ? p->population : "");
    return;
  }
  const double bin_ms = compare_group_number(r, "/correlation", "bin_ms");
  x->value = sum / n_pairs;
  compare_say(&x->how, "over %.0f pairs", n_pairs);
  if (isfinite(bin_ms)) compare_say(&x->how, ", bin %g ms", bin_ms);
  check_bin(bin_ms, p->bin_ms, x);
}

const meso_signal *compare_signal(const meso_signals *signals, const char *name, prediction *x)
{
  const meso_signal *s = signals != NULL ? meso_signals_find(signals, name) : NULL;
  if (s == NULL && signals != NULL && signals->n == 1) s = &signals->signal[0];
  if (s == NULL || s->data == NULL || s->n_times < 2 || s->n_channels == 0) {
    compare_say(&x->why, "the run has no %s", strcmp(name, "lfp") == 0 ? "LFP" : "BOLD");
    return NULL;
  }
  return s;
}

/* Amplitudes of a model whose gain is free say nothing. The file says so itself (forward_output.h);
 * a recording, which no model made, has the scale of its units. */
static void check_scale(const meso_signal *s, prediction *x)
{
  const char *scale = meso_attrs_text(&s->attrs, "scale");
  const char *model = meso_attrs_text(&s->attrs, "model");
  if (model == NULL) return;
  if (scale != NULL && strcmp(scale, "absolute") == 0) return;
  x->value = NAN;
  if (scale == NULL)
    compare_say(&x->why, "the file does not say whether the scale of model %.60s is absolute",
                model);
  else
    compare_say(&x->why, "model %.60s is a convolution whose scale is arbitrary", model);
}

static void predict_bold(const compare_inputs *run, const published *p, prediction *x)
{
  const meso_signal *s = compare_signal(run->bold, "bold", x);
  (void) p;
  if (s == NULL) return;
  const bool percent = s->units != NULL && strcmp(s->units, "%") == 0;
  if (!percent && (s->units == NULL || strcmp(s->units, "1") != 0)) {
    compare_say(&x->why, "the run's BOLD is neither a fraction nor in %%");
    return;
  }
  double size = -1;
  for (size_t k = 0; k < s->n_times * s->n_channels; k++)
    if (isfinite(s->data[k]) && fabs(s->data[k]) > size) {
      size = fabs(s->data[k]);
      x->value = s->data[k] * (percent ? 1 : 100);
    }
  if (isnan(x->value)) compare_say(&x->why, "the run's BOLD is not finite");
  check_scale(s, x);
  compare_say(&x->how, "largest change from the model's baseline, of %zu channels", s->n_channels);
}

static void predict_rate(const compare_inputs *run, const published *p, prediction *x)
{
  predict_statistic(run, p, "rate_Hz", x);
}

static void predict_cv(const compare_inputs *run, const published *p, prediction *x)
{
  predict_statistic(run, p, "cv_isi", x);
  if (!isnan(x->value)) check_duration(run, p, x);
}

/* Of functional connectivity, with the measured matrix that the analysis was given. */
static void predict_fc(const compare_inputs *run, const published *p, prediction *x)
{
  (void) p;
  x->value = compare_group_number(run->analysis, "/connectivity", "comparison_r");
  if (isnan(x->value))
    compare_say(&x->why, "the run has no measured matrix beside its own (analysis connectivity, "
                "option measured)");
  else
    compare_say(&x->how, "over %.0f pairs of regions",
                compare_group_number(run->analysis, "/connectivity", "comparison_pairs"));
}

/* ---- orderings ---------------------------------------------------------------------------- */

/* Mean over the neurons of all populations whose name has the pattern. */
static double statistic_side(const compare_inputs *run, const char *pattern, const char *name,
                             prediction *x)
{
  static const char head[] = "/statistics/";
  double sum = 0, n = 0;
  for (size_t i = 0; run->analysis != NULL && i < run->analysis->n; i++) {
    const meso_array *a = &run->analysis->array[i];
    char population[256];
    if (!is_statistic(a, NULL, name)) continue;
    const char *from = a->path + sizeof head - 1;
    const size_t length = (size_t) (strrchr(from, '/') - from);
    if (length >= sizeof population) continue;
    memcpy(population, from, length);
    population[length] = '\0';
    if (fnmatch(pattern, population, 0) != 0) continue;
    for (size_t k = 0; k < meso_array_count(a); k++)
      if (isfinite(a->data[k])) {
        sum += a->data[k];
        n++;
      }
  }
  if (n == 0) compare_say(&x->why, "the run has no %s of populations %s", name, pattern);
  return n > 0 ? sum / n : NAN;
}

static double rate_side(const compare_inputs *run, const published *p, const char *name,
                        const char *other, prediction *x)
{
  (void) p, (void) other;
  return statistic_side(run, name, "rate_Hz", x);
}

static double cv_side(const compare_inputs *run, const published *p, const char *name,
                      const char *other, prediction *x)
{
  (void) p, (void) other;
  return statistic_side(run, name, "cv_isi", x);
}

/* Spread of the correlations of pairs that lie near or far, over half of the largest distance. */
static double correlation_sd_side(const compare_inputs *run, const published *p, const char *name,
                                  const char *other, prediction *x)
{
  static const char group[] = "/correlation/all/distance_";
  const char *const part[] = {"edges_um", "n_pairs", "standard_deviation"};
  const meso_array *a[3] = {NULL, NULL, NULL};
  double squares = 0, n = 0;
  (void) p, (void) other;
  for (size_t i = 0; i < 3; i++) {
    char path[64];
    (void) snprintf(path, sizeof path, "%s%s", group, part[i]);
    a[i] = run->analysis != NULL ? meso_result_find(run->analysis, path) : NULL;
    if (a[i] == NULL || a[i]->data == NULL || meso_array_count(a[i]) < 1) {
      compare_say(&x->why, "the run has no correlations against distance (analysis correlation, "
                  "option distance_bin_um)");
      return NAN;
    }
  }
  const size_t C = meso_array_count(a[1]);
  if (meso_array_count(a[0]) != C + 1 || meso_array_count(a[2]) != C) return NAN;
  for (size_t k = 0; k < C; k++) {
    const bool far = a[0]->data[k] >= 0.5 * a[0]->data[C];
    if (far != (strcmp(name, "far") == 0) || !(a[1]->data[k] > 0)) continue;
    squares += a[1]->data[k] * a[2]->data[k] * a[2]->data[k];
    n += a[1]->data[k];
  }
  if (n == 0) compare_say(&x->why, "the run has no pair of neurons that is %s", name);
  return n > 0 ? sqrt(squares / n) : NAN;
}

const compare_quantity compare_quantities[] = {
  {"spike_count_correlation_mean", "1", "", predict_correlation, NULL,
   "it needs two analyses, which compare A.h5 B.h5 sets side by side"},
  {"spike_count_correlation_sd", "1", "", NULL, correlation_sd_side,
   "it is compared near against far only"},
  {"spike_count_correlation_ratio", "1", "", NULL, NULL,
   "it needs two analyses, which compare A.h5 B.h5 sets side by side"},
  {"rate_mean_Hz", "Hz", " Hz", predict_rate, rate_side, NULL},
  {"cv_isi_mean", "1", "", predict_cv, cv_side, NULL},
  {"synchrony_range_um", "um", " um", NULL, NULL,
   "no analysis computes where synchrony ends, which depends on what a recording can resolve; "
   "correlation and field_distance fit a length of decay"},
  {"synchrony_duration_ms", "ms", " ms", NULL, NULL,
   "no analysis computes the length of episodes of synchrony"},
  {"lfp_coherence_magnitude_squared", "1", "", compare_coherence, compare_coherence_side, NULL},
  {"lfp_correlation", "1", "", NULL, compare_field_correlation_side,
   "it is compared near against far only"},
  {"lfp_correlation_length_um", "um", " um", compare_correlation_length, NULL,
   "lengths of two bands are not set against each other"},
  {"lfp_sd_mV", "mV", " mV", compare_lfp_sd, NULL, "one LFP has one"},
  {"lfp_power", "mV^2/Hz", " mV^2/Hz", NULL, NULL,
   "it is of a model of cells with correlated input, which the run is not"},
  {"lfp_band_power_correlation", "1", "", NULL, compare_envelope_side,
   "it is compared band against band only"},
  {"lfp_reach_um", "um", " um", NULL, NULL,
   "no analysis computes the radius that a share of the LFP comes from: it needs the LFP of cells "
   "by distance"},
  {"lfp_spread_um", "um", " um", NULL, NULL,
   "no analysis computes how far one source is seen, for a run has many at once"},
  {"lfp_mua_coherence", "1", "", NULL, NULL,
   "the entry's is of multi-unit activity at the LFP's electrode, that of analysis spike_field of "
   "single neurons; and its source does not say whether it is a magnitude or its square"},
  {"lfp_spike_filter_ms", "ms", " ms", NULL, NULL,
   "no analysis fits a filter from spikes to the LFP"},
  {"tuning_bandwidth", "1", "", NULL, NULL, "the run has no tuning curves"},
  {"bold_percent_change", "%", " %", predict_bold, NULL, "one BOLD has one"},
  {"bold_prediction_r_squared", "1", "", NULL, NULL,
   "analysis neurovascular predicts BOLD from the LFP only, not from multi-unit activity"},
  {"fc_similarity", "1", "", predict_fc, NULL,
   "no analysis sets structural connectivity beside functional connectivity"},
  {"sc_fc_correlation", "1", "", NULL, NULL,
   "no analysis sets structural connectivity beside functional connectivity"},
};

void compare_order(const compare_inputs *run, const published *p, prediction *x)
{
  const compare_quantity *q = &compare_quantities[p->quantity];
  if (q->side == NULL) {
    compare_say(&x->why, "%s", q->why_not);
    return;
  }
  const double greater = q->side(run, p, p->greater, p->lesser, x);
  const double lesser = isnan(greater) ? NAN : q->side(run, p, p->lesser, p->greater, x);
  if (isnan(greater) || isnan(lesser)) return;
  x->value = greater - lesser;
  compare_say(&x->how, "%s %.4g%s, %s %.4g%s", p->greater, greater, q->spaced_unit, p->lesser,
              lesser, q->spaced_unit);
}
