/* meso_clock.h: wall time for reports and progress; never for results. Not installed. */
#ifndef MESO_CLOCK_H
#define MESO_CLOCK_H

#include <time.h>

/** Seconds since some moment, never going back. */
static inline double mesoi_clock_s(void)
{
  struct timespec t = {0};
  (void) clock_gettime(CLOCK_MONOTONIC, &t);
  return (double) t.tv_sec + 1e-9 * (double) t.tv_nsec;
}

#endif
