/* meso_canvas.h: the drawing surface of the figures, over cairo and pango.
 *
 * Lengths on the page are points (1/72 inch), y down. An axes object is a plain value: a box on the
 * page, data ranges, scales and labels; functions named meso_axes_* draw data in it and count what
 * they draw into the figure's report. NaN and infinite values are left out, never drawn at zero.
 */
#ifndef MESO_CANVAS_H
#define MESO_CANVAS_H

#include <stdbool.h>
#include <stddef.h>

#include "meso_plot.h"
#include "meso_style.h"

#ifdef __cplusplus
extern "C" {
#endif

#define MESO_POINTS_PER_MM (72.0 / 25.4)
#define MESO_PNG_DPI 300.0

typedef enum meso_canvas_format {
  MESO_CANVAS_SVG, MESO_CANVAS_PDF, MESO_CANVAS_PNG
} meso_canvas_format;

/** Bytes of a finished file. */
typedef struct meso_bytes { unsigned char *data; size_t n, capacity; } meso_bytes;

typedef struct meso_box { double x, y, w, h; } meso_box;

typedef enum meso_anchor { MESO_ANCHOR_LEFT, MESO_ANCHOR_CENTRE, MESO_ANCHOR_RIGHT } meso_anchor;

typedef struct meso_text_style {
  double size_pt;          /**< 0: 7.5 pt */
  meso_anchor anchor;
  bool bold, vertical;
  double max_width;        /**< points; longer text ends in an ellipsis; 0: any */
  meso_rgb color;
} meso_text_style;

typedef struct meso_stroke { meso_rgb color; double width; bool dashed; } meso_stroke;

typedef struct meso_axes {
  meso_box box;
  double x_min, x_max, y_min, y_max;
  bool x_log, y_log;
  const char *x_label, *y_label; /**< with units; NULL: none */
  bool no_x_ticks, no_y_ticks;   /**< no tick labels (shared or categorical axes) */
  bool x_whole, y_whole;         /**< numbers of channels or spikes: ticks at whole ones only */
  const char *title;             /**< above the box, may be NULL */
} meso_axes;

/* ---- surface ------------------------------------------------------------------------------ */

/** A white page. Destroy with meso_canvas_destroy, which accepts NULL. */
MESO_MUST_CHECK meso_status meso_canvas_create(meso_canvas_format format, double width_mm,
                                               double height_mm, meso_canvas **ret_canvas,
                                               meso_err *err);
void meso_canvas_destroy(meso_canvas *canvas);
/** Ends drawing and appends the file to @p bytes (free bytes->data). title and provenance become
 *  metadata; both may be NULL. */
MESO_MUST_CHECK meso_status meso_canvas_finish(meso_canvas *canvas, const char *title,
                                               const char *provenance, meso_bytes *bytes,
                                               meso_err *err);
double meso_canvas_width(const meso_canvas *canvas);
double meso_canvas_height(const meso_canvas *canvas);
const meso_figure_report *meso_canvas_report(const meso_canvas *canvas);
/** Adds to the number of data drawn, for marks that stand for several data. */
void meso_canvas_count(meso_canvas *canvas, size_t n_marks);

/** Appends bytes; false when out of memory. */
bool meso_bytes_append(meso_bytes *bytes, const void *data, size_t n);
/** PNG of 24-bit RGB pixels with text chunks and 300 dpi. */
MESO_MUST_CHECK meso_status meso_png_encode(size_t width, size_t height,
                                            const unsigned char *rgb, const char *title,
                                            const char *provenance, meso_bytes *bytes,
                                            meso_err *err);
/** SVG text with XML prolog dropped and ids numbered afresh as <prefix>1, <prefix>2, ... so that
 *  drawings can share one page and equal drawings have equal bytes. */
MESO_MUST_CHECK meso_status meso_svg_renumber(const meso_bytes *in, const char *prefix,
                                              meso_bytes *out, meso_err *err);

/* ---- marks on the page -------------------------------------------------------------------- */

/** Text at (x, y = middle of the line's height). Pango markup is understood. */
void meso_canvas_text(meso_canvas *canvas, double x, double y, meso_text_style style,
                      const char *fmt, ...) MESO_PRINTF(5, 6);
/** Width of a text in points. */
double meso_canvas_text_width(meso_canvas *canvas, const char *text, meso_text_style style);
void meso_canvas_fill(meso_canvas *canvas, meso_box box, meso_rgb color, double alpha);
void meso_canvas_outline(meso_canvas *canvas, meso_box box, meso_rgb color, double width);
void meso_canvas_segment(meso_canvas *canvas, double x0, double y0, double x1, double y1,
                         meso_rgb color, double width, bool dashed);
/** Area with n corners, filled, and outlined where the stroke has a width. */
void meso_canvas_area(meso_canvas *canvas, size_t n, const double *x, const double *y,
                      meso_rgb fill, meso_stroke outline);
void meso_canvas_disc(meso_canvas *canvas, double x, double y, double radius, meso_rgb fill,
                      meso_stroke outline);
/** Cubic Bezier curve: ends 0 and 3, control points 1 and 2. */
void meso_canvas_curve(meso_canvas *canvas, const double x[4], const double y[4],
                       meso_stroke stroke);
/** Small grey text at (x, y): what was drawn, how it was estimated. */
void meso_canvas_note(meso_canvas *canvas, double x, double y, const char *fmt, ...)
  MESO_PRINTF(4, 5);
/** Entry of a legend: a sample of a line and its name from (x, y) on. Returns where the next one
 *  can start. */
double meso_canvas_key(meso_canvas *canvas, double x, double y, meso_stroke stroke,
                       const char *fmt, ...) MESO_PRINTF(5, 6);
/** The same, no wider than @p width points; a longer name ends in an ellipsis. */
void meso_canvas_key_within(meso_canvas *canvas, double x, double y, double width,
                            meso_stroke stroke, const char *name);
/** Colour bar right of @p box with ticks and a label, which counts as an axis label. */
void meso_canvas_colorbar(meso_canvas *canvas, meso_box box, meso_map map, double min, double max,
                          const char *label);
/** The cell (row, column) of a grid inside the page's margins; gaps leave room for labels. */
meso_box meso_canvas_cell(const meso_canvas *canvas, size_t row, size_t n_rows, size_t column,
                          size_t n_columns, double right_margin);

/* ---- data in axes ------------------------------------------------------------------------- */

/** Frame, ticks, labels and title. Call before the data. */
void meso_axes_draw(meso_canvas *canvas, const meso_axes *axes);
/** Only the labels, the y label @p y_offset points left of the box. */
void meso_axes_label(meso_canvas *canvas, const meso_axes *axes, double y_offset);
double meso_axes_x(const meso_axes *axes, double x);
double meso_axes_y(const meso_axes *axes, double y);
/** Polyline; NaN breaks it; long ones are thinned to extremes per 1/4 point. */
void meso_axes_line(meso_canvas *canvas, const meso_axes *axes, size_t n, const double *x,
                    const double *y, meso_stroke stroke);
/** Round dots. */
void meso_axes_dots(meso_canvas *canvas, const meso_axes *axes, size_t n, const double *x,
                    const double *y, meso_rgb color, double diameter);
/** Shade between two x, over the height of the box; not counted as data. */
void meso_axes_shade(meso_canvas *canvas, const meso_axes *axes, double x0, double x1,
                     meso_rgb color, double alpha);
/** Horizontal (y given) or vertical (x given) guide line; pass NAN for the other. */
void meso_axes_guide(meso_canvas *canvas, const meso_axes *axes, double x, double y,
                     meso_rgb color);
/** Says in the middle of the box that there is nothing to draw; @p why: in smaller letters below,
 *  may be NULL. */
void meso_axes_say_empty(meso_canvas *canvas, const meso_axes *axes, const char *why);
/** Matrix (rows, columns) as pixels over the whole box, row 0 at the top; drawn bilinear when
 *  smooth, else as cells. Counts the finite elements; says so if there are none. */
MESO_MUST_CHECK meso_status meso_axes_image(meso_canvas *canvas, const meso_axes *axes,
                                            size_t n_rows, size_t n_columns, const double *values,
                                            meso_map map, double min, double max, bool smooth,
                                            meso_err *err);
/** Distribution of values at height y: outline of the density (of fewer than 20 a dot each),
 *  quartiles, mean, and a diamond at the reference (NAN: none); a triangle where values lie beyond
 *  the end of the axis. Counts the finite values and returns their number in ret_n. */
MESO_MUST_CHECK meso_status meso_axes_distribution(meso_canvas *canvas, const meso_axes *axes,
                                                   double y, size_t n, const double *values,
                                                   double reference, meso_rgb color,
                                                   size_t *ret_n, meso_err *err);

/* ---- ticks -------------------------------------------------------------------------------- */

/** Ticks at 1-2-5 steps inside [min, max], at most 16; returns their number. */
size_t meso_ticks_linear(double min, double max, size_t wanted, double ticks[16], double *ret_step);
/** Powers of ten inside [min, max], at most 16; where that are fewer than two, their 1-, 2- and
 *  5-fold, and where those are fewer than two, ticks of a linear axis. */
size_t meso_ticks_log(double min, double max, double ticks[16]);
/** Label of a tick in pango markup. */
void meso_tick_label(double tick, double step, bool log_scale, char *text, size_t size);

#ifdef __cplusplus
}
#endif
#endif
