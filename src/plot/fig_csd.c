/* fig_csd.c: depth by time: current source density above the LFP it was estimated from. */
#include "meso_figure_tools.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MESO_CSD_WINDOW_MS 300.0
#define MESO_COLOR_QUANTILE 0.995

static bool is_available(const meso_figure_data *data)
{
  return meso_find_signal(data->lfp, "csd") != NULL;
}

/* Largest |value| that has a colour of its own. */
static meso_status find_limit(size_t n, const double *values, double *ret_limit, meso_err *err)
{
  meso_status status = MESO_OK;
  double *size = NULL;
  MESO_ALLOC(err, size, n);
  for (size_t i = 0; i < n; i++) size[i] = fabs(values[i]);
  *ret_limit = meso_quantile(n, size, MESO_COLOR_QUANTILE);
  if (!(*ret_limit > 0.0)) *ret_limit = 1.0;
cleanup:
  free(size);
  return status;
}

/* Rows of an image start at the top of the page, channels may start at the bottom of the probe. */
static void flip_rows(size_t n_rows, size_t n_columns, double *image)
{
  for (size_t top = 0, low = n_rows - 1; top < low; top++, low--)
    for (size_t i = 0; i < n_columns; i++) {
      double kept = image[top * n_columns + i];
      image[top * n_columns + i] = image[low * n_columns + i];
      image[low * n_columns + i] = kept;
    }
}

static void mark_contacts(meso_canvas *canvas, const meso_axes *axes, const meso_signal *signal)
{
  for (size_t c = 0; c < signal->n_channels; c++) {
    double y = meso_axes_y(axes, meso_channel_z(signal, c));
    meso_canvas_segment(canvas, axes->box.x, y, axes->box.x + 4.0, y, meso_black, 0.8, false);
  }
}

/* Depth down, time along rows, each contact about its mean in the window. */
static meso_status draw_panel(const meso_figure_data *data, meso_canvas *canvas,
                              const meso_signal *signal, meso_axes axes, const char *color_label,
                              meso_err *err)
{
  meso_status status = MESO_OK;
  size_t first, n, m = signal->n_channels;
  double *image = NULL, limit = 1.0, rate = signal->sampling_rate_Hz;
  double z0 = meso_channel_z(signal, 0), z1 = meso_channel_z(signal, m - 1);
  double half = m > 1 ? 0.5 * fabs(z0 - z1) / (double) (m - 1) : 50.0;
  const meso_shown shown = meso_shown_window(
    data, signal->t_start_ms, signal->t_start_ms + 1000.0 * (double) signal->n_times / rate,
    MESO_CSD_WINDOW_MS);
  meso_shown_samples(signal, shown, &first, &n);
  MESO_TRY(meso_signal_deviations(signal, first, n, &image, err));
  if (z0 < z1) flip_rows(m, n, image);
  MESO_TRY(find_limit(n * m, image, &limit, err));
  axes.x_min = signal->t_start_ms + 1000.0 * (double) first / rate;
  axes.x_max = signal->t_start_ms + 1000.0 * (double) (first + n) / rate;
  axes.y_min = fmin(z0, z1) - half;
  axes.y_max = fmax(z0, z1) + half;
  axes.y_label = meso_depth_label(signal);
  MESO_TRY(meso_axes_image(canvas, &axes, m, n, image, MESO_MAP_DIVERGING, -limit, limit, true,
                           err));
  meso_depth_axes_draw(canvas, &axes, signal->position_um == NULL);
  meso_mark_layers(data, canvas, &axes);
  mark_contacts(canvas, &axes, signal);
  meso_mark_onset(canvas, &axes, shown);
  meso_box beside = axes.box;
  beside.w += 20.0; /* room for the names of the layers */
  meso_canvas_colorbar(canvas, beside, MESO_MAP_DIVERGING, -limit, limit, color_label);
cleanup:
  free(image);
  return status;
}

static meso_status draw(const meso_figure_data *data, meso_canvas *canvas, meso_err *err)
{
  static const struct { const char *signal, *quantity, *title; } panel[2] = {
    { "csd", "CSD", "Current source density, each contact about its mean in this window" },
    { "lfp", "LFP", "Local field potential, each contact about its mean in this window" }
  };
  meso_status status = MESO_OK;
  size_t n = meso_find_signal(data->lfp, "lfp") != NULL ? 2 : 1;
  for (size_t i = 0; i < n; i++) {
    const meso_signal *signal = meso_find_signal(data->lfp, panel[i].signal);
    const char *units = strcmp(signal->units, "uA/mm^3") == 0 ? "\u00b5A/mm\u00b3"
                                                              : signal->units;
    char color_label[96];
    meso_axes axes = { .box = meso_canvas_cell(canvas, i, n, 0, 1, 82.0),
                       .title = panel[i].title, .x_label = i + 1 == n ? "time (ms)" : NULL };
    axes.box.x += 10.0;
    axes.box.w -= 10.0;
    snprintf(color_label, sizeof color_label, "%s \u2212 mean (%s)", panel[i].quantity, units);
    MESO_TRY(draw_panel(data, canvas, signal, axes, color_label, err));
  }
cleanup:
  return status;
}

const meso_figure_ops meso_fig_csd = {
  "csd", "Current source density and LFP over depth and time about each contact's mean, "
         "interpolated between contacts (ticks inside the left axis); red: positive, more source "
         "than on average; colours end at the 99.5th percentile; dashed: borders of layers, and "
         "the first onset of the stimulus if it is in this window.",
  170.0, 130.0, is_available, draw
};
