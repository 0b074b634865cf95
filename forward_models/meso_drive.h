/* meso_drive.h: from a recorded quantity to the neural drive of a haemodynamic model.
 *
 *   baseline  z = gain (x / x_base - 1)
 *   peak      z = gain (x / x_base - 1) / peak, peak the largest |x / x_base - 1| of all channels
 *   none      z = gain x
 * x: a signal (currents, rates, LFP power; time x region), held between its samples and averaged in
 * boxes of dt_s; x_base: its mean, region by region, over the samples in [baseline_start_s,
 * baseline_stop_s) of the recording, counted from its first sample. z has unit 1.
 */
#ifndef MESO_DRIVE_H
#define MESO_DRIVE_H

#include "meso_data.h"
#include "meso_model.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct meso_drive_params {
  double gain;                              /**< 1 */
  int normalize;                            /**< MESO_NORMALIZE_... */
  double dt_s;                              /**< s, width of the boxes */
  double baseline_start_s, baseline_stop_s; /**< s, from the start of the recording */
} meso_drive_params;

/** Appends signal "drive" (unit 1, rate 1/dt_s, floor(T / dt_s) boxes) to @p out; its attributes
 *  are the parameters, the peak, and the name and units of @p x. Fails with a reason if the
 *  baseline window is not inside the recording, holds no sample, or has a mean of 0 in a region. */
MESO_MUST_CHECK meso_status meso_drive_make(const meso_signal *x, const meso_drive_params *params,
                                            meso_signals *out, meso_err *err);

#ifdef __cplusplus
}
#endif
#endif
