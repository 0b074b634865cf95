/* engine_step.h: the time of a step. Internal to the engine. */
#ifndef ENGINE_STEP_H
#define ENGINE_STEP_H

#include <math.h>
#include <stdint.h>

/** step / (1/dt) where 1/dt is whole, so that 103 steps are 10.3 ms; else step dt. */
static inline double engine_step_ms(uint64_t step, double dt_ms)
{
  const double per_ms = round(1.0 / dt_ms);
  return fabs(per_ms * dt_ms - 1.0) < 1e-12 ? (double) step / per_ms : (double) step * dt_ms;
}

#endif
