/* meso_external.c: mean and covariances of external input at the probe; external input in signals.
 *
 * 1. moments of the events' responses, cell by cell
 * 2. means and covariances of the signals
 * 3. external input as signals
 */
#include "meso_external.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cblas.h>

#include "external_cells.h"
#include "external_replay.h"
#include "meso_gaussian.h"

/* ---- 1. moments --------------------------------------------------------------------------- */

/* Sums over cells have a fixed shape: cell i of a batch goes to part i mod N_PARTS. */
enum { N_PARTS = 8 };

/* Of the responses (block, function, lane) of a population's cells to one event each. */
typedef struct moments {
  size_t width;
  double *first;    /* (N_PARTS, width) sum over cells of E response */
  double *second;   /* (N_PARTS, width, width) sum of E response response^T; upper triangle */
  float *sample;    /* (N_PARTS, largest_shape, width) */
  float *product;   /* (N_PARTS, width, width) */
} moments;

static meso_status moments_create(const external_cells *x, moments *m, meso_err *err)
{
  meso_status status = MESO_OK;
  m->width = x->n_blocks * x->n_functions * LFP_LANES;
  MESO_ALLOC(err, m->first, N_PARTS * m->width);
  MESO_ALLOC(err, m->second, N_PARTS * m->width * m->width);
  MESO_ALLOC_ALIGNED(err, m->sample, N_PARTS * x->largest_shape * m->width);
  MESO_ALLOC_ALIGNED(err, m->product, N_PARTS * m->width * m->width);
cleanup:
  return status;
}

static void moments_clear(moments *m)
{
  free(m->first);
  free(m->second);
  free(m->sample);
  free(m->product);
}

/** Adds a cell: rows of the sample are responses of its segments, times sqrt of probability. */
static void add_cell(const external_cells *x, const external_cell *cell, moments *m, size_t part)
{
  const size_t size = x->n_functions * LFP_LANES, width = m->width;
  float *sample = m->sample + part * x->largest_shape * width;
  float *product = m->product + part * width * width;
  double *first = m->first + part * width, *second = m->second + part * width * width;
  size_t n = 0;
  for (size_t k = 0; k < cell->n_segments; k++) {
    const double p = cell->probability[k];
    const float root = (float) sqrt(p);
    if (!(p > 0)) continue;
    for (size_t b = 0; b < x->n_blocks; b++) {
      const float *row = cell->rows + b * x->rows_stride + k * size;
      for (size_t i = 0; i < size; i++) {
        sample[n * width + b * size + i] = root * row[i];
        first[b * size + i] += p * (double) row[i];
      }
    }
    n++;
  }
  cblas_ssyrk(CblasRowMajor, CblasUpper, CblasTrans, (int) width, (int) n, 1, sample, (int) width,
              0, product, (int) width);
  for (size_t i = 0; i < width; i++)
    for (size_t j = i; j < width; j++) second[i * width + j] += (double) product[i * width + j];
}

static void add_batch(const external_cells *x, moments *m)
{
#pragma omp parallel for schedule(dynamic, 1) num_threads(x->n_threads)
  for (size_t part = 0; part < N_PARTS; part++)
    for (size_t i = part; i < x->n_batch; i += N_PARTS) add_cell(x, &x->cell[i], m, part);
}

/** All parts into the first; both triangles. */
static void moments_finish(moments *m)
{
  const size_t width = m->width;
  for (size_t part = 1; part < N_PARTS; part++) {
    for (size_t i = 0; i < width; i++) m->first[i] += m->first[part * width + i];
    for (size_t i = 0; i < width * width; i++)
      m->second[i] += m->second[part * width * width + i];
  }
  for (size_t i = 0; i < width; i++)
    for (size_t j = 0; j < i; j++) m->second[i * width + j] = m->second[j * width + i];
}

static void moments_reset(moments *m)
{
  memset(m->first, 0, N_PARTS * m->width * sizeof *m->first);
  memset(m->second, 0, N_PARTS * m->width * m->width * sizeof *m->second);
}

/* ---- 2. means and covariances ------------------------------------------------------------- */

/* What is made of them. */
typedef struct target {
  size_t n_lags;
  double *overlap;      /* (n_lags, n_functions, n_functions) sum_s f_a(s + lag) f_b(s) */
  double *integral;     /* (n_functions) sum_s f_a(s) */
} target;

static meso_status target_create(const external_cells *x, target *t, meso_err *err)
{
  meso_status status = MESO_OK;
  const size_t r = x->n_functions, q = x->basis.filter.factor;
  t->n_lags = (x->n_lags + q - 1) / q;
  MESO_ALLOC(err, t->overlap, t->n_lags * r * r);
  MESO_ALLOC(err, t->integral, r);
  for (size_t m = 0; m < t->n_lags; m++) /* rows from lag q m on, times rows from 0 on */
    cblas_dgemm(CblasRowMajor, CblasTrans, CblasNoTrans, (int) r, (int) r,
                (int) (x->n_lags - q * m), 1, x->course + q * m * r, (int) r, x->course, (int) r,
                0, t->overlap + m * r * r, (int) r);
  for (size_t s = 0; s < x->n_lags; s++)
    for (size_t a = 0; a < r; a++) t->integral[a] += x->course[s * r + a];
cleanup:
  return status;
}

/** Place of a row and function in the moments. */
static size_t place_of(const external_cells *x, size_t row, size_t a)
{
  return (row / LFP_LANES * x->n_functions + a) * LFP_LANES + row % LFP_LANES;
}

/** Campbell's theorem: events per step times moments, weights included. */
static void convert(const external_cells *x, const moments *m, const target *t, size_t population,
                    double *mean, double *covariance)
{
  const size_t R = x->n_rows, r = x->n_functions;
  const double events = external_mean(x, population), weight = external_weight_nA(x, population);
  const double scale = events * weight * weight;
  for (size_t i = 0; i < R; i++)
    for (size_t a = 0; a < r; a++)
      mean[i] += events * weight * m->first[place_of(x, i, a)] * t->integral[a];
#pragma omp parallel for schedule(static) num_threads(x->n_threads)
  for (size_t lag = 0; lag < t->n_lags; lag++)
    for (size_t i = 0; i < R; i++)
      for (size_t j = 0; j < R; j++) {
        double sum = 0;
        for (size_t a = 0; a < r; a++) {
          const double *second = m->second + place_of(x, i, a) * m->width;
          for (size_t b = 0; b < r; b++)
            sum += second[place_of(x, j, b)] * t->overlap[(lag * r + a) * r + b];
        }
        covariance[(lag * R + i) * R + j] = scale * sum;
      }
}

static size_t count_populations(const external_cells *x)
{
  size_t n = 0;
  for (size_t i = 0; i < x->n_chosen; i++)
    if (i == 0 || x->chosen[i].population != x->chosen[i - 1].population) n++;
  return n;
}

static meso_status add_arrays(const external_cells *x, const target *t, size_t n,
                              meso_result *result, meso_err *err)
{
  meso_status status = MESO_OK;
  meso_array *array;
  const char **name = NULL;
  size_t p = 0;
  MESO_ALLOC(err, name, n);
  for (size_t i = 0; i < x->n_chosen; i++)
    if (i == 0 || x->chosen[i].population != x->chosen[i - 1].population)
      name[p++] = x->model->population[x->chosen[i].population].name;
  MESO_TRY(meso_result_add_text(result, "/external/population", n, name, err));
  MESO_TRY(meso_result_add(result, "/external/lag_ms", "ms", 1, &t->n_lags, &array, err));
  for (size_t m = 0; m < t->n_lags; m++)
    array->data[m] = (double) (m * x->basis.filter.factor) * x->basis.dt_ms;
  MESO_TRY(meso_result_add(result, "/external/mean", "mV; nA um of the dipole", 2,
                           (size_t[]) {n, x->n_rows}, &array, err));
  MESO_TRY(meso_result_add(result, "/external/covariance", "products of the units of mean", 4,
                           (size_t[]) {n, t->n_lags, x->n_rows, x->n_rows}, &array, err));
  meso_attrs *attrs = meso_result_group_attrs(result, "/external");
  if (attrs == NULL) MESO_FAIL(err, MESO_ENOMEM, "cannot add attributes");
  MESO_TRY(meso_attrs_set_text(attrs, "doc", "external Poisson input at the probe: mean, and "
                               "covariance E x_row(t + lag) x_column(t), of all cells of a "
                               "population together", err));
  MESO_TRY(meso_attrs_set_number(attrs, "n_cells", (double) x->n_chosen, err));
cleanup:
  free(name);
  return status;
}

/** Population after population into its rows of the arrays. */
static meso_status fill_arrays(external_cells *x, const target *t, const meso_progress *progress,
                               meso_result *result, meso_err *err)
{
  meso_status status = MESO_OK;
  double *mean = meso_result_find(result, "/external/mean")->data;
  double *covariance = meso_result_find(result, "/external/covariance")->data;
  moments m = {0};
  MESO_TRY(moments_create(x, &m, err));
  for (size_t done = 0, p = 0; done < x->n_chosen; p++) {
    const size_t population = x->chosen[done].population;
    moments_reset(&m);
    for (; done < x->n_chosen && x->chosen[done].population == population; done += x->n_batch) {
      MESO_TRY(meso_progress_step(progress, "external", (double) done / (double) x->n_chosen,
                                  err));
      MESO_TRY(external_cells_load(x, done, err));
      add_batch(x, &m);
    }
    moments_finish(&m);
    convert(x, &m, t, population, mean + p * x->n_rows,
            covariance + p * t->n_lags * x->n_rows * x->n_rows);
  }
cleanup:
  moments_clear(&m);
  return status;
}

meso_status meso_external_add(const meso_model *model, bool moment, size_t n_dirs,
                              const char *const *morphology_dirs, int n_threads,
                              const meso_progress *progress, meso_result *result, meso_err *err)
{
  meso_status status = MESO_OK;
  external_cells x = {0};
  target t = {0};
  MESO_TRY(external_cells_init(&x, model, moment, n_dirs, morphology_dirs, n_threads, err));
  openblas_set_num_threads(1); /* products of fixed shape: the same bits for any number */
  MESO_TRY(target_create(&x, &t, err));
  MESO_TRY(add_arrays(&x, &t, count_populations(&x), result, err));
  MESO_TRY(fill_arrays(&x, &t, progress, result, err));
cleanup:
  free(t.overlap);
  free(t.integral);
  external_cells_clear(&x);
  return status;
}

/* ---- 3. signals --------------------------------------------------------------------------- */

/* External input of all rows: the contacts of lfp, then the dipole. */
typedef struct job {
  const meso_model *model;
  const meso_result *kernels;
  size_t n_dirs;
  const char *const *dirs;
  int n_threads;
  const meso_progress *progress;
  const meso_signal *lfp;
  bool moment;
  size_t n_rows;
  double *out;          /* (n_times, n_rows) */
} job;

meso_status meso_external_moments(const meso_result *kernels, size_t n_rows, double **ret_mean,
                                  double **ret_covariance, size_t *ret_n_lags, meso_err *err)
{
  meso_status status = MESO_OK;
  const meso_array *mean = meso_result_find(kernels, "/external/mean");
  const meso_array *covariance = meso_result_find(kernels, "/external/covariance");
  const size_t R = n_rows;
  double *m = NULL, *c = NULL;
  if (mean == NULL || mean->data == NULL || mean->n_dims != 2 || covariance == NULL
      || covariance->data == NULL || covariance->n_dims != 4
      || covariance->dims[0] != mean->dims[0] || covariance->dims[1] == 0
      || covariance->dims[2] != R || covariance->dims[3] != R || mean->dims[1] != R)
    MESO_FAIL(err, MESO_EFORMAT, "/external/mean and covariance are missing from the kernels, or "
              "are not of %zu rows: make the kernels with lfp.external = gaussian", R);
  const size_t size = covariance->dims[1] * R * R, n_mean = meso_array_count(mean);
  const size_t n_covariance = meso_array_count(covariance);
  MESO_ALLOC(err, m, R);
  MESO_ALLOC(err, c, size);
  for (size_t i = 0; i < n_mean; i++) m[i % R] += mean->data[i];
  for (size_t i = 0; i < n_covariance; i++) c[i % size] += covariance->data[i];
  for (size_t i = 0; i < R + size; i++)
    if (!(fabs(i < R ? m[i] : c[i - R]) < 1e30))
      MESO_FAIL(err, MESO_EFORMAT, "/external: mean or covariance hold no finite numbers");
  *ret_n_lags = covariance->dims[1];
  *ret_mean = m;
  *ret_covariance = c;
  m = c = NULL;
cleanup:
  free(m);
  free(c);
  return status;
}

static meso_status do_gaussian(job *j, meso_err *err)
{
  meso_status status = MESO_OK;
  meso_result *own = NULL;
  meso_gaussian process = {0};
  double *mean = NULL, *covariance = NULL;
  size_t n_lags = 0;
  if (j->kernels == NULL) {
    MESO_TRY(meso_result_create(&own, err));
    MESO_TRY(meso_external_add(j->model, j->moment, j->n_dirs, j->dirs, j->n_threads, j->progress,
                               own, err));
  }
  MESO_TRY(meso_external_moments(own != NULL ? own : j->kernels, j->n_rows, &mean, &covariance,
                                 &n_lags, err));
  MESO_TRY(meso_gaussian_init(j->n_rows, n_lags, covariance,
                              meso_rng_key_make(j->model->simulation.seed, MESO_RNG_EXTERNAL_NOISE),
                              j->n_threads, &process, err));
  MESO_TRY(meso_gaussian_add(&process, j->lfp->n_times, j->n_threads, j->out, err));
  for (size_t i = 0; i < j->lfp->n_times * j->n_rows; i++) j->out[i] += mean[i % j->n_rows];
cleanup:
  free(mean);
  free(covariance);
  meso_gaussian_clear(&process);
  meso_result_destroy(own);
  return status;
}

static meso_status do_replay(job *j, meso_err *err)
{
  meso_status status = MESO_OK;
  external_cells x = {0};
  const int64_t first = llround(j->lfp->t_start_ms / j->model->simulation.dt_ms);
  MESO_TRY(external_cells_init(&x, j->model, j->moment, j->n_dirs, j->dirs, j->n_threads, err));
  MESO_TRY(external_replay(&x, first, j->lfp->n_times, j->progress, j->out, err));
cleanup:
  external_cells_clear(&x);
  return status;
}

/* What lfp.external does, by its choices. */
static const struct {
  const char *name, *doc;
  meso_status (*make)(job *j, meso_err *err);
} choice[] = {
  [MESO_EXTERNAL_OFF] = {"off", NULL, NULL},
  [MESO_EXTERNAL_GAUSSIAN] =
    {"gaussian", "external Poisson input as a stationary Gaussian process with its exact mean and "
     "cross-spectral matrix; covariance with the spikes that it causes is neglected", do_gaussian},
  [MESO_EXTERNAL_REPLAY] =
    {"replay", "external Poisson input: the events that the engine draws from this seed, each on a "
     "segment of its cell", do_replay}};

/** Adds rows [first, first + n) of the external input to a signal of n channels. */
static void add_rows(const job *j, size_t first, meso_signal *to)
{
  for (size_t t = 0; t < to->n_times; t++)
    for (size_t c = 0; c < to->n_channels; c++)
      to->data[t * to->n_channels + c] += j->out[t * j->n_rows + first + c];
}

/** Second differences of the external potential, as the csd of the whole. */
static void add_to_csd(const job *j, meso_signal *csd)
{
  const double sigma = meso_attrs_number(&csd->attrs, "sigma_S_per_m", NAN);
  const double step = meso_attrs_number(&csd->attrs, "contact_step_um", NAN);
  const double scale = -sigma / (step * step) * 1e6; /* S/m mV/um^2 = 1e6 uA/mm^3 */
  for (size_t t = 0; t < csd->n_times; t++)
    for (size_t c = 0; c < csd->n_channels; c++) {
      const double *phi = j->out + t * j->n_rows + c;
      csd->data[t * csd->n_channels + c] += scale * (phi[0] - 2 * phi[1] + phi[2]);
    }
}

static meso_status add_to_signals(const job *j, meso_signals *signals, meso_err *err)
{
  meso_status status = MESO_OK;
  meso_signal *lfp = meso_signals_find(signals, "lfp"), *external;
  meso_signal *csd = meso_signals_find(signals, "csd");
  meso_signal *dipole = meso_signals_find(signals, "dipole");
  add_rows(j, 0, lfp);
  if (dipole != NULL) add_rows(j, j->n_rows - 3, dipole);
  if (csd != NULL) add_to_csd(j, csd);
  MESO_TRY(meso_signals_add(signals, "lfp_from_external", lfp->units, lfp->n_times,
                            lfp->n_channels, lfp->sampling_rate_Hz, lfp->t_start_ms, &external,
                            err));
  add_rows(j, 0, external);
  lfp = meso_signals_find(signals, "lfp");
  if (lfp->position_um != NULL) {
    MESO_ALLOC(err, external->position_um, 3 * lfp->n_channels);
    memcpy(external->position_um, lfp->position_um, 3 * lfp->n_channels * sizeof(double));
  }
  MESO_TRY(meso_attrs_set_text(&external->attrs, "doc", choice[j->model->lfp.external].doc, err));
cleanup:
  return status;
}

meso_status meso_external_apply(const meso_model *model, const meso_result *opt_kernels,
                                size_t n_dirs, const char *const *morphology_dirs, int n_threads,
                                const meso_progress *progress, meso_signals *signals,
                                meso_err *err)
{
  meso_status status = MESO_OK;
  meso_signal *lfp = meso_signals_find(signals, "lfp");
  job j = {.model = model, .kernels = opt_kernels, .n_dirs = n_dirs, .dirs = morphology_dirs,
           .n_threads = n_threads, .progress = progress, .lfp = lfp,
           .moment = meso_signals_find(signals, "dipole") != NULL};
  if (lfp == NULL) MESO_FAIL(err, MESO_ENOTFOUND, "external input: there is no signal lfp");
  MESO_TRY(meso_attrs_set_text(&lfp->attrs, "external", choice[model->lfp.external].name, err));
  if (choice[model->lfp.external].make == NULL) return MESO_OK;
  if (model->n_columns > 1)
    MESO_FAIL(err, MESO_EINVAL, "%s: scaling.N = %g: must be at most 1 for lfp.external",
              model->path, model->scaling.N);
  j.n_rows = lfp->n_channels + (j.moment ? 3 : 0);
  MESO_ALLOC(err, j.out, lfp->n_times * j.n_rows);
  MESO_TRY(choice[model->lfp.external].make(&j, err));
  MESO_TRY(add_to_signals(&j, signals, err));
cleanup:
  free(j.out);
  return status;
}
