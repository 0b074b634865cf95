/* fig_bold_drives.c: the same recording through every drive of BOLD: of the whole column, over
 * time, and how much alike they are. */
#include "meso_bold_panels.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST = 8 };
static const char tail[] = "_bold";

/* BOLD of the column for each drive, (drive, time), in per cent. */
typedef struct drives { size_t n, n_times; const meso_signal *signal[MOST]; double *value; } drives;

static size_t find(const meso_figure_data *data, const meso_signal *found[MOST])
{
  size_t n = 0;
  for (size_t i = 0; data->bold != NULL && i < data->bold->n && n < MOST; i++) {
    const meso_signal *s = &data->bold->signal[i];
    const size_t length = strlen(s->name), m = sizeof tail - 1;
    if (length <= m || strcmp(s->name + length - m, tail) != 0 || s->n_channels == 0) continue;
    if (s->n_times < 3 || !(s->sampling_rate_Hz > 0.0)) continue;
    if (n > 0 && s->n_times != found[0]->n_times) continue;
    found[n++] = s;
  }
  return n;
}

static bool is_available(const meso_figure_data *data)
{
  const meso_signal *found[MOST];
  return find(data, found) > 0;
}

/* The channel "column", else the mean of all. */
static void fill_column(const meso_signal *s, double *value)
{
  size_t at = s->n_channels;
  for (size_t c = 0; s->label != NULL && c < s->n_channels; c++)
    if (s->label[c] != NULL && strcmp(s->label[c], "column") == 0) at = c;
  const double scale = strcmp(s->units, "1") == 0 ? 100.0 : 1.0;
  for (size_t k = 0; k < s->n_times; k++) {
    double sum = 0.0;
    for (size_t c = 0; c < s->n_channels; c++)
      sum += s->data[k * s->n_channels + c] / (double) s->n_channels;
    value[k] = scale * (at < s->n_channels ? s->data[k * s->n_channels + at] : sum);
  }
}

static double correlation(const double *x, const double *y, size_t n)
{
  double mean[2] = { 0.0, 0.0 }, s[3] = { 0.0, 0.0, 0.0 };
  for (size_t k = 0; k < n; k++) {
    mean[0] += x[k] / (double) n;
    mean[1] += y[k] / (double) n;
  }
  for (size_t k = 0; k < n; k++) {
    s[0] += (x[k] - mean[0]) * (x[k] - mean[0]);
    s[1] += (y[k] - mean[1]) * (y[k] - mean[1]);
    s[2] += (x[k] - mean[0]) * (y[k] - mean[1]);
  }
  return s[0] * s[1] > 0.0 ? s[2] / sqrt(s[0] * s[1]) : NAN;
}

/* "synaptic_current_bold" -> "synaptic current" */
static void pretty_name(const meso_signal *s, char *text, size_t size)
{
  snprintf(text, size, "%.*s", (int) (strlen(s->name) - (sizeof tail - 1)), s->name);
  for (char *c = text; *c != '\0'; c++)
    if (*c == '_') *c = ' ';
}

static meso_stroke stroke_of(size_t i)
{
  return (meso_stroke) { meso_palette(i), 1.2, i % 2 == 1 }; /* equal ones show both */
}

static meso_status draw_traces(const meso_figure_data *data, meso_canvas *canvas, meso_box box,
                               const drives *d, meso_err *err)
{
  meso_status status = MESO_OK;
  const meso_signal *first = d->signal[0];
  double *time = NULL, low = 0.0, high = 0.0, x = box.x, y = box.y + box.h + 34.0;
  MESO_ALLOC(err, time, d->n_times);
  for (size_t k = 0; k < d->n_times; k++) time[k] = meso_signal_time_s(first, (double) k);
  for (size_t i = 0; i < d->n * d->n_times; i++)
    if (isfinite(d->value[i])) low = fmin(low, d->value[i]), high = fmax(high, d->value[i]);
  const double margin = high > low ? 0.06 * (high - low) : 0.5;
  const meso_axes axes = { .box = box, .x_min = time[0], .x_max = time[d->n_times - 1],
                           .y_min = low - margin, .y_max = high + margin, .x_label = "time (s)",
                           .y_label = strcmp(first->units, "1") == 0 ? "BOLD (%)" : first->units,
                           .title = "BOLD of the column by what drives it" };
  meso_bold_shade(data, canvas, &axes);
  meso_axes_draw(canvas, &axes);
  meso_axes_guide(canvas, &axes, NAN, 0.0, meso_grey);
  for (size_t i = 0; i < d->n; i++) {
    char name[64];
    pretty_name(d->signal[i], name, sizeof name);
    meso_axes_line(canvas, &axes, d->n_times, time, d->value + i * d->n_times, stroke_of(i));
    if (i == 4) x = box.x, y += 10.0;
    x = meso_canvas_key(canvas, x, y, stroke_of(i), "%s", name);
  }
cleanup:
  free(time);
  return status;
}

static meso_status draw_matrix(meso_canvas *canvas, meso_box box, const drives *d, meso_err *err)
{
  meso_status status = MESO_OK;
  double r[MOST * MOST], side = fmin(box.w, box.h) / (double) d->n;
  meso_axes axes = { .box = { box.x, box.y, side * (double) d->n, side * (double) d->n },
                     .x_max = 1.0, .y_max = 1.0, .no_x_ticks = true, .no_y_ticks = true,
                     .title = "Correlation of BOLD (dimensionless)" };
  for (size_t i = 0; i < d->n; i++)
    for (size_t j = 0; j < d->n; j++)
      r[i * d->n + j] = correlation(d->value + i * d->n_times, d->value + j * d->n_times,
                                    d->n_times);
  MESO_TRY(meso_axes_image(canvas, &axes, d->n, d->n, r, MESO_MAP_DIVERGING, -1.0, 1.0, false,
                           err));
  meso_canvas_text(canvas, axes.box.x, axes.box.y - 9.0,
                   (meso_text_style) { .size_pt = 8.0, .bold = true, .color = meso_black }, "%s",
                   axes.title);
  for (size_t i = 0; i < d->n; i++) {
    char name[64];
    const double y = axes.box.y + side * ((double) i + 0.5);
    pretty_name(d->signal[i], name, sizeof name);
    meso_canvas_text(canvas, axes.box.x - 4.0, y, (meso_text_style) { .size_pt = 7.0,
                     .anchor = MESO_ANCHOR_RIGHT, .color = meso_palette(i) }, "%s", name);
    for (size_t j = 0; j < d->n; j++) {
      const meso_text_style style = {
        .size_pt = 6.5, .anchor = MESO_ANCHOR_CENTRE,
        .color = meso_readable_on(meso_map_color(MESO_MAP_DIVERGING, 0.5 + 0.5 * r[i * d->n + j]))
      };
      if (isfinite(r[i * d->n + j]))
        meso_canvas_text(canvas, axes.box.x + side * ((double) j + 0.5), y, style, "%.2f",
                         r[i * d->n + j]);
    }
  }
cleanup:
  return status;
}

/* Drives without BOLD: their names. */
static void note_missing(const meso_figure_data *data, meso_canvas *canvas)
{
  char text[256] = "";
  size_t used = 0;
  const meso_attrs *a = &data->bold->attrs;
  for (size_t i = 0; i < a->n; i++) {
    const char *end = strstr(a->v[i].key, "_empty");
    if (end == NULL || end == a->v[i].key || end[6] != '\0' || used + 64 > sizeof text) continue;
    used += (size_t) snprintf(text + used, sizeof text - used, "%s%.*s", used > 0 ? ", " : "",
                              (int) fmin(40.0, (double) (end - a->v[i].key)), a->v[i].key);
  }
  if (used > 0)
    meso_canvas_note(canvas, 8.0, meso_canvas_height(canvas) - 5.0,
                     "no BOLD of: %s (the file says why)", text);
}

static meso_status draw(const meso_figure_data *data, meso_canvas *canvas, meso_err *err)
{
  meso_status status = MESO_OK;
  drives d = { .n = 0 };
  d.n = find(data, d.signal);
  if (d.n == 0) MESO_FAIL(err, MESO_ENOTFOUND, "there is no BOLD of several drives to draw");
  d.n_times = d.signal[0]->n_times;
  MESO_ALLOC(err, d.value, d.n * d.n_times);
  for (size_t i = 0; i < d.n; i++) fill_column(d.signal[i], d.value + i * d.n_times);
  const double width = meso_canvas_width(canvas), height = meso_canvas_height(canvas);
  MESO_TRY(draw_traces(data, canvas, (meso_box) { 46.0, 22.0, width - 60.0, 0.42 * height }, &d,
                       err));
  const double top = 0.42 * height + 98.0;
  MESO_TRY(draw_matrix(canvas, (meso_box) { 110.0, top, width - 130.0, height - top - 18.0 }, &d,
                       err));
  note_missing(data, canvas);
cleanup:
  free(d.value);
  return status;
}

const meso_figure_ops meso_fig_bold_drives = {
  "bold_drives", "The same recording through every drive of BOLD, with one gain, and how much "
                 "alike the responses are.",
  170.0, 150.0, is_available, draw
};
