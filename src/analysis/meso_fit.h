/* meso_fit.h: curves fitted to summaries. */
#ifndef MESO_FIT_H
#define MESO_FIT_H

#include <stddef.h>

/** Weighted least squares of y = a exp(-x / b) + c, 0.02 range <= b <= 20 range, range the extent
 * of x: for given b it is linear in a and c, and b is searched. Points with weight 0 or not finite
 * do not count. r_squared: 1 - weighted sum of squared residuals over that about the weighted mean.
 * All are NaN with fewer than four points, r_squared also where y does not vary. */
typedef struct meso_exponential { double a, b, c, r_squared; } meso_exponential;
meso_exponential meso_fit_exponential(size_t n, const double *x, const double *y,
                                      const double *weight);

#endif
