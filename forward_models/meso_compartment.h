/* meso_compartment.h: the ground truth of every LFP: integrates the cable of every cell of an
 * explicit population and sums what the probe sees of its membrane currents. */
#ifndef MESO_COMPARTMENT_H
#define MESO_COMPARTMENT_H

#include "meso_data.h"
#include "meso_explicit.h"
#include "meso_hines.h"
#include "meso_progress.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct meso_compartment_options {
  meso_cable_scheme scheme;
  int n_threads;                 /**< at least 1 */
  const char *kernels;           /**< instruction set (meso_hines_kernels_choose); NULL: fastest */
  const meso_progress *progress; /**< may be NULL */
} meso_compartment_options;

/** Where the time went, in CPU seconds summed over threads. */
typedef struct meso_compartment_times {
  double segment_steps;          /**< segments of all cells times steps */
  double solver_s;               /**< potentials and membrane currents */
  double projection_s;           /**< currents to signals */
  double setup_s;                /**< forward matrices and events */
} meso_compartment_times;

/** Signals "lfp" (mV; if there are contacts), "csd" (nA/um^3; if there are boxes) and "dipole"
 *  (nA um; x, y, z), n_steps + 1 samples from rest at time 0 on; with the second-order scheme
 *  sample k is at (k - 1/2) dt, which t_start_ms says. The same bits for any number of threads and
 *  any instruction set. Fails as meso_explicit_check does, and with MESO_ESTOPPED.
 *  @param[out] opt_times  may be NULL */
MESO_MUST_CHECK meso_status meso_compartment_run(const meso_explicit *population,
                                                 const meso_compartment_options *options,
                                                 meso_compartment_times *opt_times,
                                                 meso_signals **ret_signals, meso_err *err);

#ifdef __cplusplus
}
#endif
#endif
