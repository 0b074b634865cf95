/* engine_kernels.c: delivery, background input and neuron update; compiled once per instruction set
 * with MESO_ISA set to its name.
 *
 * 1. delivery of synaptic events
 * 2. Poisson background
 * 3. neuron update
 */
#include "engine_kernels.h"

#include <string.h>

#include "meso_vector.h"

#define CONCAT_(a, b) a##b
#define CONCAT(a, b) CONCAT_(a, b)
#define QUOTE_(a) #a
#define QUOTE(a) QUOTE_(a)

extern const engine_kernels CONCAT(engine_kernels_, MESO_ISA);

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

/** 16-bit uniforms of neurons 8 block .. 8 (block + 64) - 1 in a step. The two 64-bit halves of a
 *  block's words hold four neurons each, lowest bits first. */
static void uniforms16(meso_rng_key key, uint64_t block, uint64_t step, uint16_t *restrict u)
{
  const uint64_t low = 0xffffffffu;
  for (int base = 0; base < BLOCKS; base += LANES) {
    vec_u64 index = {0};
    for (int l = 0; l < LANES; l++) index[l] = block + (uint64_t) (base + l);
    vec_u64 c[4] = {index & low, index >> 32, (vec_u64) {0} + (step & low),
                    (vec_u64) {0} + (step >> 32)};
    vec_philox(c, key.v[0], key.v[1], ROUNDS);
    const vec_u64 first = (c[0] & low) | c[1] << 32, second = (c[2] & low) | c[3] << 32;
    VEC_STORE(vec_u64, u + PER_BLOCK * base, VEC_ZIP_LOW(first, second));
    VEC_STORE(vec_u64, u + PER_BLOCK * (base + LANES / 2), VEC_ZIP_HIGH(first, second));
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

/** Thresholds below each uniform; not 0 in doubtful where a uniform lies in a threshold's cell. */
static inline void compare(const engine_poisson *p, const uint16_t *uniforms, uint16_t *count,
                           uint16_t *doubtful)
{
#if defined __AVX512BW__
  const __m512i x = _mm512_loadu_si512(uniforms), minus_one = _mm512_set1_epi16(-1);
  __m512i n_below = _mm512_setzero_si512();
  __mmask32 at = 0;
  for (uint32_t j = 0; j < p->n_upper; j++) {
    const __m512i upper = _mm512_set1_epi16((short) p->upper[j]);
    n_below = _mm512_mask_sub_epi16(n_below, _mm512_cmpgt_epu16_mask(x, upper), n_below, minus_one);
    at |= _mm512_cmpeq_epu16_mask(x, upper);
  }
  _mm512_storeu_si512(count, n_below);
  _mm512_storeu_si512(doubtful, _mm512_maskz_mov_epi16(at, minus_one));
#else
  const vec_u16 u = VEC_LOAD(vec_u16, uniforms);
  vec_u16 n_below = {0}, at = {0};
  for (uint32_t j = 0; j < p->n_upper; j++) {
    const vec_u16 upper = (vec_u16) {0} + p->upper[j];
    n_below -= (vec_u16) (u > upper); /* true is -1 */
    at |= (vec_u16) (u == upper);
  }
  VEC_STORE(vec_u16, count, n_below);
  VEC_STORE(vec_u16, doubtful, at);
#endif
}

static void background(const engine_poisson *p, meso_rng_key key, meso_rng_key tail_key,
                       uint64_t first, size_t n, uint64_t step, int32_t weight,
                       int32_t *restrict sum)
{
  _Alignas(64) uint16_t u[CHUNK], count[CHUNK], doubtful[CHUNK];
  const uint64_t last = first + n;
  for (uint64_t g = first / PER_BLOCK * PER_BLOCK; g < last; g += CHUNK) {
    uniforms16(key, g / PER_BLOCK, step, u);
    for (int l = 0; l < CHUNK; l += VECTOR_BYTES / 2)
      compare(p, u + l, count + l, doubtful + l);
    const uint64_t from = g < first ? first : g;
    const uint64_t to = g + CHUNK < last ? g + CHUNK : last;
    for (uint64_t four = 0; four < CHUNK; four += 4) {
      uint64_t any;
      memcpy(&any, doubtful + four, sizeof any);
      for (uint64_t i = four; any != 0 && i < four + 4; i++)
        if (doubtful[i]) count[i] = count_tail(p, tail_key, u[i], g + i, step);
    }
    for (uint64_t i = from; i < to; i++) sum[i - first] += weight * count[i - g];
  }
}

/* ---- 3. update ---------------------------------------------------------------------------- */

/* The one rule for decayed values: below this size they are zero (never subnormal). */
#define NEGLIGIBLE 1e-30

static inline double settle(double x) { return x < NEGLIGIBLE && x > -NEGLIGIBLE ? 0.0 : x; }

static inline vec_f64 settle_vec(vec_f64 x)
{
  const vec_i64 keep = (x >= NEGLIGIBLE) | (x <= -NEGLIGIBLE);
  return (vec_f64) ((vec_i64) x & keep);
}

/** Lanes of a where mask is set, of b elsewhere. */
static inline vec_f64 choose(vec_i64 mask, vec_f64 a, vec_f64 b)
{
  return (vec_f64) (((vec_i64) a & mask) | ((vec_i64) b & ~mask));
}

/** NEST's order (iaf_psc_exp::update) for neuron i: membrane with the old currents, decay of the
 *  currents, input, threshold. True if it spikes. The vector form below does the same operations in
 *  the same order. */
static int update_one(const engine_iaf *p, const engine_slice_state *s, double step_pA, size_t i)
{
  double free_V = s->V_mV[i] * p->P22 + s->I_ex_pA[i] * p->P21_ex;
  if (s->I_in_pA != NULL) {
    free_V += s->I_in_pA[i] * p->P21_in;
    s->I_in_pA[i] = settle(s->I_in_pA[i] * p->P11_in) + (double) s->sum_in[i] * step_pA;
    s->sum_in[i] = 0;
  }
  free_V = settle(free_V + p->P20_I);
  s->I_ex_pA[i] = settle(s->I_ex_pA[i] * p->P11_ex) + (double) s->sum_ex[i] * step_pA;
  s->sum_ex[i] = 0;
  const int held = s->refractory[i] != 0;
  const double v = held ? s->V_mV[i] : free_V;
  const int spike = v >= p->theta_mV;
  s->V_mV[i] = spike ? p->V_reset_mV : v;
  s->refractory[i] = (int16_t) (spike ? p->refractory_steps : s->refractory[i] - held);
  return spike;
}

/** LANES neurons from i on; lanes that spike are -1. */
static inline vec_i64 update_vec(const engine_iaf *p, const engine_slice_state *s, double step_pA,
                                 size_t i, int merged)
{
  const vec_f64 V = VEC_LOAD(vec_f64, s->V_mV + i), I_ex = VEC_LOAD(vec_f64, s->I_ex_pA + i);
  const vec_f64 in_ex = __builtin_convertvector(VEC_LOAD(vec_i32, s->sum_ex + i), vec_f64);
  vec_f64 free_V = V * p->P22 + I_ex * p->P21_ex;
  if (!merged) {
    const vec_f64 I_in = VEC_LOAD(vec_f64, s->I_in_pA + i);
    const vec_f64 in_in = __builtin_convertvector(VEC_LOAD(vec_i32, s->sum_in + i), vec_f64);
    free_V += I_in * p->P21_in;
    VEC_STORE(vec_f64, s->I_in_pA + i, settle_vec(I_in * p->P11_in) + in_in * step_pA);
    VEC_STORE(vec_i32, s->sum_in + i, (vec_i32) {0});
  }
  free_V = settle_vec(free_V + p->P20_I);
  VEC_STORE(vec_f64, s->I_ex_pA + i, settle_vec(I_ex * p->P11_ex) + in_ex * step_pA);
  VEC_STORE(vec_i32, s->sum_ex + i, (vec_i32) {0});
  const vec_i16 r = VEC_LOAD(vec_i16, s->refractory + i);
  const vec_i16 held = r != 0; /* true is -1 */
  const vec_f64 v = choose(__builtin_convertvector(held, vec_i64), V, free_V);
  const vec_i64 spike = v >= p->theta_mV;
  VEC_STORE(vec_f64, s->V_mV + i, choose(spike, (vec_f64) {0} + p->V_reset_mV, v));
  const vec_i16 fired = __builtin_convertvector(spike, vec_i16);
  VEC_STORE(vec_i16, s->refractory + i,
        ((r + held) & ~fired) | (((vec_i16) {0} + (int16_t) p->refractory_steps) & fired));
  return spike;
}

enum { GROUP = 64 };

static inline size_t update_group(const engine_iaf *p, const engine_slice_state *s, double step_pA,
                                  size_t first, int merged, uint32_t *out)
{
  vec_i64 spike[GROUP / LANES], any = {0};
  for (int g = 0; g < GROUP / LANES; g++) {
    spike[g] = update_vec(p, s, step_pA, first + (size_t) (g * LANES), merged);
    any |= spike[g];
  }
  int64_t one = 0;
  for (int l = 0; l < LANES; l++) one |= any[l];
  size_t n_out = 0;
  if (one != 0)
    for (int j = 0; j < GROUP; j++)
      if (spike[j / LANES][j % LANES] != 0) out[n_out++] = (uint32_t) first + (uint32_t) j;
  return n_out;
}

static size_t update(const engine_iaf *p, const engine_slice_state *s, double step_pA,
                     uint32_t *out)
{
  size_t n_out = 0, i = 0;
  if (s->I_in_pA == NULL)
    for (; i + GROUP <= s->n; i += GROUP)
      n_out += update_group(p, s, step_pA, i, 1, out + n_out);
  else
    for (; i + GROUP <= s->n; i += GROUP)
      n_out += update_group(p, s, step_pA, i, 0, out + n_out);
  for (; i < s->n; i++)
    if (update_one(p, s, step_pA, i)) out[n_out++] = (uint32_t) i;
  return n_out;
}

const engine_kernels CONCAT(engine_kernels_, MESO_ISA) = {
  .name = QUOTE(MESO_ISA), .deliver = deliver, .background = background, .update = update,
};
