/* trial_pairs.h: signal and noise correlations of all pairs of neurons, from counts in trials.
 * Internal to analysis. */
#ifndef TRIAL_PAIRS_H
#define TRIAL_PAIRS_H

#include "pair_summary.h"
#include "trial_table.h"

/** Rows of unit length whose products are the correlations; zero where there is none. */
typedef struct trial_rows {
  size_t n_columns;     /**< trials, or conditions */
  double *value;        /**< (n_columns, n_rows): rows of one column lie together */
  bool *defined;        /**< (n_rows) */
} trial_rows;

/** Null distribution of the mean over pairs, for each pair of populations. */
typedef struct trial_control { double mean, mean_shuffled, sd_shuffled, p; } trial_control;

/** @param[in] count  (n_rows, trial) grouped by condition
 *  noise: counts in standard deviations about the mean of their condition, 0 where the count does
 *  not vary in it. */
MESO_MUST_CHECK meso_status trial_rows_noise(const trial_table *trials, size_t n_rows,
                                             const double *count, trial_rows *rows, meso_err *err);
/** signal: means of conditions (n_rows, condition) about their mean. */
MESO_MUST_CHECK meso_status trial_rows_signal(size_t n_conditions, size_t n_rows,
                                              const double *mean, trial_rows *rows, meso_err *err);
void trial_rows_clear(trial_rows *rows);
/** Adds all pairs to @p total, and to the (n_rows, n_rows) matrix @p full unless it is NULL. */
MESO_MUST_CHECK meso_status trial_pairs_add(const pair_summary *s, const trial_rows *rows,
                                            double *full, int n_threads, pair_sums *total,
                                            meso_err *err);
/** Means over pairs, and those of n surrogates in which the trials of each condition are permuted,
 *  neuron by neuron. @p control: (s->n_pairs); NaN where there is no pair. */
MESO_MUST_CHECK meso_status trial_pairs_shuffle(const pair_summary *s, const trial_table *trials,
                                                const trial_rows *noise, size_t n_surrogates,
                                                int64_t seed, int n_threads,
                                                trial_control *control, meso_err *err);

#endif
