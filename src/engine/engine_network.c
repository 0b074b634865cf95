/* engine_network.c: simulates an explicit network file, every synapse given, in NEST's exact order.
 *
 * Plain and exact: two currents per neuron, never merged; sums in 64-bit fixed point with a
 * power-of-two step in which every weight is a whole number, where that is possible.
 *
 * 1. the file   2. fixed point   3. the loop
 */
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "engine_neuron.h"
#include "meso_engine.h"
#include "meso_io.h"

/* ---- 1. the file -------------------------------------------------------------------------- */

enum { N_COLUMNS = 10 };
static const char *const neuron_column[N_COLUMNS] = {
  "E_L", "V_th", "V_reset", "C_m", "tau_m", "tau_syn_ex", "tau_syn_in", "t_ref", "I_e",
  "V_m_initial",
};

typedef struct network {
  const char *path;
  double dt_ms, T_ms;
  size_t n_neurons, n_synapses, n_inputs;
  double *column[N_COLUMNS];
  double *source, *target, *weight_pA, *delay_steps;
  double *input_neuron, *input_step;
  double input_weight_pA, input_delay_steps;
} network;

static void network_clear(network *w)
{
  for (int c = 0; c < N_COLUMNS; c++) free(w->column[c]);
  free(w->source);
  free(w->target);
  free(w->weight_pA);
  free(w->delay_steps);
  free(w->input_neuron);
  free(w->input_step);
}

/** A vector dataset; its length must be *n unless *n is SIZE_MAX, which takes it. */
static meso_status read_vector(const network *w, const char *dataset, size_t *n, double **ret,
                               meso_err *err)
{
  meso_status status = MESO_OK;
  size_t n_dims = 0, dims[4] = {0};
  MESO_TRY(meso_h5_read_doubles(w->path, dataset, &n_dims, dims, ret, err));
  if (n_dims != 1)
    MESO_FAIL(err, MESO_EFORMAT, "%s: %s must be a vector", w->path, dataset);
  if (*n == SIZE_MAX) *n = dims[0];
  if (dims[0] != *n)
    MESO_FAIL(err, MESO_EFORMAT, "%s: %s has %zu values, %zu expected", w->path, dataset, dims[0],
              *n);
cleanup:
  return status;
}

static meso_status check_range(const network *w, const char *what, const double *v, size_t n,
                               double low, double high, meso_err *err)
{
  meso_status status = MESO_OK;
  for (size_t i = 0; i < n; i++)
    if (!(v[i] >= low && v[i] <= high))
      MESO_FAIL(err, MESO_ERANGE, "%s: %s[%zu] = %g: must be %g to %g", w->path, what, i, v[i], low,
                high);
cleanup:
  return status;
}

static meso_status read_neurons(network *w, meso_err *err)
{
  meso_status status = MESO_OK;
  w->n_neurons = SIZE_MAX;
  for (int c = 0; c < N_COLUMNS; c++) {
    char dataset[64];
    (void) snprintf(dataset, sizeof dataset, "/neurons/%s", neuron_column[c]);
    MESO_TRY(read_vector(w, dataset, &w->n_neurons, &w->column[c], err));
    const bool positive = c >= 3 && c <= 6;
    MESO_TRY(check_range(w, dataset, w->column[c], w->n_neurons,
                         positive ? 1e-9 : (c == 7 ? 0 : -1e9), 1e9, err));
  }
cleanup:
  return status;
}

static meso_status read_network(network *w, meso_err *err)
{
  meso_status status = MESO_OK;
  MESO_TRY(meso_h5_read_number(w->path, "/", "dt_ms", &w->dt_ms, err));
  MESO_TRY(meso_h5_read_number(w->path, "/", "T_ms", &w->T_ms, err));
  if (!(w->dt_ms >= 1e-4 && w->dt_ms <= 10 && w->T_ms > 0 && w->T_ms <= 1e9))
    MESO_FAIL(err, MESO_ERANGE, "%s: dt_ms = %g, T_ms = %g: must be 1e-4 to 10 ms, > 0 ms", w->path,
              w->dt_ms, w->T_ms);
  MESO_TRY(read_neurons(w, err));
  w->n_synapses = SIZE_MAX;
  MESO_TRY(read_vector(w, "/connections/source", &w->n_synapses, &w->source, err));
  MESO_TRY(read_vector(w, "/connections/target", &w->n_synapses, &w->target, err));
  MESO_TRY(read_vector(w, "/connections/weight", &w->n_synapses, &w->weight_pA, err));
  MESO_TRY(read_vector(w, "/connections/delay_steps", &w->n_synapses, &w->delay_steps, err));
  const double last = (double) w->n_neurons - 1;
  MESO_TRY(check_range(w, "/connections/source", w->source, w->n_synapses, 0, last, err));
  MESO_TRY(check_range(w, "/connections/target", w->target, w->n_synapses, 0, last, err));
  MESO_TRY(check_range(w, "/connections/weight", w->weight_pA, w->n_synapses, -1e9, 1e9, err));
  MESO_TRY(check_range(w, "/connections/delay_steps", w->delay_steps, w->n_synapses, 1, 65535,
                       err));
  w->n_inputs = SIZE_MAX;
  MESO_TRY(read_vector(w, "/input/neuron", &w->n_inputs, &w->input_neuron, err));
  MESO_TRY(read_vector(w, "/input/step", &w->n_inputs, &w->input_step, err));
  MESO_TRY(check_range(w, "/input/neuron", w->input_neuron, w->n_inputs, 0, last, err));
  MESO_TRY(check_range(w, "/input/step", w->input_step, w->n_inputs, 0, 1e12, err));
  MESO_TRY(meso_h5_read_number(w->path, "/input", "weight_pA", &w->input_weight_pA, err));
  MESO_TRY(meso_h5_read_number(w->path, "/input", "delay_steps", &w->input_delay_steps, err));
  MESO_TRY(check_range(w, "input weight_pA", &w->input_weight_pA, 1, -1e9, 1e9, err));
  MESO_TRY(check_range(w, "input delay_steps", &w->input_delay_steps, 1, 1, 65535, err));
cleanup:
  return status;
}

/* ---- 2. fixed point ----------------------------------------------------------------------- */

/** Largest power of two that divides every weight, not below 2^-30 of a pA; loss: the largest
 *  rounding error left. Sums of 2^31 such weights of up to 1e9 / 2^30 steps cannot overflow. */
static double choose_step_pA(const network *w, double *loss_pA)
{
  int exponent = 10;
  double worst;
  do {
    exponent--;
    const double step = ldexp(1.0, exponent);
    worst = fabs(w->input_weight_pA - step * nearbyint(w->input_weight_pA / step));
    for (size_t i = 0; i < w->n_synapses; i++)
      worst = fmax(worst, fabs(w->weight_pA[i] - step * nearbyint(w->weight_pA[i] / step)));
  } while (worst > 0 && exponent > -30);
  *loss_pA = worst;
  return ldexp(1.0, exponent);
}

/* ---- 3. the loop -------------------------------------------------------------------------- */

typedef struct runner {
  network w;
  double step_pA;
  size_t n_slots;
  uint64_t n_steps;
  size_t *row;               /**< (n_neurons + 1) synapses by source */
  uint32_t *target;
  uint16_t *delay;
  int64_t *weight;
  size_t *input_row;         /**< (n_slots-independent) inputs sorted by arrival */
  int64_t *ring_ex, *ring_in; /**< (n_slots, n_neurons) */
  engine_iaf *iaf;
  double *V_mV, *I_ex_pA, *I_in_pA;
  int32_t *refractory;
  uint64_t *spike_step;
  uint32_t *spike_neuron;
  size_t n_spikes, spike_capacity;
} runner;

static void runner_clear(runner *r)
{
  network_clear(&r->w);
  void *owned[] = {r->row, r->target, r->delay, r->weight, r->input_row, r->ring_ex, r->ring_in,
                   r->iaf, r->V_mV, r->I_ex_pA, r->I_in_pA, r->refractory, r->spike_step,
                   r->spike_neuron};
  for (size_t i = 0; i < sizeof owned / sizeof owned[0]; i++) free(owned[i]);
}

/** Synapses by source. */
static meso_status index_synapses(runner *r, meso_err *err)
{
  meso_status status = MESO_OK;
  const network *w = &r->w;
  size_t *next = NULL;
  MESO_ALLOC(err, r->row, w->n_neurons + 1);
  MESO_ALLOC(err, next, w->n_neurons);
  MESO_ALLOC(err, r->target, w->n_synapses);
  MESO_ALLOC(err, r->delay, w->n_synapses);
  MESO_ALLOC(err, r->weight, w->n_synapses);
  for (size_t i = 0; i < w->n_synapses; i++) r->row[(size_t) w->source[i] + 1]++;
  for (size_t i = 0; i < w->n_neurons; i++) r->row[i + 1] += r->row[i];
  memcpy(next, r->row, w->n_neurons * sizeof *next);
  for (size_t i = 0; i < w->n_synapses; i++) {
    const size_t k = next[(size_t) w->source[i]]++;
    r->target[k] = (uint32_t) w->target[i];
    r->delay[k] = (uint16_t) w->delay_steps[i];
    r->weight[k] = (int64_t) nearbyint(w->weight_pA[i] / r->step_pA);
  }
cleanup:
  free(next);
  return status;
}

/** Inputs by the step in which they arrive: input_row[n] .. input_row[n + 1] index `order`, kept in
 *  place of the neuron column. */
static meso_status index_inputs(runner *r, meso_err *err)
{
  meso_status status = MESO_OK;
  network *w = &r->w;
  size_t *next = NULL;
  double *ordered = NULL;
  MESO_ALLOC(err, r->input_row, (size_t) r->n_steps + 2);
  MESO_ALLOC(err, next, (size_t) r->n_steps + 2);
  MESO_ALLOC(err, ordered, w->n_inputs);
  for (size_t i = 0; i < w->n_inputs; i++) {
    const double arrival = w->input_step[i] + w->input_delay_steps;
    if (arrival <= (double) r->n_steps) r->input_row[(size_t) arrival + 1]++;
  }
  for (size_t n = 0; n <= r->n_steps; n++) r->input_row[n + 1] += r->input_row[n];
  memcpy(next, r->input_row, (size_t) (r->n_steps + 2) * sizeof *next);
  for (size_t i = 0; i < w->n_inputs; i++) {
    const double arrival = w->input_step[i] + w->input_delay_steps;
    if (arrival <= (double) r->n_steps) ordered[next[(size_t) arrival]++] = w->input_neuron[i];
  }
  free(w->input_neuron);
  w->input_neuron = ordered;
  ordered = NULL;
cleanup:
  free(next);
  free(ordered);
  return status;
}

static meso_status init_state(runner *r, meso_err *err)
{
  meso_status status = MESO_OK;
  const network *w = &r->w;
  double longest = w->input_delay_steps;
  for (size_t i = 0; i < w->n_synapses; i++) longest = fmax(longest, w->delay_steps[i]);
  r->n_slots = (size_t) longest + 1;
  if (r->n_slots > SIZE_MAX / 64 / (w->n_neurons + 1))
    MESO_FAIL(err, MESO_ENOMEM, "%s: delay ring too large", w->path);
  MESO_ALLOC(err, r->ring_ex, r->n_slots * w->n_neurons);
  MESO_ALLOC(err, r->ring_in, r->n_slots * w->n_neurons);
  MESO_ALLOC(err, r->iaf, w->n_neurons);
  MESO_ALLOC(err, r->V_mV, w->n_neurons);
  MESO_ALLOC(err, r->I_ex_pA, w->n_neurons);
  MESO_ALLOC(err, r->I_in_pA, w->n_neurons);
  MESO_ALLOC(err, r->refractory, w->n_neurons);
  for (size_t i = 0; i < w->n_neurons; i++) {
    const meso_neuron_params p = {
      .E_L_mV = w->column[0][i], .V_th_mV = w->column[1][i], .V_reset_mV = w->column[2][i],
      .C_m_pF = w->column[3][i], .tau_m_ms = w->column[4][i], .tau_syn_ex_ms = w->column[5][i],
      .tau_syn_in_ms = w->column[6][i], .t_ref_ms = w->column[7][i], .I_e_pA = w->column[8][i],
    };
    r->iaf[i] = engine_iaf_make(&p, w->dt_ms, 0.0);
    r->V_mV[i] = w->column[9][i] - p.E_L_mV;
  }
cleanup:
  return status;
}

/** A weight > 0 goes to the excitatory current, all others to the inhibitory one, as in NEST. */
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

/** NEST's order for one neuron; true if it spikes. */
static bool update_neuron(runner *r, size_t i, size_t slot)
{
  const engine_iaf *p = &r->iaf[i];
  int64_t *ex = &r->ring_ex[slot * r->w.n_neurons + i];
  int64_t *in = &r->ring_in[slot * r->w.n_neurons + i];
  if (r->refractory[i] == 0)
    r->V_mV[i] = r->V_mV[i] * p->P22 + r->I_ex_pA[i] * p->P21_ex + r->I_in_pA[i] * p->P21_in +
                 p->P20_I;
  else
    r->refractory[i]--;
  r->I_ex_pA[i] = r->I_ex_pA[i] * p->P11_ex + (double) *ex * r->step_pA;
  r->I_in_pA[i] = r->I_in_pA[i] * p->P11_in + (double) *in * r->step_pA;
  *ex = *in = 0;
  if (r->V_mV[i] < p->theta_mV) return false;
  r->refractory[i] = p->refractory_steps;
  r->V_mV[i] = p->V_reset_mV;
  return true;
}

static void record_traces(const runner *r, uint64_t step, const meso_record_options *record,
                          meso_signals *traces)
{
  const double *value[] = {r->V_mV, r->I_ex_pA, r->I_in_pA};
  static const char *const name[] = {"V_m", "I_syn_ex", "I_syn_in"};
  for (int s = 0; s < 3; s++) {
    meso_signal *signal = meso_signals_find(traces, name[s]);
    if (signal == NULL) continue;
    double *row = signal->data + (step - 1) * signal->n_channels;
    for (size_t c = 0; c < signal->n_channels; c++) {
      const size_t i = record->first_neuron + c;
      row[c] = value[s][i] + (s == 0 ? r->w.column[0][i] : 0.0);
    }
  }
}

static meso_status create_traces(const runner *r, const meso_record_options *record,
                                 meso_signals **ret_traces, meso_err *err)
{
  meso_status status = MESO_OK;
  if (record->last_neuron >= r->w.n_neurons || record->first_neuron > record->last_neuron)
    MESO_FAIL(err, MESO_ERANGE, "neurons %u-%u: must be a range within 0-%zu",
              record->first_neuron, record->last_neuron, r->w.n_neurons - 1);
  const size_t n = record->last_neuron - record->first_neuron + 1;
  const double rate_Hz = 1e3 / r->w.dt_ms;
  meso_signal *unused = NULL;
  MESO_TRY(meso_signals_create(ret_traces, err));
  if (record->V_m)
    MESO_TRY(meso_signals_add(*ret_traces, "V_m", "mV", (size_t) r->n_steps, n, rate_Hz, r->w.dt_ms,
                              &unused, err));
  if (record->I_syn_ex)
    MESO_TRY(meso_signals_add(*ret_traces, "I_syn_ex", "pA", (size_t) r->n_steps, n, rate_Hz,
                              r->w.dt_ms, &unused, err));
  if (record->I_syn_in)
    MESO_TRY(meso_signals_add(*ret_traces, "I_syn_in", "pA", (size_t) r->n_steps, n, rate_Hz,
                              r->w.dt_ms, &unused, err));
cleanup:
  return status;
}

static meso_status run_loop(runner *r, const meso_record_options *record, meso_signals *traces,
                            const meso_progress *progress, meso_err *err)
{
  meso_status status = MESO_OK;
  const network *w = &r->w;
  const int64_t input_weight = (int64_t) nearbyint(w->input_weight_pA / r->step_pA);
  for (uint64_t step = 1; step <= r->n_steps; step++) {
    const size_t slot = (size_t) (step % r->n_slots);
    for (size_t i = r->input_row[step]; i < r->input_row[step + 1]; i++)
      add_input(r, slot, (size_t) w->input_neuron[i], input_weight);
    for (size_t i = 0; i < w->n_neurons; i++)
      if (update_neuron(r, i, slot) && !emit(r, step, i))
        MESO_FAIL(err, MESO_ENOMEM, "out of memory for spikes");
    if (traces != NULL) record_traces(r, step, record, traces);
    if (step % 1000 == 0)
      meso_progress_report(progress, "simulate", (double) step / (double) r->n_steps);
  }
cleanup:
  return status;
}

static meso_status collect(const runner *r, meso_spikes **ret_spikes, meso_err *err)
{
  meso_status status = MESO_OK;
  const double per_ms = round(1.0 / r->w.dt_ms);
  const bool whole = fabs(per_ms * r->w.dt_ms - 1.0) < 1e-12;
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
    const double step = (double) r->spike_step[i];
    p->time_ms[i] = whole ? step / per_ms : step * r->w.dt_ms;
    p->id[i] = r->spike_neuron[i];
  }
  *ret_spikes = spikes;
  spikes = NULL;
cleanup:
  meso_spikes_destroy(spikes);
  return status;
}

static double wall_s(void)
{
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double) t.tv_sec + 1e-9 * (double) t.tv_nsec;
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
  const double t0 = wall_s();
  MESO_TRY(read_network(&r.w, err));
  if (duration_ms <= 0) duration_ms = r.w.T_ms;
  r.n_steps = (uint64_t) llround(duration_ms / r.w.dt_ms);
  r.step_pA = choose_step_pA(&r.w, &result.weight_loss);
  MESO_TRY(index_synapses(&r, err));
  MESO_TRY(index_inputs(&r, err));
  MESO_TRY(init_state(&r, err));
  if (record != NULL && ret_traces != NULL) MESO_TRY(create_traces(&r, record, &traces, err));
  const double t1 = wall_s();
  MESO_TRY(run_loop(&r, record, traces, progress, err));
  result.build_s = t1 - t0;
  result.loop_s = wall_s() - t1;
  result.real_time_factor = result.loop_s / (1e-3 * duration_ms);
  result.n_synapses = r.w.n_synapses;
  result.n_spikes = r.n_spikes;
  for (size_t i = 0; i < r.n_spikes; i++)
    result.n_synaptic_events += r.row[r.spike_neuron[i] + 1] - r.row[r.spike_neuron[i]];
  result.weight_step_pA = r.step_pA;
  MESO_TRY(collect(&r, ret_spikes, err));
  if (ret_traces != NULL) *ret_traces = traces;
  traces = NULL;
  if (report != NULL) *report = result;
cleanup:
  meso_signals_destroy(traces);
  runner_clear(&r);
  return status;
}
