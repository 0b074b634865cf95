/* neuron_iaf_psc_alpha.c: leaky integrate-and-fire, synaptic currents of the shape
 * e (t / tau_syn) exp(-t / tau_syn), whose peak is the weight. Two variables a receptor:
 *
 *   dD/dt = -D / tau_syn,   dI/dt = D - I / tau_syn,   D jumps by weight e / tau_syn at an input
 */
#include "engine_settle.h"
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
  r->D_pA_per_ms = engine_settled(r->D_pA_per_ms);
  r->I_pA = engine_settled(r->I_pA);
}

static void settle(void *neurons, size_t n)
{
  psc_alpha *s = neurons;
  for (size_t i = 0; i < n; i++, s++) {
    s->m.V_mV = engine_settled(s->m.V_mV);
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

const meso_neuron_ops meso_neuron_iaf_psc_alpha = {
  .name = "iaf_psc_alpha", .summary = "leaky integrate-and-fire, alpha-shaped currents",
  .weight_unit = "pA", .params = rows, .params_size = sizeof(psc_alpha_params),
  .neuron_size = sizeof(psc_alpha), .recordables = recordables,
  .check = check, .init = init, .advance = advance, .settle = settle,
};
