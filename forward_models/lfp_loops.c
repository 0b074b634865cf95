/* lfp_loops.c: inner loops of the neuron-level LFP; compiled once per instruction set with MESO_ISA
 * set to its name. Vectors are the compiler's (gcc, clang): 16 single precision lanes, cut into
 * what the processor has. */
#include "lfp_loops.h"

#include <math.h>
#include <string.h>

#define CONCAT_(a, b) a##b
#define CONCAT(a, b) CONCAT_(a, b)
#define QUOTE_(a) #a
#define QUOTE(a) QUOTE_(a)

extern const lfp_loops CONCAT(lfp_loops_, MESO_ISA);

typedef float lanes __attribute__((vector_size(4 * LFP_LANES)));
typedef float lanes_mem __attribute__((vector_size(4 * LFP_LANES), aligned(4), may_alias));
#define LOAD(p) ((lanes) *(const lanes_mem *) (p))
#define STORE(p, v) (*(lanes_mem *) (p) = (lanes_mem) (v))

/* ---- volume conductor --------------------------------------------------------------------- */

/** atanh(x) / x for 0 <= x <= 1/4: terms x^2k / (2k + 1), the first one left out is below 1e-16. */
static inline double atanh_over_x(double x)
{
  const double y = x * x;
  double sum = 1.0 / 25;
  for (int k = 23; k >= 1; k -= 2) sum = sum * y + 1.0 / k;
  return sum;
}

/** Line sources and one contact; near segments, where the series is too short, in a second pass. */
static void line_potential(const lfp_segments *s, const double at[3], double scale,
                           double *restrict phi)
{
  const double *restrict sx = s->start_um[0], *restrict sy = s->start_um[1],
               *restrict sz = s->start_um[2], *restrict ex = s->end_um[0],
               *restrict ey = s->end_um[1], *restrict ez = s->end_um[2];
  const double *restrict d = s->diam_um;
  int any_near = 0;
  for (size_t j = 0; j < s->n; j++) {
    const double px = ex[j] - sx[j], py = ey[j] - sy[j], pz = ez[j] - sz[j];
    const double qx = at[0] - ex[j], qy = at[1] - ey[j], qz = at[2] - ez[j];
    const double D2 = px * px + py * py + pz * pz, D = sqrt(D2);
    const double h = (qx * px + qy * py + qz * pz) / D, l = h + D;
    const double off = fabs(qx * qx + qy * qy + qz * qz - h * h);
    const double near = 0.25 * d[j] * d[j];
    const double rho2 = off > near ? off : near;
    const double x = D / (sqrt(rho2 + h * h) + sqrt(rho2 + l * l));
    any_near |= x > 0.25;
    phi[j] = x > 0.25 ? -x : 2 * scale * x * atanh_over_x(x) / D;
  }
  for (size_t j = 0; any_near && j < s->n; j++) {
    if (!(phi[j] < 0)) continue;
    const double px = ex[j] - sx[j], py = ey[j] - sy[j], pz = ez[j] - sz[j];
    phi[j] = 2 * scale * atanh(-phi[j]) / sqrt(px * px + py * py + pz * pz);
  }
}

static double point_potential(const lfp_segments *s, size_t j, const double at[3], double scale)
{
  double r2 = 0;
  for (int k = 0; k < 3; k++) {
    const double q = at[k] - 0.5 * (s->start_um[k][j] + s->end_um[k][j]);
    r2 += q * q;
  }
  return scale / fmax(sqrt(r2), 0.5 * s->diam_um[j]);
}

static void potential(const lfp_segments *s, const double *contact_um, double sigma_S_per_m,
                      double *work, float *matrix)
{
  const double scale = 1 / (4 * M_PI * sigma_S_per_m);
  double mean[LFP_LANES];
  for (size_t c = 0; c < LFP_LANES; c++) {
    const double at[3] = {contact_um[c], contact_um[LFP_LANES + c], contact_um[2 * LFP_LANES + c]};
    double *phi = work + c * s->n, sum = 0;
    line_potential(s, at, scale, phi);
    phi[0] = point_potential(s, 0, at, scale);
    for (size_t j = 0; j < s->n; j++) sum += phi[j];
    mean[c] = sum / (double) s->n;
  }
  for (size_t j = 0; j < s->n; j++)
    for (size_t c = 0; c < LFP_LANES; c++)
      matrix[j * LFP_LANES + c] = (float) (work[c * s->n + j] - mean[c]);
}

/* ---- kernels ------------------------------------------------------------------------------ */

static void respond(const float *response, size_t n_rows, size_t n_segments, size_t n_cells,
                    const float *const *matrix, float *const *out)
{
  for (size_t row = 0; row < n_rows; row += LFP_PANEL) {
    const float *panel = response + row * n_segments;
    for (size_t i = 0; i < n_cells; i++) {
      lanes sum[LFP_PANEL] = {{0}};
      for (size_t j = 0; j < n_segments; j++) {
        const lanes m = LOAD(matrix[i] + j * LFP_LANES);
        const float *p = panel + j * LFP_PANEL;
        for (int k = 0; k < LFP_PANEL; k++) sum[k] += m * p[k];
      }
      for (size_t k = 0; k < LFP_PANEL; k++) STORE(out[i] + (row + k) * LFP_LANES, sum[k]);
    }
  }
}

enum { AHEAD = 6 };

static void prefetch(const float *row, size_t n_functions)
{
  for (size_t a = 0; a < n_functions; a++) __builtin_prefetch(row + a * LFP_LANES, 0, 3);
}

static void gather(const lfp_synapse *synapse, size_t n_synapses, const float *rows,
                   size_t n_functions, float *sums, uint8_t *used)
{
  const size_t size = n_functions * LFP_LANES;
  for (size_t s = 0; s < n_synapses && s < AHEAD; s++)
    prefetch(rows + synapse[s].row * size, n_functions);
  for (size_t s = 0; s < n_synapses; s++) {
    if (s + AHEAD < n_synapses) prefetch(rows + synapse[s + AHEAD].row * size, n_functions);
    const float *row = rows + synapse[s].row * size;
    float *sum = sums + synapse[s].delay * size;
    const float weight = (float) synapse[s].weight;
    for (size_t a = 0; a < size; a += LFP_LANES)
      STORE(sum + a, LOAD(sum + a) + LOAD(row + a) * weight);
    used[synapse[s].delay] = 1;
  }
}

static void shift(float *sums, uint8_t *used, size_t n_delays, size_t n_functions,
                  const float *table, size_t n_out, float *kernel)
{
  const size_t size = n_functions * LFP_LANES;
  for (size_t f = 0; f < n_out; f += LFP_PANEL) {
    lanes sum[LFP_PANEL];
    for (size_t k = 0; k < LFP_PANEL; k++) sum[k] = LOAD(kernel + (f + k) * LFP_LANES);
    for (size_t d = 0; d < n_delays; d++) {
      if (!used[d]) continue;
      for (size_t a = 0; a < n_functions; a++) {
        const lanes v = LOAD(sums + d * size + a * LFP_LANES);
        const float *t = table + (d * n_functions + a) * n_out + f;
        for (int k = 0; k < LFP_PANEL; k++) sum[k] += v * t[k];
      }
    }
    for (size_t k = 0; k < LFP_PANEL; k++) STORE(kernel + (f + k) * LFP_LANES, sum[k]);
  }
  for (size_t d = 0; d < n_delays; d++)
    if (used[d]) {
      memset(sums + d * size, 0, size * sizeof *sums);
      used[d] = 0;
    }
}

/* ---- spikes ------------------------------------------------------------------------------- */

static void add(size_t n, const float *restrict vector, float *restrict sum)
{
  for (size_t i = 0; i < n; i++) sum[i] += vector[i];
}

/** Single precision within a run of steps, double over the runs. */
static void convolve(const float *amplitude, size_t n_steps, size_t n_functions,
                     const float *basis, double *out)
{
  enum { RUN = 16 };
  for (size_t n0 = 0; n0 < n_steps; n0 += RUN) {
    const size_t n1 = n_steps - n0 < RUN ? n_steps : n0 + RUN;
    lanes even = {0}, odd = {0};
    for (size_t n = n0; n < n1; n++) {
      const float *a = amplitude + n * n_functions * LFP_LANES;
      const float *b = basis - n * n_functions;
      for (size_t f = 0; f < n_functions; f += 2) {
        even += LOAD(a + f * LFP_LANES) * b[f];
        odd += LOAD(a + (f + 1) * LFP_LANES) * b[f + 1];
      }
    }
    even += odd;
    for (size_t c = 0; c < LFP_LANES; c++) out[c] += (double) even[c];
  }
}

const lfp_loops CONCAT(lfp_loops_, MESO_ISA) = {
  .name = QUOTE(MESO_ISA), .potential = potential, .respond = respond, .gather = gather,
  .shift = shift, .add = add, .convolve = convolve,
};
