/* fig_envelope.c: power in bands, and how envelopes go together. */
#include "meso_lines.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { CHANNELS = 5, MOST_BANDS = 64 };

static bool find(const meso_figure_data *data, const meso_array **power, const meso_array **edge,
                 const meso_array **correlation)
{
  *power = meso_find_array(data, "/envelope/power");
  *edge = meso_find_array(data, "/envelope/band_edges_Hz");
  *correlation = meso_find_array(data, "/envelope/correlation");
  if (*power == NULL || *edge == NULL || *correlation == NULL || (*power)->data == NULL
      || (*edge)->data == NULL || (*correlation)->data == NULL) return false;
  const size_t C = (*power)->dims[0];
  return (*power)->n_dims == 2 && C > 1 && C < 4096
         && (*power)->dims[1] + 1 == meso_array_count(*edge) && (*power)->dims[1] <= MOST_BANDS
         && (*correlation)->n_dims == 2 && (*correlation)->dims[0] == C * (C - 1) / 2
         && (*correlation)->dims[1] == (*power)->dims[1];
}

static bool is_available(const meso_figure_data *data)
{
  const meso_array *power, *edge, *correlation;
  return find(data, &power, &edge, &correlation);
}

static void draw_power(meso_canvas *canvas, meso_box box, const meso_array *power,
                       const double *edge)
{
  const size_t C = power->dims[0], n = power->dims[1], shown = C < CHANNELS ? C : CHANNELS;
  double centre[MOST_BANDS];
  char label[96], units[64];
  meso_units_text(power->units, units, sizeof units);
  (void) snprintf(label, sizeof label, "power in the band (%.60s)", units);
  meso_lines lines = meso_lines_make("Power", "middle of the band (Hz)", label);
  lines.x_log = lines.y_log = true;
  for (size_t b = 0; b < n; b++) centre[b] = sqrt(edge[b] * edge[b + 1]);
  for (size_t i = 0; i < shown; i++) {
    const size_t c = i * (C - 1) / (shown - 1);
    char name[40];
    (void) snprintf(name, sizeof name, "channel %zu", c);
    meso_lines_add(&lines, name, n, centre, power->data + c * n,
                   (meso_stroke) { meso_palette_ordered(i, shown), 0.9, false });
    lines.line[i].dots = true;
  }
  box.h -= meso_lines_legend(canvas, box.w, &lines);
  meso_lines_draw(canvas, box, &lines);
}

static meso_status draw_matrix(meso_canvas *canvas, meso_box box, const meso_array *correlation,
                               size_t C, const double *edge, meso_err *err)
{
  meso_status status = MESO_OK;
  const size_t n = correlation->dims[1], band = n / 2;
  double *matrix = NULL;
  char title[64];
  MESO_ALLOC(err, matrix, C * C);
  (void) snprintf(title, sizeof title, "Envelopes, %g\u2013%g Hz", edge[band], edge[band + 1]);
  for (size_t i = 0, p = 0; i < C; i++) {
    matrix[i * C + i] = NAN;
    for (size_t j = i + 1; j < C; j++, p++)
      matrix[i * C + j] = matrix[j * C + i] = correlation->data[p * n + band];
  }
  const double m = (double) C;
  const meso_axes axes = { .box = box, .x_min = -0.5, .x_max = m - 0.5, .y_min = m - 0.5,
                           .y_max = -0.5, .title = title, .x_label = "channel (number)",
                           .y_label = "channel (number)", .x_whole = true, .y_whole = true };
  MESO_TRY(meso_axes_image(canvas, &axes, C, C, matrix, MESO_MAP_DIVERGING, -1.0, 1.0, false,
                           err));
  meso_axes_draw(canvas, &axes);
  meso_canvas_colorbar(canvas, box, MESO_MAP_DIVERGING, -1.0, 1.0,
                       "correlation of envelopes (dimensionless)");
cleanup:
  free(matrix);
  return status;
}

static meso_status draw(const meso_figure_data *data, meso_canvas *canvas, meso_err *err)
{
  meso_status status = MESO_OK;
  const meso_array *power, *edge, *correlation;
  const double width = meso_canvas_width(canvas), height = meso_canvas_height(canvas);
  if (!find(data, &power, &edge, &correlation))
    MESO_FAIL(err, MESO_ENOTFOUND, "there are no envelopes to draw");
  const double side = fmin(height - 84.0, 0.5 * width - 96.0);
  draw_power(canvas, (meso_box) { 52.0, 24.0, width - side - 52.0 - 110.0, height - 84.0 }, power,
             edge->data);
  MESO_TRY(draw_matrix(canvas, (meso_box) { width - side - 58.0, 24.0, side, side }, correlation,
                       power->dims[0], edge->data, err));
cleanup:
  return status;
}

const meso_figure_ops meso_fig_envelope = {
  "envelope", "Power in frequency bands, and correlation of the envelopes of channels in the "
              "middle band.",
  170.0, 96.0, is_available, draw
};
