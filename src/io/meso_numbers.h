/* meso_numbers.h: columns of numbers from a CSV file or the datasets of an HDF5 file: lists of
 * synapses, places of neurons.
 *
 * CSV: the first line names the columns; empty lines and lines that begin with # are passed over.
 * HDF5: one vector for each column in the root group. Numbers are finite.
 */
#ifndef MESO_NUMBERS_H
#define MESO_NUMBERS_H

#include <stdbool.h>
#include <stddef.h>

#include "meso_error.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { MESO_MAX_COLUMNS = 8 };

typedef struct meso_numbers {
  size_t n;                             /**< rows */
  double *column[MESO_MAX_COLUMNS];     /**< (n) in the order of the names; NULL: not in the file */
  size_t *line;                         /**< (n) of a CSV file, from 1; else NULL */
  char sha256[65];                      /**< of the file */
} meso_numbers;

/** Reads the named columns; the first n_required must be there, others than the names must not.
 *  The ending of the path, .h5 or .hdf5, says that it is HDF5. Free with meso_numbers_clear, also
 *  after a failure. Errors name file and line. */
MESO_MUST_CHECK meso_status meso_numbers_read(const char *path, size_t n_names,
                                              const char *const *names, size_t n_required,
                                              meso_numbers *ret_columns, meso_err *err);
void meso_numbers_clear(meso_numbers *columns);

/** Refuses a value of a row: "file:line: name = value: message" (HDF5: "file: name[row] = ..."). */
meso_status meso_numbers_refuse(const meso_numbers *columns, const char *path, const char *name,
                                size_t row, double value, const char *message, meso_err *err);

#ifdef __cplusplus
}
#endif
#endif
