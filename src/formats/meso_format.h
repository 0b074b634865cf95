/* meso_format.h: the registry of file formats of networks, spikes, signals and LFP kernels. One is
 * one file src/formats/format_X.c that defines `const meso_format meso_format_X`, and one row in
 * src/formats/Makefile.am.
 *
 * A format reads into and writes from one of four things in memory, a meso_network, meso_spikes,
 * meso_signals or a meso_result with LFP kernels; so each that can be read can be turned into each
 * of its sort that can be written. A recording that holds spikes and signals is two formats. */
#ifndef MESO_FORMAT_H
#define MESO_FORMAT_H

#include "meso_data.h"
#include "meso_io.h"
#include "meso_network.h"
#include "meso_progress.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum meso_content {
  MESO_CONTENT_NETWORK, MESO_CONTENT_SPIKES, MESO_CONTENT_SIGNALS, MESO_CONTENT_KERNELS
} meso_content;

/** What is read: a path and, for models only, changes as in meso_model_read. Borrowed. */
typedef struct meso_format_input {
  const char *path;
  size_t n_sets;
  const char *const *sets;
} meso_format_input;

typedef struct meso_format {
  const char *name;      /**< "network" */
  const char *summary;   /**< one line */
  const char *ending;    /**< of file names, ".csv"; "/": a folder; several: ".yaml|.yml" */
  meso_content content;
  /** Of formats that share an ending, whether a file is in this one; NULL: always. */
  bool (*recognises)(const char *path);
  const char *kind;      /**< of HDF5 files, as meso_file_kind says; NULL: others */
  double bytes_per_item; /**< networks: about so many bytes of file for a synapse */
  /** Those that the format lacks are NULL. */
  meso_status (*read_network)(const meso_format_input *input, meso_network **ret_network,
                              meso_err *err);
  meso_status (*write_network)(const char *path, const meso_network *network,
                               const meso_progress *progress, const meso_provenance *provenance,
                               meso_err *err);
  meso_status (*read_spikes)(const meso_format_input *input, meso_spikes **ret_spikes,
                             meso_err *err);
  meso_status (*write_spikes)(const char *path, const meso_spikes *spikes,
                              const meso_provenance *provenance, meso_err *err);
  meso_status (*read_signals)(const meso_format_input *input, meso_signals **ret_signals,
                              meso_err *err);
  meso_status (*write_signals)(const char *path, const meso_signals *signals,
                               const meso_provenance *provenance, meso_err *err);
  meso_status (*read_kernels)(const meso_format_input *input, meso_result **ret_kernels,
                              meso_err *err);
  meso_status (*write_kernels)(const char *path, const meso_result *kernels,
                               const meso_provenance *provenance, meso_err *err);
} meso_format;

/** "a network", "spikes", ... */
const char *meso_content_name(meso_content content);
size_t meso_format_count(void);
/** NULL beyond the last. */
const meso_format *meso_format_at(size_t i);
/** NULL if there is none of this name. */
const meso_format *meso_format_by_name(const char *name);
/** The format that a file is in, by its name and, of HDF5 files, by what is in it. Fails on files
 *  of none (exit 3). */
MESO_MUST_CHECK meso_status meso_format_of_file(const char *path, const meso_format **ret_format,
                                                meso_err *err);
/** Another format that the same file name may have, of this content, or NULL. */
const meso_format *meso_format_also(const char *path, meso_content content);
/** The format to write something into a file of this name, or NULL. */
const meso_format *meso_format_to_write(const char *path, meso_content content);
/** Warns that a recording of spikes does not say how long it is, so that it ends at the last. */
MESO_MUST_CHECK meso_status mesoi_format_warn_of_end(meso_spikes *spikes, meso_err *err);
/** Whether it writes what it holds. */
bool meso_format_writes(const meso_format *format);

#ifdef __cplusplus
}
#endif
#endif
