/* meso_external.h: the part of the LFP that external Poisson input makes (lfp.external).
 *
 * Kernels turn the network's spikes into its LFP; external events have no spikes, and bring half
 * or more of the excitatory charge. Each reaches a neuron by a Poisson process and acts on a
 * segment of its cell (external_cells.h). Two ways to have their signals:
 *   gaussian  a stationary Gaussian process with the exact mean and covariances of independent
 *             Poisson events through the cells (Campbell's theorem), so the exact cross-spectral
 *             matrix. It knows nothing of the spikes that the events cause: the covariance of
 *             external input with the network's activity is missing.
 *   replay    the very events that the engine drew for these neurons (meso_poisson.h), each on a
 *             segment drawn by its identity: exact, covariances with the spikes included, for
 *             spikes of the built-in engine with this seed. Some 1e9 events a second for a whole
 *             cortical column; lfp.n_cells takes a sample.
 * Only Poisson input counts: constant currents shift the potential and no more.
 */
#ifndef MESO_EXTERNAL_H
#define MESO_EXTERNAL_H

#include "meso_data.h"
#include "meso_error.h"
#include "meso_model.h"
#include "meso_progress.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Adds to kernels what gaussian needs, at the output's rate, through the output filter; rows are
 *  the contacts (mV) and, if @p moment, the three components of the dipole moment (nA um):
 *  "/external/covariance" (population, lag, row, row): E x_i(t + lag) x_j(t) less the means, of
 *  all cells of a population together; its Fourier transform over lags of both signs (those below 0
 *  by exchanging the rows) is their cross-spectral matrix. "/external/mean" (population, row),
 *  "/external/population" names, "/external/lag_ms".
 *  The model's output rate, probe and cells as for neuron kernels (meso_neuron_kernels.h). */
MESO_MUST_CHECK meso_status meso_external_add(const meso_model *model, bool moment, size_t n_dirs,
                                              const char *const *morphology_dirs, int n_threads,
                                              const meso_progress *progress, meso_result *result,
                                              meso_err *err);

/** What meso_external_add left in kernels, checked, and summed over the populations. Caller frees.
 *  @param[in] n_rows           contacts, and 3 for a moment
 *  @param[out] ret_mean        (row)
 *  @param[out] ret_covariance  (lag, row, row) */
MESO_MUST_CHECK meso_status meso_external_moments(const meso_result *kernels, size_t n_rows,
                                                  double **ret_mean, double **ret_covariance,
                                                  size_t *ret_n_lags, meso_err *err);

/** Adds external input to signals of a model's cells, as lfp.external says: a signal
 *  "lfp_from_external", which is then part of "lfp", "csd" and "dipole" (where there are any).
 *  Says in attribute "external" of "lfp" what was done, also if that is nothing.
 *  @param[in] opt_kernels  with what meso_external_add made; else gaussian computes it */
MESO_MUST_CHECK meso_status meso_external_apply(const meso_model *model,
                                                const meso_result *opt_kernels, size_t n_dirs,
                                                const char *const *morphology_dirs, int n_threads,
                                                const meso_progress *progress,
                                                meso_signals *signals, meso_err *err);

#ifdef __cplusplus
}
#endif
#endif
