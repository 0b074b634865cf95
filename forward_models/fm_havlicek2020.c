/* fm_havlicek2020.c: laminar BOLD with draining veins, Havlicek and Uludag 2020, NeuroImage
 * 204:116209 (their code: LBR_model.m, LBR_parameters.m). Channels are depths of equal thickness
 * from the surface (k = 1) to the white matter (k = K). Blood of the venules v of a depth drains
 * into the ascending vein d of that depth, which drains into that of the depth above:
 *   f_v = (t0_v v_v^(1/alpha_v) + tau_v f_a) / (t0_v + tau_v)
 *   t0_v dv_v/dt = f_a - f_v,   t0_v dq_v/dt = m - f_v q_v / v_v,   m = (f_a + n - 1) / n
 *   in_k = (f_v F0_v + f_d,k+1 F0_d,k+1) / F0_d,   F0_d = F0_v + F0_d,k+1
 *   f_d = (t0_d v_d^(1/alpha_d) + tau_d in_k) / (t0_d + tau_d)
 *   t0_d dv_d/dt = in_k - f_d
 *   t0_d dq_d/dt = (f_v F0_v q_v / v_v + f_d,k+1 F0_d,k+1 q_d,k+1 / v_d,k+1) / F0_d - f_d q_d / v_d
 * tau is one constant while a vessel inflates, another while it deflates. alpha = 0: rigid.
 * The flow f_a of each depth follows the drive (key neurovascular): feed-forward as in Havlicek et
 * al. 2015, NeuroImage 122:355, da/dt = efficacy z - c1 a, df_a/dt = c2 a - c3 (f_a - 1), or
 * directly, f_a = 1 + efficacy z. The pial vein, which takes what leaves the surface, gives no
 * signal here.
 *
 * 1. parameters  2. constants of the depths  3. states  4. the run
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "forward_output.h"
#include "meso_balloon.h"
#include "meso_forward.h"

/* ---- 1. parameters ------------------------------------------------------------------------ */

enum { VENULE, VEIN, N_VESSELS };
enum { FEED_FORWARD, DIRECT };

typedef struct vessel_params { double alpha, tau_in_s, tau_de_s, Hct, R2s_per_s, r0_per_s, slope; }
  vessel_params;

typedef struct laminar_params {
  int neurovascular, method_k2d;
  double efficacy, c1_per_s, c2_per_s, c3_per_s;
  double V0t, w_v, t0v_s, E0, n;
  vessel_params vessel[N_VESSELS];
  double TE_s, B0_T, susceptibility, rho_t, R2s_t_per_s, step_s;
} laminar_params;

#define ROW(k, u, low, high, standard, field, text) \
  {.key = k, .type = MESO_PARAM_DOUBLE, .unit = u, .min = low, .max = high, \
   .default_text = standard, .offset = offsetof(laminar_params, field), .help = text}
#define CHOICE(k, names, standard, field, text) \
  {.key = k, .type = MESO_PARAM_CHOICE, .unit = "", .choices = names, .default_text = standard, \
   .offset = offsetof(laminar_params, field), .help = text}

static const meso_param rows[] = {
  CHOICE("neurovascular", "feed_forward|direct", "feed_forward", neurovascular,
         "from the drive to the flow (Havlicek et al. 2015), or f_a = 1 + efficacy z"),
  ROW("efficacy", "1", -1e6, 1e6, "1", efficacy, "factor of the drive"),
  ROW("c1_per_s", "1/s", 0.01, 100, "0.6", c1_per_s, "decay of the vasoactive signal"),
  ROW("c2_per_s", "1/s", 0.01, 100, "1.5", c2_per_s, "gain of the flow"),
  ROW("c3_per_s", "1/s", 0.01, 100, "0.6", c3_per_s, "decay of the flow"),
  ROW("V0t", "%", 0.1, 20, "2.5", V0t, "resting volume of venules and veins"),
  ROW("w_v", "1", 0.05, 0.95, "0.5", w_v, "part of the venules in it"),
  ROW("s_v", "1", 0, 10, "0", vessel[VENULE].slope, "increase of venules to the surface (0-0.3)"),
  ROW("s_d", "1", 0, 10, "0.3", vessel[VEIN].slope, "increase of veins to the surface (0-1.5)"),
  ROW("t0v_s", "s", 0.05, 20, "1", t0v_s, "transit time of the venules"),
  ROW("E0", "1", 0.01, 0.99, "0.35", E0, "resting oxygen extraction"),
  ROW("n", "1", 0.5, 100, "4", n, "relative change of flow over that of oxygen consumption"),
  ROW("alpha_v", "1", 0, 1, "0.3", vessel[VENULE].alpha, "stiffness of venules; 0: rigid"),
  ROW("alpha_d", "1", 0, 1, "0.2", vessel[VEIN].alpha, "stiffness of veins; 0: rigid"),
  ROW("tau_v_in_s", "s", 0, 1000, "2", vessel[VENULE].tau_in_s, "venules while they inflate"),
  ROW("tau_v_de_s", "s", 0, 1000, "2", vessel[VENULE].tau_de_s, "venules while they deflate"),
  ROW("tau_d_in_s", "s", 0, 1000, "2", vessel[VEIN].tau_in_s, "veins while they inflate"),
  ROW("tau_d_de_s", "s", 0, 1000, "2", vessel[VEIN].tau_de_s, "veins while they deflate"),
  ROW("TE_s", "s", 0.001, 1, "0.028", TE_s, "echo time"),
  ROW("B0_T", "T", 0.1, 20, "7", B0_T, "magnetic field; R2s and r0 below are those of 7 T"),
  ROW("susceptibility", "1", 0, 1e-3, "0.264e-6", susceptibility, "of deoxygenated blood"),
  ROW("Hct_v", "1", 0.01, 0.9, "0.35", vessel[VENULE].Hct, "haematocrit of venules"),
  ROW("Hct_d", "1", 0.01, 0.9, "0.38", vessel[VEIN].Hct, "haematocrit of veins"),
  ROW("rho_t", "1", 0.01, 2, "0.89", rho_t, "spin density of tissue"),
  ROW("R2s_t_per_s", "1/s", 1, 1000, "34", R2s_t_per_s, "relaxation of tissue"),
  ROW("R2s_v_per_s", "1/s", 1, 1000, "80", vessel[VENULE].R2s_per_s, "relaxation of venules"),
  ROW("R2s_d_per_s", "1/s", 1, 1000, "85", vessel[VEIN].R2s_per_s, "relaxation of veins"),
  ROW("r0_v_per_s", "1/s", 0, 1e4, "228", vessel[VENULE].r0_per_s, "slope by extraction, venules"),
  ROW("r0_d_per_s", "1/s", 0, 1e4, "232", vessel[VEIN].r0_per_s, "slope with extraction, veins"),
  CHOICE("k2d", "corrected|authors", "corrected", method_k2d,
         "k2 of veins from their own epsilon, or from that of venules as in the authors' code"),
  ROW("step_s", "s", 1e-5, 1, "0.01", step_s, "longest step; shorter where transit is fast"),
  {.key = NULL}
};

/* ---- 2. constants ------------------------------------------------------------------------- */

typedef struct signal_constants { double epsilon, k1, k2, k3; } signal_constants;

/* One vessel of one depth: resting volume, flow and transit time, and its part of the signal. */
typedef struct vessel { double V0, F0, t0_s; } vessel;

typedef struct column {
  const laminar_params *p;
  size_t n_depths;
  vessel (*at)[N_VESSELS];        /* by depth */
  signal_constants c[N_VESSELS];
} column;

static void fill_signal(const laminar_params *p, signal_constants c[N_VESSELS])
{
  const double gyromagnetic = 2 * M_PI * 42.6e6; /* rad/s/T, as the authors have it */
  for (int x = 0; x < N_VESSELS; x++) {
    const vessel_params *v = &p->vessel[x];
    const double nu0_Hz = p->susceptibility * gyromagnetic * v->Hct * p->B0_T;
    const double rho = 0.95 - 0.22 * v->Hct;
    c[x].epsilon = rho / p->rho_t * exp(-p->TE_s * (v->R2s_per_s - p->R2s_t_per_s));
    c[x].k1 = 4.3 * nu0_Hz * p->E0 * p->TE_s;
    c[x].k2 = c[p->method_k2d == 1 ? VENULE : x].epsilon * v->r0_per_s * p->E0 * p->TE_s;
    c[x].k3 = 1 - c[x].epsilon;
  }
}

/* Volumes grow linearly to the surface; flow of the veins is that of all venules below. */
static void fill_depths(column *m)
{
  const laminar_params *p = m->p;
  const double part[N_VESSELS] = {p->w_v, 1 - p->w_v};
  const size_t K = m->n_depths;
  for (int x = 0; x < N_VESSELS; x++) {
    double sum = 0;
    for (size_t k = 0; k < K; k++) {
      const double height = 100 * ((double) (K - k) - 0.5) / (double) K; /* % from below */
      sum += m->at[k][x].V0 = 10 + p->vessel[x].slope * height;
    }
    for (size_t k = 0; k < K; k++) m->at[k][x].V0 *= p->V0t * part[x] / sum;
  }
  for (size_t k = K; k-- > 0; ) {
    vessel *v = m->at[k];
    v[VENULE].t0_s = p->t0v_s;
    v[VENULE].F0 = v[VENULE].V0 / p->t0v_s;
    v[VEIN].F0 = v[VENULE].F0 + (k + 1 < K ? m->at[k + 1][VEIN].F0 : 0);
    v[VEIN].t0_s = v[VEIN].V0 / v[VEIN].F0;
  }
}

static double shortest_transit(const column *m)
{
  double shortest = m->p->t0v_s;
  for (size_t k = 0; k < m->n_depths; k++) shortest = fmin(shortest, m->at[k][VEIN].t0_s);
  return shortest;
}

/* ---- 3. states ---------------------------------------------------------------------------- */

/* Of each depth: a, then logarithms of the flow, and of volume and content of both vessels. */
enum { A, FLOW, VOLUME, CONTENT = VOLUME + N_VESSELS, N_STATES = CONTENT + N_VESSELS };

/* Flow out of a vessel with inflow `in` (relative to rest), and the change of its volume. */
static double outflow(const vessel_params *p, double t0_s, double in, double v, double *dv)
{
  if (!(p->alpha > 0)) { *dv = 0; return in; }
  const double elastic = pow(v, 1 / p->alpha);
  const double tau_s = in > elastic ? p->tau_in_s : p->tau_de_s;
  const double out = (t0_s * elastic + tau_s * in) / (t0_s + tau_s);
  *dv = (in - out) / t0_s;
  return out;
}

static void derivative(const column *m, const double *z, const double *state, double *change)
{
  const laminar_params *p = m->p;
  double below = 0, below_content = 0; /* flow out of the vein below, and what it carries */
  for (size_t k = m->n_depths; k-- > 0; ) {
    const double *x = state + k * N_STATES;
    double *d = change + k * N_STATES, dv;
    const vessel *own = m->at[k];
    const double vv = exp(x[VOLUME + VENULE]), vd = exp(x[VOLUME + VEIN]);
    const double qv = exp(x[CONTENT + VENULE]), qd = exp(x[CONTENT + VEIN]);
    const double fa = p->neurovascular == DIRECT ? 1 + p->efficacy * z[k] : exp(x[FLOW]);
    d[A] = p->efficacy * z[k] - p->c1_per_s * x[A];
    d[FLOW] = (p->c2_per_s * x[A] - p->c3_per_s * (fa - 1)) / fa;
    const double fv = outflow(&p->vessel[VENULE], own[VENULE].t0_s, fa, vv, &dv);
    d[VOLUME + VENULE] = dv / vv;
    d[CONTENT + VENULE] = ((fa + p->n - 1) / p->n - fv * qv / vv) / own[VENULE].t0_s / qv;
    const double from_venule = fv * own[VENULE].F0, F0 = own[VEIN].F0;
    const double fd = outflow(&p->vessel[VEIN], own[VEIN].t0_s, (from_venule + below) / F0, vd,
                              &dv);
    d[VOLUME + VEIN] = dv / vd;
    d[CONTENT + VEIN] = ((from_venule * qv / vv + below_content) / F0 - fd * qd / vd)
                        / own[VEIN].t0_s / qd;
    below = fd * F0;
    below_content = fd * F0 * qd / vd;
  }
}

/* Room for the stages of one step. */
typedef struct scratch { double *k, *sum, *y; } scratch;

static void runge_kutta(const column *m, const scratch *s, double h, const double *z, double *x)
{
  static const double at[3] = {0.5, 0.5, 1}, weight[4] = {1, 2, 2, 1};
  const size_t n = m->n_depths * N_STATES;
  derivative(m, z, x, s->k);
  memcpy(s->sum, s->k, n * sizeof *x);
  for (int stage = 1; stage < 4; stage++) {
    for (size_t i = 0; i < n; i++) s->y[i] = x[i] + at[stage - 1] * h * s->k[i];
    derivative(m, z, s->y, s->k);
    for (size_t i = 0; i < n; i++) s->sum[i] += weight[stage] * s->k[i];
  }
  for (size_t i = 0; i < n; i++) x[i] += h / 6 * s->sum[i];
}

/* Signal change of a depth, a fraction. */
static double output(const column *m, size_t k, const double *x)
{
  double blood = 0, weighted = 0, extra = 0, intra = 0;
  for (int i = 0; i < N_VESSELS; i++) {
    const signal_constants *c = &m->c[i];
    const double V = 0.01 * m->at[k][i].V0 * (double) m->n_depths;
    const double v = exp(x[VOLUME + i]), q = exp(x[CONTENT + i]);
    blood += V;
    weighted += c->epsilon * V;
    extra += c->k1 * V * (1 - q);
    intra += c->k2 * V * (1 - q / v) + c->k3 * V * (1 - v);
  }
  return ((1 - blood) * extra + intra) / (1 - blood + weighted);
}

/* ---- 4. the run --------------------------------------------------------------------------- */

typedef struct run {
  const column *m;
  const meso_series *in;
  forward_grid grid;
  double samples_per_TR;
  size_t n_out;
  double *state, *copy, *z;
  scratch scratch;
  double max_flow;
} run;

static void advance(run *r, double h_s, unsigned n, double *x)
{
  for (unsigned i = 0; i < n; i++) {
    runge_kutta(r->m, &r->scratch, h_s, r->z, x);
    for (size_t k = 0; k < r->m->n_depths; k++)
      r->max_flow = fmax(r->max_flow, r->m->p->neurovascular == DIRECT
                         ? 1 + r->m->p->efficacy * r->z[k] : exp(x[k * N_STATES + FLOW]));
  }
}

static void record(const run *r, const double *x, size_t sample, double *bold)
{
  const size_t K = r->m->n_depths;
  for (size_t k = 0; k < K; k++) bold[sample * K + k] = output(r->m, k, x + k * N_STATES);
}

static meso_status check_state(const run *r, double t_s, meso_err *err)
{
  meso_status status = MESO_OK;
  const laminar_params *p = r->m->p;
  for (size_t k = 0; k < r->m->n_depths; k++) {
    const double *x = r->state + k * N_STATES;
    const bool flows = p->neurovascular == DIRECT ? 1 + p->efficacy * r->z[k] > 0
                                                  : fabs(x[FLOW]) < 23;
    double sum = 0;
    for (int i = 0; i < N_STATES; i++) sum += x[i];
    if (!flows || !isfinite(sum))
      MESO_FAIL(err, MESO_ENUMERIC, "havlicek2020: the blood flow of depth %zu leaves its domain "
                "(f > 0) at %g s, drive %g: reduce the gain or the efficacy", k + 1, t_s, r->z[k]);
  }
cleanup:
  return status;
}

/* From drive sample i0 to i1, whose mean is in r->z. */
static meso_status step(run *r, size_t i0, size_t i1, size_t *sample, double *bold, meso_err *err)
{
  meso_status status = MESO_OK;
  const size_t n = r->m->n_depths * N_STATES;
  const double dt_s = 1 / r->in->sampling_rate_Hz, eps = 1e-6;
  for (; *sample < r->n_out; (*sample)++) {
    const double at = (double) *sample * r->samples_per_TR;
    if (at > (double) i1 - eps) break;
    memcpy(r->copy, r->state, n * sizeof *r->copy);
    if (at > (double) i0 + eps)
      advance(r, (at - (double) i0) * dt_s / r->grid.parts, r->grid.parts, r->copy);
    record(r, r->copy, *sample, bold);
  }
  advance(r, (double) (i1 - i0) * dt_s / r->grid.parts, r->grid.parts, r->state);
  MESO_TRY(check_state(r, (double) i1 * dt_s, err));
cleanup:
  return status;
}

/* From rest to the end; the drive comes in slabs of whole steps. */
static meso_status integrate(run *r, double *bold, meso_err *err)
{
  meso_status status = MESO_OK;
  const size_t K = r->m->n_depths, n_times = r->in->n_times, unit = r->grid.samples;
  const size_t n_slab = unit * ((size_t) 65536 / unit + 1);
  double *slab = NULL;
  size_t sample = 0;
  memset(r->state, 0, K * N_STATES * sizeof *r->state);
  MESO_ALLOC(err, slab, (n_slab < n_times ? n_slab : n_times) * K);
  for (size_t first = 0; first < n_times; first += n_slab) {
    const size_t n = n_times - first < n_slab ? n_times - first : n_slab;
    MESO_TRY(meso_series_read(r->in, first, n, slab, err));
    for (size_t i = 0; i < n; i += unit) {
      const size_t end = i + unit < n ? i + unit : n;
      memset(r->z, 0, K * sizeof *r->z);
      for (size_t j = i; j < end; j++)
        for (size_t k = 0; k < K; k++) r->z[k] += slab[j * K + k] / (double) (end - i);
      MESO_TRY(step(r, first + i, first + end, &sample, bold, err));
    }
  }
  for (; sample < r->n_out; sample++) record(r, r->state, sample, bold);
cleanup:
  free(slab);
  return status;
}

/* Largest change, relative to the largest response, with steps of half the length. */
static meso_status estimate_error(run *r, const meso_signal *bold, double *ret, meso_err *err)
{
  meso_status status = MESO_OK;
  double *finer = NULL, worst = 0, largest = 0;
  MESO_ALLOC(err, finer, bold->n_times * bold->n_channels);
  r->grid = forward_grid_finer(r->grid);
  MESO_TRY(integrate(r, finer, err));
  for (size_t i = 0; i < bold->n_times * bold->n_channels; i++) {
    worst = fmax(worst, fabs(finer[i] - bold->data[i]));
    largest = fmax(largest, fabs(finer[i]));
  }
  *ret = largest > 0 ? worst / largest : 0;
cleanup:
  free(finer);
  return status;
}

static meso_status describe(const run *r, double step_used_s, double step_error, meso_attrs *a,
                            meso_err *err)
{
  static const char *const name[N_VESSELS][4] = {{"epsilon_v", "k1v", "k2v", "k3v"},
                                                 {"epsilon_d", "k1d", "k2d_used", "k3d"}};
  meso_status status = MESO_OK;
  MESO_TRY(forward_describe(rows, r->m->p, a, err));
  for (int x = 0; x < N_VESSELS; x++) {
    const signal_constants *c = &r->m->c[x];
    const double value[4] = {c->epsilon, c->k1, c->k2, c->k3};
    for (int i = 0; i < 4; i++) MESO_TRY(meso_attrs_set_number(a, name[x][i], value[i], err));
  }
  MESO_TRY(meso_attrs_set_text(a, "channels", "depths of equal thickness, from the surface down",
                               err));
  MESO_TRY(meso_attrs_set_number(a, "step_used_s", step_used_s, err));
  MESO_TRY(meso_attrs_set_number(a, "step_error", step_error, err));
  MESO_TRY(forward_describe_flow(r->max_flow, a, err));
cleanup:
  return status;
}

static meso_status apply(const void *params, const meso_series *in, double TR_s, int n_threads,
                         meso_signals *out, meso_err *err)
{
  meso_status status = MESO_OK;
  const size_t n_before = out->n, n = in->n_channels * N_STATES;
  column m = {.p = params, .n_depths = in->n_channels};
  run r = {.m = &m, .in = in, .samples_per_TR = TR_s * in->sampling_rate_Hz, .max_flow = 1};
  double *memory = NULL, step_error = 0;
  meso_signal *bold = NULL;
  (void) n_threads; /* a column is one system */
  MESO_TRY(forward_output_add("bold", "1", "havlicek2020", in, TR_s, out, &bold, err));
  MESO_ALLOC(err, m.at, m.n_depths);
  MESO_ALLOC(err, memory, 5 * n + m.n_depths);
  r.state = memory;
  r.copy = memory + n;
  r.scratch = (scratch) {memory + 2 * n, memory + 3 * n, memory + 4 * n};
  r.z = memory + 5 * n;
  r.n_out = bold->n_times;
  fill_depths(&m);
  fill_signal(m.p, m.c);
  r.grid = forward_grid_make(1 / in->sampling_rate_Hz,
                             fmin(m.p->step_s, 0.25 * shortest_transit(&m)));
  const double step_used_s = (double) r.grid.samples / in->sampling_rate_Hz / r.grid.parts;
  MESO_TRY(integrate(&r, bold->data, err));
  MESO_TRY(estimate_error(&r, bold, &step_error, err));
  MESO_TRY(describe(&r, step_used_s, step_error, &bold->attrs, err));
cleanup:
  if (status != MESO_OK) meso_signals_truncate(out, n_before);
  free(m.at);
  free(memory);
  return status;
}

const meso_forward_ops meso_fm_havlicek2020 = {
  .name = "havlicek2020",
  .summary = "laminar BOLD with draining veins (Havlicek and Uludag 2020); channels are depths",
  .doi = "10.1016/j.neuroimage.2019.116209", .unit_in = "1", .unit_out = "1", .linear = false,
  .laminar = true, .params = rows, .params_size = sizeof(laminar_params), .apply = apply,
  /* a flow of 1.6 in four depths */
  .check = {.n_channels = 4, .drive = 0.144, .on_s = 200, .peak = 0.04770, .peak_tolerance = 5e-6,
            .peak_s = NAN}
};
