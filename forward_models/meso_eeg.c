/* meso_eeg.c: lead fields times dipole moments. */
#include "meso_eeg.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- orientation -------------------------------------------------------------------------- */

static double norm(const double a[3]) { return sqrt(a[0] * a[0] + a[1] * a[1] + a[2] * a[2]); }

/* Rotation that takes z to the axis u (length 1) by the shortest way; row-major. */
static void rotation_to(const double u[3], double ret[9])
{
  const double c = u[2];
  if (c < -1 + 1e-12) { /* half a turn about x */
    const double half_turn[9] = {1, 0, 0, 0, -1, 0, 0, 0, -1};
    memcpy(ret, half_turn, sizeof half_turn);
    return;
  }
  const double k = 1 / (1 + c); /* Rodrigues' formula for the turn about z x u */
  const double turn[9] = {1 - k * u[0] * u[0], -k * u[0] * u[1], u[0],
                          -k * u[0] * u[1], 1 - k * u[1] * u[1], u[1],
                          -u[0], -u[1], c};
  memcpy(ret, turn, sizeof turn);
}

/* Axis of the setup, of length 1. */
static meso_status find_axis(const meso_eeg_setup *setup, double ret_u[3], meso_err *err)
{
  meso_status status = MESO_OK;
  const double *from = norm(setup->axis) > 0 ? setup->axis : setup->dipole_um;
  const double length = norm(from);
  if (!(length > 0 && isfinite(length)))
    MESO_FAIL(err, MESO_EINVAL, "the dipole is in the centre of the head: give the direction of "
              "the column's z");
  for (int k = 0; k < 3; k++) ret_u[k] = from[k] / length;
cleanup:
  return status;
}

/* ---- signals ------------------------------------------------------------------------------ */

static meso_status check_dipole(const meso_signal *dipole, meso_err *err)
{
  meso_status status = MESO_OK;
  if (dipole->n_channels != 3 || strcmp(dipole->units, "nA um") != 0)
    MESO_FAIL(err, MESO_EFORMAT, "signal %s: has %zu channels in %s; a current dipole moment has 3 "
              "in nA um", dipole->name, dipole->n_channels, dipole->units);
  for (size_t i = 0; i < 3 * dipole->n_times; i++)
    if (!isfinite(dipole->data[i]))
      MESO_FAIL(err, MESO_EFORMAT, "signal %s: sample %zu is not finite", dipole->name, i / 3);
cleanup:
  return status;
}

static meso_status describe(const meso_eeg_setup *setup, const double axis[3], const char *doc,
                            meso_attrs *attrs, meso_err *err)
{
  static const char *const coordinate[3] = {"x", "y", "z"};
  meso_status status = MESO_OK;
  char key[64], *text = NULL;
  MESO_TRY(meso_attrs_set_text(attrs, "doc", doc, err));
  MESO_TRY(meso_attrs_set_text(attrs, "head", setup->head->name, err));
  for (const meso_param *row = setup->head->params; row->key != NULL; row++) {
    text = meso_param_format(row, setup->params);
    if (text == NULL) MESO_FAIL(err, MESO_ENOMEM, "cannot format a parameter");
    MESO_TRY(meso_attrs_set_text(attrs, row->key, text, err));
    free(text);
    text = NULL;
  }
  for (int k = 0; k < 3; k++) {
    (void) snprintf(key, sizeof key, "dipole_%s_um", coordinate[k]);
    MESO_TRY(meso_attrs_set_number(attrs, key, setup->dipole_um[k], err));
    (void) snprintf(key, sizeof key, "axis_%s", coordinate[k]);
    MESO_TRY(meso_attrs_set_number(attrs, key, axis[k], err));
  }
cleanup:
  free(text);
  return status;
}

/* Places and labels of channels: `each` a sensor, with components if there are three. */
static meso_status add_sensors(const meso_points *sensors, size_t each, meso_signal *signal,
                               meso_err *err)
{
  static const char component[] = "xyz";
  meso_status status = MESO_OK;
  char label[128];
  MESO_ALLOC(err, signal->position_um, 3 * signal->n_channels);
  for (size_t c = 0; c < signal->n_channels; c++) {
    const size_t i = c / each;
    memcpy(signal->position_um + 3 * c, sensors->xyz_um + 3 * i, 3 * sizeof(double));
    const int n = sensors->name != NULL
      ? snprintf(label, sizeof label - 2, "%s", sensors->name[i])
      : snprintf(label, sizeof label - 2, "%zu", i);
    if (each == 3 && n > 0 && (size_t) n < sizeof label - 2)
      (void) snprintf(label + n, 3, ".%c", component[c % 3]);
    MESO_TRY(meso_signal_set_label(signal, c, label, err));
  }
cleanup:
  return status;
}

/* Signal = scale * lead field (channel, 3) * turn * dipole. */
static meso_status add_signal(const meso_signal *dipole, const char *name, const char *units,
                              const double turn[9], double scale, size_t n_channels,
                              const double *lead, meso_signals *out, meso_signal **ret,
                              meso_err *err)
{
  meso_status status = MESO_OK;
  double *gain = NULL;
  MESO_ALLOC(err, gain, 3 * n_channels);
  for (size_t c = 0; c < n_channels; c++)
    for (size_t k = 0; k < 3; k++)
      gain[3 * c + k] = scale * (lead[3 * c] * turn[k] + lead[3 * c + 1] * turn[3 + k]
                                 + lead[3 * c + 2] * turn[6 + k]);
  MESO_TRY(meso_signals_add(out, name, units, dipole->n_times, n_channels,
                            dipole->sampling_rate_Hz, dipole->t_start_ms, ret, err));
  for (size_t t = 0; t < dipole->n_times; t++)
    for (size_t c = 0; c < n_channels; c++) {
      const double *p = dipole->data + 3 * t, *g = gain + 3 * c;
      (*ret)->data[t * n_channels + c] = g[0] * p[0] + g[1] * p[1] + g[2] * p[2];
    }
cleanup:
  free(gain);
  return status;
}

meso_status meso_eeg_from_dipole(const meso_signal *dipole, const meso_eeg_setup *setup,
                                 meso_signals *out, meso_err *err)
{
  meso_status status = MESO_OK;
  const meso_points *electrodes = &setup->electrodes, *coils = &setup->magnetometers;
  double axis[3], turn[9], *eeg = NULL, *meg = NULL;
  meso_signal *signal = NULL;
  MESO_TRY(check_dipole(dipole, err));
  MESO_TRY(find_axis(setup, axis, err));
  rotation_to(axis, turn);
  if (electrodes->n > 0) {
    MESO_ALLOC(err, eeg, 3 * electrodes->n);
    MESO_TRY(setup->head->eeg(setup->params, setup->dipole_um, electrodes->n, electrodes->xyz_um,
                              eeg, err));
    MESO_TRY(add_signal(dipole, "eeg", "mV", turn, 1, electrodes->n, eeg, out, &signal, err));
    MESO_TRY(add_sensors(electrodes, 1, signal, err));
    MESO_TRY(describe(setup, axis, "potential of the current dipole moment; no reference "
                      "electrode is subtracted", &signal->attrs, err));
  }
  if (coils->n > 0) {
    MESO_ALLOC(err, meg, 9 * coils->n);
    MESO_TRY(setup->head->meg(setup->params, setup->dipole_um, coils->n, coils->xyz_um, meg, err));
    MESO_TRY(add_signal(dipole, "meg", "fT", turn, MESO_FT_PER_NA_PER_UM, 3 * coils->n, meg, out,
                        &signal, err));
    MESO_TRY(add_sensors(coils, 3, signal, err));
    MESO_TRY(describe(setup, axis, "magnetic flux density B = mu0 H, components x, y and z at "
                      "each magnetometer", &signal->attrs, err));
  }
cleanup:
  free(eeg);
  free(meg);
  return status;
}

/* ---- electrodes --------------------------------------------------------------------------- */

/* Angles from the vertex, and from the front to the right. A row with a second pair of angles is
 * half-way between the two places. */
static const struct { const char *name; double down, around, down2, around2; } montage[] = {
  {"Fp1", 72, -18, 0, 0}, {"Fp2", 72, 18, 0, 0}, {"F7", 72, -54, 0, 0}, {"F8", 72, 54, 0, 0},
  {"F3", 72, -54, 36, 0}, {"F4", 72, 54, 36, 0}, {"Fz", 36, 0, 0, 0}, {"T7", 72, -90, 0, 0},
  {"T8", 72, 90, 0, 0}, {"C3", 36, -90, 0, 0}, {"C4", 36, 90, 0, 0}, {"Cz", 0, 0, 0, 0},
  {"P7", 72, -126, 0, 0}, {"P8", 72, 126, 0, 0}, {"P3", 72, -126, 36, 180},
  {"P4", 72, 126, 36, 180}, {"Pz", 36, 180, 0, 0}, {"O1", 72, -162, 0, 0}, {"O2", 72, 162, 0, 0}
};
enum { N_MONTAGE = sizeof montage / sizeof montage[0] };

static void direction(double down_deg, double around_deg, double ret[3])
{
  const double down = down_deg * M_PI / 180, around = around_deg * M_PI / 180;
  ret[0] = sin(down) * sin(around);
  ret[1] = sin(down) * cos(around);
  ret[2] = cos(down);
}

meso_status meso_montage_10_20(double radius_um, meso_points *ret_points, meso_err *err)
{
  meso_status status = MESO_OK;
  meso_points p = {0};
  MESO_TRY(meso_points_create(N_MONTAGE, &p, err));
  MESO_ALLOC(err, p.name, N_MONTAGE);
  for (size_t i = 0; i < N_MONTAGE; i++) {
    double a[3], b[3] = {0, 0, 0};
    direction(montage[i].down, montage[i].around, a);
    if (montage[i].down2 > 0) direction(montage[i].down2, montage[i].around2, b);
    for (size_t k = 0; k < 3; k++) a[k] += b[k];
    for (size_t k = 0; k < 3; k++) p.xyz_um[3 * i + k] = radius_um * a[k] / norm(a);
    MESO_STRDUP(err, p.name[i], montage[i].name);
  }
  *ret_points = p;
  p = (meso_points) {0};
cleanup:
  meso_points_clear(&p);
  return status;
}
