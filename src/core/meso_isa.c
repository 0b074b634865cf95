/* meso_isa.c: what this processor can do. */
#include "meso_isa.h"

#include <stdbool.h>
#include <string.h>

/* __builtin_cpu_supports takes literals only. */
static bool processor_has(int row)
{
#if defined __x86_64__
  if (row > 0 && !(__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))) return false;
  if (row > 1 && !(__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                   __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq")))
    return false;
  return true;
#else
  return row == 0;
#endif
}

int meso_isa_row(const char *opt_name)
{
  static const char *const name[] = {"plain", "avx2", "avx512"};
  for (int row = 2; row >= 0; row--)
    if ((opt_name == NULL || strcmp(opt_name, name[row]) == 0) && processor_has(row)) return row;
  return -1;
}
