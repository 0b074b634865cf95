/* fig_spike_coherence.c: coherence of population rates, or of single trains as the mean over the
 * pairs of two populations. */
#include "meso_lines.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What is drawn: views into the analysis. */
typedef struct pairs {
  size_t n, n_frequencies;
  const double *f_Hz, *pair, *coherence;
  const meso_array *labels;
} pairs;

static bool find_pairs(const meso_figure_data *data, pairs *p)
{
  const meso_array *f = meso_find_array(data, "/spike_coherence/frequency_Hz");
  const meso_array *pair = meso_find_array(data, "/spike_coherence/pairs");
  const meso_array *c = meso_find_array(data, "/spike_coherence/debiased");
  const meso_array *labels = meso_find_array(data, "/spike_coherence/labels");
  if (f == NULL || pair == NULL || c == NULL || labels == NULL || f->data == NULL
      || pair->data == NULL || c->data == NULL || labels->text == NULL || pair->n_dims != 2
      || pair->dims[1] != 2 || c->n_dims != 2 || c->dims[0] != pair->dims[0]
      || c->dims[1] != meso_array_count(f) || c->dims[1] < 2)
    return false;
  *p = (pairs) { c->dims[0], c->dims[1], f->data, pair->data, c->data, labels };
  for (size_t i = 0; i < 2 * p->n; i++)
    if (!(p->pair[i] >= 0.0 && p->pair[i] < (double) meso_array_count(labels))) return false;
  return p->n > 0;
}

static bool is_available(const meso_figure_data *data)
{
  pairs p;
  return find_pairs(data, &p);
}

/* "E - I" of a pair: its populations, without the numbers of neurons. */
static void name_of(const pairs *p, size_t i, char *text, size_t size)
{
  const char *a = p->labels->text[(size_t) p->pair[2 * i]];
  const char *b = p->labels->text[(size_t) p->pair[2 * i + 1]];
  (void) snprintf(text, size, "%.*s \u2013 %.*s", (int) fmin(30, (double) strcspn(a, "/")), a,
                  (int) fmin(30, (double) strcspn(b, "/")), b);
}

/* Means over the pairs of each two populations, one curve after the other in sum. */
static meso_status draw(const meso_figure_data *data, meso_canvas *canvas, meso_err *err)
{
  meso_status status = MESO_OK;
  pairs p;
  double *sum = NULL, *n_sums = NULL;
  char name[MESO_MOST_CURVES][80], estimator[256], own[80];
  size_t n = 0, n_left_out = 0;
  const meso_attrs *attrs = meso_group_attrs(data, "/spike_coherence");
  const double L = meso_attrs_number(attrs, "effective_observations", NAN);
  const double threshold = meso_attrs_number(attrs, "threshold", NAN);
  meso_lines lines = meso_lines_make("Coherence of spikes", "frequency (Hz)",
                                     "magnitude squared, debiased (dimensionless)");
  if (!find_pairs(data, &p)) goto cleanup;
  MESO_ALLOC(err, sum, MESO_MOST_CURVES * p.n_frequencies);
  MESO_ALLOC(err, n_sums, MESO_MOST_CURVES * p.n_frequencies);
  for (size_t i = 0; i < p.n; i++) {
    size_t k = 0;
    name_of(&p, i, own, sizeof own);
    while (k < n && strcmp(name[k], own) != 0) k++;
    if (k == MESO_MOST_CURVES) {
      n_left_out++;
      continue;
    }
    if (k == n) memcpy(name[n++], own, sizeof own);
    for (size_t f = 0; f < p.n_frequencies; f++) {
      const double c = p.coherence[i * p.n_frequencies + f];
      if (isfinite(c)) sum[k * p.n_frequencies + f] += c;
      n_sums[k * p.n_frequencies + f] += isfinite(c);
    }
  }
  for (size_t k = 0; k < n * p.n_frequencies; k++)
    sum[k] = n_sums[k] > 0 ? sum[k] / n_sums[k] : NAN;
  for (size_t k = 0; k < n; k++)
    meso_lines_add(&lines, name[k], p.n_frequencies, p.f_Hz, sum + k * p.n_frequencies,
                   (meso_stroke) { meso_palette(k), 0.9, k >= 8 });
  if (L > 1) lines.y_guide = (L * threshold - 1) / (L - 1);
  meso_box box = meso_canvas_cell(canvas, 0, 1, 0, 1, 14.0);
  box.h -= meso_lines_legend(canvas, box.w, &lines) + 22.0;
  meso_lines_draw(canvas, box, &lines);
  meso_estimator_text(attrs, estimator, sizeof estimator);
  meso_canvas_note(canvas, 8.0, meso_canvas_height(canvas) - 16.0, "%s", estimator);
  (void) snprintf(own, sizeof own, "; %zu pairs of further populations are not shown", n_left_out);
  meso_canvas_note(canvas, 8.0, meso_canvas_height(canvas) - 6.0, "dashed: exceeded by a single "
                   "pair of unrelated trains with probability %g%s",
                   meso_attrs_number(attrs, "alpha", NAN), n_left_out > 0 ? own : "");
cleanup:
  free(sum);
  free(n_sums);
  return status;
}

const meso_figure_ops meso_fig_spike_coherence = {
  "spike_coherence", "Magnitude squared coherence of population rates, without its bias; of single "
                     "spike trains the mean over the pairs of two populations.",
  170.0, 110.0, is_available, draw
};
