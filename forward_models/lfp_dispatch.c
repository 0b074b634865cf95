/* lfp_dispatch.c: picks the inner loops for this processor. */
#include <string.h>

#include "lfp_loops.h"

extern const lfp_loops lfp_loops_plain;
#if defined __x86_64__
extern const lfp_loops lfp_loops_avx2, lfp_loops_avx512;

static int has_avx2(void)
{
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
}

static int has_avx512(void)
{
  return has_avx2() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw")
    && __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq");
}
#endif

const lfp_loops *lfp_loops_choose(const char *name)
{
#if defined __x86_64__
  if ((name == NULL || strcmp(name, "avx512") == 0) && has_avx512()) return &lfp_loops_avx512;
  if ((name == NULL || strcmp(name, "avx2") == 0) && has_avx2()) return &lfp_loops_avx2;
#endif
  return name == NULL || strcmp(name, "plain") == 0 ? &lfp_loops_plain : NULL;
}
