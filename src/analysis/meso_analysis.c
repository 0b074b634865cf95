/* meso_analysis.c: looks analyses up in the list that the Makefile's rows generate. */
#include "meso_analysis.h"

#include <string.h>

#define MESO_AN(id) extern const meso_analysis_ops meso_an_##id;
#include "meso_an_list.inc"
#undef MESO_AN

static const meso_analysis_ops *const analysis_table[] = {
#define MESO_AN(id) &meso_an_##id,
#include "meso_an_list.inc"
#undef MESO_AN
  NULL
};

size_t meso_analysis_count(void) { return sizeof analysis_table / sizeof analysis_table[0] - 1; }

const meso_analysis_ops *meso_analysis_at(size_t i)
{
  return i < meso_analysis_count() ? analysis_table[i] : NULL;
}

const meso_analysis_ops *meso_analysis_by_name(const char *name)
{
  for (size_t i = 0; i < meso_analysis_count(); i++)
    if (strcmp(analysis_table[i]->name, name) == 0) return analysis_table[i];
  return NULL;
}
