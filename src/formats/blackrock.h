/* blackrock.h: numbers in the files of Blackrock's recording systems: little-endian, unaligned. */
#ifndef BLACKROCK_H
#define BLACKROCK_H

#include <stddef.h>
#include <stdint.h>

/** Unsigned number of @p n bytes, at most 8. */
static inline uint64_t blackrock_number(const char *bytes, size_t n)
{
  uint64_t v = 0;
  for (size_t k = n; k-- > 0;) v = v << 8 | (unsigned char) bytes[k];
  return v;
}

static inline int blackrock_sample(const char *bytes)
{
  const int v = (int) blackrock_number(bytes, 2);
  return v < 32768 ? v : v - 65536;
}

/** Largest file that is read, bytes. */
#define BLACKROCK_MOST ((size_t) 1 << 36)

#endif
