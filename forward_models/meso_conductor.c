/* meso_conductor.c: forward matrices. */
#include "meso_conductor.h"

#include <gsl/gsl_integration.h>
#include <math.h>

enum { N_NODES = 400 };                 /* Gauss-Legendre over +-10 soma_sd: 1e-12 */
static const double quadrature_sds = 10;

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
