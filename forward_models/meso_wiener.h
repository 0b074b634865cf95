/* meso_wiener.h: the best linear filter from a population's rate to what its neurons make of the
 * LFP. Of kernels K_j and trains with cross-spectra S_jR with the population's rate R it is
 *   K(f) = sum_j K_j(f) S_jR(f) / S_RR(f) = S_eR(f) / S_RR(f)
 * (e: the population's part of the LFP at a contact), so correlations among its trains are in it;
 * not those with other populations. The spectra are estimated (Welch, Hann window, segments overlap
 * by half) from the first part of a recording: only what comes after may be judged.
 */
#ifndef MESO_WIENER_H
#define MESO_WIENER_H

#include <stddef.h>

#include "meso_error.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Samples of a segment, of the filter, and fewest of a series that it is fitted to. */
enum { MESO_WIENER_SEGMENT = 256 };

/** Fits filters from a rate to signals, and adds what they make of the whole rate to @p out. Means
 *  are those of the samples that were fitted. A rate without power gives the means alone.
 *  @param[in] rate    (n)
 *  @param[in] signal  (n, n_channels)
 *  @param[in] n_fit   samples that are fitted, at least MESO_WIENER_SEGMENT, else MESO_EINVAL
 *  @param out         (n, n_channels) */
MESO_MUST_CHECK meso_status meso_wiener_add(size_t n, const double *rate, size_t n_channels,
                                            const double *signal, size_t n_fit, int n_threads,
                                            double *out, meso_err *err);

#ifdef __cplusplus
}
#endif
#endif
