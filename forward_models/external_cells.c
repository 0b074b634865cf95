/* external_cells.c: single external events at the probe. */
#include "external_cells.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#ifdef _OPENMP
#include <omp.h>
#endif

double external_mean(const external_cells *x, size_t population)
{
  return x->model->population[population].background_rate_Hz * x->model->simulation.dt_ms * 1e-3;
}

double external_weight_nA(const external_cells *x, size_t population)
{
  const double step_pA = x->wiring->weight_step_pA;
  return rint(x->model->population[population].background_weight_pA / step_pA) * step_pA * 1e-3;
}

/* ---- preparation -------------------------------------------------------------------------- */

/** f_a from the functions that the basis has. */
static meso_status set_course(external_cells *x, meso_err *err)
{
  meso_status status = MESO_OK;
  const meso_basis *b = &x->basis;
  const size_t F = b->n_functions;
  x->n_functions = b->n_undelayed;
  x->first_lag = b->first_lag;
  x->n_lags = b->n_lags;
  MESO_ALLOC(err, x->course, x->n_lags * x->n_functions);
  for (size_t t = 0; t < x->n_lags; t++)
    for (size_t a = 0; a < x->n_functions; a++)
      for (size_t f = 0; f < F; f++)
        x->course[t * x->n_functions + a] += (double) b->shift[a * F + f] * b->function[t * F + f];
cleanup:
  return status;
}

/** Leaves out cells without external events. */
static void choose_receivers(external_cells *x)
{
  size_t n = 0;
  for (size_t i = 0; i < x->n_chosen; i++) {
    const meso_population *p = &x->model->population[x->chosen[i].population];
    if (p->background_rate_Hz > 0 && p->background_weight_pA != 0) x->chosen[n++] = x->chosen[i];
  }
  x->n_chosen = n;
}

static meso_status create_workers(external_cells *x, meso_err *err)
{
  meso_status status = MESO_OK;
  MESO_ALLOC(err, x->worker, (size_t) x->n_threads);
  for (int t = 0; t < x->n_threads; t++) {
    external_worker *w = &x->worker[t];
    MESO_ALLOC(err, w->columns, 6 * x->largest_shape);
    MESO_ALLOC(err, w->work, meso_cell_probe_work(x->largest_shape));
    MESO_ALLOC(err, w->z_um, x->largest_shape);
    MESO_ALLOC(err, w->part, x->largest_shape);
  }
cleanup:
  return status;
}

static meso_status allocate_batch(external_cells *x, meso_err *err)
{
  meso_status status = MESO_OK;
  const size_t n = x->n_chosen < EXTERNAL_BATCH ? x->n_chosen : EXTERNAL_BATCH;
  for (size_t y = 0; y < x->model->n_cell_types; y++)
    if (x->shape[y].morphology->n_segments > x->largest_shape)
      x->largest_shape = x->shape[y].morphology->n_segments;
  x->rows_stride = (x->largest_shape * x->n_functions + LFP_PANEL - 1) / LFP_PANEL * LFP_PANEL
    * LFP_LANES;
  MESO_ALLOC_ALIGNED(err, x->matrix, n * x->n_blocks * x->largest_shape * LFP_LANES);
  MESO_ALLOC_ALIGNED(err, x->rows, n * x->n_blocks * x->rows_stride);
  MESO_ALLOC(err, x->probability, n * x->largest_shape);
  MESO_TRY(create_workers(x, err));
cleanup:
  return status;
}

meso_status external_cells_init(external_cells *x, const meso_model *model, bool moment,
                                size_t n_dirs, const char *const *morphology_dirs, int n_threads,
                                meso_err *err)
{
  meso_status status = MESO_OK;
  static const double no_delay = 1;
  *x = (external_cells) {.model = model, .n_threads = n_threads > 0 ? n_threads : 1,
                         .loops = lfp_loops_choose(NULL), .n_contacts = model->probe.contacts.n};
  MESO_TRY(meso_cell_shapes_read(model, n_dirs, morphology_dirs, &x->shape, err));
  MESO_TRY(meso_wiring_create(model, &x->wiring, err));
  MESO_TRY(meso_cell_probe_init(model, &x->medium, err));
  MESO_TRY(meso_basis_init(model, x->shape, &x->medium, x->n_contacts,
                           model->probe.contacts.xyz_um, 0, 1, &no_delay, x->n_threads, &x->basis,
                           err));
  MESO_TRY(set_course(x, err));
  MESO_TRY(meso_cells_choose(model, &x->chosen, &x->n_chosen, err));
  choose_receivers(x);
  x->n_rows = x->n_contacts + (moment ? 3 : 0);
  x->n_blocks = (x->n_rows + LFP_LANES - 1) / LFP_LANES;
  MESO_ALLOC(err, x->block, x->n_blocks);
  for (size_t b = 0; b < x->n_blocks; b++)
    x->block[b] = lfp_probe_block_make(x->n_contacts, model->probe.contacts.xyz_um, x->n_rows, b);
  MESO_TRY(allocate_batch(x, err));
cleanup:
  return status;
}

void external_cells_clear(external_cells *x)
{
  for (int t = 0; x->worker != NULL && t < x->n_threads; t++) {
    free(x->worker[t].columns);
    free(x->worker[t].work);
    free(x->worker[t].z_um);
    free(x->worker[t].part);
  }
  free(x->worker);
  if (x->shape != NULL) meso_cell_shapes_destroy(x->model, x->shape);
  meso_wiring_destroy(x->wiring);
  meso_basis_clear(&x->basis);
  meso_cell_probe_clear(&x->medium);
  free(x->block);
  free(x->course);
  free(x->chosen);
  free(x->matrix);
  free(x->rows);
  free(x->probability);
}

/* ---- where events act --------------------------------------------------------------------- */

static meso_status by_area(const external_cells *x, external_worker *w, external_cell *cell)
{
  meso_status status = MESO_OK;
  const meso_cell_shape *shape = &x->shape[cell->place.type];
  const meso_morphology *m = shape->morphology;
  double total = 0;
  for (size_t j = 0; j < m->n_segments; j++) {
    const bool takes = shape->section_types >> m->section_type[m->segment_section[j]] & 1;
    cell->probability[j] = takes ? m->area_um2[j] : 0;
    total += cell->probability[j];
  }
  if (!(total > 0))
    MESO_FAIL(&w->err, MESO_EINVAL, "external input of cell type %s: no membrane of sections '%s'",
              x->model->cell_type[cell->place.type].name,
              x->model->cell_type[cell->place.type].sections);
  for (size_t j = 0; j < m->n_segments; j++) cell->probability[j] /= total;
cleanup:
  return status;
}

/** Mean of the densities of the excitatory projections, by their synapses on the cell type. */
static meso_status as_input(const external_cells *x, external_worker *w, external_cell *cell)
{
  meso_status status = MESO_OK;
  const meso_model *m = x->model;
  const size_t type = cell->place.type;
  const meso_cell_shape *shape = &x->shape[type];
  double total = 0;
  memset(cell->probability, 0, cell->n_segments * sizeof *cell->probability);
  for (size_t p = 0; p < m->n_projections; p++) {
    const meso_projection *q = &m->projection[p];
    const double n = (double) q->n_synapses * m->cell_type[type].share[q->source];
    if (q->target != cell->id.population || m->population[q->source].sign != MESO_EXCITATORY
        || !(n > 0))
      continue;
    if (isnan(meso_cell_synapse_probability(m, shape, type, q->source, w->z_um, w->part)))
      continue;
    for (size_t j = 0; j < cell->n_segments; j++) cell->probability[j] += n * w->part[j];
    total += n;
  }
  if (!(total > 0))
    MESO_FAIL(&w->err, MESO_EINVAL, "lfp.external_synapses = input: cell type %s has no "
              "excitatory synapses from the network to follow; use area", m->cell_type[type].name);
  for (size_t j = 0; j < cell->n_segments; j++) cell->probability[j] /= total;
cleanup:
  return status;
}

/* ---- a batch ------------------------------------------------------------------------------ */

static void load_cell(const external_cells *x, external_worker *w, size_t i, external_cell *cell)
{
  static meso_status (*const density[])(const external_cells *, external_worker *,
                                        external_cell *) = {
    [MESO_EXTERNAL_AREA] = by_area, [MESO_EXTERNAL_INPUT] = as_input};
  const double *xyz = x->wiring->xyz_um[cell->id.population];
  meso_cell_place(x->model, x->shape, cell->id.population, cell->id.neuron,
                  xyz != NULL ? xyz + 3 * (size_t) cell->id.neuron : NULL, &cell->place);
  const meso_cell_shape *shape = &x->shape[cell->place.type];
  const lfp_segments s = meso_cell_columns(shape, &cell->place, w->columns);
  cell->n_segments = s.n;
  cell->rows = x->rows + i * x->n_blocks * x->rows_stride;
  cell->probability = x->probability + i * x->largest_shape;
  for (size_t j = 0; j < s.n; j++) w->z_um[j] = 0.5 * (s.start_um[2][j] + s.end_um[2][j]);
  if (w->status == MESO_OK) w->status = density[x->model->lfp.external_synapses](x, w, cell);
  for (size_t b = 0; b < x->n_blocks && w->status == MESO_OK; b++)
    w->status = lfp_probe_matrix(&x->medium, shape, &s, &x->block[b], w->work,
                                 x->matrix + (i * x->n_blocks + b) * x->largest_shape * LFP_LANES,
                                 &w->err);
}

/** Cells of one shape, block by block. cell (n): their numbers in the batch. */
static void respond_group(const external_cells *x, size_t n, const size_t *cell)
{
  const external_cell *first = &x->cell[cell[0]];
  const float *matrix[MESO_CELL_GROUP];
  float *out[MESO_CELL_GROUP];
  const size_t c = meso_basis_find(&x->basis, x->model, first->place.type, MESO_EXCITATORY);
  const size_t n_rows = (first->n_segments * x->n_functions + LFP_PANEL - 1) / LFP_PANEL
    * LFP_PANEL;
  for (size_t b = 0; b < x->n_blocks; b++) {
    for (size_t i = 0; i < n; i++) {
      matrix[i] = x->matrix + (cell[i] * x->n_blocks + b) * x->largest_shape * LFP_LANES;
      out[i] = x->cell[cell[i]].rows + b * x->rows_stride;
    }
    x->loops->respond(x->basis.class_[c].response, n_rows, first->n_segments, n, matrix, out);
  }
}

static void respond_all(external_cells *x)
{
  size_t type[EXTERNAL_BATCH], order[EXTERNAL_BATCH], start[EXTERNAL_BATCH + 1];
  for (size_t i = 0; i < x->n_batch; i++) type[i] = x->cell[i].place.type;
  const size_t n_groups = meso_cells_group(x->n_batch, type, order, start);
#pragma omp parallel for schedule(dynamic) num_threads(x->n_threads)
  for (size_t g = 0; g < n_groups; g++)
    respond_group(x, start[g + 1] - start[g], order + start[g]);
}

static int this_thread(void)
{
#ifdef _OPENMP
  return omp_get_thread_num();
#else
  return 0;
#endif
}

meso_status external_cells_load(external_cells *x, size_t first, meso_err *err)
{
  x->n_batch = 0;
  for (size_t i = first; i < x->n_chosen && x->n_batch < EXTERNAL_BATCH
       && x->chosen[i].population == x->chosen[first].population; i++)
    x->cell[x->n_batch++] = (external_cell) {.id = x->chosen[i]};
#pragma omp parallel for schedule(static) num_threads(x->n_threads)
  for (size_t i = 0; i < x->n_batch; i++)
    load_cell(x, &x->worker[this_thread()], i, &x->cell[i]);
  for (int t = 0; t < x->n_threads; t++)
    if (x->worker[t].status != MESO_OK) {
      if (err != NULL) *err = x->worker[t].err;
      return x->worker[t].status;
    }
  respond_all(x);
  return MESO_OK;
}
