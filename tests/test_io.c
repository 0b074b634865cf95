/* Native files: round trips, equal bytes, hostile input, a disk that is full. */
#include <fftw3.h>
#include <gsl/gsl_version.h>
#include <hdf5.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "meso_io.h"
#include "meso_test.h"

static const meso_provenance provenance = {
  .command_line = "mesocast simulate model.yaml", .model_text = "model: m\n", .seed = 3,
  .n_inputs = 1, .input = (const char *const[]) { "model.yaml" },
  .input_sha256 = (const char *const[]) { "ab" },
};

/* Names in the current folder, which is the build tree, one set for each process. */
static const char *scratch(char name[64], const char *what)
{
  (void) snprintf(name, 64, "test_io.%ld.%s.h5", (long) getpid(), what);
  return name;
}

static bool exists(const char *path)
{
  struct stat st;
  return stat(path, &st) == 0;
}

static meso_spikes *sample_spikes(void)
{
  static const char *const name[] = { "L23E", "L23I", "A" };
  static const double time_ms[] = { 10.3, 10.3, 99.9 };
  static const uint32_t id[] = { 1, 4, 0 };
  meso_spikes *s = NULL;
  CU_ASSERT_EQUAL_FATAL(meso_spikes_create(3, &s, NULL), MESO_OK);
  s->t_stop_ms = 100.0;
  for (size_t i = 0; i < 3; i++) {
    meso_spike_population *p = &s->population[i];
    p->name = meso_strdup(name[i]);
    p->size = 5;
    p->n_spikes = i == 1 ? 0 : 3;
    p->time_ms = meso_calloc(3, sizeof *p->time_ms);
    p->id = meso_calloc(3, sizeof *p->id);
    memcpy(p->time_ms, time_ms, sizeof time_ms);
    memcpy(p->id, id, sizeof id);
  }
  s->population[0].position_um = meso_calloc(15, sizeof(double));
  for (size_t k = 0; k < 15; k++) s->population[0].position_um[k] = 0.5 + (double) k;
  CU_ASSERT_EQUAL(meso_attrs_set_number(&s->attrs, "dt_ms", 0.1, NULL), MESO_OK);
  CU_ASSERT_EQUAL(meso_attrs_set_text(&s->attrs, "note", "sigma \xc3\xa4", NULL), MESO_OK);
  return s;
}

static bool same_bytes(const char *a, const char *b)
{
  char *x = NULL, *y = NULL;
  size_t n = 0, m = 1;
  const bool same = meso_file_read(a, SIZE_MAX, &x, &n, NULL) == MESO_OK
                    && meso_file_read(b, SIZE_MAX, &y, &m, NULL) == MESO_OK && n == m
                    && memcmp(x, y, n) == 0;
  free(x);
  free(y);
  return same;
}

static void spikes_round_trip(void)
{
  char path[64], text[32];
  meso_spikes *s = sample_spikes(), *back = NULL;
  CU_ASSERT_EQUAL_FATAL(meso_spikes_write(scratch(path, "s"), s, &provenance, NULL), MESO_OK);
  CU_ASSERT_EQUAL_FATAL(meso_spikes_read(path, &back, NULL), MESO_OK);
  CU_ASSERT_EQUAL_FATAL(back->n_populations, 3);
  CU_ASSERT_EQUAL(back->t_start_ms, 0.0);
  CU_ASSERT_EQUAL(back->t_stop_ms, 100.0);
  for (size_t i = 0; i < 3; i++) {
    const meso_spike_population *p = &s->population[i], *q = &back->population[i];
    CU_ASSERT_STRING_EQUAL(p->name, q->name); /* the model's order, not the alphabet's */
    CU_ASSERT_EQUAL(q->size, 5);
    CU_ASSERT_EQUAL_FATAL(p->n_spikes, q->n_spikes);
    CU_ASSERT_EQUAL(memcmp(p->time_ms, q->time_ms, p->n_spikes * sizeof *p->time_ms), 0);
    CU_ASSERT_EQUAL(memcmp(p->id, q->id, p->n_spikes * sizeof *p->id), 0);
  }
  CU_ASSERT_PTR_NULL(back->population[1].position_um);
  CU_ASSERT_PTR_NOT_NULL_FATAL(back->population[0].position_um);
  CU_ASSERT_EQUAL(back->population[0].position_um[14], 14.5);
  CU_ASSERT_EQUAL(meso_attrs_number(&back->attrs, "dt_ms", 0), 0.1);
  CU_ASSERT_STRING_EQUAL(meso_attrs_text(&back->attrs, "note"), "sigma \xc3\xa4");
  CU_ASSERT_EQUAL(back->attrs.n, 2); /* no warnings, no standard attributes */
  CU_ASSERT_EQUAL(meso_file_kind(path, text, sizeof text, NULL), MESO_OK);
  CU_ASSERT_STRING_EQUAL(text, "spikes");
  meso_spikes_destroy(s);
  meso_spikes_destroy(back);
  (void) unlink(path);
}

static void equal_bytes(void)
{
  char a[64], b[64];
  meso_spikes *s = sample_spikes();
  CU_ASSERT_EQUAL_FATAL(meso_spikes_write(scratch(a, "a"), s, &provenance, NULL), MESO_OK);
  void *disturb = malloc(1 << 20); /* another state of the heap, another second */
  memset(disturb, 0xa5, 1 << 20);
  free(disturb);
  (void) usleep(1100000);
  CU_ASSERT_EQUAL_FATAL(meso_spikes_write(scratch(b, "b"), s, &provenance, NULL), MESO_OK);
  CU_ASSERT_TRUE(same_bytes(a, b));
  s->population[0].time_ms[0] = 10.2;
  CU_ASSERT_EQUAL_FATAL(meso_spikes_write(b, s, &provenance, NULL), MESO_OK);
  CU_ASSERT_FALSE(same_bytes(a, b));
  meso_spikes_destroy(s);
  (void) unlink(a);
  (void) unlink(b);
}

static void provenance_written(void)
{
  const struct { const char *attribute, *want; } row[] = {
    { "command_line", "mesocast simulate model.yaml" }, { "model_text", "model: m\n" },
    { "inputs", "model.yaml" }, { "inputs_sha256", "ab" }, { "compiler", __VERSION__ },
    { "HDF5", H5_VERS_INFO }, { "FFTW", fftw_version }, { "GSL", gsl_version },
  };
  char path[64], *text = NULL;
  double seed = 0;
  meso_spikes *s = sample_spikes();
  CU_ASSERT_EQUAL_FATAL(meso_spikes_write(scratch(path, "p"), s, &provenance, NULL), MESO_OK);
  for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
    CU_ASSERT_EQUAL_FATAL(meso_h5_read_text(path, "provenance", row[i].attribute, &text, NULL),
                          MESO_OK);
    CU_ASSERT_STRING_EQUAL(text, row[i].want);
    free(text);
  }
  CU_ASSERT_EQUAL(meso_h5_read_number(path, "provenance", "seed", &seed, NULL), MESO_OK);
  CU_ASSERT_EQUAL(seed, 3);
  CU_ASSERT_EQUAL(meso_h5_read_number(path, "/", "magic", &seed, NULL), MESO_OK);
  CU_ASSERT_EQUAL(seed, 0x0A7A);
  CU_ASSERT_EQUAL(meso_h5_read_number(path, "/", "absent", &seed, NULL), MESO_ENOTFOUND);
  CU_ASSERT_EQUAL(meso_h5_read_number(path, "/none", "x", &seed, NULL), MESO_ENOTFOUND);
  CU_ASSERT_EQUAL(meso_h5_read_number(path, "/", "kind", &seed, NULL), MESO_EFORMAT);
  meso_spikes_destroy(s);
  (void) unlink(path);
}

static void signals_round_trip(void)
{
  char path[64], kind[16];
  meso_signals *out = NULL, *back = NULL;
  meso_signal *s = NULL;
  CU_ASSERT_EQUAL_FATAL(meso_signals_create(&out, NULL), MESO_OK);
  CU_ASSERT_EQUAL_FATAL(meso_signals_add(out, "lfp", "mV", 4, 2, 1000.0, 0.5, &s, NULL), MESO_OK);
  for (size_t i = 0; i < 8; i++) s->data[i] = (double) i / 3.0;
  s->data[5] = NAN;
  s->position_um = meso_calloc(6, sizeof *s->position_um);
  s->position_um[5] = -7.25;
  CU_ASSERT_EQUAL(meso_signal_set_label(s, 1, "ch1", NULL), MESO_OK);
  CU_ASSERT_EQUAL(meso_attrs_set_number(&s->attrs, "tolerance", 1e-3, NULL), MESO_OK);
  CU_ASSERT_EQUAL_FATAL(meso_signals_add(out, "csd", "nA/mm^3", 0, 2, 500.0, 0, NULL, NULL),
                        MESO_OK);
  CU_ASSERT_EQUAL_FATAL(meso_signals_write(scratch(path, "l"), "lfp", out, NULL, NULL), MESO_OK);
  CU_ASSERT_EQUAL_FATAL(meso_signals_read(path, &back, NULL), MESO_OK);
  CU_ASSERT_EQUAL_FATAL(back->n, 2);
  CU_ASSERT_STRING_EQUAL(back->signal[0].name, "lfp"); /* as written, not by name */
  CU_ASSERT_STRING_EQUAL(back->signal[1].units, "nA/mm^3");
  CU_ASSERT_EQUAL(back->signal[1].n_times, 0);
  const meso_signal *q = &back->signal[0];
  CU_ASSERT_TRUE_FATAL(q->n_times == 4 && q->n_channels == 2);
  CU_ASSERT_EQUAL(q->sampling_rate_Hz, 1000.0);
  CU_ASSERT_EQUAL(q->t_start_ms, 0.5);
  CU_ASSERT_STRING_EQUAL(q->units, "mV");
  CU_ASSERT_EQUAL(memcmp(q->data, out->signal[0].data, 8 * sizeof *q->data), 0);
  CU_ASSERT_PTR_NOT_NULL_FATAL(q->position_um);
  CU_ASSERT_EQUAL(q->position_um[5], -7.25);
  CU_ASSERT_PTR_NOT_NULL_FATAL(q->label);
  CU_ASSERT_STRING_EQUAL(q->label[0], "");
  CU_ASSERT_STRING_EQUAL(q->label[1], "ch1");
  CU_ASSERT_EQUAL(q->attrs.n, 1);
  CU_ASSERT_EQUAL(meso_attrs_number(&q->attrs, "tolerance", 0), 1e-3);
  CU_ASSERT_EQUAL(meso_file_kind(path, kind, sizeof kind, NULL), MESO_OK);
  CU_ASSERT_STRING_EQUAL(kind, "lfp");
  meso_signals_destroy(out);
  meso_signals_destroy(back);
  (void) unlink(path);
}

static void result_round_trip(void)
{
  static const char *const label[] = { "E", "", "longer \xc2\xb5" };
  const size_t dims[] = { 2, 1, 3, 2 };
  char path[64];
  meso_result *r = NULL, *back = NULL;
  meso_array *a = NULL;
  CU_ASSERT_EQUAL_FATAL(meso_result_create(&r, NULL), MESO_OK);
  CU_ASSERT_EQUAL(meso_result_add(r, "/z/four", "mV", 4, dims, &a, NULL), MESO_OK);
  for (size_t i = 0; i < 12; i++) a->data[i] = (double) i;
  CU_ASSERT_EQUAL(meso_attrs_set_text(&a->attrs, "estimator", "welch", NULL), MESO_OK);
  CU_ASSERT_EQUAL(meso_result_add(r, "/b/scalar", "1", 0, NULL, &a, NULL), MESO_OK);
  a->data[0] = 42.0;
  CU_ASSERT_EQUAL(meso_result_add_text(r, "/b/labels", 3, label, NULL), MESO_OK);
  CU_ASSERT_EQUAL(meso_result_add_vector(r, "/b/empty", "s", 0, NULL, NULL), MESO_OK);
  CU_ASSERT_EQUAL(meso_attrs_set_number(meso_result_group_attrs(r, "/b"), "NW", 4, NULL), MESO_OK);
  CU_ASSERT_EQUAL_FATAL(meso_result_write(scratch(path, "r"), "analysis", r, &provenance, NULL),
                        MESO_OK);
  CU_ASSERT_EQUAL_FATAL(meso_result_read(path, &back, NULL), MESO_OK);
  CU_ASSERT_EQUAL_FATAL(back->n, 4);
  for (size_t i = 0; i < 4; i++) CU_ASSERT_STRING_EQUAL(back->array[i].path, r->array[i].path);
  CU_ASSERT_EQUAL_FATAL(back->array[0].n_dims, 4);
  CU_ASSERT_EQUAL(memcmp(back->array[0].dims, dims, sizeof dims), 0);
  CU_ASSERT_EQUAL(back->array[0].data[11], 11.0);
  CU_ASSERT_STRING_EQUAL(back->array[0].units, "mV");
  CU_ASSERT_STRING_EQUAL(meso_attrs_text(&back->array[0].attrs, "estimator"), "welch");
  CU_ASSERT_EQUAL(back->array[1].n_dims, 0);
  CU_ASSERT_EQUAL(back->array[1].data[0], 42.0);
  for (size_t i = 0; i < 3; i++) CU_ASSERT_STRING_EQUAL(back->array[2].text[i], label[i]);
  char *units = NULL; /* text has them too, as every dataset */
  CU_ASSERT_EQUAL_FATAL(meso_h5_read_text(path, "b/labels", "units", &units, NULL), MESO_OK);
  CU_ASSERT_STRING_EQUAL(units, "1");
  free(units);
  CU_ASSERT_EQUAL(back->array[3].dims[0], 0);
  CU_ASSERT_EQUAL(back->n_groups, 1);
  CU_ASSERT_EQUAL(meso_attrs_number(meso_result_group_attrs(back, "/b"), "NW", 0), 4);
  meso_result_destroy(r);
  meso_result_destroy(back);
  (void) unlink(path);
}

/* ---- hostile input ------------------------------------------------------------------------- */

static void truncated(void)
{
  char path[64], cut[64], kind[8], *bytes = NULL;
  size_t n = 0;
  meso_err err;
  meso_spikes *s = sample_spikes(), *back = NULL;
  CU_ASSERT_EQUAL_FATAL(meso_spikes_write(scratch(path, "t"), s, &provenance, NULL), MESO_OK);
  CU_ASSERT_EQUAL_FATAL(meso_file_read(path, SIZE_MAX, &bytes, &n, NULL), MESO_OK);
  const size_t length[] = { 0, 4, 8, 60, 96, 500, n / 4, n / 2, 3 * n / 4, n - 1 };
  for (size_t i = 0; i < sizeof length / sizeof *length; i++) {
    CU_ASSERT_EQUAL_FATAL(meso_file_write(scratch(cut, "cut"), bytes, length[i], NULL), MESO_OK);
    CU_ASSERT_EQUAL(meso_spikes_read(cut, &back, &err), MESO_EFORMAT);
    CU_ASSERT_PTR_NULL(back);
    CU_ASSERT_PTR_NOT_NULL(strstr(err.msg, cut));
    CU_ASSERT_PTR_NULL(strchr(err.msg, '\n'));
    CU_ASSERT_EQUAL(meso_file_kind(cut, kind, sizeof kind, NULL), MESO_EFORMAT);
  }
  free(bytes);
  meso_spikes_destroy(s);
  (void) unlink(path);
  (void) unlink(cut);
}

/* Whether what is not in the data themselves is as it was. */
static bool same_header(const meso_spikes *a, const meso_spikes *b)
{
  bool same = a->n_populations == b->n_populations && a->t_start_ms == b->t_start_ms
              && a->t_stop_ms == b->t_stop_ms;
  for (size_t p = 0; same && p < a->n_populations; p++)
    same = strcmp(a->population[p].name, b->population[p].name) == 0
           && a->population[p].size == b->population[p].size
           && a->population[p].n_spikes == b->population[p].n_spikes;
  return same;
}

/* Flips bytes all over a file, one at a time; 0 if each is an error, or all that the headers say is
 * read as it was. Texts of HDF5 are in heaps ("GCOL") without checksums. */
static int flip_bytes(const meso_spikes *s, char *bytes, size_t n, const char *path)
{
#ifdef MESO_SANITIZED
  enum { N_FLIPS = 150 };
#else
  enum { N_FLIPS = 1500 };
#endif
  size_t n_refused = 0, n_changed = 0;
  for (size_t k = 0; k < N_FLIPS; k++) {
    const size_t at = k * n / N_FLIPS;
    size_t heap = at;
    while (heap > 0 && at - heap < 4095 && memcmp(bytes + heap, "GCOL", 4) != 0) heap--;
    if (memcmp(bytes + heap, "GCOL", 4) == 0) continue;
    meso_spikes *back = NULL;
    FILE *out = fopen(path, "wb");
    if (out == NULL) return 2;
    bytes[at] ^= 0x14;
    const size_t n_written = fwrite(bytes, 1, n, out);
    bytes[at] ^= 0x14;
    if (fclose(out) != 0 || n_written != n) return 2;
    const meso_status st = meso_spikes_read(path, &back, NULL);
    n_refused += st != MESO_OK;
    n_changed += st == MESO_OK ? !same_header(s, back) : meso_status_exit_code(st) != 3;
    meso_spikes_destroy(back);
  }
  return n_changed > 0 || n_refused < N_FLIPS / 10;
}

/* In a process of its own, which ends without the end of libhdf5: that keeps what it cannot
 * read. */
static void damaged_byte(void)
{
  char path[64], own[64], *bytes = NULL;
  size_t n = 0;
  int how = -1;
  meso_spikes *s = sample_spikes();
  CU_ASSERT_EQUAL_FATAL(meso_spikes_write(scratch(path, "f"), s, &provenance, NULL), MESO_OK);
  CU_ASSERT_EQUAL_FATAL(meso_file_read(path, SIZE_MAX, &bytes, &n, NULL), MESO_OK);
  scratch(own, "flip");
  const pid_t child = fork();
  if (child == 0) _exit(flip_bytes(s, bytes, n, own));
  CU_ASSERT_EQUAL(waitpid(child, &how, 0), child);
  CU_ASSERT_EQUAL(how, 0);
  free(bytes);
  meso_spikes_destroy(s);
  (void) unlink(path);
  (void) unlink(own);
}

static void not_hdf5(void)
{
  char path[64], kind[8];
  meso_err err;
  static const char junk[] = "name,value\n";
  CU_ASSERT_EQUAL(meso_file_write(scratch(path, "j"), junk, sizeof junk, NULL), MESO_OK);
  CU_ASSERT_EQUAL(meso_file_kind(path, kind, sizeof kind, &err), MESO_EFORMAT);
  CU_ASSERT_PTR_NOT_NULL(strstr(err.msg, "not an HDF5 file"));
  CU_ASSERT_EQUAL(meso_file_kind(".", kind, sizeof kind, &err), MESO_EFORMAT);
  CU_ASSERT_PTR_NOT_NULL(strstr(err.msg, "directory"));
  CU_ASSERT_EQUAL(meso_file_kind("absent.h5", kind, sizeof kind, &err), MESO_ENOTFOUND);
  CU_ASSERT_EQUAL(meso_file_kind("/dev/null", kind, sizeof kind, &err), MESO_EFORMAT);
  (void) unlink(path);
}

/* A foreign spike file, with one thing different in each case. */
typedef struct foreign {
  const char *what;
  size_t rank;                /* of timestamps */
  bool no_ids, text_times, short_ids, flat;
  double time_ms[3];
  int64_t id[3];
  double size;                /* negative: no attribute */
  const char *units, *sorting;
  double t_start_ms;          /* 0: no attribute */
  meso_status want;
  const char *message;        /* part of the error or of the warning */
} foreign;

static void put(hid_t at, const char *name, hid_t type, size_t rank, hsize_t n, const void *data)
{
  const hsize_t dims[2] = { n, 1 };
  const hid_t space = H5Screate_simple((int) rank, dims, NULL);
  const hid_t dset = H5Dcreate2(at, name, type, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
  (void) H5Dwrite(dset, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, data);
  (void) H5Dclose(dset);
  (void) H5Sclose(space);
}

static void put_attr(hid_t at, const char *name, hid_t type, const void *data)
{
  const hid_t space = H5Screate(H5S_SCALAR);
  const hid_t attr = H5Acreate2(at, name, type, space, H5P_DEFAULT, H5P_DEFAULT);
  (void) H5Awrite(attr, type, data);
  (void) H5Aclose(attr);
  (void) H5Sclose(space);
}

static void put_text(hid_t at, const char *name, const char *text)
{
  const hid_t type = H5Tcopy(H5T_C_S1);
  (void) H5Tset_size(type, strlen(text) + 1);
  put_attr(at, name, type, text);
  (void) H5Tclose(type);
}

static void write_foreign(const char *path, const foreign *c)
{
  const hid_t file = H5Fcreate(path, H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
  const hid_t root = H5Gcreate2(file, "spikes", H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
  const hid_t group =
    c->flat ? root : H5Gcreate2(root, "pop", H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
  const hid_t eight = H5Tcopy(H5T_C_S1);
  (void) H5Tset_size(eight, 8);
  put(group, "timestamps", c->text_times ? eight : H5T_NATIVE_DOUBLE, c->rank, 3, c->time_ms);
  if (!c->no_ids) put(group, "node_ids", H5T_NATIVE_INT64, 1, c->short_ids ? 2 : 3, c->id);
  if (c->size >= 0) put_attr(group, "size", H5T_NATIVE_DOUBLE, &c->size);
  if (c->sorting != NULL) put_text(group, "sorting", c->sorting);
  if (c->units != NULL) {
    const hid_t dset = H5Dopen2(group, "timestamps", H5P_DEFAULT);
    put_text(dset, "unit", c->units);
    (void) H5Dclose(dset);
  }
  if (c->t_start_ms != 0) put_attr(file, "t_start_ms", H5T_NATIVE_DOUBLE, &c->t_start_ms);
  (void) H5Tclose(eight);
  if (!c->flat) (void) H5Gclose(group);
  (void) H5Gclose(root);
  (void) H5Fclose(file);
}

static const foreign foreign_rows[] = {
  { "plain", 1, .time_ms = { 1, 2, 3 }, .id = { 0, 1, 2 }, .size = 3, .message = "t_stop_ms" },
  { "no size", 1, .time_ms = { 1, 2, 3 }, .id = { 0, 1, 2 }, .size = -1,
    .message = "pop: no size" },
  { "unsorted", 1, .time_ms = { 3, 2, 1 }, .id = { 2, 1, 0 }, .size = 3,
    .message = "not in order" },
  { "by id", 1, .time_ms = { 3, 2, 1 }, .id = { 2, 1, 0 }, .size = 3, .sorting = "by_id" },
  { "seconds", 1, .time_ms = { 0.001, 0.002, 0.003 }, .id = { 0, 1, 2 }, .size = 3,
    .units = "s" },
  { "odd unit", 1, .time_ms = { 1, 2, 3 }, .size = 3, .units = "furlong", .want = MESO_EFORMAT,
    .message = "furlong" },
  { "id = size", 1, .time_ms = { 1, 2, 3 }, .id = { 0, 1, 3 }, .size = 3, .want = MESO_ERANGE,
    .message = "population pop: neuron 3" },
  { "negative id", 1, .time_ms = { 1, 2, 3 }, .id = { 0, -1, 2 }, .size = 3,
    .want = MESO_ERANGE, .message = "population pop: node_ids" },
  { "id beyond 32 bits", 1, .time_ms = { 1, 2, 3 }, .id = { 0, 1, 1LL << 40 }, .size = -1,
    .want = MESO_ERANGE, .message = "population pop" },
  { "NaN", 1, .time_ms = { 1, NAN, 3 }, .size = 3, .want = MESO_ERANGE, .message = "spike 1" },
  { "negative time", 1, .time_ms = { -1, 2, 3 }, .size = 3, .want = MESO_ERANGE,
    .message = "population pop" },
  { "negative start", 1, .time_ms = { 1, 2, 3 }, .size = 3, .t_start_ms = -2000,
    .want = MESO_ERANGE, .message = "t_start_ms -2000" },
  { "infinite", 1, .time_ms = { 1, 2, INFINITY }, .size = 3, .want = MESO_ERANGE,
    .message = "spike 2" },
  { "rank 2", 2, .time_ms = { 1, 2, 3 }, .size = 3, .want = MESO_EFORMAT,
    .message = "dimensions" },
  { "text", 1, .text_times = true, .size = 3, .want = MESO_EFORMAT, .message = "numbers" },
  { "no ids", 1, .no_ids = true, .size = 3, .want = MESO_ENOTFOUND, .message = "node_ids" },
  { "too few ids", 1, .short_ids = true, .size = 3, .want = MESO_EFORMAT, .message = "2 ids" },
  { "huge size", 1, .time_ms = { 1, 2, 3 }, .size = 1e15, .want = MESO_ERANGE,
    .message = "size" },
  { "size 2.5", 1, .time_ms = { 1, 2, 3 }, .size = 2.5, .want = MESO_ERANGE,
    .message = "size" },
  { "no population", 1, .flat = true, .size = 3, .want = MESO_ENOTFOUND,
    .message = "no population" },
};

static void check_foreign(const foreign *c)
{
  char path[64];
  meso_spikes *s = NULL;
  meso_err err = { .msg = "" };
  write_foreign(scratch(path, "f"), c);
  const meso_status got = meso_spikes_read(path, &s, &err);
  const char *said = got != MESO_OK ? err.msg : meso_attrs_text(&s->attrs, "warning");
  const bool message_fine =
    c->message == NULL || (said != NULL && strstr(said, c->message) != NULL);
  if (got != c->want || !message_fine)
    printf("# %s: status %d: %s\n", c->what, (int) got, said == NULL ? "" : said);
  CU_ASSERT_EQUAL(got, c->want);
  CU_ASSERT_TRUE(message_fine);
  if (got == MESO_OK) {
    const meso_spike_population *p = &s->population[0];
    CU_ASSERT_EQUAL_FATAL(p->size, 3);
    MESO_CHECK_EACH(k, 3, p->id[k] == k);
    MESO_CHECK_WORST(k, 3, fabs(p->time_ms[k] - 1.0 - (double) k), 1e-14);
  }
  if (c->sorting != NULL) CU_ASSERT_PTR_NULL(strstr(said, "not in order"));
  meso_spikes_destroy(s);
  (void) unlink(path);
}

static void foreign_spikes(void)
{
  for (size_t i = 0; i < sizeof foreign_rows / sizeof *foreign_rows; i++)
    check_foreign(&foreign_rows[i]);
}

/* A file from the future is refused by every reader; one of another format has its own numbers. */
static void newer_format(void)
{
  static const struct { const char *format; double version; meso_status want; } row[] = {
    {"mesocast", 1.5, MESO_OK}, {"mesocast", 2, MESO_EFORMAT}, {"other", 2, MESO_OK}
  };
  char path[64], kind[32];
  for (size_t i = 0; i < sizeof row / sizeof row[0]; i++) {
    meso_err err = {0};
    meso_spikes *s = sample_spikes(), *back = NULL;
    CU_ASSERT_EQUAL_FATAL(meso_spikes_write(scratch(path, "v"), s, NULL, NULL), MESO_OK);
    meso_spikes_destroy(s);
    const hid_t file = H5Fopen(path, H5F_ACC_RDWR, H5P_DEFAULT), space = H5Screate(H5S_SCALAR);
    const hid_t text = H5Tcopy(H5T_C_S1);
    CU_ASSERT(H5Tset_size(text, strlen(row[i].format)) >= 0);
    CU_ASSERT(H5Adelete(file, "format") >= 0 && H5Adelete(file, "format_version") >= 0);
    hid_t at = H5Acreate2(file, "format", text, space, H5P_DEFAULT, H5P_DEFAULT);
    CU_ASSERT(H5Awrite(at, text, row[i].format) >= 0);
    (void) H5Aclose(at);
    at = H5Acreate2(file, "format_version", H5T_IEEE_F64LE, space, H5P_DEFAULT, H5P_DEFAULT);
    CU_ASSERT(H5Awrite(at, H5T_NATIVE_DOUBLE, &row[i].version) >= 0);
    (void) H5Aclose(at);
    (void) H5Tclose(text);
    (void) H5Sclose(space);
    (void) H5Fclose(file);
    CU_ASSERT_EQUAL(meso_spikes_read(path, &back, &err), row[i].want);
    CU_ASSERT_EQUAL(meso_file_kind(path, kind, sizeof kind, NULL), row[i].want);
    if (row[i].want != MESO_OK)
      CU_ASSERT_PTR_NOT_NULL(strstr(err.msg, "has format version 2; this program reads up to 1"));
    meso_spikes_destroy(back);
    (void) unlink(path);
  }
}

/* Parts joined are the whole with its places, byte for byte; a gap or another population is
 * refused. */
static void joined_parts(void)
{
  char whole[64], joined[64], part[3][64];
  meso_spikes *s = NULL;
  meso_err err = { .msg = "" };
  CU_ASSERT_EQUAL_FATAL(meso_spikes_create(2, &s, NULL), MESO_OK);
  double time_ms[3][3] = { { 1, 2, 3 }, { 0 }, { 8, 8, 9 } }, all[6] = { 1, 2, 3, 8, 8, 9 };
  uint32_t id[3][3] = { { 0, 1, 0 }, { 0 }, { 1, 2, 2 } }, all_id[6] = { 0, 1, 0, 1, 2, 2 };
  meso_spike_population *p = s->population;
  p[0] = (meso_spike_population) { .name = meso_strdup("A"), .size = 3 };
  p[1] = (meso_spike_population) { .name = meso_strdup("B"), .size = 1 };
  p[0].position_um = meso_aligned_alloc(9, sizeof *p[0].position_um);
  CU_ASSERT_PTR_NOT_NULL_FATAL(p[0].position_um);
  for (int i = 0; i < 9; i++) p[0].position_um[i] = 10 * i;
  for (size_t i = 0; i < 3; i++) {
    s->t_start_ms = s->t_stop_ms;
    s->t_stop_ms = s->t_start_ms + 3.5;
    p[0].time_ms = time_ms[i];
    p[0].id = id[i];
    p[0].n_spikes = i == 1 ? 0 : 3;
    CU_ASSERT_EQUAL(meso_spikes_write(scratch(part[i], (const char *[]) {"p0", "p1", "p2"}[i]), s,
                                      NULL, NULL), MESO_OK);
  }
  s->t_start_ms = 0;
  p[0].time_ms = all;
  p[0].id = all_id;
  p[0].n_spikes = 6;
  CU_ASSERT_EQUAL(meso_spikes_write(scratch(whole, "w"), s, NULL, NULL), MESO_OK);
  const char *const parts[] = { part[0], part[1], part[2] }, *const gap[] = { part[0], part[2] };
  CU_ASSERT_EQUAL(meso_spikes_join(scratch(joined, "j"), 3, parts, NULL, &err), MESO_OK);
  char a[65], b[65];
  CU_ASSERT_EQUAL(meso_sha256_file(whole, a, NULL), MESO_OK);
  CU_ASSERT_EQUAL(meso_sha256_file(joined, b, NULL), MESO_OK);
  CU_ASSERT_STRING_EQUAL(a, b);
  (void) unlink(joined);
  CU_ASSERT_EQUAL(meso_spikes_join(joined, 2, gap, NULL, &err), MESO_EFORMAT);
  CU_ASSERT(strstr(err.msg, "does not go on from 3.5 ms") != NULL);
  CU_ASSERT_NOT_EQUAL(access(joined, F_OK), 0);
  p[0].n_spikes = 0;
  p[0].time_ms = NULL;
  p[0].id = NULL;
  meso_spikes_destroy(s);
  for (size_t i = 0; i < 3; i++) (void) unlink(part[i]);
  (void) unlink(whole);
}

/* Texts of one byte and more in fields of their own length, as h5py and NEST write them. */
static void short_strings(void)
{
  char path[64], text[3][9] = { "m", "ms", "labelled" };
  for (size_t i = 0; i < 3; i++) {
    meso_signals *s = NULL;
    meso_signal *x = NULL;
    CU_ASSERT_EQUAL_FATAL(meso_signals_create(&s, NULL), MESO_OK);
    CU_ASSERT_EQUAL_FATAL(meso_signals_add(s, "x", "mV", 2, 1, 1000, 0, &x, NULL), MESO_OK);
    CU_ASSERT_EQUAL(meso_signals_write(scratch(path, "t"), "lfp", s, NULL, NULL), MESO_OK);
    meso_signals_destroy(s);
    const hid_t file = H5Fopen(path, H5F_ACC_RDWR, H5P_DEFAULT), type = H5Tcopy(H5T_C_S1);
    const hid_t dset = H5Dopen2(file, "/signals/x/data", H5P_DEFAULT);
    (void) H5Tset_size(type, strlen(text[i])); /* exactly, without a NUL */
    (void) H5Tset_strpad(type, H5T_STR_NULLPAD);
    (void) H5Adelete(dset, "units");
    put_attr(dset, "units", type, text[i]);
    (void) H5Tclose(type);
    (void) H5Dclose(dset);
    (void) H5Fclose(file);
    CU_ASSERT_EQUAL_FATAL(meso_signals_read(path, &s, NULL), MESO_OK);
    CU_ASSERT_STRING_EQUAL(meso_signals_find(s, "x")->units, text[i]);
    meso_signals_destroy(s);
  }
  (void) unlink(path);
}

/* A header that claims terabytes must not make us allocate them. */
static void claimed_extent(void)
{
  char path[64];
  const hsize_t dims[2] = { (hsize_t) 1 << 38, 4 }, chunk[2] = { 1024, 4 };
  double *data = NULL;
  size_t n_dims = 0, extent[4];
  const hid_t file = H5Fcreate(scratch(path, "c"), H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
  const hid_t space = H5Screate_simple(2, dims, NULL), dcpl = H5Pcreate(H5P_DATASET_CREATE);
  (void) H5Pset_chunk(dcpl, 2, chunk);
  (void) H5Dclose(H5Dcreate2(file, "x", H5T_NATIVE_FLOAT, space, H5P_DEFAULT, dcpl, H5P_DEFAULT));
  (void) H5Pclose(dcpl);
  (void) H5Sclose(space);
  (void) H5Fclose(file);
  CU_ASSERT_EQUAL(meso_h5_read_doubles(path, "x", &n_dims, extent, &data, NULL), MESO_EFORMAT);
  CU_ASSERT_PTR_NULL(data);
  char kind[8];
  CU_ASSERT_EQUAL(meso_file_kind(path, kind, sizeof kind, NULL), MESO_OK);
  CU_ASSERT_STRING_EQUAL(kind, "drive"); /* a lone matrix */
  (void) unlink(path);
}

/* More than there is memory for: said before it is tried, since Linux would promise, and kill. */
static void too_large(void)
{
  char path[64];
  meso_spikes *s = NULL;
  meso_err err = {.msg = ""};
  const double available = meso_memory_available();
  if (!isfinite(available)) return;
  const hsize_t n = (hsize_t) (available / 12 * 1.5);
  const hid_t file = H5Fcreate(scratch(path, "l"), H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
  const hid_t groups = H5Pcreate(H5P_LINK_CREATE), list = H5Pcreate(H5P_DATASET_CREATE);
  const hid_t space = H5Screate_simple(1, &n, NULL);
  (void) H5Pset_create_intermediate_group(groups, 1);
  (void) H5Pset_alloc_time(list, H5D_ALLOC_TIME_EARLY); /* a hole: takes no room on the disk */
  (void) H5Pset_fill_time(list, H5D_FILL_TIME_NEVER);
  (void) H5Dclose(H5Dcreate2(file, "spikes/A/timestamps", H5T_NATIVE_UCHAR, space, groups, list,
                             H5P_DEFAULT));
  (void) H5Dclose(H5Dcreate2(file, "spikes/A/node_ids", H5T_NATIVE_UCHAR, space, groups, list,
                             H5P_DEFAULT));
  (void) H5Pclose(groups);
  (void) H5Pclose(list);
  (void) H5Sclose(space);
  (void) H5Fclose(file);
  CU_ASSERT_EQUAL(meso_spikes_read(path, &s, &err), MESO_ENOMEM);
  CU_ASSERT_PTR_NOT_NULL(strstr(err.msg, "GB are left"));
  CU_ASSERT_PTR_NOT_NULL(strstr(err.msg, path));
  CU_ASSERT_PTR_NULL(s);
  meso_spikes_destroy(s);
  (void) unlink(path);
  CU_ASSERT_PTR_NULL(meso_calloc((size_t) (2 * available), 1));
  CU_ASSERT_PTR_NULL(meso_aligned_calloc((size_t) (2 * available), 1));
}

/* ---- writing that fails -------------------------------------------------------------------- */

static void disk_full(void)
{
  enum { N = 200000 };
  char path[64], temporary[100];
  meso_err err = { .msg = "" };
  struct rlimit old, low;
  meso_spikes *s = sample_spikes();
  meso_spike_population *p = &s->population[0];
  free(p->time_ms);
  free(p->id);
  p->time_ms = meso_calloc(N, sizeof *p->time_ms);
  p->id = meso_calloc(N, sizeof *p->id);
  p->n_spikes = N;
  (void) signal(SIGXFSZ, SIG_IGN);
  CU_ASSERT_EQUAL_FATAL(getrlimit(RLIMIT_FSIZE, &old), 0);
  static const rlim_t limit[] = { 0, 100, 3000, 100000, 2000000 };
  for (size_t i = 0; i < sizeof limit / sizeof *limit; i++) {
    low = old;
    low.rlim_cur = limit[i];
    (void) setrlimit(RLIMIT_FSIZE, &low);
    const meso_status got = meso_spikes_write(scratch(path, "full"), s, &provenance, &err);
    (void) setrlimit(RLIMIT_FSIZE, &old);
    CU_ASSERT_EQUAL(got, MESO_EIO);
    CU_ASSERT_PTR_NOT_NULL(strstr(err.msg, path));
    CU_ASSERT_PTR_NOT_NULL(strstr(err.msg, "File too large"));
    CU_ASSERT_FALSE(exists(path));
    (void) snprintf(temporary, sizeof temporary, "%s.%ld-0.tmp", path, (long) getpid());
    CU_ASSERT_FALSE(exists(temporary));
  }
  CU_ASSERT_EQUAL(meso_spikes_write(path, s, &provenance, &err), MESO_OK); /* room again */
  CU_ASSERT_TRUE(exists(path));
  low = old;
  low.rlim_cur = 3;
  (void) setrlimit(RLIMIT_FSIZE, &low);
  CU_ASSERT_EQUAL(meso_file_write(path, "abcdef", 6, &err), MESO_EIO);
  (void) setrlimit(RLIMIT_FSIZE, &old);
  meso_spikes *back = NULL;
  CU_ASSERT_EQUAL(meso_spikes_read(path, &back, NULL), MESO_OK); /* the old file is untouched */
  meso_spikes_destroy(back);
  meso_spikes_destroy(s);
  (void) unlink(path);
}

static void bad_targets(void)
{
  meso_err err;
  meso_spikes *s = sample_spikes();
  CU_ASSERT_EQUAL(meso_spikes_write("no/such/folder/x.h5", s, NULL, &err), MESO_ENOTFOUND);
  CU_ASSERT_EQUAL(meso_spikes_write(".", s, NULL, &err), MESO_EINVAL);
  CU_ASSERT_EQUAL(meso_spikes_write("/dev/full", s, NULL, &err), MESO_EINVAL);
  CU_ASSERT_EQUAL(meso_spikes_write("", s, NULL, &err), MESO_EINVAL);
  s->population[0].name[1] = '/';
  CU_ASSERT_EQUAL(meso_spikes_write("test_io.name.h5", s, NULL, &err), MESO_EINVAL);
  CU_ASSERT_FALSE(exists("test_io.name.h5"));
  meso_spikes_destroy(s);
}

/* ---- golden file, plain files -------------------------------------------------------------- */

static void golden_spikes(void)
{
  const char *path = meso_test_path("tests/reference/analysis/spikes_small.h5");
  char kind[16];
  meso_spikes *s = NULL;
  CU_ASSERT_EQUAL(meso_file_kind(path, kind, sizeof kind, NULL), MESO_OK);
  CU_ASSERT_STRING_EQUAL(kind, "spikes");
  CU_ASSERT_EQUAL_FATAL(meso_spikes_read(path, &s, NULL), MESO_OK);
  CU_ASSERT_EQUAL(s->t_stop_ms, 60000.0);
  const size_t e = meso_spikes_find(s, "E"), i = meso_spikes_find(s, "I");
  CU_ASSERT_TRUE_FATAL(e < i && i < s->n_populations);
  CU_ASSERT_EQUAL(s->population[e].size, 160);
  CU_ASSERT_EQUAL(s->population[i].size, 40);
  CU_ASSERT_PTR_NOT_NULL_FATAL(s->population[e].position_um);
  CU_ASSERT_EQUAL(s->population[e].position_um[3 * 159 + 2], 0.0); /* (N,2) lies at z = 0 */
  size_t n_dims = 0, dims[4] = { 0 };
  double *xy = NULL;
  CU_ASSERT_EQUAL_FATAL(meso_h5_read_doubles(path, "/nodes/E/positions", &n_dims, dims, &xy, NULL),
                        MESO_OK);
  CU_ASSERT_TRUE_FATAL(n_dims == 2 && dims[0] == 160 && dims[1] == 2);
  const double *position = s->population[e].position_um;
  MESO_CHECK_EACH(k, 160, position[3 * k] == xy[2 * k] && position[3 * k + 1] == xy[2 * k + 1]);
  free(xy);
  CU_ASSERT_EQUAL(meso_attrs_number(&s->attrs, "jitter_ms", 0), 1.0);
  meso_spikes_destroy(s);
}

static void plain_files(void)
{
  char path[64], hex[65], *bytes = NULL;
  size_t n = 0;
  static const char abc[] =
    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"; /* FIPS 180-2 */
  CU_ASSERT_EQUAL_FATAL(meso_file_write(scratch(path, "x"), "abc", 3, NULL), MESO_OK);
  CU_ASSERT_EQUAL(meso_sha256_file(path, hex, NULL), MESO_OK);
  CU_ASSERT_STRING_EQUAL(hex, abc);
  meso_sha256_bytes("abc", 3, hex);
  CU_ASSERT_STRING_EQUAL(hex, abc);
  CU_ASSERT_EQUAL_FATAL(meso_file_read(path, 3, &bytes, &n, NULL), MESO_OK);
  CU_ASSERT_EQUAL(n, 3);
  CU_ASSERT_STRING_EQUAL(bytes, "abc");
  free(bytes);
  CU_ASSERT_EQUAL(meso_file_read(path, 2, &bytes, &n, NULL), MESO_ERANGE);
  CU_ASSERT_EQUAL(meso_file_read(".", 2, &bytes, &n, NULL), MESO_EFORMAT);
  CU_ASSERT_EQUAL(meso_sha256_file("absent", hex, NULL), MESO_ENOTFOUND);
  (void) unlink(path);
}

int main(void)
{
  static const meso_test tests[] = {
    { "spikes come back as written, in the model's order", spikes_round_trip },
    { "two files of the same content are equal byte for byte", equal_bytes },
    { "provenance is written", provenance_written },
    { "signals come back as written", signals_round_trip },
    { "results come back as written", result_round_trip },
    { "truncated files give one clear error", truncated },
    { "a damaged byte is an error, or changes no header", damaged_byte },
    { "other things than HDF5 files are told apart", not_hdf5 },
    { "foreign spikes: accepted, warned about or refused", foreign_spikes },
    { "short strings", short_strings },
    { "files of a newer format are refused", newer_format },
    { "parts joined are the whole", joined_parts },
    { "a claimed extent beyond what is stored is refused", claimed_extent },
    { "what does not fit into memory is refused", too_large },
    { "a full disk leaves no file and the old one untouched", disk_full },
    { "targets that cannot be written", bad_targets },
    { "golden spikes are read", golden_spikes },
    { "plain files and checksums", plain_files },
    { NULL, NULL },
  };
  return meso_test_main("io", tests);
}
