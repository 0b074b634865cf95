/* engine_currents.c: summed synaptic currents from spikes and the model's wiring.
 *
 * The sum of the synaptic currents of a population is linear in the spikes that reach it: weights
 * are summed once per (source neuron, target population, delay), every spike adds its row to the
 * input of the coming steps, and the sums pass the synaptic filter of the target's neuron model.
 * All sums are integers.
 *
 * 1. weight sums   2. spikes to input   3. filter and bins
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "engine_spikes.h"
#include "meso_engine.h"
#include "meso_wiring.h"

typedef struct filter {
  const meso_neuron_ops *ops; /**< of the target; NULL: it has no input */
  void *neuron;
  const meso_neuron_recordable *current; /**< NULL: the model has none */
  double pulse_per_weight;   /**< then: current of one step (pA per weight) */
  bool inhibitory;
} filter;

typedef struct currents {
  const meso_model *model;
  const meso_spikes *spikes;
  const size_t *spikes_of;   /**< (n_populations) index in spikes */
  meso_wiring *wiring;
  meso_wiring_row *scratch;  /**< (n_pop) one for each target population */
  size_t n_pop, n_delays;    /**< delays 1 .. n_delays */
  int32_t *weight_sum;       /**< (neurons, n_pop, n_delays) in weight steps */
  size_t chunk_steps, width; /**< width = chunk_steps + n_delays */
  int64_t *input;            /**< (source population, target population, width) */
  filter *filter;            /**< (source population, target population) */
  size_t *next;              /**< (n_pop) next spike of each population */
  size_t steps_per_bin, n_bins;
} currents;

/* ---- 1. weight sums ----------------------------------------------------------------------- */

/** Returns true if a sum does not fit: check_out_degrees knows only the mean of the sources. */
static bool sum_target_population(currents *c, size_t target)
{
  bool overflows = false;
  const meso_model *m = c->model;
  uint32_t source[MESO_WIRING_BATCH];
  uint16_t code[MESO_WIRING_BATCH];
  uint8_t delay[MESO_WIRING_BATCH];
  for (size_t p = 0; p < m->n_projections; p++) {
    if (m->projection[p].target != target) continue;
    const meso_wiring_projection *q = &c->wiring->projection[p];
    const size_t first = (size_t) m->population[m->projection[p].source].first_neuron;
    int32_t *sum = c->weight_sum + (first * c->n_pop + target) * c->n_delays;
    for (uint32_t i = 0; i < (uint32_t) m->population[target].size; i++)
      for (uint32_t k = 0; k < q->in_degree[i]; k += MESO_WIRING_BATCH) {
        const uint32_t left = q->in_degree[i] - k;
        const unsigned n = left < MESO_WIRING_BATCH ? left : MESO_WIRING_BATCH;
        meso_wiring_draw(c->wiring, &c->scratch[target], p, i, k, n, source, code, delay);
        for (unsigned s = 0; s < n; s++) {
          int32_t *at = &sum[(size_t) source[s] * c->n_pop * c->n_delays + delay[s] - 1];
          overflows |= __builtin_add_overflow(*at, (int32_t) q->weight_of_code[code[s]], at);
        }
      }
  }
  return overflows;
}

/* ---- 2. spikes to input ------------------------------------------------------------------- */

/** Adds the spikes of one source population that lie in the chunk; element [t] of a row is the
 *  input arriving at step first_step + t. */
static void spread_spikes(currents *c, size_t source, uint64_t first_step)
{
  const meso_spike_population *p = &c->spikes->population[c->spikes_of[source]];
  const double dt = c->model->simulation.dt_ms;
  const size_t first_neuron = (size_t) c->model->population[source].first_neuron;
  int64_t *input = c->input + source * c->n_pop * c->width;
  for (; c->next[source] < p->n_spikes; c->next[source]++) {
    const uint64_t step = (uint64_t) llround(p->time_ms[c->next[source]] / dt);
    if (step >= first_step + c->chunk_steps) break;
    const size_t neuron = first_neuron + p->id[c->next[source]];
    const int32_t *sum = c->weight_sum + neuron * c->n_pop * c->n_delays;
    for (size_t target = 0; target < c->n_pop; target++) {
      int64_t *restrict at = input + target * c->width + (step - first_step) + 1;
      const int32_t *restrict w = sum + target * c->n_delays;
      for (size_t d = 0; d < c->n_delays; d++) at[d] += w[d];
    }
  }
}

/* ---- 3. filter and bins ------------------------------------------------------------------- */

/** The neuron whose synaptic current is that of a (source, target) pair: filters are linear, so one
 *  of the target's model filters the sum of all. It may spike; that does not change its current. */
static meso_status create_filter(currents *c, size_t source, size_t target, meso_err *err)
{
  meso_status status = MESO_OK;
  const meso_population *t = &c->model->population[target];
  const meso_neuron_ops *ops = meso_population_ops(t);
  filter *f = &c->filter[source * c->n_pop + target];
  unsigned char *params = NULL;
  f->inhibitory = c->model->population[source].sign == MESO_INHIBITORY;
  if (ops == NULL) goto cleanup;
  MESO_ALLOC(err, params, ops->params_size);
  MESO_TRY(meso_population_params(t, t->neuron.E_L_mV, params, err));
  f->ops = ops;
  f->current =
    meso_neuron_recordable_by_name(ops, f->inhibitory ? "I_syn_in" : "I_syn_ex", 8);
  if (f->current == NULL) f->current = meso_neuron_recordable_by_name(ops, "I_syn", 5);
  f->pulse_per_weight = t->synapse[c->model->population[source].sign].charge /
                        c->model->simulation.dt_ms;
  f->neuron = meso_calloc(1, ops->neuron_size);
  if (f->neuron == NULL) MESO_FAIL(err, MESO_ENOMEM, "cannot allocate a filter");
  ops->init(params, c->model->simulation.dt_ms, f->neuron);
cleanup:
  free(params);
  return status;
}

/** The current after a step with this input. A model without a current is given its charge as a
 *  pulse of one step. */
static double filter_step(const filter *f, double input)
{
  const double zero = 0;
  uint8_t spiked;
  if (f->current == NULL) return input * f->pulse_per_weight;
  f->ops->advance(f->neuron, 1,
                  &(meso_neuron_input) {f->inhibitory ? &zero : &input,
                                        f->inhibitory ? &input : &zero, &zero}, &spiked);
  return f->current->value(f->neuron);
}

/** Decays and fills the current of one (source, target) pair over the chunk and adds its mean per
 *  bin to the output column; moves the input beyond the chunk to its front. */
static void filter_pair(currents *c, size_t source, size_t target, size_t first_bin,
                        double *restrict column, size_t stride)
{
  const filter *f = &c->filter[source * c->n_pop + target];
  const double unit = c->wiring->weight_step_pA;
  int64_t *input = c->input + (source * c->n_pop + target) * c->width;
  if (f->ops == NULL) return; /* a poisson population has no input */
  for (size_t b = 0; b < c->chunk_steps / c->steps_per_bin && first_bin + b < c->n_bins; b++) {
    double sum = 0;
    for (size_t s = 0; s < c->steps_per_bin; s++)
      sum += filter_step(f, (double) input[b * c->steps_per_bin + s] * unit);
    f->ops->settle(f->neuron, 1);
    column[(first_bin + b) * stride] = sum / (double) c->steps_per_bin;
  }
  memmove(input, input + c->chunk_steps, c->n_delays * sizeof *input);
  memset(input + c->n_delays, 0, c->chunk_steps * sizeof *input);
}

static meso_status add_signals(const currents *c, double bin_ms, meso_signals *out, meso_err *err)
{
  meso_status status = MESO_OK;
  const meso_model *m = c->model;
  for (size_t s = 0; s < c->n_pop + 2; s++) {
    char name[160];
    (void) snprintf(name, sizeof name, "%s%s", s == 0 ? "I_ex" : (s == 1 ? "I_in" : "from_"),
                    s < 2 ? "" : m->population[s - 2].name);
    meso_signal *signal = NULL;
    MESO_TRY(meso_signals_add(out, name, "pA", c->n_bins, c->n_pop, 1e3 / bin_ms,
                              c->spikes->t_start_ms, &signal, err));
    for (size_t p = 0; p < c->n_pop; p++)
      MESO_TRY(meso_signal_set_label(signal, p, m->population[p].name, err));
    for (size_t p = 0; s == 0 && p < c->n_pop; p++) {
      const meso_population *q = &m->population[p];
      char key[160];
      (void) snprintf(key, sizeof key, "background_mean_pA.%s", q->name);
      const double poisson_pA =
        q->background_rate_Hz * 1e-3 * q->background_weight_pA * q->synapse[MESO_EXCITATORY].charge;
      MESO_TRY(meso_attrs_set_number(&signal->attrs, key,
                                     (double) q->size * (poisson_pA + q->I_dc_pA), err));
    }
  }
cleanup:
  return status;
}

/** One chunk of time: spikes of every source population, then every pair's filter. */
static void run_chunk(currents *c, uint64_t first_step, size_t first_bin, int n_threads,
                      meso_signals *out)
{
#pragma omp parallel for num_threads(n_threads) schedule(dynamic, 1)
  for (size_t s = 0; s < c->n_pop; s++) {
    if (c->spikes_of[s] != (size_t) -1) spread_spikes(c, s, first_step);
    for (size_t t = 0; t < c->n_pop; t++)
      filter_pair(c, s, t, first_bin, out->signal[s + 2].data + t, c->n_pop);
  }
}

/** I_ex and I_in: sums over sources in fixed order. */
static void sum_sources(const currents *c, meso_signals *out)
{
  for (size_t s = 0; s < c->n_pop; s++) {
    double *total = out->signal[c->model->population[s].sign == MESO_INHIBITORY].data;
    const double *part = out->signal[s + 2].data;
    for (size_t i = 0; i < c->n_bins * c->n_pop; i++) total[i] += part[i];
  }
}

static void currents_clear(currents *c)
{
  for (size_t p = 0; c->scratch != NULL && p < c->n_pop; p++) meso_wiring_row_clear(&c->scratch[p]);
  free(c->scratch);
  meso_wiring_destroy(c->wiring);
  free(c->weight_sum);
  free(c->input);
  for (size_t i = 0; c->filter != NULL && i < c->n_pop * c->n_pop; i++) free(c->filter[i].neuron);
  free(c->filter);
  free(c->next);
}

/** The sums of weights have 32 bits, weights 16. */
static meso_status check_out_degrees(const meso_model *m, meso_err *err)
{
  meso_status status = MESO_OK;
  for (size_t p = 0; p < m->n_projections; p++) {
    const meso_population *source = &m->population[m->projection[p].source];
    const double mean = (double) m->projection[p].n_synapses / (double) source->size;
    if (mean + 10 * sqrt(mean) > 65536)
      MESO_FAIL(err, MESO_ERANGE, "%s: a neuron of %s has %g synapses onto %s; sums of their "
                "weights hold at most 65536", m->path, source->name, mean,
                m->population[m->projection[p].target].name);
  }
cleanup:
  return status;
}

static meso_status currents_init(currents *c, double bin_ms, meso_err *err)
{
  meso_status status = MESO_OK;
  const meso_model *m = c->model;
  const double dt = m->simulation.dt_ms;
  c->n_pop = m->n_populations;
  c->steps_per_bin = (size_t) llround(bin_ms / dt);
  if (c->steps_per_bin < 1 || fabs((double) c->steps_per_bin * dt - bin_ms) > 1e-9)
    MESO_FAIL(err, MESO_ERANGE, "bin of %g ms: must be a multiple of dt_ms = %g", bin_ms, dt);
  c->n_bins = (size_t) floor((c->spikes->t_stop_ms - c->spikes->t_start_ms) / bin_ms + 1e-8);
  MESO_TRY(check_out_degrees(m, err));
  MESO_TRY(meso_wiring_create(m, &c->wiring, err));
  MESO_ALLOC(err, c->scratch, c->n_pop);
  for (size_t p = 0; p < c->n_pop; p++)
    MESO_TRY(meso_wiring_row_init(c->wiring, &c->scratch[p], err));
  c->n_delays = (1u << c->wiring->delay_bits) - 1u;
  c->chunk_steps = c->steps_per_bin * (c->steps_per_bin > 10000 ? 1 : 10000 / c->steps_per_bin);
  c->width = c->chunk_steps + c->n_delays;
  MESO_ALLOC_ALIGNED(err, c->weight_sum, (size_t) m->n_neurons * c->n_pop * c->n_delays);
  MESO_ALLOC(err, c->input, c->n_pop * c->n_pop * c->width);
  MESO_ALLOC(err, c->filter, c->n_pop * c->n_pop);
  for (size_t i = 0; i < c->n_pop * c->n_pop; i++)
    MESO_TRY(create_filter(c, i / c->n_pop, i % c->n_pop, err));
  MESO_ALLOC(err, c->next, c->n_pop);
cleanup:
  return status;
}

meso_status meso_currents_from_spikes(const meso_model *model, const meso_spikes *spikes,
                                      double bin_ms, int n_threads, const meso_progress *progress,
                                      meso_signals **ret_currents, meso_err *err)
{
  meso_status status = MESO_OK;
  currents c = {.model = model, .spikes = spikes};
  meso_signals *out = NULL;
  size_t *index = NULL;
  *ret_currents = NULL;
  MESO_ALLOC(err, index, model->n_populations);
  MESO_TRY(engine_match_populations(model, spikes, index, err));
  c.spikes_of = index;
  MESO_TRY(currents_init(&c, bin_ms, err));
  MESO_TRY(meso_signals_create(&out, err));
  MESO_TRY(add_signals(&c, bin_ms, out, err));
  bool overflows = false;
#pragma omp parallel for num_threads(n_threads) schedule(dynamic, 1) reduction(|| : overflows)
  for (size_t target = 0; target < c.n_pop; target++)
    overflows = sum_target_population(&c, target) || overflows;
  if (overflows)
    MESO_FAIL(err, MESO_ERANGE, "%s: a neuron has more synapses onto a population than the sums of "
              "their weights can hold", model->path);
  const uint64_t start = (uint64_t) llround(spikes->t_start_ms / model->simulation.dt_ms);
  const size_t bins_per_chunk = c.chunk_steps / c.steps_per_bin;
  for (size_t b = 0; b < c.n_bins; b += bins_per_chunk) {
    run_chunk(&c, start + b * c.steps_per_bin, b, n_threads, out);
    MESO_TRY(meso_progress_step(progress, "currents", (double) b / (double) c.n_bins, err));
  }
  sum_sources(&c, out);
  *ret_currents = out;
  out = NULL;
cleanup:
  meso_signals_destroy(out);
  currents_clear(&c);
  free(index);
  return status;
}
