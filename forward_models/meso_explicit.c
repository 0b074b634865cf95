/* meso_explicit.c: explicit populations: building, checking, placing.
 *
 * 1. life   2. events   3. probe   4. checks   5. places
 */
#include "meso_explicit.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* Beyond these a number means nothing. */
static const double max_length_um = 1e7, max_tau_ms = 1e6, max_weight_nA = 1e9;

/* ---- 1. life ------------------------------------------------------------------------------ */

meso_status meso_explicit_create(size_t n_types, size_t n_cells, size_t n_kinds,
                                 meso_explicit **ret_population, meso_err *err)
{
  meso_status status = MESO_OK;
  meso_explicit *p = NULL;
  if (n_cells > UINT32_MAX || n_types > UINT32_MAX || n_kinds > MESO_EXPLICIT_MAX_KINDS)
    MESO_FAIL(err, MESO_ERANGE, "%zu types, %zu cells and %zu kinds of synapse: at most %u, %u and "
              "%d", n_types, n_cells, n_kinds, UINT32_MAX, UINT32_MAX, MESO_EXPLICIT_MAX_KINDS);
  MESO_ALLOC(err, p, 1);
  MESO_ALLOC(err, p->type, n_types);
  p->n_types = n_types;
  MESO_ALLOC(err, p->cell, n_cells);
  p->n_cells = n_cells;
  MESO_ALLOC(err, p->kind, n_kinds);
  p->n_kinds = n_kinds;
  MESO_STRDUP(err, p->method, "root_as_point");
  for (size_t i = 0; i < n_cells; i++) meso_rotation_z(0, p->cell[i].rotation);
  *ret_population = p;
  p = NULL;
cleanup:
  meso_explicit_destroy(p);
  return status;
}

void meso_explicit_destroy(meso_explicit *p)
{
  if (p == NULL) return;
  for (size_t k = 0; k < p->n_types; k++) {
    free(p->type[k].name);
    meso_morphology_destroy(p->type[k].morphology);
    free(p->type[k].g_pas_S_per_cm2);
  }
  free(p->type);
  free(p->cell);
  free(p->kind);
  free(p->event_first);
  free(p->event);
  free(p->method);
  free(p->contact_um);
  free(p->box_z_um);
  free(p);
}

meso_status meso_explicit_set_type(meso_explicit *p, size_t type, const char *name,
                                   meso_morphology *morphology, double cm_uF_per_cm2,
                                   double g_pas_S_per_cm2, double e_pas_mV, meso_err *err)
{
  meso_status status = MESO_OK;
  meso_explicit_type *t = &p->type[type];
  meso_morphology_destroy(t->morphology);
  t->morphology = morphology;
  free(t->name);
  free(t->g_pas_S_per_cm2);
  t->g_pas_S_per_cm2 = NULL;
  MESO_STRDUP(err, t->name, name);
  t->cm_uF_per_cm2 = cm_uF_per_cm2;
  t->e_pas_mV = e_pas_mV;
  MESO_ALLOC(err, t->g_pas_S_per_cm2, morphology->n_segments);
  for (size_t j = 0; j < morphology->n_segments; j++) t->g_pas_S_per_cm2[j] = g_pas_S_per_cm2;
cleanup:
  return status;
}

/* ---- 2. events ---------------------------------------------------------------------------- */

meso_status meso_event_list_extend(meso_event_list *list, size_t n,
                                   meso_explicit_event **ret_events, meso_err *err)
{
  meso_status status = MESO_OK;
  if (n > list->capacity - list->n) {
    if (n > SIZE_MAX / 2 - list->n) MESO_FAIL(err, MESO_ENOMEM, "too many events");
    size_t capacity = list->n + n;
    if (capacity < 2 * list->capacity) capacity = 2 * list->capacity;
    meso_explicit_event *grown = meso_realloc(list->event, capacity, sizeof *grown);
    if (grown == NULL) MESO_FAIL(err, MESO_ENOMEM, "cannot allocate %zu events", capacity);
    list->event = grown;
    list->capacity = capacity;
  }
  *ret_events = list->event + list->n;
  list->n += n;
cleanup:
  return status;
}

void meso_event_list_clear(meso_event_list *list)
{
  free(list->event);
  *list = (meso_event_list) {0};
}

meso_status meso_explicit_set_events(meso_explicit *p, size_t n, const uint32_t *cell,
                                     const meso_explicit_event *event, meso_err *err)
{
  meso_status status = MESO_OK;
  size_t *first = NULL;
  meso_explicit_event *sorted = NULL;
  MESO_ALLOC(err, first, p->n_cells + 2);
  MESO_ALLOC(err, sorted, n);
  for (size_t e = 0; e < n; e++) {
    if (cell[e] >= p->n_cells)
      MESO_FAIL(err, MESO_EINVAL, "event %zu is of cell %lu; there are %zu cells", e,
                (unsigned long) cell[e], p->n_cells);
    first[cell[e] + 2]++;
  }
  for (size_t i = 0; i < p->n_cells; i++) first[i + 2] += first[i + 1];
  for (size_t e = 0; e < n; e++) sorted[first[cell[e] + 1]++] = event[e];
  free(p->event_first);
  free(p->event);
  p->event_first = first;
  p->event = sorted;
  first = NULL;
  sorted = NULL;
cleanup:
  free(first);
  free(sorted);
  return status;
}

/* ---- 3. probe ----------------------------------------------------------------------------- */

static meso_status copy_doubles(size_t n, const double *from, double **to, meso_err *err)
{
  meso_status status = MESO_OK;
  double *copy = NULL;
  MESO_ALLOC(err, copy, n);
  if (n > 0) memcpy(copy, from, n * sizeof *copy);
  free(*to);
  *to = copy;
cleanup:
  return status;
}

meso_status meso_explicit_set_contacts(meso_explicit *p, size_t n, const double *xyz_um,
                                       meso_err *err)
{
  const meso_status status = copy_doubles(3 * n, xyz_um, &p->contact_um, err);
  if (status == MESO_OK) p->n_contacts = n;
  return status;
}

meso_status meso_explicit_set_boxes(meso_explicit *p, size_t n, const double *z_um,
                                    double radius_um, meso_err *err)
{
  const meso_status status = copy_doubles(2 * n, z_um, &p->box_z_um, err);
  if (status == MESO_OK) {
    p->n_boxes = n;
    p->box_radius_um = radius_um;
  }
  return status;
}

/* ---- 4. checks ---------------------------------------------------------------------------- */

static bool positive(double x, double max) { return x > 0 && x <= max; }

/* The nodes are a tree with its root at segment 0, listed parents first. */
static meso_status check_tree(const meso_explicit_type *t, meso_err *err)
{
  meso_status status = MESO_OK;
  const meso_morphology *m = t->morphology;
  bool *seen = NULL;
  MESO_ALLOC(err, seen, m->n_nodes);
  for (size_t i = 0; i < m->n_nodes; i++) {
    const size_t j = m->node_order[i];
    if (j >= m->n_nodes || seen[j] || (j == 0) != (i == 0))
      MESO_FAIL(err, MESO_EINVAL, "type '%s': the order of its nodes is broken at %zu", t->name, i);
    seen[j] = true;
    if (j == 0 && m->node_parent[j] == MESO_NO_PARENT) continue;
    if (m->node_parent[j] >= m->n_nodes || !seen[m->node_parent[j]] || j == 0)
      MESO_FAIL(err, MESO_EINVAL, "type '%s': node %zu has no parent before it; only node 0, the "
                "soma, may be a root", t->name, j);
    if (!positive(m->ri_MOhm[j], 1e12))
      MESO_FAIL(err, MESO_EINVAL, "type '%s': axial resistance of node %zu is %g MOhm (> 0)",
                t->name, j, m->ri_MOhm[j]);
  }
cleanup:
  free(seen);
  return status;
}

static meso_status check_segments(const meso_explicit_type *t, meso_err *err)
{
  meso_status status = MESO_OK;
  const meso_morphology *m = t->morphology;
  for (size_t j = 0; j < m->n_segments; j++) {
    if (!positive(m->area_um2[j], 1e12) || !positive(m->diam_um[j], max_length_um)
        || !positive(m->length_um[j], max_length_um))
      MESO_FAIL(err, MESO_EINVAL, "type '%s': segment %zu: area %g um2, diameter %g um and length "
                "%g um must be positive", t->name, j, m->area_um2[j], m->diam_um[j],
                m->length_um[j]);
    for (size_t k = 3 * j; k < 3 * j + 3; k++)
      if (!(fabs(m->start_um[k]) <= max_length_um && fabs(m->end_um[k]) <= max_length_um))
        MESO_FAIL(err, MESO_ERANGE, "type '%s': segment %zu lies beyond +-%g um", t->name, j,
                  max_length_um);
    if (!(t->g_pas_S_per_cm2[j] >= 0 && t->g_pas_S_per_cm2[j] <= 1e6))
      MESO_FAIL(err, MESO_EINVAL, "type '%s': leak of segment %zu is %g S/cm2 (>= 0)", t->name, j,
                t->g_pas_S_per_cm2[j]);
  }
cleanup:
  return status;
}

static meso_status check_type(const meso_explicit *p, size_t k, meso_err *err)
{
  meso_status status = MESO_OK;
  const meso_explicit_type *t = &p->type[k];
  if (t->name == NULL || t->morphology == NULL || t->g_pas_S_per_cm2 == NULL)
    MESO_FAIL(err, MESO_EINVAL, "cell type %zu was never filled in", k);
  const meso_morphology *m = t->morphology;
  if (m->n_segments == 0 || m->n_nodes < m->n_segments || m->n_segments >= 1u << 24)
    MESO_FAIL(err, MESO_EINVAL, "type '%s' has %zu segments and %zu nodes", t->name, m->n_segments,
              m->n_nodes);
  if (!positive(t->cm_uF_per_cm2, 1e6) || !(fabs(t->e_pas_mV) <= 1e6))
    MESO_FAIL(err, MESO_EINVAL, "type '%s': cm %g uF/cm2 must be positive, e_pas %g mV finite",
              t->name, t->cm_uF_per_cm2, t->e_pas_mV);
  MESO_TRY(check_tree(t, err));
  MESO_TRY(check_segments(t, err));
cleanup:
  return status;
}

static meso_status check_cell(const meso_explicit *p, size_t i, meso_err *err)
{
  meso_status status = MESO_OK;
  const meso_explicit_cell *c = &p->cell[i];
  const double *R = c->rotation;
  if (c->type >= p->n_types)
    MESO_FAIL(err, MESO_EINVAL, "cell %zu is of type %lu; there are %zu types", i,
              (unsigned long) c->type, p->n_types);
  for (size_t k = 0; k < 3; k++) {
    if (!(fabs(c->soma_um[k]) <= max_length_um))
      MESO_FAIL(err, MESO_ERANGE, "cell %zu: soma at %g um, beyond +-%g um", i, c->soma_um[k],
                max_length_um);
    for (size_t l = 0; l < 3; l++) {
      double dot = k == l ? -1 : 0;
      for (size_t x = 0; x < 3; x++) dot += R[3 * k + x] * R[3 * l + x];
      if (!(fabs(dot) <= 1e-6))
        MESO_FAIL(err, MESO_EINVAL, "cell %zu: its rotation is not orthogonal: rows %zu and %zu "
                  "are off by %.3g (1e-6)", i, k, l, dot);
    }
  }
  const double det = R[0] * (R[4] * R[8] - R[5] * R[7]) - R[1] * (R[3] * R[8] - R[5] * R[6])
    + R[2] * (R[3] * R[7] - R[4] * R[6]);
  if (!(det > 0)) MESO_FAIL(err, MESO_EINVAL, "cell %zu: its rotation is a reflection", i);
cleanup:
  return status;
}

static meso_status check_probe(const meso_explicit *p, meso_err *err)
{
  meso_status status = MESO_OK;
  if (p->method == NULL || !positive(p->sigma_S_per_m, 1e6))
    MESO_FAIL(err, MESO_EINVAL, "conductivity sigma is %g S/m (> 0)", p->sigma_S_per_m);
  for (size_t i = 0; i < 3 * p->n_contacts; i++)
    if (!(fabs(p->contact_um[i]) <= max_length_um))
      MESO_FAIL(err, MESO_ERANGE, "contact %zu: coordinate %g um, beyond +-%g um", i / 3,
                p->contact_um[i], max_length_um);
  for (size_t b = 0; b < p->n_boxes; b++) {
    const double *z = p->box_z_um + 2 * b;
    if (!(fabs(z[0]) <= max_length_um && fabs(z[1]) <= max_length_um && z[1] > z[0]))
      MESO_FAIL(err, MESO_EINVAL, "CSD box %zu: from %g to %g um: must ascend", b, z[0], z[1]);
  }
  if (p->n_boxes > 0 && !positive(p->box_radius_um, max_length_um))
    MESO_FAIL(err, MESO_EINVAL, "radius of the CSD boxes is %g um (> 0)", p->box_radius_um);
cleanup:
  return status;
}

meso_status meso_explicit_check_events(const meso_explicit *p, size_t cell, size_t n,
                                       const meso_explicit_event *event, meso_err *err)
{
  meso_status status = MESO_OK;
  const size_t n_segments = p->type[p->cell[cell].type].morphology->n_segments;
  for (size_t e = 0; e < n; e++)
    if (event[e].segment >= n_segments || event[e].kind >= p->n_kinds
        || !(fabs(event[e].weight_nA) <= max_weight_nA))
      MESO_FAIL(err, MESO_EINVAL, "cell %zu, event %zu: segment %lu of %zu, kind %lu of %zu, "
                "weight %g nA (up to %g)", cell, e, (unsigned long) event[e].segment, n_segments,
                (unsigned long) event[e].kind, p->n_kinds, event[e].weight_nA, max_weight_nA);
cleanup:
  return status;
}

meso_status meso_explicit_check(const meso_explicit *p, meso_err *err)
{
  meso_status status = MESO_OK;
  if (p->n_types == 0 || p->n_cells == 0)
    MESO_FAIL(err, MESO_EINVAL, "a population of %zu cells of %zu types", p->n_cells, p->n_types);
  if (!positive(p->dt_ms, 1e6) || p->n_steps > MESO_EXPLICIT_MAX_STEPS)
    MESO_FAIL(err, MESO_EINVAL, "%zu steps (up to %d) of %g ms (> 0)", p->n_steps,
              MESO_EXPLICIT_MAX_STEPS, p->dt_ms);
  for (size_t k = 0; k < p->n_types; k++) MESO_TRY(check_type(p, k, err));
  for (size_t i = 0; i < p->n_cells; i++) MESO_TRY(check_cell(p, i, err));
  for (size_t k = 0; k < p->n_kinds; k++)
    if (!positive(p->kind[k].tau_ms, max_tau_ms)
        || !(p->kind[k].tau_rise_ms >= 0 && p->kind[k].tau_rise_ms <= p->kind[k].tau_ms))
      MESO_FAIL(err, MESO_EINVAL, "synapse kind %zu: tau %g ms must be positive, its rise %g ms "
                "between 0 and tau", k, p->kind[k].tau_ms, p->kind[k].tau_rise_ms);
  MESO_TRY(check_probe(p, err));
  if (p->event_first == NULL || p->events_of != NULL) return MESO_OK;
  for (size_t i = 0; i < p->n_cells; i++)
    MESO_TRY(meso_explicit_check_events(p, i, p->event_first[i + 1] - p->event_first[i],
                                        p->event + p->event_first[i], err));
cleanup:
  return status;
}

/* ---- 5. places ---------------------------------------------------------------------------- */

void meso_rotation_z(double angle_rad, double rotation[9])
{
  const double c = cos(angle_rad), s = sin(angle_rad);
  const double R[9] = {c, -s, 0, s, c, 0, 0, 0, 1};
  memcpy(rotation, R, sizeof R);
}

void meso_explicit_place(const meso_explicit *p, size_t cell, double *start_um, double *end_um)
{
  const meso_explicit_cell *c = &p->cell[cell];
  const meso_morphology *m = p->type[c->type].morphology;
  const double *const from[2] = {m->start_um, m->end_um};
  double *const to[2] = {start_um, end_um};
  for (size_t side = 0; side < 2; side++)
    for (size_t j = 0; j < m->n_segments; j++)
      for (size_t k = 0; k < 3; k++) {
        double x = 0;
        for (size_t l = 0; l < 3; l++)
          x += c->rotation[3 * k + l]
            * (from[side][3 * j + l] - (m->start_um[l] + m->end_um[l]) / 2);
        to[side][3 * j + k] = x + c->soma_um[k];
      }
}
