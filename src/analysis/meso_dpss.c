/* meso_dpss.c: discrete prolate spheroidal sequences, the eigenvectors to the largest eigenvalues
 * of the symmetric tridiagonal matrix T that commutes with the concentration problem (Slepian
 * 1978):
 *   d_i = m_i^2 cos(2 pi W),  e_i = i (n - i) / 2,  m_i = (n - 1) / 2 - i,  W = nw / n
 * Only K of n vectors are wanted: bisection for the eigenvalues, one twisted factorisation for each
 * vector (Dhillon & Parlett 2004, Linear Algebra Appl. 387:1). Entries grow as n^2 while
 * eigenvalues stay some 10 apart, so the textbook recurrence loses 8 digits at n = 60,000. But T
 * is a constant and
 *   (T' v)_i = e_i (v_{i-1} - v_i) + e_{i+1} (v_{i+1} - v_i) + p_i v_i,  p_i = -2 sin^2(pi W) m_i^2
 * and the pivots q_i = s_i - e_{i+1} of T' - x have the recurrence
 *   s_i = p_i - x + e_i s_{i-1} / (e_i - s_{i-1})
 * in which nothing large cancels. The share of a sequence's energy within |f| < W is
 * sum_l r_l 2 W sinc(2 W l), r its autocorrelation.
 */
#include <fftw3.h>
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "meso_spectral.h"

typedef struct tridiagonal {
  size_t n;
  double *p, *e; /* n; n + 1: e[i] couples i - 1 and i, e[0] = e[n] = 0 */
} tridiagonal;

/* e / (e - s), the ratio of neighbouring entries of the vector. */
static double ratio(double e, double s)
{
  const double pivot = e - s;
  return e / (pivot != 0 ? pivot : DBL_EPSILON * (e + 1));
}

/* Number of eigenvalues above x (positive pivots). */
static size_t count_above(const tridiagonal *t, double x)
{
  size_t n = 0;
  double s = 0;
  for (size_t i = 0; i < t->n; i++) {
    s = t->p[i] - x + s * ratio(t->e[i], s);
    n += s - t->e[i + 1] > 0;
  }
  return n;
}

/* The k-th largest eigenvalue; none is above 0. */
static double eigenvalue(const tridiagonal *t, size_t k)
{
  double low = 2 * t->p[0] - (double) t->n * (double) t->n, high = 0;
  for (int i = 0; i < 2000; i++) {
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

/* The eigenvector to the eigenvalue x: pivots from above and, by symmetry the same, from below,
 * meet where what is left of T - x is smallest; from there on, entry by entry. s: room for n
 * values. */
static void eigenvector(const tridiagonal *t, double x, double *s, double *v)
{
  const size_t n = t->n;
  size_t twist = 0;
  double least = INFINITY;
  for (size_t i = 0; i < n; i++)
    s[i] = t->p[i] - x + (i > 0 ? s[i - 1] * ratio(t->e[i], s[i - 1]) : 0);
  for (size_t i = 0; i < n; i++) {
    const double left = fabs(s[i] + s[n - 1 - i] - (t->p[i] - x));
    if (left < least) {
      least = left;
      twist = i;
    }
  }
  v[twist] = 1;
  for (size_t i = twist; i-- > 0;) v[i] = v[i + 1] * ratio(t->e[i + 1], s[i]);
  for (size_t i = twist + 1; i < n; i++) v[i] = v[i - 1] * ratio(t->e[i], s[n - 1 - i]);
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

/* Energy of a sequence of unit energy at frequencies below nw / n. */
static meso_status energy_in_band(size_t n, double nw, const double *v, double *ret_share,
                                  meso_err *err)
{
  meso_status status = MESO_OK;
  const size_t m = 2 * n;
  double *x = fftw_malloc((m + 2) * sizeof *x), sum = 2 * nw / (double) n;
  fftw_plan forward = NULL, back = NULL;
  if (x == NULL) MESO_FAIL(err, MESO_ENOMEM, "cannot allocate a transform of %zu", m);
#pragma omp critical(meso_fftw_planner)
  {
    forward = fftw_plan_dft_r2c_1d((int) m, x, (fftw_complex *) x, FFTW_ESTIMATE);
    back = fftw_plan_dft_c2r_1d((int) m, (fftw_complex *) x, x, FFTW_ESTIMATE);
  }
  if (forward == NULL || back == NULL)
    MESO_FAIL(err, MESO_ENOMEM, "cannot plan a transform of %zu", m);
  for (size_t i = 0; i < m; i++) x[i] = i < n ? v[i] : 0;
  fftw_execute(forward);
  for (size_t k = 0; k <= n; k++) {
    x[2 * k] = x[2 * k] * x[2 * k] + x[2 * k + 1] * x[2 * k + 1];
    x[2 * k + 1] = 0;
  }
  fftw_execute(back);
  for (size_t l = 1; l < n; l++)
    sum += 2 * x[l] / (double) m * sin(2 * M_PI * nw * (double) l / (double) n) /
           (M_PI * (double) l);
  *ret_share = fmin(1, sum);
cleanup:
#pragma omp critical(meso_fftw_planner)
  {
    if (forward != NULL) fftw_destroy_plan(forward);
    if (back != NULL) fftw_destroy_plan(back);
  }
  fftw_free(x);
  return status;
}

meso_status meso_dpss(size_t n, double nw, size_t n_tapers, double *tapers, double *share,
                      meso_err *err)
{
  meso_status status = MESO_OK;
  tridiagonal t = {.n = n};
  double *s = NULL;
  MESO_ALLOC(err, t.p, n);
  MESO_ALLOC(err, t.e, n + 1);
  MESO_ALLOC(err, s, n);
  for (size_t i = 0; i < n; i++) {
    const double middle = 0.5 * ((double) n - 1) - (double) i;
    t.p[i] = -2 * sin(M_PI * nw / (double) n) * sin(M_PI * nw / (double) n) * middle * middle;
    t.e[i] = 0.5 * (double) i * ((double) n - (double) i);
  }
  for (size_t k = 0; k < n_tapers; k++) {
    double *v = tapers + k * n;
    eigenvector(&t, eigenvalue(&t, k), s, v);
    unit_energy(n, v);
    fix_symmetry_and_sign(n, k, v);
    unit_energy(n, v);
    if (share != NULL) MESO_TRY(energy_in_band(n, nw, v, &share[k], err));
  }
cleanup:
  free(t.p);
  free(t.e);
  free(s);
  return status;
}
