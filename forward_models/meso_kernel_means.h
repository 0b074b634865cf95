/* meso_kernel_means.h: kernels that know only how many neurons of a population spike, and the LFP
 * that they give, beside the exact one of meso_neuron_kernels.h. Four, per population:
 *   mean            K_X = mean over its neurons of K_j
 *   rate_weighted   sum n_j K_j / sum n_j, n_j the spikes of neuron j in the first half of the
 *                   recording: the best one for independent Poisson trains with these rates
 *   population      what lfp.method = population computes without the wiring (meso_lfp.h; Hagen et
 *                   al. 2022, doi:10.1371/journal.pcbi.1010353), through the same output filter
 *   wiener          sum K_j S_jR / S_RR, from the first half of the recording (meso_wiener.h):
 *                   knows how the population's trains are correlated; not for recordings of less
 *                   than 2 MESO_WIENER_SEGMENT samples
 * How far each is off says what the approximation costs (Ness et al. 2025,
 * doi:10.1371/journal.pcbi.1012303, give the theory).
 */
#ifndef MESO_KERNEL_MEANS_H
#define MESO_KERNEL_MEANS_H

#include "meso_data.h"
#include "meso_neuron_kernels.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Head of the names of the signals: "lfp_by_mean_kernel", ... */
#define MESO_APPROXIMATION_HEAD "lfp_by_"

/** Adds "/kernels/mean" and "/kernels/population_mean" (population, function, channel) mV, in the
 *  functions of the neuron kernels that @p result holds.
 *  @param[in] pathways  kernels of all pathways, with steps of the simulation */
MESO_MUST_CHECK meso_status meso_kernel_means_add(const meso_model *model,
                                                  const meso_result *pathways,
                                                  meso_result *result, meso_err *err);

/** What the mean kernels would miss if all trains were unrelated: the deviation of every neuron's
 *  kernel from its population's mean, sum_j +-(K_j - K_X) * s_j, with signs drawn once. Its spectra
 *  are, on average over signs, the sums over neurons of their trains' times |K_j - K_X|^2. */
#define MESO_INDEPENDENT_ERROR "lfp_error_if_independent"

/** Adds the signals of all approximations that the kernel file holds, and MESO_INDEPENDENT_ERROR,
 *  with the sampling and the positions of signal "lfp". Attribute "weights_until_ms": later samples
 *  are independent of the spikes that gave weights and filters. The Wiener kernel and the error
 *  need signals "lfp_from_<population>".
 *  @param[in] kernels  loaded from @p result
 *  @param[in] n_populations, population  names in the order of the kernels' neurons
 *  @param[in] size     (n_populations) */
MESO_MUST_CHECK meso_status meso_kernel_means_apply(const meso_result *result,
                                                    const meso_neuron_kernels *kernels,
                                                    size_t n_populations,
                                                    char *const *population, const double *size,
                                                    const meso_spikes *spikes, int n_threads,
                                                    meso_signals *signals, meso_err *err);

#ifdef __cplusplus
}
#endif
#endif
