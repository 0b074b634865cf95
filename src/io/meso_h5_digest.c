/* meso_h5_digest.c: one checksum for what a file says, apart from where it came from.
 *
 * Objects are visited by name. Each gives a line of text (path, type, extent), then its attributes
 * by name, then its values in row-major order as they are in memory; text gives its length and its
 * bytes. /provenance and all below it are left out. */
#include <nettle/sha2.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "meso_io_internal.h"

/** Read at a time. */
enum { PIECE_BYTES = 1 << 23 };

typedef struct digest {
  const meso_h5_file *f;
  struct sha256_ctx sha;
  meso_err *err;
  meso_status status;
} digest;

static void feed(digest *d, const char *fmt, ...) MESO_PRINTF(2, 3);
static void feed(digest *d, const char *fmt, ...)
{
  char text[256];
  va_list ap;
  va_start(ap, fmt);
  const int n = vsnprintf(text, sizeof text, fmt, ap);
  va_end(ap);
  sha256_update(&d->sha, n < 0 ? 0 : strlen(text), (const uint8_t *) text);
}

/** Length before bytes, so that no two lists of texts look alike. */
static void feed_text(digest *d, const char *text)
{
  feed(d, "%zu:", strlen(text));
  sha256_update(&d->sha, strlen(text), (const uint8_t *) text);
}

/** Type to read with: the machine's own, so that byte order plays no part. */
static meso_status memory_type(const digest *d, const char *what, hid_t file_type, hid_t *ret_type,
                               meso_err *err)
{
  meso_status status = MESO_OK;
  const H5T_class_t class_of = H5Tget_class(file_type);
  *ret_type = H5I_INVALID_HID;
  if (class_of != H5T_INTEGER && class_of != H5T_FLOAT && class_of != H5T_ENUM &&
      class_of != H5T_STRING)
    MESO_FAIL(err, MESO_EFORMAT, "%s: %s holds neither numbers nor text", d->f->path, what);
  MESO_H5R(d->f, err, what,
           *ret_type = class_of == H5T_STRING ? H5Tcopy(file_type)
                                              : H5Tget_native_type(file_type, H5T_DIR_ASCEND));
cleanup:
  return status;
}

static void feed_type(digest *d, hid_t type)
{
  static const char *const name[] = { [H5T_INTEGER] = "integer", [H5T_FLOAT] = "float",
                                      [H5T_STRING] = "text", [H5T_ENUM] = "enum" };
  const H5T_class_t class_of = H5Tget_class(type);
  /* Text of fixed and of variable length says the same. */
  if (class_of == H5T_STRING) feed(d, " %s", name[class_of]);
  else feed(d, " %s %zu %d", name[class_of], H5Tget_size(type),
            class_of == H5T_INTEGER && H5Tget_sign(type) == H5T_SGN_NONE);
}

static void feed_extent(digest *d, hid_t space)
{
  hsize_t extent[H5S_MAX_RANK] = { 0 };
  const int rank = H5Sget_simple_extent_dims(space, extent, NULL);
  feed(d, " (");
  for (int i = 0; i < rank; i++) feed(d, "%llu,", (unsigned long long) extent[i]);
  feed(d, ")\n");
}

/** n values in memory; texts of variable length are pointers, the others have the size of type. */
static void feed_values(digest *d, hid_t type, size_t n, const void *values)
{
  const size_t size = H5Tget_size(type);
  const char *at = values;
  if (H5Tget_class(type) != H5T_STRING) {
    sha256_update(&d->sha, n * size, values);
    return;
  }
  const bool variable = H5Tis_variable_str(type) > 0;
  const bool blanks = !variable && H5Tget_strpad(type) == H5T_STR_SPACEPAD;
  for (size_t i = 0; i < n; i++, at += size) {
    const char *text = variable ? *(const char *const *) (const void *) at : at;
    size_t length = text == NULL ? 0 : variable ? strlen(text) : strnlen(text, size);
    while (blanks && length > 0 && text[length - 1] == ' ') length--;
    feed(d, "%zu:", length);
    if (length > 0) sha256_update(&d->sha, length, (const uint8_t *) text);
  }
}

/* ---- attributes ---------------------------------------------------------------------------- */

static meso_status feed_attr(digest *d, hid_t at, const char *name, meso_err *err)
{
  meso_status status = MESO_OK;
  hid_t file_type = H5I_INVALID_HID, type = H5I_INVALID_HID, space = H5I_INVALID_HID;
  void *values = NULL;
  bool filled = false;
  const hid_t attr = H5Aopen(at, name, H5P_DEFAULT);
  MESO_H5R(d->f, err, name, attr);
  MESO_H5R(d->f, err, name, file_type = H5Aget_type(attr));
  MESO_H5R(d->f, err, name, space = H5Aget_space(attr));
  MESO_TRY(memory_type(d, name, file_type, &type, err));
  const hssize_t n = H5Sget_simple_extent_npoints(space);
  MESO_H5R(d->f, err, name, n);
  feed(d, "@");
  feed_text(d, name);
  feed_type(d, type);
  feed_extent(d, space);
  values = meso_calloc((size_t) n, H5Tget_size(type));
  if (values == NULL) MESO_FAIL(err, MESO_ENOMEM, "%s: %s: cannot allocate", d->f->path, name);
  if (n > 0) MESO_H5R(d->f, err, name, H5Aread(attr, type, values));
  filled = true;
  feed_values(d, type, (size_t) n, values);
cleanup:
  if (filled && H5Tis_variable_str(type) > 0)
    (void) H5Dvlen_reclaim(type, space, H5P_DEFAULT, values);
  free(values);
  if (type >= 0) (void) H5Tclose(type);
  if (file_type >= 0) (void) H5Tclose(file_type);
  if (space >= 0) (void) H5Sclose(space);
  if (attr >= 0) (void) H5Aclose(attr);
  return status;
}

static herr_t take_attr(hid_t at, const char *name, const H5A_info_t *info, void *data)
{
  digest *d = data;
  (void) info;
  d->status = feed_attr(d, at, name, d->err);
  return d->status == MESO_OK ? 0 : -1;
}

static meso_status feed_attrs(digest *d, hid_t at, const char *what, meso_err *err)
{
  meso_status status = MESO_OK;
  const herr_t rc = H5Aiterate2(at, H5_INDEX_NAME, H5_ITER_INC, NULL, take_attr, d);
  MESO_TRY(d->status);
  MESO_H5R(d->f, err, what, rc);
cleanup:
  return status;
}

/* ---- datasets ------------------------------------------------------------------------------ */

/** A block of a dataset: n values, at most room; all of the axes behind the one that it is cut
 *  along. */
typedef struct piece { hsize_t start[4], count[4]; size_t n, room; } piece;

/** The first axis of which all that lies behind one index fits into a piece. */
static size_t cut_axis(const meso_h5_dataset *set, size_t room)
{
  size_t axis = set->n_dims, behind = 1;
  while (axis > 0 && behind <= room / (set->dims[axis - 1] > 0 ? set->dims[axis - 1] : 1))
    behind *= set->dims[--axis];
  return axis > 0 ? axis - 1 : 0;
}

/** Next piece in row-major order; false at the end. Before the first, n is 0. */
static bool next_piece(const meso_h5_dataset *set, piece *p)
{
  const size_t axis = cut_axis(set, p->room);
  const bool first = p->n == 0;
  size_t behind = 1;
  p->n = 1;
  if (set->n_dims == 0) return first;
  for (size_t i = axis + 1; i < set->n_dims; i++) behind *= set->dims[i];
  if (!first) p->start[axis] += p->count[axis];
  for (size_t i = axis; i > 0 && p->start[i] >= set->dims[i]; i--) {
    p->start[i] = 0;
    p->start[i - 1]++;
  }
  if (p->start[0] >= set->dims[0]) return false;
  for (size_t i = 0; i < set->n_dims; i++) p->count[i] = i < axis ? 1 : set->dims[i];
  const hsize_t most = p->room / behind, left = set->dims[axis] - p->start[axis];
  p->count[axis] = left < most ? left : most;
  p->n = p->count[axis] * behind;
  return true;
}

static meso_status feed_piece(digest *d, const char *path, const meso_h5_dataset *set, hid_t type,
                              const piece *p, void *values, meso_err *err)
{
  meso_status status = MESO_OK;
  const hsize_t n = p->n;
  const hid_t memory = H5Screate_simple(1, &n, NULL);
  MESO_H5R(d->f, err, path, memory);
  if (set->n_dims > 0)
    MESO_H5R(d->f, err, path, H5Sselect_hyperslab(set->space, H5S_SELECT_SET, p->start, NULL,
                                                  p->count, NULL));
  MESO_H5R(d->f, err, path, H5Dread(set->id, type, memory, set->space, H5P_DEFAULT, values));
  feed_values(d, type, p->n, values);
  if (H5Tis_variable_str(type) > 0)
    (void) H5Dvlen_reclaim(type, memory, H5P_DEFAULT, values);
cleanup:
  if (memory >= 0) (void) H5Sclose(memory);
  return status;
}

static meso_status feed_dataset(digest *d, hid_t root, const char *path, meso_err *err)
{
  meso_status status = MESO_OK;
  meso_h5_dataset set;
  hid_t type = H5I_INVALID_HID;
  void *values = NULL;
  piece p = { .n = 0 };
  MESO_TRY(meso_h5_dataset_open(d->f, root, path, &set, err));
  MESO_TRY(memory_type(d, path, set.type, &type, err));
  feed_type(d, type);
  feed_extent(d, set.space);
  MESO_TRY(feed_attrs(d, set.id, path, err));
  const size_t size = H5Tget_size(type);
  p.room = size < PIECE_BYTES ? PIECE_BYTES / size : 1;
  values = meso_calloc(set.count < p.room ? set.count : p.room, size);
  if (values == NULL) MESO_FAIL(err, MESO_ENOMEM, "%s: %s: cannot allocate", d->f->path, path);
  while (set.count > 0 && next_piece(&set, &p))
    MESO_TRY(feed_piece(d, path, &set, type, &p, values, err));
cleanup:
  free(values);
  if (type >= 0) (void) H5Tclose(type);
  meso_h5_dataset_close(&set);
  return status;
}

/* ---- the file ------------------------------------------------------------------------------ */

static meso_status feed_group(digest *d, hid_t root, const char *path, meso_err *err)
{
  meso_status status = MESO_OK;
  const hid_t group = H5Gopen2(root, path, H5P_DEFAULT);
  MESO_H5R(d->f, err, path, group);
  feed(d, " group\n");
  MESO_TRY(feed_attrs(d, group, path, err));
cleanup:
  if (group >= 0) (void) H5Gclose(group);
  return status;
}

static herr_t take_object(hid_t root, const char *name, const H5O_info_t *info, void *data)
{
  static const char own[] = "provenance";
  const size_t n = sizeof own - 1;
  digest *d = data;
  if (strncmp(name, own, n) == 0 && (name[n] == '\0' || name[n] == '/')) return 0;
  feed_text(d, name);
  if (info->type == H5O_TYPE_DATASET) d->status = feed_dataset(d, root, name, d->err);
  else if (info->type == H5O_TYPE_GROUP) d->status = feed_group(d, root, name, d->err);
  return d->status == MESO_OK ? 0 : -1;
}

meso_status meso_file_digest(const char *path, char out[65], meso_err *err)
{
  meso_status status = MESO_OK;
  meso_h5_file f;
  digest d = { .f = &f, .err = err };
  out[0] = '\0';
  sha256_init(&d.sha);
  MESO_TRY(meso_h5_open(&f, path, err));
  const herr_t rc =
    H5Ovisit2(f.id, H5_INDEX_NAME, H5_ITER_INC, take_object, &d, H5O_INFO_BASIC);
  MESO_TRY(d.status);
  MESO_H5R(&f, err, "its objects", rc);
  meso_sha256_end(&d.sha, out);
cleanup:
  meso_h5_close(&f);
  return status;
}
