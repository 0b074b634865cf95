/* lfp_probe.c: signals of a cell's segments at blocks of a probe's rows. */
#include "lfp_probe.h"

lfp_probe_block lfp_probe_block_make(size_t n_contacts, const double *contact_um, size_t n_rows,
                                     size_t block)
{
  lfp_probe_block p = {.first = LFP_LANES};
  for (size_t c = 0; c < LFP_LANES; c++) {
    const size_t row = block * LFP_LANES + c;
    const size_t at = row < n_contacts ? row : n_contacts - 1;
    for (size_t k = 0; k < 3; k++) p.contact_um[k * LFP_LANES + c] = contact_um[3 * at + k];
    if (row < n_contacts || row >= n_rows) continue;
    if (p.n_moments++ > 0) continue;
    p.first = c;
    p.first_moment = row - n_contacts;
  }
  return p;
}

/** Moments per nA: places of the middles of the segments, without their mean. */
static void moment_matrix(const lfp_segments *s, const lfp_probe_block *block, float *matrix)
{
  for (size_t c = 0; c < block->n_moments; c++) {
    const double *start = s->start_um[block->first_moment + c];
    const double *end = s->end_um[block->first_moment + c];
    double mean = 0;
    for (size_t j = 0; j < s->n; j++) mean += 0.5 * (start[j] + end[j]) / (double) s->n;
    for (size_t j = 0; j < s->n; j++)
      matrix[j * LFP_LANES + block->first + c] = (float) (0.5 * (start[j] + end[j]) - mean);
  }
}

meso_status lfp_probe_matrix(const meso_cell_probe *medium, const meso_cell_shape *shape,
                             const lfp_segments *segments, const lfp_probe_block *block,
                             double *work, float *matrix, meso_err *err)
{
  meso_status status = MESO_OK;
  MESO_TRY(meso_cell_probe_matrix(medium, shape, segments, block->contact_um, work, matrix, err));
  moment_matrix(segments, block, matrix);
cleanup:
  return status;
}
