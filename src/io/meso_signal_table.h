/* meso_signal_table.h: a signal as text, for spreadsheets and scripts: a first line of names, then
 * a row for each sample: its time (s), and the value of every channel. Numbers are written so that
 * they read back to the same bits. Columns are separated by commas (.csv) or tabs (.tsv). */
#ifndef MESO_SIGNAL_TABLE_H
#define MESO_SIGNAL_TABLE_H

#include <stdbool.h>

#include "meso_data.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Whether a file name ends in .csv or .tsv. */
bool meso_signal_table_is_name(const char *path);

/** Writes a signal, row by row, whole or not at all. Names of columns are time_s and the labels;
 *  "channel K" from 1 where there is none. In .csv a name with a comma or a quote is quoted (RFC
 *  4180); control characters become blanks in both. MESO_EUSAGE for another ending. */
MESO_MUST_CHECK meso_status meso_signal_table_write(const char *path, const meso_signal *signal,
                                                    meso_err *err);

#ifdef __cplusplus
}
#endif
#endif
