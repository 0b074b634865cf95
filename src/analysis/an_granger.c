/* an_granger.c: Granger causality of all pairs of channels, by frequency, from the cross-spectra of
 * meso_spectral.h and their factors (meso_wilson.h), without a model order to choose.
 *
 * Channels i, j with the spectral matrix S = H Sigma H^*. What j adds to the prediction of i is
 * (Geweke 1982, J. Am. Stat. Assoc. 77:304, doi 10.1080/01621459.1982.10477803):
 *   f(j -> i) = ln S_ii / (Sigma_ii |h_i|^2),  h = H Sigma_{.i} / Sigma_ii
 * the whole power over the part that i's own noise makes, and over all frequencies
 *   F(j -> i) = ln T_i / Sigma_ii,  ln T_i = mean ln S_ii
 * T_i the error of prediction from the past of i alone, so that F is the mean of f (up to the
 * roughness of an estimate on a grid of frequencies); and at no delay
 *   F(i . j) = ln Sigma_ii Sigma_jj / det Sigma
 * Conditional: what j adds to the past of i and of all other channels (Geweke 1984, J. Am. Stat.
 * Assoc. 79:907; from spectra: Chen, Bressler & Ding 2006, J. Neurosci. Methods 150:228, doi
 * 10.1016/j.jneumeth.2005.06.011). With G, T the factors of the spectral matrix without j, and H,
 * Sigma those of all channels,
 *   f = ln T_ii / (Sigma_ii |(G^-1 h)_i|^2),  F = ln T_ii / Sigma_ii
 * which sampling errors may make negative at single frequencies.
 *
 * Without influence, to first order: the sample coherency of unrelated channels, circular and
 * Gaussian with the variance 1 / L (L effective observations), transformed to lags, is as large
 * before 0 as after it, and what j adds to i is the square of the one half:
 *   f is exponential with the mean 1 / (2 n),  n = L - C / 2
 * of C channels that are taken together (2, or all): each costs half an observation, since only its
 * past counts. So bias_level = 1 / (2 n), for the totals too, which are means over frequencies, and
 * threshold = -ln(alpha) / (2 n) at one frequency. Simulated levels of unrelated channels are 0.043
 * to 0.052 at alpha = 0.05 (test_granger.c). Near 0 and half the sampling rate (within the
 * bandwidth), where transforms are nearly real, f exceeds it more often: not tested. The totals
 * have no threshold in closed form, since they count those too: `significance` gives surrogates.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "meso_analysis.h"
#include "meso_cross.h"
#include "meso_fdr.h"
#include "meso_wilson.h"

static const meso_formula formulas[] = {
  {"forward", "f(i -> j), the first of a pair to the second: ln S_jj / (Sigma_jj |h_j|^2), h = H "
   "Sigma_{.j} / Sigma_jj, S = H Sigma H^* by Wilson's factorisation",
   "Geweke 1982, J. Am. Stat. Assoc. 77:304, doi 10.1080/01621459.1982.10477803; from "
   "spectra: Dhamala et al. 2008, NeuroImage 41:354, doi 10.1016/j.neuroimage.2008.02.020"},
  {"backward", "f(j -> i), likewise", "Geweke 1982, doi 10.1080/01621459.1982.10477803"},
  {"forward_total", "ln T_j / Sigma_jj, ln T_j = mean over frequencies of ln S_jj",
   "Geweke 1982, doi 10.1080/01621459.1982.10477803"},
  {"backward_total", "ln T_i / Sigma_ii", "Geweke 1982, doi 10.1080/01621459.1982.10477803"},
  {"instantaneous", "ln Sigma_ii Sigma_jj / det Sigma",
   "Geweke 1982, doi 10.1080/01621459.1982.10477803"},
  {"bias_level", "1 / (2 n), n = L - C / 2, L = effective_observations, of C channels taken "
   "together: mean of f without influence; threshold: -ln(alpha) / (2 n)",
   "first order in the sample coherency (an_granger.c); Geweke 1982, doi "
   "10.1080/01621459.1982.10477803"},
  {"conditional", "with --conditional: f given all other channels",
   "Geweke 1984, J. Am. Stat. Assoc. 79:907; Chen, Bressler & Ding 2006, J. Neurosci. "
   "Methods 150:228, doi 10.1016/j.jneumeth.2005.06.011"},
  {NULL, NULL, NULL}
};

static const meso_array_axes axes[] = {
  {"forward,backward", "pairs,frequency_Hz"},
  {"forward_total,backward_total,instantaneous,reason", "pairs"},
  {NULL, NULL}
};

typedef struct granger_params {
  meso_spectral_params spectral;
  char *signal;
  bool conditional;
  double alpha, memory_limit_GB;
} granger_params;

static const meso_param granger_rows[] = {
  MESO_SPECTRAL_ROWS(granger_params, spectral),
  {.key = "signal", .type = MESO_PARAM_STRING, .unit = "", .default_text = "",
   .offset = offsetof(granger_params, signal), .help = "name; empty: lfp, else the first one"},
  {.key = "conditional", .type = MESO_PARAM_BOOL, .unit = "", .default_text = "false",
   .offset = offsetof(granger_params, conditional),
   .help = "given all other channels; else channels two by two"},
  {.key = "alpha", .type = MESO_PARAM_DOUBLE, .unit = "1", .min = 0, .max = 0.5, .min_open = true,
   .default_text = "0.05", .offset = offsetof(granger_params, alpha),
   .help = "level of the threshold, and false discovery rate over pairs and frequencies"},
  {.key = "memory_limit_GB", .type = MESO_PARAM_DOUBLE, .unit = "GB", .min = 0, .max = 1e6,
   .min_open = true, .default_text = "4", .offset = offsetof(granger_params, memory_limit_GB),
   .help = "refuse what needs more memory"},
  {.key = NULL}
};

enum { FORWARD, BACKWARD, N_DIRECTIONS };

typedef struct granger {
  const granger_params *p;
  const meso_spectral_plan *plan;
  const meso_signal *signal;
  size_t n_channels, n_pairs, n_frequencies, n_samples;
  int n_threads;
  double *power;                    /* (channel, frequency) */
  double complex *cross;            /* (pair, frequency): <X_i conj(X_j)> */
  double *pair;                     /* (pair, 2) */
  double *spectral[N_DIRECTIONS];   /* (pair, frequency) */
  double *total[N_DIRECTIONS];      /* (pair) */
  double *instantaneous, *reason;   /* (pair); instantaneous: NULL if conditional */
} granger;

static meso_status take(void *user, const meso_cross_block *b, meso_err *err)
{
  granger *g = user;
  (void) err;
#pragma omp parallel for schedule(static) num_threads(g->n_threads)
  for (size_t pair = 0; pair < g->n_pairs; pair++)
    for (size_t f = 0; f < b->n; f++) /* products are conj(X_i) X_j */
      g->cross[pair * g->n_frequencies + b->first + f] =
        meso_cross_at(b, b->product, CROSS_N_PRODUCT, pair, CROSS_RE, f) -
        I * meso_cross_at(b, b->product, CROSS_N_PRODUCT, pair, CROSS_IM, f);
  for (size_t c = 0; c < g->n_channels; c++)
    for (size_t f = 0; f < b->n; f++)
      g->power[c * g->n_frequencies + b->first + f] = meso_cross_power(b, c, f);
  return MESO_OK;
}

/* Spectral matrix (frequency, n, n) of some channels, ascending. */
static void gather(const granger *g, size_t n, const size_t *channel, double complex *s)
{
  const size_t n_f = g->n_frequencies;
  for (size_t i = 0; i < n; i++)
    for (size_t j = i; j < n; j++)
      for (size_t f = 0; f < n_f; f++) {
        double complex *at = s + f * n * n;
        if (i == j) {
          at[i * n + i] = g->power[channel[i] * n_f + f];
          continue;
        }
        at[i * n + j] = g->cross[meso_pair_at(g->n_channels, channel[i], channel[j]) * n_f + f];
        at[j * n + i] = conj(at[i * n + j]);
      }
}

/* Mean over all frequencies, mirrored ones included. */
static double mean_over(const granger *g, const double *x)
{
  double sum = 0;
  for (size_t f = 0; f < g->n_frequencies; f++)
    sum += (f == 0 || 2 * f == g->n_samples ? 1 : 2) * x[f];
  return sum / (double) g->n_samples;
}

static double square(double complex z) { return creal(z) * creal(z) + cimag(z) * cimag(z); }

/* Response of all n channels to the noise of channel i and what goes with it: column i of H P^-1,
 * P the step that makes the other channels' noise independent of that of i. */
static double complex response(size_t n, const double complex *h, const double *noise, size_t row,
                               size_t i)
{
  double complex sum = 0;
  for (size_t k = 0; k < n; k++) sum += h[row * n + k] * noise[k * n + i];
  return sum / noise[i * n + i];
}

/* ---- two by two ----------------------------------------------------------------------------- */

/* Room of one thread for matrices of n rows. */
typedef struct room {
  meso_wilson *wilson;
  double complex *s, *h; /* (frequency, n, n) */
  double *noise, *log_s; /* (n, n); (frequency) */
  size_t *channel;       /* (n) */
} room;

static meso_status room_make(const granger *g, size_t n, room *r, meso_err *err)
{
  meso_status status = MESO_OK;
  *r = (room) {.wilson = NULL};
  MESO_TRY(meso_wilson_create(g->n_samples, n, &r->wilson, err));
  MESO_ALLOC(err, r->s, g->n_frequencies * n * n);
  MESO_ALLOC(err, r->h, g->n_frequencies * n * n);
  MESO_ALLOC(err, r->noise, n * n);
  MESO_ALLOC(err, r->log_s, g->n_frequencies);
  MESO_ALLOC(err, r->channel, n);
cleanup:
  return status;
}

static void room_clear(room *r)
{
  meso_wilson_destroy(r->wilson);
  free(r->s);
  free(r->h);
  free(r->noise);
  free(r->log_s);
  free(r->channel);
}

static void give_up(const granger *g, size_t pair, int direction, enum meso_wilson_end why)
{
  for (size_t f = 0; f < g->n_frequencies; f++)
    g->spectral[direction][pair * g->n_frequencies + f] = NAN;
  g->total[direction][pair] = NAN;
#pragma omp critical(granger_pair) /* both directions of a pair, maybe in two threads */
  {
    if (g->instantaneous != NULL) g->instantaneous[pair] = NAN;
    g->reason[pair] = fmax(g->reason[pair], why);
  }
}

static void run_pair(const granger *g, size_t i, size_t j, room *r)
{
  const size_t n_f = g->n_frequencies, pair = meso_pair_at(g->n_channels, i, j);
  r->channel[0] = i;
  r->channel[1] = j;
  gather(g, 2, r->channel, r->s);
  const enum meso_wilson_end end = meso_wilson_factor(r->wilson, 2, r->s, r->h, r->noise);
  for (int to = 0; to < 2; to++) { /* backward is to i, forward to j */
    const size_t t = (size_t) to;
    const int direction = to == 0 ? BACKWARD : FORWARD;
    const double own = r->noise[3 * t];
    if (end != MESO_WILSON_FINE) {
      give_up(g, pair, direction, end);
      continue;
    }
    for (size_t f = 0; f < n_f; f++) {
      const double s = creal(r->s[4 * f + 3 * t]);
      const double part = own * square(response(2, r->h + 4 * f, r->noise, t, t));
      g->spectral[direction][pair * n_f + f] = log(s / part);
      r->log_s[f] = log(s);
    }
    g->total[direction][pair] = mean_over(g, r->log_s) - log(own);
  }
  if (end == MESO_WILSON_FINE)
    g->instantaneous[pair] = -log1p(-r->noise[1] * r->noise[1] / (r->noise[0] * r->noise[3]));
}

static meso_status run_pairs(const granger *g, meso_err *err)
{
  meso_status status = MESO_OK;
  bool short_of_memory = false;
#pragma omp parallel num_threads(g->n_threads)
  {
    room r;
    const bool fine = room_make(g, 2, &r, NULL) == MESO_OK;
#pragma omp for schedule(dynamic, 16)
    for (size_t pair = 0; pair < g->n_pairs; pair++)
      if (fine)
        run_pair(g, (size_t) g->pair[2 * pair], (size_t) g->pair[2 * pair + 1], &r);
    if (!fine) {
#pragma omp atomic write
      short_of_memory = true;
    }
    room_clear(&r);
  }
  if (short_of_memory) MESO_FAIL(err, MESO_ENOMEM, "cannot allocate transforms");
cleanup:
  return status;
}

/* ---- given all others ----------------------------------------------------------------------- */

/* What channel j adds to all others; whole: factors of all channels. */
static void run_source(const granger *g, size_t j, const room *whole, room *r)
{
  const size_t C = g->n_channels, n = C - 1, n_f = g->n_frequencies;
  for (size_t k = 0; k < n; k++) r->channel[k] = k < j ? k : k + 1;
  gather(g, n, r->channel, r->s);
  const enum meso_wilson_end end = meso_wilson_factor(r->wilson, n, r->s, r->h, r->noise);
  for (size_t f = 0; f < n_f && end == MESO_WILSON_FINE; f++) { /* s becomes G^-1 */
    memset(r->s + f * n * n, 0, n * n * sizeof *r->s);
    for (size_t k = 0; k < n; k++) r->s[f * n * n + k * (n + 1)] = 1;
    if (!meso_wilson_solve(n, n, r->h + f * n * n, r->s + f * n * n))
      for (size_t k = 0; k < n * n; k++) r->s[f * n * n + k] = NAN;
  }
  for (size_t k = 0; k < n; k++) {
    const size_t i = r->channel[k], pair = i < j ? meso_pair_at(C, i, j) : meso_pair_at(C, j, i);
    const int direction = j < i ? FORWARD : BACKWARD;
    const double own = whole->noise[i * (C + 1)], without = r->noise[k * (n + 1)];
    if (end != MESO_WILSON_FINE) {
      give_up(g, pair, direction, end);
      continue;
    }
    g->total[direction][pair] = log(without / own);
    for (size_t f = 0; f < n_f; f++) {
      double complex q = 0;
      for (size_t m = 0; m < n; m++)
        q += r->s[(f * n + k) * n + m] * response(C, whole->h + f * C * C, whole->noise,
                                                  r->channel[m], i);
      g->spectral[direction][pair * n_f + f] = log(without / (own * square(q)));
    }
  }
}

static meso_status run_conditional(const granger *g, meso_err *err)
{
  meso_status status = MESO_OK;
  const size_t C = g->n_channels;
  bool short_of_memory = false;
  room whole = {.wilson = NULL};
  MESO_TRY(room_make(g, C, &whole, err));
  for (size_t i = 0; i < C; i++) whole.channel[i] = i;
  gather(g, C, whole.channel, whole.s);
  const enum meso_wilson_end end = meso_wilson_factor(whole.wilson, C, whole.s, whole.h,
                                                      whole.noise);
  if (end != MESO_WILSON_FINE) {
    for (size_t pair = 0; pair < g->n_pairs; pair++)
      for (int d = 0; d < N_DIRECTIONS; d++) give_up(g, pair, d, end);
    goto cleanup;
  }
#pragma omp parallel num_threads(g->n_threads)
  {
    room r;
    const bool fine = room_make(g, C - 1, &r, NULL) == MESO_OK;
#pragma omp for schedule(dynamic, 1)
    for (size_t j = 0; j < C; j++)
      if (fine) run_source(g, j, &whole, &r);
    if (!fine) {
#pragma omp atomic write
      short_of_memory = true;
    }
    room_clear(&r);
  }
  if (short_of_memory) MESO_FAIL(err, MESO_ENOMEM, "cannot allocate transforms");
cleanup:
  room_clear(&whole);
  return status;
}

/* ---- result --------------------------------------------------------------------------------- */

static meso_status add_arrays(granger *g, meso_result *result, meso_err *err)
{
  meso_status status = MESO_OK;
  const size_t two[2] = {g->n_pairs, 2}, dims[2] = {g->n_pairs, g->n_frequencies};
  double *frequency_Hz = NULL, *pair = NULL;
  MESO_TRY(meso_result_add_in(result, "/granger", "frequency_Hz", "Hz", 1, &dims[1], &frequency_Hz,
                              err));
  meso_spectral_frequencies(g->plan, frequency_Hz);
  MESO_TRY(meso_result_add_in(result, "/granger", "pairs", "1", 2, two, &g->pair, err));
  pair = g->pair;
  for (size_t i = 0; i < g->n_channels; i++)
    for (size_t j = i + 1; j < g->n_channels; j++) {
      *pair++ = (double) i;
      *pair++ = (double) j;
    }
  MESO_TRY(meso_result_add_in(result, "/granger", "forward", "1", 2, dims, &g->spectral[FORWARD],
                              err));
  MESO_TRY(meso_result_add_in(result, "/granger", "backward", "1", 2, dims, &g->spectral[BACKWARD],
                              err));
  MESO_TRY(meso_result_add_in(result, "/granger", "forward_total", "1", 1, dims, &g->total[FORWARD],
                              err));
  MESO_TRY(meso_result_add_in(result, "/granger", "backward_total", "1", 1, dims,
                              &g->total[BACKWARD], err));
  if (!g->p->conditional)
    MESO_TRY(meso_result_add_in(result, "/granger", "instantaneous", "1", 1, dims,
                                &g->instantaneous, err));
  MESO_TRY(meso_result_add_in(result, "/granger", "reason", "1", 1, dims, &g->reason, err));
  if (g->signal->label != NULL)
    MESO_TRY(meso_result_add_text(result, "/granger/labels", g->n_channels,
                                  (const char *const *) g->signal->label, err));
cleanup:
  return status;
}

/* Bias and thresholds of no influence, and what exceeds them. */
static meso_status set_threshold(const granger *g, meso_attrs *a, meso_err *err)
{
  meso_status status = MESO_OK;
  const granger_params *p = g->p;
  const double L = meso_spectral_effective_observations(g->plan);
  const double n = L - 0.5 * (p->conditional ? (double) g->n_channels : 2);
  const size_t margin = p->spectral.method == MESO_WELCH ? 2 : (size_t) ceil(p->spectral.nw) + 1;
  size_t n_tests = 0, n_significant = 0;
  double largest_p = 0, *p_value = NULL;
  char text[256];
  MESO_TRY(meso_attrs_set_number(a, "alpha", p->alpha, err));
  MESO_TRY(meso_attrs_set_number(a, "effective_observations", L, err));
  MESO_TRY(meso_attrs_set_number(a, "bias_level", n > 0 ? 0.5 / n : NAN, err));
  MESO_TRY(meso_attrs_set_number(a, "threshold", n > 0 ? -0.5 * log(p->alpha) / n : NAN, err));
  MESO_ALLOC(err, p_value, N_DIRECTIONS * g->n_pairs * g->n_frequencies);
  for (int d = 0; d < N_DIRECTIONS; d++)
    for (size_t k = 0; k < g->n_pairs * g->n_frequencies; k++) {
      const size_t f = k % g->n_frequencies;
      if (f < margin || f + margin >= g->n_frequencies || !isfinite(g->spectral[d][k])) continue;
      p_value[n_tests++] = n > 0 ? exp(-2 * n * fmax(0, g->spectral[d][k])) : NAN;
    }
  MESO_TRY(meso_fdr(n_tests, p_value, p->alpha, MESO_FDR_BY, &largest_p, &n_significant, err));
  MESO_TRY(meso_attrs_set_number(a, "n_tests", (double) n_tests, err));
  MESO_TRY(meso_attrs_set_number(a, "fdr_p", largest_p, err));
  MESO_TRY(meso_attrs_set_number(a, "n_significant", (double) n_significant, err));
  if (n_significant > 0) { /* exp() of large values is 0 */
    const double least = -0.5 * log(fmax(largest_p, 0x1p-1022)) / n;
    MESO_TRY(meso_attrs_set_number(a, "fdr_threshold", least, err));
    (void) snprintf(text, sizeof text, "%.3g %% of the values are significant at a false discovery "
                    "rate of %g, those from %.3g on", 100 * (double) n_significant
                    / (double) n_tests, p->alpha, least);
  } else {
    (void) snprintf(text, sizeof text, "bias alone: with %.3g effective observations no value "
                    "differs from what channels without influence give (%.3g on average)", L,
                    0.5 / n);
  }
  MESO_TRY(meso_attrs_set_text(a, "finding", n_tests > 0 && n > 0 ? text
                               : "no value can be tested: too few observations", err));
cleanup:
  free(p_value);
  return status;
}

static meso_status set_attributes(const granger *g, meso_result *result, meso_err *err)
{
  meso_status status = MESO_OK;
  size_t undefined = 0;
  char text[160];
  meso_attrs *a = meso_result_group_attrs(result, "/granger");
  if (a == NULL) MESO_FAIL(err, MESO_ENOMEM, "cannot allocate attributes");
  for (size_t pair = 0; pair < g->n_pairs; pair++) undefined += g->reason[pair] != 0;
  MESO_TRY(meso_attrs_set_text(a, "signal", g->signal->name, err));
  MESO_TRY(meso_spectral_set_attributes(g->plan, a, err));
  MESO_TRY(meso_attrs_set_text(a, "conditional", g->p->conditional ? "true" : "false", err));
  MESO_TRY(meso_attrs_set_text(a, "directions", "forward: from the first channel of a pair to the "
                               "second; backward: from the second to the first", err));
  MESO_TRY(meso_attrs_set_text(a, "estimator", "Wilson's factorisation of the cross-spectra", err));
  MESO_TRY(meso_attrs_set_number(a, "n_undefined", (double) undefined, err));
  MESO_TRY(meso_attrs_set_text(a, "reasons", "0: defined; 1: channels without power, or sums of "
                               "one another; 2: the factorisation did not converge", err));
  if (undefined > 0) {
    (void) snprintf(text, sizeof text, "%zu of %zu pairs: channels without power, sums of one "
                    "another, or factors that did not converge", undefined, g->n_pairs);
    MESO_TRY(meso_attrs_set_text(a, "undefined", text, err));
  }
  MESO_TRY(set_threshold(g, a, err));
cleanup:
  return status;
}

static meso_status check(const granger *g, meso_err *err)
{
  meso_status status = MESO_OK;
  const size_t C = g->n_channels, O = meso_spectral_n_segments(g->plan) *
                                      meso_spectral_n_tapers(g->plan);
  if (C < 2)
    MESO_FAIL(err, MESO_EINVAL, "signal '%s' has one channel: causality needs two",
              g->signal->name);
  const double rows = g->p->conditional ? (double) C : 2;
  const double n_f = (double) g->n_frequencies, pairs = (double) g->n_pairs;
  const double need_GB = 1e-9 * n_f * (32 * pairs + 64 * rows * rows * (g->n_threads + 1.0));
  if (need_GB > g->p->memory_limit_GB)
    MESO_FAIL(err, MESO_ERANGE, "%zu pairs at %zu frequencies need %.3g GB, allowed are "
              "memory_limit_GB = %g GB: take fewer channels or a shorter nperseg", g->n_pairs,
              g->n_frequencies, need_GB, g->p->memory_limit_GB);
  if ((double) O < rows)
    MESO_FAIL(err, MESO_ERANGE, "%zu segments and tapers determine no spectral matrix of %g "
              "channels: take a shorter nperseg or more tapers", O, rows);
cleanup:
  return status;
}

static meso_status run_granger(granger *g, meso_result *result, meso_err *err)
{
  meso_status status = MESO_OK;
  MESO_TRY(check(g, err));
  MESO_TRY(add_arrays(g, result, err));
  MESO_ALLOC(err, g->power, g->n_channels * g->n_frequencies);
  MESO_ALLOC(err, g->cross, g->n_pairs * g->n_frequencies);
  const meso_cross_request request = {
    .plan = g->plan, .data = g->signal->data, .n_channels = g->n_channels,
    .n = g->n_frequencies, .n_threads = g->n_threads};
  MESO_TRY(meso_cross_run(&request, take, g, err));
  MESO_TRY(g->p->conditional ? run_conditional(g, err) : run_pairs(g, err));
  MESO_TRY(set_attributes(g, result, err));
cleanup:
  free(g->power);
  free(g->cross);
  return status;
}

static meso_status granger_run(const void *params, const meso_spikes *spikes,
                               const meso_signals *signals, int n_threads, meso_result *result,
                               meso_err *err)
{
  meso_status status = MESO_OK;
  const granger_params *p = params;
  meso_spectral_plan *plan = NULL;
  meso_signal signal = {0};
  (void) spikes;
  MESO_TRY(meso_spectral_begin(signals, p->signal, &p->spectral, &signal, &plan, err));
  granger g = {.p = p, .plan = plan, .signal = &signal, .n_channels = signal.n_channels,
               .n_pairs = signal.n_channels * (signal.n_channels - 1) / 2,
               .n_frequencies = meso_spectral_n_frequencies(plan),
               .n_samples = (size_t) p->spectral.nperseg, .n_threads = n_threads};
  MESO_TRY(run_granger(&g, result, err));
cleanup:
  meso_spectral_plan_destroy(plan);
  return status;
}

const meso_analysis_ops meso_an_granger = {
  .name = "granger", .summary = "spectral Granger causality of all pairs, also conditional",
  .input = MESO_INPUT_SIGNALS, .params = granger_rows, .params_size = sizeof(granger_params),
  .run = granger_run,
  .takes = "a signal of two channels or more",
  .formulas = formulas,
  .axes = axes
};
