/* meso_expected.c: the estimator is linear up to its last step: X(f) = sum_t v_f(t) x_t, where
 * v_f(t) is the transform of a unit impulse at t. So
 *   E[conj(X_i) X_j] = sum_lag R_ij(lag) D_f(lag),   D_f(lag) = sum_t conj(v_f(t)) v_f(t + lag)
 * with R_ij(-lag) = R_ji(lag) and D(-lag) = conj D(lag). */
#include "meso_expected.h"

#include <fftw3.h>
#include <stdlib.h>
#include <string.h>

/** Adds conj(a) b, n complex numbers. */
static void add_product(size_t n, const double *a, const double *b, double *sum)
{
  for (size_t i = 0; i < n; i++) {
    sum[2 * i] += a[2 * i] * b[2 * i] + a[2 * i + 1] * b[2 * i + 1];
    sum[2 * i + 1] += a[2 * i] * b[2 * i + 1] - a[2 * i + 1] * b[2 * i];
  }
}

/** D_f(lag), mean over tapers, into (lag, frequency, 2). */
static meso_status window_products(const meso_spectral_plan *plan, size_t n_lags, double *product,
                                   meso_err *err)
{
  meso_status status = MESO_OK;
  const size_t n = meso_spectral_n_samples(plan), K = meso_spectral_n_tapers(plan);
  const size_t F = meso_spectral_n_frequencies(plan), size = 2 * K * F;
  double *impulse = NULL, *ring = NULL, *workspace = meso_spectral_workspace(plan);
  MESO_ALLOC(err, impulse, n);
  MESO_ALLOC(err, ring, n_lags * size); /* transforms of the last n_lags impulses */
  if (workspace == NULL) MESO_FAIL(err, MESO_ENOMEM, "cannot allocate a transform of %zu", n);
  for (size_t t = 0; t < n; t++) {
    double *now = ring + t % n_lags * size;
    impulse[t] = 1;
    meso_spectral_transform(plan, impulse, 1, 0, workspace, now);
    impulse[t] = 0;
    for (size_t lag = 0; lag < n_lags && lag <= t; lag++)
      for (size_t k = 0; k < K; k++)
        add_product(F, ring + (t - lag) % n_lags * size + 2 * k * F, now + 2 * k * F,
                    product + 2 * lag * F);
  }
  for (size_t i = 0; i < 2 * n_lags * F; i++) product[i] /= (double) K;
cleanup:
  free(impulse);
  free(ring);
  fftw_free(workspace);
  return status;
}

/** The sum over lags for one pair. */
static void sum_lags(const meso_spectral_plan *plan, size_t n_lags, size_t C,
                     const double *covariance, const double *product, size_t i, size_t j,
                     double *out)
{
  const size_t F = meso_spectral_n_frequencies(plan);
  memset(out, 0, 2 * F * sizeof *out);
  for (size_t lag = 0; lag < n_lags; lag++) {
    const double ahead = covariance[(lag * C + i) * C + j];
    const double behind = lag > 0 ? covariance[(lag * C + j) * C + i] : 0;
    const double *d = product + 2 * lag * F;
    for (size_t f = 0; f < F; f++) {
      out[2 * f] += (ahead + behind) * d[2 * f];
      out[2 * f + 1] += (ahead - behind) * d[2 * f + 1];
    }
  }
  for (size_t f = 0; f < F; f++) {
    out[2 * f] *= meso_spectral_density_factor(plan, f);
    out[2 * f + 1] *= i == j ? 0 : meso_spectral_density_factor(plan, f);
  }
}

meso_status meso_expected_spectra(const meso_spectral_plan *plan, size_t n_lags,
                                  size_t n_channels, const double *covariance, int n_threads,
                                  double *spectra, meso_err *err)
{
  meso_status status = MESO_OK;
  const size_t F = meso_spectral_n_frequencies(plan), C = n_channels;
  double *product = NULL;
  (void) n_threads; /* unused without OpenMP */
  if (n_lags > meso_spectral_n_samples(plan)) n_lags = meso_spectral_n_samples(plan);
  MESO_ALLOC(err, product, 2 * n_lags * F);
  MESO_TRY(window_products(plan, n_lags, product, err));
#pragma omp parallel for schedule(dynamic, 1) num_threads(n_threads > 0 ? n_threads : 1)
  for (size_t i = 0; i < C; i++)
    for (size_t j = i; j < C; j++)
      sum_lags(plan, n_lags, C, covariance, product, i, j,
               spectra + 2 * F * meso_triangle_at(C, i, j));
cleanup:
  free(product);
  return status;
}
