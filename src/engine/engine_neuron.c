/* engine_neuron.c: propagators of iaf_psc_exp, initial potentials. */
#include "engine_neuron.h"

#include <math.h>

#include <gsl/gsl_cdf.h>

#include "engine_general.h"
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

double engine_initial_V_mV(const meso_model *m, const meso_population *p, uint64_t identity)
{
  const meso_rng_key key = meso_rng_key_make(m->simulation.seed, MESO_RNG_V_INITIAL);
  const uint32_t counter[4] = {(uint32_t) identity, (uint32_t) (identity >> 32), 0, 0};
  uint32_t word[4];
  meso_rng_block(key, counter, word);
  const double z = gsl_cdf_ugaussian_Pinv(meso_rng_uniform(word[0], word[1]));
  return p->V_m_initial_mean_mV + p->V_m_initial_sd_mV * z;
}

bool engine_merges_currents(const meso_model *m)
{
  if (engine_needs_general(m)) return false;
  for (size_t p = 0; p < m->n_populations; p++)
    if (m->population[p].model != MESO_NEURON_POISSON &&
        m->population[p].neuron.tau_syn_ex_ms != m->population[p].neuron.tau_syn_in_ms)
      return false;
  return true;
}
