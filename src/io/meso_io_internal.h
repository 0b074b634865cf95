/* meso_io_internal.h: helpers shared by the files of src/io; not installed.
 *
 * A meso_h5_file is open between meso_h5_create and meso_h5_finish (writing) or between
 * meso_h5_open and meso_h5_close (reading). While it is open HDF5 prints nothing by itself.
 */
#ifndef MESO_IO_INTERNAL_H
#define MESO_IO_INTERNAL_H

#include <hdf5.h>
#include <stdbool.h>

#include "meso_io.h"

/* ---- temporary files (meso_file.c) --------------------------------------------------------- */

/** Creates an empty file with a fresh name beside @p path; the caller frees ret_tmp. */
MESO_MUST_CHECK meso_status meso_tmp_create(const char *path, char **ret_tmp, int *ret_fd,
                                            meso_err *err);
/** Syncs @p tmp and gives it the name @p path. The caller unlinks tmp on failure. */
MESO_MUST_CHECK meso_status meso_tmp_commit(const char *tmp, const char *path, meso_err *err);
/** Fails with the right status if @p path is missing, a directory or not a regular file. */
MESO_MUST_CHECK meso_status meso_file_check(const char *path, meso_err *err);

/** Ends a checksum: lower-case hex. */
struct sha256_ctx;
void meso_sha256_end(struct sha256_ctx *ctx, char out[65]);

/* ---- open files (meso_h5.c) ---------------------------------------------------------------- */

typedef struct meso_h5_file {
  const char *path; /**< as the user named it; borrowed */
  char *tmp;        /**< name while writing, else NULL */
  hid_t id, driver;
  int write_errno;  /**< first error of the operating system while writing; 0: none */
  H5E_auto2_t old_report;
  void *old_report_data;
} meso_h5_file;

MESO_MUST_CHECK meso_status meso_h5_open(meso_h5_file *f, const char *path, meso_err *err);
void meso_h5_close(meso_h5_file *f);
/** New file with root attributes and provenance. meso_h5_finish must follow in any case. */
MESO_MUST_CHECK meso_status meso_h5_create(meso_h5_file *f, const char *path, const char *kind,
                                           const meso_provenance *provenance, meso_err *err);
/** Closes; status MESO_OK: syncs and renames, otherwise removes the temporary file and returns
 *  status unchanged. */
MESO_MUST_CHECK meso_status meso_h5_finish(meso_h5_file *f, meso_status status, meso_err *err);

/** Sets the driver that notes write errors in f->write_errno (meso_h5_driver.c). */
MESO_MUST_CHECK meso_status meso_h5_use_driver(meso_h5_file *f, hid_t fapl, meso_err *err);
/** Why the last HDF5 call failed, in the words of the operating system if there are any. */
void meso_h5_reason(char *out, size_t size);
meso_status meso_h5_write_failed(const meso_h5_file *f, meso_err *err);
meso_status meso_h5_read_failed(const meso_h5_file *f, const char *what, meso_err *err);

#define MESO_H5W(f, err, call) \
  do { if ((call) < 0) MESO_TRY(meso_h5_write_failed((f), (err))); } while (0)
#define MESO_H5R(f, err, what, call) \
  do { if ((call) < 0) MESO_TRY(meso_h5_read_failed((f), (what), (err))); } while (0)

/* ---- writing (meso_h5_write.c) ------------------------------------------------------------- */

/** Values of one dataset. */
typedef struct meso_h5_block {
  const char *name;     /**< relative to the location */
  const char *units;    /**< NULL: none */
  hid_t file_type, mem_type;
  size_t n_dims;
  const size_t *dims;
  const void *data;     /**< for strings: char * const *; NULL: written later, piece by piece */
} meso_h5_block;

/** Opens a group, creating it and its parents when they are missing. */
MESO_MUST_CHECK meso_status meso_h5_need_group(const meso_h5_file *f, const char *path,
                                               hid_t *ret_group, meso_err *err);
/** Writes a dataset with its units and attributes (may be NULL). */
MESO_MUST_CHECK meso_status meso_h5_put(const meso_h5_file *f, hid_t at, const meso_h5_block *block,
                                        const meso_attrs *attrs, meso_err *err);
/** Values first .. first + n - 1 of a vector that is there. */
MESO_MUST_CHECK meso_status meso_h5_put_piece(const meso_h5_file *f, hid_t at, const char *name,
                                              hid_t mem_type, const void *data, hsize_t first,
                                              hsize_t n, meso_err *err);
/** Dataset of strings of any length. */
MESO_MUST_CHECK meso_status meso_h5_put_strings(const meso_h5_file *f, hid_t at, const char *name,
                                                size_t n_dims, const size_t *dims,
                                                char *const *text, const meso_attrs *attrs,
                                                meso_err *err);
/** Attribute of n values (n = 0: a scalar). */
MESO_MUST_CHECK meso_status meso_h5_put_attr(const meso_h5_file *f, hid_t at, const char *name,
                                             hid_t file_type, hid_t mem_type, size_t n,
                                             const void *values, meso_err *err);
MESO_MUST_CHECK meso_status meso_h5_put_number(const meso_h5_file *f, hid_t at, const char *name,
                                               double value, meso_err *err);
MESO_MUST_CHECK meso_status meso_h5_put_text(const meso_h5_file *f, hid_t at, const char *name,
                                             const char *text, meso_err *err);
/** All attributes of a set, except those which the object has already. */
MESO_MUST_CHECK meso_status meso_h5_put_attrs(const meso_h5_file *f, hid_t at,
                                              const meso_attrs *attrs, meso_err *err);
/** The group /provenance. */
MESO_MUST_CHECK meso_status meso_h5_put_provenance(const meso_h5_file *f,
                                                   const meso_provenance *provenance,
                                                   meso_err *err);
/** Variable-length UTF-8 string type; close with H5Tclose. Negative on failure. */
hid_t meso_h5_string_type(void);

/* ---- reading (meso_h5_read.c) -------------------------------------------------------------- */

/** A dataset opened and found sound: rank at most 4, extent in proportion to what is stored. */
typedef struct meso_h5_dataset {
  hid_t id, type, space;
  H5T_class_t class_of;
  size_t n_dims, dims[4], count;
} meso_h5_dataset;

/** Fails with MESO_ENOTFOUND if there is no such object, MESO_EFORMAT if it is no dataset. */
MESO_MUST_CHECK meso_status meso_h5_dataset_open(const meso_h5_file *f, hid_t at, const char *name,
                                                 meso_h5_dataset *d, meso_err *err);
void meso_h5_dataset_close(meso_h5_dataset *d);
/** All values of a numeric dataset as doubles, into room for count values. */
MESO_MUST_CHECK meso_status meso_h5_get_doubles(const meso_h5_file *f, const char *name,
                                                const meso_h5_dataset *d, double *out,
                                                meso_err *err);
/** All strings of a text dataset, into room for count pointers that are NULL. */
MESO_MUST_CHECK meso_status meso_h5_get_strings(const meso_h5_file *f, const char *name,
                                                const meso_h5_dataset *d, char **out,
                                                meso_err *err);
/** True if @p name is an object below @p at, also one too damaged to be opened; intermediate groups
 *  may be missing. */
bool meso_h5_has(hid_t at, const char *name);
/** Numeric attribute with one value; false if absent or not a number. */
bool meso_h5_attr_number(hid_t at, const char *name, double *value);
/** Text attribute, NULL if absent or not text; caller frees. */
MESO_MUST_CHECK meso_status meso_h5_attr_text(const meso_h5_file *f, hid_t at, const char *name,
                                              char **ret_text, meso_err *err);
/** Attribute "units" or "unit"; NULL if absent. Caller frees. */
MESO_MUST_CHECK meso_status meso_h5_attr_units(const meso_h5_file *f, hid_t at, char **ret_units,
                                               meso_err *err);
/** Adds all numeric and text attributes of an object, except the names in skip (NULL-ended). */
MESO_MUST_CHECK meso_status meso_h5_attrs(const meso_h5_file *f, hid_t at, const char *const *skip,
                                          meso_attrs *attrs, meso_err *err);
/** Names of the groups below a group, in the order of creation if recorded, else by name. */
MESO_MUST_CHECK meso_status meso_h5_subgroups(const meso_h5_file *f, hid_t group, bool by_name,
                                              char ***ret_names, size_t *ret_n, meso_err *err);

#endif
