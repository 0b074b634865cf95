/* meso_gaussian.c: Gaussian series with a given cross-spectral matrix. */
#include "meso_gaussian.h"

#include <complex.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <cblas.h>
#include <lapacke.h>

enum { MIN_TAPS = 512, SPAN = 4 }; /* the filters are at least SPAN times as long as the lags */
enum { MAX_TAPS = 1 << 20 };

/* ---- filters ------------------------------------------------------------------------------ */

static meso_status make_plans(meso_gaussian *g, meso_err *err)
{
  meso_status status = MESO_OK;
  const size_t n_fft = 2 * g->n_taps;
  double *real = fftw_alloc_real(n_fft);
  fftw_complex *spectrum = fftw_alloc_complex(g->n_taps + 1);
  if (real == NULL || spectrum == NULL) MESO_FAIL(err, MESO_ENOMEM, "cannot allocate transforms");
#pragma omp critical(meso_fftw_planner) /* FFTW's planner is not thread-safe */
  {
    g->forward = fftw_plan_dft_r2c_1d((int) n_fft, real, spectrum, FFTW_ESTIMATE);
    g->inverse = fftw_plan_dft_c2r_1d((int) n_fft, spectrum, real, FFTW_ESTIMATE);
  }
  if (g->forward == NULL || g->inverse == NULL)
    MESO_FAIL(err, MESO_EBUG, "no transform of length %zu", n_fft);
cleanup:
  fftw_free(real);
  fftw_free(spectrum);
  return status;
}

/** Transforms of the covariances of one pair, on the grid of 2 n_taps frequencies. */
static void transform_pair(const meso_gaussian *g, size_t n_lags, const double *covariance,
                           size_t i, size_t j, double *time, fftw_complex *spectrum)
{
  const size_t n = g->n_channels, n_fft = 2 * g->n_taps;
  memset(time, 0, n_fft * sizeof *time);
  for (size_t m = 0; m < n_lags; m++) {
    time[m] = covariance[(m * n + i) * n + j];
    if (m > 0) time[n_fft - m] = covariance[(m * n + j) * n + i];
  }
  fftw_execute_dft_r2c(g->forward, time, spectrum);
}

/** Hermitian square root of a matrix (n, n), in place. matrix and vector: scratch (n, n). */
static bool take_root(size_t n, fftw_complex *spectral, double complex *matrix,
                      double complex *vector, double *value)
{
  memcpy(vector, spectral, n * n * sizeof *vector);
  if (LAPACKE_zheevd(LAPACK_ROW_MAJOR, 'V', 'U', (lapack_int) n,
                     (lapack_complex_double *) vector, (lapack_int) n, value) != 0)
    return false;
  for (size_t i = 0; i < n; i++)
    for (size_t j = 0; j < n; j++) {
      double complex sum = 0;
      for (size_t k = 0; k < n; k++)
        if (value[k] > 0) sum += sqrt(value[k]) * vector[i * n + k] * conj(vector[j * n + k]);
      matrix[i * n + j] = sum;
    }
  memcpy(spectral, matrix, n * n * sizeof *matrix);
  return true;
}

/** Roots of the spectral matrices, every other frequency of the grid: n_taps in all. */
static meso_status take_roots(meso_gaussian *g, int n_threads, meso_err *err)
{
  meso_status status = MESO_OK;
  const size_t n = g->n_channels;
  bool short_of_memory = false, failed = false;
#pragma omp parallel num_threads(n_threads)
  {
    double *value = meso_calloc(n, sizeof *value);
    double complex *work = meso_calloc(2 * n * n, sizeof *work);
    const bool ready = value != NULL && work != NULL;
#pragma omp for schedule(dynamic)
    for (size_t f = 0; f <= g->n_taps; f += 2)
      if (ready && !take_root(n, g->filter + f * n * n, work, work + n * n, value)) {
#pragma omp atomic write
        failed = true;
      }
    if (!ready) {
#pragma omp atomic write
      short_of_memory = true;
    }
    free(value);
    free(work);
  }
  if (short_of_memory) MESO_FAIL(err, MESO_ENOMEM, "cannot allocate spectral matrices");
  if (failed)
    MESO_FAIL(err, MESO_ENUMERIC, "Gaussian process: a spectral matrix has no eigenvalues");
cleanup:
  return status;
}

/** Filter of a pair: from n_taps frequencies to n_taps lags around 0, then, delayed by half of
 *  them, to the grid. */
static void lengthen_filter(const meso_gaussian *g, size_t i, size_t j, double *time,
                            fftw_complex *spectrum)
{
  const size_t n = g->n_channels, N = g->n_taps;
  memset(spectrum, 0, (N + 1) * sizeof *spectrum);
  for (size_t f = 0; f <= N; f += 2) /* zeros between: the lags twice over */
    memcpy(spectrum[f], g->filter[(f * n + i) * n + j], sizeof *spectrum);
  fftw_execute_dft_c2r(g->inverse, spectrum, time);
  for (size_t q = 0; q < N / 2; q++) {
    const double early = time[N + N / 2 + q], late = time[q];
    time[q] = early / (double) N;
    time[N / 2 + q] = late / (double) N;
  }
  memset(time + N, 0, N * sizeof *time);
  fftw_execute_dft_r2c(g->forward, time, spectrum);
}

meso_status meso_gaussian_init(size_t n_channels, size_t n_lags, const double *covariance,
                               meso_rng_key key, int n_threads, meso_gaussian *g, meso_err *err)
{
  meso_status status = MESO_OK;
  const size_t n = n_channels;
  double *time = NULL;
  fftw_complex *spectrum = NULL;
  *g = (meso_gaussian) {.n_channels = n, .n_taps = MIN_TAPS, .key = key};
  openblas_set_num_threads(1); /* the threads are ours, over frequencies */
  while (g->n_taps < SPAN * n_lags && g->n_taps < MAX_TAPS) g->n_taps *= 2;
  if (g->n_taps < SPAN * n_lags || n == 0 || n > (size_t) -1 / 64 / n / (g->n_taps + 1))
    MESO_FAIL(err, MESO_ERANGE, "Gaussian process of %zu channels and %zu lags: too large", n,
              n_lags);
  MESO_TRY(make_plans(g, err));
  time = fftw_alloc_real(2 * g->n_taps);
  spectrum = fftw_alloc_complex(g->n_taps + 1);
  g->filter = fftw_alloc_complex((g->n_taps + 1) * n * n);
  if (time == NULL || spectrum == NULL || g->filter == NULL)
    MESO_FAIL(err, MESO_ENOMEM, "cannot allocate %zu filters", n * n);
  for (size_t i = 0; i < n * n; i++) {
    transform_pair(g, n_lags, covariance, i / n, i % n, time, spectrum);
    for (size_t f = 0; f <= g->n_taps; f++)
      memcpy(g->filter[f * n * n + i], spectrum[f], sizeof *spectrum);
  }
  MESO_TRY(take_roots(g, n_threads > 0 ? n_threads : 1, err));
  for (size_t i = 0; i < n * n; i++) {
    lengthen_filter(g, i / n, i % n, time, spectrum);
    for (size_t f = 0; f <= g->n_taps; f++)
      memcpy(g->filter[f * n * n + i], spectrum[f], sizeof *spectrum);
  }
cleanup:
  fftw_free(time);
  fftw_free(spectrum);
  if (status != MESO_OK) meso_gaussian_clear(g);
  return status;
}

void meso_gaussian_clear(meso_gaussian *g)
{
#pragma omp critical(meso_fftw_planner)
  {
    if (g->forward != NULL) fftw_destroy_plan(g->forward);
    if (g->inverse != NULL) fftw_destroy_plan(g->inverse);
  }
  fftw_free(g->filter);
  *g = (meso_gaussian) {.n_channels = 0};
}

/* ---- series ------------------------------------------------------------------------------- */

/* Scratch of a thread. */
typedef struct scratch {
  double *time;            /* (2 n_taps) */
  fftw_complex *noise;     /* (n_channels, n_taps + 1) */
  fftw_complex *product;   /* (n_taps + 1) */
} scratch;

/** White noise of a pair of channels in a sample (Box and Muller 1958, doi
 *  10.1214/aoms/1177706645). Samples before 0 are there as well. */
static void draw_pair(meso_rng_key key, int64_t sample, uint32_t pair, double normal[2])
{
  const uint64_t t = (uint64_t) (sample + ((int64_t) 1 << 40));
  uint32_t word[4];
  meso_rng_block(key, (const uint32_t[4]) {(uint32_t) t, (uint32_t) (t >> 32), pair, 0}, word);
  const double r = sqrt(-2 * log(meso_rng_uniform(word[0], word[1])));
  const double angle = 2 * M_PI * meso_rng_uniform(word[2], word[3]);
  normal[0] = r * cos(angle);
  normal[1] = r * sin(angle);
}

static void transform_noise(const meso_gaussian *g, int64_t first, scratch *s)
{
  const size_t n_fft = 2 * g->n_taps;
  for (size_t c = 0; c < g->n_channels; c++) {
    for (size_t t = 0; t < n_fft; t++) {
      double normal[2];
      draw_pair(g->key, first + (int64_t) t, (uint32_t) (c / 2), normal);
      s->time[t] = normal[c % 2] / (double) n_fft; /* the inverse's factor */
    }
    fftw_execute_dft_r2c(g->forward, s->time, s->noise + c * (g->n_taps + 1));
  }
}

/** Samples block n_taps ...: white noise through the filters, by overlap-save. */
static void add_block(const meso_gaussian *g, size_t block, size_t n_samples, scratch *s,
                      double *out)
{
  const size_t n = g->n_channels, N = g->n_taps;
  const size_t end = (block + 1) * N < n_samples ? (block + 1) * N : n_samples;
  transform_noise(g, (int64_t) (block * N) - (int64_t) (N / 2) + 1, s);
  for (size_t i = 0; i < n; i++) {
    for (size_t f = 0; f <= N; f++) {
      double complex sum = 0;
      for (size_t k = 0; k < n; k++) {
        const double *a = g->filter[(f * n + i) * n + k], *w = s->noise[k * (N + 1) + f];
        sum += (a[0] * w[0] - a[1] * w[1]) + I * (a[0] * w[1] + a[1] * w[0]);
      }
      s->product[f][0] = creal(sum);
      s->product[f][1] = cimag(sum);
    }
    fftw_execute_dft_c2r(g->inverse, s->product, s->time);
    for (size_t t = block * N; t < end; t++) out[t * n + i] += s->time[N - 1 + t - block * N];
  }
}

meso_status meso_gaussian_add(const meso_gaussian *g, size_t n_samples, int n_threads, double *out,
                              meso_err *err)
{
  meso_status status = MESO_OK;
  const size_t n_blocks = (n_samples + g->n_taps - 1) / g->n_taps;
  bool short_of_memory = false;
#pragma omp parallel num_threads(n_threads > 0 ? n_threads : 1)
  {
    scratch s = {fftw_alloc_real(2 * g->n_taps),
                 fftw_alloc_complex(g->n_channels * (g->n_taps + 1)),
                 fftw_alloc_complex(g->n_taps + 1)};
    const bool ready = s.time != NULL && s.noise != NULL && s.product != NULL;
#pragma omp for schedule(dynamic)
    for (size_t b = 0; b < n_blocks; b++)
      if (ready) add_block(g, b, n_samples, &s, out);
    if (!ready) {
#pragma omp atomic write
      short_of_memory = true;
    }
    fftw_free(s.time);
    fftw_free(s.noise);
    fftw_free(s.product);
  }
  if (short_of_memory) MESO_FAIL(err, MESO_ENOMEM, "cannot allocate transforms");
cleanup:
  return status;
}
