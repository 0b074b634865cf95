/* Long work that is told to stop: it does, with its status, without a result and without a leak. */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli_signals.h"
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

static meso_model *read_toy(void)
{
  static const char *const sets[] = { "simulation.duration_ms=3000" };
  meso_err err = { .status = MESO_OK };
  meso_model *model = NULL;
  const char *path = meso_test_path("data/models/toy.yaml");
  CU_ASSERT_EQUAL_FATAL(meso_model_read(path, 1, sets, &model, &err), MESO_OK);
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
      const meso_progress progress = {.update = update, .user = &s};
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
  const meso_progress progress = {.update = update, .user = &s};
  const meso_record_options record = { "V_m", 1, &(meso_record_range) { .last = 3 } };
  meso_err err = { .status = MESO_OK };
  meso_spikes *spikes = NULL;
  meso_signals *traces = NULL;
  const char *path = meso_test_path("tests/reference/network/small_network.h5");
  const meso_status status = meso_engine_run_network(path, 1000, 1, &record, &progress, &spikes,
                                                     &traces, NULL, &err);
  check(status, &err, "simulate", NULL);
  CU_ASSERT_PTR_NULL(traces);
  CU_ASSERT_PTR_NOT_NULL_FATAL(spikes); /* what there is by then: two reports of 1000 steps */
  CU_ASSERT_EQUAL(spikes->t_stop_ms, 200);
  CU_ASSERT(spikes->population[0].n_spikes > 0);
  CU_ASSERT_EQUAL(s.n_after, 1);
  meso_spikes_destroy(spikes);
  meso_signals_destroy(traces);
}

static void test_currents(void)
{
  stopper s = { "currents", 2, 0 };
  const meso_progress progress = {.update = update, .user = &s};
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
  const char *const dir = meso_test_path("morphologies");
  meso_model *model = read_toy();
  for (int n_threads = 1; n_threads <= 3; n_threads += 2) {
    stopper s = { "kernels", 2, 0 };
    const meso_progress progress = {.update = update, .user = &s};
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
  const meso_progress none = {.update = NULL, .user = NULL};
  CU_ASSERT(meso_progress_report(NULL, "x", 0.5));
  CU_ASSERT(meso_progress_report(&none, "x", 0.5));
  CU_ASSERT_EQUAL(meso_progress_step(NULL, "x", 0.5, NULL), MESO_OK);
}

/* ---- signals ------------------------------------------------------------------------------- */

/* Status of a child that catches signals, sends itself one, and then another if it is not 0. */
static int child_status(int first, int second)
{
  int status = -1;
  const pid_t child = fork();
  if (child == 0) {
    mesoi_signals_catch();
    if (mesoi_signals_caught() != 0) _exit(10);
    (void) raise(first);
    if (mesoi_signals_caught() != first) _exit(11);
    if (second != 0) (void) raise(second);
    _exit(0);
  }
  CU_ASSERT_FATAL(child > 0);
  CU_ASSERT_EQUAL(waitpid(child, &status, 0), child);
  return status;
}

static void test_signals(void)
{
  static const int number[] = { SIGINT, SIGTERM };
  for (size_t i = 0; i < 2; i++) {
    const int noted = child_status(number[i], 0);
    CU_ASSERT(WIFEXITED(noted) && WEXITSTATUS(noted) == 0);
    for (size_t k = 0; k < 2; k++) {
      const int killed = child_status(number[i], number[k]);
      CU_ASSERT(WIFSIGNALED(killed) && WTERMSIG(killed) == number[k]);
    }
  }
  CU_ASSERT_STRING_EQUAL(mesoi_signals_name(SIGINT), "SIGINT");
  CU_ASSERT_STRING_EQUAL(mesoi_signals_name(SIGTERM), "SIGTERM");
}

int main(void)
{
  static const meso_test tests[] = {
    { "simulation of a model", test_model },
    { "simulation of a network", test_network },
    { "currents from spikes", test_currents },
    { "kernels", test_kernels },
    { "reporters that say nothing", test_silent_reporters },
    { "the first signal is noted, the second kills", test_signals },
    { NULL, NULL },
  };
  return meso_test_main("stop", tests);
}
