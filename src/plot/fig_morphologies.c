/* fig_morphologies.c: the cells of a model, coloured by how densely synapses lie on them. */
#include "figure_cells.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* Numbers of points (1/72 inch). */
static const double left = 52.0, right = 92.0, top = 26.0, gap = 20.0;

static bool is_available(const meso_figure_data *data)
{
  for (size_t i = 0; i < data->n_cells; i++)
    if (data->cell[i].synapses[0] != NULL && data->cell[i].synapses[1] != NULL
        && data->cell[i].segments.n > 0)
      return true;
  return false;
}

/* Which synapses, and the range of their densities that has colours of its own; decades. */
typedef struct shade { int sign; double low, high; } shade;

/* Synapses per 100 um2 of membrane. */
static double density(const meso_figure_cell *cell, int sign, size_t j)
{
  const meso_segments *s = &cell->segments;
  const double area_um2 = M_PI * s->diam_um[j] * s->length_um[j];
  return cell->synapses[sign] != NULL ? 100 * cell->synapses[sign][j] / area_um2 : NAN;
}

static meso_rgb color_of(const void *user, const meso_figure_data *data,
                         const meso_figure_cell *cell, size_t segment)
{
  const shade *s = user;
  const double d = density(cell, s->sign, segment);
  (void) data;
  if (!(d > 0)) return meso_light_grey;
  return meso_map_color(MESO_MAP_SEQUENTIAL, (log10(d) - s->low) / (s->high - s->low));
}

/* At most two decades below the densest. */
static shade find_shade(const meso_figure_data *data, int sign)
{
  double least = INFINITY, most = 0;
  for (size_t i = 0; i < data->n_cells; i++)
    for (size_t j = 0; j < data->cell[i].segments.n; j++) {
      const double d = density(&data->cell[i], sign, j);
      if (!(d > 0) || !isfinite(d)) continue;
      least = fmin(least, d);
      most = fmax(most, d);
    }
  if (!(most > 0)) return (shade) { sign, -1, 1 };
  const double high = log10(most), low = fmax(log10(least), high - 2);
  return (shade) { sign, high - low > 0.1 ? low : high - 0.1, high };
}

static meso_extent depths(const meso_figure_data *data)
{
  meso_extent r = { INFINITY, -INFINITY };
  for (size_t i = 0; data->model != NULL && i < data->model->n_layers; i++) {
    meso_extent_include(&r, data->model->layer[i].z_top_um);
    meso_extent_include(&r, data->model->layer[i].z_bottom_um);
  }
  for (size_t i = 0; i < data->n_cells; i++) {
    const meso_extent z = meso_cell_extent(&data->cell[i], 2);
    meso_extent_include(&r, z.low);
    meso_extent_include(&r, z.high);
  }
  return (meso_extent) { r.low - 20, r.high + 20 };
}

static meso_status draw(const meso_figure_data *data, meso_canvas *canvas, meso_err *err)
{
  static const char *const title[2] = { "Excitatory synapses", "Inhibitory synapses" };
  const double names = meso_cells_bottom(data, canvas, 20.0);
  const double height = (meso_canvas_height(canvas) - 2 * (top + names) - gap) / 2;
  const meso_extent z = depths(data);
  (void) err;
  for (int sign = 0; sign < 2; sign++) {
    const shade s = find_shade(data, sign);
    const meso_axes axes = {
      .box = { left, top + sign * (height + names + top + gap), meso_canvas_width(canvas) - left
               - right, height },
      .x_min = 0, .x_max = 1, .y_min = z.low, .y_max = z.high, .no_x_ticks = true,
      .y_label = "depth z (\u00b5m)", .title = title[sign] };
    meso_axes_draw(canvas, &axes);
    meso_mark_layers(data, canvas, &axes);
    meso_cells_draw(data, canvas, &axes, axes.box.y - 8.0, color_of, &s);
    const meso_box bar = { axes.box.x + 22.0, axes.box.y, axes.box.w, axes.box.h };
    meso_canvas_colorbar(canvas, bar, MESO_MAP_SEQUENTIAL, s.low, s.high,
                         "log\u2081\u2080 synapses per 100 \u00b5m\u00b2");
  }
  return MESO_OK;
}

const meso_figure_ops meso_fig_morphologies = {
  "morphologies", "Cell types of the model, somata in the middle of their layers, coloured by the "
                  "expected density of the network's synapses; grey: none.", 180.0, 190.0,
  is_available, draw
};
