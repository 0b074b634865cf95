/* fig_fano_windows.c: Fano factor against the width of the counting window. */
#include "meso_lines.h"

#include <math.h>
#include <stdlib.h>

typedef struct panel {
  const meso_figure_data *data;
  const meso_array *window;
  double *mean;            /* (curve, window) */
  meso_lines lines;
} panel;

static void add(void *user, const char *group, const meso_array *array)
{
  panel *p = user;
  const size_t n = meso_array_count(p->window);
  if (array->n_dims != 2 || array->dims[1] != n || p->lines.n == MESO_MOST_CURVES) return;
  double *mean = p->mean + p->lines.n * n;
  for (size_t w = 0; w < n; w++) {
    double sum = 0.0, count = 0.0;
    for (size_t i = 0; i < array->dims[0]; i++) {
      if (!isfinite(array->data[i * n + w])) continue;
      sum += array->data[i * n + w];
      count++;
    }
    mean[w] = count > 0.0 ? sum / count : NAN;
  }
  meso_lines_add(&p->lines, group, n, p->window->data, mean,
                 (meso_stroke) { meso_population_color(p->data, group), 1.0, false });
  p->lines.line[p->lines.n - 1].dots = true;
}

static void count(void *user, const char *group, const meso_array *array)
{
  (void) group;
  *(size_t *) user += array->n_dims == 2;
}

static bool is_available(const meso_figure_data *data)
{
  const meso_array *window = meso_find_array(data, "/statistics/fano_windows_ms");
  size_t n = 0;
  meso_lines_each(data, "/statistics", "fano_windows", count, &n);
  return window != NULL && window->data != NULL && n > 0;
}

static meso_status draw(const meso_figure_data *data, meso_canvas *canvas, meso_err *err)
{
  meso_status status = MESO_OK;
  panel p = { data, meso_find_array(data, "/statistics/fano_windows_ms"), NULL,
              meso_lines_make("Mean over neurons", "counting window (ms)",
                              "Fano factor (dimensionless)") };
  MESO_ALLOC(err, p.mean, MESO_MOST_CURVES * meso_array_count(p.window));
  p.lines.x_log = true;
  p.lines.y_guide = 1.0;
  meso_lines_each(data, "/statistics", "fano_windows", add, &p);
  meso_box box = meso_canvas_cell(canvas, 0, 1, 0, 1, 14.0);
  box.h -= meso_lines_legend(canvas, box.w, &p.lines) + 12.0;
  meso_lines_draw(canvas, box, &p.lines);
  meso_canvas_note(canvas, 46.0, meso_canvas_height(canvas) - 6.0, "dashed: a Poisson process");
cleanup:
  free(p.mean);
  return status;
}

const meso_figure_ops meso_fig_fano_windows = {
  "fano_windows", "Fano factor of spike counts against the width of the counting window, mean over "
                  "the neurons of each population.",
  120.0, 90.0, is_available, draw
};
