/* engine_tables.c: draws a partition's synapses into compressed rows.
 *
 * Two passes over the same draws: the first counts synapses per source, the second writes them,
 * packed as target | delay | weight code, to their row; then every row is sorted by delay in place
 * and the codes become weights. Nothing larger than the table itself is ever held.
 */
#include "engine_tables.h"

#include <stdlib.h>
#include <string.h>

static meso_status allocate(engine_partition *q, const meso_model *m, uint32_t column,
                            meso_err *err)
{
  meso_status status = MESO_OK;
  q->column = column;
  MESO_ALLOC(err, q->first, m->n_populations);
  MESO_ALLOC(err, q->last, m->n_populations);
  MESO_ALLOC(err, q->base, m->n_populations);
cleanup:
  return status;
}

/** Gives the neurons of every population their places. */
static meso_status assign_places(engine_partition *q, const meso_model *m, meso_err *err)
{
  meso_status status = MESO_OK;
  uint64_t next = 0;
  for (size_t p = 0; p < m->n_populations; p++) {
    if (q->last[p] == q->first[p]) continue;
    const uint64_t first = (uint64_t) m->population[p].first_in_column + q->first[p];
    q->base[p] = (uint32_t) (next + first % ENGINE_ALIGN);
    next = q->base[p] + (q->last[p] - q->first[p]) + ENGINE_ALIGN - 1;
    next -= next % ENGINE_ALIGN;
  }
  if (next > 65536)
    MESO_FAIL(err, MESO_EBUG, "partition of %llu places", (unsigned long long) next);
  q->n_places = (uint32_t) next;
cleanup:
  return status;
}

meso_status engine_partition_init(engine_partition *q, const meso_model *m, uint32_t column,
                                  uint32_t index, uint32_t n_in_column, meso_err *err)
{
  meso_status status = MESO_OK;
  MESO_TRY(allocate(q, m, column, err));
  for (size_t p = 0; p < m->n_populations; p++) {
    const uint64_t size = (uint64_t) m->population[p].column_size;
    if (m->population[p].model == MESO_NEURON_POISSON) continue;
    q->first[p] = (uint32_t) (size * index / n_in_column);
    q->last[p] = (uint32_t) (size * (index + 1) / n_in_column);
  }
  MESO_TRY(assign_places(q, m, err));
cleanup:
  return status;
}

meso_status engine_partition_init_range(engine_partition *q, const meso_model *m, uint32_t column,
                                        size_t population, uint32_t first, uint32_t last,
                                        meso_err *err)
{
  meso_status status = MESO_OK;
  MESO_TRY(allocate(q, m, column, err));
  q->first[population] = first;
  q->last[population] = last;
  MESO_TRY(assign_places(q, m, err));
cleanup:
  return status;
}

void engine_partition_clear(engine_partition *q)
{
  free(q->first);
  free(q->last);
  free(q->base);
}

/** Index in its population of the first neuron of a population's part in the column. */
static uint32_t first_of_column(const engine_partition *q, const meso_population *population)
{
  return q->column * (uint32_t) population->column_size;
}

/** Pass 1: synapses per source, as row[source + 1]. */
static void count_sources(engine_table *t, const meso_wiring *w, const engine_partition *q,
                          meso_wiring_row *scratch)
{
  const meso_model *m = w->model;
  uint32_t source[MESO_WIRING_BATCH];
  for (size_t p = 0; p < m->n_projections; p++) {
    const size_t target = m->projection[p].target;
    const meso_population *from = &m->population[m->projection[p].source];
    const uint32_t targets = first_of_column(q, &m->population[target]);
    const uint32_t sources = first_of_column(q, from);
    uint64_t *count = t->row + 1 + from->first_in_column;
    for (uint32_t i = targets + q->first[target]; i < targets + q->last[target]; i++) {
      const uint32_t K = w->projection[p].in_degree[i];
      for (uint32_t k = 0; k < K; k += MESO_WIRING_BATCH) {
        const unsigned n = K - k < MESO_WIRING_BATCH ? K - k : MESO_WIRING_BATCH;
        meso_wiring_draw_sources(w, scratch, p, i, k, n, source);
        for (unsigned s = 0; s < n; s++) count[source[s] - sources]++;
      }
    }
  }
}

/** Pass 2: every synapse to the next free place of its row. */
static void write_rows(engine_table *t, const meso_wiring *w, const engine_partition *q,
                       meso_wiring_row *scratch, uint64_t *next)
{
  const meso_model *m = w->model;
  uint32_t source[MESO_WIRING_BATCH];
  uint16_t code[MESO_WIRING_BATCH];
  uint8_t delay[MESO_WIRING_BATCH];
  for (size_t p = 0; p < m->n_projections; p++) {
    const size_t target = m->projection[p].target;
    const meso_population *from = &m->population[m->projection[p].source];
    const uint32_t targets = first_of_column(q, &m->population[target]);
    uint64_t *place = next + from->first_in_column;
    const uint32_t sources = first_of_column(q, from);
    for (uint32_t i = targets + q->first[target]; i < targets + q->last[target]; i++) {
      const uint32_t local = q->base[target] + i - targets - q->first[target];
      const uint32_t K = w->projection[p].in_degree[i];
      for (uint32_t k = 0; k < K; k += MESO_WIRING_BATCH) {
        const unsigned n = K - k < MESO_WIRING_BATCH ? K - k : MESO_WIRING_BATCH;
        meso_wiring_draw(w, scratch, p, i, k, n, source, code, delay);
        for (unsigned s = 0; s < n; s++)
          t->synapse[place[source[s] - sources]++] =
            local | (uint32_t) delay[s] << 16 | (uint32_t) code[s] << (16 + w->delay_bits);
      }
    }
  }
}

/** Pass 3: sorts one row by delay; codes become weights. weight_of: (n_populations) tables of the
 *  projections from this source's population; population_of: local target -> population. */
static void sort_row(uint32_t *row, size_t n, uint16_t *delay_end, uint32_t n_delays,
                     const meso_wiring *w, const int16_t *const *weight_of,
                     const uint8_t *population_of, uint32_t *scratch)
{
  const uint32_t delay_mask = (1u << w->delay_bits) - 1u;
  uint32_t place[257] = {0};
  for (size_t i = 0; i < n; i++) place[(row[i] >> 16 & delay_mask) + 1]++;
  for (uint32_t d = 1; d <= n_delays; d++) {
    place[d + 1] += place[d];
    delay_end[d - 1] = (uint16_t) place[d + 1];
  }
  memcpy(scratch, row, n * sizeof *row);
  for (size_t i = 0; i < n; i++) {
    const uint32_t target = scratch[i] & 0xffff, delay = scratch[i] >> 16 & delay_mask;
    const int16_t weight = weight_of[population_of[target]][scratch[i] >> (16 + w->delay_bits)];
    row[place[delay]++] = target | (uint32_t) (uint16_t) weight << 16;
  }
}

static meso_status sort_rows(engine_table *t, const meso_wiring *w, const engine_partition *q,
                             meso_err *err)
{
  meso_status status = MESO_OK;
  const meso_model *m = w->model;
  uint8_t *population_of = NULL;
  uint32_t *scratch = NULL;
  const int16_t **weight_of = NULL;
  MESO_ALLOC(err, population_of, 65536);
  MESO_ALLOC(err, scratch, 65536);
  MESO_ALLOC(err, weight_of, m->n_populations);
  for (size_t p = 0; p < m->n_populations; p++)
    for (uint32_t i = q->first[p]; i < q->last[p]; i++)
      population_of[q->base[p] + i - q->first[p]] = (uint8_t) p;
  for (size_t s = 0; s < m->n_populations; s++) {
    for (size_t p = 0; p < m->n_projections; p++)
      if (m->projection[p].source == s)
        weight_of[m->projection[p].target] = w->projection[p].weight_of_code;
    const size_t first = (size_t) m->population[s].first_in_column;
    for (size_t j = first; j < first + (size_t) m->population[s].column_size; j++) {
      const uint64_t n = t->row[j + 1] - t->row[j];
      if (n > 65535)
        MESO_FAIL(err, MESO_ERANGE, "%s: a neuron of %s has %llu targets in one partition; at most "
                  "65535 are possible", m->path, m->population[s].name, (unsigned long long) n);
      sort_row(t->synapse + t->row[j], (size_t) n, t->delay_end + j * t->n_delays, t->n_delays, w,
               weight_of, population_of, scratch);
    }
  }
cleanup:
  free(population_of);
  free(scratch);
  free(weight_of);
  return status;
}

meso_status engine_table_build(engine_table *t, const meso_wiring *w, const engine_partition *q,
                               meso_err *err)
{
  meso_status status = MESO_OK;
  const size_t n_sources = (size_t) (w->model->n_neurons / w->model->n_columns);
  uint64_t *next = NULL;
  meso_wiring_row scratch = {0};
  t->n_delays = (1u << w->delay_bits) - 1u;
  if (w->model->n_populations > 256)
    MESO_FAIL(err, MESO_ERANGE, "%s: more than 256 populations", w->model->path);
  MESO_TRY(meso_wiring_row_init(w, &scratch, err));
  MESO_ALLOC(err, t->row, n_sources + 1);
  MESO_ALLOC(err, next, n_sources);
  MESO_ALLOC_ALIGNED(err, t->delay_end, n_sources * t->n_delays);
  count_sources(t, w, q, &scratch);
  for (size_t s = 0; s < n_sources; s++) t->row[s + 1] += t->row[s];
  t->n_synapses = t->row[n_sources];
  memcpy(next, t->row, n_sources * sizeof *next);
  t->synapse = meso_aligned_alloc((size_t) t->n_synapses, sizeof *t->synapse);
  if (t->synapse == NULL)
    MESO_FAIL(err, MESO_ENOMEM, "cannot allocate %llu synapses",
              (unsigned long long) t->n_synapses);
  write_rows(t, w, q, &scratch, next);
  MESO_TRY(sort_rows(t, w, q, err));
cleanup:
  meso_wiring_row_clear(&scratch);
  free(next);
  return status;
}

void engine_table_clear(engine_table *t)
{
  free(t->synapse);
  free(t->row);
  free(t->delay_end);
}
