/* figure_cells.c: cells side by side over depth. */
#include "figure_cells.h"

#include <math.h>

static const double cell_gap_um = 40.0, bar_um = 200.0;

void meso_extent_include(meso_extent *extent, double value)
{
  extent->low = fmin(extent->low, value);
  extent->high = fmax(extent->high, value);
}

meso_extent meso_cell_extent(const meso_figure_cell *cell, size_t axis)
{
  meso_extent r = { INFINITY, -INFINITY };
  for (size_t j = 0; j < cell->segments.n; j++) {
    meso_extent_include(&r, cell->segments.start_um[3 * j + axis]);
    meso_extent_include(&r, cell->segments.end_um[3 * j + axis]);
  }
  return r;
}

/* The names of cells, turned by a right angle. */
static meso_text_style name_style(meso_rgb color)
{
  return (meso_text_style) { .size_pt = 6.5, .vertical = true, .anchor = MESO_ANCHOR_RIGHT,
                             .color = color };
}

double meso_cells_bottom(const meso_figure_data *data, meso_canvas *canvas, double least)
{
  double bottom = least;
  for (size_t i = 0; i < data->n_cells; i++)
    bottom = fmax(bottom, 12.0 + meso_canvas_text_width(canvas, data->cell[i].name,
                                                        name_style(meso_black)));
  return fmin(bottom, 0.4 * meso_canvas_height(canvas));
}

/* One cell in x and z, its left end at the given place. */
static void draw_cell(const meso_figure_data *data, meso_canvas *canvas, const meso_axes *axes,
                      const meso_figure_cell *cell, double at, double points_per_um,
                      meso_segment_color *color, const void *user)
{
  const meso_segments *s = &cell->segments;
  const meso_extent x = meso_cell_extent(cell, 0);
  const meso_rgb own = meso_population_color(data, cell->population);
  for (size_t j = 0; j < s->n; j++) {
    const double *a = s->start_um + 3 * j, *b = s->end_um + 3 * j;
    meso_canvas_segment(canvas, at + (a[0] - x.low) * points_per_um, meso_axes_y(axes, a[2]),
                        at + (b[0] - x.low) * points_per_um, meso_axes_y(axes, b[2]),
                        color != NULL ? color(user, data, cell, j) : own,
                        fmax(s->diam_um[j] * points_per_um, color != NULL ? 0.8 : 0.35), false);
  }
  meso_canvas_count(canvas, s->n);
  meso_canvas_text(canvas, at + 0.5 * (x.high - x.low) * points_per_um,
                   axes->box.y + axes->box.h + 6.0, name_style(own), "%s", cell->name);
}

void meso_cells_draw(const meso_figure_data *data, meso_canvas *canvas, const meso_axes *axes,
                     double bar_y, meso_segment_color *color, const void *user)
{
  double total_um = 0;
  for (size_t i = 0; i < data->n_cells; i++) {
    const meso_extent x = meso_cell_extent(&data->cell[i], 0);
    total_um += x.high - x.low + cell_gap_um;
  }
  const double depth_scale = axes->box.h / (axes->y_max - axes->y_min);
  const double scale = fmin(depth_scale, axes->box.w / fmax(total_um, 1.0));
  double at = axes->box.x + 0.5 * (axes->box.w - total_um * scale + cell_gap_um * scale);
  for (size_t i = 0; i < data->n_cells; i++) {
    const meso_extent x = meso_cell_extent(&data->cell[i], 0);
    draw_cell(data, canvas, axes, &data->cell[i], at, scale, color, user);
    at += (x.high - x.low + cell_gap_um) * scale;
  }
  const double end = axes->box.x + axes->box.w;
  meso_canvas_segment(canvas, end - bar_um * scale, bar_y, end, bar_y, meso_black, 1.6, false);
  meso_canvas_text(canvas, end - bar_um * scale - 4.0, bar_y,
                   (meso_text_style) { .size_pt = 6.5, .anchor = MESO_ANCHOR_RIGHT,
                                       .color = meso_black }, "%g \u00b5m", bar_um);
  if (scale < 0.95 * depth_scale)
    meso_canvas_note(canvas, axes->box.x + (axes->title != NULL ? 0.4 * axes->box.w : 0), bar_y,
                     "cells narrowed %.2g times", depth_scale / scale);
}
