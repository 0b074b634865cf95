/* model_neuron.c: the neuron model of a population and its parameters. A parameter of the registry
 * and a key of a population are the same if name and unit are: tau_m in ms is tau_m_ms. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "meso_distribution.h"
#include "meso_rng.h"
#include "model_internal.h"

const meso_neuron_ops *meso_population_ops(const meso_population *population)
{
  if (population->model == MESO_NEURON_POISSON) return NULL;
  return meso_neuron_at((size_t) population->model - 1);
}

bool meso_model_uses(const meso_model *model, const meso_neuron_ops *ops)
{
  for (size_t i = 0; i < model->n_populations; i++)
    if (meso_population_ops(&model->population[i]) == ops) return true;
  return false;
}

/** The population's value for a parameter, NULL if there is no such key. */
static const double *value_of(const meso_population *population, const meso_param *row)
{
  char key[80];
  (void) snprintf(key, sizeof key, "%.60s_%.10s", row->key, row->unit);
  const meso_param *own = meso_param_find(mesoi_section("populations")->rows, key);
  if (own == NULL || own->type != MESO_PARAM_DOUBLE) return NULL;
  return (const double *) ((const char *) population + own->offset);
}

/* ---- spread over neurons ------------------------------------------------------------------- */

/** Parameters that may differ between the neurons of a population, by the name of their key. */
typedef struct spread_row { const char *key; size_t offset; } spread_row;
#define SPREAD_ROW(name) {#name, offsetof(meso_neuron_params, name)}
static const spread_row spread_rows[] = {
  SPREAD_ROW(E_L_mV), SPREAD_ROW(V_th_mV), SPREAD_ROW(V_reset_mV), SPREAD_ROW(C_m_pF),
  SPREAD_ROW(tau_m_ms), SPREAD_ROW(t_ref_ms), SPREAD_ROW(I_e_pA)};
enum { N_SPREAD = sizeof spread_rows / sizeof *spread_rows, MOST_ATTEMPTS = 1000 };

static double parameter(const meso_neuron_params *p, const spread_row *row)
{
  return *(const double *) ((const char *) p + row->offset);
}

bool meso_population_is_spread(const meso_population *p)
{
  for (size_t k = 0; k < N_SPREAD; k++)
    if (p->model != MESO_NEURON_POISSON && parameter(&p->neuron_sd, &spread_rows[k]) > 0)
      return true;
  return false;
}

const char *mesoi_spread_below_zero(const meso_population *p)
{
  for (size_t k = 0; k < N_SPREAD; k++) {
    const spread_row *row = &spread_rows[k];
    if (parameter(&p->neuron_sd, row) > 0 && !(parameter(&p->neuron, row) > 0)) return row->key;
  }
  return NULL;
}

/** Draws all parameters once; false if one is out of its key's range. */
static bool draw_once(const meso_population *p, meso_rng_key key, uint64_t identity,
                      uint32_t attempt, meso_neuron_params *to)
{
  bool fits = true;
  for (uint32_t k = 0; k < N_SPREAD; k++) {
    const spread_row *row = &spread_rows[k];
    const double mean = parameter(&p->neuron, row), sd = parameter(&p->neuron_sd, row);
    const uint32_t counter[4] = {(uint32_t) identity, (uint32_t) (identity >> 32), k, attempt};
    uint32_t word[4];
    if (!(sd > 0)) continue;
    const meso_param *own = meso_param_find(mesoi_section("populations")->rows, row->key);
    meso_rng_block(key, counter, word);
    const double x = meso_distribution_at(p->parameter_distribution, sd)
                       ->quantile(mean, sd, meso_rng_uniform(word[0], word[1]));
    fits = fits && (own->min_open ? x > own->min : x >= own->min) && x <= own->max;
    *(double *) ((char *) to + row->offset) = x;
  }
  return fits;
}

meso_status meso_population_draw(const meso_model *model, const meso_population *population,
                                 uint64_t identity, meso_population *ret_one, meso_err *err)
{
  meso_status status = MESO_OK;
  const meso_rng_key key = meso_rng_key_make(model->simulation.seed, MESO_RNG_PARAMETER);
  const meso_neuron_ops *ops = meso_population_ops(population);
  unsigned char *params = NULL;
  *ret_one = *population;
  if (!meso_population_is_spread(population)) return MESO_OK;
  MESO_ALLOC(err, params, ops->params_size);
  for (uint32_t attempt = 0; attempt < MOST_ATTEMPTS; attempt++) {
    if (!draw_once(population, key, identity, attempt, &ret_one->neuron)) continue;
    MESO_TRY(meso_population_params(ret_one, ret_one->V_m_initial_mean_mV, params, err));
    if (ops->check(params) == NULL) goto cleanup;
  }
  MESO_FAIL(err, MESO_ERANGE, "%s: populations.%.60s: no neuron with possible parameters in %d "
            "draws; their deviations are too large", model->path, population->name,
            (int) MOST_ATTEMPTS);
cleanup:
  free(params);
  return status;
}

/* ---- parameters of the registry ------------------------------------------------------------ */

meso_status meso_population_params(const meso_population *population, double V_m_initial_mV,
                                   void *params, meso_err *err)
{
  return meso_population_params_of(population, meso_population_ops(population), V_m_initial_mV,
                                   params, err);
}

meso_status meso_population_params_of(const meso_population *population,
                                      const meso_neuron_ops *ops, double V_m_initial_mV,
                                      void *params, meso_err *err)
{
  meso_status status = MESO_OK;
  MESO_TRY(meso_params_default(ops->params, params, err));
  for (const meso_param *row = ops->params; row->key != NULL; row++) {
    const double *value =
      strcmp(row->key, "V_m_initial") == 0 ? &V_m_initial_mV : value_of(population, row);
    if (value == NULL && row->default_text == NULL)
      MESO_FAIL(err, MESO_EBUG, "%s: model files have no key for its %s (%s)", ops->name, row->key,
                row->unit);
    if (value != NULL) memcpy((char *) params + row->offset, value, sizeof *value);
  }
cleanup:
  return status;
}

meso_status mesoi_model_derive_synapses(meso_population *population, const char **ret_wrong,
                                        meso_err *err)
{
  meso_status status = MESO_OK;
  const meso_neuron_ops *ops = meso_population_ops(population);
  unsigned char *params = NULL;
  MESO_ALLOC(err, params, ops->params_size);
  MESO_TRY(meso_population_params(population, population->V_m_initial_mean_mV, params, err));
  *ret_wrong = ops->check(params);
  for (int sign = 0; *ret_wrong == NULL && sign < 2; sign++)
    population->synapse[sign] = ops->response(params, sign == MESO_INHIBITORY);
cleanup:
  free(params);
  return status;
}
