/* pipeline.h: the stages of `run`, which of them are up to date, and the report, which can be made
 * again by itself.
 *
 * A stage reads the model and files of earlier stages and writes one file. It is kept if its key
 * (program version, the part of the model it depends on, checksums of its inputs) and the checksum
 * of its output are those in stages.json; times of files play no part.
 */
#ifndef MESO_PIPELINE_H
#define MESO_PIPELINE_H

#include <jansson.h>

#include "cli_files.h"
#include "meso_cli.h"
#include "meso_data.h"
#include "meso_model.h"
#include "run_record.h"

#define PIPELINE_MODEL_COPY "model_as_run.yaml" /* in the folder */
enum { PIPELINE_PATH = 4096, PIPELINE_NOTES = 64, PIPELINE_INPUTS = 7 };

typedef struct pipeline {
  const meso_cli *cli;
  const char *model_path;      /**< as the command line of the run gave it */
  const char *command;         /**< command line that the report and its figures show */
  const char *dir;             /**< output folder */
  const char *imported;        /**< spikes of another simulator, or NULL */
  meso_model *model;
  json_t *record;              /**< what stages.json holds */
  json_t *stages;              /**< of the record, borrowed */
  json_t *figures;             /**< files that the stage at work wrote besides its output */
  size_t n_made, n_kept;
  size_t n_old;                /**< characters of dir that name a folder from before the run */
  meso_spikes *spikes;         /**< of this run, once a stage needed them */
  size_t n_notes;
  char *note[PIPELINE_NOTES];  /**< for the report */
} pipeline;

/** One stage; the table is in pipeline_stages.c. */
typedef struct pipeline_stage {
  const char *name, *output;
  unsigned sections;           /**< of the model */
  const char *inputs[PIPELINE_INPUTS]; /**< outputs of earlier stages; "spikes.h5" is the import
                                            if any */
  bool reads_morphologies, reads_alternatives, reads_measured, reads_response;
  bool (*is_wanted)(const meso_model *model); /**< NULL: always */
  meso_status (*make)(pipeline *p, const char *output, const meso_provenance *provenance,
                      meso_err *err);
} pipeline_stage;

extern const pipeline_stage mesoi_pipeline_stages[];
extern const size_t mesoi_pipeline_stage_count;

/** Runs all stages. The caller sets cli, model_path, dir, imported and model, which becomes p's. */
MESO_MUST_CHECK meso_status mesoi_pipeline_run(pipeline *p, meso_err *err);
/** Makes the last stage alone again from the files of a run. The caller sets cli and dir; the rest
 *  is in stages.json. Missing files are MESO_ENOTFOUND, all of them named; files that do not fit
 *  together give warnings. */
MESO_MUST_CHECK meso_status mesoi_pipeline_remake_report(pipeline *p, meso_err *err);
/** Answers "report", "made", "kept" and "notes". */
void mesoi_pipeline_answer(const pipeline *p);
void mesoi_pipeline_clear(pipeline *p);

/** Path of a file in the output folder. */
void mesoi_pipeline_path(const pipeline *p, const char *name, char path[PIPELINE_PATH]);
/** Fails for what a later stage would stumble over after the simulation: names in the model that
 *  nothing has. Morphologies are up to the kernels, which are the first stage. */
MESO_MUST_CHECK meso_status mesoi_pipeline_check(const pipeline *p, meso_err *err);
/** Makes the folder and those above it, and removes temporary files of processes that are gone. */
MESO_MUST_CHECK meso_status mesoi_pipeline_folder_make(pipeline *p, meso_err *err);
/** Of a run that made nothing: removes the folders that it made, and only those. */
void mesoi_pipeline_folder_undo(const pipeline *p);

/** Whether this run has a file: the output of a stage that the model wants. */
bool mesoi_pipeline_has(const pipeline *p, const char *output);

/** Spikes of the run, read once. */
MESO_MUST_CHECK meso_status mesoi_pipeline_spikes(pipeline *p, const meso_spikes **ret_spikes,
                                                  meso_err *err);
/** Notes a file (relative to the folder) that a stage wrote besides its output. */
MESO_MUST_CHECK meso_status mesoi_pipeline_wrote(pipeline *p, const char *name, meso_err *err);
/** Adds a sentence to the report. */
void mesoi_pipeline_note(pipeline *p, const char *fmt, ...) MESO_PRINTF(2, 3);

/** The last stage: figures and report.html. */
MESO_MUST_CHECK meso_status mesoi_pipeline_report(pipeline *p, const char *output,
                                                  const meso_provenance *provenance, meso_err *err);

#endif
