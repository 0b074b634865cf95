/* convert_run.h: small models of many kinds, their networks in any format, and what these simulate
 * to; shared by the tests of formats. */
#ifndef CONVERT_RUN_H
#define CONVERT_RUN_H

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

static inline void expect_ok(meso_status st, const meso_err *err)
{
  if (st != MESO_OK) printf("# %s\n", err->msg);
  CU_ASSERT_EQUAL_FATAL(st, MESO_OK);
}

static inline void write_model(const kind_of_model *kind)
{
  char text[4096];
  meso_err err = {0};
  const int n = snprintf(text, sizeof text, "%s%s", head, kind->more);
  expect_ok(meso_file_write("model.yaml", text, (size_t) n, &err), &err);
}

static inline meso_model *read_model(size_t n_sets, const char *const *sets)
{
  meso_model *model = NULL;
  meso_err err = {0};
  expect_ok(meso_model_read("model.yaml", n_sets, sets, &model, &err), &err);
  return model;
}

/* ---- networks ----------------------------------------------------------------------------- */

static inline const meso_format *format_named(const char *name)
{
  const meso_format *f = meso_format_by_name(name);
  CU_ASSERT_PTR_NOT_NULL_FATAL(f);
  return f;
}

static inline void digest_of(const char *path, char digest[65])
{
  meso_err err = {0};
  expect_ok(meso_file_digest(path, digest, &err), &err);
}

static inline void check_same(const char *a, const char *b)
{
  char one[65], other[65];
  digest_of(a, one);
  digest_of(b, other);
  if (strcmp(one, other) != 0) printf("# %s and %s differ\n", a, b);
  CU_ASSERT_STRING_EQUAL(one, other);
}

/** Writes the network that a file holds into another file. */
static inline void convert(const char *from, const char *path, const char *to, const char *out)
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
static inline size_t simulate_network(const char *format, const char *path, const char *out)
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

static inline void simulate_model(size_t n_sets, const char *const *sets, int n_threads,
                                  const char *out)
{
  const meso_provenance provenance = {.command_line = out};
  meso_err err = {0};
  meso_model *model = read_model(n_sets, sets);
  expect_ok(meso_simulate(model, out, 1e6, NULL, n_threads, NULL, &provenance, NULL, NULL, &err),
            &err);
  meso_model_destroy(model);
}

static inline void write_drawn_network(size_t n_sets, const char *const *sets, const char *out)
{
  const meso_provenance provenance = {.command_line = out};
  meso_network *w = NULL;
  meso_err err = {0};
  expect_ok(meso_network_from_model(read_model(n_sets, sets), &w, &err), &err);
  expect_ok(format_named("network")->write_network(out, w, NULL, &provenance, &err), &err);
  meso_network_destroy(w);
}

#endif
