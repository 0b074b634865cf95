/* meso_expected.h: what the estimators of meso_spectral.h give on average for a stationary process
 * of known covariance: the true spectra behind the estimator's own window and detrending, so that
 * estimates can be held against theory without the leakage between them. */
#ifndef MESO_EXPECTED_H
#define MESO_EXPECTED_H

#include "meso_spectral.h"
#include "meso_triangle.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Expected one-sided cross-spectral densities conj(X_i) X_j. Exact for every segment, window and
 *  detrending, for multitapers with fixed weights (adaptive ones depend on the data). Costs a
 *  transform for every sample of a segment, and n_lags times their size in memory.
 *  @param[in] covariance  (n_lags, n_channels, n_channels): E[x_i(t) x_j(t + lag)] about the mean,
 *                         for lag 0, 1, ... samples; 0 from n_lags on
 *  @param[out] spectra    (pair i <= j, frequency, 2), units^2/Hz
 *  Results do not depend on the number of threads. */
MESO_MUST_CHECK meso_status meso_expected_spectra(const meso_spectral_plan *plan, size_t n_lags,
                                                  size_t n_channels, const double *covariance,
                                                  int n_threads, double *spectra, meso_err *err);

#ifdef __cplusplus
}
#endif
#endif
