/* meso_bold.c: from what the neurons of a model do to BOLD: source, drive, depths, response. */
#include "meso_bold.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bold_source.h"
#include "meso_drive.h"
#include "meso_forward.h"
#include "model_internal.h"

/** Response that a recording must have room for after the baseline. */
static const double shortest_response_s = 5.0;

unsigned meso_bold_needs(const meso_model *model)
{
  return bold_sources[model->bold.drive].needs;
}

/* ---- depths ------------------------------------------------------------------------------- */

/* Length of [low, high] within a layer. */
static double overlap(const meso_layer *layer, double low_um, double high_um)
{
  return fmax(0, fmin(high_um, layer->z_top_um) - fmax(low_um, layer->z_bottom_um));
}

/* Drive at depths of equal thickness: mean of the layers' drives by the thickness that lies in
 * them; a layer without a drive counts with 0, the drive of rest. */
static meso_status spread_over_depths(const meso_model *model, const meso_signal *z,
                                      meso_signals *out, meso_err *err)
{
  meso_status status = MESO_OK;
  const size_t K = (size_t) model->bold.depths, L = model->n_layers;
  meso_signal *d = NULL;
  const double top = model->layer[0].z_top_um, bottom = model->layer[L - 1].z_bottom_um;
  const double width = (top - bottom) / (double) K;
  MESO_TRY(meso_signals_add(out, "drive_depths", "1", z->n_times, K, z->sampling_rate_Hz,
                            z->t_start_ms, &d, err));
  MESO_ALLOC(err, d->position_um, 3 * K);
  for (size_t k = 0; k < K; k++) {
    char label[64];
    const double high = top - (double) k * width, low = high - width;
    (void) snprintf(label, sizeof label, "%.0f um", -0.5 * (high + low));
    MESO_TRY(meso_signal_set_label(d, k, label, err));
    d->position_um[3 * k + 2] = 0.5 * (high + low);
    for (size_t l = 0; l < L; l++)
      for (size_t c = 0; c < z->n_channels; c++) {
        const double part = overlap(&model->layer[l], low, high) / width;
        if (!(part > 0) || strcmp(z->label[c], model->layer[l].name) != 0) continue;
        for (size_t t = 0; t < z->n_times; t++)
          d->data[t * K + k] += part * z->data[t * z->n_channels + c];
      }
  }
cleanup:
  return status;
}

/* ---- response ----------------------------------------------------------------------------- */

/* Sets "key=value, key=value" of bold.parameters. */
static meso_status set_parameters(const meso_model *model, const meso_forward_ops *ops,
                                  void *params, meso_err *err)
{
  meso_status status = MESO_OK;
  const meso_where where = {.file = model->path, .path = "bold.parameters"};
  char *text = NULL, *rest = NULL;
  MESO_STRDUP(err, text, model->bold.parameters);
  for (char *item = strtok_r(text, ",", &rest); item != NULL; item = strtok_r(NULL, ",", &rest)) {
    char *value = strchr(item, '=');
    item += strspn(item, " \t");
    if (value == NULL)
      MESO_FAIL(err, MESO_EINVAL, "%s: bold.parameters: '%s' is not KEY=VALUE", model->path, item);
    *value++ = '\0';
    item[strcspn(item, " \t")] = '\0';
    value += strspn(value, " \t");
    for (size_t n = strlen(value); n > 0 && (value[n - 1] == ' ' || value[n - 1] == '\t'); n--)
      value[n - 1] = '\0';
    MESO_TRY(meso_params_set(ops->params, params, item, value, &where, err));
  }
cleanup:
  free(text);
  return status;
}

/** Name of the file that a parameter names: relative to the model file, as names in it are. */
static meso_status place_file(const meso_model *model, const meso_forward_ops *ops, void *params,
                              meso_err *err)
{
  meso_status status = MESO_OK;
  const meso_param *row = meso_param_find(ops->params, "file");
  if (!ops->needs_file || row == NULL) return MESO_OK;
  char **file = (char **) ((char *) params + row->offset);
  if (*file == NULL || **file == '\0')
    MESO_FAIL(err, MESO_EINVAL, "%s: bold.model = %s needs bold.parameters = \"file=NAME\": %s",
              model->path, ops->name, row->help);
  char *path = mesoi_beside_model(model, *file);
  if (path == NULL) MESO_FAIL(err, MESO_ENOMEM, "cannot allocate a file name");
  free(*file);
  *file = path;
cleanup:
  return status;
}

/** A forward model with the parameters that the model gives it. */
typedef struct response { const meso_forward_ops *ops; void *params; } response;

static void response_clear(response *r)
{
  if (r->ops != NULL && r->params != NULL) meso_params_clear(r->ops->params, r->params);
  free(r->params);
}

/** Cleared by the caller, on failure too. */
static meso_status response_make(const meso_model *model, response *r, meso_err *err)
{
  meso_status status = MESO_OK;
  unsigned char *params = NULL;
  r->ops = meso_forward_by_name(model->bold.model);
  if (r->ops == NULL)
    MESO_FAIL(err, MESO_EINVAL, "%s: bold.model = %s: no such forward model (see mesocast models)",
              model->path, model->bold.model);
  if (r->ops->laminar && model->n_layers == 0)
    MESO_FAIL(err, MESO_EINVAL, "%s: bold.model = %s needs the section layers", model->path,
              model->bold.model);
  MESO_ALLOC(err, params, r->ops->params_size);
  r->params = params;
  MESO_TRY(meso_params_default(r->ops->params, params, err));
  MESO_TRY(set_parameters(model, r->ops, params, err));
  MESO_TRY(place_file(model, r->ops, params, err));
cleanup:
  return status;
}

meso_status meso_bold_check(const meso_model *model, meso_err *err)
{
  response r = {0};
  const meso_status status = response_make(model, &r, err);
  response_clear(&r);
  return status;
}

meso_status meso_bold_file(const meso_model *model, char **ret_path, meso_err *err)
{
  meso_status status = MESO_OK;
  response r = {0};
  *ret_path = NULL;
  MESO_TRY(response_make(model, &r, err));
  if (!r.ops->needs_file) goto cleanup;
  const meso_param *row = meso_param_find(r.ops->params, "file");
  MESO_STRDUP(err, *ret_path, *(char **) ((char *) r.params + row->offset));
cleanup:
  response_clear(&r);
  return status;
}

meso_status meso_bold_respond(const meso_model *model, const meso_series *z, double TR_s,
                              int n_threads, meso_signals *out, meso_err *err)
{
  meso_status status = MESO_OK;
  response r = {0};
  MESO_TRY(response_make(model, &r, err));
  MESO_TRY(r.ops->apply(r.params, z, TR_s, n_threads, out, err));
cleanup:
  response_clear(&r);
  return status;
}

/** Drive of the first signal. A recording that cannot carry one (too short, silent) gives the root
 *  attribute "empty" with the reason instead; other failures are errors. */
static meso_status add_drive(const meso_model *model, meso_signals *out, meso_err *err)
{
  meso_status status = MESO_OK;
  const meso_bold_params *b = &model->bold;
  const meso_drive_params drive = {.gain = b->gain, .dt_s = b->dt_s, .normalize = b->normalize,
                                   .baseline_start_s = b->baseline_start_s,
                                   .baseline_stop_s = b->baseline_stop_s};
  const meso_signal x = out->signal[0]; /* appending to a container moves its signals */
  const double recorded_s = (double) x.n_times / x.sampling_rate_Hz;
  meso_err reason = {0};
  if (recorded_s < b->baseline_stop_s + shortest_response_s)
    status = meso_err_set(&reason, MESO_ERANGE, __FILE__, __LINE__, "a recording of %.4g s is too "
                          "short for BOLD: the baseline ends at %g s and a response needs seconds "
                          "more", recorded_s, b->baseline_stop_s);
  else
    status = meso_drive_make(&x, &drive, out, &reason);
  if (status != MESO_OK && meso_status_exit_code(status) == 3)
    status = meso_attrs_set_text(&out->attrs, "empty", reason.msg, err);
  else if (status != MESO_OK && err != NULL)
    *err = reason;
  return status;
}

/** The response to the drive, if there is one. */
static meso_status respond(const meso_model *model, const response *r, int n_threads,
                           meso_signals *out, meso_err *err)
{
  meso_status status = MESO_OK;
  const meso_signal *drive = meso_signals_find(out, "drive");
  if (drive == NULL) goto cleanup;
  meso_signal z = *drive;
  if (r->ops->laminar) {
    MESO_TRY(spread_over_depths(model, &z, out, err));
    z = *meso_signals_find(out, "drive_depths");
  }
  const meso_series series = meso_series_of_signal(&z);
  MESO_TRY(r->ops->apply(r->params, &series, model->bold.TR_s, n_threads, out, err));
cleanup:
  return status;
}

static bool has_inputs(unsigned needs, const meso_bold_inputs *inputs)
{
  return !((needs & MESO_BOLD_NEEDS_CURRENTS && inputs->currents == NULL) ||
           (needs & MESO_BOLD_NEEDS_SPIKES && inputs->spikes == NULL) ||
           (needs & MESO_BOLD_NEEDS_LFP && inputs->lfp == NULL));
}

static meso_status make_from(const meso_model *model, const bold_source *source,
                             const meso_bold_inputs *inputs, int n_threads,
                             meso_signals **ret_bold, meso_err *err)
{
  meso_status status = MESO_OK;
  response r = {0};
  meso_signals *out = NULL;
  *ret_bold = NULL;
  MESO_TRY(response_make(model, &r, err));
  if (!has_inputs(source->needs, inputs))
    MESO_FAIL(err, MESO_EFORMAT, "%s: bold.drive = %s needs %s", model->path, source->name,
              source->needs & MESO_BOLD_NEEDS_LFP ? "an LFP, and none was given"
                                                  : "currents and spikes");
  MESO_TRY(meso_signals_create(&out, err));
  MESO_TRY(source->make(source, model, inputs, out, err));
  MESO_TRY(add_drive(model, out, err));
  MESO_TRY(respond(model, &r, n_threads, out, err));
  *ret_bold = out;
  out = NULL;
cleanup:
  response_clear(&r);
  meso_signals_destroy(out);
  return status;
}

meso_status meso_bold_make(const meso_model *model, const meso_bold_inputs *inputs, int n_threads,
                           meso_signals **ret_bold, meso_err *err)
{
  return make_from(model, &bold_sources[model->bold.drive], inputs, n_threads, ret_bold, err);
}

/* ---- comparison of drives ----------------------------------------------------------------- */

/* Moves a signal to another container, with another name. */
static meso_status move_signal(meso_signals *from, const char *name, const char *new_name,
                               meso_signals *to, meso_err *err)
{
  meso_status status = MESO_OK;
  meso_signal *s = meso_signals_find(from, name), *t = NULL;
  if (s == NULL) goto cleanup;
  MESO_TRY(meso_signals_add(to, new_name, s->units, s->n_times, s->n_channels,
                            s->sampling_rate_Hz, s->t_start_ms, &t, err));
  memcpy(t->data, s->data, s->n_times * s->n_channels * sizeof *s->data);
  for (size_t c = 0; s->label != NULL && c < s->n_channels; c++)
    MESO_TRY(meso_signal_set_label(t, c, s->label[c] != NULL ? s->label[c] : "", err));
  if (s->position_um != NULL) {
    MESO_ALLOC(err, t->position_um, 3 * s->n_channels);
    memcpy(t->position_um, s->position_um, 3 * s->n_channels * sizeof *s->position_um);
  }
  MESO_TRY(meso_attrs_copy(&t->attrs, &s->attrs, err));
cleanup:
  return status;
}

static meso_status compare_one(const meso_model *model, const bold_source *source,
                               const meso_bold_inputs *inputs, int n_threads, meso_signals *out,
                               meso_err *err)
{
  meso_status status = MESO_OK;
  meso_signals *own = NULL;
  meso_err reason = {0};
  char name[96];
  status = make_from(model, source, inputs, n_threads, &own, &reason);
  const char *why = status != MESO_OK ? reason.msg : meso_attrs_text(&own->attrs, "empty");
  /* A drive that leaves a model's range, or needs what this model lacks, is part of the answer. */
  if (status != MESO_OK && status != MESO_ENUMERIC && meso_status_exit_code(status) != 3) {
    if (err != NULL) *err = reason;
    goto cleanup;
  }
  status = MESO_OK;
  (void) snprintf(name, sizeof name, "%s_empty", source->name);
  if (why != NULL) MESO_TRY(meso_attrs_set_text(&out->attrs, name, why, err));
  if (own == NULL) goto cleanup;
  (void) snprintf(name, sizeof name, "%s_drive", source->name);
  MESO_TRY(move_signal(own, "drive", name, out, err));
  (void) snprintf(name, sizeof name, "%s_bold", source->name);
  MESO_TRY(move_signal(own, "bold", name, out, err));
cleanup:
  meso_signals_destroy(own);
  return status;
}

meso_status meso_bold_compare(const meso_model *model, const meso_bold_inputs *inputs,
                              int n_threads, meso_signals **ret_bold, meso_err *err)
{
  meso_status status = MESO_OK;
  meso_signals *out = NULL;
  *ret_bold = NULL;
  MESO_TRY(meso_bold_check(model, err));
  MESO_TRY(meso_signals_create(&out, err));
  for (const bold_source *s = bold_sources; s->name != NULL; s++)
    MESO_TRY(compare_one(model, s, inputs, n_threads, out, err));
  *ret_bold = out;
  out = NULL;
cleanup:
  meso_signals_destroy(out);
  return status;
}
