/* meso_proxy.c: mean synaptic currents, and all proxies as signals.
 *
 * 1. the registry   2. currents   3. signals
 */
#include "meso_proxy.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "meso_cells.h"
#include "meso_output_filter.h"
#include "meso_registry.h"
#include "meso_wiring.h"

#define NOT_FOUND ((size_t) -1)

/* ---- 1. the registry ---------------------------------------------------------------------- */

#define MESO_PX(id) extern const meso_proxy_ops meso_px_##id;
#include "meso_px_list.inc"
#undef MESO_PX

static const meso_proxy_ops *const proxy_table[] = {
#define MESO_PX(id) &meso_px_##id,
#include "meso_px_list.inc"
#undef MESO_PX
  NULL
};

MESO_REGISTRY(meso_proxy, meso_proxy_ops, proxy_table)

void meso_proxy_add_delayed(const meso_proxy_input *input, const double *x, double factor,
                            double delay_ms, double *series)
{
  const double delay = delay_ms / input->dt_ms, whole = floor(delay);
  const long d = lround(whole), n = (long) input->n_steps;
  const double part = delay - whole;
  for (long t = 0; t < n; t++) {
    const long a = t - d, b = a - 1;
    if (a >= 0 && a < n) series[t] += factor * (1 - part) * x[a];
    if (b >= 0 && b < n) series[t] += factor * part * x[b];
  }
}

/* ---- 2. currents -------------------------------------------------------------------------- */

static bool is_excitatory_cell(const meso_model *m, size_t population)
{
  return m->population[population].sign == MESO_EXCITATORY
    && m->population[population].model != MESO_NEURON_POISSON;
}

/** Spikes of a population by step. */
static void count_spikes(const meso_proxy_input *in, size_t population, double *count)
{
  const size_t at = meso_spikes_find(in->spikes, in->model->population[population].name);
  for (size_t s = 0; at != NOT_FOUND && s < in->spikes->population[at].n_spikes; s++) {
    const double step = rint((in->spikes->population[at].time_ms[s] - in->start_ms) / in->dt_ms);
    if (step >= 0 && step < (double) in->n_steps) count[(size_t) step]++;
  }
}

/** Adds what the spikes of a projection's source release: pA of an average excitatory cell, by the
 *  step of their arrival. */
static void add_arrivals(const meso_proxy_input *in, const meso_projection *p, const double *count,
                         double n_cells, double *arrival)
{
  const meso_model *m = in->model;
  double share[MESO_WIRING_MAX_DELAY_STEPS + 1] = {0}, former = 0;
  const double all = meso_wiring_delay_share(m, p, MESO_WIRING_MAX_DELAY_STEPS);
  const double released = (double) p->n_synapses / (double) m->population[p->source].size
    * p->weight_pA / n_cells;
  for (size_t d = 1; d <= MESO_WIRING_MAX_DELAY_STEPS; d++) {
    const double up_to = meso_wiring_delay_share(m, p, (double) d);
    share[d] = released * (up_to - former) / all;
    former = up_to;
  }
  for (size_t t = 0; t < in->n_steps; t++)
    for (size_t d = 1; count[t] > 0 && d <= MESO_WIRING_MAX_DELAY_STEPS && t + d < in->n_steps;
         d++)
      arrival[t + d] += count[t] * share[d];
}

/** Adds arrivals, each a current of its course from the step after it on. */
static void add_current(const meso_proxy_input *in, const meso_cell_current *synapse,
                        const double *arrival, double *current)
{
  const double decay = exp(-in->dt_ms / synapse->tau_ms);
  const bool is_alpha = synapse->tau_rise_ms == synapse->tau_ms;
  const double jump = synapse->pA_per_weight * (is_alpha ? 0 : 1);
  const double rise = synapse->pA_per_weight * (is_alpha ? M_E / synapse->tau_ms : 0);
  double now = 0, slope = 0;
  for (size_t t = 0; t < in->n_steps; t++) {
    current[t] += now;
    slope += rise * arrival[t];
    now = (now + jump * arrival[t] + slope * in->dt_ms) * decay;
    slope *= decay;
  }
}

/** Both currents and the spikes of all neurons; each (n_steps), zeroed. */
static meso_status make_currents(const meso_proxy_input *in, double *ampa, double *gaba,
                                 double *all, meso_err *err)
{
  meso_status status = MESO_OK;
  const meso_model *m = in->model;
  double *count = NULL, *arrival = NULL, n_cells = 0;
  MESO_ALLOC(err, count, in->n_steps);
  MESO_ALLOC(err, arrival, in->n_steps);
  for (size_t y = 0; y < m->n_populations; y++)
    if (is_excitatory_cell(m, y)) n_cells += (double) m->population[y].size;
  for (size_t x = 0; x < m->n_populations; x++) {
    memset(count, 0, in->n_steps * sizeof *count);
    count_spikes(in, x, count);
    if (m->population[x].model != MESO_NEURON_POISSON)
      for (size_t t = 0; t < in->n_steps; t++) all[t] += count[t];
    for (size_t p = 0; p < m->n_projections; p++) {
      const meso_projection *q = &m->projection[p];
      if (q->source != x || q->n_synapses == 0 || !is_excitatory_cell(m, q->target)) continue;
      memset(arrival, 0, in->n_steps * sizeof *arrival);
      add_arrivals(in, q, count, n_cells, arrival);
      const meso_cell_current synapse =
        meso_cell_synapse_current(m, q->target, m->population[x].sign);
      add_current(in, &synapse, arrival, m->population[x].sign == MESO_EXCITATORY ? ampa : gaba);
    }
  }
cleanup:
  free(count);
  free(arrival);
  return status;
}

static double external_per_ms(const meso_model *m)
{
  double sum = 0, n = 0;
  for (size_t y = 0; y < m->n_populations; y++) {
    if (!is_excitatory_cell(m, y)) continue;
    sum += m->population[y].K_ext * m->background.rate_Hz * 1e-3
      * (double) m->population[y].size * (m->background.kind != MESO_BACKGROUND_NONE);
    n += (double) m->population[y].size;
  }
  return n > 0 ? sum / n : 0;
}

/* ---- 3. signals --------------------------------------------------------------------------- */

/* What the signals are made from. */
typedef struct job {
  meso_proxy_input in;
  const meso_signal *external;  /* part of lfp that is none of theirs, or NULL */
  size_t n_fit;                 /* samples that the gains are fitted to */
  double until_ms;
  meso_output_filter filter;
  double *series, *filtered, *sampled;
} job;

/** Steps to samples, through the filter. */
static void sample_series(job *j, size_t n_times)
{
  meso_output_filter_apply(&j->filter, j->in.n_steps, j->series, j->filtered);
  for (size_t t = 0; t < n_times; t++)
    j->sampled[t] = j->filtered[t * j->filter.factor + j->filter.half];
}

/** Least squares: mean and gain of one contact. */
static void fit_channel(const job *j, const meso_signal *lfp, size_t c, meso_signal *to)
{
  const size_t C = lfp->n_channels;
  double mx = 0, my = 0, xx = 0, xy = 0;
  for (size_t t = 0; t < j->n_fit; t++) {
    mx += j->sampled[t] / (double) j->n_fit;
    my += (lfp->data[t * C + c] - (j->external != NULL ? j->external->data[t * C + c] : 0))
      / (double) j->n_fit;
  }
  for (size_t t = 0; t < j->n_fit; t++) {
    const double x = j->sampled[t] - mx;
    const double y = lfp->data[t * C + c]
      - (j->external != NULL ? j->external->data[t * C + c] : 0) - my;
    xx += x * x;
    xy += x * y;
  }
  const double gain = xx > 0 ? xy / xx : 0;
  for (size_t t = 0; t < to->n_times; t++) to->data[t * C + c] = my + gain * (j->sampled[t] - mx);
}

/** Whether no contact changes in time. */
static bool is_constant(const meso_signal *s)
{
  for (size_t i = s->n_channels; i < s->n_times * s->n_channels; i++)
    if (s->data[i] != s->data[i - s->n_channels]) return false;
  return true;
}

/* A zeroed signal in the shape of the LFP, in place of one of this name that the file has already:
 * models can ask for proxies, and their spikes may be others. */
static meso_status place_proxy(const char *name, meso_signals *signals, meso_signal **ret,
                               meso_err *err)
{
  meso_status status = MESO_OK;
  const meso_signal *lfp = meso_signals_find(signals, "lfp");
  meso_signal *old = meso_signals_find(signals, name);
  if (old == NULL) {
    MESO_TRY(meso_signals_add(signals, name, "mV", lfp->n_times, lfp->n_channels,
                              lfp->sampling_rate_Hz, lfp->t_start_ms, ret, err));
    goto cleanup;
  }
  if (old->n_times != lfp->n_times || old->n_channels != lfp->n_channels ||
      old->sampling_rate_Hz != lfp->sampling_rate_Hz || old->t_start_ms != lfp->t_start_ms)
    MESO_FAIL(err, MESO_EINVAL, "signal %s is there already, and differs from lfp in length, "
              "channels, rate or start", name);
  memset(old->data, 0, old->n_times * old->n_channels * sizeof *old->data);
  free(old->position_um);
  old->position_um = NULL;
  meso_attrs_clear(&old->attrs);
  *ret = old;
cleanup:
  return status;
}

static meso_status make_proxy(job *j, const meso_proxy_ops *ops, meso_signals *signals,
                              meso_err *err)
{
  meso_status status = MESO_OK;
  meso_signal *to;
  char name[256];
  (void) snprintf(name, sizeof name, MESO_PROXY_HEAD "%s", ops->name);
  MESO_TRY(place_proxy(name, signals, &to, err));
  const meso_signal *lfp = meso_signals_find(signals, "lfp");
  const meso_signal *external = meso_signals_find(signals, "lfp_from_external");
  j->external = external;
  MESO_ALLOC(err, to->position_um, 3 * lfp->n_channels);
  memcpy(to->position_um, lfp->position_um, 3 * lfp->n_channels * sizeof(double));
  MESO_TRY(meso_attrs_set_text(&to->attrs, "doc", ops->summary, err));
  MESO_TRY(meso_attrs_set_number(&to->attrs, "weights_until_ms", j->until_ms, err));
  if (ops->series != NULL) {
    memset(j->series, 0, j->in.n_steps * sizeof *j->series);
    ops->series(&j->in, j->series);
    sample_series(j, lfp->n_times);
    for (size_t c = 0; c < lfp->n_channels; c++) fit_channel(j, lfp, c, to);
    MESO_TRY(meso_attrs_set_text(&to->attrs, "gain", "one for each contact, fitted to lfp before "
                                 "weights_until_ms", err));
  } else {
    meso_proxy_field field = {lfp->n_times, lfp->n_channels, j->filter.factor, lfp->position_um,
                              to->data};
    MESO_TRY(ops->field(&j->in, &field, err));
  }
  if (is_constant(to))
    MESO_TRY(meso_attrs_set_text(&to->attrs, "empty", ops->series != NULL
                                 ? "no spikes, or none that reach excitatory cells"
                                 : "no spike of a population with cells", err));
cleanup:
  return status;
}

/** The spikes must be of this model and cover the LFP. */
static meso_status check_spikes(const meso_model *model, const meso_spikes *spikes,
                                const meso_signal *lfp, meso_err *err)
{
  meso_status status = MESO_OK;
  const double step_ms = 1000 / lfp->sampling_rate_Hz;
  const double stop_ms = lfp->t_start_ms + (double) lfp->n_times * step_ms;
  for (size_t i = 0; i < spikes->n_populations; i++) {
    const meso_spike_population *p = &spikes->population[i];
    size_t k = 0;
    while (k < model->n_populations && strcmp(model->population[k].name, p->name) != 0) k++;
    if (k == model->n_populations)
      MESO_FAIL(err, MESO_ENOTFOUND, "proxies: the model has no population '%s', which the spikes "
                "have", p->name);
    if (p->size != (uint64_t) model->population[k].size)
      MESO_FAIL(err, MESO_EINVAL, "proxies: population %s has %llu neurons in the spikes, %llu in "
                "the model", p->name, (unsigned long long) p->size,
                (unsigned long long) model->population[k].size);
  }
  if (lfp->t_start_ms < spikes->t_start_ms - step_ms || stop_ms > spikes->t_stop_ms + step_ms)
    MESO_FAIL(err, MESO_EINVAL, "proxies: the LFP is of %g to %g ms, the spikes of %g to %g ms",
              lfp->t_start_ms, stop_ms, spikes->t_start_ms, spikes->t_stop_ms);
cleanup:
  return status;
}

static meso_status check(const meso_model *model, const meso_signal *lfp, meso_err *err)
{
  meso_status status = MESO_OK;
  if (lfp == NULL || lfp->position_um == NULL)
    MESO_FAIL(err, MESO_ENOTFOUND, "proxies: there is no signal lfp with places of its contacts");
  const double factor = 1000 / (lfp->sampling_rate_Hz * model->simulation.dt_ms);
  if (!(factor >= 1 - 1e-9 && factor < 1e4 && fabs(factor - round(factor)) < 1e-6 * factor)
      || lfp->n_times < 4)
    MESO_FAIL(err, MESO_EINVAL, "proxies: %zu samples at %g Hz: expected 4 or more, a whole number "
              "(1 to 10000) of steps of %g ms apart", lfp->n_times, lfp->sampling_rate_Hz,
              model->simulation.dt_ms);
  for (size_t i = 0; i < model->n_populations; i++)
    if (model->population[i].model != MESO_NEURON_POISSON
        && !(meso_cell_synapse_current(model, i, MESO_EXCITATORY).tau_ms > 0))
      MESO_FAIL(err, MESO_EINVAL, "proxies: population %s has weights in mV, no currents; "
                "lfp.delta_tau_ms gives it some", model->population[i].name);
cleanup:
  return status;
}

meso_status meso_proxies_add(const meso_model *model, const meso_spikes *spikes,
                             meso_signals *signals, meso_err *err)
{
  meso_status status = MESO_OK;
  const meso_signal *lfp = meso_signals_find(signals, "lfp");
  job j = {.in = {.model = model, .spikes = spikes, .dt_ms = model->simulation.dt_ms,
                  .external_per_ms = external_per_ms(model)}};
  double *ampa = NULL, *gaba = NULL, *all = NULL;
  MESO_TRY(check(model, lfp, err));
  MESO_TRY(check_spikes(model, spikes, lfp, err));
  const size_t n_times = lfp->n_times;
  MESO_TRY(meso_output_filter_init((size_t) llround(1000 / (lfp->sampling_rate_Hz * j.in.dt_ms)),
                                   &j.filter, err));
  j.in.start_ms = lfp->t_start_ms;
  j.in.n_steps = n_times * j.filter.factor;
  j.n_fit = n_times / 2;
  j.until_ms = lfp->t_start_ms + (double) j.n_fit * 1000 / lfp->sampling_rate_Hz;
  MESO_ALLOC(err, ampa, j.in.n_steps);
  MESO_ALLOC(err, gaba, j.in.n_steps);
  MESO_ALLOC(err, all, j.in.n_steps);
  MESO_ALLOC(err, j.series, j.in.n_steps);
  MESO_ALLOC(err, j.filtered, j.in.n_steps + 2 * j.filter.half);
  MESO_ALLOC(err, j.sampled, n_times);
  MESO_TRY(make_currents(&j.in, ampa, gaba, all, err));
  j.in.ampa_pA = ampa;
  j.in.gaba_pA = gaba;
  j.in.spike_count = all;
  for (size_t i = 0; i < meso_proxy_count(); i++)
    MESO_TRY(make_proxy(&j, meso_proxy_at(i), signals, err));
cleanup:
  meso_output_filter_clear(&j.filter);
  free(ampa);
  free(gaba);
  free(all);
  free(j.series);
  free(j.filtered);
  free(j.sampled);
  return status;
}
