/* fig_variability.c: irregularity of spiking: CV and local variation of the intervals. */
#include "meso_figure_tools.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static const char *const quantity[2] = { "cv_isi", "lv" };

static bool is_available(const meso_figure_data *data)
{
  return meso_distributions_available(data, quantity[0], false)
         || meso_distributions_available(data, quantity[1], false);
}

static void draw_note(const meso_figure_data *data, meso_canvas *canvas, const char *left_out)
{
  double least = meso_attrs_number(meso_group_attrs(data, "/statistics"), "min_spikes", NAN);
  double y = meso_canvas_height(canvas) - 6.0;
  char which[64] = "", sources[128] = "", window[96];
  if (isfinite(least))
    snprintf(which, sizeof which, "neurons with at least %g spikes \u2003 ", least);
  if (left_out[0] != '\0')
    snprintf(sources, sizeof sources, " \u2003 left out: Poisson sources (%s)", left_out);
  meso_canvas_note(canvas, 20.0, y,
                   "%scircle: mean \u2003 bar: quartiles \u2003 triangle: beyond the axis%s",
                   which, sources);
  meso_window_text(data, "/statistics", window, sizeof window);
  meso_canvas_note(canvas, 20.0, y - 10.0, "%s", window);
}

static meso_status draw(const meso_figure_data *data, meso_canvas *canvas, meso_err *err)
{
  meso_status status = MESO_OK;
  meso_distributions panel[2] = {
    { .x_label = "CV of intervals (dimensionless)", .title = "Coefficient of variation",
      .counted = "neurons" },
    { .x_label = "LV of intervals (dimensionless)", .title = "Local variation",
      .counted = "neurons" }
  };
  for (size_t i = 0; i < 2; i++) {
    meso_box box = meso_canvas_cell(canvas, 0, 1, i, 2, 14.0);
    box.h -= 22.0;
    MESO_TRY(meso_distributions_find(data, quantity[i], false, &panel[i], err));
    MESO_TRY(meso_distributions_draw(data, canvas, box, &panel[i], err));
  }
  draw_note(data, canvas, panel[0].left_out);
cleanup:
  free(panel[0].row);
  free(panel[1].row);
  return status;
}

const meso_figure_ops meso_fig_variability = {
  "variability", "Irregularity of spike trains: 1 is a Poisson process, 0 a clock. Poisson sources "
                 "are left out: switching them on and off makes their intervals irregular.",
  170.0, 90.0, is_available, draw
};
