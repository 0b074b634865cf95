/* fig_synchrony.c: rates of populations in bins of time, and how synchronous their neurons are. */
#include "meso_lines.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { SHOWN_BINS = 400 };

typedef struct panel {
  const meso_figure_data *data;
  double bin_ms, start_ms, time_ms[SHOWN_BINS];
  meso_lines lines;
} panel;

static void add(void *user, const char *group, const meso_array *array)
{
  panel *p = user;
  char path[200], text[80];
  snprintf(path, sizeof path, "/synchrony/%s", group);
  const meso_attrs *attrs = meso_group_attrs(p->data, path);
  const size_t n = meso_array_count(array) < SHOWN_BINS ? meso_array_count(array) : SHOWN_BINS;
  snprintf(text, sizeof text, "%s: \u03c7 %.2g (independent %.2g)", group,
           meso_attrs_number(attrs, "chi", NAN), meso_attrs_number(attrs, "chi_independent", NAN));
  meso_lines_add(&p->lines, text, n, p->time_ms, array->data,
                 (meso_stroke) { meso_population_color(p->data, group), 0.8, false });
}

static void find(const meso_figure_data *data, panel *p)
{
  const meso_attrs *attrs = meso_group_attrs(data, "/synchrony");
  *p = (panel) { .data = data, .bin_ms = meso_attrs_number(attrs, "bin_ms", NAN),
                 .start_ms = meso_attrs_number(attrs, "t_start_ms", 0.0),
                 .lines = meso_lines_make("Population rates", "time (ms)", "rate (spikes/s)") };
  for (size_t k = 0; k < SHOWN_BINS; k++)
    p->time_ms[k] = p->start_ms + ((double) k + 0.5) * p->bin_ms;
  if (isfinite(p->bin_ms)) meso_lines_each(data, "/synchrony", "rate_Hz", add, p);
}

static bool is_available(const meso_figure_data *data)
{
  panel p;
  find(data, &p);
  return p.lines.n > 0;
}

static meso_status draw(const meso_figure_data *data, meso_canvas *canvas, meso_err *err)
{
  (void) err;
  panel p;
  find(data, &p);
  meso_box box = meso_canvas_cell(canvas, 0, 1, 0, 1, 14.0);
  box.h -= meso_lines_legend(canvas, box.w, &p.lines) + 12.0;
  meso_lines_draw(canvas, box, &p.lines);
  meso_canvas_note(canvas, 46.0, meso_canvas_height(canvas) - 6.0,
                   "bins of %g ms, the first %d \u2003 \u03c7: 1 if all neurons fire together",
                   p.bin_ms, (int) SHOWN_BINS);
  return MESO_OK;
}

const meso_figure_ops meso_fig_synchrony = {
  "synchrony", "Rates of populations, mean over their neurons, and their synchrony index \u03c7 "
               "beside that of independent neurons.",
  170.0, 100.0, is_available, draw
};
