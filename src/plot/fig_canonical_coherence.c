/* fig_canonical_coherence.c: coherence between two groups of channels over frequency. */
#include "meso_lines.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { RANKS = 5 };

static bool find(const meso_figure_data *data, const meso_array **rho, const meso_array **f)
{
  *rho = meso_find_array(data, "/canonical_coherence/magnitude_squared");
  *f = meso_find_array(data, "/canonical_coherence/frequency_Hz");
  return *rho != NULL && *f != NULL && (*rho)->data != NULL && (*f)->data != NULL
         && (*rho)->n_dims == 2 && (*rho)->dims[1] == meso_array_count(*f) && (*rho)->dims[1] > 1;
}

static bool has_value(const meso_array *a)
{
  for (size_t i = 0; i < meso_array_count(a); i++)
    if (isfinite(a->data[i])) return true;
  return false;
}

static bool is_available(const meso_figure_data *data)
{
  const meso_array *rho, *f;
  return find(data, &rho, &f);
}

static meso_status draw(const meso_figure_data *data, meso_canvas *canvas, meso_err *err)
{
  meso_status status = MESO_OK;
  const meso_array *rho, *f;
  if (!find(data, &rho, &f))
    MESO_FAIL(err, MESO_ENOTFOUND, "there is no canonical coherence to draw");
  const meso_attrs *attrs = meso_group_attrs(data, "/canonical_coherence");
  const meso_array *global = meso_find_array(data, "/canonical_coherence/global");
  const meso_array *a = meso_find_array(data, "/canonical_coherence/channels_a");
  const meso_array *b = meso_find_array(data, "/canonical_coherence/channels_b");
  const size_t n = rho->dims[0] < RANKS ? rho->dims[0] : RANKS, n_f = rho->dims[1];
  const char *why = meso_attrs_text(attrs, "undefined");
  char estimator[256], title[128], name[40];
  (void) snprintf(title, sizeof title, "%zu channel%s against %zu, %.0f frequencies significant "
                  "among all", a != NULL ? meso_array_count(a) : 0,
                  a != NULL && meso_array_count(a) == 1 ? "" : "s",
                  b != NULL ? meso_array_count(b) : 0,
                  fmax(0.0, meso_attrs_number(attrs, "n_significant", 0.0)));
  meso_lines lines = meso_lines_make(title, "frequency (Hz)",
                                     "magnitude squared coherence (dimensionless)");
  for (size_t k = 0; k < n && has_value(rho); k++) {
    (void) snprintf(name, sizeof name, "canonical %zu", k + 1);
    meso_lines_add(&lines, name, n_f, f->data, rho->data + k * n_f,
                   (meso_stroke) { meso_palette_ordered(k, n), 1.0, false });
  }
  if (global != NULL && global->data != NULL && meso_array_count(global) == n_f)
    meso_lines_add(&lines, "share of the largest component", n_f, f->data, global->data,
                   (meso_stroke) { meso_black, 0.8, true });
  meso_box box = meso_canvas_cell(canvas, 0, 1, 0, 1, 14.0);
  box.h -= meso_lines_legend(canvas, box.w, &lines) + 12.0;
  meso_lines_draw(canvas, box, &lines);
  meso_estimator_text(attrs, estimator, sizeof estimator);
  if (has_value(rho))
    meso_canvas_note(canvas, 8.0, meso_canvas_height(canvas) - 6.0, "%s \u2003 sum if unrelated: "
                     "%.2g", estimator, meso_attrs_number(attrs, "bias_level", NAN));
  else
    meso_canvas_note(canvas, 8.0, meso_canvas_height(canvas) - 6.0, "no canonical coherence: %.*s",
                     why != NULL ? (int) strcspn(why, ";") : 1, why != NULL ? why : "?");
cleanup:
  return status;
}

const meso_figure_ops meso_fig_canonical_coherence = {
  "canonical_coherence", "Canonical coherences (magnitude squared) between two groups of "
                         "channels, and the share of the power of all channels that one component "
                         "carries.",
  170.0, 100.0, is_available, draw
};
