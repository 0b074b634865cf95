/* fh_infinite.c: a dipole in an infinite homogeneous medium: phi = p . R / (4 pi sigma R^3) and
 * H = p x R / (4 pi R^3), R from the dipole to the sensor. */
#include <math.h>

#include "meso_head.h"

typedef struct parameters { double sigma_S_per_m; } parameters;

static const meso_param rows[] = {
  {.key = "sigma_S_per_m", .type = MESO_PARAM_DOUBLE, .unit = "S/m", .min = 0, .max = 1e3,
   .min_open = true, .default_text = "0.3", .offset = offsetof(parameters, sigma_S_per_m),
   .help = "conductivity"},
  {.key = NULL}
};

static double no_surface(const void *params)
{
  (void) params;
  return 0;
}

/* R / (4 pi R^3) for every sensor. */
static meso_status place(const double dipole_um[3], size_t i, const double *sensor_um,
                         double ret_R[3], meso_err *err)
{
  meso_status status = MESO_OK;
  double r2 = 0;
  for (size_t k = 0; k < 3; k++) {
    ret_R[k] = sensor_um[3 * i + k] - dipole_um[k];
    r2 += ret_R[k] * ret_R[k];
  }
  if (!(r2 > 0)) MESO_FAIL(err, MESO_EINVAL, "infinite: sensor %zu is where the dipole is", i);
  for (size_t k = 0; k < 3; k++) ret_R[k] /= 4 * M_PI * r2 * sqrt(r2);
cleanup:
  return status;
}

static meso_status eeg(const void *params, const double dipole_um[3], size_t n,
                       const double *sensor_um, double *matrix, meso_err *err)
{
  meso_status status = MESO_OK;
  const parameters *p = params;
  double R[3];
  for (size_t i = 0; i < n; i++) {
    MESO_TRY(place(dipole_um, i, sensor_um, R, err));
    for (size_t k = 0; k < 3; k++) matrix[3 * i + k] = R[k] / p->sigma_S_per_m;
  }
cleanup:
  return status;
}

static meso_status meg(const void *params, const double dipole_um[3], size_t n,
                       const double *sensor_um, double *matrix, meso_err *err)
{
  meso_status status = MESO_OK;
  double R[3];
  (void) params;
  for (size_t i = 0; i < n; i++) {
    MESO_TRY(place(dipole_um, i, sensor_um, R, err));
    const double cross[9] = {0, R[2], -R[1], -R[2], 0, R[0], R[1], -R[0], 0};
    for (size_t k = 0; k < 9; k++) matrix[9 * i + k] = cross[k];
  }
cleanup:
  return status;
}

const meso_head_ops meso_fh_infinite = {
  .name = "infinite", .summary = "infinite homogeneous medium", .params = rows,
  .params_size = sizeof(parameters), .surface_um = no_surface, .eeg = eeg, .meg = meg
};
