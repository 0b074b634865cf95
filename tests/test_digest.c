/* Digest of a file: the same for the same contents however they are stored, another for any other
 * contents, without the file in memory. */
#include <hdf5.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "meso_io.h"
#include "meso_test.h"

static void digest_of(const char *path, char out[65])
{
  meso_err err = { .status = MESO_OK };
  const meso_status status = meso_file_digest(path, out, &err);
  if (status != MESO_OK) printf("# %s\n", err.msg);
  CU_ASSERT_EQUAL(status, MESO_OK);
  CU_ASSERT_EQUAL(strlen(out), 64);
}

static bool same(const char *a, const char *b)
{
  char x[65], y[65];
  digest_of(a, x);
  digest_of(b, y);
  return strcmp(x, y) == 0;
}

/* ---- files through the library ------------------------------------------------------------- */

static void write_result(const char *path, double last, const char *text, const char *command)
{
  meso_err err = { .status = MESO_OK };
  meso_result *r = NULL;
  const double x[3] = { 1, NAN, last };
  const char *const names[2] = { "a", text };
  const meso_provenance provenance = { .command_line = command, .seed = command[0] };
  CU_ASSERT_EQUAL_FATAL(meso_result_create(&r, &err), MESO_OK);
  CU_ASSERT_EQUAL(meso_result_add_vector(r, "/x/values", "mV", 3, x, &err), MESO_OK);
  CU_ASSERT_EQUAL(meso_result_add_text(r, "/x/names", 2, names, &err), MESO_OK);
  CU_ASSERT_EQUAL(meso_attrs_set_number(&r->attrs, "number", 7, &err), MESO_OK);
  CU_ASSERT_EQUAL(meso_result_write(path, "analysis", r, &provenance, &err), MESO_OK);
  meso_result_destroy(r);
}

static void test_contents(void)
{
  write_result("digest_a.h5", 3, "b", "one command");
  write_result("digest_b.h5", 3, "b", "another command");
  CU_ASSERT(same("digest_a.h5", "digest_b.h5"));
  write_result("digest_b.h5", 3.0000000000000004, "b", "one command");
  CU_ASSERT(!same("digest_a.h5", "digest_b.h5"));
  write_result("digest_b.h5", 3, "c", "one command");
  CU_ASSERT(!same("digest_a.h5", "digest_b.h5"));
  unlink("digest_b.h5");
  unlink("digest_a.h5");
}

static void test_refusals(void)
{
  meso_err err = { .status = MESO_OK };
  char out[65];
  CU_ASSERT_EQUAL(meso_file_digest("no_such_file.h5", out, &err), MESO_ENOTFOUND);
  const hid_t file = H5Fcreate("digest_c.h5", H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
  const hid_t type = H5Tcreate(H5T_COMPOUND, 8), space = H5Screate(H5S_SCALAR);
  H5Tinsert(type, "x", 0, H5T_NATIVE_DOUBLE);
  H5Dclose(H5Dcreate2(file, "pair", type, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT));
  H5Sclose(space);
  H5Tclose(type);
  H5Fclose(file);
  CU_ASSERT_EQUAL(meso_file_digest("digest_c.h5", out, &err), MESO_EFORMAT);
  CU_ASSERT_PTR_NOT_NULL(strstr(err.msg, "pair"));
  unlink("digest_c.h5");
}

/* ---- files by hand ------------------------------------------------------------------------- */

/* How one array of numbers is stored. */
typedef struct layout {
  bool last_first;      /* order of creation */
  hsize_t chunk[3];     /* 0: contiguous */
  hid_t type;
  bool fixed_text;
} layout;

enum { N0 = 2, N1 = 700, N2 = 2000 }; /* 22 MB: several pieces, cut along the second axis */

static void put_numbers(hid_t file, const layout *l, const double *x)
{
  const hsize_t dims[3] = { N0, N1, N2 };
  const hid_t space = H5Screate_simple(3, dims, NULL), list = H5Pcreate(H5P_DATASET_CREATE);
  if (l->chunk[0] > 0) {
    H5Pset_chunk(list, 3, l->chunk);
    H5Pset_deflate(list, 1);
  }
  const hid_t set = H5Dcreate2(file, "numbers", l->type, space, H5P_DEFAULT, list, H5P_DEFAULT);
  CU_ASSERT(H5Dwrite(set, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, x) >= 0);
  H5Dclose(set);
  H5Pclose(list);
  H5Sclose(space);
}

static void put_text(hid_t file, const layout *l)
{
  const char *const variable[2] = { "one", "three" };
  const char fixed[2][12] = { "one", "three" };
  const hsize_t n = 2;
  const hid_t space = H5Screate_simple(1, &n, NULL), type = H5Tcopy(H5T_C_S1);
  H5Tset_size(type, l->fixed_text ? sizeof fixed[0] : H5T_VARIABLE);
  const hid_t set = H5Dcreate2(file, "text", type, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
  const void *from = l->fixed_text ? (const void *) fixed : (const void *) variable;
  CU_ASSERT(H5Dwrite(set, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, from) >= 0);
  H5Dclose(set);
  H5Tclose(type);
  H5Sclose(space);
}

static void write_by_hand(const char *path, const layout *l, const double *x)
{
  const hid_t list = H5Pcreate(H5P_FILE_CREATE);
  H5Pset_link_creation_order(list, H5P_CRT_ORDER_TRACKED | H5P_CRT_ORDER_INDEXED);
  const hid_t file = H5Fcreate(path, H5F_ACC_TRUNC, list, H5P_DEFAULT);
  CU_ASSERT_FATAL(file >= 0);
  H5Pclose(list);
  if (l->last_first) put_text(file, l);
  put_numbers(file, l, x);
  if (!l->last_first) put_text(file, l);
  H5Fclose(file);
}

static void test_storage(void)
{
  static const layout other[] = {
    { .last_first = true }, { .chunk = { 1, 64, 2000 } }, { .chunk = { 2, 700, 7 } },
    { .fixed_text = true },
  };
  const size_t n = (size_t) N0 * N1 * N2;
  double *x = malloc(n * sizeof *x);
  CU_ASSERT_PTR_NOT_NULL_FATAL(x);
  for (size_t i = 0; i < n; i++) x[i] = (double) i;
  layout l = { .type = H5T_IEEE_F64LE };
  write_by_hand("digest_a.h5", &l, x);
  for (size_t i = 0; i < sizeof other / sizeof other[0]; i++) {
    l = other[i];
    l.type = H5T_IEEE_F64LE;
    write_by_hand("digest_b.h5", &l, x);
    CU_ASSERT(same("digest_a.h5", "digest_b.h5"));
  }
  l = (layout) { .type = H5T_IEEE_F64BE };
  write_by_hand("digest_b.h5", &l, x);
  CU_ASSERT(same("digest_a.h5", "digest_b.h5"));
  l.type = H5T_STD_I64LE;
  write_by_hand("digest_b.h5", &l, x);
  CU_ASSERT(!same("digest_a.h5", "digest_b.h5"));
  l.type = H5T_IEEE_F64LE;
  static const double where[] = { 0, 0.34, 0.5, 0.77, 1 };
  for (size_t i = 0; i < 5; i++) { /* a change anywhere is seen, in every piece */
    double *at = &x[(size_t) (where[i] * (double) (n - 1))];
    *at += 1;
    write_by_hand("digest_b.h5", &l, x);
    CU_ASSERT(!same("digest_a.h5", "digest_b.h5"));
    *at -= 1;
  }
  free(x);
  unlink("digest_a.h5");
  unlink("digest_b.h5");
}

/* A file of 96 MB is read in less memory than half of it. */
static void test_memory(void)
{
  const hsize_t n = 12000000, one = 1;
  const double tenth = 0.1;
  char out[65];
  struct rusage before, after;
  const hid_t file = H5Fcreate("digest_big.h5", H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
  const hid_t space = H5Screate_simple(1, &n, NULL), list = H5Pcreate(H5P_DATASET_CREATE);
  H5Pset_alloc_time(list, H5D_ALLOC_TIME_EARLY);
  H5Pset_fill_time(list, H5D_FILL_TIME_NEVER); /* a hole in the file: zeros that take no disk */
  const hid_t set =
    H5Dcreate2(file, "x", H5T_IEEE_F64LE, space, H5P_DEFAULT, list, H5P_DEFAULT);
  const hid_t memory = H5Screate_simple(1, &one, NULL);
  const hsize_t last = n - 1;
  H5Sselect_elements(space, H5S_SELECT_SET, 1, &last);
  CU_ASSERT(H5Dwrite(set, H5T_NATIVE_DOUBLE, memory, space, H5P_DEFAULT, &tenth) >= 0);
  H5Sclose(memory);
  H5Dclose(set);
  H5Pclose(list);
  H5Sclose(space);
  H5Fclose(file);
  (void) getrusage(RUSAGE_SELF, &before);
  digest_of("digest_big.h5", out);
  (void) getrusage(RUSAGE_SELF, &after);
  const long more_kB = after.ru_maxrss - before.ru_maxrss;
  if (more_kB >= 48000) printf("# %ld kB more\n", more_kB);
  CU_ASSERT(more_kB < 48000);
  unlink("digest_big.h5");
}

int main(void)
{
  static const meso_test tests[] = {
    { "memory does not grow with the file", test_memory },
    { "contents, not provenance", test_contents },
    { "refusals", test_refusals },
    { "any layout, any change", test_storage },
    { NULL, NULL },
  };
  char folder[] = "test_digest_XXXXXX";
  if (mkdtemp(folder) == NULL || chdir(folder) != 0) return 99;
  (void) H5Eset_auto2(H5E_DEFAULT, NULL, NULL);
  const int rc = meso_test_main("digest", tests);
  return chdir("..") != 0 || rmdir(folder) != 0 ? 1 : rc;
}
