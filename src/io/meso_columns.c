/* meso_columns.c: tables in HDF5 files, read a piece at a time. */
#include "meso_columns.h"

#include <stdio.h>
#include <stdlib.h>

#include "meso_io_internal.h"

struct meso_columns {
  char *path;
  meso_h5_file file;
  bool open;
  size_t n;
  char (*name)[128];          /**< (n) with the group, for messages */
  meso_h5_dataset *dataset;   /**< (n) */
};

static meso_status open_column(meso_columns *c, const char *group, const char *name, size_t i,
                               uint64_t *rows, meso_err *err)
{
  meso_status status = MESO_OK;
  meso_h5_dataset *d = &c->dataset[i];
  (void) snprintf(c->name[i], sizeof c->name[i], "%s/%s", group, name);
  MESO_TRY(meso_h5_dataset_open(&c->file, c->file.id, c->name[i], d, err));
  if (d->n_dims != 1)
    MESO_FAIL(err, MESO_EFORMAT, "%s: %s must be a vector", c->path, c->name[i]);
  if (d->class_of != H5T_INTEGER && d->class_of != H5T_FLOAT)
    MESO_FAIL(err, MESO_EFORMAT, "%s: %s does not hold numbers", c->path, c->name[i]);
  if (i == 0) *rows = d->count;
  if (d->count != *rows)
    MESO_FAIL(err, MESO_EFORMAT, "%s: %s has %zu values, %llu expected", c->path, c->name[i],
              d->count, (unsigned long long) *rows);
cleanup:
  return status;
}

meso_status meso_columns_open(const char *path, const char *group, size_t n,
                              const char *const *names, meso_columns **ret_columns,
                              uint64_t *ret_rows, meso_err *err)
{
  meso_status status = MESO_OK;
  meso_columns *c = NULL;
  MESO_ALLOC(err, c, 1);
  MESO_STRDUP(err, c->path, path);
  MESO_ALLOC(err, c->name, n);
  MESO_ALLOC(err, c->dataset, n);
  for (size_t i = 0; i < n; i++)
    c->dataset[i] = (meso_h5_dataset) {.id = H5I_INVALID_HID, .type = H5I_INVALID_HID,
                                       .space = H5I_INVALID_HID};
  c->n = n;
  c->open = true; /* meso_h5_close is due after a failure too */
  MESO_TRY(meso_h5_open(&c->file, c->path, err));
  for (size_t i = 0; i < n; i++) MESO_TRY(open_column(c, group, names[i], i, ret_rows, err));
  *ret_columns = c;
  c = NULL;
cleanup:
  meso_columns_close(c);
  return status;
}

meso_status meso_columns_read(meso_columns *c, size_t column, uint64_t first, size_t n_rows,
                              double *out, meso_err *err)
{
  meso_status status = MESO_OK;
  const meso_h5_dataset *d = &c->dataset[column];
  const hsize_t at = first, n = n_rows;
  hid_t memory = H5I_INVALID_HID;
  if (n_rows == 0) return MESO_OK;
  MESO_H5R(&c->file, err, c->name[column], memory = H5Screate_simple(1, &n, NULL));
  MESO_H5R(&c->file, err, c->name[column],
           H5Sselect_hyperslab(d->space, H5S_SELECT_SET, &at, NULL, &n, NULL));
  MESO_H5R(&c->file, err, c->name[column],
           H5Dread(d->id, H5T_NATIVE_DOUBLE, memory, d->space, H5P_DEFAULT, out));
cleanup:
  if (memory >= 0) (void) H5Sclose(memory);
  return status;
}

void meso_columns_close(meso_columns *c)
{
  if (c == NULL) return;
  for (size_t i = 0; i < c->n; i++) meso_h5_dataset_close(&c->dataset[i]);
  if (c->open) meso_h5_close(&c->file);
  free(c->dataset);
  free(c->name);
  free(c->path);
  free(c);
}
