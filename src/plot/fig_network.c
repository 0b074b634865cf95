/* fig_network.c: the network as a diagram in the notation of Senk et al. 2022 (meso_diagram.h), and
 * its in-degrees as a matrix.
 *
 * 1. projections   2. places of the nodes   3. annotations   4. links   5. matrix   6. legend
 */
#include "meso_canvas_private.h"
#include "meso_diagram.h"
#include "meso_distribution.h"
#include "meso_figure_tools.h"
#include "meso_rule.h"
#include "meso_space.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Too many links hide each other: of more than ALL_LINKS the strongest are drawn, and of every
 * source its strongest. A few carry their annotation. */
enum { ALL_LINKS = 24, STRONGEST = 18, OF_EACH = 2, FEW_LINKS = 12, TEXT = 256 };

typedef struct diagram {
  const meso_figure_data *data;
  const meso_model *model;
  meso_canvas *canvas;
  meso_box box;
  meso_node *node;         /* (n_populations) */
  size_t *row;             /* (n_populations) */
  size_t n_rows;
  const meso_projection **link; /* by in-degree, the largest first */
  size_t n_links, n_drawn;
  double largest;          /* in-degree */
} diagram;

static bool is_available(const meso_figure_data *data)
{
  return data->model != NULL && data->model->n_populations > 0 && data->model->n_projections > 0;
}

/* Appends to a text of TEXT bytes, cut where it is full. */
static void add(char *text, const char *fmt, ...) MESO_PRINTF(2, 3);
static void add(char *text, const char *fmt, ...)
{
  const size_t used = strlen(text);
  va_list ap;
  va_start(ap, fmt);
  vsnprintf(text + used, TEXT - used, fmt, ap);
  va_end(ap);
}

/* ---- 1. projections ------------------------------------------------------------------------ */

static double in_degree(const meso_model *model, const meso_projection *p)
{
  double n = (double) model->population[p->target].size;
  return n > 0.0 ? (double) p->n_synapses / n : 0.0;
}

static bool is_source(const meso_model *model, size_t population)
{
  return model->population[population].model == MESO_NEURON_POISSON;
}

static bool is_drawn(const diagram *d, size_t link)
{
  size_t stronger = 0;
  for (size_t k = 0; k < link; k++) stronger += d->link[k]->source == d->link[link]->source;
  return d->n_links <= ALL_LINKS || link < STRONGEST || stronger < OF_EACH;
}

/* Fills link: projections with synapses, stable by falling in-degree. */
static meso_status sort_links(diagram *d, meso_err *err)
{
  meso_status status = MESO_OK;
  const meso_model *m = d->model;
  MESO_ALLOC(err, d->link, m->n_projections);
  for (size_t i = 0; i < m->n_projections; i++) {
    const meso_projection *p = &m->projection[i];
    if (p->n_synapses == 0) continue;
    size_t at = d->n_links++;
    for (; at > 0 && in_degree(m, d->link[at - 1]) < in_degree(m, p); at--)
      d->link[at] = d->link[at - 1];
    d->link[at] = p;
  }
  for (size_t i = 0; i < d->n_links; i++) d->n_drawn += is_drawn(d, i);
  d->largest = d->n_links > 0 ? in_degree(m, d->link[0]) : 0.0;
cleanup:
  return status;
}

/* ---- 2. places of the nodes ---------------------------------------------------------------- */

/* A row for each layer in the order of the file; those of sources come last. */
static void find_rows(diagram *d)
{
  const meso_model *m = d->model;
  for (int sources = 0; sources < 2; sources++)
    for (size_t i = 0; i < m->n_populations; i++) {
      size_t k = 0;
      if (is_source(m, i) != (sources == 1)) continue;
      while (k < m->n_populations &&
             (k == i || strcmp(m->population[k].layer, m->population[i].layer) != 0 ||
              is_source(m, k) != is_source(m, i) || k > i)) k++;
      d->row[i] = k < i ? d->row[k] : d->n_rows++;
    }
}

/* Rows of sources are half as high. */
static double row_weight(const diagram *d, size_t row)
{
  size_t i = 0;
  while (d->row[i] != row) i++;
  return is_source(d->model, i) ? 0.55 : 1.0;
}

static meso_box row_box(const diagram *d, size_t row)
{
  double above = 0.0, all = 0.0;
  for (size_t r = 0; r < d->n_rows; r++) {
    if (r < row) above += row_weight(d, r);
    all += row_weight(d, r);
  }
  return (meso_box) { d->box.x, d->box.y + d->box.h * above / all, d->box.w,
                      d->box.h * row_weight(d, row) / all };
}

static void place_nodes(diagram *d)
{
  const meso_model *m = d->model;
  const double margin = d->n_links <= FEW_LINKS ? 56.0 : 72.0;
  for (size_t r = 0; r < d->n_rows; r++) {
    double n = 0.0, k = 0.0;
    for (size_t i = 0; i < m->n_populations; i++) n += d->row[i] == r ? 1.0 : 0.0;
    const meso_box box = row_box(d, r);
    const double step = (d->box.w - 2.0 * margin) / fmax(n - 1.0, 1.0);
    const double radius = fmin(fmin(20.0, 0.26 * box.h), 0.3 * step);
    for (size_t i = 0; i < m->n_populations; i++) {
      const meso_population *p = &m->population[i];
      if (d->row[i] != r) continue;
      d->node[i] = (meso_node) {
        .x = n > 1.0 ? d->box.x + margin + step * k : d->box.x + 0.5 * d->box.w,
        .y = box.y + 0.53 * box.h, .radius = radius,
        .shape = is_source(m, i) ? MESO_NODE_HEXAGON
                 : p->sign == MESO_INHIBITORY ? MESO_NODE_CIRCLE : MESO_NODE_TRIANGLE,
        .is_population = true, .color = meso_population_color(d->data, p->name),
        .label = p->name };
      k += 1.0;
    }
  }
}

/* -1 left of the middle, 1 right of it. */
static double side_of(const diagram *d, const meso_node *node)
{
  return node->x > d->box.x + 0.5 * d->box.w + 1.0 ? 1.0 : -1.0;
}

/* ---- 3. annotations ------------------------------------------------------------------------ */

/* "w" with a bar if constant, with a tilde if distributed. */
static void add_mark(char *text, const char *letter, bool constant, bool by_distance)
{
  add(text, " %s%s%s", letter, constant ? "\u0304" : "\u0303", by_distance ? "(<i>r</i>)" : "");
}

/* The symbol of a rule in markup: Latin letters in italics, the index small and lowered (not <sub>,
 * which some releases of pango draw far too large). */
static void add_symbol(char *text, const meso_rule_ops *rule)
{
  const size_t n = strcspn(rule->symbol, "_");
  add(text, n == 1 ? "<i>%.*s</i>" : "%.*s", (int) n, rule->symbol);
  if (rule->symbol[n] == '_')
    add(text, "<span size='x-small' rise='-1500'>%s</span>", rule->symbol + n + 1);
}

/* Rule, number if wanted, constraints, what is distributed. */
static void annotate(const meso_projection *p, bool with_number, char text[TEXT])
{
  const meso_rule_ops *rule = meso_rule_at(p->rule);
  char number[64];
  text[0] = '\0';
  add_symbol(text, rule);
  if (meso_space_matters(p)) add(text, "(<i>r</i>)");
  if (with_number && rule->keys[0] != NULL) {
    if (rule->unit == MESO_PER_PAIR) snprintf(number, sizeof number, "%.3g", p->rule_number);
    else meso_tick_label(p->rule_number, 1.0, false, number, sizeof number);
    add(text, " = %s", number);
  }
  if (p->source == p->target)
    add(text, p->allow_autapses ? " A" : " A\u0338");
  if (rule->has_multapses) add(text, p->allow_multapses ? " M" : " M\u0338");
  const meso_distribution_ops *constant = meso_distribution_at(MESO_DISTRIBUTION_constant, 1.0);
  add_mark(text, "w", meso_distribution_at(p->weight_distribution, p->weight_sd_pA) == constant,
           p->PSP_mV_per_um != 0.0);
  add_mark(text, "d", meso_distribution_at(p->delay_distribution, p->delay_sd_ms) == constant,
           p->delay_ms_per_um > 0.0);
}

/* On the outer side of a level link, on the others. */
static void draw_annotation(diagram *d, const meso_projection *p, double at[2])
{
  const meso_node *from = &d->node[p->source], *to = &d->node[p->target];
  const double dx = to->x - from->x, length = hypot(dx, to->y - from->y);
  char text[TEXT];
  const meso_text_style style = { .size_pt = 6.5, .anchor = MESO_ANCHOR_CENTRE,
                                  .color = meso_black };
  annotate(p, true, text);
  if (length > 0.0) at[1] += 9.0 * dx / length;
  const double w = meso_canvas_text_width(d->canvas, text, style) + 3.0;
  meso_canvas_fill(d->canvas, (meso_box) { at[0] - 0.5 * w, at[1] - 4.5, w, 9.0 }, meso_white,
                   0.85);
  meso_canvas_text(d->canvas, at[0], at[1], style, "%s", text);
}

/* ---- 4. links ------------------------------------------------------------------------------ */

static meso_link link_of(const diagram *d, const meso_projection *p)
{
  const double strength = sqrt(in_degree(d->model, p) / fmax(d->largest, 1e-12));
  return (meso_link) {
    .stroke = { d->node[p->source].color, 0.5 + 1.5 * strength, meso_rule_at(p->rule)->is_random },
    .inhibitory = d->model->population[p->source].sign == MESO_INHIBITORY };
}

/* Ways of sources keep to the middle. Ways past other rows of the same column go round on the
 * outside; the others bend a little, each to its own right: two opposite ones stay apart. */
static double bend_of(const diagram *d, const meso_projection *p)
{
  const meso_node *from = &d->node[p->source], *to = &d->node[p->target];
  const double rows = fabs((double) d->row[p->source] - (double) d->row[p->target]);
  if (is_source(d->model, p->source) && rows > 1.5) return -side_of(d, to) * 10.0;
  if (fabs(from->x - to->x) > 1.0) return d->n_links <= FEW_LINKS ? 24.0 : 7.0;
  if (rows < 1.5) return 7.0;
  const double down = to->y > from->y ? 1.0 : -1.0;
  return -side_of(d, from) * down * fmin(30.0 + 13.0 * rows + 5.0 * down, 68.0 + 3.0 * down);
}

static void draw_links(diagram *d)
{
  for (size_t i = d->n_links; i-- > 0;) { /* strong ones on top */
    const meso_projection *p = d->link[i];
    if (!is_drawn(d, i)) continue;
    const meso_node *from = &d->node[p->source], *to = &d->node[p->target];
    meso_link link = link_of(d, p);
    double mid[2];
    if (from == to) {
      meso_link_loop(d->canvas, from, -M_PI / 2.0 + side_of(d, from) * 0.75, link, NULL);
      mid[0] = from->x;
      mid[1] = from->y - 2.2 * from->radius;
    } else {
      link.bend = bend_of(d, p);
      meso_link_draw(d->canvas, from, to, link, mid);
    }
    if (d->n_links <= FEW_LINKS) draw_annotation(d, p, mid);
    meso_canvas_count(d->canvas, 1);
  }
}

/* External input as one device beside each population that has it. */
static void draw_background(diagram *d)
{
  const meso_model *m = d->model;
  for (size_t i = 0; i < m->n_populations; i++) {
    const meso_node *to = &d->node[i];
    const bool poisson = m->population[i].background_rate_Hz > 0.0;
    const bool dc = m->background.kind == MESO_BACKGROUND_DC && m->population[i].K_ext > 0.0;
    if (!poisson && !dc) continue;
    const meso_node device = {
      .x = to->x + side_of(d, to) * (to->radius + 19.0), .y = to->y + 0.35 * to->radius,
      .radius = 6.5, .shape = MESO_NODE_HEXAGON, .color = meso_grey, .label = poisson ? "P" : "I" };
    meso_node_draw(d->canvas, &device);
    meso_link_draw(d->canvas, &device, to,
                   (meso_link) { .stroke = { meso_grey, 0.7, false } }, NULL);
  }
}

/* ---- 5. matrix ----------------------------------------------------------------------------- */

/* Row of a target; sources without dynamics receive nothing and have no row. */
static size_t matrix_row(const meso_model *model, size_t target)
{
  size_t row = 0;
  for (size_t i = 0; i < target; i++) row += !is_source(model, i);
  return row;
}

static void draw_cell(const diagram *d, meso_box cell, const meso_projection *p)
{
  const double k = in_degree(d->model, p), fraction = sqrt(k / fmax(d->largest, 1e-12));
  const bool inhibitory = d->model->population[p->source].sign == MESO_INHIBITORY;
  const meso_rgb color = meso_map_color(inhibitory ? MESO_MAP_WARM : MESO_MAP_PALE, fraction);
  const meso_text_style style = { .size_pt = fmin(6.5, 0.355 * cell.w),
                                  .anchor = MESO_ANCHOR_CENTRE,
                                  .color = meso_readable_on(color) };
  meso_canvas_fill(d->canvas, cell, color, 1.0);
  meso_canvas_outline(d->canvas, cell, meso_white, 0.8);
  meso_canvas_count(d->canvas, 1);
  if (k >= 0.05 && cell.w >= 12.0)
    meso_canvas_text(d->canvas, cell.x + 0.5 * cell.w, cell.y + 0.5 * cell.h, style,
                     k < 10.0 ? "%.1f" : "%.0f", k);
}

static void draw_names(const diagram *d, meso_box box, double side)
{
  const meso_model *m = d->model;
  for (size_t i = 0; i < m->n_populations; i++) {
    const char *name = m->population[i].name;
    meso_text_style style = { .size_pt = fmin(6.5, 0.5 * side), .bold = true,
                              .color = d->node[i].color };
    style.vertical = m->n_populations > 4;
    style.anchor = style.vertical ? MESO_ANCHOR_LEFT : MESO_ANCHOR_CENTRE;
    meso_canvas_text(d->canvas, box.x + side * ((double) i + 0.5), box.y - 5.0, style, "%s", name);
    style.anchor = MESO_ANCHOR_RIGHT;
    style.vertical = false;
    if (!is_source(m, i))
      meso_canvas_text(d->canvas, box.x - 4.0,
                       box.y + side * ((double) matrix_row(m, i) + 0.5), style, "%s", name);
  }
}

/* Returns the lower end. */
static double draw_matrix(const diagram *d, double x, double y, double width)
{
  const meso_model *m = d->model;
  const size_t n = m->n_populations, n_rows = matrix_row(m, n);
  const double side = fmin(width / (double) n, 30.0);
  const meso_box box = { x, y, side * (double) n, side * (double) (n_rows > 0 ? n_rows : 1) };
  const meso_axes axes = { .box = box, .x_max = (double) n, .y_min = (double) n,
                           .x_label = "source (synapses per target)", .y_label = "target",
                           .no_x_ticks = true, .no_y_ticks = true };
  for (size_t i = 0; i < m->n_projections; i++) {
    const meso_projection *p = &m->projection[i];
    draw_cell(d, (meso_box) { box.x + side * (double) p->source,
                              box.y + side * (double) matrix_row(m, p->target), side, side }, p);
  }
  meso_canvas_outline(d->canvas, box, meso_grey, 0.5);
  draw_names(d, box, side);
  meso_axes_label(d->canvas, &axes, 34.0);
  return box.y + box.h;
}

/* ---- 6. legend ----------------------------------------------------------------------------- */

typedef struct legend { meso_canvas *canvas; double x, y; } legend;

static const double line_height = 11.0, text_at = 27.0;

static void put_line(legend *l, const char *fmt, ...) MESO_PRINTF(2, 3);
static void put_line(legend *l, const char *fmt, ...)
{
  const meso_text_style style = { .size_pt = 6.8, .color = meso_black };
  char text[TEXT];
  va_list ap;
  va_start(ap, fmt);
  vsnprintf(text, sizeof text, fmt, ap);
  va_end(ap);
  meso_canvas_text(l->canvas, l->x + text_at, l->y, style, "%s", text);
  mesoi_note_text(l->canvas, text);
  l->y += line_height;
}

static void put_shape(legend *l, meso_node_shape shape, bool is_population, const char *text)
{
  const meso_node sample = { .x = l->x + 11.0, .y = l->y, .radius = 4.0, .shape = shape,
                             .is_population = is_population, .color = meso_grey };
  meso_node_draw(l->canvas, &sample);
  put_line(l, "%s", text);
}

static void put_link(legend *l, bool dashed, bool inhibitory, const char *text)
{
  meso_link_sample(l->canvas, l->x, l->y, 22.0,
                   (meso_link) { .stroke = { meso_grey, 0.9, dashed }, .inhibitory = inhibitory });
  put_line(l, "%s", text);
}

/* A symbol in place of a sample. */
static void put_symbol(legend *l, const char *symbol, const char *text)
{
  const meso_text_style style = { .size_pt = 6.8, .anchor = MESO_ANCHOR_CENTRE,
                                  .color = meso_black };
  meso_canvas_text(l->canvas, l->x + 11.0, l->y, style, "%s", symbol);
  put_line(l, "%s", text);
}

static void put_nodes(legend *l, const meso_model *m)
{
  bool sign[2] = { false, false }, source = false, external = false;
  for (size_t i = 0; i < m->n_populations; i++) {
    if (is_source(m, i)) source = true;
    else sign[m->population[i].sign] = true;
    external = external || m->population[i].K_ext > 0.0;
  }
  if (sign[MESO_EXCITATORY]) put_shape(l, MESO_NODE_TRIANGLE, true, "excitatory population");
  if (sign[MESO_INHIBITORY]) put_shape(l, MESO_NODE_CIRCLE, true, "inhibitory population");
  if (source) put_shape(l, MESO_NODE_HEXAGON, true, "population of Poisson sources");
  if (external && m->background.kind == MESO_BACKGROUND_POISSON)
    put_shape(l, MESO_NODE_HEXAGON, false, "P: Poisson input, one per neuron");
  if (external && m->background.kind == MESO_BACKGROUND_DC)
    put_shape(l, MESO_NODE_HEXAGON, false, "I: constant current");
}

/* Line styles, heads and rules that occur. */
static void put_links(legend *l, const meso_model *m)
{
  bool style[2] = { false, false }, sign[2] = { false, false };
  for (size_t i = 0; i < m->n_projections; i++) {
    style[meso_rule_at(m->projection[i].rule)->is_random] = true;
    sign[m->population[m->projection[i].source].sign] = true;
  }
  if (sign[MESO_EXCITATORY]) put_link(l, style[1], false, "excitatory; width: in-degree");
  if (sign[MESO_INHIBITORY]) put_link(l, style[1], true, "inhibitory");
  if (style[0]) put_link(l, false, false, "solid: determined by the rule");
  if (style[1]) put_link(l, true, false, "dashed: random");
  for (int rule = 0; rule < MESO_N_RULES; rule++)
    for (size_t i = 0; i < m->n_projections; i++) {
      if (m->projection[i].rule != rule) continue;
      char symbol[TEXT] = "";
      add_symbol(symbol, meso_rule_at(rule));
      put_symbol(l, symbol, meso_rule_at(rule)->name);
      break;
    }
}

/* Letters of the annotations that occur. */
static void put_letters(legend *l, const meso_model *m)
{
  bool near = false, multapses = false, self = false;
  for (size_t i = 0; i < m->n_projections; i++) {
    const meso_projection *p = &m->projection[i];
    near = near || meso_space_matters(p) || p->delay_ms_per_um > 0.0
      || p->PSP_mV_per_um != 0.0;
    multapses = multapses || meso_rule_at(p->rule)->has_multapses;
    self = self || p->source == p->target;
  }
  if (self) put_symbol(l, "A A\u0338", "autapses allowed, prohibited");
  if (multapses) put_symbol(l, "M M\u0338", "multapses allowed, prohibited");
  put_symbol(l, "w\u0304 w\u0303", "weight constant, distributed");
  put_symbol(l, "d\u0304 d\u0303", "delay constant, distributed");
  if (near) put_symbol(l, "(<i>r</i>)", "depends on distance");
}

/* Annotations in groups where the links are too many to carry them. */
static void draw_groups(diagram *d, double x, double y)
{
  const meso_model *m = d->model;
  const meso_text_style style = { .size_pt = 6.8, .color = meso_black };
  char line[2 * TEXT] = "", text[TEXT], other[TEXT];
  if (d->n_links <= FEW_LINKS) return;
  for (size_t i = 0, used = 0; i < m->n_projections && used < sizeof line; i++) {
    size_t n = 0;
    bool seen = false;
    annotate(&m->projection[i], false, text);
    for (size_t k = 0; k < m->n_projections && !seen; k++) {
      annotate(&m->projection[k], false, other);
      if (strcmp(text, other) != 0) continue;
      seen = k < i;
      n++;
    }
    if (!seen)
      used += (size_t) snprintf(line + used, sizeof line - used, "%s%zu projections: %s",
                                used > 0 ? " \u2003 " : "", n, text);
  }
  meso_canvas_text(d->canvas, x, y, style, "%s", line);
}

static void draw_counts(const diagram *d, double x, double y)
{
  char neurons[64], synapses[64], shown[TEXT] = "", scale[TEXT] = "";
  const meso_model *m = d->model;
  meso_tick_label((double) m->n_neurons, 1.0, false, neurons, sizeof neurons);
  meso_tick_label((double) m->n_synapses, 1.0, false, synapses, sizeof synapses);
  if (d->n_drawn < d->n_links)
    snprintf(shown, sizeof shown, "; drawn: %zu of %zu projections, the %d strongest and the %d "
             "strongest of each source", d->n_drawn, d->n_links, (int) STRONGEST, (int) OF_EACH);
  if (m->scaling.N != 1.0 || m->scaling.K != 1.0)
    snprintf(scale, sizeof scale, "; scale N %g, K %g", m->scaling.N, m->scaling.K);
  meso_canvas_note(d->canvas, x, y, "%s neurons, %s synapses%s%s", neurons, synapses, scale, shown);
}

static void draw_layers(const diagram *d)
{
  const meso_model *m = d->model;
  const meso_text_style style = { .size_pt = 7.5, .bold = true, .color = meso_grey };
  if (d->n_rows < 3) return;
  for (size_t r = 0; r < d->n_rows; r++) {
    size_t i = 0;
    while (d->row[i] != r) i++;
    const meso_box box = row_box(d, r);
    if (r % 2 == 0) meso_canvas_fill(d->canvas, box, meso_light_grey, 0.35);
    if (!is_source(m, i))
      meso_canvas_text(d->canvas, box.x + 4.0, box.y + 8.0, style, "%s", m->population[i].layer);
  }
}

static meso_status draw(const meso_figure_data *data, meso_canvas *canvas, meso_err *err)
{
  meso_status status = MESO_OK;
  diagram d = { .data = data, .model = data->model, .canvas = canvas };
  const double w = meso_canvas_width(canvas), h = meso_canvas_height(canvas);
  d.box = (meso_box) { 8.0, 8.0, 0.55 * w, h - 38.0 };
  MESO_ALLOC(err, d.node, data->model->n_populations);
  MESO_ALLOC(err, d.row, data->model->n_populations);
  MESO_TRY(sort_links(&d, err));
  find_rows(&d);
  place_nodes(&d);
  draw_layers(&d);
  draw_links(&d);
  draw_background(&d);
  for (size_t i = 0; i < data->model->n_populations; i++) meso_node_draw(canvas, &d.node[i]);
  const double right = d.box.x + d.box.w + 50.0;
  const double below = draw_matrix(&d, right, 34.0, w - right - 8.0);
  legend l = { canvas, d.box.x + d.box.w + 18.0, below + 30.0 };
  put_nodes(&l, data->model);
  put_links(&l, data->model);
  put_letters(&l, data->model);
  draw_groups(&d, 8.0, h - 20.0);
  draw_counts(&d, 8.0, h - 8.0);
cleanup:
  free(d.link);
  free(d.node);
  free(d.row);
  return status;
}

const meso_figure_ops meso_fig_network = {
  "network",
  "The network in the notation of Senk et al. 2022, and the mean number of synapses that a target "
  "neuron receives from each source.",
  170.0, 125.0, is_available, draw
};
