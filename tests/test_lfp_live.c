/* test_lfp_live.c: the LFP made while the network runs is that of its spikes afterwards, to a bit,
 * however the run is cut into windows and threads. Kills: cli/checkpoint.sh. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "meso_external.h"
#include "meso_lfp.h"
#include "meso_lfp_live.h"
#include "meso_test.h"
#include "model_run.h"

static meso_model *toy_model(size_t n_sets, const char *const *sets)
{
  static const char *const base[] = {"simulation.duration_ms=503.7", "lfp.kernel_duration_ms=60",
                                     NULL};
  return model_read("toy", base, n_sets, sets);
}

static meso_result *build_kernels(const meso_model *model)
{
  const char *const folder[] = {meso_test_path("morphologies")};
  meso_result *kernels = NULL;
  CU_ASSERT_EQUAL_FATAL(meso_kernels_build(model, 1, folder, 2, NULL, &kernels, NULL), MESO_OK);
  return kernels;
}

/* Digest of the file that the spikes at once make. */
static void digest_after(const meso_model *m, const meso_result *kernels, char digest[65])
{
  meso_spikes *spikes = NULL;
  meso_signals *lfp = NULL;
  CU_ASSERT_EQUAL_FATAL(meso_engine_run_model(m, 2, NULL, &spikes, NULL, NULL), MESO_OK);
  CU_ASSERT_EQUAL_FATAL(meso_lfp_from_kernels(kernels, spikes, m->lfp.output_rate_Hz, 2, &lfp,
                                              NULL), MESO_OK);
  CU_ASSERT_EQUAL_FATAL(meso_external_apply(m, kernels, 0, NULL, 1, NULL, lfp, NULL), MESO_OK);
  meso_signal *s = meso_signals_find(lfp, "lfp");
  CU_ASSERT(meso_attrs_set_text(&s->attrs, "connectivity", MESO_CONNECTIVITY_TRUE, NULL)
            == MESO_OK); /* which only those know who ran the network */
  CU_ASSERT_EQUAL(s->n_times, 503);
  double largest = 0;
  for (size_t i = 0; i < s->n_times * s->n_channels; i++)
    largest = s->data[i] > largest ? s->data[i] : largest;
  CU_ASSERT(largest > 1e-4);
  CU_ASSERT_EQUAL(meso_signals_write("test_lfp_live.h5", "lfp", lfp, NULL, NULL), MESO_OK);
  CU_ASSERT_EQUAL(meso_file_digest("test_lfp_live.h5", digest, NULL), MESO_OK);
  meso_spikes_destroy(spikes);
  meso_signals_destroy(lfp);
}

static void run_live(const meso_model *m, const meso_result *kernels, double every_s,
                     int n_threads, bool alone, char digest[65])
{
  meso_err err = {0};
  meso_lfp_live *live = NULL;
  CU_ASSERT_EQUAL_FATAL(meso_lfp_live_create(m, kernels, n_threads, &live, NULL), MESO_OK);
  meso_live signals = meso_lfp_live_signals(live, "test_lfp_live.h5", "these");
  signals.alone = alone;
  const meso_run_extras extras = {.live = &signals};
  const char *path = alone ? "test_lfp_live.h5" : "test_lfp_live.spikes.h5";
  const meso_status st =
    meso_simulate(m, path, every_s, &extras, n_threads, NULL, NULL, NULL, NULL, &err);
  if (st != MESO_OK) printf("# %s\n", err.msg);
  CU_ASSERT_EQUAL_FATAL(st, MESO_OK);
  CU_ASSERT_EQUAL(meso_file_digest("test_lfp_live.h5", digest, NULL), MESO_OK);
  CU_ASSERT_EQUAL(access("test_lfp_live.spikes.h5", F_OK) == 0, !alone);
  (void) unlink("test_lfp_live.spikes.h5");
  (void) unlink("test_lfp_live.h5");
  meso_lfp_live_destroy(live);
}

/** Windows of all spikes, of a third, and shorter than the filter; with and without the spikes. */
static void windows_make_the_same_lfp(void)
{
  static const char *const sets[] = {"lfp.method=neuron", "lfp.dipole=true",
                                     "lfp.contributions=all"};
  static const double every_s[] = {10, 0.3, 0.013};
  static const int n_threads[] = {1, 2, 7};
  meso_model *m = toy_model(3, sets);
  meso_result *kernels = build_kernels(m);
  char want[65], got[65];
  digest_after(m, kernels, want);
  for (int i = 0; i < 3; i++)
    for (int alone = 0; alone < 2; alone++) {
      run_live(m, kernels, every_s[i], n_threads[(i + alone) % 3], alone, got);
      CU_ASSERT_STRING_EQUAL(got, want);
    }
  meso_result_destroy(kernels);
  meso_model_destroy(m);
}

/** Other parts of the LFP than all of them, and the whole alone. */
static void parts_are_the_same(void)
{
  static const char *const contributions[] = {"lfp.contributions=none", "lfp.contributions=target"};
  for (int i = 0; i < 2; i++) {
    const char *const sets[] = {"lfp.method=neuron", contributions[i]};
    meso_model *m = toy_model(2, sets);
    meso_result *kernels = build_kernels(m);
    char want[65], got[65];
    digest_after(m, kernels, want);
    run_live(m, kernels, 0.3, 2, i == 0, got);
    CU_ASSERT_STRING_EQUAL(got, want);
    meso_result_destroy(kernels);
    meso_model_destroy(m);
  }
}

static void expect_refusal(const meso_model *m, const meso_result *kernels, const char *word)
{
  meso_err err = {0};
  meso_lfp_live *live = NULL;
  CU_ASSERT_EQUAL(meso_status_exit_code(meso_lfp_live_create(m, kernels, 1, &live, &err)), 3);
  if (strstr(err.msg, word) == NULL) printf("# no '%s': %s\n", word, err.msg);
  CU_ASSERT(strstr(err.msg, word) != NULL);
  CU_ASSERT_PTR_NULL(live);
}

/** Kernels of another network, of pathways; external input. */
static void what_is_refused(void)
{
  static const char *const sets[] = {"lfp.method=neuron", "lfp.external=gaussian"};
  static const char *const other[] = {"lfp.method=neuron", "simulation.seed=2"};
  static const char *const rate[] = {"lfp.method=neuron", "lfp.output_rate_Hz=500"};
  meso_model *m = toy_model(1, sets), *external = toy_model(2, sets), *seed = toy_model(2, other);
  meso_model *pathways = toy_model(0, NULL), *slow = toy_model(2, rate);
  meso_result *kernels = build_kernels(m), *mean = build_kernels(pathways);
  expect_refusal(seed, kernels, "simulation.seed");
  expect_refusal(slow, kernels, "output_rate_Hz 500");
  expect_refusal(external, kernels, "lfp.external");
  expect_refusal(pathways, mean, "lfp.method = population");
  expect_refusal(m, mean, "kernels of pathways");
  meso_result_destroy(kernels);
  meso_result_destroy(mean);
  meso_model *const all[] = {m, external, seed, pathways, slow};
  for (int i = 0; i < 5; i++) meso_model_destroy(all[i]);
}

int main(void)
{
  static const meso_test tests[] = {
    {"windows_make_the_same_lfp", windows_make_the_same_lfp},
    {"parts_are_the_same", parts_are_the_same},
    {"what_is_refused", what_is_refused},
    {NULL, NULL},
  };
  return meso_test_main("lfp_live", tests);
}
