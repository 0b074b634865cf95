/* cause_make.h: what makes the LFP coherent, for the command `cause` and for `run`: joins the
 * forward model, which draws independent trains, and the analysis, which splits the spectra. */
#ifndef MESO_CAUSE_MAKE_H
#define MESO_CAUSE_MAKE_H

#include "meso_cause.h"
#include "meso_cli.h"
#include "meso_data.h"
#include "meso_surrogate.h"

/** Where the split comes from; all borrowed. */
typedef struct mesoi_cause_input {
  const meso_result *kernels;          /**< of single neurons */
  const meso_spikes *spikes;
  const meso_signals *lfp;             /**< of these spikes through these kernels */
  const meso_cause_params *params;
  const meso_surrogate_ops *surrogate; /**< of spikes; NULL: random signs */
  const void *surrogate_params;
  int64_t seed;
} mesoi_cause_input;

/** Adds "/cause" to @p result. */
MESO_MUST_CHECK meso_status mesoi_cause_make(const meso_cli *cli, const mesoi_cause_input *input,
                                             meso_result *result, meso_err *err);

/** Samples per second that neuron kernels are made for; fails if these are none. */
MESO_MUST_CHECK meso_status mesoi_cause_rate(const meso_result *kernels, double *ret_rate_Hz,
                                             meso_err *err);

#endif
