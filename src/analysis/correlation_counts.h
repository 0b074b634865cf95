/* correlation_counts.h: binned spike counts of many neurons, sparse, by bin and by neuron.
 * Internal to an_correlation.c and correlation_summary.c. */
#ifndef CORRELATION_COUNTS_H
#define CORRELATION_COUNTS_H

#include "meso_binning.h"

typedef struct correlation_params {
  char *populations;
  meso_interval_params interval;
  double bin_ms, memory_limit_GB, distance_bin_um;
  int64_t max_neurons, histogram_bins;
  bool drop_silent, binary, summary, triangle;
} correlation_params;

typedef struct correlation_entry { uint32_t row; uint32_t count; } correlation_entry;
typedef struct correlation_place { int64_t bin; uint32_t count; } correlation_place;

typedef struct correlation_counts {
  meso_interval interval;
  meso_bins bins;
  size_t n, n_populations;
  size_t *selected;         /**< populations */
  size_t *first_row;        /**< n_populations + 1: rows of each population */
  uint32_t *id;             /**< row -> neuron in its population */
  size_t *by_row;           /**< n + 1 */
  correlation_place *place; /**< row by row: occupied bins, ascending */
  size_t *slot;             /**< of each place: its entry in `entry` */
  size_t *by_bin;           /**< bins.n + 1 */
  correlation_entry *entry; /**< bin by bin: rows, ascending */
  double *total;            /**< row -> N_i */
  double *position_um;      /**< (n, 3), or NULL if some population has no places */
} correlation_counts;

/** Counts of the chosen neurons; clear them after a failure too. */
MESO_MUST_CHECK meso_status correlation_counts_make(const correlation_params *params,
                                                    const meso_spikes *spikes,
                                                    correlation_counts *counts, meso_err *err);
void correlation_counts_clear(correlation_counts *counts);
/** Summaries of all pairs without their matrix (correlation_summary.c). @p triangle: room for the
 *  coefficients of all pairs i < j, row by row, or NULL. */
MESO_MUST_CHECK meso_status correlation_summarise(const correlation_params *params,
                                                  const correlation_counts *counts,
                                                  const meso_spikes *spikes, double *triangle,
                                                  int n_threads, meso_result *result,
                                                  meso_err *err);

#endif
