/* cmd_kernels.c: kernels of a model's LFP, and what they are made of. */
#include <math.h>
#include <stdio.h>
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

/** How well the functions of time and single precision represent kernels of neurons. */
static void answer_errors(const meso_cli *cli, const meso_attrs *attrs)
{
  const double basis = meso_attrs_number(attrs, "basis_error", NAN);
  const double rounding = meso_attrs_number(attrs, "single_precision_error", NAN);
  if (!isfinite(basis) || !isfinite(rounding)) return;
  mesoi_answer_number(cli, "basis_error", basis);
  mesoi_answer_number(cli, "single_precision_error", rounding);
  mesoi_say(cli, "errors (rms, relative): functions of time %.1e, single precision %.1e\n", basis,
            rounding);
}

/** One type's synapses in a line for people, and an object a source for scripts. */
static void answer_type(const meso_cli *cli, const char *type, size_t n, char *const *source,
                        const double *mean, const double *sd, const double *stated)
{
  char text[2048] = "";
  size_t used = 0;
  for (size_t x = 0; x < n; x++) {
    if (!(mean[x] > 0 || stated[x] > 0)) continue;
    mesoi_answer_append(cli, "in_degrees", json_pack(
      "{s:s, s:s, s:f, s:f, s:f}", "type", type, "source", source[x], "mean", mean[x], "sd", sd[x],
      "stated", stated[x]));
    if (used + 120 < sizeof text)
      used += (size_t) snprintf(text + used, sizeof text - used, "%s%.60s %.1f +- %.1f (%.1f)",
                                used > 0 ? ", " : "", source[x], mean[x], sd[x], stated[x]);
  }
  mesoi_say(cli, "  %s: %s\n", type, text);
}

/** Synapses of a cell of each type, by source: mean and standard deviation of the true wiring, and
 *  what T_yX (share) states. */
static void answer_in_degrees(const meso_cli *cli, const meso_result *kernels)
{
  const meso_array *type = meso_result_find(kernels, "/cells/type");
  const meso_array *source = meso_result_find(kernels, "/cells/source");
  if (type == NULL || source == NULL) return;
  const size_t n = meso_array_count(source);
  mesoi_say(cli, "synapses of a cell, mean +- SD of the wiring (by the model's share):\n");
  for (size_t i = 0; i < meso_array_count(type); i++)
    answer_type(cli, type->text[i], n, source->text,
                meso_result_find(kernels, "/cells/in_degree")->data + i * n,
                meso_result_find(kernels, "/cells/in_degree_sd")->data + i * n,
                meso_result_find(kernels, "/cells/in_degree_stated")->data + i * n);
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
  answer_in_degrees(cli, kernels);
  answer_errors(cli, meso_result_find_group(kernels, "/kernels"));
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
