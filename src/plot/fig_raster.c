/* fig_raster.c: spikes of a stated sample of neurons by population, and the population rates. */
#include "meso_figure_tools.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { MESO_MOST_DOTS = 12000 };
#define MESO_RASTER_MS 500.0
#define MESO_RATE_BIN_MS 2.0

static bool is_available(const meso_figure_data *data)
{
  if (data->spikes == NULL || !(data->spikes->t_stop_ms > data->spikes->t_start_ms)) return false;
  for (size_t i = 0; i < data->spikes->n_populations; i++)
    if (data->spikes->population[i].size > 0) return true;
  return false;
}

/* First spike at or after t. */
static size_t first_spike(const meso_spike_population *p, double t_ms)
{
  size_t low = 0, high = p->n_spikes;
  while (low < high) {
    size_t middle = low + (high - low) / 2;
    if (p->time_ms[middle] < t_ms) low = middle + 1;
    else high = middle;
  }
  return low;
}

/* Every stride-th neuron: 2 % of them, fewer if that would be too many dots. */
static size_t choose_stride(const meso_spikes *spikes, double start, double stop)
{
  size_t n = 0, largest = 0;
  for (size_t i = 0; i < spikes->n_populations; i++) {
    const meso_spike_population *p = &spikes->population[i];
    n += first_spike(p, stop) - first_spike(p, start);
    if (p->size > largest) largest = (size_t) p->size;
  }
  size_t stride = largest > 2000 ? 50 : 1, needed = n / MESO_MOST_DOTS + 1;
  return stride > needed ? stride : needed;
}

/* Rates (spikes/s) of every population in bins from start_ms on; rate: (population, bin). */
static void bin_rates(const meso_spikes *spikes, double start_ms, size_t n_bins, double *rate)
{
  for (size_t k = 0; k < spikes->n_populations; k++) {
    const meso_spike_population *p = &spikes->population[k];
    double one = p->size > 0 ? 1000.0 / (MESO_RATE_BIN_MS * (double) p->size) : 0.0;
    for (size_t i = first_spike(p, start_ms); i < p->n_spikes; i++) {
      size_t bin = (size_t) ((p->time_ms[i] - start_ms) / MESO_RATE_BIN_MS);
      if (bin >= n_bins) break;
      rate[k * n_bins + bin] += one;
    }
  }
}

enum { MARGIN = 52 }; /* left of the boxes, at least; points */

/* Margin that holds the names of the populations, up to a quarter of the page. */
static double margin_for_names(const meso_figure_data *data, meso_canvas *canvas)
{
  double widest = MARGIN;
  for (size_t i = 0; i < data->spikes->n_populations; i++)
    widest = fmax(widest, 24.0 + meso_canvas_text_width(canvas, data->spikes->population[i].name,
                                                        (meso_text_style) { .size_pt = 7.0,
                                                                            .bold = true }));
  return fmin(widest, 0.25 * meso_canvas_width(canvas));
}

/* The name of a population left of a box, no higher than the row that it stands for. */
static void draw_name(const meso_figure_data *data, meso_canvas *canvas, meso_box box, double y,
                      double row, const char *name)
{
  meso_canvas_text(canvas, box.x - 6.0, y,
                   (meso_text_style) { .size_pt = fmin(7.0, fmax(4.5, 0.95 * row)),
                                       .anchor = MESO_ANCHOR_RIGHT, .bold = true,
                                       .max_width = box.x - 22.0,
                                       .color = meso_population_color(data, name) }, "%s", name);
}

/* A row of colours per population: nine lines in one panel would hide each other. */
static meso_status draw_rates(const meso_figure_data *data, meso_canvas *canvas, meso_axes axes,
                              meso_err *err)
{
  meso_status status = MESO_OK;
  const meso_spikes *spikes = data->spikes;
  size_t n_bins = (size_t) floor((axes.x_max - axes.x_min) / MESO_RATE_BIN_MS + 1e-9);
  size_t n = spikes->n_populations;
  double *rate = NULL;
  if (n_bins < 2) goto cleanup;
  MESO_ALLOC(err, rate, n_bins * n);
  bin_rates(spikes, axes.x_min, n_bins, rate);
  double top = meso_quantile(n_bins * n, rate, 0.995);
  if (!(top > 0.0)) top = 1.0;
  axes.y_min = (double) n;
  MESO_TRY(meso_axes_image(canvas, &axes, n, n_bins, rate, MESO_MAP_SEQUENTIAL, 0.0, top, false,
                           err));
  meso_axes_draw(canvas, &axes);
  meso_canvas_colorbar(canvas, axes.box, MESO_MAP_SEQUENTIAL, 0.0, top, "rate (spikes/s)");
  const double row = axes.box.h / (double) n;
  const size_t step = (size_t) fmax(1.0, ceil(4.5 / row)); /* of many, names that have room */
  for (size_t k = 0; k < n; k += step)
    draw_name(data, canvas, axes.box, meso_axes_y(&axes, (double) k + 0.5), row,
              spikes->population[k].name);
cleanup:
  free(rate);
  return status;
}

/* Dots of one population from row *row on; counts its sampled neurons and spikes. */
static meso_status draw_population(const meso_figure_data *data, meso_canvas *canvas,
                                   const meso_axes *axes, const meso_spike_population *p,
                                   size_t stride, size_t *row, size_t *n_dots, double *label_y,
                                   meso_err *err)
{
  meso_status status = MESO_OK;
  size_t first = first_spike(p, axes->x_min), last = first_spike(p, axes->x_max), n = 0;
  size_t n_sampled = ((size_t) p->size + stride - 1) / stride;
  meso_rgb color = meso_population_color(data, p->name);
  double *x = NULL, *y = NULL;
  MESO_ALLOC(err, x, last - first);
  MESO_ALLOC(err, y, last - first);
  for (size_t i = first; i < last; i++)
    if (p->id[i] % stride == 0) {
      x[n] = p->time_ms[i];
      y[n++] = (double) (*row + p->id[i] / stride) + 0.5;
    }
  const double row_height = axes->box.h / (axes->y_min - axes->y_max);
  meso_axes_dots(canvas, axes, n, x, y, color, fmin(3.0, fmax(1.0, 0.5 * row_height)));
  double middle = meso_axes_y(axes, (double) *row + 0.5 * (double) n_sampled);
  middle = fmax(middle, *label_y + 8.0); /* names keep clear of each other */
  *label_y = middle;
  if (middle <= axes->box.y + axes->box.h) draw_name(data, canvas, axes->box, middle, 8.0, p->name);
  *row += n_sampled;
  *n_dots += n;
cleanup:
  free(x);
  free(y);
  return status;
}

/* A round number of rows right of the box, which has names in place of ticks. */
static void draw_size_bar(meso_canvas *canvas, const meso_axes *axes, size_t n_rows)
{
  const double target = fmax(1.0, 0.2 * (double) n_rows), power = pow(10.0, floor(log10(target)));
  const double rows = power * (target / power >= 5.0 ? 5.0 : target / power >= 2.0 ? 2.0 : 1.0);
  const double x = axes->box.x + axes->box.w + 8.0, y = axes->box.y + axes->box.h;
  const double length = y - meso_axes_y(axes, (double) n_rows - rows);
  meso_canvas_segment(canvas, x, y, x, y - length, meso_black, 1.6, false);
  meso_canvas_text(canvas, x + 4.0, y - 0.5 * length,
                   (meso_text_style) { .size_pt = 7.0, .color = meso_black }, "%g row%s", rows,
                   rows == 1.0 ? "" : "s");
}

static meso_status draw(const meso_figure_data *data, meso_canvas *canvas, meso_err *err)
{
  meso_status status = MESO_OK;
  const meso_spikes *spikes = data->spikes;
  const meso_shown shown = meso_shown_window(data, spikes->t_start_ms, spikes->t_stop_ms,
                                             MESO_RASTER_MS);
  double start = shown.start_ms, stop = shown.stop_ms;
  size_t stride = choose_stride(spikes, start, stop), n_rows = 0, row = 0, n_dots = 0;
  double label_y = 0.0;
  for (size_t i = 0; i < spikes->n_populations; i++)
    n_rows += ((size_t) spikes->population[i].size + stride - 1) / stride;
  const double left = margin_for_names(data, canvas);
  meso_box page = { left, 22.0, meso_canvas_width(canvas) - 48.0 - left,
                    meso_canvas_height(canvas) };
  meso_axes axes = { .box = { page.x, page.y, page.w, page.h - 182.0 }, .x_min = start,
                     .x_max = stop, .y_min = (double) n_rows, .y_max = 0.0,
                     .no_x_ticks = true, .no_y_ticks = true };
  meso_axes_draw(canvas, &axes);
  axes.y_label = "sampled neurons (count)";
  meso_axes_label(canvas, &axes, left - 10.0);
  draw_size_bar(canvas, &axes, n_rows);
  for (size_t i = 0; i < spikes->n_populations; i++)
    MESO_TRY(draw_population(data, canvas, &axes, &spikes->population[i], stride, &row, &n_dots,
                             &label_y, err));
  meso_mark_onset(canvas, &axes, shown);
  char sample[64] = "all neurons", part[64] = "", onset[64];
  meso_onset_text(shown, onset, sizeof onset);
  if (stop - start < spikes->t_stop_ms - spikes->t_start_ms)
    snprintf(part, sizeof part, " in %.4g of %.4g s", 1e-3 * (stop - start),
             1e-3 * (spikes->t_stop_ms - spikes->t_start_ms));
  if (stride > 1)
    snprintf(sample, sizeof sample, "sample: 1 in %zu neurons of each population", stride);
  meso_canvas_note(canvas, page.x, 10.0, "%s (n = %zu neuron%s, %zu spike%s%s)%s", sample,
                   n_rows, n_rows == 1 ? "" : "s", n_dots, n_dots == 1 ? "" : "s", part, onset);
  meso_axes rates = { .box = { page.x, page.h - 132.0, page.w, 100.0 }, .x_min = start,
                      .x_max = stop, .x_label = "time (ms)", .no_y_ticks = true,
                      .title = "Population rates, all neurons, bins of 2 ms" };
  MESO_TRY(draw_rates(data, canvas, rates, err));
  meso_mark_onset(canvas, &rates, shown);
cleanup:
  return status;
}

const meso_figure_ops meso_fig_raster = {
  "raster", "Spikes of a sample of neurons, and the rate of every population; a row is a neuron; "
            "colours end at the 99.5th percentile; dashed: the first onset of the stimulus if it "
            "is in this window.",
  170.0, 140.0, is_available, draw
};
