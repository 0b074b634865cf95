/* test_coherence.c: confidence of spectra and coherence, from signals whose truth is known; blocks,
 * batches and instruction sets of the sums over observations. */
#include <stdlib.h>
#include <string.h>

#include "analysis_run.h"
#include "meso_cross.h"

static double normal(uint32_t stream, uint32_t i) { return draw_normal(11, stream, i); }

/* Channels of white noise; each pair 2k, 2k + 1 shares `common` of the variance. The coherence of
 * such a pair, magnitude squared, is common^2. */
static meso_signals *noise(size_t n, size_t n_channels, double common)
{
  meso_signals *s = NULL;
  meso_signal *x = NULL;
  CU_ASSERT_EQUAL_FATAL(meso_signals_create(&s, NULL), MESO_OK);
  CU_ASSERT_EQUAL_FATAL(meso_signals_add(s, "lfp", "mV", n, n_channels, 1000, 0, &x, NULL), 0);
  for (uint32_t i = 0; i < n; i++)
    for (uint32_t c = 0; c < n_channels; c++)
      x->data[i * n_channels + c] = sqrt(1 - common) * normal(c, i) +
                                    sqrt(common) * normal(1000 + c / 2, i);
  return s;
}

/* Largest distance between the distribution of sorted values and the uniform one, times sqrt(n). */
static int ascending(const void *a, const void *b)
{
  const double x = *(const double *) a, y = *(const double *) b;
  return (x > y) - (x < y);
}

static double distance_from_uniform(size_t n, double *p)
{
  double worst = 0;
  qsort(p, n, sizeof *p, ascending);
  for (size_t i = 0; i < n; i++)
    worst = fmax(worst, fmax(p[i] - (double) i / (double) n, (double) (i + 1) / (double) n - p[i]));
  return worst * sqrt((double) n);
}

/* Unrelated signals: p values (1 - C)^(L - 1) are uniform, also with overlap and with tapers; the
 * mean is the bias level; nothing is found. */
static void test_null(void)
{
  static const char *const set[3][9] = {
    {"nperseg", "128", "overlap", "0", NULL}, {"nperseg", "128", "overlap", "0.5", NULL},
    {"nperseg", "256", "overlap", "0", "method", "multitaper", NULL}};
  meso_signals *s = noise(4096, 24, 0);
  for (int k = 0; k < 3; k++) {
    meso_result *r = run("coherence", set[k], NULL, s, 2);
    const meso_array *c = meso_result_find(r, "/coherence/magnitude_squared");
    const double L = attribute(r, "/coherence", "effective_observations");
    const size_t n_f = c->dims[1], step = k == 2 ? 8 : 3; /* frequencies that share no power */
    double *p = meso_calloc(c->dims[0] * n_f, sizeof *p), mean = 0;
    size_t n = 0;
    for (size_t pair = 0; pair < c->dims[0]; pair++)
      for (size_t f = step; f + step < n_f; f += step) {
        mean += c->data[pair * n_f + f];
        p[n++] = pow(1 - c->data[pair * n_f + f], L - 1);
      }
    const double d = distance_from_uniform(n, p);
    printf("# L %.4g, mean %.4g, bias %.4g, sqrt(n) D %.3g\n", L, mean / (double) n, 1 / L, d);
    MESO_CHECK_CLOSE(1 / L, mean / (double) n, 0.03, 0);
    CU_ASSERT(d < 2.2); /* pairs share channels, so somewhat wider than Kolmogorov's 1.63 */
    const double n_tests = attribute(r, "/coherence", "n_tests");
    MESO_CHECK_CLOSE(0.05, attribute(r, "/coherence", "n_above_threshold") / n_tests, 0.1, 0);
    CU_ASSERT_EQUAL(attribute(r, "/coherence", "n_significant"), 0);
    CU_ASSERT_PTR_NOT_NULL(strstr(meso_attrs_text(meso_result_group_attrs(r, "/coherence"),
                                                  "finding"), "bias alone"));
    double debiased = 0;
    for (size_t pair = 0; pair < c->dims[0]; pair++)
      for (size_t f = step; f + step < n_f; f += step)
        debiased += values(r, "/coherence/debiased")[pair * n_f + f] / (double) n;
    MESO_CHECK_CLOSE(0, debiased, 0, 0.002);
    free(p);
    meso_result_destroy(r);
  }
  meso_signals_destroy(s);
}

/* Pairs of coherence 0.36 among unrelated ones: the right values, found without false ones. */
static void test_known(void)
{
  const double truth = 0.36;
  meso_signals *s = noise(8192, 16, 0.6);
  meso_result *r = run("coherence", (options) {"nperseg", "128", NULL}, NULL, s, 2);
  const double *pair = values(r, "/coherence/pairs"), *c = values(r, "/coherence/debiased");
  const double *raw = values(r, "/coherence/magnitude_squared");
  const double least = attribute(r, "/coherence", "fdr_threshold");
  double mean = 0, n_found = 0, n_false = 0, n_true = 0;
  for (size_t p = 0; p < 120; p++) {
    const bool related = pair[2 * p + 1] == pair[2 * p] + 1 && fmod(pair[2 * p], 2) == 0;
    for (size_t f = 2; f < 63; f++) {
      if (related) mean += c[65 * p + f] / (8 * 61);
      n_true += related;
      n_found += related && raw[65 * p + f] >= least;
      n_false += !related && raw[65 * p + f] >= least;
    }
  }
  printf("# debiased %.4g of %.4g; found %g of %g, false %g\n", mean, truth, n_found, n_true,
         n_false);
  MESO_CHECK_CLOSE(truth, mean, 0.03, 0);
  CU_ASSERT(n_found > 0.95 * n_true);
  CU_ASSERT(n_false < 0.05 * n_found);
  double band = 0;
  size_t n_band = 0;
  const double *f_Hz = values(r, "/coherence/frequency_Hz");
  for (size_t f = 0; f < 65; f++)
    if (f_Hz[f] >= 30 && f_Hz[f] < 80) {
      band += raw[f];
      n_band++;
    }
  MESO_CHECK_CLOSE(band / (double) n_band, values(r, "/coherence/band_mean")[4], 1e-13, 0);
  meso_result_destroy(r);
  r = run("coherence", (options) {"nperseg", "128", "bands_only", "true", NULL}, NULL, s, 2);
  MESO_CHECK_CLOSE(band / (double) n_band, values(r, "/coherence/band_mean")[4], 1e-13, 0);
  CU_ASSERT_PTR_NULL(meso_result_find(r, "/coherence/magnitude_squared"));
  MESO_CHECK_CLOSE(least, attribute(r, "/coherence", "fdr_threshold"), 0, 0);
  meso_result_destroy(r);
  meso_signals_destroy(s);
}

/* The jackknife's 95 % limits hold the truth in about 95 % of independent estimates. */
static void test_jackknife_coherence(void)
{
  static const double common[2] = {0.5, 0.9};
  for (int k = 0; k < 2; k++) {
    const double truth = common[k] * common[k];
    meso_signals *s = noise(4096, 40, common[k]);
    meso_result *r = run("coherence", (options) {"nperseg", "256", "overlap", "0", "method",
                         "multitaper", "nw", "3", "jackknife", "true", NULL}, NULL, s, 2);
    const double *low = values(r, "/coherence/magnitude_squared_low");
    const double *high = values(r, "/coherence/magnitude_squared_high");
    const double *c = values(r, "/coherence/magnitude_squared");
    const double *pair = values(r, "/coherence/pairs");
    double inside = 0, n = 0;
    for (size_t p = 0; p < 780; p++) {
      if (pair[2 * p + 1] != pair[2 * p] + 1 || fmod(pair[2 * p], 2) != 0) continue;
      for (size_t f = 8; f < 120; f += 6, n++)
        inside += low[129 * p + f] <= truth && truth <= high[129 * p + f];
    }
    printf("# coherence %.3g: %.4g of %g limits hold it\n", truth, inside / n, n);
    CU_ASSERT(inside / n > 0.92 && inside / n < 0.98);
    MESO_CHECK_EACH(i, 780 * 129, low[i] <= c[i] + 1e-12 && c[i] <= high[i] + 1e-12);
    meso_result_destroy(r);
    meso_signals_destroy(s);
  }
}

/* Chi-squared and jackknife limits of the density of white noise. */
static void test_spectrum_limits(void)
{
  static const char *const set[2][11] = {
    {"nperseg", "128", "overlap", "0.5", NULL},
    {"nperseg", "256", "overlap", "0", "method", "multitaper", "jackknife", "true", NULL}};
  meso_signals *s = noise(2048, 100, 0);
  for (int k = 0; k < 2; k++) {
    meso_result *r = run("spectrum", set[k], NULL, s, 2);
    const meso_array *psd = meso_result_find(r, "/spectrum/psd");
    const meso_attrs *a = meso_result_find_group(r, "/spectrum");
    const double low = meso_attrs_number(a, "limit_factor_low", NAN);
    const double high = meso_attrs_number(a, "limit_factor_high", NAN), truth = 2e-3;
    double chi = 0, jackknife = 0, n = 0;
    for (size_t c = 0; c < 100; c++)
      for (size_t f = 8; f + 8 < psd->dims[1]; f += k == 0 ? 3 : 8, n++) {
        const size_t i = c * psd->dims[1] + f;
        chi += low * psd->data[i] <= truth && truth <= high * psd->data[i];
        if (k == 1)
          jackknife += values(r, "/spectrum/psd_low")[i] <= truth &&
                       truth <= values(r, "/spectrum/psd_high")[i];
      }
    printf("# chi-squared %.4g, jackknife %.4g of %g\n", chi / n, jackknife / n, n);
    CU_ASSERT(chi / n > 0.935 && chi / n < 0.965);
    if (k == 1) CU_ASSERT(jackknife / n > 0.93 && jackknife / n < 0.97);
    meso_result_destroy(r);
  }
  meso_signals_destroy(s);
}

/* A signal twice as large (a power of two, so exactly) has the same coherence to the bit; a
 * mirrored one has the opposite phase. */
static void test_scaling(void)
{
#define MEASURES "magnitude_squared,phase,plv,ppc,pli,wpli,dwpli2,cross_real,cross_imaginary"
  static const char *const same[] = {"magnitude_squared", "plv", "ppc", "pli", "wpli", "dwpli2"};
  meso_signals *s = noise(4096, 2, 0.6);
  meso_result *r = run("coherence", (options) {"measures", MEASURES, NULL}, NULL, s, 1);
  for (size_t i = 0; i < 4096; i++) s->signal[0].data[2 * i] *= -4;
  meso_result *q = run("coherence", (options) {"measures", MEASURES, NULL}, NULL, s, 1);
  for (size_t m = 0; m < sizeof same / sizeof *same; m++) {
    char path[64];
    snprintf(path, sizeof path, "/coherence/%s", same[m]);
    const double *a = values(r, path), *b = values(q, path);
    MESO_CHECK_EACH(f, 513, a[f] == b[f] || (isnan(a[f]) && isnan(b[f])));
  }
  const double *a = values(r, "/coherence/phase"), *b = values(q, "/coherence/phase");
  MESO_CHECK_WORST(f, 513, fabs(fabs(remainder(a[f] - b[f], 2 * M_PI)) - M_PI), 1e-12);
  a = values(r, "/coherence/cross_real");
  b = values(q, "/coherence/cross_real");
  MESO_CHECK_EACH(f, 513, b[f] == -4 * a[f]);
  CU_ASSERT_STRING_EQUAL(meso_result_find(r, "/coherence/cross_real")->units, "mV^2/Hz");
  meso_result_destroy(r);
  meso_result_destroy(q);
  meso_signals_destroy(s);
}

/* Adaptive weights: those of a flat spectrum are the eigenvalues; beside a strong line they let
 * less of it through than equal weights. */
static void test_weights(void)
{
  static const char *const weights[3] = {"unweighted", "eigenvalue", "adaptive"};
  double far[3], flat[3];
  meso_signals *s = noise(1 << 14, 1, 0), *line = noise(1 << 10, 1, 0);
  for (int i = 0; i < 1 << 10; i++)
    line->signal[0].data[i] = 1e-4 * line->signal[0].data[i] + 100 * sin(2 * M_PI * 0.2003 * i);
  for (int w = 0; w < 3; w++) {
    meso_result *r = run("spectrum", (options) {"method", "multitaper", "weights", weights[w], "nw",
                         "3", "tapers", "6", NULL}, NULL, s, 1);
    flat[w] = values(r, "/spectrum/psd")[200];
    meso_result_destroy(r);
    r = run("spectrum", (options) {"method", "multitaper", "weights", weights[w], "nw", "3",
                                   "tapers",
            "6", NULL}, NULL, line, 1);
    far[w] = values(r, "/spectrum/psd")[450];
    meso_result_destroy(r);
  }
  printf("# flat %.3g %.3g %.3g, beside a line %.3g %.3g %.3g\n", flat[0], flat[1], flat[2], far[0],
         far[1], far[2]);
  MESO_CHECK_CLOSE(flat[1], flat[2], 0.03, 0);
  CU_ASSERT(fabs(flat[1] / flat[0] - 1) > 1e-4);
  CU_ASSERT(far[1] < far[0] && far[2] < 0.01 * far[1]);
  meso_signals_destroy(s);
  meso_signals_destroy(line);
}

/* Sums of all blocks, one after another. */
typedef struct copied { size_t n; double *v; } copied;

static meso_status copy(void *user, const meso_cross_block *b, meso_err *err)
{
  copied *c = user;
  (void) err;
  for (size_t f = 0; f < b->n; f++)
    for (size_t p = 0; p < b->n_pairs; p++) {
      for (size_t row = 0; row < CROSS_N_PRODUCT; row++) {
        c->v[c->n++] = meso_cross_at(b, b->product, CROSS_N_PRODUCT, p, row, f);
        c->v[c->n++] = meso_cross_at(b, b->unit, CROSS_N_PRODUCT, p, row, f);
      }
      for (size_t row = 0; row < CROSS_N_LAG; row++)
        c->v[c->n++] = meso_cross_at(b, b->lag, CROSS_N_LAG, p, row, f);
    }
  return MESO_OK;
}

/* Blocks of one group of frequencies give the sums of one block of all; every instruction set gives
 * the same bits. */
static void test_blocks(void)
{
  enum { C = 7, N_PAIRS = C * (C - 1) / 2, N_F = 65, N = N_PAIRS * N_F * 7 };
  const meso_spectral_params p = {.nperseg = 128, .overlap = 0.5};
  meso_signals *s = noise(4096, C, 0.3);
  meso_spectral_plan *plan = NULL;
  copied a = {0, meso_calloc(N, sizeof(double))}, b = {0, meso_calloc(N, sizeof(double))};
  CU_ASSERT_EQUAL_FATAL(meso_spectral_plan_create(&p, 4096, 1000, &plan, NULL), MESO_OK);
  meso_cross_request q = {.plan = plan, .data = s->signal[0].data, .n_channels = C, .n = N_F,
                          .unit = true, .lag = true, .n_threads = 2};
  CU_ASSERT_EQUAL(meso_cross_run(&q, copy, &a, NULL), MESO_OK);
  q.memory_bytes = 1;
  CU_ASSERT_EQUAL(meso_cross_run(&q, copy, &b, NULL), MESO_OK);
  CU_ASSERT_EQUAL_FATAL(a.n, N);
  CU_ASSERT(b.n == N && memcmp(a.v, b.v, N * sizeof *a.v) == 0);
  static const char *const set[2] = {"avx2", "avx512"};
  double x[4][2 * CROSS_LANES * 9], sum[2][4][CROSS_N_LAG * CROSS_LANES];
  for (uint32_t i = 0; i < 4 * 2 * CROSS_LANES * 9; i++) x[i % 4][i / 4] = normal(5, i);
  for (int k = 0; k < 2; k++) {
    const cross_kernels *kernels[2] = {cross_kernels_choose("plain"), cross_kernels_choose(set[k])};
    if (kernels[1] == NULL) continue;
    for (int lag = 0; lag < 2; lag++) {
      memset(sum, 0, sizeof sum);
      for (int side = 0; side < 2; side++)
        (lag ? kernels[side]->lag : kernels[side]->product)(
          9, (const double *const[2]) {x[0], x[1]}, (const double *const[2]) {x[2], x[3]},
          (double *const[4]) {sum[side][0], sum[side][1], sum[side][2], sum[side][3]});
      CU_ASSERT(memcmp(sum[0], sum[1], sizeof sum[0]) == 0);
    }
  }
  CU_ASSERT_PTR_NULL(cross_kernels_choose("no such set"));
  free(a.v);
  free(b.v);
  meso_spectral_plan_destroy(plan);
  meso_signals_destroy(s);
}

/* The mean of a spectrogram is the spectrum; a line that changes its frequency is where it is. */
static void test_spectrogram(void)
{
  meso_signals *s = noise(8192, 2, 0);
  for (int i = 0; i < 8192; i++)
    s->signal[0].data[2 * i] += 10 * sin(2 * M_PI * (i < 4096 ? 0.0625 : 0.25) * i);
  const char *const set[] = {"nperseg", "512", "method", "multitaper", "weights", "adaptive", NULL};
  meso_result *r = run("spectrogram", set, NULL, s, 2), *q = run("spectrum", set, NULL, s, 1);
  const meso_array *psd = meso_result_find(r, "/spectrogram/psd");
  const double *time_ms = values(r, "/spectrogram/time_ms"), *mean = values(q, "/spectrum/psd");
  const double *f_Hz = values(r, "/spectrogram/frequency_Hz");
  CU_ASSERT_FATAL(psd->dims[0] == 2 && psd->dims[1] == 31 && psd->dims[2] == 257);
  CU_ASSERT(time_ms[0] == 256 && time_ms[1] == 512);
  for (size_t c = 0; c < 2; c++)
    for (size_t f = 0; f < 257; f++) {
      double sum = 0;
      for (size_t t = 0; t < 31; t++) sum += psd->data[(c * 31 + t) * 257 + f] / 31;
      if (fabs(sum / mean[c * 257 + f] - 1) > 1e-12) CU_FAIL("another mean than the spectrum");
    }
  for (size_t t = 0; t < 31; t++) {
    const double want = t < 14 ? 62.5 : 250;
    double band[2] = {0, 0};
    for (size_t f = 0; f < 257; f++)
      band[fabs(f_Hz[f] - want) < 12] += psd->data[t * 257 + f];
    if (t < 14 || t > 16) CU_ASSERT(band[1] > 10 * band[0]);
  }
  meso_result_destroy(r);
  meso_result_destroy(q);
  r = run("spectrogram", (options) {"f_max_Hz", "100", NULL}, NULL, s, 1);
  CU_ASSERT_EQUAL(meso_result_find(r, "/spectrogram/psd")->dims[2], 103);
  meso_result_destroy(r);
  meso_signals_destroy(s);
}

/* Power of a sine; envelopes that go together, against each other, and not at all. */
static void test_envelope(void)
{
  enum { N = 20000, C = 5 };
  meso_signals *s = noise(N, C, 0);
  double *x = s->signal[0].data;
  for (int i = 0; i < N; i++) {
    const double slow = 0.8 * sin(2 * M_PI * 3e-4 * i), a = sin(2 * M_PI * 0.05 * i);
    x[C * i] = 0.01 * x[C * i] + (1 + slow) * a;
    x[C * i + 1] = 0.01 * x[C * i + 1] + 2 * (1 + slow) * cos(2 * M_PI * 0.06 * i);
    x[C * i + 2] = 0.01 * x[C * i + 2] + (1 - slow) * a;
  }
  meso_result *r = run("envelope", (options) {"bands_Hz", "30,80,150", NULL}, NULL, s, 2);
  const double *power = values(r, "/envelope/power"), *c = values(r, "/envelope/correlation");
  const double *limit = values(r, "/envelope/threshold");
  MESO_CHECK_CLOSE(0.5 * 1.32, power[0], 0.01, 0); /* mean of (1 + slow)^2 */
  MESO_CHECK_CLOSE(4 * 0.5 * 1.32, power[2], 0.01, 0);
  MESO_CHECK_CLOSE(2 * 50e-3, power[6], 0.1, 0); /* white noise: 2 sigma^2 / rate, 50 Hz, flanks */
  CU_ASSERT(c[0] > 0.99 && c[2] < -0.99);
  CU_ASSERT(fabs(c[2 * 9]) < 2 * limit[0] && fabs(c[2 * 9 + 1]) < 2 * limit[1]);
  MESO_CHECK_CLOSE(tanh(1.959964 / sqrt(1.5 * 50 * 20 - 3)), limit[0], 1e-6, 0);
  meso_result_destroy(r);
  meso_signals_destroy(s);
  s = noise(8192, 30, 0);
  r = run("envelope", (options) {"bands_Hz", "20,60", NULL}, NULL, s, 2);
  double above = 0;
  for (size_t k = 0; k < 435; k++)
    above += fabs(values(r, "/envelope/correlation")[k]) > values(r, "/envelope/threshold")[0];
  printf("# unrelated envelopes above the 5 %% threshold: %.3g %%\n", above / 4.35);
  CU_ASSERT(above / 435 > 0.02 && above / 435 < 0.09);
  meso_result_destroy(r);
  meso_signals_destroy(s);
}

static void test_refusals(void)
{
  static const struct { const char *set[7], *message; } c[] = {
    {{"jackknife", "true", NULL}, "overlap 0"}, {{"measures", "plv,granger", NULL}, "granger"},
    {{"f_min_Hz", "600", NULL}, "no frequency"}, {{"bands_Hz", "4,8,8", NULL}, "ascend"},
    {{"memory_limit_GB", "1e-6", NULL}, "bands_only"},
    {{"jackknife", "true", "bands_only", "true", NULL}, "exclude"}};
  meso_signals *s = noise(4096, 3, 0);
  for (size_t k = 0; k < sizeof c / sizeof *c; k++) {
    meso_result *r = NULL;
    meso_err err = {0};
    const meso_status st = run_raw(meso_analysis_by_name("coherence"), c[k].set, NULL, s, 1, &r,
                                   &err);
    CU_ASSERT(st == MESO_EINVAL || st == MESO_ERANGE);
    if (strstr(err.msg, c[k].message) == NULL) printf("# %s\n", err.msg);
    CU_ASSERT_PTR_NOT_NULL(strstr(err.msg, c[k].message));
    meso_result_destroy(r);
  }
  meso_signals_destroy(s);
}

int main(void)
{
  static const meso_test tests[] = {
    {"unrelated signals: uniform p values, bias level, nothing found", test_null},
    {"constructed coherence is measured without bias and found without false ones", test_known},
    {"jackknife limits of coherence hold the truth", test_jackknife_coherence},
    {"limits of spectra hold the truth", test_spectrum_limits},
    {"a factor leaves coherence as it is", test_scaling},
    {"weights of tapers", test_weights},
    {"blocks and instruction sets give the same sums", test_blocks},
    {"spectrograms", test_spectrogram},
    {"envelopes of bands", test_envelope},
    {"what makes no sense is refused", test_refusals},
    {NULL, NULL}};
  return meso_test_main("coherence", tests);
}
