/* meso_yaml.h: small document tree of a YAML file in which every value knows its line. */
#ifndef MESO_YAML_H
#define MESO_YAML_H

#include <stddef.h>

#include "meso_error.h"

typedef enum mesoi_node_kind { MESOI_SCALAR, MESOI_MAP, MESOI_LIST } mesoi_node_kind;

/* A value. Children of a map have a key; children of a list have none. */
typedef struct mesoi_node {
  mesoi_node_kind kind;
  char *key;                  /* in a map; NULL else */
  char *text;                 /* of a scalar; NULL else */
  const char *file;           /* for messages; borrowed from the caller */
  long line;                  /* from 1; 0 if it comes from the command line */
  size_t n, capacity;
  struct mesoi_node *child;
} mesoi_node;

/* Reads a file of at most 4 MB. `path` must outlive the tree. Anchors, aliases, tags, several
 * documents, duplicate keys, NUL characters and more than 16 levels are refused. */
MESO_MUST_CHECK meso_status mesoi_yaml_read(const char *path, mesoi_node *ret_root, meso_err *err);

/* As mesoi_yaml_read, from memory; `file` is the name for messages. */
MESO_MUST_CHECK meso_status mesoi_yaml_parse(const char *bytes, size_t n_bytes, const char *file,
                                             mesoi_node *ret_root, meso_err *err);

/* Applies one "dotted.path=value"; items of lists are found by `name`, or by "source->target". The
 * value ~ takes the key, item or section out. */
MESO_MUST_CHECK meso_status mesoi_yaml_set(mesoi_node *root, const char *set, meso_err *err);

/* Child of a map with this key, or NULL; also NULL if `map` is NULL or no map. */
const mesoi_node *mesoi_node_find(const mesoi_node *map, const char *key);

/* Node at a dotted path through maps, or NULL. */
const mesoi_node *mesoi_node_at(const mesoi_node *root, const char *path);

/* Text of a scalar child of a map, or NULL. */
const char *mesoi_node_text(const mesoi_node *map, const char *key);

/* "file:line", or "--set". */
typedef struct mesoi_place { char text[320]; } mesoi_place;
mesoi_place mesoi_node_place(const mesoi_node *node);

/* "1, 2, 3" from a list of scalars, or the text of a scalar. The caller frees it. */
MESO_MUST_CHECK meso_status mesoi_node_list_text(const mesoi_node *node, char **ret_text,
                                                 meso_err *err);

/* Frees what the node owns and zeroes it; safe on a zeroed node. */
void mesoi_node_clear(mesoi_node *node);

#endif
