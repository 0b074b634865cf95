/* neuron_iaf_psc_exp.c: leaky integrate-and-fire, synaptic currents that jump by the weight and
 * decay exponentially: dI/dt = -I / tau_syn. */
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

typedef struct psc_exp {
  neuron_membrane m;
  double I_ex_pA, I_in_pA;
  double decay_ex, decay_in;
  double P_ex, P_in;          /**< effect of the currents on V, mV/pA */
} psc_exp;

static const char *check(const void *params)
{
  return neuron_membrane_check(&((const psc_exp_params *) params)->m);
}

static meso_neuron_synapse response(const void *params, bool inhibitory)
{
  const psc_exp_params *p = params;
  const double tau_ms = inhibitory ? p->tau_syn_in_ms : p->tau_syn_ex_ms;
  return (meso_neuron_synapse) {neuron_exp_weight_per_mV(tau_ms, p->m.tau_m_ms, p->m.C_m_pF),
                                tau_ms, tau_ms, 0};
}

static void init(const void *params, double dt_ms, void *neuron)
{
  const psc_exp_params *p = params;
  *(psc_exp *) neuron = (psc_exp) {
    .m = neuron_membrane_make(&p->m, dt_ms),
    .decay_ex = exp(-dt_ms / p->tau_syn_ex_ms),
    .decay_in = exp(-dt_ms / p->tau_syn_in_ms),
    .P_ex = neuron_P_current(p->tau_syn_ex_ms, p->m.tau_m_ms, p->m.C_m_pF, dt_ms),
    .P_in = neuron_P_current(p->tau_syn_in_ms, p->m.tau_m_ms, p->m.C_m_pF, dt_ms),
  };
}

static void advance(void *neurons, size_t n, const meso_neuron_input *input, uint8_t *spiked)
{
  psc_exp *s = neurons;
  for (size_t i = 0; i < n; i++, s++) {
    if (s->m.refractory == 0)
      s->m.V_mV = s->m.V_mV * s->m.P_V + s->I_ex_pA * s->P_ex + s->I_in_pA * s->P_in +
                  (s->m.I_e_pA + input->current_pA[i]) * s->m.P_I;
    else
      s->m.refractory--;
    s->I_ex_pA = s->I_ex_pA * s->decay_ex + input->ex[i];
    s->I_in_pA = s->I_in_pA * s->decay_in + input->in[i];
    spiked[i] = neuron_membrane_fire(&s->m);
  }
}

static void settle(void *neurons, size_t n)
{
  psc_exp *s = neurons;
  for (size_t i = 0; i < n; i++, s++) {
    s->m.V_mV = neuron_settled(s->m.V_mV);
    s->I_ex_pA = neuron_settled(s->I_ex_pA);
    s->I_in_pA = neuron_settled(s->I_in_pA);
  }
}

static double V_m(const void *neuron)
{
  const neuron_membrane *m = &((const psc_exp *) neuron)->m;
  return m->V_mV + m->E_L_mV;
}
static double I_syn_ex(const void *neuron) { return ((const psc_exp *) neuron)->I_ex_pA; }
static double I_syn_in(const void *neuron) { return ((const psc_exp *) neuron)->I_in_pA; }

static const meso_neuron_recordable recordables[] = {
  {"V_m", "mV", V_m}, {"I_syn_ex", "pA", I_syn_ex}, {"I_syn_in", "pA", I_syn_in},
  {NULL, NULL, NULL},
};

static const meso_neuron_variable state[] = {
  NEURON_MEMBRANE_STATE(psc_exp), {"I_ex", "pA", offsetof(psc_exp, I_ex_pA), false},
  {"I_in", "pA", offsetof(psc_exp, I_in_pA), false}, {NULL, NULL, 0, false},
};

const meso_neuron_ops meso_neuron_iaf_psc_exp = {
  .name = "iaf_psc_exp", .summary = "leaky integrate-and-fire, exponential currents",
  .synapse = "exponential currents",
  .input = {" + I_ex(t) + I_in(t)", " + I_\\mathrm{ex}(t) + I_\\mathrm{in}(t)"},
  .dynamics = {
    "dI_x/dt = -I_x/tau_syn_x, x = ex, in; I_x jumps by the weight w at t* + d (delay d)",
    "$\\mathrm{d}I_x/\\mathrm{d}t = -I_x/\\tau_{\\mathrm{syn},x}$, $x \\in \\{\\mathrm{ex},"
    "\\mathrm{in}\\}$; $I_x$ jumps by the weight $w$ at $t^* + d$ (delay $d$)"},
  .weight = {
    "given by the peak PSP of the potential that it causes: w = PSP C_m (tau_syn - tau_m) / "
    "(tau_m tau_syn (r^tau_m - r^tau_syn)), r = (tau_m/tau_syn)^(1/(tau_syn - tau_m))",
    "given by the peak $P$ of the potential that it causes: $w = P\\,C_\\mathrm{m}"
    "(\\tau_\\mathrm{syn}-\\tau_\\mathrm{m})/(\\tau_\\mathrm{m}\\tau_\\mathrm{syn}"
    "(r^{\\tau_\\mathrm{m}}-r^{\\tau_\\mathrm{syn}}))$, $r = (\\tau_\\mathrm{m}/"
    "\\tau_\\mathrm{syn})^{1/(\\tau_\\mathrm{syn}-\\tau_\\mathrm{m})}$"},
  .weight_unit = "pA", .params = rows, .params_size = sizeof(psc_exp_params),
  .neuron_size = sizeof(psc_exp), .recordables = recordables,
  .state = state, .check = check, .response = response, .init = init, .advance = advance,
  .settle = settle,
};
