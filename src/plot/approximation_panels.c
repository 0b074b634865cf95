/* approximation_panels.c: how far signals are off a reference, by depth and by frequency. */
#include "approximation_panels.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST = 7 };

static const meso_array *numbers(const meso_figure_data *data, const approximation_figure *f,
                                 const char *name, size_t n_dims)
{
  const meso_array *a = name == NULL ? NULL : meso_find_array(data, "%s/%s", f->group, name);
  return a != NULL && a->data != NULL && a->n_dims == n_dims ? a : NULL;
}

bool approximation_available(const meso_figure_data *data, const approximation_figure *f)
{
  const meso_array *depth = numbers(data, f, f->by_depth, 2);
  const meso_array *spectrum = numbers(data, f, f->by_frequency, 3);
  const meso_array *frequency = numbers(data, f, "frequency_Hz", 1);
  const meso_array *name = meso_find_array(data, "%s/name", f->group);
  return depth != NULL && spectrum != NULL && frequency != NULL && name != NULL
         && name->text != NULL && meso_array_count(name) == depth->dims[0]
         && spectrum->dims[0] == depth->dims[0] && spectrum->dims[1] == depth->dims[1]
         && spectrum->dims[2] == frequency->dims[0] && frequency->dims[0] > 2
         && depth->dims[1] > 0;
}

/* "lfp_by_mean_kernel" -> "mean kernel". */
static void pretty_name(const char *head, const char *name, char *text, size_t size)
{
  const size_t n = strlen(head);
  snprintf(text, size, "%s", strncmp(name, head, n) == 0 ? name + n : name);
  for (char *c = text; *c != '\0'; c++)
    if (*c == '_') *c = ' ';
}

static meso_stroke stroke_of(size_t i)
{
  return (meso_stroke) { meso_palette(i), 1.4, i % 2 == 1 };
}

/* What theory expects: (channel) or (channel, frequency), as the array that it stands beside. */
static const meso_array *expected(const meso_figure_data *data, const approximation_figure *f,
                                  const char *name, const meso_array *beside)
{
  const meso_array *a = numbers(data, f, name, beside->n_dims - 1);
  for (size_t d = 1; a != NULL && d < beside->n_dims; d++)
    if (a->dims[d - 1] != beside->dims[d]) return NULL;
  return a;
}

static meso_stroke expected_stroke(void) { return (meso_stroke) { meso_black, 0.9, true }; }

/* Depths of the channels: their numbers where there are no positions. */
static meso_status depths(const meso_figure_data *data, const approximation_figure *f, size_t n,
                          double **ret, meso_err *err)
{
  meso_status status = MESO_OK;
  const meso_array *at = numbers(data, f, "positions", 2);
  MESO_ALLOC(err, *ret, n);
  for (size_t c = 0; c < n; c++)
    (*ret)[c] = at != NULL && at->dims[0] == n && at->dims[1] == 3 ? at->data[3 * c + 2]
                                                                   : (double) c;
cleanup:
  return status;
}

static meso_status draw_depth(const meso_figure_data *data, const approximation_figure *f,
                              meso_canvas *canvas, meso_box box, meso_err *err)
{
  meso_status status = MESO_OK;
  const meso_array *explained = numbers(data, f, f->by_depth, 2);
  const meso_array *theory = expected(data, f, f->expected_by_depth, explained);
  const size_t n = explained->dims[1];
  double *z = NULL, low = INFINITY, high = -INFINITY, least = 0.9;
  MESO_TRY(depths(data, f, n, &z, err));
  for (size_t c = 0; c < n; c++) {
    low = fmin(low, z[c]);
    high = fmax(high, z[c]);
  }
  for (size_t i = 0; i < meso_array_count(explained); i++)
    if (isfinite(explained->data[i])) least = fmin(least, explained->data[i]);
  for (size_t c = 0; theory != NULL && c < n; c++)
    if (isfinite(theory->data[c])) least = fmin(least, theory->data[c]);
  const meso_axes axes = { .box = box, .x_min = fmax(floor(10 * least) / 10, -1), .x_max = 1,
                           .y_min = low - 20, .y_max = high + 20,
                           .x_label = f->depth_label,
                           .y_label = "depth z (\u00b5m)", .title = "By depth" };
  meso_axes_draw(canvas, &axes);
  meso_mark_layers(data, canvas, &axes);
  for (size_t i = 0; i < explained->dims[0] && i < MOST; i++)
    meso_axes_line(canvas, &axes, n, explained->data + i * n, z, stroke_of(i));
  if (theory != NULL) meso_axes_line(canvas, &axes, n, theory->data, z, expected_stroke());
cleanup:
  free(z);
  return status;
}

/* Frequencies of one band of the figure: a tenth of a decade. */
typedef struct bands { size_t n, first[64], last[64]; double middle_Hz[64]; } bands;

static bands find_bands(const meso_array *frequency)
{
  bands b = { .n = 0 };
  const double *f = frequency->data;
  for (size_t k = 1; k < frequency->dims[0] && b.n < 64; b.n++) {
    b.first[b.n] = k;
    while (k < frequency->dims[0] && f[k] <= f[b.first[b.n]] * pow(10, 0.1)) k++;
    b.last[b.n] = k - 1;
    b.middle_Hz[b.n] = sqrt(f[b.first[b.n]] * f[k - 1]);
  }
  return b;
}

/* Medians over the channels and a band of (channel, frequency) numbers. */
static meso_status band_medians(const double *of, size_t n_channels, size_t n_frequencies,
                                const bands *b, double *median, meso_err *err)
{
  meso_status status = MESO_OK;
  double *values = NULL;
  MESO_ALLOC(err, values, n_channels * n_frequencies);
  for (size_t k = 0; k < b->n; k++) {
    size_t n = 0;
    for (size_t c = 0; c < n_channels; c++)
      for (size_t f = b->first[k]; f <= b->last[k]; f++)
        values[n++] = of[c * n_frequencies + f];
    median[k] = meso_quantile(n, values, 0.5);
  }
cleanup:
  free(values);
  return status;
}

static meso_status draw_frequency(const meso_figure_data *data, const approximation_figure *f,
                                  meso_canvas *canvas, meso_box box, meso_err *err)
{
  meso_status status = MESO_OK;
  const meso_array *frequency = numbers(data, f, "frequency_Hz", 1);
  const meso_array *of = numbers(data, f, f->by_frequency, 3);
  const meso_array *theory = expected(data, f, f->expected_by_frequency, of);
  const bands b = find_bands(frequency);
  const size_t n = b.n, n_names = of->dims[0] < MOST ? of->dims[0] : MOST;
  const size_t n_lines = n_names + (theory != NULL), size = of->dims[1] * of->dims[2];
  double *median = NULL, high = 1, low = 1;
  MESO_ALLOC(err, median, n_lines * n);
  for (size_t i = 0; i < n_lines; i++) {
    MESO_TRY(band_medians(i < n_names ? of->data + i * size : theory->data, of->dims[1],
                          of->dims[2], &b, median + i * n, err));
    for (size_t k = 0; k < n; k++) {
      if (isfinite(median[i * n + k])) high = fmax(high, median[i * n + k]);
      if (median[i * n + k] > 0) low = fmin(low, median[i * n + k]);
    }
  }
  const meso_axes axes = { .box = box, .x_min = fmax(frequency->data[1], 1),
                           .x_max = frequency->data[frequency->dims[0] - 1],
                           .y_min = f->is_log ? fmax(0.7 * low, 1e-4) : 0,
                           .y_max = f->is_log ? 1.5 * high : 1, .x_log = true,
                           .y_log = f->is_log, .x_label = "frequency (Hz)",
                           .y_label = f->frequency_label,
                           .title = "By frequency: medians over contacts" };
  meso_axes_draw(canvas, &axes);
  if (f->is_log) meso_axes_guide(canvas, &axes, NAN, 1, meso_grey);
  for (size_t i = 0; i < n_lines; i++)
    meso_axes_line(canvas, &axes, n, b.middle_Hz, median + i * n,
                   i < n_names ? stroke_of(i) : expected_stroke());
cleanup:
  free(median);
  return status;
}

meso_status approximation_draw(const meso_figure_data *data, const approximation_figure *f,
                               meso_canvas *canvas, meso_err *err)
{
  meso_status status = MESO_OK;
  const meso_array *name = meso_find_array(data, "%s/name", f->group);
  const meso_attrs *attrs = meso_group_attrs(data, f->group);
  const double bottom = meso_canvas_height(canvas);
  meso_box left = meso_canvas_cell(canvas, 0, 1, 0, 2, 12.0);
  meso_box right = meso_canvas_cell(canvas, 0, 1, 1, 2, 12.0);
  char estimator[256], text[64];
  double x = 14.0;
  left.h -= 26.0;
  left.w -= 16.0;
  right.h -= 26.0;
  MESO_TRY(draw_depth(data, f, canvas, left, err));
  MESO_TRY(draw_frequency(data, f, canvas, right, err));
  for (size_t i = 0; i < name->dims[0] && i < MOST; i++) {
    pretty_name(f->head, name->text[i], text, sizeof text);
    x = meso_canvas_key(canvas, x, bottom - 18.0, stroke_of(i), "%s", text);
  }
  if (expected(data, f, f->expected_by_depth, numbers(data, f, f->by_depth, 2)) != NULL)
    (void) meso_canvas_key(canvas, x, bottom - 18.0, expected_stroke(), "%s", f->expected_label);
  meso_estimator_text(attrs, estimator, sizeof estimator);
  meso_canvas_note(canvas, 8.0, bottom - 6.0, "%s", estimator);
cleanup:
  return status;
}
