/* meso_bold.h: BOLD of a model's column from its synaptic currents.
 *
 *   x_layer(t) = sum over the layer's populations of |I_ex| + |I_in| (+ |mean external current|)
 *   z = gain (x / x_base - 1)      (meso_drive.h)
 *   BOLD = forward model of z      (meso_forward.h), point samples every TR
 * The region "column" sums all layers. Everything is set in the model's section `bold`.
 */
#ifndef MESO_BOLD_H
#define MESO_BOLD_H

#include "meso_data.h"
#include "meso_model.h"

#ifdef __cplusplus
extern "C" {
#endif

/** @param[in] currents  of meso_currents_from_spikes for this model: pA, mean over each sample
 *  Signals, one channel for each layer with simulated neurons and one for the column, labelled:
 *  "current" (pA), "drive" (1), "bold" (1: a fraction). A recording that cannot carry BOLD (too
 *  short for the baseline and a response, or silent in it) gives "current" alone and the root
 *  attribute "empty", which says why. Currents of other populations are MESO_EFORMAT, an unknown
 *  bold.model is MESO_EINVAL. Caller destroys ret_bold. */
MESO_MUST_CHECK meso_status meso_bold_from_currents(const meso_model *model,
                                                    const meso_signals *currents, int n_threads,
                                                    meso_signals **ret_bold, meso_err *err);

#ifdef __cplusplus
}
#endif
#endif
