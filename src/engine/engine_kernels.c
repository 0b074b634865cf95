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

/** The first 256 bytes: most segments are shorter, and what follows them is needed a step later. */
static void prefetch_segment(const uint32_t *synapse, engine_segment s)
{
  const char *p = (const char *) (synapse + engine_segment_first(s));
  for (int line = 0; line < 4; line++) __builtin_prefetch(p + 64 * line, 0, 3);
}

/** A synapse is target in the lower, signed weight in the upper 16 bits. */
static uint64_t deliver(const uint32_t *table, const engine_segment *segment, size_t n_segments,
                        int32_t *restrict sum)
{
  uint64_t n_synapses = 0;
  for (size_t i = 0; i < n_segments && i < PREFETCH_AHEAD; i++)
    prefetch_segment(table, segment[i]);
  for (size_t i = 0; i < n_segments; i++) {
    if (i + PREFETCH_AHEAD < n_segments) prefetch_segment(table, segment[i + PREFETCH_AHEAD]);
    const uint32_t *restrict synapse = table + engine_segment_first(segment[i]);
    const uint32_t n = engine_segment_length(segment[i]);
    uint32_t j = 0;
    n_synapses += n;
    for (; j + 4 <= n; j += 4) {
      const uint32_t a = synapse[j], b = synapse[j + 1], c = synapse[j + 2], d = synapse[j + 3];
      sum[a & 0xffff] += (int32_t) a >> 16;
      sum[b & 0xffff] += (int32_t) b >> 16;
      sum[c & 0xffff] += (int32_t) c >> 16;
      sum[d & 0xffff] += (int32_t) d >> 16;
    }
    for (; j < n; j++) sum[synapse[j] & 0xffff] += (int32_t) synapse[j] >> 16;
  }
  return n_synapses;
}

/* ---- 2. background ------------------------------------------------------------------------ */

/* Philox4x32 with seven rounds, the fewest that pass BigCrush (Salmon et al. 2011, table 2). */
enum { PER_BLOCK = MESO_POISSON_PER_BLOCK, ROUNDS = MESO_POISSON_ROUNDS };
enum { U16_LANES = VECTOR_BYTES / 2 };

/** 16-bit uniforms of neurons 8 block .. 8 (block + n_blocks) - 1 in a step; n_blocks a multiple of
 *  LANES. The two 64-bit halves of a block's words hold four neurons each, lowest bits first. */
static inline void uniforms16(meso_rng_key key, uint64_t block, unsigned n_blocks, uint64_t step,
                              uint16_t *restrict u)
{
  const uint64_t low = 0xffffffffu;
  for (unsigned base = 0; base < n_blocks; base += LANES) {
    const vec_u64 index = VEC_IOTA + (block + base);
    vec_u64 c[4] = {index & low, index >> 32, (vec_u64) {0} + (step & low),
                    (vec_u64) {0} + (step >> 32)};
    vec_philox(c, key.v[0], key.v[1], ROUNDS);
    const vec_u64 first = (c[0] & low) | c[1] << 32, second = (c[2] & low) | c[3] << 32;
    VEC_STORE(vec_u64, u + PER_BLOCK * base, VEC_ZIP_LOW(first, second));
    VEC_STORE(vec_u64, u + PER_BLOCK * (base + LANES / 2), VEC_ZIP_HIGH(first, second));
  }
}

/** Count where 16 bits don't decide: they lie in the cell of a threshold, or above the last one
 *  that is compared. 32 more bits, and all thresholds, decide. */
static uint16_t count_tail(const meso_poisson *p, meso_rng_key tail_key, uint16_t upper,
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

/* Vectors that are compared together, so that a threshold is read once for all. */
enum { ABREAST = 4, TOGETHER = ABREAST * U16_LANES };

/** Thresholds below each of TOGETHER uniforms; true if any lane is left undecided (not 0 in
 *  doubtful, which is written only then). */
#if defined __AVX512BW__
static inline bool compare(const meso_poisson *p, const uint16_t *uniforms, uint16_t *count,
                           uint16_t *doubtful)
{
  const __m512i minus_one = _mm512_set1_epi16(-1), first = _mm512_loadu_si512(p->upper);
  __m512i u[ABREAST], n_below[ABREAST];
  __mmask32 above[ABREAST] = {0}, any = 0;
  for (int v = 0; v < ABREAST; v++) {
    u[v] = _mm512_loadu_si512(uniforms + v * U16_LANES);
    n_below[v] = _mm512_setzero_si512();
  }
  for (uint32_t j = 0; j < p->n_upper; j++) {
    const __m512i upper = _mm512_set1_epi16((short) p->upper[j]);
    for (int v = 0; v < ABREAST; v++) {
      above[v] = _mm512_cmpgt_epu16_mask(u[v], upper);
      n_below[v] = _mm512_mask_sub_epi16(n_below[v], above[v], n_below[v], minus_one);
    }
  }
  for (int v = 0; v < ABREAST; v++) {
    /* A uniform that equals a threshold equals the first one that it does not exceed. */
    const __m512i next = _mm512_permutexvar_epi16(n_below[v], first);
    above[v] |= _mm512_cmpeq_epi16_mask(u[v], next);
    any |= above[v];
    _mm512_storeu_si512(count + v * U16_LANES, n_below[v]);
  }
  for (int v = 0; any != 0 && v < ABREAST; v++)
    _mm512_storeu_si512(doubtful + v * U16_LANES, _mm512_maskz_mov_epi16(above[v], minus_one));
  return any != 0;
}
#else
static inline bool compare(const meso_poisson *p, const uint16_t *uniforms, uint16_t *count,
                           uint16_t *doubtful)
{
  vec_u16 u[ABREAST], n_below[ABREAST] = {{0}}, at[ABREAST] = {{0}}, above[ABREAST] = {{0}};
  vec_u64 any = {0};
  for (int v = 0; v < ABREAST; v++) u[v] = VEC_LOAD(vec_u16, uniforms + v * U16_LANES);
  for (uint32_t j = 0; j < p->n_upper; j++) {
    const vec_u16 upper = (vec_u16) {0} + p->upper[j];
    for (int v = 0; v < ABREAST; v++) {
      above[v] = (vec_u16) (u[v] > upper); /* true is -1 */
      n_below[v] -= above[v];
      at[v] |= (vec_u16) (u[v] == upper);
    }
  }
  for (int v = 0; v < ABREAST; v++) {
    any |= (vec_u64) (at[v] | above[v]);
    VEC_STORE(vec_u16, count + v * U16_LANES, n_below[v]);
    VEC_STORE(vec_u16, doubtful + v * U16_LANES, at[v] | above[v]);
  }
  uint64_t one = 0;
  for (int l = 0; l < LANES; l++) one |= any[l];
  return one != 0;
}
#endif

static const uint16_t *background(const meso_poisson *p, meso_rng_key key, meso_rng_key tail_key,
                                  uint64_t first, size_t n, uint64_t step, uint16_t *count)
{
  _Alignas(64) uint16_t u[ENGINE_CHUNK], doubtful[TOGETHER];
  const uint64_t start = first / PER_BLOCK * PER_BLOCK;
  unsigned span = (unsigned) (first - start + n);
  span = (span + TOGETHER - 1) / TOGETHER * TOGETHER;
  uniforms16(key, start / PER_BLOCK, span / PER_BLOCK, step, u);
  for (unsigned i = 0; i < span; i += TOGETHER) {
    if (!compare(p, u + i, count + i, doubtful)) continue;
    for (unsigned l = 0; l < TOGETHER; l++)
      if (doubtful[l]) count[i + l] = count_tail(p, tail_key, u[i + l], start + i + l, step);
  }
  return count + (first - start);
}

/* ---- 3. update ---------------------------------------------------------------------------- */

/** NEST's order (iaf_psc_exp::update) for LANES neurons from i on, with the input of the step
 *  before added first: membrane with these currents, their decay, threshold. One bit per lane that
 *  spikes. */
static inline __attribute__((always_inline)) uint32_t
update_vec(engine_iaf p, engine_chunk_state s, size_t i, bool merged, bool counted)
{
  const vec_f64 zero = {0};
  vec_i32 input = VEC_LOAD(vec_i32, s.sum_ex + i);
  if (counted) input += vec_from_i16(VEC_LOAD(vec_i16, s.count + i)) * s.count_weight;
  VEC_STORE(vec_i32, s.sum_ex + i, (vec_i32) {0});
  const vec_f64 I_ex = VEC_LOAD(vec_f64, s.I_ex + i) + vec_from_i32(input);
  vec_f64 V = VEC_LOAD(vec_f64, s.V_mV + i) * p.P22 + I_ex * p.P21_ex;
  VEC_STORE(vec_f64, s.I_ex + i, I_ex * p.P11_ex);
  if (!merged) {
    const vec_f64 I_in =
      VEC_LOAD(vec_f64, s.I_in + i) + vec_from_i32(VEC_LOAD(vec_i32, s.sum_in + i));
    VEC_STORE(vec_i32, s.sum_in + i, (vec_i32) {0});
    V += I_in * p.P21_in;
    VEC_STORE(vec_f64, s.I_in + i, I_in * p.P11_in);
  }
  V += p.P20_I;
  VEC_STORE(vec_f64, s.V_mV + i, V);
  return vec_at_least(V, zero + p.theta_mV);
}

static inline __attribute__((always_inline)) size_t
update_all(const engine_iaf *p, const engine_chunk_state *s, bool merged, bool counted,
           uint32_t *out)
{
  enum { GROUP = ENGINE_ALIGN };
  const engine_iaf parameters = *p; /* copies: stores can't change them */
  const engine_chunk_state state = *s;
  size_t n_out = 0;
  for (size_t i = 0; i < state.n; i += GROUP) {
    uint32_t spike = 0;
    for (unsigned g = 0; g < GROUP; g += LANES)
      spike |= update_vec(parameters, state, i + g, merged, counted) << g;
    for (; spike != 0; spike &= spike - 1)
      out[n_out++] = (uint32_t) i + (uint32_t) __builtin_ctz(spike);
  }
  return n_out;
}

static size_t update(const engine_iaf *p, const engine_chunk_state *s, uint32_t *out)
{
  if (s->I_in == NULL)
    return s->count == NULL ? update_all(p, s, true, false, out)
                            : update_all(p, s, true, true, out);
  return s->count == NULL ? update_all(p, s, false, false, out)
                          : update_all(p, s, false, true, out);
}

const engine_kernels CONCAT(engine_kernels_, MESO_ISA) = {
  .name = QUOTE(MESO_ISA), .deliver = deliver, .background = background, .update = update,
};
