/* network_current.h: currents injected into the neurons of an explicit network. Internal to the
 * engine. */
#ifndef NETWORK_CURRENT_H
#define NETWORK_CURRENT_H

#include "meso_network.h"

typedef struct network_current {
  const meso_network *w;
  double *held_pA;          /**< (n_neurons) staircases; NULL: no current at all */
  double *sum_pA;           /**< (n_neurons) all currents during the step */
  size_t next;              /**< next change of a staircase */
} network_current;

/** w must live as long; cleared by network_current_clear. */
MESO_MUST_CHECK meso_status network_current_init(network_current *c, const meso_network *w,
                                                 meso_err *err);
void network_current_clear(network_current *c);

/** Fills sum_pA for the step from t = step dt to (step + 1) dt; steps must ascend from 0. A current
 *  of time t acts in the step that begins at t + delay, as in NEST. */
void network_current_step_to(network_current *c, uint64_t step);

#endif
