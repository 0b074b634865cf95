/* format_ecp.c: extracellular potentials as simulators of SONATA report them, read only: /ecp/data
 * (time, channel) in `units` mV (if they say none), uV or V; /ecp/channel_id; /ecp/time, which is
 * start, stop and step in ms. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "h5_table.h"
#include "meso_format.h"

/* mV of the units of the data; 0 if they are no potential. */
static double unit_mV(const char *path)
{
  static const struct { const char *name; double mV; } row[] = {
    {"mV", 1}, {"uV", 1e-3}, {"\u00b5V", 1e-3}, {"V", 1e3}};
  char *units = NULL;
  double mV = 1;
  if (meso_h5_read_text(path, "/ecp/data", "units", &units, NULL) == MESO_OK && units != NULL) {
    mV = 0;
    for (size_t k = 0; k < sizeof row / sizeof *row; k++)
      if (strcmp(units, row[k].name) == 0) mV = row[k].mV;
  }
  free(units);
  return mV;
}

static meso_status check(const char *path, const h5_table *data, const h5_table *id,
                         const h5_table *time, meso_err *err)
{
  meso_status status = MESO_OK;
  if (data->n_dims != 2 || data->dims[0] < 1 || data->dims[1] < 1)
    MESO_FAIL(err, MESO_EFORMAT, "%s: /ecp/data must be a table of times and channels", path);
  if (time->n != 3 || !(time->v[2] > 0) || !isfinite(time->v[0]) || !isfinite(time->v[2]))
    MESO_FAIL(err, MESO_EFORMAT, "%s: /ecp/time must be start, stop and step in ms, the step above "
              "0", path);
  if (id->n != 0 && id->n != data->dims[1])
    MESO_FAIL(err, MESO_EFORMAT, "%s: /ecp/channel_id names %zu channels, /ecp/data has %zu", path,
              id->n, data->dims[1]);
cleanup:
  return status;
}

static meso_status read_signals(const meso_format_input *input, meso_signals **ret_signals,
                                meso_err *err)
{
  meso_status status = MESO_OK;
  const char *path = input->path;
  h5_table data = {.n_dims = 0}, id = {.n_dims = 0}, time = {.n_dims = 0};
  meso_signals *signals = NULL;
  meso_signal *s = NULL;
  char label[64];
  *ret_signals = NULL;
  MESO_TRY(h5_table_read(path, "/ecp", "data", true, &data, err));
  MESO_TRY(h5_table_read(path, "/ecp", "time", true, &time, err));
  MESO_TRY(h5_table_read(path, "/ecp", "channel_id", false, &id, err));
  MESO_TRY(check(path, &data, &id, &time, err));
  const double mV = unit_mV(path);
  if (!(mV > 0)) MESO_FAIL(err, MESO_EFORMAT, "%s: /ecp/data: units must be mV, uV or V", path);
  MESO_TRY(meso_signals_create(&signals, err));
  MESO_TRY(meso_signals_add(signals, "lfp", "mV", data.dims[0], data.dims[1], 1e3 / time.v[2],
                            time.v[0], &s, err));
  for (size_t i = 0; i < data.n; i++) s->data[i] = mV * data.v[i];
  for (size_t c = 0; c < id.n; c++) {
    (void) snprintf(label, sizeof label, "%.0f", id.v[c]);
    MESO_TRY(meso_signal_set_label(s, c, label, err));
  }
  *ret_signals = signals;
  signals = NULL;
cleanup:
  meso_signals_destroy(signals);
  free(data.v);
  free(id.v);
  free(time.v);
  return status;
}

const meso_format meso_format_ecp = {
  .name = "ecp", .summary = "extracellular potentials of SONATA (/ecp), read only",
  .ending = ".h5|.hdf5", .content = MESO_CONTENT_SIGNALS, .kind = "ecp",
  .read_signals = read_signals,
};
