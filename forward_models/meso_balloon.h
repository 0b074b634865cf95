/* meso_balloon.h: the haemodynamic states shared by the balloon models, and their integration.
 *
 * States per region: s (1/s), and, relative to rest, flow f, volume v, deoxyhaemoglobin q. t in s,
 * z the drive (1/s^2 after multiplication by the efficacy):
 *   ds/dt = efficacy z - kappa s - gamma (f - 1)
 *   df/dt = s
 *   tau dv/dt = f - v^(1/alpha)
 *   tau dq/dt = f (1 - (1 - E0)^(1/f)) / E0 - v^(1/alpha) q / v
 *   y = V0 (k1 (1 - q) + k2 (1 - q/v) + k3 (1 - v))                 fraction of the signal at rest
 * Rest: s = 0, f = v = q = 1, y = 0. Steady state for constant z: f = 1 + efficacy z / gamma,
 * v = f^alpha, q = v (1 - (1 - E0)^(1/f)) / E0.
 * Flow beyond about twice its resting value is outside the physiological range and the signal
 * saturates: the largest f is reported.
 */
#ifndef MESO_BALLOON_H
#define MESO_BALLOON_H

#include "meso_data.h"

#ifdef __cplusplus
extern "C" {
#endif

#define MESO_BALLOON_STEP_MAX_S 5e-3 /**< longest internal step */
#define MESO_BALLOON_FLOW_WARN 2.0   /**< flow above this gets a warning */

/** State equations' parameters; the keys of the models' option rows are these names. */
typedef struct meso_balloon_params {
  double efficacy;       /**< 1, multiplies the drive */
  double kappa_per_s;    /**< 1/s, decay of the vasodilatory signal */
  double gamma_per_s2;   /**< 1/s^2, flow-dependent elimination */
  double tau_transit_s;  /**< s, mean transit time */
  double alpha;          /**< 1, stiffness exponent of the vessel */
  double E0;             /**< 1, resting oxygen extraction fraction */
  double V0;             /**< 1, resting blood volume fraction */
} meso_balloon_params;

/** Coefficients of the output equation. */
typedef struct meso_balloon_output { double k1, k2, k3; } meso_balloon_output;

/** Rows of the state parameters, for a params struct whose member @p m is a meso_balloon_params. */
#define MESO_BALLOON_ROWS(object, m) \
  {.key = "efficacy", .type = MESO_PARAM_DOUBLE, .unit = "1", .min = -1e6, .max = 1e6, \
   .default_text = "1", .offset = offsetof(object, m.efficacy), \
   .help = "factor of the drive"}, \
  {.key = "kappa_per_s", .type = MESO_PARAM_DOUBLE, .unit = "1/s", .min = 0, .max = 100, \
   .min_open = true, .default_text = "0.65", .offset = offsetof(object, m.kappa_per_s), \
   .help = "decay of the vasodilatory signal (Friston et al. 2003)"}, \
  {.key = "gamma_per_s2", .type = MESO_PARAM_DOUBLE, .unit = "1/s^2", .min = 0, .max = 100, \
   .min_open = true, .default_text = "0.41", .offset = offsetof(object, m.gamma_per_s2), \
   .help = "flow-dependent elimination (Friston et al. 2003)"}, \
  {.key = "gamma_per_s", .type = MESO_PARAM_DOUBLE, .unit = "1/s", .min = 0, .max = 100, \
   .min_open = true, .default_text = "0.41", .offset = offsetof(object, m.gamma_per_s2), \
   .help = "another name of gamma_per_s2"}, \
  {.key = "tau_transit_s", .type = MESO_PARAM_DOUBLE, .unit = "s", .min = 0.05, .max = 100, \
   .default_text = "0.98", .offset = offsetof(object, m.tau_transit_s), \
   .help = "mean transit time (Friston et al. 2003)"}, \
  {.key = "tau_s", .type = MESO_PARAM_DOUBLE, .unit = "s", .min = 0.05, .max = 100, \
   .default_text = "0.98", .offset = offsetof(object, m.tau_transit_s), \
   .help = "another name of tau_transit_s"}, \
  {.key = "alpha", .type = MESO_PARAM_DOUBLE, .unit = "1", .min = 0.05, .max = 1, \
   .default_text = "0.32", .offset = offsetof(object, m.alpha), \
   .help = "stiffness exponent (Friston et al. 2003)"}, \
  {.key = "E0", .type = MESO_PARAM_DOUBLE, .unit = "1", .min = 0.01, .max = 0.99, \
   .default_text = "0.34", .offset = offsetof(object, m.E0), \
   .help = "resting oxygen extraction (Friston et al. 2003)"}, \
  {.key = "V0", .type = MESO_PARAM_DOUBLE, .unit = "1", .min = 0, .max = 1, .min_open = true, \
   .default_text = "0.02", .offset = offsetof(object, m.V0), \
   .help = "resting blood volume fraction (Friston et al. 2003)"}

/** Integrates every region of @p in from rest (4th order Runge-Kutta, steps of at most
 *  MESO_BALLOON_STEP_MAX_S that never straddle an input jump) and appends signal "bold" with point
 *  samples at k TR, k = 0 .. floor(T / TR), T = n_times / rate. Its attributes: model, every
 *  parameter, k1-k3, TR_s, max_flow, and warning if max_flow exceeds MESO_BALLOON_FLOW_WARN.
 *  A state that leaves its domain (flow <= 0 under a strongly negative drive) is MESO_ENUMERIC. */
MESO_MUST_CHECK meso_status meso_balloon_apply(const char *model, const meso_balloon_params *params,
                                               const meso_balloon_output *output,
                                               const meso_signal *in, double TR_s,
                                               meso_signals *out, meso_err *err);

/** Appends the zeroed signal "bold" for input @p in: as many samples at k TR as fit into it. */
MESO_MUST_CHECK meso_status meso_bold_add(const char *model, const meso_signal *in, double TR_s,
                                          meso_signals *out, meso_signal **ret_bold, meso_err *err);

#ifdef __cplusplus
}
#endif
#endif
