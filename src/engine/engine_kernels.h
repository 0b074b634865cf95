/* engine_kernels.h: the engine's inner loops. The same C source (engine_kernels.c) is compiled once
 * per instruction set; arithmetic is plain IEEE without contraction, so every set gives the same
 * bits. Internal to the engine. */
#ifndef ENGINE_KERNELS_H
#define ENGINE_KERNELS_H

#include <stddef.h>
#include <stdint.h>

#include "meso_rng.h"

/** A run of synapses with one source and one delay. */
typedef struct engine_segment { const uint32_t *synapse; uint32_t n; } engine_segment;

/** Poisson counts by comparing 16-bit uniforms with the cumulative table. */
typedef struct engine_poisson {
  uint32_t n_thresholds;
  uint32_t n_upper;        /**< thresholds with different upper 16 bits */
  uint16_t upper[64];      /**< upper 16 bits of the thresholds, without repetition at the end */
  uint64_t threshold[64];  /**< 2^48 P(count <= j) */
} engine_poisson;

/** Propagators of iaf_psc_exp (see engine_neuron.h), for all neurons of a slice. */
typedef struct engine_iaf {
  double P22, P20_I;         /**< membrane decay; P20 (I_e + I_dc) */
  double P21_ex, P21_in, P11_ex, P11_in;
  double theta_mV, V_reset_mV; /**< relative to E_L */
  int32_t refractory_steps;
} engine_iaf;

/** State of a slice: contiguous neurons of one population in one partition. */
typedef struct engine_slice_state {
  size_t n;
  double *V_mV;              /**< relative to E_L */
  double *I_ex_pA, *I_in_pA; /**< I_in_pA NULL: one merged current */
  int16_t *refractory;
  int32_t *sum_ex, *sum_in;  /**< input of this step in weight steps; zeroed by the update */
} engine_slice_state;

typedef struct engine_kernels {
  const char *name;
  /** Adds the weights of all segments to sum[target]. */
  void (*deliver)(const engine_segment *segment, size_t n_segments, int32_t *sum);
  /** Adds weight * count to sum[i] for n neurons that start at global index first. */
  void (*background)(const engine_poisson *poisson, meso_rng_key key, meso_rng_key tail_key,
                     uint64_t first, size_t n, uint64_t step, int32_t weight, int32_t *sum);
  /** One step of n neurons; writes the indices that spike to out, returns how many. */
  size_t (*update)(const engine_iaf *p, const engine_slice_state *s, double weight_step_pA,
                   uint32_t *out);
} engine_kernels;

/** The fastest set this processor has; name: NULL, or "plain", "avx2", "avx512" to force one
 *  (NULL is returned if the processor lacks it). */
const engine_kernels *engine_kernels_choose(const char *name);

#endif
