/* meso_basis.c: temporal basis of a model's LFP.
 *
 * 1. classes and single responses
 * 2. signals at the probe, and their singular vectors
 * 3. undelayed functions, responses
 * 4. delayed functions
 * 5. error
 */
#include "meso_basis.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <cblas.h>
#include <lapacke.h>

#include "lfp_loops.h"
#include "meso_cable.h"

enum { MAX_FUNCTIONS = 256, MAX_UNFILTERED = 48 };
enum { FEW = 65 }; /* functions that are asked for at first: at 1 kHz they suffice */
enum { N_SAMPLED = 12, N_HELD_OUT = 4 }; /* segments of a class */
enum { N_PLACES = 4 };                   /* distances from the probe; the last one is held out */

/* What the steps below share. */
typedef struct maker {
  const meso_model *model;
  const meso_cell_shape *shapes;
  const meso_cell_probe *probe;
  int n_threads;
  size_t n_steps;          /* of a response: t = 0 .. n_steps - 1 */
  size_t n_filtered;       /* of a filtered response: t = -half .. */
  double contact_um[3 * LFP_LANES];
  const double *delay_weight;
  meso_basis *basis;
  size_t n_rows;           /* signals used for the basis */
  double *signal;          /* (n_rows, n_steps) */
  size_t n_tests;
  double *test;            /* (n_tests, n_steps), held out */
  double *undelayed;       /* (n_undelayed, n_filtered) f_a */
  double *size;            /* (n_undelayed) singular values of the filtered signals */
} maker;

/* ---- 1. classes and single responses ------------------------------------------------------ */

static bool same_shape(const meso_model *m, size_t a, size_t b)
{
  return strcmp(m->cell_type[a].morphology, m->cell_type[b].morphology) == 0;
}

static bool same_current(const meso_cell_current *a, const meso_cell_current *b)
{
  return a->tau_ms == b->tau_ms && a->tau_rise_ms == b->tau_rise_ms
    && a->pA_per_weight == b->pA_per_weight;
}

size_t meso_basis_find(const meso_basis *basis, const meso_model *model, size_t type, int sign)
{
  const meso_cell_current current =
    meso_cell_synapse_current(model, model->cell_type[type].population, sign);
  size_t c = 0;
  while (c < basis->n_classes && !(same_shape(model, basis->class_[c].shape, type)
                                   && same_current(&basis->class_[c].current, &current)))
    c++;
  return c;
}

/** Class of the synapses of a sign on a cell type, unless it is there. */
static void add_class(const meso_model *model, size_t type, int sign, meso_basis *basis)
{
  const meso_cell_type *y = &model->cell_type[type];
  if (meso_basis_find(basis, model, type, sign) == basis->n_classes)
    basis->class_[basis->n_classes++] = (meso_basis_class) {
      .shape = type, .current = meso_cell_synapse_current(model, y->population, sign)};
}

static meso_status list_classes(const meso_model *model, meso_basis *basis, meso_err *err)
{
  meso_status status = MESO_OK;
  MESO_ALLOC(err, basis->class_, 2 * model->n_cell_types);
  for (size_t p = 0; p < model->n_projections; p++)
    for (size_t y = 0; y < model->n_cell_types; y++)
      if (model->cell_type[y].population == model->projection[p].target)
        add_class(model, y, model->population[model->projection[p].source].sign, basis);
  for (size_t y = 0; y < model->n_cell_types && model->lfp.external != MESO_EXTERNAL_OFF; y++)
    if (model->population[model->cell_type[y].population].background_rate_Hz > 0)
      add_class(model, y, MESO_EXCITATORY, basis);
  if (basis->n_classes == 0)
    MESO_FAIL(err, MESO_EINVAL, "model %s: no projection onto a population with cell types: "
              "nothing makes an LFP", model->name != NULL ? model->name : "");
cleanup:
  return status;
}

/** Membrane currents (n_segments, n_steps) after an event of a class on a segment at step 0. */
static meso_status respond_to_event(const maker *mk, const meso_basis_class *c, size_t segment,
                                    double weight_nA, double *imem_nA, meso_err *err)
{
  meso_status status = MESO_OK;
  const meso_lfp_params *lfp = &mk->model->lfp;
  const meso_morphology *m = mk->shapes[c->shape].morphology;
  const meso_cable_event event = {.segment = segment, .tau_ms = c->current.tau_ms,
                                  .tau_rise_ms = c->current.tau_rise_ms, .weight_nA = weight_nA};
  double *g_pas = NULL;
  MESO_ALLOC(err, g_pas, m->n_segments);
  for (size_t j = 0; j < m->n_segments; j++) g_pas[j] = lfp->cm_uF_per_cm2 * 1e-3 / lfp->tau_m_ms;
  const meso_cable cable = {lfp->cm_uF_per_cm2, 0, g_pas, mk->basis->dt_ms, mk->n_steps - 1};
  MESO_TRY(meso_cable_run(m, &cable, 1, &event, imem_nA, NULL, err));
cleanup:
  free(g_pas);
  return status;
}

/* ---- 2. signals at the probe -------------------------------------------------------------- */

/** Potentials per nA of a class' shape at its depth, at a distance from the probe's first contact.
 *  @param[out] matrix (n_segments, LFP_LANES) */
static meso_status place_matrix(const maker *mk, const meso_basis_class *c, size_t place,
                                double *matrix, meso_err *err)
{
  static const double part_of_radius[N_PLACES] = {0.1, 0.4, 0.8, 0.25};
  meso_status status = MESO_OK;
  const meso_cell_shape *shape = &mk->shapes[c->shape];
  const size_t n = shape->morphology->n_segments;
  double *columns = NULL, *work = NULL;
  float *single = NULL;
  MESO_ALLOC(err, columns, 6 * n);
  MESO_ALLOC(err, work, meso_cell_probe_work(n));
  MESO_ALLOC(err, single, LFP_LANES * n);
  const meso_cell cell = {
    .soma_um = {mk->contact_um[0] + part_of_radius[place] * mk->model->lfp.radius_um,
                mk->contact_um[LFP_LANES], shape->soma_z_um},
    .rotation = {1, 0, 0, 0, 1, 0, 0, 0, 1}};
  const lfp_segments segments = meso_cell_columns(shape, &cell, columns);
  MESO_TRY(meso_cell_probe_matrix(mk->probe, shape, &segments, mk->contact_um, work, single, err));
  for (size_t i = 0; i < LFP_LANES * n; i++) matrix[i] = (double) single[i];
cleanup:
  free(columns);
  free(work);
  free(single);
  return status;
}

/** i-th of n segments, evenly chosen; those that are held out lie between the others. */
static size_t sampled_segment(size_t i, size_t n, bool held_out, size_t n_segments)
{
  const double at = ((double) i + (held_out ? 0.05 : 0.5)) / (double) n * (double) n_segments;
  return (size_t) fmin(at, (double) n_segments - 1);
}

/** Signals of one sampled segment of a class at the given places. @param[out] row */
static meso_status sample_segment(const maker *mk, const meso_basis_class *c, size_t segment,
                                  size_t first_place, size_t n_places, double *row, meso_err *err)
{
  meso_status status = MESO_OK;
  const size_t n = mk->shapes[c->shape].morphology->n_segments, T = mk->n_steps;
  double *imem = NULL, *matrix = NULL;
  MESO_ALLOC(err, imem, n * T);
  MESO_ALLOC(err, matrix, n * LFP_LANES);
  MESO_TRY(respond_to_event(mk, c, segment, 1, imem, err));
  for (size_t p = 0; p < n_places; p++) {
    MESO_TRY(place_matrix(mk, c, first_place + p, matrix, err));
    cblas_dgemm(CblasRowMajor, CblasTrans, CblasNoTrans, LFP_LANES, (int) T, (int) n, 1, matrix,
                LFP_LANES, imem, (int) T, 0, row + p * LFP_LANES * T, (int) T);
  }
cleanup:
  free(imem);
  free(matrix);
  return status;
}

static meso_status sample_all(maker *mk, meso_err *err)
{
  meso_status status = MESO_OK;
  const meso_basis *b = mk->basis;
  const size_t n_jobs = b->n_classes * (N_SAMPLED + N_HELD_OUT);
  const size_t rows = (N_PLACES - 1) * LFP_LANES;
  mk->n_rows = b->n_classes * N_SAMPLED * rows;
  mk->n_tests = b->n_classes * N_HELD_OUT * LFP_LANES;
  MESO_ALLOC(err, mk->signal, mk->n_rows * mk->n_steps);
  MESO_ALLOC(err, mk->test, mk->n_tests * mk->n_steps);
#pragma omp parallel for schedule(dynamic) num_threads(mk->n_threads)
  for (size_t i = 0; i < n_jobs; i++) {
    const meso_basis_class *c = &b->class_[i / (N_SAMPLED + N_HELD_OUT)];
    const size_t class_ = i / (N_SAMPLED + N_HELD_OUT), k = i % (N_SAMPLED + N_HELD_OUT);
    const size_t n = mk->shapes[c->shape].morphology->n_segments;
    meso_err own = {0};
    meso_status s;
    if (k < N_SAMPLED)
      s = sample_segment(mk, c, sampled_segment(k, N_SAMPLED, false, n), 0, N_PLACES - 1,
                         mk->signal + (class_ * N_SAMPLED + k) * rows * mk->n_steps, &own);
    else
      s = sample_segment(mk, c, sampled_segment(k - N_SAMPLED, N_HELD_OUT, true, n), N_PLACES - 1,
                         1, mk->test + (class_ * N_HELD_OUT + k - N_SAMPLED) * LFP_LANES
                         * mk->n_steps, &own);
    if (s != MESO_OK) {
#pragma omp critical(meso_basis_error)
      if (status == MESO_OK) {
        status = s;
        if (err != NULL) *err = own;
      }
    }
  }
cleanup:
  return status;
}

meso_status meso_leading_directions(size_t n_rows, size_t width, const double *rows,
                                    size_t n_wanted, double *value, double *vector, meso_err *err)
{
  meso_status status = MESO_OK;
  double *gram = NULL, *w = NULL, *z = NULL;
  lapack_int *support = NULL, found = 0;
  const lapack_int n = (lapack_int) width;
  const lapack_int wanted = n_wanted < width ? (lapack_int) n_wanted : n;
  openblas_set_num_threads(1); /* else the bits depend on processors, and on who was here before */
  MESO_ALLOC(err, gram, width * width);
  MESO_ALLOC(err, w, width);
  MESO_ALLOC(err, z, width * (size_t) wanted);
  MESO_ALLOC(err, support, 2 * width);
  cblas_dsyrk(CblasRowMajor, CblasUpper, CblasTrans, n, (int) n_rows, 1, rows, n, 0, gram, n);
  if (LAPACKE_dsyevr(LAPACK_ROW_MAJOR, 'V', 'I', 'U', n, gram, n, 0, 0, n - wanted + 1, n, 0,
                     &found, w, z, wanted, support) != 0 || found != wanted)
    MESO_FAIL(err, MESO_ENUMERIC, "temporal basis: the eigenvalue problem has no solution");
  for (size_t i = 0; i < (size_t) wanted; i++) { /* ascending in w */
    const size_t at = (size_t) wanted - 1 - i;
    value[i] = fmax(w[at], 0);
    for (size_t t = 0; t < width; t++) vector[i * width + t] = z[t * (size_t) wanted + at];
  }
cleanup:
  free(gram);
  free(w);
  free(z);
  free(support);
  return status;
}

size_t meso_directions_needed(size_t n, const double *value, double tolerance)
{
  double total = 0, rest = 0;
  for (size_t i = 0; i < n; i++) total += value[i];
  while (n > 1 && rest + value[n - 1] <= tolerance * tolerance * total) rest += value[--n];
  return n;
}

meso_status meso_directions_within(size_t n_rows, size_t width, const double *rows,
                                   double tolerance, size_t n_first, size_t n_most,
                                   size_t *ret_n, double **ret_vector, meso_err *err)
{
  meso_status status = MESO_OK;
  double *value = NULL, *vector = NULL;
  const size_t most = n_most < width ? n_most : width;
  size_t n = n_first < most ? n_first : most;
  for (;;) {
    MESO_ALLOC(err, value, n);
    MESO_ALLOC(err, vector, n * width);
    MESO_TRY(meso_leading_directions(n_rows, width, rows, n, value, vector, err));
    *ret_n = meso_directions_needed(n, value, tolerance);
    if (*ret_n < n || n == most) break;
    n = 2 * n < most ? 2 * n : most;
    free(value);
    free(vector);
    value = vector = NULL;
  }
  *ret_vector = vector;
  vector = NULL;
cleanup:
  free(value);
  free(vector);
  return status;
}

/* ---- 3. undelayed functions, responses ---------------------------------------------------- */

/** Singular vectors of the signals, then of what the filter makes of them. */
static meso_status find_undelayed(maker *mk, meso_err *err)
{
  meso_status status = MESO_OK;
  meso_basis *b = mk->basis;
  const size_t T = mk->n_steps, L = mk->n_filtered;
  const size_t n = T < MAX_UNFILTERED ? T : MAX_UNFILTERED;
  double *value = NULL, *vector = NULL, *filtered = NULL;
  MESO_ALLOC(err, value, n);
  MESO_ALLOC(err, vector, n * T);
  MESO_ALLOC(err, filtered, n * L);
  MESO_ALLOC(err, mk->undelayed, (MAX_UNFILTERED + 1) * L);
  MESO_ALLOC(err, mk->size, MAX_UNFILTERED + 1);
  MESO_TRY(meso_leading_directions(mk->n_rows, T, mk->signal, n, value, vector, err));
  for (size_t i = 0; i < n; i++) {
    for (size_t t = 0; t < T; t++) vector[i * T + t] *= sqrt(value[i]);
    meso_output_filter_apply(&b->filter, T, vector + i * T, filtered + i * L);
  }
  MESO_TRY(meso_leading_directions(n, L, filtered, n, mk->size, mk->undelayed, err));
  const size_t r = meso_directions_needed(n, mk->size, mk->model->lfp.tolerance / 4);
  b->n_undelayed = r + r % 2;
  if (r % 2 != 0) memset(mk->undelayed + r * L, 0, L * sizeof *mk->undelayed);
  mk->size[r] = r % 2 != 0 ? 0 : mk->size[r];
  for (size_t a = 0; a < r; a++) mk->size[a] = sqrt(mk->size[a]);
cleanup:
  free(value);
  free(vector);
  free(filtered);
  return status;
}

/** One column of a class' response: segment k. weight: (n_steps, n_undelayed) filtered f_a. */
static meso_status fill_response(const maker *mk, const meso_basis_class *c, size_t k,
                                 const double *weight, meso_err *err)
{
  meso_status status = MESO_OK;
  const size_t n = mk->shapes[c->shape].morphology->n_segments, r = mk->basis->n_undelayed;
  double *imem = NULL, *product = NULL;
  MESO_ALLOC(err, imem, n * mk->n_steps);
  MESO_ALLOC(err, product, n * r);
  MESO_TRY(respond_to_event(mk, c, k, c->current.pA_per_weight, imem, err));
  cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, (int) n, (int) r, (int) mk->n_steps, 1,
              imem, (int) mk->n_steps, weight, (int) r, 0, product, (int) r);
  for (size_t a = 0; a < r; a++) {
    const size_t row = k * r + a;
    float *panel = c->response + row / LFP_PANEL * LFP_PANEL * n + row % LFP_PANEL;
    for (size_t j = 0; j < n; j++) panel[j * LFP_PANEL] = (float) product[j * r + a];
  }
cleanup:
  free(imem);
  free(product);
  return status;
}

static meso_status fill_responses(maker *mk, meso_err *err)
{
  meso_status status = MESO_OK;
  meso_basis *b = mk->basis;
  const size_t r = b->n_undelayed, L = mk->n_filtered, half = b->filter.half;
  double *weight = NULL, *twice = NULL;
  MESO_ALLOC(err, weight, mk->n_steps * r);
  MESO_ALLOC(err, twice, L + 2 * half);
  for (size_t a = 0; a < r; a++) { /* <f_a, filter of a series> = <filter of f_a, the series> */
    meso_output_filter_apply(&b->filter, L, mk->undelayed + a * L, twice);
    for (size_t t = 0; t < mk->n_steps; t++) weight[t * r + a] = twice[t + 2 * half];
  }
  for (size_t c = 0; c < b->n_classes; c++) {
    const size_t n = mk->shapes[b->class_[c].shape].morphology->n_segments;
    const size_t n_rows = (n * r + LFP_PANEL - 1) / LFP_PANEL * LFP_PANEL;
    MESO_ALLOC_ALIGNED(err, b->class_[c].response, n_rows * n);
#pragma omp parallel for schedule(dynamic) num_threads(mk->n_threads)
    for (size_t k = 0; k < n; k++) {
      meso_err own = {0};
      const meso_status s = fill_response(mk, &b->class_[c], k, weight, &own);
      if (s != MESO_OK) {
#pragma omp critical(meso_basis_error)
        if (status == MESO_OK) {
          status = s;
          if (err != NULL) *err = own;
        }
      }
    }
    if (status != MESO_OK) goto cleanup;
  }
cleanup:
  free(weight);
  free(twice);
  return status;
}

/* ---- 4. delayed functions ----------------------------------------------------------------- */

/** f_a delayed by d steps, as rows (delay, a) of the given width; scaled when asked for. */
static void delay_rows(const maker *mk, bool scaled, size_t width, double *row)
{
  const meso_basis *b = mk->basis;
  const size_t L = mk->n_filtered, r = b->n_undelayed;
  double most = 0;
  for (size_t d = 0; d < b->n_delays; d++) most = fmax(most, mk->delay_weight[d]);
  memset(row, 0, b->n_delays * r * width * sizeof *row);
  for (size_t d = 0; d < b->n_delays; d++) {
    const double weight = sqrt(fmax(mk->delay_weight[d], 1e-3 * most));
    for (size_t a = 0; a < r; a++)
      for (size_t t = 0; t < L; t++)
        row[(d * r + a) * width + d + t] =
          mk->undelayed[a * L + t] * (scaled ? weight * mk->size[a] : 1);
  }
}

/** B_f in columns, and the shift table. */
static meso_status store_delayed(maker *mk, size_t width, const double *vector, const double *row,
                                 meso_err *err)
{
  meso_status status = MESO_OK;
  meso_basis *b = mk->basis;
  const size_t n_rows = b->n_delays * b->n_undelayed, F = b->n_functions;
  double *table = NULL;
  b->n_lags = width;
  b->first_lag = (long) b->min_delay - (long) b->filter.half;
  MESO_ALLOC(err, b->function, width * F);
  MESO_ALLOC(err, b->shift, n_rows * F);
  MESO_ALLOC(err, table, n_rows * F);
  for (size_t f = 0; f < b->n_significant; f++)
    for (size_t t = 0; t < width; t++) b->function[t * F + f] = vector[f * width + t];
  cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, (int) n_rows, (int) F, (int) width, 1,
              row, (int) width, b->function, (int) F, 0, table, (int) F);
  for (size_t i = 0; i < n_rows * F; i++) b->shift[i] = (float) table[i];
cleanup:
  free(table);
  return status;
}

static meso_status find_delayed(maker *mk, meso_err *err)
{
  meso_status status = MESO_OK;
  meso_basis *b = mk->basis;
  const size_t width = mk->n_filtered + b->n_delays - 1, n_rows = b->n_delays * b->n_undelayed;
  double *row = NULL, *vector = NULL;
  MESO_ALLOC(err, row, n_rows * width);
  delay_rows(mk, true, width, row);
  MESO_TRY(meso_directions_within(n_rows, width, row, mk->model->lfp.tolerance / 4, FEW,
                                  MAX_FUNCTIONS + 1, &b->n_significant, &vector, err));
  if (b->n_significant > MAX_FUNCTIONS)
    MESO_FAIL(err, MESO_ERANGE, "%s: lfp.tolerance = %g at lfp.output_rate_Hz = %g needs more than "
              "%d functions of time", mk->model->path, mk->model->lfp.tolerance,
              mk->model->lfp.output_rate_Hz, MAX_FUNCTIONS);
  b->n_functions = (b->n_significant + LFP_PANEL - 1) / LFP_PANEL * LFP_PANEL;
  delay_rows(mk, false, width, row);
  MESO_TRY(store_delayed(mk, width, vector, row, err));
cleanup:
  free(row);
  free(vector);
  return status;
}

/* ---- 5. error ----------------------------------------------------------------------------- */

/** Delay index below which a part u of all delays lies. */
static size_t delay_quantile(const maker *mk, double u)
{
  double total = 0, sum = 0;
  for (size_t d = 0; d < mk->basis->n_delays; d++) total += mk->delay_weight[d];
  for (size_t d = 0; d + 1 < mk->basis->n_delays; d++) {
    sum += mk->delay_weight[d];
    if (sum > u * total) return d;
  }
  return mk->basis->n_delays - 1;
}

/** Filters and delays the signals that were held out; what two projections on the basis (undelayed,
 *  then delayed) leave of them. */
static meso_status measure_error(maker *mk, meso_err *err)
{
  meso_status status = MESO_OK;
  meso_basis *b = mk->basis;
  const size_t L = mk->n_filtered, r = b->n_undelayed, F = b->n_functions;
  double *exact = NULL, *difference = NULL, error = 0, total = 0;
  MESO_ALLOC(err, exact, L);
  MESO_ALLOC(err, difference, b->n_lags);
  for (size_t i = 0; i < mk->n_tests; i++) {
    const size_t d = delay_quantile(mk, ((double) i + 0.5) / (double) mk->n_tests);
    meso_output_filter_apply(&b->filter, mk->n_steps, mk->test + i * mk->n_steps, exact);
    memset(difference, 0, b->n_lags * sizeof *difference);
    for (size_t t = 0; t < L; t++) difference[d + t] = exact[t];
    for (size_t a = 0; a < r; a++) {
      const double along = cblas_ddot((int) L, exact, 1, mk->undelayed + a * L, 1);
      for (size_t f = 0; f < F; f++)
        cblas_daxpy((int) b->n_lags, -along * (double) b->shift[(d * r + a) * F + f],
                    b->function + f, (int) F, difference, 1);
    }
    error += cblas_ddot((int) b->n_lags, difference, 1, difference, 1);
    total += cblas_ddot((int) L, exact, 1, exact, 1);
  }
  b->error = total > 0 ? sqrt(error / total) : 0;
cleanup:
  free(exact);
  free(difference);
  return status;
}

/* ---- the whole ---------------------------------------------------------------------------- */

/** Up to a block of the probe's contacts, evenly chosen; the rest of the block repeats them. */
static void choose_contacts(size_t n_contacts, const double *contact_um, double *chosen_um)
{
  for (size_t c = 0; c < LFP_LANES; c++) {
    const size_t at = n_contacts > LFP_LANES ? c * n_contacts / LFP_LANES : c % n_contacts;
    for (size_t k = 0; k < 3; k++) chosen_um[k * LFP_LANES + c] = contact_um[3 * at + k];
  }
}

meso_status meso_basis_init(const meso_model *model, const meso_cell_shape *shapes,
                            const meso_cell_probe *probe, size_t n_contacts,
                            const double *contact_um, unsigned min_delay,
                            size_t n_delays, const double *delay_weight, int n_threads,
                            meso_basis *basis, meso_err *err)
{
  meso_status status = MESO_OK;
  const double dt = model->simulation.dt_ms;
  maker mk = {.model = model, .shapes = shapes, .probe = probe,
              .n_threads = n_threads > 0 ? n_threads : 1,
              .basis = basis, .delay_weight = delay_weight};
  *basis = (meso_basis) {.dt_ms = dt, .min_delay = min_delay, .n_delays = n_delays};
  openblas_set_num_threads(1); /* products of fixed shape: the same bits for any number */
  choose_contacts(n_contacts, contact_um, mk.contact_um);
  MESO_TRY(list_classes(model, basis, err));
  MESO_TRY(meso_output_filter_init((size_t) llround(1000 / (model->lfp.output_rate_Hz * dt)),
                                   &basis->filter, err));
  mk.n_steps = (size_t) llround(model->lfp.kernel_duration_ms / dt) + 1;
  mk.n_filtered = mk.n_steps + 2 * basis->filter.half;
  MESO_TRY(sample_all(&mk, err));
  MESO_TRY(find_undelayed(&mk, err));
  MESO_TRY(fill_responses(&mk, err));
  MESO_TRY(find_delayed(&mk, err));
  MESO_TRY(measure_error(&mk, err));
cleanup:
  free(mk.signal);
  free(mk.test);
  free(mk.undelayed);
  free(mk.size);
  if (status != MESO_OK) meso_basis_clear(basis);
  return status;
}

void meso_basis_clear(meso_basis *basis)
{
  for (size_t c = 0; c < basis->n_classes; c++) free(basis->class_[c].response);
  free(basis->class_);
  free(basis->shift);
  free(basis->function);
  meso_output_filter_clear(&basis->filter);
  *basis = (meso_basis) {0};
}
