/* engine_traces.c: potentials and currents of chosen neurons of a model, from the spikes of its
 * network. Given all input, every neuron can be simulated again on its own: its synapses are drawn
 * from the seed, the background is counted by its identity. The engine's own partitions do it, so
 * that V_m is bit by bit what it was in the run, on any number of threads and across checkpoints.
 *
 * Where the run sums both synaptic currents in one (equal time constants), a second partition of
 * the same neurons keeps them apart.
 *
 * 1. choosing neurons
 * 2. samples
 * 3. following the spikes
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "engine_partition.h"
#include "engine_spikes.h"
#include "engine_step.h"
#include "meso_neuron.h"

/** Some neurons of one population in one column, side by side. */
typedef struct followed {
  size_t population;
  uint32_t column, first, n; /**< first: in the column */
  size_t channel;            /**< of the first neuron */
  partition run;             /**< as in the run */
  partition apart;           /**< with both currents; unused if the run has them */
} followed;

struct meso_traces {
  const meso_model *model;
  simulation run, apart;     /**< they share everything but `merged` and `channel` */
  size_t n_followed, n_channels;
  followed *followed;
  size_t *spikes_of;         /**< (n_populations) index in the window's spikes */
  size_t *next;              /**< (n_populations) next spike of the window */
  size_t *next_own;          /**< (n_followed) spikes of the step that the window has, too */
  uint64_t step;             /**< last one that was followed */
  size_t rows, n_rows;       /**< of the piece; filled */
  meso_signals *piece;
};

/* ---- 1. choosing neurons ------------------------------------------------------------------ */

/** Adds neurons first .. last of a population, column by column. */
static meso_status follow_range(meso_traces *t, const meso_record_range *range, meso_err *err)
{
  meso_status status = MESO_OK;
  const meso_model *m = t->model;
  if (range->population == NULL)
    MESO_FAIL(err, MESO_EINVAL, "%s: neurons %u-%u: of which population? POPULATION:FIRST-LAST",
              m->path, range->first, range->last);
  const size_t p = meso_model_find_population(m, range->population);
  if (p == (size_t) -1)
    MESO_FAIL(err, MESO_ENOTFOUND, "%s: neurons %s:%u-%u: there is no such population", m->path,
              range->population, range->first, range->last);
  const meso_population *pop = &m->population[p];
  if (range->first > range->last || range->last >= pop->size)
    MESO_FAIL(err, MESO_ERANGE, "%s: neurons %s:%u-%u: must be a range within 0-%lld", m->path,
              pop->name, range->first, range->last, (long long) pop->size - 1);
  if (pop->model == MESO_NEURON_POISSON)
    MESO_FAIL(err, MESO_EINVAL, "%s: neurons %s:%u-%u: a poisson population has nothing to record",
              m->path, pop->name, range->first, range->last);
  const uint32_t size = (uint32_t) pop->column_size;
  for (uint32_t i = range->first; i <= range->last;) {
    const uint32_t column = i / size, most = 65536 - 2 * ENGINE_ALIGN;
    uint32_t end = (column + 1) * size;
    if (end > range->last + 1) end = range->last + 1;
    if (end - i > most) end = i + most;
    followed *bigger = meso_realloc(t->followed, t->n_followed + 1, sizeof *bigger);
    if (bigger == NULL) MESO_FAIL(err, MESO_ENOMEM, "cannot allocate the neurons to record");
    t->followed = bigger;
    t->followed[t->n_followed++] =
      (followed) {.population = p, .column = column, .first = i - column * size, .n = end - i,
                  .channel = t->n_channels};
    t->n_channels += end - i;
    i = end;
  }
cleanup:
  return status;
}

static meso_status create_partitions(meso_traces *t, followed *f, meso_err *err)
{
  meso_status status = MESO_OK;
  MESO_TRY(engine_partition_create_range(&t->run, &f->run, f->column, f->population, f->first,
                                         f->first + f->n, err));
  if (t->run.merged)
    MESO_TRY(engine_partition_create_range(&t->apart, &f->apart, f->column, f->population,
                                           f->first, f->first + f->n, err));
cleanup:
  return status;
}

static meso_status set_labels(const meso_traces *t, meso_signal *signal, meso_err *err)
{
  meso_status status = MESO_OK;
  char label[96];
  for (size_t i = 0; i < t->n_followed; i++) {
    const followed *f = &t->followed[i];
    const meso_population *pop = &t->model->population[f->population];
    const uint32_t first = f->column * (uint32_t) pop->column_size + f->first;
    for (uint32_t k = 0; k < f->n; k++) {
      (void) snprintf(label, sizeof label, "%s/%u", pop->name, first + k);
      MESO_TRY(meso_signal_set_label(signal, f->channel + k, label, err));
    }
  }
cleanup:
  return status;
}

/** What a quantity is, if all followed neurons have it. */
static meso_status find_quantity(const meso_traces *t, const char *name, size_t n,
                                 const meso_neuron_recordable **ret, meso_err *err)
{
  meso_status status = MESO_OK;
  for (size_t i = 0; i < t->n_followed; i++) {
    const meso_population *pop = &t->model->population[t->followed[i].population];
    const meso_neuron_ops *ops = meso_population_ops(pop);
    *ret = meso_neuron_recordable_by_name(ops, name, n);
    if (*ret == NULL)
      MESO_FAIL(err, MESO_ENOTFOUND, "%s: neurons of %s are %s, which have no %.*s to record",
                t->model->path, pop->name, ops->name, n < 60 ? (int) n : 60, name);
  }
cleanup:
  return status;
}

/** The piece: a signal for each quantity, with room for some steps. */
static meso_status create_piece(meso_traces *t, const char *quantities, meso_err *err)
{
  meso_status status = MESO_OK;
  const double dt_ms = t->model->simulation.dt_ms;
  t->rows = 1 + ((size_t) 1 << 18) / t->n_channels;
  MESO_TRY(meso_signals_create(&t->piece, err));
  for (const char *p = quantities; *p != '\0'; p += *p == ',') {
    const size_t n = strcspn(p, ",");
    const meso_neuron_recordable *what = NULL;
    MESO_TRY(find_quantity(t, p, n, &what, err));
    if (meso_signals_find(t->piece, what->name) == NULL) {
      meso_signal *signal = NULL;
      MESO_TRY(meso_signals_add(t->piece, what->name, what->unit, t->rows, t->n_channels,
                                1e3 / dt_ms, dt_ms, &signal, err));
      MESO_TRY(set_labels(t, signal, err));
    }
    p += n;
  }
cleanup:
  return status;
}

meso_status meso_traces_create(const meso_model *model, const meso_record_options *record,
                               meso_traces **ret_traces, meso_err *err)
{
  meso_status status = MESO_OK;
  meso_traces *t = NULL;
  *ret_traces = NULL;
  MESO_ALLOC(err, t, 1);
  t->model = model;
  for (size_t i = 0; i < record->n_ranges; i++)
    MESO_TRY(follow_range(t, &record->range[i], err));
  if (t->n_followed == 0) MESO_FAIL(err, MESO_EINVAL, "no neurons to record");
  MESO_TRY(create_piece(t, record->quantities, err));
  MESO_TRY(engine_simulation_init(&t->run, model, 1, err));
  t->apart = t->run;
  t->apart.merged = false;
  t->apart.channel = NULL;
  if (t->run.merged) MESO_TRY(engine_simulation_split(&t->apart, &t->apart.channel, err));
  MESO_ALLOC(err, t->spikes_of, model->n_populations);
  MESO_ALLOC(err, t->next, model->n_populations);
  MESO_ALLOC(err, t->next_own, t->n_followed);
  for (size_t i = 0; i < t->n_followed; i++)
    MESO_TRY(create_partitions(t, &t->followed[i], err));
  *ret_traces = t;
  t = NULL;
cleanup:
  meso_traces_destroy(t);
  return status;
}

void meso_traces_destroy(meso_traces *t)
{
  if (t == NULL) return;
  for (size_t i = 0; i < t->n_followed; i++) {
    engine_partition_destroy(&t->followed[i].run, &t->run);
    engine_partition_destroy(&t->followed[i].apart, &t->apart);
  }
  free(t->apart.channel);
  engine_simulation_clear(&t->run);
  meso_signals_destroy(t->piece);
  free(t->followed);
  free(t->spikes_of);
  free(t->next);
  free(t->next_own);
  free(t);
}

const meso_signals *meso_traces_layout(const meso_traces *t) { return t->piece; }

/* ---- 2. samples --------------------------------------------------------------------------- */

static void sample_potentials(const meso_traces *t, const followed *f, double *out)
{
  const meso_neuron_params *neuron = &t->model->population[f->population].neuron;
  const double *V_mV = f->run.V_mV + f->run.neurons.base[f->population];
  for (uint32_t k = 0; k < f->n; k++) /* -INFINITY: held at reset */
    out[k] = V_mV[k] == -INFINITY ? neuron->V_reset_mV : V_mV[k] + neuron->E_L_mV;
}

/** A current after a step: what has decayed and the input of this step, which is gathered. */
static void sample_currents(const meso_traces *t, const followed *f, int channel, double *out)
{
  const partition *q = t->run.merged ? &f->apart : &f->run;
  const slice *a = &q->slice[f->population];
  const double *I = channel == 0 ? q->I_ex : q->I_in;
  const uint32_t first = q->neurons.base[f->population];
  for (size_t c = 0; c < a->n_chunks; c++) {
    uint16_t buffer[ENGINE_CHUNK];
    const chunk *k = &a->chunk[c];
    const uint16_t *count =
      channel == 0 ? engine_chunk_background(&t->apart, q, a, k, t->step, buffer) : NULL;
    for (uint32_t i = 0; i < k->n; i++) {
      const uint32_t place = k->first + i;
      int32_t input = q->sum[channel][0][place];
      if (count != NULL) input += count[i] * a->background_weight;
      if (place >= first && place < first + f->n)
        out[place - first] = (I[place] + input) * t->run.wiring->weight_step_pA;
    }
  }
}

static void sample_general(const followed *f, const char *name, double *out)
{
  const slice *a = &f->run.slice[f->population];
  const meso_neuron_recordable *what = meso_neuron_recordable_by_name(a->ops, name, strlen(name));
  for (uint32_t k = 0; k < f->n; k++)
    out[k] = what->value(a->neurons + k * a->ops->neuron_size);
}

static void sample(meso_traces *t)
{
  for (size_t s = 0; s < t->piece->n; s++) {
    const meso_signal *signal = &t->piece->signal[s];
    double *row = signal->data + t->n_rows * t->n_channels;
    for (size_t i = 0; i < t->n_followed; i++) {
      const followed *f = &t->followed[i];
      double *out = row + f->channel;
      if (t->run.general) sample_general(f, signal->name, out);
      else if (strcmp(signal->name, "V_m") == 0) sample_potentials(t, f, out);
      else sample_currents(t, f, strcmp(signal->name, "I_syn_in") == 0, out);
    }
  }
  t->n_rows++;
}

/* ---- 3. following the spikes -------------------------------------------------------------- */

static bool update_all(meso_traces *t)
{
  bool ok = true;
  for (size_t i = 0; i < t->n_followed; i++) {
    followed *f = &t->followed[i];
    ok = engine_partition_update(&t->run, &f->run, t->step, 1) && ok;
    f->run.recording.n = f->apart.recording.n = 0;
    if (t->run.merged) ok = engine_partition_update(&t->apart, &f->apart, t->step, 1) && ok;
    t->next_own[i] = 0;
  }
  return ok;
}

/** The input of the step: the neurons take it in the next one, or on the general path now. */
static bool gather_all(meso_traces *t)
{
  const uint64_t step = t->step + !t->run.general;
  bool ok = true;
  for (size_t i = 0; i < t->n_followed; i++) {
    followed *f = &t->followed[i];
    ok = engine_partition_gather(&t->run, &f->run, step, 1) && ok;
    if (t->run.merged) ok = engine_partition_gather(&t->apart, &f->apart, step, 1) && ok;
  }
  return ok;
}

/** Notes that a neuron (index in its column) spiked; true unless it is followed and did not. */
static bool note_own(meso_traces *t, size_t population, uint32_t column, uint32_t own)
{
  bool same = true;
  const meso_population *pop = &t->model->population[population];
  for (size_t i = 0; i < t->n_followed; i++) {
    const followed *f = &t->followed[i];
    if (f->population != population || f->column != column || own < f->first ||
        own >= f->first + f->n)
      continue;
    const spike_list *list = &f->run.ring[t->step % t->run.n_slots];
    same = same && t->next_own[i] < list->n &&
           list->neuron[t->next_own[i]] == (uint32_t) pop->first_in_column + own;
    t->next_own[i]++;
  }
  return same;
}

/** Spikes of a step into the rings of their columns. */
static meso_status take_spikes(meso_traces *t, const meso_spikes *window, meso_err *err)
{
  meso_status status = MESO_OK;
  const meso_model *m = t->model;
  bool ok = true, same = true;
  for (uint32_t c = 0; c < t->run.n_columns; c++)
    t->run.sources[c].ring[t->step % t->run.n_slots].n = 0;
  for (size_t p = 0; p < m->n_populations; p++) {
    if (t->spikes_of[p] == (size_t) -1) continue;
    const meso_spike_population *q = &window->population[t->spikes_of[p]];
    const meso_population *pop = &m->population[p];
    for (; t->next[p] < q->n_spikes; t->next[p]++) {
      const double at = q->time_ms[t->next[p]] / m->simulation.dt_ms;
      if ((uint64_t) llround(at) != t->step) break;
      const uint32_t column = (uint32_t) (q->id[t->next[p]] / (uint64_t) pop->column_size);
      const uint32_t own = (uint32_t) (q->id[t->next[p]] % (uint64_t) pop->column_size);
      spike_list *list = &t->run.sources[column].ring[t->step % t->run.n_slots];
      ok = engine_list_append(list, (uint32_t) pop->first_in_column + own) && ok;
      same = note_own(t, p, column, own) && same;
    }
  }
  for (size_t i = 0; i < t->n_followed; i++)
    same = same && t->next_own[i] == t->followed[i].run.ring[t->step % t->run.n_slots].n;
  if (!ok) MESO_FAIL(err, MESO_ENOMEM, "cannot allocate the spikes of a step");
  if (!same)
    MESO_FAIL(err, MESO_EFORMAT, "%s: the spikes at %g ms are not those of the recorded neurons: "
              "they are of another network, seed or input", m->path,
              engine_step_ms(t->step, m->simulation.dt_ms));
cleanup:
  return status;
}

static meso_status check_window(const meso_traces *t, const meso_spikes *window, meso_err *err)
{
  meso_status status = MESO_OK;
  const double dt_ms = t->model->simulation.dt_ms;
  if ((uint64_t) llround(window->t_start_ms / dt_ms) != t->step)
    MESO_FAIL(err, MESO_EINVAL, "spikes from %g ms: must go on from %g ms", window->t_start_ms,
              engine_step_ms(t->step, dt_ms));
  MESO_TRY(engine_match_populations(t->model, window, t->spikes_of, err));
cleanup:
  return status;
}

meso_status meso_traces_follow(meso_traces *t, const meso_spikes *window,
                               const meso_traces_sink *sink, meso_err *err)
{
  meso_status status = MESO_OK;
  const double dt_ms = t->model->simulation.dt_ms;
  const uint64_t last = (uint64_t) llround(window->t_stop_ms / dt_ms);
  MESO_TRY(check_window(t, window, err));
  memset(t->next, 0, t->model->n_populations * sizeof *t->next);
  while (t->step < last) {
    t->step++;
    bool ok = true;
    if (t->run.general) ok = gather_all(t);
    ok = update_all(t) && ok;
    if (!ok) MESO_FAIL(err, MESO_ENOMEM, "cannot allocate the spikes of a step");
    MESO_TRY(take_spikes(t, window, err));
    if (!t->run.general && !gather_all(t))
      MESO_FAIL(err, MESO_ENOMEM, "cannot allocate the input of a step");
    sample(t);
    if (t->n_rows < t->rows && t->step < last) continue;
    MESO_TRY(sink->take(sink->context, t->piece, t->n_rows, err));
    t->n_rows = 0;
  }
cleanup:
  return status;
}
