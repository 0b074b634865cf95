/* slow_lfp.c: exact LFP of the microcircuit at full density (make check-slow): a thousand cells
 * with all their inputs, by neuron kernels and cell by cell; time of the kernels of all 77,169
 * neurons and of the LFP that they give. Takes a minute and 2 GB. */
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "meso_engine.h"
#include "meso_lfp.h"
#include "meso_model_cells.h"
#include "meso_test.h"

static double cpu_s(void)
{
  struct rusage u;
  (void) getrusage(RUSAGE_SELF, &u);
  return (double) (u.ru_utime.tv_sec + u.ru_stime.tv_sec)
    + 1e-6 * (double) (u.ru_utime.tv_usec + u.ru_stime.tv_usec);
}

static void expect_ok(meso_status st, const meso_err *err)
{
  if (st != MESO_OK) printf("# %s\n", err->msg);
  CU_ASSERT_EQUAL_FATAL(st, MESO_OK);
}

static meso_model *read_model(size_t n_sets, const char *const *sets)
{
  meso_model *model = NULL;
  meso_err err = {0};
  expect_ok(meso_model_read(meso_test_path("data/models/microcircuit.yaml"), n_sets, sets, &model,
                            &err), &err);
  return model;
}

static meso_spikes *simulate(const meso_model *model)
{
  meso_spikes *spikes = NULL;
  meso_engine_report report = {0};
  meso_err err = {0};
  expect_ok(meso_engine_run_model(model, 2, NULL, &spikes, &report, &err), &err);
  return spikes;
}

static meso_signals *by_kernels(const meso_model *model, const meso_spikes *spikes,
                                double *build_s, double *apply_s)
{
  const char *const folder[] = {meso_test_path("morphologies")};
  meso_result *kernels = NULL;
  meso_signals *lfp = NULL;
  meso_err err = {0};
  const double start_s = cpu_s();
  expect_ok(meso_kernels_build(model, 1, folder, 2, NULL, &kernels, &err), &err);
  *build_s = cpu_s() - start_s;
  expect_ok(meso_lfp_from_kernels(kernels, spikes, 1000, 2, &lfp, &err), &err);
  *apply_s = cpu_s() - start_s - *build_s;
  meso_result_destroy(kernels);
  return lfp;
}

/* The last samples see how the spikes end: they are left out. */
static double rms_error(const meso_signals *a, const meso_signals *b)
{
  const meso_signal *x = meso_signals_find(a, "lfp"), *y = meso_signals_find(b, "lfp");
  double error = 0, total = 0;
  CU_ASSERT_FATAL(x != NULL && y != NULL && x->n_times == y->n_times && x->n_times > 30);
  for (size_t i = 0; i < (x->n_times - 30) * x->n_channels; i++) {
    error += (x->data[i] - y->data[i]) * (x->data[i] - y->data[i]);
    total += y->data[i] * y->data[i];
  }
  return sqrt(error / total);
}

static void test_thousand_cells(void)
{
  static const char *const sets[] = {"simulation.duration_ms=1000", "lfp.n_cells=1000",
                                     "lfp.approximations=false"};
  const char *const folder[] = {meso_test_path("morphologies")};
  meso_model *model = read_model(3, sets);
  meso_spikes *spikes = simulate(model);
  meso_signals *cells = NULL;
  meso_err err = {0};
  double build_s, apply_s;
  meso_signals *lfp = by_kernels(model, spikes, &build_s, &apply_s);
  const double start_s = cpu_s();
  expect_ok(meso_model_cells_lfp(model, 1, folder, spikes, 2, NULL, NULL, &cells, &err), &err);
  const double error = rms_error(lfp, cells);
  printf("# 1000 cells, 1 s, all inputs: rms difference %.2g; cell by cell %.1f CPU s\n", error,
         cpu_s() - start_s);
  CU_ASSERT(error < model->lfp.tolerance);
  meso_signals_destroy(cells);
  meso_signals_destroy(lfp);
  meso_spikes_destroy(spikes);
  meso_model_destroy(model);
}

static void test_whole_column(void)
{
  static const char *const sets[] = {"simulation.duration_ms=5000",
                                     "lfp.approximations=false"};
  meso_model *model = read_model(2, sets);
  meso_spikes *spikes = simulate(model);
  double build_s, apply_s;
  meso_signals *lfp = by_kernels(model, spikes, &build_s, &apply_s);
  printf("# 77,169 cells: kernels %.1f CPU s, LFP %.3f CPU s for a second of biology\n", build_s,
         apply_s / 5);
  const meso_signal *s = meso_signals_find(lfp, "lfp");
  MESO_CHECK_EACH(i, s->n_times * s->n_channels, isfinite(s->data[i]));
  CU_ASSERT(build_s < 240); /* two minutes on two cores */
  CU_ASSERT(apply_s / 5 < 0.2); /* 0.10 on a free machine */
  meso_signals_destroy(lfp);
  meso_spikes_destroy(spikes);
  meso_model_destroy(model);
}

int main(void)
{
  static const meso_test tests[] = {
    {"a thousand cells by neuron kernels and cell by cell", test_thousand_cells},
    {"the whole column", test_whole_column},
    {NULL, NULL}};
  return meso_test_main("LFP at full density", tests);
}
