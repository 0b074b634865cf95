/* test_wiener.c: Wiener kernels of rates: a filter that is known, noise that no filter explains,
 * correlated trains with kernels of their own, threads, refusals. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "meso_test.h"
#include "meso_wiener.h"

enum { N = 60000, FIT = N / 2, C = 2 };

static double uniform(uint64_t *state)
{
  *state = *state * 6364136223846793005u + 1442695040888963407u;
  return (double) (*state >> 33) * 0x1p-31 - 0.5;
}

static double at(const double *x, long t) { return t >= 0 && t < N ? x[t] : 0; }

/* Part of a channel's variance after the fit that is not explained. */
static double left_out(const double *x, const double *y, size_t c)
{
  double error = 0, total = 0, mean = 0;
  for (size_t t = FIT; t < N; t++) mean += y[t * C + c] / (N - FIT);
  for (size_t t = FIT; t < N; t++) {
    error += pow(x[t * C + c] - y[t * C + c], 2);
    total += pow(y[t * C + c] - mean, 2);
  }
  return error / total;
}

static double *fit(const double *rate, const double *signal, int n_threads)
{
  double *out = meso_calloc(N * C, sizeof *out);
  CU_ASSERT_FATAL(meso_wiener_add(N, rate, C, signal, FIT, n_threads, out, NULL) == MESO_OK);
  return out;
}

/* Channel 0: 2 r(t - 3) - r(t + 5) + 4, some of it before its cause; channel 1: with noise of equal
 * power. */
static void test_known_filter(void)
{
  double *rate = meso_calloc(N, sizeof *rate), *signal = meso_calloc(N * C, sizeof *signal);
  uint64_t state = 11;
  for (size_t t = 0; t < N; t++) rate[t] = 3 + uniform(&state);
  for (long t = 0; t < N; t++) {
    const double y = 2 * at(rate, t - 3) - at(rate, t + 5);
    signal[t * C] = y + 4;
    signal[t * C + 1] = y + sqrt(5) * uniform(&state);
  }
  double *one = fit(rate, signal, 1), *seven = fit(rate, signal, 7);
  printf("# left out: %.2g without, %.3g with noise\n", left_out(one, signal, 0),
         left_out(one, signal, 1));
  CU_ASSERT(left_out(one, signal, 0) < 0.005);
  MESO_CHECK_CLOSE(0.5, left_out(one, signal, 1), 0, 0.02);
  CU_ASSERT(memcmp(one, seven, N * C * sizeof *one) == 0);
  free(rate);
  free(signal);
  free(one);
  free(seven);
}

/* Two neurons: the second one fires as the first did 4 samples before, their kernels are 1 and
 * -1/2, so the filter is known by sum_j K_j S_jR / S_RR with R = both: (1 - e/2) / (1 + e), e a
 * delay of 4. The mean kernel, 1/4, leaves nearly all out. */
static void test_correlated_trains(void)
{
  double *rate = meso_calloc(N, sizeof *rate), *signal = meso_calloc(N * C, sizeof *signal);
  double *first = meso_calloc(N, sizeof *first), *mean = meso_calloc(N * C, sizeof *mean);
  uint64_t state = 5;
  for (size_t t = 0; t < N; t++) first[t] = uniform(&state) > 0.4 ? 1 : 0;
  for (long t = 0; t < N; t++) {
    rate[t] = at(first, t) + 0.8 * at(first, t - 4);
    signal[t * C] = at(first, t) - 0.5 * 0.8 * at(first, t - 4);
    signal[t * C + 1] = 3 * signal[t * C];
    mean[t * C] = 0.25 * rate[t] - 0.02;
  }
  double *out = fit(rate, signal, 2);
  printf("# left out: %.2g by the Wiener kernel, %.2g by the mean one\n",
         left_out(out, signal, 0), left_out(mean, signal, 0));
  CU_ASSERT(left_out(out, signal, 0) < 0.01);
  CU_ASSERT(left_out(out, signal, 1) < 0.01);
  CU_ASSERT(left_out(mean, signal, 0) > 0.5);
  free(rate);
  free(signal);
  free(first);
  free(mean);
  free(out);
}

/* Silence gives the mean; too short a record is refused. */
static void test_edges(void)
{
  double *rate = meso_calloc(N, sizeof *rate), *signal = meso_calloc(N * C, sizeof *signal);
  meso_err err = {0};
  for (size_t i = 0; i < N * C; i++) signal[i] = i % C == 0 ? 7 : 8;
  double *out = fit(rate, signal, 2);
  MESO_CHECK_WORST(i, N * C, fabs(out[i] - signal[i]), 1e-9);
  CU_ASSERT_EQUAL(meso_wiener_add(N, rate, C, signal, MESO_WIENER_SEGMENT - 1, 1, out, &err),
                  MESO_EINVAL);
  CU_ASSERT_PTR_NOT_NULL(strstr(err.msg, "at least"));
  free(rate);
  free(signal);
  free(out);
}

int main(void)
{
  static const meso_test tests[] = {
    {"known filter", test_known_filter},
    {"correlated trains", test_correlated_trains},
    {"edges", test_edges},
    {NULL, NULL}};
  return meso_test_main("Wiener kernels", tests);
}
