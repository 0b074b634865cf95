/* meso_columns.h: tables in HDF5 files, a piece at a time. The columns of a table are vectors of
 * one length below one group; of numbers of any type, handed over as doubles. */
#ifndef MESO_COLUMNS_H
#define MESO_COLUMNS_H

#include <stdint.h>

#include "meso_error.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct meso_columns meso_columns;

/** Opens n columns of a table and keeps the file open. names: (n), below group.
 *  @param[out] ret_rows  their length, which must be the same for all
 *  Close with meso_columns_close. */
MESO_MUST_CHECK meso_status meso_columns_open(const char *path, const char *group, size_t n,
                                              const char *const *names, meso_columns **ret_columns,
                                              uint64_t *ret_rows, meso_err *err);
/** Rows first .. first + n_rows - 1 of one column. */
MESO_MUST_CHECK meso_status meso_columns_read(meso_columns *columns, size_t column, uint64_t first,
                                              size_t n_rows, double *out, meso_err *err);
/** NULL is fine. */
void meso_columns_close(meso_columns *columns);

#ifdef __cplusplus
}
#endif
#endif
