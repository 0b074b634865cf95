/* test_cause.c: the split of LFP spectra by pairs of neurons: what an estimator gives on average;
 * Campbell's theorem; parts that add up; null distributions that cover; threads. */
#include <fftw3.h>
#include <stdlib.h>
#include <string.h>

#include "cause_make.h"
#include "meso_expected.h"
#include "meso_external.h"
#include "meso_independent_lfp.h"
#include "meso_lfp.h"
#include "meso_rng.h"
#include "meso_test.h"
#include "model_run.h"
#include "null_tally.h"

static double uniform(uint32_t stream, uint32_t i)
{
  uint32_t w[4];
  meso_rng_block(meso_rng_key_make(77, MESO_RNG_TEST), (uint32_t[4]) {i, stream, 0, 0}, w);
  return meso_rng_uniform(w[0], w[1]);
}

static double normal(uint32_t stream, uint32_t i)
{
  return sqrt(-2 * log(uniform(stream, 2 * i))) * cos(2 * M_PI * uniform(stream, 2 * i + 1));
}

static void expect_ok(meso_status st, const meso_err *err)
{
  if (st != MESO_OK) printf("# %s\n", err->msg);
  CU_ASSERT_EQUAL_FATAL(st, MESO_OK);
}

static const double *numbers(const meso_result *r, const char *path)
{
  const meso_array *a = meso_result_find(r, path);
  if (a == NULL) printf("# no %s\n", path);
  CU_ASSERT_FATAL(a != NULL && a->data != NULL);
  return a->data;
}

static size_t count(const meso_result *r, const char *path)
{
  (void) numbers(r, path);
  return meso_array_count(meso_result_find(r, path));
}

/* ---- what an estimator gives on average ----------------------------------------------------- */

static meso_spectral_plan *make_plan(int method, int window, int detrend, int64_t nperseg)
{
  const meso_spectral_params p = {.method = method, .window = window, .detrend = detrend,
                                  .nperseg = nperseg, .overlap = 0.5, .nw = 2};
  meso_spectral_plan *plan = NULL;
  meso_err err = {0};
  expect_ok(meso_spectral_plan_create(&p, 4 * (size_t) nperseg, 500, &plan, &err), &err);
  return plan;
}

/* Channel 1 is white noise, channel 2 the same one sample later: closed forms for the boxcar. */
static void test_white_noise(void)
{
  enum { N = 64, F = N / 2 + 1 };
  const double variance = 3, covariance[2 * 4] = {3, 0, 0, 3, 0, 3, 0, 0};
  double s[2 * 3 * F];
  meso_spectral_plan *plan = make_plan(MESO_WELCH, MESO_WINDOW_BOXCAR, MESO_DETREND_NONE, N);
  CU_ASSERT_EQUAL(meso_expected_spectra(plan, 2, 2, covariance, 2, s, NULL), MESO_OK);
  for (size_t f = 0; f < F; f++) {
    const double c = (f == 0 || 2 * f == N ? 1 : 2) * variance / 500;
    const double angle = 2 * M_PI * (double) f / N, part = (N - 1.0) / N;
    MESO_CHECK_CLOSE(c, s[2 * f], 1e-12, 0);
    MESO_CHECK_CLOSE(c * part * cos(angle), s[2 * (F + f)], 1e-12, 1e-14);
    MESO_CHECK_CLOSE(-c * part * sin(angle), s[2 * (F + f) + 1], 1e-12, 1e-14);
    MESO_CHECK_CLOSE(c, s[2 * (2 * F + f)], 1e-12, 0);
  }
  meso_spectral_plan_destroy(plan);
}

/* A filtered process, any window: against the double sum over the impulses' transforms. */
static void check_double_sum(int method, int window, int detrend)
{
  enum { N = 32, F = N / 2 + 1, L = 5, MOST = 4 };
  static const double k[2][3] = {{1, -0.4, 0.7}, {0.3, 0.8, -0.2}};
  double covariance[L * 4] = {0}, s[2 * 3 * F], impulse[N] = {0};
  static double v[N][2 * MOST * F];
  meso_spectral_plan *plan = make_plan(method, window, detrend, N);
  const size_t K = meso_spectral_n_tapers(plan);
  double *workspace = meso_spectral_workspace(plan);
  CU_ASSERT_FATAL(K <= MOST);
  for (size_t l = 0; l < 3; l++) /* x_i = k_i * white noise of variance 1 */
    for (size_t i = 0; i < 4; i++)
      for (size_t m = 0; m + l < 3; m++) covariance[4 * l + i] += k[i / 2][m] * k[i % 2][m + l];
  for (size_t t = 0; t < N; t++) {
    impulse[t] = 1;
    meso_spectral_transform(plan, impulse, 1, 0, workspace, v[t]);
    impulse[t] = 0;
  }
  CU_ASSERT_EQUAL(meso_expected_spectra(plan, L, 2, covariance, 1, s, NULL), MESO_OK);
  for (size_t f = 0; f < F; f++) {
    double re = 0, im = 0;
    for (size_t a = 0; a < K; a++)
      for (size_t t = 0; t < N; t++)
        for (size_t u = 0; u < N; u++) {
          double r = 0; /* E[x_0(t) x_1(u)] */
          for (size_t m = 0; m < 3; m++) {
            const long q = (long) u - (long) t + (long) m;
            if (q >= 0 && q < 3) r += k[0][m] * k[1][q];
          }
          const double *x = v[t] + 2 * (a * F + f), *y = v[u] + 2 * (a * F + f);
          re += r * (x[0] * y[0] + x[1] * y[1]) / (double) K;
          im += r * (x[0] * y[1] - x[1] * y[0]) / (double) K;
        }
    const double c = meso_spectral_density_factor(plan, f);
    MESO_CHECK_CLOSE(c * re, s[2 * (F + f)], 1e-11, 1e-15);
    MESO_CHECK_CLOSE(c * im, s[2 * (F + f) + 1], 1e-11, 1e-15);
  }
  fftw_free(workspace);
  meso_spectral_plan_destroy(plan);
}

static void test_double_sum(void)
{
  check_double_sum(MESO_WELCH, MESO_WINDOW_HANN, MESO_DETREND_CONSTANT);
  check_double_sum(MESO_WELCH, MESO_WINDOW_HAMMING, MESO_DETREND_LINEAR);
  check_double_sum(MESO_MULTITAPER, MESO_WINDOW_HANN, MESO_DETREND_CONSTANT);
}

/* ---- tallies ------------------------------------------------------------------------------ */

static int ascending(const void *a, const void *b)
{
  const double x = *(const double *) a, y = *(const double *) b;
  return (x > y) - (x < y);
}

/* Order statistics against sorting; p values by counting. */
static void test_tally(void)
{
  enum { N = 3, DRAWS = 199 };
  const double observed[N] = {0, 5, -1.7};
  double draw[DRAWS][N], column[DRAWS];
  null_tally t;
  CU_ASSERT_EQUAL_FATAL(null_tally_init(&t, N, DRAWS, 0.1, NULL), MESO_OK);
  for (uint32_t k = 0; k < DRAWS; k++)
    for (uint32_t i = 0; i < N; i++) draw[k][i] = normal(1 + i, k);
  for (size_t k = 0; k < DRAWS; k += 7) {
    const double *some[7];
    size_t n = 0;
    for (; n < 7 && k + n < DRAWS; n++) some[n] = draw[k + n];
    null_tally_add(&t, observed, n, some, 2);
  }
  for (size_t i = 0; i < N; i++) {
    double mean = 0, high = 1, low = 1;
    for (size_t k = 0; k < DRAWS; k++) {
      column[k] = draw[k][i];
      mean += draw[k][i] / DRAWS;
      high += draw[k][i] >= observed[i];
      low += draw[k][i] <= observed[i];
    }
    qsort(column, DRAWS, sizeof *column, ascending);
    const null_verdict v = null_tally_verdict(&t, i, observed[i]);
    MESO_CHECK_CLOSE(mean, v.mean, 1e-12, 1e-14);
    CU_ASSERT(v.low == column[9] && v.high == column[DRAWS - 10]); /* 10 of 200 at either end */
    MESO_CHECK_CLOSE(fmin(1, 2 * fmin(high, low) / (DRAWS + 1)), v.p, 1e-12, 0);
  }
  null_tally_clear(&t);
  CU_ASSERT_EQUAL_FATAL(null_tally_init(&t, N, 10, 0.05, NULL), MESO_OK);
  const double *const one[1] = {draw[0]};
  for (size_t k = 0; k < 10; k++) null_tally_add(&t, observed, 1, one, 1);
  CU_ASSERT(isnan(null_tally_verdict(&t, 0, 0).low)); /* ten draws have no 5 % interval */
  null_tally_clear(&t);
}

/* ---- signals made for the purpose ----------------------------------------------------------- */

enum { T = 600, C = 3, NEURONS = 3 };

/* Two populations of three neurons each; a neuron is a noise with a gain and a delay a channel. */
typedef struct world {
  size_t P;
  double x[2][NEURONS][T * C];
} world;

/* @p common: size of a noise that the first neurons of both populations share. */
static world *make_world(size_t P, double common, uint32_t stream)
{
  world *w = meso_calloc(1, sizeof *w);
  CU_ASSERT_PTR_NOT_NULL_FATAL(w);
  w->P = P;
  for (uint32_t X = 0; X < P; X++)
    for (uint32_t j = 0; j < NEURONS; j++)
      for (uint32_t t = 2; t < T; t++)
        for (uint32_t c = 0; c < C; c++) {
          const double own = normal(stream + 10 * X + j, t - (j + c) % 3);
          const double shared = j == 0 ? common * normal(stream + 99, t - (X + c) % 3) : 0;
          w->x[X][j][t * C + c] = (own + shared) * (1 + 0.3 * c * (j == 1) + 0.2 * X);
        }
  return w;
}

/* Sums with the signs of the bits of number, all plus for -1. */
static void add_signs(const world *w, int64_t number, double *signal)
{
  memset(signal, 0, w->P * T * C * sizeof *signal);
  for (size_t X = 0; X < w->P; X++)
    for (size_t j = 0; j < NEURONS; j++)
      for (size_t i = 0; i < T * C; i++)
        signal[X * T * C + i] += (number >> (X * NEURONS + j) & 1 ? 1 : -1) * w->x[X][j][i];
}

static meso_status draw_signs(void *user, uint32_t number, bool by_population, double *signal,
                              meso_err *err)
{
  const world *w = user;
  double both[2 * T * C];
  (void) err;
  add_signs(w, number, both);
  for (size_t i = 0; i < w->P * T * C; i++) {
    if (by_population) signal[i] = both[i];
    else signal[i % (T * C)] = (i < T * C ? 0 : signal[i % (T * C)]) + both[i];
  }
  return MESO_OK;
}

/* set: options, key after key. */
static meso_result *split(world *w, const char *const *set, int64_t seed, int n_threads)
{
  static const double at[3 * C] = {0, 0, 0, 0, 0, -100, 0, 0, -200};
  static const char *const plain[] = {"nperseg", "64", "bands_Hz", "30,200,450", NULL};
  char *name[2] = {"A", "B"};
  meso_cause_params p = {.surrogates = 0};
  double *signal = meso_calloc(w->P * T * C, sizeof *signal);
  meso_result *result = NULL;
  meso_err err = {0};
  expect_ok(meso_params_default(meso_cause_rows, &p, &err), &err);
  for (const char *const *s = plain; *s != NULL; s += 2)
    expect_ok(meso_params_set(meso_cause_rows, &p, s[0], s[1], NULL, &err), &err);
  for (const char *const *s = set; *s != NULL; s += 2)
    expect_ok(meso_params_set(meso_cause_rows, &p, s[0], s[1], NULL, &err), &err);
  add_signs(w, -1, signal);
  const meso_cause_request request = {
    .params = &p, .n_populations = w->P, .n_channels = C, .n_times = T, .population = name,
    .position_um = at, .units = "mV", .rate_Hz = 1000, .signal = signal, .draw = draw_signs,
    .user = w, .seed = seed, .n_threads = n_threads};
  CU_ASSERT_EQUAL_FATAL(meso_result_create(&result, NULL), MESO_OK);
  expect_ok(meso_cause_run(&request, result, &err), &err);
  meso_params_clear(meso_cause_rows, &p);
  free(signal);
  return result;
}

/* Welch cross-spectrum of two channels of two signals, by the definition. */
static void cross_spectrum(const double *a, size_t i, const double *b, size_t j, size_t f,
                           double *re, double *im)
{
  enum { N = 64, STEP = 32, SEGMENTS = (T - N) / STEP + 1 };
  *re = *im = 0;
  for (size_t s = 0; s < SEGMENTS; s++) {
    double z[2][2] = {{0}}, mean[2] = {0};
    for (size_t t = 0; t < N; t++) {
      mean[0] += a[(s * STEP + t) * C + i] / N;
      mean[1] += b[(s * STEP + t) * C + j] / N;
    }
    for (size_t t = 0; t < N; t++) {
      const double w = (0.5 - 0.5 * cos(2 * M_PI * (double) t / N)) / sqrt(0.375 * N);
      const double angle = -2 * M_PI * (double) (f * t) / N;
      const double x[2] = {a[(s * STEP + t) * C + i] - mean[0],
                           b[(s * STEP + t) * C + j] - mean[1]};
      for (int k = 0; k < 2; k++) {
        z[k][0] += w * x[k] * cos(angle);
        z[k][1] += w * x[k] * sin(angle);
      }
    }
    *re += (z[0][0] * z[1][0] + z[0][1] * z[1][1]) * 2e-3 / SEGMENTS;
    *im += (z[0][0] * z[1][1] - z[0][1] * z[1][0]) * 2e-3 / SEGMENTS;
  }
}

/* All 64 signs once: the mean is the sum over single neurons exactly. Every part against sums over
 * pairs of neurons, which share an input across populations. */
static void test_parts(void)
{
  static const char *const set[] = {"surrogates", "64", "shifts", "3", NULL};
  enum { F = 33, PAIR = 1, F0 = 7 }; /* pair 1: channels 0 and 2 */
  world *w = make_world(2, 1.5, 500);
  meso_result *r = split(w, set, 1, 2);
  double part[3] = {0}, cross[3][2] = {{0}}, power[2] = {0}, re = 0, im = 0;
  for (size_t a = 0; a < 2 * NEURONS; a++)
    for (size_t b = 0; b < 2 * NEURONS; b++) {
      const double *x = w->x[a / NEURONS][a % NEURONS], *y = w->x[b / NEURONS][b % NEURONS];
      const int k = a == b ? 0 : a / NEURONS == b / NEURONS ? 1 : 2;
      cross_spectrum(x, 1, y, 1, F0, &re, &im);
      part[k] += re;
      cross_spectrum(x, 0, y, 2, F0, &re, &im);
      cross[k][0] += re;
      cross[k][1] += im;
      cross_spectrum(x, 0, y, 0, F0, &re, &im);
      power[0] += re;
      cross_spectrum(x, 2, y, 2, F0, &re, &im);
      power[1] += re;
    }
  static const char *const name[3] = {"independent", "within", "across"};
  const double all[2] = {cross[0][0] + cross[1][0] + cross[2][0],
                         cross[0][1] + cross[1][1] + cross[2][1]};
  for (int k = 0; k < 3; k++) {
    char path[64];
    snprintf(path, sizeof path, "/cause/parts/%s/power", name[k]);
    MESO_CHECK_CLOSE(part[k], numbers(r, path)[F + F0], 1e-9, 1e-12);
    snprintf(path, sizeof path, "/cause/parts/%s/coherence", name[k]);
    MESO_CHECK_CLOSE((cross[k][0] * all[0] + cross[k][1] * all[1]) / power[0] / power[1],
                     numbers(r, path)[PAIR * F + F0], 1e-9, 1e-12);
  }
  CU_ASSERT(fabs(part[2]) > 0.1 * part[0]); /* the common input is there */
  MESO_CHECK_CLOSE((all[0] * all[0] + all[1] * all[1]) / power[0] / power[1],
                   numbers(r, "/cause/total/coherence")[PAIR * F + F0], 1e-9, 0);
  meso_result_destroy(r);
  free(w);
}

/* Parts, and populations, add up to the total: powers, coherences, bands, distances. */
static void test_sums(void)
{
  static const char *const set[] = {"surrogates", "5", "shifts", "3", NULL};
  static const char *const kind[] = {"power", "coherence", "band_power", "band_coherence",
                                     "distance_coherence"};
  world *w = make_world(2, 1, 300);
  meso_result *r = split(w, set, 1, 2);
  for (size_t k = 0; k < 5; k++) {
    static const char *const name[3] = {"independent", "within", "across"};
    const double *x[3], *total;
    char path[64];
    for (int i = 0; i < 3; i++) {
      snprintf(path, sizeof path, "/cause/parts/%s/%s", name[i], kind[k]);
      x[i] = numbers(r, path);
    }
    snprintf(path, sizeof path, "/cause/total/%s", kind[k]);
    total = numbers(r, path);
    MESO_CHECK_WORST(i, count(r, path), fabs(x[0][i] + x[1][i] + x[2][i] - total[i]) / total[i],
                     1e-10);
  }
  const double *power = numbers(r, "/cause/population/power");
  const double *coherence = numbers(r, "/cause/population/coherence");
  const double *total = numbers(r, "/cause/total/band_power");
  const size_t n = count(r, "/cause/total/band_power");
  MESO_CHECK_WORST(i, n, fabs(power[i] + power[n + i] + power[2 * n + i] + power[3 * n + i]
                              - total[i]) / total[i], 1e-10);
  MESO_CHECK_WORST(i, n, fabs(power[n + i] - power[2 * n + i]), 0);
  total = numbers(r, "/cause/total/band_coherence");
  const size_t m = count(r, "/cause/total/band_coherence");
  MESO_CHECK_WORST(i, m, fabs(coherence[i] + coherence[m + i] + coherence[2 * m + i]
                              + coherence[3 * m + i] - total[i]) / total[i], 1e-10);
  meso_result_destroy(r);
  free(w);
}

/* One population: nothing across, nothing to shift; all eight signs once, so that its part by
 * itself is exact too. */
static void test_one_population(void)
{
  static const char *const set[] = {"surrogates", "8", NULL};
  world *w = make_world(1, 1, 300);
  meso_result *r = split(w, set, 1, 2);
  const double *across = numbers(r, "/cause/parts/across/power");
  const double *total = numbers(r, "/cause/total/power");
  MESO_CHECK_WORST(i, count(r, "/cause/parts/across/power"), fabs(across[i]) / total[i], 1e-12);
  const double *own = numbers(r, "/cause/population/independent_power");
  const double *independent = numbers(r, "/cause/parts/independent/band_power");
  const size_t n = count(r, "/cause/parts/independent/band_power");
  MESO_CHECK_WORST(i, n, fabs(own[i] - independent[i]) / independent[i], 1e-10);
  CU_ASSERT_PTR_NULL(meso_result_find(r, "/cause/null/shift/power/mean"));
  CU_ASSERT_PTR_NOT_NULL(meso_result_find(r, "/cause/null/independent/power/mean"));
  meso_result_destroy(r);
  free(w);
}

/* Nothing shared across populations: intervals of the shifts hold the coherence as often as they
 * say, and p values are uniform. Something shared: it is found. */
static void test_coverage(void)
{
  static const char *const set[] = {"surrogates", "1", "shifts", "39", "alpha", "0.1", NULL};
  enum { WORLDS = 150 };
  double n = 0, held = 0, p_sum = 0;
  for (uint32_t k = 0; k < WORLDS; k++) {
    world *w = make_world(2, 0, 1000 + 200 * k);
    meso_result *r = split(w, set, k + 1, 2);
    const double *c = numbers(r, "/cause/total/band_power");
    const double *low = numbers(r, "/cause/null/shift/band_power/low");
    const double *high = numbers(r, "/cause/null/shift/band_power/high");
    const double *p = numbers(r, "/cause/null/shift/band_power/p");
    for (size_t i = 0; i < 2; i++, n++) { /* the bands of the first channel */
      held += c[i] > low[i] && c[i] < high[i];
      p_sum += p[i];
    }
    meso_result_destroy(r);
    free(w);
  }
  printf("# intervals hold %.3f of %g, mean p %.3f\n", held / n, n, p_sum / n);
  CU_ASSERT(fabs(held / n - 0.9) < 0.07);  /* 4 standard errors: 0.017 each */
  CU_ASSERT(fabs(p_sum / n - 0.5) < 0.08);
  world *w = make_world(2, 3, 300);
  meso_result *r = split(w, set, 1, 2);
  const meso_attrs *a = meso_result_find_group(r, "/cause/null/shift");
  CU_ASSERT(numbers(r, "/cause/null/shift/band_power/p")[0] <= 0.051);
  CU_ASSERT_FATAL(a != NULL && meso_attrs_number(a, "n_tests", 0) == 6);
  meso_result_destroy(r);
  free(w);
}

static bool same(const meso_result *a, const meso_result *b)
{
  bool equal = a->n == b->n;
  for (size_t i = 0; equal && i < a->n; i++)
    equal = strcmp(a->array[i].path, b->array[i].path) == 0
      && (a->array[i].data == NULL
          || memcmp(a->array[i].data, b->array[i].data,
                    meso_array_count(&a->array[i]) * sizeof(double)) == 0);
  return equal;
}

/* Threads and room for few surrogates at once change no bit; a seed does. */
static void test_threads(void)
{
  static const char *const set[] = {"surrogates", "11", "shifts", "13", NULL};
  static const char *const tight[] = {"surrogates", "11", "shifts", "13", "memory_limit_GB",
                                      "0.0009", NULL};
  world *w = make_world(2, 1, 300);
  meso_result *one = split(w, set, 1, 1), *few = split(w, tight, 1, 2);
  meso_result *other = split(w, set, 2, 2);
  CU_ASSERT(same(one, few) && !same(one, other));
  for (int n = 2; n <= 7; n += n == 2 ? 1 : 4) {
    meso_result *some = split(w, set, 1, n);
    CU_ASSERT(same(one, some));
    meso_result_destroy(some);
  }
  meso_result_destroy(one);
  meso_result_destroy(few);
  meso_result_destroy(other);
  free(w);
}

static void test_refusals(void)
{
  static const struct { const char *key, *value, *words; } row[] = {
    {"nperseg", "600", "one segment"}, {"bands_Hz", "5", "2 edges"},
    {"bands_Hz", "5,3", "ascend"}, {"memory_limit_GB", "1e-5", "memory_limit_GB"}};
  static const double at[3 * C] = {0};
  char *name[2] = {"A", "B"};
  world *w = make_world(2, 0, 300);
  double *signal = meso_calloc(2 * T * C, sizeof *signal);
  add_signs(w, -1, signal);
  for (size_t i = 0; i <= sizeof row / sizeof *row; i++) {
    meso_cause_params p = {.surrogates = 0};
    meso_err err = {0};
    meso_result *r = NULL;
    CU_ASSERT_EQUAL_FATAL(meso_result_create(&r, NULL), MESO_OK);
    CU_ASSERT_EQUAL_FATAL(meso_params_default(meso_cause_rows, &p, NULL), MESO_OK);
    p.spectral.nperseg = 64;
    if (i < sizeof row / sizeof *row)
      CU_ASSERT_EQUAL(meso_params_set(meso_cause_rows, &p, row[i].key, row[i].value, NULL, NULL),
                      MESO_OK);
    const meso_cause_request q = {
      .params = &p, .n_populations = 2, .n_channels = C, .n_times = T, .population = name,
      .position_um = at, .units = "mV", .rate_Hz = 1000, .signal = signal,
      .draw = i < sizeof row / sizeof *row ? draw_signs : NULL, .user = w, .seed = 1};
    const meso_status st = meso_cause_run(&q, r, &err);
    CU_ASSERT_EQUAL(meso_status_exit_code(st), 3);
    CU_ASSERT(strstr(err.msg, i < sizeof row / sizeof *row ? row[i].words : "neither") != NULL);
    meso_params_clear(meso_cause_rows, &p);
    meso_result_destroy(r);
  }
  free(signal);
  free(w);
}

/* ---- neuron kernels ------------------------------------------------------------------------- */

static meso_model *read_toy(void)
{
  static const char *const sets[] = {"lfp.method=neuron", "lfp.kernel_duration_ms=60",
                                     "probe.n_contacts=18", NULL}; /* two blocks of channels */
  return model_read("toy", sets, 0, NULL);
}

static meso_result *build_kernels(const meso_model *m)
{
  const char *const folder[] = {meso_test_path("morphologies")};
  meso_result *kernels = NULL;
  meso_err err = {0};
  expect_ok(meso_kernels_build(m, 1, folder, 2, NULL, &kernels, &err), &err);
  return kernels;
}

/* Poisson trains of every neuron, on the steps of 0.1 ms. @p common: this share of the spikes is at
 * times that the population shares. */
static meso_spikes *make_spikes(const meso_model *m, double duration_ms, double rate_Hz,
                                double common)
{
  meso_spikes *spikes = model_recording(m, duration_ms);
  uint32_t stream = 7000, i = 0;
  for (size_t p = 0; p < m->n_populations; p++, stream++) {
    meso_spike_population *q = &spikes->population[p];
    model_make_room(q, (size_t) (rate_Hz * duration_ms * 1e-3 * (double) q->size));
    for (size_t s = 0; s < q->n_spikes; s++) {
      const bool shared = uniform(stream + 50, i++) < common;
      const double at = shared ? uniform(stream + 100, i++ % 200) : uniform(stream, i++);
      q->time_ms[s] = floor(at * duration_ms * 10) / 10;
      q->id[s] = (uint32_t) (uniform(stream, i++) * (double) q->size);
    }
    CU_ASSERT_FATAL(meso_spikes_sort(q, NULL) == MESO_OK);
  }
  return spikes;
}

/* Campbell's theorem against its sum: every response of some neurons, at every phase. */
static void test_campbell(void)
{
  enum { SOME = 4, N_OUT = 300 };
  meso_model *m = read_toy();
  meso_result *kernels = build_kernels(m);
  meso_neuron_kernels k;
  double time_ms[6] = {0}, single;
  uint32_t id[6] = {3, 50, 50, 11, 50, 799}, one = 0;
  meso_spike_population q = {.name = "E", .size = 800, .n_spikes = 6, .time_ms = time_ms, .id = id};
  CU_ASSERT_EQUAL_FATAL(meso_neuron_kernels_load(kernels, &k, NULL), MESO_OK);
  const size_t n = k.n_channels, size = k.n_lags * n * n;
  double *covariance = meso_calloc(size, sizeof *covariance);
  double *sum = meso_calloc(size, sizeof *sum), *x = meso_calloc(N_OUT * n, sizeof *x);
  for (size_t s = 0; s < 6; s++) time_ms[s] = 10.0 * (double) s;
  time_ms[5] = 900; /* outside */
  CU_ASSERT_EQUAL(meso_poisson_covariance_add(&k, &q, 0, 0, 500, 2, covariance, NULL), MESO_OK);
  static const struct { uint32_t id; double n_spikes; } spiking[] = {{3, 1}, {50, 3}, {11, 1}};
  for (size_t j = 0; j < 3; j++)
    for (size_t p = 0; p < k.factor; p++) {
      meso_spike_population alone = q;
      single = 100 + (double) p * k.dt_ms;
      one = spiking[j].id;
      alone.n_spikes = 1;
      alone.time_ms = &single;
      alone.id = &one;
      memset(x, 0, N_OUT * n * sizeof *x);
      CU_ASSERT_EQUAL(meso_neuron_kernels_apply(&k, &alone, 0, 0, N_OUT, 1, x, NULL, NULL),
                      MESO_OK);
      for (size_t l = 0; l < k.n_lags; l++)
        for (size_t t = 0; t + l < N_OUT; t++)
          for (size_t c = 0; c < n * n; c++)
            sum[l * n * n + c] += spiking[j].n_spikes * k.dt_ms / 500 * x[t * n + c / n]
              * x[(t + l) * n + c % n];
    }
  double largest = 0;
  for (size_t i = 0; i < size; i++) largest = fmax(largest, fabs(sum[i]));
  MESO_CHECK_WORST(i, size, fabs(covariance[i] - sum[i]) / largest, 1e-5);
  for (int n_threads = 1; n_threads <= 3; n_threads += 2) {
    memset(sum, 0, size * sizeof *sum);
    CU_ASSERT_EQUAL(meso_poisson_covariance_add(&k, &q, 0, 0, 500, n_threads, sum, NULL), MESO_OK);
    CU_ASSERT(memcmp(sum, covariance, size * sizeof *sum) == 0);
  }
  free(x);
  free(sum);
  free(covariance);
  meso_neuron_kernels_clear(&k);
  meso_result_destroy(kernels);
  meso_model_destroy(m);
}

/* Random signs: every neuron's contribution with one sign or the other, half of them each. */
static void test_signs(void)
{
  enum { N_OUT = 200, DRAWS = 130 };
  meso_model *m = read_toy();
  meso_result *kernels = build_kernels(m);
  meso_neuron_kernels k;
  double time_ms[2] = {20, 120}, n_plus[2] = {0}, both = 0;
  uint32_t id[2] = {5, 9};
  meso_spike_population q = {.name = "E", .size = 800, .n_spikes = 2, .time_ms = time_ms, .id = id};
  CU_ASSERT_EQUAL_FATAL(meso_neuron_kernels_load(kernels, &k, NULL), MESO_OK);
  const size_t n = N_OUT * k.n_channels;
  double *lfp = meso_calloc(n, sizeof *lfp), *x = meso_calloc(n, sizeof *x);
  CU_ASSERT_EQUAL(meso_neuron_kernels_apply(&k, &q, 0, 0, N_OUT, 1, lfp, NULL, NULL), MESO_OK);
  size_t at[2] = {0, n / 2}; /* the largest sample of each */
  for (size_t i = 0; i < n; i++)
    if (fabs(lfp[i]) > fabs(lfp[at[2 * i / n]])) at[2 * i / n] = i;
  for (uint32_t d = 0; d < DRAWS; d++) {
    CU_ASSERT_EQUAL(meso_random_signs_lfp(&k, &q, 0, 0, N_OUT, lfp, (meso_sign_draw) {1, 0, d}, 2,
                                          x, NULL), MESO_OK);
    const double sign[2] = {x[at[0]] / lfp[at[0]], x[at[1]] / lfp[at[1]]};
    MESO_CHECK_CLOSE(1, fabs(sign[0]), 1e-5, 0);
    MESO_CHECK_CLOSE(1, fabs(sign[1]), 1e-5, 0);
    for (int j = 0; j < 2; j++) n_plus[j] += sign[j] > 0;
    both += sign[0] > 0 && sign[1] > 0;
    MESO_CHECK_WORST(i, n * 2 / 5, fabs(x[i] - sign[0] * lfp[i]), 1e-5 * fabs(lfp[at[0]]));
  }
  CU_ASSERT(fabs(n_plus[0] - 65) < 24 && fabs(n_plus[1] - 65) < 24); /* 4 standard errors */
  CU_ASSERT(fabs(both - 32.5) < 20);
  free(lfp);
  free(x);
  meso_neuron_kernels_clear(&k);
  meso_result_destroy(kernels);
  meso_model_destroy(m);
}

/* Changes an LFP before it is split; x is what. */
typedef struct change { void (*make)(const void *x, meso_signals *lfp); const void *x; } change;

static meso_result *cause_of_changed(const meso_result *kernels, const meso_spikes *spikes,
                                     const char *surrogates, const char *surrogate,
                                     int n_threads, change c)
{
  const meso_cli cli = {.n_threads = n_threads};
  meso_cause_params p = {.surrogates = 0};
  const meso_surrogate_ops *ops = surrogate != NULL ? meso_surrogate_by_name(surrogate) : NULL;
  double zero[4] = {0}; /* more than any surrogate's parameters */
  meso_signals *lfp = NULL;
  meso_result *r = NULL;
  meso_err err = {0};
  expect_ok(meso_lfp_from_kernels(kernels, spikes, 1000, 2, &lfp, &err), &err);
  if (c.make != NULL) c.make(c.x, lfp);
  expect_ok(meso_params_default(meso_cause_rows, &p, &err), &err);
  expect_ok(meso_params_set(meso_cause_rows, &p, "nperseg", "256", NULL, &err), &err);
  expect_ok(meso_params_set(meso_cause_rows, &p, "discard_ms", "100", NULL, &err), &err);
  expect_ok(meso_params_set(meso_cause_rows, &p, "shifts", "99", NULL, &err), &err);
  expect_ok(meso_params_set(meso_cause_rows, &p, "surrogates", surrogates, NULL, &err), &err);
  const mesoi_cause_input in = {kernels, spikes, lfp, &p, ops, zero, 1};
  CU_ASSERT_EQUAL_FATAL(meso_result_create(&r, NULL), MESO_OK);
  expect_ok(mesoi_cause_make(&cli, &in, r, &err), &err);
  meso_params_clear(meso_cause_rows, &p);
  meso_signals_destroy(lfp);
  return r;
}

static meso_result *cause_of(const meso_result *kernels, const meso_spikes *spikes,
                             const char *surrogates, const char *surrogate, int n_threads)
{
  return cause_of_changed(kernels, spikes, surrogates, surrogate, n_threads,
                          (change) {NULL, NULL});
}

/* Ratio of two powers, all channels and bands. */
static double ratio(const meso_result *r, const char *a, const char *b)
{
  double sum[2] = {0};
  for (size_t i = 0; i < count(r, a); i++) {
    sum[0] += numbers(r, a)[i];
    sum[1] += numbers(r, b)[i];
  }
  return sum[0] / sum[1];
}

/* Independent Poisson trains: Campbell's theorem says all, correlations add nothing, and draws of
 * signs, Poisson trains and shifts all agree. Spikes at common times: correlations are found. */
static void test_independent_trains(void)
{
  meso_model *m = read_toy();
  meso_result *kernels = build_kernels(m);
  static const char *const total = "/cause/total/band_power";
  meso_spikes *spikes = make_spikes(m, 6000, 10, 0);
  meso_result *r = cause_of(kernels, spikes, "39", NULL, 2);
  const double poisson = ratio(r, "/cause/poisson/band_power", total);
  const double own = ratio(r, "/cause/parts/independent/band_power", total);
  const double within = ratio(r, "/cause/parts/within/band_power", total);
  const double across = ratio(r, "/cause/parts/across/band_power", total);
  printf("# Poisson %.3f, own %.3f, within %.3f, across %.3f\n", poisson, own, within, across);
  CU_ASSERT(fabs(poisson - 1) < 0.12 && fabs(own - poisson) < 0.05);
  CU_ASSERT(fabs(within) < 0.12 && fabs(across) < 0.12);
  const double *c = numbers(r, "/cause/total/distance_coherence");
  const double *low = numbers(r, "/cause/null/independent/distance_coherence/low");
  const double *high = numbers(r, "/cause/null/independent/distance_coherence/high");
  const double *alone = numbers(r, "/cause/poisson/distance_coherence");
  const double *mean = numbers(r, "/cause/null/independent/distance_coherence/mean");
  const size_t n = count(r, "/cause/total/distance_coherence");
  size_t n_held = 0;
  for (size_t i = 0; i < n; i++) n_held += c[i] >= low[i] && c[i] <= high[i];
  printf("# %zu of %zu coherences within the intervals\n", n_held, n);
  CU_ASSERT(n_held >= n * 3 / 4);
  MESO_CHECK_WORST(i, n, fabs(mean[i] - alone[i]), 0.12); /* the mean of estimates has a bias */
  CU_ASSERT(meso_attrs_number(meso_result_find_group(r, "/cause/null/independent"),
                              "n_significant", 1) == 0);
  meso_result *p = cause_of(kernels, spikes, "8", "poisson", 2);
  MESO_CHECK_CLOSE(poisson, ratio(p, "/cause/parts/independent/band_power", total), 0.04, 0);
  meso_result_destroy(p);
  meso_result_destroy(r);
  meso_spikes_destroy(spikes);
  spikes = make_spikes(m, 6000, 10, 0.1);
  static const char *const draws = MESO_TEST_SCALED("39", "9");
  r = cause_of(kernels, spikes, draws, NULL, 2);
  printf("# common times: own %.3f, within %.3f\n",
         ratio(r, "/cause/parts/independent/band_power", total),
         ratio(r, "/cause/parts/within/band_power", total));
  CU_ASSERT(ratio(r, "/cause/parts/within/band_power", total) > 0.2);
  meso_result *one = cause_of(kernels, spikes, draws, NULL, 1);
  CU_ASSERT(same(one, r));
  meso_result_destroy(one);
  one = cause_of(kernels, spikes, "0", NULL, 2);
  const double *x = numbers(one, "/cause/parts/independent/band_power");
  const double *y = numbers(one, "/cause/poisson/band_power");
  MESO_CHECK_WORST(i, count(one, "/cause/poisson/band_power"), fabs(x[i] - y[i]), 1e-12 * y[0]);
  meso_result_destroy(one);
  meso_result_destroy(r);
  meso_spikes_destroy(spikes);
  meso_result_destroy(kernels);
  meso_model_destroy(m);
}

/* ---- external input ------------------------------------------------------------------------- */

static void add_replayed(const void *x, meso_signals *lfp)
{
  const char *const folder[] = {meso_test_path("morphologies")};
  meso_err err = {0};
  expect_ok(meso_external_apply(x, NULL, 1, folder, 2, NULL, lfp, &err), &err);
}

/* Minus half of what population E makes, as if external input were driven against it. */
static void add_mirrored(const void *x, meso_signals *lfp)
{
  const meso_signal *E = meso_signals_find(lfp, "lfp_from_E");
  meso_signal *out = NULL;
  (void) x;
  CU_ASSERT_EQUAL_FATAL(meso_signals_add(lfp, "lfp_from_external", "mV", E->n_times,
                                         E->n_channels, 1000, 0, &out, NULL), MESO_OK);
  E = meso_signals_find(lfp, "lfp_from_E");
  for (size_t i = 0; i < E->n_times * E->n_channels; i++) out->data[i] = -0.5 * E->data[i];
}

/* Powers of populations X and Y, (population, population, channel, band). */
static const double *power_of(const meso_result *r, size_t X, size_t Y)
{
  const meso_array *a = meso_result_find(r, "/cause/population/power");
  return a->data + (X * a->dims[0] + Y) * a->dims[2] * a->dims[3];
}

/* What holds of any external input: all parts are the total, what is said of external input is
 * what the populations say, and its own spectrum is the same in all draws, thus independent. */
static void check_parts(const meso_result *r)
{
  const meso_array *a = meso_result_find(r, "/cause/population/power");
  const size_t n = a->dims[2] * a->dims[3], last = a->dims[0] - 1;
  const double *total = numbers(r, "/cause/total/band_power");
  const double *part[5] = {
    numbers(r, "/cause/parts/independent/band_power"),
    numbers(r, "/cause/parts/within/band_power"), numbers(r, "/cause/parts/across/band_power"),
    numbers(r, "/cause/parts/external/band_power"),
    numbers(r, "/cause/parts/with_external/band_power")};
  const double *own = numbers(r, "/cause/population/independent_power");
  CU_ASSERT_STRING_EQUAL(meso_result_find(r, "/cause/population/name")->text[last], "external");
  MESO_CHECK_WORST(i, n, fabs(part[0][i] + part[1][i] + part[2][i] - total[i]) / total[i], 1e-9);
  MESO_CHECK_WORST(i, n, fabs(part[3][i] - power_of(r, last, last)[i]) / total[i], 1e-12);
  MESO_CHECK_WORST(i, n, fabs(own[last * n + i] - part[3][i]) / total[i], 1e-9);
  for (size_t i = 0; i < n; i++) {
    double sum = 0;
    for (size_t X = 0; X < last; X++) sum += 2 * power_of(r, X, last)[i];
    MESO_CHECK_CLOSE(sum, part[4][i], 1e-9, 1e-12 * total[i]);
  }
}

/* Replayed external events beside trains that know nothing of them: Campbell's theorem, now with
 * the covariance of external input, says what all make together, and nothing is in common. Input
 * that mirrors a population: minus half of it in common, a quarter of its power. */
static void test_external(void)
{
  static const char *const sets[] = {"lfp.external=gaussian"}, *const replay[] = {
    "lfp.external=replay"};
  static const char *const base[] = {"lfp.method=neuron", "lfp.kernel_duration_ms=60", NULL};
  static const char *const total = "/cause/total/band_power";
  meso_model *m = model_read("toy", base, 1, sets), *again = model_read("toy", base, 1, replay);
  meso_result *kernels = build_kernels(m);
  meso_spikes *spikes = make_spikes(m, 4000, 10, 0);
  meso_result *r = cause_of_changed(kernels, spikes, "39", NULL, 2,
                                    (change) {add_replayed, again});
  const double poisson = ratio(r, "/cause/poisson/band_power", total);
  const double own = ratio(r, "/cause/parts/independent/band_power", total);
  const double external = ratio(r, "/cause/parts/external/band_power", total);
  meso_result *alone = cause_of(kernels, spikes, "0", NULL, 2);
  double expected = 0, found = 0; /* what external input adds, by Campbell's theorem and replayed */
  for (size_t i = 0; i < count(r, total); i++) {
    expected += numbers(r, "/cause/poisson/band_power")[i]
      - numbers(alone, "/cause/poisson/band_power")[i];
    found += numbers(r, "/cause/parts/external/band_power")[i];
  }
  meso_result_destroy(alone);
  const double with = ratio(r, "/cause/parts/with_external/band_power", total);
  printf("# Poisson %.3f, own %.3f, external %.3f, with external %.3f\n", poisson, own, external,
         with);
  CU_ASSERT(external > 0.02 && fabs(own - poisson) < 0.05 && fabs(poisson - 1) < 0.12);
  CU_ASSERT(fabs(with) < 0.02);
  MESO_CHECK_CLOSE(expected, found, 0.15, 0);
  check_parts(r);
  const meso_attrs *attrs = meso_result_find_group(r, "/cause");
  CU_ASSERT(strstr(meso_attrs_text(attrs, "finding_1"), "of it external input") != NULL);
  meso_result_destroy(r);
  r = cause_of_changed(kernels, spikes, "11", NULL, 2, (change) {add_mirrored, NULL});
  const meso_array *a = meso_result_find(r, "/cause/population/power");
  const size_t n = a->dims[2] * a->dims[3], last = a->dims[0] - 1;
  check_parts(r);
  MESO_CHECK_WORST(i, n, fabs(power_of(r, last, last)[i] / power_of(r, 0, 0)[i] - 0.25), 1e-9);
  MESO_CHECK_WORST(i, n, fabs(power_of(r, 0, last)[i] / power_of(r, 0, 0)[i] + 0.5), 1e-9);
  meso_result *one = cause_of_changed(kernels, spikes, "11", NULL, 1,
                                      (change) {add_mirrored, NULL});
  CU_ASSERT(same(one, r));
  meso_result_destroy(one);
  meso_result_destroy(r);
  r = cause_of_changed(kernels, spikes, "8", "poisson", 2, (change) {add_mirrored, NULL});
  check_parts(r);
  meso_result_destroy(r);
  meso_spikes_destroy(spikes);
  meso_result_destroy(kernels);
  meso_model_destroy(again);
  meso_model_destroy(m);
}

/* n draws' sum of the power that independent trains make, first band, first channel. */
static double sum_of_draws(const meso_result *kernels, const meso_spikes *spikes,
                           const char *surrogate, int n)
{
  char text[16];
  (void) snprintf(text, sizeof text, "%d", n);
  meso_result *r = cause_of(kernels, spikes, text, surrogate, 2);
  const double sum = n * numbers(r, "/cause/parts/independent/band_power")[0];
  meso_result_destroy(r);
  return sum;
}

/* Every draw is another one, among the first by population and among the later of all neurons. */
static void test_draws_differ(void)
{
  static const char *const sets[] = {"lfp.method=neuron", "lfp.kernel_duration_ms=30",
                                     "probe.n_contacts=2", NULL};
  static const struct { const char *surrogate; int last; } row[] = {
    {NULL, 1}, {NULL, MESO_CAUSE_BY_POPULATION + 1}, {"poisson", 1}};
  meso_model *m = model_read("toy", sets, 0, NULL);
  meso_result *kernels = build_kernels(m);
  meso_spikes *spikes = make_spikes(m, 500, 10, 0);
  for (size_t k = 0; k < sizeof row / sizeof *row; k++) {
    const char *const name = row[k].surrogate;
    const int n = row[k].last;
    const double before = n > 1 ? sum_of_draws(kernels, spikes, name, n - 1) : 0;
    const double one = sum_of_draws(kernels, spikes, name, n);
    const double two = sum_of_draws(kernels, spikes, name, n + 1);
    printf("# %s, draws %d and %d: %.4g %.4g\n", name == NULL ? "signs" : name, n - 1, n,
           one - before, two - one);
    CU_ASSERT(fabs(two - 2 * one + before) > 1e-3 * one / n);
  }
  meso_spikes_destroy(spikes);
  meso_result_destroy(kernels);
  meso_model_destroy(m);
}

int main(void)
{
  static const meso_test tests[] = {
    {"white noise", test_white_noise},
    {"expected spectra are the double sum", test_double_sum},
    {"order statistics and p values", test_tally},
    {"parts are sums over pairs of neurons", test_parts},
    {"parts and populations add up", test_sums},
    {"one population", test_one_population},
    {"intervals cover", test_coverage},
    {"threads and memory", test_threads},
    {"refusals", test_refusals},
    {"Campbell's theorem", test_campbell},
    {"random signs", test_signs},
    {"independent trains", test_independent_trains},
    {"external input", test_external},
    {"draws differ", test_draws_differ},
    {NULL, NULL}
  };
  return meso_test_main("cause", tests);
}
