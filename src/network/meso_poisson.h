/* meso_poisson.h: the external events of a network's neurons: how many reach a neuron in a step.
 * A pure function of (seed, identity of the neuron, step), so that whoever asks sees the same: the
 * engine draws many neurons at once (engine_kernels.h), a forward model one neuron's train.
 *
 * Eight neurons share a block of Philox4x32 with seven rounds, 16 bits each, which are compared
 * with the upper 16 bits of 48-bit cumulative probabilities; where that does not decide, 32 more
 * bits of a block of the neuron's own do.
 */
#ifndef MESO_POISSON_H
#define MESO_POISSON_H

#include <stddef.h>
#include <stdint.h>

#include "meso_error.h"
#include "meso_rng.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Most events of a Poisson input in one step, and their largest mean number. */
enum { MESO_POISSON_MAX_EVENTS = 64 };
#define MESO_POISSON_MAX_MEAN 15.0

enum { MESO_POISSON_PER_BLOCK = 8, MESO_POISSON_ROUNDS = 7 };

/** Cumulative table of Poisson counts. */
typedef struct meso_poisson {
  uint32_t n_thresholds;
  uint32_t n_upper;        /**< first thresholds, which decide all but a few draws; at most 31 */
  uint16_t upper[64];      /**< their upper 16 bits */
  uint64_t threshold[64];  /**< 2^48 P(count <= j) */
} meso_poisson;

/** Table for a mean count per step. MESO_ERANGE above MESO_POISSON_MAX_MEAN, in words about the
 *  file or model at @p path and its step. */
MESO_MUST_CHECK meso_status meso_poisson_init(meso_poisson *p, double mean, double dt_ms,
                                              const char *path, meso_err *err);

/** Counts of one neuron in n steps from first_step on. Keys: of the network's seed for
 *  MESO_RNG_BACKGROUND and MESO_RNG_BACKGROUND_TAIL; identity as of meso_model_identity. */
void meso_poisson_train(const meso_poisson *p, meso_rng_key key, meso_rng_key tail_key,
                        uint64_t identity, uint64_t first_step, size_t n, uint16_t *count);

#ifdef __cplusplus
}
#endif
#endif
