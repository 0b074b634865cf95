/* meso_cells.h: the cells that stand for a model's neurons in the LFP stage.
 *
 * Shapes: one per cell type, read from its SWC file and cut into segments, soma at the origin.
 * Places: which type a neuron is, where its soma lies and how the cell is turned; a pure function
 * of (model->lfp.draws, neuron), so that every method that asks sees the same cells.
 *   type      by the types' fractions of the population
 *   x, y      the neuron's place in the network if its population has places; else uniform in the
 *             disc of lfp.radius_um, at least lfp.clearance_um from its axis
 *   z         the neuron's place in a network with depth (space.extent_z_um > 0); else the middle
 *             of the population's layer, normal with lfp.soma_sd_um
 *   rotation  cells[].rotation: about z (uniform angle), or uniform over all rotations
 * Synapses: which segments a synapse of a source population may lie on, and how likely each is: the
 * layer by layer_share, within a layer by membrane area of the sections that carry synapses.
 */
#ifndef MESO_CELLS_H
#define MESO_CELLS_H

#include <stdint.h>

#include "lfp_loops.h"
#include "meso_error.h"
#include "meso_model.h"
#include "meso_morphology.h"
#include "meso_rng.h"

#ifdef __cplusplus
extern "C" {
#endif

/** A cell type's shape. */
typedef struct meso_cell_shape {
  meso_morphology *morphology; /**< soma at the origin */
  unsigned section_types;      /**< that carry synapses, bits 1 << MESO_SECTION_... */
  double soma_z_um;            /**< middle of the layer */
} meso_cell_shape;

/** Reads the shapes of all cell types: (model->n_cell_types). SWC files are searched in the
 *  folders; a missing one is MESO_ENOTFOUND and says where the model names it. Caller frees with
 *  meso_cell_shapes_destroy. */
MESO_MUST_CHECK meso_status meso_cell_shapes_read(const meso_model *model, size_t n_dirs,
                                                  const char *const *dirs,
                                                  meso_cell_shape **ret_shapes, meso_err *err);
void meso_cell_shapes_destroy(const meso_model *model, meso_cell_shape *shapes);

/** The current that an input of weight 1 makes in a cell: pA_per_weight exp(-t/tau), or with
 *  tau_rise_ms = tau_ms pA_per_weight t/tau exp(1 - t/tau); pA_per_weight is 1 but for jumps of
 *  the potential, for which an exponential current of the same charge stands. */
typedef struct meso_cell_current { double tau_ms, tau_rise_ms, pA_per_weight; } meso_cell_current;
/** Of a population's input from sources of a sign. */
meso_cell_current meso_cell_synapse_current(const meso_model *model, size_t population, int sign);
/** MESO_EINVAL if a population with cells has input without a current (lfp.delta_tau_ms). */
MESO_MUST_CHECK meso_status meso_cells_check_currents(const meso_model *model, meso_err *err);

/** Segments shorter in number than this many um2 of expected membrane in a layer: no synapses. */
extern const double meso_cell_min_layer_area_um2;

/** SHA-256 of the SWC files that meso_cell_shapes_read would read, with their names.
 *  @param[in] alternatives  also of those of cells[].alternatives */
MESO_MUST_CHECK meso_status meso_cell_shapes_digest(const meso_model *model, size_t n_dirs,
                                                    const char *const *dirs, bool alternatives,
                                                    char out[65], meso_err *err);

/** A neuron that has a cell. */
typedef struct meso_cell_id {
  uint32_t population, neuron; /**< index of the neuron within its population */
} meso_cell_id;

/** The cells that make the LFP: lfp.n_cells (0: all) of the neurons whose population has cell
 *  types, evenly spread, population by population. Caller frees. */
MESO_MUST_CHECK meso_status meso_cells_choose(const meso_model *model, meso_cell_id **ret_cells,
                                              size_t *ret_n, meso_err *err);

/** One cell. */
typedef struct meso_cell {
  size_t type;                /**< index in model->cell_type */
  double soma_um[3];
  double rotation[9];         /**< row-major; applied to the shape before it is moved */
} meso_cell;

/** Cell of a neuron (index within its population). network_xyz: its place in the network or NULL;
 *  its depth counts in a network that has one (space.extent_z_um > 0). The population must have
 *  cell types. */
void meso_cell_place(const meso_model *model, const meso_cell_shape *shapes, size_t population,
                     uint32_t neuron, const double *network_xyz, meso_cell *cell);

/** Ends of all segments of a cell. @param[out] start, end (n_segments, 3) um */
void meso_cell_segments(const meso_cell_shape *shape, const meso_cell *cell, double *start_um,
                        double *end_um);

/** The same, one coordinate after the other, as the inner loops want them.
 *  @param[out] columns  (6, n_segments) um, which the result borrows, as it does the shape's
 *  diameters */
lfp_segments meso_cell_columns(const meso_cell_shape *shape, const meso_cell *cell,
                               double *columns);

enum { MESO_CELL_GROUP = 16 }; /* cells of one shape that share a pass through its responses */

/** Sorts cells into such groups.
 *  @param[in] type    (n) of each cell
 *  @param[out] order  (n) the cells' numbers by type, else as they are
 *  @param[out] start  (n + 1) where each group begins in order; after the last one, n
 *  @return number of groups */
size_t meso_cells_group(size_t n, const size_t *type, size_t *order, size_t *start);

/** Key of the draws of segments: synapse k of a target by the counter (k, target, projection). */
meso_rng_key meso_cell_synapse_key(const meso_model *model);

/** Expected synapses on each segment of a type's cell from all sources of a sign, with the
 *  network's mean in-degrees.
 *  @param[in] z_um     (n_segments) middles of the segments
 *  @param[out] number  (n_segments)
 *  MESO_EINVAL if there is no membrane for some. */
MESO_MUST_CHECK meso_status meso_cell_synapse_numbers(const meso_model *model,
                                                      const meso_cell_shape *shape, size_t type,
                                                      int sign, const double *z_um,
                                                      double *number, meso_err *err);

/** Probability of each segment to receive a synapse of a source population.
 *  @param[in] z_um  (n_segments) middles of the segments
 *  @param[out] probability  (n_segments), sums to 1
 *  @return share of the synapses that had to be moved because the cell has no membrane in their
 *  layer (spread over the other layers in proportion), or NAN if no layer with a share has any. */
double meso_cell_synapse_probability(const meso_model *model, const meso_cell_shape *shape,
                                     size_t type, size_t source_population, const double *z_um,
                                     double *probability);

#ifdef __cplusplus
}
#endif
#endif
