/* h5_table.h: datasets and attributes of foreign HDF5 recordings. Internal to formats. */
#ifndef H5_TABLE_H
#define H5_TABLE_H

#include <stdbool.h>

#include "meso_io.h"

enum { H5_MOST_PATH = 1024 };

/** A dataset as doubles; n_dims 0 and no data if it is missing. Free v. */
typedef struct h5_table { size_t n_dims, dims[4], n; double *v; } h5_table;

/** What a reader leaves out of a file because it cannot be read: how much, and why the first. */
typedef struct h5_left_out { size_t n; meso_err why; } h5_left_out;

/** Whether an error is one of the data, which then are counted as left out. */
bool h5_leave_out(h5_left_out *left, const meso_err *why);
/** Warns of what was left out, if anything was. @p what: "arrays". */
MESO_MUST_CHECK meso_status h5_warn_left_out(const h5_left_out *left, const char *what,
                                             meso_attrs *attrs, meso_err *err);

/** Reads "<group>/<name>" of a file; that it is missing is fine unless it is needed
 *  (MESO_EFORMAT). */
MESO_MUST_CHECK meso_status h5_table_read(const char *path, const char *group, const char *name,
                                          bool needed, h5_table *t, meso_err *err);
/** A number that "<group>/<name>" has as an attribute, or what it is without one. */
double h5_number(const char *path, const char *group, const char *name, const char *key,
                 double otherwise);
/** Whether an object has a text attribute that begins so. */
bool h5_says(const char *path, const char *object, const char *key, const char *start);

#endif
