/* test_engine.c: the inner loops of the engine: update of neurons as written down; random numbers
 * against Random123. Models: test_engine_model.c; explicit networks: test_network.c. */
#include <stdlib.h>
#include <string.h>

#include "engine_kernels.h"
#include "engine_neuron.h"
#include "meso_engine.h"
#include "meso_rng.h"
#include "meso_test.h"

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

enum { N_TEST = 31 * ENGINE_ALIGN, TEST_STEPS = 300 };

typedef struct state_arrays {
  double V[N_TEST], I_ex[N_TEST], I_in[N_TEST];
  int32_t sum_ex[N_TEST], sum_in[N_TEST];
  uint16_t count[N_TEST];
  size_t n_fired;
  uint32_t fired[N_TEST * 40];
} state_arrays;

/** iaf_psc_exp as it is written down (Rotter & Diesmann 1999), one neuron after the other. */
static size_t plain_update(const engine_iaf *p, const engine_chunk_state *s, uint32_t *out)
{
  size_t n_out = 0;
  for (size_t i = 0; i < s->n; i++) {
    const int32_t counted = s->count != NULL ? s->count_weight * s->count[i] : 0;
    s->I_ex[i] += s->sum_ex[i] + counted;
    if (s->I_in != NULL) s->I_in[i] += s->sum_in[i];
    double V = s->V_mV[i] * p->P22 + s->I_ex[i] * p->P21_ex;
    if (s->I_in != NULL) V += s->I_in[i] * p->P21_in;
    s->V_mV[i] = V + p->P20_I;
    s->I_ex[i] *= p->P11_ex;
    if (s->I_in != NULL) s->I_in[i] *= p->P11_in;
    s->sum_ex[i] = 0;
    if (s->I_in != NULL) s->sum_in[i] = 0;
    if (s->V_mV[i] >= p->theta_mV) out[n_out++] = (uint32_t) i;
  }
  return n_out;
}

typedef size_t update_function(const engine_iaf *p, const engine_chunk_state *s, uint32_t *out);

/** Many steps with random input; a neuron that fires starts again from reset. */
static void run_updates(update_function *update, bool merged, bool counted, state_arrays *a)
{
  engine_iaf p = engine_iaf_make(&pd14_neuron, 0.1, 100.0);
  p.P21_ex *= 0.03125;
  p.P21_in *= 0.03125;
  *a = (state_arrays) {0};
  const engine_chunk_state s = {
    .n = N_TEST, .V_mV = a->V, .I_ex = a->I_ex, .I_in = merged ? NULL : a->I_in,
    .sum_ex = a->sum_ex, .sum_in = merged ? NULL : a->sum_in, .count = counted ? a->count : NULL,
    .count_weight = 2810};
  for (uint32_t step = 0; step < TEST_STEPS; step++) {
    for (uint32_t i = 0; i < N_TEST; i++) {
      a->sum_ex[i] = (int32_t) (test_word(i, step) % 20000) - (merged ? 4000 : 0);
      a->sum_in[i] = merged ? 0 : -(int32_t) (test_word(i, step + 1000) % 4000);
      a->count[i] = (uint16_t) (counted ? test_word(i, step + 2000) % 4 : 0);
    }
    const size_t n = update(&p, &s, a->fired + a->n_fired);
    for (size_t i = 0; i < n; i++) a->V[a->fired[a->n_fired + i]] = i % 2 ? 0.0 : -INFINITY;
    a->n_fired += n;
    for (uint32_t i = step % 20; i < N_TEST; i += 20)
      if (a->V[i] < -1e300) a->V[i] = p.V_reset_mV;
  }
}

static void instruction_sets_update_as_written(void)
{
  static state_arrays want, got;
  for (int variant = 0; variant < 4; variant++) {
    const bool merged = variant & 1, counted = variant & 2;
    run_updates(plain_update, merged, counted, &want);
    CU_ASSERT(want.n_fired > 1000 && want.n_fired < N_TEST * 40);
    for (int i = 0; i < 3; i++) {
      const engine_kernels *k = engine_kernels_choose(isa_names[i]);
      if (k == NULL) continue;
      run_updates(k->update, merged, counted, &got);
      CU_ASSERT_EQUAL(memcmp(&want, &got, sizeof want), 0);
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
  meso_rng_lanes_choose(NULL)->draw(key, 0xfffffff0u, 77, 5, word);
  for (uint32_t i = 0; i < MESO_RNG_LANES; i++) {
    const uint32_t counter[4] = {0xfffffff0u + i, 77, 5, 0};
    uint32_t want[4];
    meso_rng_block(key, counter, want);
    for (int w = 0; w < 3; w++) CU_ASSERT_EQUAL(word[w][i], want[w]);
  }
}

int main(void)
{
  static const meso_test tests[] = {
    {"propagators_have_published_values", propagators_have_published_values},
    {"instruction_sets_update_as_written", instruction_sets_update_as_written},
    {"philox_has_known_answers", philox_has_known_answers},
    {"lanes_equal_blocks", lanes_equal_blocks},
    {NULL, NULL},
  };
  return meso_test_main("engine", tests);
}
