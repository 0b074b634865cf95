/* test_head.c: EEG and MEG of dipoles against golden files, closed forms, boundary conditions. */
#include <string.h>

#include "lfp_golden.h"
#include "meso_conductor.h"
#include "meso_eeg.h"

static const char cell_file[] = "tests/reference/lfp/cell_reference.h5";
static const char forward_file[] = "tests/reference/lfp/forward_reference.h5";

/* ---- helpers ------------------------------------------------------------------------------ */

/* Parameters of a head by "key=value" pairs, NULL at the end; caller frees. */
static void *params_of(const meso_head_ops *head, const char *const *set)
{
  void *params = calloc(1, head->params_size);
  CU_ASSERT(meso_params_default(head->params, params, NULL) == MESO_OK);
  for (size_t i = 0; set != NULL && set[i] != NULL; i += 2)
    CU_ASSERT(meso_params_set(head->params, params, set[i], set[i + 1], NULL, NULL) == MESO_OK);
  return params;
}

/* All shells alike. */
static const char *const homogeneous[] = {
  "sigma_csf_S_per_m", "0.3", "sigma_skull_S_per_m", "0.3", "sigma_scalp_S_per_m", "0.3", NULL};

static void eeg_row(const char *const *set, const double dipole[3], const double x[3],
                    double row[3])
{
  const meso_head_ops *head = meso_head_by_name("four_sphere");
  void *params = params_of(head, set);
  meso_err err = {0};
  if (head->eeg(params, dipole, 1, x, row, &err) != MESO_OK) {
    printf("# %s\n", err.msg);
    CU_FAIL("eeg");
    row[0] = row[1] = row[2] = NAN;
  }
  free(params);
}

static void meg_rows(const char *name, const double dipole[3], const double x[3], double row[9])
{
  const meso_head_ops *head = meso_head_by_name(name);
  void *params = params_of(head, NULL);
  CU_ASSERT_EQUAL(head->meg(params, dipole, 1, x, row, NULL), MESO_OK);
  free(params);
}

static double norm(const double a[3]) { return sqrt(a[0] * a[0] + a[1] * a[1] + a[2] * a[2]); }

/* ---- golden ------------------------------------------------------------------------------- */

static void test_golden_lead_fields(void)
{
  size_t n, count;
  const double origin[3] = {0, 0, 0};
  const meso_head_ops *four = meso_head_by_name("four_sphere");
  const meso_head_ops *infinite = meso_head_by_name("infinite");
  void *head = params_of(four, NULL), *medium = params_of(infinite, NULL);
  double *at = golden(forward_file, "head", "dipole_location", &count), matrix[48];
  double *x = golden(forward_file, "probes", "head_xyz", &n);
  CU_ASSERT(four->eeg(head, at, n / 3, x, matrix, NULL) == MESO_OK);
  check_golden(forward_file, "head", "eeg_lead_field_tight", matrix, n, 2e-12);
  check_golden(forward_file, "head", "eeg_lead_field", matrix, n, 1e-5);
  free(x);
  x = golden(forward_file, "probes", "meg_xyz", &n);
  CU_ASSERT(four->meg(head, at, n / 3, x, matrix, NULL) == MESO_OK);
  check_golden(forward_file, "head", "meg_spherical_lead_field", matrix, 3 * n, 1e-13);
  CU_ASSERT(infinite->meg(medium, at, n / 3, x, matrix, NULL) == MESO_OK);
  check_golden(forward_file, "head", "meg_infinite_lead_field", matrix, 3 * n, 1e-13);
  free(x);
  x = golden(forward_file, "head", "infinite_xyz", &n);
  CU_ASSERT(infinite->eeg(medium, origin, n / 3, x, matrix, NULL) == MESO_OK);
  check_golden(forward_file, "head", "infinite_lead_field", matrix, n, 1e-13);
  free(x);
  free(at);
  free(head);
  free(medium);
}

enum { N_SAMPLES = 31 };

/* (channel, sample) of a signal that is stored (time, channel); caller frees. */
static double *transposed(const meso_signal *s, double scale)
{
  double *data = calloc(s->n_times * s->n_channels, sizeof *data);
  for (size_t t = 0; t < s->n_times; t++)
    for (size_t c = 0; c < s->n_channels; c++)
      data[c * s->n_times + t] = scale * s->data[t * s->n_channels + c];
  return data;
}

/* The dipole moment of a reference cell as a signal. */
static meso_signal *add_dipole(meso_signals *signals, const char *cell)
{
  meso_morphology *m = reference_cell(cell);
  meso_signal *dipole = NULL;
  CU_ASSERT_FATAL(m != NULL && meso_signals_add(signals, "dipole", "nA um", N_SAMPLES, 3, 500, 0,
                                                &dipole, NULL) == MESO_OK);
  double *imem = golden_currents(cell_file, m, cell, 0.1, 20, N_SAMPLES);
  const meso_segments s = meso_morphology_segments(m);
  double *matrix = calloc(3 * s.n, sizeof *matrix);
  meso_conductor *c = NULL;
  CU_ASSERT(meso_conductor_create("dipole", NULL, &c, NULL) == MESO_OK);
  CU_ASSERT(meso_conductor_matrix(c, &s, 0, NULL, matrix, NULL) == MESO_OK);
  for (size_t k = 0; k < 3; k++)
    for (size_t j = 0; j < s.n; j++)
      for (size_t t = 0; t < N_SAMPLES; t++)
        dipole->data[3 * t + k] += matrix[k * s.n + j] * imem[j * N_SAMPLES + t];
  free(matrix);
  free(imem);
  meso_conductor_destroy(c);
  meso_morphology_destroy(m);
  return dipole;
}

/* Potentials of the moment of a cell in an infinite medium, the dipole in the origin. */
static void check_infinite(const meso_signal *dipole, const char *group)
{
  size_t n;
  const meso_head_ops *head = meso_head_by_name("infinite");
  void *params = params_of(head, NULL);
  meso_eeg_setup setup = {.head = head, .params = params, .axis = {0, 0, 1}};
  meso_signals *out = NULL;
  setup.electrodes.xyz_um = golden(forward_file, "head", "infinite_xyz", &n);
  setup.electrodes.n = n / 3;
  CU_ASSERT_FATAL(meso_signals_create(&out, NULL) == MESO_OK);
  CU_ASSERT_FATAL(meso_eeg_from_dipole(dipole, &setup, out, NULL) == MESO_OK);
  double *phi = transposed(&out->signal[0], 1);
  check_golden(forward_file, group, "phi_dipole_infinite", phi, n / 3 * N_SAMPLES, 1e-9);
  free(phi);
  meso_points_clear(&setup.electrodes);
  meso_signals_destroy(out);
  free(params);
}

/* From SWC and synapses to potentials and fields of the head. */
static void test_golden_signals(void)
{
  static const char *const cells[] = {"ball_and_stick", "y_branch", "pyramid_l5", "basket"};
  size_t n;
  double *at = golden(forward_file, "head", "dipole_location", &n);
  meso_eeg_setup setup = {.head = meso_head_by_name("four_sphere"),
                          .dipole_um = {at[0], at[1], at[2]}};
  void *params = params_of(setup.head, NULL);
  setup.params = params;
  setup.electrodes.xyz_um = golden(forward_file, "probes", "head_xyz", &n);
  setup.electrodes.n = n / 3;
  setup.magnetometers.xyz_um = golden(forward_file, "probes", "meg_xyz", &n);
  setup.magnetometers.n = n / 3;
  for (size_t k = 0; k < 4; k++) {
    char group[64];
    meso_signals *in = NULL, *out = NULL;
    CU_ASSERT_FATAL(meso_signals_create(&in, NULL) == MESO_OK);
    CU_ASSERT_FATAL(meso_signals_create(&out, NULL) == MESO_OK);
    const meso_signal *dipole = add_dipole(in, cells[k]);
    CU_ASSERT_FATAL(meso_eeg_from_dipole(dipole, &setup, out, NULL) == MESO_OK);
    const meso_signal *eeg = meso_signals_find(out, "eeg"), *meg = meso_signals_find(out, "meg");
    CU_ASSERT_FATAL(eeg != NULL && meg != NULL && eeg->n_channels == 16 && meg->n_channels == 9);
    CU_ASSERT_STRING_EQUAL(eeg->units, "mV");
    CU_ASSERT_STRING_EQUAL(meg->units, "fT");
    CU_ASSERT_STRING_EQUAL(meg->label[5], "1.z");
    (void) snprintf(group, sizeof group, "%s/dt_0.1", cells[k]);
    double *phi = transposed(eeg, 1), *H = transposed(meg, 1 / MESO_FT_PER_NA_PER_UM);
    check_golden(forward_file, group, "eeg_tight", phi, 16 * N_SAMPLES, 1e-9);
    check_golden(forward_file, group, "eeg", phi, 16 * N_SAMPLES, 1e-5);
    check_golden(forward_file, group, "meg_spherical_H", H, 9 * N_SAMPLES, 1e-9);
    check_infinite(dipole, group);
    free(phi);
    free(H);
    meso_signals_destroy(in);
    meso_signals_destroy(out);
  }
  meso_points_clear(&setup.electrodes);
  meso_points_clear(&setup.magnetometers);
  free(params);
  free(at);
}

/* ---- potentials --------------------------------------------------------------------------- */

/* Potential on the surface of a homogeneous sphere, of a current I = 4 pi sigma at y, up to a
 * constant: 2/d + log(2 R^2 / (R^2 - x.y + R d)) / R. */
static long double neumann(const long double x[3], const long double y[3], long double R)
{
  long double d2 = 0, xy = 0;
  for (int k = 0; k < 3; k++) {
    d2 += (x[k] - y[k]) * (x[k] - y[k]);
    xy += x[k] * y[k];
  }
  const long double d = sqrtl(d2);
  return 2 / d + logl(2 * R * R / (R * R - xy + R * d)) / R;
}

/* Four equal shells are one sphere: its closed form, differentiated to a dipole. */
static void test_homogeneous_sphere(void)
{
  static const double dipole[3][3] = {{0, 0, 77500}, {20000, -30000, 40000}, {0, 0, 0}};
  static const double to[4][3] = {{0, 0, 1}, {0.6, 0, 0.8}, {-0.36, 0.48, -0.8}, {0, -1, 0}};
  for (int d = 0; d < 3; d++)
    for (int e = 0; e < 4; e++) {
      double row[3], want[3], x[3];
      for (int k = 0; k < 3; k++) x[k] = 90000 * to[e][k];
      eeg_row(homogeneous, dipole[d], x, row);
      for (int k = 0; k < 3; k++) {
        const long double h = 0.25L, on[3] = {90000.L * to[e][0], 90000.L * to[e][1],
                                              90000.L * to[e][2]};
        long double y[3] = {dipole[d][0], dipole[d][1], dipole[d][2]};
        y[k] += h;
        long double slope = neumann(on, y, 90000);
        y[k] -= 2 * h;
        slope -= neumann(on, y, 90000);
        want[k] = (double) (slope / (2 * h) / (4 * acosl(-1) * 0.3L));
      }
      MESO_CHECK_WORST(k, 3, fabs(row[k] - want[k]), 1e-8 * norm(want));
    }
}

/* Small sphere in its middle: nothing but brain. Far boundaries do not matter near the dipole. */
static void test_infinite_limit(void)
{
  static const double dipole[3] = {30, -20, 10}, x[3] = {130, 60, 90};
  double row[3], R[3], r2 = 0;
  eeg_row(NULL, dipole, x, row);
  for (int k = 0; k < 3; k++) {
    R[k] = x[k] - dipole[k];
    r2 += R[k] * R[k];
  }
  MESO_CHECK_WORST(k, 3, fabs(row[k] - R[k] / (4 * M_PI * 0.3 * r2 * sqrt(r2))),
                   1e-6 * norm(row));
}

/* Potential and radial current go through every boundary, none through the scalp. */
static void test_boundaries(void)
{
  static const double radius[4] = {79000, 80000, 85000, 90000}, sigma[4] = {0.3, 1.5, 0.015, 0.3};
  static const double dipole[3] = {20000, 10000, 70000}, h = 0.5;
  static const double step[5] = {-2, -1, 1, 2, 0}; /* inside, outside, the boundary last */
  for (int s = 0; s < 4; s++) {
    double at[5][3];
    for (int i = 0; i < 5; i++) {
      const double r = radius[s] + step[i] * h;
      const double x[3] = {0.48 * r, -0.36 * r, 0.8 * r};
      if (s < 3 || i < 2 || i == 4) eeg_row(NULL, dipole, x, at[i]);
    }
    for (int k = 0; k < 3; k++) {
      const double size = norm(at[4]), inside = (3 * at[4][k] - 4 * at[1][k] + at[0][k]) / (2 * h);
      if (s == 3) {
        CU_ASSERT(fabs(inside) * 90000 < 2e-5 * size);
        continue;
      }
      const double outside = (-3 * at[4][k] + 4 * at[2][k] - at[3][k]) / (2 * h);
      CU_ASSERT(fabs(2 * at[2][k] - at[3][k] - 2 * at[1][k] + at[0][k]) < 1e-7 * size);
      CU_ASSERT(fabs(sigma[s] * inside - sigma[s + 1] * outside) * radius[s] < 1e-4 * size);
    }
  }
}

/* ---- fields ------------------------------------------------------------------------------- */

static void test_fields(void)
{
  static const double dipole[3] = {12000, -9000, 60000}, x[3] = {-40000, 50000, 90000};
  double row[9], bare[9];
  meg_rows("four_sphere", dipole, x, row);
  meg_rows("infinite", dipole, x, bare);
  for (int k = 0; k < 3; k++) {
    double radial = 0, primary = 0;
    for (int m = 0; m < 3; m++) {
      radial += row[3 * m + k] * x[m] / norm(x);
      primary += bare[3 * m + k] * x[m] / norm(x);
    }
    /* volume currents in a sphere add nothing along the radius */
    MESO_CHECK_CLOSE(primary, radial, 1e-12, 0);
  }
  /* a radial dipole is silent */
  double silent[3], loud = 0;
  for (int m = 0; m < 3; m++) {
    silent[m] = (row[3 * m] * dipole[0] + row[3 * m + 1] * dipole[1] + row[3 * m + 2] * dipole[2])
      / norm(dipole);
    loud = fmax(loud, fabs(row[3 * m]));
  }
  CU_ASSERT(norm(silent) < 1e-15 * loud / 1e-3);
  /* no sources outside: curl and divergence vanish */
  double slope[3][9];
  for (int k = 0; k < 3; k++) {
    double up[9], down[9], moved[3] = {x[0], x[1], x[2]};
    moved[k] += 10;
    meg_rows("four_sphere", dipole, moved, up);
    moved[k] -= 20;
    meg_rows("four_sphere", dipole, moved, down);
    for (int i = 0; i < 9; i++) slope[k][i] = (up[i] - down[i]) / 20;
  }
  for (int p = 0; p < 3; p++) {
    const double size = fabs(slope[0][p]) + fabs(slope[1][3 + p]) + fabs(slope[2][6 + p]);
    CU_ASSERT(fabs(slope[0][p] + slope[1][3 + p] + slope[2][6 + p]) < 1e-6 * size);
    for (int a = 0; a < 3; a++) {
      const int b = (a + 1) % 3;
      CU_ASSERT(fabs(slope[a][3 * b + p] - slope[b][3 * a + p]) < 1e-6 * size);
    }
  }
}

/* ---- orientation, electrodes, refusals ---------------------------------------------------- */

/* The same column, turned with everything around it, gives the same EEG and turned fields. */
static void test_orientation(void)
{
  static const double axis[3][3] = {{0, 0, 0}, {1, 0, 0}, {0, 0, -2}};
  double first = 0;
  void *params = params_of(meso_head_by_name("four_sphere"), NULL);
  for (int i = 0; i < 3; i++) {
    /* radial; then tangential; then upside down */
    double electrode[3] = {0, 0, 90000};
    meso_eeg_setup setup = {.head = meso_head_by_name("four_sphere"), .params = params,
                            .dipole_um = {0, 0, 78000}, .electrodes = {1, electrode, NULL}};
    memcpy(setup.axis, axis[i], sizeof setup.axis);
    meso_signals *s = NULL, *out = NULL;
    meso_signal *dipole = NULL;
    CU_ASSERT_FATAL(meso_signals_create(&s, NULL) == MESO_OK);
    CU_ASSERT_FATAL(meso_signals_create(&out, NULL) == MESO_OK);
    CU_ASSERT(meso_signals_add(s, "dipole", "nA um", 1, 3, 1, 0, &dipole, NULL) == MESO_OK);
    dipole->data[2] = 1;
    CU_ASSERT_FATAL(meso_eeg_from_dipole(dipole, &setup, out, NULL) == MESO_OK);
    const double phi = out->signal[0].data[0];
    CU_ASSERT(meso_signals_find(out, "meg") == NULL);
    if (i == 0) MESO_CHECK_CLOSE(1.0625e-9, first = phi, 1e-4, 0); /* LFPykit's head */
    if (i == 1) CU_ASSERT(fabs(phi) < 1e-12 * first);
    if (i == 2) MESO_CHECK_CLOSE(-first, phi, 1e-13, 0);
    meso_signals_destroy(out);
    /* a channel too many */
    dipole->n_channels = 2;
    CU_ASSERT(meso_eeg_from_dipole(dipole, &setup, s, NULL) == MESO_EFORMAT);
    meso_signals_destroy(s);
  }
  free(params);
}

/* What one electrode sees of a unit dipole along (px, py, pz) of a column with this axis. */
static double turned_potential(const double axis[3], double px, double py, double pz)
{
  double electrode[3] = {30000, -20000, 82000};
  void *params = params_of(meso_head_by_name("four_sphere"), NULL);
  const meso_eeg_setup setup = {.head = meso_head_by_name("four_sphere"), .params = params,
                                .dipole_um = {15000, 0, 70000}, .axis = {axis[0], axis[1], axis[2]},
                                .electrodes = {1, electrode, NULL}};
  meso_signals *s = NULL;
  meso_signal *dipole = NULL;
  CU_ASSERT_FATAL(meso_signals_create(&s, NULL) == MESO_OK);
  CU_ASSERT_FATAL(meso_signals_add(s, "dipole", "nA um", 1, 3, 1, 0, &dipole, NULL) == MESO_OK);
  const meso_signal copy = *dipole;
  copy.data[0] = px;
  copy.data[1] = py;
  copy.data[2] = pz;
  CU_ASSERT_FATAL(meso_eeg_from_dipole(&copy, &setup, s, NULL) == MESO_OK);
  const double phi = meso_signals_find(s, "eeg")->data[0];
  meso_signals_destroy(s);
  free(params);
  return phi;
}

/* The turn takes z to the axis, leaves z x axis alone, and keeps lengths. */
static void test_turn(void)
{
  static const double dipole[3] = {15000, 0, 70000}, x[3] = {30000, -20000, 82000};
  static const double u[3] = {0.48, -0.6, 0.64}, half = 0.5;
  double row[3];
  eeg_row(NULL, dipole, x, row);
  const double long_axis[3] = {half * u[0], half * u[1], half * u[2]};
  const double px = turned_potential(long_axis, 1, 0, 0), py = turned_potential(long_axis, 0, 1, 0);
  const double pz = turned_potential(long_axis, 0, 0, 1);
  MESO_CHECK_CLOSE(row[0] * u[0] + row[1] * u[1] + row[2] * u[2], pz, 1e-12, 0);
  MESO_CHECK_CLOSE(-row[0] * u[1] + row[1] * u[0], -u[1] * px + u[0] * py, 1e-12, 0);
  MESO_CHECK_CLOSE(norm(row), sqrt(px * px + py * py + pz * pz), 1e-12, 0);
}

static void test_montage(void)
{
  meso_points p = {0};
  CU_ASSERT_FATAL(meso_montage_10_20(90000, &p, NULL) == MESO_OK);
  CU_ASSERT_EQUAL(p.n, 19);
  double sum[3] = {0, 0, 0};
  for (size_t i = 0; i < p.n; i++) {
    MESO_CHECK_CLOSE(90000, norm(p.xyz_um + 3 * i), 1e-14, 0);
    sum[0] += p.xyz_um[3 * i];
    sum[1] += p.xyz_um[3 * i + 1];
    const bool odd = strchr("13579", p.name[i][strlen(p.name[i]) - 1]) != NULL;
    const bool middle = p.name[i][strlen(p.name[i]) - 1] == 'z';
    CU_ASSERT(middle ? fabs(p.xyz_um[3 * i]) < 1e-6 : (p.xyz_um[3 * i] < 0) == odd);
    CU_ASSERT(p.name[i][0] != 'F' || p.xyz_um[3 * i + 1] > 0);
    CU_ASSERT((p.name[i][0] != 'P' && p.name[i][0] != 'O') || p.xyz_um[3 * i + 1] < 0);
  }
  CU_ASSERT(fabs(sum[0]) < 1e-6 && fabs(sum[1]) < 1e-6); /* left = right, front = back */
  double d[2] = {0, 0}; /* F3 is as far from F7 as from Fz */
  CU_ASSERT_STRING_EQUAL(p.name[4], "F3");
  for (size_t k = 0; k < 3; k++) {
    d[0] = hypot(d[0], p.xyz_um[3 * 4 + k] - p.xyz_um[3 * 2 + k]);
    d[1] = hypot(d[1], p.xyz_um[3 * 4 + k] - p.xyz_um[3 * 6 + k]);
  }
  MESO_CHECK_CLOSE(d[0], d[1], 1e-12, 0);
  meso_points_clear(&p);
}

static void test_refusals(void)
{
  const meso_head_ops *head = meso_head_by_name("four_sphere");
  void *params = params_of(head, NULL);
  const double in[3] = {0, 0, 78000}, out[3] = {0, 0, 79500}, edge[3] = {0, 0, 79000 - 1e-4};
  const double beyond[3] = {0, 0, 91000}, scalp[3] = {0, 0, 90000}, csf[3] = {0, 0, 79000 + 1e-4};
  double row[9];
  meso_err err = {0};
  CU_ASSERT(head->eeg(params, out, 1, scalp, row, &err) == MESO_EINVAL);
  CU_ASSERT(strstr(err.msg, "in the brain") != NULL);
  CU_ASSERT(head->eeg(params, in, 1, beyond, row, &err) == MESO_EINVAL);
  CU_ASSERT(head->eeg(params, in, 1, in, row, &err) == MESO_EINVAL);
  CU_ASSERT(head->eeg(params, edge, 1, csf, row, &err) == MESO_EINVAL);
  CU_ASSERT(head->meg(params, in, 1, in, row, &err) == MESO_EINVAL);
  free(params);
  static const char *const shrinking[] = {"radius_csf_um", "78000", NULL};
  params = params_of(head, shrinking);
  CU_ASSERT(head->eeg(params, in, 1, scalp, row, &err) == MESO_EINVAL);
  free(params);
  params = params_of(meso_head_by_name("infinite"), NULL);
  CU_ASSERT(meso_head_by_name("infinite")->eeg(params, in, 1, in, row, &err) == MESO_EINVAL);
  free(params);
}

int main(void)
{
  static const meso_test tests[] = {
    {"golden lead fields", test_golden_lead_fields},
    {"golden EEG and MEG", test_golden_signals},
    {"equal shells are one sphere", test_homogeneous_sphere},
    {"near the dipole an infinite medium", test_infinite_limit},
    {"boundaries", test_boundaries},
    {"fields: radial part, silence, no sources", test_fields},
    {"orientation", test_orientation},
    {"turn", test_turn},
    {"10-20 system", test_montage},
    {"refusals", test_refusals},
    {NULL, NULL}};
  return meso_test_main("head", tests);
}
