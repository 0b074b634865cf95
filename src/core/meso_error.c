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
#include <sys/resource.h>

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

/* A size that a file of "KEY: NUMBER kB" says, in bytes; NaN if it does not. */
static double size_in(const char *path, const char *key)
{
  char line[128];
  double bytes = NAN;
  const size_t n = strlen(key);
  FILE *f = fopen(path, "r");
  if (f == NULL) return bytes;
  while (isnan(bytes) && fgets(line, sizeof line, f) != NULL)
    if (strncmp(line, key, n) == 0 && line[n] == ':') bytes = 1024 * strtod(line + n + 1, NULL);
  (void) fclose(f);
  return bytes;
}

double meso_memory_available(void)
{
  const double bytes = size_in("/proc/meminfo", "MemAvailable");
  const double swap = size_in("/proc/meminfo", "SwapFree");
  if (isnan(bytes)) return HUGE_VAL;
  return isnan(swap) ? bytes : bytes + swap;
}

double meso_memory_peak(void)
{
  struct rusage usage;
  const double bytes = size_in("/proc/self/status", "VmHWM");
  if (!isnan(bytes) || getrusage(RUSAGE_SELF, &usage) != 0) return bytes;
  return 1024.0 * (double) usage.ru_maxrss;
}

enum { HUGE_PAGE = 2 << 20 };

/* Linux promises more than there is, and kills whoever takes it at its word: large blocks that
 * cannot be filled are refused. */
static bool can_be_filled(size_t bytes)
{
  static const size_t large = (size_t) 256 << 20;
  return bytes < large || (double) bytes < meso_memory_available();
}

/* Large blocks in huge pages: fewer of them have to be found when memory is first touched. */
static void advise_huge(void *p, size_t bytes)
{
  const uintptr_t at = (uintptr_t) p, first = (at + HUGE_PAGE - 1) / HUGE_PAGE * HUGE_PAGE;
  const uintptr_t end = (at + bytes) / HUGE_PAGE * HUGE_PAGE;
  if (first < end) (void) madvise((char *) p + (first - at), end - first, MADV_HUGEPAGE);
}

void *meso_calloc(size_t n, size_t size)
{
  if (size == 0) size = 1;
  if (n > SIZE_MAX / 2 / size || !can_be_filled(n * size)) return NULL;
  void *p = calloc(n == 0 ? 1 : n, size);
  if (p != NULL) advise_huge(p, n * size);
  return p;
}

void *meso_realloc(void *p, size_t n, size_t size)
{
  if (size == 0) size = 1;
  if (n > SIZE_MAX / 2 / size) return NULL;
  return realloc(p, n == 0 ? size : n * size);
}

void *meso_aligned_alloc(size_t n, size_t size)
{
  if (size == 0) size = 1;
  if (n > SIZE_MAX / 2 / size) return NULL;
  const size_t bytes = n == 0 ? size : n * size;
  if (!can_be_filled(bytes)) return NULL;
  const size_t align = bytes >= HUGE_PAGE ? HUGE_PAGE : 64;
  const size_t rounded = (bytes + align - 1) / align * align;
  void *p = aligned_alloc(align, rounded);
  if (p != NULL) advise_huge(p, rounded);
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
