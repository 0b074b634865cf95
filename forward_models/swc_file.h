/* swc_file.h: SWC files as trees whose soma is one point. Internal to meso_morphology.c. */
#ifndef SWC_FILE_H
#define SWC_FILE_H

#include <stddef.h>

#include "meso_error.h"
#include "meso_morphology.h"

/** A point of a dendrite or axon; point 0 stands for the soma. */
typedef struct swc_point {
  long id, line;       /* as in the file; of the soma those of its first point */
  int type;
  size_t parent;       /* index below its own, MESO_NO_PARENT at the soma */
  size_t n_children, last_child;
  size_t section;      /* for the user of the tree */
  double x[3], diam;
} swc_point;

/** The soma as a polyline: x, y, z, diameter. */
typedef struct swc_soma {
  meso_soma_form form;
  size_t n;
  double (*point)[4];
} swc_soma;

typedef struct swc_tree {
  size_t n;            /* at least 1 */
  swc_point *point;    /* parents before children; in the order of ids if that allows it */
  swc_soma soma;
} swc_tree;

/** Reads and checks a file (see meso_morphology_read). Free with swc_tree_clear, on failure too. */
MESO_MUST_CHECK meso_status swc_tree_read(const char *path, swc_tree *tree, meso_err *err);
void swc_tree_clear(swc_tree *tree);

#endif
