/* fm_buxton2004.c: the balloon model of Buxton, Uludag, Dubowitz and Liu 2004, NeuroImage 23:S220,
 * as the R package neuRosim has it (balloon, gammaHRF) and as the multi-area model takes it from
 * there (Schmidt et al. 2018, doi 10.1371/journal.pcbi.1006359). z is a stimulus from 0 to 1.
 *   tau1 dI/dt = kappa z - (kappa + 1) I,   N = z - I                       neural adaptation
 *   f = 1 + (f1 - 1) (h_f * N),   m = 1 + (m1 - 1) (h_m * N),   m1 = 1 + (f1 - 1) / n
 *   h(t) = (t/b)^3 exp(-t/b) / (6 b),   b = 0.242 FWHM;   h_m is late by deltat
 *   (tauMTT + tau) dv/dt = f - v^(1/alpha)
 *   tauMTT dq/dt = m - (q/v) (v^(1/alpha) + tau / (tau + tauMTT) (f - v^(1/alpha)))
 *   y = V0 (a1 (1 - q) - a2 (1 - v))
 * The extraction E0 of the package cancels: f E / E0 = m. Key `conventions`:
 *   seconds   as above; z, then f and m, are held over a sample of the drive, h is integrated
 *   neurosim  what the package computes: all times of the differential equations count samples, the
 *             convolution is a sum of h at t = dt, 2 dt, ... without the factor dt, and h_m begins
 *             with values of the formula at negative times. Published correlations of the
 *             multi-area model come from this at dt = 1 ms after division by the largest drive
 *             (bold.normalize: peak, bold.drive: multi_area). */
#include <complex.h>
#include <fftw3.h>
#include <gsl/gsl_cdf.h>
#include <math.h>
#include <stdlib.h>

#include "forward_output.h"
#include "meso_forward.h"

enum { SECONDS, NEUROSIM };
static const unsigned parts_of_a_sample = 8; /* steps per sample where samples are the unit */
static const double longest_step_s = 0.01;

typedef struct buxton_params {
  int conventions;
  double kappa, tau1_s, tauf_s, taum_s, deltat_s, f1, n, tauMTT_s, tau_s, alpha, V0, a1, a2;
} buxton_params;

#define ROW(k, u, low, high, standard, text) \
  {.key = #k, .type = MESO_PARAM_DOUBLE, .unit = u, .min = (low), .max = (high), \
   .min_open = true, .default_text = standard, .offset = offsetof(buxton_params, k), .help = text}

static const meso_param rows[] = {
  {.key = "conventions", .type = MESO_PARAM_CHOICE, .unit = "", .choices = "seconds|neurosim",
   .default_text = "seconds", .offset = offsetof(buxton_params, conventions),
   .help = "times in seconds, or the arithmetic of neuRosim and the multi-area model"},
  ROW(kappa, "1", 0, 100, "2", "gain of the inhibition"),
  ROW(tau1_s, "s", 0, 1e3, "3", "its time constant"),
  ROW(tauf_s, "s", 0, 1e3, "4", "width of the flow's response"),
  ROW(taum_s, "s", 0, 1e3, "4", "width of the response of oxygen metabolism"),
  ROW(deltat_s, "s", -1e-9, 100, "1", "by which that is later"),
  ROW(f1, "1", 0, 10, "1.5", "flow under a lasting stimulus of 1"),
  ROW(n, "1", 0, 100, "3", "relative change of flow over that of metabolism"),
  ROW(tauMTT_s, "s", 0, 1e3, "3", "mean transit time"),
  ROW(tau_s, "s", -1e-9, 1e3, "20", "viscoelastic time constant"),
  ROW(alpha, "1", 0, 1, "0.4", "stiffness exponent"),
  ROW(V0, "1", 0, 1, "0.03", "resting blood volume fraction"),
  ROW(a1, "1", -100, 100, "3.4", "weight of deoxyhaemoglobin"),
  ROW(a2, "1", -100, 100, "1", "weight of volume"),
  {.key = NULL}
};

/* What all regions share. */
typedef struct shared {
  const buxton_params *p;
  double dt_s, unit;           /* of the drive; the same in the unit of the equations */
  double samples_per_TR;
  size_t n, n_out, n_channels, n_fft;
  const double *rows;          /* (time, region) */
  fftw_plan there, back;
  fftw_complex *flow, *oxygen; /* transforms of the kernels, over n_fft */
} shared;

/* One thread's: a series with room for its transform, the transform, f and m. */
typedef struct scratch { double *x, *f, *m; fftw_complex *y; } scratch;

/* ---- 1. kernels --------------------------------------------------------------------------- */

static double gamma_kernel(double t_s, double width_s)
{
  const double b = 0.242 * width_s, x = t_s / b;
  return x * x * x * exp(-x) / (6 * b);
}

/* Weight of N one, two, ... samples ago; `late` shifts it. */
static void fill_kernel(const shared *s, double width_s, double late_s, double *w)
{
  for (size_t i = 0; i < s->n_fft; i++) w[i] = 0;
  for (size_t i = 0; i < s->n; i++) {
    const double t_s = s->dt_s * (double) (i + 1) - late_s, b = 0.242 * width_s;
    w[i] = s->p->conventions == NEUROSIM ? gamma_kernel(t_s, width_s)
      : gsl_cdf_gamma_P(fmax(0, t_s), 4, b) - gsl_cdf_gamma_P(fmax(0, t_s - s->dt_s), 4, b);
  }
}

static void scratch_clear(scratch *k)
{
  fftw_free(k->x);
  fftw_free(k->y);
  free(k->f);
  free(k->m);
}

static bool scratch_make(const shared *s, scratch *k)
{
  k->x = fftw_malloc(s->n_fft * sizeof *k->x);
  k->y = fftw_malloc((s->n_fft / 2 + 1) * sizeof *k->y);
  k->f = meso_calloc(s->n, sizeof *k->f);
  k->m = meso_calloc(s->n, sizeof *k->m);
  return k->x != NULL && k->y != NULL && k->f != NULL && k->m != NULL;
}

static meso_status prepare(shared *s, meso_err *err)
{
  meso_status status = MESO_OK;
  scratch k = {.x = NULL};
  for (s->n_fft = 2; s->n_fft < 2 * s->n; s->n_fft *= 2) continue;
  if (s->n_fft > INT32_MAX)
    MESO_FAIL(err, MESO_ERANGE, "buxton2004: a drive of %zu samples is too long", s->n);
  const size_t n_half = s->n_fft / 2 + 1;
  s->flow = fftw_malloc(n_half * sizeof *s->flow);
  s->oxygen = fftw_malloc(n_half * sizeof *s->oxygen);
  if (!scratch_make(s, &k) || s->flow == NULL || s->oxygen == NULL)
    MESO_FAIL(err, MESO_ENOMEM, "cannot allocate a transform of %zu samples", s->n_fft);
#pragma omp critical(meso_fftw_planner)
  {
    s->there = fftw_plan_dft_r2c_1d((int) s->n_fft, k.x, k.y, FFTW_ESTIMATE);
    s->back = fftw_plan_dft_c2r_1d((int) s->n_fft, k.y, k.x, FFTW_ESTIMATE);
  }
  if (s->there == NULL || s->back == NULL)
    MESO_FAIL(err, MESO_ENOMEM, "no plan for a transform of %zu samples", s->n_fft);
  fill_kernel(s, s->p->tauf_s, 0, k.x);
  fftw_execute_dft_r2c(s->there, k.x, s->flow);
  fill_kernel(s, s->p->taum_s, s->p->deltat_s, k.x);
  fftw_execute_dft_r2c(s->there, k.x, s->oxygen);
cleanup:
  scratch_clear(&k);
  return status;
}

/* ---- 2. one region ------------------------------------------------------------------------ */

/* to = 1 + gain (kernel * N) */
static void respond(const shared *s, const fftw_complex *kernel, double gain, scratch *k,
                    const double *N, double *to)
{
  for (size_t i = 0; i < s->n_fft; i++) k->x[i] = i < s->n ? N[i] : 0;
  fftw_execute_dft_r2c(s->there, k->x, k->y);
  for (size_t i = 0; i <= s->n_fft / 2; i++) k->y[i] *= kernel[i] / (double) s->n_fft;
  fftw_execute_dft_c2r(s->back, k->y, k->x);
  for (size_t i = 0; i < s->n; i++) to[i] = 1 + gain * k->x[i];
}

/* N in place of the drive: exact for a drive that is held. */
static void adapt(const shared *s, size_t c, double *N)
{
  const buxton_params *p = s->p;
  const double decay = exp(-(p->kappa + 1) * s->unit / p->tau1_s);
  double inhibition = 0;
  for (size_t i = 0; i < s->n; i++) {
    const double z = s->rows[i * s->n_channels + c], limit = p->kappa * z / (p->kappa + 1);
    N[i] = z - inhibition;
    inhibition = limit + (inhibition - limit) * decay;
  }
}

typedef struct balloon { double v, q; } balloon;

static balloon derivative(const buxton_params *p, double f, double m, balloon x)
{
  const double out = pow(x.v, 1 / p->alpha), part = p->tau_s / (p->tau_s + p->tauMTT_s);
  return (balloon) {(f - out) / (p->tauMTT_s + p->tau_s),
                    (m - x.q / x.v * (out + part * (f - out))) / p->tauMTT_s};
}

static balloon add(balloon x, double h, balloon d)
{
  return (balloon) {x.v + h * d.v, x.q + h * d.q};
}

/* Runge-Kutta of order 4 over a part of a sample, 0 to 1. */
static balloon advance(const shared *s, double f, double m, double part, balloon x)
{
  const double full = s->p->conventions == NEUROSIM ? parts_of_a_sample
                                                    : ceil(s->dt_s / longest_step_s - 1e-9);
  const unsigned n = (unsigned) fmax(1, ceil(part * full - 1e-9));
  const double h = part * s->unit / n;
  for (unsigned i = 0; i < n; i++) {
    const balloon a = derivative(s->p, f, m, x), b = derivative(s->p, f, m, add(x, 0.5 * h, a));
    const balloon c = derivative(s->p, f, m, add(x, 0.5 * h, b));
    const balloon d = derivative(s->p, f, m, add(x, h, c));
    x = add(x, h / 6, add(add(a, 2, add(b, 1, c)), 1, d));
  }
  return x;
}

/* BOLD of one region; false if volume or deoxyhaemoglobin leave their domain. */
static bool run_region(const shared *s, size_t c, scratch *k, double *N, double *bold,
                       double *largest)
{
  const buxton_params *p = s->p;
  balloon x = {1, 1};
  size_t sample = 0;
  adapt(s, c, N);
  respond(s, s->flow, p->f1 - 1, k, N, k->f);
  respond(s, s->oxygen, (p->f1 - 1) / p->n, k, N, k->m);
  for (size_t i = 0; i <= s->n; i++) {
    for (; sample < s->n_out; sample++) {
      const double part = (double) sample * s->samples_per_TR - (double) i;
      if (i < s->n && part > 1 - 1e-6) break;
      const balloon y = part > 1e-6 && i < s->n ? advance(s, k->f[i], k->m[i], part, x) : x;
      bold[sample * s->n_channels + c] = p->V0 * (p->a1 * (1 - y.q) - p->a2 * (1 - y.v));
    }
    if (i == s->n) break;
    *largest = fmax(*largest, k->f[i]);
    x = advance(s, k->f[i], k->m[i], 1, x);
    if (!(x.v > 0 && isfinite(x.q))) return false;
  }
  return true;
}

/* ---- 3. the whole ------------------------------------------------------------------------- */

static meso_status run_all(const shared *s, int n_threads, double *bold, double *ret_largest,
                           meso_err *err)
{
  meso_status status = MESO_OK;
  size_t bad = s->n_channels;
  bool no_memory = false;
  double largest = 1;
#pragma omp parallel num_threads(n_threads)
  {
    scratch k = {.x = NULL};
    double *N = meso_calloc(s->n, sizeof *N), own = 1;
    const bool ready = scratch_make(s, &k) && N != NULL;
#pragma omp for schedule(dynamic, 1)
    for (size_t c = 0; c < s->n_channels; c++)
      if (ready && !run_region(s, c, &k, N, bold, &own)) {
#pragma omp critical
        bad = c < bad ? c : bad;
      }
#pragma omp critical
    {
      no_memory = no_memory || !ready;
      largest = fmax(largest, own);
    }
    scratch_clear(&k);
    free(N);
  }
  if (no_memory) MESO_FAIL(err, MESO_ENOMEM, "cannot allocate the states of a region");
  if (bad < s->n_channels)
    MESO_FAIL(err, MESO_ENUMERIC, "the blood volume of region %zu leaves its domain (v > 0): the "
              "stimulus of this model is between 0 and 1", bad);
  *ret_largest = largest;
cleanup:
  return status;
}

static meso_status apply(const void *params, const meso_series *in, double TR_s, int n_threads,
                         meso_signals *out, meso_err *err)
{
  meso_status status = MESO_OK;
  const size_t n_before = out->n;
  const buxton_params *p = params;
  meso_signal *bold = NULL;
  double *drive = NULL, largest = 1;
  shared s = {.p = p, .dt_s = 1 / in->sampling_rate_Hz, .n = in->n_times,
              .n_channels = in->n_channels, .samples_per_TR = TR_s * in->sampling_rate_Hz};
  s.unit = p->conventions == NEUROSIM ? 1 : s.dt_s;
  MESO_TRY(forward_output_add("bold", "1", "buxton2004", in, TR_s, out, &bold, err));
  s.n_out = bold->n_times;
  if (s.n_channels > SIZE_MAX / sizeof *drive / s.n)
    MESO_FAIL(err, MESO_ENOMEM, "a drive of %zu samples is too long", s.n);
  MESO_ALLOC_ALIGNED(err, drive, s.n * s.n_channels);
  MESO_TRY(meso_series_read(in, 0, s.n, drive, err));
  s.rows = drive;
  MESO_TRY(prepare(&s, err));
  MESO_TRY(run_all(&s, n_threads, bold->data, &largest, err));
  MESO_TRY(forward_describe(rows, p, &bold->attrs, err));
  MESO_TRY(forward_describe_flow(largest, &bold->attrs, err));
cleanup:
  if (status != MESO_OK) meso_signals_truncate(out, n_before);
#pragma omp critical(meso_fftw_planner)
  {
    if (s.there != NULL) fftw_destroy_plan(s.there);
    if (s.back != NULL) fftw_destroy_plan(s.back);
  }
  fftw_free(s.flow);
  fftw_free(s.oxygen);
  free(drive);
  return status;
}

const meso_forward_ops meso_fm_buxton2004 = {
  .name = "buxton2004",
  .summary = "balloon model of Buxton et al. 2004, as in neuRosim and the multi-area model",
  .doi = "10.1016/j.neuroimage.2004.07.013", .unit_in = "1", .unit_out = "1", .linear = false,
  .params = rows, .params_size = sizeof(buxton_params), .apply = apply,
  .check = {.n_channels = 1, .drive = 0.1, .on_s = 1, .peak = 0.000215056972,
            .peak_tolerance = 1e-9, .peak_s = 3.7, .peak_s_tolerance = 0.1}
};
