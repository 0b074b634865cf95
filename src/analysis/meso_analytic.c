/* meso_analytic.c: one complex transform there, one back. */
#include "meso_analytic.h"

#include <math.h>
#include <stdint.h>

meso_status meso_analytic_make(size_t n, double rate_Hz, meso_analytic *analytic, meso_err *err)
{
  meso_status status = MESO_OK;
  fftw_complex *z = NULL;
  *analytic = (meso_analytic) {n, rate_Hz, NULL, NULL};
  if (n > INT32_MAX) MESO_FAIL(err, MESO_ERANGE, "%zu samples are too many for a transform", n);
  z = fftw_malloc(n * sizeof *z);
  if (z == NULL) MESO_FAIL(err, MESO_ENOMEM, "cannot allocate a transform of %zu", n);
#pragma omp critical(meso_fftw_planner)
  {
    analytic->forward = fftw_plan_dft_1d((int) n, z, z, FFTW_FORWARD, FFTW_ESTIMATE);
    analytic->back = fftw_plan_dft_1d((int) n, z, z, FFTW_BACKWARD, FFTW_ESTIMATE);
  }
  if (analytic->forward == NULL || analytic->back == NULL)
    MESO_FAIL(err, MESO_ENOMEM, "cannot plan a transform of %zu", n);
cleanup:
  fftw_free(z);
  return status;
}

void meso_analytic_clear(meso_analytic *analytic)
{
#pragma omp critical(meso_fftw_planner)
  {
    if (analytic->forward != NULL) fftw_destroy_plan(analytic->forward);
    if (analytic->back != NULL) fftw_destroy_plan(analytic->back);
  }
  analytic->forward = analytic->back = NULL;
}

static double share_of(double low_Hz, double high_Hz, double f_Hz)
{
  const double flank = 0.1 * (high_Hz - low_Hz), beyond = fmax(low_Hz - f_Hz, f_Hz - high_Hz);
  if (beyond <= 0) return 1;
  return beyond < flank ? 0.5 + 0.5 * cos(M_PI * beyond / flank) : 0;
}

void meso_analytic_signal(const meso_analytic *analytic, const double *x, size_t stride,
                          double low_Hz, double high_Hz, fftw_complex *z)
{
  const size_t n = analytic->n;
  double mean = 0;
  for (size_t t = 0; t < n; t++) mean += x[t * stride] / (double) n;
  for (size_t t = 0; t < n; t++) {
    z[t][0] = x[t * stride] - mean;
    z[t][1] = 0;
  }
  fftw_execute_dft(analytic->forward, z, z);
  for (size_t k = 0; k < n; k++) {
    const double f_Hz = (double) k * analytic->rate_Hz / (double) n;
    const double share = 2 * k < n ? 2 * share_of(low_Hz, high_Hz, f_Hz) / (double) n : 0;
    z[k][0] *= share;
    z[k][1] *= share;
  }
  fftw_execute_dft(analytic->back, z, z);
}
