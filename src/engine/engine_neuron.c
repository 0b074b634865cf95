/* engine_neuron.c: propagators of iaf_psc_exp. */
#include "engine_neuron.h"

#include <math.h>

/** Effect of the synaptic current at the start of a step on V at its end (mV/pA):
 *  beta/C exp(-h/tau_s) (exp(h/beta) - 1) with beta = tau_s tau_m / (tau_m - tau_s); its limit
 *  h/C exp(-h/tau_m) where the two constants are equal. */
static double propagator_21(double tau_syn_ms, double tau_m_ms, double C_m_pF, double dt_ms)
{
  const double beta = tau_syn_ms * tau_m_ms / (tau_m_ms - tau_syn_ms);
  const double P21 = beta / C_m_pF * exp(-dt_ms / tau_syn_ms) * expm1(dt_ms / beta);
  return isnormal(P21) && P21 > 0.0 ? P21 : dt_ms / C_m_pF * exp(-dt_ms / tau_m_ms);
}

engine_iaf engine_iaf_make(const meso_neuron_params *n, double dt_ms, double I_dc_pA)
{
  const double P22 = exp(-dt_ms / n->tau_m_ms);
  return (engine_iaf) {
    .P22 = P22,
    .P20_I = (n->I_e_pA + I_dc_pA) * (n->tau_m_ms / n->C_m_pF * (1.0 - P22)),
    .P21_ex = propagator_21(n->tau_syn_ex_ms, n->tau_m_ms, n->C_m_pF, dt_ms),
    .P21_in = propagator_21(n->tau_syn_in_ms, n->tau_m_ms, n->C_m_pF, dt_ms),
    .P11_ex = exp(-dt_ms / n->tau_syn_ex_ms),
    .P11_in = exp(-dt_ms / n->tau_syn_in_ms),
    .theta_mV = n->V_th_mV - n->E_L_mV,
    .V_reset_mV = n->V_reset_mV - n->E_L_mV,
    .refractory_steps = (int32_t) lround(n->t_ref_ms / dt_ms),
  };
}
