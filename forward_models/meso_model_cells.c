/* meso_model_cells.c: explicit cells of a model, integrated one by one. */
#include "meso_model_cells.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "lfp_validity.h"
#include "meso_cell_probe.h"
#include "meso_cells.h"
#include "meso_output_filter.h"
#include "meso_wiring.h"

#define NOT_FOUND ((size_t) -1)

/* What the events of a cell are made from. */
typedef struct source {
  const meso_model *model;
  const meso_cell_shape *shape;
  const meso_wiring *wiring;
  const meso_spikes *spikes;
  size_t *at;                  /* (n_populations) in the spikes, or NOT_FOUND */
  size_t **first;              /* (n_populations) spikes by neuron */
  uint32_t **spike;
  size_t n_cells;
  meso_cell_id *cell;          /* (n_cells) */
  const meso_explicit *explicit_;
} source;

/* ---- events ------------------------------------------------------------------------------- */

/** The segment of a uniform word: the first whose cumulative probability is above it. */
static size_t pick_segment(const double *probability, size_t n, uint32_t word)
{
  double cumulative = 0;
  size_t last = 0;
  for (size_t k = 0; k < n; k++) {
    if (!(probability[k] > 0)) continue;
    cumulative += probability[k];
    last = k;
    if ((double) word < rint(cumulative * 0x1p32)) return k;
  }
  return last;
}

/** Events of one synapse: every spike of its source, a delay later. */
static meso_status add_synapse(const source *s, size_t source_population, uint32_t from,
                               unsigned delay, const meso_explicit_event *synapse,
                               meso_event_list *list, meso_err *err)
{
  meso_status status = MESO_OK;
  if (s->at[source_population] == NOT_FOUND) return MESO_OK;
  const meso_spike_population *p = &s->spikes->population[s->at[source_population]];
  const size_t first = s->first[source_population][from];
  const size_t n = s->first[source_population][from + 1] - first;
  meso_explicit_event *event;
  MESO_TRY(meso_event_list_extend(list, n, &event, err));
  for (size_t i = 0; i < n; i++) {
    const double t = p->time_ms[s->spike[source_population][first + i]] - s->spikes->t_start_ms;
    event[i] = *synapse;
    event[i].step = (uint32_t) (rint(t / s->model->simulation.dt_ms) + delay);
  }
cleanup:
  return status;
}

/** Of the synapses of a projection. */
static meso_cell_current current_of(const meso_model *m, size_t projection)
{
  const meso_projection *p = &m->projection[projection];
  return meso_cell_synapse_current(m, p->target, m->population[p->source].sign);
}

static meso_status add_projection(const source *s, size_t cell, size_t projection,
                                  meso_wiring_row *row, const double *probability,
                                  meso_event_list *list, meso_err *err)
{
  meso_status status = MESO_OK;
  const meso_projection *p = &s->model->projection[projection];
  const meso_wiring_projection *q = &s->wiring->projection[projection];
  const meso_rng_key key = meso_cell_synapse_key(s->model);
  const uint32_t neuron = s->cell[cell].neuron;
  const size_t n_segments =
    s->explicit_->type[s->explicit_->cell[cell].type].morphology->n_segments;
  const double step_nA =
    s->wiring->weight_step_pA * 1e-3 * current_of(s->model, projection).pA_per_weight;
  for (uint32_t k = 0; k < q->in_degree[neuron]; k++) {
    uint32_t from, word[4];
    uint16_t code;
    uint8_t delay;
    meso_wiring_draw(s->wiring, row, projection, neuron, k, 1, &from, &code, &delay);
    meso_rng_block(key, (const uint32_t[4]) {k, neuron, (uint32_t) projection, 0}, word);
    const size_t segment = pick_segment(probability, n_segments, word[0]);
    const meso_explicit_event synapse = {
      .weight_nA = q->weight_of_code[code] * step_nA,
      .segment = (unsigned) segment & 0xffffff, .kind = (unsigned) projection & 0xff};
    MESO_TRY(add_synapse(s, p->source, from, delay, &synapse, list, err));
  }
cleanup:
  return status;
}

/** Depths of the middles of a cell's segments. */
static meso_status middle_depths(const source *s, size_t cell, double **ret_z_um, meso_err *err)
{
  meso_status status = MESO_OK;
  const size_t n = s->explicit_->type[s->explicit_->cell[cell].type].morphology->n_segments;
  double *ends = NULL, *z = NULL;
  MESO_ALLOC(err, ends, 6 * n);
  MESO_ALLOC(err, z, n);
  meso_explicit_place(s->explicit_, cell, ends, ends + 3 * n);
  for (size_t j = 0; j < n; j++) z[j] = (ends[3 * j + 2] + ends[3 * n + 3 * j + 2]) / 2;
  *ret_z_um = z;
cleanup:
  free(ends);
  return status;
}

static meso_status events_of(void *user, size_t cell, meso_event_list *list, meso_err *err)
{
  meso_status status = MESO_OK;
  const source *s = user;
  const meso_model *m = s->model;
  const size_t type = s->explicit_->cell[cell].type;
  double *z_um = NULL, *probability = NULL;
  meso_wiring_row row = {0};
  MESO_TRY(meso_wiring_row_init(s->wiring, &row, err));
  MESO_TRY(middle_depths(s, cell, &z_um, err));
  MESO_ALLOC(err, probability, s->shape[type].morphology->n_segments);
  for (size_t p = 0; p < m->n_projections; p++) {
    if (m->projection[p].target != s->cell[cell].population
        || s->wiring->projection[p].in_degree[s->cell[cell].neuron] == 0)
      continue;
    const size_t from = m->projection[p].source;
    if (isnan(meso_cell_synapse_probability(m, &s->shape[type], type, from, z_um, probability)))
      MESO_FAIL(err, MESO_EINVAL, "synapses of %s on cell type %s: no layer with a share has "
                "membrane", m->population[from].name, m->cell_type[type].name);
    MESO_TRY(add_projection(s, cell, p, &row, probability, list, err));
  }
cleanup:
  meso_wiring_row_clear(&row);
  free(z_um);
  free(probability);
  return status;
}

/* ---- population --------------------------------------------------------------------------- */

/** Types share the shapes' morphologies: each is read once more, the population owns its own. */
static meso_status set_types(const source *s, size_t n_dirs, const char *const *dirs,
                             meso_explicit *e, meso_err *err)
{
  meso_status status = MESO_OK;
  const meso_lfp_params *lfp = &s->model->lfp;
  meso_cell_shape *own = NULL;
  MESO_TRY(meso_cell_shapes_read(s->model, n_dirs, dirs, &own, err));
  for (size_t y = 0; y < s->model->n_cell_types; y++) {
    meso_morphology *morphology = own[y].morphology;
    own[y].morphology = NULL;
    MESO_TRY(meso_explicit_set_type(e, y, s->model->cell_type[y].name, morphology,
                                    lfp->cm_uF_per_cm2, lfp->cm_uF_per_cm2 * 1e-3 / lfp->tau_m_ms,
                                    0, err));
  }
cleanup:
  meso_cell_shapes_destroy(s->model, own);
  return status;
}

static void set_cells(const source *s, meso_explicit *e)
{
  for (size_t i = 0; i < s->n_cells; i++) {
    const meso_cell_id *id = &s->cell[i];
    const double *xyz = s->wiring->xyz_um[id->population];
    meso_cell place;
    meso_cell_place(s->model, s->shape, id->population, id->neuron,
                    xyz != NULL ? xyz + 3 * (size_t) id->neuron : NULL, &place);
    e->cell[i].type = (uint32_t) place.type;
    memcpy(e->cell[i].soma_um, place.soma_um, sizeof place.soma_um);
    memcpy(e->cell[i].rotation, place.rotation, sizeof place.rotation);
  }
}

static meso_status index_spikes(source *s, meso_err *err)
{
  meso_status status = MESO_OK;
  const meso_model *m = s->model;
  MESO_ALLOC(err, s->at, m->n_populations);
  MESO_ALLOC(err, s->first, m->n_populations);
  MESO_ALLOC(err, s->spike, m->n_populations);
  for (size_t p = 0; p < m->n_populations; p++) {
    s->at[p] = meso_spikes_find(s->spikes, m->population[p].name);
    if (s->at[p] == NOT_FOUND) continue;
    const meso_spike_population *q = &s->spikes->population[s->at[p]];
    if (q->size != (uint64_t) m->population[p].size)
      MESO_FAIL(err, MESO_EINVAL, "population '%s' has %llu neurons in the spikes, %lld in the "
                "model", q->name, (unsigned long long) q->size, (long long) m->population[p].size);
    MESO_TRY(meso_spikes_by_neuron(q, &s->first[p], &s->spike[p], err));
  }
cleanup:
  return status;
}

static meso_status make_population(source *s, const meso_output_filter *filter, size_t n_dirs,
                                   const char *const *dirs, meso_explicit **ret, meso_err *err)
{
  meso_status status = MESO_OK;
  const meso_model *m = s->model;
  meso_explicit *e = NULL;
  if (m->n_projections > MESO_EXPLICIT_MAX_KINDS)
    MESO_FAIL(err, MESO_ERANGE, "%s: at most %d projections can be integrated cell by cell",
              m->path, MESO_EXPLICIT_MAX_KINDS);
  MESO_TRY(meso_cells_choose(m, &s->cell, &s->n_cells, err));
  MESO_TRY(meso_explicit_create(m->n_cell_types, s->n_cells, m->n_projections, &e, err));
  MESO_TRY(set_types(s, n_dirs, dirs, e, err));
  set_cells(s, e);
  for (size_t p = 0; p < m->n_projections; p++)
    e->kind[p] = (meso_synapse_kind) {current_of(m, p).tau_ms, current_of(m, p).tau_rise_ms};
  e->dt_ms = m->simulation.dt_ms;
  e->n_steps = (size_t) ceil((s->spikes->t_stop_ms - s->spikes->t_start_ms) / e->dt_ms - 1e-6)
    + filter->half; /* the last samples are means over what follows, too */
  e->sigma_S_per_m = m->probe.sigma_S_per_m;
  free(e->method);
  e->method = NULL;
  MESO_TRY(meso_cell_probe_text(m, &e->method, err));
  MESO_TRY(meso_explicit_set_contacts(e, m->probe.contacts.n, m->probe.contacts.xyz_um, err));
  e->events_of = events_of;
  e->events_user = s;
  s->explicit_ = e;
  *ret = e;
  e = NULL;
cleanup:
  meso_explicit_destroy(e);
  return status;
}

/* ---- output ------------------------------------------------------------------------------- */

/** Filters a signal and keeps every factor-th sample. */
static meso_status sample_signal(const meso_model *m, const meso_signal *from,
                                 const meso_output_filter *filter, double t_start_ms,
                                 meso_signals *signals, meso_signal **ret, meso_err *err)
{
  meso_status status = MESO_OK;
  const size_t n = from->n_times, n_channels = from->n_channels;
  const size_t n_out = (n - 1 - filter->half) / filter->factor;
  meso_signal *to;
  double *column = NULL, *filtered = NULL;
  if (n_out == 0) MESO_FAIL(err, MESO_EINVAL, "the spikes are too short for a sample of the LFP");
  MESO_TRY(meso_signals_add(signals, from->name, from->units, n_out, n_channels,
                            m->lfp.output_rate_Hz, t_start_ms, &to, err));
  MESO_ALLOC(err, column, n);
  MESO_ALLOC(err, filtered, n + 2 * filter->half);
  for (size_t c = 0; c < n_channels; c++) {
    for (size_t t = 0; t < n; t++) column[t] = from->data[t * n_channels + c];
    meso_output_filter_apply(filter, n, column, filtered);
    for (size_t i = 0; i < n_out; i++)
      to->data[i * n_channels + c] = filtered[i * filter->factor + filter->half];
  }
  *ret = to;
cleanup:
  free(column);
  free(filtered);
  return status;
}

static meso_status sample_output(const source *s, const meso_signals *all,
                                 const meso_output_filter *filter, double t_start_ms,
                                 meso_signals **ret, meso_err *err)
{
  meso_status status = MESO_OK;
  static const char *const axis[3] = {"x", "y", "z"};
  const meso_model *m = s->model;
  meso_signals *signals = NULL;
  meso_signal *to;
  MESO_TRY(meso_signals_create(&signals, err));
  MESO_TRY(sample_signal(m, meso_signals_find(all, "lfp"), filter, t_start_ms, signals, &to,
                         err));
  MESO_ALLOC(err, to->position_um, 3 * to->n_channels);
  memcpy(to->position_um, m->probe.contacts.xyz_um, 3 * to->n_channels * sizeof(double));
  MESO_TRY(meso_attrs_set_text(&to->attrs, "method", "compartment", err));
  MESO_TRY(meso_attrs_set_number(&to->attrs, "n_cells", (double) s->n_cells, err));
  MESO_TRY(meso_attrs_set_number(&to->attrs, "sigma_S_per_m", m->probe.sigma_S_per_m, err));
  MESO_TRY(meso_attrs_set_number(&to->attrs, "radius_um", m->lfp.radius_um, err));
  MESO_TRY(meso_attrs_set_text(&to->attrs, "doc", "every cell's cable integrated with the events "
                               "of all its synapses; external input is missing", err));
  MESO_TRY(filter->factor > 1
           ? lfp_validity_describe(0, MESO_OUTPUT_PASS * m->lfp.output_rate_Hz / 2,
                                   "above, the filter attenuates", &to->attrs, err)
           : lfp_validity_describe_steps(m->simulation.dt_ms, &to->attrs, err));
  MESO_TRY(sample_signal(m, meso_signals_find(all, "dipole"), filter, t_start_ms, signals, &to,
                         err));
  for (size_t k = 0; k < 3; k++) MESO_TRY(meso_signal_set_label(to, k, axis[k], err));
  *ret = signals;
  signals = NULL;
cleanup:
  meso_signals_destroy(signals);
  return status;
}

static void source_clear(source *s)
{
  for (size_t p = 0; p < s->model->n_populations; p++) {
    if (s->first != NULL) free(s->first[p]);
    if (s->spike != NULL) free(s->spike[p]);
  }
  free(s->first);
  free(s->spike);
  free(s->at);
  free(s->cell);
}

meso_status meso_model_cells_lfp(const meso_model *model, size_t n_dirs,
                                 const char *const *morphology_dirs, const meso_spikes *spikes,
                                 int n_threads, const meso_progress *progress,
                                 meso_compartment_times *opt_times, meso_signals **ret_signals,
                                 meso_err *err)
{
  meso_status status = MESO_OK;
  source s = {.model = model, .spikes = spikes};
  meso_cell_shape *shape = NULL;
  meso_wiring *wiring = NULL;
  meso_explicit *population = NULL;
  meso_signals *all = NULL;
  meso_output_filter filter = {0};
  const meso_compartment_options options = {.n_threads = n_threads > 0 ? n_threads : 1,
                                            .progress = progress};
  MESO_TRY(meso_cells_check_currents(model, err));
  MESO_TRY(meso_cell_shapes_read(model, n_dirs, morphology_dirs, &shape, err));
  MESO_TRY(meso_wiring_create(model, &wiring, err));
  s.shape = shape;
  s.wiring = wiring;
  MESO_TRY(index_spikes(&s, err));
  MESO_TRY(meso_output_filter_init((size_t) llround(1000 / (model->lfp.output_rate_Hz
                                                            * model->simulation.dt_ms)),
                                   &filter, err));
  MESO_TRY(make_population(&s, &filter, n_dirs, morphology_dirs, &population, err));
  MESO_TRY(meso_compartment_run(population, &options, opt_times, &all, err));
  MESO_TRY(sample_output(&s, all, &filter, spikes->t_start_ms, ret_signals, err));
cleanup:
  meso_output_filter_clear(&filter);
  meso_signals_destroy(all);
  meso_explicit_destroy(population);
  meso_wiring_destroy(wiring);
  meso_cell_shapes_destroy(model, shape);
  source_clear(&s);
  return status;
}
