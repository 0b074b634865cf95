/* Model files: every option row of every section, published derived numbers, damaged files. */
#include "meso_model.h"
#include "meso_test.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *model_path(const char *name)
{
  char path[64];
  snprintf(path, sizeof path, "data/models/%s", name);
  return meso_test_path(path);
}

static meso_model *read_model(const char *name, size_t n_sets, const char *const *sets)
{
  meso_err err = {0};
  meso_model *model = NULL;
  meso_status status = meso_model_read(model_path(name), n_sets, sets, &model, &err);
  if (status != MESO_OK) printf("# %s\n", err.msg);
  CU_ASSERT_EQUAL_FATAL(status, MESO_OK);
  return model;
}

/* Reads a model from text; returns the exit code and fills the message. */
static int read_text(const char *text, size_t n, char name[32], meso_err *err)
{
  meso_model *model = NULL;
  strcpy(name, "test_model_XXXXXX");
  int fd = mkstemp(name);
  CU_ASSERT_FATAL(fd >= 0);
  CU_ASSERT_EQUAL(write(fd, text, n), (ssize_t) n);
  close(fd);
  meso_status status = meso_model_read(name, 0, NULL, &model, err);
  CU_ASSERT_EQUAL(status == MESO_OK, model != NULL);
  meso_model_destroy(model);
  unlink(name);
  return meso_status_exit_code(status);
}

#define HEAD "name: t\nsimulation:\n  duration_ms: 10\n"
#define POPS "populations:\n  - name: A\n    size: 10\n    type: excitatory\n"

static void expect_text_error(const char *text, const char *part)
{
  char name[32];
  meso_err err = {0};
  CU_ASSERT_EQUAL(read_text(text, strlen(text), name, &err), 3);
  if (strstr(err.msg, part) == NULL) printf("# got  %s\n# want %s\n", err.msg, part);
  CU_ASSERT_PTR_NOT_NULL(strstr(err.msg, part));
  CU_ASSERT_PTR_NOT_NULL(strstr(err.msg, name));
}

static void test_damaged_files(void)
{
  char name[32], deep[400], *big = calloc(1, 5000000);
  meso_err err = {0};
  expect_text_error("", "empty");
  expect_text_error("- 1\n", ":1: not a model file");
  expect_text_error(HEAD "\tseed: 1\n", ":4: not valid YAML");
  expect_text_error(HEAD "populations: [{name: A", "not valid YAML");
  expect_text_error(HEAD "name: again\n", ":4: name: this key was already given in line 1");
  expect_text_error(HEAD "bold: &a {}\n", ":4: anchors");
  expect_text_error(HEAD "bold: *a\n", ":4: aliases");
  expect_text_error(HEAD "bold: !x {}\n", ":4: tags");
  expect_text_error(HEAD "description: \"a\\0b\"\n", ":4: NUL");
  expect_text_error(HEAD "? [a]\n: b\n", ":4: a key must be plain text");
  expect_text_error(HEAD "description: \xff\xfe\n", "not valid YAML");
  expect_text_error(HEAD "---\nname: x\n", ":4: a second document");
  snprintf(deep, sizeof deep, HEAD "bold: %0200d\n", 0);
  memset(strstr(deep, "000"), '[', 200);
  expect_text_error(deep, ":4: nested deeper");
  memset(big, '#', 4999999);
  CU_ASSERT_EQUAL(read_text(big, 4999999, name, &err), 3);
  CU_ASSERT_PTR_NOT_NULL(strstr(err.msg, "larger than 4 MB"));
  free(big);
}

/* What is no file is refused at once, also a FIFO that nobody writes to. */
static void test_no_files(void)
{
  static const char *const what[] = {".", "/dev/null", "test_model.fifo"};
  (void) unlink(what[2]);
  CU_ASSERT_EQUAL(mkfifo(what[2], 0600), 0);
  for (size_t i = 0; i < 3; i++) {
    meso_model *model = NULL;
    meso_err err = {0};
    CU_ASSERT_EQUAL(meso_status_exit_code(meso_model_read(what[i], 0, NULL, &model, &err)), 3);
    CU_ASSERT(strstr(err.msg, "is not a regular file") != NULL);
    CU_ASSERT(strstr(err.msg, what[i]) != NULL);
  }
  (void) unlink(what[2]);
}

static void test_cross_checks(void)
{
  expect_text_error(HEAD, "populations: must be 1 to");
  expect_text_error("name: t\n" POPS, "simulation.duration_ms: is missing; must be > 0 ms");
  expect_text_error(HEAD POPS "  - name: A\n    size: 1\n    type: inhibitory\n",
                    ":8: populations.A.name = A: this name is already taken");
  expect_text_error(HEAD POPS "projections:\n  - {source: B, target: A, probability: 0.1}\n",
                    ":9: projections: source = B: no such population");
  expect_text_error(HEAD POPS "projections:\n  - {source: A, target: B, probability: 0.1}\n",
                    ":9: projections.A->B.target = B: there is no such population");
  expect_text_error(HEAD POPS "projections:\n  - {source: A, target: A, probability: 1.5}\n",
                    ":9: projections.A->A.probability = 1.5: must be 0 to 1");
  expect_text_error(HEAD POPS "    model: poisson\nprojections:\n"
                    "  - {source: A, target: A, probability: 0.1}\n",
                    ":10: projections.A->A.target = A: a poisson population cannot be a target");
  expect_text_error(HEAD POPS "projections:\n"
                    "  - {source: A, target: A, probability: 0.1, PSP_mV: -1}\n",
                    ":9: projections.A->A.PSP_mV = -1: must be >= 0 mV");
  expect_text_error(HEAD POPS "    layer: L9\nlayers:\n"
                    "  - {name: L1, z_top_um: 0, z_bottom_um: -1}\n",
                    ":8: populations.A.layer = L9: there is no such layer");
  expect_text_error(HEAD "  dt_ms: 3\n" POPS, "duration_ms = 10: must be a multiple");
  expect_text_error(HEAD "populations:\n  - {name: A, size: 1, type: excitatory}\n"
                    "  - {name: B, size: 1, type: excitatory, model: iaf_psc_delta}\n",
                    "populations.B.model = iaf_psc_delta: has weights in mV; those of iaf_psc_exp, "
                    "in pA, cannot be in the same network");
  expect_text_error(HEAD POPS "scaling: {N: 1.5}\n",
                    ":8: scaling.N = 1.5: must be at most 1 or a whole number");
  expect_text_error(HEAD POPS "bold: {baseline_start_s: 5, baseline_stop_s: 5}\n",
                    ":8: bold.baseline_stop_s = 5: must be greater");
  expect_text_error(HEAD POPS "    layer: L1\nlayers:\n"
                    "  - {name: L1, z_top_um: 0, z_bottom_um: -100}\n"
                    "probe: {z_first_um: 5000, z_step_um: 100}\n",
                    ":11: probe.z_first_um = 5000: no contact is within the layers");
  expect_text_error(HEAD POPS "background: {type: poisson, delay_ms: 0.01}\n",
                    ":8: background.delay_ms = 0.01: must be at least simulation.dt_ms");
  expect_text_error(HEAD POPS "projections:\n  - {source: A, target: A, probability: 0.1, "
                    "delay_mean_ms: 0.01, delay_sd_ms: 0}\n",
                    ":9: projections.A->A.delay_mean_ms = 0.01: almost no delay");
  expect_text_error(HEAD POPS "bold: 3\n", ":8: bold: must be a map");
  expect_text_error(HEAD POPS "nonsense: 3\n", ":8: nonsense: unknown key");
  expect_text_error(HEAD POPS "    layer: L1\nlayers:\n"
                    "  - {name: L1, z_top_um: 0, z_bottom_um: -1}\ncells:\n"
                    "  - {name: c, population: A, fraction: 0.9, morphology: x.swc}\n",
                    ":12: cells.c.fraction = 0.9: sums to 0.9 over the cell types of A; must be 1");
}

/* ---- every row of every section ------------------------------------------------------------ */

/* One bad value of one row. */
typedef struct bad_value {
  const meso_model_section *section;
  const meso_param *row;
  const char *key;          /* as written: row->key, or misspelt */
  const char *value;
} bad_value;

/* Value of a row that has no default, or whose default does not fit the generated file. */
static const char *good_value(const meso_model_section *section, const meso_param *row)
{
  static const struct { const char *path, *key, *value; } special[] = {
    {"layers", "z_bottom_um", "-1"}, {"populations", "layer", "A"}, {"cells", "share", "[]"}};
  for (size_t i = 0; i < sizeof special / sizeof special[0]; i++)
    if (strcmp(section->path, special[i].path) == 0 && strcmp(row->key, special[i].key) == 0)
      return special[i].value;
  if (row->default_text != NULL) return row->default_text[0] != '\0' ? row->default_text : "\"\"";
  switch (row->type) {
  case MESO_PARAM_STRING: return "A";
  case MESO_PARAM_CHOICE: return "excitatory";
  case MESO_PARAM_INT: return "1";
  default: return row->min < 0 ? "0" : row->max < 1 ? "0.5" : "1";
  }
}

/* One section of the file; *line counts lines, *ret_bad becomes the line of the bad value. */
static void write_section(FILE *out, const meso_model_section *s, const bad_value *bad, long *line,
                          long *ret_bad)
{
  const char *dot = strchr(s->path, '.'), *indent = s->is_list || dot != NULL ? "    " : "  ";
  const bool repeats = dot != NULL && s[-1].path[0] != '\0'
                       && strncmp(s->path, s[-1].path, (size_t) (dot - s->path) + 1) == 0;
  if (dot != NULL && !repeats) fprintf(out, "%.*s:\n", (int) (dot - s->path), s->path), ++*line;
  if (s->path[0] != '\0')
    fprintf(out, "%s%s:\n", dot != NULL ? "  " : "", dot != NULL ? dot + 1 : s->path), ++*line;
  for (const meso_param *row = s->rows; row->key != NULL; row++) {
    const bool is_bad = bad != NULL && bad->row == row && bad->section == s;
    const char *key = is_bad ? bad->key : row->key;
    if (s->path[0] != '\0') fputs(s->is_list && row == s->rows ? "  - " : indent, out);
    fprintf(out, "%s: %s\n", key, is_bad ? bad->value : good_value(s, row));
    ++*line;
    if (is_bad) *ret_bad = *line;
  }
}

/* A model file with every row of every section, one key a line; bad may be NULL. Caller frees. */
static char *write_model(const bad_value *bad, long *ret_bad_line)
{
  char *text = NULL;
  size_t size = 0;
  long line = 0;
  FILE *out = open_memstream(&text, &size);
  CU_ASSERT_PTR_NOT_NULL_FATAL(out);
  for (const meso_model_section *s = meso_model_sections(); s->path != NULL; s++)
    write_section(out, s, bad, &line, ret_bad_line);
  fclose(out);
  return text;
}

static void expect_part(const char *message, const char *part, const bad_value *bad)
{
  if (strstr(message, part) == NULL)
    printf("# %s.%s = %s\n#   got  %s\n#   want %s\n", bad->section->path, bad->key, bad->value,
           message, part);
  CU_ASSERT_PTR_NOT_NULL(strstr(message, part));
}

/* The range and the unit of a refused value; the nearest key of a misspelt one. */
static void expect_reason(const char *message, const bad_value *bad)
{
  char part[256];
  if (strcmp(bad->key, bad->row->key) != 0) {
    snprintf(part, sizeof part, "unknown key; did you mean %s?", bad->row->key);
    expect_part(message, part, bad);
    return;
  }
  meso_param_range_text(bad->row, part, sizeof part);
  expect_part(message, part, bad);
  if (strcmp(bad->row->unit, "1") != 0) expect_part(message, bad->row->unit, bad);
}

/* "populations.A", ...; an item without its name, which is what is wrong, has only a number. */
static void object_path(const bad_value *bad, char path[80])
{
  const char *key = bad->row->key;
  const bool is_name = strcmp(key, "name") == 0 || strcmp(key, "source") == 0
                       || strcmp(key, "target") == 0;
  const bool is_lost = is_name && (strcmp(bad->key, key) != 0 || bad->value[0] == '{');
  const char *item = is_lost ? "[0]" : strcmp(bad->section->path, "projections") == 0 ? ".A->A"
                                                                                       : ".A";
  snprintf(path, 80, "%s%s%s", bad->section->path, bad->section->is_list ? item : "",
           bad->section->path[0] != '\0' ? "." : "");
}

static void expect_file_error(const bad_value *bad)
{
  char name[32], place[160], path[80];
  long line = 0;
  meso_err err = {0};
  char *text = write_model(bad, &line);
  const int code = read_text(text, strlen(text), name, &err);
  if (code != 3) printf("# %s.%s: %s: exit %d\n", bad->section->path, bad->key, bad->value, code);
  CU_ASSERT_EQUAL(code, 3);
  object_path(bad, path);
  /* the source of a projection is looked up before its other keys are read */
  const bool early = strcmp(bad->row->key, "source") == 0 && bad->value[0] == '{';
  if (early) snprintf(place, sizeof place, "%s:%ld: projections: source", name, line);
  else snprintf(place, sizeof place, "%s:%ld: %s%s", name, line, path, bad->key);
  CU_ASSERT(line > 0 && strncmp(err.msg, place, strlen(place)) == 0);
  expect_part(err.msg, place, bad);
  if (!early) expect_reason(err.msg, bad);
  free(text);
}

/* Where the value of a row can be set: "bold", "populations.L23E", ... */
static const char *an_object(const char *path)
{
  static const char *const known[][2] = {
    {"populations", "populations.L23E"}, {"projections", "projections.L4E->L23E"},
    {"layers", "layers.L4"}, {"cells", "cells.p4"}, {NULL, NULL}
  };
  for (size_t i = 0; known[i][0] != NULL; i++)
    if (strcmp(known[i][0], path) == 0) return known[i][1];
  return path;
}

static void expect_set_error(const bad_value *bad)
{
  char set[400];
  const char *sets[1] = {set}, *object = an_object(bad->section->path);
  meso_model *model = NULL;
  meso_err err = {0};
  snprintf(set, sizeof set, "%s%s%s=%s", object, object[0] != '\0' ? "." : "", bad->key,
           bad->value);
  meso_status status = meso_model_read(model_path("microcircuit.yaml"), 1, sets, &model, &err);
  if (status == MESO_OK) printf("# accepted: %s\n", set);
  CU_ASSERT_EQUAL(meso_status_exit_code(status), 3);
  CU_ASSERT_PTR_NULL(model);
  expect_part(err.msg, "--set: ", bad);
  expect_part(err.msg, bad->key, bad);
  expect_reason(err.msg, bad);
}

static void expect_error(const meso_model_section *section, const meso_param *row,
                         const char *value)
{
  const bad_value bad = {section, row, row->key, value};
  expect_file_error(&bad);
  if (value[0] != '{') expect_set_error(&bad); /* --set takes text, no maps */
}

static void walk_numbers(const meso_model_section *section, const meso_param *row)
{
  char value[64];
  expect_error(section, row, "nan");
  expect_error(section, row, "-inf");
  expect_error(section, row, "1 parsec");
  if (row->type == MESO_PARAM_INT) snprintf(value, sizeof value, "%.0f", row->min - 1);
  else snprintf(value, sizeof value, "%.17g", row->min - fmax(1, fabs(row->min)) * 1e-9);
  expect_error(section, row, value);
  if (row->type == MESO_PARAM_INT) snprintf(value, sizeof value, "%.0f", row->max + 2);
  else snprintf(value, sizeof value, "%.17g", row->max + fmax(1, fabs(row->max)) * 1e-9);
  expect_error(section, row, value);
  if (!row->min_open) return;
  snprintf(value, sizeof value, "%.17g", row->min);
  expect_error(section, row, value);
}

static void walk_row(const meso_model_section *section, const meso_param *row)
{
  char key[80];
  snprintf(key, sizeof key, "%sx", row->key);
  const bad_value misspelt = {section, row, key, good_value(section, row)};
  expect_file_error(&misspelt);
  expect_set_error(&misspelt);
  expect_error(section, row, "{a: b}");
  if (row->type == MESO_PARAM_STRING) return; /* any other text is one */
  expect_error(section, row, "rubbish");
  if (row->type == MESO_PARAM_DOUBLE || row->type == MESO_PARAM_INT
      || row->type == MESO_PARAM_DOUBLES)
    walk_numbers(section, row);
}

/* The generated file is fine but for the one bad value; each row is spoilt in every way. */
static void test_every_row(void)
{
  char name[32];
  meso_err err = {0};
  size_t n = 0;
  char *text = write_model(NULL, NULL);
  const int code = read_text(text, strlen(text), name, &err);
  if (code != 0) printf("# %s\n", err.msg);
  CU_ASSERT_EQUAL_FATAL(code, 0);
  free(text);
  for (const meso_model_section *s = meso_model_sections(); s->path != NULL; s++)
    for (const meso_param *row = s->rows; row->key != NULL; row++, n++) {
      CU_ASSERT_PTR_NOT_NULL(row->help);
      walk_row(s, row);
    }
  printf("# %zu rows\n", n);
  CU_ASSERT(n > 90);
}

/* Synapse counts computed independently from the published probabilities; rows are targets. */
static const uint64_t synapses[8][8] = {
  {45499806, 22323577, 20253647, 9670918, 3293578, 0, 2271404, 0},
  {17443694, 5018763, 4105338, 1690074, 2221213, 0, 353461, 0},
  {3503670, 756562, 24482849, 17413576, 714524, 7003, 14624432, 0},
  {8114254, 92832, 9933538, 5223272, 87836, 0, 8810905, 0},
  {10613575, 1817058, 5507804, 151900, 2040738, 2407889, 1438969, 0},
  {1241436, 169424, 607667, 12851, 319602, 430444, 132414, 0},
  {4681225, 556108, 6727570, 1320234, 4112225, 305029, 8372649, 10827677},
  {2260836, 17207, 220033, 8078, 401638, 25218, 2888426, 1354320}
};

static void test_published_numbers(void)
{
  static const uint64_t thalamic[8] = {0, 0, 2045393, 315791, 0, 0, 682419, 52636};
  static const double in_degree[8] = {4995.1, 5285.0, 2806.4, 5888.4, 4943.9, 2736.0, 2563.6,
                                      2434.1};
  uint64_t found[8][9] = {{0}};
  meso_model *m = read_model("microcircuit.yaml", 0, NULL);
  CU_ASSERT_EQUAL_FATAL(m->n_populations, 9);
  CU_ASSERT_EQUAL(m->n_neurons, 77169 + 902);
  CU_ASSERT_EQUAL(m->n_synapses, 298880970 + 3096239);
  CU_ASSERT_EQUAL(m->population[8].first_neuron, 77169);
  for (size_t i = 0; i < m->n_projections; i++) {
    const meso_projection *p = &m->projection[i];
    found[p->target][p->source] = p->n_synapses;
    const bool from_E = m->population[p->source].sign == MESO_EXCITATORY;
    const double strength = from_E ? (p->source == 2 && p->target == 0 ? 2 : 1) : -4;
    MESO_CHECK_CLOSE(87.808494 * strength, p->weight_pA, 1e-8, 0);
    MESO_CHECK_CLOSE(0.1 * fabs(p->weight_pA), p->weight_sd_pA, 1e-15, 0);
    CU_ASSERT_EQUAL(p->delay_mean_ms, from_E ? 1.5 : 0.75);
  }
  for (size_t t = 0; t < 8; t++) {
    double sum = 0;
    for (size_t s = 0; s < 8; s++) sum += (double) found[t][s];
    MESO_CHECK_EACH(s, 8, found[t][s] == synapses[t][s]);
    CU_ASSERT_EQUAL(found[t][8], thalamic[t]);
    MESO_CHECK_CLOSE(in_degree[t], sum / (double) m->population[t].size, 0, 0.051);
    MESO_CHECK_CLOSE(8 * m->population[t].K_ext, m->population[t].background_rate_Hz, 0, 0);
    CU_ASSERT_EQUAL(m->population[t].I_dc_pA, 0);
  }
  MESO_CHECK_CLOSE(585.38996, meso_psc_over_psp_pA_per_mV(&m->population[0].neuron, 0.5), 1e-8, 0);
  meso_model_destroy(m);
}

static void test_dc_background(void)
{
  static const char *const sets[] = {"background.type=dc"};
  static const double dc[8] = {561.97, 526.85, 737.59, 667.34, 702.47, 667.34, 1018.58, 737.59};
  meso_model *m = read_model("microcircuit.yaml", 1, sets);
  MESO_CHECK_WORST(i, 8, fabs(m->population[i].I_dc_pA - dc[i]), 0.0051);
  MESO_CHECK_EACH(i, 8, m->population[i].background_rate_Hz == 0);
  meso_model_destroy(m);
}

/* Scaled in-degrees: the mean input, recurrent and external, is that of the full model. */
static void test_scaling(void)
{
  static const char *const sets[] = {"scaling.K=0.25", "scaling.N=0.5"};
  meso_model *full = read_model("microcircuit.yaml", 0, NULL);
  meso_model *m = read_model("microcircuit.yaml", 2, sets);
  double mean_full[9] = {0}, mean[9] = {0};
  for (size_t i = 0; i < m->n_projections; i++) {
    const meso_projection *f = &full->projection[i], *p = &m->projection[i];
    const double rate = m->population[p->source].full_mean_rate_Hz * 0.5e-3;
    MESO_CHECK_CLOSE(2 * f->weight_pA, p->weight_pA, 1e-15, 0);
    mean_full[f->target] += rate * f->weight_pA * (double) f->n_synapses /
                            (double) full->population[f->target].size;
    mean[p->target] += rate * p->weight_pA * (double) p->n_synapses /
                       (double) m->population[p->target].size;
  }
  for (size_t i = 0; i < 8; i++) {
    const meso_population *f = &full->population[i], *p = &m->population[i];
    MESO_CHECK_CLOSE(0.5 * (double) f->size, (double) p->size, 0, 0.5);
    mean_full[i] += 0.5e-3 * f->background_rate_Hz * f->background_weight_pA;
    mean[i] += 0.5e-3 * p->background_rate_Hz * p->background_weight_pA + p->I_dc_pA;
    MESO_CHECK_CLOSE(mean_full[i], mean[i], 1e-4, 0);
    CU_ASSERT(p->I_dc_pA != 0);
  }
  CU_ASSERT_EQUAL(m->population[8].size, 902);
  CU_ASSERT_EQUAL(full->compensation_warning, 1);
  CU_ASSERT(m->compensation_warning < 1);
  meso_attrs none = {0}, some = {0};
  CU_ASSERT_EQUAL(meso_model_describe_scaling(full, &none, NULL), MESO_OK);
  CU_ASSERT_EQUAL(none.n, 0);
  CU_ASSERT_EQUAL(meso_model_describe_scaling(m, &some, NULL), MESO_OK);
  CU_ASSERT_EQUAL(meso_attrs_number(&some, "scaling_N", 0), 0.5);
  CU_ASSERT_EQUAL(meso_attrs_number(&some, "scaling_K", 0), 0.25);
  const char *text = meso_attrs_text(&some, "scaling");
  CU_ASSERT_PTR_NOT_NULL_FATAL(text);
  CU_ASSERT_PTR_NOT_NULL(strstr(text, "scaled to N = 0.5, K = 0.25; correlations are not those"));
  CU_ASSERT_PTR_NOT_NULL(strstr(text, "below rheobase"));
  meso_attrs_clear(&some);
  meso_model_destroy(m);
  static const char *const columns[] = {"scaling.N=2"};
  m = read_model("microcircuit.yaml", 1, columns);
  CU_ASSERT_EQUAL(m->n_neurons, 2 * full->n_neurons);
  CU_ASSERT_EQUAL(m->n_synapses, 2 * full->n_synapses);
  CU_ASSERT_EQUAL(m->population[8].size, 2 * 902);
  CU_ASSERT_EQUAL(meso_model_describe_scaling(m, &some, NULL), MESO_OK);
  CU_ASSERT_PTR_NOT_NULL(strstr(meso_attrs_text(&some, "scaling"), "2 columns side by side"));
  meso_attrs_clear(&some);
  meso_model_destroy(full);
  meso_model_destroy(m);
}

static void test_cells(void)
{
  meso_model *m = read_model("microcircuit.yaml", 0, NULL);
  CU_ASSERT_EQUAL_FATAL(m->n_cell_types, 16);
  for (size_t p = 0; p < 8; p++) {
    double fraction = 0, share[9] = {0};
    for (size_t i = 0; i < 16; i++) {
      const meso_cell_type *c = &m->cell_type[i];
      if (c->population != p) continue;
      fraction += c->fraction;
      for (size_t x = 0; x < 9; x++) {
        double sum = 0;
        share[x] += c->share[x];
        for (size_t l = 0; l < m->n_layers; l++) sum += c->layer_share[x * m->n_layers + l];
        MESO_CHECK_CLOSE(1, sum, 1e-12, 0);
      }
    }
    MESO_CHECK_CLOSE(1, fraction, 1e-12, 0);
    MESO_CHECK_WORST(x, 9, fabs(share[x] - 1), 1e-12);
  }
  CU_ASSERT_STRING_EQUAL(m->cell_type[3].name, "p4");
  MESO_CHECK_CLOSE(0.3626, m->cell_type[3].share[8], 1e-3, 0);                        /* TC */
  MESO_CHECK_CLOSE(0.8204, m->cell_type[3].layer_share[8 * m->n_layers + 2], 1e-3, 0);
  meso_model_destroy(m);
}

static void test_canonical(void)
{
  static const char *const bold[] = {"bold.gain=1.5"};
  static const char *const same[] = {"bold.gain=1.0", "neuron.tau_m_ms=10 ms"};
  meso_model *a = read_model("toy.yaml", 0, NULL), *b = read_model("toy.yaml", 1, bold);
  meso_model *c = read_model("toy.yaml", 2, same);
  const unsigned sections[] = {MESO_SECTION_NETWORK, MESO_SECTION_LFP, MESO_SECTION_BOLD,
                               MESO_SECTION_ANALYSIS, MESO_SECTION_REPORT, MESO_SECTION_ALL};
  for (size_t i = 0; i < 6; i++) {
    char *ta = meso_model_canonical(a, sections[i]), *tb = meso_model_canonical(b, sections[i]);
    char *tc = meso_model_canonical(c, sections[i]);
    CU_ASSERT_EQUAL(strcmp(ta, tb) == 0, (sections[i] & MESO_SECTION_BOLD) == 0);
    CU_ASSERT_STRING_EQUAL(ta, tc);
    CU_ASSERT(strlen(ta) > 10);
    free(ta);
    free(tb);
    free(tc);
  }
  meso_model_destroy(a);
  meso_model_destroy(b);
  meso_model_destroy(c);
}

/* Defaults of `neuron` reach populations; a population's own value wins. */
static void test_sets_and_inheritance(void)
{
  static const char *const sets[] = {"neuron.tau_m_ms=20", "populations.I.tau_m_ms=15 ms",
                                     "projections.E->I.PSP_mV=0.3", "synapses.excitatory.PSP_mV=1"};
  meso_model *m = read_model("toy.yaml", 4, sets);
  CU_ASSERT_EQUAL(m->population[0].neuron.tau_m_ms, 20);
  CU_ASSERT_EQUAL(m->population[1].neuron.tau_m_ms, 15);
  CU_ASSERT_EQUAL(m->projection[0].PSP_mV, 1);
  CU_ASSERT_EQUAL(m->projection[2].PSP_mV, 0.3);
  CU_ASSERT_EQUAL(m->projection[1].PSP_mV, -1.2);
  meso_model_destroy(m);
}

/* A key, an item of a list and a section go; what follows them stays. */
static void test_sets_that_take_out(void)
{
  static const char *const sets[] = {"lfp.radius_um=~", "projections.E->I=~", "thalamus=~"};
  meso_model *m = read_model("toy.yaml", 3, sets), *none = NULL;
  CU_ASSERT_EQUAL(m->n_projections, 5);
  CU_ASSERT_STRING_EQUAL(m->projection[2].source_name, "I");
  CU_ASSERT_EQUAL(m->thalamus.kind, MESO_SCHEDULE_OFF);
  CU_ASSERT_EQUAL(m->lfp.radius_um, 564.19); /* the default */
  CU_ASSERT_EQUAL(m->lfp.kernel_duration_ms, 60);
  meso_model_destroy(m);
  static const char *const wrong[] = {"neuron.t_rref_ms=~"};
  meso_err err = {0};
  CU_ASSERT_EQUAL(meso_status_exit_code(meso_model_read(model_path("toy.yaml"), 1, wrong, &none,
                                                        &err)), 3);
  CU_ASSERT(strstr(err.msg, "neuron.t_rref_ms=~: there is nothing to take out") != NULL);
}

/* Spontaneous activity ends at the first pulse or block that a source follows. */
static void test_window(void)
{
  static const struct {
    const char *set[2];
    double t_stop_ms, stop_ms;
    const char *state;
  } row[] = {
    {{"analysis.window=spontaneous", "thalamus.start_ms=700"}, 2000, 700, "spontaneous"},
    {{"analysis.window=spontaneous", "thalamus.type=pulses"}, 20000, 10000, "spontaneous"},
    {{"analysis.window=spontaneous", "thalamus.type=constant"}, 20000, INFINITY, "stimulated"},
    {{"analysis.window=spontaneous", "thalamus.type=off"}, 20000, INFINITY, "spontaneous"},
    {{"analysis.window=spontaneous", "thalamus.rate_Hz=0"}, 20000, INFINITY, "spontaneous"},
    {{"analysis.window=all", "thalamus.type=blocks"}, 20000, INFINITY, "stimulated"},
    {{"analysis.window=all", "thalamus.type=blocks"}, 10000, INFINITY, "spontaneous"},
  };
  for (size_t i = 0; i < sizeof row / sizeof row[0]; i++) {
    meso_model *m = read_model("microcircuit.yaml", 2, row[i].set);
    CU_ASSERT_EQUAL(meso_model_window_stop_ms(m), row[i].stop_ms);
    CU_ASSERT_STRING_EQUAL(meso_model_state(m, row[i].t_stop_ms), row[i].state);
    meso_model_destroy(m);
  }
  meso_model *m = read_model("microcircuit.yaml", 0, NULL);
  CU_ASSERT_EQUAL(meso_model_window_stop_ms(m), 10000); /* published numbers are spontaneous */
  meso_model_destroy(m);
}

static void test_schedule(void)
{
  const meso_schedule s = {MESO_SCHEDULE_BLOCKS, 10000, 15000, 40000, 15};
  CU_ASSERT_EQUAL(meso_schedule_rate_Hz(&s, 9999.9), 0);
  CU_ASSERT_EQUAL(meso_schedule_rate_Hz(&s, 100000 * 0.1), 15);
  CU_ASSERT_EQUAL(meso_schedule_rate_Hz(&s, 24999.9), 15);
  CU_ASSERT_EQUAL(meso_schedule_rate_Hz(&s, 250000 * 0.1), 0);
  CU_ASSERT_EQUAL(meso_schedule_rate_Hz(&s, 500000 * 0.1), 15);
}

int main(void)
{
  static const meso_test tests[] = {
    {"damaged files", test_damaged_files},
    {"no files", test_no_files},
    {"checks across keys", test_cross_checks},
    {"every row: below, above, NaN, wrong unit, wrong type, misspelt", test_every_row},
    {"published synapse counts, weights and in-degrees", test_published_numbers},
    {"direct current instead of Poisson input", test_dc_background},
    {"scaled in-degrees keep the mean input", test_scaling},
    {"fractions and shares of cell types sum to 1", test_cells},
    {"canonical text", test_canonical},
    {"--set and inheritance", test_sets_and_inheritance},
    {"--set KEY=~", test_sets_that_take_out},
    {"schedule", test_schedule},
    {"window", test_window},
    {NULL, NULL}
  };
  return meso_test_main("model", tests);
}
