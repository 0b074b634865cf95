/* meso_neuron_kernels.h: LFP kernels of single presynaptic neurons, from the network's true wiring.
 *
 * Every synapse of neuron j (weight w, delay d, on segment k of cell i) adds to its kernel what an
 * event there does at the probe; with the functions of meso_basis.h
 *   Q_i[e, a, k] = sum_k' M_i[e, k'] response[k', a, k]        (M_i: potential per nA)
 *   K_j[f, e]    = sum over its synapses of w sum_a Q_i[e, a, k] shift[d, a, f]
 * and any spikes of the network become its LFP, sample by sample of the output:
 *   phi_e(t) = sum_j sum over spikes s of j of sum_f K_j[f, e] B_f(t - s)
 * Exact, given the cells (meso_cells.h), passive membranes and the medium, up to lfp.tolerance.
 * Ness, Tetzlaff, Einevoll, Dahmen 2025 (doi:10.1371/journal.pcbi.1012303) call K_j the single-cell
 * presynaptic kernel.
 */
#ifndef MESO_NEURON_KERNELS_H
#define MESO_NEURON_KERNELS_H

#include "meso_data.h"
#include "meso_error.h"
#include "meso_model.h"
#include "meso_progress.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Head of the paths of kernels of the potentials that one population's cells make. */
#define MESO_KERNELS_ONTO "/kernels/coefficient_onto_"
/** Whether lfp.contributions asks for them. */
bool meso_lfp_by_target(const meso_model *model);

/** Adds to @p result: "/kernels/coefficient" (neuron, function, channel) mV, neurons in the order
 *  of the model's populations, single precision on disk; with lfp.dipole "/kernels/dipole" (neuron,
 *  function, 3) nA um, of the current dipole moment; "/kernels/function" (function, lag),
 *  "/kernels/lag_ms"; "/kernels/channel_um"; if meso_lfp_by_target, "/kernels/coefficient_onto_Y"
 *  for every population Y with cells, which sum to "/kernels/coefficient"; "/cells/type" (names),
 *  "/cells/count" (type), "/cells/source" (names), "/cells/in_degree" (type, source; mean number
 *  of synapses of a cell), "/cells/in_degree_sd" (over cells), "/cells/in_degree_stated" (by T_yX,
 *  key share, which holds where wiring is redrawn by it: hybrid schemes),
 *  "/cells/moved_share" (type, source; part of them that was moved from layers that the cell does
 *  not reach). Attribute "single_precision_error" of "/kernels": rms over the kernels of a few
 *  neurons, relative, of what sums in single precision miss.
 *  Results do not depend on the number of threads. */
MESO_MUST_CHECK meso_status meso_neuron_kernels_add(const meso_model *model, size_t n_dirs,
                                                    const char *const *morphology_dirs,
                                                    int n_threads, const meso_progress *progress,
                                                    meso_result *result, meso_err *err);

/** What kernels have in common that differ in the draws of cells (lfp.draws) and in the places of
 *  contacts only: shapes, wiring, functions of time. */
typedef struct meso_neuron_builder meso_neuron_builder;
/** Prepares for a model, which must outlive the builder. */
MESO_MUST_CHECK meso_status meso_neuron_builder_create(const meso_model *model, size_t n_dirs,
                                                       const char *const *morphology_dirs,
                                                       int n_threads,
                                                       meso_neuron_builder **ret_builder,
                                                       meso_err *err);
/** Adds to @p result what meso_neuron_kernels_add does. @param[in] variant  the model, or one that
 *  differs in lfp.draws and probe.contacts (not in their number) alone */
MESO_MUST_CHECK meso_status meso_neuron_builder_run(meso_neuron_builder *builder,
                                                    const meso_model *variant,
                                                    const meso_progress *progress,
                                                    meso_result *result, meso_err *err);
void meso_neuron_builder_destroy(meso_neuron_builder *builder);

/** Kernels ready for use. A spike in phase p of the output interval b (step = factor b + p) adds to
 *  output sample m
 *    sum_f K[f] B_f(factor (m - b) - p) = sum_f K[f] sum_g phase[p, f, g] coarse_g(m - b) */
typedef struct meso_neuron_kernels {
  size_t n_neurons, n_channels;
  size_t n_rows;                          /**< the channels, and 3 of the dipole moment if any */
  size_t n_blocks;                        /**< of LFP_LANES rows */
  size_t n_functions;                     /**< padded */
  double dt_ms;
  size_t factor;                          /**< steps from output sample to output sample */
  float *coefficient;                     /**< (block, neuron, n_functions, LFP_LANES) */
  size_t n_coarse;                        /**< functions at the output's rate, padded */
  float *phase;                           /**< (factor, n_functions, n_coarse) */
  long first_lag;                         /**< in output samples */
  size_t n_lags;
  float *coarse;                          /**< (n_lags, n_coarse) */
} meso_neuron_kernels;

/** From what meso_neuron_kernels_add made or a file holds, which is checked. Free with
 *  meso_neuron_kernels_clear. */
MESO_MUST_CHECK meso_status meso_neuron_kernels_load(const meso_result *result,
                                                     meso_neuron_kernels *kernels, meso_err *err);
void meso_neuron_kernels_clear(meso_neuron_kernels *kernels);

/** Kernels of one target population, for meso_neuron_kernels_apply: @p part shares all but its
 *  coefficients with @p kernels, which were loaded from the same result and must outlive it. Free
 *  part->coefficient. MESO_EFORMAT if there are none. */
MESO_MUST_CHECK meso_status meso_neuron_kernels_load_onto(const meso_result *result,
                                                          const meso_neuron_kernels *kernels,
                                                          const char *population,
                                                          meso_neuron_kernels *part,
                                                          meso_err *err);

/** Spikes of some neurons. */
typedef struct meso_neuron_trains {
  const meso_spike_population *spikes; /**< borrowed */
  size_t first_neuron;                 /**< row of the population's neuron 0 */
} meso_neuron_trains;

/** Spikes of those of the n named populations, in the order of the kernels' neurons, that have any
 *  in @p spikes; how many there are. @param[in] size (n) @param[out] trains (n) */
size_t meso_neuron_trains_list(const meso_spikes *spikes, size_t n, char *const *name,
                               const double *size, meso_neuron_trains *trains);

/** Adds the LFP of the spikes of n populations together to @p out: sample m is at
 *  start_ms + m factor dt_ms. One pass for all: what comes after the coefficients of the spikes
 *  costs once and not n times; sums of parts made alone agree to single precision.
 *  @param out               (n_out, n_channels) mV
 *  @param opt_moment        (n_out, 3) nA um; may be NULL; unchanged if the kernels have none */
MESO_MUST_CHECK meso_status meso_neuron_kernels_apply_all(const meso_neuron_kernels *kernels,
                                                          size_t n,
                                                          const meso_neuron_trains *trains,
                                                          double start_ms, size_t n_out,
                                                          int n_threads, double *out,
                                                          double *opt_moment, meso_err *err);
/** The same of one population. */
MESO_MUST_CHECK meso_status meso_neuron_kernels_apply(const meso_neuron_kernels *kernels,
                                                      const meso_spike_population *spikes,
                                                      size_t first_neuron, double start_ms,
                                                      size_t n_out, int n_threads, double *out,
                                                      double *opt_moment, meso_err *err);

#ifdef __cplusplus
}
#endif
#endif
