/* model_run.h: models of data/models and spikes for them, for tests. */
#ifndef MODEL_RUN_H
#define MODEL_RUN_H

#include <math.h>
#include <stdio.h>

#include "meso_model.h"
#include "meso_test.h"

/* Model data/models/NAME.yaml with the sets of base (up to NULL; or no base), then with n_sets
 * more. It must be right. Caller destroys. */
static inline meso_model *model_read(const char *name, const char *const *base, size_t n_sets,
                                     const char *const *sets)
{
  enum { MOST = 64 };
  const char *all[MOST];
  char path[256];
  size_t n = 0;
  meso_model *model = NULL;
  meso_err err = {0};
  for (; base != NULL && *base != NULL && n < MOST; base++) all[n++] = *base;
  CU_ASSERT_FATAL(n + n_sets <= MOST);
  for (size_t i = 0; i < n_sets; i++) all[n++] = sets[i];
  (void) snprintf(path, sizeof path, "data/models/%s.yaml", name);
  if (meso_model_read(meso_test_path(path), n, all, &model, &err) != MESO_OK) {
    printf("# %s\n", err.msg);
    CU_FAIL_FATAL("model");
  }
  return model;
}

/* Container of a recording of all populations, without spikes. Caller destroys. */
static inline meso_spikes *model_recording(const meso_model *model, double duration_ms)
{
  meso_spikes *spikes = NULL;
  CU_ASSERT_FATAL(meso_spikes_create(model->n_populations, &spikes, NULL) == MESO_OK);
  spikes->t_stop_ms = duration_ms;
  for (size_t p = 0; p < model->n_populations; p++) {
    spikes->population[p].name = meso_strdup(model->population[p].name);
    spikes->population[p].size = (uint64_t) model->population[p].size;
  }
  return spikes;
}

/* Room for n spikes of a population. */
static inline void model_make_room(meso_spike_population *q, size_t n)
{
  q->n_spikes = n;
  q->time_ms = meso_calloc(n, sizeof *q->time_ms);
  q->id = meso_calloc(n, sizeof *q->id);
  CU_ASSERT_FATAL(n == 0 || (q->time_ms != NULL && q->id != NULL));
}

/* As many spikes of each neuron, on steps of 0.1 ms, evenly spread: multiples of the golden
 * ratio. */
static inline meso_spikes *model_even_spikes(const meso_model *model, double duration_ms,
                                             size_t n_each)
{
  meso_spikes *spikes = model_recording(model, duration_ms);
  for (size_t p = 0; p < spikes->n_populations; p++) {
    meso_spike_population *q = &spikes->population[p];
    model_make_room(q, n_each * q->size);
    for (size_t s = 0; s < q->n_spikes; s++) {
      q->id[s] = (uint32_t) (s % q->size);
      q->time_ms[s] = floor(fmod((double) s * 0.6180339887 * duration_ms, duration_ms) * 10) / 10;
    }
    CU_ASSERT_FATAL(meso_spikes_sort(q, NULL) == MESO_OK);
  }
  return spikes;
}

#endif
