/* fv_anisotropic.c: conductivities that differ along x, y and z.
 *
 * With x_i' = x_i / sqrt(sigma_i) the medium is isotropic again: phi = I / (4 pi sqrt(sigma_x
 * sigma_y sigma_z) r'), and the mean over a line is that of the line's image (Goto et al. 2010,
 * doi:10.1152/jn.00356.2010; Ness et al. 2015, doi:10.1007/s12021-015-9265-6). The least distance
 * is scaled by the geometric mean of the axes.
 */
#include "conductor_source.h"

#include <math.h>

typedef struct parameters { double sigma_S_per_m[3]; int source; } parameters;

#define SIGMA(axis, i, text) \
  {.key = "sigma_" axis "_S_per_m", .type = MESO_PARAM_DOUBLE, .unit = "S/m", .min = 0, \
   .max = 1e3, .min_open = true, .default_text = text, \
   .offset = offsetof(parameters, sigma_S_per_m[i]), .help = "conductivity along " axis}

static const meso_param rows[] = {
  SIGMA("x", 0, "0.3"), SIGMA("y", 1, "0.3"), SIGMA("z", 2, "0.45"),
  MESOI_SOURCE_ROW(parameters, source), {.key = NULL}
};

static meso_status forward(const meso_conductor *conductor, const meso_segments *segments,
                           size_t n_contacts, const double *contact_um, double *matrix,
                           meso_err *err)
{
  const parameters *p = conductor->params;
  const double *sigma = p->sigma_S_per_m, product = sigma[0] * sigma[1] * sigma[2];
  const double scale = 1 / (4 * M_PI * sqrt(product)), r_scale = 1 / sqrt(cbrt(product));
  double factor[3], x[3], s[3], e[3];
  (void) err;
  for (int i = 0; i < 3; i++) factor[i] = 1 / sqrt(sigma[i]);
  for (size_t c = 0; c < n_contacts; c++)
    for (size_t j = 0; j < segments->n; j++) {
      for (size_t i = 0; i < 3; i++) {
        x[i] = factor[i] * contact_um[3 * c + i];
        s[i] = factor[i] * segments->start_um[3 * j + i];
        e[i] = factor[i] * segments->end_um[3 * j + i];
      }
      matrix[c * segments->n + j] =
        scale * mesoi_source_fn(p->source, j)(x, s, e, r_scale * segments->diam_um[j] / 2);
    }
  return MESO_OK;
}

const meso_conductor_ops meso_fv_anisotropic = {
  .name = "anisotropic", .summary = "sources in a medium of three conductivities",
  .unit = "mV", .params = rows, .params_size = sizeof(parameters), .matrix = forward
};
