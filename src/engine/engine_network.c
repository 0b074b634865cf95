/* engine_network.c: simulates an explicit network file, every synapse given, in NEST's exact order.
 *
 * Plain and exact: two sums of input per neuron, never merged, in 64-bit fixed point with a
 * power-of-two step in which every weight is a whole number, where that is possible. What a neuron
 * does with its input is its model's affair (meso_neuron.h).
 *
 * 1. fixed point   2. set-up   3. traces   4. the loop
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engine_settle.h"
#include "engine_step.h"
#include "meso_clock.h"
#include "meso_engine.h"
#include "network_current.h"
#include "network_file.h"

/* ---- 1. fixed point ----------------------------------------------------------------------- */

static double rounding_error(double weight, double step)
{
  return fabs(weight - step * nearbyint(weight / step));
}

/** A bound of any sum of weights that meet in one neuron and step: a synapse carries at most one
 *  spike a step. */
static double largest_sum(const network_file *w)
{
  double sum = 0;
  for (size_t i = 0; i < w->n_synapses; i++) sum += fabs(w->synapse[i].weight);
  for (size_t i = 0; i < w->n_events; i++)
    sum += fabs(w->event[i].weight) * (double) w->event[i].multiplicity;
  return sum;
}

/** Largest power of two that divides every weight, from 512 down; not below 2^-30, nor so small
 *  that a sum of weights could overflow. loss: the largest rounding error left. */
static double choose_step(const network_file *w, double *loss)
{
  const double lowest = fmax(0x1p-30, largest_sum(w) * 0x1p-61);
  double step = 1024, worst;
  while (step / 2 < lowest) step *= 2;
  do {
    step /= 2;
    worst = 0;
    for (size_t i = 0; i < w->n_events; i++)
      worst = fmax(worst, rounding_error(w->event[i].weight, step));
    for (size_t i = 0; i < w->n_synapses; i++)
      worst = fmax(worst, rounding_error(w->synapse[i].weight, step));
  } while (worst > 0 && step / 2 >= lowest);
  *loss = worst;
  return step;
}

/* ---- 2. set-up ---------------------------------------------------------------------------- */

/** A neuron among all, wherever its model keeps it. */
typedef struct neuron_place { const network_group *group; const void *neuron; } neuron_place;

typedef struct probe { const meso_neuron_recordable *what; const void *neuron; double *out; } probe;

typedef struct runner {
  network_file w;
  double step_size;           /**< of the fixed point, in the unit of the weights */
  size_t n_slots;
  uint64_t n_steps;
  size_t *row;                /**< (n_neurons + 1) synapses by source */
  uint32_t *target;
  uint16_t *delay;
  int64_t *weight;
  size_t next_event;
  int64_t *ring_ex, *ring_in; /**< (n_slots, n_neurons) */
  void **neurons;             /**< (n_groups) neurons of each model */
  neuron_place *place;        /**< (n_neurons) */
  network_current current;
  double *ex, *in, *current_pA; /**< input of one group, in its order */
  uint8_t *spiked, *fired;    /**< of one group in its order; of all neurons */
  size_t n_probes;
  probe *probes;              /**< what is recorded; out moves on by stride each step */
  size_t stride;
  uint64_t *spike_step;
  uint32_t *spike_neuron;
  size_t n_spikes, spike_capacity;
} runner;

static void runner_clear(runner *r)
{
  for (size_t g = 0; r->neurons != NULL && g < r->w.n_groups; g++) free(r->neurons[g]);
  network_current_clear(&r->current);
  network_file_clear(&r->w);
  void *owned[] = {r->row, r->target, r->delay, r->weight, r->ring_ex, r->ring_in, r->neurons,
                   r->place, r->ex, r->in, r->current_pA, r->spiked, r->fired, r->probes,
                   r->spike_step, r->spike_neuron};
  for (size_t i = 0; i < sizeof owned / sizeof owned[0]; i++) free(owned[i]);
}

/** Synapses by source. */
static meso_status index_synapses(runner *r, meso_err *err)
{
  meso_status status = MESO_OK;
  const network_file *w = &r->w;
  size_t *next = NULL;
  MESO_ALLOC(err, r->row, w->n_neurons + 1);
  MESO_ALLOC(err, next, w->n_neurons);
  MESO_ALLOC(err, r->target, w->n_synapses);
  MESO_ALLOC(err, r->delay, w->n_synapses);
  MESO_ALLOC(err, r->weight, w->n_synapses);
  for (size_t i = 0; i < w->n_synapses; i++) r->row[w->synapse[i].source + 1]++;
  for (size_t i = 0; i < w->n_neurons; i++) r->row[i + 1] += r->row[i];
  memcpy(next, r->row, w->n_neurons * sizeof *next);
  for (size_t i = 0; i < w->n_synapses; i++) {
    const network_synapse *s = &w->synapse[i];
    const size_t k = next[s->source]++;
    r->target[k] = (uint32_t) s->target;
    r->delay[k] = (uint16_t) s->delay_steps;
    r->weight[k] = (int64_t) nearbyint(s->weight / r->step_size);
  }
cleanup:
  free(next);
  return status;
}

static meso_status create_rings(runner *r, meso_err *err)
{
  meso_status status = MESO_OK;
  const network_file *w = &r->w;
  int64_t longest = 0;
  for (size_t i = 0; i < w->n_synapses; i++)
    if (w->synapse[i].delay_steps > longest) longest = w->synapse[i].delay_steps;
  r->n_slots = (size_t) longest + 1;
  if (r->n_slots > SIZE_MAX / 64 / (w->n_neurons + 1))
    MESO_FAIL(err, MESO_ENOMEM, "%s: delay ring too large", w->path);
  MESO_ALLOC(err, r->ring_ex, r->n_slots * w->n_neurons);
  MESO_ALLOC(err, r->ring_in, r->n_slots * w->n_neurons);
cleanup:
  return status;
}

static meso_status create_neurons(runner *r, meso_err *err)
{
  meso_status status = MESO_OK;
  const network_file *w = &r->w;
  MESO_ALLOC(err, r->ex, w->n_neurons);
  MESO_ALLOC(err, r->in, w->n_neurons);
  MESO_ALLOC(err, r->current_pA, w->n_neurons);
  MESO_ALLOC(err, r->spiked, w->n_neurons);
  MESO_ALLOC(err, r->fired, w->n_neurons);
  MESO_ALLOC(err, r->place, w->n_neurons);
  MESO_ALLOC(err, r->neurons, w->n_groups);
  for (size_t g = 0; g < w->n_groups; g++) {
    const network_group *group = &w->group[g];
    const meso_neuron_ops *ops = group->ops;
    r->neurons[g] = meso_calloc(group->n, ops->neuron_size);
    if (r->neurons[g] == NULL)
      MESO_FAIL(err, MESO_ENOMEM, "%s: cannot allocate %zu neurons", w->path, group->n);
    for (size_t k = 0; k < group->n; k++) {
      char *neuron = (char *) r->neurons[g] + k * ops->neuron_size;
      ops->init((const char *) group->params + k * ops->params_size, w->dt_ms, neuron);
      r->place[group->member[k]] = (neuron_place) { group, neuron };
    }
  }
cleanup:
  return status;
}

/* ---- 3. traces ---------------------------------------------------------------------------- */

/** A signal for one quantity of the recorded neurons, and its probes. */
static meso_status add_trace(runner *r, const meso_record_options *record, const char *name,
                             size_t length, meso_signals *traces, meso_err *err)
{
  meso_status status = MESO_OK;
  const size_t n = record->last_neuron - record->first_neuron + 1;
  char text[64];
  (void) snprintf(text, sizeof text, "%.*s", (int) (length < 60 ? length : 60), name);
  meso_signal *signal = NULL;
  for (size_t c = 0; c < n; c++) {
    const neuron_place *p = &r->place[record->first_neuron + c];
    const meso_neuron_recordable *what =
      meso_neuron_recordable_by_name(p->group->ops, name, length);
    if (what == NULL)
      MESO_FAIL(err, MESO_ENOTFOUND, "%s: neuron %zu is an %s, which has no %s to record",
                r->w.path, record->first_neuron + c, p->group->ops->name, text);
    if (signal == NULL)
      MESO_TRY(meso_signals_add(traces, text, what->unit, (size_t) r->n_steps, n,
                                1e3 / r->w.dt_ms, r->w.dt_ms, &signal, err));
    r->probes[r->n_probes++] = (probe) { what, p->neuron, signal->data + c };
  }
cleanup:
  return status;
}

static meso_status create_traces(runner *r, const meso_record_options *record,
                                 meso_signals **ret_traces, meso_err *err)
{
  meso_status status = MESO_OK;
  if (record->last_neuron >= r->w.n_neurons || record->first_neuron > record->last_neuron)
    MESO_FAIL(err, MESO_ERANGE, "neurons %u-%u: must be a range within 0-%zu",
              record->first_neuron, record->last_neuron, r->w.n_neurons - 1);
  r->stride = record->last_neuron - record->first_neuron + 1;
  MESO_ALLOC(err, r->probes, r->stride * (strlen(record->quantities) / 2 + 1));
  MESO_TRY(meso_signals_create(ret_traces, err));
  for (const char *p = record->quantities; *p != '\0'; p += *p == ',') {
    const size_t length = strcspn(p, ",");
    char name[64];
    (void) snprintf(name, sizeof name, "%.*s", (int) (length < 60 ? length : 60), p);
    if (meso_signals_find(*ret_traces, name) == NULL)
      MESO_TRY(add_trace(r, record, p, length, *ret_traces, err));
    p += length;
  }
cleanup:
  return status;
}

static void record_traces(runner *r)
{
  for (probe *p = r->probes; p < r->probes + r->n_probes; p++) {
    *p->out = p->what->value(p->neuron);
    p->out += r->stride;
  }
}

/* ---- 4. the loop -------------------------------------------------------------------------- */

/** A weight > 0 goes to the excitatory sum, all others to the inhibitory one, as in NEST. */
static void add_input(runner *r, size_t slot, size_t neuron, int64_t weight)
{
  (weight > 0 ? r->ring_ex : r->ring_in)[slot * r->w.n_neurons + neuron] += weight;
}

static bool emit(runner *r, uint64_t step, size_t neuron)
{
  if (r->n_spikes == r->spike_capacity) {
    const size_t capacity = 2 * r->spike_capacity + 1024;
    uint64_t *steps = meso_realloc(r->spike_step, capacity, sizeof *steps);
    if (steps != NULL) r->spike_step = steps;
    uint32_t *neurons = meso_realloc(r->spike_neuron, capacity, sizeof *neurons);
    if (neurons != NULL) r->spike_neuron = neurons;
    if (steps == NULL || neurons == NULL) return false;
    r->spike_capacity = capacity;
  }
  r->spike_step[r->n_spikes] = step;
  r->spike_neuron[r->n_spikes++] = (uint32_t) neuron;
  for (size_t k = r->row[neuron]; k < r->row[neuron + 1]; k++)
    add_input(r, (size_t) ((step + r->delay[k]) % r->n_slots), r->target[k], r->weight[k]);
  return true;
}

/** Spikes from outside that arrive at the end of this step. */
static void receive_events(runner *r, uint64_t step, size_t slot)
{
  const network_file *w = &r->w;
  for (; r->next_event < w->n_events; r->next_event++) {
    const network_event *e = &w->event[r->next_event];
    if (e->step + w->event_delay_steps > (int64_t) step) break;
    const int64_t weight = (int64_t) nearbyint(e->weight / r->step_size);
    add_input(r, slot, (size_t) e->neuron, e->multiplicity * weight);
  }
}

/** One step of the neurons of one model. */
static void advance_group(runner *r, size_t g, uint64_t step)
{
  const size_t slot = (size_t) (step % r->n_slots);
  const network_group *group = &r->w.group[g];
  int64_t *ring_ex = r->ring_ex + slot * r->w.n_neurons;
  int64_t *ring_in = r->ring_in + slot * r->w.n_neurons;
  for (size_t k = 0; k < group->n; k++) {
    const uint32_t i = group->member[k];
    r->ex[k] = (double) ring_ex[i] * r->step_size;
    r->in[k] = (double) ring_in[i] * r->step_size;
    r->current_pA[k] = r->current.sum_pA[i];
    ring_ex[i] = ring_in[i] = 0;
  }
  const meso_neuron_input input = { .ex = r->ex, .in = r->in, .current_pA = r->current_pA };
  if (step % ENGINE_SETTLE_STEPS == 0) group->ops->settle(r->neurons[g], group->n);
  group->ops->advance(r->neurons[g], group->n, &input, r->spiked);
  for (size_t k = 0; k < group->n; k++) r->fired[group->member[k]] = r->spiked[k];
}

/** From (step - 1) dt to step dt. Spikes are sent in the order of the neurons, whatever their
 *  models; none arrives before the next step. */
static meso_status run_step(runner *r, uint64_t step, meso_err *err)
{
  meso_status status = MESO_OK;
  const size_t slot = (size_t) (step % r->n_slots);
  receive_events(r, step, slot);
  network_current_step_to(&r->current, step - 1);
  for (size_t g = 0; g < r->w.n_groups; g++) advance_group(r, g, step);
  for (size_t i = 0; i < r->w.n_neurons; i++)
    if (r->fired[i] && !emit(r, step, i)) MESO_FAIL(err, MESO_ENOMEM, "out of memory for spikes");
  record_traces(r);
cleanup:
  return status;
}

static meso_status run_loop(runner *r, const meso_progress *progress, meso_err *err)
{
  meso_status status = MESO_OK;
  for (uint64_t step = 1; step <= r->n_steps; step++) {
    MESO_TRY(run_step(r, step, err));
    if (step % 1000 == 0)
      MESO_TRY(meso_progress_step(progress, "simulate", (double) step / (double) r->n_steps, err));
  }
cleanup:
  return status;
}

static meso_status collect(const runner *r, meso_spikes **ret_spikes, meso_err *err)
{
  meso_status status = MESO_OK;
  meso_spikes *spikes = NULL;
  MESO_TRY(meso_spikes_create(1, &spikes, err));
  spikes->t_stop_ms = (double) r->n_steps * r->w.dt_ms;
  meso_spike_population *p = &spikes->population[0];
  MESO_STRDUP(err, p->name, "neurons");
  p->size = r->w.n_neurons;
  MESO_ALLOC(err, p->time_ms, r->n_spikes);
  MESO_ALLOC(err, p->id, r->n_spikes);
  p->n_spikes = r->n_spikes;
  for (size_t i = 0; i < r->n_spikes; i++) {
    p->time_ms[i] = engine_step_ms(r->spike_step[i], r->w.dt_ms);
    p->id[i] = r->spike_neuron[i];
  }
  *ret_spikes = spikes;
  spikes = NULL;
cleanup:
  meso_spikes_destroy(spikes);
  return status;
}

static meso_status set_up(runner *r, double duration_ms, meso_engine_report *report, meso_err *err)
{
  meso_status status = MESO_OK;
  MESO_TRY(network_file_read(&r->w, err));
  if (duration_ms <= 0) duration_ms = r->w.T_ms;
  r->n_steps = (uint64_t) llround(duration_ms / r->w.dt_ms);
  if (r->n_steps == 0 || duration_ms < r->w.dt_ms * (1 - 1e-9))
    MESO_FAIL(err, MESO_ERANGE, "%s: a duration of %g ms is shorter than a step of %g ms",
              r->w.path, duration_ms, r->w.dt_ms);
  r->step_size = choose_step(&r->w, &report->weight_loss);
  report->weight_unit = r->w.weight_unit;
  MESO_TRY(index_synapses(r, err));
  MESO_TRY(create_rings(r, err));
  MESO_TRY(create_neurons(r, err));
  MESO_TRY(network_current_init(&r->current, &r->w, err));
cleanup:
  return status;
}

static void count(const runner *r, meso_engine_report *report)
{
  report->real_time_factor = report->loop_s / (1e-3 * (double) r->n_steps * r->w.dt_ms);
  report->n_synapses = r->w.n_synapses;
  report->n_spikes = r->n_spikes;
  for (size_t i = 0; i < r->n_spikes; i++)
    report->n_synaptic_events += r->row[r->spike_neuron[i] + 1] - r->row[r->spike_neuron[i]];
  report->weight_step_pA = r->step_size;
}

meso_status meso_engine_run_network(const char *path, double duration_ms, int n_threads,
                                    const meso_record_options *record,
                                    const meso_progress *progress, meso_spikes **ret_spikes,
                                    meso_signals **ret_traces, meso_engine_report *report,
                                    meso_err *err)
{
  meso_status status = MESO_OK;
  meso_engine_report result = {0};
  runner r = {.w = {.path = path}};
  meso_signals *traces = NULL;
  (void) n_threads; /* one thread: explicit networks are small, and the answer is the same */
  *ret_spikes = NULL;
  if (ret_traces != NULL) *ret_traces = NULL;
  const double t0 = mesoi_clock_s();
  MESO_TRY(set_up(&r, duration_ms, &result, err));
  if (record != NULL && ret_traces != NULL) MESO_TRY(create_traces(&r, record, &traces, err));
  const double t1 = mesoi_clock_s();
  MESO_TRY(run_loop(&r, progress, err));
  result.build_s = t1 - t0;
  result.loop_s = mesoi_clock_s() - t1;
  count(&r, &result);
  MESO_TRY(collect(&r, ret_spikes, err));
  if (ret_traces != NULL) *ret_traces = traces;
  traces = NULL;
  if (report != NULL) *report = result;
cleanup:
  meso_signals_destroy(traces);
  runner_clear(&r);
  return status;
}
