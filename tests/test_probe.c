/* test_probe.c: layouts of probes, in model files; what larger contacts see. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "meso_io.h"
#include "meso_lfp.h"
#include "meso_probe.h"
#include "meso_test.h"

#define HEAD "name: t\nsimulation: {duration_ms: 10}\npopulations:\n" \
             "  - {name: A, type: excitatory, size: 10}\n"

static char folder[] = "probe-XXXXXX";
static char *morphologies; /* absolute: the tests change the folder */

static void make_folder(void)
{
  morphologies = realpath(meso_test_path("morphologies"), NULL);
  CU_ASSERT_FATAL(morphologies != NULL);
  CU_ASSERT_FATAL(mkdtemp(folder) != NULL && chdir(folder) == 0);
}

static void write_text(const char *name, const char *text)
{
  CU_ASSERT(meso_file_write(name, text, strlen(text), NULL) == MESO_OK);
}

/* Model with this section; NULL and the message if it is refused. */
static meso_model *read_probe(const char *section, meso_err *err)
{
  char text[2000];
  meso_model *model = NULL;
  (void) snprintf(text, sizeof text, HEAD "probe: {%s}\n", section);
  write_text("model.yaml", text);
  const meso_status st = meso_model_read("model.yaml", 0, NULL, &model, err);
  CU_ASSERT(st == MESO_OK || meso_status_exit_code(st) == 3);
  return model;
}

static void expect_contacts(const char *section, size_t n, size_t n_given, const double *xyz)
{
  meso_err err = {0};
  meso_model *m = read_probe(section, &err);
  if (m == NULL) {
    printf("# %s: %s\n", section, err.msg);
    CU_FAIL("probe");
    return;
  }
  CU_ASSERT_EQUAL(m->probe.contacts.n, n);
  if (m->probe.contacts.n == n)
    MESO_CHECK_WORST(i, 3 * n_given, fabs(m->probe.contacts.xyz_um[i] - xyz[i]), 1e-12);
  meso_model_destroy(m);
}

static void test_layouts(void)
{
  static const double laminar[] = {0, 0, 0, 0, 0, -100, 0, 0, -200};
  expect_contacts("", 16, 3, laminar);
  static const double aside[] = {10, 20, -30, 10, 20, -80};
  expect_contacts("n_contacts: 2, x_um: 10, y_um: 20, z_first_um: -30, z_step_um: -50", 2, 2,
                  aside);
  static const double grid[] = {-400, -50, -1500, 0, -50, -1500, 400, -50, -1500,
                                -400, 50, -1500, 0, 50, -1500, 400, 50, -1500};
  expect_contacts("layout: grid, n_columns: 3, n_rows: 2, pitch_y_um: 100, z_first_um: -1500", 6, 6,
                  grid);
  expect_contacts("layout: grid, z_first_um: -1000", 100, 1,
                  (const double[]) {-1800, -1800, -1000});
  static const double first[] = {-24, 0, -100, 8, 0, -100, -8, 0, -120, 24, 0, -120,
                                 -24, 0, -140};
  expect_contacts("layout: neuropixels1, n_contacts: 384, z_first_um: -100", 384, 5, first);
  static const double second[] = {-16, 0, 0, 16, 0, 0, -16, 0, -15, 16, 0, -15};
  expect_contacts("layout: neuropixels2, n_contacts: 4", 4, 4, second);
  static const double listed[] = {1, 2, -3, 4, 5, -6};
  expect_contacts("layout: list, contacts_um: [1, 2, -3, 4, 5, -6]", 2, 2, listed);
  static const double moved[] = {11, 2, -103};
  expect_contacts("layout: list, x_um: 10, z_first_um: -100, contacts_um: [1, 2, -3]", 1, 1, moved);
}

/* A table beside the model; its numbers are in the canonical text, so a change is noticed. */
static void test_table(void)
{
  static const double listed[] = {1, 2, -3, 4, 5, -6};
  write_text("contacts.csv", "name,x_um,y_um,z_um\ntop,1,2,-3\nbottom,4,5,-6\n");
  expect_contacts("layout: list, contacts_file: contacts.csv", 2, 2, listed);
  meso_err err = {0};
  meso_model *m = read_probe("layout: list, contacts_file: contacts.csv", &err);
  CU_ASSERT_FATAL(m != NULL);
  CU_ASSERT(m->probe.contacts.name != NULL && strcmp(m->probe.contacts.name[1], "bottom") == 0);
  char *text = meso_model_canonical(m, MESO_SECTION_LFP);
  CU_ASSERT(text != NULL && strstr(text, "probe.contacts_um = 1, 2, -3, 4, 5, -6\n") != NULL);
  free(text);
  meso_model_destroy(m);
  m = NULL;
  /* the folder of the model counts, not that of the process */
  CU_ASSERT(chdir("..") == 0);
  char path[64];
  (void) snprintf(path, sizeof path, "%s/model.yaml", folder);
  CU_ASSERT(meso_model_read(path, 0, NULL, &m, &err) == MESO_OK);
  CU_ASSERT(chdir(folder) == 0);
  meso_model_destroy(m);
}

static void expect_refusal(const char *section, const char *part)
{
  meso_err err = {0};
  meso_model *m = read_probe(section, &err);
  if (m != NULL || strstr(err.msg, part) == NULL) printf("# %s: '%s'\n", section, err.msg);
  CU_ASSERT(m == NULL && strstr(err.msg, part) != NULL);
  meso_model_destroy(m);
}

static void test_refusals(void)
{
  expect_refusal("layout: utah", "must be one of laminar|grid|neuropixels1|neuropixels2|list");
  expect_refusal("n_columns: 3", "model.yaml:5: probe.n_columns = 3: layout laminar does not take");
  expect_refusal("layout: grid, z_step_um: 20", "layout grid does not take it");
  expect_refusal("layout: grid, n_columns: 1000, n_rows: 1000",
                 "probe.n_columns = 1000: makes too");
  expect_refusal("layout: list", "needs contacts_um or contacts_file");
  expect_refusal("layout: list, contacts_um: [1, 2, 3], contacts_file: a.csv", "one of them");
  expect_refusal("layout: list, contacts_um: [1, 2]", "three numbers, x, y and z");
  expect_refusal("layout: list, contacts_file: none.csv", "none.csv");
  expect_refusal("contacts_um: [1, 2, 3]", "layout laminar does not take it");
  expect_refusal("contact_normal: [0, 0, 0]", "probe.contact_normal = 0, 0, 0: must be three");
  expect_refusal("contact_normal: [1, 0]", "must be three");
  write_text("bad.csv", "1,2,3\n1,2\n");
  expect_refusal("layout: list, contacts_file: bad.csv", "bad.csv:2: has 2 numbers");
}

/* Kernels of a model of one pathway, with a probe. */
static meso_result *kernels_of(const char *probe)
{
  static const char text[] =
    "name: t\nsimulation: {duration_ms: 10}\npopulations:\n"
    "  - {name: A, type: excitatory, size: 100, layer: L}\n"
    "projections:\n  - {source: A, target: A, probability: 0.1}\n"
    "layers:\n  - {name: L, z_top_um: 0, z_bottom_um: -400}\n"
    "cells:\n  - {name: a, population: A, morphology: ball_and_stick.swc, sections: apic+dend}\n"
    "lfp: {radius_um: 300, kernel_duration_ms: 10}\nprobe: {%s}\n";
  char file[2000];
  meso_model *m = NULL;
  meso_result *kernels = NULL;
  meso_err err = {0};
  (void) snprintf(file, sizeof file, text, probe);
  write_text("one.yaml", file);
  const char *dirs[] = {morphologies};
  if (meso_model_read("one.yaml", 0, NULL, &m, &err) != MESO_OK ||
      meso_kernels_build(m, 1, dirs, 1, NULL, &kernels, &err) != MESO_OK) {
    printf("# %s: %s\n", probe, err.msg);
    CU_FAIL("kernels");
  }
  meso_model_destroy(m);
  return kernels;
}

/* Kernels of population methods know where a contact is, and how large. */
static void test_kernels_see_the_probe(void)
{
  meso_result *axis = kernels_of("n_contacts: 1, z_first_um: -150");
  meso_result *three = kernels_of("layout: list, contacts_um: [0, 0, -150, 200, 0, -150, 0, -200, "
                                  "-150]");
  meso_result *tall = kernels_of("n_contacts: 1, z_first_um: -150, contact_shape: square, "
                                 "contact_side_um: 60");
  meso_result *flat = kernels_of("n_contacts: 1, z_first_um: -150, contact_shape: circle, "
                                 "contact_normal: [0, 0, 1], contact_radius_um: 1e-3");
  if (axis != NULL && three != NULL && tall != NULL && flat != NULL) {
    const double *one = meso_result_find(axis, "/kernels/data")->data;
    const meso_array *a = meso_result_find(three, "/kernels/data");
    const double *wide = meso_result_find(tall, "/kernels/data")->data;
    const double *point = meso_result_find(flat, "/kernels/data")->data;
    const size_t n = a->dims[2];
    CU_ASSERT_EQUAL_FATAL(a->dims[1], 3);
    double peak = 0, aside = 0, spread = 0;
    for (size_t k = 0; k < n; k++) {
      peak = fmax(peak, fabs(one[k]));
      aside = fmax(aside, fabs(a->data[n + k] - one[k]));
      spread = fmax(spread, fabs(wide[k] - one[k]));
    }
    MESO_CHECK_WORST(k, n, fabs(a->data[k] - one[k]), 1e-12 * peak);
    MESO_CHECK_WORST(k, n, fabs(a->data[n + k] - a->data[2 * n + k]), 1e-9 * peak);
    MESO_CHECK_WORST(k, n, fabs(point[k] - one[k]), 1e-6 * peak);
    CU_ASSERT(aside > 0.01 * peak && spread > 1e-3 * peak && spread < 0.5 * peak);
  }
  meso_result_destroy(axis);
  meso_result_destroy(three);
  meso_result_destroy(tall);
  meso_result_destroy(flat);
}

static void remove_folder(void)
{
  static const char *const files[] = {"model.yaml", "one.yaml", "contacts.csv", "bad.csv"};
  for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) (void) unlink(files[i]);
  CU_ASSERT(chdir("..") == 0 && rmdir(folder) == 0);
  free(morphologies);
}

int main(void)
{
  static const meso_test tests[] = {
    {"a folder", make_folder},
    {"layouts", test_layouts},
    {"table of contacts", test_table},
    {"refusals", test_refusals},
    {"kernels see the probe", test_kernels_see_the_probe},
    {"remove the folder", remove_folder},
    {NULL, NULL}};
  return meso_test_main("probe", tests);
}
