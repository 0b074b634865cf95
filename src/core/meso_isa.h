/* meso_isa.h: which of the inner loops compiled for several instruction sets this processor runs.
 *
 * A source of inner loops is compiled once per set (Makefile.am: -DMESO_ISA=plain, avx2, avx512).
 * Each defines one constant table of functions, TYPE_plain, TYPE_avx2 or TYPE_avx512, and one line
 * makes the choice among them:
 *   MESO_ISA_CHOICE(engine_kernels)     defines engine_kernels_choose(const char *opt_name)
 */
#ifndef MESO_ISA_H
#define MESO_ISA_H

#include <stddef.h>

/** Row of the table below: 0 plain C, 1 AVX2 with FMA, 2 AVX-512 (F, BW, VL, DQ).
 *  @param opt_name  "plain", "avx2", "avx512", or NULL for the fastest set of this processor
 *  @return -1 if this processor or this build has no such set */
int meso_isa_row(const char *opt_name);

/* TYPE_choose(name): the table of functions of that set, or NULL if there is none. */
#if defined __x86_64__
#define MESO_ISA_CHOICE(type)                                                                     \
  extern const type type##_plain, type##_avx2, type##_avx512;                                     \
  const type *type##_choose(const char *opt_name)                                                 \
  {                                                                                               \
    static const type *const set[] = {&type##_plain, &type##_avx2, &type##_avx512};               \
    const int row = meso_isa_row(opt_name);                                                       \
    return row < 0 ? NULL : set[row];                                                             \
  }
#else
#define MESO_ISA_CHOICE(type)                                                                     \
  extern const type type##_plain;                                                                 \
  const type *type##_choose(const char *opt_name)                                                 \
  {                                                                                               \
    return meso_isa_row(opt_name) < 0 ? NULL : &type##_plain;                                     \
  }
#endif

#endif
