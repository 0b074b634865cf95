/* meso_series.h: a (time, channel) recording that is read in slabs of consecutive times, so that
 * what computes from it needs no more memory than a slab: from a signal in memory, or from a file
 * (meso_io.h). */
#ifndef MESO_SERIES_H
#define MESO_SERIES_H

#include "meso_data.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct meso_series {
  const char *name;        /**< borrowed, as all pointers here */
  size_t n_times, n_channels;
  double sampling_rate_Hz;
  double t_start_ms;       /**< time of sample 0 */
  char *const *label;      /**< (channel), or NULL; entries may be NULL */
  const double *position_um; /**< (channel, 3), or NULL */
  /** Samples first .. first + n - 1 of all channels, row by row; within the recording. */
  meso_status (*read)(const void *context, size_t first, size_t n, double *rows, meso_err *err);
  /** The same in single precision, if that is what the recording has; else NULL. */
  meso_status (*read_single)(const void *context, size_t first, size_t n, float *rows,
                             meso_err *err);
  const void *context;
} meso_series;

/** The series of a signal, which must outlive it unchanged. */
meso_series meso_series_of_signal(const meso_signal *signal);

/** Reads samples first .. first + n - 1 and refuses values that are not finite (MESO_EINVAL, with
 *  sample and region). rows: n * n_channels. */
MESO_MUST_CHECK meso_status meso_series_read(const meso_series *series, size_t first, size_t n,
                                             double *rows, meso_err *err);

#ifdef __cplusplus
}
#endif
#endif
