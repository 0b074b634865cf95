/* h5_table.c: datasets and attributes of foreign HDF5 recordings. */
#include "h5_table.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool h5_leave_out(h5_left_out *left, const meso_err *why)
{
  if (meso_status_exit_code(why->status) != meso_status_exit_code(MESO_EFORMAT)) return false;
  if (left->n++ == 0) left->why = *why;
  return true;
}

meso_status h5_warn_left_out(const h5_left_out *left, const char *what, meso_attrs *attrs,
                             meso_err *err)
{
  char text[sizeof left->why.msg + 64];
  if (left->n == 0) return MESO_OK;
  (void) snprintf(text, sizeof text, "%zu %s left out%s: %s", left->n, what,
                  left->n > 1 ? ", the first" : "", left->why.msg);
  return meso_attrs_warn(attrs, text, err);
}

meso_status h5_table_read(const char *path, const char *group, const char *name, bool needed,
                          h5_table *t, meso_err *err)
{
  meso_status status = MESO_OK;
  meso_err why = {0};
  char dataset[H5_MOST_PATH];
  *t = (h5_table) {.n_dims = 0};
  if (snprintf(dataset, sizeof dataset, "%s/%s", group, name) >= (int) sizeof dataset)
    MESO_FAIL(err, MESO_EFORMAT, "%s: the name of %.40s... is too long", path, group);
  status = meso_h5_read_doubles(path, dataset, &t->n_dims, t->dims, &t->v, &why);
  if (status == MESO_ENOTFOUND && !needed) return MESO_OK;
  if (status == MESO_ENOTFOUND) status = MESO_EFORMAT;
  if (status != MESO_OK) MESO_FAIL(err, status, "%s", why.msg);
  t->n = 1;
  for (size_t k = 0; k < t->n_dims; k++) t->n *= t->dims[k];
cleanup:
  return status;
}

double h5_number(const char *path, const char *group, const char *name, const char *key,
                 double otherwise)
{
  char object[H5_MOST_PATH];
  double v = otherwise;
  (void) snprintf(object, sizeof object, "%s/%s", group, name);
  return meso_h5_read_number(path, object, key, &v, NULL) == MESO_OK ? v : otherwise;
}

bool h5_says(const char *path, const char *object, const char *key, const char *start)
{
  char *text = NULL;
  const bool is_so = meso_h5_read_text(path, object, key, &text, NULL) == MESO_OK &&
                     text != NULL && strncmp(text, start, strlen(start)) == 0;
  free(text);
  return is_so;
}
