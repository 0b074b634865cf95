/* fig_rates.c: distribution of firing rates per population, with the model's reference means. */
#include "meso_figure_tools.h"

#include <stdlib.h>

static bool is_available(const meso_figure_data *data)
{
  meso_distributions rows;
  bool found = meso_distributions_find(data, "rate_Hz", &rows, NULL) == MESO_OK && rows.n > 0;
  free(rows.row);
  return found;
}

static meso_status draw(const meso_figure_data *data, meso_canvas *canvas, meso_err *err)
{
  meso_status status = MESO_OK;
  meso_distributions rows = { 0, NULL };
  MESO_TRY(meso_distributions_find(data, "rate_Hz", &rows, err));
  MESO_TRY(meso_distributions_draw(data, canvas, meso_canvas_cell(canvas, 0, 1, 0, 1, 14.0), &rows,
                                   false, "firing rate (spikes/s)", NULL, err));
  meso_canvas_text(canvas, 46.0, 10.0, (meso_text_style) { .size_pt = 7.0, .color = meso_grey },
                   "circle: mean \u2003 bar: quartiles \u2003 \u25c7 reference mean of the model "
                   "file \u2003 axis ends past the 99.5th percentile");
cleanup:
  free(rows.row);
  return status;
}

const meso_figure_ops meso_fig_rates = {
  "rates", "Firing rates of the neurons of each population, beside the reference means.",
  180.0, 90.0, is_available, draw
};
