/* balloon_dispatch.c: picks the inner loop for this processor. */
#include <stddef.h>
#include <string.h>

#include "balloon_kernel.h"

extern const balloon_kernel balloon_kernel_plain;
#if defined __x86_64__
extern const balloon_kernel balloon_kernel_avx2, balloon_kernel_avx512;
#endif

const balloon_kernel *balloon_kernel_choose(const char *name)
{
#if defined __x86_64__
  if ((name == NULL || strcmp(name, "avx512") == 0) && __builtin_cpu_supports("avx512f") &&
      __builtin_cpu_supports("avx512dq"))
    return &balloon_kernel_avx512;
  if ((name == NULL || strcmp(name, "avx2") == 0) && __builtin_cpu_supports("avx2"))
    return &balloon_kernel_avx2;
#endif
  return name == NULL || strcmp(name, "plain") == 0 ? &balloon_kernel_plain : NULL;
}
