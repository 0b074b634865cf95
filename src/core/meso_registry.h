/* meso_registry.h: look-ups in a list that the Makefile's rows generate (analyses, forward models,
 * figures): one way to count, index and name entries, for every kind of them. */
#ifndef MESO_REGISTRY_H
#define MESO_REGISTRY_H

#include <stddef.h>
#include <string.h>

/* Defines prefix_count(), prefix_at(i) and prefix_by_name(name) over a table of pointers to entries
 * with a field `name`; the table ends with NULL. at and by_name return NULL for what is not there.
 * Stands alone at file level, without a semicolon. */
#define MESO_REGISTRY(prefix, type, table) \
  size_t prefix##_count(void) { return sizeof (table) / sizeof (table)[0] - 1; } \
  const type *prefix##_at(size_t i) { return i < prefix##_count() ? (table)[i] : NULL; } \
  const type *prefix##_by_name(const char *name) \
  { \
    for (size_t i = 0; i < prefix##_count(); i++) \
      if (strcmp((table)[i]->name, name) == 0) return (table)[i]; \
    return NULL; \
  }

#endif
