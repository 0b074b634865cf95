/* fig_cross_correlogram.c: mean cross-correlation coefficients of the pairs of two populations. */
#include "meso_lines.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static const meso_array *lags(const meso_figure_data *data)
{
  const meso_array *lag = meso_find_array(data, "/cross_correlogram/lag_ms");
  return lag != NULL && lag->data != NULL ? lag : NULL;
}

typedef struct panel {
  const meso_figure_data *data;
  const meso_array *lag;
  meso_lines lines;
} panel;

static void add(void *user, const char *group, const meso_array *array)
{
  panel *p = user;
  char name[80];
  const bool across = strstr(group, "_x_") != NULL;
  if (meso_array_count(array) != meso_array_count(p->lag)) return;
  meso_lines_pair_name(group, name, sizeof name);
  const meso_stroke stroke = { across ? meso_palette(p->lines.n)
                                      : meso_population_color(p->data, group), 0.9, across };
  meso_lines_add(&p->lines, name, meso_array_count(array), p->lag->data, array->data, stroke);
}

static panel find(const meso_figure_data *data)
{
  panel p = { data, lags(data), meso_lines_make("Mean over pairs of neurons", "lag (ms)",
                                                "correlation coefficient (dimensionless)") };
  p.lines.x_guide = 0.0;
  if (p.lag != NULL)
    meso_lines_each(data, "/cross_correlogram", "mean_coefficient", add, &p);
  return p;
}

static bool is_available(const meso_figure_data *data) { return find(data).lines.n > 0; }

static meso_status draw(const meso_figure_data *data, meso_canvas *canvas, meso_err *err)
{
  (void) err;
  const panel p = find(data);
  const meso_attrs *attrs = meso_group_attrs(data, "/cross_correlogram");
  meso_box box = meso_canvas_cell(canvas, 0, 1, 0, 1, 14.0);
  box.h -= meso_lines_legend(canvas, box.w, &p.lines) + 12.0;
  meso_lines_draw(canvas, box, &p.lines);
  meso_canvas_note(canvas, 46.0, meso_canvas_height(canvas) - 6.0,
                   "positive lag: the second population's neuron fires later \u2003 bins of %g ms "
                   "\u2003 %g neurons", meso_attrs_number(attrs, "bin_ms", NAN),
                   meso_attrs_number(attrs, "n_neurons", NAN));
  return MESO_OK;
}

const meso_figure_ops meso_fig_cross_correlogram = {
  "cross_correlogram", "Cross-correlation coefficients of binned spike counts, mean over the pairs "
                       "within (full) and between (dashed) populations.",
  170.0, 100.0, is_available, draw
};
