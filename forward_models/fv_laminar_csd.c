/* fv_laminar_csd.c: current source density in cylinders, one around each contact.
 *
 * A cylinder has the contact in its middle: |z - z_c| <= height / 2, bottom face included, and a
 * distance of at most `radius` from the vertical through the contact. The share of the segment
 * inside, over the volume, times the current (nA) is the density: 1 nA/um^3 = 1e9 A/m^3.
 *
 * share exact cuts the chord with the cylinder. share peer repeats what LFPykit does, in order to
 * compare with its data: segments with both ends outside count nothing, and ends are joined by a
 * straight line in the plane of z and the distance from the axis.
 */
#include <math.h>

#include "meso_conductor.h"

enum { SHARE_EXACT, SHARE_PEER };

typedef struct parameters { double radius_um, height_um; int share; } parameters;

static const meso_param rows[] = {
  {.key = "radius_um", .type = MESO_PARAM_DOUBLE, .unit = "um", .min = 0, .max = 1e6,
   .min_open = true, .default_text = "564.19", .offset = offsetof(parameters, radius_um),
   .help = "of the cylinders; that of 1 mm2"},
  {.key = "height_um", .type = MESO_PARAM_DOUBLE, .unit = "um", .min = 0, .max = 1e6,
   .min_open = true, .default_text = "100", .offset = offsetof(parameters, height_um),
   .help = "of the cylinders; no gaps if it is the distance of the contacts"},
  {.key = "share", .type = MESO_PARAM_CHOICE, .unit = "", .default_text = "exact",
   .choices = "exact|peer", .offset = offsetof(parameters, share),
   .help = "how segments are cut"},
  {.key = NULL}
};

typedef struct cylinder { double low, high, radius; } cylinder;

/* Part of the way from s to e, t in [0, 1], that lies between low and high (low included). */
static void clip_slab(double s, double e, double low, double high, double *t0, double *t1)
{
  if (s == e) {
    if (s < low || s >= high) *t1 = *t0;
    return;
  }
  const double a = (low - s) / (e - s), b = (high - s) / (e - s);
  *t0 = fmax(*t0, fmin(a, b));
  *t1 = fmin(*t1, fmax(a, b));
}

/* As clip_slab, within the radius of the axis. */
static void clip_radius(const double s[3], const double e[3], double radius, double *t0, double *t1)
{
  const double dx = e[0] - s[0], dy = e[1] - s[1], a = dx * dx + dy * dy;
  const double b = s[0] * dx + s[1] * dy, c = s[0] * s[0] + s[1] * s[1] - radius * radius;
  const double discriminant = b * b - a * c;
  if (!(a > 0)) {
    if (c > 0) *t1 = *t0;
    return;
  }
  if (!(discriminant > 0)) {
    *t1 = *t0;
    return;
  }
  *t0 = fmax(*t0, (-b - sqrt(discriminant)) / a);
  *t1 = fmin(*t1, (-b + sqrt(discriminant)) / a);
}

static double exact_share(const cylinder *box, const double s[3], const double e[3])
{
  double t0 = 0, t1 = 1;
  if (s[0] == e[0] && s[1] == e[1] && s[2] == e[2])
    return hypot(s[0], s[1]) <= box->radius && s[2] >= box->low && s[2] < box->high;
  clip_slab(s[2], e[2], box->low, box->high, &t0, &t1);
  clip_radius(s, e, box->radius, &t0, &t1);
  return fmax(t1 - t0, 0);
}

/* An end of a segment in the plane of distance from the axis and depth. */
typedef struct end_point { double R, z; } end_point;

static bool is_inside(const cylinder *box, end_point p)
{
  return p.z >= box->low && p.z < box->high && p.R <= box->radius;
}

/* Where the way from a to b, in parts of it, meets a value; NAN if it does not. */
static double meet(double a, double b, double value)
{
  const double t = (value - a) / (b - a);
  return t >= 0 && t <= 1 ? t : NAN;
}

static double peer_share(const cylinder *box, const double s[3], const double e[3],
                         double length_um)
{
  end_point a = {hypot(s[0], s[1]), s[2]}, b = {hypot(e[0], e[1]), e[2]};
  const bool a_in = is_inside(box, a), b_in = is_inside(box, b);
  if (a_in == b_in) return a_in ? 1 : 0;
  if (b_in) {
    const end_point swap = a;
    a = b;
    b = swap;
  }
  if (b.R <= box->radius && fabs(b.z - a.z) > 1e-8)
    return meet(a.z, b.z, b.z >= box->high ? box->high : box->low);
  const double hit[3] = {meet(a.z, b.z, box->low), meet(a.z, b.z, box->high),
                         meet(a.R, b.R, box->radius)};
  double t = 0;
  for (int k = 0; k < 3; k++)
    if (!isnan(hit[k])) t = hit[k]; /* the last one wins */
  return t * hypot(b.R - a.R, b.z - a.z) / length_um;
}

static meso_status forward(const meso_conductor *conductor, const meso_segments *segments,
                           size_t n_contacts, const double *contact_um, double *matrix,
                           meso_err *err)
{
  const parameters *p = conductor->params;
  const double volume = M_PI * p->radius_um * p->radius_um * p->height_um;
  (void) err;
  for (size_t c = 0; c < n_contacts; c++) {
    const double *x = contact_um + 3 * c;
    const cylinder box = {x[2] - p->height_um / 2, x[2] + p->height_um / 2, p->radius_um};
    for (size_t j = 0; j < segments->n; j++) {
      const double *s = segments->start_um + 3 * j, *e = segments->end_um + 3 * j;
      const double from[3] = {s[0] - x[0], s[1] - x[1], s[2]};
      const double to[3] = {e[0] - x[0], e[1] - x[1], e[2]};
      const double share = p->share == SHARE_PEER
        ? peer_share(&box, from, to, segments->length_um[j]) : exact_share(&box, from, to);
      matrix[c * segments->n + j] = share / volume;
    }
  }
  return MESO_OK;
}

const meso_conductor_ops meso_fv_laminar_csd = {
  .name = "laminar_csd", .summary = "current source density in a cylinder around each contact",
  .unit = "nA/um^3", .params = rows, .params_size = sizeof(parameters), .matrix = forward
};
