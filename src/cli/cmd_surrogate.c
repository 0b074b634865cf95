/* cmd_surrogate.c: one surrogate of a recording, as a file like the recording's. */
#include "cli_surrogate.h"

#include <stdio.h>
#include <stdlib.h>

#include "cli_answer.h"
#include "cli_files.h"
#include "cli_options.h"

meso_status mesoi_surrogate_find(const char *command, const char *name,
                                 const meso_surrogate_ops **ret, meso_err *err)
{
  meso_status status = MESO_OK;
  const char *names[64];
  size_t n = 0;
  for (; n < meso_surrogate_count() && n < 64; n++) names[n] = meso_surrogate_at(n)->name;
  *ret = meso_surrogate_by_name(name);
  if (*ret == NULL) {
    const char *near = mesoi_nearest(name, n, names);
    MESO_FAIL(err, MESO_EUSAGE, "%s: unknown surrogate %s%s%s (see mesocast models)", command, name,
              near != NULL ? "; did you mean " : "", near != NULL ? near : "");
  }
cleanup:
  return status;
}

meso_status mesoi_seed(const meso_cli *cli, int64_t *ret_seed, meso_err *err)
{
  static const meso_param row = {
    .key = "seed", .type = MESO_PARAM_INT, .unit = "1", .min = 1, .max = 0x1p53,
    .default_text = "1", .offset = 0, .help = "of the random numbers"};
  return meso_param_set(&row, ret_seed, cli->seed != NULL ? cli->seed : "1", NULL, err);
}

static meso_status run(const meso_cli *cli, meso_err *err)
{
  meso_status status = MESO_OK;
  const meso_surrogate_ops *ops = NULL;
  unsigned char *params = NULL;
  mesoi_positionals args = { .v = NULL };
  mesoi_origin origin = { .model_text = NULL };
  meso_spikes *spikes = NULL, *new_spikes = NULL;
  meso_signals *signals = NULL, *new_signals = NULL;
  meso_surrogate_draw draw = { 1, 0 };
  char name[64], kind[64];
  if (cli->n_args == 0)
    MESO_FAIL(err, MESO_EUSAGE, "surrogate: no surrogate named (see mesocast models)");
  MESO_TRY(mesoi_surrogate_find("surrogate", cli->args[0], &ops, err));
  MESO_ALLOC(err, params, ops->params_size);
  mesoi_option_set set = { ops->params, params };
  (void) snprintf(name, sizeof name, "surrogate %s", ops->name);
  MESO_TRY(mesoi_options_parse(cli, name, 1, &set, 2, 2, &args, err));
  MESO_TRY(mesoi_seed(cli, &draw.seed, err));
  MESO_TRY(mesoi_need_output(cli, "surrogate", err));
  MESO_TRY(meso_file_kind(args.v[1], kind, sizeof kind, err));
  MESO_TRY(mesoi_origin_make(cli, NULL, 1, &args.v[1], &origin, err));
  if (ops->input == MESO_INPUT_SPIKES) {
    MESO_TRY(mesoi_spikes_read(cli, args.v[1], &spikes, err));
    MESO_TRY(ops->spikes(params, spikes, draw, &new_spikes, err));
    MESO_TRY(meso_spikes_write(cli->output, new_spikes, &origin.provenance, err));
    mesoi_answer_spikes(cli, new_spikes);
  } else {
    MESO_TRY(mesoi_signals_read(cli, args.v[1], &signals, err));
    MESO_TRY(ops->signals(params, signals, draw, &new_signals, err));
    MESO_TRY(meso_signals_write(cli->output, kind, new_signals, &origin.provenance, err));
    mesoi_answer_signals(cli, new_signals);
  }
  mesoi_answer_output(cli, cli->output);
cleanup:
  if (ops != NULL && params != NULL) meso_params_clear(ops->params, params);
  free(params);
  free(args.v);
  mesoi_origin_clear(&origin);
  meso_spikes_destroy(spikes);
  meso_spikes_destroy(new_spikes);
  meso_signals_destroy(signals);
  meso_signals_destroy(new_signals);
  return status;
}

static const meso_param *params_of(const char *name)
{
  const meso_surrogate_ops *ops = meso_surrogate_by_name(name);
  return ops != NULL ? ops->params : NULL;
}

const meso_command meso_cmd_surrogate = {
  .name = "surrogate", .usage = "surrogate NAME FILE [OPTIONS] [--seed S] -o FILE",
  .summary = "destroy by chance what a hypothesis denies: dithered, shuffled, shifted data",
  .params_of = params_of, .run = run, .takes = MESO_TAKES_SEED | MESO_TAKES_OUTPUT,
};
