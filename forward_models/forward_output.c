/* forward_output.c: the frame of every forward model's output. */
#include "forward_output.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "meso_balloon.h"
#include "meso_forward.h"

meso_status forward_count_samples(const meso_series *in, double TR_s, size_t *ret_n, meso_err *err)
{
  meso_status status = MESO_OK;
  if (!(TR_s > 0 && isfinite(TR_s))) MESO_FAIL(err, MESO_ERANGE, "TR_s %g s: must be > 0 s", TR_s);
  if (in->n_times == 0 || in->n_channels == 0)
    MESO_FAIL(err, MESO_EINVAL, "the drive '%s' is empty", in->name);
  const double n = floor((double) in->n_times / in->sampling_rate_Hz / TR_s + 1e-9) + 1;
  if (!(n <= 1e9)) MESO_FAIL(err, MESO_ERANGE, "TR_s %g s: more than 1e9 samples", TR_s);
  *ret_n = (size_t) n;
cleanup:
  return status;
}

meso_status forward_output_add(const char *name, const char *units, const char *model,
                               const meso_series *in, double TR_s, meso_signals *out,
                               meso_signal **ret_signal, meso_err *err)
{
  meso_status status = MESO_OK;
  size_t n = 0;
  MESO_TRY(forward_count_samples(in, TR_s, &n, err));
  MESO_TRY(meso_signals_add(out, name, units, n, in->n_channels, 1 / TR_s, in->t_start_ms,
                            ret_signal, err));
  meso_signal *s = *ret_signal;
  for (size_t c = 0; in->label != NULL && c < in->n_channels; c++)
    MESO_TRY(meso_signal_set_label(s, c, in->label[c] ? in->label[c] : "", err));
  if (in->position_um != NULL) {
    MESO_ALLOC(err, s->position_um, 3 * in->n_channels);
    memcpy(s->position_um, in->position_um, 3 * in->n_channels * sizeof *s->position_um);
  }
  MESO_TRY(meso_attrs_set_text(&s->attrs, "model", model, err));
  const meso_forward_ops *ops = meso_forward_by_name(model);
  MESO_TRY(meso_attrs_set_text(&s->attrs, "scale", ops != NULL && ops->scale_free ? "arbitrary"
                               : "absolute", err));
  MESO_TRY(meso_attrs_set_number(&s->attrs, "TR_s", TR_s, err));
  MESO_TRY(meso_attrs_set_text(&s->attrs, "sampling", "points at k TR, from rest", err));
cleanup:
  return status;
}

/* Whether the row is another name of an earlier one. */
static bool is_alias(const meso_param *rows, const meso_param *row)
{
  for (const meso_param *r = rows; r < row; r++)
    if (r->offset == row->offset) return true;
  return false;
}

meso_status forward_describe(const meso_param *rows, const void *params, meso_attrs *attrs,
                             meso_err *err)
{
  meso_status status = MESO_OK;
  for (const meso_param *row = rows; row->key != NULL; row++) {
    if (is_alias(rows, row)) continue;
    if (row->type == MESO_PARAM_DOUBLE) {
      const double value = *(const double *) ((const char *) params + row->offset);
      MESO_TRY(meso_attrs_set_number(attrs, row->key, value, err));
      continue;
    }
    char *text = meso_param_format(row, params);
    if (text == NULL) MESO_FAIL(err, MESO_ENOMEM, "cannot write %s as text", row->key);
    status = meso_attrs_set_text(attrs, row->key, text, err);
    free(text);
    if (status != MESO_OK) goto cleanup;
  }
cleanup:
  return status;
}

forward_grid forward_grid_make(double dt_s, double step_s)
{
  forward_grid g = {1, 1};
  if (dt_s > step_s) g.parts = (unsigned) ceil(dt_s / step_s - 1e-9);
  else g.samples = (size_t) floor(step_s / dt_s + 1e-9);
  return g;
}

forward_grid forward_grid_finer(forward_grid grid)
{
  return grid.samples > 1 ? (forward_grid) {grid.samples / 2, 1}
                          : (forward_grid) {1, 2 * grid.parts};
}

meso_status forward_describe_flow(double max_flow, meso_attrs *attrs, meso_err *err)
{
  meso_status status = MESO_OK;
  char text[200];
  MESO_TRY(meso_attrs_set_number(attrs, "max_flow", max_flow, err));
  if (max_flow <= MESO_BALLOON_FLOW_WARN) goto cleanup;
  (void) snprintf(text, sizeof text, "blood flow reaches %.3g times its resting value "
                  "(physiological: below %g): the signal saturates; reduce the gain of the drive",
                  max_flow, MESO_BALLOON_FLOW_WARN);
  MESO_TRY(meso_attrs_set_text(attrs, "warning", text, err));
cleanup:
  return status;
}
