/* test_compartment.c: the compartment method against LFPy's answers, the plain solver, closed forms
 * and itself (threads, instruction sets, events on demand). */
#include <gsl/gsl_eigen.h>
#include <gsl/gsl_linalg.h>
#include <gsl/gsl_math.h>
#include <string.h>

#include "explicit_population.h"
#include "meso_cable.h"
#include "meso_compartment.h"
#include "meso_conductor.h"
#include "meso_io_explicit.h"

static const char population_file[] = "tests/reference/lfp/population_reference.h5";
static const char cell_file[] = "tests/reference/lfp/cell_reference.h5";
static const char *const instruction_set[] = {"plain", "avx2", "avx512"};

static meso_signals *run(const meso_explicit *p, meso_cable_scheme scheme, int n_threads,
                         const char *kernels)
{
  const meso_compartment_options options = {scheme, n_threads, kernels, NULL};
  meso_signals *signals = NULL;
  meso_err err = {0};
  const meso_status status = meso_compartment_run(p, &options, NULL, &signals, &err);
  if (status != MESO_OK) printf("# %s\n", err.msg);
  CU_ASSERT_FATAL(status == MESO_OK);
  return signals;
}

/* ---- against the peer --------------------------------------------------------------------- */

static void test_golden_population(void)
{
  static const char *const name[] = {"lfp", "csd", "dipole"};
  meso_explicit *p = NULL;
  CU_ASSERT_FATAL(meso_explicit_read(meso_test_path(population_file), &p, NULL) == MESO_OK);
  meso_signals *signals = run(p, MESO_CABLE_EULER, 2, NULL);
  for (size_t k = 0; k < 3; k++) {
    const meso_signal *s = meso_signals_find(signals, name[k]);
    CU_ASSERT_PTR_NOT_NULL_FATAL(s);
    CU_ASSERT(s->n_times == 2001 && s->sampling_rate_Hz == 10000 && s->t_start_ms == 0);
    double *turned = calloc(s->n_times * s->n_channels, sizeof *turned);
    for (size_t t = 0; t < s->n_times; t++)
      for (size_t c = 0; c < s->n_channels; c++)
        turned[c * s->n_times + t] = s->data[t * s->n_channels + c];
    check_golden(population_file, "", name[k], turned, s->n_times * s->n_channels, 1e-11);
    free(turned);
  }
  meso_signals_destroy(signals);
  meso_explicit_destroy(p);
}

/* Events of a cell of the golden file; those of one time constant share a kind. */
static meso_explicit_event *kinds_of_events(const char *cell, double dt_ms, size_t *n,
                                            meso_synapse_kind *kind, size_t *n_kinds)
{
  meso_cable_event *from = golden_events(cell_file, cell, n);
  meso_explicit_event *event = calloc(*n + 1, sizeof *event);
  *n_kinds = 0;
  for (size_t e = 0; e < *n; e++) {
    size_t k = 0;
    while (k < *n_kinds && kind[k].tau_ms != from[e].tau_ms) k++;
    if (k == *n_kinds) kind[(*n_kinds)++] = (meso_synapse_kind) {from[e].tau_ms, 0};
    event[e] = (meso_explicit_event) {
      from[e].weight_nA, (uint32_t) fmax(ceil(from[e].time_ms / dt_ms - 0.5 - 1e-9), 0),
      (uint32_t) from[e].segment & 0xffffff, (uint32_t) k & 0xff};
  }
  free(from);
  return event;
}

/* Steps a type in lane 5: membrane currents (n_segments, n_steps + 1), potential of the soma. */
static void step_cell(const meso_explicit_type *type, const meso_hines *h, size_t n,
                      const meso_explicit_event *event, size_t n_steps, double *imem, double *v)
{
  enum { LANE = 5, LANES = MESO_HINES_LANES };
  const meso_hines_kernels *kernels = meso_hines_kernels_choose(NULL);
  meso_hines_state state;
  double *row = meso_aligned_calloc(h->n_rows * LANES, sizeof *row);
  CU_ASSERT_FATAL(meso_hines_state_init(h, &state, NULL) == MESO_OK && row != NULL);
  double worst = 0, largest = 0;
  for (size_t k = 0; k < n_steps; k++) {
    for (size_t e = 0; e < n; e++)
      if (event[e].step == k) meso_hines_add_event(h, &state, LANE, &event[e]);
    kernels->step(h, &state, row);
    double sum = 0, other = 0;
    for (size_t j = 0; j < h->n_rows; j++) {
      sum += row[j * LANES + LANE];
      largest = fmax(largest, fabs(row[j * LANES + LANE]));
      other += fabs(row[j * LANES + 4]);
    }
    worst = fmax(worst, fabs(sum) + other);
    for (size_t j = 0; j < h->n_segments; j++)
      imem[j * (n_steps + 1) + k + 1] = row[h->row[j] * LANES + LANE];
    v[k + 1] = state.u_mV[h->row[0] * LANES + LANE] + type->e_pas_mV;
  }
  CU_ASSERT(worst <= 1e-12 * largest + 1e-15);
  v[0] = type->e_pas_mV;
  free(row);
  meso_hines_state_clear(&state);
}

static void check_golden_cell(const char *cell, double dt_ms, const char *group)
{
  const size_t n_steps = (size_t) lround(60 / dt_ms), width = n_steps + 1;
  meso_synapse_kind kind[16];
  size_t n_events, n_kinds;
  char prefix[256];
  meso_explicit *p = NULL;
  meso_hines *h = NULL;
  meso_explicit_event *event = kinds_of_events(cell, dt_ms, &n_events, kind, &n_kinds);
  CU_ASSERT_FATAL(meso_explicit_create(1, 1, 0, &p, NULL) == MESO_OK);
  CU_ASSERT_FATAL(meso_explicit_set_type(p, 0, cell, reference_cell(cell), 1, 1e-4, -65, NULL)
                  == MESO_OK);
  CU_ASSERT_FATAL(meso_hines_create(&p->type[0], n_kinds, kind, dt_ms, MESO_CABLE_EULER, &h, NULL)
                  == MESO_OK);
  double *imem = calloc(h->n_segments * width, sizeof *imem), *v = calloc(width, sizeof *v);
  step_cell(&p->type[0], h, n_events, event, n_steps, imem, v);
  (void) snprintf(prefix, sizeof prefix, "%s/%s", cell, group);
  check_golden(cell_file, prefix, "imem", imem, h->n_segments * width, 1e-9);
  check_golden(cell_file, prefix, "v_soma", v, width, 1e-11);
  free(event);
  free(imem);
  free(v);
  meso_hines_destroy(h);
  meso_explicit_destroy(p);
}

static void test_golden_cells(void)
{
  static const char *const cells[] = {"ball_and_stick", "y_branch", "pyramid_l5", "basket"};
  for (size_t k = 0; k < 4; k++) {
    check_golden_cell(cells[k], 0.0625, "dt_0.0625");
    if (k != 2) check_golden_cell(cells[k], 0.1, "dt_0.1");
  }
}

/* ---- against the plain solver ------------------------------------------------------------- */

/* Adds a cell's potentials, by meso_cable_run and the matrix at its place. */
static void add_plain_cell(const meso_explicit *p, size_t cell, double *lfp)
{
  const meso_explicit_type *t = &p->type[p->cell[cell].type];
  const meso_morphology *m = t->morphology;
  const size_t n = m->n_segments, width = p->n_steps + 1;
  const size_t first = p->event_first[cell], n_events = p->event_first[cell + 1] - first;
  double *start = calloc(3 * n, sizeof *start), *end = calloc(3 * n, sizeof *end);
  double *matrix = calloc(p->n_contacts * n, sizeof *matrix);
  double *imem = calloc(n * width, sizeof *imem);
  meso_cable_event *event = calloc(n_events + 1, sizeof *event);
  meso_conductor *medium = NULL;
  for (size_t e = 0; e < n_events; e++) {
    const meso_explicit_event *from = &p->event[first + e];
    event[e] = (meso_cable_event) {from->segment, p->kind[from->kind].tau_rise_ms,
                                   p->kind[from->kind].tau_ms, from->weight_nA,
                                   from->step * p->dt_ms};
  }
  const meso_cable cable = {t->cm_uF_per_cm2, t->e_pas_mV, t->g_pas_S_per_cm2, p->dt_ms,
                            p->n_steps};
  CU_ASSERT(meso_cable_run(m, &cable, n_events, event, imem, NULL, NULL) == MESO_OK);
  meso_explicit_place(p, cell, start, end);
  CU_ASSERT_FATAL(meso_conductor_parse(p->method, &medium, NULL) == MESO_OK);
  const meso_segments segments = {n, start, end, m->diam_um, m->length_um};
  CU_ASSERT(meso_conductor_matrix(medium, &segments, p->n_contacts, p->contact_um, matrix, NULL)
            == MESO_OK);
  for (size_t k = 0; k < width; k++)
    for (size_t c = 0; c < p->n_contacts; c++)
      for (size_t j = 0; j < n; j++)
        lfp[k * p->n_contacts + c] += matrix[c * n + j] * imem[j * width + k];
  meso_conductor_destroy(medium);
  free(event);
  free(imem);
  free(matrix);
  free(start);
  free(end);
}

static void test_plain_solver(void)
{
  meso_explicit *p = small_population(13);
  p->n_kinds = 2; /* exponential and bi-exponential */
  for (size_t e = 0; e < p->event_first[p->n_cells]; e++) p->event[e].kind &= 1;
  meso_signals *signals = run(p, MESO_CABLE_EULER, 1, NULL);
  const meso_signal *lfp = meso_signals_find(signals, "lfp");
  double *want = calloc(lfp->n_times * lfp->n_channels, sizeof *want);
  for (size_t i = 0; i < p->n_cells; i++) add_plain_cell(p, i, want);
  const double error = relative_error(want, lfp->data, lfp->n_times * lfp->n_channels);
  printf("# plain solver: %.1e\n", error);
  CU_ASSERT(error < 1e-11);
  free(want);
  meso_signals_destroy(signals);
  meso_explicit_destroy(p);
}

/* ---- closed forms ------------------------------------------------------------------------- */

/* A cell of one compartment: implicit Euler by its recursion, for each kind of synapse. */
static double kind_at(const meso_synapse_kind *kind, double t)
{
  const double tau = kind->tau_ms, rise = kind->tau_rise_ms;
  if (rise == tau) return t / tau * exp(1 - t / tau);
  if (rise == 0) return exp(-t / tau);
  return meso_biexponential_norm(rise, tau) * (exp(-t / tau) - exp(-t / rise));
}

static meso_explicit *one_cell(meso_morphology *m, meso_synapse_kind kind, double dt_ms,
                               size_t n_steps, size_t segment)
{
  static const double contact[3] = {30, 0, 100};
  meso_explicit *p = NULL;
  const uint32_t cell = 0;
  const meso_explicit_event event = {0.1, 0, (uint32_t) segment & 0xffffff, 0};
  CU_ASSERT_FATAL(meso_explicit_create(1, 1, 1, &p, NULL) == MESO_OK);
  CU_ASSERT_FATAL(meso_explicit_set_type(p, 0, "cell", m, 1, 1e-4, -65, NULL) == MESO_OK);
  p->kind[0] = kind;
  p->dt_ms = dt_ms;
  p->n_steps = n_steps;
  p->sigma_S_per_m = 0.3;
  CU_ASSERT_FATAL(meso_explicit_set_contacts(p, 1, contact, NULL) == MESO_OK);
  CU_ASSERT_FATAL(meso_explicit_set_events(p, 1, &cell, &event, NULL) == MESO_OK);
  return p;
}

static const meso_synapse_kind kinds[] = {{0.5, 0}, {2, 0.4}, {1.5, 1.5}};

static void test_one_compartment(void)
{
  for (size_t k = 0; k < 3; k++) {
    meso_morphology *m = NULL;
    CU_ASSERT_FATAL(meso_morphology_create(1, 1, &m, NULL) == MESO_OK);
    m->section_nseg[0] = 1;
    m->section_type[0] = MESO_SECTION_SOMA;
    m->area_um2[0] = 1000;
    m->diam_um[0] = m->length_um[0] = m->end_um[2] = 18;
    m->node_parent[0] = MESO_NO_PARENT;
    m->ri_MOhm[1] = 1;
    CU_ASSERT_FATAL(meso_morphology_sort_nodes(m, NULL) == MESO_OK);
    meso_explicit *p = one_cell(m, kinds[k], 0.1, 400, 0);
    meso_hines *h = NULL;
    CU_ASSERT_FATAL(meso_hines_create(&p->type[0], 1, kinds + k, 0.1, MESO_CABLE_EULER, &h, NULL)
                    == MESO_OK);
    double imem[401] = {0}, v[401], want[401] = {0};
    step_cell(&p->type[0], h, 1, p->event, 400, imem, v);
    for (int n = 0; n < 400; n++) /* C = 0.01 nF, tau_m = 10 ms */
      want[n + 1] = (want[n] + 0.1 / 0.01 * 0.1 * kind_at(&kinds[k], 0.1 * n)) / (1 + 0.1 / 10);
    MESO_CHECK_WORST(n, 401, fabs(v[n] + 65 - want[n]), 1e-12);
    MESO_CHECK_WORST(n, 401, fabs(imem[n]), 1e-14);
    meso_hines_destroy(h);
    meso_explicit_destroy(p);
  }
}

/* ---- order of convergence ----------------------------------------------------------------- */

/* Eigenmodes of C du/dt = -A u, the massless nodes eliminated. */
typedef struct modes {
  size_t n;
  gsl_vector *rate_per_ms;
  gsl_matrix *shape;        /* columns; shape' C shape = 1 */
  gsl_matrix *axial_uS;     /* L: membrane current = -L u */
} modes;

/* Conductances between segments: the Schur complement of the nodes without membrane. */
static gsl_matrix *axial_matrix(const meso_morphology *m)
{
  const size_t n = m->n_segments, all = m->n_nodes;
  gsl_matrix *L = gsl_matrix_calloc(all, all);
  for (size_t j = 1; j < all; j++) {
    const size_t i = m->node_parent[j];
    const double g = 1 / m->ri_MOhm[j];
    *gsl_matrix_ptr(L, i, i) += g;
    *gsl_matrix_ptr(L, j, j) += g;
    *gsl_matrix_ptr(L, i, j) -= g;
    *gsl_matrix_ptr(L, j, i) -= g;
  }
  for (size_t k = all; k-- > n;) /* one node after the other */
    for (size_t i = 0; i < k; i++)
      for (size_t j = 0; j < k; j++)
        *gsl_matrix_ptr(L, i, j) -=
          gsl_matrix_get(L, i, k) * gsl_matrix_get(L, k, j) / gsl_matrix_get(L, k, k);
  gsl_matrix *small = gsl_matrix_alloc(n, n);
  for (size_t i = 0; i < n; i++)
    for (size_t j = 0; j < n; j++) gsl_matrix_set(small, i, j, gsl_matrix_get(L, i, j));
  gsl_matrix_free(L);
  return small;
}

static modes find_modes(const meso_morphology *m)
{
  const size_t n = m->n_segments;
  modes q = {n, gsl_vector_alloc(n), gsl_matrix_alloc(n, n), axial_matrix(m)};
  gsl_matrix *A = gsl_matrix_alloc(n, n), *C = gsl_matrix_calloc(n, n);
  (void) gsl_matrix_memcpy(A, q.axial_uS);
  for (size_t j = 0; j < n; j++) {
    gsl_matrix_set(C, j, j, m->area_um2[j] * 1e-5);
    *gsl_matrix_ptr(A, j, j) += 1e-4 * m->area_um2[j] * 1e-2;
  }
  gsl_matrix *copy = gsl_matrix_alloc(n, n);
  (void) gsl_matrix_memcpy(copy, C);
  gsl_eigen_gensymmv_workspace *w = gsl_eigen_gensymmv_alloc(n);
  CU_ASSERT(gsl_eigen_gensymmv(A, copy, q.rate_per_ms, q.shape, w) == 0);
  for (size_t k = 0; k < n; k++) { /* GSL normalises to length 1 */
    double norm = 0;
    for (size_t j = 0; j < n; j++)
      norm += gsl_pow_2(gsl_matrix_get(q.shape, j, k)) * gsl_matrix_get(C, j, j);
    for (size_t j = 0; j < n; j++) *gsl_matrix_ptr(q.shape, j, k) /= sqrt(norm);
  }
  gsl_eigen_gensymmv_free(w);
  gsl_matrix_free(A);
  gsl_matrix_free(C);
  gsl_matrix_free(copy);
  return q;
}

static void modes_clear(modes *q)
{
  gsl_vector_free(q->rate_per_ms);
  gsl_matrix_free(q->shape);
  gsl_matrix_free(q->axial_uS);
}

/* Response at t of a mode that decays at a rate to one of the kinds. */
static double mode_response(const meso_synapse_kind *kind, double rate, double t)
{
  const double tau = kind->tau_ms, rise = kind->tau_rise_ms, k = rate - 1 / tau;
  if (rise == tau)
    return exp(1) / tau * (t * exp(-t / tau) / k - (exp(-t / tau) - exp(-rate * t)) / (k * k));
  const double first = (exp(-t / tau) - exp(-rate * t)) / k;
  if (rise == 0) return first;
  return meso_biexponential_norm(rise, tau)
    * (first - (exp(-t / rise) - exp(-rate * t)) / (rate - 1 / rise));
}

/* z component of the dipole at t, for a current of 0.1 nA on a segment. */
static double exact_dipole(const modes *q, const meso_morphology *m, const meso_synapse_kind *kind,
                           size_t segment, double t)
{
  double dipole = 0;
  for (size_t k = 0; k < q->n; k++) {
    const double amplitude = 0.1 * gsl_matrix_get(q->shape, segment, k)
      * mode_response(kind, gsl_vector_get(q->rate_per_ms, k), t);
    for (size_t j = 0; j < q->n; j++) {
      double current = 0;
      for (size_t i = 0; i < q->n; i++)
        current -= gsl_matrix_get(q->axial_uS, j, i) * gsl_matrix_get(q->shape, i, k);
      const double z = meso_morphology_z_um(m, j) - meso_morphology_z_um(m, 0);
      dipole += z * amplitude * current;
    }
  }
  return dipole;
}

/* max |dipole - exact| / max |exact| from a time to 8 ms. */
static double scheme_error(meso_cable_scheme scheme, const meso_synapse_kind *kind, double dt_ms,
                           double from_ms)
{
  enum { SEGMENT = 4 };
  meso_explicit *p = one_cell(reference_cell("y_branch"), *kind, dt_ms,
                              (size_t) lround(8 / dt_ms), SEGMENT);
  const meso_morphology *m = p->type[0].morphology;
  modes q = find_modes(m);
  meso_signals *signals = run(p, scheme, 1, NULL);
  const meso_signal *s = meso_signals_find(signals, "dipole");
  double worst = 0, largest = 0;
  for (size_t t = 1; t < s->n_times; t += 3) {
    const double at = s->t_start_ms + (double) t * dt_ms;
    if (at < from_ms) continue;
    const double exact = exact_dipole(&q, m, kind, SEGMENT, at);
    worst = fmax(worst, fabs(s->data[3 * t + 2] - exact));
    largest = fmax(largest, fabs(exact));
  }
  modes_clear(&q);
  meso_signals_destroy(signals);
  meso_explicit_destroy(p);
  return worst / largest;
}

static void test_order_of_convergence(void)
{
  for (size_t k = 0; k < 3; k++) {
    /* A current that jumps excites modes faster than any step: the first ones are of order one. */
    const double from_ms = kinds[k].tau_rise_ms > 0 ? 0 : 1;
    double error[2][2];
    for (int scheme = 0; scheme < 2; scheme++) {
      for (int i = 0; i < 2; i++)
        error[scheme][i] = scheme_error(scheme == 0 ? MESO_CABLE_EULER : MESO_CABLE_CRANK_NICOLSON,
                                        &kinds[k], 0.0125 / (1 + i), from_ms);
      printf("# kind %zu, %s: errors %.2e %.2e, order %.2f\n", k,
             scheme == 0 ? "euler" : "crank_nicolson", error[scheme][0], error[scheme][1],
             log2(error[scheme][0] / error[scheme][1]));
    }
    MESO_CHECK_CLOSE(1, log2(error[0][0] / error[0][1]), 0, 0.1);
    MESO_CHECK_CLOSE(2, log2(error[1][0] / error[1][1]), 0, 0.1);
  }
}

/* ---- the same bits ------------------------------------------------------------------------ */

static void check_same(const meso_signals *a, const meso_signals *b)
{
  CU_ASSERT_FATAL(a->n == 3 && b->n == 3);
  for (size_t k = 0; k < a->n; k++) {
    const size_t n = a->signal[k].n_times * a->signal[k].n_channels;
    CU_ASSERT(memcmp(a->signal[k].data, b->signal[k].data, n * sizeof(double)) == 0);
  }
}

static void test_same_bits(void)
{
  meso_explicit *p = small_population(61);
  for (int scheme = 0; scheme < 2; scheme++) {
    static const int n_threads[] = {2, 3, 7};
    const meso_cable_scheme chosen = scheme == 0 ? MESO_CABLE_EULER : MESO_CABLE_CRANK_NICOLSON;
    meso_signals *first = run(p, chosen, 1, NULL);
    CU_ASSERT(fabs(meso_signals_find(first, "lfp")->data[150]) > 0);
    for (size_t i = 0; i < 3; i++) {
      meso_signals *other = run(p, chosen, n_threads[i], NULL);
      check_same(first, other);
      meso_signals_destroy(other);
    }
    for (size_t i = 0; i < 3; i++) {
      if (meso_hines_kernels_choose(instruction_set[i]) == NULL) continue;
      printf("# scheme %d: %s\n", scheme, instruction_set[i]);
      meso_signals *other = run(p, chosen, 1, instruction_set[i]);
      check_same(first, other);
      meso_signals_destroy(other);
    }
    meso_signals_destroy(first);
  }
  meso_explicit_destroy(p);
}

static meso_status events_on_demand(void *user, size_t cell, meso_event_list *list, meso_err *err)
{
  const meso_explicit *held = user;
  meso_explicit_event *to;
  for (size_t e = held->event_first[cell]; e < held->event_first[cell + 1]; e++) {
    const meso_status status = meso_event_list_extend(list, 1, &to, err);
    if (status != MESO_OK) return status;
    *to = held->event[e];
  }
  return MESO_OK;
}

static meso_status bad_event(void *user, size_t cell, meso_event_list *list, meso_err *err)
{
  meso_explicit_event *to;
  (void) user;
  const meso_status status = meso_event_list_extend(list, 1, &to, err);
  if (status == MESO_OK)
    *to = (meso_explicit_event) {.weight_nA = 1, .kind = cell == 17 || cell == 40 ? 77 : 0};
  return status;
}

static void test_events_on_demand(void)
{
  meso_explicit *held = small_population(20), *p = small_population(20);
  meso_signals *a = run(held, MESO_CABLE_EULER, 1, NULL);
  p->events_of = events_on_demand;
  p->events_user = held;
  meso_signals *b = run(p, MESO_CABLE_EULER, 2, NULL);
  check_same(a, b);
  meso_signals_destroy(a);
  meso_signals_destroy(b);
  meso_explicit_destroy(held);
  meso_explicit_destroy(p);
  p = small_population(61);
  p->events_of = bad_event;
  for (int n_threads = 1; n_threads <= 3; n_threads++) {
    meso_err err = {0};
    const meso_compartment_options options = {.n_threads = n_threads};
    CU_ASSERT(meso_compartment_run(p, &options, NULL, &a, &err) == MESO_EINVAL);
    CU_ASSERT_PTR_NOT_NULL(strstr(err.msg, "cell 17, event 0"));
  }
  meso_explicit_destroy(p);
}

/* ---- edges -------------------------------------------------------------------------------- */

static bool stop_at_once(void *user, const char *what, double fraction)
{
  (void) user;
  (void) what;
  (void) fraction;
  return false;
}

static void test_edges(void)
{
  const meso_progress stopper = {.update = stop_at_once, .user = NULL};
  meso_signals *signals = NULL;
  meso_err err = {0};
  meso_explicit *p = small_population(3);
  meso_compartment_options options = {.n_threads = 2, .progress = &stopper};
  CU_ASSERT(meso_compartment_run(p, &options, NULL, &signals, &err) == MESO_ESTOPPED);
  options = (meso_compartment_options) {.n_threads = 1, .kernels = "abacus"};
  CU_ASSERT(meso_compartment_run(p, &options, NULL, &signals, &err) == MESO_EINVAL);
  free(p->method);
  p->method = meso_strdup("guesswork");
  options.kernels = NULL;
  CU_ASSERT(meso_status_exit_code(meso_compartment_run(p, &options, NULL, &signals, &err)) == 3);
  free(p->method);
  p->method = meso_strdup("dipole");
  CU_ASSERT(meso_status_exit_code(meso_compartment_run(p, &options, NULL, &signals, &err)) == 3);
  meso_explicit_destroy(p);
  p = small_population(3);
  p->n_steps = 0;
  signals = run(p, MESO_CABLE_EULER, 1, NULL);
  CU_ASSERT(signals->signal[0].n_times == 1 && signals->signal[0].data[0] == 0);
  meso_signals_destroy(signals);
  meso_explicit_destroy(p);
}

/* Currents that have died away become zero, not subnormal. */
static void test_settling(void)
{
  meso_explicit *p = small_population(1);
  meso_hines *h = NULL;
  meso_hines_state state;
  CU_ASSERT_FATAL(meso_hines_create(&p->type[0], p->n_kinds, p->kind, 0.1, MESO_CABLE_EULER, &h,
                                    NULL) == MESO_OK);
  CU_ASSERT_FATAL(meso_hines_state_init(h, &state, NULL) == MESO_OK);
  for (size_t i = 0; i < 3; i++) {
    const meso_hines_kernels *kernels = meso_hines_kernels_choose(instruction_set[i]);
    if (kernels == NULL) continue;
    state.u_mV[9] = -1e-201;
    state.u_mV[10] = 1e-199;
    state.current_nA[0][7] = 1e-201;
    kernels->settle(h, &state);
    CU_ASSERT(state.u_mV[9] == 0 && state.u_mV[10] == 1e-199 && state.current_nA[0][7] == 0);
  }
  meso_hines_state_clear(&state);
  meso_hines_destroy(h);
  meso_explicit_destroy(p);
}

int main(void)
{
  static const meso_test tests[] = {
    {"golden population", test_golden_population},
    {"golden cells", test_golden_cells},
    {"plain solver", test_plain_solver},
    {"one compartment", test_one_compartment},
    {"order of convergence", test_order_of_convergence},
    {"same bits", test_same_bits},
    {"events on demand", test_events_on_demand},
    {"edges", test_edges},
    {"settling", test_settling},
    {NULL, NULL}};
  return meso_test_main("compartment", tests);
}
