/* pipeline.c: keys, checksums, and running what is out of date. */
#include "pipeline.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cli_progress.h"
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
    MESO_TRY(meso_spikes_read(path, &p->spikes, err));
  }
  *ret_spikes = p->spikes;
cleanup:
  return status;
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

static meso_status append_morphologies(const pipeline *p, json_t *cache, text *t, meso_err *err)
{
  meso_status status = MESO_OK;
  mesoi_dirs dirs = {0};
  MESO_TRY(mesoi_dirs_find(p->model_path, &dirs, err));
  for (size_t c = 0; c < p->model->n_cell_types; c++) {
    bool found = false;
    for (size_t d = 0; d < dirs.n && !found; d++) {
      char path[PIPELINE_PATH];
      struct stat st;
      (void) snprintf(path, sizeof path, "%s/%s", dirs.v[d], p->model->cell_type[c].morphology);
      if (stat(path, &st) != 0) continue;
      const char *hash = NULL;
      MESO_TRY(hash_file(cache, path, &hash, err));
      MESO_TRY(append(t, p->model->cell_type[c].morphology, hash, err));
      found = true;
    }
  }
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
  for (size_t i = 0; i < 5 && s->inputs[i] != NULL; i++) {
    char path[PIPELINE_PATH];
    const char *hash = NULL;
    mesoi_pipeline_path(p, s->inputs[i], path);
    MESO_TRY(hash_file(cache, path, &hash, err));
    MESO_TRY(append(&t, s->inputs[i], hash, err));
  }
  if (s->reads_morphologies) MESO_TRY(append_morphologies(p, cache, &t, err));
  if (s->reads_measured) MESO_TRY(append_measured(p, cache, &t, err));
  meso_sha256_bytes(t.bytes, t.n, key);
cleanup:
  free(model);
  free(t.bytes);
  return status;
}

/* ---- stages.json -------------------------------------------------------------------------- */

/** A missing or unreadable stages.json means that nothing is up to date. */
static void load_stages(pipeline *p)
{
  char path[PIPELINE_PATH];
  mesoi_pipeline_path(p, "stages.json", path);
  json_t *root = json_load_file(path, 0, NULL);
  json_t *stages = json_object_get(root, "stages");
  p->stages = json_is_object(stages) ? json_incref(stages) : json_object();
  json_decref(root);
}

static meso_status save_stages(const pipeline *p, meso_err *err)
{
  meso_status status = MESO_OK;
  char path[PIPELINE_PATH], *dump = NULL;
  json_t *root = json_pack("{s:s, s:O}", "version", PACKAGE_VERSION, "stages", p->stages);
  if (root != NULL) dump = json_dumps(root, JSON_INDENT(2) | JSON_PRESERVE_ORDER);
  if (dump == NULL) MESO_FAIL(err, MESO_ENOMEM, "cannot write stages.json");
  mesoi_pipeline_path(p, "stages.json", path);
  MESO_TRY(meso_file_write(path, dump, strlen(dump), err));
cleanup:
  free(dump);
  json_decref(root);
  return status;
}

static bool up_to_date(const pipeline *p, const pipeline_stage *s, json_t *cache, const char *key,
                       const char *output)
{
  const json_t *entry = json_object_get(p->stages, s->name);
  const char *old_key = json_string_value(json_object_get(entry, "key"));
  const char *old_hash = json_string_value(json_object_get(entry, "sha256"));
  const char *hash = NULL;
  struct stat st;
  if (old_key == NULL || old_hash == NULL || strcmp(old_key, key) != 0) return false;
  if (stat(output, &st) != 0 || hash_file(cache, output, &hash, NULL) != MESO_OK) return false;
  return strcmp(hash, old_hash) == 0;
}

/* ---- running ------------------------------------------------------------------------------ */

static void say(const pipeline *p, const char *stage, const char *what, double seconds)
{
  if (p->cli->quiet || p->cli->json) return;
  if (seconds < 0) printf("%-10s %s\n", stage, what);
  else printf("%-10s %s in %.1f s\n", stage, what, seconds);
  (void) fflush(stdout);
}

static meso_status make_stage(pipeline *p, const pipeline_stage *s, json_t *cache, const char *key,
                              const char *output, meso_err *err)
{
  meso_status status = MESO_OK;
  mesoi_origin origin = {0};
  const char *inputs[4], *hash = NULL;
  char paths[4][PIPELINE_PATH];
  size_t n = 0;
  for (; n < 4 && s->inputs[n] != NULL; n++) {
    mesoi_pipeline_path(p, s->inputs[n], paths[n]);
    inputs[n] = paths[n];
  }
  const double t0 = mesoi_clock_s();
  MESO_TRY(mesoi_origin_make(p->cli, p->model, n, inputs, &origin, err));
  MESO_TRY(s->make(p, output, &origin.provenance, err));
  (void) json_object_del(cache, output);
  MESO_TRY(hash_file(cache, output, &hash, err));
  json_t *entry = json_pack("{s:s, s:s, s:s}", "key", key, "output", s->output, "sha256", hash);
  if (json_object_set_new(p->stages, s->name, entry) != 0)
    MESO_FAIL(err, MESO_ENOMEM, "cannot note a stage");
  MESO_TRY(save_stages(p, err));
  p->n_made++;
  say(p, s->name, "made", mesoi_clock_s() - t0);
cleanup:
  mesoi_origin_clear(&origin);
  return status;
}

static meso_status run_stage(pipeline *p, const pipeline_stage *s, json_t *cache, meso_err *err)
{
  meso_status status = MESO_OK;
  char key[65], output[PIPELINE_PATH];
  mesoi_pipeline_path(p, s->output, output);
  MESO_TRY(stage_key(p, s, cache, key, err));
  if (up_to_date(p, s, cache, key, output)) {
    p->n_kept++;
    say(p, s->name, "kept", -1);
  } else {
    MESO_TRY(make_stage(p, s, cache, key, output, err));
  }
cleanup:
  return status;
}

/** Creates the folder and those above it. */
static meso_status make_folder(const char *dir, meso_err *err)
{
  meso_status status = MESO_OK;
  char path[PIPELINE_PATH];
  if (strlen(dir) + 64 > sizeof path) MESO_FAIL(err, MESO_EINVAL, "%s: name too long", dir);
  (void) snprintf(path, sizeof path, "%s", dir);
  for (char *c = path + 1;; c++) {
    if (*c != '/' && *c != '\0') continue;
    const char end = *c;
    *c = '\0';
    if (mkdir(path, 0777) != 0 && errno != EEXIST)
      MESO_FAIL(err, MESO_EIO, "%s: cannot create the folder: %s", path, strerror(errno));
    *c = end;
    if (end == '\0') break;
  }
cleanup:
  return status;
}

meso_status mesoi_pipeline_run(pipeline *p, meso_err *err)
{
  meso_status status = MESO_OK;
  json_t *cache = json_object();
  MESO_TRY(make_folder(p->dir, err));
  load_stages(p);
  for (size_t i = 0; i < mesoi_pipeline_stage_count; i++) {
    const pipeline_stage *s = &mesoi_pipeline_stages[i];
    if (p->imported != NULL && strcmp(s->name, "simulate") == 0) continue;
    MESO_TRY(run_stage(p, s, cache, err));
  }
cleanup:
  json_decref(cache);
  return status;
}
