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

enum { MOST_TRACES = 128 };

/* The traces of some channels, evenly chosen, and where they stand: at their depths where these
 * differ, else below one another in the order of their numbers. */
typedef struct stack {
  const meso_signal *lfp;
  size_t n, stride;
  bool by_number;
  double low, high, step;  /* ends of the places; mean distance */
} stack;

static double place_of(const stack *s, size_t i)
{
  return s->by_number ? -(double) (i * s->stride) : meso_channel_z(s->lfp, i * s->stride);
}

static stack stack_of(const meso_signal *lfp)
{
  stack s = { .lfp = lfp, .stride = (lfp->n_channels - 1) / MOST_TRACES + 1,
              .by_number = lfp->position_um == NULL };
  s.n = (lfp->n_channels - 1) / s.stride + 1;
  for (size_t i = 0; i < s.n && !s.by_number; i++)
    for (size_t j = 0; j < i && !s.by_number; j++)
      s.by_number = !(fabs(place_of(&s, i) - place_of(&s, j)) > 1e-6);
  s.low = INFINITY, s.high = -INFINITY;
  for (size_t i = 0; i < s.n; i++) {
    s.low = fmin(s.low, place_of(&s, i));
    s.high = fmax(s.high, place_of(&s, i));
  }
  s.step = s.n > 1 ? (s.high - s.low) / (double) (s.n - 1) : 100.0;
  return s;
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

/* What is shown, of what: contacts, time. */
static void draw_note(meso_canvas *canvas, double x, const stack *s, size_t n, bool flat,
                      meso_shown shown)
{
  const meso_signal *lfp = s->lfp;
  char of[32] = "", part[96] = "", onset[64];
  meso_onset_text(shown, onset, sizeof onset);
  if (s->n < lfp->n_channels) snprintf(of, sizeof of, " of %zu", lfp->n_channels);
  if (n < lfp->n_times)
    snprintf(part, sizeof part, ", %.4g of %.4g s",
             (double) (n > 1 ? n - 1 : n) / lfp->sampling_rate_Hz,
             (double) lfp->n_times / lfp->sampling_rate_Hz);
  meso_canvas_note(canvas, x, 10.0, "%zu%s contact%s about its mean in this window%s%s%s", s->n, of,
                   lfp->n_channels == 1 ? "" : "s, each",
                   flat ? "; no finite value differs from it" : "", part, onset);
}

static meso_status draw(const meso_figure_data *data, meso_canvas *canvas, meso_err *err)
{
  meso_status status = MESO_OK;
  const meso_signal *lfp = meso_find_signal(data->lfp, "lfp");
  const stack s = stack_of(lfp);
  double *time = NULL, *trace = NULL;
  size_t first, n, m = lfp->n_channels;
  const meso_shown shown = meso_shown_window(
    data, lfp->t_start_ms, lfp->t_start_ms + 1000.0 * (double) lfp->n_times / lfp->sampling_rate_Hz,
    MESO_LFP_WINDOW_MS);
  meso_shown_samples(lfp, shown, &first, &n);
  MESO_ALLOC(err, time, n);
  MESO_TRY(meso_signal_deviations(lfp, first, n, &trace, err));
  for (size_t i = 0; i < n; i++)
    time[i] = lfp->t_start_ms + 1000.0 * (double) (first + i) / lfp->sampling_rate_Hz;
  double gain = 1.2 * s.step / meso_largest(n * m, trace);
  const bool flat = !isfinite(gain) || !(gain > 0.0);
  if (flat) gain = 0.0;
  meso_axes axes = { .box = { 56.0, 22.0, meso_canvas_width(canvas) - 116.0,
                              meso_canvas_height(canvas) - 54.0 },
                     .x_min = time[0], .x_max = time[n - 1], .y_min = s.low - 1.3 * s.step,
                     .y_max = s.high + 1.3 * s.step, .x_label = "time (ms)",
                     .y_label = m == 1 ? NULL : s.by_number ? "channel (number)"
                                                            : meso_depth_label(lfp),
                     .no_y_ticks = m == 1 };
  if (!(axes.x_max > axes.x_min)) axes.x_max = axes.x_min + 1.0;
  meso_depth_axes_draw(canvas, &axes, s.by_number);
  if (!s.by_number) meso_mark_layers(data, canvas, &axes);
  draw_note(canvas, axes.box.x, &s, n, flat, shown);
  meso_mark_onset(canvas, &axes, shown);
  for (size_t c = 0; c < s.n; c++) {
    double *y = trace + c * s.stride * n;
    for (size_t i = 0; i < n; i++)
      y[i] = isfinite(y[i]) ? place_of(&s, c) + gain * y[i] : NAN;
    meso_axes_line(canvas, &axes, n, time, y,
                   (meso_stroke) { color_at(data, lfp, c * s.stride), 0.6, false });
  }
  if (!flat) draw_scale(canvas, &axes, gain, s.step, lfp->units);
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
