/* engine_general.c: neuron models of the registry in the engine's partitions.
 *
 * 1. creation   2. a step   3. state
 */
#include "engine_general.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "engine_neuron.h"
#include "neuron_settle.h"

/* ---- 1. creation -------------------------------------------------------------------------- */

bool engine_needs_general(const meso_model *m)
{
  for (size_t p = 0; p < m->n_populations; p++)
    if (meso_population_is_spread(&m->population[p])) return true;
  for (size_t i = 0; i < meso_neuron_count(); i++)
    if (strcmp(meso_neuron_at(i)->name, "iaf_psc_exp") != 0 &&
        meso_model_uses(m, meso_neuron_at(i)))
      return true;
  return false;
}

meso_status engine_general_create(partition *q, const simulation *s, size_t p, meso_err *err)
{
  meso_status status = MESO_OK;
  const meso_population *pop = &s->model->population[p];
  slice *a = &q->slice[p];
  const uint32_t n = q->neurons.last[p] - q->neurons.first[p];
  const uint64_t identity =
    meso_model_identity(pop, q->neurons.column * pop->column_size + q->neurons.first[p]);
  unsigned char *params = NULL;
  a->ops = meso_population_ops(pop);
  MESO_ALLOC(err, params, a->ops->params_size);
  a->neurons = meso_calloc(n, a->ops->neuron_size);
  if (a->neurons == NULL) MESO_FAIL(err, MESO_ENOMEM, "cannot allocate %u neurons", n);
  for (uint32_t i = 0; i < n; i++) {
    meso_population own;
    MESO_TRY(meso_population_draw(s->model, pop, identity + i, &own, err));
    MESO_TRY(meso_population_params(&own, engine_initial_V_mV(s->model, pop, identity + i), params,
                                    err));
    a->ops->init(params, s->model->simulation.dt_ms, a->neurons + i * a->ops->neuron_size);
  }
cleanup:
  free(params);
  return status;
}

/* ---- 2. a step ---------------------------------------------------------------------------- */

/** Takes the input of a chunk's neurons, places [from, to), out of row k of the sums. */
static void take_input(const simulation *s, partition *q, const slice *a, const chunk *c,
                       uint64_t step, unsigned k, double *ex, double *in)
{
  uint16_t buffer[ENGINE_CHUNK];
  const double unit = s->wiring->weight_step_pA;
  const uint16_t *count = engine_chunk_background(s, q, a, c, step, buffer);
  int32_t *sum_ex = q->sum[0][k] + c->first, *sum_in = q->sum[1][k] + c->first;
  for (uint32_t i = 0; i < c->n; i++) {
    ex[i] = unit * (sum_ex[i] + (count != NULL ? count[i] * a->background_weight : 0));
    in[i] = unit * sum_in[i];
    sum_ex[i] = sum_in[i] = 0;
  }
}

bool engine_general_step(const simulation *s, partition *q, size_t p, const chunk *c,
                         uint64_t step, unsigned k)
{
  double ex[ENGINE_CHUNK], in[ENGINE_CHUNK], current_pA[ENGINE_CHUNK];
  uint8_t spiked[ENGINE_CHUNK];
  const slice *a = &q->slice[p];
  const uint32_t base = q->neurons.base[p];
  const uint32_t end = base + q->neurons.last[p] - q->neurons.first[p];
  const uint32_t from = c->first > base ? c->first : base;
  const uint32_t to = c->first + c->n < end ? c->first + c->n : end;
  unsigned char *neurons = a->neurons + (from - base) * a->ops->neuron_size;
  bool ok = true;
  take_input(s, q, a, c, step, k, ex, in);
  for (uint32_t i = 0; i < c->n; i++) current_pA[i] = s->model->population[p].I_dc_pA;
  if (step % NEURON_SETTLE_STEPS == 0) a->ops->settle(neurons, to - from);
  const uint32_t skip = from - c->first;
  const meso_neuron_input input = {ex + skip, in + skip, current_pA + skip};
  a->ops->advance(neurons, to - from, &input, spiked);
  for (uint32_t i = 0; i < to - from; i++)
    if (spiked[i])
      ok = engine_list_append(&q->ring[step % s->n_slots],
                              (uint32_t) (a->local_to_column + from + i)) && ok;
  return ok;
}

/* ---- 3. state ----------------------------------------------------------------------------- */

/** Copies a variable of all neurons of a population out of or into an array in their order. */
static void copy_variable(const simulation *s, size_t p, const meso_neuron_variable *v,
                          double *values, bool restores)
{
  for (uint32_t i = 0; i < s->n_partitions; i++) {
    const engine_partition *q = &s->partition[i].neurons;
    const slice *a = &s->partition[i].slice[p];
    double *x = values + q->column * s->model->population[p].column_size + q->first[p];
    for (uint32_t k = 0; k < q->last[p] - q->first[p]; k++) {
      unsigned char *at = a->neurons + k * a->ops->neuron_size + v->offset;
      int32_t count = 0;
      if (v->is_count && restores) count = (int32_t) x[k];
      if (restores) memcpy(at, v->is_count ? (void *) &count : (void *) &x[k],
                           v->is_count ? sizeof count : sizeof *x);
      else if (!v->is_count) memcpy(&x[k], at, sizeof *x);
      else {
        memcpy(&count, at, sizeof count);
        x[k] = count;
      }
    }
  }
}

enum { PATH_SIZE = 128 };

static void variable_path(const meso_population *pop, const meso_neuron_variable *v,
                          char path[PATH_SIZE])
{
  (void) snprintf(path, PATH_SIZE, "/neurons/%.60s/%.40s", pop->name, v->name);
}

meso_status engine_general_save(const simulation *s, meso_result *state, meso_err *err)
{
  meso_status status = MESO_OK;
  char path[PATH_SIZE];
  for (size_t p = 0; p < s->model->n_populations; p++) {
    const meso_population *pop = &s->model->population[p];
    const meso_neuron_ops *ops = meso_population_ops(pop);
    const size_t n = (size_t) pop->size;
    for (const meso_neuron_variable *v = ops != NULL ? ops->state : NULL;
         v != NULL && v->name != NULL; v++) {
      meso_array *array = NULL;
      variable_path(pop, v, path);
      MESO_TRY(meso_result_add(state, path, v->unit, 1, &n, &array, err));
      copy_variable(s, p, v, array->data, false);
    }
  }
cleanup:
  return status;
}

static bool is_possible(const meso_neuron_variable *v, double x)
{
  return v->is_count ? x >= 0 && x <= INT32_MAX && x == floor(x) : isfinite(x);
}

meso_status engine_general_restore(const simulation *s, const meso_result *state, meso_err *err)
{
  meso_status status = MESO_OK;
  char path[PATH_SIZE];
  for (size_t p = 0; p < s->model->n_populations; p++) {
    const meso_population *pop = &s->model->population[p];
    const meso_neuron_ops *ops = meso_population_ops(pop);
    for (const meso_neuron_variable *v = ops != NULL ? ops->state : NULL;
         v != NULL && v->name != NULL; v++) {
      variable_path(pop, v, path);
      const meso_array *array = meso_result_find(state, path);
      if (array == NULL || array->data == NULL || array->n_dims != 1 ||
          array->dims[0] != (size_t) pop->size)
        MESO_FAIL(err, MESO_EFORMAT, "checkpoint: %s is missing or of another network", path);
      for (size_t i = 0; i < array->dims[0]; i++)
        if (!is_possible(v, array->data[i]))
          MESO_FAIL(err, MESO_EFORMAT, "checkpoint: %s of neuron %zu is %g", path, i,
                    array->data[i]);
      copy_variable(s, p, v, array->data, true);
    }
  }
cleanup:
  return status;
}
