/* meso_simulate.c: windows of a run to part files, checkpoints, and the way back.
 *
 * 1. the folder of parts
 * 2. taking a window
 * 3. going on from a checkpoint
 * 4. traces
 * 5. live signals
 * 6. the run
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
typedef struct state_line { char text[512]; } state_line; /* zeroed: bytes behind the text count */

static const char state_sha256[] = "/parts/state_sha256"; /* where a checkpoint has its own */

/** Parts of one kind: HEAD-000001.h5, ... */
typedef struct part_list {
  const char *head;
  const char *names;       /**< where a checkpoint has their checksums */
  size_t n;
  sha256_text *sha256;     /**< (n) */
} part_list;

typedef struct recorder {
  const meso_model *model;
  const char *path;
  const meso_live *live;   /**< NULL: no live signals */
  const meso_provenance *provenance;
  char *dir;               /**< PATH.parts */
  int lock;                /**< the folder, open and locked; -1: not yet */
  char *name;              /**< room for the name of any file there */
  size_t room;
  sha256_text network;     /**< of what a checkpoint must have been made with */
  bool has_checkpoint;
  const char *why_anew;    /**< why the one that was found is not used, or NULL */
  part_list spikes, pieces;
  bool whole;              /**< all came in one window: PATH is written, piece is all of them */
  meso_signals *piece;
  double reached_ms;       /**< end of the last window */
  meso_spikes *counts;
} recorder;

/** Name of a part in recorder->name, valid until the next call. */
static const char *part_path(recorder *r, const part_list *list, size_t index)
{
  (void) snprintf(r->name, r->room, "%s/%s-%06zu.h5", r->dir, list->head, index + 1);
  return r->name;
}

static bool writes_spikes(const recorder *r) { return r->live == NULL || !r->live->alone; }

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
    if (strncmp(e->d_name, "part-", 5) == 0 || strncmp(e->d_name, "live-", 5) == 0
        || strncmp(e->d_name, "checkpoint.h5", 13) == 0)
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
  const char *live = r->live != NULL ? r->live->identity : "none";
  const size_t n = strlen(text) + strlen(live) + sizeof PACKAGE_VERSION + 32;
  MESO_ALLOC(err, all, n);
  (void) snprintf(all, n, "%s\nlive %s %d\n%s", PACKAGE_VERSION, live, writes_spikes(r), text);
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
  meso_signals_destroy(r->piece);
  free(r->spikes.sha256);
  free(r->pieces.sha256);
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

/** Notes the part that was just written. */
static meso_status note_part(recorder *r, part_list *list, meso_err *err)
{
  meso_status status = MESO_OK;
  sha256_text *bigger = meso_realloc(list->sha256, list->n + 1, sizeof *bigger);
  if (bigger == NULL) MESO_FAIL(err, MESO_ENOMEM, "cannot grow the list of parts");
  list->sha256 = bigger;
  MESO_TRY(meso_sha256_file(part_path(r, list, list->n), list->sha256[list->n].text, err));
  list->n++;
cleanup:
  return status;
}

static meso_status add_names(const part_list *list, meso_result *state, meso_err *err)
{
  meso_status status = MESO_OK;
  const char **text = NULL;
  if (list->n == 0) return MESO_OK;
  MESO_ALLOC(err, text, list->n);
  for (size_t i = 0; i < list->n; i++) text[i] = list->sha256[i].text;
  MESO_TRY(meso_result_add_text(state, list->names, list->n, text, err));
cleanup:
  free(text);
  return status;
}

static int compare_lines(const void *a, const void *b)
{
  return strcmp(((const state_line *) a)->text, ((const state_line *) b)->text);
}

/** A line of an array: its path and the checksum of what it holds. */
static meso_status hash_array(const meso_array *a, state_line *line, meso_err *err)
{
  meso_status status = MESO_OK;
  const size_t n = meso_array_count(a);
  sha256_text sha256, *of_text = NULL;
  if (a->text != NULL) {
    MESO_ALLOC(err, of_text, n);
    for (size_t i = 0; i < n; i++)
      meso_sha256_bytes(a->text[i] != NULL ? a->text[i] : "",
                        a->text[i] != NULL ? strlen(a->text[i]) : 0, of_text[i].text);
    meso_sha256_bytes(of_text, n * sizeof *of_text, sha256.text);
  } else {
    meso_sha256_bytes(a->data, n * sizeof *a->data, sha256.text);
  }
  (void) snprintf(line->text, sizeof line->text, "%s %zu %s", a->path, n, sha256.text);
cleanup:
  free(of_text);
  return status;
}

/** Of all that a state holds, in whatever order, but its own checksum. */
static meso_status hash_state(const meso_result *state, sha256_text *ret, meso_err *err)
{
  meso_status status = MESO_OK;
  size_t n = 0, n_attrs = 0;
  state_line *line = NULL;
  for (size_t g = 0; g < state->n_groups; g++) n_attrs += state->group[g].attrs.n;
  MESO_ALLOC(err, line, state->n + n_attrs);
  for (size_t i = 0; i < state->n; i++)
    if (strcmp(state->array[i].path, state_sha256) != 0)
      MESO_TRY(hash_array(&state->array[i], &line[n++], err));
  for (size_t g = 0; g < state->n_groups; g++)
    for (size_t i = 0; i < state->group[g].attrs.n; i++) {
      const meso_attr *x = &state->group[g].attrs.v[i];
      (void) snprintf(line[n++].text, sizeof line->text, "%s@%s %a %s", state->group[g].path,
                      x->key, x->text != NULL ? 0 : x->number, x->text != NULL ? x->text : "");
    }
  qsort(line, n, sizeof *line, compare_lines);
  meso_sha256_bytes(line, n * sizeof *line, ret->text);
cleanup:
  free(line);
  return status;
}

/** The engine's state with what finds the parts again, and a checksum of all of it. */
static meso_status write_checkpoint(recorder *r, meso_result *state, meso_err *err)
{
  meso_status status = MESO_OK;
  const char *const network[] = {r->network.text};
  sha256_text sha256;
  const char *const own[] = {sha256.text};
  meso_array *n;
  MESO_TRY(add_names(&r->spikes, state, err));
  MESO_TRY(add_names(&r->pieces, state, err));
  MESO_TRY(meso_result_add_text(state, "/parts/network_sha256", 1, network, err));
  MESO_TRY(meso_result_add(state, "/parts/n_spikes", "1", 1, &r->counts->n_populations, &n, err));
  for (size_t p = 0; p < r->counts->n_populations; p++)
    n->data[p] = (double) r->counts->population[p].n_spikes;
  MESO_TRY(hash_state(state, &sha256, err));
  MESO_TRY(meso_result_add_text(state, state_sha256, 1, own, err));
  MESO_TRY(meso_result_write(checkpoint_path(r), "checkpoint", state, r->provenance, err));
  r->has_checkpoint = true;
cleanup:
  return status;
}

static meso_status write_window(recorder *r, const meso_spikes *window, const meso_signals *piece,
                                meso_err *err)
{
  meso_status status = MESO_OK;
  MESO_TRY(lock_parts(r, true, err));
  if (writes_spikes(r)) {
    MESO_TRY(meso_spikes_write(part_path(r, &r->spikes, r->spikes.n), window, r->provenance, err));
    MESO_TRY(note_part(r, &r->spikes, err));
  }
  if (piece != NULL) {
    MESO_TRY(meso_signals_write(part_path(r, &r->pieces, r->pieces.n), r->live->kind, piece,
                                r->provenance, err));
    MESO_TRY(note_part(r, &r->pieces, err));
  }
cleanup:
  return status;
}

static meso_status take_window(void *context, const meso_spikes *window, meso_result *state,
                               meso_err *err)
{
  meso_status status = MESO_OK;
  recorder *r = context;
  meso_signals *piece = NULL;
  count_window(r, window);
  r->reached_ms = window->t_stop_ms;
  if (r->live != NULL) MESO_TRY(r->live->take(r->live->context, window, state, &piece, err));
  if (!r->has_checkpoint && window->t_stop_ms == r->model->simulation.duration_ms) {
    if (writes_spikes(r)) MESO_TRY(meso_spikes_write(r->path, window, r->provenance, err));
    r->piece = piece;
    piece = NULL;
    r->whole = true;
    goto cleanup;
  }
  MESO_TRY(write_window(r, window, piece, err));
  MESO_TRY(write_checkpoint(r, state, err));
cleanup:
  meso_signals_destroy(piece);
  return status;
}

/* ---- 3. going on from a checkpoint -------------------------------------------------------- */

static const char *one_text(const meso_result *state, const char *path)
{
  const meso_array *a = meso_result_find(state, path);
  return a != NULL && a->text != NULL && meso_array_count(a) == 1 ? a->text[0] : "";
}

/** All parts of a kind that a checkpoint names, if they are there and what they were. */
static meso_status check_parts(recorder *r, const meso_result *state, part_list *list,
                               bool *ret_fine, meso_err *err)
{
  meso_status status = MESO_OK;
  const meso_array *names = meso_result_find(state, list->names);
  const size_t n = names != NULL && names->text != NULL ? meso_array_count(names) : 0;
  *ret_fine = false;
  MESO_ALLOC(err, list->sha256, n);
  for (size_t i = 0; i < n; i++)
    if (meso_sha256_file(part_path(r, list, i), list->sha256[i].text, NULL) != MESO_OK ||
        strcmp(list->sha256[i].text, names->text[i]) != 0)
      goto cleanup;
  list->n = n;
  *ret_fine = true;
cleanup:
  return status;
}

static bool take_counts(recorder *r, const meso_result *state)
{
  const meso_array *n = meso_result_find(state, "/parts/n_spikes");
  if (n == NULL || n->data == NULL || meso_array_count(n) != r->counts->n_populations) return false;
  for (size_t p = 0; p < r->counts->n_populations; p++)
    if (!(n->data[p] >= 0 && n->data[p] < 0x1p53)) return false;
  for (size_t p = 0; p < r->counts->n_populations; p++)
    r->counts->population[p].n_spikes = (size_t) n->data[p];
  return true;
}

/** Why a checkpoint cannot be used, NULL if it can: it is of this run, and it and its parts are
 *  what they were. Takes its counts. */
static meso_status check_state(recorder *r, const meso_result *state, const char **ret_why,
                               meso_err *err)
{
  meso_status status = MESO_OK;
  sha256_text sha256;
  bool is_fine = false;
  *ret_why = "is damaged";
  MESO_TRY(hash_state(state, &sha256, err));
  if (strcmp(one_text(state, state_sha256), sha256.text) != 0) return MESO_OK;
  *ret_why = "is of another model, seed, duration, LFP or version";
  if (strcmp(one_text(state, "/parts/network_sha256"), r->network.text) != 0) return MESO_OK;
  *ret_why = "lacks some of its parts, or they are damaged";
  MESO_TRY(check_parts(r, state, &r->spikes, &is_fine, err));
  if (is_fine) MESO_TRY(check_parts(r, state, &r->pieces, &is_fine, err));
  if (is_fine && take_counts(r, state)) *ret_why = NULL;
cleanup:
  return status;
}

/** Finds the state to go on from; none, and no folder, if there is nothing that fits. */
static meso_status find_checkpoint(recorder *r, meso_result **ret_state, meso_err *err)
{
  meso_status status = MESO_OK;
  meso_result *state = NULL;
  MESO_TRY(lock_parts(r, false, err));
  if (access(checkpoint_path(r), F_OK) == 0) {
    r->why_anew = "cannot be read";
    if (meso_result_read(checkpoint_path(r), &state, NULL) == MESO_OK)
      MESO_TRY(check_state(r, state, &r->why_anew, err));
    r->has_checkpoint = r->why_anew == NULL;
  }
  if (r->has_checkpoint && r->live != NULL)
    MESO_TRY(r->live->restore(r->live->context, state, err));
  if (r->has_checkpoint) {
    *ret_state = state;
    state = NULL;
  } else {
    r->spikes.n = r->pieces.n = 0;
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
  const size_t n = r->whole ? 1 : r->spikes.n;
  meso_signals_stream *stream = NULL;
  meso_spikes *part = NULL;
  MESO_TRY(meso_signals_stream_open(path, "traces", meso_traces_layout(traces),
                                    (size_t) llround(sim->duration_ms / sim->dt_ms),
                                    r->provenance, &stream, err));
  const meso_traces_sink sink = {append_piece, stream};
  for (size_t i = 0; i < n; i++) {
    MESO_TRY(meso_progress_step(progress, "traces", (double) i / (double) n, err));
    MESO_TRY(meso_spikes_read(r->whole ? r->path : part_path(r, &r->spikes, i), &part, err));
    MESO_TRY(meso_traces_follow(traces, part, &sink, err));
    meso_spikes_destroy(part);
    part = NULL;
  }
cleanup:
  meso_spikes_destroy(part);
  return meso_signals_stream_close(stream, status, err);
}

/* ---- 5. live signals ---------------------------------------------------------------------- */

static meso_status append_live(meso_signals_stream *stream, const meso_signals *piece,
                               meso_err *err)
{
  return piece == NULL || piece->n == 0
    ? MESO_OK : meso_signals_stream_append(stream, piece, piece->signal[0].n_times, err);
}

/** Joins the pieces. */
static meso_status write_live(recorder *r, const meso_progress *progress, meso_err *err)
{
  meso_status status = MESO_OK;
  const size_t n = r->pieces.n;
  meso_signals *layout = NULL, *piece = NULL;
  meso_signals_stream *stream = NULL;
  size_t n_times = 0;
  MESO_TRY(r->live->finish(r->live->context, &layout, &n_times, err));
  MESO_TRY(meso_signals_stream_open(r->live->path, r->live->kind, layout, n_times, r->provenance,
                                    &stream, err));
  MESO_TRY(append_live(stream, r->piece, err));
  for (size_t i = 0; i < n; i++) {
    MESO_TRY(meso_progress_step(progress, r->live->kind, (double) i / (double) n, err));
    MESO_TRY(meso_signals_read(part_path(r, &r->pieces, i), &piece, err));
    MESO_TRY(append_live(stream, piece, err));
    meso_signals_destroy(piece);
    piece = NULL;
  }
cleanup:
  meso_signals_destroy(layout);
  meso_signals_destroy(piece);
  return meso_signals_stream_close(stream, status, err);
}

/* ---- 6. the run --------------------------------------------------------------------------- */

static meso_status join_parts(recorder *r, const char *path, meso_err *err)
{
  meso_status status = MESO_OK;
  const size_t n = r->spikes.n;
  char *names = NULL;
  const char **list = NULL;
  MESO_ALLOC(err, names, n * r->room);
  MESO_ALLOC(err, list, n);
  for (size_t i = 0; i < n; i++) {
    memcpy(names + i * r->room, part_path(r, &r->spikes, i), r->room);
    list[i] = names + i * r->room;
  }
  MESO_TRY(meso_spikes_join(path, n, list, r->provenance, err));
cleanup:
  free(names);
  free(list);
  return status;
}

/** Says, in the folder of parts, that this run has left the file of a stop. */
static const char *mark_path(recorder *r)
{
  (void) snprintf(r->name, r->room, "%s/checkpoint.h5.stopped", r->dir);
  return r->name;
}

/** Writes the spikes until now, for those who want no more of them; not over somebody else's file.
 *  False if it did not. */
static bool leave_spikes(recorder *r, const char *path)
{
  const bool is_ours = access(mark_path(r), F_OK) == 0;
  if (!writes_spikes(r) || (!is_ours && access(path, F_OK) == 0)) return false;
  FILE *mark = fopen(mark_path(r), "we");
  if (mark == NULL || fclose(mark) != 0) return false;
  return join_parts(r, path, NULL) == MESO_OK;
}

static meso_status end_stopped(recorder *r, meso_err *err)
{
  meso_status status = MESO_OK;
  char *path = meso_stopped_path(r->path);
  if (path == NULL) MESO_FAIL(err, MESO_ENOMEM, "cannot hold the name of a file");
  const bool left = leave_spikes(r, path);
  MESO_FAIL(err, MESO_ESTOPPED, "simulate: stopped at %.1f of %.1f ms; the same command goes on "
            "from there%s%s%s", r->reached_ms, r->model->simulation.duration_ms, left ? "; " : "",
            left ? path : "", left ? " has the spikes until then" : "");
cleanup:
  free(path);
  return status;
}

/** The whole takes the place of what a stop had left of it. */
static void remove_stopped(recorder *r)
{
  char *stopped = meso_stopped_path(r->path);
  if (stopped != NULL && access(mark_path(r), F_OK) == 0) (void) unlink(stopped);
  free(stopped);
}

meso_status meso_simulate(const meso_model *model, const char *path, double checkpoint_every_s,
                          const meso_run_extras *extras, int n_threads,
                          const meso_progress *progress,
                          const meso_provenance *provenance, meso_spikes **ret_counts,
                          meso_engine_report *report, meso_err *err)
{
  meso_status status = MESO_OK;
  const meso_trace_file *traces = extras != NULL ? extras->traces : NULL;
  recorder r = {.model = model, .path = path, .live = extras != NULL ? extras->live : NULL,
                .provenance = provenance, .lock = -1,
                .spikes = {.head = "part", .names = "/parts/sha256"},
                .pieces = {.head = "live", .names = "/parts/live_sha256"}};
  const meso_engine_sink sink = {.window_ms = 1e3 * checkpoint_every_s, .take = take_window,
                                 .context = &r};
  meso_result *state = NULL;
  meso_traces *following = NULL;
  if (traces != NULL && !writes_spikes(&r))
    MESO_FAIL(err, MESO_EINVAL, "traces are made from the spikes, which must be written");
  if (traces != NULL) MESO_TRY(meso_traces_create(model, traces->record, &following, err));
  MESO_TRY(recorder_init(&r, err));
  MESO_TRY(find_checkpoint(&r, &state, err));
  status = meso_engine_stream_model(model, n_threads, progress, &sink, state, report, err);
  if (report != NULL) report->why_anew = r.why_anew;
  if (status == MESO_ESTOPPED && r.has_checkpoint) MESO_TRY(end_stopped(&r, err));
  if (status != MESO_OK) goto cleanup;
  if (traces != NULL) MESO_TRY(write_traces(&r, following, traces->path, progress, err));
  if (r.live != NULL) MESO_TRY(write_live(&r, progress, err));
  if (!r.whole && writes_spikes(&r)) MESO_TRY(join_parts(&r, path, err));
  remove_stopped(&r);
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
