/* The command line: JSON of every command, BOLD from spikes, the report made again, verification,
 * comparison. All on one run of the toy model, long enough for BOLD. */
#include "cli_run.h"
#include "meso_io.h"

#define TOY "\"$TOY\" --set simulation.duration_ms=8000"

static char folder[PATH_MAX];

static void shell(const char *command)
{
  if (system(command) != 0) CU_FAIL("a shell command failed");
}

static void make_run(void)
{
  cli_enter(folder);
  cli_expect(0, "run " TOY " -o run --quiet");
  struct stat st;
  CU_ASSERT_EQUAL_FATAL(stat("run/report.html", &st), 0);
}

static void remove_run(void) { cli_leave(folder); }

/* ---- JSON ---------------------------------------------------------------------------------- */

/* One row or more per command: arguments that succeed, and what its object must hold. A command
 * without a row fails. */
static const struct { const char *command, *arguments, *keys[8]; } table[] = {
  { "run", TOY " -o run", { "dir", "report", "stages", "made", "kept" } },
  { "simulate", TOY " -o j_spikes.h5",
    { "outputs", "n_spikes", "populations", "n_synapses", "real_time_factor", "peak_memory_bytes",
      "t_stop_ms" } },
  { "convert", TOY " j_network.h5", { "outputs", "n_neurons", "n_synapses" } },
  { "kernels", TOY " -o j_kernels.h5", { "outputs", "arrays" } },
  { "kernels", TOY " --set lfp.method=neuron -o j_neurons.h5",
    { "outputs", "arrays", "in_degrees", "basis_error", "single_precision_error" } },
  { "cause", "j_neurons.h5 run/spikes.h5 --surrogates 2 --shifts 3 -o j_cause.h5",
    { "outputs", "findings", "arrays" } },
  { "lfp", TOY " --spikes run/spikes.h5 --kernels run/kernels.h5 -o j_lfp.h5",
    { "outputs", "signals", "connectivity" } },
  { "proxy", TOY " --spikes run/spikes.h5 --lfp run/lfp.h5 -o j_proxy.h5",
    { "outputs", "proxies" } },
  { "ensemble", TOY " --set lfp.method=neuron --set lfp.ensemble=2 --set lfp.n_cells=20 --set "
    "probe.n_contacts=2 run/spikes.h5 -o j_ensemble.h5", { "outputs", "arrays", "finding" } },
  { "eeg", "run/lfp.h5 -o j_eeg.h5", { "outputs", "signals" } },
  { "lfp", "\"$REFERENCE/lfp/population_reference.h5\" --method synapse --tolerance 1e-2 "
    "-o j_events.h5", { "outputs", "signals", "cells", "n_functions", "basis_error" } },
  { "lfp", "\"$REFERENCE/lfp/population_reference.h5\" --method compartment -o j_cells.h5",
    { "outputs", "signals", "cells", "segment_steps", "solver_ns_per_segment_step",
      "projection_ns_per_segment_step", "setup_s" } },
  { "bold", TOY " --spikes run/spikes.h5 -o j_bold.h5", { "outputs", "signals", "max_flow" } },
  { "filter", "run/lfp.h5 --low-pass-Hz 100 -o j_filtered.h5", { "outputs", "signals" } },
  { "csd", "run/lfp.h5 -o j_csd.h5", { "outputs", "signals" } },
  { "surrogate", "dither run/spikes.h5 -o j_dither.h5", { "outputs", "n_spikes", "populations" } },
  { "surrogate", "phase_randomisation run/lfp.h5 -o j_phases.h5", { "outputs", "signals" } },
  { "significance", "statistics isi_shuffle run/spikes.h5 --surrogates 3 -o j_significance.h5",
    { "outputs", "analysis", "surrogate", "arrays" } },
  { "analyze", "statistics run/spikes.h5 -o j_statistics.h5", { "outputs", "analysis", "arrays" } },
  { "analyze", "spike_field run/spikes.h5 run/lfp.h5 --nperseg 64 -o j_spike_field.h5",
    { "outputs", "analysis", "arrays" } },
  { "compare", "run/analysis.h5 --lfp run/lfp.h5 -o j_comparison.json",
    { "outputs", "comparison", "verdicts" } },
  { "compare", "run/analysis.h5 run/analysis.h5 --resamples 5 -o j_contrast.h5",
    { "outputs", "arrays" } },
  { "info", "run/lfp.h5", { "file", "kind", "signals", "digest" } },
  { "info", TOY,
    { "file", "kind", "name", "n_neurons", "n_synapses", "populations", "projections" } },
  { "info", TOY " --tables -o j_tables.tex", { "outputs", "file", "kind", "name", "tables" } },
  { "plot", "run/spikes.h5 -o j_raster.svg", { "outputs", "figure", "n_marks", "n_labels" } },
  { "report", "run", { "dir", "outputs", "report", "stages", "notes" } },
  { "verify", "run",
    { "files", "n_ok", "n_missing", "n_unreadable", "n_damaged", "n_not_listed" } },
  { "models", "", { "neuron_models", "forward_models", "volume_conductors", "heads", "analyses",
                    "surrogates", "figures", "formats" } },
  { "help", "", { "commands" } },
};
enum { N_ROWS = sizeof table / sizeof table[0] };

static bool is_filled(const json_t *value)
{
  if (value == NULL || json_is_null(value)) return false;
  if (json_is_array(value)) return json_array_size(value) > 0;
  if (json_is_object(value)) return json_object_size(value) > 0;
  return !json_is_string(value) || json_string_length(value) > 0;
}

/* Files are where the object says, and as large. */
static void check_outputs(const json_t *object)
{
  size_t i = 0;
  json_t *output = NULL;
  json_array_foreach(json_object_get(object, "outputs"), i, output) {
    struct stat st = { .st_size = 0 };
    CU_ASSERT_EQUAL(stat(cli_text(output, "path"), &st), 0);
    CU_ASSERT(st.st_size > 0);
    CU_ASSERT_EQUAL(json_integer_value(json_object_get(output, "bytes")), st.st_size);
  }
}

static void check_row(size_t row)
{
  char arguments[512];
  int code = -1;
  snprintf(arguments, sizeof arguments, "%s %s", table[row].command, table[row].arguments);
  json_t *object = cli_json(arguments, &code);
  CU_ASSERT(json_is_object(object));
  CU_ASSERT_EQUAL(code, 0);
  CU_ASSERT_STRING_EQUAL(cli_text(object, "command"), table[row].command);
  CU_ASSERT_EQUAL(json_integer_value(json_object_get(object, "exit_code")), 0);
  CU_ASSERT_PTR_NULL(json_object_get(object, "error"));
  for (size_t k = 0; k < 8 && table[row].keys[k] != NULL; k++) {
    const bool filled = is_filled(json_object_get(object, table[row].keys[k]));
    if (!filled) printf("# %s: no %s\n", table[row].command, table[row].keys[k]);
    CU_ASSERT(filled);
  }
  check_outputs(object);
  json_decref(object);
}

static void test_every_command_answers(void)
{
  int code = -1;
  size_t i = 0;
  json_t *command = NULL, *help = cli_json("help", &code);
  const json_t *registry = json_object_get(help, "commands");
  CU_ASSERT(json_array_size(registry) > 0);
  json_array_foreach(registry, i, command) {
    bool found = false;
    for (size_t row = 0; row < N_ROWS; row++) {
      if (strcmp(table[row].command, cli_text(command, "name")) != 0) continue;
      check_row(row);
      found = true;
    }
    if (!found) printf("# %s: no row in the table\n", cli_text(command, "name"));
    CU_ASSERT(found);
  }
  json_decref(help);
}

/* The rule of a projection, its number and switches, as text and in the object. */
static void test_info_of_a_model(void)
{
  static const char *const sets =
    "info \"$TOY\" --set \"projections.I->E.rule=fixed_indegree\" --set "
    "\"projections.I->E.indegree=21\" --set \"projections.I->E.probability=0\" --set "
    "\"projections.I->E.allow_multapses=false\" --set "
    "\"synapses.inhibitory.delay_distribution=constant\" --set populations.I.positions=grid --set "
    "\"projections.I->I.delay_ms_per_um=0.001\" --set "
    "\"projections.I->I.rule=pairwise_bernoulli\" --set \"projections.I->I.profile=gaussian\"";
  int code = -1;
  cli_answer text = cli_run("%s", sets);
  CU_ASSERT_EQUAL(text.code, 0);
  CU_ASSERT_PTR_NOT_NULL(strstr(text.out, "E -> E: fixed_total_number, n_synapses 67431; weight "
                                          "normal "));
  CU_ASSERT_PTR_NOT_NULL(strstr(text.out, "I -> E: fixed_indegree, indegree 21, no multapses; "
                                          "weight normal "));
  CU_ASSERT_PTR_NOT_NULL(strstr(text.out, "; delay constant 0.75 ms\n"));
  CU_ASSERT_PTR_NOT_NULL(strstr(text.out, "I -> I: pairwise_bernoulli, probability 0.1, gaussian "
                                          "of 100 um; weight "));
  CU_ASSERT_PTR_NOT_NULL(strstr(text.out, "; delay constant 0.75 ms + 0.001 ms/um\n"));
  free(text.out);
  text = cli_run("info " TOY " --set probe.layout=neuropixels2 --set probe.n_contacts=384 "
                 "--set probe.contact_shape=square");
  CU_ASSERT_PTR_NOT_NULL(strstr(text.out, "probe neuropixels2: 384 contacts (square, side 12 um), "
                                          "x -16 to 16 um, y 0 um, z -2865 to 0 um; "));
  free(text.out);
  text = cli_run("info " TOY " --set probe.n_contacts=3 --set probe.contact_shape=square");
  CU_ASSERT_PTR_NOT_NULL(strstr(text.out, "probe laminar: 3 contacts (square, side 12 um), x 0 um, "
                                          "y 0 um, z -200 to 0 um; tissue of 0.3 S/m"));
  free(text.out);
  json_t *object = cli_json(sets, &code);
  const json_t *contacts = json_object_get(json_object_get(object, "probe"), "contacts_um");
  CU_ASSERT_EQUAL(json_array_size(contacts), 12);
  CU_ASSERT_EQUAL(json_number_value(json_array_get(json_array_get(contacts, 2), 2)), -200);
  const json_t *item = json_array_get(json_object_get(object, "projections"), 1);
  CU_ASSERT_STRING_EQUAL(cli_text(item, "rule"), "fixed_indegree");
  CU_ASSERT_EQUAL(json_number_value(json_object_get(item, "indegree")), 21);
  CU_ASSERT_EQUAL(json_number_value(json_object_get(item, "n_synapses")), 21 * 800);
  CU_ASSERT(json_is_false(json_object_get(item, "allow_multapses")));
  CU_ASSERT(json_is_true(json_object_get(item, "allow_autapses")));
  CU_ASSERT_STRING_EQUAL(cli_text(item, "delay_distribution"), "constant");
  CU_ASSERT_EQUAL(json_number_value(json_object_get(item, "delay_sd_ms")), 0);
  item = json_array_get(json_object_get(object, "projections"), 3);
  CU_ASSERT_STRING_EQUAL(cli_text(item, "profile"), "gaussian");
  CU_ASSERT_EQUAL(json_number_value(json_object_get(item, "delay_ms_per_um")), 0.001);
  json_decref(object);
}

/* The same tables on stdout, in files of each kind, and in the object; not of other files. */
static void test_tables_of_a_model(void)
{
  static const struct { const char *ending, *part; } file[] = {
    { "md", "| E | iaf_psc_exp | excitatory | 800 |" },
    { "tex", "E & iaf\\_psc\\_exp & excitatory & 800 &" },
    { "html", "<td>E</td><td>iaf_psc_exp</td><td>excitatory</td><td>800</td>" },
  };
  int code = -1;
  char arguments[128], name[32];
  cli_answer printed = cli_run("info " TOY " --tables");
  CU_ASSERT_EQUAL(printed.code, 0);
  for (size_t i = 0; i < sizeof file / sizeof file[0]; i++) {
    snprintf(name, sizeof name, "tables.%s", file[i].ending);
    snprintf(arguments, sizeof arguments, "info " TOY " --tables -o %s", name);
    cli_expect(0, arguments);
    char text[65536] = "";
    FILE *from = fopen(name, "r");
    CU_ASSERT_PTR_NOT_NULL_FATAL(from);
    text[fread(text, 1, sizeof text - 1, from)] = '\0';
    fclose(from);
    CU_ASSERT_PTR_NOT_NULL(strstr(text, file[i].part));
    if (i == 0) CU_ASSERT_STRING_EQUAL(text, printed.out);
  }
  free(printed.out);
  json_t *object = cli_json("info " TOY " --tables", &code);
  const json_t *populations = json_array_get(json_object_get(object, "tables"), 1);
  CU_ASSERT_STRING_EQUAL(cli_text(populations, "title"), "B: Populations");
  CU_ASSERT_EQUAL(json_array_size(json_object_get(populations, "rows")), 3);
  json_decref(object);
  cli_expect(2, "info " TOY " --tables -o tables.doc");
  CU_ASSERT(cli_said("must end in .md, .tex or .html"));
  cli_expect(2, "info " TOY " -o tables.md");
  CU_ASSERT(cli_said("takes no --output without --tables"));
  cli_expect(2, "info run/lfp.h5 --tables");
  CU_ASSERT(cli_said("takes no --tables"));
}

static void test_every_failure_answers(void)
{
  for (size_t row = 0; row < N_ROWS; row++) {
    char arguments[64];
    int code = -1;
    snprintf(arguments, sizeof arguments, "%s --no-such-option", table[row].command);
    json_t *object = cli_json(arguments, &code);
    CU_ASSERT_EQUAL(code, 2);
    CU_ASSERT_EQUAL(json_integer_value(json_object_get(object, "exit_code")), 2);
    CU_ASSERT(cli_text(object, "error")[0] != '\0');
    json_decref(object);
  }
}

static void test_usage_errors_answer(void)
{
  static const char *const arguments[] = { "", "simulat", "models --threads 0", "--no-such" };
  for (size_t i = 0; i < sizeof arguments / sizeof arguments[0]; i++) {
    int code = -1;
    json_t *object = cli_json(arguments[i], &code);
    CU_ASSERT_EQUAL(code, 2);
    CU_ASSERT_EQUAL(json_integer_value(json_object_get(object, "exit_code")), 2);
    json_decref(object);
  }
}

/* ---- options that main reads --------------------------------------------------------------- */

enum { SET = 1, SEED = 2, THREADS = 4, OUTPUT = 8 };

/* Which commands take which, and arguments up to the point where --set is read. A command without
 * a row fails. */
static const struct { const char *command, *arguments; unsigned takes; } shared[] = {
  { "run", TOY, SET | SEED | THREADS | OUTPUT },
  { "simulate", TOY, SET | SEED | THREADS | OUTPUT },
  { "kernels", TOY, SET | SEED | THREADS | OUTPUT },
  { "convert", TOY " --to network", SET | SEED | OUTPUT },
  { "lfp", TOY " --spikes run/spikes.h5", SET | SEED | THREADS | OUTPUT },
  { "ensemble", TOY " run/spikes.h5", SET | SEED | THREADS | OUTPUT },
  { "eeg", "run/lfp.h5", SET | OUTPUT },
  { "bold", "run/bold.h5", SET | SEED | THREADS | OUTPUT },
  { "filter", "run/lfp.h5", SEED | OUTPUT },
  { "csd", "run/lfp.h5", OUTPUT },
  { "surrogate", "dither run/spikes.h5", SEED | OUTPUT },
  { "significance", "statistics dither run/spikes.h5", SEED | THREADS | OUTPUT },
  { "cause", "run/kernels.h5 run/spikes.h5", SET | SEED | THREADS | OUTPUT },
  { "proxy", TOY " --spikes run/spikes.h5 --lfp run/lfp.h5", SET | SEED | THREADS | OUTPUT },
  { "analyze", "spectrum run/lfp.h5", SET | THREADS | OUTPUT },
  { "compare", "run/analysis.h5", SEED | OUTPUT },
  { "info", "run/lfp.h5", 0 },
  { "plot", "run/spikes.h5 --model \"$TOY\"", SET | SEED | OUTPUT },
  { "report", "run", 0 },
  { "verify", "run", 0 },
  { "models", "", 0 },
  { "help", "", 0 },
};
enum { N_SHARED = sizeof shared / sizeof shared[0] };

static void check_shared_row(size_t row)
{
  static const struct { unsigned takes; const char *name, *text; } option[] = {
    { SET, "--set", "--set no.such=1" }, { SEED, "--seed", "--seed 3" },
    { THREADS, "--threads", "--threads 3" }, { OUTPUT, "--output", "-o x.svg" },
  };
  for (size_t o = 0; o < sizeof option / sizeof option[0]; o++) {
    char arguments[512], wanted[64];
    if ((shared[row].takes & option[o].takes) != 0) continue;
    snprintf(arguments, sizeof arguments, "%s %s %s", shared[row].command, shared[row].arguments,
             option[o].text);
    snprintf(wanted, sizeof wanted, "takes no %s", option[o].name);
    cli_expect(2, arguments);
    CU_ASSERT(cli_said(wanted));
  }
  if ((shared[row].takes & SET) == 0) return;
  char arguments[512];
  snprintf(arguments, sizeof arguments, "%s %s -o x.svg --set no.such=1", shared[row].command,
           shared[row].arguments);
  cli_expect(3, arguments);
  CU_ASSERT(cli_said("unknown key"));
}

static void test_no_option_is_ignored(void)
{
  int code = -1;
  size_t i = 0;
  json_t *command = NULL, *help = cli_json("help", &code);
  json_array_foreach(json_object_get(help, "commands"), i, command) {
    size_t row = 0;
    while (row < N_SHARED && strcmp(shared[row].command, cli_text(command, "name")) != 0) row++;
    if (row == N_SHARED) printf("# %s: no row in the table\n", cli_text(command, "name"));
    CU_ASSERT(row < N_SHARED);
    if (row < N_SHARED) check_shared_row(row);
  }
  json_decref(help);
  cli_expect(2, "bold run/bold.h5 --seed 3 -o x.h5");
  cli_expect(2, "compare run/analysis.h5 --seed 3 -o x.json");
  cli_expect(2, "plot run/spikes.h5 --set simulation.dt_ms=0.1 -o x.svg");
  cli_expect(2, "simulate " TOY " --seed 99999999999999999999 -o x.h5");
  CU_ASSERT(cli_said("--seed 99999999999999999999: must be"));
}

static void test_set_of_an_analysis(void)
{
  cli_expect(0, "analyze spectrum run/lfp.h5 --nperseg 256 -o s1.h5");
  cli_expect(0, "analyze spectrum run/lfp.h5 --set nperseg=256 -o s2.h5");
  cli_expect(0, "analyze spectrum run/lfp.h5 -o s3.h5");
  CU_ASSERT(cli_same_digest("s1.h5", "s2.h5"));
  CU_ASSERT(!cli_same_digest("s1.h5", "s3.h5"));
  cli_expect(3, "analyze correlation run/spikes.h5 --set bin_ms=-2 -o c.h5");
  CU_ASSERT(cli_said("bin_ms") && cli_said("-2") && cli_said(" ms"));
  cli_expect(3, "analyze spectrum run/lfp.h5 --set npersec=256 -o c.h5");
  CU_ASSERT(cli_said("did you mean nperseg"));
}

/* Every command that writes a file refuses to write over what it reads, under any name. */
static void test_output_is_not_an_input(void)
{
  static const char *const arguments[] = {
    "simulate own.yaml -o own.yaml", "kernels own.yaml -o linked.yaml",
    "lfp " TOY " --spikes own.h5 -o own.h5", "lfp " TOY " --spikes=own.h5 -o linked.h5",
    "bold " TOY " --spikes own.h5 -o ./own.h5", "analyze statistics own.h5 -o linked.h5",
    "compare own.h5 -o own.h5", "plot own.h5 -o linked.svg",
    "simulate \"$NETWORK\" --record V_m --traces t.h5 -o t.h5",
  };
  char path[PATH_MAX];
  cli_path("MESO_SRCDIR", "tests/reference/network/small_network.h5", path);
  CU_ASSERT_EQUAL_FATAL(setenv("NETWORK", path, 1), 0);
  shell("cp run/spikes.h5 own.h5 && cp \"$TOY\" own.yaml && ln -s own.h5 linked.h5 && "
        "ln own.h5 linked.svg && ln -s own.yaml linked.yaml && cp \"$TOY\" before.yaml");
  for (size_t i = 0; i < sizeof arguments / sizeof arguments[0]; i++) {
    cli_expect(2, arguments[i]);
    CU_ASSERT(cli_said("would overwrite"));
  }
  shell("cmp own.h5 run/spikes.h5 && cmp own.yaml before.yaml && [ ! -e t.h5 ]");
}

/* One exit code for outputs whose path is wrong, in every command, before any work is done. */
static void test_output_cannot_be_created(void)
{
  static const char *const output[] = { "no_such/x.svg", "afile/x.svg", "afolder.svg", "''" };
  shell("printf x > afile && mkdir afolder.svg");
  for (size_t row = 0; row < N_SHARED; row++) {
    const bool is_run = strcmp(shared[row].command, "run") == 0;
    if ((shared[row].takes & OUTPUT) == 0) continue;
    for (size_t i = 0; i < sizeof output / sizeof output[0]; i++) {
      char arguments[512];
      if (is_run && i != 1) continue; /* it makes the folders */
      snprintf(arguments, sizeof arguments, "%s %s -o %s", shared[row].command,
               shared[row].arguments, output[i]);
      cli_expect(3, arguments);
    }
  }
  cli_expect(3, "run " TOY " -o afile");
  CU_ASSERT(cli_said("afile"));
}

static void test_help_of_a_name(void)
{
  cli_answer analysis = cli_run("help analyze spectrum"), model = cli_run("help bold friston2003");
  cli_answer info = cli_run("help info"), named = cli_run("analyze spectrum run/lfp.h5 --help");
  CU_ASSERT_PTR_NOT_NULL(strstr(analysis.out, "nperseg"));
  CU_ASSERT_PTR_NOT_NULL(strstr(analysis.out, "--threads"));
  CU_ASSERT_PTR_NOT_NULL(strstr(model.out, "tau_transit_s"));
  CU_ASSERT_PTR_NOT_NULL(strstr(info.out, "--json"));
  CU_ASSERT_PTR_NULL(strstr(info.out, "--threads"));
  CU_ASSERT_STRING_EQUAL(named.out, analysis.out);
  cli_answer ensemble = cli_run("help ensemble");
  CU_ASSERT_PTR_NOT_NULL(strstr(ensemble.out, "lfp.ensemble_shift_um"));
  CU_ASSERT_PTR_NOT_NULL(strstr(ensemble.out, "cells.alternatives"));
  free(ensemble.out);
  cli_expect(2, "help analyze spectrums");
  cli_expect(2, "help info spectrum");
  cli_expect(2, "analyze spectrum run/lfp.h5 --npersec 2 -o x.h5");
  CU_ASSERT(cli_said("did you mean --nperseg (see mesocast help analyze spectrum)"));
  free(analysis.out);
  free(model.out);
  free(info.out);
  free(named.out);
}

/* The list of analyses has what the registry has, also in JSON and in the help of one. */
static void test_list_of_analyses(void)
{
  int code = -1;
  cli_answer all = cli_run("analyze --list"), one = cli_run("analyze sttc --list");
  cli_answer of_analyze = cli_run("help analyze sttc"), short_help = cli_run("help sttc");
  json_t *object = cli_json("analyze --list", &code), *models = cli_json("models", &code);
  const json_t *list = json_object_get(object, "analyses");
  CU_ASSERT(json_array_size(list) > 15);
  CU_ASSERT_EQUAL(json_array_size(list), json_array_size(json_object_get(models, "analyses")));
  for (size_t i = 0; i < json_array_size(list); i++) {
    const json_t *row = json_array_get(list, i);
    const json_t *formula = json_array_get(json_object_get(row, "formulas"), 0);
    CU_ASSERT(is_filled(json_object_get(row, "inputs")));
    CU_ASSERT(strlen(cli_text(formula, "source")) > 10);
    CU_ASSERT_PTR_NOT_NULL(strstr(all.out, cli_text(row, "summary")));
    CU_ASSERT_PTR_NOT_NULL(strstr(all.out, cli_text(formula, "formula")));
  }
  CU_ASSERT_PTR_NOT_NULL(strstr(one.out, "Cutts & Eglen 2014"));
  CU_ASSERT_PTR_NULL(strstr(one.out, "Golomb"));
  CU_ASSERT_PTR_NOT_NULL(strstr(of_analyze.out, one.out));
  CU_ASSERT_STRING_EQUAL(of_analyze.out, short_help.out);
  cli_expect(2, "analyze --list stttc");
  CU_ASSERT(cli_said("did you mean sttc"));
  cli_expect(2, "analyze");
  json_decref(object);
  json_decref(models);
  free(all.out);
  free(one.out);
  free(of_analyze.out);
  free(short_help.out);
}

/* --csv with and without -o: one table, or a folder; never over an input. */
static void test_tables_of_an_analysis(void)
{
  int code = -1;
  cli_expect(0, "analyze spectrum run/lfp.h5 --nperseg 64 --csv s.csv -o s.h5");
  cli_expect(0, "analyze spectrum run/lfp.h5 --nperseg 64 --csv tables");
  shell("head -1 tables/spectrum.psd.csv | "
        "grep -q '^index_0,index_1,frequency_Hz (Hz),psd (mV^2/Hz)$'");
  shell("grep -q '^/spectrum/nperseg,64$' tables/spectrum.attributes.csv");
  shell("test $(grep -c ^/spectrum/psd, s.csv) = $(tail -n +2 tables/spectrum.psd.csv | wc -l)");
  shell("test \"$(grep ^/spectrum/psd, s.csv | cut -d , -f 7)\" = "
        "\"$(tail -n +2 tables/spectrum.psd.csv | sed 's/.*,//')\"");
  json_t *object = cli_json("analyze spectrum run/lfp.h5 --csv s.tsv -o s.h5", &code);
  CU_ASSERT_EQUAL(json_array_size(json_object_get(object, "outputs")), 2);
  json_decref(object);
  shell("cp run/spikes.h5 spikes.csv");
  cli_expect(2, "analyze statistics spikes.csv --csv spikes.csv");
  CU_ASSERT(cli_said("would overwrite"));
  cli_expect(2, "analyze spectrum run/lfp.h5 --csv s.h5 -o s.h5");
  cli_expect(2, "analyze spectrum run/lfp.h5");
  CU_ASSERT(cli_said("-o FILE"));
  cli_expect(3, "analyze spectrum run/lfp.h5 --csv no/such/folder");
}

/* Datasets without any value are warned of with the reason; recordings of others are shown. */
static void test_nothing_and_recordings(void)
{
  int code = -1;
  cli_expect(0, "analyze coherence run/lfp.h5 --nperseg 7000 -o n.h5");
  CU_ASSERT(cli_said("/coherence/debiased is undefined throughout: one segment and taper"));
  cli_expect(0, "analyze spectrum run/lfp.h5 -o n.h5");
  shell("! grep -q undefined err");
  cli_expect(0, "significance neurovascular phase_randomisation run/lfp.h5 run/bold.h5 "
             "--surrogates 2 --max-lag-s 1 -o n.h5");
  cli_expect(2, "significance neurovascular phase_randomisation run/lfp.h5 -o n.h5");
  json_t *nwb = cli_json("info \"$REFERENCE/recordings/small.nwb\"", &code);
  CU_ASSERT_STRING_EQUAL(cli_text(nwb, "kind"), "nwb");
  CU_ASSERT_EQUAL(json_array_size(json_object_get(nwb, "signals")), 2);
  CU_ASSERT_EQUAL(json_integer_value(json_object_get(nwb, "n_spikes")), 7);
  json_decref(nwb);
  shell("sed s/spike_times_index/spike_times_indey/g \"$REFERENCE/recordings/small.nwb\" > o.nwb");
  nwb = cli_json("info o.nwb", &code); /* its series are sound */
  CU_ASSERT_EQUAL(json_array_size(json_object_get(nwb, "signals")), 2);
  CU_ASSERT_PTR_NULL(json_object_get(nwb, "n_spikes"));
  CU_ASSERT(cli_said("o.nwb: /units/spike_times without /units/spike_times_index"));
  json_decref(nwb);
  cli_expect(0, "plot \"$REFERENCE/recordings/neo.nix\" --figure raster -o n.svg");
}

/* Files that hold something else, or were made for something else. */
static void test_words_about_files(void)
{
  int code = -1;
  cli_expect(3, "analyze spectrum x.nev -o x.h5");
  CU_ASSERT(cli_said("x.nev: holds spikes (blackrock-nev), no signals: analyses of spikes take"));
  cli_expect(3, "analyze statistics run/lfp.h5 -o x.h5");
  CU_ASSERT(cli_said("run/lfp.h5: is a file of kind lfp, which holds no spikes"));
  cli_expect(0, "analyze distributions run/spikes.h5 -o n.h5");
  cli_expect(3, "compare n.h5 n.h5 -o x.h5");
  CU_ASSERT(cli_said("n.h5 and n.h5: ") && cli_said("compared are statistics, correlation, "));
  cli_expect(3, "cause run/kernels.h5 run/spikes.h5 -o x.h5");
  CU_ASSERT(cli_said("run/kernels.h5: "));
#define NEURONS TOY " --set lfp.method=neuron --set simulation.duration_ms=300"
  cli_expect(0, "kernels " NEURONS " -o k_n.h5");
  cli_expect(0, "simulate " NEURONS " --set populations.E.K_ext=910 -o k_s.h5");
  cli_expect(0, "cause k_n.h5 k_s.h5 --nperseg 64 --surrogates 38 --shifts 39 -o x.h5");
  CU_ASSERT(cli_said("k_s.h5: these spikes were made with populations.E.K_ext = 910; they go "
                     "through a wiring with populations.E.K_ext = 900 (1 keys differ)"));
  CU_ASSERT(cli_said("no intervals of the surrogates: alpha = 0.05 needs at least 39"));
  cli_expect(0, "lfp " NEURONS " --kernels k_n.h5 --seed 1 --spikes k_s.h5 -o x.h5");
  CU_ASSERT(cli_said("with populations.E.K_ext = 900"));
  json_t *other = cli_json("lfp " NEURONS " --kernels k_n.h5 --spikes k_s.h5 -o x.h5", &code);
  CU_ASSERT_STRING_EQUAL(json_string_value(json_object_get(other, "connectivity")),
                         "redrawn from the model (hybrid scheme); the spikes were made with "
                         "populations.E.K_ext = 910, the model has populations.E.K_ext = 900");
  json_decref(other);
  cli_expect(0, "convert k_s.h5 k_s.csv && \"$MESO\" convert k_s.csv k_f.h5");
  other = cli_json("lfp " NEURONS " --method compartment --set lfp.n_cells=2 --spikes k_f.h5 -o "
                   "x.h5", &code);
  CU_ASSERT_STRING_EQUAL(json_string_value(json_object_get(other, "connectivity")),
                         "redrawn from the model (hybrid scheme); the spikes do not say which "
                         "network made them");
  json_decref(other);
  json_t *live = cli_json("simulate " NEURONS " --lfp k_n.h5 -o k_s.h5", &code);
  json_t *lfp = cli_json("lfp " NEURONS " --kernels k_n.h5 --spikes k_s.h5 -o x.h5", &code);
  CU_ASSERT(json_real_value(json_object_get(lfp, "excitatory_external_share")) > 0.1);
  CU_ASSERT(json_equal(json_object_get(lfp, "excitatory_external_share"),
                       json_object_get(live, "excitatory_external_share")));
  CU_ASSERT_PTR_NULL(json_object_get(lfp, "warnings"));
  CU_ASSERT_STRING_EQUAL(json_string_value(json_object_get(lfp, "connectivity")),
                         "true wiring of the network that made the spikes");
#undef NEURONS
  json_decref(live);
  json_decref(lfp);
}

/* The memory of the process that starts the program is not the program's. */
static void test_peak_memory(void)
{
  const size_t n = (size_t) 400 << 20;
  volatile char *own = malloc(n);
  CU_ASSERT_PTR_NOT_NULL_FATAL(own);
  for (size_t i = 0; i < n; i += 4096) own[i] = 1;
  free((char *) own);
  shell("exec \"$MESO\" simulate " TOY " --set simulation.duration_ms=100 -o n.h5 --json > o.json");
  json_t *made = json_load_file("o.json", 0, NULL);
  const double bytes = json_number_value(json_object_get(made, "peak_memory_bytes"));
  CU_ASSERT(bytes > 1e6 && bytes < (double) n);
  json_decref(made);
}

static void test_numbers_of_the_answer(void)
{
  int code = -1;
  json_t *made = cli_json("simulate " TOY " -o n.h5", &code), *info = cli_json("info n.h5", &code);
  CU_ASSERT(json_integer_value(json_object_get(made, "n_spikes")) > 1000);
  CU_ASSERT(json_equal(json_object_get(made, "populations"), json_object_get(info, "populations")));
  CU_ASSERT_EQUAL(json_number_value(json_object_get(info, "t_stop_ms")), 8000);
  json_decref(made);
  json_decref(info);
}

/* ---- eeg ----------------------------------------------------------------------------------- */

static void test_eeg(void)
{
  char *text = NULL;
  meso_signals *s = NULL;
  static const char table_of_two[] = "name,x_um,y_um,z_um\nvertex,0,0,90000\nleft,-90000,0,0\n";
  CU_ASSERT_FATAL(meso_file_write("sensors.csv", table_of_two, sizeof table_of_two - 1, NULL)
                  == MESO_OK);
  cli_expect(0, "eeg run/lfp.h5 --sensors sensors.csv --magnetometers none -o two.h5");
  CU_ASSERT_FATAL(meso_signals_read("two.h5", &s, NULL) == MESO_OK);
  CU_ASSERT(s->n == 1 && s->signal[0].n_channels == 2);
  CU_ASSERT_STRING_EQUAL(s->signal[0].label[1], "left");
  CU_ASSERT_STRING_EQUAL(s->signal[0].units, "mV");
  double largest = 0;
  for (size_t t = 0; t < s->signal[0].n_times; t++)
    largest = fmax(largest, fabs(s->signal[0].data[2 * t]));
  CU_ASSERT(largest > 1e-9 && largest < 1); /* mV above a column of 1 mm2 */
  meso_signals_destroy(s);
  CU_ASSERT(meso_h5_read_text("two.h5", "/signals/eeg/data", "sigma_skull_S_per_m", &text, NULL)
            == MESO_OK);
  if (text != NULL) CU_ASSERT_STRING_EQUAL(text, "0.015");
  free(text);
  cli_expect(0, "eeg run/lfp.h5 --head infinite --sensors sensors.csv --magnetometers none "
             "--set sigma_S_per_m=0.2 --axis 1,0,0 -o infinite.h5");
  cli_expect(2, "eeg run/lfp.h5 --head infinite -o x.h5");
  CU_ASSERT(cli_said("no surface"));
  cli_expect(2, "eeg run/lfp.h5 --head cube -o x.h5");
  CU_ASSERT(cli_said("unknown head cube"));
  cli_expect(2, "eeg run/lfp.h5 --sensors none --magnetometers none -o x.h5");
  cli_expect(2, "eeg run/lfp.h5 --dipole-um 1,2 -o x.h5");
  CU_ASSERT(cli_said("3 numbers"));
  cli_expect(3, "eeg run/lfp.h5 --sensors missing.csv -o x.h5");
  CU_ASSERT(cli_said("missing.csv"));
  cli_expect(3, "eeg run/lfp.h5 --signal lfp -o x.h5");
  CU_ASSERT(cli_said("nA um"));
  cli_expect(3, "eeg run/bold.h5 -o x.h5");
  CU_ASSERT(cli_said("no signal \"dipole\""));
  cli_expect(3, "eeg run/lfp.h5 --dipole-um 0,0,80000 -o x.h5");
  CU_ASSERT(cli_said("in the brain"));
  cli_expect(3, "eeg run/lfp.h5 --set radius_scalp_um=-1 -o x.h5");
  CU_ASSERT(cli_said("radius_scalp_um"));
}

/* ---- lfp ----------------------------------------------------------------------------------- */

/* Kernels of another model are refused, by the key that differs; what they do not depend on may. */
static void test_lfp_of_other_kernels(void)
{
  static const struct { const char *set, *key; } other[] = {
    { "probe.sigma_S_per_m=0.4", "probe.sigma_S_per_m = 0.4" },
    { "probe.n_contacts=3", "probe.n_contacts = 3" }, { "scaling.N=0.5", "scaling.N = 0.5" },
    { "synapses.excitatory.PSP_mV=0.25", "PSP_mV = 0.25" },
    { "lfp.kernel_duration_ms=50", "lfp.kernel_duration_ms = 50" },
  };
  char arguments[256];
  for (size_t i = 0; i < sizeof other / sizeof other[0]; i++) {
    snprintf(arguments, sizeof arguments, "lfp " TOY " --set %s --spikes run/spikes.h5 --kernels "
             "run/kernels.h5 -o other.h5", other[i].set);
    cli_expect(3, arguments);
    CU_ASSERT(cli_said("run/kernels.h5") && cli_said(other[i].key));
  }
  cli_expect(3, "lfp " TOY " --spikes run/spikes.h5 --kernels run/analysis.h5 -o other.h5");
  cli_expect(0, "lfp " TOY " --set simulation.duration_ms=9000 --seed 5 --set "
             "lfp.output_rate_Hz=500 --spikes run/spikes.h5 --kernels run/kernels.h5 -o half.h5");
  cli_expect(0, "lfp " TOY " --spikes run/spikes.h5 --kernels run/kernels.h5 -o same.h5");
  CU_ASSERT(cli_same_digest("same.h5", "run/lfp.h5"));
  shell("h5=$(sha256sum run/kernels.h5 | cut -c 1-64) && grep -q $h5 same.h5");
}

/* ---- bold ---------------------------------------------------------------------------------- */

static void test_bold_is_that_of_the_run(void)
{
  cli_expect(0, "bold " TOY " --spikes run/spikes.h5 -o b.h5");
  CU_ASSERT(cli_same_digest("b.h5", "run/bold.h5"));
  cli_expect(0, "bold " TOY " --set bold.gain=2 --spikes run/spikes.h5 -o b2.h5");
  CU_ASSERT(!cli_same_digest("b2.h5", "run/bold.h5"));
  cli_expect(0, "bold " TOY " --tr-s 0.25 --spikes run/spikes.h5 -o b3.h5");
  cli_expect(0, "bold " TOY " --set bold.TR_s=0.25 --spikes run/spikes.h5 -o b4.h5");
  CU_ASSERT(cli_same_digest("b3.h5", "b4.h5"));
  CU_ASSERT(!cli_same_digest("b3.h5", "run/bold.h5"));
}

static size_t n_samples(const char *path)
{
  char arguments[64];
  int code = -1;
  size_t n = 0, i = 0;
  json_t *signal = NULL;
  snprintf(arguments, sizeof arguments, "info %s", path);
  json_t *info = cli_json(arguments, &code);
  json_array_foreach(json_object_get(info, "signals"), i, signal)
    if (strcmp(cli_text(signal, "name"), "bold") == 0)
      n = (size_t) json_integer_value(json_object_get(signal, "n_times"));
  json_decref(info);
  return n;
}

/* The drive of the run, 8 s long: TR of the command, of the model, of neither. */
static void test_bold_of_a_drive(void)
{
  cli_expect(0, "bold run/bold.h5 --model friston2003 --tr-s 1 -o d.h5");
  CU_ASSERT_EQUAL(n_samples("d.h5"), 9);
  cli_expect(0, "bold " TOY " run/bold.h5 -o d.h5");
  CU_ASSERT_EQUAL(n_samples("d.h5"), 17);
  cli_expect(0, "bold run/bold.h5 -o d.h5");
  CU_ASSERT_EQUAL(n_samples("d.h5"), 5);
  cli_expect(2, "bold run/bold.h5 --model no_such -o d.h5");
  cli_expect(2, "bold " TOY " -o d.h5");
  cli_expect(2, "bold " TOY " run/bold.h5 --spikes run/spikes.h5 -o d.h5");
  cli_expect(2, "bold run/bold.h5 --spikes run/spikes.h5 -o d.h5");
  cli_expect(3, "bold " TOY " --set bold.model=no_such --spikes run/spikes.h5 -o d.h5");
}

static void test_short_recording_warns(void)
{
  int code = -1;
  cli_expect(0, "simulate \"$TOY\" --set simulation.duration_ms=1000 -o short.h5");
  json_t *object = cli_json("bold \"$TOY\" --spikes short.h5 -o b_short.h5", &code);
  CU_ASSERT_EQUAL(code, 0);
  CU_ASSERT_EQUAL(json_array_size(json_object_get(object, "warnings")), 1);
  CU_ASSERT(cli_said("too short for BOLD"));
  json_decref(object);
}

/* ---- report and verify --------------------------------------------------------------------- */

/* State of a file of a folder as verify tells it; "" if it does not. */
static const char *state_of(const char *dir, const char *name, int code_wanted)
{
  static char state[32];
  char arguments[256];
  int code = -1;
  size_t i = 0;
  json_t *file = NULL;
  snprintf(arguments, sizeof arguments, "verify %s", dir);
  json_t *object = cli_json(arguments, &code);
  CU_ASSERT_EQUAL(code, code_wanted);
  state[0] = '\0';
  json_array_foreach(json_object_get(object, "files"), i, file)
    if (strcmp(cli_text(file, "path"), name) == 0)
      snprintf(state, sizeof state, "%s", cli_text(file, "state"));
  json_decref(object);
  return state;
}

static void test_report_again(void)
{
  shell("rm -rf again && cp -r run again && rm -r again/figures again/report.html");
  CU_ASSERT_STRING_EQUAL(state_of("again", "report.html", 3), "missing");
  CU_ASSERT_STRING_EQUAL(state_of("again", "figures/raster.png", 3), "missing");
  cli_expect(0, "report again");
  shell("diff -r run again");
  cli_expect(0, "verify again");
  cli_expect(2, "report again --set bold.gain=2");
  cli_expect(2, "report again -o elsewhere");
}

static void test_report_of_pieces(void)
{
  shell("rm -rf pieces && cp -r run pieces && rm pieces/lfp.h5 pieces/bold.h5");
  cli_expect(3, "report pieces");
  CU_ASSERT(cli_said("lfp.h5, bold.h5"));
  shell("cp run/lfp.h5 run/bold.h5 pieces");
  cli_expect(0, "bold " TOY " --set bold.gain=2 --spikes run/spikes.h5 -o pieces/bold.h5");
  cli_expect(0, "report pieces");
  CU_ASSERT(cli_said("pieces/bold.h5: not the file that the run wrote"));
  shell("rm pieces/model_as_run.yaml");
  cli_expect(3, "report pieces");
  CU_ASSERT(cli_said("model_as_run.yaml"));
  shell("rm pieces/stages.json");
  cli_expect(3, "report pieces");
  CU_ASSERT(cli_said("pieces/stages.json"));
  cli_expect(3, "report no_such_folder");
}

/* The model of an unfinished second run is newer than the files of the first. */
static void test_report_of_a_mixture(void)
{
  shell("rm -rf mixed && cp -r run mixed && sed -i 's/\"simulation.duration_ms=8000\"/"
        "\"simulation.duration_ms=8000\",\"bold.gain=2\"/' mixed/stages.json");
  cli_expect(0, "report mixed");
  CU_ASSERT(cli_said("mixed/bold.h5: made from another model"));
}

static void test_report_of_imported_spikes(void)
{
  shell("cp run/spikes.h5 foreign.h5");
  cli_expect(0, "run " TOY " --spikes foreign.h5 -o imported --quiet");
  shell("cp -r imported imported_before && rm imported/report.html");
  cli_expect(0, "report imported");
  shell("diff -r imported imported_before");
  shell("mv foreign.h5 gone.h5");
  cli_expect(3, "report imported");
  CU_ASSERT(cli_said("foreign.h5 (imported spikes)"));
}

static void test_verify_states(void)
{
  shell("rm -rf v && cp -r run v");
  cli_expect(0, "verify v");
  CU_ASSERT_STRING_EQUAL(state_of("v", "lfp.h5", 0), "ok");
  shell("touch v/notes.txt v/figures/extra.png");
  CU_ASSERT_STRING_EQUAL(state_of("v", "notes.txt", 0), "not listed");
  CU_ASSERT_STRING_EQUAL(state_of("v", "figures/extra.png", 0), "not listed");
  shell("printf x >> v/figures/raster.png");
  CU_ASSERT_STRING_EQUAL(state_of("v", "figures/raster.png", 3), "damaged");
  CU_ASSERT_STRING_EQUAL(state_of("v", "lfp.h5", 3), "ok");
  shell("cp run/figures/raster.png v/figures && rm v/lfp.h5");
  CU_ASSERT_STRING_EQUAL(state_of("v", "lfp.h5", 3), "missing");
  shell("mkdir v/lfp.h5");
  CU_ASSERT_STRING_EQUAL(state_of("v", "lfp.h5", 3), "unreadable");
  shell("rmdir v/lfp.h5 && cp run/lfp.h5 v && printf '#' >> v/model_as_run.yaml");
  CU_ASSERT_STRING_EQUAL(state_of("v", "model_as_run.yaml", 3), "damaged");
}

/* Names in stages.json never lead out of the folder. */
static void test_verify_stays_inside(void)
{
  static const char *const name[] = { "../outside.h5", "/etc/passwd", "a/../../outside.h5", "",
                                      "..", "figures/../../outside.h5" };
  shell("mkdir -p in && printf x > outside.h5");
  for (size_t i = 0; i < sizeof name / sizeof name[0]; i++) {
    FILE *to = fopen("in/stages.json", "w");
    CU_ASSERT_PTR_NOT_NULL_FATAL(to);
    fprintf(to, "{\"stages\": {\"lfp\": {\"output\": \"%s\", \"sha256\": \"0\"}}}", name[i]);
    fclose(to);
    cli_expect(3, "verify in");
    CU_ASSERT(cli_said("is not inside the folder"));
  }
  shell("printf '{\"stages\": {\"lfp\": {\"output\": \"a..b\", \"sha256\": \"0\"}}}' "
        "> in/stages.json");
  CU_ASSERT_STRING_EQUAL(state_of("in", "a..b", 3), "missing");
  shell("printf '{\"stages\": {}}' > in/stages.json");
  cli_expect(3, "verify in");
  shell("printf '{\"stages\": ' > in/stages.json");
  cli_expect(3, "verify in");
  CU_ASSERT(cli_said("in/stages.json: line 1"));
}

/* A figure that is lost or damaged is made again. */
static void test_run_minds_figures(void)
{
  int code = -1;
  shell("rm -rf f && cp -r run f && rm f/figures/lfp.svg");
  json_t *object = cli_json("run " TOY " -o f", &code);
  CU_ASSERT_EQUAL(json_integer_value(json_object_get(object, "made")), 1);
  json_decref(object);
  cli_expect(0, "verify f");
}

/* ---- compare ------------------------------------------------------------------------------- */

static void test_compare(void)
{
  int code = -1;
  json_error_t why;
  const char *verdict = NULL;
  json_t *count = NULL;
  json_int_t n_counted = 0;
  json_t *object = cli_json("compare run/analysis.h5 --lfp run/lfp.h5 --bold run/bold.h5 -o c.json",
                            &code);
  json_t *file = json_load_file("c.json", 0, &why);
  const json_t *list = json_object_get(object, "comparison");
  CU_ASSERT_EQUAL(code, 0);
  CU_ASSERT(json_array_size(list) > 10);
  CU_ASSERT(json_equal(list, file));
  json_object_foreach(json_object_get(object, "verdicts"), verdict, count)
    n_counted += json_integer_value(count);
  CU_ASSERT_EQUAL((size_t) n_counted, json_array_size(list));
  const json_t *first = json_array_get(list, 0);
  cli_answer table_text = cli_run("compare run/analysis.h5");
  CU_ASSERT_EQUAL(table_text.code, 0);
  CU_ASSERT_PTR_NOT_NULL(strstr(table_text.out, cli_text(first, "id")));
  CU_ASSERT_PTR_NOT_NULL(strstr(table_text.out, "  verdict    "));
  free(table_text.out);
  char one[256];
  snprintf(one, sizeof one, "compare run/analysis.h5 --measured %s", cli_text(first, "id"));
  json_t *chosen = cli_json(one, &code);
  CU_ASSERT_EQUAL(json_array_size(json_object_get(chosen, "comparison")), 1);
  cli_expect(3, "compare run/analysis.h5 --measured no_such_number");
  cli_expect(3, "compare no_such_file.h5");
  static const char *const none[] = { "compare run/lfp.h5", "compare run/spikes.h5",
                                      "compare run/analysis.h5 run/lfp.h5 -o x.h5",
                                      "compare run/bold.h5 run/analysis.h5 -o x.h5" };
  for (size_t i = 0; i < sizeof none / sizeof none[0]; i++) {
    cli_expect(3, none[i]);
    CU_ASSERT(cli_said("no analysis") && cli_said("mesocast analyze"));
  }
  cli_answer quiet = cli_run("compare run/analysis.h5 --quiet");
  CU_ASSERT_EQUAL(quiet.n_out, 0);
  free(quiet.out);
  json_decref(chosen);
  json_decref(object);
  json_decref(file);
}

int main(void)
{
  static const meso_test tests[] = {
    { "a run of the toy model", make_run },
    { "every command answers in JSON", test_every_command_answers },
    { "info of a model", test_info_of_a_model },
    { "tables of a model", test_tables_of_a_model },
    { "failures answer in JSON", test_every_failure_answers },
    { "usage errors answer in JSON", test_usage_errors_answer },
    { "no option is ignored", test_no_option_is_ignored },
    { "--set of an analysis", test_set_of_an_analysis },
    { "an output is not an input", test_output_is_not_an_input },
    { "an output that cannot be created", test_output_cannot_be_created },
    { "help of an analysis and of a forward model", test_help_of_a_name },
    { "list of analyses with formulas and sources", test_list_of_analyses },
    { "tables of an analysis", test_tables_of_an_analysis },
    { "results without a value; recordings of others", test_nothing_and_recordings },
    { "numbers of an answer are those of the file", test_numbers_of_the_answer },
    { "peak memory is the program's own", test_peak_memory },
    { "words about files of another content", test_words_about_files },
    { "eeg of a run", test_eeg },
    { "lfp of kernels of another model", test_lfp_of_other_kernels },
    { "bold from spikes is that of the run", test_bold_is_that_of_the_run },
    { "bold of a drive", test_bold_of_a_drive },
    { "bold of a short recording warns", test_short_recording_warns },
    { "report makes the same bytes again", test_report_again },
    { "report names what is missing", test_report_of_pieces },
    { "report warns of a mixture", test_report_of_a_mixture },
    { "report of imported spikes", test_report_of_imported_spikes },
    { "verify tells states apart", test_verify_states },
    { "verify stays inside the folder", test_verify_stays_inside },
    { "run makes lost figures again", test_run_minds_figures },
    { "compare", test_compare },
    { "remove the run", remove_run },
    { NULL, NULL },
  };
  return meso_test_main("cli", tests);
}
