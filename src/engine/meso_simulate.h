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

/** Signals that are made from the spikes while the run lasts, window by window. */
typedef struct meso_live {
  const char *path;     /**< file for them */
  const char *kind;     /**< its kind, "lfp" */
  const char *identity; /**< what they are made with: a checkpoint of others is not used */
  bool alone;           /**< no file of spikes, which then are kept nowhere: path is the run's */
  /** Takes the spikes of a window, which goes on where the one before ended.
   *  @param state           gets what restore needs
   *  @param[out] ret_piece  samples that no later spike changes, from the one on that the piece
   *                         before ended with; NULL if there are none; caller destroys */
  meso_status (*take)(void *context, const meso_spikes *window, meso_result *state,
                      meso_signals **ret_piece, meso_err *err);
  /** Goes on from the state that take left last. */
  meso_status (*restore)(void *context, const meso_result *state, meso_err *err);
  /** After the last window: the signals of all pieces without their samples, whose number is
   *  *ret_n_times. Caller destroys. */
  meso_status (*finish)(void *context, meso_signals **ret_layout, size_t *ret_n_times,
                        meso_err *err);
  void *context;
} meso_live;

/** What a run writes besides the spikes; NULL: nothing. */
typedef struct meso_run_extras {
  const meso_trace_file *traces; /**< made from the spikes when all are there */
  const meso_live *live;         /**< alone: no traces */
} meso_run_extras;

/** Runs a model into the spike file path.
 *
 *  A run longer than checkpoint_every_s (biological seconds, > 0) keeps the folder PATH.parts
 *  while it lasts: a file of spikes per checkpoint, one of live signals, and checkpoint.h5, each
 *  whole or absent. Found there by the next call with the same network, seed, duration, live
 *  signals and version of this library, and undamaged (SHA-256), the run goes on from it, on any
 *  number of threads; otherwise it starts anew. In the end the parts become PATH and the file of
 *  live signals, the same bytes as of an undisturbed run, and the folder goes. A second run into
 *  the same file is refused while the first lasts (MESO_EIO).
 *
 *  A run that is told to stop keeps what there is, also writes the spikes until then to
 *  meso_stopped_path(path), and returns MESO_ESTOPPED. The end of the run removes that file.
 *  @param[in] path          of live signals alone: theirs
 *  @param[in] extras        NULL: none
 *  @param[out] ret_counts   populations with n_spikes, without the spikes; may be NULL; caller
 *                           destroys
 *  @param[out] report       of the part that was simulated now: simulated_ms says how long it is;
 *                           may be NULL */
MESO_MUST_CHECK meso_status meso_simulate(const meso_model *model, const char *path,
                                          double checkpoint_every_s,
                                          const meso_run_extras *extras, int n_threads,
                                          const meso_progress *progress,
                                          const meso_provenance *provenance,
                                          meso_spikes **ret_counts, meso_engine_report *report,
                                          meso_err *err);

#ifdef __cplusplus
}
#endif
#endif
