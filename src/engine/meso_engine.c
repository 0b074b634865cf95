/* meso_engine.c: simulates a model in partitions.
 *
 * 1. barrier
 * 2. partitions: state, input, tables
 * 3. one step of a partition: list segments, deliver, background, update
 * 4. source populations
 * 5. the loop and the recorded spikes
 *
 * A step pulls: at step n the synapses with delay d of the neurons that spiked at n - d are added
 * to one row of sums per partition, which stays in the cache. One barrier a step suffices because
 * every spike list of the ring is written once and read only in later steps.
 */
#include "meso_engine.h"

#include <math.h>
#include <omp.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <gsl/gsl_cdf.h>

#include "engine_kernels.h"
#include "engine_neuron.h"
#include "engine_tables.h"

/* ---- 1. barrier --------------------------------------------------------------------------- */

/** Spins briefly, then yields: does not collapse when another process takes a core. */
typedef struct barrier {
  _Alignas(64) atomic_uint arrived;
  _Alignas(64) atomic_uint round;
} barrier;

static void barrier_wait(barrier *b, unsigned n_threads)
{
  const unsigned round = atomic_load_explicit(&b->round, memory_order_relaxed);
  if (atomic_fetch_add_explicit(&b->arrived, 1, memory_order_acq_rel) + 1 == n_threads) {
    atomic_store_explicit(&b->arrived, 0, memory_order_relaxed);
    atomic_store_explicit(&b->round, round + 1, memory_order_release);
    return;
  }
  for (unsigned spin = 0; atomic_load_explicit(&b->round, memory_order_acquire) == round; spin++) {
    if (spin < 4096) {
#if defined __x86_64__
      __builtin_ia32_pause();
#endif
    } else {
      sched_yield();
    }
  }
}

/* ---- 2. partitions ------------------------------------------------------------------------ */

/** A list of neurons (indices in the whole network) that spiked in one step. */
typedef struct spike_list { uint32_t n, capacity; uint32_t *neuron; } spike_list;

/** The spikes of one step as a partition sees them: where each neuron's synapses lie. Transposed
 *  by delay, so that listing one delay reads two short runs. */
typedef struct arrivals {
  uint32_t n, capacity, longest; /**< longest: delay with any synapse, in steps */
  const uint32_t **row;          /**< (capacity) synapses of each neuron */
  uint8_t *channel;              /**< (capacity) */
  uint16_t *end;                 /**< (n_delays + 1, capacity) end of each delay's run */
} arrivals;

typedef struct recorded { uint32_t step, neuron; } recorded;

typedef struct recording { size_t n, capacity; recorded *spike; } recording;

/** Neurons of one population in a partition. */
typedef struct slice {
  engine_iaf iaf;
  engine_slice_state state;
  uint64_t first_neuron;     /**< index in the whole network */
  engine_poisson background;
  int32_t background_weight; /**< in weight steps; 0: none */
} slice;

typedef struct partition {
  engine_partition neurons;
  engine_table table;
  slice *slice;              /**< (n_populations) */
  double *V_mV, *I_ex_pA, *I_in_pA;
  int16_t *refractory;
  int32_t *sum_ex, *sum_in;
  engine_segment *segment[2];
  size_t n_segments[2], segment_capacity[2];
  uint32_t *out;             /**< neurons of a slice that spike in this step */
  spike_list *ring;          /**< (n_slots) spikes of its own neurons */
  arrivals *arrivals;        /**< (n_slots) spikes of all neurons */
  recording recording;
  uint64_t n_events;
} partition;

typedef struct simulation {
  const meso_model *model;
  const engine_kernels *kernels;
  meso_wiring *wiring;
  uint32_t n_partitions;     /**< of dynamic neurons; one more list of spikes: the sources */
  partition *partition;
  spike_list *source_ring;   /**< (n_slots) spikes of the poisson populations */
  recording source_recording;
  uint32_t n_slots, n_delays;
  bool merged;               /**< equal synaptic time constants: one current */
  uint8_t *channel;          /**< (neurons) 0: excitatory sums, 1: inhibitory */
  meso_rng_key background_key, tail_key, source_key;
  uint64_t n_steps, background_from_step;
  barrier barrier;
  _Atomic uint64_t failed_at_step; /**< 0: no failure */
} simulation;

static double seconds_now(void)
{
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double) t.tv_sec + 1e-9 * (double) t.tv_nsec;
}

/** Cumulative Poisson table for a mean count; thresholds are 48-bit. */
static meso_status poisson_table(engine_poisson *p, double mean, const meso_model *m, meso_err *err)
{
  meso_status status = MESO_OK;
  double term = exp(-mean), sum = term;
  p->n_thresholds = 0;
  if (mean > 15.0)
    MESO_FAIL(err, MESO_ERANGE, "%s: background of %g events per step of %g ms; at most 15 are "
              "possible: lower the rate or dt_ms", m->path, mean, m->simulation.dt_ms);
  while (p->n_thresholds < 64 && 1.0 - sum > 0x1p-49) {
    const uint64_t t = (uint64_t) (sum * 0x1p48);
    p->threshold[p->n_thresholds] = t < ((uint64_t) 1 << 48) ? t : ((uint64_t) 1 << 48) - 1;
    p->n_thresholds++;
    term *= mean / (double) p->n_thresholds;
    sum += term;
  }
  p->n_upper = 0;
  for (uint32_t j = 0; j < p->n_thresholds; j++) {
    p->upper[p->n_upper++] = (uint16_t) (p->threshold[j] >> 32);
    if (p->upper[p->n_upper - 1] == UINT16_MAX) break; /* none exceeds the largest 16-bit number */
  }
cleanup:
  return status;
}

static double initial_V_mV(const meso_model *m, const meso_population *p, uint64_t neuron)
{
  const meso_rng_key key = meso_rng_key_make(m->simulation.seed, MESO_RNG_V_INITIAL);
  const uint32_t counter[4] = {(uint32_t) neuron, (uint32_t) (neuron >> 32), 0, 0};
  uint32_t word[4];
  meso_rng_block(key, counter, word);
  const double z = gsl_cdf_ugaussian_Pinv(meso_rng_uniform(word[0], word[1]));
  return p->V_m_initial_mean_mV + p->V_m_initial_sd_mV * z - p->neuron.E_L_mV;
}

static meso_status slice_init(simulation *s, partition *q, size_t p, meso_err *err)
{
  meso_status status = MESO_OK;
  const meso_model *m = s->model;
  const meso_population *pop = &m->population[p];
  slice *a = &q->slice[p];
  const uint32_t base = q->neurons.base[p];
  a->iaf = engine_iaf_make(&pop->neuron, m->simulation.dt_ms, pop->I_dc_pA);
  a->first_neuron = (uint64_t) pop->first_neuron + q->neurons.first[p];
  a->state = (engine_slice_state) {
    .n = q->neurons.last[p] - q->neurons.first[p], .V_mV = q->V_mV + base,
    .I_ex_pA = q->I_ex_pA + base, .I_in_pA = s->merged ? NULL : q->I_in_pA + base,
    .refractory = q->refractory + base, .sum_ex = q->sum_ex + base,
    .sum_in = s->merged ? NULL : q->sum_in + base,
  };
  for (size_t i = 0; i < a->state.n; i++)
    a->state.V_mV[i] = initial_V_mV(m, pop, a->first_neuron + i);
  if (pop->background_rate_Hz > 0 && pop->background_weight_pA != 0) {
    const double mean = pop->background_rate_Hz * m->simulation.dt_ms * 1e-3;
    a->background_weight = (int32_t) lrint(pop->background_weight_pA / s->wiring->weight_step_pA);
    MESO_TRY(poisson_table(&a->background, mean, m, err));
  }
cleanup:
  return status;
}

static meso_status partition_init(simulation *s, partition *q, uint32_t index, meso_err *err)
{
  meso_status status = MESO_OK;
  const meso_model *m = s->model;
  MESO_TRY(engine_partition_init(&q->neurons, m, index, s->n_partitions, err));
  MESO_TRY(engine_table_build(&q->table, s->wiring, &q->neurons, err));
  const size_t n = q->neurons.n_neurons;
  MESO_ALLOC(err, q->slice, m->n_populations);
  MESO_ALLOC_ALIGNED(err, q->V_mV, n);
  MESO_ALLOC_ALIGNED(err, q->I_ex_pA, n);
  MESO_ALLOC_ALIGNED(err, q->refractory, n);
  MESO_ALLOC_ALIGNED(err, q->sum_ex, n);
  if (!s->merged) {
    MESO_ALLOC_ALIGNED(err, q->I_in_pA, n);
    MESO_ALLOC_ALIGNED(err, q->sum_in, n);
  }
  MESO_ALLOC(err, q->out, n);
  MESO_ALLOC(err, q->ring, s->n_slots);
  MESO_ALLOC(err, q->arrivals, s->n_slots);
  for (size_t p = 0; p < m->n_populations; p++)
    if (m->population[p].model != MESO_NEURON_POISSON) MESO_TRY(slice_init(s, q, p, err));
cleanup:
  return status;
}

static void ring_clear(spike_list *ring, uint32_t n_slots)
{
  for (uint32_t i = 0; ring != NULL && i < n_slots; i++) free(ring[i].neuron);
  free(ring);
}

static void partition_clear(partition *q, uint32_t n_slots)
{
  engine_partition_clear(&q->neurons);
  engine_table_clear(&q->table);
  free(q->slice);
  free(q->V_mV);
  free(q->I_ex_pA);
  free(q->I_in_pA);
  free(q->refractory);
  free(q->sum_ex);
  free(q->sum_in);
  free(q->segment[0]);
  free(q->segment[1]);
  free(q->out);
  ring_clear(q->ring, n_slots);
  for (uint32_t i = 0; q->arrivals != NULL && i < n_slots; i++) {
    free(q->arrivals[i].row);
    free(q->arrivals[i].channel);
    free(q->arrivals[i].end);
  }
  free(q->arrivals);
  free(q->recording.spike);
}

/* ---- 3. one step of a partition ----------------------------------------------------------- */

static bool reserve_segments(partition *q, size_t more)
{
  for (int c = 0; c < 2; c++) {
    const size_t need = q->n_segments[c] + more;
    if (need <= q->segment_capacity[c]) continue;
    engine_segment *bigger = meso_realloc(q->segment[c], 2 * need, sizeof *bigger);
    if (bigger == NULL) return false;
    q->segment[c] = bigger;
    q->segment_capacity[c] = 2 * need;
  }
  return true;
}

static bool reserve_arrivals(arrivals *a, uint32_t n, uint32_t n_delays)
{
  a->n = 0;
  if (n <= a->capacity) return true;
  free(a->row);
  free(a->channel);
  free(a->end);
  a->capacity = 2 * n + 64;
  a->row = meso_calloc(a->capacity, sizeof *a->row);
  a->channel = meso_calloc(a->capacity, sizeof *a->channel);
  a->end = meso_calloc((size_t) a->capacity * (n_delays + 1), sizeof *a->end);
  if (a->row != NULL && a->channel != NULL && a->end != NULL) return true;
  a->capacity = 0;
  return false;
}

static void take_list(const simulation *s, const partition *q, const spike_list *spikes,
                      arrivals *a)
{
  const engine_table *t = &q->table;
  for (uint32_t i = 0; i < spikes->n; i++, a->n++) {
    const uint32_t neuron = spikes->neuron[i];
    const uint16_t *end = t->delay_end + (size_t) neuron * t->n_delays;
    a->row[a->n] = t->synapse + t->row[neuron];
    a->channel[a->n] = s->channel[neuron];
    const uint16_t last = end[t->n_delays - 1];
    uint32_t d = 1;
    for (; d <= t->n_delays; d++) {
      a->end[(size_t) d * a->capacity + a->n] = end[d - 1];
      if (end[d - 1] == last && d >= a->longest) break;
    }
    if (d < t->n_delays && d > a->longest) /* neurons before this one ended earlier */
      for (uint32_t e = a->longest + 1; e <= d; e++)
        for (uint32_t j = 0; j < a->n; j++)
          a->end[(size_t) e * a->capacity + j] = a->end[(size_t) a->longest * a->capacity + j];
    if (d > t->n_delays) d = t->n_delays;
    if (d > a->longest) a->longest = d;
  }
}

/** Looks up the spikes of the step before. */
static bool take_arrivals(const simulation *s, partition *q, uint64_t step)
{
  const uint32_t slot = (uint32_t) (step % s->n_slots);
  arrivals *a = &q->arrivals[slot];
  uint32_t n = s->source_ring[slot].n;
  for (uint32_t p = 0; p < s->n_partitions; p++) n += s->partition[p].ring[slot].n;
  if (!reserve_arrivals(a, n, s->n_delays)) return false;
  a->longest = 0;
  for (uint32_t p = 0; p < s->n_partitions; p++) take_list(s, q, &s->partition[p].ring[slot], a);
  take_list(s, q, &s->source_ring[slot], a);
  return true;
}

/** Lists the synapses with delay d of the spikes of one step. */
static void list_segments(partition *q, const arrivals *a, uint32_t d)
{
  const uint16_t *from = a->end + (size_t) (d - 1) * a->capacity, *to = from + a->capacity;
  for (uint32_t i = 0; i < a->n; i++) {
    if (from[i] == to[i]) continue;
    const uint32_t n = (uint32_t) to[i] - from[i];
    const int c = a->channel[i];
    q->segment[c][q->n_segments[c]++] = (engine_segment) {.synapse = a->row[i] + from[i], .n = n};
    q->n_events += n;
  }
}

static bool deliver_step(const simulation *s, partition *q, uint64_t step)
{
  if (step > 1 && !take_arrivals(s, q, step - 1)) return false;
  q->n_segments[0] = q->n_segments[1] = 0;
  for (uint32_t d = 1; d <= s->n_delays && d < step; d++) {
    const arrivals *a = &q->arrivals[(step - d) % s->n_slots];
    if (a->n == 0 || d > a->longest) continue;
    if (!reserve_segments(q, a->n)) return false;
    list_segments(q, a, d);
  }
  s->kernels->deliver(q->segment[0], q->n_segments[0], q->sum_ex);
  if (!s->merged) s->kernels->deliver(q->segment[1], q->n_segments[1], q->sum_in);
  return true;
}

static bool list_append(spike_list *list, uint32_t neuron)
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

static bool record(recording *r, uint32_t step, uint32_t neuron)
{
  if (r->n == r->capacity) {
    const size_t capacity = r->capacity == 0 ? 4096 : r->capacity + r->capacity / 2;
    recorded *bigger = meso_realloc(r->spike, capacity, sizeof *bigger);
    if (bigger == NULL) return false;
    r->spike = bigger;
    r->capacity = capacity;
  }
  r->spike[r->n++] = (recorded) {step, neuron};
  return true;
}

static bool step_partition(const simulation *s, partition *q, uint64_t step)
{
  bool ok = deliver_step(s, q, step);
  spike_list *spikes = &q->ring[step % s->n_slots];
  spikes->n = 0;
  for (size_t p = 0; p < s->model->n_populations; p++) {
    slice *a = &q->slice[p];
    if (a->state.n == 0) continue;
    if (a->background_weight != 0 && step > s->background_from_step)
      s->kernels->background(&a->background, s->background_key, s->tail_key, a->first_neuron,
                             a->state.n, step, a->background_weight, a->state.sum_ex);
    const size_t n = s->kernels->update(&a->iaf, &a->state, s->wiring->weight_step_pA, q->out);
    for (size_t i = 0; i < n; i++) {
      const uint32_t neuron = (uint32_t) a->first_neuron + q->out[i];
      ok = ok && list_append(spikes, neuron) && record(&q->recording, (uint32_t) step, neuron);
    }
  }
  return ok;
}

/* ---- 4. sources --------------------------------------------------------------------------- */

/** Poisson spikes of the source populations; a neuron may fire more than once in a step. */
static bool step_sources(simulation *s, uint64_t step)
{
  const meso_model *m = s->model;
  spike_list *spikes = &s->source_ring[step % s->n_slots];
  spikes->n = 0;
  const double t_ms = ((double) step - 0.5) * m->simulation.dt_ms;
  const double mean = meso_schedule_rate_Hz(&m->thalamus, t_ms) * m->simulation.dt_ms * 1e-3;
  if (mean <= 0) return true;
  bool ok = true;
  for (size_t p = 0; p < m->n_populations; p++) {
    if (m->population[p].model != MESO_NEURON_POISSON) continue;
    for (int64_t i = 0; i < m->population[p].size; i++) {
      const uint32_t neuron = (uint32_t) (m->population[p].first_neuron + i);
      const uint32_t counter[4] = {neuron, 0, (uint32_t) step, (uint32_t) (step >> 32)};
      uint32_t word[4];
      meso_rng_block(s->source_key, counter, word);
      double u = meso_rng_uniform(word[0], word[1]), term = exp(-mean);
      for (int n = 1; u >= term && n <= 8; n++) {
        u -= term;
        term *= mean / n;
        ok = ok && list_append(spikes, neuron) &&
             record(&s->source_recording, (uint32_t) step, neuron);
      }
    }
  }
  return ok;
}

/* ---- 5. the loop -------------------------------------------------------------------------- */

static meso_status simulation_init(simulation *s, const meso_model *m, int n_threads, meso_err *err)
{
  meso_status status = MESO_OK;
  int64_t n_dynamic = 0;
  s->model = m;
  s->kernels = engine_kernels_choose(NULL);
  s->merged = true;
  for (size_t p = 0; p < m->n_populations; p++) {
    if (m->population[p].model == MESO_NEURON_POISSON) continue;
    n_dynamic += m->population[p].size;
    if (m->population[p].neuron.tau_syn_ex_ms != m->population[p].neuron.tau_syn_in_ms)
      s->merged = false;
  }
  if (m->n_neurons > INT32_MAX)
    MESO_FAIL(err, MESO_ERANGE, "%s: %lld neurons; at most %d are possible", m->path,
              (long long) m->n_neurons, INT32_MAX);
  MESO_TRY(meso_wiring_create(m, &s->wiring, err));
  s->n_delays = (1u << s->wiring->delay_bits) - 1u;
  s->n_slots = s->n_delays + 2;
  /* Slices of the populations are rounded up, so leave each partition some room. */
  const int64_t room = 65536 - (int64_t) m->n_populations;
  const int64_t each = (n_dynamic + n_threads * room - 1) / (n_threads * room);
  s->n_partitions = (uint32_t) (n_threads * (each < 1 ? 1 : each));
  s->n_steps = (uint64_t) llround(m->simulation.duration_ms / m->simulation.dt_ms);
  s->background_from_step = (uint64_t) llround(m->background.delay_ms / m->simulation.dt_ms);
  s->background_key = meso_rng_key_make(m->simulation.seed, MESO_RNG_BACKGROUND);
  s->tail_key = meso_rng_key_make(m->simulation.seed, MESO_RNG_BACKGROUND_TAIL);
  s->source_key = meso_rng_key_make(m->simulation.seed, MESO_RNG_SOURCE);
  MESO_ALLOC(err, s->channel, (size_t) m->n_neurons);
  for (size_t p = 0; p < m->n_populations; p++)
    memset(s->channel + m->population[p].first_neuron,
           !s->merged && m->population[p].sign == MESO_INHIBITORY, (size_t) m->population[p].size);
  MESO_ALLOC(err, s->source_ring, s->n_slots);
  MESO_ALLOC(err, s->partition, s->n_partitions);
cleanup:
  return status;
}

/** Builds all partitions, in parallel; the error of the first failing one is reported. */
static meso_status build_partitions(simulation *s, int n_threads, meso_err *err)
{
  meso_status status = MESO_OK;
  meso_err *errors = NULL;
  MESO_ALLOC(err, errors, s->n_partitions);
#pragma omp parallel for num_threads(n_threads) schedule(static, 1)
  for (uint32_t p = 0; p < s->n_partitions; p++)
    errors[p].status = partition_init(s, &s->partition[p], p, &errors[p]);
  for (uint32_t p = 0; p < s->n_partitions && status == MESO_OK; p++)
    if (errors[p].status != MESO_OK) {
      if (err != NULL) *err = errors[p];
      status = errors[p].status;
    }
cleanup:
  free(errors);
  return status;
}

/** Neurons that keep a thread busier than the barrier of a step costs. */
enum { NEURONS_PER_THREAD = 4000 };

static void run_steps(simulation *s, int n_threads, const meso_progress *progress)
{
  const int64_t useful = 1 + s->model->n_neurons / NEURONS_PER_THREAD;
  if (n_threads > useful) n_threads = (int) useful; /* partitions stay: some own several */
#pragma omp parallel num_threads(n_threads)
  {
    const unsigned n = (unsigned) omp_get_num_threads(), me = (unsigned) omp_get_thread_num();
    for (uint64_t step = 1; step <= s->n_steps; step++) {
      bool ok = true;
      for (uint32_t p = me; p < s->n_partitions; p += n)
        ok = step_partition(s, &s->partition[p], step) && ok;
      if (me == 0) {
        ok = step_sources(s, step) && ok;
        if (step % 1000 == 0)
          meso_progress_report(progress, "simulate", (double) step / (double) s->n_steps);
      }
      if (!ok) atomic_store(&s->failed_at_step, step);
      barrier_wait(&s->barrier, n);
      const uint64_t failed = atomic_load_explicit(&s->failed_at_step, memory_order_relaxed);
      if (failed != 0 && failed <= step) break;
    }
  }
}

static void count_spikes(const meso_model *m, const recording *r, size_t *count)
{
  for (size_t i = 0, p = 0; i < r->n; i++) {
    const int64_t neuron = r->spike[i].neuron;
    while (neuron < m->population[p].first_neuron) p--;
    while (neuron >= m->population[p].first_neuron + m->population[p].size) p++;
    count[p]++;
  }
}

/** Appends a recording's spikes of one step, starting at *next. */
static void take_step(const meso_model *m, const recording *r, size_t *next, uint64_t step,
                      double t_ms, meso_spikes *spikes)
{
  for (size_t p = 0; *next < r->n && r->spike[*next].step == step; (*next)++) {
    const int64_t neuron = r->spike[*next].neuron;
    while (neuron >= m->population[p].first_neuron + m->population[p].size) p++;
    meso_spike_population *q = &spikes->population[p];
    q->time_ms[q->n_spikes] = t_ms;
    q->id[q->n_spikes++] = (uint32_t) (neuron - m->population[p].first_neuron);
  }
}

/** Time of a step: step / (1/dt) where 1/dt is whole, so that 103 steps are 10.3 ms. */
static double step_time_ms(uint64_t step, double dt_ms)
{
  const double per_ms = round(1.0 / dt_ms);
  return fabs(per_ms * dt_ms - 1.0) < 1e-12 ? (double) step / per_ms : (double) step * dt_ms;
}

static meso_status collect_spikes(const simulation *s, meso_spikes **ret_spikes, meso_err *err)
{
  meso_status status = MESO_OK;
  const meso_model *m = s->model;
  meso_spikes *spikes = NULL;
  size_t *count = NULL, *next = NULL, next_source = 0;
  MESO_ALLOC(err, count, m->n_populations);
  MESO_ALLOC(err, next, s->n_partitions);
  for (uint32_t p = 0; p < s->n_partitions; p++)
    count_spikes(m, &s->partition[p].recording, count);
  count_spikes(m, &s->source_recording, count);
  MESO_TRY(meso_spikes_create(m->n_populations, &spikes, err));
  spikes->t_start_ms = 0;
  spikes->t_stop_ms = m->simulation.duration_ms;
  for (size_t p = 0; p < m->n_populations; p++) {
    meso_spike_population *q = &spikes->population[p];
    MESO_STRDUP(err, q->name, m->population[p].name);
    q->size = (uint64_t) m->population[p].size;
    MESO_ALLOC(err, q->time_ms, count[p]);
    MESO_ALLOC(err, q->id, count[p]);
  }
  for (uint64_t step = 1; step <= s->n_steps; step++) {
    const double t_ms = step_time_ms(step, m->simulation.dt_ms);
    for (uint32_t p = 0; p < s->n_partitions; p++)
      take_step(m, &s->partition[p].recording, &next[p], step, t_ms, spikes);
    take_step(m, &s->source_recording, &next_source, step, t_ms, spikes);
  }
  *ret_spikes = spikes;
  spikes = NULL;
cleanup:
  meso_spikes_destroy(spikes);
  free(count);
  free(next);
  return status;
}

static void fill_report(const simulation *s, meso_engine_report *r)
{
  for (uint32_t p = 0; p < s->n_partitions; p++) {
    r->n_synapses += s->partition[p].table.n_synapses;
    r->n_spikes += s->partition[p].recording.n;
    r->n_synaptic_events += s->partition[p].n_events;
  }
  r->n_spikes += s->source_recording.n;
  r->weight_step_pA = s->wiring->weight_step_pA;
  r->real_time_factor = r->loop_s / (1e-3 * s->model->simulation.duration_ms);
}

/** Everything but the recordings. */
static void free_tables(simulation *s)
{
  for (uint32_t p = 0; p < s->n_partitions; p++) {
    engine_table_clear(&s->partition[p].table);
    s->partition[p].table = (engine_table) {0};
  }
}

meso_status meso_engine_run_model(const meso_model *model, int n_threads,
                                  const meso_progress *progress, meso_spikes **ret_spikes,
                                  meso_engine_report *report, meso_err *err)
{
  meso_status status = MESO_OK;
  meso_engine_report r = {0};
  simulation *s = NULL;
  *ret_spikes = NULL;
  if (n_threads < 1 || n_threads > 1024)
    MESO_FAIL(err, MESO_ERANGE, "threads = %d: must be 1 to 1024", n_threads);
  MESO_ALLOC_ALIGNED(err, s, 1);
  const double t0 = seconds_now();
  meso_progress_report(progress, "build", 0.0);
  MESO_TRY(simulation_init(s, model, n_threads, err));
  MESO_TRY(build_partitions(s, n_threads, err));
  meso_progress_report(progress, "build", 1.0);
  const double t1 = seconds_now();
  run_steps(s, n_threads, progress);
  if (atomic_load(&s->failed_at_step) != 0)
    MESO_FAIL(err, MESO_ENOMEM, "out of memory for spikes at %.1f ms",
              step_time_ms(atomic_load(&s->failed_at_step), model->simulation.dt_ms));
  r.build_s = t1 - t0;
  r.loop_s = seconds_now() - t1;
  fill_report(s, &r);
  free_tables(s);
  MESO_TRY(collect_spikes(s, ret_spikes, err));
  if (report != NULL) *report = r;
cleanup:
  if (s != NULL) {
    for (uint32_t p = 0; s->partition != NULL && p < s->n_partitions; p++)
      partition_clear(&s->partition[p], s->n_slots);
    free(s->partition);
    ring_clear(s->source_ring, s->n_slots);
    free(s->source_recording.spike);
    free(s->channel);
    meso_wiring_destroy(s->wiring);
    free(s);
  }
  return status;
}
