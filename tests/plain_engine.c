/* plain_engine.c: see plain_engine.h. */
#include "plain_engine.h"

#include <stdlib.h>
#include <string.h>

#include <gsl/gsl_cdf.h>

#include "engine_neuron.h"
#include "meso_rng.h"
#include "meso_test.h"

/** Cumulative table for a mean, all thresholds compared at once or the first few. */
enum { RING = 256 };

meso_poisson plain_poisson(double mean, uint32_t n_upper)
{
  meso_poisson p = {0};
  double term = exp(-mean), cumulative = term;
  while (1.0 - cumulative > 0x1p-49) {
    p.threshold[p.n_thresholds] = (uint64_t) (cumulative * 0x1p48);
    p.upper[p.n_thresholds] = (uint16_t) (p.threshold[p.n_thresholds] >> 32);
    term *= mean / ++p.n_thresholds;
    cumulative += term;
  }
  p.n_upper = n_upper < p.n_thresholds ? n_upper : p.n_thresholds;
  return p;
}

/** Columns side by side: neuron i of a population is in column i / column_size, where random
 *  numbers count it as in a network of one column. */
uint32_t plain_column_size(const meso_model *m, size_t p)
{
  return (uint32_t) (m->population[p].size / (m->scaling.N < 1 ? 1 : (int64_t) m->scaling.N));
}

static uint32_t plain_in_column(const meso_model *m, size_t p, uint32_t i)
{
  uint32_t before = i % plain_column_size(m, p);
  while (p > 0) before += plain_column_size(m, --p);
  return before;
}

/** Synapses by source; two passes over the wiring: count, then write. */
static void plain_connect(plain_network *x)
{
  const meso_model *m = x->model;
  size_t *next = calloc(x->n + 1, sizeof *next);
  x->row = calloc(x->n + 1, sizeof *x->row);
  CU_ASSERT_FATAL(next != NULL && x->row != NULL);
  for (int pass = 0; pass < 2; pass++) {
    for (size_t p = 0; p < m->n_projections; p++) {
      const meso_projection *q = &m->projection[p];
      for (uint32_t i = 0; i < (uint32_t) m->population[q->target].size; i++)
        for (uint32_t k = 0; k < x->wiring->projection[p].in_degree[i]; k++) {
          uint32_t source;
          uint16_t code;
          uint8_t delay;
          meso_wiring_draw(x->wiring, &x->scratch, p, i, k, 1, &source, &code, &delay);
          const size_t j = (size_t) m->population[q->source].first_neuron + source;
          if (pass == 0) x->row[j + 1]++;
          else
            x->synapse[next[j]++] = (plain_synapse) {
              (uint32_t) m->population[q->target].first_neuron + i, delay,
              x->wiring->projection[p].weight_of_code[code]};
        }
    }
    if (pass == 1) break;
    for (uint32_t j = 0; j < x->n; j++) x->row[j + 1] += x->row[j];
    memcpy(next, x->row, x->n * sizeof *next);
    x->synapse = calloc(x->row[x->n] + 1, sizeof *x->synapse);
    CU_ASSERT_FATAL(x->synapse != NULL);
  }
  free(next);
}

/** A neuron of the registry where the population's model is not iaf_psc_exp. */
static void *plain_neuron(const meso_model *m, size_t p, double V_mV)
{
  static _Alignas(64) unsigned char params[1024];
  const meso_neuron_ops *ops = meso_population_ops(&m->population[p]);
  if (ops == NULL || strcmp(ops->name, "iaf_psc_exp") == 0) return NULL;
  CU_ASSERT_FATAL(ops->params_size <= sizeof params);
  void *neuron = calloc(1, ops->neuron_size);
  CU_ASSERT_PTR_NOT_NULL_FATAL(neuron);
  CU_ASSERT_EQUAL_FATAL(meso_population_params(&m->population[p], V_mV, params, NULL), MESO_OK);
  ops->init(params, m->simulation.dt_ms, neuron);
  return neuron;
}

static double plain_value(const meso_neuron_ops *ops, const char *name, const void *neuron)
{
  const meso_neuron_recordable *r = meso_neuron_recordable_by_name(ops, name, strlen(name));
  return r != NULL ? r->value(neuron) : 0;
}

/** One step of a neuron of the registry. */
static bool plain_step_registered(plain_network *x, size_t p, uint32_t j, uint64_t step)
{
  const meso_population *pop = &x->model->population[p];
  const meso_neuron_ops *ops = meso_population_ops(pop);
  const double unit = x->wiring->weight_step_pA;
  double in[2];
  for (int c = 0; c < 2; c++) {
    int32_t *sum = &x->ring[c][step % RING * x->n + j];
    in[c] = *sum * unit;
    *sum = 0;
  }
  uint8_t spiked;
  ops->advance(x->neuron[j], 1, &(meso_neuron_input) {&in[0], &in[1], &pop->I_dc_pA}, &spiked);
  x->V_mV[j] = plain_value(ops, "V_m", x->neuron[j]) - pop->neuron.E_L_mV;
  x->I[0][j] = plain_value(ops, "I_syn_ex", x->neuron[j]) / unit;
  x->I[1][j] = plain_value(ops, "I_syn_in", x->neuron[j]) / unit;
  return spiked != 0;
}

static void plain_create(plain_network *x, const meso_model *m)
{
  meso_err err = {0};
  *x = (plain_network) {.model = m, .n = (uint32_t) m->n_neurons, .merged = true};
  CU_ASSERT_EQUAL_FATAL(meso_wiring_create(m, &x->wiring, &err), MESO_OK);
  CU_ASSERT_EQUAL_FATAL(meso_wiring_row_init(x->wiring, &x->scratch, &err), MESO_OK);
  plain_connect(x);
  x->V_mV = calloc(x->n, sizeof *x->V_mV);
  x->I_both = calloc(x->n, sizeof *x->I_both);
  x->neuron = calloc(x->n, sizeof *x->neuron);
  x->refractory = calloc(x->n, sizeof *x->refractory);
  for (int c = 0; c < 2; c++) {
    x->ring[c] = calloc((size_t) RING * x->n, sizeof *x->ring[c]);
    x->I[c] = calloc(x->n, sizeof *x->I[c]);
  }
  const meso_rng_key key = meso_rng_key_make(m->simulation.seed, MESO_RNG_V_INITIAL);
  for (size_t p = 0; p < m->n_populations; p++)
    for (uint32_t i = 0; i < (uint32_t) m->population[p].size; i++) {
      const uint32_t j = (uint32_t) m->population[p].first_neuron + i;
      const uint32_t counter[4] = {plain_in_column(m, p, i), i / plain_column_size(m, p), 0, 0};
      uint32_t word[4];
      meso_rng_block(key, counter, word);
      const double z = gsl_cdf_ugaussian_Pinv(meso_rng_uniform(word[0], word[1]));
      x->V_mV[j] = m->population[p].V_m_initial_mean_mV +
                   m->population[p].V_m_initial_sd_mV * z - m->population[p].neuron.E_L_mV;
      x->neuron[j] = plain_neuron(m, p, m->population[p].V_m_initial_mean_mV +
                                  m->population[p].V_m_initial_sd_mV * z);
      if (x->neuron[j] != NULL || m->population[p].neuron.tau_syn_ex_ms !=
                                    m->population[p].neuron.tau_syn_in_ms)
        x->merged = false;
    }
}

static void plain_destroy(plain_network *x)
{
  meso_wiring_row_clear(&x->scratch);
  meso_wiring_destroy(x->wiring);
  free(x->row);
  free(x->synapse);
  for (uint32_t j = 0; j < x->n; j++) free(x->neuron[j]);
  free(x->neuron);
  free(x->V_mV);
  free(x->I_both);
  free(x->refractory);
  for (int c = 0; c < 2; c++) {
    free(x->ring[c]);
    free(x->I[c]);
  }
}

static void plain_spike(plain_network *x, uint32_t j, uint64_t step)
{
  const meso_model *m = x->model;
  int channel = 0;
  for (size_t p = 0; p < m->n_populations; p++)
    if (j >= m->population[p].first_neuron &&
        j < m->population[p].first_neuron + m->population[p].size)
      channel = m->population[p].sign == MESO_INHIBITORY;
  for (size_t i = x->row[j]; i < x->row[j + 1]; i++)
    x->ring[channel][(step + x->synapse[i].delay) % RING * x->n + x->synapse[i].target] +=
      x->synapse[i].weight;
}

/** Background of one population in one step, into its excitatory sums. */
static void plain_background(plain_network *x, size_t p, uint64_t step)
{
  const meso_model *m = x->model;
  const meso_population *q = &m->population[p];
  const double from = m->background.delay_ms / m->simulation.dt_ms;
  if (q->background_rate_Hz <= 0 || (double) step <= round(from)) return;
  const meso_poisson table =
    plain_poisson(q->background_rate_Hz * m->simulation.dt_ms * 1e-3, 31);
  const meso_rng_key key = meso_rng_key_make(m->simulation.seed, MESO_RNG_BACKGROUND);
  const meso_rng_key tail = meso_rng_key_make(m->simulation.seed, MESO_RNG_BACKGROUND_TAIL);
  const int32_t weight = (int32_t) lrint(q->background_weight_pA / x->wiring->weight_step_pA);
  for (uint32_t i = 0; i < (uint32_t) q->size; i++) {
    uint16_t buffer[ENGINE_CHUNK];
    const uint64_t j = (uint64_t) q->first_neuron + i, column = i / plain_column_size(m, p);
    const uint16_t *count = engine_kernels_choose("plain")->background(
      &table, key, tail, column << 32 | plain_in_column(m, p, i), 1, step, buffer);
    x->ring[0][step % RING * x->n + j] += weight * count[0];
  }
}

/** One step of a neuron in NEST's order; true if it spikes. */
static bool plain_step_neuron(plain_network *x, const engine_iaf *p, uint32_t j, uint64_t step)
{
  const double step_pA = x->wiring->weight_step_pA;
  const int32_t in[2] = {x->ring[0][step % RING * x->n + j], x->ring[1][step % RING * x->n + j]};
  x->ring[0][step % RING * x->n + j] = x->ring[1][step % RING * x->n + j] = 0;
  double V = x->V_mV[j] * p->P22 + (x->merged ? x->I_both : x->I[0])[j] * (p->P21_ex * step_pA);
  if (!x->merged) V += x->I[1][j] * (p->P21_in * step_pA);
  V += p->P20_I;
  x->I_both[j] = x->I_both[j] * p->P11_ex + (in[0] + in[1]);
  x->I[0][j] = x->I[0][j] * p->P11_ex + in[0];
  x->I[1][j] = x->I[1][j] * p->P11_in + in[1];
  if (x->refractory[j] > 0) {
    x->refractory[j]--;
    return false;
  }
  x->V_mV[j] = V;
  if (V < p->theta_mV) return false;
  x->V_mV[j] = p->V_reset_mV;
  x->refractory[j] = p->refractory_steps;
  return true;
}

bool as_the_plain_engine(const meso_model *m, const meso_spikes *spikes, plain_observer *observe,
                         void *context)
{
  plain_network x;
  bool same = true;
  size_t next[8] = {0}, n_equal = 0;
  plain_create(&x, m);
  const uint64_t n_steps = (uint64_t) llround(m->simulation.duration_ms / m->simulation.dt_ms);
  for (uint64_t step = 1; same && step <= n_steps; step++) {
    for (size_t p = 0; p < m->n_populations; p++) {
      const meso_population *q = &m->population[p];
      const meso_spike_population *got = &spikes->population[p];
      const bool source = q->model == MESO_NEURON_POISSON;
      const engine_iaf iaf = engine_iaf_make(&q->neuron, m->simulation.dt_ms, q->I_dc_pA);
      if (!source) plain_background(&x, p, step);
      for (uint32_t i = 0; i < (uint32_t) q->size; i++) {
        const uint32_t j = (uint32_t) q->first_neuron + i;
        const bool spikes_now = !source && (x.neuron[j] != NULL
          ? plain_step_registered(&x, p, j, step) : plain_step_neuron(&x, &iaf, j, step));
        if (spikes_now) plain_spike(&x, j, step);
        else if (!source) continue;
        bool given = false;
        while (next[p] < got->n_spikes && got->id[next[p]] == i &&
               llround(got->time_ms[next[p]] / m->simulation.dt_ms) == (long long) step) {
          if (source) plain_spike(&x, j, step);
          given = true;
          next[p]++, n_equal++;
        }
        same = same && (source || given);
      }
    }
    if (observe != NULL) observe(context, &x, step);
  }
  for (size_t p = 0; p < m->n_populations; p++)
    same = same && next[p] == spikes->population[p].n_spikes;
  printf("# %zu spikes as in the plain simulation\n", n_equal);
  plain_destroy(&x);
  return same && n_equal > 0;
}
