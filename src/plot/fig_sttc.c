/* fig_sttc.c: spike time tiling coefficients of the pairs within each population. */
#include "meso_figure_tools.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static bool is_available(const meso_figure_data *data)
{
  const meso_array *v = meso_find_array(data, "/sttc/value");
  const meso_array *labels = meso_find_array(data, "/sttc/labels");
  if (v == NULL || v->data == NULL || labels == NULL || labels->text == NULL) return false;
  const size_t n = meso_array_count(labels);
  return n > 1 && n < 65536 && meso_array_count(v) == n * (n - 1) / 2;
}

static bool same_population(const char *a, const char *b)
{
  const size_t n = strcspn(a, "/");
  return n == strcspn(b, "/") && strncmp(a, b, n) == 0;
}

/* Rows of consecutive trains of one population; values: their pairs i < j. */
static void collect(const double *v, size_t n, char *const *label, double *values,
                    meso_distributions *rows)
{
  size_t used = 0;
  for (size_t first = 0, last; first < n; first = last) {
    const size_t start = used;
    for (last = first + 1; last < n && same_population(label[first], label[last]);) last++;
    for (size_t i = first; i < last; i++)
      for (size_t j = i + 1; j < last; j++)
        values[used++] = v[i * (2 * n - i - 1) / 2 + j - i - 1];
    if (used > start)
      rows->row[rows->n++] = (struct meso_distribution) { label[first], used - start,
                                                          values + start, NAN };
  }
}

static meso_status draw(const meso_figure_data *data, meso_canvas *canvas, meso_err *err)
{
  meso_status status = MESO_OK;
  const meso_array *v = meso_find_array(data, "/sttc/value");
  const meso_array *labels = meso_find_array(data, "/sttc/labels");
  meso_distributions rows = { .x_label = "spike time tiling coefficient (dimensionless)",
                              .counted = "pairs", .zero_line = true };
  double *values = NULL;
  MESO_ALLOC(err, values, meso_array_count(v));
  MESO_ALLOC(err, rows.row, meso_array_count(labels));
  collect(v->data, meso_array_count(labels), labels->text, values, &rows);
  meso_box box = meso_canvas_cell(canvas, 0, 1, 0, 1, 14.0);
  box.h -= 22.0;
  MESO_TRY(meso_distributions_draw(data, canvas, box, &rows, err));
  meso_canvas_note(canvas, 46.0, meso_canvas_height(canvas) - 6.0,
                   "circle: mean \u2003 bar: quartiles \u2003 triangle: beyond the axis \u2003 "
                   "window \u00b1%g ms",
                   meso_attrs_number(meso_group_attrs(data, "/sttc"), "dt_ms", NAN));
cleanup:
  free(values);
  free(rows.row);
  return status;
}

const meso_figure_ops meso_fig_sttc = {
  "sttc", "Spike time tiling coefficients of the pairs within each population: 1 for trains that "
          "coincide, 0 for unrelated ones, whatever their rates.",
  170.0, 95.0, is_available, draw
};
