/* meso_conductor.c: forward matrices. */
#include "meso_conductor.h"

#include <gsl/gsl_integration.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

enum { N_NODES = 400 };                 /* Gauss-Legendre over +-10 soma_sd: 1e-12 */
static const double quadrature_sds = 10;

static double squared_distance(const double *a, const double *b)
{
  double sum = 0;
  for (int k = 0; k < 3; k++) sum += (a[k] - b[k]) * (a[k] - b[k]);
  return sum;
}

static double point_potential(const meso_morphology *m, size_t j, const double *x, double sigma)
{
  double middle[3];
  for (size_t k = 0; k < 3; k++) middle[k] = (m->start_um[3 * j + k] + m->end_um[3 * j + k]) / 2;
  const double r = fmax(sqrt(squared_distance(x, middle)), m->diam_um[j] / 2);
  return 1 / (4 * M_PI * sigma * r);
}

static double line_potential(const meso_morphology *m, size_t j, const double *x, double sigma)
{
  const double *start = m->start_um + 3 * j, *end = m->end_um + 3 * j;
  const double length = sqrt(squared_distance(end, start));
  if (!(length > 0)) return point_potential(m, j, x, sigma);
  double h = 0;
  for (int k = 0; k < 3; k++) h += (x[k] - end[k]) * (end[k] - start[k]);
  h /= length;
  const double rho = fmax(sqrt(fabs(squared_distance(x, end) - h * h)), m->diam_um[j] / 2);
  return (asinh((h + length) / rho) - asinh(h / rho)) / (4 * M_PI * sigma * length);
}

void meso_conductor_contacts(const meso_morphology *m, meso_source_kind kind, size_t n_contacts,
                             const double *xyz_um, double sigma_S_per_m, double *matrix)
{
  for (size_t c = 0; c < n_contacts; c++)
    for (size_t j = 0; j < m->n_segments; j++) {
      const bool point = kind == MESO_SOURCE_POINT
        || (kind == MESO_SOURCE_ROOT_AS_POINT && j == 0);
      matrix[c * m->n_segments + j] = point
        ? point_potential(m, j, xyz_um + 3 * c, sigma_S_per_m)
        : line_potential(m, j, xyz_um + 3 * c, sigma_S_per_m);
    }
}

/* Mean of |u + s| over s normal(0, sd). */
static double mean_abs(double u, double sd)
{
  if (!(sd > 0)) return fabs(u);
  return sd * sqrt(2 / M_PI) * exp(-u * u / (2 * sd * sd)) + u * erf(u / (sd * sqrt(2.)));
}

meso_status meso_conductor_gauss_cylinder(const meso_morphology *m, size_t n_contacts,
                                          const double *z_um, double sigma_S_per_m,
                                          double radius_um, double soma_sd_um, double *matrix,
                                          meso_err *err)
{
  meso_status status = MESO_OK;
  gsl_integration_glfixed_table *table = NULL;
  double shift[N_NODES], weight[N_NODES];
  const size_t n_nodes = soma_sd_um > 0 ? N_NODES : 1;
  if (!(sigma_S_per_m > 0 && radius_um > 0 && soma_sd_um >= 0))
    MESO_FAIL(err, MESO_EINVAL, "conductivity and radius must be positive, soma scatter not "
              "negative");
  table = gsl_integration_glfixed_table_alloc(N_NODES);
  if (table == NULL) MESO_FAIL(err, MESO_ENOMEM, "cannot allocate a quadrature rule");
  shift[0] = 0;
  weight[0] = 1;
  for (size_t i = 0; i < n_nodes && soma_sd_um > 0; i++) {
    double x, w;
    (void) gsl_integration_glfixed_point(-quadrature_sds, quadrature_sds, i, &x, &w, table);
    shift[i] = soma_sd_um * x;
    weight[i] = w * exp(-x * x / 2) / sqrt(2 * M_PI);
  }
  for (size_t c = 0; c < n_contacts; c++)
    for (size_t j = 0; j < m->n_segments; j++) {
      const double u = z_um[c] - meso_morphology_z_um(m, j);
      double root = 0;
      for (size_t i = 0; i < n_nodes; i++)
        root += weight[i] * sqrt((u - shift[i]) * (u - shift[i]) + radius_um * radius_um);
      matrix[c * m->n_segments + j] = (root - mean_abs(u, soma_sd_um))
        / (2 * sigma_S_per_m * M_PI * radius_um * radius_um);
    }
cleanup:
  if (table != NULL) gsl_integration_glfixed_table_free(table);
  return status;
}

void meso_conductor_dipole_z(const meso_morphology *m, double *matrix)
{
  for (size_t j = 0; j < m->n_segments; j++) {
    matrix[j] = matrix[m->n_segments + j] = 0;
    matrix[2 * m->n_segments + j] = meso_morphology_z_um(m, j);
  }
}

typedef struct polar { double r, z; } polar;

/* Share of a segment from an inner end to where it leaves the box. */
static double leaving_share(polar in, polar out, double low, double high, double radius,
                            double length)
{
  const double dr = out.r - in.r, dz = out.z - in.z;
  if (out.r <= radius && fabs(dz) > 1e-8) {
    const double t = ((out.z >= high ? high : low) - in.z) / dz;
    if (t >= 0 && t <= 1) return t;
  }
  const double cut[3] = {dz != 0 ? (low - in.z) / dz : INFINITY,
                         dz != 0 ? (high - in.z) / dz : INFINITY,
                         dr != 0 ? (radius - in.r) / dr : INFINITY};
  double share = 0;
  for (int k = 0; k < 3; k++)
    if (cut[k] >= 0 && cut[k] <= 1) share = cut[k] * hypot(dr, dz) / length;
  return share;
}

void meso_conductor_laminar_csd(const meso_morphology *m, size_t n_boxes, const double *z_um,
                                double radius_um, double *matrix)
{
  for (size_t b = 0; b < n_boxes; b++) {
    const double low = z_um[2 * b], high = z_um[2 * b + 1];
    for (size_t j = 0; j < m->n_segments; j++) {
      const double *s = m->start_um + 3 * j, *e = m->end_um + 3 * j;
      const polar p = {hypot(s[0], s[1]), s[2]}, q = {hypot(e[0], e[1]), e[2]};
      const bool p_in = low <= p.z && p.z < high && p.r <= radius_um;
      const bool q_in = low <= q.z && q.z < high && q.r <= radius_um;
      double share = p_in && q_in;
      if (p_in != q_in)
        share = leaving_share(p_in ? p : q, p_in ? q : p, low, high, radius_um, m->length_um[j]);
      matrix[b * m->n_segments + j] = share / (M_PI * radius_um * radius_um * (high - low));
    }
  }
}
