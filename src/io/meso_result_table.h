/* meso_result_table.h: what an analysis returns as text, for spreadsheets and data frames. Tidy: a
 * row for each value. Numbers are written so that they read back to the same bits, with a point in
 * any locale; what is undefined is nan. Columns are separated by commas (.csv) or tabs (.tsv).
 *
 * An array may say what its axes are: attribute "axes", names of arrays of its group, or of a group
 * around it, separated by commas, "-" for an axis that has none: "pairs,frequency_Hz". An axis has
 * as many entries (or rows of a few columns) as the array is long there, or one more: edges.
 */
#ifndef MESO_RESULT_TABLE_H
#define MESO_RESULT_TABLE_H

#include "meso_data.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Writes @p result to @p path:
 *   NAME.csv, NAME.tsv  one table: dataset, units, index_0 to index_3 (empty beyond the dataset's
 *                       axes), value
 *   else a folder, made if it is not there, with a table for each dataset, its path with dots for
 *                       slashes and .csv: index_0 ..., the axes' values, and the values; units in
 *                       the names of columns, "psd (mV^2/Hz)"; and GROUP.attributes.csv,
 *                       GROUP the first part of those paths; tables GROUP.*.csv of an earlier
 *                       result (which begin with index_0) that are not written again are removed
 *  Numbers among the attributes of groups stand there as datasets GROUP/KEY without axes, texts
 *  likewise. Each file is whole or absent. MESO_EFORMAT if two datasets would have one file. */
MESO_MUST_CHECK meso_status meso_result_table_write(const char *path, const meso_result *result,
                                                    meso_err *err);

#ifdef __cplusplus
}
#endif
#endif
