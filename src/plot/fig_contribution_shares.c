/* fig_contribution_shares.c: which part of the LFP's variance each contribution makes, over depth:
 * by source, by target, by sign of the source. Contributions are correlated, so their variances do
 * not add up; covariances with the whole do: share_i = cov(part_i, sum) / var(sum). */
#include "meso_figure_tools.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Ways to cut the LFP into parts: signals whose names begin with a head; what is left of the name
 * is a population, or a word for what is no population. */
typedef struct grouping { const char *head, *title; bool of_signs; } grouping;
static const grouping groupings[] = {
  { "lfp_from_", "from spikes of", false }, { "lfp_onto_", "in cells of", false },
  { "lfp_", "from sources that are", true } };
enum { N_GROUPINGS = 3 };
static const char external[] = "lfp_from_external"; /* not a part of what the spikes make */

/* One part's share (channel). */
typedef struct share { const char *name; double *value, *deviation; } share;

typedef struct panel {
  const grouping *grouping;
  size_t n, n_channels, n_times;
  share *part;
  double *z;
  double low, high;
} panel;

static bool is_part(const meso_signal *s, const grouping *g)
{
  if (s->n_times < 2 || s->n_channels == 0 || s->data == NULL || strcmp(s->name, external) == 0)
    return false;
  if (g->of_signs)
    return strcmp(s->name, "lfp_excitatory") == 0 || strcmp(s->name, "lfp_inhibitory") == 0;
  return strncmp(s->name, g->head, strlen(g->head)) == 0;
}

static size_t count_parts(const meso_figure_data *data, const grouping *g)
{
  size_t n = 0;
  for (size_t i = 0; data->lfp != NULL && i < data->lfp->n; i++)
    n += is_part(&data->lfp->signal[i], g);
  return n;
}

static bool is_available(const meso_figure_data *data)
{
  for (size_t g = 0; g < N_GROUPINGS; g++)
    if (count_parts(data, &groupings[g]) > 1) return true;
  return false;
}

/* ---- shares ------------------------------------------------------------------------------- */

static meso_status add_part(const meso_figure_data *data, const meso_signal *s, panel *p,
                            meso_err *err)
{
  meso_status status = MESO_OK;
  share *to = &p->part[p->n];
  size_t first, n;
  meso_signal_window(data, s, &first, &n);
  if (p->n == 0) {
    p->n_channels = s->n_channels;
    p->n_times = n;
    MESO_ALLOC(err, p->z, p->n_channels);
    for (size_t c = 0; c < p->n_channels; c++) p->z[c] = meso_channel_z(s, c);
  }
  if (s->n_channels != p->n_channels || n != p->n_times) goto cleanup;
  p->n++;
  to->name = s->name + strlen(p->grouping->head);
  MESO_ALLOC(err, to->value, p->n_channels);
  MESO_TRY(meso_signal_deviations(s, first, n, &to->deviation, err));
cleanup:
  return status;
}

/** Parts in the order of the model's populations. */
static meso_status find_parts(const meso_figure_data *data, panel *p, meso_err *err)
{
  meso_status status = MESO_OK;
  const size_t n_ranks = data->model != NULL ? data->model->n_populations : 0;
  MESO_ALLOC(err, p->part, count_parts(data, p->grouping));
  for (size_t rank = 0; rank <= n_ranks; rank++)
    for (size_t i = 0; i < data->lfp->n; i++) {
      const meso_signal *s = &data->lfp->signal[i];
      if (is_part(s, p->grouping)
          && meso_population_rank(data, s->name + strlen(p->grouping->head)) == rank)
        MESO_TRY(add_part(data, s, p, err));
    }
cleanup:
  return status;
}

/** Covariances with the sum over its variance; NAN where nothing varies. */
static void compute_shares(panel *p)
{
  for (size_t c = 0; c < p->n_channels; c++) {
    double variance = 0.0;
    for (size_t i = 0; i < p->n; i++) p->part[i].value[c] = 0.0;
    for (size_t t = c * p->n_times; t < (c + 1) * p->n_times; t++) {
      double sum = 0.0;
      for (size_t i = 0; i < p->n; i++) sum += p->part[i].deviation[t];
      for (size_t i = 0; i < p->n; i++) p->part[i].value[c] += p->part[i].deviation[t] * sum;
      variance += sum * sum;
    }
    for (size_t i = 0; i < p->n; i++) {
      p->part[i].value[c] = variance > 0.0 ? p->part[i].value[c] / variance : NAN;
      p->low = fmin(p->low, p->part[i].value[c]);
      p->high = fmax(p->high, p->part[i].value[c]);
    }
  }
}

static void panel_clear(panel *p)
{
  for (size_t i = 0; i < p->n; i++) {
    free(p->part[i].value);
    free(p->part[i].deviation);
  }
  free(p->part);
  free(p->z);
}

/* ---- drawing ------------------------------------------------------------------------------ */

static meso_stroke stroke_of(const meso_figure_data *data, const panel *p, const share *part)
{
  const bool inhibitory = p->grouping->of_signs && strcmp(part->name, "inhibitory") == 0;
  if (p->grouping->of_signs) return (meso_stroke) { meso_palette(inhibitory), 1.4, inhibitory };
  return meso_population_stroke(data, part->name, 1.4);
}

/** Names above a panel, in as many lines as they need. Returns the middle of the last one. */
static double draw_legend(const meso_figure_data *data, meso_canvas *canvas, const panel *p,
                          meso_box box, bool draws)
{
  const meso_text_style style = { .size_pt = 7.0 };
  double x = box.x - 6.0, y = 11.0;
  for (size_t i = 0; i < p->n; i++) {
    const double width = 25.0 + meso_canvas_text_width(canvas, p->part[i].name, style);
    if (x > box.x && x + width > box.x + box.w + 15.0) {
      x = box.x - 6.0;
      y += 10.0;
    }
    if (draws)
      (void) meso_canvas_key(canvas, x, y, stroke_of(data, p, &p->part[i]), "%s",
                             p->part[i].name);
    x += width;
  }
  return y;
}

/** Where the at-th of n panels goes, below `top`. */
static meso_box place(const meso_canvas *canvas, size_t at, size_t n, double top)
{
  const double width = (meso_canvas_width(canvas) - 66.0) / (double) n;
  return (meso_box) { 52.0 + (double) at * width, top, width - 34.0,
                      meso_canvas_height(canvas) - top - 32.0 };
}

static void draw_panel(const meso_figure_data *data, meso_canvas *canvas, const panel *p,
                       meso_box box, bool is_first)
{
  const double room = 0.04 * (p->high - p->low);
  double bottom = INFINITY, top = -INFINITY;
  for (size_t c = 0; c < p->n_channels; c++) {
    bottom = fmin(bottom, p->z[c]);
    top = fmax(top, p->z[c]);
  }
  const meso_axes axes = { .box = box, .x_min = p->low - room, .x_max = p->high + room,
                           .y_min = bottom - 20.0, .y_max = top + 20.0,
                           .x_label = "share of the variance (1)",
                           .title = p->grouping->title,
                           .y_label = is_first ? "depth z (\u00b5m)" : NULL,
                           .no_y_ticks = !is_first };
  meso_axes_draw(canvas, &axes);
  meso_axes_guide(canvas, &axes, 0.0, NAN, meso_grey);
  meso_mark_layers(data, canvas, &axes);
  for (size_t i = 0; i < p->n; i++)
    meso_axes_line(canvas, &axes, p->n_channels, p->part[i].value, p->z,
                   stroke_of(data, p, &p->part[i]));
  (void) draw_legend(data, canvas, p, box, true);
}

static meso_status draw(const meso_figure_data *data, meso_canvas *canvas, meso_err *err)
{
  meso_status status = MESO_OK;
  panel p[N_GROUPINGS] = { { .n = 0 } };
  double names_end = 0.0;
  size_t n = 0;
  for (size_t g = 0; g < N_GROUPINGS; g++) {
    if (count_parts(data, &groupings[g]) < 2) continue;
    panel *to = &p[n++];
    *to = (panel) { .grouping = &groupings[g], .high = 1.0 };
    MESO_TRY(find_parts(data, to, err));
    compute_shares(to);
  }
  for (size_t i = 0; i < n; i++)
    names_end =
      fmax(names_end, draw_legend(data, canvas, &p[i], place(canvas, i, n, 0.0), false));
  for (size_t i = 0; i < n; i++)
    draw_panel(data, canvas, &p[i], place(canvas, i, n, names_end + 28.0), i == 0);
cleanup:
  for (size_t i = 0; i < n; i++) panel_clear(&p[i]);
  return status;
}

const meso_figure_ops meso_fig_contribution_shares = {
  "contribution_shares", "Share of each contribution in the variance of the LFP over depth: "
                         "covariance with their sum over its variance, so shares add up to 1, and "
                         "are negative where a contribution cancels others; dashed: inhibitory.",
  170.0, 100.0, is_available, draw
};
