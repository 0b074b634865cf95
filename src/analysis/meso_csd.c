/* meso_csd.c: forward matrices of discs, slabs, splines and Gaussians, and their inverses. */
#include "meso_csd.h"

#include <gsl/gsl_integration.h>
#include <gsl/gsl_linalg.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define MV_PER_UNIT 1e-6 /* mV S / (m um^2) per uA/mm^3 */
enum { QUADRATURE = 20 };

const meso_param meso_csd_rows[] = {
  {.key = "method", .type = MESO_PARAM_CHOICE, .unit = "",
   .choices = "second_derivative|delta|step|spline|kernel", .default_text = "spline",
   .offset = offsetof(meso_csd_params, method), .help = "estimator"},
  {.key = "sigma_S_per_m", .type = MESO_PARAM_DOUBLE, .unit = "S/m", .min = 0, .max = 100,
   .min_open = true, .default_text = "0.3", .offset = offsetof(meso_csd_params, sigma_S_per_m),
   .help = "conductivity of the tissue"},
  {.key = "radius_um", .type = MESO_PARAM_DOUBLE, .unit = "um", .min = 0, .max = 1e6,
   .min_open = true, .default_text = "500", .offset = offsetof(meso_csd_params, radius_um),
   .help = "radius of the discs within which the density is constant"},
  {.key = "width_um", .type = MESO_PARAM_DOUBLE, .unit = "um", .min = 0, .max = 1e6,
   .default_text = "0", .offset = offsetof(meso_csd_params, width_um),
   .help = "kernel: standard deviation of the Gaussians; 0: cross-validated"},
  {.key = "lambda", .type = MESO_PARAM_DOUBLE, .unit = "1", .min = -1, .max = 1e6,
   .default_text = "-1", .offset = offsetof(meso_csd_params, lambda),
   .help = "kernel: regularisation; below 0: cross-validated"},
  {.key = NULL}
};

/* ---- potentials of simple sources ----------------------------------------------------------- */

/* Potential at distance u from a thin disc, per um of its thickness. */
static double disc(const meso_csd_params *p, double u_um)
{
  const double R = p->radius_um;
  /* R^2 / (sqrt + |u|) is the difference without cancellation */
  return MV_PER_UNIT * R * R / (hypot(u_um, R) + fabs(u_um)) / (2 * p->sigma_S_per_m);
}

/* Integral of disc from 0 to u. */
static double disc_integral(const meso_csd_params *p, double u_um)
{
  const double R = p->radius_um, u = u_um;
  return MV_PER_UNIT * 0.5 * (u * hypot(u, R) + R * R * asinh(u / R) - u * fabs(u)) /
         (2 * p->sigma_S_per_m);
}

double meso_csd_slab(const meso_csd_params *params, double low_um, double high_um, double z_um)
{
  return disc_integral(params, high_um - z_um) - disc_integral(params, low_um - z_um);
}

/* Sum over a Gauss-Legendre rule of weight times source(z') disc(z - z') between a and b. */
typedef double source_function(const void *source, double z_um);

static double quadrature(const meso_csd_params *p, const gsl_integration_glfixed_table *rule,
                         double a, double b, double z_um, source_function *density,
                         const void *source)
{
  double sum = 0;
  for (size_t i = 0; i < QUADRATURE && b > a; i++) {
    double x = 0, w = 0;
    (void) gsl_integration_glfixed_point(a, b, i, &x, &w, rule);
    sum += w * density(source, x) * disc(p, z_um - x);
  }
  return sum;
}

/* ---- inverses ------------------------------------------------------------------------------- */

static double norm1(size_t n, const double *m)
{
  double largest = 0;
  for (size_t j = 0; j < n; j++) {
    double sum = 0;
    for (size_t i = 0; i < n; i++) sum += fabs(m[i * n + j]);
    largest = fmax(largest, sum);
  }
  return largest;
}

/* Inverse of a square matrix; its condition number in the 1-norm. */
static meso_status invert(size_t n, const double *m, double *inverse, double *ret_condition,
                          meso_err *err)
{
  meso_status status = MESO_OK;
  double *lu = NULL, least = INFINITY, largest = 0;
  int sign = 0;
  gsl_permutation *order = gsl_permutation_alloc(n);
  if (order == NULL) MESO_FAIL(err, MESO_ENOMEM, "cannot allocate a permutation of %zu", n);
  MESO_ALLOC(err, lu, n * n);
  memcpy(lu, m, n * n * sizeof *lu);
  gsl_matrix_view a = gsl_matrix_view_array(lu, n, n), b = gsl_matrix_view_array(inverse, n, n);
  (void) gsl_linalg_LU_decomp(&a.matrix, order, &sign);
  for (size_t i = 0; i < n; i++) {
    least = fmin(least, fabs(lu[i * n + i]));
    largest = fmax(largest, fabs(lu[i * n + i]));
  }
  if (!(least > 1e-15 * largest))
    MESO_FAIL(err, MESO_ENUMERIC, "csd: the contacts do not determine the sources; are two of them "
              "at one depth?");
  (void) gsl_linalg_LU_invert(&a.matrix, order, &b.matrix);
  *ret_condition = norm1(n, m) * norm1(n, inverse);
cleanup:
  gsl_permutation_free(order);
  free(lu);
  return status;
}

/* ---- methods -------------------------------------------------------------------------------- */

typedef struct problem {
  const meso_csd_params *p;
  size_t n;
  const double *z;             /* um, ascending */
  const double *covariance;    /* (n, n) of the potentials, mV^2 */
  const gsl_integration_glfixed_table *rule;
  meso_attrs *attrs;
} problem;

/* Spacing about contact i. */
static double spacing(const problem *x, size_t i)
{
  const double below = i > 0 ? x->z[i] - x->z[i - 1] : x->z[1] - x->z[0];
  const double above = i + 1 < x->n ? x->z[i + 1] - x->z[i] : x->z[i] - x->z[i - 1];
  return 0.5 * (below + above);
}

static meso_status second_derivative(const problem *x, double *matrix, meso_err *err)
{
  meso_status status = MESO_OK;
  const double h = (x->z[x->n - 1] - x->z[0]) / (double) (x->n - 1);
  for (size_t i = 1; i < x->n; i++)
    if (!(fabs(x->z[i] - x->z[i - 1] - h) < 1e-3 * h))
      MESO_FAIL(err, MESO_EINVAL, "csd: second_derivative needs evenly spaced contacts; those at "
                                  "%g "
                "and %g um are not %g um apart", x->z[i - 1], x->z[i], h);
  const double unit = x->p->sigma_S_per_m / (h * h * MV_PER_UNIT);
  for (size_t i = 0; i + 2 < x->n; i++) {
    matrix[i * x->n + i] = matrix[i * x->n + i + 2] = -unit;
    matrix[i * x->n + i + 1] = 2 * unit;
  }
cleanup:
  return status;
}

static void delta_forward(const problem *x, double *F)
{
  for (size_t j = 0; j < x->n; j++)
    for (size_t i = 0; i < x->n; i++)
      F[j * x->n + i] = spacing(x, i) * disc(x->p, x->z[j] - x->z[i]);
}

/* Slabs that meet midway between contacts. */
static void step_forward(const problem *x, double *F)
{
  for (size_t i = 0; i < x->n; i++) {
    const double below = i > 0 ? x->z[i] - x->z[i - 1] : x->z[1] - x->z[0];
    const double above = i + 1 < x->n ? x->z[i + 1] - x->z[i] : x->z[i] - x->z[i - 1];
    for (size_t j = 0; j < x->n; j++)
      F[j * x->n + i] = meso_csd_slab(x->p, x->z[i] - 0.5 * below, x->z[i] + 0.5 * above, x->z[j]);
  }
}

/* One interval of a cubic spline: values and second derivatives at its ends. */
typedef struct piece { double a, b, y_a, y_b, m_a, m_b; } piece;

static double piece_at(const void *source, double z)
{
  const piece *s = source;
  const double h = s->b - s->a, u = (s->b - z) / h, v = (z - s->a) / h;
  return u * s->y_a + v * s->y_b +
         ((u * u * u - u) * s->m_a + (v * v * v - v) * s->m_b) * h * h / 6;
}

/* Second derivatives of the natural spline through y at the nodes (n), by elimination; work: n. */
static void natural_spline(size_t n, const double *node, const double *y, double *m, double *work)
{
  m[0] = m[n - 1] = work[0] = 0;
  for (size_t i = 1; i + 1 < n; i++) {
    const double h0 = node[i] - node[i - 1], h1 = node[i + 1] - node[i];
    const double right = 6 * ((y[i + 1] - y[i]) / h1 - (y[i] - y[i - 1]) / h0);
    const double pivot = 2 * (h0 + h1) - h0 * work[i - 1];
    work[i] = h1 / pivot;
    m[i] = (right - h0 * m[i - 1]) / pivot;
  }
  for (size_t i = n - 1; i-- > 1;) m[i] -= work[i] * m[i + 1];
}

/* Potential at contact j of the spline that is 1 at contact i. */
static meso_status spline_forward(const problem *x, double *F, meso_err *err)
{
  meso_status status = MESO_OK;
  const size_t n = x->n, n_nodes = n + 2;
  double *room = NULL;
  MESO_ALLOC(err, room, 4 * n_nodes);
  double *node = room, *y = node + n_nodes, *m = y + n_nodes, *work = m + n_nodes;
  for (size_t i = 0; i < n; i++) node[i + 1] = x->z[i];
  node[0] = 2 * node[1] - node[2];
  node[n + 1] = 2 * node[n] - node[n - 1];
  for (size_t i = 0; i < n; i++) {
    for (size_t k = 0; k < n_nodes; k++) y[k] = k == i + 1;
    natural_spline(n_nodes, node, y, m, work);
    for (size_t j = 0; j < n; j++) {
      double sum = 0;
      for (size_t k = 0; k + 1 < n_nodes; k++) {
        const piece s = {node[k], node[k + 1], y[k], y[k + 1], m[k], m[k + 1]};
        sum += quadrature(x->p, x->rule, s.a, s.b, x->z[j], piece_at, &s);
      }
      F[j * n + i] = sum;
    }
  }
cleanup:
  free(room);
  return status;
}

/* ---- kernel method -------------------------------------------------------------------------- */

typedef struct gaussian { double centre, width; } gaussian;

static double gaussian_at(const void *source, double z)
{
  const gaussian *g = source;
  const double u = (z - g->centre) / g->width;
  return exp(-0.5 * u * u);
}

/* Potentials of Gaussians on a grid of a quarter of the spacing, and from them K and K~ (n, n). */
static void kernels(const problem *x, double width, double *K, double *cross)
{
  const size_t n = x->n, m = 4 * (n + 1) + 1;
  const double low = x->z[0] - spacing(x, 0), high = x->z[n - 1] + spacing(x, n - 1);
  memset(K, 0, n * n * sizeof *K);
  memset(cross, 0, n * n * sizeof *cross);
  for (size_t s = 0; s < m; s++) {
    const gaussian g = {low + (high - low) * (double) s / (double) (m - 1), width};
    double potential[1024];
    for (size_t i = 0; i < n; i++) {
      const double a = g.centre - 5 * width, b = g.centre + 5 * width;
      const double kink = fmin(fmax(x->z[i], a), b);
      potential[i] = quadrature(x->p, x->rule, a, kink, x->z[i], gaussian_at, &g) +
                     quadrature(x->p, x->rule, kink, b, x->z[i], gaussian_at, &g);
    }
    for (size_t i = 0; i < n; i++)
      for (size_t j = 0; j < n; j++) {
        K[i * n + j] += potential[i] * potential[j];
        cross[i * n + j] += gaussian_at(&g, x->z[i]) * potential[j];
      }
  }
}

/* (K + lambda mean K_ii)^-1 and the mean square error with which it predicts each contact from the
 * others: sum_i (M Cov M)_ii / M_ii^2. */
static meso_status regularise(const problem *x, const double *K, double lambda, double *room,
                              double *inverse, double *ret_error, double *condition, meso_err *err)
{
  meso_status status = MESO_OK;
  const size_t n = x->n;
  double trace = 0;
  *ret_error = 0;
  for (size_t i = 0; i < n; i++) trace += K[i * n + i] / (double) n;
  memcpy(room, K, n * n * sizeof *room);
  for (size_t i = 0; i < n; i++) room[i * n + i] += lambda * trace;
  MESO_TRY(invert(n, room, inverse, condition, err));
  for (size_t i = 0; i < n && x->covariance != NULL; i++) {
    double sum = 0;
    for (size_t j = 0; j < n; j++)
      for (size_t k = 0; k < n; k++)
        sum += inverse[i * n + j] * x->covariance[j * n + k] * inverse[i * n + k];
    *ret_error += sum / (inverse[i * n + i] * inverse[i * n + i]) / (double) n;
  }
cleanup:
  return status;
}

static meso_status kernel_matrix(const problem *x, double *matrix, meso_err *err)
{
  static const double widths[] = {0.5, 0.75, 1, 1.5, 2, 3}; /* of the mean spacing */
  meso_status status = MESO_OK;
  const size_t n = x->n;
  const double h = (x->z[n - 1] - x->z[0]) / (double) (n - 1);
  const bool fixed_width = x->p->width_um > 0, fixed_lambda = x->p->lambda >= 0;
  const size_t n_widths = fixed_width ? 1 : sizeof widths / sizeof *widths;
  const int n_lambdas = fixed_lambda ? 1 : 13;
  double *room = NULL, least = INFINITY, best[3] = {NAN, NAN, NAN};
  if (n > 1024) MESO_FAIL(err, MESO_ERANGE, "csd: %zu contacts, at most 1024", n);
  if (x->covariance == NULL && !(fixed_width && fixed_lambda))
    MESO_FAIL(err, MESO_EINVAL, "csd: cross-validation needs potentials");
  MESO_ALLOC(err, room, 4 * n * n);
  double *K = room, *cross = K + n * n, *inverse = cross + n * n, *work = inverse + n * n;
  for (size_t w = 0; w < n_widths; w++) {
    const double width = fixed_width ? x->p->width_um : widths[w] * h;
    kernels(x, width, K, cross);
    for (int l = 0; l < n_lambdas; l++) {
      const double lambda = fixed_lambda ? x->p->lambda : pow(10, l - 12);
      double error = 0, condition = 0;
      if (regularise(x, K, lambda, work, inverse, &error, &condition, NULL) != MESO_OK) continue;
      if (!(error < least)) continue;
      least = error;
      best[0] = width;
      best[1] = lambda;
      best[2] = condition;
      for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < n; j++) {
          double sum = 0;
          for (size_t k = 0; k < n; k++) sum += cross[i * n + k] * inverse[k * n + j];
          matrix[i * n + j] = sum;
        }
    }
  }
  if (!isfinite(least)) MESO_FAIL(err, MESO_ENUMERIC, "csd: no kernel can be inverted; set lambda");
  MESO_TRY(meso_attrs_set_number(x->attrs, "width_um", best[0], err));
  MESO_TRY(meso_attrs_set_number(x->attrs, "lambda", best[1], err));
  MESO_TRY(meso_attrs_set_number(x->attrs, "condition", best[2], err));
  if (x->covariance != NULL)
    MESO_TRY(meso_attrs_set_number(x->attrs, "cross_validation_rms_mV", sqrt(least), err));
cleanup:
  free(room);
  return status;
}

/* ---- public --------------------------------------------------------------------------------- */

static meso_status inverse_matrix(const problem *x, double *matrix, meso_err *err)
{
  meso_status status = MESO_OK;
  double *F = NULL, condition = 0;
  MESO_ALLOC(err, F, x->n * x->n);
  if (x->p->method == MESO_CSD_DELTA) delta_forward(x, F);
  else if (x->p->method == MESO_CSD_STEP) step_forward(x, F);
  else MESO_TRY(spline_forward(x, F, err));
  MESO_TRY(invert(x->n, F, matrix, &condition, err));
  MESO_TRY(meso_attrs_set_number(x->attrs, "condition", condition, err));
cleanup:
  free(F);
  return status;
}

meso_status meso_csd_matrix(const meso_csd_params *params, size_t n, const double *z_um,
                            const double *covariance, double **ret_matrix, size_t *ret_n_out,
                            meso_attrs *attrs, meso_err *err)
{
  meso_status status = MESO_OK;
  double *matrix = NULL;
  gsl_integration_glfixed_table *rule = NULL;
  if (n < 3) MESO_FAIL(err, MESO_EINVAL, "csd: %zu contacts; it takes three", n);
  for (size_t i = 1; i < n; i++)
    if (!(z_um[i] > z_um[i - 1]))
      MESO_FAIL(err, MESO_EINVAL, "csd: two contacts at depth %g um", z_um[i]);
  rule = gsl_integration_glfixed_table_alloc(QUADRATURE);
  if (rule == NULL) MESO_FAIL(err, MESO_ENOMEM, "cannot allocate a quadrature rule");
  MESO_ALLOC(err, matrix, n * n);
  const problem x = {params, n, z_um, covariance, rule, attrs};
  if (params->method == MESO_CSD_SECOND_DERIVATIVE) MESO_TRY(second_derivative(&x, matrix, err));
  else if (params->method == MESO_CSD_KERNEL) MESO_TRY(kernel_matrix(&x, matrix, err));
  else MESO_TRY(inverse_matrix(&x, matrix, err));
  *ret_n_out = params->method == MESO_CSD_SECOND_DERIVATIVE ? n - 2 : n;
  *ret_matrix = matrix;
  matrix = NULL;
cleanup:
  if (rule != NULL) gsl_integration_glfixed_table_free(rule);
  free(matrix);
  return status;
}
