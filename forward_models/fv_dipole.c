/* fv_dipole.c: the current dipole moment p = sum of I times the middle of the segment (nA um). The
 * currents of a cell sum to zero, so the origin does not matter. */
#include "meso_conductor.h"

typedef struct parameters { char none; } parameters;

static const meso_param rows[] = {{.key = NULL}};

static meso_status forward(const meso_conductor *conductor, const meso_segments *segments,
                           size_t n_contacts, const double *contact_um, double *matrix,
                           meso_err *err)
{
  (void) conductor;
  (void) n_contacts;
  (void) contact_um;
  (void) err;
  for (size_t axis = 0; axis < 3; axis++)
    for (size_t j = 0; j < segments->n; j++)
      matrix[axis * segments->n + j] =
        (segments->start_um[3 * j + axis] + segments->end_um[3 * j + axis]) / 2;
  return MESO_OK;
}

const meso_conductor_ops meso_fv_dipole = {
  .name = "dipole", .summary = "current dipole moment: channels x, y and z", .unit = "nA um",
  .n_channels = 3, .params = rows, .params_size = sizeof(parameters), .matrix = forward
};
