/* fig_spike_spectrum.c: mean spectral density of the single trains of each population. */
#include "meso_lines.h"

#include <math.h>
#include <string.h>

static meso_lines find(const meso_figure_data *data)
{
  static const char mean[] = "/spike_spectrum/mean/";
  meso_lines lines = meso_lines_make("Mean over single trains", "frequency (Hz)",
                                     "PSD ((spikes/s)\u00b2/Hz)");
  const meso_array *f = meso_find_array(data, "/spike_spectrum/frequency_Hz");
  lines.x_log = lines.y_log = true;
  if (f == NULL || f->data == NULL) return lines;
  for (size_t i = 0; i < data->analysis->n; i++) {
    const meso_array *array = &data->analysis->array[i];
    if (strncmp(array->path, mean, sizeof mean - 1) != 0 || array->data == NULL
        || meso_array_count(array) != meso_array_count(f))
      continue;
    const char *name = array->path + sizeof mean - 1;
    /* not the last one: without a mirror image it has half the density */
    meso_lines_add(&lines, name, meso_array_count(f) - 1, f->data, array->data,
                   (meso_stroke) { meso_population_color(data, name), 0.9, false });
  }
  return lines;
}

static bool is_available(const meso_figure_data *data) { return find(data).n > 0; }

static meso_status draw(const meso_figure_data *data, meso_canvas *canvas, meso_err *err)
{
  (void) err;
  const meso_lines lines = find(data);
  char estimator[256];
  meso_box box = meso_canvas_cell(canvas, 0, 1, 0, 1, 14.0);
  box.h -= meso_lines_legend(canvas, box.w, &lines) + 12.0;
  meso_lines_draw(canvas, box, &lines);
  meso_estimator_text(meso_group_attrs(data, "/spike_spectrum"), estimator, sizeof estimator);
  meso_canvas_note(canvas, 8.0, meso_canvas_height(canvas) - 6.0, "%s", estimator);
  return MESO_OK;
}

const meso_figure_ops meso_fig_spike_spectrum = {
  "spike_spectrum", "Power spectral density of single spike trains, mean over the trains of each "
                    "population; a Poisson train is flat at twice its rate.",
  170.0, 105.0, is_available, draw
};
