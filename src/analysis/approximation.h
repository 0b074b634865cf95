/* approximation.h: what the analyses of approximations and of proxies share. Internal to
 * analysis. */
#ifndef APPROXIMATION_H
#define APPROXIMATION_H

#include "meso_analysis.h"
#include "meso_spectral.h"

typedef struct approximation_params {
  meso_spectral_params spectral;
  char *reference, *head;
  double alpha;
} approximation_params;

#define APPROXIMATION_ROWS(head_text) \
  MESO_SPECTRAL_ROWS(approximation_params, spectral), \
  {.key = "reference", .type = MESO_PARAM_STRING, .unit = "", .default_text = "", \
   .offset = offsetof(approximation_params, reference), \
   .help = "name of the exact signal; empty: lfp, else the first one"}, \
  {.key = "head", .type = MESO_PARAM_STRING, .unit = "", .default_text = head_text, \
   .offset = offsetof(approximation_params, head), \
   .help = "what the names of the signals start with that are compared"}, \
  {.key = "alpha", .type = MESO_PARAM_DOUBLE, .unit = "1", .min = 0, .max = 0.5, \
   .min_open = true, .default_text = "0.05", .offset = offsetof(approximation_params, alpha), \
   .help = "level of the threshold of coherence"}, \
  {.key = NULL}

/** What it computes, for both analyses. */
extern const meso_formula approximation_formulas[];
extern const meso_array_axes approximation_axes[];

/** Compares every signal whose name starts as p->head says with the reference, channel by channel,
 *  mean removed. Arrays "group/...":
 *    correlation_squared   squared Pearson correlation r^2
 *    explained_variance    1 - var(x - reference) / var(reference); may be negative
 *    sd_ratio              sd(x) / sd(reference)
 *  and per frequency, with the spectral estimator's parameters (meso_spectral.h):
 *    coherence_squared     |S_xy|^2 / (S_xx S_yy): what a linear filter could still mend
 *    coherence_debiased    the same without its bias; the level of bias and the threshold are
 *                          attributes (meso_coherence_set_attributes)
 *    error_ratio           S_ee / S_yy, e = x - reference
 *    amplitude_ratio       sqrt(S_xx / S_yy)
 *  and in bands between band_edges_Hz, as of signals that were filtered so:
 *    band_correlation_squared, band_explained_variance; NaN where a band has no frequency.
 *  If the signals hold lfp_error_if_independent (meso_kernel_means.h), what is expected of
 *  lfp_by_mean_kernel x where the neurons' deviations d from it are unrelated, also to x:
 *    expected_explained_variance  (channel) var(x) / (var(x) + var(d))
 *    expected_error_ratio         (channel, frequency) S_dd / (S_xx + S_dd)
 *  Where the reference is constant, all are NaN. External input (signal "lfp_from_external") is no
 *  business of approximations of the network's own signal: it is taken off "lfp". What comes
 *  before an attribute "weights_until_ms" of a signal is left out. */
MESO_MUST_CHECK meso_status approximation_compare(const char *group, const approximation_params *p,
                                                  const meso_signals *signals, int n_threads,
                                                  meso_result *result, meso_err *err);

#endif
