/* an_connectivity.c: functional connectivity of a signal's channels (BOLD of regions).
 *
 * 1. correlation     Pearson, of all pairs
 * 2. partial         correlation given all other channels, from the inverse of the correlations
 * 3. lagged          the correlation of largest size within +-max_lag_s, and its lag: positive, the
 *                    column follows the row
 * 4. dynamics        Pearson of each window; similarity of two windows is the correlation of their
 *                    matrices above the diagonal, which is left out
 * 5. comparison      with a measured matrix: correlation r over the pairs above the diagonal, its
 *                    95 % interval by Fisher's z as if pairs were independent, and p by permuting
 *                    the regions of one matrix: (1 + number of r as large) / (1 + permutations)
 */
#include <gsl/gsl_linalg.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "meso_analysis.h"
#include "meso_rng.h"
#include "meso_spectral.h"
#include "meso_text_table.h"

static const meso_formula formulas[] = {
  {"correlation", "Pearson's r of two channels",
   "Friston 1994, Hum. Brain Mapp. 2:56, doi 10.1002/hbm.460020107"},
  {"partial", "-P_ij / sqrt(P_ii P_jj), P the inverse of the correlations",
   "Marrelec et al. 2006, NeuroImage 32:228, doi 10.1016/j.neuroimage.2005.12.057"},
  {"lagged", "the correlation of largest size within +-max_lag_s",
   "Mitra et al. 2014, J. Neurophysiol. 111:2374, doi 10.1152/jn.00804.2013 (lags of "
   "BOLD by correlation)"},
  {"lag", "the lag of it: positive, the column follows the row",
   "Mitra et al. 2014, doi 10.1152/jn.00804.2013"},
  {"dynamics", "with --window-s: correlation over pairs of the matrices of two windows",
   "Hansen et al. 2015, NeuroImage 105:525, doi 10.1016/j.neuroimage.2014.11.001"},
  {NULL, NULL, NULL}
};

static const meso_array_axes axes[] = {
  {"correlation,partial,lagged,lag,measured", "labels,labels"},
  {"dynamics", "window_s,window_s"},
  {NULL, NULL}
};

typedef struct connectivity_params {
  char *signal, *measured;
  double discard_ms, max_lag_s, window_s, window_step_s;
  int64_t permutations, seed;
} connectivity_params;

#define NUMBER(k, u, low, high, standard, text) \
  {.key = #k, .type = MESO_PARAM_DOUBLE, .unit = u, .min = low, .max = high, \
   .default_text = standard, .offset = offsetof(connectivity_params, k), .help = text}
#define WHOLE(k, low, high, standard, text) \
  {.key = #k, .type = MESO_PARAM_INT, .unit = "1", .min = low, .max = high, \
   .default_text = standard, .offset = offsetof(connectivity_params, k), .help = text}
#define TEXT(k, standard, text) \
  {.key = #k, .type = MESO_PARAM_STRING, .unit = "", .default_text = standard, \
   .offset = offsetof(connectivity_params, k), .help = text}

static const meso_param rows[] = {
  TEXT(signal, "", "name; empty: bold, else lfp, else the first one"),
  TEXT(measured, "", "text file of a matrix that is compared; rows and columns as the channels"),
  NUMBER(discard_ms, "ms", 0, 1e12, "0", "time left out at the start of the recording"),
  NUMBER(max_lag_s, "s", 0, 1e6, "10", "largest lag; at most a quarter of the recording"),
  NUMBER(window_s, "s", 0, 1e9, "60", "window of the dynamics"),
  NUMBER(window_step_s, "s", 0, 1e9, "10", "from window to window"),
  WHOLE(permutations, 0, 1e7, "1000", "of the comparison"),
  WHOLE(seed, 1, 7e16, "1", "of the permutations"),
  {.key = NULL}
};

/* ---- 1. correlation ----------------------------------------------------------------------- */

/* r of samples first .. first + n - 1 of channel a with those of b `lag` later; NaN where a channel
 * does not vary. Means and variances are those of the overlap. */
static double correlate(const meso_signal *s, size_t first, size_t n, size_t a, size_t b,
                        ptrdiff_t lag)
{
  const size_t from = lag < 0 ? first + (size_t) -lag : first;
  const size_t m = n - (size_t) (lag < 0 ? -lag : lag);
  double mean[2] = {0}, sum[3] = {0};
  for (size_t i = from; i < from + m; i++) {
    mean[0] += s->data[i * s->n_channels + a] / (double) m;
    mean[1] += s->data[(size_t) ((ptrdiff_t) i + lag) * s->n_channels + b] / (double) m;
  }
  for (size_t i = from; i < from + m; i++) {
    const double x = s->data[i * s->n_channels + a] - mean[0];
    const double y = s->data[(size_t) ((ptrdiff_t) i + lag) * s->n_channels + b] - mean[1];
    sum[0] += x * x;
    sum[1] += y * y;
    sum[2] += x * y;
  }
  for (int i = 0; i < 2; i++) /* what is left of a constant by rounding its mean */
    if (!(sum[i] > 1e-24 * (double) m * mean[i] * mean[i])) return NAN;
  return fmax(-1, fmin(1, sum[2] / sqrt(sum[0] * sum[1])));
}

static void fill_correlation(const meso_signal *s, size_t first, size_t n, int n_threads, double *r)
{
  const size_t N = s->n_channels;
#pragma omp parallel for num_threads(n_threads) schedule(dynamic, 1)
  for (size_t a = 0; a < N; a++)
    for (size_t b = a; b < N; b++) r[a * N + b] = correlate(s, first, n, a, b, 0);
  for (size_t a = 0; a < N; a++)
    for (size_t b = 0; b < a; b++) r[a * N + b] = r[b * N + a];
}

/* ---- 2. partial correlation --------------------------------------------------------------- */

/* From the inverse P of r: -P_ab / sqrt(P_aa P_bb). NaN throughout where r has no inverse. */
static meso_status fill_partial(const double *r, size_t N, double *partial, meso_err *err)
{
  meso_status status = MESO_OK;
  gsl_matrix *m = gsl_matrix_alloc(N, N);
  bool regular = true;
  if (m == NULL) MESO_FAIL(err, MESO_ENOMEM, "cannot allocate a matrix of %zu channels", N);
  for (size_t i = 0; i < N * N; i++) {
    m->data[i / N * m->tda + i % N] = r[i];
    regular = regular && isfinite(r[i]);
  }
  regular = regular && gsl_linalg_cholesky_decomp1(m) == 0;
  for (size_t i = 0; i < N && regular; i++) regular = gsl_matrix_get(m, i, i) > 1e-7;
  regular = regular && gsl_linalg_cholesky_invert(m) == 0;
  for (size_t a = 0; a < N; a++)
    for (size_t b = 0; b < N; b++)
      partial[a * N + b] = !regular ? NAN : a == b ? 1 : -gsl_matrix_get(m, a, b)
        / sqrt(gsl_matrix_get(m, a, a) * gsl_matrix_get(m, b, b));
cleanup:
  gsl_matrix_free(m);
  return status;
}

/* ---- 3. lagged correlation ---------------------------------------------------------------- */

static void fill_lagged(const meso_signal *s, size_t max_lag, int n_threads, double *r,
                        double *lag_s)
{
  const size_t N = s->n_channels;
#pragma omp parallel for num_threads(n_threads) schedule(dynamic, 1)
  for (size_t a = 0; a < N; a++)
    for (size_t b = 0; b < N; b++) {
      double best = correlate(s, 0, s->n_times, a, b, 0);
      ptrdiff_t at = 0;
      for (ptrdiff_t l = 1; l <= (ptrdiff_t) max_lag; l++)
        for (int sign = -1; sign <= 1; sign += 2) { /* of equals the shortest, negative first */
          const double c = correlate(s, 0, s->n_times, a, b, sign * l);
          if (!(fabs(c) > fabs(best) + 1e-12)) continue;
          best = c;
          at = sign * l;
        }
      r[a * N + b] = best;
      lag_s[a * N + b] = isfinite(best) ? (double) at / s->sampling_rate_Hz : NAN;
    }
}

/* ---- 4. dynamics -------------------------------------------------------------------------- */

/* Correlation of what two matrices hold above the diagonal; of the second, row and column k are
 * those of place[k] (NULL: k). */
static double similarity(const double *x, const double *y, size_t N, const size_t *place)
{
  double n = 0, mean[2] = {0}, sum[3] = {0};
  for (int pass = 0; pass < 2; pass++) {
    for (size_t a = 0; a < N; a++)
      for (size_t b = a + 1; b < N; b++) {
        const double u = x[a * N + b];
        const double v = place != NULL ? y[place[a] * N + place[b]] : y[a * N + b];
        if (pass == 0) {
          n++;
          mean[0] += u;
          mean[1] += v;
        } else {
          sum[0] += (u - mean[0]) * (u - mean[0]);
          sum[1] += (v - mean[1]) * (v - mean[1]);
          sum[2] += (u - mean[0]) * (v - mean[1]);
        }
      }
    if (pass == 0) for (int i = 0; i < 2; i++) mean[i] /= n;
  }
  const double scale = sqrt(sum[0] * sum[1]);
  return scale > 0 ? fmax(-1, fmin(1, sum[2] / scale)) : NAN;
}

static meso_status add_dynamics(const connectivity_params *p, const meso_signal *s, int n_threads,
                                meso_result *result, meso_attrs *a, meso_err *err)
{
  meso_status status = MESO_OK;
  const size_t N = s->n_channels;
  const size_t width = (size_t) round(p->window_s * s->sampling_rate_Hz);
  const size_t step = (size_t) fmax(1, round(p->window_step_s * s->sampling_rate_Hz));
  double *r = NULL;
  meso_array *array = NULL;
  if (width < 3 || width > s->n_times || N < 3) {
    MESO_TRY(meso_attrs_set_text(a, "dynamics_empty", N < 3 ? "fewer than three channels"
                                 : width < 3 ? "a window has fewer than three samples"
                                 : "the recording is shorter than a window", err));
    goto cleanup;
  }
  const size_t W = (s->n_times - width) / step + 1, dims[2] = {W, W};
  if (W > SIZE_MAX / sizeof *r / N / N) MESO_FAIL(err, MESO_ENOMEM, "too many windows");
  MESO_ALLOC(err, r, W * N * N);
  for (size_t w = 0; w < W; w++) fill_correlation(s, w * step, width, n_threads, r + w * N * N);
  MESO_TRY(meso_result_add(result, "/connectivity/dynamics", "1", 2, dims, &array, err));
  for (size_t v = 0; v < W; v++)
    for (size_t w = 0; w < W; w++)
      array->data[v * W + w] = v == w ? 1 : similarity(r + v * N * N, r + w * N * N, N, NULL);
  MESO_TRY(meso_result_add(result, "/connectivity/window_s", "s", 1, dims, &array, err));
  for (size_t w = 0; w < W; w++)
    array->data[w] = 1e-3 * s->t_start_ms
                     + ((double) (w * step) + 0.5 * (double) width) / s->sampling_rate_Hz;
cleanup:
  free(r);
  return status;
}

/* ---- 5. comparison ------------------------------------------------------------------------ */

/* Fisher and Yates; the number of each draw is counted by permutation and place. */
static void permute(meso_rng_key key, uint32_t permutation, size_t N, size_t *place)
{
  for (size_t i = 0; i < N; i++) place[i] = i;
  for (size_t i = N - 1; i > 0; i--) {
    uint32_t word[4];
    meso_rng_block(key, (uint32_t[4]) {permutation, (uint32_t) i, 0, 0}, word);
    const size_t j = (size_t) (meso_rng_uniform(word[0], word[1]) * (double) (i + 1)), k = place[i];
    place[i] = place[j];
    place[j] = k;
  }
}

/* A measured matrix of N regions. Permutations take values from both sides of the diagonal, so
 * these must be the same. */
static meso_status read_measured(const char *path, size_t N, meso_text_table *t, meso_err *err)
{
  meso_status status = MESO_OK;
  MESO_TRY(meso_text_table_read(path, t, err));
  if (t->n_rows != N || t->n_columns != N)
    MESO_FAIL(err, MESO_EINVAL, "%s: %zu rows of %zu numbers, but there are %zu channels", path,
              t->n_rows, t->n_columns, N);
  if (N < 4) MESO_FAIL(err, MESO_EINVAL, "%s: fewer than four regions to compare", path);
  for (size_t a = 0; a < N; a++)
    for (size_t b = a + 1; b < N; b++) {
      const double above = t->data[a * N + b], below = t->data[b * N + a];
      if (fabs(above - below) > 1e-6 * fmax(1, fmax(fabs(above), fabs(below))))
        MESO_FAIL(err, MESO_EINVAL, "%s:%zu: not symmetric: column %zu of row %zu is %g, but "
                  "column %zu of row %zu is %g", path, t->line[b], a + 1, b + 1, below, b + 1,
                  a + 1, above);
    }
cleanup:
  return status;
}

static meso_status add_comparison(const connectivity_params *p, const double *r, size_t N,
                                  meso_result *result, meso_attrs *a, meso_err *err)
{
  meso_status status = MESO_OK;
  meso_text_table t = {0};
  meso_array *array = NULL;
  size_t *place = NULL, n_larger = 0;
  const size_t dims[2] = {N, N};
  const meso_rng_key key = meso_rng_key_make(p->seed, MESO_RNG_PERMUTATION);
  if (p->measured[0] == '\0') goto cleanup;
  MESO_TRY(read_measured(p->measured, N, &t, err));
  MESO_ALLOC(err, place, N);
  const double observed = similarity(r, t.data, N, NULL), n = 0.5 * (double) (N * (N - 1));
  if (!isfinite(observed))
    MESO_FAIL(err, MESO_EINVAL, "%s: cannot be compared: a channel of the recording or all pairs "
              "of the matrix do not vary", p->measured);
  for (int64_t i = 0; i < p->permutations; i++) {
    permute(key, (uint32_t) i, N, place);
    n_larger += similarity(r, t.data, N, place) >= observed - 1e-12;
  }
  MESO_TRY(meso_result_add(result, "/connectivity/measured", "1", 2, dims, &array, err));
  memcpy(array->data, t.data, N * N * sizeof *array->data);
  const double z = atanh(observed), half = 1.959964 / sqrt(n - 3);
  const struct { const char *key; double value; } number[] = {
    {"comparison_r", observed}, {"comparison_r_low", tanh(z - half)},
    {"comparison_r_high", tanh(z + half)}, {"comparison_pairs", n},
    {"comparison_p", (1 + (double) n_larger) / (1 + (double) p->permutations)},
    {"permutations", (double) p->permutations}, {"seed", (double) p->seed}};
  for (size_t i = 0; i < sizeof number / sizeof number[0]; i++)
    MESO_TRY(meso_attrs_set_number(a, number[i].key, number[i].value, err));
cleanup:
  meso_text_table_clear(&t);
  free(place);
  return status;
}

static meso_status describe(const connectivity_params *p, const meso_signal *s, double max_lag,
                            meso_attrs *a, meso_err *err)
{
  meso_status status = MESO_OK;
  MESO_TRY(meso_attrs_set_text(a, "signal", s->name, err));
  MESO_TRY(meso_attrs_set_number(a, "discard_ms", p->discard_ms, err));
  MESO_TRY(meso_attrs_set_number(a, "n_samples", (double) s->n_times, err));
  MESO_TRY(meso_attrs_set_number(a, "max_lag_s", max_lag / s->sampling_rate_Hz, err));
  MESO_TRY(meso_attrs_set_number(a, "window_s", p->window_s, err));
  MESO_TRY(meso_attrs_set_number(a, "window_step_s", p->window_step_s, err));
  MESO_TRY(meso_attrs_set_text(a, "lag", "positive: the column follows the row", err));
cleanup:
  return status;
}

/* Where a matrix (or the dynamics) has no value, why: "undefined" of the array. */
static meso_status explain_gaps(meso_result *result, const double *r, size_t N, meso_err *err)
{
  static const char *const path[] = {
    "/connectivity/correlation", "/connectivity/lagged", "/connectivity/lag",
    "/connectivity/partial", "/connectivity/dynamics"};
  meso_status status = MESO_OK;
  size_t n_constant = 0, first = 0;
  char text[160];
  for (size_t a = N; a-- > 0;)
    if (isnan(r[a * N + a])) n_constant++, first = a;
  for (size_t k = 0; k < sizeof path / sizeof path[0]; k++) {
    meso_array *array = meso_result_find(result, path[k]);
    bool gap = false;
    for (size_t i = 0; array != NULL && i < meso_array_count(array); i++)
      gap = gap || isnan(array->data[i]);
    if (!gap) continue;
    if (n_constant > 0)
      (void) snprintf(text, sizeof text, "%zu of %zu channels do not vary, the first of them "
                      "channel %zu", n_constant, N, first);
    else
      (void) snprintf(text, sizeof text, "%s", k == 3 ? "the correlations have no inverse: a "
                      "channel is a sum of others, or there are fewer samples than channels"
                      : "a channel that does not vary in a window");
    MESO_TRY(meso_attrs_set_text(&array->attrs, "undefined", text, err));
  }
cleanup:
  return status;
}

static meso_status run(const void *params, const meso_spikes *spikes, const meso_signals *signals,
                       int n_threads, meso_result *result, meso_err *err)
{
  static const char *const path[4] = {"/connectivity/correlation", "/connectivity/partial",
                                      "/connectivity/lagged", "/connectivity/lag"};
  meso_status status = MESO_OK;
  const connectivity_params *p = params;
  meso_signal s = {0};
  double *m[4] = {NULL};
  (void) spikes;
  const char *name = p->signal[0] == '\0' && meso_signals_find(signals, "bold") != NULL ? "bold"
                                                                                       : p->signal;
  MESO_TRY(meso_signal_select(signals, name, p->discard_ms, &s, err));
  const size_t N = s.n_channels, dims[2] = {N, N};
  const double max_lag = fmin(floor(p->max_lag_s * s.sampling_rate_Hz + 1e-9),
                              floor(0.25 * (double) s.n_times));
  if (N < 2) MESO_FAIL(err, MESO_EINVAL, "signal %s has %zu channels: no pairs", s.name, N);
  if (s.n_times < 3)
    MESO_FAIL(err, MESO_EINVAL, "signal %s: %zu samples are too few to correlate", s.name,
              s.n_times);
  for (int i = 0; i < 4; i++) {
    meso_array *array = NULL;
    MESO_TRY(meso_result_add(result, path[i], i == 3 ? "s" : "1", 2, dims, &array, err));
    m[i] = array->data;
  }
  fill_correlation(&s, 0, s.n_times, n_threads, m[0]);
  MESO_TRY(fill_partial(m[0], N, m[1], err));
  fill_lagged(&s, (size_t) max_lag, n_threads, m[2], m[3]);
  if (s.label != NULL)
    MESO_TRY(meso_result_add_text(result, "/connectivity/labels", N,
                                  (const char *const *) s.label, err));
  meso_attrs *a = meso_result_group_attrs(result, "/connectivity");
  if (a == NULL) MESO_FAIL(err, MESO_ENOMEM, "cannot allocate attributes");
  MESO_TRY(describe(p, &s, max_lag, a, err));
  MESO_TRY(add_dynamics(p, &s, n_threads, result, a, err));
  MESO_TRY(explain_gaps(result, m[0], N, err));
  MESO_TRY(add_comparison(p, m[0], N, result, a, err));
cleanup:
  return status;
}

const meso_analysis_ops meso_an_connectivity = {
  .name = "connectivity",
  .summary = "functional connectivity: Pearson, partial, lagged, dynamics, against a measured one",
  .input = MESO_INPUT_SIGNALS, .params = rows, .params_size = sizeof(connectivity_params),
  .run = run,
  .takes = "a signal of regions",
  .formulas = formulas,
  .axes = axes
};
