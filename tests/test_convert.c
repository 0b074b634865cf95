/* test_convert.c: what a network or spikes become in another format, and back: a model, its
 * explicit network and that network's copies simulate to the same bits. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli_run.h"
#include "meso_engine.h"
#include "meso_format.h"
#include "meso_simulate.h"

/* ---- models ------------------------------------------------------------------------------- */

/* Sources stand before the neurons, so that indices in the model are not those of the network. */
static const char head[] =
  "name: small\n"
  "simulation: {dt_ms: 0.1, duration_ms: 600, seed: 3}\n"
  "populations:\n"
  "  - {name: S, layer: TC, type: excitatory, model: poisson, size: 30}\n"
  "  - {name: E, layer: L4, type: excitatory, size: 240, K_ext: 1100}\n"
  "  - {name: T, layer: TC, type: excitatory, model: poisson, size: 20}\n"
  "  - {name: I, layer: L4, type: inhibitory, size: 60, K_ext: 1000}\n"
  "projections:\n"
  "  - {source: E, target: E, probability: 0.1}\n"
  "  - {source: I, target: E, probability: 0.1}\n"
  "  - {source: E, target: I, probability: 0.1}\n"
  "  - {source: I, target: I, probability: 0.1}\n"
  "  - {source: S, target: E, probability: 0.1}\n"
  "  - {source: T, target: I, probability: 0.2}\n";

typedef struct kind_of_model { const char *name, *more; } kind_of_model;

static const kind_of_model models[] = {
  {"sources of constant rate", "thalamus: {type: constant, start_ms: 0, rate_Hz: 100}\n"},
  {"two currents", "neuron: {tau_syn_ex_ms: 0.5, tau_syn_in_ms: 2}\n"
                   "thalamus: {type: pulses, start_ms: 50, on_ms: 10, period_ms: 100}\n"},
  {"currents, no spread", "background: {type: dc}\nneuron: {t_ref_ms: 0, V_m_initial_sd_mV: 0}\n"},
  {"scaled", "scaling: {N: 0.5, K: 0.7}\n"},
  {"two columns", "scaling: {N: 2}\nthalamus: {type: constant, start_ms: 0, rate_Hz: 50}\n"},
  {"lognormal weights, uniform delays",
   "synapses:\n  excitatory: {weight_distribution: lognormal, delay_distribution: uniform}\n"},
  {"coarse steps, long background delay", "background: {type: poisson, delay_ms: 30}\n"},
};
enum { N_MODELS = sizeof models / sizeof models[0] };

static const char *const rules[] = {
  "projections.E->E.rule=fixed_indegree", "projections.E->E.probability=0",
  "projections.E->E.indegree=25", "projections.E->E.allow_multapses=false",
  "projections.I->E.rule=fixed_outdegree", "projections.I->E.probability=0",
  "projections.I->E.outdegree=40", "projections.E->I.rule=pairwise_bernoulli",
  "projections.E->I.profile=gaussian", "projections.E->I.delay_ms_per_um=0.002",
  "projections.I->I.rule=all_to_all", "projections.I->I.probability=0",
  "projections.I->I.allow_autapses=false", "populations.E.positions=grid",
  "populations.I.positions=random",
};
enum { N_RULES = sizeof rules / sizeof rules[0] };

static void expect_ok(meso_status st, const meso_err *err)
{
  if (st != MESO_OK) printf("# %s\n", err->msg);
  CU_ASSERT_EQUAL_FATAL(st, MESO_OK);
}

static void write_model(const kind_of_model *kind)
{
  char text[4096];
  meso_err err = {0};
  const int n = snprintf(text, sizeof text, "%s%s", head, kind->more);
  expect_ok(meso_file_write("model.yaml", text, (size_t) n, &err), &err);
}

static meso_model *read_model(size_t n_sets, const char *const *sets)
{
  meso_model *model = NULL;
  meso_err err = {0};
  expect_ok(meso_model_read("model.yaml", n_sets, sets, &model, &err), &err);
  return model;
}

/* ---- networks ----------------------------------------------------------------------------- */

static const meso_format *format_named(const char *name)
{
  const meso_format *f = meso_format_by_name(name);
  CU_ASSERT_PTR_NOT_NULL_FATAL(f);
  return f;
}

static void digest_of(const char *path, char digest[65])
{
  meso_err err = {0};
  expect_ok(meso_file_digest(path, digest, &err), &err);
}

static void check_same(const char *a, const char *b)
{
  char one[65], other[65];
  digest_of(a, one);
  digest_of(b, other);
  if (strcmp(one, other) != 0) printf("# %s and %s differ\n", a, b);
  CU_ASSERT_STRING_EQUAL(one, other);
}

/** Writes the network that a file holds into another file. */
static void convert(const char *from, const char *path, const char *to, const char *out)
{
  const meso_format_input input = {.path = path};
  const meso_provenance provenance = {.command_line = out};
  meso_network *w = NULL;
  meso_err err = {0};
  expect_ok(format_named(from)->read_network(&input, &w, &err), &err);
  expect_ok(format_named(to)->write_network(out, w, NULL, &provenance, &err), &err);
  meso_network_destroy(w);
}

/** Simulates what a network file holds. */
static size_t simulate_network(const char *format, const char *path, const char *out)
{
  const meso_format_input input = {.path = path};
  const meso_provenance provenance = {.command_line = out};
  meso_network *w = NULL;
  meso_spikes *spikes = NULL;
  meso_engine_report report = {0};
  meso_err err = {0};
  expect_ok(format_named(format)->read_network(&input, &w, &err), &err);
  expect_ok(meso_engine_run_explicit(w, 0, NULL, NULL, &spikes, NULL, &report, &err), &err);
  CU_ASSERT_EQUAL(report.weight_loss, 0.0);
  expect_ok(meso_spikes_write(out, spikes, &provenance, &err), &err);
  meso_spikes_destroy(spikes);
  meso_network_destroy(w);
  return (size_t) report.n_spikes;
}

static void simulate_model(size_t n_sets, const char *const *sets, int n_threads, const char *out)
{
  const meso_provenance provenance = {.command_line = out};
  meso_err err = {0};
  meso_model *model = read_model(n_sets, sets);
  expect_ok(meso_simulate(model, out, 1e6, n_threads, NULL, &provenance, NULL, NULL, &err), &err);
  meso_model_destroy(model);
}

static void write_drawn_network(size_t n_sets, const char *const *sets, const char *out)
{
  const meso_provenance provenance = {.command_line = out};
  meso_network *w = NULL;
  meso_err err = {0};
  expect_ok(meso_network_from_model(read_model(n_sets, sets), &w, &err), &err);
  expect_ok(format_named("network")->write_network(out, w, NULL, &provenance, &err), &err);
  meso_network_destroy(w);
}

static void check_round_trip(const char *name, size_t n_sets, const char *const *sets)
{
  simulate_model(n_sets, sets, 1, "model_1.h5");
  simulate_model(n_sets, sets, 2, "model_2.h5");
  write_drawn_network(n_sets, sets, "network.h5");
  const size_t n_spikes = simulate_network("network", "network.h5", "explicit.h5");
  printf("# %s: %zu spikes\n", name, n_spikes);
  CU_ASSERT(n_spikes > 200);
  check_same("model_1.h5", "model_2.h5");
  check_same("model_1.h5", "explicit.h5");
  convert("network", "network.h5", "network", "copy.h5");
  check_same("network.h5", "copy.h5");
}

static void models_come_back_to_the_same_bits(void)
{
  for (size_t m = 0; m < N_MODELS; m++) {
    write_model(&models[m]);
    check_round_trip(models[m].name, 0, NULL);
  }
  write_model(&models[0]);
  check_round_trip("rules", N_RULES, rules);
}

/** Two currents are kept apart where the model keeps them apart, and merged where it merges them:
 *  only then are bits the same. */
static void neurons_are_merged_as_in_the_model(void)
{
  static const char *const want[] = {"iaf_psc_exp_merged", "iaf_psc_exp"};
  for (size_t m = 0; m < 2; m++) {
    char *name = NULL;
    meso_err err = {0};
    write_model(&models[m]);
    write_drawn_network(0, NULL, "network.h5");
    expect_ok(meso_h5_read_text("network.h5", "/neurons", "model", &name, &err), &err);
    CU_ASSERT_STRING_EQUAL(name, want[m]);
    free(name);
  }
}

/** Every kind of input of the golden networks survives a copy: the spikes stay NEST's. */
static void inputs_survive_a_copy(void)
{
  static const char *const file[] = {"currents.h5", "mixed_models.h5", "brunel_alpha.h5",
                                     "delta_network.h5"};
  char path[PATH_MAX], below[128];
  for (size_t i = 0; i < sizeof file / sizeof file[0]; i++) {
    snprintf(below, sizeof below, "tests/reference/network/%s", file[i]);
    cli_path("MESO_SRCDIR", below, path);
    convert("network", path, "network", "copy.h5");
    simulate_network("network", path, "first.h5");
    simulate_network("network", "copy.h5", "second.h5");
    check_same("first.h5", "second.h5");
  }
}

/* ---- the command -------------------------------------------------------------------------- */

static void expect_code(int code, const char *words, const char *arguments)
{
  cli_expect(code, arguments);
  CU_ASSERT(words == NULL || cli_said(words));
}

static void the_command_converts_models(void)
{
  expect_code(0, NULL, "convert \"$TOY\" net.h5 --seed 5 --set simulation.duration_ms=300");
  expect_code(0, NULL, "simulate net.h5 -o a.h5");
  expect_code(0, NULL, "simulate \"$TOY\" --seed 5 --set simulation.duration_ms=300 --threads 2 "
                       "-o b.h5");
  check_same("a.h5", "b.h5");
  expect_code(2, "need a model file", "convert net.h5 other.h5 --seed 4");
  expect_code(2, "would overwrite", "convert net.h5 net.h5");
  expect_code(2, "two names", "convert net.h5 a.h5 -o c.h5");
  expect_code(2, "OUT is missing", "convert net.h5");
  expect_code(3, "no folder", "convert net.h5 no_such/x.h5");
  expect_code(2, "in which format", "convert net.h5 net.xyz");
  expect_code(2, "cannot become spikes", "convert net.h5 net2.h5 --to spikes");
  expect_code(2, "can become network", "convert net.h5 net2.h5 --to no_such");
  expect_code(3, "no_such.h5", "convert no_such.h5 net2.h5");
  expect_code(3, "spikes, not a network", "simulate a.h5 -o c.h5");
}

/** A file of gigabytes is written only to those who insist, and the message says how large. */
static void huge_networks_are_refused(void)
{
  char path[PATH_MAX], arguments[PATH_MAX + 64];
  cli_path("MESO_SRCDIR", "data/models/microcircuit.yaml", path);
  snprintf(arguments, sizeof arguments, "convert \"%s\" huge.h5", path);
  expect_code(2, "about 5.4 GB; --huge", arguments);
  CU_ASSERT_NOT_EQUAL(access("huge.h5", F_OK), 0);
}

/* ---- the folder --------------------------------------------------------------------------- */

static char folder[PATH_MAX];

static void enter(void) { cli_enter(folder); }
static void leave(void) { cli_leave(folder); }

int main(void)
{
  static const meso_test tests[] = {
    {"enter", enter},
    {"models_come_back_to_the_same_bits", models_come_back_to_the_same_bits},
    {"neurons_are_merged_as_in_the_model", neurons_are_merged_as_in_the_model},
    {"inputs_survive_a_copy", inputs_survive_a_copy},
    {"the_command_converts_models", the_command_converts_models},
    {"huge_networks_are_refused", huge_networks_are_refused},
    {"leave", leave},
    {NULL, NULL},
  };
  return meso_test_main("convert", tests);
}
