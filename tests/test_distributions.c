/* test_distributions.c: distributions of intervals and counts: by hand, of Poisson trains, and
 * against the analysis of single neurons. */
#include <stdlib.h>
#include <string.h>

#include "analysis_run.h"

static double at(const meso_result *r, const char *path, size_t k) { return values(r, path)[k]; }

/* Two neurons of A: a clock of 10 ms for 100 ms, and spikes at 1, 4, 54 ms; B is silent. */
static void test_by_hand(void)
{
  meso_spikes *s = recording(2, 2, 100);
  for (int k = 0; k < 10; k++) add_spike(&s->population[0], 0, 10 * k);
  for (int k = 0; k < 3; k++) add_spike(&s->population[0], 1, (double[]) {1, 4, 54}[k]);
  sort(s);
  meso_result *r = run("distributions", (options) {
    "isi_spacing", "linear", "isi_min_ms", "5", "isi_max_ms", "25", "isi_bins", "4", "windows_ms",
    "20,50", "max_count", "3", NULL}, s, NULL, 1);
  /* 9 intervals of 10 ms, one of 3 and one of 50: class 10 to 15 ms has 9 of 11 */
  MESO_CHECK_CLOSE(9.0 / 11 / 5, at(r, "/distributions/A/isi_pooled", 1), 1e-14, 0);
  MESO_CHECK_CLOSE(0, at(r, "/distributions/A/isi_pooled", 0), 0, 0);
  MESO_CHECK_CLOSE((1 + 0) / 2.0 / 5, at(r, "/distributions/A/isi_mean", 1), 1e-14, 0);
  const double poisson = (9 * (exp(-1) - exp(-1.5)) + 2 * (exp(-10 / 26.5) - exp(-15 / 26.5))) / 11;
  MESO_CHECK_CLOSE(poisson / 5, at(r, "/distributions/A/isi_poisson", 1), 1e-14, 0);
  CU_ASSERT_EQUAL(attribute(r, "/distributions/A", "n_below"), 1);
  CU_ASSERT_EQUAL(attribute(r, "/distributions/A", "n_above"), 1);
  CU_ASSERT_EQUAL(at(r, "/distributions/isi_edges_ms", 4), 25);
  /* windows of 20 ms: the clock has 2 in each, the other 2, 0, 1, 0, 0; of 50 ms: 5, 5; 2, 1 */
  const double *share = values(r, "/distributions/A/count_share");
  static const double expected[8] = {0.3, 0.1, 0.6, 0, 0, 0.25, 0.25, 0.5};
  for (size_t k = 0; k < 8; k++) MESO_CHECK_CLOSE(expected[k], share[k], 1e-14, 1e-14);
  const double *p = values(r, "/distributions/A/count_poisson");
  MESO_CHECK_CLOSE((2 * exp(-2) + 0.6 * exp(-0.6)) / 2, p[1], 1e-13, 0);
  MESO_CHECK_CLOSE(1 - p[4] - p[5] - p[6], p[7], 1e-13, 0);
  /* Fano: the clock 0; 2, 0, 1, 0, 0 has variance 0.64, mean 0.6 */
  MESO_CHECK_CLOSE(0.64 / 0.6 / 2, at(r, "/distributions/A/fano", 0), 1e-13, 0);
  MESO_CHECK_CLOSE(0.5, at(r, "/distributions/fano_poisson", 1), 1e-15, 0);
  CU_ASSERT(isnan(at(r, "/distributions/B/isi_pooled", 0)));
  CU_ASSERT(isnan(at(r, "/distributions/B/fano", 0)));
  CU_ASSERT_EQUAL(at(r, "/distributions/B/count_share", 0), 1);
  CU_ASSERT_EQUAL(at(r, "/distributions/B/count_poisson", 0), 1);
  CU_ASSERT_EQUAL(at(r, "/distributions/B/count_poisson", 3), 0);
  CU_ASSERT_PTR_NOT_NULL(meso_attrs_text(meso_result_find_group(r, "/distributions/B"),
                                         "undefined"));
  meso_result_destroy(r);
  meso_spikes_destroy(s);
}

static const char *why(const meso_result *r, const char *group)
{
  const char *text = meso_attrs_text(meso_result_find_group(r, group), "undefined");
  return text != NULL ? text : "";
}

/* Windows that do not fit twice, or not at all, and a silent population: the reason is there. */
static void test_reasons(void)
{
  meso_spikes *s = recording(2, 1, 100);
  for (int k = 0; k < 10; k++) add_spike(&s->population[0], 0, 10 * k);
  sort(s);
  meso_result *r = run("distributions", (options) {"windows_ms", "20,60,200", NULL}, s, NULL, 1);
  static const double reason[2][3] = {{0, 2, 1}, {3, 2, 1}};
  for (size_t p = 0; p < 2; p++)
    for (size_t w = 0; w < 3; w++) {
      const char *group = p == 0 ? "A" : "B";
      char path[64];
      (void) snprintf(path, sizeof path, "/distributions/%s/reason", group);
      CU_ASSERT_EQUAL(at(r, path, w), reason[p][w]);
      (void) snprintf(path, sizeof path, "/distributions/%s/fano", group);
      CU_ASSERT_EQUAL(isnan(at(r, path, w)) != 0, reason[p][w] != 0);
      (void) snprintf(path, sizeof path, "/distributions/%s/count_share", group);
      CU_ASSERT_EQUAL(isnan(at(r, path, 31 * w)) != 0, w == 2);
    }
  CU_ASSERT_STRING_EQUAL(why(r, "/distributions/A"), "windows of 60 ms: one window: no Fano factor"
                         "; windows of 200 ms: no whole window in the recording: no counts");
  CU_ASSERT_PTR_NOT_NULL(strstr(why(r, "/distributions/B"), "no intervals; windows of 20 ms: no "
                                "spike"));
  meso_result_destroy(r);
  meso_spikes_destroy(s);
}

/* Classes of counts that no Poisson train reaches cost nothing, and change no other class. */
static void test_many_classes(void)
{
  enum { MANY = 100000 };
  meso_spikes *s = recording(1, 200, 1000);
  for (uint32_t i = 0; i < 200; i++)
    for (uint32_t k = 0; k <= i; k++) add_spike(&s->population[0], i, 999 * draw_uniform(5, i, k));
  sort(s);
  meso_result *few = run("distributions", (options) {"max_count", "30", NULL}, s, NULL, 1);
  meso_result *r = run("distributions", (options) {"max_count", "100000", NULL}, s, NULL, 2);
  for (size_t w = 0; w < 3; w++) {
    const double *p = values(r, "/distributions/A/count_poisson") + w * (MANY + 1);
    double sum = 0;
    for (size_t k = 0; k <= MANY; k++) sum += p[k];
    MESO_CHECK_CLOSE(1, sum, 1e-10, 0);
    MESO_CHECK_WORST(k, 30, fabs(p[k] - at(few, "/distributions/A/count_poisson", 31 * w + k)), 0);
  }
  meso_result_destroy(few);
  meso_result_destroy(r);
  meso_spikes_destroy(s);
}

/* Poisson trains of many rates have the distributions of their reference, and shares add up. */
static void test_poisson(void)
{
  enum { NEURONS = 40, T_MS = 100000, BINS = 30 };
  meso_spikes *s = recording(1, NEURONS, T_MS);
  for (uint32_t i = 0; i < NEURONS; i++) {
    double t = 0;
    for (uint32_t k = 0; t < T_MS; k++) {
      t -= 1000 / (1 + (double) i / 2) * log(draw_uniform(3, i, k));
      if (t < T_MS) add_spike(&s->population[0], i, t);
    }
  }
  sort(s);
  meso_result *r = run("distributions", (options) {"isi_bins", "30", "max_count", "40", NULL}, s,
                       NULL, 1);
  const double *edge = values(r, "/distributions/isi_edges_ms");
  const double *isi = values(r, "/distributions/A/isi_pooled");
  const double *model = values(r, "/distributions/A/isi_poisson");
  const double n = attribute(r, "/distributions/A", "n_intervals");
  double sum = 0, chi2 = 0, n_classes = 0;
  for (size_t k = 0; k < BINS; k++) {
    const double width = edge[k + 1] - edge[k], expected = n * model[k] * width;
    MESO_CHECK_CLOSE(pow(10, 4.0 * (double) k / BINS), edge[k], 1e-12, 0);
    sum += isi[k] * width;
    if (expected < 20) continue;
    chi2 += pow(n * isi[k] * width - expected, 2) / expected;
    n_classes++;
  }
  const double outside = attribute(r, "/distributions/A", "n_below") +
                         attribute(r, "/distributions/A", "n_above");
  MESO_CHECK_CLOSE(1, sum + outside / n, 1e-12, 0);
  CU_ASSERT(n_classes > 15 && chi2 < n_classes + 4 * sqrt(2 * n_classes));
  for (size_t w = 0; w < 3; w++) {
    const double *share = values(r, "/distributions/A/count_share") + 41 * w;
    const double *p = values(r, "/distributions/A/count_poisson") + 41 * w;
    double total = 0, worst = 0;
    for (size_t k = 0; k < 41; k++) {
      total += share[k];
      worst = fmax(worst, fabs(share[k] - p[k]));
    }
    MESO_CHECK_CLOSE(1, total, 1e-12, 0);
    CU_ASSERT(worst < 0.01);
    MESO_CHECK_CLOSE(at(r, "/distributions/fano_poisson", w), at(r, "/distributions/A/fano", w),
                     0.06, 0);
  }
  /* the mean of the Fano factors that `statistics` finds neuron by neuron */
  meso_result *each = run("statistics", (options) {"fano_window_ms", "100", NULL}, s, NULL, 1);
  double fano = 0;
  for (size_t i = 0; i < NEURONS; i++) fano += values(each, "/statistics/A/fano")[i] / NEURONS;
  MESO_CHECK_CLOSE(fano, at(r, "/distributions/A/fano", 1), 1e-12, 0);
  meso_result_destroy(each);
  meso_result_destroy(r);
  meso_spikes_destroy(s);
}

static void test_refusals(void)
{
  static const char *const bad[2][5] = {{"isi_min_ms", "0", NULL},
                                        {"isi_min_ms", "30", "isi_max_ms", "20", NULL}};
  meso_spikes *s = recording(1, 2, 100);
  for (int i = 0; i < 2; i++) {
    meso_result *r = NULL;
    meso_err err = {0};
    CU_ASSERT_EQUAL(run_raw(meso_analysis_by_name("distributions"), bad[i], s, NULL, 1, &r, &err),
                    MESO_ERANGE);
    CU_ASSERT_PTR_NOT_NULL(strstr(err.msg, "isi_min_ms"));
    meso_result_destroy(r);
  }
  meso_spikes_destroy(s);
}

int main(void)
{
  static const meso_test tests[] = {
    {"hand-made trains", test_by_hand},
    {"what has no value says why", test_reasons},
    {"as many classes of counts as one likes", test_many_classes},
    {"Poisson trains have the distributions of the reference", test_poisson},
    {"classes that cannot be are refused", test_refusals},
    {NULL, NULL}};
  return meso_test_main("distributions", tests);
}
