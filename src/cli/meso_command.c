/* meso_command.c: looks entries up in the list that the Makefile's rows generate. */
#include "meso_cli.h"

#include "meso_registry.h"

#define MESO_CMD(id) extern const meso_command meso_cmd_##id;
#include "meso_cmd_list.inc"
#undef MESO_CMD

static const meso_command *const command_table[] = {
#define MESO_CMD(id) &meso_cmd_##id,
#include "meso_cmd_list.inc"
#undef MESO_CMD
  NULL
};

MESO_REGISTRY(meso_command, meso_command, command_table)
