/* meso_bold.c: synaptic currents of a model -> currents of its layers -> drive -> BOLD. */
#include "meso_bold.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "meso_drive.h"
#include "meso_forward.h"

/** Response that a recording must have room for after the baseline. */
static const double shortest_response_s = 5.0;

/** Adds |I_ex| + |I_in| (and the mean external current) of one population to a column of x. */
static void add_population(const meso_model *model, const meso_signal *ex, const meso_signal *in,
                           size_t population, meso_signal *x, size_t channel)
{
  char key[160];
  (void) snprintf(key, sizeof key, "background_mean_pA.%s", model->population[population].name);
  const double background_pA =
    model->bold.include_background ? meso_attrs_number(&ex->attrs, key, 0.0) : 0.0;
  for (size_t t = 0; t < x->n_times; t++)
    x->data[t * x->n_channels + channel] += fabs(ex->data[t * ex->n_channels + population]) +
      fabs(in->data[t * in->n_channels + population]) + fabs(background_pA);
}

/** Summed synaptic currents per layer (layers with simulated neurons) and of the whole column. */
static meso_status layer_currents(const meso_model *model, const meso_signals *currents,
                                  meso_signals *out, meso_err *err)
{
  meso_status status = MESO_OK;
  const meso_signal *ex = meso_signals_find(currents, "I_ex");
  const meso_signal *in = meso_signals_find(currents, "I_in");
  size_t n = 0, *layer_of = NULL;
  const char **name = NULL;
  meso_signal *x = NULL;
  MESO_ALLOC(err, layer_of, model->n_populations);
  MESO_ALLOC(err, name, model->n_populations + 1);
  if (ex == NULL || in == NULL || ex->n_channels != model->n_populations ||
      in->n_channels != model->n_populations || in->n_times != ex->n_times)
    MESO_FAIL(err, MESO_EFORMAT, "the currents are not those of the model's populations");
  for (size_t i = 0; i < model->n_populations; i++) {
    if (model->population[i].model == MESO_NEURON_POISSON) continue;
    size_t l = 0;
    while (l < n && strcmp(name[l], model->population[i].layer) != 0) l++;
    if (l == n) name[n++] = model->population[i].layer;
    layer_of[i] = l;
  }
  name[n] = "column";
  MESO_TRY(meso_signals_add(out, "current", "pA", ex->n_times, n + 1, ex->sampling_rate_Hz,
                            ex->t_start_ms, &x, err));
  for (size_t l = 0; l <= n; l++) MESO_TRY(meso_signal_set_label(x, l, name[l], err));
  for (size_t i = 0; i < model->n_populations; i++) {
    if (model->population[i].model == MESO_NEURON_POISSON) continue;
    add_population(model, ex, in, i, x, layer_of[i]);
    add_population(model, ex, in, i, x, n);
  }
cleanup:
  free(layer_of);
  free(name);
  return status;
}

/** Drive and BOLD from the currents; a recording that cannot carry them gives MESO_EINVAL or
 *  MESO_ERANGE with the reason. */
static meso_status drive_and_bold(const meso_model *model, const meso_forward_ops *ops,
                                  int n_threads, meso_signals *out, meso_err *err)
{
  meso_status status = MESO_OK;
  const meso_bold_params *b = &model->bold;
  const meso_drive_params drive = {.gain = b->gain, .dt_s = b->dt_s,
                                   .baseline_start_s = b->baseline_start_s,
                                   .baseline_stop_s = b->baseline_stop_s};
  unsigned char *params = NULL;
  MESO_ALLOC(err, params, ops->params_size);
  MESO_TRY(meso_params_default(ops->params, params, err));
  /* Appending to a container moves its signals, so each step reads a copy of the header. */
  const meso_signal current = *meso_signals_find(out, "current");
  MESO_TRY(meso_drive_make(&current, &drive, out, err));
  const meso_signal z = *meso_signals_find(out, "drive");
  const meso_series series = meso_series_of_signal(&z);
  MESO_TRY(ops->apply(params, &series, b->TR_s, n_threads, out, err));
cleanup:
  if (params != NULL) meso_params_clear(ops->params, params);
  free(params);
  return status;
}

/** Notes why the recording carries no BOLD, if it does not; other failures are errors. */
static meso_status fill(const meso_model *model, const meso_forward_ops *ops, int n_threads,
                        meso_signals *out, meso_err *err)
{
  meso_status status = MESO_OK;
  meso_err reason = {0};
  const double recorded_s = (double) out->signal[0].n_times / out->signal[0].sampling_rate_Hz;
  if (recorded_s < model->bold.baseline_stop_s + shortest_response_s)
    status = meso_err_set(&reason, MESO_ERANGE, __FILE__, __LINE__, "a recording of %.4g s is too "
                          "short for BOLD: the baseline ends at %g s and a response needs seconds "
                          "more", recorded_s, model->bold.baseline_stop_s);
  else
    status = drive_and_bold(model, ops, n_threads, out, &reason);
  if (status != MESO_OK && meso_status_exit_code(status) == 3)
    status = meso_attrs_set_text(&out->attrs, "empty", reason.msg, err);
  else if (status != MESO_OK && err != NULL)
    *err = reason;
  return status;
}

meso_status meso_bold_from_currents(const meso_model *model, const meso_signals *currents,
                                    int n_threads, meso_signals **ret_bold, meso_err *err)
{
  meso_status status = MESO_OK;
  const meso_forward_ops *ops = meso_forward_by_name(model->bold.model);
  meso_signals *out = NULL;
  *ret_bold = NULL;
  if (ops == NULL)
    MESO_FAIL(err, MESO_EINVAL, "%s: bold.model = %s: no such forward model (see mesocast models)",
              model->path, model->bold.model);
  MESO_TRY(meso_signals_create(&out, err));
  MESO_TRY(layer_currents(model, currents, out, err));
  MESO_TRY(fill(model, ops, n_threads, out, err));
  *ret_bold = out;
  out = NULL;
cleanup:
  meso_signals_destroy(out);
  return status;
}
