/* network_current.c: staircases and sine waves of current, constant during a step. */
#include "network_current.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

meso_status network_current_init(network_current *c, const meso_network *w, meso_err *err)
{
  meso_status status = MESO_OK;
  *c = (network_current) { .w = w };
  MESO_ALLOC(err, c->sum_pA, w->n_neurons);
  if (w->n_current_steps + w->n_current_ac > 0) MESO_ALLOC(err, c->held_pA, w->n_neurons);
cleanup:
  return status;
}

void network_current_clear(network_current *c)
{
  free(c->held_pA);
  free(c->sum_pA);
}

static double sine_pA(const meso_current_ac *a, double t_ms)
{
  const double phase = a->phase_deg / 180 * M_PI;
  return a->offset_pA + a->amplitude_pA * sin(2 * M_PI * a->frequency_Hz * 1e-3 * t_ms + phase);
}

static bool same_wave(const meso_current_ac *a, const meso_current_ac *b)
{
  return a->amplitude_pA == b->amplitude_pA && a->offset_pA == b->offset_pA &&
         a->frequency_Hz == b->frequency_Hz && a->phase_deg == b->phase_deg;
}

/** A wave that goes to many neurons stands in as many rows, but is computed once. */
static void add_sines(network_current *c, int64_t step)
{
  const meso_current_ac *known = NULL;
  double pA = 0;
  for (size_t i = 0; i < c->w->n_current_ac; i++) {
    const meso_current_ac *a = &c->w->current_ac[i];
    if (step < a->start_step || step >= a->stop_step) continue;
    if (known == NULL || !same_wave(a, known)) pA = sine_pA(a, (double) step * c->w->dt_ms);
    known = a;
    c->sum_pA[a->neuron] += pA;
  }
}

void network_current_step_to(network_current *c, uint64_t step)
{
  if (c->held_pA == NULL) return;
  const meso_network *w = c->w;
  const int64_t now = (int64_t) step;
  for (; c->next < w->n_current_steps &&
         w->current_step[c->next].step + w->current_step_delay_steps <= now; c->next++)
    c->held_pA[w->current_step[c->next].neuron] = w->current_step[c->next].amplitude_pA;
  memcpy(c->sum_pA, c->held_pA, w->n_neurons * sizeof *c->sum_pA);
  add_sines(c, now - w->current_ac_delay_steps);
}
