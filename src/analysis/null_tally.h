/* null_tally.h: many numbers, and what surrogates say about each of them: mean, interval, p value.
 * Internal to src/analysis. Keeps the extremes alone, so memory does not grow with the draws
 * beyond their share alpha. */
#ifndef NULL_TALLY_H
#define NULL_TALLY_H

#include <stddef.h>

#include "meso_error.h"

typedef struct null_tally {
  size_t n;                /**< numbers */
  size_t n_draws, n_tails; /**< all draws; those kept at either end */
  size_t n_added;
  double *sum;             /**< (n) */
  double *high, *low;      /**< (n): draws that are at least, at most, what was observed */
  double *tail[2];         /**< (n, n_tails): the smallest draws; the largest, negated */
} null_tally;

/** Room for @p n numbers of @p n_draws surrogates. Intervals hold a further draw with probability
 *  1 - alpha; too few draws for that: there are none. Clear with null_tally_clear, also when it
 *  failed. */
MESO_MUST_CHECK meso_status null_tally_init(null_tally *t, size_t n, size_t n_draws, double alpha,
                                            meso_err *err);
void null_tally_clear(null_tally *t);
/** Some more surrogates, in their order. NaN in one makes what is said about that number NaN. */
void null_tally_add(null_tally *t, const double *observed, size_t n_more,
                    const double *const *draw, int n_threads);
/** What n_draws surrogates said about number @p i: mean, the ends of the interval, and the
 *  two-sided p value min(1, 2 min(p_high, p_low)), p_high = (1 + draws >= observed) / (1 + n_draws)
 *  (North et al. 2002, Am. J. Hum. Genet. 71:439). */
typedef struct null_verdict { double mean, low, high, p; } null_verdict;
null_verdict null_tally_verdict(const null_tally *t, size_t i, double observed);

#endif
