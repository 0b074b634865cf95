/* report_in_degrees.h: the report's table of the synapses that cells of each type have. */
#ifndef REPORT_IN_DEGREES_H
#define REPORT_IN_DEGREES_H

#include "meso_error.h"
#include "meso_plot.h"

/** Owns what its table points to. Zeroed before use. */
typedef struct mesoi_in_degrees {
  meso_report_table table;    /**< n_rows 0: there is none */
  char **type, **source;
  size_t n_types, n_sources;
  char (*number)[32];
  const char **cell;
} mesoi_in_degrees;

/** From kernels of neurons, of which only "/cells" is read; no rows if the file has none. Free with
 *  mesoi_in_degrees_clear, on failure too. */
MESO_MUST_CHECK meso_status mesoi_in_degrees_read(const char *kernels, mesoi_in_degrees *d,
                                                  meso_err *err);
void mesoi_in_degrees_clear(mesoi_in_degrees *d);

#endif
