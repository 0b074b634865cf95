/* meso_compare.c: reads published numbers, finds the run's number for each, says where it lies. */
#include "meso_compare.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "meso_yaml.h"
#include "meso_params.h"

enum { CORRELATION, RATE, CV, COHERENCE, LENGTH, BOLD, LFP_SD, N_QUANTITIES };
enum { MEASUREMENT, SIMULATION };
enum { READ, COMPUTED, RECALLED };
static const struct { const char *name, *unit; } quantity[N_QUANTITIES] = {
  {"spike_count_correlation_mean", "1"}, {"rate_mean_Hz", "Hz"}, {"cv_isi_mean", "1"},
  {"lfp_coherence_magnitude_squared", "1"}, {"lfp_correlation_length_um", "um"},
  {"bold_percent_change", "%"}, {"lfp_sd_mV", "mV"}};
static const char *const kind_name[] = {"measurement", "simulation"};
static const char *const certainty_name[] = {"read", "computed", "recalled"};

/* An entry as its file has it; numbers that are not there are NaN, choices -1. */
typedef struct published {
  char *id, *population, *unit, *species, *state, *preparation, *method, *doi, *citation, *note;
  int kind, quantity, certainty;
  double value, low, high, scatter, bin_ms, distance_um, duration_s;
  meso_doubles band_Hz;
} published;

#define TEXT(k) {.key = #k, .type = MESO_PARAM_STRING, .unit = "", \
  .offset = offsetof(published, k), .help = ""}
#define NUMBER(k, u, lo) {.key = #k, .type = MESO_PARAM_DOUBLE, .unit = u, .min = lo, \
  .max = 1e12, .offset = offsetof(published, k), .help = ""}
#define CHOICE(k, c) {.key = #k, .type = MESO_PARAM_CHOICE, .unit = "", .choices = c, \
  .offset = offsetof(published, k), .help = ""}
static const meso_param rows[] = {
  TEXT(id), CHOICE(kind, "measurement|simulation"),
  CHOICE(quantity, "spike_count_correlation_mean|rate_mean_Hz|cv_isi_mean|"
         "lfp_coherence_magnitude_squared|lfp_correlation_length_um|bold_percent_change|lfp_sd_mV"),
  TEXT(population), NUMBER(value, "", -1e12), NUMBER(low, "", -1e12), NUMBER(high, "", -1e12),
  NUMBER(scatter, "", 0), TEXT(unit), TEXT(species), TEXT(state), TEXT(preparation), TEXT(method),
  NUMBER(bin_ms, "ms", 0), NUMBER(distance_um, "um", 0), NUMBER(duration_s, "s", 0),
  {.key = "band_Hz", .type = MESO_PARAM_DOUBLES, .unit = "Hz", .min = 0, .max = 1e6,
   .offset = offsetof(published, band_Hz), .help = ""},
  TEXT(doi), TEXT(citation), CHOICE(certainty, "read|computed|recalled"), TEXT(note), {.key = NULL}
};

/* Text that grows up to its size. */
typedef struct line { char text[2048]; size_t n; } line;

static void say(line *to, const char *format, ...) MESO_PRINTF(2, 3);
static void say(line *to, const char *format, ...)
{
  va_list args;
  va_start(args, format);
  const int n = vsnprintf(to->text + to->n, sizeof to->text - to->n, format, args);
  va_end(args);
  if (n > 0) to->n += (size_t) n;
  if (to->n >= sizeof to->text) to->n = sizeof to->text - 1;
}

static const char *spaced_unit(int q)
{
  static const char *const text[N_QUANTITIES] = {"", " Hz", "", "", " um", " %", " mV"};
  return text[q];
}

/* The run's number: value is NaN if there is none, and `why` says so. */
typedef struct prediction {
  double value;
  bool refused;  /* there is a number, but it may not be compared */
  line how, why, flags;
} prediction;

typedef struct inputs {
  const meso_result *analysis;
  const meso_signals *lfp, *bold;
} inputs;

/* ---- reading ------------------------------------------------------------------------------ */

static meso_status read_key(const mesoi_node *node, published *p, meso_err *err)
{
  meso_status status = MESO_OK;
  char *list = NULL;
  const meso_where where = {.file = node->file, .line = node->line, .path = "entries"};
  const meso_param *row = meso_param_find(rows, node->key);
  if (row == NULL) MESO_TRY(meso_params_unknown_key(rows, node->key, &where, err));
  if (row->type == MESO_PARAM_DOUBLES) MESO_TRY(mesoi_node_list_text(node, &list, err));
  else if (node->kind != MESOI_SCALAR)
    MESO_FAIL(err, MESO_EFORMAT, "%s:%ld: %s: must be one value", node->file, node->line, row->key);
  MESO_TRY(meso_param_set(row, p, list != NULL ? list : node->text, &where, err));
cleanup:
  free(list);
  return status;
}

static const char *what_is_missing(const published *p)
{
  if (p->id == NULL) return "id";
  if (p->kind < 0) return "kind";
  if (p->quantity < 0) return "quantity";
  if (p->unit == NULL) return "unit";
  if (p->certainty < 0) return "certainty";
  if (p->species == NULL) return "species";
  if (p->state == NULL) return "state";
  if (p->preparation == NULL) return "preparation";
  if (p->citation == NULL) return "citation";
  return p->note == NULL ? "note" : NULL;
}

static meso_status read_entry(const mesoi_node *node, published *p, meso_err *err)
{
  meso_status status = MESO_OK;
  const mesoi_place at = mesoi_node_place(node);
  p->kind = p->quantity = p->certainty = -1;
  p->value = p->low = p->high = p->scatter = p->bin_ms = p->distance_um = p->duration_s = NAN;
  if (node->kind != MESOI_MAP)
    MESO_FAIL(err, MESO_EFORMAT, "%s: an entry must consist of 'key: value' lines", at.text);
  for (size_t i = 0; i < node->n; i++) MESO_TRY(read_key(&node->child[i], p, err));
  const char *missing = what_is_missing(p);
  if (missing != NULL)
    MESO_FAIL(err, MESO_EFORMAT, "%s: entry %.80s: %s is missing", at.text,
              p->id != NULL ? p->id : "", missing);
  if (strcmp(p->unit, quantity[p->quantity].unit) != 0)
    MESO_FAIL(err, MESO_EINVAL, "%s: entry %.80s: unit of %s is %s, not %.40s", at.text, p->id,
              quantity[p->quantity].name, quantity[p->quantity].unit, p->unit);
  if (isnan(p->value) && (isnan(p->low) || isnan(p->high)))
    MESO_FAIL(err, MESO_EFORMAT, "%s: entry %.80s: needs value, or low and high", at.text, p->id);
  if (p->low > p->high || p->value < p->low || p->value > p->high)
    MESO_FAIL(err, MESO_ERANGE, "%s: entry %.80s: must have low <= value <= high", at.text, p->id);
  if (p->band_Hz.n != 0 && (p->band_Hz.n != 2 || p->band_Hz.v[0] > p->band_Hz.v[1]))
    MESO_FAIL(err, MESO_ERANGE, "%s: entry %.80s: band_Hz must be [low, high]", at.text, p->id);
cleanup:
  return status;
}

/* ---- the run's numbers -------------------------------------------------------------------- */

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

static double group_number(const meso_result *r, const char *path, const char *key)
{
  const meso_attrs *a = r != NULL ? meso_result_find_group(r, path) : NULL;
  return a != NULL ? meso_attrs_number(a, key, NAN) : NAN;
}

/* The CV of slow neurons grows with the recording: only those with enough intervals count. */
static void check_duration(const inputs *run, const published *p, prediction *x)
{
  const double least = group_number(run->analysis, "/statistics", "min_spikes");
  const double own_s = (group_number(run->analysis, "/statistics", "t_stop_ms") -
                        group_number(run->analysis, "/statistics", "t_start_ms")) / 1000;
  if (isfinite(least)) say(&x->how, ", at least %.0f spikes", least);
  if (isfinite(own_s)) say(&x->how, ", %g s", own_s);
  if (isnan(p->duration_s)) return;
  x->refused = !(fabs(own_s - p->duration_s) <= 0.1 * p->duration_s);
  if (x->refused)
    say(&x->why, "the duration differs: the entry has %g s, the run %g s, and the CV depends on it",
        p->duration_s, own_s);
}

static void predict_statistic(const inputs *run, const published *p, const char *name,
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
    say(&x->why, "the run has no %s%s%s (analysis statistics)", name,
        p->population != NULL ? " of population " : "", p->population != NULL ? p->population : "");
  } else if (n == 0) {
    say(&x->why, "%s is undefined for every neuron", name);
  } else {
    x->value = sum / n;
    if (n == n_all) say(&x->how, "over %.0f neurons", n);
    else say(&x->how, "over the %.0f of %.0f neurons where it is defined", n, n_all);
    if (p->quantity == CV) check_duration(run, p, x);
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
  if (isnan(bin_ms)) say(&x->why, "the run does not say its bin");
  else if (isnan(entry_ms))
    say(&x->why, "the entry states no bin (the run counts in %g ms), and the correlation depends "
        "on it", bin_ms);
  else if (fabs(bin_ms - entry_ms) > 1e-6 * entry_ms)
    say(&x->why, "the bin differs: the run counts in %g ms, the entry in %g ms", bin_ms, entry_ms);
  else x->refused = false;
}

static void predict_correlation(const inputs *run, const published *p, prediction *x)
{
  const meso_result *r = run->analysis;
  const meso_array *c = r != NULL ? meso_result_find(r, "/correlation/coefficient") : NULL;
  const meso_array *labels = r != NULL ? meso_result_find(r, "/correlation/labels") : NULL;
  double sum = 0, n_pairs = 0;
  if (c == NULL || c->data == NULL || c->n_dims != 2 || c->dims[0] != c->dims[1]) {
    say(&x->why, "the run has no correlation of spike counts (analysis correlation)");
    return;
  }
  const size_t n = c->dims[0];
  if (p->population != NULL &&
      (labels == NULL || labels->text == NULL || meso_array_count(labels) != n)) {
    say(&x->why, "the run's correlations do not name their populations");
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
    say(&x->why, "the run has no defined correlation%s%s",
        p->population != NULL ? " within population " : "",
        p->population != NULL ? p->population : "");
    return;
  }
  const double bin_ms = group_number(r, "/correlation", "bin_ms");
  x->value = sum / n_pairs;
  say(&x->how, "over %.0f pairs", n_pairs);
  if (isfinite(bin_ms)) say(&x->how, ", bin %g ms", bin_ms);
  check_bin(bin_ms, p->bin_ms, x);
}

static bool coherence_arrays(const meso_result *r, const meso_array **c, const meso_array **f,
                             const meso_array **d)
{
  if (r == NULL) return false;
  *c = meso_result_find(r, "/coherence/magnitude_squared");
  *f = meso_result_find(r, "/coherence/frequency_Hz");
  *d = meso_result_find(r, "/coherence/distance_um");
  if (*c == NULL || *f == NULL || (*c)->data == NULL || (*f)->data == NULL) return false;
  if (*d != NULL && ((*d)->data == NULL || meso_array_count(*d) != (*c)->dims[0])) *d = NULL;
  return (*c)->n_dims == 2 && meso_array_count(*f) == (*c)->dims[1];
}

/* Mean over the frequencies in the band and the pairs at the distance nearest to the entry's. */
static void predict_coherence(const inputs *run, const published *p, prediction *x)
{
  const meso_array *c = NULL, *f = NULL, *d = NULL;
  double sum = 0, n = 0, nearest = NAN;
  if (!coherence_arrays(run->analysis, &c, &f, &d)) {
    say(&x->why, "the run has no coherence (analysis coherence)");
    return;
  }
  if (p->band_Hz.n == 0 || isnan(p->distance_um)) {
    say(&x->why, "the entry states no %s", p->band_Hz.n == 0 ? "band" : "distance");
    return;
  }
  for (size_t k = 0; d != NULL && k < c->dims[0]; k++)
    if (!(fabs(d->data[k] - p->distance_um) >= fabs(nearest - p->distance_um)))
      nearest = isfinite(d->data[k]) ? d->data[k] : nearest;
  if (isnan(nearest)) {
    say(&x->why, "the run's coherence has no distances");
    return;
  }
  for (size_t k = 0; k < c->dims[0]; k++)
    for (size_t m = 0; fabs(d->data[k] - nearest) <= 0.5 && m < c->dims[1]; m++) {
      const double value = c->data[k * c->dims[1] + m];
      if (f->data[m] < p->band_Hz.v[0] || f->data[m] > p->band_Hz.v[1]) continue;
      if (!isfinite(value)) continue;
      sum += value;
      n++;
    }
  if (n == 0) {
    say(&x->why, "the run has no coherence in the entry's band");
    return;
  }
  x->value = sum / n;
  say(&x->how, "%g to %g Hz, %g um", p->band_Hz.v[0], p->band_Hz.v[1], nearest);
  if (fabs(nearest - p->distance_um) > 0.1 * p->distance_um)
    say(&x->flags, "; the nearest pair is %g um apart, the entry's %g um", nearest, p->distance_um);
}

static const meso_signal *signal_of(const meso_signals *signals, const char *name, prediction *x)
{
  const meso_signal *s = signals != NULL ? meso_signals_find(signals, name) : NULL;
  if (s == NULL || s->data == NULL || s->n_times < 2 || s->n_channels == 0) {
    say(&x->why, "the run has no %s", strcmp(name, "lfp") == 0 ? "LFP" : "BOLD");
    return NULL;
  }
  return s;
}

static void predict_lfp_sd(const inputs *run, const published *p, prediction *x)
{
  const meso_signal *s = signal_of(run->lfp, "lfp", x);
  if (s == NULL) return;
  if (s->units == NULL || strcmp(s->units, "mV") != 0) {
    say(&x->why, "the run's LFP is not in mV");
    return;
  }
  size_t channel = 0;
  for (size_t c = 0; c < s->n_channels; c++) {
    double mean = 0, var = 0;
    for (size_t t = 0; t < s->n_times; t++)
      mean += s->data[t * s->n_channels + c] / (double) s->n_times;
    for (size_t t = 0; t < s->n_times; t++) {
      const double d = s->data[t * s->n_channels + c] - mean;
      var += d * d / (double) s->n_times;
    }
    if (!isfinite(var) || sqrt(var) <= x->value) continue;
    x->value = sqrt(var);
    channel = c;
  }
  if (isnan(x->value)) {
    say(&x->why, "the run's LFP is not finite");
    return;
  }
  say(&x->how, "largest channel, %zu; all frequencies up to %g Hz", channel,
      s->sampling_rate_Hz / 2);
  if (p->band_Hz.n == 0) {
    say(&x->flags, "; the entry states no band");
    return;
  }
  x->refused = true;
  say(&x->why, "the band differs: the entry has %g to %g Hz, the run's LFP is not filtered",
      p->band_Hz.v[0], p->band_Hz.v[1]);
}

static void predict_bold(const inputs *run, prediction *x)
{
  const meso_signal *s = signal_of(run->bold, "bold", x);
  if (s == NULL) return;
  const bool percent = s->units != NULL && strcmp(s->units, "%") == 0;
  if (!percent && (s->units == NULL || strcmp(s->units, "1") != 0)) {
    say(&x->why, "the run's BOLD is neither a fraction nor in %%");
    return;
  }
  double size = -1;
  for (size_t k = 0; k < s->n_times * s->n_channels; k++)
    if (isfinite(s->data[k]) && fabs(s->data[k]) > size) {
      size = fabs(s->data[k]);
      x->value = s->data[k] * (percent ? 1 : 100);
    }
  if (isnan(x->value)) say(&x->why, "the run's BOLD is not finite");
  const char *model = meso_attrs_text(&s->attrs, "model");
  if (model != NULL && strcmp(model, "hrf") == 0) {
    x->value = NAN;
    say(&x->why, "a convolution with an HRF has no absolute scale");
  }
  say(&x->how, "largest change from the model's baseline, of %zu channels", s->n_channels);
}

static void predict(const inputs *run, const published *p, prediction *x)
{
  *x = (prediction) {.value = NAN};
  switch (p->quantity) {
  case RATE: predict_statistic(run, p, "rate_Hz", x); break;
  case CV: predict_statistic(run, p, "cv_isi", x); break;
  case CORRELATION: predict_correlation(run, p, x); break;
  case COHERENCE: predict_coherence(run, p, x); break;
  case LFP_SD: predict_lfp_sd(run, p, x); break;
  case BOLD: predict_bold(run, x); break;
  default: say(&x->why, "no analysis computes %s", quantity[p->quantity].name);
  }
}

/* ---- words -------------------------------------------------------------------------------- */

static void flag_difference(const inputs *run, const char *key, const char *entry, line *to)
{
  const char *own = run->analysis != NULL ? meso_attrs_text(&run->analysis->attrs, key) : NULL;
  if (own == NULL) say(to, "; %s: %s (the run states none)", key, entry);
  else if (strcmp(own, entry) != 0) say(to, "; %s differs: %s, the run %s", key, entry, own);
}

/* The run's state, if another than the entry's, which may say more behind a comma. */
static const char *other_state(const inputs *run, const published *p)
{
  const char *own = run->analysis != NULL ? meso_attrs_text(&run->analysis->attrs, "state") : NULL;
  const size_t n = own != NULL ? strlen(own) : 0;
  const bool same = own == NULL || (strncmp(own, p->state, n) == 0 &&
                                    (p->state[n] == '\0' || p->state[n] == ','));
  return same ? NULL : own;
}

static void say_verdict(const inputs *run, const published *p, const prediction *x, line *to)
{
  if (isnan(x->value)) {
    say(to, "nothing comparable: %s", x->why.text);
    return;
  }
  const char *other = p->kind == SIMULATION ? other_state(run, p) : NULL;
  if (x->refused) {
    say(to, "no verdict: %s", x->why.text);
  } else if (other != NULL) {
    say(to, "no verdict: the run is %s, the entry %s", other, p->state);
  } else {
    const double low = isnan(p->low) ? p->value : p->low;
    const double high = isnan(p->high) ? p->value : p->high;
    const bool point = isnan(p->low) && isnan(p->high);
    const bool inside = x->value >= low && x->value <= high;
    const double room = isnan(p->scatter) ? 0 : 2 * p->scatter;
    if (!inside && x->value >= low - room && x->value <= high + room)
      say(to, "within range and scatter, two standard deviations of %.2g%s from run to run",
          p->scatter, spaced_unit(p->quantity));
    else
      say(to, "%s", x->value < low ? "below" : x->value > high ? "above" : "within range");
    if (!inside && !point && (isnan(p->low) || isnan(p->high)))
      say(to, "; the entry states one end of the range only");
    if (point) say(to, "; the entry is a single value without a range");
  }
  say(to, "%s", x->flags.text);
  if (p->kind == SIMULATION) {
    say(to, "; a peer's simulation, not a measurement");
  } else {
    flag_difference(run, "species", p->species, to);
    flag_difference(run, "state", p->state, to);
  }
  if (p->certainty == RECALLED)
    say(to, "; the published number is recalled, to be checked before anything is concluded");
}

static void say_measured(const published *p, line *to)
{
  const char *unit = spaced_unit(p->quantity);
  const bool has_value = !isnan(p->value);
  if (has_value) say(to, "%.4g%s", p->value, unit);
  if (!isnan(p->low) && !isnan(p->high))
    say(to, has_value ? " (%.4g to %.4g%s)" : "%.4g to %.4g%s", p->low, p->high, unit);
  else if (!isnan(p->low)) say(to, " (from %.4g%s)", p->low, unit);
  else if (!isnan(p->high)) say(to, " (up to %.4g%s)", p->high, unit);
  if (!isnan(p->bin_ms)) say(to, ", bin %g ms", p->bin_ms);
  if (p->band_Hz.n == 2) say(to, ", %g to %g Hz", p->band_Hz.v[0], p->band_Hz.v[1]);
  if (!isnan(p->distance_um)) say(to, ", %g um", p->distance_um);
}

static meso_status fill(const inputs *run, const published *p, struct meso_comparison_entry *e,
                        meso_err *err)
{
  meso_status status = MESO_OK;
  prediction x;
  line predicted = {.n = 0}, measured = {.n = 0}, preparation = {.n = 0}, verdict = {.n = 0};
  predict(run, p, &x);
  if (!isnan(x.value))
    say(&predicted, "%.4g%s (%s)", x.value, spaced_unit(p->quantity), x.how.text);
  say_measured(p, &measured);
  say(&preparation, "%s, %s, %s", p->species, p->state, p->preparation);
  if (p->method != NULL) say(&preparation, ", %s", p->method);
  say_verdict(run, p, &x, &verdict);
  MESO_STRDUP(err, e->id, p->id);
  MESO_STRDUP(err, e->quantity, quantity[p->quantity].name);
  MESO_STRDUP(err, e->predicted, predicted.text);
  MESO_STRDUP(err, e->measured, measured.text);
  MESO_STRDUP(err, e->preparation, preparation.text);
  MESO_STRDUP(err, e->doi, p->doi != NULL ? p->doi : p->citation);
  MESO_STRDUP(err, e->certainty, certainty_name[p->certainty]);
  MESO_STRDUP(err, e->verdict, verdict.text);
  MESO_STRDUP(err, e->kind, kind_name[p->kind]);
  MESO_STRDUP(err, e->population, p->population != NULL ? p->population : "");
cleanup:
  return status;
}

/* ---- selection ---------------------------------------------------------------------------- */

/* Next name of a comma list without blanks around it; NULL at the end. */
static const char *next_name(const char **rest, size_t *n)
{
  while (**rest == ',' || **rest == ' ') (*rest)++;
  const char *name = *rest;
  *n = strcspn(name, ",");
  *rest += *n;
  while (*n > 0 && name[*n - 1] == ' ') (*n)--;
  return *n > 0 ? name : NULL;
}

static bool is_name(const char *name, size_t n, const char *text, size_t n_text)
{
  return n == n_text && strncmp(name, text, n) == 0;
}

static bool is_stem(const char *name, size_t n, const char *file)
{
  const char *slash = strrchr(file, '/'), *stem = slash != NULL ? slash + 1 : file;
  const char *dot = strrchr(stem, '.');
  return is_name(name, n, stem, dot != NULL ? (size_t) (dot - stem) : strlen(stem));
}

static bool is_wanted(const char *names, const char *id, const char *file)
{
  size_t n = 0;
  const char *rest = names != NULL ? names : "", *name = next_name(&rest, &n);
  if (name == NULL) return true;
  for (; name != NULL; name = next_name(&rest, &n))
    if (is_name(name, n, id, strlen(id)) || is_stem(name, n, file)) return true;
  return false;
}

static meso_status check_names(const char *names, size_t n_files, const char *const *files,
                               const meso_comparison *all, meso_err *err)
{
  meso_status status = MESO_OK;
  size_t n = 0;
  const char *rest = names != NULL ? names : "", *name;
  while ((name = next_name(&rest, &n)) != NULL) {
    bool found = false;
    for (size_t i = 0; i < n_files && !found; i++) found = is_stem(name, n, files[i]);
    for (size_t i = 0; i < all->n && !found; i++)
      found = is_name(name, n, all->entry[i].id, strlen(all->entry[i].id));
    if (!found)
      MESO_FAIL(err, MESO_ENOTFOUND, "no published number and no file is called '%.*s'",
                (int) (n < 100 ? n : 100), name);
  }
cleanup:
  return status;
}

static meso_status add_entry(const inputs *run, const mesoi_node *node, const char *names,
                             meso_comparison *to, meso_err *err)
{
  meso_status status = MESO_OK;
  published p = {.id = NULL};
  MESO_TRY(read_entry(node, &p, err));
  for (size_t i = 0; i < to->n; i++)
    if (strcmp(to->entry[i].id, p.id) == 0)
      MESO_FAIL(err, MESO_EFORMAT, "%s: entry %.80s: this id is already taken",
                mesoi_node_place(node).text, p.id);
  if (!is_wanted(names, p.id, node->file)) goto cleanup;
  struct meso_comparison_entry *grown = meso_realloc(to->entry, to->n + 1, sizeof *grown);
  if (grown == NULL) MESO_FAIL(err, MESO_ENOMEM, "cannot grow the comparison");
  to->entry = grown;
  memset(&grown[to->n], 0, sizeof *grown);
  MESO_TRY(fill(run, &p, &grown[to->n++], err));
cleanup:
  meso_params_clear(rows, &p);
  return status;
}

static meso_status add_file(const inputs *run, const char *file, const char *names,
                            meso_comparison *to, meso_err *err)
{
  meso_status status = MESO_OK;
  mesoi_node root = {.n = 0};
  MESO_TRY(mesoi_yaml_read(file, &root, err));
  const mesoi_node *entries = mesoi_node_find(&root, "entries");
  if (root.n != 1 || entries == NULL || entries->kind != MESOI_LIST || entries->n == 0)
    MESO_FAIL(err, MESO_EFORMAT, "%s:%ld: must be one list 'entries' of published numbers", file,
              entries != NULL ? entries->line : root.line);
  for (size_t i = 0; i < entries->n; i++)
    MESO_TRY(add_entry(run, &entries->child[i], names, to, err));
cleanup:
  mesoi_node_clear(&root);
  return status;
}

meso_status meso_compare_run(size_t n_files, const char *const *files, const char *names,
                             const meso_result *analysis, const meso_signals *lfp,
                             const meso_signals *bold, meso_comparison **ret, meso_err *err)
{
  meso_status status = MESO_OK;
  const inputs run = {.analysis = analysis, .lfp = lfp, .bold = bold};
  meso_comparison *all = NULL;
  *ret = NULL;
  MESO_ALLOC(err, all, 1);
  for (size_t i = 0; i < n_files; i++) MESO_TRY(add_file(&run, files[i], names, all, err));
  MESO_TRY(check_names(names, n_files, files, all, err));
  *ret = all;
  all = NULL;
cleanup:
  meso_comparison_destroy(all);
  return status;
}

void meso_comparison_destroy(meso_comparison *comparison)
{
  if (comparison == NULL) return;
  for (size_t i = 0; i < comparison->n; i++) {
    struct meso_comparison_entry *e = &comparison->entry[i];
    char *const owned[] = {e->id, e->quantity, e->predicted, e->measured, e->preparation,
                           e->doi, e->certainty, e->verdict, e->kind, e->population};
    for (size_t k = 0; k < sizeof owned / sizeof *owned; k++) free(owned[k]);
  }
  free(comparison->entry);
  free(comparison);
}
