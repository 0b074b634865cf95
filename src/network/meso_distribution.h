/* meso_distribution.h: distributions of weights and delays, given by mean and standard deviation.
 *
 * normal, uniform and lognormal have this mean and deviation before they are cut: by default a
 * delay is drawn again until it is at least half a step, a weight until its sign is right; or they
 * are clipped, to one step or 0 (as by NEST's nest.math.redraw, .max and .min). A constant takes
 * the mean alone. One row of MESO_DISTRIBUTIONS and one of the table in meso_distribution.c make a
 * distribution; the choices of the model keys follow.
 */
#ifndef MESO_DISTRIBUTION_H
#define MESO_DISTRIBUTION_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/** In the order of the table; the first is the default. */
#define MESO_DISTRIBUTIONS(ROW) ROW(normal) ROW(constant) ROW(lognormal) ROW(uniform)

#define MESO_DISTRIBUTION_INDEX(name) MESO_DISTRIBUTION_##name,
enum { MESO_DISTRIBUTIONS(MESO_DISTRIBUTION_INDEX) MESO_N_DISTRIBUTIONS };

/** What becomes of values that cannot be. */
enum { MESO_REDRAW, MESO_CLIP };

typedef struct meso_distribution_ops {
  const char *name;
  double max_rel_sd;   /**< of weights, over the mean: beyond it a part of them would be cut off */
  /** P(X <= x). */
  double (*cdf)(double mean, double sd, double x);
  /** Its inverse; 0 < P < 1. */
  double (*quantile)(double mean, double sd, double P);
  /** Value that X exceeds with a probability of less than 2e-6: what tables of delays reach to. */
  double (*upper)(double mean, double sd);
  /** Cuts X into n cells, 1 <= n: mean of X in cell c; *cumulative is the probability of cells
   *  0 .. c, up to a factor common to all cells. mean >= 0. */
  double (*cell)(double mean, double sd, size_t c, size_t n, double *cumulative);
  /** Bound of the last cell's mean for every n <= 65536. */
  double (*largest)(double mean, double sd);
} meso_distribution_ops;

/** By index in MESO_DISTRIBUTIONS; a spread of zero is a constant, whatever the kind. */
const meso_distribution_ops *meso_distribution_at(int kind, double sd);

#ifdef __cplusplus
}
#endif
#endif
