/* test_connectivity.c: functional connectivity of signals whose correlations are known. */
#include <gsl/gsl_errno.h>
#include <string.h>

#include "analysis_run.h"
#include "meso_rng.h"

enum { N_TIMES = 20000 };

static double normal(uint32_t a, uint32_t b)
{
  uint32_t word[4];
  meso_rng_block(meso_rng_key_make(7, MESO_RNG_TEST), (uint32_t[4]) {a, b, 0, 0}, word);
  return sqrt(-2 * log(meso_rng_uniform(word[0], word[1])))
         * cos(2 * M_PI * meso_rng_uniform(word[2], word[3]));
}

/* A chain at 0.5 Hz: y = 0.6 x + noise, z = 0.6 y + noise, w = -x 6 s (3 samples) later. */
static meso_signals *make_chain(size_t n)
{
  meso_signals *s = NULL;
  meso_signal *b = NULL;
  CU_ASSERT_EQUAL_FATAL(meso_signals_create(&s, NULL), MESO_OK);
  CU_ASSERT_EQUAL_FATAL(meso_signals_add(s, "bold", "1", n, 4, 0.5, 0, &b, NULL), MESO_OK);
  for (uint32_t t = 0; t < n; t++) {
    double *v = b->data + 4 * (size_t) t;
    v[0] = normal(t + 3, 0);
    v[1] = 0.6 * v[0] + 0.8 * normal(t, 1);
    v[2] = 0.6 * v[1] + 0.8 * normal(t, 2);
    v[3] = -normal(t, 0);
  }
  return s;
}

static const double *find(const meso_result *r, const char *path)
{
  const meso_array *a = meso_result_find(r, path);
  CU_ASSERT_PTR_NOT_NULL_FATAL(a);
  return a->data;
}

static void test_chain(void)
{
  meso_signals *s = make_chain(N_TIMES);
  meso_result *r = run("connectivity", (const char *[]) {NULL}, NULL, s, 2);
  const double *c = find(r, "/connectivity/correlation"), *p = find(r, "/connectivity/partial");
  const double *l = find(r, "/connectivity/lagged"), *lag = find(r, "/connectivity/lag");
  MESO_CHECK_CLOSE(0.6, c[0 * 4 + 1], 0, 0.02);
  MESO_CHECK_CLOSE(0.36, c[0 * 4 + 2], 0, 0.02);
  MESO_CHECK_CLOSE(0, c[0 * 4 + 3], 0, 0.02);
  MESO_CHECK_EACH(i, 4, c[5 * i] >= 1 - 1e-12 && p[5 * i] >= 1 - 1e-12);
  MESO_CHECK_EACH(i, 16, c[i] == c[i % 4 * 4 + i / 4]);
  /* x and z have nothing in common once y is known; the three-variable formula gives the rest */
  MESO_CHECK_CLOSE(0, p[0 * 4 + 2], 0, 0.02);
  const double want = (0.6 - 0.36 * 0.6) / sqrt((1 - 0.36 * 0.36) * (1 - 0.36));
  MESO_CHECK_CLOSE(want, p[0 * 4 + 1], 0, 0.02);
  MESO_CHECK_CLOSE(-1, l[0 * 4 + 3], 1e-9, 0);
  MESO_CHECK_CLOSE(6, lag[0 * 4 + 3], 0, 0);
  MESO_CHECK_CLOSE(-6, lag[3 * 4 + 0], 0, 0);
  MESO_CHECK_CLOSE(0, lag[0 * 4 + 1], 0, 0);
  meso_result *one = run("connectivity", (const char *[]) {NULL}, NULL, s, 1);
  CU_ASSERT(memcmp(l, find(one, "/connectivity/lagged"), 16 * sizeof *l) == 0);
  meso_result_destroy(one);
  meso_result_destroy(r);
  meso_signals_destroy(s);
}

/* Two states in turn: windows of the same state are alike, those of different states are not. */
static void test_dynamics(void)
{
  meso_signals *s = NULL;
  meso_signal *b = NULL;
  CU_ASSERT_EQUAL_FATAL(meso_signals_create(&s, NULL), MESO_OK);
  CU_ASSERT_EQUAL_FATAL(meso_signals_add(s, "bold", "1", 4000, 6, 1, 500, &b, NULL), MESO_OK);
  for (uint32_t t = 0; t < 4000; t++)
    for (uint32_t c = 0; c < 6; c++) {
      const uint32_t group = t / 1000 % 2 == 0 ? c / 3 : c % 2; /* who goes with whom */
      b->data[6 * (size_t) t + c] = normal(t, 100 + group) + 0.3 * normal(t, c);
    }
  meso_result *r = run("connectivity", (const char *[]) {"window_s", "1000", "window_step_s",
                       "1000", "max_lag_s", "0", NULL}, NULL, s, 2);
  const double *d = find(r, "/connectivity/dynamics"), *w = find(r, "/connectivity/window_s");
  CU_ASSERT_EQUAL(meso_result_find(r, "/connectivity/dynamics")->dims[0], 4);
  for (size_t i = 0; i < 16; i++)
    CU_ASSERT((i / 4 + i % 4) % 2 == 0 ? d[i] > 0.9 : d[i] < 0.1);
  MESO_CHECK_CLOSE(1500.5, w[1], 1e-12, 0);
  meso_result_destroy(r);
  meso_signals_destroy(s);
}

static void write_matrix(const double *m, size_t N)
{
  FILE *f = fopen("test_connectivity.txt", "w");
  CU_ASSERT_PTR_NOT_NULL_FATAL(f);
  for (size_t i = 0; i < N * N; i++)
    fprintf(f, "%.17g%s", m[i], i % N == N - 1 ? "\n" : "\t");
  fclose(f);
}

/* Twelve regions with a structure of their own: the matrix is compared with itself (r = 1, the
 * smallest p), and with one that has nothing to do with it (p is anything). */
static void test_comparison(void)
{
  enum { N = 12 };
  double m[N * N];
  meso_signals *s = NULL;
  meso_signal *b = NULL;
  CU_ASSERT_EQUAL_FATAL(meso_signals_create(&s, NULL), MESO_OK);
  CU_ASSERT_EQUAL_FATAL(meso_signals_add(s, "bold", "1", 500, N, 1, 0, &b, NULL), MESO_OK);
  for (uint32_t t = 0; t < 500; t++)
    for (uint32_t c = 0; c < N; c++)
      b->data[N * (size_t) t + c] = normal(t, 100 + c / 3) * (1 + c % 3) + normal(t, c);
  meso_result *r = run("connectivity", (const char *[]) {NULL}, NULL, s, 2);
  memcpy(m, find(r, "/connectivity/correlation"), sizeof m);
  meso_result_destroy(r);
  for (int same = 1; same >= 0; same--) {
    for (uint32_t i = 0; i < N * N && !same; i++) m[i] = normal(9000, i);
    for (size_t i = 0; i < N; i++) m[i * N + i] = 1000; /* the diagonal plays no part */
    write_matrix(m, N);
    r = run("connectivity", (const char *[]) {"measured", "test_connectivity.txt", "permutations",
            "499", NULL}, NULL, s, 2);
    const meso_attrs *a = meso_result_find_group(r, "/connectivity");
    const double value = meso_attrs_number(a, "comparison_r", NAN);
    const double p = meso_attrs_number(a, "comparison_p", NAN);
    printf("# r %.3f (%.3f to %.3f), p %.3f\n", value,
           meso_attrs_number(a, "comparison_r_low", NAN),
           meso_attrs_number(a, "comparison_r_high", NAN), p);
    MESO_CHECK_CLOSE(66, meso_attrs_number(a, "comparison_pairs", NAN), 0, 0);
    if (same) MESO_CHECK_CLOSE(1, value, 1e-12, 0);
    CU_ASSERT(same ? p < 0.01 : p > 0.05 && fabs(value) < 0.4);
    meso_result_destroy(r);
  }
  meso_signals_destroy(s);
}

static void refuse(size_t n, const char *const *set, const char *text)
{
  meso_signals *s = make_chain(n);
  meso_result *r = NULL;
  meso_err err = {0};
  const meso_status st = run_raw(meso_analysis_by_name("connectivity"), set, NULL, s, 1, &r, &err);
  CU_ASSERT_EQUAL(meso_status_exit_code(st), 3);
  if (strstr(err.msg, text) == NULL) printf("# %s\n", err.msg);
  CU_ASSERT_PTR_NOT_NULL(strstr(err.msg, text));
  meso_result_destroy(r);
  meso_signals_destroy(s);
}

static void test_refusals(void)
{
  const double m[9] = {0};
  write_matrix(m, 3);
  refuse(2, (const char *[]) {NULL}, "too few to correlate");
  refuse(50, (const char *[]) {"measured", "test_connectivity.txt", NULL}, "4 channels");
  refuse(50, (const char *[]) {"measured", "no_such.txt", NULL}, "no_such.txt");
  refuse(50, (const char *[]) {"signal", "lfp", NULL}, "lfp");
  /* channels that are copies have no partial correlation, and one that is constant has none */
  meso_signals *s = make_chain(50);
  for (size_t t = 0; t < 50; t++) s->signal[0].data[4 * t + 1] = s->signal[0].data[4 * t];
  for (size_t t = 0; t < 50; t++) s->signal[0].data[4 * t + 3] = 2;
  meso_result *r = run("connectivity", (const char *[]) {NULL}, NULL, s, 1);
  CU_ASSERT(isnan(find(r, "/connectivity/partial")[2]));
  CU_ASSERT(isnan(find(r, "/connectivity/correlation")[3]));
  CU_ASSERT(isnan(find(r, "/connectivity/lag")[3]));
  meso_result_destroy(r);
  meso_signals_destroy(s);
}

int main(void)
{
  static const meso_test tests[] = {
    {"a chain: Pearson, partial, lagged", test_chain},
    {"dynamics tell two states apart", test_dynamics},
    {"comparison with a measured matrix", test_comparison},
    {"what cannot be correlated", test_refusals},
    {NULL, NULL}};
  gsl_set_error_handler_off(); /* as the program does */
  return meso_test_main("connectivity", tests);
}
