/* fig_correlation.c: spike-count correlations of pairs within each population. */
#include "meso_figure_tools.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool is_available(const meso_figure_data *data)
{
  const meso_array *c = meso_find_array(data, "/correlation/coefficient");
  const meso_array *labels = meso_find_array(data, "/correlation/labels");
  return c != NULL && labels != NULL && c->data != NULL && labels->text != NULL && c->n_dims == 2
         && c->dims[0] == c->dims[1] && meso_array_count(labels) == c->dims[0] && c->dims[0] > 1;
}

static bool same_population(const char *a, const char *b)
{
  size_t n = strcspn(a, "/");
  return n == strcspn(b, "/") && strncmp(a, b, n) == 0;
}

/* Neurons of Poisson sources, which share the schedule that switches them. */
static bool of_source(const meso_figure_data *data, const char *label)
{
  for (size_t i = 0; data->model != NULL && i < data->model->n_populations; i++) {
    const char *name = data->model->population[i].name;
    if (meso_is_of(label, name)) return meso_is_source(data, name);
  }
  return false;
}

/* Rows of consecutive neurons of one population; values: the pairs i < j, row by row. */
static void collect(const meso_figure_data *data, const meso_array *c, char *const *label,
                    double *values, meso_distributions *rows)
{
  size_t n = c->dims[0], used = 0;
  for (size_t first = 0; first < n;) {
    size_t last = first + 1, start = used;
    while (last < n && same_population(label[first], label[last])) last++;
    bool is_source = of_source(data, label[first]);
    if (is_source)
      snprintf(rows->left_out, sizeof rows->left_out, "%.*s", (int) strcspn(label[first], "/"),
               label[first]);
    for (size_t i = first; i < last && !is_source; i++)
      for (size_t j = i + 1; j < last; j++) values[used++] = c->data[i * n + j];
    if (used > start)
      rows->row[rows->n++] = (struct meso_distribution) { label[first], used - start,
                                                          values + start, NAN };
    first = last;
  }
}

static void draw_note(const meso_figure_data *data, meso_canvas *canvas, const char *left_out)
{
  const meso_attrs *attrs = meso_group_attrs(data, "/correlation");
  double bin_ms = meso_attrs_number(attrs, "bin_ms", NAN);
  double n_bins = meso_attrs_number(attrs, "n_bins", NAN);
  char counts[96] = "", sources[128] = "", window[96], silent[64] = "";
  if (isfinite(bin_ms * n_bins))
    snprintf(counts, sizeof counts, " \u2003 counts in %.0f bins of %g ms", n_bins, bin_ms);
  if (left_out[0] != '\0')
    snprintf(sources, sizeof sources, " \u2003 left out: Poisson sources (%s)", left_out);
  meso_canvas_note(canvas, 46.0, meso_canvas_height(canvas) - 6.0,
                   "circle: mean \u2003 bar: quartiles \u2003 triangle: beyond the axis%s%s",
                   counts, sources);
  meso_window_text(data, "/correlation", window, sizeof window);
  const char *dropped = meso_attrs_text(attrs, "drop_silent");
  if (dropped != NULL && strcmp(dropped, "true") == 0)
    snprintf(silent, sizeof silent, " \u2003 silent neurons left out of the first %g",
             meso_attrs_number(attrs, "max_neurons", NAN));
  meso_canvas_note(canvas, 46.0, meso_canvas_height(canvas) - 16.0, "%s%s", window, silent);
}

static meso_status draw(const meso_figure_data *data, meso_canvas *canvas, meso_err *err)
{
  meso_status status = MESO_OK;
  const meso_array *c = meso_find_array(data, "/correlation/coefficient");
  const meso_array *labels = meso_find_array(data, "/correlation/labels");
  meso_distributions rows = { .x_label = "spike-count correlation coefficient (dimensionless)",
                              .counted = "pairs", .zero_line = true };
  double *values = NULL;
  MESO_ALLOC(err, values, c->dims[0] * (c->dims[0] - 1) / 2);
  MESO_ALLOC(err, rows.row, c->dims[0]);
  collect(data, c, labels->text, values, &rows);
  meso_box box = meso_canvas_cell(canvas, 0, 1, 0, 1, 14.0);
  box.h -= 22.0;
  MESO_TRY(meso_distributions_draw(data, canvas, box, &rows, err));
  draw_note(data, canvas, rows.left_out);
cleanup:
  free(values);
  free(rows.row);
  return status;
}

const meso_figure_ops meso_fig_correlation = {
  "correlation", "Spike-count correlation coefficients of the pairs within each population. "
                 "Poisson sources are left out: the schedule that switches them correlates them.",
  170.0, 95.0, is_available, draw
};
