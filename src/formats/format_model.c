/* format_model.c: model files as networks: drawn from their seed, read only. */
#include "meso_format.h"

static meso_status read_model(const meso_format_input *input, meso_network **ret_network,
                              meso_err *err)
{
  meso_status status = MESO_OK;
  meso_model *model = NULL;
  MESO_TRY(meso_model_read(input->path, input->n_sets, input->sets, &model, err));
  MESO_TRY(meso_network_from_model(model, ret_network, err));
cleanup:
  return status;
}

const meso_format meso_format_model = {
  .name = "model", .summary = "model file, whose network is drawn from its seed",
  .ending = ".yaml|.yml", .content = MESO_CONTENT_NETWORK, .read_network = read_model,
};
