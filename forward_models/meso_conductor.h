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

/** How a segment's current leaves it. */
typedef enum meso_source_kind {
  MESO_SOURCE_POINT,        /**< at the middle of the segment */
  MESO_SOURCE_LINE,         /**< evenly along the chord (Holt and Koch 1999) */
  MESO_SOURCE_ROOT_AS_POINT /**< soma as a point, the others as lines */
} meso_source_kind;

/** Point contacts. Distances are at least the segment's radius.
 *  @param[in] xyz_um   (n_contacts, 3)
 *  @param[out] matrix  (n_contacts, n_segments) mV/nA */
void meso_conductor_contacts(const meso_morphology *morphology, meso_source_kind kind,
                             size_t n_contacts, const double *xyz_um, double sigma_S_per_m,
                             double *matrix);

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

/** Current dipole moment of a population that is symmetric about z: rows 0, 0, z_j.
 *  @param[out] matrix  (3, n_segments) nA um per nA */
void meso_conductor_dipole_z(const meso_morphology *morphology, double *matrix);

/** Current source density in boxes of a cylinder about the z axis: the share of each segment that
 *  lies in a box over the box's volume. A segment with both ends outside counts as outside.
 *  @param[in] z_um     (n_boxes, 2) lower and upper face
 *  @param[out] matrix  (n_boxes, n_segments) 1/um^3 */
void meso_conductor_laminar_csd(const meso_morphology *morphology, size_t n_boxes,
                                const double *z_um, double radius_um, double *matrix);

#ifdef __cplusplus
}
#endif
#endif
