/* meso_simulate.h: a model's spikes straight to a file, in bounded memory, so that a run that was
 * stopped or killed goes on where its last checkpoint was. */
#ifndef MESO_SIMULATE_H
#define MESO_SIMULATE_H

#include "meso_engine.h"
#include "meso_io.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Biological seconds between checkpoints if nobody says otherwise. */
#define MESO_CHECKPOINT_EVERY_S 10.0

/** Chosen neurons to record besides the spikes, and the file for them (kind "traces"; layout:
 *  meso_traces_layout). */
typedef struct meso_trace_file {
  const char *path;
  const meso_record_options *record;
} meso_trace_file;

/** Runs a model into the spike file path.
 *
 *  A run longer than checkpoint_every_s (biological seconds, > 0) keeps the folder PATH.parts
 *  while it lasts: a spike file per checkpoint and checkpoint.h5, each whole or absent. Found there
 *  by the next call with the same network, seed, duration and version of this library, and
 *  undamaged (SHA-256), the run goes on from it, on any number of threads; otherwise it starts
 *  anew. In the end the parts become PATH, the same bytes as of an undisturbed run, and the folder
 *  goes. A second run into the same file is refused while the first lasts (MESO_EIO).
 *
 *  A run that is told to stop keeps what there is and returns MESO_ESTOPPED.
 *  @param[in] traces        made from the spikes when all are there; NULL: none
 *  @param[out] ret_counts   populations with n_spikes, without the spikes; may be NULL; caller
 *                           destroys
 *  @param[out] report       of the part that was simulated now: simulated_ms says how long it is;
 *                           may be NULL */
MESO_MUST_CHECK meso_status meso_simulate(const meso_model *model, const char *path,
                                          double checkpoint_every_s,
                                          const meso_trace_file *traces, int n_threads,
                                          const meso_progress *progress,
                                          const meso_provenance *provenance,
                                          meso_spikes **ret_counts, meso_engine_report *report,
                                          meso_err *err);

#ifdef __cplusplus
}
#endif
#endif
