/* engine_dispatch.c: picks the inner loops for this processor. */
#include <string.h>

#include "engine_kernels.h"

extern const engine_kernels engine_kernels_plain;
#if defined __x86_64__
extern const engine_kernels engine_kernels_avx2, engine_kernels_avx512;

static int has_avx512(void)
{
  return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
         __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq");
}
#endif

const engine_kernels *engine_kernels_choose(const char *name)
{
#if defined __x86_64__
  if ((name == NULL || strcmp(name, "avx512") == 0) && has_avx512()) return &engine_kernels_avx512;
  if ((name == NULL || strcmp(name, "avx2") == 0) && __builtin_cpu_supports("avx2"))
    return &engine_kernels_avx2;
#endif
  return name == NULL || strcmp(name, "plain") == 0 ? &engine_kernels_plain : NULL;
}
