/* test_pairs.c: analyses of pairs and populations of spike trains whose answers are known. */
#include <stdlib.h>
#include <string.h>

#include "analysis_run.h"
#include "meso_fit.h"

static double uniform(uint32_t stream, uint32_t i) { return draw_uniform(23, stream, i); }

static void add_poisson(meso_spikes *s, size_t p, uint32_t id, double rate_Hz, uint32_t stream)
{
  double t = s->t_start_ms;
  for (uint32_t i = 0; (t -= log(uniform(stream, i)) * 1e3 / rate_Hz) < s->t_stop_ms; i++)
    add_spike(&s->population[p], id, t);
}

/* Neuron 1 fires 12 ms after neuron 0: all counts at lag + 12 ms; 2 is silent. */
static void test_lag(void)
{
  meso_spikes *s = recording(1, 3, 10000);
  for (int k = 0; k < 9; k++) {
    add_spike(&s->population[0], 0, 1000 * k + 101);
    add_spike(&s->population[0], 1, 1000 * k + 113);
  }
  sort(s);
  meso_result *r = run("cross_correlogram", (options) {"max_lag_ms", "20", NULL}, s, NULL, 1);
  const double *lag = values(r, "/cross_correlogram/lag_ms");
  const double *counts = values(r, "/cross_correlogram/counts");
  const double *corrected = values(r, "/cross_correlogram/border_corrected");
  CU_ASSERT_EQUAL(meso_result_find(r, "/cross_correlogram/counts")->dims[1], 21);
  MESO_CHECK_EACH(l, 21, lag[l] == 2.0 * (double) l - 20);
  MESO_CHECK_EACH(l, 21, counts[l] == (lag[l] == 12 ? 9 : 0));
  MESO_CHECK_CLOSE(9 * 5000 / 4994.0, corrected[16], 1e-14, 0);
  const double *c = values(r, "/cross_correlogram/coefficient");
  MESO_CHECK_CLOSE(1, c[16], 1e-12, 0);
  MESO_CHECK_EACH(l, 42, isnan(c[21 + l]));
  const double *mean = values(r, "/cross_correlogram/A/mean_coefficient");
  MESO_CHECK_CLOSE(mean[4], mean[16], 0, 0);
  MESO_CHECK_CLOSE(0.5 * (c[4] + c[16]), mean[4], 1e-14, 0);
  CU_ASSERT_EQUAL(attribute(r, "/cross_correlogram/A", "n_pairs"), 1);
  meso_result_destroy(r);
  meso_spikes_destroy(s);
}

/* Tiling: equal trains 1; unrelated about 0; none, undefined; the same a day later. */
static void test_tiling(void)
{
  meso_spikes *s = recording(1, 4, 600000);
  add_poisson(s, 0, 0, 8, 1);
  const size_t n = s->population[0].n_spikes;
  for (size_t k = 0; k < n; k++) add_spike(&s->population[0], 1, s->population[0].time_ms[k]);
  add_poisson(s, 0, 2, 8, 2);
  sort(s);
  for (size_t k = 0; k < s->population[0].n_spikes; k++)
    s->population[0].time_ms[k] = floor(s->population[0].time_ms[k] * 16) / 16;
  meso_result *r = run("sttc", (options) {NULL}, s, NULL, 1);
  const double *v = values(r, "/sttc/value");
  MESO_CHECK_CLOSE(1, v[0], 1e-14, 0);
  CU_ASSERT(v[1] != 0 && fabs(v[1]) < 0.02);
  MESO_CHECK_CLOSE(v[1], v[3], 0, 0);
  CU_ASSERT(isnan(v[2]) && isnan(v[4]) && isnan(v[5]));
  CU_ASSERT_EQUAL(attribute(r, "/sttc/A", "n_pairs"), 3);
  MESO_CHECK_CLOSE((1 + 2 * v[1]) / 3, attribute(r, "/sttc/A", "mean"), 1e-14, 0);
  for (size_t k = 0; k < s->population[0].n_spikes; k++) s->population[0].time_ms[k] += 86400000;
  s->t_start_ms += 86400000;
  s->t_stop_ms += 86400000;
  meso_result *later = run("sttc", (options) {NULL}, s, NULL, 1);
  MESO_CHECK_CLOSE(v[1], values(later, "/sttc/value")[1], 0, 1e-9);
  meso_result_destroy(later);
  meso_result_destroy(r);
  meso_spikes_destroy(s);
  /* by hand: A at 100, 200; B at 104, 300, 310 of 1000 ms; dt 5 */
  s = recording(1, 2, 1000);
  add_spike(&s->population[0], 0, 100);
  add_spike(&s->population[0], 0, 200);
  add_spike(&s->population[0], 1, 104);
  add_spike(&s->population[0], 1, 300);
  add_spike(&s->population[0], 1, 308);
  sort(s);
  r = run("sttc", (options) {NULL}, s, NULL, 1);
  const double T_A = 0.020, T_B = 0.028, P_A = 0.5, P_B = 1.0 / 3;
  MESO_CHECK_CLOSE(0.5 * ((P_A - T_B) / (1 - P_A * T_B) + (P_B - T_A) / (1 - P_B * T_A)),
                   values(r, "/sttc/value")[0], 1e-13, 0);
  meso_result_destroy(r);
  meso_spikes_destroy(s);
}

/* Summaries of all pairs against the matrix, population by population, class by class. */
static void test_summary(void)
{
  enum { N = 150 };
  static const char *const name[6] = {"A", "A_x_B", "A_x_C", "B", "B_x_C", "C"};
  meso_spikes *s = recording(3, N, 8000);
  for (size_t p = 0; p < 3; p++) {
    s->population[p].position_um = meso_calloc(3 * N, sizeof(double));
    for (uint32_t i = 0; i < N; i++) {
      for (uint32_t d = 0; d < 3; d++)
        s->population[p].position_um[3 * i + d] = 900 * uniform(500 + (uint32_t) p, 3 * i + d);
      if (i % 10 != 3) add_poisson(s, p, i, 2 + i % 7, 100 * (uint32_t) p + i + 1000);
    }
  }
  sort(s);
  meso_result *r = run("correlation", (options) {"histogram_bins", "50", NULL}, s, NULL, 2);
  meso_result *t = run("correlation", (options) {"histogram_bins", "50", "summary", "true", NULL},
                       s, NULL, 2);
  CU_ASSERT_PTR_NULL(meso_result_find(t, "/correlation/coefficient"));
  const double *c = values(r, "/correlation/coefficient");
  double sum[16] = {0}, n[16] = {0};
  for (size_t a = 0, k = 0; a < 3; a++)
    for (size_t b = a; b < 3; b++, k++) {
      double histogram[50] = {0}, total = 0, count = 0;
      for (size_t i = a * N; i < (a + 1) * N; i++)
        for (size_t j = a == b ? i + 1 : b * N; j < (b + 1) * N; j++) {
          const double x = c[i * 3 * N + j];
          if (isnan(x)) continue;
          const double *u = s->population[a].position_um + 3 * (i - a * N);
          const double *v = s->population[b].position_um + 3 * (j - b * N);
          const size_t d = (size_t) (hypot(hypot(u[0] - v[0], u[1] - v[1]), u[2] - v[2]) / 100);
          sum[d] += x;
          n[d]++;
          histogram[(int) floor((x + 1) * 25)]++;
          total += x;
          count++;
        }
      char path[64];
      snprintf(path, sizeof path, "/correlation/%s", name[k]);
      CU_ASSERT_EQUAL(attribute(t, path, "n_pairs"), count);
      MESO_CHECK_CLOSE(total / count, attribute(t, path, "mean"), 1e-9, 1e-14);
      snprintf(path, sizeof path, "/correlation/%s/histogram", name[k]);
      const double *got = values(t, path);
      MESO_CHECK_EACH(h, 50, got[h] == histogram[h]);
    }
  const double *n_pairs = values(t, "/correlation/all/distance_n_pairs");
  const double *mean = values(t, "/correlation/all/distance_mean");
  const size_t n_classes = meso_result_find(t, "/correlation/all/distance_mean")->dims[0];
  CU_ASSERT_FATAL(n_classes <= 16);
  MESO_CHECK_EACH(d, n_classes, n_pairs[d] == n[d]);
  MESO_CHECK_EACH(d, n_classes, n[d] == 0 || fabs(mean[d] - sum[d] / n[d]) < 1e-12);
  meso_result_destroy(r);
  meso_result_destroy(t);
  meso_spikes_destroy(s);
}

/* The triangle is that of the matrix, NaN included; the histogram stays. */
static void test_triangle(void)
{
  enum { N = 70 };
  meso_spikes *s = recording(2, N / 2, 20000);
  for (uint32_t i = 0; i + 1 < N; i++) /* the last one is silent, and so is number 20 */
    if (i != 20) add_poisson(s, i / 35, i % 35, 2 + i % 7, 3000 + i);
  sort(s);
  meso_result *full = run("correlation", (options) {NULL}, s, NULL, 2);
  meso_result *r = run("correlation", (options) {"triangle", "true", NULL}, s, NULL, 3);
  const double *matrix = values(full, "/correlation/coefficient");
  const meso_array *triangle = meso_result_find(r, "/correlation/coefficient_triangle");
  CU_ASSERT_FATAL(triangle != NULL && triangle->n_dims == 1);
  CU_ASSERT_FATAL(triangle->dims[0] == N * (N - 1) / 2);
  CU_ASSERT(triangle->single_precision);
  double want[N * (N - 1) / 2];
  size_t n = 0;
  for (size_t i = 0; i < N; i++)
    for (size_t j = i + 1; j < N; j++) want[n++] = matrix[i * N + j];
  MESO_CHECK_EACH(k, n, (isnan(want[k]) != 0) == (isnan(triangle->data[k]) != 0));
  MESO_CHECK_EACH(k, n, isnan(want[k]) || fabs(want[k] - triangle->data[k]) < 1e-13);
  CU_ASSERT_PTR_NULL(meso_result_find(r, "/correlation/coefficient"));
  /* a matrix that is too large is refused with the smaller form, unless that is too large too */
  for (size_t k = 0; k < 2; k++) {
    static const char *const set[2][5] = {
      {"memory_limit_GB", "7e-5", NULL}, {"memory_limit_GB", "1e-6", "triangle", "true", NULL}};
    meso_result *none = NULL;
    meso_err err = {.msg = ""};
    CU_ASSERT_EQUAL(run_raw(meso_analysis_by_name("correlation"), set[k], s, NULL, 1, &none, &err),
                    MESO_ERANGE);
    CU_ASSERT_EQUAL(strstr(err.msg, "--triangle") != NULL, k == 0);
    meso_result_destroy(none);
  }
  CU_ASSERT_STRING_EQUAL(meso_result_find(r, "/correlation/labels")->text[N - 1], "B/34");
  MESO_CHECK_EACH(h, 200, values(r, "/correlation/A/histogram")[h] ==
                  values(full, "/correlation/A/histogram")[h]);
  meso_result_destroy(full);
  meso_result_destroy(r);
  meso_spikes_destroy(s);
}

static void test_fit(void)
{
  double x[30], y[30], w[30];
  for (int i = 0; i < 30; i++) {
    x[i] = 50 + 100 * i;
    y[i] = 0.3 * exp(-x[i] / 420) + 0.02;
    w[i] = i == 7 ? 0 : 1 + i % 3;
  }
  y[7] = 5; /* has no weight */
  y[9] = NAN;
  const meso_exponential fit = meso_fit_exponential(30, x, y, w);
  MESO_CHECK_CLOSE(0.3, fit.a, 1e-6, 0);
  MESO_CHECK_CLOSE(420, fit.b, 1e-6, 0);
  MESO_CHECK_CLOSE(0.02, fit.c, 1e-6, 0);
  CU_ASSERT(isnan(meso_fit_exponential(3, x, y, w).b));
}

/* Equal trains have chi 1, independent ones 1 / sqrt(N) and a population Fano factor of 1. */
static void test_synchrony(void)
{
  enum { N = 100 };
  meso_spikes *s = recording(2, N, 60000);
  add_poisson(s, 0, 0, 10, 77);
  const size_t n = s->population[0].n_spikes;
  for (uint32_t i = 1; i < N; i++)
    for (size_t k = 0; k < n; k++) add_spike(&s->population[0], i, s->population[0].time_ms[k]);
  for (uint32_t i = 0; i < N; i++) add_poisson(s, 1, i, 10, 2000 + i);
  sort(s);
  meso_result *r = run("synchrony", (options) {NULL}, s, NULL, 1);
  MESO_CHECK_CLOSE(1, attribute(r, "/synchrony/A", "chi"), 1e-12, 0);
  MESO_CHECK_CLOSE(0, attribute(r, "/synchrony/A", "fano_across_neurons"), 0, 1e-12);
  MESO_CHECK_CLOSE(0.1, attribute(r, "/synchrony/B", "chi"), 0.05, 0);
  MESO_CHECK_CLOSE(1, attribute(r, "/synchrony/B", "population_fano"), 0.06, 0);
  MESO_CHECK_CLOSE(1, attribute(r, "/synchrony/B", "fano_across_neurons"), 0.5, 0);
  double mean = 0;
  for (size_t k = 0; k < 12000; k++) mean += values(r, "/synchrony/B/rate_Hz")[k] / 12000;
  MESO_CHECK_CLOSE((double) s->population[1].n_spikes / N / 60, mean, 1e-12, 0);
  meso_result_destroy(r);
  meso_spikes_destroy(s);
}

/* LvR of intervals 10, 20, 10, 20 ms; Fano factors over windows. */
static void test_variation(void)
{
  meso_spikes *s = recording(1, 2, 60000);
  for (int k = 0; k < 5; k++) add_spike(&s->population[0], 0, 15 * k + (k % 2 ? -5 : 0));
  add_poisson(s, 0, 1, 20, 4);
  sort(s);
  meso_result *r = run("statistics", (options) {"fano_windows_ms", "1000,10,100", NULL}, s, NULL,
                       1);
  MESO_CHECK_CLOSE(3 * (1 - 800 / 900.0) * (1 + 20 / 30.0), values(r, "/statistics/A/lvr")[0],
                   1e-13, 0);
  const double *fano = values(r, "/statistics/A/fano_windows");
  MESO_CHECK_CLOSE(values(r, "/statistics/A/fano")[1], fano[3], 0, 0);
  MESO_CHECK_CLOSE(1, fano[4], 0.05, 0);
  MESO_CHECK_CLOSE(1, fano[5], 0.15, 0);
  CU_ASSERT_EQUAL(values(r, "/statistics/fano_windows_ms")[2], 100);
  meso_result_destroy(r);
  r = run("statistics", (options) {"refractoriness_ms", "0", NULL}, s, NULL, 1);
  for (size_t i = 0; i < 2; i++)
    MESO_CHECK_CLOSE(values(r, "/statistics/A/lv")[i], values(r, "/statistics/A/lvr")[i], 1e-12, 0);
  meso_result_destroy(r);
  meso_spikes_destroy(s);
}

int main(void)
{
  static const meso_test tests[] = {
    {"a cross-correlogram peaks at the lag by which the second neuron fires later", test_lag},
    {"spike time tiling: equal, unrelated, silent trains; a fixed window", test_tiling},
    {"summaries of all pairs are those of the matrix", test_summary},
    {"the triangle of coefficients is that of the matrix", test_triangle},
    {"an exponential is fitted", test_fit},
    {"synchrony of equal and of independent trains", test_synchrony},
    {"LvR and Fano factors over windows", test_variation},
    {NULL, NULL}};
  return meso_test_main("pairs", tests);
}
