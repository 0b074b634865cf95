/* figure_cells.h: cells side by side over depth, which several figures draw. */
#ifndef MESO_FIGURE_CELLS_H
#define MESO_FIGURE_CELLS_H

#include "meso_figure_tools.h"

typedef struct meso_extent { double low, high; } meso_extent;

/** Widens an extent to a value. */
void meso_extent_include(meso_extent *extent, double value);
/** Extent of a cell along an axis, 0 to 2. */
meso_extent meso_cell_extent(const meso_figure_cell *cell, size_t axis);

/** Room below a panel for the cells' names, points, at least @p least. */
double meso_cells_bottom(const meso_figure_data *data, meso_canvas *canvas, double least);

/** Colour of a segment. */
typedef meso_rgb meso_segment_color(const void *user, const meso_figure_data *data,
                                    const meso_figure_cell *cell, size_t segment);

/** Draws all cells, seen along y, into axes whose y is depth, as high as they are wide where there
 *  is room; names below and a bar above at @p bar_y. @p color NULL: that of the population. */
void meso_cells_draw(const meso_figure_data *data, meso_canvas *canvas, const meso_axes *axes,
                     double bar_y, meso_segment_color *color, const void *user);

#endif
