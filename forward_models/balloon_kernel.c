/* balloon_kernel.c: haemodynamic states of a block of regions; compiled once per instruction set
 * with MESO_ISA set to its name.
 *
 *   ds/dt = efficacy z - kappa s - gamma (f - 1)
 *   d(ln f)/dt = s / f
 *   d(ln v)/dt = (f - v^(1/alpha)) / (tau v)
 *   d(ln q)/dt = (f (1 - (1 - E0)^(1/f)) / (E0 q) - v^(1/alpha) / v) / tau
 * in logarithms as in Stephan et al. 2008, NeuroImage 42:649, so that no step can make a negative
 * flow or volume. */
#include "balloon_kernel.h"

#include "meso_vector.h"

#define CONCAT_(a, b) a##b
#define CONCAT(a, b) CONCAT_(a, b)
#define QUOTE_(a) #a
#define QUOTE(a) QUOTE_(a)

extern const balloon_kernel CONCAT(balloon_kernel_, MESO_ISA);

static const double flow_limit = 23; /* of |ln f|: the model was left long before */

/* a where the mask is set, else b. */
static inline vec_f64 choose(vec_i64 mask, vec_f64 a, vec_f64 b)
{
  return (vec_f64) ((mask & (vec_i64) a) | (~mask & (vec_i64) b));
}

/* Between -limit and limit; what is no number stays so. */
static inline vec_f64 clamp(vec_f64 x, vec_f64 limit)
{
#if defined __AVX512F__
  return (vec_f64) _mm512_min_pd((__m512d) limit, _mm512_max_pd((__m512d) -limit, (__m512d) x));
#elif defined __AVX2__
  return (vec_f64) _mm256_min_pd((__m256d) limit, _mm256_max_pd((__m256d) -limit, (__m256d) x));
#else
  x = choose(x < -limit, -limit, x);
  return choose(x > limit, limit, x);
#endif
}

/* exp to 1 ulp for |x| < 700, held there beyond. x = k ln 2 + r, |r| <= ln 2 / 2; the polynomial
 * r + r^2 q(r), q of degree 9 through Chebyshev's points, leaves 1.6e-17 of exp(r). It is summed in
 * pairs: the processor waits for results more than it computes. */
static inline vec_f64 exponential(vec_f64 x)
{
  const double shift = 6755399441055744.0; /* 1.5 * 2^52: adding it rounds to an integer */
  x = clamp(x, (vec_f64) {0} + 700);
  const vec_f64 t = x * 1.4426950408889634 + shift, k = t - shift;
  const vec_f64 r = (x - k * 0.693147180369123816490) - k * 1.90821492927058770002e-10;
  const vec_f64 r2 = r * r, r4 = r2 * r2;
  const vec_f64 low = (r * 0.16666666666666669 + 0.5000000000000001)
                      + r2 * (r * 0.008333333333330062 + 0.04166666666662413);
  const vec_f64 middle = (r * 0.00019841269863053618 + 0.0013888888917213717)
                         + r2 * (r * 2.7557268459997064e-06 + 2.4801521295954376e-05);
  const vec_f64 high = r * 2.510038549551032e-08 + 2.7620088445409746e-07;
  const vec_f64 p = (low + r4 * (middle + r4 * high)) * r2 + r;
  /* The low bits of t are k; what is above them leaves the word. */
  const vec_f64 power = (vec_f64) (((vec_u64) t + 1023) << 52);
  return power + power * p;
}

/* ---- drive -------------------------------------------------------------------------------- */

static inline vec_f64 load_single(const float *p)
{
#if defined __AVX512F__
  return (vec_f64) _mm512_cvtps_pd(_mm256_loadu_ps(p));
#elif defined __AVX2__
  return (vec_f64) _mm256_cvtps_pd(_mm_loadu_ps(p));
#else
  return (vec_f64) {p[0], p[1]};
#endif
}

static void mean_single(const float *rows, size_t n, size_t stride, double *z)
{
  for (int l = 0; l < BALLOON_LANES; l += LANES) {
    vec_f64 sum = {0};
    for (size_t i = 0; i < n; i++) sum += load_single(rows + i * stride + l);
    VEC_STORE(vec_f64, z + l, sum / (double) n);
  }
}

static void mean_double(const double *rows, size_t n, size_t stride, double *z)
{
  for (int l = 0; l < BALLOON_LANES; l += LANES) {
    vec_f64 sum = {0};
    for (size_t i = 0; i < n; i++) sum += VEC_LOAD(vec_f64, rows + i * stride + l);
    VEC_STORE(vec_f64, z + l, sum / (double) n);
  }
}

/* ---- states ------------------------------------------------------------------------------- */

typedef struct state { vec_f64 s, f, v, q; } state;

static inline state derivative(const balloon_constants *p, vec_f64 z, state x)
{
  const vec_f64 per_f = exponential(-x.f), f = 1 / per_f;
  const vec_f64 outflow_per_v = exponential(p->outflow_power * x.v);
  const vec_f64 extraction = 1 - exponential(p->log_unextracted * per_f);
  return (state) {
    .s = p->efficacy * z - p->kappa_per_s * x.s - p->gamma_per_s2 * (f - 1),
    .f = x.s * per_f,
    .v = (f * exponential(-x.v) - outflow_per_v) * p->per_tau_s,
    .q = (f * extraction * p->per_E0 * exponential(-x.q) - outflow_per_v) * p->per_tau_s,
  };
}

/* x + h d */
static inline state add(state x, double h, state d)
{
  return (state) {x.s + h * d.s, x.f + h * d.f, x.v + h * d.v, x.q + h * d.q};
}

static inline state step_rk4(const balloon_constants *p, double h, vec_f64 z, state x)
{
  const state a = derivative(p, z, x);
  const state b = derivative(p, z, add(x, 0.5 * h, a));
  const state c = derivative(p, z, add(x, 0.5 * h, b));
  const state d = derivative(p, z, add(x, h, c));
  return add(x, h / 6, add(add(a, 2, add(b, 1, c)), 1, d));
}

static inline state step_heun(const balloon_constants *p, double h, vec_f64 z, state x)
{
  const state a = derivative(p, z, x), b = derivative(p, z, add(x, h, a));
  return add(x, 0.5 * h, add(a, 1, b));
}

static bool advance(const balloon_constants *p, int method, double h_s, unsigned n,
                    const double *z, balloon_block *block, double *largest)
{
  const vec_f64 limit = (vec_f64) {0} + flow_limit;
  vec_i64 good = (vec_i64) {0} - 1;
  for (int i = 0; i < BALLOON_LANES; i += LANES) {
    state x = {VEC_LOAD(vec_f64, block->s + i), VEC_LOAD(vec_f64, block->f + i),
               VEC_LOAD(vec_f64, block->v + i), VEC_LOAD(vec_f64, block->q + i)};
    const vec_f64 drive = VEC_LOAD(vec_f64, z + i);
    vec_f64 most = VEC_LOAD(vec_f64, largest + i);
    for (unsigned k = 0; k < n; k++) {
      x = method == BALLOON_RK4 ? step_rk4(p, h_s, drive, x) : step_heun(p, h_s, drive, x);
      good &= (x.f > -limit) & (x.f < limit);
      most = choose(x.f > most, x.f, most);
    }
    VEC_STORE(vec_f64, block->s + i, x.s);
    VEC_STORE(vec_f64, block->f + i, x.f);
    VEC_STORE(vec_f64, block->v + i, x.v);
    VEC_STORE(vec_f64, block->q + i, x.q);
    VEC_STORE(vec_f64, largest + i, most);
  }
  int64_t all = -1;
  for (int l = 0; l < LANES; l++) all &= good[l];
  return all != 0;
}

const balloon_kernel CONCAT(balloon_kernel_, MESO_ISA) = {
  .name = QUOTE(MESO_ISA), .advance = advance, .mean_single = mean_single,
  .mean_double = mean_double
};
