/* info_model.c: what a model file says: populations, projections with their rules, input. In the
 * order of the tables of Nordlie et al. 2009, doi 10.1371/journal.pcbi.1000456. */
#include "info_model.h"

#include <stdio.h>
#include <string.h>

#include "cli_answer.h"
#include "meso_distribution.h"
#include "meso_rule.h"
#include "meso_space.h"

static json_t *population_json(const meso_population *p)
{
  static const char *const type[] = {"excitatory", "inhibitory"};
  static const char *const model[] = {"iaf_psc_exp", "poisson"};
  return json_pack("{s:s, s:I, s:s, s:s, s:s, s:o, s:o}", "name", p->name, "size",
                   (json_int_t) p->size, "type", type[p->sign], "model", model[p->model], "layer",
                   p->layer, "background_rate_Hz", mesoi_json_number(p->background_rate_Hz),
                   "I_dc_pA", mesoi_json_number(p->I_dc_pA));
}

/** What a rule fixes, by its unit. */
static const char *const number_name[] = {
  [MESO_PER_PROJECTION] = "n_synapses", [MESO_PER_TARGET] = "indegree",
  [MESO_PER_SOURCE] = "outdegree", [MESO_PER_PAIR] = "probability"};

/** What depends on distance, where something does. */
static void add_distances(const meso_projection *p, json_t *item)
{
  static const char *const profile[] = {
    [MESO_PROFILE_NONE] = "none", [MESO_PROFILE_EXPONENTIAL] = "exponential",
    [MESO_PROFILE_GAUSSIAN] = "gaussian"};
  if (!meso_space_matters(p) && !(p->delay_ms_per_um > 0)) return;
  (void) json_object_set_new(item, "profile", json_string(profile[p->profile]));
  (void) json_object_set_new(item, "profile_length_um", mesoi_json_number(p->profile_length_um));
  (void) json_object_set_new(item, "mask_radius_um", mesoi_json_number(p->mask_radius_um));
  (void) json_object_set_new(item, "delay_ms_per_um", mesoi_json_number(p->delay_ms_per_um));
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
    (void) json_object_set_new(item, number_name[rule->unit], mesoi_json_number(p->rule_number));
  const bool spread[] = {p->weight_distribution != MESO_DISTRIBUTION_constant,
                         p->delay_distribution != MESO_DISTRIBUTION_constant};
  (void) json_object_set_new(item, "weight_sd_pA",
                             mesoi_json_number(spread[0] ? p->weight_sd_pA : 0));
  (void) json_object_set_new(item, "delay_sd_ms",
                             mesoi_json_number(spread[1] ? p->delay_sd_ms : 0));
  add_distances(p, item);
  return item;
}

static void print_populations(const meso_model *m)
{
  for (size_t i = 0; i < m->n_populations; i++) {
    const meso_population *p = &m->population[i];
    printf("  %-12s %8lld neurons, %s, %s", p->name, (long long) p->size,
           p->sign == MESO_EXCITATORY ? "excitatory" : "inhibitory",
           p->model == MESO_NEURON_POISSON ? "poisson" : "iaf_psc_exp");
    if (p->background_rate_Hz > 0)
      printf(", background %g spikes/s of %.4g pA", p->background_rate_Hz,
             p->background_weight_pA);
    if (p->I_dc_pA != 0) printf(", %.4g pA constant", p->I_dc_pA);
    printf("\n");
  }
}

static void print_spread(const char *what, const meso_distribution_ops *d, double mean, double sd,
                         const char *unit)
{
  printf("; %s %s %.4g", what, d->name, mean);
  if (strcmp(d->name, "constant") != 0) printf(" +- %.4g", sd);
  printf(" %s", unit);
}

static void print_projection(const meso_projection *p)
{
  const meso_rule_ops *rule = meso_rule_at(p->rule);
  printf("  %s -> %s: %s", p->source_name, p->target_name, rule->name);
  if (rule->keys[0] != NULL) printf(", %s %.10g", number_name[rule->unit], p->rule_number);
  if (meso_rule_excludes_self(p)) printf(", no autapses");
  if (!p->allow_multapses) printf(", no multapses");
  if (p->profile != MESO_PROFILE_NONE)
    printf(", %s of %g um", p->profile == MESO_PROFILE_GAUSSIAN ? "gaussian" : "exponential",
           p->profile_length_um);
  if (p->mask_radius_um > 0) printf(", mask of %g um", p->mask_radius_um);
  print_spread("weight", meso_distribution_at(p->weight_distribution, p->weight_sd_pA),
               p->weight_pA, p->weight_sd_pA, "pA");
  print_spread("delay", meso_distribution_at(p->delay_distribution, p->delay_sd_ms),
               p->delay_mean_ms, p->delay_sd_ms, "ms");
  if (p->delay_ms_per_um > 0) printf(" + %g ms/um", p->delay_ms_per_um);
  printf("\n");
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
  if (cli->json) goto cleanup;
  printf("%s: model %s, %lld neurons, %llu synapses\n", path, m->name, (long long) m->n_neurons,
         (unsigned long long) m->n_synapses);
  print_populations(m);
  for (size_t i = 0; i < m->n_projections; i++) print_projection(&m->projection[i]);
cleanup:
  meso_model_destroy(m);
  return status;
}
