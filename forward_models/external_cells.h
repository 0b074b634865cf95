/* external_cells.h: what single external events do at the probe, cell by cell. External input has
 * no synapses of its own in a network: events reach a neuron, by a Poisson process. Here each event
 * acts on a segment of the neuron's cell, drawn from a density (lfp.external_synapses):
 *   area   over the sections that carry synapses, by membrane area
 *   input  as the population's excitatory synapses lie, all sources together, by their numbers
 * An event of weight w on segment k of cell i gives
 *   phi_e(t) = sum_a rows[k, a, e] f_a(t - arrival)
 * in the undelayed functions f_a of meso_basis.h. Internal to forward_models.
 */
#ifndef EXTERNAL_CELLS_H
#define EXTERNAL_CELLS_H

#include "lfp_probe.h"
#include "meso_basis.h"
#include "meso_cells.h"
#include "meso_wiring.h"

enum { EXTERNAL_BATCH = 128 }; /* cells that are held at once */

/** A cell of the batch. */
typedef struct external_cell {
  meso_cell_id id;
  meso_cell place;
  size_t n_segments;
  float *rows;          /**< (block, n_segments padded, n_functions, LFP_LANES): mV or nA um */
  double *probability;  /**< (n_segments) that an event is on each */
} external_cell;

/** Scratch of a thread. */
typedef struct external_worker {
  double *columns, *work, *z_um, *part;
  meso_status status;
  meso_err err;
} external_worker;

typedef struct external_cells {
  const meso_model *model;      /**< borrowed */
  int n_threads;
  meso_cell_shape *shape;
  meso_wiring *wiring;          /**< places, step of the weights */
  meso_basis basis;             /**< without delays */
  const lfp_loops *loops;
  meso_cell_probe medium;
  size_t n_contacts, n_rows, n_blocks;
  lfp_probe_block *block;       /**< (n_blocks) */
  size_t n_functions;           /**< r */
  long first_lag;               /**< of the course, in steps after the arrival */
  size_t n_lags;
  double *course;               /**< (n_lags, n_functions) f_a */
  size_t n_chosen;
  meso_cell_id *chosen;         /**< with external events, population by population */
  size_t rows_stride;           /**< numbers of a cell and block */
  size_t largest_shape;
  float *matrix, *rows;
  double *probability;
  external_worker *worker;      /**< (n_threads) */
  size_t n_batch;
  external_cell cell[EXTERNAL_BATCH];
} external_cells;

/** Prepares the cells that make the LFP of a model; rows are its contacts and, if @p moment, the
 *  dipole moment. Free with external_cells_clear, also after a failure. */
MESO_MUST_CHECK meso_status external_cells_init(external_cells *x, const meso_model *model,
                                                bool moment, size_t n_dirs,
                                                const char *const *morphology_dirs, int n_threads,
                                                meso_err *err);
void external_cells_clear(external_cells *x);

/** Computes the chosen cells from the first-th on, up to EXTERNAL_BATCH, all of one population. */
MESO_MUST_CHECK meso_status external_cells_load(external_cells *x, size_t first, meso_err *err);

/** Mean number of events of a neuron in a step, and their weight as the engine has it. */
double external_mean(const external_cells *x, size_t population);
double external_weight_nA(const external_cells *x, size_t population);

#endif
