/* engine_state.h: state of a simulation between two blocks, as named arrays: what a checkpoint
 * holds. By neuron, not by partition, so that a run may go on with another number of threads.
 * Wiring and random numbers need none: they are counted by identity. Internal to the engine.
 *
 *   /state/V_mV (neuron)            -INFINITY while refractory; sources: 0
 *   /state/I_ex, /state/I_in        weight steps; I_in only if the currents are not merged
 *   /state/held (n, 2)              refractory neurons and the last step of their dead time
 *   /neurons/<population>/<variable> (neuron)  instead of these on the general path
 *   /state/spikes (n, 2)            step and neuron of the spikes that are still on their way
 *   attributes of /state            last_step, and what must be the same when the run goes on
 */
#ifndef ENGINE_STATE_H
#define ENGINE_STATE_H

#include "engine_partition.h"
#include "meso_data.h"

/** State after last_step, which ends a block. Caller destroys ret_state. */
MESO_MUST_CHECK meso_status engine_state_save(const simulation *s, uint64_t last_step,
                                              meso_result **ret_state, meso_err *err);
/** Puts a state into a simulation that is ready for its first step; the next step is
 *  *ret_last_step + 1. MESO_EFORMAT if the state is not one of this model. */
MESO_MUST_CHECK meso_status engine_state_restore(simulation *s, const meso_result *state,
                                                 uint64_t *ret_last_step, meso_err *err);

#endif
