/* meso_rng.c: Philox streams and their GSL face. */
#include "meso_rng.h"

#include <Random123/philox.h>

#include "meso_isa.h"

meso_rng_key meso_rng_key_make(int64_t seed, meso_rng_purpose purpose)
{
  const uint64_t s = (uint64_t) seed;
  return (meso_rng_key) {{(uint32_t) s, (uint32_t) (s >> 32) << 8 | (uint32_t) purpose}};
}

void meso_rng_block(meso_rng_key key, const uint32_t counter[4], uint32_t out[4])
{
  const philox4x32_ctr_t c = {{counter[0], counter[1], counter[2], counter[3]}};
  const philox4x32_key_t k = {{key.v[0], key.v[1]}};
  const philox4x32_ctr_t r = philox4x32(c, k);
  for (int i = 0; i < 4; i++) out[i] = r.v[i];
}

MESO_ISA_CHOICE(meso_rng_lanes)

double meso_rng_uniform(uint32_t high, uint32_t low)
{
  const uint64_t bits = ((uint64_t) high << 32 | low) >> 11;
  return ((double) bits + 0.5) * 0x1p-53;
}

typedef struct gsl_philox {
  meso_rng_key key;
  uint32_t counter[4], word[4];
  unsigned used;
} gsl_philox;

static void gsl_philox_set(void *state, unsigned long seed)
{
  *(gsl_philox *) state = (gsl_philox) {.key = {{(uint32_t) seed, 0}}, .used = 4};
}

static unsigned long gsl_philox_get(void *state)
{
  gsl_philox *s = state;
  if (s->used == 4) {
    meso_rng_block(s->key, s->counter, s->word);
    s->counter[3]++;
    s->used = 0;
  }
  return s->word[s->used++];
}

static double gsl_philox_get_double(void *state)
{
  const uint32_t high = (uint32_t) gsl_philox_get(state);
  return meso_rng_uniform(high, (uint32_t) gsl_philox_get(state));
}

static const gsl_rng_type gsl_philox_type = {
  .name = "meso_philox4x32", .max = 0xffffffffUL, .min = 0, .size = sizeof(gsl_philox),
  .set = gsl_philox_set, .get = gsl_philox_get, .get_double = gsl_philox_get_double,
};

gsl_rng *meso_rng_gsl_create(void) { return gsl_rng_alloc(&gsl_philox_type); }

void meso_rng_gsl_restart(gsl_rng *rng, meso_rng_key key, uint32_t c0, uint32_t c1, uint32_t c2)
{
  *(gsl_philox *) rng->state = (gsl_philox) {.key = key, .counter = {c0, c1, c2, 0}, .used = 4};
}
