/* fig_kernels.c: the LFP after one spike of each source population: lag by depth. */
#include "meso_figure_tools.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { COLUMNS = 5, MOST = 15 };
static const double first_ms = -5, last_ms = 40;

/* What a kernel file holds, of either kind. */
typedef struct view {
  const meso_array *name, *size;  /* of populations */
  const meso_array *lag, *channel;
  const meso_array *data, *source;            /* pathways: (pathway, channel, lag) */
  const meso_array *coefficient, *function;   /* neurons: (neuron, function, channel) */
} view;

static const meso_array *array(const meso_figure_data *data, const char *path, size_t n_dims,
                               bool is_text)
{
  const meso_array *a = data->kernels != NULL ? meso_result_find(data->kernels, path) : NULL;
  if (a == NULL || a->n_dims != n_dims) return NULL;
  return (is_text ? a->text != NULL : a->data != NULL) && meso_array_count(a) > 0 ? a : NULL;
}

static bool is_pathways(const view *v)
{
  return v->data != NULL && v->source != NULL && v->data->dims[0] == v->source->dims[0]
         && v->data->dims[1] == v->channel->dims[0] && v->data->dims[2] == v->lag->dims[0];
}

static bool is_neurons(const view *v)
{
  double n = 0;
  if (v->coefficient == NULL || v->function == NULL) return false;
  for (size_t p = 0; p < v->size->dims[0]; p++) n += v->size->data[p];
  return (double) v->coefficient->dims[0] == n && v->coefficient->dims[1] == v->function->dims[0]
         && v->coefficient->dims[2] == v->channel->dims[0]
         && v->function->dims[1] == v->lag->dims[0];
}

static bool find(const meso_figure_data *data, view *v)
{
  *v = (view) { .name = array(data, "/populations/name", 1, true),
                .size = array(data, "/populations/size", 1, false),
                .lag = array(data, "/kernels/lag_ms", 1, false),
                .channel = array(data, "/kernels/channel_um", 2, false),
                .data = array(data, "/kernels/data", 3, false),
                .source = array(data, "/kernels/source", 1, true),
                .coefficient = array(data, "/kernels/coefficient", 3, false),
                .function = array(data, "/kernels/function", 2, false) };
  return v->name != NULL && v->size != NULL && v->lag != NULL && v->channel != NULL
         && v->name->dims[0] == v->size->dims[0] && v->channel->dims[1] == 3
         && v->lag->dims[0] > 1 && (is_pathways(v) || is_neurons(v));
}

static bool is_available(const meso_figure_data *data)
{
  view v;
  return find(data, &v);
}

/* Mean over the neurons of a population of their coefficients, times the functions. */
static meso_status neurons_kernel(const view *v, size_t population, double *kernel, meso_err *err)
{
  meso_status status = MESO_OK;
  const size_t F = v->coefficient->dims[1], C = v->coefficient->dims[2], T = v->lag->dims[0];
  const size_t n = (size_t) v->size->data[population];
  double *mean = NULL;
  size_t first = 0;
  for (size_t p = 0; p < population; p++) first += (size_t) v->size->data[p];
  MESO_ALLOC(err, mean, F * C);
  for (size_t j = 0; j < n; j++)
    for (size_t i = 0; i < F * C; i++)
      mean[i] += v->coefficient->data[(first + j) * F * C + i] / (double) n;
  for (size_t f = 0; f < F; f++)
    for (size_t c = 0; c < C; c++)
      for (size_t t = 0; t < T; t++)
        kernel[c * T + t] += mean[f * C + c] * v->function->data[f * T + t];
cleanup:
  free(mean);
  return status;
}

/* Potentials (channel, lag) after a spike of a neuron of a population; mV. */
static meso_status make_kernel(const view *v, size_t population, double *kernel, meso_err *err)
{
  meso_status status = MESO_OK;
  const size_t size = v->channel->dims[0] * v->lag->dims[0];
  for (size_t i = 0; i < size; i++) kernel[i] = 0;
  if (is_pathways(v)) {
    for (size_t p = 0; p < v->data->dims[0]; p++)
      if (strcmp(v->source->text[p], v->name->text[population]) == 0)
        for (size_t i = 0; i < size; i++) kernel[i] += v->data->data[p * size + i];
  } else {
    MESO_TRY(neurons_kernel(v, population, kernel, err));
  }
cleanup:
  return status;
}

/* Channels from the top down; the lags that are shown. */
typedef struct window { size_t *channel, n_channels, first, n; double low, high; } window;

static meso_status find_window(const view *v, window *w, meso_err *err)
{
  meso_status status = MESO_OK;
  const double *z = v->channel->data;
  w->n_channels = v->channel->dims[0];
  MESO_ALLOC(err, w->channel, w->n_channels);
  for (size_t c = 0; c < w->n_channels; c++) {
    size_t at = c;
    for (; at > 0 && z[3 * w->channel[at - 1] + 2] < z[3 * c + 2]; at--)
      w->channel[at] = w->channel[at - 1];
    w->channel[at] = c;
  }
  w->high = z[3 * w->channel[0] + 2];
  w->low = z[3 * w->channel[w->n_channels - 1] + 2];
  while (w->first + 2 < v->lag->dims[0] && v->lag->data[w->first] < first_ms) w->first++;
  while (w->first + w->n < v->lag->dims[0] && v->lag->data[w->first + w->n] <= last_ms) w->n++;
  if (w->n < 2) w->n = 2;
cleanup:
  return status;
}

static meso_status draw_panel(const meso_figure_data *data, meso_canvas *canvas, const view *v,
                              const window *w, size_t population, meso_box box, bool is_first,
                              bool is_last, const double *kernel, meso_err *err)
{
  meso_status status = MESO_OK;
  const size_t T = v->lag->dims[0];
  const double half = w->n_channels > 1 ? 0.5 * (w->high - w->low) / (double) (w->n_channels - 1)
                                        : 50;
  double *image = NULL, most = 0;
  char title[96];
  MESO_ALLOC(err, image, w->n_channels * w->n);
  for (size_t c = 0; c < w->n_channels; c++)
    for (size_t t = 0; t < w->n; t++) {
      image[c * w->n + t] = 1e6 * kernel[w->channel[c] * T + w->first + t]; /* nV */
      most = fmax(most, fabs(image[c * w->n + t]));
    }
  snprintf(title, sizeof title, "%.60s (\u00b1%.3g %s)", v->name->text[population],
           most < 1000 ? most : most / 1000, most < 1000 ? "nV" : "\u00b5V");
  const meso_axes axes = { .box = box, .x_min = v->lag->data[w->first],
                           .x_max = v->lag->data[w->first + w->n - 1], .y_min = w->low - half,
                           .y_max = w->high + half, .no_y_ticks = !is_first,
                           .x_label = is_last ? "lag (ms)" : NULL,
                           .y_label = is_first ? "depth z (\u00b5m)" : NULL,
                           .title = title };
  MESO_TRY(meso_axes_image(canvas, &axes, w->n_channels, w->n, image, MESO_MAP_DIVERGING,
                           most > 0 ? -most : -1, most > 0 ? most : 1, false, err));
  meso_axes_draw(canvas, &axes);
  for (size_t l = 0; data->model != NULL && l < data->model->n_layers; l++)
    if (data->model->layer[l].z_bottom_um > axes.y_min)
      meso_axes_guide(canvas, &axes, NAN, data->model->layer[l].z_bottom_um, meso_grey);
cleanup:
  free(image);
  return status;
}

static meso_status draw(const meso_figure_data *data, meso_canvas *canvas, meso_err *err)
{
  meso_status status = MESO_OK;
  view v;
  window w = { .channel = NULL };
  double *kernel = NULL;
  if (!find(data, &v)) MESO_FAIL(err, MESO_EBUG, "figure without kernels");
  MESO_TRY(find_window(&v, &w, err));
  MESO_ALLOC(err, kernel, v.channel->dims[0] * v.lag->dims[0]);
  const size_t n = v.name->dims[0] < MOST ? v.name->dims[0] : MOST;
  const size_t n_columns = n < COLUMNS ? n : COLUMNS, n_rows = (n + n_columns - 1) / n_columns;
  const double left = 44.0, right = 18.0, bottom = 40.0, gap = 18.0;
  const double width = (meso_canvas_width(canvas) - left - right) / (double) n_columns - gap;
  const double height = (meso_canvas_height(canvas) - bottom) / (double) n_rows;
  for (size_t p = 0; p < n; p++) {
    const size_t row = p / n_columns, column = p % n_columns;
    const meso_box box = { left + (double) column * (width + gap), 20.0 + (double) row * height,
                           width, height - 36.0 };
    MESO_TRY(make_kernel(&v, p, kernel, err));
    MESO_TRY(draw_panel(data, canvas, &v, &w, p, box, column == 0, p + n_columns >= n, kernel,
                        err));
  }
  meso_canvas_note(canvas, 8.0, meso_canvas_height(canvas) - 6.0, "red: positive, blue: negative; "
                   "each panel with its own range; %s%s", is_pathways(&v)
                   ? "sum over the cell types that it reaches, mean over the wiring"
                   : "mean over its neurons, output filter included",
                   v.name->dims[0] > MOST ? "; the first populations" : "");
cleanup:
  free(w.channel);
  free(kernel);
  return status;
}

const meso_figure_ops meso_fig_kernels = {
  "kernels", "LFP over depth after one spike of a neuron of each source population, from the "
             "kernels; dashed: borders of layers.", 180.0, 110.0, is_available, draw
};
