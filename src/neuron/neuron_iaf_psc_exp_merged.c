/* neuron_iaf_psc_exp_merged.c: iaf_psc_exp whose two synaptic currents have one time constant and
 * are kept as their sum. Equal to iaf_psc_exp but for rounding; this is how the engine runs models
 * with equal time constants, so their networks come back to the same bits. */
#include "neuron_settle.h"
#include "neuron_membrane.h"

#include <math.h>

typedef struct psc_exp_params {
  neuron_membrane_params m;
  double tau_syn_ex_ms, tau_syn_in_ms;
} psc_exp_params;

static const meso_param rows[] = {
  NEURON_MEMBRANE_ROWS(psc_exp_params, m),
  NEURON_TAU_SYN_ROWS(psc_exp_params, tau_syn_ex_ms, tau_syn_in_ms),
  { .key = NULL },
};

typedef struct psc_exp_merged {
  neuron_membrane m;
  double I_pA, decay;
  double P;                   /**< effect of the current on V, mV/pA */
} psc_exp_merged;

static const char *check(const void *params)
{
  const psc_exp_params *p = params;
  if (p->tau_syn_ex_ms != p->tau_syn_in_ms) return "tau_syn_ex must be equal to tau_syn_in";
  return neuron_membrane_check(&p->m);
}

static meso_neuron_synapse response(const void *params, bool inhibitory)
{
  const psc_exp_params *p = params;
  (void) inhibitory;
  return (meso_neuron_synapse) {
    neuron_exp_weight_per_mV(p->tau_syn_ex_ms, p->m.tau_m_ms, p->m.C_m_pF), p->tau_syn_ex_ms,
    p->tau_syn_ex_ms, 0};
}

static void init(const void *params, double dt_ms, void *neuron)
{
  const psc_exp_params *p = params;
  *(psc_exp_merged *) neuron = (psc_exp_merged) {
    .m = neuron_membrane_make(&p->m, dt_ms),
    .decay = exp(-dt_ms / p->tau_syn_ex_ms),
    .P = neuron_P_current(p->tau_syn_ex_ms, p->m.tau_m_ms, p->m.C_m_pF, dt_ms),
  };
}

static void advance(void *neurons, size_t n, const meso_neuron_input *input, uint8_t *spiked)
{
  psc_exp_merged *s = neurons;
  for (size_t i = 0; i < n; i++, s++) {
    if (s->m.refractory == 0)
      s->m.V_mV = s->m.V_mV * s->m.P_V + s->I_pA * s->P +
                  (s->m.I_e_pA + input->current_pA[i]) * s->m.P_I;
    else
      s->m.refractory--;
    s->I_pA = s->I_pA * s->decay + (input->ex[i] + input->in[i]);
    spiked[i] = neuron_membrane_fire(&s->m);
  }
}

static void settle(void *neurons, size_t n)
{
  psc_exp_merged *s = neurons;
  for (size_t i = 0; i < n; i++, s++) {
    s->m.V_mV = neuron_settled(s->m.V_mV);
    s->I_pA = neuron_settled(s->I_pA);
  }
}

static double V_m(const void *neuron)
{
  const neuron_membrane *m = &((const psc_exp_merged *) neuron)->m;
  return m->V_mV + m->E_L_mV;
}
static double I_syn(const void *neuron) { return ((const psc_exp_merged *) neuron)->I_pA; }

static const meso_neuron_recordable recordables[] = {
  {"V_m", "mV", V_m}, {"I_syn", "pA", I_syn}, {NULL, NULL, NULL},
};

static const meso_neuron_variable state[] = {
  NEURON_MEMBRANE_STATE(psc_exp_merged), {"I", "pA", offsetof(psc_exp_merged, I_pA), false},
  {NULL, NULL, 0, false},
};

const meso_neuron_ops meso_neuron_iaf_psc_exp_merged = {
  .name = "iaf_psc_exp_merged", .summary = "iaf_psc_exp with one current for all its input",
  .synapse = "exponential currents, kept as their sum",
  .input = {" + I(t)", " + I(t)"},
  .dynamics = {
    "dI/dt = -I/tau_syn; I jumps by the weight w at t* + d (delay d)",
    "$\\mathrm{d}I/\\mathrm{d}t = -I/\\tau_\\mathrm{syn}$; $I$ jumps by the weight $w$ at "
    "$t^* + d$ (delay $d$)"},
  .weight = {
    "given by the peak PSP of the potential that it causes: w = PSP C_m (tau_syn - tau_m) / "
    "(tau_m tau_syn (r^tau_m - r^tau_syn)), r = (tau_m/tau_syn)^(1/(tau_syn - tau_m))",
    "given by the peak $P$ of the potential that it causes: $w = P\\,C_\\mathrm{m}"
    "(\\tau_\\mathrm{syn}-\\tau_\\mathrm{m})/(\\tau_\\mathrm{m}\\tau_\\mathrm{syn}"
    "(r^{\\tau_\\mathrm{m}}-r^{\\tau_\\mathrm{syn}}))$, $r = (\\tau_\\mathrm{m}/"
    "\\tau_\\mathrm{syn})^{1/(\\tau_\\mathrm{syn}-\\tau_\\mathrm{m})}$"},
  .weight_unit = "pA", .params = rows, .params_size = sizeof(psc_exp_params),
  .neuron_size = sizeof(psc_exp_merged), .recordables = recordables,
  .state = state, .check = check, .response = response, .init = init, .advance = advance,
  .settle = settle,
};
