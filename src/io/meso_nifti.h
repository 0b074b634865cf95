/* meso_nifti.h: BOLD as NIfTI images (libnifti2) with a BIDS-style sidecar.
 *
 * Without an atlas region r is the voxel (r, 0, 0), and the image has no place in space. With an
 * atlas, an image of whole numbers, every voxel of label r + 1 gets region r, the others 0, and the
 * image has the atlas's grid and place. Time is the fourth axis, pixdim[4] is the TR in s, units
 * are mm and s, values are 32-bit floats. Files are NIfTI-1, or NIfTI-2 when an axis is longer
 * than 32767. */
#ifndef MESO_NIFTI_H
#define MESO_NIFTI_H

#include <stdbool.h>

#include "meso_data.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct meso_nifti_options {
  const char *atlas;     /**< image of labels, or NULL */
  double baseline;       /**< 0: values are the signal's; else baseline (1 + signal) */
  bool version_2;        /**< NIfTI-2 even where NIfTI-1 would do */
  const char *task;      /**< TaskName of the sidecar */
  const char *command_line; /**< for GeneratedBy, or NULL */
} meso_nifti_options;

/** Whether a file name ends in .nii or .nii.gz. */
bool meso_nifti_is_name(const char *path);

/** Name of the sidecar: the image's with .json in place of .nii or .nii.gz; caller frees. NULL when
 *  out of memory. */
char *meso_nifti_sidecar_name(const char *path);

/** Writes a signal as an image, whole or not at all. An atlas that lacks a label of a region, or
 *  has labels that no region has, is MESO_EINVAL; one that is no image is MESO_EFORMAT. */
MESO_MUST_CHECK meso_status meso_nifti_write(const char *path, const meso_signal *signal,
                                             const meso_nifti_options *options, meso_err *err);

/** Writes the sidecar: RepetitionTime, StartTime, TaskName, Units, region names, EchoTime and
 *  MagneticFieldStrength where the model has them, model, slice times, GeneratedBy. */
MESO_MUST_CHECK meso_status meso_nifti_write_sidecar(const char *path, const meso_signal *signal,
                                                     const meso_nifti_options *options,
                                                     meso_err *err);

#ifdef __cplusplus
}
#endif
#endif
