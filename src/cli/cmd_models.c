/* cmd_models.c: lists all that is there by name: neuron models, conductors, heads, analyses ... */
#include <math.h>
#include <stdio.h>

#include "cli_answer.h"
#include "meso_analysis.h"
#include "meso_conductor.h"
#include "meso_format.h"
#include "meso_forward.h"
#include "meso_head.h"
#include "meso_neuron.h"
#include "meso_plot.h"
#include "meso_surrogate.h"

static void head(const meso_cli *cli, const char *text)
{
  if (!cli->json) printf("%s:\n", text);
}

static void list(const meso_cli *cli, const char *key, const char *name, const char *summary)
{
  mesoi_answer_append(cli, key, json_pack("{s:s, s:s}", "name", name, "summary", summary));
  if (!cli->json) printf("  %-20s %s\n", name, summary);
}

/** With the source and the value that was computed independently, if there is one. */
static void list_forward_model(const meso_cli *cli, const meso_forward_ops *ops)
{
  const meso_forward_check *c = &ops->check;
  json_t *entry = json_pack("{s:s, s:s}", "name", ops->name, "summary", ops->summary);
  if (!cli->json) printf("  %-20s %s", ops->name, ops->summary);
  if (ops->doi != NULL) {
    (void) json_object_set_new(entry, "doi", json_string(ops->doi));
    if (!cli->json) printf(", doi %s", ops->doi);
  }
  if (c->n_channels > 0) {
    (void) json_object_set_new(entry, "check", json_pack(
      "{s:f, s:f, s:f, s:o}", "drive", c->drive, "on_s", c->on_s, "peak", c->peak, "peak_s",
      mesoi_json_number(c->peak_s)));
    if (!cli->json)
      printf("\n  %-20s checked: a drive of %g for %g s gives %.4g %%", "", c->drive, c->on_s,
             100 * c->peak);
    if (!cli->json && isfinite(c->peak_s)) printf(" after %.4g s", c->peak_s);
  }
  if (!cli->json) printf("\n");
  mesoi_answer_append(cli, "forward_models", entry);
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

/** Name, unit and keys. */
static void list_conductor(const meso_cli *cli, const meso_conductor_ops *ops)
{
  const char *unit = ops->unit != NULL ? ops->unit : "that of what it wraps";
  json_t *keys = json_array();
  if (!cli->json) printf("  %-20s %s; in %s", ops->name, ops->summary, unit);
  for (const meso_param *r = ops->params; r->key != NULL; r++) {
    (void) json_array_append_new(keys, json_string(r->key));
    if (!cli->json) printf("%s %s", r == ops->params ? "; keys" : ",", r->key);
  }
  if (!cli->json) printf("\n");
  mesoi_answer_append(cli, "volume_conductors",
                      json_pack("{s:s, s:s, s:s, s:o}", "name", ops->name, "summary", ops->summary,
                                "unit", unit, "keys", keys));
}

static meso_status run(const meso_cli *cli, meso_err *err)
{
  if (cli->n_args > 0)
    return meso_err_set(err, MESO_EUSAGE, __FILE__, __LINE__, "models: unexpected argument %s",
                        cli->args[0]);
  head(cli, "neuron models (explicit networks)");
  for (size_t i = 0; i < meso_neuron_count(); i++) list_neuron_model(cli, meso_neuron_at(i));
  head(cli, "volume conductors");
  for (size_t i = 0; i < meso_conductor_count(); i++) list_conductor(cli, meso_conductor_at(i));
  head(cli, "heads (EEG and MEG)");
  for (size_t i = 0; i < meso_head_count(); i++)
    list(cli, "heads", meso_head_at(i)->name, meso_head_at(i)->summary);
  head(cli, "forward models");
  for (size_t i = 0; i < meso_forward_count(); i++)
    list_forward_model(cli, meso_forward_at(i));
  head(cli, "analyses");
  for (size_t i = 0; i < meso_analysis_count(); i++)
    list(cli, "analyses", meso_analysis_at(i)->name, meso_analysis_at(i)->summary);
  head(cli, "surrogates");
  for (size_t i = 0; i < meso_surrogate_count(); i++)
    list(cli, "surrogates", meso_surrogate_at(i)->name, meso_surrogate_at(i)->summary);
  head(cli, "figures");
  for (size_t i = 0; i < meso_figure_count(); i++)
    list(cli, "figures", meso_figure_at(i)->name, meso_figure_at(i)->title);
  head(cli, "file formats of networks and spikes (mesocast convert)");
  for (size_t i = 0; i < meso_format_count(); i++)
    list(cli, "formats", meso_format_at(i)->name, meso_format_at(i)->summary);
  return MESO_OK;
}

const meso_command meso_cmd_models = {
  .name = "models", .usage = "models", .run = run,
  .summary = "list neuron and forward models, volume conductors, heads, analyses, surrogates, "
             "figures, formats",
};
