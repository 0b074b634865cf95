/* neuron_membrane.h: what the leaky integrate-and-fire models share: parameters, propagators of the
 * membrane, threshold, reset and dead time. Internal to the engine.
 *
 *   C_m dV/dt = -(C_m / tau_m) (V - E_L) + I(t) + I_e
 *
 * Rotter, Diesmann 1999, Biol Cybern 81:381: on a grid of steps h the linear equations have an
 * exact solution, x(t + h) = P x(t) + P (input at t). */
#ifndef NEURON_MEMBRANE_H
#define NEURON_MEMBRANE_H

#include <stddef.h>

#include "meso_neuron.h"

typedef struct neuron_membrane_params {
  double E_L_mV, V_th_mV, V_reset_mV, V_m_initial_mV, C_m_pF, tau_m_ms, t_ref_ms, I_e_pA;
} neuron_membrane_params;

/** One row of a number. T: the struct of parameters, f: its field, open: min itself is refused. */
#define NEURON_ROW(T, f, name, its_unit, low, high, open, text, what) \
  { .key = name, .type = MESO_PARAM_DOUBLE, .unit = its_unit, .min = low, .max = high, \
    .min_open = open, .default_text = text, .offset = offsetof(T, f), .help = what }

/* Times reach from below any step to 100 s of dead time, whose steps still fit 31 bits. */
#define NEURON_MEMBRANE_ROWS(T, m) \
  NEURON_ROW(T, m.E_L_mV, "E_L", "mV", -1e9, 1e9, false, NULL, "resting potential"), \
  NEURON_ROW(T, m.V_th_mV, "V_th", "mV", -1e9, 1e9, false, NULL, "threshold"), \
  NEURON_ROW(T, m.V_reset_mV, "V_reset", "mV", -1e9, 1e9, false, NULL, "reset potential"), \
  NEURON_ROW(T, m.V_m_initial_mV, "V_m_initial", "mV", -1e9, 1e9, false, NULL, \
             "potential at the start"), \
  NEURON_ROW(T, m.C_m_pF, "C_m", "pF", 0, 1e9, true, NULL, "capacitance"), \
  NEURON_ROW(T, m.tau_m_ms, "tau_m", "ms", 0, 1e9, true, NULL, "membrane time constant"), \
  NEURON_ROW(T, m.t_ref_ms, "t_ref", "ms", 0, 1e5, false, NULL, "dead time"), \
  NEURON_ROW(T, m.I_e_pA, "I_e", "pA", -1e9, 1e9, false, NULL, "constant current")

/* Optional in the file. The default is as good as none: NEST's is minus infinity. */
#define NEURON_V_MIN_ROW(T, f) \
  NEURON_ROW(T, f, "V_min", "mV", -1e15, 1e9, false, "-1e15", "lowest potential; default: none")

#define NEURON_TAU_SYN_ROWS(T, ex, in) \
  NEURON_ROW(T, ex, "tau_syn_ex", "ms", 0, 1e9, true, NULL, "time constant, excitatory"), \
  NEURON_ROW(T, in, "tau_syn_in", "ms", 0, 1e9, true, NULL, "time constant, inhibitory")

typedef struct neuron_membrane {
  double V_mV;                  /**< relative to E_L, as the three below */
  double theta_mV, V_reset_mV;
  double E_L_mV, I_e_pA;
  double P_V;                   /**< decay of V in a step, exp(-h/tau_m) */
  double P_I;                   /**< effect of a constant current, tau_m/C_m (1 - P_V), mV/pA */
  int32_t refractory;           /**< steps left of the dead time */
  int32_t refractory_steps;     /**< t_ref in steps, rounded up as in NEST */
} neuron_membrane;

neuron_membrane neuron_membrane_make(const neuron_membrane_params *p, double dt_ms);

/** "V_reset must be below V_th", or NULL. */
const char *neuron_membrane_check(const neuron_membrane_params *p);

/** Threshold and reset at the end of a step; 1 if the neuron spikes. */
static inline uint8_t neuron_membrane_fire(neuron_membrane *m)
{
  if (m->V_mV < m->theta_mV) return 0;
  m->refractory = m->refractory_steps;
  m->V_mV = m->V_reset_mV;
  return 1;
}

/** Rows of meso_neuron_ops.state for the field m of a neuron T. */
#define NEURON_MEMBRANE_STATE(T) \
  {"V", "mV", offsetof(T, m.V_mV), false}, {"refractory", "dt", offsetof(T, m.refractory), true}

/** Amplitude of an exponential current (pA) for a potential that peaks at 1 mV: 585.38996 pA/mV
 *  with the parameters of Potjans & Diesmann 2014, whose formula it is. */
double neuron_exp_weight_per_mV(double tau_syn_ms, double tau_m_ms, double C_m_pF);

/** Effect on V(t + h) of a synaptic current at t that decays with tau_syn (mV/pA):
 *  1/C_m times the integral of exp(-(h - s)/tau_m) exp(-s/tau_syn) over s in 0 .. h. */
double neuron_P_current(double tau_syn_ms, double tau_m_ms, double C_m_pF, double dt_ms);

/** The same for a current of slope 1 pA/ms at t, s exp(-s/tau_syn) (mV ms/pA). */
double neuron_P_slope(double tau_syn_ms, double tau_m_ms, double C_m_pF, double dt_ms);

#endif
