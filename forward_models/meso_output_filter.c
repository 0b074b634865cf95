/* meso_output_filter.c: sinc under a Kaiser window. */
#include "meso_output_filter.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <gsl/gsl_sf_bessel.h>

meso_status meso_output_filter_init(size_t factor, meso_output_filter *filter, meso_err *err)
{
  meso_status status = MESO_OK;
  *filter = (meso_output_filter) {.factor = factor};
  const double nyquist = 0.5 / (double) factor; /* of the output; cycles per step */
  const double A = MESO_OUTPUT_ATTENUATION_DB;
  const double width = 2 * M_PI * (1 - MESO_OUTPUT_PASS) * nyquist;
  const double cutoff = (1 + MESO_OUTPUT_PASS) / 2 * nyquist;
  const double beta = 0.1102 * (A - 8.7); /* Kaiser's fits, for A > 50 dB */
  double sum = 0;
  if (factor > 1) filter->half = (size_t) ceil((A - 7.95) / (2.285 * width) / 2);
  MESO_ALLOC(err, filter->tap, 2 * filter->half + 1);
  filter->tap[filter->half] = 1;
  for (size_t k = 0; factor > 1 && k <= 2 * filter->half; k++) {
    const double x = (double) k - (double) filter->half;
    const double r = x / (double) filter->half;
    const double sinc = x == 0 ? 2 * cutoff : sin(2 * M_PI * cutoff * x) / (M_PI * x);
    filter->tap[k] = sinc * gsl_sf_bessel_I0(beta * sqrt(fmax(1 - r * r, 0)));
  }
  for (size_t k = 0; k <= 2 * filter->half; k++) sum += filter->tap[k];
  for (size_t k = 0; k <= 2 * filter->half; k++) filter->tap[k] /= sum;
cleanup:
  return status;
}

void meso_output_filter_clear(meso_output_filter *filter)
{
  free(filter->tap);
  filter->tap = NULL;
}

double meso_output_filter_gain(const meso_output_filter *filter, double cycles_per_step)
{
  double sum = 0;
  for (size_t k = 0; k <= 2 * filter->half; k++)
    sum += filter->tap[k]
      * cos(2 * M_PI * cycles_per_step * ((double) k - (double) filter->half));
  return sum;
}

void meso_output_filter_apply(const meso_output_filter *filter, size_t n, const double *in,
                              double *out)
{
  const size_t n_taps = 2 * filter->half + 1;
  memset(out, 0, (n + n_taps - 1) * sizeof *out);
  for (size_t k = 0; k < n_taps; k++)
    for (size_t t = 0; t < n; t++) out[t + k] += filter->tap[k] * in[t];
}
