/* lfp_contributions.h: parts of an LFP that lfp.contributions asks for. Internal.
 *
 *   lfp_from_X                        what the spikes of population X make, in all cells
 *   lfp_onto_Y                        what the cells of population Y make, from all spikes
 *   lfp_excitatory, lfp_inhibitory    lfp_from_X summed over the sources of a sign
 * Each of the three adds up to the whole.
 */
#ifndef LFP_CONTRIBUTIONS_H
#define LFP_CONTRIBUTIONS_H

#include "meso_neuron_kernels.h"

/** What kernels were asked to give: their attribute "contributions", else source. */
int lfp_contributions_of(const meso_result *kernels);
bool lfp_contributions_by_target(const meso_result *kernels);

/** Adds "lfp_onto_Y" with the sampling and the positions of signal "lfp", all zero. */
MESO_MUST_CHECK meso_status lfp_contributions_add(meso_signals *signals, const char *population,
                                                  meso_signal **ret_signal, meso_err *err);

/** Adds and fills it for every target population, from kernels of neurons.
 *  @param[in] neurons  loaded from @p kernels */
MESO_MUST_CHECK meso_status lfp_contributions_onto(const meso_result *kernels,
                                                   const meso_neuron_kernels *neurons,
                                                   const meso_spikes *spikes, int n_threads,
                                                   meso_signals *signals, meso_err *err);

/** Sums by sign if they are wanted; takes away what is not. The signals hold all lfp_from_X. */
MESO_MUST_CHECK meso_status lfp_contributions_finish(const meso_result *kernels,
                                                     meso_signals *signals, meso_err *err);

#endif
