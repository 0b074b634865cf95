/* neuron_iaf_psc_delta.c: leaky integrate-and-fire whose potential jumps by the weight (mV) at an
 * input. Inputs during the dead time are lost, or with refractory_input kept, decayed as the
 * membrane would have, until its end. */
#include "neuron_settle.h"
#include "neuron_membrane.h"

#include <math.h>

typedef struct psc_delta_params {
  neuron_membrane_params m;
  double V_min_mV;
  bool refractory_input;
} psc_delta_params;

static const meso_param rows[] = {
  NEURON_MEMBRANE_ROWS(psc_delta_params, m),
  NEURON_V_MIN_ROW(psc_delta_params, V_min_mV),
  { .key = "refractory_input", .type = MESO_PARAM_BOOL, .unit = "1", .min = 0, .max = 1,
    .default_text = "false", .offset = offsetof(psc_delta_params, refractory_input),
    .help = "1: keep input of the dead time until its end" },
  { .key = NULL },
};

typedef struct psc_delta {
  neuron_membrane m;
  double V_min_mV;            /**< relative to E_L */
  bool keeps_input;
  double kept_mV;             /**< input of the dead time, as large as it will be at its end */
  double decay_rate;          /**< dt / tau_m */
} psc_delta;

static const char *check(const void *params)
{
  return neuron_membrane_check(&((const psc_delta_params *) params)->m);
}

/** A jump is its own peak; its current is a pulse of the charge that makes it. */
static meso_neuron_synapse response(const void *params, bool inhibitory)
{
  (void) inhibitory;
  return (meso_neuron_synapse) {1, ((const psc_delta_params *) params)->m.C_m_pF, 0, 0};
}

static void init(const void *params, double dt_ms, void *neuron)
{
  const psc_delta_params *p = params;
  *(psc_delta *) neuron = (psc_delta) {
    .m = neuron_membrane_make(&p->m, dt_ms),
    .V_min_mV = p->V_min_mV - p->m.E_L_mV,
    .keeps_input = p->refractory_input,
    .decay_rate = dt_ms / p->m.tau_m_ms,
  };
}

static inline void integrate(psc_delta *s, double jump_mV, double current_pA)
{
  const double V_mV = s->m.V_mV * s->m.P_V + (s->m.I_e_pA + current_pA) * s->m.P_I + jump_mV
                      + s->kept_mV;
  s->kept_mV = 0;
  s->m.V_mV = V_mV < s->V_min_mV ? s->V_min_mV : V_mV;
}

static void advance(void *neurons, size_t n, const meso_neuron_input *input, uint8_t *spiked)
{
  psc_delta *s = neurons;
  for (size_t i = 0; i < n; i++, s++) {
    const double jump_mV = input->ex[i] + input->in[i];
    if (s->m.refractory == 0) {
      integrate(s, jump_mV, input->current_pA[i]);
    } else {
      if (s->keeps_input && jump_mV != 0)
        s->kept_mV += jump_mV * exp(-s->m.refractory * s->decay_rate);
      s->m.refractory--;
    }
    spiked[i] = neuron_membrane_fire(&s->m);
  }
}

static void settle(void *neurons, size_t n)
{
  psc_delta *s = neurons;
  for (size_t i = 0; i < n; i++, s++) {
    s->m.V_mV = neuron_settled(s->m.V_mV);
    s->kept_mV = neuron_settled(s->kept_mV);
  }
}

static double V_m(const void *neuron)
{
  const neuron_membrane *m = &((const psc_delta *) neuron)->m;
  return m->V_mV + m->E_L_mV;
}

static const meso_neuron_recordable recordables[] = {{"V_m", "mV", V_m}, {NULL, NULL, NULL}};

static const meso_neuron_variable state[] = {
  NEURON_MEMBRANE_STATE(psc_delta), {"kept", "mV", offsetof(psc_delta, kept_mV), false},
  {NULL, NULL, 0, false},
};

const meso_neuron_ops meso_neuron_iaf_psc_delta = {
  .name = "iaf_psc_delta", .summary = "leaky integrate-and-fire, jumps of the potential",
  .synapse = "jumps of the potential",
  .input = {"", ""},
  .dynamics = {
    "V jumps by the weight w at t* + d (delay d), not while it is refractory",
    "$V$ jumps by the weight $w$ at $t^* + d$ (delay $d$), not while it is refractory"},
  .weight = {"the jump: w = PSP", "the jump: $w = P$"},
  .weight_unit = "mV", .params = rows, .params_size = sizeof(psc_delta_params),
  .neuron_size = sizeof(psc_delta), .recordables = recordables,
  .state = state, .check = check, .response = response, .init = init, .advance = advance,
  .settle = settle,
};
