/* test_simulate.c: runs straight to a file: the bytes of the spikes in memory, in bounded memory.
 * Stops and kills: cli/checkpoint.sh. */
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "meso_simulate.h"
#include "meso_test.h"

static meso_model *toy_model(const char *duration)
{
  const char *const sets[] = {duration};
  meso_model *model = NULL;
  meso_err err = {0};
  const meso_status st =
    meso_model_read(meso_test_path("data/models/toy.yaml"), 1, sets, &model, &err);
  if (st != MESO_OK) printf("# %s\n", err.msg);
  CU_ASSERT_EQUAL_FATAL(st, MESO_OK);
  return model;
}

/** One window or many: the file that all spikes at once would make; counts without spikes. */
static void windows_make_the_same_file(void)
{
  static const double every_s[] = {10, 0.3, 0.05};
  char want[65], got[65];
  meso_model *m = toy_model("simulation.duration_ms=1000");
  meso_spikes *spikes = NULL;
  CU_ASSERT_EQUAL_FATAL(meso_engine_run_model(m, 2, NULL, &spikes, NULL, NULL), MESO_OK);
  CU_ASSERT_EQUAL(meso_spikes_write("test_simulate.h5", spikes, NULL, NULL), MESO_OK);
  CU_ASSERT_EQUAL(meso_sha256_file("test_simulate.h5", want, NULL), MESO_OK);
  for (size_t i = 0; i < 3; i++) {
    meso_spikes *counts = NULL;
    meso_engine_report report = {0};
    meso_err err = {0};
    CU_ASSERT_EQUAL_FATAL(meso_simulate(m, "test_simulate.h5", every_s[i], NULL, 1 + (int) i,
                                        NULL, NULL, &counts, &report, &err), MESO_OK);
    CU_ASSERT_EQUAL(meso_sha256_file("test_simulate.h5", got, NULL), MESO_OK);
    CU_ASSERT_STRING_EQUAL(got, want);
    CU_ASSERT_EQUAL(report.simulated_ms, 1000);
    CU_ASSERT_NOT_EQUAL(access("test_simulate.h5.parts", F_OK), 0);
    for (size_t p = 0; p < spikes->n_populations; p++)
      CU_ASSERT_EQUAL(counts->population[p].n_spikes, spikes->population[p].n_spikes);
    meso_spikes_destroy(counts);
  }
  meso_spikes_destroy(spikes);
  meso_model_destroy(m);
  (void) unlink("test_simulate.h5");
}

/** Largest memory of a process that simulates so long with a checkpoint a second, kB. */
static long peak_kB(const char *duration)
{
  const pid_t child = fork();
  if (child == 0) {
    meso_model *m = toy_model(duration);
    const meso_status st =
      meso_simulate(m, "test_simulate.long.h5", 1.0, NULL, 1, NULL, NULL, NULL, NULL, NULL);
    meso_model_destroy(m);
    (void) unlink("test_simulate.long.h5");
    _exit(st == MESO_OK ? 0 : 1);
  }
  struct rusage usage;
  int how = 1;
  CU_ASSERT_EQUAL_FATAL(wait4(child, &how, 0, &usage), child);
  CU_ASSERT_EQUAL(how, 0);
  return usage.ru_maxrss;
}

#if defined __SANITIZE_ADDRESS__
enum { GROWTH_KB = 300000 }; /* the sanitizer keeps what was freed, up to 256 MB */
#else
enum { GROWTH_KB = 3000 };
#endif

/** Kept in memory, the 400,000 spikes more would be 8 bytes each at least. */
static void memory_does_not_grow(void)
{
  const long some = peak_kB("simulation.duration_ms=10000");
  const long more = peak_kB("simulation.duration_ms=100000");
  printf("# peak memory of 10 s: %ld kB, of 100 s: %ld kB\n", some, more);
  CU_ASSERT(more - some < GROWTH_KB);
}

/** Where the folder of parts can't be, there is an error and nothing else. */
static void no_place_for_parts(void)
{
  meso_model *m = toy_model("simulation.duration_ms=1000");
  meso_err err = {0};
  FILE *f = fopen("test_simulate.h5.parts", "w");
  CU_ASSERT_PTR_NOT_NULL_FATAL(f);
  fclose(f);
  CU_ASSERT_EQUAL(meso_simulate(m, "test_simulate.h5", 0.1, NULL, 1, NULL, NULL, NULL, NULL, &err),
                  MESO_EIO);
  CU_ASSERT(strstr(err.msg, "test_simulate.h5.parts") != NULL);
  CU_ASSERT_NOT_EQUAL(access("test_simulate.h5", F_OK), 0);
  (void) unlink("test_simulate.h5.parts");
  meso_model_destroy(m);
}

int main(void)
{
  static const meso_test tests[] = {
    {"windows_make_the_same_file", windows_make_the_same_file},
    {"memory_does_not_grow", memory_does_not_grow},
    {"no_place_for_parts", no_place_for_parts},
    {NULL, NULL},
  };
  return meso_test_main("simulate", tests);
}
