/* fig_bold_layers.c: laminar BOLD over depth and time, and its profile while the stimulus is on. */
#include "meso_bold_panels.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A block's first volumes belong to the rise of the response. */
static const double rise_s = 6.0;

static bool is_available(const meso_figure_data *data)
{
  const meso_signal *bold = meso_find_signal(data->bold, "bold");
  return bold != NULL && bold->position_um != NULL && bold->n_channels > 1 && bold->n_times > 1
         && bold->sampling_rate_Hz > 0.0;
}

/* To one digit, so that colour bars have ticks at their ends. */
static double rounded_up(double x)
{
  if (!(x > 0.0 && isfinite(x))) return 1.0;
  const double unit = pow(10.0, floor(log10(x)));
  return unit * ceil(x / unit * (1.0 - 1e-9));
}

/* Depth over time, as means over one volume; channels run from the surface down. */
static meso_status draw_image(const meso_figure_data *data, meso_canvas *canvas, meso_axes axes,
                              const meso_signal *s, double TR_s, double scale, const char *label,
                              meso_err *err)
{
  meso_status status = MESO_OK;
  const size_t m = s->n_channels, width = meso_samples_per_volume(s, TR_s), n = s->n_times / width;
  double *image = NULL, *time = NULL;
  MESO_ALLOC(err, image, m * n);
  MESO_ALLOC(err, time, n);
  for (size_t c = 0; c < m; c++) {
    const size_t row = meso_channel_z(s, 0) >= meso_channel_z(s, m - 1) ? c : m - 1 - c;
    (void) meso_channel_means(s, c, width, scale, time, image + row * n);
  }
  const double limit = rounded_up(meso_largest(m * n, image));
  axes.x_min = time[0] - 0.5 * (double) width / s->sampling_rate_Hz; /* cells are about samples */
  axes.x_max = time[n - 1] + 0.5 * (double) width / s->sampling_rate_Hz;
  MESO_TRY(meso_axes_image(canvas, &axes, m, n, image, MESO_MAP_DIVERGING, -limit, limit, false,
                           err));
  meso_axes_draw(canvas, &axes);
  meso_mark_layers(data, canvas, &axes);
  meso_bold_bars(data, canvas, &axes);
  meso_box beside = axes.box;
  beside.w += 22.0; /* room for the names of the layers */
  meso_canvas_colorbar(canvas, beside, MESO_MAP_DIVERGING, -limit, limit, label);
cleanup:
  free(image);
  free(time);
  return status;
}

/* Mean over the volumes of blocks after their rise, or over all without blocks. */
static void profile(const meso_figure_data *data, const meso_signal *s, double scale,
                    double *value, size_t *ret_n)
{
  const bool has_blocks = meso_bold_blocks(data, INFINITY) > 0;
  size_t n = 0;
  for (size_t c = 0; c < s->n_channels; c++) value[c] = 0.0;
  for (size_t k = 0; k < s->n_times; k++) {
    const double t = meso_signal_time_s(s, (double) k);
    if (has_blocks && !(meso_bold_is_on(data, t) && meso_bold_is_on(data, t - rise_s))) continue;
    n++;
    for (size_t c = 0; c < s->n_channels; c++) value[c] += scale * s->data[k * s->n_channels + c];
  }
  for (size_t c = 0; c < s->n_channels; c++) value[c] = n > 0 ? value[c] / (double) n : NAN;
  *ret_n = n;
}

static meso_status draw_profile(const meso_figure_data *data, meso_canvas *canvas, meso_axes axes,
                                const meso_signal *s, double scale, const char *what,
                                meso_rgb color, meso_err *err)
{
  meso_status status = MESO_OK;
  const size_t m = s->n_channels;
  double *value = NULL, *z = NULL;
  size_t n = 0;
  char title[64];
  MESO_ALLOC(err, value, m);
  MESO_ALLOC(err, z, m);
  profile(data, s, scale, value, &n);
  axes.x_min = axes.x_max = 0.0;
  for (size_t c = 0; c < m; c++) {
    z[c] = meso_channel_z(s, c);
    if (!isfinite(value[c])) continue;
    axes.x_min = fmin(axes.x_min, 1.08 * value[c]);
    axes.x_max = fmax(axes.x_max, 1.08 * value[c]);
  }
  if (!(axes.x_max > axes.x_min)) axes.x_max = axes.x_min + 1.0;
  axes.no_y_ticks = true;
  axes.y_label = NULL;
  axes.x_label = what;
  snprintf(title, sizeof title, "Mean, n = %zu", n);
  axes.title = title;
  meso_axes_draw(canvas, &axes);
  meso_axes_guide(canvas, &axes, 0.0, NAN, meso_grey);
  meso_axes_line(canvas, &axes, m, value, z, (meso_stroke) { color, 1.2, false });
  meso_axes_dots(canvas, &axes, m, value, z, color, 3.0);
cleanup:
  free(value);
  free(z);
  return status;
}

static meso_status draw(const meso_figure_data *data, meso_canvas *canvas, meso_err *err)
{
  static const struct { const char *signal, *title, *label; } row[2] = {
    { "drive_depths", "Drive by depth", "drive (dimensionless)" },
    { "bold", "BOLD by depth", "BOLD (%)" }
  };
  meso_status status = MESO_OK;
  const bool has_drive = meso_find_signal(data->bold, row[0].signal) != NULL;
  const meso_signal *bold = meso_find_signal(data->bold, "bold");
  const double half = 0.5 * fabs(meso_channel_z(bold, 0) - meso_channel_z(bold, 1));
  const double z0 = meso_channel_z(bold, 0), z1 = meso_channel_z(bold, bold->n_channels - 1);
  for (size_t i = has_drive ? 0 : 1; i < 2; i++) {
    const meso_signal *s = meso_find_signal(data->bold, row[i].signal);
    const double scale = i == 1 && strcmp(bold->units, "1") == 0 ? 100.0 : 1.0;
    const meso_box cell = meso_canvas_cell(canvas, has_drive ? i : 0, has_drive ? 2 : 1, 0, 1, 12);
    meso_axes axes = { .box = { cell.x + 8.0, cell.y + 8.0, cell.w - 200.0, cell.h - 18.0 },
                       .y_min = fmin(z0, z1) - half, .y_max = fmax(z0, z1) + half,
                       .x_label = i == 1 ? "time (s)" : NULL, .y_label = "depth z (\u00b5m)",
                       .title = row[i].title };
    MESO_TRY(draw_image(data, canvas, axes, s, 1.0 / bold->sampling_rate_Hz, scale,
                        row[i].label, err));
    axes.box.x = cell.x + cell.w - 90.0;
    axes.box.w = 90.0;
    MESO_TRY(draw_profile(data, canvas, axes, s, scale, row[i].label, meso_palette(i), err));
  }
  if (meso_bold_blocks(data, INFINITY) > 0)
    meso_canvas_note(canvas, 46.0, meso_canvas_height(canvas) - 5.0, "bars above: stimulus on "
                     "\u2003 profiles: means of samples within blocks, from %g s after their onset",
                     rise_s);
cleanup:
  return status;
}

const meso_figure_ops meso_fig_bold_layers = {
  "bold_layers", "Laminar BOLD and its drive over depth and time, and their profiles while the "
                 "stimulus is on: superficial depths also show what drains from below.",
  170.0, 120.0, is_available, draw
};
