/* meso_lfp.h: LFP of a laminar probe from population kernels. */
#ifndef MESO_LFP_H
#define MESO_LFP_H

#include "meso_data.h"
#include "meso_error.h"
#include "meso_model.h"
#include "meso_progress.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Attribute "connectivity" of kernels and of signals "lfp": which synapses they hold. */
#define MESO_CONNECTIVITY_TRUE "true wiring of the network that made the spikes"
#define MESO_CONNECTIVITY_REDRAWN "redrawn from the model (hybrid scheme)"
#define MESO_CONNECTIVITY_GIVEN "as given by simulation.network_file, synapse by synapse"
#define MESO_CONNECTIVITY_MEAN "mean of the wiring that the model states, no single synapses"

/** Builds the kernel of every pathway (source population -> cell type) of a model: response of the
 *  probe to one spike of one source neuron, averaged over the wiring.
 *  @param[in] morphology_dirs  n_dirs folders searched for the SWC files, in order
 *  Result: "/kernels/data" (pathway, channel, lag) mV, "/kernels/dipole_z" (pathway, lag) nA um,
 *  the current dipole moment along z, "/kernels/lag_ms", "/kernels/source",
 *  "/kernels/cell_type", "/kernels/population" (names, one a pathway), "/kernels/channel_um"
 *  (channel, 3); "/kernels/model", the keys of the model that kernels depend on, a line each;
 *  "/populations/{name,size,is_source}", all of the model; excitatory input of each
 *  population as weight times events: "/charge/external" (pA/s), "/charge/per_spike" (population,
 *  source; pA per spike of every source neuron), with the attribute "excitatory_external_share" of
 *  the whole at full_mean_rate_Hz, where the model states it; group attributes hold every
 *  parameter. With lfp.external = gaussian also its mean and covariances (meso_external.h). */
MESO_MUST_CHECK meso_status meso_kernels_build(const meso_model *model, size_t n_dirs,
                                               const char *const *morphology_dirs, int n_threads,
                                               const meso_progress *progress,
                                               meso_result **ret_kernels, meso_err *err);

/** Fails with MESO_EINVAL unless the kernels were built from this model, and names the first key
 *  that differs; MESO_EFORMAT if they do not say of which model they are. What they do not depend
 *  on may differ: simulation.duration_ms, simulation.seed, thalamus, lfp.output_rate_Hz. */
MESO_MUST_CHECK meso_status meso_kernels_check(const meso_result *kernels, const meso_model *model,
                                               meso_err *err);

/** Convolves the spikes with the kernels (FFTW, overlap-save). Populations of the model must have
 *  its sizes; sources (poisson) may be missing: they count as silent, which attribute
 *  "silent_sources" says. Populations that the model lacks are refused.
 *  Signals, mV: "lfp", and what the kernels' attribute "contributions" asks for:
 *  "lfp_from_<population>", per source population with any kernel; "lfp_onto_<population>", per
 *  population with cells; "lfp_excitatory" and "lfp_inhibitory". If the kernels have moments,
 *  "dipole", (time, 3), nA um; sampled at output_rate_Hz from spikes->t_start_ms on; positions of
 *  the contacts; attributes: kernel method, validity band, and "excitatory_external_share", also
 *  ".<population>": the share of the excitatory charge that external input carries at these rates,
 *  and that the LFP leaves out unless meso_external_apply adds it. */
MESO_MUST_CHECK meso_status meso_lfp_from_kernels(const meso_result *kernels,
                                                  const meso_spikes *spikes,
                                                  double output_rate_Hz, int n_threads,
                                                  meso_signals **ret_lfp, meso_err *err);

/** Largest field in V/m that a signal in mV says of: the difference of contacts that follow each
 *  other, over their distance, at any time. Along the line between them only: the field itself is
 *  as large at least. 0 with fewer than two places. */
double meso_lfp_largest_field_V_per_m(const meso_signal *lfp);

/** Population kernels as taps of FIR filters at the kernels' own rate: for every source population
 *  with any kernel a signal "taps_<population>", (tap, channel), mV per spike, sample k at lag
 *  k / sampling_rate_Hz; positions of the contacts. The sum over the sources of
 *  scipy.signal.lfilter(taps[:, channel], 1, spikes of the source in each step) is the LFP at
 *  every step; a sample of meso_lfp_from_kernels is the mean over the steps of its interval.
 *  MESO_EINVAL for kernels of neurons. Free with meso_signals_destroy. */
MESO_MUST_CHECK meso_status meso_lfp_taps(const meso_result *kernels, meso_signals **ret_taps,
                                          meso_err *err);

#ifdef __cplusplus
}
#endif
#endif
