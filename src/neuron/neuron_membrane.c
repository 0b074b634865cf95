/* neuron_membrane.c: propagators that the leaky integrate-and-fire models share.
 *
 * With x = h/tau_syn - h/tau_m the two integrals are
 *
 *   P_current = h/C   exp(-h/tau_syn) (e^x - 1) / x
 *   P_slope   = h^2/C exp(-h/tau_syn) (e^x - 1 - x) / x^2
 *
 * and both fractions have a limit at x = 0, where the time constants are equal: 1 and 1/2. NEST
 * switches to the limit close to it; here both are accurate everywhere. */
#include "neuron_membrane.h"

#include <math.h>

neuron_membrane neuron_membrane_make(const neuron_membrane_params *p, double dt_ms)
{
  return (neuron_membrane) {
    .V_mV = p->V_m_initial_mV - p->E_L_mV,
    .theta_mV = p->V_th_mV - p->E_L_mV,
    .V_reset_mV = p->V_reset_mV - p->E_L_mV,
    .E_L_mV = p->E_L_mV,
    .I_e_pA = p->I_e_pA,
    .P_V = exp(-dt_ms / p->tau_m_ms),
    .P_I = -p->tau_m_ms / p->C_m_pF * expm1(-dt_ms / p->tau_m_ms),
    /* a multiple of dt stays one in spite of rounding errors */
    .refractory_steps = (int32_t) ceil(p->t_ref_ms / dt_ms - 1e-6),
  };
}

const char *neuron_membrane_check(const neuron_membrane_params *p)
{
  return p->V_reset_mV < p->V_th_mV ? NULL : "V_reset must be below V_th";
}

/** exp(-a) (e^x - 1) / x with x = a - b; neither factor may overflow alone. */
static double weighted_phi1(double a, double b)
{
  const double x = a - b;
  if (x == 0) return exp(-a);
  return x > 0 ? -exp(-b) * expm1(-x) / x : exp(-a) * expm1(x) / x;
}

/** exp(-a) (e^x - 1 - x) / x^2 with x = a - b. The difference cancels for small x, where its
 *  series is summed: 14 terms reach double precision for |x| < 1/2. */
static double weighted_phi2(double a, double b)
{
  const double x = a - b;
  if (fabs(x) >= 0.5) return (weighted_phi1(a, b) - exp(-a)) / x;
  double sum = 0;
  for (int k = 15; k >= 2; k--) sum = (sum * x + 1) / k; /* 1/2 + x/6 + x^2/24 + ... */
  return exp(-a) * sum;
}

double neuron_P_current(double tau_syn_ms, double tau_m_ms, double C_m_pF, double dt_ms)
{
  return dt_ms / C_m_pF * weighted_phi1(dt_ms / tau_syn_ms, dt_ms / tau_m_ms);
}

double neuron_P_slope(double tau_syn_ms, double tau_m_ms, double C_m_pF, double dt_ms)
{
  return dt_ms * dt_ms / C_m_pF * weighted_phi2(dt_ms / tau_syn_ms, dt_ms / tau_m_ms);
}

double neuron_exp_weight_per_mV(double tau_syn_ms, double tau_m_ms, double C_m_pF)
{
  const double difference = tau_syn_ms - tau_m_ms;
  if (fabs(difference) < 1e-6 * tau_m_ms) return C_m_pF * exp(1.0) / tau_m_ms; /* the limit */
  const double log_ratio = log(tau_m_ms / tau_syn_ms) / difference;
  const double peak = exp(tau_m_ms * log_ratio) - exp(tau_syn_ms * log_ratio);
  return C_m_pF * difference / (tau_m_ms * tau_syn_ms * peak);
}
