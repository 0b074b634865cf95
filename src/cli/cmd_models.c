/* cmd_models.c: lists neuron models, forward models, analyses and figures. */
#include <stdio.h>

#include "cli_answer.h"
#include "meso_analysis.h"
#include "meso_forward.h"
#include "meso_neuron.h"
#include "meso_plot.h"

static void head(const meso_cli *cli, const char *text)
{
  if (!cli->json) printf("%s:\n", text);
}

static void list(const meso_cli *cli, const char *key, const char *name, const char *summary)
{
  mesoi_answer_append(cli, key, json_pack("{s:s, s:s}", "name", name, "summary", summary));
  if (!cli->json) printf("  %-20s %s\n", name, summary);
}

/** Name, and what can be recorded. */
static void list_neuron_model(const meso_cli *cli, const meso_neuron_ops *ops)
{
  json_t *records = json_array();
  if (!cli->json)
    printf("  %-20s %s; weights in %s; records", ops->name, ops->summary, ops->weight_unit);
  for (const meso_neuron_recordable *r = ops->recordables; r->name != NULL; r++) {
    (void) json_array_append_new(records, json_string(r->name));
    if (!cli->json) printf("%s %s", r == ops->recordables ? "" : ",", r->name);
  }
  if (!cli->json) printf("\n");
  mesoi_answer_append(cli, "neuron_models",
                      json_pack("{s:s, s:s, s:s, s:o}", "name", ops->name, "summary", ops->summary,
                                "weight_unit", ops->weight_unit, "records", records));
}

static meso_status run(const meso_cli *cli, meso_err *err)
{
  if (cli->n_args > 0)
    return meso_err_set(err, MESO_EUSAGE, __FILE__, __LINE__, "models: unexpected argument %s",
                        cli->args[0]);
  head(cli, "neuron models (explicit networks)");
  for (size_t i = 0; i < meso_neuron_count(); i++) list_neuron_model(cli, meso_neuron_at(i));
  head(cli, "forward models");
  for (size_t i = 0; i < meso_forward_count(); i++)
    list(cli, "forward_models", meso_forward_at(i)->name, meso_forward_at(i)->summary);
  head(cli, "analyses");
  for (size_t i = 0; i < meso_analysis_count(); i++)
    list(cli, "analyses", meso_analysis_at(i)->name, meso_analysis_at(i)->summary);
  head(cli, "figures");
  for (size_t i = 0; i < meso_figure_count(); i++)
    list(cli, "figures", meso_figure_at(i)->name, meso_figure_at(i)->title);
  return MESO_OK;
}

const meso_command meso_cmd_models = {
  .name = "models", .usage = "models", .run = run,
  .summary = "list neuron models, forward models, analyses, figures",
};
