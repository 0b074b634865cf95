/* ensemble_members.h: what is kept of every member of an ensemble. Internal. */
#ifndef ENSEMBLE_MEMBERS_H
#define ENSEMBLE_MEMBERS_H

#include "meso_ensemble.h"

/** Spectra of all members: factor f, member i; the model itself is apart. */
typedef struct ensemble_members {
  size_t n, n_channels, n_pairs, n_frequencies;
  double *frequency_Hz;           /**< (n_frequencies) */
  double *pair;                   /**< (n_pairs, 2) */
  double *psd, *coherence;        /**< (factor, member, channel | pair, frequency) */
  double *own_psd, *own_coherence; /**< (channel | pair, frequency) of the model */
  double *sd, *difference;        /**< (factor, member, channel) */
  double *own_sd;                 /**< (channel) */
  char *units;                    /**< of psd */
} ensemble_members;

/** Makes them, or reads those that a run before this one left. Free with ensemble_members_clear,
 *  on failure too. */
MESO_MUST_CHECK meso_status ensemble_members_make(const meso_model *model, size_t n_dirs,
                                                  const char *const *dirs, size_t n,
                                                  const meso_spikes *spikes,
                                                  const meso_ensemble_options *options,
                                                  ensemble_members *members, meso_err *err);
void ensemble_members_clear(ensemble_members *members);

#endif
