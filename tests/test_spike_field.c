/* test_spike_field.c: spikes and fields with a known relation; many tests at once. */
#include <stdlib.h>
#include <string.h>

#include "analysis_run.h"
#include "meso_fdr.h"

enum { N_TIMES = 60000, C = 2 };

static double uniform(uint32_t stream, uint32_t i) { return draw_uniform(41, stream, i); }

/* Channel 0: a rhythm of 50 Hz and amplitude 2 with noise outside the band; channel 1: noise. */
static meso_signals *make_field(void)
{
  meso_signals *s = NULL;
  meso_signal *x = NULL;
  CU_ASSERT_EQUAL_FATAL(meso_signals_create(&s, NULL), MESO_OK);
  CU_ASSERT_EQUAL_FATAL(meso_signals_add(s, "lfp", "mV", N_TIMES, C, 1000, 0, &x, NULL), MESO_OK);
  for (uint32_t i = 0; i < N_TIMES; i++) {
    x->data[C * i] = 2 * cos(2 * M_PI * 0.05 * i) + 5 * sin(2 * M_PI * 0.2117 * i);
    x->data[C * i + 1] = uniform(1, i) - 0.5;
  }
  return s;
}

static meso_spikes *make_spikes(uint32_t n_neurons, uint32_t n_each,
                                double (*time_ms)(uint32_t neuron, uint32_t k))
{
  meso_spikes *s = NULL;
  CU_ASSERT_EQUAL_FATAL(meso_spikes_create(1, &s, NULL), MESO_OK);
  s->t_stop_ms = N_TIMES;
  meso_spike_population *p = &s->population[0];
  p->name = meso_strdup("A");
  p->size = n_neurons + 1; /* the last one is silent */
  p->n_spikes = (size_t) n_neurons * n_each;
  p->time_ms = meso_calloc(p->n_spikes, sizeof *p->time_ms);
  p->id = meso_calloc(p->n_spikes, sizeof *p->id);
  for (uint32_t i = 0; i < n_neurons; i++)
    for (uint32_t k = 0; k < n_each; k++) {
      p->id[i * n_each + k] = i;
      p->time_ms[i * n_each + k] = time_ms(i, k);
    }
  CU_ASSERT_EQUAL_FATAL(meso_spikes_sort(p, NULL), MESO_OK);
  return s;
}

/* A random cycle of the rhythm, at phase 0.7 rad (neuron 0), or within a quarter of it (neuron 1).
 * */
static double locked_time(uint32_t neuron, uint32_t k)
{
  const double cycle = floor(10 + 2980 * uniform(10 + neuron, k));
  const double phase = neuron == 0 ? 0.7 : 0.7 + 0.5 * M_PI * (uniform(20, k) - 0.5);
  return 20 * (cycle + phase / (2 * M_PI));
}

static void test_locked(void)
{
  meso_signals *lfp = make_field();
  meso_spikes *s = make_spikes(2, 1500, locked_time);
  meso_result *r = run("spike_field", (const char *[]) {"phase_bins", "16", NULL}, s, lfp, 2);
  const double *plv = values(r, "/spike_field/plv"), *ppc = values(r, "/spike_field/ppc");
  const double *preferred = values(r, "/spike_field/preferred_phase");
  const double *p = values(r, "/spike_field/rayleigh_p");
  const double spread = sin(M_PI / 4) / (M_PI / 4); /* mean phasor over a quarter */
  MESO_CHECK_CLOSE(1, plv[0], 1e-3, 0);
  MESO_CHECK_CLOSE(0.7, preferred[0], 0, 1e-3);
  MESO_CHECK_CLOSE(spread, plv[C], 0.01, 0);
  MESO_CHECK_CLOSE(spread * spread, ppc[C], 0.02, 0);
  MESO_CHECK_CLOSE(0.7, preferred[C], 0, 0.03);
  CU_ASSERT(p[0] < 1e-100 && p[C] < 1e-100 && p[1] > 1e-4);
  CU_ASSERT(isnan(plv[2 * C]) && isnan(ppc[2 * C]) && isnan(p[2 * C]));
  const double *sta = values(r, "/spike_field/sta"), *lag = values(r, "/spike_field/sta_lag_ms");
  /* the nearest sample is up to half a millisecond off; 1500 spikes leave 5 / sqrt(750) of noise */
  MESO_CHECK_WORST(l, 201, fabs(sta[l] - 2 * cos(2 * M_PI * 0.05 * lag[l] + 0.7)), 0.6);
  CU_ASSERT(isnan(sta[2 * C * 201]));
  const double *histogram = values(r, "/spike_field/phase_histogram");
  double n = 0;
  for (size_t k = 0; k < 16; k++) n += histogram[k];
  CU_ASSERT(n == 1500 && histogram[9] == 1500); /* 0.7 rad lies in [pi / 8, pi / 4) */
  CU_ASSERT_EQUAL(values(r, "/spike_field/sta_n_spikes")[0], 1500);
  const meso_attrs *a = meso_result_find_group(r, "/spike_field");
  CU_ASSERT(meso_attrs_number(a, "rayleigh_n_significant", -1) >= 2);
  meso_result_destroy(r);
  meso_spikes_destroy(s);
  meso_signals_destroy(lfp);
}

static double random_time(uint32_t neuron, uint32_t k) { return N_TIMES * uniform(100 + neuron,
                                                                                  k); }

/* Unrelated trains: uniform p values, PPC 0 on average, coherence at its bias. */
static void test_unrelated(void)
{
  enum { N = 200 };
  meso_signals *lfp = make_field();
  meso_spikes *s = make_spikes(N, 60, random_time);
  meso_result *r = run("spike_field", (const char *[]) {"max_neurons", "0", NULL}, s, lfp, 2);
  const double *p = values(r, "/spike_field/rayleigh_p"), *ppc = values(r, "/spike_field/ppc");
  double decile[10] = {0}, mean = 0, chi = 0, coherence = 0, debiased = 0;
  for (size_t i = 0; i < N; i++) {
    decile[(int) fmin(9, 10 * p[C * i])]++;
    mean += ppc[C * i] / N;
    for (size_t f = 2; f < 511; f++)
      debiased += values(r, "/spike_field/debiased")[(C * i + 1) * 513 + f] / (509.0 * N);
    for (size_t f = 2; f < 511; f++)
      coherence += values(r, "/spike_field/coherence")[(C * i + 1) * 513 + f] / (509.0 * N);
  }
  for (int d = 0; d < 10; d++) chi += (decile[d] - N / 10.0) * (decile[d] - N / 10.0) / (N / 10.0);
  const meso_attrs *a = meso_result_find_group(r, "/spike_field");
  printf("# chi-squared of p %.3g, PPC %.3g, coherence %.4g\n", chi, mean, coherence);
  CU_ASSERT(chi < 27.9); /* 0.1 % of 9 degrees of freedom */
  MESO_CHECK_CLOSE(0, mean, 0, 0.005);
  MESO_CHECK_CLOSE(meso_attrs_number(a, "bias_level", NAN), coherence, 0.05, 0);
  const double L = meso_attrs_number(a, "effective_observations", NAN);
  MESO_CHECK_CLOSE((L * coherence - 1) / (L - 1), debiased, 0, 1e-12);
  MESO_CHECK_CLOSE(0, debiased, 0, 0.05 / L);
  CU_ASSERT_EQUAL(meso_attrs_number(a, "rayleigh_n_significant", -1), 0);
  meso_result_destroy(r);
  meso_spikes_destroy(s);
  meso_signals_destroy(lfp);
}

/* The example of Benjamini & Hochberg 1995, table in section 3.2: four of fifteen. */
static void test_fdr(void)
{
  static const double p[16] = {0.6528, 0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, NAN,
                               0.0298, 0.0344, 0.0459, 0.3240, 0.4262, 0.5719, 0.7590, 1.0};
  double largest = -1;
  size_t n = 0;
  CU_ASSERT_EQUAL(meso_fdr(16, p, 0.05, MESO_FDR_BH, &largest, &n, NULL), MESO_OK);
  CU_ASSERT(n == 4 && largest == 0.0095);
  CU_ASSERT_EQUAL(meso_fdr(16, p, 0.05, MESO_FDR_BY, &largest, &n, NULL), MESO_OK);
  CU_ASSERT(n == 3 && largest == 0.0019); /* 3.318 times stricter: 0.05 k / 49.77 */
  CU_ASSERT_EQUAL(meso_fdr(1, p, 0.05, MESO_FDR_BH, &largest, &n, NULL), MESO_OK);
  CU_ASSERT(n == 0 && largest == 0);
}

int main(void)
{
  static const meso_test tests[] = {
    {"locked spikes: phase, PPC, average", test_locked},
    {"unrelated spikes: uniform p values, PPC 0, bias", test_unrelated},
    {"false discovery rate of a published example", test_fdr},
    {NULL, NULL}};
  return meso_test_main("spike_field", tests);
}
