/* meso_independent_lfp.h: the LFP of the same spike trains without any relation between them: its
 * covariance by Campbell's theorem if they are Poisson, and draws with random signs that keep every
 * train as it is. From the neuron kernels, so exact where they are. */
#ifndef MESO_INDEPENDENT_LFP_H
#define MESO_INDEPENDENT_LFP_H

#include "meso_neuron_kernels.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Adds what one population gives to the covariance of the LFP of independent Poisson trains,
 *    E[phi_c(t) phi_c'(t + l)] = sum_j rate_j integral K_jc(s) K_jc'(s + l) ds
 *  (Campbell 1909; Rice 1944, Bell Syst. Tech. J. 23:282, eq. 1.5-9), on the output's grid, where
 *  the time of a spike is any step of the simulation. In the space of the kernels' functions: a
 *  product of matrices, (functions x channels)^2 multiplications a neuron that spikes.
 *  @param[in] from_ms, to_ms  spikes between them give the rates
 *  @param covariance  (kernels->n_lags, n_channels, n_channels) mV^2, lag 0, 1, ... samples
 *  Results do not depend on the number of threads. */
MESO_MUST_CHECK meso_status meso_poisson_covariance_add(const meso_neuron_kernels *kernels,
                                                        const meso_spike_population *spikes,
                                                        size_t first_neuron, double from_ms,
                                                        double to_ms, int n_threads,
                                                        double *covariance, meso_err *err);

/** Which random signs. */
typedef struct meso_sign_draw {
  int64_t seed;
  uint32_t population, number;
} meso_sign_draw;

/** The spikes of the neurons whose sign is a plus.
 *  @param[out] plus  its name is borrowed; free its time_ms and id, also on failure */
MESO_MUST_CHECK meso_status meso_random_signs_select(const meso_spike_population *spikes,
                                                     meso_sign_draw draw,
                                                     meso_spike_population *plus, meso_err *err);

/** LFP of a population with the sign of every neuron's contribution drawn: on average over draws,
 *  products of different neurons vanish and those of a neuron with itself stay. Costs half of
 *  meso_neuron_kernels_apply: twice the neurons with a plus, minus the LFP of all.
 *  @param[in] lfp   (n_out, n_channels) mV, of all neurons
 *  @param[out] out  (n_out, n_channels) mV */
MESO_MUST_CHECK meso_status meso_random_signs_lfp(const meso_neuron_kernels *kernels,
                                                  const meso_spike_population *spikes,
                                                  size_t first_neuron, double start_ms,
                                                  size_t n_out, const double *lfp,
                                                  meso_sign_draw draw, int n_threads,
                                                  double *out, meso_err *err);

#ifdef __cplusplus
}
#endif
#endif
