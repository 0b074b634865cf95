/* fv_slice.c: a slice of tissue on glass under saline, by images.
 *
 * Glass lies below z = 0, tissue between 0 and h, saline above. A source at z' has images at m z' +
 * shift, m = 1 or -1 (Ness et al. 2015, doi:10.1007/s12021-015-9265-6). With W_S, W_G = (sigma_T -
 * sigma_S,G) / (sigma_T + sigma_S,G) and w the inverse distance,
 *   phi = I / (4 pi sigma_T) { w(z - z') + W_S w(z + z' - 2h) + W_G w(z + z')
 *     + sum over n of (W_S W_G)^n [ W_S w(z + z' - 2(n+1)h) + W_G w(z + z' + 2nh)
 *                                   + w(z - z' + 2nh) + w(z - z' - 2nh) ] }
 * A line source's images are lines. Its last image above is left out: images of a contact on
 * insulating glass come in pairs, and that one has no partner.
 */
#include "conductor_source.h"

#include <math.h>

enum { MAX_TERMS = 1000, MAX_IMAGES = 4 * MAX_TERMS };

typedef struct parameters {
  double sigma_tissue_S_per_m, sigma_saline_S_per_m, sigma_glass_S_per_m, z_glass_um, thickness_um;
  int64_t n_terms;
  int source;
} parameters;

#define NUMBER(name, its_unit, low, high, open, text, help_text) \
  {.key = #name, .type = MESO_PARAM_DOUBLE, .unit = its_unit, .min = low, .max = high, \
   .min_open = open, .default_text = text, .offset = offsetof(parameters, name), .help = help_text}

static const meso_param rows[] = {
  NUMBER(sigma_tissue_S_per_m, "S/m", 0, 1e3, true, "0.3", "conductivity of the tissue"),
  NUMBER(sigma_saline_S_per_m, "S/m", 0, 1e3, false, "1.5", "conductivity of what covers it"),
  NUMBER(sigma_glass_S_per_m, "S/m", 0, 1e3, false, "0", "conductivity of what it lies on"),
  NUMBER(z_glass_um, "um", -1e6, 1e6, false, "0", "z of the lower face"),
  NUMBER(thickness_um, "um", 0, 1e6, true, "300", "of the slice; cells and contacts are in it"),
  {.key = "n_terms", .type = MESO_PARAM_INT, .unit = "1", .min = 1, .max = MAX_TERMS,
   .default_text = "60", .offset = offsetof(parameters, n_terms),
   .help = "orders of images, n < n_terms; what is left out falls as (W_S W_G)^n"},
  MESOI_SOURCE_ROW(parameters, source),
  {.key = NULL}
};

/* z' -> sign z' + shift, both from the glass; only the z axis is mirrored. */
typedef struct image { double weight, sign, shift_um; } image;

/* Images in order of n; the one that lines leave out is last. */
static size_t make_images(const parameters *p, image *list)
{
  const double T = p->sigma_tissue_S_per_m, h = p->thickness_um;
  const double W_S = (T - p->sigma_saline_S_per_m) / (T + p->sigma_saline_S_per_m);
  const double W_G = (T - p->sigma_glass_S_per_m) / (T + p->sigma_glass_S_per_m);
  size_t k = 0;
  double power = 1;
  list[k++] = (image) {1, 1, 0};
  for (int64_t n = 0; n < p->n_terms; n++, power *= W_S * W_G) {
    const double n_h = 2 * h * (double) n;
    list[k++] = (image) {power * W_G, -1, -n_h};
    if (n > 0) {
      list[k++] = (image) {power, 1, -n_h};
      list[k++] = (image) {power, 1, n_h};
    }
    list[k++] = (image) {power * W_S, -1, n_h + 2 * h};
  }
  return k;
}

static meso_status check_inside(const parameters *p, const char *what, size_t i, double z_um,
                                meso_err *err)
{
  meso_status status = MESO_OK;
  const double top_um = p->z_glass_um + p->thickness_um;
  if (z_um < p->z_glass_um || z_um > top_um)
    MESO_FAIL(err, MESO_EINVAL, "slice: %s %zu at z = %g um is outside of the tissue, %g to %g um",
              what, i, z_um, p->z_glass_um, top_um);
cleanup:
  return status;
}

static double sum_images(const parameters *p, const image *list, size_t n_images, const double x[3],
                         const meso_segments *segments, size_t j)
{
  mesoi_inverse_fn *inverse = mesoi_source_fn(p->source, j);
  double s[3], e[3], sum = 0;
  const double *start = segments->start_um + 3 * j, *end = segments->end_um + 3 * j;
  for (int i = 0; i < 2; i++) {
    s[i] = start[i];
    e[i] = end[i];
  }
  for (size_t k = inverse == mesoi_point_inverse ? n_images : n_images - 1; k-- > 0;) {
    const double z0 = p->z_glass_um + list[k].shift_um;
    s[2] = z0 + list[k].sign * (start[2] - p->z_glass_um);
    e[2] = z0 + list[k].sign * (end[2] - p->z_glass_um);
    sum += list[k].weight * inverse(x, s, e, segments->diam_um[j] / 2);
  }
  return sum / (4 * M_PI * p->sigma_tissue_S_per_m);
}

static meso_status forward(const meso_conductor *conductor, const meso_segments *segments,
                           size_t n_contacts, const double *contact_um, double *matrix,
                           meso_err *err)
{
  meso_status status = MESO_OK;
  const parameters *p = conductor->params;
  image list[MAX_IMAGES + 1];
  const size_t n_images = make_images(p, list);
  for (size_t j = 0; j < segments->n; j++) {
    MESO_TRY(check_inside(p, "segment", j, segments->start_um[3 * j + 2], err));
    MESO_TRY(check_inside(p, "segment", j, segments->end_um[3 * j + 2], err));
  }
  for (size_t c = 0; c < n_contacts; c++) {
    MESO_TRY(check_inside(p, "contact", c, contact_um[3 * c + 2], err));
    for (size_t j = 0; j < segments->n; j++)
      matrix[c * segments->n + j] =
        sum_images(p, list, n_images, contact_um + 3 * c, segments, j);
  }
cleanup:
  return status;
}

const meso_conductor_ops meso_fv_slice = {
  .name = "slice", .summary = "a slice between glass and saline, by the method of images",
  .unit = "mV", .params = rows, .params_size = sizeof(parameters), .matrix = forward
};
