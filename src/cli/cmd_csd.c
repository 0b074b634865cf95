/* cmd_csd.c: current source density from a recorded or predicted LFP. */
#include <stdlib.h>

#include "cli_answer.h"
#include "cli_files.h"
#include "cli_options.h"
#include "meso_csd.h"
#include "meso_spectral.h"

static meso_status run(const meso_cli *cli, meso_err *err)
{
  meso_status status = MESO_OK;
  meso_csd_params p = {.method = 0};
  mesoi_positionals args = { .v = NULL };
  mesoi_option_set set = { meso_csd_rows, &p };
  mesoi_origin origin = { .model_text = NULL };
  meso_signals *in = NULL, *out = NULL;
  meso_signal x;
  MESO_TRY(mesoi_options_parse(cli, "csd", 1, &set, 1, 1, &args, err));
  MESO_TRY(mesoi_need_output(cli, "csd", err));
  MESO_TRY(mesoi_signals_read(cli, args.v[0], &in, err));
  MESO_TRY(meso_signal_select(in, NULL, 0, &x, err));
  MESO_TRY(meso_signals_create(&out, err));
  MESO_TRY(meso_csd_apply(&p, &x, out, err));
  MESO_TRY(mesoi_origin_make(cli, NULL, 1, args.v, &origin, err));
  MESO_TRY(meso_signals_write(cli->output, "lfp", out, &origin.provenance, err));
  mesoi_answer_output(cli, cli->output);
  mesoi_answer_signals(cli, out);
cleanup:
  free(args.v);
  mesoi_origin_clear(&origin);
  meso_signals_destroy(in);
  meso_signals_destroy(out);
  meso_params_clear(meso_csd_rows, &p);
  return status;
}

const meso_command meso_cmd_csd = {
  .name = "csd", .usage = "csd LFP.h5 [OPTIONS] -o CSD.h5",
  .summary = "current source density along a line of contacts", .params = meso_csd_rows,
  .run = run, .takes = MESO_TAKES_OUTPUT,
};
