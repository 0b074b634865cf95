/* meso_segments.h: where the segments of a cell are: all that a volume conductor knows of it. */
#ifndef MESO_SEGMENTS_H
#define MESO_SEGMENTS_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/** A view: all arrays are borrowed. Coordinates are absolute (um; z up, pia at 0). */
typedef struct meso_segments {
  size_t n;
  const double *start_um, *end_um; /**< (n, 3): ends of the chord */
  const double *diam_um;           /**< (n): half of it is the least distance of a contact */
  const double *length_um;         /**< (n): arc length, not shorter than the chord */
} meso_segments;

#ifdef __cplusplus
}
#endif
#endif
