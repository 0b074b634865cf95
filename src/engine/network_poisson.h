/* network_poisson.h: the Poisson trains and the sources of an explicit network, as it runs.
 * Internal to the engine. */
#ifndef NETWORK_POISSON_H
#define NETWORK_POISSON_H

#include "engine_kernels.h"
#include "engine_poisson.h"
#include "meso_network.h"

/** Rows of /input/poisson with ascending identities, one rate and one weight: drawn together. */
typedef struct poisson_run { size_t first, n, table; } poisson_run;

typedef struct network_poisson {
  const meso_network *w;       /**< borrowed */
  const engine_kernels *kernels;
  meso_rng_key key, tail_key, source_key;
  size_t n_runs, n_tables;
  poisson_run *run;
  meso_poisson *table;
} network_poisson;

/** w must live as long; cleared by network_poisson_clear. */
MESO_MUST_CHECK meso_status network_poisson_init(network_poisson *p, const meso_network *w,
                                                 meso_err *err);
void network_poisson_clear(network_poisson *p);

/** Events that arrive at step in the neurons of one run: their number by row of the run, or NULL
 *  while nothing arrives. buffer: (ENGINE_CHUNK). */
const uint16_t *network_poisson_events(const network_poisson *p, const poisson_run *run,
                                       uint64_t step, uint16_t *buffer);

/** Mean number of spikes of every source in a step. */
double network_poisson_source_mean(const meso_network *w, uint64_t step);

#endif
