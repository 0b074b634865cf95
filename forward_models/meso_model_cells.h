/* meso_model_cells.h: the cells of a model as an explicit population: every synapse of the wiring,
 * every spike that reaches it an event. The ground truth of the neuron kernels; the two share the
 * places of cells and the probabilities of segments (meso_cells.h), nothing else.
 */
#ifndef MESO_MODEL_CELLS_H
#define MESO_MODEL_CELLS_H

#include "meso_compartment.h"
#include "meso_data.h"
#include "meso_model.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Integrates the cells that lfp.n_cells chooses (0: all) and gives signals "lfp" (mV, contacts of
 *  the model's probe) and "dipole" (nA um; x, y, z) at lfp.output_rate_Hz through the same output
 *  filter as the neuron kernels, from spikes->t_start_ms on. As with them the network falls silent
 *  where the spikes end.
 *  @param[out] opt_times  may be NULL */
MESO_MUST_CHECK meso_status meso_model_cells_lfp(const meso_model *model, size_t n_dirs,
                                                 const char *const *morphology_dirs,
                                                 const meso_spikes *spikes, int n_threads,
                                                 const meso_progress *progress,
                                                 meso_compartment_times *opt_times,
                                                 meso_signals **ret_signals, meso_err *err);

#ifdef __cplusplus
}
#endif
#endif
