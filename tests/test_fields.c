/* test_fields.c: lines, canonical coherence and dependence on distance, from signals whose truth is
 * known. */
#include <gsl/gsl_cdf.h>
#include <stdlib.h>
#include <string.h>

#include "analysis_run.h"
#include "meso_spectral.h"

static double normal(uint32_t stream, uint32_t i) { return draw_normal(97, stream, i); }

static int ascending(const void *a, const void *b)
{
  const double x = *(const double *) a, y = *(const double *) b;
  return (x > y) - (x < y);
}

/* Largest distance between the distribution of the values and the uniform one, times sqrt(n). */
static double distance_from_uniform(size_t n, double *p)
{
  double worst = 0;
  qsort(p, n, sizeof *p, ascending);
  for (size_t i = 0; i < n; i++)
    worst = fmax(worst, fmax(p[i] - (double) i / (double) n, (double) (i + 1) / (double) n - p[i]));
  return worst * sqrt((double) n);
}

/* ---- lines -------------------------------------------------------------------------------- */

/* A sum of tapers of known share, moved to one frequency, has transforms of known size there, and
 * so the F that the definition gives; cut in two, one of each segment. */
static void test_line_statistic(void)
{
  enum { N = 1000, K = 5, AT = 250 };
  static const double share[2][K] = {{1, 0.4, -0.3, 0.2, 2}, {2, 0, 1, -1, 0.5}};
  double *x, *taper = meso_calloc(K * N, sizeof *taper), sum[K] = {0}, energy = 0, mu[2], rest[2];
  CU_ASSERT_EQUAL_FATAL(meso_dpss(N, 4, K, taper, NULL, NULL), MESO_OK);
  meso_signals *s = signal_of(2 * N, 1, 1000, &x);
  for (size_t k = 0; k < K; k++) {
    for (size_t t = 0; t < N; t++) {
      sum[k] += taper[k * N + t];
      for (size_t half = 0; half < 2; half++)
        x[half * N + t] += share[half][k] * taper[k * N + t] *
                           cos(2 * M_PI * AT * (double) t / N + (double) half);
    }
    energy += sum[k] * sum[k];
  }
  for (size_t half = 0; half < 2; half++) {
    mu[half] = rest[half] = 0;
    for (size_t k = 0; k < K; k++) mu[half] += sum[k] * share[half][k] / 2 / energy;
    for (size_t k = 0; k < K; k++) rest[half] += pow(share[half][k] / 2 - mu[half] * sum[k], 2);
  }
  meso_result *r = run("lines", (options) {"nperseg", "1000", "detrend", "none", "tapers", "5",
                       NULL}, NULL, s, 1);
  const double F = (K - 1) * energy * (mu[0] * mu[0] + mu[1] * mu[1]) / (rest[0] + rest[1]);
  MESO_CHECK_CLOSE(F, values(r, "/lines/F")[AT], 1e-6, 0);
  MESO_CHECK_CLOSE(gsl_cdf_fdist_Q(F, 4, 16), values(r, "/lines/p")[AT], 1e-5, 0);
  MESO_CHECK_CLOSE(2 * sqrt((mu[0] * mu[0] + mu[1] * mu[1]) / 2),
                   values(r, "/lines/amplitude")[AT], 1e-6, 0);
  CU_ASSERT_EQUAL(values(r, "/lines/frequency_Hz")[AT], AT);
  meso_result_destroy(r);
  free(taper);
  meso_signals_destroy(s);
}

/* Noise: p values are uniform and nothing is found. A line in it: found, and only it, with its
 * amplitude. */
static void test_lines(void)
{
  enum { N = 8192, C = 20 };
  static const char *const nperseg[2] = {"0", "2048"};
  double *x;
  meso_signals *s = signal_of(N, C, 1024, &x);
  for (int cut = 0; cut < 2; cut++) {
    for (uint32_t i = 0; i < N * C; i++) x[i] = normal(i % C, i / C);
    meso_result *r = run("lines", (options) {"nperseg", nperseg[cut], NULL}, NULL, s, 2);
    const meso_array *p = meso_result_find(r, "/lines/p");
    const size_t n_f = p->dims[1];
    double *apart = meso_calloc(C * n_f, sizeof *apart);
    size_t n = 0, line = cut ? 200 : 800; /* 100 Hz */
    for (size_t c = 0; c < C; c++)
      for (size_t f = 8; f + 8 < n_f; f += 8) apart[n++] = p->data[c * n_f + f];
    const double d = distance_from_uniform(n, apart);
    printf("# sqrt(n) D of %zu p values: %.3g\n", n, d);
    CU_ASSERT(d < 1.63);
    CU_ASSERT_EQUAL(attribute(r, "/lines", "n_significant"), 0);
    MESO_CHECK_EACH(f, 5, isnan(p->data[f]) && isnan(p->data[n_f - 1 - f]));
    meso_result_destroy(r);
    for (uint32_t i = 0; i < N; i++) x[i * C + 3] += 0.5 * sin(2 * M_PI * 100 * i / 1024.0 + 1);
    r = run("lines", (options) {"nperseg", nperseg[cut], NULL}, NULL, s, 2);
    CU_ASSERT(values(r, "/lines/p")[3 * n_f + line] < 1e-9);
    MESO_CHECK_CLOSE(0.5, values(r, "/lines/amplitude")[3 * n_f + line], 0.12, 0);
    const double found = attribute(r, "/lines", "n_significant");
    const double least = attribute(r, "/lines", "fdr_threshold_F");
    CU_ASSERT(found >= 1 && found <= 4);
    const double *F = values(r, "/lines/F");
    /* the line fills the band of its tapers, where F falls off at once */
    MESO_CHECK_EACH(i, C * n_f, !(F[i] >= least) || (i / n_f == 3 && llabs((long long) (i % n_f) -
                                                                       (long long) line) <= 4));
    meso_result_destroy(r);
    free(apart);
  }
  for (size_t i = 0; i < N; i++) x[i * C + 5] = 3.3;
  meso_result *r = run("lines", (options) {NULL}, NULL, s, 1);
  MESO_CHECK_EACH(f, N / 2 + 1, isnan(values(r, "/lines/F")[5 * (N / 2 + 1) + f]));
  meso_result_destroy(r);
  meso_err err = {0};
  CU_ASSERT_EQUAL(run_raw(meso_analysis_by_name("lines"), (options) {"tapers", "1", NULL}, NULL, s,
                          1, &r, &err), MESO_ERANGE);
  CU_ASSERT_PTR_NOT_NULL(strstr(err.msg, "at least 2"));
  meso_result_destroy(r);
  meso_signals_destroy(s);
}

/* ---- canonical coherence -------------------------------------------------------------------- */

/* One channel against one: the coherence, and its own distribution. */
static void test_canonical_of_two(void)
{
  double *x;
  meso_signals *s = signal_of(8192, 2, 1000, &x);
  for (uint32_t i = 0; i < 8192; i++) {
    x[2 * i] = normal(0, i);
    x[2 * i + 1] = 0.5 * x[2 * i] + normal(1, i);
  }
  const char *const set[] = {"nperseg", "256", NULL};
  meso_result *r = run("canonical_coherence", set, NULL, s, 2);
  meso_result *q = run("coherence", set, NULL, s, 2);
  const double *rho = values(r, "/canonical_coherence/magnitude_squared");
  const double *c = values(q, "/coherence/magnitude_squared");
  const double *p = values(r, "/canonical_coherence/p");
  const double L = attribute(q, "/coherence", "effective_observations");
  MESO_CHECK_WORST(f, 129, fabs(rho[f] - c[f]), 1e-12);
  MESO_CHECK_WORST(f, 125, fabs(p[f + 2] / pow(1 - c[f + 2], L - 1) - 1), 1e-9);
  CU_ASSERT(isnan(p[0]) && isnan(p[1]) && isnan(p[127]) && isnan(p[128]));
  const double *debiased = values(r, "/canonical_coherence/mean_debiased");
  MESO_CHECK_WORST(f, 129, fabs(debiased[f] - values(q, "/coherence/debiased")[f]), 1e-9);
  MESO_CHECK_CLOSE(attribute(q, "/coherence", "threshold"),
                   attribute(r, "/canonical_coherence", "threshold"), 1e-9, 0);
  MESO_CHECK_CLOSE(1 / L, attribute(r, "/canonical_coherence", "bias_level"), 1e-12, 0);
  meso_result_destroy(r);
  meso_result_destroy(q);
  meso_signals_destroy(s);
}

/* A source s of variance 1 in both groups: gains g in white noise of variance 1 let the best sum of
 * a group follow it with coherence |g|^2 / (1 + |g|^2); the largest eigenvalue of all is
 * 1 + |g_A|^2 + |g_B|^2. */
static void test_canonical_known(void)
{
  enum { N = 1 << 16, P = 3, Q = 4, C = P + Q };
  static const double gain[C] = {1, 0.8, 0, 0.5, -0.6, 0.3, -0.5};
  static const char *const split[] = {"nperseg", "256", "channels_a", "0,6,3", NULL};
  double *x, g[2] = {0, 0}, mean[P + 1] = {0};
  meso_signals *s = signal_of(N, C, 1000, &x);
  for (size_t c = 0; c < C; c++) g[c % 3 != 0] += gain[c] * gain[c];
  for (uint32_t i = 0; i < N; i++)
    for (uint32_t c = 0; c < C; c++) /* channels hear it at different times */
      x[C * i + c] = normal(10 + c, i) + gain[c] * normal(9, i + c % 3);
  meso_result *r = run("canonical_coherence", split, NULL, s, 2);
  const double *rho = values(r, "/canonical_coherence/magnitude_squared");
  const double *global = values(r, "/canonical_coherence/global");
  for (size_t f = 2; f < 127; f++) {
    for (size_t k = 0; k < P; k++) mean[k] += rho[129 * k + f] / 125;
    mean[P] += global[f] / 125;
  }
  const double L = attribute(r, "/canonical_coherence", "effective_observations");
  const double truth = g[0] / (1 + g[0]) * g[1] / (1 + g[1]);
  printf("# rho %.4g of %.4g, then %.2g, %.2g; global %.4g\n", mean[0], truth, mean[1], mean[2],
         mean[P]);
  MESO_CHECK_CLOSE(truth, mean[0], 0.05, 0); /* and a bias of about C / L */
  CU_ASSERT(mean[1] < 8 / L && mean[2] < mean[1]);
  MESO_CHECK_CLOSE((1 + g[0] + g[1]) / (C + g[0] + g[1]), mean[P], 0.02, 0);
  MESO_CHECK_EACH(f, 129, rho[f] >= rho[129 + f] && rho[129 + f] >= rho[258 + f]);
  CU_ASSERT_EQUAL(attribute(r, "/canonical_coherence", "n_significant"), 125);
  for (size_t i = 0; i < N; i++) { /* other sums of the same channels say the same */
    const double a = x[C * i], b = x[C * i + 3];
    x[C * i] = 100 * (a + 2 * b);
    x[C * i + 3] = a - b;
    x[C * i + 6] += 3 * a;
  }
  meso_result *q = run("canonical_coherence", split, NULL, s, 2);
  const double *mixed = values(q, "/canonical_coherence/magnitude_squared");
  MESO_CHECK_WORST(f, 3 * 129, fabs(mixed[f] - rho[f]), 1e-9);
  meso_result_destroy(r);
  meso_result_destroy(q);
  meso_signals_destroy(s);
}

/* Unrelated groups: the sum of all coherences is p q / L on average, p values are uniform; what has
 * too few observations or no power is NaN; groups that make no sense are refused. */
static void test_canonical_null(void)
{
  enum { N = 1 << 17, C = 5 };
  double *x, sum = 0, p[300], debiased = 0;
  size_t n = 0, n_above = 0, n_below_p = 0;
  meso_signals *s = signal_of(N, C, 1000, &x);
  for (uint32_t i = 0; i < N * C; i++) x[i] = normal(20 + i % C, i / C);
  meso_result *r = run("canonical_coherence", (options) {"nperseg", "2048", "overlap", "0",
                       "channels_b", "4,1,3", NULL}, NULL, s, 2);
  const double *rho = values(r, "/canonical_coherence/magnitude_squared");
  for (size_t f = 3; f < 1020 && n < 300; f += 4, n++) {
    sum += rho[f] + rho[1025 + f];
    debiased += values(r, "/canonical_coherence/mean_debiased")[f];
    n_above += 1 - sqrt((1 - rho[f]) * (1 - rho[1025 + f])) >
               attribute(r, "/canonical_coherence", "threshold");
    n_below_p += values(r, "/canonical_coherence/p")[f] < 0.05;
    p[n] = values(r, "/canonical_coherence/p")[f];
  }
  const double d = distance_from_uniform(n, p);
  printf("# sum %.4g, sqrt(n) D of %zu p values: %.3g\n", sum / (double) n, n, d);
  MESO_CHECK_CLOSE(6.0 / 64, sum / (double) n, 0.05, 0);
  MESO_CHECK_CLOSE(6.0 / 64, attribute(r, "/canonical_coherence", "bias_level"), 1e-9, 0);
  CU_ASSERT(d < 1.63);
  MESO_CHECK_CLOSE(0, debiased / (double) n, 0, 0.005);
  CU_ASSERT(n_above == n_below_p && n_above > 3 && n_above < 30); /* the test, in other units */
  CU_ASSERT_EQUAL(attribute(r, "/canonical_coherence", "n_significant"), 0);
  const double *reason = values(r, "/canonical_coherence/reason");
  MESO_CHECK_EACH(f, 1025, reason[f] == (f < 2 || f > 1022)); /* 1: no p */
  MESO_CHECK_EACH(f, 1025, isnan(values(r, "/canonical_coherence/p")[f]) == (reason[f] > 0));
  MESO_CHECK_EACH(k, 2, values(r, "/canonical_coherence/channels_a")[k] == 2 * (double) k);
  meso_result_destroy(r);
  r = run("canonical_coherence", (options) {"nperseg", "32768", "overlap", "0", NULL}, NULL, s, 2);
  MESO_CHECK_EACH(f, 2 * 16385, isnan(values(r, "/canonical_coherence/magnitude_squared")[f]));
  MESO_CHECK_EACH(f, 16385, values(r, "/canonical_coherence/reason")[f] == 3);
  CU_ASSERT_PTR_NOT_NULL(meso_attrs_text(meso_result_find_group(r, "/canonical_coherence"),
                                         "undefined"));
  meso_result_destroy(r);
  for (size_t i = 0; i < N; i++) x[C * i] = 1.1;
  r = run("canonical_coherence", (options) {"nperseg", "1024", NULL}, NULL, s, 2);
  MESO_CHECK_EACH(f, 2 * 513, isnan(values(r, "/canonical_coherence/magnitude_squared")[f]));
  MESO_CHECK_EACH(f, 513, values(r, "/canonical_coherence/reason")[f] == 2);
  const char *why = meso_attrs_text(meso_result_find_group(r, "/canonical_coherence"), "undefined");
  CU_ASSERT(why != NULL && strncmp(why, "513 of 513 frequencies: a channel has no power", 40) == 0);
  meso_result_destroy(r);
  static const struct { const char *set[5], *message; } refused[] = {
    {{"channels_a", "7", NULL}, "no channel"}, {{"channels_a", "1.5", NULL}, "no channel"},
    {{"channels_a", "1,1", NULL}, "twice"},
    {{"channels_a", "0,1", "channels_b", "1,2", NULL}, "twice"},
    {{"channels_a", "0,1,2,3,4", NULL}, "empty"}};
  for (size_t k = 0; k < sizeof refused / sizeof *refused; k++) {
    meso_err err = {0};
    CU_ASSERT_NOT_EQUAL(run_raw(meso_analysis_by_name("canonical_coherence"), refused[k].set, NULL,
                                s, 1, &r, &err), MESO_OK);
    if (strstr(err.msg, refused[k].message) == NULL) printf("# %s\n", err.msg);
    CU_ASSERT_PTR_NOT_NULL(strstr(err.msg, refused[k].message));
    meso_result_destroy(r);
  }
  meso_signals_destroy(s);
}

/* ---- distance ------------------------------------------------------------------------------- */

/* White noise in time whose correlation is exp(-d / 400 um), on a line of 21 contacts. */
static meso_signals *make_line(size_t n, uint32_t seed)
{
  enum { C = 21 };
  const double r = exp(-100.0 / 400);
  double *x;
  meso_signals *s = signal_of(n, C, 1000, &x);
  for (uint32_t i = 0; i < n; i++) {
    x[C * i] = draw_normal(seed, 0, i);
    for (uint32_t c = 1; c < C; c++)
      x[C * i + c] = r * x[C * i + c - 1] + sqrt(1 - r * r) * draw_normal(seed, c, i);
  }
  s->signal[0].position_um = meso_calloc(3 * C, sizeof(double));
  for (size_t c = 0; c < C; c++) s->signal[0].position_um[3 * c] = 100 * (double) c;
  return s;
}

static const double *of(const meso_result *r, const char *name)
{
  char path[96];
  (void) snprintf(path, sizeof path, "/field_distance/%s", name);
  return values(r, path);
}

/* Share of the weighted variance of n values that a exp(-d / b) + c explains. */
static double r_squared(size_t n, const double *d, const double *y, const double *w, double a,
                        double b, double c)
{
  double sum = 0, mean = 0, rest = 0, all = 0;
  for (size_t k = 0; k < n; k++)
    if (isfinite(y[k])) sum += w[k], mean += w[k] * y[k];
  for (size_t k = 0; k < n; k++) {
    if (!isfinite(y[k])) continue;
    rest += w[k] * pow(y[k] - a * exp(-d[k] / b) - c, 2);
    all += w[k] * pow(y[k] - mean / sum, 2);
  }
  return 1 - rest / all;
}

static void test_distance(void)
{
  enum { CLASSES = 21, BANDS = 2 };
  meso_signals *s = make_line(30000, 101);
  const char *const set[] = {"nperseg", "128", "bands_Hz", "20,100,300", "resamples", "100", NULL};
  meso_result *r = run("field_distance", set, NULL, s, 2);
  CU_ASSERT_EQUAL_FATAL(meso_result_find(r, "/field_distance/coherence")->dims[0], BANDS);
  CU_ASSERT_EQUAL_FATAL(meso_result_find(r, "/field_distance/correlation")->dims[0], BANDS + 1);
  CU_ASSERT_EQUAL_FATAL(meso_result_find(r, "/field_distance/distance_um")->dims[0], CLASSES);
  const double *d = of(r, "distance_um"), *coherence = of(r, "coherence");
  const double *correlation = of(r, "correlation"), *n_pairs = of(r, "n_pairs");
  CU_ASSERT(isnan(d[0]) && n_pairs[0] == 0 && isnan(coherence[0])); /* none nearer than 100 um */
  MESO_CHECK_EACH(k, 20, d[k + 1] == 100 * (double) (k + 1) && n_pairs[k + 1] == 20 - (double) k);
  for (size_t b = 0; b < BANDS + 1; b++) {
    const double *v = correlation + CLASSES * b;
    MESO_CHECK_WORST(k, 15, fabs(v[k + 1] - exp(-d[k + 1] / 400)), 0.03);
    MESO_CHECK_CLOSE(1, of(r, "correlation_fit_a")[b], 0.04, 0);
    MESO_CHECK_CLOSE(400, of(r, "correlation_fit_b_um")[b], 0.08, 0);
    MESO_CHECK_CLOSE(0, of(r, "correlation_fit_c")[b], 0, 0.04);
    MESO_CHECK_CLOSE(r_squared(CLASSES, d, v, n_pairs, of(r, "correlation_fit_a")[b],
                               of(r, "correlation_fit_b_um")[b], of(r, "correlation_fit_c")[b]),
                     of(r, "correlation_fit_r_squared")[b], 1e-9, 0);
    CU_ASSERT(of(r, "correlation_fit_r_squared")[b] > 0.98);
    if (b == BANDS) break;
    v = coherence + CLASSES * b;
    MESO_CHECK_WORST(k, 15, fabs(v[k + 1] - exp(-2 * d[k + 1] / 400)), 0.03);
    MESO_CHECK_CLOSE(200, of(r, "coherence_fit_b_um")[b], 0.08, 0);
    MESO_CHECK_CLOSE(0, of(r, "coherence_fit_c")[b], 0, 0.01);
    MESO_CHECK_CLOSE(0, v[20], 0, 0.02); /* no bias where nothing is left */
    CU_ASSERT(of(r, "coherence_fit_b_um_low")[b] <= of(r, "coherence_fit_b_um")[b]);
    CU_ASSERT(of(r, "coherence_fit_b_um_high")[b] >= of(r, "coherence_fit_b_um")[b]);
  }
  MESO_CHECK_EACH(k, 18, of(r, "coherence_low")[k + 1] <= coherence[k + 1] + 1e-12 &&
                  of(r, "coherence_high")[k + 1] >= coherence[k + 1] - 1e-12);
  /* the correlation of whole signals, once more from the samples */
  const meso_signal *x = &s->signal[0];
  double xy = 0, xx = 0, yy = 0;
  for (size_t i = 0; i < x->n_times; i++) {
    xy += x->data[21 * i] * x->data[21 * i + 20];
    xx += x->data[21 * i] * x->data[21 * i];
    yy += x->data[21 * i + 20] * x->data[21 * i + 20];
  }
  MESO_CHECK_CLOSE(xy / sqrt(xx * yy), correlation[2 * CLASSES + 20], 0, 0.02);
  meso_result_destroy(r);
  meso_signals_destroy(s);
}

/* Channels that hear one source each with a gain of its own, drawn between 0.2 and 0.8: the mean
 * correlation of two is 0.5^2. Limits hold it about as often as they say, if channels are drawn;
 * drawing pairs, which share channels, gives limits that are too narrow. */
static void test_distance_limits(void)
{
  enum { RUNS = 60, C = 20, N = 4000 };
  static const char *const drawn[2] = {"channels", "pairs"};
  double inside[2] = {0, 0}, width[2] = {0, 0}, *x;
  meso_signals *s = signal_of(N, C, 1000, &x);
  s->signal[0].position_um = meso_calloc(3 * C, sizeof(double));
  for (uint32_t k = 0; k < RUNS; k++) {
    for (uint32_t i = 0; i < N * C; i++) {
      const double gain = 0.2 + 0.6 * draw_uniform(103, k, i % C);
      x[i] = gain * draw_normal(300 + k, 0, i / C) +
             sqrt(1 - gain * gain) * draw_normal(300 + k, 1 + i % C, i / C);
    }
    for (int b = 0; b < 2; b++) {
      meso_result *r = run("field_distance", (options) {"nperseg", "64", "bands_Hz", "20,400",
                           "resamples", "200", "bootstrap", drawn[b], NULL}, NULL, s, 2);
      const double low = of(r, "correlation_low")[0], high = of(r, "correlation_high")[0];
      inside[b] += low <= 0.25 && 0.25 <= high;
      width[b] += (high - low) / RUNS;
      meso_result_destroy(r);
    }
  }
  printf("# limits hold it in %g and %g of %d, %.3g and %.3g wide\n", inside[0], inside[1],
         (int) RUNS, width[0], width[1]);
  CU_ASSERT(inside[0] >= 0.85 * RUNS);
  CU_ASSERT(inside[1] < 0.7 * RUNS && width[1] < 0.6 * width[0]);
  meso_signals_destroy(s);
}

/* Unrelated channels: no coherence is left, however few the observations. */
static void test_distance_bias(void)
{
  enum { N = 1200, C = 30 };
  double *x;
  meso_signals *s = signal_of(N, C, 1000, &x);
  s->signal[0].position_um = meso_calloc(3 * C, sizeof(double));
  for (uint32_t i = 0; i < N * C; i++) x[i] = normal(i % C, i / C);
  meso_result *r = run("field_distance", (options) {"nperseg", "128", "bands_Hz", "20,400",
                       "resamples", "20", NULL}, NULL, s, 2);
  CU_ASSERT(attribute(r, "/field_distance", "effective_observations") < 20);
  MESO_CHECK_CLOSE(0, of(r, "coherence")[0], 0, 0.01);
  MESO_CHECK_CLOSE(0, of(r, "correlation")[0], 0, 0.01);
  meso_result_destroy(r);
  meso_signals_destroy(s);
}

static void test_distance_refusals(void)
{
  meso_result *r = NULL;
  meso_err err = {0};
  meso_signals *s = make_line(2000, 7);
  const meso_analysis_ops *ops = meso_analysis_by_name("field_distance");
  r = run("field_distance", (options) {"nperseg", "2000", "resamples", "0", NULL}, NULL, s, 1);
  CU_ASSERT(isnan(of(r, "coherence")[1]) && isfinite(of(r, "correlation")[1]));
  CU_ASSERT(isnan(of(r, "correlation_low")[1]));
  CU_ASSERT_PTR_NOT_NULL(meso_attrs_text(meso_result_find_group(r, "/field_distance"),
                                         "undefined"));
  meso_result_destroy(r);
  CU_ASSERT_EQUAL(run_raw(ops, (options) {"distance_bin_um", "0.001", NULL}, NULL, s, 1, &r, &err),
                  MESO_ERANGE);
  CU_ASSERT_PTR_NOT_NULL(strstr(err.msg, "classes"));
  meso_result_destroy(r);
  CU_ASSERT_EQUAL(run_raw(ops, (options) {"bands_Hz", "3", NULL}, NULL, s, 1, &r, &err),
                  MESO_EINVAL);
  meso_result_destroy(r);
  free(s->signal[0].position_um);
  s->signal[0].position_um = NULL;
  CU_ASSERT_EQUAL(run_raw(ops, (options) {NULL}, NULL, s, 1, &r, &err), MESO_EINVAL);
  CU_ASSERT_PTR_NOT_NULL(strstr(err.msg, "positions"));
  meso_result_destroy(r);
  meso_signals_destroy(s);
}

int main(void)
{
  static const meso_test tests[] = {
    {"F of a line is that of its definition", test_line_statistic},
    {"lines are found, and only lines", test_lines},
    {"canonical coherence of two channels is their coherence", test_canonical_of_two},
    {"a source in two groups", test_canonical_known},
    {"unrelated groups, too few observations, wrong groups", test_canonical_null},
    {"coherence and correlation that fall off with distance", test_distance},
    {"limits over channels hold the truth", test_distance_limits},
    {"unrelated channels have no coherence at any distance", test_distance_bias},
    {"what has no distance is refused", test_distance_refusals},
    {NULL, NULL}};
  return meso_test_main("fields", tests);
}
