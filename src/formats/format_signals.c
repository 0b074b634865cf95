/* format_signals.c: signals in HDF5, the native layout (doc/formats.md); made from recordings. */
#include "meso_format.h"

static meso_status read_signals(const meso_format_input *input, meso_signals **ret_signals,
                                meso_err *err)
{
  return meso_signals_read(input->path, ret_signals, err);
}

static meso_status write_signals(const char *path, const meso_signals *signals,
                                 const meso_provenance *provenance, meso_err *err)
{
  return meso_signals_write(path, "lfp", signals, provenance, err);
}

const meso_format meso_format_signals = {
  .name = "signals", .summary = "signals in HDF5", .ending = ".h5|.hdf5",
  .content = MESO_CONTENT_SIGNALS, .kind = "lfp", .read_signals = read_signals,
  .write_signals = write_signals,
};
