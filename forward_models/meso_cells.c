/* meso_cells.c: shapes, places and synapse densities of a model's cells.
 *
 * 1. shapes
 * 2. which cells
 * 3. places
 * 4. synapses
 */
#include "meso_cells.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <gsl/gsl_cdf.h>

#include "meso_io.h"
#include "meso_space.h"

enum { MAX_PATH = 4096 };
const double meso_cell_min_layer_area_um2 = 1;

/* ---- synaptic currents -------------------------------------------------------------------- */

meso_cell_current meso_cell_synapse_current(const meso_model *model, size_t population, int sign)
{
  const meso_neuron_synapse *s = &model->population[population].synapse[sign];
  const double tau_ms = model->lfp.delta_tau_ms;
  if (s->tau_ms > 0) return (meso_cell_current) {s->tau_ms, s->tau_rise_ms, 1};
  return (meso_cell_current) {tau_ms, 0, tau_ms > 0 ? s->charge / tau_ms : 0};
}

meso_status meso_cells_check_currents(const meso_model *model, meso_err *err)
{
  meso_status status = MESO_OK;
  for (size_t y = 0; y < model->n_cell_types; y++) {
    const size_t at = model->cell_type[y].population;
    const meso_population *p = &model->population[at];
    if (!(meso_cell_synapse_current(model, at, MESO_EXCITATORY).tau_ms > 0))
      MESO_FAIL(err, MESO_EINVAL, "%s: lfp.delta_tau_ms = 0 ms: must be above 0 for "
                "populations.%s.model = %s, whose input makes the potential jump: in the LFP an "
                "exponential current of this time constant and the same charge stands for it",
                model->path, p->name, meso_population_ops(p)->name);
  }
cleanup:
  return status;
}

/* ---- 1. shapes ---------------------------------------------------------------------------- */

static meso_status find_morphology(const meso_cell_type *type, const char *name, size_t n_dirs,
                                   const char *const *dirs, char *path, meso_err *err)
{
  meso_status status = MESO_OK;
  if (name == NULL || name[0] == '\0')
    MESO_FAIL(err, MESO_EINVAL, "cell type %s has no morphology", type->name);
  const int absolute = name[0] == '/';
  for (size_t i = 0; i < (absolute ? 1 : n_dirs); i++) {
    const int n = snprintf(path, MAX_PATH, "%s%s%s", absolute ? "" : dirs[i], absolute ? "" : "/",
                           name);
    if (n > 0 && n < MAX_PATH && access(path, R_OK) == 0) return MESO_OK;
  }
  char searched[700] = "";
  for (size_t i = 0, used = 0; i < (absolute ? 0 : n_dirs) && used < sizeof searched; i++)
    used += (size_t) snprintf(searched + used, sizeof searched - used, "%s%s",
                              i > 0 ? ", " : "; searched ", dirs[i]);
  MESO_FAIL(err, MESO_ENOTFOUND, "%s%scells.%s.morphology = %s: there is no such file%s",
            type->morphology_place != NULL ? type->morphology_place : "",
            type->morphology_place != NULL ? ": " : "", type->name, name, searched);
cleanup:
  return status;
}

static meso_status read_shape(const meso_model *model, size_t type, size_t n_dirs,
                              const char *const *dirs, meso_cell_shape *shape, meso_err *err)
{
  meso_status status = MESO_OK;
  const meso_cell_type *ct = &model->cell_type[type];
  const meso_discretisation cut = {model->lfp.Ra_Ohm_cm, model->lfp.cm_uF_per_cm2,
                                   MESO_LFP_D_LAMBDA, MESO_LFP_D_LAMBDA_FREQUENCY_HZ, 0};
  char path[MAX_PATH];
  MESO_TRY(find_morphology(ct, ct->morphology, n_dirs, dirs, path, err));
  MESO_TRY(meso_section_types_parse(ct->sections != NULL ? ct->sections : "",
                                    &shape->section_types, err));
  shape->soma_z_um = meso_space_depth_um(model, ct->population);
  MESO_TRY(meso_morphology_read(path, &cut, &shape->morphology, err));
  meso_morphology_place(shape->morphology, 0, 0, 0);
cleanup:
  return status;
}

meso_status meso_cell_shapes_read(const meso_model *model, size_t n_dirs, const char *const *dirs,
                                  meso_cell_shape **ret_shapes, meso_err *err)
{
  meso_status status = MESO_OK;
  meso_cell_shape *shapes = NULL;
  MESO_ALLOC(err, shapes, model->n_cell_types);
  for (size_t y = 0; y < model->n_cell_types; y++)
    MESO_TRY(read_shape(model, y, n_dirs, dirs, &shapes[y], err));
  *ret_shapes = shapes;
  shapes = NULL;
cleanup:
  meso_cell_shapes_destroy(model, shapes);
  return status;
}

/** Adds a line with a file's name and checksum to a text of *n bytes. */
static meso_status add_file(const meso_cell_type *type, const char *name, size_t n_dirs,
                            const char *const *dirs, char **text, size_t *n, meso_err *err)
{
  meso_status status = MESO_OK;
  char path[MAX_PATH], sha256[65];
  MESO_TRY(find_morphology(type, name, n_dirs, dirs, path, err));
  MESO_TRY(meso_sha256_file(path, sha256, err));
  const size_t more = strlen(name) + sizeof sha256 + 3;
  char *bigger = meso_realloc(*text, *n + more, 1);
  if (bigger == NULL) MESO_FAIL(err, MESO_ENOMEM, "cannot allocate the checksums of cells");
  *text = bigger;
  *n += (size_t) snprintf(bigger + *n, more, "%s %s\n", name, sha256);
cleanup:
  return status;
}

meso_status meso_cell_shapes_digest(const meso_model *model, size_t n_dirs,
                                    const char *const *dirs, bool alternatives, char out[65],
                                    meso_err *err)
{
  meso_status status = MESO_OK;
  char *text = NULL, *list = NULL, *rest = NULL;
  size_t n = 0;
  for (size_t y = 0; y < model->n_cell_types; y++) {
    const meso_cell_type *type = &model->cell_type[y];
    MESO_TRY(add_file(type, type->morphology, n_dirs, dirs, &text, &n, err));
    if (!alternatives || type->alternatives == NULL) continue;
    free(list);
    MESO_STRDUP(err, list, type->alternatives);
    for (char *name = strtok_r(list, " ,", &rest); name != NULL; name = strtok_r(NULL, " ,", &rest))
      MESO_TRY(add_file(type, name, n_dirs, dirs, &text, &n, err));
  }
  meso_sha256_bytes(text != NULL ? text : "", n, out);
cleanup:
  free(text);
  free(list);
  return status;
}

void meso_cell_shapes_destroy(const meso_model *model, meso_cell_shape *shapes)
{
  for (size_t y = 0; shapes != NULL && y < model->n_cell_types; y++)
    meso_morphology_destroy(shapes[y].morphology);
  free(shapes);
}

/* ---- 2. which cells ----------------------------------------------------------------------- */

static bool has_cells(const meso_model *model, size_t population)
{
  for (size_t y = 0; y < model->n_cell_types; y++)
    if (model->cell_type[y].population == population) return true;
  return false;
}

meso_status meso_cells_choose(const meso_model *model, meso_cell_id **ret_cells, size_t *ret_n,
                              meso_err *err)
{
  meso_status status = MESO_OK;
  const size_t wanted = (size_t) model->lfp.n_cells;
  size_t n_candidates = 0, candidate = 0, n = 0;
  meso_cell_id *cells = NULL;
  for (size_t p = 0; p < model->n_populations; p++)
    if (has_cells(model, p)) n_candidates += (size_t) model->population[p].size;
  const size_t n_chosen = wanted > 0 && wanted < n_candidates ? wanted : n_candidates;
  MESO_ALLOC(err, cells, n_chosen);
  for (size_t p = 0; p < model->n_populations; p++)
    for (uint32_t i = 0; has_cells(model, p) && i < (uint32_t) model->population[p].size; i++) {
      const size_t before = candidate++ * n_chosen / n_candidates;
      if (candidate * n_chosen / n_candidates > before)
        cells[n++] = (meso_cell_id) {(uint32_t) p, i};
    }
  *ret_cells = cells;
  *ret_n = n;
cleanup:
  return status;
}

/* ---- 3. places ---------------------------------------------------------------------------- */

enum { TYPE, RADIUS, ANGLE, DEPTH, ROTATION, N_UNIFORMS = ROTATION + 3 };

/** Uniform numbers of a cell, two a block, each with the seed of what it is for. */
static void draw_uniforms(const meso_model *model, uint32_t neuron, double u[N_UNIFORMS])
{
  const meso_cell_draws *draws = &model->lfp.draws;
  const int64_t seed[N_UNIFORMS] = {
    draws->type, draws->place, draws->place, draws->place,
    draws->rotation, draws->rotation, draws->rotation};
  for (unsigned i = 0; i < N_UNIFORMS; i++) {
    uint32_t word[4];
    meso_rng_block(meso_rng_key_make(seed[i], MESO_RNG_CELL),
                   (const uint32_t[4]) {neuron, i / 2, 0, 0}, word);
    u[i] = meso_rng_uniform(word[i % 2 * 2], word[i % 2 * 2 + 1]);
  }
}

size_t meso_cells_group(size_t n, const size_t *type, size_t *order, size_t *start)
{
  size_t n_types = 0, n_groups = 0, n_ordered = 0;
  for (size_t i = 0; i < n; i++) n_types = type[i] >= n_types ? type[i] + 1 : n_types;
  for (size_t t = 0; t < n_types; t++) {
    size_t n_in_group = MESO_CELL_GROUP;
    for (size_t i = 0; i < n; i++) {
      if (type[i] != t) continue;
      if (n_in_group++ == MESO_CELL_GROUP) {
        start[n_groups++] = n_ordered;
        n_in_group = 1;
      }
      order[n_ordered++] = i;
    }
  }
  start[n_groups] = n;
  return n_groups;
}

meso_rng_key meso_cell_synapse_key(const meso_model *model)
{
  return meso_rng_key_make(model->lfp.draws.synapse, MESO_RNG_PLACEMENT);
}

static size_t choose_type(const meso_model *model, size_t population, double u)
{
  size_t last = 0;
  double cumulative = 0;
  for (size_t y = 0; y < model->n_cell_types; y++) {
    if (model->cell_type[y].population != population) continue;
    cumulative += model->cell_type[y].fraction;
    last = y;
    if (u < cumulative) break;
  }
  return last;
}

static void rotate_about_z(double u, double *r)
{
  const double c = cos(2 * M_PI * u), s = sin(2 * M_PI * u);
  const double about_z[9] = {c, -s, 0, s, c, 0, 0, 0, 1};
  memcpy(r, about_z, sizeof about_z);
}

/** Uniform over all rotations: a random unit quaternion (Shoemake 1992, Graphics Gems III). */
static void rotate_at_random(const double u[3], double *r)
{
  const double a = sqrt(1 - u[0]), b = sqrt(u[0]);
  const double x = a * sin(2 * M_PI * u[1]), y = a * cos(2 * M_PI * u[1]);
  const double z = b * sin(2 * M_PI * u[2]), w = b * cos(2 * M_PI * u[2]);
  const double any[9] = {
    1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w),
    2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w),
    2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)};
  memcpy(r, any, sizeof any);
}

void meso_cell_place(const meso_model *model, const meso_cell_shape *shapes, size_t population,
                     uint32_t neuron, const double *network_xyz, meso_cell *cell)
{
  const meso_lfp_params *lfp = &model->lfp;
  double u[N_UNIFORMS];
  draw_uniforms(model, (uint32_t) model->population[population].first_neuron + neuron, u);
  cell->type = choose_type(model, population, u[TYPE]);
  if (network_xyz != NULL) {
    cell->soma_um[0] = network_xyz[0];
    cell->soma_um[1] = network_xyz[1];
  } else {
    const double inner = lfp->clearance_um * lfp->clearance_um;
    const double r = sqrt(inner + u[RADIUS] * (lfp->radius_um * lfp->radius_um - inner));
    cell->soma_um[0] = r * cos(2 * M_PI * u[ANGLE]);
    cell->soma_um[1] = r * sin(2 * M_PI * u[ANGLE]);
  }
  const bool is_in_box = network_xyz != NULL && model->space.extent_z_um > 0;
  cell->soma_um[2] = is_in_box ? network_xyz[2]
    : shapes[cell->type].soma_z_um + lfp->soma_sd_um * gsl_cdf_ugaussian_Pinv(u[DEPTH]);
  if (model->cell_type[cell->type].rotation == MESO_ROTATION_Z)
    rotate_about_z(u[ROTATION], cell->rotation);
  else
    rotate_at_random(u + ROTATION, cell->rotation);
}

static void turn_and_move(const meso_cell *cell, const double *at, double *to)
{
  const double *r = cell->rotation;
  for (int k = 0; k < 3; k++)
    to[k] = r[3 * k] * at[0] + r[3 * k + 1] * at[1] + r[3 * k + 2] * at[2] + cell->soma_um[k];
}

void meso_cell_segments(const meso_cell_shape *shape, const meso_cell *cell, double *start_um,
                        double *end_um)
{
  const meso_morphology *m = shape->morphology;
  for (size_t j = 0; j < m->n_segments; j++) {
    turn_and_move(cell, m->start_um + 3 * j, start_um + 3 * j);
    turn_and_move(cell, m->end_um + 3 * j, end_um + 3 * j);
  }
}

lfp_segments meso_cell_columns(const meso_cell_shape *shape, const meso_cell *cell,
                               double *columns)
{
  const meso_morphology *m = shape->morphology;
  const size_t n = m->n_segments;
  lfp_segments s = {.n = n, .diam_um = m->diam_um};
  for (size_t j = 0; j < n; j++) {
    double start[3], end[3];
    turn_and_move(cell, m->start_um + 3 * j, start);
    turn_and_move(cell, m->end_um + 3 * j, end);
    for (size_t k = 0; k < 3; k++) {
      columns[k * n + j] = start[k];
      columns[(3 + k) * n + j] = end[k];
    }
  }
  for (size_t k = 0; k < 3; k++) {
    s.start_um[k] = columns + k * n;
    s.end_um[k] = columns + (3 + k) * n;
  }
  return s;
}

/* ---- 4. synapses -------------------------------------------------------------------------- */

static bool in_layer(const meso_layer *layer, double z_um)
{
  return z_um >= fmin(layer->z_top_um, layer->z_bottom_um)
    && z_um < fmax(layer->z_top_um, layer->z_bottom_um);
}

/** Adds a layer's share to its segments by area; returns that area. */
static double fill_layer(const meso_cell_shape *shape, const meso_layer *layer, double share,
                         const double *z_um, double *probability)
{
  const meso_morphology *m = shape->morphology;
  double area = 0;
  for (int pass = 0; pass < 2; pass++)
    for (size_t j = 0; j < m->n_segments; j++) {
      if ((shape->section_types >> m->section_type[m->segment_section[j]] & 1) == 0) continue;
      if (!in_layer(layer, z_um[j])) continue;
      if (pass == 0) area += m->area_um2[j];
      else if (area >= meso_cell_min_layer_area_um2)
        probability[j] += share * m->area_um2[j] / area;
    }
  return area;
}

double meso_cell_synapse_probability(const meso_model *model, const meso_cell_shape *shape,
                                     size_t type, size_t source_population, const double *z_um,
                                     double *probability)
{
  const double *share = model->cell_type[type].layer_share + source_population * model->n_layers;
  const size_t n = shape->morphology->n_segments;
  double placed = 0, total = 0;
  memset(probability, 0, n * sizeof *probability);
  for (size_t l = 0; l < model->n_layers; l++) {
    if (!(share[l] > 0)) continue;
    total += share[l];
    if (fill_layer(shape, &model->layer[l], share[l], z_um, probability)
        >= meso_cell_min_layer_area_um2)
      placed += share[l];
  }
  if (!(placed > 0)) return NAN;
  for (size_t j = 0; j < n; j++) probability[j] /= placed;
  return 1 - placed / total;
}

meso_status meso_cell_synapse_numbers(const meso_model *model, const meso_cell_shape *shape,
                                      size_t type, int sign, const double *z_um, double *number,
                                      meso_err *err)
{
  meso_status status = MESO_OK;
  const size_t n = shape->morphology->n_segments, target = model->cell_type[type].population;
  double *probability = NULL;
  MESO_ALLOC(err, probability, n);
  memset(number, 0, n * sizeof *number);
  for (size_t p = 0; p < model->n_projections; p++) {
    const meso_projection *q = &model->projection[p];
    const double degree = (double) q->n_synapses / (double) model->population[target].size;
    if (q->target != target || model->population[q->source].sign != sign || !(degree > 0)) continue;
    if (isnan(meso_cell_synapse_probability(model, shape, type, q->source, z_um, probability)))
      MESO_FAIL(err, MESO_EINVAL, "synapses of %s on cell type %s: no layer with a share has "
                "membrane", q->source_name, model->cell_type[type].name);
    for (size_t j = 0; j < n; j++) number[j] += degree * probability[j];
  }
cleanup:
  free(probability);
  return status;
}
