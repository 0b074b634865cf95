/* meso_head.c: looks entries up in the list that the Makefile's rows generate. */
#include "meso_head.h"
#include "meso_registry.h"

#define MESO_FH(id) extern const meso_head_ops meso_fh_##id;
#include "meso_fh_list.inc"
#undef MESO_FH

static const meso_head_ops *const head_table[] = {
#define MESO_FH(id) &meso_fh_##id,
#include "meso_fh_list.inc"
#undef MESO_FH
  NULL
};

MESO_REGISTRY(meso_head, meso_head_ops, head_table)
