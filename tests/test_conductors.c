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

/* ---- golden matrices and signals ---------------------------------------------------------- */

typedef struct golden_row {
  const char *name, *contacts, *conductor;
  double tolerance;
} golden_row;

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
  {"dipole", NULL, "dipole", 1e-12},
};
enum { N_GOLDEN = sizeof golden_rows / sizeof golden_rows[0] };

/* Membrane currents (segment, sample) from our own cable, every so many steps; caller frees. */
static double *cell_currents(const meso_morphology *m, const char *cell, double dt_ms, size_t every,
                             size_t n_samples)
{
  size_t n_events;
  const size_t n_steps = every * (n_samples - 1), width = n_steps + 1;
  meso_cable_event *event = golden_events(cell_file, cell, &n_events);
  double *g_pas = calloc(m->n_segments, sizeof *g_pas);
  double *all = calloc(m->n_segments * width, sizeof *all);
  double *imem = calloc(m->n_segments * n_samples, sizeof *imem);
  for (size_t j = 0; j < m->n_segments; j++) g_pas[j] = 1e-4;
  const meso_cable cable = {1, -65, g_pas, dt_ms, n_steps};
  CU_ASSERT(meso_cable_run(m, &cable, n_events, event, all, NULL, NULL) == MESO_OK);
  for (size_t j = 0; j < m->n_segments; j++)
    for (size_t k = 0; k < n_samples; k++) imem[j * n_samples + k] = all[j * width + k * every];
  free(event);
  free(g_pas);
  free(all);
  return imem;
}

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

static void check_golden_row(const golden_row *row, const char *cell, const meso_segments *s,
                             double *const imem[2])
{
  static const char *const group[2] = {"dt_0.1", "dt_0.0625"};
  char prefix[256];
  size_t count = 0;
  double *xyz = row->contacts != NULL ? golden(forward_file, "probes", row->contacts, &count)
                                      : NULL;
  double *matrix = matrix_of(row->conductor, s, count / 3, xyz);
  const size_t n = row->contacts != NULL ? count / 3 : 3;
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
    double *imem[2] = {cell_currents(m, cells[k], 0.1, 20, N_SAMPLES),
                       cell_currents(m, cells[k], 0.0625, 32, N_SAMPLES)};
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
  double *imem = cell_currents(m, "pyramid_l5", 0.0625, 8, N_SAMPLES);
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

/* ---- the registry ------------------------------------------------------------------------- */

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
    {"registry and text", test_registry},
    {NULL, NULL}};
  return meso_test_main("conductors", tests);
}
