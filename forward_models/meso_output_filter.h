/* meso_output_filter.h: low-pass that every neuron-level LFP passes before it is sampled at its
 * output rate. Linear phase, no delay (samples to come are used as well as those gone), unit gain
 * at 0 Hz.
 *
 * Output every `factor` steps. Pass band to 0.8 of the output's Nyquist frequency, stop band from
 * the Nyquist frequency on; a sinc under a Kaiser window (Kaiser and Schafer 1980,
 * doi:10.1109/TASSP.1980.1163349), ripple and stop band below 1e-4 (-80 dB). For 0.1 ms and 1 kHz:
 * flat to 400 Hz, nothing beyond 500 Hz, +-25 ms long.
 */
#ifndef MESO_OUTPUT_FILTER_H
#define MESO_OUTPUT_FILTER_H

#include <stddef.h>

#include "meso_error.h"

#ifdef __cplusplus
extern "C" {
#endif

#define MESO_OUTPUT_PASS 0.8          /**< end of the pass band / Nyquist frequency of the output */
#define MESO_OUTPUT_ATTENUATION_DB 80.0

typedef struct meso_output_filter {
  size_t factor;  /**< steps from sample to sample */
  size_t half;    /**< taps at -half .. half steps */
  double *tap;    /**< (2 half + 1) */
} meso_output_filter;

/** factor 1: no filter (one tap). Free with meso_output_filter_clear. */
MESO_MUST_CHECK meso_status meso_output_filter_init(size_t factor, meso_output_filter *filter,
                                                    meso_err *err);
void meso_output_filter_clear(meso_output_filter *filter);

/** Gain at a frequency in cycles per step. */
double meso_output_filter_gain(const meso_output_filter *filter, double cycles_per_step);

/** out[t] = sum_k tap[k] in[t - half - (k - half)]: the filtered series, which is 2 half longer and
 *  starts half steps earlier. @param[in] in (n) @param[out] out (n + 2 half) */
void meso_output_filter_apply(const meso_output_filter *filter, size_t n, const double *in,
                              double *out);

#ifdef __cplusplus
}
#endif
#endif
