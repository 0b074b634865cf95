/* conductor_disk.h: a population that is spread over a disc about the z axis. */
#ifndef MESOI_CONDUCTOR_DISK_H
#define MESOI_CONDUCTOR_DISK_H

#include "conductor_source.h"

/* Mean potential (mV/nA) over cells spread evenly over the disc of radius R about the z axis, with
 * depths scattered by a normal distribution; u = z of contact - z of segment. On the axis
 *   E[sqrt((u - s)^2 + R^2) - |u - s|] / (2 sigma pi R^2)
 * (Hagen et al. 2022, doi:10.1371/journal.pcbi.1010353); at distance rho from it, by its rim,
 *   E[mean over theta of R (R - rho cos theta) / (sqrt((u - s)^2 + S^2) + |u - s|)]
 *   / (2 sigma pi R^2),  S^2 = rho^2 + R^2 - 2 rho R cos theta
 * Of the cells only z enters. Exact to 1e-9 unless a contact is less than a fiftieth of R from the
 * rim and at the depth of a segment. */
MESO_MUST_CHECK meso_status mesoi_disk_matrix(double sigma_S_per_m, double radius_um,
                                              double soma_sd_um, const meso_segments *segments,
                                              size_t n_contacts, const double *contact_um,
                                              double *matrix, meso_err *err);

#define MESOI_RADIUS_ROW(object, m) \
  {.key = "radius_um", .type = MESO_PARAM_DOUBLE, .unit = "um", .min = 0, .max = 1e6, \
   .min_open = true, .default_text = "564.19", .offset = offsetof(object, m), \
   .help = "radius of the disc; that of 1 mm2"}

#endif
