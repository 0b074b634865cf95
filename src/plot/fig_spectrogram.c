/* fig_spectrogram.c: spectral density over time of the middle channel. */
#include "meso_figure_tools.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define SHOWN_BELOW_HZ 200.0

static bool find(const meso_figure_data *data, const meso_array **psd, const meso_array **t,
                 const meso_array **f)
{
  *psd = meso_find_array(data, "/spectrogram/psd");
  *t = meso_find_array(data, "/spectrogram/time_ms");
  *f = meso_find_array(data, "/spectrogram/frequency_Hz");
  return *psd != NULL && *t != NULL && *f != NULL && (*psd)->data != NULL && (*t)->data != NULL
         && (*f)->data != NULL && (*psd)->n_dims == 3 && (*psd)->dims[0] > 0
         && (*psd)->dims[1] == meso_array_count(*t) && (*psd)->dims[1] > 1
         && (*psd)->dims[2] == meso_array_count(*f) && (*psd)->dims[2] > 2;
}

static bool is_available(const meso_figure_data *data)
{
  const meso_array *psd, *t, *f;
  return find(data, &psd, &t, &f);
}

static meso_status draw(const meso_figure_data *data, meso_canvas *canvas, meso_err *err)
{
  meso_status status = MESO_OK;
  const meso_array *psd, *t, *f;
  double *image = NULL;
  if (!find(data, &psd, &t, &f)) MESO_FAIL(err, MESO_ENOTFOUND, "there is no spectrogram to draw");
  const size_t n_t = psd->dims[1], n_f = psd->dims[2], channel = psd->dims[0] / 2;
  const double step_Hz = f->data[1] - f->data[0], step_s = 1e-3 * (t->data[1] - t->data[0]);
  const double *x = psd->data + channel * n_t * n_f;
  size_t shown = 1;
  while (shown < n_f && f->data[shown] <= SHOWN_BELOW_HZ) shown++;
  MESO_ALLOC(err, image, n_t * shown);
  for (size_t r = 0; r < shown; r++) /* the highest frequency at the top */
    for (size_t k = 0; k < n_t; k++) {
      const double v = x[k * n_f + shown - 1 - r];
      image[r * n_t + k] = v > 0.0 && isfinite(v) ? log10(v) : NAN;
    }
  double low = meso_quantile(n_t * shown, image, 0.02), high = meso_quantile(n_t * shown, image,
                                                                             0.998);
  if (!(high > low)) low = isfinite(low) ? low - 1.0 : 0.0, high = low + 1.0;
  const double first_s = 1e-3 * t->data[0];
  char title[64], units[48], estimator[256];
  (void) snprintf(title, sizeof title, "Channel %zu", channel);
  meso_box box = meso_canvas_cell(canvas, 0, 1, 0, 1, 64.0);
  box.h -= 14.0;
  meso_axes axes = { .box = box, .x_min = first_s - 0.5 * step_s,
                     .x_max = first_s + ((double) n_t - 0.5) * step_s,
                     .y_min = f->data[0] - 0.5 * step_Hz,
                     .y_max = f->data[0] + ((double) shown - 0.5) * step_Hz, .title = title,
                     .x_label = "time (s)", .y_label = "frequency (Hz)" };
  if (!(axes.x_max > axes.x_min)) axes.x_min = 0.0, axes.x_max = 1.0;
  if (!(axes.y_max > axes.y_min)) axes.y_min = 0.0, axes.y_max = 1.0;
  MESO_TRY(meso_axes_image(canvas, &axes, shown, n_t, image, MESO_MAP_SEQUENTIAL, low, high, false,
                           err));
  meso_axes_draw(canvas, &axes);
  meso_units_text(psd->units, units, sizeof units);
  (void) snprintf(title, sizeof title, "log\u2081\u2080 PSD (%.40s)", units);
  meso_canvas_colorbar(canvas, box, MESO_MAP_SEQUENTIAL, low, high, title);
  meso_estimator_text(meso_group_attrs(data, "/spectrogram"), estimator, sizeof estimator);
  meso_canvas_note(canvas, 8.0, meso_canvas_height(canvas) - 6.0, "%s", estimator);
cleanup:
  free(image);
  return status;
}

const meso_figure_ops meso_fig_spectrogram = {
  "spectrogram", "Power spectral density of the middle channel over time.", 170.0, 90.0,
  is_available, draw
};
