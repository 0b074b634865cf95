/* model_neuron.c: the neuron model of a population and its parameters. A parameter of the registry
 * and a key of a population are the same if name and unit are: tau_m in ms is tau_m_ms. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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
