/* cmd_verify.c: holds the files of a run against the checksums in its stages.json. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cli_answer.h"
#include "cli_options.h"
#include "pipeline.h"
#include "run_record.h"

typedef struct verification {
  const meso_cli *cli;
  const char *dir;
  json_t *states;            /**< name -> state */
  size_t n[MESOI_FILE_UNLISTED + 1];
  size_t n_bad;
  char first_bad[512];       /**< for the message */
} verification;

static meso_status note(verification *v, const char *stage, const char *name,
                        mesoi_file_state state, meso_err *err)
{
  meso_status status = MESO_OK;
  const char *word = mesoi_file_state_name(state);
  if (json_object_set_new(v->states, name, json_string(word)) != 0)
    MESO_FAIL(err, MESO_ENOMEM, "cannot note %s", name);
  v->n[state]++;
  mesoi_say(v->cli, "%-10s %s\n", word, name);
  mesoi_answer_append(v->cli, "files", json_pack("{s:s, s:s, s:s?}", "path", name, "state", word,
                                                 "stage", stage));
  if (state == MESOI_FILE_OK || state == MESOI_FILE_UNLISTED) goto cleanup;
  if (v->n_bad++ == 0) (void) snprintf(v->first_bad, sizeof v->first_bad, "%s is %s", name, word);
cleanup:
  return status;
}

static meso_status check(void *user, const char *stage, const char *name, const char *sha256,
                         meso_err *err)
{
  meso_status status = MESO_OK;
  verification *v = user;
  mesoi_file_state state;
  MESO_TRY(mesoi_record_check(v->dir, name, sha256, &state, err));
  MESO_TRY(note(v, stage, name, state, err));
cleanup:
  return status;
}

/** Notes what lies in the folder below a path, "" or ending in '/', and is not listed. */
static meso_status find_unlisted(verification *v, const char *below, meso_err *err)
{
  meso_status status = MESO_OK;
  char name[4096], path[8192];
  struct dirent **entry = NULL;
  struct stat st;
  (void) snprintf(path, sizeof path, "%s/%s", v->dir, below);
  const int n = scandir(path, &entry, NULL, alphasort);
  if (n < 0) MESO_FAIL(err, MESO_EIO, "%s: cannot list the folder", path);
  for (int i = 0; i < n && status == MESO_OK; i++) {
    const char *own = entry[i]->d_name;
    if (strcmp(own, ".") == 0 || strcmp(own, "..") == 0) continue;
    const int length = snprintf(name, sizeof name - 1, "%s%s", below, own);
    if (length < 0 || (size_t) length >= sizeof name - 1) continue;
    (void) snprintf(path, sizeof path, "%s/%s", v->dir, name);
    if (lstat(path, &st) == 0 && S_ISDIR(st.st_mode)) {
      if (json_object_get(v->states, name) != NULL) continue;
      memcpy(name + length, "/", 2);
      status = find_unlisted(v, name, err);
    } else if (json_object_get(v->states, name) == NULL && strcmp(name, "stages.json") != 0) {
      status = note(v, NULL, name, MESOI_FILE_UNLISTED, err);
    }
  }
cleanup:
  for (int i = 0; i < n; i++) free(entry[i]);
  free(entry);
  return status;
}

/** Whether the run is to make a stage that not every model wants. */
static bool is_planned(const json_t *record, const char *stage)
{
  size_t i;
  const json_t *name;
  json_array_foreach(json_object_get(record, "plan"), i, name)
    if (json_is_string(name) && strcmp(json_string_value(name), stage) == 0) return true;
  return false;
}

/** Notes the outputs of stages that the run has not come to. */
static meso_status find_unmade(verification *v, const json_t *record, meso_err *err)
{
  meso_status status = MESO_OK;
  const json_t *stages = json_object_get(record, "stages");
  const bool imported = json_is_string(json_object_get(record, "spikes"));
  for (size_t i = 0; i < mesoi_pipeline_stage_count; i++) {
    const pipeline_stage *s = &mesoi_pipeline_stages[i];
    const bool wanted = !(imported && strcmp(s->output, "spikes.h5") == 0)
                        && (s->is_wanted == NULL || is_planned(record, s->name));
    if (wanted && json_object_get(stages, s->name) == NULL)
      MESO_TRY(note(v, s->name, s->output, MESOI_FILE_MISSING, err));
  }
cleanup:
  return status;
}

static meso_status verify(verification *v, meso_err *err)
{
  meso_status status = MESO_OK;
  json_t *record = NULL;
  MESO_TRY(mesoi_record_read(v->dir, &record, err));
  MESO_TRY(mesoi_record_walk(record, check, v, err));
  MESO_TRY(find_unmade(v, record, err));
  MESO_TRY(find_unlisted(v, "", err));
  for (mesoi_file_state s = MESOI_FILE_OK; s <= MESOI_FILE_UNLISTED; s++) {
    char key[32];
    (void) snprintf(key, sizeof key, "n_%s", mesoi_file_state_name(s));
    for (char *c = key; *c != '\0'; c++) *c = *c == ' ' ? '_' : *c;
    mesoi_answer_count(v->cli, key, v->n[s]);
  }
  if (v->n_bad > 0)
    MESO_FAIL(err, MESO_EFORMAT, "%s: %zu of %zu files are not what the run wrote: %s%s", v->dir,
              v->n_bad, v->n_bad + v->n[MESOI_FILE_OK], v->first_bad,
              v->n_bad > 1 ? ", ..." : "");
cleanup:
  json_decref(record);
  return status;
}

static meso_status run(const meso_cli *cli, meso_err *err)
{
  meso_status status = MESO_OK;
  mesoi_positionals args = { .v = NULL };
  verification v = { .cli = cli, .states = json_object() };
  if (v.states == NULL) MESO_FAIL(err, MESO_ENOMEM, "cannot allocate the list of files");
  MESO_TRY(mesoi_options_parse(cli, "verify", 0, NULL, 1, 1, &args, err));
  v.dir = args.v[0];
  MESO_TRY(verify(&v, err));
cleanup:
  json_decref(v.states);
  free(args.v);
  return status;
}

const meso_command meso_cmd_verify = {
  .name = "verify", .usage = "verify DIR", .run = run,
  .summary = "check the files of a run against their checksums: ok, missing, unreadable, damaged "
             "(exit 3), not listed",
};
