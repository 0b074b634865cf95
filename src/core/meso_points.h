/* meso_points.h: named places: contacts of a probe, sensors around a head. */
#ifndef MESO_POINTS_H
#define MESO_POINTS_H

#include <stddef.h>

#include "meso_error.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct meso_points {
  size_t n;
  double *xyz_um;   /**< (n, 3) */
  char **name;      /**< (n), or NULL if they have none */
} meso_points;

/** Reads a table of places: three numbers a line (um), separated by commas or blanks, all lines or
 *  none with a name before them; # starts a comment. The first line may be the header
 *  x_um,y_um,z_um, with name before it if there are names. At most 100,000 points in 4 MB. Refuses,
 *  with file and line: other headers (so other units), numbers that are not finite or > 1e7 um,
 *  lines with more or fewer fields, no points at all. Free with meso_points_clear. */
MESO_MUST_CHECK meso_status meso_points_read(const char *path, meso_points *ret_points,
                                             meso_err *err);

/** As meso_points_read, of n_bytes in memory (not NUL-terminated); file: for messages. */
MESO_MUST_CHECK meso_status meso_points_parse(const char *bytes, size_t n_bytes, const char *file,
                                              meso_points *ret_points, meso_err *err);

/** Room for n points at the origin, without names. */
MESO_MUST_CHECK meso_status meso_points_create(size_t n, meso_points *ret_points, meso_err *err);

/** Frees what the points own, and zeroes them. */
void meso_points_clear(meso_points *points);

#ifdef __cplusplus
}
#endif
#endif
