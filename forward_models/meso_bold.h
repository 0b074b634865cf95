/* meso_bold.h: BOLD of a model's column from what its neurons do.
 *
 *   x = what drives BOLD, by layer and for the whole column (key bold.drive)
 *   z = the drive made of x: gain (x / x_base - 1), or as bold.normalize says (meso_drive.h)
 *   BOLD = forward model of z (meso_forward.h), point samples every TR
 * Laminar forward models get the layers' drives at bold.depths depths of equal thickness instead.
 * Everything is set in the model's section `bold`.
 */
#ifndef MESO_BOLD_H
#define MESO_BOLD_H

#include "meso_data.h"
#include "meso_model.h"
#include "meso_series.h"

#ifdef __cplusplus
extern "C" {
#endif

/** What a drive is computed from; what it does not need may be NULL. */
typedef struct meso_bold_inputs {
  const meso_signals *currents; /**< of meso_currents_from_spikes: pA, mean over each sample */
  const meso_spikes *spikes;
  const meso_signals *lfp;      /**< signal "lfp" with positions */
} meso_bold_inputs;

enum { MESO_BOLD_NEEDS_CURRENTS = 1, MESO_BOLD_NEEDS_SPIKES = 2, MESO_BOLD_NEEDS_LFP = 4 };

/** What the model's drive is computed from: MESO_BOLD_NEEDS_... */
unsigned meso_bold_needs(const meso_model *model);

/** Fails (exit 3) for what meso_bold_make would refuse whatever the recording: an unknown
 *  bold.model, parameters that it does not have or values that it does not take, a laminar model
 *  without layers, a response function without a file. */
MESO_MUST_CHECK meso_status meso_bold_check(const meso_model *model, meso_err *err);

/** Path of the file that the forward model reads, which belongs to its input as much as the model
 *  file; NULL if it reads none. Caller frees. Fails as meso_bold_check. */
MESO_MUST_CHECK meso_status meso_bold_file(const meso_model *model, char **ret_path, meso_err *err);

/** Response of the model's forward model, with bold.parameters, to a drive that is z itself: signal
 *  "bold", and what else the forward model gives. Channels of a laminar model are its depths.
 *  @param[in] TR_s  in place of bold.TR_s */
MESO_MUST_CHECK meso_status meso_bold_respond(const meso_model *model, const meso_series *z,
                                              double TR_s, int n_threads, meso_signals *out,
                                              meso_err *err);

/** Signals, a channel for each layer and one for the column, labelled: what drives ("current", pA;
 *  "rate", Hz; "gating", 1; "input", pA; "lfp_power", mV^2), "drive" (1), "bold" (1: a fraction);
 *  with a laminar model also "drive_depths", and "bold" by depth with positions. A recording that
 *  cannot carry BOLD (too short for the baseline and a response, or silent in it) gives the first
 *  alone and the root attribute "empty", which says why. Inputs that are missing or of other
 *  populations are MESO_EFORMAT; the rest as meso_bold_check. Caller destroys ret_bold. */
MESO_MUST_CHECK meso_status meso_bold_make(const meso_model *model, const meso_bold_inputs *inputs,
                                           int n_threads, meso_signals **ret_bold, meso_err *err);

/** The same for every drive: signals "<drive>_drive" and "<drive>_bold", and where there is none,
 *  also because its input was not given, the root attribute "<drive>_empty" with the reason. */
MESO_MUST_CHECK meso_status meso_bold_compare(const meso_model *model,
                                              const meso_bold_inputs *inputs, int n_threads,
                                              meso_signals **ret_bold, meso_err *err);

#ifdef __cplusplus
}
#endif
#endif
