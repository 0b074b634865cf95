/* fig_bold.c: BOLD response of each region, the drive it came from, the stimulus blocks and the
 * baseline window; where there is no response, why. */
#include "meso_figure_tools.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MESO_MOST_BLOCKS = 10000 };

/* Reason that the stage wrote for a file without a response, or NULL. */
static const char *reason_of(const meso_figure_data *data)
{
  return data->bold != NULL ? meso_attrs_text(&data->bold->attrs, "empty") : NULL;
}

static bool is_available(const meso_figure_data *data)
{
  const meso_signal *bold = data->bold != NULL ? meso_signals_find(data->bold, "bold") : NULL;
  return (bold != NULL && bold->n_channels > 0) || reason_of(data) != NULL;
}

static meso_rgb region_color(const meso_figure_data *data, const meso_signal *signal, size_t c)
{
  const char *label = signal->label != NULL ? signal->label[c] : NULL;
  if (signal->position_um != NULL) return meso_palette_ordered(c, signal->n_channels); /* depths */
  if (label == NULL || *label == '\0') return meso_palette(c);
  return signal->n_channels == 1 ? meso_palette(0) : meso_population_color(data, label);
}

static double time_s(const meso_signal *signal, double sample)
{
  return signal->t_start_ms / 1000.0 + sample / signal->sampling_rate_Hz;
}

/* ---- stimulus and baseline ------------------------------------------------------------------ */

/* Blocks or pulses that begin before stop_s; 0 without a schedule of any. */
static size_t n_blocks(const meso_figure_data *data, double stop_s)
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

static void shade_blocks(const meso_figure_data *data, meso_canvas *canvas, const meso_axes *axes)
{
  for (size_t i = 0, n = n_blocks(data, axes->x_max); i < n; i++) {
    const meso_schedule *s = &data->model->thalamus;
    double on = (s->start_ms + (double) i * s->period_ms) / 1000.0;
    meso_axes_shade(canvas, axes, on, on + s->on_ms / 1000.0, meso_light_grey, 0.6);
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

static void draw_legend(const meso_figure_data *data, meso_canvas *canvas, double x, double y,
                        const meso_signal *signal, double stop_s)
{
  double right = meso_canvas_width(canvas) - 60.0, left = x, start, stop;
  for (size_t c = 0; c < signal->n_channels && x < right; c++) {
    char number[32];
    const char *name = signal->label != NULL ? signal->label[c] : NULL;
    snprintf(number, sizeof number, "region %zu", c + 1);
    x = meso_canvas_key(canvas, x, y, (meso_stroke) { region_color(data, signal, c), 1.8, false },
                        "%s", name != NULL && *name != '\0' ? name : number);
  }
  x = left;
  size_t n = n_blocks(data, stop_s);
  if (n > 0)
    x = meso_canvas_key(canvas, x, y + 11.0, (meso_stroke) { meso_light_grey, 8.0, false },
                        "stimulus on: n = %zu block%s of %g s", n, n == 1 ? "" : "s",
                        data->model->thalamus.on_ms / 1000.0);
  if (baseline_of(data, &start, &stop))
    meso_canvas_key(canvas, x, y + 11.0, (meso_stroke) { meso_black, 2.4, false },
                    "baseline of the drive: %g\u2013%g s", start, stop);
}

/* ---- panels --------------------------------------------------------------------------------- */

/* Values of channel c times scale, as means of `width` samples each, at the middles of their
 * times; width 1: the samples. Returns their number. */
static size_t channel_means(const meso_signal *signal, size_t c, size_t width, double scale,
                            double *time, double *value)
{
  size_t n = signal->n_times / width;
  for (size_t i = 0; i < n; i++) {
    double sum = 0.0;
    for (size_t k = 0; k < width; k++)
      sum += signal->data[(i * width + k) * signal->n_channels + c];
    time[i] = time_s(signal, (double) (i * width) + 0.5 * (double) (width - 1));
    value[i] = scale * sum / (double) width;
  }
  return n;
}

static void fit_y(const meso_signal *signal, double scale, meso_axes *axes)
{
  double low = 0.0, high = 0.0;
  for (size_t i = 0; i < signal->n_times * signal->n_channels; i++)
    if (isfinite(signal->data[i])) {
      low = fmin(low, scale * signal->data[i]);
      high = fmax(high, scale * signal->data[i]);
    }
  double margin = high > low ? 0.08 * (high - low) : 0.5;
  axes->y_min = low - margin;
  axes->y_max = high + margin;
}

static void draw_frame(const meso_figure_data *data, meso_canvas *canvas, const meso_axes *axes)
{
  shade_blocks(data, canvas, axes);
  meso_axes_draw(canvas, axes);
  meso_axes_guide(canvas, axes, NAN, 0.0, meso_grey);
  mark_baseline(data, canvas, axes);
}

/* One line per region, values times scale; with width > 1 pale samples under means of width. */
static meso_status draw_panel(const meso_figure_data *data, meso_canvas *canvas, meso_axes axes,
                              const meso_signal *signal, double scale, size_t width,
                              meso_err *err)
{
  meso_status status = MESO_OK;
  double *time = NULL, *value = NULL;
  MESO_ALLOC(err, time, signal->n_times);
  MESO_ALLOC(err, value, signal->n_times);
  fit_y(signal, scale, &axes);
  draw_frame(data, canvas, &axes);
  for (size_t c = 0; width > 1 && c < signal->n_channels; c++) {
    size_t n = channel_means(signal, c, 1, scale, time, value);
    meso_rgb pale = meso_paler(region_color(data, signal, c), 0.65);
    meso_axes_line(canvas, &axes, n, time, value, (meso_stroke) { pale, 0.3, false });
  }
  for (size_t c = 0; c < signal->n_channels; c++) {
    size_t n = channel_means(signal, c, width, scale, time, value);
    meso_axes_line(canvas, &axes, n, time, value,
                   (meso_stroke) { region_color(data, signal, c), 1.1, false });
  }
cleanup:
  free(time);
  free(value);
  return status;
}

/* An empty frame and the reason, from left to right in the middle of it. */
static void draw_reason(meso_canvas *canvas, meso_axes axes, const char *reason)
{
  if (!(axes.x_max > axes.x_min)) axes.x_max = axes.x_min + 1.0;
  axes.y_min = -1.0;
  axes.y_max = 1.0;
  axes.x_label = "time (s)";
  axes.no_y_ticks = true;
  meso_axes_draw(canvas, &axes);
  double x = axes.box.x + 10.0, y = axes.box.y + 0.4 * axes.box.h;
  meso_canvas_note(canvas, x, y, "<b>There is no BOLD response:</b>");
  for (size_t n; *reason != '\0'; reason += n + strspn(reason + n, " ")) {
    n = strlen(reason);
    if (n > 96) for (n = 96; n > 40 && reason[n] != ' '; n--) continue;
    meso_canvas_note(canvas, x, y += 11.0, "%.*s", (int) n, reason);
  }
}

static bool has_value(const meso_signal *signal)
{
  for (size_t i = 0; i < signal->n_times * signal->n_channels; i++)
    if (isfinite(signal->data[i])) return true;
  return false;
}

/* Why nothing can be drawn, or NULL. */
static const char *find_reason(const meso_figure_data *data, const meso_signal *bold)
{
  if (reason_of(data) != NULL) return reason_of(data);
  if (bold->data == NULL || bold->n_times < 2)
    return "fewer than two volumes: the recording is shorter than the time between volumes";
  if (!(bold->sampling_rate_Hz > 0.0)) return "the signal has no sampling rate";
  return has_value(bold) ? NULL : "no sample has a finite value";
}

static void describe(const meso_signal *bold, size_t size, char *title)
{
  const char *model = meso_attrs_text(&bold->attrs, "model");
  snprintf(title, size, "BOLD signal change%s%.40s: n = %zu volumes, TR = %g s",
           model != NULL ? ", " : "", model != NULL ? model : "", bold->n_times,
           1.0 / bold->sampling_rate_Hz);
}

/* The drive, as means over one volume where it is sampled more densely. */
static meso_status draw_drive(const meso_figure_data *data, meso_canvas *canvas, meso_axes axes,
                              const meso_signal *drive, double TR_s, meso_err *err)
{
  meso_status status = MESO_OK;
  char title[128];
  double per_volume = floor(TR_s * drive->sampling_rate_Hz + 1e-9);
  size_t width = per_volume >= 2.0 && per_volume <= 0.5 * (double) drive->n_times
                 ? (size_t) per_volume : 1;
  const char *source = meso_attrs_text(&drive->attrs, "source");
  snprintf(title, sizeof title, "Drive%s%.24s: n = %zu samples%s",
           source != NULL ? " from " : "", source != NULL ? source : "", drive->n_times,
           width > 1 ? " (pale) and means over one TR" : "");
  axes.title = title;
  axes.x_label = "time (s)";
  axes.y_label = "drive (dimensionless)";
  MESO_TRY(draw_panel(data, canvas, axes, drive, 1.0, width, err));
cleanup:
  return status;
}

static meso_status draw(const meso_figure_data *data, meso_canvas *canvas, meso_err *err)
{
  meso_status status = MESO_OK;
  const meso_signal *bold = meso_signals_find(data->bold, "bold");
  const meso_signal *drive = meso_find_signal(data->bold, "drive");
  const char *reason = find_reason(data, bold);
  double width = meso_canvas_width(canvas), height = meso_canvas_height(canvas);
  char title[160] = "BOLD signal change";
  meso_axes axes = { .box = { 48.0, 46.0, width - 62.0, height - 78.0 }, .y_label = "BOLD (%)",
                     .title = title };
  if (reason != NULL) {
    axes.x_max = data->model != NULL ? data->model->simulation.duration_ms / 1000.0 : 1.0;
    draw_reason(canvas, axes, reason);
    goto cleanup;
  }
  bool fraction = strcmp(bold->units, "1") == 0;
  if (!fraction && strcmp(bold->units, "%") != 0) axes.y_label = "BOLD (arbitrary units)";
  describe(bold, sizeof title, title);
  axes.x_min = time_s(bold, 0.0);
  axes.x_max = time_s(bold, (double) (bold->n_times - 1));
  if (drive != NULL) axes.x_max = fmax(axes.x_max, time_s(drive, (double) (drive->n_times - 1)));
  draw_legend(data, canvas, axes.box.x, 9.0, bold, axes.x_max);
  if (drive != NULL) axes.box.h = 0.58 * (height - 112.0);
  axes.x_label = drive == NULL ? "time (s)" : NULL;
  axes.no_x_ticks = drive != NULL;
  MESO_TRY(draw_panel(data, canvas, axes, bold, fraction ? 100.0 : 1.0, 1, err));
  if (drive == NULL) goto cleanup;
  double top = axes.box.y + axes.box.h + 34.0;
  axes.box = (meso_box) { 48.0, top, width - 62.0, height - top - 32.0 };
  axes.no_x_ticks = false;
  MESO_TRY(draw_drive(data, canvas, axes, drive, 1.0 / bold->sampling_rate_Hz, err));
cleanup:
  return status;
}

const meso_figure_ops meso_fig_bold = {
  "bold", "BOLD signal and the drive that it was computed from, by region.",
  170.0, 112.0, is_available, draw
};
