/* engine_partition.c: what a partition does.
 *
 * 1. lists
 * 2. creation
 * 3. input: synapses of spikes listed by the step of their arrival, then delivered
 * 4. neurons: release from refractoriness, background, update
 *
 * A spike of step n puts, for each delay d, one entry into the list of step n + d: the run of its
 * synapses with that delay. When a step comes, the runs of its list are added to one row of sums,
 * which stays in the cache.
 */
#include "engine_partition.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "engine_general.h"
#include "engine_neuron.h"
#include "meso_clock.h"
#include "neuron_settle.h"

/* ---- 1. lists ----------------------------------------------------------------------------- */

bool engine_list_append(spike_list *list, uint32_t neuron)
{
  if (list->n == list->capacity) {
    const uint32_t capacity = list->capacity == 0 ? 64 : 2 * list->capacity;
    uint32_t *bigger = meso_realloc(list->neuron, capacity, sizeof *bigger);
    if (bigger == NULL) return false;
    list->neuron = bigger;
    list->capacity = capacity;
  }
  list->neuron[list->n++] = neuron;
  return true;
}

bool engine_record(recording *r, uint32_t step, const spike_list *list)
{
  if (r->n + list->n > r->capacity) {
    const size_t capacity = r->n + list->n + r->capacity / 2 + 4096;
    recorded *bigger = meso_realloc(r->spike, capacity, sizeof *bigger);
    if (bigger == NULL) return false;
    r->spike = bigger;
    r->capacity = capacity;
  }
  for (uint32_t i = 0; i < list->n; i++)
    r->spike[r->n++] = (recorded) {step, list->neuron[i]};
  return true;
}

void engine_ring_clear(spike_list *ring, uint32_t n_slots)
{
  for (uint32_t i = 0; ring != NULL && i < n_slots; i++) free(ring[i].neuron);
  free(ring);
}

/* ---- 2. creation -------------------------------------------------------------------------- */

/** Cuts the places [begin, end) into chunks. */
static meso_status cut_into_chunks(slice *a, uint32_t begin, uint32_t end, meso_err *err)
{
  meso_status status = MESO_OK;
  a->n_chunks = (end - begin + ENGINE_CHUNK - 1) / ENGINE_CHUNK;
  MESO_ALLOC(err, a->chunk, a->n_chunks);
  MESO_ALLOC(err, a->held, end - begin);
  for (size_t c = 0; c < a->n_chunks; c++) {
    const uint32_t first = begin + (uint32_t) c * ENGINE_CHUNK;
    a->chunk[c] = (chunk) {.first = first, .held = a->held + (first - begin),
                           .n = end - first < ENGINE_CHUNK ? end - first : ENGINE_CHUNK};
  }
cleanup:
  return status;
}

static meso_status slice_create(const simulation *s, partition *q, size_t p, meso_err *err)
{
  meso_status status = MESO_OK;
  const meso_model *m = s->model;
  const meso_population *pop = &m->population[p];
  slice *a = &q->slice[p];
  const uint32_t n = q->neurons.last[p] - q->neurons.first[p], base = q->neurons.base[p];
  const int64_t first_in_column = pop->first_in_column + q->neurons.first[p];
  const uint64_t identity =
    meso_model_identity(pop, q->neurons.column * pop->column_size + q->neurons.first[p]);
  const uint32_t past = (base + n + ENGINE_ALIGN - 1) / ENGINE_ALIGN * ENGINE_ALIGN;
  if (n == 0) goto cleanup;
  a->local_to_column = first_in_column - base;
  a->iaf = engine_iaf_make(&pop->neuron, m->simulation.dt_ms, pop->I_dc_pA);
  a->iaf.P21_ex *= s->wiring->weight_step_pA;
  a->iaf.P21_in *= s->wiring->weight_step_pA;
  MESO_TRY(cut_into_chunks(a, base / ENGINE_ALIGN * ENGINE_ALIGN, past, err));
  for (uint32_t i = 0; i < n && !s->general; i++)
    q->V_mV[base + i] = engine_initial_V_mV(m, pop, identity + i) - pop->neuron.E_L_mV;
  if (s->general) MESO_TRY(engine_general_create(q, s, p, err));
  if (pop->background_rate_Hz > 0 && pop->background_weight_pA != 0) {
    const double mean = pop->background_rate_Hz * m->simulation.dt_ms * 1e-3;
    a->background_weight = (int32_t) lrint(pop->background_weight_pA / s->wiring->weight_step_pA);
    MESO_TRY(meso_poisson_init(&a->background, mean, m->simulation.dt_ms, m->path, err));
  }
cleanup:
  return status;
}

/** Everything for the neurons that the partition has. */
static meso_status fill(const simulation *s, partition *q, meso_err *err)
{
  meso_status status = MESO_OK;
  const meso_model *m = s->model;
  MESO_TRY(engine_table_build(&q->table, s->wiring, &q->neurons, err));
  const size_t n = q->neurons.n_places;
  MESO_ALLOC(err, q->slice, m->n_populations);
  if (!s->general) MESO_ALLOC_ALIGNED(err, q->V_mV, n);
  if (!s->general) MESO_ALLOC_ALIGNED(err, q->I_ex, n);
  if (!s->general && !s->merged) MESO_ALLOC_ALIGNED(err, q->I_in, n);
  for (int c = 0; c < (s->merged ? 1 : 2); c++)
    for (uint32_t k = 0; k < s->block_steps; k++) MESO_ALLOC_ALIGNED(err, q->sum[c][k], n);
  MESO_ALLOC(err, q->ring, s->n_slots);
  for (int c = 0; c < (s->merged ? 1 : 2); c++) MESO_ALLOC(err, q->arrivals[c], s->n_slots);
  for (size_t i = 0; i < n && !s->general; i++) q->V_mV[i] = -INFINITY; /* never spike if free */
  for (size_t p = 0; p < m->n_populations; p++)
    if (m->population[p].model != MESO_NEURON_POISSON) MESO_TRY(slice_create(s, q, p, err));
cleanup:
  return status;
}

meso_status engine_partition_create(const simulation *s, partition *q, uint32_t index,
                                    meso_err *err)
{
  meso_status status = MESO_OK;
  MESO_TRY(engine_partition_init(&q->neurons, s->model, index / s->n_in_column,
                                 index % s->n_in_column, s->n_in_column, err));
  MESO_TRY(fill(s, q, err));
cleanup:
  return status;
}

meso_status engine_partition_create_range(const simulation *s, partition *q, uint32_t column,
                                          size_t population, uint32_t first, uint32_t last,
                                          meso_err *err)
{
  meso_status status = MESO_OK;
  MESO_TRY(engine_partition_init_range(&q->neurons, s->model, column, population, first, last,
                                       err));
  MESO_TRY(fill(s, q, err));
cleanup:
  return status;
}

void engine_partition_destroy(partition *q, const simulation *s)
{
  for (size_t p = 0; q->slice != NULL && p < s->model->n_populations; p++) {
    free(q->slice[p].chunk);
    free(q->slice[p].held);
    free(q->slice[p].neurons);
  }
  engine_partition_clear(&q->neurons);
  engine_table_clear(&q->table);
  free(q->slice);
  free(q->V_mV);
  free(q->I_ex);
  free(q->I_in);
  for (int c = 0; c < 2; c++) {
    for (int k = 0; k < ENGINE_MAX_BLOCK; k++) free(q->sum[c][k]);
    for (uint32_t i = 0; q->arrivals[c] != NULL && i < s->n_slots; i++)
      free(q->arrivals[c][i].segment);
    free(q->arrivals[c]);
  }
  engine_ring_clear(q->ring, s->n_slots);
  free(q->recording.spike);
}

/* ---- 3. input ----------------------------------------------------------------------------- */

/** Room for more segments in every step to come. */
static bool reserve(const simulation *s, partition *q, size_t more)
{
  for (int c = 0; c < (s->merged ? 1 : 2); c++)
    for (uint32_t slot = 0; slot < s->n_slots; slot++) {
      arrivals *a = &q->arrivals[c][slot];
      if (a->n + more <= a->capacity) continue;
      const size_t capacity = 2 * (a->n + more) + 64;
      engine_segment *bigger = meso_realloc(a->segment, capacity, sizeof *bigger);
      if (bigger == NULL) return false;
      a->segment = bigger;
      a->capacity = capacity;
    }
  return true;
}

enum { AHEAD = 4 }; /* spikes whose rows are fetched while one is listed */

static void prefetch_row(const engine_table *t, uint32_t neuron)
{
  const char *end = (const char *) (t->delay_end + (size_t) neuron * t->n_delays);
  __builtin_prefetch(&t->row[neuron]);
  __builtin_prefetch(end);
  __builtin_prefetch(end + 64);
}

/** The synapses of one step's spikes, by delay, to the step in which they arrive. */
static void send_list(const simulation *s, partition *q, const spike_list *spikes, uint64_t step,
                      uint64_t from)
{
  const engine_table *t = &q->table;
  const uint32_t now = (uint32_t) (step % s->n_slots);
  const uint32_t shortest = from > step ? (uint32_t) (from - step) : 1;
  for (uint32_t i = 0; i < spikes->n; i++) {
    const uint32_t neuron = spikes->neuron[i];
    const uint64_t row = t->row[neuron];
    if (i + AHEAD < spikes->n) prefetch_row(t, spikes->neuron[i + AHEAD]);
    const uint16_t *end = t->delay_end + (size_t) neuron * t->n_delays, last = end[t->n_delays - 1];
    arrivals *to = q->arrivals[s->channel[neuron]];
    uint16_t begin = shortest > 1 ? end[shortest - 2] : 0;
    for (uint32_t d = shortest; begin < last; d++) {
      const uint32_t slot = now + d < s->n_slots ? now + d : now + d - s->n_slots;
      arrivals *a = &to[slot];
      a->segment[a->n] = engine_segment_make(row + begin, (uint16_t) (end[d - 1] - begin));
      a->n += end[d - 1] > begin;
      begin = end[d - 1];
    }
  }
}

bool engine_partition_send(const simulation *s, partition *q, uint64_t step, uint64_t from)
{
  const uint32_t slot = (uint32_t) (step % s->n_slots);
  const uint32_t first = q->neurons.column * s->n_in_column, end = first + s->n_in_column;
  const spike_list *sources = &s->sources[q->neurons.column].ring[slot];
  size_t n = sources->n;
  for (uint32_t p = first; p < end; p++) n += s->partition[p].ring[slot].n;
  if (!reserve(s, q, n + 1)) return false; /* 1: send_list writes before it knows the length */
  for (uint32_t p = first; p < end; p++)
    send_list(s, q, &s->partition[p].ring[slot], step, from);
  send_list(s, q, sources, step, from);
  return true;
}

/** Adds the time since *then to a phase and moves *then on. */
static void charge(partition *q, meso_phase phase, double weight, double *then)
{
  const double now = mesoi_clock_s();
  q->phase_s[phase] += weight * (now - *then);
  *then = now;
}

/* Input of the steps first - 1 ... first + n_steps - 2; on the general path one step later. */
bool engine_partition_gather(const simulation *s, partition *q, uint64_t first, unsigned n_steps)
{
  double then = mesoi_clock_s();
  for (uint64_t step = first > s->block_steps ? first - s->block_steps : 1; step < first; step++)
    if (!engine_partition_send(s, q, step, 0)) return false;
  charge(q, MESO_PHASE_LIST, 1.0, &then);
  for (unsigned k = 0; k < n_steps; k++)
    for (int c = 0; c < (s->merged ? 1 : 2); c++) {
      arrivals *a = &q->arrivals[c][(first - 1 + k + s->general) % s->n_slots];
      q->n_events += s->kernels->deliver(q->table.synapse, a->segment, a->n, q->sum[c][k]);
      a->n = 0;
    }
  charge(q, MESO_PHASE_DELIVER, 1.0, &then);
  return true;
}

/* ---- 4. neurons --------------------------------------------------------------------------- */

static void settle(double *x, size_t n)
{
  for (size_t i = 0; i < n; i++) x[i] = neuron_settled(x[i]);
}

/** Neurons whose refractory time is over start from reset. */
static void release(const slice *a, chunk *c, double *V_mV, uint64_t step)
{
  for (uint32_t i = 0; i < c->n_held;) {
    if (c->held[i].last_step >= step) { i++; continue; }
    V_mV[c->held[i].neuron] = a->iaf.V_reset_mV;
    c->held[i] = c->held[--c->n_held];
  }
}

/** Reset of the neurons that spiked. Refractory ones sink below any threshold until released. */
static bool reset(const slice *a, chunk *c, double *V_mV, uint64_t step, const uint32_t *spiked,
                  size_t n_spiked, spike_list *spikes)
{
  bool ok = true;
  const uint32_t first = (uint32_t) (a->local_to_column + c->first);
  for (size_t i = 0; i < n_spiked; i++) {
    const bool refractory = a->iaf.refractory_steps > 0;
    V_mV[spiked[i]] = refractory ? -INFINITY : a->iaf.V_reset_mV;
    if (refractory)
      c->held[c->n_held++] =
        (held) {(uint32_t) step + (uint32_t) a->iaf.refractory_steps, spiked[i]};
    ok = engine_list_append(spikes, first + spiked[i]) && ok;
  }
  return ok;
}

const uint16_t *engine_chunk_background(const simulation *s, const partition *q, const slice *a,
                                        const chunk *c, uint64_t step, uint16_t *buffer)
{
  if (a->background_weight == 0 || step <= s->background_from_step) return NULL;
  const uint64_t identity = (uint64_t) q->neurons.column << 32 |
                            (uint64_t) (a->local_to_column + c->first);
  return s->kernels->background(&a->background, s->background_key, s->tail_key, identity, c->n,
                                step, buffer);
}

/** One step of a chunk with the input in row k of the sums. weight: of the phases' clock, 0: don't
 *  look at it. */
static bool step_chunk(const simulation *s, partition *q, const slice *a, chunk *c, uint64_t step,
                       unsigned k, double weight)
{
  _Alignas(64) uint16_t count[ENGINE_CHUNK];
  uint32_t spiked[ENGINE_CHUNK];
  double then = weight > 0 ? mesoi_clock_s() : 0;
  engine_chunk_state state = {
    .n = c->n, .V_mV = q->V_mV + c->first, .I_ex = q->I_ex + c->first,
    .I_in = s->merged ? NULL : q->I_in + c->first, .sum_ex = q->sum[0][k] + c->first,
    .sum_in = s->merged ? NULL : q->sum[1][k] + c->first, .count_weight = a->background_weight,
  };
  release(a, c, state.V_mV, step);
  state.count = engine_chunk_background(s, q, a, c, step - 1, count);
  if (weight > 0) charge(q, MESO_PHASE_INPUT, weight, &then);
  if (step % NEURON_SETTLE_STEPS == 0) {
    settle(state.V_mV, c->n);
    settle(state.I_ex, c->n);
    if (!s->merged) settle(state.I_in, c->n);
  }
  const size_t n = s->kernels->update(&a->iaf, &state, spiked);
  const bool ok = reset(a, c, state.V_mV, step, spiked, n, &q->ring[step % s->n_slots]);
  if (weight > 0) charge(q, MESO_PHASE_UPDATE, weight, &then);
  return ok;
}

bool engine_partition_update(const simulation *s, partition *q, uint64_t first, unsigned n_steps)
{
  /* Looking at the clock in every chunk would take longer than some chunks: one block of 16. */
  const double weight = first / s->block_steps % 16 == 0 ? 16.0 : 0.0;
  double then = s->general ? mesoi_clock_s() : 0;
  bool ok = true;
  for (unsigned k = 0; k < n_steps; k++) q->ring[(first + k) % s->n_slots].n = 0;
  for (size_t p = 0; p < s->model->n_populations; p++)
    for (size_t c = 0; c < q->slice[p].n_chunks; c++)
      for (unsigned k = 0; k < n_steps; k++)
        ok = (s->general
                ? engine_general_step(s, q, p, &q->slice[p].chunk[c], first + k, k)
                : step_chunk(s, q, &q->slice[p], &q->slice[p].chunk[c], first + k, k, weight)) &&
             ok;
  if (s->general) charge(q, MESO_PHASE_UPDATE, 1.0, &then);
  for (unsigned k = 0; k < n_steps; k++)
    ok = ok && engine_record(&q->recording, (uint32_t) (first + k),
                             &q->ring[(first + k) % s->n_slots]);
  return ok;
}

bool engine_partition_advance(const simulation *s, partition *q, uint64_t first, unsigned n_steps)
{
  return engine_partition_gather(s, q, first, n_steps) &&
         engine_partition_update(s, q, first, n_steps);
}
