/* cmd_run.c: the whole way from a model to the report. */
#include <stdio.h>
#include <stdlib.h>

#include "cli_answer.h"
#include "cli_options.h"
#include "pipeline.h"

typedef struct options { char *spikes; } options;

static const meso_param rows[] = {
  {.key = "spikes", .type = MESO_PARAM_STRING, .unit = "", .default_text = "",
   .offset = offsetof(options, spikes),
   .help = "spikes of another simulator (SONATA) in place of the built-in engine's"},
  {.key = NULL},
};

/** Default output folder: out/<model name>. */
static meso_status default_dir(const meso_model *m, char dir[PIPELINE_PATH], meso_err *err)
{
  meso_status status = MESO_OK;
  if (snprintf(dir, PIPELINE_PATH, "out/%s", m->name) >= PIPELINE_PATH)
    MESO_FAIL(err, MESO_EINVAL, "%s: name too long", m->path);
cleanup:
  return status;
}

static meso_status run(const meso_cli *cli, meso_err *err)
{
  meso_status status = MESO_OK;
  options o = {.spikes = NULL};
  mesoi_positionals args = {.v = NULL};
  mesoi_option_set set = {rows, &o};
  pipeline p = {.cli = cli};
  char dir[PIPELINE_PATH];
  MESO_TRY(mesoi_options_parse(cli, "run", 1, &set, 1, 1, &args, err));
  p.model_path = args.v[0];
  MESO_TRY(meso_model_read(p.model_path, cli->n_sets, cli->sets, &p.model, err));
  MESO_TRY(default_dir(p.model, dir, err));
  p.dir = cli->output != NULL ? cli->output : dir;
  p.imported = o.spikes[0] != '\0' ? o.spikes : NULL;
  mesoi_answer_text(cli, "dir", p.dir);
  MESO_TRY(mesoi_pipeline_run(&p, err));
  mesoi_pipeline_answer(&p);
cleanup:
  free(args.v);
  mesoi_pipeline_clear(&p);
  meso_params_clear(rows, &o);
  return status;
}

const meso_command meso_cmd_run = {
  .name = "run", .usage = "run MODEL.yaml [-o DIR] [--spikes SPIKES.h5]",
  .summary = "the whole way: spikes, LFP, BOLD, analyses, report; again, it goes on where it "
             "stopped", .params = rows, .run = run, .stops_cleanly = true,
  .makes_folder = true,
  .takes = MESO_TAKES_SET | MESO_TAKES_SEED | MESO_TAKES_THREADS | MESO_TAKES_OUTPUT,
};
