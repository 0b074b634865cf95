/* Long work that is told to stop: it does, with its status, without a result and without a leak. */
#include <stdlib.h>
#include <string.h>

#include "meso_engine.h"
#include "meso_io.h"
#include "meso_lfp.h"
#include "meso_test.h"

/* Says stop from the n-th report about `what` on. */
typedef struct stopper { const char *what; int n, n_after; } stopper;

static bool update(void *user, const char *what, double fraction)
{
  stopper *s = user;
  (void) fraction;
  if (strcmp(what, s->what) == 0) s->n--;
  if (s->n > 0) return true;
  s->n_after++;
  return false;
}

static const char *source(const char *below)
{
  static char path[2][1024];
  static int turn;
  const char *top = getenv("MESO_SRCDIR");
  char *p = path[turn++ % 2];
  snprintf(p, sizeof path[0], "%s/%s", top != NULL ? top : ".", below);
  return p;
}

static meso_model *read_toy(void)
{
  static const char *const sets[] = { "simulation.duration_ms=3000" };
  meso_err err = { .status = MESO_OK };
  meso_model *model = NULL;
  CU_ASSERT_EQUAL_FATAL(meso_model_read(source("data/models/toy.yaml"), 1, sets, &model, &err),
                        MESO_OK);
  return model;
}

static void check(meso_status status, const meso_err *err, const char *what, const void *result)
{
  CU_ASSERT_EQUAL(status, MESO_ESTOPPED);
  CU_ASSERT_EQUAL(err->status, MESO_ESTOPPED);
  CU_ASSERT_PTR_NOT_NULL(strstr(err->msg, what));
  CU_ASSERT_PTR_NULL(result);
}

static void test_model(void)
{
  static const struct { const char *what; int n; } at[] = {
    { "build", 1 }, { "build", 2 }, { "simulate", 1 }, { "simulate", 15 },
  };
  meso_model *model = read_toy();
  for (size_t i = 0; i < sizeof at / sizeof at[0]; i++)
    for (int n_threads = 1; n_threads <= 3; n_threads += 2) {
      stopper s = { at[i].what, at[i].n, 0 };
      const meso_progress progress = { update, &s };
      meso_err err = { .status = MESO_OK };
      meso_spikes *spikes = NULL;
      const meso_status status =
        meso_engine_run_model(model, n_threads, &progress, &spikes, NULL, &err);
      check(status, &err, at[i].what, spikes);
      CU_ASSERT_EQUAL(s.n_after, 1);
      meso_spikes_destroy(spikes);
    }
  meso_model_destroy(model);
}

static void test_network(void)
{
  stopper s = { "simulate", 2, 0 };
  const meso_progress progress = { update, &s };
  const meso_record_options record = { .V_m = true, .last_neuron = 3 };
  meso_err err = { .status = MESO_OK };
  meso_spikes *spikes = NULL;
  meso_signals *traces = NULL;
  const meso_status status =
    meso_engine_run_network(source("tests/reference/network/small_network.h5"), 1000, 1, &record,
                            &progress, &spikes, &traces, NULL, &err);
  check(status, &err, "simulate", spikes);
  CU_ASSERT_PTR_NULL(traces);
  CU_ASSERT_EQUAL(s.n_after, 1);
  meso_spikes_destroy(spikes);
  meso_signals_destroy(traces);
}

static void test_currents(void)
{
  stopper s = { "currents", 2, 0 };
  const meso_progress progress = { update, &s };
  meso_err err = { .status = MESO_OK };
  meso_model *model = read_toy();
  meso_spikes *spikes = NULL;
  meso_signals *currents = NULL;
  CU_ASSERT_EQUAL_FATAL(meso_engine_run_model(model, 1, NULL, &spikes, NULL, &err), MESO_OK);
  const meso_status status =
    meso_currents_from_spikes(model, spikes, 1, 1, &progress, &currents, &err);
  check(status, &err, "currents", currents);
  CU_ASSERT_EQUAL(s.n_after, 1);
  meso_signals_destroy(currents);
  meso_spikes_destroy(spikes);
  meso_model_destroy(model);
}

static void test_kernels(void)
{
  const char *const dir = source("morphologies");
  meso_model *model = read_toy();
  for (int n_threads = 1; n_threads <= 3; n_threads += 2) {
    stopper s = { "kernels", 2, 0 };
    const meso_progress progress = { update, &s };
    meso_err err = { .status = MESO_OK };
    meso_result *kernels = NULL;
    const meso_status status =
      meso_kernels_build(model, 1, &dir, n_threads, &progress, &kernels, &err);
    check(status, &err, "kernels", kernels);
    CU_ASSERT(s.n_after >= 1 && s.n_after <= n_threads);
    meso_result_destroy(kernels);
  }
  meso_model_destroy(model);
}

/* The default reporter and one without a callback never stop anything. */
static void test_silent_reporters(void)
{
  const meso_progress none = { NULL, NULL };
  CU_ASSERT(meso_progress_report(NULL, "x", 0.5));
  CU_ASSERT(meso_progress_report(&none, "x", 0.5));
  CU_ASSERT_EQUAL(meso_progress_step(NULL, "x", 0.5, NULL), MESO_OK);
}

int main(void)
{
  static const meso_test tests[] = {
    { "simulation of a model", test_model },
    { "simulation of a network", test_network },
    { "currents from spikes", test_currents },
    { "kernels", test_kernels },
    { "reporters that say nothing", test_silent_reporters },
    { NULL, NULL },
  };
  return meso_test_main("stop", tests);
}
