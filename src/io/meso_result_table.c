/* meso_result_table.c: results of analyses as comma- or tab-separated text. */
#include "meso_result_table.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "meso_table.h"

enum { MAX_DIMS = 4, MAX_PATH = 2048, MAX_WIDTH = 4 };

static const char attributes_file[] = "attributes", head_of_tables[] = "index_0";

/* Indices of the k-th element. */
static void indices_of(const meso_array *a, size_t k, size_t index[MAX_DIMS])
{
  for (size_t d = a->n_dims; d-- > 0; k /= a->dims[d]) index[d] = k % a->dims[d];
}

static void write_element(meso_table *table, const meso_array *a, size_t k)
{
  if (a->text != NULL) meso_table_text(table, a->text[k] != NULL ? a->text[k] : "");
  else meso_table_number(table, a->data[k]);
}

static void write_attribute(meso_table *table, const meso_attr *attr)
{
  if (attr->text != NULL) meso_table_text(table, attr->text);
  else meso_table_number(table, attr->number);
}

/* ---- all in one table ---------------------------------------------------------------------- */

static void write_head_of_all(meso_table *table)
{
  static const char *const name[] = {"dataset", "units", "index_0", "index_1", "index_2",
                                     "index_3", "value"};
  for (size_t i = 0; i < sizeof name / sizeof name[0]; i++) meso_table_text(table, name[i]);
  meso_table_end_row(table);
}

static void write_array_to_all(meso_table *table, const meso_array *a)
{
  const size_t n = meso_array_count(a);
  for (size_t k = 0; k < n && !meso_table_has_failed(table); k++) {
    size_t index[MAX_DIMS];
    indices_of(a, k, index);
    meso_table_text(table, a->path);
    meso_table_text(table, a->units != NULL ? a->units : "");
    for (size_t d = 0; d < MAX_DIMS; d++)
      if (d < a->n_dims) meso_table_number(table, (double) index[d]);
      else meso_table_text(table, "");
    write_element(table, a, k);
    meso_table_end_row(table);
  }
}

static void write_attributes(meso_table *table, const meso_result *result, size_t n_empty)
{
  for (size_t g = 0; g < result->n_groups; g++)
    for (size_t i = 0; i < result->group[g].attrs.n; i++) {
      const meso_attr *attr = &result->group[g].attrs.v[i];
      char path[MAX_PATH];
      (void) snprintf(path, sizeof path, "%s/%s", result->group[g].path, attr->key);
      meso_table_text(table, path);
      for (size_t k = 0; k < n_empty; k++) meso_table_text(table, "");
      write_attribute(table, attr);
      meso_table_end_row(table);
    }
}

static meso_status write_one(const char *path, const meso_result *result, meso_err *err)
{
  meso_table table = { .path = NULL };
  const meso_status status = meso_table_open(&table, path, err);
  if (status == MESO_OK) {
    write_head_of_all(&table);
    for (size_t i = 0; i < result->n; i++) write_array_to_all(&table, &result->array[i]);
    write_attributes(&table, result, MAX_DIMS + 1);
  }
  return meso_table_close(&table, status, err);
}

/* ---- a table for each dataset -------------------------------------------------------------- */

/* The values along an axis: `width` columns each, or the two edges of each. */
typedef struct axis { const meso_array *values; size_t width; bool is_edges; } axis;

/* The array that the axis text names, in the group of a dataset or around it, or NULL. */
static const meso_array *find_near(const meso_result *result, const char *dataset, const char *name,
                                   size_t n_name)
{
  for (size_t n = strlen(dataset); n > 0;) {
    char path[MAX_PATH];
    while (n > 0 && dataset[n - 1] != '/') n--;
    if (n == 0) break;
    (void) snprintf(path, sizeof path, "%.*s%.*s", (int) n, dataset, (int) n_name, name);
    const meso_array *found = meso_result_find(result, path);
    if (found != NULL) return found;
    n--;
  }
  return NULL;
}

/* Whether an array can be the values of an axis of n. */
static bool fits(const meso_array *x, size_t n, axis *ret)
{
  *ret = (axis) { .values = NULL };
  if (x == NULL || x->n_dims < 1 || x->n_dims > 2) return false;
  const bool is_edges = x->n_dims == 1 && x->dims[0] == n + 1;
  const size_t width = x->n_dims == 2 ? x->dims[1] : 1;
  if ((x->dims[0] != n && !is_edges) || width > MAX_WIDTH) return false;
  *ret = (axis) { .values = x, .width = width, .is_edges = is_edges };
  return true;
}

static void find_axes(const meso_result *result, const meso_array *a, axis axes[MAX_DIMS])
{
  const char *name = meso_attrs_text(&a->attrs, "axes");
  for (size_t d = 0; d < MAX_DIMS; d++) {
    axes[d] = (axis) { .values = NULL };
    if (name == NULL || d >= a->n_dims) continue;
    const size_t n = strcspn(name, ",");
    (void) fits(find_near(result, a->path, name, n), a->dims[d], &axes[d]);
    name = name[n] == ',' ? name + n + 1 : NULL;
  }
}

/* "name (unit)", with an ending of the name. */
static void write_column_name(meso_table *table, const meso_array *a, const char *ending)
{
  char text[MAX_PATH];
  const char *name = strrchr(a->path, '/');
  const bool has_units = a->units != NULL && a->units[0] != '\0';
  (void) snprintf(text, sizeof text, "%s%s%s%s%s", name != NULL ? name + 1 : a->path, ending,
                  has_units ? " (" : "", has_units ? a->units : "", has_units ? ")" : "");
  meso_table_text(table, text);
}

static void write_head(meso_table *table, const meso_array *a, const axis axes[MAX_DIMS])
{
  for (size_t d = 0; d < a->n_dims; d++) {
    char name[32];
    (void) snprintf(name, sizeof name, "index_%zu", d); /* the first is head_of_tables */
    meso_table_text(table, name);
  }
  for (size_t d = 0; d < a->n_dims; d++) {
    const axis *x = &axes[d];
    if (x->values == NULL) continue;
    if (x->is_edges) {
      write_column_name(table, x->values, "_from");
      write_column_name(table, x->values, "_to");
    }
    for (size_t c = 0; c < x->width && !x->is_edges; c++) {
      char ending[32] = "";
      if (x->width > 1) (void) snprintf(ending, sizeof ending, "_%zu", c);
      write_column_name(table, x->values, ending);
    }
  }
  write_column_name(table, a, "");
  meso_table_end_row(table);
}

static void write_row(meso_table *table, const meso_array *a, const axis axes[MAX_DIMS], size_t k)
{
  size_t index[MAX_DIMS];
  indices_of(a, k, index);
  for (size_t d = 0; d < a->n_dims; d++) meso_table_number(table, (double) index[d]);
  for (size_t d = 0; d < a->n_dims; d++) {
    const axis *x = &axes[d];
    const size_t n = x->values == NULL ? 0 : x->is_edges ? 2 : x->width;
    for (size_t c = 0; c < n; c++) write_element(table, x->values, index[d] * x->width + c);
  }
  write_element(table, a, k);
  meso_table_end_row(table);
}

static meso_status write_array(const char *path, const meso_result *result, const meso_array *a,
                               meso_err *err)
{
  meso_table table = { .path = NULL };
  axis axes[MAX_DIMS];
  const meso_status status = meso_table_open(&table, path, err);
  if (status == MESO_OK) {
    const size_t n = meso_array_count(a);
    find_axes(result, a, axes);
    write_head(&table, a, axes);
    for (size_t k = 0; k < n && !meso_table_has_failed(&table); k++)
      write_row(&table, a, axes, k);
  }
  return meso_table_close(&table, status, err);
}

static meso_status write_attributes_file(const char *path, const meso_result *result, meso_err *err)
{
  meso_table table = { .path = NULL };
  const meso_status status = meso_table_open(&table, path, err);
  if (status == MESO_OK) {
    meso_table_text(&table, "name");
    meso_table_text(&table, "value");
    meso_table_end_row(&table);
    write_attributes(&table, result, 0);
  }
  return meso_table_close(&table, status, err);
}

/* "folder/a.b.c.csv" for "/a/b/c". */
static meso_status file_of(const char *folder, const char *dataset, char out[MAX_PATH],
                           meso_err *err)
{
  meso_status status = MESO_OK;
  dataset += dataset[0] == '/';
  const int n = snprintf(out, MAX_PATH, "%s/%s.csv", folder, dataset);
  if (n < 0 || n >= MAX_PATH) MESO_FAIL(err, MESO_EINVAL, "%s: the name is too long", folder);
  for (char *c = out + strlen(folder) + 1; *c != '\0'; c++)
    *c = *c == '/' ? '.' : (unsigned char) *c < ' ' ? '_' : *c;
cleanup:
  return status;
}

/* Names of populations may hold dots. */
static meso_status check_files(const char *folder, const meso_result *result, meso_err *err)
{
  meso_status status = MESO_OK;
  char one[MAX_PATH], other[MAX_PATH];
  for (size_t i = 0; i < result->n; i++) {
    MESO_TRY(file_of(folder, result->array[i].path, one, err));
    for (size_t k = 0; k < i; k++) {
      MESO_TRY(file_of(folder, result->array[k].path, other, err));
      if (strcmp(one, other) == 0)
        MESO_FAIL(err, MESO_EFORMAT, "%s would hold both %s and %s: take one table, NAME.csv", one,
                  result->array[k].path, result->array[i].path);
    }
  }
cleanup:
  return status;
}

/* The name of the first group of a path, without the slash before it. */
static size_t length_of_group(const char *path)
{
  return strcspn(path + 1, "/");
}

static bool is_written(const char *folder, const char *path, const meso_result *result)
{
  char own[MAX_PATH];
  for (size_t i = 0; i < result->n; i++)
    if (file_of(folder, result->array[i].path, own, NULL) == MESO_OK && strcmp(own, path) == 0)
      return true;
  return false;
}

static bool begins_as_table(const char *path)
{
  char text[sizeof head_of_tables] = "";
  FILE *in = fopen(path, "rb");
  if (in == NULL) return false;
  const size_t n = fread(text, 1, sizeof text - 1, in);
  (void) fclose(in);
  return n == sizeof text - 1 && strcmp(text, head_of_tables) == 0;
}

/* Whether a name is GROUP.*.csv for a group of the result. */
static bool is_of_groups(const char *name, const meso_result *result)
{
  if (meso_table_separator(name) != ',') return false;
  for (size_t i = 0; i < result->n; i++) {
    const char *path = result->array[i].path;
    const size_t n = length_of_group(path);
    if (strncmp(name, path + 1, n) == 0 && name[n] == '.') return true;
  }
  return false;
}

/* Takes away the tables of an earlier result of the same analysis that this one does not have. */
static void remove_old(const char *folder, const meso_result *result)
{
  char path[MAX_PATH];
  DIR *dir = opendir(folder);
  if (dir == NULL) return;
  for (const struct dirent *e = readdir(dir); e != NULL; e = readdir(dir)) {
    const int n = snprintf(path, sizeof path, "%s/%s", folder, e->d_name);
    if (n > 0 && n < MAX_PATH && is_of_groups(e->d_name, result) && begins_as_table(path) &&
        !is_written(folder, path, result))
      (void) unlink(path);
  }
  (void) closedir(dir);
}

static meso_status write_folder(const char *folder, const meso_result *result, meso_err *err)
{
  meso_status status = MESO_OK;
  char path[MAX_PATH], attributes[MAX_PATH];
  struct stat st;
  MESO_TRY(check_files(folder, result, err));
  if (mkdir(folder, 0777) != 0) {
    const int cause = errno;
    if (cause != EEXIST)
      MESO_FAIL(err, cause == ENOENT || cause == ENOTDIR ? MESO_ENOTFOUND : MESO_EIO,
                "%s: cannot create the folder: %s", folder, strerror(cause));
    if (stat(folder, &st) != 0 || !S_ISDIR(st.st_mode))
      MESO_FAIL(err, MESO_EINVAL, "%s: is no folder; the name of a table ends in .csv or .tsv",
                folder);
  }
  for (size_t i = 0; i < result->n; i++) {
    MESO_TRY(file_of(folder, result->array[i].path, path, err));
    MESO_TRY(write_array(path, result, &result->array[i], err));
  }
  const char *first = result->n > 0 ? result->array[0].path : "/result";
  (void) snprintf(attributes, sizeof attributes, "%.*s.%s", (int) length_of_group(first),
                  first + 1, attributes_file);
  MESO_TRY(file_of(folder, attributes, path, err));
  MESO_TRY(write_attributes_file(path, result, err));
  remove_old(folder, result);
cleanup:
  return status;
}

meso_status meso_result_table_write(const char *path, const meso_result *result, meso_err *err)
{
  return meso_table_separator(path) != '\0' ? write_one(path, result, err)
                                            : write_folder(path, result, err);
}
