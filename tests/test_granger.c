/* test_granger.c: factors of spectral matrices and Granger causality of autoregressive processes
 * whose every number is known. */
#include <gsl/gsl_multifit.h>
#include <stdlib.h>
#include <string.h>

#include "analysis_run.h"
#include "meso_wilson.h"

enum { MOST = 3, ORDER = 2 };

/* x(t) = sum_k a[k] x(t - k - 1) + noise of covariance L L^T. */
typedef struct process {
  size_t n;
  double a[ORDER][MOST][MOST], L[MOST][MOST];
} process;

/* 0 drives 1; their noises go together. */
static const process two = {
  2, {{{0.9, 0, 0}, {0.8, 0.8, 0}, {0}}, {{-0.5, 0, 0}, {-0.2, -0.5, 0}, {0}}},
  {{1, 0, 0}, {0.3, 0.9, 0}, {0}}};
/* 0 drives 1, and 1 drives 2. */
static const process chain = {
  3, {{{0.5, 0, 0}, {0.7, 0.2, 0}, {0, 0.7, 0.3}}, {{-0.6, 0, 0}, {0, -0.3, 0}, {0, 0, -0.4}}},
  {{1, 0, 0}, {0, 1, 0}, {0, 0, 1}}};

static double noise_of(const process *p, size_t i, size_t j)
{
  double sum = 0;
  for (size_t k = 0; k < p->n; k++) sum += p->L[i][k] * p->L[j][k];
  return sum;
}

/* H(f) = (1 - sum_k a_k exp(-2 pi i f k))^-1. */
static void transfer_of(const process *p, double f, double complex *h)
{
  const size_t n = p->n;
  double complex inverse[MOST * MOST];
  for (size_t i = 0; i < n; i++)
    for (size_t j = 0; j < n; j++) {
      inverse[i * n + j] = h[i * n + j] = i == j;
      for (int k = 0; k < ORDER; k++)
        inverse[i * n + j] -= p->a[k][i][j] * cexp(-2 * M_PI * I * f * (k + 1));
    }
  CU_ASSERT_TRUE_FATAL(meso_wilson_solve(n, n, inverse, h));
}

static void spectrum_of(const process *p, const double complex *h, double complex *s)
{
  const size_t n = p->n;
  for (size_t i = 0; i < n * n; i++) {
    s[i] = 0;
    for (size_t k = 0; k < n; k++)
      for (size_t m = 0; m < n; m++)
        s[i] += h[i / n * n + k] * noise_of(p, k, m) * conj(h[i % n * n + m]);
  }
}

/* The factors of an exact spectral matrix are those that it was made of; odd and even periods. */
static void test_factors(void)
{
  static const size_t n_samples[2] = {512, 501};
  const process *process_of[2] = {&two, &chain};
  for (int c = 0; c < 4; c++) {
    const process *p = process_of[c / 2];
    const size_t N = n_samples[c % 2], n_f = N / 2 + 1, nn = p->n * p->n;
    double complex *s = meso_calloc(n_f * nn, sizeof *s), *h = meso_calloc(n_f * nn, sizeof *h);
    double complex *got = meso_calloc(n_f * nn, sizeof *got);
    double noise[MOST * MOST];
    meso_wilson *w = NULL;
    for (size_t f = 0; f < n_f; f++) {
      transfer_of(p, (double) f / (double) N, h + f * nn);
      spectrum_of(p, h + f * nn, s + f * nn);
    }
    CU_ASSERT_EQUAL_FATAL(meso_wilson_create(N, MOST, &w, NULL), MESO_OK);
    CU_ASSERT_EQUAL(meso_wilson_factor(w, p->n, s, got, noise), MESO_WILSON_FINE);
    MESO_CHECK_WORST(i, n_f * nn, cabs(got[i] - h[i]), 1e-9);
    MESO_CHECK_WORST(i, nn, fabs(noise[i] - noise_of(p, i / p->n, i % p->n)), 1e-10);
    for (size_t f = 0; f < n_f; f++) /* the second channel is the first one again */
      for (size_t i = 0; i < nn; i++) s[f * nn + i] = s[f * nn];
    CU_ASSERT_EQUAL(meso_wilson_factor(w, p->n, s, got, noise), MESO_WILSON_SINGULAR);
    memset(s, 0, n_f * nn * sizeof *s);
    CU_ASSERT_EQUAL(meso_wilson_factor(w, p->n, s, got, noise), MESO_WILSON_SINGULAR);
    meso_wilson_destroy(w);
    free(s);
    free(h);
    free(got);
  }
}

static meso_signals *simulate(const process *p, size_t n_times)
{
  enum { SETTLE = 1000 };
  double *x, past[ORDER][MOST] = {{0}};
  meso_signals *s = signal_of(n_times, p->n, 200, &x);
  for (uint32_t t = 0; t < n_times + SETTLE; t++) {
    double now[MOST] = {0};
    for (size_t i = 0; i < p->n; i++)
      for (size_t j = 0; j < p->n; j++) {
        for (int k = 0; k < ORDER; k++) now[i] += p->a[k][i][j] * past[k][j];
        now[i] += p->L[i][j] * draw_normal(83, (uint32_t) j, t);
      }
    memcpy(past[1], past[0], sizeof past[0]);
    memcpy(past[0], now, sizeof now);
    for (size_t i = 0; i < p->n && t >= SETTLE; i++) x[(t - SETTLE) * p->n + i] = now[i];
  }
  return s;
}

/* What the first channel adds to the second: from the process's own numbers (Geweke 1982, in the
 * form of Ding, Chen & Bressler 2006, eq. 43). */
static double truth_of(double f)
{
  double complex h[4], s[4];
  transfer_of(&two, f, h);
  spectrum_of(&two, h, s);
  const double s00 = noise_of(&two, 0, 0), s01 = noise_of(&two, 0, 1), s11 = noise_of(&two, 1, 1);
  const double power = creal(s[3]), driven = (s00 - s01 * s01 / s11) * creal(h[2] * conj(h[2]));
  return log(power / (power - driven));
}

static void test_spectrum(void)
{
  enum { N = 128, N_F = N / 2 + 1 };
  meso_signals *s = simulate(&two, 400000);
  const char *const set[] = {"nperseg", "128", NULL};
  meso_result *r = run("granger", set, NULL, s, 2);
  const double *forward = values(r, "/granger/forward"), *f_Hz = values(r, "/granger/frequency_Hz");
  const double *backward = values(r, "/granger/backward");
  double mean[2] = {0, 0}, peak = 0;
  for (size_t f = 0; f < N_F; f++) {
    const double both = f == 0 || f == N / 2 ? 1 : 2;
    mean[0] += both * forward[f] / N;
    mean[1] += both * backward[f] / N;
    peak = fmax(peak, truth_of(f_Hz[f] / 200));
  }
  CU_ASSERT(peak > 1);
  MESO_CHECK_WORST(f, N_F - 4, fabs(forward[f + 2] - truth_of(f_Hz[f + 2] / 200)), 0.04 * peak);
  MESO_CHECK_WORST(f, N_F - 4, fabs(backward[f + 2]), 0.003);
  /* Geweke's theorem, up to the roughness of an estimate on a grid */
  MESO_CHECK_CLOSE(values(r, "/granger/forward_total")[0], mean[0], 1e-3, 0);
  MESO_CHECK_CLOSE(values(r, "/granger/backward_total")[0], mean[1], 0, 2e-4);
  MESO_CHECK_CLOSE(-log(1 - 0.09 / 0.9), values(r, "/granger/instantaneous")[0], 0.03, 0);
  CU_ASSERT_EQUAL(values(r, "/granger/reason")[0], 0);
  /* of two channels there is no other to be given */
  meso_result *q = run("granger", (options) {"nperseg", "128", "conditional", "true", NULL}, NULL,
                       s, 2);
  MESO_CHECK_WORST(f, N_F, fabs(values(q, "/granger/forward")[f] - forward[f]), 1e-7);
  MESO_CHECK_WORST(f, N_F, fabs(values(q, "/granger/backward")[f] - backward[f]), 1e-7);
  MESO_CHECK_CLOSE(values(r, "/granger/forward_total")[0], values(q, "/granger/forward_total")[0],
                   1e-3, 0);
  meso_result_destroy(r);
  meso_result_destroy(q);
  meso_signals_destroy(s);
}

/* Variance of what is left of channel `to` after its regression on the past of some channels. */
static double left_by_regression(const meso_signal *x, size_t to, size_t n, const size_t *from)
{
  enum { PAST = 8 };
  const size_t C = x->n_channels, rows = x->n_times - PAST;
  gsl_matrix *past = gsl_matrix_alloc(rows, n * PAST);
  gsl_matrix *spread = gsl_matrix_alloc(n * PAST, n * PAST);
  gsl_vector *now = gsl_vector_alloc(rows), *weight = gsl_vector_alloc(n * PAST);
  gsl_multifit_linear_workspace *w = gsl_multifit_linear_alloc(rows, n * PAST);
  double squares = 0;
  for (size_t t = 0; t < rows; t++) {
    gsl_vector_set(now, t, x->data[(t + PAST) * C + to]);
    for (size_t k = 0; k < n * PAST; k++)
      gsl_matrix_set(past, t, k, x->data[(t + PAST - 1 - k / n) * C + from[k % n]]);
  }
  CU_ASSERT_EQUAL(gsl_multifit_linear(past, now, weight, spread, &squares, w), 0);
  gsl_multifit_linear_free(w);
  gsl_matrix_free(past);
  gsl_matrix_free(spread);
  gsl_vector_free(now);
  gsl_vector_free(weight);
  return squares / (double) rows;
}

/* A chain: two by two its ends seem linked, given the middle they are not; both as regression on
 * the past finds. */
static void test_conditional(void)
{
  static const size_t all[3] = {0, 1, 2}, ends[2] = {0, 2}, later[2] = {1, 2}, last[1] = {2};
  meso_signals *s = simulate(&chain, 40000);
  const meso_signal *x = &s->signal[0];
  meso_result *pairs = run("granger", (options) {"nperseg", "256", NULL}, NULL, s, 2);
  meso_result *given = run("granger", (options) {"nperseg", "256", "conditional", "true", NULL},
                           NULL, s, 2);
  const double *two_by_two = values(pairs, "/granger/forward_total");
  const double *forward = values(given, "/granger/forward_total");
  const double *backward = values(given, "/granger/backward_total");
  const double whole = left_by_regression(x, 2, 3, all);
  const double past_only = left_by_regression(x, 2, 1, last);
  printf("# 0 -> 2: %.4g, given 1: %.4g; 1 -> 2: %.4g, given 0: %.4g\n", two_by_two[1], forward[1],
         two_by_two[2], forward[2]);
  CU_ASSERT(two_by_two[1] > 0.1);
  MESO_CHECK_CLOSE(0, forward[1], 0, 0.006);
  MESO_CHECK_CLOSE(log(past_only / left_by_regression(x, 2, 2, ends)), two_by_two[1], 0.03, 0);
  MESO_CHECK_CLOSE(log(past_only / left_by_regression(x, 2, 2, later)), two_by_two[2], 0.03, 0);
  MESO_CHECK_CLOSE(log(left_by_regression(x, 2, 2, ends) / whole), forward[2], 0.03, 0);
  for (size_t k = 0; k < 3; k++) {
    double mean = 0;
    for (size_t f = 0; f < 129; f++)
      mean += (f == 0 || f == 128 ? 1 : 2) * values(given, "/granger/forward")[129 * k + f] / 256;
    MESO_CHECK_CLOSE(forward[k], mean, 1e-3, 1e-4);
    MESO_CHECK_CLOSE(0, backward[k], 0, 0.006);
  }
  meso_result_destroy(pairs);
  meso_result_destroy(given);
  meso_signals_destroy(s);
}

/* Unrelated channels, white or with memory, two by two or given others: f exceeds its threshold as
 * often as it says, is its bias on average, and no more runs than alpha have a finding; a driven
 * process has one. */
static void test_threshold(void)
{
  enum { MOST_C = 4, F = 65, MARGIN = 2 };
  static const struct { size_t C, n_times; const char *conditional; double memory; } row[] = {
    {2, 8192, "false", 0}, {2, 8192, "false", 0.8}, {4, 8192, "true", 0}, {4, 2048, "true", 0}};
  for (size_t k = 0; k < sizeof row / sizeof row[0]; k++) {
    const size_t C = row[k].C, n_repeats = MESO_TEST_SCALED(k < 2 ? 24 : 6, 3);
    double n = 0, n_above = 0, mean = 0, n_significant = 0, threshold = 0, bias = 0;
    for (uint32_t repeat = 0; repeat < n_repeats; repeat++) {
      double *x, now[MOST_C] = {0};
      meso_signals *s = signal_of(row[k].n_times, C, 200, &x);
      for (uint32_t t = 0; t < row[k].n_times; t++)
        for (uint32_t c = 0; c < C; c++)
          x[t * C + c] = now[c] = row[k].memory * now[c] +
                                  draw_normal(90, 100 * (uint32_t) k + c, 8192 * repeat + t);
      meso_result *r = run("granger", (options) {"nperseg", "128", "conditional",
                                                 row[k].conditional, NULL}, NULL, s, 2);
      threshold = attribute(r, "/granger", "threshold");
      bias = attribute(r, "/granger", "bias_level");
      n_significant += attribute(r, "/granger", "n_significant") > 0;
      const double *direction[2] = {values(r, "/granger/forward"), values(r, "/granger/backward")};
      for (size_t i = 0; i < C * (C - 1) * F; i++) {
        const double f = direction[i % 2][i / 2];
        if (i / 2 % F < MARGIN || i / 2 % F + MARGIN >= F) continue;
        n++;
        mean += f;
        n_above += f > threshold;
      }
      meso_result_destroy(r);
      meso_signals_destroy(s);
    }
    printf("# %zu channels, memory %g: %.4f above the threshold, mean %.4g of bias, %g of %zu runs "
           "with a finding\n", C, row[k].memory, n_above / n, mean / n / bias, n_significant,
           n_repeats);
    MESO_CHECK_CLOSE(0.05, n_above / n, 0, MESO_TEST_SCALED(0.012, 0.04));
    MESO_CHECK_CLOSE(1, mean / n / bias, MESO_TEST_SCALED(0.08, 0.3), 0);
    CU_ASSERT(n_significant <= ceil(0.05 * (double) n_repeats));
  }
  meso_signals *s = simulate(&two, 20000);
  meso_result *r = run("granger", (options) {"nperseg", "128", NULL}, NULL, s, 2);
  const meso_attrs *a = meso_result_find_group(r, "/granger");
  const double least = meso_attrs_number(a, "fdr_threshold", NAN);
  double n_significant = 0, smallest = INFINITY;
  for (size_t i = 2 * MARGIN; i < 2 * (F - MARGIN); i++) {
    const double f = values(r, i % 2 == 0 ? "/granger/forward" : "/granger/backward")[i / 2];
    if (f < least * (1 - 1e-9)) continue;
    n_significant++;
    smallest = fmin(smallest, f);
  }
  MESO_CHECK_CLOSE(least, smallest, 1e-9, 0); /* it is one of the values */
  CU_ASSERT(n_significant > 40);
  CU_ASSERT_EQUAL(n_significant, meso_attrs_number(a, "n_significant", NAN));
  CU_ASSERT_PTR_NOT_NULL(strstr(meso_attrs_text(a, "finding"), "are significant"));
  meso_result_destroy(r);
  meso_signals_destroy(s);
}

/* Channels that are constant or copies: NaN and the reason; too few observations, too much memory:
 * refused. */
static void test_undefined(void)
{
  double *x;
  meso_signals *s = signal_of(4096, 4, 1000, &x);
  for (uint32_t i = 0; i < 4096; i++) {
    x[4 * i] = draw_normal(89, 0, i);
    x[4 * i + 1] = 0.1;
    x[4 * i + 2] = x[4 * i];
    x[4 * i + 3] = draw_normal(89, 1, i);
  }
  const char *const set[] = {"nperseg", "128", NULL};
  meso_result *r = run("granger", set, NULL, s, 2);
  static const double reason[6] = {1, 1, 0, 1, 1, 0};
  const double *total = values(r, "/granger/backward_total");
  MESO_CHECK_EACH(p, 6, values(r, "/granger/reason")[p] == reason[p]);
  MESO_CHECK_EACH(p, 6, (isnan(total[p]) != 0) == (reason[p] != 0));
  const double *forward = values(r, "/granger/forward");
  MESO_CHECK_EACH(i, 6 * 65, (isnan(forward[i]) != 0) == (reason[i / 65] > 0));
  CU_ASSERT_EQUAL(attribute(r, "/granger", "n_undefined"), 4);
  meso_result_destroy(r);
  r = run("granger", (options) {"nperseg", "128", "conditional", "true", NULL}, NULL, s, 1);
  MESO_CHECK_EACH(p, 6, values(r, "/granger/reason")[p] == 1);
  meso_result_destroy(r);
  static const struct { const char *set[5], *message; } refused[] = {
    {{"nperseg", "4096", NULL}, "shorter nperseg"}, {{"memory_limit_GB", "1e-6", NULL}, "memory"}};
  for (size_t k = 0; k < 2; k++) {
    meso_err err = {0};
    CU_ASSERT_EQUAL(run_raw(meso_analysis_by_name("granger"), refused[k].set, NULL, s, 1, &r, &err),
                    MESO_ERANGE);
    CU_ASSERT_PTR_NOT_NULL(strstr(err.msg, refused[k].message));
    meso_result_destroy(r);
  }
  meso_signals_destroy(s);
}

int main(void)
{
  static const meso_test tests[] = {
    {"factors of an exact spectral matrix", test_factors},
    {"causality by frequency is that of the process", test_spectrum},
    {"a chain, given its middle, and by regression", test_conditional},
    {"the threshold of no influence has its level", test_threshold},
    {"channels without causality: NaN and a reason", test_undefined},
    {NULL, NULL}};
  return meso_test_main("granger", tests);
}
