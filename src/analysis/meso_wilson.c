/* meso_wilson.c: Newton's method on S = psi psi^*. With X + X^* = psi^-1 S psi^-* + 1 and X causal,
 * the next psi is psi X; the causal part is taken over lags. From a constant psi it converges
 * always, in the end quadratically. */
#include "meso_wilson.h"

#include <fftw3.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_STEPS = 300 };
#define CLOSE_ENOUGH 1e-11
#define ACCEPTABLE 1e-6

struct meso_wilson {
  size_t n_samples, n_frequencies;
  double complex *psi, *g;      /* (frequency, n, n) */
  double complex *a, *b;        /* (n, n) */
  double *lag;                  /* (n_samples) */
  double complex *spectrum;     /* (frequency) */
  fftw_plan back, forward;
};

meso_status meso_wilson_create(size_t n_samples, size_t most, meso_wilson **ret_wilson,
                               meso_err *err)
{
  meso_status status = MESO_OK;
  meso_wilson *w = NULL;
  MESO_ALLOC(err, w, 1);
  w->n_samples = n_samples;
  w->n_frequencies = n_samples / 2 + 1;
  MESO_ALLOC(err, w->psi, w->n_frequencies * most * most);
  MESO_ALLOC(err, w->g, w->n_frequencies * most * most);
  MESO_ALLOC(err, w->a, most * most);
  MESO_ALLOC(err, w->b, most * most);
  w->lag = fftw_malloc(n_samples * sizeof *w->lag);
  w->spectrum = fftw_malloc(w->n_frequencies * sizeof *w->spectrum);
  if (w->lag == NULL || w->spectrum == NULL)
    MESO_FAIL(err, MESO_ENOMEM, "cannot allocate a transform of %zu", n_samples);
#pragma omp critical(meso_fftw_planner)
  {
    w->back = fftw_plan_dft_c2r_1d((int) n_samples, w->spectrum, w->lag, FFTW_ESTIMATE);
    w->forward = fftw_plan_dft_r2c_1d((int) n_samples, w->lag, w->spectrum, FFTW_ESTIMATE);
  }
  if (w->back == NULL || w->forward == NULL)
    MESO_FAIL(err, MESO_ENOMEM, "cannot plan a transform of %zu", n_samples);
  *ret_wilson = w;
  w = NULL;
cleanup:
  meso_wilson_destroy(w);
  return status;
}

void meso_wilson_destroy(meso_wilson *w)
{
  if (w == NULL) return;
#pragma omp critical(meso_fftw_planner)
  {
    if (w->back != NULL) fftw_destroy_plan(w->back);
    if (w->forward != NULL) fftw_destroy_plan(w->forward);
  }
  free(w->psi);
  free(w->g);
  free(w->a);
  free(w->b);
  fftw_free(w->lag);
  fftw_free(w->spectrum);
  free(w);
}

/* ---- small matrices ------------------------------------------------------------------------- */

static double square(double complex z) { return creal(z) * creal(z) + cimag(z) * cimag(z); }

static void swap_rows(size_t m, double complex *x, double complex *y)
{
  for (size_t j = 0; j < m; j++) {
    const double complex other = x[j];
    x[j] = y[j];
    y[j] = other;
  }
}

/* Gauss with pivots: millions of systems of two rows, for which a call of LAPACK costs more than
 * the work. */
bool meso_wilson_solve(size_t n, size_t m, double complex *a, double complex *b)
{
  for (size_t k = 0; k < n; k++) {
    size_t pivot = k;
    for (size_t i = k + 1; i < n; i++)
      if (square(a[i * n + k]) > square(a[pivot * n + k])) pivot = i;
    if (!(square(a[pivot * n + k]) > 0)) return false;
    if (pivot != k) {
      swap_rows(n, a + k * n, a + pivot * n);
      swap_rows(m, b + k * m, b + pivot * m);
    }
    const double complex inverse = 1 / a[k * n + k];
    for (size_t j = k; j < n; j++) a[k * n + j] *= inverse;
    for (size_t j = 0; j < m; j++) b[k * m + j] *= inverse;
    for (size_t i = 0; i < n; i++) {
      const double complex factor = a[i * n + k];
      if (i == k) continue;
      for (size_t j = k + 1; j < n; j++) a[i * n + j] -= factor * a[k * n + j];
      for (size_t j = 0; j < m; j++) b[i * m + j] -= factor * b[k * m + j];
    }
  }
  return true;
}

/* x y into z. */
static void multiply(size_t n, const double complex *x, const double complex *y, double complex *z)
{
  for (size_t i = 0; i < n; i++)
    for (size_t j = 0; j < n; j++) {
      double complex sum = 0;
      for (size_t k = 0; k < n; k++) sum += x[i * n + k] * y[k * n + j];
      z[i * n + j] = sum;
    }
}

static void conjugate_transpose(size_t n, double complex *x)
{
  for (size_t i = 0; i < n; i++)
    for (size_t j = i; j < n; j++) {
      const double complex upper = x[i * n + j];
      x[i * n + j] = conj(x[j * n + i]);
      x[j * n + i] = conj(upper);
    }
}

/* Mean over all frequencies, mirrored ones included; real, since lags are. */
static double mean_element(const meso_wilson *w, size_t n, const double complex *x, size_t e)
{
  double sum = 0;
  for (size_t f = 0; f < w->n_frequencies; f++) {
    const bool single = f == 0 || 2 * f == w->n_samples;
    sum += (single ? 1 : 2) * creal(x[f * n * n + e]);
  }
  return sum / (double) w->n_samples;
}

/* ---- iteration ------------------------------------------------------------------------------ */

/* The lower Cholesky factor of the mean of S at every frequency. */
static bool start(meso_wilson *w, size_t n, const double complex *s)
{
  double complex *c = w->psi;
  for (size_t e = 0; e < n * n; e++) c[e] = mean_element(w, n, s, e);
  for (size_t j = 0; j < n; j++) {
    const double whole = creal(c[j * n + j]);
    double left = whole;
    for (size_t k = 0; k < j; k++) left -= square(c[j * n + k]);
    if (!(left > 1e-14 * whole)) return false;
    c[j * n + j] = sqrt(left);
    for (size_t i = j + 1; i < n; i++) {
      for (size_t k = 0; k < j; k++) c[i * n + j] -= c[i * n + k] * c[j * n + k];
      c[i * n + j] /= c[j * n + j];
      c[j * n + i] = 0;
    }
  }
  for (size_t f = 1; f < w->n_frequencies; f++)
    memcpy(w->psi + f * n * n, c, n * n * sizeof *c);
  return true;
}

/* g = psi^-1 S psi^-* + 1 at every frequency; by how much it differs from 2, or -1: singular. */
static double whiten(meso_wilson *w, size_t n, const double complex *s)
{
  const size_t bytes = n * n * sizeof *s;
  double worst = 0;
  for (size_t f = 0; f < w->n_frequencies; f++) {
    double complex *g = w->g + f * n * n;
    memcpy(g, s + f * n * n, bytes);
    for (int side = 0; side < 2; side++) {
      memcpy(w->a, w->psi + f * n * n, bytes);
      if (!meso_wilson_solve(n, n, w->a, g)) return -1;
      conjugate_transpose(n, g);
    }
    for (size_t i = 0; i < n * n; i++) {
      const bool diagonal = i % (n + 1) == 0;
      const double error = square(g[i] - (diagonal ? 1 : 0));
      if (!(error <= worst)) worst = error;
      g[i] += diagonal ? 1 : 0;
    }
  }
  return isfinite(worst) ? sqrt(worst) : -1;
}

/* The causal part of g in place: positive lags whole, lag 0 and its like half the period away by
 * half, negative lags not at all. */
static void causal_part(meso_wilson *w, size_t n)
{
  const size_t N = w->n_samples, last = (N - 1) / 2;
  for (size_t e = 0; e < n * n; e++) {
    for (size_t f = 0; f < w->n_frequencies; f++) w->spectrum[f] = w->g[f * n * n + e];
    fftw_execute(w->back);
    for (size_t t = 0; t < N; t++)
      w->lag[t] *= (t == 0 || 2 * t == N ? 0.5 : t <= last ? 1 : 0) / (double) N;
    fftw_execute(w->forward);
    for (size_t f = 0; f < w->n_frequencies; f++) w->g[f * n * n + e] = w->spectrum[f];
  }
}

static enum meso_wilson_end iterate(meso_wilson *w, size_t n, const double complex *s)
{
  double least = INFINITY;
  for (int step = 0; step < MOST_STEPS; step++) {
    const double error = whiten(w, n, s);
    if (error < 0) return MESO_WILSON_SINGULAR;
    /* rounding stops it before it gets there when S varies by many powers of ten */
    if (error <= CLOSE_ENOUGH || (least <= ACCEPTABLE && error >= 0.5 * least))
      return MESO_WILSON_FINE;
    least = fmin(least, error);
    causal_part(w, n);
    for (size_t f = 0; f < w->n_frequencies; f++) {
      multiply(n, w->psi + f * n * n, w->g + f * n * n, w->a);
      memcpy(w->psi + f * n * n, w->a, n * n * sizeof *w->a);
    }
  }
  return least <= ACCEPTABLE ? MESO_WILSON_FINE : MESO_WILSON_SLOW;
}

enum meso_wilson_end meso_wilson_factor(meso_wilson *w, size_t n, const double complex *s,
                                        double complex *transfer, double *noise)
{
  if (!start(w, n, s)) return MESO_WILSON_SINGULAR;
  const enum meso_wilson_end end = iterate(w, n, s);
  if (end != MESO_WILSON_FINE) return end;
  for (size_t e = 0; e < n * n; e++) w->b[e] = mean_element(w, n, w->psi, e); /* at lag 0 */
  for (size_t i = 0; i < n; i++)
    for (size_t j = 0; j < n; j++) {
      noise[i * n + j] = 0;
      for (size_t k = 0; k < n; k++)
        noise[i * n + j] += creal(w->b[i * n + k]) * creal(w->b[j * n + k]);
    }
  conjugate_transpose(n, w->b);
  for (size_t f = 0; f < w->n_frequencies; f++) { /* H^* = (b^*)^-1 psi^* */
    double complex *h = transfer + f * n * n;
    memcpy(h, w->psi + f * n * n, n * n * sizeof *h);
    memcpy(w->a, w->b, n * n * sizeof *h);
    conjugate_transpose(n, h);
    if (!meso_wilson_solve(n, n, w->a, h)) return MESO_WILSON_SINGULAR;
    conjugate_transpose(n, h);
  }
  return MESO_WILSON_FINE;
}
