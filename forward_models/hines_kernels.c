/* hines_kernels.c: the inner loops of the cable solver; compiled once per instruction set with
 * MESO_ISA set to its name.
 *
 * 1. one step   2. settling   3. projection
 */
#include "meso_hines.h"

#include <string.h>

#include "meso_vector.h"

#define CONCAT_(a, b) a##b
#define CONCAT(a, b) CONCAT_(a, b)
#define QUOTE_(a) #a
#define QUOTE(a) QUOTE_(a)

extern const meso_hines_kernels CONCAT(meso_hines_kernels_, MESO_ISA);

/* Vectors that hold the eight lanes. */
enum { PARTS = MESO_HINES_LANES / LANES };
#define EACH_PART(v) _Pragma("GCC unroll 4") for (int v = 0; v < PARTS; v++)

static inline vec_f64 load(const double *x, size_t row, int part)
{
  return *(const vec_f64 *) (const void *) (x + MESO_HINES_LANES * row + (size_t) (LANES * part));
}

static inline void store(double *x, size_t row, int part, vec_f64 value)
{
  *(vec_f64 *) (void *) (x + MESO_HINES_LANES * row + (size_t) (LANES * part)) = value;
}

/* ---- 1. one step -------------------------------------------------------------------------- */

/* Synaptic current of a row over this step; its state moves on to the next. */
static inline vec_f64 take_current(const meso_hines *h, const meso_hines_state *s, size_t k, int v)
{
  vec_f64 sum = {0};
  for (size_t i = 0; i < h->n_taus; i++) {
    const vec_f64 now = load(s->current_nA[i], k, v);
    vec_f64 next = now;
    sum += now;
    if (h->has_feed[i]) {
      const vec_f64 feed = load(s->feed_nA[i], k, v);
      next += feed;
      store(s->feed_nA[i], k, v, feed * h->decay[i]);
    }
    store(s->current_nA[i], k, v, next * h->decay[i]);
  }
  return sum;
}

/* From the leaves to the root: reduced right-hand sides. imem keeps the right-hand sides. The usual
 * case, one time constant, is worth a copy of the loop. */
static inline void reduce(const meso_hines *h, const meso_hines_state *s, bool one_tau,
                          double *restrict imem)
{
  const double decay = one_tau ? h->decay[0] : 0;
  double *const current = one_tau ? s->current_nA[0] : NULL;
  const meso_hines_row *restrict row = h->coefficient;
  for (size_t r = h->n_runs; r-- > 0;) {
    const meso_hines_run run = h->run[r];
    vec_f64 carry[PARTS];
    EACH_PART(v) {
      carry[v] = load(s->pending, r, v);
      store(s->pending, r, v, (vec_f64) {0});
    }
    for (size_t k = run.first + run.n; k-- > run.first;) {
      const double storage = row[k].storage_uS, pull = row[k].pull;
      EACH_PART(v) {
        vec_f64 synaptic;
        if (one_tau) {
          synaptic = load(current, k, v);
          store(current, k, v, synaptic * decay);
        } else {
          synaptic = take_current(h, s, k, v);
        }
        const vec_f64 rhs = load(s->u_mV, k, v) * storage + synaptic;
        const vec_f64 x = rhs + carry[v];
        store(imem, k, v, rhs);
        store(s->reduced, k, v, x);
        carry[v] = x * pull;
      }
    }
    if (r > 0)
      EACH_PART(v) store(s->pending, run.parent_run, v,
                         load(s->pending, run.parent_run, v) + carry[v]);
  }
}

/* From the root to the leaves: potentials, and from them the membrane currents. */
static inline void substitute(const meso_hines *h, const meso_hines_state *s, bool second_order,
                              double *restrict imem)
{
  const meso_hines_row *restrict row = h->coefficient;
  for (size_t r = 0; r < h->n_runs; r++) {
    const meso_hines_run run = h->run[r];
    vec_f64 u[PARTS];
    EACH_PART(v) u[v] = r > 0 ? load(s->joint_mV, run.parent_run, v) : (vec_f64) {0};
    for (size_t k = run.first; k < run.first + run.n; k++) {
      const double inverse = row[k].inverse, pull = row[k].pull, total = row[k].total_uS;
      EACH_PART(v) {
        u[v] = load(s->reduced, k, v) * inverse + u[v] * pull;
        store(imem, k, v, u[v] * total - load(imem, k, v));
        store(s->u_mV, k, v, second_order ? u[v] + (u[v] - load(s->u_mV, k, v)) : u[v]);
      }
    }
    EACH_PART(v) store(s->joint_mV, r, v, u[v]);
  }
}

static void step(const meso_hines *h, meso_hines_state *s, double *imem_nA)
{
  if (h->n_taus == 1 && !h->has_feed[0]) reduce(h, s, true, imem_nA);
  else reduce(h, s, false, imem_nA);
  if (h->second_order) substitute(h, s, true, imem_nA);
  else substitute(h, s, false, imem_nA);
}

/* ---- 2. settling -------------------------------------------------------------------------- */

static void settle_array(size_t n_rows, double *x)
{
  for (size_t i = 0; i < MESO_HINES_LANES * n_rows; i++)
    x[i] = x[i] < 1e-200 && x[i] > -1e-200 ? 0 : x[i];
}

static void settle(const meso_hines *h, meso_hines_state *s)
{
  settle_array(h->n_rows, s->u_mV);
  for (size_t i = 0; i < h->n_taus; i++) {
    settle_array(h->n_rows, s->current_nA[i]);
    if (h->has_feed[i]) settle_array(h->n_rows, s->feed_nA[i]);
  }
}

/* ---- 3. projection ------------------------------------------------------------------------ */

/* Steps whose sums are in registers at once: 24 sums of 32 registers, or 8 of 16. Rows go in
 * chunks, so that their part of the matrix serves all steps from the first-level cache. */
#if VECTOR_BYTES == 64
enum { STEPS = 6, CHUNK = 512 };
#else
enum { STEPS = 2, CHUNK = 48 };
#endif

typedef double tile_sums[MESO_HINES_TILE][MESO_HINES_LANES];

static double lane_sum(const double x[MESO_HINES_LANES])
{
  return ((x[0] + x[1]) + (x[2] + x[3])) + ((x[4] + x[5]) + (x[6] + x[7]));
}

/* Adds n rows to the sums of n_steps (up to STEPS) steps, which lie n_rows apart. */
static inline void add_rows(size_t n, size_t n_steps, const double *restrict matrix,
                            const double *restrict imem, size_t n_rows, tile_sums *restrict sums)
{
  for (int v = 0; v < PARTS; v++) {
    vec_f64 sum[STEPS][MESO_HINES_TILE];
    _Pragma("GCC unroll 8") for (size_t t = 0; t < n_steps; t++)
      _Pragma("GCC unroll 4") for (size_t c = 0; c < MESO_HINES_TILE; c++)
        sum[t][c] = load(sums[t][c], 0, v);
    for (size_t k = 0; k < n; k++) {
      vec_f64 m[MESO_HINES_TILE];
      _Pragma("GCC unroll 4") for (size_t c = 0; c < MESO_HINES_TILE; c++)
        m[c] = load(matrix, MESO_HINES_TILE * k + c, v);
      _Pragma("GCC unroll 8") for (size_t t = 0; t < n_steps; t++) {
        const vec_f64 current = load(imem, t * n_rows + k, v);
        _Pragma("GCC unroll 4") for (size_t c = 0; c < MESO_HINES_TILE; c++)
          sum[t][c] += m[c] * current;
      }
    }
    _Pragma("GCC unroll 8") for (size_t t = 0; t < n_steps; t++)
      _Pragma("GCC unroll 4") for (size_t c = 0; c < MESO_HINES_TILE; c++)
        store(sums[t][c], 0, v, sum[t][c]);
  }
}

static void project_tile(size_t n_rows, size_t n_steps, const double *matrix, const double *imem,
                         size_t width, double *out)
{
  tile_sums sums[MESO_HINES_BLOCK] __attribute__((aligned(64)));
  memset(sums, 0, sizeof sums);
  for (size_t k = 0; k < n_rows; k += CHUNK) {
    const size_t n = n_rows - k < CHUNK ? n_rows - k : CHUNK;
    const double *m = matrix + k * MESO_HINES_TILE * MESO_HINES_LANES;
    size_t t = 0;
    for (; t + STEPS <= n_steps; t += STEPS)
      add_rows(n, STEPS, m, imem + (t * n_rows + k) * MESO_HINES_LANES, n_rows, sums + t);
    for (; t < n_steps; t++)
      add_rows(n, 1, m, imem + (t * n_rows + k) * MESO_HINES_LANES, n_rows, sums + t);
  }
  for (size_t t = 0; t < n_steps; t++)
    for (size_t c = 0; c < MESO_HINES_TILE; c++) out[t * width + c] = lane_sum(sums[t][c]);
}

static void project(size_t n_rows, size_t n_steps, size_t n_tiles, const double *matrix,
                    const double *imem_nA, double *out)
{
  const size_t width = n_tiles * MESO_HINES_TILE;
  for (size_t tile = 0; tile < n_tiles; tile++)
    project_tile(n_rows, n_steps,
                 matrix + tile * n_rows * MESO_HINES_TILE * MESO_HINES_LANES, imem_nA, width,
                 out + tile * MESO_HINES_TILE);
}

const meso_hines_kernels CONCAT(meso_hines_kernels_, MESO_ISA) = {
  QUOTE(MESO_ISA), step, settle, project
};
