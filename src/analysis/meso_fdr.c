/* meso_fdr.c: step-up procedures over sorted p values. */
#include "meso_fdr.h"

#include "meso_order.h"

meso_status meso_fdr(size_t n, const double *p, double alpha, int method, double *ret_p,
                     size_t *ret_n, meso_err *err)
{
  meso_status status = MESO_OK;
  double *sorted = NULL, harmonic = 0;
  size_t m = 0;
  *ret_p = 0;
  *ret_n = 0;
  MESO_ALLOC(err, sorted, n);
  for (size_t i = 0; i < n; i++)
    if (!isnan(p[i])) sorted[m++] = p[i];
  meso_order_sort(m, sorted);
  for (size_t k = m; k > 0; k--) harmonic += 1 / (double) k;
  const double level = alpha / (double) m / (method == MESO_FDR_BY ? harmonic : 1);
  for (size_t k = m; k > 0 && *ret_n == 0; k--)
    if (sorted[k - 1] <= level * (double) k) {
      *ret_n = k;
      *ret_p = sorted[k - 1];
    }
cleanup:
  free(sorted);
  return status;
}
