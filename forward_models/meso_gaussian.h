/* meso_gaussian.h: stationary Gaussian series of several channels with a given matrix of
 * covariances, sample by sample reproducible.
 *
 * The cross-spectral matrix S(f), the Fourier transform of the covariances, is factored at every
 * frequency of a grid, S = G G^H with G its Hermitian square root (a Cholesky factor would need
 * full rank, which filtered signals of close channels have not); G's transform back is a matrix of
 * filters, and the series is white noise through them. At the grid's frequencies the spectrum is
 * exact. The noise of channel c in sample t is a function of (key, t, c) alone, and it has been
 * there for ever: the series is stationary from its first sample on, sample t does not depend on
 * how many are asked for, nor on the number of threads.
 */
#ifndef MESO_GAUSSIAN_H
#define MESO_GAUSSIAN_H

#include <stddef.h>

#include <fftw3.h>

#include "meso_error.h"
#include "meso_rng.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct meso_gaussian {
  size_t n_channels;
  size_t n_taps;          /**< of the filters; samples from block to block */
  meso_rng_key key;
  fftw_complex *filter;   /**< (n_taps + 1, n_channels, n_channels): transforms of length
                               2 n_taps */
  fftw_plan forward, inverse;
} meso_gaussian;

/** Prepares a process. Free with meso_gaussian_clear.
 *  @param[in] covariance  (n_lags, n_channels, n_channels) E x_i(t + lag) x_j(t) at lags 0, 1,
 *                         ...; zero beyond
 *  MESO_ENUMERIC if a spectral matrix has no eigenvalues; negative ones (rounding) count as 0. */
MESO_MUST_CHECK meso_status meso_gaussian_init(size_t n_channels, size_t n_lags,
                                               const double *covariance, meso_rng_key key,
                                               int n_threads, meso_gaussian *process,
                                               meso_err *err);
void meso_gaussian_clear(meso_gaussian *process);

/** Adds samples 0 .. n - 1 to @p out (n, n_channels). */
MESO_MUST_CHECK meso_status meso_gaussian_add(const meso_gaussian *process, size_t n,
                                              int n_threads, double *out, meso_err *err);

#ifdef __cplusplus
}
#endif
#endif
