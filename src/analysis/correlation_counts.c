/* correlation_counts.c: bins the chosen neurons' spikes, by row and by bin. */
#include "correlation_counts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void correlation_counts_clear(correlation_counts *c)
{
  free(c->selected); free(c->first_row); free(c->id); free(c->by_row); free(c->place);
  free(c->slot); free(c->by_bin); free(c->entry); free(c->total); free(c->position_um);
}

static bool in_bins(const correlation_counts *c, const meso_spike_population *p, uint32_t spike)
{
  return meso_bins_index(&c->bins, p->time_ms[spike]) != MESO_BIN_NONE;
}

/* Neurons of a population among which silent ones are looked for: the first max_neurons. Which
 * ones fire must not decide who is looked at: the sample would be one of active cells. */
static size_t taken(const correlation_params *params, const meso_spike_population *p)
{
  const uint64_t most = (uint64_t) params->max_neurons;
  return (size_t) (most > 0 && most < p->size ? most : p->size);
}

/* Chooses the neurons of one population and appends their places. */
static meso_status add_population(correlation_counts *c, const meso_spike_population *p,
                                  const correlation_params *params, meso_err *err)
{
  meso_status status = MESO_OK;
  size_t *first = NULL, n_place = c->by_row[c->n];
  const size_t n_taken = taken(params, p);
  uint32_t *spike = NULL;
  MESO_TRY(meso_spikes_by_neuron(p, &first, &spike, err));
  for (size_t i = 0; i < n_taken; i++) {
    const size_t before = n_place;
    double total = 0;
    for (size_t s = first[i]; s < first[i + 1]; s++) {
      if (!in_bins(c, p, spike[s])) continue;
      const int64_t bin = meso_bins_index(&c->bins, p->time_ms[spike[s]]);
      if (n_place == before || c->place[n_place - 1].bin != bin)
        c->place[n_place++] = (correlation_place) {.bin = bin, .count = 0};
      if (params->binary && c->place[n_place - 1].count > 0) continue;
      c->place[n_place - 1].count++;
      total++;
    }
    if (params->drop_silent && n_place == before) continue;
    c->id[c->n] = (uint32_t) i;
    c->total[c->n] = total;
    c->by_row[++c->n] = n_place;
  }
cleanup:
  free(first);
  free(spike);
  return status;
}

/* Transposes places (by row) into entries (by bin). */
static meso_status transpose(correlation_counts *c, meso_err *err)
{
  meso_status status = MESO_OK;
  const size_t n_place = c->by_row[c->n];
  size_t *next = NULL;
  MESO_ALLOC(err, c->by_bin, (size_t) c->bins.n + 1);
  MESO_ALLOC(err, next, (size_t) c->bins.n + 1);
  MESO_ALLOC(err, c->entry, n_place);
  MESO_ALLOC(err, c->slot, n_place);
  for (size_t k = 0; k < n_place; k++) c->by_bin[c->place[k].bin + 1]++;
  for (int64_t b = 0; b < c->bins.n; b++) c->by_bin[b + 1] += c->by_bin[b];
  memcpy(next, c->by_bin, ((size_t) c->bins.n + 1) * sizeof *next);
  for (size_t i = 0; i < c->n; i++)
    for (size_t k = c->by_row[i]; k < c->by_row[i + 1]; k++) {
      c->slot[k] = next[c->place[k].bin]++;
      c->entry[c->slot[k]] = (correlation_entry) {.row = (uint32_t) i, .count = c->place[k].count};
    }
cleanup:
  free(next);
  return status;
}

/* Where the neurons are, if every chosen population says so. */
static meso_status collect_places(correlation_counts *c, const meso_spikes *spikes, meso_err *err)
{
  meso_status status = MESO_OK;
  for (size_t s = 0; s < c->n_populations; s++)
    if (spikes->population[c->selected[s]].position_um == NULL) goto cleanup;
  if (c->n == 0) goto cleanup;
  MESO_ALLOC(err, c->position_um, 3 * c->n);
  for (size_t s = 0; s < c->n_populations; s++)
    for (size_t i = c->first_row[s]; i < c->first_row[s + 1]; i++)
      for (size_t d = 0; d < 3; d++)
        c->position_um[3 * i + d] =
          spikes->population[c->selected[s]].position_um[3 * (size_t) c->id[i] + d];
cleanup:
  return status;
}

meso_status correlation_counts_make(const correlation_params *params, const meso_spikes *spikes,
                                    correlation_counts *counts, meso_err *err)
{
  meso_status status = MESO_OK;
  const correlation_params *p = params;
  correlation_counts *c = counts;
  size_t n = 0, n_spikes = 0;
  MESO_TRY(meso_interval_find(&p->interval, spikes, &c->interval, err));
  MESO_TRY(meso_bins_make(&c->interval, p->bin_ms, &c->bins, err));
  if (c->bins.n < 2)
    MESO_FAIL(err, MESO_ERANGE, "bin_ms %g ms: there are fewer than two such bins from %g to %g ms",
              p->bin_ms, c->interval.start_ms, c->interval.stop_ms);
  MESO_TRY(meso_populations_select(spikes, p->populations, &c->selected, &c->n_populations, err));
  for (size_t s = 0; s < c->n_populations; s++) {
    const meso_spike_population *population = &spikes->population[c->selected[s]];
    n += taken(p, population);
    n_spikes += population->n_spikes;
  }
  MESO_ALLOC(err, c->first_row, c->n_populations + 1);
  MESO_ALLOC(err, c->id, n);
  MESO_ALLOC(err, c->total, n);
  MESO_ALLOC(err, c->by_row, n + 1);
  MESO_ALLOC(err, c->place, n_spikes);
  for (size_t s = 0; s < c->n_populations; s++) {
    MESO_TRY(add_population(c, &spikes->population[c->selected[s]], p, err));
    c->first_row[s + 1] = c->n;
  }
  MESO_TRY(transpose(c, err));
  MESO_TRY(collect_places(c, spikes, err));
cleanup:
  return status;
}

