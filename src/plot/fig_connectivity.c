/* fig_connectivity.c: functional connectivity beside a measured matrix, and pair against pair; or
 * beside its partial correlations where none was given. */
#include "meso_figure_tools.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const meso_array *square(const meso_figure_data *data, const char *name)
{
  const meso_array *a = meso_find_array(data, "/connectivity/%s", name);
  return a != NULL && a->data != NULL && a->n_dims == 2 && a->dims[0] == a->dims[1]
         && a->dims[0] > 1 ? a : NULL;
}

/* What is drawn beside the correlations: NULL if there is nothing of their size. */
static const meso_array *beside(const meso_figure_data *data, const meso_array *r)
{
  const meso_array *a = square(data, "measured");
  if (a == NULL) a = square(data, "partial");
  return a != NULL && a->dims[0] == r->dims[0] ? a : NULL;
}

static bool is_available(const meso_figure_data *data)
{
  const meso_array *r = square(data, "correlation");
  return r != NULL && beside(data, r) != NULL;
}

/* Largest size off the diagonal. */
static double limit_of(const meso_array *a)
{
  double limit = 0.0;
  for (size_t i = 0; i < meso_array_count(a); i++)
    if (i % (a->dims[0] + 1) != 0 && isfinite(a->data[i])) limit = fmax(limit, fabs(a->data[i]));
  return limit > 0.0 ? limit : 1.0;
}

/* Names of up to 24 regions, or NULL: there are none, or too many to be read. */
static const meso_array *names_of(const meso_figure_data *data, size_t n)
{
  const meso_array *labels = meso_find_array(data, "/connectivity/labels");
  return labels != NULL && labels->text != NULL && meso_array_count(labels) == n && n <= 24
         ? labels : NULL;
}

/* Names beside the rows; columns are in the same order. */
static void mark_regions(meso_canvas *canvas, meso_box box, const meso_array *names)
{
  const double side = box.h / (double) meso_array_count(names);
  const meso_text_style style = { .size_pt = fmin(6.5, 0.9 * side), .anchor = MESO_ANCHOR_RIGHT,
                                  .max_width = 44.0, .color = meso_black };
  for (size_t i = 0; i < meso_array_count(names); i++)
    meso_canvas_text(canvas, box.x - 3.0, box.y + side * ((double) i + 0.5), style, "%s",
                     names->text[i]);
}

static meso_status draw_matrix(const meso_figure_data *data, meso_canvas *canvas, meso_box box,
                               const meso_array *a, double limit, const char *title,
                               const char *label, meso_err *err)
{
  meso_status status = MESO_OK;
  const size_t n = a->dims[0];
  double *off = NULL;
  const meso_array *names = names_of(data, n);
  const meso_axes axes = { .box = box, .x_min = -0.5, .x_max = (double) n - 0.5,
                           .y_min = (double) n - 0.5, .y_max = -0.5, .x_label = "region (number)",
                           .y_label = names == NULL ? "region (number)" : NULL,
                           .no_y_ticks = names != NULL, .x_whole = true, .y_whole = true,
                           .title = title };
  MESO_ALLOC(err, off, n * n);
  for (size_t i = 0; i < n * n; i++) off[i] = i % (n + 1) == 0 ? NAN : a->data[i];
  MESO_TRY(meso_axes_image(canvas, &axes, n, n, off, MESO_MAP_DIVERGING, -limit, limit, false,
                           err));
  meso_axes_draw(canvas, &axes);
  if (names != NULL) mark_regions(canvas, box, names);
  meso_canvas_colorbar(canvas, box, MESO_MAP_DIVERGING, -limit, limit, label);
cleanup:
  free(off);
  return status;
}

static void range_of(const double *v, size_t n, double *low, double *high)
{
  *low = INFINITY, *high = -INFINITY;
  for (size_t i = 0; i < n; i++)
    if (isfinite(v[i])) *low = fmin(*low, v[i]), *high = fmax(*high, v[i]);
  if (!(*high > *low)) *low = -1.0, *high = 1.0;
  const double margin = 0.06 * (*high - *low);
  *low -= margin, *high += margin;
}

/* Pairs above the diagonal, the comparison's line and numbers. */
static meso_status draw_pairs(const meso_figure_data *data, meso_canvas *canvas, meso_box box,
                              const meso_array *x, const meso_array *y, const char *y_label,
                              meso_err *err)
{
  meso_status status = MESO_OK;
  const size_t N = x->dims[0];
  const meso_attrs *attrs = meso_group_attrs(data, "/connectivity");
  const double r = meso_attrs_number(attrs, "comparison_r", NAN);
  double *u = NULL, *v = NULL;
  size_t n = 0;
  char title[96] = "Pairs of regions";
  MESO_ALLOC(err, u, N * (N - 1) / 2);
  MESO_ALLOC(err, v, N * (N - 1) / 2);
  for (size_t i = 0; i < N; i++)
    for (size_t j = i + 1; j < N; j++) {
      if (!isfinite(x->data[i * N + j]) || !isfinite(y->data[i * N + j])) continue;
      u[n] = x->data[i * N + j];
      v[n++] = y->data[i * N + j];
    }
  meso_axes axes = { .box = box, .x_label = square(data, "measured") == y
                                ? "predicted correlation (dimensionless)"
                                : "correlation (dimensionless)",
                     .y_label = y_label, .title = title };
  range_of(u, n, &axes.x_min, &axes.x_max);
  range_of(v, n, &axes.y_min, &axes.y_max);
  snprintf(title, sizeof title, "Pairs of regions (n = %zu)", n);
  meso_axes_draw(canvas, &axes);
  if (n == 0) meso_axes_say_empty(canvas, &axes, NULL);
  meso_axes_dots(canvas, &axes, n, u, v, meso_palette(0), n > 400 ? 1.6 : 3.0);
  if (isfinite(r))
    meso_canvas_note(canvas, 8.0, meso_canvas_height(canvas) - 5.0, "r = %.2f, 95 %% interval %.2f "
                     "to %.2f as if pairs were independent, p = %.2g by %g permutations of regions",
                     r, meso_attrs_number(attrs, "comparison_r_low", NAN),
                     meso_attrs_number(attrs, "comparison_r_high", NAN),
                     meso_attrs_number(attrs, "comparison_p", NAN),
                     meso_attrs_number(attrs, "permutations", NAN));
cleanup:
  free(u);
  free(v);
  return status;
}

static meso_status draw(const meso_figure_data *data, meso_canvas *canvas, meso_err *err)
{
  meso_status status = MESO_OK;
  const meso_array *r = square(data, "correlation"), *other = beside(data, r);
  const bool measured = square(data, "measured") == other;
  /* both are correlations: the same colour says the same */
  const double both = fmax(limit_of(r), limit_of(other));
  const double side = 140.0, top = 22.0, left = 56.0, step = side + 100.0;
  MESO_TRY(draw_matrix(data, canvas, (meso_box) { left, top, side, side }, r,
                       both, measured ? "Predicted" : "Correlation",
                       "correlation (dimensionless)", err));
  MESO_TRY(draw_matrix(data, canvas, (meso_box) { left + step, top, side, side }, other,
                       both, measured ? "Measured" : "Partial correlation",
                       measured ? "measured (dimensionless)"
                                : "partial correlation (dimensionless)", err));
  MESO_TRY(draw_pairs(data, canvas, (meso_box) { left, top + side + 54.0, 2.0 * side + 100.0,
                      130.0 }, r, other, measured ? "measured (dimensionless)"
                                                  : "partial (dimensionless)", err));
cleanup:
  return status;
}

const meso_figure_ops meso_fig_connectivity = {
  "connectivity", "Functional connectivity: predicted correlations beside measured ones on one "
                  "scale of colours, and pair against pair; without a measured matrix beside the "
                  "partial correlations.",
  170.0, 138.0, is_available, draw
};
