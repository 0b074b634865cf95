/* main.c: finds the command in the table and turns its status into an exit code. */
#include <stdio.h>

#include "meso_cli.h"

int main(void)
{
  for (size_t i = 0; i < meso_command_count(); i++)
    printf("  %-12s %s\n", meso_command_at(i)->name, meso_command_at(i)->summary);
  return 2;
}
