/* meso_contrast.h: two analyses made by the same estimator, a prediction and a measurement or two
 * predictions, against each other: distributions, curves and matrices that both have. */
#ifndef MESO_CONTRAST_H
#define MESO_CONTRAST_H

#include "meso_data.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Distances of two distributions with empirical distribution functions F, G:
 *    ks            max |F - G|
 *    wasserstein   integral |F - G|, in the units of the values
 *    energy        sqrt(2 integral (F - G)^2), the square root of 2 E|X - Y| - E|X - X'| - E|Y -
 *    Y'|               (Szekely & Rizzo 2013, J. Stat. Plan. Inference 143:1249) */
typedef struct meso_distances { double ks, wasserstein, energy; } meso_distances;

/** Distances of two samples in ascending order, without NaN; NaN if one is empty. */
meso_distances meso_distances_of(size_t n_a, const double *a, size_t n_b, const double *b);
/** p value of the Kolmogorov-Smirnov distance of two samples (Stephens 1970, asymptotic). */
double meso_ks_p(double ks, size_t n_a, size_t n_b);

typedef struct meso_contrast_params {
  int64_t resamples, seed;   /**< of the bootstrap and the permutations */
  double confidence;         /**< of the intervals */
  size_t n_bands;            /**< bands of curves: n_bands + 1 ascending edges */
  const double *band_edge_Hz;
  int n_threads;             /**< below 1: one */
} meso_contrast_params;

/** For every array that both analyses have and that is one of
 *    /statistics/<population>/<name>, /sttc/value     distributions
 *    /correlation/coefficient      distribution of the upper triangle; a matrix if both are of as
 *                                  many neurons
 *    /spectrum/psd, /population_spectrum/psd, /spike_spectrum/psd, /coherence/magnitude_squared
 *                                                     curves over frequency
 *  adds to @p result, under /comparison<path>:
 *    distributions: attributes n_a, n_b, median_a, median_b, the distances, each with an
 *      interval (..._low, ..._high) of plus and minus the bootstrap's quantile of the norm by
 *      which F_a - F_b is off: it holds the distance found, and the true one also where that is
 *      0; ks_p, and p_energy, the share of random splits of the pooled values whose energy
 *      distance is at least as large
 *    curves: band_edges_Hz; mean_a, mean_b (band); difference, of densities log10(a / b), of
 *      coherence a - b, with the bootstrap's interval over rows difference_low, _high
 *    matrices: attribute matrix_correlation of the upper triangles, p_matrix by permuting neurons
 *      (Mantel 1967, Cancer Res. 27:209)
 *  Values of pairs (a matrix, or an array with `pairs` beside it) share neurons or channels, so the
 *  bootstrap draws these, a pair counting as often as both were drawn, and ks_p and p_energy, which
 *  take values as independent, are NaN with the attribute `undefined`. Threads change no bit;
 *  and says in attributes differences_<key> where the two estimators' parameters differ. */
MESO_MUST_CHECK meso_status meso_contrast_run(const meso_contrast_params *params,
                                              const meso_result *a, const meso_result *b,
                                              meso_result *result, meso_err *err);

#ifdef __cplusplus
}
#endif
#endif
