/* cause_make.c: contributions of the populations, and how to draw them again. */
#include "cause_make.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "meso_external.h"
#include "meso_independent_lfp.h"

/* Populations that spike, and their kernels; external input after them, if it is in the LFP. */
typedef struct sources {
  const mesoi_cause_input *in;
  int n_threads;
  meso_neuron_kernels kernels;
  size_t n;                 /* populations that spike */
  bool external;
  size_t n_parts;           /* of the LFP: n, or one more */
  char **name;              /* (n_parts) borrowed */
  size_t *population;       /* (n) among the spikes */
  size_t *first_neuron;     /* (n) among the kernels */
  double rate_Hz, start_ms, stop_ms;
  size_t n_times, n_channels; /* what is looked at */
  double *signal;           /* (n_parts, n_times, n_channels) */
  double *sum;              /* (n_times, n_channels): of the populations that spike */
  meso_spike_population all; /* all spikes, by the kernels' neurons */
  double *covariance;       /* (n_lags, n_channels, n_channels); NULL: not known */
  size_t n_lags;
} sources;

static char external_name[] = "external";

static void sources_clear(sources *s)
{
  meso_neuron_kernels_clear(&s->kernels);
  free(s->name);
  free(s->population);
  free(s->first_neuron);
  free(s->signal);
  free(s->sum);
  free(s->all.time_ms);
  free(s->all.id);
  free(s->covariance);
}

meso_status mesoi_cause_rate(const meso_result *kernels, double *ret_rate_Hz, meso_err *err)
{
  meso_status status = MESO_OK;
  const meso_attrs *attrs = meso_result_find_group(kernels, "/kernels");
  if (attrs == NULL || meso_result_find(kernels, "/kernels/coefficient") == NULL)
    MESO_FAIL(err, MESO_EINVAL, "the file holds no kernels of single neurons: make them with "
              "lfp.method = neuron");
  const double step_ms = meso_attrs_number(attrs, "kernel_dt_ms", NAN)
    * meso_attrs_number(attrs, "output_step", NAN);
  if (!(step_ms > 0 && isfinite(step_ms)))
    MESO_FAIL(err, MESO_EFORMAT, "kernel file: kernel_dt_ms or output_step missing or bad");
  *ret_rate_Hz = 1000 / step_ms;
cleanup:
  return status;
}

/** Signal of a population's contribution, or NULL. */
static const meso_signal *contribution(const meso_signals *lfp, const char *name)
{
  char text[512];
  (void) snprintf(text, sizeof text, "lfp_from_%s", name);
  return meso_signals_find(lfp, text);
}

/** Names and sizes were checked when these kernels made this LFP. */
static meso_status find_sources(sources *s, meso_err *err)
{
  meso_status status = MESO_OK;
  const meso_array *name = meso_result_find(s->in->kernels, "/populations/name");
  const meso_array *size = meso_result_find(s->in->kernels, "/populations/size");
  size_t first = 0;
  if (name == NULL || name->text == NULL || size == NULL || size->data == NULL
      || meso_array_count(size) != meso_array_count(name))
    MESO_FAIL(err, MESO_EFORMAT, "kernel file: /populations/name and size must be there and agree");
  const size_t most = meso_array_count(name);
  MESO_ALLOC(err, s->name, most + 1);
  MESO_ALLOC(err, s->population, most);
  MESO_ALLOC(err, s->first_neuron, most);
  for (size_t p = 0; p < most; first += (size_t) size->data[p++]) {
    const size_t at = meso_spikes_find(s->in->spikes, name->text[p]);
    if (at == (size_t) -1 || s->in->spikes->population[at].n_spikes == 0
        || contribution(s->in->lfp, name->text[p]) == NULL) continue;
    s->name[s->n] = name->text[p];
    s->population[s->n] = at;
    s->first_neuron[s->n++] = first;
  }
  if (s->n == 0)
    MESO_FAIL(err, MESO_EINVAL, "nothing to split: no spikes, or an LFP without the parts of its "
              "sources (lfp.contributions: source)");
  s->external = contribution(s->in->lfp, external_name) != NULL;
  for (size_t p = 0; p < most; p++) /* a population may be called so */
    if (strcmp(name->text[p], external_name) == 0) s->external = false;
  if (s->external) s->name[s->n] = external_name;
  s->n_parts = s->n + s->external;
cleanup:
  return status;
}

/** Takes the first contribution as the measure: its samples after the discard, as many as are
 *  wanted. */
static meso_status take_window(sources *s, const meso_signal *view, meso_err *err)
{
  meso_status status = MESO_OK;
  const double wanted = s->in->params->duration_ms;
  const double samples = floor(1e-3 * wanted * view->sampling_rate_Hz + 1e-6);
  s->rate_Hz = view->sampling_rate_Hz;
  s->start_ms = view->t_start_ms;
  s->n_times = view->n_times;
  s->n_channels = view->n_channels;
  s->stop_ms = s->in->spikes->t_stop_ms;
  if (wanted > 0 && samples < (double) s->n_times) {
    s->n_times = (size_t) samples;
    s->stop_ms = s->start_ms + 1e3 * samples / s->rate_Hz;
  }
  MESO_ALLOC(err, s->signal, s->n_parts * s->n_times * s->n_channels);
cleanup:
  return status;
}

/** Contributions after the discard. */
static meso_status take_signals(sources *s, meso_err *err)
{
  meso_status status = MESO_OK;
  const meso_signal *lfp = NULL;
  for (size_t i = 0; i < s->n_parts; i++) {
    meso_signal view;
    lfp = contribution(s->in->lfp, s->name[i]);
    MESO_TRY(meso_signal_select(s->in->lfp, lfp->name, s->in->params->spectral.discard_ms, &view,
                                err));
    if (i == 0) MESO_TRY(take_window(s, &view, err));
    if (view.n_times < s->n_times || view.n_channels != s->kernels.n_channels
        || view.sampling_rate_Hz != s->rate_Hz || view.t_start_ms != s->start_ms)
      MESO_FAIL(err, MESO_EINVAL, "signal %s does not fit the others and the kernels", lfp->name);
    memcpy(s->signal + i * s->n_times * s->n_channels, view.data,
           s->n_times * s->n_channels * sizeof(double));
  }
cleanup:
  return status;
}

/** All in one: a pass through the kernels costs less than one for each population. */
static meso_status join_sources(sources *s, meso_err *err)
{
  meso_status status = MESO_OK;
  const size_t size = s->n_times * s->n_channels;
  size_t n = 0;
  MESO_ALLOC(err, s->sum, size);
  for (size_t i = 0; i < s->n * size; i++) s->sum[i % size] += s->signal[i];
  for (size_t i = 0; i < s->n; i++) n += s->in->spikes->population[s->population[i]].n_spikes;
  s->all = (meso_spike_population) {.name = s->name[0], .size = s->kernels.n_neurons};
  MESO_ALLOC(err, s->all.time_ms, n);
  MESO_ALLOC(err, s->all.id, n);
  for (size_t i = 0; i < s->n; i++) {
    const meso_spike_population *from = &s->in->spikes->population[s->population[i]];
    for (size_t k = 0; k < from->n_spikes; k++) {
      s->all.time_ms[s->all.n_spikes] = from->time_ms[k];
      s->all.id[s->all.n_spikes++] = (uint32_t) s->first_neuron[i] + from->id[k];
    }
  }
  MESO_TRY(meso_spikes_sort(&s->all, err));
cleanup:
  return status;
}

/** Of external input: what its kernels say; without them no covariance is known. */
static meso_status begin_covariance(sources *s, meso_err *err)
{
  meso_status status = MESO_OK;
  const meso_array *all = meso_result_find(s->in->kernels, "/external/covariance");
  const size_t C = s->n_channels;
  double *mean = NULL, *covariance = NULL;
  size_t n_lags = 0;
  s->n_lags = s->kernels.n_lags;
  if (s->external && (all == NULL || all->n_dims != 4 || all->dims[2] < C)) goto cleanup;
  if (s->external) {
    const size_t R = all->dims[2]; /* rows beyond the contacts are a moment */
    MESO_TRY(meso_external_moments(s->in->kernels, R, &mean, &covariance, &n_lags, err));
    if (n_lags > s->n_lags) s->n_lags = n_lags;
    MESO_ALLOC(err, s->covariance, s->n_lags * C * C);
    for (size_t i = 0; i < n_lags * C * C; i++) /* E x_row(t + lag) x_column(t) there */
      s->covariance[i] = covariance[(i / (C * C) * R + i % C) * R + i / C % C];
  } else {
    MESO_ALLOC(err, s->covariance, s->n_lags * C * C);
  }
cleanup:
  free(mean);
  free(covariance);
  return status;
}

static meso_status make_covariance(sources *s, meso_err *err)
{
  meso_status status = MESO_OK;
  const meso_spikes *spikes = s->in->spikes;
  MESO_TRY(begin_covariance(s, err));
  for (size_t i = 0; i < s->n && s->covariance != NULL; i++)
    MESO_TRY(meso_poisson_covariance_add(&s->kernels, &spikes->population[s->population[i]],
                                         s->first_neuron[i], s->start_ms, s->stop_ms,
                                         s->n_threads, s->covariance, err));
cleanup:
  return status;
}

/** External input is in every draw as it is. */
static void add_external(const sources *s, bool by_population, double *signal)
{
  const size_t size = s->n_times * s->n_channels;
  const double *external = s->signal + s->n * size;
  if (by_population) memcpy(signal + s->n * size, external, size * sizeof *signal);
  else for (size_t i = 0; i < size; i++) signal[i] += external[i];
}

static meso_status draw_signs(void *user, uint32_t number, bool by_population, double *signal,
                              meso_err *err)
{
  meso_status status = MESO_OK;
  const sources *s = user;
  const size_t size = s->n_times * s->n_channels;
  if (!by_population)
    MESO_TRY(meso_random_signs_lfp(&s->kernels, &s->all, 0, s->start_ms, s->n_times, s->sum,
                                   (meso_sign_draw) {s->in->seed, UINT32_MAX, number},
                                   s->n_threads, signal, err));
  for (size_t i = 0; i < s->n && by_population; i++) {
    const meso_sign_draw draw = {s->in->seed, (uint32_t) i, number};
    MESO_TRY(meso_random_signs_lfp(&s->kernels, &s->in->spikes->population[s->population[i]],
                                   s->first_neuron[i], s->start_ms, s->n_times,
                                   s->signal + i * size, draw, s->n_threads, signal + i * size,
                                   err));
  }
  if (s->external) add_external(s, by_population, signal);
cleanup:
  return status;
}

static meso_status draw_surrogate(void *user, uint32_t number, bool by_population, double *signal,
                                  meso_err *err)
{
  meso_status status = MESO_OK;
  const sources *s = user;
  const size_t size = s->n_times * s->n_channels;
  const meso_surrogate_draw draw = {s->in->seed, number};
  meso_spikes *spikes = NULL;
  MESO_TRY(s->in->surrogate->spikes(s->in->surrogate_params, s->in->spikes, draw, &spikes, err));
  memset(signal, 0, (by_population ? s->n : 1) * size * sizeof *signal);
  for (size_t i = 0; i < s->n; i++)
    MESO_TRY(meso_neuron_kernels_apply(&s->kernels, &spikes->population[s->population[i]],
                                       s->first_neuron[i], s->start_ms, s->n_times, s->n_threads,
                                       signal + (by_population ? i * size : 0), NULL, err));
  if (s->external) add_external(s, by_population, signal);
cleanup:
  meso_spikes_destroy(spikes);
  return status;
}

meso_status mesoi_cause_make(const meso_cli *cli, const mesoi_cause_input *input,
                             meso_result *result, meso_err *err)
{
  meso_status status = MESO_OK;
  sources s = {.in = input, .n_threads = cli->n_threads};
  double rate_Hz = 0;
  MESO_TRY(mesoi_cause_rate(input->kernels, &rate_Hz, err));
  MESO_TRY(meso_neuron_kernels_load(input->kernels, &s.kernels, err));
  MESO_TRY(find_sources(&s, err));
  MESO_TRY(take_signals(&s, err));
  MESO_TRY(join_sources(&s, err));
  MESO_TRY(make_covariance(&s, err));
  const meso_signal *one = contribution(input->lfp, s.name[0]);
  if (one->position_um == NULL) MESO_FAIL(err, MESO_EINVAL, "the LFP's channels have no places");
  const meso_cause_request request = {
    .params = input->params, .n_populations = s.n_parts, .n_channels = s.n_channels,
    .n_times = s.n_times, .population = s.name, .position_um = one->position_um,
    .units = one->units, .rate_Hz = s.rate_Hz, .signal = s.signal, .n_lags = s.n_lags,
    .external = s.external, .covariance = s.covariance,
    .draw = input->surrogate != NULL ? draw_surrogate : draw_signs, .user = &s,
    .seed = input->seed, .t_start_ms = s.start_ms, .t_stop_ms = s.stop_ms,
    .n_threads = cli->n_threads, .progress = cli->progress};
  MESO_TRY(meso_cause_run(&request, result, err));
cleanup:
  sources_clear(&s);
  return status;
}
