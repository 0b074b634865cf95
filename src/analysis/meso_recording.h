/* meso_recording.h: what a recording does to a field before anybody compares it. In the order of
 * the apparatus: noise of each contact, then the reference, then the high-pass, then the low-pass.
 * The same chain on a prediction and on a measurement makes them comparable.
 *
 * Filters are of Butterworth's kind, made by the bilinear transform with the corner frequency kept:
 *   |H(f)|^2 = 1 / (1 + r^(2 order)),  r = tan(pi f / rate) / tan(pi corner / rate), high-pass: 1
 *   / r Causal: once, from the rest that belongs to the first sample. Zero phase: forwards and
 *   backwards, ends continued by odd reflection; the gain is |H|^2, its corner at -6 dB.
 */
#ifndef MESO_RECORDING_H
#define MESO_RECORDING_H

#include "meso_data.h"
#include "meso_params.h"

#ifdef __cplusplus
extern "C" {
#endif

enum meso_reference { MESO_REFERENCE_NONE, MESO_REFERENCE_AVERAGE, MESO_REFERENCE_BIPOLAR };
enum meso_filter_phase { MESO_PHASE_CAUSAL, MESO_PHASE_ZERO };

typedef struct meso_recording_params {
  double high_pass_Hz, low_pass_Hz; /**< 0: none */
  double noise_uV;                  /**< standard deviation of each sample, white and Gaussian */
  int64_t order, seed;
  int phase, reference;
} meso_recording_params;

/** Option rows of a meso_recording_params. */
extern const meso_param meso_recording_rows[];

/** Appends to @p out what the chain makes of @p signal, under its name and with its attributes; the
 *  chain is noted as attribute recording_chain, and its corners, if there are any, as
 *  recording_high_pass_Hz and recording_low_pass_Hz (of several chains the narrower ones).
 *  Bipolar: channel c + 1 minus channel c, placed midway. Fails if corners do not ascend below half
 *  the rate, if noise is asked of a signal that is no potential (V, mV, uV), and on samples that
 *  are not finite. */
MESO_MUST_CHECK meso_status meso_recording_apply(const meso_recording_params *params,
                                                 const meso_signal *signal, meso_signals *out,
                                                 meso_err *err);

#ifdef __cplusplus
}
#endif
#endif
