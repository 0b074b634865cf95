/* cmd_models.c: lists neuron models, forward models, analyses and figures. */
#include <stdio.h>

#include "meso_analysis.h"
#include "meso_cli.h"
#include "meso_forward.h"
#include "meso_neuron.h"
#include "meso_plot.h"

/** Name, and what can be recorded. */
static void print_neuron_model(const meso_neuron_ops *ops)
{
  printf("  %-20s %s; weights in %s; records", ops->name, ops->summary, ops->weight_unit);
  for (const meso_neuron_recordable *r = ops->recordables; r->name != NULL; r++)
    printf("%s %s", r == ops->recordables ? "" : ",", r->name);
  printf("\n");
}

static meso_status run(const meso_cli *cli, meso_err *err)
{
  if (cli->n_args > 0)
    return meso_err_set(err, MESO_EUSAGE, __FILE__, __LINE__, "models: unexpected argument %s",
                        cli->args[0]);
  printf("neuron models (explicit networks):\n");
  for (size_t i = 0; i < meso_neuron_count(); i++) print_neuron_model(meso_neuron_at(i));
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
  .summary = "list neuron models, forward models, analyses, figures",
};
