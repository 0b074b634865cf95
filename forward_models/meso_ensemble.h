/* meso_ensemble.h: how much of a predicted LFP hangs on what nobody measured.
 *
 * An ensemble makes the LFP of the same spikes again and again under other assumptions:
 *   synapses      where on its cell each synapse lies (within its layer, by membrane area)
 *   morphology    which of its population's cell types a neuron is; and, where cells have
 *                 alternatives, which shape stands for a type
 *   rotation      how each cell is turned
 *   positions     where the somata are in the disc and around the middle of their layer
 *   conductivity  lognormal around the model's with lfp.ensemble_sigma_rel_sd
 *   contacts      the probe as a whole moved along x, y and z, normal with lfp.ensemble_shift_um
 * n members for each of these alone and n for all of them together; member i of an assumption is
 * the same in both. The numbers of conductivity and contacts are n quantiles of their
 * distributions in random order (a Latin hypercube; McKay et al. 1979, doi:10.2307/1268522), all
 * else is drawn by seeds that follow from the model's. The functions of time (meso_basis.h) are
 * those of the model, but for members with other shapes. External input is part of every member as
 * lfp.external says, on its own cells, from the same random numbers.
 */
#ifndef MESO_ENSEMBLE_H
#define MESO_ENSEMBLE_H

#include "meso_data.h"
#include "meso_error.h"
#include "meso_io.h"
#include "meso_model.h"
#include "meso_progress.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum meso_ensemble_factor {
  MESO_FACTOR_SYNAPSES, MESO_FACTOR_MORPHOLOGY, MESO_FACTOR_ROTATION, MESO_FACTOR_POSITIONS,
  MESO_FACTOR_CONDUCTIVITY, MESO_FACTOR_CONTACTS,
  MESO_FACTOR_ALL,      /**< all of them together */
  MESO_N_FACTORS,
  MESO_FACTOR_NONE = -1 /**< the model as it is */
} meso_ensemble_factor;

/** "synapses", ..., "all". */
extern const char *const meso_ensemble_factor_name[MESO_N_FACTORS];

typedef struct meso_ensemble meso_ensemble;

/** Prepares n members for each factor (n >= 2); lfp.method must be neuron. The model is borrowed.
 *  @param[in] morphology_dirs  n_dirs folders, borrowed */
MESO_MUST_CHECK meso_status meso_ensemble_create(const meso_model *model, size_t n_dirs,
                                                 const char *const *morphology_dirs, size_t n,
                                                 int n_threads, meso_ensemble **ret_ensemble,
                                                 meso_err *err);
void meso_ensemble_destroy(meso_ensemble *ensemble);

/** LFP of one member: signal "lfp", mV, at lfp.output_rate_Hz; positions are the model's, also
 *  where the member has others. Spikes as for meso_lfp_from_kernels. Builds the kernels of all
 *  cells but for conductivity, which is a factor on the model's LFP.
 *  @param[in] member  below n; of no meaning for MESO_FACTOR_NONE */
MESO_MUST_CHECK meso_status meso_ensemble_lfp(meso_ensemble *ensemble, meso_ensemble_factor factor,
                                              size_t member, const meso_spikes *spikes,
                                              const meso_progress *progress,
                                              meso_signals **ret_signals, meso_err *err);

/** The model of a member, borrowed until the next call: other seeds (lfp.draws), contacts, shapes
 *  (cell_type[].morphology) and conductivity. */
const meso_model *meso_ensemble_member(meso_ensemble *ensemble, meso_ensemble_factor factor,
                                       size_t member);

/** Members of an ensemble if the model does not say how many. */
enum { MESO_ENSEMBLE_MEMBERS = 8 };

typedef struct meso_ensemble_options {
  int n_threads;
  const meso_progress *progress;     /**< may be NULL */
  const char *parts;                 /**< folder that keeps finished members until the caller has
                                          written the result; NULL: none */
  const meso_provenance *provenance; /**< of the parts, with the checksum of the spikes' file: parts
                                          of other spikes, models, SWC files and versions are made
                                          again */
} meso_ensemble_options;

/** Makes all members (lfp.ensemble of them, else MESO_ENSEMBLE_MEMBERS) and compares spectra (dB)
 *  and magnitude-squared coherence, estimated as the model's section analysis says. Every member
 *  has the same spikes, so the uncertainty of the estimators themselves is not in it.
 *  Result, group "/ensemble", attributes with all that was assumed:
 *    factor (names), pairs (pair, 2; of all channels or of 16 of them), positions, frequency_Hz
 *    psd, psd_low, psd_mean, psd_high (channel, frequency): of the model; where 95 % of further
 *      members of "all" would lie: mean -+ t s sqrt(1 + 1/n) over its members, of 10 log10 psd
 *    coherence, _low, _mean, _high (pair, frequency): the same of atanh of the magnitude
 *    psd_sd_dB (factor, channel, frequency), coherence_sd (factor, pair, frequency): over members
 *    band_Hz (band, 2); share_psd (factor), share_psd_row (factor, channel), share_psd_band
 *      (factor, band), the same of coherence: variance over members, its mean over frequencies of
 *      a band, bands, channels or pairs, relative to that of "all"; 1 for "all" itself.
 *      Assumptions act on their own as far as the others sum to 1.
 *    lfp_sd (factor, member, channel) mV, difference (factor, member, channel): rms of the
 *      difference from the model's LFP over its standard deviation
 *  Fails as the analyses do, e.g. when the recording is too short for them. */
MESO_MUST_CHECK meso_status meso_ensemble_run(const meso_model *model, size_t n_dirs,
                                              const char *const *morphology_dirs,
                                              const meso_spikes *spikes,
                                              const meso_ensemble_options *options,
                                              meso_result **ret_result, meso_err *err);

/** Removes the folder of parts and what was put there. */
void meso_ensemble_parts_remove(const char *folder);

#ifdef __cplusplus
}
#endif
#endif
