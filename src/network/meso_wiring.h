/* meso_wiring.h: the actual synapses of a model, drawn from its seed.
 *
 * The rule of a projection (meso_rule.h) gives the in-degrees and the sources. Draws are counted by
 * identities: in-degrees by (projection, targets), the source, weight and delay of synapse k of a
 * target by one Philox block of (k, target, projection). So the synapses of any target can be made
 * again alone, by anyone, and nothing depends on threads or partitions. With several columns,
 * sources and targets are indices in their whole population, but both of one column: the first
 * column has the synapses of a network of one column. Only fixed_outdegree, whose
 * sources draw targets, keeps a list: 4 bytes a synapse.
 *
 * Weights and delays (meso_distribution.h) are drawn from tables. Weights: 2^code_bits cells of the
 * distribution with the mean of each, rounded to the fixed-point step; redrawn until the sign is
 * right, or clipped to 0. Delays: redrawn until >= dt/2, or clipped to one step, and redrawn until
 * within the table, rounded to steps: drawn from the exact probabilities of the steps.
 */
#ifndef MESO_WIRING_H
#define MESO_WIRING_H

#include <stdint.h>

#include "meso_error.h"
#include "meso_model.h"
#include "meso_rng.h"
#include "meso_rule.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Discrete distribution sampled by inversion of a 32-bit word, with a guide table. */
typedef struct meso_sampler {
  size_t n_levels;
  uint64_t *threshold;   /**< (n_levels) 2^32 P(level <= j); the last is 2^32 */
  uint16_t *guide;       /**< (4096) first level possible for the word's upper 12 bits */
} meso_sampler;

struct meso_wiring_projection {
  const meso_projection *model; /**< borrowed */
  const meso_rule_ops *rule;
  meso_rule_sources *sources; /**< one of the rule's */
  int64_t seed;
  const meso_rng_lanes *lanes;
  uint32_t index;
  uint32_t n_columns, n_sources, n_targets; /**< sources and targets of a column */
  uint32_t n_choices;      /**< sources that a target may have */
  bool excludes_self;      /**< one population, without autapses */
  uint32_t *in_degree;     /**< (targets of all columns) */
  uint32_t *list;          /**< sources by target, of rules that go by sources; else NULL */
  size_t *list_start;      /**< (targets of all columns) in list */
  uint32_t *list_synapse;  /**< of rule list: number in the file of each entry of list */
  uint16_t *list_code;     /**< (as list) where the file has weights; else NULL */
  uint8_t *list_delay;     /**< (as list) steps, where the file has delays; else NULL */
  const meso_space *space;
  const double *source_xyz_um, *target_xyz_um; /**< (n, 3) or NULL; borrowed from the wiring */
  uint32_t *n_candidates;  /**< (as in_degree) where the probability depends on distance: sources
                                that were drawn before; else NULL */
  double delay_steps_per_um;
  double codes_per_um;     /**< of weights that depend on distance; 0: drawn */
  meso_sampler weight;     /**< levels: weight codes */
  meso_sampler delay;      /**< level j: delay of j + 1 steps */
  int16_t *weight_of_code; /**< (n_codes) weight in steps */
};

typedef struct meso_wiring {
  const meso_model *model;    /**< borrowed: must outlive the wiring */
  meso_rng_key key;
  const meso_rng_lanes *lanes;
  double weight_step_pA;      /**< power of two */
  unsigned delay_bits;        /**< delays fit 1 .. 2^delay_bits - 1 steps */
  unsigned code_bits;         /**< 16 - delay_bits */
  double **xyz_um;             /**< (n_populations) places (size, 3), or NULL */
  uint32_t longest_row;       /**< largest source population of a column */
  unsigned min_delay_steps;   /**< shortest delay that any projection can draw */
  meso_wiring_projection *projection; /**< (model->n_projections) */
} meso_wiring;

/** Share of a projection's delays (without those of the distance) of at most so many steps, a whole
 *  number, up to a factor common to all: a step collects half a step below and above. */
double meso_wiring_delay_share(const meso_model *model, const meso_projection *projection,
                               double steps);

/** Draws in-degrees and prepares the samplers. */
MESO_MUST_CHECK meso_status meso_wiring_create(const meso_model *model, meso_wiring **ret_wiring,
                                               meso_err *err);
void meso_wiring_destroy(meso_wiring *wiring);

/** Places of a population's neurons, (size, 3) um, at the depth of its layer; NULL if they have
 *  none. Caller frees. */
MESO_MUST_CHECK meso_status meso_wiring_places(const meso_wiring *wiring, size_t population,
                                               double **ret_position_um, meso_err *err);

enum { MESO_WIRING_BATCH = MESO_RNG_LANES, MESO_WIRING_MAX_DELAY_STEPS = 255 };

/** Bound of a projection's delays in steps, the longest way included; a model with more than
 *  MESO_WIRING_MAX_DELAY_STEPS is refused when it is read. */
double meso_wiring_longest_delay_steps(const meso_model *model, const meso_projection *projection);

/** Scratch for the draws of one thread. meso_wiring_row_clear also after a failure. */
MESO_MUST_CHECK meso_status meso_wiring_row_init(const meso_wiring *wiring, meso_wiring_row *row,
                                                 meso_err *err);
void meso_wiring_row_clear(meso_wiring_row *row);

/** Synapses k0 .. k0 + n - 1 of a target (index within its population), n <= MESO_WIRING_BATCH:
 *  source index within the source population, weight code, delay in steps. Cheapest when all
 *  batches of a target come one after the other. */
void meso_wiring_draw(const meso_wiring *wiring, meso_wiring_row *row, size_t projection,
                      uint32_t target, uint32_t k0, unsigned n, uint32_t *source, uint16_t *code,
                      uint8_t *delay_steps);
/** The sources alone (cheaper). */
void meso_wiring_draw_sources(const meso_wiring *wiring, meso_wiring_row *row, size_t projection,
                              uint32_t target, uint32_t k0, unsigned n, uint32_t *source);

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
