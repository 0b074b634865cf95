/* meso_surrogate.c: looks surrogates up in the list that the Makefile's rows generate; copies of
 * recordings, train by train. */
#include "meso_surrogate.h"

#include <stdlib.h>
#include <string.h>

#include "meso_registry.h"
#include "meso_rng.h"

#define MESO_SU(id) extern const meso_surrogate_ops meso_su_##id;
#include "meso_su_list.inc"
#undef MESO_SU

static const meso_surrogate_ops *const surrogate_table[] = {
#define MESO_SU(id) &meso_su_##id,
#include "meso_su_list.inc"
#undef MESO_SU
  NULL
};

MESO_REGISTRY(meso_surrogate, meso_surrogate_ops, surrogate_table)

double meso_surrogate_uniform(meso_surrogate_rng *rng)
{
  const meso_rng_key key = meso_rng_key_make(rng->draw.seed, MESO_RNG_SURROGATE);
  const uint32_t counter[4] = {rng->k++, rng->item, rng->population, rng->draw.number};
  uint32_t w[4];
  meso_rng_block(key, counter, w);
  return meso_rng_uniform(w[0], w[1]);
}

void meso_surrogate_shuffle(meso_surrogate_rng *rng, size_t n, double *values)
{
  for (size_t i = n; i > 1; i--) {
    const size_t j = (size_t) (meso_surrogate_uniform(rng) * (double) i);
    const double other = values[j];
    values[j] = values[i - 1];
    values[i - 1] = other;
  }
}

static meso_status copy_population(const meso_spike_population *from, meso_spike_population *to,
                                   meso_err *err)
{
  meso_status status = MESO_OK;
  MESO_STRDUP(err, to->name, from->name);
  to->size = from->size;
  MESO_ALLOC(err, to->time_ms, from->n_spikes);
  MESO_ALLOC(err, to->id, from->n_spikes);
  to->n_spikes = from->n_spikes;
  if (from->position_um == NULL) goto cleanup;
  MESO_ALLOC(err, to->position_um, 3 * (size_t) from->size);
  memcpy(to->position_um, from->position_um, 3 * (size_t) from->size * sizeof(double));
cleanup:
  return status;
}

meso_status meso_surrogate_trains(const meso_spikes *in, meso_surrogate_draw draw,
                                  meso_status (*change)(const void *params,
                                                        meso_surrogate_train *train,
                                                        meso_surrogate_rng *rng, meso_err *err),
                                  const void *params, meso_spikes **ret, meso_err *err)
{
  meso_status status = MESO_OK;
  meso_spikes *out = NULL;
  size_t *first = NULL;
  uint32_t *spike = NULL;
  MESO_TRY(meso_spikes_create(in->n_populations, &out, err));
  out->t_start_ms = in->t_start_ms;
  out->t_stop_ms = in->t_stop_ms;
  MESO_TRY(meso_attrs_copy(&out->attrs, &in->attrs, err));
  for (size_t p = 0; p < in->n_populations; p++) {
    const meso_spike_population *from = &in->population[p];
    meso_spike_population *to = &out->population[p];
    MESO_TRY(copy_population(from, to, err));
    MESO_TRY(meso_spikes_by_neuron(from, &first, &spike, err));
    for (size_t i = 0; i < from->size; i++) {
      meso_surrogate_train train = {in->t_start_ms, in->t_stop_ms, first[i + 1] - first[i],
                                    to->time_ms + first[i]};
      meso_surrogate_rng rng = {draw, (uint32_t) i, (uint32_t) p, 0};
      for (size_t k = 0; k < train.n; k++) {
        train.time_ms[k] = from->time_ms[spike[first[i] + k]];
        to->id[first[i] + k] = (uint32_t) i;
      }
      if (train.n > 0) MESO_TRY(change(params, &train, &rng, err));
    }
    MESO_TRY(meso_spikes_sort(to, err));
    free(first);
    free(spike);
    first = NULL;
    spike = NULL;
  }
  *ret = out;
  out = NULL;
cleanup:
  free(first);
  free(spike);
  meso_spikes_destroy(out);
  return status;
}

meso_status meso_surrogate_copy(const meso_signals *in, meso_signals **ret, meso_err *err)
{
  meso_status status = MESO_OK;
  meso_signals *out = NULL;
  MESO_TRY(meso_signals_create(&out, err));
  MESO_TRY(meso_attrs_copy(&out->attrs, &in->attrs, err));
  for (size_t i = 0; i < in->n; i++) {
    const meso_signal *from = &in->signal[i];
    meso_signal *to = NULL;
    MESO_TRY(meso_signals_add(out, from->name, from->units, from->n_times, from->n_channels,
                              from->sampling_rate_Hz, from->t_start_ms, &to, err));
    memcpy(to->data, from->data, from->n_times * from->n_channels * sizeof *to->data);
    MESO_TRY(meso_attrs_copy(&to->attrs, &from->attrs, err));
    for (size_t c = 0; from->label != NULL && c < from->n_channels; c++)
      MESO_TRY(meso_signal_set_label(to, c, from->label[c], err));
    if (from->position_um == NULL) continue;
    MESO_ALLOC(err, to->position_um, 3 * from->n_channels);
    memcpy(to->position_um, from->position_um, 3 * from->n_channels * sizeof *to->position_um);
  }
  *ret = out;
  out = NULL;
cleanup:
  meso_signals_destroy(out);
  return status;
}
