/* test_conductors.c: volume conductors against golden files, closed forms, limits, each other. */
#include <string.h>

#include "lfp_golden.h"
#include "meso_conductor.h"

static const char cell_file[] = "tests/reference/lfp/cell_reference.h5";
static const char forward_file[] = "tests/reference/lfp/forward_reference.h5";
static const char *const cells[] = {"ball_and_stick", "y_branch", "pyramid_l5", "basket"};

/* ---- helpers ------------------------------------------------------------------------------ */

static meso_conductor *make(const char *text)
{
  meso_conductor *c = NULL;
  meso_err err = {0};
  if (meso_conductor_parse(text, &c, &err) != MESO_OK) {
    printf("# %s: %s\n", text, err.msg);
    CU_FAIL("conductor");
  }
  return c;
}

/* Matrix of a conductor; NULL and a failed check if it cannot be made. Caller frees. */
static double *matrix_of(const char *text, const meso_segments *s, size_t n, const double *xyz)
{
  meso_conductor *c = make(text);
  if (c == NULL) return NULL;
  meso_err err = {0};
  double *matrix = calloc(meso_conductor_n_channels(c, n) * s->n + 1, sizeof *matrix);
  if (meso_conductor_matrix(c, s, n, xyz, matrix, &err) != MESO_OK) {
    printf("# %s: %s\n", text, err.msg);
    CU_FAIL("matrix");
  }
  meso_conductor_destroy(c);
  return matrix;
}

/* One straight segment and one contact. */
static double one_value(const char *text, const double start[3], const double end[3], double diam,
                        const double contact[3])
{
  double length = 0;
  for (int i = 0; i < 3; i++) length = hypot(length, end[i] - start[i]);
  const meso_segments s = {1, start, end, &diam, &length};
  double *matrix = matrix_of(text, &s, 1, contact), value = matrix != NULL ? matrix[0] : NAN;
  free(matrix);
  return value;
}

static void expect_refusal(const char *text, meso_status want, const char *part)
{
  meso_conductor *c = NULL;
  meso_err err = {0};
  const meso_status got = meso_conductor_parse(text, &c, &err);
  if (got != want || strstr(err.msg, part) == NULL)
    printf("# '%s': status %d, message '%s'\n", text, (int) got, err.msg);
  CU_ASSERT(got == want && strstr(err.msg, part) != NULL);
  meso_conductor_destroy(c);
}

/* ---- golden matrices and signals ---------------------------------------------------------- */

typedef struct golden_row {
  const char *name, *contacts, *conductor;
  double tolerance;
} golden_row;

#define SLICE "slice z_glass_um=-450 thickness_um=1700 n_terms=20 source="

static const golden_row golden_rows[] = {
  {"phi_pointsource_laminar", "laminar_xyz", "point", 1e-12},
  {"phi_pointsource_grid", "grid_xyz", "point", 1e-12},
  {"phi_pointsource_close", "close_xyz", "point", 1e-12},
  {"phi_linesource_laminar", "laminar_xyz", "line", 1e-12},
  {"phi_linesource_grid", "grid_xyz", "line", 1e-12},
  {"phi_linesource_close", "close_xyz", "line", 1e-12},
  {"phi_root_as_point_laminar", "laminar_xyz", "root_as_point", 1e-12},
  {"phi_root_as_point_grid", "grid_xyz", "root_as_point", 1e-12},
  {"phi_root_as_point_close", "close_xyz", "root_as_point", 1e-12},
  {"phi_linesource_anisotropic_grid", "grid_xyz", "anisotropic source=line", 1e-11},
  {"slice_pointsource", "mea_xyz", SLICE "point", 1e-12},
  {"slice_pointsource_deep", "mea_deep_xyz", SLICE "point", 1e-12},
  {"slice_linesource_exact", "mea_xyz", SLICE "line", 1e-10},
  {"slice_root_as_point_exact", "mea_xyz", SLICE "root_as_point", 1e-10},
  /* the peer's own line sources lose digits in the images */
  {"slice_linesource", "mea_xyz", SLICE "line", 5e-5},
  {"slice_root_as_point", "mea_xyz", SLICE "root_as_point", 5e-5},
  {"csd_r500", "csd_z", "laminar_csd radius_um=500 share=peer", 1e-11},
  {"csd_r60", "csd_z", "laminar_csd radius_um=60 share=peer", 1e-11},
  {"dipole", NULL, "dipole", 1e-12},
};
enum { N_GOLDEN = sizeof golden_rows / sizeof golden_rows[0] };

enum { N_SAMPLES = 31 };

/* matrix (n, n_segments) times currents; caller frees. */
static double *measure(const double *matrix, size_t n, const double *imem, size_t n_segments)
{
  double *signal = calloc(n * N_SAMPLES, sizeof *signal);
  for (size_t c = 0; c < n; c++)
    for (size_t j = 0; j < n_segments; j++)
      for (size_t k = 0; k < N_SAMPLES; k++)
        signal[c * N_SAMPLES + k] += matrix[c * n_segments + j] * imem[j * N_SAMPLES + k];
  return signal;
}

/* Contacts of a golden row; those of the CSD are (bottom, top) of boxes. Caller frees. */
static double *golden_contacts(const char *name, size_t *n)
{
  size_t count;
  *n = 0;
  if (name == NULL) return NULL;
  double *data = golden(forward_file, "probes", name, &count);
  if (strcmp(name, "csd_z") != 0) {
    *n = count / 3;
    return data;
  }
  *n = count / 2;
  double *xyz = calloc(3 * *n, sizeof *xyz);
  for (size_t i = 0; i < *n; i++) xyz[3 * i + 2] = (data[2 * i] + data[2 * i + 1]) / 2;
  free(data);
  return xyz;
}

static void check_golden_row(const golden_row *row, const char *cell, const meso_segments *s,
                             double *const imem[2])
{
  static const char *const group[2] = {"dt_0.1", "dt_0.0625"};
  char prefix[256];
  size_t n;
  double *xyz = golden_contacts(row->contacts, &n);
  double *matrix = matrix_of(row->conductor, s, n, xyz);
  if (row->contacts == NULL) n = 3;
  (void) snprintf(prefix, sizeof prefix, "%s/matrices", cell);
  check_golden(forward_file, prefix, row->name, matrix, n * s->n, row->tolerance);
  for (int g = 0; g < 2; g++) {
    double *signal = measure(matrix, n, imem[g], s->n);
    (void) snprintf(prefix, sizeof prefix, "%s/%s", cell, group[g]);
    check_golden(forward_file, prefix, row->name, signal, n * N_SAMPLES,
                 fmax(1e-9, 3 * row->tolerance));
    free(signal);
  }
  free(matrix);
  free(xyz);
}

static void test_golden(void)
{
  for (size_t k = 0; k < 4; k++) {
    meso_morphology *m = reference_cell(cells[k]);
    if (m == NULL) return;
    const meso_segments s = meso_morphology_segments(m);
    double *imem[2] = {golden_currents(cell_file, m, cells[k], 0.1, 20, N_SAMPLES),
                       golden_currents(cell_file, m, cells[k], 0.0625, 32, N_SAMPLES)};
    for (int i = 0; i < N_GOLDEN; i++) check_golden_row(&golden_rows[i], cells[k], &s, imem);
    free(imem[0]);
    free(imem[1]);
    meso_morphology_destroy(m);
  }
}

/* ---- point and line sources --------------------------------------------------------------- */

/* Mean of 1/r over the segment by the midpoint rule in extended precision; n cuts. */
static double mean_inverse(const double s[3], const double e[3], const double x[3], int n)
{
  long double sum = 0;
  for (int i = 0; i < n; i++) {
    const long double t = (i + 0.5L) / n;
    long double r2 = 0;
    for (int k = 0; k < 3; k++) {
      const long double d = x[k] - (s[k] + t * ((long double) e[k] - s[k]));
      r2 += d * d;
    }
    sum += 1 / sqrtl(r2);
  }
  return (double) (sum / n);
}

/* The line source keeps its digits at any distance and in any direction, on its axis too. */
static void test_line_far_and_near(void)
{
  static const double start[3] = {3, -4, 7}, end[3] = {15, 12, 28};
  static const double direction[5][3] = {{1, 0, 0}, {0, 0.6, 0.8}, {12, 16, 21}, {-12, -16, -21},
                                         {1e-3, 0, 1}};
  double error[2] = {0, 0};
  for (int d = 0; d < 5; d++)
    for (double r = 10; r < 1e8; r *= 10) {
      double x[3], u = 0;
      for (int k = 0; k < 3; k++) u = hypot(u, direction[d][k]);
      for (int k = 0; k < 3; k++)
        x[k] = (start[k] + end[k]) / 2 + direction[d][k] / u * (r + 20);
      const double want = mean_inverse(start, end, x, 20000) / (4 * M_PI * 0.3);
      const double got = one_value("line", start, end, 1e-6, x);
      error[r > 1e3] = fmax(error[r > 1e3], fabs(got / want - 1));
    }
  printf("# line source, largest relative error: %.1e nearer than 1 mm, %.1e beyond\n", error[0],
         error[1]);
  CU_ASSERT(error[0] < 1e-9 && error[1] < 1e-14); /* near, the midpoint rule has 20000 cuts */
}

/* Near the segment: the closed form for a contact beside the middle, 2 asinh(D/2/rho)/D. */
static void test_line_beside(void)
{
  static const double start[3] = {0, 0, -500}, end[3] = {0, 0, 500};
  for (double rho = 1e-6; rho < 1e7; rho *= 10) {
    const double x[3] = {0, rho, 0};
    MESO_CHECK_CLOSE(2 * asinh(500 / rho) / 1000 / (4 * M_PI * 0.3),
                     one_value("line", start, end, 0, x), 4e-16, 0);
  }
}

/* No contact is nearer than half of the diameter. */
static void test_least_distance(void)
{
  static const double start[3] = {0, 0, 0}, end[3] = {0, 0, 10}, on[3] = {0, 0, 5};
  static const double beside[3] = {0, 2, 5}, tip[3] = {0, 1, 12}, clamped_tip[3] = {0, 2, 12};
  const double one = 1 / (4 * M_PI * 0.3);
  MESO_CHECK_CLOSE(one / 2, one_value("point", start, end, 4, on), 1e-15, 0);
  MESO_CHECK_CLOSE(one_value("line", start, end, 0, beside), one_value("line", start, end, 4, on),
                   1e-15, 0);
  MESO_CHECK_CLOSE(one_value("line", start, end, 0, clamped_tip),
                   one_value("line", start, end, 4, tip), 1e-15, 0);
  /* a segment without length is a point */
  MESO_CHECK_CLOSE(one / 12, one_value("line", start, start, 1, tip), 0.01, 0);
  MESO_CHECK_CLOSE(one_value("point", start, start, 1, tip),
                   one_value("line", start, start, 1, tip), 0, 0);
}

/* A cell whose currents sum to zero is a dipole from afar: potential falls by r^2, to its p. */
static void test_dipole_from_afar(void)
{
  meso_morphology *m = reference_cell("pyramid_l5");
  if (m == NULL) return;
  const meso_segments s = meso_morphology_segments(m);
  double *imem = golden_currents(cell_file, m, "pyramid_l5", 0.0625, 8, N_SAMPLES);
  double *moment = matrix_of("dipole", &s, 0, NULL);
  double *p = measure(moment, 3, imem, s.n);
  const double r = 1e6, x[3] = {0.36 * r, 0.48 * r, 0.8 * r};
  static const char *const conductor[] = {"point", "line", "root_as_point"};
  for (int i = 0; i < 3; i++) {
    double *matrix = matrix_of(conductor[i], &s, 1, x);
    double *phi = measure(matrix, 1, imem, s.n), far[N_SAMPLES];
    for (size_t k = 0; k < N_SAMPLES; k++)
      far[k] = (0.36 * p[k] + 0.48 * p[N_SAMPLES + k] + 0.8 * p[2 * N_SAMPLES + k])
        / (4 * M_PI * 0.3 * r * r);
    CU_ASSERT(relative_error(far, phi, N_SAMPLES) < 3e-3); /* quadrupole: 1 mm / 1 m */
    free(matrix);
    free(phi);
  }
  free(moment);
  free(p);
  free(imem);
  meso_morphology_destroy(m);
}

/* ---- discs -------------------------------------------------------------------------------- */

static void test_disk(void)
{
  static const double start[3] = {0, 0, -1}, end[3] = {0, 0, 1}, far[3] = {0, 0, 1e4};
  static const double at[3] = {0, 0, 37};
  /* radius to 0: a point */
  MESO_CHECK_CLOSE(1 / (4 * M_PI * 0.3 * 1e4), one_value("disk radius_um=0.1", start, end, 1, far),
                   1e-9, 0);
  MESO_CHECK_CLOSE(1 / (4 * M_PI * 0.3 * 1e4),
                   one_value("gauss_cylinder radius_um=0.1 soma_sd_um=0.1", start, end, 1, far),
                   1e-9, 0);
  static const double below[3] = {0, 0, -1e4};
  MESO_CHECK_CLOSE(one_value("disk", start, end, 1, far), one_value("disk", start, end, 1, below),
                   1e-14, 0);
  /* many point sources, evenly over the disc */
  double sum = 0;
  enum { N_RINGS = 400000 };
  for (int i = 0; i < N_RINGS; i++)
    sum += 1 / sqrt(37 * 37 + 564.19 * 564.19 * (i + 0.5) / N_RINGS);
  MESO_CHECK_CLOSE(sum / N_RINGS / (4 * M_PI * 0.3), one_value("disk", start, end, 1, at), 1e-8, 0);
  /* scatter in depth: the plain mean over disks */
  double mean = 0, norm = 0;
  for (int i = -4000; i <= 4000; i++) {
    const double t = i / 500., w = exp(-t * t / 2), shifted[3] = {0, 0, 37 - 14.43 * t};
    mean += w * (hypot(shifted[2], 564.19) - fabs(shifted[2]));
    norm += w;
  }
  MESO_CHECK_CLOSE(mean / norm / (2 * M_PI * 0.3 * 564.19 * 564.19),
                   one_value("gauss_cylinder", start, end, 1, at), 1e-7, 0);
  MESO_CHECK_CLOSE(one_value("disk", start, end, 1, at),
                   one_value("gauss_cylinder soma_sd_um=1e-7", start, end, 1, at), 1e-9, 0);
}

/* Off the axis: many point sources again, inside the disc, under its rim and outside. */
static void test_disk_off_axis(void)
{
  enum { N = 1500 };
  static const double start[3] = {0, 0, -1}, end[3] = {0, 0, 1};
  static const double rho[5] = {30, 300, 560, 570, 2000};
  for (int k = 0; k < 5; k++) {
    const double x[3] = {0.6 * rho[k], -0.8 * rho[k], 60};
    double sum = 0;
    for (int i = 0; i < N; i++)
      for (int j = 0; j < N; j++) {
        const double r = 564.19 * sqrt((i + 0.5) / N), angle = 2 * M_PI * (j + 0.5) / N;
        const double dx = rho[k] - r * cos(angle), dy = r * sin(angle);
        sum += 1 / sqrt(dx * dx + dy * dy + 60 * 60);
      }
    /* what the grid of sources misses at the rim is about its step squared */
    MESO_CHECK_CLOSE(sum / N / N / (4 * M_PI * 0.3), one_value("disk", start, end, 1, x), 5e-6, 0);
  }
  /* towards the axis it is the closed form; far away a point */
  static const double near[3] = {1e-6, 0, 37}, on[3] = {0, 0, 37}, far[3] = {3e6, 4e6, 0};
  MESO_CHECK_CLOSE(one_value("disk", start, end, 1, on), one_value("disk", start, end, 1, near),
                   1e-13, 0);
  MESO_CHECK_CLOSE(one_value("gauss_cylinder", start, end, 1, on),
                   one_value("gauss_cylinder", start, end, 1, near), 1e-9, 0);
  MESO_CHECK_CLOSE(1 / (4 * M_PI * 0.3 * 5e6), one_value("gauss_cylinder", start, end, 1, far),
                   1e-8, 0);
  /* scatter in depth is the mean over disks, within the scatter and beyond */
  for (int k = 0; k < 2; k++) {
    const double z = k == 0 ? 11 : 300, aside[3] = {200, 0, z};
    double mean = 0, norm = 0;
    for (int i = -400; i <= 400; i++) {
      const double t = i / 50., w = exp(-t * t / 2), shifted[3] = {200, 0, z - 14.43 * t};
      mean += w * one_value("disk", start, end, 1, shifted);
      norm += w;
    }
    MESO_CHECK_CLOSE(mean / norm, one_value("gauss_cylinder", start, end, 1, aside), 1e-6, 0);
  }
}

/* ---- anisotropic medium and slice --------------------------------------------------------- */

static const double seg_start[3] = {10, -20, 100}, seg_end[3] = {40, 5, 180};
static const double some_contact[3] = {60, 30, 90};

static void test_anisotropic(void)
{
  static const char *const kind[] = {"point", "line", "root_as_point"};
  char text[200];
  for (int i = 0; i < 3; i++) {
    (void) snprintf(text, sizeof text, "anisotropic sigma_x_S_per_m=0.3 sigma_z_S_per_m=0.3 "
                    "source=%s", kind[i]);
    MESO_CHECK_CLOSE(one_value(kind[i], seg_start, seg_end, 2, some_contact),
                     one_value(text, seg_start, seg_end, 2, some_contact), 1e-14, 0);
  }
  /* 1 / (4 pi sqrt(sy sz dx^2 + sx sz dy^2 + sx sy dz^2)) */
  const double d[3] = {some_contact[0] - 25, some_contact[1] + 7.5, some_contact[2] - 140};
  MESO_CHECK_CLOSE(1 / (4 * M_PI * sqrt(0.2 * 0.5 * d[0] * d[0] + 0.3 * 0.5 * d[1] * d[1]
                                        + 0.3 * 0.2 * d[2] * d[2])),
                   one_value("anisotropic sigma_x_S_per_m=0.3 sigma_y_S_per_m=0.2 "
                             "sigma_z_S_per_m=0.5 source=point", seg_start, seg_end, 2,
                             some_contact), 1e-14, 0);
  /* within half of the diameter nothing changes, in any direction */
  static const double zero[3] = {0, 0, 0}, near[3] = {0.1, 0, 0}, nearer[3] = {0, 0, 0.05};
  const double inside = one_value("anisotropic", zero, zero, 2, near);
  MESO_CHECK_CLOSE(inside, one_value("anisotropic", zero, zero, 2, nearer), 1e-15, 0);
  MESO_CHECK_CLOSE(1 / (4 * M_PI * cbrt(0.3 * 0.3 * 0.45)), inside, 1e-14, 0);
}

#define THIN "slice thickness_um=300 source="

static void test_slice(void)
{
  static const double floor_[3] = {60, 30, 0}, above[3] = {60, 30, 1e-3};
  static const double ceiling[3] = {60, 30, 300}, under[3] = {60, 30, 300 - 1e-3};
  static const char *const kind[] = {"point", "line"};
  char text[200];
  for (int i = 0; i < 2; i++) {
    /* equal conductivities: nothing but tissue */
    (void) snprintf(text, sizeof text, THIN "%s sigma_saline_S_per_m=0.3 sigma_glass_S_per_m=0.3",
                    kind[i]);
    MESO_CHECK_CLOSE(one_value(kind[i], seg_start, seg_end, 2, some_contact),
                     one_value(text, seg_start, seg_end, 2, some_contact), 1e-14, 0);
    /* no current through an insulator: no slope there */
    (void) snprintf(text, sizeof text, THIN "%s", kind[i]);
    MESO_CHECK_CLOSE(one_value(text, seg_start, seg_end, 2, floor_),
                     one_value(text, seg_start, seg_end, 2, above), 1e-9, 0);
    (void) snprintf(text, sizeof text, THIN "%s sigma_saline_S_per_m=0 sigma_glass_S_per_m=1",
                    kind[i]);
    MESO_CHECK_CLOSE(one_value(text, seg_start, seg_end, 2, ceiling),
                     one_value(text, seg_start, seg_end, 2, under), 1e-9, 0);
    /* saline like metal: no potential at its surface */
    (void) snprintf(text, sizeof text, THIN "%s sigma_saline_S_per_m=1000 "
                    "sigma_tissue_S_per_m=1e-5 sigma_glass_S_per_m=1e-5", kind[i]);
    CU_ASSERT(fabs(one_value(text, seg_start, seg_end, 2, ceiling)) <
              1e-4 * one_value(text, seg_start, seg_end, 2, some_contact));
  }
  /* turned over, with glass and saline swapped, it is the same slice */
  static const double s[3] = {10, -20, 200}, e[3] = {40, 5, 120}, x[3] = {60, 30, 210};
  MESO_CHECK_CLOSE(one_value(THIN "line sigma_glass_S_per_m=1 n_terms=200", seg_start, seg_end, 2,
                             some_contact),
                   one_value(THIN "line sigma_glass_S_per_m=1.5 sigma_saline_S_per_m=1 "
                             "n_terms=200", s, e, 2, x), 1e-12, 0);
  /* a thick slice far from its faces is an infinite medium */
  MESO_CHECK_CLOSE(one_value("line", seg_start, seg_end, 2, some_contact),
                   one_value("slice z_glass_um=-1e6 thickness_um=1e6 z_glass_um=-5e5 source=line",
                             seg_start, seg_end, 2, some_contact), 1e-3, 0);
  meso_conductor *c = make("slice");
  double value, diam = 1, length = 1;
  const meso_segments segments = {1, seg_start, seg_end, &diam, &length};
  const double out[3] = {0, 0, 301};
  meso_err err = {0};
  CU_ASSERT(meso_conductor_matrix(c, &segments, 1, out, &value, &err) == MESO_EINVAL);
  CU_ASSERT(strstr(err.msg, "contact 0 at z = 301 um") != NULL);
  const meso_segments outside = {1, out, out, &diam, &length};
  CU_ASSERT(meso_conductor_matrix(c, &outside, 1, seg_start, &value, &err) == MESO_EINVAL);
  CU_ASSERT(strstr(err.msg, "segment 0") != NULL);
  meso_conductor_destroy(c);
}

/* ---- wrappers ----------------------------------------------------------------------------- */

static void test_finite_contact(void)
{
  static const double zero[3] = {0, 0, 0}, beside[3] = {20, 0, 0}, close[3] = {7.5, 0, 0};
  const double scale = 1 / (4 * M_PI * 0.3), R = 7.5;
  /* a point source on the axis of a circle: the mean of 1/r is 2 (sqrt(R^2 + d^2) - d) / R^2 */
  const double want = 2 * (hypot(R, 20) - 20) / (R * R) * scale;
  const double want_close = 2 * (hypot(R, R) - R) / (R * R) * scale;
  MESO_CHECK_CLOSE(want, one_value("finite_contact, point", zero, zero, 1, beside), 2e-7, 0);
  MESO_CHECK_CLOSE(want_close, one_value("finite_contact, point", zero, zero, 1, close), 2e-4, 0);
  MESO_CHECK_CLOSE(want_close, one_value("finite_contact n_rings=16, point", zero, zero, 1, close),
                   1e-13, 0);
  /* square: the plain mean over a fine grid */
  double sum = 0;
  for (int i = 0; i < 100; i++)
    for (int j = 0; j < 100; j++) {
      const double x[3] = {some_contact[0] + 15 * ((i + 0.5) / 100 - 0.5), some_contact[1],
                           some_contact[2] + 15 * ((j + 0.5) / 100 - 0.5)};
      sum += mean_inverse(seg_start, seg_end, x, 1000);
    }
  const char *square = "finite_contact shape=square normal_x=0 normal_y=-2, line";
  MESO_CHECK_CLOSE(sum / 10000 * scale, one_value(square, seg_start, seg_end, 0, some_contact),
                   2e-6, 0);
  /* no size: a point contact; any normal: turning contact and source together changes nothing */
  MESO_CHECK_CLOSE(one_value("line", seg_start, seg_end, 0, some_contact),
                   one_value("finite_contact radius_um=1e-6, line", seg_start, seg_end, 0,
                             some_contact), 1e-12, 0);
  static const double turned_s[3] = {-20, 100, 10}, turned_e[3] = {5, 180, 40};
  static const double turned[3] = {30, 90, 60};
  MESO_CHECK_CLOSE(one_value("finite_contact normal_x=0 normal_y=0.6 normal_z=0.8, line",
                             seg_start, seg_end, 0, some_contact),
                   one_value("finite_contact normal_x=0.6 normal_y=0.8, line", turned_s, turned_e,
                             0, turned), 1e-9, 0);
  expect_refusal("finite_contact", MESO_EINVAL, "needs another one");
  expect_refusal("finite_contact, dipole", MESO_EINVAL, "has no contacts");
  meso_conductor *c = make("finite_contact normal_x=0, line");
  const meso_segments s = {0};
  double value;
  CU_ASSERT(meso_conductor_matrix(c, &s, 1, zero, &value, NULL) == MESO_EINVAL);
  CU_ASSERT_STRING_EQUAL(meso_conductor_unit(c), "mV");
  meso_conductor_destroy(c);
}

static void test_periodic(void)
{
  double sum = 0;
  for (int i = -1; i <= 1; i++)
    for (int j = -1; j <= 1; j++) {
      const double s[3] = {seg_start[0] + 400 * i, seg_start[1] + 700 * j, seg_start[2]};
      const double e[3] = {seg_end[0] + 400 * i, seg_end[1] + 700 * j, seg_end[2]};
      sum += one_value("line", s, e, 2, some_contact);
    }
  MESO_CHECK_CLOSE(sum, one_value("periodic period_x_um=400 period_y_um=700, line", seg_start,
                                  seg_end, 2, some_contact), 1e-14, 0);
  MESO_CHECK_CLOSE(one_value("line", seg_start, seg_end, 2, some_contact),
                   one_value("periodic order=0, line", seg_start, seg_end, 2, some_contact), 0, 0);
  /* wrappers inside wrappers, either way round */
  MESO_CHECK_CLOSE(one_value("periodic, finite_contact, line", seg_start, seg_end, 2, some_contact),
                   one_value("finite_contact, periodic, line", seg_start, seg_end, 2,
                             some_contact), 1e-14, 0);
}

/* ---- current source density --------------------------------------------------------------- */

/* Share of the chord's points inside, times 1 / volume: the definition. */
static double sampled_share(const meso_segments *s, size_t j, const double *x, double radius,
                            const double size[3])
{
  enum { N = 4000 };
  int inside = 0;
  for (int i = 0; i < N; i++) {
    double d[3];
    for (size_t k = 0; k < 3; k++)
      d[k] = s->start_um[3 * j + k] - x[k]
        + (i + 0.5) / N * (s->end_um[3 * j + k] - s->start_um[3 * j + k]);
    if (radius > 0) inside += hypot(d[0], d[1]) <= radius && fabs(d[2]) <= size[2] / 2;
    else inside += fabs(d[0]) <= size[0] / 2 && fabs(d[1]) <= size[1] / 2
           && fabs(d[2]) <= size[2] / 2;
  }
  return (double) inside / N;
}

static void test_csd(void)
{
  enum { N = 2000 };
  meso_morphology *m = reference_cell("pyramid_l5");
  if (m == NULL) return;
  const meso_segments s = meso_morphology_segments(m);
  double *xyz = calloc(3 * N, sizeof *xyz);
  static const double cube[3] = {100, 100, 100};
  for (size_t i = 0; i < 30; i++) xyz[3 * i + 2] = -950 + 100 * (double) i;
  const double volume = M_PI * 60 * 60 * 100;
  double *thin = matrix_of("laminar_csd radius_um=60", &s, 30, xyz);
  double *wide = matrix_of("laminar_csd radius_um=5000", &s, 30, xyz);
  for (size_t j = 0; j < s.n; j++) {
    double sum = 0;
    for (size_t i = 0; i < 30; i++) sum += wide[i * s.n + j] * M_PI * 5000 * 5000 * 100;
    MESO_CHECK_CLOSE(1, sum, 1e-12, 0);
    MESO_CHECK_WORST(i, 30, fabs(thin[i * s.n + j] * volume
                                 - sampled_share(&s, j, xyz + 3 * i, 60, cube)), 1e-3);
  }
  /* boxes that fill space share every segment out among them */
  for (size_t i = 0; i < N; i++) {
    xyz[3 * i] = -450 + 100 * (double) (i % 10);
    xyz[3 * i + 1] = -450 + 100 * (double) (i / 10 % 10);
    xyz[3 * i + 2] = -450 + 100 * (double) (i / 100);
  }
  double *boxes = matrix_of("volumetric_csd", &s, N, xyz);
  for (size_t j = 0; j < s.n; j += 7) {
    double sum = 0;
    for (size_t i = 0; i < N; i++) sum += boxes[i * s.n + j] * 1e6;
    MESO_CHECK_CLOSE(1, sum, 1e-12, 0);
    MESO_CHECK_WORST(i, N, fabs(boxes[i * s.n + j] * 1e6
                                - (boxes[i * s.n + j] > 0 || i % 97 == 0
                                   ? sampled_share(&s, j, xyz + 3 * i, 0, cube) : 0)), 1e-3);
  }
  free(thin);
  free(wide);
  free(boxes);
  free(xyz);
  meso_morphology_destroy(m);
}

/* Three segments on a line: what LFPykit's documentation prints, 1 / (pi 100^2 10) or nothing. */
static void test_csd_boxes(void)
{
  static const double start[9] = {0, 0, 0, 0, 0, 10, 0, 0, 20};
  static const double end[9] = {0, 0, 10, 0, 0, 20, 0, 0, 30};
  static const double one[3] = {1, 1, 1}, ten[3] = {10, 10, 10};
  static const double xyz[15] = {0, 0, -5, 0, 0, 5, 0, 0, 15, 0, 0, 25, 0, 0, 35};
  const meso_segments s = {3, start, end, one, ten};
  static const char *const share[2] = {"laminar_csd radius_um=100 height_um=10",
                                       "laminar_csd radius_um=100 height_um=10 share=peer"};
  for (int k = 0; k < 2; k++) {
    double *matrix = matrix_of(share[k], &s, 5, xyz);
    for (size_t i = 0; i < 5; i++)
      for (size_t j = 0; j < 3; j++)
        MESO_CHECK_CLOSE(i == j + 1 ? 3.18309886e-06 : 0, matrix[i * 3 + j], 1e-8, 0);
    free(matrix);
  }
  /* a segment in the face between two boxes is in the upper one; none is in both */
  static const double flat_start[3] = {-5, 0, 10}, flat_end[3] = {5, 0, 10};
  const meso_segments flat = {1, flat_start, flat_end, one, ten};
  double *matrix = matrix_of("laminar_csd radius_um=100 height_um=10", &flat, 5, xyz);
  for (size_t i = 0; i < 5; i++) MESO_CHECK_CLOSE(i == 2 ? 3.18309886e-06 : 0, matrix[i], 1e-8, 0);
  free(matrix);
  matrix = matrix_of("volumetric_csd size_x_um=10 size_y_um=10 size_z_um=10", &flat, 5, xyz);
  for (size_t i = 0; i < 5; i++) MESO_CHECK_CLOSE(i == 2 ? 1e-3 : 0, matrix[i], 1e-8, 0);
  free(matrix);
}

/* ---- the registry ------------------------------------------------------------------------- */

static void test_registry(void)
{
  CU_ASSERT(meso_conductor_count() >= 6);
  for (size_t i = 0; i < meso_conductor_count(); i++) {
    const meso_conductor_ops *ops = meso_conductor_at(i);
    CU_ASSERT(ops->name[0] != '\0' && ops->summary[0] != '\0' && ops->params != NULL);
    CU_ASSERT(ops->wraps == (ops->unit == NULL));
    CU_ASSERT_PTR_EQUAL(meso_conductor_by_name(ops->name), ops);
    for (const meso_param *row = ops->params; row->key != NULL; row++)
      CU_ASSERT(row->help != NULL && row->unit != NULL && row->default_text != NULL);
  }
  expect_refusal("lin", MESO_ENOTFOUND, "there are point, line");
  expect_refusal("", MESO_EINVAL, "missing");
  expect_refusal("line sigma_S_per_m", MESO_EINVAL, "not key=value");
  expect_refusal("line sigma_S_per_m=0", MESO_ERANGE, "line.sigma_S_per_m = 0");
  expect_refusal("line sigma=0.3", MESO_EINVAL, "sigma_S_per_m");
  expect_refusal("line, point", MESO_EINVAL, "cannot wrap");
  expect_refusal("line,", MESO_EINVAL, "missing");
  expect_refusal("periodic, periodic, periodic, periodic, line", MESO_EINVAL, "at most 4");
  char word[400] = "line sigma_S_per_m=0.";
  memset(word + strlen(word), '3', sizeof word - strlen(word) - 1);
  word[sizeof word - 1] = '\0';
  expect_refusal(word, MESO_EINVAL, "too long");
  meso_conductor *c = make(" line  sigma_S_per_m=0.6 ");
  CU_ASSERT(meso_conductor_set(c, "sigma_S_per_m", -1, NULL) == MESO_ERANGE);
  CU_ASSERT_STRING_EQUAL(meso_conductor_unit(c), "mV");
  static const double start[3] = {0, 0, 0}, end[3] = {0, 0, 10}, diam = 0, length = 10;
  double bad[3] = {NAN, 0, 0}, value;
  const meso_segments s = {1, start, end, &diam, &length};
  CU_ASSERT(meso_conductor_matrix(c, &s, 1, bad, &value, NULL) == MESO_EINVAL);
  bad[0] = 0; /* on a segment that has no diameter */
  CU_ASSERT(meso_conductor_matrix(c, &s, 1, bad, &value, NULL) == MESO_ENUMERIC);
  meso_conductor_destroy(c);
}

int main(void)
{
  static const meso_test tests[] = {
    {"golden matrices and signals", test_golden},
    {"line source far and near", test_line_far_and_near},
    {"line source beside the middle", test_line_beside},
    {"least distance", test_least_distance},
    {"a balanced cell is a dipole from afar", test_dipole_from_afar},
    {"disc and cylinder", test_disk},
    {"disc and cylinder off their axis", test_disk_off_axis},
    {"three conductivities", test_anisotropic},
    {"slice", test_slice},
    {"finite contacts", test_finite_contact},
    {"periodic images", test_periodic},
    {"current source density", test_csd},
    {"current source density at faces", test_csd_boxes},
    {"registry and text", test_registry},
    {NULL, NULL}};
  return meso_test_main("conductors", tests);
}
