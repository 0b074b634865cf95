/* fig_probe.c: where the contacts are, beside the layers and the cells that make the potentials. */
#include "figure_cells.h"

#include <math.h>

/* Numbers of points (1/72 inch). */
static const double left = 56.0, right = 34.0, top = 24.0, least_bottom = 40.0, gap = 16.0;

static bool is_available(const meso_figure_data *data)
{
  return data->model != NULL && data->model->n_cell_types > 0 &&
         data->model->probe.contacts.n > 0;
}

static meso_extent depths(const meso_figure_data *data)
{
  meso_extent r = { INFINITY, -INFINITY };
  const meso_points *contacts = &data->model->probe.contacts;
  for (size_t i = 0; i < contacts->n; i++) meso_extent_include(&r, contacts->xyz_um[3 * i + 2]);
  for (size_t i = 0; i < data->model->n_layers; i++) {
    meso_extent_include(&r, data->model->layer[i].z_top_um);
    meso_extent_include(&r, data->model->layer[i].z_bottom_um);
  }
  for (size_t i = 0; i < data->n_cells; i++) {
    const meso_extent z = meso_cell_extent(&data->cell[i], 2);
    meso_extent_include(&r, z.low);
    meso_extent_include(&r, z.high);
  }
  const double margin = fmax(0.03 * (r.high - r.low), 20.0);
  return (meso_extent) { r.low - margin, r.high + margin };
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

static meso_axes draw_probe(const meso_figure_data *data, meso_canvas *canvas, meso_extent z,
                            double width)
{
  meso_extent x = { INFINITY, -INFINITY };
  const meso_points *contacts = &data->model->probe.contacts;
  for (size_t i = 0; i < contacts->n; i++) meso_extent_include(&x, contacts->xyz_um[3 * i]);
  const double margin = fmax(0.1 * (x.high - x.low), 20.0);
  const meso_axes axes = {
    .box = { left, top, width, meso_canvas_height(canvas) - top
             - meso_cells_bottom(data, canvas, least_bottom) },
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

static meso_status draw(const meso_figure_data *data, meso_canvas *canvas, meso_err *err)
{
  (void) err;
  const double inner = meso_canvas_width(canvas) - left - right;
  const double width = data->n_cells > 0 ? 0.24 * inner : inner;
  const meso_extent z = depths(data);
  meso_axes axes = draw_probe(data, canvas, z, width);
  meso_canvas_note(canvas, left, 10.0, "%zu contacts, seen along y", data->model->probe.contacts.n);
  if (data->n_cells > 0) {
    axes.box.x += width + gap;
    axes.box.w = inner - width - gap;
  }
  meso_mark_layers(data, canvas, &axes);
  if (data->n_cells > 0) meso_cells_draw(data, canvas, &axes, 10.0, NULL, NULL);
  return MESO_OK;
}

const meso_figure_ops meso_fig_probe = {
  "probe", "Contacts of the probe beside the layers and the cell types' morphologies, somata in "
           "the middle of their layers.", 180.0, 110.0, is_available, draw
};
