/* cmd_help.c: what the program can do. */
#include <stdio.h>
#include <string.h>

#include "cli_answer.h"
#include "cli_options.h"
#include "meso_model.h"

static void append_options(json_t *options, const meso_param *rows)
{
  for (const meso_param *r = rows; r != NULL && r->key != NULL; r++) {
    char name[64], range[256];
    mesoi_option_name(r, name, sizeof name);
    meso_param_range_text(r, range, sizeof range);
    (void) json_array_append_new(
      options, json_pack("{s:s, s:s, s:s?, s:s?}", "name", name, "range", range, "default",
                         r->default_text, "help", r->help));
  }
}

/** rows: of a name that the command takes, or NULL. */
static json_t *describe(const meso_command *command, const meso_param *rows)
{
  json_t *options = json_array();
  append_options(options, rows);
  append_options(options, command->params);
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
         "\nmesocast help COMMAND tells more, help ANALYSIS, help bold MODEL\n"
         "and help eeg HEAD too.\n");
}

static void print_key(const char *key, const meso_param *r)
{
  char range[256];
  meso_param_range_text(r, range, sizeof range);
  printf("  %-22s %s (%s) [%s]\n", key, r->help != NULL ? r->help : "", range,
         r->default_text != NULL ? r->default_text : "needed");
}

/** Keys of model files, "section.key". */
static void print_model_keys(const char *const *keys)
{
  printf("keys of the model file (also --set KEY=VALUE):\n");
  for (; *keys != NULL; keys++) {
    const char *dot = strrchr(*keys, '.');
    const meso_model_section *s = meso_model_sections();
    while (s->path != NULL && (strlen(s->path) != (size_t) (dot - *keys)
                               || strncmp(s->path, *keys, strlen(s->path)) != 0)) s++;
    if (s->path != NULL) print_key(*keys, meso_param_find(s->rows, dot + 1));
  }
}

/** Rows of a name that the command takes, one line each: analyze takes them as options as well. */
static void print_keys(const char *name, const meso_param *rows)
{
  printf("keys of %s for --set:\n", name);
  for (const meso_param *r = rows; r->key != NULL; r++) print_key(r->key, r);
}

/** name: what the command is to be explained for, or NULL. */
static meso_status explain(const meso_cli *cli, const meso_command *command, const char *name,
                           meso_err *err)
{
  meso_status status = MESO_OK;
  const meso_param *rows = NULL;
  if (name != NULL && command->params_of == NULL)
    MESO_FAIL(err, MESO_EUSAGE, "help: unexpected argument %s", name);
  if (name != NULL && (rows = command->params_of(name)) == NULL)
    MESO_FAIL(err, MESO_EUSAGE, "help %s: there is no %s (see mesocast models)", command->name,
              name);
  mesoi_answer_append(cli, "commands", describe(command, rows));
  if (!cli->json) printf("usage: mesocast %s\n%s\n", command->usage, command->summary);
  if (name != NULL && command->explain != NULL) command->explain(cli, name);
  if (cli->json) goto cleanup;
  mesoi_options_print(command->params);
  mesoi_shared_print(command->takes);
  if (command->model_keys != NULL) print_model_keys(command->model_keys);
  if (rows != NULL) print_keys(name, rows);
  else if (command->params_of != NULL)
    printf("mesocast help %s NAME: the keys of NAME for --set (see mesocast models)\n",
           command->name);
cleanup:
  return status;
}

/** The first command that takes a name, or NULL. */
static const meso_command *command_that_takes(const char *name)
{
  for (size_t i = 0; i < meso_command_count(); i++) {
    const meso_command *command = meso_command_at(i);
    if (command->params_of != NULL && command->params_of(name) != NULL) return command;
  }
  return NULL;
}

static meso_status run(const meso_cli *cli, meso_err *err)
{
  meso_status status = MESO_OK;
  if (cli->n_args == 0) {
    for (size_t i = 0; i < meso_command_count(); i++)
      mesoi_answer_append(cli, "commands",
                          describe(meso_command_at(i), NULL));
    if (!cli->json) print_overview();
    goto cleanup;
  }
  const meso_command *command = meso_command_by_name(cli->args[0]);
  const char *name = cli->n_args > 1 ? cli->args[1] : NULL;
  if (cli->n_args > 2)
    MESO_FAIL(err, MESO_EUSAGE, "help: unexpected argument %s", cli->args[cli->n_args - 1]);
  if (command == NULL && name == NULL) command = command_that_takes(name = cli->args[0]);
  if (command == NULL)
    MESO_FAIL(err, MESO_EUSAGE, "help: unknown command %s (see mesocast help)", cli->args[0]);
  MESO_TRY(explain(cli, command, name, err));
cleanup:
  return status;
}

const meso_command meso_cmd_help = {
  .name = "help", .usage = "help [COMMAND [ANALYSIS|MODEL]|ANALYSIS|MODEL]",
  .summary = "explain a command", .run = run,
};
