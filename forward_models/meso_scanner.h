/* meso_scanner.h: from BOLD at a fine step to the volumes of a scanner: slice time, anti-aliasing,
 * noise. All of it is off by default. */
#ifndef MESO_SCANNER_H
#define MESO_SCANNER_H

#include "meso_data.h"
#include "meso_params.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct meso_scanner_params {
  double slice_offset_s;      /**< s after k TR at which the slice is measured */
  bool anti_alias;            /**< low-pass below the Nyquist frequency 1/(2 TR) before sampling */
  double noise_white;         /**< standard deviations, fractions of the signal at rest */
  double noise_drift, noise_physio;
  double drift_period_s;      /**< shortest period of the drift */
  double cardiac_Hz, respiratory_Hz;
  int64_t noise_seed;
} meso_scanner_params;

#define MESO_SCANNER_NUMBER(k, u, high, standard, text) \
  {.key = #k, .type = MESO_PARAM_DOUBLE, .unit = u, .min = 0, .max = high, \
   .default_text = standard, .offset = offsetof(meso_scanner_params, k), .help = text}

/** Option rows. */
#define MESO_SCANNER_ROWS \
  MESO_SCANNER_NUMBER(slice_offset_s, "s", 1e3, "0", \
                      "time after k TR at which volumes are taken"), \
  {.key = "anti_alias", .type = MESO_PARAM_BOOL, .unit = "", .default_text = "false", \
   .offset = offsetof(meso_scanner_params, anti_alias), \
   .help = "low-pass below 1/(2 TR) before sampling"}, \
  MESO_SCANNER_NUMBER(noise_white, "1", 1, "0", "white noise, standard deviation over rest"), \
  MESO_SCANNER_NUMBER(noise_drift, "1", 1, "0", "slow drift, standard deviation over rest"), \
  MESO_SCANNER_NUMBER(noise_physio, "1", 1, "0", \
                      "heart and breath, standard deviation over rest"), \
  MESO_SCANNER_NUMBER(drift_period_s, "s", 1e6, "128", "shortest period of the drift"), \
  MESO_SCANNER_NUMBER(cardiac_Hz, "Hz", 10, "1.1", "frequency of the heart"), \
  MESO_SCANNER_NUMBER(respiratory_Hz, "Hz", 10, "0.3", "frequency of the breath"), \
  {.key = "noise_seed", .type = MESO_PARAM_INT, .unit = "", .min = 1, .max = 7e16, \
   .default_text = "1", .offset = offsetof(meso_scanner_params, noise_seed), \
   .help = "seed of the noise"}, \
  {.key = NULL}

/** Whether anything is asked for; if not, a model's own samples at k TR are the volumes. */
bool meso_scanner_is_on(const meso_scanner_params *p);

/** The step at which BOLD is needed: TR over a whole number, at most 0.1 s. */
double meso_scanner_step_s(double TR_s);

/** Samples signal "bold" of @p fine, which has the step meso_scanner_step_s, at k TR + slice offset
 *  and adds noise: signal "bold", and "bold_noiseless" if there is noise; its others at k TR.
 *  Without anti-aliasing values between steps are interpolated by cubics. With it, they are means
 *  under a sinc of cut-off 0.4/TR in a Blackman window of +-12 TR; before the start the signal is
 *  at rest, after its end it stays. Drift is a sum of cosines with random amplitudes, heart and
 *  breath are common to all regions, with phases that wander. The same seed gives the same noise
 *  in region c whatever the other regions are. */
MESO_MUST_CHECK meso_status meso_scanner_apply(const meso_scanner_params *params,
                                               const meso_signals *fine, double TR_s,
                                               meso_signals *out, meso_err *err);

#ifdef __cplusplus
}
#endif
#endif
