/* meso_figure_tools.c: lookups, windows and distributions that figures share. */
#include "meso_figure_tools.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MESO_AROUND_ONSET_MS 300.0

const meso_population *meso_population_of(const meso_figure_data *data, const char *name)
{
  if (data->model == NULL) return NULL;
  for (size_t i = 0; i < data->model->n_populations; i++)
    if (strcmp(data->model->population[i].name, name) == 0) return &data->model->population[i];
  return NULL;
}

enum { OTHER_LAYER = 4 };
static const size_t no_rank = SIZE_MAX;

/** Rank of a layer or of a population named after one; no_rank if the name says nothing. */
static size_t find_rank(const meso_figure_data *data, const char *name)
{
  static const struct { const char *start; size_t rank; } usual[] = {
    { "L2", 0 }, { "L3", 0 }, { "L4", 1 }, { "L5", 2 }, { "L6", 3 }, { "TC", OTHER_LAYER },
    { "L1", OTHER_LAYER }
  };
  for (size_t i = 0; i < sizeof usual / sizeof usual[0]; i++)
    if (strncmp(name, usual[i].start, 2) == 0) return usual[i].rank;
  for (size_t i = 0; data->model != NULL && i < data->model->n_layers; i++)
    if (strncmp(name, data->model->layer[i].name, strlen(data->model->layer[i].name)) == 0)
      return i;
  return no_rank;
}

size_t meso_layer_rank(const meso_figure_data *data, const char *name)
{
  const size_t rank = find_rank(data, name);
  return rank != no_rank ? rank : OTHER_LAYER;
}

/** A colour of its own for most names that say nothing of a layer; the usual ones (E, I, S; PV,
 *  SST, VIP; exc, inh; pop0 to pop4) do not collide. */
static meso_rgb color_by_letters(const char *name)
{
  size_t sum = 0;
  for (const unsigned char *c = (const unsigned char *) name; *c != '\0'; c++)
    sum = 2 * sum + (*c ^ *c >> 1);
  return meso_palette(sum);
}

meso_rgb meso_population_color(const meso_figure_data *data, const char *name)
{
  const meso_population *population = meso_population_of(data, name);
  size_t n = strlen(name);
  bool inhibitory = population != NULL ? population->sign == MESO_INHIBITORY
                                       : n > 0 && name[n - 1] == 'I';
  const char *layer = population != NULL && population->layer != NULL ? population->layer : name;
  if (data->model == NULL && find_rank(data, name) == no_rank) return color_by_letters(name);
  return meso_palette_layer(meso_layer_rank(data, layer), inhibitory);
}

meso_stroke meso_population_stroke(const meso_figure_data *data, const char *name, double width)
{
  const meso_population *population = meso_population_of(data, name);
  return (meso_stroke) { meso_population_color(data, name), width,
                         population != NULL && population->sign == MESO_INHIBITORY };
}

size_t meso_population_rank(const meso_figure_data *data, const char *name)
{
  const meso_population *population = meso_population_of(data, name);
  if (population != NULL) return (size_t) (population - data->model->population);
  return data->model != NULL ? data->model->n_populations : 0;
}

bool meso_is_source(const meso_figure_data *data, const char *name)
{
  const meso_population *population = meso_population_of(data, name);
  return population != NULL && population->model == MESO_NEURON_POISSON;
}

bool meso_is_of(const char *name, const char *population)
{
  size_t n = strlen(population);
  return strncmp(name, population, n) == 0 && (name[n] == '\0' || name[n] == '/');
}

double meso_discard_ms(const meso_figure_data *data, double duration_ms)
{
  double discard = data->model != NULL ? data->model->analysis.discard_ms : 100.0;
  return fmin(fmax(discard, 0.0), 0.5 * duration_ms);
}

meso_shown meso_shown_window(const meso_figure_data *data, double t_start_ms, double t_stop_ms,
                             double length_ms)
{
  const double onset_ms = data->model != NULL ? meso_model_onset_ms(data->model) : INFINITY;
  meso_shown shown = { t_start_ms + meso_discard_ms(data, t_stop_ms - t_start_ms), 0.0, NAN };
  if (onset_ms > t_start_ms && onset_ms < t_stop_ms) {
    shown.start_ms = fmax(t_start_ms, onset_ms - MESO_AROUND_ONSET_MS);
    shown.onset_ms = onset_ms;
    length_ms = onset_ms + MESO_AROUND_ONSET_MS - shown.start_ms;
  }
  shown.stop_ms = fmin(shown.start_ms + length_ms, t_stop_ms);
  return shown;
}

void meso_mark_onset(meso_canvas *canvas, const meso_axes *axes, meso_shown shown)
{
  if (isfinite(shown.onset_ms)) meso_axes_guide(canvas, axes, shown.onset_ms, NAN, meso_black);
}

void meso_onset_text(meso_shown shown, char *text, size_t size)
{
  text[0] = '\0';
  if (isfinite(shown.onset_ms))
    snprintf(text, size, ", dashed line: stimulus onset at %g ms", shown.onset_ms);
}

void meso_shown_samples(const meso_signal *signal, meso_shown shown, size_t *ret_first,
                        size_t *ret_n)
{
  const double per_ms = signal->sampling_rate_Hz / 1000.0;
  const double first = floor((shown.start_ms - signal->t_start_ms) * per_ms + 1e-6);
  const double n = floor((shown.stop_ms - shown.start_ms) * per_ms + 0.5) + 1.0;
  *ret_first = first >= 0.0 && first < (double) signal->n_times ? (size_t) first : 0;
  *ret_n = (size_t) fmin(n, (double) (signal->n_times - *ret_first));
}

void meso_signal_window(const meso_figure_data *data, const meso_signal *signal, size_t *ret_first,
                        size_t *ret_n)
{
  const double per_ms = signal->sampling_rate_Hz / 1000.0;
  const double length_ms = (double) signal->n_times / per_ms;
  const meso_shown whole = {
    signal->t_start_ms + meso_discard_ms(data, length_ms), signal->t_start_ms + length_ms, NAN
  };
  meso_shown_samples(signal, whole, ret_first, ret_n);
}

meso_status meso_signal_deviations(const meso_signal *signal, size_t first, size_t n,
                                   double **ret_deviation, meso_err *err)
{
  meso_status status = MESO_OK;
  size_t m = signal->n_channels;
  double *deviation = NULL;
  MESO_ALLOC(err, deviation, n * m);
  for (size_t c = 0; c < m; c++) {
    double sum = 0.0;
    size_t n_finite = 0;
    for (size_t i = 0; i < n; i++) {
      double v = deviation[c * n + i] = signal->data[(first + i) * m + c];
      if (!isfinite(v)) continue;
      sum += v;
      n_finite++;
    }
    double mean = n_finite > 0 ? sum / (double) n_finite : 0.0;
    for (size_t i = 0; i < n; i++) deviation[c * n + i] -= mean;
  }
cleanup:
  *ret_deviation = deviation;
  return status;
}

void meso_mark_layers(const meso_figure_data *data, meso_canvas *canvas, const meso_axes *axes)
{
  for (size_t i = 0; data->model != NULL && i < data->model->n_layers; i++) {
    const meso_layer *layer = &data->model->layer[i];
    double middle = 0.5 * (layer->z_top_um + layer->z_bottom_um);
    meso_text_style style = { .size_pt = 7.0, .bold = true,
                              .color = meso_palette_layer(meso_layer_rank(data, layer->name),
                                                          false) };
    if (i == 0) meso_axes_guide(canvas, axes, NAN, layer->z_top_um, meso_grey);
    meso_axes_guide(canvas, axes, NAN, layer->z_bottom_um, meso_grey);
    if (middle > axes->y_min && middle < axes->y_max)
      meso_canvas_text(canvas, axes->box.x + axes->box.w + 5.0, meso_axes_y(axes, middle), style,
                       "%s", layer->name);
  }
}

const char *meso_depth_label(const meso_signal *signal)
{
  return signal->position_um != NULL ? "depth z (\u00b5m)" : "channel (number)";
}

void meso_depth_axes_draw(meso_canvas *canvas, const meso_axes *axes, bool by_number)
{
  meso_axes labelled = *axes;
  if (by_number) { /* channel c lies at -c */
    labelled.y_min = -axes->y_min;
    labelled.y_max = -axes->y_max;
    labelled.y_whole = true;
  }
  meso_axes_draw(canvas, &labelled);
}

double meso_channel_z(const meso_signal *signal, size_t channel)
{
  if (signal->position_um == NULL) return -(double) channel;
  return signal->position_um[3 * channel + 2];
}

const meso_array *meso_find_array(const meso_figure_data *data, const char *fmt, ...)
{
  char path[256];
  va_list args;
  if (data->analysis == NULL) return NULL;
  va_start(args, fmt);
  vsnprintf(path, sizeof path, fmt, args);
  va_end(args);
  const meso_array *array = meso_result_find(data->analysis, path);
  return array != NULL && meso_array_count(array) > 0 ? array : NULL;
}

const meso_attrs *meso_group_attrs(const meso_figure_data *data, const char *path)
{
  static const meso_attrs none = { 0, NULL };
  const meso_attrs *attrs =
    data->analysis != NULL ? meso_result_find_group(data->analysis, path) : NULL;
  return attrs != NULL ? attrs : &none;
}

void meso_window_text(const meso_figure_data *data, const char *group, char *text, size_t size)
{
  const meso_attrs *attrs = meso_group_attrs(data, group);
  const double start_ms = meso_attrs_number(attrs, "t_start_ms", NAN);
  const double stop_ms = meso_attrs_number(attrs, "t_stop_ms", NAN);
  const char *state = data->analysis == NULL ? NULL
                                             : meso_attrs_text(&data->analysis->attrs, "state");
  text[0] = '\0';
  if (isfinite(start_ms) && isfinite(stop_ms))
    snprintf(text, size, "%g to %g ms%s%.40s%s", start_ms, stop_ms, state != NULL ? ": " : "",
             state != NULL ? state : "", state != NULL ? " activity" : "");
}

void meso_estimator_text(const meso_attrs *attrs, char *text, size_t size)
{
  const char *method = meso_attrs_text(attrs, "method");
  double nperseg = meso_attrs_number(attrs, "nperseg", NAN);
  double rate = meso_attrs_number(attrs, "sampling_rate_Hz", NAN);
  const char *window = meso_attrs_text(attrs, "window");
  double discard_ms = meso_attrs_number(attrs, "discard_ms", 0.0);
  char kind[64], dropped[48] = "";
  text[0] = '\0';
  if (method == NULL || !(nperseg > 0.0)) return;
  if (strcmp(method, "multitaper") == 0)
    snprintf(kind, sizeof kind, "multitaper, NW = %g, %g tapers",
             meso_attrs_number(attrs, "nw", NAN), meso_attrs_number(attrs, "tapers", NAN));
  else
    snprintf(kind, sizeof kind, "Welch, %.16s window", window != NULL ? window : "unknown");
  if (discard_ms > 0.0) snprintf(dropped, sizeof dropped, ", after %g ms", discard_ms);
  snprintf(text, size, "%s, %g samples (%.2g Hz apart), %g segments, overlap %g %%%s", kind,
           nperseg, rate / nperseg, meso_attrs_number(attrs, "n_segments", NAN),
           100.0 * meso_attrs_number(attrs, "overlap", NAN), dropped);
}

void meso_units_text(const char *units, char *text, size_t size)
{
  size_t n = 0;
  if (units == NULL) units = "?";
  const char *close = units[0] == '(' ? strchr(units, ')') : NULL;
  /* of one plain unit in parentheses these say nothing */
  const bool plain = close != NULL && strcspn(units + 1, " /*^()") == (size_t) (close - units - 1);
  for (const char *c = units; *c != '\0' && n + 3 < size; c++) {
    if (plain && (c == units || c == close)) continue;
    if (c[0] == '^' && (c[1] == '2' || c[1] == '3') && !(c[2] >= '0' && c[2] <= '9')) {
      n += (size_t) snprintf(text + n, size - n, "%s", *++c == '2' ? "\u00b2" : "\u00b3");
      continue;
    }
    text[n++] = *c;
  }
  text[n] = '\0';
}

const meso_signal *meso_find_signal(const meso_signals *signals, const char *name)
{
  const meso_signal *signal = signals == NULL ? NULL : meso_signals_find(signals, name);
  if (signal == NULL || signal->data == NULL || signal->n_times < 2 || signal->n_channels == 0
      || !(signal->sampling_rate_Hz > 0.0))
    return NULL;
  return signal;
}

double meso_largest(size_t n, const double *values)
{
  double largest = 0.0;
  for (size_t i = 0; i < n; i++)
    if (isfinite(values[i])) largest = fmax(largest, fabs(values[i]));
  return largest;
}

static int compare_doubles(const void *a, const void *b)
{
  double x = *(const double *) a, y = *(const double *) b;
  return (x > y) - (x < y);
}

double meso_quantile(size_t n, const double *values, double q)
{
  double *sorted = meso_calloc(n, sizeof *sorted), found = NAN;
  size_t kept = 0;
  if (sorted == NULL) return NAN;
  for (size_t i = 0; i < n; i++)
    if (isfinite(values[i])) sorted[kept++] = values[i];
  qsort(sorted, kept, sizeof *sorted, compare_doubles);
  if (kept > 0) found = sorted[(size_t) (q * (double) (kept - 1))];
  free(sorted);
  return found;
}

/* Name i of the populations, in the order of the model, else of the spikes; NULL at the end. */
static const char *population_name(const meso_figure_data *data, size_t i)
{
  if (data->model != NULL)
    return i < data->model->n_populations ? data->model->population[i].name : NULL;
  if (data->spikes != NULL)
    return i < data->spikes->n_populations ? data->spikes->population[i].name : NULL;
  return NULL;
}

/* Name of the population in "/statistics/<population>/<quantity>", or NULL. */
static const char *name_in_path(const char *path, const char *quantity, char name[64])
{
  static const char head[] = "/statistics/";
  if (strncmp(path, head, sizeof head - 1) != 0) return NULL;
  const char *start = path + sizeof head - 1, *end = strchr(start, '/');
  if (end == NULL || strcmp(end + 1, quantity) != 0 || end - start >= 64) return NULL;
  memcpy(name, start, (size_t) (end - start));
  name[end - start] = '\0';
  return name;
}

/* Rows in the order in which the model or the spikes name the populations. */
static void find_named(const meso_figure_data *data, const char *quantity, bool with_sources,
                       meso_distributions *rows)
{
  const char *name;
  for (size_t i = 0; (name = population_name(data, i)) != NULL && rows->n < data->analysis->n;
       i++) {
    const meso_array *array = meso_find_array(data, "/statistics/%s/%s", name, quantity);
    const meso_population *population = meso_population_of(data, name);
    bool is_source = meso_is_source(data, name);
    if (array == NULL || array->data == NULL) continue;
    if (is_source && !with_sources) {
      size_t used = strlen(rows->left_out);
      snprintf(rows->left_out + used, sizeof rows->left_out - used, "%s%s", used > 0 ? ", " : "",
               name);
      continue;
    }
    bool has_reference = population != NULL && !is_source && population->full_mean_rate_Hz > 0.0
                         && strcmp(quantity, "rate_Hz") == 0;
    rows->row[rows->n++] = (struct meso_distribution) {
      name, meso_array_count(array), array->data,
      has_reference ? population->full_mean_rate_Hz : NAN
    };
  }
}

meso_status meso_distributions_find(const meso_figure_data *data, const char *quantity,
                                    bool with_sources, meso_distributions *rows, meso_err *err)
{
  meso_status status = MESO_OK;
  rows->n = 0;
  rows->row = NULL;
  rows->left_out[0] = '\0';
  if (data->analysis == NULL) return MESO_OK;
  MESO_ALLOC(err, rows->row, data->analysis->n);
  find_named(data, quantity, with_sources, rows);
  for (size_t i = 0; population_name(data, 0) == NULL && i < data->analysis->n; i++) {
    const meso_array *array = &data->analysis->array[i];
    char name[64];
    if (array->data == NULL || name_in_path(array->path, quantity, name) == NULL) continue;
    rows->row[rows->n++] = (struct meso_distribution) {
      array->path + strlen("/statistics/"), meso_array_count(array), array->data, NAN
    };
  }
cleanup:
  return status;
}

bool meso_distributions_available(const meso_figure_data *data, const char *quantity,
                                  bool with_sources)
{
  meso_distributions rows = { .n = 0 };
  bool found = meso_distributions_find(data, quantity, with_sources, &rows, NULL) == MESO_OK
               && rows.n > 0;
  free(rows.row);
  return found;
}

static void find_range(const meso_distributions *rows, double *ret_min, double *ret_max)
{
  double low = 0.0, high = 0.0;
  for (size_t i = 0; i < rows->n; i++) {
    double top = meso_quantile(rows->row[i].n, rows->row[i].values, 0.995);
    double bottom = meso_quantile(rows->row[i].n, rows->row[i].values, 0.005);
    if (isfinite(top)) high = fmax(high, top);
    if (isfinite(bottom)) low = fmin(low, bottom);
    if (isfinite(rows->row[i].reference)) high = fmax(high, rows->row[i].reference);
  }
  high = high > 0.0 ? 1.06 * high : 1.0;
  *ret_max = high;
  *ret_min = low < 0.0 ? low - 0.06 * (high - low) : 0.0;
}

static void name_of(const struct meso_distribution *row, char *name, size_t size)
{
  snprintf(name, size, "%.*s", (int) strcspn(row->name, "/"), row->name);
}

/* Width for the names of all rows, at most 0.3 of that of the box more than the margin has. */
static double room_for_names(meso_canvas *canvas, const meso_distributions *rows, double box_width)
{
  const double margin = 40.0;
  double widest = margin;
  for (size_t i = 0; i < rows->n; i++) {
    char name[64];
    name_of(&rows->row[i], name, sizeof name);
    widest = fmax(widest, 10.0 + meso_canvas_text_width(canvas, name,
                                                        (meso_text_style) { .bold = true }));
  }
  return fmin(widest, margin + 0.3 * box_width);
}

/* One row: its name in the room at the left, the number of its values at the right. */
static meso_status draw_row(const meso_figure_data *data, meso_canvas *canvas,
                            const meso_axes *axes, const struct meso_distribution *row, double y,
                            double room, double numbers_at, meso_err *err)
{
  meso_status status = MESO_OK;
  char name[64], number[32];
  size_t n = 0;
  name_of(row, name, sizeof name);
  meso_text_style style = { .anchor = MESO_ANCHOR_RIGHT, .bold = true, .max_width = room - 8.0,
                            .color = meso_population_color(data, name) };
  MESO_TRY(meso_axes_distribution(canvas, axes, y, row->n, row->values, row->reference,
                                  style.color, &n, err));
  meso_canvas_text(canvas, axes->box.x - 6.0, meso_axes_y(axes, y), style, "%s", name);
  meso_tick_label((double) n, 1.0, false, number, sizeof number);
  style = (meso_text_style) { .size_pt = 7.0, .anchor = MESO_ANCHOR_RIGHT, .color = meso_black };
  meso_canvas_text(canvas, numbers_at, meso_axes_y(axes, y), style, "%s", number);
cleanup:
  return status;
}

meso_status meso_distributions_draw(const meso_figure_data *data, meso_canvas *canvas, meso_box box,
                                    const meso_distributions *rows, meso_err *err)
{
  meso_status status = MESO_OK;
  double numbers_at = box.x + box.w;
  meso_text_style style = { .size_pt = 7.0, .anchor = MESO_ANCHOR_RIGHT, .color = meso_grey };
  const double room = room_for_names(canvas, rows, box.w);
  box.x += room - 40.0;
  box.w -= 42.0 + room - 40.0;
  meso_axes axes = { .box = box, .y_min = (double) rows->n - 0.4, .y_max = -0.6,
                     .x_label = rows->x_label, .title = rows->title, .no_y_ticks = true };
  find_range(rows, &axes.x_min, &axes.x_max);
  meso_axes_draw(canvas, &axes);
  if (rows->zero_line) meso_axes_guide(canvas, &axes, 0.0, NAN, meso_grey);
  meso_canvas_text(canvas, numbers_at, box.y - 9.0, style, "n %s", rows->counted);
  for (size_t i = 0; i < rows->n; i++)
    MESO_TRY(draw_row(data, canvas, &axes, &rows->row[i], (double) i, room, numbers_at,
                      err));
cleanup:
  return status;
}
