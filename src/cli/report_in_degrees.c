/* report_in_degrees.c: the report's table of the synapses that cells of each type have. */
#include "report_in_degrees.h"

#include <stdio.h>
#include <stdlib.h>

#include "meso_io.h"

enum { N_NUMBERS = 3, N_NAMES = 2, N_COLUMNS = N_NAMES + N_NUMBERS };
static const char *const head[N_COLUMNS] = {
  "Cell type", "Source", "Mean in-degree", "SD over cells", "By share (T_yX)"};

/** A row for each type and source with synapses. */
static void fill(mesoi_in_degrees *d, double *const number[N_NUMBERS])
{
  for (size_t i = 0; i < d->n_types * d->n_sources; i++) {
    if (!(number[0][i] > 0 || number[2][i] > 0)) continue;
    const size_t row = d->table.n_rows++;
    d->cell[row * N_COLUMNS] = d->type[i / d->n_sources];
    d->cell[row * N_COLUMNS + 1] = d->source[i % d->n_sources];
    for (size_t k = 0; k < N_NUMBERS; k++) {
      char *text = d->number[row * N_NUMBERS + k];
      (void) snprintf(text, sizeof d->number[0], "%.1f", number[k][i]);
      d->cell[row * N_COLUMNS + N_NAMES + k] = text;
    }
  }
}

meso_status mesoi_in_degrees_read(const char *kernels, mesoi_in_degrees *d, meso_err *err)
{
  static const char *const path[N_NUMBERS] = {"/cells/in_degree", "/cells/in_degree_sd",
                                              "/cells/in_degree_stated"};
  meso_status status = MESO_OK;
  double *number[N_NUMBERS] = {0};
  size_t n_dims = 0, dims[4] = {0};
  if (meso_h5_read_strings(kernels, "/cells/source", &d->source, &d->n_sources, NULL) != MESO_OK)
    return MESO_OK; /* kernels of populations */
  MESO_TRY(meso_h5_read_strings(kernels, "/cells/type", &d->type, &d->n_types, err));
  for (size_t k = 0; k < N_NUMBERS; k++) {
    MESO_TRY(meso_h5_read_doubles(kernels, path[k], &n_dims, dims, &number[k], err));
    if (n_dims != 2 || dims[0] != d->n_types || dims[1] != d->n_sources)
      MESO_FAIL(err, MESO_EFORMAT, "%s: %s is not (type, source)", kernels, path[k]);
  }
  MESO_ALLOC(err, d->number, d->n_types * d->n_sources * N_NUMBERS);
  MESO_ALLOC(err, d->cell, d->n_types * d->n_sources * N_COLUMNS);
  d->table = (meso_report_table) {
    .id = "in-degrees", .title = "Synapses of the cells that make the LFP", .head = head,
    .n_columns = N_COLUMNS, .n_names = N_NAMES, .cell = d->cell};
  fill(d, number);
cleanup:
  for (size_t k = 0; k < N_NUMBERS; k++) free(number[k]);
  return status;
}

void mesoi_in_degrees_clear(mesoi_in_degrees *d)
{
  meso_names_free(d->type, d->n_types);
  meso_names_free(d->source, d->n_sources);
  free(d->number);
  free(d->cell);
  *d = (mesoi_in_degrees) {.type = NULL};
}
