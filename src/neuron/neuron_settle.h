/* neuron_settle.h: the one rule for decayed values, on every path of the engine: at every 1024th
 * step those below 1e-30 (mV, pA) become zero, as a rule long before they are subnormal. Internal
 * to the engine. */
#ifndef NEURON_SETTLE_H
#define NEURON_SETTLE_H

#include <math.h>

#define NEURON_NEGLIGIBLE 1e-30
enum { NEURON_SETTLE_STEPS = 1024 };

static inline double neuron_settled(double x) { return fabs(x) < NEURON_NEGLIGIBLE ? 0.0 : x; }

#endif
