/* meso_balloon.c: balloon models. Regions go in blocks of lanes through balloon_kernel.c.
 *
 * 1. constants: named sets, and what the user gave instead
 * 2. steps and samples of one block
 * 3. slabs of the drive, blocks in parallel
 * 4. the output's signals and attributes
 *
 * Sources of the named sets: Friston et al. 2000, doi 10.1006/nimg.2000.0630; Friston, Harrison,
 * Penny 2003, doi 10.1016/S1053-8119(03)00202-7; Stephan et al. 2007,
 * doi 10.1016/j.neuroimage.2007.07.040; the source code of SPM (spm_fx_fmri.m, spm_gx_hdm.m), of
 * The Virtual Brain (fmri_balloon.py) and of ANNarchy (BOLD predefined models).
 */
#include "meso_balloon.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "balloon_kernel.h"
#include "forward_output.h"
#include "meso_isa.h"

MESO_ISA_CHOICE(balloon_kernel)

enum { L = BALLOON_LANES };
static const size_t slab_values = (size_t) 1 << 16; /* of the drive, which a cache holds ... */
static const size_t slab_steps = 32;                /* ... but at least as many steps */
static const double sample_eps = 1e-6;              /* of drive samples: times that are the same */

/* ---- 1. constants ------------------------------------------------------------------------- */

/* In the order of MESO_BALLOON_STATES. The Virtual Brain's gamma is 1/1.44; 1/2.44 would be that of
 * friston2003. Its V0 of 4, and SPM's of 4 and 8, are per cent. */
static const meso_balloon_states named_states[] = {
  {.efficacy = 0.5, .kappa_per_s = 1 / 0.8, .gamma_per_s2 = 1 / 0.4, .tau_transit_s = 1,
   .alpha = 0.2, .E0 = 0.8, .V0 = 0.02},
  {.efficacy = 1, .kappa_per_s = 0.65, .gamma_per_s2 = 0.41, .tau_transit_s = 0.98, .alpha = 0.32,
   .E0 = 0.34, .V0 = 0.02},
  {.efficacy = 1, .kappa_per_s = 0.64, .gamma_per_s2 = 0.32, .tau_transit_s = 2, .alpha = 0.32,
   .E0 = 0.4, .V0 = 0.04},
  {.efficacy = 1, .kappa_per_s = 0.65, .gamma_per_s2 = 0.41, .tau_transit_s = 0.98, .alpha = 0.32,
   .E0 = 0.34, .V0 = 0.08},
  {.efficacy = 1, .kappa_per_s = 1 / 1.54, .gamma_per_s2 = 1 / 1.44, .tau_transit_s = 0.98,
   .alpha = 0.32, .E0 = 0.4, .V0 = 0.04},
  {.efficacy = 1, .kappa_per_s = 1 / 1.54, .gamma_per_s2 = 1 / 2.46, .tau_transit_s = 0.98,
   .alpha = 0.33, .E0 = 0.34, .V0 = 0.02},
};

/* Each entry of `own` that is 0 becomes that of `named`: structs of doubles alone. */
static void fill_in(meso_balloon_states *own, const meso_balloon_states *named)
{
  double *a = &own->efficacy;
  const double *b = &named->efficacy;
  for (size_t i = 0; i < sizeof *own / sizeof *a; i++)
    if (!(fabs(a[i]) > 0)) a[i] = b[i];
}

static void classical(meso_balloon_params *p)
{
  p->k1 = 7 * p->state.E0;
  p->k2 = 2;
  p->k3 = 2 * p->state.E0 - 0.2;
}

static void stephan2007(meso_balloon_params *p)
{
  p->k1 = 4.3 * p->theta0_Hz * p->state.E0 * p->TE_s;
  p->k2 = p->epsilon * p->r0_per_s * p->state.E0 * p->TE_s;
  p->k3 = 1 - p->epsilon;
}

static void tvb_cbm(meso_balloon_params *p)
{
  p->k1 = 7 * p->state.E0;
  p->k2 = 2 * p->state.E0;
  p->k3 = 1 - p->epsilon;
}

static void user(meso_balloon_params *p) { (void) p; }

/* In the order of MESO_BALLOON_COEFFICIENTS. */
static const struct { void (*fill)(meso_balloon_params *p); bool by_field, by_user; }
named_coefficients[] = {{classical, false, false}, {stephan2007, true, false},
                        {tvb_cbm, false, false}, {user, false, true}};

/* The parameters as used; NaN: not used. */
static meso_status resolve(const char *model, const meso_balloon_params *given,
                           meso_balloon_params *ret, meso_err *err)
{
  meso_status status = MESO_OK;
  *ret = *given;
  fill_in(&ret->state, &named_states[given->states]);
  const bool by_user = named_coefficients[given->coefficients].by_user;
  const double sum = fabs(given->k1) + fabs(given->k2) + fabs(given->k3);
  if (by_user != (sum > 0))
    MESO_FAIL(err, MESO_EINVAL, by_user ? "%s: coefficients = user needs k1, k2 and k3"
              : "%s: k1, k2 and k3 need coefficients = user", model);
  if (named_coefficients[given->coefficients].by_field) {
    const bool checked = fabs(given->field_T - 1.5) < 1e-9;
    if (!(ret->theta0_Hz > 0)) ret->theta0_Hz = 40.3 * given->field_T / 1.5;
    if (!(ret->r0_per_s > 0) && !checked)
      MESO_FAIL(err, MESO_EINVAL, "%s: field_T = %g T needs r0_per_s (1/s): the value 25 1/s is "
                "that of 1.5 T", model, given->field_T);
    if (!(ret->r0_per_s > 0)) ret->r0_per_s = 25;
  } else { /* no scanner is in these coefficients, and the output must not name one */
    ret->field_T = ret->TE_s = ret->theta0_Hz = ret->r0_per_s = NAN;
  }
  named_coefficients[given->coefficients].fill(ret);
cleanup:
  return status;
}

static balloon_constants constants_of(const meso_balloon_states *p)
{
  return (balloon_constants) {
    .efficacy = p->efficacy, .kappa_per_s = p->kappa_per_s, .gamma_per_s2 = p->gamma_per_s2,
    .per_tau_s = 1 / p->tau_transit_s, .outflow_power = 1 / p->alpha - 1,
    .log_unextracted = log1p(-p->E0), .per_E0 = 1 / p->E0};
}

/* ---- 2. one block ------------------------------------------------------------------------- */

enum { BOLD, FLOW, VOLUME, DEOXY, N_OUTPUTS };

/* What all blocks share. */
typedef struct run {
  const balloon_kernel *kernel;
  balloon_constants constants;
  const meso_balloon_params *params;
  double dt_s;             /* of the drive */
  double samples_per_TR;   /* of the drive */
  size_t n_times, n_out, n_channels;
} run;

typedef struct block {
  balloon_block x;
  double largest[L];       /* log flow */
  size_t channel[L], n;    /* of the drive; n <= L */
  bool adjacent;           /* channels follow each other, n = L */
  forward_grid grid;
  double *out[N_OUTPUTS];  /* of its first channel; NULL: not wanted */
  size_t stride, k;        /* of the outputs; next sample */
  bool failed;
  double fail_s, fail_drive;
} block;

/* A slab of the drive, in single precision if the recording is. */
typedef struct slab { const float *single; const double *full; } slab;

/* Mean drive over rows i0 .. i1 - 1. */
static void mean_drive(const run *r, const block *b, slab rows, size_t i0, size_t i1, double *z)
{
  const size_t stride = r->n_channels, at = i0 * stride;
  if (b->adjacent && rows.single != NULL)
    r->kernel->mean_single(rows.single + at + b->channel[0], i1 - i0, stride, z);
  else if (b->adjacent)
    r->kernel->mean_double(rows.full + at + b->channel[0], i1 - i0, stride, z);
  if (b->adjacent) return;
  for (size_t l = 0; l < L; l++) {
    double sum = 0;
    for (size_t i = i0; l < b->n && i < i1; i++) {
      const size_t k = i * stride + b->channel[l];
      sum += rows.single != NULL ? (double) rows.single[k] : rows.full[k];
    }
    z[l] = sum / (double) (i1 - i0);
  }
}

static void record(const run *r, block *b, const balloon_block *x)
{
  const meso_balloon_params *p = r->params;
  for (size_t l = 0; l < b->n; l++) {
    const size_t at = b->k * b->stride + l;
    const double v = exp(x->v[l]), q = exp(x->q[l]);
    b->out[BOLD][at] = p->state.V0 * (p->output == 0
      ? p->k1 * (1 - q) + p->k2 * (1 - q / v) + p->k3 * (1 - v)
      : (p->k1 + p->k2) * (1 - q) + (p->k3 - p->k2) * (1 - v));
    if (b->out[FLOW] == NULL) continue;
    b->out[FLOW][at] = exp(x->f[l]);
    b->out[VOLUME][at] = v;
    b->out[DEOXY][at] = q;
  }
  b->k++;
}

static void note_failure(const block *from, const double *z, double t_s, block *b)
{
  size_t worst = 0;
  for (size_t l = 1; l < from->n; l++)
    if (!(fabs(from->x.f[l]) <= fabs(from->x.f[worst]))) worst = l;
  b->failed = true;
  b->fail_s = t_s;
  b->fail_drive = z[worst];
}

/* One step from drive sample i0 to i1, with the output samples in it. */
static void step(const run *r, block *b, const double *z, size_t i0, size_t i1)
{
  for (; b->k < r->n_out; ) {
    const double at = (double) b->k * r->samples_per_TR;
    if (at > (double) i1 - sample_eps) break;
    balloon_block x = b->x;
    double ignored[L] = {0};
    const double part = (at - (double) i0) / (double) (i1 - i0) * b->grid.parts;
    const unsigned n = part > 1 ? (unsigned) ceil(part - sample_eps) : 1;
    if (at > (double) i0 + sample_eps)
      (void) r->kernel->advance(&r->constants, r->params->method,
                                (at - (double) i0) * r->dt_s / n, n, z, &x, ignored);
    record(r, b, &x);
  }
  const double h_s = (double) (i1 - i0) * r->dt_s / b->grid.parts;
  if (!r->kernel->advance(&r->constants, r->params->method, h_s, b->grid.parts, z, &b->x,
                          b->largest))
    note_failure(b, z, (double) i1 * r->dt_s, b);
}

/* Through n rows of the drive, which begin with sample `first`. */
static void advance(const run *r, block *b, slab rows, size_t first, size_t n)
{
  double z[L];
  for (size_t i = 0; i < n && !b->failed; i += b->grid.samples) {
    const size_t end = i + b->grid.samples < n ? i + b->grid.samples : n;
    mean_drive(r, b, rows, i, end, z);
    step(r, b, z, first + i, first + end);
  }
  if (first + n == r->n_times)
    while (b->k < r->n_out && !b->failed) record(r, b, &b->x); /* the sample at the very end */
}

/* ---- 3. all blocks ------------------------------------------------------------------------ */

/* Regions in the order of the file, then a block of up to L of them with finer steps. */
static void lay_out(size_t n_channels, forward_grid g, double *const out[N_OUTPUTS], double *finer,
                    size_t n_blocks, block *b)
{
  for (size_t i = 0; i < n_blocks; i++) {
    const size_t c = i * L;
    b[i].n = n_channels - c < L ? n_channels - c : L;
    b[i].adjacent = b[i].n == L;
    b[i].grid = g;
    b[i].stride = n_channels;
    for (size_t l = 0; l < b[i].n; l++) b[i].channel[l] = c + l;
    for (int o = 0; o < N_OUTPUTS; o++) b[i].out[o] = out[o] != NULL ? out[o] + c : NULL;
  }
  block *p = &b[n_blocks];
  p->n = n_channels < L ? n_channels : L;
  p->grid = forward_grid_finer(g);
  p->out[BOLD] = finer;
  p->stride = p->n;
  for (size_t l = 0; l < p->n; l++) p->channel[l] = l * n_channels / p->n;
}

/* Values that are not finite end in states that are not: only then are they looked for. */
static meso_status report_failure(const meso_series *in, size_t first, size_t n_rows,
                                  const block *b, size_t n, meso_err *err)
{
  meso_status status = MESO_OK;
  double *rows = NULL;
  size_t i = 0;
  while (i < n && !b[i].failed) i++;
  if (i == n) goto cleanup;
  MESO_ALLOC(err, rows, n_rows * in->n_channels);
  MESO_TRY(meso_series_read(in, first, n_rows, rows, err));
  MESO_FAIL(err, MESO_ENUMERIC, "the blood flow leaves its domain (f > 0) at %g s, drive %g: "
            "drives beyond about +-0.3 are outside the model's range; reduce the gain or the "
            "efficacy", b[i].fail_s, b[i].fail_drive);
cleanup:
  free(rows);
  return status;
}

static meso_status read_rows(const meso_series *in, size_t first, size_t n, float *single,
                             double *full, meso_err *err)
{
  return single != NULL ? in->read_single(in->context, first, n, single, err)
                        : in->read(in->context, first, n, full, err);
}

/* Slabs are whole steps of both grids, since samples is a multiple of the finer grid's or odd. */
static meso_status integrate(const run *r, const meso_series *in, int n_threads, size_t n_blocks,
                             block *b, meso_err *err)
{
  meso_status status = MESO_OK;
  float *single = NULL;
  double *full = NULL;
  const size_t unit = b[0].grid.samples, fits = slab_values / r->n_channels / unit;
  const size_t wanted = (fits > slab_steps ? fits : slab_steps) * unit;
  const size_t n_slab = wanted < r->n_times ? wanted : r->n_times;
  const int chunk = (int) (n_blocks / 64 / (size_t) n_threads + 1);
  if (in->read_single != NULL) MESO_ALLOC(err, single, n_slab * r->n_channels);
  else MESO_ALLOC(err, full, n_slab * r->n_channels);
  for (size_t first = 0; first < r->n_times; first += n_slab) {
    const size_t n = r->n_times - first < n_slab ? r->n_times - first : n_slab;
    MESO_TRY(read_rows(in, first, n, single, full, err));
    const slab rows = {single, full};
#pragma omp parallel for num_threads(n_threads) schedule(dynamic, chunk)
    for (size_t i = 0; i < n_blocks; i++) advance(r, &b[i], rows, first, n);
    MESO_TRY(report_failure(in, first, n, b, n_blocks, err));
  }
cleanup:
  free(single);
  free(full);
  return status;
}

/* ---- 4. output ---------------------------------------------------------------------------- */

/* Largest difference of the two grids relative to the largest response of these regions. */
static double step_error(const block *finer, const meso_signal *bold)
{
  double worst = 0, largest = 0;
  for (size_t k = 0; k < bold->n_times; k++)
    for (size_t l = 0; l < finer->n; l++) {
      const double y = finer->out[BOLD][k * finer->n + l];
      worst = fmax(worst, fabs(y - bold->data[k * bold->n_channels + finer->channel[l]]));
      largest = fmax(largest, fabs(y));
    }
  return largest > 0 ? worst / largest : 0;
}

static meso_status describe(const run *r, const meso_param *rows, size_t n_blocks, const block *b,
                            meso_signal *bold, meso_err *err)
{
  meso_status status = MESO_OK;
  double largest = 0;
  for (size_t i = 0; i < n_blocks; i++)
    for (size_t l = 0; l < b[i].n; l++) largest = fmax(largest, b[i].largest[l]);
  meso_attrs *a = &bold->attrs;
  const double step_s = (double) b->grid.samples * r->dt_s / b->grid.parts;
  MESO_TRY(forward_describe(rows, r->params, a, err));
  MESO_TRY(forward_describe_flow(exp(largest), a, err));
  MESO_TRY(meso_attrs_set_number(a, "step_used_s", step_s, err));
  MESO_TRY(meso_attrs_set_number(a, "step_error", step_error(&b[n_blocks], bold), err));
cleanup:
  return status;
}

meso_status meso_balloon_apply(const char *model, const meso_param *rows,
                               const meso_balloon_params *params, const meso_series *in,
                               double TR_s, int n_threads, meso_signals *out, meso_err *err)
{
  static const char *const name[N_OUTPUTS] = {"bold", "flow", "volume", "deoxyhaemoglobin"};
  meso_status status = MESO_OK;
  const size_t n_before = out->n, n_blocks = (in->n_channels + L - 1) / L;
  meso_balloon_params p;
  double *data[N_OUTPUTS] = {NULL}, *finer = NULL;
  block *b = NULL;
  MESO_TRY(resolve(model, params, &p, err));
  for (int o = 0; o < (p.record_states ? N_OUTPUTS : 1); o++) {
    meso_signal *signal = NULL;
    MESO_TRY(forward_output_add(name[o], "1", model, in, TR_s, out, &signal, err));
    data[o] = signal->data;
  }
  meso_signal *bold = &out->signal[n_before];
  const run r = {
    .kernel = balloon_kernel_choose(NULL), .constants = constants_of(&p.state), .params = &p,
    .dt_s = 1 / in->sampling_rate_Hz, .samples_per_TR = TR_s * in->sampling_rate_Hz,
    .n_times = in->n_times, .n_out = bold->n_times, .n_channels = in->n_channels};
  MESO_ALLOC(err, finer, bold->n_times * L);
  MESO_ALLOC_ALIGNED(err, b, n_blocks + 1);
  lay_out(in->n_channels, forward_grid_make(r.dt_s, p.step_s), data, finer, n_blocks, b);
  MESO_TRY(integrate(&r, in, n_threads, n_blocks + 1, b, err));
  MESO_TRY(describe(&r, rows, n_blocks, b, bold, err));
cleanup:
  if (status != MESO_OK) meso_signals_truncate(out, n_before);
  free(finer);
  free(b);
  return status;
}
