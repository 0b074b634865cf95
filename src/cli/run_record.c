/* run_record.c: reads stages.json as a file that anybody may have written. */
#include "run_record.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "meso_io.h"

enum { MAX_RECORD_BYTES = 1 << 24 };

const char *mesoi_file_state_name(mesoi_file_state state)
{
  static const char *const name[] = { "ok", "missing", "unreadable", "damaged", "not listed" };
  return name[state];
}

/* ---- files --------------------------------------------------------------------------------- */

/** Whether a name is relative and never goes up. */
static bool is_inside(const char *name)
{
  if (name[0] == '\0' || name[0] == '/') return false;
  for (const char *part = name; *part != '\0';) {
    const size_t n = strcspn(part, "/");
    if (n == 2 && strncmp(part, "..", 2) == 0) return false;
    part += n + (part[n] == '/');
  }
  return true;
}

meso_status mesoi_record_check(const char *dir, const char *name, const char *sha256,
                               mesoi_file_state *ret_state, meso_err *err)
{
  meso_status status = MESO_OK;
  char *path = NULL, found[65];
  struct stat st;
  const size_t room = strlen(dir) + strlen(name) + 2;
  MESO_ALLOC(err, path, room);
  (void) snprintf(path, room, "%s/%s", dir, name);
  if (stat(path, &st) != 0)
    *ret_state = errno == ENOENT || errno == ENOTDIR ? MESOI_FILE_MISSING : MESOI_FILE_UNREADABLE;
  else if (meso_sha256_file(path, found, NULL) != MESO_OK)
    *ret_state = MESOI_FILE_UNREADABLE;
  else
    *ret_state = strcmp(found, sha256) == 0 ? MESOI_FILE_OK : MESOI_FILE_DAMAGED;
cleanup:
  free(path);
  return status;
}

/* ---- the record ---------------------------------------------------------------------------- */

meso_status mesoi_record_walk(const json_t *record, mesoi_record_visit visit, void *user,
                              meso_err *err)
{
  meso_status status = MESO_OK;
  const char *stage = NULL, *figure = NULL;
  json_t *entry = NULL, *sha256 = NULL;
  const json_t *model = json_object_get(record, "model");
  if (model != NULL)
    MESO_TRY(visit(user, "model", json_string_value(json_object_get(model, "copy")),
                   json_string_value(json_object_get(model, "sha256")), err));
  json_object_foreach(json_object_get(record, "stages"), stage, entry) {
    MESO_TRY(visit(user, stage, json_string_value(json_object_get(entry, "output")),
                   json_string_value(json_object_get(entry, "sha256")), err));
    json_object_foreach(json_object_get(entry, "figures"), figure, sha256)
      MESO_TRY(visit(user, stage, figure, json_string_value(sha256), err));
  }
cleanup:
  return status;
}

static meso_status check_entry(void *user, const char *stage, const char *name, const char *sha256,
                               meso_err *err)
{
  meso_status status = MESO_OK;
  const char *path = user;
  if (name == NULL || sha256 == NULL)
    MESO_FAIL(err, MESO_EFORMAT, "%s: %s: needs a file name and its sha256", path, stage);
  if (!is_inside(name))
    MESO_FAIL(err, MESO_EFORMAT, "%s: %s: file \"%s\" is not inside the folder", path, stage,
              name);
cleanup:
  return status;
}

meso_status mesoi_record_read(const char *dir, json_t **ret_record, meso_err *err)
{
  meso_status status = MESO_OK;
  json_error_t why;
  json_t *record = NULL;
  char *bytes = NULL, *path = NULL;
  size_t n = 0;
  const size_t room = strlen(dir) + sizeof "/stages.json";
  *ret_record = NULL;
  MESO_ALLOC(err, path, room);
  (void) snprintf(path, room, "%s/stages.json", dir);
  MESO_TRY(meso_file_read(path, MAX_RECORD_BYTES, &bytes, &n, err));
  record = json_loadb(bytes, n, 0, &why);
  if (record == NULL)
    MESO_FAIL(err, MESO_EFORMAT, "%s: line %d: %s", path, why.line, why.text);
  const json_t *stages = json_object_get(record, "stages");
  if (!json_is_object(stages) || json_object_size(stages) == 0)
    MESO_FAIL(err, MESO_EFORMAT, "%s: stages: no stage is listed", path);
  MESO_TRY(mesoi_record_walk(record, check_entry, path, err));
  *ret_record = record;
  record = NULL;
cleanup:
  json_decref(record);
  free(bytes);
  free(path);
  return status;
}
