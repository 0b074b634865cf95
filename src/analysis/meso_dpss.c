/* meso_dpss.c: discrete prolate spheroidal sequences, the eigenvectors to the largest eigenvalues
 * of the symmetric tridiagonal matrix that commutes with the concentration problem (Slepian 1978):
 *   d_i = ((n - 1) / 2 - i)^2 cos(2 pi nw / n),   e_i = i (n - i) / 2
 * Only K of n vectors are wanted, so: bisection for the eigenvalues (GSL's solvers make all n in
 * O(n^3)), inverse iteration with partial pivoting for the vectors.
 */
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "meso_spectral.h"

typedef struct tridiagonal {
  size_t n;
  double *d, *e; /* e[i] couples i - 1 and i; e[0] = 0 */
} tridiagonal;

/* Number of eigenvalues above x (Sturm sequence). */
static size_t count_above(const tridiagonal *t, double x)
{
  size_t n = 0;
  double q = 1;
  for (size_t i = 0; i < t->n; i++) {
    q = t->d[i] - x - (i > 0 ? t->e[i] * t->e[i] / q : 0);
    if (q == 0) q = DBL_EPSILON * (fabs(t->e[i]) + 1);
    n += q > 0;
  }
  return n;
}

/* The k-th largest eigenvalue. */
static double eigenvalue(const tridiagonal *t, size_t k)
{
  double low = t->d[0], high = t->d[0];
  for (size_t i = 0; i < t->n; i++) {
    const double radius = t->e[i] + (i + 1 < t->n ? t->e[i + 1] : 0);
    low = fmin(low, t->d[i] - radius);
    high = fmax(high, t->d[i] + radius);
  }
  for (int i = 0; i < 200; i++) {
    const double middle = 0.5 * (low + high);
    if (!(middle > low && middle < high)) break;
    if (count_above(t, middle) > k) low = middle;
    else high = middle;
  }
  return 0.5 * (low + high);
}

static void unit_energy(size_t n, double *v)
{
  double energy = 0, largest = 0;
  for (size_t i = 0; i < n; i++) largest = fmax(largest, fabs(v[i]));
  for (size_t i = 0; i < n; i++) energy += (v[i] / largest) * (v[i] / largest);
  for (size_t i = 0; i < n; i++) v[i] = v[i] / largest / sqrt(energy);
}

/* v := (T - x)^-1 v by Gaussian elimination with row exchanges; u holds 3 n values. */
static void solve_shifted(const tridiagonal *t, double x, double tiny, double *u, double *v)
{
  const size_t n = t->n;
  double *u0 = u, *u1 = u + n, *u2 = u + 2 * n;
  double a = t->d[0] - x, b = n > 1 ? t->e[1] : 0; /* row i: a at i, b at i + 1 */
  for (size_t i = 0; i + 1 < n; i++) {
    const double c = t->e[i + 1], d = t->d[i + 1] - x, f = i + 2 < n ? t->e[i + 2] : 0;
    if (fabs(c) > fabs(a)) {
      const double m = a / c, below = v[i + 1];
      u0[i] = c; u1[i] = d; u2[i] = f;
      v[i + 1] = v[i] - m * below;
      v[i] = below;
      a = b - m * d;
      b = -m * f;
    } else {
      if (fabs(a) < tiny) a = tiny;
      const double m = c / a;
      u0[i] = a; u1[i] = b; u2[i] = 0;
      v[i + 1] -= m * v[i];
      a = d - m * b;
      b = f;
    }
  }
  u0[n - 1] = fabs(a) < tiny ? tiny : a;
  u1[n - 1] = u2[n - 1] = 0;
  for (size_t i = n; i-- > 0;) {
    if (i + 1 < n) v[i] -= u1[i] * v[i + 1];
    if (i + 2 < n) v[i] -= u2[i] * v[i + 2];
    v[i] /= u0[i];
  }
}

/* Positive mean for even k, positive first lobe for odd k; exact symmetry restored. */
static void fix_symmetry_and_sign(size_t n, size_t k, double *v)
{
  const double parity = k % 2 == 0 ? 1 : -1;
  double sum = 0;
  for (size_t i = 0; i < (n + 1) / 2; i++) {
    const double half = 0.5 * (v[i] + parity * v[n - 1 - i]);
    v[i] = half;
    v[n - 1 - i] = parity * half;
  }
  for (size_t i = 0; i < n; i++)
    sum += k % 2 == 0 ? v[i] : ((double) n - 1 - 2 * (double) i) * v[i];
  for (size_t i = 0; i < n && sum < 0; i++) v[i] = -v[i];
}

meso_status meso_dpss(size_t n, double nw, size_t n_tapers, double *tapers, meso_err *err)
{
  meso_status status = MESO_OK;
  tridiagonal t = {.n = n};
  double *u = NULL;
  MESO_ALLOC(err, t.d, n);
  MESO_ALLOC(err, t.e, n);
  MESO_ALLOC(err, u, 3 * n);
  for (size_t i = 0; i < n; i++) {
    const double middle = 0.5 * ((double) n - 1) - (double) i;
    t.d[i] = middle * middle * cos(2 * M_PI * nw / (double) n);
    t.e[i] = 0.5 * (double) i * ((double) n - (double) i);
  }
  for (size_t k = 0; k < n_tapers; k++) {
    double *v = tapers + k * n;
    const double x = eigenvalue(&t, k);
    for (size_t i = 0; i < n; i++) v[i] = 1 + 0.3 * sin((double) (i + 1) * (double) (k + 1));
    for (int i = 0; i < 4; i++) {
      solve_shifted(&t, x, DBL_EPSILON * fmax(1, fabs(x)), u, v);
      unit_energy(n, v);
    }
    fix_symmetry_and_sign(n, k, v);
    unit_energy(n, v);
  }
cleanup:
  free(t.d);
  free(t.e);
  free(u);
  return status;
}
