/* fig_spectra.c: power spectral densities of the LFP at some depths and of population spiking. */
#include "meso_figure_tools.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { MESO_MOST_LINES = 16, MESO_DEPTHS = 5 };
#define MESO_VALID_BELOW_HZ 200.0

typedef struct curves {
  size_t n, n_frequencies;
  const double *frequency, *psd[MESO_MOST_LINES];
  meso_rgb color[MESO_MOST_LINES];
  char name[MESO_MOST_LINES][48];
} curves;

static bool has_lfp(const meso_figure_data *data)
{
  const meso_array *f = meso_find_array(data, "/spectrum/frequency_Hz");
  const meso_array *p = meso_find_array(data, "/spectrum/psd");
  return f != NULL && p != NULL && p->n_dims == 2 && p->dims[1] == f->dims[0] && f->dims[0] > 2;
}

static bool has_spikes(const meso_figure_data *data)
{
  const meso_array *f = meso_find_array(data, "/population_spectrum/frequency_Hz");
  return f != NULL && f->dims[0] > 2;
}

static bool is_available(const meso_figure_data *data)
{
  return has_lfp(data) || has_spikes(data);
}

static void find_lfp(const meso_figure_data *data, curves *c)
{
  const meso_array *f = meso_find_array(data, "/spectrum/frequency_Hz");
  const meso_array *p = meso_find_array(data, "/spectrum/psd");
  const meso_signal *lfp = meso_find_signal(data->lfp, "lfp");
  size_t channels = p->dims[0], wanted = channels < MESO_DEPTHS ? channels : MESO_DEPTHS;
  c->frequency = f->data;
  c->n_frequencies = f->dims[0];
  for (size_t i = 0; i < wanted; i++) {
    size_t channel = wanted > 1 ? i * (channels - 1) / (wanted - 1) : 0;
    c->psd[i] = p->data + channel * p->dims[1];
    c->color[i] = meso_map_color(MESO_MAP_SEQUENTIAL, 0.85 * (double) i / MESO_DEPTHS);
    if (lfp != NULL && lfp->n_channels == channels && lfp->position_um != NULL)
      snprintf(c->name[i], sizeof c->name[i], "%.0f \u00b5m", meso_channel_z(lfp, channel));
    else
      snprintf(c->name[i], sizeof c->name[i], "channel %zu", channel);
  }
  c->n = wanted;
}

static void find_spikes(const meso_figure_data *data, curves *c)
{
  const meso_array *f = meso_find_array(data, "/population_spectrum/frequency_Hz");
  c->frequency = f->data;
  c->n_frequencies = f->dims[0];
  for (size_t i = 0; i < data->analysis->n && c->n < MESO_MOST_LINES; i++) {
    const meso_array *a = &data->analysis->array[i];
    char name[48];
    int end = 0;
    if (sscanf(a->path, "/population_spectrum/%47[^/]/psd%n", name, &end) != 1 || end == 0
        || a->path[end] != '\0' || meso_array_count(a) != c->n_frequencies)
      continue;
    c->psd[c->n] = a->data;
    c->color[c->n] = meso_population_color(data, name);
    snprintf(c->name[c->n++], sizeof c->name[0], "%s", name);
  }
}

static void draw_curves(meso_canvas *canvas, meso_box box, const curves *c, const char *title,
                        const char *y_label)
{
  double low = INFINITY, high = 0.0, x_max = c->frequency[c->n_frequencies - 1];
  double x_min = c->frequency[0] > 0.0 ? c->frequency[0] : c->frequency[1];
  x_min = fmax(x_min, 1.0 < 0.1 * x_max ? 1.0 : x_min);
  for (size_t i = 0; i < c->n; i++)
    for (size_t k = 1; k < c->n_frequencies; k++)
      if (c->frequency[k] >= x_min && isfinite(c->psd[i][k]) && c->psd[i][k] > 0.0) {
        low = fmin(low, c->psd[i][k]);
        high = fmax(high, c->psd[i][k]);
      }
  if (!(high > 0.0)) low = 0.1, high = 1.0;
  low = fmax(0.7 * low, 1e-9 * high);
  meso_axes axes = { .box = box, .x_min = x_min, .x_max = x_max, .y_min = low, .y_max = 1.5 * high,
                     .x_log = true, .y_log = true, .x_label = "frequency (Hz)",
                     .y_label = y_label, .title = title };
  meso_axes_shade(canvas, &axes, MESO_VALID_BELOW_HZ, x_max, meso_light_grey, 0.6);
  meso_axes_draw(canvas, &axes);
  for (size_t i = 0; i < c->n; i++) {
    meso_axes_line(canvas, &axes, c->n_frequencies, c->frequency, c->psd[i], c->color[i], 0.9);
    double y = box.y + box.h - 8.0 - 9.0 * (double) (c->n - 1 - i);
    meso_canvas_segment(canvas, box.x + 6.0, y, box.x + 16.0, y, c->color[i], 1.8, false);
    meso_canvas_text(canvas, box.x + 19.0, y,
                     (meso_text_style) { .size_pt = 7.0, .color = meso_black }, "%s", c->name[i]);
  }
}

static meso_status draw(const meso_figure_data *data, meso_canvas *canvas, meso_err *err)
{
  (void) err;
  size_t n = (has_lfp(data) ? 1u : 0u) + (has_spikes(data) ? 1u : 0u), at = 0;
  curves c = { .n = 0 };
  if (has_lfp(data)) {
    find_lfp(data, &c);
    draw_curves(canvas, meso_canvas_cell(canvas, 0, 1, at++, n, 12.0), &c, "LFP, by depth",
                "PSD (mV\u00b2/Hz)");
  }
  if (has_spikes(data)) {
    c.n = 0;
    find_spikes(data, &c);
    draw_curves(canvas, meso_canvas_cell(canvas, 0, 1, at, n, 12.0), &c, "Population spiking",
                "PSD ((spikes/s)\u00b2/Hz)");
  }
  return MESO_OK;
}

const meso_figure_ops meso_fig_spectra = {
  "spectra", "Power spectral densities; shaded above 200 Hz, where the forward model is not "
             "validated.",
  180.0, 95.0, is_available, draw
};
