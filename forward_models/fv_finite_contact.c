/* fv_finite_contact.c: the mean potential over a flat contact, by a fixed quadrature rule.
 *
 * Circle: Gauss-Legendre in the square of the radius times equal angles; square: Gauss-Legendre
 * along both sides. Both are exact for polynomials up to degree 4 n_rings - 2 in the plane. No
 * random points: the same contact gives the same number.
 */
#include <gsl/gsl_integration.h>
#include <math.h>
#include <stdlib.h>

#include "meso_conductor.h"

enum { CIRCLE, SQUARE, MAX_RINGS = 16 };

typedef struct parameters {
  int shape;
  double radius_um, side_um, normal[3];
  int64_t n_rings;
} parameters;

#define NUMBER(name, field, its_unit, low, high, open, text, help_text) \
  {.key = name, .type = MESO_PARAM_DOUBLE, .unit = its_unit, .min = low, .max = high, \
   .min_open = open, .default_text = text, .offset = offsetof(parameters, field), .help = help_text}

static const meso_param rows[] = {
  {.key = "shape", .type = MESO_PARAM_CHOICE, .unit = "", .default_text = "circle",
   .choices = "circle|square", .offset = offsetof(parameters, shape), .help = "of the contact"},
  NUMBER("radius_um", radius_um, "um", 0, 1e5, true, "7.5",
         "of a circle (Hagen et al. 2016, doi:10.1093/cercor/bhw237)"),
  NUMBER("side_um", side_um, "um", 0, 1e5, true, "15", "of a square; one side is horizontal"),
  NUMBER("normal_x", normal[0], "1", -1e6, 1e6, false, "1", "direction that the contact faces"),
  NUMBER("normal_y", normal[1], "1", -1e6, 1e6, false, "0", "direction that the contact faces"),
  NUMBER("normal_z", normal[2], "1", -1e6, 1e6, false, "0", "direction that the contact faces"),
  {.key = "n_rings", .type = MESO_PARAM_INT, .unit = "1", .min = 1, .max = MAX_RINGS,
   .default_text = "3", .offset = offsetof(parameters, n_rings),
   .help = "rings of the rule: n (4n - 1) points on a circle, 4 n^2 on a square"},
  {.key = NULL}
};

/* A point of the contact, from its centre along its two axes, and its weight; they sum to 1. */
typedef struct node { double u_um, v_um, weight; } node;

/* Abscissa and weight on [0, 1]. */
static void gauss_point(const gsl_integration_glfixed_table *table, size_t i, double *x, double *w)
{
  (void) gsl_integration_glfixed_point(0, 1, i, x, w, table);
}

static size_t make_nodes(const parameters *p, const gsl_integration_glfixed_table *table,
                         node *list)
{
  const size_t n = (size_t) p->n_rings, n_angles = 4 * n - 1;
  size_t k = 0;
  double x[2], w[2];
  if (p->shape == CIRCLE)
    for (size_t i = 0; i < n; i++) {
      gauss_point(table, i, &x[0], &w[0]);
      for (size_t a = 0; a < n_angles; a++) {
        const double angle = 2 * M_PI * (double) a / (double) n_angles;
        const double r = p->radius_um * sqrt(x[0]);
        list[k++] = (node) {r * cos(angle), r * sin(angle), w[0] / (double) n_angles};
      }
    }
  else
    for (size_t i = 0; i < 2 * n; i++)
      for (size_t j = 0; j < 2 * n; j++) {
        gauss_point(table, i, &x[0], &w[0]);
        gauss_point(table, j, &x[1], &w[1]);
        list[k++] = (node) {p->side_um * (x[0] - 0.5), p->side_um * (x[1] - 0.5), w[0] * w[1]};
      }
  return k;
}

static double length(const double a[3])
{
  return sqrt(a[0] * a[0] + a[1] * a[1] + a[2] * a[2]);
}

/* Axes of the contact's plane: u horizontal, v = normal x u. */
static void make_axes(const double normal[3], double u[3], double v[3])
{
  const double horizontal = hypot(normal[0], normal[1]), all = length(normal);
  const bool faces_z = !(horizontal > 1e-12 * all);
  u[0] = faces_z ? 1 : -normal[1] / horizontal;
  u[1] = faces_z ? 0 : normal[0] / horizontal;
  u[2] = 0;
  for (int i = 0; i < 3; i++) {
    const int j = (i + 1) % 3, k = (i + 2) % 3;
    v[i] = (normal[j] * u[k] - normal[k] * u[j]) / all;
  }
}

static meso_status check(const void *params, meso_err *err)
{
  meso_status status = MESO_OK;
  const parameters *p = params;
  if (!(length(p->normal) > 0))
    MESO_FAIL(err, MESO_EINVAL, "finite_contact: normal_x, normal_y and normal_z must not all be "
              "0");
cleanup:
  return status;
}

static meso_status forward(const meso_conductor *conductor, const meso_segments *segments,
                           size_t n_contacts, const double *contact_um, double *matrix,
                           meso_err *err)
{
  meso_status status = MESO_OK;
  const parameters *p = conductor->params;
  const size_t n_rings = (size_t) p->n_rings, size = n_contacts * segments->n;
  node list[4 * MAX_RINGS * MAX_RINGS];
  double *moved = NULL, *part = NULL, u[3], v[3];
  gsl_integration_glfixed_table *table =
    gsl_integration_glfixed_table_alloc(p->shape == CIRCLE ? n_rings : 2 * n_rings);
  if (table == NULL) MESO_FAIL(err, MESO_ENOMEM, "cannot allocate a quadrature rule");
  MESO_ALLOC(err, moved, 3 * n_contacts);
  MESO_ALLOC(err, part, size);
  make_axes(p->normal, u, v);
  const size_t n_nodes = make_nodes(p, table, list);
  for (size_t i = 0; i < size; i++) matrix[i] = 0;
  for (size_t k = 0; k < n_nodes; k++) {
    for (size_t i = 0; i < 3 * n_contacts; i++)
      moved[i] = contact_um[i] + list[k].u_um * u[i % 3] + list[k].v_um * v[i % 3];
    MESO_TRY(conductor->inner->ops->matrix(conductor->inner, segments, n_contacts, moved, part,
                                           err));
    for (size_t i = 0; i < size; i++) matrix[i] += list[k].weight * part[i];
  }
cleanup:
  if (table != NULL) gsl_integration_glfixed_table_free(table);
  free(moved);
  free(part);
  return status;
}

const meso_conductor_ops meso_fv_finite_contact = {
  .name = "finite_contact", .summary = "mean over a circular or square contact, of any conductor",
  .wraps = true, .params = rows, .params_size = sizeof(parameters), .check = check,
  .matrix = forward
};
