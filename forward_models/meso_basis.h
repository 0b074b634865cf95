/* meso_basis.h: the few functions of time that every LFP is made of.
 *
 * Passive cables with current synapses in an ohmic medium are linear: the membrane current of
 * segment k' after a unit event on segment k is a fixed R[k', k](t), t in steps since the event
 * arrived. Passed through the output filter, all these functions together, whatever the shape, span
 * few directions: f_1 .. f_r, and delayed by any delay of the network, those span B_1 .. B_F:
 *   filtered R[k', k](t) = sum_a response[k', a, k] f_a(t)
 *   f_a(t - d) = sum_f shift[d, a, f] B_f(t)
 * Both sets are the leading singular vectors of signals at the probe: of segments of every shape at
 * several places near it. r and F are the smallest with which the part left out is below
 * tolerance / 4 each (rms, relative); they are padded with zeros to multiples of LFP_PANEL.
 */
#ifndef MESO_BASIS_H
#define MESO_BASIS_H

#include <stdint.h>

#include "meso_cell_probe.h"
#include "meso_cells.h"
#include "meso_error.h"
#include "meso_model.h"
#include "meso_output_filter.h"

#ifdef __cplusplus
extern "C" {
#endif

/** What the responses of a class of synapses depend on. */
typedef struct meso_basis_class {
  size_t shape;           /**< a cell type; types with the same SWC file share the class */
  meso_cell_current current;
  float *response;        /**< (n_segments n_undelayed / LFP_PANEL, n_segments, LFP_PANEL): rows
                               (k, a), columns k', as lfp_loops.respond wants them; per
                               1000 in the weights' unit (nA, V) */
} meso_basis_class;

typedef struct meso_basis {
  double dt_ms;
  size_t n_classes;
  meso_basis_class *class_;
  size_t n_undelayed;     /**< r, padded to an even number */
  size_t n_functions;     /**< F, padded to a multiple of LFP_PANEL */
  size_t n_significant;   /**< F without the padding */
  size_t n_delays;        /**< delays of min_delay .. min_delay + n_delays - 1 steps */
  unsigned min_delay;
  float *shift;           /**< (n_delays, n_undelayed, n_functions) */
  meso_output_filter filter;
  long first_lag;         /**< lag of the functions' first value, in steps after the spike */
  size_t n_lags;
  double *function;       /**< (n_lags, n_functions) B_f */
  double error;           /**< rms error of signals at the probe that were not used to build it,
                               relative to their rms */
} meso_basis;

/** Builds the basis for a model. delay_weight: (n_delays) how often each delay occurs, the first is
 *  min_delay steps. contact_um: (n_contacts, 3). Shapes as of meso_cell_shapes_read. Free with
 *  meso_basis_clear. MESO_ERANGE if the tolerance needs more than 256 functions. */
MESO_MUST_CHECK meso_status meso_basis_init(const meso_model *model,
                                            const meso_cell_shape *shapes,
                                            const meso_cell_probe *probe, size_t n_contacts,
                                            const double *contact_um, unsigned min_delay,
                                            size_t n_delays, const double *delay_weight,
                                            int n_threads, meso_basis *basis, meso_err *err);
void meso_basis_clear(meso_basis *basis);

/** Class of the synapses that sources of a sign make on a cell type; n_classes if there is none. */
size_t meso_basis_find(const meso_basis *basis, const meso_model *model, size_t type, int sign);

/** Leading eigenvectors of rows^T rows, largest first: the directions in which most of the rows
 *  lies. @param[in] rows (n_rows, width) @param[out] value  (n_wanted), n_wanted <= width
 *  @param[out] vector  (n_wanted, width) orthonormal */
MESO_MUST_CHECK meso_status meso_leading_directions(size_t n_rows, size_t width,
                                                    const double *rows, size_t n_wanted,
                                                    double *value, double *vector, meso_err *err);
/** How many of n leading directions leave less than tolerance (rms, relative) out. */
size_t meso_directions_needed(size_t n, const double *value, double tolerance);
/** The leading directions that leave less than tolerance out. Asks for n_first of them (1 at
 *  least), and while all of these are needed for twice as many, up to n_most: *ret_n = n_most may
 *  leave more out. @param[out] ret_vector  (*ret_n, width) orthonormal; the caller frees it */
MESO_MUST_CHECK meso_status meso_directions_within(size_t n_rows, size_t width,
                                                   const double *rows, double tolerance,
                                                   size_t n_first, size_t n_most, size_t *ret_n,
                                                   double **ret_vector, meso_err *err);

#ifdef __cplusplus
}
#endif
#endif
