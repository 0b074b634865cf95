/* test_signal_formats.c: signals from tables of text and from the potentials of SONATA. */
#include <hdf5.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "meso_format.h"
#include "meso_io.h"
#include "meso_test.h"

static void put(const char *path, const char *text)
{
  FILE *f = fopen(path, "w");
  CU_ASSERT_PTR_NOT_NULL_FATAL(f);
  fputs(text, f);
  fclose(f);
}

static meso_status read_file(const char *path, const char *want, meso_signals **s, meso_err *err)
{
  const meso_format *f = NULL;
  *s = NULL;
  CU_ASSERT_EQUAL_FATAL(meso_format_of_file(path, &f, NULL), MESO_OK);
  CU_ASSERT_STRING_EQUAL_FATAL(f->name, want);
  const meso_status status = f->read_signals(&(meso_format_input) {.path = path}, s, err);
  unlink(path);
  return status;
}

/** Names of spike tables as others write them. */
static void test_spikes_or_signals(void)
{
  static const struct { const char *text, *want; } row[] = {
    {"time_ms,id\n", "csv"}, {"time_ms, id\n", "csv"}, {"timestamps,node_ids\n", "csv"},
    {"\xEF\xBB\xBFtime,neuron\n", "csv"}, {"times,senders\n", "csv"}, {"1.5,3\n", "csv"},
    {"time_ms,a\n", "table"}, {"\xEF\xBB\xBFtime_ms,a\n", "table"},
    {"time_ms,idle\n", "table"}};
  for (size_t k = 0; k < sizeof row / sizeof *row; k++) {
    const meso_format *f = NULL;
    put("which.csv", row[k].text);
    CU_ASSERT_EQUAL_FATAL(meso_format_of_file("which.csv", &f, NULL), MESO_OK);
    CU_ASSERT_STRING_EQUAL(f->name, row[k].want);
    unlink("which.csv");
  }
}

static void test_tables(void)
{
  static const double value[] = {1, -2, 3, 4.5, 5e-3, 6};
  static const struct { const char *path, *text; } row[] = {
    {"probe.csv", "# made by hand\ntime_ms,\"left, \"\"a\"\" (mV)\",right (mV)\r\n2,1,-2\r\n"
     "4,3,4.5\r\n\r\n6,5e-3,6\r\n"},
    {"probe.tsv", "\xEF\xBB\xBFtime (s)\tleft, \"a\" [mV]\tright [mV]\n0.002\t1\t-2\n"
     "0.004\t3\t4.5\n0.006\t5e-3\t6"}};
  for (size_t k = 0; k < 2; k++) {
    meso_signals *s = NULL;
    meso_err err = {.msg = ""};
    put(row[k].path, row[k].text);
    CU_ASSERT_EQUAL_FATAL(read_file(row[k].path, "table", &s, &err), MESO_OK);
    const meso_signal *x = &s->signal[0];
    CU_ASSERT_FATAL(s->n == 1 && x->n_times == 3 && x->n_channels == 2);
    CU_ASSERT(x->sampling_rate_Hz == 500 && x->t_start_ms == 2);
    CU_ASSERT_STRING_EQUAL(x->name, "probe");
    CU_ASSERT_STRING_EQUAL(x->units, "mV");
    CU_ASSERT_STRING_EQUAL(x->label[0], k == 0 ? "left, \"a\"" : "left, \"a\"");
    CU_ASSERT_STRING_EQUAL(x->label[1], "right");
    MESO_CHECK_EACH(i, 6, x->data[i] == value[i]);
    meso_signals_destroy(s);
  }
}

/* What is written is read back to the same bits; spikes stay spikes. */
static void test_round_trip(void)
{
  meso_signals *s = NULL, *back = NULL;
  meso_signal *x = NULL;
  meso_err err = {.msg = ""};
  const meso_format *f = meso_format_to_write("lfp.csv", MESO_CONTENT_SIGNALS);
  CU_ASSERT_FATAL(f != NULL && f->write_signals != NULL);
  CU_ASSERT_EQUAL_FATAL(meso_signals_create(&s, NULL), MESO_OK);
  CU_ASSERT_EQUAL_FATAL(meso_signals_add(s, "lfp", "uV", 700, 3, 1e3 / 3, -12, &x, NULL), MESO_OK);
  for (size_t i = 0; i < 2100; i++) x->data[i] = sin((double) (i * i)) / 7;
  CU_ASSERT_EQUAL(meso_signal_set_label(x, 1, "a, (b)", NULL), MESO_OK);
  CU_ASSERT_EQUAL_FATAL(f->write_signals("lfp.csv", s, NULL, &err), MESO_OK);
  CU_ASSERT_EQUAL_FATAL(read_file("lfp.csv", "table", &back, &err), MESO_OK);
  const meso_signal *y = &back->signal[0];
  CU_ASSERT(y->n_times == 700 && y->n_channels == 3);
  CU_ASSERT(memcmp(x->data, y->data, 2100 * sizeof *x->data) == 0);
  MESO_CHECK_CLOSE(1e3 / 3, y->sampling_rate_Hz, 1e-12, 0);
  MESO_CHECK_CLOSE(-12, y->t_start_ms, 1e-12, 0);
  CU_ASSERT_STRING_EQUAL(y->units, "uV");
  CU_ASSERT_STRING_EQUAL(y->label[1], "a, (b)");
  CU_ASSERT_STRING_EQUAL(y->label[2], "channel 3");
  meso_signals_destroy(s);
  meso_signals_destroy(back);
  put("spikes.csv", "time_ms,id,population\n1.5,3,E\n");
  CU_ASSERT_EQUAL_FATAL(meso_format_of_file("spikes.csv", &f, NULL), MESO_OK);
  CU_ASSERT_STRING_EQUAL(f->name, "csv");
  CU_ASSERT_PTR_NULL(meso_format_also("spikes.csv", MESO_CONTENT_SIGNALS));
  unlink("spikes.csv");
}

static void test_broken_tables(void)
{
  static const struct { const char *text, *want; } row[] = {
    {"time_ms,a\n0,1\n1,x\n", "bad.csv:3: column 2 (a): 'x' is no finite number"},
    {"time_ms,a,b\n0,1,2\n1,nan,3\n", "bad.csv:3: column 2 (a): 'nan' is no"},
    {"time_ms,a,b\n0,1,2\n1,2\n", "bad.csv:3: column 2 (a): the row ends here; the names are of 3"},
    {"time_ms,a\n0,1\n1,2,3\n", "bad.csv:3: column 2 (a): more columns follow"},
    {"time_ms,a,b\n0,1,2\n1,,3\n", "bad.csv:3: column 2 (a): '' is no"},
    {"time_ms,a\n0,1\n1,2 mV\n", "bad.csv:3: column 2 (a): is no number"},
    {"time_ms,a\n0,1\n1,2\n3,4\n", "bad.csv:4: column 1 (time): 3 comes after a step of 2"},
    {"time_ms,a\n0,1\n0,2\n", "bad.csv:3: column 1 (time): 0 comes after a step of 0"},
    {"time_ms,a (mV),b (uV)\n0,1,2\n", "bad.csv:1: column 3 (b) has units 'uV'"},
    {"time,a\n0,1\n", "bad.csv:1: column 1 is 'time'"},
    {"time_ms,\"a\n0,1\n", "bad.csv:1: column 2: a name"},
    {"time_ms\n0\n", "bad.csv:1: has a time and no other column"},
    {"time_ms,a\n0,1\n", "bad.csv:3: 1 rows"}};
  for (size_t k = 0; k < sizeof row / sizeof *row; k++) {
    meso_signals *s = NULL;
    meso_err err = {.msg = ""};
    put("bad.csv", row[k].text);
    CU_ASSERT_EQUAL(meso_status_exit_code(read_file("bad.csv", "table", &s, &err)), 3);
    CU_ASSERT_PTR_NULL(s);
    if (strncmp(err.msg, row[k].want, strlen(row[k].want)) != 0) printf("# got: %s\n", err.msg);
    CU_ASSERT(strncmp(err.msg, row[k].want, strlen(row[k].want)) == 0);
  }
}

/* ---- potentials of SONATA ------------------------------------------------------------------- */

static void put_dataset(hid_t group, const char *name, int n_dims, const hsize_t *dims,
                        const double *v)
{
  const hid_t space = H5Screate_simple(n_dims, dims, NULL);
  const hid_t d = H5Dcreate2(group, name, H5T_NATIVE_DOUBLE, space, H5P_DEFAULT, H5P_DEFAULT,
                             H5P_DEFAULT);
  CU_ASSERT(H5Dwrite(d, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, v) >= 0);
  H5Dclose(d);
  H5Sclose(space);
}

static void put_units(hid_t file, const char *units)
{
  const hid_t type = H5Tcopy(H5T_C_S1), space = H5Screate(H5S_SCALAR);
  H5Tset_size(type, strlen(units) + 1);
  const hid_t d = H5Dopen2(file, "/ecp/data", H5P_DEFAULT);
  const hid_t a = H5Acreate2(d, "units", type, space, H5P_DEFAULT, H5P_DEFAULT);
  CU_ASSERT(H5Awrite(a, type, units) >= 0);
  H5Aclose(a);
  H5Dclose(d);
  H5Sclose(space);
  H5Tclose(type);
}

static void make_ecp(const char *path, const char *units, const double time_ms[3],
                     hsize_t n_channels)
{
  static const double value[] = {1, 2, 3, 4, 5, 6, 7, 8}, id[] = {10, 12, 14};
  const hid_t f = H5Fcreate(path, H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
  const hid_t g = H5Gcreate2(f, "ecp", H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
  put_dataset(g, "data", 2, (hsize_t[2]) {4, 2}, value);
  put_dataset(g, "channel_id", 1, &n_channels, id);
  put_dataset(g, "time", 1, (hsize_t[1]) {3}, time_ms);
  if (units != NULL) put_units(f, units);
  H5Gclose(g);
  H5Fclose(f);
}

static void test_ecp(void)
{
  static const struct { const char *units; double factor; } row[] = {{NULL, 1}, {"mV", 1},
                                                                     {"uV", 1e-3}, {"V", 1e3}};
  static const double time_ms[3] = {5, 7, 0.5}, stopped[3] = {5, 7, 0};
  meso_signals *s = NULL;
  meso_err err = {.msg = ""};
  for (size_t k = 0; k < 4; k++) {
    make_ecp("ecp.h5", row[k].units, time_ms, 2);
    CU_ASSERT_EQUAL_FATAL(read_file("ecp.h5", "ecp", &s, &err), MESO_OK);
    const meso_signal *x = meso_signals_find(s, "lfp");
    CU_ASSERT_FATAL(x != NULL && x->n_times == 4 && x->n_channels == 2);
    CU_ASSERT(x->sampling_rate_Hz == 2000 && x->t_start_ms == 5 && strcmp(x->units, "mV") == 0);
    CU_ASSERT_STRING_EQUAL(x->label[1], "12");
    MESO_CHECK_WORST(i, 8, fabs(x->data[i] - row[k].factor * ((double) i + 1)), 1e-12);
    meso_signals_destroy(s);
  }
  make_ecp("ecp.h5", "pA", time_ms, 2);
  CU_ASSERT_EQUAL(read_file("ecp.h5", "ecp", &s, &err), MESO_EFORMAT);
  CU_ASSERT_PTR_NOT_NULL(strstr(err.msg, "mV, uV or V"));
  make_ecp("ecp.h5", "mV", stopped, 2);
  CU_ASSERT_EQUAL(read_file("ecp.h5", "ecp", &s, &err), MESO_EFORMAT);
  CU_ASSERT_PTR_NOT_NULL(strstr(err.msg, "/ecp/time"));
  make_ecp("ecp.h5", "mV", time_ms, 3);
  CU_ASSERT_EQUAL(read_file("ecp.h5", "ecp", &s, &err), MESO_EFORMAT);
  CU_ASSERT_PTR_NOT_NULL(strstr(err.msg, "names 3 channels"));
}

int main(void)
{
  static const meso_test test[] = {
    {"tables: names, units, time", test_tables}, {"written and read back", test_round_trip},
    {"broken tables: line and column", test_broken_tables},
    {"spikes or signals", test_spikes_or_signals},
    {"potentials of SONATA", test_ecp}, {NULL, NULL}};
  return meso_test_main("signal_formats", test);
}
