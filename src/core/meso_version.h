/* meso_version.h: versions of what results depend on. */
#ifndef MESO_VERSION_H
#define MESO_VERSION_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Name of part @p i ("compiler", "HDF5", "FFTW", "GSL"), NULL beyond the last. */
const char *meso_part_name(size_t i);
/** Version of part @p i, NULL beyond the last: of the compiler and the headers that the library was
 *  built with, and of the FFTW and GSL that it runs with. */
const char *meso_part_version(size_t i);

#ifdef __cplusplus
}
#endif
#endif
