/* meso_network.c: the beginning and the end of a network, and what all readers of networks need. */
#include "network_file.h"

#include <stdlib.h>

meso_status meso_network_create(const char *path, meso_network **ret_network, meso_err *err)
{
  meso_status status = MESO_OK;
  meso_network *w = NULL;
  MESO_ALLOC(err, w, 1);
  MESO_STRDUP(err, w->path, path);
  *ret_network = w;
  w = NULL;
cleanup:
  meso_network_destroy(w);
  return status;
}

void meso_network_destroy(meso_network *w)
{
  if (w == NULL) return;
  if (w->synapses.close != NULL) w->synapses.close(w->synapses.state);
  for (size_t g = 0; w->group != NULL && g < w->n_groups; g++) {
    free(w->group[g].member);
    free(w->group[g].params);
  }
  for (size_t p = 0; w->population != NULL && p < w->n_populations; p++) {
    free(w->population[p].name);
    free(w->population[p].position_um);
  }
  for (size_t i = 0; w->file != NULL && i < w->n_files; i++) free(w->file[i]);
  meso_attrs_clear(&w->attrs);
  meso_model_destroy(w->model);
  void *owned[] = {w->path, w->group, w->population, w->event, w->current_step, w->current_ac,
                   w->poisson, w->source,
                   w->file};
  for (size_t i = 0; i < sizeof owned / sizeof owned[0]; i++) free(owned[i]);
  free(w);
}

meso_status mesoi_network_check_times(const meso_network *w, meso_err *err)
{
  meso_status status = MESO_OK;
  if (!(w->dt_ms >= 1e-4 && w->dt_ms <= 10 && w->T_ms > 0 && w->T_ms <= 1e9))
    MESO_FAIL(err, MESO_ERANGE, "%s: dt_ms = %g, T_ms = %g: must be 1e-4 to 10 ms, > 0 ms", w->path,
              w->dt_ms, w->T_ms);
cleanup:
  return status;
}

meso_status mesoi_network_default_populations(meso_network *w, meso_err *err)
{
  meso_status status = MESO_OK;
  MESO_ALLOC(err, w->population, 2);
  w->n_populations = w->n_sources > 0 ? 2 : 1;
  w->population[0].size = (uint32_t) w->n_neurons;
  MESO_STRDUP(err, w->population[0].name, "neurons");
  if (w->n_sources == 0) goto cleanup;
  w->population[1].first = (uint32_t) w->n_neurons;
  w->population[1].size = (uint32_t) w->n_sources;
  MESO_STRDUP(err, w->population[1].name, "sources");
cleanup:
  return status;
}
