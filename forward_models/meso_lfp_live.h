/* meso_lfp_live.h: the LFP of a model while its spikes come.
 *
 * Sample m of the LFP is changed by spikes of a finite time only, from the kernels' length before
 * it to half the output filter's after it. So every window of spikes completes some samples, and
 * the spikes that later samples need are kept: memory does not grow with the recording, and the
 * samples are bit by bit those that meso_lfp_from_kernels makes of all spikes at once, however they
 * are cut into windows.
 */
#ifndef MESO_LFP_LIVE_H
#define MESO_LFP_LIVE_H

#include "meso_data.h"
#include "meso_error.h"
#include "meso_model.h"
#include "meso_simulate.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct meso_lfp_live meso_lfp_live;

/** Prepares for a run of a model from 0 to simulation.duration_ms. Kernels of neurons only, and
 *  those of this model (meso_kernels_check); both are borrowed. lfp.external must be off
 *  (MESO_EINVAL): that input is added to the whole LFP. Approximations by population rates
 *  ("lfp_by_X") need the whole recording, too, and are left out. */
MESO_MUST_CHECK meso_status meso_lfp_live_create(const meso_model *model,
                                                 const meso_result *kernels, int n_threads,
                                                 meso_lfp_live **ret_live, meso_err *err);
void meso_lfp_live_destroy(meso_lfp_live *live);

/** For meso_simulate: signals as of meso_lfp_from_kernels, kind "lfp". path and identity, which
 *  should tell these kernels from others, are borrowed. */
meso_live meso_lfp_live_signals(meso_lfp_live *live, const char *path, const char *identity);

/** Processor time that it took up to now. */
double meso_lfp_live_seconds(const meso_lfp_live *live);

#ifdef __cplusplus
}
#endif
#endif
