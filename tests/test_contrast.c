/* test_contrast.c: distances of distributions against closed forms and brute force; two analyses
 * with a known difference. */
#include <stdlib.h>
#include <string.h>

#include "analysis_run.h"
#include "meso_contrast.h"

static double uniform(uint32_t stream, uint32_t i) { return draw_uniform(61, stream, i); }

static int ascending(const void *a, const void *b)
{
  const double x = *(const double *) a, y = *(const double *) b;
  return (x > y) - (x < y);
}

/* By hand, by sums over all pairs of values, and of a shift. */
static void test_distances(void)
{
  static const double a[3] = {0, 1, 3}, b[2] = {5, 6};
  meso_distances d = meso_distances_of(3, a, 2, b);
  MESO_CHECK_CLOSE(1, d.ks, 1e-15, 0);
  MESO_CHECK_CLOSE(5.5 - 4.0 / 3, d.wasserstein, 1e-14, 0); /* apart: difference of the means */
  enum { N = 40, M = 55 };
  double x[N], y[M], shifted[N], cross = 0, in_x = 0, in_y = 0, ks = 0;
  for (uint32_t i = 0; i < N; i++) x[i] = floor(20 * uniform(1, i)); /* with ties */
  for (uint32_t i = 0; i < M; i++) y[i] = floor(26 * uniform(2, i)) - 2;
  qsort(x, N, sizeof *x, ascending);
  qsort(y, M, sizeof *y, ascending);
  for (int i = 0; i < N; i++)
    for (int j = 0; j < M; j++) cross += fabs(x[i] - y[j]) / (N * M);
  for (int i = 0; i < N; i++)
    for (int j = 0; j < N; j++) in_x += fabs(x[i] - x[j]) / (N * N);
  for (int i = 0; i < M; i++)
    for (int j = 0; j < M; j++) in_y += fabs(y[i] - y[j]) / (M * M);
  for (double t = -3; t < 30; t++) {
    double f = 0, g = 0;
    for (int i = 0; i < N; i++) f += (x[i] <= t) / (double) N;
    for (int i = 0; i < M; i++) g += (y[i] <= t) / (double) M;
    ks = fmax(ks, fabs(f - g));
  }
  d = meso_distances_of(N, x, M, y);
  MESO_CHECK_CLOSE(sqrt(2 * cross - in_x - in_y), d.energy, 1e-10, 0);
  MESO_CHECK_CLOSE(ks, d.ks, 1e-12, 0);
  const meso_distances e = meso_distances_of(M, y, N, x);
  CU_ASSERT(fabs(d.wasserstein - e.wasserstein) < 1e-13 && fabs(d.energy - e.energy) < 1e-13);
  for (int i = 0; i < N; i++) shifted[i] = x[i] + 0.25;
  MESO_CHECK_CLOSE(0.25, meso_distances_of(N, x, N, shifted).wasserstein, 1e-12, 0);
  CU_ASSERT(meso_distances_of(N, x, N, x).ks == 0 && meso_distances_of(N, x, N, x).energy == 0);
  CU_ASSERT(isnan(meso_distances_of(0, x, N, x).ks));
}

/* Kolmogorov's distribution: 1.358 is exceeded by 5 %; p values of equal distributions. */
static void test_ks_p(void)
{
  enum { R = 400, N = 60 };
  double below = 0, x[N], y[N];
  MESO_CHECK_CLOSE(0.05, meso_ks_p(1.358 / (sqrt(5e5) + 0.12), 1000000, 1000000), 0.01, 0);
  CU_ASSERT_EQUAL(meso_ks_p(0, 10, 10), 1);
  for (uint32_t r = 0; r < R; r++) {
    for (uint32_t i = 0; i < N; i++) x[i] = uniform(1000 + r, i), y[i] = uniform(5000 + r, i);
    qsort(x, N, sizeof *x, ascending);
    qsort(y, N, sizeof *y, ascending);
    below += meso_ks_p(meso_distances_of(N, x, N, y).ks, N, N) < 0.1;
  }
  printf("# of %d, p < 0.1: %g\n", R, below);
  CU_ASSERT(below > 20 && below < 58); /* 40, +- 3 sd of 6 */
}

/* Rates with a shift, a correlation matrix, a spectrum; b differs by known amounts. */
static meso_result *make(uint32_t stream, double shift, double factor, double bin_ms)
{
  enum { N = 80, F = 101, C = 12, M = 14 };
  meso_result *r = NULL;
  meso_array *a = NULL;
  CU_ASSERT_EQUAL_FATAL(meso_result_create(&r, NULL), MESO_OK);
  CU_ASSERT_EQUAL(meso_result_add(r, "/statistics/E/rate_Hz", "Hz", 1, (size_t[]) {N}, &a, NULL),
                  0);
  for (uint32_t i = 0; i < N; i++) a->data[i] = uniform(stream, i) + shift;
  a->data[7] = NAN;
  CU_ASSERT_EQUAL(meso_result_add(r, "/spectrum/frequency_Hz", "Hz", 1, (size_t[]) {F}, &a, NULL),
                  0);
  for (int k = 0; k < F; k++) a->data[k] = k;
  CU_ASSERT_EQUAL(meso_result_add(r, "/spectrum/psd", "mV^2/Hz", 2, (size_t[]) {C, F}, &a, NULL),
                  0);
  for (uint32_t i = 0; i < C * F; i++) a->data[i] = factor * (0.5 + uniform(stream + 1, i));
  CU_ASSERT_EQUAL(meso_result_add(r, "/correlation/coefficient", "1", 2, (size_t[]) {M, M}, &a,
                                  NULL), MESO_OK);
  for (uint32_t i = 0; i < M; i++)
    for (uint32_t j = 0; j <= i; j++)
      a->data[i * M + j] = a->data[j * M + i] =
        i == j ? 1 : uniform(70, i * M + j) + 0.5 * uniform(stream + 2, i * M + j);
  CU_ASSERT_EQUAL(meso_attrs_set_number(meso_result_group_attrs(r, "/correlation"), "bin_ms",
                                        bin_ms, NULL), MESO_OK);
  return r;
}

/* Distances of the rates of two analyses, from their values. */
static meso_distances rate_distances(const meso_result *a, const meso_result *b)
{
  enum { N = 80 };
  double x[2][N];
  size_t n[2] = {0, 0};
  for (int k = 0; k < 2; k++) {
    const double *rate = values(k == 0 ? a : b, "/statistics/E/rate_Hz");
    for (size_t i = 0; i < N; i++)
      if (isfinite(rate[i])) x[k][n[k]++] = rate[i];
    qsort(x[k], n[k], sizeof **x, ascending);
  }
  return meso_distances_of(n[0], x[0], n[1], x[1]);
}

static void test_analyses(void)
{
  static const double edge[3] = {1, 30, 80};
  const meso_contrast_params p = {.resamples = 400, .seed = 4, .confidence = 0.95, .n_bands = 2,
                                  .band_edge_Hz = edge};
  const char *rate = "/comparison/statistics/E/rate_Hz";
  const char *matrix = "/comparison/correlation/coefficient";
  meso_result *a = make(10, 0, 1, 2), *b = make(20, 0.5, 2, 5), *c = make(30, 0, 1, 2), *out[3];
  for (int k = 0; k < 3; k++) CU_ASSERT_EQUAL_FATAL(meso_result_create(&out[k], NULL), MESO_OK);
  CU_ASSERT_EQUAL_FATAL(meso_contrast_run(&p, a, b, out[0], NULL), MESO_OK);
  CU_ASSERT_EQUAL_FATAL(meso_contrast_run(&p, a, c, out[1], NULL), MESO_OK);
  CU_ASSERT_EQUAL_FATAL(meso_contrast_run(&p, a, a, out[2], NULL), MESO_OK);
  CU_ASSERT_EQUAL(attribute(out[0], rate, "n_a"), 79);
  const double w = attribute(out[0], rate, "wasserstein");
  MESO_CHECK_CLOSE(0.5, w, 0.15, 0);
  const meso_distances d_ab = rate_distances(a, b);
  MESO_CHECK_CLOSE(d_ab.ks, attribute(out[0], rate, "ks"), 1e-12, 0);
  MESO_CHECK_CLOSE(d_ab.wasserstein, w, 1e-12, 0);
  MESO_CHECK_CLOSE(d_ab.energy, attribute(out[0], rate, "energy"), 1e-12, 0);
  CU_ASSERT(attribute(out[0], rate, "wasserstein_low") < w);
  CU_ASSERT(attribute(out[0], rate, "wasserstein_low") > 0.35);
  CU_ASSERT(attribute(out[0], rate, "wasserstein_high") > w);
  CU_ASSERT(attribute(out[0], rate, "p_energy") == 1.0 / 401);
  CU_ASSERT(attribute(out[1], rate, "p_energy") > 0.02);
  CU_ASSERT(attribute(out[0], rate, "ks_p") < 1e-6 && attribute(out[1], rate, "ks_p") > 0.01);
  CU_ASSERT_EQUAL(attribute(out[2], rate, "wasserstein"), 0);
  CU_ASSERT(isnan(attribute(out[0], matrix, "p_energy")));
  CU_ASSERT(isnan(attribute(out[0], matrix, "ks_p")));
  CU_ASSERT_PTR_NOT_NULL(meso_attrs_text(meso_result_find_group(out[0], matrix), "undefined"));
  CU_ASSERT_PTR_NULL(meso_attrs_text(meso_result_find_group(out[0], rate), "undefined"));
  CU_ASSERT(attribute(out[0], matrix, "matrix_correlation") > 0.6);
  CU_ASSERT(attribute(out[0], matrix, "p_matrix") < 0.02);
  MESO_CHECK_CLOSE(1, attribute(out[2], matrix, "matrix_correlation"), 1e-12, 0);
  const double *d = meso_result_find(out[0], "/comparison/spectrum/psd/difference")->data;
  const double *low = meso_result_find(out[0], "/comparison/spectrum/psd/difference_low")->data;
  const double *high = meso_result_find(out[0], "/comparison/spectrum/psd/difference_high")->data;
  for (int k = 0; k < 2; k++) {
    MESO_CHECK_CLOSE(-log10(2), d[k], 0, 0.04); /* of means over 12 x 29 values or more */
    CU_ASSERT(low[k] < d[k] && high[k] > d[k] && high[k] - low[k] < 0.06);
  }
  const meso_attrs *notes = meso_result_find_group(out[0], "/comparison");
  CU_ASSERT_PTR_NOT_NULL(meso_attrs_text(notes, "differences_correlation_bin_ms"));
  notes = meso_result_find_group(out[1], "/comparison");
  CU_ASSERT_PTR_NULL(meso_attrs_text(notes, "differences_correlation_bin_ms"));
  meso_err err = {0};
  meso_result *none = NULL;
  CU_ASSERT_EQUAL_FATAL(meso_result_create(&none, NULL), MESO_OK);
  CU_ASSERT_EQUAL(meso_contrast_run(&p, a, none, none, &err), MESO_EINVAL);
  CU_ASSERT_PTR_NOT_NULL(strstr(err.msg, "nothing in common"));
  meso_result_destroy(none);
  meso_result_destroy(a);
  meso_result_destroy(b);
  meso_result_destroy(c);
  for (int k = 0; k < 3; k++) meso_result_destroy(out[k]);
}

/* Matrices without a relation: p is not small; the interval of a difference holds 0 mostly. */
static void test_null(void)
{
  static const double edge[2] = {1, 80};
  double holds = 0, small = 0;
  enum { R = 60 };
  for (uint32_t k = 0; k < R; k++) {
    const meso_contrast_params p = {.resamples = 99, .seed = 1 + k, .confidence = 0.9,
                                    .n_bands = 1, .band_edge_Hz = edge};
    meso_result *a = make(100 + 10 * k, 0, 1, 2), *b = make(105 + 10 * k, 0, 1, 2), *out = NULL;
    CU_ASSERT_EQUAL_FATAL(meso_result_create(&out, NULL), MESO_OK);
    CU_ASSERT_EQUAL_FATAL(meso_contrast_run(&p, a, b, out, NULL), MESO_OK);
    holds += meso_result_find(out, "/comparison/spectrum/psd/difference_low")->data[0] < 0 &&
             meso_result_find(out, "/comparison/spectrum/psd/difference_high")->data[0] > 0;
    small += attribute(out, "/comparison/statistics/E/rate_Hz", "p_energy") <= 0.1;
    meso_result_destroy(a);
    meso_result_destroy(b);
    meso_result_destroy(out);
  }
  printf("# intervals that hold the truth: %g of %d; p <= 0.1: %g\n", holds, (int) R, small);
  CU_ASSERT(holds >= 44 && holds < R && small <= 14 && small >= 1);
}

/* Values of 60 neurons, uniform over an interval of length 1 and shifted by d: the distances of
 * Kolmogorov & Smirnov and of Wasserstein are d. Intervals hold it about as often as they say, also
 * where it is 0, and always hold the distance that was found. */
static void test_coverage(void)
{
  enum { N = 60, R = 120 };
  static const double edge[2] = {1, 80}, shift[2] = {0, 0.3};
  static const char path[] = "/statistics/E/rate_Hz";
  static const char *const name[2] = {"ks", "wasserstein"};
  for (int d = 0; d < 2; d++) {
    double holds[2] = {0, 0}, width[2] = {0, 0};
    for (uint32_t r = 0; r < R; r++) {
      const meso_contrast_params p = {.resamples = 200, .seed = 1 + r, .confidence = 0.95,
                                      .n_bands = 1, .band_edge_Hz = edge};
      meso_result *a[2], *out = NULL;
      meso_array *x = NULL;
      CU_ASSERT_EQUAL_FATAL(meso_result_create(&out, NULL), MESO_OK);
      for (int k = 0; k < 2; k++) {
        CU_ASSERT_EQUAL_FATAL(meso_result_create(&a[k], NULL), MESO_OK);
        CU_ASSERT_EQUAL_FATAL(meso_result_add(a[k], path, "Hz", 1, (size_t[]) {N}, &x, NULL), 0);
        for (uint32_t i = 0; i < N; i++)
          x->data[i] = uniform(20000 + 2 * r + (uint32_t) k, i) + k * shift[d];
      }
      CU_ASSERT_EQUAL(meso_contrast_run(&p, a[0], a[1], out, NULL), MESO_OK);
      for (int m = 0; m < 2; m++) {
        double v[3];
        static const char *const ending[3] = {"", "_low", "_high"};
        for (int k = 0; k < 3; k++) {
          char key[40];
          (void) snprintf(key, sizeof key, "%s%s", name[m], ending[k]);
          v[k] = attribute(out, "/comparison/statistics/E/rate_Hz", key);
        }
        CU_ASSERT(0 <= v[1] && v[1] <= v[0] && v[0] <= v[2]);
        holds[m] += v[1] <= shift[d] && shift[d] <= v[2];
        width[m] += (v[2] - v[1]) / R;
      }
      meso_result_destroy(a[0]);
      meso_result_destroy(a[1]);
      meso_result_destroy(out);
    }
    printf("# distance %g: held in %g (ks), %g (wasserstein) of %d, %.2f and %.2f wide\n",
           shift[d], holds[0], holds[1], (int) R, width[0], width[1]);
    CU_ASSERT(holds[0] >= 0.88 * R && holds[1] >= 0.88 * R);
    CU_ASSERT(width[0] < 0.6 && width[1] < 0.3); /* not so wide that they say nothing */
  }
}

/* One distribution against values that are known to be 0: its Wasserstein distance is the mean. Of
 * the pairs of n units with gains g, values g_i g_j, the mean varies with the units that there are,
 * and intervals that draw units hold its expectation; as pairs listed beside the values, or as a
 * matrix, or, values alone, as if independent, which is too narrow. Threads change no bit. */
static void test_pairs(void)
{
  enum { N = 24, P = N * (N - 1) / 2, R = 80 };
  static const double edge[2] = {1, 80};
  static const char *const path[3] = {"/correlation/coefficient", "/sttc/value",
                                      "/statistics/E/rate_Hz"};
  double inside[3] = {0, 0, 0}, low[2], high[2];
  for (uint32_t r = 0; r < R; r++) {
    meso_result *a[2], *out[2];
    meso_array *x = NULL;
    for (int k = 0; k < 2; k++) { /* a: products of gains; b: zeros */
      CU_ASSERT_EQUAL_FATAL(meso_result_create(&a[k], NULL), MESO_OK);
      CU_ASSERT_EQUAL_FATAL(meso_result_create(&out[k], NULL), MESO_OK);
      CU_ASSERT_EQUAL(meso_result_add(a[k], path[0], "1", 2, (size_t[]) {N, N}, &x, NULL), 0);
      for (uint32_t i = 0; i < N * N && k == 0; i++)
        x->data[i] = uniform(9000 + r, i / N) * uniform(9000 + r, i % N);
      const double *product = x->data;
      size_t p = 0;
      CU_ASSERT_EQUAL(meso_result_add(a[k], "/sttc/pairs", "1", 2, (size_t[]) {P, 2}, &x, NULL), 0);
      double *pair = x->data;
      for (int m = 1; m < 3; m++)
        CU_ASSERT_EQUAL(meso_result_add(a[k], path[m], "1", 1, (size_t[]) {P}, &x, NULL), 0);
      double *value = meso_result_find(a[k], path[1])->data;
      product = meso_result_find(a[k], path[0])->data;
      for (size_t i = 0; i < N; i++)
        for (size_t j = i + 1; j < N; j++, p++) {
          pair[2 * p] = (double) i;
          pair[2 * p + 1] = (double) j;
          value[p] = x->data[p] = product[i * N + j];
        }
    }
    meso_contrast_params q = {.resamples = 300, .seed = 1 + r, .confidence = 0.95, .n_bands = 1,
                              .band_edge_Hz = edge, .n_threads = 1};
    CU_ASSERT_EQUAL(meso_contrast_run(&q, a[0], a[1], out[0], NULL), MESO_OK);
    q.n_threads = 3;
    if (r < 3) CU_ASSERT_EQUAL(meso_contrast_run(&q, a[0], a[1], out[1], NULL), MESO_OK);
    for (int m = 0; m < 3; m++) {
      char group[64];
      (void) snprintf(group, sizeof group, "/comparison%s", path[m]);
      for (int k = 0; k < (r < 3 ? 2 : 1); k++) {
        low[k] = attribute(out[k], group, "wasserstein_low");
        high[k] = attribute(out[k], group, "wasserstein_high");
      }
      if (r < 3) CU_ASSERT(low[0] == low[1] && high[0] == high[1]);
      inside[m] += low[0] <= 0.25 && 0.25 <= high[0];
    }
    for (int k = 0; k < 2; k++) {
      meso_result_destroy(a[k]);
      meso_result_destroy(out[k]);
    }
  }
  printf("# held: %g of %d as a matrix, %g as listed pairs, %g as independent\n", inside[0],
         (int) R, inside[1], inside[2]);
  CU_ASSERT(inside[0] > 0.86 * R && inside[1] > 0.86 * R && inside[2] < 0.7 * R);
}

int main(void)
{
  static const meso_test tests[] = {
    {"distances of distributions", test_distances},
    {"values of pairs: intervals draw what the pairs share", test_pairs},
    {"Kolmogorov-Smirnov p values", test_ks_p},
    {"intervals of distances hold the truth and the distance", test_coverage},
    {"two analyses with a known difference", test_analyses},
    {"two analyses without one", test_null},
    {NULL, NULL}};
  return meso_test_main("contrast", tests);
}
