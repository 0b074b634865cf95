/* engine_kernels.c: delivery, background input and neuron update; compiled once per instruction set
 * with ENGINE_ISA set to its name.
 *
 * 1. delivery of synaptic events
 * 2. Poisson background
 * 3. neuron update
 */
#include "engine_kernels.h"

#include <string.h>

#define CONCAT_(a, b) a##b
#define CONCAT(a, b) CONCAT_(a, b)
#define QUOTE_(a) #a
#define QUOTE(a) QUOTE_(a)

extern const engine_kernels CONCAT(engine_kernels_, ENGINE_ISA);

/* ---- 1. delivery -------------------------------------------------------------------------- */

enum { PREFETCH_AHEAD = 12 };

static void prefetch_segment(const engine_segment *s)
{
  const char *p = (const char *) s->synapse;
  const char *end = (const char *) (s->synapse + s->n);
  for (; p < end; p += 64) __builtin_prefetch(p, 0, 3);
}

/** A synapse is target in the lower, signed weight in the upper 16 bits. */
static void deliver(const engine_segment *segment, size_t n_segments, int32_t *restrict sum)
{
  for (size_t i = 0; i < n_segments && i < PREFETCH_AHEAD; i++) prefetch_segment(&segment[i]);
  for (size_t i = 0; i < n_segments; i++) {
    if (i + PREFETCH_AHEAD < n_segments) prefetch_segment(&segment[i + PREFETCH_AHEAD]);
    const uint32_t *restrict synapse = segment[i].synapse;
    const uint32_t n = segment[i].n;
    uint32_t j = 0;
    for (; j + 4 <= n; j += 4) {
      const uint32_t a = synapse[j], b = synapse[j + 1], c = synapse[j + 2], d = synapse[j + 3];
      sum[a & 0xffff] += (int32_t) a >> 16;
      sum[b & 0xffff] += (int32_t) b >> 16;
      sum[c & 0xffff] += (int32_t) c >> 16;
      sum[d & 0xffff] += (int32_t) d >> 16;
    }
    for (; j < n; j++) sum[synapse[j] & 0xffff] += (int32_t) synapse[j] >> 16;
  }
}

/* ---- 2. background ------------------------------------------------------------------------ */

/* Philox4x32 with seven rounds, the fewest that pass BigCrush (Salmon et al. 2011, table 2). */
enum { BLOCKS = 64, PER_BLOCK = 8, CHUNK = BLOCKS * PER_BLOCK, ROUNDS = 7 };

/** 16-bit uniforms of neurons 8 block .. 8 (block + 64) - 1 in a step. Word w of a block holds
 *  neurons 2w and 2w + 1 (lower half first). Words live in 64-bit lanes. */
static void uniforms16(meso_rng_key key, uint64_t block, uint64_t step, uint16_t *restrict u)
{
  enum { LANES = 16 };
  const uint64_t mask = 0xffffffffu;
  for (int base = 0; base < BLOCKS; base += LANES) {
    uint64_t c0[LANES], c1[LANES], c2[LANES], c3[LANES];
    for (int l = 0; l < LANES; l++) {
      c0[l] = (block + (uint64_t) (base + l)) & mask;
      c1[l] = (block + (uint64_t) (base + l)) >> 32;
      c2[l] = step & mask;
      c3[l] = step >> 32;
    }
    uint32_t key0 = key.v[0], key1 = key.v[1];
    for (int round = 0; round < ROUNDS; round++) {
      for (int l = 0; l < LANES; l++) {
        const uint64_t p0 = c0[l] * 0xD2511F53u, p1 = c2[l] * 0xCD9E8D57u;
        c0[l] = (p1 >> 32) ^ c1[l] ^ key0;
        c2[l] = (p0 >> 32) ^ c3[l] ^ key1;
        c1[l] = p1 & mask;
        c3[l] = p0 & mask;
      }
      key0 += 0x9E3779B9u;
      key1 += 0xBB67AE85u;
    }
    for (int l = 0; l < LANES; l++) {
      const uint64_t words[2] = {c0[l] | c1[l] << 32, c2[l] | c3[l] << 32};
      memcpy(u + PER_BLOCK * (base + l), words, sizeof words);
    }
  }
}

/** Count where the upper 16 bits lie in the cell of a threshold: 32 more bits decide. */
static uint16_t count_tail(const engine_poisson *p, meso_rng_key tail_key, uint16_t upper,
                           uint64_t neuron, uint64_t step)
{
  const uint32_t counter[4] = {(uint32_t) neuron, (uint32_t) (neuron >> 32), (uint32_t) step,
                               (uint32_t) (step >> 32)};
  uint32_t word[4];
  meso_rng_block(tail_key, counter, word);
  const uint64_t u = (uint64_t) upper << 32 | word[0];
  uint16_t count = 0;
  while (count < p->n_thresholds && u >= p->threshold[count]) count++;
  return count;
}

static void background(const engine_poisson *p, meso_rng_key key, meso_rng_key tail_key,
                       uint64_t first, size_t n, uint64_t step, int32_t weight,
                       int32_t *restrict sum)
{
  _Alignas(64) uint16_t u[CHUNK], count[CHUNK], doubtful[CHUNK];
  const uint64_t last = first + n;
  for (uint64_t g = first / PER_BLOCK * PER_BLOCK; g < last; g += CHUNK) {
    uniforms16(key, g / PER_BLOCK, step, u);
    memset(count, 0, sizeof count);
    memset(doubtful, 0, sizeof doubtful);
    for (uint32_t j = 0; j < p->n_thresholds; j++) {
      const uint16_t upper = p->upper[j];
      for (int l = 0; l < CHUNK; l++) {
        count[l] = (uint16_t) (count[l] + (u[l] > upper));
        doubtful[l] = (uint16_t) (doubtful[l] | (u[l] == upper));
      }
    }
    const uint64_t from = g < first ? first : g;
    const uint64_t to = g + CHUNK < last ? g + CHUNK : last;
    for (uint64_t quad = from - g; quad < to - g; quad++)
      if (doubtful[quad])
        count[quad] = count_tail(p, tail_key, u[quad], g + quad, step);
    for (uint64_t i = from; i < to; i++) sum[i - first] += weight * count[i - g];
  }
}

/* ---- 3. update ---------------------------------------------------------------------------- */

/* The one rule for decayed values: below this size they are zero (never subnormal). */
#define NEGLIGIBLE 1e-30

static inline double settle(double x) { return x < NEGLIGIBLE && x > -NEGLIGIBLE ? 0.0 : x; }

enum { UPDATE_CHUNK = 64 };

/** NEST's order (iaf_psc_exp::update): membrane with the old currents, current decay, input,
 *  threshold. */
static int32_t update_chunk_merged(const engine_iaf *p, size_t n, double step_pA,
                                   double *restrict V, double *restrict I,
                                   int32_t *restrict refractory, int32_t *restrict sum,
                                   uint8_t *restrict spiked)
{
  int32_t any = 0;
  const double P22 = p->P22, P21 = p->P21_ex, P11 = p->P11_ex, drift = p->P20_I;
  const double theta = p->theta_mV, reset = p->V_reset_mV;
  const int32_t hold = p->refractory_steps;
  for (size_t i = 0; i < n; i++) {
    const double free_V = settle(V[i] * P22 + I[i] * P21 + drift);
    const int32_t r = refractory[i];
    const double v = r == 0 ? free_V : V[i];
    const int32_t spike = v >= theta;
    I[i] = settle(I[i] * P11) + (double) sum[i] * step_pA;
    sum[i] = 0;
    V[i] = spike ? reset : v;
    refractory[i] = spike ? hold : (r == 0 ? 0 : r - 1);
    spiked[i] = (uint8_t) spike;
    any |= spike;
  }
  return any;
}

static int32_t update_chunk_two(const engine_iaf *p, size_t n, double step_pA,
                                double *restrict V, double *restrict I_ex, double *restrict I_in,
                                int32_t *restrict refractory, int32_t *restrict sum_ex,
                                int32_t *restrict sum_in, uint8_t *restrict spiked)
{
  int32_t any = 0;
  for (size_t i = 0; i < n; i++) {
    const double free_V =
      settle(V[i] * p->P22 + I_ex[i] * p->P21_ex + I_in[i] * p->P21_in + p->P20_I);
    const int32_t r = refractory[i];
    const double v = r == 0 ? free_V : V[i];
    const int32_t spike = v >= p->theta_mV;
    I_ex[i] = settle(I_ex[i] * p->P11_ex) + (double) sum_ex[i] * step_pA;
    I_in[i] = settle(I_in[i] * p->P11_in) + (double) sum_in[i] * step_pA;
    sum_ex[i] = 0;
    sum_in[i] = 0;
    V[i] = spike ? p->V_reset_mV : v;
    refractory[i] = spike ? p->refractory_steps : (r == 0 ? 0 : r - 1);
    spiked[i] = (uint8_t) spike;
    any |= spike;
  }
  return any;
}

static size_t update(const engine_iaf *p, const engine_slice_state *s, double step_pA,
                     uint32_t *out)
{
  _Alignas(64) uint8_t spiked[UPDATE_CHUNK];
  size_t n_out = 0;
  for (size_t i = 0; i < s->n; i += UPDATE_CHUNK) {
    const size_t n = s->n - i < UPDATE_CHUNK ? s->n - i : UPDATE_CHUNK;
    const int32_t any = s->I_in_pA == NULL
      ? update_chunk_merged(p, n, step_pA, s->V_mV + i, s->I_ex_pA + i, s->refractory + i,
                            s->sum_ex + i, spiked)
      : update_chunk_two(p, n, step_pA, s->V_mV + i, s->I_ex_pA + i, s->I_in_pA + i,
                         s->refractory + i, s->sum_ex + i, s->sum_in + i, spiked);
    if (any)
      for (size_t j = 0; j < n; j++)
        if (spiked[j]) out[n_out++] = (uint32_t) (i + j);
  }
  return n_out;
}

const engine_kernels CONCAT(engine_kernels_, ENGINE_ISA) = {
  .name = QUOTE(ENGINE_ISA), .deliver = deliver, .background = background, .update = update,
};
