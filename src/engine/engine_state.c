/* engine_state.c: a simulation's state to named arrays and back.
 *
 * 1. saving
 * 2. restoring
 */
#include "engine_state.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "engine_general.h"

/* ---- 1. saving ---------------------------------------------------------------------------- */

/** Index in the whole network of the first neuron of a population in a column. */
static int64_t from_column(const meso_population *p, uint32_t column)
{
  return p->first_neuron + column * p->column_size;
}

/** Index in the whole network of a neuron of a column. */
static int64_t in_network(const meso_model *m, uint32_t column, int64_t in_column)
{
  size_t p = m->n_populations - 1;
  while (in_column < m->population[p].first_in_column) p--;
  return from_column(&m->population[p], column) + in_column - m->population[p].first_in_column;
}

/** Calls f for every population of every partition that has neurons there: local index base,
 *  index in the whole network first, n of them. */
typedef void slice_function(partition *q, uint32_t base, uint64_t first, uint32_t n,
                            double *const x[3]);

static void each_slice(const simulation *s, slice_function *f, double *const x[3])
{
  for (uint32_t i = 0; i < s->n_partitions; i++) {
    const engine_partition *q = &s->partition[i].neurons;
    for (size_t p = 0; p < s->model->n_populations; p++)
      f(&s->partition[i], q->base[p],
        (uint64_t) from_column(&s->model->population[p], q->column) + q->first[p],
        q->last[p] - q->first[p], x);
  }
}

static void copy_out(partition *q, uint32_t base, uint64_t first, uint32_t n, double *const x[3])
{
  const double *own[3] = {q->V_mV, q->I_ex, q->I_in};
  for (int k = 0; k < 3; k++)
    if (x[k] != NULL) memcpy(x[k] + first, own[k] + base, n * sizeof(double));
}

static void copy_in(partition *q, uint32_t base, uint64_t first, uint32_t n, double *const x[3])
{
  double *own[3] = {q->V_mV, q->I_ex, q->I_in};
  for (int k = 0; k < 3; k++)
    if (x[k] != NULL) memcpy(own[k] + base, x[k] + first, n * sizeof(double));
}

static meso_status add_neurons(const simulation *s, meso_result *state, meso_err *err)
{
  meso_status status = MESO_OK;
  static const char *const path[3] = {"/state/V_mV", "/state/I_ex", "/state/I_in"};
  static const char *const unit[3] = {"mV", "1", "1"};
  const size_t n = (size_t) s->model->n_neurons;
  double *x[3] = {NULL};
  for (int k = 0; k < (s->merged ? 2 : 3); k++) {
    meso_array *a = NULL;
    MESO_TRY(meso_result_add(state, path[k], unit[k], 1, &n, &a, err));
    x[k] = a->data;
  }
  each_slice(s, copy_out, x);
cleanup:
  return status;
}

/** Pairs of numbers as one array. */
static meso_status add_pairs(meso_result *state, const char *path, size_t n, double **ret_pairs,
                             meso_err *err)
{
  meso_array *a = NULL;
  const meso_status status =
    meso_result_add(state, path, "1", 2, (const size_t[]) {n, 2}, &a, err);
  if (status == MESO_OK) *ret_pairs = a->data;
  return status;
}

static meso_status add_held(const simulation *s, meso_result *state, meso_err *err)
{
  meso_status status = MESO_OK;
  double *pair = NULL;
  size_t n = 0;
  for (int pass = 0; pass < 2; pass++) {
    if (pass == 1) MESO_TRY(add_pairs(state, "/state/held", n, &pair, err));
    for (uint32_t i = 0; i < s->n_partitions; i++)
      for (size_t p = 0; p < s->model->n_populations; p++) {
        const slice *a = &s->partition[i].slice[p];
        const meso_population *pop = &s->model->population[p];
        const int64_t to_network =
          from_column(pop, s->partition[i].neurons.column) - pop->first_in_column;
        for (size_t c = 0; c < a->n_chunks; c++)
          for (uint32_t h = 0; h < a->chunk[c].n_held; h++) {
            if (pass == 0) {
              n++;
              continue;
            }
            const held *one = &a->chunk[c].held[h];
            *pair++ =
              (double) (a->local_to_column + a->chunk[c].first + one->neuron + to_network);
            *pair++ = one->last_step;
          }
      }
  }
cleanup:
  return status;
}

/** First step whose spikes may still be on their way after last_step. */
static uint64_t oldest_needed(const simulation *s, uint64_t last_step)
{
  return last_step > s->n_delays ? last_step - s->n_delays : 1;
}

static meso_status add_spikes(const simulation *s, uint64_t last_step, meso_result *state,
                              meso_err *err)
{
  meso_status status = MESO_OK;
  double *pair = NULL;
  size_t n = 0;
  for (int pass = 0; pass < 2; pass++) {
    if (pass == 1) MESO_TRY(add_pairs(state, "/state/spikes", n, &pair, err));
    for (uint64_t step = oldest_needed(s, last_step); step <= last_step; step++)
      for (uint32_t i = 0; i < s->n_partitions + s->n_columns; i++) {
        const bool dynamic = i < s->n_partitions;
        const uint32_t column = dynamic ? i / s->n_in_column : i - s->n_partitions;
        const spike_list *ring = dynamic ? s->partition[i].ring : s->sources[column].ring;
        const spike_list *list = &ring[step % s->n_slots];
        n += pass == 0 ? list->n : 0;
        for (uint32_t k = 0; pass == 1 && k < list->n; k++) {
          *pair++ = (double) step;
          *pair++ = (double) in_network(s->model, column, list->neuron[k]);
        }
      }
  }
cleanup:
  return status;
}

meso_status engine_state_save(const simulation *s, uint64_t last_step, meso_result **ret_state,
                              meso_err *err)
{
  meso_status status = MESO_OK;
  meso_result *state = NULL;
  MESO_TRY(meso_result_create(&state, err));
  meso_attrs *attrs = meso_result_group_attrs(state, "/state");
  if (attrs == NULL) MESO_FAIL(err, MESO_ENOMEM, "cannot allocate a checkpoint");
  MESO_TRY(meso_attrs_set_number(attrs, "last_step", (double) last_step, err));
  MESO_TRY(meso_attrs_set_number(attrs, "dt_ms", s->model->simulation.dt_ms, err));
  MESO_TRY(meso_attrs_set_number(attrs, "seed", (double) s->model->simulation.seed, err));
  MESO_TRY(meso_attrs_set_number(attrs, "weight_step_pA", s->wiring->weight_step_pA, err));
  if (s->general) {
    MESO_TRY(engine_general_save(s, state, err));
  } else {
    MESO_TRY(add_neurons(s, state, err));
    MESO_TRY(add_held(s, state, err));
  }
  MESO_TRY(add_spikes(s, last_step, state, err));
  *ret_state = state;
  state = NULL;
cleanup:
  meso_result_destroy(state);
  return status;
}

/* ---- 2. restoring ------------------------------------------------------------------------- */

static meso_status find_array(const meso_result *state, const char *path, size_t n_dims,
                              size_t n_rows, const meso_array **ret, meso_err *err)
{
  meso_status status = MESO_OK;
  const meso_array *a = meso_result_find(state, path);
  if (a == NULL || a->data == NULL || a->n_dims != n_dims || (n_dims == 2 && a->dims[1] != 2) ||
      (n_dims == 1 && a->dims[0] != n_rows))
    MESO_FAIL(err, MESO_EFORMAT, "checkpoint: %s is missing or of another network", path);
  *ret = a;
cleanup:
  return status;
}

static meso_status restore_neurons(const simulation *s, const meso_result *state, meso_err *err)
{
  meso_status status = MESO_OK;
  static const char *const path[3] = {"/state/V_mV", "/state/I_ex", "/state/I_in"};
  double *x[3] = {NULL};
  for (int k = 0; k < (s->merged ? 2 : 3); k++) {
    const meso_array *a = NULL;
    MESO_TRY(find_array(state, path[k], 1, (size_t) s->model->n_neurons, &a, err));
    for (size_t i = 0; i < a->dims[0]; i++)
      if (isnan(a->data[i]) || a->data[i] == INFINITY || (k > 0 && a->data[i] == -INFINITY))
        MESO_FAIL(err, MESO_EFORMAT, "checkpoint: %s of neuron %zu is not a number", path[k], i);
    x[k] = a->data;
  }
  each_slice(s, copy_in, x);
cleanup:
  return status;
}

/** Where a neuron is. */
typedef struct whereabouts {
  uint32_t column, in_column;
  chunk *chunk;              /**< NULL: a source */
  uint32_t place;            /**< in the chunk */
} whereabouts;

/** neuron: a whole number below n_neurons. */
static whereabouts find_neuron(const simulation *s, int64_t neuron)
{
  size_t p = s->model->n_populations - 1;
  while (neuron < s->model->population[p].first_neuron) p--;
  const meso_population *pop = &s->model->population[p];
  const int64_t column = (neuron - pop->first_neuron) / pop->column_size;
  const int64_t own = (neuron - pop->first_neuron) % pop->column_size;
  whereabouts w = {.column = (uint32_t) column,
                   .in_column = (uint32_t) (pop->first_in_column + own)};
  for (uint32_t i = 0; i < s->n_in_column; i++) {
    const partition *part = &s->partition[w.column * s->n_in_column + i];
    if (own < part->neurons.first[p] || own >= part->neurons.last[p]) continue;
    const slice *a = &part->slice[p];
    const uint32_t local = (uint32_t) (w.in_column - a->local_to_column);
    w.chunk = &a->chunk[(local - a->chunk[0].first) / ENGINE_CHUNK];
    w.place = local - w.chunk->first;
  }
  return w;
}

static bool is_neuron(const simulation *s, double x)
{
  return x >= 0 && x < (double) s->model->n_neurons && x == floor(x);
}

static meso_status restore_held(const simulation *s, const meso_result *state, meso_err *err)
{
  meso_status status = MESO_OK;
  const meso_array *held_pairs = NULL;
  MESO_TRY(find_array(state, "/state/held", 2, 0, &held_pairs, err));
  for (size_t i = 0; i < held_pairs->dims[0]; i++) {
    const double neuron = held_pairs->data[2 * i], until = held_pairs->data[2 * i + 1];
    whereabouts at = {.chunk = NULL};
    if (is_neuron(s, neuron)) at = find_neuron(s, (int64_t) neuron);
    chunk *c = at.chunk;
    if (c == NULL || !(until >= 0 && until <= UINT32_MAX) || c->n_held == c->n)
      MESO_FAIL(err, MESO_EFORMAT, "checkpoint: /state/held names neuron %g, step %g", neuron,
                until);
    c->held[c->n_held++] = (held) {(uint32_t) until, at.place};
  }
cleanup:
  return status;
}

/** Spikes back into the rings: dynamic neurons all to that of their column's first partition, which
 *  all partitions of the column read. Then every partition lists the synapses of those that the
 *  next block will not send itself. */
static meso_status restore_spikes(simulation *s, const meso_result *state, uint64_t last_step,
                                  meso_err *err)
{
  meso_status status = MESO_OK;
  const meso_array *spikes = NULL;
  const double oldest = (double) oldest_needed(s, last_step);
  MESO_TRY(find_array(state, "/state/spikes", 2, 0, &spikes, err));
  for (size_t i = 0; i < spikes->dims[0]; i++) {
    const double step = spikes->data[2 * i], neuron = spikes->data[2 * i + 1];
    if (!(step >= oldest && step <= (double) last_step && step == floor(step) &&
          is_neuron(s, neuron)))
      MESO_FAIL(err, MESO_EFORMAT, "checkpoint: /state/spikes names neuron %g, step %g", neuron,
                step);
    const whereabouts at = find_neuron(s, (int64_t) neuron);
    spike_list *ring = at.chunk != NULL ? s->partition[at.column * s->n_in_column].ring
                                        : s->sources[at.column].ring;
    if (!engine_list_append(&ring[(uint64_t) step % s->n_slots], at.in_column))
      MESO_FAIL(err, MESO_ENOMEM, "cannot allocate the spikes of a checkpoint");
  }
  for (uint64_t step = (uint64_t) oldest; step + s->block_steps <= last_step; step++)
    for (uint32_t i = 0; i < s->n_partitions; i++)
      if (!engine_partition_send(s, &s->partition[i], step, last_step + s->general))
        MESO_FAIL(err, MESO_ENOMEM, "cannot allocate the spikes of a checkpoint");
cleanup:
  return status;
}

meso_status engine_state_restore(simulation *s, const meso_result *state, uint64_t *ret_last_step,
                                 meso_err *err)
{
  meso_status status = MESO_OK;
  const meso_attrs *attrs = meso_result_find_group(state, "/state");
  if (attrs == NULL) MESO_FAIL(err, MESO_EFORMAT, "not a checkpoint: there is no /state");
  const double last_step = meso_attrs_number(attrs, "last_step", NAN);
  if (meso_attrs_number(attrs, "dt_ms", NAN) != s->model->simulation.dt_ms ||
      meso_attrs_number(attrs, "seed", NAN) != (double) s->model->simulation.seed ||
      meso_attrs_number(attrs, "weight_step_pA", NAN) != s->wiring->weight_step_pA)
    MESO_FAIL(err, MESO_EFORMAT, "the checkpoint is of another network, seed or dt_ms");
  if (!(last_step >= 0 && last_step <= (double) s->n_steps &&
        (fmod(last_step, s->block_steps) == 0 || last_step == (double) s->n_steps)))
    MESO_FAIL(err, MESO_EFORMAT, "the checkpoint is of step %g: not one of this run", last_step);
  if (s->general) {
    MESO_TRY(engine_general_restore(s, state, err));
  } else {
    MESO_TRY(restore_neurons(s, state, err));
    MESO_TRY(restore_held(s, state, err));
  }
  MESO_TRY(restore_spikes(s, state, (uint64_t) last_step, err));
  *ret_last_step = (uint64_t) last_step;
cleanup:
  return status;
}
