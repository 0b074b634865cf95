/* fig_comparison.c: two analyses against each other: Kolmogorov-Smirnov distances of distributions
 * and differences of curves by band, with their intervals. */
#include "meso_lines.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { MOST_ROWS = 24, MOST_CURVES = 6, MOST_BANDS = 32 };

typedef struct found {
  size_t n_rows, n_curves, n_bands;
  const struct meso_result_group *row[MOST_ROWS];
  char curve[MOST_CURVES][160]; /* "/comparison/..." */
} found;

static void find(const meso_figure_data *data, found *x)
{
  static const char tail[] = "/difference";
  const meso_result *r = data->analysis;
  *x = (found) { .n_rows = 0 };
  for (size_t i = 0; r != NULL && i < r->n_groups && x->n_rows < MOST_ROWS; i++)
    if (strncmp(r->group[i].path, "/comparison/", 12) == 0
        && meso_attrs_get(&r->group[i].attrs, "ks") != NULL) x->row[x->n_rows++] = &r->group[i];
  for (size_t i = 0; r != NULL && i < r->n && x->n_curves < MOST_CURVES; i++) {
    const meso_array *a = &r->array[i];
    const size_t n = strlen(a->path);
    if (strncmp(a->path, "/comparison/", 12) != 0 || n < sizeof tail || n > 150
        || strcmp(a->path + n - (sizeof tail - 1), tail) != 0 || a->data == NULL
        || meso_array_count(a) > MOST_BANDS) continue;
    (void) snprintf(x->curve[x->n_curves++], sizeof x->curve[0], "%.*s",
                    (int) (n - (sizeof tail - 1)), a->path);
  }
}

static bool is_available(const meso_figure_data *data)
{
  found x;
  find(data, &x);
  return x.n_rows > 0 || x.n_curves > 0;
}

static void draw_rows(meso_canvas *canvas, meso_box box, const found *x)
{
  const double left = 110.0;
  box.x += left;
  box.w -= left;
  const meso_axes axes = { .box = box, .x_min = 0.0, .x_max = 1.0, .y_min = (double) x->n_rows,
                           .y_max = 0.0, .no_y_ticks = true, .title = "Distributions",
                           .x_label = "KS distance (dimensionless)" };
  meso_axes_draw(canvas, &axes);
  for (size_t i = 0; i < x->n_rows; i++) {
    const meso_attrs *a = &x->row[i]->attrs;
    const double at = (double) i + 0.5, y = meso_axes_y(&axes, at);
    const double ks = meso_attrs_number(a, "ks", NAN);
    const double low = meso_axes_x(&axes, meso_attrs_number(a, "ks_low", NAN));
    const double high = meso_axes_x(&axes, meso_attrs_number(a, "ks_high", NAN));
    const meso_text_style style = { .size_pt = 6.5, .anchor = MESO_ANCHOR_RIGHT,
                                    .color = meso_black };
    if (isfinite(low) && isfinite(high))
      meso_canvas_segment(canvas, low, y, high, y, meso_palette(0), 1.0, false);
    meso_axes_dots(canvas, &axes, 1, &ks, &at, meso_palette(0), 4.0);
    if (!isfinite(ks))
      meso_canvas_note(canvas, box.x + 6.0, y, "no distance: one of the two has no value");
    meso_canvas_text(canvas, box.x - 4.0, y, style, "%.34s", x->row[i]->path + 12);
  }
}

static void draw_curves(const meso_figure_data *data, meso_canvas *canvas, meso_box box,
                        const found *x)
{
  double centre[MOST_CURVES][MOST_BANDS];
  meso_lines lines = meso_lines_make("Curves", "middle of the band (Hz)",
                                     "a \u2212 b; of densities log10(a / b)");
  lines.x_log = true;
  lines.y_guide = 0.0;
  for (size_t i = 0; i < x->n_curves; i++) {
    const meso_array *y = meso_find_array(data, "%s/difference", x->curve[i]);
    const meso_array *low = meso_find_array(data, "%s/difference_low", x->curve[i]);
    const meso_array *high = meso_find_array(data, "%s/difference_high", x->curve[i]);
    const meso_array *edge = meso_find_array(data, "%s/band_edges_Hz", x->curve[i]);
    if (y == NULL || low == NULL || high == NULL || edge == NULL || edge->data == NULL
        || low->data == NULL || high->data == NULL) continue;
    const size_t n = meso_array_count(y);
    if (meso_array_count(low) != n || meso_array_count(high) != n
        || meso_array_count(edge) != n + 1) continue;
    for (size_t b = 0; b < n; b++) /* side by side, so that bars do not cover one another */
      centre[i][b] = sqrt(edge->data[b] * edge->data[b + 1]) * (1.0 + 0.03 * (double) i);
    char name[40]; /* "population_spectrum/psd" is "population" */
    const char *full = x->curve[i] + 12;
    const char *end = strstr(full, "_spectrum") != NULL ? strstr(full, "_spectrum")
                                                        : full + strcspn(full, "/");
    (void) snprintf(name, sizeof name, "%.*s", (int) (end - full), full);
    meso_lines_add(&lines, name, n, centre[i], y->data,
                   (meso_stroke) { meso_palette(i), 0.9, false });
    struct meso_line *line = &lines.line[lines.n - 1];
    line->dots = true;
    line->low = low->data;
    line->high = high->data;
  }
  box.h -= meso_lines_legend(canvas, box.w, &lines);
  meso_lines_draw(canvas, box, &lines);
}

static meso_status draw(const meso_figure_data *data, meso_canvas *canvas, meso_err *err)
{
  meso_status status = MESO_OK;
  found x;
  find(data, &x);
  if (x.n_rows == 0 && x.n_curves == 0)
    MESO_FAIL(err, MESO_ENOTFOUND, "there is no comparison to draw");
  const size_t n = x.n_rows > 0 && x.n_curves > 0 ? 2 : 1;
  if (x.n_rows > 0) draw_rows(canvas, meso_canvas_cell(canvas, 0, 1, 0, n, 14.0), &x);
  if (x.n_curves > 0)
    draw_curves(data, canvas, meso_canvas_cell(canvas, 0, 1, n - 1, n, 14.0), &x);
cleanup:
  return status;
}

const meso_figure_ops meso_fig_comparison = {
  "comparison", "Two analyses against each other, with bootstrap intervals: distances of "
                "distributions, and differences of curves by band.",
  170.0, 112.0, is_available, draw
};
