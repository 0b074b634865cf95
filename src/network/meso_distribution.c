/* meso_distribution.c: the table of distributions.
 *
 * 1. normal   2. constant   3. lognormal   4. uniform   5. the table
 */
#include "meso_distribution.h"

#include <math.h>

#include <gsl/gsl_cdf.h>

/** Cells of the normal deviate divide +-5.12: 2^10 of them are 0.01 wide. */
#define DEVIATE_RANGE 5.12

static double cell_width(size_t n) { return 2 * DEVIATE_RANGE / (double) n; }

static double cell_middle(size_t c, size_t n)
{
  return cell_width(n) * ((double) c - 0.5 * (double) n + 0.5);
}

/* ---- 1. normal ---------------------------------------------------------------------------- */

static double normal_cdf(double mean, double sd, double x)
{
  return gsl_cdf_ugaussian_P((x - mean) / sd);
}

static double normal_quantile(double mean, double sd, double P)
{
  return mean + sd * gsl_cdf_ugaussian_Pinv(P);
}

static double normal_upper(double mean, double sd) { return mean + 6.0 * sd; }

static double normal_cell(double mean, double sd, size_t c, size_t n, double *cumulative)
{
  const double z = cell_middle(c, n);
  *cumulative = gsl_cdf_ugaussian_P(z + DEVIATE_RANGE / (double) n);
  return mean + sd * z;
}

static double normal_largest(double mean, double sd) { return mean + 5.2 * sd; }

/* ---- 2. constant -------------------------------------------------------------------------- */

static double constant_cdf(double mean, double sd, double x)
{
  (void) sd;
  return x > mean ? 1.0 : 0.0;
}

static double constant_quantile(double mean, double sd, double P)
{
  (void) sd, (void) P;
  return mean;
}

static double constant_upper(double mean, double sd)
{
  (void) sd;
  return mean;
}

static double constant_cell(double mean, double sd, size_t c, size_t n, double *cumulative)
{
  (void) sd, (void) c, (void) n;
  *cumulative = 1.0;
  return mean;
}

/* ---- 3. lognormal ------------------------------------------------------------------------- */

/** X = exp(mu + sigma Z). */
static double sigma_of(double mean, double sd) { return sqrt(log1p(sd / mean * (sd / mean))); }

static double lognormal_cdf(double mean, double sd, double x)
{
  const double sigma = sigma_of(mean, sd);
  return x > 0 ? gsl_cdf_ugaussian_P((log(x / mean)) / sigma + 0.5 * sigma) : 0.0;
}

static double lognormal_quantile(double mean, double sd, double P)
{
  const double sigma = sigma_of(mean, sd);
  return mean * exp(sigma * (gsl_cdf_ugaussian_Pinv(P) - 0.5 * sigma));
}

static double lognormal_upper(double mean, double sd)
{
  const double sigma = sigma_of(mean, sd);
  return mean * exp(sigma * (4.7 - 0.5 * sigma));
}

/** The mean of X between two deviates is known exactly, so the cells keep the mean, the outer ones
 *  with all that lies beyond. */
static double lognormal_cell(double mean, double sd, size_t c, size_t n, double *cumulative)
{
  const double sigma = sigma_of(mean, sd), z = cell_middle(c, n), half = 0.5 * cell_width(n);
  const double low = c == 0 ? -INFINITY : z - half, high = c + 1 == n ? INFINITY : z + half;
  *cumulative = gsl_cdf_ugaussian_P(high);
  /* Differences of the smaller tails keep their digits. */
  if (z > 0)
    return mean * (gsl_cdf_ugaussian_Q(low - sigma) - gsl_cdf_ugaussian_Q(high - sigma)) /
           (gsl_cdf_ugaussian_Q(low) - gsl_cdf_ugaussian_Q(high));
  return mean * (gsl_cdf_ugaussian_P(high - sigma) - gsl_cdf_ugaussian_P(low - sigma)) /
         (gsl_cdf_ugaussian_P(high) - gsl_cdf_ugaussian_P(low));
}

static double lognormal_largest(double mean, double sd)
{
  double cumulative;
  return lognormal_cell(mean, sd, 65535, 65536, &cumulative);
}

/* ---- 4. uniform --------------------------------------------------------------------------- */

static double half_width(double sd) { return sqrt(3.0) * sd; }

static double uniform_cdf(double mean, double sd, double x)
{
  return fmin(fmax(0.5 + 0.5 * (x - mean) / half_width(sd), 0.0), 1.0);
}

static double uniform_quantile(double mean, double sd, double P)
{
  return mean + half_width(sd) * (2.0 * P - 1.0);
}

static double uniform_upper(double mean, double sd) { return mean + half_width(sd); }

static double uniform_cell(double mean, double sd, size_t c, size_t n, double *cumulative)
{
  *cumulative = ((double) c + 1.0) / (double) n;
  return mean + half_width(sd) * (((double) c + 0.5) / (0.5 * (double) n) - 1.0);
}

/* ---- 5. the table ------------------------------------------------------------------------- */

static const meso_distribution_ops table[MESO_N_DISTRIBUTIONS] = {
  [MESO_DISTRIBUTION_normal] =
    {"normal", 1.0, normal_cdf, normal_quantile, normal_upper, normal_cell, normal_largest},
  [MESO_DISTRIBUTION_constant] =
    {"constant", INFINITY, constant_cdf, constant_quantile, constant_upper, constant_cell,
     constant_upper},
  [MESO_DISTRIBUTION_lognormal] = /* wider: the last cell would hold too much of the variance */
    {"lognormal", 1.5, lognormal_cdf, lognormal_quantile, lognormal_upper, lognormal_cell,
     lognormal_largest},
  [MESO_DISTRIBUTION_uniform] = /* 1/sqrt(3) */
    {"uniform", 0.57735, uniform_cdf, uniform_quantile, uniform_upper, uniform_cell,
     uniform_upper},
};

const meso_distribution_ops *meso_distribution_at(int kind, double sd)
{
  return sd > 0 ? &table[kind] : &table[MESO_DISTRIBUTION_constant];
}
