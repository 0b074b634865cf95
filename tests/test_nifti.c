/* test_nifti.c: images as libnifti2 reads them back, sidecars as jansson does, and the scanner. */
#include <jansson.h>
#include <nifti2_io.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "forward_run.h"
#include "meso_nifti.h"
#include "meso_scanner.h"

static const char *const image_path = "test_nifti.nii.gz";

/* 3 regions, 7 volumes of TR 1.5 s from t = 250 ms; value 0.001 (10 t + c). */
static meso_signals *make_bold(size_t n_regions, size_t n_times)
{
  meso_signals *s = forward_container();
  meso_signal *y = NULL;
  CU_ASSERT_EQUAL_FATAL(meso_signals_add(s, "bold", "1", n_times, n_regions, 1 / 1.5, 250, &y,
                                         NULL), MESO_OK);
  for (size_t i = 0; i < n_times * n_regions; i++)
    y->data[i] = 0.001 * (double) (10 * (i / n_regions) + i % n_regions);
  for (size_t c = 0; c < n_regions && n_regions < 100; c++) {
    char label[16];
    snprintf(label, sizeof label, "area %zu", c);
    CU_ASSERT_EQUAL(meso_signal_set_label(y, c, label, NULL), MESO_OK);
  }
  CU_ASSERT_EQUAL(meso_attrs_set_text(&y->attrs, "model", "friston2003", NULL), MESO_OK);
  CU_ASSERT_EQUAL(meso_attrs_set_number(&y->attrs, "TE_s", 0.03, NULL), MESO_OK);
  CU_ASSERT_EQUAL(meso_attrs_set_number(&y->attrs, "field_T", 3, NULL), MESO_OK);
  return s;
}

static nifti_image *write_and_read(const char *path, const meso_signals *s,
                                   const meso_nifti_options *o)
{
  meso_err err = {0};
  if (meso_nifti_write(path, &s->signal[0], o, &err) != MESO_OK) printf("# %s\n", err.msg);
  nifti_image *image = nifti_image_read(path, 1);
  CU_ASSERT_PTR_NOT_NULL_FATAL(image);
  return image;
}

static void test_line(void)
{
  const meso_nifti_options o = {.task = "rest"};
  meso_signals *s = make_bold(3, 7);
  nifti_image *image = write_and_read(image_path, s, &o);
  CU_ASSERT(image->ndim == 4 && image->nx == 3 && image->ny == 1 && image->nz == 1);
  CU_ASSERT(image->nt == 7 && image->datatype == NIFTI_TYPE_FLOAT32);
  CU_ASSERT(image->nifti_type == NIFTI_FTYPE_NIFTI1_1);
  MESO_CHECK_CLOSE(1.5, image->pixdim[4], 1e-6, 0);
  MESO_CHECK_CLOSE(0.25, image->toffset, 1e-6, 0);
  CU_ASSERT(image->xyz_units == NIFTI_UNITS_MM && image->time_units == NIFTI_UNITS_SEC);
  CU_ASSERT_PTR_NOT_NULL(strstr(image->descrip, "friston2003"));
  MESO_CHECK_WORST(i, 21, fabs((double) ((float *) image->data)[i] - s->signal[0].data[i]), 5e-9);
  nifti_image_free(image);
  meso_signals_destroy(s);
}

/* Header bytes: sizes, offsets and codes of the two formats. */
static void test_bytes(void)
{
  static const char *const path = "test_nifti_plain.nii";
  static const struct { size_t regions; bool forced; int32_t size; } row[] = {
    {3, false, 348}, {3, true, 540}, {40000, false, 540}};
  for (size_t i = 0; i < 3; i++) {
    const meso_nifti_options o = {.task = "rest", .version_2 = row[i].forced};
    meso_signals *s = make_bold(row[i].regions, 2);
    nifti_image *image = write_and_read(path, s, &o);
    unsigned char head[540];
    int32_t size;
    FILE *f = fopen(path, "rb");
    CU_ASSERT_EQUAL_FATAL(fread(head, 1, sizeof head, f) > 360, 1);
    fclose(f);
    memcpy(&size, head, sizeof size);
    CU_ASSERT_EQUAL(size, row[i].size);
    if (size == 348) CU_ASSERT(head[123] == 10 && memcmp(head + 344, "n+1", 4) == 0);
    if (size == 540) CU_ASSERT(memcmp(head + 4, "n+2\0\r\n\032\n", 8) == 0);
    CU_ASSERT(image->nx == (int64_t) row[i].regions && image->iname_offset >= size + 4);
    nifti_image_free(image);
    meso_signals_destroy(s);
  }
}

static const char *const atlas_path = "test_nifti_atlas.nii";

/* 4 x 3 x 2 voxels of 2 mm; label of voxel i. */
static void write_atlas(const double *label, int datatype)
{
  const int64_t dims[8] = {3, 4, 3, 2, 1, 1, 1, 1};
  nifti_image *a = nifti_make_new_nim(dims, datatype, 1);
  for (int i = 0; i < 24; i++)
    if (datatype == NIFTI_TYPE_INT16) ((int16_t *) a->data)[i] = (int16_t) label[i];
    else ((float *) a->data)[i] = (float) label[i];
  a->dx = a->dy = a->dz = a->pixdim[1] = a->pixdim[2] = a->pixdim[3] = 2;
  a->sform_code = NIFTI_XFORM_MNI_152;
  for (int i = 0; i < 3; i++) a->sto_xyz.m[i][i] = 2;
  a->sto_xyz.m[0][3] = -90;
  a->sto_xyz.m[3][3] = 1;
  CU_ASSERT_EQUAL(nifti_set_filenames(a, atlas_path, 0, 1), 0);
  nifti_image_write(a);
  nifti_image_free(a);
}

static void test_atlas(void)
{
  const meso_nifti_options o = {.task = "rest", .atlas = atlas_path, .baseline = 500};
  double label[24];
  for (int i = 0; i < 24; i++) label[i] = i % 4;
  meso_signals *s = make_bold(3, 7);
  for (int type = 0; type < 2; type++) {
    write_atlas(label, type == 0 ? NIFTI_TYPE_INT16 : NIFTI_TYPE_FLOAT32);
    nifti_image *image = write_and_read(image_path, s, &o);
    const float *y = image->data;
    CU_ASSERT(image->nx == 4 && image->ny == 3 && image->nz == 2 && image->nt == 7);
    CU_ASSERT_EQUAL(image->sform_code, NIFTI_XFORM_MNI_152);
    MESO_CHECK_CLOSE(-90, image->sto_xyz.m[0][3], 0, 0);
    MESO_CHECK_CLOSE(2, image->pixdim[3], 0, 0);
    MESO_CHECK_CLOSE(1.5, image->pixdim[4], 1e-6, 0);
    for (size_t t = 0; t < 7; t++)
      for (size_t i = 0; i < 24; i++)
        MESO_CHECK_CLOSE(i % 4 == 0 ? 0 : 500 * (1 + s->signal[0].data[3 * t + i % 4 - 1]),
                         (double) y[24 * t + i], 1e-6, 0);
    nifti_image_free(image);
  }
  meso_signals_destroy(s);
}

static void refuse(const meso_signals *s, const char *atlas, meso_status want, const char *text)
{
  const meso_nifti_options o = {.task = "rest", .atlas = atlas};
  meso_err err = {0};
  (void) unlink("test_nifti_none.nii");
  CU_ASSERT_EQUAL(meso_nifti_write("test_nifti_none.nii", &s->signal[0], &o, &err), want);
  if (strstr(err.msg, text) == NULL) printf("# %s\n", err.msg);
  CU_ASSERT_PTR_NOT_NULL(strstr(err.msg, text));
  CU_ASSERT(access("test_nifti_none.nii", F_OK) != 0);
}

static void test_refusals(void)
{
  double label[24];
  meso_signals *s = make_bold(3, 7), *none = make_bold(3, 0);
  meso_err err = {0};
  const meso_nifti_options o = {.task = "rest"};
  refuse(none, NULL, MESO_EINVAL, "empty");
  refuse(s, "no_such_atlas.nii", MESO_ENOTFOUND, "no_such_atlas.nii");
  for (int i = 0; i < 24; i++) label[i] = i % 3;
  write_atlas(label, NIFTI_TYPE_INT16);
  refuse(s, atlas_path, MESO_EINVAL, "no voxel has the label 3");
  label[5] = 4;
  write_atlas(label, NIFTI_TYPE_INT16);
  refuse(s, atlas_path, MESO_EINVAL, "voxel 5 has the value 4");
  label[5] = 1.5;
  write_atlas(label, NIFTI_TYPE_FLOAT32);
  refuse(s, atlas_path, MESO_EINVAL, "1.5");
  CU_ASSERT_EQUAL(truncate(atlas_path, 400), 0);
  refuse(s, atlas_path, MESO_EFORMAT, "cannot be read");
  CU_ASSERT_EQUAL(truncate(atlas_path, 100), 0);
  refuse(s, atlas_path, MESO_EFORMAT, "not a NIfTI image");
  CU_ASSERT_EQUAL(meso_nifti_write("x.img", &s->signal[0], &o, &err), MESO_EUSAGE);
  CU_ASSERT_EQUAL(meso_nifti_write("/no/such/folder/x.nii", &s->signal[0], &o, &err),
                  MESO_ENOTFOUND);
  meso_signals_destroy(s);
  meso_signals_destroy(none);
}

static void test_sidecar(void)
{
  const meso_nifti_options o = {.task = "rest", .command_line = "mesocast bold x"};
  meso_signals *s = make_bold(3, 7);
  json_error_t error;
  CU_ASSERT_EQUAL(meso_nifti_write_sidecar(image_path, &s->signal[0], &o, NULL), MESO_OK);
  json_t *j = json_load_file("test_nifti.json", 0, &error);
  CU_ASSERT_PTR_NOT_NULL_FATAL(j);
  MESO_CHECK_CLOSE(1.5, json_real_value(json_object_get(j, "RepetitionTime")), 1e-12, 0);
  MESO_CHECK_CLOSE(0.25, json_real_value(json_object_get(j, "StartTime")), 1e-12, 0);
  MESO_CHECK_CLOSE(0.03, json_real_value(json_object_get(j, "EchoTime")), 1e-12, 0);
  MESO_CHECK_CLOSE(3, json_real_value(json_object_get(j, "MagneticFieldStrength")), 1e-12, 0);
  CU_ASSERT_STRING_EQUAL(json_string_value(json_object_get(j, "TaskName")), "rest");
  const json_t *names = json_object_get(j, "RegionNames");
  CU_ASSERT_EQUAL(json_array_size(names), 3);
  CU_ASSERT_STRING_EQUAL(json_string_value(json_array_get(names, 2)), "area 2");
  json_decref(j);
  CU_ASSERT_EQUAL(meso_attrs_set_number(&s->signal[0].attrs, "TE_s", NAN, NULL), MESO_OK);
  CU_ASSERT_EQUAL(meso_nifti_write_sidecar(image_path, &s->signal[0], &o, NULL), MESO_OK);
  j = json_load_file("test_nifti.json", 0, &error);
  CU_ASSERT_PTR_NULL(json_object_get(j, "EchoTime")); /* a model that does not use it */
  json_decref(j);
  meso_signals_destroy(s);
}

/* ---- scanner ---- */

enum { N_FINE = 8001 };

/* Sines of some frequencies at 20 Hz, 400 s; TR will be 2 s. */
static meso_signals *make_sines(const double *frequency_Hz, size_t n)
{
  meso_signals *s = forward_container();
  meso_signal *y = NULL;
  CU_ASSERT_EQUAL_FATAL(meso_signals_add(s, "bold", "1", N_FINE, n, 20, 0, &y, NULL), MESO_OK);
  for (size_t i = 0; i < N_FINE; i++)
    for (size_t c = 0; c < n; c++)
      y->data[i * n + c] = sin(2 * M_PI * frequency_Hz[c] * (double) i / 20);
  return s;
}

static void test_sampling(void)
{
  static const double f[2] = {0.05, 0.12};
  const meso_scanner_params p = {.slice_offset_s = 0.7123};
  meso_signals *s = make_sines(f, 2), *out = forward_container();
  CU_ASSERT_EQUAL_FATAL(meso_scanner_apply(&p, s, 2, out, NULL), MESO_OK);
  const meso_signal *y = &out->signal[0];
  CU_ASSERT_EQUAL(y->n_times, 200);
  MESO_CHECK_CLOSE(712.3, y->t_start_ms, 1e-12, 0);
  for (size_t c = 0; c < 2; c++)
    MESO_CHECK_WORST(k, 200, fabs(y->data[2 * k + c]
                                  - sin(2 * M_PI * f[c] * (2 * (double) k + 0.7123))), 1e-6);
  MESO_CHECK_CLOSE(0.1, meso_scanner_step_s(2), 1e-12, 0);
  MESO_CHECK_CLOSE(0.05, meso_scanner_step_s(0.2), 1e-12, 0);
  meso_signals_destroy(s);
  meso_signals_destroy(out);
}

/* Nyquist is 0.25 Hz: what is well below passes, what is above does not come back as an alias. */
static void test_anti_alias(void)
{
  static const double f[4] = {0.05, 0.1, 0.3, 0.47};
  const meso_scanner_params p = {.anti_alias = true, .slice_offset_s = 0.35};
  meso_signals *s = make_sines(f, 4), *out = forward_container();
  CU_ASSERT_EQUAL_FATAL(meso_scanner_apply(&p, s, 2, out, NULL), MESO_OK);
  const double *y = out->signal[0].data + 4 * 10;
  for (size_t c = 0; c < 2; c++)
    MESO_CHECK_WORST(k, 180, fabs(y[4 * k + c]
                                  - sin(2 * M_PI * f[c] * (2 * (double) (k + 10) + 0.35))), 0.01);
  for (size_t c = 2; c < 4; c++) MESO_CHECK_WORST(k, 180, fabs(y[4 * k + c]), 1e-3);
  meso_signals_destroy(s);
  meso_signals_destroy(out);
}

static double power_of(const meso_signal *a, const meso_signal *b, size_t c)
{
  double sum = 0;
  for (size_t k = 0; k < a->n_times; k++) {
    const double d = a->data[k * a->n_channels + c] - b->data[k * b->n_channels + c];
    sum += d * d;
  }
  return sum / (double) a->n_times;
}

/* Each kind has its variance, on average over regions or seeds; regions do not depend on how many
 * there are; another seed is another noise. */
static void test_noise(void)
{
  static const double zero[64] = {0};
  meso_signals *s = make_sines(zero, 64), *few = make_sines(zero, 2);
  for (int kind = 0; kind < 3; kind++) {
    double power = 0;
    meso_scanner_params p = {.drift_period_s = 128, .cardiac_Hz = 1.1, .respiratory_Hz = 0.3};
    *(kind == 0 ? &p.noise_white : kind == 1 ? &p.noise_drift : &p.noise_physio) = 0.02;
    for (p.noise_seed = 1; p.noise_seed <= 4; p.noise_seed++) {
      meso_signals *out = forward_container(), *less = forward_container();
      CU_ASSERT_EQUAL_FATAL(meso_scanner_apply(&p, s, 0.5, out, NULL), MESO_OK);
      CU_ASSERT_EQUAL_FATAL(meso_scanner_apply(&p, few, 0.5, less, NULL), MESO_OK);
      const meso_signal *y = meso_signals_find(out, "bold"), *q = meso_signals_find(less, "bold");
      const meso_signal *clean = meso_signals_find(out, "bold_noiseless");
      CU_ASSERT_PTR_NOT_NULL_FATAL(clean);
      MESO_CHECK_EACH(k, y->n_times, memcmp(&y->data[64 * k + 1], &q->data[2 * k + 1], 8) == 0);
      for (size_t c = 0; c < 64; c++) power += power_of(y, clean, c) / 64 / 4;
      meso_signals_destroy(out);
      meso_signals_destroy(less);
    }
    printf("# kind %d: sd %.4g\n", kind, sqrt(power));
    MESO_CHECK_CLOSE(0.02, sqrt(power), kind == 0 ? 0.01 : 0.1, 0);
  }
  meso_signals_destroy(s);
  meso_signals_destroy(few);
}

static void test_scanner_refusals(void)
{
  static const double f[1] = {0.1};
  meso_signals *s = make_sines(f, 1), *none = forward_container(), *out = forward_container();
  meso_err err = {0};
  const meso_scanner_params late = {.slice_offset_s = 2}, drift = {.noise_drift = 0.1};
  CU_ASSERT_EQUAL(meso_scanner_apply(&late, s, 2, out, &err), MESO_ERANGE);
  CU_ASSERT_PTR_NOT_NULL(strstr(err.msg, "below the TR of 2 s"));
  CU_ASSERT_EQUAL(meso_scanner_apply(&drift, s, 2, out, &err), MESO_ERANGE);
  CU_ASSERT_EQUAL(meso_scanner_apply(&late, none, 2, out, &err), MESO_EINVAL);
  meso_signals_destroy(s);
  meso_signals_destroy(none);
  meso_signals_destroy(out);
}

int main(void)
{
  static const meso_test tests[] = {
    {"regions in a line: grid, TR, units, values", test_line},
    {"bytes of the headers of NIfTI-1 and NIfTI-2", test_bytes},
    {"regions in an atlas: grid, place, values", test_atlas},
    {"atlases and names that do not fit are refused", test_refusals},
    {"sidecar", test_sidecar},
    {"scanner: slice time", test_sampling},
    {"scanner: no aliases", test_anti_alias},
    {"scanner: noise has its variance and its seed", test_noise},
    {"scanner: refusals", test_scanner_refusals},
    {NULL, NULL}};
  return meso_test_main("nifti", tests);
}
