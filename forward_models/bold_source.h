/* bold_source.h: the quantities x that can drive BOLD, by layer and for the column. Internal; the
 * table is in bold_source.c. */
#ifndef BOLD_SOURCE_H
#define BOLD_SOURCE_H

#include "meso_bold.h"

typedef struct bold_source {
  const char *name;        /**< choice of bold.drive */
  unsigned needs;          /**< MESO_BOLD_NEEDS_... */
  const char *signal;      /**< name of the signal that it makes */
  const char *units;
  /** Appends the signal: time x (layers, then "column"), labelled, with depths where known. */
  meso_status (*make)(const struct bold_source *source, const meso_model *model,
                      const meso_bold_inputs *inputs, meso_signals *out, meso_err *err);
} bold_source;

/** In the order of MESO_BOLD_DRIVES. */
extern const bold_source bold_sources[];

#endif
