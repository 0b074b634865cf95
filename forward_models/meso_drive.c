/* meso_drive.c: box averages relative to a baseline. */
#include "meso_drive.h"

#include <math.h>
#include <stdlib.h>

/* Boxes of x to z. Returns the peak that divided them, 1 if none did. */
static double normalize(const meso_drive_params *p, const double *base, meso_signal *z)
{
  const size_t n = z->n_times * z->n_channels;
  double peak = 0;
  if (p->normalize != MESO_NORMALIZE_NONE)
    for (size_t i = 0; i < n; i++) z->data[i] = z->data[i] / base[i % z->n_channels] - 1;
  for (size_t i = 0; i < n; i++) peak = fmax(peak, fabs(z->data[i]));
  if (p->normalize != MESO_NORMALIZE_PEAK || !(peak > 0)) peak = 1;
  for (size_t i = 0; i < n; i++) z->data[i] *= p->gain / peak;
  return peak;
}

static meso_status check_window(const meso_signal *x, const meso_drive_params *p, meso_err *err)
{
  meso_status status = MESO_OK;
  const double duration_s = (double) x->n_times / x->sampling_rate_Hz;
  if (!(p->dt_s > 0 && isfinite(p->dt_s)))
    MESO_FAIL(err, MESO_ERANGE, "dt_s %g s: must be > 0 s", p->dt_s);
  if (!(duration_s / p->dt_s <= 1e9))
    MESO_FAIL(err, MESO_ERANGE, "dt_s %g s: more than 1e9 boxes in %g s", p->dt_s, duration_s);
  if (!(p->baseline_start_s >= 0 && p->baseline_stop_s > p->baseline_start_s))
    MESO_FAIL(err, MESO_ERANGE, "baseline from %g s to %g s: must start at >= 0 s and end later",
              p->baseline_start_s, p->baseline_stop_s);
  if (p->baseline_stop_s > duration_s * (1 + 1e-9))
    MESO_FAIL(err, MESO_ERANGE, "recording of %g s is too short for a baseline from %g s to %g s",
              duration_s, p->baseline_start_s, p->baseline_stop_s);
  if (duration_s < p->dt_s * (1 - 1e-9))
    MESO_FAIL(err, MESO_ERANGE, "recording of %g s is too short for one box of dt_s %g s",
              duration_s, p->dt_s);
cleanup:
  return status;
}

static meso_status baseline_mean(const meso_signal *x, const meso_drive_params *p, double *base,
                                 meso_err *err)
{
  meso_status status = MESO_OK;
  const double rate = x->sampling_rate_Hz;
  const size_t first = (size_t) ceil(p->baseline_start_s * rate - 1e-6);
  size_t stop = (size_t) ceil(p->baseline_stop_s * rate - 1e-6);
  if (stop > x->n_times) stop = x->n_times;
  if (first >= stop)
    MESO_FAIL(err, MESO_ERANGE, "baseline from %g s to %g s: no sample at %g Hz lies in it",
              p->baseline_start_s, p->baseline_stop_s, rate);
  for (size_t i = first; i < stop; i++)
    for (size_t c = 0; c < x->n_channels; c++) base[c] += x->data[i * x->n_channels + c];
  for (size_t c = 0; c < x->n_channels; c++) {
    base[c] /= (double) (stop - first);
    if (!isfinite(base[c]) || base[c] == 0)
      MESO_FAIL(err, MESO_EINVAL, "baseline of '%s', region %zu, from %g s to %g s: its mean is "
                "%g, no drive relative to it exists", x->name, c, p->baseline_start_s,
                p->baseline_stop_s, base[c]);
  }
cleanup:
  return status;
}

/* Averages over [k dt, (k + 1) dt), samples weighted by their overlap. */
static void box_average(const meso_signal *x, double dt_s, meso_signal *drive)
{
  const size_t n_channels = x->n_channels;
  for (size_t k = 0; k < drive->n_times; k++) {
    const double begin = (double) k * dt_s * x->sampling_rate_Hz;
    const double end = (double) (k + 1) * dt_s * x->sampling_rate_Hz;
    for (size_t i = (size_t) (begin + 1e-6); i < x->n_times && (double) i < end - 1e-6; i++) {
      const double overlap = fmin(end, (double) (i + 1)) - fmax(begin, (double) i);
      for (size_t c = 0; c < n_channels; c++)
        drive->data[k * n_channels + c] += overlap / (end - begin) * x->data[i * n_channels + c];
    }
  }
}

static meso_status set_attributes(const meso_signal *x, const meso_drive_params *p, meso_attrs *a,
                                  meso_err *err)
{
  static const char *const equation[] = {
    [MESO_NORMALIZE_BASELINE] = "gain (x / x_base - 1)",
    [MESO_NORMALIZE_PEAK] = "gain (x / x_base - 1) / peak", [MESO_NORMALIZE_NONE] = "gain x"};
  meso_status status = MESO_OK;
  MESO_TRY(meso_attrs_set_text(a, "source", x->name, err));
  MESO_TRY(meso_attrs_set_text(a, "source_units", x->units, err));
  MESO_TRY(meso_attrs_set_text(a, "equation", equation[p->normalize], err));
  MESO_TRY(meso_attrs_set_number(a, "gain", p->gain, err));
  MESO_TRY(meso_attrs_set_number(a, "dt_s", p->dt_s, err));
  MESO_TRY(meso_attrs_set_number(a, "baseline_start_s", p->baseline_start_s, err));
  MESO_TRY(meso_attrs_set_number(a, "baseline_stop_s", p->baseline_stop_s, err));
cleanup:
  return status;
}

meso_status meso_drive_make(const meso_signal *x, const meso_drive_params *params,
                            meso_signals *out, meso_err *err)
{
  meso_status status = MESO_OK;
  double *base = NULL;
  meso_signal *drive = NULL;
  MESO_TRY(check_window(x, params, err));
  MESO_ALLOC(err, base, x->n_channels);
  if (params->normalize != MESO_NORMALIZE_NONE) MESO_TRY(baseline_mean(x, params, base, err));
  const double n = floor((double) x->n_times / x->sampling_rate_Hz / params->dt_s + 1e-9);
  MESO_TRY(meso_signals_add(out, "drive", "1", (size_t) n, x->n_channels, 1 / params->dt_s,
                            x->t_start_ms, &drive, err));
  box_average(x, params->dt_s, drive);
  const double peak = normalize(params, base, drive);
  for (size_t c = 0; x->label != NULL && c < x->n_channels; c++)
    MESO_TRY(meso_signal_set_label(drive, c, x->label[c] ? x->label[c] : "", err));
  MESO_TRY(set_attributes(x, params, &drive->attrs, err));
  if (params->normalize == MESO_NORMALIZE_PEAK)
    MESO_TRY(meso_attrs_set_number(&drive->attrs, "peak", peak, err));
cleanup:
  free(base);
  return status;
}
