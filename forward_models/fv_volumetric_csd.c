/* fv_volumetric_csd.c: current source density in boxes, one around each contact: the share of the
 * segment's chord inside, over the volume of the box. */
#include <math.h>

#include "meso_conductor.h"

typedef struct parameters { double size_um[3]; } parameters;

#define SIZE(axis, i) \
  {.key = "size_" axis "_um", .type = MESO_PARAM_DOUBLE, .unit = "um", .min = 0, .max = 1e6, \
   .min_open = true, .default_text = "100", .offset = offsetof(parameters, size_um[i]), \
   .help = "of the boxes along " axis}

static const meso_param rows[] = {SIZE("x", 0), SIZE("y", 1), SIZE("z", 2), {.key = NULL}};

/* Faces towards smaller coordinates belong to the box, the others to its neighbours. */
static double share_inside(const double s[3], const double e[3], const double x[3],
                           const double size[3])
{
  double t0 = 0, t1 = 1;
  bool is_point = true;
  for (int i = 0; i < 3; i++) {
    const double low = x[i] - size[i] / 2, high = x[i] + size[i] / 2, d = e[i] - s[i];
    if (d == 0) {
      if (s[i] < low || s[i] >= high) return 0;
      continue;
    }
    is_point = false;
    const double a = (low - s[i]) / d, b = (high - s[i]) / d;
    t0 = fmax(t0, fmin(a, b));
    t1 = fmin(t1, fmax(a, b));
  }
  return is_point ? 1 : fmax(t1 - t0, 0);
}

static meso_status forward(const meso_conductor *conductor, const meso_segments *segments,
                           size_t n_contacts, const double *contact_um, double *matrix,
                           meso_err *err)
{
  const parameters *p = conductor->params;
  const double volume = p->size_um[0] * p->size_um[1] * p->size_um[2];
  (void) err;
  for (size_t c = 0; c < n_contacts; c++)
    for (size_t j = 0; j < segments->n; j++)
      matrix[c * segments->n + j] = share_inside(segments->start_um + 3 * j,
                                                 segments->end_um + 3 * j, contact_um + 3 * c,
                                                 p->size_um) / volume;
  return MESO_OK;
}

const meso_conductor_ops meso_fv_volumetric_csd = {
  .name = "volumetric_csd", .summary = "current source density in a box around each contact",
  .unit = "nA/um^3", .params = rows, .params_size = sizeof(parameters), .matrix = forward
};
