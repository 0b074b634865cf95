/* meso_cable.h: passive cable driven by current synapses, by implicit Euler on the tree.
 *
 * Node j has the capacitance cm area and the leak g_pas area, and is joined to its parent by 1/ri.
 * One step solves C (v' - v)/dt + G (v' - E) + sum g (v' - v'_neighbour) = I in O(n) (Hines 1984),
 * with the synaptic current I at the start of the step. Events snap to the nearest step. The
 * transmembrane current of a node counts outward as positive and contains the synaptic current, so
 * that all of them sum to zero.
 */
#ifndef MESO_CABLE_H
#define MESO_CABLE_H

#include <stddef.h>

#include "meso_error.h"
#include "meso_morphology.h"

#ifdef __cplusplus
extern "C" {
#endif

/** One synaptic event: a current that decays with tau_ms; with tau_rise_ms > 0 the difference of
 *  two exponentials with the peak weight_nA, or with tau_rise_ms = tau_ms its limit, the alpha
 *  function weight_nA t/tau exp(1 - t/tau). Positive weights depolarise. */
typedef struct meso_cable_event {
  size_t segment;
  double tau_rise_ms, tau_ms;
  double weight_nA;
  double time_ms;
} meso_cable_event;

typedef struct meso_cable {
  double cm_uF_per_cm2;
  double e_pas_mV;               /**< leak reversal, also the initial potential */
  const double *g_pas_S_per_cm2; /**< (n_segments), borrowed */
  double dt_ms;
  size_t n_steps;
} meso_cable;

/** Integrates a cell from rest.
 *  @param[out] imem_nA  (n_segments, n_steps + 1) membrane currents at 0, dt, ..., or NULL
 *  @param[out] v_mV     (n_segments, n_steps + 1) membrane potentials, or NULL
 *  Both are the caller's. */
MESO_MUST_CHECK meso_status meso_cable_run(const meso_morphology *morphology,
                                           const meso_cable *cable, size_t n_events,
                                           const meso_cable_event *event, double *imem_nA,
                                           double *v_mV, meso_err *err);

/** Factor that gives the difference of two exponentials a unit peak. */
double meso_biexponential_norm(double tau_rise_ms, double tau_ms);

#ifdef __cplusplus
}
#endif
#endif
