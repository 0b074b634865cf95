/* test_engine_model.c: models. The engine against a plain simulation of the same synapses; the
 * background against Poisson's law; wiring against its rule; determinism; currents. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <gsl/gsl_cdf.h>

#include "engine_kernels.h"
#include "engine_neuron.h"
#include "meso_engine.h"
#include "meso_io.h"
#include "meso_rng.h"
#include "meso_space.h"
#include "meso_test.h"
#include "meso_wiring.h"
#include "plain_engine.h"

static const char *const isa_names[] = {"plain", "avx2", "avx512"};

/* ---- background --------------------------------------------------------------------------- */

/** Counts of every instruction set agree, however many thresholds are compared at once, also with
 *  the trains of single neurons; their frequencies are Poisson's (chi-square). */
static void background_is_poisson(void)
{
  enum { N = 507, STEPS = 4000 };
  static uint16_t buffer[ENGINE_CHUNK], plain[N];
  const double mean = 1.6;
  double observed[12] = {0};
  const meso_rng_key key = meso_rng_key_make(3, MESO_RNG_BACKGROUND);
  const meso_rng_key tail = meso_rng_key_make(3, MESO_RNG_BACKGROUND_TAIL);
  for (uint64_t step = 0; step < STEPS; step++)
    for (int i = 0; i < 6; i++) {
      const engine_kernels *k = engine_kernels_choose(isa_names[i / 2]);
      if (k == NULL) continue;
      const meso_poisson p = plain_poisson(mean, i % 2 == 0 ? 31 : 3);
      const uint16_t *count = k->background(&p, key, tail, 13, N, step, buffer);
      if (i == 0) memcpy(plain, count, sizeof plain);
      if (i == 0)
        for (int j = 0; j < N; j++) observed[count[j] < 11 ? count[j] : 11]++;
      if (memcmp(plain, count, sizeof plain) != 0) {
        CU_FAIL("counts differ between instruction sets");
        return;
      }
    }
  for (uint64_t j = 0; j < N; j += 11) {
    static uint16_t train[STEPS];
    const meso_poisson p = plain_poisson(mean, 31);
    meso_poisson_train(&p, key, tail, 13 + j, 0, STEPS, train);
    const uint16_t *count = engine_kernels_choose(NULL)->background(&p, key, tail, 13, N,
                                                                    STEPS - 1, buffer);
    CU_ASSERT_EQUAL(train[STEPS - 1], count[j]);
    for (uint64_t step = 0; step < STEPS; step += 97) {
      count = engine_kernels_choose(NULL)->background(&p, key, tail, 13, N, step, buffer);
      CU_ASSERT_EQUAL(train[step], count[j]);
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
  meso_model *model = NULL;
  meso_err err = {0};
  const meso_status st =
    meso_model_read(meso_test_path("data/models/toy.yaml"), n_sets, sets, &model, &err);
  if (st != MESO_OK) printf("# %s\n", err.msg);
  CU_ASSERT_EQUAL_FATAL(st, MESO_OK);
  return model;
}

static void wiring_follows_its_rule(void)
{
  meso_model *m = toy_model(0, NULL);
  meso_wiring *w = NULL;
  meso_wiring_row scratch;
  meso_err err = {0};
  CU_ASSERT_EQUAL_FATAL(meso_wiring_create(m, &w, &err), MESO_OK);
  CU_ASSERT_EQUAL_FATAL(meso_wiring_row_init(w, &scratch, &err), MESO_OK);
  for (size_t p = 0; p < m->n_projections; p++) {
    const meso_projection *q = &m->projection[p];
    double n = 0, sum_w = 0, sum_w2 = 0, sum_d = 0;
    size_t n_wrong = 0;
    for (uint32_t i = 0; i < (uint32_t) m->population[q->target].size; i++)
      for (uint32_t k = 0; k < w->projection[p].in_degree[i]; k++) {
        uint32_t source;
        uint16_t code;
        uint8_t delay;
        meso_wiring_draw(w, &scratch, p, i, k, 1, &source, &code, &delay);
        n_wrong += source >= (uint32_t) m->population[q->source].size || delay < 1;
        const double pA = w->projection[p].weight_of_code[code] * w->weight_step_pA;
        n++, sum_w += pA, sum_w2 += pA * pA, sum_d += delay * m->simulation.dt_ms;
      }
    CU_ASSERT_EQUAL(n_wrong, 0);
    CU_ASSERT_EQUAL(n, (double) q->n_synapses);
    const double mean = sum_w / n, sd = sqrt(sum_w2 / n - mean * mean), se = sd / sqrt(n);
    CU_ASSERT(fabs(mean - q->weight_pA) < 5 * se);
    MESO_CHECK_CLOSE(q->weight_sd_pA, sd, 5 / sqrt(2 * n), 0);
    /* realised means after redraws and rounding: science notes, 1.547 and 0.777 ms */
    const double want = m->population[q->source].sign == MESO_INHIBITORY ? 0.777 : 1.547;
    CU_ASSERT(fabs(sum_d / n - want) < 5 * 0.75 / sqrt(n) + 5e-4);
  }
  meso_wiring_row_clear(&scratch);
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

enum { MAX_SETS = 24 };

static size_t count_sets(const char *const *sets)
{
  size_t n = 0;
  while (n < MAX_SETS && sets[n] != NULL) n++;
  return n;
}

/* Every connection rule and every distribution, in networks of the toy's activity. */
#define NO(p, key) "projections." p "." key "=false"
#define SET(p, rule, number) \
  "projections." p ".probability=0", "projections." p ".rule=" rule, "projections." p "." number
#define PLACES "populations.E.positions=random", "populations.I.positions=grid", \
  "populations.S.positions=random", "space.periodic=true"
#define NEAR(p, f) "projections." p ".profile=" f, "projections." p ".profile_length_um=400"
static const char *const rule_variant[][MAX_SETS] = {
  {"simulation.duration_ms=300", "thalamus.start_ms=50",
   SET("E->E", "fixed_indegree", "indegree=84"), SET("I->E", "fixed_outdegree", "outdegree=84"),
   SET("E->I", "fixed_total_number", "n_synapses=16851"),
   "projections.I->I.rule=pairwise_bernoulli", SET("S->E", "fixed_outdegree", "outdegree=80"),
   "synapses.excitatory.weight_distribution=lognormal", "synapses.excitatory.weight_rel_sd=1",
   "synapses.inhibitory.delay_distribution=uniform"},
  {"simulation.duration_ms=300", "thalamus.start_ms=50",
   SET("E->E", "fixed_indegree", "indegree=84"), NO("E->E", "allow_multapses"),
   NO("E->E", "allow_autapses"), SET("I->E", "fixed_outdegree", "outdegree=84"),
   NO("I->E", "allow_multapses"), NO("E->I", "allow_multapses"),
   NO("I->I", "allow_multapses"), NO("I->I", "allow_autapses"),
   "synapses.inhibitory.weight_distribution=uniform",
   "synapses.excitatory.delay_distribution=lognormal"},
  {"simulation.duration_ms=300", "thalamus.start_ms=50", "populations.S.size=800",
   "projections.E->E.rule=pairwise_bernoulli", NO("E->E", "allow_autapses"),
   "projections.S->E.probability=0", "projections.S->E.rule=one_to_one",
   "projections.S->E.PSP_mV=3", "projections.I->I.probability=0",
   "projections.I->I.rule=all_to_all", "projections.I->I.PSP_mV=-0.12",
   NO("I->I", "allow_autapses"), "synapses.inhibitory.weight_distribution=constant",
   "synapses.excitatory.delay_distribution=constant"},
  {"simulation.duration_ms=300", "thalamus.start_ms=50", "populations.E.positions=random",
   "populations.I.positions=grid", "populations.S.positions=random", "space.periodic=true",
   "projections.E->E.rule=pairwise_bernoulli", "projections.E->E.probability=0.4",
   "projections.E->E.profile=gaussian", "projections.E->E.profile_length_um=200",
   "projections.E->E.delay_ms_per_um=0.003", NO("E->E", "allow_autapses"),
   "projections.S->I.rule=pairwise_bernoulli", "projections.S->I.probability=0.4",
   "projections.S->I.mask_radius_um=280", "projections.I->E.delay_ms_per_um=0.001"},
  {"simulation.duration_ms=300", "thalamus.start_ms=50", PLACES,
   SET("E->E", "fixed_indegree", "indegree=84"), NEAR("E->E", "gaussian"),
   SET("I->E", "fixed_indegree", "indegree=21"), NEAR("I->E", "exponential"),
   NO("I->E", "allow_multapses"), "synapses.inhibitory.weight_rel_sd=1",
   "synapses.inhibitory.weight_truncation=clip", "projections.S->E.weight_distribution=constant",
   "projections.S->E.PSP_mV=1", "projections.S->E.PSP_mV_per_um=-0.001"},
  {"simulation.duration_ms=300", "thalamus.start_ms=50", PLACES,
   SET("E->E", "fixed_total_number", "n_synapses=67000"), NEAR("E->E", "exponential"),
   SET("I->E", "fixed_outdegree", "outdegree=84"), NEAR("I->E", "gaussian"),
   NO("I->E", "allow_multapses"), SET("S->I", "fixed_outdegree", "outdegree=20"),
   NEAR("S->I", "exponential"), "synapses.excitatory.delay_truncation=clip"},
};

static void engine_equals_plain_engine(void)
{
  static const char *const variant[][MAX_SETS] = {
    {"simulation.duration_ms=400", "thalamus.start_ms=100"},
    {"simulation.duration_ms=301.7", "neuron.tau_syn_in_ms=1.0", "thalamus.start_ms=100"},
    /* Longest delays in the last slot of 63; shortest delays that make blocks of four steps. */
    {"simulation.duration_ms=200", "synapses.excitatory.delay_mean_ms=6.28",
     "synapses.excitatory.delay_sd_ms=0", "synapses.inhibitory.delay_mean_ms=1.5",
     "synapses.inhibitory.delay_sd_ms=0"},
    {"simulation.duration_ms=200.1", "synapses.excitatory.delay_mean_ms=0.2",
     "synapses.excitatory.delay_sd_ms=0", "synapses.inhibitory.delay_mean_ms=0.2",
     "synapses.inhibitory.delay_sd_ms=0"},
    {"simulation.duration_ms=150", "neuron.t_ref_ms=0", "background.delay_ms=0.1"},
    {"simulation.duration_ms=400", "neuron.t_ref_ms=150"},
    {"simulation.duration_ms=1000", "simulation.dt_ms=1", "thalamus.start_ms=100"},
    {"simulation.duration_ms=200", "thalamus.start_ms=20", "scaling.N=2"},
    {"simulation.duration_ms=200", "neuron.tau_syn_in_ms=1.0", "thalamus.start_ms=20",
     "scaling.N=3"},
  };
  for (size_t v = 0; v < sizeof variant / sizeof *variant; v++) {
    meso_model *m = toy_model(count_sets(variant[v]), variant[v]);
    meso_spikes *s = run_toy(m, v % 2 == 0 ? 3 : 1);
    CU_ASSERT(as_the_plain_engine(m, s, NULL, NULL));
    meso_spikes_destroy(s);
    meso_model_destroy(m);
  }
}

static void every_rule_equals_plain_engine(void)
{
  for (size_t v = 0; v < sizeof rule_variant / sizeof *rule_variant; v++) {
    meso_model *m = toy_model(count_sets(rule_variant[v]), rule_variant[v]);
    static const int n_threads[] = {1, 2, 3, 7};
    meso_spikes *s[4];
    for (int i = 0; i < 4; i++) s[i] = run_toy(m, n_threads[i]);
    for (int i = 1; i < 4; i++) CU_ASSERT(equal_spikes(s[0], s[i]));
    CU_ASSERT(as_the_plain_engine(m, s[0], NULL, NULL));
    for (int i = 0; i < 4; i++) meso_spikes_destroy(s[i]);
    meso_model_destroy(m);
  }
}

/* ---- neuron models of the registry -------------------------------------------------------- */

#define MODELS(E, I) "populations.E.model=" E, "populations.I.model=" I
/** Delays of 0.1 ms make blocks of one step, others blocks of two and more. */
static const char *const model_variant[][MAX_SETS] = {
  {"simulation.duration_ms=300", "thalamus.start_ms=50", MODELS("iaf_psc_alpha", "iaf_psc_alpha")},
  {"simulation.duration_ms=200", "thalamus.start_ms=50", MODELS("iaf_psc_exp", "iaf_psc_alpha"),
   "neuron.tau_syn_in_ms=1.0", "neuron.t_ref_ms=0", "background.delay_ms=0.1"},
  {"simulation.duration_ms=300", "thalamus.start_ms=50", MODELS("iaf_psc_delta", "iaf_psc_delta"),
   "synapses.excitatory.delay_mean_ms=0.4", "synapses.excitatory.delay_sd_ms=0",
   "synapses.inhibitory.delay_mean_ms=0.2", "synapses.inhibitory.delay_sd_ms=0"},
  {"simulation.duration_ms=150.3", "thalamus.start_ms=20", MODELS("iaf_psc_alpha", "iaf_psc_exp"),
   "scaling.N=2", "background.type=dc", "background.rate_Hz=10"},
  {"simulation.duration_ms=200", "thalamus.start_ms=20", MODELS("iaf_psc_exp", "iaf_psc_alpha"),
   "synapses.excitatory.delay_mean_ms=6.28", "synapses.excitatory.delay_sd_ms=0"},
};

static void registered_models_equal_plain_engine(void)
{
  for (size_t v = 0; v < sizeof model_variant / sizeof *model_variant; v++) {
    meso_model *m = toy_model(count_sets(model_variant[v]), model_variant[v]);
    static const int n_threads[] = {1, 2, 3, 7};
    meso_spikes *s[4];
    for (int i = 0; i < 4; i++) s[i] = run_toy(m, n_threads[i]);
    for (int i = 1; i < 4; i++) CU_ASSERT(equal_spikes(s[0], s[i]));
    CU_ASSERT(s[0]->population[0].n_spikes > 100 && s[0]->population[1].n_spikes > 20);
    CU_ASSERT(as_the_plain_engine(m, s[0], NULL, NULL));
    for (int i = 0; i < 4; i++) meso_spikes_destroy(s[i]);
    meso_model_destroy(m);
  }
}

/* ---- columns ------------------------------------------------------------------------------ */

/** All synapses onto a target: n, and their sum as a checksum of sources, weights and delays. */
static uint64_t target_checksum(const meso_wiring *w, meso_wiring_row *scratch, size_t p,
                                uint32_t target, uint32_t first_source)
{
  const uint32_t K = w->projection[p].in_degree[target];
  uint64_t sum = K;
  for (uint32_t k = 0; k < K; k++) {
    uint32_t source;
    uint16_t code;
    uint8_t delay;
    meso_wiring_draw(w, scratch, p, target, k, 1, &source, &code, &delay);
    sum = sum * 0x100000001b3u + (source - first_source);
    sum = sum * 0x100000001b3u + code;
    sum = sum * 0x100000001b3u + delay;
  }
  return sum;
}

/** Targets of a column that have other synapses than the targets of the first column of one. */
static size_t other_targets(const meso_model *m1, const meso_model *m, uint32_t column)
{
  meso_wiring *w1 = NULL, *w = NULL;
  meso_wiring_row row1, row;
  size_t n_other = 0;
  CU_ASSERT_EQUAL_FATAL(meso_wiring_create(m1, &w1, NULL), MESO_OK);
  CU_ASSERT_EQUAL_FATAL(meso_wiring_create(m, &w, NULL), MESO_OK);
  CU_ASSERT_EQUAL_FATAL(meso_wiring_row_init(w1, &row1, NULL), MESO_OK);
  CU_ASSERT_EQUAL_FATAL(meso_wiring_row_init(w, &row, NULL), MESO_OK);
  for (size_t p = 0; p < m->n_projections; p++) {
    const uint32_t n_targets = plain_column_size(m, m->projection[p].target);
    const uint32_t first_source = column * plain_column_size(m, m->projection[p].source);
    for (uint32_t i = 0; i < n_targets; i++)
      n_other += target_checksum(w1, &row1, p, i, 0) !=
                 target_checksum(w, &row, p, column * n_targets + i, first_source);
  }
  meso_wiring_row_clear(&row1);
  meso_wiring_row_clear(&row);
  meso_wiring_destroy(w1);
  meso_wiring_destroy(w);
  return n_other;
}

/** Spikes of one column alone, its neurons counted from 0. */
static void keep_column(const meso_model *m, meso_spikes *s, uint32_t column)
{
  for (size_t p = 0; p < s->n_populations; p++) {
    meso_spike_population *q = &s->population[p];
    const uint32_t size = plain_column_size(m, p);
    size_t n = 0;
    for (size_t i = 0; i < q->n_spikes; i++) {
      if (q->id[i] / size != column) continue;
      q->time_ms[n] = q->time_ms[i];
      q->id[n++] = (uint32_t) (q->id[i] - column * size);
    }
    q->n_spikes = n;
  }
}

/** With every rule: the first column is the network of one column, synapse by synapse and spike by
 *  spike; the others are networks of their own, as active. */
static void columns_are_networks_side_by_side(void)
{
  for (size_t v = 0; v < sizeof rule_variant / sizeof *rule_variant; v += MESO_TEST_SCALED(1, 3)) {
    const char *sets[MAX_SETS + 1] = {NULL};
    const size_t n = count_sets(rule_variant[v]);
    memcpy(sets, rule_variant[v], n * sizeof *sets);
    sets[n] = "scaling.N=3";
    meso_model *m1 = toy_model(n, sets), *m = toy_model(n + 1, sets);
    CU_ASSERT_EQUAL(m->n_neurons, 3 * m1->n_neurons);
    CU_ASSERT_EQUAL(m->n_synapses, 3 * m1->n_synapses);
    CU_ASSERT_EQUAL(other_targets(m1, m, 0), 0);
    CU_ASSERT(other_targets(m1, m, 2) > 1000);
    meso_spikes *alone = run_toy(m1, 2);
    for (uint32_t c = 0; c < MESO_TEST_SCALED(3, 1); c++) {
      meso_spikes *s = run_toy(m, 1 + (int) c * 3);
      CU_ASSERT_EQUAL(s->population[0].size, (uint64_t) m->population[0].size);
      if (c == 0) CU_ASSERT(as_the_plain_engine(m, s, NULL, NULL));
      keep_column(m, s, c);
      CU_ASSERT_EQUAL(equal_spikes(alone, s), c == 0);
      const double n_alone = (double) alone->population[0].n_spikes;
      /* between seeds these numbers spread by a tenth */
      MESO_CHECK_CLOSE(n_alone, (double) s->population[0].n_spikes, 0.3, 0);
      meso_spikes_destroy(s);
    }
    meso_spikes_destroy(alone);
    meso_model_destroy(m1);
    meso_model_destroy(m);
  }
}

/** What the fixed-width numbers of the engine can't hold is refused, not cut off. */
static void what_does_not_fit_is_refused(void)
{
  static const char *const variant[][3] = {
    {"simulation.dt_ms=1", "thalamus.rate_Hz=1e4", "spikes in a step"},
    {"simulation.duration_ms=1e9", NULL, "steps of dt_ms"},
    {"projections.E->E.probability=0.999999", "populations.E.size=6000",
     "synapses per neuron"},
  };
  for (size_t v = 0; v < sizeof variant / sizeof *variant; v++) {
    meso_model *m = toy_model(variant[v][1] != NULL ? 2 : 1, variant[v]);
    meso_spikes *spikes = NULL;
    meso_err err = {0};
    CU_ASSERT_EQUAL(meso_engine_run_model(m, 1, NULL, &spikes, NULL, &err), MESO_ERANGE);
    CU_ASSERT(strstr(err.msg, variant[v][2]) != NULL);
    CU_ASSERT(strstr(err.msg, "toy.yaml") != NULL);
    meso_spikes_destroy(spikes);
    meso_model_destroy(m);
  }
}

/* ---- determinism -------------------------------------------------------------------------- */

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

/** Spikes come with the places of their neurons, in the middle of the layer. */
static void spikes_have_places(void)
{
  static const char *const sets[] = {"simulation.duration_ms=1", "populations.E.positions=random",
                                     "populations.S.positions=grid"};
  static double xyz_um[3 * 800];
  meso_model *m = toy_model(3, sets);
  meso_spikes *s = run_toy(m, 2);
  CU_ASSERT_PTR_NULL(s->population[1].position_um);
  for (size_t p = 0; p < 3; p += 2) {
    const double *at = s->population[p].position_um;
    CU_ASSERT_PTR_NOT_NULL_FATAL(at);
    meso_space_place(m, p, xyz_um);
    const double z_um = p == 0 ? -700 : 0; /* L4; the sources are in no layer */
    MESO_CHECK_EACH(i, (size_t) m->population[p].size, at[3 * i] == xyz_um[3 * i] &&
                    at[3 * i + 1] == xyz_um[3 * i + 1] && at[3 * i + 2] == z_um);
  }
  meso_spikes_destroy(s);
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

/** One spike of neuron j: the summed current is the kernel of its synapses, so its sum over steps
 *  of 0.1 ms is the summed weight times that of the kernel (pA ms). */
static void check_charge(const char *model, double kernel)
{
  char E[64], I[64];
  snprintf(E, sizeof E, "populations.E.model=%s", model);
  snprintf(I, sizeof I, "populations.I.model=%s", model);
  meso_model *m = toy_model(3, (const char *const []) {"simulation.duration_ms=200", E, I});
  meso_spikes *spikes = NULL;
  meso_signals *currents = NULL;
  meso_wiring *w = NULL;
  meso_wiring_row scratch;
  meso_err err = {0};
  CU_ASSERT_EQUAL_FATAL(meso_wiring_create(m, &w, &err), MESO_OK);
  CU_ASSERT_EQUAL_FATAL(meso_wiring_row_init(w, &scratch, &err), MESO_OK);
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
  CU_ASSERT_EQUAL_FATAL(meso_currents_from_spikes(m, spikes, 0.1, 2, NULL, &currents, &err),
                        MESO_OK);
  for (size_t target = 0; target < 2; target++) {
    double sum = 0, weights = 0;
    const meso_signal *s = meso_signals_find(currents, "I_ex");
    for (size_t t = 0; t < s->n_times; t++) sum += s->data[t * s->n_channels + target] * 0.1;
    for (size_t p = 0; p < m->n_projections; p++) {
      if (m->projection[p].source != 0 || m->projection[p].target != target) continue;
      for (uint32_t i = 0; i < (uint32_t) m->population[target].size; i++)
        for (uint32_t k = 0; k < w->projection[p].in_degree[i]; k++) {
          uint32_t source;
          uint16_t code;
          uint8_t delay;
          meso_wiring_draw(w, &scratch, p, i, k, 1, &source, &code, &delay);
          if (source == id) weights += w->projection[p].weight_of_code[code] * w->weight_step_pA;
        }
    }
    CU_ASSERT(weights > 0);
    MESO_CHECK_CLOSE(weights * kernel, sum, 1e-12, 0);
  }
  spikes->population[0].time_ms = NULL;
  spikes->population[0].id = NULL;
  spikes->population[0].n_spikes = 0;
  meso_spikes_destroy(spikes);
  meso_signals_destroy(currents);
  meso_wiring_row_clear(&scratch);
  meso_wiring_destroy(w);
  meso_model_destroy(m);
}

/** Sums of the synaptic currents of every population, excitatory and inhibitory, after each step:
 *  (steps + 1, populations, 2). */
static void record_sums(void *context, const plain_network *x, uint64_t step)
{
  const meso_model *m = x->model;
  double *current_pA = (double *) context + step * m->n_populations * 2;
  for (size_t p = 0; p < m->n_populations; p++)
    for (int c = 0; c < 2; c++) {
      double sum = 0;
      for (uint32_t i = 0; i < (uint32_t) m->population[p].size; i++)
        sum += x->I[c][m->population[p].first_neuron + i];
      current_pA[2 * p + (size_t) c] = sum * x->wiring->weight_step_pA;
    }
}

static void currents_integrate_to_the_charge(void)
{
  const double q = exp(-0.1 / 0.5);
  check_charge("iaf_psc_exp", 0.1 / (1 - q));
  check_charge("iaf_psc_alpha", M_E / 0.5 * 0.1 * 0.1 * q / ((1 - q) * (1 - q)));
  check_charge("iaf_psc_delta", 250); /* C_m in pF times mV */
}

/** Mean of the plain simulation's currents over a bin (from step 0, when there are none). */
static double plain_bin(const double *current_pA, size_t n_columns, size_t column, size_t bin,
                        size_t steps_per_bin)
{
  double sum = 0;
  for (size_t s = 0; s < steps_per_bin; s++)
    sum += current_pA[(bin * steps_per_bin + s) * n_columns + column];
  return sum / (double) steps_per_bin;
}

/** I_ex and I_in bin by bin against the plain simulation; a source alone is its part of the sum. */
static void check_time_course(const meso_model *m, meso_spikes *spikes, const double *plain_pA,
                              size_t steps_per_bin)
{
  const char *const name[2] = {"I_ex", "I_in"};
  const double bin_ms = (double) steps_per_bin * m->simulation.dt_ms;
  const size_t n_pop = m->n_populations;
  meso_signals *all = NULL, *alone = NULL;
  CU_ASSERT_EQUAL_FATAL(meso_currents_from_spikes(m, spikes, bin_ms, 2, NULL, &all, NULL), MESO_OK);
  for (size_t c = 0; c < 2; c++) {
    const meso_signal *s = meso_signals_find(all, name[c]);
    double peak = 0;
    CU_ASSERT_EQUAL(s->n_times, (size_t) llround(m->simulation.duration_ms / bin_ms));
    for (size_t i = 0; i < s->n_times * n_pop; i++) peak = fmax(peak, fabs(s->data[i]));
    CU_ASSERT(peak > 1e3);
    MESO_CHECK_WORST(i, s->n_times * n_pop,
                     fabs(s->data[i] - plain_bin(plain_pA, 2 * n_pop, i % n_pop * 2 + c, i / n_pop,
                                                 steps_per_bin)), 1e-9 * peak);
  }
  const size_t n_source = spikes->population[2].n_spikes;
  CU_ASSERT(n_source > 100 && strcmp(m->population[2].name, "S") == 0);
  spikes->population[2].n_spikes = 0;
  CU_ASSERT_EQUAL_FATAL(meso_currents_from_spikes(m, spikes, bin_ms, 2, NULL, &alone, NULL),
                        MESO_OK);
  spikes->population[2].n_spikes = n_source;
  const meso_signal *ex = meso_signals_find(all, "I_ex"), *in = meso_signals_find(all, "I_in");
  const meso_signal *E = meso_signals_find(all, "from_E"), *I = meso_signals_find(all, "from_I");
  const meso_signal *S = meso_signals_find(all, "from_S"), *ex_E = meso_signals_find(alone, "I_ex");
  const size_t n = ex->n_times * n_pop;
  MESO_CHECK_EACH(i, n, ex->data[i] == E->data[i] + S->data[i]);
  MESO_CHECK_EACH(i, n, in->data[i] == I->data[i] && ex_E->data[i] == E->data[i]);
  meso_signals_destroy(all);
  meso_signals_destroy(alone);
}

/** Long enough for the currents to be made in two pieces. Background is a constant current, which
 *  is not synaptic. */
static void compare_time_course(size_t n_sets)
{
  static const char *const sets[] = {"simulation.duration_ms=1100", "background.type=dc",
                                     "background.rate_Hz=10", "thalamus.start_ms=20",
                                     "scaling.N=2", "neuron.tau_syn_in_ms=1.0",
                                     "populations.I.tau_syn_ex_ms=0.7",
                                     MODELS("iaf_psc_exp", "iaf_psc_alpha")};
  meso_model *m = toy_model(n_sets, sets);
  meso_spikes *spikes = run_toy(m, 2);
  double *plain_pA = calloc(11001 * m->n_populations * 2, sizeof *plain_pA);
  CU_ASSERT(spikes->population[0].n_spikes > 1000 && spikes->population[1].n_spikes > 1000);
  CU_ASSERT(as_the_plain_engine(m, spikes, record_sums, plain_pA));
  check_time_course(m, spikes, plain_pA, 1);
  check_time_course(m, spikes, plain_pA, 20);
  free(plain_pA);
  meso_spikes_destroy(spikes);
  meso_model_destroy(m);
}

static void currents_have_the_plain_time_course(void) { compare_time_course(7); }
/** The engine sums both currents in one. */
static void currents_of_a_merged_network_are_apart(void) { compare_time_course(5); }
static void currents_of_registered_models(void) { compare_time_course(9); }

/** A source with more synapses than the sums of their weights can hold. */
static void currents_that_do_not_fit_are_refused(void)
{
  static const char *const sets[] = {
    "populations.E.size=80000", "populations.S.size=1", "projections.E->E.probability=0",
    "projections.I->E.probability=0", "projections.E->I.probability=0",
    "projections.S->E.probability=0", "projections.S->E.rule=all_to_all"};
  meso_model *m = toy_model(sizeof sets / sizeof *sets, sets);
  meso_spikes *spikes = NULL;
  meso_signals *currents = NULL;
  meso_err err = {0};
  CU_ASSERT_EQUAL_FATAL(meso_spikes_create(m->n_populations, &spikes, &err), MESO_OK);
  for (size_t p = 0; p < m->n_populations; p++) {
    spikes->population[p].name = meso_strdup(m->population[p].name);
    spikes->population[p].size = (uint64_t) m->population[p].size;
  }
  spikes->t_stop_ms = 1;
  CU_ASSERT_EQUAL(meso_currents_from_spikes(m, spikes, 0.1, 1, NULL, &currents, &err),
                  MESO_ERANGE);
  CU_ASSERT_PTR_NOT_NULL(strstr(err.msg, "80000 synapses onto E"));
  spikes->population[0].size--;
  CU_ASSERT_EQUAL(meso_currents_from_spikes(m, spikes, 0.1, 1, NULL, &currents, &err),
                  MESO_EFORMAT);
  CU_ASSERT_PTR_NOT_NULL(strstr(err.msg, "population E has 79999 neurons in the spikes, 80000"));
  spikes->population[0].size++;
  spikes->population[2].name[0] = 'X';
  CU_ASSERT_EQUAL(meso_currents_from_spikes(m, spikes, 0.1, 1, NULL, &currents, &err),
                  MESO_ENOTFOUND);
  CU_ASSERT_PTR_NOT_NULL(strstr(err.msg, "knows no population X, which the spikes have"));
  meso_signals_destroy(currents);
  meso_spikes_destroy(spikes);
  meso_model_destroy(m);
}

/* ---- windows and checkpoints -------------------------------------------------------------- */

/** Takes windows of a run: appends their spikes, keeps the last state as a file. */
typedef struct taker {
  size_t n_windows, stop_after;  /**< stop_after: as many windows; 0: never */
  double reached_ms;
  size_t n[8];
  double *time_ms[8];
  uint32_t *id[8];
} taker;

static const char state_file[] = "test_engine_model.state.h5";

static meso_status take_window(void *context, const meso_spikes *window, meso_result *state,
                               meso_err *err)
{
  meso_status status = MESO_OK;
  taker *t = context;
  CU_ASSERT_EQUAL(window->t_start_ms, t->reached_ms);
  t->reached_ms = window->t_stop_ms;
  for (size_t p = 0; p < window->n_populations; p++) {
    const meso_spike_population *q = &window->population[p];
    const size_t n = t->n[p] + q->n_spikes;
    t->time_ms[p] = realloc(t->time_ms[p], (n + 1) * sizeof(double));
    t->id[p] = realloc(t->id[p], (n + 1) * sizeof(uint32_t));
    CU_ASSERT_FATAL(t->time_ms[p] != NULL && t->id[p] != NULL);
    memcpy(t->time_ms[p] + t->n[p], q->time_ms, q->n_spikes * sizeof(double));
    memcpy(t->id[p] + t->n[p], q->id, q->n_spikes * sizeof(uint32_t));
    t->n[p] = n;
  }
  MESO_TRY(meso_result_write(state_file, "checkpoint", state, NULL, err));
  if (++t->n_windows == t->stop_after) status = MESO_ESTOPPED;
cleanup:
  return status;
}

static bool took_all(const taker *t, const meso_spikes *s)
{
  bool same = t->reached_ms == s->t_stop_ms;
  for (size_t p = 0; p < s->n_populations; p++)
    same = same && t->n[p] == s->population[p].n_spikes &&
           memcmp(t->time_ms[p], s->population[p].time_ms, t->n[p] * sizeof(double)) == 0 &&
           memcmp(t->id[p], s->population[p].id, t->n[p] * sizeof(uint32_t)) == 0;
  return same;
}

static void taker_clear(taker *t)
{
  for (int p = 0; p < 8; p++) {
    free(t->time_ms[p]);
    free(t->id[p]);
  }
  (void) unlink(state_file);
}

/** Stopped at every window, read back from the file, and gone on with another number of threads:
 *  the spikes of an undisturbed run. Dead times, delays and input cross the windows. */
static void checkpoints_change_nothing(void)
{
  static const char *const variant[][5] = {
    {"simulation.duration_ms=400", "thalamus.start_ms=100"},
    {"simulation.duration_ms=300.1", "neuron.tau_syn_in_ms=1.0", "neuron.t_ref_ms=30"},
    {"simulation.duration_ms=300", "synapses.excitatory.delay_mean_ms=0.2",
     "synapses.excitatory.delay_sd_ms=0", "synapses.inhibitory.delay_mean_ms=1"},
    {"simulation.duration_ms=400", "thalamus.start_ms=20", "scaling.N=2", "neuron.t_ref_ms=20"},
    {"simulation.duration_ms=400", "scaling.N=2", MODELS("iaf_psc_alpha", "iaf_psc_exp")},
    {"simulation.duration_ms=400", "neuron.t_ref_ms=20", MODELS("iaf_psc_delta", "iaf_psc_delta")},
  };
  for (size_t v = 0; v < sizeof variant / sizeof *variant; v++) {
    size_t n_sets = 0;
    while (n_sets < 5 && variant[v][n_sets] != NULL) n_sets++;
    meso_model *m = toy_model(n_sets, variant[v]);
    meso_spikes *whole = run_toy(m, 1);
    taker t = {0};
    const meso_engine_sink sink = {.window_ms = 70, .take = take_window, .context = &t};
    meso_status st = MESO_ESTOPPED;
    meso_err err = {0};
    for (int part = 0; st == MESO_ESTOPPED && part < 20; part++) {
      meso_result *state = NULL;
      if (part > 0) CU_ASSERT_EQUAL_FATAL(meso_result_read(state_file, &state, &err), MESO_OK);
      t.stop_after = t.n_windows + 1;
      st = meso_engine_stream_model(m, 1 + part % 3, NULL, &sink, state, NULL, &err);
      meso_result_destroy(state);
    }
    CU_ASSERT_EQUAL(st, MESO_OK);
    CU_ASSERT(t.n_windows >= 5);
    CU_ASSERT(took_all(&t, whole));
    taker_clear(&t);
    meso_spikes_destroy(whole);
    meso_model_destroy(m);
  }
}

/** Says stop after some reports. */
static bool stop_soon(void *user, const char *what, double fraction)
{
  (void) what;
  (void) fraction;
  return --*(int *) user > 0;
}

/** A run that is told to stop hands over what there is, and goes on from there. */
static void stopped_runs_go_on(void)
{
  static const char *const sets[] = {"simulation.duration_ms=1000"};
  meso_model *m = toy_model(1, sets);
  meso_spikes *whole = run_toy(m, 2);
  taker t = {0};
  int n_reports = 6;
  const meso_progress progress = {.update = stop_soon, .user = &n_reports};
  const meso_engine_sink sink = {.window_ms = 1e6, .take = take_window, .context = &t};
  meso_result *state = NULL;
  meso_err err = {0};
  CU_ASSERT_EQUAL(meso_engine_stream_model(m, 2, &progress, &sink, NULL, NULL, &err),
                  MESO_ESTOPPED);
  CU_ASSERT_EQUAL(t.n_windows, 1);
  CU_ASSERT(t.reached_ms > 100 && t.reached_ms < 900);
  CU_ASSERT_EQUAL_FATAL(meso_result_read(state_file, &state, &err), MESO_OK);
  CU_ASSERT_EQUAL(meso_engine_stream_model(m, 1, NULL, &sink, state, NULL, &err), MESO_OK);
  CU_ASSERT(took_all(&t, whole));
  meso_result_destroy(state);
  taker_clear(&t);
  meso_spikes_destroy(whole);
  meso_model_destroy(m);
}

/** A state that is damaged or of another run is refused. */
static void strange_states_are_refused(void)
{
  static const char *const sets[] = {"simulation.duration_ms=200"},
                    *const other[] = {"simulation.duration_ms=200", "simulation.seed=2"};
  meso_model *m = toy_model(1, sets), *m2 = toy_model(2, other);
  taker t = {.stop_after = 1};
  const meso_engine_sink sink = {.window_ms = 100, .take = take_window, .context = &t};
  meso_result *state = NULL;
  meso_err err = {0};
  CU_ASSERT_EQUAL(meso_engine_stream_model(m, 1, NULL, &sink, NULL, NULL, &err), MESO_ESTOPPED);
  CU_ASSERT_EQUAL_FATAL(meso_result_read(state_file, &state, &err), MESO_OK);
  CU_ASSERT_EQUAL(meso_engine_stream_model(m2, 1, NULL, &sink, state, NULL, &err), MESO_EFORMAT);
  CU_ASSERT(strstr(err.msg, "another network, seed") != NULL);
  static const struct { const char *path; size_t at; double value; } damage[] = {
    {"/state/V_mV", 7, NAN}, {"/state/I_ex", 7, INFINITY}, {"/state/spikes", 0, 1e9},
    {"/state/spikes", 1, 1e9}, {"/state/spikes", 1, 0.5}, {"/state/held", 0, -1},
    {"/state/held", 0, 1e6}, {"/state/held", 1, NAN},
  };
  for (size_t i = 0; i < sizeof damage / sizeof *damage; i++) {
    double *at = meso_result_find(state, damage[i].path)->data + damage[i].at;
    const double was = *at;
    *at = damage[i].value;
    CU_ASSERT_EQUAL(meso_engine_stream_model(m, 1, NULL, &sink, state, NULL, &err), MESO_EFORMAT);
    CU_ASSERT(strstr(err.msg, damage[i].path) != NULL);
    *at = was;
  }
  meso_result_destroy(state);
  taker_clear(&t);
  meso_model_destroy(m);
  meso_model_destroy(m2);
}

/* ---- parameters that differ between neurons ------------------------------------------------ */

static double mean_of(size_t n, const double *x, double *ret_sd)
{
  double mean = 0, squares = 0;
  for (size_t i = 0; i < n; i++) mean += x[i] / (double) n;
  for (size_t i = 0; i < n; i++) squares += (x[i] - mean) * (x[i] - mean) / (double) (n - 1);
  *ret_sd = sqrt(squares);
  return mean;
}

/** Mean, deviation and third moment (skewness of a lognormal: (3 + v^2) v, v = sd/mean) of the
 *  capacitances; other parameters independent of them, or constant. */
static void parameters_are_spread(void)
{
  enum { N = MESO_TEST_SCALED(20000, 5000) };
  static double C_m_pF[N], V_th_mV[N];
  static const struct { const char *name; double skewness, least, most; } kinds[] = {
    {"neuron.parameter_distribution=normal", 0, 0, INFINITY},
    {"neuron.parameter_distribution=lognormal", 0.608, 0, INFINITY},
    {"neuron.parameter_distribution=uniform", 0, 163.397, 336.603}};
  for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++) {
    const char *const sets[] = {"neuron.C_m_sd_pF=50", kinds[k].name,
                                k == 1 ? "neuron.tau_m_sd_ms=1" : "neuron.V_th_sd_mV=2"};
    meso_model *m = toy_model(3, sets);
    meso_err err = {0};
    double sd = 0, cube = 0, product = 0, V_sd = 0;
    for (uint32_t i = 0; i < N; i++) {
      meso_population one;
      CU_ASSERT_EQUAL_FATAL(meso_population_draw(m, &m->population[0], i, &one, &err), MESO_OK);
      C_m_pF[i] = one.neuron.C_m_pF;
      V_th_mV[i] = k == 1 ? one.neuron.tau_m_ms : one.neuron.V_th_mV;
      CU_ASSERT_EQUAL(one.neuron.t_ref_ms, 2);
      CU_ASSERT(C_m_pF[i] > kinds[k].least && C_m_pF[i] < kinds[k].most);
    }
    const double mean = mean_of(N, C_m_pF, &sd), V_mean = mean_of(N, V_th_mV, &V_sd);
    for (size_t i = 0; i < N; i++) {
      cube += pow((C_m_pF[i] - mean) / sd, 3) / N;
      product += (C_m_pF[i] - mean) / sd * (V_th_mV[i] - V_mean) / V_sd / N;
    }
    MESO_CHECK_CLOSE(250, mean, 0, 5 * 50 / sqrt(N));
    MESO_CHECK_CLOSE(50, sd, 0.05, 0);
    MESO_CHECK_CLOSE(kinds[k].skewness, cube, 0, 0.15);
    MESO_CHECK_CLOSE(0, product, 0, 5 / sqrt(N));
    meso_model_destroy(m);
  }
}

/** Drawn again until threshold and reset fit together; refused where nothing fits, or a lognormal
 *  has no positive mean. */
static void impossible_parameters_are_drawn_again(void)
{
  static const char *const wide[] = {"neuron.V_reset_mV=-51", "neuron.V_th_sd_mV=2"};
  static const char *const bad[] = {"neuron.E_L_sd_mV=2",
                                    "neuron.parameter_distribution=lognormal"};
  meso_model *m = toy_model(2, wide), *none = NULL;
  meso_population one, far = m->population[0];
  meso_err err = {0};
  for (uint32_t i = 0; i < 1000; i++) {
    CU_ASSERT_EQUAL_FATAL(meso_population_draw(m, &m->population[0], i, &one, &err), MESO_OK);
    CU_ASSERT(one.neuron.V_th_mV > -51);
  }
  far.neuron.V_th_mV = -1000; /* the key ends at -200 */
  CU_ASSERT_EQUAL(meso_population_draw(m, &far, 0, &one, &err), MESO_ERANGE);
  CU_ASSERT(strstr(err.msg, "populations.E") != NULL && strstr(err.msg, "1000") != NULL);
  CU_ASSERT_EQUAL(meso_model_read(meso_test_path("data/models/toy.yaml"), 2, bad, &none, &err),
                  MESO_EINVAL);
  CU_ASSERT(strstr(err.msg, "E_L_mV is not above 0") != NULL);
  meso_model_destroy(m);
}

int main(void)
{
  static const meso_test tests[] = {
    {"parameters_are_spread", parameters_are_spread},
    {"impossible_parameters_are_drawn_again", impossible_parameters_are_drawn_again},
    {"background_is_poisson", background_is_poisson},
    {"wiring_follows_its_rule", wiring_follows_its_rule},
    {"quantised_weights_keep_mean_and_variance", quantised_weights_keep_mean_and_variance},
    {"engine_equals_plain_engine", engine_equals_plain_engine},
    {"every_rule_equals_plain_engine", every_rule_equals_plain_engine},
    {"registered_models_equal_plain_engine", registered_models_equal_plain_engine},
    {"columns_are_networks_side_by_side", columns_are_networks_side_by_side},
    {"what_does_not_fit_is_refused", what_does_not_fit_is_refused},
    {"threads_do_not_change_spikes", threads_do_not_change_spikes},
    {"concurrent_threads_do_not_change_spikes", concurrent_threads_do_not_change_spikes},
    {"spikes_have_places", spikes_have_places},
    {"seeds_change_spikes", seeds_change_spikes},
    {"currents_integrate_to_the_charge", currents_integrate_to_the_charge},
    {"currents_have_the_plain_time_course", currents_have_the_plain_time_course},
    {"currents_of_a_merged_network_are_apart", currents_of_a_merged_network_are_apart},
    {"currents_of_registered_models", currents_of_registered_models},
    {"checkpoints_change_nothing", checkpoints_change_nothing},
    {"stopped_runs_go_on", stopped_runs_go_on},
    {"strange_states_are_refused", strange_states_are_refused},
    {"currents_that_do_not_fit_are_refused", currents_that_do_not_fit_are_refused},
    {NULL, NULL},
  };
  return meso_test_main("engine_model", tests);
}
