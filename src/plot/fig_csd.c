/* fig_csd.c: depth by time: current source density above the LFP it was estimated from. */
#include "meso_figure_tools.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MESO_CSD_WINDOW_MS 300.0

static bool is_available(const meso_figure_data *data)
{
  return meso_find_signal(data->lfp, "csd") != NULL;
}

/* Channels from the top down, time along rows. */
static meso_status draw_panel(const meso_figure_data *data, meso_canvas *canvas,
                              const meso_signal *signal, meso_box box, const char *title,
                              const char *x_label, const char *color_label, meso_err *err)
{
  meso_status status = MESO_OK;
  size_t first, n, m = signal->n_channels;
  double *image = NULL, z0 = meso_channel_z(signal, 0), z1 = meso_channel_z(signal, m - 1);
  double rate = signal->sampling_rate_Hz;
  double half = m > 1 ? 0.5 * fabs(z0 - z1) / (double) (m - 1) : 50.0;
  meso_signal_window(data, signal, MESO_CSD_WINDOW_MS, &first, &n);
  MESO_ALLOC(err, image, n * m);
  for (size_t c = 0; c < m; c++)
    for (size_t i = 0; i < n; i++)
      image[c * n + i] = signal->data[(first + i) * m + (z0 >= z1 ? c : m - 1 - c)];
  double limit = meso_quantile(n * m, image, 0.99), low = meso_quantile(n * m, image, 0.01);
  limit = fmax(fabs(limit), fabs(low));
  if (!(limit > 0.0)) limit = 1.0;
  meso_axes axes = { .box = box, .x_min = signal->t_start_ms + 1000.0 * (double) first / rate,
                     .x_max = signal->t_start_ms + 1000.0 * (double) (first + n) / rate,
                     .y_min = fmin(z0, z1) - half, .y_max = fmax(z0, z1) + half,
                     .x_label = x_label, .title = title,
                     .y_label = signal->position_um != NULL ? "depth z (\u00b5m)"
                                                            : "channel (number, downwards)" };
  MESO_TRY(meso_axes_image(canvas, &axes, m, n, image, MESO_MAP_DIVERGING, -limit, limit, true,
                           err));
  meso_axes_draw(canvas, &axes);
  for (size_t i = 0; data->model != NULL && i < data->model->n_layers; i++)
    meso_axes_guide(canvas, &axes, NAN, data->model->layer[i].z_bottom_um, meso_grey);
  meso_canvas_colorbar(canvas, box, MESO_MAP_DIVERGING, -limit, limit, color_label);
cleanup:
  free(image);
  return status;
}

static meso_status draw(const meso_figure_data *data, meso_canvas *canvas, meso_err *err)
{
  meso_status status = MESO_OK;
  const meso_signal *csd = meso_find_signal(data->lfp, "csd");
  const meso_signal *lfp = meso_find_signal(data->lfp, "lfp");
  size_t n = lfp != NULL ? 2 : 1;
  meso_box box = meso_canvas_cell(canvas, 0, n, 0, 1, 66.0);
  box.x += 10.0;
  box.w -= 10.0;
  MESO_TRY(draw_panel(data, canvas, csd, box, "Current source density",
                      lfp == NULL ? "time (ms)" : NULL,
                      strcmp(csd->units, "A/m^3") == 0 ? "CSD (A/m\u00b3)" : csd->units, err));
  if (lfp == NULL) goto cleanup;
  meso_box below = meso_canvas_cell(canvas, 1, n, 0, 1, 66.0);
  below.x += 10.0;
  below.w -= 10.0;
  MESO_TRY(draw_panel(data, canvas, lfp, below, "Local field potential", "time (ms)",
                      strcmp(lfp->units, "mV") == 0 ? "LFP (mV)" : lfp->units, err));
cleanup:
  return status;
}

const meso_figure_ops meso_fig_csd = {
  "csd", "Current source density and LFP over depth and time, interpolated between contacts; "
         "red: positive (sources); colours end at the 99th percentile.",
  180.0, 130.0, is_available, draw
};
