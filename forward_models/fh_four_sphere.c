/* fh_four_sphere.c: brain, cerebrospinal fluid, skull and scalp as concentric spheres.
 *
 * Potential of a dipole p at distance rz from the centre (Nunez and Srinivasan 2006, appendix;
 * Naess et al. 2017, doi:10.3389/fnhum.2017.00490):
 *   phi = (p_rad R + p_tan T) / (4 pi sigma_1)
 *   R = sum of n g_n P_n(cos theta),  T = cos(chi) sin(theta) sum of g_n P_n'(cos theta)
 * In shell s, of outer radius r_s,
 *   g_n = rz^(n-1) / r_s^(n+1) (A_s (r/r_s)^n + B_s (r_s/r)^(n+1)),
 * and B_1 = 1 is the source. Potential and radial current are continuous, and no current leaves the
 * scalp. From shell s inwards, with t = r_(s-1) / r_s, T = t^(2n+1), k = sigma_s / sigma_(s-1),
 *   A_(s-1) ~ T A_s (n+1 + kn) + (n+1)(1-k) B_s,  B_(s-1) ~ T A_s n (1-k) + B_s (n + k(n+1)):
 * no cancellation with equal conductivities, no overflow at any n.
 *
 * Magnetic field outside any spherically symmetric conductor: Sarvas 1987,
 * doi:10.1088/0031-9155/32/1/004, eq. 25.
 */
#include <math.h>
#include <stdlib.h>

#include "meso_head.h"

enum { N_SHELLS = 4, MAX_ORDER = 2000000 };

typedef struct parameters { double radius_um[N_SHELLS], sigma_S_per_m[N_SHELLS]; } parameters;

#define RADIUS(i, name, text) \
  {.key = "radius_" name "_um", .type = MESO_PARAM_DOUBLE, .unit = "um", .min = 0, .max = 1e7, \
   .min_open = true, .default_text = text, .offset = offsetof(parameters, radius_um[i]), \
   .help = "outer radius of the " name}
#define SIGMA(i, name, text) \
  {.key = "sigma_" name "_S_per_m", .type = MESO_PARAM_DOUBLE, .unit = "S/m", .min = 0, \
   .max = 1e3, .min_open = true, .default_text = text, \
   .offset = offsetof(parameters, sigma_S_per_m[i]), .help = "conductivity of the " name}

static const meso_param rows[] = {
  RADIUS(0, "brain", "79000"), RADIUS(1, "csf", "80000"), RADIUS(2, "skull", "85000"),
  RADIUS(3, "scalp", "90000"),
  SIGMA(0, "brain", "0.3"), SIGMA(1, "csf", "1.5"), SIGMA(2, "skull", "0.015"),
  SIGMA(3, "scalp", "0.3"),
  {.key = NULL}
};

static double dot(const double a[3], const double b[3])
{
  return a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
}

static double norm(const double a[3]) { return sqrt(dot(a, a)); }

static void cross(const double a[3], const double b[3], double ret[3])
{
  for (int i = 0; i < 3; i++) {
    const int j = (i + 1) % 3, k = (i + 2) % 3;
    ret[i] = a[j] * b[k] - a[k] * b[j];
  }
}

static double surface(const void *params)
{
  return ((const parameters *) params)->radius_um[N_SHELLS - 1];
}

static meso_status check(const parameters *p, const double dipole_um[3], meso_err *err)
{
  meso_status status = MESO_OK;
  for (int s = 1; s < N_SHELLS; s++)
    if (!(p->radius_um[s] > p->radius_um[s - 1]))
      MESO_FAIL(err, MESO_EINVAL, "four_sphere: radii must grow from brain to scalp; %g um is not "
                "beyond %g um", p->radius_um[s], p->radius_um[s - 1]);
  if (!(norm(dipole_um) < p->radius_um[0]))
    MESO_FAIL(err, MESO_EINVAL, "four_sphere: the dipole is %g um from the centre; it must be in "
              "the brain, nearer than %g um", norm(dipole_um), p->radius_um[0]);
cleanup:
  return status;
}

/* ---- potentials --------------------------------------------------------------------------- */

/* Order n of every shell, with B_1 = 1. */
typedef struct coefficients { double A[N_SHELLS], B[N_SHELLS]; } coefficients;

/* Where the boundary conditions lead at order n. t_power[s] = (r_(s-1) / r_s)^(2n+1). */
static coefficients solve_order(const parameters *p, double n, const double t_power[N_SHELLS])
{
  coefficients c;
  c.A[N_SHELLS - 1] = n + 1;
  c.B[N_SHELLS - 1] = n;
  for (int s = N_SHELLS - 1; s > 0; s--) {
    const double k = p->sigma_S_per_m[s] / p->sigma_S_per_m[s - 1], TA = t_power[s] * c.A[s];
    const double w = 1 / (2 * n + 1);
    c.A[s - 1] = w * (TA * (n + 1 + k * n) + (n + 1) * (1 - k) * c.B[s]);
    c.B[s - 1] = w * (TA * n * (1 - k) + c.B[s] * (n + k * (n + 1)));
  }
  for (int s = N_SHELLS - 1; s >= 0; s--) {
    c.A[s] /= c.B[0];
    if (s > 0) c.B[s] /= c.B[0];
  }
  c.B[0] = 1;
  return c;
}

/* One electrode: where it is and the sums over orders so far. */
typedef struct electrode {
  int shell;
  double inner, outer;          /* r/r_s and (rz/r_s)(r_s/r): grow with n as powers */
  double inner_power, outer_power;
  double cos_theta, P[2], dP[2]; /* Legendre polynomials of orders n - 1 and n, and derivatives */
  double R, T;
} electrode;

/* g_n = outer-going part + inner-going part. In the brain the former is the source itself, which
 * is added in closed form. */
static void add_order(electrode *e, const coefficients *c, double n)
{
  const double g = c->A[e->shell] * e->inner_power
    + (e->shell == 0 ? 0 : c->B[e->shell] * e->outer_power);
  e->R += n * g * e->P[1];
  e->T += g * e->dP[1];
  const double P = ((2 * n + 1) * e->cos_theta * e->P[1] - n * e->P[0]) / (n + 1);
  const double dP = e->dP[0] + (2 * n + 1) * e->P[1];
  e->P[0] = e->P[1];
  e->P[1] = P;
  e->dP[0] = e->dP[1];
  e->dP[1] = dP;
  e->inner_power *= e->inner;
  e->outer_power *= e->outer;
}

static meso_status start(const parameters *p, const double z_hat[3], double rz, const double x[3],
                         size_t i, electrode *e, meso_err *err)
{
  meso_status status = MESO_OK;
  const double r = norm(x), scalp = p->radius_um[N_SHELLS - 1];
  if (r > scalp * (1 + 1e-9))
    MESO_FAIL(err, MESO_EINVAL, "four_sphere: electrode %zu is %g um from the centre, beyond the "
              "scalp at %g um", i, r, scalp);
  *e = (electrode) {.cos_theta = 1, .P = {1, 0}, .dP = {0, 1}};
  while (e->shell < N_SHELLS - 1 && r > p->radius_um[e->shell]) e->shell++;
  if (r > 0) e->cos_theta = fmax(-1, fmin(1, dot(x, z_hat) / r));
  const double rs = p->radius_um[e->shell];
  e->P[1] = e->cos_theta;
  e->inner = rz / rs * (r / rs);
  e->outer = r > 0 ? rz / r : 0;
  e->inner_power = r / rs / (rs * rs);           /* order 1: rz^0 / rs^2 (r/rs) */
  e->outer_power = r > 0 ? 1 / (r * r) : 0;      /*          rz^0 / rs^2 (rs/r)^2 */
cleanup:
  return status;
}

/* Orders until what is left, at most n^3 q^n of the first, is lost in rounding. */
static meso_status orders_needed(const electrode *e, size_t n, size_t *ret_n, meso_err *err)
{
  meso_status status = MESO_OK;
  double q = 0;
  for (size_t i = 0; i < n; i++) {
    q = fmax(q, e[i].inner);
    if (e[i].shell > 0) q = fmax(q, e[i].outer);
  }
  double order = 10;
  while (order < MAX_ORDER && 3 * log(order) + order * log(fmax(q, 1e-30)) > -45) order *= 1.1;
  if (!(order < MAX_ORDER))
    MESO_FAIL(err, MESO_EINVAL, "four_sphere: the dipole is too near to the surface of the brain: "
              "the series would need more than %d orders", (int) MAX_ORDER);
  *ret_n = (size_t) order;
cleanup:
  return status;
}

/* Potential of the bare source, in the brain: R / (4 pi sigma |R|^3). */
static meso_status add_source(const double dipole_um[3], const double x[3], size_t i,
                              double scale, double *row, meso_err *err)
{
  meso_status status = MESO_OK;
  const double d[3] = {x[0] - dipole_um[0], x[1] - dipole_um[1], x[2] - dipole_um[2]};
  const double r = norm(d);
  if (!(r > 0)) MESO_FAIL(err, MESO_EINVAL, "four_sphere: electrode %zu is where the dipole is", i);
  for (int k = 0; k < 3; k++) row[k] += scale * d[k] / (r * r * r);
cleanup:
  return status;
}

static meso_status eeg(const void *params, const double dipole_um[3], size_t n,
                       const double *sensor_um, double *matrix, meso_err *err)
{
  meso_status status = MESO_OK;
  const parameters *p = params;
  electrode *e = NULL;
  size_t n_orders = 0;
  double rz = norm(dipole_um), z_hat[3] = {0, 0, 1}, t_power[N_SHELLS], t2[N_SHELLS];
  MESO_TRY(check(p, dipole_um, err));
  MESO_ALLOC(err, e, n);
  for (int k = 0; k < 3 && rz > 0; k++) z_hat[k] = dipole_um[k] / rz;
  for (size_t i = 0; i < n; i++)
    MESO_TRY(start(p, z_hat, rz, sensor_um + 3 * i, i, &e[i], err));
  MESO_TRY(orders_needed(e, n, &n_orders, err));
  for (int s = 1; s < N_SHELLS; s++) {
    const double t = p->radius_um[s - 1] / p->radius_um[s];
    t2[s] = t * t;
    t_power[s] = t * t * t;
  }
  for (size_t order = 1; order <= n_orders; order++) {
    const coefficients c = solve_order(p, (double) order, t_power);
    for (size_t i = 0; i < n; i++) add_order(&e[i], &c, (double) order);
    for (int s = 1; s < N_SHELLS; s++) t_power[s] *= t2[s];
  }
  const double scale = 1 / (4 * M_PI * p->sigma_S_per_m[0]);
  for (size_t i = 0; i < n; i++) {
    const double *x = sensor_um + 3 * i, r = norm(x);
    for (int k = 0; k < 3; k++) { /* the tangential direction has the length sin(theta) */
      const double tangent = r > 0 ? x[k] / r - e[i].cos_theta * z_hat[k] : 0;
      matrix[3 * i + (size_t) k] = scale * (e[i].R * z_hat[k] + e[i].T * tangent);
    }
    if (e[i].shell == 0) MESO_TRY(add_source(dipole_um, x, i, scale, matrix + 3 * i, err));
  }
cleanup:
  free(e);
  return status;
}

/* ---- fields ------------------------------------------------------------------------------- */

static meso_status meg(const void *params, const double dipole_um[3], size_t n,
                       const double *sensor_um, double *matrix, meso_err *err)
{
  meso_status status = MESO_OK;
  const parameters *p = params;
  MESO_TRY(check(p, dipole_um, err));
  for (size_t i = 0; i < n; i++) {
    const double *x = sensor_um + 3 * i, r = norm(x);
    if (r < surface(p) * (1 - 1e-9))
      MESO_FAIL(err, MESO_EINVAL, "four_sphere: magnetometer %zu is %g um from the centre, within "
                "the head of %g um", i, r, surface(p));
    const double a[3] = {x[0] - dipole_um[0], x[1] - dipole_um[1], x[2] - dipole_um[2]};
    const double an = norm(a), ax = dot(a, x);
    const double F = an * (r * an + r * r - dot(dipole_um, x));
    const double along_x = an * an / r + ax / an + 2 * an + 2 * r;
    const double along_dipole = an + 2 * r + ax / an;
    for (size_t k = 0; k < 3; k++) {
      const double moment[3] = {k == 0, k == 1, k == 2};
      double c[3];
      cross(moment, dipole_um, c);
      const double cx = dot(c, x);
      for (size_t m = 0; m < 3; m++)
        matrix[9 * i + 3 * m + k] = (F * c[m] - cx * (along_x * x[m] - along_dipole * dipole_um[m]))
          / (4 * M_PI * F * F);
    }
  }
cleanup:
  return status;
}

const meso_head_ops meso_fh_four_sphere = {
  .name = "four_sphere", .summary = "brain, fluid, skull and scalp as spheres; MEG after Sarvas",
  .params = rows, .params_size = sizeof(parameters), .surface_um = surface, .eeg = eeg, .meg = meg
};
