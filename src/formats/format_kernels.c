/* format_kernels.c: LFP kernels in HDF5, as `mesocast kernels` writes them; made from models. */
#include "meso_format.h"

static meso_status read_kernels(const meso_format_input *input, meso_result **ret_kernels,
                                meso_err *err)
{
  return meso_result_read(input->path, ret_kernels, err);
}

const meso_format meso_format_kernels = {
  .name = "kernels", .summary = "LFP kernels in HDF5 (read)", .ending = ".h5|.hdf5",
  .content = MESO_CONTENT_KERNELS, .kind = "kernels", .read_kernels = read_kernels,
};
