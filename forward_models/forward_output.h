/* forward_output.h: what all forward models do with their output. Internal. */
#ifndef FORWARD_OUTPUT_H
#define FORWARD_OUTPUT_H

#include "meso_params.h"
#include "meso_series.h"

/** Number of samples at k TR in a recording, k = 0 .. floor(T / TR). Fails for a bad TR (above the
 *  recording is fine: one sample), and for an empty drive. */
MESO_MUST_CHECK meso_status forward_count_samples(const meso_series *in, double TR_s, size_t *ret_n,
                                                  meso_err *err);

/** Appends the zeroed signal @p name for input @p in, with its labels, positions, and attributes
 *  "model", "scale" (absolute or arbitrary: meso_forward.h), "TR_s" and "sampling". */
MESO_MUST_CHECK meso_status forward_output_add(const char *name, const char *units,
                                               const char *model, const meso_series *in,
                                               double TR_s, meso_signals *out,
                                               meso_signal **ret_signal, meso_err *err);

/** Every parameter as an attribute of its name. */
MESO_MUST_CHECK meso_status forward_describe(const meso_param *rows, const void *params,
                                             meso_attrs *attrs, meso_err *err);

/** A step covers `samples` of the drive, each of which is cut in `parts` (one of the two is 1). */
typedef struct forward_grid { size_t samples; unsigned parts; } forward_grid;
/** The longest steps of at most step_s that hold whole samples of dt_s, or divide one. */
forward_grid forward_grid_make(double dt_s, double step_s);
/** Steps of at most half the length. */
forward_grid forward_grid_finer(forward_grid grid);

/** Attribute "max_flow", and the reason "warning" if it exceeds MESO_BALLOON_FLOW_WARN. */
MESO_MUST_CHECK meso_status forward_describe_flow(double max_flow, meso_attrs *attrs,
                                                  meso_err *err);

#endif
