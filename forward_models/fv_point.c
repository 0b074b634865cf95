/* fv_point.c: phi = I / (4 pi sigma r), r the distance from the middle of the segment. */
#include "conductor_source.h"

typedef struct parameters { double sigma_S_per_m; } parameters;

static const meso_param rows[] = {MESOI_SIGMA_ROW(parameters, sigma_S_per_m), {.key = NULL}};

static meso_status forward(const meso_conductor *conductor, const meso_segments *segments,
                           size_t n_contacts, const double *contact_um, double *matrix,
                           meso_err *err)
{
  const parameters *p = conductor->params;
  (void) err;
  mesoi_isotropic_matrix(MESOI_POINT, p->sigma_S_per_m, segments, n_contacts, contact_um,
                         matrix);
  return MESO_OK;
}

const meso_conductor_ops meso_fv_point = {
  .name = "point", .summary = "point sources in the middles of segments, infinite medium",
  .unit = "mV", .params = rows, .params_size = sizeof(parameters), .matrix = forward
};
