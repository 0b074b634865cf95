/* engine_simulation.c: what all partitions of a model's simulation share.
 *
 * 1. what the engine can hold
 * 2. creation
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "engine_general.h"
#include "engine_neuron.h"
#include "meso_isa.h"
#include "meso_network.h"

MESO_ISA_CHOICE(engine_kernels)

/* ---- 1. what the engine can hold ---------------------------------------------------------- */

/* Events of one neuron in one step: sums have 32 bits, weights 16, so these can't overflow. */
#define MAX_EVENTS 65536.0

/** Refuses what the fixed-width numbers of the engine can't hold. */
static meso_status check_ranges(const meso_model *m, double n_steps, meso_err *err)
{
  meso_status status = MESO_OK;
  const double source_mean = m->thalamus.rate_Hz * m->simulation.dt_ms * 1e-3;
  double longest_hold = 0;
  if (m->n_neurons > INT32_MAX)
    MESO_FAIL(err, MESO_ERANGE, "%s: %lld neurons; at most %d are possible", m->path,
              (long long) m->n_neurons, INT32_MAX);
  if (m->n_populations > 256)
    MESO_FAIL(err, MESO_ERANGE, "%s: more than 256 populations", m->path);
  if (m->thalamus.kind != MESO_SCHEDULE_OFF && source_mean > MESO_SOURCE_MAX_MEAN)
    MESO_FAIL(err, MESO_ERANGE, "%s: thalamus.rate_Hz = %g gives %g spikes in a step of %g ms; at "
              "most %g are possible", m->path, m->thalamus.rate_Hz, source_mean,
              m->simulation.dt_ms, MESO_SOURCE_MAX_MEAN);
  for (size_t p = 0; p < m->n_populations; p++)
    longest_hold = fmax(longest_hold, m->population[p].neuron.t_ref_ms / m->simulation.dt_ms);
  if (n_steps + longest_hold > 4e9)
    MESO_FAIL(err, MESO_ERANGE, "%s: %g steps of dt_ms = %g; at most 4e9 are possible", m->path,
              n_steps, m->simulation.dt_ms);
cleanup:
  return status;
}

/** In-degrees are those of the wiring: rules that follow distances, or sources, spread them. */
static meso_status check_in_degrees(const meso_wiring *w, meso_err *err)
{
  meso_status status = MESO_OK;
  const meso_model *m = w->model;
  for (size_t target = 0; target < m->n_populations; target++)
    for (int64_t i = 0; i < m->population[target].size; i++) {
      double events = 0;
      for (size_t p = 0; p < m->n_projections; p++) {
        if (m->projection[p].target != target) continue;
        const bool poisson = m->population[m->projection[p].source].model == MESO_NEURON_POISSON;
        events += (poisson ? MESO_SOURCE_MAX_SPIKES : 1.0) * w->projection[p].in_degree[i];
      }
      if (events > MAX_EVENTS)
        MESO_FAIL(err, MESO_ERANGE, "%s: %g synapses per neuron of %s; the sums of one step hold "
                  "at most %g (a poisson source counts %d times)", m->path, events,
                  m->population[target].name, MAX_EVENTS,
                  (int) MESO_SOURCE_MAX_SPIKES);
    }
cleanup:
  return status;
}

/* ---- 2. creation -------------------------------------------------------------------------- */

meso_status engine_simulation_split(const simulation *s, uint8_t **ret_channel, meso_err *err)
{
  meso_status status = MESO_OK;
  const meso_model *m = s->model;
  MESO_ALLOC(err, *ret_channel, (size_t) (m->n_neurons / m->n_columns));
  for (size_t p = 0; p < m->n_populations; p++)
    memset(*ret_channel + m->population[p].first_in_column,
           !s->merged && m->population[p].sign == MESO_INHIBITORY,
           (size_t) m->population[p].column_size);
cleanup:
  return status;
}

meso_status engine_simulation_init(simulation *s, const meso_model *m, uint32_t max_block,
                                   meso_err *err)
{
  meso_status status = MESO_OK;
  const double n_steps = round(m->simulation.duration_ms / m->simulation.dt_ms);
  s->model = m;
  MESO_TRY(check_ranges(m, n_steps, err));
  s->kernels = engine_kernels_choose(NULL);
  s->general = engine_needs_general(m);
  s->merged = engine_merges_currents(m);
  MESO_TRY(meso_wiring_create(m, &s->wiring, err));
  MESO_TRY(check_in_degrees(s->wiring, err));
  s->n_delays = (1u << s->wiring->delay_bits) - 1u;
  s->block_steps = s->wiring->min_delay_steps + !s->general;
  if (s->block_steps > max_block) s->block_steps = max_block;
  s->n_slots = s->n_delays + 2 * s->block_steps;
  s->n_columns = (uint32_t) m->n_columns;
  s->n_steps = (uint64_t) n_steps;
  s->background_from_step = (uint64_t) llround(m->background.delay_ms / m->simulation.dt_ms);
  s->background_key = meso_rng_key_make(m->simulation.seed, MESO_RNG_BACKGROUND);
  s->tail_key = meso_rng_key_make(m->simulation.seed, MESO_RNG_BACKGROUND_TAIL);
  MESO_TRY(engine_simulation_split(s, &s->channel, err));
  MESO_ALLOC(err, s->sources, s->n_columns);
  for (uint32_t c = 0; c < s->n_columns; c++) MESO_ALLOC(err, s->sources[c].ring, s->n_slots);
cleanup:
  return status;
}

void engine_simulation_clear(simulation *s)
{
  for (uint32_t c = 0; s->sources != NULL && c < s->n_columns; c++) {
    engine_ring_clear(s->sources[c].ring, s->n_slots);
    free(s->sources[c].recording.spike);
  }
  free(s->sources);
  free(s->channel);
  meso_wiring_destroy(s->wiring);
}
