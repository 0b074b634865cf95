/* meso_cross.h: sums over observations of the cross-spectra of all pairs of channels.
 *
 * With X_i(f) the transforms of meso_spectral.h and S = conj(X_i) X_j, pooled over observations
 * before anything is divided (a mean of coherences would be biased; Chronux, MNE and we pool):
 *   product  sum of S                         cross-spectrum, coherence, phase
 *   unit     sum of S / |S|                   phase-locking value, PPC
 *   lag      sums of sign Im S, |Im S|, (Im S)^2        PLI, wPLI, dwPLI^2
 * Work goes by blocks of frequencies whose sums fit into a fixed amount of memory, and in them by
 * batches of observations; sums run over observations in one order, whatever the blocks and
 * threads. Pair p counts (0,1), (0,2), ... (1,2), ... : row by row of the upper triangle.
 */
#ifndef MESO_CROSS_H
#define MESO_CROSS_H

#include "cross_kernels.h"
#include "meso_spectral.h"
#include "meso_triangle.h"

/** What is wanted. */
typedef struct meso_cross_request {
  const meso_spectral_plan *plan;
  const double *data;        /**< (time, channel) */
  size_t n_channels;
  size_t first, n;           /**< frequencies */
  bool unit, lag, jackknife; /**< sums beyond product */
  int n_threads;
  size_t memory_bytes;       /**< for the sums of a block; 0: 512 MiB */
} meso_cross_request;

/** Sums of one block of frequencies; borrowed, gone after the call. */
typedef struct meso_cross_block {
  size_t first, n;           /**< frequencies */
  size_t n_pairs, n_channels;
  const double *power;       /**< (group, channel, lane): sums of |X_i|^2 */
  const double *product;     /**< (group, pair, CROSS_N_PRODUCT, lane) */
  const double *unit;        /**< the same, or NULL */
  const double *lag;         /**< (group, pair, CROSS_N_LAG, lane), or NULL */
  const double *jackknife;   /**< (group, pair, 2, lane): sums of z and z^2 without one observation
                                  each, z = atanh |C|, or NULL */
} meso_cross_block;

/** Sum @p row of @p rows of pair @p pair at frequency @p f of the block (from 0). */
static inline double meso_cross_at(const meso_cross_block *b, const double *sums, size_t rows,
                                   size_t pair, size_t row, size_t f)
{
  const size_t group = f / CROSS_LANES;
  return sums[((group * b->n_pairs + pair) * rows + row) * CROSS_LANES + f % CROSS_LANES];
}

/** Sum of |X_i|^2 at frequency @p f of the block. */
static inline double meso_cross_power(const meso_cross_block *b, size_t channel, size_t f)
{
  return b->power[(f / CROSS_LANES * b->n_channels + channel) * CROSS_LANES + f % CROSS_LANES];
}

/** Calls @p take with one block after another, frequencies ascending. Fails with MESO_ENOMEM, or
 *  with what take returns. */
MESO_MUST_CHECK meso_status meso_cross_run(const meso_cross_request *request,
                                           meso_status (*take)(void *user,
                                                               const meso_cross_block *block,
                                                               meso_err *err),
                                           void *user, meso_err *err);

#endif
