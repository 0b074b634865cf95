/* meso_rng.h: counter-based random numbers (Philox4x32, Salmon et al. 2011, SC'11, doi
 * 10.1145/2063384.2063405; the block function is Random123's). A draw is a pure function of (seed,
 * purpose, counter), so nothing depends on threads, partitions or order. */
#ifndef MESO_RNG_H
#define MESO_RNG_H

#include <stddef.h>
#include <stdint.h>

#include <gsl/gsl_rng.h>

#ifdef __cplusplus
extern "C" {
#endif

/** What a draw is for. Append only: the numbers are part of every result. */
typedef enum meso_rng_purpose {
  MESO_RNG_IN_DEGREE = 1,     /**< counter: projection, first target, last target, draw */
  MESO_RNG_SYNAPSE = 2,       /**< counter: k, target, projection; words: source, weight, delay */
  MESO_RNG_V_INITIAL = 3,     /**< counter: neuron */
  MESO_RNG_BACKGROUND = 4,    /**< counter: block of 8 neurons, step; 16 bits a neuron */
  MESO_RNG_BACKGROUND_TAIL = 5, /**< counter: neuron, step; where 16 bits do not decide */
  MESO_RNG_SOURCE = 6,        /**< counter: source neuron, step */
  MESO_RNG_OUT_DEGREE = 7,    /**< counter: j, source, projection; words: target */
  MESO_RNG_POSITION = 8,      /**< counter: neuron */
  MESO_RNG_THINNING = 9,      /**< counter: candidate, target, projection */
  MESO_RNG_BOLD_NOISE = 16,   /**< counter: volume, region, kind */
  MESO_RNG_CELL = 10,         /**< counter: neuron, block: type, place, rotation */
  MESO_RNG_PLACEMENT = 11,    /**< counter: k, target, projection; words: segment */
  MESO_RNG_PERMUTATION = 17,  /**< counter: permutation, place */
  MESO_RNG_SENSOR_NOISE = 20, /**< counter: sample, sample >> 32, channel */
  MESO_RNG_SURROGATE = 21,    /**< counter: k, item, surrogate; by su_*.c */
  MESO_RNG_RESAMPLING = 22,   /**< counter: k, resample; bootstrap and permutation */
  MESO_RNG_SIGN = 28,         /**< counter: neuron, population, draw / 128; a bit a draw */
  MESO_RNG_EXTERNAL_PLACE = 30, /**< counter: neuron, step, step >> 32, events / 4: segments */
  MESO_RNG_EXTERNAL_NOISE = 31, /**< counter: sample, sample >> 32, pair of channels */
  MESO_RNG_ENSEMBLE = 26,     /**< counter: member, factor or type, kind */
  MESO_RNG_PARAMETER = 32,    /**< counter: neuron, parameter, attempt */
  MESO_RNG_TEST = 255
} meso_rng_purpose;

typedef struct meso_rng_key { uint32_t v[2]; } meso_rng_key;

/** Key of a stream; seed 1 .. 2^56 - 1. */
meso_rng_key meso_rng_key_make(int64_t seed, meso_rng_purpose purpose);

/** One block of four words, ten rounds. */
void meso_rng_block(meso_rng_key key, const uint32_t counter[4], uint32_t out[4]);

enum { MESO_RNG_LANES = 64 };

/** Blocks of the counters (c0, c1, c2, 0), (c0 + 1, c1, c2, 0), ... at once: word[w][i] is word w
 *  of block i, w < 3; ten rounds, equal to meso_rng_block. */
typedef struct meso_rng_lanes {
  void (*draw)(meso_rng_key key, uint32_t c0, uint32_t c1, uint32_t c2,
               uint32_t word[3][MESO_RNG_LANES]);
} meso_rng_lanes;

/** Choice by instruction set: meso_isa.h. */
const meso_rng_lanes *meso_rng_lanes_choose(const char *opt_name);

/** Uniform in (0, 1) from two words (53 bits). */
double meso_rng_uniform(uint32_t high, uint32_t low);

/** A GSL generator over the counters (c0, c1, c2, 0), (c0, c1, c2, 1), ... for GSL's samplers.
 *  NULL when out of memory; free with gsl_rng_free. Restart it with meso_rng_gsl_restart. */
gsl_rng *meso_rng_gsl_create(void);
void meso_rng_gsl_restart(gsl_rng *rng, meso_rng_key key, uint32_t c0, uint32_t c1, uint32_t c2);

#ifdef __cplusplus
}
#endif
#endif
