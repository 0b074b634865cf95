/* neuron_iaf_psc_alpha.c: leaky integrate-and-fire, synaptic currents of the shape
 * e (t / tau_syn) exp(-t / tau_syn), whose peak is the weight. Two variables a receptor:
 *
 *   dD/dt = -D / tau_syn,   dI/dt = D - I / tau_syn,   D jumps by weight e / tau_syn at an input
 */
#include "neuron_settle.h"
#include "neuron_membrane.h"

#include <math.h>

typedef struct psc_alpha_params {
  neuron_membrane_params m;
  double tau_syn_ex_ms, tau_syn_in_ms, V_min_mV;
} psc_alpha_params;

static const meso_param rows[] = {
  NEURON_MEMBRANE_ROWS(psc_alpha_params, m),
  NEURON_TAU_SYN_ROWS(psc_alpha_params, tau_syn_ex_ms, tau_syn_in_ms),
  NEURON_V_MIN_ROW(psc_alpha_params, V_min_mV),
  { .key = NULL },
};

/** One of the two receptors. */
typedef struct receptor {
  double D_pA_per_ms, I_pA;
  double decay;               /**< of both */
  double P_ID_ms;             /**< effect of D on I */
  double P_VD, P_VI;          /**< effects of D (mV ms/pA) and I (mV/pA) on V */
  double jump_per_ms;         /**< of D, per weight */
} receptor;

typedef struct psc_alpha {
  neuron_membrane m;
  double V_min_mV;            /**< relative to E_L */
  receptor ex, in;
} psc_alpha;

static const char *check(const void *params)
{
  return neuron_membrane_check(&((const psc_alpha_params *) params)->m);
}

static receptor receptor_make(double tau_syn_ms, const neuron_membrane_params *m, double dt_ms)
{
  const double decay = exp(-dt_ms / tau_syn_ms);
  return (receptor) {
    .decay = decay,
    .P_ID_ms = dt_ms * decay,
    .P_VD = neuron_P_slope(tau_syn_ms, m->tau_m_ms, m->C_m_pF, dt_ms),
    .P_VI = neuron_P_current(tau_syn_ms, m->tau_m_ms, m->C_m_pF, dt_ms),
    .jump_per_ms = M_E / tau_syn_ms,
  };
}

/** Potential minus tau_m/C_m times the current, at time t after an input of weight 1: negative
 *  until the potential peaks, then positive. */
static double past_peak(double t_ms, double tau_syn_ms, const neuron_membrane_params *m,
                        double *V_mV)
{
  const double jump = M_E / tau_syn_ms;
  *V_mV = jump * neuron_P_slope(tau_syn_ms, m->tau_m_ms, m->C_m_pF, t_ms);
  return *V_mV - m->tau_m_ms / m->C_m_pF * jump * t_ms * exp(-t_ms / tau_syn_ms);
}

static meso_neuron_synapse response(const void *params, bool inhibitory)
{
  const psc_alpha_params *p = params;
  const double tau_ms = inhibitory ? p->tau_syn_in_ms : p->tau_syn_ex_ms;
  double V_mV = 0, early = tau_ms, late = tau_ms + 50 * (tau_ms + p->m.tau_m_ms);
  for (int i = 0; i < 100; i++) { /* the potential peaks after the current, which peaks at tau */
    const double t_ms = 0.5 * (early + late);
    *(past_peak(t_ms, tau_ms, &p->m, &V_mV) < 0 ? &early : &late) = t_ms;
  }
  return (meso_neuron_synapse) {1 / V_mV, M_E * tau_ms, tau_ms, tau_ms};
}

static void init(const void *params, double dt_ms, void *neuron)
{
  const psc_alpha_params *p = params;
  *(psc_alpha *) neuron = (psc_alpha) {
    .m = neuron_membrane_make(&p->m, dt_ms),
    .V_min_mV = p->V_min_mV - p->m.E_L_mV,
    .ex = receptor_make(p->tau_syn_ex_ms, &p->m, dt_ms),
    .in = receptor_make(p->tau_syn_in_ms, &p->m, dt_ms),
  };
}

static inline void receptor_advance(receptor *r, double weight_pA)
{
  r->I_pA = r->P_ID_ms * r->D_pA_per_ms + r->decay * r->I_pA;
  r->D_pA_per_ms = r->decay * r->D_pA_per_ms + r->jump_per_ms * weight_pA;
}

static inline double receptor_effect(const receptor *r)
{
  return r->P_VD * r->D_pA_per_ms + r->P_VI * r->I_pA;
}

static void advance(void *neurons, size_t n, const meso_neuron_input *input, uint8_t *spiked)
{
  psc_alpha *s = neurons;
  for (size_t i = 0; i < n; i++, s++) {
    if (s->m.refractory == 0) {
      const double V_mV = s->m.V_mV * s->m.P_V + receptor_effect(&s->ex) + receptor_effect(&s->in)
                          + (s->m.I_e_pA + input->current_pA[i]) * s->m.P_I;
      s->m.V_mV = V_mV < s->V_min_mV ? s->V_min_mV : V_mV;
    } else {
      s->m.refractory--;
    }
    receptor_advance(&s->ex, input->ex[i]);
    receptor_advance(&s->in, input->in[i]);
    spiked[i] = neuron_membrane_fire(&s->m);
  }
}

static void receptor_settle(receptor *r)
{
  r->D_pA_per_ms = neuron_settled(r->D_pA_per_ms);
  r->I_pA = neuron_settled(r->I_pA);
}

static void settle(void *neurons, size_t n)
{
  psc_alpha *s = neurons;
  for (size_t i = 0; i < n; i++, s++) {
    s->m.V_mV = neuron_settled(s->m.V_mV);
    receptor_settle(&s->ex);
    receptor_settle(&s->in);
  }
}

static double V_m(const void *neuron)
{
  const neuron_membrane *m = &((const psc_alpha *) neuron)->m;
  return m->V_mV + m->E_L_mV;
}
static double I_syn_ex(const void *neuron) { return ((const psc_alpha *) neuron)->ex.I_pA; }
static double I_syn_in(const void *neuron) { return ((const psc_alpha *) neuron)->in.I_pA; }

static const meso_neuron_recordable recordables[] = {
  {"V_m", "mV", V_m}, {"I_syn_ex", "pA", I_syn_ex}, {"I_syn_in", "pA", I_syn_in},
  {NULL, NULL, NULL},
};

#define RECEPTOR_STATE(r) \
  {"D_" #r, "pA/ms", offsetof(psc_alpha, r.D_pA_per_ms), false}, \
  {"I_" #r, "pA", offsetof(psc_alpha, r.I_pA), false}
static const meso_neuron_variable state[] = {
  NEURON_MEMBRANE_STATE(psc_alpha), RECEPTOR_STATE(ex), RECEPTOR_STATE(in),
  {NULL, NULL, 0, false},
};

const meso_neuron_ops meso_neuron_iaf_psc_alpha = {
  .name = "iaf_psc_alpha", .summary = "leaky integrate-and-fire, alpha-shaped currents",
  .synapse = "alpha-shaped currents",
  .input = {" + I_ex(t) + I_in(t)", " + I_\\mathrm{ex}(t) + I_\\mathrm{in}(t)"},
  .dynamics = {
    "dI_x/dt = D_x - I_x/tau_syn_x, dD_x/dt = -D_x/tau_syn_x, x = ex, in; D_x jumps by "
    "w e/tau_syn_x, w the weight, at t* + d (delay d)",
    "$\\mathrm{d}I_x/\\mathrm{d}t = D_x - I_x/\\tau_{\\mathrm{syn},x}$, $\\mathrm{d}D_x/"
    "\\mathrm{d}t = -D_x/\\tau_{\\mathrm{syn},x}$, $x \\in \\{\\mathrm{ex},\\mathrm{in}\\}$; "
    "$D_x$ jumps by $w\\,\\mathrm{e}/\\tau_{\\mathrm{syn},x}$, $w$ the weight, at $t^* + d$ "
    "(delay $d$)"},
  .weight = {
    "given by the peak PSP of the potential that it causes: w = PSP / max V_1(t), V_1 the "
    "potential after an input of weight 1",
    "given by the peak $P$ of the potential that it causes: $w = P/\\max V_1(t)$, $V_1$ the "
    "potential after an input of weight 1"},
  .weight_unit = "pA", .params = rows, .params_size = sizeof(psc_alpha_params),
  .neuron_size = sizeof(psc_alpha), .recordables = recordables,
  .state = state, .check = check, .response = response, .init = init, .advance = advance,
  .settle = settle,
};
