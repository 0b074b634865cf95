/* test_distance.c: delays and weights that grow with distance; columns side by side. */
#include "wiring_run.h"

/** Delay: what was drawn and the way, each in whole steps. */
static void delays_grow_with_distance(void)
{
  enum { N = 90 };
  static double xy[2][3 * N];
  size_t n_wrong = 0, n = 0;
  for (int periodic = 0; periodic < 2; periodic++) {
    meso_model *m = make_model(N, N, periodic ? "space: {periodic: true}" : "space: {}",
                               AB "rule: fixed_indegree, indegree: 40, delay_mean_ms: 0.8, "
                               "delay_distribution: constant, delay_ms_per_um: 0.0171");
    wires w = wires_make(m);
    for (size_t p = 0; p < 2; p++) meso_space_place(m, p, xy[p]);
    for (uint32_t i = 0; i < N; i++) {
      uint32_t source[40];
      uint16_t code[40];
      uint8_t delay[40];
      meso_wiring_draw(w.wiring, &w.row, 0, i, 0, 40, source, code, delay);
      for (int k = 0; k < 40; k++, n++)
        n_wrong += fabs(8 + 0.171 * distance(m, xy[1] + 3 * i, xy[0] + 3 * source[k]) - delay[k])
                   > 0.5 + 1e-9;
    }
    CU_ASSERT_EQUAL(w.wiring->min_delay_steps, 8);
    const size_t way = (size_t) ceil(0.171 * meso_space_farthest_um(m));
    CU_ASSERT(w.wiring->projection[0].delay.n_levels + way < 1u << w.wiring->delay_bits);
    wires_clear(&w);
    meso_model_destroy(m);
  }
  CU_ASSERT_EQUAL(n, 2 * N * 40);
  CU_ASSERT_EQUAL(n_wrong, 0);
}

/** Weight: linear in the distance, to half a code and half a step of weights; its mean over
 *  synapses is the one that the model states, with a profile and with a weight that ends at 0,
 *  too. */
static void weights_grow_with_distance(void)
{
  enum { N = 300, K = 60 };
  static const struct { const char *more; double PSP_mV, slope; } cases[] = {
    {"PSP_mV: -0.5, PSP_mV_per_um: 0.0004", -0.5, 0.0004},
    {"PSP_mV: -0.2, PSP_mV_per_um: -0.001, profile: exponential, profile_length_um: 200",
     -0.2, -0.001},
    {"PSP_mV: -0.3, PSP_mV_per_um: 0.001, weight_truncation: clip", -0.3, 0.001},
  };
  static double xy[2][3 * N];
  for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
    char text[240];
    (void) snprintf(text, sizeof text, AB "rule: fixed_indegree, indegree: 60, "
                    "weight_distribution: constant, %s", cases[c].more);
    meso_model *m = make_model(N, N, "scaling: {K: 0.5}\nspace: {periodic: true}", text);
    const meso_projection *p = &m->projection[0];
    wires w = wires_make(m);
    const double code_um = meso_space_farthest_um(m) / (double) ((1u << w.wiring->code_bits) - 1);
    const double tolerance_pA = 0.5 * fabs(cases[c].slope) * code_um * p->weight_pA_per_mV +
                                0.5 * w.wiring->weight_step_pA + 1e-9;
    double mean_pA = 0;
    size_t n_wrong = 0, n = 0;
    for (size_t k = 0; k < 2; k++) meso_space_place(m, k, xy[k]);
    for (uint32_t i = 0; i < N; i++) {
      uint32_t source[K];
      uint16_t code[K];
      uint8_t delay[K];
      const unsigned in_degree = w.wiring->projection[0].in_degree[i];
      meso_wiring_draw(w.wiring, &w.row, 0, i, 0, in_degree, source, code, delay);
      for (unsigned k = 0; k < in_degree; k++, n++) {
        const double r = distance(m, xy[1] + 3 * i, xy[0] + 3 * source[k]);
        const double pA =
          w.wiring->projection[0].weight_of_code[code[k]] * w.wiring->weight_step_pA;
        const double PSP_mV = fmin(cases[c].PSP_mV + cases[c].slope * r, 0);
        n_wrong += fabs(PSP_mV * p->weight_pA_per_mV - pA) > tolerance_pA;
        mean_pA += pA;
      }
    }
    mean_pA /= (double) n;
    CU_ASSERT_EQUAL(n, N * K / 2);
    CU_ASSERT_EQUAL(n_wrong, 0);
    CU_ASSERT_DOUBLE_EQUAL(mean_pA / p->weight_pA, 1, 0.03);
    wires_clear(&w);
    meso_model_destroy(m);
  }
}

/** Columns stand side by side: grids are repeated, random places are new ones within the plane of
 *  their column. */
static void columns_have_planes_of_their_own(void)
{
  enum { N_A = 40, N_B = 30 };
  static const char space[] = "space: {extent_x_um: 500, extent_y_um: 300}";
  static const char three[] = "scaling: {N: 3}\nspace: {extent_x_um: 500, extent_y_um: 300}";
  static double one[3 * N_A], random[3 * 3 * N_A], grid[3 * 3 * N_B];
  meso_model *m1 = make_model(N_A, N_B, space, AB "probability: 0.1");
  meso_model *m = make_model(N_A, N_B, three, AB "probability: 0.1");
  CU_ASSERT_EQUAL(m->population[0].size, 3 * N_A);
  CU_ASSERT_EQUAL(m->population[1].first_neuron, 3 * N_A);
  meso_space_place(m1, 0, one);
  meso_space_place(m, 0, random);
  meso_space_place(m, 1, grid);
  MESO_CHECK_EACH(i, (size_t) 3 * N_A, random[i] == one[i]);
  MESO_CHECK_EACH(i, (size_t) 3 * N_A, fabs(random[3 * i] - 500.0 * (double) (i / N_A)) <= 250);
  MESO_CHECK_EACH(i, (size_t) N_A, fabs(random[3 * (i + N_A)] - random[3 * i]) != 500 &&
                  random[3 * (i + N_A) + 1] != random[3 * i + 1]);
  MESO_CHECK_EACH(i, (size_t) 2 * N_B,
                  fabs(grid[3 * (i + N_B)] - grid[3 * i] - 500) < 1e-9 &&
                  grid[3 * (i + N_B) + 1] == grid[3 * i + 1]);
  meso_model_destroy(m1);
  meso_model_destroy(m);
}

int main(void)
{
  static const meso_test tests[] = {
    {"delays_grow_with_distance", delays_grow_with_distance},
    {"weights_grow_with_distance", weights_grow_with_distance},
    {"columns_have_planes_of_their_own", columns_have_planes_of_their_own},
    {NULL, NULL},
  };
  return meso_test_main("distance", tests);
}
