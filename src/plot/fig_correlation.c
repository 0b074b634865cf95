/* fig_correlation.c: spike-count correlations of pairs within each population. */
#include "meso_figure_tools.h"

#include <math.h>
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

/* Rows of consecutive neurons of one population; values: the pairs i < j, row by row. */
static void collect(const meso_array *c, char *const *label, double *values,
                    meso_distributions *rows)
{
  size_t n = c->dims[0], used = 0;
  for (size_t first = 0; first < n;) {
    size_t last = first + 1, start = used;
    while (last < n && same_population(label[first], label[last])) last++;
    for (size_t i = first; i < last; i++)
      for (size_t j = i + 1; j < last; j++) values[used++] = c->data[i * n + j];
    if (used > start)
      rows->row[rows->n++] = (struct meso_distribution) { label[first], used - start,
                                                          values + start, NAN };
    first = last;
  }
}

static meso_status draw(const meso_figure_data *data, meso_canvas *canvas, meso_err *err)
{
  meso_status status = MESO_OK;
  const meso_array *c = meso_find_array(data, "/correlation/coefficient");
  const meso_array *labels = meso_find_array(data, "/correlation/labels");
  meso_distributions rows = { 0, NULL };
  double *values = NULL;
  MESO_ALLOC(err, values, c->dims[0] * (c->dims[0] - 1) / 2);
  MESO_ALLOC(err, rows.row, c->dims[0]);
  collect(c, labels->text, values, &rows);
  MESO_TRY(meso_distributions_draw(data, canvas, meso_canvas_cell(canvas, 0, 1, 0, 1, 14.0), &rows,
                                   true, "spike-count correlation coefficient (dimensionless)",
                                   NULL, err));
  meso_canvas_text(canvas, 46.0, 10.0, (meso_text_style) { .size_pt = 7.0, .color = meso_grey },
                   "pairs within a population \u2003 circle: mean \u2003 bar: quartiles");
cleanup:
  free(values);
  free(rows.row);
  return status;
}

const meso_figure_ops meso_fig_correlation = {
  "correlation", "Spike-count correlation coefficients of pairs within each population.",
  180.0, 90.0, is_available, draw
};
