/* fig_spike_field.c: spike-field coherence, and phases of the field at spikes. */
#include "meso_lines.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* Arrays of (train, channel, frequency) and (train, channel, bin). */
typedef struct found { const meso_array *f, *coherence, *edges, *histogram, *labels; } found;

static bool find(const meso_figure_data *data, found *x)
{
  *x = (found) { meso_find_array(data, "/spike_field/frequency_Hz"),
                 meso_find_array(data, "/spike_field/coherence"),
                 meso_find_array(data, "/spike_field/phase_edges"),
                 meso_find_array(data, "/spike_field/phase_histogram"),
                 meso_find_array(data, "/spike_field/labels") };
  return x->f != NULL && x->coherence != NULL && x->edges != NULL && x->histogram != NULL
         && x->labels != NULL && x->f->data != NULL && x->coherence->data != NULL
         && x->edges->data != NULL && x->histogram->data != NULL && x->labels->text != NULL
         && x->coherence->n_dims == 3 && x->histogram->n_dims == 3 && x->coherence->dims[1] > 0
         && x->coherence->dims[0] == meso_array_count(x->labels)
         && x->coherence->dims[2] == meso_array_count(x->f)
         && x->histogram->dims[0] == x->coherence->dims[0]
         && x->histogram->dims[1] == x->coherence->dims[1]
         && x->histogram->dims[2] + 1 == meso_array_count(x->edges);
}

static bool is_available(const meso_figure_data *data)
{
  found x;
  return find(data, &x);
}

/* The channel at which the average coherence below 200 Hz is largest, for every train the same. */
static size_t best_channel(const found *x)
{
  const size_t T = x->coherence->dims[0], C = x->coherence->dims[1], F = x->coherence->dims[2];
  size_t best = 0;
  double largest = -INFINITY;
  for (size_t c = 0; c < C; c++) {
    double sum = 0.0;
    for (size_t i = 0; i < T; i++)
      for (size_t f = 1; f < F && x->f->data[f] <= 200.0; f++) {
        const double v = x->coherence->data[(i * C + c) * F + f];
        sum += isfinite(v) ? v : 0.0;
      }
    if (sum > largest) {
      largest = sum;
      best = c;
    }
  }
  return best;
}

/* Shares of a train's spikes by phase, times the number of bins: 1 if they do not care. */
static void relative(const double *histogram, size_t n, double *out)
{
  double sum = 0.0;
  for (size_t k = 0; k < n; k++) sum += histogram[k];
  for (size_t k = 0; k < n; k++) out[k] = sum > 0.0 ? (double) n * histogram[k] / sum : NAN;
}

static meso_status draw(const meso_figure_data *data, meso_canvas *canvas, meso_err *err)
{
  enum { SHOWN = 6 };
  meso_status status = MESO_OK;
  found x;
  double *centre = NULL, *share = NULL;
  const meso_attrs *attrs = meso_group_attrs(data, "/spike_field");
  if (!find(data, &x)) MESO_FAIL(err, MESO_ENOTFOUND, "there is no spike-field analysis to draw");
  const size_t T = x.coherence->dims[0], C = x.coherence->dims[1], F = x.coherence->dims[2];
  const size_t B = x.histogram->dims[2], c = best_channel(&x);
  size_t n_f = 0;
  char title[96];
  snprintf(title, sizeof title, "Coherence with channel %zu", c);
  meso_lines left = meso_lines_make(title, "frequency (Hz)",
                                    "magnitude squared coherence (dimensionless)");
  meso_lines right = meso_lines_make("Phase of the field at spikes", "phase (rad), 0: peak",
                                     "share of spikes / mean (dimensionless)");
  MESO_ALLOC(err, centre, B);
  MESO_ALLOC(err, share, SHOWN * B);
  for (size_t k = 0; k < B; k++) centre[k] = 0.5 * (x.edges->data[k] + x.edges->data[k + 1]);
  while (n_f < F && x.f->data[n_f] <= 200.0) n_f++;
  for (size_t i = 0; i < T && i < SHOWN; i++) {
    const meso_stroke stroke = { meso_palette(i), 0.9, false };
    relative(x.histogram->data + (i * C + c) * B, B, share + i * B);
    meso_lines_add(&left, x.labels->text[i], n_f, x.f->data, x.coherence->data + (i * C + c) * F,
                   stroke);
    meso_lines_add(&right, x.labels->text[i], B, centre, share + i * B, stroke);
  }
  left.y_guide = meso_attrs_number(attrs, "threshold", NAN);
  right.y_guide = 1.0;
  meso_box a = meso_canvas_cell(canvas, 0, 1, 0, 2, 12.0), b = meso_canvas_cell(canvas, 0, 1, 1, 2,
                                                                               12.0);
  a.h -= meso_lines_legend(canvas, a.w, &left) + 12.0;
  b.h = a.h;
  meso_lines_draw(canvas, a, &left);
  meso_lines_draw(canvas, b, &right);
  meso_canvas_note(canvas, 8.0, meso_canvas_height(canvas) - 6.0,
                   "the first %zu of %zu trains \u2003 phases between %g and %g Hz \u2003 dashed: "
                   "threshold of one value; no preference", T < SHOWN ? T : (size_t) SHOWN, T,
                   meso_attrs_number(attrs, "band_low_Hz", NAN),
                   meso_attrs_number(attrs, "band_high_Hz", NAN));
cleanup:
  free(centre);
  free(share);
  return status;
}

const meso_figure_ops meso_fig_spike_field = {
  "spike_field", "Coherence of spike trains with the channel to which they are most coherent, and "
                 "the phases of its field at which they fire.",
  170.0, 95.0, is_available, draw
};
