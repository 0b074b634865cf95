/* test_morphology.c: compartments against golden files; hostile SWC files. */
#include <string.h>
#include <unistd.h>

#include "lfp_golden.h"

static const char golden_file[] = "tests/reference/lfp/cell_reference.h5";
static const char *const cells[] = {"ball_and_stick", "y_branch", "pyramid_l5", "basket"};

static void check_indices(const char *cell, const char *name, const size_t *x, size_t n)
{
  size_t count;
  double *ref = golden(golden_file, cell, name, &count);
  CU_ASSERT_EQUAL(count, n);
  if (ref != NULL && count == n)
    MESO_CHECK_EACH(i, n, ref[i] == (x[i] == MESO_NO_PARENT ? -1 : (double) x[i]));
  free(ref);
}

static void test_golden_segments(void)
{
  for (size_t k = 0; k < 4; k++) {
    meso_morphology *m = reference_cell(cells[k]);
    if (m == NULL) return;
    const size_t n = m->n_segments;
    check_golden(golden_file, cells[k], "segments/area", m->area_um2, n, 1e-13);
    check_golden(golden_file, cells[k], "segments/diam", m->diam_um, n, 1e-13);
    check_golden(golden_file, cells[k], "segments/length", m->length_um, n, 1e-13);
    double *xy = calloc(2 * n, sizeof *xy);
    for (size_t axis = 0; axis < 3; axis++) {
      static const char *const name[] = {"segments/x", "segments/y", "segments/z"};
      for (size_t j = 0; j < n; j++) {
        xy[2 * j] = m->start_um[3 * j + axis];
        xy[2 * j + 1] = m->end_um[3 * j + axis];
      }
      check_golden(golden_file, cells[k], name[axis], xy, 2 * n, 1e-13);
    }
    check_indices(cells[k], "segments/section", m->segment_section, n);
    free(xy);
    meso_morphology_destroy(m);
  }
}

static void test_golden_nodes(void)
{
  for (size_t k = 0; k < 4; k++) {
    meso_morphology *m = reference_cell(cells[k]);
    if (m == NULL) return;
    check_indices(cells[k], "nodes/parent", m->node_parent, m->n_nodes);
    check_golden(golden_file, cells[k], "nodes/ri", m->ri_MOhm, m->n_nodes, 1e-13);
    check_indices(cells[k], "sections/nseg", m->section_nseg, m->n_sections);
    check_indices(cells[k], "sections/parent", m->section_parent, m->n_sections);
    size_t *at = calloc(m->n_nodes, sizeof *at);
    for (size_t i = 0; i < m->n_nodes; i++) at[m->node_order[i]] = i;
    MESO_CHECK_EACH(j, m->n_nodes, j == 0 || at[m->node_parent[j]] < at[j]);
    free(at);
    meso_morphology_destroy(m);
  }
}

/* A soma is a cylinder with the area of the sphere; moving the cell moves every point. */
static void test_soma_and_place(void)
{
  meso_morphology *m = reference_cell("ball_and_stick");
  if (m == NULL) return;
  MESO_CHECK_CLOSE(4 * M_PI * 100, m->area_um2[0], 1e-14, 0);
  const double tip = m->end_um[3 * (m->n_segments - 1) + 2];
  meso_morphology_place(m, 1, 2, -300);
  MESO_CHECK_CLOSE(tip - 300, m->end_um[3 * (m->n_segments - 1) + 2], 1e-14, 0);
  MESO_CHECK_CLOSE(1, m->start_um[0], 0, 1e-12);
  MESO_CHECK_CLOSE(-300, meso_morphology_z_um(m, 0), 1e-14, 0);
  meso_morphology_destroy(m);
}

/* ---- files of many habits ----------------------------------------------------------------- */

static const meso_discretisation by_lambda = {150, 1, 0.1, 100, 0};

/* Reads a file with this text; the name is in err's message, and gone afterwards. */
static meso_status read_text(const char *text, const meso_discretisation *cut,
                             meso_morphology **ret_morphology, meso_err *err)
{
  char path[] = "swc-XXXXXX";
  const int fd = mkstemp(path);
  CU_ASSERT_FATAL(fd >= 0);
  CU_ASSERT(write(fd, text, strlen(text)) == (ssize_t) strlen(text));
  close(fd);
  const meso_status status = meso_morphology_read(path, cut, ret_morphology, err);
  unlink(path);
  return status;
}

static meso_morphology *must_read(const char *text, const meso_discretisation *cut)
{
  meso_morphology *m = NULL;
  meso_err err = {0};
  if (read_text(text, cut, &m, &err) != MESO_OK) printf("# %s\n", err.msg);
  CU_ASSERT_PTR_NOT_NULL_FATAL(m);
  return m;
}

static bool same_morphology(const meso_morphology *a, const meso_morphology *b)
{
  const size_t n = a->n_segments * sizeof(double), nodes = a->n_nodes * sizeof(double);
  return a->n_segments == b->n_segments && a->n_sections == b->n_sections
    && memcmp(a->area_um2, b->area_um2, n) == 0 && memcmp(a->diam_um, b->diam_um, n) == 0
    && memcmp(a->length_um, b->length_um, n) == 0
    && memcmp(a->start_um, b->start_um, 3 * n) == 0 && memcmp(a->end_um, b->end_um, 3 * n) == 0
    && memcmp(a->ri_MOhm, b->ri_MOhm, nodes) == 0
    && memcmp(a->node_parent, b->node_parent, a->n_nodes * sizeof(size_t)) == 0
    && memcmp(a->section_type, b->section_type, a->n_sections * sizeof(int)) == 0;
}

static const char plain_text[] =
  "1 1 0 0 0 5 -1\n2 3 0 0 5 1 1\n3 3 0 9 60 1 2\n4 3 0 -50 90 .5 3\n5 4 0 50 90 .7 3\n"
  "6 3 0 -60 120 .4 4\n7 4 0 60 130 .6 5\n8 2 0 0 -5 .5 1\n9 2 0 0 -70 .5 8\n";

static void test_habits(void)
{
  static const struct { const char *name, *text; } same[] = {
    {"carriage returns, tabs, comments, a byte order mark",
     "\xef\xbb\xbf# a cell\r\n\r\n  1\t1 0 0 0 5 -1 # soma\r\n2 3 0 0 5 1 1\r\n"
     "3 3 0 9 60 1 2\r\n#4\r\n4 3 0 -50 90 .5 3\r\n5 4 0 50 90 .7 3\r\n"
     "6 3 0 -60 120 .4 4\r\n7 4 0 60 130 .6 5\r\n8 2 0 0 -5 .5 1\r\n9 2 0 0 -70 .5 8"},
    {"whole numbers as reals",
     "1.0 1.0 0 0 0 5 -1.0\n2 3.00 0 0 5 1 1.0\n3 3 0 9 60 1 2e0\n4 3 0 -50 90 .5 3\n"
     "5 4 0 50 90 .7 3\n6 3 0 -60 120 .4 4\n7 4 0 60 130 .6 5\n8 2 0 0 -5 .5 1\n"
     "9 2 0 0 -70 .5 8\n"},
    {"any order of lines",
     "9 2 0 0 -70 .5 8\n8 2 0 0 -5 .5 1\n7 4 0 60 130 .6 5\n6 3 0 -60 120 .4 4\n"
     "5 4 0 50 90 .7 3\n4 3 0 -50 90 .5 3\n3 3 0 9 60 1 2\n2 3 0 0 5 1 1\n1 1 0 0 0 5 -1\n"},
    {"gaps in the ids", "10 1 0 0 0 5 -1\n20 3 0 0 5 1 10\n30 3 0 9 60 1 20\n"
     "40 3 0 -50 90 .5 30\n50 4 0 50 90 .7 30\n60 3 0 -60 120 .4 40\n70 4 0 60 130 .6 50\n"
     "80 2 0 0 -5 .5 10\n90 2 0 0 -70 .5 80\n"},
    {"soma of three points", "1 1 0 0 0 5 -1\n2 1 0 -5 0 5 1\n3 1 0 5 0 5 1\n4 3 0 0 5 1 1\n"
     "5 3 0 9 60 1 4\n6 3 0 -50 90 .5 5\n7 4 0 50 90 .7 5\n8 3 0 -60 120 .4 6\n"
     "9 4 0 60 130 .6 7\n10 2 0 0 -5 .5 3\n11 2 0 0 -70 .5 10\n"},
    {"undefined, fork and end points", "1 1 0 0 0 5 -1\n2 0 0 0 5 1 1\n3 5 0 9 60 1 2\n"
     "4 3 0 -50 90 .5 3\n5 4 0 50 90 .7 3\n6 6 0 -60 120 .4 4\n7 6 0 60 130 .6 5\n"
     "8 2 0 0 -5 .5 1\n9 6 0 0 -70 .5 8\n"},
  };
  meso_morphology *plain = must_read(plain_text, &by_lambda);
  CU_ASSERT(plain->n_sections == 5 && plain->n_segments > 5);
  for (size_t i = 0; i < sizeof same / sizeof same[0]; i++) {
    meso_morphology *m = must_read(same[i].text, &by_lambda);
    if (!same_morphology(plain, m)) printf("# not the same: %s\n", same[i].name);
    CU_ASSERT(same_morphology(plain, m));
    meso_morphology_destroy(m);
  }
  /* Ids that descend along the tree: the same cell, its sections in another order. */
  meso_morphology *m = must_read("9 1 0 0 0 5 -1\n8 3 0 0 5 1 9\n7 3 0 9 60 1 8\n"
    "6 3 0 -50 90 .5 7\n5 4 0 50 90 .7 7\n4 3 0 -60 120 .4 6\n3 4 0 60 130 .6 5\n"
    "2 2 0 0 -5 .5 9\n1 2 0 0 -70 .5 2\n", &by_lambda);
  double area[2] = {0, 0};
  CU_ASSERT_FATAL(m->n_segments == plain->n_segments && m->n_sections == plain->n_sections);
  for (size_t j = 0; j < m->n_segments; j++) {
    area[0] += plain->area_um2[j];
    area[1] += m->area_um2[j];
  }
  MESO_CHECK_CLOSE(area[0], area[1], 1e-14, 0);
  meso_morphology_destroy(m);
  meso_morphology_destroy(plain);
}

/* The area that each form of the soma has, and where stems begin. */
static void test_soma_forms(void)
{
  static const struct {
    const char *text;
    meso_soma_form form;
    double area_um2, stem_um;
  } form[] = {
    {"1 1 0 0 0 5 -1\n2 3 0 0 8 1 1\n3 3 0 0 58 1 2\n", MESO_SOMA_POINT, 4 * M_PI * 25, 50},
    {"1 1 0 0 0 5 -1\n2 1 0 -5 0 5 1\n3 1 0 5 0 5 1\n4 3 0 0 8 1 2\n5 3 0 0 58 1 4\n",
     MESO_SOMA_THREE_POINTS, 4 * M_PI * 25, 50},
    {"1 1 0 0 -4 5 -1\n2 1 0 0 4 5 1\n3 3 0 0 8 1 2\n4 3 0 0 58 1 3\n", MESO_SOMA_CYLINDERS,
     M_PI * 10 * 8, 50},
    {"1 1 0 0 -4 3 -1\n2 1 0 0 0 6 1\n3 1 0 0 4 3 2\n4 3 0 0 8 1 2\n5 3 0 0 58 1 4\n",
     MESO_SOMA_CYLINDERS, 2 * M_PI * 9 * 5, 50},
    {"1 1 6 0 0 .1 -1\n2 1 0 6 0 .1 1\n3 1 -6 0 0 .1 2\n4 1 0 -6 0 .1 3\n5 3 8 0 0 1 1\n"
     "6 3 58 0 0 1 5\n", MESO_SOMA_CONTOUR, 4 * M_PI * 36, 50},
    {"1 3 0 0 8 1 -1\n2 3 0 0 58 1 1\n", MESO_SOMA_MISSING, 4 * M_PI, 50},
    {"1 1 0 0 0 5 -1\n2 3 0 0 55 1 1\n", MESO_SOMA_POINT, 4 * M_PI * 25, 50},
  };
  for (size_t i = 0; i < sizeof form / sizeof form[0]; i++) {
    meso_morphology *m = must_read(form[i].text, &by_lambda);
    double length = 0;
    for (size_t j = 1; j < m->n_segments; j++) length += m->length_um[j];
    CU_ASSERT(m->soma_form == form[i].form);
    MESO_CHECK_CLOSE(form[i].area_um2, m->area_um2[0], 1e-13, 0);
    MESO_CHECK_CLOSE(form[i].stem_um, length, 1e-13, 0);
    meso_morphology_destroy(m);
  }
}

/* A change of type inside a run begins a section that goes on at the same point. */
static void test_change_of_type(void)
{
  meso_morphology *m = must_read("1 1 0 0 0 5 -1\n2 3 0 0 8 1 1\n3 3 0 0 58 1 2\n"
                                 "4 4 0 0 98 1 3\n5 4 0 0 118 1 4\n", &by_lambda);
  double length = 0;
  for (size_t j = 1; j < m->n_segments; j++) length += m->length_um[j];
  CU_ASSERT(m->n_sections == 3 && m->section_parent[2] == 1);
  CU_ASSERT(m->section_type[1] == MESO_SECTION_DEND && m->section_type[2] == MESO_SECTION_APIC);
  MESO_CHECK_CLOSE(110, length, 1e-13, 0);
  meso_morphology_destroy(m);
}

static void test_maximal_length(void)
{
  static const double limits[] = {5, 10, 12.5, 49, 50, 51, 1000};
  const char text[] = "1 1 0 0 0 5 -1\n2 3 0 0 8 1 1\n3 3 0 0 58 1 2\n";
  for (size_t i = 0; i < sizeof limits / sizeof limits[0]; i++) {
    meso_morphology *m = must_read(text, &(meso_discretisation) {150, 1, 0, 100, limits[i]});
    const double n = (double) m->section_nseg[1];
    CU_ASSERT(m->section_nseg[1] % 2 == 1 && 50 / n <= limits[i]);
    CU_ASSERT(n == 1 || 50 / (n - 2) > limits[i]);
    meso_morphology_destroy(m);
    m = must_read(text, &(meso_discretisation) {150, 1, 0.02, 100, limits[i]});
    CU_ASSERT((double) m->section_nseg[1] >= n && m->length_um[1] <= limits[i]);
    meso_morphology_destroy(m);
  }
  meso_morphology *m = NULL;
  CU_ASSERT(read_text(text, &(meso_discretisation) {150, 1, 0, 100, 0}, &m, NULL) == MESO_EINVAL);
}

/* ---- hostile files ------------------------------------------------------------------------ */

static void test_hostile_files(void)
{
  static const struct { const char *text, *word; } bad[] = {
    {"", "no points"},
    {"# nothing\n", "no points"},
    {"1 1 0 0 0 5\n", ":1: expected"},
    {"1 1 0 0 0 5 -1 7\n", ":1: text after the seven"},
    {"1 1 0 0 0 5 -1x\n", ":1: expected"},
    {"1.5 1 0 0 0 5 -1\n", ":1: expected"},
    {"1 1 0 0 0 5 1e300\n", ":1: expected"},
    {"# x\n1 1 0 0 nan 5 -1\n", ":2: coordinate"},
    {"1 1 0 0 1e300 5 -1\n", ":1: coordinate"},
    {"1 1 0 0 0 0 -1\n", ":1: radius 0 um"},
    {"1 1 0 0 0 -1 -1\n", ":1: radius"},
    {"1 1 0 0 0 inf -1\n", ":1: radius"},
    {"-3 1 0 0 0 5 -1\n", ":1: id -3"},
    {"1 1 0 0 0 5 -2\n", "parent -2"},
    {"1 1 0 0 0 5 -1\n2 3 0 0 9 1 -1\n", ":2: second root"},
    {"1 1 0 0 0 5 -1\n2 3 0 0 9 1 7\n", ":2: parent 7"},
    {"1 1 0 0 0 5 -1\n2 3 0 0 9 1 3\n3 3 0 0 19 1 2\n", ":2: point 2 hangs on a cycle"},
    {"1 1 0 0 0 5 -1\n2 3 0 0 9 1 2\n", ":2: point 2 hangs on a cycle"},
    {"1 1 0 0 0 5 2\n2 3 0 0 9 1 1\n", "cycle"},
    {"1 1 0 0 0 5 -1\n2 3 0 0 9 1 1\n2 3 0 0 19 1 1\n", ":3: id 2 is also that of line 2"},
    {"1 1 0 0 0 5 -1\n2 9 0 0 9 1 1\n", ":2: point type 9"},
    {"1 3 0 0 0 5 -1\n2 1 0 0 9 1 1\n", ":2: soma point 2 below"},
    {"1 1 0 0 0 5 -1\n2 3 0 0 9 1 1\n3 1 0 0 19 1 2\n", ":3: soma point 3 below"},
    {"1 1 0 0 0 5 -1\n2 1 0 0 9 5 1\n3 1 0 9 0 5 1\n4 3 0 0 99 1 1\n", ":3: the soma branches"},
    {"1 1 0 0 0 5 -1\n2 3 0 0 9 1 1\n3 3 0 0 9 1 2\n", "no length"},
    {"1 1 0 0 0 5 -1\n2 1 0 0 0 5 1\n", "no length"},
    {"1 1 0 0 0 5 -1\n2 3 0 0 3 1 1\n", "no length"},
    {"1 1 0 0 0 5 -1\n2 3 0 0 0 .0001 1\n3 3 0 0 1e6 .0001 2\n4 3 0 9e5 -1e6 .0001 3\n"
     "5 3 0 -9e5 1e6 .0001 4\n6 3 0 9e5 -1e6 .0001 5\n", "segments"},
  };
  const meso_discretisation fine = {150, 1, 0.001, 100, 0};
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
    meso_morphology *m = NULL;
    meso_err err = {0};
    const meso_status status = read_text(bad[i].text, &fine, &m, &err);
    const bool answered = meso_status_exit_code(status) == 3
      && strstr(err.msg, bad[i].word) != NULL && strstr(err.msg, "swc-") != NULL && m == NULL;
    if (!answered) printf("# case %zu: status %d '%s'\n", i, (int) status, err.msg);
    CU_ASSERT(answered);
    meso_morphology_destroy(m);
  }
  meso_morphology *m = NULL;
  CU_ASSERT(meso_morphology_read("/nonexistent.swc", &by_lambda, &m, NULL) == MESO_ENOTFOUND);
  CU_ASSERT(meso_status_exit_code(meso_morphology_read("/", &by_lambda, &m, NULL)) == 3);
}

/* Lines: comments may be of any length, other lines not; bytes that are no text are refused. */
static void test_long_lines(void)
{
  char *text = calloc(1, 5000);
  meso_morphology *m = NULL;
  meso_err err = {0};
  memset(text, 'x', 3000);
  text[0] = '#';
  (void) snprintf(text + 3000, 2000, "\n%s", plain_text);
  m = must_read(text, &by_lambda);
  meso_morphology_destroy(m);
  m = NULL;
  memset(text, ' ', 3000);
  CU_ASSERT(read_text(text, &by_lambda, &m, &err) == MESO_EFORMAT);
  CU_ASSERT_PTR_NOT_NULL(strstr(err.msg, ":1: line longer"));
  CU_ASSERT(read_text("1 1 0 0 0 5 -1\n\x89HDF\n", &by_lambda, &m, &err) == MESO_EFORMAT);
  CU_ASSERT_PTR_NOT_NULL(strstr(err.msg, ":2: expected"));
  free(text);
}

static void test_section_types(void)
{
  unsigned types = 0;
  CU_ASSERT(meso_section_types_parse("dend+apic", &types, NULL) == MESO_OK);
  CU_ASSERT_EQUAL(types, 1u << MESO_SECTION_DEND | 1u << MESO_SECTION_APIC);
  CU_ASSERT(meso_section_types_parse("all", &types, NULL) == MESO_OK);
  CU_ASSERT_EQUAL(types, 30);
  CU_ASSERT(meso_section_types_parse("dendrite", &types, NULL) == MESO_EINVAL);
  CU_ASSERT(meso_section_types_parse("dend+", &types, NULL) == MESO_EINVAL);
  CU_ASSERT(meso_section_types_parse("", &types, NULL) == MESO_EINVAL);
}

int main(void)
{
  static const meso_test tests[] = {
    {"golden segments", test_golden_segments},
    {"golden node trees", test_golden_nodes},
    {"soma and placement", test_soma_and_place},
    {"habits of other tools", test_habits},
    {"forms of the soma", test_soma_forms},
    {"change of type", test_change_of_type},
    {"maximal length", test_maximal_length},
    {"hostile files", test_hostile_files},
    {"long lines", test_long_lines},
    {"section types", test_section_types},
    {NULL, NULL}};
  return meso_test_main("morphology", tests);
}
