/* meso_cross.c: blocks of frequencies and batches of observations around cross_kernels.c. */
#include "meso_cross.h"

#include <fftw3.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "meso_isa.h"

enum { BATCH_BYTES = 128 << 20, SUM_BYTES = 512 << 20 };

MESO_ISA_CHOICE(cross_kernels)

typedef struct cross {
  const meso_cross_request *q;
  const cross_kernels *kernels;
  size_t n_pairs, n_tapers, n_segments;
  size_t groups, segments;   /* of a block, of a batch */
  size_t batch;              /* observations of a batch */
  double *x, *u;             /* (group, channel, batch, 2, lane): transforms, unit phasors */
  double *power, *product, *unit, *lag, *jackknife;
} cross;

static size_t row_of(const cross *c, size_t group, size_t channel)
{
  return (group * c->q->n_channels + channel) * c->batch * 2 * CROSS_LANES;
}

/* One transform into the lanes of its groups. Lanes beyond the last frequency stay 0. */
static void put(const cross *c, const meso_cross_block *b, size_t channel, size_t o,
                const double *spectrum)
{
  for (size_t f = 0; f < b->n; f++) {
    const size_t at = row_of(c, f / CROSS_LANES, channel) + 2 * CROSS_LANES * o + f % CROSS_LANES;
    const double re = spectrum[2 * (b->first + f)], im = spectrum[2 * (b->first + f) + 1];
    c->x[at] = re;
    c->x[at + CROSS_LANES] = im;
    if (c->u == NULL) continue;
    const double size = sqrt(re * re + im * im);
    c->u[at] = size > 0 ? re / size : 0;
    c->u[at + CROSS_LANES] = size > 0 ? im / size : 0;
  }
}

static meso_status transform_batch(const cross *c, const meso_cross_block *b, size_t first,
                                   size_t n_segments, meso_err *err)
{
  meso_status status = MESO_OK;
  const meso_cross_request *q = c->q;
  const size_t width = 2 * meso_spectral_n_frequencies(q->plan);
  bool short_of_memory = false;
#pragma omp parallel num_threads(q->n_threads)
  {
    double *workspace = meso_spectral_workspace(q->plan);
    double *out = meso_calloc(c->n_tapers * width, sizeof *out);
#pragma omp for schedule(dynamic, 1)
    for (size_t s = 0; s < n_segments; s++) /* all channels of a segment share its cache lines */
      for (size_t i = 0; i < q->n_channels && workspace != NULL && out != NULL; i++) {
        meso_spectral_transform(q->plan, q->data + i, q->n_channels, first + s, workspace, out);
        for (size_t k = 0; k < c->n_tapers; k++) put(c, b, i, s * c->n_tapers + k, out + k * width);
      }
    if (workspace == NULL || out == NULL) {
#pragma omp atomic write
      short_of_memory = true;
    }
    fftw_free(workspace);
    free(out);
  }
  if (short_of_memory) MESO_FAIL(err, MESO_ENOMEM, "cannot allocate transforms");
cleanup:
  return status;
}

static void add_power(const cross *c, size_t group, size_t channel, size_t n)
{
  const double *x = c->x + row_of(c, group, channel);
  double *sum = c->power + (group * c->q->n_channels + channel) * CROSS_LANES;
  for (size_t o = 0; o < n; o++)
    for (size_t l = 0; l < CROSS_LANES; l++) {
      const double re = x[2 * CROSS_LANES * o + l], im = x[(2 * o + 1) * CROSS_LANES + l];
      sum[l] += re * re + im * im;
    }
}

/* Index of pair (i, i + 1). */
static size_t first_pair(size_t n_channels, size_t i)
{
  return i * (2 * n_channels - i - 1) / 2;
}

/* Rows i and i + 1 of the upper triangle against all later columns. Products that are not wanted,
 * at the diagonal and beyond the last channel, go to spare. */
static void add_rows(const cross *c, size_t group, size_t i, size_t n, const double *x,
                     size_t n_rows, double *sums,
                     void (*kernel)(size_t, const double *const *, const double *const *,
                                    double *const *))
{
  const size_t C = c->q->n_channels, width = n_rows * CROSS_LANES;
  const bool two = i + 1 < C;
  double *base = sums + group * c->n_pairs * width;
  double *row[2] = {base + first_pair(C, i) * width, base + first_pair(C, i + 1) * width};
  const double *a[2] = {x + row_of(c, group, i), x + row_of(c, group, two ? i + 1 : i)};
  for (size_t j = i + 1; j < C; j += 2) {
    double spare[4][CROSS_N_LAG * CROSS_LANES] = {{0}};
    const bool last = j + 1 >= C;
    const double *b[2] = {x + row_of(c, group, j), x + row_of(c, group, last ? j : j + 1)};
    double *sum[4] = {row[0] + (j - i - 1) * width, last ? spare[1] : row[0] + (j - i) * width,
                      j == i + 1 || !two ? spare[2] : row[1] + (j - i - 2) * width,
                      last || !two ? spare[3] : row[1] + (j - i - 1) * width};
    kernel(n, a, b, sum);
  }
}

static void add_products(const cross *c, size_t n_groups, size_t n)
{
  const size_t C = c->q->n_channels, n_rows = (C + 1) / 2;
#pragma omp parallel for schedule(dynamic, 1) num_threads(c->q->n_threads)
  for (size_t task = 0; task < n_groups * n_rows; task++) {
    const size_t group = task / n_rows, i = 2 * (task % n_rows);
    add_power(c, group, i, n);
    if (i + 1 < C) add_power(c, group, i + 1, n);
    add_rows(c, group, i, n, c->x, CROSS_N_PRODUCT, c->product, c->kernels->product);
    if (c->unit != NULL)
      add_rows(c, group, i, n, c->u, CROSS_N_PRODUCT, c->unit, c->kernels->product);
    if (c->lag != NULL) add_rows(c, group, i, n, c->x, CROSS_N_LAG, c->lag, c->kernels->lag);
  }
}

/* z = atanh |C| of a pair with each of the n observations at x left out of the full sums. */
static void leave_one_out(const cross *c, size_t group, size_t i, size_t j, size_t pair, size_t n)
{
  const double *a = c->x + row_of(c, group, i), *b = c->x + row_of(c, group, j);
  const double *p_a = c->power + (group * c->q->n_channels + i) * CROSS_LANES;
  const double *p_b = c->power + (group * c->q->n_channels + j) * CROSS_LANES;
  const double *s = c->product + (group * c->n_pairs + pair) * CROSS_N_PRODUCT * CROSS_LANES;
  double *z_sum = c->jackknife + (group * c->n_pairs + pair) * 2 * CROSS_LANES;
  for (size_t o = 0; o < n; o++, a += 2 * CROSS_LANES, b += 2 * CROSS_LANES)
    for (size_t l = 0; l < CROSS_LANES; l++) {
      const double ar = a[l], ai = a[l + CROSS_LANES], br = b[l], bi = b[l + CROSS_LANES];
      const double re = s[l] - (ar * br + ai * bi), im = s[l + CROSS_LANES] - (ar * bi - ai * br);
      const double p = (p_a[l] - (ar * ar + ai * ai)) * (p_b[l] - (br * br + bi * bi));
      const double magnitude = p > 0 ? fmin(sqrt((re * re + im * im) / p), 1 - 1e-15) : 0;
      const double z = atanh(magnitude);
      z_sum[l] += z;
      z_sum[l + CROSS_LANES] += z * z;
    }
}

static void add_jackknife(const cross *c, size_t n_groups, size_t n)
{
  const size_t C = c->q->n_channels;
#pragma omp parallel for schedule(dynamic, 1) num_threads(c->q->n_threads)
  for (size_t task = 0; task < n_groups * C; task++) {
    const size_t group = task / C, i = task % C;
    for (size_t j = i + 1; j < C; j++)
      leave_one_out(c, group, i, j, first_pair(C, i) + j - i - 1, n);
  }
}

/* Zeros, by all threads: new memory costs most where it is first touched. */
static void clear_numbers(double *x, size_t n, int n_threads)
{
  enum { CHUNK = 1 << 18 };
  (void) n_threads; /* unused without OpenMP */
  if (x == NULL) return;
#pragma omp parallel for schedule(static) num_threads(n_threads)
  for (size_t i = 0; i < n; i += CHUNK)
    memset(x + i, 0, (n - i < CHUNK ? n - i : CHUNK) * sizeof *x);
}

static void clear(const cross *c, size_t n_groups)
{
  const size_t lanes = n_groups * CROSS_LANES, pairs = c->n_pairs * lanes;
  const int n_threads = c->q->n_threads;
  clear_numbers(c->power, c->q->n_channels * lanes, n_threads);
  clear_numbers(c->product, CROSS_N_PRODUCT * pairs, n_threads);
  clear_numbers(c->unit, CROSS_N_PRODUCT * pairs, n_threads);
  clear_numbers(c->lag, CROSS_N_LAG * pairs, n_threads);
  clear_numbers(c->jackknife, 2 * pairs, n_threads);
}

/* All batches once; jackknife: the second time, when the sums are complete. */
static meso_status pass(const cross *c, const meso_cross_block *b, size_t n_groups, bool jackknife,
                        meso_err *err)
{
  meso_status status = MESO_OK;
  for (size_t first = 0; first < c->n_segments; first += c->segments) {
    const size_t left = c->n_segments - first, n = left < c->segments ? left : c->segments;
    MESO_TRY(transform_batch(c, b, first, n, err));
    if (jackknife) add_jackknife(c, n_groups, n * c->n_tapers);
    else add_products(c, n_groups, n * c->n_tapers);
  }
cleanup:
  return status;
}

static meso_status room_for(size_t n, double **x, meso_err *err)
{
  meso_status status = MESO_OK;
  *x = meso_aligned_alloc(n, sizeof **x);
  if (*x == NULL) MESO_FAIL(err, MESO_ENOMEM, "cannot allocate %zu numbers", n);
cleanup:
  return status;
}

/* Not cleared: sums are, block by block, and all lanes of x are written, or cleared with them. */
static meso_status allocate(cross *c, meso_err *err)
{
  meso_status status = MESO_OK;
  const meso_cross_request *q = c->q;
  const size_t most = (q->n + CROSS_LANES - 1) / CROSS_LANES;
  const size_t rows = CROSS_N_PRODUCT * (q->unit ? 2 : 1) + (q->lag ? CROSS_N_LAG : 0) +
                      (q->jackknife ? 2 : 0);
  const double group_bytes = 8.0 * CROSS_LANES * (double) c->n_pairs * (double) rows;
  const double room = q->memory_bytes > 0 ? (double) q->memory_bytes : SUM_BYTES;
  const double groups = fmax(1, fmin((double) most, floor(room / group_bytes)));
  c->groups = (size_t) groups;
  const double segment_bytes = 16.0 * CROSS_LANES * groups * (double) q->n_channels *
                               (double) c->n_tapers * (q->unit ? 2 : 1);
  c->segments = (size_t) fmax(1, fmin((double) c->n_segments, floor(BATCH_BYTES / segment_bytes)));
  c->batch = c->segments * c->n_tapers;
  const size_t lanes = c->groups * CROSS_LANES, pairs = c->n_pairs * lanes;
  MESO_TRY(room_for(q->n_channels * lanes * 2 * c->batch, &c->x, err));
  MESO_TRY(room_for(q->n_channels * lanes, &c->power, err));
  MESO_TRY(room_for(CROSS_N_PRODUCT * pairs, &c->product, err));
  if (q->unit) MESO_TRY(room_for(q->n_channels * lanes * 2 * c->batch, &c->u, err));
  if (q->unit) MESO_TRY(room_for(CROSS_N_PRODUCT * pairs, &c->unit, err));
  if (q->lag) MESO_TRY(room_for(CROSS_N_LAG * pairs, &c->lag, err));
  if (q->jackknife) MESO_TRY(room_for(2 * pairs, &c->jackknife, err));
cleanup:
  return status;
}

meso_status meso_cross_run(const meso_cross_request *request,
                           meso_status (*take)(void *user, const meso_cross_block *block,
                                               meso_err *err),
                           void *user, meso_err *err)
{
  meso_status status = MESO_OK;
  const meso_cross_request *q = request;
  cross c = {.q = q, .kernels = cross_kernels_choose(NULL),
             .n_pairs = q->n_channels * (q->n_channels - 1) / 2,
             .n_tapers = meso_spectral_n_tapers(q->plan),
             .n_segments = meso_spectral_n_segments(q->plan)};
  MESO_TRY(allocate(&c, err));
  for (size_t done = 0; done < q->n; done += c.groups * CROSS_LANES) {
    const size_t left = q->n - done, most = c.groups * CROSS_LANES;
    const meso_cross_block block = {
      .first = q->first + done, .n = left < most ? left : most, .n_pairs = c.n_pairs,
      .n_channels = q->n_channels, .power = c.power, .product = c.product, .unit = c.unit,
      .lag = c.lag, .jackknife = c.jackknife};
    const size_t n_groups = (block.n + CROSS_LANES - 1) / CROSS_LANES;
    if (block.n < most) {
      const size_t n_x = q->n_channels * c.groups * CROSS_LANES * 2 * c.batch;
      clear_numbers(c.x, n_x, q->n_threads);
      clear_numbers(c.u, n_x, q->n_threads);
    }
    clear(&c, n_groups);
    MESO_TRY(pass(&c, &block, n_groups, false, err));
    if (q->jackknife) MESO_TRY(pass(&c, &block, n_groups, true, err));
    MESO_TRY(take(user, &block, err));
  }
cleanup:
  free(c.x);
  free(c.u);
  free(c.power);
  free(c.product);
  free(c.unit);
  free(c.lag);
  free(c.jackknife);
  return status;
}
