/* meso_lfp_live.c: windows of spikes to pieces of the LFP; what is kept from one to the next. */
#include "meso_lfp_live.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "lfp_pieces.h"
#include "meso_external.h"
#include "meso_lfp.h"

struct meso_lfp_live {
  const meso_model *model;
  const meso_result *kernels;
  meso_neuron_kernels neurons;
  int n_threads;
  double interval_ms;     /* from sample to sample */
  size_t n_times, n_done; /* samples */
  meso_spikes *recent;    /* spikes that samples from n_done on need */
  meso_spikes *counts;    /* of all spikes up to now */
  double seconds;
};

/* ---- what there is ------------------------------------------------------------------------ */

static meso_status empty_spikes(const meso_model *model, meso_spikes **ret, meso_err *err)
{
  meso_status status = MESO_OK;
  meso_spikes *spikes = NULL;
  MESO_TRY(meso_spikes_create(model->n_populations, &spikes, err));
  spikes->t_stop_ms = model->simulation.duration_ms;
  for (size_t p = 0; p < model->n_populations; p++) {
    MESO_STRDUP(err, spikes->population[p].name, model->population[p].name);
    spikes->population[p].size = (uint64_t) model->population[p].size;
  }
  *ret = spikes;
  spikes = NULL;
cleanup:
  meso_spikes_destroy(spikes);
  return status;
}

meso_status meso_lfp_live_create(const meso_model *model, const meso_result *kernels,
                                 int n_threads, meso_lfp_live **ret_live, meso_err *err)
{
  meso_status status = MESO_OK;
  meso_lfp_live *live = NULL;
  if (model->lfp.method != MESO_LFP_NEURON)
    MESO_FAIL(err, MESO_EINVAL, "%s: lfp.method = population: must be neuron for an LFP that is "
              "made while the network runs", model->path);
  if (model->lfp.external != MESO_EXTERNAL_OFF)
    MESO_FAIL(err, MESO_EINVAL, "%s: lfp.external must be off for an LFP that is made while the "
              "network runs: external input is added to the LFP of written spikes", model->path);
  MESO_ALLOC(err, live, 1);
  *live = (meso_lfp_live) {.model = model, .kernels = kernels, .n_threads = n_threads,
                           .interval_ms = 1000 / model->lfp.output_rate_Hz};
  MESO_TRY(empty_spikes(model, &live->recent, err));
  MESO_TRY(empty_spikes(model, &live->counts, err));
  MESO_TRY(lfp_piece_count(kernels, live->counts, model->lfp.output_rate_Hz, &live->n_times, err));
  MESO_TRY(meso_kernels_check(kernels, model, err));
  MESO_TRY(meso_neuron_kernels_load(kernels, &live->neurons, err));
  *ret_live = live;
  live = NULL;
cleanup:
  meso_lfp_live_destroy(live);
  return status;
}

void meso_lfp_live_destroy(meso_lfp_live *live)
{
  if (live == NULL) return;
  meso_neuron_kernels_clear(&live->neurons);
  meso_spikes_destroy(live->recent);
  meso_spikes_destroy(live->counts);
  free(live);
}

double meso_lfp_live_seconds(const meso_lfp_live *live) { return live->seconds; }

/** Of this thread, which does all the work while the engine's others wait. */
static double processor_s(void)
{
  struct timespec t = {0};
  (void) clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return (double) t.tv_sec + 1e-9 * (double) t.tv_nsec;
}

/* ---- windows ------------------------------------------------------------------------------ */

static meso_status append(meso_spike_population *to, const double *time_ms, const uint32_t *id,
                          size_t n, meso_err *err)
{
  meso_status status = MESO_OK;
  double *t = meso_realloc(to->time_ms, to->n_spikes + n, sizeof *t);
  if (t != NULL) to->time_ms = t;
  uint32_t *i = meso_realloc(to->id, to->n_spikes + n, sizeof *i);
  if (i != NULL) to->id = i;
  if (t == NULL || i == NULL) MESO_FAIL(err, MESO_ENOMEM, "cannot keep %zu spikes", n);
  if (n > 0) {
    memcpy(t + to->n_spikes, time_ms, n * sizeof *t);
    memcpy(i + to->n_spikes, id, n * sizeof *i);
  }
  to->n_spikes += n;
cleanup:
  return status;
}

/** Samples that no spike after stop_ms changes: those of which the last bin that reaches them, -
 *  first_lag after them, is over. */
static size_t samples_before(const meso_lfp_live *live, double stop_ms)
{
  const meso_neuron_kernels *k = &live->neurons;
  if (stop_ms >= live->model->simulation.duration_ms) return live->n_times;
  const double bins = floor((rint(stop_ms / k->dt_ms) + 1) / (double) k->factor);
  const double n = bins + (double) k->first_lag;
  return n < 0 ? 0 : n > (double) live->n_times ? live->n_times : (size_t) n;
}

/** Leaves out the spikes that no sample from n_done on needs. */
static void forget(meso_lfp_live *live)
{
  const meso_neuron_kernels *k = &live->neurons;
  const double first_bin =
    (double) live->n_done - (double) k->first_lag - (double) k->n_lags + 1;
  const double first_step = first_bin * (double) k->factor;
  for (size_t p = 0; p < live->recent->n_populations; p++) {
    meso_spike_population *q = &live->recent->population[p];
    size_t n = 0;
    while (n < q->n_spikes && rint(q->time_ms[n] / k->dt_ms) < first_step) n++;
    q->n_spikes -= n;
    memmove(q->time_ms, q->time_ms + n, q->n_spikes * sizeof *q->time_ms);
    memmove(q->id, q->id + n, q->n_spikes * sizeof *q->id);
  }
}

static meso_status save(const meso_lfp_live *live, meso_result *state, meso_err *err)
{
  meso_status status = MESO_OK;
  const meso_spikes *s = live->recent;
  const size_t n_populations = s->n_populations;
  meso_array *n_recent, *n_all, *time, *id;
  const double done = (double) live->n_done;
  size_t n = 0;
  MESO_TRY(meso_result_add_vector(state, "/live/n_done", "1", 1, &done, err));
  MESO_TRY(meso_result_add(state, "/live/n_recent", "1", 1, &n_populations, &n_recent, err));
  for (size_t p = 0; p < n_populations; p++) {
    n_recent->data[p] = (double) s->population[p].n_spikes;
    n += s->population[p].n_spikes;
  }
  MESO_TRY(meso_result_add(state, "/live/n_spikes", "1", 1, &n_populations, &n_all, err));
  for (size_t p = 0; p < n_populations; p++)
    n_all->data[p] = (double) live->counts->population[p].n_spikes;
  MESO_TRY(meso_result_add(state, "/live/time_ms", "ms", 1, &n, &time, err));
  for (size_t p = 0, at = 0; p < n_populations; at += s->population[p++].n_spikes)
    for (size_t i = 0; i < s->population[p].n_spikes; i++)
      time->data[at + i] = s->population[p].time_ms[i];
  MESO_TRY(meso_result_add(state, "/live/id", "1", 1, &n, &id, err));
  for (size_t p = 0, at = 0; p < n_populations; at += s->population[p++].n_spikes)
    for (size_t i = 0; i < s->population[p].n_spikes; i++)
      id->data[at + i] = s->population[p].id[i];
cleanup:
  return status;
}

static meso_status take(void *context, const meso_spikes *window, meso_result *state,
                        meso_signals **ret_piece, meso_err *err)
{
  meso_status status = MESO_OK;
  meso_lfp_live *live = context;
  const double t0 = processor_s();
  const size_t n_ready = samples_before(live, window->t_stop_ms);
  for (size_t p = 0; p < window->n_populations; p++) {
    const meso_spike_population *q = &window->population[p];
    MESO_TRY(append(&live->recent->population[p], q->time_ms, q->id, q->n_spikes, err));
    live->counts->population[p].n_spikes += q->n_spikes;
  }
  if (n_ready > live->n_done) {
    live->recent->t_start_ms = (double) live->n_done * live->interval_ms;
    live->recent->t_stop_ms = (double) n_ready * live->interval_ms;
    MESO_TRY(lfp_piece_make(live->kernels, &live->neurons, live->recent,
                            live->model->lfp.output_rate_Hz, true, live->n_threads, ret_piece,
                            err));
    live->n_done = n_ready;
  }
  forget(live);
  MESO_TRY(save(live, state, err));
  live->seconds += processor_s() - t0;
cleanup:
  return status;
}

/* ---- going on ----------------------------------------------------------------------------- */

/** Numbers of a state, all whole and below `below`. */
static const double *find_counts(const meso_result *state, const char *path, size_t n,
                                 double below)
{
  const meso_array *a = meso_result_find(state, path);
  if (a == NULL || a->data == NULL || meso_array_count(a) != n) return NULL;
  for (size_t i = 0; i < n; i++)
    if (!(a->data[i] >= 0 && a->data[i] < below && a->data[i] == floor(a->data[i]))) return NULL;
  return a->data;
}

static meso_status restore(void *context, const meso_result *state, meso_err *err)
{
  meso_status status = MESO_OK;
  meso_lfp_live *live = context;
  const size_t n_populations = live->recent->n_populations;
  const meso_array *time = meso_result_find(state, "/live/time_ms");
  const size_t n = time != NULL && time->data != NULL ? meso_array_count(time) : 0;
  const double *done = find_counts(state, "/live/n_done", 1, (double) live->n_times + 1);
  const double *n_recent = find_counts(state, "/live/n_recent", n_populations, (double) n + 1);
  const double *n_all = find_counts(state, "/live/n_spikes", n_populations, 0x1p53);
  const double *id = find_counts(state, "/live/id", n, 0x1p32);
  uint32_t *some = NULL;
  double sum = 0;
  for (size_t p = 0; n_recent != NULL && p < n_populations; p++) sum += n_recent[p];
  if (done == NULL || n_recent == NULL || n_all == NULL || id == NULL || sum != (double) n)
    MESO_FAIL(err, MESO_EFORMAT, "checkpoint: /live is missing or damaged");
  MESO_ALLOC(err, some, n);
  for (size_t p = 0, at = 0; p < n_populations; at += (size_t) n_recent[p++]) {
    meso_spike_population *q = &live->recent->population[p];
    for (size_t i = at; i < at + (size_t) n_recent[p]; i++) {
      if (!(id[i] < (double) q->size) || !(time->data[i] >= (i > at ? time->data[i - 1] : 0))
          || !(time->data[i] < live->model->simulation.duration_ms))
        MESO_FAIL(err, MESO_EFORMAT, "checkpoint: /live holds spikes that cannot be");
      some[i] = (uint32_t) id[i];
    }
    MESO_TRY(append(q, n > 0 ? time->data + at : NULL, some + at, (size_t) n_recent[p], err));
    live->counts->population[p].n_spikes = (size_t) n_all[p];
  }
  live->n_done = (size_t) done[0];
cleanup:
  free(some);
  return status;
}

static meso_status finish(void *context, meso_signals **ret_layout, size_t *ret_n_times,
                          meso_err *err)
{
  meso_status status = MESO_OK;
  const meso_lfp_live *live = context;
  meso_signals *layout = NULL;
  MESO_TRY(lfp_piece_make(live->kernels, &live->neurons, live->counts,
                          live->model->lfp.output_rate_Hz, false, 1, &layout, err));
  MESO_TRY(meso_external_apply(live->model, live->kernels, 0, NULL, 1, NULL, layout, err));
  *ret_n_times = live->n_times;
  MESO_TRY(meso_attrs_set_text(&meso_signals_find(layout, "lfp")->attrs, "connectivity",
                               MESO_CONNECTIVITY_TRUE, err)); /* kernels are the model's: checked */
  *ret_layout = layout;
  layout = NULL;
cleanup:
  meso_signals_destroy(layout);
  return status;
}

meso_live meso_lfp_live_signals(meso_lfp_live *live, const char *path, const char *identity)
{
  return (meso_live) {.path = path, .kind = "lfp", .identity = identity, .take = take,
                      .restore = restore, .finish = finish, .context = live};
}
