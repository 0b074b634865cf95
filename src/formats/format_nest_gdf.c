/* format_nest_gdf.c: spikes as NEST 2 recorded them: sender and time, no header. */
#include "spike_text.h"

static const spike_text_style style = {
  .header = "", .separator = '\t',
  .by_sender = true, .remarks = true,
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

const meso_format meso_format_nest_gdf = {
  .name = "nest-gdf", .summary = "NEST 2: sender and time in ms", .ending = ".gdf",
  .content = MESO_CONTENT_SPIKES, .read_spikes = read_spikes, .write_spikes = write_spikes,
};
