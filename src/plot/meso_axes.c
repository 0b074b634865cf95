/* meso_axes.c: frames with ticks, and data drawn in them. */
#include "meso_canvas_private.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static double place(double v, double min, double max, bool log_scale)
{
  if (log_scale) return v > 0.0 ? (log10(v) - log10(min)) / (log10(max) - log10(min)) : NAN;
  return (v - min) / (max - min);
}

double meso_axes_x(const meso_axes *axes, double x)
{
  return axes->box.x + axes->box.w * place(x, axes->x_min, axes->x_max, axes->x_log);
}

double meso_axes_y(const meso_axes *axes, double y)
{
  return axes->box.y + axes->box.h * (1.0 - place(y, axes->y_min, axes->y_max, axes->y_log));
}

/* Appends a line to a list of the report unless it is full. */
static void append_line(char *list, size_t size, const char *line)
{
  size_t used = strlen(list), n = strlen(line);
  if (used + n + 2 > size) return;
  memcpy(list + used, line, n);
  memcpy(list + used + n, "\n", 2);
}

void mesoi_note_label(meso_canvas *canvas, const char *label)
{
  canvas->report.n_labels++;
  append_line(canvas->report.labels, sizeof canvas->report.labels, label);
}

void mesoi_note_text(meso_canvas *canvas, const char *text)
{
  append_line(canvas->report.notes, sizeof canvas->report.notes, text);
}

static size_t find_ticks(double min, double max, bool log_scale, bool whole, size_t wanted,
                         double ticks[16], double *ret_step)
{
  *ret_step = 1.0;
  if (log_scale) return meso_ticks_log(min, max, ticks);
  const double span = fabs(max - min); /* no more ticks than whole numbers */
  if (whole && span < (double) wanted) wanted = (size_t) fmax(1.0, ceil(span));
  size_t n = meso_ticks_linear(fmin(min, max), fmax(min, max), wanted, ticks, ret_step), kept = 0;
  for (size_t i = 0; i < n; i++)
    if (!whole || ticks[i] == round(ticks[i])) ticks[kept++] = ticks[i];
  if (whole) *ret_step = fmax(*ret_step, 1.0);
  return kept;
}

static void draw_x_axis(meso_canvas *canvas, const meso_axes *axes)
{
  double ticks[16], step, bottom = axes->box.y + axes->box.h;
  size_t wanted = (size_t) fmin(fmax(3.0, axes->box.w / 45.0), 9.0);
  size_t n = find_ticks(axes->x_min, axes->x_max, axes->x_log, axes->x_whole, wanted, ticks, &step);
  meso_text_style style = { .size_pt = 7.0, .anchor = MESO_ANCHOR_CENTRE, .color = meso_black };
  for (size_t i = 0; i < n; i++) {
    double x = meso_axes_x(axes, ticks[i]);
    char text[64];
    meso_canvas_segment(canvas, x, bottom, x, bottom + 2.5, meso_black, 0.6, false);
    if (axes->no_x_ticks) continue;
    meso_tick_label(ticks[i], step, axes->x_log, text, sizeof text);
    meso_canvas_text(canvas, x, bottom + 8.5, style, "%s", text);
  }
  if (axes->x_label == NULL) return;
  style.size_pt = 8.0;
  meso_canvas_text(canvas, axes->box.x + 0.5 * axes->box.w,
                   bottom + (axes->no_x_ticks ? 10.0 : 20.5), style, "%s", axes->x_label);
  mesoi_note_label(canvas, axes->x_label);
}

static void draw_y_axis(meso_canvas *canvas, const meso_axes *axes)
{
  double ticks[16], step, widest = 0.0, left = axes->box.x;
  size_t wanted = (size_t) fmin(fmax(3.0, axes->box.h / 26.0), 9.0);
  size_t n = find_ticks(axes->y_min, axes->y_max, axes->y_log, axes->y_whole, wanted, ticks, &step);
  meso_text_style style = { .size_pt = 7.0, .anchor = MESO_ANCHOR_RIGHT, .color = meso_black };
  for (size_t i = 0; i < n && !axes->no_y_ticks; i++) {
    double y = meso_axes_y(axes, ticks[i]);
    char text[64];
    meso_tick_label(ticks[i], step, axes->y_log, text, sizeof text);
    meso_canvas_segment(canvas, left - 2.5, y, left, y, meso_black, 0.6, false);
    meso_canvas_text(canvas, left - 4.5, y, style, "%s", text);
    widest = fmax(widest, meso_canvas_text_width(canvas, text, style));
  }
  if (axes->y_label == NULL) return;
  style = (meso_text_style) { .size_pt = 8.0, .anchor = MESO_ANCHOR_CENTRE, .vertical = true,
                              .color = meso_black };
  meso_canvas_text(canvas, fmax(left - widest - 11.0, 5.0), axes->box.y + 0.5 * axes->box.h, style,
                   "%s", axes->y_label);
  mesoi_note_label(canvas, axes->y_label);
}

void meso_axes_draw(meso_canvas *canvas, const meso_axes *axes)
{
  double left = axes->box.x, bottom = axes->box.y + axes->box.h;
  meso_canvas_segment(canvas, left, bottom, left + axes->box.w, bottom, meso_black, 0.6, false);
  if (!axes->no_y_ticks)
    meso_canvas_segment(canvas, left, axes->box.y, left, bottom, meso_black, 0.6, false);
  draw_x_axis(canvas, axes);
  draw_y_axis(canvas, axes);
  if (axes->title == NULL) return;
  meso_canvas_text(canvas, left, axes->box.y - 9.0,
                   (meso_text_style) { .size_pt = 8.0, .bold = true, .color = meso_black }, "%s",
                   axes->title);
  mesoi_note_text(canvas, axes->title);
}

void meso_axes_label(meso_canvas *canvas, const meso_axes *axes, double y_offset)
{
  meso_box box = axes->box;
  meso_text_style style = { .size_pt = 8.0, .anchor = MESO_ANCHOR_CENTRE, .color = meso_black };
  if (axes->x_label != NULL) {
    meso_canvas_text(canvas, box.x + 0.5 * box.w, box.y + box.h + 12.0, style, "%s", axes->x_label);
    mesoi_note_label(canvas, axes->x_label);
  }
  if (axes->y_label == NULL) return;
  style.vertical = true;
  meso_canvas_text(canvas, box.x - y_offset, box.y + 0.5 * box.h, style, "%s", axes->y_label);
  mesoi_note_label(canvas, axes->y_label);
}

static void clip_to(meso_canvas *canvas, const meso_axes *axes)
{
  cairo_save(canvas->cr);
  cairo_rectangle(canvas->cr, axes->box.x, axes->box.y - 1.0, axes->box.w + 1.0,
                  axes->box.h + 2.0);
  cairo_clip(canvas->cr);
}

static void note_point(meso_canvas *canvas, double x, double y)
{
  canvas->report.n_marks++;
  canvas->report.sum_x += x;
  canvas->report.sum_y += y;
}

/* Extremes of the samples that share one quarter of a point in x, in the order they came. */
typedef struct column { long at; double first, low, high, last; bool open; } column;

static void flush_column(meso_canvas *canvas, column *c, bool *pen_down)
{
  if (!c->open) return;
  double x = (double) c->at * 0.25;
  if (*pen_down) cairo_line_to(canvas->cr, x, c->first);
  else cairo_move_to(canvas->cr, x, c->first);
  *pen_down = true;
  if (c->low < fmin(c->first, c->last)) cairo_line_to(canvas->cr, x, c->low);
  if (c->high > fmax(c->first, c->last)) cairo_line_to(canvas->cr, x, c->high);
  cairo_line_to(canvas->cr, x, c->last);
  c->open = false;
}

static void trace_dense(meso_canvas *canvas, const meso_axes *axes, size_t n, const double *x,
                        const double *y)
{
  column c = { .open = false };
  bool pen_down = false;
  for (size_t i = 0; i < n; i++) {
    double px = meso_axes_x(axes, x[i]), py = meso_axes_y(axes, y[i]);
    if (!isfinite(px) || !isfinite(py)) {
      flush_column(canvas, &c, &pen_down);
      pen_down = false;
      continue;
    }
    long at = lround(fmin(fmax(px, -1e5), 1e5) * 4.0);
    if (c.open && at != c.at) flush_column(canvas, &c, &pen_down);
    if (!c.open) c = (column) { at, py, py, py, py, true };
    c.low = fmin(c.low, py);
    c.high = fmax(c.high, py);
    c.last = py;
    note_point(canvas, x[i], y[i]);
  }
  flush_column(canvas, &c, &pen_down);
}

static void trace_sparse(meso_canvas *canvas, const meso_axes *axes, size_t n, const double *x,
                         const double *y)
{
  bool pen_down = false;
  for (size_t i = 0; i < n; i++) {
    double px = meso_axes_x(axes, x[i]), py = meso_axes_y(axes, y[i]);
    if (!isfinite(px) || !isfinite(py)) {
      pen_down = false;
      continue;
    }
    if (pen_down) cairo_line_to(canvas->cr, px, py);
    else cairo_move_to(canvas->cr, px, py);
    pen_down = true;
    note_point(canvas, x[i], y[i]);
  }
}

void meso_axes_line(meso_canvas *canvas, const meso_axes *axes, size_t n, const double *x,
                    const double *y, meso_stroke stroke)
{
  static const double dash[2] = { 3.5, 1.6 };
  clip_to(canvas, axes);
  mesoi_set_color(canvas, stroke.color, 1.0);
  cairo_set_line_width(canvas->cr, stroke.width);
  if (stroke.dashed) cairo_set_dash(canvas->cr, dash, 2, 0.0);
  cairo_set_line_join(canvas->cr, CAIRO_LINE_JOIN_ROUND);
  if ((double) n > 4.0 * axes->box.w) trace_dense(canvas, axes, n, x, y);
  else trace_sparse(canvas, axes, n, x, y);
  cairo_stroke(canvas->cr);
  cairo_restore(canvas->cr);
}

void meso_axes_dots(meso_canvas *canvas, const meso_axes *axes, size_t n, const double *x,
                    const double *y, meso_rgb color, double diameter)
{
  cairo_save(canvas->cr);
  mesoi_set_color(canvas, color, 1.0);
  cairo_set_line_width(canvas->cr, diameter);
  cairo_set_line_cap(canvas->cr, CAIRO_LINE_CAP_ROUND);
  for (size_t i = 0; i < n; i++) {
    double px = meso_axes_x(axes, x[i]), py = meso_axes_y(axes, y[i]);
    if (!isfinite(px) || !isfinite(py)) continue;
    cairo_move_to(canvas->cr, px, py);
    cairo_line_to(canvas->cr, px, py);
    note_point(canvas, x[i], y[i]);
  }
  cairo_stroke(canvas->cr);
  cairo_restore(canvas->cr);
}

void meso_axes_shade(meso_canvas *canvas, const meso_axes *axes, double x0, double x1,
                     meso_rgb color, double alpha)
{
  double low = fmin(axes->x_min, axes->x_max), high = fmax(axes->x_min, axes->x_max);
  x0 = fmax(x0, low);
  x1 = fmin(x1, high);
  if (!(x1 > x0)) return;
  double left = meso_axes_x(axes, x0), right = meso_axes_x(axes, x1);
  meso_canvas_fill(canvas, (meso_box) { left, axes->box.y, right - left, axes->box.h }, color,
                   alpha);
}

void meso_axes_guide(meso_canvas *canvas, const meso_axes *axes, double x, double y,
                     meso_rgb color)
{
  double px = meso_axes_x(axes, x), py = meso_axes_y(axes, y);
  meso_box b = axes->box;
  if (isfinite(px) && px >= b.x && px <= b.x + b.w)
    meso_canvas_segment(canvas, px, b.y, px, b.y + b.h, color, 0.5, true);
  if (isfinite(py) && py >= b.y && py <= b.y + b.h)
    meso_canvas_segment(canvas, b.x, py, b.x + b.w, py, color, 0.5, true);
}

void meso_axes_say_empty(meso_canvas *canvas, const meso_axes *axes, const char *why)
{
  const double x = axes->box.x + 0.5 * axes->box.w, y = axes->box.y + 0.5 * axes->box.h;
  meso_text_style style = { .anchor = MESO_ANCHOR_CENTRE, .color = meso_grey };
  meso_canvas_text(canvas, x, y - 5.0, style, "no values");
  mesoi_note_text(canvas, "no values");
  if (why == NULL) return;
  style.size_pt = 6.0;
  style.max_width = axes->box.w - 4.0;
  meso_canvas_text(canvas, x, y + 6.0, style, "%s", why);
  mesoi_note_text(canvas, why);
}
