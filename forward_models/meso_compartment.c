/* meso_compartment.c: explicit population to LFP, CSD and dipole.
 *
 * Cells of one type go through the solver eight at a time (a batch). Batches are spread over the
 * threads, but their signals are added up in the order of batches, so that the number of threads
 * does not change a bit. Membrane currents live for one block of steps only.
 *
 * 1. batches   2. what a thread needs   3. forward matrices   4. events   5. time   6. all batches
 * 7. signals
 */
#include "meso_compartment.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "explicit_probe.h"
#include "lfp_validity.h"

enum { LANES = MESO_HINES_LANES, TILE = MESO_HINES_TILE, BLOCK = MESO_HINES_BLOCK };

/* ---- 1. batches --------------------------------------------------------------------------- */

typedef struct batch {
  size_t type, n;
  size_t cell[LANES];
} batch;

typedef struct run {
  const meso_explicit *population;
  const meso_compartment_options *options;
  const meso_hines_kernels *kernels;
  meso_hines **hines;       /* (n_types) */
  explicit_probe probe;
  size_t n_batches;
  batch *batch;
  size_t n_tiles, width;    /* width: channels rounded up to whole tiles */
  size_t max_rows, max_segments;
  double *total;            /* (n_steps + 1, width) */
} run;

static meso_status make_batches(run *r, meso_err *err)
{
  meso_status status = MESO_OK;
  const meso_explicit *p = r->population;
  size_t *open = NULL; /* per type: its batch that has room, or n_batches */
  MESO_ALLOC(err, open, p->n_types);
  MESO_ALLOC(err, r->batch, p->n_types + p->n_cells / LANES + 1);
  for (size_t k = 0; k < p->n_types; k++) open[k] = MESO_NO_PARENT;
  for (size_t i = 0; i < p->n_cells; i++) {
    const size_t type = p->cell[i].type;
    if (open[type] == MESO_NO_PARENT || r->batch[open[type]].n == LANES) {
      open[type] = r->n_batches++;
      r->batch[open[type]].type = type;
    }
    batch *b = &r->batch[open[type]];
    b->cell[b->n++] = i;
  }
cleanup:
  free(open);
  return status;
}

static meso_status factorise_types(run *r, meso_err *err)
{
  meso_status status = MESO_OK;
  const meso_explicit *p = r->population;
  MESO_ALLOC(err, r->hines, p->n_types);
  for (size_t k = 0; k < p->n_types; k++) {
    MESO_TRY(meso_hines_create(&p->type[k], p->n_kinds, p->kind, p->dt_ms, r->options->scheme,
                               &r->hines[k], err));
    if (r->hines[k]->n_rows > r->max_rows) r->max_rows = r->hines[k]->n_rows;
    if (r->hines[k]->n_segments > r->max_segments) r->max_segments = r->hines[k]->n_segments;
  }
cleanup:
  return status;
}

/* ---- 2. what a thread needs --------------------------------------------------------------- */

typedef struct workspace {
  double *matrix;           /* tiles of all lanes: (tile, row, channel, lane) */
  double *one;              /* (n_channels, n_segments) of one cell */
  double *start_um, *end_um;
  double *imem;             /* (BLOCK, row, lane) */
  double *out;              /* (n_steps + 1, width) of one batch */
  uint32_t *count;          /* (n_steps + 1) */
  meso_event_list events[LANES], unsorted;
  meso_compartment_times times;
} workspace;

static void workspace_clear(workspace *w)
{
  free(w->matrix);
  free(w->one);
  free(w->start_um);
  free(w->end_um);
  free(w->imem);
  free(w->out);
  free(w->count);
  for (size_t l = 0; l < LANES; l++) meso_event_list_clear(&w->events[l]);
  meso_event_list_clear(&w->unsorted);
}

static meso_status workspace_init(const run *r, workspace *w, meso_err *err)
{
  meso_status status = MESO_OK;
  const size_t n_samples = r->population->n_steps + 1;
  if (n_samples > SIZE_MAX / 16 / r->width || r->max_rows > SIZE_MAX / 64 / LANES / r->width)
    MESO_FAIL(err, MESO_ENOMEM, "%zu samples of %zu channels are too many", n_samples, r->width);
  MESO_ALLOC_ALIGNED(err, w->matrix, r->width * r->max_rows * LANES);
  MESO_ALLOC(err, w->one, r->probe.n_channels * r->max_segments);
  MESO_ALLOC(err, w->start_um, 3 * r->max_segments);
  MESO_ALLOC(err, w->end_um, 3 * r->max_segments);
  MESO_ALLOC_ALIGNED(err, w->imem, BLOCK * r->max_rows * LANES);
  MESO_ALLOC(err, w->out, n_samples * r->width);
  MESO_ALLOC(err, w->count, n_samples + 1);
cleanup:
  return status;
}

/* CPU time of this thread: other programs on the machine do not count. */
static double now_s(void)
{
  struct timespec t;
  (void) clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return (double) t.tv_sec + 1e-9 * (double) t.tv_nsec;
}

/* ---- 3. forward matrices ------------------------------------------------------------------ */

static meso_status fill_matrix(const run *r, const batch *b, workspace *w, meso_err *err)
{
  meso_status status = MESO_OK;
  const meso_hines *h = r->hines[b->type];
  const meso_morphology *m = r->population->type[b->type].morphology;
  memset(w->matrix, 0, r->width * h->n_rows * LANES * sizeof *w->matrix);
  for (size_t lane = 0; lane < b->n; lane++) {
    MESO_TRY(explicit_probe_matrix(&r->probe, b->cell[lane], w->start_um, w->end_um, w->one,
                                   err));
    for (size_t c = 0; c < r->probe.n_channels; c++)
      for (size_t j = 0; j < m->n_segments; j++)
        w->matrix[((c / TILE * h->n_rows + h->row[j]) * TILE + c % TILE) * LANES + lane] =
          w->one[c * m->n_segments + j];
  }
cleanup:
  return status;
}

/* ---- 4. events ---------------------------------------------------------------------------- */

/* By step; events of one step keep their order. Later ones than the last step are dropped. */
static meso_status sort_events(const run *r, size_t n, const meso_explicit_event *event,
                               uint32_t *count, meso_event_list *sorted, meso_err *err)
{
  meso_status status = MESO_OK;
  const size_t n_steps = r->population->n_steps;
  meso_explicit_event *to;
  memset(count, 0, (n_steps + 1) * sizeof *count);
  for (size_t e = 0; e < n; e++)
    if (event[e].step < n_steps) count[event[e].step + 1]++;
  for (size_t k = 0; k < n_steps; k++) count[k + 1] += count[k];
  sorted->n = 0;
  MESO_TRY(meso_event_list_extend(sorted, count[n_steps], &to, err));
  for (size_t e = 0; e < n; e++)
    if (event[e].step < n_steps) to[count[event[e].step]++] = event[e];
cleanup:
  return status;
}

static meso_status gather_events(const run *r, const batch *b, workspace *w, meso_err *err)
{
  meso_status status = MESO_OK;
  const meso_explicit *p = r->population;
  for (size_t lane = 0; lane < LANES; lane++) {
    const size_t cell = lane < b->n ? b->cell[lane] : 0;
    size_t n = 0;
    const meso_explicit_event *event = NULL;
    w->unsorted.n = 0;
    if (lane < b->n && p->events_of != NULL) {
      MESO_TRY(p->events_of(p->events_user, cell, &w->unsorted, err));
      MESO_TRY(meso_explicit_check_events(p, cell, w->unsorted.n, w->unsorted.event, err));
      n = w->unsorted.n;
      event = w->unsorted.event;
    } else if (lane < b->n && p->event_first != NULL) {
      n = p->event_first[cell + 1] - p->event_first[cell];
      event = p->event + p->event_first[cell];
    }
    if (n > UINT32_MAX) MESO_FAIL(err, MESO_ERANGE, "cell %zu has %zu events", cell, n);
    MESO_TRY(sort_events(r, n, event, w->count, &w->events[lane], err));
  }
cleanup:
  return status;
}

/* ---- 5. time ------------------------------------------------------------------------------ */

/* Adds all events that arrive at a step; next[lane] is the first one that has not arrived. */
static void deliver(const meso_hines *h, meso_hines_state *s, const workspace *w, size_t step,
                    size_t next[LANES])
{
  for (size_t lane = 0; lane < LANES; lane++) {
    const meso_event_list *list = &w->events[lane];
    while (next[lane] < list->n && list->event[next[lane]].step == step)
      meso_hines_add_event(h, s, lane, &list->event[next[lane]++]);
  }
}

static meso_status run_batch(const run *r, const batch *b, workspace *w, meso_err *err)
{
  meso_status status = MESO_OK;
  const meso_hines *h = r->hines[b->type];
  const size_t n_steps = r->population->n_steps;
  meso_hines_state state = {.memory = NULL};
  size_t next[LANES] = {0};
  double then_s = now_s(), s;
  MESO_TRY(gather_events(r, b, w, err));
  MESO_TRY(fill_matrix(r, b, w, err));
  MESO_TRY(meso_hines_state_init(h, &state, err));
  w->times.setup_s += (s = now_s()) - then_s;
  for (size_t k = 0; k < n_steps; k += BLOCK) {
    const size_t n = n_steps - k < BLOCK ? n_steps - k : BLOCK;
    then_s = s;
    for (size_t t = 0; t < n; t++) {
      deliver(h, &state, w, k + t, next);
      r->kernels->step(h, &state, w->imem + t * h->n_rows * LANES);
    }
    r->kernels->settle(h, &state);
    w->times.solver_s += (s = now_s()) - then_s;
    then_s = s;
    r->kernels->project(h->n_rows, n, r->n_tiles, w->matrix, w->imem, w->out + (k + 1) * r->width);
    w->times.projection_s += (s = now_s()) - then_s;
  }
  w->times.segment_steps += (double) (b->n * h->n_segments) * (double) n_steps;
cleanup:
  meso_hines_state_clear(&state);
  return status;
}

/* ---- 6. all batches ----------------------------------------------------------------------- */

static void add_times(meso_compartment_times *to, const meso_compartment_times *from)
{
  to->segment_steps += from->segment_steps;
  to->solver_s += from->solver_s;
  to->projection_s += from->projection_s;
  to->setup_s += from->setup_s;
}

/* Adds a batch's signals, or keeps the first failure. Called in the order of batches. */
static void finish_batch(run *r, size_t b, const workspace *w, const meso_err *own, meso_err *first)
{
  const meso_compartment_options *o = r->options;
  if (first->status != MESO_OK) return;
  if (own->status != MESO_OK) {
    *first = *own;
    return;
  }
  for (size_t i = 0; i < (r->population->n_steps + 1) * r->width; i++) r->total[i] += w->out[i];
  if (!meso_progress_report(o->progress, "compartments", (double) (b + 1) / (double) r->n_batches))
    (void) meso_progress_stopped("compartments", first);
}

static meso_status run_all(run *r, meso_compartment_times *times, meso_err *err)
{
  meso_err first = {.status = MESO_OK};
  const int n_threads = r->options->n_threads;
  (void) n_threads; /* unused without OpenMP */
#pragma omp parallel num_threads(n_threads)
  {
    workspace w = {.matrix = NULL};
    meso_err no_memory = {.status = MESO_OK};
    const meso_status ready = workspace_init(r, &w, &no_memory);
    bool stopped = false;
#pragma omp for ordered schedule(dynamic, 1)
    for (size_t b = 0; b < r->n_batches; b++) {
      meso_err own = no_memory;
      if (ready == MESO_OK && !stopped) (void) run_batch(r, &r->batch[b], &w, &own);
#pragma omp ordered
      {
        finish_batch(r, b, &w, &own, &first);
        stopped = first.status != MESO_OK;
      }
    }
#pragma omp critical(meso_compartment_times)
    add_times(times, &w.times);
    workspace_clear(&w);
  }
  if (first.status != MESO_OK && err != NULL) *err = first;
  return first.status;
}

/* ---- 7. signals --------------------------------------------------------------------------- */

static meso_status describe(const void *user, meso_signal *s, meso_err *err)
{
  meso_status status = MESO_OK;
  const bool euler = ((const run *) user)->options->scheme == MESO_CABLE_EULER;
  MESO_TRY(meso_attrs_set_text(&s->attrs, "method", "compartment", err));
  MESO_TRY(meso_attrs_set_text(&s->attrs, "scheme", euler ? "euler" : "crank_nicolson", err));
  MESO_TRY(meso_attrs_set_text(&s->attrs, "doc", "sum over all cells; passive cables, every step, "
                               "no filter", err));
  MESO_TRY(lfp_validity_describe_steps(((const run *) user)->population->dt_ms, &s->attrs, err));
cleanup:
  return status;
}

static void run_clear(run *r)
{
  if (r->hines != NULL)
    for (size_t k = 0; k < r->population->n_types; k++) meso_hines_destroy(r->hines[k]);
  free(r->hines);
  explicit_probe_clear(&r->probe);
  free(r->batch);
  free(r->total);
}

meso_status meso_compartment_run(const meso_explicit *p, const meso_compartment_options *options,
                                 meso_compartment_times *opt_times, meso_signals **ret_signals,
                                 meso_err *err)
{
  meso_status status = MESO_OK;
  run r = {.population = p, .options = options};
  meso_compartment_times times = {0};
  MESO_TRY(meso_explicit_check(p, err));
  r.kernels = meso_hines_kernels_choose(options->kernels);
  if (r.kernels == NULL || options->n_threads < 1)
    MESO_FAIL(err, MESO_EINVAL, "%d threads, instruction set '%s': this processor cannot do that",
              options->n_threads, options->kernels == NULL ? "" : options->kernels);
  MESO_TRY(explicit_probe_init(p, &r.probe, err));
  r.n_tiles = (r.probe.n_channels + TILE - 1) / TILE;
  r.width = r.n_tiles * TILE;
  MESO_TRY(make_batches(&r, err));
  MESO_TRY(factorise_types(&r, err));
  if (p->n_steps + 1 > SIZE_MAX / 16 / r.width) MESO_FAIL(err, MESO_ENOMEM, "too many samples");
  MESO_ALLOC(err, r.total, (p->n_steps + 1) * r.width);
  MESO_TRY(run_all(&r, &times, err));
  MESO_TRY(explicit_probe_signals(&r.probe, r.total, r.width,
                                  options->scheme == MESO_CABLE_EULER ? 0 : -p->dt_ms / 2,
                                  describe, &r, ret_signals, err));
  if (opt_times != NULL) *opt_times = times;
cleanup:
  run_clear(&r);
  return status;
}
