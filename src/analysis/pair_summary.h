/* pair_summary.h: coefficients of all pairs of neurons without their matrix: histograms, means and
 * dependence on distance, between every two populations. Internal to analysis. */
#ifndef PAIR_SUMMARY_H
#define PAIR_SUMMARY_H

#include "meso_data.h"

/** Which pairs there are and how they are counted. */
typedef struct pair_summary {
  const meso_spikes *spikes;
  const size_t *selected;      /**< (n_populations) indices into the spikes */
  const size_t *first_row;     /**< (n_populations + 1) rows of each population */
  const double *position_um;   /**< (row, 3), or NULL */
  size_t n_rows, n_populations, n_histogram;
  size_t n_pairs, n_distances; /**< by pair_summary_begin */
  double distance_bin_um;
} pair_summary;

/** Sums over pairs, for one pair of populations or one class of distance in it. */
typedef struct pair_moments { double n, sum, squares; } pair_moments;

/** What is added up: (population pair), (population pair, distance), (population pair, histogram
 *  bin). */
typedef struct pair_sums {
  pair_moments *all, *distance;
  uint64_t *histogram;
} pair_sums;

/** Numbers of pairs and of classes of distance, up to the diagonal of the box of all places. */
MESO_MUST_CHECK meso_status pair_summary_begin(pair_summary *s, meso_err *err);
/** Population pairs (a, b), a <= b, row by row. */
size_t pair_summary_index(const pair_summary *s, size_t a, size_t b);
/** Empty sums; false when out of memory. Clear them in any case. */
bool pair_sums_make(const pair_summary *s, pair_sums *x);
void pair_sums_clear(pair_sums *x);
/** Adds all of @p from to @p to and empties it. */
void pair_sums_merge(const pair_summary *s, pair_sums *from, pair_sums *to);
/** Counts the coefficients r of row i with n rows from j on, of one population pair; NaN: has
 *  none. */
void pair_summary_count(const pair_summary *s, size_t i, size_t j, size_t n, size_t pair,
                        const double *r, pair_sums *x);
/** Adds "<group>/<A>/..." and "<group>/<A>_x_<B>/...": histogram, bin_edges; with places
 *  distance_... and a fit, also of "<group>/all"; numbers of pairs, mean and standard deviation as
 *  attributes. */
MESO_MUST_CHECK meso_status pair_summary_write(const pair_summary *s, const pair_sums *total,
                                               const char *group, meso_result *result,
                                               meso_err *err);
/** "A" for a == b, else "A_x_B". */
void pair_summary_name(const pair_summary *s, size_t a, size_t b, char *text, size_t size);

#endif
