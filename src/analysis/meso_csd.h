/* meso_csd.h: current source density from the potentials along a line of contacts.
 *
 * C in uA/mm^3, sources (current out of cells) positive, from phi in mV at depths z in um; sigma in
 * S/m. The field is constant within discs of radius R about the line (second_derivative: everywhere
 * across it). With k(u) = (sqrt(u^2 + R^2) - |u|) / (2 sigma), the potential on the axis is
 *   phi(z) = integral C(z') k(z - z') dz'
 *   second_derivative  C = -sigma (phi[i-1] - 2 phi[i] + phi[i+1]) / h^2, inner contacts only
 *   delta, step, spline   C = F^-1 phi, where C is: thin discs of weight h at the contacts;
 *   constant                    within h / 2 of each; a natural cubic spline through the contacts
 *   that ends in                    zeros a spacing beyond (Pettersen et al. 2006, J. Neurosci.
 *   Methods 154:116,                    doi 10.1016/j.jneumeth.2005.12.005)
 *   kernel             C = K~ (K + lambda)^-1 phi, C a sum of Gaussians along z, whose width and
 *                      lambda are chosen by the error in predicting each contact from the others
 *                      (Potworowski et al. 2012, Neural Comput. 24:541, doi 10.1162/NECO_a_00236)
 */
#ifndef MESO_CSD_H
#define MESO_CSD_H

#include "meso_data.h"
#include "meso_params.h"

#ifdef __cplusplus
extern "C" {
#endif

enum meso_csd_method {
  MESO_CSD_SECOND_DERIVATIVE, MESO_CSD_DELTA, MESO_CSD_STEP, MESO_CSD_SPLINE, MESO_CSD_KERNEL
};

typedef struct meso_csd_params {
  int method;
  double sigma_S_per_m, radius_um;
  double width_um;  /**< kernel: standard deviation of the Gaussians; 0: cross-validated */
  double lambda;    /**< kernel: regularisation, relative to the mean of K's diagonal; < 0:
      likewise */
} meso_csd_params;

extern const meso_param meso_csd_rows[]; /**< option rows of a meso_csd_params */

/** Matrix (n_out, n) that takes potentials at depths @p z_um (ascending, n) to the density at the
 *  same depths (second_derivative: without the first and last one). ret_matrix: caller frees. Notes
 *  what was chosen and the condition in @p attrs. */
MESO_MUST_CHECK meso_status meso_csd_matrix(const meso_csd_params *params, size_t n,
                                            const double *z_um, const double *covariance,
                                            double **ret_matrix, size_t *ret_n_out,
                                            meso_attrs *attrs, meso_err *err);

/** Potential in mV on the axis at @p z_um of a density of 1 uA/mm^3 between low and high. */
double meso_csd_slab(const meso_csd_params *params, double low_um, double high_um, double z_um);

/** Appends the signal "csd" made of @p lfp, whose channels lie along a line parallel to z, in any
 *  order; output in the order of the input. */
MESO_MUST_CHECK meso_status meso_csd_apply(const meso_csd_params *params, const meso_signal *lfp,
                                           meso_signals *out, meso_err *err);

#ifdef __cplusplus
}
#endif
#endif
