/* lfp_pieces.h: the LFP of neuron kernels piece by piece. Internal; for the whole: meso_lfp.h. */
#ifndef LFP_PIECES_H
#define LFP_PIECES_H

#include "meso_neuron_kernels.h"

/** Checks that kernels are of neurons and fit spikes (of which only names, sizes and times of start
 *  and stop count) and a rate; the number of samples that there will be. */
MESO_MUST_CHECK meso_status lfp_piece_count(const meso_result *kernels, const meso_spikes *spikes,
                                            double output_rate_Hz, size_t *ret_n, meso_err *err);

/** What meso_lfp_from_kernels makes, bit by bit, but for signals that need the whole recording
 *  (approximations): the samples from t_start_ms to t_stop_ms, whole multiples of the output
 *  interval. Spikes before and after these times count as far as the kernels reach.
 *  @param[in] neurons      loaded from @p kernels
 *  @param[in] with_samples  false: signals without samples; their attributes are of @p spikes,
 *                          of which only the numbers of spikes count */
MESO_MUST_CHECK meso_status lfp_piece_make(const meso_result *kernels,
                                           const meso_neuron_kernels *neurons,
                                           const meso_spikes *spikes, double output_rate_Hz,
                                           bool with_samples, int n_threads,
                                           meso_signals **ret_signals, meso_err *err);

#endif
