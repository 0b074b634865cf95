/* test_spike_coherence.c: trains that share spikes, whose coherence is known, and trains that do
 * not. */
#include <string.h>

#include "analysis_run.h"
#include "meso_spectral.h"

enum { RATE_A = 20, RATE_B = 30, RATE_SHARED = 30, N_F = 257 };
#define T_MS 100e3
#define NPERSEG "nperseg", "512", "overlap", "0"

/* Spikes of a rate at random times; the same numbers give the same times, later by delay_ms. */
static void add_train(meso_spikes *s, size_t population, uint32_t id, uint32_t stream, int rate_Hz,
                      double delay_ms)
{
  for (uint32_t k = 0; k < (uint32_t) (rate_Hz * T_MS / 1000); k++)
    add_spike(&s->population[population], id,
              (T_MS - 100) * draw_uniform(5, stream, k) + delay_ms);
}

/* Two populations of two neurons; those called 0 have spikes in common, late in B. */
static meso_spikes *make(double delay_ms)
{
  meso_spikes *s = recording(2, 2, T_MS);
  add_train(s, 0, 0, 1, RATE_A, 0);
  add_train(s, 0, 1, 2, RATE_A, 0);
  add_train(s, 1, 0, 3, RATE_B, 0);
  add_train(s, 1, 1, 4, RATE_B, 0);
  add_train(s, 0, 0, 5, RATE_SHARED, 0);
  add_train(s, 1, 0, 5, RATE_SHARED, delay_ms);
  sort(s);
  return s;
}

/* Mean of a pair over frequencies, without the ends. */
static double mean_of(const meso_result *r, const char *name, size_t pair)
{
  char path[64];
  double sum = 0;
  snprintf(path, sizeof path, "/spike_coherence/%s", name);
  for (size_t f = 3; f < N_F - 3; f++) sum += values(r, path)[pair * N_F + f] / (N_F - 6);
  return sum;
}

static double shared(double a, double b)
{
  return (double) RATE_SHARED * RATE_SHARED / ((a + RATE_SHARED) * (b + RATE_SHARED));
}

static void test_shared_spikes(void)
{
  meso_spikes *s = make(0);
  meso_result *r = run("spike_coherence", (options) {NPERSEG, "of", "neurons", NULL}, s, NULL, 2);
  const double L = attribute(r, "/spike_coherence", "effective_observations");
  MESO_CHECK_CLOSE(195, L, 1e-9, 0);
  MESO_CHECK_CLOSE(1 / L, attribute(r, "/spike_coherence", "bias_level"), 1e-12, 0);
  MESO_CHECK_CLOSE(meso_coherence_threshold(L, 0.05),
                   attribute(r, "/spike_coherence", "threshold"), 1e-12, 0);
  /* pairs: A/0 A/1, A/0 B/0, A/0 B/1, A/1 B/0, A/1 B/1, B/0 B/1 */
  printf("# %.4g of %.4g; unrelated %.2g\n", mean_of(r, "debiased", 1), shared(RATE_A, RATE_B),
         mean_of(r, "debiased", 4));
  MESO_CHECK_CLOSE(shared(RATE_A, RATE_B), mean_of(r, "debiased", 1), 0, 0.012);
  MESO_CHECK_CLOSE(0, mean_of(r, "phase", 1), 0, 0.05);
  MESO_CHECK_CLOSE(0, mean_of(r, "debiased", 4), 0, 0.002);
  MESO_CHECK_CLOSE(1 / L, mean_of(r, "magnitude_squared", 4), 0, 0.002);
  CU_ASSERT_STRING_EQUAL(meso_result_find(r, "/spike_coherence/labels")->text[2], "B/0");
  meso_result_destroy(r);
  r = run("spike_coherence", (options) {NPERSEG, "measures", "debiased,cross_real", NULL}, s, NULL,
          2);
  CU_ASSERT_EQUAL(meso_result_find(r, "/spike_coherence/pairs")->dims[0], 1);
  MESO_CHECK_CLOSE(shared(2 * RATE_A, 2 * RATE_B), mean_of(r, "debiased", 0), 0, 0.012);
  /* one-sided density of what is common, in rates per neuron: 2 c / (2 * 2) */
  MESO_CHECK_CLOSE(RATE_SHARED / 2.0, mean_of(r, "cross_real", 0), 0.05, 0);
  CU_ASSERT_STRING_EQUAL(meso_result_find(r, "/spike_coherence/labels")->text[1], "B");
  meso_result_destroy(r);
  meso_spikes_destroy(s);
}

/* Spikes that come 4 ms later in B: a phase of -2 pi f 4 ms, the coherence nearly whole. */
static void test_delay(void)
{
  meso_spikes *s = make(4);
  meso_result *r = run("spike_coherence", (options) {NPERSEG, "of", "neurons", NULL}, s, NULL, 1);
  const double *f = values(r, "/spike_coherence/frequency_Hz");
  const double *phase = values(r, "/spike_coherence/phase") + N_F;
  double error = 0;
  for (size_t k = 3; k < N_F - 3; k++)
    error += fabs(remainder(phase[k] + 2 * M_PI * f[k] * 4e-3, 2 * M_PI)) / (N_F - 6);
  printf("# phase off by %.2g on average\n", error);
  CU_ASSERT(error < 0.15);
  MESO_CHECK_CLOSE(shared(RATE_A, RATE_B), mean_of(r, "debiased", 1), 0, 0.02);
  meso_result_destroy(r);
  meso_spikes_destroy(s);
}

/* Twelve unrelated trains: one value in twenty exceeds the threshold, none after all. */
static void test_unrelated(void)
{
  meso_spikes *s = recording(2, 6, T_MS);
  for (uint32_t i = 0; i < 12; i++) add_train(s, i / 6, i % 6, 20 + i, 25, 0);
  sort(s);
  meso_result *r = run("spike_coherence", (options) {NPERSEG, "of", "neurons", NULL}, s, NULL, 2);
  const double n = attribute(r, "/spike_coherence", "n_tests");
  const double above = attribute(r, "/spike_coherence", "n_above_threshold");
  printf("# %.4g of %g values above the threshold\n", above / n, n);
  CU_ASSERT(n == 66 * 253 && above / n > 0.042 && above / n < 0.058);
  CU_ASSERT_EQUAL(attribute(r, "/spike_coherence", "n_significant"), 0);
  meso_result *q = run("spike_coherence", (options) {NPERSEG, "of", "neurons", NULL}, s, NULL, 3);
  const meso_array *a = meso_result_find(r, "/spike_coherence/debiased");
  CU_ASSERT(memcmp(a->data, values(q, "/spike_coherence/debiased"),
                   meso_array_count(a) * sizeof *a->data) == 0);
  meso_result_destroy(r);
  meso_result_destroy(q);
  meso_spikes_destroy(s);
}

static void test_silence_and_refusals(void)
{
  static const struct { const char *set[7], *text; } row[] = {
    {{"populations", "A", NULL}, "coherence needs two"},
    {{"of", "neurons", "memory_limit_GB", "1e-6", NULL}, "max_neurons"},
    {{"measures", "speed", NULL}, "no measure 'speed'"},
    {{"nperseg", "200000", NULL}, "nperseg"}};
  meso_spikes *s = recording(2, 2, T_MS);
  add_train(s, 0, 0, 1, RATE_A, 0);
  meso_result *r = run("spike_coherence", (options) {NPERSEG, NULL}, s, NULL, 1);
  const meso_attrs *a = meso_result_find_group(r, "/spike_coherence");
  MESO_CHECK_EACH(f, N_F, isnan(values(r, "/spike_coherence/debiased")[f]));
  CU_ASSERT_PTR_NOT_NULL_FATAL(meso_attrs_text(a, "undefined"));
  CU_ASSERT_PTR_NOT_NULL(strstr(meso_attrs_text(a, "undefined"), "1 of 2 populations have no"));
  meso_result_destroy(r);
  for (size_t k = 0; k < sizeof row / sizeof *row; k++) {
    meso_err err = {.msg = ""};
    meso_result *none = NULL;
    const meso_status status = run_raw(meso_analysis_by_name("spike_coherence"), row[k].set, s,
                                       NULL, 1, &none, &err);
    CU_ASSERT_EQUAL(meso_status_exit_code(status), 3);
    if (strstr(err.msg, row[k].text) == NULL) printf("# got: %s\n", err.msg);
    CU_ASSERT_PTR_NOT_NULL(strstr(err.msg, row[k].text));
    meso_result_destroy(none);
  }
  meso_spikes_destroy(s);
}

int main(void)
{
  static const meso_test test[] = {
    {"shared spikes: the coherence that follows from the rates", test_shared_spikes},
    {"later spikes: the phase of the delay", test_delay},
    {"unrelated trains: the threshold's level", test_unrelated},
    {"silence and refusals", test_silence_and_refusals}, {NULL, NULL}};
  return meso_test_main("spike_coherence", test);
}
