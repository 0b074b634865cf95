/* engine_spikes.c: spikes of a model's network that come from outside. */
#include "engine_spikes.h"

#include "meso_error.h"

meso_status engine_match_populations(const meso_model *m, const meso_spikes *spikes, size_t *index,
                                     meso_err *err)
{
  meso_status status = MESO_OK;
  for (size_t p = 0; p < m->n_populations; p++) {
    index[p] = meso_spikes_find(spikes, m->population[p].name);
    if (index[p] == (size_t) -1) {
      if (m->population[p].model == MESO_NEURON_POISSON) continue; /* a silent source */
      MESO_FAIL(err, MESO_ENOTFOUND, "%s: the spikes have no population %s", m->path,
                m->population[p].name);
    }
    if (spikes->population[index[p]].size != (uint64_t) m->population[p].size)
      MESO_FAIL(err, MESO_EFORMAT, "population %s has %llu neurons in the spikes, %lld in %s",
                m->population[p].name, (unsigned long long) spikes->population[index[p]].size,
                (long long) m->population[p].size, m->path);
  }
  for (size_t i = 0; i < spikes->n_populations; i++)
    if (meso_model_find_population(m, spikes->population[i].name) == (size_t) -1)
      MESO_FAIL(err, MESO_ENOTFOUND, "%s knows no population %s, which the spikes have", m->path,
                spikes->population[i].name);
cleanup:
  return status;
}
