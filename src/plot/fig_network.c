/* fig_network.c: who projects to whom: in-degrees as a matrix with numbers. */
#include "meso_figure_tools.h"
#include "meso_rule.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

static bool is_available(const meso_figure_data *data)
{
  return data->model != NULL && data->model->n_populations > 0 && data->model->n_projections > 0;
}

static double in_degree(const meso_model *model, const meso_projection *p)
{
  double n = (double) model->population[p->target].size;
  return n > 0.0 ? (double) p->n_synapses / n : 0.0;
}

/* Row of a target; sources without dynamics receive nothing and have no row. */
static size_t row_of(const meso_model *model, size_t target)
{
  size_t row = 0;
  for (size_t i = 0; i < target; i++)
    row += model->population[i].model != MESO_NEURON_POISSON;
  return row;
}

static void draw_cell(const meso_model *model, meso_canvas *canvas, meso_box cell,
                      const meso_projection *p, double largest)
{
  double k = in_degree(model, p), fraction = sqrt(k / fmax(largest, 1e-12));
  bool inhibitory = model->population[p->source].sign == MESO_INHIBITORY;
  meso_rgb color = meso_map_color(inhibitory ? MESO_MAP_WARM : MESO_MAP_PALE, fraction);
  meso_canvas_fill(canvas, cell, color, 1.0);
  meso_canvas_outline(canvas, cell, meso_white, 0.8);
  meso_canvas_count(canvas, 1);
  meso_text_style style = { .size_pt = 7.0, .anchor = MESO_ANCHOR_CENTRE,
                            .color = meso_readable_on(color) };
  if (k >= 0.05)
    meso_canvas_text(canvas, cell.x + 0.5 * cell.w, cell.y + 0.5 * cell.h, style,
                     k < 10.0 ? "%.1f" : "%.0f", k);
}

static void draw_names(const meso_figure_data *data, meso_canvas *canvas, meso_box box)
{
  const meso_model *model = data->model;
  double w = box.w / (double) model->n_populations;
  for (size_t i = 0; i < model->n_populations; i++) {
    const char *name = model->population[i].name;
    meso_text_style style = { .size_pt = 7.0, .bold = true, .anchor = MESO_ANCHOR_CENTRE,
                              .color = meso_population_color(data, name) };
    meso_canvas_text(canvas, box.x + w * ((double) i + 0.5), box.y - 7.0, style, "%s", name);
    style.anchor = MESO_ANCHOR_RIGHT;
    if (model->population[i].model != MESO_NEURON_POISSON)
      meso_canvas_text(canvas, box.x - 5.0,
                       box.y + box.h / (double) row_of(model, model->n_populations)
                                 * ((double) row_of(model, i) + 0.5),
                       style, "%s", name);
  }
}

/* What the projections with this rule allow. */
static const char *switches(const meso_model *model, int rule)
{
  bool autapses = true, multapses = true;
  for (size_t i = 0; i < model->n_projections; i++) {
    const meso_projection *p = &model->projection[i];
    if (p->rule != rule) continue;
    autapses = autapses && !meso_rule_excludes_self(p);
    multapses = multapses && p->allow_multapses;
  }
  if (autapses) return multapses ? "autapses and multapses allowed" : "some without multapses";
  return multapses ? "some without autapses" : "some without autapses, multapses";
}

/* The rules of the model's projections, each once; returns the y of the last line. */
static double draw_rules(const meso_model *model, meso_canvas *canvas, double x, double y,
                         meso_text_style style)
{
  for (int rule = 0; rule < MESO_N_RULES; rule++) {
    bool used = false;
    for (size_t i = 0; i < model->n_projections; i++)
      used = used || model->projection[i].rule == rule;
    if (!used) continue;
    meso_canvas_text(canvas, x, y += 10.0, style, "%s,", meso_rule_at(rule)->name);
    meso_canvas_text(canvas, x, y += 10.0, style, "%s", switches(model, rule));
  }
  return y;
}

static void draw_notes(const meso_model *model, meso_canvas *canvas, double x, double y)
{
  meso_text_style style = { .size_pt = 8.0, .bold = true, .color = meso_black };
  meso_canvas_text(canvas, x, y, style, "Wiring");
  style = (meso_text_style) { .size_pt = 7.0, .color = meso_black };
  y = draw_rules(model, canvas, x, y + 4.0, style);
  style.color = meso_grey;
  meso_canvas_text(canvas, x, y += 10.0, style, "(terms of Senk et al. 2022)");
  style.color = meso_black;
  char number[64];
  meso_tick_label((double) model->n_neurons, 1.0, false, number, sizeof number);
  meso_canvas_text(canvas, x, y += 20.0, style, "%s neurons", number);
  meso_tick_label((double) model->n_synapses, 1.0, false, number, sizeof number);
  meso_canvas_text(canvas, x, y += 10.0, style, "%s synapses", number);
  meso_canvas_text(canvas, x, y += 10.0, style, "scale N %g, K %g", model->scaling.N,
                   model->scaling.K);
  meso_canvas_fill(canvas, (meso_box) { x, y + 17.0, 9.0, 9.0 },
                   meso_map_color(MESO_MAP_PALE, 0.8), 1.0);
  meso_canvas_text(canvas, x + 13.0, y + 21.5, style, "excitatory source");
  meso_canvas_fill(canvas, (meso_box) { x, y + 31.0, 9.0, 9.0 },
                   meso_map_color(MESO_MAP_WARM, 0.8), 1.0);
  meso_canvas_text(canvas, x + 13.0, y + 35.5, style, "inhibitory source");
  meso_canvas_text(canvas, x, y + 52.0, style, "number: mean in-degree,");
  meso_canvas_text(canvas, x, y + 62.0, style, "synapses per target neuron");
  meso_canvas_text(canvas, x, y + 72.0, style, "empty: no connection");
}

static meso_status draw(const meso_figure_data *data, meso_canvas *canvas, meso_err *err)
{
  (void) err;
  const meso_model *model = data->model;
  size_t n = model->n_populations, n_rows = row_of(model, n);
  double largest = 0.0;
  meso_box box = { 62.0, 20.0, meso_canvas_width(canvas) - 62.0 - 146.0,
                   meso_canvas_height(canvas) - 20.0 - 26.0 };
  meso_axes axes = { .box = box, .x_max = (double) n, .y_min = (double) n,
                     .x_label = "source population (synapses per target neuron)",
                     .y_label = "target population", .no_x_ticks = true, .no_y_ticks = true };
  for (size_t i = 0; i < model->n_projections; i++)
    largest = fmax(largest, in_degree(model, &model->projection[i]));
  double w = box.w / (double) n, h = box.h / (double) (n_rows > 0 ? n_rows : 1);
  for (size_t i = 0; i < model->n_projections; i++) {
    const meso_projection *p = &model->projection[i];
    double row = (double) row_of(model, p->target);
    if (model->population[p->target].model == MESO_NEURON_POISSON) continue;
    meso_box cell = { box.x + w * (double) p->source, box.y + h * row, w, h };
    draw_cell(model, canvas, cell, p, largest);
  }
  meso_axes_label(canvas, &axes, 38.0);
  meso_canvas_outline(canvas, box, meso_grey, 0.5);
  draw_names(data, canvas, box);
  draw_notes(model, canvas, box.x + box.w + 16.0, box.y + 6.0);
  return MESO_OK;
}

const meso_figure_ops meso_fig_network = {
  "network",
  "Connectivity: mean number of synapses that a target neuron receives from each source.",
  170.0, 100.0, is_available, draw
};
