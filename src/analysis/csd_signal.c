/* csd_signal.c: current source density of a recorded signal. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "meso_csd.h"

/* mV in the units of a signal; 0 if they are no potential. */
static double millivolt(const char *units)
{
  if (strcmp(units, "mV") == 0) return 1;
  if (strcmp(units, "uV") == 0 || strcmp(units, "\u00b5V") == 0) return 1e-3;
  return strcmp(units, "V") == 0 ? 1e3 : 0;
}

static meso_status check(const meso_signal *s, meso_err *err)
{
  meso_status status = MESO_OK;
  if (millivolt(s->units) == 0)
    MESO_FAIL(err, MESO_EINVAL, "csd: signal '%s' is in %s, not in V, mV or uV", s->name, s->units);
  if (s->position_um == NULL)
    MESO_FAIL(err, MESO_EINVAL, "csd: signal '%s' does not say where its contacts are", s->name);
  for (size_t c = 1; c < s->n_channels; c++)
    for (size_t d = 0; d < 2; d++)
      if (!(fabs(s->position_um[3 * c + d] - s->position_um[d]) < 1))
        MESO_FAIL(err, MESO_EINVAL, "csd: contacts 0 and %zu of signal '%s' are not on one line "
                  "along z", c, s->name);
  for (size_t i = 0; i < s->n_times * s->n_channels; i++)
    if (!isfinite(s->data[i]))
      MESO_FAIL(err, MESO_EINVAL, "signal '%s' is not finite at sample %zu, channel %zu", s->name,
                i / s->n_channels, i % s->n_channels);
cleanup:
  return status;
}

/* Channels by ascending depth: insertion, there are few. */
static void order_by_depth(const meso_signal *s, size_t *order)
{
  for (size_t c = 0; c < s->n_channels; c++) {
    size_t at = c;
    for (; at > 0 && s->position_um[3 * order[at - 1] + 2] > s->position_um[3 * c + 2]; at--)
      order[at] = order[at - 1];
    order[at] = c;
  }
}

/* Second moments of the potentials (mV^2), channels in order. */
static void covariances(const meso_signal *s, const size_t *order, double *covariance)
{
  const size_t n = s->n_channels;
  const double unit = millivolt(s->units);
  for (size_t t = 0; t < s->n_times; t++) {
    const double *row = s->data + t * n;
    for (size_t i = 0; i < n; i++)
      for (size_t j = 0; j < n; j++)
        covariance[i * n + j] += unit * unit * row[order[i]] * row[order[j]] / (double) s->n_times;
  }
}

static meso_status note(const meso_csd_params *p, meso_signal *x, meso_err *err)
{
  static const char *const method[] = {"second_derivative", "delta", "step", "spline", "kernel"};
  meso_status status = MESO_OK;
  MESO_TRY(meso_attrs_set_text(&x->attrs, "method", method[p->method], err));
  MESO_TRY(meso_attrs_set_number(&x->attrs, "sigma_S_per_m", p->sigma_S_per_m, err));
  if (p->method != MESO_CSD_SECOND_DERIVATIVE)
    MESO_TRY(meso_attrs_set_number(&x->attrs, "radius_um", p->radius_um, err));
  MESO_TRY(meso_attrs_set_text(&x->attrs, "sign", "sources, current out of cells, are positive",
                               err));
cleanup:
  return status;
}

meso_status meso_csd_apply(const meso_csd_params *params, const meso_signal *lfp,
                           meso_signals *out, meso_err *err)
{
  meso_status status = MESO_OK;
  const meso_signal *s = lfp;
  const size_t n = s->n_channels;
  double *matrix = NULL, *z = NULL, *covariance = NULL;
  size_t *order = NULL, n_out = 0;
  meso_signal *x = NULL;
  meso_attrs attrs = {0};
  MESO_TRY(check(s, err));
  MESO_ALLOC(err, order, n);
  MESO_ALLOC(err, z, n);
  order_by_depth(s, order);
  for (size_t i = 0; i < n; i++) z[i] = s->position_um[3 * order[i] + 2];
  if (params->method == MESO_CSD_KERNEL) {
    MESO_ALLOC(err, covariance, n * n);
    covariances(s, order, covariance);
  }
  MESO_TRY(meso_csd_matrix(params, n, z, covariance, &matrix, &n_out, &attrs, err));
  MESO_TRY(meso_signals_add(out, "csd", "uA/mm^3", s->n_times, n_out, s->sampling_rate_Hz,
                            s->t_start_ms, &x, err));
  MESO_ALLOC(err, x->position_um, 3 * n_out);
  const size_t skipped = (n - n_out) / 2;
  size_t to = 0;
  for (size_t c = 0; c < n; c++) { /* in the order of the input's channels */
    size_t row = 0;
    while (order[row] != c) row++;
    if (row < skipped || row - skipped >= n_out) continue;
    memcpy(x->position_um + 3 * to, s->position_um + 3 * c, 3 * sizeof(double));
    for (size_t t = 0; t < s->n_times; t++) {
      double sum = 0;
      for (size_t k = 0; k < n; k++)
        sum += matrix[(row - skipped) * n + k] * s->data[t * n + order[k]];
      x->data[t * n_out + to] = sum * millivolt(s->units);
    }
    to++;
  }
  MESO_TRY(meso_attrs_copy(&x->attrs, &attrs, err));
  MESO_TRY(note(params, x, err));
cleanup:
  free(matrix);
  free(z);
  free(covariance);
  free(order);
  meso_attrs_clear(&attrs);
  return status;
}
