/* run_record.h: stages.json, the record of a run in its folder:
 *
 *   version                        of the program
 *   model: path, sets              as the command line gave them
 *          copy, sha256            the model file's copy in the folder
 *   spikes                         file that was imported, if one was
 *   stages: <stage>: key           checksum of all that the stage depends on
 *                    command       command line that made it
 *                    output, sha256
 *                    inputs        files it read, as they were: name -> checksum
 *                    figures       other files: name -> checksum
 * Names of files are relative to the folder and stay inside it. */
#ifndef MESO_RUN_RECORD_H
#define MESO_RUN_RECORD_H

#include <jansson.h>

#include "meso_error.h"

/** What became of a file. The order is that of the names in run_record.c. */
typedef enum mesoi_file_state {
  MESOI_FILE_OK, MESOI_FILE_MISSING, MESOI_FILE_UNREADABLE, MESOI_FILE_DAMAGED,
  MESOI_FILE_UNLISTED
} mesoi_file_state;

/** "ok", "missing", "unreadable", "damaged", "not listed". */
const char *mesoi_file_state_name(mesoi_file_state state);

/** Reads and checks DIR/stages.json; json_decref ret_record. A message names file and key. */
MESO_MUST_CHECK meso_status mesoi_record_read(const char *dir, json_t **ret_record, meso_err *err);

/** Holds a file of the folder against its checksum. */
MESO_MUST_CHECK meso_status mesoi_record_check(const char *dir, const char *name,
                                               const char *sha256, mesoi_file_state *ret_state,
                                               meso_err *err);

/** Calls for every file that the record lists, stage by stage, until one call fails. */
typedef meso_status (*mesoi_record_visit)(void *user, const char *stage, const char *name,
                                          const char *sha256, meso_err *err);
MESO_MUST_CHECK meso_status mesoi_record_walk(const json_t *record, mesoi_record_visit visit,
                                              void *user, meso_err *err);

#endif
