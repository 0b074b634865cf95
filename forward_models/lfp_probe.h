/* lfp_probe.h: what a probe sees of a cell, in blocks of LFP_LANES rows: first the contacts, then,
 * if asked for, the three components of the current dipole moment. Internal to forward_models. */
#ifndef LFP_PROBE_H
#define LFP_PROBE_H

#include "lfp_loops.h"
#include "meso_cell_probe.h"

/** A block of rows; lanes beyond the last row repeat the last contact. */
typedef struct lfp_probe_block {
  double contact_um[3 * LFP_LANES];      /**< (3, LFP_LANES) */
  size_t first, n_moments, first_moment; /**< lanes first ... first + n_moments - 1: components
                                              first_moment ... of the dipole moment */
} lfp_probe_block;

/** Rows block LFP_LANES ... of n_contacts contacts (n_contacts, 3) and n_rows - n_contacts
 *  components of the moment. */
lfp_probe_block lfp_probe_block_make(size_t n_contacts, const double *contact_um, size_t n_rows,
                                     size_t block);

/** Signals of a cell's segments per nA: mV and nA um, less their mean over the segments.
 *  @param[in] segments  from meso_cell_columns of this shape
 *  @param work          (meso_cell_probe_work)
 *  @param[out] matrix   (n, LFP_LANES) */
MESO_MUST_CHECK meso_status lfp_probe_matrix(const meso_cell_probe *medium,
                                             const meso_cell_shape *shape,
                                             const lfp_segments *segments,
                                             const lfp_probe_block *block, double *work,
                                             float *matrix, meso_err *err);

#endif
