/* fv_root_as_point.c: the soma, segment 0, as a point source, all others as lines. */
#include "conductor_source.h"

typedef struct parameters { double sigma_S_per_m; } parameters;

static const meso_param rows[] = {MESOI_SIGMA_ROW(parameters, sigma_S_per_m), {.key = NULL}};

static meso_status forward(const meso_conductor *conductor, const meso_segments *segments,
                           size_t n_contacts, const double *contact_um, double *matrix,
                           meso_err *err)
{
  const parameters *p = conductor->params;
  (void) err;
  mesoi_isotropic_matrix(MESOI_ROOT_AS_POINT, p->sigma_S_per_m, segments, n_contacts, contact_um,
                         matrix);
  return MESO_OK;
}

const meso_conductor_ops meso_fv_root_as_point = {
  .name = "root_as_point", .summary = "the soma a point, all others line sources, infinite medium",
  .unit = "mV", .params = rows, .params_size = sizeof(parameters), .matrix = forward
};
