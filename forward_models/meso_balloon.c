/* meso_balloon.c: integration of the haemodynamic states from rest. */
#include "meso_balloon.h"

#include <math.h>
#include <stdio.h>

#include "meso_params.h"

enum { S, F, V, Q, N_STATES };

static void derivative(const meso_balloon_params *p, double z, const double *x, double *d)
{
  const double outflow = pow(x[V], 1 / p->alpha);
  const double extraction = 1 - pow(1 - p->E0, 1 / x[F]);
  d[S] = p->efficacy * z - p->kappa_per_s * x[S] - p->gamma_per_s2 * (x[F] - 1);
  d[F] = x[S];
  d[V] = (x[F] - outflow) / p->tau_transit_s;
  d[Q] = (x[F] * extraction / p->E0 - outflow * x[Q] / x[V]) / p->tau_transit_s;
}

static void runge_kutta_step(const meso_balloon_params *p, double z, double h, double *x)
{
  double k1[N_STATES], k2[N_STATES], k3[N_STATES], k4[N_STATES], y[N_STATES];
  derivative(p, z, x, k1);
  for (int i = 0; i < N_STATES; i++) y[i] = x[i] + 0.5 * h * k1[i];
  derivative(p, z, y, k2);
  for (int i = 0; i < N_STATES; i++) y[i] = x[i] + 0.5 * h * k2[i];
  derivative(p, z, y, k3);
  for (int i = 0; i < N_STATES; i++) y[i] = x[i] + h * k3[i];
  derivative(p, z, y, k4);
  for (int i = 0; i < N_STATES; i++) x[i] += h / 6 * (k1[i] + 2 * (k2[i] + k3[i]) + k4[i]);
}

/* From t to t_end with constant drive. */
static meso_status advance(const meso_balloon_params *p, double z, double t, double t_end,
                           double *x, double *max_flow, meso_err *err)
{
  meso_status status = MESO_OK;
  const double n = fmax(1, ceil((t_end - t) / MESO_BALLOON_STEP_MAX_S - 1e-6));
  for (double k = 0; k < n; k++) {
    runge_kutta_step(p, z, (t_end - t) / n, x);
    if (!(x[F] > 0 && x[V] > 0 && x[Q] > 0 && isfinite(x[F] + x[V] + x[Q] + x[S])))
      MESO_FAIL(err, MESO_ENUMERIC, "the blood flow leaves its domain (f > 0) at %g s, drive %g: "
                "drives beyond about +-0.3 are outside the model's range; reduce the gain or the "
                "efficacy", t_end, z);
    *max_flow = fmax(*max_flow, x[F]);
  }
cleanup:
  return status;
}

meso_status meso_bold_add(const char *model, const meso_signal *in, double TR_s, meso_signals *out,
                          meso_signal **ret_bold, meso_err *err)
{
  meso_status status = MESO_OK;
  const double duration_s = (double) in->n_times / in->sampling_rate_Hz;
  if (!(TR_s > 0 && isfinite(TR_s))) MESO_FAIL(err, MESO_ERANGE, "TR_s %g s: must be > 0 s", TR_s);
  if (in->n_times == 0 || in->n_channels == 0)
    MESO_FAIL(err, MESO_EINVAL, "the drive '%s' is empty", in->name);
  const double n = floor(duration_s / TR_s + 1e-9) + 1;
  if (!(n <= 1e9)) MESO_FAIL(err, MESO_ERANGE, "TR_s %g s: more than 1e9 samples", TR_s);
  for (size_t i = 0; i < in->n_times * in->n_channels; i++)
    if (!isfinite(in->data[i]))
      MESO_FAIL(err, MESO_EINVAL, "the drive '%s' is not finite at sample %zu, region %zu",
                in->name, i / in->n_channels, i % in->n_channels);
  MESO_TRY(meso_signals_add(out, "bold", "1", (size_t) n, in->n_channels, 1 / TR_s, in->t_start_ms,
                            ret_bold, err));
  for (size_t c = 0; in->label != NULL && c < in->n_channels; c++)
    MESO_TRY(meso_signal_set_label(*ret_bold, c, in->label[c] ? in->label[c] : "", err));
  MESO_TRY(meso_attrs_set_text(&(*ret_bold)->attrs, "model", model, err));
  MESO_TRY(meso_attrs_set_number(&(*ret_bold)->attrs, "TR_s", TR_s, err));
  MESO_TRY(meso_attrs_set_text(&(*ret_bold)->attrs, "sampling", "points at k TR, from rest", err));
cleanup:
  return status;
}

/* One region: visits input jumps and sample times in order. */
static meso_status apply_region(const meso_balloon_params *p, const meso_balloon_output *o,
                                const meso_signal *in, size_t c, double TR_s, meso_signal *bold,
                                double *max_flow, meso_err *err)
{
  meso_status status = MESO_OK;
  double x[N_STATES] = {0, 1, 1, 1}, t = 0;
  const double dt = 1 / in->sampling_rate_Hz;
  size_t input = 0;
  for (size_t k = 0; k < bold->n_times; k++) {
    const double t_sample = (double) k * TR_s;
    while (t_sample - t > 1e-9 * dt && input < in->n_times) {
      const double t_jump = (double) (input + 1) / in->sampling_rate_Hz;
      const bool jump = t_jump <= t_sample + 1e-9 * dt;
      const double t_next = jump ? t_jump : t_sample;
      MESO_TRY(advance(p, in->data[input * in->n_channels + c], t, t_next, x, max_flow, err));
      input += jump;
      t = t_next;
    }
    bold->data[k * bold->n_channels + c] =
      p->V0 * (o->k1 * (1 - x[Q]) + o->k2 * (1 - x[Q] / x[V]) + o->k3 * (1 - x[V]));
  }
cleanup:
  return status;
}

static meso_status set_attributes(const meso_balloon_params *p, const meso_balloon_output *o,
                                  double max_flow, meso_attrs *a, meso_err *err)
{
  meso_status status = MESO_OK;
  const struct { const char *key; double value; } number[] = {
    {"efficacy", p->efficacy}, {"kappa_per_s", p->kappa_per_s}, {"gamma_per_s2", p->gamma_per_s2},
    {"tau_transit_s", p->tau_transit_s}, {"alpha", p->alpha}, {"E0", p->E0}, {"V0", p->V0},
    {"k1", o->k1}, {"k2", o->k2}, {"k3", o->k3}, {"max_flow", max_flow},
    {"internal_step_max_s", MESO_BALLOON_STEP_MAX_S}};
  for (size_t i = 0; i < sizeof number / sizeof number[0]; i++)
    MESO_TRY(meso_attrs_set_number(a, number[i].key, number[i].value, err));
  if (max_flow > MESO_BALLOON_FLOW_WARN) {
    char text[200];
    snprintf(text, sizeof text, "blood flow reaches %.3g times its resting value (physiological: "
             "below %g): the signal saturates; reduce the gain of the drive", max_flow,
             MESO_BALLOON_FLOW_WARN);
    MESO_TRY(meso_attrs_set_text(a, "warning", text, err));
  }
cleanup:
  return status;
}

meso_status meso_balloon_apply(const char *model, const meso_balloon_params *params,
                               const meso_balloon_output *output, const meso_signal *in,
                               double TR_s, meso_signals *out, meso_err *err)
{
  meso_status status = MESO_OK;
  meso_signal *bold = NULL;
  double max_flow = 1;
  MESO_TRY(meso_bold_add(model, in, TR_s, out, &bold, err));
  for (size_t c = 0; c < in->n_channels; c++)
    MESO_TRY(apply_region(params, output, in, c, TR_s, bold, &max_flow, err));
  MESO_TRY(set_attributes(params, output, max_flow, &bold->attrs, err));
cleanup:
  return status;
}
