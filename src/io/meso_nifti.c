/* meso_nifti.c: NIfTI images and their sidecar.
 *
 * 1. names  2. atlas  3. image  4. sidecar
 */
#include "meso_nifti.h"

#include <jansson.h>
#include <math.h>
#include <nifti2_io.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "meso_io_internal.h"
#include "meso_config.h"

/* ---- 1. names ----------------------------------------------------------------------------- */

/* Length of the name without .nii or .nii.gz, or 0. */
static size_t stem_length(const char *path)
{
  static const char *const ending[] = {".nii", ".nii.gz"};
  const size_t n = strlen(path);
  for (size_t i = 0; i < 2; i++) {
    const size_t m = strlen(ending[i]);
    if (n > m && strcmp(path + n - m, ending[i]) == 0) return n - m;
  }
  return 0;
}

bool meso_nifti_is_name(const char *path) { return stem_length(path) > 0; }

char *meso_nifti_sidecar_name(const char *path)
{
  const size_t n = stem_length(path);
  char *name = meso_calloc(n + 8, 1);
  if (name != NULL) (void) snprintf(name, n + 8, "%.*s.json", (int) n, path);
  return name;
}

/* ---- 2. atlas ----------------------------------------------------------------------------- */

typedef struct atlas {
  nifti_image *image;      /* NULL: a line of voxels */
  size_t n_voxels;
  uint32_t *region;        /* of each voxel, from 1; 0: none */
} atlas;

static double value_at(const nifti_image *image, size_t i)
{
  switch (image->datatype) {
  case NIFTI_TYPE_UINT8: return ((const uint8_t *) image->data)[i];
  case NIFTI_TYPE_INT8: return ((const int8_t *) image->data)[i];
  case NIFTI_TYPE_INT16: return ((const int16_t *) image->data)[i];
  case NIFTI_TYPE_UINT16: return ((const uint16_t *) image->data)[i];
  case NIFTI_TYPE_INT32: return ((const int32_t *) image->data)[i];
  case NIFTI_TYPE_UINT32: return ((const uint32_t *) image->data)[i];
  case NIFTI_TYPE_FLOAT32: return (double) ((const float *) image->data)[i];
  case NIFTI_TYPE_FLOAT64: return ((const double *) image->data)[i];
  default: return NAN;
  }
}

static meso_status read_labels(const char *path, size_t n_regions, atlas *a, meso_err *err)
{
  meso_status status = MESO_OK;
  size_t *count = NULL, n_named = 0;
  const nifti_image *image = a->image;
  const double slope = fabs(image->scl_slope) > 0 ? image->scl_slope : 1;
  MESO_ALLOC(err, count, n_regions);
  for (size_t i = 0; i < a->n_voxels; i++) {
    const double label = value_at(image, i) * slope + image->scl_inter;
    if (!(label >= 0 && label <= (double) n_regions && label == floor(label)))
      MESO_FAIL(err, MESO_EINVAL, "%s: voxel %zu has the value %g; needed: 0, or the label "
                "1 .. %zu of a region", path, i, label, n_regions);
    a->region[i] = (uint32_t) label;
    if (label > 0 && count[a->region[i] - 1]++ == 0) n_named++;
  }
  for (size_t r = 0; r < n_regions && n_named < n_regions; r++)
    if (count[r] == 0)
      MESO_FAIL(err, MESO_EINVAL, "%s: no voxel has the label %zu, but there are %zu regions", path,
                r + 1, n_regions);
cleanup:
  free(count);
  return status;
}

/* Data that the header promises beyond the file's end would be allocated before they are missed, so
 * an atlas larger than this is refused: 2048^3 voxels are more than any brain atlas has. */
static const double most_voxels = 2147483648.0;

static meso_status atlas_read(const char *path, size_t n_regions, atlas *a, meso_err *err)
{
  meso_status status = MESO_OK;
  MESO_TRY(meso_file_check(path, err));
  a->image = nifti_image_read(path, 0);
  if (a->image == NULL) MESO_FAIL(err, MESO_EFORMAT, "%s: is not a NIfTI image", path);
  const double voxels = (double) a->image->nx * (double) a->image->ny * (double) a->image->nz;
  if (a->image->nvox != a->image->nx * a->image->ny * a->image->nz || !(voxels >= 1))
    MESO_FAIL(err, MESO_EFORMAT, "%s: an atlas has three axes, this image has more", path);
  if (!(voxels <= most_voxels))
    MESO_FAIL(err, MESO_EFORMAT, "%s: %g voxels are too many for an atlas", path, voxels);
  if (nifti_image_load(a->image) != 0)
    MESO_FAIL(err, MESO_EFORMAT, "%s: its data cannot be read", path);
  if (isnan(value_at(a->image, 0)) && a->image->datatype != NIFTI_TYPE_FLOAT32 &&
      a->image->datatype != NIFTI_TYPE_FLOAT64)
    MESO_FAIL(err, MESO_EFORMAT, "%s: labels of type %s are not supported", path,
              nifti_datatype_string(a->image->datatype));
  a->n_voxels = (size_t) voxels;
  MESO_ALLOC(err, a->region, a->n_voxels);
  MESO_TRY(read_labels(path, n_regions, a, err));
cleanup:
  return status;
}

static meso_status line_make(size_t n_regions, atlas *a, meso_err *err)
{
  meso_status status = MESO_OK;
  a->n_voxels = n_regions;
  MESO_ALLOC(err, a->region, n_regions);
  for (size_t r = 0; r < n_regions; r++) a->region[r] = (uint32_t) r + 1;
cleanup:
  return status;
}

static void atlas_clear(atlas *a)
{
  if (a->image != NULL) nifti_image_free(a->image);
  free(a->region);
}

/* ---- 3. image ----------------------------------------------------------------------------- */

/* Header for the grid of the atlas or the line, without data. */
static meso_status make_header(const meso_signal *s, const atlas *a, const meso_nifti_options *o,
                               nifti_image **ret, meso_err *err)
{
  meso_status status = MESO_OK;
  const nifti_image *from = a->image;
  const int64_t dims[8] = {4, from != NULL ? from->nx : (int64_t) a->n_voxels,
                           from != NULL ? from->ny : 1, from != NULL ? from->nz : 1,
                           (int64_t) s->n_times, 1, 1, 1};
  bool version_2 = o->version_2;
  for (int i = 1; i <= 4; i++) version_2 = version_2 || dims[i] > 32767;
  nifti_image *image = nifti_make_new_nim(dims, NIFTI_TYPE_FLOAT32, 0);
  if (image == NULL) MESO_FAIL(err, MESO_ENOMEM, "cannot make a NIfTI header");
  *ret = image;
  if (from != NULL) {
    image->dx = image->pixdim[1] = from->dx;
    image->dy = image->pixdim[2] = from->dy;
    image->dz = image->pixdim[3] = from->dz;
    image->qform_code = from->qform_code;
    image->sform_code = from->sform_code;
    image->quatern_b = from->quatern_b;
    image->quatern_c = from->quatern_c;
    image->quatern_d = from->quatern_d;
    image->qoffset_x = from->qoffset_x;
    image->qoffset_y = from->qoffset_y;
    image->qoffset_z = from->qoffset_z;
    image->qfac = from->qfac;
    image->sto_xyz = from->sto_xyz;
    image->qto_xyz = from->qto_xyz;
  }
  image->dt = image->pixdim[4] = 1 / s->sampling_rate_Hz;
  image->toffset = 1e-3 * s->t_start_ms;
  image->xyz_units = NIFTI_UNITS_MM;
  image->time_units = NIFTI_UNITS_SEC;
  image->scl_slope = 1;
  image->nifti_type = version_2 ? NIFTI_FTYPE_NIFTI2_1 : NIFTI_FTYPE_NIFTI1_1;
  const char *model = meso_attrs_text(&s->attrs, "model");
  (void) snprintf(image->descrip, sizeof image->descrip, "mesocast %.20s: %.24s, %s",
                  s->name, model != NULL ? model : "unknown model",
                  o->baseline > 0 ? "signal" : "fraction of rest");
cleanup:
  return status;
}

static meso_status fill_image(const char *path, const meso_signal *s, const atlas *a,
                              const meso_nifti_options *o, nifti_image *image, meso_err *err)
{
  meso_status status = MESO_OK;
  if (a->n_voxels > SIZE_MAX / sizeof(float) / s->n_times)
    MESO_FAIL(err, MESO_ENOMEM, "%s: %zu voxels x %zu volumes are too many", path, a->n_voxels,
              s->n_times);
  float *data = meso_calloc(a->n_voxels * s->n_times, sizeof *data);
  if (data == NULL)
    MESO_FAIL(err, MESO_ENOMEM, "%s: cannot allocate %zu voxels x %zu volumes", path, a->n_voxels,
              s->n_times);
  image->data = data;
  for (size_t t = 0; t < s->n_times; t++)
    for (size_t i = 0; i < a->n_voxels; i++) {
      if (a->region[i] == 0) continue;
      const double y = s->data[t * s->n_channels + a->region[i] - 1];
      data[t * a->n_voxels + i] = (float) (o->baseline > 0 ? o->baseline * (1 + y) : y);
    }
cleanup:
  return status;
}

/* Header, no extension, data. The library (3.0.1) makes the header, but its own writer does not say
 * whether it failed, and leaves that of NIfTI-2 empty. */
static meso_status write_file(const char *path, const char *tmp, nifti_image *image, meso_err *err)
{
  meso_status status = MESO_OK;
  static const char no_extension[4] = {0};
  union { nifti_1_header v1; nifti_2_header v2; } header;
  const bool version_2 = image->nifti_type == NIFTI_FTYPE_NIFTI2_1;
  const size_t n_header = version_2 ? sizeof header.v2 : sizeof header.v1;
  const size_t n_data = (size_t) image->nvox * sizeof(float);
  const bool compressed = strcmp(path + stem_length(path), ".nii.gz") == 0;
  znzFile file = znzopen(tmp, "wb", compressed);
  memset(&header, 0, sizeof header);
  image->iname_offset = (int64_t) (n_header + sizeof no_extension);
  if ((version_2 ? nifti_convert_nim2n2hdr(image, &header.v2)
                 : nifti_convert_nim2n1hdr(image, &header.v1)) != 0)
    MESO_FAIL(err, MESO_EINVAL, "%s: the image does not fit into its header", path);
  /* The library leaves out the bytes that reveal a conversion of line ends. */
  if (version_2) memcpy(header.v2.magic, "n+2\0\r\n\032\n", sizeof header.v2.magic);
  const bool written = !znz_isnull(file) &&
    znzwrite(&header, 1, n_header, file) == n_header &&
    znzwrite(no_extension, 1, sizeof no_extension, file) == sizeof no_extension &&
    znzwrite(image->data, 1, n_data, file) == n_data;
  const bool closed = !znz_isnull(file) && Xznzclose(&file) == 0;
  if (!written || !closed) MESO_FAIL(err, MESO_EIO, "%s: cannot write the image", path);
cleanup:
  if (!znz_isnull(file)) (void) Xznzclose(&file);
  return status;
}

static meso_status check_signal(const char *path, const meso_signal *s, meso_err *err)
{
  meso_status status = MESO_OK;
  if (!meso_nifti_is_name(path))
    MESO_FAIL(err, MESO_EUSAGE, "%s: the name of an image ends in .nii or .nii.gz", path);
  if (s->n_times == 0 || s->n_channels == 0)
    MESO_FAIL(err, MESO_EINVAL, "%s: the signal '%s' is empty", path, s->name);
  if (s->n_channels > UINT32_MAX)
    MESO_FAIL(err, MESO_EINVAL, "%s: %zu regions are too many", path, s->n_channels);
cleanup:
  return status;
}

meso_status meso_nifti_write(const char *path, const meso_signal *signal,
                             const meso_nifti_options *options, meso_err *err)
{
  meso_status status = MESO_OK;
  atlas a = {.image = NULL};
  nifti_image *image = NULL;
  char *tmp = NULL;
  int fd = -1;
  nifti_set_debug_level(0); /* its reports on stderr would double ours */
  MESO_TRY(check_signal(path, signal, err));
  if (options->atlas != NULL) MESO_TRY(atlas_read(options->atlas, signal->n_channels, &a, err));
  else MESO_TRY(line_make(signal->n_channels, &a, err));
  MESO_TRY(make_header(signal, &a, options, &image, err));
  MESO_TRY(fill_image(path, signal, &a, options, image, err));
  MESO_TRY(meso_tmp_create(path, &tmp, &fd, err));
  (void) close(fd);
  MESO_TRY(write_file(path, tmp, image, err));
  MESO_TRY(meso_tmp_commit(tmp, path, err));
cleanup:
  if (status != MESO_OK && tmp != NULL) (void) unlink(tmp);
  free(tmp);
  if (image != NULL) nifti_image_free(image);
  atlas_clear(&a);
  return status;
}

/* ---- 4. sidecar --------------------------------------------------------------------------- */

/* Copies a number under the name that BIDS has for it. */
static void copy_number(json_t *to, const char *name, const meso_attrs *a, const char *key)
{
  const double value = meso_attrs_number(a, key, NAN);
  if (isfinite(value)) (void) json_object_set_new(to, name, json_real(value));
}

static json_t *make_sidecar(const meso_signal *s, const meso_nifti_options *o)
{
  const char *model = meso_attrs_text(&s->attrs, "model");
  json_t *j = json_pack(
    "{s:f, s:f, s:s, s:s, s:s?}", "RepetitionTime", 1 / s->sampling_rate_Hz, "StartTime",
    1e-3 * s->t_start_ms, "TaskName", o->task, "Units",
    o->baseline > 0 ? "arbitrary" : "fraction of the signal at rest", "HaemodynamicModel", model);
  json_t *names = json_array();
  copy_number(j, "EchoTime", &s->attrs, "TE_s");
  copy_number(j, "MagneticFieldStrength", &s->attrs, "field_T");
  copy_number(j, "MagneticFieldStrength", &s->attrs, "B0_T");
  const double offset_s = meso_attrs_number(&s->attrs, "slice_offset_s", NAN);
  if (isfinite(offset_s))
    (void) json_object_set_new(j, "SliceTiming", json_pack("[f]", offset_s));
  for (size_t c = 0; s->label != NULL && c < s->n_channels; c++)
    (void) json_array_append_new(names, json_string(s->label[c] != NULL ? s->label[c] : ""));
  (void) json_object_set_new(j, "RegionNames", names);
  (void) json_object_set_new(j, "GeneratedBy", json_pack(
    "[{s:s, s:s, s:s?}]", "Name", "mesocast", "Version", PACKAGE_VERSION, "CommandLine",
    o->command_line));
  return j;
}

meso_status meso_nifti_write_sidecar(const char *path, const meso_signal *signal,
                                     const meso_nifti_options *options, meso_err *err)
{
  meso_status status = MESO_OK;
  json_t *object = NULL;
  char *name = NULL, *text = NULL;
  MESO_TRY(check_signal(path, signal, err));
  name = meso_nifti_sidecar_name(path);
  object = make_sidecar(signal, options);
  if (object != NULL) text = json_dumps(object, JSON_INDENT(2) | JSON_REAL_PRECISION(15));
  if (name == NULL || text == NULL) MESO_FAIL(err, MESO_ENOMEM, "%s: cannot make a sidecar", path);
  MESO_TRY(meso_file_write(name, text, strlen(text), err));
cleanup:
  json_decref(object);
  free(name);
  free(text);
  return status;
}
