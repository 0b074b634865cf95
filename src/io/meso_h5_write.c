/* meso_h5_write.c: groups, datasets and attributes, laid out so that equal content gives equal
 * bytes: no times, contiguous storage without fill values. */
#include <stdlib.h>
#include <string.h>

#include "meso_config.h"
#include "meso_io_internal.h"
#include "meso_version.h"

hid_t meso_h5_string_type(void)
{
  const hid_t type = H5Tcopy(H5T_C_S1);
  if (type < 0) return type;
  if (H5Tset_size(type, H5T_VARIABLE) < 0 || H5Tset_cset(type, H5T_CSET_UTF8) < 0) {
    (void) H5Tclose(type);
    return H5I_INVALID_HID;
  }
  return type;
}

static meso_status create_group(const meso_h5_file *f, hid_t at, const char *name, hid_t *ret_group,
                                meso_err *err)
{
  meso_status status = MESO_OK;
  hid_t gcpl = H5Pcreate(H5P_GROUP_CREATE);
  MESO_H5W(f, err, gcpl);
  MESO_H5W(f, err, H5Pset_obj_track_times(gcpl, false));
  MESO_H5W(f, err, H5Pset_link_creation_order(gcpl, H5P_CRT_ORDER_TRACKED | H5P_CRT_ORDER_INDEXED));
  *ret_group = H5Gcreate2(at, name, H5P_DEFAULT, gcpl, H5P_DEFAULT);
  MESO_H5W(f, err, *ret_group);
cleanup:
  if (gcpl >= 0) (void) H5Pclose(gcpl);
  return status;
}

meso_status meso_h5_need_group(const meso_h5_file *f, const char *path, hid_t *ret_group,
                               meso_err *err)
{
  meso_status status = MESO_OK;
  char *copy = NULL, *save = NULL;
  hid_t at = H5I_INVALID_HID, next = H5I_INVALID_HID;
  *ret_group = H5I_INVALID_HID;
  MESO_STRDUP(err, copy, path);
  MESO_H5W(f, err, at = H5Gopen2(f->id, "/", H5P_DEFAULT));
  for (char *part = strtok_r(copy, "/", &save); part != NULL; part = strtok_r(NULL, "/", &save)) {
    if (H5Lexists(at, part, H5P_DEFAULT) > 0)
      MESO_H5W(f, err, next = H5Gopen2(at, part, H5P_DEFAULT));
    else
      MESO_TRY(create_group(f, at, part, &next, err));
    (void) H5Gclose(at);
    at = next;
  }
  *ret_group = at;
  at = H5I_INVALID_HID;
cleanup:
  if (at >= 0) (void) H5Gclose(at);
  free(copy);
  return status;
}

static hid_t space_of(size_t n_dims, const size_t *dims)
{
  hsize_t extent[4];
  if (n_dims == 0) return H5Screate(H5S_SCALAR);
  for (size_t d = 0; d < n_dims; d++) extent[d] = dims[d];
  return H5Screate_simple((int) n_dims, extent, NULL);
}

meso_status meso_h5_put(const meso_h5_file *f, hid_t at, const meso_h5_block *block,
                        const meso_attrs *attrs, meso_err *err)
{
  meso_status status = MESO_OK;
  hid_t space = H5I_INVALID_HID, dcpl = H5I_INVALID_HID, dset = H5I_INVALID_HID;
  MESO_H5W(f, err, space = space_of(block->n_dims, block->dims));
  MESO_H5W(f, err, dcpl = H5Pcreate(H5P_DATASET_CREATE));
  MESO_H5W(f, err, H5Pset_obj_track_times(dcpl, false));
  if (H5Tis_variable_str(block->file_type) <= 0)
    MESO_H5W(f, err, H5Pset_fill_time(dcpl, H5D_FILL_TIME_NEVER));
  /* Where data lie in the file must not depend on when they are written. */
  MESO_H5W(f, err, H5Pset_alloc_time(dcpl, H5D_ALLOC_TIME_EARLY));
  MESO_H5W(f, err, dset = H5Dcreate2(at, block->name, block->file_type, space, H5P_DEFAULT, dcpl,
                                     H5P_DEFAULT));
  if (block->data != NULL)
    MESO_H5W(f, err, H5Dwrite(dset, block->mem_type, H5S_ALL, H5S_ALL, H5P_DEFAULT, block->data));
  if (f->write_errno != 0) MESO_TRY(meso_h5_write_failed(f, err));
  if (block->units != NULL) MESO_TRY(meso_h5_put_text(f, dset, "units", block->units, err));
  if (attrs != NULL) MESO_TRY(meso_h5_put_attrs(f, dset, attrs, err));
cleanup:
  if (dset >= 0 && H5Dclose(dset) < 0 && status == MESO_OK) status = meso_h5_write_failed(f, err);
  if (dcpl >= 0) (void) H5Pclose(dcpl);
  if (space >= 0) (void) H5Sclose(space);
  return status;
}

meso_status meso_h5_put_piece(const meso_h5_file *f, hid_t at, const char *name, hid_t mem_type,
                              const void *data, hsize_t first, hsize_t n, meso_err *err)
{
  meso_status status = MESO_OK;
  hid_t dset = H5I_INVALID_HID, space = H5I_INVALID_HID, memory = H5I_INVALID_HID;
  if (n == 0) return MESO_OK;
  MESO_H5W(f, err, dset = H5Dopen2(at, name, H5P_DEFAULT));
  MESO_H5W(f, err, space = H5Dget_space(dset));
  MESO_H5W(f, err, H5Sselect_hyperslab(space, H5S_SELECT_SET, &first, NULL, &n, NULL));
  MESO_H5W(f, err, memory = H5Screate_simple(1, &n, NULL));
  MESO_H5W(f, err, H5Dwrite(dset, mem_type, memory, space, H5P_DEFAULT, data));
cleanup:
  if (memory >= 0) (void) H5Sclose(memory);
  if (space >= 0) (void) H5Sclose(space);
  if (dset >= 0 && H5Dclose(dset) < 0 && status == MESO_OK) status = meso_h5_write_failed(f, err);
  return status;
}

meso_status meso_h5_put_strings(const meso_h5_file *f, hid_t at, const char *name, size_t n_dims,
                                const size_t *dims, char *const *text, const meso_attrs *attrs,
                                meso_err *err)
{
  meso_status status = MESO_OK;
  const char **line = NULL;
  size_t n = 1;
  hid_t type = H5I_INVALID_HID;
  for (size_t d = 0; d < n_dims; d++) n *= dims[d];
  /* HDF5 reads a NULL pointer back as NULL, which no reader expects: write "". */
  MESO_ALLOC(err, line, n);
  for (size_t i = 0; i < n; i++) line[i] = text[i] == NULL ? "" : text[i];
  MESO_H5W(f, err, type = meso_h5_string_type());
  const meso_h5_block block = {
    .name = name, .units = "1", .file_type = type, .mem_type = type, .n_dims = n_dims, .dims = dims,
    .data = line,
  };
  MESO_TRY(meso_h5_put(f, at, &block, attrs, err));
cleanup:
  if (type >= 0) (void) H5Tclose(type);
  free(line);
  return status;
}

meso_status meso_h5_put_attr(const meso_h5_file *f, hid_t at, const char *name, hid_t file_type,
                             hid_t mem_type, size_t n, const void *values, meso_err *err)
{
  meso_status status = MESO_OK;
  hid_t space = H5I_INVALID_HID, attr = H5I_INVALID_HID;
  MESO_H5W(f, err, space = space_of(n == 0 ? 0 : 1, &n));
  MESO_H5W(f, err, attr = H5Acreate2(at, name, file_type, space, H5P_DEFAULT, H5P_DEFAULT));
  MESO_H5W(f, err, H5Awrite(attr, mem_type, values));
cleanup:
  if (attr >= 0) (void) H5Aclose(attr);
  if (space >= 0) (void) H5Sclose(space);
  return status;
}

meso_status meso_h5_put_number(const meso_h5_file *f, hid_t at, const char *name, double value,
                               meso_err *err)
{
  return meso_h5_put_attr(f, at, name, H5T_IEEE_F64LE, H5T_NATIVE_DOUBLE, 0, &value, err);
}

static meso_status put_texts(const meso_h5_file *f, hid_t at, const char *name, size_t n,
                             const char *const *text, meso_err *err)
{
  meso_status status = MESO_OK;
  hid_t type = H5I_INVALID_HID;
  MESO_H5W(f, err, type = meso_h5_string_type());
  MESO_TRY(meso_h5_put_attr(f, at, name, type, type, n, text, err));
cleanup:
  if (type >= 0) (void) H5Tclose(type);
  return status;
}

meso_status meso_h5_put_text(const meso_h5_file *f, hid_t at, const char *name, const char *text,
                             meso_err *err)
{
  return put_texts(f, at, name, 0, &text, err);
}

meso_status meso_h5_put_attrs(const meso_h5_file *f, hid_t at, const meso_attrs *attrs,
                              meso_err *err)
{
  meso_status status = MESO_OK;
  for (size_t i = 0; i < attrs->n; i++) {
    const meso_attr *a = &attrs->v[i];
    if (H5Aexists(at, a->key) > 0) continue;
    if (a->text != NULL) MESO_TRY(meso_h5_put_text(f, at, a->key, a->text, err));
    else MESO_TRY(meso_h5_put_number(f, at, a->key, a->number, err));
  }
cleanup:
  return status;
}

meso_status meso_h5_put_provenance(const meso_h5_file *f, const meso_provenance *provenance,
                                   meso_err *err)
{
  meso_status status = MESO_OK;
  const meso_provenance *p = provenance;
  hid_t group = H5I_INVALID_HID;
  MESO_TRY(meso_h5_need_group(f, "provenance", &group, err));
  MESO_TRY(meso_h5_put_text(f, group, "version", PACKAGE_VERSION, err));
  for (size_t i = 0; meso_part_name(i) != NULL; i++)
    MESO_TRY(meso_h5_put_text(f, group, meso_part_name(i), meso_part_version(i), err));
  if (p == NULL) goto cleanup;
  if (p->command_line != NULL)
    MESO_TRY(meso_h5_put_text(f, group, "command_line", p->command_line, err));
  if (p->model_text != NULL)
    MESO_TRY(meso_h5_put_text(f, group, "model_text", p->model_text, err));
  if (p->seed != 0)
    MESO_TRY(meso_h5_put_attr(f, group, "seed", H5T_STD_I64LE, H5T_NATIVE_INT64, 0, &p->seed, err));
  if (p->n_inputs > 0 && p->input != NULL)
    MESO_TRY(put_texts(f, group, "inputs", p->n_inputs, p->input, err));
  if (p->n_inputs > 0 && p->input_sha256 != NULL)
    MESO_TRY(put_texts(f, group, "inputs_sha256", p->n_inputs, p->input_sha256, err));
cleanup:
  if (group >= 0) (void) H5Gclose(group);
  return status;
}
