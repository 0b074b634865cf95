/* meso_conductor.h: forward matrices (channel, segment): what a probe measures per nA of membrane
 * current. Currents in nA, lengths in um, conductivity in S/m give potentials in mV. The medium is
 * infinite, homogeneous and ohmic. */
#ifndef MESO_CONDUCTOR_H
#define MESO_CONDUCTOR_H

#include <stddef.h>

#include "meso_error.h"
#include "meso_morphology.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Contacts on the axis of a cylinder over whose cross-section many copies of the cell are spread
 *  evenly, with somata scattered in z (normal, soma_sd_um, may be 0): the mean potential per nA,
 *  E[sqrt((u - s)^2 + R^2) - |u - s|] / (2 sigma pi R^2) (Hagen et al. 2022,
 *  doi:10.1371/journal.pcbi.1010353). The |.| part is closed, the root by Gauss-Legendre.
 *  @param[in] z_um     (n_contacts)
 *  @param[out] matrix  (n_contacts, n_segments) mV/nA */
MESO_MUST_CHECK meso_status meso_conductor_gauss_cylinder(const meso_morphology *morphology,
                                                          size_t n_contacts, const double *z_um,
                                                          double sigma_S_per_m, double radius_um,
                                                          double soma_sd_um, double *matrix,
                                                          meso_err *err);

#ifdef __cplusplus
}
#endif
#endif
