/* meso_lines.h: a panel of named curves, which several figures of analyses are. */
#ifndef MESO_LINES_H
#define MESO_LINES_H

#include "meso_figure_tools.h"

enum { MESO_MOST_CURVES = 16 };

/** Curves over common axes; borrowed arrays. */
typedef struct meso_lines {
  size_t n, n_left_out;    /**< curves; named ones that found no place */
  struct meso_line {
    char name[80];         /**< "": has no place in the legend */
    size_t n;
    const double *x, *y;
    const double *low, *high; /**< ends of a bar at each value, or NULL */
    meso_stroke stroke;
    bool dots;             /**< a dot for each value as well */
  } line[MESO_MOST_CURVES];
  const char *title, *x_label, *y_label;
  const char *why_empty;   /**< said if no curve has a value; NULL: only that there is none */
  bool x_log, y_log, x_whole;
  double x_guide, y_guide; /**< dashed guides; NAN: none */
} meso_lines;

/** An empty panel without guides. */
meso_lines meso_lines_make(const char *title, const char *x_label, const char *y_label);
/** Appends a curve; more than MESO_MOST_CURVES are left out, and the legend says how many of those
 *  with a name. Names are those of the legend. */
void meso_lines_add(meso_lines *lines, const char *name, size_t n, const double *x,
                    const double *y, meso_stroke stroke);
/** Axes over the range of the finite data, curves, and a legend below the box, of as many columns
 *  as its names leave room for. */
void meso_lines_draw(meso_canvas *canvas, meso_box box, const meso_lines *lines);
/** Height that the legend of a box of some width takes below the tick labels, points. */
double meso_lines_legend(meso_canvas *canvas, double width, const meso_lines *lines);
/** Name of a population pair as readers write it: "A_x_B" becomes "A \u00d7 B". */
void meso_lines_pair_name(const char *group, char *text, size_t size);
/** Finds all arrays "/analysis/<group>/<name>" (group without further slashes) of the analysis and
 *  calls @p add for each. */
void meso_lines_each(const meso_figure_data *data, const char *analysis, const char *name,
                     void (*add)(void *user, const char *group, const meso_array *array),
                     void *user);

#endif
