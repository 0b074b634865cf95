/* fig_significance.c: p values of an analysis against its surrogates, as distributions: on the
 * diagonal if nothing but chance is there, above it if more. */
#include "meso_lines.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST = 8, POINTS = 201 };

/* "/significance/<array>/p", numeric and not empty. */
static bool is_p(const meso_array *a)
{
  static const char head[] = "/significance/";
  const size_t n = strlen(a->path);
  return a->data != NULL && meso_array_count(a) > 0 && n > sizeof head + 1
         && strncmp(a->path, head, sizeof head - 1) == 0 && strcmp(a->path + n - 2, "/p") == 0;
}

static bool is_available(const meso_figure_data *data)
{
  for (size_t i = 0; data->analysis != NULL && i < data->analysis->n; i++)
    if (is_p(&data->analysis->array[i])) return true;
  return false;
}

/* Share of the defined p values that are at most x, at POINTS places; their number. */
static size_t shares(const meso_array *a, double *share)
{
  const size_t n = meso_array_count(a);
  size_t defined = 0;
  for (size_t k = 0; k < POINTS; k++) share[k] = 0.0;
  for (size_t i = 0; i < n; i++) {
    const double p = a->data[i];
    if (!(p >= 0.0 && p <= 1.0)) continue;
    defined++;
    share[(size_t) ceil(p * (POINTS - 1) - 1e-9)]++;
  }
  for (size_t k = 1; k < POINTS; k++) share[k] += share[k - 1];
  for (size_t k = 0; k < POINTS; k++)
    share[k] = defined > 0 ? share[k] / (double) defined : NAN;
  return defined;
}

static meso_status draw(const meso_figure_data *data, meso_canvas *canvas, meso_err *err)
{
  static const double diagonal[2] = { 0.0, 1.0 };
  meso_status status = MESO_OK;
  double *room = NULL;
  size_t n = 0;
  meso_lines lines = meso_lines_make("Distribution of p values", "p (dimensionless)",
                                     "share of values with at most this p (dimensionless)");
  MESO_ALLOC(err, room, (MOST + 1) * POINTS);
  for (size_t k = 0; k < POINTS; k++) room[k] = (double) k / (POINTS - 1.0);
  for (size_t i = 0; data->analysis != NULL && i < data->analysis->n && n < MOST; i++) {
    const meso_array *a = &data->analysis->array[i];
    if (!is_p(a)) continue;
    char path[512], name[80];
    double *share = room + (n + 1) * POINTS;
    if (shares(a, share) == 0) continue;
    (void) snprintf(path, sizeof path, "%.*s", (int) (strlen(a->path) - 2), a->path);
    const double found = meso_attrs_number(meso_group_attrs(data, path), "n_significant", 0.0);
    (void) snprintf(name, sizeof name, "%.48s: %.0f found", path + sizeof "/significance" - 1,
                    found);
    meso_lines_add(&lines, name, POINTS, room, share,
                   (meso_stroke) { meso_palette(n), 1.1, false });
    n++;
  }
  if (n > 0)
    meso_lines_add(&lines, "chance alone", 2, diagonal, diagonal,
                   (meso_stroke) { meso_grey, 0.7, true });
  meso_box box = meso_canvas_cell(canvas, 0, 1, 0, 1, 14.0);
  box.h -= meso_lines_legend(canvas, box.w, &lines);
  meso_lines_draw(canvas, box, &lines);
cleanup:
  free(room);
  return status;
}

const meso_figure_ops meso_fig_significance = {
  "significance", "p values of an analysis against its surrogates: on the dashed line if chance "
                  "alone is at work.",
  170.0, 106.0, is_available, draw
};
