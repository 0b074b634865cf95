/* meso_triangle.h: where a pair of channels, trains or populations is in the upper triangle of
 * their matrix, which is kept row by row: (0,1), (0,2), ... (1,2), ... */
#ifndef MESO_TRIANGLE_H
#define MESO_TRIANGLE_H

#include <stddef.h>

/** Place of the pair i < j of @p n, without the diagonal. */
static inline size_t meso_pair_at(size_t n, size_t i, size_t j)
{
  return i * (2 * n - i - 1) / 2 + j - i - 1;
}

/** Number of pairs i <= j, and the place of one: the diagonal is with them. */
static inline size_t meso_triangle_size(size_t n) { return n * (n + 1) / 2; }
static inline size_t meso_triangle_at(size_t n, size_t i, size_t j)
{
  return i * (2 * n - i + 1) / 2 + j - i;
}

#endif
