/* meso_vector.h: vectors of the compiler (gcc, clang), as wide as the instruction set the including
 * file is compiled for, and Philox4x32 in them. Only the widening product needs an intrinsic.
 * Internal: included by the files that are compiled once per instruction set. */
#ifndef MESO_VECTOR_H
#define MESO_VECTOR_H

#include <stdint.h>

#if defined __x86_64__
#include <immintrin.h>
#endif

#if defined __AVX512F__
#define VECTOR_BYTES 64
#elif defined __AVX2__
#define VECTOR_BYTES 32
#else
#define VECTOR_BYTES 16
#endif
enum { LANES = VECTOR_BYTES / 8 };
/* Values are naturally aligned; the *_mem types are for arrays, aligned as their elements. */
#define VECTOR(element, name, bytes) \
  typedef element name __attribute__((vector_size(bytes))); \
  typedef element name##_mem \
    __attribute__((vector_size(bytes), aligned(sizeof(element)), may_alias))
VECTOR(uint64_t, vec_u64, VECTOR_BYTES);
VECTOR(int64_t, vec_i64, VECTOR_BYTES);
VECTOR(double, vec_f64, VECTOR_BYTES);
VECTOR(int32_t, vec_i32, VECTOR_BYTES / 2);
VECTOR(int16_t, vec_i16, VECTOR_BYTES / 4);
VECTOR(uint16_t, vec_u16, VECTOR_BYTES);
#define VEC_LOAD(type, pointer) ((type) *(const type##_mem *) (pointer))
#define VEC_STORE(type, pointer, value) (*(type##_mem *) (pointer) = (type##_mem) (value))

/* Lanes of a and b in turn: of their lower halves, of their upper halves. */
#if VECTOR_BYTES == 64
#define VEC_ZIP_LOW(a, b) __builtin_shufflevector(a, b, 0, 8, 1, 9, 2, 10, 3, 11)
#define VEC_ZIP_HIGH(a, b) __builtin_shufflevector(a, b, 4, 12, 5, 13, 6, 14, 7, 15)
#elif VECTOR_BYTES == 32
#define VEC_ZIP_LOW(a, b) __builtin_shufflevector(a, b, 0, 4, 1, 5)
#define VEC_ZIP_HIGH(a, b) __builtin_shufflevector(a, b, 2, 6, 3, 7)
#else
#define VEC_ZIP_LOW(a, b) __builtin_shufflevector(a, b, 0, 2)
#define VEC_ZIP_HIGH(a, b) __builtin_shufflevector(a, b, 1, 3)
#endif

/* 0, 1, 2 ... */
#if VECTOR_BYTES == 64
#define VEC_IOTA ((vec_u64) {0, 1, 2, 3, 4, 5, 6, 7})
#elif VECTOR_BYTES == 32
#define VEC_IOTA ((vec_u64) {0, 1, 2, 3})
#else
#define VEC_IOTA ((vec_u64) {0, 1})
#endif

/** The same numbers as doubles. (Compilers cut the widest conversion in two.) */
static inline vec_f64 vec_from_i32(vec_i32 a)
{
#if defined __AVX512F__
  return (vec_f64) _mm512_cvtepi32_pd((__m256i) a);
#else
  return __builtin_convertvector(a, vec_f64);
#endif
}

/** The same numbers in 32 bits. */
static inline vec_i32 vec_from_i16(vec_i16 a)
{
#if defined __AVX512F__
  return (vec_i32) _mm256_cvtepi16_epi32((__m128i) a);
#else
  return __builtin_convertvector(a, vec_i32);
#endif
}

/** One bit per lane, the first lowest: a >= b. */
static inline uint32_t vec_at_least(vec_f64 a, vec_f64 b)
{
#if defined __AVX512F__
  return _mm512_cmp_pd_mask((__m512d) a, (__m512d) b, _CMP_GE_OQ);
#elif defined __AVX2__
  return (uint32_t) _mm256_movemask_pd(_mm256_cmp_pd((__m256d) a, (__m256d) b, _CMP_GE_OQ));
#else
  const vec_i64 mask = a >= b;
  uint32_t bits = 0;
  for (int l = 0; l < LANES; l++) bits |= (uint32_t) (mask[l] & 1) << l;
  return bits;
#endif
}

/** Product of the lower 32 bits of every lane with m. */
static inline vec_u64 vec_multiply_low(vec_u64 a, uint32_t m)
{
#if defined __AVX512F__
  return (vec_u64) _mm512_mul_epu32((__m512i) a, _mm512_set1_epi64((long long) m));
#elif defined __AVX2__
  return (vec_u64) _mm256_mul_epu32((__m256i) a, _mm256_set1_epi64x((long long) m));
#elif defined __x86_64__
  return (vec_u64) _mm_mul_epu32((__m128i) a, _mm_set1_epi64x((long long) m));
#else
  return (a & 0xffffffffu) * (uint64_t) m;
#endif
}

/** Philox4x32 of LANES counters: c[0..3] hold 32-bit words and are replaced by the block's words;
 *  on return only their lower 32 bits count. */
static inline void vec_philox(vec_u64 c[4], uint32_t key0, uint32_t key1, int rounds)
{
  for (int round = 0; round < rounds; round++) {
    const vec_u64 p0 = vec_multiply_low(c[0], 0xD2511F53u);
    const vec_u64 p1 = vec_multiply_low(c[2], 0xCD9E8D57u);
    c[0] = (p1 >> 32) ^ c[1] ^ (uint64_t) key0;
    c[2] = (p0 >> 32) ^ c[3] ^ (uint64_t) key1;
    c[1] = p1;
    c[3] = p0;
    key0 += 0x9E3779B9u;
    key1 += 0xBB67AE85u;
  }
}

#endif
