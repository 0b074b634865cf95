/* an_canonical_coherence.c: coherence between two groups of channels, and within all of them.
 *
 * With the cross-spectral matrix of meso_spectral.h in blocks, A of p channels, B of q:
 *   canonical   rho_1 >= rho_2 >= ... >= 0, eigenvalues of S_AA^-1 S_AB S_BB^-1 S_BA: the largest
 *               magnitude SQUARED coherence that a weighted sum over A can have with one over B,
 *               then of sums not coherent with the first ones (Brillinger 1981, Time Series,
 *               chapter 10); with p = q = 1 the ordinary coherence
 *   p           of no coherence at all: -(2 L - p - q) sum ln(1 - rho) is chi-squared with 2 p q
 *               degrees of freedom (Bartlett's approximation, complex case; exact for p = q = 1),
 *               L = effective_observations; Benjamini & Yekutieli over frequencies
 *   bias        sum of rho of unrelated groups, p q / L; mean_debiased is the mean rho without it,
 *               scaled so that full coherence stays 1
 *   threshold   what 1 - (product of 1 - rho)^(1 / n), n = min(p, q), exceeds with probability
 *               alpha in unrelated groups: the p above, in the units of coherence; with p = q = 1
 *               that of rho
 *   global      largest eigenvalue of S of all channels over their sum: 1 if one source makes
 *               everything, at least 1 / (p + q) (Cimenser et al. 2011, PNAS 108:8832, doi
 *               10.1073/pnas.1017041108)
 * Frequencies within the bandwidth of 0 and of rate / 2, where transforms are nearly real and count
 * half, are not tested: p is NaN.
 * With fewer observations than channels all canonical coherences are 1 whatever the signals: NaN.
 * `reason` says by frequency what is undefined and why, in the codes of enum reason, and
 * `undefined` in words.
 */
#include <complex.h>
#include <fftw3.h>
#include <cblas.h>
#include <gsl/gsl_cdf.h>
#include <lapacke.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "meso_analysis.h"
#include "meso_cross.h"
#include "meso_fdr.h"

static const meso_formula formulas[] = {
  {"magnitude_squared", "eigenvalues rho of S_AA^-1 S_AB S_BB^-1 S_BA",
   "Brillinger 1981, Time Series: Data Analysis and Theory, chapter 10"},
  {"p", "chi-squared with 2 p q degrees of freedom of -(2 L - p - q) sum ln(1 - rho), groups "
   "of p and q channels, L = effective_observations",
   "Bartlett 1938, Math. Proc. Camb. Philos. Soc. 34:33, doi 10.1017/S0305004100019897 "
   "(complex case)"},
  {"mean_debiased", "(L mean rho - M) / (L - M), M = max(p, q): mean rho of unrelated groups is "
   "M / L", "Brillinger 1981, Time Series: Data Analysis and Theory, chapter 10 (bias)"},
  {"threshold", "1 - exp(-x / (n (2 L - p - q))), x the quantile 1 - alpha of chi-squared with "
   "2 p q degrees of freedom, n = min(p, q), of 1 - (product of 1 - rho)^(1 / n)",
   "Bartlett 1938, Math. Proc. Camb. Philos. Soc. 34:33, doi 10.1017/S0305004100019897"},
  {"bias_level", "p q / L", "Brillinger 1981, Time Series: Data Analysis and Theory, chapter 10"},
  {"global", "largest eigenvalue of S of all channels over their sum",
   "Cimenser et al. 2011, PNAS 108:8832, doi 10.1073/pnas.1017041108"},
  {NULL, NULL, NULL}
};

static const meso_array_axes axes[] = {
  {"magnitude_squared", "-,frequency_Hz"},
  {"p,global,reason,mean_debiased", "frequency_Hz"},
  {NULL, NULL}
};

enum reason { DEFINED, UNTESTED, SINGULAR, TOO_FEW };
#define REASON_TEXT "0 defined, 1 no p: transforms near 0 and half the sampling rate count half, " \
  "or too few observations for its approximation, 2 a channel without power, or channels that " \
  "are sums of one another, 3 fewer segments and tapers than channels"

typedef struct canonical_params {
  meso_spectral_params spectral;
  char *signal;
  meso_doubles channels_a, channels_b;
  double alpha;
} canonical_params;

static const meso_param canonical_rows[] = {
  MESO_SPECTRAL_ROWS(canonical_params, spectral),
  {.key = "signal", .type = MESO_PARAM_STRING, .unit = "", .default_text = "",
   .offset = offsetof(canonical_params, signal), .help = "name; empty: lfp, else the first one"},
  {.key = "channels_a", .type = MESO_PARAM_DOUBLES, .unit = "1", .min = 0, .max = 1e6,
   .default_text = "", .offset = offsetof(canonical_params, channels_a),
   .help = "numbers of the first group's channels; none: the first half of all"},
  {.key = "channels_b", .type = MESO_PARAM_DOUBLES, .unit = "1", .min = 0, .max = 1e6,
   .default_text = "", .offset = offsetof(canonical_params, channels_b),
   .help = "of the second group; none: all that are not in the first"},
  {.key = "alpha", .type = MESO_PARAM_DOUBLE, .unit = "1", .min = 0, .max = 0.5, .min_open = true,
   .default_text = "0.05", .offset = offsetof(canonical_params, alpha),
   .help = "false discovery rate over frequencies"},
  {.key = NULL}
};

typedef struct canonical {
  const canonical_params *p;
  const meso_spectral_plan *plan;
  const meso_signal *signal;
  size_t n[2], n_all, n_rho, n_frequencies;
  size_t *channel;         /* (n_all): first those of A, then those of B */
  double L;
  bool defined;            /* enough observations */
  size_t margin;           /* frequencies at either end where transforms are nearly real */
  int n_threads;
  double *rho;             /* (rank, frequency) */
  double *p_value, *global, *reason, *mean_debiased; /* (frequency) */
} canonical;

/* Cross-spectral matrix of the chosen channels, column by column. */
static void gather(const canonical *c, const meso_cross_block *b, size_t f, double complex *s)
{
  const size_t N = c->n_all, C = c->signal->n_channels;
  for (size_t k = 0; k < N; k++)
    for (size_t m = 0; m < N; m++) {
      const size_t i = c->channel[k], j = c->channel[m];
      if (i == j) {
        s[k * N + m] = meso_cross_power(b, i, f);
        continue;
      }
      const size_t pair = i < j ? meso_pair_at(C, i, j) : meso_pair_at(C, j, i);
      const double re = meso_cross_at(b, b->product, CROSS_N_PRODUCT, pair, CROSS_RE, f);
      const double im = meso_cross_at(b, b->product, CROSS_N_PRODUCT, pair, CROSS_IM, f);
      s[k * N + m] = i < j ? re + I * im : re - I * im;
    }
}

/* Rows and columns scaled to a diagonal of 1; false if a channel has no power. */
static bool scale_to_unit(size_t N, double complex *s)
{
  for (size_t k = 0; k < N; k++)
    if (!(creal(s[k * N + k]) > 0)) return false;
  for (size_t k = 0; k < N; k++) {
    const double scale = 1 / sqrt(creal(s[k * N + k]));
    for (size_t m = 0; m < N; m++) {
      s[k * N + m] *= scale;
      s[m * N + k] *= scale;
    }
  }
  return true;
}

/* Share of the largest eigenvalue of a Hermitian matrix, which is destroyed. */
static double largest_share(size_t N, double complex *s, double *eigenvalue)
{
  double sum = 0;
  if (LAPACKE_zheev(LAPACK_COL_MAJOR, 'N', 'L', (lapack_int) N, s, (lapack_int) N, eigenvalue) != 0)
    return NAN;
  for (size_t k = 0; k < N; k++) sum += eigenvalue[k];
  return sum > 0 ? eigenvalue[N - 1] / sum : NAN;
}

/* Squared singular values of L_A^-1 S_AB L_B^-*, the L Cholesky factors of the blocks; false if a
 * block is singular. */
static bool coherences(const canonical *c, double complex *s, double *room, double *rho)
{
  const lapack_int N = (lapack_int) c->n_all, p = (lapack_int) c->n[0], q = (lapack_int) c->n[1];
  double complex *a = s, *b = s + (p + p * N), *ab = s + p * N;
  double complex nothing = 0;
  for (lapack_int k = 0; k < 2; k++)
    if (LAPACKE_zpotrf(LAPACK_COL_MAJOR, 'L', k == 0 ? p : q, k == 0 ? a : b, N) != 0)
      return false;
  if (LAPACKE_ztrtrs(LAPACK_COL_MAJOR, 'L', 'N', 'N', p, q, a, N, ab, N) != 0) return false;
  for (lapack_int i = 0; i < p; i++) /* ab^* = L_B^-1 (rows of ab)^*, one row at a time */
    for (lapack_int m = 0; m < q; m++) {
      double complex sum = ab[m * N + i];
      for (lapack_int k = 0; k < m; k++) sum -= ab[k * N + i] * conj(b[k * N + m]);
      ab[m * N + i] = sum / b[m * N + m];
    }
  if (LAPACKE_zgesvd(LAPACK_COL_MAJOR, 'N', 'N', p, q, ab, N, rho, &nothing, 1, &nothing, 1,
                     room) != 0) return false;
  for (size_t k = 0; k < c->n_rho; k++) rho[k] = fmin(1, rho[k] * rho[k]);
  return true;
}

static void run_frequency(const canonical *c, const meso_cross_block *b, size_t f,
                          double complex *s, double *room)
{
  const size_t N = c->n_all, at = b->first + f;
  double *rho = room + N, sum = 0, mean = 0;
  gather(c, b, f, s);
  c->global[at] = largest_share(N, s, room);
  gather(c, b, f, s);
  const bool fine = c->defined && scale_to_unit(N, s) && coherences(c, s, room, rho);
  for (size_t k = 0; k < c->n_rho; k++) {
    c->rho[k * c->n_frequencies + at] = fine ? rho[k] : NAN;
    sum += fine ? log1p(-rho[k]) : NAN;
    mean += fine ? rho[k] / (double) c->n_rho : NAN;
  }
  const double p = (double) c->n[0], q = (double) c->n[1], factor = 2 * c->L - p - q;
  const double M = fmax(p, q);
  c->mean_debiased[at] = c->L > M ? (c->L * mean - M) / (c->L - M) : NAN;
  const bool tested = fine && factor > 0 && at >= c->margin && at + c->margin < c->n_frequencies;
  c->reason[at] = tested ? DEFINED : fine ? UNTESTED : c->defined ? SINGULAR : TOO_FEW;
  c->p_value[at] = !tested ? NAN : isfinite(sum) ? gsl_cdf_chisq_Q(-factor * sum, 2 * p * q) : 0;
}

static meso_status take(void *user, const meso_cross_block *b, meso_err *err)
{
  meso_status status = MESO_OK;
  const canonical *c = user;
  bool short_of_memory = false;
#pragma omp parallel num_threads(c->n_threads)
  {
    double complex *s = meso_calloc(c->n_all * c->n_all, sizeof *s);
    double *room = meso_calloc(2 * c->n_all, sizeof *room);
#pragma omp for schedule(dynamic, 4)
    for (size_t f = 0; f < b->n; f++)
      if (s != NULL && room != NULL) run_frequency(c, b, f, s, room);
    if (s == NULL || room == NULL) {
#pragma omp atomic write
      short_of_memory = true;
    }
    free(s);
    free(room);
  }
  if (short_of_memory) MESO_FAIL(err, MESO_ENOMEM, "cannot allocate %zu channels", c->n_all);
cleanup:
  return status;
}

/* ---- groups and result ---------------------------------------------------------------------- */

static meso_status mark(const meso_doubles *list, const char *key, size_t C, int group, int *of,
                        meso_err *err)
{
  meso_status status = MESO_OK;
  for (size_t k = 0; k < list->n; k++) {
    const double v = list->v[k];
    if (!(v < (double) C) || v != floor(v))
      MESO_FAIL(err, MESO_ERANGE, "%s: %g is no channel: the signal has 0 to %zu", key, v, C - 1);
    if (of[(size_t) v] != 0)
      MESO_FAIL(err, MESO_EINVAL, "%s: channel %g is named twice", key, v);
    of[(size_t) v] = group;
  }
cleanup:
  return status;
}

static meso_status choose_groups(canonical *c, meso_err *err)
{
  meso_status status = MESO_OK;
  const meso_doubles *a = &c->p->channels_a, *b = &c->p->channels_b;
  const size_t C = c->signal->n_channels;
  int *of = NULL; /* group 1 or 2 of a channel; 0: none */
  MESO_ALLOC(err, of, C);
  MESO_ALLOC(err, c->channel, C);
  MESO_TRY(mark(a, "channels_a", C, 1, of, err));
  MESO_TRY(mark(b, "channels_b", C, 2, of, err));
  for (size_t i = 0; i < C && a->n == 0; i++)
    if (of[i] == 0 && (b->n > 0 || i < C / 2)) of[i] = 1;
  for (size_t i = 0; i < C && b->n == 0; i++)
    if (of[i] == 0) of[i] = 2;
  for (int group = 1; group <= 2; group++)
    for (size_t i = 0; i < C; i++)
      if (of[i] == group) {
        c->channel[c->n_all++] = i;
        c->n[group - 1]++;
      }
  if (c->n[0] == 0 || c->n[1] == 0)
    MESO_FAIL(err, MESO_EINVAL, "channels_a, channels_b: a group is empty; signal '%s' has %zu "
              "channel%s", c->signal->name, C, C == 1 ? "" : "s");
  c->n_rho = c->n[0] < c->n[1] ? c->n[0] : c->n[1];
cleanup:
  free(of);
  return status;
}

static meso_status add_arrays(canonical *c, meso_result *result, meso_err *err)
{
  meso_status status = MESO_OK;
  const size_t dims[2] = {c->n_rho, c->n_frequencies};
  const char *const group[2] = {"channels_a", "channels_b"};
  double *x = NULL;
  MESO_TRY(meso_result_add_in(result, "/canonical_coherence", "frequency_Hz", "Hz", 1, &dims[1], &x,
                              err));
  meso_spectral_frequencies(c->plan, x);
  MESO_TRY(meso_result_add_in(result, "/canonical_coherence", "magnitude_squared", "1", 2, dims,
                              &c->rho, err));
  MESO_TRY(meso_result_add_in(result, "/canonical_coherence", "p", "1", 1, &dims[1], &c->p_value,
                              err));
  MESO_TRY(meso_result_add_in(result, "/canonical_coherence", "global", "1", 1, &dims[1],
                              &c->global, err));
  MESO_TRY(meso_result_add_in(result, "/canonical_coherence", "reason", "1", 1, &dims[1],
                              &c->reason, err));
  MESO_TRY(meso_result_add_in(result, "/canonical_coherence", "mean_debiased", "1", 1, &dims[1],
                              &c->mean_debiased, err));
  for (size_t k = 0; k < 2; k++) {
    MESO_TRY(meso_result_add_in(result, "/canonical_coherence", group[k], "1", 1, &c->n[k], &x,
                                err));
    for (size_t i = 0; i < c->n[k]; i++) x[i] = (double) c->channel[k * c->n[0] + i];
  }
cleanup:
  return status;
}

static meso_status set_attributes(const canonical *c, size_t observations, meso_result *result,
                                  meso_err *err)
{
  meso_status status = MESO_OK;
  double largest_p = 0;
  size_t n_significant = 0, n_singular = 0;
  char text[160];
  meso_attrs *a = meso_result_group_attrs(result, "/canonical_coherence");
  if (a == NULL) MESO_FAIL(err, MESO_ENOMEM, "cannot allocate attributes");
  MESO_TRY(meso_fdr(c->n_frequencies, c->p_value, c->p->alpha, MESO_FDR_BY, &largest_p,
                    &n_significant, err));
  MESO_TRY(meso_attrs_set_text(a, "signal", c->signal->name, err));
  MESO_TRY(meso_spectral_set_attributes(c->plan, a, err));
  MESO_TRY(meso_attrs_set_text(a, "coherence", "magnitude squared", err));
  MESO_TRY(meso_attrs_set_number(a, "n_observations", (double) observations, err));
  MESO_TRY(meso_attrs_set_number(a, "effective_observations", c->L, err));
  MESO_TRY(meso_attrs_set_number(a, "bias_level", (double) (c->n[0] * c->n[1]) / c->L, err));
  MESO_TRY(meso_attrs_set_number(a, "alpha", c->p->alpha, err));
  const double factor = 2 * c->L - (double) (c->n[0] + c->n[1]);
  if (factor > 0)
    MESO_TRY(meso_attrs_set_number(a, "threshold", -expm1(-gsl_cdf_chisq_Qinv(
      c->p->alpha, 2 * (double) (c->n[0] * c->n[1])) / ((double) c->n_rho * factor)), err));
  MESO_TRY(meso_attrs_set_number(a, "fdr_p", largest_p, err));
  MESO_TRY(meso_attrs_set_number(a, "n_significant", (double) n_significant, err));
  MESO_TRY(meso_attrs_set_text(a, "reasons", REASON_TEXT, err));
  for (size_t f = 0; f < c->n_frequencies; f++) n_singular += c->reason[f] == SINGULAR;
  if (!c->defined)
    MESO_TRY(meso_attrs_set_text(a, "undefined", "fewer segments and tapers than channels: sums of "
                                 "channels would be coherent whatever the signals; take a shorter "
                                 "nperseg, more tapers, or fewer channels", err));
  else if (n_singular > 0) {
    (void) snprintf(text, sizeof text, "%zu of %zu frequencies: a channel has no power, or "
                    "channels are sums of one another", n_singular, c->n_frequencies);
    MESO_TRY(meso_attrs_set_text(a, "undefined", text, err));
  }
cleanup:
  return status;
}

static meso_status run_canonical(canonical *c, meso_result *result, meso_err *err)
{
  meso_status status = MESO_OK;
  const size_t observations = meso_spectral_n_segments(c->plan) * meso_spectral_n_tapers(c->plan);
  openblas_set_num_threads(1); /* the threads are ours, over frequencies */
  MESO_TRY(choose_groups(c, err));
  c->L = meso_spectral_effective_observations(c->plan);
  c->defined = observations > c->n_all;
  c->margin = c->p->spectral.method == MESO_WELCH ? 2 : (size_t) ceil(c->p->spectral.nw) + 1;
  MESO_TRY(add_arrays(c, result, err));
  const meso_cross_request request = {
    .plan = c->plan, .data = c->signal->data, .n_channels = c->signal->n_channels,
    .n = c->n_frequencies, .n_threads = c->n_threads};
  MESO_TRY(meso_cross_run(&request, take, c, err));
  MESO_TRY(set_attributes(c, observations, result, err));
cleanup:
  free(c->channel);
  return status;
}

static meso_status canonical_run(const void *params, const meso_spikes *spikes,
                                 const meso_signals *signals, int n_threads, meso_result *result,
                                 meso_err *err)
{
  meso_status status = MESO_OK;
  const canonical_params *p = params;
  meso_spectral_plan *plan = NULL;
  meso_signal signal = {0};
  (void) spikes;
  MESO_TRY(meso_spectral_begin(signals, p->signal, &p->spectral, &signal, &plan, err));
  canonical c = {.p = p, .plan = plan, .signal = &signal, .n_threads = n_threads,
                 .n_frequencies = meso_spectral_n_frequencies(plan)};
  MESO_TRY(run_canonical(&c, result, err));
cleanup:
  meso_spectral_plan_destroy(plan);
  return status;
}

const meso_analysis_ops meso_an_canonical_coherence = {
  .name = "canonical_coherence",
  .summary = "coherence between two groups of channels, and global coherence",
  .input = MESO_INPUT_SIGNALS, .params = canonical_rows, .params_size = sizeof(canonical_params),
  .run = canonical_run,
  .takes = "a signal of two channels or more",
  .formulas = formulas,
  .axes = axes
};
