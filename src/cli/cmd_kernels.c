/* cmd_kernels.c: population kernels of a model's LFP. */
#include <math.h>
#include <stdlib.h>

#include "cli_answer.h"
#include "cli_files.h"
#include "cli_options.h"
#include "meso_lfp.h"

/** How much of the input comes from outside, at the rates that the model states. */
static void answer_external(const meso_cli *cli, const meso_model *model,
                            const meso_result *kernels)
{
  const meso_attrs *attrs = meso_result_find_group(kernels, "/charge");
  const double share = attrs != NULL
    ? meso_attrs_number(attrs, "excitatory_external_share", NAN) : NAN;
  if (!(share > 0)) return;
  mesoi_answer_number(cli, "excitatory_external_share", share);
  if (model->lfp.external == MESO_EXTERNAL_OFF)
    mesoi_say(cli, "%.0f %% of the excitatory charge (at full_mean_rate_Hz) is external input, "
              "which these kernels leave out (lfp.external)\n", 100 * share);
}

static meso_status run(const meso_cli *cli, meso_err *err)
{
  meso_status status = MESO_OK;
  mesoi_positionals args = { .v = NULL };
  mesoi_origin origin = { .model_text = NULL };
  mesoi_dirs dirs = { .n = 0 };
  meso_model *model = NULL;
  meso_result *kernels = NULL;
  MESO_TRY(mesoi_options_parse(cli, "kernels", 0, NULL, 1, 1, &args, err));
  MESO_TRY(mesoi_need_output(cli, "kernels", err));
  MESO_TRY(meso_model_read(args.v[0], cli->n_sets, cli->sets, &model, err));
  MESO_TRY(mesoi_dirs_find(args.v[0], &dirs, err));
  MESO_TRY(mesoi_kernels_make(cli, &dirs, model, &kernels, err));
  MESO_TRY(mesoi_origin_make(cli, model, 1, args.v, &origin, err));
  MESO_TRY(meso_result_write(cli->output, "kernels", kernels, &origin.provenance, err));
  mesoi_answer_output(cli, cli->output);
  mesoi_answer_result(cli, kernels);
  answer_external(cli, model, kernels);
cleanup:
  free(args.v);
  mesoi_origin_clear(&origin);
  mesoi_dirs_clear(&dirs);
  meso_model_destroy(model);
  meso_result_destroy(kernels);
  return status;
}

const meso_command meso_cmd_kernels = {
  .name = "kernels", .usage = "kernels MODEL.yaml -o KERNELS.h5",
  .summary = "build the LFP kernels of a model", .run = run,
  .takes = MESO_TAKES_SET | MESO_TAKES_SEED | MESO_TAKES_THREADS | MESO_TAKES_OUTPUT,
  .stops_cleanly = true,
};
