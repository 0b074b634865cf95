/* plain_engine.h: a model's network simulated as it is written down, to compare the engine with:
 * every synapse in a list, every spike delivered at once to a ring of sums, every neuron updated in
 * every step. */
#ifndef PLAIN_ENGINE_H
#define PLAIN_ENGINE_H

#include <stdbool.h>

#include "engine_kernels.h"
#include "meso_engine.h"
#include "meso_wiring.h"

typedef struct plain_synapse { uint32_t target, delay; int32_t weight; } plain_synapse;

typedef struct plain_network {
  const meso_model *model;
  meso_wiring *wiring;
  meso_wiring_row scratch;
  uint32_t n;                       /**< neurons, sources included */
  size_t *row;                      /**< (n + 1) */
  plain_synapse *synapse;
  int32_t *ring[2];                 /**< (RING, n) excitatory, inhibitory */
  double *V_mV, *I[2];              /**< mV; weight steps, excitatory and inhibitory */
  double *I_both;                   /**< their sum ... */
  bool merged;                      /**< ... where equal time constants allow it everywhere */
  void **neuron;                    /**< neurons of the registry, with models other than
                                         iaf_psc_exp; their V_mV and I are copies */
  int *refractory;
} plain_network;

/** Called after every step. */
typedef void plain_observer(void *context, const plain_network *x, uint64_t step);

/** True if the engine's spikes are those of the plain simulation, to which the spikes of poisson
 *  sources are given. observe: may be NULL. */
bool as_the_plain_engine(const meso_model *m, const meso_spikes *spikes, plain_observer *observe,
                         void *context);

/** Cumulative table for a mean, all thresholds compared at once or the first few. */
meso_poisson plain_poisson(double mean, uint32_t n_upper);

/** Neurons of a population in one column. */
uint32_t plain_column_size(const meso_model *m, size_t p);

#endif
