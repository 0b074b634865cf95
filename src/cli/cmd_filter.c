/* cmd_filter.c: what a recording does to a signal: noise, reference, high-pass, low-pass. */
#include <stdio.h>
#include <stdlib.h>

#include "cli_answer.h"
#include "cli_files.h"
#include "cli_options.h"
#include "meso_recording.h"
#include "meso_spectral.h"

/* The chain on the signal that is called lfp, else on the first one. */
static meso_status run(const meso_cli *cli, meso_err *err)
{
  meso_status status = MESO_OK;
  meso_recording_params p = {.order = 0};
  mesoi_positionals args = { .v = NULL };
  mesoi_option_set set = { meso_recording_rows, &p };
  mesoi_origin origin = { .model_text = NULL };
  meso_signals *in = NULL, *out = NULL;
  meso_signal x;
  char kind[64];
  MESO_TRY(mesoi_options_parse(cli, "filter", 1, &set, 1, 1, &args, err));
  if (cli->seed != NULL)
    MESO_TRY(meso_params_set(meso_recording_rows, &p, "seed", cli->seed, NULL, err));
  MESO_TRY(mesoi_need_output(cli, "filter", err));
  MESO_TRY(meso_file_kind(args.v[0], kind, sizeof kind, err));
  MESO_TRY(mesoi_signals_read(cli, args.v[0], &in, err));
  MESO_TRY(meso_signal_select(in, NULL, 0, &x, err));
  MESO_TRY(meso_signals_create(&out, err));
  MESO_TRY(meso_recording_apply(&p, &x, out, err));
  MESO_TRY(mesoi_origin_make(cli, NULL, 1, args.v, &origin, err));
  MESO_TRY(meso_signals_write(cli->output, kind, out, &origin.provenance, err));
  mesoi_say(cli, "%s: %s\n", cli->output,
            meso_attrs_text(&out->signal[0].attrs, "recording_chain"));
  mesoi_answer_output(cli, cli->output);
  mesoi_answer_signals(cli, out);
cleanup:
  free(args.v);
  mesoi_origin_clear(&origin);
  meso_signals_destroy(in);
  meso_signals_destroy(out);
  meso_params_clear(meso_recording_rows, &p);
  return status;
}

const meso_command meso_cmd_filter = {
  .name = "filter", .usage = "filter SIGNALS.h5 [OPTIONS] [--seed S] -o SIGNALS.h5",
  .summary = "pass a signal through a recording chain: noise, reference, filters",
  .params = meso_recording_rows, .run = run, .takes = MESO_TAKES_SEED | MESO_TAKES_OUTPUT,
};
