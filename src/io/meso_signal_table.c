/* meso_signal_table.c: signals as comma- or tab-separated text. */
#include "meso_signal_table.h"

#include <stdio.h>

#include "meso_table.h"

bool meso_signal_table_is_name(const char *path) { return meso_table_separator(path) != '\0'; }

static void write_rows(meso_table *table, const meso_signal *s)
{
  meso_table_text(table, "time_s");
  for (size_t c = 0; c < s->n_channels; c++) {
    const char *label = s->label != NULL ? s->label[c] : NULL;
    char number[40];
    (void) snprintf(number, sizeof number, "channel %zu", c + 1);
    meso_table_text(table, label != NULL && *label != '\0' ? label : number);
  }
  meso_table_end_row(table);
  for (size_t t = 0; t < s->n_times && !meso_table_has_failed(table); t++) {
    meso_table_number(table, 1e-3 * s->t_start_ms + (double) t / s->sampling_rate_Hz);
    for (size_t c = 0; c < s->n_channels; c++)
      meso_table_number(table, s->data[t * s->n_channels + c]);
    meso_table_end_row(table);
  }
}

meso_status meso_signal_table_write(const char *path, const meso_signal *signal, meso_err *err)
{
  meso_table table = { .path = NULL };
  const meso_status status = meso_table_open(&table, path, err);
  if (status == MESO_OK) write_rows(&table, signal);
  return meso_table_close(&table, status, err);
}
