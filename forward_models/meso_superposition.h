/* meso_superposition.h: LFP, CSD and dipole of an explicit population by adding up what single
 * events do, in a few functions of time (the synapse level of the LFP).
 *
 * The membrane current of segment k' after a unit event on segment k is a fixed function of time,
 * R[k', k](t), and all of them lie in few directions f_a: the leading singular vectors of what the
 * population's own probe sees of sampled events. With the matrix M_i of cell i,
 *   Q_i[e, a, k] = sum_k' M_i[e, k'] <f_a, R[k', k]>
 *   phi_e(t) = sum over events (segment k of cell i, weight w, step s)
 *                w sum_a Q_i[e, a, k] f_a(t - s)
 * No cable is integrated but once for each segment of each type; the number of events hardly
 * matters. Implicit Euler, as the compartment method's (meso_compartment.h), whose solver it does
 * not share.
 */
#ifndef MESO_SUPERPOSITION_H
#define MESO_SUPERPOSITION_H

#include "meso_data.h"
#include "meso_explicit.h"
#include "meso_progress.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct meso_superposition_options {
  double tolerance;              /**< rms of what the functions leave out, relative; 1e-10 to 0.1 */
  int n_threads;                 /**< at least 1 */
  const meso_progress *progress; /**< may be NULL */
} meso_superposition_options;

/** Signals as of meso_compartment_run with implicit Euler; attributes "tolerance", "n_functions"
 *  and "basis_error": rms error of single events that were not used to find the functions (of
 *  shapes of at most 12 segments: of all events), relative to their rms. The same bits for any
 *  number of threads. MESO_ERANGE if the tolerance needs more than 64 functions. */
MESO_MUST_CHECK meso_status meso_superposition_run(const meso_explicit *population,
                                                   const meso_superposition_options *options,
                                                   meso_signals **ret_signals, meso_err *err);

#ifdef __cplusplus
}
#endif
#endif
