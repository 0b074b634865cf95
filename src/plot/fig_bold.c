/* fig_bold.c: BOLD response of each region, the drive it came from, the stimulus blocks and the
 * baseline window; where there is no response, why. */
#include "meso_bold_panels.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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
  size_t width = meso_samples_per_volume(drive, TR_s);
  const char *source = meso_attrs_text(&drive->attrs, "source");
  snprintf(title, sizeof title, "Drive%s%.24s: n = %zu samples%s",
           source != NULL ? " from " : "", source != NULL ? source : "", drive->n_times,
           width > 1 ? " (pale) and means over one TR" : "");
  axes.title = title;
  axes.x_label = "time (s)";
  axes.y_label = "drive (dimensionless)";
  MESO_TRY(meso_bold_panel(data, canvas, axes, drive, 1.0, 0.0, width, err));
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
  axes.x_min = meso_signal_time_s(bold, 0.0);
  axes.x_max = meso_signal_time_s(bold, (double) (bold->n_times - 1));
  if (drive != NULL)
    axes.x_max = fmax(axes.x_max, meso_signal_time_s(drive, (double) (drive->n_times - 1)));
  meso_bold_legend(data, canvas, axes.box.x, 9.0, bold, axes.x_max);
  if (drive != NULL) axes.box.h = 0.58 * (height - 112.0);
  axes.x_label = drive == NULL ? "time (s)" : NULL;
  axes.no_x_ticks = drive != NULL;
  MESO_TRY(meso_bold_panel(data, canvas, axes, bold, fraction ? 100.0 : 1.0, 0.0, 1, err));
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
