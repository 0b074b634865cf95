/* meso_binning.h: what the spike analyses share: the binning rule and the choice of populations.
 *
 * Binning rule: k = floor((t - t_start) / h + 1e-8), with t, t_start and the bin width h in ms. A
 * spike less than 1e-8 bins below an edge belongs to the bin above it, so times on a decimal grid
 * land where their decimal digits say. Spikes before t_start or in an incomplete last bin are left
 * out.
 */
#ifndef MESO_BINNING_H
#define MESO_BINNING_H

#include <math.h>
#include <stdint.h>

#include "meso_data.h"

#ifdef __cplusplus
extern "C" {
#endif

#define MESO_BIN_NONE INT64_MAX /**< not in any bin */

/** Bins that recordings may be cut into; keeps indices exact in a double. */
#define MESO_BIN_MAX 4e9

/** Equal bins from t_start_ms on; n of them are complete. */
typedef struct meso_bins {
  double t_start_ms, width_ms;
  int64_t n;
} meso_bins;

/** Complete bins of @p width_ms between t_start + discard and t_stop of @p spikes. Fails if the
 *  width is not positive, the discarded time is negative, or there are more than MESO_BIN_MAX. */
MESO_MUST_CHECK meso_status meso_bins_make(const meso_spikes *spikes, double discard_ms,
                                           double width_ms, meso_bins *bins, meso_err *err);

/** Bin of a spike time, or MESO_BIN_NONE. */
static inline int64_t meso_bins_index(const meso_bins *bins, double time_ms)
{
  const double k = floor((time_ms - bins->t_start_ms) / bins->width_ms + 1e-8);
  return k >= 0 && k < (double) bins->n ? (int64_t) k : MESO_BIN_NONE;
}

/** Indices of the populations in a comma-separated list, in the order of the list; all of them in
 *  file order if it is NULL or empty. Unknown and repeated names are refused. Caller frees. */
MESO_MUST_CHECK meso_status meso_populations_select(const meso_spikes *spikes, const char *list,
                                                    size_t **ret_index, size_t *ret_n,
                                                    meso_err *err);

#ifdef __cplusplus
}
#endif
#endif
