/* test_estimators.c: analyses of signals and spike trains whose answers are known exactly or in
 * distribution, and what every registered analysis must do. */
#include <stdlib.h>
#include <string.h>

#include "analysis_run.h"

static double uniform(uint32_t stream, uint32_t i) { return draw_uniform(5, stream, i); }

static double normal(uint32_t stream, uint32_t i)
{
  return sqrt(-2 * log(uniform(stream, i))) * cos(2 * M_PI * uniform(stream + 1000, i));
}

/* ---- signals ------------------------------------------------------------------------------ */

static void test_white_noise(void)
{
  static const char *const set[2][5] = {{NULL}, {"method", "multitaper", "detrend", "linear",
                                                 NULL}};
  const size_t n = 1 << 17;
  const double sigma = 2, rate_Hz = 500, level = 2 * sigma * sigma / rate_Hz;
  double *x;
  meso_signals *s = signal_of(n, 1, rate_Hz, &x);
  for (size_t i = 0; i < n; i++) x[i] = sigma * normal(0, (uint32_t) i);
  for (int method = 0; method < 2; method++) {
    meso_result *r = run("spectrum", set[method], NULL, s, 2);
    const double *psd = values(r, "/spectrum/psd"), *f = values(r, "/spectrum/frequency_Hz");
    double mean = 0, worst = 0;
    for (size_t k = 8; k < 512; k++) {
      mean += psd[k] / 504;
      worst = fmax(worst, fabs(psd[k] / level - 1));
    }
    MESO_CHECK_CLOSE(level, mean, 0.02, 0);
    CU_ASSERT(worst < 0.4);
    MESO_CHECK_CLOSE(level / 2, psd[512], 0.3, 0); /* rate / 2 has no mirror image */
    MESO_CHECK_WORST(k, 513, fabs(f[k] - (double) k * rate_Hz / 1024), 1e-15 * rate_Hz);
    CU_ASSERT_STRING_EQUAL(meso_result_find(r, "/spectrum/psd")->units, "mV^2/Hz");
    meso_result_destroy(r);
  }
  meso_signals_destroy(s);
}

/* Integral of the density: the mean square of the windowed signal. */
static void test_parseval(void)
{
  static const struct { const char *set[11]; double tol; } c[] = {
    {{NULL}, 1e-12}, {{"window", "hamming", NULL}, 1e-12}, {{"window", "boxcar", NULL}, 1e-12},
    {{"nperseg", "512", "overlap", "0.75", NULL}, 1e-12}, {{"method", "multitaper", NULL}, 1e-3}};
  const double amplitude = 3, rate_Hz = 1000, f_Hz = 125; /* on the grid of every segment length */
  double *x, total;
  meso_signals *s = signal_of(1 << 13, 1, rate_Hz, &x);
  for (size_t i = 0; i < 1 << 13; i++)
    x[i] = amplitude * sin(2 * M_PI * f_Hz * (double) i / rate_Hz + 0.3);
  for (size_t k = 0; k < sizeof c / sizeof c[0]; k++) {
    meso_result *r = run("spectrum", c[k].set, NULL, s, 1);
    const double *psd = values(r, "/spectrum/psd"), *f = values(r, "/spectrum/frequency_Hz");
    const size_t n = meso_result_find(r, "/spectrum/frequency_Hz")->dims[0];
    size_t peak = 0;
    total = 0;
    for (size_t i = 0; i < n; i++) {
      total += psd[i] * f[1];
      if (psd[i] > psd[peak]) peak = i;
    }
    MESO_CHECK_CLOSE(amplitude * amplitude / 2, total, c[k].tol, 0);
    if (k < 4) MESO_CHECK_CLOSE(f_Hz, f[peak], 1e-14, 0);
    meso_result_destroy(r);
  }
  double square = 0;
  for (size_t i = 0; i < 1 << 13; i++) {
    x[i] = 1 + normal(3, (uint32_t) i);
    square += x[i] * x[i] / (1 << 13);
  }
  meso_result *r = run("spectrum", (options) {"window", "boxcar", "overlap", "0", "detrend", "none",
                       NULL}, NULL, s, 1);
  total = 0;
  for (size_t i = 0; i <= 512; i++)
    total += values(r, "/spectrum/psd")[i] * values(r, "/spectrum/frequency_Hz")[1];
  MESO_CHECK_CLOSE(square, total, 1e-12, 0);
  meso_result_destroy(r);
  meso_signals_destroy(s);
}

/* Channels: noise, itself, itself times -2, itself 3 samples later, other noise. */
static void test_coherence(void)
{
  enum { LAG = 3, C = 5 };
  const size_t n = 1 << 16;
  double *x;
  meso_signals *s = signal_of(n, C, 1000, &x);
  for (size_t i = 0; i < n; i++) {
    x[C * i] = x[C * i + 1] = normal(1, (uint32_t) i + LAG);
    x[C * i + 2] = -2 * x[C * i];
    x[C * i + 3] = normal(1, (uint32_t) i);
    x[C * i + 4] = normal(2, (uint32_t) i);
  }
  meso_result *r = run("coherence", (options) {NULL}, NULL, s, 2);
  const double *c = values(r, "/coherence/magnitude_squared");
  const double *phase = values(r, "/coherence/phase");
  const double *plv = values(r, "/coherence/plv"), *wpli = values(r, "/coherence/wpli");
  const double *im = values(r, "/coherence/imaginary"), *f = values(r, "/coherence/frequency_Hz");
  const double bias = attribute(r, "/coherence", "bias_level");
  double independent = 0, largest = 0;
  for (size_t k = 2; k < 511; k++) {
    independent += c[3 * 513 + k] / 509;
    largest = fmax(largest, c[3 * 513 + k]);
  }
  const size_t same = 2, flipped = 513 + 2, lagged = 2 * 513 + 2, n_inner = 509;
  MESO_CHECK_WORST(k, n_inner, fabs(c[same + k] - 1), 1e-12);
  MESO_CHECK_EACH(k, n_inner, phase[same + k] == 0 && im[same + k] == 0 && isnan(wpli[same + k]));
  MESO_CHECK_WORST(k, n_inner, fabs(plv[same + k] - 1), 1e-12);
  MESO_CHECK_WORST(k, n_inner, fabs(c[flipped + k] - 1), 1e-12);
  MESO_CHECK_WORST(k, n_inner, fabs(fabs(phase[flipped + k]) - M_PI), 1e-12);
  MESO_CHECK_WORST(k, n_inner, 1 - c[lagged + k], 0.05);
  MESO_CHECK_WORST(k, n_inner, fabs(remainder(phase[lagged + k] + 2 * M_PI * f[k + 2] * LAG * 1e-3,
                                              2 * M_PI)), 0.05);
  printf("# coherence of independent noise: mean %.4g, bias level %.4g\n", independent, bias);
  MESO_CHECK_CLOSE(bias, independent, 0.2, 0);
  CU_ASSERT(largest < 15 * bias);
  const double segments = attribute(r, "/coherence", "n_segments");
  CU_ASSERT(segments == 127 && bias > 1 / segments && bias < 1.2 / segments);
  meso_result_destroy(r);
  meso_signals_destroy(s);
}

/** One segment, one taper: nothing is said; the attributes say why. */
static void test_coherence_of_one_observation(void)
{
  double *x;
  meso_signals *s = signal_of(1100, 2, 1000, &x);
  for (size_t i = 0; i < 2 * 1100; i++) x[i] = normal(1, (uint32_t) i);
  meso_result *r = run("coherence", (options) {NULL}, NULL, s, 1);
  static const char *const measure[] = {"magnitude_squared", "phase", "imaginary", "plv", "pli",
                                        "wpli", "ppc", "dwpli2"};
  for (size_t m = 0; m < sizeof measure / sizeof *measure; m++) {
    char path[64];
    (void) snprintf(path, sizeof path, "/coherence/%s", measure[m]);
    const double *value = values(r, path);
    size_t n_defined = 0;
    for (size_t k = 0; k < 513; k++) n_defined += !isnan(value[k]);
    CU_ASSERT_EQUAL(n_defined, 0);
  }
  CU_ASSERT(meso_attrs_text(meso_result_group_attrs(r, "/coherence"), "undefined") != NULL);
  meso_result_destroy(r);
  meso_signals_destroy(s);
}

/* ---- spikes ------------------------------------------------------------------------------- */

/* Intervals in whole steps of 1/8 ms, so that times shift exactly. */
static void add_poisson(meso_spike_population *p, uint32_t id, uint32_t stream, double rate_Hz,
                        double t_stop_ms)
{
  double t = 0;
  for (uint32_t i = 0;; i++) {
    t += -log(uniform(stream, i)) * 1e3 / rate_Hz;
    if (t > t_stop_ms) break;
    add_spike(p, id, floor(8 * t) / 8);
  }
}

enum { CV, CV2, LV, FANO, RATE };

static double statistic(const meso_result *r, int which, size_t neuron)
{
  static const char *const name[] = {"cv_isi", "cv2", "lv", "fano", "rate_Hz"};
  char path[64];
  snprintf(path, sizeof path, "/statistics/A/%s", name[which]);
  return values(r, path)[neuron];
}

static void test_trains(void)
{
  meso_spikes *s = recording(1, 0, 4000);
  meso_spike_population *a = &s->population[0];
  a->size = 7;
  for (int k = 0; k < 400; k++) add_spike(a, 0, 5 + 10 * k);              /* regular */
  for (int k = 0; k < 5; k++) add_spike(a, 1, 15 * k + (k % 2 ? -5 : 0)); /* 10, 20, 10, 20 ms */
  add_spike(a, 3, 3500);                                                  /* one; 2: silent */
  for (int k = 0; k < 3; k++) add_spike(a, 4, 700);                       /* at the same time */
  add_spike(a, 5, 1200);
  add_spike(a, 5, 1300);                                                  /* one interval */
  for (int k = 0; k < 6; k++) add_spike(a, 6, k < 4 ? 100 * k + 1 : 1000 * k - 2999); /* 4 1 1 0 */
  sort(s);
  meso_result *r = run("statistics", (options) {NULL}, s, NULL, 2);
  static const double rate_Hz[7] = {100, 1.25, 0, 0.25, 0.75, 0.5, 1.5};
  static const double reason[7][4] = {{0, 0, 0, 0}, {0, 0, 0, 0}, {1, 1, 1, 2}, {1, 1, 1, 0},
                                      {3, 3, 3, 0}, {5, 1, 1, 0}, {0, 0, 0, 0}};
  for (size_t i = 0; i < 7; i++) {
    CU_ASSERT_EQUAL(statistic(r, RATE, i), rate_Hz[i]);
    for (int w = CV; w <= FANO; w++) {
      CU_ASSERT_EQUAL(values(r, "/statistics/A/reason")[4 * i + (size_t) w], reason[i][w]);
      CU_ASSERT_EQUAL(isnan(statistic(r, w, i)) != 0, reason[i][w] != 0 && reason[i][w] != 5);
    }
  }
  MESO_CHECK_CLOSE(0, statistic(r, CV, 0), 0, 1e-12);
  CU_ASSERT(statistic(r, CV2, 0) == 0 && statistic(r, LV, 0) == 0 && statistic(r, FANO, 0) == 0);
  MESO_CHECK_CLOSE(1.0 / 3, statistic(r, CV, 1), 1e-14, 0);
  MESO_CHECK_CLOSE(2.0 / 3, statistic(r, CV2, 1), 1e-14, 0);
  MESO_CHECK_CLOSE(1.0 / 3, statistic(r, LV, 1), 1e-14, 0);
  MESO_CHECK_CLOSE(0, statistic(r, CV, 5), 0, 0);
  MESO_CHECK_CLOSE(2.25 / 1.5, statistic(r, FANO, 6), 1e-14, 0); /* counts 4, 1, 1, 0 */
  MESO_CHECK_CLOSE(417 / 4.0 / 7, attribute(r, "/statistics/A", "mean_rate_Hz"), 1e-14, 0);
  const char *const why[2] = {
    meso_attrs_text(&meso_result_find(r, "/statistics/A/cv_isi")->attrs, "undefined"),
    meso_attrs_text(&meso_result_find(r, "/statistics/A/lvr")->attrs, "undefined")};
  CU_ASSERT_STRING_EQUAL(why[0] != NULL ? why[0] : "", "2 of 7 neurons: too few spikes; 1 of 7 "
                         "neurons: spikes at the same time");
  CU_ASSERT_STRING_EQUAL(why[1] != NULL ? why[1] : "", "3 of 7 neurons: too few spikes; 1 of 7 "
                         "neurons: spikes at the same time");
  meso_result_destroy(r);
  r = run("statistics", (options) {"discard_ms", "2500", "min_spikes", "151", NULL}, s, NULL, 1);
  CU_ASSERT_EQUAL(statistic(r, RATE, 0), 100);
  CU_ASSERT_EQUAL(values(r, "/statistics/A/reason")[CV], 1); /* 150 spikes are left */
  CU_ASSERT_EQUAL(values(r, "/statistics/A/reason")[FANO], 4); /* in one window */
  meso_result_destroy(r);
  meso_spikes_destroy(s);
}

static void test_poisson(void)
{
  meso_spikes *s = recording(1, 0, 400000);
  s->population[0].size = 1;
  double t = 0;
  uint32_t n = 0;
  for (; (t -= log(uniform(7, n)) * 20) < 400000; n++) add_spike(&s->population[0], 0, t);
  meso_result *r = run("statistics", (options) {NULL}, s, NULL, 1);
  MESO_CHECK_CLOSE(1, statistic(r, CV, 0), 0.03, 0);
  MESO_CHECK_CLOSE(1, statistic(r, CV2, 0), 0.03, 0);
  MESO_CHECK_CLOSE(1, statistic(r, LV, 0), 0.03, 0);
  MESO_CHECK_CLOSE(1, statistic(r, FANO, 0), 0.25, 0);
  CU_ASSERT_EQUAL(statistic(r, RATE, 0), n / 400.0);
  MESO_CHECK_CLOSE(50, statistic(r, RATE, 0), 0.03, 0);
  meso_result_destroy(r);
  r = run("population_spectrum", (options) {NULL}, s, NULL, 1); /* level 2 r */
  double mean = 0;
  for (size_t k = 8; k < 512; k++) mean += values(r, "/population_spectrum/psd")[k] / 504;
  MESO_CHECK_CLOSE(2 * n / 400.0, mean, 0.02, 0);
  meso_result_destroy(r);
  meso_spikes_destroy(s);
}

/* Neurons: coin tosses per bin of 5 ms, the same, the opposite, independent ones, silent. */
static void test_correlation(void)
{
  enum { N_BINS = 8000, N = 5 };
  meso_spikes *s = recording(1, 0, 5.0 * N_BINS);
  meso_spike_population *a = &s->population[0];
  a->size = N;
  double n0 = 0, n3 = 0, both = 0;
  for (uint32_t k = 0; k < N_BINS; k++) {
    const bool toss = uniform(8, k) < 0.3, other = uniform(9, k) < 0.2;
    if (toss) add_spike(a, 0, 5.0 * k + 1);
    if (toss) add_spike(a, 1, 5.0 * k + 4);
    if (!toss) add_spike(a, 2, 5.0 * k);
    if (other) add_spike(a, 3, 5.0 * k + 4.5);
    n0 += toss;
    n3 += other;
    both += toss && other;
  }
  sort(s);
  meso_result *r = run("correlation", (options) {NULL}, s, NULL, 2);
  const double *c = values(r, "/correlation/coefficient"), L = N_BINS;
  const double *covariance = values(r, "/correlation/covariance");
  MESO_CHECK_EACH(i, N * N, (isnan(c[i]) != 0) == (i / N == 4 || i % N == 4));
  MESO_CHECK_EACH(i, N * N, isnan(c[i]) || c[i] == c[i % N * N + i / N]);
  MESO_CHECK_EACH(i, 4, c[(N + 1) * i] == 1);
  MESO_CHECK_CLOSE(1, c[1], 1e-14, 0);
  MESO_CHECK_CLOSE(-1, c[2], 1e-12, 0);
  CU_ASSERT(c[3] != 0 && fabs(c[3]) < 4 / sqrt(L));
  MESO_CHECK_CLOSE((both - n0 * n3 / L) / (L - 1), covariance[3], 1e-12, 0);
  MESO_CHECK_CLOSE((n0 - n0 * n0 / L) / (L - 1), covariance[0], 1e-12, 0);
  MESO_CHECK_CLOSE(6, attribute(r, "/correlation/A", "n_pairs"), 0, 0);
  CU_ASSERT_STRING_EQUAL(meso_result_find(r, "/correlation/labels")->text[3], "A/3");
  meso_result_destroy(r);
  r = run("correlation", (options) {"drop_silent", "true", "max_neurons", "7", NULL}, s, NULL, 1);
  CU_ASSERT_EQUAL(meso_result_find(r, "/correlation/coefficient")->dims[0], 4);
  MESO_CHECK_CLOSE(4, attribute(r, "/correlation", "n_neurons"), 0, 0);
  meso_result_destroy(r);
  for (size_t k = 0; k < a->n_spikes; k++) a->id[k] += a->id[k] > 0; /* 1 is silent now, 4 fires */
  r = run("correlation", (options) {"drop_silent", "true", "max_neurons", "3", NULL}, s, NULL, 1);
  CU_ASSERT_EQUAL(meso_result_find(r, "/correlation/coefficient")->dims[0], 2);
  CU_ASSERT_STRING_EQUAL(meso_result_find(r, "/correlation/labels")->text[1], "A/2");
  MESO_CHECK_CLOSE(2, attribute(r, "/correlation/A", "n_neurons"), 0, 0);
  meso_result_destroy(r);
  meso_spikes_destroy(s);
}

static bool same(const meso_result *a, const meso_result *b)
{
  bool equal = a->n == b->n && a->n > 0;
  for (size_t i = 0; equal && i < a->n; i++) {
    const meso_array *x = &a->array[i], *y = &b->array[i];
    const size_t n = meso_array_count(x);
    equal = strcmp(x->path, y->path) == 0 && n == meso_array_count(y);
    if (equal && x->data != NULL) equal = memcmp(x->data, y->data, n * sizeof *x->data) == 0;
    for (size_t k = 0; equal && x->text != NULL && k < n; k++)
      equal = strcmp(x->text[k], y->text[k]) == 0;
    if (!equal) printf("# %s differs\n", x->path);
  }
  return equal;
}

/* A window gives what a recording of just that window gives; spikes at its end belong to it only if
 * the recording ends there. */
static void test_interval(void)
{
  static const char *const name[2] = {"statistics", "correlation"};
  meso_spikes *whole = recording(1, 0, 9000), *part = recording(1, 0, 3000);
  meso_spike_population *a = &whole->population[0], *b = &part->population[0];
  a->size = b->size = 6;
  for (uint32_t i = 0; i < 5; i++) add_poisson(a, i, 700 + i, 20, 9000);
  for (uint32_t i = 0; i < 5; i++) add_spike(a, i, 5000);
  sort(whole);
  for (size_t k = 0; k < a->n_spikes; k++)
    if (a->time_ms[k] >= 2000 && a->time_ms[k] < 5000) add_spike(b, a->id[k], a->time_ms[k]);
  part->t_start_ms = 2000;
  part->t_stop_ms = 5000;
  sort(part);
  for (int i = 0; i < 2; i++) {
    char group[40];
    (void) snprintf(group, sizeof group, "/%s", name[i]);
    meso_result *cut = run(name[i], (options) {"t_start_ms", "1000", "discard_ms", "2000",
                                               "t_stop_ms", "5000", NULL}, whole, NULL, 2);
    meso_result *own = run(name[i], (options) {NULL}, part, NULL, 2);
    CU_ASSERT(same(own, cut));
    MESO_CHECK_CLOSE(2000, attribute(cut, group, "t_start_ms"), 0, 0);
    MESO_CHECK_CLOSE(5000, attribute(cut, group, "t_stop_ms"), 0, 0);
    meso_result_destroy(cut);
    meso_result_destroy(own);
    meso_err err = {0};
    CU_ASSERT_EQUAL(run_raw(meso_analysis_by_name(name[i]),
                            (options) {"discard_ms", "5000", "t_stop_ms", "5000", NULL}, whole,
                            NULL, 1, &cut, &err), MESO_ERANGE);
    CU_ASSERT_PTR_NOT_NULL(strstr(err.msg, "nothing is left"));
    meso_result_destroy(cut);
  }
  meso_spikes_destroy(whole);
  meso_spikes_destroy(part);
}

/* Signals without their first 500.5 ms are the signals from sample 501 on. */
static void test_discard(void)
{
  static const char *const name[2] = {"spectrum", "coherence"};
  double *x, *y;
  meso_signals *whole = signal_of(6000, 2, 1000, &x), *part = signal_of(6000 - 501, 2, 1000, &y);
  for (uint32_t i = 0; i < 12000; i++) x[i] = normal(21, i) + (i < 1002 ? 100 : 0);
  memcpy(y, x + 1002, (12000 - 1002) * sizeof *y);
  for (int i = 0; i < 2; i++) {
    char group[40];
    (void) snprintf(group, sizeof group, "/%s", name[i]);
    meso_result *cut = run(name[i], (options) {"discard_ms", "500.5", NULL}, NULL, whole, 2);
    meso_result *own = run(name[i], (options) {NULL}, NULL, part, 2);
    CU_ASSERT(same(own, cut));
    MESO_CHECK_CLOSE(500.5, attribute(cut, group, "discard_ms"), 0, 0);
    meso_result_destroy(cut);
    meso_result_destroy(own);
    meso_err err = {0};
    CU_ASSERT_EQUAL(run_raw(meso_analysis_by_name(name[i]), (options) {"discard_ms", "6000", NULL},
                            NULL, whole, 1, &cut, &err), MESO_ERANGE);
    CU_ASSERT_PTR_NOT_NULL(strstr(err.msg, "discard_ms 6000 ms"));
    meso_result_destroy(cut);
  }
  meso_signals_destroy(whole);
  meso_signals_destroy(part);
}

/* ---- every analysis ----------------------------------------------------------------------- */

static meso_spikes *three_populations(double shift_ms)
{
  meso_spikes *s = recording(3, 0, 4096);
  for (uint32_t p = 0; p < 3; p++) {
    s->population[p].size = 30 + 10 * p;
    for (uint32_t i = 1; i < 30 + 10 * p; i++)
      add_poisson(&s->population[p], i, 100 + 100 * p + i, 2 + i, 4096);
  }
  sort(s);
  s->t_start_ms += shift_ms;
  s->t_stop_ms += shift_ms;
  for (size_t p = 0; p < 3; p++)
    for (size_t k = 0; k < s->population[p].n_spikes; k++) s->population[p].time_ms[k] += shift_ms;
  return s;
}

/* Whether a dataset or an attribute is called so. */
static bool has_quantity(const meso_result *r, const char *name)
{
  for (size_t i = 0; i < r->n; i++)
    if (strcmp(strrchr(r->array[i].path, '/') + 1, name) == 0) return true;
  for (size_t i = 0; i < r->n_groups; i++)
    if (meso_attrs_get(&r->group[i].attrs, name) != NULL) return true;
  return false;
}

/* Whether a formula says which of the analysis' options it needs. */
static bool is_on_request(const meso_analysis_ops *ops, const meso_formula *f)
{
  for (const meso_param *row = ops->params; row->key != NULL; row++) {
    char start[80];
    snprintf(start, sizeof start, "with --%s: ", row->key);
    for (char *c = start; *c != '\0'; c++) *c = *c == '_' ? '-' : *c;
    if (strncmp(f->formula, start, strlen(start)) == 0) return true;
  }
  return false;
}

/* Every formula is of something that is there, once, and has a source with a year. */
static void check_formulas(const meso_analysis_ops *ops, const meso_result *r)
{
  CU_ASSERT_PTR_NOT_NULL_FATAL(ops->formulas);
  CU_ASSERT_PTR_NOT_NULL_FATAL(ops->takes);
  CU_ASSERT(strstr(ops->takes, "spikes") != NULL || !meso_analysis_takes_spikes(ops));
  CU_ASSERT(strstr(ops->takes, "signal") != NULL || !meso_analysis_takes_signals(ops));
  CU_ASSERT_PTR_NOT_NULL(ops->formulas[0].name);
  for (const meso_formula *f = ops->formulas; f->name != NULL; f++) {
    CU_ASSERT_FATAL(f->formula != NULL && f->source != NULL);
    const bool is_there = has_quantity(r, f->name) || is_on_request(ops, f);
    if (!is_there) printf("# %s has no %s\n", ops->name, f->name);
    CU_ASSERT(is_there);
    CU_ASSERT(strlen(f->formula) > 4 && strpbrk(f->formula, "\n\t") == NULL);
    CU_ASSERT(strstr(f->source, " 19") != NULL || strstr(f->source, " 20") != NULL);
    for (const meso_formula *g = ops->formulas; g < f; g++)
      CU_ASSERT(strcmp(f->name, g->name) != 0);
  }
}

/* The array that an axis names, in the array's group or around it. */
static const meso_array *axis_of(const meso_result *r, const char *path, const char *axis, size_t n)
{
  char at[600];
  snprintf(at, sizeof at, "%s", path);
  for (char *slash; (slash = strrchr(at, '/')) != NULL; *slash = '\0') {
    snprintf(slash + 1, sizeof at - (size_t) (slash + 1 - at), "%.*s", (int) n, axis);
    const meso_array *found = meso_result_find(r, at);
    if (found != NULL) return found;
  }
  return NULL;
}

/* Axes of every matrix are named, and their values, where they are there (labels are not always),
 * are as long as the axis or, edges, by one longer. */
static void check_axes(const meso_analysis_ops *ops, const meso_result *r)
{
  for (size_t i = 0; i < r->n; i++) {
    const meso_array *a = &r->array[i];
    const char *axes = meso_attrs_text(&a->attrs, "axes"), *name = strrchr(a->path, '/') + 1;
    size_t d = 0;
    for (const char *at = axes; at != NULL; d++) {
      const size_t n = strcspn(at, ",");
      const meso_array *x = n == 1 && *at == '-' ? NULL : axis_of(r, a->path, at, n);
      const bool fits = x == NULL || (d < a->n_dims && (x->dims[0] == a->dims[d] ||
                                                        x->dims[0] == a->dims[d] + 1));
      if (!fits || x == a) printf("# %s: axis %zu of %s\n", ops->name, d, axes);
      CU_ASSERT(fits && x != a);
      CU_ASSERT(x != NULL || strncmp(at, "-", n) == 0 || strncmp(at, "labels", n) == 0);
      at = at[n] == ',' ? at + n + 1 : NULL;
    }
    const bool is_axis = strcmp(name, "pairs") == 0 || strcmp(name, "positions") == 0;
    if (a->n_dims > 1 && !is_axis && d != a->n_dims) printf("# no axes of %s\n", a->path);
    CU_ASSERT(a->n_dims < 2 || is_axis || d == a->n_dims);
  }
}

static void test_every_analysis(void)
{
  static const char *const method[2][3] = {{NULL}, {"method", "multitaper", NULL}};
  static const int threads[2] = {2, 7};
  double *x;
  meso_signals *signals = signal_of(5000, 9, 1000, &x);
  for (uint32_t i = 0; i < 45000; i++) x[i] = normal(4, i) + (i > 9 ? 0.8 * x[i - 10] : 0);
  meso_signal *by;
  for (int k = 0; k < 2; k++) { /* for the analyses of approximations and of proxies */
    static const char *const name[] = {"lfp_by_noise", "lfp_proxy_noise"};
    CU_ASSERT_FATAL(meso_signals_add(signals, name[k], "mV", 5000, 9, 1000, 0, &by, NULL)
                    == MESO_OK);
    for (uint32_t i = 0; i < 45000; i++) by->data[i] = normal(5, i);
  }
  signals->signal[0].position_um = meso_calloc(27, sizeof(double));
  for (uint32_t i = 0; i < 27; i++) signals->signal[0].position_um[i] = 500 * uniform(6, i);
  CU_ASSERT_FATAL(meso_signals_add(signals, "bold", "1", 20, 2, 4, 0, &by, NULL) == MESO_OK);
  for (uint32_t i = 0; i < 40; i++) by->data[i] = normal(6, i);
  meso_spikes *spikes = three_populations(0), *later = three_populations(65536);
  CU_ASSERT(meso_analysis_count() >= 5);
  CU_ASSERT_PTR_NULL(meso_analysis_at(meso_analysis_count()));
  CU_ASSERT_PTR_NULL(meso_analysis_by_name("no such analysis"));
  for (size_t i = 0; i < meso_analysis_count(); i++) {
    const meso_analysis_ops *ops = meso_analysis_at(i);
    const bool of_spikes = meso_analysis_takes_spikes(ops);
    const meso_signals *in = meso_analysis_takes_signals(ops) ? signals : NULL;
    const double later_ms = ops->n_signal_files > 1 ? 0 : 65536; /* LFP with BOLD keeps its times */
    CU_ASSERT_PTR_EQUAL(meso_analysis_by_name(ops->name), ops);
    for (int m = 0; m < (meso_param_find(ops->params, "method") ? 2 : 1); m++) {
      meso_result *one = run(ops->name, method[m], of_spikes ? spikes : NULL, in, 1);
      check_formulas(ops, one);
      check_axes(ops, one);
      for (int t = 0; t < 2; t++) {
        meso_result *r = run(ops->name, method[m], of_spikes ? spikes : NULL, in, threads[t]);
        CU_ASSERT(same(one, r));
        meso_result_destroy(r);
      }
      for (size_t k = 0; k < signals->n; k++) signals->signal[k].t_start_ms = later_ms;
      meso_result *r = run(ops->name, method[m], of_spikes ? later : NULL, in, 2);
      for (size_t k = 0; k < signals->n; k++) signals->signal[k].t_start_ms = 0;
      CU_ASSERT(same(one, r));
      meso_result_destroy(r);
      meso_result_destroy(one);
    }
  }
  meso_spikes_destroy(spikes);
  meso_spikes_destroy(later);
  meso_signals_destroy(signals);
}

/* No spikes at all, a population without neurons; signals empty or not finite. */
static void test_empty(void)
{
  meso_spikes *spikes = recording(2, 0, 4000);
  spikes->population[0].size = 3;
  double *x, *y;
  meso_signals *empty = signal_of(0, 2, 1000, &x), *bad = signal_of(2000, 2, 1000, &y);
  y[2 * 77 + 1] = NAN;
  for (size_t i = 0; i < meso_analysis_count(); i++) {
    const meso_analysis_ops *ops = meso_analysis_at(i);
    meso_err err = {0};
    meso_result *r = NULL;
    const meso_spikes *none = meso_analysis_takes_spikes(ops) ? spikes : NULL;
    if (!meso_analysis_takes_signals(ops)) {
      r = run(ops->name, (options) {NULL}, spikes, NULL, 2);
    } else {
      CU_ASSERT_EQUAL(run_raw(ops, (options) {NULL}, none, empty, 2, &r, &err), MESO_EINVAL);
      meso_result_destroy(r);
      r = NULL;
      CU_ASSERT_EQUAL(run_raw(ops, (options) {NULL}, none, bad, 2, &r, &err), MESO_EINVAL);
      CU_ASSERT_PTR_NOT_NULL(strstr(err.msg, "sample 77, channel 1"));
    }
    meso_result_destroy(r);
  }
  meso_result *r = run("statistics", (options) {NULL}, spikes, NULL, 1);
  for (size_t i = 0; i < 3; i++) {
    CU_ASSERT_EQUAL(statistic(r, RATE, i), 0);
    for (int w = CV; w <= FANO; w++) {
      CU_ASSERT(isnan(statistic(r, w, i)));
      CU_ASSERT_EQUAL(values(r, "/statistics/A/reason")[4 * i + (size_t) w], w == FANO ? 2 : 1);
    }
  }
  meso_result_destroy(r);
  r = run("correlation", (options) {NULL}, spikes, NULL, 1);
  const double *undefined = values(r, "/correlation/coefficient");
  MESO_CHECK_EACH(i, 9, isnan(undefined[i]));
  CU_ASSERT_EQUAL(attribute(r, "/correlation/A", "n_pairs"), 0);
  meso_result_destroy(r);
  r = run("population_spectrum", (options) {NULL}, spikes, NULL, 1);
  const double *silent = values(r, "/population_spectrum/psd");
  MESO_CHECK_WORST(k, 2 * 513, fabs(silent[k]), 0);
  meso_result_destroy(r);
  meso_spikes_destroy(spikes);
  meso_signals_destroy(empty);
  meso_signals_destroy(bad);
}

int main(void)
{
  static const meso_test tests[] = {
    {"white noise has the level 2 sigma^2 / rate", test_white_noise},
    {"the density integrates to the power of a sine and of noise", test_parseval},
    {"coherence: 1 for copies, phase of a lag, bias level for independent noise", test_coherence},
    {"coherence of one observation", test_coherence_of_one_observation},
    {"statistics of hand-made trains; undefined values give a reason", test_trains},
    {"a Poisson train has CV, CV2, LV and Fano factor near 1", test_poisson},
    {"correlation of equal, opposite, independent and silent trains", test_correlation},
    {"a window gives what a recording of that window gives", test_interval},
    {"the discarded start of a signal is not looked at", test_discard},
    {"every analysis: 1, 2, 7 threads and a later start give the same bits", test_every_analysis},
    {"every analysis: no spikes, empty signals, values that are not finite", test_empty},
    {NULL, NULL}};
  return meso_test_main("estimators", tests);
}
