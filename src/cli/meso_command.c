/* meso_command.c: looks entries up in the list that the Makefile's rows generate. */
#include "meso_cli.h"

#include <string.h>

#define MESO_CMD(id) extern const meso_command meso_cmd_##id;
#include "meso_cmd_list.inc"
#undef MESO_CMD

static const meso_command *const command_table[] = {
#define MESO_CMD(id) &meso_cmd_##id,
#include "meso_cmd_list.inc"
#undef MESO_CMD
  NULL
};

size_t meso_command_count(void) { return sizeof command_table / sizeof command_table[0] - 1; }

const meso_command *meso_command_at(size_t i)
{
  return i < meso_command_count() ? command_table[i] : NULL;
}

const meso_command *meso_command_by_name(const char *name)
{
  for (size_t i = 0; i < meso_command_count(); i++)
    if (strcmp(command_table[i]->name, name) == 0) return command_table[i];
  return NULL;
}
