/* meso_diagram.c: shapes, curves between their borders, arrowheads. */
#include "meso_diagram.h"

#include <math.h>
#include <string.h>

typedef struct curve { double x[4], y[4]; } curve;

/* ---- nodes --------------------------------------------------------------------------------- */

static const struct { size_t n_corners; double first_angle, size; } outline[] = {
  [MESO_NODE_TRIANGLE] = { 3, -M_PI / 2.0, 1.32 }, /* about the area of the circle */
  [MESO_NODE_CIRCLE] = { 0, 0.0, 1.0 },
  [MESO_NODE_HEXAGON] = { 6, 0.0, 1.06 }
};

/* Distance of the border from the centre in a direction. */
static double reach(const meso_node *node, double angle)
{
  const double r = node->radius * outline[node->shape].size;
  const size_t n = outline[node->shape].n_corners;
  if (n == 0) return r;
  const double sector = 2.0 * M_PI / (double) n;
  double in_sector = fmod(angle - outline[node->shape].first_angle, sector);
  if (in_sector < 0.0) in_sector += sector;
  return r * cos(0.5 * sector) / cos(in_sector - 0.5 * sector);
}

static void draw_label(meso_canvas *canvas, const meso_node *node)
{
  const double widest = node->radius * (node->shape == MESO_NODE_TRIANGLE ? 1.35 : 1.7);
  meso_text_style style = { .size_pt = 8.0, .anchor = MESO_ANCHOR_CENTRE, .bold = true,
                            .color = meso_black };
  if (node->label == NULL) return;
  while (style.size_pt > 4.5 && meso_canvas_text_width(canvas, node->label, style) > widest)
    style.size_pt -= 0.5;
  const double lower = node->shape == MESO_NODE_TRIANGLE ? 0.22 * node->radius : 0.0;
  meso_canvas_text(canvas, node->x, node->y + lower, style, "%s", node->label);
}

void meso_node_draw(meso_canvas *canvas, const meso_node *node)
{
  double x[6], y[6];
  const size_t n = outline[node->shape].n_corners;
  const double r = node->radius * outline[node->shape].size;
  const meso_stroke frame = { node->color, node->is_population ? 2.0 : 0.7, false };
  const meso_rgb fill = meso_paler(node->color, 0.8);
  for (size_t i = 0; i < n; i++) {
    const double angle = outline[node->shape].first_angle + 2.0 * M_PI * (double) i / (double) n;
    x[i] = node->x + r * cos(angle);
    y[i] = node->y + r * sin(angle);
  }
  if (n == 0) meso_canvas_disc(canvas, node->x, node->y, r, fill, frame);
  else meso_canvas_area(canvas, n, x, y, fill, frame);
  draw_label(canvas, node);
}

/* ---- links --------------------------------------------------------------------------------- */

static void point_at(const curve *c, double t, double *x, double *y)
{
  const double s = 1.0 - t;
  const double w[4] = { s * s * s, 3.0 * s * s * t, 3.0 * s * t * t, t * t * t };
  *x = *y = 0.0;
  for (int i = 0; i < 4; i++) {
    *x += w[i] * c->x[i];
    *y += w[i] * c->y[i];
  }
}

/* The part between two parameters, by its ends and their tangents. */
static curve part_of(const curve *c, double t0, double t1)
{
  const double t[2] = { t0, t1 };
  double end[2][2], slope[2][2];
  for (int k = 0; k < 2; k++) {
    const double s = 1.0 - t[k];
    const double w[3] = { 3.0 * s * s, 6.0 * s * t[k], 3.0 * t[k] * t[k] };
    point_at(c, t[k], &end[k][0], &end[k][1]);
    slope[k][0] = slope[k][1] = 0.0;
    for (int i = 0; i < 3; i++) {
      slope[k][0] += w[i] * (c->x[i + 1] - c->x[i]);
      slope[k][1] += w[i] * (c->y[i + 1] - c->y[i]);
    }
  }
  const double third = (t1 - t0) / 3.0;
  return (curve) {
    { end[0][0], end[0][0] + third * slope[0][0], end[1][0] - third * slope[1][0], end[1][0] },
    { end[0][1], end[0][1] + third * slope[0][1], end[1][1] - third * slope[1][1], end[1][1] } };
}

/* First parameter from one end on at which the curve is clear of the node there. */
static double clear_of(const curve *c, const meso_node *node, bool from_end, double gap)
{
  enum { STEPS = 400 };
  for (int i = 0; i < STEPS; i++) {
    const double t = from_end ? 1.0 - (double) i / STEPS : (double) i / STEPS;
    double x, y;
    point_at(c, t, &x, &y);
    x -= node->x;
    y -= node->y;
    if (hypot(x, y) >= reach(node, atan2(y, x)) + gap) return t;
  }
  return 0.5;
}

/* Head with its tip at (x, y), pointing along (dx, dy). */
static void draw_head(meso_canvas *canvas, double x, double y, double dx, double dy, double size,
                      meso_link link)
{
  const double length = hypot(dx, dy);
  const meso_stroke none = { link.stroke.color, 0.0, false };
  if (!(length > 0.0)) return;
  dx /= length;
  dy /= length;
  if (link.inhibitory) {
    meso_canvas_disc(canvas, x - 0.5 * size * dx, y - 0.5 * size * dy, 0.5 * size,
                     link.stroke.color, none);
    return;
  }
  const double back_x = x - size * dx, back_y = y - size * dy, half = 0.45 * size;
  meso_canvas_area(canvas, 3, (const double[3]) { x, back_x - half * dy, back_x + half * dy },
                   (const double[3]) { y, back_y + half * dx, back_y - half * dx },
                   link.stroke.color, none);
}

static double head_size(meso_link link)
{
  return (link.inhibitory ? 3.4 : 4.2) + 1.3 * link.stroke.width;
}

static void draw_between(meso_canvas *canvas, const curve *whole, const meso_node *from,
                         const meso_node *to, meso_link link, double mid[2])
{
  const double size = head_size(link), t0 = clear_of(whole, from, false, 1.6);
  double x, y, middle[2];
  const double tip = clear_of(whole, to, true, 1.4), end = clear_of(whole, to, true, 1.0 + size);
  const curve shaft = part_of(whole, t0, end);
  point_at(whole, tip, &x, &y);
  meso_canvas_curve(canvas, shaft.x, shaft.y, link.stroke);
  draw_head(canvas, x, y, x - shaft.x[3], y - shaft.y[3], size, link);
  point_at(whole, 0.5 * (t0 + end), &middle[0], &middle[1]);
  if (mid != NULL) memcpy(mid, middle, sizeof middle);
}

void meso_link_draw(meso_canvas *canvas, const meso_node *from, const meso_node *to,
                    meso_link link, double mid[2])
{
  const double dx = to->x - from->x, dy = to->y - from->y, length = fmax(hypot(dx, dy), 1e-9);
  const double off_x = -dy / length * link.bend / 0.75, off_y = dx / length * link.bend / 0.75;
  const curve whole = {
    { from->x, from->x + dx / 3.0 + off_x, from->x + 2.0 * dx / 3.0 + off_x, to->x },
    { from->y, from->y + dy / 3.0 + off_y, from->y + 2.0 * dy / 3.0 + off_y, to->y } };
  draw_between(canvas, &whole, from, to, link, mid);
}

void meso_link_loop(meso_canvas *canvas, const meso_node *node, double angle, meso_link link,
                    double mid[2])
{
  const double far = 2.6 * node->radius, spread = 0.55;
  const double a = angle - spread, b = angle + spread;
  const curve whole = {
    { node->x, node->x + far * cos(a), node->x + far * cos(b), node->x },
    { node->y, node->y + far * sin(a), node->y + far * sin(b), node->y } };
  draw_between(canvas, &whole, node, node, link, mid);
}

void meso_link_sample(meso_canvas *canvas, double x, double y, double length, meso_link link)
{
  const double size = head_size(link);
  meso_canvas_segment(canvas, x, y, x + length - size, y, link.stroke.color, link.stroke.width,
                      link.stroke.dashed);
  draw_head(canvas, x + length, y, 1.0, 0.0, size, link);
}
