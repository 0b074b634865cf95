/* network_poisson.c: Poisson trains and sources of explicit networks, drawn as those of models. */
#include "network_poisson.h"

#include <stdlib.h>

static bool continues(const meso_poisson_input *a, const meso_poisson_input *b)
{
  return b->identity == a->identity + 1 && b->rate_Hz == a->rate_Hz && b->weight == a->weight;
}

/** Cuts the rows into runs that the kernel takes at once. */
static void find_runs(network_poisson *p)
{
  const meso_network *w = p->w;
  for (size_t i = 0; i < w->n_poisson; i++) {
    const meso_poisson_input *row = &w->poisson[i];
    poisson_run *run = p->n_runs > 0 ? &p->run[p->n_runs - 1] : NULL;
    const bool fits = run != NULL &&
      (size_t) w->poisson[run->first].identity % 8 + run->n < ENGINE_CHUNK;
    if (fits && continues(row - 1, row)) {
      run->n++;
      continue;
    }
    if (i == 0 || row->rate_Hz != row[-1].rate_Hz) p->n_tables++;
    p->run[p->n_runs++] = (poisson_run) {.first = i, .n = 1, .table = p->n_tables - 1};
  }
}

meso_status network_poisson_init(network_poisson *p, const meso_network *w, meso_err *err)
{
  meso_status status = MESO_OK;
  *p = (network_poisson) {.w = w, .kernels = engine_kernels_choose(NULL)};
  p->key = meso_rng_key_make(w->poisson_seed, MESO_RNG_BACKGROUND);
  p->tail_key = meso_rng_key_make(w->poisson_seed, MESO_RNG_BACKGROUND_TAIL);
  p->source_key = meso_rng_key_make(w->source_seed, MESO_RNG_SOURCE);
  MESO_ALLOC(err, p->run, w->n_poisson);
  find_runs(p);
  MESO_ALLOC(err, p->table, p->n_tables);
  for (size_t r = 0; r < p->n_runs; r++) {
    const double mean = w->poisson[p->run[r].first].rate_Hz * w->dt_ms * 1e-3;
    MESO_TRY(meso_poisson_init(&p->table[p->run[r].table], mean, w->dt_ms, w->path, err));
  }
cleanup:
  return status;
}

void network_poisson_clear(network_poisson *p)
{
  free(p->run);
  free(p->table);
}

const uint16_t *network_poisson_events(const network_poisson *p, const poisson_run *run,
                                       uint64_t step, uint16_t *buffer)
{
  if ((int64_t) step <= p->w->poisson_delay_steps) return NULL;
  return p->kernels->background(&p->table[run->table], p->key, p->tail_key,
                                (uint64_t) p->w->poisson[run->first].identity, run->n, step,
                                buffer);
}

double network_poisson_source_mean(const meso_network *w, uint64_t step)
{
  const double t_ms = ((double) step - 0.5) * w->dt_ms;
  return meso_schedule_rate_Hz(&w->source_schedule, t_ms) * w->dt_ms * 1e-3;
}
