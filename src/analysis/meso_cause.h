/* meso_cause.h: what makes the LFP coherent: spectra and coherences of a signal that is a sum over
 * neurons, split by which pairs of neurons they come from.
 *
 * With X_j(f) the transform (meso_spectral.h) of what neuron j contributes to channel c, and X'_j
 * that to channel c', the estimate of every spectrum and cross-spectrum is a sum over pairs:
 *   S = mean over observations of sum_jk conj(X_j) X'_k  =  independent + within + across
 *   independent  j = k: the same trains without any relation between them. Of it
 *     poisson    what Poisson trains of the same rates would give (Campbell's theorem)
 *   within       j != k in one population
 *   across       j and k in different populations
 * This is an identity, not a model. `independent` is what the reach of single neurons makes: volume
 * conduction, and that one neuron has synapses in many places. It is found by random signs: the
 * mean of |sum_j e_j X_j|^2 over signs e_j = +-1 is sum_j |X_j|^2 for these very trains.
 *
 * Coherence is the magnitude squared. Its parts
 *   Re(S_part conj S) / (S_cc S_c'c')
 * add up to it; beside them stands the coherence that a part would have alone.
 *
 * External input may be one of the populations: its events are independent of each other, and only
 * what it adds as a whole is known. It is the same in all draws, so its own spectrum counts as
 * independent, and what it has in common with the network's activity, which it drives, as across.
 *
 * Two null distributions say what is chance: `independent`, the draws (random signs or surrogate
 * spikes), and `shift`, the contributions of the populations shifted round the recording, each as
 * one (which destroys what is across populations and keeps the rest).
 */
#ifndef MESO_CAUSE_H
#define MESO_CAUSE_H

#include "meso_spectral.h"
#include "meso_progress.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct meso_cause_params {
  meso_spectral_params spectral;
  double duration_ms;          /**< the caller looks at this much after the discard; 0: all */
  meso_doubles bands_Hz;       /**< edges, ascending */
  char *surrogate;             /**< what is drawn, by name: for the caller, and the attributes */
  char *external;              /**< for the caller: file with the LFP's external input; may be "" */
  int64_t surrogates;          /**< draws of independent trains; 0: `poisson` stands for them */
  int64_t shifts;              /**< shifts of the populations */
  double alpha;                /**< intervals hold with probability 1 - alpha */
  double memory_limit_GB;
} meso_cause_params;

/** Option rows of meso_cause_params. */
extern const meso_param meso_cause_rows[];

/** Surrogates that also say what is independent in every single population. */
enum { MESO_CAUSE_BY_POPULATION = 10 };

typedef struct meso_cause_request {
  const meso_cause_params *params;
  size_t n_populations, n_channels, n_times;
  char *const *population;     /**< (n_populations) names */
  const double *position_um;   /**< (n_channels, 3) */
  const char *units;           /**< of the signal, e.g. "mV" */
  double rate_Hz;
  double t_start_ms, t_stop_ms; /**< for the attributes */
  const double *signal;        /**< (population, time, channel) contributions; they add up */
  bool external;               /**< the last population is external input */
  size_t n_lags;
  const double *covariance;    /**< (n_lags, channel, channel), lag in samples: of the signal if all
                                    trains were Poisson (meso_expected.h) */
  /** Writes surrogate @p number: the contributions (population, time, channel), or their sum (time,
   *  channel), which may be a draw of its own. Called for 0, 1, ..., from one thread; the first
   *  MESO_CAUSE_BY_POPULATION by population. External input is in it as it is in signal. NULL only
   *  if params->surrogates is 0. */
  meso_status (*draw)(void *user, uint32_t number, bool by_population, double *signal,
                      meso_err *err);
  void *user;
  int64_t seed;
  int n_threads;
  const meso_progress *progress;
} meso_cause_request;

/** Adds group "/cause" (doc/formats.md). Refuses adaptive tapers, fewer than two observations or
 *  channels, a rate of 0, and what needs more memory than allowed. Costs a call of draw, and
 *  some milliseconds a second of signal, for every surrogate. Results do not depend on the number
 *  of threads. */
MESO_MUST_CHECK meso_status meso_cause_run(const meso_cause_request *request, meso_result *result,
                                           meso_err *err);

#ifdef __cplusplus
}
#endif
#endif
