/* fig_variability.c: irregularity of spiking: CV and local variation of the intervals. */
#include "meso_figure_tools.h"

#include <stdlib.h>

static bool has_rows(const meso_figure_data *data, const char *quantity)
{
  meso_distributions rows;
  bool found = meso_distributions_find(data, quantity, &rows, NULL) == MESO_OK && rows.n > 0;
  free(rows.row);
  return found;
}

static bool is_available(const meso_figure_data *data)
{
  return has_rows(data, "cv_isi") || has_rows(data, "lv");
}

static meso_status draw(const meso_figure_data *data, meso_canvas *canvas, meso_err *err)
{
  static const char *const quantity[2] = { "cv_isi", "lv" };
  static const char *const label[2] = { "CV of intervals (dimensionless)",
                                        "LV of intervals (dimensionless)" };
  static const char *const title[2] = { "Coefficient of variation", "Local variation" };
  meso_status status = MESO_OK;
  meso_distributions rows = { 0, NULL };
  for (size_t i = 0; i < 2; i++) {
    MESO_TRY(meso_distributions_find(data, quantity[i], &rows, err));
    MESO_TRY(meso_distributions_draw(data, canvas, meso_canvas_cell(canvas, 0, 1, i, 2, 14.0),
                                     &rows, false, label[i], title[i], err));
    free(rows.row);
    rows.row = NULL;
  }
cleanup:
  free(rows.row);
  return status;
}

const meso_figure_ops meso_fig_variability = {
  "variability", "Irregularity of spike trains: 1 is a Poisson process, 0 a clock.",
  180.0, 85.0, is_available, draw
};
