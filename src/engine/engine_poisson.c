/* engine_poisson.c: tables of Poisson counts, and counts of sources. */
#include "engine_poisson.h"

#include <math.h>

#include "meso_network.h"

meso_status engine_poisson_make(engine_poisson *p, double mean, double dt_ms, const char *path,
                                meso_err *err)
{
  meso_status status = MESO_OK;
  double term = exp(-mean), sum = term;
  p->n_thresholds = 0;
  if (mean > MESO_POISSON_MAX_MEAN)
    MESO_FAIL(err, MESO_ERANGE, "%s: background of %g events per step of %g ms; at most %g are "
              "possible: lower the rate or dt_ms", path, mean, dt_ms, MESO_POISSON_MAX_MEAN);
  while (p->n_thresholds < MESO_POISSON_MAX_EVENTS && 1.0 - sum > 0x1p-49) {
    const uint64_t t = (uint64_t) (sum * 0x1p48);
    p->threshold[p->n_thresholds] = t < ((uint64_t) 1 << 48) ? t : ((uint64_t) 1 << 48) - 1;
    p->n_thresholds++;
    term *= mean / (double) p->n_thresholds;
    sum += term;
  }
  /* The counts above are so rare that each is looked up alone (a 16-bit number never exceeds
   * UINT16_MAX). */
  const uint64_t rare = ((uint64_t) 1 << 48) - ((uint64_t) 1 << 35);
  for (p->n_upper = 0; p->n_upper < 31 && p->n_upper < p->n_thresholds;) {
    const uint64_t t = p->threshold[p->n_upper];
    p->upper[p->n_upper++] = (uint16_t) (t >> 32);
    if (t >= rare) break;
  }
cleanup:
  return status;
}

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
