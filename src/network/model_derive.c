/* model_derive.c: numbers that follow from a model file: sizes, synapse counts, weights, currents.
 *
 * Formulas of Potjans & Diesmann 2014 (doi 10.1093/cercor/bhs358) and, for scaling.K, of van
 * Albada et al. 2015 (doi 10.1371/journal.pcbi.1004490). */
#include <math.h>
#include <stdio.h>

#include "meso_rule.h"
#include "meso_space.h"
#include "model_internal.h"
#include "neuron_membrane.h"

double meso_psc_over_psp_pA_per_mV(const meso_neuron_params *neuron, double tau_syn_ms)
{
  return neuron_exp_weight_per_mV(tau_syn_ms, neuron->tau_m_ms, neuron->C_m_pF);
}

double meso_schedule_rate_Hz(const meso_schedule *schedule, double t_ms)
{
  /* far below any time step, far above the rounding of step * dt */
  const double since = t_ms - schedule->start_ms + 1e-6;
  if (schedule->kind == MESO_SCHEDULE_OFF || since < 0) return 0;
  if (schedule->kind == MESO_SCHEDULE_CONSTANT) return schedule->rate_Hz;
  return fmod(since, schedule->period_ms) < schedule->on_ms ? schedule->rate_Hz : 0;
}

meso_status meso_model_describe_scaling(const meso_model *model, meso_attrs *attrs, meso_err *err)
{
  meso_status status = MESO_OK;
  const double N = model->scaling.N, K = model->scaling.K;
  char text[320], dc[160] = "";
  if (N == 1 && K == 1) goto cleanup;
  if (model->compensation_warning < 1)
    (void) snprintf(dc, sizeof dc, "; the constant current that stands for lost input is below "
                    "rheobase (%.2g of it in the least population)", model->compensation_warning);
  if (N > 1 && K == 1)
    (void) snprintf(text, sizeof text, "%g columns side by side, each the full network, without "
                    "synapses between them", N);
  else
    (void) snprintf(text, sizeof text, "scaled to N = %g, K = %g; correlations are not those of "
                    "the full network%s", N, K, dc);
  MESO_TRY(meso_attrs_set_number(attrs, "scaling_N", N, err));
  MESO_TRY(meso_attrs_set_number(attrs, "scaling_K", K, err));
  MESO_TRY(meso_attrs_set_text(attrs, "scaling", text, err));
cleanup:
  return status;
}

static bool has_sources(const meso_model *model)
{
  for (size_t i = 0; i < model->n_populations; i++)
    if (model->population[i].model == MESO_NEURON_POISSON) return true;
  return false;
}

double meso_model_onset_ms(const meso_model *model)
{
  const meso_schedule *s = &model->thalamus;
  const bool fires = s->kind != MESO_SCHEDULE_OFF && s->rate_Hz > 0 && has_sources(model);
  return fires ? s->start_ms : INFINITY;
}

double meso_model_window_stop_ms(const meso_model *model)
{
  const int kind = model->thalamus.kind;
  const bool is_intermittent = kind == MESO_SCHEDULE_PULSES || kind == MESO_SCHEDULE_BLOCKS;
  return model->analysis.window == MESO_ANALYSE_SPONTANEOUS && is_intermittent
         ? meso_model_onset_ms(model) : INFINITY;
}

const char *meso_model_state(const meso_model *model, double t_stop_ms)
{
  const double end_ms = fmin(meso_model_window_stop_ms(model), t_stop_ms);
  return meso_model_onset_ms(model) >= end_ms ? "spontaneous" : "stimulated";
}

double meso_tau_syn_ms(const meso_neuron_params *neuron, int sign)
{
  return sign == MESO_EXCITATORY ? neuron->tau_syn_ex_ms : neuron->tau_syn_in_ms;
}

void mesoi_model_derive_sizes(meso_model *model)
{
  int64_t first = 0;
  model->n_columns = (int64_t) fmax(1, model->scaling.N);
  for (size_t i = 0; i < model->n_populations; i++) {
    meso_population *p = &model->population[i];
    p->column_size = p->size_full;
    if (p->model != MESO_NEURON_POISSON && model->scaling.N < 1)
      p->column_size = (int64_t) fmax(1, rint((double) p->size_full * model->scaling.N));
    p->size = p->column_size * model->n_columns;
    p->first_in_column = first;
    p->first_neuron = first * model->n_columns;
    first += p->column_size;
  }
  model->n_neurons = first * model->n_columns;
}

static double full_synapses(const meso_model *model, const meso_projection *p)
{
  return meso_rule_at(p->rule)->n_synapses(p, (double) model->population[p->source].size_full,
                                           (double) model->population[p->target].size_full);
}

/* Part of the rule's number that is left where the distance counts: rules that fix a number of
 * synapses only choose other partners. */
static double kept(const meso_model *model, const meso_projection *p)
{
  return meso_rule_at(p->rule)->unit == MESO_PER_PAIR ? meso_space_mean(model, p).profile : 1;
}

void mesoi_model_derive_full(const meso_model *model, meso_projection *p)
{
  p->full_in_degree = full_synapses(model, p) * kept(model, p) /
                      (double) model->population[p->target].size_full;
  p->full_PSP_mV = p->PSP_mV_per_um == 0 ? p->PSP_mV : meso_space_mean(model, p).PSP_mV;
}

/* The mean in-degree is that of the full model times scaling.K; a list says it all. */
void mesoi_model_derive_rule(const meso_model *model, meso_projection *p)
{
  if (p->list != NULL) {
    p->n_synapses = p->list->n;
    p->rule_number = (double) p->list->n;
    return;
  }
  const meso_rule_ops *rule = meso_rule_at(p->rule);
  const meso_population *source = &model->population[p->source];
  const meso_population *target = &model->population[p->target];
  const double n_sources = (double) source->column_size;
  const double n_targets = (double) target->column_size;
  const double scaled = full_synapses(model, p) * (n_targets / (double) target->size_full) *
                        model->scaling.K;
  const double parts[] = {
    [MESO_PER_PROJECTION] = 1, [MESO_PER_TARGET] = n_targets, [MESO_PER_SOURCE] = n_sources,
    [MESO_PER_PAIR] = fmax(meso_rule_pairs(p, n_sources, n_targets), 1)};
  p->rule_number = scaled / parts[rule->unit];
  if (rule->unit != MESO_PER_PAIR) p->rule_number = rint(p->rule_number);
  const double n = p->rule_number * parts[rule->unit] * kept(model, p);
  p->n_synapses = (uint64_t) fmin(rint(n) * (double) model->n_columns, 0x1p53);
}

/* Mean input of one neuron of the full model that scaling.K takes away, as a constant current. */
static double lost_current_pA(const meso_model *model, const meso_projection *p, double weight_pA)
{
  const meso_population *source = &model->population[p->source];
  const meso_population *target = &model->population[p->target];
  return 1e-3 * target->synapse[source->sign].charge * (1 - sqrt(model->scaling.K)) *
         weight_pA * p->full_in_degree * source->full_mean_rate_Hz;
}

static meso_status derive_projection(meso_model *model, meso_projection *p, meso_err *err)
{
  meso_status status = MESO_OK;
  const meso_population *source = &model->population[p->source];
  meso_population *target = &model->population[p->target];
  const double weight_pA_per_mV = target->synapse[source->sign].weight_per_mV;
  if (model->simulation.network_file[0] == '\0') mesoi_model_derive_full(model, p);
  const double weight_pA = weight_pA_per_mV * p->full_PSP_mV;
  if (p->n_synapses >= (uint64_t) 1 << 53)
    MESO_FAIL(err, MESO_ERANGE, "%s: projections.%.60s->%.60s: too many synapses", model->path,
              p->source_name, p->target_name);
  p->weight_pA = weight_pA / sqrt(model->scaling.K);
  p->weight_pA_per_mV = weight_pA_per_mV / sqrt(model->scaling.K);
  p->weight_sd_pA = p->weight_rel_sd * fabs(p->weight_pA);
  if (p->list != NULL && p->list->weight_pA != NULL) {
    p->weight_pA = p->list->weight_mean_pA;
    p->weight_sd_pA = p->list->weight_sd_pA;
  }
  p->weight_unit = meso_population_ops(target)->weight_unit;
  target->I_dc_pA += lost_current_pA(model, p, weight_pA);
  model->n_synapses += p->n_synapses;
cleanup:
  return status;
}

/* External input: a Poisson rate per neuron, or the constant current with the same mean. */
static void derive_background(const meso_model *model, meso_population *p)
{
  const meso_background *b = &model->background;
  const double K = model->scaling.K;
  const meso_neuron_synapse *synapse = &p->synapse[MESO_EXCITATORY];
  const double weight_pA = b->PSP_mV * synapse->weight_per_mV;
  const double mean_pA = 1e-3 * synapse->charge * weight_pA * p->K_ext * b->rate_Hz;
  if (p->model == MESO_NEURON_POISSON || b->kind == MESO_BACKGROUND_NONE) return;
  if (b->kind == MESO_BACKGROUND_DC) {
    p->I_dc_pA += mean_pA;
    return;
  }
  p->background_rate_Hz = b->rate_Hz * p->K_ext * K;
  p->background_weight_pA = weight_pA / sqrt(K);
  p->I_dc_pA += (1 - sqrt(K)) * mean_pA;
}

/* The constant current of a scaled model over the rheobase, smallest of all populations. */
static double smallest_compensation(const meso_model *model)
{
  double smallest = INFINITY;
  for (size_t i = 0; i < model->n_populations; i++) {
    const meso_population *p = &model->population[i];
    const meso_neuron_params *n = &p->neuron;
    if (p->model == MESO_NEURON_POISSON) continue;
    smallest = fmin(smallest, p->I_dc_pA * n->tau_m_ms / (n->C_m_pF * (n->V_th_mV - n->E_L_mV)));
  }
  return isfinite(smallest) && model->scaling.K < 1 ? smallest : 1;
}

meso_status mesoi_model_derive(meso_model *model, meso_err *err)
{
  meso_status status = MESO_OK;
  for (size_t i = 0; i < model->n_projections; i++)
    MESO_TRY(derive_projection(model, &model->projection[i], err));
  for (size_t i = 0; i < model->n_populations; i++) derive_background(model, &model->population[i]);
  model->compensation_warning = smallest_compensation(model);
  const int64_t seed = model->lfp.placement_seed > 0 ? model->lfp.placement_seed
                                                     : model->simulation.seed;
  model->lfp.draws = (meso_cell_draws) {seed, seed, seed, seed};
cleanup:
  return status;
}
