/* lfp_contributions.c: the LFP by target population and by sign of the sources. */
#include "lfp_contributions.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "meso_model.h"

static const char from_head[] = "lfp_from_";
static const char *const sign_name[2] = {[MESO_EXCITATORY] = "lfp_excitatory",
                                         [MESO_INHIBITORY] = "lfp_inhibitory"};

int lfp_contributions_of(const meso_result *kernels)
{
  static const char *const name[] = {"none", "source", "target", "sign", "all"};
  const meso_attrs *attrs = meso_result_find_group(kernels, "/kernels");
  const char *text = attrs != NULL ? meso_attrs_text(attrs, "contributions") : NULL;
  for (int i = 0; text != NULL && i <= MESO_CONTRIBUTIONS_ALL; i++)
    if (strcmp(text, name[i]) == 0) return i;
  return MESO_CONTRIBUTIONS_SOURCE;
}

bool lfp_contributions_by_target(const meso_result *kernels)
{
  const int choice = lfp_contributions_of(kernels);
  return choice == MESO_CONTRIBUTIONS_TARGET || choice == MESO_CONTRIBUTIONS_ALL;
}

/** A zeroed signal with the sampling and the positions of "lfp". */
static meso_status add_like_lfp(meso_signals *signals, const char *name, meso_signal **ret,
                                meso_err *err)
{
  meso_status status = MESO_OK;
  const meso_signal *lfp = meso_signals_find(signals, "lfp");
  MESO_TRY(meso_signals_add(signals, name, lfp->units, lfp->n_times, lfp->n_channels,
                            lfp->sampling_rate_Hz, lfp->t_start_ms, ret, err));
  lfp = meso_signals_find(signals, "lfp");
  MESO_ALLOC(err, (*ret)->position_um, 3 * lfp->n_channels);
  memcpy((*ret)->position_um, lfp->position_um, 3 * lfp->n_channels * sizeof(double));
cleanup:
  return status;
}

meso_status lfp_contributions_add(meso_signals *signals, const char *population,
                                  meso_signal **ret_signal, meso_err *err)
{
  char name[160];
  (void) snprintf(name, sizeof name, "lfp_onto_%.100s", population);
  return add_like_lfp(signals, name, ret_signal, err);
}

/* ---- by target ---------------------------------------------------------------------------- */

meso_status lfp_contributions_onto(const meso_result *kernels, const meso_neuron_kernels *neurons,
                                   const meso_spikes *spikes, int n_threads,
                                   meso_signals *signals, meso_err *err)
{
  meso_status status = MESO_OK;
  const meso_array *name = meso_result_find(kernels, "/populations/name");
  const meso_array *size = meso_result_find(kernels, "/populations/size");
  meso_neuron_kernels part = {0};
  meso_neuron_trains *trains = NULL;
  MESO_ALLOC(err, trains, meso_array_count(name));
  const size_t n =
    meso_neuron_trains_list(spikes, meso_array_count(name), name->text, size->data, trains);
  for (size_t i = 0; i < kernels->n; i++) {
    const char *path = kernels->array[i].path;
    const size_t head = strlen(MESO_KERNELS_ONTO);
    meso_signal *signal;
    if (strncmp(path, MESO_KERNELS_ONTO, head) != 0) continue;
    MESO_TRY(meso_neuron_kernels_load_onto(kernels, neurons, path + head, &part, err));
    MESO_TRY(lfp_contributions_add(signals, path + head, &signal, err));
    MESO_TRY(meso_neuron_kernels_apply_all(&part, n, trains, signal->t_start_ms, signal->n_times,
                                           n_threads, signal->data, NULL, err));
    free(part.coefficient);
    part.coefficient = NULL;
  }
cleanup:
  free(part.coefficient);
  free(trains);
  return status;
}

/* ---- by sign ------------------------------------------------------------------------------ */

static meso_status add_signs(const meso_result *kernels, meso_signals *signals, meso_err *err)
{
  meso_status status = MESO_OK;
  const meso_array *name = meso_result_find(kernels, "/populations/name");
  const meso_array *is_inhibitory = meso_result_find(kernels, "/populations/is_inhibitory");
  if (is_inhibitory == NULL || is_inhibitory->data == NULL
      || meso_array_count(is_inhibitory) != meso_array_count(name))
    MESO_FAIL(err, MESO_EFORMAT, "kernel file: /populations/is_inhibitory is missing or does not "
              "fit");
  for (int sign = 0; sign < 2; sign++) {
    meso_signal *sum;
    MESO_TRY(add_like_lfp(signals, sign_name[sign], &sum, err));
    for (size_t p = 0; p < meso_array_count(name); p++) {
      char from[160];
      (void) snprintf(from, sizeof from, "%s%.100s", from_head, name->text[p]);
      const meso_signal *part = meso_signals_find(signals, from);
      if (part == NULL || (is_inhibitory->data[p] != 0) != (sign == MESO_INHIBITORY)) continue;
      for (size_t i = 0; i < sum->n_times * sum->n_channels; i++) sum->data[i] += part->data[i];
    }
  }
cleanup:
  return status;
}

/** Takes away lfp_from_X: the others move up, in their order. */
static void drop_sources(meso_signals *signals)
{
  size_t n = 0;
  for (size_t i = 0; i < signals->n; i++) {
    if (strncmp(signals->signal[i].name, from_head, sizeof from_head - 1) == 0) continue;
    const meso_signal kept = signals->signal[i];
    for (size_t k = i; k > n; k--) signals->signal[k] = signals->signal[k - 1];
    signals->signal[n++] = kept;
  }
  meso_signals_truncate(signals, n);
}

meso_status lfp_contributions_finish(const meso_result *kernels, meso_signals *signals,
                                     meso_err *err)
{
  meso_status status = MESO_OK;
  const int choice = lfp_contributions_of(kernels);
  if (choice == MESO_CONTRIBUTIONS_SIGN || choice == MESO_CONTRIBUTIONS_ALL)
    MESO_TRY(add_signs(kernels, signals, err));
  if (choice != MESO_CONTRIBUTIONS_SOURCE && choice != MESO_CONTRIBUTIONS_ALL)
    drop_sources(signals);
cleanup:
  return status;
}
