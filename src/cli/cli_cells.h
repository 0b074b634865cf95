/* cli_cells.h: representative cells of a model for figures. */
#ifndef MESO_CLI_CELLS_H
#define MESO_CLI_CELLS_H

#include "meso_model.h"
#include "meso_morphology.h"
#include "meso_plot.h"

/** Cells with their somata in the middle of their layers; types of one population that share a
 *  morphology are one cell with both names. Borrows from the model. */
typedef struct mesoi_cells {
  size_t n;
  meso_morphology **shape;    /**< (n) */
  meso_figure_cell *cell;
  char **name;                /**< (n) "b23, nb23" */
} mesoi_cells;

/** Reads the morphologies from where `lfp` finds them. cells must be zeroed; free with
 *  mesoi_cells_clear, on failure too. A model without cell types has none. */
MESO_MUST_CHECK meso_status mesoi_cells_read(const meso_model *model, const char *model_path,
                                             mesoi_cells *cells, meso_err *err);
void mesoi_cells_clear(mesoi_cells *cells);

#endif
