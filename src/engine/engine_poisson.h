/* engine_poisson.h: spikes of sources. The same for generated and explicit networks, so that both
 * draw the same trains; background events: meso_poisson.h. Internal to the engine. */
#ifndef ENGINE_POISSON_H
#define ENGINE_POISSON_H

#include <stdint.h>

#include "meso_rng.h"

/** Number of spikes of a source in a step, by inversion; at most MESO_SOURCE_MAX_SPIKES (more
 *  happen in one of 1e9 draws at the largest mean allowed, MESO_SOURCE_MAX_MEAN). */
int engine_source_count(meso_rng_key key, uint64_t identity, uint64_t step, double mean);

#endif
