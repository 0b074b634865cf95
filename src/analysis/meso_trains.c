/* meso_trains.c: collects spike trains; what results say about them. */
#include "meso_trains.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static size_t taken(const meso_trains_params *params, const meso_spike_population *p)
{
  const uint64_t most = (uint64_t) params->max_neurons;
  return (size_t) (most > 0 && most < p->size ? most : p->size);
}

/* The trains of one population go behind those that are there. */
static meso_status append(meso_trains *t, const meso_trains_params *params,
                          const meso_spike_population *p, meso_err *err)
{
  meso_status status = MESO_OK;
  size_t *first = NULL;
  uint32_t *spike = NULL;
  size_t at = t->first[t->n];
  MESO_TRY(meso_spikes_by_neuron(p, &first, &spike, err));
  for (size_t i = 0; i < taken(params, p); i++) {
    for (size_t s = first[i]; s < first[i + 1]; s++)
      if (meso_interval_has(&t->interval, p->time_ms[spike[s]]))
        t->time_ms[at++] = p->time_ms[spike[s]];
    t->id[t->n] = (uint32_t) i;
    t->first[++t->n] = at;
  }
cleanup:
  free(first);
  free(spike);
  return status;
}

meso_status meso_trains_make(const meso_trains_params *params, const meso_spikes *spikes,
                             meso_trains *trains, meso_err *err)
{
  meso_status status = MESO_OK;
  meso_trains *t = trains;
  size_t n = 0, n_spikes = 0;
  *t = (meso_trains) {.n = 0};
  MESO_TRY(meso_interval_find(&params->interval, spikes, &t->interval, err));
  MESO_TRY(meso_populations_select(spikes, params->populations, &t->selected, &t->n_populations,
                                   err));
  for (size_t p = 0; p < t->n_populations; p++) {
    n += taken(params, &spikes->population[t->selected[p]]);
    n_spikes += spikes->population[t->selected[p]].n_spikes;
  }
  MESO_ALLOC(err, t->first_row, t->n_populations + 1);
  MESO_ALLOC(err, t->id, n);
  MESO_ALLOC(err, t->first, n + 1);
  MESO_ALLOC(err, t->time_ms, n_spikes);
  for (size_t p = 0; p < t->n_populations; p++) {
    MESO_TRY(append(t, params, &spikes->population[t->selected[p]], err));
    t->first_row[p + 1] = t->n;
  }
cleanup:
  return status;
}

void meso_trains_clear(meso_trains *t)
{
  free(t->selected);
  free(t->first_row);
  free(t->id);
  free(t->first);
  free(t->time_ms);
  *t = (meso_trains) {.n = 0};
}

void meso_trains_bin(const meso_trains *trains, size_t train, const meso_bins *bins, double *count)
{
  for (int64_t k = 0; k < bins->n; k++) count[k] = 0;
  for (size_t s = trains->first[train]; s < trains->first[train + 1]; s++) {
    const int64_t k = meso_bins_index(bins, trains->time_ms[s]);
    if (k != MESO_BIN_NONE) count[k]++;
  }
}

size_t meso_trains_population(const meso_trains *trains, size_t train)
{
  size_t p = 0;
  while (trains->first_row[p + 1] <= train) p++;
  return p;
}

static const meso_spike_population *population_of(const meso_trains *t, const meso_spikes *spikes,
                                                  size_t train)
{
  return &spikes->population[t->selected[meso_trains_population(t, train)]];
}

meso_status meso_trains_add_labels(const meso_trains *trains, const meso_spikes *spikes,
                                   const char *group, meso_result *result, meso_err *err)
{
  meso_status status = MESO_OK;
  enum { WIDTH = 128 };
  char *text = NULL, path[128];
  const char **label = NULL;
  MESO_ALLOC(err, text, trains->n * WIDTH);
  MESO_ALLOC(err, label, trains->n);
  for (size_t i = 0; i < trains->n; i++) {
    snprintf(text + i * WIDTH, WIDTH, "%s/%lu", population_of(trains, spikes, i)->name,
             (unsigned long) trains->id[i]);
    label[i] = text + i * WIDTH;
  }
  snprintf(path, sizeof path, "%s/labels", group);
  MESO_TRY(meso_result_add_text(result, path, trains->n, label, err));
cleanup:
  free(text);
  free(label);
  return status;
}

/* Place of a train's neuron, or NULL. */
static const double *place_of(const meso_trains *t, const meso_spikes *spikes, size_t train)
{
  const double *place = population_of(t, spikes, train)->position_um;
  return place != NULL ? place + 3 * (size_t) t->id[train] : NULL;
}

meso_status meso_trains_add_pairs(const meso_trains *trains, const meso_spikes *spikes,
                                  const char *group, meso_result *result, meso_err *err)
{
  meso_status status = MESO_OK;
  meso_array *array = NULL;
  char path[128];
  const size_t n = trains->n, dims[2] = {n > 0 ? n * (n - 1) / 2 : 0, 2};
  bool placed = n > 1;
  snprintf(path, sizeof path, "%s/pairs", group);
  MESO_TRY(meso_result_add(result, path, "1", 2, dims, &array, err));
  double *pair = array->data;
  for (size_t i = 0; i < n; i++) {
    placed = placed && place_of(trains, spikes, i) != NULL;
    for (size_t j = i + 1; j < n; j++) {
      *pair++ = (double) i;
      *pair++ = (double) j;
    }
  }
  if (!placed) goto cleanup;
  snprintf(path, sizeof path, "%s/distance_um", group);
  MESO_TRY(meso_result_add(result, path, "um", 1, dims, &array, err));
  double *distance = array->data;
  for (size_t i = 0; i < n; i++)
    for (size_t j = i + 1; j < n; j++) {
      const double *a = place_of(trains, spikes, i), *b = place_of(trains, spikes, j);
      *distance++ = hypot(hypot(a[0] - b[0], a[1] - b[1]), a[2] - b[2]);
    }
cleanup:
  return status;
}

meso_status meso_trains_set_attributes(const meso_trains_params *params, const meso_trains *trains,
                                       meso_attrs *attrs, meso_err *err)
{
  meso_status status = MESO_OK;
  MESO_TRY(meso_interval_set_attributes(&params->interval, &trains->interval, attrs, err));
  MESO_TRY(meso_attrs_set_number(attrs, "max_neurons", (double) params->max_neurons, err));
  MESO_TRY(meso_attrs_set_number(attrs, "n_neurons", (double) trains->n, err));
cleanup:
  return status;
}

void meso_trains_pair_name(const meso_trains *trains, const meso_spikes *spikes, size_t a, size_t b,
                           char *text, size_t size)
{
  const char *name_a = spikes->population[trains->selected[a]].name;
  const char *name_b = spikes->population[trains->selected[b]].name;
  if (a == b) snprintf(text, size, "%s", name_a);
  else snprintf(text, size, "%s_x_%s", name_a, name_b);
}
