/* meso_engine.c: simulates a model in partitions.
 *
 * 1. barrier
 * 2. source populations
 * 3. the recorded spikes
 * 4. the loop
 *
 * One barrier a block suffices because every spike list of the ring is written in one block and
 * read in the next.
 */
#include "meso_engine.h"

#include <math.h>
#include <omp.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "engine_partition.h"
#include "engine_poisson.h"
#include "engine_state.h"
#include "engine_step.h"
#include "meso_clock.h"

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

/** A simulation and what only its loop needs. */
typedef struct run {
  simulation simulation;
  barrier barrier;
  meso_rng_key source_key;
  const meso_progress *progress;
  const meso_engine_sink *sink;    /**< NULL: spikes are kept to the end */
  uint64_t window_steps;           /**< whole blocks; 0: one window */
  uint64_t taken;                  /**< last step of the window before */
  uint64_t n_spikes;
  double loop_start_s, loop_start_ms; /**< of the clock, of the model */
  _Atomic uint64_t failed_at_step; /**< out of memory; 0: no failure */
  _Atomic uint64_t stopped_at_step; /**< told to stop in the block of this step; 0: not */
  meso_status sink_status;
  meso_err sink_err;
} run;

/* ---- 2. sources --------------------------------------------------------------------------- */

/** Poisson spikes of a column's source populations; a neuron may fire more than once in a step. */
static bool step_sources(run *r, uint32_t column, uint64_t step)
{
  simulation *s = &r->simulation;
  const meso_model *m = s->model;
  spike_list *spikes = &s->sources[column].ring[step % s->n_slots];
  spikes->n = 0;
  const double t_ms = ((double) step - 0.5) * m->simulation.dt_ms;
  const double mean = meso_schedule_rate_Hz(&m->thalamus, t_ms) * m->simulation.dt_ms * 1e-3;
  if (mean <= 0) return true;
  bool ok = true;
  for (size_t p = 0; p < m->n_populations; p++) {
    if (m->population[p].model != MESO_NEURON_POISSON) continue;
    for (int64_t i = 0; i < m->population[p].column_size; i++) {
      const uint32_t neuron = (uint32_t) (m->population[p].first_in_column + i);
      const uint64_t identity = (uint64_t) column << 32 | neuron;
      for (int n = engine_source_count(r->source_key, identity, step, mean); n > 0; n--)
        ok = engine_list_append(spikes, neuron) && ok;
    }
  }
  return ok && engine_record(&s->sources[column].recording, (uint32_t) step, spikes);
}

/* ---- 3. the recorded spikes --------------------------------------------------------------- */

static void count_spikes(const meso_model *m, const recording *r, size_t *count)
{
  for (size_t i = 0, p = 0; i < r->n; i++) {
    const int64_t neuron = r->spike[i].neuron;
    while (neuron < m->population[p].first_in_column) p--;
    while (neuron >= m->population[p].first_in_column + m->population[p].column_size) p++;
    count[p]++;
  }
}

/** Appends a recording's spikes of one step, starting at *next. */
static void take_step(const meso_model *m, const recording *r, uint32_t column, size_t *next,
                      uint64_t step, double t_ms, meso_spikes *spikes)
{
  for (size_t p = 0; *next < r->n && r->spike[*next].step == step; (*next)++) {
    const int64_t neuron = r->spike[*next].neuron;
    while (neuron >= m->population[p].first_in_column + m->population[p].column_size) p++;
    meso_spike_population *q = &spikes->population[p];
    q->time_ms[q->n_spikes] = t_ms;
    q->id[q->n_spikes++] = (uint32_t) (column * m->population[p].column_size + neuron -
                                       m->population[p].first_in_column);
  }
}

/** The spikes of the steps after r->taken up to last_step; they leave the recordings. */
static meso_status collect_spikes(run *r, uint64_t last_step, meso_spikes **ret_spikes,
                                  meso_err *err)
{
  meso_status status = MESO_OK;
  simulation *s = &r->simulation;
  const meso_model *m = s->model;
  meso_spikes *spikes = NULL;
  size_t *count = NULL, *next = NULL, *next_source = NULL;
  MESO_ALLOC(err, count, m->n_populations);
  MESO_ALLOC(err, next, s->n_partitions);
  MESO_ALLOC(err, next_source, s->n_columns);
  for (uint32_t p = 0; p < s->n_partitions; p++)
    count_spikes(m, &s->partition[p].recording, count);
  for (uint32_t c = 0; c < s->n_columns; c++) count_spikes(m, &s->sources[c].recording, count);
  MESO_TRY(meso_spikes_create(m->n_populations, &spikes, err));
  MESO_TRY(meso_model_describe_scaling(m, &spikes->attrs, err));
  spikes->t_start_ms = engine_step_ms(r->taken, m->simulation.dt_ms);
  spikes->t_stop_ms = last_step == s->n_steps ? m->simulation.duration_ms
                                              : engine_step_ms(last_step, m->simulation.dt_ms);
  for (size_t p = 0; p < m->n_populations; p++) {
    meso_spike_population *q = &spikes->population[p];
    MESO_STRDUP(err, q->name, m->population[p].name);
    q->size = (uint64_t) m->population[p].size;
    MESO_ALLOC(err, q->time_ms, count[p]);
    MESO_ALLOC(err, q->id, count[p]);
    r->n_spikes += count[p];
    MESO_TRY(meso_wiring_places(s->wiring, p, &q->position_um, err));
  }
  for (uint64_t step = r->taken + 1; step <= last_step; step++) {
    const double t_ms = engine_step_ms(step, m->simulation.dt_ms);
    for (uint32_t p = 0; p < s->n_partitions; p++)
      take_step(m, &s->partition[p].recording, p / s->n_in_column, &next[p], step, t_ms, spikes);
    for (uint32_t c = 0; c < s->n_columns; c++)
      take_step(m, &s->sources[c].recording, c, &next_source[c], step, t_ms, spikes);
  }
  for (uint32_t p = 0; p < s->n_partitions; p++) s->partition[p].recording.n = 0;
  for (uint32_t c = 0; c < s->n_columns; c++) s->sources[c].recording.n = 0;
  r->taken = last_step;
  *ret_spikes = spikes;
  spikes = NULL;
cleanup:
  meso_spikes_destroy(spikes);
  free(count);
  free(next);
  free(next_source);
  return status;
}

/** Hands the spikes up to last_step and the state after it to the sink. */
static meso_status hand_over(run *r, uint64_t last_step, meso_err *err)
{
  meso_status status = MESO_OK;
  meso_spikes *window = NULL;
  meso_result *state = NULL;
  if (last_step == r->taken) return MESO_OK;
  MESO_TRY(collect_spikes(r, last_step, &window, err));
  MESO_TRY(engine_state_save(&r->simulation, last_step, &state, err));
  MESO_TRY(r->sink->take(r->sink->context, window, state, err));
cleanup:
  meso_spikes_destroy(window);
  meso_result_destroy(state);
  return status;
}

/* ---- 4. the loop -------------------------------------------------------------------------- */

static meso_status run_init(run *r, const meso_model *m, int n_threads, meso_err *err)
{
  meso_status status = MESO_OK;
  simulation *s = &r->simulation;
  int64_t n_dynamic = 0;
  MESO_TRY(engine_simulation_init(s, m, ENGINE_MAX_BLOCK, err));
  for (size_t p = 0; p < m->n_populations; p++)
    if (m->population[p].model != MESO_NEURON_POISSON) n_dynamic += m->population[p].column_size;
  /* Slices of the populations are rounded up, so leave each partition some room. */
  const int64_t room = 65536 - 2 * ENGINE_ALIGN * (int64_t) m->n_populations;
  const int64_t each = (n_dynamic + n_threads * room - 1) / (n_threads * room);
  s->n_in_column = (uint32_t) (n_threads * (each < 1 ? 1 : each));
  s->n_partitions = s->n_columns * s->n_in_column;
  r->source_key = meso_rng_key_make(m->simulation.seed, MESO_RNG_SOURCE);
  MESO_ALLOC(err, s->partition, s->n_partitions);
cleanup:
  return status;
}

static void run_destroy(run *r)
{
  if (r == NULL) return;
  simulation *s = &r->simulation;
  for (uint32_t p = 0; s->partition != NULL && p < s->n_partitions; p++)
    engine_partition_destroy(&s->partition[p], s);
  free(s->partition);
  engine_simulation_clear(s);
  free(r);
}

/** Builds all partitions, in parallel; the error of the first failing one is reported. */
static meso_status build_partitions(simulation *s, int n_threads, meso_err *err)
{
  meso_status status = MESO_OK;
  meso_err *errors = NULL;
  MESO_ALLOC(err, errors, s->n_partitions);
#pragma omp parallel for num_threads(n_threads) schedule(static, 1)
  for (uint32_t p = 0; p < s->n_partitions; p++)
    errors[p].status = engine_partition_create(s, &s->partition[p], p, &errors[p]);
  for (uint32_t p = 0; p < s->n_partitions && status == MESO_OK; p++)
    if (errors[p].status != MESO_OK) {
      if (err != NULL) *err = errors[p];
      status = errors[p].status;
    }
cleanup:
  free(errors);
  return status;
}

/** Neurons that keep a thread busier than the barrier of a block costs. */
enum { NEURONS_PER_THREAD = 4000 };

/** After the barrier of a block that ended with last_step. True if the run goes on. */
static bool finish_block(run *r, uint64_t first, uint64_t last_step, unsigned me, unsigned n)
{
  const uint64_t failed = atomic_load_explicit(&r->failed_at_step, memory_order_relaxed);
  const uint64_t stopped = atomic_load_explicit(&r->stopped_at_step, memory_order_relaxed);
  const bool ends = stopped != 0 && stopped <= first;
  if (failed != 0 && failed <= first) return false;
  if (r->sink == NULL || !(ends || (r->window_steps > 0 && last_step % r->window_steps == 0)))
    return !ends;
  if (me == 0) r->sink_status = hand_over(r, last_step, &r->sink_err);
  barrier_wait(&r->barrier, n);
  return !ends && r->sink_status == MESO_OK;
}

/** Where the run is, how fast, and how many spikes the first partition has, which has a part of
 *  every population. */
static void note_speed(const run *r, uint64_t first)
{
  const simulation *s = &r->simulation;
  const partition *own = &s->partition[0];
  const double dt_ms = s->model->simulation.dt_ms, t_ms = engine_step_ms(first - 1, dt_ms);
  const double done_ms = t_ms - r->loop_start_ms;
  const double window_ms = t_ms - engine_step_ms(r->taken, dt_ms);
  char words[96];
  size_t n_neurons = 0;
  for (size_t p = 0; p < s->model->n_populations; p++)
    n_neurons += own->neurons.last[p] - own->neurons.first[p];
  size_t n = (size_t) snprintf(words, sizeof words, "%.1f of %.1f s", 1e-3 * t_ms,
                               1e-3 * s->model->simulation.duration_ms);
  if (done_ms > 0)
    n += (size_t) snprintf(words + n, sizeof words - n, ", real-time factor %.2f",
                           1e3 * (mesoi_clock_s() - r->loop_start_s) / done_ms);
  if (window_ms > 0 && n_neurons > 0)
    (void) snprintf(words + n, sizeof words - n, ", %.1f spikes/s",
                    1e3 * (double) own->recording.n / (double) n_neurons / window_ms);
  r->progress->note(r->progress->user, words);
}

/** False if the run is to stop. */
static bool report_progress(const run *r, uint64_t first)
{
  const simulation *s = &r->simulation;
  if (r->progress != NULL && r->progress->note != NULL) note_speed(r, first);
  return meso_progress_report(r->progress, "simulate", (double) first / (double) s->n_steps);
}

/** All steps; returns the number of threads that took them. */
static int run_steps(run *r, int n_threads)
{
  simulation *s = &r->simulation;
  const int64_t useful = 1 + s->model->n_neurons / NEURONS_PER_THREAD;
  if (n_threads > useful) n_threads = (int) useful; /* partitions stay: some own several */
  const uint64_t report_every = 1000 / s->block_steps * s->block_steps;
#pragma omp parallel num_threads(n_threads)
  {
    const unsigned n = (unsigned) omp_get_num_threads(), me = (unsigned) omp_get_thread_num();
    bool going = true;
    for (uint64_t first = r->taken + 1; going && first <= s->n_steps; first += s->block_steps) {
      const uint64_t left = s->n_steps - first + 1;
      const unsigned n_steps = left < s->block_steps ? (unsigned) left : s->block_steps;
      bool ok = true;
      for (uint32_t p = me; p < s->n_partitions; p += n)
        ok = engine_partition_advance(s, &s->partition[p], first, n_steps) && ok;
      if (me == 0) {
        for (uint32_t c = 0; c < s->n_columns; c++)
          for (unsigned k = 0; k < n_steps; k++) ok = step_sources(r, c, first + k) && ok;
        if ((first - 1) % report_every == 0 &&
            !report_progress(r, first))
          atomic_store(&r->stopped_at_step, first);
      }
      if (!ok) atomic_store(&r->failed_at_step, first);
      barrier_wait(&r->barrier, n);
      going = finish_block(r, first, first + n_steps - 1, me, n);
    }
  }
  return n_threads;
}

static void fill_report(const run *r, int n_threads, meso_engine_report *report)
{
  const simulation *s = &r->simulation;
  for (uint32_t p = 0; p < s->n_partitions; p++) {
    report->n_synapses += s->partition[p].table.n_synapses;
    report->n_synaptic_events += s->partition[p].n_events;
    for (int phase = 0; phase < MESO_PHASE_COMMUNICATE; phase++)
      report->phase_s[phase] += s->partition[p].phase_s[phase] / n_threads;
  }
  report->n_spikes = r->n_spikes;
  report->phase_s[MESO_PHASE_COMMUNICATE] = report->loop_s;
  for (int phase = 0; phase < MESO_PHASE_COMMUNICATE; phase++)
    report->phase_s[MESO_PHASE_COMMUNICATE] -= report->phase_s[phase];
  report->weight_step_pA = s->wiring->weight_step_pA;
  report->real_time_factor =
    report->simulated_ms > 0 ? report->loop_s / (1e-3 * report->simulated_ms) : 0;
}

/** Everything but the recordings and what is counted: room for the spikes that are collected. */
static void free_tables(simulation *s)
{
  for (uint32_t p = 0; p < s->n_partitions; p++) {
    const uint64_t n_synapses = s->partition[p].table.n_synapses;
    engine_table_clear(&s->partition[p].table);
    s->partition[p].table = (engine_table) {.n_synapses = n_synapses};
  }
}

/** Why the loop ended before its time, if it did. */
static meso_status check_end(const run *r, meso_err *err)
{
  meso_status status = MESO_OK;
  const uint64_t failed = atomic_load(&r->failed_at_step);
  if (failed != 0)
    MESO_FAIL(err, MESO_ENOMEM, "out of memory for spikes at %.1f ms",
              engine_step_ms(failed, r->simulation.model->simulation.dt_ms));
  if (r->sink_status != MESO_OK) {
    if (err != NULL) *err = r->sink_err;
    return r->sink_status;
  }
  if (atomic_load(&r->stopped_at_step) != 0) MESO_TRY(meso_progress_stopped("simulate", err));
cleanup:
  return status;
}

/** Builds, goes on from the state if there is one, and runs to the end. With a sink it has all
 *  spikes then; without, *ret_spikes gets them. */
static meso_status simulate(run *r, const meso_model *model, int n_threads,
                            const meso_result *state, meso_spikes **ret_spikes,
                            meso_engine_report *report, meso_err *err)
{
  meso_status status = MESO_OK;
  simulation *s = &r->simulation;
  const double dt_ms = model->simulation.dt_ms, t0 = mesoi_clock_s();
  MESO_TRY(meso_progress_step(r->progress, "build", 0.0, err));
  MESO_TRY(run_init(r, model, n_threads, err));
  MESO_TRY(build_partitions(s, n_threads, err));
  if (state != NULL) MESO_TRY(engine_state_restore(s, state, &r->taken, err));
  MESO_TRY(meso_progress_step(r->progress, "build", 1.0, err));
  const double block_ms = dt_ms * s->block_steps, t1 = mesoi_clock_s();
  if (r->sink != NULL)
    r->window_steps = s->block_steps * (uint64_t) fmax(1.0, round(r->sink->window_ms / block_ms));
  report->build_s = t1 - t0;
  report->simulated_ms = model->simulation.duration_ms - engine_step_ms(r->taken, dt_ms);
  r->loop_start_s = t1;
  r->loop_start_ms = engine_step_ms(r->taken, dt_ms);
  const int n_used = run_steps(r, n_threads);
  MESO_TRY(check_end(r, err));
  if (r->sink != NULL) MESO_TRY(hand_over(r, s->n_steps, err));
  report->loop_s = mesoi_clock_s() - t1;
  if (r->sink == NULL) {
    free_tables(s);
    MESO_TRY(collect_spikes(r, s->n_steps, ret_spikes, err));
  }
  fill_report(r, n_used, report);
cleanup:
  return status;
}

/** Threads beyond the processors only wait at barriers for each other, and each has a partition;
 *  results are the same. Up to eight are taken as asked, for tests on small machines. */
static int threads_to_use(int n_threads)
{
  const int n_processors = omp_get_num_procs(), most = n_processors > 8 ? n_processors : 8;
  return n_threads < most ? n_threads : most;
}

static meso_status run_model(const meso_model *model, int n_threads,
                             const meso_progress *progress, const meso_engine_sink *sink,
                             const meso_result *state, meso_spikes **ret_spikes,
                             meso_engine_report *report, meso_err *err)
{
  meso_status status = MESO_OK;
  meso_engine_report cost = {0};
  run *r = NULL;
  if (n_threads < 1 || n_threads > 1024)
    MESO_FAIL(err, MESO_ERANGE, "threads = %d: must be 1 to 1024", n_threads);
  n_threads = threads_to_use(n_threads);
  MESO_ALLOC_ALIGNED(err, r, 1);
  r->progress = progress;
  r->sink = sink;
  MESO_TRY(simulate(r, model, n_threads, state, ret_spikes, &cost, err));
  if (report != NULL) *report = cost;
cleanup:
  run_destroy(r);
  return status;
}

meso_status meso_engine_run_model(const meso_model *model, int n_threads,
                                  const meso_progress *progress, meso_spikes **ret_spikes,
                                  meso_engine_report *report, meso_err *err)
{
  *ret_spikes = NULL;
  return run_model(model, n_threads, progress, NULL, NULL, ret_spikes, report, err);
}

meso_status meso_engine_stream_model(const meso_model *model, int n_threads,
                                     const meso_progress *progress, const meso_engine_sink *sink,
                                     const meso_result *state, meso_engine_report *report,
                                     meso_err *err)
{
  return run_model(model, n_threads, progress, sink, state, NULL, report, err);
}
