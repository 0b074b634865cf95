/* conductor_source.c: point and line sources.
 *
 * Line (Holt and Koch 1999, doi:10.1023/A:1008832702585): a current that is spread evenly over the
 * segment. With D its length, h and l = h + D the distances of the contact along it from its end
 * and start, rho the distance from its axis, R1 = hypot(rho, l) and R2 = hypot(rho, h), the mean of
 * 1/r is K/D,
 *   K = asinh(l/rho) - asinh(h/rho) = 2 atanh(D / (R1 + R2)) = log(1 + 2D / (R1 + R2 - D))
 * R1 + R2 - D = (R1 - l) + (R2 + h), each computed without cancellation: so the last form is exact
 * to rounding near the segment as well as far from it.
 */
#include "conductor_source.h"

#include <math.h>

double mesoi_point_inverse(const double x[3], const double s[3], const double e[3],
                           double r_min_um)
{
  double r2 = 0;
  for (int i = 0; i < 3; i++) {
    const double d = x[i] - (s[i] + e[i]) / 2;
    r2 += d * d;
  }
  return 1 / fmax(sqrt(r2), r_min_um);
}

/* hypot(across, along) - along, across2 = across^2 */
static double excess(double across2, double along)
{
  const double r = sqrt(across2 + along * along);
  return along > 0 ? across2 / (r + along) : r - along;
}

double mesoi_line_inverse(const double x[3], const double s[3], const double e[3], double r_min_um)
{
  double d[3], D2 = 0, dot = 0, rho2 = 0;
  for (int i = 0; i < 3; i++) {
    d[i] = e[i] - s[i];
    D2 += d[i] * d[i];
    dot += (x[i] - e[i]) * d[i];
  }
  if (!(D2 > 0)) return mesoi_point_inverse(x, s, e, r_min_um);
  for (int i = 0; i < 3; i++) {
    const double across = x[i] - e[i] - dot / D2 * d[i];
    rho2 += across * across;
  }
  rho2 = fmax(rho2, r_min_um * r_min_um);
  const double D = sqrt(D2), h = dot / D, l = h + D;
  return log1p(2 * D / (excess(rho2, l) + excess(rho2, -h))) / D;
}

mesoi_inverse_fn *mesoi_source_fn(int source, size_t segment)
{
  const bool point = source == MESOI_POINT || (source == MESOI_ROOT_AS_POINT && segment == 0);
  return point ? mesoi_point_inverse : mesoi_line_inverse;
}

void mesoi_isotropic_matrix(int source, double sigma_S_per_m, const meso_segments *segments,
                            size_t n_contacts, const double *contact_um, double *matrix)
{
  const double scale = 1 / (4 * M_PI * sigma_S_per_m);
  for (size_t c = 0; c < n_contacts; c++)
    for (size_t j = 0; j < segments->n; j++)
      matrix[c * segments->n + j] = scale
        * mesoi_source_fn(source, j)(contact_um + 3 * c, segments->start_um + 3 * j,
                                     segments->end_um + 3 * j, segments->diam_um[j] / 2);
}
