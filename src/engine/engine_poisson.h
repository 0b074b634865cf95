/* engine_poisson.h: tables of Poisson counts, and counts of sources. The same for generated and
 * explicit networks, so that both draw the same trains. Internal to the engine. */
#ifndef ENGINE_POISSON_H
#define ENGINE_POISSON_H

#include "engine_kernels.h"
#include "meso_error.h"

/** Cumulative table for a mean count; thresholds are 48-bit. path: for the message when the mean
 *  is above MESO_POISSON_MAX_MEAN. */
MESO_MUST_CHECK meso_status engine_poisson_make(engine_poisson *p, double mean, double dt_ms,
                                                const char *path, meso_err *err);

/** Number of spikes of a source in a step, by inversion; at most MESO_SOURCE_MAX_SPIKES (more
 *  happen in one of 1e9 draws at the largest mean allowed, MESO_SOURCE_MAX_MEAN). */
int engine_source_count(meso_rng_key key, uint64_t identity, uint64_t step, double mean);

#endif
