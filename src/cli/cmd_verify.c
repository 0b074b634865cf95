/* cmd_verify.c: holds the outputs of a run against the checksums in its stages.json. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli_options.h"
#include "meso_io.h"

enum { MAX_STAGES_BYTES = 1 << 24 };

static meso_status load(const char *dir, char **ret_path, json_t **ret_root, meso_err *err)
{
  meso_status status = MESO_OK;
  json_error_t why;
  char *bytes = NULL;
  size_t n = 0;
  const size_t room = strlen(dir) + sizeof "/stages.json";
  MESO_ALLOC(err, *ret_path, room);
  (void) snprintf(*ret_path, room, "%s/stages.json", dir);
  MESO_TRY(meso_file_read(*ret_path, MAX_STAGES_BYTES, &bytes, &n, err));
  *ret_root = json_loadb(bytes, n, 0, &why);
  if (*ret_root == NULL)
    MESO_FAIL(err, MESO_EFORMAT, "%s: line %d: %s", *ret_path, why.line, why.text);
cleanup:
  free(bytes);
  return status;
}

/* "ok", "missing", "damaged": what became of one output. */
static meso_status check(const char *dir, const char *stages, const char *stage,
                         const json_t *entry, const char **ret_output, const char **ret_state,
                         meso_err *err)
{
  meso_status status = MESO_OK;
  const char *output = json_string_value(json_object_get(entry, "output"));
  const char *want = json_string_value(json_object_get(entry, "sha256"));
  char *path = NULL, sha256[65];
  if (output == NULL || want == NULL)
    MESO_FAIL(err, MESO_EFORMAT, "%s: stages.%s: needs output and sha256", stages, stage);
  const size_t room = strlen(dir) + strlen(output) + 2;
  MESO_ALLOC(err, path, room);
  (void) snprintf(path, room, "%s/%s", dir, output);
  *ret_output = output;
  if (meso_sha256_file(path, sha256, NULL) != MESO_OK) *ret_state = "missing";
  else *ret_state = strcmp(sha256, want) == 0 ? "ok" : "damaged";
cleanup:
  free(path);
  return status;
}

static meso_status verify(const meso_cli *cli, const char *dir, meso_err *err)
{
  meso_status status = MESO_OK;
  char *path = NULL, bad[768] = "";
  json_t *root = NULL, *entry = NULL;
  json_t *states = json_object();
  const char *stage = NULL, *output = NULL, *state = NULL;
  size_t used = 0, n_bad = 0;
  MESO_TRY(load(dir, &path, &root, err));
  json_t *stages = json_object_get(root, "stages");
  if (!json_is_object(stages) || json_object_size(stages) == 0)
    MESO_FAIL(err, MESO_EFORMAT, "%s: stages: no stage is listed", path);
  json_object_foreach(stages, stage, entry) {
    MESO_TRY(check(dir, path, stage, entry, &output, &state, err));
    if (json_object_set_new(states, output, json_string(state)) != 0)
      MESO_FAIL(err, MESO_ENOMEM, "cannot allocate the list of outputs");
    if (!cli->json && !cli->quiet) printf("%-8s %s\n", state, output);
    if (strcmp(state, "ok") == 0) continue;
    n_bad++;
    const int n = snprintf(bad + used, sizeof bad - used, " %s (%s)", output, state);
    used = n < 0 || used + (size_t) n >= sizeof bad ? sizeof bad - 1 : used + (size_t) n;
  }
  if (cli->json && json_dumpf(states, stdout, JSON_INDENT(2)) == 0) printf("\n");
  if (n_bad > 0)
    MESO_FAIL(err, MESO_EIO, "%s: %zu of %zu outputs differ from their checksums:%s", dir, n_bad,
              json_object_size(stages), bad);
cleanup:
  json_decref(states);
  json_decref(root);
  free(path);
  return status;
}

static meso_status run(const meso_cli *cli, meso_err *err)
{
  meso_status status = MESO_OK;
  mesoi_positionals args = { .v = NULL };
  MESO_TRY(mesoi_options_parse(cli, "verify", 0, NULL, 1, 1, &args, err));
  MESO_TRY(verify(cli, args.v[0], err));
cleanup:
  free(args.v);
  return status;
}

const meso_command meso_cmd_verify = {
  .name = "verify", .usage = "verify DIR", .run = run,
  .summary = "check the outputs of a run against their checksums",
};
