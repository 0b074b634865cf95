/* test_result_table.c: results of analyses as text, read back. */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "meso_io.h"
#include "meso_result_table.h"
#include "meso_test.h"

static const double special[6] = {0.1, -1.0 / 3, 5e-324, 1.7976931348623157e308, NAN, -INFINITY};

/* A matrix with named axes, edges, text and attributes. */
static meso_result *make_result(void)
{
  meso_result *r = NULL;
  meso_array *a = NULL;
  const size_t dims[2] = {2, 3}, pairs[2] = {2, 2};
  static const char *const label[] = {"V1, \"left\"", "b\nc"};
  CU_ASSERT_EQUAL_FATAL(meso_result_create(&r, NULL), MESO_OK);
  CU_ASSERT_EQUAL_FATAL(meso_result_add_vector(r, "/x/frequency_Hz", "Hz", 3,
                                               (double[]) {0, 0.1, 0.2}, NULL), MESO_OK);
  CU_ASSERT_EQUAL_FATAL(meso_result_add(r, "/x/pairs", "1", 2, pairs, &a, NULL), MESO_OK);
  for (size_t k = 0; k < 4; k++) a->data[k] = (double) (k + 5);
  CU_ASSERT_EQUAL_FATAL(meso_result_add(r, "/x/y/psd", "mV^2/Hz", 2, dims, &a, NULL), MESO_OK);
  memcpy(a->data, special, sizeof special);
  CU_ASSERT_EQUAL(meso_attrs_set_text(&a->attrs, "axes", "pairs,frequency_Hz", NULL), MESO_OK);
  CU_ASSERT_EQUAL_FATAL(meso_result_add(r, "/x/mean", "", 1, pairs, &a, NULL), MESO_OK);
  a->data[1] = 7;
  CU_ASSERT_EQUAL(meso_attrs_set_text(&a->attrs, "axes", "frequency_Hz", NULL), MESO_OK);
  CU_ASSERT_EQUAL_FATAL(meso_result_add_text(r, "/x/labels", 2, label, NULL), MESO_OK);
  meso_attrs *attrs = meso_result_group_attrs(r, "/x");
  CU_ASSERT_EQUAL(meso_attrs_set_number(attrs, "level", 0.3, NULL), MESO_OK);
  CU_ASSERT_EQUAL(meso_attrs_set_text(attrs, "finding", "none, at all", NULL), MESO_OK);
  return r;
}

static void expect_text(const char *path, const char *text)
{
  char *bytes = NULL;
  CU_ASSERT_EQUAL_FATAL(meso_file_read(path, 1 << 20, &bytes, NULL, NULL), MESO_OK);
  CU_ASSERT_STRING_EQUAL(bytes, text);
  if (strcmp(bytes, text) != 0) printf("# %s:\n# %s\n", path, bytes);
  free(bytes);
}

/* A table for each dataset, with its axes where it names them; edges stand on both sides. */
static void test_folder(void)
{
  meso_result *r = make_result();
  static const struct { const char *name, *text; bool stays; } old[] = {
    {"result_table/x.y.old.csv", "index_0,old\n0,1\n", false},
    {"result_table/x.notes.csv", "day,words\n", true},    /* no table of ours */
    {"result_table/xy.old.csv", "index_0,old\n", true},   /* of another analysis */
    {"result_table/x.y.old.tsv", "index_0\told\n", true}};
  CU_ASSERT_EQUAL_FATAL(meso_result_table_write("result_table", r, NULL), MESO_OK);
  for (size_t k = 0; k < sizeof old / sizeof *old; k++)
    CU_ASSERT_EQUAL(meso_file_write(old[k].name, old[k].text, strlen(old[k].text), NULL), MESO_OK);
  CU_ASSERT_EQUAL(meso_result_table_write("result_table", r, NULL), MESO_OK);
  for (size_t k = 0; k < sizeof old / sizeof *old; k++)
    CU_ASSERT_EQUAL(access(old[k].name, F_OK) == 0, old[k].stays);
  expect_text("result_table/x.y.psd.csv",
              "index_0,index_1,pairs_0 (1),pairs_1 (1),frequency_Hz (Hz),psd (mV^2/Hz)\n"
              "0,0,5,6,0,0.1\n0,1,5,6,0.1,-0.33333333333333331\n"
              "0,2,5,6,0.2,4.94065645841247e-324\n1,0,7,8,0,1.7976931348623157e+308\n"
              "1,1,7,8,0.1,nan\n1,2,7,8,0.2,-inf\n");
  expect_text("result_table/x.mean.csv",
              "index_0,frequency_Hz_from (Hz),frequency_Hz_to (Hz),mean\n0,0,0.1,0\n"
              "1,0.1,0.2,7\n");
  expect_text("result_table/x.labels.csv",
              "index_0,labels\n0,\"V1, \"\"left\"\"\"\n1,b c\n");
  expect_text("result_table/x.attributes.csv",
              "name,value\n/x/level,0.3\n/x/finding,\"none, at all\"\n");
  CU_ASSERT_EQUAL(system("rm -r result_table"), 0);
  meso_result_destroy(r);
}

static void test_one_table(void)
{
  meso_result *r = make_result();
  char *bytes = NULL;
  static const char start[] = "dataset\tunits\tindex_0\tindex_1\tindex_2\tindex_3\tvalue\n"
                              "/x/frequency_Hz\tHz\t0\t\t\t\t0\n";
  CU_ASSERT_EQUAL_FATAL(meso_result_table_write("result_table.tsv", r, NULL), MESO_OK);
  CU_ASSERT_EQUAL_FATAL(meso_file_read("result_table.tsv", 1 << 20, &bytes, NULL, NULL), MESO_OK);
  CU_ASSERT(strncmp(bytes, start, strlen(start)) == 0);
  char *row = strstr(bytes, "/x/y/psd");
  for (size_t k = 0; k < 6; k++) {
    size_t i = 0, j = 0;
    char value[64] = "";
    CU_ASSERT_EQUAL_FATAL(sscanf(row, "/x/y/psd mV^2/Hz %zu %zu %63s", &i, &j, value), 3);
    const double x = strtod(value, NULL);
    CU_ASSERT_EQUAL(3 * i + j, k);
    CU_ASSERT(isnan(special[k]) ? strcmp(value, "nan") == 0 : memcmp(&x, &special[k], 8) == 0);
    row = strchr(row, '\n') + 1;
  }
  CU_ASSERT_PTR_NOT_NULL(strstr(bytes, "\n/x/labels\t\t0\t\t\t\tV1, \"left\"\n"));
  CU_ASSERT_PTR_NOT_NULL(strstr(bytes, "\n/x/level\t\t\t\t\t\t0.3\n"));
  free(bytes);
  CU_ASSERT_EQUAL(unlink("result_table.tsv"), 0);
  meso_result_destroy(r);
}

static void test_refusals(void)
{
  meso_result *r = make_result();
  meso_err err = {0};
  CU_ASSERT_EQUAL(meso_result_table_write("no/such/folder", r, NULL), MESO_ENOTFOUND);
  CU_ASSERT_EQUAL(meso_result_table_write("no/such/x.csv", r, NULL), MESO_ENOTFOUND);
  CU_ASSERT_EQUAL(meso_file_write("result_table.file", "x", 1, NULL), MESO_OK);
  CU_ASSERT_EQUAL(meso_result_table_write("result_table.file", r, &err), MESO_EINVAL);
  CU_ASSERT_EQUAL(unlink("result_table.file"), 0);
  CU_ASSERT_EQUAL_FATAL(meso_result_add_vector(r, "/x.y/psd", "1", 1, special, NULL), MESO_OK);
  CU_ASSERT_EQUAL(meso_result_table_write("result_table", r, &err), MESO_EFORMAT);
  CU_ASSERT_PTR_NOT_NULL(strstr(err.msg, "both /x/y/psd and /x.y/psd"));
  CU_ASSERT_NOT_EQUAL(access("result_table", F_OK), 0);
  meso_result_destroy(r);
}

int main(void)
{
  static const meso_test tests[] = {
    {"a table for each dataset, with its axes", test_folder},
    {"one table of all datasets reads back to the same bits", test_one_table},
    {"names and folders that are refused", test_refusals},
    {NULL, NULL}};
  return meso_test_main("result_table", tests);
}
