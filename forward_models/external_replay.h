/* external_replay.h: LFP of the external events that the engine drew. Internal to
 * forward_models. */
#ifndef EXTERNAL_REPLAY_H
#define EXTERNAL_REPLAY_H

#include "external_cells.h"
#include "meso_progress.h"

/** Adds the signals of all events of the chosen cells that arrive after background.delay and before
 *  step first_step + n_out factor.
 *  @param[in] first_step  of the simulation, where sample 0 is
 *  @param out             (n_out, n_rows) */
MESO_MUST_CHECK meso_status external_replay(external_cells *cells, int64_t first_step,
                                            size_t n_out, const meso_progress *progress,
                                            double *out, meso_err *err);

#endif
