/* meso_independent_lfp.c: Campbell's theorem in the space of the kernels' functions, and random
 * signs.
 *
 * With B_f and phases p as in meso_neuron_kernels.h, b_pf(l) the function f of a spike in phase p
 * at lag l, and w_j the mean number of spikes of neuron j in a step,
 *   N[f, c, f', c'] = sum_j w_j K_j[f, c] K_j[f', c']
 *   covariance_cc'(l) = sum_ff' N[f, c, f', c'] rho_ff'(l),
 *   rho_ff'(l) = sum_p sum_m b_pf(m) b_pf'(m + l)
 */
#include "meso_independent_lfp.h"

#include <cblas.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "lfp_loops.h"
#include "meso_rng.h"

enum { CHUNK = 512 };          /* neurons of one product of matrices */

/* ---- Campbell's theorem ------------------------------------------------------------------- */

/** b (phase, function, lag). */
static void sample_functions(const meso_neuron_kernels *k, double *b)
{
  const size_t G = k->n_coarse;
  for (size_t i = 0; i < k->factor * k->n_functions; i++)
    for (size_t l = 0; l < k->n_lags; l++) {
      double sum = 0;
      for (size_t g = 0; g < G; g++)
        sum += (double) k->phase[i * G + g] * (double) k->coarse[l * G + g];
      b[i * k->n_lags + l] = sum;
    }
}

/** rho (lag, f, f'). */
static void correlate_functions(const meso_neuron_kernels *k, const double *b, double *rho)
{
  const size_t F = k->n_functions, L = k->n_lags;
  for (size_t lag = 0; lag < L; lag++)
    for (size_t i = 0; i < F * F; i++) {
      double sum = 0;
      for (size_t p = 0; p < k->factor; p++) {
        const double *x = b + (p * F + i / F) * L, *y = b + (p * F + i % F) * L + lag;
        for (size_t m = 0; m + lag < L; m++) sum += x[m] * y[m];
      }
      rho[lag * F * F + i] = sum;
    }
}

/** Mean number of spikes of each neuron in a step. */
static void count_spikes(const meso_neuron_kernels *k, const meso_spike_population *spikes,
                         double from_ms, double to_ms, double *weight)
{
  for (size_t s = 0; s < spikes->n_spikes; s++)
    if (spikes->time_ms[s] >= from_ms && spikes->time_ms[s] <= to_ms)
      weight[spikes->id[s]] += k->dt_ms / (to_ms - from_ms);
}

/** Coefficients of a block of channels of some neurons, times a weight each. */
static void load_chunk(const meso_neuron_kernels *k, size_t block, size_t first, size_t n,
                       const double *weight, double *out)
{
  const size_t size = k->n_functions * LFP_LANES;
  for (size_t j = 0; j < n; j++) {
    const float *from = k->coefficient + (block * k->n_neurons + first + j) * size;
    const double w = weight != NULL ? weight[j] : 1;
    for (size_t i = 0; i < size; i++) out[j * size + i] = w * (double) from[i];
  }
}

/** N of two blocks of channels, (f, lane, f', lane'). Every thread has rows of its own. */
static void gram(const meso_neuron_kernels *k, size_t a, size_t b, size_t first_neuron, size_t n,
                 const double *weight, int n_threads, double *left, double *right, double *N)
{
  const size_t size = k->n_functions * LFP_LANES;
  (void) n_threads; /* unused without OpenMP */
  memset(N, 0, size * size * sizeof *N);
  for (size_t j = 0; j < n; j += CHUNK) {
    const size_t m = n - j < CHUNK ? n - j : CHUNK;
    load_chunk(k, a, first_neuron + j, m, weight + j, left);
    load_chunk(k, b, first_neuron + j, m, NULL, right);
#pragma omp parallel for schedule(static, 1) num_threads(n_threads > 0 ? n_threads : 1)
    for (size_t f = 0; f < k->n_functions; f++)
      cblas_dgemm(CblasRowMajor, CblasTrans, CblasNoTrans, LFP_LANES, (int) size, (int) m, 1,
                  left + f * LFP_LANES, (int) size, right, (int) size, 1,
                  N + f * LFP_LANES * size, (int) size);
  }
}

/** Adds N rho of the channels of two blocks. */
static void add_block(const meso_neuron_kernels *k, size_t a, size_t b, const double *N,
                      const double *rho, int n_threads, double *covariance)
{
  const size_t F = k->n_functions, C = k->n_channels, size = F * LFP_LANES;
  (void) n_threads;
#pragma omp parallel for schedule(static, 1) num_threads(n_threads > 0 ? n_threads : 1)
  for (size_t lag = 0; lag < k->n_lags; lag++)
    for (size_t x = 0; x < LFP_LANES && a * LFP_LANES + x < C; x++)
      for (size_t y = 0; y < LFP_LANES && b * LFP_LANES + y < C; y++) {
        const size_t c = a * LFP_LANES + x, d = b * LFP_LANES + y;
        const double *r = rho + lag * F * F;
        double ahead = 0, behind = 0;
        for (size_t f = 0; f < F; f++)
          for (size_t g = 0; g < F; g++) {
            const double n = N[(f * LFP_LANES + x) * size + g * LFP_LANES + y];
            ahead += n * r[f * F + g];
            behind += n * r[g * F + f];
          }
        covariance[(lag * C + c) * C + d] += ahead;
        if (a != b) covariance[(lag * C + d) * C + c] += behind;
      }
}

meso_status meso_poisson_covariance_add(const meso_neuron_kernels *kernels,
                                        const meso_spike_population *spikes, size_t first_neuron,
                                        double from_ms, double to_ms, int n_threads,
                                        double *covariance, meso_err *err)
{
  meso_status status = MESO_OK;
  const meso_neuron_kernels *k = kernels;
  const size_t F = k->n_functions, size = F * LFP_LANES;
  const size_t n_blocks = (k->n_channels + LFP_LANES - 1) / LFP_LANES;
  double *weight = NULL, *b = NULL, *rho = NULL, *left = NULL, *right = NULL, *N = NULL;
  if (spikes->size > k->n_neurons || first_neuron > k->n_neurons - spikes->size)
    MESO_FAIL(err, MESO_EINVAL, "the kernels are of fewer neurons than population '%s' has",
              spikes->name);
  if (!(to_ms > from_ms)) MESO_FAIL(err, MESO_ERANGE, "rates from %g to %g ms", from_ms, to_ms);
  openblas_set_num_threads(1); /* products of fixed shape: the same bits for any number */
  MESO_ALLOC(err, weight, spikes->size);
  MESO_ALLOC(err, b, k->factor * F * k->n_lags);
  MESO_ALLOC(err, rho, k->n_lags * F * F);
  MESO_ALLOC(err, left, CHUNK * size);
  MESO_ALLOC(err, right, CHUNK * size);
  MESO_ALLOC(err, N, size * size);
  count_spikes(k, spikes, from_ms, to_ms, weight);
  sample_functions(k, b);
  correlate_functions(k, b, rho);
  for (size_t x = 0; x < n_blocks; x++)
    for (size_t y = x; y < n_blocks; y++) {
      gram(k, x, y, first_neuron, spikes->size, weight, n_threads, left, right, N);
      add_block(k, x, y, N, rho, n_threads, covariance);
    }
cleanup:
  free(weight);
  free(b);
  free(rho);
  free(left);
  free(right);
  free(N);
  return status;
}

/* ---- random signs ------------------------------------------------------------------------- */

/** One random bit for each of 128 draws in turn. */
static bool is_plus(meso_rng_key key, uint32_t neuron, meso_sign_draw draw)
{
  uint32_t word[4];
  meso_rng_block(key, (const uint32_t[4]) {neuron, draw.population, draw.number / 128, 0}, word);
  return (word[draw.number / 32 % 4] >> draw.number % 32 & 1) != 0;
}

meso_status meso_random_signs_select(const meso_spike_population *spikes, meso_sign_draw draw,
                                     meso_spike_population *plus, meso_err *err)
{
  meso_status status = MESO_OK;
  const meso_rng_key key = meso_rng_key_make(draw.seed, MESO_RNG_SIGN);
  bool *chosen = NULL;
  *plus = *spikes;
  plus->time_ms = NULL;
  plus->id = NULL;
  plus->n_spikes = 0;
  MESO_ALLOC(err, chosen, spikes->size);
  MESO_ALLOC(err, plus->time_ms, spikes->n_spikes);
  MESO_ALLOC(err, plus->id, spikes->n_spikes);
  for (uint32_t j = 0; j < spikes->size; j++) chosen[j] = is_plus(key, j, draw);
  for (size_t s = 0; s < spikes->n_spikes; s++) {
    plus->time_ms[plus->n_spikes] = spikes->time_ms[s];
    plus->id[plus->n_spikes] = spikes->id[s];
    plus->n_spikes += chosen[spikes->id[s]];
  }
cleanup:
  free(chosen);
  return status;
}

meso_status meso_random_signs_lfp(const meso_neuron_kernels *kernels,
                                  const meso_spike_population *spikes, size_t first_neuron,
                                  double start_ms, size_t n_out, const double *lfp,
                                  meso_sign_draw draw, int n_threads, double *out, meso_err *err)
{
  meso_status status = MESO_OK;
  const size_t n = n_out * kernels->n_channels;
  meso_spike_population plus = {0};
  MESO_TRY(meso_random_signs_select(spikes, draw, &plus, err));
  memset(out, 0, n * sizeof *out);
  MESO_TRY(meso_neuron_kernels_apply(kernels, &plus, first_neuron, start_ms, n_out, n_threads, out,
                                     NULL, err));
  for (size_t i = 0; i < n; i++) out[i] = 2 * out[i] - lfp[i];
cleanup:
  free(plus.time_ms);
  free(plus.id);
  return status;
}
