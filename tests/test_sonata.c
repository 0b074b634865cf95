/* test_sonata.c: circuits of SONATA, ours and other tools': what goes there and comes back
 * simulates to the same bits; files that are wrong are refused by name. */
#include <hdf5.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "convert_run.h"

/* ---- there and back ----------------------------------------------------------------------- */

static void write_drawn_circuit(size_t n_sets, const char *const *sets, const char *folder)
{
  const meso_provenance provenance = {.command_line = folder};
  meso_network *w = NULL;
  meso_err err = {0};
  expect_ok(meso_network_from_model(read_model(n_sets, sets), &w, &err), &err);
  expect_ok(format_named("sonata")->write_network(folder, w, NULL, &provenance, &err), &err);
  meso_network_destroy(w);
}

static void check_round_trip(const char *name, size_t n_sets, const char *const *sets)
{
  simulate_model(n_sets, sets, 2, "model.h5");
  write_drawn_circuit(n_sets, sets, "circuit");
  convert("sonata", "circuit", "network", "network.h5");
  const size_t n_spikes = simulate_network("sonata", "circuit/simulation_config.json", "s.h5");
  printf("# %s: %zu spikes\n", name, n_spikes);
  CU_ASSERT(n_spikes > 200);
  check_same("model.h5", "s.h5");
  simulate_network("network", "network.h5", "e.h5");
  check_same("model.h5", "e.h5");
  CU_ASSERT_EQUAL(system("rm -r circuit"), 0);
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

/** Other tools read our files by their own names: NEST's of models and parameters. */
static void names_are_those_of_nest(void)
{
  char *text = NULL, *types = NULL;
  size_t n = 0;
  meso_err err = {0};
  write_model(&models[2]);
  write_drawn_circuit(0, NULL, "circuit");
  expect_ok(meso_file_read("circuit/point_neuron_models/101.json", 1 << 16, &text, &n, &err), &err);
  expect_ok(meso_file_read("circuit/node_types.csv", 1 << 16, &types, &n, &err), &err);
  CU_ASSERT_PTR_NOT_NULL(strstr(text, "\"V_m\": -58.0"));
  CU_ASSERT_PTR_NULL(strstr(text, "V_m_initial"));
  CU_ASSERT_PTR_NOT_NULL(strstr(types, "\n101 point_neuron nest:iaf_psc_exp 101.json "));
  CU_ASSERT_PTR_NULL(strstr(types, "virtual"));
  CU_ASSERT_EQUAL(access("circuit/virtual_nodes.h5", R_OK), 0);
  free(text);
  free(types);
  CU_ASSERT_EQUAL(system("rm -r circuit"), 0);
}

/** All neuron models, several in one population, every kind of input. */
static void golden_networks_come_back(void)
{
  static const char *const file[] = {"mixed_models.h5", "currents.h5", "alpha_network.h5",
                                     "delta_network.h5", "poisson_trains.h5"};
  char path[PATH_MAX], below[128];
  for (size_t i = 0; i < sizeof file / sizeof file[0]; i++) {
    snprintf(below, sizeof below, "tests/reference/network/%s", file[i]);
    cli_path("MESO_SRCDIR", below, path);
    convert("network", path, "sonata", "golden");
    simulate_network("network", path, "first.h5");
    simulate_network("sonata", "golden", "second.h5");
    check_same("first.h5", "second.h5");
    CU_ASSERT_EQUAL(system("rm -r golden"), 0);
  }
}

/* ---- circuits of other tools -------------------------------------------------------------- */

static hid_t group_at(hid_t file, const char *path)
{
  const hid_t lcpl = H5Pcreate(H5P_LINK_CREATE);
  (void) H5Pset_create_intermediate_group(lcpl, 1);
  const hid_t group = H5Lexists(file, path, H5P_DEFAULT) > 0
                        ? H5Gopen2(file, path, H5P_DEFAULT)
                        : H5Gcreate2(file, path, lcpl, H5P_DEFAULT, H5P_DEFAULT);
  (void) H5Pclose(lcpl);
  return group;
}

/** A vector; population: the attribute node_population, or NULL. */
static void put(hid_t file, const char *group, const char *name, size_t n, const double *v,
                const char *population)
{
  const hsize_t extent = n;
  const hid_t at = group_at(file, group), space = H5Screate_simple(1, &extent, NULL);
  const hid_t id = H5Dcreate2(at, name, H5T_IEEE_F64LE, space, H5P_DEFAULT, H5P_DEFAULT,
                              H5P_DEFAULT);
  CU_ASSERT_FATAL(H5Dwrite(id, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, v) >= 0);
  if (population != NULL) {
    const hid_t type = H5Tcopy(H5T_C_S1), scalar = H5Screate(H5S_SCALAR);
    (void) H5Tset_size(type, strlen(population) + 1);
    const hid_t a = H5Acreate2(id, "node_population", type, scalar, H5P_DEFAULT, H5P_DEFAULT);
    CU_ASSERT_FATAL(H5Awrite(a, type, population) >= 0);
    (void) H5Aclose(a);
    (void) H5Sclose(scalar);
    (void) H5Tclose(type);
  }
  (void) H5Dclose(id);
  (void) H5Sclose(space);
  (void) H5Gclose(at);
}

/* As the Allen Institute's tools lay it out: variables in the manifest, quoted words, types that
 * say weight and delay, two groups of edges, virtual nodes in a file of their own. */
static const struct { const char *name, *text; } texts[] = {
  {"c/circuit_config.json",
   "{\"manifest\": {\"$BASE_DIR\": \"${configdir}\", \"$NETWORK_DIR\": \"$BASE_DIR/network\"},"
   " \"components\": {\"point_neuron_models_dir\": \"$BASE_DIR/models\"},"
   " \"networks\": {\"nodes\": [{\"nodes_file\": \"$NETWORK_DIR/n.h5\","
   " \"node_types_file\": \"$NETWORK_DIR/n.csv\"}, {\"nodes_file\": \"$NETWORK_DIR/v.h5\","
   " \"node_types_file\": \"$NETWORK_DIR/v.csv\"}], \"edges\": [{\"edges_file\":"
   " \"$NETWORK_DIR/e.h5\", \"edge_types_file\": \"$NETWORK_DIR/e.csv\"}]}}"},
  {"c/sim.json",
   "{\"network\": \"circuit_config.json\", \"run\": {\"tstop\": 250, \"dt\": 0.25}}"},
  {"c/models/a.json", "{\"tau_m\": 20, \"V_m\": -66.5}"},
  {"c/network/n.csv", "node_type_id pop_name model_type model_template dynamics_params\n"
                      "7 \"two words\" point_process nest:iaf_psc_alpha a.json\n"
                      "8 x point_neuron iaf_psc_delta NULL\n"},
  {"c/network/v.csv", "node_type_id model_type\n1 virtual\n"},
  {"c/network/e.csv", "edge_type_id syn_weight delay model_template\n"
                      "1 -40.5 1.5 nest:static_synapse\n2 NULL 2.0 static_synapse\n"},
};
enum { N_TEXTS = sizeof texts / sizeof texts[0] };

/** Nodes 0, 2 alpha, 1 delta; group 1 of the nodes gives node 2 a threshold of its own. */
static void write_nodes(void)
{
  static const double type[] = {7, 8, 7}, group[] = {0, 0, 1}, index[] = {0, 1, 0}, one[] = {1, 1};
  static const double V_th = -51;
  const hid_t n = H5Fcreate("c/network/n.h5", H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
  put(n, "/nodes/cells", "node_type_id", 3, type, NULL);
  put(n, "/nodes/cells", "node_group_id", 3, group, NULL);
  put(n, "/nodes/cells", "node_group_index", 3, index, NULL);
  put(n, "/nodes/cells/1/dynamics_params", "V_th", 1, &V_th, NULL);
  CU_ASSERT_FATAL(H5Fclose(n) >= 0);
  const hid_t v = H5Fcreate("c/network/v.h5", H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
  put(v, "/nodes/outside", "node_type_id", 2, one, NULL);
  CU_ASSERT_FATAL(H5Fclose(v) >= 0);
}

/** Edges of two groups: the first has weights, the second neither weights nor delays. */
static void write_edges(double source_of_last, const char *extra)
{
  const double source[] = {0, 1, 2, source_of_last}, zero[] = {0, 1};
  static const double target[] = {1, 2, 0, 0}, type[] = {2, 1, 2, 1}, group[] = {0, 1, 0, 1};
  static const double index[] = {1, 0, 0, 1}, weight[] = {12.25, 0.5}, from[] = {1, 0};
  const hid_t f = H5Fcreate("c/network/e.h5", H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
  put(f, "/edges/inner", "source_node_id", 4, source, "cells");
  put(f, "/edges/inner", "target_node_id", 4, target, "cells");
  put(f, "/edges/inner", "edge_type_id", 4, type, NULL);
  put(f, "/edges/inner", "edge_group_id", 4, group, NULL);
  put(f, "/edges/inner", "edge_group_index", 4, index, NULL);
  put(f, "/edges/inner/0", "syn_weight", 2, weight, NULL);
  put(f, "/edges/inner/1", "position", 2, zero, NULL);
  if (extra != NULL) put(f, "/edges/inner/1", extra, 2, zero, NULL);
  put(f, "/edges/outer", "source_node_id", 2, from, "outside");
  put(f, "/edges/outer", "target_node_id", 2, zero, "cells");
  put(f, "/edges/outer", "edge_type_id", 2, (const double[]) {1, 1}, NULL);
  CU_ASSERT_FATAL(H5Fclose(f) >= 0);
}

static void write_circuit(void)
{
  meso_err err = {0};
  CU_ASSERT_EQUAL_FATAL(system("rm -rf c && mkdir -p c/network c/models"), 0);
  for (size_t i = 0; i < N_TEXTS; i++)
    expect_ok(meso_file_write(texts[i].name, texts[i].text, strlen(texts[i].text), &err), &err);
  write_nodes();
  write_edges(2, NULL);
}

static double param(const meso_network *w, uint32_t neuron, const char *key)
{
  for (size_t g = 0; g < w->n_groups; g++)
    for (size_t k = 0; k < w->group[g].n; k++) {
      const meso_neuron_ops *ops = w->group[g].ops;
      const meso_param *row = meso_param_find(ops->params, key);
      const char *params = (const char *) w->group[g].params + k * ops->params_size;
      if (w->group[g].member[k] == neuron && row != NULL)
        return *(const double *) (params + row->offset);
    }
  return NAN;
}

static void check_synapse(const meso_synapse *s, uint32_t source, uint32_t target, double weight,
                          uint32_t delay_steps)
{
  CU_ASSERT_EQUAL(s->source, source);
  CU_ASSERT_EQUAL(s->target, target);
  CU_ASSERT_EQUAL(s->weight, weight);
  CU_ASSERT_EQUAL(s->delay_steps, delay_steps);
}

static void circuit_of_another_tool_is_read(void)
{
  const meso_format_input input = {.path = "c/sim.json"};
  meso_network *w = NULL;
  meso_synapse s[64];
  size_t n = 0, n_outer = 0;
  meso_err err = {0};
  write_circuit();
  expect_ok(format_named("sonata")->read_network(&input, &w, &err), &err);
  CU_ASSERT_EQUAL(w->dt_ms, 0.25);
  CU_ASSERT_EQUAL(w->T_ms, 250);
  CU_ASSERT_EQUAL(w->n_neurons, 3);
  CU_ASSERT_EQUAL(w->n_sources, 2);
  CU_ASSERT_STRING_EQUAL(w->weight_unit, "pA or mV");
  CU_ASSERT_EQUAL_FATAL(w->n_populations, 2);
  CU_ASSERT_STRING_EQUAL(w->population[0].name, "cells");
  CU_ASSERT_STRING_EQUAL(w->population[1].name, "outside");
  CU_ASSERT_EQUAL(param(w, 0, "tau_m"), 20);      /* the file of the type */
  CU_ASSERT_EQUAL(param(w, 1, "tau_m"), 10);      /* NEST's default */
  CU_ASSERT_EQUAL(param(w, 0, "V_m_initial"), -66.5);
  CU_ASSERT_EQUAL(param(w, 0, "V_th"), -55);
  CU_ASSERT_EQUAL(param(w, 2, "V_th"), -51);      /* the node's own */
  CU_ASSERT_EQUAL_FATAL(w->synapses.n, 6);
  expect_ok(w->synapses.next(w->synapses.state, 64, s, &n, &err), &err);
  expect_ok(w->synapses.next(w->synapses.state, 64, s + n, &n_outer, &err), &err);
  CU_ASSERT_EQUAL_FATAL(n, 4);
  CU_ASSERT_EQUAL_FATAL(n_outer, 2);
  check_synapse(&s[0], 0, 1, 0.5, 8);             /* group 0, index 1; delay of type 2 */
  check_synapse(&s[1], 1, 2, -40.5, 6);           /* group 1: all of type 1 */
  check_synapse(&s[2], 2, 0, 12.25, 8);
  check_synapse(&s[3], 2, 0, -40.5, 6);
  check_synapse(&s[4], 4, 0, -40.5, 6);           /* virtual nodes are counted after neurons */
  check_synapse(&s[5], 3, 1, -40.5, 6);
  meso_network_destroy(w);
  expect_ok(format_named("sonata")->read_network(&(meso_format_input) {.path = "c"}, &w, &err),
            &err);
  CU_ASSERT_EQUAL(w->dt_ms, 0.1);                 /* a circuit alone does not say it */
  meso_network_destroy(w);
}

/* ---- refusals ----------------------------------------------------------------------------- */

/** One text replaced (NULL: none), and what the message says. */
static const struct { const char *name, *text, *words[2]; } refusals[] = {
  {"c/sim.json", "{", {"c/sim.json:1", "not JSON"}},
  {"c/sim.json", "[]", {"c/sim.json", "object"}},
  {"c/sim.json", "{}", {"c/sim.json", "networks"}},
  {"c/sim.json", "{\"network\": \"$NO/c.json\"}", {"c/sim.json", "$NO/c.json"}},
  {"c/sim.json", "{\"manifest\": {\"$A\": \"$A\"}, \"network\": \"$A\"}", {"c/sim.json", "$A"}},
  {"c/sim.json", "{\"network\": \"none.json\"}", {"c/none.json", NULL}},
  {"c/sim.json", "{\"network\": \"circuit_config.json\", \"run\": {\"dt\": \"x\"}}",
   {"run.dt", "number"}},
  {"c/sim.json", "{\"network\": \"circuit_config.json\", \"run\": {\"dt\": -1}}", {"dt_ms", NULL}},
  {"c/sim.json", "{\"network\": \"circuit_config.json\", \"inputs\": {\"a\": {}}}",
   {"inputs", "not read"}},
  {"c/sim.json", "{\"network\": \"circuit_config.json\", \"mesocast\": {\"populations\": [\"x\","
                 " \"cells\"]}}", {"mesocast.populations", "x"}},
  {"c/network/n.csv", "", {"n.csv", NULL}},
  {"c/network/n.csv", "node_type_id model_type\n7 point_neuron x\n", {"n.csv:2", "more words"}},
  {"c/network/n.csv", "node_type_id model_type model_template\n7 point_neuron\n",
   {"n.csv:2", "2 words for 3 columns"}},
  {"c/network/n.csv", "node_type_id model_type\nx point_neuron\n", {"n.csv", "whole number"}},
  {"c/network/n.csv", "node_type_id model_type\n7 biophysical\n8 biophysical\n",
   {"biophysical", "point_neuron"}},
  {"c/network/n.csv", "node_type_id model_type model_template\n7 point_neuron nest:aeif\n",
   {"n.csv", "nest:aeif"}},
  {"c/network/n.csv", "node_type_id model_type model_template\n7 point_neuron iaf_psc_exp\n",
   {"n.csv", "no type 8"}},
  {"c/network/n.csv", "node_type_id model_type model_template\n7 point_neuron iaf_psc_exp\n"
                      "8 virtual NULL\n", {"cells", "both neurons and virtual"}},
  {"c/models/a.json", "{\"tau_rise\": 1}", {"a.json", "tau_rise"}},
  {"c/models/a.json", "{\"tau_m\": 0}", {"a.json", "tau_m"}},
  {"c/models/a.json", "{\"tau_m\": \"x\"}", {"a.json", "number"}},
  {"c/models/a.json", "{\"V_reset\": -50}", {"neuron 0", "V_reset must be below"}},
  {"c/network/e.csv", "edge_type_id syn_weight delay model_template\n1 1 1 stdp_synapse\n",
   {"e.csv", "stdp_synapse"}},
  {"c/network/e.csv", "edge_type_id delay\n1 1.5\n2 1.5\n", {"syn_weight", "e.csv"}},
  {"c/network/e.csv", "edge_type_id syn_weight\n1 1.5\n2 1\n", {"delay", "e.csv"}},
  {"c/network/e.csv", "edge_type_id syn_weight delay\n1 x 1.5\n2 1 1.5\n", {"'x'", "not a number"}},
  {"c/network/e.csv", "edge_type_id syn_weight delay\n1 1 0.01\n2 1 1.5\n", {"delay", "steps"}},
  {"c/network/e.csv", "edge_type_id syn_weight delay\n1 1e10 1\n2 1 1.5\n", {"syn_weight", "1e9"}},
};

/** Reads the circuit and all its edges. */
static meso_status read_all(meso_err *err)
{
  const meso_format_input input = {.path = "c/sim.json"};
  meso_network *w = NULL;
  meso_synapse s[64];
  size_t n = 1;
  meso_status st = format_named("sonata")->read_network(&input, &w, err);
  while (st == MESO_OK && n > 0) st = w->synapses.next(w->synapses.state, 64, s, &n, err);
  meso_network_destroy(w);
  return st;
}

static void expect_refused(size_t row, const char *const words[2])
{
  meso_err err = {0};
  const meso_status st = read_all(&err);
  bool good = meso_status_exit_code(st) == 3;
  for (int k = 0; k < 2 && words[k] != NULL; k++) good = good && strstr(err.msg, words[k]) != NULL;
  if (!good) printf("# %zu: %s\n", row, err.msg);
  CU_ASSERT(good);
}

static void wrong_texts_are_refused(void)
{
  for (size_t i = 0; i < sizeof refusals / sizeof refusals[0]; i++) {
    meso_err err = {0};
    write_circuit();
    expect_ok(meso_file_write(refusals[i].name, refusals[i].text, strlen(refusals[i].text), &err),
              &err);
    expect_refused(i, refusals[i].words);
  }
}

static void wrong_edges_are_refused(void)
{
  write_circuit();
  write_edges(3, NULL);
  expect_refused(0, (const char *const[]) {"source_node_id[3] = 3", "0 to 2"});
  write_edges(0.5, NULL);
  expect_refused(1, (const char *const[]) {"source_node_id[3] = 0.5", NULL});
  write_edges(2, "nsyns");
  expect_refused(2, (const char *const[]) {"nsyns", "several synapses"});
  write_edges(2, NULL);
  const hid_t f = H5Fopen("c/network/e.h5", H5F_ACC_RDWR, H5P_DEFAULT);
  put(f, "/edges/odd", "source_node_id", 1, (const double[]) {0}, "cells");
  put(f, "/edges/odd", "target_node_id", 1, (const double[]) {0}, "outside");
  put(f, "/edges/odd", "edge_type_id", 1, (const double[]) {1}, NULL);
  CU_ASSERT_FATAL(H5Fclose(f) >= 0);
  expect_refused(3, (const char *const[]) {"/edges/odd", "virtual nodes take no input"});
}

/* ---- the command -------------------------------------------------------------------------- */

static void the_command_takes_folders(void)
{
  cli_expect(0, "convert \"$TOY\" toy_sonata/ --set simulation.duration_ms=300");
  cli_expect(0, "simulate toy_sonata -o a.h5");
  cli_expect(0, "simulate \"$TOY\" --set simulation.duration_ms=300 -o b.h5");
  check_same("a.h5", "b.h5");
  cli_expect(0, "convert toy_sonata/circuit_config.json circuit_only.h5");
  cli_expect(2, "convert \"$TOY\" some.json");
  CU_ASSERT(cli_said("give the folder"));
  cli_expect(3, "simulate toy_sonata/point_neuron_models -o c.h5");
  cli_expect(3, "convert \"$TOY\" b.h5/ --to sonata");
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
    {"names_are_those_of_nest", names_are_those_of_nest},
    {"golden_networks_come_back", golden_networks_come_back},
    {"circuit_of_another_tool_is_read", circuit_of_another_tool_is_read},
    {"wrong_texts_are_refused", wrong_texts_are_refused},
    {"wrong_edges_are_refused", wrong_edges_are_refused},
    {"the_command_takes_folders", the_command_takes_folders},
    {"leave", leave},
    {NULL, NULL},
  };
  return meso_test_main("sonata", tests);
}
