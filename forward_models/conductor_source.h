/* conductor_source.h: point and line sources, as inverse distances: 1/r, and its mean over a line.
 * Shared by the conductors that are built of them. */
#ifndef MESOI_CONDUCTOR_SOURCE_H
#define MESOI_CONDUCTOR_SOURCE_H

#include "meso_conductor.h"

/* Choices of a row `source`. */
enum { MESOI_POINT, MESOI_LINE, MESOI_ROOT_AS_POINT };
#define MESOI_SOURCE_CHOICES "point|line|root_as_point"

/* Inverse distance (1/um) of x to the segment from s to e, no nearer than r_min_um. */
typedef double mesoi_inverse_fn(const double x[3], const double s[3], const double e[3],
                                double r_min_um);
mesoi_inverse_fn mesoi_point_inverse; /* to the middle */
mesoi_inverse_fn mesoi_line_inverse;  /* mean over the segment */

/* Which of the two a segment takes. */
mesoi_inverse_fn *mesoi_source_fn(int source, size_t segment);

/* Potentials (mV/nA) of all segments in an infinite medium. */
void mesoi_isotropic_matrix(int source, double sigma_S_per_m, const meso_segments *segments,
                            size_t n_contacts, const double *contact_um, double *matrix);

/* Row of the kind of source, for a struct with this member. */
#define MESOI_SOURCE_ROW(object, m) \
  {.key = "source", .type = MESO_PARAM_CHOICE, .unit = "", .default_text = "root_as_point", \
   .choices = MESOI_SOURCE_CHOICES, .offset = offsetof(object, m), \
   .help = "how a segment's current is spread; root_as_point: the soma a point, others lines"}

/* Row of the conductivity, for a struct with this member. */
#define MESOI_SIGMA_ROW(object, m) \
  {.key = "sigma_S_per_m", .type = MESO_PARAM_DOUBLE, .unit = "S/m", .min = 0, .max = 1e3, \
   .min_open = true, .default_text = "0.3", .offset = offsetof(object, m), \
   .help = "conductivity of the tissue (Goto et al. 2010, doi:10.1152/jn.00356.2010)"}

#endif
