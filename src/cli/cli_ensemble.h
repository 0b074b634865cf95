/* cli_ensemble.h: the ensemble of a model's LFP, as command and as stage of a run. */
#ifndef MESO_CLI_ENSEMBLE_H
#define MESO_CLI_ENSEMBLE_H

#include "cli_files.h"
#include "meso_ensemble.h"

/** Makes an ensemble (meso_ensemble_run) and writes it; finished members wait in OUTPUT.parts. */
MESO_MUST_CHECK meso_status mesoi_ensemble_write(const meso_cli *cli, const meso_model *model,
                                                 const char *model_path,
                                                 const meso_spikes *spikes, const char *output,
                                                 const meso_provenance *provenance,
                                                 meso_result **ret_result, meso_err *err);

/** What came out, in a sentence or two; empty if there is nothing to say. */
void mesoi_ensemble_sentence(const meso_result *ensemble, char *text, size_t size);

#endif
