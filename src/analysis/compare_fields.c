/* compare_fields.c: the run's numbers of fields for published ones: coherence, correlation against
 * distance, standard deviation; and sides of orderings by distance and frequency. */
#include "compare_entry.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "meso_recording.h"
#include "meso_spectral.h"

/* ---- coherence at a distance -------------------------------------------------------------- */

/* Arrays of analysis coherence; c holds magnitudes squared, debiased if there are such. */
typedef struct coherences {
  const meso_array *c, *f, *d;
  bool debiased;
  double L; /* effective observations; NaN: unknown */
} coherences;

static bool find_coherences(const meso_result *r, coherences *a)
{
  if (r == NULL) return false;
  a->c = meso_result_find(r, "/coherence/debiased");
  a->f = meso_result_find(r, "/coherence/frequency_Hz");
  a->d = meso_result_find(r, "/coherence/distance_um");
  a->L = compare_group_number(r, "/coherence", "effective_observations");
  a->debiased = a->c != NULL;
  if (!a->debiased) a->c = meso_result_find(r, "/coherence/magnitude_squared");
  if (a->c == NULL || a->f == NULL || a->c->data == NULL || a->f->data == NULL) return false;
  if (a->d != NULL && (a->d->data == NULL || meso_array_count(a->d) != a->c->dims[0])) a->d = NULL;
  return a->c->n_dims == 2 && meso_array_count(a->f) == a->c->dims[1];
}

/* Published values have long recordings or had their bias taken off; ours has its own taken off. */
static double debias(const coherences *a, double value)
{
  return a->debiased || !(a->L > 1) ? value : meso_coherence_debiased(a->L, value);
}

static double nearest_distance(const coherences *a, double wanted_um)
{
  double nearest = NAN;
  for (size_t k = 0; a->d != NULL && k < a->c->dims[0]; k++)
    if (!(fabs(a->d->data[k] - wanted_um) >= fabs(nearest - wanted_um)))
      nearest = isfinite(a->d->data[k]) ? a->d->data[k] : nearest;
  return nearest;
}

/* Mean over the frequencies in the band and the pairs at the distance nearest to the entry's. */
void compare_coherence(const compare_inputs *run, const published *p, prediction *x)
{
  coherences a = {.c = NULL};
  double sum = 0, n = 0;
  if (!find_coherences(run->analysis, &a)) {
    compare_say(&x->why, "the run has no coherence (analysis coherence)");
    return;
  }
  if (p->band_Hz.n == 0 || isnan(p->distance_um)) {
    compare_say(&x->why, "the entry states no %s", p->band_Hz.n == 0 ? "band" : "distance");
    return;
  }
  const double nearest = nearest_distance(&a, p->distance_um);
  if (isnan(nearest)) {
    compare_say(&x->why, "the run's coherence has no distances");
    return;
  }
  for (size_t k = 0; k < a.c->dims[0]; k++)
    for (size_t m = 0; fabs(a.d->data[k] - nearest) <= 0.5 && m < a.c->dims[1]; m++) {
      const double value = debias(&a, a.c->data[k * a.c->dims[1] + m]);
      if (a.f->data[m] < p->band_Hz.v[0] || a.f->data[m] > p->band_Hz.v[1]) continue;
      if (!isfinite(value)) continue;
      sum += value;
      n++;
    }
  if (n == 0) {
    compare_say(&x->why, "the run has no coherence in the entry's band");
    return;
  }
  x->value = sum / n;
  compare_say(&x->how, "%g to %g Hz, %g um", p->band_Hz.v[0], p->band_Hz.v[1], nearest);
  if (a.debiased || a.L > 1) compare_say(&x->how, ", debiased");
  else compare_say(&x->flags, "; with its bias: the run does not say how many observations it has");
  if (fabs(nearest - p->distance_um) > 0.1 * p->distance_um)
    compare_say(&x->flags, "; the nearest pair is %g um apart, the entry's %g um", nearest,
                p->distance_um);
}

/* ---- fields against distance -------------------------------------------------------------- */

/* Arrays of analysis field_distance, (row, class): a row for each band, of the correlation one more
 * for the whole signals. */
typedef struct field_distances {
  const meso_array *value, *edge_Hz, *distance_um, *n_pairs;
  size_t n_bands, n_rows, n_classes;
} field_distances;

static bool find_distances(const meso_result *r, const char *path, field_distances *a)
{
  if (r == NULL) return false;
  a->value = meso_result_find(r, path);
  a->edge_Hz = meso_result_find(r, "/field_distance/band_edges_Hz");
  a->distance_um = meso_result_find(r, "/field_distance/distance_um");
  a->n_pairs = meso_result_find(r, "/field_distance/n_pairs");
  if (a->value == NULL || a->edge_Hz == NULL || a->distance_um == NULL || a->n_pairs == NULL ||
      a->value->data == NULL || a->edge_Hz->data == NULL || a->distance_um->data == NULL ||
      a->n_pairs->data == NULL || a->value->n_dims != 2)
    return false;
  a->n_rows = a->value->dims[0];
  a->n_classes = a->value->dims[1];
  a->n_bands = meso_array_count(a->edge_Hz) - 1;
  return meso_array_count(a->edge_Hz) > 1 && a->n_rows >= a->n_bands &&
         meso_array_count(a->distance_um) == a->n_classes &&
         meso_array_count(a->n_pairs) == a->n_classes;
}

/* One side of an ordering: "near", "far" (half of the largest distance apart), "low", "high" (the
 * first and the last band), "LOW-HIGH Hz", "other" (all bands that do not overlap the other
 * side's), or "near LOW-HIGH Hz" and the like. */
typedef struct side {
  bool near, far, other;
  bool low, high;
  double band_Hz[2]; /* NaN: any */
} side;

static bool parse_side(const char *name, side *s)
{
  char where[16] = "";
  int end = 0;
  *s = (side) {.band_Hz = {NAN, NAN}};
  if (sscanf(name, "%lf-%lf Hz%n", &s->band_Hz[0], &s->band_Hz[1], &end) == 2 && end > 0)
    return name[end] == '\0';
  s->band_Hz[0] = s->band_Hz[1] = NAN;
  const int n = sscanf(name, "%15s %lf-%lf Hz", where, &s->band_Hz[0], &s->band_Hz[1]);
  s->near = strcmp(where, "near") == 0;
  s->far = strcmp(where, "far") == 0;
  s->low = strcmp(where, "low") == 0;
  s->high = strcmp(where, "high") == 0;
  s->other = strcmp(where, "other") == 0;
  return (n == 1 && (s->near || s->far || s->low || s->high || s->other)) ||
         (n == 3 && (s->near || s->far));
}

/* Whether a band belongs to a side; those of measured studies seldom have our edges, so its middle
 * must lie in the side's band. */
static bool has_band(const side *s, const side *other, const double *edge_Hz, size_t n_bands,
                     size_t band)
{
  const double low = edge_Hz[band], high = edge_Hz[band + 1], middle = 0.5 * (low + high);
  if (s->low) return band == 0;
  if (s->high) return band + 1 == n_bands;
  if (s->other) return high <= other->band_Hz[0] || low >= other->band_Hz[1];
  return isnan(s->band_Hz[0]) || (middle >= s->band_Hz[0] && middle <= s->band_Hz[1]);
}

static bool parse_sides(const published *p, const char *name, const char *other, side *s, side *o,
                        prediction *x)
{
  const bool fine = parse_side(name, s) && parse_side(other, o);
  if (!fine)
    compare_say(&x->why, "the entry's sides '%.60s' and '%.60s' are none that a field has: near, "
                "far, low, high, LOW-HIGH Hz, other", p->greater, p->lesser);
  return fine;
}

/* Mean over pairs of the rows and classes of a side; of `other`, the largest of its bands. */
static double mean_of_side(const field_distances *a, size_t first, size_t last, const side *s,
                           const side *other)
{
  double largest = NAN, sum = 0, n = 0, top_um = 0;
  for (size_t k = 0; k < a->n_classes; k++)
    if (a->n_pairs->data[k] > 0) top_um = fmax(top_um, a->distance_um->data[k]);
  for (size_t row = first; row < last; row++) {
    if (row < a->n_bands && !has_band(s, other, a->edge_Hz->data, a->n_bands, row)) continue;
    double own = 0, own_n = 0;
    for (size_t k = 0; k < a->n_classes; k++) {
      const double value = a->value->data[row * a->n_classes + k], w = a->n_pairs->data[k];
      const bool far = a->distance_um->data[k] > 0.5 * top_um;
      if (!isfinite(value) || !(w > 0) || (s->near && far) || (s->far && !far)) continue;
      own += w * value;
      own_n += w;
    }
    sum += own;
    n += own_n;
    if (own_n > 0) largest = fmax(largest, own / own_n);
  }
  return s->other ? largest : n > 0 ? sum / n : NAN;
}

static double field_side(const compare_inputs *run, const published *p, const char *path,
                         bool whole, const char *name, const char *other, prediction *x)
{
  field_distances a = {.value = NULL};
  side s, o;
  if (!find_distances(run->analysis, path, &a) || (whole && a.n_rows != a.n_bands + 1)) {
    compare_say(&x->why, "the run has no fields against distance (analysis field_distance)");
    return NAN;
  }
  if (!parse_sides(p, name, other, &s, &o, x)) return NAN;
  const double value = mean_of_side(&a, whole ? a.n_bands : 0, whole ? a.n_rows : a.n_bands, &s,
                                    &o);
  if (isnan(value)) compare_say(&x->why, "the run has no pair of channels, or no band, for '%s'",
                                name);
  return value;
}

double compare_coherence_side(const compare_inputs *run, const published *p, const char *name,
                              const char *other, prediction *x)
{
  return field_side(run, p, "/field_distance/coherence", false, name, other, x);
}

double compare_field_correlation_side(const compare_inputs *run, const published *p,
                                      const char *name, const char *other, prediction *x)
{
  return field_side(run, p, "/field_distance/correlation", true, name, other, x);
}

/* Mean over pairs of the correlation of envelopes. */
double compare_envelope_side(const compare_inputs *run, const published *p, const char *name,
                             const char *other, prediction *x)
{
  const meso_result *r = run->analysis;
  const meso_array *c = r != NULL ? meso_result_find(r, "/envelope/correlation") : NULL;
  const meso_array *edge = r != NULL ? meso_result_find(r, "/envelope/band_edges_Hz") : NULL;
  double largest = NAN, sum = 0, n = 0;
  side s, o;
  if (c == NULL || edge == NULL || c->data == NULL || edge->data == NULL || c->n_dims != 2 ||
      meso_array_count(edge) != c->dims[1] + 1) {
    compare_say(&x->why, "the run has no correlation of powers in bands (analysis envelope)");
    return NAN;
  }
  if (!parse_sides(p, name, other, &s, &o, x)) return NAN;
  if (s.near || s.far) {
    compare_say(&x->why, "analysis envelope knows no distances");
    return NAN;
  }
  for (size_t band = 0; band < c->dims[1]; band++) {
    double own = 0, own_n = 0;
    for (size_t k = 0; k < c->dims[0]; k++) {
      const double value = c->data[k * c->dims[1] + band];
      if (!isfinite(value) || !has_band(&s, &o, edge->data, c->dims[1], band)) continue;
      own += value;
      own_n++;
    }
    sum += own;
    n += own_n;
    if (own_n > 0) largest = fmax(largest, own / own_n);
  }
  if (n == 0) compare_say(&x->why, "the run has no band for '%s'", name);
  return s.other ? largest : n > 0 ? sum / n : NAN;
}

/* Row of correlation_fit_b_um whose band is the entry's: the whole signals if it states none. */
static size_t row_of_band(const field_distances *a, const published *p)
{
  if (p->band_Hz.n == 0) return a->n_bands;
  for (size_t k = 0; k < a->n_bands; k++)
    if (fabs(a->edge_Hz->data[k] - p->band_Hz.v[0]) <= 1e-6 &&
        fabs(a->edge_Hz->data[k + 1] - p->band_Hz.v[1]) <= 1e-6)
      return k;
  return SIZE_MAX;
}

static const meso_array *fitted(const meso_result *r, const char *name, size_t n)
{
  char path[64];
  (void) snprintf(path, sizeof path, "/field_distance/correlation_fit_%s", name);
  const meso_array *a = meso_result_find(r, path);
  return a != NULL && a->data != NULL && meso_array_count(a) == n ? a : NULL;
}

void compare_correlation_length(const compare_inputs *run, const published *p, prediction *x)
{
  enum { LEAST_PERCENT = 50 };
  field_distances a = {.value = NULL};
  const bool there = find_distances(run->analysis, "/field_distance/correlation", &a) &&
                     a.n_rows == a.n_bands + 1;
  const meso_array *b = there ? fitted(run->analysis, "b_um", a.n_rows) : NULL;
  const meso_array *share = there ? fitted(run->analysis, "r_squared", a.n_rows) : NULL;
  if (b == NULL || share == NULL) {
    compare_say(&x->why, "the run has no correlation against distance (analysis field_distance)");
    return;
  }
  const size_t row = row_of_band(&a, p);
  if (row == SIZE_MAX) {
    compare_say(&x->why, "the run has no band of %g to %g Hz: give field_distance bands_Hz with "
                "these edges", p->band_Hz.v[0], p->band_Hz.v[1]);
    return;
  }
  if (!isfinite(b->data[row])) {
    compare_say(&x->why, "fewer than four classes of distance to fit a length to");
    return;
  }
  x->value = b->data[row];
  compare_say(&x->how, "b of a exp(-d / b) + c, which explains %.0f %% of the variance over %zu "
              "classes of distance", 100 * share->data[row], a.n_classes);
  x->refused = !(share->data[row] >= 1e-2 * LEAST_PERCENT);
  if (x->refused)
    compare_say(&x->why, "the fitted decay explains less than %d %% of the variance over distance",
                LEAST_PERCENT);
}

/* ---- standard deviation ------------------------------------------------------------------- */

static double largest_sd(const meso_signal *s, size_t *ret_channel)
{
  double largest = NAN;
  for (size_t c = 0; c < s->n_channels; c++) {
    double mean = 0, var = 0;
    for (size_t t = 0; t < s->n_times; t++)
      mean += s->data[t * s->n_channels + c] / (double) s->n_times;
    for (size_t t = 0; t < s->n_times; t++) {
      const double d = s->data[t * s->n_channels + c] - mean;
      var += d * d / (double) s->n_times;
    }
    if (!isfinite(var) || sqrt(var) <= largest) continue;
    largest = sqrt(var);
    *ret_channel = c;
  }
  return largest;
}

/* Cuts the entry's band from the LFP unless a recording chain did so already. false: the run has
 * not all of the band, and x says why. */
static bool cut_band(const meso_signal *s, const published *p, meso_signals *out, prediction *x)
{
  enum { ORDER = 4 };
  const double low = p->band_Hz.v[0], high = p->band_Hz.v[1], half = s->sampling_rate_Hz / 2;
  const double had_low = meso_attrs_number(&s->attrs, "recording_high_pass_Hz", 0);
  const double had_high = meso_attrs_number(&s->attrs, "recording_low_pass_Hz", 0);
  meso_err err = {.msg = ""};
  if (had_low > low || (had_high > 0 && had_high < high) || high > half) {
    x->refused = true;
    compare_say(&x->why, "the band differs: the entry has %g to %g Hz, the run's LFP %g to %g Hz",
                low, high, had_low, had_high > 0 ? had_high : half);
    return false;
  }
  const meso_recording_params chain = {
    .order = ORDER, .seed = 1, .phase = MESO_PHASE_ZERO, .reference = MESO_REFERENCE_NONE,
    .high_pass_Hz = low > had_low ? low : 0,
    .low_pass_Hz = high < (had_high > 0 ? had_high : half) ? high : 0};
  if (meso_recording_apply(&chain, s, out, &err) != MESO_OK) {
    compare_say(&x->why, "%s", err.msg);
    return false;
  }
  if (chain.high_pass_Hz > 0 || chain.low_pass_Hz > 0)
    compare_say(&x->how, ", cut here by Butterworth filters of order %d, zero phase", (int) ORDER);
  else compare_say(&x->how, ", as its recording chain left it");
  return true;
}

void compare_lfp_sd(const compare_inputs *run, const published *p, prediction *x)
{
  const meso_signal *s = compare_signal(run->lfp, "lfp", x);
  meso_signals *cut = NULL;
  size_t channel = 0;
  if (s == NULL) return;
  if (s->units == NULL || strcmp(s->units, "mV") != 0) {
    compare_say(&x->why, "the run's LFP is not in mV");
    return;
  }
  const double all = largest_sd(s, &channel);
  if (isnan(all)) {
    compare_say(&x->why, "the run's LFP is not finite");
    return;
  }
  if (p->band_Hz.n == 0) {
    x->value = all;
    compare_say(&x->how, "largest channel, %zu; all frequencies up to %g Hz", channel,
                s->sampling_rate_Hz / 2);
    compare_say(&x->flags, "; the entry states no band");
    return;
  }
  if (meso_signals_create(&cut, NULL) == MESO_OK && cut_band(s, p, cut, x)) {
    compare_line filters = x->how;
    x->how.n = 0;
    x->value = largest_sd(&cut->signal[0], &channel);
    compare_say(&x->how, "largest channel, %zu; %g to %g Hz%s", channel, p->band_Hz.v[0],
                p->band_Hz.v[1], filters.text);
  } else if (x->refused) { /* shown, without a verdict */
    x->value = all;
    compare_say(&x->how, "largest channel, %zu", channel);
  }
  meso_signals_destroy(cut);
}
