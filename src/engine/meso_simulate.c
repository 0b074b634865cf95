/* meso_simulate.c: windows of a run to part files, checkpoints, and the way back.
 *
 * 1. the folder of parts
 * 2. taking a window
 * 3. going on from a checkpoint
 * 4. traces
 * 5. the run
 *
 * A part is written before the checkpoint that names it, and both are renamed into place: killed in
 * between, the next run writes that part again.
 */
#include "meso_simulate.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "meso_config.h"

/* ---- 1. the folder of parts --------------------------------------------------------------- */

typedef struct sha256_text { char text[65]; } sha256_text;

typedef struct recorder {
  const meso_model *model;
  const char *path;
  const meso_provenance *provenance;
  char *dir;               /**< PATH.parts */
  int lock;                /**< the folder, open and locked; -1: not yet */
  char *name;              /**< room for the name of any file there */
  size_t room;
  sha256_text network;     /**< of what a checkpoint must have been made with */
  size_t n_parts;
  sha256_text *part;       /**< (n_parts) */
  bool whole;              /**< PATH is written */
  double reached_ms;       /**< end of the last window */
  meso_spikes *counts;
} recorder;

/** Name of a part in recorder->name, valid until the next call. */
static const char *part_path(recorder *r, size_t index)
{
  (void) snprintf(r->name, r->room, "%s/part-%06zu.h5", r->dir, index + 1);
  return r->name;
}

static const char *checkpoint_path(recorder *r)
{
  (void) snprintf(r->name, r->room, "%s/checkpoint.h5", r->dir);
  return r->name;
}

/** Makes the folder if it is wanted and missing, and keeps other runs out of it until this one ends
 *  (the lock goes with the process, however it ends). */
static meso_status lock_parts(recorder *r, bool make, meso_err *err)
{
  meso_status status = MESO_OK;
  if (r->lock >= 0) return MESO_OK;
  if (make && mkdir(r->dir, 0777) != 0 && errno != EEXIST)
    MESO_FAIL(err, MESO_EIO, "%s: cannot make this folder: %s", r->dir, strerror(errno));
  r->lock = open(r->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (r->lock < 0 && errno == ENOENT && !make) return MESO_OK;
  if (r->lock < 0) MESO_FAIL(err, MESO_EIO, "%s: not a folder: %s", r->dir, strerror(errno));
  if (flock(r->lock, LOCK_EX | LOCK_NB) != 0)
    MESO_FAIL(err, MESO_EIO, "%s: another run writes this file now", r->path);
cleanup:
  return status;
}

/** Takes away the folder with what this file puts there (temporary files that a killed run left
 *  included), and nothing else. */
static void remove_parts(recorder *r)
{
  DIR *dir = opendir(r->dir);
  if (dir == NULL) return;
  for (const struct dirent *e = readdir(dir); e != NULL; e = readdir(dir))
    if (strncmp(e->d_name, "part-", 5) == 0 || strncmp(e->d_name, "checkpoint.h5", 13) == 0)
      (void) unlinkat(dirfd(dir), e->d_name, 0);
  (void) closedir(dir);
  (void) rmdir(r->dir);
  if (r->lock >= 0) (void) close(r->lock);
  r->lock = -1;
}

static meso_status hash_network(recorder *r, meso_err *err)
{
  meso_status status = MESO_OK;
  char *text = meso_model_canonical(r->model, MESO_SECTION_NETWORK), *all = NULL;
  if (text == NULL) MESO_FAIL(err, MESO_ENOMEM, "cannot write the model as text");
  const size_t n = strlen(text) + sizeof PACKAGE_VERSION + 1;
  MESO_ALLOC(err, all, n);
  (void) snprintf(all, n, "%s\n%s", PACKAGE_VERSION, text);
  meso_sha256_bytes(all, strlen(all), r->network.text);
cleanup:
  free(text);
  free(all);
  return status;
}

static meso_status recorder_init(recorder *r, meso_err *err)
{
  meso_status status = MESO_OK;
  const size_t n = strlen(r->path) + sizeof ".parts";
  r->room = n + 64;
  MESO_ALLOC(err, r->dir, n);
  MESO_ALLOC(err, r->name, r->room);
  (void) snprintf(r->dir, n, "%s.parts", r->path);
  MESO_TRY(hash_network(r, err));
  MESO_TRY(meso_spikes_create(r->model->n_populations, &r->counts, err));
  r->counts->t_stop_ms = r->model->simulation.duration_ms;
  for (size_t p = 0; p < r->model->n_populations; p++) {
    MESO_STRDUP(err, r->counts->population[p].name, r->model->population[p].name);
    r->counts->population[p].size = (uint64_t) r->model->population[p].size;
  }
cleanup:
  return status;
}

static void recorder_clear(recorder *r)
{
  meso_spikes_destroy(r->counts);
  free(r->part);
  free(r->name);
  free(r->dir);
  if (r->lock >= 0) (void) close(r->lock);
}

/* ---- 2. taking a window ------------------------------------------------------------------- */

static void count_window(recorder *r, const meso_spikes *window)
{
  for (size_t p = 0; p < window->n_populations; p++)
    r->counts->population[p].n_spikes += window->population[p].n_spikes;
}

static meso_status add_part(recorder *r, const meso_spikes *window, meso_err *err)
{
  meso_status status = MESO_OK;
  sha256_text *bigger = meso_realloc(r->part, r->n_parts + 1, sizeof *bigger);
  if (bigger == NULL) MESO_FAIL(err, MESO_ENOMEM, "cannot grow the list of parts");
  r->part = bigger;
  MESO_TRY(lock_parts(r, true, err));
  MESO_TRY(meso_spikes_write(part_path(r, r->n_parts), window, r->provenance, err));
  MESO_TRY(meso_sha256_file(part_path(r, r->n_parts), r->part[r->n_parts].text, err));
  r->n_parts++;
cleanup:
  return status;
}

/** The engine's state with what finds the parts again. */
static meso_status write_checkpoint(recorder *r, meso_result *state, meso_err *err)
{
  meso_status status = MESO_OK;
  const char **text = NULL;
  const char *const network[] = {r->network.text};
  MESO_ALLOC(err, text, r->n_parts);
  for (size_t i = 0; i < r->n_parts; i++) text[i] = r->part[i].text;
  MESO_TRY(meso_result_add_text(state, "/parts/sha256", r->n_parts, text, err));
  MESO_TRY(meso_result_add_text(state, "/parts/network_sha256", 1, network, err));
  MESO_TRY(meso_result_write(checkpoint_path(r), "checkpoint", state, r->provenance, err));
cleanup:
  free(text);
  return status;
}

static meso_status take_window(void *context, const meso_spikes *window, meso_result *state,
                               meso_err *err)
{
  meso_status status = MESO_OK;
  recorder *r = context;
  count_window(r, window);
  r->reached_ms = window->t_stop_ms;
  if (r->n_parts == 0 && window->t_stop_ms == r->model->simulation.duration_ms) {
    MESO_TRY(meso_spikes_write(r->path, window, r->provenance, err));
    r->whole = true;
    goto cleanup;
  }
  MESO_TRY(add_part(r, window, err));
  MESO_TRY(write_checkpoint(r, state, err));
cleanup:
  return status;
}

/* ---- 3. going on from a checkpoint -------------------------------------------------------- */

static const char *one_text(const meso_result *state, const char *path)
{
  const meso_array *a = meso_result_find(state, path);
  return a != NULL && a->text != NULL && meso_array_count(a) == 1 ? a->text[0] : "";
}

/** All parts that a checkpoint names, if they are there and what they were. */
static meso_status check_parts(recorder *r, const meso_result *state, bool *ret_fine,
                               meso_err *err)
{
  meso_status status = MESO_OK;
  const meso_array *list = meso_result_find(state, "/parts/sha256");
  meso_spikes *part = NULL;
  *ret_fine = false;
  if (list == NULL || list->text == NULL) return MESO_OK;
  const size_t n = meso_array_count(list);
  MESO_ALLOC(err, r->part, n);
  for (size_t i = 0; i < n; i++) {
    if (meso_sha256_file(part_path(r, i), r->part[i].text, NULL) != MESO_OK ||
        strcmp(r->part[i].text, list->text[i]) != 0)
      goto cleanup;
    MESO_TRY(meso_spikes_read(part_path(r, i), &part, err));
    count_window(r, part);
    meso_spikes_destroy(part);
    part = NULL;
  }
  r->n_parts = n;
  *ret_fine = true;
cleanup:
  meso_spikes_destroy(part);
  return status;
}

/** Finds the state to go on from; none, and no folder, if there is nothing that fits. */
static meso_status find_checkpoint(recorder *r, meso_result **ret_state, meso_err *err)
{
  meso_status status = MESO_OK;
  meso_result *state = NULL;
  bool fits = false;
  MESO_TRY(lock_parts(r, false, err));
  if (access(checkpoint_path(r), F_OK) == 0 &&
      meso_result_read(checkpoint_path(r), &state, NULL) == MESO_OK &&
      strcmp(one_text(state, "/parts/network_sha256"), r->network.text) == 0)
    MESO_TRY(check_parts(r, state, &fits, err));
  if (fits) {
    *ret_state = state;
    state = NULL;
  } else {
    for (size_t p = 0; p < r->counts->n_populations; p++) r->counts->population[p].n_spikes = 0;
    remove_parts(r);
  }
cleanup:
  meso_result_destroy(state);
  return status;
}

/* ---- 4. traces ---------------------------------------------------------------------------- */

static meso_status append_piece(void *context, const meso_signals *piece, size_t n_rows,
                                meso_err *err)
{
  return meso_signals_stream_append(context, piece, n_rows, err);
}

/** Follows the spikes of all parts, or of the file if it was written at once. */
static meso_status write_traces(recorder *r, meso_traces *traces, const char *path,
                                const meso_progress *progress, meso_err *err)
{
  meso_status status = MESO_OK;
  const meso_simulation_params *sim = &r->model->simulation;
  const size_t n = r->whole ? 1 : r->n_parts;
  meso_signals_stream *stream = NULL;
  meso_spikes *part = NULL;
  MESO_TRY(meso_signals_stream_open(path, "traces", meso_traces_layout(traces),
                                    (size_t) llround(sim->duration_ms / sim->dt_ms),
                                    r->provenance, &stream, err));
  const meso_traces_sink sink = {append_piece, stream};
  for (size_t i = 0; i < n; i++) {
    MESO_TRY(meso_progress_step(progress, "traces", (double) i / (double) n, err));
    MESO_TRY(meso_spikes_read(r->whole ? r->path : part_path(r, i), &part, err));
    MESO_TRY(meso_traces_follow(traces, part, &sink, err));
    meso_spikes_destroy(part);
    part = NULL;
  }
cleanup:
  meso_spikes_destroy(part);
  return meso_signals_stream_close(stream, status, err);
}

/* ---- 5. the run --------------------------------------------------------------------------- */

static meso_status join_parts(recorder *r, meso_err *err)
{
  meso_status status = MESO_OK;
  char *names = NULL;
  const char **list = NULL;
  MESO_ALLOC(err, names, r->n_parts * r->room);
  MESO_ALLOC(err, list, r->n_parts);
  for (size_t i = 0; i < r->n_parts; i++) {
    memcpy(names + i * r->room, part_path(r, i), r->room);
    list[i] = names + i * r->room;
  }
  MESO_TRY(meso_spikes_join(r->path, r->n_parts, list, r->provenance, err));
cleanup:
  free(names);
  free(list);
  return status;
}

meso_status meso_simulate(const meso_model *model, const char *path, double checkpoint_every_s,
                          const meso_trace_file *traces, int n_threads,
                          const meso_progress *progress,
                          const meso_provenance *provenance, meso_spikes **ret_counts,
                          meso_engine_report *report, meso_err *err)
{
  meso_status status = MESO_OK;
  recorder r = {.model = model, .path = path, .provenance = provenance, .lock = -1};
  const meso_engine_sink sink = {.window_ms = 1e3 * checkpoint_every_s, .take = take_window,
                                 .context = &r};
  meso_result *state = NULL;
  meso_traces *following = NULL;
  if (traces != NULL) MESO_TRY(meso_traces_create(model, traces->record, &following, err));
  MESO_TRY(recorder_init(&r, err));
  MESO_TRY(find_checkpoint(&r, &state, err));
  status = meso_engine_stream_model(model, n_threads, progress, &sink, state, report, err);
  if (status == MESO_ESTOPPED && r.n_parts > 0)
    MESO_FAIL(err, MESO_ESTOPPED, "simulate: stopped at %.1f of %.1f ms; the same command goes on "
              "from there", r.reached_ms, model->simulation.duration_ms);
  if (status != MESO_OK) goto cleanup;
  if (traces != NULL) MESO_TRY(write_traces(&r, following, traces->path, progress, err));
  if (!r.whole) MESO_TRY(join_parts(&r, err));
  remove_parts(&r);
  if (ret_counts != NULL) {
    *ret_counts = r.counts;
    r.counts = NULL;
  }
cleanup:
  meso_traces_destroy(following);
  meso_result_destroy(state);
  recorder_clear(&r);
  return status;
}
