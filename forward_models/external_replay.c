/* external_replay.c: the engine's external events to LFP.
 *
 * Time goes by in chunks of output samples. For each, the events that reach it are drawn again cell
 * by cell, and what they do, in undelayed functions, is added up step by step; then amplitudes
 * times functions are the samples. A step's sum is in the order of the cells, whoever does it.
 */
#include "external_replay.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "meso_poisson.h"

enum { CHUNK = 4096 };   /* output samples */
enum { STRETCH = 1024 }; /* steps of one thread's turn */
enum { GUIDE = 256 };

/* From a 32-bit word to a segment of a cell. */
typedef struct chooser {
  uint64_t *threshold;   /* (n_segments) 2^32 P(segment <= k) */
  uint16_t guide[GUIDE];
} chooser;

typedef struct replay {
  external_cells *cells;
  meso_poisson *table;       /* (n_populations) */
  meso_rng_key key, tail_key, place_key;
  int64_t first_step, from_step, until_step; /* of events; until is excluded */
  size_t factor, n_out;
  float *course;             /* (n_lags, n_functions) */
  chooser *chooser;          /* (EXTERNAL_BATCH) */
  uint64_t *threshold;       /* (EXTERNAL_BATCH, largest_shape) */
  /* the chunk */
  int64_t start, n_steps;    /* steps of amplitudes, relative to first_step */
  float *amplitude;          /* (block, step, n_functions, LFP_LANES) */
} replay;

static void prepare_chooser(const external_cell *cell, chooser *c)
{
  double cumulative = 0;
  size_t last = 0;
  for (size_t k = 0; k < cell->n_segments; k++) {
    cumulative += cell->probability[k];
    if (cell->probability[k] > 0) last = k;
    c->threshold[k] = (uint64_t) llrint(fmin(cumulative, 1) * 0x1p32);
  }
  for (size_t k = last; k < cell->n_segments; k++) c->threshold[k] = (uint64_t) 1 << 32;
  for (size_t g = 0, k = 0; g < GUIDE; g++) {
    while ((uint64_t) g << 24 >= c->threshold[k]) k++;
    c->guide[g] = (uint16_t) k;
  }
}

static size_t choose(const chooser *c, uint32_t word)
{
  size_t k = c->guide[word >> 24];
  while (word >= c->threshold[k]) k++;
  return k;
}

/** Adds the events of one cell in one step, which are counted by (neuron, step, event). */
static void add_events(const replay *r, size_t i, uint64_t identity, int64_t step, unsigned n)
{
  const external_cells *x = r->cells;
  const size_t size = x->n_functions * LFP_LANES;
  const size_t at = (size_t) (step - r->first_step - r->start);
  uint32_t word[4];
  for (unsigned e = 0; e < n; e++) {
    if (e % 4 == 0)
      meso_rng_block(r->place_key, (const uint32_t[4]) {(uint32_t) identity, (uint32_t) step,
                     (uint32_t) ((uint64_t) step >> 32), e / 4}, word);
    const size_t k = choose(&r->chooser[i], word[e % 4]);
    for (size_t b = 0; b < x->n_blocks; b++)
      x->loops->add(size, x->cell[i].rows + b * x->rows_stride + k * size,
                    r->amplitude + (b * (size_t) r->n_steps + at) * size);
  }
}

/** Steps [from, to) of the simulation for all cells of the batch, one after the other. */
static void add_stretch(const replay *r, int64_t from, int64_t to)
{
  const external_cells *x = r->cells;
  uint16_t count[STRETCH];
  for (size_t i = 0; i < x->n_batch; i++) {
    const meso_cell_id *id = &x->cell[i].id;
    const uint64_t identity =
      meso_model_identity(&x->model->population[id->population], id->neuron);
    meso_poisson_train(&r->table[id->population], r->key, r->tail_key, identity, (uint64_t) from,
                       (size_t) (to - from), count);
    for (int64_t step = from; step < to; step++)
      add_events(r, i, identity, step, count[step - from]);
  }
}

/** Gives the rows of the batch the weight of an event. */
static void weigh_batch(const replay *r)
{
  external_cells *x = r->cells;
  const double weight = external_weight_nA(x, x->cell[0].id.population);
#pragma omp parallel for schedule(static) num_threads(x->n_threads)
  for (size_t i = 0; i < x->n_batch; i++) {
    for (size_t k = 0; k < x->n_blocks * x->rows_stride; k++)
      x->cell[i].rows[k] *= (float) weight;
    prepare_chooser(&x->cell[i], &r->chooser[i]);
  }
}

/** Output samples [m0, m1) from the amplitudes. */
static void read_out(const replay *r, size_t m0, size_t m1, double *out)
{
  const external_cells *x = r->cells;
  const size_t size = x->n_functions * LFP_LANES;
#pragma omp parallel for schedule(static) num_threads(x->n_threads)
  for (size_t m = m0; m < m1; m++) {
    const int64_t newest = (int64_t) (m * r->factor) - x->first_lag; /* it is at the first lag */
    const int64_t oldest = newest - (int64_t) x->n_lags + 1;
    const int64_t from = oldest > r->start ? oldest : r->start;
    const int64_t to = newest < r->start + r->n_steps - 1 ? newest : r->start + r->n_steps - 1;
    for (size_t b = 0; from <= to && b < x->n_blocks; b++) {
      double sum[LFP_LANES] = {0};
      x->loops->convolve(r->amplitude
                         + (b * (size_t) r->n_steps + (size_t) (from - r->start)) * size,
                         (size_t) (to - from + 1), x->n_functions,
                         r->course + (size_t) (newest - from) * x->n_functions, sum);
      for (size_t c = 0; c < LFP_LANES && b * LFP_LANES + c < x->n_rows; c++)
        out[m * x->n_rows + b * LFP_LANES + c] += sum[c];
    }
  }
}

static meso_status do_chunk(replay *r, size_t m0, const meso_progress *progress, double *out,
                            meso_err *err)
{
  meso_status status = MESO_OK;
  external_cells *x = r->cells;
  const size_t m1 = m0 + CHUNK < r->n_out ? m0 + CHUNK : r->n_out;
  const int64_t end = (int64_t) ((m1 - 1) * r->factor) - x->first_lag + 1;
  r->start = (int64_t) (m0 * r->factor) - x->first_lag - (int64_t) x->n_lags + 1;
  r->n_steps = end - r->start;
  memset(r->amplitude, 0, x->n_blocks * (size_t) r->n_steps * x->n_functions * LFP_LANES
         * sizeof *r->amplitude);
  const int64_t first = r->first_step + r->start > r->from_step ? r->first_step + r->start
                                                                : r->from_step;
  const int64_t last = r->first_step + end < r->until_step ? r->first_step + end : r->until_step;
  for (size_t done = 0; first < last && done < x->n_chosen; done += x->n_batch) {
    MESO_TRY(meso_progress_step(progress, "external", ((double) m0 + (double) (m1 - m0)
                                * (double) done / (double) x->n_chosen) / (double) r->n_out, err));
    MESO_TRY(external_cells_load(x, done, err));
    weigh_batch(r);
#pragma omp parallel for schedule(dynamic) num_threads(x->n_threads)
    for (int64_t s = first; s < last; s += STRETCH)
      add_stretch(r, s, s + STRETCH < last ? s + STRETCH : last);
  }
  read_out(r, m0, m1, out);
cleanup:
  return status;
}

static meso_status prepare(replay *r, meso_err *err)
{
  meso_status status = MESO_OK;
  external_cells *x = r->cells;
  const meso_model *m = x->model;
  const size_t longest = CHUNK * r->factor + x->n_lags;
  MESO_ALLOC(err, r->table, m->n_populations);
  for (size_t p = 0; p < m->n_populations; p++)
    MESO_TRY(meso_poisson_init(&r->table[p], external_mean(x, p), m->simulation.dt_ms, m->path,
                               err));
  MESO_ALLOC(err, r->chooser, EXTERNAL_BATCH);
  MESO_ALLOC(err, r->threshold, EXTERNAL_BATCH * x->largest_shape);
  for (size_t i = 0; i < EXTERNAL_BATCH; i++)
    r->chooser[i].threshold = r->threshold + i * x->largest_shape;
  MESO_ALLOC(err, r->course, x->n_lags * x->n_functions);
  for (size_t k = 0; k < x->n_lags * x->n_functions; k++) r->course[k] = (float) x->course[k];
  MESO_ALLOC_ALIGNED(err, r->amplitude, x->n_blocks * longest * x->n_functions * LFP_LANES);
cleanup:
  return status;
}

meso_status external_replay(external_cells *cells, int64_t first_step, size_t n_out,
                            const meso_progress *progress, double *out, meso_err *err)
{
  meso_status status = MESO_OK;
  const meso_model *m = cells->model;
  const int64_t seed = m->simulation.seed;
  replay r = {.cells = cells, .first_step = first_step, .n_out = n_out,
              .factor = cells->basis.filter.factor,
              .key = meso_rng_key_make(seed, MESO_RNG_BACKGROUND),
              .tail_key = meso_rng_key_make(seed, MESO_RNG_BACKGROUND_TAIL),
              .place_key = meso_rng_key_make(m->lfp.draws.synapse, MESO_RNG_EXTERNAL_PLACE)};
  r.from_step = llround(m->background.delay_ms / m->simulation.dt_ms) + 1;
  r.until_step = first_step + (int64_t) (n_out * r.factor);
  MESO_TRY(prepare(&r, err));
  for (size_t m0 = 0; m0 < n_out; m0 += CHUNK) MESO_TRY(do_chunk(&r, m0, progress, out, err));
cleanup:
  free(r.table);
  free(r.chooser);
  free(r.threshold);
  free(r.course);
  free(r.amplitude);
  return status;
}
