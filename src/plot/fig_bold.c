/* fig_bold.c: BOLD response of each region, the drive it came from, and the stimulus blocks. */
#include "meso_figure_tools.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool is_available(const meso_figure_data *data)
{
  return meso_find_signal(data->bold, "bold") != NULL;
}

static meso_rgb region_color(const meso_figure_data *data, const meso_signal *signal, size_t c)
{
  const char *label = signal->label != NULL ? signal->label[c] : NULL;
  if (label == NULL || *label == '\0') return meso_palette(c);
  return signal->n_channels == 1 ? meso_palette(0) : meso_population_color(data, label);
}

static double end_s(const meso_signal *signal)
{
  return signal->t_start_ms / 1000.0 + (double) (signal->n_times - 1) / signal->sampling_rate_Hz;
}

static bool has_blocks(const meso_figure_data *data)
{
  return data->model != NULL && data->model->thalamus.kind == MESO_SCHEDULE_BLOCKS
         && data->model->thalamus.on_ms > 0.0;
}

static void shade_blocks(const meso_figure_data *data, meso_canvas *canvas, const meso_axes *axes)
{
  if (!has_blocks(data)) return;
  const meso_schedule *s = &data->model->thalamus;
  for (size_t i = 0; i < 10000; i++) {
    double on = (s->start_ms + (double) i * s->period_ms) / 1000.0;
    if (!(on < axes->x_max)) break;
    meso_axes_shade(canvas, axes, on, on + s->on_ms / 1000.0, meso_light_grey, 0.6);
    if (!(s->period_ms > 0.0)) break;
  }
}

/* One line per region; values times scale. */
static meso_status draw_panel(const meso_figure_data *data, meso_canvas *canvas, meso_axes axes,
                              const meso_signal *signal, double scale, meso_err *err)
{
  meso_status status = MESO_OK;
  double *time = NULL, *value = NULL, low = 0.0, high = 0.0;
  size_t n = signal->n_times, m = signal->n_channels;
  MESO_ALLOC(err, time, n);
  MESO_ALLOC(err, value, n);
  for (size_t i = 0; i < n * m; i++)
    if (isfinite(signal->data[i])) {
      low = fmin(low, scale * signal->data[i]);
      high = fmax(high, scale * signal->data[i]);
    }
  double margin = high > low ? 0.06 * (high - low) : 0.5;
  axes.y_min = low - margin;
  axes.y_max = high + margin;
  shade_blocks(data, canvas, &axes);
  meso_axes_draw(canvas, &axes);
  meso_axes_guide(canvas, &axes, NAN, 0.0, meso_grey);
  for (size_t i = 0; i < n; i++)
    time[i] = signal->t_start_ms / 1000.0 + (double) i / signal->sampling_rate_Hz;
  for (size_t c = 0; c < m; c++) {
    meso_rgb color = region_color(data, signal, c);
    for (size_t i = 0; i < n; i++) value[i] = scale * signal->data[i * m + c];
    meso_axes_line(canvas, &axes, n, time, value, color, 1.0);
  }
cleanup:
  free(time);
  free(value);
  return status;
}

static void draw_legend(const meso_figure_data *data, meso_canvas *canvas, double x, double y,
                        const meso_signal *signal)
{
  double right = meso_canvas_width(canvas) - 14.0;
  meso_text_style style = { .size_pt = 7.0, .color = meso_black };
  for (size_t c = 0; c < signal->n_channels; c++) {
    char number[32];
    const char *name = signal->label != NULL ? signal->label[c] : NULL;
    snprintf(number, sizeof number, "region %zu", c + 1);
    if (name == NULL || *name == '\0') name = number;
    double width = meso_canvas_text_width(canvas, name, style);
    if (x + 14.0 + width > right - (has_blocks(data) ? 70.0 : 0.0)) break;
    meso_canvas_segment(canvas, x, y, x + 11.0, y, region_color(data, signal, c), 1.8, false);
    meso_canvas_text(canvas, x + 14.0, y, style, "%s", name);
    x += 24.0 + width;
  }
  if (!has_blocks(data)) return;
  meso_canvas_fill(canvas, (meso_box) { x, y - 4.0, 11.0, 8.0 }, meso_light_grey, 0.8);
  meso_canvas_text(canvas, x + 14.0, y, style, "stimulus on");
}

static meso_status draw(const meso_figure_data *data, meso_canvas *canvas, meso_err *err)
{
  meso_status status = MESO_OK;
  const meso_signal *bold = meso_find_signal(data->bold, "bold");
  const meso_signal *drive = meso_find_signal(data->bold, "drive");
  double width = meso_canvas_width(canvas), height = meso_canvas_height(canvas);
  bool fraction = strcmp(bold->units, "1") == 0;
  double upper = drive != NULL ? 0.58 * (height - 100.0) : height - 66.0;
  meso_axes axes = { .box = { 48.0, 34.0, width - 62.0, upper },
                     .x_min = bold->t_start_ms / 1000.0, .x_max = end_s(bold),
                     .x_label = drive == NULL ? "time (s)" : NULL, .no_x_ticks = drive != NULL,
                     .y_label = "BOLD (%)", .title = "BOLD signal change" };
  if (drive != NULL) axes.x_max = fmax(axes.x_max, end_s(drive));
  if (!fraction && strcmp(bold->units, "%") != 0) axes.y_label = "BOLD (arbitrary units)";
  if (!(axes.x_max > axes.x_min)) axes.x_max = axes.x_min + 1.0;
  draw_legend(data, canvas, axes.box.x, 10.0, bold);
  MESO_TRY(draw_panel(data, canvas, axes, bold, fraction ? 100.0 : 1.0, err));
  if (drive == NULL) goto cleanup;
  double top = axes.box.y + upper + 34.0;
  axes.box = (meso_box) { 48.0, top, width - 62.0, height - top - 32.0 };
  axes.x_label = "time (s)";
  axes.no_x_ticks = false;
  axes.y_label = "drive (dimensionless)";
  axes.title = "Drive: synaptic current over its baseline";
  MESO_TRY(draw_panel(data, canvas, axes, drive, 1.0, err));
cleanup:
  return status;
}

const meso_figure_ops meso_fig_bold = {
  "bold", "BOLD signal and the drive that it was computed from, by region.",
  180.0, 110.0, is_available, draw
};
