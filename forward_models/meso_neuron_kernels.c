/* meso_neuron_kernels.c: from the wiring to one kernel per neuron.
 *
 * The chosen cells go by in batches of a fixed number:
 * 1. every cell of the batch: place, potentials, its synapses, drawn again from the seed
 * 2. every group of cells with one shape: signals of unit events (lfp_loops.respond)
 * 3. synapses sorted by their source, in the order of the cells
 * 4. every source: its synapses added up by delay, then shifted into its kernel
 * 5. some sources once more, from the same responses, potentials and weights in double precision
 * Whoever does the work, each kernel is the sum of the same numbers in the same order.
 */
#include "meso_neuron_kernels.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifdef _OPENMP
#include <omp.h>
#endif

#include "lfp_loops.h"
#include "lfp_probe.h"
#include "meso_basis.h"
#include "meso_cell_probe.h"
#include "meso_cells.h"
#include "meso_space.h"
#include "meso_wiring.h"

enum { BATCH = 1024 }; /* cells */
enum { GUIDE = 256 };              /* of the choice of a segment */
enum { AT_ONCE = 2 };              /* blocks of rows of the probe that share their synapses */
enum { N_CHECKED = 2 };            /* neurons whose kernels are also made in double precision */

/* A cell of the batch. */
typedef struct batch_cell {
  size_t population;
  uint32_t neuron;
  meso_cell place;
  size_t first_synapse, n_synapses;
  size_t first_row[2];   /* of synapses from excitatory, inhibitory sources */
} batch_cell;

/* Scratch of a thread. */
typedef struct worker {
  meso_wiring_row row;
  double *columns, *work;         /* of the largest shape */
  double *z_um, *probability;
  uint64_t *threshold;            /* 2^32 P(segment <= k) */
  uint16_t guide[GUIDE];
  uint32_t *count;                /* (n_sources) of its synapses in the batch */
  float *sums;
  uint8_t *used;
  meso_status status;
  meso_err err;
} worker;

struct meso_neuron_builder {
  const meso_model *model;
  meso_cell_shape *shape;
  meso_wiring *wiring;
  meso_basis basis;
  meso_cell_probe probe;
  const lfp_loops *loops;
  int n_threads;
  worker *worker;
  size_t n_channels, n_sources, largest_shape;
  size_t n_rows_of_probe;         /* the contacts, and 3 of the current dipole moment */
  size_t n_chosen;                /* of cells */
  meso_cell_id *chosen;
  const double *contact_um;       /* (n_channels, 3), the model's */
  float *kernel;                  /* (AT_ONCE, n_sources, n_functions, LFP_LANES) */
  /* the batch */
  size_t n_batch, n_synapses, n_rows, rows_capacity;
  batch_cell *cell;               /* (BATCH) */
  float *matrix;                  /* (BATCH, largest_shape, LFP_LANES) */
  float *rows;                    /* (n_rows, n_undelayed, LFP_LANES) */
  uint32_t *source;               /* (n_synapses) */
  lfp_synapse *synapse, *sorted;
  size_t synapse_capacity;
  size_t *source_start;           /* (n_sources + 1) in sorted */
  /* tables over cell types */
  double *n_of_type;              /* (n_cell_types) */
  double *in_degree, *moved;      /* (n_cell_types, n_populations) sums over cells */
  double *in_degree_square;
  double *batch_moved;            /* (BATCH, n_populations) */
  /* rounding: first block of rows */
  size_t n_checked, checked[N_CHECKED]; /* sources; n_checked 0: not chosen yet */
  double *exact;                  /* (N_CHECKED, n_functions, LFP_LANES) */
  double rounding;                /* rms error of the checked kernels, relative */
};
typedef struct meso_neuron_builder build;

/* ---- 1. cells and their synapses ---------------------------------------------------------- */

static size_t rows_of(const build *b, size_t class_)
{
  const size_t n = b->shape[b->basis.class_[class_].shape].morphology->n_segments;
  const size_t r = b->basis.n_undelayed;
  return ((n * r + LFP_PANEL - 1) / LFP_PANEL * LFP_PANEL + r - 1) / r;
}

/** Class of the synapses that sources of a sign make on a cell; n_classes if there is none. */
static size_t class_of(const build *b, const batch_cell *cell, int sign)
{
  return meso_basis_find(&b->basis, b->model, cell->place.type, sign);
}

static void place_cell(build *b, size_t population, uint32_t neuron)
{
  batch_cell *cell = &b->cell[b->n_batch++];
  const double *xyz = b->wiring->xyz_um[population];
  *cell = (batch_cell) {.population = population, .neuron = neuron};
  meso_cell_place(b->model, b->shape, population, neuron,
                  xyz != NULL ? xyz + 3 * (size_t) neuron : NULL, &cell->place);
  cell->first_synapse = b->n_synapses;
  for (size_t p = 0; p < b->model->n_projections; p++)
    if (b->model->projection[p].target == population)
      cell->n_synapses += b->wiring->projection[p].in_degree[neuron];
  b->n_synapses += cell->n_synapses;
  for (int sign = 0; sign < 2; sign++) {
    const size_t c = class_of(b, cell, sign);
    cell->first_row[sign] = b->n_rows;
    if (sign == 1 && c == class_of(b, cell, 0)) cell->first_row[1] = cell->first_row[0];
    else if (c < b->basis.n_classes) b->n_rows += rows_of(b, c);
  }
}

/** The chosen cells from the first on, as many as fit. */
static meso_status next_batch(build *b, size_t first, size_t last, meso_err *err)
{
  meso_status status = MESO_OK;
  b->n_batch = b->n_synapses = b->n_rows = 0;
  for (size_t i = first; i < last && b->n_batch < BATCH; i++)
    place_cell(b, b->chosen[i].population, b->chosen[i].neuron);
  if (b->n_rows > UINT32_MAX) MESO_FAIL(err, MESO_ERANGE, "neuron kernels: shapes too large");
  if (b->n_rows > b->rows_capacity) {
    free(b->rows);
    b->rows_capacity = b->n_rows;
    b->rows = meso_aligned_alloc(b->n_rows * b->basis.n_undelayed, LFP_LANES * sizeof *b->rows);
    if (b->rows == NULL) MESO_FAIL(err, MESO_ENOMEM, "cannot allocate %zu signals", b->n_rows);
  }
  if (b->n_synapses > b->synapse_capacity) {
    free(b->source);
    free(b->synapse);
    free(b->sorted);
    b->synapse_capacity = b->n_synapses;
    MESO_ALLOC(err, b->source, b->n_synapses);
    MESO_ALLOC(err, b->synapse, b->n_synapses);
    MESO_ALLOC(err, b->sorted, b->n_synapses);
  }
cleanup:
  return status;
}

/** Signals of a cell's segments per nA. */
static void cell_matrix(const build *b, worker *w, size_t i, const lfp_probe_block *block)
{
  const meso_cell_shape *shape = &b->shape[b->cell[i].place.type];
  const lfp_segments s = meso_cell_columns(shape, &b->cell[i].place, w->columns);
  float *matrix = b->matrix + i * b->largest_shape * LFP_LANES;
  w->status = lfp_probe_matrix(&b->probe, shape, &s, block, w->work, matrix, &w->err);
}

/** Table from which the segments of a projection's synapses on a cell are drawn. */
static meso_status prepare_segments(const build *b, worker *w, size_t i, size_t source)
{
  meso_status status = MESO_OK;
  const meso_model *m = b->model;
  const batch_cell *cell = &b->cell[i];
  const meso_cell_shape *shape = &b->shape[cell->place.type];
  const size_t n = shape->morphology->n_segments;
  double cumulative = 0;
  const double moved = meso_cell_synapse_probability(m, shape, cell->place.type, source, w->z_um,
                                                     w->probability);
  if (isnan(moved))
    MESO_FAIL(&w->err, MESO_EINVAL, "synapses of %s on cell type %s (soma at %.0f um): no layer "
              "with a share has membrane of sections '%s'", m->population[source].name,
              m->cell_type[cell->place.type].name, cell->place.soma_um[2],
              m->cell_type[cell->place.type].sections);
  b->batch_moved[i * m->n_populations + source] = moved;
  for (size_t k = 0; k < n; k++) {
    cumulative += w->probability[k];
    w->threshold[k] = (uint64_t) llrint(fmin(cumulative, 1) * 0x1p32);
  }
  w->threshold[n - 1] = (uint64_t) 1 << 32;
  for (size_t g = 0, k = 0; g < GUIDE; g++) {
    while ((uint64_t) g << 24 >= w->threshold[k]) k++;
    w->guide[g] = (uint16_t) k;
  }
cleanup:
  return status;
}

/** Synapses of one projection on a cell, from place `at` of the batch on. */
static void draw_projection(const build *b, worker *w, size_t i, size_t projection, size_t at)
{
  const meso_model *m = b->model;
  const meso_wiring_projection *q = &b->wiring->projection[projection];
  const meso_rng_key key = meso_cell_synapse_key(m);
  const batch_cell *cell = &b->cell[i];
  const meso_population *source = &m->population[m->projection[projection].source];
  const uint32_t K = q->in_degree[cell->neuron];
  const uint32_t first_row = (uint32_t) cell->first_row[source->sign];
  uint32_t from[MESO_WIRING_BATCH], word[3][MESO_RNG_LANES];
  uint16_t code[MESO_WIRING_BATCH];
  uint8_t delay[MESO_WIRING_BATCH];
  for (uint32_t k = 0; k < K; k += MESO_WIRING_BATCH) {
    const unsigned n = K - k < MESO_WIRING_BATCH ? K - k : MESO_WIRING_BATCH;
    meso_wiring_draw(b->wiring, &w->row, projection, cell->neuron, k, n, from, code, delay);
    b->wiring->lanes->draw(key, k, cell->neuron, (uint32_t) projection, word);
    for (unsigned s = 0; s < n; s++) {
      uint32_t segment = w->guide[word[0][s] >> 24];
      while (word[0][s] >= w->threshold[segment]) segment++;
      b->source[at + k + s] = (uint32_t) source->first_neuron + from[s];
      b->synapse[at + k + s] =
        (lfp_synapse) {first_row + segment, q->weight_of_code[code[s]],
                       (uint16_t) (delay[s] - b->basis.min_delay)};
    }
  }
}

static meso_status draw_cell(const build *b, worker *w, size_t i)
{
  meso_status status = MESO_OK;
  const batch_cell *cell = &b->cell[i];
  const lfp_segments segments =
    meso_cell_columns(&b->shape[cell->place.type], &cell->place, w->columns);
  size_t at = cell->first_synapse;
  for (size_t j = 0; j < segments.n; j++)
    w->z_um[j] = 0.5 * (segments.start_um[2][j] + segments.end_um[2][j]);
  for (size_t p = 0; p < b->model->n_projections; p++) {
    const meso_projection *projection = &b->model->projection[p];
    const uint32_t K = projection->target == cell->population
      ? b->wiring->projection[p].in_degree[cell->neuron] : 0;
    if (K == 0) continue;
    MESO_TRY(prepare_segments(b, w, i, projection->source));
    draw_projection(b, w, i, p, at);
    at += K;
  }
cleanup:
  return status;
}

/* ---- 2. signals of unit events ------------------------------------------------------------ */

/** All signs of n cells of one shape. cell (n): their numbers in the batch. */
static void respond_group(const build *b, size_t n, const size_t *cell)
{
  const batch_cell *first = &b->cell[cell[0]];
  const float *matrix[MESO_CELL_GROUP];
  float *out[MESO_CELL_GROUP];
  const size_t r = b->basis.n_undelayed;
  for (int sign = 0; sign < 2; sign++) {
    const size_t c = class_of(b, first, sign);
    if (c == b->basis.n_classes || (sign == 1 && c == class_of(b, first, 0))) continue;
    const size_t n_segments = b->shape[first->place.type].morphology->n_segments;
    const size_t n_rows = (n_segments * r + LFP_PANEL - 1) / LFP_PANEL * LFP_PANEL;
    for (size_t i = 0; i < n; i++) {
      matrix[i] = b->matrix + cell[i] * b->largest_shape * LFP_LANES;
      out[i] = b->rows + b->cell[cell[i]].first_row[sign] * r * LFP_LANES;
    }
    b->loops->respond(b->basis.class_[c].response, n_rows, n_segments, n, matrix, out);
  }
}

static void respond_all(build *b)
{
  size_t type[BATCH], order[BATCH], start[BATCH + 1];
  for (size_t i = 0; i < b->n_batch; i++) type[i] = b->cell[i].place.type;
  const size_t n_groups = meso_cells_group(b->n_batch, type, order, start);
#pragma omp parallel for schedule(dynamic) num_threads(b->n_threads)
  for (size_t g = 0; g < n_groups; g++)
    respond_group(b, start[g + 1] - start[g], order + start[g]);
}

/* ---- 3. synapses by source ---------------------------------------------------------------- */

/** Cells of a thread: [share t, share t + 1) of the batch. */
static size_t share(const build *b, int t)
{
  return b->n_batch * (size_t) t / (size_t) b->n_threads;
}

/** Turns the threads' counts into the places where each begins to write. */
static void find_places(build *b)
{
  size_t next = 0;
  for (size_t s = 0; s < b->n_sources; s++) {
    b->source_start[s] = next;
    for (int t = 0; t < b->n_threads; t++) {
      const uint32_t n = b->worker[t].count[s];
      b->worker[t].count[s] = (uint32_t) next;
      next += n;
    }
  }
  b->source_start[b->n_sources] = next;
}

/** The synapses of one thread's cells, and how many each source has. */
static void draw_share(const build *b, int t)
{
  worker *w = &b->worker[t];
  memset(w->count, 0, b->n_sources * sizeof *w->count);
  for (size_t i = share(b, t); i < share(b, t + 1) && w->status == MESO_OK; i++) {
    w->status = draw_cell(b, w, i);
    const size_t first = b->cell[i].first_synapse;
    for (size_t s = first; s < first + b->cell[i].n_synapses; s++) w->count[b->source[s]]++;
  }
}

static void matrix_share(const build *b, int t, const lfp_probe_block *block)
{
  worker *w = &b->worker[t];
  for (size_t i = share(b, t); i < share(b, t + 1) && w->status == MESO_OK; i++)
    cell_matrix(b, w, i, block);
}

static void sort_share(const build *b, int t)
{
  worker *w = &b->worker[t];
  for (size_t i = share(b, t); i < share(b, t + 1); i++) {
    const size_t first = b->cell[i].first_synapse;
    for (size_t s = first; s < first + b->cell[i].n_synapses; s++)
      b->sorted[w->count[b->source[s]]++] = b->synapse[s];
  }
}

/* ---- 4. kernels --------------------------------------------------------------------------- */

static int this_thread(void)
{
#ifdef _OPENMP
  return omp_get_thread_num();
#else
  return 0;
#endif
}

static void add_to_kernels(build *b, float *kernel)
{
  const meso_basis *basis = &b->basis;
  const size_t size = basis->n_functions * LFP_LANES;
#pragma omp parallel for schedule(dynamic, 64) num_threads(b->n_threads)
  for (size_t s = 0; s < b->n_sources; s++) {
    const size_t first = b->source_start[s], n = b->source_start[s + 1] - first;
    worker *w = &b->worker[this_thread()];
    if (n == 0) continue;
    b->loops->gather(b->sorted + first, n, b->rows, basis->n_undelayed, w->sums, w->used);
    b->loops->shift(w->sums, w->used, basis->n_delays, basis->n_undelayed, basis->shift,
                    basis->n_functions, kernel + s * size);
  }
}

/* ---- 5. what single precision costs ------------------------------------------------------- */

/** Sources evenly among all, each the next one with a synapse in the first batch. */
static void choose_checked(build *b)
{
  b->n_checked = N_CHECKED;
  for (size_t i = 0; i < N_CHECKED; i++) {
    size_t s = (2 * i + 1) * b->n_sources / (2 * N_CHECKED);
    while (s + 1 < b->n_sources && b->source_start[s + 1] == b->source_start[s]) s++;
    b->checked[i] = s;
  }
}

/** The cell of the batch, and its class, that a row of signals is of. */
static const batch_cell *cell_of_row(const build *b, size_t row, size_t *ret_class, size_t *first)
{
  for (size_t i = 0; i < b->n_batch; i++)
    for (int sign = 0; sign < 2; sign++) {
      *ret_class = class_of(b, &b->cell[i], sign);
      *first = b->cell[i].first_row[sign];
      if (*ret_class < b->basis.n_classes && row >= *first
          && row < *first + rows_of(b, *ret_class))
        return &b->cell[i];
    }
  return NULL;
}

/** Adds one synapse to a kernel. */
static void add_exactly(const build *b, const lfp_synapse *synapse, double *exact)
{
  const size_t r = b->basis.n_undelayed, F = b->basis.n_functions;
  size_t class_, first;
  const batch_cell *cell = cell_of_row(b, synapse->row, &class_, &first);
  if (cell == NULL) return;
  const size_t n = b->shape[cell->place.type].morphology->n_segments;
  const float *matrix = b->matrix + (size_t) (cell - b->cell) * b->largest_shape * LFP_LANES;
  for (size_t a = 0; a < r; a++) {
    const size_t row = (synapse->row - first) * r + a;
    const float *response = b->basis.class_[class_].response
      + row / LFP_PANEL * LFP_PANEL * n + row % LFP_PANEL;
    const float *shift = b->basis.shift + (synapse->delay * r + a) * F;
    double signal[LFP_LANES] = {0};
    for (size_t k = 0; k < n; k++)
      for (size_t c = 0; c < LFP_LANES; c++)
        signal[c] += (double) response[k * LFP_PANEL] * (double) matrix[k * LFP_LANES + c];
    for (size_t f = 0; f < F; f++)
      for (size_t c = 0; c < LFP_LANES; c++)
        exact[f * LFP_LANES + c] += synapse->weight * (double) shift[f] * signal[c];
  }
}

static void add_checked(build *b)
{
  if (b->n_checked == 0) choose_checked(b);
#pragma omp parallel for schedule(static, 1) num_threads(b->n_threads)
  for (size_t i = 0; i < N_CHECKED; i++) {
    const size_t s = b->checked[i];
    for (size_t k = b->source_start[s]; k < b->source_start[s + 1]; k++)
      add_exactly(b, &b->sorted[k], b->exact + i * b->basis.n_functions * LFP_LANES);
  }
}

static void measure_rounding(build *b)
{
  const size_t size = b->basis.n_functions * LFP_LANES;
  double error = 0, total = 0;
  for (size_t i = 0; i < N_CHECKED * size; i++) {
    const double exact = b->exact[i];
    const double d = (double) b->kernel[b->checked[i / size] * size + i % size] - exact;
    error += d * d;
    total += exact * exact;
  }
  b->rounding = total > 0 ? sqrt(error / total) : 0;
}

/* ---- batches ------------------------------------------------------------------------------ */

/** The first failure of a thread. */
static meso_status check_workers(const build *b, meso_err *err)
{
  for (int t = 0; t < b->n_threads; t++)
    if (b->worker[t].status != MESO_OK) {
      if (err != NULL) *err = b->worker[t].err;
      return b->worker[t].status;
    }
  return MESO_OK;
}

/** The chosen cells first ... last - 1, or as many as fit: their synapses once, then one block of
 *  rows of the probe after the other; the first of them is_checked for rounding or not. */
static meso_status do_batch(build *b, size_t first, size_t last, size_t n_blocks,
                            const lfp_probe_block *block, bool is_checked, meso_err *err)
{
  meso_status status = MESO_OK;
  MESO_TRY(next_batch(b, first, last, err));
#pragma omp parallel for schedule(static, 1) num_threads(b->n_threads)
  for (int t = 0; t < b->n_threads; t++) draw_share(b, t);
  MESO_TRY(check_workers(b, err));
  find_places(b);
#pragma omp parallel for schedule(static, 1) num_threads(b->n_threads)
  for (int t = 0; t < b->n_threads; t++) sort_share(b, t);
  for (size_t k = 0; k < n_blocks; k++) {
#pragma omp parallel for schedule(static, 1) num_threads(b->n_threads)
    for (int t = 0; t < b->n_threads; t++) matrix_share(b, t, &block[k]);
    MESO_TRY(check_workers(b, err));
    respond_all(b);
    add_to_kernels(b, b->kernel + k * b->n_sources * b->basis.n_functions * LFP_LANES);
    if (k == 0 && is_checked) add_checked(b);
  }
cleanup:
  return status;
}

/** Counts of the batch's cells go into the tables. */
static void tabulate(build *b)
{
  const meso_model *m = b->model;
  const size_t n = m->n_populations;
  for (size_t i = 0; i < b->n_batch; i++) {
    const batch_cell *cell = &b->cell[i];
    b->n_of_type[cell->place.type]++;
    for (size_t x = 0; x < n; x++) {
      const size_t at = cell->place.type * n + x;
      double K = 0;
      for (size_t p = 0; p < m->n_projections; p++)
        if (m->projection[p].target == cell->population && m->projection[p].source == x)
          K += b->wiring->projection[p].in_degree[cell->neuron];
      b->in_degree[at] += K;
      b->in_degree_square[at] += K * K;
      b->moved[at] += K * b->batch_moved[i * n + x];
    }
  }
}

/* ---- the whole ---------------------------------------------------------------------------- */

static meso_status check_model(const meso_model *model, meso_err *err)
{
  meso_status status = MESO_OK;
  const meso_lfp_params *lfp = &model->lfp;
  const double factor = 1000 / (lfp->output_rate_Hz * model->simulation.dt_ms);
  if (!(factor >= 1 - 1e-9 && factor < 1e4 && fabs(factor - round(factor)) < 1e-6 * factor))
    MESO_FAIL(err, MESO_EINVAL, "%s: lfp.output_rate_Hz = %g: the output interval must be a whole "
              "number (1 to 10000) of steps of simulation.dt_ms = %g", model->path,
              lfp->output_rate_Hz, model->simulation.dt_ms);
  if (!(lfp->clearance_um < lfp->radius_um))
    MESO_FAIL(err, MESO_ERANGE, "%s: lfp.clearance_um = %g um must be below lfp.radius_um = %g um",
              model->path, lfp->clearance_um, lfp->radius_um);
  if (!(lfp->kernel_duration_ms >= 2 * lfp->tau_m_ms))
    MESO_FAIL(err, MESO_ERANGE, "%s: lfp.kernel_duration_ms = %g ms must be at least 2 "
              "lfp.tau_m_ms = %g ms for lfp.method = neuron: later currents would be missing",
              model->path, lfp->kernel_duration_ms, 2 * lfp->tau_m_ms);
  if (!(lfp->kernel_duration_ms / model->simulation.dt_ms <= 20000))
    MESO_FAIL(err, MESO_ERANGE, "%s: lfp.kernel_duration_ms = %g ms: at most 20000 steps of "
              "simulation.dt_ms = %g", model->path, lfp->kernel_duration_ms,
              model->simulation.dt_ms);
cleanup:
  return status;
}

/** How often each delay occurs in the model; steps from wiring->min_delay_steps on. */
static meso_status weigh_delays(const build *b, double **ret_weight, size_t *ret_n, meso_err *err)
{
  meso_status status = MESO_OK;
  const meso_wiring *w = b->wiring;
  double *weight = NULL;
  size_t n = 0;
  MESO_ALLOC(err, weight, 256);
  for (size_t p = 0; p < b->model->n_projections; p++) {
    const meso_wiring_projection *q = &w->projection[p];
    const size_t way = (size_t) ceil(q->delay_steps_per_um * meso_space_farthest_um(b->model));
    uint64_t below = 0;
    for (size_t j = 0; j < q->delay.n_levels; j++) {
      const double part = (double) (q->delay.threshold[j] - below) * 0x1p-32
        * (double) b->model->projection[p].n_synapses / (double) (way + 1);
      below = q->delay.threshold[j];
      for (size_t d = j; part > 0 && d <= j + way && d < 256; d++) {
        weight[d + 1 - w->min_delay_steps] += part;
        if (d + 2 - w->min_delay_steps > n) n = d + 2 - w->min_delay_steps;
      }
    }
  }
  if (n == 0)
    MESO_FAIL(err, MESO_EINVAL, "%s: there are no synapses: nothing makes an LFP",
              b->model->path);
  *ret_weight = weight;
  *ret_n = n;
  weight = NULL;
cleanup:
  free(weight);
  return status;
}

static meso_status create_workers(build *b, meso_err *err)
{
  meso_status status = MESO_OK;
  const size_t n = b->largest_shape;
  MESO_ALLOC(err, b->worker, (size_t) b->n_threads);
  for (int t = 0; t < b->n_threads; t++) {
    worker *w = &b->worker[t];
    MESO_TRY(meso_wiring_row_init(b->wiring, &w->row, err));
    MESO_ALLOC(err, w->columns, 6 * n);
    MESO_ALLOC(err, w->work, meso_cell_probe_work(n));
    MESO_ALLOC(err, w->z_um, n);
    MESO_ALLOC(err, w->probability, n);
    MESO_ALLOC(err, w->threshold, n);
    MESO_ALLOC(err, w->count, b->n_sources);
    MESO_ALLOC_ALIGNED(err, w->sums, b->basis.n_delays * b->basis.n_undelayed * LFP_LANES);
    MESO_ALLOC(err, w->used, b->basis.n_delays);
  }
cleanup:
  return status;
}

static meso_status prepare(build *b, size_t n_dirs, const char *const *dirs, meso_err *err)
{
  meso_status status = MESO_OK;
  const meso_model *m = b->model;
  double *delay_weight = NULL;
  size_t n_delays = 0;
  MESO_TRY(check_model(m, err));
  MESO_TRY(meso_cell_shapes_read(m, n_dirs, dirs, &b->shape, err));
  MESO_TRY(meso_wiring_create(m, &b->wiring, err));
  MESO_TRY(meso_cell_probe_init(m, &b->probe, err));
  b->loops = b->probe.loops;
  b->n_channels = m->probe.contacts.n;
  b->n_rows_of_probe = b->n_channels + (m->lfp.dipole ? 3 : 0);
  b->contact_um = m->probe.contacts.xyz_um;
  b->n_sources = (size_t) m->n_neurons;
  MESO_TRY(meso_cells_choose(m, &b->chosen, &b->n_chosen, err));
  for (size_t y = 0; y < m->n_cell_types; y++)
    if (b->shape[y].morphology->n_segments > b->largest_shape)
      b->largest_shape = b->shape[y].morphology->n_segments;
  MESO_TRY(weigh_delays(b, &delay_weight, &n_delays, err));
  MESO_TRY(meso_basis_init(m, b->shape, &b->probe, b->n_channels, b->contact_um,
                           b->wiring->min_delay_steps, n_delays, delay_weight, b->n_threads,
                           &b->basis, err));
  MESO_TRY(create_workers(b, err));
  MESO_ALLOC(err, b->cell, BATCH);
  MESO_ALLOC_ALIGNED(err, b->matrix, BATCH * b->largest_shape * LFP_LANES);
  const size_t n_blocks = (b->n_rows_of_probe + LFP_LANES - 1) / LFP_LANES;
  MESO_ALLOC_ALIGNED(err, b->kernel, (n_blocks < AT_ONCE ? n_blocks : AT_ONCE) * b->n_sources
                                     * b->basis.n_functions * LFP_LANES);
  MESO_ALLOC(err, b->exact, N_CHECKED * b->basis.n_functions * LFP_LANES);
  MESO_ALLOC(err, b->source_start, b->n_sources + 1);
  MESO_ALLOC(err, b->n_of_type, m->n_cell_types);
  MESO_ALLOC(err, b->in_degree, m->n_cell_types * m->n_populations);
  MESO_ALLOC(err, b->in_degree_square, m->n_cell_types * m->n_populations);
  MESO_ALLOC(err, b->moved, m->n_cell_types * m->n_populations);
  MESO_ALLOC(err, b->batch_moved, BATCH * m->n_populations);
cleanup:
  free(delay_weight);
  return status;
}

void meso_neuron_builder_destroy(meso_neuron_builder *b)
{
  if (b == NULL) return;
  for (int t = 0; b->worker != NULL && t < b->n_threads; t++) {
    worker *w = &b->worker[t];
    meso_wiring_row_clear(&w->row);
    free(w->columns);
    free(w->work);
    free(w->z_um);
    free(w->probability);
    free(w->threshold);
    free(w->count);
    free(w->sums);
    free(w->used);
  }
  free(b->worker);
  meso_cell_shapes_destroy(b->model, b->shape);
  meso_wiring_destroy(b->wiring);
  meso_basis_clear(&b->basis);
  meso_cell_probe_clear(&b->probe);
  free(b->chosen);
  free(b->kernel);
  free(b->cell);
  free(b->matrix);
  free(b->rows);
  free(b->source);
  free(b->synapse);
  free(b->sorted);
  free(b->source_start);
  free(b->n_of_type);
  free(b->in_degree);
  free(b->in_degree_square);
  free(b->moved);
  free(b->batch_moved);
  free(b->exact);
  free(b);
}

/* Where kernels go, and from which cells. */
typedef struct job {
  size_t first, last;             /* chosen cells */
  size_t n_rows;                  /* of the probe */
  double *potential, *moment;     /* (n_sources, n_significant, n_channels | 3) */
  bool tabulates;
  double from, part;              /* of the progress */
} job;

/** Kernels of a block of rows into their arrays; weights turn from steps to nA. */
static void store_block(const build *b, const job *j, size_t block, const float *kernel)
{
  const size_t F = b->basis.n_functions, n_out = b->basis.n_significant;
  const double scale = b->wiring->weight_step_pA * 1e-3;
  for (size_t i = 0; i < b->n_sources * n_out; i++)
    for (size_t c = 0; c < LFP_LANES && block * LFP_LANES + c < j->n_rows; c++) {
      const size_t row = block * LFP_LANES + c;
      double *to = row < b->n_channels ? j->potential + i * b->n_channels + row
                                       : j->moment + 3 * i + row - b->n_channels;
      *to = scale * (double) kernel[(i / n_out * F + i % n_out) * LFP_LANES + c];
    }
}

/** Blocks first_block ... first_block + n - 1, n <= AT_ONCE. */
static meso_status do_blocks(build *b, const job *j, size_t first_block, size_t n,
                             const meso_progress *progress, meso_err *err)
{
  meso_status status = MESO_OK;
  const size_t size = b->n_sources * b->basis.n_functions * LFP_LANES;
  const size_t n_blocks = (j->n_rows + LFP_LANES - 1) / LFP_LANES;
  lfp_probe_block rows[AT_ONCE];
  for (size_t k = 0; k < n; k++)
    rows[k] = lfp_probe_block_make(b->n_channels, b->contact_um, j->n_rows, first_block + k);
  const bool is_checked = first_block == 0 && j->tabulates;
  memset(b->kernel, 0, n * size * sizeof *b->kernel);
  b->n_checked = 0;
  memset(b->exact, 0, N_CHECKED * b->basis.n_functions * LFP_LANES * sizeof *b->exact);
  for (size_t done = j->first; done < j->last; done += b->n_batch) {
    const double cells = (double) (done - j->first) / (double) (j->last - j->first);
    MESO_TRY(meso_progress_step(progress, "kernels", j->from + j->part
                                * ((double) first_block + (double) n * cells) / (double) n_blocks,
                                err));
    MESO_TRY(do_batch(b, done, j->last, n, rows, is_checked, err));
    if (is_checked) tabulate(b);
  }
  if (is_checked) measure_rounding(b);
  for (size_t k = 0; k < n; k++) store_block(b, j, first_block + k, b->kernel + k * size);
cleanup:
  return status;
}

static meso_status do_job(build *b, const job *j, const meso_progress *progress, meso_err *err)
{
  meso_status status = MESO_OK;
  const size_t n_blocks = (j->n_rows + LFP_LANES - 1) / LFP_LANES;
  for (size_t block = 0; block < n_blocks; block += AT_ONCE)
    MESO_TRY(do_blocks(b, j, block, n_blocks - block < AT_ONCE ? n_blocks - block : AT_ONCE,
                       progress, err));
cleanup:
  return status;
}

static meso_status add_basis(const build *b, meso_result *result, meso_err *err)
{
  meso_status status = MESO_OK;
  const meso_basis *basis = &b->basis;
  meso_array *array;
  MESO_TRY(meso_result_add(result, "/kernels/function", "1", 2,
                           (size_t[]) {basis->n_significant, basis->n_lags}, &array, err));
  for (size_t f = 0; f < basis->n_significant; f++)
    for (size_t t = 0; t < basis->n_lags; t++)
      array->data[f * basis->n_lags + t] = basis->function[t * basis->n_functions + f];
  MESO_TRY(meso_result_add(result, "/kernels/lag_ms", "ms", 1, &basis->n_lags, &array, err));
  for (size_t t = 0; t < basis->n_lags; t++)
    array->data[t] = (double) (basis->first_lag + (long) t) * basis->dt_ms;
  MESO_TRY(meso_result_add(result, "/kernels/channel_um", "um", 2,
                           (size_t[]) {b->n_channels, 3}, &array, err));
  memcpy(array->data, b->contact_um, 3 * b->n_channels * sizeof(double));
cleanup:
  return status;
}

/** Standard deviation over the cells of a type, at place i of the table; 0 of fewer than two. */
static double in_degree_sd(const build *b, size_t i)
{
  const double n = b->n_of_type[i / b->model->n_populations], mean = b->in_degree[i] / n;
  return n > 1 ? sqrt(fmax(b->in_degree_square[i] - n * mean * mean, 0) / (n - 1)) : 0;
}

/** Mean in-degree by the model's own words: T_yX of the synapses from X for N_y cells. */
static double in_degree_stated(const meso_model *m, size_t type, size_t source)
{
  const meso_cell_type *y = &m->cell_type[type];
  const double n = y->fraction * (double) m->population[y->population].size;
  double synapses = 0;
  for (size_t p = 0; p < m->n_projections; p++)
    if (m->projection[p].target == y->population && m->projection[p].source == source)
      synapses += (double) m->projection[p].n_synapses;
  return n > 0 ? y->share[source] * synapses / n : 0;
}

static meso_status add_in_degrees(const build *b, meso_result *result, meso_err *err)
{
  meso_status status = MESO_OK;
  const meso_model *m = b->model;
  const size_t n = m->n_populations, n_all = m->n_cell_types * n;
  double *mean, *sd, *stated;
  const char **name = NULL;
  MESO_ALLOC(err, name, n);
  for (size_t x = 0; x < n; x++) name[x] = m->population[x].name;
  MESO_TRY(meso_result_add_text(result, "/cells/source", n, name, err));
  const size_t dims[] = {m->n_cell_types, n};
  MESO_TRY(meso_result_add_in(result, "/cells", "in_degree", "1", 2, dims, &mean, err));
  MESO_TRY(meso_result_add_in(result, "/cells", "in_degree_sd", "1", 2, dims, &sd, err));
  MESO_TRY(meso_result_add_in(result, "/cells", "in_degree_stated", "1", 2, dims, &stated, err));
  for (size_t i = 0; i < n_all; i++) {
    mean[i] = b->n_of_type[i / n] > 0 ? b->in_degree[i] / b->n_of_type[i / n] : 0;
    sd[i] = in_degree_sd(b, i);
    stated[i] = in_degree_stated(m, i / n, i % n);
  }
cleanup:
  free(name);
  return status;
}

static meso_status add_cells(const build *b, meso_result *result, meso_err *err)
{
  meso_status status = MESO_OK;
  const meso_model *m = b->model;
  const size_t n_types = m->n_cell_types, n = m->n_populations;
  const char **name = NULL;
  meso_array *moved;
  MESO_ALLOC(err, name, n_types);
  for (size_t y = 0; y < n_types; y++) name[y] = m->cell_type[y].name;
  MESO_TRY(meso_result_add_text(result, "/cells/type", n_types, name, err));
  MESO_TRY(meso_result_add_vector(result, "/cells/count", "1", n_types, b->n_of_type, err));
  MESO_TRY(add_in_degrees(b, result, err));
  MESO_TRY(meso_result_add(result, "/cells/moved_share", "1", 2, (size_t[]) {n_types, n}, &moved,
                           err));
  for (size_t i = 0; i < n_types * n; i++)
    moved->data[i] = b->in_degree[i] > 0 ? b->moved[i] / b->in_degree[i] : 0;
cleanup:
  free(name);
  return status;
}

static meso_status describe(const build *b, meso_result *result, meso_err *err)
{
  meso_status status = MESO_OK;
  const meso_lfp_params *lfp = &b->model->lfp;
  char text[512];
  const struct { const char *key; double value; } number[] = {
    {"radius_um", lfp->radius_um}, {"clearance_um", lfp->clearance_um},
    {"soma_sd_um", lfp->soma_sd_um}, {"Ra_Ohm_cm", lfp->Ra_Ohm_cm},
    {"cm_uF_per_cm2", lfp->cm_uF_per_cm2}, {"tau_m_ms", lfp->tau_m_ms},
    {"kernel_dt_ms", b->basis.dt_ms}, {"kernel_duration_ms", lfp->kernel_duration_ms},
    {"dt_ms", b->model->simulation.dt_ms}, {"sigma_S_per_m", b->model->probe.sigma_S_per_m},
    {"d_lambda", MESO_LFP_D_LAMBDA}, {"d_lambda_frequency_Hz", MESO_LFP_D_LAMBDA_FREQUENCY_HZ},
    {"min_layer_area_um2", meso_cell_min_layer_area_um2}, {"n_cells", (double) b->n_chosen},
    {"tolerance", lfp->tolerance}, {"basis_error", b->basis.error},
    {"single_precision_error", b->rounding},
    {"n_functions_undelayed", (double) b->basis.n_undelayed},
    {"output_step", (double) b->basis.filter.factor},
  };
  meso_attrs *attrs = meso_result_group_attrs(result, "/kernels");
  if (attrs == NULL) MESO_FAIL(err, MESO_ENOMEM, "cannot add attributes");
  for (size_t i = 0; i < sizeof number / sizeof number[0]; i++)
    MESO_TRY(meso_attrs_set_number(attrs, number[i].key, number[i].value, err));
  MESO_TRY(meso_attrs_set_text(attrs, "method", "neuron", err));
  MESO_TRY(meso_attrs_set_text(attrs, "doc", "mV at a contact per spike of a neuron: sum of "
                               "coefficient times function over the functions; from the neuron's "
                               "own synapses, passive cells", err));
  MESO_TRY(meso_attrs_set_text(attrs, "conductor", lfp->conductor, err));
  (void) snprintf(text, sizeof text, "part of the functions: sinc under a Kaiser window, flat to "
                  "%g Hz, below %g dB from %g Hz on, no delay",
                  MESO_OUTPUT_PASS * lfp->output_rate_Hz / 2, -MESO_OUTPUT_ATTENUATION_DB,
                  lfp->output_rate_Hz / 2);
  MESO_TRY(meso_attrs_set_text(attrs, "filter", b->basis.filter.factor > 1 ? text : "none", err));
cleanup:
  return status;
}

static meso_status add_coefficients(const build *b, meso_result *result, const char *path,
                                    const char *units, size_t n_rows, double **ret, meso_err *err)
{
  meso_status status = MESO_OK;
  meso_array *array;
  MESO_TRY(meso_result_add(result, path, units, 3,
                           (size_t[]) {b->n_sources, b->basis.n_significant, n_rows}, &array,
                           err));
  array->single_precision = true;
  *ret = array->data;
cleanup:
  return status;
}

bool meso_lfp_by_target(const meso_model *model)
{
  return model->lfp.contributions == MESO_CONTRIBUTIONS_TARGET
         || model->lfp.contributions == MESO_CONTRIBUTIONS_ALL;
}

/** Kernels of the potentials that the cells of each population make: a second pass, each cell in it
 *  once, so that the whole does not depend on whether its parts are asked for. */
static meso_status add_targets(build *b, const meso_progress *progress, meso_result *result,
                               meso_err *err)
{
  meso_status status = MESO_OK;
  const double n_all = (double) b->n_chosen;
  for (size_t first = 0, last; first < b->n_chosen; first = last) {
    const size_t population = b->chosen[first].population;
    char path[128];
    double *potential = NULL;
    for (last = first; last < b->n_chosen && b->chosen[last].population == population;) last++;
    (void) snprintf(path, sizeof path, MESO_KERNELS_ONTO "%s",
                    b->model->population[population].name);
    MESO_TRY(add_coefficients(b, result, path, "mV", b->n_channels, &potential, err));
    const job part = {.first = first, .last = last, .n_rows = b->n_channels,
                      .potential = potential, .from = 0.5 + 0.5 * (double) first / n_all,
                      .part = 0.5 * (double) (last - first) / n_all};
    MESO_TRY(do_job(b, &part, progress, err));
  }
cleanup:
  return status;
}

meso_status meso_neuron_builder_create(const meso_model *model, size_t n_dirs,
                                       const char *const *morphology_dirs, int n_threads,
                                       meso_neuron_builder **ret_builder, meso_err *err)
{
  meso_status status = MESO_OK;
  build *b = NULL;
  MESO_ALLOC(err, b, 1);
  *b = (build) {.model = model, .n_threads = n_threads > 0 ? n_threads : 1};
  MESO_TRY(prepare(b, n_dirs, morphology_dirs, err));
  *ret_builder = b;
  b = NULL;
cleanup:
  meso_neuron_builder_destroy(b);
  return status;
}

meso_status meso_neuron_builder_run(meso_neuron_builder *b, const meso_model *variant,
                                    const meso_progress *progress, meso_result *result,
                                    meso_err *err)
{
  meso_status status = MESO_OK;
  const meso_model *own = b->model;
  double *potential = NULL, *moment = NULL;
  b->model = variant;
  b->contact_um = variant->probe.contacts.xyz_um;
  MESO_TRY(add_coefficients(b, result, "/kernels/coefficient", "mV", b->n_channels, &potential,
                            err));
  if (variant->lfp.dipole)
    MESO_TRY(add_coefficients(b, result, "/kernels/dipole", "nA um", 3, &moment, err));
  memset(b->n_of_type, 0, variant->n_cell_types * sizeof *b->n_of_type);
  memset(b->in_degree, 0, variant->n_cell_types * variant->n_populations * sizeof *b->in_degree);
  memset(b->in_degree_square, 0, variant->n_cell_types * variant->n_populations
         * sizeof *b->in_degree_square);
  memset(b->moved, 0, variant->n_cell_types * variant->n_populations * sizeof *b->moved);
  const bool by_target = meso_lfp_by_target(variant);
  const job whole = {.last = b->n_chosen, .n_rows = b->n_rows_of_probe, .potential = potential,
                     .moment = moment, .tabulates = true, .part = by_target ? 0.5 : 1};
  MESO_TRY(do_job(b, &whole, progress, err));
  if (by_target) MESO_TRY(add_targets(b, progress, result, err));
  MESO_TRY(add_basis(b, result, err));
  MESO_TRY(add_cells(b, result, err));
  MESO_TRY(describe(b, result, err));
cleanup:
  b->model = own;
  return status;
}

meso_status meso_neuron_kernels_add(const meso_model *model, size_t n_dirs,
                                    const char *const *morphology_dirs, int n_threads,
                                    const meso_progress *progress, meso_result *result,
                                    meso_err *err)
{
  meso_status status = MESO_OK;
  build *b = NULL;
  MESO_TRY(meso_progress_step(progress, "kernels", 0, err));
  MESO_TRY(meso_neuron_builder_create(model, n_dirs, morphology_dirs, n_threads, &b, err));
  MESO_TRY(meso_neuron_builder_run(b, model, progress, result, err));
cleanup:
  meso_neuron_builder_destroy(b);
  return status;
}
