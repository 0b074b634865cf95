/* format_spikes.c: spikes in HDF5, SONATA's layout with what it leaves out (doc/formats.md). */
#include "meso_format.h"

static meso_status read_spikes(const meso_format_input *input, meso_spikes **ret_spikes,
                               meso_err *err)
{
  return meso_spikes_read(input->path, ret_spikes, err);
}

const meso_format meso_format_spikes = {
  .name = "spikes", .summary = "spikes in HDF5, the layout of SONATA", .ending = ".h5|.hdf5",
  .content = MESO_CONTENT_SPIKES, .kind = "spikes", .read_spikes = read_spikes,
  .write_spikes = meso_spikes_write,
};
