/* test_recordings.c: recordings in foreign formats: NWB made by PyNWB, NIX made by Neo and nixio
 * (tests/reference/recordings), files of Blackrock byte by byte after their specification; broken
 * ones. */
#include <hdf5.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "meso_format.h"
#include "meso_io.h"
#include "meso_test.h"

static meso_status read_signals(const char *path, meso_signals **s, meso_err *err)
{
  const meso_format *f = NULL;
  *s = NULL;
  CU_ASSERT_EQUAL_FATAL(meso_format_of_file(path, &f, NULL), MESO_OK);
  CU_ASSERT_EQUAL_FATAL(f->content, MESO_CONTENT_SIGNALS);
  return f->read_signals(&(meso_format_input) {.path = path}, s, err);
}

static meso_status read_spikes(const char *path, meso_spikes **s, meso_err *err)
{
  const meso_format *f = meso_format_also(path, MESO_CONTENT_SPIKES);
  *s = NULL;
  CU_ASSERT_PTR_NOT_NULL_FATAL(f);
  return f->read_spikes(&(meso_format_input) {.path = path}, s, err);
}

/* ---- NWB ---------------------------------------------------------------------------------- */

static void test_nwb(void)
{
  const char *path = meso_test_path("tests/reference/recordings/small.nwb");
  meso_signals *s = NULL;
  meso_err err = {0};
  CU_ASSERT_EQUAL_FATAL(read_signals(path, &s, &err), MESO_OK);
  CU_ASSERT_EQUAL_FATAL(s->n, 2);
  const meso_signal *raw = meso_signals_find(s, "raw"), *lfp = meso_signals_find(s, "lfp_low");
  CU_ASSERT_FATAL(raw != NULL && lfp != NULL);
  CU_ASSERT(raw->n_times == 200 && raw->n_channels == 3 && raw->sampling_rate_Hz == 1000);
  CU_ASSERT(raw->t_start_ms == 2000 && strcmp(raw->units, "mV") == 0);
  static const int factor[3] = {1, 3, 7}; /* what the file was made with */
  MESO_CHECK_WORST(i, 600, fabs(raw->data[i] - ((int) (i / 3) * factor[i % 3] % 1000 - 300) * 1e-3
                                - 5e-3), 1e-12);
  static const double at[3] = {1, 3, 4};
  CU_ASSERT_PTR_NOT_NULL_FATAL(raw->position_um);
  MESO_CHECK_EACH(c, 3, raw->position_um[3 * c] == 0 && raw->position_um[3 * c + 1] == 10 * at[c]
                  && raw->position_um[3 * c + 2] == -100 * at[c]);
  CU_ASSERT(lfp->n_times == 150 && lfp->n_channels == 2 && lfp->t_start_ms == 1000);
  MESO_CHECK_CLOSE(500, lfp->sampling_rate_Hz, 1e-9, 0);
  MESO_CHECK_WORST(t, 150, fabs(lfp->data[2 * t] - 0.1 * sin(0.1 * (double) t)), 1e-7);
  MESO_CHECK_WORST(t, 150, fabs(lfp->data[2 * t + 1] - 0.2 * cos(0.1 * (double) t)), 1e-7);
  meso_signals_destroy(s);
  meso_spikes *p = NULL;
  CU_ASSERT_EQUAL_FATAL(read_spikes(path, &p, &err), MESO_OK);
  const meso_spike_population *u = &p->population[0];
  static const double time_ms[7] = {50, 60, 100, 250, 1500, 2000, 3000};
  static const uint32_t id[7] = {2, 2, 0, 0, 2, 0, 2};
  CU_ASSERT(u->size == 3 && u->n_spikes == 7 && p->t_stop_ms == 3000);
  MESO_CHECK_EACH(k, 7, fabs(u->time_ms[k] - time_ms[k]) < 1e-9 && u->id[k] == id[k]);
  CU_ASSERT_PTR_NOT_NULL(meso_attrs_text(&p->attrs, "warning"));
  meso_spikes_destroy(p);
}

/* A file of two series of the same name and of three units; places and times as they are edited. */
typedef struct small_nwb {
  double stamp_s[5], electrode[2], z_um[2], spike_s[4], end[3];
} small_nwb;

static const small_nwb sound = {{1, 1.01, 1.02, 1.03, 1.04}, {0, 1}, {-10, -20},
                                {0.1, 0.2, 0.3, 0.4}, {2, 2, 4}};

static void put_numbers(hid_t file, const char *path, hsize_t rows, hsize_t columns,
                        const double *v)
{
  const hsize_t dims[2] = {rows, columns};
  const hid_t space = H5Screate_simple(columns > 1 ? 2 : 1, dims, NULL);
  const hid_t links = H5Pcreate(H5P_LINK_CREATE);
  (void) H5Pset_create_intermediate_group(links, 1);
  const hid_t set = H5Dcreate2(file, path, H5T_NATIVE_DOUBLE, space, links, H5P_DEFAULT,
                               H5P_DEFAULT);
  CU_ASSERT(H5Dwrite(set, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, v) >= 0);
  (void) H5Dclose(set);
  (void) H5Pclose(links);
  (void) H5Sclose(space);
}

/* A text attribute of a group, which is made if it is missing. */
static void put_word(hid_t file, const char *group, const char *key, const char *text)
{
  const hid_t type = H5Tcopy(H5T_C_S1), space = H5Screate(H5S_SCALAR);
  const hid_t links = H5Pcreate(H5P_LINK_CREATE);
  (void) H5Pset_create_intermediate_group(links, 1);
  hid_t made = H5I_INVALID_HID;
  H5E_BEGIN_TRY made = H5Gcreate2(file, group, links, H5P_DEFAULT, H5P_DEFAULT); H5E_END_TRY
  if (made >= 0) (void) H5Gclose(made);
  (void) H5Tset_size(type, strlen(text) + 1);
  const hid_t attr = H5Acreate_by_name(file, group, key, type, space, H5P_DEFAULT, H5P_DEFAULT,
                                       H5P_DEFAULT);
  CU_ASSERT(H5Awrite(attr, type, text) >= 0);
  (void) H5Aclose(attr);
  (void) H5Sclose(space);
  (void) H5Pclose(links);
  (void) H5Tclose(type);
}

static void put_series(hid_t file, const char *group, const small_nwb *x)
{
  static const double data[10] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9};
  char path[64];
  (void) snprintf(path, sizeof path, "%s/data", group);
  put_numbers(file, path, 5, 2, data);
  (void) snprintf(path, sizeof path, "%s/timestamps", group);
  put_numbers(file, path, 5, 1, x->stamp_s);
  (void) snprintf(path, sizeof path, "%s/electrodes", group);
  put_numbers(file, path, 2, 1, x->electrode);
  put_word(file, group, "neurodata_type", "ElectricalSeries");
}

static void make_nwb(const char *path, const small_nwb *x)
{
  static const double zero[2] = {0};
  const hid_t file = H5Fcreate(path, H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
  put_series(file, "/acquisition/a", x);
  put_series(file, "/acquisition/b/a", x);
  put_numbers(file, "/general/extracellular_ephys/electrodes/x", 2, 1, zero);
  put_numbers(file, "/general/extracellular_ephys/electrodes/y", 2, 1, zero);
  put_numbers(file, "/general/extracellular_ephys/electrodes/z", 2, 1, x->z_um);
  put_word(file, "/acquisition/odd", "neurodata_type", "ElectricalSeries"); /* without data */
  put_numbers(file, "/units/spike_times", 4, 1, x->spike_s);
  put_numbers(file, "/units/spike_times_index", 3, 1, x->end);
  (void) H5Fclose(file);
}

/* One number of a sound file is changed, and what is wrong is said. */
static void test_edited_nwb(void)
{
  static const char path[] = "test_recordings_edited.nwb";
  static const struct { size_t at; double value; bool spikes; const char *words; } row[] = {
    {offsetof(small_nwb, stamp_s[2]), 1.024, false, "not sampled evenly"},
    {offsetof(small_nwb, stamp_s[4]), 1.05, false, "not sampled evenly"},
    {offsetof(small_nwb, stamp_s[4]), 0.9, false, "do not ascend"},
    {offsetof(small_nwb, electrode[1]), 2, false, "channel 1 is at electrode 2, but there are 2"},
    {offsetof(small_nwb, electrode[0]), -1, false, "channel 0 is at electrode -1"},
    {offsetof(small_nwb, spike_s[2]), -0.1, true, "spike_times 2 is -0.1 s"},
    {offsetof(small_nwb, end[1]), 1, true, "spike_times_index 1 is 1: must be 2 to 4"},
    {offsetof(small_nwb, end[2]), 3, true, "ends at 3 of 4 spikes"},
    {offsetof(small_nwb, end[2]), 5, true, "spike_times_index 2 is 5"}};
  meso_signals *s = NULL;
  meso_spikes *p = NULL;
  make_nwb(path, &sound);
  CU_ASSERT_EQUAL_FATAL(read_signals(path, &s, NULL), MESO_OK);
  const meso_signal *a = meso_signals_find(s, "a"), *b = meso_signals_find(s, "acquisition_b_a");
  CU_ASSERT_FATAL(s->n == 2 && a != NULL && b != NULL);
  CU_ASSERT_PTR_NOT_NULL(strstr(meso_attrs_text(&s->attrs, "warning"), "1 series left out: "));
  CU_ASSERT(fabs(a->t_start_ms - 1000) < 1e-9 && fabs(a->sampling_rate_Hz - 100) < 1e-9);
  CU_ASSERT(a->position_um != NULL && a->position_um[5] == -20 && b->data[7] == 7e3);
  meso_signals_destroy(s);
  CU_ASSERT_EQUAL_FATAL(read_spikes(path, &p, NULL), MESO_OK);
  CU_ASSERT(p->population[0].size == 3 && p->population[0].id[2] == 2);
  meso_spikes_destroy(p);
  small_nwb x = sound;
  x.z_um[1] = NAN;
  make_nwb(path, &x);
  CU_ASSERT_EQUAL_FATAL(read_signals(path, &s, NULL), MESO_OK);
  CU_ASSERT_PTR_NULL(s->signal[0].position_um); /* one electrode's place is not known */
  meso_signals_destroy(s);
  for (size_t k = 0; k < sizeof row / sizeof *row; k++) {
    meso_err err = {0};
    x = sound;
    memcpy((char *) &x + row[k].at, &row[k].value, sizeof(double));
    make_nwb(path, &x);
    CU_ASSERT_EQUAL(row[k].spikes ? read_spikes(path, &p, &err) : read_signals(path, &s, &err),
                    MESO_EFORMAT);
    if (strstr(err.msg, row[k].words) == NULL) printf("# %s: %s\n", row[k].words, err.msg);
    CU_ASSERT_PTR_NOT_NULL(strstr(err.msg, row[k].words));
  }
  unlink(path);
}

/* ---- NIX ---------------------------------------------------------------------------------- */

/* Channels in uV and kHz, another in V and Hz; an irregular signal and an epoch are no signals. */
static void test_nix_of_neo(void)
{
  const char *path = meso_test_path("tests/reference/recordings/neo.nix");
  meso_signals *s = NULL;
  meso_spikes *p = NULL;
  meso_err err = {0};
  CU_ASSERT_EQUAL_FATAL(read_signals(path, &s, &err), MESO_OK);
  CU_ASSERT_EQUAL_FATAL(s->n, 2);
  const meso_signal *lfp = meso_signals_find(s, "lfp"), *ecog = meso_signals_find(s, "ecog");
  CU_ASSERT_FATAL(lfp != NULL && ecog != NULL);
  CU_ASSERT_FATAL(lfp->n_times == 200 && lfp->n_channels == 3 && ecog->n_channels == 1);
  CU_ASSERT(lfp->sampling_rate_Hz == 1000 && lfp->t_start_ms == 500);
  CU_ASSERT(ecog->sampling_rate_Hz == 500 && ecog->t_start_ms == 0);
  CU_ASSERT(strcmp(lfp->units, "mV") == 0 && strcmp(ecog->units, "mV") == 0);
  MESO_CHECK_WORST(i, 600, fabs(lfp->data[i] - 0.1 * sin(0.1 * (double) (i / 3)
                                                         + (double) (i % 3))), 6e-7);
  MESO_CHECK_WORST(i, 200, fabs(ecog->data[i] - (double) i), 1e-12);
  meso_signals_destroy(s);
  CU_ASSERT_EQUAL_FATAL(read_spikes(path, &p, &err), MESO_OK);
  CU_ASSERT_EQUAL_FATAL(p->n_populations, 2);
  const meso_spike_population *first = &p->population[0], *second = &p->population[1];
  static const double time_ms[5] = {100, 120, 250, 380, 700};
  static const uint32_t id[5] = {0, 1, 0, 1, 0};
  CU_ASSERT(first->size == 2 && first->n_spikes == 5 && second->size == 1);
  CU_ASSERT(strcmp(first->name, "trial 0") == 0 && strcmp(second->name, "trial 1") == 0);
  CU_ASSERT(p->t_start_ms == 0 && p->t_stop_ms == 2000);
  MESO_CHECK_EACH(k, 5, fabs(first->time_ms[k] - time_ms[k]) < 1e-9 && first->id[k] == id[k]);
  CU_ASSERT_PTR_NOT_NULL(strstr(meso_attrs_text(&p->attrs, "warning"), "segment"));
  meso_spikes_destroy(p);
}

/* A polynomial of integers, time along the second dimension, times that are their own ticks. */
static void test_nix(void)
{
  const char *path = meso_test_path("tests/reference/recordings/plain.nix");
  meso_signals *s = NULL;
  meso_spikes *p = NULL;
  meso_err err = {0};
  CU_ASSERT_EQUAL_FATAL(read_signals(path, &s, &err), MESO_OK);
  const meso_signal *volt = meso_signals_find(s, "volt"), *sweep = meso_signals_find(s, "sweep");
  CU_ASSERT_FATAL(s->n == 2 && volt != NULL && sweep != NULL);
  CU_ASSERT_FATAL(volt->n_times == 6 && volt->n_channels == 2);
  CU_ASSERT(volt->sampling_rate_Hz == 2000 && volt->t_start_ms == 10);
  MESO_CHECK_WORST(i, 12, fabs(volt->data[i] - (1 + 0.25 * ((double) i - 2))), 1e-15);
  CU_ASSERT_FATAL(sweep->n_times == 4 && sweep->n_channels == 2);
  MESO_CHECK_WORST(i, 8, fabs(sweep->data[i] - 1e-3 * (double) (i / 2 + 4 * (i % 2))), 1e-15);
  meso_signals_destroy(s);
  CU_ASSERT_EQUAL_FATAL(read_spikes(path, &p, &err), MESO_OK);
  CU_ASSERT_FATAL(p->population[0].n_spikes == 3 && p->population[0].size == 1);
  CU_ASSERT(p->population[0].time_ms[1] == 2.5 && p->t_stop_ms == 9);
  CU_ASSERT_PTR_NOT_NULL(meso_attrs_text(&p->attrs, "warning"));
  meso_spikes_destroy(p);
}

/* An array of 4 x n samples at 1 kHz, the first of them `first`. */
static void put_array(hid_t file, const char *name, const char *type, size_t n, double first)
{
  static const double interval = 1;
  const double v[8] = {first, first, first, first, first, first, first, first};
  const hid_t space = H5Screate(H5S_SCALAR);
  char path[96];
  (void) snprintf(path, sizeof path, "/data/b/data_arrays/%s", name);
  put_word(file, path, "type", type);
  put_word(file, path, "unit", "mV");
  (void) snprintf(path, sizeof path, "/data/b/data_arrays/%s/dimensions/1", name);
  put_word(file, path, "dimension_type", "sample");
  put_word(file, path, "unit", "ms");
  const hid_t attr = H5Acreate_by_name(file, path, "sampling_interval", H5T_NATIVE_DOUBLE, space,
                                       H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
  CU_ASSERT(H5Awrite(attr, H5T_NATIVE_DOUBLE, &interval) >= 0);
  (void) H5Aclose(attr);
  (void) H5Sclose(space);
  (void) snprintf(path, sizeof path, "/data/b/data_arrays/%s/data", name);
  if (n > 0) put_numbers(file, path, 4, n, v);
}

/* A train of one spike in a segment of a block. */
static void put_train(hid_t file, const char *segment)
{
  static const double at = 3;
  char path[96];
  (void) snprintf(path, sizeof path, "/data/%s", segment);
  put_word(file, path, "type", "neo.segment");
  (void) snprintf(path, sizeof path, "/data/%s/multi_tags/t", segment);
  put_word(file, path, "type", "neo.spiketrain");
  (void) snprintf(path, sizeof path, "/data/%s/multi_tags/t/positions", segment);
  put_word(file, path, "unit", "ms");
  (void) snprintf(path, sizeof path, "/data/%s/multi_tags/t/positions/data", segment);
  put_numbers(file, path, 1, 1, &at);
}

/* Channels 0, 1, 10 of one signal; an array without data beside them; arrays of another type that
 * are numbered alike; segments of one name. */
static void test_odd_nix(void)
{
  static const char path[] = "test_recordings_odd.nix", neo[] = "neo.analogsignal";
  meso_signals *s = NULL;
  meso_spikes *p = NULL;
  const hid_t file = H5Fcreate(path, H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
  put_word(file, "/data", "version", "1");
  const hid_t root = H5Gopen2(file, "/", H5P_DEFAULT);
  put_word(root, ".", "format", "nix");
  (void) H5Gclose(root);
  static const struct { const char *name, *type; size_t n; double first; } row[] = {
    {"ch.0", neo, 1, 0}, {"ch.1", neo, 1, 10}, {"ch.10", neo, 1, 100}, {"ch.2", neo, 0, 0},
    {"ch.3", neo, 2, 0}, {"ch.1a", neo, 1, 7}, {"x.0", "plain", 1, 5}, {"x.1", "plain", 2, 6}};
  for (size_t k = 0; k < sizeof row / sizeof *row; k++)
    put_array(file, row[k].name, row[k].type, row[k].n, row[k].first);
  put_train(file, "b/groups/a");
  put_train(file, "b/groups/a_3");
  put_train(file, "c/groups/a");
  (void) H5Fclose(file);
  CU_ASSERT_EQUAL_FATAL(read_signals(path, &s, NULL), MESO_OK);
  CU_ASSERT_EQUAL(s->n, 4);
  const meso_signal *ch = meso_signals_find(s, "ch.0"), *x = meso_signals_find(s, "x.1");
  CU_ASSERT_FATAL(ch != NULL && x != NULL && meso_signals_find(s, "x.0") != NULL);
  CU_ASSERT_FATAL(ch->n_times == 4 && ch->n_channels == 3 && x->n_channels == 2);
  static const double first[3] = {0, 10, 100};
  MESO_CHECK_EACH(i, 12, ch->data[i] == first[i % 3]);
  CU_ASSERT(strcmp(ch->label[1], "1") == 0 && strcmp(ch->label[2], "10") == 0);
  const char *warning = meso_attrs_text(&s->attrs, "warning");
  CU_ASSERT_PTR_NOT_NULL(strstr(warning, "ch.0: 3 channels, numbered up to 10: some are missing"));
  CU_ASSERT_PTR_NOT_NULL(strstr(warning, "2 arrays left out, the first: "));
  meso_signals_destroy(s);
  CU_ASSERT_EQUAL_FATAL(read_spikes(path, &p, NULL), MESO_OK);
  CU_ASSERT_EQUAL_FATAL(p->n_populations, 3);
  CU_ASSERT_STRING_EQUAL(p->population[2].name, "a_4");
  meso_spikes_destroy(p);
  unlink(path);
}

/* ---- Blackrock ---------------------------------------------------------------------------- */

typedef struct bytes { size_t n; char v[4096]; } bytes;

static void put(bytes *b, uint64_t v, size_t n)
{
  for (size_t k = 0; k < n; k++) b->v[b->n++] = k < 8 ? (char) (v >> 8 * k & 255) : 0;
}

static void put_text(bytes *b, const char *text, size_t n)
{
  CU_ASSERT_FATAL(strlen(text) <= n);
  memset(b->v + b->n, 0, n);
  memcpy(b->v + b->n, text, strlen(text));
  b->n += n;
}

enum { BASIC = 314, CHANNEL = 66, NEV_BASIC = 336, NEV_PACKET = 20 };

/* Two channels at 1 kHz, +-1000 for +-500 uV and +-2 mV; version 2 (time stamps of 4 bytes, 30 kHz)
 * or 3 (8 bytes). */
static bytes nsx_header(int version)
{
  bytes b = {.n = 0};
  put_text(&b, version == 2 ? "NEURALCD" : "BRSMPGRP", 8);
  put(&b, (uint64_t) version, 1);
  put(&b, 3, 1);
  put(&b, BASIC + 2 * CHANNEL, 4);
  put_text(&b, "1 kS/s", 16);
  put_text(&b, "made for a test", 256);
  put(&b, 30, 4);
  put(&b, 30000, 4);
  put(&b, 0, 16);
  put(&b, 2, 4);
  for (int c = 0; c < 2; c++) {
    put_text(&b, "CC", 2);
    put(&b, (uint64_t) (c + 1), 2);
    put_text(&b, c == 0 ? "chan1" : "ainp", 16);
    put(&b, 0, 2);
    put(&b, (uint64_t) -1000, 2);
    put(&b, 1000, 2);
    put(&b, (uint64_t) (c == 0 ? -500 : -2), 2);
    put(&b, c == 0 ? 500 : 2, 2);
    put_text(&b, c == 0 ? "uV" : "mV", 16);
    put(&b, 0, 20);
  }
  CU_ASSERT_EQUAL_FATAL(b.n, BASIC + 2 * CHANNEL);
  return b;
}

/* n rows 10 first, -10 first ... */
static void put_packet(bytes *b, int version, uint64_t stamp, uint64_t n_said, int first, int n)
{
  put(b, 1, 1);
  put(b, stamp, version == 2 ? 4 : 8);
  put(b, n_said, 4);
  for (int k = 0; k < n; k++) {
    put(b, (uint64_t) (int64_t) (10 * (first + k)), 2);
    put(b, (uint64_t) (int64_t) (-10 * (first + k)), 2);
  }
}

static void save(const char *path, const void *v, size_t n)
{
  CU_ASSERT_EQUAL_FATAL(meso_file_write(path, v, n, NULL), MESO_OK);
}

static void test_nsx(void)
{
  for (int version = 2; version <= 3; version++) {
    bytes b = nsx_header(version);
    put_packet(&b, version, 3000, 8, 1, 8);    /* 100 ms; goes on in the next */
    put_packet(&b, version, 3240, 4, 9, 4);
    put_packet(&b, version, 60000, 0, 1, 100); /* 2 s; never closed; its last value is clipped */
    save("test_recordings.ns2", b.v, b.n);
    meso_signals *s = NULL;
    meso_err err = {0};
    const meso_status st = read_signals("test_recordings.ns2", &s, &err);
    if (st != MESO_OK) printf("# %s\n", err.msg);
    CU_ASSERT_EQUAL_FATAL(st, MESO_OK);
    CU_ASSERT_EQUAL_FATAL(s->n, 2);
    const meso_signal *a = meso_signals_find(s, "lfp_1"), *z = meso_signals_find(s, "lfp_2");
    CU_ASSERT_FATAL(a != NULL && z != NULL);
    CU_ASSERT(a->n_times == 12 && a->n_channels == 2 && a->sampling_rate_Hz == 1000);
    CU_ASSERT(a->t_start_ms == 100 && z->t_start_ms == 2000 && z->n_times == 100);
    MESO_CHECK_WORST(t, 12, fabs(a->data[2 * t] - 5e-3 * (double) (t + 1)), 1e-12);
    MESO_CHECK_WORST(t, 12, fabs(a->data[2 * t + 1] + 20e-3 * (double) (t + 1)), 1e-12);
    CU_ASSERT(strcmp(a->label[0], "chan1") == 0 && strcmp(a->label[1], "ainp") == 0);
    CU_ASSERT_EQUAL(meso_attrs_number(&a->attrs, "n_clipped", -1), 0);
    CU_ASSERT_EQUAL(meso_attrs_number(&z->attrs, "n_clipped", -1), 2);
    CU_ASSERT_PTR_NOT_NULL(strstr(meso_attrs_text(&s->attrs, "warning"), "clipped"));
    meso_signals_destroy(s);
    b = nsx_header(version);
    put_packet(&b, version, 0, 5, 1, 5);
    save("test_recordings.ns2", b.v, b.n);
    CU_ASSERT_EQUAL_FATAL(read_signals("test_recordings.ns2", &s, &err), MESO_OK);
    CU_ASSERT(s->n == 1 && strcmp(s->signal[0].name, "lfp") == 0);
    CU_ASSERT_PTR_NULL(meso_attrs_text(&s->attrs, "warning"));
    meso_signals_destroy(s);
    save("test_recordings.ns2", b.v, b.n - 7); /* two rows of four bytes are not whole now */
    CU_ASSERT_EQUAL_FATAL(read_signals("test_recordings.ns2", &s, &err), MESO_OK);
    CU_ASSERT_EQUAL(s->signal[0].n_times, 3);
    CU_ASSERT_PTR_NOT_NULL(strstr(meso_attrs_text(&s->attrs, "warning"),
                                  "cut short: 2 samples are missing"));
    CU_ASSERT_PTR_NOT_NULL(strstr(meso_attrs_text(&s->attrs, "warning"), "1 bytes are left over"));
    meso_signals_destroy(s);
    b = nsx_header(version);
    memcpy(b.v + BASIC + CHANNEL + 30, "V\0", 2);
    for (int k = 0; k < 4; k++) /* a clock that is late by 0.4 samples more with every packet */
      put_packet(&b, version, (uint64_t) (72 * k), 2, 1, 2);
    put_packet(&b, version, 3 * 72 + 60 + 30, 2, 1, 2); /* one sample is missing */
    save("test_recordings.ns2", b.v, b.n);
    CU_ASSERT_EQUAL_FATAL(read_signals("test_recordings.ns2", &s, &err), MESO_OK);
    CU_ASSERT(s->n == 2 && s->signal[0].n_times == 8 && s->signal[1].n_times == 2);
    CU_ASSERT(fabs(s->signal[1].t_start_ms - 10.2) < 1e-9);
    MESO_CHECK_CLOSE(-20, s->signal[0].data[1], 1e-12, 0); /* 10 of 1000 for 2 V */
    meso_signals_destroy(s);
  }
  const bytes cut = nsx_header(2);
  meso_signals *s = NULL;
  meso_err err = {0};
  save("test_recordings.ns2", cut.v, BASIC + CHANNEL);
  CU_ASSERT_EQUAL(read_signals("test_recordings.ns2", &s, &err), MESO_EFORMAT);
  CU_ASSERT_PTR_NOT_NULL(strstr(err.msg, "headers of 446 bytes do not fit"));
  unlink("test_recordings.ns2");
}

static bytes nev_file(int version)
{
  static const struct { uint64_t stamp, electrode, unit; } packet[6] = {
    {300, 7, 1}, {600, 2, 0}, {900, 7, 255}, {1200, 0, 1}, {1500, 7, 0}, {3000, 7, 1}};
  bytes b = {.n = 0};
  put_text(&b, version == 2 ? "NEURALEV" : "BREVENTS", 8);
  put(&b, (uint64_t) version, 1);
  put(&b, 3, 1);
  put(&b, 0, 2);
  put(&b, NEV_BASIC + 32, 4);
  put(&b, NEV_PACKET, 4);
  put(&b, version == 2 ? 30000 : 15000, 4); /* of its time stamps */
  put(&b, 30000, 4);
  put(&b, 0, 16);
  put_text(&b, "test", 32);
  put_text(&b, "", 256);
  put(&b, 1, 4);
  put_text(&b, "NEUEVWAV", 32);
  for (int k = 0; k < 6; k++) {
    const size_t from = b.n;
    put(&b, packet[k].stamp, version == 2 ? 4 : 8);
    put(&b, packet[k].electrode, 2);
    put(&b, packet[k].unit, 1);
    while (b.n < from + NEV_PACKET) put(&b, 0, 1);
  }
  return b;
}

/* A packet that goes on with a waveform is no spike; half a packet at the end is warned of. */
static void test_nev_continued(void)
{
  for (int version = 2; version <= 3; version++) {
    bytes b = nev_file(version);
    meso_spikes *s = NULL;
    meso_err err = {0};
    const size_t from = b.n;
    for (int k = 0; k < (version == 2 ? 4 : 8); k++) put(&b, 255, 1);
    put(&b, 7, 2); /* would be electrode 7, unit 1 */
    put(&b, 1, 1);
    while (b.n < from + NEV_PACKET + 9) put(&b, 0, 1);
    save("test_recordings.nev", b.v, b.n);
    CU_ASSERT_EQUAL_FATAL(read_spikes("test_recordings.nev", &s, &err), MESO_OK);
    CU_ASSERT_EQUAL(s->population[0].n_spikes, 4);
    CU_ASSERT_EQUAL(s->t_stop_ms, version == 2 ? 100 : 200); /* clocks of 30 and 15 kHz */
    CU_ASSERT_PTR_NOT_NULL(strstr(meso_attrs_text(&s->attrs, "warning"),
                                  "cut short: 9 of 20 bytes"));
    meso_spikes_destroy(s);
  }
  unlink("test_recordings.nev");
}

static void test_nev(void)
{
  for (int version = 2; version <= 3; version++) {
    const bytes b = nev_file(version);
    meso_spikes *s = NULL;
    meso_err err = {0};
    save("test_recordings.nev", b.v, b.n);
    CU_ASSERT_EQUAL_FATAL(read_spikes("test_recordings.nev", &s, &err), MESO_OK);
    const meso_spike_population *p = &s->population[0];
    static const double time_ms[4] = {10, 20, 50, 100};
    static const uint32_t id[4] = {2, 0, 1, 2};
    const double times = version - 1;
    CU_ASSERT(p->size == 3 && p->n_spikes == 4 && s->t_stop_ms == 100 * times);
    MESO_CHECK_EACH(k, 4, p->time_ms[k] == time_ms[k] * times && p->id[k] == id[k]);
    CU_ASSERT_STRING_EQUAL(meso_attrs_text(&s->attrs, "neurons"), "2/0,7/0,7/1");
    meso_spikes_destroy(s);
  }
  bytes small = nev_file(3);
  meso_spikes *s = NULL;
  meso_err err = {0};
  small.v[16] = 11; /* packets that do not hold a time stamp, an electrode and a unit */
  save("test_recordings.nev", small.v, small.n);
  CU_ASSERT_EQUAL(read_spikes("test_recordings.nev", &s, &err), MESO_EFORMAT);
  CU_ASSERT_PTR_NOT_NULL(strstr(err.msg, "packets of 11 bytes do not fit"));
  unlink("test_recordings.nev");
}

/* ---- broken files ------------------------------------------------------------------------- */

/* Cut anywhere and with any byte changed, files are read or refused as bad input, never worse. */
static void break_file(const char *path, const char *v, size_t n, bool spikes)
{
  size_t worse = 0, refused = 0;
  char *own = meso_calloc(n + 1, 1);
  for (size_t k = 0; k < 2 * n; k++) {
    meso_signals *s = NULL;
    meso_spikes *p = NULL;
    meso_err err = {0};
    memcpy(own, v, n);
    if (k >= n) own[k - n] = (char) (own[k - n] ^ (k % 3 == 0 ? 255 : 0x81));
    save(path, own, k < n ? k : n);
    const meso_status st = spikes ? read_spikes(path, &p, &err) : read_signals(path, &s, &err);
    worse += st != MESO_OK && meso_status_exit_code(st) != 3;
    refused += st != MESO_OK;
    if (st != MESO_OK && strstr(err.msg, path) == NULL) worse++;
    meso_signals_destroy(s);
    meso_spikes_destroy(p);
  }
  CU_ASSERT_EQUAL(worse, 0);
  CU_ASSERT(refused > BASIC);
  free(own);
  unlink(path);
}

/* An HDF5 file cut short is bad input; HDF5 itself answers for other damage. */
static void cut_file(const char *name, const char *path)
{
  char *whole = NULL, at[256];
  size_t n = 0, worse = 0;
  snprintf(at, sizeof at, "tests/reference/recordings/%s", name);
  CU_ASSERT_EQUAL_FATAL(meso_file_read(meso_test_path(at), 1 << 24, &whole, &n, NULL), MESO_OK);
  for (size_t k = 0; k < 40; k++) {
    meso_signals *s = NULL;
    meso_spikes *p = NULL;
    save(path, whole, k * n / 40);
    worse += meso_status_exit_code(read_signals(path, &s, NULL)) != 3;
    worse += meso_status_exit_code(read_spikes(path, &p, NULL)) != 3;
    meso_signals_destroy(s);
    meso_spikes_destroy(p);
  }
  CU_ASSERT_EQUAL(worse, 0);
  unlink(path);
  free(whole);
}

static void test_broken(void)
{
  bytes b = nsx_header(2);
  put_packet(&b, 2, 0, 5, 1, 5);
  break_file("test_recordings_broken.ns3", b.v, b.n, false);
  b = nev_file(3);
  break_file("test_recordings_broken.nev", b.v, b.n, true);
  cut_file("small.nwb", "test_recordings_broken.nwb");
  cut_file("neo.nix", "test_recordings_broken.nix");
}

/* An HDF5 file that is none of the kind its name says. */
static void test_other_kind(void)
{
  char *whole = NULL;
  size_t n = 0;
  meso_signals *s = NULL;
  meso_err err = {0};
  CU_ASSERT_EQUAL_FATAL(meso_file_read(meso_test_path("tests/reference/recordings/small.nwb"),
                                       1 << 24, &whole, &n, NULL), MESO_OK);
  save("test_recordings_other.nix", whole, n);
  CU_ASSERT_EQUAL(read_signals("test_recordings_other.nix", &s, &err), MESO_EFORMAT);
  CU_ASSERT_PTR_NOT_NULL(strstr(err.msg, "is no NIX file"));
  unlink("test_recordings_other.nix");
  free(whole);
}

int main(void)
{
  static const meso_test tests[] = {
    {"series and units of NWB", test_nwb},
    {"edited NWB", test_edited_nwb},
    {"signals and trains of NIX as Neo writes it", test_nix_of_neo},
    {"arrays of NIX", test_nix},
    {"channels and arrays of NIX that are missing", test_odd_nix},
    {"another kind of HDF5", test_other_kind},
    {"continuous recordings of Blackrock, with pauses", test_nsx},
    {"spikes of Blackrock", test_nev},
    {"waveforms that go on, packets that do not", test_nev_continued},
    {"broken recordings are bad input", test_broken},
    {NULL, NULL}};
  return meso_test_main("recordings", tests);
}
