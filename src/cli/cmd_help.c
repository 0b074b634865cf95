/* cmd_help.c: what the program can do. */
#include <stdio.h>

#include "cli_options.h"

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
         "  --quiet --json --progress --version --help\n"
         "\nmesocast help COMMAND tells more.\n");
}

static meso_status run(const meso_cli *cli, meso_err *err)
{
  meso_status status = MESO_OK;
  if (cli->n_args == 0) {
    print_overview();
    goto cleanup;
  }
  const meso_command *command = meso_command_by_name(cli->args[0]);
  if (command == NULL)
    MESO_FAIL(err, MESO_EUSAGE, "help: unknown command %s (see mesocast help)", cli->args[0]);
  printf("usage: mesocast %s\n%s\n", command->usage, command->summary);
  mesoi_options_print(command->params);
cleanup:
  return status;
}

const meso_command meso_cmd_help = {
  .name = "help", .usage = "help [COMMAND]", .summary = "explain a command", .run = run,
};
