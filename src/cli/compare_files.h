/* compare_files.h: two analyses against each other. */
#ifndef COMPARE_FILES_H
#define COMPARE_FILES_H

#include "meso_cli.h"
#include "meso_params.h"

/** How two analyses are compared. */
typedef struct mesoi_compare_options {
  int64_t resamples;
  double confidence;
  meso_doubles bands_Hz;
} mesoi_compare_options;

/** Fails (exit 3) on files that hold no analysis, and says how to make one. */
MESO_MUST_CHECK meso_status mesoi_compare_check(const char *path, meso_err *err);

/** Writes the comparison of two analysis files to -o, and says it. */
MESO_MUST_CHECK meso_status mesoi_compare_files(const meso_cli *cli, const char *const paths[2],
                                                const mesoi_compare_options *options,
                                                meso_err *err);

#endif
