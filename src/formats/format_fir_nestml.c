/* format_fir_nestml.c: a NESTML model of one FIR filter, for an LFP while NEST runs: as many nodes
 * as source populations times contacts, each with its taps of the JSON (format_fir_json.c). */
#include <stdio.h>

#include "meso_format.h"
#include "meso_lfp.h"

static const char head[] =
  "\"\"\"\n"
  "LFP at one contact from the spikes of one population, as NEST simulates them\n"
  "\n"
  "Run NEST at a resolution of %.6g ms, that of the taps. For every population SOURCE\n"
  "and contact C of the taps in the JSON file (mesocast convert KERNELS.h5 FIR.json):\n"
  "\n"
  "  node = nest.Create('mesocast_fir', params={'tap': taps[SOURCE][C]})\n"
  "  nest.Connect(SOURCE's neurons, node, syn_spec={'weight': 1, 'delay': resolution})\n"
  "\n"
  "and a multimeter that records lfp (mV). The sum over the populations is the LFP of the\n"
  "contact, late by the delay of these connections.\n"
  "\"\"\"\n";

static const char body[] =
  "model mesocast_fir:\n"
  "    state:\n"
  "        arrived real = 0.          # spikes of this step\n"
  "        past[n_taps] real = 0.     # spikes of the last n_taps steps, a ring\n"
  "        newest integer = 0         # its place of this step\n"
  "        lfp real = 0.              # mV\n"
  "\n"
  "    parameters:\n"
  "        n_taps integer = %zu\n"
  "        tap[n_taps] real = 0.      # mV per spike\n"
  "\n"
  "    input:\n"
  "        spikes <- spike(weight real)\n"
  "\n"
  "    onReceive(spikes):\n"
  "        arrived += spikes.weight\n"
  "\n"
  "    update:\n"
  "        lag integer = 0\n"
  "        past[newest] = arrived\n"
  "        arrived = 0.\n"
  "        lfp = 0.\n"
  "        for lag in 0 ... n_taps step 1:\n"
  "            lfp += tap[lag] * past[(newest + n_taps - lag) %% n_taps]\n"
  "        newest = (newest + 1) %% n_taps\n";

static meso_status write_kernels(const char *path, const meso_result *kernels,
                                 const meso_provenance *provenance, meso_err *err)
{
  meso_status status = MESO_OK;
  meso_signals *taps = NULL;
  char text[sizeof head + sizeof body + 128];
  (void) provenance; /* the file is that of any kernels with this resolution and length */
  MESO_TRY(meso_lfp_taps(kernels, &taps, err));
  int n = snprintf(text, sizeof text, head, 1000 / taps->signal[0].sampling_rate_Hz);
  n += snprintf(text + n, sizeof text - (size_t) n, body, taps->signal[0].n_times);
  MESO_TRY(meso_file_write(path, text, (size_t) n, err));
cleanup:
  meso_signals_destroy(taps);
  return status;
}

const meso_format meso_format_fir_nestml = {
  .name = "fir-nestml", .summary = "NESTML model of such a filter, for NEST (written)",
  .ending = ".nestml", .content = MESO_CONTENT_KERNELS, .write_kernels = write_kernels,
};
