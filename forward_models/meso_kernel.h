/* meso_kernel.h: the signal that one spike of one source neuron evokes through a whole target
 * population, averaged over its wiring (Hagen et al. 2022, doi:10.1371/journal.pcbi.1010353). One
 * representative cell stands for the population; synapse densities, out-degrees and delays enter
 * by their distributions. */
#ifndef MESO_KERNEL_H
#define MESO_KERNEL_H

#include <stddef.h>

#include "meso_cable.h"
#include "meso_error.h"
#include "meso_morphology.h"

#ifdef __cplusplus
extern "C" {
#endif

/** What the synapses of one source neuron do to the representative cell. All borrowed. */
typedef struct meso_kernel_input {
  double tau_rise_ms, tau_ms;   /**< of the synaptic current, as in meso_cable_event */
  const double *weight_nA;      /**< (n_segments) of all its synapses there */
  const double *delay_share;    /**< (n_steps + 1) share of them with a delay of k dt_ms */
} meso_kernel_input;

/** Kernel of one pathway at lags 0, dt_ms, ..., n_steps dt_ms of @p cable.
 *  @param[in] matrix  (n_channels, n_segments) signal per nA
 *  @param[out] data   (n_channels, n_steps + 1) signal; the caller's */
MESO_MUST_CHECK meso_status meso_kernel_compute(const meso_morphology *morphology,
                                                const meso_cable *cable,
                                                const meso_kernel_input *input,
                                                size_t n_channels, const double *matrix,
                                                double *data, meso_err *err);

#ifdef __cplusplus
}
#endif
#endif
