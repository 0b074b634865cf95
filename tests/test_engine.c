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

/* ---- random numbers ----------------------------------------------------------------------- */

/** Known answers of Philox4x32-10, published with Random123 (kat_vectors). */
static void philox_has_known_answers(void)
{
  static const uint32_t counter[2][4] = {{0, 0, 0, 0}, {~0u, ~0u, ~0u, ~0u}};
  static const uint32_t want[2][4] = {{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8},
                                      {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}};
  for (int i = 0; i < 2; i++) {
    uint32_t out[4];
    meso_rng_block((meso_rng_key) {{counter[i][0], counter[i][1]}}, counter[i], out);
    CU_ASSERT_EQUAL(memcmp(out, want[i], sizeof out), 0);
  }
}

static void lanes_equal_blocks(void)
{
  uint32_t word[3][MESO_RNG_LANES];
  const meso_rng_key key = meso_rng_key_make(123456789012, MESO_RNG_TEST);
  meso_rng_lanes_choose()->draw(key, 0xfffffff0u, 77, 5, word);
  for (uint32_t i = 0; i < MESO_RNG_LANES; i++) {
    const uint32_t counter[4] = {0xfffffff0u + i, 77, 5, 0};
    uint32_t want[4];
    meso_rng_block(key, counter, want);
    for (int w = 0; w < 3; w++) CU_ASSERT_EQUAL(word[w][i], want[w]);
  }
}

/** Counts of every instruction set agree; their frequencies are Poisson's (chi-square). */
static void background_is_poisson(void)
{
  enum { N = 1003, STEPS = 2000 };
  static int32_t sum[N], plain[N];
  const double mean = 1.6;
  engine_poisson p = {0};
  double term = exp(-mean), cumulative = term, observed[12] = {0};
  while (1.0 - cumulative > 0x1p-49) {
    p.threshold[p.n_thresholds] = (uint64_t) (cumulative * 0x1p48);
    p.upper[p.n_thresholds] = (uint16_t) (p.threshold[p.n_thresholds] >> 32);
    p.n_upper = ++p.n_thresholds;
    term *= mean / p.n_thresholds;
    cumulative += term;
  }
  const meso_rng_key key = meso_rng_key_make(3, MESO_RNG_BACKGROUND);
  const meso_rng_key tail = meso_rng_key_make(3, MESO_RNG_BACKGROUND_TAIL);
  for (int i = 0; i < 3; i++) {
    const engine_kernels *k = engine_kernels_choose(isa_names[i]);
    for (uint64_t step = 0; k != NULL && step < STEPS; step++) {
      memset(sum, 0, sizeof sum);
      k->background(&p, key, tail, 13, N, step, 1, sum);
      if (i == 0)
        for (int j = 0; j < N; j++) observed[sum[j] < 11 ? sum[j] : 11]++;
      if (step != 7) continue;
      if (i == 0) memcpy(plain, sum, sizeof sum);
      CU_ASSERT_EQUAL(memcmp(plain, sum, sizeof sum), 0);
    }
  }
  double chi2 = 0, probability = exp(-mean);
  for (int c = 0; c < 9; c++) {
    const double expected = probability * N * STEPS;
    chi2 += (observed[c] - expected) * (observed[c] - expected) / expected;
    probability *= mean / (c + 1);
  }
  printf("# chi-square of the counts, 9 classes: %.1f\n", chi2);
  CU_ASSERT(chi2 < 40.0); /* P < 1e-5 by chance; the seed is fixed */
}

/* ---- models ------------------------------------------------------------------------------- */

static meso_model *toy_model(size_t n_sets, const char *const *sets)
{
  char path[4096];
  meso_model *model = NULL;
  meso_err err = {0};
  const meso_status st =
    meso_model_read(source_path("data/models/toy.yaml", path), n_sets, sets, &model, &err);
  if (st != MESO_OK) printf("# %s\n", err.msg);
  CU_ASSERT_EQUAL_FATAL(st, MESO_OK);
  return model;
}

static void wiring_follows_its_rule(void)
{
  meso_model *m = toy_model(0, NULL);
  meso_wiring *w = NULL;
  meso_err err = {0};
  CU_ASSERT_EQUAL_FATAL(meso_wiring_create(m, &w, &err), MESO_OK);
  for (size_t p = 0; p < m->n_projections; p++) {
    const meso_projection *q = &m->projection[p];
    double n = 0, sum_w = 0, sum_w2 = 0, sum_d = 0;
    for (uint32_t i = 0; i < (uint32_t) m->population[q->target].size; i++)
      for (uint32_t k = 0; k < w->projection[p].in_degree[i]; k++) {
        uint32_t source;
        uint16_t code;
        uint8_t delay;
        meso_wiring_draw(w, p, i, k, 1, &source, &code, &delay);
        CU_ASSERT(source < (uint32_t) m->population[q->source].size && delay >= 1);
        const double pA = w->projection[p].weight_of_code[code] * w->weight_step_pA;
        n++, sum_w += pA, sum_w2 += pA * pA, sum_d += delay * m->simulation.dt_ms;
      }
    CU_ASSERT_EQUAL(n, (double) q->n_synapses);
    const double mean = sum_w / n, sd = sqrt(sum_w2 / n - mean * mean), se = sd / sqrt(n);
    CU_ASSERT(fabs(mean - q->weight_pA) < 5 * se);
    MESO_CHECK_CLOSE(q->weight_sd_pA, sd, 5 / sqrt(2 * n), 0);
    /* realised means after redraws and rounding: science notes, 1.547 and 0.777 ms */
    const double want = m->population[q->source].sign == MESO_INHIBITORY ? 0.777 : 1.547;
    CU_ASSERT(fabs(sum_d / n - want) < 5 * 0.75 / sqrt(n) + 5e-4);
  }
  meso_wiring_destroy(w);
  meso_model_destroy(m);
}

/** Mean to 1e-4, variance to 1e-3 of the unquantised draws of the same words. */
static void quantised_weights_keep_mean_and_variance(void)
{
  meso_model *m = toy_model(0, NULL);
  meso_wiring *w = NULL;
  meso_err err = {0};
  CU_ASSERT_EQUAL_FATAL(meso_wiring_create(m, &w, &err), MESO_OK);
  for (size_t p = 0; p < 2; p++) {
    double n = 0, s[2] = {0}, s2[2] = {0};
    uint32_t word[3][MESO_RNG_LANES];
    for (uint32_t i = 0; i < 8000; i++) {
      w->lanes->draw(w->key, 0, i, (uint32_t) p, word);
      for (int l = 0; l < MESO_RNG_LANES; l++, n++) {
        const double z = gsl_cdf_ugaussian_Pinv((word[1][l] + 0.5) * 0x1p-32);
        const double exact = m->projection[p].weight_pA + m->projection[p].weight_sd_pA *
          (m->projection[p].weight_pA < 0 ? -z : z);
        const unsigned code = meso_sampler_level(&w->projection[p].weight, word[1][l]);
        const double stored = w->projection[p].weight_of_code[code] * w->weight_step_pA;
        s[0] += exact, s2[0] += exact * exact, s[1] += stored, s2[1] += stored * stored;
      }
    }
    const double v0 = s2[0] / n - s[0] / n * s[0] / n, v1 = s2[1] / n - s[1] / n * s[1] / n;
    MESO_CHECK_CLOSE(s[0] / n, s[1] / n, 1e-4, 0);
    MESO_CHECK_CLOSE(v0, v1, 1e-3, 0);
  }
  meso_wiring_destroy(w);
  meso_model_destroy(m);
}

static bool equal_spikes(const meso_spikes *a, const meso_spikes *b)
{
  for (size_t p = 0; p < a->n_populations; p++) {
    const meso_spike_population *x = &a->population[p], *y = &b->population[p];
    if (x->n_spikes != y->n_spikes ||
        memcmp(x->time_ms, y->time_ms, x->n_spikes * sizeof *x->time_ms) != 0 ||
        memcmp(x->id, y->id, x->n_spikes * sizeof *x->id) != 0)
      return false;
  }
  return true;
}

static meso_spikes *run_toy(const meso_model *m, int n_threads)
{
  meso_spikes *spikes = NULL;
  meso_err err = {0};
  const meso_status st = meso_engine_run_model(m, n_threads, NULL, &spikes, NULL, &err);
  if (st != MESO_OK) printf("# %s\n", err.msg);
  CU_ASSERT_EQUAL_FATAL(st, MESO_OK);
  return spikes;
}

static void threads_do_not_change_spikes(void)
{
  static const char *const merged[] = {"simulation.duration_ms=1000"};
  static const char *const two[] = {"simulation.duration_ms=1000", "neuron.tau_syn_in_ms=1.0"};
  for (int currents = 1; currents <= 2; currents++) {
    meso_model *m = toy_model((size_t) currents, currents == 1 ? merged : two);
    meso_spikes *one = run_toy(m, 1);
    CU_ASSERT(one->population[0].n_spikes > 100);
    static const int n_threads[] = {2, 3, 7};
    for (int i = 0; i < 3; i++) {
      meso_spikes *more = run_toy(m, n_threads[i]);
      CU_ASSERT(equal_spikes(one, more));
      meso_spikes_destroy(more);
    }
    meso_spikes_destroy(one);
    meso_model_destroy(m);
  }
}

/** Large enough for the threads to run at the same time. */
static void concurrent_threads_do_not_change_spikes(void)
{
  static const char *const sets[] = {"simulation.duration_ms=100", "populations.E.size=12000",
                                     "projections.E->E.probability=0.01"};
  meso_model *m = toy_model(3, sets);
  meso_spikes *one = run_toy(m, 1), *four = run_toy(m, 4);
  CU_ASSERT(one->population[0].n_spikes > 1000);
  CU_ASSERT(equal_spikes(one, four));
  meso_spikes_destroy(one);
  meso_spikes_destroy(four);
  meso_model_destroy(m);
}

static void seeds_change_spikes(void)
{
  static const char *const sets[] = {"simulation.duration_ms=500", "simulation.seed=2"};
  meso_model *a = toy_model(1, sets), *b = toy_model(2, sets);
  meso_spikes *x = run_toy(a, 1), *y = run_toy(b, 1);
  CU_ASSERT(!equal_spikes(x, y));
  meso_spikes_destroy(x);
  meso_spikes_destroy(y);
  meso_model_destroy(a);
  meso_model_destroy(b);
}

/** One spike of neuron j: the summed current is the exponential kernel of its synapses, so its
 *  integral is the summed weight times tau, and currents add up over sources. */
static void currents_integrate_to_the_charge(void)
{
  static const char *const sets[] = {"simulation.duration_ms=200"};
  meso_model *m = toy_model(1, sets);
  meso_spikes *spikes = NULL;
  meso_signals *currents = NULL;
  meso_wiring *w = NULL;
  meso_err err = {0};
  CU_ASSERT_EQUAL_FATAL(meso_wiring_create(m, &w, &err), MESO_OK);
  CU_ASSERT_EQUAL_FATAL(meso_spikes_create(m->n_populations, &spikes, &err), MESO_OK);
  spikes->t_stop_ms = 200;
  for (size_t p = 0; p < m->n_populations; p++) {
    spikes->population[p].name = meso_strdup(m->population[p].name);
    spikes->population[p].size = (uint64_t) m->population[p].size;
  }
  double t_ms = 10.0;
  uint32_t id = 5;
  spikes->population[0].n_spikes = 1;
  spikes->population[0].time_ms = &t_ms;
  spikes->population[0].id = &id;
  CU_ASSERT_EQUAL_FATAL(meso_currents_from_spikes(m, spikes, 0.1, 2, NULL, &currents, &err), MESO_OK);
  for (size_t target = 0; target < 2; target++) {
    double charge = 0, weights = 0;
    const meso_signal *s = meso_signals_find(currents, "I_ex");
    for (size_t t = 0; t < s->n_times; t++) charge += s->data[t * s->n_channels + target] * 0.1;
    for (size_t p = 0; p < m->n_projections; p++) {
      if (m->projection[p].source != 0 || m->projection[p].target != target) continue;
      for (uint32_t i = 0; i < (uint32_t) m->population[target].size; i++)
        for (uint32_t k = 0; k < w->projection[p].in_degree[i]; k++) {
          uint32_t source;
          uint16_t code;
          uint8_t delay;
          meso_wiring_draw(w, p, i, k, 1, &source, &code, &delay);
          if (source == id) weights += w->projection[p].weight_of_code[code] * w->weight_step_pA;
        }
    }
    CU_ASSERT(weights > 0);
    MESO_CHECK_CLOSE(weights * 0.1 / (1 - exp(-0.1 / 0.5)), charge, 1e-12, 0);
  }
  spikes->population[0].time_ms = NULL;
  spikes->population[0].id = NULL;
  spikes->population[0].n_spikes = 0;
  meso_spikes_destroy(spikes);
  meso_signals_destroy(currents);
  meso_wiring_destroy(w);
  meso_model_destroy(m);
}

int main(void)
{
  static const meso_test tests[] = {
    {"network_equals_nest", network_equals_nest},
    {"heterogeneous_network_equals_nest", heterogeneous_network_equals_nest},
    {"missing_network_is_refused", missing_network_is_refused},
    {"propagators_have_published_values", propagators_have_published_values},
    {"instruction_sets_update_alike", instruction_sets_update_alike},
    {"philox_has_known_answers", philox_has_known_answers},
    {"lanes_equal_blocks", lanes_equal_blocks},
    {"background_is_poisson", background_is_poisson},
    {"wiring_follows_its_rule", wiring_follows_its_rule},
    {"quantised_weights_keep_mean_and_variance", quantised_weights_keep_mean_and_variance},
    {"threads_do_not_change_spikes", threads_do_not_change_spikes},
    {"concurrent_threads_do_not_change_spikes", concurrent_threads_do_not_change_spikes},
    {"seeds_change_spikes", seeds_change_spikes},
    {"currents_integrate_to_the_charge", currents_integrate_to_the_charge},
    {NULL, NULL},
  };
  return meso_test_main("engine", tests);
}
