/* conductor_disk.c: mean over a disc in closed form, over depths by Gauss-Legendre quadrature. */
#include "conductor_disk.h"

#include <gsl/gsl_integration.h>
#include <math.h>

enum { N_NODES = 400 };                 /* over +-10 soma_sd: 1e-12 */
static const double quadrature_sds = 10;

/* Displacements in depth and their weights. */
typedef struct scatter { size_t n; double sd_um, shift_um[N_NODES], weight[N_NODES]; } scatter;

static meso_status make_scatter(double sd_um, scatter *s, meso_err *err)
{
  meso_status status = MESO_OK;
  gsl_integration_glfixed_table *table = NULL;
  *s = (scatter) {.n = 1, .sd_um = sd_um, .weight = {1}};
  if (!(sd_um > 0)) return MESO_OK;
  table = gsl_integration_glfixed_table_alloc(N_NODES);
  if (table == NULL) MESO_FAIL(err, MESO_ENOMEM, "cannot allocate a quadrature rule");
  s->n = N_NODES;
  for (size_t i = 0; i < N_NODES; i++) {
    double x, w;
    (void) gsl_integration_glfixed_point(-quadrature_sds, quadrature_sds, i, &x, &w, table);
    s->shift_um[i] = sd_um * x;
    s->weight[i] = w * exp(-x * x / 2) / sqrt(2 * M_PI);
  }
cleanup:
  if (table != NULL) gsl_integration_glfixed_table_free(table);
  return status;
}

/* Mean of sqrt(v^2 + R^2) - |v|, v = u - shift. */
static double mean_difference(const scatter *s, double u, double R)
{
  double sum = 0;
  if (fabs(u) >= quadrature_sds * s->sd_um) { /* no kink within reach: no cancellation either */
    for (size_t i = 0; i < s->n; i++) {
      const double v = u - s->shift_um[i];
      sum += s->weight[i] * R * R / (sqrt(v * v + R * R) + fabs(v));
    }
    return sum;
  }
  for (size_t i = 0; i < s->n; i++) {
    const double v = u - s->shift_um[i];
    sum += s->weight[i] * sqrt(v * v + R * R);
  }
  return sum - s->sd_um * sqrt(2 / M_PI) * exp(-u * u / (2 * s->sd_um * s->sd_um))
    - u * erf(u / (s->sd_um * sqrt(2.)));
}

meso_status mesoi_disk_matrix(double sigma_S_per_m, double radius_um, double soma_sd_um,
                              const meso_segments *segments, size_t n_contacts,
                              const double *contact_um, double *matrix, meso_err *err)
{
  meso_status status = MESO_OK;
  scatter s;
  MESO_TRY(make_scatter(soma_sd_um, &s, err));
  const double scale = 1 / (2 * sigma_S_per_m * M_PI * radius_um * radius_um);
  for (size_t c = 0; c < n_contacts; c++)
    for (size_t j = 0; j < segments->n; j++) {
      const double z = (segments->start_um[3 * j + 2] + segments->end_um[3 * j + 2]) / 2;
      matrix[c * segments->n + j] =
        scale * mean_difference(&s, contact_um[3 * c + 2] - z, radius_um);
    }
cleanup:
  return status;
}
