/* meso_panels.c: heat maps with their colour bars, and distributions. */
#include "meso_canvas_private.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { MESO_MAX_PIXELS = 1100, MESO_DENSITY_BINS = 96, MESO_LEAST_FOR_DENSITY = 20 };

/* Mean of a row over the samples that fall into one pixel; interpolated when pixels are finer. */
static double sample_row(const double *row, size_t n, size_t pixel, size_t n_pixels, bool smooth)
{
  double scale = (double) n / (double) n_pixels;
  if (scale <= 1.0) {
    double at = ((double) pixel + 0.5) * scale;
    if (!smooth) return row[(size_t) fmin(at, (double) (n - 1))];
    at = fmin(fmax(at - 0.5, 0.0), (double) (n - 1));
    size_t i = (size_t) at, next = i + 1 < n ? i + 1 : i;
    return row[i] + (at - (double) i) * (row[next] - row[i]);
  }
  size_t first = (size_t) ((double) pixel * scale);
  size_t last = (size_t) ((double) (pixel + 1) * scale);
  double sum = 0.0;
  if (last > n) last = n;
  if (last <= first) last = first + 1;
  for (size_t i = first; i < last; i++) sum += row[i];
  return sum / (double) (last - first);
}

static uint32_t pack(meso_rgb c)
{
  return (uint32_t) lround(255.0 * c.r) << 16 | (uint32_t) lround(255.0 * c.g) << 8
         | (uint32_t) lround(255.0 * c.b);
}

typedef struct raster { size_t width, height; double *shrunk; } raster;

/* Columns are reduced first (shrunk: rows x width), then each pixel column is stretched. */
static void fill_pixels(const raster *r, size_t n_rows, size_t n_columns, const double *values,
                        meso_map map, double min, double max, bool smooth, unsigned char *pixels,
                        size_t stride)
{
  for (size_t row = 0; row < n_rows; row++)
    for (size_t px = 0; px < r->width; px++)
      r->shrunk[px * n_rows + row] = sample_row(values + row * n_columns, n_columns, px, r->width,
                                                smooth);
  for (size_t px = 0; px < r->width; px++)
    for (size_t py = 0; py < r->height; py++) {
      double v = sample_row(r->shrunk + px * n_rows, n_rows, py, r->height, smooth);
      uint32_t pixel = pack(meso_map_color(map, (v - min) / (max - min)));
      memcpy(pixels + py * stride + 4 * px, &pixel, sizeof pixel);
    }
}

static void paint_pixels(meso_canvas *canvas, meso_box box, cairo_surface_t *image, size_t width,
                         size_t height)
{
  cairo_save(canvas->cr);
  cairo_translate(canvas->cr, box.x, box.y);
  cairo_scale(canvas->cr, box.w / (double) width, box.h / (double) height);
  cairo_set_source_surface(canvas->cr, image, 0.0, 0.0);
  cairo_pattern_set_filter(cairo_get_source(canvas->cr), CAIRO_FILTER_NEAREST);
  cairo_paint(canvas->cr);
  cairo_restore(canvas->cr);
}

meso_status meso_axes_image(meso_canvas *canvas, const meso_axes *axes, size_t n_rows,
                            size_t n_columns, const double *values, meso_map map, double min,
                            double max, bool smooth, meso_err *err)
{
  meso_status status = MESO_OK;
  raster r = { 0, 0, NULL };
  cairo_surface_t *image = NULL;
  if (n_rows == 0 || n_columns == 0) goto cleanup;
  double fine = MESO_MAX_PIXELS / fmax(axes->box.w, 1.0);
  r.width = smooth || n_columns > MESO_MAX_PIXELS
            ? (size_t) fmin(MESO_MAX_PIXELS, ceil(axes->box.w * 2.0)) : n_columns;
  r.height = smooth || n_rows > MESO_MAX_PIXELS
             ? (size_t) fmax(2.0, ceil(axes->box.h * fmin(2.0, fine))) : n_rows;
  MESO_ALLOC(err, r.shrunk, r.width * n_rows);
  image = cairo_image_surface_create(CAIRO_FORMAT_RGB24, (int) r.width, (int) r.height);
  if (cairo_surface_status(image) != CAIRO_STATUS_SUCCESS)
    MESO_FAIL(err, MESO_ENOMEM, "cannot make an image of %zu x %zu pixels", r.width, r.height);
  cairo_surface_flush(image);
  fill_pixels(&r, n_rows, n_columns, values, map, min, max > min ? max : min + 1.0, smooth,
              cairo_image_surface_get_data(image), (size_t) cairo_image_surface_get_stride(image));
  cairo_surface_mark_dirty(image);
  paint_pixels(canvas, axes->box, image, r.width, r.height);
  size_t n = 0;
  for (size_t i = 0; i < n_rows * n_columns; i++) {
    if (!isfinite(values[i])) continue;
    const double right = ((double) (i % n_columns) + 0.5) / (double) n_columns;
    const double down = ((double) (i / n_columns) + 0.5) / (double) n_rows;
    const double x = axes->x_min + right * (axes->x_max - axes->x_min);
    const double y = axes->y_max + down * (axes->y_min - axes->y_max);
    n++;
    canvas->report.sum_map += values[i];
    canvas->report.map_x += values[i] * x;
    canvas->report.map_y += values[i] * y;
    canvas->report.map_xy += values[i] * x * y;
  }
  canvas->report.n_marks += n;
  if (n == 0) meso_axes_say_empty(canvas, axes, NULL);
cleanup:
  if (image != NULL) cairo_surface_destroy(image);
  free(r.shrunk);
  return status;
}

void meso_canvas_colorbar(meso_canvas *canvas, meso_box box, meso_map map, double min, double max,
                          const char *label)
{
  enum { STEPS = 64 };
  meso_axes axes = { .box = { box.x + box.w + 7.0, box.y, 7.0, box.h }, .x_min = 0.0, .x_max = 1.0,
                     .y_min = min, .y_max = max };
  meso_text_style style = { .size_pt = 7.0, .color = meso_black };
  double step, ticks[16], widest = 0.0, h = box.h / STEPS;
  for (int i = 0; i < STEPS; i++) {
    double top = box.y + box.h - h * (i + 1), overlap = i > 0 ? 0.3 : 0.0;
    meso_canvas_fill(canvas, (meso_box) { axes.box.x, top, 7.0, h + overlap },
                     meso_map_color(map, (i + 0.5) / STEPS), 1.0);
  }
  size_t n = meso_ticks_linear(min, max, (size_t) fmax(2.0, box.h / 32.0), ticks, &step);
  for (size_t i = 0; i < n; i++) {
    char text[64];
    double y = meso_axes_y(&axes, ticks[i]);
    meso_tick_label(ticks[i], step, false, text, sizeof text);
    meso_canvas_segment(canvas, axes.box.x + 7.0, y, axes.box.x + 9.0, y, meso_black, 0.6, false);
    meso_canvas_text(canvas, axes.box.x + 11.0, y, style, "%s", text);
    widest = fmax(widest, meso_canvas_text_width(canvas, text, style));
  }
  style.anchor = MESO_ANCHOR_CENTRE;
  style.vertical = true;
  meso_canvas_text(canvas, axes.box.x + 18.0 + widest, box.y + 0.5 * box.h, style, "%s", label);
  mesoi_note_label(canvas, label);
}

static int compare_doubles(const void *a, const void *b)
{
  double x = *(const double *) a, y = *(const double *) b;
  return (x > y) - (x < y);
}

/* Histogram on the axis, smoothed by a triangle of 5 bins; the highest value becomes 1. */
static void density_of(const meso_axes *axes, size_t n, const double *sorted,
                       double density[MESO_DENSITY_BINS])
{
  static const double weight[5] = { 1.0 / 9, 2.0 / 9, 3.0 / 9, 2.0 / 9, 1.0 / 9 };
  double count[MESO_DENSITY_BINS + 4] = { 0.0 }, highest = 0.0;
  for (size_t i = 0; i < n; i++) {
    double at = (meso_axes_x(axes, sorted[i]) - axes->box.x) / axes->box.w * MESO_DENSITY_BINS;
    if (at >= 0.0 && at < MESO_DENSITY_BINS) count[(size_t) at + 2] += 1.0;
  }
  for (size_t i = 0; i < MESO_DENSITY_BINS; i++) {
    density[i] = 0.0;
    for (size_t k = 0; k < 5; k++) density[i] += weight[k] * count[i + k];
    highest = fmax(highest, density[i]);
  }
  for (size_t i = 0; i < MESO_DENSITY_BINS && highest > 0.0; i++) density[i] /= highest;
}

static void draw_density(meso_canvas *canvas, const meso_axes *axes, double y,
                         const double density[MESO_DENSITY_BINS], meso_rgb color)
{
  double half = 0.42 * fabs(meso_axes_y(axes, y + 1.0) - meso_axes_y(axes, y));
  double middle = meso_axes_y(axes, y), dx = axes->box.w / MESO_DENSITY_BINS;
  int first = 0, last = MESO_DENSITY_BINS - 1;
  while (first < last && density[first] < 1e-4) first++;
  while (last > first && density[last] < 1e-4) last--;
  cairo_new_path(canvas->cr);
  for (int i = first; i <= last; i++)
    cairo_line_to(canvas->cr, axes->box.x + dx * (i + 0.5), middle - half * density[i]);
  for (int i = last; i >= first; i--)
    cairo_line_to(canvas->cr, axes->box.x + dx * (i + 0.5), middle + half * density[i]);
  cairo_close_path(canvas->cr);
  mesoi_set_color(canvas, color, 0.35);
  cairo_fill_preserve(canvas->cr);
  mesoi_set_color(canvas, color, 1.0);
  cairo_set_line_width(canvas->cr, 0.7);
  cairo_stroke(canvas->cr);
}

/* Few values would make a density of their own width: a dot each, those of one place one over the
 * other. */
static void draw_values(meso_canvas *canvas, const meso_axes *axes, double y, size_t n,
                        const double *sorted, meso_rgb color)
{
  const double size = 4.4, half = 0.42 * fabs(meso_axes_y(axes, y + 1.0) - meso_axes_y(axes, y));
  double last = -INFINITY;
  size_t piled = 0;
  for (size_t i = 0; i < n; i++) {
    const double x = meso_axes_x(axes, sorted[i]);
    if (x < axes->box.x || x > axes->box.x + axes->box.w) continue;
    piled = x - last < size ? piled + 1 : 0;
    if (piled == 0) last = x;
    const double up = size * (double) ((piled + 1) / 2) * (piled % 2 == 0 ? 1.0 : -1.0);
    cairo_arc(canvas->cr, x, meso_axes_y(axes, y) + fmin(fmax(up, -half), half), 0.5 * size, 0.0,
              2.0 * M_PI);
    mesoi_set_color(canvas, color, 0.6);
    cairo_fill(canvas->cr);
  }
}

static void draw_diamond(meso_canvas *canvas, double x, double y)
{
  cairo_move_to(canvas->cr, x, y - 4.0);
  cairo_line_to(canvas->cr, x + 3.0, y);
  cairo_line_to(canvas->cr, x, y + 4.0);
  cairo_line_to(canvas->cr, x - 3.0, y);
  cairo_close_path(canvas->cr);
  mesoi_set_color(canvas, meso_black, 1.0);
  cairo_set_line_width(canvas->cr, 0.8);
  cairo_stroke(canvas->cr);
}

static void draw_mean(meso_canvas *canvas, double x, double y, meso_rgb color)
{
  cairo_arc(canvas->cr, x, y, 2.2, 0.0, 2.0 * M_PI);
  mesoi_set_color(canvas, meso_white, 1.0);
  cairo_fill_preserve(canvas->cr);
  mesoi_set_color(canvas, color, 1.0);
  cairo_set_line_width(canvas->cr, 1.1);
  cairo_stroke(canvas->cr);
}

/* Values lie beyond the end of the axis; way: 1 to the right of x, -1 to the left. */
static void draw_beyond(meso_canvas *canvas, double x, double y, double way, meso_rgb color)
{
  cairo_move_to(canvas->cr, x + 1.0 * way, y - 2.6);
  cairo_line_to(canvas->cr, x + 5.0 * way, y);
  cairo_line_to(canvas->cr, x + 1.0 * way, y + 2.6);
  cairo_close_path(canvas->cr);
  mesoi_set_color(canvas, color, 1.0);
  cairo_fill(canvas->cr);
}

meso_status meso_axes_distribution(meso_canvas *canvas, const meso_axes *axes, double y, size_t n,
                                   const double *values, double reference, meso_rgb color,
                                   size_t *ret_n, meso_err *err)
{
  meso_status status = MESO_OK;
  double *sorted = NULL, density[MESO_DENSITY_BINS], sum = 0.0, middle = meso_axes_y(axes, y);
  size_t kept = 0;
  *ret_n = 0;
  MESO_ALLOC(err, sorted, n);
  for (size_t i = 0; i < n; i++)
    if (isfinite(values[i])) {
      sorted[kept++] = values[i];
      sum += values[i];
    }
  qsort(sorted, kept, sizeof *sorted, compare_doubles);
  canvas->report.n_marks += kept;
  *ret_n = kept;
  if (kept > 0) {
    const bool few = kept < MESO_LEAST_FOR_DENSITY;
    if (few) {
      draw_values(canvas, axes, y, kept, sorted, color);
    } else {
      density_of(axes, kept, sorted, density);
      draw_density(canvas, axes, y, density, color);
    }
    double low = meso_axes_x(axes, sorted[kept / 4]);
    double high = meso_axes_x(axes, sorted[(3 * kept) / 4 < kept ? (3 * kept) / 4 : kept - 1]);
    double end = axes->box.x + axes->box.w;
    meso_canvas_segment(canvas, fmax(low, axes->box.x), middle, fmin(high, end), middle, color,
                        few ? 0.8 : 2.4, false);
    double mean = meso_axes_x(axes, sum / (double) kept);
    if (mean >= axes->box.x && mean <= end) draw_mean(canvas, mean, middle, color);
    if (sorted[kept - 1] > axes->x_max) draw_beyond(canvas, end, middle, 1.0, color);
    if (sorted[0] < axes->x_min) draw_beyond(canvas, axes->box.x, middle, -1.0, color);
  }
  double at = meso_axes_x(axes, reference);
  if (isfinite(at) && at >= axes->box.x && at <= axes->box.x + axes->box.w)
    draw_diamond(canvas, at, middle);
cleanup:
  free(sorted);
  return status;
}
