/* meso_hines.c: factorised cables and their states.
 *
 * 1. rows: which nodes, in which order   2. matrix   3. synapses   4. states   5. choice of kernels
 */
#include "meso_hines.h"

#include <gsl/gsl_sf_gamma.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "meso_cable.h"
#include "meso_isa.h"

/* ---- 1. rows ------------------------------------------------------------------------------ */

/* The tree without the points that carry nothing. */
typedef struct pruned_tree {
  bool *kept;
  size_t *parent;       /* nearest kept ancestor, or MESO_NO_PARENT */
  double *ri_MOhm;      /* to it */
  size_t *n_children;   /* kept ones */
  size_t *first, *next; /* lists of children */
} pruned_tree;

static void pruned_clear(pruned_tree *t)
{
  free(t->kept);
  free(t->parent);
  free(t->ri_MOhm);
  free(t->n_children);
  free(t->first);
  free(t->next);
}

/* Leaves without membrane carry no current; points in series without membrane add resistance. */
static meso_status prune(const meso_morphology *m, pruned_tree *t, meso_err *err)
{
  meso_status status = MESO_OK;
  const size_t n = m->n_nodes;
  MESO_ALLOC(err, t->kept, n);
  MESO_ALLOC(err, t->parent, n);
  MESO_ALLOC(err, t->ri_MOhm, n);
  MESO_ALLOC(err, t->n_children, n);
  MESO_ALLOC(err, t->first, n);
  MESO_ALLOC(err, t->next, n);
  for (size_t i = n; i-- > 1;) {
    const size_t j = m->node_order[i];
    if (j < m->n_segments || t->n_children[j] > 0) t->n_children[m->node_parent[j]]++;
  }
  for (size_t i = 0; i < n; i++) {
    const size_t j = m->node_order[i], above = m->node_parent[j];
    t->kept[j] = j < m->n_segments || t->n_children[j] > 1;
    t->first[j] = MESO_NO_PARENT;
    t->parent[j] = MESO_NO_PARENT;
    if (above == MESO_NO_PARENT) continue;
    t->parent[j] = t->kept[above] ? above : t->parent[above];
    t->ri_MOhm[j] = m->ri_MOhm[j] + (t->kept[above] ? 0 : t->ri_MOhm[above]);
  }
  for (size_t i = n; i-- > 1;) {
    const size_t j = m->node_order[i];
    if (!t->kept[j]) continue;
    t->next[j] = t->first[t->parent[j]];
    t->first[t->parent[j]] = j;
  }
cleanup:
  return status;
}

/* Depth first from the root; a run ends where there is not exactly one child.
 * node_of_row has room for all nodes. */
static meso_status order_rows(const pruned_tree *t, meso_hines *h, size_t *node_of_row,
                              size_t *row_of_node, meso_err *err)
{
  meso_status status = MESO_OK;
  size_t *stack = NULL, *run_of_row = NULL, depth = 1;
  MESO_ALLOC(err, stack, h->n_rows + 1);
  MESO_ALLOC(err, run_of_row, h->n_rows);
  stack[0] = 0;
  for (size_t k = 0; depth > 0; k++) {
    const size_t j = stack[--depth];
    const bool goes_on = k > 0 && t->parent[j] == node_of_row[k - 1]
      && t->n_children[t->parent[j]] == 1;
    node_of_row[k] = j;
    row_of_node[j] = k;
    if (!goes_on)
      h->run[h->n_runs++] = (meso_hines_run) {
        .first = (uint32_t) k,
        .parent_run = k > 0 ? (uint32_t) run_of_row[row_of_node[t->parent[j]]] : 0};
    h->run[h->n_runs - 1].n++;
    run_of_row[k] = h->n_runs - 1;
    for (size_t child = t->first[j]; child != MESO_NO_PARENT; child = t->next[child])
      stack[depth++] = child;
  }
cleanup:
  free(stack);
  free(run_of_row);
  return status;
}

/* ---- 2. matrix ---------------------------------------------------------------------------- */

/* node_of_row, row_of_node: (n_nodes). */
static meso_status factorise(const meso_explicit_type *type, const pruned_tree *t, double step_ms,
                             const size_t *node_of_row, const size_t *row_of_node, meso_hines *h,
                             meso_err *err)
{
  meso_status status = MESO_OK;
  const meso_morphology *m = type->morphology;
  double *diagonal = NULL;
  MESO_ALLOC(err, diagonal, h->n_rows);
  for (size_t k = 0; k < h->n_rows; k++) {
    const size_t j = node_of_row[k];
    meso_hines_row *row = &h->coefficient[k];
    if (j < m->n_segments) {
      row->storage_uS = type->cm_uF_per_cm2 * m->area_um2[j] * 1e-5 / step_ms;
      row->total_uS = row->storage_uS + type->g_pas_S_per_cm2[j] * m->area_um2[j] * 1e-2;
    }
    diagonal[k] += row->total_uS;
    if (k == 0) continue;
    diagonal[k] += 1 / t->ri_MOhm[j];
    diagonal[row_of_node[t->parent[j]]] += 1 / t->ri_MOhm[j];
  }
  for (size_t k = h->n_rows; k-- > 0;) {
    const size_t j = node_of_row[k];
    meso_hines_row *row = &h->coefficient[k];
    row->inverse = 1 / diagonal[k];
    if (k == 0) break;
    row->pull = row->inverse / t->ri_MOhm[j];
    diagonal[row_of_node[t->parent[j]]] -= row->pull / t->ri_MOhm[j];
  }
cleanup:
  free(diagonal);
  return status;
}

static meso_status build_matrix(const meso_explicit_type *type, double dt_ms, meso_hines *h,
                                meso_err *err)
{
  meso_status status = MESO_OK;
  const meso_morphology *m = type->morphology;
  pruned_tree tree = {.kept = NULL};
  size_t *node_of_row = NULL, *row_of_node = NULL;
  MESO_TRY(prune(m, &tree, err));
  for (size_t j = 0; j < m->n_nodes; j++) h->n_rows += tree.kept[j];
  MESO_ALLOC(err, node_of_row, m->n_nodes);
  MESO_ALLOC(err, row_of_node, m->n_nodes);
  MESO_ALLOC(err, h->run, h->n_rows);
  MESO_ALLOC_ALIGNED(err, h->coefficient, h->n_rows);
  MESO_TRY(order_rows(&tree, h, node_of_row, row_of_node, err));
  MESO_TRY(factorise(type, &tree, h->second_order ? dt_ms / 2 : dt_ms, node_of_row, row_of_node, h,
                     err));
  h->n_segments = m->n_segments;
  MESO_ALLOC(err, h->row, m->n_segments);
  for (size_t j = 0; j < m->n_segments; j++) h->row[j] = (uint32_t) row_of_node[j];
cleanup:
  pruned_clear(&tree);
  free(node_of_row);
  free(row_of_node);
  return status;
}

/* ---- 3. synapses -------------------------------------------------------------------------- */

static size_t need_tau(meso_hines *h, double *tau_ms, double tau, double dt_ms)
{
  size_t i = 0;
  while (i < h->n_taus && tau_ms[i] != tau) i++;
  if (i == h->n_taus) {
    tau_ms[i] = tau;
    h->decay[i] = exp(-dt_ms / tau);
    h->n_taus++;
  }
  return i;
}

/* The current that a step sees of exp(-t/tau), and of t/dt exp(-t/tau): the values at its start
 * (Euler), or the means over it. P(2, x) = 1 - exp(-x) (1 + x). */
static void seen_current(const meso_hines *h, double tau_ms, double dt_ms, double *decaying,
                         double *rising)
{
  const double x = dt_ms / tau_ms;
  *decaying = h->second_order ? -expm1(-x) / x : 1;
  *rising = h->second_order ? gsl_sf_gamma_inc_P(2, x) / (x * x) : 0;
}

static meso_status build_synapses(size_t n_kinds, const meso_synapse_kind *kind, double dt_ms,
                                  meso_hines *h, meso_err *err)
{
  meso_status status = MESO_OK;
  double *tau_ms = NULL;
  MESO_ALLOC(err, tau_ms, 2 * n_kinds);
  MESO_ALLOC(err, h->decay, 2 * n_kinds);
  MESO_ALLOC(err, h->has_feed, 2 * n_kinds);
  MESO_ALLOC(err, h->kind, n_kinds);
  for (size_t k = 0; k < n_kinds; k++) {
    const double tau = kind[k].tau_ms, rise = kind[k].tau_rise_ms;
    const bool is_alpha = rise == tau, is_double = rise > 0 && !is_alpha;
    meso_hines_kind *to = &h->kind[k];
    double decaying, rising;
    to->n = is_double ? 2 : 1;
    for (size_t part = 0; part < to->n; part++) {
      const double own = part == 0 ? tau : rise, sign = part == 0 ? 1 : -1;
      seen_current(h, own, dt_ms, &decaying, &rising);
      to->add[part].tau = need_tau(h, tau_ms, own, dt_ms);
      to->add[part].current = sign * decaying;
      if (is_double) to->add[part].current *= meso_biexponential_norm(rise, tau);
    }
    if (!is_alpha) continue;
    h->has_feed[to->add[0].tau] = true;
    to->add[0].current = rising * exp(1) * dt_ms / tau;
    to->add[0].feed = decaying * exp(1) * dt_ms / tau;
  }
cleanup:
  free(tau_ms);
  return status;
}

void meso_hines_add_event(const meso_hines *h, meso_hines_state *s, size_t lane,
                          const meso_explicit_event *event)
{
  const meso_hines_kind *kind = &h->kind[event->kind];
  const size_t at = (size_t) h->row[event->segment] * MESO_HINES_LANES + lane;
  for (size_t i = 0; i < kind->n; i++) {
    s->current_nA[kind->add[i].tau][at] += event->weight_nA * kind->add[i].current;
    if (h->has_feed[kind->add[i].tau])
      s->feed_nA[kind->add[i].tau][at] += event->weight_nA * kind->add[i].feed;
  }
}

meso_status meso_hines_create(const meso_explicit_type *type, size_t n_kinds,
                              const meso_synapse_kind *kind, double dt_ms,
                              meso_cable_scheme scheme, meso_hines **ret_hines, meso_err *err)
{
  meso_status status = MESO_OK;
  meso_hines *h = NULL;
  MESO_ALLOC(err, h, 1);
  h->second_order = scheme == MESO_CABLE_CRANK_NICOLSON;
  MESO_TRY(build_matrix(type, dt_ms, h, err));
  MESO_TRY(build_synapses(n_kinds, kind, dt_ms, h, err));
  *ret_hines = h;
  h = NULL;
cleanup:
  meso_hines_destroy(h);
  return status;
}

void meso_hines_destroy(meso_hines *h)
{
  if (h == NULL) return;
  free(h->run);
  free(h->row);
  free(h->coefficient);
  free(h->decay);
  free(h->has_feed);
  free(h->kind);
  free(h);
}

/* ---- 4. states ---------------------------------------------------------------------------- */

meso_status meso_hines_state_init(const meso_hines *h, meso_hines_state *s, meso_err *err)
{
  meso_status status = MESO_OK;
  const size_t rows = h->n_rows * MESO_HINES_LANES, runs = h->n_runs * MESO_HINES_LANES;
  size_t n_feeds = 0;
  *s = (meso_hines_state) {.memory = NULL};
  for (size_t i = 0; i < h->n_taus; i++) n_feeds += h->has_feed[i];
  const size_t n_arrays = 2 + h->n_taus + n_feeds;
  MESO_ALLOC(err, s->current_nA, h->n_taus);
  MESO_ALLOC(err, s->feed_nA, h->n_taus);
  MESO_ALLOC_ALIGNED(err, s->memory, n_arrays * rows + 2 * runs);
  double *next = s->memory;
  s->u_mV = next;
  s->reduced = h->second_order ? next += rows : next;
  for (size_t i = 0; i < h->n_taus; i++) {
    s->current_nA[i] = next += rows;
    if (h->has_feed[i]) s->feed_nA[i] = next += rows;
  }
  s->pending = next += rows;
  s->joint_mV = next + runs;
cleanup:
  return status;
}

void meso_hines_state_clear(meso_hines_state *s)
{
  free(s->current_nA);
  free(s->feed_nA);
  free(s->memory);
  *s = (meso_hines_state) {.memory = NULL};
}

/* ---- 5. choice of kernels ----------------------------------------------------------------- */

MESO_ISA_CHOICE(meso_hines_kernels)
