/* meso_h5.c: opening, creating and finishing HDF5 files; what kind of file it is. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "meso_io_internal.h"

#define MESO_FORMAT_VERSION 1 /* of doc/formats.md; grows when older readers would misread */

/* HDF5 prints every error to stderr unless told not to; the setting belongs to the thread. */
static void silence(meso_h5_file *f)
{
  (void) H5Eget_auto2(H5E_DEFAULT, &f->old_report, &f->old_report_data);
  (void) H5Eset_auto2(H5E_DEFAULT, NULL, NULL);
}

static void unsilence(meso_h5_file *f)
{
  (void) H5Eset_auto2(H5E_DEFAULT, f->old_report, f->old_report_data);
}

typedef struct reason { char *out; size_t size; bool from_system; } reason;

static herr_t pick_reason(unsigned n, const H5E_error2_t *e, void *data)
{
  static const char mark[] = "error message = '";
  reason *r = data;
  const char *desc = e->desc == NULL ? "" : e->desc;
  const char *at = strstr(desc, mark);
  if (at != NULL && !r->from_system) {
    at += sizeof mark - 1;
    (void) snprintf(r->out, r->size, "%.*s", (int) strcspn(at, "'"), at);
    r->from_system = true;
  } else if (n == 0) {
    (void) snprintf(r->out, r->size, "%s", desc);
  }
  return 0;
}

void meso_h5_reason(char *out, size_t size)
{
  reason r = { .out = out, .size = size };
  (void) snprintf(out, size, "HDF5 gives no cause");
  (void) H5Ewalk2(H5E_DEFAULT, H5E_WALK_UPWARD, pick_reason, &r);
}

meso_status meso_h5_write_failed(const meso_h5_file *f, meso_err *err)
{
  char why[256];
  meso_h5_reason(why, sizeof why);
  return meso_err_set(err, MESO_EIO, __FILE__, __LINE__, "%s: cannot write: %s", f->path,
                      f->write_errno != 0 ? strerror(f->write_errno) : why);
}

meso_status meso_h5_read_failed(const meso_h5_file *f, const char *what, meso_err *err)
{
  char why[256];
  meso_h5_reason(why, sizeof why);
  return meso_err_set(err, MESO_EFORMAT, __FILE__, __LINE__,
                      "%s: cannot read %s: damaged file? (%s)", f->path, what, why);
}

/* A file of our own that a later version wrote may mean something else by the same names. */
static meso_status check_version(const meso_h5_file *f, meso_err *err)
{
  meso_status status = MESO_OK;
  char *format = NULL;
  double version = 0;
  if (!meso_h5_attr_number(f->id, "format_version", &version)) goto cleanup;
  MESO_TRY(meso_h5_attr_text(f, f->id, "format", &format, err));
  if (format != NULL && strcmp(format, "mesocast") == 0 && version >= MESO_FORMAT_VERSION + 1)
    MESO_FAIL(err, MESO_EFORMAT, "%s: has format version %g; this program reads up to %d: a newer "
              "mesocast is needed", f->path, version, MESO_FORMAT_VERSION);
cleanup:
  free(format);
  return status;
}

meso_status meso_h5_open(meso_h5_file *f, const char *path, meso_err *err)
{
  meso_status status = MESO_OK;
  *f = (meso_h5_file) { .path = path, .id = H5I_INVALID_HID, .driver = H5I_INVALID_HID };
  silence(f);
  MESO_TRY(meso_file_check(path, err));
  f->id = H5Fopen(path, H5F_ACC_RDONLY, H5P_DEFAULT);
  if (f->id < 0) {
    char why[256];
    meso_h5_reason(why, sizeof why);
    if (access(path, R_OK) != 0) MESO_FAIL(err, MESO_ENOTFOUND, "%s: %s", path, why);
    if (H5Fis_hdf5(path) > 0)
      MESO_FAIL(err, MESO_EFORMAT, "%s: truncated or damaged HDF5 file (%s)", path, why);
    MESO_FAIL(err, MESO_EFORMAT, "%s: not an HDF5 file", path);
  }
  MESO_TRY(check_version(f, err));
cleanup:
  return status;
}

void meso_h5_close(meso_h5_file *f)
{
  if (f->id >= 0) (void) H5Fclose(f->id);
  f->id = H5I_INVALID_HID;
  unsilence(f);
}

static meso_status create_file(meso_h5_file *f, meso_err *err)
{
  meso_status status = MESO_OK;
  hid_t fcpl = H5Pcreate(H5P_FILE_CREATE), fapl = H5Pcreate(H5P_FILE_ACCESS);
  MESO_H5W(f, err, fcpl);
  MESO_H5W(f, err, fapl);
  /* Times of creation would make two files of the same content differ. */
  MESO_H5W(f, err, H5Pset_obj_track_times(fcpl, false));
  MESO_H5W(f, err, H5Pset_link_creation_order(fcpl, H5P_CRT_ORDER_TRACKED | H5P_CRT_ORDER_INDEXED));
  MESO_H5W(f, err, H5Pset_fclose_degree(fapl, H5F_CLOSE_STRONG));
  /* Headers of the format of 1.8 have checksums: with older ones libhdf5 may crash on a damaged
   * file, or read another rate or unit. */
  MESO_H5W(f, err, H5Pset_libver_bounds(fapl, H5F_LIBVER_V18, H5F_LIBVER_V18));
  MESO_TRY(meso_h5_use_driver(f, fapl, err));
  f->id = H5Fcreate(f->tmp, H5F_ACC_TRUNC, fcpl, fapl);
  MESO_H5W(f, err, f->id);
cleanup:
  if (fcpl >= 0) (void) H5Pclose(fcpl);
  if (fapl >= 0) (void) H5Pclose(fapl);
  return status;
}

meso_status meso_h5_create(meso_h5_file *f, const char *path, const char *kind,
                           const meso_provenance *provenance, meso_err *err)
{
  meso_status status = MESO_OK;
  int fd = -1;
  *f = (meso_h5_file) { .path = path, .id = H5I_INVALID_HID, .driver = H5I_INVALID_HID };
  silence(f);
  MESO_TRY(meso_tmp_create(path, &f->tmp, &fd, err));
  MESO_TRY(create_file(f, err));
  MESO_TRY(meso_h5_put_text(f, f->id, "format", "mesocast", err));
  const uint32_t format_version = MESO_FORMAT_VERSION;
  MESO_TRY(meso_h5_put_attr(f, f->id, "format_version", H5T_STD_U32LE, H5T_NATIVE_UINT32, 0,
                            &format_version, err));
  MESO_TRY(meso_h5_put_text(f, f->id, "kind", kind, err));
  MESO_TRY(meso_h5_put_provenance(f, provenance, err));
cleanup:
  if (fd >= 0) (void) close(fd);
  return status;
}

meso_status meso_h5_finish(meso_h5_file *f, meso_status status, meso_err *err)
{
  if (f->id >= 0 && H5Fclose(f->id) < 0 && status == MESO_OK)
    status = meso_h5_write_failed(f, err);
  /* Only now: HDF5 still reads the driver after giving up its own reference to it. */
  if (f->driver >= 0) (void) H5FDunregister(f->driver);
  f->driver = H5I_INVALID_HID;
  if (f->write_errno != 0 && status == MESO_OK) status = meso_h5_write_failed(f, err);
  f->id = H5I_INVALID_HID;
  if (status == MESO_OK) status = meso_tmp_commit(f->tmp, f->path, err);
  if (status != MESO_OK && f->tmp != NULL) (void) unlink(f->tmp);
  free(f->tmp);
  f->tmp = NULL;
  unsilence(f);
  return status;
}

/* ---- kinds --------------------------------------------------------------------------------- */

static bool has_spikes(hid_t file)
{
  H5G_info_t info;
  if (!meso_h5_has(file, "spikes") || H5Gget_info_by_name(file, "spikes", &info, H5P_DEFAULT) < 0)
    return false;
  for (hsize_t i = 0; i < info.nlinks; i++) {
    char name[512] = "spikes/";
    const size_t at = strlen(name);
    const ssize_t n = H5Lget_name_by_idx(file, "spikes", H5_INDEX_NAME, H5_ITER_INC, i, name + at,
                                         sizeof name - at - 16, H5P_DEFAULT);
    if (n <= 0 || (size_t) n >= sizeof name - at - 16) continue;
    (void) snprintf(name + at + n, sizeof name - at - (size_t) n, "/timestamps");
    if (meso_h5_has(file, name)) return true;
  }
  return false;
}

/* A drive may come alone: one matrix at the root, whatever its name. */
static bool is_lone_matrix(hid_t file)
{
  H5G_info_t info;
  char name[256];
  if (H5Gget_info(file, &info) < 0 || info.nlinks != 1) return false;
  if (H5Lget_name_by_idx(file, ".", H5_INDEX_NAME, H5_ITER_INC, 0, name, sizeof name,
                         H5P_DEFAULT) <= 0)
    return false;
  const hid_t dset = H5Dopen2(file, name, H5P_DEFAULT);
  if (dset < 0) return false;
  const hid_t space = H5Dget_space(dset);
  const bool matrix = H5Sget_simple_extent_ndims(space) == 2;
  (void) H5Sclose(space);
  (void) H5Dclose(dset);
  return matrix;
}

meso_status meso_file_kind(const char *path, char *kind, size_t size, meso_err *err)
{
  meso_status status = MESO_OK;
  meso_h5_file f;
  char *format = NULL, *own = NULL;
  const char *found = "";
  if (size > 0) kind[0] = '\0';
  MESO_TRY(meso_h5_open(&f, path, err));
  MESO_TRY(meso_h5_attr_text(&f, f.id, "format", &format, err));
  MESO_TRY(meso_h5_attr_text(&f, f.id, "kind", &own, err));
  if (format != NULL && strcmp(format, "mesocast") == 0 && own != NULL) found = own;
  else if (meso_h5_has(f.id, "connections") && meso_h5_has(f.id, "neurons")) found = "network";
  else if (meso_h5_has(f.id, "soma_position") && meso_h5_has(f.id, "synapse_events"))
    found = "population";
  else if (has_spikes(f.id)) found = "spikes";
  else if (meso_h5_has(f.id, "ecp")) found = "ecp";
  else if (meso_h5_has(f.id, "drive") || is_lone_matrix(f.id)) found = "drive";
  (void) snprintf(kind, size, "%s", found);
cleanup:
  meso_h5_close(&f);
  free(format);
  free(own);
  return status;
}
