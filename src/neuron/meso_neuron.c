/* meso_neuron.c: looks neuron models up in the list that the Makefile's rows generate. */
#include "meso_neuron.h"

#include <string.h>

#define MESO_NEURON(id) extern const meso_neuron_ops meso_neuron_##id;
#include "meso_neuron_list.inc"
#undef MESO_NEURON

static const meso_neuron_ops *const neuron_table[] = {
#define MESO_NEURON(id) &meso_neuron_##id,
#include "meso_neuron_list.inc"
#undef MESO_NEURON
  NULL
};

static bool same_name(const char *known, const char *name, size_t n)
{
  return strlen(known) == n && memcmp(known, name, n) == 0;
}

size_t meso_neuron_count(void) { return sizeof neuron_table / sizeof neuron_table[0] - 1; }

const meso_neuron_ops *meso_neuron_at(size_t i)
{
  return i < meso_neuron_count() ? neuron_table[i] : NULL;
}

const meso_neuron_ops *meso_neuron_by_name(const char *name, size_t n)
{
  for (size_t i = 0; i < meso_neuron_count(); i++)
    if (same_name(neuron_table[i]->name, name, n)) return neuron_table[i];
  return NULL;
}

const meso_neuron_recordable *meso_neuron_recordable_by_name(const meso_neuron_ops *ops,
                                                             const char *name, size_t n)
{
  for (const meso_neuron_recordable *r = ops->recordables; r->name != NULL; r++)
    if (same_name(r->name, name, n)) return r;
  return NULL;
}
