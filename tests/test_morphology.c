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

static void test_hostile_files(void)
{
  static const struct { const char *text, *word; } bad[] = {
    {"", "no points"},
    {"1 1 0 0 0 5\n", ":1: expected"},
    {"1 1 0 0 0 5 -1 7\n", "after the seven"},
    {"1 3 0 0 0 5 -1\n", "soma"},
    {"# x\n1 1 0 0 nan 5 -1\n", ":2: coordinate"},
    {"1 1 0 0 1e300 5 -1\n", "coordinate"},
    {"1 1 0 0 0 0 -1\n", "radius"},
    {"1 1 0 0 0 inf -1\n", "radius"},
    {"1 1 0 0 0 5 -1\n2 3 0 0 9 1 -1\n", "second root"},
    {"1 1 0 0 0 5 -1\n2 1 0 0 9 1 1\n", "second soma"},
    {"1 1 0 0 0 5 -1\n2 3 0 0 9 1 3\n3 3 0 0 19 1 2\n", "cycle"},
    {"1 1 0 0 0 5 -1\n2 3 0 0 9 1 2\n", "cycle"},
    {"1 1 0 0 0 5 -1\n1 3 0 0 9 1 1\n", "ascend"},
    {"1 1 0 0 0 5 -1\n2 9 0 0 9 1 1\n", "type 9"},
    {"1 1 0 0 0 5 -1\n2 3 0 0 9 1 1\n", "single point"},
    {"1 1 0 0 0 5 -1\n2 3 0 0 9 1 1\n3 3 0 0 9 1 2\n", "no length"},
    {"1 1 0 0 0 5 -1\n2 3 0 0 9 1 1\n3 4 0 0 19 1 2\n", "type inside"},
    {"1 1 0 0 0 5 -1\n2 3 0 0 0 .0001 1\n3 3 0 0 1e6 .0001 2\n4 3 0 9e5 -1e6 .0001 3\n"
     "5 3 0 -9e5 1e6 .0001 4\n6 3 0 9e5 -1e6 .0001 5\n", "segments"},
  };
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
    char path[] = "swc-XXXXXX";
    meso_morphology *m = NULL;
    meso_err err = {0};
    const int fd = mkstemp(path);
    CU_ASSERT_FATAL(fd >= 0);
    CU_ASSERT(write(fd, bad[i].text, strlen(bad[i].text)) == (ssize_t) strlen(bad[i].text));
    close(fd);
    const meso_status status =
      meso_morphology_read(path, &(meso_discretisation) {150, 1, 0.001, 100}, &m, &err);
    if (meso_status_exit_code(status) != 3 || strstr(err.msg, bad[i].word) == NULL)
      printf("# case %zu: status %d '%s'\n", i, (int) status, err.msg);
    CU_ASSERT(meso_status_exit_code(status) == 3 && strstr(err.msg, bad[i].word) != NULL);
    CU_ASSERT_PTR_NULL(m);
    unlink(path);
  }
  meso_morphology *m = NULL;
  CU_ASSERT(meso_morphology_read("/nonexistent.swc", &(meso_discretisation) {150, 1, 0.1, 100}, &m,
                                 NULL) == MESO_ENOTFOUND);
  CU_ASSERT(meso_status_exit_code(meso_morphology_read(
    "/", &(meso_discretisation) {150, 1, 0.1, 100}, &m, NULL)) == 3);
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
    {"hostile files", test_hostile_files},
    {"section types", test_section_types},
    {NULL, NULL}};
  return meso_test_main("morphology", tests);
}
