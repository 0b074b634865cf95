/* fig_probe.c: where the contacts are, beside the layers and the cells that make the potentials. */
#include "meso_figure_tools.h"

#include <math.h>

/* Numbers of points (1/72 inch). */
static const double left = 56.0, right = 34.0, top = 24.0, least_bottom = 40.0, gap = 16.0;
static const double cell_gap_um = 40.0, bar_um = 200.0;

static bool is_available(const meso_figure_data *data)
{
  return data->model != NULL && data->model->n_cell_types > 0 &&
         data->model->probe.contacts.n > 0;
}

typedef struct range { double low, high; } range;

static void include(range *r, double value)
{
  r->low = fmin(r->low, value);
  r->high = fmax(r->high, value);
}

/* Extent of a cell along one axis. */
static range cell_range(const meso_figure_cell *cell, size_t axis)
{
  range r = { INFINITY, -INFINITY };
  for (size_t j = 0; j < cell->segments.n; j++) {
    include(&r, cell->segments.start_um[3 * j + axis]);
    include(&r, cell->segments.end_um[3 * j + axis]);
  }
  return r;
}

static range depths(const meso_figure_data *data)
{
  range r = { INFINITY, -INFINITY };
  const meso_points *contacts = &data->model->probe.contacts;
  for (size_t i = 0; i < contacts->n; i++) include(&r, contacts->xyz_um[3 * i + 2]);
  for (size_t i = 0; i < data->model->n_layers; i++) {
    include(&r, data->model->layer[i].z_top_um);
    include(&r, data->model->layer[i].z_bottom_um);
  }
  for (size_t i = 0; i < data->n_cells; i++) {
    const range z = cell_range(&data->cell[i], 2);
    include(&r, z.low);
    include(&r, z.high);
  }
  const double margin = fmax(0.03 * (r.high - r.low), 20.0);
  return (range) { r.low - margin, r.high + margin };
}

/* The names of cells, turned by a right angle. */
static meso_text_style name_style(meso_rgb color)
{
  return (meso_text_style) { .size_pt = 6.5, .vertical = true, .anchor = MESO_ANCHOR_RIGHT,
                             .color = color };
}

/* Room below for the longest of them. */
static double bottom_for(const meso_figure_data *data, meso_canvas *canvas)
{
  double bottom = least_bottom;
  for (size_t i = 0; i < data->n_cells; i++)
    bottom = fmax(bottom, 12.0 + meso_canvas_text_width(canvas, data->cell[i].name,
                                                        name_style(meso_black)));
  return fmin(bottom, 0.4 * meso_canvas_height(canvas));
}

/* Contacts as seen along y; larger ones to scale if that can be seen. */
static void draw_contacts(const meso_figure_data *data, meso_canvas *canvas, const meso_axes *axes)
{
  const meso_probe_params *probe = &data->model->probe;
  const double points_per_um = axes->box.h / (axes->y_max - axes->y_min);
  const double size_um = probe->contact_shape == MESO_CONTACT_CIRCLE ? 2 * probe->contact_radius_um
                         : probe->contact_shape == MESO_CONTACT_SQUARE ? probe->contact_side_um : 0;
  const double least = probe->contacts.n > 64 ? 1.8 : 3.2;
  for (size_t i = 0; i < probe->contacts.n; i++)
    meso_axes_dots(canvas, axes, 1, probe->contacts.xyz_um + 3 * i,
                   probe->contacts.xyz_um + 3 * i + 2, meso_palette(0),
                   fmax(size_um * points_per_um, least));
}

static meso_axes draw_probe(const meso_figure_data *data, meso_canvas *canvas, range z,
                            double width)
{
  range x = { INFINITY, -INFINITY };
  const meso_points *contacts = &data->model->probe.contacts;
  for (size_t i = 0; i < contacts->n; i++) include(&x, contacts->xyz_um[3 * i]);
  const double margin = fmax(0.1 * (x.high - x.low), 20.0);
  const meso_axes axes = {
    .box = { left, top, width, meso_canvas_height(canvas) - top - bottom_for(data, canvas) },
    .x_min = x.low - margin, .x_max = x.high + margin, .y_min = z.low, .y_max = z.high,
    .x_label = "x (\u00b5m)", .y_label = "depth z (\u00b5m)" };
  meso_axes_draw(canvas, &axes);
  for (size_t i = 0; i < data->model->n_layers; i++) {
    if (i == 0) meso_axes_guide(canvas, &axes, NAN, data->model->layer[i].z_top_um, meso_grey);
    meso_axes_guide(canvas, &axes, NAN, data->model->layer[i].z_bottom_um, meso_grey);
  }
  draw_contacts(data, canvas, &axes);
  return axes;
}

/* One cell in x and z, its left end at the given place. */
static void draw_cell(const meso_figure_data *data, meso_canvas *canvas, const meso_axes *axes,
                      const meso_figure_cell *cell, double at, double points_per_um)
{
  const meso_segments *s = &cell->segments;
  const range x = cell_range(cell, 0);
  const meso_rgb color = meso_population_color(data, cell->population);
  for (size_t j = 0; j < s->n; j++) {
    const double *a = s->start_um + 3 * j, *b = s->end_um + 3 * j;
    meso_canvas_segment(canvas, at + (a[0] - x.low) * points_per_um, meso_axes_y(axes, a[2]),
                        at + (b[0] - x.low) * points_per_um, meso_axes_y(axes, b[2]), color,
                        fmax(s->diam_um[j] * points_per_um, 0.35), false);
  }
  meso_canvas_count(canvas, s->n);
  meso_canvas_text(canvas, at + 0.5 * (x.high - x.low) * points_per_um,
                   axes->box.y + axes->box.h + 6.0,
                   name_style(color), "%s", cell->name);
}

/* Cells side by side, as high as they are wide where there is room. */
static void draw_cells(const meso_figure_data *data, meso_canvas *canvas, const meso_axes *axes)
{
  double total_um = 0;
  for (size_t i = 0; i < data->n_cells; i++) {
    const range x = cell_range(&data->cell[i], 0);
    total_um += x.high - x.low + cell_gap_um;
  }
  const double depth_scale = axes->box.h / (axes->y_max - axes->y_min);
  const double scale = fmin(depth_scale, axes->box.w / fmax(total_um, 1.0));
  double at = axes->box.x + 0.5 * (axes->box.w - total_um * scale + cell_gap_um * scale);
  for (size_t i = 0; i < data->n_cells; i++) {
    const range x = cell_range(&data->cell[i], 0);
    draw_cell(data, canvas, axes, &data->cell[i], at, scale);
    at += (x.high - x.low + cell_gap_um) * scale;
  }
  const double y = 10.0, end = axes->box.x + axes->box.w;
  meso_canvas_segment(canvas, end - bar_um * scale, y, end, y, meso_black, 1.6, false);
  meso_canvas_text(canvas, end - bar_um * scale - 4.0, y,
                   (meso_text_style) { .size_pt = 6.5, .anchor = MESO_ANCHOR_RIGHT,
                                       .color = meso_black }, "%g \u00b5m", bar_um);
  if (scale < 0.99 * depth_scale)
    meso_canvas_note(canvas, axes->box.x, 10.0, "cells narrowed %.2g times", depth_scale / scale);
}

static meso_status draw(const meso_figure_data *data, meso_canvas *canvas, meso_err *err)
{
  (void) err;
  const double inner = meso_canvas_width(canvas) - left - right;
  const double width = data->n_cells > 0 ? 0.24 * inner : inner;
  const range z = depths(data);
  meso_axes axes = draw_probe(data, canvas, z, width);
  meso_canvas_note(canvas, left, 10.0, "%zu contacts, seen along y", data->model->probe.contacts.n);
  if (data->n_cells > 0) {
    axes.box.x += width + gap;
    axes.box.w = inner - width - gap;
  }
  meso_mark_layers(data, canvas, &axes);
  if (data->n_cells > 0) draw_cells(data, canvas, &axes);
  return MESO_OK;
}

const meso_figure_ops meso_fig_probe = {
  "probe", "Contacts of the probe beside the layers and the cell types' morphologies, somata in "
           "the middle of their layers.", 180.0, 110.0, is_available, draw
};
