/* cause_spectra.c: axes; sums over observations in their order; coherences. */
#include "cause_spectra.h"
#include "meso_order.h"

#include <fftw3.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_DISTANCES = 64 };

/* ---- axes --------------------------------------------------------------------------------- */

static meso_status find_bands(cause_grid *g, meso_err *err)
{
  meso_status status = MESO_OK;
  const meso_doubles *edge = &g->q->params->bands_Hz;
  MESO_TRY(meso_bands_check(edge, 2, 0.5 * g->q->rate_Hz, err));
  g->n_bands = edge->n - 1;
  MESO_ALLOC(err, g->first, g->n_bands);
  MESO_ALLOC(err, g->last, g->n_bands);
  for (size_t b = 0; b < g->n_bands; b++) {
    while (g->first[b] < g->F && g->frequency_Hz[g->first[b]] < edge->v[b]) g->first[b]++;
    g->last[b] = g->first[b];
    while (g->last[b] < g->F && g->frequency_Hz[g->last[b]] < edge->v[b + 1]) g->last[b]++;
  }
cleanup:
  return status;
}

static double distance(const double *a, const double *b)
{
  return hypot(hypot(a[0] - b[0], a[1] - b[1]), a[2] - b[2]);
}

/** Bins of distances: one for each that occurs (to half a micrometre) if there are few, else of
 *  equal width. */
static meso_status find_distances(cause_grid *g, meso_err *err)
{
  meso_status status = MESO_OK;
  double *sorted = NULL, start[MOST_DISTANCES];
  size_t n = 0;
  MESO_ALLOC(err, sorted, g->n_pairs);
  memcpy(sorted, g->pair_um, g->n_pairs * sizeof *sorted);
  meso_order_sort(g->n_pairs, sorted);
  for (size_t p = 0; p < g->n_pairs && n <= MOST_DISTANCES; p++) {
    if (n > 0 && sorted[p] - start[n - 1] < 0.5) continue;
    if (n < MOST_DISTANCES) start[n] = sorted[p];
    n++;
  }
  if (n > MOST_DISTANCES) {
    n = MOST_DISTANCES;
    for (size_t d = 0; d < n; d++)
      start[d] = sorted[0] + (double) d * (sorted[g->n_pairs - 1] - sorted[0]) / (double) n;
  }
  g->n_distances = n;
  MESO_ALLOC(err, g->distance_um, n);
  MESO_ALLOC(err, g->pairs_at, n);
  for (size_t p = 0; p < g->n_pairs; p++) {
    size_t d = n - 1;
    while (d > 0 && g->pair_um[p] < start[d]) d--;
    g->bin[p] = d;
    g->distance_um[d] += g->pair_um[p];
    g->pairs_at[d]++;
  }
  for (size_t d = 0; d < n; d++) g->distance_um[d] /= g->pairs_at[d];
cleanup:
  free(sorted);
  return status;
}

static meso_status find_pairs(cause_grid *g, meso_err *err)
{
  meso_status status = MESO_OK;
  size_t p = 0;
  g->n_triangle = meso_triangle_size(g->C);
  g->n_pairs = g->n_triangle - g->C;
  MESO_ALLOC(err, g->pair, 2 * g->n_pairs);
  MESO_ALLOC(err, g->bin, g->n_pairs);
  MESO_ALLOC(err, g->pair_um, g->n_pairs);
  for (size_t i = 0; i < g->C; i++)
    for (size_t j = i + 1; j < g->C; j++, p++) {
      g->pair[2 * p] = i;
      g->pair[2 * p + 1] = j;
      g->pair_um[p] = distance(g->q->position_um + 3 * i, g->q->position_um + 3 * j);
    }
  MESO_TRY(find_distances(g, err));
cleanup:
  return status;
}

static void set_offsets(cause_grid *g)
{
  const size_t size[CAUSE_N_PARTS] = {
    [CAUSE_POWER] = g->C * g->F, [CAUSE_COHERENCE] = g->n_pairs * g->F,
    [CAUSE_BAND_POWER] = g->C * g->n_bands, [CAUSE_BAND_COHERENCE] = g->n_pairs * g->n_bands,
    [CAUSE_DISTANCE] = g->n_distances * g->n_bands};
  for (size_t k = 0; k < CAUSE_N_PARTS; k++) g->offset[k + 1] = g->offset[k] + size[k];
}

static meso_status check(const cause_grid *g, meso_err *err)
{
  meso_status status = MESO_OK;
  const meso_spectral_params *s = &g->q->params->spectral;
  if (g->C < 2) MESO_FAIL(err, MESO_EINVAL, "cause: one channel; coherence needs two");
  if (g->P == 0) MESO_FAIL(err, MESO_EINVAL, "cause: no population contributes");
  if (s->method == MESO_MULTITAPER && s->weights == MESO_WEIGHTS_ADAPTIVE)
    MESO_FAIL(err, MESO_EINVAL, "weights: adaptive ones depend on the data, so spectra would not "
              "add up; take unweighted or eigenvalue");
  if (g->O < 2)
    MESO_FAIL(err, MESO_EINVAL, "one segment and taper: the coherence would be 1 whatever the "
              "signals; take a shorter nperseg or more tapers");
cleanup:
  return status;
}

meso_status cause_grid_init(const meso_cause_request *q, cause_grid *g, meso_err *err)
{
  meso_status status = MESO_OK;
  *g = (cause_grid) {.q = q, .P = q->n_populations, .C = q->n_channels, .T = q->n_times};
  MESO_TRY(meso_spectral_plan_create(&q->params->spectral, q->n_times, q->rate_Hz, &g->plan,
                                     err));
  g->F = meso_spectral_n_frequencies(g->plan);
  g->K = meso_spectral_n_tapers(g->plan);
  g->O = g->K * meso_spectral_n_segments(g->plan);
  MESO_TRY(check(g, err));
  MESO_ALLOC(err, g->frequency_Hz, g->F);
  meso_spectral_frequencies(g->plan, g->frequency_Hz);
  g->width_Hz = g->frequency_Hz[1];
  MESO_TRY(find_bands(g, err));
  MESO_TRY(find_pairs(g, err));
  set_offsets(g);
cleanup:
  return status;
}

void cause_grid_clear(cause_grid *g)
{
  meso_spectral_plan_destroy(g->plan);
  free(g->frequency_Hz);
  free(g->first);
  free(g->last);
  free(g->pair);
  free(g->bin);
  free(g->pair_um);
  free(g->distance_um);
  free(g->pairs_at);
  *g = (cause_grid) {0};
}

/* ---- transforms and products -------------------------------------------------------------- */

meso_status cause_work_init(const cause_grid *g, cause_work *w, meso_err *err)
{
  meso_status status = MESO_OK;
  *w = (cause_work) {.segment = NULL};
  for (int k = 0; k < 2; k++) MESO_ALLOC_ALIGNED(err, w->transform[k], 2 * g->C * g->O * g->F);
  MESO_ALLOC(err, w->segment, 2 * g->K * g->F);
  w->workspace = meso_spectral_workspace(g->plan);
  if (w->workspace == NULL) MESO_FAIL(err, MESO_ENOMEM, "cannot allocate transforms");
cleanup:
  return status;
}

void cause_work_clear(cause_work *w)
{
  free(w->transform[0]);
  free(w->transform[1]);
  free(w->segment);
  fftw_free(w->workspace);
  *w = (cause_work) {.segment = NULL};
}

void cause_transform(const cause_grid *g, const double *signal, cause_work *w, double *transform)
{
  for (size_t s = 0; s < g->O / g->K; s++)
    for (size_t c = 0; c < g->C; c++) {
      meso_spectral_transform(g->plan, signal + c, g->C, s, w->workspace, w->segment);
      memcpy(transform + 2 * (c * g->O + s * g->K) * g->F, w->segment,
             2 * g->K * g->F * sizeof *transform);
    }
}

/** sum += conj(a) b, n complex numbers. */
static void add_product(size_t n, const double *restrict a, const double *restrict b,
                        double *restrict sum)
{
  for (size_t i = 0; i < n; i++) {
    sum[2 * i] += a[2 * i] * b[2 * i] + a[2 * i + 1] * b[2 * i + 1];
    sum[2 * i + 1] += a[2 * i] * b[2 * i + 1] - a[2 * i + 1] * b[2 * i];
  }
}

void cause_add_spectra(const cause_grid *g, const double *a, const double *b, double scale,
                       double *table)
{
  enum { MOST = 256 }; /* frequencies at once: sums stay in the cache */
  double sum[2 * MOST];
  for (size_t i = 0; i < g->C; i++)
    for (size_t j = i; j < g->C; j++) {
      double *out = table + 2 * g->F * meso_triangle_at(g->C, i, j);
      for (size_t f = 0; f < g->F; f += MOST) {
        const size_t n = g->F - f < MOST ? g->F - f : MOST;
        memset(sum, 0, sizeof sum);
        for (size_t o = 0; o < g->O; o++)
          add_product(n, a + 2 * ((i * g->O + o) * g->F + f), b + 2 * ((j * g->O + o) * g->F + f),
                      sum);
        for (size_t k = 0; k < n; k++) {
          const double unit = scale * meso_spectral_density_factor(g->plan, f + k) / (double) g->O;
          out[2 * (f + k)] += unit * sum[2 * k];
          out[2 * (f + k) + 1] += unit * sum[2 * k + 1];
        }
      }
    }
}

/* ---- numbers of a table ------------------------------------------------------------------- */

static const double *row(const cause_grid *g, const double *table, size_t i, size_t j)
{
  return table + 2 * g->F * meso_triangle_at(g->C, i, j);
}

void cause_part_of_coherence(const cause_grid *g, const double *part, const double *total,
                             double *coherence)
{
  for (size_t p = 0; p < g->n_pairs; p++) {
    const size_t i = g->pair[2 * p], j = g->pair[2 * p + 1];
    const double *x = row(g, part, i, j), *s = row(g, total, i, j);
    const double *a = row(g, total, i, i), *b = row(g, total, j, j);
    for (size_t f = 0; f < g->F; f++) {
      const double power = sqrt(a[2 * f]) * sqrt(b[2 * f]);
      coherence[p * g->F + f] = power > 0 ? x[2 * f] / power * (s[2 * f] / power)
        + x[2 * f + 1] / power * (s[2 * f + 1] / power) : NAN;
    }
  }
}

/** Mean over a band; NaN where the band holds no frequency. */
static double band_mean(const cause_grid *g, size_t b, const double *value)
{
  double sum = 0;
  for (size_t f = g->first[b]; f < g->last[b]; f++) sum += value[f];
  return sum / (double) (g->last[b] - g->first[b]);
}

void cause_numbers(const cause_grid *g, const double *table, double *numbers)
{
  double *power = numbers, *coherence = numbers + g->offset[CAUSE_COHERENCE];
  double *band_power = numbers + g->offset[CAUSE_BAND_POWER];
  double *band = numbers + g->offset[CAUSE_BAND_COHERENCE];
  double *at = numbers + g->offset[CAUSE_DISTANCE];
  for (size_t c = 0; c < g->C; c++) {
    const double *s = row(g, table, c, c);
    for (size_t f = 0; f < g->F; f++) power[c * g->F + f] = s[2 * f];
    for (size_t b = 0; b < g->n_bands; b++) {
      double sum = 0;
      for (size_t f = g->first[b]; f < g->last[b]; f++) sum += s[2 * f] * g->width_Hz;
      band_power[c * g->n_bands + b] = sum;
    }
  }
  cause_part_of_coherence(g, table, table, coherence);
  memset(at, 0, g->n_distances * g->n_bands * sizeof *at);
  for (size_t p = 0; p < g->n_pairs; p++)
    for (size_t b = 0; b < g->n_bands; b++) {
      const double mean = band_mean(g, b, coherence + p * g->F);
      band[p * g->n_bands + b] = mean;
      at[g->bin[p] * g->n_bands + b] += mean / g->pairs_at[g->bin[p]];
    }
}

void cause_add_bands(const cause_grid *g, const double *part, const double *total,
                     double *coherence, double *power)
{
  for (size_t c = 0; power != NULL && c < g->C; c++)
    for (size_t b = 0; b < g->n_bands; b++)
      for (size_t f = g->first[b]; f < g->last[b]; f++)
        power[c * g->n_bands + b] += row(g, part, c, c)[2 * f] * g->width_Hz;
  for (size_t p = 0; coherence != NULL && p < g->n_pairs; p++) {
    const size_t i = g->pair[2 * p], j = g->pair[2 * p + 1];
    const double *x = row(g, part, i, j), *s = row(g, total, i, j);
    const double *a = row(g, total, i, i), *d = row(g, total, j, j);
    for (size_t b = 0; b < g->n_bands; b++) {
      double sum = 0;
      for (size_t f = g->first[b]; f < g->last[b]; f++)
        sum += (x[2 * f] * s[2 * f] + x[2 * f + 1] * s[2 * f + 1]) / a[2 * f] / d[2 * f];
      coherence[p * g->n_bands + b] += sum / (double) (g->last[b] - g->first[b]);
    }
  }
}
