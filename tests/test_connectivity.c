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
    for (int c = 0; c < 4; c++) v[c] += 3.0 * c - 5; /* which correlations do not know of */
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

/* Lags of short recordings: each is the Pearson correlation of what the two have in common. */
static void test_lag_by_hand(void)
{
  static const double x[8] = {1, 4, 2, 8, 5, 7, 1, 3}, y[8] = {0, 2, 5, 1, 4, 3, 9, 6};
  double best = 0, at = 0;
  meso_signals *s = NULL;
  meso_signal *b = NULL;
  CU_ASSERT_EQUAL_FATAL(meso_signals_create(&s, NULL), MESO_OK);
  CU_ASSERT_EQUAL_FATAL(meso_signals_add(s, "bold", "1", 8, 2, 0.5, 0, &b, NULL), MESO_OK);
  for (size_t t = 0; t < 8; t++) b->data[2 * t] = x[t], b->data[2 * t + 1] = y[t];
  for (int lag = -2; lag <= 2; lag++) { /* a quarter of the recording */
    const int n = 8 - abs(lag), i0 = lag < 0 ? -lag : 0;
    double sx = 0, sy = 0, sxx = 0, syy = 0, sxy = 0;
    for (int i = i0; i < i0 + n; i++) {
      const double u = x[i], v = y[i + lag];
      sx += u, sy += v, sxx += u * u, syy += v * v, sxy += u * v;
    }
    const double r = (n * sxy - sx * sy) / sqrt((n * sxx - sx * sx) * (n * syy - sy * sy));
    if (fabs(r) > fabs(best)) best = r, at = 2 * lag;
  }
  meso_result *r = run("connectivity", (const char *[]) {NULL}, NULL, s, 1);
  MESO_CHECK_CLOSE(best, find(r, "/connectivity/lagged")[1], 1e-12, 0);
  MESO_CHECK_CLOSE(at, find(r, "/connectivity/lag")[1], 0, 0);
  MESO_CHECK_CLOSE(-at, find(r, "/connectivity/lag")[2], 0, 0);
  CU_ASSERT(fabs(at) > 0);
  meso_result_destroy(r);
  meso_signals_destroy(s);
}

/* Two states in turn: windows of the same state are alike, those of different states are not; and
 * each value is the correlation of the pairs above the diagonal of two windows' matrices. */
static void test_dynamics(void)
{
  enum { N = 6, WIDTH = 1000, STEP = 500, W = 7 };
  meso_signals *s = NULL;
  meso_signal *b = NULL;
  CU_ASSERT_EQUAL_FATAL(meso_signals_create(&s, NULL), MESO_OK);
  CU_ASSERT_EQUAL_FATAL(meso_signals_add(s, "bold", "1", 4000, N, 1, 500, &b, NULL), MESO_OK);
  for (uint32_t t = 0; t < 4000; t++)
    for (uint32_t c = 0; c < N; c++) {
      const uint32_t group = t / 1000 % 2 == 0 ? c / 3 : c % 2; /* who goes with whom */
      b->data[N * (size_t) t + c] = normal(t, 100 + group) + 0.3 * normal(t, c) + c;
    }
  meso_result *r = run("connectivity", (const char *[]) {"window_s", "1000", "window_step_s",
                       "500", "max_lag_s", "0", NULL}, NULL, s, 2);
  const double *d = find(r, "/connectivity/dynamics"), *w = find(r, "/connectivity/window_s");
  CU_ASSERT_EQUAL_FATAL(meso_result_find(r, "/connectivity/dynamics")->dims[0], W);
  for (size_t i = 0; i < W; i += 2)
    for (size_t j = 0; j < W; j += 2)
      CU_ASSERT((i + j) / 2 % 2 == 0 ? d[i * W + j] > 0.9 : d[i * W + j] < 0.1);
  MESO_CHECK_CLOSE(1000.5, w[1], 1e-12, 0);
  double pair[2][15], sum[5] = {0}; /* windows 1 and 4, each run as a recording of its own */
  for (int k = 0; k < 2; k++) {
    meso_signals *part = NULL;
    meso_signal *q = NULL;
    CU_ASSERT_EQUAL_FATAL(meso_signals_create(&part, NULL), MESO_OK);
    CU_ASSERT_EQUAL_FATAL(meso_signals_add(part, "bold", "1", WIDTH, N, 1, 0, &q, NULL), MESO_OK);
    memcpy(q->data, b->data + N * STEP * (k == 0 ? 1 : 4), N * WIDTH * sizeof *q->data);
    meso_result *one = run("connectivity", (const char *[]) {NULL}, NULL, part, 1);
    const double *c = find(one, "/connectivity/correlation");
    for (size_t i = 0, n = 0; i < N; i++)
      for (size_t j = i + 1; j < N; j++) pair[k][n++] = c[i * N + j];
    meso_result_destroy(one);
    meso_signals_destroy(part);
  }
  for (size_t i = 0; i < 15; i++) {
    const double u = pair[0][i], v = pair[1][i];
    sum[0] += u, sum[1] += v, sum[2] += u * u, sum[3] += v * v, sum[4] += u * v;
  }
  const double want = (15 * sum[4] - sum[0] * sum[1])
                      / sqrt((15 * sum[2] - sum[0] * sum[0]) * (15 * sum[3] - sum[1] * sum[1]));
  MESO_CHECK_CLOSE(want, d[1 * W + 4], 1e-9, 0);
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
    for (uint32_t i = 0; i < N * N && !same; i++)
      m[i] = normal(9000, i / N < i % N ? i : i % N * N + i / N); /* symmetric */
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
    const double z = 0.5 * log((1 + value) / (1 - value)), half = 1.959963985 / sqrt(63.0);
    MESO_CHECK_CLOSE(same ? 1 : tanh(z - half), meso_attrs_number(a, "comparison_r_low", NAN), 1e-6,
                     0);
    MESO_CHECK_CLOSE(same ? 1 : tanh(z + half), meso_attrs_number(a, "comparison_r_high", NAN),
                     1e-6, 0);
    CU_ASSERT(p >= 1.0 / 500 - 1e-12); /* the order as it is counts as well */
    CU_ASSERT(same ? p < 0.01 : p > 0.05 && fabs(value) < 0.4);
    meso_result_destroy(r);
  }
  meso_signals_destroy(s);
}

/* r of the pairs above the diagonal of x with those of y whose regions are renamed by p. */
static double renamed(const double *x, const double *y, const int *p)
{
  double n = 0, sx = 0, sy = 0, sxx = 0, syy = 0, sxy = 0;
  for (int i = 0; i < 5; i++)
    for (int j = i + 1; j < 5; j++) {
      const double u = x[5 * i + j], v = y[5 * p[i] + p[j]];
      n++, sx += u, sy += v, sxx += u * u, syy += v * v, sxy += u * v;
    }
  return (n * sxy - sx * sy) / sqrt((n * sxx - sx * sx) * (n * syy - sy * sy));
}

/* Five regions: p is the share of all 120 renamings that do as well, which are counted here. */
static void test_permutations(void)
{
  enum { N = 5 };
  double x[N * N], m[N * N] = {0};
  meso_signals *s = NULL;
  meso_signal *b = NULL;
  CU_ASSERT_EQUAL_FATAL(meso_signals_create(&s, NULL), MESO_OK);
  CU_ASSERT_EQUAL_FATAL(meso_signals_add(s, "bold", "1", 300, N, 1, 0, &b, NULL), MESO_OK);
  for (uint32_t t = 0; t < 300; t++)
    for (uint32_t c = 0; c < N; c++)
      b->data[N * (size_t) t + c] = normal(t, 100) * c + normal(t, 101) * (c % 2) + normal(t, c);
  meso_result *r = run("connectivity", (const char *[]) {NULL}, NULL, s, 1);
  memcpy(x, find(r, "/connectivity/correlation"), sizeof x);
  meso_result_destroy(r);
  for (uint32_t i = 0; i < N; i++)
    for (uint32_t j = i + 1; j < N; j++)
      m[N * i + j] = m[N * j + i] = x[N * i + j] + 0.4 * normal(9001, N * i + j);
  write_matrix(m, N);
  const double observed = renamed(x, m, (const int[]) {0, 1, 2, 3, 4});
  double as_large = 0;
  for (int code = 0; code < 3125; code++) {
    const int p[N] = {code % 5, code / 5 % 5, code / 25 % 5, code / 125 % 5, code / 625};
    unsigned seen = 0;
    for (int i = 0; i < N; i++) seen |= 1u << p[i];
    as_large += seen == 31 && renamed(x, m, p) >= observed - 1e-12;
  }
  r = run("connectivity", (const char *[]) {"measured", "test_connectivity.txt", "permutations",
          "40000", NULL}, NULL, s, 1);
  const meso_attrs *a = meso_result_find_group(r, "/connectivity");
  const double p = as_large / 120, got = meso_attrs_number(a, "comparison_p", NAN);
  printf("# r %.3f, p %.4f by counting %.0f of 120\n", observed, got, as_large);
  MESO_CHECK_CLOSE(observed, meso_attrs_number(a, "comparison_r", NAN), 1e-12, 0);
  CU_ASSERT(as_large > 2 && as_large < 60);
  MESO_CHECK_CLOSE(p, got, 0, 4 * sqrt(p * (1 - p) / 40000));
  meso_result_destroy(r);
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

static const char *why(const meso_result *r, const char *path)
{
  const char *text = meso_attrs_text(&meso_result_find(r, path)->attrs, "undefined");
  return text != NULL ? text : "";
}

/* Two regions have all but dynamics, their partial correlation is the plain one; gaps say why. */
static void test_two_regions(void)
{
  meso_signals *s = NULL;
  meso_signal *b = NULL;
  CU_ASSERT_EQUAL_FATAL(meso_signals_create(&s, NULL), MESO_OK);
  CU_ASSERT_EQUAL_FATAL(meso_signals_add(s, "bold", "1", 200, 2, 0.5, 0, &b, NULL), MESO_OK);
  for (uint32_t t = 0; t < 200; t++) {
    b->data[2 * t] = normal(t, 0);
    b->data[2 * t + 1] = b->data[2 * t] + normal(t, 1);
  }
  meso_result *r = run("connectivity", (const char *[]) {NULL}, NULL, s, 1);
  const double c = find(r, "/connectivity/correlation")[1];
  CU_ASSERT(c > 0.5 && c < 0.9);
  MESO_CHECK_CLOSE(c, find(r, "/connectivity/partial")[1], 1e-12, 0);
  CU_ASSERT_STRING_EQUAL(meso_attrs_text(meso_result_find_group(r, "/connectivity"),
                                         "dynamics_empty"), "fewer than three channels");
  CU_ASSERT_STRING_EQUAL(why(r, "/connectivity/correlation"), "");
  meso_result_destroy(r);
  for (size_t t = 0; t < 200; t++) b->data[2 * t + 1] = b->data[2 * t];
  r = run("connectivity", (const char *[]) {NULL}, NULL, s, 1);
  CU_ASSERT_STRING_EQUAL(why(r, "/connectivity/correlation"), "");
  CU_ASSERT_EQUAL(strncmp(why(r, "/connectivity/partial"), "the correlations have no inv", 28), 0);
  meso_result_destroy(r);
  for (size_t t = 0; t < 200; t++) b->data[2 * t + 1] = 7;
  r = run("connectivity", (const char *[]) {NULL}, NULL, s, 1);
  CU_ASSERT_STRING_EQUAL(why(r, "/connectivity/lag"), "1 of 2 channels do not vary, the first of "
                         "them channel 1");
  meso_result_destroy(r);
  for (uint32_t t = 0; t < 200; t++) b->data[2 * t] = 7, b->data[2 * t + 1] = normal(t, 2);
  r = run("connectivity", (const char *[]) {NULL}, NULL, s, 1);
  CU_ASSERT_EQUAL(strncmp(why(r, "/connectivity/partial"), "1 of 2 channels", 15), 0);
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
  double four[16] = {0};
  for (int i = 0; i < 16; i++) four[i] = i / 4 + i % 4 + (i % 5 == 0);
  four[4 * 2 + 1] = 9;
  write_matrix(four, 4);
  refuse(50, (const char *[]) {"measured", "test_connectivity.txt", NULL},
         ":3: not symmetric: column 2 of row 3 is 9, but column 3 of row 2 is 3");
  four[4 * 1 + 2] = 9;
  write_matrix(four, 4);
  /* channels that are copies have no partial correlation, and one that is constant has none */
  meso_signals *s = make_chain(50);
  for (size_t t = 0; t < 50; t++) s->signal[0].data[4 * t + 1] = s->signal[0].data[4 * t];
  for (size_t t = 0; t < 50; t++) s->signal[0].data[4 * t + 3] = 2;
  meso_result *r = run("connectivity", (const char *[]) {NULL}, NULL, s, 1);
  CU_ASSERT(isnan(find(r, "/connectivity/partial")[2]));
  CU_ASSERT(isnan(find(r, "/connectivity/correlation")[3]));
  CU_ASSERT(isnan(find(r, "/connectivity/lag")[3]));
  meso_result_destroy(r);
  meso_err err = {0};
  const char *const measured[] = {"measured", "test_connectivity.txt", NULL};
  CU_ASSERT_EQUAL(run_raw(meso_analysis_by_name("connectivity"), measured, NULL, s, 1, &r, &err),
                  MESO_EINVAL);
  CU_ASSERT_PTR_NOT_NULL(strstr(err.msg, "do not vary"));
  meso_result_destroy(r);
  meso_signals_destroy(s);
}

int main(void)
{
  static const meso_test tests[] = {
    {"a chain: Pearson, partial, lagged", test_chain},
    {"lags are correlations of the overlap, by hand", test_lag_by_hand},
    {"dynamics tell two states apart, without the diagonal", test_dynamics},
    {"comparison with a measured matrix, its interval", test_comparison},
    {"p is the share of all renamings that do as well", test_permutations},
    {"two regions; gaps say why", test_two_regions},
    {"what cannot be correlated", test_refusals},
    {NULL, NULL}};
  gsl_set_error_handler_off(); /* as the program does */
  return meso_test_main("connectivity", tests);
}
