/* correlation_summary.c: all pairs without a matrix: histograms, means and dependence on distance
 * of the correlation coefficients between every two populations.
 *
 * A row of sum_k x_i x_j is made from the occupied bins of neuron i, turned into coefficients, and
 * counted; memory is one row for each thread, so 3e9 pairs of a recording fit anywhere. Rows go in
 * blocks of fixed size, whose sums are added in order: no bit depends on the number of threads.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "correlation_counts.h"
#include "pair_summary.h"

enum { BLOCK_ROWS = 64, CHUNK = 256 };

typedef struct summary {
  const correlation_counts *c;
  pair_summary pairs;
  double *mean;      /* row: N_i / L */
  double *scale;     /* row: 1 / sqrt(SS_i); 0 where the count never varies */
  double *triangle;  /* (pair i < j, row by row), or NULL */
  pair_sums total;
} summary;

/* Coefficients of row i with the n rows from j on: into the triangle. */
static void keep(const summary *s, size_t i, size_t j, size_t n, const double *r)
{
  memcpy(s->triangle + i * (2 * s->c->n - i - 1) / 2 + (j - i - 1), r, n * sizeof *r);
}

static void keep_undefined(const summary *s, size_t i)
{
  double *out = s->triangle + i * (2 * s->c->n - i - 1) / 2;
  for (size_t k = i + 1; k < s->c->n; k++) out[k - i - 1] = NAN;
}

/* All pairs of row i with later rows. product: room for a row, which is left zeroed. */
static void add_row(const summary *s, size_t i, size_t population, uint32_t *product,
                    pair_sums *x)
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
    const size_t pair = pair_summary_index(&s->pairs, population, b);
    const size_t last = c->first_row[b + 1];
    for (size_t j = b == population ? i + 1 : c->first_row[b]; j < last; j += CHUNK) {
      const size_t n = last - j < CHUNK ? last - j : CHUNK;
      for (size_t k = 0; k < n; k++)
        r[k] = ((double) product[j + k] - expected * s->mean[j + k]) * (scale * s->scale[j + k]);
      for (size_t k = 0; k < n; k++) r[k] = s->scale[j + k] == 0 ? NAN : r[k];
      pair_summary_count(&s->pairs, i, j, n, pair, r, x);
      if (s->triangle != NULL) keep(s, i, j, n, r);
    }
  }
  memset(product + i, 0, (c->n - i) * sizeof *product);
}

static meso_status add_rows(const summary *s, int n_threads, meso_err *err)
{
  meso_status status = MESO_OK;
  const size_t n = s->c->n, n_blocks = (n + BLOCK_ROWS - 1) / BLOCK_ROWS;
  pair_sums total = s->total;
  bool short_of_memory = false;
#pragma omp parallel num_threads(n_threads)
  {
    pair_sums own = {0};
    uint32_t *product = meso_calloc(n, sizeof *product);
    const bool fine = pair_sums_make(&s->pairs, &own) && product != NULL;
#pragma omp for ordered schedule(dynamic, 1)
    for (size_t block = 0; block < n_blocks; block++) {
      const size_t last = (block + 1) * BLOCK_ROWS < n ? (block + 1) * BLOCK_ROWS : n;
      size_t population = 0;
      for (size_t i = block * BLOCK_ROWS; i < last && fine; i++) {
        while (s->c->first_row[population + 1] <= i) population++;
        add_row(s, i, population, product, &own);
      }
#pragma omp ordered
      if (fine) pair_sums_merge(&s->pairs, &own, &total);
    }
    if (!fine) {
#pragma omp atomic write
      short_of_memory = true;
    }
    pair_sums_clear(&own);
    free(product);
  }
  if (short_of_memory) MESO_FAIL(err, MESO_ENOMEM, "cannot allocate a row of %zu neurons", n);
cleanup:
  return status;
}

meso_status correlation_summarise(const correlation_params *params,
                                  const correlation_counts *counts, const meso_spikes *spikes,
                                  double *triangle, int n_threads, meso_result *result,
                                  meso_err *err)
{
  meso_status status = MESO_OK;
  const correlation_counts *c = counts;
  summary s = {.c = c, .triangle = triangle, .pairs = {
    .spikes = spikes, .selected = c->selected, .first_row = c->first_row,
    .position_um = c->position_um, .n_rows = c->n, .n_populations = c->n_populations,
    .n_histogram = (size_t) params->histogram_bins, .distance_bin_um = params->distance_bin_um}};
  const double L = (double) c->bins.n;
  MESO_TRY(pair_summary_begin(&s.pairs, err));
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
  if (!pair_sums_make(&s.pairs, &s.total))
    MESO_FAIL(err, MESO_ENOMEM, "cannot allocate histograms");
  MESO_TRY(add_rows(&s, n_threads, err));
  MESO_TRY(pair_summary_write(&s.pairs, &s.total, "/correlation", result, err));
cleanup:
  free(s.mean);
  free(s.scale);
  pair_sums_clear(&s.total);
  return status;
}
