/* cli_files.h: what several commands do with files: models, provenance, data folders. */
#ifndef MESO_CLI_FILES_H
#define MESO_CLI_FILES_H

#include <glob.h>

#include "meso_cli.h"
#include "meso_io.h"
#include "meso_model.h"
#include "meso_network.h"

enum { MESOI_MAX_INPUTS = 64 };

/** Provenance of one output: command line, model, seed, checksums of the inputs. */
typedef struct mesoi_origin {
  meso_provenance provenance;
  char *model_text;
  const char *input[MESOI_MAX_INPUTS];
  char sha256[MESOI_MAX_INPUTS][65];
  const char *sha256_list[MESOI_MAX_INPUTS];
} mesoi_origin;

/** model may be NULL. inputs: n (<= MESOI_MAX_INPUTS) file names, borrowed. Free with
 *  mesoi_origin_clear. */
MESO_MUST_CHECK meso_status mesoi_origin_make(const meso_cli *cli, const meso_model *model,
                                              size_t n, const char *const *inputs,
                                              mesoi_origin *origin, meso_err *err);
/** The same of what becomes of a network: the checksums of all files that it was read from. */
MESO_MUST_CHECK meso_status mesoi_origin_of_network(const meso_cli *cli,
                                                    const meso_network *network,
                                                    mesoi_origin *origin, meso_err *err);
void mesoi_origin_clear(mesoi_origin *origin);

/** Warns of what the reader of a file had to guess: attribute "warning". */
void mesoi_warn_of_file(const meso_cli *cli, const char *path, const meso_attrs *attrs);

/** Spikes of any file; what its reader had to guess becomes a warning. */
MESO_MUST_CHECK meso_status mesoi_spikes_read(const meso_cli *cli, const char *path,
                                              meso_spikes **ret_spikes, meso_err *err);
/** The same, to go through a model's wiring; a warning if they come from another network or
 *  seed. */
MESO_MUST_CHECK meso_status mesoi_spikes_read_for(const meso_cli *cli, const char *path,
                                                  const meso_model *model,
                                                  meso_spikes **ret_spikes, meso_err *err);
/** The same, to go through the wiring that kernels (meso_kernels_build) are of. */
MESO_MUST_CHECK meso_status mesoi_spikes_read_for_kernels(const meso_cli *cli, const char *path,
                                                          const meso_result *kernels,
                                                          meso_spikes **ret_spikes, meso_err *err);
/** Says on an LFP whether its synapses are those of the network that made the spikes of a file, by
 *  the model that the file says: attribute "connectivity" of signal "lfp" (meso_lfp.h).
 *  @param[in] in_the_mean  population kernels, which hold no single synapses */
MESO_MUST_CHECK meso_status mesoi_connectivity_add(const char *spikes, const meso_model *model,
                                                   bool in_the_mean, meso_signals *lfp,
                                                   meso_err *err);
/** How much of the input of an LFP, which was written, comes from outside, and whether it has it:
 *  "excitatory_external_share". */
void mesoi_answer_external(const meso_cli *cli, const meso_model *model, const char *path);
/** Signals of our own files, and of recordings in a format that is told by its name. */
MESO_MUST_CHECK meso_status mesoi_signals_read(const meso_cli *cli, const char *path,
                                               meso_signals **ret_signals, meso_err *err);
/** Adds the proxies to an LFP; a warning for each that came out empty. */
MESO_MUST_CHECK meso_status mesoi_proxies_add(const meso_cli *cli, const meso_model *model,
                                              const meso_spikes *spikes, meso_signals *lfp,
                                              meso_err *err);
/** Signals of n files in one container; their names must differ. */
MESO_MUST_CHECK meso_status mesoi_signals_read_all(const meso_cli *cli, size_t n,
                                                   const char *const *paths,
                                                   meso_signals **ret_signals, meso_err *err);
/** Whether a name is that of a recording, or of a list of spikes, that a format reads. */
bool mesoi_is_recording(const char *path);
/** What such a file holds: NULL for signals or spikes that it does not, with a warning if it has
 *  some that cannot be read; fails if it has neither. */
MESO_MUST_CHECK meso_status mesoi_recording_read(const meso_cli *cli, const char *path,
                                                 meso_spikes **ret_spikes,
                                                 meso_signals **ret_signals, meso_err *err);
/** Synaptic currents, mean over 1 ms, from spikes and the model's wiring. */
MESO_MUST_CHECK meso_status mesoi_currents_make(const meso_cli *cli, const meso_model *model,
                                                const meso_spikes *spikes,
                                                meso_signals **ret_currents, meso_err *err);

/** Folders with data, in the order in which they are searched: beside the model file,
 *  $MESOCAST_DATADIR, the source tree that the model is in, the installed data, the source tree
 *  that the program was built in. The current directory plays no part. */
typedef struct mesoi_dirs { size_t n; char *v[16]; } mesoi_dirs;
/** Folders of morphologies. model_path may be NULL. Free with mesoi_dirs_clear, on failure too. */
MESO_MUST_CHECK meso_status mesoi_dirs_find(const char *model_path, mesoi_dirs *dirs,
                                            meso_err *err);
void mesoi_dirs_clear(mesoi_dirs *dirs);
/** LFP kernels of a model with morphologies of these folders; warns of keys that its method does
 *  not use. */
MESO_MUST_CHECK meso_status mesoi_kernels_make(const meso_cli *cli, const mesoi_dirs *dirs,
                                               const meso_model *model, meso_result **ret_kernels,
                                               meso_err *err);

/** Published numbers (x.yaml) of the first folder that has any. model_path may be NULL. found must
 *  be zeroed; free with globfree. None: MESO_ENOTFOUND, with the folders. */
MESO_MUST_CHECK meso_status mesoi_measured_find(const char *model_path, glob_t *found,
                                                meso_err *err);

/** Whether a file name ends like a model file. */
bool mesoi_is_model_name(const char *path);

#endif
