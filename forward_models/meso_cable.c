/* meso_cable.c: implicit Euler on a tree. */
#include "meso_cable.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define NO_EVENT ((size_t) -1)

/* Matrix factorised once; arrays run in elimination order, parents first. */
typedef struct tree_solver {
  size_t n;
  size_t *parent;      /* position of the parent */
  size_t *position;    /* node -> position */
  double *pull;        /* share of a node's right-hand side that moves to its parent */
  double *inverse;     /* of the reduced diagonal */
  double *coupling_uS; /* to the parent */
  double *rhs;
} tree_solver;

/* Synaptic currents with one time constant each: I(t + dt) = decay (I + slope dt), and the slope of
 * alpha functions decays as well. */
typedef struct synapse_state {
  size_t n_taus;
  double dt_ms;
  double *tau_ms, *decay;
  double *current_nA;  /* (n_taus, n_segments) */
  double *slope_nA_per_ms; /* the same */
} synapse_state;

double meso_biexponential_norm(double tau_rise_ms, double tau_ms)
{
  const double peak = tau_rise_ms * tau_ms / (tau_ms - tau_rise_ms) * log(tau_ms / tau_rise_ms);
  return 1 / (exp(-peak / tau_ms) - exp(-peak / tau_rise_ms));
}

static void solver_clear(tree_solver *solver)
{
  free(solver->parent);
  free(solver->position);
  free(solver->pull);
  free(solver->inverse);
  free(solver->coupling_uS);
  free(solver->rhs);
}

static double capacitance_nF(const meso_morphology *m, const meso_cable *cable, size_t j)
{
  return cable->cm_uF_per_cm2 * m->area_um2[j] * 1e-5;
}

static double leak_uS(const meso_morphology *m, const meso_cable *cable, size_t j)
{
  return cable->g_pas_S_per_cm2[j] * m->area_um2[j] * 1e-2;
}

static meso_status solver_create(const meso_morphology *m, const meso_cable *cable,
                                 tree_solver *solver, meso_err *err)
{
  meso_status status = MESO_OK;
  double *diagonal = NULL;
  const size_t n = m->n_nodes;
  solver->n = n;
  MESO_ALLOC(err, solver->parent, n);
  MESO_ALLOC(err, solver->position, n);
  MESO_ALLOC(err, solver->pull, n);
  MESO_ALLOC(err, solver->inverse, n);
  MESO_ALLOC(err, solver->coupling_uS, n);
  MESO_ALLOC(err, solver->rhs, n);
  MESO_ALLOC(err, diagonal, n);
  for (size_t k = 0; k < n; k++) solver->position[m->node_order[k]] = k;
  for (size_t k = 0; k < n; k++) {
    const size_t j = m->node_order[k];
    if (j < m->n_segments)
      diagonal[k] += capacitance_nF(m, cable, j) / cable->dt_ms + leak_uS(m, cable, j);
    if (m->node_parent[j] == MESO_NO_PARENT) continue;
    solver->parent[k] = solver->position[m->node_parent[j]];
    solver->coupling_uS[k] = 1 / m->ri_MOhm[j];
    diagonal[k] += solver->coupling_uS[k];
    diagonal[solver->parent[k]] += solver->coupling_uS[k];
  }
  for (size_t k = n; k-- > 1;) {
    solver->inverse[k] = 1 / diagonal[k];
    solver->pull[k] = solver->coupling_uS[k] * solver->inverse[k];
    diagonal[solver->parent[k]] -= solver->pull[k] * solver->coupling_uS[k];
  }
  solver->inverse[0] = 1 / diagonal[0];
cleanup:
  free(diagonal);
  return status;
}

/* Replaces the right-hand side by the solution. */
static void solver_solve(tree_solver *solver)
{
  double *x = solver->rhs;
  for (size_t k = solver->n; k-- > 1;) x[solver->parent[k]] += solver->pull[k] * x[k];
  x[0] *= solver->inverse[0];
  for (size_t k = 1; k < solver->n; k++)
    x[k] = x[k] * solver->inverse[k] + solver->pull[k] * x[solver->parent[k]];
}

static void synapses_clear(synapse_state *s)
{
  free(s->tau_ms);
  free(s->decay);
  free(s->current_nA);
  free(s->slope_nA_per_ms);
}

static size_t find_tau(const synapse_state *s, double tau_ms)
{
  size_t i = 0;
  while (i < s->n_taus && s->tau_ms[i] != tau_ms) i++;
  return i;
}

static meso_status synapses_create(const meso_morphology *m, const meso_cable *cable,
                                   size_t n_events, const meso_cable_event *event,
                                   synapse_state *s, meso_err *err)
{
  meso_status status = MESO_OK;
  s->dt_ms = cable->dt_ms;
  MESO_ALLOC(err, s->tau_ms, 2 * n_events);
  MESO_ALLOC(err, s->decay, 2 * n_events);
  for (size_t e = 0; e < n_events; e++) {
    const meso_cable_event *ev = &event[e];
    if (ev->segment >= m->n_segments || !isfinite(ev->weight_nA) || !isfinite(ev->time_ms)
        || !(ev->tau_ms >= ev->tau_rise_ms && ev->tau_rise_ms >= 0 && ev->tau_ms > 0))
      MESO_FAIL(err, MESO_EINVAL, "synaptic event %zu makes no sense (segment %zu of %zu, "
                "rise %g ms, decay %g ms)", e, ev->segment, m->n_segments, ev->tau_rise_ms,
                ev->tau_ms);
    for (int part = 0; part < (ev->tau_rise_ms > 0 ? 2 : 1); part++) {
      const double tau = part == 0 ? ev->tau_ms : ev->tau_rise_ms;
      const size_t i = find_tau(s, tau);
      if (i < s->n_taus) continue;
      s->tau_ms[i] = tau;
      s->decay[i] = exp(-cable->dt_ms / tau);
      s->n_taus++;
    }
  }
  if (s->n_taus > 0 && m->n_segments > (size_t) -1 / s->n_taus)
    MESO_FAIL(err, MESO_ENOMEM, "too many synaptic time constants");
  MESO_ALLOC(err, s->current_nA, s->n_taus * m->n_segments);
  MESO_ALLOC(err, s->slope_nA_per_ms, s->n_taus * m->n_segments);
cleanup:
  return status;
}

static void synapses_add(synapse_state *s, size_t n_segments, const meso_cable_event *event)
{
  const size_t decay = find_tau(s, event->tau_ms);
  if (event->tau_rise_ms == event->tau_ms) {
    s->slope_nA_per_ms[decay * n_segments + event->segment] += event->weight_nA * M_E
      / event->tau_ms;
  } else if (event->tau_rise_ms > 0) {
    const double w = event->weight_nA * meso_biexponential_norm(event->tau_rise_ms,
                                                                event->tau_ms);
    const size_t rise = find_tau(s, event->tau_rise_ms);
    s->current_nA[decay * n_segments + event->segment] += w;
    s->current_nA[rise * n_segments + event->segment] -= w;
  } else {
    s->current_nA[decay * n_segments + event->segment] += event->weight_nA;
  }
}

/* Lists of events by step: first[step], then next[event]; later events are dropped. */
static void sort_events(const meso_cable *cable, size_t n_events, const meso_cable_event *event,
                        size_t *first, size_t *next)
{
  for (size_t k = 0; k < cable->n_steps; k++) first[k] = NO_EVENT;
  for (size_t e = n_events; e-- > 0;) {
    const double k = fmax(ceil(event[e].time_ms / cable->dt_ms - 0.5 - 1e-9), 0);
    if (!(k < (double) cable->n_steps)) continue;
    next[e] = first[(size_t) k];
    first[(size_t) k] = e;
  }
}

/* One step; u is the potential relative to the leak's reversal, synaptic holds the current. */
static void advance(const meso_morphology *m, const meso_cable *cable, tree_solver *solver,
                    const double *synaptic, double *u, size_t column, double *imem_nA,
                    double *v_mV)
{
  const size_t width = cable->n_steps + 1;
  memset(solver->rhs, 0, solver->n * sizeof *solver->rhs);
  for (size_t j = 0; j < m->n_segments; j++)
    solver->rhs[solver->position[j]] = capacitance_nF(m, cable, j) / cable->dt_ms * u[j]
      + synaptic[j];
  solver_solve(solver);
  for (size_t j = 0; j < m->n_segments; j++) {
    const double now = solver->rhs[solver->position[j]];
    if (imem_nA != NULL)
      imem_nA[j * width + column] = capacitance_nF(m, cable, j) * (now - u[j]) / cable->dt_ms
        + leak_uS(m, cable, j) * now - synaptic[j];
    if (v_mV != NULL) v_mV[j * width + column] = now + cable->e_pas_mV;
    u[j] = now;
  }
}

static void start_output(const meso_morphology *m, const meso_cable *cable, double *imem_nA,
                         double *v_mV)
{
  for (size_t j = 0; j < m->n_segments; j++) {
    if (imem_nA != NULL) imem_nA[j * (cable->n_steps + 1)] = 0;
    if (v_mV != NULL) v_mV[j * (cable->n_steps + 1)] = cable->e_pas_mV;
  }
}

static meso_status check_cable(const meso_morphology *m, const meso_cable *cable, meso_err *err)
{
  meso_status status = MESO_OK;
  if (!(cable->dt_ms > 0 && cable->cm_uF_per_cm2 > 0 && isfinite(cable->e_pas_mV)))
    MESO_FAIL(err, MESO_EINVAL, "cable: dt and cm must be positive, e_pas finite");
  for (size_t j = 0; j < m->n_segments; j++)
    if (!(cable->g_pas_S_per_cm2[j] >= 0 && isfinite(cable->g_pas_S_per_cm2[j])))
      MESO_FAIL(err, MESO_EINVAL, "cable: leak of segment %zu is %g S/cm2", j,
                cable->g_pas_S_per_cm2[j]);
cleanup:
  return status;
}

meso_status meso_cable_run(const meso_morphology *morphology, const meso_cable *cable,
                           size_t n_events, const meso_cable_event *event, double *imem_nA,
                           double *v_mV, meso_err *err)
{
  meso_status status = MESO_OK;
  const meso_morphology *m = morphology;
  tree_solver solver = {0};
  synapse_state synapses = {0};
  size_t *first = NULL, *next = NULL;
  double *u = NULL, *synaptic = NULL;
  MESO_TRY(check_cable(m, cable, err));
  MESO_TRY(solver_create(m, cable, &solver, err));
  MESO_TRY(synapses_create(m, cable, n_events, event, &synapses, err));
  MESO_ALLOC(err, first, cable->n_steps);
  MESO_ALLOC(err, next, n_events);
  MESO_ALLOC(err, u, m->n_segments);
  MESO_ALLOC(err, synaptic, m->n_segments);
  sort_events(cable, n_events, event, first, next);
  start_output(m, cable, imem_nA, v_mV);
  for (size_t k = 0; k < cable->n_steps; k++) {
    for (size_t e = first[k]; e != NO_EVENT; e = next[e])
      synapses_add(&synapses, m->n_segments, &event[e]);
    memset(synaptic, 0, m->n_segments * sizeof *synaptic);
    for (size_t i = 0; i < synapses.n_taus; i++)
      for (size_t j = 0; j < m->n_segments; j++) {
        double *current = &synapses.current_nA[i * m->n_segments + j];
        double *slope = &synapses.slope_nA_per_ms[i * m->n_segments + j];
        synaptic[j] += *current;
        *current = (*current + *slope * synapses.dt_ms) * synapses.decay[i];
        *slope *= synapses.decay[i];
      }
    advance(m, cable, &solver, synaptic, u, k + 1, imem_nA, v_mV);
  }
cleanup:
  solver_clear(&solver);
  synapses_clear(&synapses);
  free(first);
  free(next);
  free(u);
  free(synaptic);
  return status;
}
