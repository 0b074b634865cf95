/* network_table.c: tables of explicit network files, column by column. */
#include "network_table.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "meso_io.h"

enum { MAX_NAME = 128 };

meso_status network_table_open(const char *path, const char *group, network_table *ret_table,
                               meso_err *err)
{
  *ret_table = (network_table) { .path = path, .group = group };
  return meso_h5_read_names(path, group, &ret_table->names, &ret_table->n_names, err);
}

void network_table_clear(network_table *t)
{
  meso_names_free(t->names, t->n_names);
  *t = (network_table) { .path = NULL };
}

bool network_table_has(const network_table *t, const char *name)
{
  for (size_t i = 0; i < t->n_names; i++)
    if (strcmp(t->names[i], name) == 0) return true;
  return false;
}

static bool name_is_known(const char *name, size_t n_lists, const meso_param *const *lists,
                          const char *const *others)
{
  for (size_t l = 0; l < n_lists; l++)
    if (meso_param_find(lists[l], name) != NULL) return true;
  for (; *others != NULL; others++)
    if (strcmp(*others, name) == 0) return true;
  return false;
}

meso_status network_table_check_names(const network_table *t, size_t n_lists,
                                      const meso_param *const *lists, const char *const *others,
                                      meso_err *err)
{
  meso_status status = MESO_OK;
  for (size_t i = 0; i < t->n_names; i++) {
    if (name_is_known(t->names[i], n_lists, lists, others)) continue;
    char known[512] = "";
    size_t used = 0;
    for (size_t l = 0; l < n_lists; l++)
      for (const meso_param *row = lists[l]; row->key != NULL && used < sizeof known - 1; row++)
        used += (size_t) snprintf(known + used, sizeof known - used, " %s", row->key);
    for (const char *const *o = others; *o != NULL && used < sizeof known - 1; o++)
      used += (size_t) snprintf(known + used, sizeof known - used, " %s", *o);
    MESO_FAIL(err, MESO_EINVAL, "%s: %s/%.60s is not known; known are%s", t->path, t->group,
              t->names[i], known);
  }
cleanup:
  return status;
}

meso_status network_table_column(const network_table *t, const char *name, size_t *n,
                                 double **ret_values, meso_err *err)
{
  meso_status status = MESO_OK;
  char dataset[MAX_NAME];
  size_t n_dims = 0, dims[4] = {0};
  (void) snprintf(dataset, sizeof dataset, "%s/%s", t->group, name);
  MESO_TRY(meso_h5_read_doubles(t->path, dataset, &n_dims, dims, ret_values, err));
  if (n_dims != 1)
    MESO_FAIL(err, MESO_EFORMAT, "%s: %s must be a vector", t->path, dataset);
  if (*n == SIZE_MAX) *n = dims[0];
  if (dims[0] != *n)
    MESO_FAIL(err, MESO_EFORMAT, "%s: %s has %zu values, %zu expected", t->path, dataset, dims[0],
              *n);
cleanup:
  return status;
}

/** what: "/neurons/C_m[3]", for the message. */
static meso_status refuse(const network_table *t, const meso_param *row, const char *what,
                          double x, meso_err *err)
{
  char range[MAX_NAME];
  if (row->type == MESO_PARAM_BOOL) (void) snprintf(range, sizeof range, "0 or 1");
  else meso_param_range_text(row, range, sizeof range);
  return meso_err_set(err, MESO_ERANGE, __FILE__, __LINE__, "%s: %s = %.10g: must be %s", t->path,
                      what, x, range);
}

static bool in_range(const meso_param *row, double x)
{
  if (!(x >= row->min && x <= row->max) || (row->min_open && x == row->min)) return false;
  return row->type == MESO_PARAM_DOUBLE || x == floor(x);
}

static void store(const meso_param *row, double x, char *record)
{
  void *field = record + row->offset;
  if (row->type == MESO_PARAM_DOUBLE) *(double *) field = x;
  else if (row->type == MESO_PARAM_INT) *(int64_t *) field = (int64_t) x;
  else *(bool *) field = x != 0;
}

meso_status network_table_check(const network_table *t, const meso_param *row, uint64_t i,
                                double x, meso_err *err)
{
  char what[MAX_NAME];
  if (in_range(row, x)) return MESO_OK;
  (void) snprintf(what, sizeof what, "%s/%s[%llu]", t->group, row->key, (unsigned long long) i);
  return refuse(t, row, what, x, err);
}

static meso_status read_row(const network_table *t, const meso_param *row, size_t record_size,
                            size_t *n, const uint32_t *member, size_t n_members, char *records,
                            meso_err *err)
{
  meso_status status = MESO_OK;
  double *values = NULL;
  MESO_TRY(network_table_column(t, row->key, n, &values, err));
  for (size_t k = 0; k < (member != NULL ? n_members : *n); k++) {
    const size_t i = member != NULL ? member[k] : k;
    MESO_TRY(network_table_check(t, row, i, values[i], err));
    store(row, values[i], records + k * record_size);
  }
cleanup:
  free(values);
  return status;
}

meso_status network_table_read(const network_table *t, const meso_param *rows, size_t record_size,
                               size_t *n, const uint32_t *member, size_t n_members,
                               void **ret_records, meso_err *err)
{
  meso_status status = MESO_OK;
  double *values = NULL;
  char *records = NULL, *first = NULL;
  MESO_TRY(network_table_column(t, rows[0].key, n, &values, err));
  const size_t n_records = member != NULL ? n_members : *n;
  records = meso_calloc(n_records, record_size);
  if (records == NULL)
    MESO_FAIL(err, MESO_ENOMEM, "%s: %s: cannot allocate %zu records", t->path, t->group,
              n_records);
  MESO_ALLOC(err, first, record_size);
  MESO_TRY(meso_params_default(rows, first, err));
  for (size_t k = 0; k < n_records; k++) memcpy(records + k * record_size, first, record_size);
  for (const meso_param *row = rows; row->key != NULL; row++)
    if (row->default_text == NULL || network_table_has(t, row->key))
      MESO_TRY(read_row(t, row, record_size, n, member, n_members, records, err));
  *ret_records = records;
  records = NULL;
cleanup:
  free(values);
  free(records);
  free(first);
  return status;
}

meso_status network_table_attribute(const network_table *t, const meso_param *row, double *value,
                                    meso_err *err)
{
  meso_status status = MESO_OK;
  char what[MAX_NAME];
  MESO_TRY(meso_h5_read_number(t->path, t->group, row->key, value, err));
  (void) snprintf(what, sizeof what, "attribute %s of %s", row->key, t->group);
  if (!in_range(row, *value)) MESO_TRY(refuse(t, row, what, *value, err));
cleanup:
  return status;
}
