/* fig_bold_states.c: from the drive to BOLD: flow, volume and deoxyhaemoglobin in between. */
#include "meso_bold_panels.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { PANELS = 5 };

/* In the order in which one makes the next; the drive may be missing. */
static const struct { const char *signal, *title, *y_label; double rest; } panel[PANELS] = {
  { "drive", "Drive", "1", 0.0 },
  { "flow", "Blood flow", "f / f at rest", 1.0 },
  { "volume", "Blood volume", "v / v at rest", 1.0 },
  { "deoxyhaemoglobin", "Deoxyhaemoglobin", "q / q at rest", 1.0 },
  { "bold", "Signal change", "BOLD (%)", 0.0 }
};

static bool is_available(const meso_figure_data *data)
{
  for (size_t i = 1; i < PANELS; i++) {
    const meso_signal *s = meso_find_signal(data->bold, panel[i].signal);
    if (s == NULL || s->n_times < 2 || !(s->sampling_rate_Hz > 0.0)) return false;
  }
  return true;
}

static meso_status draw(const meso_figure_data *data, meso_canvas *canvas, meso_err *err)
{
  meso_status status = MESO_OK;
  const meso_signal *bold = meso_find_signal(data->bold, "bold");
  const bool has_drive = meso_find_signal(data->bold, "drive") != NULL;
  const bool fraction = strcmp(bold->units, "1") == 0;
  const double top = 52.0, gap = 24.0, bottom = 34.0, n = has_drive ? 5.0 : 4.0;
  const double height = (meso_canvas_height(canvas) - top - bottom - gap * (n - 1.0)) / n;
  meso_axes axes = { .box = { 52.0, top, meso_canvas_width(canvas) - 66.0, height },
                     .x_min = meso_signal_time_s(bold, 0.0),
                     .x_max = meso_signal_time_s(bold, (double) (bold->n_times - 1)) };
  meso_bold_legend(data, canvas, axes.box.x, 9.0, bold, axes.x_max);
  for (size_t i = has_drive ? 0 : 1; i < PANELS; i++) {
    const meso_signal *s = meso_find_signal(data->bold, panel[i].signal);
    const bool last = i + 1 == PANELS;
    axes.title = panel[i].title;
    axes.y_label = last && !fraction ? bold->units : panel[i].y_label;
    axes.x_label = last ? "time (s)" : NULL;
    axes.no_x_ticks = !last;
    MESO_TRY(meso_bold_panel(data, canvas, axes, s, last && fraction ? 100.0 : 1.0, panel[i].rest,
                             meso_samples_per_volume(s, 1.0 / bold->sampling_rate_Hz), err));
    axes.box.y += height + gap;
  }
cleanup:
  return status;
}

const meso_figure_ops meso_fig_bold_states = {
  "bold_states", "From the drive to BOLD: blood flow, blood volume and deoxyhaemoglobin relative "
                 "to rest, and the signal change they make; grey lines: rest.",
  170.0, 165.0, is_available, draw
};
