/* meso_morphology.h: neuron shapes. Reads an SWC file and cuts it into compartments.
 *
 * Conventions: the soma is one compartment (meso_soma_form says of which area); every other section
 * is a maximal unbranched run of points of one type. Branches join the end of their parent section
 * and begin at its last point, stems join the soma compartment directly and begin at their own
 * first point. Segments are cut by the d_lambda rule (Hines and Carnevale 1997,
 * doi:10.1162/neco.1997.9.6.1179), by a maximal length, or both.
 */
#ifndef MESO_MORPHOLOGY_H
#define MESO_MORPHOLOGY_H

#include <stddef.h>

#include "meso_error.h"
#include "meso_segments.h"

#ifdef __cplusplus
extern "C" {
#endif

/** SWC point types that are accepted; also the types of sections. */
enum { MESO_SECTION_SOMA = 1, MESO_SECTION_AXON = 2, MESO_SECTION_DEND = 3,
       MESO_SECTION_APIC = 4 };

#define MESO_NO_PARENT ((size_t) -1)

/** How a tree is cut into segments. */
typedef struct meso_discretisation {
  double Ra_Ohm_cm;
  double cm_uF_per_cm2;
  double d_lambda;      /**< longest segment in units of the AC length constant, 0.1; 0: no limit */
  double frequency_Hz;  /**< of that length constant, 100 */
  double max_length_um; /**< longest segment; 0: no limit. The soma is never cut. */
} meso_discretisation;

/** How a file gives the soma, and the area that its compartment has for that. */
typedef enum meso_soma_form {
  MESO_SOMA_POINT,        /**< one point: the sphere's, as a cylinder of its diameter along z */
  MESO_SOMA_THREE_POINTS, /**< a point and two on its surface (NeuroMorpho.Org): the same */
  MESO_SOMA_CYLINDERS,    /**< a row of two or more points: the lateral area of their frusta */
  MESO_SOMA_CONTOUR,      /**< an outline of four or more thin points: the sphere about their
                               centroid with their mean distance from it as radius */
  MESO_SOMA_MISSING       /**< none: the sphere of the root point; stems begin at that point */
} meso_soma_form;

/** Compartments of one cell. Segment j is node j; node n_segments + k is the far end of section k,
 *  a point without membrane that keeps the currents balanced at branch points. */
typedef struct meso_morphology {
  meso_soma_form soma_form;
  size_t n_sections, n_segments, n_nodes;
  /* sections; 0 is the soma, parents come first */
  int *section_type;           /**< MESO_SECTION_... */
  size_t *section_index;       /**< number among the sections of its type */
  size_t *section_parent;      /**< or MESO_NO_PARENT */
  size_t *section_first;       /**< its first segment */
  size_t *section_nseg;
  /* segments */
  size_t *segment_section;
  double *area_um2;            /**< lateral area */
  double *diam_um;             /**< length average */
  double *length_um;           /**< arc length, not shorter than the chord */
  double *start_um, *end_um;   /**< (n_segments, 3): ends of the chord */
  /* nodes */
  size_t *node_parent;         /**< MESO_NO_PARENT at the soma */
  double *ri_MOhm;             /**< axial resistance to the parent node, 0 at the soma */
  size_t *node_order;          /**< n_nodes: all nodes, parents before children */
} meso_morphology;

/** Reads and cuts an SWC file. Accepts, beside the plain form: any order of points and ids; whole
 *  numbers written as 3.0; comments at the end of lines, byte order marks, tabs, carriage returns;
 *  every meso_soma_form; type 0 (as dendrite), 5 and 6 (as their parent); a stem of one point,
 *  which then begins at the soma's surface. Refuses, naming file and line: malformed or non-finite
 *  numbers, radii that are not positive, ids that occur twice, parents that are missing, cycles,
 *  several roots, soma points that branch or hang on others, other types; sections without length;
 *  and anything too large. Free with meso_morphology_destroy. */
MESO_MUST_CHECK meso_status meso_morphology_read(const char *path,
                                                 const meso_discretisation *discretisation,
                                                 meso_morphology **ret_morphology, meso_err *err);
void meso_morphology_destroy(meso_morphology *morphology);

/** A morphology with room for so many sections and segments, all zero; n_nodes is their sum. For
 *  trees that come from elsewhere than an SWC file. */
MESO_MUST_CHECK meso_status meso_morphology_create(size_t n_sections, size_t n_segments,
                                                   meso_morphology **ret_morphology, meso_err *err);
/** Fills in node_order from node_parent. Fails with MESO_EINVAL unless the nodes are one tree whose
 *  root is node 0. */
MESO_MUST_CHECK meso_status meso_morphology_sort_nodes(meso_morphology *morphology, meso_err *err);

/** Moves the cell so that the centre of its soma is at (x, y, z) um. */
void meso_morphology_place(meso_morphology *morphology, double x_um, double y_um, double z_um);

/** View of the segments for volume conductors; valid until the morphology is moved or destroyed. */
meso_segments meso_morphology_segments(const meso_morphology *morphology);

/** z of the middle of a segment's chord (um). */
double meso_morphology_z_um(const meso_morphology *morphology, size_t segment);

/** Name of a section type ("soma", "axon", "dend", "apic"), or NULL. */
const char *meso_section_type_name(int type);

/** Parses "dend+apic" (also "all") to a bit set: bit 1 << MESO_SECTION_... */
MESO_MUST_CHECK meso_status meso_section_types_parse(const char *text, unsigned *types,
                                                     meso_err *err);

#ifdef __cplusplus
}
#endif
#endif
