/* test_model_kernels.c: kernels of the cortical microcircuit model. */
#include <string.h>

#include "lfp_golden.h"
#include "meso_lfp.h"
#include "meso_model.h"

static meso_model *read_model(const char *const *sets, size_t n_sets)
{
  meso_model *model = NULL;
  meso_err err = {0};
  if (meso_model_read(meso_test_path("data/models/microcircuit.yaml"), n_sets, sets, &model, &err)
      != MESO_OK) {
    printf("# %s\n", err.msg);
    CU_FAIL("model");
  }
  return model;
}

/* Shorter kernels: the tests need no tail. */
static const char *const quick[] = {"lfp.kernel_duration_ms=30"};

static meso_result *build_kernels(const meso_model *model, int n_threads)
{
  const char *const folder[] = {meso_test_path("morphologies"), meso_test_path(".")};
  meso_result *kernels = NULL;
  meso_err err = {0};
  if (meso_kernels_build(model, 2, folder, n_threads, NULL, &kernels, &err) != MESO_OK) {
    printf("# %s\n", err.msg);
    CU_FAIL("kernels");
  }
  return kernels;
}

/* Share of the external input, computed by hand from the published rates and in-degrees. */
static void test_external_share(void)
{
  static const double expected[] = {.52, .58, .73, .57, .60, .72, .82, .84};
  meso_model *model = read_model(quick, 1);
  meso_result *kernels = model != NULL ? build_kernels(model, 2) : NULL;
  if (kernels != NULL) {
    const meso_array *external = meso_result_find(kernels, "/charge/external");
    const meso_array *per_spike = meso_result_find(kernels, "/charge/per_spike");
    CU_ASSERT_FATAL(external != NULL && meso_array_count(external) == 9);
    CU_ASSERT_FATAL(per_spike != NULL && meso_array_count(per_spike) == 81);
    for (size_t y = 0; y < 8; y++) {
      double internal = 0;
      for (size_t x = 0; x < 8; x++)
        internal += per_spike->data[9 * y + x] * model->population[x].full_mean_rate_Hz;
      MESO_CHECK_CLOSE(expected[y], external->data[y] / (external->data[y] + internal), 0, 0.02);
    }
  }
  meso_result_destroy(kernels);
  meso_model_destroy(model);
}

/* Out-degrees of a projection's cell types add up to its synapses; kernels are causal and finite;
 *  threads change nothing. */
static void test_degrees_and_threads(void)
{
  meso_model *model = read_model(quick, 1);
  meso_result *one = model != NULL ? build_kernels(model, 1) : NULL;
  meso_result *seven = model != NULL ? build_kernels(model, 7) : NULL;
  if (one != NULL && seven != NULL) {
    const meso_array *data = meso_result_find(one, "/kernels/data");
    const meso_array *degree = meso_result_find(one, "/kernels/out_degree");
    const meso_array *source = meso_result_find(one, "/kernels/source");
    double synapses = 0, expected = 0;
    for (size_t i = 0; i < meso_array_count(degree); i++)
      synapses += degree->data[i]
        * (double) model->population[meso_model_find_population(model, source->text[i])].size;
    for (size_t i = 0; i < model->n_projections; i++)
      expected += (double) model->projection[i].n_synapses;
    MESO_CHECK_CLOSE(expected, synapses, 1e-6, 0);
    const size_t n = meso_array_count(data), n_lags = data->dims[2];
    CU_ASSERT_EQUAL(n_lags, 301);
    CU_ASSERT(memcmp(data->data, meso_result_find(seven, "/kernels/data")->data,
                     n * sizeof(double)) == 0);
    double peak = 0;
    for (size_t i = 0; i < n; i++) peak = fmax(peak, fabs(data->data[i]));
    MESO_CHECK_EACH(i, n, isfinite(data->data[i]));
    MESO_CHECK_EACH(i, n, i % n_lags > 1 || data->data[i] == 0);
    printf("# largest kernel value %.3g mV\n", peak);
    CU_ASSERT(peak > 1e-8 && peak < 1);
  }
  meso_result_destroy(one);
  meso_result_destroy(seven);
  meso_model_destroy(model);
}

/* Far from the column nothing is left: membrane currents sum to zero. */
static void test_far_contact(void)
{
  static const char *const far[] = {"lfp.kernel_duration_ms=30", "probe.z_first_um=1e5"};
  meso_model *model = read_model(quick, 1), *away = read_model(far, 2);
  meso_result *near_kernels = model != NULL ? build_kernels(model, 2) : NULL;
  meso_result *far_kernels = away != NULL ? build_kernels(away, 2) : NULL;
  if (near_kernels != NULL && far_kernels != NULL) {
    double largest[2] = {0, 0};
    const meso_array *data[2] = {meso_result_find(near_kernels, "/kernels/data"),
                                 meso_result_find(far_kernels, "/kernels/data")};
    for (int k = 0; k < 2; k++)
      for (size_t i = 0; i < meso_array_count(data[k]); i++)
        largest[k] = fmax(largest[k], fabs(data[k]->data[i]));
    CU_ASSERT(largest[1] < 1e-4 * largest[0]);
  }
  meso_result_destroy(near_kernels);
  meso_result_destroy(far_kernels);
  meso_model_destroy(model);
  meso_model_destroy(away);
}

/* A projection without weight is silent; a missing morphology is named. */
static void test_silence_and_missing_file(void)
{
  meso_model *model = read_model(quick, 1);
  if (model == NULL) return;
  meso_result *kernels = NULL;
  meso_err err = {0};
  CU_ASSERT(meso_kernels_build(model, 0, NULL, 1, NULL, &kernels, &err) == MESO_ENOTFOUND);
  CU_ASSERT(strstr(err.msg, ".swc") != NULL);
  for (size_t i = 0; i < model->n_projections; i++) model->projection[i].weight_pA = 0;
  kernels = build_kernels(model, 2);
  if (kernels != NULL) {
    const meso_array *data = meso_result_find(kernels, "/kernels/data");
    MESO_CHECK_WORST(i, meso_array_count(data), fabs(data->data[i]), 0);
  }
  meso_result_destroy(kernels);
  meso_model_destroy(model);
}

int main(void)
{
  static const meso_test tests[] = {
    {"external share of the charge", test_external_share},
    {"degrees, causality, threads", test_degrees_and_threads},
    {"far contact", test_far_contact},
    {"silence, missing file", test_silence_and_missing_file},
    {NULL, NULL}};
  return meso_test_main("model kernels", tests);
}
