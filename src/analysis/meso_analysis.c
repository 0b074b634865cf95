/* meso_analysis.c: looks analyses up in the list that the Makefile's rows generate. */
#include "meso_analysis.h"
#include "meso_registry.h"

#define MESO_AN(id) extern const meso_analysis_ops meso_an_##id;
#include "meso_an_list.inc"
#undef MESO_AN

static const meso_analysis_ops *const analysis_table[] = {
#define MESO_AN(id) &meso_an_##id,
#include "meso_an_list.inc"
#undef MESO_AN
  NULL
};

MESO_REGISTRY(meso_analysis, meso_analysis_ops, analysis_table)
