/* engine_neuron.c: propagators of iaf_psc_exp. */
#include "engine_neuron.h"

#include <math.h>

#include "neuron_membrane.h"

engine_iaf engine_iaf_make(const meso_neuron_params *n, double dt_ms, double I_dc_pA)
{
  const neuron_membrane m = neuron_membrane_make(&(neuron_membrane_params) {
    .E_L_mV = n->E_L_mV, .V_th_mV = n->V_th_mV, .V_reset_mV = n->V_reset_mV, .C_m_pF = n->C_m_pF,
    .tau_m_ms = n->tau_m_ms, .t_ref_ms = n->t_ref_ms}, dt_ms);
  return (engine_iaf) {
    .P22 = m.P_V,
    .P20_I = (n->I_e_pA + I_dc_pA) * m.P_I,
    .P21_ex = neuron_P_current(n->tau_syn_ex_ms, n->tau_m_ms, n->C_m_pF, dt_ms),
    .P21_in = neuron_P_current(n->tau_syn_in_ms, n->tau_m_ms, n->C_m_pF, dt_ms),
    .P11_ex = exp(-dt_ms / n->tau_syn_ex_ms),
    .P11_in = exp(-dt_ms / n->tau_syn_in_ms),
    .theta_mV = m.theta_mV,
    .V_reset_mV = m.V_reset_mV,
    .refractory_steps = m.refractory_steps,
  };
}
