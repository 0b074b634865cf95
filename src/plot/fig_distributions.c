/* fig_distributions.c: intervals between spikes and spike counts, and those of Poisson trains of
 * the same neurons' rates. */
#include "meso_lines.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

typedef struct panels {
  const meso_figure_data *data;
  const meso_array *edges, *count, *window;
  size_t w;                     /* the window that is shown: the middle one of the list */
  double *centre;               /* of the classes of intervals */
  double *visible, least;       /* copies of curves without what is below the least measured */
  size_t n_visible, most;       /* of them; values of the longest */
  meso_lines isi, counts;
} panels;

/* A curve of n values; what is too small for an axis of decades becomes a gap. */
static void add_curve(panels *x, meso_lines *lines, const char *name, size_t n, const double *at,
                      const double *values, meso_stroke stroke)
{
  double *y = x->visible + x->n_visible * x->most;
  if (lines->n == MESO_MOST_CURVES) return;
  for (size_t k = 0; k < n; k++) y[k] = values[k] > x->least ? values[k] : NAN;
  meso_lines_add(lines, name, n, at, y, stroke);
  x->n_visible++;
}

/* A distribution and, dashed, its reference. */
static void add_pair(panels *x, meso_lines *lines, const char *group, const char *name,
                     const meso_array *measured, const char *reference)
{
  const bool is_isi = lines == &x->isi;
  const size_t n = is_isi ? meso_array_count(x->edges) - 1 : meso_array_count(x->count);
  const size_t from = is_isi ? 0 : x->w * n;
  const double *at = is_isi ? x->centre : x->count->data;
  const meso_rgb color = meso_population_color(x->data, group);
  const meso_array *poisson = meso_find_array(x->data, "/distributions/%s/%s", group, reference);
  add_curve(x, lines, name, n, at, measured->data + from, (meso_stroke) { color, 1.0, false });
  if (poisson != NULL && meso_array_count(poisson) == meso_array_count(measured))
    add_curve(x, lines, "", n, at, poisson->data + from, (meso_stroke) { color, 0.7, true });
}

static void add_isi(void *user, const char *group, const meso_array *array)
{
  panels *x = user;
  if (meso_array_count(array) + 1 == meso_array_count(x->edges))
    add_pair(x, &x->isi, group, group, array, "isi_poisson");
}

static void add_counts(void *user, const char *group, const meso_array *array)
{
  panels *x = user;
  const meso_array *fano = meso_find_array(x->data, "/distributions/%s/fano", group);
  char name[80];
  if (array->n_dims != 2 || array->dims[1] != meso_array_count(x->count)) return;
  if (array->dims[0] != meso_array_count(x->window)) return;
  (void) snprintf(name, sizeof name, "%s, F %.2g", group,
                  fano != NULL && meso_array_count(fano) > x->w ? fano->data[x->w] : NAN);
  add_pair(x, &x->counts, group, name, array, "count_poisson");
}

/* The least positive value of all arrays of a name becomes the floor of the panel. */
static void lower(void *user, const char *group, const meso_array *array)
{
  panels *x = user;
  (void) group;
  for (size_t k = 0; k < meso_array_count(array); k++)
    if (array->data[k] > 0.0) x->least = fmin(x->least, 0.3 * array->data[k]);
}

static bool find(const meso_figure_data *data, panels *x)
{
  *x = (panels) { .data = data, .edges = meso_find_array(data, "/distributions/isi_edges_ms"),
                  .count = meso_find_array(data, "/distributions/count"),
                  .window = meso_find_array(data, "/distributions/window_ms"),
                  .isi = meso_lines_make("Intervals between spikes", "interval (ms)",
                                         "density (1/ms)"),
                  .counts = meso_lines_make("Spike counts", "spikes in a window",
                                            "share of windows") };
  if (x->edges == NULL || x->count == NULL || x->window == NULL) return false;
  x->w = (meso_array_count(x->window) - 1) / 2;
  return true;
}

static bool is_available(const meso_figure_data *data)
{
  panels x;
  return find(data, &x);
}

static meso_status draw(const meso_figure_data *data, meso_canvas *canvas, meso_err *err)
{
  meso_status status = MESO_OK;
  panels x;
  (void) find(data, &x);
  const size_t n = meso_array_count(x.edges) - 1;
  const double *edge = x.edges->data;
  x.most = n > meso_array_count(x.count) ? n : meso_array_count(x.count);
  MESO_ALLOC(err, x.centre, n + 1);
  MESO_ALLOC(err, x.visible, 2 * MESO_MOST_CURVES * x.most);
  x.isi.x_log = edge[0] > 0.0;
  for (size_t k = 0; k < n; k++)
    x.centre[k] = x.isi.x_log ? sqrt(edge[k] * edge[k + 1]) : 0.5 * (edge[k] + edge[k + 1]);
  x.isi.y_log = x.counts.y_log = true;
  x.least = INFINITY;
  meso_lines_each(data, "/distributions", "isi_pooled", lower, &x);
  meso_lines_each(data, "/distributions", "isi_pooled", add_isi, &x);
  x.least = INFINITY;
  meso_lines_each(data, "/distributions", "count_share", lower, &x);
  meso_lines_each(data, "/distributions", "count_share", add_counts, &x);
  for (size_t i = 0; i < 2; i++) {
    const meso_lines *lines = i == 0 ? &x.isi : &x.counts;
    meso_box box = meso_canvas_cell(canvas, 0, 1, i, 2, 14.0);
    box.h -= fmax(meso_lines_legend(canvas, box.w, &x.isi),
                  meso_lines_legend(canvas, box.w, &x.counts)) + 12.0;
    meso_lines_draw(canvas, box, lines);
  }
  meso_canvas_note(canvas, 46.0, meso_canvas_height(canvas) - 6.0,
                   "dashed: Poisson trains of the same rates \u2003 counts in windows of %g ms, "
                   "the last class: %g or more \u2003 F: Fano factor", x.window->data[x.w],
                   x.count->data[meso_array_count(x.count) - 1]);
cleanup:
  free(x.centre);
  free(x.visible);
  return status;
}

const meso_figure_ops meso_fig_distributions = {
  "distributions", "Intervals between spikes, pooled over the neurons of each population, and "
                   "spike counts, beside those of Poisson trains of the same neurons' rates.",
  170.0, 90.0, is_available, draw
};
