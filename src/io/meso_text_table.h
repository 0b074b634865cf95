/* meso_text_table.h: tables of numbers in text files. Columns are separated by commas, tabs or
 * blanks; a first line of names, empty lines and lines that begin with # are passed over. */
#ifndef MESO_TEXT_TABLE_H
#define MESO_TEXT_TABLE_H

#include <stddef.h>

#include "meso_error.h"

#ifdef __cplusplus
extern "C" {
#endif

/** A table, row by row; line: in the file, of each row, from 1. */
typedef struct meso_text_table { size_t n_rows, n_columns, *line; double *data; } meso_text_table;

/** Reads a file of at most 64 MiB. All rows have as many numbers, all finite; else MESO_EFORMAT
 *  with file and line. Free with meso_text_table_clear, on failure too. */
MESO_MUST_CHECK meso_status meso_text_table_read(const char *path, meso_text_table *table,
                                                 meso_err *err);
void meso_text_table_clear(meso_text_table *table);

#ifdef __cplusplus
}
#endif
#endif
