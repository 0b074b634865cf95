/* format_nest_dat.c: spikes as NEST 3 records them to ASCII: two lines of remarks, the names of the
 * columns, then sender and time. Several files of one recorder may be joined to one. */
#include "spike_text.h"

static const spike_text_style style = {
  /* as many lines as NEST writes: readers of its files skip three */
  .header = "# in the format of NEST 3\n# RecordingBackendASCII version: 2\nsender\ttime_ms\n",
  .separator = '\t', .by_sender = true, .remarks = true,
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

const meso_format meso_format_nest_dat = {
  .name = "nest-dat", .summary = "NEST 3: sender and time in ms", .ending = ".dat",
  .content = MESO_CONTENT_SPIKES, .read_spikes = read_spikes, .write_spikes = write_spikes,
};
