/* meso_cell_probe.h: the volume conductor that a model's cells lie in, and its contacts.
 *
 * lfp.conductor names it (meso_conductor.h), probe.contact_shape wraps it into contacts of finite
 * size, and probe.sigma_S_per_m is its conductivity where it has but one. Soma as a point and lines
 * in an infinite medium seen by points, the default, is done by the inner loop
 * (lfp_loops.potential), eight times faster; all others by the registry.
 */
#ifndef MESO_CELL_PROBE_H
#define MESO_CELL_PROBE_H

#include "lfp_loops.h"
#include "meso_cells.h"
#include "meso_conductor.h"
#include "meso_model.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct meso_cell_probe {
  const lfp_loops *loops;
  double sigma_S_per_m;
  meso_conductor *conductor;  /**< NULL: the inner loop */
} meso_cell_probe;

/** The conductor as text for meso_conductor_parse. Caller frees. */
MESO_MUST_CHECK meso_status meso_cell_probe_text(const meso_model *model, char **ret_text,
                                                 meso_err *err);

/** Fails (exit 3), naming the key, where lfp.conductor is none that gives the potential at each
 *  contact. Free with meso_cell_probe_clear, on failure too. */
MESO_MUST_CHECK meso_status meso_cell_probe_init(const meso_model *model, meso_cell_probe *probe,
                                                 meso_err *err);
void meso_cell_probe_clear(meso_cell_probe *probe);

/** Numbers of scratch for a cell of n segments. */
size_t meso_cell_probe_work(size_t n_segments);

/** Potentials per nA of a block of contacts, without their mean over the segments.
 *  @param[in] segments    from meso_cell_columns of this shape
 *  @param[in] contact_um  (3, LFP_LANES)
 *  @param work            (meso_cell_probe_work)
 *  @param[out] matrix     (n_segments, LFP_LANES) mV/nA */
MESO_MUST_CHECK meso_status meso_cell_probe_matrix(const meso_cell_probe *probe,
                                                   const meso_cell_shape *shape,
                                                   const lfp_segments *segments,
                                                   const double *contact_um, double *work,
                                                   float *matrix, meso_err *err);

#ifdef __cplusplus
}
#endif
#endif
