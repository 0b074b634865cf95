/* info_model.c: what a model file says: populations, projections with their rules, input. In the
 * order of the tables of Nordlie et al. 2009, doi 10.1371/journal.pcbi.1000456. */
#include "info_model.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli_answer.h"
#include "meso_description.h"
#include "meso_distribution.h"
#include "meso_probe.h"
#include "meso_io.h"
#include "meso_rule.h"
#include "meso_space.h"

static json_t *population_json(const meso_population *p)
{
  static const char *const type[] = {"excitatory", "inhibitory"};
  const meso_neuron_ops *ops = meso_population_ops(p);
  return json_pack("{s:s, s:I, s:s, s:s, s:s, s:o, s:o}", "name", p->name, "size",
                   (json_int_t) p->size, "type", type[p->sign], "model",
                   ops != NULL ? ops->name : "poisson", "layer", p->layer,
                   "background_rate_Hz", mesoi_json_number(p->background_rate_Hz),
                   "I_dc_pA", mesoi_json_number(p->I_dc_pA));
}

/** What depends on distance, where something does. */
static void add_distances(const meso_projection *p, json_t *item)
{
  if (!meso_space_matters(p) && !(p->delay_ms_per_um > 0) && p->PSP_mV_per_um == 0) return;
  (void) json_object_set_new(item, "profile", json_string(meso_space_profile_name[p->profile]));
  (void) json_object_set_new(item, "profile_length_um", mesoi_json_number(p->profile_length_um));
  (void) json_object_set_new(item, "mask_radius_um", mesoi_json_number(p->mask_radius_um));
  (void) json_object_set_new(item, "delay_ms_per_um", mesoi_json_number(p->delay_ms_per_um));
  (void) json_object_set_new(item, "PSP_mV_per_um", mesoi_json_number(p->PSP_mV_per_um));
}

static json_t *projection_json(const meso_projection *p)
{
  const meso_rule_ops *rule = meso_rule_at(p->rule);
  const meso_distribution_ops *weight =
    meso_distribution_at(p->weight_distribution, p->weight_sd_pA);
  const meso_distribution_ops *delay = meso_distribution_at(p->delay_distribution, p->delay_sd_ms);
  json_t *item = json_pack(
    "{s:s, s:s, s:s, s:b, s:b, s:I, s:s, s:o, s:s, s:o}", "source", p->source_name, "target",
    p->target_name, "rule", rule->name, "allow_autapses", (int) p->allow_autapses,
    "allow_multapses", (int) p->allow_multapses, "n_synapses", (json_int_t) p->n_synapses,
    "weight_distribution", weight->name, "weight_pA", mesoi_json_number(p->weight_pA),
    "delay_distribution", delay->name, "delay_mean_ms", mesoi_json_number(p->delay_mean_ms));
  if (rule->unit != MESO_PER_PROJECTION)
    (void) json_object_set_new(item, meso_rule_number_name[rule->unit],
                               mesoi_json_number(p->rule_number));
  const bool spread[] = {p->weight_distribution != MESO_DISTRIBUTION_constant,
                         p->delay_distribution != MESO_DISTRIBUTION_constant};
  (void) json_object_set_new(item, "weight_unit", json_string(p->weight_unit));
  (void) json_object_set_new(item, "weight_sd_pA",
                             mesoi_json_number(spread[0] ? p->weight_sd_pA : 0));
  (void) json_object_set_new(item, "delay_sd_ms",
                             mesoi_json_number(spread[1] ? p->delay_sd_ms : 0));
  if (p->list != NULL) (void) json_object_set_new(item, "file", json_string(p->list_file));
  add_distances(p, item);
  return item;
}

static void print_populations(const meso_model *m)
{
  for (size_t i = 0; i < m->n_populations; i++) {
    const meso_population *p = &m->population[i];
    const meso_neuron_ops *ops = meso_population_ops(p);
    printf("  %-12s %8lld neurons, %s, %s", p->name, (long long) p->size,
           p->sign == MESO_EXCITATORY ? "excitatory" : "inhibitory",
           ops == NULL ? "poisson" : ops->name);
    if (p->background_rate_Hz > 0)
      printf(", background %g spikes/s of %.4g %s", p->background_rate_Hz,
             p->background_weight_pA, ops->weight_unit);
    if (p->I_dc_pA != 0) printf(", %.4g pA constant", p->I_dc_pA);
    printf("\n");
  }
}

static void print_projection(const meso_projection *p)
{
  char rule[256], weight[128], delay[128];
  meso_describe_rule(p, rule, sizeof rule);
  meso_describe_weight(p, weight, sizeof weight);
  meso_describe_delay(p, delay, sizeof delay);
  printf("  %s -> %s: %s; weight %s; delay %s\n", p->source_name, p->target_name, rule, weight,
         delay);
}

/* ---- tables -------------------------------------------------------------------------------- */

/** Format by the ending of a file; none: Markdown. */
static meso_status choose_format(const char *output, meso_text_format *format, meso_err *err)
{
  meso_status status = MESO_OK;
  static const char *const ending[] = {
    [MESO_TEXT_MARKDOWN] = ".md", [MESO_TEXT_TEX] = ".tex", [MESO_TEXT_HTML] = ".html"};
  const char *dot = output != NULL ? strrchr(output, '.') : ending[MESO_TEXT_MARKDOWN];
  for (int f = MESO_TEXT_MARKDOWN; dot != NULL && f <= MESO_TEXT_HTML; f++) {
    if (strcmp(dot, ending[f]) != 0) continue;
    *format = (meso_text_format) f;
    goto cleanup;
  }
  MESO_FAIL(err, MESO_EUSAGE, "info: -o %s: must end in .md, .tex or .html", output);
cleanup:
  return status;
}

static json_t *table_json(const meso_table *t)
{
  json_t *item = json_pack("{s:s, s:[], s:[]}", "title", t->title, "columns", "rows");
  for (size_t r = 0; r <= t->n_rows; r++) {
    json_t *row = json_array();
    for (size_t c = 0; c < t->n_columns; c++)
      (void) json_array_append_new(row, json_string(t->cell[r * t->n_columns + c].text));
    if (r == 0) (void) json_object_set_new(item, "columns", row);
    else (void) json_array_append_new(json_object_get(item, "rows"), row);
  }
  return item;
}

meso_status mesoi_info_tables(const meso_cli *cli, const char *path, meso_err *err)
{
  meso_status status = MESO_OK;
  meso_model *m = NULL;
  meso_description *d = NULL;
  meso_text_format format = MESO_TEXT_MARKDOWN;
  char *text = NULL;
  MESO_TRY(choose_format(cli->output, &format, err));
  MESO_TRY(meso_model_read(path, cli->n_sets, cli->sets, &m, err));
  MESO_TRY(meso_describe(m, &d, err));
  text = meso_description_text(d, format);
  if (text == NULL) MESO_FAIL(err, MESO_ENOMEM, "cannot hold the tables of %s", path);
  mesoi_answer_text(cli, "file", path);
  mesoi_answer_text(cli, "kind", "model");
  mesoi_answer_text(cli, "name", m->name);
  for (size_t i = 0; i < d->n; i++) mesoi_answer_append(cli, "tables", table_json(&d->table[i]));
  if (cli->output != NULL) {
    MESO_TRY(meso_file_write(cli->output, text, strlen(text), err));
    mesoi_answer_output(cli, cli->output);
  } else if (!cli->json) fputs(text, stdout);
cleanup:
  free(text);
  meso_description_destroy(d);
  meso_model_destroy(m);
  return status;
}

/* ---- all of it ----------------------------------------------------------------------------- */

/** The box that all contacts are in. */
typedef struct extent { double low[3], high[3]; } extent;

static extent probe_extent(const meso_points *contacts)
{
  extent e = {{INFINITY, INFINITY, INFINITY}, {-INFINITY, -INFINITY, -INFINITY}};
  for (size_t i = 0; i < 3 * contacts->n; i++) {
    e.low[i % 3] = fmin(e.low[i % 3], contacts->xyz_um[i]);
    e.high[i % 3] = fmax(e.high[i % 3], contacts->xyz_um[i]);
  }
  return e;
}

static const char *const contact_shape[] = {
  [MESO_CONTACT_POINT] = "point", [MESO_CONTACT_CIRCLE] = "circle",
  [MESO_CONTACT_SQUARE] = "square"};

static json_t *probe_json(const meso_probe_params *p)
{
  const meso_layout_ops *layout = meso_layout_at(p->layout);
  json_t *contacts = json_array();
  for (size_t i = 0; i < p->contacts.n; i++)
    (void) json_array_append_new(contacts, json_pack("[f, f, f]", p->contacts.xyz_um[3 * i],
                                                     p->contacts.xyz_um[3 * i + 1],
                                                     p->contacts.xyz_um[3 * i + 2]));
  return json_pack("{s:s, s:s, s:I, s:s, s:o, s:o}", "layout", layout->name, "summary",
                   layout->summary, "n_contacts", (json_int_t) p->contacts.n, "contact_shape",
                   contact_shape[p->contact_shape], "sigma_S_per_m",
                   mesoi_json_number(p->sigma_S_per_m), "contacts_um", contacts);
}

static void print_probe(const meso_probe_params *p)
{
  static const char axis[] = "xyz";
  const extent e = probe_extent(&p->contacts);
  printf("  probe %s: %zu contacts (%s", meso_layout_at(p->layout)->name, p->contacts.n,
         contact_shape[p->contact_shape]);
  if (p->contact_shape == MESO_CONTACT_CIRCLE) printf(", radius %g um", p->contact_radius_um);
  if (p->contact_shape == MESO_CONTACT_SQUARE) printf(", side %g um", p->contact_side_um);
  printf(")");
  for (int k = 0; k < 3; k++)
    if (e.low[k] < e.high[k]) printf(", %c %g to %g um", axis[k], e.low[k], e.high[k]);
    else printf(", %c %g um", axis[k], e.low[k]);
  printf("; tissue of %g S/m\n", p->sigma_S_per_m);
}

meso_status mesoi_info_model(const meso_cli *cli, const char *path, meso_err *err)
{
  meso_status status = MESO_OK;
  meso_model *m = NULL;
  MESO_TRY(meso_model_read(path, cli->n_sets, cli->sets, &m, err));
  mesoi_answer_text(cli, "file", path);
  mesoi_answer_text(cli, "kind", "model");
  mesoi_answer_text(cli, "name", m->name);
  mesoi_answer_count(cli, "n_neurons", (uint64_t) m->n_neurons);
  mesoi_answer_count(cli, "n_synapses", m->n_synapses);
  for (size_t i = 0; i < m->n_populations; i++)
    mesoi_answer_append(cli, "populations", population_json(&m->population[i]));
  for (size_t i = 0; i < m->n_projections; i++)
    mesoi_answer_append(cli, "projections", projection_json(&m->projection[i]));
  if (m->n_cell_types > 0) mesoi_answer_put(cli, "probe", probe_json(&m->probe));
  if (cli->json) goto cleanup;
  printf("%s: model %s, %lld neurons, %llu synapses\n", path, m->name, (long long) m->n_neurons,
         (unsigned long long) m->n_synapses);
  print_populations(m);
  for (size_t i = 0; i < m->n_projections; i++) print_projection(&m->projection[i]);
  if (m->n_cell_types > 0) print_probe(&m->probe);
cleanup:
  meso_model_destroy(m);
  return status;
}
