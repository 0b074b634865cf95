/* explicit_probe.h: what the probe of an explicit population sees: its channels (contacts, boxes of
 * the CSD, components of the dipole moment), the matrix of a cell, and the signals made of them.
 * Internal to forward_models. */
#ifndef EXPLICIT_PROBE_H
#define EXPLICIT_PROBE_H

#include "meso_conductor.h"
#include "meso_data.h"
#include "meso_explicit.h"

typedef struct explicit_probe {
  const meso_explicit *population; /**< borrowed */
  meso_conductor *medium, *dipole;
  meso_conductor **box;            /**< (n_boxes) of the CSD */
  double *box_um;                  /**< (n_boxes, 3) their middles */
  size_t n_channels;               /**< contacts, boxes, x, y, z of the moment */
} explicit_probe;

/** Fails with MESO_EINVAL if the conductor is none of potentials. Free with explicit_probe_clear,
 *  also after a failure. */
MESO_MUST_CHECK meso_status explicit_probe_init(const meso_explicit *population,
                                                explicit_probe *probe, meso_err *err);
void explicit_probe_clear(explicit_probe *probe);

/** Signals of a cell's segments per nA.
 *  @param start_um, end_um  (n_segments, 3) scratch: the cell's segments
 *  @param[out] matrix       (n_channels, n_segments) */
MESO_MUST_CHECK meso_status explicit_probe_matrix(const explicit_probe *probe, size_t cell,
                                                  double *start_um, double *end_um,
                                                  double *matrix, meso_err *err);

/** Signals "lfp" (if there are contacts), "csd" (if there are boxes) and "dipole".
 *  @param[in] data      (n_steps + 1, width), the channels first
 *  @param[in] describe  sets what else is to be said of each; user is passed on */
MESO_MUST_CHECK meso_status explicit_probe_signals(const explicit_probe *probe, const double *data,
                                                   size_t width, double t_start_ms,
                                                   meso_status (*describe)(const void *user,
                                                                           meso_signal *signal,
                                                                           meso_err *err),
                                                   const void *user, meso_signals **ret_signals,
                                                   meso_err *err);

#endif
