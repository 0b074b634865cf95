/* cmd_report.c: figures and report of a run's folder again, from its files. */
#include <stdlib.h>

#include "cli_answer.h"
#include "cli_options.h"
#include "pipeline.h"

static meso_status run(const meso_cli *cli, meso_err *err)
{
  meso_status status = MESO_OK;
  mesoi_positionals args = {.v = NULL};
  pipeline p = {.cli = cli};
  MESO_TRY(mesoi_options_parse(cli, "report", 0, NULL, 1, 1, &args, err));
  p.dir = args.v[0];
  mesoi_answer_text(cli, "dir", p.dir);
  MESO_TRY(mesoi_pipeline_remake_report(&p, err));
  mesoi_pipeline_answer(&p);
cleanup:
  free(args.v);
  mesoi_pipeline_clear(&p);
  return status;
}

const meso_command meso_cmd_report = {
  .name = "report", .usage = "report DIR", .run = run, .stops_cleanly = true,
  .summary = "make figures and report.html of a run again from its files, computing nothing",
};
