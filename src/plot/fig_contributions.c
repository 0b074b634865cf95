/* fig_contributions.c: how much of the LFP each source population makes, over depth. */
#include "meso_figure_tools.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char head[] = "lfp_from_";

static bool is_part(const meso_signal *signal)
{
  return strncmp(signal->name, head, sizeof head - 1) == 0 && signal->n_times > 1
         && signal->n_channels > 0 && signal->data != NULL;
}

static bool is_available(const meso_figure_data *data)
{
  for (size_t i = 0; data->lfp != NULL && i < data->lfp->n; i++)
    if (is_part(&data->lfp->signal[i])) return true;
  return false;
}

/* Standard deviation over time per channel, after the discard. */
static void deviations(const meso_figure_data *data, const meso_signal *signal, double *sd)
{
  size_t first, n, m = signal->n_channels;
  meso_signal_window(data, signal, 1e9, &first, &n);
  for (size_t c = 0; c < m; c++) {
    double sum = 0.0, squares = 0.0, mean;
    for (size_t i = 0; i < n; i++) sum += signal->data[(first + i) * m + c];
    mean = sum / (double) n;
    for (size_t i = 0; i < n; i++) {
      double d = signal->data[(first + i) * m + c] - mean;
      squares += d * d;
    }
    sd[c] = sqrt(squares / (double) n);
  }
}

typedef struct profiles {
  size_t n, n_channels;
  double *sd, *z;
  const char **name;
  meso_rgb *color;
} profiles;

static meso_status find_profiles(const meso_figure_data *data, profiles *p, meso_err *err)
{
  meso_status status = MESO_OK;
  const meso_signal *total = meso_find_signal(data->lfp, "lfp");
  for (size_t i = 0; i < data->lfp->n && p->n_channels == 0; i++)
    if (is_part(&data->lfp->signal[i])) p->n_channels = data->lfp->signal[i].n_channels;
  MESO_ALLOC(err, p->sd, (data->lfp->n + 1) * p->n_channels);
  MESO_ALLOC(err, p->z, p->n_channels);
  MESO_ALLOC(err, p->name, data->lfp->n + 1);
  MESO_ALLOC(err, p->color, data->lfp->n + 1);
  for (size_t i = 0; i < data->lfp->n; i++) {
    const meso_signal *s = &data->lfp->signal[i];
    if (!is_part(s) || s->n_channels != p->n_channels) continue;
    for (size_t c = 0; c < p->n_channels; c++) p->z[c] = meso_channel_z(s, c);
    deviations(data, s, p->sd + p->n * p->n_channels);
    p->name[p->n] = s->name + sizeof head - 1;
    p->color[p->n] = meso_population_color(data, p->name[p->n]);
    p->n++;
  }
  if (total != NULL && total->n_channels == p->n_channels) {
    deviations(data, total, p->sd + p->n * p->n_channels);
    p->name[p->n] = "whole LFP";
    p->color[p->n++] = meso_black;
  }
cleanup:
  return status;
}

static meso_status draw(const meso_figure_data *data, meso_canvas *canvas, meso_err *err)
{
  meso_status status = MESO_OK;
  profiles p = { 0, 0, NULL, NULL, NULL, NULL };
  MESO_TRY(find_profiles(data, &p, err));
  double low = INFINITY, high = -INFINITY, most = meso_largest(p.n * p.n_channels, p.sd);
  for (size_t c = 0; c < p.n_channels; c++) {
    low = fmin(low, p.z[c]);
    high = fmax(high, p.z[c]);
  }
  meso_axes axes = { .box = { 60.0, 26.0, meso_canvas_width(canvas) - 76.0,
                              meso_canvas_height(canvas) - 58.0 },
                     .x_max = most > 0.0 ? 1.05 * most : 1.0, .y_min = low - 20.0,
                     .y_max = high + 20.0, .x_label = "standard deviation of the LFP (mV)",
                     .y_label = "depth z (\u00b5m)" };
  meso_axes_draw(canvas, &axes);
  for (size_t i = 0; data->model != NULL && i < data->model->n_layers; i++)
    meso_axes_guide(canvas, &axes, NAN, data->model->layer[i].z_bottom_um, meso_light_grey);
  for (size_t i = 0; i < p.n; i++) {
    size_t at = i * p.n_channels;
    meso_axes_line(canvas, &axes, p.n_channels, p.sd + at, p.z, p.color[i],
                   strcmp(p.name[i], "whole LFP") == 0 ? 1.8 : 1.0);
  }
  meso_canvas_legend(canvas, axes.box.x, 11.0, p.n, p.name, p.color);
cleanup:
  free(p.sd);
  free(p.z);
  free(p.name);
  free(p.color);
  return status;
}

const meso_figure_ops meso_fig_contributions = {
  "contributions", "Contribution of each source population to the LFP over depth; variances do not "
                   "add up where contributions are correlated.",
  180.0, 95.0, is_available, draw
};
