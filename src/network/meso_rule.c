/* cmd_lfp.c: LFP of a model's probe from any spikes of its populations. */
#include <stdlib.h>

#include "cli_answer.h"
#include "cli_files.h"
#include "cli_options.h"
#include "cli_progress.h"
#include "meso_lfp.h"

typedef struct options { char *spikes, *kernels; } options;

static const meso_param rows[] = {
  { .key = "spikes", .type = MESO_PARAM_STRING, .unit = "", .default_text = "",
    .offset = offsetof(options, spikes), .help = "spike file (SONATA)" },
  { .key = "kernels", .type = MESO_PARAM_STRING, .unit = "", .default_text = "",
    .offset = offsetof(options, kernels), .help = "kernels made before; default: built now" },
  { .key = NULL },
};

static meso_status get_kernels(const meso_cli *cli, const char *path, const meso_model *model,
                               const options *o, meso_result **ret, meso_err *err)
{
  meso_status status = MESO_OK;
  mesoi_dirs dirs = { .n = 0 };
  if (o->kernels[0] != '\0') {
    meso_err why = { .status = MESO_OK };
    MESO_TRY(meso_result_read(o->kernels, ret, err));
    status = meso_kernels_check(*ret, model, &why);
    if (status != MESO_OK) MESO_FAIL(err, status, "%s: %s", o->kernels, why.msg);
    goto cleanup;
  }
  MESO_TRY(mesoi_dirs_find(path, &dirs, err));
  MESO_TRY(meso_kernels_build(model, dirs.n, (const char *const *) dirs.v, cli->n_threads,
                              cli->progress, ret, err));
cleanup:
  mesoi_dirs_clear(&dirs);
  return status;
}

static meso_status run(const meso_cli *cli, meso_err *err)
{
  meso_status status = MESO_OK;
  options o = { .spikes = NULL };
  mesoi_positionals args = { .v = NULL };
  mesoi_option_set set = { rows, &o };
  mesoi_origin origin = { .model_text = NULL };
  meso_model *model = NULL;
  meso_result *kernels = NULL;
  meso_spikes *spikes = NULL;
  meso_signals *lfp = NULL;
  MESO_TRY(mesoi_options_parse(cli, "lfp", 1, &set, 1, 1, &args, err));
  MESO_TRY(mesoi_need_output(cli, "lfp", err));
  if (o.spikes[0] == '\0') MESO_FAIL(err, MESO_EUSAGE, "lfp: give the spikes with --spikes FILE");
  MESO_TRY(meso_model_read(args.v[0], cli->n_sets, cli->sets, &model, err));
  MESO_TRY(mesoi_spikes_read(cli, o.spikes, &spikes, err));
  MESO_TRY(get_kernels(cli, args.v[0], model, &o, &kernels, err));
  MESO_TRY(mesoi_go_on("lfp", err));
  MESO_TRY(meso_lfp_from_kernels(kernels, spikes, model->lfp.output_rate_Hz, cli->n_threads, &lfp,
                                 err));
  const char *const inputs[] = { args.v[0], o.spikes, o.kernels };
  MESO_TRY(mesoi_origin_make(cli, model, o.kernels[0] != '\0' ? 3 : 2, inputs, &origin, err));
  MESO_TRY(mesoi_go_on("lfp", err));
  MESO_TRY(meso_signals_write(cli->output, "lfp", lfp, &origin.provenance, err));
  mesoi_answer_output(cli, cli->output);
  mesoi_answer_signals(cli, lfp);
cleanup:
  free(args.v);
  meso_params_clear(rows, &o);
  mesoi_origin_clear(&origin);
  meso_model_destroy(model);
  meso_result_destroy(kernels);
  meso_spikes_destroy(spikes);
  meso_signals_destroy(lfp);
  return status;
}

const meso_command meso_cmd_lfp = {
  .name = "lfp", .usage = "lfp MODEL.yaml --spikes SPIKES.h5 [--kernels KERNELS.h5] -o LFP.h5",
  .summary = "predict the LFP from spikes", .params = rows, .run = run,
  .takes = MESO_TAKES_SET | MESO_TAKES_SEED | MESO_TAKES_THREADS | MESO_TAKES_OUTPUT,
  .stops_cleanly = true,
};
