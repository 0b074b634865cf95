/* format_csv.c: spikes as comma-separated columns time_ms, id and population, which any tool reads.
 * They do not say how long was recorded, nor which neurons were silent. */
#include "spike_text.h"

static const spike_text_style style = {
  .header = "time_ms,id,population\n", .separator = ',',
  .by_sender = false, .remarks = false,
};

static meso_status read_spikes(const meso_format_input *input, meso_spikes **ret_spikes,
                               meso_err *err)
{
  return spike_text_read(input->path, &style, ret_spikes, err);
}

static meso_status write_spikes(const char *path, const meso_spikes *spikes,
                                const meso_provenance *provenance, meso_err *err)
{
  (void) provenance; /* has no place in such a file */
  return spike_text_write(path, &style, spikes, err);
}

const meso_format meso_format_csv = {
  .name = "csv", .summary = "columns time_ms, id, population", .ending = ".csv",
  .content = MESO_CONTENT_SPIKES, .recognises = spike_text_is,
  .read_spikes = read_spikes, .write_spikes = write_spikes,
};
