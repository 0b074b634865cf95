/* meso_model_kernels.c: kernels of every pathway of a model.
 *
 * Pathway: a projection X -> Y seen by one cell type y of Y. One spike of one X neuron releases
 * weight * out-degree of current, spread over a representative cell of y: over layers by
 * layer_share, within a layer by membrane area. Scatter of the somata turns the layer boxes into
 * probabilities that a segment lies in a layer. Delays follow the engine: redrawn until at least
 * half a step, rounded to steps.
 */
#include "meso_lfp.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "meso_cable.h"
#include "meso_cells.h"
#include "meso_conductor.h"
#include "meso_external.h"
#include "meso_kernel.h"
#include "meso_kernel_means.h"
#include "meso_morphology.h"
#include "meso_neuron_kernels.h"
#include "meso_wiring.h"

enum { MAX_LAGS = 1000000 };

/* Representative cell of a type. */
typedef struct type_cell {
  meso_morphology *morphology; /* the shape's, moved to its depth */
  unsigned section_types;
  double *matrix;      /* (n_rows, n_segments) */
  double *g_pas;
} type_cell;

typedef struct pathway {
  const meso_projection *projection;
  size_t type;
  double out_degree;   /* synapses of one source neuron on all cells of the type */
  double moved_share;  /* of its synapses, from layers without membrane to the others */
  meso_status status;
  meso_err err;
} pathway;

typedef struct build {
  const meso_model *model;
  size_t n_channels, n_lags;
  size_t n_rows;       /* of a pathway: the channels and the moment along z */
  const double *channel_um; /* (n_channels, 3), the model's */
  meso_conductor *conductor;
  meso_cell_shape *shape;
  type_cell *cell;     /* one per cell type */
  size_t n_pathways;
  pathway *pathway;
} build;

/* ---- representative cells ----------------------------------------------------------------- */

static meso_status make_cell(const build *b, size_t type, meso_err *err)
{
  meso_status status = MESO_OK;
  const meso_model *model = b->model;
  const meso_lfp_params *lfp = &model->lfp;
  type_cell *cell = &b->cell[type];
  const meso_cell_shape *shape = &b->shape[type];
  cell->morphology = shape->morphology;
  cell->section_types = shape->section_types;
  meso_morphology_place(cell->morphology, 0, 0, shape->soma_z_um);
  MESO_ALLOC(err, cell->g_pas, cell->morphology->n_segments);
  for (size_t j = 0; j < cell->morphology->n_segments; j++)
    cell->g_pas[j] = lfp->cm_uF_per_cm2 * 1e-3 / lfp->tau_m_ms;
  MESO_ALLOC(err, cell->matrix, b->n_rows * cell->morphology->n_segments);
  const meso_segments segments = meso_morphology_segments(cell->morphology);
  MESO_TRY(meso_conductor_matrix(b->conductor, &segments, b->n_channels, b->channel_um,
                                 cell->matrix, err));
  for (size_t j = 0; j < segments.n; j++) /* x and y cancel: cells are turned about z at random */
    cell->matrix[b->n_channels * segments.n + j] = meso_morphology_z_um(cell->morphology, j);
cleanup:
  return status;
}

/* ---- one pathway -------------------------------------------------------------------------- */

static double normal_cdf(double x) { return erfc(-x / sqrt(2.)) / 2; }

/* Probability that a point at z, displaced by a normal with sd, lies between bottom and top. */
static double probability_between(double z, double bottom, double top, double sd)
{
  if (!(sd > 0)) return z >= bottom && z < top ? 1 : 0;
  return normal_cdf((top - z) / sd) - normal_cdf((bottom - z) / sd);
}

/* Adds the share of a layer to the segments, by expected eligible area; returns that area. */
static double fill_layer(const build *b, const pathway *p, const meso_layer *layer, double share,
                         double *probability)
{
  const type_cell *cell = &b->cell[p->type];
  const meso_morphology *m = cell->morphology;
  double area = 0;
  for (int pass = 0; pass < 2; pass++)
    for (size_t j = 0; j < m->n_segments; j++) {
      if ((cell->section_types >> m->section_type[m->segment_section[j]] & 1) == 0) continue;
      const double a = m->area_um2[j]
        * probability_between(meso_morphology_z_um(m, j), fmin(layer->z_top_um, layer->z_bottom_um),
                              fmax(layer->z_top_um, layer->z_bottom_um),
                              b->model->lfp.soma_sd_um);
      if (pass == 0) area += a;
      else if (area >= meso_cell_min_layer_area_um2) probability[j] += share * a / area;
    }
  return area;
}

static meso_status place_synapses(const build *b, pathway *p, double *probability, meso_err *err)
{
  meso_status status = MESO_OK;
  const meso_model *model = b->model;
  const meso_cell_type *type = &model->cell_type[p->type];
  const double *share = type->layer_share + p->projection->source * model->n_layers;
  double placed = 0, total = 0;
  for (size_t l = 0; l < model->n_layers; l++) {
    if (!(share[l] > 0)) continue;
    total += share[l];
    if (fill_layer(b, p, &model->layer[l], share[l], probability) >= meso_cell_min_layer_area_um2)
      placed += share[l];
  }
  if (!(placed > 0))
    MESO_FAIL(err, MESO_EINVAL, "synapses of %s on cell type %s: no layer with a share has "
              "membrane of sections '%s'", model->population[p->projection->source].name,
              type->name, type->sections);
  for (size_t j = 0; j < b->cell[p->type].morphology->n_segments; j++) probability[j] /= placed;
  p->moved_share = 1 - placed / total;
cleanup:
  return status;
}

/* Share of each delay in steps of the kernel: the engine's distribution. */
static void delay_distribution(const build *b, const meso_projection *projection, double *share)
{
  const double dt = b->model->simulation.dt_ms, kernel_dt = b->model->lfp.kernel_dt_ms;
  const double n_steps = (double) b->n_lags * kernel_dt / dt;
  const double all = meso_wiring_delay_share(b->model, projection, MESO_WIRING_MAX_DELAY_STEPS);
  double former = 0;
  for (double step = 1; step <= n_steps; step++) {
    const double up_to = meso_wiring_delay_share(b->model, projection, step);
    const double at = round(step * dt / kernel_dt);
    if (at < (double) b->n_lags) share[(size_t) at] += (up_to - former) / all;
    former = up_to;
  }
}

static meso_status compute_pathway(const build *b, pathway *p, double *data, meso_err *err)
{
  meso_status status = MESO_OK;
  const meso_model *model = b->model;
  const meso_cell_current current = meso_cell_synapse_current(
    model, p->projection->target, model->population[p->projection->source].sign);
  const type_cell *cell = &b->cell[p->type];
  const meso_morphology *m = cell->morphology;
  double *weight_nA = NULL, *delay_share = NULL;
  MESO_ALLOC(err, weight_nA, m->n_segments);
  MESO_ALLOC(err, delay_share, b->n_lags);
  MESO_TRY(place_synapses(b, p, weight_nA, err));
  for (size_t j = 0; j < m->n_segments; j++)
    weight_nA[j] *= p->projection->weight_pA * current.pA_per_weight * 1e-3 * p->out_degree;
  delay_distribution(b, p->projection, delay_share);
  const meso_kernel_input input = {
    .tau_ms = current.tau_ms, .tau_rise_ms = current.tau_rise_ms, .weight_nA = weight_nA,
    .delay_share = delay_share};
  const meso_cable cable = {model->lfp.cm_uF_per_cm2, 0, cell->g_pas, model->lfp.kernel_dt_ms,
                            b->n_lags - 1};
  MESO_TRY(meso_kernel_compute(m, &cable, &input, b->n_rows, cell->matrix, data, err));
cleanup:
  free(weight_nA);
  free(delay_share);
  return status;
}

static meso_status compute_all(const build *b, int n_threads, const meso_progress *progress,
                               double *data, meso_err *err)
{
  size_t n_done = 0;
  bool stopped = false;
  (void) n_threads; /* unused without OpenMP */
#pragma omp parallel for schedule(dynamic) num_threads(n_threads > 0 ? n_threads : 1)
  for (size_t i = 0; i < b->n_pathways; i++) {
    pathway *p = &b->pathway[i];
    bool skipped = false;
#pragma omp atomic read
    skipped = stopped;
    if (skipped) continue;
    p->status = compute_pathway(b, p, data + i * b->n_rows * b->n_lags, &p->err);
    bool go_on = true;
#pragma omp critical(meso_kernel_progress)
    go_on = meso_progress_report(progress, "kernels", (double) ++n_done / (double) b->n_pathways);
    if (!go_on) {
#pragma omp atomic write
      stopped = true;
    }
  }
  if (stopped) return meso_progress_stopped("kernels", err);
  for (size_t i = 0; i < b->n_pathways; i++)
    if (b->pathway[i].status != MESO_OK) {
      if (err != NULL) *err = b->pathway[i].err;
      return b->pathway[i].status;
    }
  return MESO_OK;
}

/* ---- the whole model ---------------------------------------------------------------------- */

static meso_status check_model(const meso_model *model, meso_err *err)
{
  meso_status status = MESO_OK;
  const meso_lfp_params *lfp = &model->lfp;
  if (model->n_cell_types == 0)
    MESO_FAIL(err, MESO_EINVAL, "model %s has no cell types: nothing makes an LFP",
              model->name != NULL ? model->name : "");
  if (model->probe.contacts.n < 1)
    MESO_FAIL(err, MESO_EINVAL, "probe without contacts");
  if (!(lfp->kernel_dt_ms > 0 && lfp->kernel_duration_ms >= lfp->kernel_dt_ms
        && lfp->kernel_duration_ms / lfp->kernel_dt_ms < MAX_LAGS))
    MESO_FAIL(err, MESO_ERANGE, "kernel_duration_ms %g and kernel_dt_ms %g: expected 1 to %d lags",
              lfp->kernel_duration_ms, lfp->kernel_dt_ms, MAX_LAGS);
  MESO_TRY(meso_cells_check_currents(model, err));
  if (model->n_columns > 1)
    MESO_FAIL(err, MESO_EINVAL, "%s: scaling.N = %g: must be at most 1 for LFP kernels: the "
              "probe is on the axis of the one column that they are made for", model->path,
              model->scaling.N);
  if (lfp->external != MESO_EXTERNAL_OFF && lfp->method != MESO_LFP_NEURON)
    MESO_FAIL(err, MESO_EINVAL, "%s: lfp.external must be off with lfp.method = population, whose "
              "kernels know no cells; use lfp.method = neuron", model->path);
  if (!(lfp->cm_uF_per_cm2 > 0 && lfp->tau_m_ms > 0 && model->simulation.dt_ms > 0))
    MESO_FAIL(err, MESO_ERANGE, "cm, tau_m and dt must be positive");
cleanup:
  return status;
}

static meso_status check_pathways(const meso_model *model, meso_err *err)
{
  meso_status status = MESO_OK;
  if (strcmp(model->lfp.conductor, "root_as_point") != 0)
    MESO_FAIL(err, MESO_EINVAL, "%s: lfp.conductor = %s: must be root_as_point for population "
              "kernels, which have a medium of their own; use lfp.method = neuron", model->path,
              model->lfp.conductor);
  for (size_t i = 0; i < model->n_projections; i++)
    if (model->projection[i].delay_ms_per_um > 0)
      MESO_FAIL(err, MESO_EINVAL, "%s: projections.%s->%s.delay_ms_per_um = %g: must be 0 for "
                "population kernels, which have no distances; use lfp.method = neuron",
                model->path, model->projection[i].source_name, model->projection[i].target_name,
                model->projection[i].delay_ms_per_um);
cleanup:
  return status;
}

static meso_status list_pathways(build *b, meso_err *err)
{
  meso_status status = MESO_OK;
  const meso_model *model = b->model;
  MESO_ALLOC(err, b->pathway, model->n_projections * model->n_cell_types);
  for (size_t i = 0; i < model->n_projections; i++)
    for (size_t y = 0; y < model->n_cell_types; y++) {
      const meso_projection *projection = &model->projection[i];
      const meso_cell_type *type = &model->cell_type[y];
      const meso_population *source = &model->population[projection->source];
      if (type->population != projection->target) continue;
      const double share = type->share[projection->source];
      if (!(share > 0) || projection->n_synapses == 0 || source->size < 1) continue;
      pathway *p = &b->pathway[b->n_pathways++];
      p->projection = projection;
      p->type = y;
      p->out_degree = (double) projection->n_synapses * share / (double) source->size;
    }
cleanup:
  return status;
}

/* Makes the contacts as large as the model says. */
static meso_status wrap_contacts(build *b, meso_err *err)
{
  meso_status status = MESO_OK;
  const meso_probe_params *probe = &b->model->probe;
  static const char *const shape[] = {[MESO_CONTACT_CIRCLE] = "circle",
                                      [MESO_CONTACT_SQUARE] = "square"};
  static const char *const normal[] = {"normal_x", "normal_y", "normal_z"};
  meso_conductor *inner = b->conductor;
  b->conductor = NULL;
  MESO_TRY(meso_conductor_create("finite_contact", inner, &b->conductor, err));
  MESO_TRY(meso_params_set(b->conductor->ops->params, b->conductor->params, "shape",
                           shape[probe->contact_shape], NULL, err));
  MESO_TRY(meso_conductor_set(b->conductor, "radius_um", probe->contact_radius_um, err));
  MESO_TRY(meso_conductor_set(b->conductor, "side_um", probe->contact_side_um, err));
  for (size_t k = 0; k < 3; k++)
    MESO_TRY(meso_conductor_set(b->conductor, normal[k], probe->contact_normal.v[k], err));
cleanup:
  return status;
}

static meso_status make_conductor(build *b, meso_err *err)
{
  meso_status status = MESO_OK;
  MESO_TRY(meso_conductor_create("gauss_cylinder", NULL, &b->conductor, err));
  MESO_TRY(meso_conductor_set(b->conductor, "sigma_S_per_m", b->model->probe.sigma_S_per_m, err));
  MESO_TRY(meso_conductor_set(b->conductor, "radius_um", b->model->lfp.radius_um, err));
  MESO_TRY(meso_conductor_set(b->conductor, "soma_sd_um", b->model->lfp.soma_sd_um, err));
  if (b->model->probe.contact_shape != MESO_CONTACT_POINT) MESO_TRY(wrap_contacts(b, err));
cleanup:
  return status;
}

static meso_status prepare(build *b, size_t n_dirs, const char *const *dirs, meso_err *err)
{
  meso_status status = MESO_OK;
  const meso_model *model = b->model;
  MESO_TRY(check_pathways(model, err));
  b->n_channels = model->probe.contacts.n;
  b->channel_um = model->probe.contacts.xyz_um;
  b->n_rows = b->n_channels + 1;
  b->n_lags = (size_t) floor(model->lfp.kernel_duration_ms / model->lfp.kernel_dt_ms + 1e-9) + 1;
  MESO_TRY(make_conductor(b, err));
  MESO_TRY(meso_cell_shapes_read(model, n_dirs, dirs, &b->shape, err));
  MESO_ALLOC(err, b->cell, model->n_cell_types);
  for (size_t y = 0; y < model->n_cell_types; y++) MESO_TRY(make_cell(b, y, err));
  MESO_TRY(list_pathways(b, err));
cleanup:
  return status;
}

static void build_clear(build *b)
{
  for (size_t y = 0; b->cell != NULL && y < b->model->n_cell_types; y++) {
    free(b->cell[y].matrix);
    free(b->cell[y].g_pas);
  }
  free(b->cell);
  meso_conductor_destroy(b->conductor);
  meso_cell_shapes_destroy(b->model, b->shape);
  free(b->pathway);
}

/* ---- result ------------------------------------------------------------------------------- */

/* Kernels of all pathways: potentials, and the moment along z. */
static meso_status add_kernels(const build *b, int n_threads, const meso_progress *progress,
                               meso_result *result, meso_err *err)
{
  meso_status status = MESO_OK;
  const size_t size = b->n_channels * b->n_lags;
  meso_array *array;
  double *rows = NULL;
  if (b->n_pathways > (size_t) -1 / 16 / b->n_lags / b->n_rows)
    MESO_FAIL(err, MESO_ENOMEM, "too many kernels");
  MESO_ALLOC(err, rows, b->n_pathways * b->n_rows * b->n_lags);
  MESO_TRY(compute_all(b, n_threads, progress, rows, err));
  MESO_TRY(meso_result_add(result, "/kernels/data", "mV", 3,
                           (size_t[]) {b->n_pathways, b->n_channels, b->n_lags}, &array, err));
  for (size_t i = 0; i < b->n_pathways; i++)
    memcpy(array->data + i * size, rows + i * b->n_rows * b->n_lags, size * sizeof *rows);
  MESO_TRY(meso_result_add(result, "/kernels/dipole_z", "nA um", 2,
                           (size_t[]) {b->n_pathways, b->n_lags}, &array, err));
  for (size_t i = 0; i < b->n_pathways; i++)
    memcpy(array->data + i * b->n_lags, rows + i * b->n_rows * b->n_lags + size,
           b->n_lags * sizeof *rows);
cleanup:
  free(rows);
  return status;
}

static meso_status add_names(const build *b, meso_result *result, meso_err *err)
{
  meso_status status = MESO_OK;
  const meso_model *model = b->model;
  const char **name = NULL;
  MESO_ALLOC(err, name, b->n_pathways);
  for (size_t i = 0; i < b->n_pathways; i++)
    name[i] = model->population[b->pathway[i].projection->source].name;
  MESO_TRY(meso_result_add_text(result, "/kernels/source", b->n_pathways, name, err));
  for (size_t i = 0; i < b->n_pathways; i++)
    name[i] = model->population[b->pathway[i].projection->target].name;
  MESO_TRY(meso_result_add_text(result, "/kernels/population", b->n_pathways, name, err));
  for (size_t i = 0; i < b->n_pathways; i++)
    name[i] = model->cell_type[b->pathway[i].type].name;
  MESO_TRY(meso_result_add_text(result, "/kernels/cell_type", b->n_pathways, name, err));
cleanup:
  free(name);
  return status;
}

static meso_status add_numbers(const build *b, meso_result *result, meso_err *err)
{
  meso_status status = MESO_OK;
  const meso_model *model = b->model;
  meso_array *array;
  MESO_TRY(meso_result_add(result, "/kernels/lag_ms", "ms", 1, &b->n_lags, &array, err));
  for (size_t k = 0; k < b->n_lags; k++) array->data[k] = (double) k * model->lfp.kernel_dt_ms;
  MESO_TRY(meso_result_add(result, "/kernels/channel_um", "um", 2,
                           (size_t[]) {b->n_channels, 3}, &array, err));
  memcpy(array->data, b->channel_um, 3 * b->n_channels * sizeof *b->channel_um);
  MESO_TRY(meso_result_add(result, "/kernels/out_degree", "1", 1, &b->n_pathways, &array, err));
  for (size_t i = 0; i < b->n_pathways; i++) array->data[i] = b->pathway[i].out_degree;
  MESO_TRY(meso_result_add(result, "/kernels/moved_share", "1", 1, &b->n_pathways, &array, err));
  for (size_t i = 0; i < b->n_pathways; i++) array->data[i] = b->pathway[i].moved_share;
cleanup:
  return status;
}

/* Amplitude of the exponential current with the charge of an excitatory event of weight 1. */
static double exponential_pA(const meso_model *model, size_t population)
{
  const double tau_ms = meso_cell_synapse_current(model, population, MESO_EXCITATORY).tau_ms;
  return tau_ms > 0 ? model->population[population].synapse[MESO_EXCITATORY].charge / tau_ms : 1;
}

/* Excitatory input of a population by origin, as mean weight times events: what external input
 * brings in a second, and what one spike of every neuron of each source brings, each as an
 * exponential current of the same charge, which is the time constant times that. */
static meso_status add_charge(const meso_model *model, meso_result *result, meso_err *err)
{
  meso_status status = MESO_OK;
  const size_t n = model->n_populations;
  const char **name = NULL;
  meso_array *external = NULL, *source = NULL; /* each valid until the next is added */
  MESO_ALLOC(err, name, n);
  for (size_t y = 0; y < n; y++) name[y] = model->population[y].name;
  MESO_TRY(meso_result_add_text(result, "/charge/population", n, name, err));
  MESO_TRY(meso_result_add(result, "/charge/external", "pA/s", 1, &n, &external, err));
  for (size_t y = 0; y < n; y++) {
    const meso_population *t = &model->population[y];
    if (model->background.kind != MESO_BACKGROUND_NONE)
      external->data[y] = t->K_ext * sqrt(model->scaling.K) * model->background.rate_Hz
        * model->background.PSP_mV * t->synapse[MESO_EXCITATORY].weight_per_mV
        * exponential_pA(model, y);
  }
  MESO_TRY(meso_result_add(result, "/charge/per_spike", "pA", 2, (size_t[]) {n, n}, &source, err));
  for (size_t i = 0; i < model->n_projections; i++) {
    const meso_projection *p = &model->projection[i];
    const meso_population *target = &model->population[p->target];
    if (model->population[p->source].sign == MESO_EXCITATORY && target->size > 0)
      source->data[p->target * n + p->source] +=
        (double) p->n_synapses / (double) target->size * p->weight_pA
        * exponential_pA(model, p->target);
  }
cleanup:
  free(name);
  return status;
}

/* Part of the column's excitatory charge that is external, at the rates that the model states. */
static meso_status add_external_share(const meso_model *model, meso_result *result, meso_err *err)
{
  meso_status status = MESO_OK;
  const size_t n = model->n_populations;
  const double *external = meso_result_find(result, "/charge/external")->data;
  const double *per_spike = meso_result_find(result, "/charge/per_spike")->data;
  double outside = 0, inside = 0;
  for (size_t y = 0; y < n; y++) {
    outside += external[y] * (double) model->population[y].size;
    for (size_t x = 0; x < n; x++) {
      const meso_population *source = &model->population[x];
      if (!(per_spike[y * n + x] > 0) || source->model == MESO_NEURON_POISSON) continue;
      if (!(source->full_mean_rate_Hz > 0)) return MESO_OK; /* unknown */
      inside += per_spike[y * n + x] * source->full_mean_rate_Hz
        * (double) model->population[y].size;
    }
  }
  meso_attrs *attrs = meso_result_group_attrs(result, "/charge");
  if (attrs == NULL) MESO_FAIL(err, MESO_ENOMEM, "cannot add attributes");
  if (outside + inside > 0)
    MESO_TRY(meso_attrs_set_number(attrs, "excitatory_external_share", outside
                                   / (outside + inside), err));
cleanup:
  return status;
}

/* Who is who: spikes are checked against this, and sources may be missing there. */
static meso_status add_populations(const meso_model *model, meso_result *result, meso_err *err)
{
  meso_status status = MESO_OK;
  const size_t n = model->n_populations;
  const char **name = NULL;
  meso_array *size = NULL, *source = NULL, *sign = NULL; /* each valid until the next is added */
  MESO_ALLOC(err, name, n);
  for (size_t i = 0; i < n; i++) name[i] = model->population[i].name;
  MESO_TRY(meso_result_add_text(result, "/populations/name", n, name, err));
  MESO_TRY(meso_result_add(result, "/populations/size", "1", 1, &n, &size, err));
  for (size_t i = 0; i < n; i++) size->data[i] = (double) model->population[i].size;
  MESO_TRY(meso_result_add(result, "/populations/is_source", "1", 1, &n, &source, err));
  for (size_t i = 0; i < n; i++)
    source->data[i] = model->population[i].model == MESO_NEURON_POISSON;
  MESO_TRY(meso_result_add(result, "/populations/is_inhibitory", "1", 1, &n, &sign, err));
  for (size_t i = 0; i < n; i++)
    sign->data[i] = model->population[i].sign == MESO_INHIBITORY;
cleanup:
  free(name);
  return status;
}

/* Says which pathways had synapses moved to other layers. */
static meso_status add_moved_text(const build *b, meso_attrs *attrs, meso_err *err)
{
  meso_status status = MESO_OK;
  char text[1024];
  size_t n_moved = 0, worst = 0;
  for (size_t i = 0; i < b->n_pathways; i++) {
    if (b->pathway[i].moved_share > 0) n_moved++;
    if (b->pathway[i].moved_share > b->pathway[worst].moved_share) worst = i;
  }
  if (n_moved == 0) return MESO_OK;
  const pathway *w = &b->pathway[worst];
  (void) snprintf(text, sizeof text, "%zu of %zu pathways have synapses in layers their cell does "
                  "not reach; these were spread over the other layers in proportion (moved_share); "
                  "most: %s to %s, %.3g", n_moved, b->n_pathways,
                  b->model->population[w->projection->source].name,
                  b->model->cell_type[w->type].name, w->moved_share);
  MESO_TRY(meso_attrs_set_text(attrs, "moved_synapses", text, err));
cleanup:
  return status;
}

static meso_status add_attributes(const build *b, meso_result *result, meso_err *err)
{
  meso_status status = MESO_OK;
  const meso_model *model = b->model;
  const struct { const char *key; double value; } number[] = {
    {"radius_um", model->lfp.radius_um}, {"soma_sd_um", model->lfp.soma_sd_um},
    {"Ra_Ohm_cm", model->lfp.Ra_Ohm_cm}, {"cm_uF_per_cm2", model->lfp.cm_uF_per_cm2},
    {"tau_m_ms", model->lfp.tau_m_ms}, {"kernel_dt_ms", model->lfp.kernel_dt_ms},
    {"kernel_duration_ms", model->lfp.kernel_duration_ms}, {"dt_ms", model->simulation.dt_ms},
    {"sigma_S_per_m", model->probe.sigma_S_per_m}, {"d_lambda", MESO_LFP_D_LAMBDA},
    {"d_lambda_frequency_Hz", MESO_LFP_D_LAMBDA_FREQUENCY_HZ},
    {"min_layer_area_um2", meso_cell_min_layer_area_um2},
  };
  meso_attrs *attrs = meso_result_group_attrs(result, "/kernels");
  if (attrs == NULL) MESO_FAIL(err, MESO_ENOMEM, "cannot add attributes");
  for (size_t i = 0; i < sizeof number / sizeof number[0]; i++)
    MESO_TRY(meso_attrs_set_number(attrs, number[i].key, number[i].value, err));
  MESO_TRY(meso_attrs_set_text(attrs, "method", "population", err));
  MESO_TRY(meso_attrs_set_text(attrs, "doc", "mV at a contact per spike "
                               "of one source neuron, at lag 0, kernel_dt_ms, ...; mean over the "
                               "wiring, one representative passive cell per type", err));
  MESO_TRY(add_moved_text(b, attrs, err));
cleanup:
  return status;
}

/* ---- of which model they are -------------------------------------------------------------- */

/** Kernels of neurons depend on the wiring, so on the seed, and hold the output filter. */
static bool kernels_depend_on(const meso_model *model, const char *line)
{
  static const char *const never[] = {"simulation.duration_ms ", "thalamus.", "lfp.external ",
                                      "lfp.proxies ", "lfp.ensemble"};
  static const char *const not_of_pathways[] = {"simulation.seed ", "lfp.placement_seed ",
                                                "lfp.output_rate_Hz "};
  if (strncmp(line, "cells.", 6) == 0 && strstr(line, ".alternatives ") != NULL) return false;
  for (size_t i = 0; i < sizeof never / sizeof never[0]; i++)
    if (strncmp(line, never[i], strlen(never[i])) == 0) return false;
  for (size_t i = 0; i < sizeof not_of_pathways / sizeof not_of_pathways[0]; i++)
    if (model->lfp.method == MESO_LFP_POPULATION
        && strncmp(line, not_of_pathways[i], strlen(not_of_pathways[i])) == 0)
      return false;
  return true;
}

/** Lines of the canonical text that kernels depend on; they point into *ret_text, which the caller
 *  frees as well as the list. */
static meso_status model_lines(const meso_model *model, char **ret_text, const char ***ret_line,
                               size_t *ret_n, meso_err *err)
{
  meso_status status = MESO_OK;
  size_t n_breaks = 0, n = 0;
  char *text = meso_model_canonical(model, MESO_SECTION_NETWORK | MESO_SECTION_LFP);
  const char **line = NULL;
  if (text == NULL) MESO_FAIL(err, MESO_ENOMEM, "cannot write the model as text");
  for (const char *c = text; *c != '\0'; c++) n_breaks += *c == '\n';
  MESO_ALLOC(err, line, n_breaks);
  for (char *at = text, *end; (end = strchr(at, '\n')) != NULL; at = end + 1) {
    *end = '\0';
    if (kernels_depend_on(model, at)) line[n++] = at;
  }
  *ret_n = n;
  *ret_text = text;
  *ret_line = line;
  text = NULL;
cleanup:
  free(text);
  return status;
}

/** Which parts of the LFP are wanted, for those who apply the kernels; and whose synapses these
 *  are. */
static meso_status add_use(const meso_model *model, meso_result *result, meso_err *err)
{
  meso_status status = MESO_OK;
  const meso_model_section *section = meso_model_sections();
  while (section->path != NULL && strcmp(section->path, "lfp") != 0) section++;
  char *text = meso_param_format(meso_param_find(section->rows, "contributions"), &model->lfp);
  meso_attrs *attrs = meso_result_group_attrs(result, "/kernels");
  if (text == NULL || attrs == NULL) MESO_FAIL(err, MESO_ENOMEM, "cannot add attributes");
  MESO_TRY(meso_attrs_set_text(attrs, "contributions", text, err));
  MESO_TRY(meso_attrs_set_text(attrs, "connectivity", model->lfp.method != MESO_LFP_NEURON
                               ? MESO_CONNECTIVITY_MEAN
                               : model->simulation.network_file[0] != '\0'
                               ? MESO_CONNECTIVITY_GIVEN
                               : "drawn from the model by its seed: for spikes of this network the "
                               MESO_CONNECTIVITY_TRUE ", for others " MESO_CONNECTIVITY_REDRAWN,
                               err));
cleanup:
  free(text);
  return status;
}

static meso_status add_model(const meso_model *model, meso_result *result, meso_err *err)
{
  meso_status status = MESO_OK;
  char *text = NULL;
  const char **line = NULL;
  size_t n = 0;
  MESO_TRY(model_lines(model, &text, &line, &n, err));
  MESO_TRY(meso_result_add_text(result, "/kernels/model", n, line, err));
cleanup:
  free(line);
  free(text);
  return status;
}

meso_status meso_kernels_check(const meso_result *kernels, const meso_model *model, meso_err *err)
{
  meso_status status = MESO_OK;
  char *text = NULL;
  const char **line = NULL;
  size_t n = 0;
  const meso_array *of = meso_result_find(kernels, "/kernels/model");
  if (of == NULL || of->text == NULL)
    MESO_FAIL(err, MESO_EFORMAT, "/kernels/model: missing: not kernels, or of an unknown model");
  const size_t n_of = meso_array_count(of);
  MESO_TRY(model_lines(model, &text, &line, &n, err));
  for (size_t i = 0; i < n || i < n_of; i++) {
    const char *here = i < n ? line[i] : "nothing", *there = i < n_of ? of->text[i] : "nothing";
    if (strcmp(here, there) != 0)
      MESO_FAIL(err, MESO_EINVAL, "kernels of another model: the model has %.300s, they have "
                "%.300s", here, there);
  }
cleanup:
  free(line);
  free(text);
  return status;
}

/** Kernels of all pathways. */
static meso_status add_pathways(const meso_model *model, size_t n_dirs,
                                const char *const *morphology_dirs, int n_threads,
                                const meso_progress *progress, meso_result *result, meso_err *err)
{
  meso_status status = MESO_OK;
  build b = {.model = model};
  MESO_TRY(prepare(&b, n_dirs, morphology_dirs, err));
  MESO_TRY(add_kernels(&b, n_threads, progress, result, err));
  MESO_TRY(add_names(&b, result, err));
  MESO_TRY(add_numbers(&b, result, err));
  MESO_TRY(add_attributes(&b, result, err));
cleanup:
  build_clear(&b);
  return status;
}

/** Kernels of all neurons; on request also what populations make of them. */
static meso_status add_neurons(const meso_model *model, size_t n_dirs,
                               const char *const *morphology_dirs, int n_threads,
                               const meso_progress *progress, meso_result *result, meso_err *err)
{
  meso_status status = MESO_OK;
  meso_result *pathways = NULL;
  MESO_TRY(meso_neuron_kernels_add(model, n_dirs, morphology_dirs, n_threads, progress, result,
                                   err));
  if (model->lfp.external == MESO_EXTERNAL_GAUSSIAN)
    MESO_TRY(meso_external_add(model, model->lfp.dipole, n_dirs, morphology_dirs, n_threads,
                               progress, result, err));
  if (!model->lfp.approximations) return MESO_OK;
  if (model->lfp.kernel_dt_ms != model->simulation.dt_ms)
    MESO_FAIL(err, MESO_EINVAL, "%s: lfp.kernel_dt_ms = %g must be simulation.dt_ms = %g for "
              "lfp.approximations", model->path, model->lfp.kernel_dt_ms, model->simulation.dt_ms);
  MESO_TRY(meso_result_create(&pathways, err));
  MESO_TRY(add_pathways(model, n_dirs, morphology_dirs, n_threads, progress, pathways, err));
  MESO_TRY(meso_kernel_means_add(model, pathways, result, err));
cleanup:
  meso_result_destroy(pathways);
  return status;
}

meso_status meso_kernels_build(const meso_model *model, size_t n_dirs,
                               const char *const *morphology_dirs, int n_threads,
                               const meso_progress *progress, meso_result **ret_kernels,
                               meso_err *err)
{
  static meso_status (*const add[])(const meso_model *, size_t, const char *const *, int,
                                    const meso_progress *, meso_result *, meso_err *) = {
    [MESO_LFP_POPULATION] = add_pathways, [MESO_LFP_NEURON] = add_neurons};
  meso_status status = MESO_OK;
  meso_result *result = NULL;
  MESO_TRY(check_model(model, err));
  MESO_TRY(meso_result_create(&result, err));
  MESO_TRY(add[model->lfp.method](model, n_dirs, morphology_dirs, n_threads, progress, result,
                                  err));
  MESO_TRY(add_charge(model, result, err));
  MESO_TRY(add_external_share(model, result, err));
  MESO_TRY(add_populations(model, result, err));
  MESO_TRY(add_use(model, result, err));
  MESO_TRY(add_model(model, result, err));
  *ret_kernels = result;
  result = NULL;
cleanup:
  meso_result_destroy(result);
  return status;
}
