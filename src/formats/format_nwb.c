/* format_nwb.c: electrical series of Neurodata Without Borders 2 (HDF5), read only: each group of
 * /acquisition and /processing whose neurodata_type is ElectricalSeries becomes a signal in mV,
 *   data * conversion * channel_conversion + offset in volts,
 * with the places of its electrodes where the table of electrodes has them (um). A series with time
 * stamps must be sampled evenly. Series that cannot be read are left out, with a warning. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "h5_table.h"
#include "meso_format.h"

enum { DEPTH = 4, MOST_SERIES = 1024, ROOM = H5_MOST_PATH };
#define MV_PER_V 1e3
#define ELECTRODES "/general/extracellular_ephys/electrodes"

typedef struct reader {
  const char *path;
  meso_signals *signals;
  h5_left_out left_out;
} reader;

static bool is_missing(meso_status status) { return status == MESO_ENOTFOUND; }

/* ---- time ----------------------------------------------------------------------------------- */

static meso_status even_rate(const reader *r, const char *group, const h5_table *t, size_t n_times,
                             double *ret_rate_Hz, meso_err *err)
{
  meso_status status = MESO_OK;
  if (t->n != n_times || n_times < 2)
    MESO_FAIL(err, MESO_EFORMAT, "%s: %s has %zu time stamps for %zu samples", r->path, group, t->n,
              n_times);
  const double step_s = (t->v[n_times - 1] - t->v[0]) / (double) (n_times - 1);
  if (!(step_s > 0 && isfinite(step_s)))
    MESO_FAIL(err, MESO_EFORMAT, "%s: time stamps of %s do not ascend", r->path, group);
  for (size_t k = 1; k < n_times; k++) {
    const double own_s = t->v[k] - t->v[k - 1];
    if (!(fabs(own_s - step_s) < 0.1 * step_s))
      MESO_FAIL(err, MESO_EFORMAT, "%s: %s is not sampled evenly: %g ms lie before sample %zu, %g "
                "ms on average; cut the recording where samples are missing", r->path, group,
                1e3 * own_s, k, 1e3 * step_s);
  }
  *ret_rate_Hz = 1 / step_s;
cleanup:
  return status;
}

static meso_status read_time(const reader *r, const char *group, size_t n_times,
                             double *ret_rate_Hz, double *ret_start_ms, meso_err *err)
{
  meso_status status = MESO_OK;
  h5_table start = {.n_dims = 0}, stamps = {.n_dims = 0};
  MESO_TRY(h5_table_read(r->path, group, "starting_time", false, &start, err));
  if (start.n == 1) {
    *ret_start_ms = 1e3 * start.v[0];
    *ret_rate_Hz = h5_number(r->path, group, "starting_time", "rate", NAN);
  } else {
    MESO_TRY(h5_table_read(r->path, group, "timestamps", true, &stamps, err));
    MESO_TRY(even_rate(r, group, &stamps, n_times, ret_rate_Hz, err));
    *ret_start_ms = 1e3 * stamps.v[0];
  }
  if (!(*ret_rate_Hz > 0 && isfinite(*ret_rate_Hz) && isfinite(*ret_start_ms)))
    MESO_FAIL(err, MESO_EFORMAT, "%s: %s: rate %g Hz, start %g ms: must be a rate above 0 and a "
              "time", r->path, group, *ret_rate_Hz, *ret_start_ms);
cleanup:
  free(start.v);
  free(stamps.v);
  return status;
}

/* ---- electrodes ----------------------------------------------------------------------------- */

/* Places of the channels, if all electrodes have one. */
static meso_status read_places(const reader *r, const char *group, meso_signal *s, meso_err *err)
{
  static const char *const axis[3] = {"x", "y", "z"};
  meso_status status = MESO_OK;
  h5_table row = {.n_dims = 0}, place[3] = {{.n_dims = 0}};
  double *position = NULL;
  bool known = true;
  MESO_TRY(h5_table_read(r->path, group, "electrodes", false, &row, err));
  for (int d = 0; d < 3; d++)
    MESO_TRY(h5_table_read(r->path, ELECTRODES, axis[d], false, &place[d], err));
  known = row.n == s->n_channels && place[0].n > 0 && place[1].n == place[0].n
          && place[2].n == place[0].n;
  MESO_ALLOC(err, position, 3 * s->n_channels);
  for (size_t c = 0; c < s->n_channels && known; c++) {
    if (!(row.v[c] >= 0 && row.v[c] < (double) place[0].n))
      MESO_FAIL(err, MESO_EFORMAT, "%s: %s: channel %zu is at electrode %g, but there are %zu",
                r->path, group, c, row.v[c], place[0].n);
    for (int d = 0; d < 3; d++) {
      position[3 * c + (size_t) d] = place[d].v[(size_t) row.v[c]];
      known = known && isfinite(position[3 * c + (size_t) d]);
    }
  }
  if (!known) goto cleanup;
  s->position_um = position;
  position = NULL;
cleanup:
  free(position);
  free(row.v);
  for (int d = 0; d < 3; d++) free(place[d].v);
  return status;
}

/* ---- series --------------------------------------------------------------------------------- */

/* The name of a group, with its container's before it if it is taken. */
static void choose_name(const reader *r, const char *group, char name[ROOM])
{
  const char *last = strrchr(group, '/') + 1;
  (void) snprintf(name, ROOM, "%s", last);
  if (meso_signals_find(r->signals, name) == NULL) return;
  (void) snprintf(name, ROOM, "%s", group + 1);
  for (char *c = name; *c != '\0'; c++)
    if (*c == '/') *c = '_';
}

static meso_status read_series(reader *r, const char *group, meso_err *err)
{
  meso_status status = MESO_OK;
  h5_table data = {.n_dims = 0}, gain = {.n_dims = 0};
  meso_signal *s = NULL;
  double rate_Hz = NAN, start_ms = NAN;
  char name[ROOM];
  MESO_TRY(h5_table_read(r->path, group, "data", true, &data, err));
  if (data.n_dims != 1 && data.n_dims != 2)
    MESO_FAIL(err, MESO_EFORMAT, "%s: %s/data has %zu dimensions, not time or time and channel",
              r->path, group, data.n_dims);
  const size_t n_times = data.dims[0], C = data.n_dims == 2 ? data.dims[1] : 1;
  if (n_times == 0 || C == 0)
    MESO_FAIL(err, MESO_EFORMAT, "%s: %s/data is empty", r->path, group);
  MESO_TRY(read_time(r, group, n_times, &rate_Hz, &start_ms, err));
  MESO_TRY(h5_table_read(r->path, group, "channel_conversion", false, &gain, err));
  if (gain.n > 0 && gain.n != C)
    MESO_FAIL(err, MESO_EFORMAT, "%s: %s: %zu factors in channel_conversion for %zu channels",
              r->path, group, gain.n, C);
  const double factor = MV_PER_V * h5_number(r->path, group, "data", "conversion", 1);
  const double offset = MV_PER_V * h5_number(r->path, group, "data", "offset", 0);
  choose_name(r, group, name);
  MESO_TRY(meso_signals_add(r->signals, name, "mV", n_times, C, rate_Hz, start_ms, &s, err));
  for (size_t i = 0; i < data.n; i++)
    s->data[i] = data.v[i] * factor * (gain.n > 0 ? gain.v[i % C] : 1) + offset;
  MESO_TRY(read_places(r, group, s, err));
cleanup:
  free(data.v);
  free(gain.v);
  return status;
}

/* A series that cannot be read is left out. */
static meso_status take_series(reader *r, const char *group, meso_err *err)
{
  meso_err why = {.status = MESO_OK};
  const size_t before = r->signals->n;
  const meso_status status = read_series(r, group, &why);
  if (status == MESO_OK) return MESO_OK;
  meso_signals_truncate(r->signals, before);
  return h5_leave_out(&r->left_out, &why) ? MESO_OK
         : meso_err_set(err, status, why.file, why.line, "%s", why.msg);
}

/* All series in a group and below it. */
static meso_status walk(reader *r, const char *group, int depth, meso_err *err)
{
  meso_status status = MESO_OK;
  char **names = NULL, *type = NULL;
  size_t n = 0;
  status = meso_h5_read_groups(r->path, group, &names, &n, err);
  if (is_missing(status)) return MESO_OK;
  MESO_TRY(status);
  for (size_t k = 0; k < n; k++) {
    char below[ROOM];
    if (snprintf(below, sizeof below, "%s/%s", group, names[k]) >= (int) sizeof below) continue;
    free(type);
    type = NULL;
    const bool typed = meso_h5_read_text(r->path, below, "neurodata_type", &type, NULL) == MESO_OK;
    if (typed && strcmp(type, "ElectricalSeries") == 0) {
      if (r->signals->n == MOST_SERIES)
        MESO_FAIL(err, MESO_EFORMAT, "%s: more than %d electrical series", r->path,
                  (int) MOST_SERIES);
      MESO_TRY(take_series(r, below, err));
    } else if (depth > 1) {
      MESO_TRY(walk(r, below, depth - 1, err));
    }
  }
cleanup:
  free(type);
  meso_names_free(names, n);
  return status;
}

static meso_status read_signals(const meso_format_input *input, meso_signals **ret_signals,
                                meso_err *err)
{
  meso_status status = MESO_OK;
  reader r = {.path = input->path};
  char kind[64];
  *ret_signals = NULL;
  MESO_TRY(meso_file_kind(input->path, kind, sizeof kind, err)); /* readable, and HDF5 */
  MESO_TRY(meso_signals_create(&r.signals, err));
  MESO_TRY(walk(&r, "/processing", DEPTH, err));
  MESO_TRY(walk(&r, "/acquisition", DEPTH, err));
  if (r.signals->n == 0 && r.left_out.n > 0)
    MESO_FAIL(err, r.left_out.why.status, "%s", r.left_out.why.msg);
  if (r.signals->n == 0)
    MESO_FAIL(err, MESO_ENOTFOUND, "%s: holds no ElectricalSeries in /processing or /acquisition; "
              "--to spikes takes its units", input->path);
  MESO_TRY(h5_warn_left_out(&r.left_out, "series", &r.signals->attrs, err));
  *ret_signals = r.signals;
  r.signals = NULL;
cleanup:
  meso_signals_destroy(r.signals);
  return status;
}

const meso_format meso_format_nwb = {
  .name = "nwb", .summary = "electrical series of Neurodata Without Borders 2, read only",
  .ending = ".nwb", .content = MESO_CONTENT_SIGNALS, .read_signals = read_signals,
};
