/* meso_forward.c: looks entries up in the list that the Makefile's rows generate. */
#include "meso_forward.h"
#include "meso_registry.h"

#define MESO_FM(id) extern const meso_forward_ops meso_fm_##id;
#include "meso_fm_list.inc"
#undef MESO_FM

static const meso_forward_ops *const forward_table[] = {
#define MESO_FM(id) &meso_fm_##id,
#include "meso_fm_list.inc"
#undef MESO_FM
  NULL
};

MESO_REGISTRY(meso_forward, meso_forward_ops, forward_table)
