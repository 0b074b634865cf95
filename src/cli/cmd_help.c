/* cmd_help.c: what the program can do. */
#include <stdio.h>

#include "cli_answer.h"
#include "cli_options.h"

static json_t *describe(const meso_command *command)
{
  json_t *options = json_array();
  for (const meso_param *r = command->params; r != NULL && r->key != NULL; r++) {
    char name[64], range[256];
    mesoi_option_name(r, name, sizeof name);
    meso_param_range_text(r, range, sizeof range);
    (void) json_array_append_new(
      options, json_pack("{s:s, s:s, s:s?, s:s?}", "name", name, "range", range, "default",
                         r->default_text, "help", r->help));
  }
  return json_pack("{s:s, s:s, s:s, s:o}", "name", command->name, "usage", command->usage,
                   "summary", command->summary, "options", options);
}

static void print_overview(void)
{
  printf("usage: mesocast COMMAND [ARGUMENTS] [OPTIONS]\n\n");
  for (size_t i = 0; i < meso_command_count(); i++)
    printf("  %-10s %s\n", meso_command_at(i)->name, meso_command_at(i)->summary);
  printf("\noptions of all commands:\n"
         "  --threads N            threads; results do not depend on it [2]\n"
         "  --seed S               simulation.seed\n"
         "  --set PATH=VALUE       changes one value of the model; may be repeated\n"
         "  -o, --output FILE      what to write\n"
         "  --json                 one JSON object on stdout in place of lines\n"
         "  --quiet --progress --version --help\n"
         "\nexit codes: 0 fine, 1 the run failed, 2 wrong usage, 3 bad input, 130 stopped by\n"
         "SIGINT, 143 by SIGTERM (no file is half written; a second signal kills at once)\n"
         "\nmesocast help COMMAND tells more.\n");
}

static meso_status run(const meso_cli *cli, meso_err *err)
{
  meso_status status = MESO_OK;
  if (cli->n_args == 0) {
    for (size_t i = 0; i < meso_command_count(); i++)
      mesoi_answer_append(cli, "commands", describe(meso_command_at(i)));
    if (!cli->json) print_overview();
    goto cleanup;
  }
  const meso_command *command = meso_command_by_name(cli->args[0]);
  if (command == NULL)
    MESO_FAIL(err, MESO_EUSAGE, "help: unknown command %s (see mesocast help)", cli->args[0]);
  mesoi_answer_append(cli, "commands", describe(command));
  if (cli->json) goto cleanup;
  printf("usage: mesocast %s\n%s\n", command->usage, command->summary);
  mesoi_options_print(command->params);
cleanup:
  return status;
}

const meso_command meso_cmd_help = {
  .name = "help", .usage = "help [COMMAND]", .summary = "explain a command", .run = run,
};
