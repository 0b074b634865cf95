/* meso_wiring.c: draws the synapses of a model.
 *
 * 1. samplers: tables of weights and delays
 * 2. in-degrees: by the rule
 * 3. synapses: one Philox block each, and what the rule makes of it
 */
#include "meso_wiring.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "meso_distribution.h"
#include "meso_space.h"

/* ---- 1. samplers -------------------------------------------------------------------------- */

/** @param cumulative (n_levels) increasing, the last one is the total. */
static meso_status sampler_init(meso_sampler *s, size_t n_levels, const double *cumulative,
                                meso_err *err)
{
  meso_status status = MESO_OK;
  s->n_levels = n_levels;
  MESO_ALLOC(err, s->threshold, n_levels);
  MESO_ALLOC(err, s->guide, 4096);
  for (size_t j = 0; j + 1 < n_levels; j++)
    s->threshold[j] = (uint64_t) llrint(cumulative[j] / cumulative[n_levels - 1] * 0x1p32);
  s->threshold[n_levels - 1] = (uint64_t) 1 << 32;
  for (size_t cell = 0, j = 0; cell < 4096; cell++) {
    while ((uint64_t) cell << 20 >= s->threshold[j]) j++;
    s->guide[cell] = (uint16_t) j;
  }
cleanup:
  return status;
}

static void sampler_clear(meso_sampler *s)
{
  free(s->threshold);
  free(s->guide);
}

/** Where rounding to steps has shifted the mean (few codes, wide distributions), the most probable
 *  levels that can mend it move by one step. cumulative, exact (in steps): (n). */
static void restore_mean(size_t n, const double *cumulative, const double *exact, int16_t *level)
{
  double error = 0, mean = 0;
  for (size_t c = 0; c < n; c++) {
    const double p = (cumulative[c] - (c > 0 ? cumulative[c - 1] : 0)) / cumulative[n - 1];
    error += p * (level[c] - exact[c]);
    mean += p * exact[c];
  }
  if (fabs(error) <= 2e-5 * fabs(mean)) return;
  for (size_t k = 0; k < n; k++) { /* from the middle outwards */
    const size_t c = k % 2 == 0 ? n / 2 + k / 2 : n / 2 - 1 - k / 2;
    const double p = (cumulative[c] - (c > 0 ? cumulative[c - 1] : 0)) / cumulative[n - 1];
    const int one = error > 0 ? 1 : -1;
    if (fabs(error) <= 0.5 * p || level[c] == 0) continue;
    level[c] = (int16_t) (level[c] - one);
    error -= one * p;
  }
}

/** Weights of a list: if they take no more values in steps than there are codes, a code for each;
 *  else codes evenly spaced between the least and the largest. */
static meso_status listed_weights(const meso_wiring *w, const meso_projection *p,
                                  meso_wiring_projection *q, meso_err *err)
{
  enum { MIDDLE = 32768, N_STEPS = 65536 };
  meso_status status = MESO_OK;
  const size_t n_codes = (size_t) 1 << w->code_bits, n = p->list->n;
  size_t n_values = 0, least = N_STEPS - 1, largest = 0;
  double *count = NULL; /* of synapses by code, at first by weight in steps */
  uint16_t *code_of = NULL;
  MESO_ALLOC(err, count, N_STEPS);
  MESO_ALLOC(err, code_of, N_STEPS);
  MESO_ALLOC(err, q->weight_of_code, n_codes);
  MESO_ALLOC(err, q->list_code, n);
  for (size_t i = 0; i < n; i++)
    count[MIDDLE + lrint(p->list->weight_pA[i] / w->weight_step_pA)]++;
  for (size_t v = 0; v < N_STEPS; v++) {
    if (count[v] == 0) continue;
    least = v < least ? v : least;
    largest = v;
    n_values++;
  }
  for (size_t v = least, next = 0; v <= largest; v++) {
    if (count[v] == 0) continue;
    const double place = largest > least ? (double) (v - least) / (double) (largest - least) : 0;
    const size_t c = n_values <= n_codes ? next++ : (size_t) lrint(place * (double) (n_codes - 1));
    code_of[v] = (uint16_t) c;
    q->weight_of_code[c] = (int16_t) (n_values <= n_codes ? (long) v - MIDDLE : lrint(
      (double) least - MIDDLE + (double) (largest - least) * (double) c / (double) (n_codes - 1)));
  }
  for (size_t k = 0; k < n; k++)
    q->list_code[k] =
      code_of[MIDDLE + lrint(p->list->weight_pA[q->list_synapse[k]] / w->weight_step_pA)];
  memset(count, 0, n_codes * sizeof *count);
  for (size_t k = 0; k < n; k++) count[q->list_code[k]]++;
  for (size_t c = 1; c < n_codes; c++) count[c] += count[c - 1];
  MESO_TRY(sampler_init(&q->weight, n_codes, count, err));
cleanup:
  free(count);
  free(code_of);
  return status;
}

/** Codes are distances, evenly spaced from 0 to the reach. */
static meso_status near_weights(const meso_wiring *w, const meso_projection *p,
                                meso_wiring_projection *q, meso_err *err)
{
  meso_status status = MESO_OK;
  const size_t n = (size_t) 1 << w->code_bits;
  double *count = NULL;
  MESO_ALLOC(err, count, n);
  MESO_ALLOC(err, q->weight_of_code, n);
  q->codes_per_um = (double) (n - 1) / meso_space_reach_um(w->model, p);
  for (size_t c = 0; c < n; c++) {
    const double PSP_mV = meso_space_PSP_mV(p, (double) c / q->codes_per_um);
    q->weight_of_code[c] = (int16_t) lrint(p->weight_pA_per_mV * PSP_mV / w->weight_step_pA);
    count[c] = (double) c + 1; /* the draw is replaced */
  }
  MESO_TRY(sampler_init(&q->weight, n, count, err));
cleanup:
  free(count);
  return status;
}

static meso_status weight_sampler(const meso_wiring *w, const meso_projection *p,
                                  meso_wiring_projection *q, meso_err *err)
{
  if (p->PSP_mV_per_um != 0) return near_weights(w, p, q, err);
  if (p->list != NULL && p->list->weight_pA != NULL) return listed_weights(w, p, q, err);
  meso_status status = MESO_OK;
  const meso_distribution_ops *d = meso_distribution_at(p->weight_distribution, p->weight_sd_pA);
  const size_t n = (size_t) 1 << w->code_bits;
  double *cumulative = NULL, *exact = NULL;
  MESO_ALLOC(err, cumulative, n);
  MESO_ALLOC(err, exact, n);
  MESO_ALLOC(err, q->weight_of_code, n);
  const double sign = p->weight_pA < 0 ? -1.0 : 1.0, mean = fabs(p->weight_pA);
  const double wrong_sign =
    p->weight_truncation == MESO_REDRAW ? d->cdf(mean, p->weight_sd_pA, 0.0) : 0.0;
  for (size_t c = 0; c < n; c++) {
    const double pA = d->cell(mean, p->weight_sd_pA, c, n, &cumulative[c]);
    cumulative[c] = fmax(cumulative[c] - wrong_sign, 0.0);
    exact[c] = sign * fmax(pA, 0.0) / w->weight_step_pA;
    q->weight_of_code[c] = (int16_t) lrint(exact[c]);
  }
  restore_mean(n, cumulative, exact, q->weight_of_code);
  MESO_TRY(sampler_init(&q->weight, n, cumulative, err));
cleanup:
  free(cumulative);
  free(exact);
  return status;
}

double meso_wiring_delay_share(const meso_model *m, const meso_projection *p, double steps)
{
  const meso_distribution_ops *d = meso_distribution_at(p->delay_distribution, p->delay_sd_ms);
  const double dt = m->simulation.dt_ms;
  const double most = MESO_WIRING_MAX_DELAY_STEPS;
  if (p->list != NULL && p->list->delay_steps != NULL)
    return p->list->delay_share[(size_t) fmin(fmax(steps, 0.0), most)];
  const double too_short = p->delay_truncation == MESO_REDRAW
                             ? d->cdf(p->delay_mean_ms, p->delay_sd_ms, 0.5 * dt) : 0.0;
  if (steps < 1.0) return 0.0;
  return d->cdf(p->delay_mean_ms, p->delay_sd_ms, (steps + 0.5) * dt) - too_short;
}

/** Delays from the distribution alone; those of the distance are added by meso_wiring_draw. */
static meso_status delay_sampler(const meso_wiring *w, const meso_projection *p,
                                 meso_wiring_projection *q, meso_err *err)
{
  meso_status status = MESO_OK;
  const double longest_way = q->delay_steps_per_um * meso_space_farthest_um(w->model);
  const size_t n = ((size_t) 1 << w->delay_bits) - 1 - (size_t) ceil(longest_way);
  double *cumulative = NULL;
  MESO_ALLOC(err, cumulative, n);
  for (size_t j = 0; j < n; j++)
    cumulative[j] = meso_wiring_delay_share(w->model, p, (double) j + 1.0);
  MESO_TRY(sampler_init(&q->delay, n, cumulative, err));
  if (p->list == NULL || p->list->delay_steps == NULL) goto cleanup;
  MESO_ALLOC(err, q->list_delay, p->list->n);
  for (size_t k = 0; k < p->list->n; k++)
    q->list_delay[k] = p->list->delay_steps[q->list_synapse[k]];
cleanup:
  free(cumulative);
  return status;
}

/* ---- 2. in-degrees ------------------------------------------------------------------------ */

static meso_status connect(meso_wiring *w, size_t index, gsl_rng *rng, meso_err *err)
{
  meso_status status = MESO_OK;
  const meso_model *m = w->model;
  const meso_projection *p = &m->projection[index];
  const meso_population *source = &m->population[p->source], *target = &m->population[p->target];
  meso_wiring_projection *q = &w->projection[index];
  const uint64_t n_synapses = p->n_synapses / (uint64_t) m->n_columns;
  if (n_synapses > UINT32_MAX)
    MESO_FAIL(err, MESO_ERANGE, "projection %s -> %s has %llu synapses; the limit is %u",
              source->name, target->name, (unsigned long long) n_synapses, UINT32_MAX);
  if (source->size > UINT32_MAX || target->size > UINT32_MAX)
    MESO_FAIL(err, MESO_ERANGE, "projection %s -> %s: populations have at most %u neurons",
              source->name, target->name, UINT32_MAX);
  q->model = p;
  q->rule = meso_rule_at(p->rule);
  q->sources = (meso_space_matters(p) ? q->rule->near : q->rule->sources)[p->allow_multapses];
  q->seed = m->simulation.seed;
  q->lanes = w->lanes;
  q->index = (uint32_t) index;
  q->n_columns = (uint32_t) m->n_columns;
  q->n_sources = (uint32_t) source->column_size;
  q->n_targets = (uint32_t) target->column_size;
  q->excludes_self = meso_rule_excludes_self(p);
  q->n_choices = q->n_sources - q->excludes_self;
  q->space = &m->space;
  q->source_xyz_um = w->xyz_um[p->source];
  q->target_xyz_um = w->xyz_um[p->target];
  q->delay_steps_per_um = p->delay_ms_per_um / m->simulation.dt_ms;
  MESO_ALLOC(err, q->in_degree, (size_t) target->size);
  MESO_TRY(q->rule->connect(q, rng, err));
  if (q->n_sources > w->longest_row) w->longest_row = q->n_sources;
cleanup:
  return status;
}

/* ---- 3. synapses -------------------------------------------------------------------------- */

meso_status meso_wiring_row_init(const meso_wiring *w, meso_wiring_row *row, meso_err *err)
{
  meso_status status = MESO_OK;
  *row = (meso_wiring_row) {.projection = SIZE_MAX};
  MESO_ALLOC(err, row->source, w->longest_row);
  MESO_ALLOC(err, row->taken, (size_t) w->longest_row / 64 + 1);
  MESO_ALLOC(err, row->cumulative, w->longest_row);
  MESO_ALLOC(err, row->work, 2 * (size_t) w->longest_row);
cleanup:
  return status;
}

void meso_wiring_row_clear(meso_wiring_row *row)
{
  free(row->source);
  free(row->taken);
  free(row->cumulative);
  free(row->work);
  *row = (meso_wiring_row) {.projection = SIZE_MAX};
}

void meso_wiring_draw_sources(const meso_wiring *w, meso_wiring_row *row, size_t projection,
                              uint32_t target, uint32_t k0, unsigned n, uint32_t *source)
{
  uint32_t word[3][MESO_RNG_LANES];
  const meso_wiring_projection *q = &w->projection[projection];
  w->lanes->draw(w->key, k0, target, (uint32_t) projection, word);
  q->sources(q, target, k0, n, word[0], row, source);
}

/** The way between two neurons takes its own number of steps, and may set the weight. */
static void add_distances(const meso_wiring_projection *q, uint32_t target, unsigned n,
                          const uint32_t *source, uint16_t *code, uint8_t *delay_steps)
{
  for (unsigned i = 0; i < n; i++) {
    const double distance_um = meso_space_distance_um(
      q->space, q->source_xyz_um + 3 * (size_t) source[i], q->target_xyz_um + 3 * (size_t) target);
    delay_steps[i] = (uint8_t) (delay_steps[i] + lrint(distance_um * q->delay_steps_per_um));
    if (q->codes_per_um > 0) code[i] = (uint16_t) lrint(distance_um * q->codes_per_um);
  }
}

void meso_wiring_draw(const meso_wiring *w, meso_wiring_row *row, size_t projection,
                      uint32_t target, uint32_t k0, unsigned n, uint32_t *source, uint16_t *code,
                      uint8_t *delay_steps)
{
  uint32_t word[3][MESO_RNG_LANES];
  const meso_wiring_projection *q = &w->projection[projection];
  w->lanes->draw(w->key, k0, target, (uint32_t) projection, word);
  q->sources(q, target, k0, n, word[0], row, source);
  for (unsigned i = 0; i < n; i++) {
    code[i] = (uint16_t) meso_sampler_level(&q->weight, word[1][i]);
    delay_steps[i] = (uint8_t) (meso_sampler_level(&q->delay, word[2][i]) + 1);
  }
  if (q->list_code != NULL)
    memcpy(code, q->list_code + q->list_start[target] + k0, n * sizeof *code);
  if (q->list_delay != NULL)
    memcpy(delay_steps, q->list_delay + q->list_start[target] + k0, n * sizeof *delay_steps);
  if (q->delay_steps_per_um > 0 || q->codes_per_um > 0)
    add_distances(q, target, n, source, code, delay_steps);
}

/* ---- creation ----------------------------------------------------------------------------- */

double meso_wiring_longest_delay_steps(const meso_model *m, const meso_projection *p)
{
  const meso_distribution_ops *d = meso_distribution_at(p->delay_distribution, p->delay_sd_ms);
  const double way_steps =
    p->delay_ms_per_um * meso_space_farthest_um(m) / m->simulation.dt_ms;
  if (p->list != NULL && p->list->delay_steps != NULL) {
    double longest = 0;
    for (size_t i = 0; i < p->list->n; i++) longest = fmax(longest, p->list->delay_steps[i]);
    return longest + ceil(way_steps);
  }
  const double upper_ms = d->upper(p->delay_mean_ms, p->delay_sd_ms) +
                          p->delay_ms_per_um * meso_space_farthest_um(m);
  return upper_ms / m->simulation.dt_ms + 1.0;
}

/** Smallest power of two with which the largest weight fits 16 bits; bits for the longest delay,
 *  which the check of the model has kept below 2^8 steps. */
static void choose_resolution(meso_wiring *w)
{
  const meso_model *m = w->model;
  double largest_pA = 0, longest_steps = 1;
  for (size_t p = 0; p < m->n_projections; p++) {
    const meso_projection *q = &m->projection[p];
    const meso_distribution_ops *weight =
      meso_distribution_at(q->weight_distribution, q->weight_sd_pA);
    if (q->PSP_mV_per_um != 0)
      largest_pA = fmax(largest_pA, q->weight_pA_per_mV * fmax(fabs(q->PSP_mV), fabs(
        meso_space_PSP_mV(q, meso_space_reach_um(m, q)))));
    else if (q->list == NULL || q->list->weight_pA == NULL)
      largest_pA = fmax(largest_pA, weight->largest(fabs(q->weight_pA), q->weight_sd_pA));
    for (size_t i = 0; q->list != NULL && q->list->weight_pA != NULL && i < q->list->n; i++)
      largest_pA = fmax(largest_pA, fabs(q->list->weight_pA[i]));
    longest_steps = fmax(longest_steps, meso_wiring_longest_delay_steps(m, q));
  }
  for (size_t p = 0; p < m->n_populations; p++)
    largest_pA = fmax(largest_pA, fabs(m->population[p].background_weight_pA));
  w->weight_step_pA = largest_pA > 0 ? exp2(ceil(log2(largest_pA / 32767.0))) : 1.0;
  w->delay_bits = 6;
  while (w->delay_bits < 8 && longest_steps >= (double) (1u << w->delay_bits)) w->delay_bits++;
  w->code_bits = 16 - w->delay_bits;
}

meso_status meso_wiring_create(const meso_model *model, meso_wiring **ret_wiring, meso_err *err)
{
  meso_status status = MESO_OK;
  meso_wiring *w = NULL;
  gsl_rng *rng = meso_rng_gsl_create();
  *ret_wiring = NULL;
  if (rng == NULL) MESO_FAIL(err, MESO_ENOMEM, "cannot allocate a random number generator");
  MESO_ALLOC(err, w, 1);
  w->model = model;
  w->lanes = meso_rng_lanes_choose(NULL);
  w->key = meso_rng_key_make(model->simulation.seed, MESO_RNG_SYNAPSE);
  MESO_ALLOC(err, w->projection, model->n_projections);
  choose_resolution(w);
  MESO_ALLOC(err, w->xyz_um, model->n_populations);
  for (size_t p = 0; p < model->n_populations; p++) {
    if (model->population[p].positions == MESO_POSITIONS_NONE) continue;
    MESO_ALLOC(err, w->xyz_um[p], 3 * (size_t) model->population[p].size);
    meso_space_place(model, p, w->xyz_um[p]);
  }
  for (size_t p = 0; p < model->n_projections; p++) {
    MESO_TRY(connect(w, p, rng, err));
    MESO_TRY(weight_sampler(w, &model->projection[p], &w->projection[p], err));
    MESO_TRY(delay_sampler(w, &model->projection[p], &w->projection[p], err));
    const unsigned shortest = meso_sampler_level(&w->projection[p].delay, 0) + 1;
    if (w->min_delay_steps == 0 || shortest < w->min_delay_steps) w->min_delay_steps = shortest;
  }
  *ret_wiring = w;
  w = NULL;
cleanup:
  if (rng != NULL) gsl_rng_free(rng);
  meso_wiring_destroy(w);
  return status;
}

void meso_wiring_destroy(meso_wiring *w)
{
  if (w == NULL) return;
  for (size_t p = 0; w->projection != NULL && p < w->model->n_projections; p++) {
    free(w->projection[p].in_degree);
    free(w->projection[p].list);
    free(w->projection[p].list_start);
    free(w->projection[p].list_synapse);
    free(w->projection[p].list_code);
    free(w->projection[p].list_delay);
    free(w->projection[p].n_candidates);
    free(w->projection[p].weight_of_code);
    sampler_clear(&w->projection[p].weight);
    sampler_clear(&w->projection[p].delay);
  }
  for (size_t p = 0; w->xyz_um != NULL && p < w->model->n_populations; p++) free(w->xyz_um[p]);
  free(w->xyz_um);
  free(w->projection);
  free(w);
}

meso_status meso_wiring_places(const meso_wiring *w, size_t p, double **ret_position_um,
                               meso_err *err)
{
  meso_status status = MESO_OK;
  const size_t n = 3 * (size_t) w->model->population[p].size;
  double *place = NULL;
  *ret_position_um = NULL;
  if (w->xyz_um[p] == NULL) goto cleanup;
  MESO_ALLOC_ALIGNED(err, place, n);
  memcpy(place, w->xyz_um[p], n * sizeof *place);
  *ret_position_um = place;
cleanup:
  return status;
}
