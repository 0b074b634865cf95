/* test_wiring.c: connection rules, distributions of weights and delays, distances. Counts that a
 * rule fixes are exact; everything else follows the law that the rule implies (chi-square, fixed
 * seeds); what is impossible is refused. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <gsl/gsl_cdf.h>
#include <gsl/gsl_randist.h>

#include "wiring_run.h"

/** Synapses of each pair of the only projection, (targets, sources), by batches. */
static void count_pairs(wires *w, unsigned *count)
{
  const meso_wiring_projection *q = &w->wiring->projection[0];
  uint32_t source[MESO_WIRING_BATCH];
  memset(count, 0, (size_t) q->n_targets * q->n_sources * sizeof *count);
  for (uint32_t i = 0; i < q->n_targets; i++)
    for (uint32_t k = 0; k < q->in_degree[i]; k += MESO_WIRING_BATCH) {
      const uint32_t left = q->in_degree[i] - k;
      const unsigned n = left < MESO_WIRING_BATCH ? left : MESO_WIRING_BATCH;
      meso_wiring_draw_sources(w->wiring, &w->row, 0, i, k, n, source);
      for (unsigned s = 0; s < n; s++) {
        CU_ASSERT_FATAL(source[s] < q->n_sources);
        count[i * q->n_sources + source[s]]++;
      }
    }
}

/* ---- exact counts ------------------------------------------------------------------------- */

typedef struct exact_case {
  int n_A, n_B;
  const char *projection;
  int in, out;            /**< of every neuron; -1: not fixed by the rule */
  int total;              /**< -1: not fixed */
  bool autapses, multapses; /**< whether there are any */
} exact_case;

#define BB "source: B, target: B, "
static const exact_case exact_cases[] = {
  {200, 150, AB "rule: fixed_total_number, n_synapses: 9001", -1, -1, 9001, false, true},
  {200, 150, BB "n_synapses: 9001", -1, -1, 9001, true, true},
  {200, 150, BB "n_synapses: 9001, allow_autapses: false", -1, -1, 9001, false, true},
  {200, 150, BB "n_synapses: 9001, allow_multapses: false", -1, -1, 9001, true, false},
  {200, 150, BB "n_synapses: 20001, allow_multapses: false, allow_autapses: false", -1, -1, 20001,
   false, false},
  {200, 150, BB "n_synapses: 22350, allow_multapses: false, allow_autapses: false", 149, 149,
   22350, false, false},
  {200, 150, BB "probability: 0.5, allow_multapses: false", -1, -1, 11250, true, false},
  {200, 150, AB "rule: fixed_indegree, indegree: 77", 77, -1, 77 * 150, false, true},
  {200, 150, BB "rule: fixed_indegree, indegree: 77", 77, -1, 77 * 150, true, true},
  {200, 150, BB "rule: fixed_indegree, indegree: 177, allow_autapses: false", 177, -1, 177 * 150,
   false, true},
  {200, 150, BB "rule: fixed_indegree, indegree: 70, allow_multapses: false", 70, -1, 70 * 150,
   true, false},
  {200, 150, BB "rule: fixed_indegree, indegree: 149, allow_multapses: false, "
   "allow_autapses: false", 149, 149, 149 * 150, false, false},
  {200, 150, AB "rule: fixed_outdegree, outdegree: 77", -1, 77, 77 * 200, false, true},
  {200, 150, BB "rule: fixed_outdegree, outdegree: 277, allow_autapses: false", -1, 277, 277 * 150,
   false, true},
  {200, 150, BB "rule: fixed_outdegree, outdegree: 77, allow_multapses: false", -1, 77, 77 * 150,
   true, false},
  {200, 150, BB "rule: fixed_outdegree, outdegree: 149, allow_multapses: false, "
   "allow_autapses: false", 149, 149, 149 * 150, false, false},
  {200, 150, BB "rule: pairwise_bernoulli, probability: 0.2", -1, -1, -1, true, false},
  {200, 150, BB "rule: pairwise_bernoulli, probability: 0.8, allow_autapses: false", -1, -1, -1,
   false, false},
  {200, 150, AB "rule: pairwise_bernoulli, probability: 1", 200, 150, 30000, false, false},
  {200, 150, BB "rule: pairwise_bernoulli, probability: 1, allow_autapses: false, "
   "allow_multapses: false", 149, 149, 149 * 150, false, false},
  {200, 150, BB "probability: 1, allow_multapses: false", 150, 150, 22500, true, false},
  {150, 150, AB "rule: one_to_one", 1, 1, 150, false, false},
  {200, 150, BB "rule: one_to_one", 1, 1, 150, true, false},
  {200, 150, AB "rule: all_to_all", 200, 150, 30000, false, false},
  {200, 150, BB "rule: all_to_all", 150, 150, 22500, true, false},
  {200, 150, BB "rule: all_to_all, allow_autapses: false", 149, 149, 149 * 150, false, false},
};

static void check_exact(const exact_case *c)
{
  static unsigned count[200 * 200];
  meso_model *m = make_model(c->n_A, c->n_B, "", c->projection);
  wires w = wires_make(m);
  const meso_wiring_projection *q = &w.wiring->projection[0];
  unsigned in[200] = {0}, out[200] = {0}, total = 0, autapses = 0, multapses = 0;
  count_pairs(&w, count);
  for (uint32_t i = 0; i < q->n_targets; i++)
    for (uint32_t j = 0; j < q->n_sources; j++) {
      const unsigned n = count[i * q->n_sources + j];
      in[i] += n, out[j] += n, total += n;
      if (n > 1) multapses++;
      if (m->projection[0].source == m->projection[0].target && i == j) autapses += n;
    }
  size_t n_wrong = 0;
  for (uint32_t i = 0; i < q->n_targets; i++) n_wrong += c->in >= 0 && in[i] != (unsigned) c->in;
  for (uint32_t j = 0; j < q->n_sources; j++) n_wrong += c->out >= 0 && out[j] != (unsigned) c->out;
  n_wrong += c->total >= 0 && total != (unsigned) c->total;
  n_wrong += c->total >= 0 && m->projection[0].n_synapses != (uint64_t) c->total;
  n_wrong += (autapses > 0) != c->autapses;
  n_wrong += (multapses > 0) != c->multapses;
  if (n_wrong > 0) printf("# %s: %zu wrong, total %u\n", c->projection, n_wrong, total);
  CU_ASSERT_EQUAL(n_wrong, 0);
  wires_clear(&w);
  meso_model_destroy(m);
}

static void counts_are_exact(void)
{
  for (size_t i = 0; i < sizeof exact_cases / sizeof *exact_cases; i++)
    check_exact(&exact_cases[i]);
}

/* ---- every set of pairs is as likely as the rule says ------------------------------------- */

enum { N_SEEDS = 8000 };

/** Without multapses a network of 3 sources and 2 targets is one of 64 sets of pairs. p < 0: all
 *  sets of the right degrees are equally likely. */
typedef struct set_case { const char *projection; int in, out, total; double p; } set_case;

static double set_weight(const set_case *c, unsigned set)
{
  const int total = __builtin_popcount(set);
  for (int i = 0; c->in >= 0 && i < 2; i++)
    if (__builtin_popcount(set >> 3 * i & 7) != c->in) return 0;
  for (int j = 0; c->out >= 0 && j < 3; j++)
    if (__builtin_popcount(set >> j & 9) != c->out) return 0;
  if (c->total >= 0 && total != c->total) return 0;
  return c->p < 0 ? 1 : pow(c->p, total) * pow(1 - c->p, 6 - total);
}

static void sets_of_pairs_are_equally_likely(void)
{
  static const set_case cases[] = {
    {"n_synapses: 2, allow_multapses: false", -1, -1, 2, -1},
    {"n_synapses: 3, allow_multapses: false", -1, -1, 3, -1},
    {"n_synapses: 4, allow_multapses: false", -1, -1, 4, -1},
    {"rule: fixed_indegree, indegree: 1, allow_multapses: false", 1, -1, -1, -1},
    {"rule: fixed_indegree, indegree: 2, allow_multapses: false", 2, -1, -1, -1},
    {"rule: fixed_outdegree, outdegree: 1, allow_multapses: false", -1, 1, -1, -1},
    {"rule: pairwise_bernoulli, probability: 0.3", -1, -1, -1, 0.3},
  };
  for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
    char text[160];
    unsigned observed[64] = {0}, count[6];
    double sum = 0, chi2 = 0, dof = -1;
    snprintf(text, sizeof text, AB "%s", cases[k].projection);
    meso_model *m = make_model(3, 2, "", text);
    for (int64_t seed = 1; seed <= N_SEEDS; seed++) {
      m->simulation.seed = seed;
      wires w = wires_make(m);
      unsigned set = 0;
      count_pairs(&w, count);
      for (unsigned i = 0; i < 6; i++) set |= (count[i] > 0) << i;
      observed[set]++;
      wires_clear(&w);
    }
    for (unsigned s = 0; s < 64; s++) sum += set_weight(&cases[k], s);
    for (unsigned s = 0; s < 64; s++) {
      const double expected = set_weight(&cases[k], s) / sum * N_SEEDS;
      if (expected == 0) CU_ASSERT_EQUAL(observed[s], 0);
      if (expected == 0) continue;
      chi2 += (observed[s] - expected) * (observed[s] - expected) / expected;
      dof++;
    }
    printf("# %s: chi-square %.1f, %.0f degrees of freedom\n", cases[k].projection, chi2, dof);
    CU_ASSERT(gsl_cdf_chisq_Q(chi2, dof) > 1e-4);
    meso_model_destroy(m);
  }
}

/* ---- laws of the degrees ------------------------------------------------------------------ */

/** In-degree of target 0 (or out-degree of source 0) over seeds: binomial of n trials, or, with
 *  `others` > 0, hypergeometric: of n draws among own + others, those from own. */
typedef struct degree_case {
  const char *projection;
  bool of_source;
  unsigned n;
  double p;
  unsigned own, others;
} degree_case;

static double chi_square_of_degrees(const degree_case *c, const unsigned *observed, unsigned n_max,
                                    double *dof)
{
  double chi2 = 0, expected = 0, seen = 0;
  *dof = -1;
  for (unsigned k = 0; k <= n_max; k++) { /* classes of at least 20 expected */
    const double p = c->others > 0 ? gsl_ran_hypergeometric_pdf(k, c->own, c->others, c->n)
                                   : gsl_ran_binomial_pdf(k, c->p, c->n);
    expected += N_SEEDS / 2 * p;
    seen += observed[k];
    if (expected < 20) continue;
    chi2 += (seen - expected) * (seen - expected) / expected;
    expected = seen = 0;
    ++*dof;
  }
  return chi2;
}

static void degrees_follow_their_law(void)
{
  static const degree_case cases[] = { /* A: 40 neurons, B: 30 */
    {AB "n_synapses: 600", false, 600, 1 / 30., 0, 0},
    {AB "n_synapses: 600", true, 600, 1 / 40., 0, 0},
    {AB "n_synapses: 600, allow_multapses: false", false, 600, 0, 40, 1160},
    {AB "n_synapses: 500, allow_multapses: false", true, 500, 0, 30, 1170},
    {BB "n_synapses: 500, allow_multapses: false, allow_autapses: false", true, 500, 0, 29, 841},
    {AB "rule: fixed_indegree, indegree: 12", true, 360, 1 / 40., 0, 0},
    {AB "rule: fixed_indegree, indegree: 12, allow_multapses: false", true, 30, 0.3, 0, 0},
    {AB "rule: fixed_indegree, indegree: 28, allow_multapses: false", true, 30, 0.7, 0, 0},
    {BB "rule: fixed_indegree, indegree: 10, allow_autapses: false", true, 290, 1 / 29., 0, 0},
    {AB "rule: fixed_outdegree, outdegree: 9", false, 360, 1 / 30., 0, 0},
    {AB "rule: fixed_outdegree, outdegree: 9, allow_multapses: false", false, 40, 0.3, 0, 0},
    {AB "rule: pairwise_bernoulli, probability: 0.2", false, 40, 0.2, 0, 0},
    {AB "rule: pairwise_bernoulli, probability: 0.7", true, 30, 0.7, 0, 0},
    {BB "rule: pairwise_bernoulli, probability: 0.2, allow_autapses: false", true, 29, 0.2, 0, 0},
  };
  for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
    static unsigned count[40 * 40], observed[1300];
    double dof;
    memset(observed, 0, sizeof observed);
    meso_model *m = make_model(40, 30, "", cases[k].projection);
    for (int64_t seed = 1; seed <= N_SEEDS / 2; seed++) {
      m->simulation.seed = seed;
      wires w = wires_make(m);
      const meso_wiring_projection *q = &w.wiring->projection[0];
      unsigned degree = 0;
      count_pairs(&w, count);
      const uint32_t n = cases[k].of_source ? q->n_targets : q->n_sources;
      for (uint32_t i = 0; i < n; i++) degree += count[cases[k].of_source ? i * q->n_sources : i];
      observed[degree]++;
      wires_clear(&w);
    }
    const double chi2 = chi_square_of_degrees(&cases[k], observed, 1299, &dof);
    printf("# %s: chi-square %.1f, %.0f degrees of freedom\n", cases[k].projection, chi2, dof);
    CU_ASSERT(dof >= 5 && gsl_cdf_chisq_Q(chi2, dof) > 1e-4);
    meso_model_destroy(m);
  }
}

/* ---- any synapse alone -------------------------------------------------------------------- */

static void synapses_can_be_made_alone(void)
{
  const size_t n_exact = sizeof exact_cases / sizeof *exact_cases;
  static const char *const near[] = {
    AB "rule: pairwise_bernoulli, probability: 0.6, profile: exponential, delay_ms_per_um: 0.01",
    AB "rule: fixed_indegree, indegree: 90, profile: gaussian",
    AB "rule: fixed_indegree, indegree: 90, profile: exponential, allow_multapses: false",
    AB "rule: fixed_outdegree, outdegree: 60, profile: gaussian",
    AB "rule: fixed_outdegree, outdegree: 60, profile: exponential, allow_multapses: false",
    AB "n_synapses: 9001, profile: exponential"};
  for (size_t c = 0; c < n_exact + sizeof near / sizeof *near; c++) {
    meso_model *m = c < n_exact
      ? make_model(exact_cases[c].n_A, exact_cases[c].n_B, "", exact_cases[c].projection)
      : make_model(200, 150, "space: {periodic: true}", near[c - n_exact]);
    wires a = wires_make(m), b = wires_make(m);
    size_t n_wrong = 0;
    for (uint32_t i = 0; i < 4; i++) { /* in turn and in batches, backwards and one by one */
      const uint32_t target = 149 - 30 * i, K = a.wiring->projection[0].in_degree[target];
      uint32_t source[512], one_source;
      uint16_t code[512], one_code;
      uint8_t delay[512], one_delay;
      CU_ASSERT_FATAL(K <= 512);
      for (uint32_t k = 0; k < K; k += MESO_WIRING_BATCH)
        meso_wiring_draw(a.wiring, &a.row, 0, target, k,
                         K - k < MESO_WIRING_BATCH ? K - k : MESO_WIRING_BATCH, source + k,
                         code + k, delay + k);
      for (uint32_t k = K; k-- > 0;) {
        meso_wiring_draw(b.wiring, &b.row, 0, target, k, 1, &one_source, &one_code, &one_delay);
        n_wrong += one_source != source[k] || one_code != code[k] || one_delay != delay[k];
        meso_wiring_draw_sources(b.wiring, &b.row, 0, target, k, 1, &one_source);
        n_wrong += one_source != source[k];
        if (k % 16 == 0 && b.wiring->projection[0].in_degree[7] > 0) /* another one in between */
          meso_wiring_draw_sources(b.wiring, &b.row, 0, 7, 0, 1, &one_source);
      }
    }
    CU_ASSERT_EQUAL(n_wrong, 0);
    wires_clear(&a);
    wires_clear(&b);
    meso_model_destroy(m);
  }
}

/* ---- distributions ------------------------------------------------------------------------ */

/** P(X <= x), written here once more. */
static double law(const char *name, double mean, double sd, double x)
{
  const double sigma = sqrt(log(1 + sd * sd / (mean * mean))), mu = log(mean) - sigma * sigma / 2;
  if (strcmp(name, "normal") == 0) return gsl_cdf_gaussian_P(x - mean, sd);
  if (strcmp(name, "lognormal") == 0) return gsl_cdf_lognormal_P(x, mu, sigma);
  if (strcmp(name, "uniform") == 0)
    return gsl_cdf_flat_P(x, mean - sqrt(3) * sd, mean + sqrt(3) * sd);
  return x >= mean;
}

/** Mean and variance of the quantised weights, exactly from the table, in the worst case of few
 *  codes (long delays), and the largest distance of their distribution from the law. */
static void check_weights(const char *name, double rel_sd, double delay_ms, double mean_tolerance,
                          double variance_tolerance)
{
  char text[300];
  snprintf(text, sizeof text, AB "n_synapses: 10, PSP_mV: -0.6, weight_distribution: %s, "
           "weight_rel_sd: %g, delay_mean_ms: %g, delay_sd_ms: 0", name, rel_sd, delay_ms);
  meso_model *m = make_model(10, 10, "", text);
  wires w = wires_make(m);
  const meso_wiring_projection *q = &w.wiring->projection[0];
  const double want = fabs(m->projection[0].weight_pA), sd = rel_sd * want;
  double mean = 0, square = 0, worst = 0, last = 0, widest = 0;
  for (size_t c = 0; c < q->weight.n_levels; c++) {
    const double below = (double) q->weight.threshold[c] * 0x1p-32, p = below - last;
    const double pA = -q->weight_of_code[c] * w.wiring->weight_step_pA;
    mean += p * pA, square += p * pA * pA;
    if (p > 0 && rel_sd > 0) /* a level lies within its cell */
      worst = fmax(worst, fabs(law(name, want, sd, pA) - 0.5 * (last + below)) - 0.5 * p);
    if (c > 0 && pA > 0)
      widest = fmax(widest, law(name, want, sd, pA) -
                            law(name, want, sd, pA - w.wiring->weight_step_pA));
    last = below;
  }
  const double unit = w.wiring->weight_step_pA * w.wiring->weight_step_pA / 12;
  printf("# %s, rel. sd %g, delay %g ms: mean %+.1e, variance %+.1e\n", name, rel_sd, delay_ms,
         mean / want - 1, rel_sd > 0 ? (square - mean * mean - unit) / (sd * sd) - 1 : 0);
  CU_ASSERT(fabs(mean / want - 1) < mean_tolerance);
  if (rel_sd > 0)
    CU_ASSERT(fabs((square - mean * mean - unit) / (sd * sd) - 1) < variance_tolerance);
  CU_ASSERT(worst < 1e-3 + 1.5 * widest); /* levels are whole steps */
  wires_clear(&w);
  meso_model_destroy(m);
}

static void weights_keep_mean_and_variance(void)
{
  static const double delay_ms[] = {1.5, 10, 20}; /* 1024, 512 and 256 codes */
  for (int d = 0; d < 3; d++) {
    check_weights("normal", 0.1, delay_ms[d], 1e-4, 1e-3);
    check_weights("lognormal", 0.1, delay_ms[d], 1e-4, 1e-3);
    check_weights("lognormal", 1, delay_ms[d], 1e-4, 1e-3);
    check_weights("lognormal", 1.5, delay_ms[d], 1e-4, 1e-3);
    check_weights("uniform", 0.1, delay_ms[d], 1e-4, 1e-3);
    check_weights("uniform", 0.577, delay_ms[d], 1e-4, 1e-3);
    check_weights("constant", 0, delay_ms[d], 1e-4, 0);
  }
}

/** Drawn weights and delays against the law, cut at half a step: Kolmogorov-Smirnov for weights
 *  with the width of a cell added, chi-square for the steps of the delay. */
static void check_draws(const char *name, double delay_mean_ms, double delay_sd_ms)
{
  enum { K = 64, N = 1000 };
  char text[300];
  static double observed[256];
  static unsigned of_code[1024];
  snprintf(text, sizeof text, BB "rule: fixed_indegree, indegree: %d, weight_distribution: %s, "
           "weight_rel_sd: 0.4, delay_distribution: %s, delay_mean_ms: %g, delay_sd_ms: %g",
           K, name, name, delay_mean_ms, delay_sd_ms);
  meso_model *m = make_model(10, N, "", text);
  wires w = wires_make(m);
  const meso_wiring_projection *q = &w.wiring->projection[0];
  memset(observed, 0, sizeof observed);
  memset(of_code, 0, sizeof of_code);
  for (uint32_t i = 0; i < N; i++) {
    uint32_t source[K];
    uint16_t code[K];
    uint8_t delay[K];
    meso_wiring_draw(w.wiring, &w.row, 0, i, 0, K, source, code, delay);
    for (int k = 0; k < K; k++) observed[delay[k]]++, of_code[code[k]]++;
  }
  double distance = 0, sum = 0, widest = 0;
  const double want = m->projection[0].weight_pA;
  const bool constant = strcmp(name, "constant") == 0;
  const double cut = constant ? 0 : law(name, want, 0.4 * want, 0);
  for (size_t c = 0; c < q->weight.n_levels && !constant; c++) {
    const double pA = q->weight_of_code[c] * w.wiring->weight_step_pA;
    const double p = (law(name, want, 0.4 * want, pA) - cut) / (1 - cut);
    widest = fmax(widest, of_code[c] / (1.0 * K * N));
    distance = fmax(distance, fabs(p - (sum + 0.5 * of_code[c]) / (1.0 * K * N)));
    sum += of_code[c];
  }
  double chi2 = 0, dof = -1, expected = 0, seen = 0, largest = 0;
  const double too_short = law(name, delay_mean_ms, delay_sd_ms, 0.05);
  for (int s = 1; s < 256; s++) {
    expected += (law(name, delay_mean_ms, delay_sd_ms, (s + 0.5) * 0.1) -
                 law(name, delay_mean_ms, delay_sd_ms, (s - 0.5) * 0.1)) / (1 - too_short) * K * N;
    seen += observed[s];
    if (observed[s] > 0) largest = s;
    if (expected < 20) continue;
    chi2 += (seen - expected) * (seen - expected) / expected;
    expected = seen = 0, dof++;
  }
  printf("# %s: weights KS %.4f; delays chi-square %.1f, %.0f degrees of freedom, longest %g\n",
         name, distance, chi2, dof, largest);
  CU_ASSERT(distance < 1.95 / sqrt(1.0 * K * N) + widest);
  CU_ASSERT(dof >= (constant ? 0 : 5));
  CU_ASSERT(dof == 0 ? chi2 == 0 : gsl_cdf_chisq_Q(chi2, dof) > 1e-4);
  CU_ASSERT_EQUAL(observed[0], 0);
  wires_clear(&w);
  meso_model_destroy(m);
}

static void draws_follow_the_distributions(void)
{
  check_draws("normal", 1.5, 0.75);
  check_draws("constant", 1.5, 0.75);
  check_draws("lognormal", 1.5, 0.75);
  check_draws("lognormal", 0.3, 0.3);
  check_draws("uniform", 1.5, 0.5);
  check_draws("uniform", 0.5, 0.4); /* reaches below half a step */
}

/** What cannot be is drawn again or clipped: mean weight, share of zero weights, share of delays of
 *  one step, against the normal law (Phi, phi: its distribution and density at 1 sd). */
static void truncation_is_redraw_or_clip(void)
{
  const double Phi = gsl_cdf_ugaussian_P(1), phi = gsl_ran_ugaussian_pdf(1);
  const double below = gsl_cdf_ugaussian_P(-0.75), one = gsl_cdf_ugaussian_P(-0.25);
  static const char *const name[] = {"redraw", "clip"};
  for (int clip = 0; clip < 2; clip++) {
    char text[300];
    snprintf(text, sizeof text, AB "n_synapses: 10, weight_rel_sd: 1, delay_mean_ms: 0.2, "
             "delay_sd_ms: 0.2, weight_truncation: %s, delay_truncation: %s", name[clip],
             name[clip]);
    meso_model *m = make_model(10, 10, "", text);
    wires w = wires_make(m);
    const meso_wiring_projection *q = &w.wiring->projection[0];
    double mean = 0, zero = 0, last = 0;
    for (size_t c = 0; c < q->weight.n_levels; c++) {
      const double p = (double) q->weight.threshold[c] * 0x1p-32 - last;
      mean += p * q->weight_of_code[c] * w.wiring->weight_step_pA / m->projection[0].weight_pA;
      zero += q->weight_of_code[c] == 0 ? p : 0;
      last += p;
    }
    MESO_CHECK_CLOSE(clip ? Phi + phi : 1 + phi / Phi, mean, 1e-3, 0);
    MESO_CHECK_CLOSE(clip ? 1 - Phi : 0, zero, 0, 2e-3);
    MESO_CHECK_CLOSE(clip ? one : (one - below) / (1 - below),
                     (double) q->delay.threshold[0] * 0x1p-32, 0, 1e-6);
    wires_clear(&w);
    meso_model_destroy(m);
  }
}

/* ---- places and distances ----------------------------------------------------------------- */

/** Nine numbers on a 5 x 2 grid leave one cell free; random places are uniform. */
static void places_are_where_they_should_be(void)
{
  enum { N = 40000, BINS = 8 };
  static double xy[3 * N];
  unsigned observed[BINS * BINS] = {0};
  meso_model *m = make_model(N, 9, "space: {extent_x_um: 1000, extent_y_um: 400}",
                             AB "probability: 0");
  meso_space_place(m, 1, xy);
  for (int i = 0; i < 9; i++) {
    MESO_CHECK_CLOSE(-400 + 200 * (i % 5), xy[3 * i], 0, 1e-9);
    MESO_CHECK_CLOSE(i < 5 ? -100 : 100, xy[3 * i + 1], 0, 1e-9);
  }
  meso_space_place(m, 0, xy);
  MESO_CHECK_EACH(i, N, fabs(xy[3 * i]) < 500 && fabs(xy[3 * i + 1]) < 200);
  for (int i = 0; i < N; i++)
    observed[(int) ((xy[3 * i] / 1000 + 0.5) * BINS) * BINS +
             (int) ((xy[3 * i + 1] / 400 + 0.5) * BINS)]++;
  double chi2 = 0;
  for (int b = 0; b < BINS * BINS; b++) {
    const double expected = (double) N / (BINS * BINS);
    chi2 += (observed[b] - expected) * (observed[b] - expected) / expected;
  }
  printf("# places: chi-square %.1f, 63 degrees of freedom\n", chi2);
  CU_ASSERT(gsl_cdf_chisq_Q(chi2, 63) > 1e-4);
  meso_model_destroy(m);
}

typedef struct near_case {
  const char *projection;
  bool periodic;
  double p, exponential_um, gaussian_um, mask_um;
} near_case;

/** Pairs by distance, over seeds, against the sum of their probabilities. */
static void check_near(const near_case *c)
{
  enum { N_A = 150, N_B = 120, BINS = 20, SEEDS = 60 };
  static unsigned count[N_A * N_A];
  static double xy[2][3 * N_A];
  double seen[BINS] = {0}, expected[BINS] = {0}, variance[BINS] = {0}, sum = 0, n = 0;
  double spread = 0, n_degrees = 0;
  size_t n_wrong = 0;
  meso_model *m = make_model(N_A, N_B, c->periodic
                             ? "space: {extent_x_um: 800, extent_y_um: 500, periodic: true}"
                             : "space: {extent_x_um: 800, extent_y_um: 500}", c->projection);
  const size_t s = m->projection[0].source, t = m->projection[0].target;
  for (m->simulation.seed = 1; m->simulation.seed <= SEEDS; m->simulation.seed++) {
    wires w = wires_make(m);
    const meso_wiring_projection *q = &w.wiring->projection[0];
    count_pairs(&w, count);
    for (size_t p = 0; p < 2; p++) meso_space_place(m, p, xy[p]);
    for (uint32_t i = 0; i < q->n_targets; i++) {
      double own = 0, own_variance = 0;
      for (uint32_t j = 0; j < q->n_sources; j++) {
        const double r = distance(m, xy[t] + 3 * i, xy[s] + 3 * j);
        const int bin = (int) fmin(r / 40, BINS - 1);
        const bool never = (c->mask_um > 0 && r > c->mask_um) || (q->excludes_self && i == j);
        const double p = never ? 0 : c->p * exp(-r / c->exponential_um) *
                                     exp(-0.5 * r * r / (c->gaussian_um * c->gaussian_um));
        const unsigned k = count[i * q->n_sources + j];
        n_wrong += k > 1 || (never && k > 0);
        seen[bin] += k, expected[bin] += p, variance[bin] += p * (1 - p);
        sum += k, n += p;
        own += p, own_variance += p * (1 - p);
      }
      spread += (q->in_degree[i] - own) * (q->in_degree[i] - own) / own_variance;
      n_degrees++;
    }
    wires_clear(&w);
  }
  double chi2 = 0, dof = 0;
  for (int b = 0; b < BINS; b++) {
    if (variance[b] < 10) continue;
    chi2 += (seen[b] - expected[b]) * (seen[b] - expected[b]) / variance[b];
    dof++;
  }
  printf("# %s: chi-square %.1f, %.0f classes; synapses %.1f, of pairs %.1f, said %.0f\n",
         c->projection, chi2, dof, sum / SEEDS, n / SEEDS, (double) m->n_synapses);
  CU_ASSERT_EQUAL(n_wrong, 0);
  CU_ASSERT(dof >= 4 && gsl_cdf_chisq_Q(chi2, dof) > 1e-4);
  MESO_CHECK_CLOSE((double) m->n_synapses, n / SEEDS, 0.02, 0);
  /* pairs are independent: the in-degree varies as a sum of them does */
  MESO_CHECK_CLOSE(1, spread / n_degrees, 0, 5 * sqrt(2 / n_degrees));
  meso_model_destroy(m);
}

#define NEAR "rule: pairwise_bernoulli, "
static void probability_falls_with_distance(void)
{
  static const near_case cases[] = {
    {AB NEAR "probability: 0.8, profile: exponential, profile_length_um: 90", true, 0.8, 90,
     INFINITY, 0},
    {AB NEAR "probability: 0.8, profile: exponential, profile_length_um: 90", false, 0.8, 90,
     INFINITY, 0},
    {AB NEAR "probability: 0.3, profile: gaussian, profile_length_um: 120", true, 0.3, INFINITY,
     120, 0},
    {AB NEAR "probability: 0.9, profile: gaussian, profile_length_um: 120, mask_radius_um: 200",
     false, 0.9, INFINITY, 120, 200},
    {AB NEAR "probability: 0.4, mask_radius_um: 220", true, 0.4, INFINITY, INFINITY, 220},
    {"source: A, target: A, " NEAR "probability: 0.9, profile: exponential, profile_length_um: 90, "
     "allow_autapses: false", true, 0.9, 90, INFINITY, 0},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) check_near(&cases[i]);
}

/* ---- fixed numbers, partners by distance -------------------------------------------------- */

/** A group of n pairs of which K are drawn in proportion to their profile: those of a target, of a
 *  source, or of the projection. */
enum { OF_TARGET, OF_SOURCE, OF_PROJECTION };

typedef struct weighted_case {
  const char *projection;
  bool periodic;
  int group, K;
  bool distinct;            /**< K is 2 then */
  double exponential_um, gaussian_um, mask_um;
} weighted_case;

/** Adds a group's expected numbers by distance and their variances. p: (n), sums to 1. */
static void expect_group(const weighted_case *c, size_t n, const double *p, const int *bin,
                         int n_bins, double *expected, double *variance)
{
  for (int b = 0; b < n_bins; b++) {
    double once = 0, second = 0, both = 0;
    for (size_t j = 0; j < n; j++) once += bin[j] == b ? p[j] : 0;
    if (!c->distinct) {
      expected[b] += c->K * once;
      variance[b] += c->K * once * (1 - once);
      continue;
    }
    for (size_t i = 0; i < n; i++) { /* the first is i, the second one of the others */
      const double rest = once - (bin[i] == b ? p[i] : 0);
      second += p[i] * rest / (1 - p[i]);
      both += bin[i] == b ? p[i] * rest / (1 - p[i]) : 0;
    }
    expected[b] += once + second;
    variance[b] += once + second + 2 * both - (once + second) * (once + second);
  }
}

/** Synapses by distance, over seeds, against the exact law of weighted draws. */
static void check_weighted(const weighted_case *c)
{
  enum { N_A = 70, N_B = 60, BINS = 16, SEEDS = 60 };
  static unsigned count[N_A * N_A];
  static double xy[2][3 * N_A], p[N_A * N_A];
  static int bin[N_A * N_A];
  double seen[BINS] = {0}, expected[BINS] = {0}, variance[BINS] = {0};
  size_t n_wrong = 0;
  meso_model *m = make_model(N_A, N_B, c->periodic
                             ? "space: {extent_x_um: 800, extent_y_um: 500, periodic: true}"
                             : "space: {extent_x_um: 800, extent_y_um: 500}", c->projection);
  const size_t s = m->projection[0].source, t = m->projection[0].target;
  for (m->simulation.seed = 1; m->simulation.seed <= SEEDS; m->simulation.seed++) {
    wires w = wires_make(m);
    const meso_wiring_projection *q = &w.wiring->projection[0];
    const size_t n_s = q->n_sources, n_t = q->n_targets, n_pairs = n_s * n_t;
    const size_t n_groups = c->group == OF_TARGET ? n_t : c->group == OF_SOURCE ? n_s : 1;
    count_pairs(&w, count);
    for (size_t k = 0; k < 2; k++) meso_space_place(m, k, xy[k]);
    for (size_t g = 0; g < n_groups; g++) {
      double sum = 0, drawn = 0;
      const size_t n = n_pairs / n_groups;
      for (size_t x = 0; x < n; x++) {
        const size_t i = c->group == OF_TARGET ? g : c->group == OF_SOURCE ? x : x / n_s;
        const size_t j = c->group == OF_TARGET ? x : c->group == OF_SOURCE ? g : x % n_s;
        const double r = distance(m, xy[t] + 3 * i, xy[s] + 3 * j);
        const bool never = (c->mask_um > 0 && r > c->mask_um) || (q->excludes_self && i == j);
        p[x] = never ? 0 : exp(-r / c->exponential_um) *
                           exp(-0.5 * r * r / (c->gaussian_um * c->gaussian_um));
        bin[x] = (int) fmin(r / 40, BINS - 1);
        sum += p[x], drawn += count[i * n_s + j];
        seen[bin[x]] += count[i * n_s + j];
        n_wrong += (never && count[i * n_s + j] > 0) || (c->distinct && count[i * n_s + j] > 1);
      }
      n_wrong += drawn != c->K;
      for (size_t x = 0; x < n; x++) p[x] /= sum;
      expect_group(c, n, p, bin, BINS, expected, variance);
    }
    n_wrong += m->projection[0].n_synapses != (uint64_t) c->K * n_groups;
    wires_clear(&w);
  }
  double chi2 = 0, dof = -1; /* the whole number is given */
  for (int b = 0; b < BINS; b++) {
    if (variance[b] < 10) continue;
    chi2 += (seen[b] - expected[b]) * (seen[b] - expected[b]) / variance[b];
    dof++;
  }
  printf("# %s: chi-square %.1f, %.0f degrees of freedom\n", c->projection, chi2, dof);
  CU_ASSERT_EQUAL(n_wrong, 0);
  CU_ASSERT(dof >= 4 && gsl_cdf_chisq_Q(chi2, dof) > 1e-4);
  meso_model_destroy(m);
}

#define AA "source: A, target: A, "
static void fixed_numbers_follow_distance(void)
{
  static const weighted_case cases[] = {
    {AB "rule: fixed_indegree, indegree: 30, profile: exponential, profile_length_um: 90", true,
     OF_TARGET, 30, false, 90, INFINITY, 0},
    {AB "rule: fixed_indegree, indegree: 2, profile: gaussian, profile_length_um: 150, "
     "mask_radius_um: 300, allow_multapses: false", false, OF_TARGET, 2, true, INFINITY, 150, 300},
    {AA "rule: fixed_indegree, indegree: 12, mask_radius_um: 250, allow_autapses: false", false,
     OF_TARGET, 12, false, INFINITY, INFINITY, 250},
    {AB "rule: fixed_outdegree, outdegree: 25, profile: gaussian, profile_length_um: 120", false,
     OF_SOURCE, 25, false, INFINITY, 120, 0},
    {AA "rule: fixed_outdegree, outdegree: 2, profile: exponential, profile_length_um: 70, "
     "allow_multapses: false, allow_autapses: false", true, OF_SOURCE, 2, true, 70, INFINITY, 0},
    {AB "rule: fixed_total_number, n_synapses: 3001, profile: exponential, "
     "profile_length_um: 110, mask_radius_um: 350", false, OF_PROJECTION, 3001, false, 110,
     INFINITY, 350},
    {AA "rule: fixed_total_number, n_synapses: 2000, profile: gaussian, profile_length_um: 100, "
     "allow_autapses: false", true, OF_PROJECTION, 2000, false, INFINITY, 100, 0},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) check_weighted(&cases[i]);
}

/** Where a mask holds too few partners, the wiring says whose. */
static void too_few_within_the_mask(void)
{
  static const struct { const char *projection, *message; } cases[] = {
    {BB "rule: fixed_indegree, indegree: 3, mask_radius_um: 150, allow_multapses: false",
     "projections.B->B: rule fixed_indegree wants 3 partners for neuron 0 of the targets; within "
     "its profile and mask there are 2"},
    {BB "rule: fixed_indegree, indegree: 3, mask_radius_um: 90, allow_autapses: false",
     "wants 1 partners for neuron 0 of the targets; within its profile and mask there are 0"},
    {BB "rule: fixed_outdegree, outdegree: 2, mask_radius_um: 90, allow_multapses: false",
     "wants 2 partners for neuron 0 of the sources; within its profile and mask there is 1"},
    {BB "n_synapses: 2, mask_radius_um: 90, allow_autapses: false",
     "rule fixed_total_number wants 1 partners for neuron 0 of the targets"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) { /* a row of ten, 100 um apart */
    meso_err err = {0};
    meso_wiring *w = NULL;
    meso_model *m = make_model(1, 10, "space: {extent_x_um: 1000, extent_y_um: 100}",
                               cases[i].projection);
    CU_ASSERT_EQUAL(meso_wiring_create(m, &w, &err), MESO_ERANGE);
    if (strstr(err.msg, cases[i].message) == NULL) printf("# got %s\n", err.msg);
    CU_ASSERT_PTR_NOT_NULL(strstr(err.msg, cases[i].message));
    meso_model_destroy(m);
  }
}

/* ---- what is impossible ------------------------------------------------------------------- */

static void impossible_rules_are_refused(void)
{
  static const struct { const char *head, *projection, *message; } cases[] = {
    {"", AB "rule: fixed_indegree, indegree: 11, allow_multapses: false",
     "A->B.indegree = 11: makes 11 different sources necessary, with scaling; there are 10"},
    {"scaling: {N: 2}", AB "rule: fixed_indegree, indegree: 11, allow_multapses: false",
     "A->B.indegree = 11: makes 11 different sources necessary, with scaling; there are 10"},
    {"", BB "rule: fixed_indegree, indegree: 8, allow_multapses: false, allow_autapses: false",
     "B->B.indegree = 8: makes 8 different sources necessary, with scaling; there are 7"},
    {"", AB "rule: fixed_outdegree, outdegree: 9, allow_multapses: false",
     "A->B.outdegree = 9: makes 9 different targets necessary, with scaling; there are 8"},
    {"", AB "n_synapses: 81, allow_multapses: false",
     "A->B.n_synapses = 81: makes 81 different pairs necessary, with scaling; there are 80"},
    {"scaling: {N: 0.5}", AB "rule: pairwise_bernoulli, probability: 0.6",
     "A->B.probability = 0.6: makes 1.2 different synapses of a pair necessary, with scaling; "
     "there is 1"},
    {"", AB "rule: one_to_one",
     "A->B.rule = one_to_one: source and target must be of the same size"},
    {"", BB "rule: one_to_one, allow_autapses: false", "B->B.allow_autapses = false: one_to_one"},
    {"scaling: {K: 0.6}", BB "rule: one_to_one", "B->B.rule = one_to_one: cannot follow scaling"},
    {"scaling: {N: 0.5}", BB "rule: all_to_all", "B->B.rule = all_to_all: cannot follow scaling"},
    {"", AB "rule: fixed_indegree", "A->B.indegree: is missing; rule fixed_indegree needs it"},
    {"", "source: A, target: B", "A->B.probability or n_synapses: is missing"},
    {"", AB "probability: 0.1, n_synapses: 3",
     "A->B.n_synapses = 3: probability already says how many"},
    {"", AB "rule: fixed_indegree, indegree: 3, probability: 0.1",
     "A->B.probability = 0.1: rule fixed_indegree does not take it"},
    {"", AB "rule: one_to_one, outdegree: 3", "A->B.outdegree = 3: rule one_to_one does not take"},
    {"", AB "probability: 0.1, weight_rel_sd: 0.6, weight_distribution: uniform",
     "A->B.weight_rel_sd = 0.6: must be at most 0.57735 with weight_distribution uniform"},
    {"", AB "probability: 0.1, weight_rel_sd: 1.1",
     "A->B.weight_rel_sd = 1.1: must be at most 1 with weight_distribution normal"},
    {"space: {}", AB "probability: 0.1, profile: gaussian",
     "A->B.probability = 0.1: does not say how many synapses there are where the distance counts"},
    {"space: {}", AB "n_synapses: 10, profile: gaussian, allow_multapses: false",
     "A->B.profile = gaussian: without multapses a fixed total number cannot follow distances"},
    {"space: {}", BB "rule: one_to_one, mask_radius_um: 5",
     "B->B.mask_radius_um = 5: the rule leaves no choice that a distance could weigh"},
    {"space: {}", BB "rule: all_to_all, profile: exponential",
     "B->B.profile = exponential: the rule leaves no choice that a distance could weigh"},
    {"", AB NEAR "probability: 0.1, mask_radius_um: 5",
     "A->B.mask_radius_um = 5: source and target need positions"},
    {"", AB "probability: 0.1, delay_ms_per_um: 0.001",
     "A->B.delay_ms_per_um = 0.001: source and target need positions"},
    {"", AB "probability: 0.1, weight_distribution: constant, PSP_mV_per_um: 0.001",
     "A->B.PSP_mV_per_um = 0.001: source and target need positions"},
    {"space: {}", AB "n_synapses: 9, PSP_mV_per_um: 0.001",
     "A->B.PSP_mV_per_um = 0.001: needs weight_distribution: constant"},
    {"space: {}", AB "n_synapses: 9, weight_distribution: constant, PSP_mV_per_um: 0.002, "
     "mask_radius_um: 400", "A->B.PSP_mV_per_um = 0.002: makes a potential of 0.2 mV at 400 um"},
    {"", AB "probability: 0.1, delay_mean_ms: 0.04, delay_distribution: constant",
     "A->B.delay_mean_ms = 0.04: almost no delay"},
    {"space: {}", AB "n_synapses: 9, delay_ms_per_um: 0.02",
     "A->B.delay_ms_per_um = 0.02: makes delays of up to 314 steps of simulation.dt_ms = 0.1 ms; "
     "at most 255 steps are possible"},
    {"", AB "n_synapses: 9, delay_mean_ms: 22, delay_sd_ms: 0.6",
     "A->B.delay_mean_ms = 22: makes delays of up to 257 steps"},
    {"", AB "probability: 1", "A->B.probability = 1: must be below 1: with multapses no number of "
     "synapses connects every pair for certain"},
    {"", AB "rule: pairwise_bernoulli, probability: 0.5, allow_multapses: true",
     "A->B.allow_multapses = true: rule pairwise_bernoulli makes none"},
    {"", AB "rule: all_to_all, allow_multapses: true",
     "A->B.allow_multapses = true: rule all_to_all makes none"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    char name[32], place[64];
    meso_err err = {0};
    meso_model *m = try_model(10, 8, cases[i].head, cases[i].projection, name, &err);
    CU_ASSERT_PTR_NULL(m);
    meso_model_destroy(m);
    snprintf(place, sizeof place, "%s:8: projections.", name);
    const bool ok = strncmp(err.msg, place, strlen(place)) == 0 &&
                    strncmp(err.msg + strlen(place), cases[i].message,
                            strlen(cases[i].message)) == 0;
    if (!ok) printf("# got  %s\n# want %s%s\n", err.msg, place, cases[i].message);
    CU_ASSERT(ok);
  }
}

/** The neuron alone in its population has no partner but itself. */
static void nobody_to_connect_to(void)
{
  char name[32];
  meso_err err = {0};
  CU_ASSERT_PTR_NULL(try_model(1, 1, "", BB "rule: fixed_indegree, indegree: 3, "
                               "allow_autapses: false", name, &err));
  CU_ASSERT_PTR_NOT_NULL(strstr(err.msg, "there are 0"));
  meso_model *m = make_model(1, 1, "", BB "rule: all_to_all, allow_autapses: false");
  CU_ASSERT_EQUAL(m->n_synapses, 0);
  meso_model_destroy(m);
}

/** Scaled networks keep the mean in-degree of each rule, times scaling.K. */
static void scaling_keeps_in_degrees(void)
{
  static const struct { const char *projection; double number; uint64_t n_synapses; } cases[] = {
    {AB "n_synapses: 60000", 7500, 7500}, /* A: 400 -> 200, B: 300 -> 150; K 0.25 */
    {AB "rule: fixed_indegree, indegree: 200", 50, 7500},
    {AB "rule: fixed_outdegree, outdegree: 150", 37.5 + 0.5, 7600},
    {AB "rule: pairwise_bernoulli, probability: 0.5", 0.25, 7500},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    meso_model *m = make_model(400, 300, "scaling: {N: 0.5, K: 0.25}", cases[i].projection);
    CU_ASSERT_EQUAL(m->projection[0].rule_number, cases[i].number);
    CU_ASSERT_EQUAL(m->n_synapses, cases[i].n_synapses);
    meso_model_destroy(m);
  }
}

/** The canonical text says the rule, its number, the switches and the distributions. */
static void canonical_text_has_the_rule(void)
{
  static const char *const lines[] = {
    "projections.A->B.rule = fixed_outdegree\n", "projections.A->B.outdegree = 3\n",
    "projections.A->B.allow_autapses = true\n", "projections.A->B.allow_multapses = false\n",
    "projections.A->B.weight_distribution = lognormal\n",
    "projections.A->B.delay_distribution = uniform\n"};
  meso_model *m = make_model(10, 8, "synapses: {inhibitory: {delay_distribution: uniform}}",
                             AB "rule: fixed_outdegree, outdegree: 3, allow_multapses: false, "
                             "weight_distribution: lognormal");
  char *text = meso_model_canonical(m, MESO_SECTION_NETWORK);
  CU_ASSERT_PTR_NOT_NULL_FATAL(text);
  for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
    if (strstr(text, lines[i]) == NULL) printf("# no %s", lines[i]);
    CU_ASSERT_PTR_NOT_NULL(strstr(text, lines[i]));
  }
  free(text);
  meso_model_destroy(m);
}

int main(void)
{
  static const meso_test tests[] = {
    {"counts_are_exact", counts_are_exact},
    {"sets_of_pairs_are_equally_likely", sets_of_pairs_are_equally_likely},
    {"degrees_follow_their_law", degrees_follow_their_law},
    {"synapses_can_be_made_alone", synapses_can_be_made_alone},
    {"weights_keep_mean_and_variance", weights_keep_mean_and_variance},
    {"draws_follow_the_distributions", draws_follow_the_distributions},
    {"truncation_is_redraw_or_clip", truncation_is_redraw_or_clip},
    {"places_are_where_they_should_be", places_are_where_they_should_be},
    {"probability_falls_with_distance", probability_falls_with_distance},
    {"fixed_numbers_follow_distance", fixed_numbers_follow_distance},
    {"too_few_within_the_mask", too_few_within_the_mask},
    {"impossible_rules_are_refused", impossible_rules_are_refused},
    {"nobody_to_connect_to", nobody_to_connect_to},
    {"scaling_keeps_in_degrees", scaling_keeps_in_degrees},
    {"canonical_text_has_the_rule", canonical_text_has_the_rule},
    {NULL, NULL},
  };
  return meso_test_main("wiring", tests);
}
