/* fig_lines.c: Thomson's F-test for lines over frequency. */
#include "meso_lines.h"

#include <math.h>
#include <stdio.h>

enum { CHANNELS = 5 };

static bool find(const meso_figure_data *data, const meso_array **F, const meso_array **f)
{
  *F = meso_find_array(data, "/lines/F");
  *f = meso_find_array(data, "/lines/frequency_Hz");
  return *F != NULL && *f != NULL && (*F)->data != NULL && (*f)->data != NULL
         && (*F)->n_dims == 2 && (*F)->dims[1] == meso_array_count(*f) && (*F)->dims[1] > 1;
}

static bool is_available(const meso_figure_data *data)
{
  const meso_array *F, *f;
  return find(data, &F, &f);
}

static meso_status draw(const meso_figure_data *data, meso_canvas *canvas, meso_err *err)
{
  meso_status status = MESO_OK;
  const meso_array *F, *f;
  if (!find(data, &F, &f)) MESO_FAIL(err, MESO_ENOTFOUND, "there is no test for lines to draw");
  const meso_attrs *attrs = meso_group_attrs(data, "/lines");
  const size_t n = F->dims[0] < CHANNELS ? F->dims[0] : CHANNELS;
  const double found = meso_attrs_number(attrs, "n_significant", 0.0);
  char estimator[256], title[128];
  if (found > 0.0)
    (void) snprintf(title, sizeof title, "Lines: %.0f of %.0f values significant among all", found,
                    meso_attrs_number(attrs, "n_tests", NAN));
  else
    (void) snprintf(title, sizeof title, "Lines: no value significant among all");
  meso_lines lines = meso_lines_make(title, "frequency (Hz)", "F (dimensionless)");
  lines.y_guide = meso_attrs_number(attrs, found > 0 ? "fdr_threshold_F" : "threshold_F", NAN);
  for (size_t i = 0; i < n; i++) {
    const size_t channel = n > 1 ? i * (F->dims[0] - 1) / (n - 1) : 0;
    char name[40];
    (void) snprintf(name, sizeof name, "channel %zu", channel);
    meso_lines_add(&lines, name, F->dims[1], f->data, F->data + channel * F->dims[1],
                   (meso_stroke) { meso_palette_ordered(i, n), 0.7, false });
  }
  meso_box box = meso_canvas_cell(canvas, 0, 1, 0, 1, 14.0);
  box.h -= meso_lines_legend(canvas, box.w, &lines) + 12.0;
  meso_lines_draw(canvas, box, &lines);
  meso_estimator_text(attrs, estimator, sizeof estimator);
  meso_canvas_note(canvas, 8.0, meso_canvas_height(canvas) - 6.0, "%s \u2003 dashed: %s",
                   estimator, found > 0.0 ? "least significant" : "level of one test");
cleanup:
  return status;
}

const meso_figure_ops meso_fig_lines = {
  "lines", "F statistic of a sine at each frequency against the spectrum around it (Thomson "
           "1982).",
  170.0, 100.0, is_available, draw
};
