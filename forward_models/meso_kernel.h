/* meso_kernel.h: the signal that one spike of one source neuron evokes through a whole target
 * population, averaged over its wiring (Hagen et al. 2022, doi:10.1371/journal.pcbi.1010353). One
 * representative cell stands for the population; synapse densities, out-degrees and delays enter
 * by their distributions. */
#ifndef MESO_KERNEL_H
#define MESO_KERNEL_H

#include <stdbool.h>
#include <stddef.h>

#include "meso_cable.h"
#include "meso_error.h"
#include "meso_morphology.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Normal density cut off at low and high standard deviations from its location. */
typedef struct meso_truncated_normal { double loc, scale, low, high; } meso_truncated_normal;

/** Depth profile of synapses: weight * normal(z; loc, scale). */
typedef struct meso_depth_mode { double loc_um, scale_um, weight; } meso_depth_mode;

/** weight: nA, or uS with conductance_based; tau_rise_ms 0: exponential. */
typedef struct meso_kernel_synapse {
  double weight, tau_rise_ms, tau_ms, reversal_mV;
} meso_kernel_synapse;

typedef struct meso_kernel_source {
  double size;                   /**< neurons of the source population */
  double probability;            /**< connection probability of a pair */
  meso_truncated_normal multapses; /**< synapses per connection, evaluated at 1 .. 99 */
  meso_truncated_normal delay_ms;
  unsigned section_types;        /**< bit set of allowed section types */
  size_t n_modes;
  const meso_depth_mode *mode;
  meso_kernel_synapse synapse;
  double rate_Hz;                /**< enters the effective leak only */
} meso_kernel_source;

typedef struct meso_kernel_params {
  double target_size;            /**< neurons of the target population */
  double soma_sd_um;             /**< scatter of the somata, widens the depth profiles */
  double cm_uF_per_cm2, g_pas_S_per_cm2, e_pas_mV;
  double V_rest_mV;              /**< at which conductances become currents */
  bool conductance_based;
  bool effective_leak;           /**< mean synaptic conductances add to the leak */
  double n_external, external_rate_Hz;
  meso_kernel_synapse external;
  size_t n_sources;
  const meso_kernel_source *source;
  double dt_ms;
  double spike_time_ms;          /**< of the source; at least duration_ms */
  double duration_ms;            /**< lags run from -duration_ms to duration_ms */
} meso_kernel_params;

/** A kernel and what it was made of. */
typedef struct meso_kernel {
  size_t n_channels, n_lags, n_segments;
  double *lag_ms;                /**< (n_lags) */
  double *data;                  /**< (n_channels, n_lags) */
  double mean_multapses, k_in, k_out;
  double *segment_probability;   /**< (n_segments) */
  double *weight_nA;             /**< (n_segments) of the one source spike */
  double *g_pas_S_per_cm2;       /**< (n_segments) */
  double *delay_weight;          /**< (n_lags) */
} meso_kernel;

/** Kernel of source @p source. The morphology stands at its depth already.
 *  @param[in] matrix  (n_channels, n_segments) signal per nA
 *  Free with meso_kernel_destroy. */
MESO_MUST_CHECK meso_status meso_kernel_compute(const meso_morphology *morphology,
                                                const meso_kernel_params *params, size_t source,
                                                size_t n_channels, const double *matrix,
                                                meso_kernel **ret_kernel, meso_err *err);
void meso_kernel_destroy(meso_kernel *kernel);

/** Response of the probe to weights_nA (n_segments) released at time 0, by matrix (n_channels,
 *  n_segments): response (n_channels, n_steps + 1) is the caller's. */
MESO_MUST_CHECK meso_status meso_kernel_response(const meso_morphology *morphology,
                                                 const meso_cable *cable,
                                                 const meso_kernel_synapse *synapse,
                                                 const double *weight_nA, double time_ms,
                                                 size_t n_channels, const double *matrix,
                                                 double *response, meso_err *err);

#ifdef __cplusplus
}
#endif
#endif
