/* meso_canvas_private.h: the canvas as meso_canvas.c and meso_axes.c see it. */
#ifndef MESO_CANVAS_PRIVATE_H
#define MESO_CANVAS_PRIVATE_H

#include <cairo.h>

#include "meso_canvas.h"

#define MESO_FONT_PT 7.5

struct meso_canvas {
  meso_canvas_format format;
  cairo_surface_t *surface;
  cairo_t *cr;
  double width, height;      /**< points */
  meso_bytes stream;         /**< of the vector formats */
  meso_figure_report report;
};

void mesoi_set_color(meso_canvas *canvas, meso_rgb color, double alpha);
/* Records a label that carries a quantity, for the report of what was drawn. */
void mesoi_note_label(meso_canvas *canvas, const char *label);
/* Records a title, a note or a name in a legend for the same report. */
void mesoi_note_text(meso_canvas *canvas, const char *text);

#endif
