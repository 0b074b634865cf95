/* meso_error.c: error record, exit codes, checked allocation. */
#include "meso_error.h"

#include <math.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

meso_status meso_err_set(meso_err *err, meso_status st, const char *file, int line,
                         const char *fmt, ...)
{
  if (err != NULL) {
    va_list ap;
    va_start(ap, fmt);
    (void) vsnprintf(err->msg, sizeof err->msg, fmt, ap);
    va_end(ap);
    err->status = st;
    err->file = file;
    err->line = line;
  }
  return st;
}

int meso_status_exit_code(meso_status st)
{
  static const int exit_code[] = {
    [MESO_OK] = 0,      [MESO_ENOMEM] = 1,    [MESO_EINVAL] = 3, [MESO_ERANGE] = 3,
    [MESO_EFORMAT] = 3, [MESO_ENOTFOUND] = 3, [MESO_EIO] = 1,    [MESO_ENUMERIC] = 1,
    [MESO_EUSAGE] = 2,  [MESO_ESTOPPED] = 1,  [MESO_EBUG] = 1,
  };
  return exit_code[st];
}

double meso_memory_available(void)
{
  char line[128];
  double bytes = HUGE_VAL;
  FILE *f = fopen("/proc/meminfo", "r");
  if (f == NULL) return bytes;
  while (fgets(line, sizeof line, f) != NULL) {
    const bool is_free = strncmp(line, "MemAvailable:", 13) == 0;
    if (!is_free && strncmp(line, "SwapFree:", 9) != 0) continue;
    const double kB = strtod(strchr(line, ':') + 1, NULL);
    bytes = (isfinite(bytes) ? bytes : 0) + 1024 * kB;
  }
  (void) fclose(f);
  return bytes;
}

/* Linux promises more than there is, and kills whoever takes it at its word: large blocks that
 * cannot be filled are refused. */
static bool can_be_filled(size_t bytes)
{
  static const size_t large = (size_t) 256 << 20;
  return bytes < large || (double) bytes < meso_memory_available();
}

void *meso_calloc(size_t n, size_t size)
{
  if (size == 0) size = 1;
  if (n > SIZE_MAX / 2 / size || !can_be_filled(n * size)) return NULL;
  return calloc(n == 0 ? 1 : n, size);
}

void *meso_realloc(void *p, size_t n, size_t size)
{
  if (size == 0) size = 1;
  if (n > SIZE_MAX / 2 / size) return NULL;
  return realloc(p, n == 0 ? size : n * size);
}

void *meso_aligned_alloc(size_t n, size_t size)
{
  static const size_t huge_page = (size_t) 2 << 20;
  if (size == 0) size = 1;
  if (n > SIZE_MAX / 2 / size) return NULL;
  const size_t bytes = n == 0 ? size : n * size;
  if (!can_be_filled(bytes)) return NULL;
  const size_t align = bytes >= huge_page ? huge_page : 64;
  const size_t rounded = (bytes + align - 1) / align * align;
  void *p = aligned_alloc(align, rounded);
  if (p != NULL && align == huge_page) (void) madvise(p, rounded, MADV_HUGEPAGE); /* advice only */
  return p;
}

void *meso_aligned_calloc(size_t n, size_t size)
{
  void *p = meso_aligned_alloc(n, size);
  if (p != NULL) memset(p, 0, n == 0 ? (size == 0 ? 1 : size) : n * size);
  return p;
}

char *meso_strdup(const char *s)
{
  if (s == NULL) return NULL;
  const size_t n = strlen(s) + 1;
  char *copy = malloc(n);
  if (copy != NULL) memcpy(copy, s, n);
  return copy;
}
