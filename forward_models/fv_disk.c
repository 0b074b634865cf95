/* fv_disk.c: currents spread evenly over a disc about the z axis, the column's. */
#include "conductor_disk.h"

typedef struct parameters { double sigma_S_per_m, radius_um; } parameters;

static const meso_param rows[] = {
  MESOI_SIGMA_ROW(parameters, sigma_S_per_m), MESOI_RADIUS_ROW(parameters, radius_um),
  {.key = NULL}
};

static meso_status forward(const meso_conductor *conductor, const meso_segments *segments,
                           size_t n_contacts, const double *contact_um, double *matrix,
                           meso_err *err)
{
  const parameters *p = conductor->params;
  return mesoi_disk_matrix(p->sigma_S_per_m, p->radius_um, 0, segments, n_contacts, contact_um,
                           matrix, err);
}

const meso_conductor_ops meso_fv_disk = {
  .name = "disk", .summary = "each segment spread over a disc about the z axis",
  .unit = "mV", .params = rows, .params_size = sizeof(parameters), .matrix = forward
};
