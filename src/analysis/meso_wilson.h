/* meso_wilson.h: spectral factorisation, S(f) = H(f) Sigma H(f)^*, after Wilson (1972, SIAM J.
 * Appl. Math. 23:420, doi 10.1137/0123044): H is causal with a causal inverse and 1 at lag 0, Sigma
 * the covariance of what drives it. So a spectral matrix that was estimated in any way gives the
 * transfer functions and the noise that an autoregressive model would (Dhamala, Rangarajan & Ding
 * 2008, NeuroImage 41:354, doi 10.1016/j.neuroimage.2008.02.020). */
#ifndef MESO_WILSON_H
#define MESO_WILSON_H

#include <complex.h>
#include <stdbool.h>

#include "meso_error.h"

/** What a factorisation ended with; also the reasons in files. */
enum meso_wilson_end {
  MESO_WILSON_FINE,
  MESO_WILSON_SINGULAR, /**< a channel without power, or channels that are sums of others */
  MESO_WILSON_SLOW      /**< S and its factors still differ by more than 1e-6 after 300 steps */
};

/** Workspace of one thread for matrices of up to @p most rows at the frequencies k / n_samples,
 *  k = 0 ... n_samples / 2. Destroy accepts NULL. */
typedef struct meso_wilson meso_wilson;
MESO_MUST_CHECK meso_status meso_wilson_create(size_t n_samples, size_t most,
                                               meso_wilson **ret_wilson, meso_err *err);
void meso_wilson_destroy(meso_wilson *wilson);

/** Factors a spectral matrix.
 *  @param[in]  s         (frequency, n, n): S_ij = <X_i conj(X_j)>, two-sided, any unit
 *  @param[out] transfer  (frequency, n, n): H; undefined unless the end is fine
 *  @param[out] noise     (n, n): Sigma, in units of s; likewise */
enum meso_wilson_end meso_wilson_factor(meso_wilson *wilson, size_t n, const double complex *s,
                                        double complex *transfer, double *noise);

/** Solves a x = b for m right sides: a (n, n), b (n, m) becomes x; both are overwritten. False if a
 *  is singular. */
bool meso_wilson_solve(size_t n, size_t m, double complex *a, double complex *b);

#endif
