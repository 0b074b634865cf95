/* meso_version.c: what results are computed with. */
#include "meso_version.h"

#include <fftw3.h>
#include <gsl/gsl_version.h>
#include <hdf5.h>

static const char *const part_name[] = {"compiler", "HDF5", "FFTW", "GSL"};

enum { N_PARTS = sizeof part_name / sizeof part_name[0] };

const char *meso_part_name(size_t i) { return i < N_PARTS ? part_name[i] : NULL; }

const char *meso_part_version(size_t i)
{
  const char *const version[N_PARTS] = {__VERSION__, H5_VERS_INFO, fftw_version, gsl_version};
  return i < N_PARTS ? version[i] : NULL;
}
