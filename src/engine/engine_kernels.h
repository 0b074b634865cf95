/* engine_kernels.h: the engine's inner loops. The same C source (engine_kernels.c) is compiled once
 * per instruction set; arithmetic is plain IEEE without contraction, so every set gives the same
 * bits. Internal to the engine. */
#ifndef ENGINE_KERNELS_H
#define ENGINE_KERNELS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "meso_poisson.h"
#include "meso_rng.h"

/** A run of synapses with one source and one delay: its length in the lowest ENGINE_LENGTH_BITS,
 *  above them the index of its first synapse in the table. */
typedef uint64_t engine_segment;
enum { ENGINE_LENGTH_BITS = 16 };

static inline engine_segment engine_segment_make(uint64_t first, uint16_t n)
{
  return first << ENGINE_LENGTH_BITS | n;
}
static inline uint64_t engine_segment_first(engine_segment s) { return s >> ENGINE_LENGTH_BITS; }
static inline uint32_t engine_segment_length(engine_segment s) { return (uint16_t) s; }

/** Neurons that go through several steps while their state lies in the first-level cache. */
enum { ENGINE_CHUNK = 512 };
/** Chunks start and end at multiples of this many neurons; arrays are aligned accordingly. */
enum { ENGINE_ALIGN = 16 };

/** Propagators of iaf_psc_exp (see engine_neuron.h). The engine counts currents in weight steps
 *  (P21 per step; an exact change of unit, the step is a power of two). */
typedef struct engine_iaf {
  double P22, P20_I;         /**< membrane decay; P20 (I_e + I_dc) */
  double P21_ex, P21_in, P11_ex, P11_in;
  double theta_mV, V_reset_mV; /**< relative to E_L */
  int32_t refractory_steps;
} engine_iaf;

/** State of n <= ENGINE_CHUNK neurons of one population between two steps: currents have decayed,
 *  their input is still to come. */
typedef struct engine_chunk_state {
  size_t n;                  /**< multiple of ENGINE_ALIGN */
  double *V_mV;              /**< relative to E_L; -INFINITY while refractory */
  double *I_ex, *I_in;       /**< in weight steps; I_in NULL: one merged current */
  int32_t *sum_ex, *sum_in;  /**< synaptic input in weight steps; zeroed by the update */
  const uint16_t *count;     /**< background events; NULL: none */
  int32_t count_weight;      /**< of one event */
} engine_chunk_state;

typedef struct engine_kernels {
  const char *name;
  /** Adds the weights of all segments to sum[target]. Returns how many synapses they have. */
  uint64_t (*deliver)(const uint32_t *table, const engine_segment *segment, size_t n_segments,
                      int32_t *sum);
  /** Background events in a step of n neurons that start at global index first, first % 8 + n <=
   *  ENGINE_CHUNK, as meso_poisson_train has them; returns where in buffer (ENGINE_CHUNK) the first
   *  neuron's count is. */
  const uint16_t *(*background)(const meso_poisson *poisson, meso_rng_key key,
                                meso_rng_key tail_key, uint64_t first, size_t n, uint64_t step,
                                uint16_t *buffer);
  /** Input of the step before, then one step of V and of the currents. Writes the indices of
   *  neurons at or above threshold to out and returns how many; what they do then (reset,
   *  refractoriness) is the caller's. */
  size_t (*update)(const engine_iaf *p, const engine_chunk_state *s, uint32_t *out);
} engine_kernels;

/** Choice by instruction set: meso_isa.h. */
const engine_kernels *engine_kernels_choose(const char *opt_name);

#endif
