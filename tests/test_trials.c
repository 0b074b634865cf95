/* test_trials.c: signal and noise correlations of counts that are made here: known shares of common
 * noise, an independent plain computation, coverage of intervals, order of trials, shuffling. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "analysis_run.h"
#include "meso_io.h"

enum { PERIOD_MS = 1000, AT_MS = 200 };

/* Trials at 500, 1500, ... ms; spikes of a count from AT_MS after the onset on. */
static double onset_of(size_t trial) { return 500 + (double) (PERIOD_MS * trial); }

static meso_spikes *spikes_of(size_t n_neurons, size_t n_trials, const double *count)
{
  meso_spikes *s = recording(1, n_neurons, PERIOD_MS * (double) n_trials + 900);
  for (uint32_t i = 0; i < n_neurons; i++)
    for (size_t t = 0; t < n_trials; t++)
      for (int k = 0; k < (int) count[i * n_trials + t]; k++)
        add_spike(&s->population[0], i, onset_of(t) + AT_MS + 0.5 * k);
  sort(s);
  return s;
}

static void write_trials(const char *path, size_t n, const size_t *order, size_t n_conditions)
{
  FILE *f = fopen(path, "w");
  CU_ASSERT_PTR_NOT_NULL_FATAL(f);
  fprintf(f, "onset_ms,condition\n# a comment\n\n");
  for (size_t k = 0; k < n; k++)
    fprintf(f, "%.17g,\"c %zu\"\n", onset_of(order[k]), order[k] % n_conditions);
  fclose(f);
}

/* Binomial, 0 to n. */
static double draw(uint32_t stream, uint32_t i, uint32_t n)
{
  double sum = 0;
  for (uint32_t k = 0; k < n; k++) sum += draw_uniform(17, stream, n * i + k) < 0.5;
  return sum;
}

/* ---- an independent computation ------------------------------------------------------------- */

static double pearson(size_t n, const double *x, const double *y)
{
  double mx = 0, my = 0, xx = 0, yy = 0, xy = 0;
  for (size_t k = 0; k < n; k++) mx += x[k] / (double) n, my += y[k] / (double) n;
  for (size_t k = 0; k < n; k++) {
    xx += (x[k] - mx) * (x[k] - mx);
    yy += (y[k] - my) * (y[k] - my);
    xy += (x[k] - mx) * (y[k] - my);
  }
  return xy / sqrt(xx * yy);
}

enum { N = 7, T = 60, C = 5 };

/* Trial t is of condition t % C: means of conditions, and counts standardised within them. */
static void plain(const double *count, double *mean, double *z)
{
  for (size_t c = 0; c < C; c++) {
    double sum = 0, squares = 0;
    for (size_t t = c; t < T; t += C) sum += count[t], squares += count[t] * count[t];
    const double n = T / C, sd = sqrt(squares / n - sum * sum / (n * n));
    mean[c] = sum / n;
    for (size_t t = c; t < T; t += C) z[t] = sd > 1e-9 ? (count[t] - mean[c]) / sd : 0;
  }
}

static void test_plain(void)
{
  double count[N * T], mean[N * C], z[N * T];
  for (uint32_t i = 0; i < N; i++)
    for (uint32_t t = 0; t < T; t++)
      count[i * T + t] = draw(i, t, 6) + draw(99, t, 4) + (t % C * (i + 1)) % 4;
  for (size_t t = 0; t < T; t += C) count[t] = 2; /* does not vary in condition 0 */
  for (size_t t = 0; t < T; t++) count[(N - 1) * T + t] = 3; /* never varies */
  for (size_t i = 0; i < N; i++) plain(count + i * T, mean + i * C, z + i * T);
  meso_spikes *s = spikes_of(N, T, count);
  meso_result *r = run("trials", (options) {
    "trial_offset_ms", "500", "trial_conditions", "5", "full", "true", NULL}, s, NULL, 2);
  CU_ASSERT_EQUAL(attribute(r, "/trials", "n_trials"), T);
  const double *noise = values(r, "/trials/noise_correlation");
  const double *signal = values(r, "/trials/signal_correlation");
  const double *low = values(r, "/trials/noise_low"), *high = values(r, "/trials/signal_high");
  double sum = 0;
  for (size_t i = 0; i < N - 1; i++)
    for (size_t j = 0; j < i; j++) {
      const double a = pearson(T, z + i * T, z + j * T), b = pearson(C, mean + i * C, mean + j * C);
      sum += a / 15;
      MESO_CHECK_CLOSE(a, noise[i * N + j], 1e-11, 1e-13);
      MESO_CHECK_CLOSE(b, signal[j * N + i], 1e-11, 1e-13);
      MESO_CHECK_CLOSE(tanh(atanh(a) - 1.959963984540054 / sqrt(T - C - 2)), low[i * N + j], 1e-10,
                       1e-12);
      MESO_CHECK_CLOSE(tanh(atanh(b) + 1.959963984540054 / sqrt(C - 3)), high[i * N + j], 1e-10,
                       1e-12);
    }
  MESO_CHECK_CLOSE(sum, attribute(r, "/trials/noise/A", "mean"), 1e-11, 0);
  CU_ASSERT_EQUAL(attribute(r, "/trials/noise/A", "n_pairs"), 15);
  for (size_t j = 0; j < N; j++) CU_ASSERT(isnan(noise[(N - 1) * N + j]));
  MESO_CHECK_CLOSE(mean[3 * C + 2], values(r, "/trials/response/A/mean_count")[3 * C + 2], 1e-13,
                   0);
  meso_result_destroy(r);
  meso_spikes_destroy(s);
}

/* ---- known shares of common noise ------------------------------------------------------------ */

/* Pairs share half of their variance, pairs among themselves nothing: the mean over repetitions is
 * that, and the intervals hold it as often as they say. */
static void test_coverage(void)
{
  enum { PAIRS = 200, TRIALS = 48, CONDITIONS = 3, NEURONS = 2 * PAIRS };
  double *count = meso_calloc(NEURONS * TRIALS, sizeof *count), covered = 0, mean = 0;
  for (uint32_t i = 0; i < NEURONS; i++)
    for (uint32_t t = 0; t < TRIALS; t++)
      count[i * TRIALS + t] = draw(1000 + i / 2, t, 6) + draw(i, t, 6) + t % CONDITIONS;
  meso_spikes *s = spikes_of(NEURONS, TRIALS, count);
  meso_result *r = run("trials", (options) {"trial_offset_ms", "500", "trial_conditions", "3",
                                            "full", "true", "surrogates", "0", NULL}, s, NULL, 2);
  const double *noise = values(r, "/trials/noise_correlation");
  const double *low = values(r, "/trials/noise_low"), *high = values(r, "/trials/noise_high");
  for (size_t p = 0; p < PAIRS; p++) {
    const size_t at = 2 * p * NEURONS + 2 * p + 1;
    mean += noise[at] / PAIRS;
    covered += (low[at] < 0.5 && high[at] > 0.5) / (double) PAIRS;
  }
  printf("# mean noise correlation %.4f of 0.5, coverage %.3f of 0.95\n", mean, covered);
  CU_ASSERT(fabs(mean - 0.5) < 4 * 0.75 / sqrt(PAIRS * (TRIALS - CONDITIONS)) + 0.01);
  CU_ASSERT(covered > 0.90 && covered < 0.99);
  meso_result_destroy(r);
  meso_spikes_destroy(s);
  free(count);
}

/* Unrelated neurons that fire in one of eight conditions, as tuned cells do: 20 trials, not 160. */
static void test_tuned_coverage(void)
{
  enum { PAIRS = 100, TRIALS = 160, CONDITIONS = 8, NEURONS = 2 * PAIRS };
  double *count = meso_calloc(NEURONS * TRIALS, sizeof *count), covered = 0;
  for (uint32_t i = 0; i < NEURONS; i++)
    for (uint32_t t = 0; t < TRIALS; t += CONDITIONS) count[i * TRIALS + t] = draw(5000 + i, t, 6);
  meso_spikes *s = spikes_of(NEURONS, TRIALS, count);
  meso_result *r = run("trials", (options) {"trial_offset_ms", "500", "trial_conditions", "8",
                                            "full", "true", "surrogates", "0", NULL}, s, NULL, 2);
  const double *low = values(r, "/trials/noise_low"), *high = values(r, "/trials/noise_high");
  for (size_t p = 0; p < PAIRS; p++) {
    const size_t at = 2 * p * NEURONS + 2 * p + 1;
    covered += (low[at] < 0 && high[at] > 0) / (double) PAIRS;
  }
  printf("# coverage %.3f of 0.95\n", covered);
  CU_ASSERT(covered > 0.89);
  meso_result_destroy(r);
  meso_spikes_destroy(s);
  free(count);
}

/* A population with common noise has what shuffling takes away; one without has nothing to lose. */
static void test_shuffle(void)
{
  enum { NEURONS = 20, TRIALS = 80 };
  double count[2][NEURONS * TRIALS], p[2];
  for (uint32_t i = 0; i < NEURONS; i++)
    for (uint32_t t = 0; t < TRIALS; t++) {
      count[0][i * TRIALS + t] = draw(7, t, 4) + draw(20 + i, t, 12) + 3 * (t % 2);
      count[1][i * TRIALS + t] = draw(50 + i, t, 12) + 3 * (t % 2);
    }
  for (int k = 0; k < 2; k++) {
    meso_spikes *s = spikes_of(NEURONS, TRIALS, count[k]);
    meso_result *r = run("trials", (options) {"trial_offset_ms", "500", "trial_conditions", "2",
                                              "surrogates", "199", NULL}, s, NULL, 2);
    const double mean = attribute(r, "/trials/noise/A", "mean");
    const double shuffled = attribute(r, "/trials/noise/A", "shuffled_mean");
    const double sd = attribute(r, "/trials/noise/A", "shuffled_standard_deviation");
    p[k] = attribute(r, "/trials/noise/A", "p");
    /* of 190 pairs, each of variance 1 / (80 - 2) */
    MESO_CHECK_CLOSE(1 / sqrt(190.0 * 78), sd, 0.2, 0);
    CU_ASSERT(fabs(shuffled) < 4 * sd / sqrt(199));
    CU_ASSERT(k == 0 ? fabs(mean - 0.25) < 0.08 : fabs(mean) < 4 * sd);
    CU_ASSERT_PTR_NOT_NULL(meso_attrs_text(meso_result_find_group(r, "/trials/signal"),
                                           "undefined"));
    CU_ASSERT_PTR_NULL(meso_attrs_text(meso_result_find_group(r, "/trials/noise"), "undefined"));
    meso_result_destroy(r);
    meso_spikes_destroy(s);
  }
  MESO_CHECK_CLOSE(2.0 / 200, p[0], 1e-12, 0);
  CU_ASSERT(p[1] > 0.02);
}

/* ---- trials ---------------------------------------------------------------------------------- */

/* The order of the lines of a file changes nothing but the order of trials and conditions. */
static void test_order(void)
{
  static const char path[] = "test_trials.csv";
  double count[N * T];
  size_t order[T];
  for (uint32_t k = 0; k < N * T; k++) count[k] = draw(3, k, 8);
  meso_spikes *s = spikes_of(N, T, count);
  meso_result *r[2];
  for (int pass = 0; pass < 2; pass++) {
    for (size_t t = 0; t < T; t++) order[t] = pass == 0 ? t : (t * 37 + 11) % T;
    write_trials(path, T, order, C);
    r[pass] = run("trials", (options) {"trials", path, "full", "true", NULL}, s, NULL, 1);
  }
  CU_ASSERT_STRING_EQUAL(meso_result_find(r[0], "/trials/conditions")->text[1], "c 1");
  CU_ASSERT_STRING_EQUAL(meso_result_find(r[1], "/trials/conditions")->text[0], "c 1");
  static const char *const same[] = {"/trials/noise_correlation", "/trials/signal_correlation"};
  for (int k = 0; k < 2; k++) {
    const double *a = values(r[0], same[k]), *b = values(r[1], same[k]);
    MESO_CHECK_WORST(i, N * N, fabs(a[i] - b[i]), 1e-13);
  }
  meso_result_destroy(r[0]);
  meso_result_destroy(r[1]);
  meso_spikes_destroy(s);
  CU_ASSERT_EQUAL(unlink(path), 0);
}

/* Two neurons, two trials: the histogram by hand; a third trial has no room. */
static void test_histogram(void)
{
  meso_spikes *s = recording(1, 2, 2100);
  for (int k = 0; k < 3; k++) add_spike(&s->population[0], 0, (double[]) {95, 110, 1119}[k]);
  add_spike(&s->population[0], 1, 1110);
  sort(s);
  meso_result *r = run("trials", (options) {
    "trial_offset_ms", "100", "psth_start_ms", "-10", "psth_stop_ms", "20", "window_stop_ms", "20",
    NULL}, s, NULL, 1);
  const double *rate = values(r, "/trials/response/A/rate_Hz");
  static const double expected[3] = {1, 0, 3}; /* spikes of 2 neurons x 2 trials x 10 ms */
  for (int k = 0; k < 3; k++) MESO_CHECK_CLOSE(expected[k] / 0.04, rate[k], 1e-12, 1e-12);
  CU_ASSERT_EQUAL(values(r, "/trials/response/A/mean_count")[0], 1);
  CU_ASSERT_EQUAL(attribute(r, "/trials", "n_trials"), 2);
  CU_ASSERT_EQUAL(attribute(r, "/trials", "n_trials_left_out"), 0);
  meso_result_destroy(r);
  r = run("trials", (options) {"trial_offset_ms", "100", "trial_period_ms", "950",
                               "window_stop_ms", "100", "psth_stop_ms", "120", NULL}, s, NULL, 1);
  CU_ASSERT_EQUAL(attribute(r, "/trials", "n_trials_left_out"), 1);
  meso_result_destroy(r);
  meso_spikes_destroy(s);
}

static const char *why(const meso_result *r, const char *array)
{
  const char *text = meso_attrs_text(&meso_result_find(r, array)->attrs, "undefined");
  return text != NULL ? text : "";
}

/* Each matrix gives the reason of its own, and a matrix without gaps none. */
static void test_reasons(void)
{
  static const char *const array[] = {"/trials/noise_correlation", "/trials/noise_low",
                                      "/trials/signal_correlation", "/trials/signal_high"};
  static const struct { const char *conditions, *words[4]; } row[] = {
    {"12", {"one trial", "one trial", "", ""}}, /* 12 trials */
    {"3", {"", "", "", "three conditions"}},
    {"2", {"", "", "fewer than three", "fewer than three"}}};
  double count[2 * 12];
  for (uint32_t k = 0; k < 2 * 12; k++) count[k] = draw(3, k, 8);
  meso_spikes *s = spikes_of(2, 12, count);
  for (size_t i = 0; i < sizeof row / sizeof row[0]; i++) {
    meso_result *r = run("trials", (options) {"trial_offset_ms", "500", "trial_conditions",
                                              row[i].conditions, "full", "true", NULL}, s, NULL, 1);
    for (size_t k = 0; k < 4; k++) {
      const char *words = row[i].words[k];
      CU_ASSERT_EQUAL(strncmp(why(r, array[k]), words, strlen(words)), 0);
      CU_ASSERT_EQUAL(why(r, array[k])[0] != '\0', words[0] != '\0');
      CU_ASSERT_EQUAL(isnan(values(r, array[k])[1]) != 0, words[0] != '\0');
    }
    CU_ASSERT_EQUAL(meso_attrs_text(meso_result_find_group(r, "/trials/noise/A"), "undefined")
                    != NULL, i == 0);
    meso_result_destroy(r);
  }
  meso_spikes_destroy(s);
}

static void refuse(const meso_spikes *s, const char *const *set, const char *text)
{
  meso_result *r = NULL;
  meso_err err = {0};
  CU_ASSERT_NOT_EQUAL(run_raw(meso_analysis_by_name("trials"), set, s, NULL, 1, &r, &err), MESO_OK);
  if (strstr(err.msg, text) == NULL) printf("# %s\n", err.msg);
  CU_ASSERT_PTR_NOT_NULL(strstr(err.msg, text));
  meso_result_destroy(r);
}

static void test_refusals(void)
{
  static const char path[] = "test_trials_bad.csv";
  static const char *const bad[][2] = {
    {"onset_ms\n500\nsoon,a\n", ":3: onset_ms = soon"}, {"500x,a\n", ":1: onset_ms = 500x"},
    {"nan\n", ":1: onset_ms"}, {"# nothing\n\n", "holds no trial in its 2 lines"},
    {"1e9\n2e9\n", "bad.csv: trials: 0 of 2"}, {"onset\nlabel\n5\n", ":2: onset_ms = label"},
    {"500,a\n1500,a,7\n", ":2: ',' in the label a,7"}, {"500,5;a\n", ":1: ';' in the label"},
    {"500;a\n", ":1: onset_ms = 500;a"}, {"500,a\n1500,\n", ":2: no label, unlike line 1"},
    {"\n500\n1500,a\n", ":3: a label, unlike line 2"},
    {"500,a\n1500,a\n500.0,b\n", ":3: onset_ms = 500: a trial begins then in line 1"}};
  double count[2] = {1, 2};
  meso_spikes *s = spikes_of(1, 2, count);
  for (size_t k = 0; k < sizeof bad / sizeof bad[0]; k++) {
    FILE *f = fopen(path, "w");
    CU_ASSERT_PTR_NOT_NULL_FATAL(f);
    fputs(bad[k][0], f);
    fclose(f);
    refuse(s, (options) {"trials", path, NULL}, bad[k][1]);
  }
  CU_ASSERT_EQUAL(unlink(path), 0);
  refuse(s, (options) {"trials", "no such file", NULL}, "cannot open");
  refuse(s, (options) {"window_start_ms", "600", NULL}, "window_stop_ms 500 ms");
  refuse(s, (options) {"trial_period_ms", "1e-5", NULL}, "more than 1000000 trials");
  refuse(s, (options) {"memory_limit_GB", "1e-12", NULL}, "memory_limit_GB");
  meso_spikes_destroy(s);
}

/* A trial beside the record, onsets that look like numbers with a decimal comma: warnings. The mark
 * of UTF-8 and a line of names are no trials. */
static void test_warnings(void)
{
  static const char path[] = "test_trials_warned.csv";
  static const struct { const char *text; double n; const char *words; } row[] = {
    {"\xEF\xBB\xBFonset_ms,label\n500,\"a, b\"\n1500,a b\n", 2, NULL},
    {"500,a\n1500,a\n99000,a\n", 2, "1 of 3 trials of test_trials_warned.csv are left out"},
    {"500,5\n1000,25\n1500,75\n2000,1\n", 4, "4 trials have 4 conditions, all numbers"}};
  double count[4] = {1, 2, 3, 4};
  meso_spikes *s = spikes_of(1, 4, count);
  for (size_t k = 0; k < sizeof row / sizeof *row; k++) {
    CU_ASSERT_EQUAL_FATAL(meso_file_write(path, row[k].text, strlen(row[k].text), NULL), MESO_OK);
    meso_result *r = run("trials", (options) {"trials", path, NULL}, s, NULL, 1);
    const char *text = meso_attrs_text(meso_result_find_group(r, "/trials"), "warning");
    CU_ASSERT_EQUAL(attribute(r, "/trials", "n_trials"), row[k].n);
    CU_ASSERT(row[k].words == NULL ? text == NULL
                                   : text != NULL && strstr(text, row[k].words) != NULL);
    meso_result_destroy(r);
  }
  CU_ASSERT_EQUAL(unlink(path), 0);
  meso_spikes_destroy(s);
}

int main(void)
{
  static const meso_test tests[] = {
    {"an independent computation", test_plain},
    {"known common noise; coverage of the intervals", test_coverage},
    {"coverage where counts vary in one condition only", test_tuned_coverage},
    {"shuffled trials", test_shuffle},
    {"the order of trials does not matter", test_order},
    {"histogram by hand; trials without room", test_histogram},
    {"what has no value says why", test_reasons},
    {"lists of trials that are warned of", test_warnings},
    {"files and options that are refused", test_refusals},
    {NULL, NULL}};
  return meso_test_main("trials", tests);
}
