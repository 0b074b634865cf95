/* fm_volterra.c: first-order Volterra kernel of the balloon model of Friston et al. 2000,
 * NeuroImage 12:466, in the form and with the constants of The Virtual Brain
 * (FirstOrderVolterra):
 *   G(t) = exp(-t / (2 tau_signal)) sin(w t) / (3 w),  w^2 = 1/tau_flow - 1/(4 tau_signal^2)
 *   y = k1 V0 integral of G z
 * The Virtual Brain leaves out the time step of the sum and subtracts the constant k1 V0. */
#include <math.h>

#include "meso_hrf.h"

typedef struct volterra_params {
  double tau_signal_s, tau_flow_s, k1, V0;
  int normalisation;
} volterra_params;

#define NUMBER(k, u, low, high, standard, text) \
  {.key = #k, .type = MESO_PARAM_DOUBLE, .unit = u, .min = low, .max = high, .min_open = true, \
   .default_text = standard, .offset = offsetof(volterra_params, k), .help = text}

static const meso_param rows[] = {
  NUMBER(tau_signal_s, "s", 0, 100, "0.8", "decay of the vasodilatory signal"),
  NUMBER(tau_flow_s, "s", 0, 100, "0.4", "feedback of the flow"),
  NUMBER(k1, "1", 0, 100, "5.6", "coefficient of the deoxyhaemoglobin, 7 E0"),
  NUMBER(V0, "1", 0, 1, "0.02", "resting blood volume fraction"),
  {.key = "normalisation", .type = MESO_PARAM_CHOICE, .unit = "",
   .choices = MESO_HRF_NORMALISATIONS, .default_text = "none",
   .offset = offsetof(volterra_params, normalisation), .help = MESO_HRF_NORMALISATION_HELP},
  {.key = NULL}
};

typedef struct kernel { double decay_per_s, w_per_s, scale; } kernel;

static double shape(const kernel *g, double t_s)
{
  return exp(-g->decay_per_s * t_s) * sin(g->w_per_s * t_s) / (3 * g->w_per_s);
}

static double integral(const void *context, size_t region, double t_s)
{
  const kernel *g = context;
  const double a = g->decay_per_s, w = g->w_per_s;
  (void) region;
  if (!(t_s > 0)) return 0;
  return g->scale / 3 / (a * a + w * w) *
         (1 - exp(-a * t_s) * (cos(w * t_s) + a / w * sin(w * t_s)));
}

static meso_status apply(const void *params, const meso_series *in, double TR_s, int n_threads,
                         meso_signals *out, meso_err *err)
{
  meso_status status = MESO_OK;
  const volterra_params *p = params;
  const double a = 0.5 / p->tau_signal_s, w2 = 1 / p->tau_flow_s - a * a;
  kernel g = {.decay_per_s = a, .w_per_s = sqrt(fmax(w2, 0)), .scale = 1};
  if (!(w2 > 0))
    MESO_FAIL(err, MESO_ERANGE, "volterra: tau_flow_s = %g s: must be below 4 tau_signal_s^2 = "
              "%g s^2, else the kernel does not oscillate", p->tau_flow_s,
              4 * p->tau_signal_s * p->tau_signal_s);
  const double amplitude[] = {[MESO_HRF_AREA] = 3 * (a * a + w2),
                              [MESO_HRF_PEAK] = 1 / shape(&g, atan2(g.w_per_s, a) / g.w_per_s),
                              [MESO_HRF_NONE] = p->k1 * p->V0};
  g.scale = amplitude[p->normalisation];
  const meso_hrf hrf = {.integral = integral, .context = &g, .n_regions = 1, .length_s = 40 / a};
  MESO_TRY(meso_hrf_convolve("volterra", rows, params, &hrf, in, TR_s, n_threads, out, err));
cleanup:
  return status;
}

const meso_forward_ops meso_fm_volterra = {
  .name = "volterra", .summary = "linear first-order Volterra kernel of the balloon model",
  .doi = "10.1006/nimg.2000.0630", .unit_in = "1", .unit_out = "1", .linear = true,
  .scale_free = true,
  .params = rows, .params_size = sizeof(volterra_params), .apply = apply,
  .check = {.n_channels = 1, .drive = 0.1, .on_s = 1, .peak = 0.00128805819,
            .peak_tolerance = 1e-8, .peak_s = 1.355, .peak_s_tolerance = 0.02}
};
