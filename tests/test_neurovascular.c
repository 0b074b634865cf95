/* test_neurovascular.c: LFP whose power in one band is known, and BOLD that follows it. */
#include <string.h>

#include "analysis_run.h"
#include "meso_rng.h"

enum { RATE = 250, SECONDS = 400, TR = 2, N_VOLUMES = SECONDS / TR + 1 };
static const double delay_s = 6;

static double uniform(uint32_t i, uint32_t stream)
{
  uint32_t word[4];
  meso_rng_block(meso_rng_key_make(9, MESO_RNG_TEST), (uint32_t[4]) {i, stream, 0, 0}, word);
  return meso_rng_uniform(word[0], word[1]);
}

/* Slow course of the power, smooth over a few seconds. */
static double course(double t_s)
{
  double sum = 1;
  for (uint32_t k = 1; k <= 12; k++)
    sum += 0.08 * sin(2 * M_PI * (0.004 * k * t_s + uniform(k, 7)));
  return sum;
}

/* Two contacts at 60 Hz with amplitudes 1 and 2 times the root of the course, and a steady 20 Hz;
 * BOLD follows the course; `start_ms` and the field's own beginning may differ. */
static meso_signals *make_signals(double bold_start_ms)
{
  meso_signals *s = NULL;
  meso_signal *x = NULL;
  CU_ASSERT_EQUAL_FATAL(meso_signals_create(&s, NULL), MESO_OK);
  CU_ASSERT_EQUAL_FATAL(meso_signals_add(s, "lfp", "mV", RATE * SECONDS, 2, RATE, 0, &x, NULL), 0);
  for (size_t t = 0; t < RATE * SECONDS; t++) {
    const double at = (double) t / RATE, root = sqrt(course(at));
    x->data[2 * t] = root * sin(2 * M_PI * 60 * at) + 3 * sin(2 * M_PI * 20 * at) + 5;
    x->data[2 * t + 1] = 2 * root * sin(2 * M_PI * 60 * at);
  }
  CU_ASSERT_EQUAL_FATAL(meso_signals_add(s, "bold", "1", N_VOLUMES, 2, 1.0 / TR, bold_start_ms, &x,
                                         NULL), 0);
  for (size_t k = 0; k < N_VOLUMES; k++) {
    x->data[2 * k] = 0.01 * course(1e-3 * bold_start_ms + (double) (TR * k) - delay_s);
    x->data[2 * k + 1] = uniform((uint32_t) k, 1);
  }
  CU_ASSERT_EQUAL(meso_signal_set_label(x, 0, "column", NULL), MESO_OK);
  CU_ASSERT_EQUAL(meso_signal_set_label(x, 1, "noise", NULL), MESO_OK);
  return s;
}

static const double *find(const meso_result *r, const char *name)
{
  char path[96];
  (void) snprintf(path, sizeof path, "/neurovascular/%s", name);
  const meso_array *a = meso_result_find(r, path);
  CU_ASSERT_PTR_NOT_NULL_FATAL(a);
  return a->data;
}

static const char *const bands[] = {"bands_Hz", "10,30,80", "max_lag_s", "12", NULL};

static void test_lag_and_power(void)
{
  for (int shifted = 0; shifted < 2; shifted++) {
    meso_signals *s = make_signals(shifted ? 700 : 0);
    meso_result *r = run("neurovascular", bands, NULL, s, 1);
    const double *lag = find(r, "lag_s"), *c = find(r, "correlation");
    CU_ASSERT_EQUAL_FATAL(meso_result_find(r, "/neurovascular/correlation")->dims[1], 49);
    MESO_CHECK_CLOSE(-12, lag[0], 0, 0);
    MESO_CHECK_CLOSE(delay_s, find(r, "best_lag")[1], 0, 0);
    CU_ASSERT(find(r, "best_correlation")[1] > 0.999);
    CU_ASSERT(c[49 + 24] < 0.95); /* without lag */
    CU_ASSERT(fabs(find(r, "best_correlation")[0]) < 0.4); /* the steady band says nothing */
    /* mean over the contacts of the mean square in the band, in a window of a TR about a volume */
    const double *power = find(r, "power") + N_VOLUMES;
    for (size_t k = 5; k + 5 < N_VOLUMES; k++) {
      double mean = 0, from = (double) (TR * k) + (shifted ? 0.7 : 0) - 1;
      for (int i = 0; i < 200; i++) mean += course(from + 0.01 * (i + 0.5)) / 200;
      MESO_CHECK_CLOSE(0.5 * 0.5 * (1 + 4) * mean, power[k], 0.01, 0);
    }
    CU_ASSERT(isnan(power[0]) && isfinite(power[1])); /* its window begins before the field does */
    CU_ASSERT_STRING_EQUAL(meso_result_find(r, "/neurovascular/power")->units, "(mV)^2");
    MESO_CHECK_CLOSE(shifted ? 2.7 : 2, find(r, "time_s")[1], 1e-12, 0);
    meso_result_destroy(r);
    meso_signals_destroy(s);
  }
}

/* Slow signals have few independent values; noise has as many as volumes. */
static void test_threshold(void)
{
  meso_signals *s = make_signals(0);
  const char *const noise[] = {"bands_Hz", "10,30,80", "max_lag_s", "12", "region", "noise", NULL};
  meso_result *r = run("neurovascular", bands, NULL, s, 1);
  meso_result *q = run("neurovascular", noise, NULL, s, 1);
  CU_ASSERT(find(r, "n_independent")[1] < 0.3 * N_VOLUMES);
  CU_ASSERT(find(q, "n_independent")[1] > 0.7 * N_VOLUMES);
  const double n = find(q, "n_independent")[1];
  MESO_CHECK_CLOSE(tanh(1.959963985 / sqrt(n - 3)), find(q, "threshold")[1], 1e-8, 0);
  /* one of 49 lags: the quantile of 1 - 0.05 / 98 */
  MESO_CHECK_CLOSE(tanh(3.2848385736 / sqrt(n - 3)), find(q, "threshold_best")[1], 1e-8, 0);
  CU_ASSERT(find(r, "threshold")[1] > find(q, "threshold")[1]);
  CU_ASSERT(fabs(find(q, "best_correlation")[1]) < 0.35);
  CU_ASSERT(find(r, "n_volumes")[1] <= N_VOLUMES - 1);
  meso_result_destroy(r);
  meso_result_destroy(q);
  meso_signals_destroy(s);
}

/* Unrelated noise: the best of 41 lags exceeds its threshold no more often than alpha, and that of
 * a single lag far more often. */
static void test_level(void)
{
  enum { RUNS = MESO_TEST_SCALED(80, 20), VOLUMES = 120, HZ = 16 };
  const char *const set[] = {"bands_Hz", "1,3,5,7", "max_lag_s", "20", "lag_step_s", "1", NULL};
  double n = 0, n_best = 0, n_single = 0;
  for (uint32_t k = 0; k < RUNS; k++) {
    double *lfp;
    meso_signal *bold = NULL;
    meso_signals *s = signal_of(HZ * VOLUMES, 1, HZ, &lfp);
    CU_ASSERT_EQUAL_FATAL(meso_signals_add(s, "bold", "1", VOLUMES, 1, 1, 0, &bold, NULL), 0);
    for (uint32_t t = 0; t < HZ * VOLUMES; t++) lfp[t] = draw_normal(77, k, t);
    for (uint32_t t = 0; t < VOLUMES; t++) bold->data[t] = draw_normal(78, k, t);
    meso_result *r = run("neurovascular", set, NULL, s, 1);
    for (size_t b = 0; b < 3; b++, n++) {
      const double best = fabs(find(r, "best_correlation")[b]);
      n_best += best > find(r, "threshold_best")[b];
      n_single += best > find(r, "threshold")[b];
    }
    meso_result_destroy(r);
    meso_signals_destroy(s);
  }
  printf("# of %g bests of 41 lags %g exceed their threshold, %g that of one lag\n", n, n_best,
         n_single);
  CU_ASSERT(n_best / n < 0.05 + 2 * sqrt(0.05 * 0.95 / n));
  CU_ASSERT(MESO_TEST_SCALED(n_best / n > 0.005, true));
  CU_ASSERT(n_single / n > 0.5);
}

static void refuse(const char *const *set, const char *text)
{
  meso_signals *s = make_signals(0);
  meso_result *r = NULL;
  meso_err err = {0};
  const meso_status st = run_raw(meso_analysis_by_name("neurovascular"), set, NULL, s, 1, &r, &err);
  CU_ASSERT_EQUAL(meso_status_exit_code(st), 3);
  if (strstr(err.msg, text) == NULL) printf("# %s\n", err.msg);
  CU_ASSERT_PTR_NOT_NULL(strstr(err.msg, text));
  meso_result_destroy(r);
  meso_signals_destroy(s);
}

static void test_refusals(void)
{
  refuse((const char *[]) {"bold", "drive", NULL}, "drive");
  refuse((const char *[]) {"region", "L4", NULL}, "no channel of that name");
  refuse((const char *[]) {"bands_Hz", "10,200", NULL}, "half the sampling rate");
  refuse((const char *[]) {"bands_Hz", "30,10", NULL}, "must ascend");
  refuse((const char *[]) {"bands_Hz", "30", NULL}, "at least 2 edges");
  refuse((const char *[]) {"bold", "lfp", "bands_Hz", "10,30", NULL}, "not slower");
}

int main(void)
{
  static const meso_test tests[] = {
    {"the lag and the power that went in", test_lag_and_power},
    {"independent volumes and the threshold", test_threshold},
    {"the threshold of the best lag has its level", test_level},
    {"refusals", test_refusals},
    {NULL, NULL}};
  return meso_test_main("neurovascular", tests);
}
