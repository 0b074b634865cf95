/* test_points.c: tables of places, good and bad. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "meso_points.h"
#include "meso_test.h"

static void expect_points(const char *text, size_t n, const char *name, double last_z)
{
  meso_points p = {0};
  meso_err err = {0};
  if (meso_points_parse(text, strlen(text), "t.csv", &p, &err) != MESO_OK) {
    printf("# %s: %s\n", text, err.msg);
    CU_FAIL("points");
    return;
  }
  CU_ASSERT_EQUAL(p.n, n);
  CU_ASSERT((name == NULL) == (p.name == NULL));
  if (name != NULL && p.name != NULL) CU_ASSERT_STRING_EQUAL(p.name[0], name);
  CU_ASSERT_EQUAL(p.xyz_um[3 * p.n - 1], last_z);
  meso_points_clear(&p);
}

static void test_good(void)
{
  expect_points("1,2,3\n", 1, NULL, 3);
  expect_points("x_um,y_um,z_um\r\n1, 2, -3.5e1\r\n\r\n4 5 6", 2, NULL, 6);
  expect_points("# a probe\nname, x_um, y_um, z_um\nA1, 1, 2, 3 # first\nA2 4 5 7\n", 2, "A1", 7);
  expect_points("name x_um y_um z_um\nCz 0 0 90000\n", 1, "Cz", 90000);
  expect_points("  -1\t-2 -3", 1, NULL, -3);
}

static void expect_error(const char *text, size_t n, const char *part)
{
  meso_points p = {0};
  meso_err err = {0};
  const meso_status got = meso_points_parse(text, n, "t.csv", &p, &err);
  if (got == MESO_OK || strstr(err.msg, part) == NULL)
    printf("# %.40s: status %d, '%s', not '%s'\n", text, (int) got, err.msg, part);
  CU_ASSERT(meso_status_exit_code(got) == 3 && strstr(err.msg, part) != NULL);
  CU_ASSERT(p.n == 0 && p.xyz_um == NULL);
}

static void test_bad(void)
{
#define BAD(text, part) expect_error(text, sizeof text - 1, part)
  BAD("", "t.csv: has no points");
  BAD("# only words\n", "has no points");
  BAD("x_mm,y_mm,z_mm\n1,2,3\n", "t.csv:1");
  BAD("1,2,3\nx_um,y_um,z_um\n", "t.csv:2");
  BAD("1,2\n", "t.csv:1: has 2 numbers");
  BAD("1,2,3,4\n", "has 4 numbers");
  BAD("1,2,3\n4,5,nan\n", "t.csv:2");
  BAD("1,2,inf\n", "t.csv:1");
  BAD("1,2,1e8\n", "-1e+07 um to 1e+07 um");
  BAD("1,2,3 mm\n", "unit is um");
  BAD("a,1,2,3\n4,5,6\n", "t.csv:2: either all points or none");
  BAD("1,2,3\na,4,5,6\n", "t.csv:2: either all points or none");
  BAD(",1,2,3\n", "t.csv:1");
  BAD("1,2,\0" "3\n", "no text");
  char *wide = malloc(2000);
  memset(wide, '1', 2000);
  expect_error(wide, 2000, "too long");
  free(wide);
  const size_t n = 100001 * 6;
  char *many = malloc(n);
  for (size_t i = 0; i < n; i++) many[i] = "1,2,3\n"[i % 6];
  expect_error(many, n, "t.csv:100001: more than 100000 points");
  free(many);
}

static void test_files(void)
{
  meso_points p = {0};
  meso_err err = {0};
  CU_ASSERT(meso_points_read("no such file", &p, &err) == MESO_ENOTFOUND);
  CU_ASSERT(meso_points_read("/dev/zero", &p, &err) == MESO_EFORMAT);
  CU_ASSERT(meso_points_read(".", &p, &err) == MESO_EFORMAT);
  char path[] = "points-XXXXXX";
  const int fd = mkstemp(path);
  CU_ASSERT_FATAL(fd >= 0);
  CU_ASSERT(write(fd, "1 2 3\n", 6) == 6);
  close(fd);
  CU_ASSERT(meso_points_read(path, &p, &err) == MESO_OK && p.n == 1);
  unlink(path);
  meso_points_clear(&p);
}

int main(void)
{
  static const meso_test tests[] = {
    {"good tables", test_good}, {"bad tables", test_bad}, {"files", test_files}, {NULL, NULL}};
  return meso_test_main("points", tests);
}
