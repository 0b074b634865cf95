/* lfp_validity.h: the frequencies at which a predicted LFP can be held against a recorded one.
 * Internal to forward_models. */
#ifndef LFP_VALIDITY_H
#define LFP_VALIDITY_H

#include "meso_attrs.h"
#include "meso_error.h"

/** What passive cells without spikes can say: up to valid_Hz what they leave out is small, up to
 *  doubtful_Hz it grows to as much as they have. Spikes are in recordings from 100 Hz on
 *  (Scheffer-Teixeira et al. 2013, J. Neurosci. 33:1535, doi:10.1523/JNEUROSCI.4217-12.2013) and
 *  have as much power as synaptic currents at 140 to 200 Hz (Schomburg et al. 2012, J. Neurosci.
 *  32:11798, doi:10.1523/JNEUROSCI.0656-12.2012). */
typedef struct lfp_passive_band { double valid_Hz, doubtful_Hz; } lfp_passive_band;
extern const lfp_passive_band lfp_passive;

/** Sets "filter_from_Hz", "filter_to_Hz" (as given: what sampling and its filter leave), of both
 *  this and the passive cells "valid_from_Hz", "valid_to_Hz", "doubtful_to_Hz", and in words
 *  "validity_band" and "validity_reason". @param[in] filter  why it passes no more, in words */
MESO_MUST_CHECK meso_status lfp_validity_describe(double filter_from_Hz, double filter_to_Hz,
                                                  const char *filter, meso_attrs *attrs,
                                                  meso_err *err);
/** The same of signals that are there at every step of dt_ms, without a filter. */
MESO_MUST_CHECK meso_status lfp_validity_describe_steps(double dt_ms, meso_attrs *attrs,
                                                        meso_err *err);

#endif
