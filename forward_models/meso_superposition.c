/* meso_superposition.c: events of an explicit population to its signals.
 *
 * 1. classes and single responses   2. events seen by the probe   3. functions of time
 * 4. responses in them   5. events to amplitudes   6. amplitudes to signals
 */
#include "meso_superposition.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <fftw3.h> /* before cblas.h, which brings complex.h: pairs of doubles */

#include <cblas.h>

#include "explicit_probe.h"
#include "lfp_validity.h"
#include "meso_basis.h"
#include "meso_cable.h"

enum { FEW_FUNCTIONS = 65, MAX_FUNCTIONS = 256 }; /* asked for at first, at most */
enum { N_SEGMENTS = 12, N_CELLS = 4 }; /* sampled, of a class */
enum { BATCH = 32 };                   /* cells whose responses are held at once */
enum { MIN_FFT = 1 << 16 };

/* Events of one kind on cells of one type. */
typedef struct event_class {
  size_t type, kind;
  size_t n_cells, cell[N_CELLS]; /* that stand for the type when functions are sought */
  double *response;              /* (n_segments k', n_segments k, n_functions) */
} event_class;

typedef struct method {
  const meso_explicit *population;
  const meso_superposition_options *options;
  explicit_probe probe;
  size_t n_channels, max_segments;
  size_t n_lags;            /* of responses: 0 ... n_lags - 1 steps after the event */
  size_t n_classes;
  event_class *class_;
  size_t *class_of;         /* (n_types, n_kinds) */
  size_t n_functions;
  double *function;         /* (n_lags, n_functions) */
  double error;
} method;

/* ---- 1. classes and single responses ------------------------------------------------------ */

/** Steps until what is left of any response is below a thousandth of the tolerance. */
static size_t response_length(const method *m)
{
  const meso_explicit *p = m->population;
  double tau_ms = 0;
  for (size_t k = 0; k < p->n_kinds; k++) tau_ms = fmax(tau_ms, p->kind[k].tau_ms);
  for (size_t y = 0; y < p->n_types; y++)
    for (size_t j = 0; j < p->type[y].morphology->n_segments; j++)
      tau_ms = fmax(tau_ms, 1e-3 * p->type[y].cm_uF_per_cm2 / p->type[y].g_pas_S_per_cm2[j]);
  const double n = tau_ms * log(1e3 / m->options->tolerance) / p->dt_ms;
  return n < (double) p->n_steps ? (size_t) n + 1 : p->n_steps + 1; /* no leak: to the end */
}

static meso_status list_classes(method *m, meso_err *err)
{
  meso_status status = MESO_OK;
  const meso_explicit *p = m->population;
  MESO_ALLOC(err, m->class_, p->n_types * p->n_kinds);
  MESO_ALLOC(err, m->class_of, p->n_types * p->n_kinds);
  for (size_t y = 0; y < p->n_types; y++) {
    event_class c = {.type = y};
    size_t n = 0, at = 0;
    for (size_t i = 0; i < p->n_cells; i++) n += p->cell[i].type == y;
    for (size_t i = 0; i < p->n_cells; i++)
      if (p->cell[i].type == y && at++ == c.n_cells * n / N_CELLS && c.n_cells < N_CELLS)
        c.cell[c.n_cells++] = i;
    if (p->type[y].morphology->n_segments > m->max_segments)
      m->max_segments = p->type[y].morphology->n_segments;
    for (c.kind = 0; n > 0 && c.kind < p->n_kinds; c.kind++) {
      m->class_of[y * p->n_kinds + c.kind] = m->n_classes;
      m->class_[m->n_classes++] = c;
    }
  }
cleanup:
  return status;
}

/** Membrane currents (n_segments, n_lags) after 1 nA on a segment. */
static meso_status respond(const method *m, const event_class *c, size_t segment, double *imem_nA,
                           meso_err *err)
{
  const meso_explicit_type *type = &m->population->type[c->type];
  const meso_synapse_kind *kind = &m->population->kind[c->kind];
  const meso_cable_event event = {.segment = segment, .weight_nA = 1, .tau_ms = kind->tau_ms,
                                  .tau_rise_ms = kind->tau_rise_ms};
  const meso_cable cable = {type->cm_uF_per_cm2, type->e_pas_mV, type->g_pas_S_per_cm2,
                            m->population->dt_ms, m->n_lags - 1};
  return meso_cable_run(type->morphology, &cable, 1, &event, imem_nA, NULL, err);
}

/* ---- 2. events seen by the probe ---------------------------------------------------------- */

/* Rows of signals (row, n_lags): by class, segment, cell, channel. */
static size_t n_rows(const method *m)
{
  size_t n = 0;
  for (size_t c = 0; c < m->n_classes; c++)
    n += N_SEGMENTS * m->class_[c].n_cells * m->n_channels;
  return n;
}

/** i-th of the sampled segments, evenly chosen. */
static size_t sampled_segment(size_t i, size_t n_segments)
{
  return (2 * i + 1) * n_segments / (2 * N_SEGMENTS);
}

static bool is_sampled(size_t segment, size_t n_segments)
{
  for (size_t i = 0; i < N_SEGMENTS; i++)
    if (sampled_segment(i, n_segments) == segment) return true;
  return false;
}

/** i-th of those that are held out: between the sampled ones, and none of them unless the shape has
 *  no others. */
static size_t held_out_segment(size_t i, size_t n_segments)
{
  const size_t first = i * n_segments / N_SEGMENTS;
  size_t k = first;
  do {
    if (!is_sampled(k, n_segments)) return k;
    k = (k + 1) % n_segments;
  } while (k != first);
  return first;
}

/** What the probe sees of one sampled event in all cells that stand for its type. */
static meso_status see_event(const method *m, const event_class *c, size_t sample, bool held_out,
                             double *row, meso_err *err)
{
  meso_status status = MESO_OK;
  const size_t n = m->population->type[c->type].morphology->n_segments, L = m->n_lags;
  const size_t at = held_out ? held_out_segment(sample, n) : sampled_segment(sample, n);
  double *imem = NULL, *matrix = NULL, *ends = NULL;
  MESO_ALLOC(err, imem, n * L);
  MESO_ALLOC(err, matrix, n * m->n_channels);
  MESO_ALLOC(err, ends, 6 * n);
  MESO_TRY(respond(m, c, at, imem, err));
  for (size_t i = 0; i < c->n_cells; i++, row += m->n_channels * L) {
    MESO_TRY(explicit_probe_matrix(&m->probe, c->cell[i], ends, ends + 3 * n, matrix, err));
    cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, (int) m->n_channels, (int) L, (int) n,
                1, matrix, (int) n, imem, (int) L, 0, row, (int) L);
  }
cleanup:
  free(imem);
  free(matrix);
  free(ends);
  return status;
}

/** All sampled events, or as many others. */
static meso_status see_events(const method *m, bool held_out, double *row, meso_err *err)
{
  meso_err first = {.status = MESO_OK};
  size_t *start = meso_calloc(m->n_classes + 1, sizeof *start);
  if (start == NULL)
    return meso_err_set(err, MESO_ENOMEM, __FILE__, __LINE__, "cannot list sampled events");
  for (size_t c = 0; c < m->n_classes; c++)
    start[c + 1] = start[c] + N_SEGMENTS * m->class_[c].n_cells * m->n_channels;
#pragma omp parallel for schedule(dynamic, 1) num_threads(m->options->n_threads)
  for (size_t i = 0; i < m->n_classes * N_SEGMENTS; i++) {
    const event_class *c = &m->class_[i / N_SEGMENTS];
    meso_err own = {.status = MESO_OK};
    const size_t at = start[i / N_SEGMENTS] + i % N_SEGMENTS * c->n_cells * m->n_channels;
    if (see_event(m, c, i % N_SEGMENTS, held_out, row + at * m->n_lags, &own) != MESO_OK) {
#pragma omp critical(meso_superposition_error)
      if (first.status == MESO_OK) first = own;
    }
  }
  free(start);
  if (first.status != MESO_OK && err != NULL) *err = first;
  return first.status;
}

/** Potentials, densities and moments count alike: each sort is divided by its rms. */
static void balance(const method *m, double *row, size_t n)
{
  const size_t part[4] = {0, m->population->n_contacts,
                          m->population->n_contacts + m->population->n_boxes, m->n_channels};
  const size_t L = m->n_lags, C = m->n_channels;
  for (size_t k = 0; k < 3; k++) {
    double sum = 0;
    for (size_t i = 0; i < n; i++)
      if (i % C >= part[k] && i % C < part[k + 1])
        sum += cblas_ddot((int) L, row + i * L, 1, row + i * L, 1);
    for (size_t i = 0; i < n && sum > 0; i++)
      if (i % C >= part[k] && i % C < part[k + 1])
        cblas_dscal((int) L, 1 / sqrt(sum), row + i * L, 1);
  }
}

/* ---- 3. functions of time ----------------------------------------------------------------- */

/** What the functions leave of events that did not make them. */
static meso_status measure_error(method *m, size_t n, const double *row, meso_err *err)
{
  meso_status status = MESO_OK;
  const size_t L = m->n_lags, r = m->n_functions;
  double *along = NULL, *rest = NULL;
  MESO_ALLOC(err, along, n * r);
  MESO_ALLOC(err, rest, n * L);
  memcpy(rest, row, n * L * sizeof *rest);
  cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, (int) n, (int) r, (int) L, 1, row,
              (int) L, m->function, (int) r, 0, along, (int) r);
  cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasTrans, (int) n, (int) L, (int) r, -1, along,
              (int) r, m->function, (int) r, 1, rest, (int) L);
  const double left = cblas_dnrm2((int) (n * L), rest, 1);
  const double all = cblas_dnrm2((int) (n * L), row, 1);
  m->error = all > 0 ? left / all : 0;
cleanup:
  free(along);
  free(rest);
  return status;
}

static meso_status find_functions(method *m, meso_err *err)
{
  meso_status status = MESO_OK;
  const size_t n = n_rows(m), L = m->n_lags;
  double *row = NULL, *vector = NULL;
  if (n > (size_t) -1 / 64 / L || n * L > (size_t) 1 << 30)
    MESO_FAIL(err, MESO_ERANGE, "synapse method: %zu lags of %zu sampled signals are too many", L,
              n);
  MESO_ALLOC(err, row, n * L);
  MESO_TRY(see_events(m, false, row, err));
  balance(m, row, n);
  MESO_TRY(meso_directions_within(n, L, row, m->options->tolerance / 4, FEW_FUNCTIONS,
                                  MAX_FUNCTIONS + 1, &m->n_functions, &vector, err));
  if (m->n_functions > MAX_FUNCTIONS)
    MESO_FAIL(err, MESO_ERANGE, "synapse method: tolerance %g needs more than %d functions of time",
              m->options->tolerance, MAX_FUNCTIONS);
  MESO_ALLOC(err, m->function, L * m->n_functions);
  for (size_t t = 0; t < L; t++)
    for (size_t a = 0; a < m->n_functions; a++)
      m->function[t * m->n_functions + a] = vector[a * L + t];
  MESO_TRY(see_events(m, true, row, err));
  balance(m, row, n);
  MESO_TRY(measure_error(m, n, row, err));
cleanup:
  free(row);
  free(vector);
  return status;
}

/* ---- 4. responses in them ----------------------------------------------------------------- */

/** One event's currents in the functions: column k of a class' response. */
static meso_status project_event(const method *m, event_class *c, size_t k, meso_err *err)
{
  meso_status status = MESO_OK;
  const size_t n = m->population->type[c->type].morphology->n_segments, r = m->n_functions;
  double *imem = NULL;
  MESO_ALLOC(err, imem, n * m->n_lags);
  MESO_TRY(respond(m, c, k, imem, err));
  cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, (int) n, (int) r, (int) m->n_lags, 1,
              imem, (int) m->n_lags, m->function, (int) r, 0, c->response + k * r, (int) (n * r));
cleanup:
  free(imem);
  return status;
}

static meso_status fill_responses(method *m, meso_err *err)
{
  meso_status status = MESO_OK;
  meso_err first = {.status = MESO_OK};
  for (size_t i = 0; i < m->n_classes; i++) {
    event_class *c = &m->class_[i];
    const size_t n = m->population->type[c->type].morphology->n_segments;
    MESO_TRY(meso_progress_step(m->options->progress, "responses",
                                (double) i / (double) m->n_classes, err));
    MESO_ALLOC(err, c->response, n * n * m->n_functions);
#pragma omp parallel for schedule(dynamic, 4) num_threads(m->options->n_threads)
    for (size_t k = 0; k < n; k++) {
      meso_err own = {.status = MESO_OK};
      if (project_event(m, c, k, &own) != MESO_OK) {
#pragma omp critical(meso_superposition_error)
        if (first.status == MESO_OK) first = own;
      }
    }
    if (first.status != MESO_OK) {
      if (err != NULL) *err = first;
      return first.status;
    }
  }
cleanup:
  return status;
}

/* ---- 5. events to amplitudes -------------------------------------------------------------- */

/* A cell of a batch: its events, and what they do. */
typedef struct batch_cell {
  size_t cell;
  const meso_explicit_event *event;
  size_t n_events;
  meso_event_list own;    /* events that were made for it */
  double **response;      /* (n_kinds): (channel, segment, n_functions), or NULL */
  meso_err err;
} batch_cell;

static meso_status get_events(const method *m, batch_cell *b, meso_err *err)
{
  meso_status status = MESO_OK;
  const meso_explicit *p = m->population;
  b->n_events = 0;
  b->own.n = 0;
  if (p->events_of != NULL) {
    MESO_TRY(p->events_of(p->events_user, b->cell, &b->own, err));
    MESO_TRY(meso_explicit_check_events(p, b->cell, b->own.n, b->own.event, err));
    b->event = b->own.event;
    b->n_events = b->own.n;
  } else if (p->event_first != NULL) {
    b->event = p->event + p->event_first[b->cell];
    b->n_events = p->event_first[b->cell + 1] - p->event_first[b->cell];
  }
cleanup:
  return status;
}

/** Q of a cell, for the kinds of its events. */
static meso_status load_cell(const method *m, batch_cell *b, meso_err *err)
{
  meso_status status = MESO_OK;
  const meso_explicit *p = m->population;
  const size_t type = p->cell[b->cell].type, C = m->n_channels;
  const size_t n = p->type[type].morphology->n_segments, width = n * m->n_functions;
  double *matrix = NULL, *ends = NULL;
  MESO_ALLOC(err, matrix, C * n);
  MESO_ALLOC(err, ends, 6 * n);
  MESO_TRY(get_events(m, b, err));
  MESO_TRY(explicit_probe_matrix(&m->probe, b->cell, ends, ends + 3 * n, matrix, err));
  for (size_t e = 0; e < b->n_events; e++) {
    const size_t kind = b->event[e].kind;
    if (b->response[kind] != NULL) continue;
    MESO_ALLOC(err, b->response[kind], C * width);
    cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, (int) C, (int) width, (int) n, 1,
                matrix, (int) n, m->class_[m->class_of[type * p->n_kinds + kind]].response,
                (int) width, 0, b->response[kind], (int) width);
  }
cleanup:
  free(matrix);
  free(ends);
  return status;
}

/** Adds a cell's events of steps [from, to) to the amplitudes of a channel: (step, function). */
static void add_events(const method *m, const batch_cell *b, size_t channel, size_t from,
                       size_t to, double *amplitude)
{
  const meso_explicit *p = m->population;
  const size_t r = m->n_functions;
  const size_t n = p->type[p->cell[b->cell].type].morphology->n_segments;
  for (size_t e = 0; e < b->n_events; e++) {
    const meso_explicit_event *event = &b->event[e];
    if (event->step < from || event->step >= to) continue;
    const double *q = b->response[event->kind] + (channel * n + event->segment) * r;
    double *at = amplitude + (event->step - from) * r;
    for (size_t a = 0; a < r; a++) at[a] += event->weight_nA * q[a];
  }
}

static void batch_clear(const method *m, batch_cell *batch)
{
  for (size_t i = 0; batch != NULL && i < BATCH; i++) {
    for (size_t k = 0; batch[i].response != NULL && k < m->population->n_kinds; k++)
      free(batch[i].response[k]);
    free(batch[i].response);
    meso_event_list_clear(&batch[i].own);
  }
  free(batch);
}

/** Amplitudes (channel, step, function) of the events of steps [from, to). */
static meso_status fill_amplitudes(const method *m, size_t from, size_t to, batch_cell *batch,
                                   double *amplitude, meso_err *err)
{
  meso_status status = MESO_OK;
  const meso_explicit *p = m->population;
  const size_t size = (to - from) * m->n_functions;
  memset(amplitude, 0, m->n_channels * size * sizeof *amplitude);
  for (size_t first = 0; first < p->n_cells; first += BATCH) {
    const size_t n = p->n_cells - first < BATCH ? p->n_cells - first : BATCH;
    MESO_TRY(meso_progress_step(m->options->progress, "events", ((double) from + (double) (to
                                - from) * (double) first / (double) p->n_cells)
                                / (double) p->n_steps, err));
#pragma omp parallel for schedule(dynamic, 1) num_threads(m->options->n_threads)
    for (size_t i = 0; i < n; i++) {
      for (size_t k = 0; k < p->n_kinds; k++) {
        free(batch[i].response[k]);
        batch[i].response[k] = NULL;
      }
      batch[i].cell = first + i;
      (void) load_cell(m, &batch[i], &batch[i].err);
    }
    for (size_t i = 0; i < n; i++)
      if (batch[i].err.status != MESO_OK) {
        if (err != NULL) *err = batch[i].err;
        return batch[i].err.status;
      }
#pragma omp parallel for schedule(static) num_threads(m->options->n_threads)
    for (size_t c = 0; c < m->n_channels; c++)
      for (size_t i = 0; i < n; i++) add_events(m, &batch[i], c, from, to, amplitude + c * size);
  }
cleanup:
  return status;
}

/* ---- 6. amplitudes to signals ------------------------------------------------------------- */

/* Convolution of blocks of steps by overlap-add. */
typedef struct transform {
  size_t n_fft, block;
  fftw_plan forward, inverse;
  fftw_complex *function;  /* (n_functions, n_fft / 2 + 1), with the inverse's factor */
} transform;

static meso_status transform_init(const method *m, transform *t, meso_err *err)
{
  meso_status status = MESO_OK;
  const size_t L = m->n_lags, longest = m->population->n_steps + L;
  double *time = NULL;
  fftw_complex *spectrum = NULL;
  t->n_fft = 64;
  while (t->n_fft < longest && t->n_fft < MIN_FFT) t->n_fft *= 2;
  while (t->n_fft < longest && t->n_fft < 4 * L) t->n_fft *= 2;
  t->block = t->n_fft - L + 1;
  const size_t n_freq = t->n_fft / 2 + 1;
  time = fftw_alloc_real(t->n_fft);
  spectrum = fftw_alloc_complex(n_freq);
  t->function = fftw_alloc_complex(m->n_functions * n_freq);
  if (time == NULL || spectrum == NULL || t->function == NULL)
    MESO_FAIL(err, MESO_ENOMEM, "cannot allocate transforms of length %zu", t->n_fft);
#pragma omp critical(meso_fftw_planner) /* FFTW's planner is not thread-safe */
  {
    t->forward = fftw_plan_dft_r2c_1d((int) t->n_fft, time, spectrum, FFTW_ESTIMATE);
    t->inverse = fftw_plan_dft_c2r_1d((int) t->n_fft, spectrum, time, FFTW_ESTIMATE);
  }
  if (t->forward == NULL || t->inverse == NULL)
    MESO_FAIL(err, MESO_EBUG, "no transform of length %zu", t->n_fft);
  for (size_t a = 0; a < m->n_functions; a++) {
    memset(time, 0, t->n_fft * sizeof *time);
    for (size_t l = 0; l < L; l++)
      time[l] = m->function[l * m->n_functions + a] / (double) t->n_fft;
    fftw_execute_dft_r2c(t->forward, time, t->function + a * n_freq);
  }
cleanup:
  fftw_free(time);
  fftw_free(spectrum);
  return status;
}

static void transform_clear(transform *t)
{
#pragma omp critical(meso_fftw_planner)
  {
    if (t->forward != NULL) fftw_destroy_plan(t->forward);
    if (t->inverse != NULL) fftw_destroy_plan(t->inverse);
  }
  fftw_free(t->function);
}

/** Adds the signals of one channel's amplitudes, which begin at step from. out: (time, channel) */
static bool convolve_channel(const method *m, const transform *t, size_t from, size_t n,
                             const double *amplitude, double *out)
{
  const size_t r = m->n_functions, n_freq = t->n_fft / 2 + 1, n_steps = m->population->n_steps;
  double *time = fftw_alloc_real(t->n_fft);
  fftw_complex *spectrum = fftw_alloc_complex(n_freq), *sum = fftw_alloc_complex(n_freq);
  const bool ready = time != NULL && spectrum != NULL && sum != NULL;
  if (ready) memset(sum, 0, n_freq * sizeof *sum);
  for (size_t a = 0; ready && a < r; a++) {
    memset(time, 0, t->n_fft * sizeof *time);
    for (size_t s = 0; s < n; s++) time[s] = amplitude[s * r + a];
    fftw_execute_dft_r2c(t->forward, time, spectrum);
    for (size_t f = 0; f < n_freq; f++) {
      const double *x = spectrum[f], *y = t->function[a * n_freq + f];
      sum[f][0] += x[0] * y[0] - x[1] * y[1];
      sum[f][1] += x[0] * y[1] + x[1] * y[0];
    }
  }
  if (ready) fftw_execute_dft_c2r(t->inverse, sum, time);
  for (size_t s = 0; ready && s < n + m->n_lags - 1 && from + s <= n_steps; s++)
    out[(from + s) * m->n_channels] += time[s];
  fftw_free(time);
  fftw_free(spectrum);
  fftw_free(sum);
  return ready;
}

static meso_status add_signals(const method *m, double *out, meso_err *err)
{
  meso_status status = MESO_OK;
  const size_t n_steps = m->population->n_steps, r = m->n_functions;
  transform t = {.n_fft = 0};
  double *amplitude = NULL;
  batch_cell *batch = NULL;
  bool short_of_memory = false;
  MESO_TRY(transform_init(m, &t, err));
  const size_t longest = t.block < n_steps ? t.block : n_steps;
  MESO_ALLOC(err, amplitude, m->n_channels * longest * r);
  MESO_ALLOC(err, batch, BATCH);
  for (size_t i = 0; i < BATCH; i++)
    MESO_ALLOC(err, batch[i].response, m->population->n_kinds);
  for (size_t from = 0; from < n_steps; from += t.block) {
    const size_t to = n_steps - from < t.block ? n_steps : from + t.block;
    MESO_TRY(fill_amplitudes(m, from, to, batch, amplitude, err));
#pragma omp parallel for schedule(static) num_threads(m->options->n_threads)
    for (size_t c = 0; c < m->n_channels; c++)
      if (!convolve_channel(m, &t, from, to - from, amplitude + c * (to - from) * r, out + c)) {
#pragma omp atomic write
        short_of_memory = true;
      }
    if (short_of_memory) MESO_FAIL(err, MESO_ENOMEM, "cannot allocate transforms");
  }
cleanup:
  batch_clear(m, batch);
  free(amplitude);
  transform_clear(&t);
  return status;
}

/* ---- the whole ---------------------------------------------------------------------------- */

static meso_status describe(const void *user, meso_signal *s, meso_err *err)
{
  meso_status status = MESO_OK;
  const method *m = user;
  MESO_TRY(meso_attrs_set_text(&s->attrs, "method", "synapse", err));
  MESO_TRY(meso_attrs_set_text(&s->attrs, "scheme", "euler", err));
  MESO_TRY(meso_attrs_set_number(&s->attrs, "tolerance", m->options->tolerance, err));
  MESO_TRY(meso_attrs_set_number(&s->attrs, "n_functions", (double) m->n_functions, err));
  MESO_TRY(meso_attrs_set_number(&s->attrs, "basis_error", m->error, err));
  MESO_TRY(meso_attrs_set_text(&s->attrs, "doc", "sum over all events; responses of passive cables "
                               "in n_functions functions of time, every step, no filter", err));
  MESO_TRY(lfp_validity_describe_steps(m->population->dt_ms, &s->attrs, err));
cleanup:
  return status;
}

static void method_clear(method *m)
{
  explicit_probe_clear(&m->probe);
  for (size_t c = 0; c < m->n_classes; c++) free(m->class_[c].response);
  free(m->class_);
  free(m->class_of);
  free(m->function);
}

meso_status meso_superposition_run(const meso_explicit *p,
                                   const meso_superposition_options *options,
                                   meso_signals **ret_signals, meso_err *err)
{
  meso_status status = MESO_OK;
  method m = {.population = p, .options = options};
  double *out = NULL;
  MESO_TRY(meso_explicit_check(p, err));
  if (!(options->tolerance >= 1e-10 && options->tolerance <= 0.1) || options->n_threads < 1)
    MESO_FAIL(err, MESO_EINVAL, "synapse method: %d threads, tolerance %g: expected at least one, "
              "and 1e-10 to 0.1", options->n_threads, options->tolerance);
  openblas_set_num_threads(1); /* products of fixed shape: the same bits for any number */
  MESO_TRY(explicit_probe_init(p, &m.probe, err));
  m.n_channels = m.probe.n_channels;
  m.n_lags = response_length(&m);
  if (p->n_steps + 1 > SIZE_MAX / 16 / m.n_channels)
    MESO_FAIL(err, MESO_ENOMEM, "too many samples");
  MESO_ALLOC(err, out, (p->n_steps + 1) * m.n_channels);
  if (p->n_kinds > 0 && p->n_cells > 0) {
    MESO_TRY(list_classes(&m, err));
    MESO_TRY(find_functions(&m, err));
    MESO_TRY(fill_responses(&m, err));
    MESO_TRY(add_signals(&m, out, err));
  }
  MESO_TRY(explicit_probe_signals(&m.probe, out, m.n_channels, 0, describe, &m, ret_signals, err));
cleanup:
  free(out);
  method_clear(&m);
  return status;
}
