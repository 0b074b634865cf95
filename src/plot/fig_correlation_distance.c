/* fig_correlation_distance.c: spike-count correlations against the distance of neurons. */
#include "meso_lines.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct panel {
  const meso_figure_data *data;
  const double *edge;
  size_t n;
  double *centre;
  meso_lines lines;
} panel;

static void add(void *user, const char *group, const meso_array *array)
{
  panel *p = user;
  if (meso_array_count(array) != p->n || strstr(group, "_x_") != NULL) return;
  if (strcmp(group, "all") == 0) return; /* has its place before the populations */
  meso_lines_add(&p->lines, group, p->n, p->centre, array->data,
                 (meso_stroke) { meso_population_color(p->data, group), 0.9, false });
  p->lines.line[p->lines.n - 1].dots = true;
}

static const meso_array *edges(const meso_figure_data *data)
{
  const meso_array *e = meso_find_array(data, "/correlation/all/distance_edges_um");
  return e != NULL && e->data != NULL && meso_array_count(e) > 1 ? e : NULL;
}

static bool is_available(const meso_figure_data *data)
{
  const meso_array *e = edges(data), *m = meso_find_array(data, "/correlation/all/distance_mean");
  return e != NULL && m != NULL && m->data != NULL
         && meso_array_count(m) + 1 == meso_array_count(e);
}

static meso_status draw(const meso_figure_data *data, meso_canvas *canvas, meso_err *err)
{
  meso_status status = MESO_OK;
  const meso_array *e = edges(data);
  const meso_attrs *fit = meso_group_attrs(data, "/correlation/all");
  const double a = meso_attrs_number(fit, "fit_a", NAN), b = meso_attrs_number(fit, "fit_b_um",
                                                                               NAN);
  const double c = meso_attrs_number(fit, "fit_c", NAN);
  const meso_array *all = meso_find_array(data, "/correlation/all/distance_mean");
  double *fitted = NULL;
  char fit_text[128] = "";
  panel p = { .data = data, .edge = e->data, .n = meso_array_count(e) - 1,
              .lines = meso_lines_make("Mean over pairs", "distance (\u00b5m)",
                                       "correlation coefficient (dimensionless)") };
  MESO_ALLOC(err, p.centre, p.n);
  MESO_ALLOC(err, fitted, p.n);
  for (size_t k = 0; k < p.n; k++) {
    p.centre[k] = 0.5 * (p.edge[k] + p.edge[k + 1]);
    fitted[k] = isfinite(all->data[k]) ? a * exp(-p.centre[k] / b) + c : NAN;
  }
  p.lines.y_guide = 0.0;
  meso_lines_add(&p.lines, "all pairs", p.n, p.centre, all->data,
                 (meso_stroke) { meso_black, 1.6, false });
  p.lines.line[0].dots = true;
  if (isfinite(a))
    meso_lines_add(&p.lines, "fit to all pairs", p.n, p.centre, fitted,
                   (meso_stroke) { meso_palette(1), 1.2, true });
  meso_lines_each(data, "/correlation", "distance_mean", add, &p);
  meso_box box = meso_canvas_cell(canvas, 0, 1, 0, 1, 14.0);
  box.h -= meso_lines_legend(canvas, box.w, &p.lines) + 12.0;
  meso_lines_draw(canvas, box, &p.lines);
  if (isfinite(a))
    snprintf(fit_text, sizeof fit_text, " \u2003 fit a exp(\u2212d/b) + c: a %.3g, b %.4g \u00b5m, "
             "c %.3g, R\u00b2 %.2f", a, b, c, meso_attrs_number(fit, "fit_r_squared", NAN));
  meso_canvas_note(canvas, 46.0, meso_canvas_height(canvas) - 6.0,
                   "bins of %g ms%s",
                   meso_attrs_number(meso_group_attrs(data, "/correlation"), "bin_ms", NAN),
                   fit_text);
cleanup:
  free(p.centre);
  free(fitted);
  return status;
}

const meso_figure_ops meso_fig_correlation_distance = {
  "correlation_distance", "Spike-count correlation coefficients against the distance of the two "
                          "neurons, mean over the pairs within each population and over all.",
  170.0, 100.0, is_available, draw
};
