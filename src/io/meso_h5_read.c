/* meso_h5_read.c: reading of datasets and attributes that may be anything. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "meso_io_internal.h"

bool meso_h5_has(hid_t at, const char *name)
{
  char path[1024];
  const htri_t found = H5Oexists_by_name(at, name, H5P_DEFAULT);
  if (found >= 0) return found > 0;
  for (size_t n = 1; n <= strlen(name) && n < sizeof path; n++) { /* each part of the path */
    if (name[n] != '/' && name[n] != '\0') continue;
    (void) snprintf(path, sizeof path, "%.*s", (int) n, name);
    if (H5Lexists(at, path, H5P_DEFAULT) == 0) return false;
  }
  return true;
}

/* ---- datasets ------------------------------------------------------------------------------ */

/* A few header bytes can claim an extent of petabytes. Deflate shrinks by 1032 at most, so a
 * dataset that claims more than that beyond a harmless size is not genuine. */
static meso_status check_extent(const meso_h5_file *f, const char *name, meso_h5_dataset *d,
                                meso_err *err)
{
  meso_status status = MESO_OK;
  static const size_t harmless = (size_t) 64 << 20;
  const size_t element = H5Tget_size(d->type) > 8 ? H5Tget_size(d->type) : 8;
  hsize_t extent[4] = { 0 };
  (void) H5Sget_simple_extent_dims(d->space, extent, NULL);
  d->count = H5Sget_simple_extent_type(d->space) == H5S_NULL ? 0 : 1;
  for (size_t i = 0; i < d->n_dims; i++) {
    if (extent[i] != 0 && d->count > SIZE_MAX / 2 / element / extent[i])
      MESO_FAIL(err, MESO_EFORMAT, "%s: %s: its extent is too large to be true", f->path, name);
    d->dims[i] = (size_t) extent[i];
    d->count *= d->dims[i];
  }
  const size_t bytes = d->count * element;
  hsize_t stored = H5Dget_storage_size(d->id), file_size = 0;
  MESO_H5R(f, err, name, H5Fget_filesize(f->id, &file_size));
  if (stored > file_size) stored = file_size; /* the header's word for it is not enough */
  if (bytes > harmless && stored < bytes / 1040)
    MESO_FAIL(err, MESO_EFORMAT, "%s: %s: claims %zu bytes but stores %llu", f->path, name, bytes,
              (unsigned long long) stored);
cleanup:
  return status;
}

meso_status meso_h5_dataset_open(const meso_h5_file *f, hid_t at, const char *name,
                                 meso_h5_dataset *d, meso_err *err)
{
  meso_status status = MESO_OK;
  *d = (meso_h5_dataset) { .id = H5I_INVALID_HID, .type = H5I_INVALID_HID,
                           .space = H5I_INVALID_HID };
  if (!meso_h5_has(at, name))
    MESO_FAIL(err, MESO_ENOTFOUND, "%s: there is no dataset %s", f->path, name);
  const hid_t object = H5Oopen(at, name, H5P_DEFAULT);
  MESO_H5R(f, err, name, object);
  if (H5Iget_type(object) != H5I_DATASET) {
    (void) H5Oclose(object);
    MESO_FAIL(err, MESO_EFORMAT, "%s: %s is not a dataset", f->path, name);
  }
  d->id = object;
  MESO_H5R(f, err, name, d->type = H5Dget_type(d->id));
  MESO_H5R(f, err, name, d->space = H5Dget_space(d->id));
  d->class_of = H5Tget_class(d->type);
  const int rank = H5Sget_simple_extent_ndims(d->space);
  if (rank < 0 || rank > 4)
    MESO_FAIL(err, MESO_EFORMAT, "%s: %s has %d dimensions, at most 4 make sense", f->path, name,
              rank);
  d->n_dims = (size_t) rank;
  MESO_TRY(check_extent(f, name, d, err));
cleanup:
  if (status != MESO_OK) meso_h5_dataset_close(d);
  return status;
}

void meso_h5_dataset_close(meso_h5_dataset *d)
{
  if (d->space >= 0) (void) H5Sclose(d->space);
  if (d->type >= 0) (void) H5Tclose(d->type);
  if (d->id >= 0) (void) H5Dclose(d->id);
  d->id = d->type = d->space = H5I_INVALID_HID;
}

meso_status meso_h5_get_doubles(const meso_h5_file *f, const char *name, const meso_h5_dataset *d,
                                double *out, meso_err *err)
{
  meso_status status = MESO_OK;
  if (d->class_of != H5T_INTEGER && d->class_of != H5T_FLOAT)
    MESO_FAIL(err, MESO_EFORMAT, "%s: %s does not hold numbers", f->path, name);
  if (d->count > 0)
    MESO_H5R(f, err, name, H5Dread(d->id, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, out));
cleanup:
  return status;
}

/* Text of a fixed-length field of n bytes: ends at the first NUL, without padding blanks. */
static char *field_text(const char *field, size_t n, bool blank_padded)
{
  size_t length = strnlen(field, n);
  while (blank_padded && length > 0 && field[length - 1] == ' ') length--;
  char *text = meso_calloc(length + 1, 1);
  if (text != NULL) memcpy(text, field, length);
  return text;
}

/* Strings in the buffer that HDF5 filled, to copies of our own. */
static meso_status copy_strings(const void *buffer, hid_t type, size_t n, char **out, meso_err *err)
{
  meso_status status = MESO_OK;
  const bool variable = H5Tis_variable_str(type) > 0;
  const bool blanks = H5Tget_strpad(type) == H5T_STR_SPACEPAD;
  const size_t size = H5Tget_size(type);
  for (size_t i = 0; i < n; i++) {
    if (variable) { /* an array of pointers, else of fields */
      const char *own = ((const char *const *) buffer)[i];
      out[i] = meso_strdup(own == NULL ? "" : own);
    } else {
      out[i] = field_text((const char *) buffer + i * size, size, blanks);
    }
    if (out[i] == NULL) MESO_FAIL(err, MESO_ENOMEM, "cannot copy a string");
  }
cleanup:
  return status;
}

meso_status meso_h5_get_strings(const meso_h5_file *f, const char *name, const meso_h5_dataset *d,
                                char **out, meso_err *err)
{
  meso_status status = MESO_OK;
  void *buffer = NULL;
  bool filled = false;
  if (d->class_of != H5T_STRING)
    MESO_FAIL(err, MESO_EFORMAT, "%s: %s does not hold text", f->path, name);
  if (d->count == 0) return MESO_OK;
  buffer = meso_calloc(d->count, H5Tget_size(d->type));
  if (buffer == NULL) MESO_FAIL(err, MESO_ENOMEM, "%s: %s: cannot allocate", f->path, name);
  MESO_H5R(f, err, name, H5Dread(d->id, d->type, H5S_ALL, H5S_ALL, H5P_DEFAULT, buffer));
  filled = true;
  MESO_TRY(copy_strings(buffer, d->type, d->count, out, err));
cleanup:
  if (filled && H5Tis_variable_str(d->type) > 0)
    (void) H5Dvlen_reclaim(d->type, d->space, H5P_DEFAULT, buffer);
  free(buffer);
  return status;
}

/* ---- attributes ---------------------------------------------------------------------------- */

/* Opens an attribute with exactly one value. */
static bool open_single(hid_t at, const char *name, hid_t *ret_attr, hid_t *ret_type)
{
  *ret_attr = *ret_type = H5I_INVALID_HID;
  if (H5Aexists(at, name) <= 0) return false;
  const hid_t attr = H5Aopen(at, name, H5P_DEFAULT);
  if (attr < 0) return false;
  const hid_t space = H5Aget_space(attr);
  const bool single = space >= 0 && H5Sget_simple_extent_npoints(space) == 1;
  if (space >= 0) (void) H5Sclose(space);
  const hid_t type = single ? H5Aget_type(attr) : H5I_INVALID_HID;
  if (type < 0) {
    (void) H5Aclose(attr);
    return false;
  }
  *ret_attr = attr;
  *ret_type = type;
  return true;
}

bool meso_h5_attr_number(hid_t at, const char *name, double *value)
{
  hid_t attr, type;
  if (!open_single(at, name, &attr, &type)) return false;
  const H5T_class_t class_of = H5Tget_class(type);
  const bool found = (class_of == H5T_INTEGER || class_of == H5T_FLOAT)
                     && H5Aread(attr, H5T_NATIVE_DOUBLE, value) >= 0;
  (void) H5Tclose(type);
  (void) H5Aclose(attr);
  return found;
}

meso_status meso_h5_attr_text(const meso_h5_file *f, hid_t at, const char *name, char **ret_text,
                              meso_err *err)
{
  meso_status status = MESO_OK;
  hid_t attr, type;
  void *buffer = NULL;
  bool filled = false;
  *ret_text = NULL;
  if (!open_single(at, name, &attr, &type)) return MESO_OK;
  if (H5Tget_class(type) != H5T_STRING) goto cleanup;
  buffer = meso_calloc(1, H5Tget_size(type));
  if (buffer == NULL)
    MESO_FAIL(err, MESO_ENOMEM, "%s: attribute %s: cannot allocate", f->path, name);
  MESO_H5R(f, err, name, H5Aread(attr, type, buffer));
  filled = true;
  MESO_TRY(copy_strings(buffer, type, 1, ret_text, err));
cleanup:
  if (filled && H5Tis_variable_str(type) > 0) (void) H5free_memory(*(char **) buffer);
  free(buffer);
  (void) H5Tclose(type);
  (void) H5Aclose(attr);
  return status;
}

meso_status meso_h5_attr_units(const meso_h5_file *f, hid_t at, char **ret_units, meso_err *err)
{
  meso_status status = MESO_OK;
  MESO_TRY(meso_h5_attr_text(f, at, "units", ret_units, err));
  if (*ret_units == NULL) MESO_TRY(meso_h5_attr_text(f, at, "unit", ret_units, err));
cleanup:
  return status;
}

typedef struct attr_walk {
  const meso_h5_file *f;
  const char *const *skip;
  meso_attrs *attrs;
  meso_err *err;
  meso_status status;
} attr_walk;

static herr_t take_attr(hid_t at, const char *name, const H5A_info_t *info, void *data)
{
  attr_walk *w = data;
  double number = 0.0;
  char *text = NULL;
  (void) info;
  for (const char *const *s = w->skip; *s != NULL; s++)
    if (strcmp(*s, name) == 0) return 0;
  if (meso_h5_attr_number(at, name, &number)) {
    w->status = meso_attrs_set_number(w->attrs, name, number, w->err);
  } else {
    w->status = meso_h5_attr_text(w->f, at, name, &text, w->err);
    if (text != NULL) w->status = meso_attrs_set_text(w->attrs, name, text, w->err);
    free(text);
  }
  return w->status == MESO_OK ? 0 : -1;
}

meso_status meso_h5_attrs(const meso_h5_file *f, hid_t at, const char *const *skip,
                          meso_attrs *attrs, meso_err *err)
{
  meso_status status = MESO_OK;
  attr_walk w = { .f = f, .skip = skip, .attrs = attrs, .err = err };
  const herr_t rc = H5Aiterate2(at, H5_INDEX_NAME, H5_ITER_INC, NULL, take_attr, &w);
  MESO_TRY(w.status);
  MESO_H5R(f, err, "attributes", rc);
cleanup:
  return status;
}

/* ---- groups -------------------------------------------------------------------------------- */

void meso_names_free(char **names, size_t n)
{
  for (size_t i = 0; names != NULL && i < n; i++) free(names[i]);
  free(names);
}

static bool tracks_order(hid_t group)
{
  unsigned flags = 0;
  const hid_t gcpl = H5Gget_create_plist(group);
  if (gcpl < 0) return false;
  (void) H5Pget_link_creation_order(gcpl, &flags);
  (void) H5Pclose(gcpl);
  return (flags & H5P_CRT_ORDER_TRACKED) != 0;
}

/* A link to nothing is no group. */
static meso_status is_group(const meso_h5_file *f, hid_t at, const char *name, bool *ret,
                            meso_err *err)
{
  meso_status status = MESO_OK;
  *ret = false;
  if (!meso_h5_has(at, name)) return MESO_OK;
  const hid_t object = H5Oopen(at, name, H5P_DEFAULT);
  MESO_H5R(f, err, name, object);
  *ret = H5Iget_type(object) == H5I_GROUP;
cleanup:
  if (object >= 0) (void) H5Oclose(object);
  return status;
}

/* Name of link i in the given order; caller frees. */
static meso_status link_name(const meso_h5_file *f, hid_t group, H5_index_t index, hsize_t i,
                             char **ret_name, meso_err *err)
{
  meso_status status = MESO_OK;
  char *name = NULL;
  const ssize_t length =
    H5Lget_name_by_idx(group, ".", index, H5_ITER_INC, i, NULL, 0, H5P_DEFAULT);
  MESO_H5R(f, err, "a group", length);
  MESO_ALLOC(err, name, (size_t) length + 1);
  MESO_H5R(f, err, "a group", H5Lget_name_by_idx(group, ".", index, H5_ITER_INC, i, name,
                                                 (size_t) length + 1, H5P_DEFAULT));
  *ret_name = name;
  name = NULL;
cleanup:
  free(name);
  return status;
}

/* Names of the links of a group, or of its subgroups alone. */
static meso_status list_links(const meso_h5_file *f, hid_t group, H5_index_t index,
                              bool only_groups, char ***ret_names, size_t *ret_n, meso_err *err)
{
  meso_status status = MESO_OK;
  char **names = NULL;
  size_t n = 0;
  H5G_info_t info;
  *ret_names = NULL;
  *ret_n = 0;
  MESO_H5R(f, err, "a group", H5Gget_info(group, &info));
  MESO_ALLOC(err, names, info.nlinks);
  for (hsize_t i = 0; i < info.nlinks; i++) {
    bool wanted = true;
    MESO_TRY(link_name(f, group, index, i, &names[n], err));
    if (only_groups) MESO_TRY(is_group(f, group, names[n], &wanted, err));
    if (wanted) {
      n++;
    } else {
      free(names[n]);
      names[n] = NULL;
    }
  }
  *ret_names = names;
  *ret_n = n;
  names = NULL;
cleanup:
  meso_names_free(names, n + 1); /* the one at n may be half-way */
  return status;
}

meso_status meso_h5_subgroups(const meso_h5_file *f, hid_t group, bool by_name, char ***ret_names,
                              size_t *ret_n, meso_err *err)
{
  const H5_index_t index = by_name || !tracks_order(group) ? H5_INDEX_NAME : H5_INDEX_CRT_ORDER;
  return list_links(f, group, index, true, ret_names, ret_n, err);
}

/* ---- any file ------------------------------------------------------------------------------ */

meso_status meso_h5_read_doubles(const char *path, const char *dataset, size_t *n_dims,
                                 size_t *dims, double **ret_data, meso_err *err)
{
  meso_status status = MESO_OK;
  meso_h5_file f;
  meso_h5_dataset d = { .id = H5I_INVALID_HID, .type = H5I_INVALID_HID, .space = H5I_INVALID_HID };
  double *data = NULL;
  *ret_data = NULL;
  MESO_TRY(meso_h5_open(&f, path, err));
  MESO_TRY(meso_h5_dataset_open(&f, f.id, dataset, &d, err));
  MESO_ALLOC_ALIGNED(err, data, d.count);
  MESO_TRY(meso_h5_get_doubles(&f, dataset, &d, data, err));
  *n_dims = d.n_dims;
  memcpy(dims, d.dims, d.n_dims * sizeof *dims);
  *ret_data = data;
  data = NULL;
cleanup:
  free(data);
  meso_h5_dataset_close(&d);
  meso_h5_close(&f);
  return status;
}

meso_status meso_h5_read_strings(const char *path, const char *dataset, char ***ret_text,
                                 size_t *ret_n, meso_err *err)
{
  meso_status status = MESO_OK;
  meso_h5_file f;
  meso_h5_dataset d = { .id = H5I_INVALID_HID, .type = H5I_INVALID_HID, .space = H5I_INVALID_HID };
  char **text = NULL;
  *ret_text = NULL;
  *ret_n = 0;
  MESO_TRY(meso_h5_open(&f, path, err));
  MESO_TRY(meso_h5_dataset_open(&f, f.id, dataset, &d, err));
  MESO_ALLOC(err, text, d.count);
  MESO_TRY(meso_h5_get_strings(&f, dataset, &d, text, err));
  *ret_text = text;
  *ret_n = d.count;
  text = NULL;
cleanup:
  meso_names_free(text, d.count);
  meso_h5_dataset_close(&d);
  meso_h5_close(&f);
  return status;
}

static meso_status open_object(const meso_h5_file *f, const char *object, hid_t *ret_id,
                               meso_err *err)
{
  meso_status status = MESO_OK;
  *ret_id = H5Oopen(f->id, object, H5P_DEFAULT);
  if (*ret_id < 0) MESO_FAIL(err, MESO_ENOTFOUND, "%s: there is no object %s", f->path, object);
cleanup:
  return status;
}

/** Names of what a group holds; only_groups: in the order of creation if it is known. */
static meso_status read_names(const char *path, const char *group, bool only_groups,
                              char ***ret_names, size_t *ret_n, meso_err *err)
{
  meso_status status = MESO_OK;
  meso_h5_file f;
  hid_t at = H5I_INVALID_HID;
  *ret_names = NULL;
  *ret_n = 0;
  MESO_TRY(meso_h5_open(&f, path, err));
  MESO_TRY(open_object(&f, group, &at, err));
  if (H5Iget_type(at) != H5I_GROUP)
    MESO_FAIL(err, MESO_EFORMAT, "%s: %s is not a group", path, group);
  if (only_groups) MESO_TRY(meso_h5_subgroups(&f, at, false, ret_names, ret_n, err));
  else MESO_TRY(list_links(&f, at, H5_INDEX_NAME, false, ret_names, ret_n, err));
cleanup:
  if (at >= 0) (void) H5Oclose(at);
  meso_h5_close(&f);
  return status;
}

meso_status meso_h5_read_names(const char *path, const char *group, char ***ret_names,
                               size_t *ret_n, meso_err *err)
{
  return read_names(path, group, false, ret_names, ret_n, err);
}

meso_status meso_h5_read_groups(const char *path, const char *group, char ***ret_names,
                                size_t *ret_n, meso_err *err)
{
  return read_names(path, group, true, ret_names, ret_n, err);
}

meso_status meso_h5_read_number(const char *path, const char *object, const char *attribute,
                                double *value, meso_err *err)
{
  meso_status status = MESO_OK;
  meso_h5_file f;
  hid_t at = H5I_INVALID_HID;
  MESO_TRY(meso_h5_open(&f, path, err));
  MESO_TRY(open_object(&f, object, &at, err));
  if (H5Aexists(at, attribute) <= 0)
    MESO_FAIL(err, MESO_ENOTFOUND, "%s: %s has no attribute %s", path, object, attribute);
  if (!meso_h5_attr_number(at, attribute, value))
    MESO_FAIL(err, MESO_EFORMAT, "%s: attribute %s of %s is not a number", path, attribute, object);
cleanup:
  if (at >= 0) (void) H5Oclose(at);
  meso_h5_close(&f);
  return status;
}

meso_status meso_h5_read_text(const char *path, const char *object, const char *attribute,
                              char **ret_text, meso_err *err)
{
  meso_status status = MESO_OK;
  meso_h5_file f;
  hid_t at = H5I_INVALID_HID;
  *ret_text = NULL;
  MESO_TRY(meso_h5_open(&f, path, err));
  MESO_TRY(open_object(&f, object, &at, err));
  if (H5Aexists(at, attribute) <= 0)
    MESO_FAIL(err, MESO_ENOTFOUND, "%s: %s has no attribute %s", path, object, attribute);
  MESO_TRY(meso_h5_attr_text(&f, at, attribute, ret_text, err));
  if (*ret_text == NULL)
    MESO_FAIL(err, MESO_EFORMAT, "%s: attribute %s of %s is not text", path, attribute, object);
cleanup:
  if (at >= 0) (void) H5Oclose(at);
  meso_h5_close(&f);
  return status;
}
