/* cmd_run.c: the whole way from a model to the report. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "cli_options.h"
#include "pipeline.h"

typedef struct options { char *spikes; } options;

static const meso_param rows[] = {
  {.key = "spikes", .type = MESO_PARAM_STRING, .unit = "", .default_text = "",
   .offset = offsetof(options, spikes),
   .help = "spikes of another simulator (SONATA) in place of the built-in engine's"},
  {.key = NULL},
};

static void interrupted(int signal_number)
{
  static const char line[] = "\nmesocast: interrupted; run again to go on where this stage began\n";
  (void) signal_number;
  (void) !write(STDERR_FILENO, line, sizeof line - 1);
  _exit(1);
}

static void pipeline_clear(pipeline *p)
{
  meso_model_destroy(p->model);
  meso_spikes_destroy(p->spikes);
  json_decref(p->stages);
  for (size_t i = 0; i < p->n_notes; i++) free(p->note[i]);
}

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
  (void) signal(SIGINT, interrupted);
  (void) signal(SIGTERM, interrupted);
  MESO_TRY(mesoi_pipeline_run(&p, err));
  if (cli->json)
    printf("{\"report\": \"%s/report.html\", \"made\": %zu, \"kept\": %zu}\n", p.dir, p.n_made,
           p.n_kept);
  else if (!cli->quiet)
    printf("report: %s/report.html\n", p.dir);
cleanup:
  free(args.v);
  meso_params_clear(rows, &o);
  pipeline_clear(&p);
  return status;
}

const meso_command meso_cmd_run = {
  .name = "run", .usage = "run MODEL.yaml [-o DIR] [--spikes SPIKES.h5]",
  .summary = "the whole way: spikes, LFP, BOLD, analyses, report", .params = rows, .run = run,
};
