/* slow_microcircuit.c: the microcircuit at full density (make check-slow): rates of ten seconds
 * against the published ones, for seeds 1, 2, 3; memory; the same spikes for any number of threads.
 * Takes minutes and 1.3 GB. */
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "meso_engine.h"
#include "meso_test.h"

static meso_spikes *simulate(const char *duration, int seed, int n_threads,
                             meso_engine_report *report)
{
  const char *path = meso_test_path("data/models/microcircuit.yaml");
  char set_seed[64];
  meso_model *model = NULL;
  meso_spikes *spikes = NULL;
  meso_err err = {0};
  (void) snprintf(set_seed, sizeof set_seed, "simulation.seed=%d", seed);
  const char *const sets[] = {duration, set_seed, "thalamus.type=off"};
  meso_status st = meso_model_read(path, 3, sets, &model, &err);
  if (st == MESO_OK) st = meso_engine_run_model(model, n_threads, NULL, &spikes, report, &err);
  if (st != MESO_OK) printf("# %s\n", err.msg);
  CU_ASSERT_EQUAL_FATAL(st, MESO_OK);
  meso_model_destroy(model);
  return spikes;
}

/** Rates (spikes/s) of the reference runs: NEST 3.4, mesocircuit repository (Senk et al. 2024). */
static void rates_are_the_published_ones(void)
{
  static const double want[8] = {0.909, 2.968, 4.391, 5.864, 7.535, 8.620, 1.099, 7.819};
  for (int seed = 1; seed <= 3; seed++) {
    meso_engine_report report = {0};
    meso_spikes *s = simulate("simulation.duration_ms=10000", seed, 2, &report);
    CU_ASSERT(s->n_populations >= 8);
    printf("# seed %d: rates", seed);
    for (size_t p = 0; p < 8; p++) {
      size_t n = 0;
      for (size_t i = 0; i < s->population[p].n_spikes; i++)
        n += s->population[p].time_ms[i] > 100.0;
      const double rate = (double) n / (double) s->population[p].size / 9.9;
      printf(" %.3f", rate);
      CU_ASSERT(fabs(rate / want[p] - 1.0) < (p == 0 || p == 6 ? 0.20 : 0.10));
    }
    printf("; build %.1f s, real-time factor %.2f\n", report.build_s, report.real_time_factor);
    CU_ASSERT(report.n_synapses > 298000000);
    meso_spikes_destroy(s);
  }
}

static void memory_stays_below_two_gigabytes(void)
{
  struct rusage usage;
  CU_ASSERT_EQUAL(getrusage(RUSAGE_SELF, &usage), 0);
  printf("# peak memory %.2f GB\n", (double) usage.ru_maxrss * 1024e-9);
  CU_ASSERT(usage.ru_maxrss < 2000000);
}

static void threads_give_the_same_spikes(void)
{
  meso_spikes *one = simulate("simulation.duration_ms=1000", 1, 1, NULL);
  for (int n_threads = 2; n_threads <= 7; n_threads += 5) {
    meso_spikes *more = simulate("simulation.duration_ms=1000", 1, n_threads, NULL);
    for (size_t p = 0; p < one->n_populations; p++) {
      const meso_spike_population *a = &one->population[p], *b = &more->population[p];
      CU_ASSERT_EQUAL_FATAL(a->n_spikes, b->n_spikes);
      CU_ASSERT_EQUAL(memcmp(a->time_ms, b->time_ms, a->n_spikes * sizeof *a->time_ms), 0);
      CU_ASSERT_EQUAL(memcmp(a->id, b->id, a->n_spikes * sizeof *a->id), 0);
    }
    meso_spikes_destroy(more);
  }
  meso_spikes_destroy(one);
}

int main(void)
{
  static const meso_test tests[] = {
    {"rates_are_the_published_ones", rates_are_the_published_ones},
    {"memory_stays_below_two_gigabytes", memory_stays_below_two_gigabytes},
    {"threads_give_the_same_spikes", threads_give_the_same_spikes},
    {NULL, NULL},
  };
  return meso_test_main("slow_microcircuit", tests);
}
