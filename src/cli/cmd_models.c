/* cmd_models.c: lists forward models, analyses and figures. */
#include <stdio.h>

#include "meso_analysis.h"
#include "meso_cli.h"
#include "meso_forward.h"
#include "meso_plot.h"

static meso_status run(const meso_cli *cli, meso_err *err)
{
  if (cli->n_args > 0)
    return meso_err_set(err, MESO_EUSAGE, __FILE__, __LINE__, "models: unexpected argument %s",
                        cli->args[0]);
  printf("forward models:\n");
  for (size_t i = 0; i < meso_forward_count(); i++)
    printf("  %-20s %s\n", meso_forward_at(i)->name, meso_forward_at(i)->summary);
  printf("analyses:\n");
  for (size_t i = 0; i < meso_analysis_count(); i++)
    printf("  %-20s %s\n", meso_analysis_at(i)->name, meso_analysis_at(i)->summary);
  printf("figures:\n");
  for (size_t i = 0; i < meso_figure_count(); i++)
    printf("  %-20s %s\n", meso_figure_at(i)->name, meso_figure_at(i)->title);
  return MESO_OK;
}

const meso_command meso_cmd_models = {
  .name = "models", .usage = "models", .run = run,
  .summary = "list forward models, analyses and figures",
};
