/* meso_head.h: models of the head: what electrodes and magnetometers measure of a current dipole.
 *
 * One head is one file forward_models/fh_X.c that defines `const meso_head_ops meso_fh_X`, and one
 * row in forward_models/Makefile.am. Coordinates are those of the head (um); its centre is the
 * origin where it has one. Magnetic fields are H; B = mu0 H, and 1 nA/um is 4 pi 1e5 fT.
 */
#ifndef MESO_HEAD_H
#define MESO_HEAD_H

#include "meso_error.h"
#include "meso_params.h"

#ifdef __cplusplus
extern "C" {
#endif

#define MESO_FT_PER_NA_PER_UM 1.25663706143591729539e6 /**< mu0 = 4 pi 1e-7 T m/A */

typedef struct meso_head_ops {
  const char *name;         /**< "four_sphere" */
  const char *summary;      /**< one line */
  const meso_param *params;
  size_t params_size;
  /** Radius of the outer surface (um), on which electrodes are; 0: there is none. */
  double (*surface_um)(const void *params);
  /** Potentials. matrix: (n, 3), mV per nA um of the dipole's x, y, z. */
  meso_status (*eeg)(const void *params, const double dipole_um[3], size_t n,
                     const double *sensor_um, double *matrix, meso_err *err);
  /** Fields outside. matrix: (n, 3, 3), sensor, component of H (nA/um), per nA um of the dipole's
   *  x, y, z. */
  meso_status (*meg)(const void *params, const double dipole_um[3], size_t n,
                     const double *sensor_um, double *matrix, meso_err *err);
} meso_head_ops;

size_t meso_head_count(void);
const meso_head_ops *meso_head_at(size_t i);
const meso_head_ops *meso_head_by_name(const char *name);

#ifdef __cplusplus
}
#endif
#endif
