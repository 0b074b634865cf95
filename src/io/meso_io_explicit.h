/* meso_io_explicit.h: files of explicit populations (meso_explicit.h). Layout: doc/formats.md. */
#ifndef MESO_IO_EXPLICIT_H
#define MESO_IO_EXPLICIT_H

#include "meso_explicit.h"
#include "meso_io.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Reads an explicit population and checks all of it (meso_explicit_check): exit 3 with file,
 *  dataset, row, value and range. Results that the file may hold too are not read. Free with
 *  meso_explicit_destroy. */
MESO_MUST_CHECK meso_status meso_explicit_read(const char *path, meso_explicit **ret_population,
                                               meso_err *err);

/** Writes a population, its events cell by cell; what was checked before comes back the same from
 *  meso_explicit_read. */
MESO_MUST_CHECK meso_status meso_explicit_write(const char *path, const meso_explicit *population,
                                                const meso_provenance *provenance, meso_err *err);

#ifdef __cplusplus
}
#endif
#endif
