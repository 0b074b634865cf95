/* rng_lanes.c: many Philox blocks at once; compiled once per instruction set with MESO_ISA set to
 * its name. */
#include "meso_rng.h"
#include "meso_vector.h"

#define CONCAT_(a, b) a##b
#define CONCAT(a, b) CONCAT_(a, b)

extern const meso_rng_lanes CONCAT(meso_rng_lanes_, MESO_ISA);

static void lanes(meso_rng_key key, uint32_t c0, uint32_t c1, uint32_t c2,
                  uint32_t word[3][MESO_RNG_LANES])
{
  for (int base = 0; base < MESO_RNG_LANES; base += LANES) {
    vec_u64 index = {0};
    for (int l = 0; l < LANES; l++) index[l] = (uint32_t) (c0 + (uint32_t) (base + l));
    vec_u64 c[4] = {index, (vec_u64) {0} + (uint64_t) c1, (vec_u64) {0} + (uint64_t) c2, {0}};
    vec_philox(c, key.v[0], key.v[1], 10);
    for (int w = 0; w < 3; w++)
      for (int l = 0; l < LANES; l++) word[w][base + l] = (uint32_t) c[w][l];
  }
}

const meso_rng_lanes CONCAT(meso_rng_lanes_, MESO_ISA) = {lanes};
