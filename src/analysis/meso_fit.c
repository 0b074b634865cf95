/* meso_fit.c: variable projection: the linear coefficients in closed form, one search for b. */
#include "meso_fit.h"

#include <math.h>
#include <stdbool.h>

typedef struct points { size_t n; const double *x, *y, *w; } points;

static bool counts(const points *p, size_t i)
{
  return p->w[i] > 0 && isfinite(p->w[i]) && isfinite(p->x[i]) && isfinite(p->y[i]);
}

/* Best a and c for a given b; returns the weighted sum of squares. */
static double solve(const points *p, double b, double *a, double *c)
{
  double w = 0, e = 0, y = 0, ee = 0, ey = 0, rest = 0;
  for (size_t i = 0; i < p->n; i++) {
    if (!counts(p, i)) continue;
    const double basis = exp(-p->x[i] / b);
    w += p->w[i];
    e += p->w[i] * basis;
    y += p->w[i] * p->y[i];
    ee += p->w[i] * basis * basis;
    ey += p->w[i] * basis * p->y[i];
  }
  const double spread = ee - e * e / w;
  *a = spread > 0 ? (ey - e * y / w) / spread : 0;
  *c = (y - *a * e) / w;
  for (size_t i = 0; i < p->n; i++) {
    if (!counts(p, i)) continue;
    const double residual = p->y[i] - *a * exp(-p->x[i] / b) - *c;
    rest += p->w[i] * residual * residual;
  }
  return rest;
}

/* Weighted sum of squares about the weighted mean. */
static double spread_of(const points *p)
{
  double w = 0, y = 0, squares = 0;
  for (size_t i = 0; i < p->n; i++)
    if (counts(p, i)) w += p->w[i], y += p->w[i] * p->y[i];
  for (size_t i = 0; i < p->n; i++)
    if (counts(p, i)) squares += p->w[i] * (p->y[i] - y / w) * (p->y[i] - y / w);
  return squares;
}

meso_exponential meso_fit_exponential(size_t n, const double *x, const double *y,
                                      const double *weight)
{
  enum { SCAN = 200, REFINE = 60 };
  const points p = {n, x, y, weight};
  double low = INFINITY, high = -INFINITY, a, c;
  size_t used = 0;
  for (size_t i = 0; i < n; i++) {
    if (!counts(&p, i)) continue;
    low = fmin(low, x[i]);
    high = fmax(high, x[i]);
    used++;
  }
  if (used < 4 || !(high > low)) return (meso_exponential) {NAN, NAN, NAN, NAN};
  const double from = log(0.02 * (high - low)), step = log(1000.0) / SCAN;
  double best = from, least = INFINITY;
  for (int k = 0; k <= SCAN; k++) {
    const double rest = solve(&p, exp(from + k * step), &a, &c);
    if (rest < least) {
      least = rest;
      best = from + k * step;
    }
  }
  double left = best - step, right = best + step; /* golden section */
  const double golden = 0.5 * (sqrt(5.0) - 1);
  for (int k = 0; k < REFINE; k++) {
    const double u = right - golden * (right - left), v = left + golden * (right - left);
    if (solve(&p, exp(u), &a, &c) < solve(&p, exp(v), &a, &c)) right = v;
    else left = u;
  }
  const double b = exp(0.5 * (left + right));
  const double rest = solve(&p, b, &a, &c), spread = spread_of(&p);
  return (meso_exponential) {a, b, c, spread > 0 ? 1 - rest / spread : NAN};
}
