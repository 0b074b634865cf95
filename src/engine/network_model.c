/* network_model.c: a model as a network: what the engine would draw, neuron by neuron.
 *
 * 1. neurons   2. generators   3. populations   4. synapses
 *
 * Numbers are made by the functions that the engine makes them with, in the same order of
 * operations; the tests hold both to the same bits.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "engine_neuron.h"
#include "meso_network.h"
#include "meso_space.h"
#include "meso_wiring.h"

/** A network under way, with what its synapses are drawn from. */
typedef struct drawing {
  meso_wiring *wiring;
  meso_wiring_row row;
  uint32_t *first;          /**< (populations) index of their first neuron in the network */
  size_t projection;        /**< the next synapse: this projection's, ... */
  uint32_t target, k;       /**< ... onto this target, the k-th */
} drawing;

static bool is_source(const meso_population *p) { return p->model == MESO_NEURON_POISSON; }

/* ---- 1. neurons --------------------------------------------------------------------------- */

/** The model that a population's neurons have in the network. */
static const meso_neuron_ops *ops_of(const meso_model *m, const meso_population *p)
{
  static const char merged[] = "iaf_psc_exp_merged";
  return engine_merges_currents(m) ? meso_neuron_by_name(merged, sizeof merged - 1)
                                   : meso_population_ops(p);
}

/** Appends the neurons of a population, which are numbered from first, to their group. */
static meso_status fill_population(const meso_model *m, const meso_population *p, uint32_t first,
                                   meso_neuron_group *g, meso_err *err)
{
  meso_status status = MESO_OK;
  const meso_param *I_e = meso_param_find(g->ops->params, "I_e");
  for (int64_t i = 0; i < p->size; i++) {
    char *params = (char *) g->params + g->n * g->ops->params_size;
    const uint64_t identity = meso_model_identity(p, i);
    const double V_mV = engine_initial_V_mV(m, p, identity);
    meso_population own;
    MESO_TRY(meso_population_draw(m, p, identity, &own, err));
    const double I_pA = own.neuron.I_e_pA + p->I_dc_pA;
    MESO_TRY(meso_population_params_of(&own, g->ops, V_mV, params, err));
    if (I_e != NULL) memcpy(params + I_e->offset, &I_pA, sizeof I_pA);
    g->member[g->n++] = first + (uint32_t) i;
  }
cleanup:
  return status;
}

/** A group for each model, with room for all of its neurons. */
static meso_status make_groups(meso_network *w, meso_err *err)
{
  meso_status status = MESO_OK;
  const meso_model *m = w->model;
  MESO_ALLOC(err, w->group, meso_neuron_count());
  for (size_t i = 0; i < meso_neuron_count(); i++) {
    size_t n = 0;
    for (size_t p = 0; p < m->n_populations; p++)
      if (!is_source(&m->population[p]) && ops_of(m, &m->population[p]) == meso_neuron_at(i))
        n += (size_t) m->population[p].size;
    if (n == 0) continue;
    meso_neuron_group *g = &w->group[w->n_groups++];
    g->ops = meso_neuron_at(i);
    w->weight_unit = g->ops->weight_unit;
    MESO_ALLOC(err, g->member, n);
    g->params = meso_calloc(n, g->ops->params_size);
    if (g->params == NULL)
      MESO_FAIL(err, MESO_ENOMEM, "%s: cannot allocate %zu neurons", m->path, n);
  }
cleanup:
  return status;
}

static meso_status make_neurons(meso_network *w, meso_err *err)
{
  meso_status status = MESO_OK;
  const meso_model *m = w->model;
  uint32_t next = 0;
  for (size_t p = 0; p < m->n_populations; p++)
    *(is_source(&m->population[p]) ? &w->n_sources : &w->n_neurons) +=
      (size_t) m->population[p].size;
  if (w->n_neurons == 0) MESO_FAIL(err, MESO_EINVAL, "%s: no population has dynamics", m->path);
  MESO_TRY(make_groups(w, err));
  for (size_t p = 0; p < m->n_populations; p++) {
    const meso_population *pop = &m->population[p];
    if (is_source(pop)) continue;
    size_t g = 0;
    while (w->group[g].ops != ops_of(m, pop)) g++;
    MESO_TRY(fill_population(m, pop, next, &w->group[g], err));
    next += (uint32_t) pop->size;
  }
cleanup:
  return status;
}

/* ---- 2. generators ------------------------------------------------------------------------ */

static meso_status make_background(meso_network *w, const drawing *d, meso_err *err)
{
  meso_status status = MESO_OK;
  const meso_model *m = w->model;
  const double step_pA = d->wiring->weight_step_pA;
  MESO_ALLOC(err, w->poisson, w->n_neurons);
  w->poisson_seed = m->simulation.seed;
  w->poisson_delay_steps = llround(m->background.delay_ms / m->simulation.dt_ms);
  for (size_t p = 0; p < m->n_populations; p++) {
    const meso_population *q = &m->population[p];
    if (is_source(q) || !(q->background_rate_Hz > 0) || q->background_weight_pA == 0) continue;
    const double weight = (double) lrint(q->background_weight_pA / step_pA) * step_pA;
    for (int64_t i = 0; i < q->size; i++)
      w->poisson[w->n_poisson++] = (meso_poisson_input) {
        .neuron = d->first[p] + i,
        .identity = (int64_t) meso_model_identity(q, i), .rate_Hz = q->background_rate_Hz,
        .weight = weight};
  }
cleanup:
  return status;
}

static meso_status make_sources(meso_network *w, meso_err *err)
{
  meso_status status = MESO_OK;
  const meso_model *m = w->model;
  size_t n = 0;
  MESO_ALLOC(err, w->source, w->n_sources);
  w->source_seed = m->simulation.seed;
  w->source_schedule = m->thalamus;
  if (m->thalamus.kind == MESO_SCHEDULE_OFF) w->source_schedule.rate_Hz = 0;
  for (size_t p = 0; p < m->n_populations; p++)
    for (int64_t i = 0; is_source(&m->population[p]) && i < m->population[p].size; i++)
      w->source[n++].identity = (int64_t) meso_model_identity(&m->population[p], i);
cleanup:
  return status;
}

/* ---- 3. populations ----------------------------------------------------------------------- */

/** Neurons first, then sources, each in the order of the model. */
static meso_status number_populations(meso_network *w, drawing *d, meso_err *err)
{
  meso_status status = MESO_OK;
  const meso_model *m = w->model;
  uint32_t next = 0, next_source = (uint32_t) w->n_neurons;
  MESO_ALLOC(err, d->first, m->n_populations);
  for (size_t p = 0; p < m->n_populations; p++) {
    uint32_t *from = is_source(&m->population[p]) ? &next_source : &next;
    d->first[p] = *from;
    *from += (uint32_t) m->population[p].size;
  }
cleanup:
  return status;
}

static meso_status make_populations(meso_network *w, const drawing *d, meso_err *err)
{
  meso_status status = MESO_OK;
  const meso_model *m = w->model;
  MESO_ALLOC(err, w->population, m->n_populations);
  w->n_populations = m->n_populations;
  for (size_t p = 0; p < m->n_populations; p++) {
    meso_network_population *q = &w->population[p];
    q->first = d->first[p];
    q->size = (uint32_t) m->population[p].size;
    MESO_STRDUP(err, q->name, m->population[p].name);
    MESO_TRY(meso_wiring_places(d->wiring, p, &q->position_um, err));
  }
  MESO_TRY(meso_model_describe_scaling(m, &w->attrs, err));
cleanup:
  return status;
}

/* ---- 4. synapses -------------------------------------------------------------------------- */

static void drawing_close(void *state)
{
  drawing *d = state;
  if (d == NULL) return;
  meso_wiring_row_clear(&d->row);
  meso_wiring_destroy(d->wiring);
  free(d->first);
  free(d);
}

static void drawing_rewind(void *state)
{
  drawing *d = state;
  d->projection = 0;
  d->target = d->k = 0;
}

/** Synapses of the present target, as many as one batch holds. */
static size_t draw_batch(drawing *d, const meso_wiring_projection *q, meso_synapse *out)
{
  uint32_t source[MESO_WIRING_BATCH];
  uint16_t code[MESO_WIRING_BATCH];
  uint8_t delay[MESO_WIRING_BATCH];
  const uint32_t left = q->in_degree[d->target] - d->k;
  const unsigned n = left < MESO_WIRING_BATCH ? left : MESO_WIRING_BATCH;
  meso_wiring_draw(d->wiring, &d->row, d->projection, d->target, d->k, n, source, code, delay);
  for (unsigned i = 0; i < n; i++)
    out[i] = (meso_synapse) {
      .source = d->first[q->model->source] + source[i],
      .target = d->first[q->model->target] + d->target, .delay_steps = delay[i],
      .weight = q->weight_of_code[code[i]] * d->wiring->weight_step_pA};
  d->k += n;
  return n;
}

static meso_status drawing_next(void *state, size_t room, meso_synapse *out, size_t *ret_n,
                                meso_err *err)
{
  drawing *d = state;
  size_t n = 0;
  (void) err; /* drawing cannot fail */
  while (d->projection < d->wiring->model->n_projections && n + MESO_WIRING_BATCH <= room) {
    const meso_wiring_projection *q = &d->wiring->projection[d->projection];
    if (d->target == q->n_columns * q->n_targets) {
      d->projection++;
      d->target = 0;
    } else if (d->k == q->in_degree[d->target]) {
      d->target++;
      d->k = 0;
    } else {
      n += draw_batch(d, q, out + n);
    }
  }
  *ret_n = n;
  return MESO_OK;
}

static uint64_t count_synapses(const meso_wiring *w)
{
  uint64_t n = 0;
  for (size_t p = 0; p < w->model->n_projections; p++)
    for (uint32_t i = 0; i < w->projection[p].n_columns * w->projection[p].n_targets; i++)
      n += w->projection[p].in_degree[i];
  return n;
}

meso_status meso_network_from_model(meso_model *model, meso_network **ret_network, meso_err *err)
{
  meso_status status = MESO_OK;
  meso_network *w = NULL;
  drawing *d = NULL;
  status = meso_network_create(model->path, &w, err);
  if (status != MESO_OK) {
    meso_model_destroy(model);
    return status;
  }
  w->model = model;
  w->dt_ms = model->simulation.dt_ms;
  w->T_ms = model->simulation.duration_ms;
  if (model->n_neurons > INT32_MAX)
    MESO_FAIL(err, MESO_ERANGE, "%s: %lld neurons; at most %d are possible", model->path,
              (long long) model->n_neurons, INT32_MAX);
  MESO_ALLOC(err, d, 1);
  d->row.projection = SIZE_MAX;
  MESO_TRY(meso_wiring_create(model, &d->wiring, err));
  MESO_TRY(meso_wiring_row_init(d->wiring, &d->row, err));
  MESO_TRY(make_neurons(w, err));
  MESO_TRY(number_populations(w, d, err));
  MESO_TRY(make_background(w, d, err));
  MESO_TRY(make_sources(w, err));
  MESO_TRY(make_populations(w, d, err));
  w->synapses = (meso_synapse_stream) {.n = count_synapses(d->wiring), .state = d,
                                       .rewind = drawing_rewind, .next = drawing_next,
                                       .close = drawing_close};
  d = NULL;
  *ret_network = w;
  w = NULL;
cleanup:
  drawing_close(d);
  meso_network_destroy(w);
  return status;
}
