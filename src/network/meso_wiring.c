/* meso_wiring.c: draws the synapses of a model.
 *
 * 1. samplers: discrete distributions from normal probabilities
 * 2. in-degrees: binomial splitting tree
 * 3. synapses: one Philox block each
 */
#include "meso_wiring.h"

#include <math.h>
#include <stdlib.h>

#include <gsl/gsl_cdf.h>
#include <gsl/gsl_randist.h>

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

/** Deviate of a weight code: a grid of +-5.12 standard deviations. */
static double code_deviate(unsigned code_bits, size_t code)
{
  const double n = (double) ((size_t) 1 << code_bits);
  return 10.24 / n * ((double) code - 0.5 * n + 0.5);
}

static meso_status weight_sampler(const meso_wiring *w, const meso_projection *p,
                                  meso_wiring_projection *q, meso_err *err)
{
  meso_status status = MESO_OK;
  const size_t n = (size_t) 1 << w->code_bits;
  const double half_cell = 5.12 / (double) n;
  /* Right sign: the deviate, counted away from zero, exceeds -|mean|/sd. */
  const double lowest = p->weight_sd_pA > 0 ? -fabs(p->weight_pA) / p->weight_sd_pA : -INFINITY;
  const double below = isfinite(lowest) ? gsl_cdf_ugaussian_P(lowest) : 0.0;
  double *cumulative = NULL;
  MESO_ALLOC(err, cumulative, n);
  MESO_ALLOC(err, q->weight_of_code, n);
  const double sign = p->weight_pA < 0 ? -1.0 : 1.0;
  for (size_t c = 0; c < n; c++) {
    const double z = code_deviate(w->code_bits, c);
    cumulative[c] = fmax(gsl_cdf_ugaussian_P(z + half_cell) - below, 0.0);
    const double pA = fmax(fabs(p->weight_pA) + p->weight_sd_pA * z, 0.0);
    q->weight_of_code[c] = (int16_t) lrint(sign * pA / w->weight_step_pA);
  }
  MESO_TRY(sampler_init(&q->weight, n, cumulative, err));
cleanup:
  free(cumulative);
  return status;
}

static meso_status delay_sampler(const meso_wiring *w, const meso_projection *p,
                                 meso_wiring_projection *q, meso_err *err)
{
  meso_status status = MESO_OK;
  const double dt = w->model->simulation.dt_ms;
  const size_t n = ((size_t) 1 << w->delay_bits) - 1;
  double *cumulative = NULL;
  MESO_ALLOC(err, cumulative, n);
  const double sd = p->delay_sd_ms;
  for (size_t j = 0; j < n; j++) {
    const double upper = ((double) j + 1.5) * dt; /* step j + 1 collects (j + 1/2, j + 3/2) dt */
    if (sd > 0)
      cumulative[j] = gsl_cdf_ugaussian_P((upper - p->delay_mean_ms) / sd) -
                      gsl_cdf_ugaussian_P((0.5 * dt - p->delay_mean_ms) / sd);
    else
      cumulative[j] = p->delay_mean_ms < upper ? 1.0 : 0.0;
  }
  MESO_TRY(sampler_init(&q->delay, n, cumulative, err));
cleanup:
  free(cumulative);
  return status;
}

/* ---- 2. in-degrees ------------------------------------------------------------------------ */

/** Distributes n synapses over targets [first, last): each half gets a binomial share. */
static void split(gsl_rng *rng, meso_rng_key key, uint32_t projection, uint32_t first,
                  uint32_t last, uint32_t n, uint32_t *in_degree)
{
  if (last - first == 1 || n == 0) {
    for (uint32_t i = first; i < last; i++) in_degree[i] = 0;
    in_degree[first] = n;
    return;
  }
  const uint32_t middle = first + (last - first) / 2;
  meso_rng_gsl_restart(rng, key, projection, first, last);
  const double share = (double) (middle - first) / (double) (last - first);
  const uint32_t left = gsl_ran_binomial(rng, share, n);
  split(rng, key, projection, first, middle, left, in_degree);
  split(rng, key, projection, middle, last, n - left, in_degree);
}

static meso_status draw_in_degrees(meso_wiring *w, meso_err *err)
{
  meso_status status = MESO_OK;
  const meso_model *m = w->model;
  const meso_rng_key key = meso_rng_key_make(m->simulation.seed, MESO_RNG_IN_DEGREE);
  gsl_rng *rng = meso_rng_gsl_create();
  if (rng == NULL) MESO_FAIL(err, MESO_ENOMEM, "cannot allocate a random number generator");
  for (size_t p = 0; p < m->n_projections; p++) {
    const meso_projection *q = &m->projection[p];
    const int64_t n_targets = m->population[q->target].size;
    if (q->n_synapses > UINT32_MAX)
      MESO_FAIL(err, MESO_ERANGE, "projection %s -> %s has %llu synapses; the limit is %u",
                m->population[q->source].name, m->population[q->target].name,
                (unsigned long long) q->n_synapses, UINT32_MAX);
    MESO_ALLOC(err, w->projection[p].in_degree, (size_t) n_targets);
    split(rng, key, (uint32_t) p, 0, (uint32_t) n_targets, (uint32_t) q->n_synapses,
          w->projection[p].in_degree);
  }
cleanup:
  if (rng != NULL) gsl_rng_free(rng);
  return status;
}

/* ---- 3. synapses -------------------------------------------------------------------------- */

void meso_wiring_draw_sources(const meso_wiring *w, size_t projection, uint32_t target,
                              uint32_t k0, unsigned n, uint32_t *source)
{
  uint32_t word[3][MESO_RNG_LANES];
  const uint64_t n_sources =
    (uint64_t) w->model->population[w->model->projection[projection].source].size;
  w->lanes->draw(w->key, k0, target, (uint32_t) projection, word);
  for (unsigned i = 0; i < n; i++) source[i] = (uint32_t) (word[0][i] * n_sources >> 32);
}

void meso_wiring_draw(const meso_wiring *w, size_t projection, uint32_t target, uint32_t k0,
                      unsigned n, uint32_t *source, uint16_t *code, uint8_t *delay_steps)
{
  uint32_t word[3][MESO_RNG_LANES];
  const meso_wiring_projection *q = &w->projection[projection];
  const uint64_t n_sources =
    (uint64_t) w->model->population[w->model->projection[projection].source].size;
  w->lanes->draw(w->key, k0, target, (uint32_t) projection, word);
  for (unsigned i = 0; i < n; i++) {
    source[i] = (uint32_t) (word[0][i] * n_sources >> 32);
    code[i] = (uint16_t) meso_sampler_level(&q->weight, word[1][i]);
    delay_steps[i] = (uint8_t) (meso_sampler_level(&q->delay, word[2][i]) + 1);
  }
}

/* ---- creation ----------------------------------------------------------------------------- */

/** Smallest power of two with which the largest weight fits 16 bits; bits for the longest delay. */
static meso_status choose_resolution(meso_wiring *w, meso_err *err)
{
  meso_status status = MESO_OK;
  const meso_model *m = w->model;
  double largest_pA = 0, longest_steps = 1;
  for (size_t p = 0; p < m->n_projections; p++) {
    const meso_projection *q = &m->projection[p];
    largest_pA = fmax(largest_pA, fabs(q->weight_pA) + 5.2 * q->weight_sd_pA);
    longest_steps = fmax(longest_steps,
                         (q->delay_mean_ms + 6.0 * q->delay_sd_ms) / m->simulation.dt_ms + 1.0);
  }
  for (size_t p = 0; p < m->n_populations; p++)
    largest_pA = fmax(largest_pA, fabs(m->population[p].background_weight_pA));
  w->weight_step_pA = largest_pA > 0 ? exp2(ceil(log2(largest_pA / 32767.0))) : 1.0;
  w->delay_bits = 6;
  while (w->delay_bits < 8 && longest_steps >= (double) (1u << w->delay_bits)) w->delay_bits++;
  w->code_bits = 16 - w->delay_bits;
  if (longest_steps >= 256.0)
    MESO_FAIL(err, MESO_ERANGE, "%s: longest delay (mean + 6 sd) is %.0f steps; at most 255 steps "
              "of dt_ms = %g are possible", m->path, longest_steps, m->simulation.dt_ms);
cleanup:
  return status;
}

meso_status meso_wiring_create(const meso_model *model, meso_wiring **ret_wiring, meso_err *err)
{
  meso_status status = MESO_OK;
  meso_wiring *w = NULL;
  *ret_wiring = NULL;
  MESO_ALLOC(err, w, 1);
  w->model = model;
  w->lanes = meso_rng_lanes_choose();
  w->key = meso_rng_key_make(model->simulation.seed, MESO_RNG_SYNAPSE);
  MESO_ALLOC(err, w->projection, model->n_projections);
  MESO_TRY(choose_resolution(w, err));
  MESO_TRY(draw_in_degrees(w, err));
  for (size_t p = 0; p < model->n_projections; p++) {
    MESO_TRY(weight_sampler(w, &model->projection[p], &w->projection[p], err));
    MESO_TRY(delay_sampler(w, &model->projection[p], &w->projection[p], err));
    const unsigned shortest = meso_sampler_level(&w->projection[p].delay, 0) + 1;
    if (w->min_delay_steps == 0 || shortest < w->min_delay_steps) w->min_delay_steps = shortest;
  }
  *ret_wiring = w;
  w = NULL;
cleanup:
  meso_wiring_destroy(w);
  return status;
}

void meso_wiring_destroy(meso_wiring *w)
{
  if (w == NULL) return;
  for (size_t p = 0; w->projection != NULL && p < w->model->n_projections; p++) {
    free(w->projection[p].in_degree);
    free(w->projection[p].weight_of_code);
    sampler_clear(&w->projection[p].weight);
    sampler_clear(&w->projection[p].delay);
  }
  free(w->projection);
  free(w);
}
