/* meso_surrogate.h: the registry of surrogate data: recordings in which something is kept and
 * something destroyed by chance. One surrogate is one file src/analysis/su_X.c that defines
 * `const meso_surrogate_ops meso_su_X`, and one row in src/analysis/Makefile.am.
 *
 * Draws are keyed by (seed, population, neuron or channel, number of the surrogate), so surrogate
 * number k is the same whatever was drawn before it.
 */
#ifndef MESO_SURROGATE_H
#define MESO_SURROGATE_H

#include "meso_analysis.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Which surrogate. */
typedef struct meso_surrogate_draw { int64_t seed; uint32_t number; } meso_surrogate_draw;

typedef struct meso_surrogate_ops {
  const char *name;         /**< command-line name: "dither" */
  const char *summary;      /**< one line: what is kept, what is destroyed */
  meso_analysis_input input; /**< spikes or signals, not both */
  const meso_param *params;
  size_t params_size;
  /** The surrogate of a recording; NULL if input is signals. */
  meso_status (*spikes)(const void *params, const meso_spikes *in, meso_surrogate_draw draw,
                        meso_spikes **ret, meso_err *err);
  /** The surrogate of signals; NULL if input is spikes. */
  meso_status (*signals)(const void *params, const meso_signals *in, meso_surrogate_draw draw,
                         meso_signals **ret, meso_err *err);
} meso_surrogate_ops;

size_t meso_surrogate_count(void);
const meso_surrogate_ops *meso_surrogate_at(size_t i);              /**< NULL beyond the end */
const meso_surrogate_ops *meso_surrogate_by_name(const char *name); /**< NULL if unknown */

/* ---- for su_*.c --------------------------------------------------------------------------- */

/** Random numbers of one train or channel. */
typedef struct meso_surrogate_rng {
  meso_surrogate_draw draw;
  uint32_t item, population, k;
} meso_surrogate_rng;
/** The next uniform number in (0, 1). */
double meso_surrogate_uniform(meso_surrogate_rng *rng);
/** Shuffles n doubles (Fisher & Yates). */
void meso_surrogate_shuffle(meso_surrogate_rng *rng, size_t n, double *values);

/** A train (n times, ascending, in [start_ms, stop_ms]) to be changed in place; need not stay
 *  ascending, must stay in the interval. */
typedef struct meso_surrogate_train {
  double start_ms, stop_ms;
  size_t n;
  double *time_ms;
} meso_surrogate_train;
/** A copy of a recording with every train changed by @p change. */
MESO_MUST_CHECK meso_status meso_surrogate_trains(const meso_spikes *in, meso_surrogate_draw draw,
                                                  meso_status (*change)(const void *params,
                                                                        meso_surrogate_train *train,
                                                                        meso_surrogate_rng *rng,
                                                                        meso_err *err),
                                                  const void *params, meso_spikes **ret,
                                                  meso_err *err);
/** A copy of all signals. */
MESO_MUST_CHECK meso_status meso_surrogate_copy(const meso_signals *in, meso_signals **ret,
                                                meso_err *err);

/* ---- null distributions --------------------------------------------------------------------- */

/** An analysis of a recording against the same analysis of its surrogates. */
typedef struct meso_significance_request {
  const meso_analysis_ops *analysis;
  const void *analysis_params;
  const meso_surrogate_ops *surrogate;
  const void *surrogate_params;
  const meso_spikes *spikes;   /**< NULL if the analysis takes none */
  const meso_signals *signals; /**< likewise */
  int64_t n_surrogates, seed;
  double alpha;                /**< false discovery rate */
  int fdr_method;              /**< meso_fdr.h */
  int n_threads;
  const meso_progress *progress;
} meso_significance_request;

/** The analysis' arrays, and for every one that surrogates change, "/significance<path>/..." with
 *    mean, standard_deviation   of the surrogates
 *    p_high, p_low, p           (1 + number of surrogates >= (<=) the value) / (1 + n); two-sided
 *                               p = min(1, 2 min(p_high, p_low)). NaN where it is undefined in the
 *                               recording or in a surrogate (North et al. 2002, Am. J. Hum. Genet.
 *                               71:439)
 *  and as attributes of the group n_tests, fdr_p, n_significant of p. */
MESO_MUST_CHECK meso_status meso_significance_run(const meso_significance_request *request,
                                                  meso_result *result, meso_err *err);

#ifdef __cplusplus
}
#endif
#endif
