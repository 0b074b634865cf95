/* test_superposition.c: the synapse method against LFPy's answers and against the compartment
 * method; its tolerance; threads and long records. */
#include <string.h>

#include "explicit_population.h"
#include "meso_compartment.h"
#include "meso_io_explicit.h"
#include "meso_superposition.h"

static const char population_file[] = "tests/reference/lfp/population_reference.h5";
static const char *const name[] = {"lfp", "csd", "dipole"};

static meso_signals *superpose(const meso_explicit *p, double tolerance, int n_threads)
{
  const meso_superposition_options options = {tolerance, n_threads, NULL};
  meso_signals *signals = NULL;
  meso_err err = {0};
  if (meso_superposition_run(p, &options, &signals, &err) != MESO_OK) {
    printf("# %s\n", err.msg);
    CU_FAIL_FATAL("synapse method");
  }
  return signals;
}

static meso_signals *integrate(const meso_explicit *p)
{
  const meso_compartment_options options = {MESO_CABLE_EULER, 2, NULL, NULL};
  meso_signals *signals = NULL;
  CU_ASSERT_FATAL(meso_compartment_run(p, &options, NULL, &signals, NULL) == MESO_OK);
  return signals;
}

/* rms over time and channels, relative to that of b. */
static double rms_error(const double *a, const double *b, size_t n)
{
  double error = 0, total = 0;
  for (size_t i = 0; i < n; i++) {
    error += (a[i] - b[i]) * (a[i] - b[i]);
    total += b[i] * b[i];
  }
  return sqrt(error / total);
}

static void test_golden(void)
{
  static const double tolerance[] = {1e-3, 1e-5, 1e-7};
  meso_explicit *p = NULL;
  CU_ASSERT_FATAL(meso_explicit_read(meso_test_path(population_file), &p, NULL) == MESO_OK);
  for (size_t i = 0; i < 3; i++) {
    meso_signals *signals = superpose(p, tolerance[i], 2);
    for (size_t k = 0; k < 3; k++) {
      const meso_signal *s = meso_signals_find(signals, name[k]);
      const size_t n = s->n_times * s->n_channels;
      size_t count;
      double *expected = golden(population_file, "", name[k], &count), *turned;
      CU_ASSERT_FATAL(expected != NULL && count == n);
      turned = meso_calloc(n, sizeof *turned);
      for (size_t t = 0; t < s->n_times; t++)
        for (size_t c = 0; c < s->n_channels; c++)
          turned[c * s->n_times + t] = s->data[t * s->n_channels + c];
      const double error = rms_error(turned, expected, n);
      printf("# %s, tolerance %g, %g functions: error %.2g\n", name[k], tolerance[i],
             meso_attrs_number(&s->attrs, "n_functions", NAN), error);
      CU_ASSERT(error < tolerance[i]);
      CU_ASSERT(meso_attrs_number(&s->attrs, "basis_error", NAN) < 2 * tolerance[i]);
      free(expected);
      free(turned);
    }
    meso_signals_destroy(signals);
  }
  meso_explicit_destroy(p);
}

/* Of few segments, none that made the functions counts as held out (with those 7.3e-6). */
static void test_held_out(void)
{
  meso_explicit *p = small_population(6);
  CU_ASSERT_PTR_NOT_NULL_FATAL(p);
  meso_signals *signals = superpose(p, 1e-4, 2);
  const double error =
    meso_attrs_number(&meso_signals_find(signals, "lfp")->attrs, "basis_error", NAN);
  printf("# %zu and %zu segments: basis error %.3g\n", p->type[0].morphology->n_segments,
         p->type[1].morphology->n_segments, error);
  CU_ASSERT(error > 8e-6 && error < 2e-5);
  meso_signals_destroy(signals);
  meso_explicit_destroy(p);
}

/* Two types, four kinds of synapse, rising ones and alpha functions among them; turned cells. */
static void test_against_cables(void)
{
  meso_explicit *p = small_population(37);
  CU_ASSERT_PTR_NOT_NULL_FATAL(p);
  meso_signals *a = superpose(p, 1e-6, 1), *b = integrate(p), *c = superpose(p, 1e-6, 5);
  for (size_t k = 0; k < 3; k++) {
    const meso_signal *x = meso_signals_find(a, name[k]), *y = meso_signals_find(b, name[k]);
    if (y == NULL) continue;
    CU_ASSERT_FATAL(x != NULL && x->n_times == y->n_times && x->n_channels == y->n_channels);
    const size_t n = x->n_times * x->n_channels;
    CU_ASSERT(rms_error(x->data, y->data, n) < 1e-6);
    CU_ASSERT(memcmp(x->data, meso_signals_find(c, name[k])->data, n * sizeof(double)) == 0);
  }
  meso_signals_destroy(a);
  meso_signals_destroy(b);
  meso_signals_destroy(c);
  meso_explicit_destroy(p);
}

/* Longer than a transform: blocks meet without a seam. */
static void test_long_record(void)
{
  meso_explicit *p = small_population(2);
  CU_ASSERT_PTR_NOT_NULL_FATAL(p);
  uint32_t counter = 99;
  const size_t n = p->event_first[2];
  uint32_t *cell = calloc(n, sizeof *cell);
  meso_explicit_event *event = calloc(n, sizeof *event);
  p->n_steps = 150000;
  for (size_t e = 0; e < n; e++) {
    cell[e] = e < p->event_first[1] ? 0 : 1;
    event[e] = p->event[e];
    event[e].step = (uint32_t) (draw(&counter) * 150000);
  }
  CU_ASSERT_FATAL(meso_explicit_set_events(p, n, cell, event, NULL) == MESO_OK);
  meso_signals *a = superpose(p, 1e-6, 2), *b = integrate(p);
  const meso_signal *x = meso_signals_find(a, "lfp"), *y = meso_signals_find(b, "lfp");
  CU_ASSERT(rms_error(x->data, y->data, x->n_times * x->n_channels) < 1e-6);
  meso_signals_destroy(a);
  meso_signals_destroy(b);
  free(cell);
  free(event);
  meso_explicit_destroy(p);
}

static void test_refusals(void)
{
  const meso_superposition_options none = {0, 1, NULL}, fine = {1e-5, 1, NULL};
  meso_explicit *p = small_population(2);
  meso_signals *signals = NULL;
  meso_err err = {0};
  CU_ASSERT_PTR_NOT_NULL_FATAL(p);
  CU_ASSERT_EQUAL(meso_superposition_run(p, &none, &signals, &err), MESO_EINVAL);
  CU_ASSERT_PTR_NOT_NULL(strstr(err.msg, "tolerance"));
  p->event[3].segment = 0xffffff;
  CU_ASSERT_EQUAL(meso_superposition_run(p, &fine, &signals, &err), MESO_EINVAL);
  meso_explicit_destroy(p);
}

int main(void)
{
  static const meso_test tests[] = {
    {"LFPy's population", test_golden},
    {"cables", test_against_cables},
    {"events that are held out", test_held_out},
    {"long records", test_long_record},
    {"refusals", test_refusals},
    {NULL, NULL}};
  return meso_test_main("synapse method", tests);
}
