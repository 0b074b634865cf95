/* meso_bold_panels.c: panels over time with the stimulus blocks and the baseline of the drive. */
#include "meso_bold_panels.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MESO_MOST_BLOCKS = 10000 };

meso_rgb meso_bold_color(const meso_figure_data *data, const meso_signal *signal, size_t c)
{
  const char *label = signal->label != NULL ? signal->label[c] : NULL;
  if (signal->position_um != NULL) return meso_palette_ordered(c, signal->n_channels); /* depths */
  if (label == NULL || *label == '\0') return meso_palette(c);
  return signal->n_channels == 1 ? meso_palette(0) : meso_population_color(data, label);
}

double meso_signal_time_s(const meso_signal *signal, double sample)
{
  return signal->t_start_ms / 1000.0 + sample / signal->sampling_rate_Hz;
}

size_t meso_bold_blocks(const meso_figure_data *data, double stop_s)
{
  const meso_schedule *s = data->model != NULL ? &data->model->thalamus : NULL;
  bool has_blocks = s != NULL && s->on_ms > 0.0
                    && (s->kind == MESO_SCHEDULE_BLOCKS || s->kind == MESO_SCHEDULE_PULSES);
  size_t n = 0;
  if (!has_blocks) return 0;
  if (!(s->period_ms > 0.0)) return s->start_ms < 1000.0 * stop_s ? 1 : 0;
  while (n < MESO_MOST_BLOCKS && s->start_ms + (double) n * s->period_ms < 1000.0 * stop_s) n++;
  return n;
}

bool meso_bold_is_on(const meso_figure_data *data, double time_s)
{
  for (size_t i = 0, n = meso_bold_blocks(data, time_s); i < n; i++) {
    const meso_schedule *s = &data->model->thalamus;
    double on = (s->start_ms + (double) i * s->period_ms) / 1000.0;
    if (time_s >= on && time_s < on + s->on_ms / 1000.0) return true;
  }
  return false;
}

void meso_bold_shade(const meso_figure_data *data, meso_canvas *canvas, const meso_axes *axes)
{
  for (size_t i = 0, n = meso_bold_blocks(data, axes->x_max); i < n; i++) {
    const meso_schedule *s = &data->model->thalamus;
    double on = (s->start_ms + (double) i * s->period_ms) / 1000.0;
    meso_axes_shade(canvas, axes, on, on + s->on_ms / 1000.0, meso_light_grey, 0.6);
  }
}

void meso_bold_bars(const meso_figure_data *data, meso_canvas *canvas, const meso_axes *axes)
{
  for (size_t i = 0, n = meso_bold_blocks(data, axes->x_max); i < n; i++) {
    const meso_schedule *s = &data->model->thalamus;
    double on = (s->start_ms + (double) i * s->period_ms) / 1000.0;
    double left = meso_axes_x(axes, fmax(on, axes->x_min));
    double right = meso_axes_x(axes, fmin(on + s->on_ms / 1000.0, axes->x_max));
    if (right > left + 1.0) /* a point on the page */
      meso_canvas_fill(canvas, (meso_box) { left, axes->box.y - 4.0, right - left, 3.0 },
                       meso_black, 1.0);
  }
}

/* Interval that gave the drive's baseline: what the file says, else the model; false: unknown. */
static bool baseline_of(const meso_figure_data *data, double *ret_start_s, double *ret_stop_s)
{
  const meso_signal *drive = meso_find_signal(data->bold, "drive");
  static const meso_attrs none = { 0, NULL };
  const meso_attrs *attrs = drive != NULL ? &drive->attrs : &none;
  bool has_model = data->model != NULL;
  *ret_start_s = meso_attrs_number(attrs, "baseline_start_s",
                                   has_model ? data->model->bold.baseline_start_s : NAN);
  *ret_stop_s = meso_attrs_number(attrs, "baseline_stop_s",
                                  has_model ? data->model->bold.baseline_stop_s : NAN);
  return *ret_stop_s > *ret_start_s;
}

/* A bar along the bottom of the panel. */
static void mark_baseline(const meso_figure_data *data, meso_canvas *canvas, const meso_axes *axes)
{
  double start, stop, y = axes->box.y + axes->box.h - 2.5;
  if (!baseline_of(data, &start, &stop)) return;
  start = fmax(start, axes->x_min);
  stop = fmin(stop, axes->x_max);
  if (stop > start)
    meso_canvas_segment(canvas, meso_axes_x(axes, start), y, meso_axes_x(axes, stop), y,
                        meso_black, 2.4, false);
}

void meso_bold_block_legend(const meso_figure_data *data, meso_canvas *canvas, double x, double y,
                            double stop_s)
{
  double start, stop;
  size_t n = meso_bold_blocks(data, stop_s);
  if (n > 0)
    x = meso_canvas_key(canvas, x, y, (meso_stroke) { meso_light_grey, 8.0, false },
                        "stimulus on: n = %zu block%s of %g s", n, n == 1 ? "" : "s",
                        data->model->thalamus.on_ms / 1000.0);
  if (baseline_of(data, &start, &stop))
    meso_canvas_key(canvas, x, y, (meso_stroke) { meso_black, 2.4, false },
                    "baseline of the drive: %g\u2013%g s", start, stop);
}

void meso_bold_legend(const meso_figure_data *data, meso_canvas *canvas, double x, double y,
                      const meso_signal *signal, double stop_s)
{
  double right = meso_canvas_width(canvas) - 60.0, left = x;
  for (size_t c = 0; c < signal->n_channels && x < right; c++) {
    char number[32];
    const char *name = signal->label != NULL ? signal->label[c] : NULL;
    snprintf(number, sizeof number, "region %zu", c + 1);
    x = meso_canvas_key(canvas, x, y,
                        (meso_stroke) { meso_bold_color(data, signal, c), 1.8, false }, "%s",
                        name != NULL && *name != '\0' ? name : number);
  }
  meso_bold_block_legend(data, canvas, left, y + 11.0, stop_s);
}

size_t meso_channel_means(const meso_signal *signal, size_t c, size_t width, double scale,
                          double *time, double *value)
{
  size_t n = signal->n_times / width;
  for (size_t i = 0; i < n; i++) {
    double sum = 0.0;
    for (size_t k = 0; k < width; k++)
      sum += signal->data[(i * width + k) * signal->n_channels + c];
    time[i] = meso_signal_time_s(signal, (double) (i * width) + 0.5 * (double) (width - 1));
    value[i] = scale * sum / (double) width;
  }
  return n;
}

size_t meso_samples_per_volume(const meso_signal *signal, double TR_s)
{
  double n = floor(TR_s * signal->sampling_rate_Hz + 1e-9);
  return n >= 2.0 && n <= 0.5 * (double) signal->n_times ? (size_t) n : 1;
}

static void fit_y(const meso_signal *signal, double scale, double rest, meso_axes *axes)
{
  double low = rest, high = rest;
  for (size_t i = 0; i < signal->n_times * signal->n_channels; i++)
    if (isfinite(signal->data[i])) {
      low = fmin(low, scale * signal->data[i]);
      high = fmax(high, scale * signal->data[i]);
    }
  double margin = high > low ? 0.08 * (high - low) : 0.5;
  axes->y_min = low - margin;
  axes->y_max = high + margin;
}

static void draw_frame(const meso_figure_data *data, meso_canvas *canvas, const meso_axes *axes,
                       double rest)
{
  meso_bold_shade(data, canvas, axes);
  meso_axes_draw(canvas, axes);
  meso_axes_guide(canvas, axes, NAN, rest, meso_grey);
  mark_baseline(data, canvas, axes);
}

meso_status meso_bold_panel(const meso_figure_data *data, meso_canvas *canvas, meso_axes axes,
                            const meso_signal *signal, double scale, double rest, size_t width,
                            meso_err *err)
{
  meso_status status = MESO_OK;
  double *time = NULL, *value = NULL;
  MESO_ALLOC(err, time, signal->n_times);
  MESO_ALLOC(err, value, signal->n_times);
  fit_y(signal, scale, rest, &axes);
  draw_frame(data, canvas, &axes, rest);
  for (size_t c = 0; width > 1 && c < signal->n_channels; c++) {
    size_t n = meso_channel_means(signal, c, 1, scale, time, value);
    meso_rgb pale = meso_paler(meso_bold_color(data, signal, c), 0.65);
    meso_axes_line(canvas, &axes, n, time, value, (meso_stroke) { pale, 0.3, false });
  }
  for (size_t c = 0; c < signal->n_channels; c++) {
    size_t n = meso_channel_means(signal, c, width, scale, time, value);
    meso_axes_line(canvas, &axes, n, time, value,
                   (meso_stroke) { meso_bold_color(data, signal, c), 1.1, false });
  }
cleanup:
  free(time);
  free(value);
  return status;
}
