/* network_columns.c: what writers of networks share. */
#include "network_columns.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

meso_status network_model_names(const meso_network *w, char **ret_names, meso_err *err)
{
  meso_status status = MESO_OK;
  char *names = NULL;
  size_t room = 1;
  for (size_t g = 0; g < w->n_groups; g++) room += strlen(w->group[g].ops->name) + 1;
  MESO_ALLOC(err, names, room);
  char *end = names;
  for (size_t g = 0; g < w->n_groups; g++) {
    if (g > 0) *end++ = ',';
    end = stpcpy(end, w->group[g].ops->name);
  }
  *ret_names = names;
cleanup:
  return status;
}

double network_number(const meso_param *row, const char *params)
{
  const char *field = params + row->offset;
  return row->type == MESO_PARAM_BOOL ? *(const bool *) field : *(const double *) field;
}

double network_default(const meso_param *row)
{
  if (row->default_text == NULL) return NAN;
  if (row->type == MESO_PARAM_BOOL) return strcmp(row->default_text, "true") == 0;
  return strtod(row->default_text, NULL);
}

bool network_neuron_column(const meso_network *w, const char *key, double *values)
{
  bool needed = false;
  for (size_t i = 0; i < w->n_neurons; i++) values[i] = NAN;
  for (size_t g = 0; g < w->n_groups; g++) {
    const meso_neuron_group *group = &w->group[g];
    const meso_param *row = meso_param_find(group->ops->params, key);
    for (size_t k = 0; row != NULL && k < group->n; k++) {
      const char *params = (const char *) group->params + k * group->ops->params_size;
      const double x = network_number(row, params);
      values[group->member[k]] = x;
      needed = needed || x != network_default(row);
    }
  }
  return needed;
}
