/* meso_lines.c: ranges, curves and legends of panels of curves. */
#include "meso_lines.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { MOST_COLUMNS = 3, MOST_ROWS = 6 };
static const double row_height = 9.5;

meso_lines meso_lines_make(const char *title, const char *x_label, const char *y_label)
{
  return (meso_lines) { .title = title, .x_label = x_label, .y_label = y_label, .x_guide = NAN,
                        .y_guide = NAN };
}

void meso_lines_add(meso_lines *lines, const char *name, size_t n, const double *x,
                    const double *y, meso_stroke stroke)
{
  if (lines->n == MESO_MOST_CURVES) {
    lines->n_left_out += name[0] != '\0';
    return;
  }
  struct meso_line *line = &lines->line[lines->n++];
  *line = (struct meso_line) { .n = n, .x = x, .y = y, .stroke = stroke };
  snprintf(line->name, sizeof line->name, "%s", name);
}

static void widen(double v, bool log_scale, double *low, double *high)
{
  if (!isfinite(v) || (log_scale && v <= 0.0)) return;
  *low = fmin(*low, v);
  *high = fmax(*high, v);
}

/* Limits with some room; a log axis ends at the data. */
static void settle(bool log_scale, bool exact, double *low, double *high)
{
  if (!(*high >= *low)) *low = log_scale ? 0.1 : 0.0, *high = 1.0;
  if (log_scale) {
    *low *= exact && *high > *low ? 1.0 : 0.7;
    *high *= exact && *high > *low ? 1.0 : 1.4;
    return;
  }
  const double span = *high > *low ? *high - *low : fmax(fabs(*high), 1.0);
  if (exact && *high > *low) return;
  *low -= *low == 0.0 ? 0.0 : 0.06 * span;
  *high += 0.06 * span;
}

/* How names are laid out; those beyond the last row are counted in its last place. */
typedef struct legend { size_t n, n_shown, columns, rows; double column_width; } legend;

static legend plan_legend(meso_canvas *canvas, double width, const meso_lines *lines)
{
  const meso_text_style style = { .size_pt = 7.0 };
  legend g = { .columns = MOST_COLUMNS };
  double widest = 0.0;
  for (size_t i = 0; i < lines->n; i++) {
    if (lines->line[i].name[0] == '\0') continue;
    g.n++;
    widest = fmax(widest, meso_canvas_text_width(canvas, lines->line[i].name, style));
  }
  while (g.columns > 1 && widest + 22.0 > width / (double) g.columns) g.columns--;
  g.column_width = width / (double) g.columns;
  const size_t places = MOST_ROWS * g.columns;
  const bool rest = lines->n_left_out > 0 || g.n > places;
  g.n_shown = g.n + rest > places ? places - 1 : g.n;
  g.rows = (g.n_shown + rest + g.columns - 1) / g.columns;
  return g;
}

double meso_lines_legend(meso_canvas *canvas, double width, const meso_lines *lines)
{
  return 6.0 + row_height * (double) plan_legend(canvas, width, lines).rows;
}

static void draw_legend(meso_canvas *canvas, meso_box box, const meso_lines *lines)
{
  const legend g = plan_legend(canvas, box.w, lines);
  const double top = box.y + box.h + 36.0;
  size_t at = 0;
  for (size_t i = 0; i < lines->n && at < g.n_shown; i++) {
    meso_stroke key = lines->line[i].stroke;
    if (lines->line[i].name[0] == '\0') continue;
    key.width = 1.6;
    meso_canvas_key_within(canvas, box.x + g.column_width * (double) (at % g.columns),
                           top + row_height * (double) (at / g.columns), g.column_width - 6.0, key,
                           lines->line[i].name);
    at++;
  }
  const double x = box.x + g.column_width * (double) (at % g.columns);
  const double y = top + row_height * (double) (at / g.columns);
  if (lines->n_left_out > 0)
    meso_canvas_note(canvas, x, y, "%zu more, %zu of them not drawn",
                     g.n - g.n_shown + lines->n_left_out, lines->n_left_out);
  else if (g.n > g.n_shown)
    meso_canvas_note(canvas, x, y, "%zu more", g.n - g.n_shown);
}

static void draw_bars(meso_canvas *canvas, const meso_axes *axes, const struct meso_line *line)
{
  for (size_t k = 0; line->low != NULL && k < line->n; k++) {
    const double x = meso_axes_x(axes, line->x[k]);
    const double low = meso_axes_y(axes, line->low[k]), high = meso_axes_y(axes, line->high[k]);
    if (!isfinite(x) || !isfinite(low) || !isfinite(high)) continue;
    const double top = axes->box.y, bottom = axes->box.y + axes->box.h;
    meso_canvas_segment(canvas, x, fmin(fmax(low, top), bottom), x, fmin(fmax(high, top), bottom),
                        line->stroke.color, 0.6, false);
  }
}

/* Values between gaps, which no line shows. */
static void draw_lone(meso_canvas *canvas, const meso_axes *axes, const struct meso_line *line)
{
  const meso_stroke none = { line->stroke.color, 0.0, false };
  bool before = false;
  for (size_t k = 0; k < line->n; k++) {
    const double x = meso_axes_x(axes, line->x[k]), y = meso_axes_y(axes, line->y[k]);
    const bool here = isfinite(x) && isfinite(y);
    const bool after = k + 1 < line->n && isfinite(meso_axes_x(axes, line->x[k + 1]))
                       && isfinite(meso_axes_y(axes, line->y[k + 1]));
    if (here && !before && !after) meso_canvas_disc(canvas, x, y, 1.3, none.color, none);
    before = here;
  }
}

void meso_lines_draw(meso_canvas *canvas, meso_box box, const meso_lines *lines)
{
  meso_axes axes = { .box = box, .x_min = INFINITY, .x_max = -INFINITY, .y_min = INFINITY,
                     .y_max = -INFINITY, .x_log = lines->x_log, .y_log = lines->y_log,
                     .x_whole = lines->x_whole,
                     .x_label = lines->x_label, .y_label = lines->y_label,
                     .title = lines->title };
  for (size_t i = 0; i < lines->n; i++)
    for (size_t k = 0; k < lines->line[i].n; k++) {
      const double y = lines->line[i].y[k];
      if (!isfinite(y) || (lines->x_log && !(lines->line[i].x[k] > 0.0))) continue;
      widen(lines->line[i].x[k], lines->x_log, &axes.x_min, &axes.x_max);
      widen(y, lines->y_log, &axes.y_min, &axes.y_max);
      if (lines->line[i].low == NULL) continue;
      widen(lines->line[i].low[k], lines->y_log, &axes.y_min, &axes.y_max);
      widen(lines->line[i].high[k], lines->y_log, &axes.y_min, &axes.y_max);
    }
  widen(lines->y_guide, lines->y_log, &axes.y_min, &axes.y_max);
  if (!lines->y_log) axes.y_min = fmin(axes.y_min, 0.0), axes.y_max = fmax(axes.y_max, 0.0);
  const bool empty = !(axes.x_max >= axes.x_min) /* guides and 0 have widened y, if linear */
                     || (lines->y_log && !(axes.y_max >= axes.y_min));
  axes.no_x_ticks = axes.no_y_ticks = empty;
  settle(lines->x_log, true, &axes.x_min, &axes.x_max);
  settle(lines->y_log, false, &axes.y_min, &axes.y_max);
  meso_axes_draw(canvas, &axes);
  if (isfinite(lines->x_guide)) meso_axes_guide(canvas, &axes, lines->x_guide, NAN, meso_grey);
  if (isfinite(lines->y_guide)) meso_axes_guide(canvas, &axes, NAN, lines->y_guide, meso_grey);
  for (size_t i = 0; i < lines->n; i++) {
    const struct meso_line *line = &lines->line[i];
    draw_bars(canvas, &axes, line);
    meso_axes_line(canvas, &axes, line->n, line->x, line->y, line->stroke);
    if (!line->dots) draw_lone(canvas, &axes, line);
    else
      meso_axes_dots(canvas, &axes, line->n, line->x, line->y, line->stroke.color, 3.0);
  }
  if (empty) meso_axes_say_empty(canvas, &axes, lines->why_empty);
  draw_legend(canvas, box, lines);
}

void meso_lines_pair_name(const char *group, char *text, size_t size)
{
  const char *cross = strstr(group, "_x_");
  if (cross == NULL) snprintf(text, size, "%s", group);
  else snprintf(text, size, "%.*s \u00d7 %s", (int) (cross - group), group, cross + 3);
}

void meso_lines_each(const meso_figure_data *data, const char *analysis, const char *name,
                     void (*add)(void *user, const char *group, const meso_array *array),
                     void *user)
{
  for (size_t i = 0; data->analysis != NULL && i < data->analysis->n; i++) {
    const meso_array *array = &data->analysis->array[i];
    const size_t n = strlen(analysis);
    char group[128];
    if (strncmp(array->path, analysis, n) != 0 || array->path[n] != '/') continue;
    const char *from = array->path + n + 1, *slash = strchr(from, '/');
    if (slash == NULL || strcmp(slash + 1, name) != 0 || array->data == NULL) continue;
    if (meso_array_count(array) == 0) continue;
    snprintf(group, sizeof group, "%.*s", (int) (slash - from), from);
    add(user, group, array);
  }
}
