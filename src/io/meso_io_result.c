/* meso_io_result.c: results, each array at its path. */
#include <stdlib.h>
#include <string.h>

#include "meso_io_internal.h"

/* ---- writing ------------------------------------------------------------------------------- */

static meso_status put_array(const meso_h5_file *f, const meso_array *a, meso_err *err)
{
  meso_status status = MESO_OK;
  hid_t group = H5I_INVALID_HID;
  char *parent = NULL;
  MESO_STRDUP(err, parent, a->path);
  char *slash = strrchr(parent, '/');
  const char *name = slash == NULL ? a->path : a->path + (slash - parent) + 1;
  if (slash != NULL) *slash = '\0';
  if (name[0] == '\0')
    MESO_FAIL(err, MESO_EINVAL, "%s: \"%s\" cannot be the path of an array", f->path, a->path);
  MESO_TRY(meso_h5_need_group(f, slash == NULL ? "" : parent, &group, err));
  if (H5Lexists(group, name, H5P_DEFAULT) > 0)
    MESO_FAIL(err, MESO_EBUG, "%s: %s is written twice", f->path, a->path);
  const meso_h5_block block = {
    .name = name, .units = a->units,
    .file_type = a->single_precision ? H5T_IEEE_F32LE : H5T_IEEE_F64LE,
    .mem_type = H5T_NATIVE_DOUBLE,
    .n_dims = a->n_dims, .dims = a->dims, .data = a->data,
  };
  if (a->text != NULL)
    MESO_TRY(meso_h5_put_strings(f, group, name, a->n_dims, a->dims, a->text, &a->attrs, err));
  else
    MESO_TRY(meso_h5_put(f, group, &block, &a->attrs, err));
cleanup:
  if (group >= 0) (void) H5Gclose(group);
  free(parent);
  return status;
}

meso_status meso_result_write(const char *path, const char *kind, const meso_result *result,
                              const meso_provenance *provenance, meso_err *err)
{
  meso_status status = MESO_OK;
  meso_h5_file f;
  hid_t group = H5I_INVALID_HID;
  MESO_TRY(meso_h5_create(&f, path, kind, provenance, err));
  MESO_TRY(meso_h5_put_attrs(&f, f.id, &result->attrs, err));
  for (size_t i = 0; i < result->n; i++) MESO_TRY(put_array(&f, &result->array[i], err));
  for (size_t i = 0; i < result->n_groups; i++) {
    MESO_TRY(meso_h5_need_group(&f, result->group[i].path, &group, err));
    MESO_TRY(meso_h5_put_attrs(&f, group, &result->group[i].attrs, err));
    (void) H5Gclose(group);
    group = H5I_INVALID_HID;
  }
cleanup:
  if (group >= 0) (void) H5Gclose(group);
  return meso_h5_finish(&f, status, err);
}

/* ---- reading ------------------------------------------------------------------------------- */

typedef struct visit {
  const meso_h5_file *f;
  meso_result *result;
  meso_err *err;
  meso_status status;
} visit;

/* Moves the strings of a dataset into a result; any number of dimensions. */
static meso_status take_text(const visit *v, const char *path, const meso_h5_dataset *d,
                             meso_array **ret_array, meso_err *err)
{
  meso_status status = MESO_OK;
  char **text = NULL;
  MESO_ALLOC(err, text, d->count);
  MESO_TRY(meso_h5_get_strings(v->f, path, d, text, err));
  MESO_TRY(meso_result_add_text(v->result, path, d->count, (const char *const *) text, err));
  *ret_array = meso_result_find(v->result, path);
  (*ret_array)->n_dims = d->n_dims;
  memcpy((*ret_array)->dims, d->dims, sizeof d->dims);
cleanup:
  meso_names_free(text, d->count);
  return status;
}

static meso_status take_array(const visit *v, hid_t root, const char *path, meso_err *err)
{
  static const char *const standard[] = { "units", "unit", NULL };
  meso_status status = MESO_OK;
  meso_h5_dataset d;
  meso_array *a = NULL;
  char *units = NULL;
  MESO_TRY(meso_h5_dataset_open(v->f, root, path, &d, err));
  MESO_TRY(meso_h5_attr_units(v->f, d.id, &units, err));
  if (d.class_of == H5T_STRING) {
    MESO_TRY(take_text(v, path, &d, &a, err));
  } else {
    MESO_TRY(meso_result_add(v->result, path, units, d.n_dims, d.dims, &a, err));
    MESO_TRY(meso_h5_get_doubles(v->f, path, &d, a->data, err));
  }
  MESO_TRY(meso_h5_attrs(v->f, d.id, standard, &a->attrs, err));
cleanup:
  meso_h5_dataset_close(&d);
  free(units);
  return status;
}

static meso_status take_group(const visit *v, hid_t root, const char *path, meso_err *err)
{
  static const char *const none[] = { NULL };
  meso_status status = MESO_OK;
  H5O_info_t info;
  meso_attrs *attrs = NULL;
  const hid_t group = H5Gopen2(root, path, H5P_DEFAULT);
  MESO_H5R(v->f, err, path, group);
  MESO_H5R(v->f, err, path, H5Oget_info2(group, &info, H5O_INFO_NUM_ATTRS));
  if (info.num_attrs == 0) goto cleanup;
  attrs = meso_result_group_attrs(v->result, path);
  if (attrs == NULL) MESO_FAIL(err, MESO_ENOMEM, "cannot allocate attributes of %s", path);
  MESO_TRY(meso_h5_attrs(v->f, group, none, attrs, err));
cleanup:
  if (group >= 0) (void) H5Gclose(group);
  return status;
}

static herr_t take_object(hid_t root, const char *name, const H5O_info_t *info, void *data)
{
  visit *v = data;
  static const char own[] = "provenance";
  if (strcmp(name, ".") == 0) return 0;
  if (strncmp(name, own, sizeof own - 1) == 0
      && (name[sizeof own - 1] == '\0' || name[sizeof own - 1] == '/'))
    return 0;
  const size_t n = strlen(name) + 2;
  char *path = meso_calloc(n, 1);
  if (path == NULL) {
    v->status = MESO_ENOMEM;
    return -1;
  }
  path[0] = '/';
  memcpy(path + 1, name, n - 1);
  if (info->type == H5O_TYPE_DATASET) v->status = take_array(v, root, path, v->err);
  else if (info->type == H5O_TYPE_GROUP) v->status = take_group(v, root, path, v->err);
  free(path);
  return v->status == MESO_OK ? 0 : -1;
}

meso_status meso_result_read(const char *path, meso_result **ret_result, meso_err *err)
{
  static const char *const standard[] = { "format", "format_version", "kind", NULL };
  meso_status status = MESO_OK;
  meso_h5_file f;
  meso_result *result = NULL;
  *ret_result = NULL;
  MESO_TRY(meso_h5_open(&f, path, err));
  MESO_TRY(meso_result_create(&result, err));
  MESO_TRY(meso_h5_attrs(&f, f.id, standard, &result->attrs, err));
  visit v = { .f = &f, .result = result, .err = err };
  /* Visits every object once, so links in a circle do no harm. */
  const herr_t rc =
    H5Ovisit2(f.id, H5_INDEX_CRT_ORDER, H5_ITER_INC, take_object, &v, H5O_INFO_BASIC);
  MESO_TRY(v.status);
  MESO_H5R(&f, err, "its objects", rc);
  *ret_result = result;
  result = NULL;
cleanup:
  meso_result_destroy(result);
  meso_h5_close(&f);
  return status;
}
