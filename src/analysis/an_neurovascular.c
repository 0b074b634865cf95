/* an_neurovascular.c: power of the LFP in bands against BOLD, by lag: what Logothetis et al. 2001,
 * doi 10.1038/35084005, compare in recordings of both.
 *
 *   power        P_b(t) = mean over the contacts of |a(t)|^2 / 2, a the analytic signal in the band
 *                (meso_analytic.h)
 *   correlation  r_b(l): Pearson, over the volumes at t_k, of BOLD(t_k) and the mean of P_b over a
 *                window of one TR around t_k - l. Volumes whose window is not within the LFP are
 *                left out, at every lag their own. Positive lag: BOLD follows.
 *   threshold    |r| of unrelated signals at level alpha (two-sided) at one lag: with N volumes and
 *                the autocorrelations p, q of the two, as many as n = N / (1 + 2 sum p q) are
 *                independent (Bartlett 1946), and atanh r has the variance 1 / (n - 3) (Fisher).
 *   threshold_best  the same at level alpha / (number of lags) each (Bonferroni), of the best of
 *                all lags; too high rather than too low, since lags depend on one another
 * Lags at which fewer than three volumes have power are NaN, and `undefined` says how many.
 */
#include <gsl/gsl_cdf.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "meso_analysis.h"
#include "meso_analytic.h"
#include "meso_spectral.h"

static const meso_formula formulas[] = {
  {"power", "mean over the contacts of |a(t)|^2 / 2, a the analytic signal in the band",
   "Logothetis et al. 2001, Nature 412:150, doi 10.1038/35084005"},
  {"correlation",
   "Pearson's over volumes, BOLD at t_k with the mean power over one TR around t_k - lag",
   "Logothetis et al. 2001, Nature 412:150, doi 10.1038/35084005"},
  {"threshold", "tanh(z / sqrt(n - 3)), n = N / (1 + 2 sum p q) independent volumes of N, p and q "
   "the autocorrelations, z the normal quantile 1 - alpha / 2",
   "Bartlett 1946, J. R. Stat. Soc. Suppl. 8:27, doi 10.2307/2983611; Fisher 1921, Metron 1:3"},
  {NULL, NULL, NULL}
};

static const meso_array_axes axes[] = {
  {"correlation", "band_edges_Hz,lag_s"},
  {"power", "band_edges_Hz,time_s"},
  {"bold", "time_s"},
  {"*", "band_edges_Hz"},
  {NULL, NULL}
};

typedef struct neurovascular_params {
  char *lfp, *bold, *region;
  double discard_ms, max_lag_s, lag_step_s, alpha;
  meso_doubles bands_Hz;
} neurovascular_params;

#define NUMBER(k, u, low, high, standard, text) \
  {.key = #k, .type = MESO_PARAM_DOUBLE, .unit = u, .min = low, .max = high, .min_open = true, \
   .default_text = standard, .offset = offsetof(neurovascular_params, k), .help = text}
#define TEXT(k, standard, text) \
  {.key = #k, .type = MESO_PARAM_STRING, .unit = "", .default_text = standard, \
   .offset = offsetof(neurovascular_params, k), .help = text}

static const meso_param rows[] = {
  TEXT(lfp, "lfp", "name of the field's signal"),
  TEXT(bold, "bold", "name of the BOLD signal"),
  TEXT(region, "", "label of a channel of it; empty: column if there is one, else their mean"),
  {.key = "bands_Hz", .type = MESO_PARAM_DOUBLES, .unit = "Hz", .min = 0, .max = 1e9,
   .default_text = "1,4,8,12,18,30,40,100", .offset = offsetof(neurovascular_params, bands_Hz),
   .help = "edges of the bands, ascending"},
  {.key = "discard_ms", .type = MESO_PARAM_DOUBLE, .unit = "ms", .min = 0, .max = 1e12,
   .default_text = "0", .offset = offsetof(neurovascular_params, discard_ms),
   .help = "time left out at the start of both"},
  NUMBER(max_lag_s, "s", 0, 1e4, "20", "largest lag, both ways"),
  NUMBER(lag_step_s, "s", 0, 100, "0.5", "from lag to lag"),
  NUMBER(alpha, "1", 0, 0.5, "0.05", "level of the threshold"),
  {.key = NULL}
};

/* ---- signals ------------------------------------------------------------------------------ */

/* sum[band * (n + 1) + t]: power of samples 0 .. t - 1, mean over the contacts. */
static meso_status sum_powers(const meso_doubles *bands, const meso_signal *lfp, double *sum,
                              meso_err *err)
{
  meso_status status = MESO_OK;
  const size_t n = lfp->n_times, C = lfp->n_channels, B = bands->n - 1;
  meso_analytic analytic = {.n = 0};
  fftw_complex *z = fftw_malloc((n + 1) * sizeof *z);
  if (z == NULL) MESO_FAIL(err, MESO_ENOMEM, "cannot allocate a transform of %zu samples", n);
  MESO_TRY(meso_analytic_make(n, lfp->sampling_rate_Hz, &analytic, err));
  for (size_t b = 0; b < B; b++) {
    double *s = sum + b * (n + 1);
    for (size_t c = 0; c < C; c++) {
      meso_analytic_signal(&analytic, lfp->data + c, C, bands->v[b], bands->v[b + 1], z);
      for (size_t t = 0; t < n; t++)
        s[t + 1] += 0.5 * (z[t][0] * z[t][0] + z[t][1] * z[t][1]) / (double) C;
    }
    for (size_t t = 0; t < n; t++) s[t + 1] += s[t];
  }
cleanup:
  fftw_free(z);
  meso_analytic_clear(&analytic);
  return status;
}

/* Mean power between two times (in samples of the LFP), NaN if they are not within it. */
static double mean_power(const double *sum, size_t n, double from, double to)
{
  const double first = round(from), stop = round(to);
  if (!(first >= 0 && stop <= (double) n && stop > first)) return NAN;
  return (sum[(size_t) stop] - sum[(size_t) first]) / (stop - first);
}

/* The channel called `region`, or the mean of all. Returns false if there is no such channel. */
static bool fill_bold(const meso_signal *bold, const char *region, double *y)
{
  const char *name = region[0] != '\0' ? region : "column";
  size_t at = bold->n_channels;
  for (size_t c = 0; bold->label != NULL && c < bold->n_channels; c++)
    if (bold->label[c] != NULL && strcmp(bold->label[c], name) == 0) at = c;
  if (at == bold->n_channels && region[0] != '\0') return false;
  for (size_t k = 0; k < bold->n_times; k++) {
    const double *row = bold->data + k * bold->n_channels;
    double sum = 0;
    for (size_t c = 0; c < bold->n_channels; c++) sum += row[c] / (double) bold->n_channels;
    y[k] = at < bold->n_channels ? row[at] : sum;
  }
  return true;
}

/* ---- correlation -------------------------------------------------------------------------- */

/* Of n values; pairs with a value that is not finite are left out, *ret_n are left. */
static double pearson(const double *x, const double *y, size_t n, size_t *ret_n)
{
  double m = 0, mean[2] = {0}, s[3] = {0};
  for (size_t i = 0; i < n; i++)
    if (isfinite(x[i]) && isfinite(y[i])) m++, mean[0] += x[i], mean[1] += y[i];
  for (size_t i = 0; i < n; i++) {
    if (!isfinite(x[i]) || !isfinite(y[i])) continue;
    const double u = x[i] - mean[0] / m, v = y[i] - mean[1] / m;
    s[0] += u * u, s[1] += v * v, s[2] += u * v;
  }
  *ret_n = (size_t) m;
  return m >= 3 && s[0] * s[1] > 0 ? fmax(-1, fmin(1, s[2] / sqrt(s[0] * s[1]))) : NAN;
}

/* Independent ones among n volumes: Bartlett's sum, up to a quarter of them. */
static double independent(const double *x, const double *y, size_t n)
{
  double sum = 0;
  for (size_t l = 1; l < n / 4; l++) {
    size_t m = 0;
    sum += pearson(x, x + l, n - l, &m) * pearson(y, y + l, n - l, &m);
  }
  const double worth = (double) n / (1 + 2 * sum);
  return isfinite(worth) ? fmax(1, fmin((double) n, worth)) : NAN;
}

/* ---- the whole ---------------------------------------------------------------------------- */

enum { BEST_LAG, BEST_R, N_VOLUMES, N_INDEPENDENT, THRESHOLD, THRESHOLD_BEST, N_BEST };

typedef struct work {
  const neurovascular_params *p;
  meso_signal lfp, bold;
  double *sum, *y, *x;   /* powers summed over time; BOLD; powers around the volumes */
  double *correlation, *power, *best[N_BEST];
} work;

/* Power around t_k - lag for every volume. */
static void fill_powers(const work *w, size_t band, double lag_s, double *x)
{
  const meso_signal *l = &w->lfp, *b = &w->bold;
  const double TR = l->sampling_rate_Hz / b->sampling_rate_Hz; /* samples of the LFP */
  const double start = 1e-3 * (b->t_start_ms - l->t_start_ms) - lag_s;
  for (size_t k = 0; k < b->n_times; k++) {
    const double middle = start * l->sampling_rate_Hz + (double) k * TR;
    x[k] = mean_power(w->sum + band * (l->n_times + 1), l->n_times, middle - 0.5 * TR,
                      middle + 0.5 * TR);
  }
}

/* |r| that unrelated signals exceed with probability alpha. */
static double threshold_at(double alpha, double freedom)
{
  return freedom > 0 ? tanh(gsl_cdf_ugaussian_Qinv(0.5 * alpha) / sqrt(freedom)) : NAN;
}

static void run_band(const work *w, size_t band, size_t n_lags, const double *lag_s)
{
  const size_t n = w->bold.n_times;
  double *r = w->correlation + band * n_lags, freedom;
  size_t best = 0, m = 0, n_tests = 0;
  for (size_t l = 0; l < n_lags; l++) {
    fill_powers(w, band, lag_s[l], w->x);
    r[l] = pearson(w->x, w->y, n, &m);
    n_tests += isfinite(r[l]);
    if (isnan(r[best]) || fabs(r[l]) > fabs(r[best])) best = l;
  }
  fill_powers(w, band, 0, w->power + band * n);
  fill_powers(w, band, lag_s[best], w->x);
  w->best[BEST_R][band] = pearson(w->x, w->y, n, &m);
  w->best[BEST_LAG][band] = isfinite(r[best]) ? lag_s[best] : NAN;
  w->best[N_VOLUMES][band] = (double) m;
  w->best[N_INDEPENDENT][band] = fmin((double) m, independent(w->x, w->y, n));
  freedom = w->best[N_INDEPENDENT][band] - 3;
  w->best[THRESHOLD][band] = threshold_at(w->p->alpha, freedom);
  w->best[THRESHOLD_BEST][band] =
    n_tests > 0 ? threshold_at(w->p->alpha / (double) n_tests, freedom) : NAN;
}

static meso_status set_undefined(const work *w, size_t n_lags, meso_attrs *a, meso_err *err)
{
  meso_status status = MESO_OK;
  size_t n = 0;
  char text[160];
  for (size_t l = 0; l < n_lags; l++) n += isnan(w->correlation[l]);
  if (n == 0) goto cleanup;
  (void) snprintf(text, sizeof text, "%zu of %zu lags: too few volumes lie within the LFP then, or "
                  "nothing varies", n, n_lags);
  MESO_TRY(meso_attrs_set_text(a, "undefined", text, err));
cleanup:
  return status;
}

static meso_status add_arrays(work *w, size_t n_lags, double **ret_lag_s, meso_result *result,
                              meso_err *err)
{
  static const struct { const char *name, *units; } best[N_BEST] = {
    {"best_lag", "s"}, {"best_correlation", "1"}, {"n_volumes", "1"}, {"n_independent", "1"},
    {"threshold", "1"}, {"threshold_best", "1"}};
  static const char group[] = "/neurovascular";
  meso_status status = MESO_OK;
  const size_t B = w->p->bands_Hz.n - 1, n = w->bold.n_times;
  const size_t by_lag[2] = {B, n_lags}, by_time[2] = {B, n};
  char units[128];
  double *time_s = NULL, *y = NULL;
  (void) snprintf(units, sizeof units, "(%.100s)^2", w->lfp.units);
  MESO_TRY(meso_result_add_vector(result, "/neurovascular/band_edges_Hz", "Hz", B + 1,
                                  w->p->bands_Hz.v, err));
  MESO_TRY(meso_result_add_in(result, group, "lag_s", "s", 1, &n_lags, ret_lag_s, err));
  MESO_TRY(meso_result_add_in(result, group, "correlation", "1", 2, by_lag, &w->correlation, err));
  for (int i = 0; i < N_BEST; i++)
    MESO_TRY(meso_result_add_in(result, group, best[i].name, best[i].units, 1, &B, &w->best[i],
                                err));
  MESO_TRY(meso_result_add_in(result, group, "power", units, 2, by_time, &w->power, err));
  MESO_TRY(meso_result_add_in(result, group, "bold", w->bold.units, 1, &n, &y, err));
  MESO_TRY(meso_result_add_in(result, group, "time_s", "s", 1, &n, &time_s, err));
  for (size_t k = 0; k < n; k++)
    time_s[k] = 1e-3 * w->bold.t_start_ms + (double) k / w->bold.sampling_rate_Hz;
  memcpy(y, w->y, n * sizeof *y);
cleanup:
  return status;
}

static meso_status prepare(const meso_signals *signals, work *w, meso_err *err)
{
  meso_status status = MESO_OK;
  const neurovascular_params *p = w->p;
  MESO_TRY(meso_signal_select(signals, p->lfp, p->discard_ms, &w->lfp, err));
  MESO_TRY(meso_signal_select(signals, p->bold, p->discard_ms, &w->bold, err));
  MESO_TRY(meso_bands_check(&p->bands_Hz, 2, 0.5 * w->lfp.sampling_rate_Hz, err));
  if (!(w->bold.sampling_rate_Hz < w->lfp.sampling_rate_Hz))
    MESO_FAIL(err, MESO_EINVAL, "signal %s at %g Hz is not slower than %s at %g Hz", w->bold.name,
              w->bold.sampling_rate_Hz, w->lfp.name, w->lfp.sampling_rate_Hz);
  if (w->bold.n_times < 8)
    MESO_FAIL(err, MESO_EINVAL, "signal %s: %zu volumes are too few to correlate", w->bold.name,
              w->bold.n_times);
  if (!(p->max_lag_s / p->lag_step_s <= 1e5))
    MESO_FAIL(err, MESO_ERANGE, "lag_step_s %g s: more than 1e5 lags", p->lag_step_s);
  MESO_ALLOC(err, w->y, w->bold.n_times);
  MESO_ALLOC(err, w->x, w->bold.n_times);
  if (!fill_bold(&w->bold, p->region, w->y))
    MESO_FAIL(err, MESO_EINVAL, "region %s: signal %s has no channel of that name", p->region,
              w->bold.name);
  if (w->lfp.n_times > SIZE_MAX / 16 / p->bands_Hz.n)
    MESO_FAIL(err, MESO_ENOMEM, "powers of %zu samples are too many", w->lfp.n_times);
  MESO_ALLOC_ALIGNED(err, w->sum, (p->bands_Hz.n - 1) * (w->lfp.n_times + 1));
  MESO_TRY(sum_powers(&p->bands_Hz, &w->lfp, w->sum, err));
cleanup:
  return status;
}

static meso_status run(const void *params, const meso_spikes *spikes, const meso_signals *signals,
                       int n_threads, meso_result *result, meso_err *err)
{
  meso_status status = MESO_OK;
  work w = {.p = params};
  double *lag_s = NULL;
  (void) spikes;
  MESO_TRY(prepare(signals, &w, err));
  const size_t half = (size_t) floor(w.p->max_lag_s / w.p->lag_step_s + 1e-9), L = 2 * half + 1;
  MESO_TRY(add_arrays(&w, L, &lag_s, result, err));
  for (size_t l = 0; l < L; l++) lag_s[l] = ((double) l - (double) half) * w.p->lag_step_s;
  for (size_t b = 0; b + 1 < w.p->bands_Hz.n; b++) run_band(&w, b, L, lag_s);
  (void) n_threads;
  meso_attrs *a = meso_result_group_attrs(result, "/neurovascular");
  if (a == NULL) MESO_FAIL(err, MESO_ENOMEM, "cannot allocate attributes");
  MESO_TRY(meso_attrs_set_text(a, "lfp", w.lfp.name, err));
  MESO_TRY(meso_attrs_set_text(a, "bold", w.bold.name, err));
  MESO_TRY(meso_attrs_set_text(a, "region", w.p->region, err));
  MESO_TRY(meso_attrs_set_text(a, "lag", "positive: BOLD follows", err));
  MESO_TRY(meso_attrs_set_number(a, "n_contacts", (double) w.lfp.n_channels, err));
  MESO_TRY(meso_attrs_set_number(a, "TR_s", 1 / w.bold.sampling_rate_Hz, err));
  MESO_TRY(meso_attrs_set_number(a, "discard_ms", w.p->discard_ms, err));
  MESO_TRY(meso_attrs_set_number(a, "alpha", w.p->alpha, err));
  MESO_TRY(set_undefined(&w, L, a, err));
cleanup:
  free(w.sum);
  free(w.x);
  free(w.y);
  return status;
}

const meso_analysis_ops meso_an_neurovascular = {
  .name = "neurovascular", .summary = "power of the LFP in bands against BOLD, by lag",
  .input = MESO_INPUT_SIGNALS, .n_signal_files = 2, .params = rows,
  .params_size = sizeof(neurovascular_params), .run = run,
  .takes = "signals: an LFP, then BOLD",
  .formulas = formulas,
  .axes = axes
};
