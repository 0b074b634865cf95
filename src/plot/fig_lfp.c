/* fig_lfp.c: LFP traces of all contacts at their depths. */
#include "meso_figure_tools.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define MESO_LFP_WINDOW_MS 1000.0

static bool is_available(const meso_figure_data *data)
{
  return meso_find_signal(data->lfp, "lfp") != NULL;
}

static double contact_step(const meso_signal *lfp)
{
  if (lfp->n_channels < 2) return 100.0;
  double span = fabs(meso_channel_z(lfp, 0) - meso_channel_z(lfp, lfp->n_channels - 1));
  return span > 0.0 ? span / (double) (lfp->n_channels - 1) : 1.0;
}

/* A round number of mV (or of the signal's unit) near what one contact distance stands for. */
static void draw_scale(meso_canvas *canvas, const meso_axes *axes, double um_per_unit, double step,
                       const char *units)
{
  double target = 1.5 * step / um_per_unit, power = pow(10.0, floor(log10(target)));
  double bar = power * (target / power >= 5.0 ? 5.0 : target / power >= 2.0 ? 2.0 : 1.0);
  double length = fabs(meso_axes_y(axes, 0.0) - meso_axes_y(axes, bar * um_per_unit));
  double x = axes->box.x + axes->box.w + 8.0, y = axes->box.y + axes->box.h - 4.0;
  meso_canvas_segment(canvas, x, y, x, y - length, meso_black, 1.6, false);
  meso_canvas_text(canvas, x + 4.0, y - 0.5 * length,
                   (meso_text_style) { .size_pt = 7.0, .color = meso_black }, "%.3g %s", bar,
                   units);
}

/* Colour of the layer that a contact is in. */
static meso_rgb color_at(const meso_figure_data *data, const meso_signal *lfp, size_t channel)
{
  double z = meso_channel_z(lfp, channel);
  if (data->model == NULL || lfp->position_um == NULL) return meso_palette(0);
  for (size_t i = 0; i < data->model->n_layers; i++) {
    const meso_layer *layer = &data->model->layer[i];
    if (z <= layer->z_top_um && z > layer->z_bottom_um)
      return meso_palette_layer(meso_layer_rank(data, layer->name), false);
  }
  return meso_grey;
}

static meso_status draw(const meso_figure_data *data, meso_canvas *canvas, meso_err *err)
{
  meso_status status = MESO_OK;
  const meso_signal *lfp = meso_find_signal(data->lfp, "lfp");
  double *time = NULL, *trace = NULL, low = INFINITY, high = -INFINITY;
  size_t first, n, m = lfp->n_channels;
  const meso_shown shown = meso_shown_window(
    data, lfp->t_start_ms, lfp->t_start_ms + 1000.0 * (double) lfp->n_times / lfp->sampling_rate_Hz,
    MESO_LFP_WINDOW_MS);
  char onset[64];
  meso_onset_text(shown, onset, sizeof onset);
  meso_shown_samples(lfp, shown, &first, &n);
  MESO_ALLOC(err, time, n);
  MESO_TRY(meso_signal_deviations(lfp, first, n, &trace, err));
  for (size_t i = 0; i < n; i++)
    time[i] = lfp->t_start_ms + 1000.0 * (double) (first + i) / lfp->sampling_rate_Hz;
  for (size_t c = 0; c < m; c++) {
    low = fmin(low, meso_channel_z(lfp, c));
    high = fmax(high, meso_channel_z(lfp, c));
  }
  double step = contact_step(lfp), gain = 1.2 * step / meso_largest(n * m, trace);
  bool flat = !isfinite(gain) || !(gain > 0.0);
  if (flat) gain = 0.0;
  meso_axes axes = { .box = { 56.0, 22.0, meso_canvas_width(canvas) - 116.0,
                              meso_canvas_height(canvas) - 54.0 },
                     .x_min = time[0], .x_max = time[n - 1], .y_min = low - 1.3 * step,
                     .y_max = high + 1.3 * step, .x_label = "time (ms)",
                     .y_label = meso_depth_label(lfp) };
  if (!(axes.x_max > axes.x_min)) axes.x_max = axes.x_min + 1.0;
  meso_axes_draw(canvas, &axes);
  meso_mark_layers(data, canvas, &axes);
  meso_canvas_note(canvas, axes.box.x, 10.0, "%zu contacts, each about its mean in this window%s%s",
                   m, flat ? "; no finite value differs from it" : "", onset);
  meso_mark_onset(canvas, &axes, shown);
  for (size_t c = 0; c < m; c++) {
    for (size_t i = 0; i < n; i++)
      trace[c * n + i] = isfinite(trace[c * n + i])
                         ? meso_channel_z(lfp, c) + gain * trace[c * n + i] : NAN;
    meso_axes_line(canvas, &axes, n, time, trace + c * n,
                   (meso_stroke) { color_at(data, lfp, c), 0.6, false });
  }
  if (!flat) draw_scale(canvas, &axes, gain, step, lfp->units);
cleanup:
  free(time);
  free(trace);
  return status;
}

const meso_figure_ops meso_fig_lfp = {
  "lfp", "Local field potential at every contact of the probe; each trace about its own mean; "
         "dashed: borders of layers, and the first onset of the stimulus if it is in this window.",
  170.0, 125.0, is_available, draw
};
