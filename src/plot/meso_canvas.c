/* meso_canvas.c: surface, text and plain marks. Vector formats are streamed to memory. */
#include "meso_canvas_private.h"

#include <math.h>
#include <pango/pangocairo.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cairo-pdf.h>
#include <cairo-svg.h>

bool meso_bytes_append(meso_bytes *bytes, const void *data, size_t n)
{
  if (bytes->n + n + 1 > bytes->capacity) {
    size_t capacity = 2 * (bytes->n + n + 1);
    unsigned char *grown = meso_realloc(bytes->data, capacity, 1);
    if (grown == NULL) return false;
    bytes->data = grown;
    bytes->capacity = capacity;
  }
  if (n > 0) memcpy(bytes->data + bytes->n, data, n);
  bytes->n += n;
  bytes->data[bytes->n] = '\0';
  return true;
}

static cairo_status_t append_stream(void *closure, const unsigned char *data, unsigned n)
{
  return meso_bytes_append(closure, data, n) ? CAIRO_STATUS_SUCCESS : CAIRO_STATUS_NO_MEMORY;
}

meso_status meso_canvas_create(meso_canvas_format format, double width_mm, double height_mm,
                               meso_canvas **ret_canvas, meso_err *err)
{
  meso_status status = MESO_OK;
  meso_canvas *canvas = NULL;
  *ret_canvas = NULL;
  MESO_ALLOC(err, canvas, 1);
  canvas->format = format;
  canvas->width = width_mm * MESO_POINTS_PER_MM;
  canvas->height = height_mm * MESO_POINTS_PER_MM;
  double scale = MESO_PNG_DPI / 72.0;
  if (format == MESO_CANVAS_SVG)
    canvas->surface = cairo_svg_surface_create_for_stream(append_stream, &canvas->stream,
                                                          canvas->width, canvas->height);
  else if (format == MESO_CANVAS_PDF)
    canvas->surface = cairo_pdf_surface_create_for_stream(append_stream, &canvas->stream,
                                                          canvas->width, canvas->height);
  else
    canvas->surface = cairo_image_surface_create(CAIRO_FORMAT_RGB24,
                                                 (int) lround(canvas->width * scale),
                                                 (int) lround(canvas->height * scale));
  canvas->cr = cairo_create(canvas->surface);
  if (cairo_status(canvas->cr) != CAIRO_STATUS_SUCCESS)
    MESO_FAIL(err, MESO_ENOMEM, "cannot make a drawing surface of %g mm x %g mm: %s", width_mm,
              height_mm, cairo_status_to_string(cairo_status(canvas->cr)));
  if (format == MESO_CANVAS_PNG) cairo_scale(canvas->cr, scale, scale);
  /* Not a box of the page's size: the last pixels of a bitmap may lie only partly in it. */
  mesoi_set_color(canvas, meso_white, 1.0);
  cairo_paint(canvas->cr);
  *ret_canvas = canvas;
  canvas = NULL;
cleanup:
  meso_canvas_destroy(canvas);
  return status;
}

void meso_canvas_destroy(meso_canvas *canvas)
{
  if (canvas == NULL) return;
  if (canvas->cr != NULL) cairo_destroy(canvas->cr);
  if (canvas->surface != NULL) cairo_surface_destroy(canvas->surface);
  free(canvas->stream.data);
  free(canvas);
}

double meso_canvas_width(const meso_canvas *canvas) { return canvas->width; }
double meso_canvas_height(const meso_canvas *canvas) { return canvas->height; }
const meso_figure_report *meso_canvas_report(const meso_canvas *canvas) { return &canvas->report; }
void meso_canvas_count(meso_canvas *canvas, size_t n_marks) { canvas->report.n_marks += n_marks; }

static meso_status finish_png(meso_canvas *canvas, const char *title, const char *provenance,
                              meso_bytes *bytes, meso_err *err)
{
  meso_status status = MESO_OK;
  unsigned char *rgb = NULL;
  cairo_surface_flush(canvas->surface);
  size_t width = (size_t) cairo_image_surface_get_width(canvas->surface);
  size_t height = (size_t) cairo_image_surface_get_height(canvas->surface);
  size_t stride = (size_t) cairo_image_surface_get_stride(canvas->surface);
  const unsigned char *pixels = cairo_image_surface_get_data(canvas->surface);
  MESO_ALLOC(err, rgb, 3 * width * height);
  for (size_t row = 0; row < height; row++)
    for (size_t column = 0; column < width; column++) {
      unsigned pixel;
      memcpy(&pixel, pixels + row * stride + 4 * column, sizeof pixel);
      unsigned char *to = rgb + 3 * (row * width + column);
      to[0] = (unsigned char) (pixel >> 16 & 255u);
      to[1] = (unsigned char) (pixel >> 8 & 255u);
      to[2] = (unsigned char) (pixel & 255u);
    }
  MESO_TRY(meso_png_encode(width, height, rgb, title, provenance, bytes, err));
cleanup:
  free(rgb);
  return status;
}

/* cairo dates a PDF by the clock; a fixed date keeps equal figures equal. */
static void set_pdf_metadata(meso_canvas *canvas, const char *title, const char *provenance)
{
  char date[32] = "1970-01-01T00:00:00Z";
  const char *epoch = getenv("SOURCE_DATE_EPOCH");
  time_t when = epoch != NULL ? (time_t) strtoll(epoch, NULL, 10) : 0;
  struct tm utc;
  if (gmtime_r(&when, &utc) != NULL) strftime(date, sizeof date, "%Y-%m-%dT%H:%M:%SZ", &utc);
  cairo_pdf_surface_set_metadata(canvas->surface, CAIRO_PDF_METADATA_CREATE_DATE, date);
  cairo_pdf_surface_set_metadata(canvas->surface, CAIRO_PDF_METADATA_CREATOR, "mesocast");
  if (title != NULL)
    cairo_pdf_surface_set_metadata(canvas->surface, CAIRO_PDF_METADATA_TITLE, title);
  if (provenance != NULL)
    cairo_pdf_surface_set_metadata(canvas->surface, CAIRO_PDF_METADATA_SUBJECT, provenance);
}

meso_status meso_canvas_finish(meso_canvas *canvas, const char *title, const char *provenance,
                               meso_bytes *bytes, meso_err *err)
{
  meso_status status = MESO_OK;
  if (cairo_status(canvas->cr) != CAIRO_STATUS_SUCCESS)
    MESO_FAIL(err, MESO_EBUG, "drawing failed: %s",
              cairo_status_to_string(cairo_status(canvas->cr)));
  if (canvas->format == MESO_CANVAS_PNG) {
    MESO_TRY(finish_png(canvas, title, provenance, bytes, err));
    goto cleanup;
  }
  if (canvas->format == MESO_CANVAS_PDF) set_pdf_metadata(canvas, title, provenance);
  cairo_surface_finish(canvas->surface);
  if (cairo_surface_status(canvas->surface) != CAIRO_STATUS_SUCCESS)
    MESO_FAIL(err, MESO_ENOMEM, "drawing failed: %s",
              cairo_status_to_string(cairo_surface_status(canvas->surface)));
  if (!meso_bytes_append(bytes, canvas->stream.data, canvas->stream.n))
    MESO_FAIL(err, MESO_ENOMEM, "cannot hold a figure of %zu bytes", canvas->stream.n);
cleanup:
  return status;
}

void mesoi_set_color(meso_canvas *canvas, meso_rgb color, double alpha)
{
  cairo_set_source_rgba(canvas->cr, color.r, color.g, color.b, alpha);
}

static PangoLayout *make_layout(meso_canvas *canvas, const char *text, meso_text_style style)
{
  PangoLayout *layout = pango_cairo_create_layout(canvas->cr);
  cairo_font_options_t *options = cairo_font_options_create();
  cairo_font_options_set_hint_metrics(options, CAIRO_HINT_METRICS_OFF);
  cairo_font_options_set_hint_style(options, CAIRO_HINT_STYLE_NONE);
  cairo_font_options_set_antialias(options, CAIRO_ANTIALIAS_GRAY);
  pango_cairo_context_set_font_options(pango_layout_get_context(layout), options);
  pango_cairo_context_set_resolution(pango_layout_get_context(layout), 72.0);
  cairo_font_options_destroy(options);
  pango_context_set_round_glyph_positions(pango_layout_get_context(layout), FALSE);
  PangoFontDescription *font = pango_font_description_from_string("DejaVu Sans");
  double size = style.size_pt > 0.0 ? style.size_pt : MESO_FONT_PT;
  pango_font_description_set_size(font, (int) lround(size * PANGO_SCALE));
  if (style.bold) pango_font_description_set_weight(font, PANGO_WEIGHT_BOLD);
  pango_layout_set_font_description(layout, font);
  pango_font_description_free(font);
  if (style.max_width > 0.0) {
    pango_layout_set_width(layout, (int) lround(style.max_width * PANGO_SCALE));
    pango_layout_set_ellipsize(layout, PANGO_ELLIPSIZE_END);
  }
  if (pango_parse_markup(text, -1, 0, NULL, NULL, NULL, NULL))
    pango_layout_set_markup(layout, text, -1);
  else
    pango_layout_set_text(layout, text, -1);
  return layout;
}

double meso_canvas_text_width(meso_canvas *canvas, const char *text, meso_text_style style)
{
  PangoLayout *layout = make_layout(canvas, text, style);
  int width = 0;
  pango_layout_get_size(layout, &width, NULL);
  g_object_unref(layout);
  return (double) width / PANGO_SCALE;
}

void meso_canvas_text(meso_canvas *canvas, double x, double y, meso_text_style style,
                      const char *fmt, ...)
{
  char text[1024];
  va_list args;
  if (!isfinite(x) || !isfinite(y)) return;
  va_start(args, fmt);
  vsnprintf(text, sizeof text, fmt, args);
  va_end(args);
  PangoLayout *layout = make_layout(canvas, text, style);
  int width = 0, height = 0;
  pango_layout_get_size(layout, &width, &height);
  double w = (double) width / PANGO_SCALE, h = (double) height / PANGO_SCALE;
  double shift = style.anchor == MESO_ANCHOR_LEFT ? 0.0
                 : style.anchor == MESO_ANCHOR_CENTRE ? -0.5 * w : -w;
  cairo_save(canvas->cr);
  mesoi_set_color(canvas, style.color, 1.0);
  cairo_translate(canvas->cr, x, y);
  if (style.vertical) cairo_rotate(canvas->cr, -0.5 * M_PI);
  cairo_move_to(canvas->cr, shift, -0.5 * h);
  pango_cairo_show_layout(canvas->cr, layout);
  cairo_new_path(canvas->cr);
  cairo_restore(canvas->cr);
  g_object_unref(layout);
}

void meso_canvas_fill(meso_canvas *canvas, meso_box box, meso_rgb color, double alpha)
{
  mesoi_set_color(canvas, color, alpha);
  cairo_rectangle(canvas->cr, box.x, box.y, box.w, box.h);
  cairo_fill(canvas->cr);
}

void meso_canvas_outline(meso_canvas *canvas, meso_box box, meso_rgb color, double width)
{
  mesoi_set_color(canvas, color, 1.0);
  cairo_set_line_width(canvas->cr, width);
  cairo_rectangle(canvas->cr, box.x, box.y, box.w, box.h);
  cairo_stroke(canvas->cr);
}

/* Strokes the path; nothing without a width. */
static void stroke_path(meso_canvas *canvas, meso_stroke stroke)
{
  static const double dash[2] = { 2.5, 2.0 };
  if (stroke.width > 0.0) {
    mesoi_set_color(canvas, stroke.color, 1.0);
    cairo_set_line_width(canvas->cr, stroke.width);
    if (stroke.dashed) cairo_set_dash(canvas->cr, dash, 2, 0.0);
    cairo_stroke_preserve(canvas->cr);
    cairo_set_dash(canvas->cr, NULL, 0, 0.0);
  }
  cairo_new_path(canvas->cr);
}

void meso_canvas_segment(meso_canvas *canvas, double x0, double y0, double x1, double y1,
                         meso_rgb color, double width, bool dashed)
{
  if (!isfinite(x0) || !isfinite(y0) || !isfinite(x1) || !isfinite(y1)) return;
  cairo_move_to(canvas->cr, x0, y0);
  cairo_line_to(canvas->cr, x1, y1);
  stroke_path(canvas, (meso_stroke) { color, width, dashed });
}

static void fill_path(meso_canvas *canvas, meso_rgb fill, meso_stroke outline)
{
  mesoi_set_color(canvas, fill, 1.0);
  cairo_fill_preserve(canvas->cr);
  stroke_path(canvas, outline);
}

void meso_canvas_area(meso_canvas *canvas, size_t n, const double *x, const double *y,
                      meso_rgb fill, meso_stroke outline)
{
  for (size_t i = 0; i < n; i++) cairo_line_to(canvas->cr, x[i], y[i]);
  cairo_close_path(canvas->cr);
  fill_path(canvas, fill, outline);
}

void meso_canvas_disc(meso_canvas *canvas, double x, double y, double radius, meso_rgb fill,
                      meso_stroke outline)
{
  cairo_arc(canvas->cr, x, y, radius, 0.0, 2.0 * M_PI);
  fill_path(canvas, fill, outline);
}

void meso_canvas_curve(meso_canvas *canvas, const double x[4], const double y[4],
                       meso_stroke stroke)
{
  cairo_move_to(canvas->cr, x[0], y[0]);
  cairo_curve_to(canvas->cr, x[1], y[1], x[2], y[2], x[3], y[3]);
  stroke_path(canvas, stroke);
}

void meso_canvas_note(meso_canvas *canvas, double x, double y, const char *fmt, ...)
{
  char text[512];
  va_list args;
  va_start(args, fmt);
  vsnprintf(text, sizeof text, fmt, args);
  va_end(args);
  meso_canvas_text(canvas, x, y, (meso_text_style) { .size_pt = 7.0, .color = meso_grey }, "%s",
                   text);
  mesoi_note_text(canvas, text);
}

double meso_canvas_key(meso_canvas *canvas, double x, double y, meso_stroke stroke,
                       const char *fmt, ...)
{
  char text[256];
  va_list args;
  meso_text_style style = { .size_pt = 7.0, .color = meso_black };
  va_start(args, fmt);
  vsnprintf(text, sizeof text, fmt, args);
  va_end(args);
  meso_canvas_segment(canvas, x, y, x + 12.0, y, stroke.color, stroke.width, stroke.dashed);
  meso_canvas_text(canvas, x + 15.0, y, style, "%s", text);
  mesoi_note_text(canvas, text);
  return x + 15.0 + meso_canvas_text_width(canvas, text, style) + 10.0;
}

void meso_canvas_key_within(meso_canvas *canvas, double x, double y, double width,
                            meso_stroke stroke, const char *name)
{
  const meso_text_style style = { .size_pt = 7.0, .color = meso_black,
                                  .max_width = fmax(width - 15.0, 1.0) };
  meso_canvas_segment(canvas, x, y, x + 12.0, y, stroke.color, stroke.width, stroke.dashed);
  meso_canvas_text(canvas, x + 15.0, y, style, "%s", name);
  mesoi_note_text(canvas, name);
}

meso_box meso_canvas_cell(const meso_canvas *canvas, size_t row, size_t n_rows, size_t column,
                          size_t n_columns, double right_margin)
{
  const double left = 46.0, top = 20.0, bottom = 32.0, gap_x = 52.0, gap_y = 46.0;
  double w = (canvas->width - left - right_margin - gap_x * (double) (n_columns - 1))
             / (double) n_columns;
  double h = (canvas->height - top - bottom - gap_y * (double) (n_rows - 1)) / (double) n_rows;
  return (meso_box) { left + (double) column * (w + gap_x), top + (double) row * (h + gap_y), w,
                      h };
}
