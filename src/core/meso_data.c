/* meso_data.c: containers for spikes, signals and results. */
#include "meso_data.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- spikes ------------------------------------------------------------------------------- */

meso_status meso_spikes_create(size_t n_populations, meso_spikes **ret_spikes, meso_err *err)
{
  meso_status status = MESO_OK;
  meso_spikes *spikes = NULL;
  *ret_spikes = NULL;
  MESO_ALLOC(err, spikes, 1);
  MESO_ALLOC(err, spikes->population, n_populations);
  spikes->n_populations = n_populations;
  *ret_spikes = spikes;
  spikes = NULL;
cleanup:
  meso_spikes_destroy(spikes);
  return status;
}

void meso_spikes_destroy(meso_spikes *spikes)
{
  if (spikes == NULL) return;
  for (size_t i = 0; i < spikes->n_populations; i++) {
    meso_spike_population *p = &spikes->population[i];
    free(p->name);
    free(p->time_ms);
    free(p->id);
    free(p->position_um);
  }
  free(spikes->population);
  meso_attrs_clear(&spikes->attrs);
  free(spikes);
}

size_t meso_spikes_find(const meso_spikes *spikes, const char *name)
{
  for (size_t i = 0; i < spikes->n_populations; i++) {
    const char *own = spikes->population[i].name;
    if (own != NULL && strcmp(own, name) == 0) return i;
  }
  return (size_t) -1;
}

static int compare_ids(const void *a, const void *b)
{
  const uint32_t x = *(const uint32_t *) a, y = *(const uint32_t *) b;
  return (x > y) - (x < y);
}

typedef struct event { double time_ms; uint32_t id; } event;

static int compare_events(const void *a, const void *b)
{
  const event *x = a, *y = b;
  if (x->time_ms != y->time_ms) return x->time_ms < y->time_ms ? -1 : 1;
  return (x->id > y->id) - (x->id < y->id);
}

/* Times ascend already: only ids within equal times can be out of order. */
static void sort_ties(meso_spike_population *p)
{
  for (size_t first = 0, last; first < p->n_spikes; first = last) {
    bool sorted = true;
    for (last = first + 1; last < p->n_spikes && p->time_ms[last] == p->time_ms[first]; last++)
      sorted = sorted && p->id[last - 1] <= p->id[last];
    if (!sorted) qsort(p->id + first, last - first, sizeof *p->id, compare_ids);
  }
}

meso_status meso_spikes_sort(meso_spike_population *population, meso_err *err)
{
  meso_status status = MESO_OK;
  meso_spike_population *p = population;
  event *events = NULL;
  bool ascending = true;
  for (size_t i = 1; i < p->n_spikes && ascending; i++)
    ascending = p->time_ms[i - 1] <= p->time_ms[i];
  if (ascending) {
    sort_ties(p);
    return MESO_OK;
  }
  MESO_ALLOC(err, events, p->n_spikes);
  for (size_t i = 0; i < p->n_spikes; i++)
    events[i] = (event) { .time_ms = p->time_ms[i], .id = p->id[i] };
  qsort(events, p->n_spikes, sizeof *events, compare_events);
  for (size_t i = 0; i < p->n_spikes; i++) {
    p->time_ms[i] = events[i].time_ms;
    p->id[i] = events[i].id;
  }
cleanup:
  free(events);
  return status;
}

meso_status meso_spikes_by_neuron(const meso_spike_population *population, size_t **ret_first,
                                  uint32_t **ret_spike, meso_err *err)
{
  meso_status status = MESO_OK;
  const meso_spike_population *p = population;
  size_t *first = NULL;
  uint32_t *spike = NULL;
  *ret_first = NULL;
  *ret_spike = NULL;
  if (p->n_spikes > UINT32_MAX)
    MESO_FAIL(err, MESO_ERANGE, "population %s: %zu spikes are more than an index of 32 bits holds",
              p->name, p->n_spikes);
  if (p->size > UINT32_MAX)
    MESO_FAIL(err, MESO_ERANGE, "population %s: size %llu exceeds %lu", p->name,
              (unsigned long long) p->size, (unsigned long) UINT32_MAX);
  MESO_ALLOC(err, first, (size_t) p->size + 2);
  MESO_ALLOC(err, spike, p->n_spikes);
  /* Counts go two entries up, so that after the running sum first[id + 1] is the next free place
   * of neuron id and after filling it is the end of id: no second array of cursors. */
  for (size_t i = 0; i < p->n_spikes; i++) {
    if (p->id[i] >= p->size)
      MESO_FAIL(err, MESO_ERANGE, "population %s: neuron %lu is outside 0 .. size - 1 (size %llu)",
                p->name, (unsigned long) p->id[i], (unsigned long long) p->size);
    first[p->id[i] + (size_t) 2]++;
  }
  for (size_t k = 2; k < (size_t) p->size + 2; k++) first[k] += first[k - 1];
  for (size_t i = 0; i < p->n_spikes; i++)
    spike[first[p->id[i] + (size_t) 1]++] = (uint32_t) i;
  *ret_first = first;
  *ret_spike = spike;
  first = NULL;
  spike = NULL;
cleanup:
  free(first);
  free(spike);
  return status;
}

/* ---- signals ------------------------------------------------------------------------------ */

meso_status meso_signals_create(meso_signals **ret_signals, meso_err *err)
{
  meso_status status = MESO_OK;
  *ret_signals = NULL;
  MESO_ALLOC(err, *ret_signals, 1);
cleanup:
  return status;
}

static void clear_signal(meso_signal *s)
{
  free(s->name);
  free(s->units);
  free(s->data);
  free(s->position_um);
  for (size_t i = 0; s->label != NULL && i < s->n_channels; i++) free(s->label[i]);
  free(s->label);
  meso_attrs_clear(&s->attrs);
}

void meso_signals_destroy(meso_signals *signals)
{
  if (signals == NULL) return;
  for (size_t i = 0; i < signals->n; i++) clear_signal(&signals->signal[i]);
  free(signals->signal);
  meso_attrs_clear(&signals->attrs);
  free(signals);
}

meso_status meso_signals_add(meso_signals *signals, const char *name, const char *units,
                             size_t n_times, size_t n_channels, double sampling_rate_Hz,
                             double t_start_ms, meso_signal **ret_signal, meso_err *err)
{
  meso_status status = MESO_OK;
  meso_signal s = {
    .n_times = n_times, .n_channels = n_channels,
    .sampling_rate_Hz = sampling_rate_Hz, .t_start_ms = t_start_ms,
  };
  if (ret_signal != NULL) *ret_signal = NULL;
  if (meso_signals_find(signals, name) != NULL)
    MESO_FAIL(err, MESO_EINVAL, "signal %s: the name is taken already", name);
  if (n_channels != 0 && n_times > SIZE_MAX / n_channels)
    MESO_FAIL(err, MESO_ENOMEM, "signal %s: %zu times x %zu channels is too large", name, n_times,
              n_channels);
  MESO_STRDUP(err, s.name, name);
  MESO_STRDUP(err, s.units, units == NULL ? "1" : units);
  MESO_ALLOC_ALIGNED(err, s.data, n_times * n_channels);
  meso_signal *grown = meso_realloc(signals->signal, signals->n + 1, sizeof *grown);
  if (grown == NULL) MESO_FAIL(err, MESO_ENOMEM, "cannot allocate %zu signals", signals->n + 1);
  signals->signal = grown;
  grown[signals->n] = s;
  s = (meso_signal) { 0 };
  if (ret_signal != NULL) *ret_signal = &grown[signals->n];
  signals->n++;
cleanup:
  clear_signal(&s);
  return status;
}

void meso_signals_truncate(meso_signals *signals, size_t n)
{
  while (signals->n > n) clear_signal(&signals->signal[--signals->n]);
}

meso_status meso_signals_move(meso_signals *from, meso_signals *to, meso_err *err)
{
  meso_status status = MESO_OK;
  for (size_t i = 0; i < from->n; i++)
    if (meso_signals_find(to, from->signal[i].name) != NULL)
      MESO_FAIL(err, MESO_EINVAL, "signal %s: the name is taken already", from->signal[i].name);
  meso_signal *grown = meso_realloc(to->signal, to->n + from->n, sizeof *grown);
  if (grown == NULL)
    MESO_FAIL(err, MESO_ENOMEM, "cannot allocate %zu signals", to->n + from->n);
  to->signal = grown;
  for (size_t i = 0; i < from->n; i++) grown[to->n + i] = from->signal[i];
  to->n += from->n;
  from->n = 0;
cleanup:
  return status;
}

meso_signal *meso_signals_find(const meso_signals *signals, const char *name)
{
  for (size_t i = 0; i < signals->n; i++)
    if (strcmp(signals->signal[i].name, name) == 0) return &signals->signal[i];
  return NULL;
}

meso_status meso_signal_set_label(meso_signal *signal, size_t channel, const char *label,
                                  meso_err *err)
{
  meso_status status = MESO_OK;
  char *copy = NULL;
  if (channel >= signal->n_channels)
    MESO_FAIL(err, MESO_ERANGE, "signal %s: channel %zu, but it has %zu channels", signal->name,
              channel, signal->n_channels);
  if (signal->label == NULL) MESO_ALLOC(err, signal->label, signal->n_channels);
  MESO_STRDUP(err, copy, label == NULL ? "" : label);
  free(signal->label[channel]);
  signal->label[channel] = copy;
cleanup:
  return status;
}

/* ---- results ------------------------------------------------------------------------------ */

meso_status meso_result_create(meso_result **ret_result, meso_err *err)
{
  meso_status status = MESO_OK;
  *ret_result = NULL;
  MESO_ALLOC(err, *ret_result, 1);
cleanup:
  return status;
}

static void clear_array(meso_array *a)
{
  const size_t n = meso_array_count(a);
  free(a->path);
  free(a->units);
  free(a->data);
  for (size_t i = 0; a->text != NULL && i < n; i++) free(a->text[i]);
  free(a->text);
  meso_attrs_clear(&a->attrs);
}

void meso_result_destroy(meso_result *result)
{
  if (result == NULL) return;
  for (size_t i = 0; i < result->n; i++) clear_array(&result->array[i]);
  for (size_t i = 0; i < result->n_groups; i++) {
    free(result->group[i].path);
    meso_attrs_clear(&result->group[i].attrs);
  }
  free(result->array);
  free(result->group);
  meso_attrs_clear(&result->attrs);
  free(result);
}

/* Appends an array without elements; its path must be new. */
static meso_status append_array(meso_result *result, const char *path, const char *units,
                                size_t n_dims, const size_t *dims, meso_array **ret_array,
                                meso_err *err)
{
  meso_status status = MESO_OK;
  meso_array a = { .n_dims = 0 };
  size_t count = 1;
  *ret_array = NULL;
  if (n_dims > 4) MESO_FAIL(err, MESO_EBUG, "%s: %zu dimensions, at most 4", path, n_dims);
  if (meso_result_find(result, path) != NULL)
    MESO_FAIL(err, MESO_EINVAL, "%s: the path is taken already", path);
  a.n_dims = n_dims;
  for (size_t d = 0; d < n_dims; d++) {
    a.dims[d] = dims[d];
    if (dims[d] != 0 && count > SIZE_MAX / dims[d])
      MESO_FAIL(err, MESO_ENOMEM, "%s: the array is too large", path);
    count *= dims[d];
  }
  MESO_STRDUP(err, a.path, path);
  if (units != NULL) MESO_STRDUP(err, a.units, units);
  meso_array *grown = meso_realloc(result->array, result->n + 1, sizeof *grown);
  if (grown == NULL) MESO_FAIL(err, MESO_ENOMEM, "cannot allocate %zu arrays", result->n + 1);
  result->array = grown;
  grown[result->n] = a;
  *ret_array = &grown[result->n++];
  a = (meso_array) { 0 };
cleanup:
  clear_array(&a);
  return status;
}

/* Takes a failed append back, so that the result never holds an array without elements. */
static void drop_last_array(meso_result *result)
{
  clear_array(&result->array[--result->n]);
}

enum { LARGE = 1 << 23 }; /* elements; new from the system, which has cleared it, in any case */

meso_status meso_result_add(meso_result *result, const char *path, const char *units,
                            size_t n_dims, const size_t *dims, meso_array **ret_array,
                            meso_err *err)
{
  meso_status status = MESO_OK;
  meso_array *a = NULL;
  if (ret_array != NULL) *ret_array = NULL;
  MESO_TRY(append_array(result, path, units == NULL ? "1" : units, n_dims, dims, &a, err));
  if (meso_array_count(a) < LARGE) MESO_ALLOC_ALIGNED(err, a->data, meso_array_count(a));
  else MESO_ALLOC(err, a->data, meso_array_count(a)); /* cleared by the threads that fill it */
  if (ret_array != NULL) *ret_array = a;
cleanup:
  if (status != MESO_OK && a != NULL) drop_last_array(result);
  return status;
}

meso_status meso_result_add_in(meso_result *result, const char *group, const char *name,
                               const char *units, size_t n_dims, const size_t *dims,
                               double **ret_data, meso_err *err)
{
  meso_status status = MESO_OK;
  const size_t size = strlen(group) + strlen(name) + 2;
  meso_array *array = NULL;
  char *path = NULL;
  MESO_ALLOC(err, path, size);
  (void) snprintf(path, size, "%s/%s", group, name);
  MESO_TRY(meso_result_add(result, path, units, n_dims, dims, &array, err));
  *ret_data = array->data;
cleanup:
  free(path);
  return status;
}

meso_status meso_result_add_vector(meso_result *result, const char *path, const char *units,
                                   size_t n, const double *values, meso_err *err)
{
  meso_status status = MESO_OK;
  meso_array *a = NULL;
  MESO_TRY(meso_result_add(result, path, units, 1, &n, &a, err));
  if (n > 0) memcpy(a->data, values, n * sizeof *values);
cleanup:
  return status;
}

meso_status meso_result_add_text(meso_result *result, const char *path, size_t n,
                                 const char *const *text, meso_err *err)
{
  meso_status status = MESO_OK;
  meso_array *a = NULL;
  MESO_TRY(append_array(result, path, NULL, 1, &n, &a, err));
  MESO_ALLOC(err, a->text, n);
  for (size_t i = 0; i < n; i++) MESO_STRDUP(err, a->text[i], text[i] == NULL ? "" : text[i]);
cleanup:
  if (status != MESO_OK && a != NULL) drop_last_array(result);
  return status;
}

meso_array *meso_result_find(const meso_result *result, const char *path)
{
  for (size_t i = 0; i < result->n; i++)
    if (strcmp(result->array[i].path, path) == 0) return &result->array[i];
  return NULL;
}

static size_t group_index(const meso_result *result, const char *path)
{
  size_t i = 0;
  while (i < result->n_groups && strcmp(result->group[i].path, path) != 0) i++;
  return i;
}

const meso_attrs *meso_result_find_group(const meso_result *result, const char *path)
{
  const size_t i = group_index(result, path);
  return i < result->n_groups ? &result->group[i].attrs : NULL;
}

meso_attrs *meso_result_group_attrs(meso_result *result, const char *path)
{
  const size_t i = group_index(result, path);
  if (i < result->n_groups) return &result->group[i].attrs;
  char *copy = meso_strdup(path);
  struct meso_result_group *grown =
    meso_realloc(result->group, result->n_groups + 1, sizeof *grown);
  if (grown != NULL) result->group = grown;
  if (copy == NULL || grown == NULL) {
    free(copy);
    return NULL;
  }
  grown[result->n_groups] = (struct meso_result_group) { .path = copy };
  return &grown[result->n_groups++].attrs;
}

size_t meso_array_count(const meso_array *array)
{
  size_t n = 1;
  for (size_t d = 0; d < array->n_dims; d++) n *= array->dims[d];
  return n;
}
