/* cli_cells.h: representative cells of a model for figures. */
#ifndef MESO_CLI_CELLS_H
#define MESO_CLI_CELLS_H

#include "meso_cells.h"
#include "meso_plot.h"

/** Cells with their somata in the middle of their layers; types of one population that share a
 *  morphology are one cell with both names. Borrows from the model. */
typedef struct mesoi_cells {
  size_t n;
  meso_figure_cell *cell;     /**< (n) */
  char **name;                /**< (n) "b23, nb23" */
  const meso_model *model;
  meso_cell_shape *shape;     /**< of all types */
} mesoi_cells;

/** Reads the morphologies from where `lfp` finds them. cells must be zeroed; free with
 *  mesoi_cells_clear, on failure too. A model without cell types has none. */
MESO_MUST_CHECK meso_status mesoi_cells_read(const meso_model *model, const char *model_path,
                                             mesoi_cells *cells, meso_err *err);
void mesoi_cells_clear(mesoi_cells *cells);

#endif
