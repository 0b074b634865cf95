/* test_approximation.c: errors of approximations that are known by construction, and of kernels of
 * populations against kernels of neurons. */
#include <stdlib.h>
#include <string.h>

#include "meso_analysis.h"
#include "meso_test.h"

enum { N = 60000, N_CHANNELS = 2, N_FREQUENCIES = 129 };

static double uniform(uint64_t *state)
{
  *state = *state * 6364136223846793005u + 1442695040888963407u;
  return (double) (*state >> 33) * 0x1p-31 - 0.5;
}

static meso_signal *add_signal(meso_signals *signals, const char *name)
{
  meso_signal *s;
  CU_ASSERT_FATAL(meso_signals_add(signals, name, "mV", N, N_CHANNELS, 1000, 0, &s, NULL)
                  == MESO_OK);
  return s;
}

/* White noise y; half of y plus 3; y plus independent noise of the same power; noise alone. */
static meso_signals *make_signals(void)
{
  static const char *const name[] = {"lfp", "lfp_by_half", "lfp_by_noisy", "lfp_by_chance"};
  meso_signals *signals = NULL;
  double *x[4];
  uint64_t state = 7;
  CU_ASSERT_FATAL(meso_signals_create(&signals, NULL) == MESO_OK);
  for (size_t i = 0; i < 4; i++) x[i] = add_signal(signals, name[i])->data;
  for (size_t i = 0; i < N * N_CHANNELS; i++) {
    x[0][i] = uniform(&state);
    x[1][i] = 0.5 * x[0][i] + 3;
    x[3][i] = uniform(&state);
    x[2][i] = x[0][i] + x[3][i];
  }
  return signals;
}

static meso_status run(const meso_signals *signals, const char *key, const char *value,
                       int n_threads, meso_result **result, meso_err *err)
{
  const meso_analysis_ops *ops = meso_analysis_by_name("approximation");
  CU_ASSERT_PTR_NOT_NULL_FATAL(ops);
  void *params = meso_calloc(1, ops->params_size);
  CU_ASSERT_FATAL(meso_params_default(ops->params, params, NULL) == MESO_OK);
  CU_ASSERT_FATAL(meso_params_set(ops->params, params, "nperseg", "256", NULL, NULL) == MESO_OK);
  CU_ASSERT_FATAL(key == NULL || meso_params_set(ops->params, params, key, value, NULL, NULL)
                  == MESO_OK);
  CU_ASSERT_FATAL(meso_result_create(result, NULL) == MESO_OK);
  const meso_status status = ops->run(params, NULL, signals, n_threads, *result, err);
  meso_params_clear(ops->params, params);
  free(params);
  return status;
}

static void test_known_errors(void)
{
  static const struct { const char *path; double of[3], within[3]; } row[] = {
    {"correlation_squared", {1, 0.5, 0}, {1e-12, 0.02, 0.001}},
    {"explained_variance", {0.75, 0, -1}, {1e-12, 0.03, 0.03}},
    {"sd_ratio", {0.5, 1.41421356, 1}, {1e-12, 0.02, 0.02}},
    {"coherence_squared", {1, 0.5, 0}, {1e-12, 0.2, 0.06}},
    {"error_ratio", {0.25, 1, 2}, {1e-12, 0.45, 0.9}},
    {"amplitude_ratio", {0.5, 1.41421356, 1}, {1e-12, 0.35, 0.25}}};
  meso_signals *signals = make_signals();
  meso_result *result = NULL;
  char path[64];
  CU_ASSERT_FATAL(run(signals, NULL, NULL, 2, &result, NULL) == MESO_OK);
  for (size_t r = 0; r < sizeof row / sizeof *row; r++) {
    (void) snprintf(path, sizeof path, "/approximation/%s", row[r].path);
    const meso_array *a = meso_result_find(result, path);
    CU_ASSERT_PTR_NOT_NULL_FATAL(a);
    const size_t n = meso_array_count(a) / 3;
    CU_ASSERT_EQUAL_FATAL(n, a->n_dims == 2 ? N_CHANNELS : N_CHANNELS * N_FREQUENCIES);
    for (size_t i = 0; i < 3; i++)
      for (size_t k = 0; k < n; k++) {
        const size_t f = k % N_FREQUENCIES;
        if (a->n_dims == 3 && (f < 2 || f == N_FREQUENCIES - 1)) continue; /* mean removed */
        MESO_CHECK_CLOSE(row[r].of[i], a->data[i * n + k], 0, row[r].within[i]);
      }
  }
  const meso_array *name = meso_result_find(result, "/approximation/name");
  CU_ASSERT_PTR_NOT_NULL_FATAL(name);
  CU_ASSERT_STRING_EQUAL(name->text[2], "lfp_by_chance");
  const meso_attrs *a = meso_result_find_group(result, "/approximation");
  const double L = meso_attrs_number(a, "effective_observations", NAN);
  const double *c = meso_result_find(result, "/approximation/coherence_squared")->data;
  const double *d = meso_result_find(result, "/approximation/coherence_debiased")->data;
  const size_t block = N_CHANNELS * N_FREQUENCIES;
  double mean = 0;
  for (size_t k = 2; k < N_FREQUENCIES - 2; k++) mean += d[2 * block + k] / (N_FREQUENCIES - 4);
  MESO_CHECK_WORST(i, 3 * block, fabs(d[i] - (L * c[i] - 1) / (L - 1)), 1e-12);
  MESO_CHECK_CLOSE(0, mean, 0, 0.3 / L); /* by chance */
  MESO_CHECK_CLOSE(1 / L, meso_attrs_number(a, "bias_level", NAN), 1e-12, 0);
  MESO_CHECK_CLOSE(1 - pow(0.05, 1 / (L - 1)), meso_attrs_number(a, "threshold", NAN), 1e-12, 0);
  meso_result_destroy(result);
  meso_signals_destroy(signals);
}

/* White error of a third of the power of white x: a quarter of both, at every frequency. */
static void test_expected(void)
{
  meso_signals *signals = make_signals();
  (void) add_signal(signals, "lfp_by_mean_kernel");
  meso_signal *error = add_signal(signals, "lfp_error_if_independent");
  meso_signal *x = error - 1; /* the one before: adding moves them */
  meso_result *result = NULL;
  uint64_t state = 11;
  for (size_t i = 0; i < N * N_CHANNELS; i++) {
    x->data[i] = uniform(&state);
    error->data[i] = 7 + uniform(&state) / sqrt(3);
  }
  CU_ASSERT_FATAL(run(signals, NULL, NULL, 2, &result, NULL) == MESO_OK);
  const meso_array *share = meso_result_find(result, "/approximation/expected_explained_variance");
  const meso_array *ratio = meso_result_find(result, "/approximation/expected_error_ratio");
  CU_ASSERT_FATAL(share != NULL && ratio != NULL);
  CU_ASSERT_EQUAL(meso_array_count(share), N_CHANNELS);
  CU_ASSERT_EQUAL(meso_array_count(ratio), N_CHANNELS * N_FREQUENCIES);
  for (size_t c = 0; c < N_CHANNELS; c++) {
    MESO_CHECK_CLOSE(0.75, share->data[c], 0, 0.01);
    const double *of = ratio->data + c * N_FREQUENCIES + 2;
    MESO_CHECK_WORST(f, N_FREQUENCIES - 3, fabs(of[f] - 0.25), 0.12);
  }
  meso_result_destroy(result);
  CU_ASSERT_FATAL(run(signals, "head", "lfp_by_h", 2, &result, NULL) == MESO_OK);
  CU_ASSERT_PTR_NULL(meso_result_find(result, "/approximation/expected_error_ratio"));
  meso_result_destroy(result);
  error->t_start_ms = 5;
  CU_ASSERT_EQUAL(run(signals, NULL, NULL, 1, &result, NULL), MESO_EINVAL);
  meso_result_destroy(result);
  meso_signals_destroy(signals);
}

/* Samples that gave the weights are left out. */
static void test_held_out(void)
{
  meso_signals *signals = make_signals();
  meso_signal *half = meso_signals_find(signals, "lfp_by_half");
  meso_result *result = NULL;
  for (size_t i = 0; i < N * N_CHANNELS / 2; i++) half->data[i] = 0;
  CU_ASSERT(meso_attrs_set_number(&half->attrs, "weights_until_ms", N / 2, NULL) == MESO_OK);
  CU_ASSERT_FATAL(run(signals, NULL, NULL, 1, &result, NULL) == MESO_OK);
  const meso_array *a = meso_result_find(result, "/approximation/explained_variance");
  MESO_CHECK_CLOSE(0.75, a->data[0], 1e-12, 0);
  meso_result_destroy(result);
  meso_signals_destroy(signals);
}

static void test_threads(void)
{
  meso_signals *signals = make_signals();
  meso_result *one = NULL, *seven = NULL;
  CU_ASSERT_FATAL(run(signals, NULL, NULL, 1, &one, NULL) == MESO_OK);
  CU_ASSERT_FATAL(run(signals, NULL, NULL, 7, &seven, NULL) == MESO_OK);
  for (size_t i = 0; i < one->n; i++)
    CU_ASSERT(one->array[i].text != NULL
              || memcmp(one->array[i].data, seven->array[i].data,
                        meso_array_count(&one->array[i]) * sizeof(double)) == 0);
  meso_result_destroy(one);
  meso_result_destroy(seven);
  meso_signals_destroy(signals);
}

static void test_refusals(void)
{
  meso_signals *signals = make_signals();
  meso_result *result = NULL;
  meso_err err = {0};
  CU_ASSERT_EQUAL(run(signals, "head", "nothing_", 1, &result, &err), MESO_ENOTFOUND);
  CU_ASSERT_PTR_NOT_NULL(strstr(err.msg, "nothing_"));
  meso_result_destroy(result);
  meso_signals_find(signals, "lfp_by_noisy")->t_start_ms = 5;
  CU_ASSERT_EQUAL(run(signals, NULL, NULL, 1, &result, &err), MESO_EINVAL);
  CU_ASSERT_PTR_NOT_NULL(strstr(err.msg, "lfp_by_noisy"));
  meso_result_destroy(result);
  meso_signals_destroy(signals);
}

int main(void)
{
  static const meso_test tests[] = {
    {"known errors", test_known_errors},
    {"expected errors", test_expected},
    {"weights are of other samples", test_held_out},
    {"threads", test_threads},
    {"refusals", test_refusals},
    {NULL, NULL}};
  return meso_test_main("approximation", tests);
}
