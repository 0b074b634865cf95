/* test_neurons.c: every neuron model against closed forms, without any other simulator: the
 * potential after one input, the dead time, bounds; propagators against quadrature. */
#include <stdlib.h>
#include <string.h>

#include "meso_neuron.h"
#include "meso_test.h"
#include "neuron_membrane.h"

static const double dt_ms = 0.1;

/* ---- one neuron --------------------------------------------------------------------------- */

typedef struct bench {
  const meso_neuron_ops *ops;
  _Alignas(16) char params[256], neuron[512];
} bench;

static void set(bench *b, const char *key, double value)
{
  const meso_param *row = meso_param_find(b->ops->params, key);
  CU_ASSERT_PTR_NOT_NULL_FATAL(row);
  const bool truth = value != 0;
  if (row->type == MESO_PARAM_BOOL) memcpy(b->params + row->offset, &truth, sizeof truth);
  else memcpy(b->params + row->offset, &value, sizeof value);
}

/** A membrane of 250 pF and 10 ms that rests at 0 mV, far below threshold; synapses of 2 ms. */
static bench bench_make(const meso_neuron_ops *ops)
{
  bench b = {.ops = ops};
  meso_err err = {0};
  CU_ASSERT_FATAL(ops->params_size <= sizeof b.params && ops->neuron_size <= sizeof b.neuron);
  CU_ASSERT_EQUAL_FATAL(meso_params_default(ops->params, b.params, &err), MESO_OK);
  set(&b, "E_L", 0);
  set(&b, "V_th", 1e6);
  set(&b, "V_reset", 0);
  set(&b, "V_m_initial", 0);
  set(&b, "C_m", 250);
  set(&b, "tau_m", 10);
  set(&b, "t_ref", 2);
  set(&b, "I_e", 0);
  if (meso_param_find(ops->params, "tau_syn_ex") != NULL) {
    set(&b, "tau_syn_ex", 2);
    set(&b, "tau_syn_in", 2);
  }
  return b;
}

static bench bench_named(const char *name)
{
  const meso_neuron_ops *ops = meso_neuron_by_name(name, strlen(name));
  CU_ASSERT_PTR_NOT_NULL_FATAL(ops);
  return bench_make(ops);
}

static void start(bench *b)
{
  CU_ASSERT_PTR_NULL(b->ops->check(b->params));
  b->ops->init(b->params, dt_ms, b->neuron);
}

/** A step with one weight arriving at its end and a current during it. */
static bool step(bench *b, double weight, double current_pA)
{
  const double ex = weight > 0 ? weight : 0, in = weight > 0 ? 0 : weight;
  const meso_neuron_input input = {.ex = &ex, .in = &in, .current_pA = &current_pA};
  uint8_t spiked = 2;
  b->ops->advance(b->neuron, 1, &input, &spiked);
  CU_ASSERT(spiked < 2);
  return spiked == 1;
}

static double recorded(const bench *b, const char *name)
{
  const meso_neuron_recordable *r = meso_neuron_recordable_by_name(b->ops, name, strlen(name));
  CU_ASSERT_PTR_NOT_NULL_FATAL(r);
  return r->value(b->neuron);
}

/* ---- the registry ------------------------------------------------------------------------- */

static void registry_is_sound(void)
{
  CU_ASSERT(meso_neuron_count() >= 3);
  CU_ASSERT_PTR_NULL(meso_neuron_at(meso_neuron_count()));
  CU_ASSERT_PTR_NULL(meso_neuron_by_name("iaf_psc_ex", 10));
  for (size_t i = 0; i < meso_neuron_count(); i++) {
    const meso_neuron_ops *ops = meso_neuron_at(i);
    CU_ASSERT_PTR_EQUAL(meso_neuron_by_name(ops->name, strlen(ops->name)), ops);
    CU_ASSERT_PTR_NULL(ops->params[0].default_text);
    CU_ASSERT_PTR_NOT_NULL(meso_neuron_recordable_by_name(ops, "V_m", 3));
    bench b = bench_make(ops);
    CU_ASSERT_PTR_NULL(ops->check(b.params));
    set(&b, "V_reset", 1e6);
    CU_ASSERT_PTR_NOT_NULL(ops->check(b.params));
  }
}

/* ---- propagators -------------------------------------------------------------------------- */

/** Simpson's rule for 1/C exp(-(h - s)/tau_m) s^power exp(-s/tau_syn) over s in 0 .. h. */
static double quadrature(double tau_syn, double tau_m, double C, double h, int power)
{
  enum { N = 20000 };
  double sum = 0;
  for (int i = 0; i <= N; i++) {
    const double s = h * i / N, f = exp(-(h - s) / tau_m - s / tau_syn) * (power == 1 ? s : 1);
    sum += f * (i == 0 || i == N ? 1 : (i % 2 == 1 ? 4 : 2));
  }
  return sum * h / (3 * N) / C;
}

static void propagators_are_the_integrals(void)
{
  static const double ratio[] = {0.001, 0.01, 0.1, 0.5, 0.9, 0.999, 1 - 1e-6, 1 - 1e-9, 1,
                                 1 + 1e-9, 1 + 1e-6, 1.001, 2, 10, 1e4};
  for (size_t i = 0; i < sizeof ratio / sizeof ratio[0]; i++)
    for (double h = 0.1; h < 20; h *= 10) {
      const double tau_m = 10, tau_syn = ratio[i] * tau_m;
      if (h > 20 * tau_syn) continue; /* beyond what the quadrature resolves */
      MESO_CHECK_CLOSE(quadrature(tau_syn, tau_m, 250, h, 0),
                       neuron_P_current(tau_syn, tau_m, 250, h), 1e-11, 0);
      MESO_CHECK_CLOSE(quadrature(tau_syn, tau_m, 250, h, 1),
                       neuron_P_slope(tau_syn, tau_m, 250, h), 1e-11, 0);
    }
  /* at a time constant that nothing resolves: a charge of tau_syn pA ms at the start */
  MESO_CHECK_CLOSE(1e-6 / 250 * exp(-0.01), neuron_P_current(1e-6, 10, 250, 0.1), 1e-6, 0);
  MESO_CHECK_CLOSE(1e-12 / 250 * exp(-0.01), neuron_P_slope(1e-6, 10, 250, 0.1), 1e-6, 0);
}

/* ---- one input ---------------------------------------------------------------------------- */

/** Potentials (mV) at t after an input of weight w to a membrane of 250 pF. */
static double psp_exp(double w, double tau_s, double tau_m, double t)
{
  if (tau_s == tau_m) return w / 250 * t * exp(-t / tau_m);
  return w / 250 * tau_s * tau_m / (tau_m - tau_s) * (exp(-t / tau_m) - exp(-t / tau_s));
}

static double psp_alpha(double w, double tau_s, double tau_m, double t)
{
  const double scale = w * exp(1) / tau_s / 250, b = 1 / tau_s - 1 / tau_m;
  if (tau_s == tau_m) return scale * t * t / 2 * exp(-t / tau_m);
  return scale * (exp(-t / tau_m) / (b * b) - exp(-t / tau_s) * (t / b + 1 / (b * b)));
}

static double psp_delta(double w, double tau_s, double tau_m, double t)
{
  (void) tau_s;
  return w * exp(-t / tau_m);
}

typedef double psp_function(double w, double tau_s, double tau_m, double t);

/** The whole course of the potential after one input, either sign, and its peak. */
static void check_psp(const char *model, psp_function *psp, double tau_s, double w)
{
  bench b = bench_named(model);
  const bool one = strcmp(model, "iaf_psc_exp_merged") == 0;
  const bool has_tau = meso_param_find(b.ops->params, "tau_syn_ex") != NULL;
  if (has_tau && (one || w > 0)) set(&b, "tau_syn_ex", tau_s);
  if (has_tau && (one || w < 0)) set(&b, "tau_syn_in", tau_s);
  start(&b);
  double peak = 0, want_peak = 0;
  step(&b, w, 0);
  for (int k = 0; k < 1000; k++) {
    const double want = psp(w, tau_s, 10, k * dt_ms);
    MESO_CHECK_CLOSE(want, recorded(&b, "V_m"), 1e-9, 1e-12);
    peak = fmax(peak, fabs(recorded(&b, "V_m")));
    want_peak = fmax(want_peak, fabs(want));
    step(&b, 0, 0);
  }
  CU_ASSERT(want_peak > 0);
  MESO_CHECK_CLOSE(want_peak, peak, 1e-12, 0);
}

static void potentials_after_one_input(void)
{
  static const double tau_s[] = {0.5, 3, 10, 25};
  for (int i = 0; i < 4; i++)
    for (int sign = -1; sign <= 1; sign += 2) {
      check_psp("iaf_psc_exp", psp_exp, tau_s[i], sign * 100);
      check_psp("iaf_psc_exp_merged", psp_exp, tau_s[i], sign * 100);
      check_psp("iaf_psc_alpha", psp_alpha, tau_s[i], sign * 100);
    }
  check_psp("iaf_psc_delta", psp_delta, 1, 0.5);
  check_psp("iaf_psc_delta", psp_delta, 1, -0.5);
}

/** One current for both signs of input: their sum, and no two time constants. */
static void merged_current_is_the_sum(void)
{
  bench both = bench_named("iaf_psc_exp"), one = bench_named("iaf_psc_exp_merged");
  start(&both);
  start(&one);
  for (int k = 0; k < 300; k++) {
    const double weight = k % 7 == 0 ? 30 : k % 5 == 0 ? -20 : 0;
    step(&both, weight, 0);
    step(&one, weight, 0);
    MESO_CHECK_CLOSE(recorded(&both, "I_syn_ex") + recorded(&both, "I_syn_in"),
                     recorded(&one, "I_syn"), 1e-12, 1e-12);
    MESO_CHECK_CLOSE(recorded(&both, "V_m"), recorded(&one, "V_m"), 1e-12, 1e-12);
  }
  set(&one, "tau_syn_in", 2.1);
  CU_ASSERT_PTR_NOT_NULL(one.ops->check(one.params));
}

/** The exponential current starts at the weight; the alpha current peaks at the weight, tau_syn
 *  after the input. */
static void currents_after_one_input(void)
{
  bench e = bench_named("iaf_psc_exp"), a = bench_named("iaf_psc_alpha");
  start(&e);
  start(&a);
  step(&e, 40, 0);
  step(&a, -40, 0);
  MESO_CHECK_CLOSE(40, recorded(&e, "I_syn_ex"), 1e-15, 0);
  CU_ASSERT_EQUAL(recorded(&a, "I_syn_in"), 0);
  for (int k = 1; k <= 200; k++) {
    const double t = k * dt_ms;
    step(&e, 0, 0);
    step(&a, 0, 0);
    MESO_CHECK_CLOSE(40 * exp(-t / 2), recorded(&e, "I_syn_ex"), 1e-12, 0);
    MESO_CHECK_CLOSE(-40 * t / 2 * exp(1 - t / 2), recorded(&a, "I_syn_in"), 1e-12, 0);
    CU_ASSERT(recorded(&a, "I_syn_in") >= -40 * (1 + 1e-12));
    CU_ASSERT_EQUAL(recorded(&e, "I_syn_in"), 0);
    CU_ASSERT_EQUAL(recorded(&a, "I_syn_ex"), 0);
  }
}

/** V(t) = I tau_m / C_m (1 - exp(-t/tau_m)), for I_e and for an injected current. */
static void constant_current_charges_the_membrane(void)
{
  for (size_t i = 0; i < meso_neuron_count(); i++) {
    bench b = bench_make(meso_neuron_at(i));
    set(&b, "I_e", 30);
    start(&b);
    for (int k = 1; k <= 300; k++) {
      step(&b, 0, 20);
      MESO_CHECK_CLOSE(50 * 10 / 250.0 * -expm1(-k * dt_ms / 10), recorded(&b, "V_m"), 1e-11, 0);
    }
  }
}

/* ---- threshold and dead time -------------------------------------------------------------- */

/** Steps between two spikes of a neuron that is driven hard: as measured in NEST 3.10, which rounds
 *  t_ref up to whole steps; the potential stays at V_reset. */
static void dead_time_has_its_length(void)
{
  static const double t_ref_ms[] = {0, 0.04, 0.05, 0.1, 0.14, 0.25, 0.3, 1.05, 2};
  static const int want[] = {1, 2, 2, 2, 3, 4, 4, 12, 21};
  for (size_t i = 0; i < meso_neuron_count(); i++)
    for (size_t r = 0; r < sizeof want / sizeof want[0]; r++) {
      bench b = bench_make(meso_neuron_at(i));
      set(&b, "V_th", 15);
      set(&b, "V_reset", -3);
      set(&b, "I_e", 1e6);
      set(&b, "t_ref", t_ref_ms[r]);
      start(&b);
      int last = 0;
      for (int k = 1; k < 100; k++) {
        const bool spiked = step(&b, 0, 0);
        if (spiked && last > 0) CU_ASSERT_EQUAL(k - last, want[r]);
        if (spiked) last = k;
        CU_ASSERT_EQUAL(recorded(&b, "V_m"), -3);
      }
      CU_ASSERT(last > 50);
    }
}

/** A neuron at threshold spikes, one just below does not. */
static void threshold_is_inclusive(void)
{
  for (int below = 0; below < 2; below++)
    for (size_t i = 0; i < meso_neuron_count(); i++) {
      bench b = bench_make(meso_neuron_at(i));
      set(&b, "tau_m", 1e9); /* keeps 15 mV for a step: exp(-1e-10) 15 */
      set(&b, "V_th", (below ? 1 + 1e-9 : 1) * 15 * exp(-dt_ms / 1e9));
      set(&b, "V_m_initial", 15);
      start(&b);
      CU_ASSERT_EQUAL(step(&b, 0, 0), below == 0);
    }
}

/** Input of the dead time is lost, or decays until its end. */
static void delta_keeps_input_if_told(void)
{
  for (int keeps = 0; keeps < 2; keeps++) {
    bench b = bench_named("iaf_psc_delta");
    set(&b, "V_th", 15);
    set(&b, "refractory_input", keeps);
    start(&b);
    CU_ASSERT(step(&b, 20, 0));
    for (int k = 1; k <= 20; k++) {
      CU_ASSERT(!step(&b, k == 7 ? 3 : (k == 20 ? -1 : 0), 0));
      CU_ASSERT_EQUAL(recorded(&b, "V_m"), 0);
    }
    step(&b, 0.5, 0);
    const double kept = 3 * exp(-14 * dt_ms / 10) - exp(-dt_ms / 10);
    MESO_CHECK_CLOSE(0.5 + keeps * kept, recorded(&b, "V_m"), 1e-13, 0);
    step(&b, 0, 0);
    MESO_CHECK_CLOSE((0.5 + keeps * kept) * exp(-0.01), recorded(&b, "V_m"), 1e-13, 0);
  }
}

static void lowest_potential_bounds(void)
{
  static const char *const models[] = {"iaf_psc_alpha", "iaf_psc_delta"};
  for (int i = 0; i < 2; i++) {
    bench b = bench_named(models[i]);
    set(&b, "E_L", -65);
    set(&b, "V_m_initial", -65);
    set(&b, "V_min", -70);
    start(&b);
    double lowest = 0;
    for (int k = 0; k < 100; k++) {
      step(&b, k == 3 ? -1e4 : 0, 0);
      lowest = fmin(lowest, recorded(&b, "V_m"));
    }
    CU_ASSERT_EQUAL(lowest, -70);
    CU_ASSERT(recorded(&b, "V_m") > -70 || i == 0);
  }
}

/** What a model says of an input of weight 1, against what it does: the peak of the potential, and
 *  its integral, tau_m/C_m times the charge. */
static void responses_are_what_they_say(void)
{
  static const double tau_syn_ms[] = {0.5, 2, 10, 25};
  const double fine_ms = 0.002;
  for (size_t i = 0; i < 2 * 4 * meso_neuron_count(); i++) {
    bench b = bench_make(meso_neuron_at(i / 8));
    const bool inhibitory = i % 2 == 1;
    const meso_param *row =
      meso_param_find(b.ops->params, inhibitory ? "tau_syn_in" : "tau_syn_ex");
    if (row != NULL) set(&b, row->key, tau_syn_ms[i / 2 % 4]);
    const meso_neuron_synapse said = b.ops->response(b.params, inhibitory);
    const double weight = (inhibitory ? -1 : 1) * said.weight_per_mV;
    b.ops->init(b.params, fine_ms, b.neuron);
    double peak = 0, integral = 0;
    for (int k = 0; k < 200000; k++) { /* 400 ms */
      step(&b, k == 0 ? weight : 0, 0);
      const double V_mV = recorded(&b, "V_m");
      peak = fmax(peak, fabs(V_mV));
      integral += V_mV * fine_ms;
    }
    MESO_CHECK_CLOSE(1.0, peak, 1e-6, 0);
    MESO_CHECK_CLOSE(weight * said.charge * 10 / 250, integral, 2e-4, 0);
  }
}

int main(void)
{
  static const meso_test tests[] = {
    {"registry_is_sound", registry_is_sound},
    {"propagators_are_the_integrals", propagators_are_the_integrals},
    {"potentials_after_one_input", potentials_after_one_input},
    {"merged_current_is_the_sum", merged_current_is_the_sum},
    {"currents_after_one_input", currents_after_one_input},
    {"constant_current_charges_the_membrane", constant_current_charges_the_membrane},
    {"dead_time_has_its_length", dead_time_has_its_length},
    {"threshold_is_inclusive", threshold_is_inclusive},
    {"delta_keeps_input_if_told", delta_keeps_input_if_told},
    {"lowest_potential_bounds", lowest_potential_bounds},
    {"responses_are_what_they_say", responses_are_what_they_say},
    {NULL, NULL},
  };
  return meso_test_main("neurons", tests);
}
