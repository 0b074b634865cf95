/* fig_contributions.c: how much of the LFP each source population makes, over depth. */
#include "meso_figure_tools.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char head[] = "lfp_from_";

static bool is_part(const meso_signal *signal)
{
  return strncmp(signal->name, head, sizeof head - 1) == 0 && signal->n_times > 1
         && signal->n_channels > 0 && signal->data != NULL;
}

static bool is_available(const meso_figure_data *data)
{
  for (size_t i = 0; data->lfp != NULL && i < data->lfp->n; i++)
    if (is_part(&data->lfp->signal[i])) return true;
  return false;
}

/* Standard deviation over time per channel, after the discard. */
static meso_status deviations(const meso_figure_data *data, const meso_signal *signal, double *sd,
                              meso_err *err)
{
  meso_status status = MESO_OK;
  double *deviation = NULL;
  size_t first, n;
  meso_signal_window(data, signal, &first, &n);
  MESO_TRY(meso_signal_deviations(signal, first, n, &deviation, err));
  for (size_t c = 0; c < signal->n_channels; c++) {
    double squares = 0.0;
    for (size_t i = 0; i < n; i++) squares += deviation[c * n + i] * deviation[c * n + i];
    sd[c] = sqrt(squares / (double) n);
  }
cleanup:
  free(deviation);
  return status;
}

typedef struct profiles {
  size_t n, n_channels;
  double *sd, *z;
  const char **name;
  meso_stroke *stroke;
} profiles;

static meso_status add_profile(const meso_figure_data *data, const meso_signal *signal,
                               const char *name, meso_stroke stroke, profiles *p, meso_err *err)
{
  meso_status status = MESO_OK;
  if (signal->n_channels != p->n_channels) goto cleanup;
  MESO_TRY(deviations(data, signal, p->sd + p->n * p->n_channels, err));
  p->name[p->n] = name;
  p->stroke[p->n++] = stroke;
cleanup:
  return status;
}

static meso_status find_profiles(const meso_figure_data *data, profiles *p, meso_err *err)
{
  meso_status status = MESO_OK;
  const meso_signal *total = meso_find_signal(data->lfp, "lfp"), *one = NULL;
  const size_t n_ranks = data->model != NULL ? data->model->n_populations : 0;
  for (size_t i = 0; i < data->lfp->n && one == NULL; i++)
    if (is_part(&data->lfp->signal[i])) one = &data->lfp->signal[i];
  p->n_channels = one->n_channels;
  MESO_ALLOC(err, p->sd, (data->lfp->n + 1) * p->n_channels);
  MESO_ALLOC(err, p->z, p->n_channels);
  MESO_ALLOC(err, p->name, data->lfp->n + 1);
  MESO_ALLOC(err, p->stroke, data->lfp->n + 1);
  for (size_t c = 0; c < p->n_channels; c++) p->z[c] = meso_channel_z(one, c);
  for (size_t rank = 0; rank <= n_ranks; rank++)
    for (size_t i = 0; i < data->lfp->n; i++) {
      const meso_signal *s = &data->lfp->signal[i];
      const char *name = s->name + sizeof head - 1;
      if (is_part(s) && meso_population_rank(data, name) == rank)
        MESO_TRY(add_profile(data, s, name, meso_population_stroke(data, name, 1.1), p, err));
    }
  if (total != NULL)
    MESO_TRY(add_profile(data, total, "whole LFP", (meso_stroke) { meso_black, 2.0, false }, p,
                         err));
cleanup:
  return status;
}

static meso_status draw(const meso_figure_data *data, meso_canvas *canvas, meso_err *err)
{
  meso_status status = MESO_OK;
  profiles p = { .n = 0 };
  MESO_TRY(find_profiles(data, &p, err));
  double low = INFINITY, high = -INFINITY, most = meso_largest(p.n * p.n_channels, p.sd);
  for (size_t c = 0; c < p.n_channels; c++) {
    low = fmin(low, p.z[c]);
    high = fmax(high, p.z[c]);
  }
  meso_axes axes = { .box = { 60.0, 26.0, meso_canvas_width(canvas) - 92.0,
                              meso_canvas_height(canvas) - 58.0 },
                     .x_max = most > 0.0 ? 1.05 * most : 1.0, .y_min = low - 20.0,
                     .y_max = high + 20.0, .x_label = "standard deviation of the LFP (mV)",
                     .y_label = "depth z (\u00b5m)" };
  meso_axes_draw(canvas, &axes);
  meso_mark_layers(data, canvas, &axes);
  double x = 14.0;
  for (size_t i = 0; i < p.n; i++) {
    meso_axes_line(canvas, &axes, p.n_channels, p.sd + i * p.n_channels, p.z, p.stroke[i]);
    x = meso_canvas_key(canvas, x, 11.0, p.stroke[i], "%s", p.name[i]);
  }
cleanup:
  free(p.sd);
  free(p.z);
  free(p.name);
  free(p.stroke);
  return status;
}

const meso_figure_ops meso_fig_contributions = {
  "contributions", "Contribution of each source population to the LFP over depth, dashed where it "
                   "is inhibitory; variances do not add up where contributions are correlated.",
  170.0, 95.0, is_available, draw
};
