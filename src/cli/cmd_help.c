/* cmd_help.c: what the program can do. */
#include <stdio.h>

#include "cli_answer.h"
#include "cli_options.h"

static json_t *describe(const meso_command *command, const meso_param *rows)
{
  json_t *options = json_array();
  for (const meso_param *r = rows; r != NULL && r->key != NULL; r++) {
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
  printf("\noptions of several commands:\n");
  mesoi_shared_print(~0u);
  printf("\nexit codes: 0 fine, 1 the run failed, 2 wrong usage, 3 bad input, 130 stopped by\n"
         "SIGINT, 143 by SIGTERM (no file is half written; a second signal kills at once)\n"
         "\nmesocast help COMMAND tells more, help analyze ANALYSIS, help bold MODEL\n"
         "and help eeg HEAD too.\n");
}

/** Rows of a name that the command takes, one line each: analyze takes them as options as well. */
static void print_keys(const char *name, const meso_param *rows)
{
  printf("keys of %s for --set:\n", name);
  for (const meso_param *r = rows; r->key != NULL; r++) {
    char range[256];
    meso_param_range_text(r, range, sizeof range);
    printf("  %-22s %s (%s) [%s]\n", r->key, r->help != NULL ? r->help : "", range,
           r->default_text != NULL ? r->default_text : "needed");
  }
}

static meso_status explain(const meso_cli *cli, const meso_command *command, meso_err *err)
{
  meso_status status = MESO_OK;
  const char *name = cli->n_args > 1 ? cli->args[1] : NULL;
  const meso_param *rows = NULL;
  if (cli->n_args > 2 || (name != NULL && command->params_of == NULL))
    MESO_FAIL(err, MESO_EUSAGE, "help: unexpected argument %s", cli->args[cli->n_args - 1]);
  if (name != NULL && (rows = command->params_of(name)) == NULL)
    MESO_FAIL(err, MESO_EUSAGE, "help %s: there is no %s (see mesocast models)", command->name,
              name);
  mesoi_answer_append(cli, "commands", describe(command, rows != NULL ? rows : command->params));
  if (cli->json) goto cleanup;
  printf("usage: mesocast %s\n%s\n", command->usage, command->summary);
  mesoi_options_print(command->params);
  mesoi_shared_print(command->takes);
  if (rows != NULL) print_keys(name, rows);
  else if (command->params_of != NULL)
    printf("mesocast help %s NAME: the keys of NAME for --set (see mesocast models)\n",
           command->name);
cleanup:
  return status;
}

static meso_status run(const meso_cli *cli, meso_err *err)
{
  meso_status status = MESO_OK;
  if (cli->n_args == 0) {
    for (size_t i = 0; i < meso_command_count(); i++)
      mesoi_answer_append(cli, "commands",
                          describe(meso_command_at(i), meso_command_at(i)->params));
    if (!cli->json) print_overview();
    goto cleanup;
  }
  const meso_command *command = meso_command_by_name(cli->args[0]);
  if (command == NULL)
    MESO_FAIL(err, MESO_EUSAGE, "help: unknown command %s (see mesocast help)", cli->args[0]);
  MESO_TRY(explain(cli, command, err));
cleanup:
  return status;
}

const meso_command meso_cmd_help = {
  .name = "help", .usage = "help [COMMAND [ANALYSIS|MODEL]]", .summary = "explain a command",
  .run = run,
};
