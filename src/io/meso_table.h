/* meso_table.h: text tables that are being written: cells, separators, whole-or-absent files.
 * Internal to io; what to write is said by meso_signal_table.h and meso_result_table.h. */
#ifndef MESO_TABLE_H
#define MESO_TABLE_H

#include <stdbool.h>
#include <stdio.h>

#include "meso_error.h"

/** A file that is written cell by cell. Zeroed before use. */
typedef struct meso_table {
  const char *path;   /**< borrowed */
  char separator, *tmp;
  bool in_row;        /**< the row has a cell already */
  FILE *out;
} meso_table;

/** Separator by the ending of a file's name, .csv or .tsv; 0 for another one. */
char meso_table_separator(const char *path);
/** Begins the file. meso_table_close must follow in any case. */
MESO_MUST_CHECK meso_status meso_table_open(meso_table *table, const char *path, meso_err *err);
/** A cell of text: quoted where .csv needs it (RFC 4180), control characters become blanks. */
void meso_table_text(meso_table *table, const char *text);
/** The shortest of 15 or 17 digits that read back to the same bits, with a point in any locale;
 *  nan, inf, -inf. */
void meso_table_number(meso_table *table, double value);
void meso_table_end_row(meso_table *table);
/** Whether writing has failed, so that there is no use in going on. */
static inline bool meso_table_has_failed(const meso_table *table)
{
  return ferror(table->out) != 0;
}
/** Gives the file its name, if status and all writing are fine; any other status is returned, and
 *  there is no file. */
meso_status meso_table_close(meso_table *table, meso_status status, meso_err *err);

#endif
