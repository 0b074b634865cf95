/* format_fir_csv.c: population kernels as taps of FIR filters, a row for each lag and a column for
 * each source population and contact, as tools that filter rates want them. */
#include <stdio.h>
#include <string.h>

#include "meso_format.h"
#include "meso_lfp.h"
#include "meso_signal_table.h"

/** All sources side by side in one signal: columns "SOURCE/CONTACT (mV)", contacts from 1. */
static meso_status join(const meso_signals *taps, meso_signals *joined, meso_err *err)
{
  meso_status status = MESO_OK;
  const meso_signal *first = &taps->signal[0];
  const size_t n = first->n_channels, n_all = n * taps->n;
  meso_signal *all;
  char label[600];
  MESO_TRY(meso_signals_add(joined, "taps", first->units, first->n_times, n_all,
                            first->sampling_rate_Hz, 0, &all, err));
  for (size_t s = 0; s < taps->n; s++)
    for (size_t c = 0; c < n; c++) {
      const meso_signal *from = &taps->signal[s];
      (void) snprintf(label, sizeof label, "%s/%zu (mV)", from->name + strlen("taps_"), c + 1);
      MESO_TRY(meso_signal_set_label(all, s * n + c, label, err));
      for (size_t t = 0; t < from->n_times; t++)
        all->data[t * n_all + s * n + c] = from->data[t * n + c];
    }
cleanup:
  return status;
}

static meso_status write_kernels(const char *path, const meso_result *kernels,
                                 const meso_provenance *provenance, meso_err *err)
{
  meso_status status = MESO_OK;
  meso_signals *taps = NULL, *joined = NULL;
  (void) provenance; /* has no place in such a file */
  MESO_TRY(meso_lfp_taps(kernels, &taps, err));
  MESO_TRY(meso_signals_create(&joined, err));
  MESO_TRY(join(taps, joined, err));
  MESO_TRY(meso_signal_table_write(path, &joined->signal[0], err));
cleanup:
  meso_signals_destroy(joined);
  meso_signals_destroy(taps);
  return status;
}

const meso_format meso_format_fir_csv = {
  .name = "fir-csv", .summary = "population kernels as taps of FIR filters (written)",
  .ending = ".csv|.tsv", .content = MESO_CONTENT_KERNELS, .write_kernels = write_kernels,
};
