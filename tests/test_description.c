/* test_description.c: the tables of a model say what the model says, in every format. */
#include <stdlib.h>
#include <string.h>

#include "meso_description.h"
#include "meso_test.h"

static const char *const models[] = {
  "data/models/toy.yaml", "data/models/brunel.yaml", "data/models/microcircuit.yaml",
  "data/models/brunel_alpha.yaml"};
enum { N_MODELS = sizeof models / sizeof *models };

static void read_and_describe(const char *path, size_t n_sets, const char *const *sets,
                              meso_model **m, meso_description **d)
{
  meso_err err = {0};
  CU_ASSERT_EQUAL_FATAL(meso_model_read(meso_test_path(path), n_sets, sets, m, &err), MESO_OK);
  CU_ASSERT_EQUAL_FATAL(meso_describe(*m, d, &err), MESO_OK);
}

static const meso_table *find_table(const meso_description *d, const char *title)
{
  for (size_t i = 0; i < d->n; i++)
    if (strncmp(d->table[i].title, title, strlen(title)) == 0) return &d->table[i];
  printf("# no table %s\n", title);
  CU_FAIL_FATAL("no such table");
  return NULL;
}

static const char *cell(const meso_table *t, size_t row, size_t column)
{
  CU_ASSERT_FATAL(row < t->n_rows && column < t->n_columns);
  return t->cell[(1 + row) * t->n_columns + column].text;
}

/** Text of the first row that begins with these one or two cells; or "". */
static const char *find(const meso_table *t, const char *first, const char *second, size_t column)
{
  for (size_t r = 0; r < t->n_rows; r++)
    if (strcmp(cell(t, r, 0), first) == 0 &&
        (second == NULL || strcmp(cell(t, r, 1), second) == 0)) return cell(t, r, column);
  return "";
}

#define EXPECT(text, wanted) do { \
  const char *got_ = (text); \
  if (strcmp(got_, wanted) != 0) printf("# got  %s\n# want %s\n", got_, wanted); \
  CU_ASSERT_STRING_EQUAL(got_, wanted); } while (0)

/** All parts of Nordlie et al. 2009 in their order; one row for each population and projection. */
static void every_part_is_there(void)
{
  static const char *const title[] = {
    "A: Model summary", "B: Populations", "C: Connectivity", "D: Neuron and synapse model",
    "E: Plasticity", "F: Input", "G: Measurements", "H: Parameters: simulation"};
  for (size_t k = 0; k < N_MODELS; k++) {
    meso_model *m = NULL;
    meso_description *d = NULL;
    read_and_describe(models[k], 0, NULL, &m, &d);
    for (size_t i = 0; i < sizeof title / sizeof *title; i++)
      CU_ASSERT(d->n > i && strncmp(d->table[i].title, title[i], strlen(title[i])) == 0);
    CU_ASSERT_EQUAL(find_table(d, "B:")->n_rows, m->n_populations);
    CU_ASSERT_EQUAL(find_table(d, "C:")->n_rows, m->n_projections);
    for (size_t t = 0; t < d->n; t++) CU_ASSERT(d->table[t].n_rows > 0);
    meso_description_destroy(d);
    meso_model_destroy(m);
  }
}

/** Published numbers of the microcircuit (doi 10.1093/cercor/bhs358), Brunel's in-degrees. */
static void numbers_are_the_published_ones(void)
{
  meso_model *m = NULL;
  meso_description *d = NULL;
  read_and_describe(models[2], 0, NULL, &m, &d);
  EXPECT(find(find_table(d, "B:"), "L23E", NULL, 3), "20,683");
  EXPECT(find(find_table(d, "B:"), "L6E", NULL, 6), "2900");
  EXPECT(find(find_table(d, "B:"), "TC", NULL, 1), "poisson");
  EXPECT(find(find_table(d, "C:"), "L4E", "L23E", 4), "normal 175.6 ± 17.56 pA (PSP 0.3 mV)");
  EXPECT(find(find_table(d, "C:"), "L5I", "L5E", 5), "normal 0.75 ± 0.375 ms");
  EXPECT(find(find_table(d, "F:"), "L4I", NULL, 2),
         "independent for each neuron, 15200 spikes/s, weight 87.81 pA, delay 1.5 ms");
  EXPECT(find(find_table(d, "H: Parameters: populations"), "tau_m_ms", NULL, 1), "10");
  CU_ASSERT_PTR_NOT_NULL(strstr(find(find_table(d, "H: Parameters: populations"),
                                     "V_m_initial_mean_mV", NULL, 1), "L23E -68.28; L23I -63.16"));
  CU_ASSERT_PTR_NULL(strstr(find(find_table(d, "H: Parameters: populations"),
                                 "V_m_initial_mean_mV", NULL, 1), "TC"));
  meso_description_destroy(d);
  meso_model_destroy(m);
  read_and_describe(models[1], 0, NULL, &m, &d);
  EXPECT(find(find_table(d, "C:"), "E", "E", 2),
         "fixed_indegree, indegree 1000, no autapses, no multapses");
  EXPECT(find(find_table(d, "C:"), "E", "E", 3), "10,000,000");
  EXPECT(find(find_table(d, "C:"), "I", "E", 5), "constant 1.5 ms");
  EXPECT(find(find_table(d, "H: Parameters: populations"), "V_th_mV", NULL, 3), "threshold");
  meso_description_destroy(d);
  meso_model_destroy(m);
}

/** A parameter's row has the value of the file, also one that was set, with unit and meaning. */
static void parameters_are_those_of_the_file(void)
{
  static const char *const sets[] = {
    "neuron.tau_m_ms=12.5", "scaling.K=0.25", "background.type=dc", "populations.E.positions=grid",
    "populations.I.positions=random", "space.periodic=true",
    "projections.I->E.delay_ms_per_um=0.01"};
  meso_model *m = NULL;
  meso_description *d = NULL;
  read_and_describe(models[0], sizeof sets / sizeof *sets, sets, &m, &d);
  const meso_table *t = find_table(d, "H: Parameters: populations");
  EXPECT(find(t, "tau_m_ms", NULL, 1), "12.5");
  EXPECT(find(t, "tau_m_ms", NULL, 2), "ms");
  EXPECT(find(t, "tau_m_ms", NULL, 3), "membrane time constant");
  EXPECT(find(find_table(d, "A:"), "Topology", NULL, 1),
         "3 layers; places in a rectangle of 1000 um x 1000 um, periodic");
  EXPECT(find(find_table(d, "A:"), "Scaling", NULL, 1),
         "numbers of neurons times 1, in-degrees times 0.25");
  EXPECT(find(find_table(d, "C:"), "I", "E", 5), "normal 0.75 ± 0.375 ms + 0.01 ms/um");
  EXPECT(find(find_table(d, "B:"), "E", NULL, 5), "grid");
  EXPECT(find(find_table(d, "F:"), "E", NULL, 1), "constant current");
  EXPECT(find(find_table(d, "H: Parameters: space"), "periodic", NULL, 1), "true");
  meso_description_destroy(d);
  meso_model_destroy(m);
}

static size_t count(const char *text, const char *part)
{
  size_t n = 0;
  for (const char *p = text; (p = strstr(p, part)) != NULL; p += strlen(part)) n++;
  return n;
}

/** As many cells in the text as in the tables, and nothing that a format would take for its own. */
static void formats_hold_every_cell(void)
{
  meso_cell cells[] = {{"a|b", NULL}, {"<i>&\"", NULL}, {"x_1 {5%} #$~^\\", NULL},
                       {"V", "$V_\\mathrm{m}$"}};
  meso_table table = {"T <1>", 2, 1, cells};
  const meso_description one = {1, &table};
  static const char *const wanted[] = {
    [MESO_TEXT_MARKDOWN] = "## T &lt;1>\n\n| a\\|b | &lt;i>&\" |\n|---|---|\n"
                           "| x_1 {5%} #$~^\\ | V |",
    [MESO_TEXT_TEX] = "a|b & $<$i$>$\\&\" \\\\\n\\midrule\n\\endhead\nx\\_1 \\{5\\%\\} \\#\\$"
                      "\\textasciitilde{}\\textasciicircum{}\\textbackslash{} & "
                      "$V_\\mathrm{m}$ \\\\",
    [MESO_TEXT_HTML] = "<h3>T &lt;1&gt;</h3><div class=\"wide\"><table>\n<thead><tr><th>a|b</th>"
                       "<th>&lt;i&gt;&amp;&quot;</th></tr></thead>"};
  for (int f = MESO_TEXT_MARKDOWN; f <= MESO_TEXT_HTML; f++) {
    char *text = meso_description_text(&one, (meso_text_format) f);
    CU_ASSERT_PTR_NOT_NULL_FATAL(text);
    if (strstr(text, wanted[f]) == NULL) printf("# got %s\n", text);
    CU_ASSERT_PTR_NOT_NULL(strstr(text, wanted[f]));
    free(text);
  }
  for (size_t k = 0; k < N_MODELS; k++) {
    meso_model *m = NULL;
    meso_description *d = NULL;
    size_t n_cells = 0, n_headings = 0, n_seams = 0;
    read_and_describe(models[k], 0, NULL, &m, &d);
    for (size_t t = 0; t < d->n; t++) {
      n_cells += d->table[t].n_rows * d->table[t].n_columns;
      n_headings += d->table[t].n_columns;
      n_seams += (1 + d->table[t].n_rows) * (d->table[t].n_columns - 1);
    }
    char *html = meso_description_text(d, MESO_TEXT_HTML);
    char *tex = meso_description_text(d, MESO_TEXT_TEX);
    CU_ASSERT_FATAL(html != NULL && tex != NULL);
    CU_ASSERT_EQUAL(count(html, "<td>"), n_cells);
    CU_ASSERT_EQUAL(count(html, "</td>"), n_cells);
    CU_ASSERT_EQUAL(count(html, "<th>"), n_headings);
    CU_ASSERT_EQUAL(count(tex, " & "), n_seams);
    CU_ASSERT_EQUAL(count(tex, "\\begin{"), count(tex, "\\end{"));
    CU_ASSERT_EQUAL(count(tex, "$") % 2, 0);
    free(html);
    free(tex);
    meso_description_destroy(d);
    meso_model_destroy(m);
  }
}

int main(void)
{
  static const meso_test tests[] = {
    {"every_part_is_there", every_part_is_there},
    {"numbers_are_the_published_ones", numbers_are_the_published_ones},
    {"parameters_are_those_of_the_file", parameters_are_those_of_the_file},
    {"formats_hold_every_cell", formats_hold_every_cell},
    {NULL, NULL},
  };
  return meso_test_main("description", tests);
}
