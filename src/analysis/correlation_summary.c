/* correlation_summary.c: all pairs without a matrix: histograms, means and dependence on distance
 * of the correlation coefficients between every two populations.
 *
 * A row of sum_k x_i x_j is made from the occupied bins of neuron i, turned into coefficients, and
 * counted; memory is one row for each thread, so 3e9 pairs of a recording fit anywhere. Rows go in
 * blocks of fixed size, whose sums are added in order: no bit depends on the number of threads.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "correlation_counts.h"
#include "meso_fit.h"

enum { BLOCK_ROWS = 64, CHUNK = 256, MOST_DISTANCES = 4096 };

/* Sums over pairs, for one pair of populations or one class of distance in it. */
typedef struct moments { double n, sum, squares; } moments;

/* What is added up: (population pair), (population pair, histogram bin), (population pair,
 * distance). */
typedef struct sums {
  moments *all, *distance;
  uint64_t *histogram;
} sums;

typedef struct summary {
  const correlation_counts *c;
  size_t n_pairs, n_histogram, n_distances;
  double distance_bin_um;
  double *mean;      /* row: N_i / L */
  double *scale;     /* row: 1 / sqrt(SS_i); 0 where the count never varies */
  double *triangle;  /* (pair i < j, row by row), or NULL */
  sums total;
} summary;

/* Population pairs (a, b), a <= b, row by row. */
static size_t pair_of(const summary *s, size_t a, size_t b)
{
  return a * (2 * s->c->n_populations - a + 1) / 2 + b - a;
}

static bool sums_make(const summary *s, sums *x)
{
  x->all = meso_calloc(s->n_pairs, sizeof *x->all);
  x->distance = meso_calloc(s->n_pairs * s->n_distances, sizeof *x->distance);
  x->histogram = meso_calloc(s->n_pairs * s->n_histogram, sizeof *x->histogram);
  return x->all != NULL && x->distance != NULL && x->histogram != NULL;
}

static void sums_clear(sums *x)
{
  free(x->all);
  free(x->distance);
  free(x->histogram);
}

static void add_moments(size_t n, const moments *from, moments *to)
{
  for (size_t i = 0; i < n; i++) {
    to[i].n += from[i].n;
    to[i].sum += from[i].sum;
    to[i].squares += from[i].squares;
  }
}

static void merge(const summary *s, sums *from, sums *to)
{
  add_moments(s->n_pairs, from->all, to->all);
  add_moments(s->n_pairs * s->n_distances, from->distance, to->distance);
  for (size_t i = 0; i < s->n_pairs * s->n_histogram; i++) to->histogram[i] += from->histogram[i];
  memset(from->all, 0, s->n_pairs * sizeof *from->all);
  memset(from->distance, 0, s->n_pairs * s->n_distances * sizeof *from->distance);
  memset(from->histogram, 0, s->n_pairs * s->n_histogram * sizeof *from->histogram);
}

/* Counts the coefficients r of n pairs of neuron i with those from j on. */
static void count(const summary *s, size_t i, size_t j, size_t n, size_t pair, const double *r,
                  sums *x)
{
  const double half = 0.5 * (double) s->n_histogram;
  const double *scale = s->scale + j;
  uint64_t *histogram = x->histogram + pair * s->n_histogram;
  moments m = {0};
  for (size_t k = 0; k < n; k++) {
    if (scale[k] == 0) continue;
    const double bin = floor((r[k] + 1) * half);
    histogram[bin < 0 ? 0 : bin >= 2 * half ? s->n_histogram - 1 : (size_t) bin]++;
    m.n++;
    m.sum += r[k];
    m.squares += r[k] * r[k];
  }
  add_moments(1, &m, &x->all[pair]);
  if (s->n_distances == 0) return;
  const double *a = s->c->position_um + 3 * i, *b = s->c->position_um + 3 * j;
  for (size_t k = 0; k < n; k++, b += 3) {
    if (scale[k] == 0) continue;
    const double dx = a[0] - b[0], dy = a[1] - b[1], dz = a[2] - b[2];
    const size_t at = (size_t) (sqrt(dx * dx + dy * dy + dz * dz) / s->distance_bin_um);
    moments *d = x->distance + pair * s->n_distances + (at < s->n_distances ? at : 0);
    d->n++;
    d->sum += r[k];
    d->squares += r[k] * r[k];
  }
}

/* Coefficients of row i with the n rows from j on: into the triangle; NaN where a count never
 * varies. */
static void keep(const summary *s, size_t i, size_t j, size_t n, const double *r)
{
  double *out = s->triangle + i * (2 * s->c->n - i - 1) / 2 + (j - i - 1);
  for (size_t k = 0; k < n; k++) out[k] = s->scale[j + k] == 0 ? NAN : r[k];
}

static void keep_undefined(const summary *s, size_t i)
{
  double *out = s->triangle + i * (2 * s->c->n - i - 1) / 2;
  for (size_t k = i + 1; k < s->c->n; k++) out[k - i - 1] = NAN;
}

/* All pairs of row i with later rows. product: room for a row, which is left zeroed. */
static void add_row(const summary *s, size_t i, size_t population, uint32_t *product, sums *x)
{
  const correlation_counts *c = s->c;
  double r[CHUNK];
  if (s->scale[i] == 0 && s->triangle != NULL) keep_undefined(s, i);
  if (s->scale[i] == 0) return;
  for (size_t k = c->by_row[i]; k < c->by_row[i + 1]; k++) {
    const uint32_t own = c->place[k].count;
    const size_t end = c->by_bin[c->place[k].bin + 1];
    for (size_t e = c->slot[k] + 1; e < end; e++)
      product[c->entry[e].row] += own * c->entry[e].count;
  }
  const double expected = c->total[i], scale = s->scale[i];
  for (size_t b = population; b < c->n_populations; b++) {
    const size_t pair = pair_of(s, population, b), last = c->first_row[b + 1];
    for (size_t j = b == population ? i + 1 : c->first_row[b]; j < last; j += CHUNK) {
      const size_t n = last - j < CHUNK ? last - j : CHUNK;
      for (size_t k = 0; k < n; k++)
        r[k] = ((double) product[j + k] - expected * s->mean[j + k]) * (scale * s->scale[j + k]);
      count(s, i, j, n, pair, r, x);
      if (s->triangle != NULL) keep(s, i, j, n, r);
    }
  }
  memset(product + i, 0, (c->n - i) * sizeof *product);
}

static meso_status add_rows(const summary *s, int n_threads, meso_err *err)
{
  meso_status status = MESO_OK;
  const size_t n = s->c->n, n_blocks = (n + BLOCK_ROWS - 1) / BLOCK_ROWS;
  sums total = s->total;
  bool short_of_memory = false;
#pragma omp parallel num_threads(n_threads)
  {
    sums own = {0};
    uint32_t *product = meso_calloc(n, sizeof *product);
    const bool fine = sums_make(s, &own) && product != NULL;
#pragma omp for ordered schedule(dynamic, 1)
    for (size_t block = 0; block < n_blocks; block++) {
      const size_t last = (block + 1) * BLOCK_ROWS < n ? (block + 1) * BLOCK_ROWS : n;
      size_t population = 0;
      for (size_t i = block * BLOCK_ROWS; i < last && fine; i++) {
        while (s->c->first_row[population + 1] <= i) population++;
        add_row(s, i, population, product, &own);
      }
#pragma omp ordered
      if (fine) merge(s, &own, &total);
    }
    if (!fine) {
#pragma omp atomic write
      short_of_memory = true;
    }
    sums_clear(&own);
    free(product);
  }
  if (short_of_memory) MESO_FAIL(err, MESO_ENOMEM, "cannot allocate a row of %zu neurons", n);
cleanup:
  return status;
}

/* Classes of distance up to the diagonal of the box that holds all neurons. */
static meso_status choose_distances(summary *s, double bin_um, meso_err *err)
{
  meso_status status = MESO_OK;
  const double *x = s->c->position_um;
  double diagonal2 = 0;
  s->distance_bin_um = bin_um;
  if (x == NULL) goto cleanup;
  for (size_t d = 0; d < 3; d++) {
    double low = x[d], high = x[d];
    for (size_t i = 0; i < s->c->n; i++) {
      low = fmin(low, x[3 * i + d]);
      high = fmax(high, x[3 * i + d]);
    }
    diagonal2 += (high - low) * (high - low);
  }
  const double n = floor(sqrt(diagonal2) / bin_um) + 1;
  if (!(n <= MOST_DISTANCES))
    MESO_FAIL(err, MESO_ERANGE, "distance_bin_um %g um: neurons lie up to %g um apart, and there "
              "are at most %d classes", bin_um, sqrt(diagonal2), (int) MOST_DISTANCES);
  s->n_distances = (size_t) n;
cleanup:
  return status;
}

static meso_status add_vector(meso_result *result, const char *group, const char *name,
                              const char *units, size_t n, double **ret, meso_err *err)
{
  meso_status status = MESO_OK;
  meso_array *array = NULL;
  char path[600];
  snprintf(path, sizeof path, "/correlation/%s/%s", group, name);
  MESO_TRY(meso_result_add(result, path, units, 1, &n, &array, err));
  *ret = array->data;
cleanup:
  return status;
}

static double sd_of(const moments *m)
{
  const double mean = m->sum / m->n;
  return m->n > 0 ? sqrt(fmax(0, m->squares / m->n - mean * mean)) : NAN;
}

/* Histogram and moments of one pair of populations, group "A" or "A_x_B". */
static meso_status write_pair(const summary *s, size_t a, size_t b, const char *group,
                              meso_result *result, meso_err *err)
{
  meso_status status = MESO_OK;
  const size_t n = s->n_histogram, pair = pair_of(s, a, b);
  const moments *m = &s->total.all[pair];
  double *histogram = NULL, *edges = NULL;
  char path[512];
  MESO_TRY(add_vector(result, group, "histogram", "count", n, &histogram, err));
  MESO_TRY(add_vector(result, group, "bin_edges", "1", n + 1, &edges, err));
  for (size_t k = 0; k < n; k++) histogram[k] = (double) s->total.histogram[pair * n + k];
  for (size_t k = 0; k <= n; k++) edges[k] = (2.0 * (double) k - (double) n) / (double) n;
  snprintf(path, sizeof path, "/correlation/%s", group);
  meso_attrs *attrs = meso_result_group_attrs(result, path);
  if (attrs == NULL) MESO_FAIL(err, MESO_ENOMEM, "cannot allocate attributes of %s", path);
  if (a == b)
    MESO_TRY(meso_attrs_set_number(attrs, "n_neurons",
                                   (double) (s->c->first_row[a + 1] - s->c->first_row[a]), err));
  MESO_TRY(meso_attrs_set_number(attrs, "n_pairs", m->n, err));
  MESO_TRY(meso_attrs_set_number(attrs, "mean", m->n > 0 ? m->sum / m->n : NAN, err));
  MESO_TRY(meso_attrs_set_number(attrs, "standard_deviation", sd_of(m), err));
cleanup:
  return status;
}

/* Means by distance, with the standard error as if pairs were independent, and a fitted
 * a exp(-d / b) + c, weighted by numbers of pairs. */
static meso_status write_distances(const summary *s, const moments *m, const char *group,
                                   meso_result *result, meso_err *err)
{
  meso_status status = MESO_OK;
  const size_t n = s->n_distances;
  double *edges = NULL, *n_pairs = NULL, *mean = NULL, *sd = NULL, *centre = NULL;
  char path[512];
  MESO_TRY(add_vector(result, group, "distance_edges_um", "um", n + 1, &edges, err));
  MESO_TRY(add_vector(result, group, "distance_n_pairs", "1", n, &n_pairs, err));
  MESO_TRY(add_vector(result, group, "distance_mean", "1", n, &mean, err));
  MESO_TRY(add_vector(result, group, "distance_standard_deviation", "1", n, &sd, err));
  MESO_ALLOC(err, centre, n);
  for (size_t k = 0; k <= n; k++) edges[k] = (double) k * s->distance_bin_um;
  for (size_t k = 0; k < n; k++) {
    centre[k] = 0.5 * (edges[k] + edges[k + 1]);
    n_pairs[k] = m[k].n;
    mean[k] = m[k].n > 0 ? m[k].sum / m[k].n : NAN;
    sd[k] = sd_of(&m[k]);
  }
  const meso_exponential fit = meso_fit_exponential(n, centre, mean, n_pairs);
  snprintf(path, sizeof path, "/correlation/%s", group);
  meso_attrs *attrs = meso_result_group_attrs(result, path);
  if (attrs == NULL) MESO_FAIL(err, MESO_ENOMEM, "cannot allocate attributes of %s", path);
  MESO_TRY(meso_attrs_set_text(attrs, "fit", "a exp(-d / b) + c, weighted by pairs", err));
  MESO_TRY(meso_attrs_set_number(attrs, "fit_a", fit.a, err));
  MESO_TRY(meso_attrs_set_number(attrs, "fit_b_um", fit.b, err));
  MESO_TRY(meso_attrs_set_number(attrs, "fit_c", fit.c, err));
cleanup:
  free(centre);
  return status;
}

static meso_status write(const summary *s, const meso_spikes *spikes, meso_result *result,
                         meso_err *err)
{
  meso_status status = MESO_OK;
  moments *all = NULL;
  MESO_ALLOC(err, all, s->n_distances);
  for (size_t a = 0; a < s->c->n_populations; a++)
    for (size_t b = a; b < s->c->n_populations; b++) {
      char group[400];
      const moments *distance = s->total.distance + pair_of(s, a, b) * s->n_distances;
      correlation_pair_name(s->c, spikes, a, b, group, sizeof group);
      MESO_TRY(write_pair(s, a, b, group, result, err));
      if (s->n_distances == 0) continue;
      MESO_TRY(write_distances(s, distance, group, result, err));
      add_moments(s->n_distances, distance, all);
    }
  if (s->n_distances > 0) MESO_TRY(write_distances(s, all, "all", result, err));
cleanup:
  free(all);
  return status;
}

meso_status correlation_summarise(const correlation_params *params,
                                  const correlation_counts *counts, const meso_spikes *spikes,
                                  double *triangle, int n_threads, meso_result *result,
                                  meso_err *err)
{
  meso_status status = MESO_OK;
  const correlation_counts *c = counts;
  summary s = {.c = c, .n_pairs = c->n_populations * (c->n_populations + 1) / 2,
               .n_histogram = (size_t) params->histogram_bins, .triangle = triangle};
  const double L = (double) c->bins.n;
  MESO_TRY(choose_distances(&s, params->distance_bin_um, err));
  MESO_ALLOC(err, s.mean, c->n);
  MESO_ALLOC(err, s.scale, c->n);
  for (size_t i = 0; i < c->n; i++) {
    double squares = 0;
    for (size_t k = c->by_row[i]; k < c->by_row[i + 1]; k++)
      squares += (double) c->place[k].count * c->place[k].count;
    const double spread = squares - c->total[i] * c->total[i] / L;
    s.mean[i] = c->total[i] / L;
    s.scale[i] = spread > 0 ? 1 / sqrt(spread) : 0;
  }
  if (!sums_make(&s, &s.total)) MESO_FAIL(err, MESO_ENOMEM, "cannot allocate histograms");
  MESO_TRY(add_rows(&s, n_threads, err));
  MESO_TRY(write(&s, spikes, result, err));
cleanup:
  free(s.mean);
  free(s.scale);
  sums_clear(&s.total);
  return status;
}
