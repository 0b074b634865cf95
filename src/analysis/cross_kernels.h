/* cross_kernels.h: sums over observations of products of transforms, the inner loops of all pairs.
 * The same C source (cross_kernels.c) is compiled once per instruction set; lanes are frequencies,
 * so every set adds in the same order and gives the same bits. Internal to the analyses. */
#ifndef CROSS_KERNELS_H
#define CROSS_KERNELS_H

#include <stddef.h>

/** Frequencies of a group; arrays of transforms are (observation, 2, CROSS_LANES): real parts, then
 *  imaginary parts. */
enum { CROSS_LANES = 8 };

/** Sums of one pair of channels in one group of frequencies, one row of CROSS_LANES each. */
enum cross_sum {
  CROSS_RE, CROSS_IM,           /**< of conj(a) b */
  CROSS_N_PRODUCT,
  CROSS_SIGN = 0, CROSS_ABS, CROSS_SQUARE, /**< of Im(conj(a) b): its sign, size and square */
  CROSS_N_LAG
};

typedef struct cross_kernels {
  const char *name;
  /** Adds @p n products to the sums of the four pairs (a[0], b[0]), (a[0], b[1]), (a[1], b[0]),
   *  (a[1], b[1]): rows CROSS_RE, CROSS_IM. */
  void (*product)(size_t n, const double *const a[2], const double *const b[2],
                  double *const sum[4]);
  /** The same for rows CROSS_SIGN, CROSS_ABS, CROSS_SQUARE. */
  void (*lag)(size_t n, const double *const a[2], const double *const b[2], double *const sum[4]);
} cross_kernels;

/** Choice by instruction set: meso_isa.h. */
const cross_kernels *cross_kernels_choose(const char *opt_name);

#endif
