/* meso_poisson.c: tables of Poisson counts, and the trains of single neurons. */
#include "meso_poisson.h"

#include <math.h>

#include <Random123/philox.h>

meso_status meso_poisson_init(meso_poisson *p, double mean, double dt_ms, const char *path,
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

/** Thresholds at or below the 48 bits (upper, word). */
static uint16_t count_all(const meso_poisson *p, uint16_t upper, uint32_t word)
{
  const uint64_t u = (uint64_t) upper << 32 | word;
  uint16_t count = 0;
  while (count < p->n_thresholds && u >= p->threshold[count]) count++;
  return count;
}

void meso_poisson_train(const meso_poisson *p, meso_rng_key key, meso_rng_key tail_key,
                        uint64_t identity, uint64_t first_step, size_t n, uint16_t *count)
{
  const uint64_t block = identity / MESO_POISSON_PER_BLOCK;
  const unsigned lane = identity % MESO_POISSON_PER_BLOCK;
  const philox4x32_key_t k = {{key.v[0], key.v[1]}};
  for (size_t i = 0; i < n; i++) {
    const uint64_t step = first_step + i;
    const philox4x32_ctr_t c = {{(uint32_t) block, (uint32_t) (block >> 32), (uint32_t) step,
                                 (uint32_t) (step >> 32)}};
    const philox4x32_ctr_t r = philox4x32_R(MESO_POISSON_ROUNDS, c, k);
    const uint16_t u = (uint16_t) (r.v[lane / 2] >> (16 * (lane % 2)));
    uint16_t j = 0;
    while (j < p->n_upper && u > p->upper[j]) j++;
    if (j == p->n_upper || u == p->upper[j]) { /* undecided */
      uint32_t word[4];
      meso_rng_block(tail_key, (const uint32_t[4]) {(uint32_t) identity,
                     (uint32_t) (identity >> 32), (uint32_t) step, (uint32_t) (step >> 32)}, word);
      j = count_all(p, u, word[0]);
    }
    count[i] = j;
  }
}
