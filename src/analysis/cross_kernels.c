/* cross_kernels.c: compiled once per instruction set with MESO_ISA set to its name. */
#include "cross_kernels.h"
#include "meso_vector.h"

#define CONCAT_(a, b) a##b
#define CONCAT(a, b) CONCAT_(a, b)

extern const cross_kernels CONCAT(cross_kernels_, MESO_ISA);

/* Two channels against two, so that each load serves two products. */
static void product(size_t n, const double *const a[2], const double *const b[2],
                    double *const sum[4])
{
  for (int l = 0; l < CROSS_LANES; l += LANES) {
    vec_f64 re[4], im[4];
    for (int p = 0; p < 4; p++) {
      re[p] = VEC_LOAD(vec_f64, sum[p] + CROSS_RE * CROSS_LANES + l);
      im[p] = VEC_LOAD(vec_f64, sum[p] + CROSS_IM * CROSS_LANES + l);
    }
    for (size_t o = 0; o < n; o++) {
      const size_t at = 2 * CROSS_LANES * o + (size_t) l;
      const vec_f64 b0 = VEC_LOAD(vec_f64, b[0] + at);
      const vec_f64 b0_im = VEC_LOAD(vec_f64, b[0] + at + CROSS_LANES);
      const vec_f64 b1 = VEC_LOAD(vec_f64, b[1] + at);
      const vec_f64 b1_im = VEC_LOAD(vec_f64, b[1] + at + CROSS_LANES);
      for (int i = 0; i < 2; i++) {
        const vec_f64 a_re = VEC_LOAD(vec_f64, a[i] + at);
        const vec_f64 a_im = VEC_LOAD(vec_f64, a[i] + at + CROSS_LANES);
        re[2 * i] += a_re * b0 + a_im * b0_im;
        im[2 * i] += a_re * b0_im - a_im * b0;
        re[2 * i + 1] += a_re * b1 + a_im * b1_im;
        im[2 * i + 1] += a_re * b1_im - a_im * b1;
      }
    }
    for (int p = 0; p < 4; p++) {
      VEC_STORE(vec_f64, sum[p] + CROSS_RE * CROSS_LANES + l, re[p]);
      VEC_STORE(vec_f64, sum[p] + CROSS_IM * CROSS_LANES + l, im[p]);
    }
  }
}

static void lag_of_pair(size_t n, const double *a, const double *b, double *sum)
{
  const vec_f64 one = (vec_f64) {0} + 1.0, zero = {0};
  for (int l = 0; l < CROSS_LANES; l += LANES) {
    vec_f64 sign = VEC_LOAD(vec_f64, sum + CROSS_SIGN * CROSS_LANES + l);
    vec_f64 size = VEC_LOAD(vec_f64, sum + CROSS_ABS * CROSS_LANES + l);
    vec_f64 square = VEC_LOAD(vec_f64, sum + CROSS_SQUARE * CROSS_LANES + l);
    for (size_t o = 0; o < n; o++) {
      const size_t at = 2 * CROSS_LANES * o + (size_t) l;
      const vec_f64 im = VEC_LOAD(vec_f64, a + at) * VEC_LOAD(vec_f64, b + at + CROSS_LANES)
                         - VEC_LOAD(vec_f64, a + at + CROSS_LANES) * VEC_LOAD(vec_f64, b + at);
      const vec_i64 above = im > zero, below = im < zero;
      sign += (vec_f64) ((vec_i64) one & above) - (vec_f64) ((vec_i64) one & below);
      size += (vec_f64) ((vec_i64) im & INT64_MAX);
      square += im * im;
    }
    VEC_STORE(vec_f64, sum + CROSS_SIGN * CROSS_LANES + l, sign);
    VEC_STORE(vec_f64, sum + CROSS_ABS * CROSS_LANES + l, size);
    VEC_STORE(vec_f64, sum + CROSS_SQUARE * CROSS_LANES + l, square);
  }
}

static void lag(size_t n, const double *const a[2], const double *const b[2], double *const sum[4])
{
  for (int p = 0; p < 4; p++) lag_of_pair(n, a[p / 2], b[p % 2], sum[p]);
}

#define STRING_(a) #a
#define STRING(a) STRING_(a)
const cross_kernels CONCAT(cross_kernels_, MESO_ISA) = {STRING(MESO_ISA), product, lag};
