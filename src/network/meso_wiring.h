/* meso_wiring.h: the actual synapses of a model, drawn from its seed.
 *
 * Rule: fixed total number, sources and targets uniform, autapses and multapses allowed (Potjans &
 * Diesmann 2014). In-degrees come from a binomial splitting tree over the targets (exactly
 * multinomial); source, weight and delay of synapse k of a target from one Philox block counted by
 * (k, target, projection). So the synapses of any target can be made again alone, by anyone.
 * Weights: normal, redrawn until the sign is right, on a grid of the deviate (width grid_sd) and
 * then on the fixed-point step. Delays: normal, redrawn until >= dt/2, rounded to steps: drawn from
 * the exact probabilities of the steps.
 */
#ifndef MESO_WIRING_H
#define MESO_WIRING_H

#include <stdint.h>

#include "meso_error.h"
#include "meso_model.h"
#include "meso_rng.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Discrete distribution sampled by inversion of a 32-bit word, with a guide table. */
typedef struct meso_sampler {
  size_t n_levels;
  uint64_t *threshold;   /**< (n_levels) 2^32 P(level <= j); the last is 2^32 */
  uint16_t *guide;       /**< (4096) first level possible for the word's upper 12 bits */
} meso_sampler;

typedef struct meso_wiring_projection {
  uint32_t *in_degree;   /**< (targets) */
  meso_sampler weight;   /**< levels: weight codes */
  meso_sampler delay;    /**< level j: delay of j + 1 steps */
  int16_t *weight_of_code; /**< (n_codes) weight in steps */
} meso_wiring_projection;

typedef struct meso_wiring {
  const meso_model *model;    /**< borrowed: must outlive the wiring */
  meso_rng_key key;
  const meso_rng_lanes *lanes;
  double weight_step_pA;      /**< power of two */
  unsigned delay_bits;        /**< delays fit 1 .. 2^delay_bits - 1 steps */
  unsigned code_bits;         /**< 16 - delay_bits */
  unsigned min_delay_steps;   /**< shortest delay that any projection can draw */
  meso_wiring_projection *projection; /**< (model->n_projections) */
} meso_wiring;

/** Draws in-degrees and prepares the samplers. */
MESO_MUST_CHECK meso_status meso_wiring_create(const meso_model *model, meso_wiring **ret_wiring,
                                               meso_err *err);
void meso_wiring_destroy(meso_wiring *wiring);

enum { MESO_WIRING_BATCH = MESO_RNG_LANES };

/** Synapses k0 .. k0 + n - 1 of a target (index within its population), n <= MESO_WIRING_BATCH:
 *  source index within the source population, weight code, delay in steps. */
void meso_wiring_draw(const meso_wiring *wiring, size_t projection, uint32_t target, uint32_t k0,
                      unsigned n, uint32_t *source, uint16_t *code, uint8_t *delay_steps);
/** The sources alone (cheaper). */
void meso_wiring_draw_sources(const meso_wiring *wiring, size_t projection, uint32_t target,
                              uint32_t k0, unsigned n, uint32_t *source);

/** Level of a sampler for a 32-bit word. */
static inline unsigned meso_sampler_level(const meso_sampler *s, uint32_t word)
{
  unsigned j = s->guide[word >> 20];
  while (word >= s->threshold[j]) j++;
  return j;
}

#ifdef __cplusplus
}
#endif
#endif
