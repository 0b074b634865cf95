/* test_engine.c: explicit networks against NEST, spike for spike; kernels against Random123 and
 * against each other; wiring against its rule; determinism. */
#include <stdlib.h>
#include <string.h>

#include <gsl/gsl_cdf.h>

#include "engine_kernels.h"
#include "engine_neuron.h"
#include "meso_engine.h"
#include "meso_io.h"
#include "meso_rng.h"
#include "meso_test.h"
#include "meso_wiring.h"

static const char *source_path(const char *name, char buffer[4096])
{
  const char *dir = getenv("MESO_SRCDIR");
  (void) snprintf(buffer, 4096, "%s/%s", dir != NULL ? dir : ".", name);
  return buffer;
}

/* ---- explicit networks -------------------------------------------------------------------- */

static double *reference(const char *path, const char *dataset, size_t *n)
{
  size_t n_dims = 0, dims[4] = {0};
  double *v = NULL;
  meso_err err = {0};
  const meso_status st = meso_h5_read_doubles(path, dataset, &n_dims, dims, &v, &err);
  if (st != MESO_OK) printf("# %s\n", err.msg);
  CU_ASSERT_EQUAL_FATAL(st, MESO_OK);
  *n = 1;
  for (size_t d = 0; d < n_dims; d++) *n *= dims[d];
  return v;
}

static void compare_trace(const char *path, const char *name, const meso_signals *traces)
{
  char dataset[64];
  size_t n = 0;
  (void) snprintf(dataset, sizeof dataset, "/trace/%s", name);
  double *want = reference(path, dataset, &n);
  const meso_signal *got = meso_signals_find(traces, name);
  CU_ASSERT_PTR_NOT_NULL_FATAL(got);
  const size_t n_times = n / 5;
  CU_ASSERT_EQUAL_FATAL(got->n_channels, 5);
  CU_ASSERT_FATAL(got->n_times >= n_times);
  double worst = 0, largest = 0;
  for (size_t c = 0; c < 5; c++)
    for (size_t t = 0; t < n_times; t++) {
      worst = fmax(worst, fabs(got->data[t * 5 + c] - want[c * n_times + t]));
      const double rest = strcmp(name, "V_m") == 0 ? -65.0 : 0.0;
      largest = fmax(largest, fabs(want[c * n_times + t] - rest));
    }
  MESO_CHECK_CLOSE(0.0, worst / largest, 0.0, 1e-9);
  free(want);
}

static void compare_network(const char *file)
{
  char path[4096];
  source_path(file, path);
  const meso_record_options record = {.V_m = true, .I_syn_ex = true, .I_syn_in = true,
                                      .first_neuron = 0, .last_neuron = 4};
  meso_spikes *spikes = NULL;
  meso_signals *traces = NULL;
  meso_engine_report report = {0};
  meso_err err = {0};
  const meso_status st =
    meso_engine_run_network(path, 0, 2, &record, NULL, &spikes, &traces, &report, &err);
  if (st != MESO_OK) printf("# %s\n", err.msg);
  CU_ASSERT_EQUAL_FATAL(st, MESO_OK);
  size_t n = 0;
  double *neuron = reference(path, "/spikes/neuron", &n), *step = reference(path, "/spikes/step", &n);
  CU_ASSERT_EQUAL(report.weight_loss, 0.0);
  CU_ASSERT_EQUAL_FATAL(spikes->population[0].n_spikes, n);
  size_t n_wrong = 0;
  for (size_t i = 0; i < n; i++)
    n_wrong += spikes->population[0].id[i] != (uint32_t) neuron[i] ||
               spikes->population[0].time_ms[i] != step[i] / 10.0;
  CU_ASSERT_EQUAL(n_wrong, 0);
  compare_trace(path, "V_m", traces);
  compare_trace(path, "I_syn_ex", traces);
  compare_trace(path, "I_syn_in", traces);
  free(neuron);
  free(step);
  meso_spikes_destroy(spikes);
  meso_signals_destroy(traces);
}

static void network_equals_nest(void) { compare_network("tests/reference/network/small_network.h5"); }

static void heterogeneous_network_equals_nest(void)
{
  compare_network("tests/reference/network/small_network_hetero.h5");
}

static void missing_network_is_refused(void)
{
  meso_spikes *spikes = NULL;
  meso_err err = {0};
  const meso_status st =
    meso_engine_run_network("/nonexistent.h5", 0, 1, NULL, NULL, &spikes, NULL, NULL, &err);
  CU_ASSERT_EQUAL(meso_status_exit_code(st), 3);
  CU_ASSERT_PTR_NULL(spikes);
}

/* ---- neuron ------------------------------------------------------------------------------- */

static const meso_neuron_params pd14_neuron = {
  .E_L_mV = -65, .V_th_mV = -50, .V_reset_mV = -65, .C_m_pF = 250, .tau_m_ms = 10,
  .tau_syn_ex_ms = 0.5, .tau_syn_in_ms = 0.5, .t_ref_ms = 2,
};

static void propagators_have_published_values(void)
{
  const engine_iaf p = engine_iaf_make(&pd14_neuron, 0.1, 1.0);
  MESO_CHECK_CLOSE(0.8187307530779818, p.P11_ex, 1e-15, 0);
  MESO_CHECK_CLOSE(0.9900498337491681, p.P22, 1e-15, 0);
  MESO_CHECK_CLOSE(3.606717487814448e-4, p.P21_ex, 1e-13, 0);
  MESO_CHECK_CLOSE(3.9800665003327575e-4, p.P20_I, 1e-13, 0);
  CU_ASSERT_EQUAL(p.refractory_steps, 20);
  meso_neuron_params equal = pd14_neuron;
  equal.tau_syn_ex_ms = equal.tau_m_ms;
  MESO_CHECK_CLOSE(0.1 / 250 * exp(-0.01), engine_iaf_make(&equal, 0.1, 0).P21_ex, 1e-14, 0);
}

/* ---- kernels ------------------------------------------------------------------------------ */

static const char *const isa_names[] = {"plain", "avx2", "avx512"};

static uint32_t test_word(uint32_t i, uint32_t stream)
{
  const uint32_t counter[4] = {i, stream, 0, 0};
  uint32_t out[4];
  meso_rng_block(meso_rng_key_make(1, MESO_RNG_TEST), counter, out);
  return out[0];
}

enum { N_TEST = 1003 }; /* not a multiple of any vector */

typedef struct state_arrays {
  double V[N_TEST], I_ex[N_TEST], I_in[N_TEST];
  int16_t refractory[N_TEST];
  int32_t sum_ex[N_TEST], sum_in[N_TEST];
} state_arrays;

static size_t run_updates(const engine_kernels *k, bool merged, state_arrays *a, uint32_t *fired)
{
  const engine_iaf p = engine_iaf_make(&pd14_neuron, 0.1, 100.0);
  size_t n = 0;
  *a = (state_arrays) {0};
  const engine_slice_state s = {.n = N_TEST, .V_mV = a->V, .I_ex_pA = a->I_ex,
                                .I_in_pA = merged ? NULL : a->I_in, .refractory = a->refractory,
                                .sum_ex = a->sum_ex, .sum_in = a->sum_in};
  for (uint32_t step = 0; step < 300; step++) {
    for (uint32_t i = 0; i < N_TEST; i++) {
      a->sum_ex[i] = (int32_t) (test_word(i, step) % 20000) - (merged ? 4000 : 0);
      a->sum_in[i] = merged ? 0 : -(int32_t) (test_word(i, step + 1000) % 4000);
    }
    n += k->update(&p, &s, 0.03125, fired + n);
  }
  return n;
}

static void instruction_sets_update_alike(void)
{
  for (int merged = 0; merged < 2; merged++) {
    static state_arrays want, got;
    static uint32_t want_fired[N_TEST * 40], got_fired[N_TEST * 40];
    const size_t n = run_updates(engine_kernels_choose("plain"), merged, &want, want_fired);
    CU_ASSERT(n > 1000);
    for (int i = 1; i < 3; i++) {
      const engine_kernels *k = engine_kernels_choose(isa_names[i]);
      if (k == NULL) continue;
      CU_ASSERT_EQUAL(run_updates(k, merged, &got, got_fired), n);
      CU_ASSERT_EQUAL(memcmp(&want, &got, sizeof want), 0);
      CU_ASSERT_EQUAL(memcmp(want_fired, got_fired, n * sizeof *want_fired), 0);
    }
  }
}

int main(void)
{
  static const meso_test tests[] = {
    {"network_equals_nest", network_equals_nest},
    {"heterogeneous_network_equals_nest", heterogeneous_network_equals_nest},
    {"missing_network_is_refused", missing_network_is_refused},
    {"propagators_have_published_values", propagators_have_published_values},
    {"instruction_sets_update_alike", instruction_sets_update_alike},
    {NULL, NULL},
  };
  return meso_test_main("engine", tests);
}
