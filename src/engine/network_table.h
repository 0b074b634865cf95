/* network_table.h: tables of explicit network files. A table is a group whose datasets are columns
 * of one length; option rows say what each column is called, its unit and its range, and where its
 * values go in a record. Internal to the engine. */
#ifndef NETWORK_TABLE_H
#define NETWORK_TABLE_H

#include <stdint.h>

#include "meso_params.h"

typedef struct network_table {
  const char *path;         /**< the file */
  const char *group;        /**< "/connections" */
  char **names;             /**< what the group holds */
  size_t n_names;
} network_table;

/** Opens a group; ret_table is cleared by network_table_clear. */
MESO_MUST_CHECK meso_status network_table_open(const char *path, const char *group,
                                               network_table *ret_table, meso_err *err);
void network_table_clear(network_table *t);

bool network_table_has(const network_table *t, const char *name);

/** Refuses names that neither a row of the n_lists lists nor the NULL-ended others know: a column
 *  that is not read would change nothing, silently. */
MESO_MUST_CHECK meso_status network_table_check_names(const network_table *t, size_t n_lists,
                                                      const meso_param *const *lists,
                                                      const char *const *others, meso_err *err);

/** One column without a range; its length must be *n unless *n is SIZE_MAX, which takes it. */
MESO_MUST_CHECK meso_status network_table_column(const network_table *t, const char *name,
                                                 size_t *n, double **ret_values, meso_err *err);

/** Reads the columns of the rows (DOUBLE, INT, BOOL) into records of record_size bytes. Rows with
 *  a default may be absent. The first row has none.
 *  member: the n_members entries of the columns to read, NULL for all. *n: as above, of the
 *  columns. Caller frees ret_records. */
MESO_MUST_CHECK meso_status network_table_read(const network_table *t, const meso_param *rows,
                                               size_t record_size, size_t *n,
                                               const uint32_t *member, size_t n_members,
                                               void **ret_records, meso_err *err);

/** Refuses value i of a row's column if it is out of range. */
MESO_MUST_CHECK meso_status network_table_check(const network_table *t, const meso_param *row,
                                                uint64_t i, double x, meso_err *err);

/** A numeric attribute of the group, checked against the row. */
MESO_MUST_CHECK meso_status network_table_attribute(const network_table *t, const meso_param *row,
                                                    double *value, meso_err *err);

#endif
