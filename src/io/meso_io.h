/* meso_io.h: native HDF5 files. Every file is written under a temporary name beside its target,
 * synced, then renamed: whole or absent. Root attributes format = "mesocast", format_version, kind;
 * group /provenance. Serial files of the same call are equal byte for byte. Readers treat files as
 * hostile: sizes, types and ranks are checked before memory is taken.
 */
#ifndef MESO_IO_H
#define MESO_IO_H

#include "meso_data.h"
#include "meso_error.h"
#include "meso_series.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Written to /provenance as attributes. Strings are borrowed; NULL ones are left out. No time,
 *  path of a machine or host name belongs here. */
typedef struct meso_provenance {
  const char *command_line;
  const char *model_text;   /**< canonical model, meso_model_canonical */
  int64_t seed;             /**< 0: none */
  size_t n_inputs;
  const char *const *input; /**< n_inputs names of input files ... */
  const char *const *input_sha256; /**< ... and their checksums */
} meso_provenance;

MESO_MUST_CHECK meso_status meso_spikes_write(const char *path, const meso_spikes *spikes,
                                              const meso_provenance *provenance, meso_err *err);
/** Joins spike files of the same populations, each of which goes on where the one before it ends,
 *  to one, holding one part at a time in memory. The file is the one that meso_spikes_write would
 *  make of all spikes. */
MESO_MUST_CHECK meso_status meso_spikes_join(const char *path, size_t n, const char *const *parts,
                                             const meso_provenance *provenance, meso_err *err);
/** Reads SONATA spikes (ours, NEST exports, libsonata). See shared rules: size attribute, sorting
 *  in any form, missing t_start/t_stop. What was guessed is said in attrs "warning". */
MESO_MUST_CHECK meso_status meso_spikes_read(const char *path, meso_spikes **ret_spikes,
                                             meso_err *err);
/** kind: "lfp", "currents", "bold", "traces", ... */
MESO_MUST_CHECK meso_status meso_signals_write(const char *path, const char *kind,
                                               const meso_signals *signals,
                                               const meso_provenance *provenance, meso_err *err);
MESO_MUST_CHECK meso_status meso_signals_read(const char *path, meso_signals **ret_signals,
                                              meso_err *err);
/** A signal of a file that is read in slabs (meso_series.h): its memory does not grow with the
 *  recording. */
typedef struct meso_series_file meso_series_file;
/** Opens signal @p name of a signals file; end with meso_series_close, which accepts NULL. */
MESO_MUST_CHECK meso_status meso_series_open(const char *path, const char *name,
                                             meso_series_file **ret_file, meso_err *err);
/** Its series, valid until it is closed. Reading is not for several threads at once. */
const meso_series *meso_series_get(const meso_series_file *file);
void meso_series_close(meso_series_file *file);
/** Signals that are too long for the memory: written piece by piece, in a file that is whole or
 *  absent, as that of meso_signals_write. */
typedef struct meso_signals_stream meso_signals_stream;
/** @param[in] layout   names, units, channels, labels of the signals; their data are not looked at
 *  @param[in] n_times  samples that each of them will have */
MESO_MUST_CHECK meso_status meso_signals_stream_open(const char *path, const char *kind,
                                                     const meso_signals *layout, size_t n_times,
                                                     const meso_provenance *provenance,
                                                     meso_signals_stream **ret_stream,
                                                     meso_err *err);
/** Appends the first n_rows samples of every signal of piece, which has the signals of layout. */
MESO_MUST_CHECK meso_status meso_signals_stream_append(meso_signals_stream *stream,
                                                       const meso_signals *piece, size_t n_rows,
                                                       meso_err *err);
/** Ends the file. status: MESO_OK gives it its name, if all samples are there; any other is
 *  returned, and there is no file. Frees the stream; NULL is fine. */
meso_status meso_signals_stream_close(meso_signals_stream *stream, meso_status status,
                                      meso_err *err);

/** kind: "analysis", "kernels", ... */
MESO_MUST_CHECK meso_status meso_result_write(const char *path, const char *kind,
                                              const meso_result *result,
                                              const meso_provenance *provenance, meso_err *err);
MESO_MUST_CHECK meso_status meso_result_read(const char *path, meso_result **ret_result,
                                             meso_err *err);
/** Root attribute "kind" of a mesocast file; "spikes" for any SONATA spike file, "network" for an
 *  explicit network, "population" for an explicit population, "drive" for a file with /drive or a
 *  lone (region, time) drive, "" if unknown.
 *  Writes at most size bytes. Fails (exit 3) on a missing or truncated file, a directory, and what
 *  is not HDF5. */
MESO_MUST_CHECK meso_status meso_file_kind(const char *path, char *kind, size_t size,
                                           meso_err *err);

/** SHA-256 (lower-case hex) of what an HDF5 file says outside /provenance: every group, dataset and
 *  attribute, visited by name, with types, extents and values. Equal for files that hold the same,
 *  whatever their layout, order of creation or compression. Datasets are read piece by piece, so
 *  memory does not grow with the file. Numbers, enumerations and text only: another type is
 *  MESO_EFORMAT. */
MESO_MUST_CHECK meso_status meso_file_digest(const char *path, char out[65], meso_err *err);

/** One dataset of any file as doubles (integers are converted), row-major; caller frees ret_data.
 *  dims has room for 4. For explicit networks, golden files, foreign files. */
MESO_MUST_CHECK meso_status meso_h5_read_doubles(const char *path, const char *dataset,
                                                 size_t *n_dims, size_t *dims, double **ret_data,
                                                 meso_err *err);
/** One dataset of text; caller frees it with meso_names_free. */
MESO_MUST_CHECK meso_status meso_h5_read_strings(const char *path, const char *dataset,
                                                 char ***ret_text, size_t *ret_n, meso_err *err);
/** Numeric attribute of an object in any file ("/" for the root). */
MESO_MUST_CHECK meso_status meso_h5_read_number(const char *path, const char *object,
                                                const char *attribute, double *value,
                                                meso_err *err);
/** Text attribute; caller frees. */
MESO_MUST_CHECK meso_status meso_h5_read_text(const char *path, const char *object,
                                              const char *attribute, char **ret_text,
                                              meso_err *err);

/** Names of what a group of any file holds ("/" for the root), ascending; caller frees them with
 *  meso_names_free. */
MESO_MUST_CHECK meso_status meso_h5_read_names(const char *path, const char *group,
                                               char ***ret_names, size_t *ret_n, meso_err *err);
/** Names of the groups in a group, in the order of their creation if the file knows it, else
 *  ascending. */
MESO_MUST_CHECK meso_status meso_h5_read_groups(const char *path, const char *group,
                                                char ***ret_names, size_t *ret_n, meso_err *err);
/** Frees n names and their list; NULL is fine. */
void meso_names_free(char **names, size_t n);

/** @p path with a mark before its ending; ending NULL: that of @p path. Caller frees; NULL: out of
 *  memory. */
char *meso_marked_path(const char *path, const char *mark, const char *ending);

/** Where a run that was told to stop puts what there is by then: marked "_stopped". */
char *meso_stopped_path(const char *path);

/** Writes a byte buffer atomically (reports, figures, YAML copies). */
MESO_MUST_CHECK meso_status meso_file_write(const char *path, const void *bytes, size_t n_bytes,
                                            meso_err *err);
/** Whole file into memory, NUL-terminated beyond its end; caller frees. */
MESO_MUST_CHECK meso_status meso_file_read(const char *path, size_t max_bytes, char **ret_bytes,
                                           size_t *ret_n_bytes, meso_err *err);
/** Lower-case hex SHA-256 of a file / of memory; out has room for 65 bytes. */
MESO_MUST_CHECK meso_status meso_sha256_file(const char *path, char out[65], meso_err *err);
void meso_sha256_bytes(const void *bytes, size_t n_bytes, char out[65]);

#ifdef __cplusplus
}
#endif
#endif
