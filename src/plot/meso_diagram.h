/* meso_diagram.h: nodes and links in the graphical notation of Senk et al. 2022, PLoS Comput. Biol.
 * 18:e1010086: triangles are excitatory populations, circles inhibitory ones, hexagons devices that
 * stimulate; a thick frame is a population, a thin one a single unit. Solid links are determined by
 * the description, dashed ones are random; the head is a triangle if excitatory, a disc if
 * inhibitory. Lengths are points on the page. */
#ifndef MESO_DIAGRAM_H
#define MESO_DIAGRAM_H

#include "meso_canvas.h"

typedef enum meso_node_shape { MESO_NODE_TRIANGLE, MESO_NODE_CIRCLE, MESO_NODE_HEXAGON }
  meso_node_shape;

typedef struct meso_node {
  double x, y, radius;
  meso_node_shape shape;
  bool is_population;      /**< thick frame */
  meso_rgb color;
  const char *label;       /**< inside; made smaller until it fits */
} meso_node;

typedef struct meso_link {
  meso_stroke stroke;
  bool inhibitory;
  double bend;             /**< how far its middle lies to the right of the straight way */
} meso_link;

void meso_node_draw(meso_canvas *canvas, const meso_node *node);
/** From border to border. mid: a point in the middle for a label; may be NULL. */
void meso_link_draw(meso_canvas *canvas, const meso_node *from, const meso_node *to,
                    meso_link link, double mid[2]);
/** From a node to itself, on the side of an angle (radian, 0: right, clockwise). */
void meso_link_loop(meso_canvas *canvas, const meso_node *node, double angle, meso_link link,
                    double mid[2]);
/** A short link from x to x + length, for legends. */
void meso_link_sample(meso_canvas *canvas, double x, double y, double length, meso_link link);

#endif
