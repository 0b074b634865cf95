/* engine_spikes.h: spikes of a model's network that come from outside. Internal to the engine. */
#ifndef ENGINE_SPIKES_H
#define ENGINE_SPIKES_H

#include "meso_data.h"
#include "meso_model.h"

/** Finds the model's populations among those of the spikes by name: index[p], or SIZE_MAX for a
 *  poisson population that is not there (silent). Refuses other sizes and other populations.
 *  @param[out] index (n_populations) */
MESO_MUST_CHECK meso_status engine_match_populations(const meso_model *model,
                                                     const meso_spikes *spikes, size_t *index,
                                                     meso_err *err);

#endif
