/* meso_balloon.h: the balloon models: one set of haemodynamic states, three separate choices.
 *
 * States per region: s (1/s), and, relative to rest, flow f, volume v, deoxyhaemoglobin q. t in s,
 * z the drive (1/s^2 after multiplication by the efficacy):
 *   ds/dt = efficacy z - kappa s - gamma (f - 1)
 *   df/dt = s
 *   tau dv/dt = f - v^(1/alpha)
 *   tau dq/dt = f (1 - (1 - E0)^(1/f)) / E0 - v^(1/alpha) q / v
 * Output, a fraction of the signal at rest:
 *   nonlinear   y = V0 (k1 (1 - q) + k2 (1 - q/v) + k3 (1 - v))
 *   linear      y = V0 ((k1 + k2) (1 - q) + (k3 - k2) (1 - v))
 * Key `states` names the constants of the equations, `coefficients` how k1, k2, k3 follow from
 * them, `output` the form; every constant has a key of its own, which wins over the named set. A
 * preset (fm_X.c) names all three.
 * Rest: s = 0, f = v = q = 1, y = 0. Steady state for constant z: f = 1 + efficacy z / gamma,
 * v = f^alpha, q = v (1 - (1 - E0)^(1/f)) / E0.
 * ln f, ln v, ln q are integrated, so flow and volume are positive at any step. Flow beyond about
 * twice its resting value is outside the physiological range and the signal saturates: the largest
 * f is reported.
 */
#ifndef MESO_BALLOON_H
#define MESO_BALLOON_H

#include "meso_forward.h"

#ifdef __cplusplus
extern "C" {
#endif

#define MESO_BALLOON_FLOW_WARN 2.0   /**< flow above this gets a warning */

/** Constants of the state equations. */
typedef struct meso_balloon_states {
  double efficacy;       /**< 1, multiplies the drive */
  double kappa_per_s;    /**< 1/s, decay of the vasodilatory signal */
  double gamma_per_s2;   /**< 1/s^2, flow-dependent elimination */
  double tau_transit_s;  /**< s, mean transit time */
  double alpha;          /**< 1, stiffness exponent of the vessel */
  double E0;             /**< 1, resting oxygen extraction fraction */
  double V0;             /**< 1, resting blood volume fraction */
} meso_balloon_states;

/** Parameters of every balloon model; 0 stands for the value of the set that is named. */
typedef struct meso_balloon_params {
  int states, coefficients, output, method; /**< choices, in the order of the rows */
  meso_balloon_states state;
  double epsilon;        /**< 1, intra- over extravascular signal */
  double field_T, theta0_Hz, r0_per_s, TE_s; /**< of coefficients stephan2007 and tvb_rbm */
  double k1, k2, k3;     /**< coefficients user */
  double step_s;         /**< longest step of the integration */
  bool record_states;    /**< signals flow, volume, deoxyhaemoglobin too */
} meso_balloon_params;

/** Named sets, in the order of the table in meso_balloon.c. */
#define MESO_BALLOON_STATES "friston2000|friston2003|spm_dcm|spm_hdm|tvb|annarchy"
#define MESO_BALLOON_COEFFICIENTS "classical|stephan2007|tvb_cbm|user"
#define MESO_BALLOON_OUTPUTS "nonlinear|linear"

#define MESO_BALLOON_NUMBER(k, u, low, high, standard, field, text) \
  {.key = k, .type = MESO_PARAM_DOUBLE, .unit = u, .min = (low), .max = (high), \
   .default_text = standard, .offset = offsetof(meso_balloon_params, field), .help = text}
#define MESO_BALLOON_CHOICE(k, names, standard, field, text) \
  {.key = k, .type = MESO_PARAM_CHOICE, .unit = "", .choices = names, .default_text = standard, \
   .offset = offsetof(meso_balloon_params, field), .help = text}

/** The option rows, with the choices of a preset as defaults. */
#define MESO_BALLOON_ROWS(states_, coefficients_, output_, epsilon_) \
  MESO_BALLOON_CHOICE("states", MESO_BALLOON_STATES, states_, states, \
                      "set of constants of the state equations"), \
  MESO_BALLOON_CHOICE("coefficients", MESO_BALLOON_COEFFICIENTS, coefficients_, coefficients, \
                      "how k1, k2, k3 follow"), \
  MESO_BALLOON_CHOICE("output", MESO_BALLOON_OUTPUTS, output_, output, "form of the output"), \
  MESO_BALLOON_NUMBER("efficacy", "1", -1e6, 1e6, "0", state.efficacy, \
                      "factor of the drive; 0: that of states"), \
  MESO_BALLOON_NUMBER("kappa_per_s", "1/s", 0, 100, "0", state.kappa_per_s, \
                      "decay of the vasodilatory signal; 0: that of states"), \
  MESO_BALLOON_NUMBER("gamma_per_s2", "1/s^2", 0, 100, "0", state.gamma_per_s2, \
                      "flow-dependent elimination; 0: that of states"), \
  MESO_BALLOON_NUMBER("gamma_per_s", "1/s", 0, 100, "0", state.gamma_per_s2, \
                      "another name of gamma_per_s2"), \
  MESO_BALLOON_NUMBER("tau_transit_s", "s", 0, 100, "0", state.tau_transit_s, \
                      "mean transit time; 0: that of states"), \
  MESO_BALLOON_NUMBER("tau_s", "s", 0, 100, "0", state.tau_transit_s, \
                      "another name of tau_transit_s"), \
  MESO_BALLOON_NUMBER("alpha", "1", 0, 1, "0", state.alpha, \
                      "stiffness exponent; 0: that of states"), \
  MESO_BALLOON_NUMBER("E0", "1", 0, 0.99, "0", state.E0, \
                      "resting oxygen extraction; 0: that of states"), \
  MESO_BALLOON_NUMBER("V0", "1", 0, 1, "0", state.V0, \
                      "resting blood volume fraction; 0: that of states"), \
  MESO_BALLOON_NUMBER("epsilon", "1", 0, 10, epsilon_, epsilon, \
                      "ratio of intra- to extravascular signal"), \
  MESO_BALLOON_NUMBER("field_T", "T", 0.1, 20, "1.5", field_T, "magnetic field"), \
  MESO_BALLOON_NUMBER("theta0_Hz", "Hz", 0, 1e4, "0", theta0_Hz, \
                      "frequency offset at the vessel surface; 0: 40.3 at 1.5 T, by field"), \
  MESO_BALLOON_NUMBER("r0_per_s", "1/s", 0, 1e4, "0", r0_per_s, \
                      "slope of intravascular relaxation; 0: 25 at 1.5 T, else it is needed"), \
  MESO_BALLOON_NUMBER("TE_s", "s", 0.001, 1, "0.04", TE_s, "echo time"), \
  MESO_BALLOON_NUMBER("k1", "1", -100, 100, "0", k1, "of coefficients user"), \
  MESO_BALLOON_NUMBER("k2", "1", -100, 100, "0", k2, "of coefficients user"), \
  MESO_BALLOON_NUMBER("k3", "1", -100, 100, "0", k3, "of coefficients user"), \
  MESO_BALLOON_CHOICE("method", "rk4|heun", "rk4", method, "integration, of order 4 or 2"), \
  MESO_BALLOON_NUMBER("step_s", "s", 1e-5, 1, "0.01", step_s, \
                      "longest step; the drive is averaged over it"), \
  {.key = "record_states", .type = MESO_PARAM_BOOL, .unit = "", .default_text = "false", \
   .offset = offsetof(meso_balloon_params, record_states), \
   .help = "signals flow, volume and deoxyhaemoglobin too"}, \
  {.key = NULL}

/** Defines meso_fm_<id>, a balloon model: its sources, the three choices, epsilon, and the largest
 *  response to a box of 1 s and a drive of 0.1 (in %) with its time (s), computed independently. */
#define MESO_BALLOON_PRESET(id, text, doi_, states_, coefficients_, output_, epsilon_, percent_, \
                            peak_s_) \
  static const meso_param rows[] = { \
    MESO_BALLOON_ROWS(states_, coefficients_, output_, epsilon_) }; \
  static meso_status apply(const void *params, const meso_series *in, double TR_s, int n_threads, \
                           meso_signals *out, meso_err *err) \
  { \
    return meso_balloon_apply(#id, rows, params, in, TR_s, n_threads, out, err); \
  } \
  const meso_forward_ops meso_fm_##id = { \
    .name = #id, .summary = text, .doi = doi_, .unit_in = "1", .unit_out = "1", .linear = false, \
    .params = rows, .params_size = sizeof(meso_balloon_params), .apply = apply, \
    .check = {.n_channels = 1, .drive = 0.1, .on_s = 1, .peak = 0.01 * (percent_), \
              .peak_tolerance = 1e-7, .peak_s = peak_s_, .peak_s_tolerance = 0.02}}

/** Integrates every region of @p in from rest and appends signal "bold" with point samples at k TR,
 *  k = 0 .. floor(T / TR), T = n_times / rate. Steps are as long as step_s allows while they hold a
 *  whole number of drive samples, over which the drive is averaged, or divide one; a sample within
 *  a step ends a shorter one. Attributes: model, every parameter as used (those of
 *  the scanner NaN where the coefficients do not depend on it), TR_s, step_used_s, the
 *  largest flow max_flow, the reason `warning` if that exceeds MESO_BALLOON_FLOW_WARN, and
 *  step_error, the largest change of up to 8 regions, relative to their largest response, when the
 *  step is halved. The drive is read in slabs, so memory is that of the output.
 *  A state that leaves its domain (flow towards 0 under a strongly negative drive) is
 *  MESO_ENUMERIC. */
MESO_MUST_CHECK meso_status meso_balloon_apply(const char *model, const meso_param *rows,
                                               const meso_balloon_params *params,
                                               const meso_series *in, double TR_s, int n_threads,
                                               meso_signals *out, meso_err *err);

#ifdef __cplusplus
}
#endif
#endif
