/* meso_forward.c: looks entries up in the list that the Makefile's rows generate. */
#include "meso_forward.h"

#include <string.h>

#define MESO_FM(id) extern const meso_forward_ops meso_fm_##id;
#include "meso_fm_list.inc"
#undef MESO_FM

static const meso_forward_ops *const forward_table[] = {
#define MESO_FM(id) &meso_fm_##id,
#include "meso_fm_list.inc"
#undef MESO_FM
  NULL
};

size_t meso_forward_count(void) { return sizeof forward_table / sizeof forward_table[0] - 1; }

const meso_forward_ops *meso_forward_at(size_t i)
{
  return i < meso_forward_count() ? forward_table[i] : NULL;
}

const meso_forward_ops *meso_forward_by_name(const char *name)
{
  for (size_t i = 0; i < meso_forward_count(); i++)
    if (strcmp(forward_table[i]->name, name) == 0) return forward_table[i];
  return NULL;
}
