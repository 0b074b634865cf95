/* meso_series.c: recordings in slabs. */
#include "meso_series.h"

#include <math.h>
#include <string.h>

static meso_status read_signal(const void *context, size_t first, size_t n, double *rows,
                               meso_err *err)
{
  const meso_signal *signal = context;
  (void) err;
  memcpy(rows, signal->data + first * signal->n_channels, n * signal->n_channels * sizeof *rows);
  return MESO_OK;
}

meso_series meso_series_of_signal(const meso_signal *signal)
{
  return (meso_series) {
    .name = signal->name, .n_times = signal->n_times, .n_channels = signal->n_channels,
    .sampling_rate_Hz = signal->sampling_rate_Hz, .t_start_ms = signal->t_start_ms,
    .label = signal->label, .position_um = signal->position_um,
    .read = read_signal, .context = signal};
}

meso_status meso_series_read(const meso_series *series, size_t first, size_t n, double *rows,
                             meso_err *err)
{
  meso_status status = MESO_OK;
  MESO_TRY(series->read(series->context, first, n, rows, err));
  for (size_t i = 0; i < n * series->n_channels; i++)
    if (!isfinite(rows[i]))
      MESO_FAIL(err, MESO_EINVAL, "the drive '%s' is not finite at sample %zu, region %zu",
                series->name, first + i / series->n_channels, i % series->n_channels);
cleanup:
  return status;
}
