/* fv_periodic.c: a network on a torus: images of every cell to all sides. */
#include <stdlib.h>

#include "meso_conductor.h"

typedef struct parameters { double period_x_um, period_y_um; int64_t order; } parameters;

#define PERIOD(name, axis) \
  {.key = #name, .type = MESO_PARAM_DOUBLE, .unit = "um", .min = 0, .max = 1e7, \
   .min_open = true, .default_text = "4000", .offset = offsetof(parameters, name), \
   .help = "width of the network along " axis}

static const meso_param rows[] = {
  PERIOD(period_x_um, "x"), PERIOD(period_y_um, "y"),
  {.key = "order", .type = MESO_PARAM_INT, .unit = "1", .min = 0, .max = 100,
   .default_text = "1", .offset = offsetof(parameters, order),
   .help = "images to each side: (2 order + 1)^2 copies in all"},
  {.key = NULL}
};

/* An image of the cell is seen like the cell itself from where the contact is moved the other way;
 * the images are the same to both sides. */
static meso_status forward(const meso_conductor *conductor, const meso_segments *segments,
                           size_t n_contacts, const double *contact_um, double *matrix,
                           meso_err *err)
{
  meso_status status = MESO_OK;
  const parameters *p = conductor->params;
  const size_t size = n_contacts * segments->n;
  double *moved = NULL, *part = NULL;
  MESO_ALLOC(err, moved, 3 * n_contacts);
  MESO_ALLOC(err, part, size);
  for (size_t i = 0; i < size; i++) matrix[i] = 0;
  for (int64_t ix = -p->order; ix <= p->order; ix++)
    for (int64_t iy = -p->order; iy <= p->order; iy++) {
      const double shift_um[3] = {(double) ix * p->period_x_um, (double) iy * p->period_y_um, 0};
      for (size_t i = 0; i < 3 * n_contacts; i++) moved[i] = contact_um[i] + shift_um[i % 3];
      MESO_TRY(conductor->inner->ops->matrix(conductor->inner, segments, n_contacts, moved, part,
                                             err));
      for (size_t i = 0; i < size; i++) matrix[i] += part[i];
    }
cleanup:
  free(moved);
  free(part);
  return status;
}

const meso_conductor_ops meso_fv_periodic = {
  .name = "periodic", .summary = "sum over periodic images along x and y, of any conductor",
  .wraps = true, .params = rows, .params_size = sizeof(parameters), .matrix = forward
};
