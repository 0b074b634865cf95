/* pipeline.c: keys, checksums, and running what is out of date; the report alone. */
#include "pipeline.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cli_answer.h"
#include "cli_progress.h"
#include "meso_bold.h"
#include "meso_cells.h"
#include "meso_clock.h"
#include "meso_config.h"
#include "meso_io.h"

void mesoi_pipeline_path(const pipeline *p, const char *name, char path[PIPELINE_PATH])
{
  if (p->imported != NULL && strcmp(name, "spikes.h5") == 0)
    (void) snprintf(path, PIPELINE_PATH, "%s", p->imported);
  else
    (void) snprintf(path, PIPELINE_PATH, "%s/%s", p->dir, name);
}

void mesoi_pipeline_note(pipeline *p, const char *fmt, ...)
{
  char text[1024];
  va_list ap;
  va_start(ap, fmt);
  (void) vsnprintf(text, sizeof text, fmt, ap);
  va_end(ap);
  if (p->n_notes < PIPELINE_NOTES) {
    p->note[p->n_notes] = meso_strdup(text);
    if (p->note[p->n_notes] != NULL) p->n_notes++;
  }
}

/* ---- spikes ------------------------------------------------------------------------------- */

meso_status mesoi_pipeline_spikes(pipeline *p, const meso_spikes **ret_spikes, meso_err *err)
{
  meso_status status = MESO_OK;
  if (p->spikes == NULL) {
    char path[PIPELINE_PATH];
    mesoi_pipeline_path(p, "spikes.h5", path);
    MESO_TRY(mesoi_spikes_read_for(p->cli, path, p->model, &p->spikes, err));
  }
  *ret_spikes = p->spikes;
cleanup:
  return status;
}

/* ---- stages ------------------------------------------------------------------------------- */

static bool is_wanted(const pipeline *p, const pipeline_stage *s)
{
  if (p->imported != NULL && strcmp(s->name, "simulate") == 0) return false;
  return s->is_wanted == NULL || s->is_wanted(p->model);
}

bool mesoi_pipeline_has(const pipeline *p, const char *output)
{
  if (p->imported != NULL && strcmp(output, "spikes.h5") == 0) return true;
  for (size_t i = 0; i < mesoi_pipeline_stage_count; i++)
    if (strcmp(mesoi_pipeline_stages[i].output, output) == 0)
      return is_wanted(p, &mesoi_pipeline_stages[i]);
  return false;
}

/* ---- keys --------------------------------------------------------------------------------- */

static meso_status hash_file(json_t *cache, const char *path, const char **ret_hash, meso_err *err)
{
  meso_status status = MESO_OK;
  const json_t *known = json_object_get(cache, path);
  if (known == NULL) {
    char hash[65];
    MESO_TRY(meso_sha256_file(path, hash, err));
    if (json_object_set_new(cache, path, json_string(hash)) != 0)
      MESO_FAIL(err, MESO_ENOMEM, "cannot keep a checksum");
  }
  *ret_hash = json_string_value(json_object_get(cache, path));
cleanup:
  return status;
}

/** Growing text that a key is the checksum of. */
typedef struct text { char *bytes; size_t n; } text;

static meso_status append(text *t, const char *label, const char *value, meso_err *err)
{
  meso_status status = MESO_OK;
  const size_t more = strlen(label) + strlen(value) + 3;
  char *bigger = meso_realloc(t->bytes, t->n + more, 1);
  if (bigger == NULL) MESO_FAIL(err, MESO_ENOMEM, "cannot allocate a key");
  t->bytes = bigger;
  t->n += (size_t) snprintf(bigger + t->n, more, "%s %s\n", label, value);
cleanup:
  return status;
}

static meso_status append_morphologies(const pipeline *p, bool alternatives, text *t,
                                       meso_err *err)
{
  meso_status status = MESO_OK;
  mesoi_dirs dirs = {0};
  char hash[65];
  MESO_TRY(mesoi_dirs_find(p->model_path, &dirs, err));
  MESO_TRY(meso_cell_shapes_digest(p->model, dirs.n, (const char *const *) dirs.v, alternatives,
                                   hash, err));
  MESO_TRY(append(t, "cells", hash, err));
cleanup:
  mesoi_dirs_clear(&dirs);
  return status;
}

static meso_status append_measured(const pipeline *p, json_t *cache, text *t, meso_err *err)
{
  meso_status status = MESO_OK;
  glob_t found = {0};
  if (mesoi_measured_find(p->model_path, &found, NULL) != MESO_OK) goto cleanup; /* none: no key */
  for (size_t i = 0; i < found.gl_pathc; i++) {
    const char *hash = NULL;
    MESO_TRY(hash_file(cache, found.gl_pathv[i], &hash, err));
    MESO_TRY(append(t, "measured", hash, err));
  }
cleanup:
  globfree(&found);
  return status;
}

/** The response function, if BOLD takes it from a file. */
static meso_status append_response(const pipeline *p, json_t *cache, text *t, meso_err *err)
{
  meso_status status = MESO_OK;
  char *path = NULL;
  const char *hash = NULL;
  MESO_TRY(meso_bold_file(p->model, &path, err));
  if (path == NULL) goto cleanup;
  MESO_TRY(hash_file(cache, path, &hash, err));
  MESO_TRY(append(t, "response", hash, err));
cleanup:
  free(path);
  return status;
}

static meso_status stage_key(const pipeline *p, const pipeline_stage *s, json_t *cache,
                             char key[65], meso_err *err)
{
  meso_status status = MESO_OK;
  text t = {0};
  char *model = meso_model_canonical(p->model, s->sections);
  if (model == NULL) MESO_FAIL(err, MESO_ENOMEM, "cannot write the model as text");
  MESO_TRY(append(&t, "mesocast", PACKAGE_VERSION, err));
  MESO_TRY(append(&t, "stage", s->name, err));
  MESO_TRY(append(&t, "model", model, err));
  for (size_t i = 0; i < PIPELINE_INPUTS && s->inputs[i] != NULL; i++) {
    char path[PIPELINE_PATH];
    const char *hash = NULL;
    if (!mesoi_pipeline_has(p, s->inputs[i])) continue;
    mesoi_pipeline_path(p, s->inputs[i], path);
    MESO_TRY(hash_file(cache, path, &hash, err));
    MESO_TRY(append(&t, s->inputs[i], hash, err));
  }
  if (s->reads_morphologies)
    MESO_TRY(append_morphologies(p, s->reads_alternatives, &t, err));
  if (s->reads_measured) MESO_TRY(append_measured(p, cache, &t, err));
  if (s->reads_response) MESO_TRY(append_response(p, cache, &t, err));
  meso_sha256_bytes(t.bytes, t.n, key);
cleanup:
  free(model);
  free(t.bytes);
  return status;
}

/* ---- stages.json -------------------------------------------------------------------------- */

enum { MAX_MODEL_BYTES = 1 << 26 };

/** A missing or unreadable record means that nothing is up to date. */
static meso_status load_record(pipeline *p, meso_err *err)
{
  meso_status status = MESO_OK;
  if (mesoi_record_read(p->dir, &p->record, NULL) != MESO_OK) p->record = json_object();
  if (!json_is_object(json_object_get(p->record, "stages")) &&
      json_object_set_new(p->record, "stages", json_object()) != 0)
    MESO_FAIL(err, MESO_ENOMEM, "cannot allocate the record of the run");
  p->stages = json_object_get(p->record, "stages");
cleanup:
  return status;
}

static meso_status save_record(const pipeline *p, meso_err *err)
{
  meso_status status = MESO_OK;
  char path[PIPELINE_PATH], *dump = json_dumps(p->record, JSON_INDENT(2));
  if (dump == NULL) MESO_FAIL(err, MESO_ENOMEM, "cannot write stages.json");
  mesoi_pipeline_path(p, "stages.json", path);
  MESO_TRY(meso_file_write(path, dump, strlen(dump), err));
cleanup:
  free(dump);
  return status;
}

/** Keeps what the report needs to be made again: a copy of the model file, how it was changed. */
static meso_status record_model(pipeline *p, meso_err *err)
{
  meso_status status = MESO_OK;
  char path[PIPELINE_PATH], sha256[65], *bytes = NULL;
  size_t n = 0;
  json_t *sets = json_array();
  MESO_TRY(meso_file_read(p->model_path, MAX_MODEL_BYTES, &bytes, &n, err));
  mesoi_pipeline_path(p, PIPELINE_MODEL_COPY, path);
  MESO_TRY(meso_file_write(path, bytes, n, err));
  meso_sha256_bytes(bytes, n, sha256);
  for (size_t i = 0; i < p->cli->n_sets; i++)
    (void) json_array_append_new(sets, json_string(p->cli->sets[i]));
  json_t *model = json_pack("{s:s, s:O, s:s, s:s}", "path", p->model_path, "sets", sets, "copy",
                            PIPELINE_MODEL_COPY, "sha256", sha256);
  if (json_array_size(sets) != p->cli->n_sets ||
      json_object_set_new(p->record, "version", json_string(PACKAGE_VERSION)) != 0 ||
      json_object_set_new(p->record, "model", model) != 0)
    MESO_FAIL(err, MESO_EINVAL, "%s: cannot note it in stages.json: a name that is not UTF-8?",
              p->model_path);
  json_t *plan = json_array();
  for (size_t i = 0; i < mesoi_pipeline_stage_count; i++)
    if (is_wanted(p, &mesoi_pipeline_stages[i]))
      (void) json_array_append_new(plan, json_string(mesoi_pipeline_stages[i].name));
  if (json_object_set_new(p->record, "plan", plan) != 0)
    MESO_FAIL(err, MESO_ENOMEM, "cannot note the stages of the run");
  (void) json_object_del(p->record, "spikes");
  if (p->imported != NULL &&
      json_object_set_new(p->record, "spikes", json_string(p->imported)) != 0)
    MESO_FAIL(err, MESO_EINVAL, "%s: cannot note it in stages.json", p->imported);
  MESO_TRY(save_record(p, err));
cleanup:
  json_decref(sets);
  free(bytes);
  return status;
}

/** Whether a file has the checksum that was noted. */
static bool is_as_noted(json_t *cache, const char *path, const char *noted)
{
  const char *hash = NULL;
  struct stat st;
  return noted != NULL && stat(path, &st) == 0 && hash_file(cache, path, &hash, NULL) == MESO_OK &&
         strcmp(hash, noted) == 0;
}

static const char *noted(const pipeline *p, const pipeline_stage *s, const char *key)
{
  return json_string_value(json_object_get(json_object_get(p->stages, s->name), key));
}

static bool up_to_date(const pipeline *p, const pipeline_stage *s, json_t *cache, const char *key,
                       const char *output)
{
  const char *old_key = noted(p, s, "key"), *name = NULL;
  json_t *hash = NULL;
  if (old_key == NULL || strcmp(old_key, key) != 0) return false;
  json_object_foreach(json_object_get(json_object_get(p->stages, s->name), "figures"), name, hash) {
    char path[PIPELINE_PATH];
    mesoi_pipeline_path(p, name, path);
    if (!is_as_noted(cache, path, json_string_value(hash))) return false;
  }
  return is_as_noted(cache, output, noted(p, s, "sha256"));
}

/* ---- running ------------------------------------------------------------------------------ */

static void say(const pipeline *p, const pipeline_stage *s, const char *state, double seconds)
{
  if (seconds < 0) mesoi_say(p->cli, "%-10s %s\n", s->name, state);
  else mesoi_say(p->cli, "%-10s %s in %.1f s\n", s->name, state, seconds);
  (void) fflush(stdout);
  mesoi_answer_append(p->cli, "stages",
                      json_pack("{s:s, s:s, s:s, s:f}", "name", s->name, "output", s->output,
                                "state", state, "seconds", seconds < 0 ? 0.0 : seconds));
}

meso_status mesoi_pipeline_wrote(pipeline *p, const char *name, meso_err *err)
{
  meso_status status = MESO_OK;
  char path[PIPELINE_PATH], sha256[65];
  mesoi_pipeline_path(p, name, path);
  MESO_TRY(meso_sha256_file(path, sha256, err));
  if (json_object_set_new(p->figures, name, json_string(sha256)) != 0)
    MESO_FAIL(err, MESO_ENOMEM, "cannot note %s", name);
  mesoi_answer_output(p->cli, path);
cleanup:
  return status;
}

/** Notes a finished stage. */
static meso_status record_stage(pipeline *p, const pipeline_stage *s, const char *key,
                                const char *sha256, const meso_provenance *provenance,
                                meso_err *err)
{
  meso_status status = MESO_OK;
  json_t *inputs = json_object();
  for (size_t i = 0, n = 0; n < provenance->n_inputs; i++)
    if (mesoi_pipeline_has(p, s->inputs[i]))
      (void) json_object_set_new(inputs, s->inputs[i], json_string(provenance->input_sha256[n++]));
  json_t *entry = json_pack("{s:s, s:s, s:s, s:s, s:o}", "key", key, "command", p->command,
                            "output", s->output, "sha256", sha256, "inputs", inputs);
  if (entry != NULL && json_object_size(p->figures) > 0 &&
      json_object_set(entry, "figures", p->figures) != 0) {
    json_decref(entry);
    entry = NULL;
  }
  if (json_object_set_new(p->stages, s->name, entry) != 0)
    MESO_FAIL(err, MESO_EINVAL, "cannot note stage %s: a command line that is not UTF-8?", s->name);
  MESO_TRY(save_record(p, err));
cleanup:
  return status;
}

static meso_status make_stage(pipeline *p, const pipeline_stage *s, json_t *cache, const char *key,
                              const char *output, meso_err *err)
{
  meso_status status = MESO_OK;
  mesoi_origin origin = {0};
  const char *inputs[PIPELINE_INPUTS], *hash = NULL;
  char paths[PIPELINE_INPUTS][PIPELINE_PATH];
  size_t n = 0;
  for (size_t i = 0; i < PIPELINE_INPUTS && s->inputs[i] != NULL; i++) {
    if (!mesoi_pipeline_has(p, s->inputs[i])) continue;
    mesoi_pipeline_path(p, s->inputs[i], paths[n]);
    inputs[n] = paths[n];
    n++;
  }
  const double t0 = mesoi_clock_s();
  json_decref(p->figures);
  p->figures = json_object();
  MESO_TRY(mesoi_origin_make(p->cli, p->model, n, inputs, &origin, err));
  MESO_TRY(s->make(p, output, &origin.provenance, err));
  (void) json_object_del(cache, output);
  MESO_TRY(hash_file(cache, output, &hash, err));
  MESO_TRY(record_stage(p, s, key, hash, &origin.provenance, err));
  mesoi_answer_output(p->cli, output);
  p->n_made++;
  say(p, s, "made", mesoi_clock_s() - t0);
cleanup:
  mesoi_origin_clear(&origin);
  return status;
}

static meso_status run_stage(pipeline *p, const pipeline_stage *s, json_t *cache, meso_err *err)
{
  meso_status status = MESO_OK;
  char key[65], output[PIPELINE_PATH];
  MESO_TRY(mesoi_go_on(s->name, err));
  mesoi_pipeline_path(p, s->output, output);
  MESO_TRY(stage_key(p, s, cache, key, err));
  if (up_to_date(p, s, cache, key, output)) {
    p->n_kept++;
    say(p, s, "kept", -1);
  } else {
    MESO_TRY(make_stage(p, s, cache, key, output, err));
  }
cleanup:
  return status;
}

meso_status mesoi_pipeline_run(pipeline *p, meso_err *err)
{
  meso_status status = MESO_OK;
  json_t *cache = json_object();
  p->command = p->cli->command_line;
  MESO_TRY(mesoi_pipeline_check(p, err));
  MESO_TRY(mesoi_pipeline_folder_make(p, err));
  MESO_TRY(load_record(p, err));
  MESO_TRY(record_model(p, err));
  for (size_t i = 0; i < mesoi_pipeline_stage_count; i++) {
    const pipeline_stage *s = &mesoi_pipeline_stages[i];
    if (!is_wanted(p, s)) continue;
    MESO_TRY(run_stage(p, s, cache, err));
  }
cleanup:
  if (status != MESO_OK && status != MESO_ESTOPPED && p->n_made + p->n_kept == 0)
    mesoi_pipeline_folder_undo(p);
  json_decref(cache);
  return status;
}

void mesoi_pipeline_answer(const pipeline *p)
{
  char path[PIPELINE_PATH];
  mesoi_pipeline_path(p, "report.html", path);
  mesoi_say(p->cli, "report: %s\n", path);
  mesoi_answer_text(p->cli, "report", path);
  mesoi_answer_count(p->cli, "made", p->n_made);
  mesoi_answer_count(p->cli, "kept", p->n_kept);
  for (size_t i = 0; i < p->n_notes; i++)
    mesoi_answer_append(p->cli, "notes", json_string(p->note[i]));
}

void mesoi_pipeline_clear(pipeline *p)
{
  meso_model_destroy(p->model);
  meso_spikes_destroy(p->spikes);
  json_decref(p->record);
  json_decref(p->figures);
  for (size_t i = 0; i < p->n_notes; i++) free(p->note[i]);
}

/* ---- the report alone --------------------------------------------------------------------- */

/** Model, imported spikes and command line as the run had them. */
static meso_status restore(pipeline *p, meso_err *err)
{
  meso_status status = MESO_OK;
  char path[PIPELINE_PATH];
  const char **sets = NULL;
  mesoi_file_state state;
  MESO_TRY(mesoi_record_read(p->dir, &p->record, err));
  const json_t *model = json_object_get(p->record, "model");
  const json_t *list = json_object_get(model, "sets");
  const char *copy = json_string_value(json_object_get(model, "copy"));
  const size_t n = json_array_size(list);
  p->stages = json_object_get(p->record, "stages");
  p->model_path = json_string_value(json_object_get(model, "path"));
  p->imported = json_string_value(json_object_get(p->record, "spikes"));
  p->command = noted(p, &mesoi_pipeline_stages[mesoi_pipeline_stage_count - 1], "command");
  if (p->command == NULL) p->command = p->cli->command_line;
  if (p->model_path == NULL || copy == NULL)
    MESO_FAIL(err, MESO_EFORMAT, "%s/stages.json: model: needs path and copy", p->dir);
  MESO_ALLOC(err, sets, n);
  for (size_t i = 0; i < n; i++) {
    sets[i] = json_string_value(json_array_get(list, i));
    if (sets[i] == NULL)
      MESO_FAIL(err, MESO_EFORMAT, "%s/stages.json: model.sets: must be texts", p->dir);
  }
  mesoi_pipeline_path(p, copy, path);
  MESO_TRY(mesoi_record_check(p->dir, copy, json_string_value(json_object_get(model, "sha256")),
                              &state, err));
  if (state == MESOI_FILE_DAMAGED) mesoi_warn(p->cli, "%s: not the model file of the run", path);
  MESO_TRY(meso_model_read(path, n, sets, &p->model, err));
cleanup:
  free(sets);
  return status;
}

/** Fails with the names of all inputs that are missing. */
static meso_status find_inputs(const pipeline *p, const pipeline_stage *report, meso_err *err)
{
  meso_status status = MESO_OK;
  char missing[512] = "", path[PIPELINE_PATH];
  size_t used = 0;
  struct stat st;
  for (size_t i = 0; i < PIPELINE_INPUTS && report->inputs[i] != NULL; i++) {
    mesoi_pipeline_path(p, report->inputs[i], path);
    if (!mesoi_pipeline_has(p, report->inputs[i]) || stat(path, &st) == 0) continue;
    const bool imported = p->imported != NULL && strcmp(path, p->imported) == 0;
    const int n = snprintf(missing + used, sizeof missing - used, "%s%s%s", used > 0 ? ", " : "",
                           imported ? path : report->inputs[i],
                           imported ? " (imported spikes)" : "");
    used = n < 0 || used + (size_t) n >= sizeof missing ? sizeof missing - 1 : used + (size_t) n;
  }
  if (used > 0)
    MESO_FAIL(err, MESO_ENOTFOUND, "%s: no report without %s; mesocast run makes what is missing",
              p->dir, missing);
cleanup:
  return status;
}

/** Warns of files that the run did not write, or wrote for another model. */
static meso_status warn_of_misfits(const pipeline *p, json_t *cache, meso_err *err)
{
  meso_status status = MESO_OK;
  for (size_t i = 0; i + 1 < mesoi_pipeline_stage_count; i++) {
    const pipeline_stage *s = &mesoi_pipeline_stages[i];
    char path[PIPELINE_PATH], key[65];
    if (!is_wanted(p, s)) continue;
    mesoi_pipeline_path(p, s->output, path);
    if (!is_as_noted(cache, path, noted(p, s, "sha256"))) {
      mesoi_warn(p->cli, "%s: not the file that the run wrote", path);
      continue;
    }
    if (s->reads_morphologies) continue; /* they may lie elsewhere now */
    MESO_TRY(stage_key(p, s, cache, key, err));
    const char *old = noted(p, s, "key");
    if (old == NULL || strcmp(old, key) != 0)
      mesoi_warn(p->cli, "%s: made from another model, other inputs or by another version", path);
  }
cleanup:
  return status;
}

meso_status mesoi_pipeline_remake_report(pipeline *p, meso_err *err)
{
  meso_status status = MESO_OK;
  const pipeline_stage *report = &mesoi_pipeline_stages[mesoi_pipeline_stage_count - 1];
  char key[65], output[PIPELINE_PATH];
  json_t *cache = json_object();
  MESO_TRY(restore(p, err));
  MESO_TRY(find_inputs(p, report, err));
  MESO_TRY(warn_of_misfits(p, cache, err));
  mesoi_pipeline_path(p, report->output, output);
  MESO_TRY(stage_key(p, report, cache, key, err));
  MESO_TRY(make_stage(p, report, cache, key, output, err));
cleanup:
  json_decref(cache);
  return status;
}
