/* test_convert.c: what a network or spikes become in another format, and back: a model, its
 * explicit network and that network's copies simulate to the same bits. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <jansson.h>

#include "convert_run.h"
#include "meso_lfp.h"
#include "meso_text_table.h"

/* ---- networks ----------------------------------------------------------------------------- */

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

/** Models of the registry, with a constant current besides; sources of constant rate. */
static void neuron_models_come_back_to_the_same_bits(void)
{
  static const char *const sets[][3] = {
    {"populations.E.model=iaf_psc_alpha", "populations.I.model=iaf_psc_alpha",
     "populations.E.I_e_pA=30"},
    {"populations.E.model=iaf_psc_exp", "populations.I.model=iaf_psc_alpha",
     "neuron.tau_syn_in_ms=0.7"},
    {"populations.E.model=iaf_psc_delta", "populations.I.model=iaf_psc_delta", "scaling.N=2"},
    {"populations.E.model=iaf_psc_exp_merged", "populations.I.model=iaf_psc_exp", "scaling.K=0.9"},
  };
  write_model(&models[0]);
  for (size_t i = 0; i < sizeof sets / sizeof sets[0]; i++)
    check_round_trip(sets[i][0], 3, sets[i]);
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

/* ---- spikes ------------------------------------------------------------------------------- */

static meso_spikes *read_spikes(const char *path)
{
  const meso_format *format = NULL;
  const meso_format_input input = {.path = path};
  meso_spikes *spikes = NULL;
  meso_err err = {0};
  expect_ok(meso_format_of_file(path, &format, &err), &err);
  expect_ok(format->read_spikes(&input, &spikes, &err), &err);
  return spikes;
}

static void write_spikes(const char *path, const meso_spikes *spikes)
{
  const meso_provenance provenance = {.command_line = path};
  const meso_format *format = meso_format_to_write(path, MESO_CONTENT_SPIKES);
  meso_err err = {0};
  CU_ASSERT_PTR_NOT_NULL_FATAL(format);
  expect_ok(format->write_spikes(path, spikes, &provenance, &err), &err);
}

static void check_same_spikes(const meso_spikes *a, const meso_spikes *b)
{
  CU_ASSERT_EQUAL_FATAL(a->n_populations, b->n_populations);
  for (size_t p = 0; p < a->n_populations; p++) {
    const meso_spike_population *x = &a->population[p], *y = &b->population[p];
    CU_ASSERT_STRING_EQUAL(x->name, y->name);
    CU_ASSERT_EQUAL_FATAL(x->n_spikes, y->n_spikes);
    CU_ASSERT(memcmp(x->time_ms, y->time_ms, x->n_spikes * sizeof *x->time_ms) == 0);
    CU_ASSERT(memcmp(x->id, y->id, x->n_spikes * sizeof *x->id) == 0);
  }
}

/** Two populations of 3 and 500 neurons; times with few and with all digits. */
static meso_spikes *some_spikes(void)
{
  static const double times[] = {0.1, 10.3, 1.0 / 3, 299.99999999999994, 300};
  static const uint32_t ids[] = {499, 0, 7, 0, 498};
  meso_spikes *s = NULL;
  meso_err err = {0};
  expect_ok(meso_spikes_create(2, &s, &err), &err);
  s->t_start_ms = 0.05;
  s->t_stop_ms = 300.5;
  for (size_t p = 0; p < 2; p++) {
    meso_spike_population *q = &s->population[p];
    q->name = meso_strdup(p == 0 ? "silent(ish)" : "I(fast)");
    q->size = p == 0 ? 3 : 500;
    q->n_spikes = p == 0 ? 1 : 5;
    q->time_ms = meso_calloc(q->n_spikes, sizeof *q->time_ms);
    q->id = meso_calloc(q->n_spikes, sizeof *q->id);
    for (size_t i = 0; i < q->n_spikes; i++) {
      q->time_ms[i] = times[i];
      q->id[i] = p == 0 ? 1 : ids[i];
    }
    expect_ok(meso_spikes_sort(q, &err), &err);
  }
  return s;
}

/** As text and back: NEST's formats with our remarks keep all, CSV the spikes themselves. */
static void spikes_come_back_from_text(void)
{
  static const char *const file[] = {"s.dat", "s.gdf", "s.csv"};
  meso_spikes *before = some_spikes();
  write_spikes("s.h5", before);
  for (size_t i = 0; i < sizeof file / sizeof file[0]; i++) {
    write_spikes(file[i], before);
    meso_spikes *after = read_spikes(file[i]);
    check_same_spikes(before, after);
    CU_ASSERT_EQUAL(meso_attrs_text(&after->attrs, "warning") == NULL, i < 2);
    write_spikes("s2.h5", after);
    if (i < 2) check_same("s.h5", "s2.h5");
    meso_spikes_destroy(after);
  }
  meso_spikes_destroy(before);
}

static int compare_lines(const void *a, const void *b)
{
  return strcmp(*(char *const *) a, *(char *const *) b);
}

/** The lines with spikes of a file of NEST, sorted: it does not say in which order they are. */
static size_t spike_lines(const char *path, char *lines[2000])
{
  char *text = NULL, *save = NULL;
  size_t size = 0, n = 0;
  meso_err err = {0};
  expect_ok(meso_file_read(path, 1 << 20, &text, &size, &err), &err);
  for (char *l = strtok_r(text, "\n", &save); l != NULL && n < 2000;
       l = strtok_r(NULL, "\n", &save))
    if (l[0] >= '0' && l[0] <= '9') lines[n++] = meso_strdup(l);
  qsort(lines, n, sizeof *lines, compare_lines);
  free(text);
  return n;
}

/** What NEST recorded to ASCII is what we simulate, and what we write are NEST's lines. */
static void recordings_of_nest_are_read_and_written(void)
{
  char network[PATH_MAX], recorded[PATH_MAX];
  cli_path("MESO_SRCDIR", "tests/reference/network/poisson_trains.h5", network);
  cli_path("MESO_SRCDIR", "tests/reference/network/poisson_trains.dat", recorded);
  simulate_network("network", network, "trains.h5");
  meso_spikes *ours = read_spikes("trains.h5"), *nest = read_spikes(recorded);
  check_same_spikes(ours, nest);
  CU_ASSERT_PTR_NOT_NULL(meso_attrs_text(&nest->attrs, "warning"));
  write_spikes("trains.dat", ours);
  char *want[2000], *got[2000];
  const size_t n = spike_lines(recorded, want), n_got = spike_lines("trains.dat", got);
  CU_ASSERT(n > 500);
  CU_ASSERT_EQUAL_FATAL(n_got, n);
  MESO_CHECK_EACH(i, n, strcmp(want[i], got[i]) == 0);
  for (size_t i = 0; i < n; i++) {
    free(want[i]);
    free(got[i]);
  }
  meso_spikes_destroy(ours);
  meso_spikes_destroy(nest);
}

static const struct { const char *name, *text, *words[2]; } bad_text[] = {
  {"b.csv", "1.5,-1\n", {"b.csv:1", "from 0"}},
  {"b.csv", "1.5,1\nnan,2\n", {"b.csv:2", "a time in ms"}},
  {"b.csv", "1.5;1\n", {"b.csv:1", "a time in ms"}},
  {"b.csv", "1.5,1,A,2\n", {"b.csv:1", "too many columns"}},
  {"b.csv", "1.5,1.5\n", {"b.csv:1", "after the number"}},
  {"b.csv", "1.5,1,\n", {"b.csv:1", "name of a population"}},
  {"b.csv", "id,time_ms\n1,2\n", {"b.csv:1", "columns time_ms, id"}},
  {"b.csv", "time_ms,id\n", {"b.csv", "no spikes"}},
  {"b.csv", "1.5,4294967295\n", {"b.csv:1", "from 0"}},
  {"b.csv", "", {"b.csv", "no spikes"}},
  {"b.dat", "0\t1.5\n", {"b.dat:1", "from 1"}},
  {"b.dat", "1\t1.5\t-65\n", {"b.dat:1", "from 1"}},
  {"b.dat", "sender\ttime_step\ttime_offset\n1\t15\t0\n", {"b.dat:1", "time_in_steps"}},
  {"b.dat", "1 1e300\n", {"b.dat:1", "time in ms"}},
  {"b.gdf", "3\t1\n# mesocast population 2 A\n", {"sender 3", "last population"}},
  {"b.gdf", "1\t9\n# mesocast interval_ms 0 5\n", {"outside 0 to 5 ms"}},
  {"b.gdf", "# mesocast population x A\n", {"b.gdf:1", "size of a population"}},
  {"b.gdf", "# mesocast interval_ms 5 0\n", {"b.gdf:1", "start and the end"}},
};

static void bad_text_is_refused(void)
{
  for (size_t i = 0; i < sizeof bad_text / sizeof bad_text[0]; i++) {
    const meso_format_input input = {.path = bad_text[i].name};
    const meso_format *format = NULL;
    meso_spikes *spikes = NULL;
    meso_err err = {0};
    expect_ok(meso_file_write(bad_text[i].name, bad_text[i].text, strlen(bad_text[i].text), &err),
              &err);
    expect_ok(meso_format_of_file(bad_text[i].name, &format, &err), &err);
    const meso_status st = format->read_spikes(&input, &spikes, &err);
    bool good = meso_status_exit_code(st) == 3 && spikes == NULL;
    for (size_t w = 0; w < 2 && bad_text[i].words[w] != NULL; w++)
      good = good && strstr(err.msg, bad_text[i].words[w]) != NULL;
    if (!good) printf("# %zu %s: %s\n", i, bad_text[i].text, err.msg);
    CU_ASSERT(good);
    meso_spikes_destroy(spikes);
  }
}

/** Files of several threads of NEST, joined by cat, headers and all; blank lines; CRLF. */
static void joined_recordings_are_read(void)
{
  static const char text[] = "# NEST version: 3.10.0\nsender\ttime_ms\n2\t20.100\r\n\n"
                             "# NEST version: 3.10.0\nsender\ttime_ms\n1\t 3.5 \n2\t3.5\n";
  meso_err err = {0};
  expect_ok(meso_file_write("joined.dat", text, sizeof text - 1, &err), &err);
  meso_spikes *s = read_spikes("joined.dat");
  CU_ASSERT_EQUAL_FATAL(s->n_populations, 1);
  CU_ASSERT_EQUAL(s->population[0].size, 2);
  CU_ASSERT_EQUAL_FATAL(s->population[0].n_spikes, 3);
  CU_ASSERT_EQUAL(s->population[0].id[0], 0);
  CU_ASSERT_EQUAL(s->population[0].time_ms[2], 20.1);
  CU_ASSERT_EQUAL(s->t_stop_ms, 20.1);
  meso_spikes_destroy(s);
}

/* ---- the registry ------------------------------------------------------------------------- */

/** Every format says what it is, reads what it holds, and has its name and way of writing alone. */
static void formats_are_sound(void)
{
  CU_ASSERT(meso_format_count() >= 7);
  CU_ASSERT_PTR_NULL(meso_format_at(meso_format_count()));
  CU_ASSERT_PTR_NULL(meso_format_by_name("no_such"));
  for (size_t i = 0; i < meso_format_count(); i++) {
    const meso_format *f = meso_format_at(i);
    const bool network = f->content == MESO_CONTENT_NETWORK;
    CU_ASSERT_PTR_EQUAL(meso_format_by_name(f->name), f);
    CU_ASSERT(f->summary[0] != '\0' && f->ending[0] != '\0');
    const bool spikes = f->content == MESO_CONTENT_SPIKES;
    const bool signals = f->content == MESO_CONTENT_SIGNALS;
    CU_ASSERT((f->read_network != NULL) == network && (f->read_spikes != NULL) == spikes);
    CU_ASSERT((f->read_signals != NULL) == signals);
    CU_ASSERT((network || f->write_network == NULL) && (spikes || f->write_spikes == NULL));
    CU_ASSERT(signals || f->write_signals == NULL);
    const bool kernels = f->content == MESO_CONTENT_KERNELS;
    CU_ASSERT(kernels ? (f->read_kernels != NULL) != meso_format_writes(f)
              : f->read_kernels == NULL && f->write_kernels == NULL);
    CU_ASSERT(!network || !meso_format_writes(f) || f->bytes_per_item > 0);
    char name[64];
    const char *ending = f->ending;
    snprintf(name, sizeof name, "x%.*s", (int) strcspn(ending, "|"), ending);
    if (meso_format_writes(f)) CU_ASSERT_PTR_EQUAL(meso_format_to_write(name, f->content), f);
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
  expect_code(0, NULL, "convert a.h5 a.csv && \"$MESO\" convert a.csv a2.h5 && \"$MESO\" convert "
                       "a.h5 out.txt --to nest-dat");
  expect_code(2, "cannot become network", "convert a.h5 a3.h5 --to network");
  expect_code(2, "spikes can become spikes", "convert a.h5 a.xyz");
  expect_code(3, "spikes, not a network", "simulate a.h5 -o c.h5");
}

/** Number of the taps in the JSON file, by source, contact and tap. */
static double tap_of(const json_t *root, const char *source, size_t contact, size_t tap)
{
  const json_t *taps = json_object_get(json_object_get(root, "taps"), source);
  return json_number_value(json_array_get(json_array_get(taps, contact), tap));
}

/** Population kernels become taps of filters, to the last bit as text of both sorts, and a model of
 *  a filter with as many; kernels of neurons are refused. */
static void kernels_become_filters(void)
{
  meso_result *kernels = NULL;
  meso_signals *taps = NULL;
  meso_text_table table = {0};
  char *text = NULL;
  expect_code(0, NULL, "kernels \"$TOY\" --set lfp.kernel_duration_ms=20 -o k.h5 && \"$MESO\" "
              "convert k.h5 fir.csv && \"$MESO\" convert k.h5 fir.json && \"$MESO\" convert k.h5 "
              "fir.nestml");
  CU_ASSERT_FATAL(meso_result_read("k.h5", &kernels, NULL) == MESO_OK);
  CU_ASSERT_FATAL(meso_lfp_taps(kernels, &taps, NULL) == MESO_OK && taps->n == 3);
  CU_ASSERT_FATAL(meso_text_table_read("fir.csv", &table, NULL) == MESO_OK);
  json_t *root = json_load_file("fir.json", 0, NULL);
  CU_ASSERT_FATAL(root != NULL && table.n_rows == 201 && table.n_columns == 1 + 3 * 12);
  MESO_CHECK_CLOSE(1e4, json_number_value(json_object_get(root, "sampling_rate_Hz")), 1e-14, 0);
  MESO_CHECK_CLOSE(1e-4, table.data[table.n_columns], 1e-14, 0);
  for (size_t s = 0, column = 1; s < 3; s++)
    for (size_t c = 0; c < 12; c++, column++)
      for (size_t k = 0; k < 201; k++) {
        const double tap = taps->signal[s].data[k * 12 + c];
        if (table.data[k * table.n_columns + column] != tap
            || tap_of(root, taps->signal[s].name + 5, c, k) != tap)
          CU_FAIL("a tap is not that of the kernels");
      }
  CU_ASSERT_FATAL(meso_file_read("fir.nestml", 1 << 16, &text, NULL, NULL) == MESO_OK);
  CU_ASSERT(strstr(text, "n_taps integer = 201\n") != NULL && strstr(text, " 0.1 ms") != NULL);
  expect_code(2, "in which format", "convert fir.nestml x.csv --to no_such || \"$MESO\" convert "
              "k.h5 fir.txt");
  expect_code(3, "k.h5: holds LFP kernels, not a network", "simulate k.h5 -o s.h5");
  expect_code(3, "kn.h5: these are kernels of single neurons", "kernels \"$TOY\" --set "
              "lfp.method=neuron --set lfp.n_cells=4 -o kn.h5 && \"$MESO\" convert kn.h5 x.csv");
  free(text);
  json_decref(root);
  meso_text_table_clear(&table);
  meso_signals_destroy(taps);
  meso_result_destroy(kernels);
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
    {"neuron_models_come_back_to_the_same_bits", neuron_models_come_back_to_the_same_bits},
    {"neurons_are_merged_as_in_the_model", neurons_are_merged_as_in_the_model},
    {"inputs_survive_a_copy", inputs_survive_a_copy},
    {"spikes_come_back_from_text", spikes_come_back_from_text},
    {"recordings_of_nest_are_read_and_written", recordings_of_nest_are_read_and_written},
    {"bad_text_is_refused", bad_text_is_refused},
    {"joined_recordings_are_read", joined_recordings_are_read},
    {"formats_are_sound", formats_are_sound},
    {"the_command_converts_models", the_command_converts_models},
    {"kernels_become_filters", kernels_become_filters},
    {"huge_networks_are_refused", huge_networks_are_refused},
    {"leave", leave},
    {NULL, NULL},
  };
  return meso_test_main("convert", tests);
}
