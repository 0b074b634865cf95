/* conductor_disk.c: mean over a disc: on its axis in closed form, elsewhere around its rim; mean
 * over depths by Gauss-Legendre quadrature.
 *
 * Off the axis: in polar coordinates about the contact's foot the mean of 1/r is an integral of
 * sqrt(u^2 + s^2) - |u| over the angle, s the distance to the rim; as the rim's point moves by
 * theta about the disc's centre, the angle moves by R (R - rho cos theta) / s^2. What is left is
 * smooth and periodic, inside the rim and outside: equal steps converge like a power of rho/R.
 */
#include "conductor_disk.h"

#include <gsl/gsl_integration.h>
#include <math.h>

enum { N_NODES = 400 };                 /* over +-10 soma_sd: 1e-12 */
enum { N_NODES_OFF_AXIS = 64 };         /* 1e-9 */
static const double quadrature_sds = 10;

/* Displacements in depth and their weights. */
typedef struct scatter { size_t n; double sd_um, shift_um[N_NODES], weight[N_NODES]; } scatter;

static meso_status make_scatter(double sd_um, size_t n, scatter *s, meso_err *err)
{
  meso_status status = MESO_OK;
  gsl_integration_glfixed_table *table = NULL;
  *s = (scatter) {.n = 1, .sd_um = sd_um, .weight = {1}};
  if (!(sd_um > 0)) return MESO_OK;
  table = gsl_integration_glfixed_table_alloc(n);
  if (table == NULL) MESO_FAIL(err, MESO_ENOMEM, "cannot allocate a quadrature rule");
  s->n = n;
  for (size_t i = 0; i < n; i++) {
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

/* The same for a contact at distance rho from the axis. */
static double mean_off_axis(const scatter *s, double u, double R, double rho)
{
  const double apart = fmax(fabs(log(rho / R)), 0.02), digits = 40;
  const int n_half = (int) ceil(fmax(digits / apart, 8) / 2);
  double sum = 0;
  for (int k = 0; k < n_half; k++) { /* the other half of the circle is the mirror image */
    const double c = cos(M_PI * (k + 0.5) / n_half);
    const double S = fmax(sqrt(fmax(rho * rho + R * R - 2 * rho * R * c, 0)), 1e-3);
    sum += R * (R - rho * c) * mean_difference(s, u, S) / (S * S);
  }
  return sum / n_half;
}

meso_status mesoi_disk_matrix(double sigma_S_per_m, double radius_um, double soma_sd_um,
                              const meso_segments *segments, size_t n_contacts,
                              const double *contact_um, double *matrix, meso_err *err)
{
  meso_status status = MESO_OK;
  scatter on, off;
  MESO_TRY(make_scatter(soma_sd_um, N_NODES, &on, err));
  MESO_TRY(make_scatter(soma_sd_um, N_NODES_OFF_AXIS, &off, err));
  const double scale = 1 / (2 * sigma_S_per_m * M_PI * radius_um * radius_um);
  for (size_t c = 0; c < n_contacts; c++) {
    const double *x = contact_um + 3 * c, rho = hypot(x[0], x[1]);
    for (size_t j = 0; j < segments->n; j++) {
      const double z = (segments->start_um[3 * j + 2] + segments->end_um[3 * j + 2]) / 2;
      matrix[c * segments->n + j] = scale
        * (rho > 0 ? mean_off_axis(&off, x[2] - z, radius_um, rho)
                   : mean_difference(&on, x[2] - z, radius_um));
    }
  }
cleanup:
  return status;
}
