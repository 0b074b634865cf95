/* meso_binning.h: what the spike analyses share: their interval, the binning rule and the choice of
 * populations.
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
#include "meso_params.h"

#ifdef __cplusplus
extern "C" {
#endif

#define MESO_BIN_NONE INT64_MAX /**< not in any bin */

/** Bins that recordings may be cut into; keeps indices exact in a double. */
#define MESO_BIN_MAX 4e9

/** Which part of a recording is analysed. */
typedef struct meso_interval_params {
  double discard_ms;           /**< left out at the start of the recording */
  double t_start_ms, t_stop_ms; /**< what lies outside is left out too */
} meso_interval_params;

/** Their option rows, for a params struct whose member @p m is a meso_interval_params. */
#define MESO_INTERVAL_ROWS(object, m) \
  {.key = "discard_ms", .type = MESO_PARAM_DOUBLE, .unit = "ms", .min = 0, .max = 1e12, \
   .default_text = "0", .offset = offsetof(object, m.discard_ms), \
   .help = "time left out at the start of the recording"}, \
  {.key = "t_start_ms", .type = MESO_PARAM_DOUBLE, .unit = "ms", .min = -1e12, .max = 1e12, \
   .default_text = "-1e12", .offset = offsetof(object, m.t_start_ms), \
   .help = "what comes before this time is left out"}, \
  {.key = "t_stop_ms", .type = MESO_PARAM_DOUBLE, .unit = "ms", .min = -1e12, .max = 1e12, \
   .default_text = "1e12", .offset = offsetof(object, m.t_stop_ms), \
   .help = "what comes at or after this time is left out"}

/** An interval within a recording. Spikes at stop_ms belong to it only if the recording ends
 *  there. */
typedef struct meso_interval {
  double start_ms, stop_ms;
  bool is_cut;                 /**< the recording goes on after stop_ms */
} meso_interval;

/** The interval that @p params leave of @p spikes; fails with MESO_ERANGE if nothing is left. */
MESO_MUST_CHECK meso_status meso_interval_find(const meso_interval_params *params,
                                               const meso_spikes *spikes,
                                               meso_interval *interval, meso_err *err);

/** Its limits as attributes t_start_ms, t_stop_ms, and the discard_ms that it was asked for. */
MESO_MUST_CHECK meso_status meso_interval_set_attributes(const meso_interval_params *params,
                                                         const meso_interval *interval,
                                                         meso_attrs *attrs, meso_err *err);

static inline bool meso_interval_has(const meso_interval *interval, double time_ms)
{
  return time_ms >= interval->start_ms &&
         (interval->is_cut ? time_ms < interval->stop_ms : time_ms <= interval->stop_ms);
}

/** Equal bins from t_start_ms on; n of them are complete. */
typedef struct meso_bins {
  double t_start_ms, width_ms;
  int64_t n;
} meso_bins;

/** Complete bins of @p width_ms in an interval. Fails if the width is not positive or there are
 *  more than MESO_BIN_MAX. */
MESO_MUST_CHECK meso_status meso_bins_make(const meso_interval *interval, double width_ms,
                                           meso_bins *bins, meso_err *err);

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
