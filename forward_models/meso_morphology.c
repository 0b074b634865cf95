/* meso_morphology.c: trees cut into compartments. */
#include "meso_morphology.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "swc_file.h"

enum { MAX_SEGMENTS = 1000000 };

/* Points of the sections, back to back: x, y, z, diameter. */
typedef struct polylines {
  size_t n_sections;
  size_t *first;       /* n_sections + 1 */
  size_t *used;        /* points filled in so far */
  double (*point)[4];
} polylines;

/* ---- sections ----------------------------------------------------------------------------- */

/* Does a new section begin at this point (not the soma)? */
static bool begins_section(const swc_tree *tree, size_t i)
{
  const swc_point *point = &tree->point[i], *parent = &tree->point[point->parent];
  return point->parent == 0 || parent->n_children > 1 || parent->type != point->type;
}

/* Does the section that begins at this point also hold a point before it? Branches begin at their
 * parent; stems at their own first point, except where that would lose membrane: without a soma
 * the root belongs to them, and a stem of one point reaches from the surface of the soma. */
static bool has_point_before(const swc_tree *tree, size_t i)
{
  const swc_point *point = &tree->point[i];
  if (point->parent != 0 || tree->soma.form == MESO_SOMA_MISSING) return true;
  return point->n_children != 1 || tree->point[point->last_child].type != point->type;
}

static double edge_length(double (*points)[4], size_t k)
{
  const double *a = points[k], *b = points[k + 1];
  return sqrt((b[0] - a[0]) * (b[0] - a[0]) + (b[1] - a[1]) * (b[1] - a[1])
              + (b[2] - a[2]) * (b[2] - a[2]));
}

static void put_point(polylines *lines, size_t section, const double *x, double diam)
{
  double *to = lines->point[lines->first[section] + lines->used[section]++];
  memcpy(to, x, 3 * sizeof *x);
  to[3] = diam;
}

static void polylines_clear(polylines *lines)
{
  free(lines->first);
  free(lines->used);
  free(lines->point);
}

static meso_status allocate_sections(meso_morphology *m, meso_err *err)
{
  meso_status status = MESO_OK;
  MESO_ALLOC(err, m->section_type, m->n_sections);
  MESO_ALLOC(err, m->section_index, m->n_sections);
  MESO_ALLOC(err, m->section_parent, m->n_sections);
  MESO_ALLOC(err, m->section_first, m->n_sections);
  MESO_ALLOC(err, m->section_nseg, m->n_sections);
cleanup:
  return status;
}

/* Gives every point its section and counts the points of each. */
static meso_status assign_sections(swc_tree *tree, meso_morphology *m, polylines *lines,
                                   meso_err *err)
{
  meso_status status = MESO_OK;
  size_t count[MESO_SECTION_APIC + 1] = {0};
  m->n_sections = 1;
  for (size_t i = 1; i < tree->n; i++) m->n_sections += begins_section(tree, i);
  MESO_TRY(allocate_sections(m, err));
  lines->n_sections = m->n_sections;
  MESO_ALLOC(err, lines->first, m->n_sections + 1);
  MESO_ALLOC(err, lines->used, m->n_sections);
  MESO_ALLOC(err, lines->point, 2 * tree->n + tree->soma.n);
  m->section_type[0] = MESO_SECTION_SOMA;
  m->section_parent[0] = MESO_NO_PARENT;
  lines->first[1] = tree->soma.n;
  size_t n = 1;
  for (size_t i = 1; i < tree->n; i++) {
    swc_point *point = &tree->point[i];
    if (begins_section(tree, i)) {
      m->section_type[n] = point->type;
      m->section_index[n] = count[point->type]++;
      m->section_parent[n] = tree->point[point->parent].section;
      point->section = n++;
      lines->first[point->section + 1] += has_point_before(tree, i);
    } else {
      point->section = tree->point[point->parent].section;
    }
    lines->first[point->section + 1]++;
  }
  for (size_t s = 0; s < m->n_sections; s++) lines->first[s + 1] += lines->first[s];
cleanup:
  return status;
}

/* The point before a section's first: the parent, the root without a soma, or the surface of the
 * soma, which counts as the sphere of its area. */
static void put_point_before(const swc_tree *tree, size_t i, polylines *lines)
{
  const swc_point *point = &tree->point[i], *parent = &tree->point[point->parent];
  const swc_soma *soma = &tree->soma;
  double centre[3], way[3], distance = 0, area_um2 = 0;
  if (point->parent != 0) {
    put_point(lines, point->section, parent->x, parent->diam);
    return;
  }
  for (size_t k = 0; k < 3; k++) {
    centre[k] = (soma->point[0][k] + soma->point[soma->n - 1][k]) / 2;
    way[k] = point->x[k] - centre[k];
    distance += way[k] * way[k];
  }
  for (size_t e = 0; e + 1 < soma->n; e++)
    area_um2 += M_PI / 2 * (soma->point[e][3] + soma->point[e + 1][3])
      * edge_length(soma->point, e);
  const double radius = soma->form == MESO_SOMA_MISSING ? 0 : sqrt(area_um2 / (4 * M_PI));
  for (size_t k = 0; k < 3 && distance > 0; k++)
    centre[k] += way[k] * fmin(radius / sqrt(distance), 1);
  put_point(lines, point->section, centre, point->diam);
}

static meso_status make_polylines(swc_tree *tree, meso_morphology *m, polylines *lines,
                                  meso_err *err)
{
  meso_status status = MESO_OK;
  MESO_TRY(assign_sections(tree, m, lines, err));
  for (size_t k = 0; k < tree->soma.n; k++)
    put_point(lines, 0, tree->soma.point[k], tree->soma.point[k][3]);
  for (size_t i = 1; i < tree->n; i++) {
    if (begins_section(tree, i) && has_point_before(tree, i)) put_point_before(tree, i, lines);
    put_point(lines, tree->point[i].section, tree->point[i].x, tree->point[i].diam);
  }
cleanup:
  return status;
}

/* ---- segments ----------------------------------------------------------------------------- */

typedef struct half_cut { double area_um2, diam_um2, resistance_MOhm; } half_cut;

/* Sums of the frusta of the polyline between two arcs. */
static half_cut cut_polyline(double (*points)[4], size_t n, double from, double to, double Ra)
{
  half_cut cut = {0, 0, 0};
  double arc = 0;
  for (size_t k = 0; k + 1 < n; k++) {
    const double edge = edge_length(points, k);
    const double low = fmax(from, arc), high = fmin(to, arc + edge);
    if (high > low) {
      const double slope = (points[k + 1][3] - points[k][3]) / edge, h = high - low;
      const double d0 = points[k][3] + slope * (low - arc);
      const double d1 = points[k][3] + slope * (high - arc);
      cut.area_um2 += M_PI / 2 * (d0 + d1) * hypot(h, (d1 - d0) / 2);
      cut.diam_um2 += h * (d0 + d1) / 2;
      cut.resistance_MOhm += 4 * h * Ra * 0.01 / (M_PI * d0 * d1);
    }
    arc += edge;
  }
  return cut;
}

/* Point of the polyline at an arc. */
static void point_at(double (*points)[4], size_t n, double arc, double *x)
{
  size_t k = 0;
  double start = 0, edge = edge_length(points, 0);
  while (k + 2 < n && start + edge < arc) {
    start += edge;
    edge = edge_length(points, ++k);
  }
  const double f = edge > 0 ? fmin(1, (arc - start) / edge) : 0;
  for (int i = 0; i < 3; i++) x[i] = points[k][i] + f * (points[k + 1][i] - points[k][i]);
}

static double polyline_length(double (*points)[4], size_t n)
{
  double length = 0;
  for (size_t k = 0; k + 1 < n; k++) length += edge_length(points, k);
  return length;
}

/* Odd number of segments, each short enough by both rules; as a double, it may be huge. */
static double segments_needed(double (*points)[4], size_t n, const meso_discretisation *d)
{
  double sum = 0, needed = 1;
  for (size_t k = 0; k + 1 < n; k++)
    sum += edge_length(points, k) / sqrt(points[k][3] + points[k + 1][3]);
  const double length_over_lambda = sum * sqrt(2.) * 1e-5
    * sqrt(4 * M_PI * d->frequency_Hz * d->Ra_Ohm_cm * d->cm_uF_per_cm2);
  if (d->d_lambda > 0) needed = 2 * floor((length_over_lambda / d->d_lambda + 0.9) / 2) + 1;
  if (d->max_length_um > 0)
    needed = fmax(needed, 2 * ceil((polyline_length(points, n) / d->max_length_um - 1) / 2) + 1);
  return needed;
}

static meso_status count_segments(const char *path, const polylines *lines,
                                  const meso_discretisation *d, meso_morphology *m, meso_err *err)
{
  meso_status status = MESO_OK;
  for (size_t s = 0; s < m->n_sections; s++) {
    double (*points)[4] = lines->point + lines->first[s];
    if (!(polyline_length(points, lines->used[s]) > 0))
      MESO_FAIL(err, MESO_EFORMAT, "%s: section %s[%zu] has no length", path,
                meso_section_type_name(m->section_type[s]), m->section_index[s]);
    const double needed = s == 0 ? 1 : segments_needed(points, lines->used[s], d);
    if (!(needed + (double) m->n_segments <= MAX_SEGMENTS))
      MESO_FAIL(err, MESO_ERANGE, "%s: more than %d segments", path, MAX_SEGMENTS);
    m->section_first[s] = m->n_segments;
    m->section_nseg[s] = (size_t) needed;
    m->n_segments += m->section_nseg[s];
  }
  m->n_nodes = m->n_segments + m->n_sections;
cleanup:
  return status;
}

static meso_status allocate_segments(meso_morphology *m, meso_err *err)
{
  meso_status status = MESO_OK;
  MESO_ALLOC(err, m->segment_section, m->n_segments);
  MESO_ALLOC(err, m->area_um2, m->n_segments);
  MESO_ALLOC(err, m->diam_um, m->n_segments);
  MESO_ALLOC(err, m->length_um, m->n_segments);
  MESO_ALLOC(err, m->start_um, 3 * m->n_segments);
  MESO_ALLOC(err, m->end_um, 3 * m->n_segments);
  MESO_ALLOC(err, m->node_parent, m->n_nodes);
  MESO_ALLOC(err, m->ri_MOhm, m->n_nodes);
  MESO_ALLOC(err, m->node_order, m->n_nodes);
cleanup:
  return status;
}

/* Node that the first segment of a section hangs on. */
static size_t attachment_node(const meso_morphology *m, size_t section)
{
  const size_t parent = m->section_parent[section];
  if (parent == MESO_NO_PARENT) return MESO_NO_PARENT;
  return parent == 0 ? 0 : m->n_segments + parent; /* stems join the soma itself */
}

static void cut_section(meso_morphology *m, size_t s, double (*points)[4], size_t n_points,
                        double Ra, size_t *n_ordered)
{
  const size_t n = m->section_nseg[s];
  const double length = polyline_length(points, n_points);
  double right_before = 0;
  for (size_t i = 0; i < n; i++) {
    const size_t j = m->section_first[s] + i;
    const double a = length * (double) i / (double) n, b = length * (double) (i + 1) / (double) n;
    const double middle = length * ((double) i + 0.5) / (double) n;
    const half_cut left = cut_polyline(points, n_points, a, middle, Ra);
    const half_cut right = cut_polyline(points, n_points, middle, b, Ra);
    m->segment_section[j] = s;
    m->area_um2[j] = left.area_um2 + right.area_um2;
    m->diam_um[j] = (left.diam_um2 + right.diam_um2) / (b - a);
    m->length_um[j] = length / (double) n;
    point_at(points, n_points, a, m->start_um + 3 * j);
    point_at(points, n_points, b, m->end_um + 3 * j);
    m->node_parent[j] = i > 0 ? j - 1 : attachment_node(m, s);
    m->ri_MOhm[j] = s == 0 ? 0 : right_before + left.resistance_MOhm;
    m->node_order[(*n_ordered)++] = j;
    right_before = right.resistance_MOhm;
  }
  const size_t end = m->n_segments + s;
  m->node_parent[end] = m->section_first[s] + n - 1;
  m->ri_MOhm[end] = right_before;
  m->node_order[(*n_ordered)++] = end;
}

/* ---- public ------------------------------------------------------------------------------- */

meso_status meso_morphology_read(const char *path, const meso_discretisation *discretisation,
                                 meso_morphology **ret_morphology, meso_err *err)
{
  meso_status status = MESO_OK;
  swc_tree tree = {0};
  polylines lines = {0};
  meso_morphology *m = NULL;
  const meso_discretisation *d = discretisation;
  if (!(d->Ra_Ohm_cm > 0 && d->cm_uF_per_cm2 > 0 && d->d_lambda >= 0 && d->frequency_Hz > 0
        && d->max_length_um >= 0 && (d->d_lambda > 0 || d->max_length_um > 0)))
    MESO_FAIL(err, MESO_EINVAL, "Ra, cm, the frequency, and d_lambda or the maximal length must be "
              "positive");
  MESO_ALLOC(err, m, 1);
  MESO_TRY(swc_tree_read(path, &tree, err));
  MESO_TRY(make_polylines(&tree, m, &lines, err));
  m->soma_form = tree.soma.form;
  MESO_TRY(count_segments(path, &lines, d, m, err));
  MESO_TRY(allocate_segments(m, err));
  size_t n_ordered = 0;
  for (size_t s = 0; s < m->n_sections; s++)
    cut_section(m, s, lines.point + lines.first[s], lines.used[s], d->Ra_Ohm_cm, &n_ordered);
  *ret_morphology = m;
  m = NULL;
cleanup:
  meso_morphology_destroy(m);
  polylines_clear(&lines);
  swc_tree_clear(&tree);
  return status;
}

meso_status meso_morphology_create(size_t n_sections, size_t n_segments,
                                   meso_morphology **ret_morphology, meso_err *err)
{
  meso_status status = MESO_OK;
  meso_morphology *m = NULL;
  if (n_sections > MAX_SEGMENTS || n_segments > MAX_SEGMENTS)
    MESO_FAIL(err, MESO_ERANGE, "%zu sections, %zu segments: more than %d", n_sections, n_segments,
              MAX_SEGMENTS);
  MESO_ALLOC(err, m, 1);
  m->n_sections = n_sections;
  m->n_segments = n_segments;
  m->n_nodes = n_segments + n_sections;
  MESO_TRY(allocate_sections(m, err));
  MESO_TRY(allocate_segments(m, err));
  *ret_morphology = m;
  m = NULL;
cleanup:
  meso_morphology_destroy(m);
  return status;
}

/* Nodes in the order in which a walk from the root meets them, level by level. */
meso_status meso_morphology_sort_nodes(meso_morphology *m, meso_err *err)
{
  meso_status status = MESO_OK;
  size_t *first = NULL, *next = NULL;
  MESO_ALLOC(err, first, m->n_nodes);
  MESO_ALLOC(err, next, m->n_nodes);
  for (size_t j = 0; j < m->n_nodes; j++) first[j] = MESO_NO_PARENT;
  if (m->n_nodes == 0 || m->node_parent[0] != MESO_NO_PARENT)
    MESO_FAIL(err, MESO_EINVAL, "node 0 must be the root");
  for (size_t j = m->n_nodes; j-- > 1;) {
    const size_t parent = m->node_parent[j];
    if (parent >= m->n_nodes)
      MESO_FAIL(err, MESO_EINVAL, "node %zu has no parent: only node 0 may be a root", j);
    next[j] = first[parent];
    first[parent] = j;
  }
  size_t n = 1;
  m->node_order[0] = 0;
  for (size_t i = 0; i < n; i++)
    for (size_t j = first[m->node_order[i]]; j != MESO_NO_PARENT; j = next[j])
      m->node_order[n++] = j;
  if (n != m->n_nodes)
    MESO_FAIL(err, MESO_EINVAL, "%zu of %zu nodes are in a cycle", m->n_nodes - n, m->n_nodes);
cleanup:
  free(first);
  free(next);
  return status;
}

void meso_morphology_destroy(meso_morphology *m)
{
  if (m == NULL) return;
  free(m->section_type);
  free(m->section_index);
  free(m->section_parent);
  free(m->section_first);
  free(m->section_nseg);
  free(m->segment_section);
  free(m->area_um2);
  free(m->diam_um);
  free(m->length_um);
  free(m->start_um);
  free(m->end_um);
  free(m->node_parent);
  free(m->ri_MOhm);
  free(m->node_order);
  free(m);
}

void meso_morphology_place(meso_morphology *m, double x_um, double y_um, double z_um)
{
  const double to[3] = {x_um, y_um, z_um};
  for (size_t k = 0; k < 3; k++) {
    const double centre = (m->start_um[k] + m->end_um[k]) / 2;
    for (size_t j = 0; j < m->n_segments; j++) {
      m->start_um[3 * j + k] += to[k] - centre;
      m->end_um[3 * j + k] += to[k] - centre;
    }
  }
}

meso_segments meso_morphology_segments(const meso_morphology *m)
{
  return (meso_segments) {m->n_segments, m->start_um, m->end_um, m->diam_um, m->length_um};
}

double meso_morphology_z_um(const meso_morphology *m, size_t segment)
{
  return (m->start_um[3 * segment + 2] + m->end_um[3 * segment + 2]) / 2;
}

const char *meso_section_type_name(int type)
{
  static const char *const name[] = {NULL, "soma", "axon", "dend", "apic"};
  return type >= MESO_SECTION_SOMA && type <= MESO_SECTION_APIC ? name[type] : NULL;
}

meso_status meso_section_types_parse(const char *text, unsigned *types, meso_err *err)
{
  meso_status status = MESO_OK;
  *types = 0;
  if (strcmp(text, "all") == 0) {
    for (int type = MESO_SECTION_SOMA; type <= MESO_SECTION_APIC; type++) *types |= 1u << type;
    return MESO_OK;
  }
  for (const char *word = text;; word++) {
    const size_t n = strcspn(word, "+");
    int type = MESO_SECTION_SOMA;
    while (type <= MESO_SECTION_APIC
           && (strlen(meso_section_type_name(type)) != n
               || strncmp(word, meso_section_type_name(type), n) != 0)) type++;
    if (type > MESO_SECTION_APIC)
      MESO_FAIL(err, MESO_EINVAL, "sections '%s': expected soma, axon, dend, apic joined by '+', "
                "or all", text);
    *types |= 1u << type;
    word += n;
    if (*word == '\0') break;
  }
cleanup:
  return status;
}
