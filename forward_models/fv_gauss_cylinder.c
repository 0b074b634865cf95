/* fv_gauss_cylinder.c: as the disk, and the cells are scattered in depth (normal). */
#include "conductor_disk.h"

typedef struct parameters { double sigma_S_per_m, radius_um, soma_sd_um; } parameters;

static const meso_param rows[] = {
  MESOI_SIGMA_ROW(parameters, sigma_S_per_m), MESOI_RADIUS_ROW(parameters, radius_um),
  {.key = "soma_sd_um", .type = MESO_PARAM_DOUBLE, .unit = "um", .min = 0, .max = 1e6,
   .default_text = "14.43", .offset = offsetof(parameters, soma_sd_um),
   .help = "scatter of soma depths; that of +-25 um, uniform"},
  {.key = NULL}
};

static meso_status forward(const meso_conductor *conductor, const meso_segments *segments,
                           size_t n_contacts, const double *contact_um, double *matrix,
                           meso_err *err)
{
  const parameters *p = conductor->params;
  return mesoi_disk_matrix(p->sigma_S_per_m, p->radius_um, p->soma_sd_um, segments, n_contacts,
                           contact_um, matrix, err);
}

const meso_conductor_ops meso_fv_gauss_cylinder = {
  .name = "gauss_cylinder", .summary = "a disc of cells that are also scattered in depth",
  .unit = "mV", .params = rows, .params_size = sizeof(parameters), .matrix = forward
};
