/* engine_poisson.c: spikes of sources. */
#include "engine_poisson.h"

#include <math.h>

#include "meso_network.h"

int engine_source_count(meso_rng_key key, uint64_t identity, uint64_t step, double mean)
{
  const uint32_t counter[4] = {(uint32_t) identity, (uint32_t) (identity >> 32),
                               (uint32_t) step, (uint32_t) (step >> 32)};
  uint32_t word[4];
  meso_rng_block(key, counter, word);
  double u = meso_rng_uniform(word[0], word[1]), term = exp(-mean);
  int n = 0;
  while (n < MESO_SOURCE_MAX_SPIKES && u >= term) {
    u -= term;
    term *= mean / ++n;
  }
  return n;
}
