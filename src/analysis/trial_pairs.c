/* trial_pairs.c: signal and noise correlations of all pairs.
 *
 * Both are products of rows of unit length. The mean over the pairs of two populations is then the
 * product of the populations' sums, less that of each row with itself, which makes surrogates of
 * the mean as cheap as the rows. Blocks of rows are summed in their order: no bit depends on the
 * number of threads. */
#include "trial_pairs.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "meso_surrogate.h"

enum { BLOCK_ROWS = 64, CHUNK = 256 };

/* ---- rows ----------------------------------------------------------------------------------- */

static meso_status rows_make(size_t n_columns, size_t n_rows, trial_rows *rows, meso_err *err)
{
  meso_status status = MESO_OK;
  *rows = (trial_rows) {.n_columns = n_columns};
  MESO_ALLOC(err, rows->value, n_columns * n_rows);
  MESO_ALLOC(err, rows->defined, n_rows);
cleanup:
  return status;
}

void trial_rows_clear(trial_rows *rows)
{
  free(rows->value);
  free(rows->defined);
  *rows = (trial_rows) {.n_columns = 0};
}

static double mean_of(size_t n, const double *x)
{
  double sum = 0;
  for (size_t k = 0; k < n; k++) sum += x[k];
  return sum / (double) n;
}

static double deviation_of(size_t n, const double *x, double mean)
{
  double squares = 0;
  for (size_t k = 0; k < n; k++) squares += (x[k] - mean) * (x[k] - mean);
  return sqrt(squares / (double) n);
}

/* Divides row i by its length. */
static void normalise(size_t n_rows, size_t i, trial_rows *rows)
{
  double squares = 0;
  for (size_t k = 0; k < rows->n_columns; k++)
    squares += rows->value[k * n_rows + i] * rows->value[k * n_rows + i];
  rows->defined[i] = squares > 0;
  for (size_t k = 0; k < rows->n_columns && squares > 0; k++)
    rows->value[k * n_rows + i] /= sqrt(squares);
}

meso_status trial_rows_noise(const trial_table *trials, size_t n_rows, const double *count,
                             trial_rows *rows, meso_err *err)
{
  meso_status status = MESO_OK;
  MESO_TRY(rows_make(trials->n, n_rows, rows, err));
  for (size_t i = 0; i < n_rows; i++) {
    const double *x = count + i * trials->n;
    for (size_t c = 0; c < trials->n_conditions; c++) {
      const size_t from = trials->first[c], n = trials->first[c + 1] - from;
      const double mean = mean_of(n, x + from), sd = deviation_of(n, x + from, mean);
      for (size_t k = from; k < from + n && sd > 0; k++)
        rows->value[k * n_rows + i] = (x[k] - mean) / sd;
    }
    normalise(n_rows, i, rows);
  }
cleanup:
  return status;
}

meso_status trial_rows_signal(size_t n_conditions, size_t n_rows, const double *mean,
                              trial_rows *rows, meso_err *err)
{
  meso_status status = MESO_OK;
  MESO_TRY(rows_make(n_conditions, n_rows, rows, err));
  for (size_t i = 0; i < n_rows && n_conditions > 2; i++) {
    const double *x = mean + i * n_conditions, all = mean_of(n_conditions, x);
    double largest = 0;
    for (size_t c = 0; c < n_conditions; c++) largest = fmax(largest, fabs(x[c]));
    /* equal means may differ by the rounding of their sums */
    if (!(deviation_of(n_conditions, x, all) > 1e-12 * largest)) continue;
    for (size_t c = 0; c < n_conditions; c++) rows->value[c * n_rows + i] = x[c] - all;
    normalise(n_rows, i, rows);
  }
cleanup:
  return status;
}

/* ---- pairs ---------------------------------------------------------------------------------- */

/* Correlations of row i with n rows from j on; NaN where there is none. */
static void correlate(const trial_rows *rows, size_t n_rows, size_t i, size_t j, size_t n,
                      double *r)
{
  for (size_t k = 0; k < n; k++) r[k] = 0;
  for (size_t t = 0; t < rows->n_columns; t++) {
    const double *x = rows->value + t * n_rows, own = x[i];
    for (size_t k = 0; k < n; k++) r[k] += own * x[j + k];
  }
  for (size_t k = 0; k < n; k++)
    r[k] = rows->defined[i] && rows->defined[j + k] ? fmax(-1, fmin(r[k], 1)) : NAN;
}

/* All pairs of row i of a population with later rows. */
static void add_row(const pair_summary *s, const trial_rows *rows, size_t i, size_t population,
                    double *full, pair_sums *x)
{
  double r[CHUNK];
  for (size_t b = population; b < s->n_populations; b++) {
    const size_t pair = pair_summary_index(s, population, b), last = s->first_row[b + 1];
    for (size_t j = b == population ? i + 1 : s->first_row[b]; j < last; j += CHUNK) {
      const size_t n = last - j < CHUNK ? last - j : CHUNK;
      correlate(rows, s->n_rows, i, j, n, r);
      pair_summary_count(s, i, j, n, pair, r, x);
      for (size_t k = 0; k < n && full != NULL; k++)
        full[i * s->n_rows + j + k] = full[(j + k) * s->n_rows + i] = r[k];
    }
  }
  if (full != NULL) full[i * s->n_rows + i] = rows->defined[i] ? 1 : NAN;
}

meso_status trial_pairs_add(const pair_summary *s, const trial_rows *rows, double *full,
                            int n_threads, pair_sums *total, meso_err *err)
{
  meso_status status = MESO_OK;
  const size_t n_blocks = (s->n_rows + BLOCK_ROWS - 1) / BLOCK_ROWS;
  bool short_of_memory = false;
#pragma omp parallel num_threads(n_threads)
  {
    pair_sums own = {.all = NULL};
    const bool fine = pair_sums_make(s, &own);
#pragma omp for ordered schedule(dynamic, 1)
    for (size_t block = 0; block < n_blocks; block++) {
      const size_t end = (block + 1) * BLOCK_ROWS;
      size_t population = 0;
      for (size_t i = block * BLOCK_ROWS; i < end && i < s->n_rows && fine; i++) {
        while (s->first_row[population + 1] <= i) population++;
        add_row(s, rows, i, population, full, &own);
      }
#pragma omp ordered
      if (fine) pair_sums_merge(s, &own, total);
    }
    if (!fine) {
#pragma omp atomic write
      short_of_memory = true;
    }
    pair_sums_clear(&own);
  }
  if (short_of_memory) MESO_FAIL(err, MESO_ENOMEM, "cannot allocate sums over pairs");
cleanup:
  return status;
}

/* ---- control -------------------------------------------------------------------------------- */

/* Sums of a population's rows in each trial, and how many rows there are. */
typedef struct population_sums { double *sum, *n; } population_sums;

static meso_status sums_make(const pair_summary *s, size_t n_trials, population_sums *x,
                             meso_err *err)
{
  meso_status status = MESO_OK;
  MESO_ALLOC(err, x->sum, s->n_populations * n_trials);
  MESO_ALLOC(err, x->n, s->n_populations);
cleanup:
  return status;
}

/* The means over the pairs of each two populations. Rows have length 1, so that those of one
 * population with themselves add up to their number. */
static void means_of(const pair_summary *s, size_t n_trials, const population_sums *x, double *mean)
{
  for (size_t a = 0; a < s->n_populations; a++)
    for (size_t b = a; b < s->n_populations; b++) {
      double product = 0;
      for (size_t t = 0; t < n_trials; t++)
        product += x->sum[a * n_trials + t] * x->sum[b * n_trials + t];
      const double n_pairs = a == b ? x->n[a] * (x->n[a] - 1) : x->n[a] * x->n[b];
      mean[pair_summary_index(s, a, b)] =
        n_pairs > 0 ? (product - (a == b ? x->n[a] : 0)) / n_pairs : NAN;
    }
}

/* Means of surrogate number `number`, or of the recording itself for none. row: room for trials. */
static void surrogate_means(const pair_summary *s, const trial_table *trials,
                            const trial_rows *noise, const meso_surrogate_draw *draw, double *row,
                            population_sums *x, double *mean)
{
  memset(x->sum, 0, s->n_populations * trials->n * sizeof *x->sum);
  memset(x->n, 0, s->n_populations * sizeof *x->n);
  for (size_t p = 0; p < s->n_populations; p++)
    for (size_t i = s->first_row[p]; i < s->first_row[p + 1]; i++) {
      if (!noise->defined[i]) continue;
      for (size_t t = 0; t < trials->n; t++) row[t] = noise->value[t * s->n_rows + i];
      for (size_t c = 0; c < trials->n_conditions && draw != NULL; c++) {
        meso_surrogate_rng rng = {*draw, (uint32_t) i, (uint32_t) c, 0};
        meso_surrogate_shuffle(&rng, trials->first[c + 1] - trials->first[c],
                               row + trials->first[c]);
      }
      for (size_t t = 0; t < trials->n; t++) x->sum[p * trials->n + t] += row[t];
      x->n[p]++;
    }
  means_of(s, trials->n, x, mean);
}

/* Surrogates of all numbers, over threads. null: (n_surrogates, pair). */
static meso_status make_null(const pair_summary *s, const trial_table *trials,
                             const trial_rows *noise, size_t n_surrogates, int64_t seed,
                             int n_threads, double *null, meso_err *err)
{
  meso_status status = MESO_OK;
  bool short_of_memory = false;
#pragma omp parallel num_threads(n_threads)
  {
    population_sums x = {NULL, NULL};
    double *row = meso_calloc(trials->n, sizeof *row);
    const bool fine = sums_make(s, trials->n, &x, NULL) == MESO_OK && row != NULL;
#pragma omp for schedule(dynamic, 1)
    for (size_t k = 0; k < n_surrogates; k++) {
      const meso_surrogate_draw draw = {seed, (uint32_t) k};
      if (fine) surrogate_means(s, trials, noise, &draw, row, &x, null + k * s->n_pairs);
    }
    if (!fine) {
#pragma omp atomic write
      short_of_memory = true;
    }
    free(row);
    free(x.sum);
    free(x.n);
  }
  if (short_of_memory) MESO_FAIL(err, MESO_ENOMEM, "cannot allocate surrogates of trials");
cleanup:
  return status;
}

/* Moments of the null distribution of one pair of populations, and how far out the mean lies. */
static void compare(const pair_summary *s, size_t pair, size_t n, const double *null,
                    trial_control *x)
{
  double sum = 0, squares = 0, n_high = 0, n_low = 0;
  for (size_t k = 0; k < n; k++) {
    const double m = null[k * s->n_pairs + pair];
    sum += m;
    squares += m * m;
    n_high += m >= x->mean;
    n_low += m <= x->mean;
  }
  const double N = (double) n;
  x->mean_shuffled = sum / N;
  x->sd_shuffled = sqrt(fmax(0, squares / N - sum / N * (sum / N)));
  x->p = isnan(x->mean) || n == 0 ? NAN : fmin(1, 2 * (1 + fmin(n_high, n_low)) / (1 + N));
}

meso_status trial_pairs_shuffle(const pair_summary *s, const trial_table *trials,
                                const trial_rows *noise, size_t n_surrogates, int64_t seed,
                                int n_threads, trial_control *control, meso_err *err)
{
  meso_status status = MESO_OK;
  population_sums x = {NULL, NULL};
  double *null = NULL, *row = NULL, *mean = NULL;
  MESO_TRY(sums_make(s, trials->n, &x, err));
  MESO_ALLOC(err, row, trials->n);
  MESO_ALLOC(err, mean, s->n_pairs);
  MESO_ALLOC(err, null, n_surrogates * s->n_pairs);
  surrogate_means(s, trials, noise, NULL, row, &x, mean);
  MESO_TRY(make_null(s, trials, noise, n_surrogates, seed, n_threads, null, err));
  for (size_t pair = 0; pair < s->n_pairs; pair++) {
    control[pair].mean = mean[pair];
    compare(s, pair, n_surrogates, null, &control[pair]);
  }
cleanup:
  free(x.sum);
  free(x.n);
  free(row);
  free(mean);
  free(null);
  return status;
}
