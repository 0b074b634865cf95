/* balloon_kernel.h: the inner loop of the balloon models, for blocks of regions. The same C source
 * (balloon_kernel.c) is compiled once per instruction set; arithmetic is plain IEEE without
 * contraction and exp is our own, so every set gives the same bits. Internal. */
#ifndef BALLOON_KERNEL_H
#define BALLOON_KERNEL_H

#include <stdbool.h>
#include <stddef.h>

enum { BALLOON_LANES = 8 };                /**< regions of a block */
enum { BALLOON_RK4 = 0, BALLOON_HEUN = 1 };

/** Constants of the state equations, in the form in which they are used. */
typedef struct balloon_constants {
  double efficacy, kappa_per_s, gamma_per_s2, per_tau_s;
  double outflow_power;    /**< 1/alpha - 1 */
  double log_unextracted;  /**< ln(1 - E0) */
  double per_E0;
} balloon_constants;

/** s and the logarithms of f, v, q: positive by construction. Zero is rest. */
typedef struct balloon_block {
  _Alignas(64) double s[BALLOON_LANES];
  double f[BALLOON_LANES], v[BALLOON_LANES], q[BALLOON_LANES];
} balloon_block;

typedef struct balloon_kernel {
  const char *name;
  /** n steps of h_s with constant drive z; largest[] keeps the largest log flow of each region.
   *  False if a log flow left (-23, 23) or is no number. */
  bool (*advance)(const balloon_constants *p, int method, double h_s, unsigned n, const double *z,
                  balloon_block *x, double *largest);
  /** Mean over n rows that lie stride values apart, of BALLOON_LANES values that follow each
   *  other, summed in the order of the rows. */
  void (*mean_single)(const float *rows, size_t n, size_t stride, double *z);
  void (*mean_double)(const double *rows, size_t n, size_t stride, double *z);
} balloon_kernel;

/** Choice by instruction set: meso_isa.h. */
const balloon_kernel *balloon_kernel_choose(const char *opt_name);

#endif
