/* meso_fdr.h: many tests at once. */
#ifndef MESO_FDR_H
#define MESO_FDR_H

#include <stdbool.h>
#include <stddef.h>

#include "meso_error.h"

#ifdef __cplusplus
extern "C" {
#endif

enum meso_fdr_method {
  MESO_FDR_BH, /**< Benjamini & Hochberg 1995, J. R. Stat. Soc. B 57:289: independent tests, or
                    positively dependent ones */
  MESO_FDR_BY  /**< Benjamini & Yekutieli 2001, Ann. Stat. 29:1165: any dependence */
};
#define MESO_FDR_CHOICES "bh|by"

/** Largest p value that is accepted at a false discovery rate of @p alpha, in ret_p, and how many
 * of  the @p n values are at most that, in ret_n; 0 and 0 if none. NaN is no test. Step-up
 * procedure. */
MESO_MUST_CHECK meso_status meso_fdr(size_t n, const double *p, double alpha, int method,
                                     double *ret_p, size_t *ret_n, meso_err *err);

#ifdef __cplusplus
}
#endif
#endif
