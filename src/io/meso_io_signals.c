/* meso_io_signals.c: signals, /signals/<name>/{data, positions, labels}. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "meso_io_internal.h"

/* ---- writing ------------------------------------------------------------------------------- */

/* values: n_times rows, or NULL: written later. */
static meso_status put_data(const meso_h5_file *f, hid_t group, const meso_signal *s,
                            size_t n_times, const double *values, meso_err *err)
{
  meso_status status = MESO_OK;
  hid_t dset = H5I_INVALID_HID;
  const size_t dims[] = { n_times, s->n_channels };
  const meso_h5_block data = {
    .name = "data", .units = s->units, .file_type = H5T_IEEE_F64LE, .mem_type = H5T_NATIVE_DOUBLE,
    .n_dims = 2, .dims = dims, .data = values,
  };
  MESO_TRY(meso_h5_put(f, group, &data, NULL, err));
  MESO_H5W(f, err, dset = H5Dopen2(group, "data", H5P_DEFAULT));
  MESO_TRY(meso_h5_put_number(f, dset, "sampling_rate_Hz", s->sampling_rate_Hz, err));
  MESO_TRY(meso_h5_put_number(f, dset, "t_start_ms", s->t_start_ms, err));
  MESO_TRY(meso_h5_put_attrs(f, dset, &s->attrs, err));
cleanup:
  if (dset >= 0) (void) H5Dclose(dset);
  return status;
}

static meso_status put_signal(const meso_h5_file *f, const meso_signal *s, size_t n_times,
                              const double *values, meso_err *err)
{
  meso_status status = MESO_OK;
  hid_t group = H5I_INVALID_HID;
  char *path = NULL;
  if (s->name[0] == '\0' || s->name[0] == '.' || strchr(s->name, '/') != NULL)
    MESO_FAIL(err, MESO_EINVAL, "%s: \"%s\" cannot be the name of a signal", f->path, s->name);
  const size_t room = strlen(s->name) + 16;
  MESO_ALLOC(err, path, room);
  (void) snprintf(path, room, "signals/%s", s->name);
  MESO_TRY(meso_h5_need_group(f, path, &group, err));
  MESO_TRY(put_data(f, group, s, n_times, values, err));
  if (s->position_um != NULL) {
    const size_t dims[] = { s->n_channels, 3 };
    const meso_h5_block positions = {
      .name = "positions", .units = "um", .file_type = H5T_IEEE_F64LE,
      .mem_type = H5T_NATIVE_DOUBLE, .n_dims = 2, .dims = dims, .data = s->position_um,
    };
    MESO_TRY(meso_h5_put(f, group, &positions, NULL, err));
  }
  if (s->label != NULL)
    MESO_TRY(meso_h5_put_strings(f, group, "labels", 1, &s->n_channels, s->label, NULL, err));
cleanup:
  if (group >= 0) (void) H5Gclose(group);
  free(path);
  return status;
}

meso_status meso_signals_write(const char *path, const char *kind, const meso_signals *signals,
                               const meso_provenance *provenance, meso_err *err)
{
  meso_status status = MESO_OK;
  meso_h5_file f;
  hid_t root = H5I_INVALID_HID;
  MESO_TRY(meso_h5_create(&f, path, kind, provenance, err));
  MESO_TRY(meso_h5_put_attrs(&f, f.id, &signals->attrs, err));
  MESO_TRY(meso_h5_need_group(&f, "signals", &root, err));
  for (size_t i = 0; i < signals->n; i++) {
    const meso_signal *s = &signals->signal[i];
    MESO_TRY(put_signal(&f, s, s->n_times, s->data, err));
  }
cleanup:
  if (root >= 0) (void) H5Gclose(root);
  return meso_h5_finish(&f, status, err);
}

/* ---- writing piece by piece ---------------------------------------------------------------- */

struct meso_signals_stream {
  meso_h5_file f;
  hid_t root;
  size_t n_times, n_written;
};

meso_status meso_signals_stream_open(const char *path, const char *kind,
                                     const meso_signals *layout, size_t n_times,
                                     const meso_provenance *provenance,
                                     meso_signals_stream **ret_stream, meso_err *err)
{
  meso_status status = MESO_OK;
  meso_signals_stream *s = NULL;
  *ret_stream = NULL;
  MESO_ALLOC(err, s, 1);
  s->root = H5I_INVALID_HID;
  s->n_times = n_times;
  status = meso_h5_create(&s->f, path, kind, provenance, err);
  if (status != MESO_OK) goto finish;
  status = meso_h5_put_attrs(&s->f, s->f.id, &layout->attrs, err);
  if (status == MESO_OK) status = meso_h5_need_group(&s->f, "signals", &s->root, err);
  for (size_t i = 0; status == MESO_OK && i < layout->n; i++)
    status = put_signal(&s->f, &layout->signal[i], n_times, NULL, err);
finish:
  if (status != MESO_OK) return meso_signals_stream_close(s, status, err);
  *ret_stream = s;
cleanup:
  return status;
}

static meso_status append_rows(const meso_signals_stream *s, const meso_signal *signal,
                               size_t n_rows, meso_err *err)
{
  meso_status status = MESO_OK;
  hid_t group = H5I_INVALID_HID, dset = H5I_INVALID_HID, space = H5I_INVALID_HID,
        memory = H5I_INVALID_HID;
  const hsize_t first[2] = { s->n_written, 0 }, n[2] = { n_rows, signal->n_channels };
  MESO_H5W(&s->f, err, group = H5Gopen2(s->root, signal->name, H5P_DEFAULT));
  MESO_H5W(&s->f, err, dset = H5Dopen2(group, "data", H5P_DEFAULT));
  MESO_H5W(&s->f, err, space = H5Dget_space(dset));
  MESO_H5W(&s->f, err, H5Sselect_hyperslab(space, H5S_SELECT_SET, first, NULL, n, NULL));
  MESO_H5W(&s->f, err, memory = H5Screate_simple(2, n, NULL));
  MESO_H5W(&s->f, err,
           H5Dwrite(dset, H5T_NATIVE_DOUBLE, memory, space, H5P_DEFAULT, signal->data));
cleanup:
  if (memory >= 0) (void) H5Sclose(memory);
  if (space >= 0) (void) H5Sclose(space);
  if (dset >= 0) (void) H5Dclose(dset);
  if (group >= 0) (void) H5Gclose(group);
  return status;
}

meso_status meso_signals_stream_append(meso_signals_stream *s, const meso_signals *piece,
                                       size_t n_rows, meso_err *err)
{
  meso_status status = MESO_OK;
  if (n_rows > s->n_times - s->n_written)
    MESO_FAIL(err, MESO_EBUG, "%s: %zu samples more than its %zu", s->f.path,
              n_rows - (s->n_times - s->n_written), s->n_times);
  for (size_t i = 0; i < piece->n && n_rows > 0; i++)
    MESO_TRY(append_rows(s, &piece->signal[i], n_rows, err));
  s->n_written += n_rows;
cleanup:
  return status;
}

meso_status meso_signals_stream_close(meso_signals_stream *s, meso_status status, meso_err *err)
{
  if (s == NULL) return status;
  if (status == MESO_OK && s->n_written < s->n_times)
    status = meso_err_set(err, MESO_EBUG, __FILE__, __LINE__, "%s: %zu samples of %zu", s->f.path,
                          s->n_written, s->n_times);
  if (s->root >= 0) (void) H5Gclose(s->root);
  status = meso_h5_finish(&s->f, status, err);
  free(s);
  return status;
}

/* ---- reading ------------------------------------------------------------------------------- */

static meso_status read_positions(const meso_h5_file *f, hid_t group, meso_signal *s, meso_err *err)
{
  meso_status status = MESO_OK;
  meso_h5_dataset d = { .id = H5I_INVALID_HID, .type = H5I_INVALID_HID, .space = H5I_INVALID_HID };
  if (!meso_h5_has(group, "positions")) return MESO_OK;
  MESO_TRY(meso_h5_dataset_open(f, group, "positions", &d, err));
  if (d.n_dims != 2 || d.dims[0] != s->n_channels || d.dims[1] != 3)
    MESO_FAIL(err, MESO_EFORMAT, "%s: signal %s: positions are not (%zu, 3)", f->path, s->name,
              s->n_channels);
  MESO_ALLOC(err, s->position_um, d.count);
  MESO_TRY(meso_h5_get_doubles(f, "positions", &d, s->position_um, err));
cleanup:
  meso_h5_dataset_close(&d);
  return status;
}

static meso_status read_labels(const meso_h5_file *f, hid_t group, meso_signal *s, meso_err *err)
{
  meso_status status = MESO_OK;
  meso_h5_dataset d = { .id = H5I_INVALID_HID, .type = H5I_INVALID_HID, .space = H5I_INVALID_HID };
  if (!meso_h5_has(group, "labels")) return MESO_OK;
  MESO_TRY(meso_h5_dataset_open(f, group, "labels", &d, err));
  if (d.n_dims != 1 || d.dims[0] != s->n_channels)
    MESO_FAIL(err, MESO_EFORMAT, "%s: signal %s: not one label for each of %zu channels", f->path,
              s->name, s->n_channels);
  MESO_ALLOC(err, s->label, d.count);
  MESO_TRY(meso_h5_get_strings(f, "labels", &d, s->label, err));
cleanup:
  meso_h5_dataset_close(&d);
  return status;
}

/* Opens the data and adds a signal with what they say; keep_data: with room for them, else without
 * times. */
static meso_status read_header(const meso_h5_file *f, hid_t group, const char *name, bool keep_data,
                               meso_h5_dataset *d, meso_signals *signals,
                               meso_signal **ret_signal, meso_err *err)
{
  static const char *const standard[] = {
    "units", "unit", "sampling_rate_Hz", "t_start_ms", NULL,
  };
  meso_status status = MESO_OK;
  char *units = NULL;
  double rate_Hz = 0.0, t_start_ms = 0.0;
  MESO_TRY(meso_h5_dataset_open(f, group, "data", d, err));
  if (d->n_dims != 2)
    MESO_FAIL(err, MESO_EFORMAT, "%s: signal %s: data has %zu dimensions, expected (time, channel)",
              f->path, name, d->n_dims);
  if (!meso_h5_attr_number(d->id, "sampling_rate_Hz", &rate_Hz)
      || !(rate_Hz > 0.0 && rate_Hz < HUGE_VAL))
    MESO_FAIL(err, MESO_EFORMAT, "%s: signal %s: sampling_rate_Hz is missing or not positive",
              f->path, name);
  if (meso_h5_attr_number(d->id, "t_start_ms", &t_start_ms) && !(fabs(t_start_ms) < HUGE_VAL))
    MESO_FAIL(err, MESO_EFORMAT, "%s: signal %s: t_start_ms is not finite", f->path, name);
  MESO_TRY(meso_h5_attr_units(f, d->id, &units, err));
  MESO_TRY(meso_signals_add(signals, name, units, keep_data ? d->dims[0] : 0, d->dims[1], rate_Hz,
                            t_start_ms, ret_signal, err));
  MESO_TRY(meso_h5_attrs(f, d->id, standard, &(*ret_signal)->attrs, err));
cleanup:
  free(units);
  return status;
}

static meso_status read_data(const meso_h5_file *f, hid_t group, const char *name,
                             meso_signals *signals, meso_signal **ret_signal, meso_err *err)
{
  meso_status status = MESO_OK;
  meso_h5_dataset d = { .id = H5I_INVALID_HID, .type = H5I_INVALID_HID, .space = H5I_INVALID_HID };
  MESO_TRY(read_header(f, group, name, true, &d, signals, ret_signal, err));
  MESO_TRY(meso_h5_get_doubles(f, name, &d, (*ret_signal)->data, err));
cleanup:
  meso_h5_dataset_close(&d);
  return status;
}

static meso_status read_signal(const meso_h5_file *f, hid_t root, const char *name,
                               meso_signals *signals, meso_err *err)
{
  meso_status status = MESO_OK;
  meso_signal *s = NULL;
  hid_t group = H5I_INVALID_HID;
  MESO_H5R(f, err, name, group = H5Gopen2(root, name, H5P_DEFAULT));
  MESO_TRY(read_data(f, group, name, signals, &s, err));
  MESO_TRY(read_positions(f, group, s, err));
  MESO_TRY(read_labels(f, group, s, err));
cleanup:
  if (group >= 0) (void) H5Gclose(group);
  return status;
}

meso_status meso_signals_read(const char *path, meso_signals **ret_signals, meso_err *err)
{
  static const char *const standard[] = { "format", "format_version", "kind", NULL };
  meso_status status = MESO_OK;
  meso_h5_file f;
  hid_t root = H5I_INVALID_HID;
  char **names = NULL;
  size_t n = 0;
  meso_signals *signals = NULL;
  *ret_signals = NULL;
  MESO_TRY(meso_h5_open(&f, path, err));
  root = meso_h5_has(f.id, "signals") ? H5Gopen2(f.id, "signals", H5P_DEFAULT) : H5I_INVALID_HID;
  if (root < 0) MESO_FAIL(err, MESO_ENOTFOUND, "%s: there is no group /signals", path);
  MESO_TRY(meso_h5_subgroups(&f, root, false, &names, &n, err));
  MESO_TRY(meso_signals_create(&signals, err));
  MESO_TRY(meso_h5_attrs(&f, f.id, standard, &signals->attrs, err));
  for (size_t i = 0; i < n; i++) MESO_TRY(read_signal(&f, root, names[i], signals, err));
  *ret_signals = signals;
  signals = NULL;
cleanup:
  meso_signals_destroy(signals);
  meso_names_free(names, n);
  if (root >= 0) (void) H5Gclose(root);
  meso_h5_close(&f);
  return status;
}

/* ---- in slabs ------------------------------------------------------------------------------ */

struct meso_series_file {
  meso_h5_file file;
  bool is_open;
  meso_h5_dataset data;
  meso_signals *header;      /* one signal without times: labels, positions */
  meso_series series;
};

static meso_status read_as(const meso_series_file *s, size_t first, size_t n, hid_t type,
                           void *rows, meso_err *err)
{
  meso_status status = MESO_OK;
  const hsize_t start[2] = { first, 0 }, count[2] = { n, s->data.dims[1] };
  const hid_t memory = H5Screate_simple(2, count, NULL);
  MESO_H5R(&s->file, err, s->series.name, memory);
  MESO_H5R(&s->file, err, s->series.name,
           H5Sselect_hyperslab(s->data.space, H5S_SELECT_SET, start, NULL, count, NULL));
  MESO_H5R(&s->file, err, s->series.name,
           H5Dread(s->data.id, type, memory, s->data.space, H5P_DEFAULT, rows));
cleanup:
  if (memory >= 0) (void) H5Sclose(memory);
  return status;
}

static meso_status read_slab(const void *context, size_t first, size_t n, double *rows,
                             meso_err *err)
{
  return read_as(context, first, n, H5T_NATIVE_DOUBLE, rows, err);
}

static meso_status read_slab_single(const void *context, size_t first, size_t n, float *rows,
                                    meso_err *err)
{
  return read_as(context, first, n, H5T_NATIVE_FLOAT, rows, err);
}

static meso_status open_series(meso_series_file *s, const char *path, const char *name,
                               meso_err *err)
{
  meso_status status = MESO_OK;
  char where[256];
  hid_t group = H5I_INVALID_HID;
  meso_signal *h = NULL;
  s->data = (meso_h5_dataset) { .id = H5I_INVALID_HID, .type = H5I_INVALID_HID,
                                .space = H5I_INVALID_HID };
  MESO_TRY(meso_h5_open(&s->file, path, err));
  s->is_open = true;
  (void) snprintf(where, sizeof where, "signals/%s", name);
  if (!meso_h5_has(s->file.id, where))
    MESO_FAIL(err, MESO_ENOTFOUND, "%s: has no signal \"%s\"", path, name);
  MESO_TRY(meso_signals_create(&s->header, err));
  MESO_H5R(&s->file, err, name, group = H5Gopen2(s->file.id, where, H5P_DEFAULT));
  MESO_TRY(read_header(&s->file, group, name, false, &s->data, s->header, &h, err));
  if (s->data.class_of != H5T_FLOAT && s->data.class_of != H5T_INTEGER)
    MESO_FAIL(err, MESO_EFORMAT, "%s: signal %s: data are no numbers", path, name);
  MESO_TRY(read_positions(&s->file, group, h, err));
  MESO_TRY(read_labels(&s->file, group, h, err));
  s->series = meso_series_of_signal(h);
  s->series.n_times = s->data.dims[0];
  s->series.read = read_slab;
  if (s->data.class_of == H5T_FLOAT && H5Tget_size(s->data.type) == sizeof(float))
    s->series.read_single = read_slab_single;
  s->series.context = s;
cleanup:
  if (group >= 0) (void) H5Gclose(group);
  return status;
}

meso_status meso_series_open(const char *path, const char *name, meso_series_file **ret_file,
                             meso_err *err)
{
  meso_status status = MESO_OK;
  meso_series_file *s = NULL;
  *ret_file = NULL;
  MESO_ALLOC(err, s, 1);
  MESO_TRY(open_series(s, path, name, err));
  *ret_file = s;
  s = NULL;
cleanup:
  meso_series_close(s);
  return status;
}

const meso_series *meso_series_get(const meso_series_file *file) { return &file->series; }

void meso_series_close(meso_series_file *file)
{
  if (file == NULL) return;
  meso_h5_dataset_close(&file->data);
  if (file->is_open) meso_h5_close(&file->file);
  meso_signals_destroy(file->header);
  free(file);
}
