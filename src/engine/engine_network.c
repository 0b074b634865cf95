/* engine_network.c: simulates a network that is given synapse by synapse, in NEST's exact order.
 *
 * Plain and exact: two sums of input per neuron, never merged, in 64-bit fixed point with a
 * power-of-two step in which every weight is a whole number, where that is possible. What a neuron
 * does with its input is its model's affair (meso_neuron.h).
 *
 * 1. fixed point   2. set-up   3. traces   4. the loop
 */
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "neuron_settle.h"
#include "engine_step.h"
#include "meso_clock.h"
#include "meso_engine.h"
#include "network_current.h"
#include "network_poisson.h"

/* ---- 1. fixed point ----------------------------------------------------------------------- */

/** What all weights together ask of the fixed point. */
typedef struct survey {
  double sum;       /**< of what can meet in one neuron and step at most */
  int finest;       /**< every weight is a multiple of 2^finest */
  uint32_t longest; /**< delay, in steps */
} survey;

/** A weight that arrives up to n times in a step. */
static void look_at(survey *s, double weight, double n)
{
  int exponent = 0;
  if (weight == 0) return;
  const double digits = ldexp(frexp(fabs(weight), &exponent), 53);
  const int lowest = exponent - 53 + __builtin_ctzll((unsigned long long) digits);
  if (lowest < s->finest) s->finest = lowest;
  s->sum += fabs(weight) * n;
}

enum { BATCH = 1 << 16 }; /* synapses */

/** Looks at every weight and counts the synapses of each source in row[source + 1]. */
static meso_status look_at_all(const meso_network *w, size_t *row, survey *s, meso_err *err)
{
  meso_status status = MESO_OK;
  const meso_synapse_stream *stream = &w->synapses;
  meso_synapse *batch = NULL;
  size_t n = 1;
  MESO_ALLOC(err, batch, BATCH);
  stream->rewind(stream->state);
  while (n > 0) {
    MESO_TRY(stream->next(stream->state, BATCH, batch, &n, err));
    for (size_t i = 0; i < n; i++) {
      const bool from_source = batch[i].source >= w->n_neurons;
      row[batch[i].source + 1]++;
      look_at(s, batch[i].weight, from_source ? MESO_SOURCE_MAX_SPIKES : 1);
      if (batch[i].delay_steps > s->longest) s->longest = batch[i].delay_steps;
    }
  }
  for (size_t i = 0; i < w->n_events; i++)
    look_at(s, w->event[i].weight, (double) w->event[i].multiplicity);
  for (size_t i = 0; i < w->n_poisson; i++)
    look_at(s, w->poisson[i].weight, MESO_POISSON_MAX_EVENTS);
cleanup:
  free(batch);
  return status;
}

/** Largest power of two that divides every weight, at most 512; not below 2^-30, nor so small that
 *  a sum of weights could overflow. */
static double choose_step(const survey *s)
{
  const double lowest = fmax(0x1p-30, s->sum * 0x1p-61);
  double step = ldexp(1.0, s->finest < 9 ? s->finest : 9);
  while (step < lowest) step *= 2;
  return step;
}

/* ---- 2. set-up ---------------------------------------------------------------------------- */

/** A neuron among all, wherever its model keeps it. */
typedef struct neuron_place { const meso_neuron_group *group; const void *neuron; } neuron_place;

typedef struct probe { const meso_neuron_recordable *what; const void *neuron; double *out; } probe;

typedef struct runner {
  const meso_network *w;
  double duration_ms;
  double step_size;           /**< of the fixed point, in the unit of the weights */
  double loss;                /**< largest rounding error of a weight */
  size_t n_slots;
  uint64_t n_steps;
  size_t *row;                /**< (n_neurons + n_sources + 1) synapses by source */
  uint32_t *target;
  uint16_t *delay;
  int64_t *weight;
  size_t next_event;
  int64_t *ring_ex, *ring_in; /**< (n_slots, n_neurons) */
  void **neurons;             /**< (n_groups) neurons of each model */
  neuron_place *place;        /**< (n_neurons) */
  network_current current;
  network_poisson poisson;
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
  for (size_t g = 0; r->neurons != NULL && g < r->w->n_groups; g++) free(r->neurons[g]);
  network_current_clear(&r->current);
  network_poisson_clear(&r->poisson);
  void *owned[] = {r->row, r->target, r->delay, r->weight, r->ring_ex, r->ring_in, r->neurons,
                   r->place, r->ex, r->in, r->current_pA, r->spiked, r->fired, r->probes,
                   r->spike_step, r->spike_neuron};
  for (size_t i = 0; i < sizeof owned / sizeof owned[0]; i++) free(owned[i]);
}

/** A weight in steps; what that changes is noted. */
static int64_t fixed(runner *r, double weight)
{
  const double steps = nearbyint(weight / r->step_size);
  r->loss = fmax(r->loss, fabs(weight - steps * r->step_size));
  return (int64_t) steps;
}

/** Puts every synapse into the row of its source; row[source + 1] has their number. */
static meso_status index_synapses(runner *r, meso_err *err)
{
  meso_status status = MESO_OK;
  const meso_network *w = r->w;
  const meso_synapse_stream *stream = &w->synapses;
  const size_t n_all = w->n_neurons + w->n_sources;
  size_t *next = NULL, n = 1;
  meso_synapse *batch = NULL;
  for (size_t i = 0; i < n_all; i++) r->row[i + 1] += r->row[i];
  MESO_ALLOC(err, next, n_all);
  MESO_ALLOC(err, batch, BATCH);
  MESO_ALLOC(err, r->target, r->row[n_all]);
  MESO_ALLOC(err, r->delay, r->row[n_all]);
  MESO_ALLOC(err, r->weight, r->row[n_all]);
  memcpy(next, r->row, n_all * sizeof *next);
  stream->rewind(stream->state);
  while (n > 0) {
    MESO_TRY(stream->next(stream->state, BATCH, batch, &n, err));
    for (size_t i = 0; i < n; i++) {
      const size_t k = next[batch[i].source]++;
      if (k >= r->row[batch[i].source + 1])
        MESO_FAIL(err, MESO_EIO, "%s: changed while it was read", w->path);
      r->target[k] = batch[i].target;
      r->delay[k] = (uint16_t) batch[i].delay_steps;
      r->weight[k] = fixed(r, batch[i].weight);
    }
  }
cleanup:
  free(next);
  free(batch);
  return status;
}

static meso_status create_rings(runner *r, uint32_t longest, meso_err *err)
{
  meso_status status = MESO_OK;
  const meso_network *w = r->w;
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
  const meso_network *w = r->w;
  MESO_ALLOC(err, r->ex, w->n_neurons);
  MESO_ALLOC(err, r->in, w->n_neurons);
  MESO_ALLOC(err, r->current_pA, w->n_neurons);
  MESO_ALLOC(err, r->spiked, w->n_neurons);
  MESO_ALLOC(err, r->fired, w->n_neurons);
  MESO_ALLOC(err, r->place, w->n_neurons);
  MESO_ALLOC(err, r->neurons, w->n_groups);
  for (size_t g = 0; g < w->n_groups; g++) {
    const meso_neuron_group *group = &w->group[g];
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

/** The first neuron of a range, which must be one of neurons, not sources. */
static meso_status find_range(const meso_network *w, const meso_record_range *range,
                              uint32_t *ret_first, meso_err *err)
{
  meso_status status = MESO_OK;
  const meso_network_population all = {.first = 0, .size = (uint32_t) w->n_neurons};
  const meso_network_population *p = range->population == NULL ? &all : NULL;
  for (size_t i = 0; i < w->n_populations && p == NULL; i++)
    if (strcmp(w->population[i].name, range->population) == 0) p = &w->population[i];
  if (p == NULL)
    MESO_FAIL(err, MESO_ENOTFOUND, "%s: neurons %s:%u-%u: there is no such population", w->path,
              range->population, range->first, range->last);
  if (range->last >= p->size || range->first > range->last)
    MESO_FAIL(err, MESO_ERANGE, "neurons %u-%u: must be a range within 0-%u", range->first,
              range->last, p->size - 1);
  if (p->first + range->last >= w->n_neurons)
    MESO_FAIL(err, MESO_EINVAL, "%s: neurons %s:%u-%u: a source has nothing to record", w->path,
              range->population, range->first, range->last);
  *ret_first = p->first + range->first;
cleanup:
  return status;
}

/** The neuron of a channel; all ranges have been found before. */
static uint32_t recorded_neuron(const meso_network *w, const meso_record_options *record,
                                size_t channel)
{
  const meso_record_range *range = record->range;
  uint32_t first = 0;
  for (; channel > range->last - range->first; range++) channel -= range->last - range->first + 1;
  (void) !find_range(w, range, &first, NULL);
  return first + (uint32_t) channel;
}

/** A signal for one quantity of the recorded neurons, and its probes. */
static meso_status add_trace(runner *r, const meso_record_options *record, const char *name,
                             size_t length, meso_signals *traces, meso_err *err)
{
  meso_status status = MESO_OK;
  const size_t n = r->stride;
  char text[64];
  (void) snprintf(text, sizeof text, "%.*s", (int) (length < 60 ? length : 60), name);
  meso_signal *signal = NULL;
  for (size_t c = 0; c < n; c++) {
    const uint32_t neuron = recorded_neuron(r->w, record, c);
    const neuron_place *p = &r->place[neuron];
    const meso_neuron_recordable *what =
      meso_neuron_recordable_by_name(p->group->ops, name, length);
    if (what == NULL)
      MESO_FAIL(err, MESO_ENOTFOUND, "%s: neuron %u is an %s, which has no %s to record",
                r->w->path, neuron, p->group->ops->name, text);
    if (signal == NULL)
      MESO_TRY(meso_signals_add(traces, text, what->unit, (size_t) r->n_steps, n,
                                1e3 / r->w->dt_ms, r->w->dt_ms, &signal, err));
    r->probes[r->n_probes++] = (probe) { what, p->neuron, signal->data + c };
  }
cleanup:
  return status;
}

static meso_status create_traces(runner *r, const meso_record_options *record,
                                 meso_signals **ret_traces, meso_err *err)
{
  meso_status status = MESO_OK;
  r->stride = 0;
  for (size_t i = 0; i < record->n_ranges; i++) {
    uint32_t first = 0;
    MESO_TRY(find_range(r->w, &record->range[i], &first, err));
    r->stride += record->range[i].last - record->range[i].first + 1;
  }
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
  (weight > 0 ? r->ring_ex : r->ring_in)[slot * r->w->n_neurons + neuron] += weight;
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
  const meso_network *w = r->w;
  for (; r->next_event < w->n_events; r->next_event++) {
    const meso_network_event *e = &w->event[r->next_event];
    if (e->step + w->event_delay_steps > (int64_t) step) break;
    const int64_t weight = (int64_t) nearbyint(e->weight / r->step_size);
    add_input(r, slot, (size_t) e->neuron, e->multiplicity * weight);
  }
}

/** Events of Poisson trains that arrive at the end of this step. */
static void receive_poisson(runner *r, uint64_t step, size_t slot)
{
  _Alignas(64) uint16_t buffer[ENGINE_CHUNK];
  for (size_t k = 0; k < r->poisson.n_runs; k++) {
    const poisson_run *run = &r->poisson.run[k];
    const uint16_t *count = network_poisson_events(&r->poisson, run, step, buffer);
    if (count == NULL) return;
    const meso_poisson_input *row = &r->w->poisson[run->first];
    const int64_t weight = (int64_t) nearbyint(row->weight / r->step_size);
    for (size_t i = 0; i < run->n; i++)
      if (count[i] > 0) add_input(r, slot, (size_t) row[i].neuron, count[i] * weight);
  }
}

/** Spikes of the sources, which may be several of one in a step. */
static bool step_sources(runner *r, uint64_t step)
{
  const meso_network *w = r->w;
  const double mean = network_poisson_source_mean(w, step);
  bool ok = true;
  for (size_t i = 0; mean > 0 && i < w->n_sources; i++)
    for (int n = engine_source_count(r->poisson.source_key, (uint64_t) w->source[i].identity, step,
                                     mean); n > 0; n--)
      ok = emit(r, step, w->n_neurons + i) && ok;
  return ok;
}

/** One step of the neurons of one model. */
static void advance_group(runner *r, size_t g, uint64_t step)
{
  const size_t slot = (size_t) (step % r->n_slots);
  const meso_neuron_group *group = &r->w->group[g];
  int64_t *ring_ex = r->ring_ex + slot * r->w->n_neurons;
  int64_t *ring_in = r->ring_in + slot * r->w->n_neurons;
  for (size_t k = 0; k < group->n; k++) {
    const uint32_t i = group->member[k];
    r->ex[k] = (double) ring_ex[i] * r->step_size;
    r->in[k] = (double) ring_in[i] * r->step_size;
    r->current_pA[k] = r->current.sum_pA[i];
    ring_ex[i] = ring_in[i] = 0;
  }
  const meso_neuron_input input = { .ex = r->ex, .in = r->in, .current_pA = r->current_pA };
  if (step % NEURON_SETTLE_STEPS == 0) group->ops->settle(r->neurons[g], group->n);
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
  receive_poisson(r, step, slot);
  network_current_step_to(&r->current, step - 1);
  for (size_t g = 0; g < r->w->n_groups; g++) advance_group(r, g, step);
  for (size_t i = 0; i < r->w->n_neurons; i++)
    if (r->fired[i] && !emit(r, step, i)) MESO_FAIL(err, MESO_ENOMEM, "out of memory for spikes");
  if (!step_sources(r, step)) MESO_FAIL(err, MESO_ENOMEM, "out of memory for spikes");
  record_traces(r);
cleanup:
  return status;
}

static meso_status run_loop(runner *r, const meso_progress *progress, meso_err *err)
{
  meso_status status = MESO_OK;
  for (uint64_t step = 1; step <= r->n_steps; step++) {
    MESO_TRY(run_step(r, step, err));
    if (step % 1000 != 0) continue;
    status = meso_progress_step(progress, "simulate", (double) step / (double) r->n_steps, err);
    if (status == MESO_OK) continue;
    r->n_steps = step;
    r->duration_ms = engine_step_ms(step, r->w->dt_ms);
    goto cleanup;
  }
cleanup:
  return status;
}

/** Populations without spikes, and which of them every neuron and source belongs to. */
static meso_status describe(const runner *r, meso_spikes *spikes, uint16_t *of, meso_err *err)
{
  meso_status status = MESO_OK;
  const meso_network *w = r->w;
  MESO_TRY(meso_attrs_copy(&spikes->attrs, &w->attrs, err));
  spikes->t_stop_ms = r->duration_ms;
  for (size_t p = 0; p < w->n_populations; p++) {
    const meso_network_population *from = &w->population[p];
    meso_spike_population *to = &spikes->population[p];
    MESO_STRDUP(err, to->name, from->name);
    to->size = from->size;
    for (size_t i = 0; i < from->size; i++) of[from->first + i] = (uint16_t) p;
    if (from->position_um == NULL) continue;
    MESO_ALLOC_ALIGNED(err, to->position_um, 3 * (size_t) from->size);
    memcpy(to->position_um, from->position_um, 3 * (size_t) from->size * sizeof(double));
  }
cleanup:
  return status;
}

static meso_status collect(const runner *r, meso_spikes **ret_spikes, meso_err *err)
{
  meso_status status = MESO_OK;
  const meso_network *w = r->w;
  meso_spikes *spikes = NULL;
  uint16_t *of = NULL;
  size_t *count = NULL;
  MESO_ALLOC(err, of, w->n_neurons + w->n_sources);
  MESO_ALLOC(err, count, w->n_populations);
  MESO_TRY(meso_spikes_create(w->n_populations, &spikes, err));
  MESO_TRY(describe(r, spikes, of, err));
  for (size_t i = 0; i < r->n_spikes; i++) count[of[r->spike_neuron[i]]]++;
  for (size_t p = 0; p < w->n_populations; p++) {
    MESO_ALLOC(err, spikes->population[p].time_ms, count[p]);
    MESO_ALLOC(err, spikes->population[p].id, count[p]);
  }
  for (size_t i = 0; i < r->n_spikes; i++) {
    const uint16_t p = of[r->spike_neuron[i]];
    meso_spike_population *q = &spikes->population[p];
    q->time_ms[q->n_spikes] = engine_step_ms(r->spike_step[i], w->dt_ms);
    q->id[q->n_spikes++] = r->spike_neuron[i] - w->population[p].first;
  }
  *ret_spikes = spikes;
  spikes = NULL;
cleanup:
  meso_spikes_destroy(spikes);
  free(of);
  free(count);
  return status;
}

static meso_status set_up(runner *r, double duration_ms, meso_engine_report *report, meso_err *err)
{
  meso_status status = MESO_OK;
  const meso_network *w = r->w;
  survey s = {.finest = INT_MAX};
  r->duration_ms = duration_ms > 0 ? duration_ms : w->T_ms;
  r->n_steps = (uint64_t) llround(r->duration_ms / w->dt_ms);
  if (r->n_steps == 0 || r->duration_ms < w->dt_ms * (1 - 1e-9))
    MESO_FAIL(err, MESO_ERANGE, "%s: a duration of %g ms is shorter than a step of %g ms",
              w->path, r->duration_ms, w->dt_ms);
  MESO_ALLOC(err, r->row, w->n_neurons + w->n_sources + 1);
  MESO_TRY(look_at_all(w, r->row, &s, err));
  r->step_size = choose_step(&s);
  MESO_TRY(index_synapses(r, err));
  for (size_t i = 0; i < w->n_events; i++) (void) fixed(r, w->event[i].weight);
  for (size_t i = 0; i < w->n_poisson; i++) (void) fixed(r, w->poisson[i].weight);
  report->weight_loss = r->loss;
  report->weight_unit = w->weight_unit;
  MESO_TRY(create_rings(r, s.longest, err));
  MESO_TRY(create_neurons(r, err));
  MESO_TRY(network_current_init(&r->current, w, err));
  MESO_TRY(network_poisson_init(&r->poisson, w, err));
cleanup:
  return status;
}

static void count(const runner *r, meso_engine_report *report)
{
  report->real_time_factor = report->loop_s / (1e-3 * (double) r->n_steps * r->w->dt_ms);
  report->n_synapses = r->row[r->w->n_neurons + r->w->n_sources];
  report->n_spikes = r->n_spikes;
  for (size_t i = 0; i < r->n_spikes; i++)
    report->n_synaptic_events += r->row[r->spike_neuron[i] + 1] - r->row[r->spike_neuron[i]];
  report->weight_step_pA = r->step_size;
}

meso_status meso_engine_run_explicit(const meso_network *network, double duration_ms,
                                     const meso_record_options *record,
                                     const meso_progress *progress, meso_spikes **ret_spikes,
                                     meso_signals **ret_traces, meso_engine_report *report,
                                     meso_err *err)
{
  meso_status status = MESO_OK;
  meso_engine_report result = {0};
  runner r = {.w = network};
  meso_signals *traces = NULL;
  *ret_spikes = NULL;
  if (ret_traces != NULL) *ret_traces = NULL;
  const double t0 = mesoi_clock_s();
  MESO_TRY(set_up(&r, duration_ms, &result, err));
  if (record != NULL && ret_traces != NULL) MESO_TRY(create_traces(&r, record, &traces, err));
  const double t1 = mesoi_clock_s();
  const meso_status of_loop = run_loop(&r, progress, err);
  if (of_loop != MESO_OK && of_loop != MESO_ESTOPPED) MESO_TRY(of_loop);
  result.build_s = t1 - t0;
  result.loop_s = mesoi_clock_s() - t1;
  count(&r, &result);
  MESO_TRY(collect(&r, ret_spikes, err));
  MESO_TRY(of_loop);
  if (ret_traces != NULL) *ret_traces = traces;
  traces = NULL;
  if (report != NULL) *report = result;
cleanup:
  meso_signals_destroy(traces);
  runner_clear(&r);
  return status;
}

meso_status meso_engine_run_network(const char *path, double duration_ms, int n_threads,
                                    const meso_record_options *record,
                                    const meso_progress *progress, meso_spikes **ret_spikes,
                                    meso_signals **ret_traces, meso_engine_report *report,
                                    meso_err *err)
{
  meso_status status = MESO_OK;
  meso_network *network = NULL;
  (void) n_threads; /* one thread: explicit networks are small, and the answer is the same */
  *ret_spikes = NULL;
  if (ret_traces != NULL) *ret_traces = NULL;
  MESO_TRY(meso_network_read(path, &network, err));
  MESO_TRY(meso_engine_run_explicit(network, duration_ms, record, progress, ret_spikes, ret_traces,
                                    report, err));
cleanup:
  meso_network_destroy(network);
  return status;
}
