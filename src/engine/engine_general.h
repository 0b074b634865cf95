/* engine_general.h: the path for neuron models other than iaf_psc_exp, through their registry. One
 * such population puts the whole network on this path, where an input of step n acts in step n, not
 * n + 1: blocks are one step shorter, and the rows of sums hold the input of the block's own steps.
 * Internal to the engine. */
#ifndef ENGINE_GENERAL_H
#define ENGINE_GENERAL_H

#include "engine_partition.h"

/** True if a population has another model than iaf_psc_exp. */
bool engine_needs_general(const meso_model *model);

/** The neurons of population p in the partition, with their initial potentials. */
MESO_MUST_CHECK meso_status engine_general_create(partition *q, const simulation *s, size_t p,
                                                  meso_err *err);

/** One step of a chunk of population p with the input in row k of the sums. False: out of
 *  memory. */
bool engine_general_step(const simulation *s, partition *q, size_t p, const chunk *c,
                         uint64_t step, unsigned k);

/** State of all neurons as /neurons/<population>/<variable> (neuron), and back.
 *  MESO_EFORMAT if it is not the state of this model. */
MESO_MUST_CHECK meso_status engine_general_save(const simulation *s, meso_result *state,
                                                meso_err *err);
MESO_MUST_CHECK meso_status engine_general_restore(const simulation *s, const meso_result *state,
                                                   meso_err *err);

#endif
