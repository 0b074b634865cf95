/* engine_settle.h: the one rule for decayed values, on every path of the engine: at every 1024th
 * step those below 1e-30 (mV, pA) become zero, as a rule long before they are subnormal. Internal
 * to the engine. */
#ifndef ENGINE_SETTLE_H
#define ENGINE_SETTLE_H

#include <math.h>

#define ENGINE_NEGLIGIBLE 1e-30
enum { ENGINE_SETTLE_STEPS = 1024 };

static inline double engine_settled(double x) { return fabs(x) < ENGINE_NEGLIGIBLE ? 0.0 : x; }

#endif
