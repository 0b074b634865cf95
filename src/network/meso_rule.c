/* meso_rule.c: the connection rules.
 *
 * 1. numbers of synapses   2. in-degrees   3. different partners   4. partners by distance
 * 5. connecting by targets   6. connecting by sources   7. sources of a target   8. the table
 */
#include "meso_rule.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <gsl/gsl_randist.h>
#include <gsl/gsl_sf_gamma.h>

#include "meso_space.h"
#include "meso_wiring.h"

/* ---- 1. numbers of synapses --------------------------------------------------------------- */

bool meso_rule_excludes_self(const meso_projection *p)
{
  return p->source == p->target && !p->allow_autapses;
}

bool meso_rule_makes_multapses(const meso_projection *p)
{
  return meso_rule_at(p->rule)->has_multapses && p->allow_multapses;
}

double meso_rule_pairs(const meso_projection *p, double n_sources, double n_targets)
{
  return n_targets * (meso_rule_excludes_self(p) ? n_sources - 1 : n_sources);
}

/** Given as a number, or as the probability that a pair is connected: with multapses that is the
 *  number of draws of a pair after which a given pair has been drawn at least once with it. */
static double total_synapses(const meso_projection *p, double n_sources, double n_targets)
{
  const double pairs = meso_rule_pairs(p, n_sources, n_targets);
  if (p->n_synapses_full > 0) return (double) p->n_synapses_full;
  if (!p->allow_multapses || !(pairs > 1)) return rint(p->probability * pairs);
  return rint(log1p(-p->probability) / log1p(-1 / pairs));
}

static double indegree_synapses(const meso_projection *p, double n_sources, double n_targets)
{
  (void) n_sources;
  return (double) p->indegree * n_targets;
}

static double outdegree_synapses(const meso_projection *p, double n_sources, double n_targets)
{
  (void) n_targets;
  return (double) p->outdegree * n_sources;
}

static double bernoulli_synapses(const meso_projection *p, double n_sources, double n_targets)
{
  return p->probability * meso_rule_pairs(p, n_sources, n_targets);
}

static double one_synapses(const meso_projection *p, double n_sources, double n_targets)
{
  (void) p, (void) n_sources;
  return n_targets;
}

static double list_synapses(const meso_projection *p, double n_sources, double n_targets)
{
  (void) n_sources, (void) n_targets;
  return p->list != NULL ? (double) p->list->n : 0;
}

/* ---- 2. in-degrees ------------------------------------------------------------------------ */

/** Hypergeometric number: of n draws without replacement from a + b things, how many are among the
 *  a. By inversion, from the mode outwards: sqrt(variance) steps. */
static double hypergeometric(gsl_rng *rng, double a, double b, double n)
{
  const double first = fmax(0, n - b), last = fmin(a, n);
  const double mode = fmin(fmax(floor((n + 1) * (a + 1) / (a + b + 2)), first), last);
  double u = gsl_rng_uniform(rng), low = mode, high = mode;
  double p_low = exp(gsl_sf_lngamma(a + 1) - gsl_sf_lngamma(mode + 1) -
                     gsl_sf_lngamma(a - mode + 1) + gsl_sf_lngamma(b + 1) -
                     gsl_sf_lngamma(n - mode + 1) - gsl_sf_lngamma(b - n + mode + 1) -
                     gsl_sf_lngamma(a + b + 1) + gsl_sf_lngamma(n + 1) +
                     gsl_sf_lngamma(a + b - n + 1));
  double p_high = p_low;
  u -= p_low;
  if (u < 0) return mode;
  while (low > first || high < last) {
    if (high < last) {
      p_high *= (a - high) * (n - high) / ((high + 1) * (b - n + high + 1));
      high++;
      if ((u -= p_high) < 0) return high;
    }
    if (low > first) {
      p_low *= low * (b - n + low) / ((a - low + 1) * (n - low + 1));
      low--;
      if ((u -= p_low) < 0) return low;
    }
  }
  return mode; /* u beyond the sum of rounded probabilities */
}

/** Distributes n synapses over targets [first, last): each half gets a binomial share, or without
 *  multapses a hypergeometric one, as every target has room for n_choices synapses.
 *  @param before (targets + 1) weights of all targets before each, or NULL: equal ones */
static void split(const meso_wiring_projection *q, gsl_rng *rng, meso_rng_key key,
                  const double *before, uint32_t first, uint32_t last, uint32_t n)
{
  if (last - first == 1 || n == 0) {
    for (uint32_t i = first; i < last; i++) q->in_degree[i] = 0;
    q->in_degree[first] = n;
    return;
  }
  const uint32_t middle = first + (last - first) / 2;
  const double share = before == NULL
    ? (double) (middle - first) / (double) (last - first)
    : (before[middle] - before[first]) / (before[last] - before[first]);
  meso_rng_gsl_restart(rng, key, q->index, first, last);
  const uint32_t left = q->model->allow_multapses
    ? gsl_ran_binomial(rng, share, n)
    : (uint32_t) hypergeometric(rng, (double) (middle - first) * q->n_choices,
                                (double) (last - middle) * q->n_choices, n);
  split(q, rng, key, before, first, middle, left);
  split(q, rng, key, before, middle, last, n - left);
}

/* ---- 3. different partners ---------------------------------------------------------------- */

/** The partners that a neuron may have: those of its column, perhaps without itself. */
typedef struct partners {
  uint32_t first;          /**< of the column */
  uint32_t self;           /**< number of the neuron in the column; UINT32_MAX: not excluded */
} partners;

/** n_own, n_partners: neurons of a column in the neuron's population, in that of its partners. */
static inline partners partners_of(const meso_wiring_projection *q, uint32_t neuron,
                                   uint32_t n_own, uint32_t n_partners)
{
  const uint32_t column = neuron / n_own, self = neuron - column * n_own;
  return (partners) {column * n_partners, q->excludes_self ? self : UINT32_MAX};
}

static inline partners sources_of(const meso_wiring_projection *q, uint32_t target)
{
  return partners_of(q, target, q->n_targets, q->n_sources);
}

/** Number x of those that a neuron may have. */
static inline uint32_t partner(partners p, uint32_t x) { return p.first + x + (x >= p.self); }

/** Different numbers below n: words in turn, and those that repeat a number are passed over. When
 *  more than half of the numbers are wanted, the others are drawn.
 *  @param taken (n) bits of scratch  @param[out] list (wanted) */
static void draw_distinct(const meso_wiring_projection *q, meso_rng_key key, uint32_t neuron,
                          uint32_t n, uint32_t wanted, uint64_t *taken, uint32_t *list)
{
  uint32_t word[3][MESO_RNG_LANES], found = 0;
  const bool is_dense = wanted > n / 2;
  const uint32_t to_find = is_dense ? n - wanted : wanted;
  memset(taken, 0, ((size_t) n + 63) / 64 * sizeof *taken);
  for (uint32_t j = 0; found < to_find; j += MESO_RNG_LANES) {
    q->lanes->draw(key, j, neuron, q->index, word);
    for (unsigned i = 0; i < MESO_RNG_LANES && found < to_find; i++) {
      const uint32_t x = (uint32_t) ((uint64_t) word[0][i] * n >> 32);
      if ((taken[x / 64] >> x % 64 & 1) != 0) continue;
      taken[x / 64] |= (uint64_t) 1 << x % 64;
      if (!is_dense) list[found] = x;
      found++;
    }
  }
  if (!is_dense) return;
  for (uint32_t x = 0, k = 0; x < n; x++)
    if ((taken[x / 64] >> x % 64 & 1) == 0) list[k++] = x;
}

/* ---- 4. partners by distance -------------------------------------------------------------- */

/** Sums of the profile over the partners 0, 1, ... of a neuron; a neuron that may not be its own
 *  partner counts 0. Returns the whole sum. @param[out] cumulative (n_partners) */
static double weigh(const meso_wiring_projection *q, const double *here, const double *there,
                    uint32_t n_partners, partners of, double *cumulative)
{
  double sum = 0;
  for (uint32_t x = 0; x < n_partners; x++) {
    const double *place = there + 3 * ((size_t) of.first + x);
    if (x != of.self)
      sum += meso_space_profile(q->model, meso_space_distance_um(q->space, here, place));
    cumulative[x] = sum;
  }
  return sum;
}

static double weigh_sources(const meso_wiring_projection *q, uint32_t target, double *cumulative)
{
  return weigh(q, q->target_xyz_um + 3 * (size_t) target, q->source_xyz_um, q->n_sources,
               sources_of(q, target), cumulative);
}

/** The partner on which a random word falls: the first with a larger sum. */
static uint32_t pick(const double *cumulative, uint32_t n, uint32_t word)
{
  const double at = word * 0x1p-32 * cumulative[n - 1];
  uint32_t low = 0, high = n - 1;
  while (low < high) {
    const uint32_t middle = low + (high - low) / 2;
    if (cumulative[middle] > at) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** Number k of n in ascending order, k from 0 (Hoare's selection); x is shuffled. */
static double select_smallest(double *x, uint32_t n, uint32_t k)
{
  int64_t low = 0, high = (int64_t) n - 1;
  while (low < high) {
    const double pivot = x[low + (high - low) / 2];
    int64_t i = low, j = high;
    while (i <= j) {
      while (x[i] < pivot) i++;
      while (x[j] > pivot) j--;
      if (i > j) break;
      const double swapped = x[i];
      x[i++] = x[j];
      x[j--] = swapped;
    }
    if (k <= j) high = j;
    else if (k >= i) low = i;
    else break;
  }
  return x[k];
}

/** Different partners, one after the other, each with a probability in proportion to its profile
 *  among those left: the first to come when each comes after an exponential time with its profile
 *  as rate (Efraimidis & Spirakis 2006, doi 10.1016/j.ipl.2005.11.003). In ascending order.
 *  @param work (2 n)  @param[out] list (wanted)
 *  @return number found: fewer than wanted if fewer partners have a profile above 0. */
static uint32_t draw_first(const meso_wiring_projection *q, meso_rng_key key, uint32_t neuron,
                           uint32_t n, uint32_t wanted, const double *cumulative, double *work,
                           uint32_t *list)
{
  uint32_t word[3][MESO_RNG_LANES], found = 0;
  double *time = work, *shuffled = work + n;
  for (uint32_t x = 0; x < n; x++) {
    const double rate = cumulative[x] - (x > 0 ? cumulative[x - 1] : 0);
    if (x % MESO_RNG_LANES == 0) q->lanes->draw(key, x, neuron, q->index, word);
    const double u = meso_rng_uniform(word[0][x % MESO_RNG_LANES], word[1][x % MESO_RNG_LANES]);
    time[x] = rate > 0 ? -log(u) / rate : INFINITY;
  }
  if (wanted == 0) return 0;
  memcpy(shuffled, time, n * sizeof *shuffled);
  const double last = wanted <= n ? select_smallest(shuffled, n, wanted - 1) : INFINITY;
  for (uint32_t x = 0; x < n && found < wanted; x++)
    if (time[x] <= last && isfinite(time[x])) list[found++] = x;
  return found;
}

/** Sources of a target where the probability depends on distance: candidates with the probability
 *  at distance 0, of which each stays with the probability of the profile. Returns their number. */
static uint32_t draw_near(const meso_wiring_projection *q, uint32_t target, uint64_t *taken,
                          uint32_t *list)
{
  const meso_rng_key key = meso_rng_key_make(q->seed, MESO_RNG_THINNING);
  const partners sources = sources_of(q, target);
  const double *here = q->target_xyz_um + 3 * (size_t) target;
  uint32_t word[3][MESO_RNG_LANES], n = 0;
  draw_distinct(q, meso_rng_key_make(q->seed, MESO_RNG_SYNAPSE), target, q->n_choices,
                q->n_candidates[target], taken, list);
  for (uint32_t k = 0; k < q->n_candidates[target]; k++) {
    const double *there = q->source_xyz_um + 3 * (size_t) partner(sources, list[k]);
    const double distance_um = meso_space_distance_um(q->space, here, there);
    if (k % MESO_RNG_LANES == 0) q->lanes->draw(key, k, target, q->index, word);
    if (word[0][k % MESO_RNG_LANES] < meso_space_profile(q->model, distance_um) * 0x1p32)
      list[n++] = list[k];
  }
  return n;
}

/** Each pair on its own: the in-degree is binomial, and given it all sets of sources are equally
 *  likely. With distances these are the candidates. */
static meso_status connect_bernoulli(meso_wiring_projection *q, gsl_rng *rng, meso_err *err)
{
  meso_status status = MESO_OK;
  const meso_rng_key key = meso_rng_key_make(q->seed, MESO_RNG_IN_DEGREE);
  const uint32_t n_targets = q->n_columns * q->n_targets;
  uint64_t *taken = NULL;
  uint32_t *list = NULL;
  for (uint32_t i = 0; i < n_targets; i++) {
    meso_rng_gsl_restart(rng, key, q->index, i, i + 1);
    q->in_degree[i] = gsl_ran_binomial(rng, q->model->rule_number, q->n_choices);
  }
  if (!meso_space_matters(q->model)) goto cleanup;
  MESO_ALLOC(err, taken, (size_t) q->n_choices / 64 + 1);
  MESO_ALLOC(err, list, q->n_choices);
  MESO_ALLOC(err, q->n_candidates, n_targets);
  memcpy(q->n_candidates, q->in_degree, n_targets * sizeof *q->n_candidates);
  for (uint32_t i = 0; i < n_targets; i++) q->in_degree[i] = draw_near(q, i, taken, list);
cleanup:
  free(taken);
  free(list);
  return status;
}

/* ---- 5. connecting by targets ------------------------------------------------------------- */

static meso_status refuse_reach(const meso_wiring_projection *q, const char *end, uint32_t neuron,
                                uint32_t n_within, uint32_t n_wanted, meso_err *err)
{
  return meso_err_set(err, MESO_ERANGE, __FILE__, __LINE__, "projections.%s->%s: rule %s wants %u "
                      "partners for neuron %u of the %s; within its profile and mask there %s %u",
                      q->model->source_name, q->model->target_name, q->rule->name, n_wanted,
                      neuron, end, n_within == 1 ? "is" : "are", n_within);
}

/** Partners with a profile above 0. */
static uint32_t count_within(const double *cumulative, uint32_t n)
{
  uint32_t n_within = 0;
  for (uint32_t x = 0; x < n; x++) n_within += cumulative[x] > (x > 0 ? cumulative[x - 1] : 0);
  return n_within;
}

static meso_status connect_total(meso_wiring_projection *q, gsl_rng *rng, meso_err *err)
{
  meso_status status = MESO_OK;
  const meso_rng_key key = meso_rng_key_make(q->seed, MESO_RNG_IN_DEGREE);
  const uint32_t n = q->n_columns * q->n_targets, n_synapses = (uint32_t) q->model->rule_number;
  double *before = NULL, *cumulative = NULL;
  if (meso_space_matters(q->model)) {
    MESO_ALLOC(err, before, (size_t) n + 1);
    MESO_ALLOC(err, cumulative, q->n_sources);
    for (uint32_t i = 0; i < n; i++) before[i + 1] = before[i] + weigh_sources(q, i, cumulative);
  }
  for (uint32_t first = 0; first < n; first += q->n_targets) {
    if (n_synapses > 0 && before != NULL && !(before[first + q->n_targets] > before[first]))
      MESO_TRY(refuse_reach(q, "targets", first, 0, 1, err));
    split(q, rng, key, before, first, first + q->n_targets, n_synapses);
  }
cleanup:
  free(before);
  free(cumulative);
  return status;
}

/** As many synapses for every target. */
static meso_status connect_same(meso_wiring_projection *q, gsl_rng *rng, meso_err *err)
{
  meso_status status = MESO_OK;
  const uint32_t K = (uint32_t) q->model->rule_number;
  const uint32_t wanted = q->model->allow_multapses && K > 0 ? 1 : K;
  double *cumulative = NULL;
  (void) rng;
  MESO_ALLOC(err, cumulative, q->n_sources);
  for (uint32_t i = 0; i < q->n_columns * q->n_targets; i++) {
    q->in_degree[i] = K;
    if (!meso_space_matters(q->model)) continue;
    (void) weigh_sources(q, i, cumulative);
    const uint32_t n_within = count_within(cumulative, q->n_sources);
    if (n_within < wanted) MESO_TRY(refuse_reach(q, "targets", i, n_within, wanted, err));
  }
cleanup:
  free(cumulative);
  return status;
}

/* ---- 6. connecting by sources ------------------------------------------------------------- */

/** What the draws of a source's targets need. */
typedef struct outgoing {
  uint32_t *target;        /**< (out-degree) */
  uint64_t *taken;         /**< (targets) bits */
  double *cumulative, *work; /**< (targets), (2 targets) where distance matters; else NULL */
} outgoing;

/** Returns the number found: fewer than the rule wants if too few are near. */
static uint32_t draw_targets(const meso_wiring_projection *q, uint32_t source, const outgoing *o)
{
  const meso_rng_key key = meso_rng_key_make(q->seed, MESO_RNG_OUT_DEGREE);
  const uint32_t n = q->n_targets - q->excludes_self, K = (uint32_t) q->model->rule_number;
  const partners targets = partners_of(q, source, q->n_sources, q->n_targets);
  uint32_t word[3][MESO_RNG_LANES], found = K;
  if (o->cumulative != NULL)
    (void) weigh(q, q->source_xyz_um + 3 * (size_t) source, q->target_xyz_um, q->n_targets, targets,
                 o->cumulative);
  if (o->cumulative != NULL && !q->model->allow_multapses)
    found = draw_first(q, key, source, q->n_targets, K, o->cumulative, o->work, o->target);
  else if (o->cumulative != NULL && !(o->cumulative[q->n_targets - 1] > 0)) found = 0;
  else if (!q->model->allow_multapses) draw_distinct(q, key, source, n, K, o->taken, o->target);
  for (uint32_t j = 0; q->model->allow_multapses && j < found; j++) {
    if (j % MESO_RNG_LANES == 0) q->lanes->draw(key, j, source, q->index, word);
    const uint32_t w = word[0][j % MESO_RNG_LANES];
    o->target[j] = o->cumulative != NULL ? pick(o->cumulative, q->n_targets, w)
                                         : (uint32_t) ((uint64_t) w * n >> 32);
  }
  for (uint32_t j = 0; j < found; j++)
    o->target[j] = o->cumulative != NULL ? targets.first + o->target[j]
                                         : partner(targets, o->target[j]);
  return found;
}

static meso_status outgoing_init(outgoing *o, const meso_wiring_projection *q, meso_err *err)
{
  meso_status status = MESO_OK;
  MESO_ALLOC(err, o->target, (size_t) q->model->rule_number);
  MESO_ALLOC(err, o->taken, (size_t) q->n_targets / 64 + 1);
  if (!meso_space_matters(q->model)) goto cleanup;
  MESO_ALLOC(err, o->cumulative, q->n_targets);
  MESO_ALLOC(err, o->work, 2 * (size_t) q->n_targets);
cleanup:
  return status;
}

static void outgoing_clear(outgoing *o)
{
  free(o->target);
  free(o->taken);
  free(o->cumulative);
  free(o->work);
}

/** Every source draws its targets; twice, to count and to write the sources of each target. */
static meso_status connect_by_source(meso_wiring_projection *q, gsl_rng *rng, meso_err *err)
{
  meso_status status = MESO_OK;
  (void) rng;
  const uint32_t K = (uint32_t) q->model->rule_number;
  const uint32_t n_sources = q->n_columns * q->n_sources, n_targets = q->n_columns * q->n_targets;
  outgoing o = {0};
  size_t *next = NULL;
  MESO_TRY(outgoing_init(&o, q, err));
  MESO_ALLOC(err, next, n_targets);
  MESO_ALLOC(err, q->list_start, n_targets);
  MESO_ALLOC(err, q->list, (size_t) K * n_sources);
  for (uint32_t s = 0; s < n_sources; s++) {
    const uint32_t found = draw_targets(q, s, &o);
    if (found < K) MESO_TRY(refuse_reach(q, "sources", s, found, K, err));
    for (uint32_t j = 0; j < K; j++) q->in_degree[o.target[j]]++;
  }
  for (uint32_t i = 1; i < n_targets; i++)
    q->list_start[i] = q->list_start[i - 1] + q->in_degree[i - 1];
  memcpy(next, q->list_start, n_targets * sizeof *next);
  for (uint32_t s = 0; s < n_sources; s++) {
    (void) draw_targets(q, s, &o);
    for (uint32_t j = 0; j < K; j++) q->list[next[o.target[j]]++] = s;
  }
cleanup:
  outgoing_clear(&o);
  free(next);
  return status;
}

/** The list by targets, in the order of the file for each of them. */
static meso_status connect_list(meso_wiring_projection *q, gsl_rng *rng, meso_err *err)
{
  meso_status status = MESO_OK;
  const meso_synapse_list *list = q->model->list;
  size_t *next = NULL;
  (void) rng;
  MESO_ALLOC(err, next, q->n_targets);
  MESO_ALLOC(err, q->list_start, q->n_targets);
  MESO_ALLOC(err, q->list, list->n);
  MESO_ALLOC(err, q->list_synapse, list->n);
  for (size_t s = 0; s < list->n; s++) q->in_degree[list->target[s]]++;
  for (uint32_t i = 1; i < q->n_targets; i++)
    q->list_start[i] = q->list_start[i - 1] + q->in_degree[i - 1];
  memcpy(next, q->list_start, q->n_targets * sizeof *next);
  for (size_t s = 0; s < list->n; s++) {
    const size_t at = next[list->target[s]]++;
    q->list[at] = list->source[s];
    q->list_synapse[at] = (uint32_t) s;
  }
cleanup:
  free(next);
  return status;
}

/* ---- 7. sources of a target --------------------------------------------------------------- */

/** Any source, again and again. */
static void sources_any(const meso_wiring_projection *q, uint32_t target, uint32_t k0, unsigned n,
                        const uint32_t *word, meso_wiring_row *row, uint32_t *source)
{
  const uint64_t n_choices = q->n_choices;
  const partners sources = sources_of(q, target);
  (void) k0, (void) row;
  for (unsigned i = 0; i < n; i++)
    source[i] = partner(sources, (uint32_t) (word[i] * n_choices >> 32));
}

/** Each source once at most: all sources of the target are drawn when its first are asked for. */
static void sources_distinct(const meso_wiring_projection *q, uint32_t target, uint32_t k0,
                             unsigned n, const uint32_t *word, meso_wiring_row *row,
                             uint32_t *source)
{
  (void) word;
  if (row->projection != q->index || row->target != target) {
    row->projection = q->index;
    row->target = target;
    if (q->n_candidates != NULL) (void) draw_near(q, target, row->taken, row->source);
    else
      draw_distinct(q, meso_rng_key_make(q->seed, MESO_RNG_SYNAPSE), target, q->n_choices,
                    q->in_degree[target], row->taken, row->source);
  }
  const partners sources = sources_of(q, target);
  for (unsigned i = 0; i < n; i++) source[i] = partner(sources, row->source[k0 + i]);
}

/** Any source, again and again, in proportion to its profile. */
static void sources_weighted(const meso_wiring_projection *q, uint32_t target, uint32_t k0,
                             unsigned n, const uint32_t *word, meso_wiring_row *row,
                             uint32_t *source)
{
  const uint32_t first = sources_of(q, target).first;
  (void) k0;
  if (row->projection != q->index || row->target != target) {
    row->projection = q->index;
    row->target = target;
    (void) weigh_sources(q, target, row->cumulative);
  }
  for (unsigned i = 0; i < n; i++) source[i] = first + pick(row->cumulative, q->n_sources, word[i]);
}

/** Each source once at most, in proportion to its profile. */
static void sources_first(const meso_wiring_projection *q, uint32_t target, uint32_t k0,
                          unsigned n, const uint32_t *word, meso_wiring_row *row,
                          uint32_t *source)
{
  const uint32_t first = sources_of(q, target).first;
  (void) word;
  if (row->projection != q->index || row->target != target) {
    row->projection = q->index;
    row->target = target;
    (void) weigh_sources(q, target, row->cumulative);
    (void) draw_first(q, meso_rng_key_make(q->seed, MESO_RNG_THINNING), target, q->n_sources,
                      q->in_degree[target], row->cumulative, row->work, row->source);
  }
  for (unsigned i = 0; i < n; i++) source[i] = first + row->source[k0 + i];
}

static void sources_listed(const meso_wiring_projection *q, uint32_t target, uint32_t k0,
                           unsigned n, const uint32_t *word, meso_wiring_row *row,
                           uint32_t *source)
{
  (void) word, (void) row;
  memcpy(source, q->list + q->list_start[target] + k0, n * sizeof *source);
}

static void sources_one(const meso_wiring_projection *q, uint32_t target, uint32_t k0, unsigned n,
                        const uint32_t *word, meso_wiring_row *row, uint32_t *source)
{
  (void) q, (void) k0, (void) word, (void) row;
  for (unsigned i = 0; i < n; i++) source[i] = target;
}

static void sources_all(const meso_wiring_projection *q, uint32_t target, uint32_t k0, unsigned n,
                        const uint32_t *word, meso_wiring_row *row, uint32_t *source)
{
  const partners sources = sources_of(q, target);
  (void) word, (void) row;
  for (unsigned i = 0; i < n; i++) source[i] = partner(sources, k0 + i);
}

/* ---- 8. the table ------------------------------------------------------------------------- */

#define NO_CHOICE \
  "the rule leaves no choice that a distance could weigh; all pairs within a mask are " \
  "pairwise_bernoulli with probability 1"

static const meso_rule_ops table[MESO_N_RULES] = {
  [MESO_RULE_fixed_total_number] = {
    "fixed_total_number", {"probability", "n_synapses"}, MESO_PER_PROJECTION, true, true,
    "N_syn", total_synapses, connect_total, {sources_distinct, sources_any},
    {NULL, sources_weighted}, "without multapses a fixed total number cannot follow distances: "
    "its pairs would have to be drawn all together; allow multapses, or take fixed_indegree"},
  [MESO_RULE_fixed_indegree] = {
    "fixed_indegree", {"indegree"}, MESO_PER_TARGET, true, true, "K_in",
    indegree_synapses, connect_same, {sources_distinct, sources_any},
    {sources_first, sources_weighted}, NULL},
  [MESO_RULE_fixed_outdegree] = {
    "fixed_outdegree", {"outdegree"}, MESO_PER_SOURCE, true, true, "K_out",
    outdegree_synapses, connect_by_source, {sources_listed, sources_listed},
    {sources_listed, sources_listed}, NULL},
  [MESO_RULE_pairwise_bernoulli] = {
    "pairwise_bernoulli", {"probability"}, MESO_PER_PAIR, false, true, "p",
    bernoulli_synapses, connect_bernoulli, {sources_distinct, sources_distinct},
    {sources_distinct, sources_distinct}, NULL},
  [MESO_RULE_one_to_one] = {
    "one_to_one", {NULL}, MESO_PER_TARGET, false, false, "\u03b4", one_synapses,
    connect_same, {sources_one, sources_one}, {NULL, NULL}, NO_CHOICE},
  [MESO_RULE_all_to_all] = {
    "all_to_all", {NULL}, MESO_PER_TARGET, false, false, "\u03a9", meso_rule_pairs,
    connect_same, {sources_all, sources_all}, {NULL, NULL}, NO_CHOICE},
  [MESO_RULE_list] = {
    "list", {"file"}, MESO_PER_PROJECTION, true, false, "X", list_synapses, connect_list,
    {sources_listed, sources_listed}, {NULL, NULL}, "rule list says itself who is connected"},
};

const char *const meso_rule_number_name[4] = {
  [MESO_PER_PROJECTION] = "n_synapses", [MESO_PER_TARGET] = "indegree",
  [MESO_PER_SOURCE] = "outdegree", [MESO_PER_PAIR] = "probability"};

const meso_rule_ops *meso_rule_at(int rule) { return &table[rule]; }
