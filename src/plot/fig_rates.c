/* fig_rates.c: distribution of firing rates per population, with the model's reference means. */
#include "meso_figure_tools.h"

#include <math.h>
#include <stdlib.h>

static bool is_available(const meso_figure_data *data)
{
  return meso_distributions_available(data, "rate_Hz", true);
}

/* Legend of what is there: not every model file has reference means. */
static void draw_legend(meso_canvas *canvas, const meso_distributions *rows)
{
  bool any = false;
  for (size_t i = 0; i < rows->n; i++) any = any || isfinite(rows->row[i].reference);
  meso_canvas_note(canvas, 46.0, 10.0,
                   "circle: mean \u2003 bar: quartiles \u2003 %striangle: values beyond the axis",
                   any ? "\u25c7 reference mean of the model file \u2003 " : "");
}

static meso_status draw(const meso_figure_data *data, meso_canvas *canvas, meso_err *err)
{
  meso_status status = MESO_OK;
  meso_distributions rows = { .x_label = "firing rate (spikes/s)", .counted = "neurons" };
  MESO_TRY(meso_distributions_find(data, "rate_Hz", true, &rows, err));
  meso_box box = meso_canvas_cell(canvas, 0, 1, 0, 1, 14.0);
  char window[96];
  box.h -= 12.0;
  MESO_TRY(meso_distributions_draw(data, canvas, box, &rows, err));
  meso_window_text(data, "/statistics", window, sizeof window);
  meso_canvas_note(canvas, 46.0, meso_canvas_height(canvas) - 6.0, "%s", window);
  draw_legend(canvas, &rows);
cleanup:
  free(rows.row);
  return status;
}

const meso_figure_ops meso_fig_rates = {
  "rates", "Firing rates of the neurons of each population, beside the reference means; the axis "
           "ends past the highest 99.5th percentile of a population.",
  170.0, 90.0, is_available, draw
};
