/* fig_granger.c: Granger causality: the strongest links over frequency, and all as a matrix. */
#include "meso_lines.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LINKS = 6 };

/* Views into the analysis: of direction 0, forward, and 1, backward. */
typedef struct links {
  size_t n, n_frequencies, n_channels;
  const double *frequency, *pair, *spectral[2], *total[2];
} links;

static bool find(const meso_figure_data *data, links *l)
{
  static const char *const name[2] = { "forward", "backward" };
  const meso_array *f = meso_find_array(data, "/granger/frequency_Hz");
  const meso_array *pair = meso_find_array(data, "/granger/pairs");
  if (f == NULL || pair == NULL || f->data == NULL || pair->data == NULL || pair->n_dims != 2
      || pair->dims[1] != 2 || meso_array_count(f) < 2) return false;
  *l = (links) { .n = pair->dims[0], .n_frequencies = meso_array_count(f), .frequency = f->data,
                 .pair = pair->data };
  for (int d = 0; d < 2; d++) {
    const meso_array *s = meso_find_array(data, "/granger/%s", name[d]);
    const meso_array *t = meso_find_array(data, "/granger/%s_total", name[d]);
    if (s == NULL || t == NULL || s->data == NULL || t->data == NULL || s->n_dims != 2
        || s->dims[0] != l->n || s->dims[1] != l->n_frequencies || meso_array_count(t) != l->n)
      return false;
    l->spectral[d] = s->data;
    l->total[d] = t->data;
  }
  for (size_t i = 0; i < 2 * l->n; i++) {
    if (!(l->pair[i] >= 0.0 && l->pair[i] < 4096.0)) return false;
    if ((size_t) l->pair[i] >= l->n_channels) l->n_channels = (size_t) l->pair[i] + 1;
  }
  return true;
}

static bool is_available(const meso_figure_data *data)
{
  links l;
  return find(data, &l);
}

/* Links 2 pair + direction with the largest totals, descending. */
static size_t strongest(const links *l, size_t chosen[LINKS])
{
  size_t n = 0;
  for (size_t i = 0; i < 2 * l->n; i++) {
    const double t = l->total[i % 2][i / 2];
    size_t at = n;
    if (!isfinite(t)) continue;
    while (at > 0 && l->total[chosen[at - 1] % 2][chosen[at - 1] / 2] < t) at--;
    if (at == LINKS) continue;
    if (n < LINKS) n++;
    for (size_t k = n - 1; k > at; k--) chosen[k] = chosen[k - 1];
    chosen[at] = i;
  }
  return n;
}

static void draw_curves(const links *l, meso_canvas *canvas, meso_box box, double threshold,
                        const char *why)
{
  size_t chosen[LINKS];
  const size_t n = strongest(l, chosen);
  meso_lines lines = meso_lines_make("Strongest links", "frequency (Hz)",
                                     "Granger causality (dimensionless)");
  for (size_t k = 0; k < n; k++) {
    const size_t pair = chosen[k] / 2, d = chosen[k] % 2;
    char name[64];
    (void) snprintf(name, sizeof name, "%.0f \u2192 %.0f", l->pair[2 * pair + d],
                    l->pair[2 * pair + 1 - d]);
    meso_lines_add(&lines, name, l->n_frequencies, l->frequency,
                   l->spectral[d] + pair * l->n_frequencies,
                   (meso_stroke) { meso_palette(k), 0.9, false });
  }
  lines.y_guide = threshold;
  lines.why_empty = why;
  box.h -= meso_lines_legend(canvas, box.w, &lines);
  meso_lines_draw(canvas, box, &lines);
}

static meso_status draw_matrix(const links *l, meso_canvas *canvas, meso_box box, meso_err *err)
{
  meso_status status = MESO_OK;
  const size_t m = l->n_channels;
  double *matrix = NULL, highest = 0.0;
  MESO_ALLOC(err, matrix, m * m);
  for (size_t i = 0; i < m * m; i++) matrix[i] = NAN;
  for (size_t p = 0; p < l->n; p++) {
    const size_t a = (size_t) l->pair[2 * p], b = (size_t) l->pair[2 * p + 1];
    matrix[a * m + b] = l->total[0][p];
    matrix[b * m + a] = l->total[1][p];
  }
  highest = meso_largest(m * m, matrix);
  const meso_axes axes = { .box = box, .x_min = -0.5, .x_max = (double) m - 0.5,
                           .y_min = (double) m - 0.5, .y_max = -0.5, .title = "All links",
                           .x_label = "to channel (number)", .y_label = "from channel (number)",
                           .x_whole = true, .y_whole = true };
  MESO_TRY(meso_axes_image(canvas, &axes, m, m, matrix, MESO_MAP_SEQUENTIAL, 0.0,
                           highest > 0.0 ? highest : 1.0, false, err));
  meso_axes_draw(canvas, &axes);
  meso_canvas_colorbar(canvas, box, MESO_MAP_SEQUENTIAL, 0.0, highest > 0.0 ? highest : 1.0,
                       "over all frequencies (dimensionless)");
cleanup:
  free(matrix);
  return status;
}

static meso_status draw(const meso_figure_data *data, meso_canvas *canvas, meso_err *err)
{
  meso_status status = MESO_OK;
  links l;
  const double width = meso_canvas_width(canvas), height = meso_canvas_height(canvas);
  if (!find(data, &l)) MESO_FAIL(err, MESO_ENOTFOUND, "there is no Granger causality to draw");
  const meso_attrs *attrs = meso_group_attrs(data, "/granger");
  const double side = fmin(height - 93.0, 0.5 * width - 96.0);
  const meso_box left = { 44.0, 24.0, width - 44.0 - side - 52.0 - 58.0, height - 93.0 };
  const meso_box right = { width - side - 58.0, 24.0, side, side };
  const char *conditional = meso_attrs_text(attrs, "conditional");
  const double threshold = meso_attrs_number(attrs, "threshold", NAN);
  char estimator[256], limit[128] = "";
  if (isfinite(threshold))
    (void) snprintf(limit, sizeof limit, " \u2003 dashed: exceeded without influence at %.3g %% of "
                    "the frequencies (mean then %.2g)",
                    100 * meso_attrs_number(attrs, "alpha", NAN),
                    meso_attrs_number(attrs, "bias_level", NAN));
  draw_curves(&l, canvas, left, threshold, meso_attrs_text(attrs, "undefined"));
  MESO_TRY(draw_matrix(&l, canvas, right, err));
  meso_estimator_text(attrs, estimator, sizeof estimator);
  meso_canvas_note(canvas, 8.0, height - 15.0, "%s", estimator);
  meso_canvas_note(canvas, 8.0, height - 6.0, "%s%s",
                   conditional != NULL && strcmp(conditional, "true") == 0
                   ? "given all other channels" : "channels two by two", limit);
cleanup:
  return status;
}

const meso_figure_ops meso_fig_granger = {
  "granger", "Granger causality between channels, by frequency for the strongest links and over "
             "all frequencies as a matrix.",
  170.0, 100.0, is_available, draw
};
