/* meso_order.h: sorted numbers. */
#ifndef MESO_ORDER_H
#define MESO_ORDER_H

#include <math.h>
#include <stdlib.h>

static inline int meso_order_ascending(const void *a, const void *b)
{
  const double x = *(const double *) a, y = *(const double *) b;
  return (x > y) - (x < y);
}

/** Sorts n numbers that are not NaN, ascending. */
static inline void meso_order_sort(size_t n, double *x)
{
  qsort(x, n, sizeof *x, meso_order_ascending);
}

/** Quantile q of n sorted values, linear between them; NaN if there are none. */
static inline double meso_order_quantile(size_t n, const double *sorted, double q)
{
  if (n == 0) return NAN;
  const double at = q * (double) (n - 1);
  const size_t i = (size_t) at;
  return i + 1 < n ? sorted[i] + (at - (double) i) * (sorted[i + 1] - sorted[i]) : sorted[n - 1];
}

#endif
