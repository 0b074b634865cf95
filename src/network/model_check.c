/* model_check.c: checks across the keys of a model file; names become indices. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "meso_distribution.h"
#include "meso_io.h"
#include "meso_probe.h"
#include "meso_rule.h"
#include "meso_space.h"
#include "meso_wiring.h"
#include "model_internal.h"

enum { MAX_ENTRIES = 4096 }; /* of a list; the checks compare all pairs */

#define REFUSE(section, i, key, message) \
  MESO_TRY(mesoi_refuse(model, root, section, i, key, message, err))

static bool is_plain_name(const char *name)
{
  size_t n = strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_()+-");
  return n > 0 && n <= 60 && name[n] == '\0';
}

/* Names of a list: plain, and each only once. */
static meso_status check_names(const meso_model *model, const mesoi_node *root, const char *path,
                               meso_err *err)
{
  meso_status status = MESO_OK;
  const meso_model_section *section = mesoi_section(path);
  const size_t n = mesoi_section_count(model, section), at = section->rows[0].offset;
  if (n > MAX_ENTRIES)
    MESO_FAIL(err, MESO_ERANGE, "%s: %s: has %zu entries; at most %d are possible", model->path,
              path, n, (int) MAX_ENTRIES);
  for (size_t i = 0; i < n; i++) {
    const char *name = *(char **) ((char *) mesoi_section_object(model, section, i) + at);
    if (!is_plain_name(name))
      REFUSE(path, i, "name", "must be 1 to 60 letters, digits or any of _ ( ) + -");
    for (size_t j = 0; j < i; j++)
      if (strcmp(*(char **) ((char *) mesoi_section_object(model, section, j) + at), name) == 0)
        REFUSE(path, i, "name", "this name is already taken");
  }
cleanup:
  return status;
}

static meso_status check_times(const meso_model *model, const mesoi_node *root, meso_err *err)
{
  meso_status status = MESO_OK;
  const double steps = model->simulation.duration_ms / model->simulation.dt_ms;
  const double per_sample = 1000 / (model->lfp.output_rate_Hz * model->lfp.kernel_dt_ms);
  const meso_schedule *s = &model->thalamus;
  if (fabs(steps - rint(steps)) > 1e-6 || rint(steps) < 1)
    REFUSE("simulation", 0, "duration_ms", "must be a multiple of simulation.dt_ms");
  if ((s->kind == MESO_SCHEDULE_PULSES || s->kind == MESO_SCHEDULE_BLOCKS) &&
      s->on_ms > s->period_ms)
    REFUSE("thalamus", 0, "on_ms", "must not be longer than thalamus.period_ms");
  if (model->background.kind == MESO_BACKGROUND_POISSON &&
      model->background.delay_ms < model->simulation.dt_ms)
    REFUSE("background", 0, "delay_ms", "must be at least simulation.dt_ms");
  if (model->bold.baseline_stop_s <= model->bold.baseline_start_s)
    REFUSE("bold", 0, "baseline_stop_s", "must be greater than bold.baseline_start_s");
  if (model->bold.TR_s < model->bold.dt_s * (1 - 1e-9))
    REFUSE("bold", 0, "TR_s", "must not be shorter than bold.dt_s");
  if (per_sample < 1 - 1e-9 || fabs(per_sample - round(per_sample)) > 1e-6 * per_sample)
    REFUSE("lfp", 0, "output_rate_Hz", "the time between samples must be a whole number of "
           "lfp.kernel_dt_ms");
cleanup:
  return status;
}

static meso_status check_ensemble(const meso_model *model, const mesoi_node *root, meso_err *err)
{
  meso_status status = MESO_OK;
  if (model->lfp.ensemble == 1)
    REFUSE("lfp", 0, "ensemble", "must be 0 or at least 2: one member has no spread");
  if (model->lfp.ensemble > 0 && model->lfp.method != MESO_LFP_NEURON)
    REFUSE("lfp", 0, "ensemble", "needs lfp.method = neuron");
cleanup:
  return status;
}

/* Does any contact lie within the layers, or no farther from them than the column is wide? */
static bool sees_the_column(const meso_model *model)
{
  const meso_points *contacts = &model->probe.contacts;
  double top = -INFINITY, bottom = INFINITY;
  for (size_t i = 0; i < model->n_layers; i++) {
    top = fmax(top, model->layer[i].z_top_um + model->lfp.radius_um);
    bottom = fmin(bottom, model->layer[i].z_bottom_um - model->lfp.radius_um);
  }
  bool any = model->n_layers == 0;
  for (size_t k = 0; k < contacts->n && !any; k++)
    any = contacts->xyz_um[3 * k + 2] <= top && contacts->xyz_um[3 * k + 2] >= bottom;
  return any;
}

static bool is_key(const char *const *keys, const char *key)
{
  for (; *keys != NULL; keys++)
    if (strcmp(*keys, key) == 0) return true;
  return false;
}

/* What only another layout takes must be as if it were not there. */
static meso_status check_keys_of_layout(const meso_model *model, const mesoi_node *root,
                                        meso_err *err)
{
  meso_status status = MESO_OK;
  const meso_layout_ops *own = meso_layout_at(model->probe.layout);
  char message[160], *text = NULL;
  for (int k = 0; k < MESO_N_LAYOUTS; k++)
    for (const char *const *key = meso_layout_at(k)->keys; *key != NULL; key++) {
      if (is_key(own->keys, *key)) continue;
      const meso_param *row = meso_param_find(mesoi_section("probe")->rows, *key);
      text = meso_param_format(row, &model->probe);
      if (text == NULL) MESO_FAIL(err, MESO_ENOMEM, "cannot format a key");
      snprintf(message, sizeof message, "layout %s does not take it", own->name);
      if (strcmp(text, row->default_text) != 0) REFUSE("probe", 0, *key, message);
      free(text);
      text = NULL;
    }
cleanup:
  free(text);
  return status;
}

/* Reads the table of contacts, which lies beside the model file, into contacts_um. */
static meso_status read_contacts(meso_model *model, meso_err *err)
{
  meso_status status = MESO_OK;
  meso_probe_params *probe = &model->probe;
  meso_points points = {0};
  char *path = mesoi_beside_model(model, probe->contacts_file);
  if (path == NULL) MESO_FAIL(err, MESO_ENOMEM, "cannot hold the name of a file");
  MESO_TRY(meso_points_read(path, &points, err));
  free(probe->contacts_um.v);
  probe->contacts_um = (meso_doubles) {3 * points.n, points.xyz_um};
  probe->contacts.name = points.name; /* the places themselves follow from the layout */
  probe->contacts.n = points.n;
  points = (meso_points) {0};
cleanup:
  free(path);
  return status;
}

static meso_status place_contacts(meso_model *model, const mesoi_node *root, meso_err *err)
{
  meso_status status = MESO_OK;
  meso_probe_params *probe = &model->probe;
  const meso_layout_ops *layout = meso_layout_at(probe->layout);
  if (probe->layout == MESO_LAYOUT_list) {
    const bool has_file = probe->contacts_file[0] != '\0';
    if (has_file == (probe->contacts_um.n > 0))
      REFUSE("probe", 0, "layout", "needs contacts_um or contacts_file, one of them");
    if (has_file) MESO_TRY(read_contacts(model, err));
    if (probe->contacts_um.n % 3 != 0)
      REFUSE("probe", 0, "contacts_um", "must have three numbers, x, y and z, for each contact");
  }
  const double n = layout->count(probe);
  if (!(n >= 1 && n <= MESO_MAX_CONTACTS))
    REFUSE("probe", 0, probe->layout == MESO_LAYOUT_grid ? "n_columns" : "layout",
           "makes too many contacts: at most 100000 are possible");
  MESO_ALLOC(err, probe->contacts.xyz_um, 3 * (size_t) n);
  probe->contacts.n = (size_t) n;
  layout->place(probe, probe->contacts.xyz_um);
cleanup:
  return status;
}

static meso_status check_probe(meso_model *model, const mesoi_node *root, meso_err *err)
{
  meso_status status = MESO_OK;
  const meso_doubles *normal = &model->probe.contact_normal;
  MESO_TRY(check_keys_of_layout(model, root, err));
  MESO_TRY(place_contacts(model, root, err));
  if (normal->n != 3 || (normal->v[0] == 0 && normal->v[1] == 0 && normal->v[2] == 0))
    REFUSE("probe", 0, "contact_normal", "must be three numbers that are not all 0");
  if (!sees_the_column(model))
    REFUSE("probe", 0, "z_first_um", "no contact is within the layers or lfp.radius_um of them");
cleanup:
  return status;
}

static size_t find_layer(const meso_model *model, const char *name)
{
  for (size_t i = 0; i < model->n_layers; i++)
    if (strcmp(model->layer[i].name, name) == 0) return i;
  return (size_t) -1;
}

/* Weights are summed in steps of one unit. */
static meso_status check_weight_units(const meso_model *model, const mesoi_node *root,
                                      meso_err *err)
{
  meso_status status = MESO_OK;
  const meso_neuron_ops *first = NULL;
  char message[160];
  for (size_t i = 0; i < model->n_populations; i++) {
    const meso_neuron_ops *ops = meso_population_ops(&model->population[i]);
    if (first == NULL) first = ops;
    if (ops == NULL || strcmp(ops->weight_unit, first->weight_unit) == 0) continue;
    snprintf(message, sizeof message, "has weights in %s; those of %s, in %s, cannot be in the "
             "same network", ops->weight_unit, first->name, first->weight_unit);
    REFUSE("populations", i, "model", message);
  }
cleanup:
  return status;
}

static meso_status check_populations(meso_model *model, const mesoi_node *root, meso_err *err)
{
  meso_status status = MESO_OK;
  const char *wrong = NULL;
  if (model->n_populations == 0)
    MESO_FAIL(err, MESO_EINVAL, "%s: populations: must be 1 to %d of them", model->path,
              (int) MAX_ENTRIES);
  for (size_t i = 0; i < model->n_layers; i++)
    if (!(model->layer[i].z_bottom_um < model->layer[i].z_top_um))
      REFUSE("layers", i, "z_bottom_um", "must be below z_top_um (z points up)");
  for (size_t i = 0; i < model->n_populations; i++) {
    meso_population *p = &model->population[i];
    if (p->model == MESO_NEURON_POISSON) {
      if (p->K_ext > 0) REFUSE("populations", i, "K_ext", "must be 0: a source has no input");
      continue;
    }
    if (!(p->neuron.V_reset_mV < p->neuron.V_th_mV))
      REFUSE("populations", i, "V_reset_mV", "must be below V_th_mV");
    if (!(p->neuron.E_L_mV < p->neuron.V_th_mV))
      REFUSE("populations", i, "E_L_mV", "must be below V_th_mV");
    const char *const below_zero = mesoi_spread_below_zero(p);
    if (p->parameter_distribution == MESO_DISTRIBUTION_lognormal && below_zero != NULL) {
      char message[120];
      (void) snprintf(message, sizeof message, "cannot be lognormal: %s is not above 0",
                      below_zero);
      REFUSE("populations", i, "parameter_distribution", message);
    }
    MESO_TRY(mesoi_model_derive_synapses(p, &wrong, err));
    if (wrong != NULL) REFUSE("populations", i, "model", wrong);
    if (model->n_layers > 0 && find_layer(model, p->layer) == (size_t) -1)
      REFUSE("populations", i, "layer", "there is no such layer in layers");
  }
  MESO_TRY(check_weight_units(model, root, err));
cleanup:
  return status;
}

static meso_status check_distributions(const meso_model *model, const mesoi_node *root, size_t i,
                                       meso_err *err)
{
  meso_status status = MESO_OK;
  const meso_projection *p = &model->projection[i];
  const meso_distribution_ops *weight = meso_distribution_at(p->weight_distribution,
                                                             p->weight_rel_sd);
  const meso_distribution_ops *delay = meso_distribution_at(p->delay_distribution, p->delay_sd_ms);
  const double shortest_ms = 0.5 * model->simulation.dt_ms; /* shorter ones are drawn again */
  char message[160];
  if (p->weight_rel_sd > weight->max_rel_sd) {
    snprintf(message, sizeof message, "must be at most %g with weight_distribution %s",
             weight->max_rel_sd, weight->name);
    REFUSE("projections", i, "weight_rel_sd", message);
  }
  if (p->delay_truncation == MESO_REDRAW &&
      1 - delay->cdf(p->delay_mean_ms, p->delay_sd_ms, shortest_ms) < 0.01)
    REFUSE("projections", i, "delay_mean_ms", "almost no delay would reach half of "
           "simulation.dt_ms");
cleanup:
  return status;
}

/* Value of a key that some rule takes. */
static double rule_key(const meso_projection *p, const char *key)
{
  const meso_param *row = meso_param_find(mesoi_section("projections")->rows, key);
  const char *field = (const char *) p + row->offset;
  if (row->type == MESO_PARAM_STRING) return (*(char *const *) field)[0] != '\0';
  return row->type == MESO_PARAM_INT ? (double) *(const int64_t *) field : *(const double *) field;
}

static bool takes_key(const meso_rule_ops *rule, const char *key)
{
  for (const char *const *own = rule->keys; *own != NULL; own++)
    if (strcmp(*own, key) == 0) return true;
  return false;
}

/* A rule is given one of its keys, and none of another rule; 0 is as good as not given. */
static meso_status check_keys_of_rule(const meso_model *model, const mesoi_node *root, size_t i,
                                      meso_err *err)
{
  meso_status status = MESO_OK;
  const meso_projection *p = &model->projection[i];
  const meso_rule_ops *rule = meso_rule_at(p->rule);
  const mesoi_node *item = &mesoi_node_at(root, "projections")->child[i];
  size_t n_there = 0, n_given = 0;
  char message[160];
  for (int r = 0; r < MESO_N_RULES; r++)
    for (const char *const *key = meso_rule_at(r)->keys; *key != NULL; key++) {
      if (takes_key(rule, *key) || rule_key(p, *key) == 0) continue;
      snprintf(message, sizeof message, "rule %s does not take it", rule->name);
      REFUSE("projections", i, *key, message);
    }
  for (const char *const *key = rule->keys; *key != NULL; key++) {
    n_there += mesoi_node_find(item, *key) != NULL;
    n_given += rule_key(p, *key) != 0;
    snprintf(message, sizeof message, "%s already says how many", rule->keys[0]);
    if (n_given > 1) REFUSE("projections", i, *key, message);
  }
  if (rule->keys[0] != NULL && n_there == 0)
    MESO_FAIL(err, MESO_EINVAL, "%s: projections.%.60s->%.60s.%s%s%s: is missing; rule %s needs it",
              mesoi_node_place(item).text, p->source_name, p->target_name, rule->keys[0],
              rule->keys[1] != NULL ? " or " : "", rule->keys[1] != NULL ? rule->keys[1] : "",
              rule->name);
cleanup:
  return status;
}

/* Switches and numbers that the rule cannot follow. */
static meso_status check_switches(const meso_model *model, const mesoi_node *root, size_t i,
                                  meso_err *err)
{
  meso_status status = MESO_OK;
  const meso_projection *p = &model->projection[i];
  const meso_rule_ops *rule = meso_rule_at(p->rule);
  const mesoi_node *item = &mesoi_node_at(root, "projections")->child[i];
  char message[100];
  for (size_t k = 0; p->rule == MESO_RULE_list && k < 2; k++) {
    static const char *const key[] = {"allow_autapses", "allow_multapses"};
    if (mesoi_node_find(item, key[k]) != NULL)
      REFUSE("projections", i, key[k], "does not go with rule list: the file says it all");
  }
  snprintf(message, sizeof message, "rule %s makes none", rule->name);
  const bool is_given = mesoi_node_find(item, "allow_multapses") != NULL;
  if (is_given && p->allow_multapses && !rule->has_multapses)
    REFUSE("projections", i, "allow_multapses", message);
  if (p->probability == 1 && meso_rule_makes_multapses(p))
    REFUSE("projections", i, "probability", "must be below 1: with multapses no number of synapses "
           "connects every pair for certain");
cleanup:
  return status;
}

/* Whether there are as many different partners as the rule asks for. */
static meso_status check_room(const meso_model *model, const mesoi_node *root, size_t i,
                              meso_err *err)
{
  static const char *const partner[] = {"pairs", "sources", "targets", "synapses of a pair"};
  meso_status status = MESO_OK;
  const meso_projection *p = &model->projection[i];
  const meso_rule_ops *rule = meso_rule_at(p->rule);
  const double n_sources = (double) model->population[p->source].column_size;
  const double n_targets = (double) model->population[p->target].column_size;
  const double self = meso_rule_excludes_self(p) ? 1 : 0;
  const double most[] = {
    [MESO_PER_PROJECTION] = meso_rule_pairs(p, n_sources, n_targets),
    [MESO_PER_TARGET] = n_sources - self, [MESO_PER_SOURCE] = n_targets - self,
    [MESO_PER_PAIR] = 1};
  const double room = p->allow_multapses && rule->unit != MESO_PER_PAIR && most[rule->unit] > 0
                        ? INFINITY : most[rule->unit];
  char message[200];
  const char *key = rule->keys[0];
  if (key == NULL || !(p->rule_number > room)) goto cleanup;
  if (rule->keys[1] != NULL && rule_key(p, key) == 0) key = rule->keys[1];
  snprintf(message, sizeof message, "makes %.10g different %s necessary, with scaling; there %s "
           "%.10g", p->rule_number, partner[rule->unit], room == 1 ? "is" : "are", room);
  REFUSE("projections", i, key, message);
cleanup:
  return status;
}

/* What depends on distance needs places. */
static meso_status check_space(const meso_model *model, const mesoi_node *root, size_t i,
                               meso_err *err)
{
  meso_status status = MESO_OK;
  const meso_projection *p = &model->projection[i];
  const meso_rule_ops *rule = meso_rule_at(p->rule);
  const char *key = p->mask_radius_um > 0 ? "mask_radius_um" : "profile";
  if (meso_space_matters(p) && rule->near[p->allow_multapses] == NULL)
    REFUSE("projections", i, key, rule->not_near);
  if (meso_space_matters(p) && rule->unit != MESO_PER_PAIR && p->probability > 0)
    REFUSE("projections", i, "probability", "does not say how many synapses there are where the "
           "distance counts; give n_synapses");
  if (p->delay_ms_per_um > 0) key = "delay_ms_per_um";
  if (p->PSP_mV_per_um != 0) key = "PSP_mV_per_um";
  if ((meso_space_matters(p) || p->delay_ms_per_um > 0 || p->PSP_mV_per_um != 0) &&
      (model->population[p->source].positions == MESO_POSITIONS_NONE ||
       model->population[p->target].positions == MESO_POSITIONS_NONE))
    REFUSE("projections", i, key, "source and target need positions");
cleanup:
  return status;
}

/* Weights that depend on distance are not drawn as well, and keep their sign or become 0. */
static meso_status check_near_weights(const meso_model *model, const mesoi_node *root, size_t i,
                                      meso_err *err)
{
  meso_status status = MESO_OK;
  const meso_projection *p = &model->projection[i];
  const double reach_um = meso_space_reach_um(model, p);
  char message[160];
  if (p->PSP_mV_per_um == 0) goto cleanup;
  if (p->weight_distribution != MESO_DISTRIBUTION_constant)
    REFUSE("projections", i, "PSP_mV_per_um", "needs weight_distribution: constant");
  if (p->list != NULL && p->list->weight_pA != NULL)
    REFUSE("projections", i, "PSP_mV_per_um", "does not go with a list that has weights");
  if (p->PSP_mV == 0)
    REFUSE("projections", i, "PSP_mV", "must not be 0 with PSP_mV_per_um");
  snprintf(message, sizeof message, "makes a potential of %.3g mV at %.4g um, with the wrong sign; "
           "weight_truncation: clip makes it 0", p->PSP_mV + p->PSP_mV_per_um * reach_um, reach_um);
  if (p->weight_truncation != MESO_CLIP && meso_space_PSP_mV(p, reach_um) == 0)
    REFUSE("projections", i, "PSP_mV_per_um", message);
cleanup:
  return status;
}

/* The tables of synapses hold delays of a byte. */
static meso_status check_longest_delay(const meso_model *model, const mesoi_node *root, size_t i,
                                       meso_err *err)
{
  meso_status status = MESO_OK;
  const meso_projection *p = &model->projection[i];
  const double steps = meso_wiring_longest_delay_steps(model, p);
  const double way_ms = p->delay_ms_per_um * meso_space_farthest_um(model);
  char message[160];
  if (steps < MESO_WIRING_MAX_DELAY_STEPS + 1) goto cleanup;
  snprintf(message, sizeof message, "makes delays of up to %.0f steps of simulation.dt_ms = %g ms; "
           "at most %d steps are possible", steps, model->simulation.dt_ms,
           (int) MESO_WIRING_MAX_DELAY_STEPS);
  REFUSE("projections", i, 2 * way_ms > steps * model->simulation.dt_ms ? "delay_ms_per_um"
                                                                        : "delay_mean_ms", message);
cleanup:
  return status;
}

/* Rules without a number follow from the populations alone. */
static meso_status check_deterministic(const meso_model *model, const mesoi_node *root, size_t i,
                                       meso_err *err)
{
  meso_status status = MESO_OK;
  const meso_projection *p = &model->projection[i];
  const meso_rule_ops *rule = meso_rule_at(p->rule);
  const meso_population *source = &model->population[p->source];
  const meso_population *target = &model->population[p->target];
  const double n =
    rule->n_synapses(p, (double) source->column_size, (double) target->column_size);
  const double full = rule->n_synapses(p, (double) source->size_full, (double) target->size_full);
  const double in_degree = n / (double) target->column_size;
  if (rule->keys[0] != NULL) goto cleanup;
  if (p->rule == MESO_RULE_one_to_one && source->column_size != target->column_size)
    REFUSE("projections", i, "rule", "source and target must be of the same size");
  if (p->rule == MESO_RULE_one_to_one && meso_rule_excludes_self(p))
    REFUSE("projections", i, "allow_autapses", "one_to_one within a population has autapses only");
  if (in_degree != full / (double) target->size_full * model->scaling.K)
    REFUSE("projections", i, "rule", "cannot follow scaling.N or scaling.K: its in-degrees are "
           "given by the populations");
cleanup:
  return status;
}

/* Lists number the neurons of the network as it is described. */
static meso_status read_list(meso_model *model, const mesoi_node *root, size_t i, meso_err *err)
{
  meso_status status = MESO_OK;
  meso_projection *p = &model->projection[i];
  if (p->list_file[0] == '\0') REFUSE("projections", i, "file", "must be the name of a file");
  if (model->scaling.N != 1 || model->scaling.K != 1)
    REFUSE("projections", i, "rule", "cannot follow scaling.N or scaling.K: the file names every "
           "synapse");
  MESO_TRY(mesoi_list_read(model, p, err));
cleanup:
  return status;
}

/* Places from a file: one for each neuron, all within the space. */
static meso_status read_places(meso_model *model, const mesoi_node *root, size_t i, meso_err *err)
{
  meso_status status = MESO_OK;
  meso_population *p = &model->population[i];
  const meso_space *s = &model->space;
  const double depth_um = meso_space_depth_um(model, i);
  char *path = NULL, message[160];
  if ((p->positions == MESO_POSITIONS_FILE) != (p->positions_file[0] != '\0'))
    REFUSE("populations", i, "positions_file", "goes with positions file, and only with it");
  if (p->positions != MESO_POSITIONS_FILE) goto cleanup;
  if (model->scaling.N != 1)
    REFUSE("populations", i, "positions", "cannot follow scaling.N: the file has all places");
  path = mesoi_beside_model(model, p->positions_file);
  if (path == NULL) MESO_FAIL(err, MESO_ENOMEM, "cannot hold the name of a file");
  MESO_TRY(meso_points_read(path, &p->places, err));
  MESO_TRY(meso_sha256_file(path, p->places_sha256, err));
  snprintf(message, sizeof message, "has %zu places; the population has %lld neurons", p->places.n,
           (long long) p->size);
  if (p->places.n != (size_t) p->size) REFUSE("populations", i, "positions_file", message);
  for (size_t k = 0; k < p->places.n; k++) {
    const double *at = p->places.xyz_um + 3 * k;
    const double beyond = fmax(fabs(at[0]) - 0.5 * s->extent_x_um,
                               fabs(at[1]) - 0.5 * s->extent_y_um);
    const bool is_below = s->extent_z_um > 0 && fabs(at[2] - depth_um) > 0.5 * s->extent_z_um;
    if (beyond <= 0 && !is_below) continue;
    snprintf(message, sizeof message, "place %zu, (%g, %g, %g) um, is not within the extent of "
             "space around (0, 0, %g) um", k, at[0], at[1], at[2], depth_um);
    REFUSE("populations", i, "positions_file", message);
  }
cleanup:
  free(path);
  return status;
}

/* What a projection connects, and that its keys go together. */
static meso_status check_ends(meso_model *model, const mesoi_node *root, size_t i, bool *taken,
                              meso_err *err)
{
  meso_status status = MESO_OK;
  meso_projection *p = &model->projection[i];
  p->source = meso_model_find_population(model, p->source_name);
  p->target = meso_model_find_population(model, p->target_name);
  if (p->source == (size_t) -1) REFUSE("projections", i, "source", "there is no such population");
  if (p->target == (size_t) -1) REFUSE("projections", i, "target", "there is no such population");
  if (model->population[p->target].model == MESO_NEURON_POISSON)
    REFUSE("projections", i, "target", "a poisson population cannot be a target");
  if (model->population[p->source].sign == MESO_EXCITATORY ? p->PSP_mV < 0 : p->PSP_mV > 0)
    REFUSE("projections", i, "PSP_mV", "must be >= 0 mV from excitatory, <= 0 mV from inhibitory "
           "populations");
  MESO_TRY(check_distributions(model, root, i, err));
  bool *seen = &taken[p->source * model->n_populations + p->target];
  if (*seen) REFUSE("projections", i, "target", "this pair of populations already has one");
  *seen = true;
  MESO_TRY(check_keys_of_rule(model, root, i, err));
  MESO_TRY(check_switches(model, root, i, err));
  MESO_TRY(check_space(model, root, i, err));
cleanup:
  return status;
}

/* What it makes: of a network in a file, what that says. */
static meso_status check_synapses(meso_model *model, const mesoi_node *root, size_t i,
                                  meso_err *err)
{
  meso_status status = MESO_OK;
  meso_projection *p = &model->projection[i];
  if (p->rule == MESO_RULE_list && p->list == NULL) MESO_TRY(read_list(model, root, i, err));
  MESO_TRY(check_longest_delay(model, root, i, err));
  MESO_TRY(check_near_weights(model, root, i, err));
  mesoi_model_derive_rule(model, p);
  MESO_TRY(check_room(model, root, i, err));
  MESO_TRY(check_deterministic(model, root, i, err));
cleanup:
  return status;
}

meso_status mesoi_model_check(meso_model *model, const mesoi_node *root, meso_err *err)
{
  meso_status status = MESO_OK;
  bool *taken = NULL;
  MESO_TRY(check_names(model, root, "layers", err));
  MESO_TRY(check_names(model, root, "populations", err));
  MESO_TRY(check_names(model, root, "cells", err));
  MESO_TRY(check_times(model, root, err));
  MESO_TRY(check_ensemble(model, root, err));
  MESO_TRY(check_probe(model, root, err));
  MESO_TRY(check_populations(model, root, err));
  if (model->scaling.N > 1 && model->scaling.N != floor(model->scaling.N))
    REFUSE("scaling", 0, "N", "must be at most 1 or a whole number: columns side by side");
  mesoi_model_derive_sizes(model);
  for (size_t i = 0; i < model->n_populations; i++) MESO_TRY(read_places(model, root, i, err));
  MESO_ALLOC(err, taken, model->n_populations * model->n_populations);
  for (size_t i = 0; i < model->n_projections; i++)
    MESO_TRY(check_ends(model, root, i, taken, err));
  if (model->simulation.network_file[0] != '\0') {
    if (model->scaling.N > 1)
      REFUSE("simulation", 0, "network_file", "does not go with several columns (scaling.N above "
             "1)");
    MESO_TRY(mesoi_network_file_read(model, err));
  }
  for (size_t i = 0; i < model->n_projections; i++)
    MESO_TRY(check_synapses(model, root, i, err));
cleanup:
  free(taken);
  return status;
}

/* Reads layer_share: a map from layer to one number per population. */
static meso_status read_layer_share(meso_model *model, size_t i, const mesoi_node *map,
                                    meso_err *err)
{
  meso_status status = MESO_OK;
  meso_doubles list = {0, NULL};
  char path[200], *text = NULL;
  snprintf(path, sizeof path, "cells.%.60s.layer_share", model->cell_type[i].name);
  if (map->kind != MESOI_MAP)
    MESO_FAIL(err, MESO_EINVAL, "%s: %s: must be a map from layers to lists",
              mesoi_node_place(map).text, path);
  for (size_t k = 0; k < map->n; k++) {
    const mesoi_node *node = &map->child[k];
    const meso_where where = {node->file, node->line, path};
    const meso_param row = {node->key, MESO_PARAM_DOUBLES, "1", 0, 1, false, NULL, NULL, 0, NULL};
    size_t layer = find_layer(model, node->key);
    if (layer == (size_t) -1)
      MESO_FAIL(err, MESO_EINVAL, "%s: %s.%.60s: there is no such layer in layers",
                mesoi_node_place(node).text, path, node->key);
    MESO_TRY(mesoi_node_list_text(node, &text, err));
    MESO_TRY(meso_param_set(&row, &list, text, &where, err));
    if (list.n != model->n_populations)
      MESO_FAIL(err, MESO_EINVAL, "%s:%ld: %s.%.60s: has %zu numbers; must be %zu, one for each "
                "population", node->file, node->line, path, node->key, list.n,
                model->n_populations);
    for (size_t x = 0; x < list.n; x++)
      model->cell_type[i].layer_share[x * model->n_layers + layer] = list.v[x];
    free(text);
    text = NULL;
  }
cleanup:
  free(text);
  free(list.v);
  return status;
}

/* Rows of layer_share sum to 1; a row of zeros means the population's own layer. */
static meso_status resolve_layer_share(meso_model *model, const mesoi_node *root, size_t i,
                                       meso_err *err)
{
  meso_status status = MESO_OK;
  meso_cell_type *cell = &model->cell_type[i];
  const mesoi_node *cells = mesoi_node_find(root, "cells");
  const mesoi_node *map = mesoi_node_find(&cells->child[i], "layer_share");
  const size_t n = model->n_layers;
  const size_t own = find_layer(model, model->population[cell->population].layer);
  MESO_ALLOC(err, cell->layer_share, model->n_populations * n);
  if (map != NULL) MESO_TRY(read_layer_share(model, i, map, err));
  for (size_t x = 0; x < model->n_populations; x++) {
    double sum = 0, *row = cell->layer_share + x * n;
    for (size_t l = 0; l < n; l++) sum += row[l];
    if (sum == 0) {
      row[own] = 1;
      continue;
    }
    if (fabs(sum - 1) > MESOI_SHARE_TOLERANCE) {
      char message[160];
      snprintf(message, sizeof message, "sums to %.6g over the layers for source %.60s; must be 1 "
               "(+-%g)", sum, model->population[x].name, MESOI_SHARE_TOLERANCE);
      REFUSE("cells", i, "layer_share", message);
    }
    for (size_t l = 0; l < n; l++) row[l] /= sum;
  }
cleanup:
  return status;
}

/* Divides fractions (x == n_populations) or shares of source x by their sum over the types of a
 * population. A sum of zero means: as the fractions. */
static meso_status normalise(meso_model *model, const mesoi_node *root, size_t population,
                             size_t x, meso_err *err)
{
  meso_status status = MESO_OK;
  const bool is_fraction = x == model->n_populations;
  double sum = 0;
  size_t last = (size_t) -1;
  for (size_t i = 0; i < model->n_cell_types; i++) {
    const meso_cell_type *c = &model->cell_type[i];
    if (c->population != population) continue;
    sum += is_fraction ? c->fraction : c->share[x];
    last = i;
  }
  if (last == (size_t) -1) goto cleanup;
  if ((is_fraction || sum != 0) && fabs(sum - 1) > MESOI_SHARE_TOLERANCE) {
    char message[200];
    snprintf(message, sizeof message, "sums to %.6g over the cell types of %.60s; must be 1 (+-%g)",
             sum, model->population[population].name, MESOI_SHARE_TOLERANCE);
    REFUSE("cells", last, is_fraction ? "fraction" : "share", message);
  }
  for (size_t i = 0; i < model->n_cell_types; i++) {
    meso_cell_type *c = &model->cell_type[i];
    if (c->population != population) continue;
    if (is_fraction) c->fraction /= sum;
    else c->share[x] = sum == 0 ? c->fraction : c->share[x] / sum;
  }
cleanup:
  return status;
}

/* Gives a cell type one share per population; without a list all are zero for now. */
static meso_status prepare_cell(meso_model *model, const mesoi_node *root, size_t i, meso_err *err)
{
  meso_status status = MESO_OK;
  meso_cell_type *c = &model->cell_type[i];
  c->population = meso_model_find_population(model, c->population_name);
  if (c->population == (size_t) -1) REFUSE("cells", i, "population", "there is no such population");
  if (model->population[c->population].model == MESO_NEURON_POISSON)
    REFUSE("cells", i, "population", "a poisson population has no cells");
  if (c->morphology[0] == '\0') REFUSE("cells", i, "morphology", "must be the name of a file");
  const mesoi_node *at = mesoi_node_find(&mesoi_node_find(root, "cells")->child[i], "morphology");
  MESO_STRDUP(err, c->morphology_place, mesoi_node_place(at).text);
  if (model->n_layers == 0) REFUSE("cells", i, "population", "cells need layers");
  if (c->share_list.n == 0) {
    free(c->share_list.v);
    c->share_list.v = NULL;
    MESO_ALLOC(err, c->share_list.v, model->n_populations);
    c->share_list.n = model->n_populations;
  }
  if (c->share_list.n != model->n_populations)
    REFUSE("cells", i, "share", "must have one number for each population");
  c->share = c->share_list.v;
cleanup:
  return status;
}

meso_status mesoi_model_resolve_cells(meso_model *model, const mesoi_node *root, meso_err *err)
{
  meso_status status = MESO_OK;
  for (size_t i = 0; i < model->n_cell_types; i++) {
    MESO_TRY(prepare_cell(model, root, i, err));
    MESO_TRY(resolve_layer_share(model, root, i, err));
  }
  for (size_t p = 0; p < model->n_populations; p++) {
    MESO_TRY(normalise(model, root, p, model->n_populations, err));
    for (size_t x = 0; x < model->n_populations; x++) MESO_TRY(normalise(model, root, p, x, err));
  }
cleanup:
  return status;
}
