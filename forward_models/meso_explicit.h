/* meso_explicit.h: an explicit population: cells with a shape, a place and a rotation each, the
 * synaptic events that they receive, a medium and a probe. Nothing in it is drawn or derived: what
 * the compartment and the synapse method take, and the layout of files of such populations.
 *
 * Units: um, ms, nA, uF/cm2, S/cm2, S/m, mV. Time runs in steps of dt_ms from 0: an event of step k
 * adds to its synapse's current at k dt and shows from sample k + 1 on.
 */
#ifndef MESO_EXPLICIT_H
#define MESO_EXPLICIT_H

#include <stdint.h>

#include "meso_error.h"
#include "meso_morphology.h"

#ifdef __cplusplus
extern "C" {
#endif

/** A cell type: a shape that was cut into segments, and its membrane. */
typedef struct meso_explicit_type {
  char *name;                   /**< owned */
  meso_morphology *morphology;  /**< owned; its position does not matter */
  double cm_uF_per_cm2;
  double e_pas_mV;              /**< leak reversal, also the initial potential */
  double *g_pas_S_per_cm2;      /**< (n_segments), owned */
} meso_explicit_type;

typedef struct meso_explicit_cell {
  uint32_t type;
  double soma_um[3];     /**< where the middle of segment 0 is */
  double rotation[9];    /**< row-major, about the middle of segment 0: x' = R (x - soma) */
} meso_explicit_cell;

/** Time course of a synaptic current. tau_rise_ms = 0: exp(-t/tau); 0 < tau_rise_ms < tau_ms: the
 *  difference of two exponentials with peak 1; tau_rise_ms = tau_ms: its limit, the alpha function
 *  t/tau exp(1 - t/tau). */
typedef struct meso_synapse_kind { double tau_ms, tau_rise_ms; } meso_synapse_kind;

enum { MESO_EXPLICIT_MAX_KINDS = 256, MESO_EXPLICIT_MAX_STEPS = 0x7fffffff };

/** One event, 16 bytes. A positive weight depolarises. */
typedef struct meso_explicit_event {
  double weight_nA;
  uint32_t step;          /**< arrival; events at n_steps or later have no effect */
  uint32_t segment : 24;
  uint32_t kind : 8;
} meso_explicit_event;

/** A list of events that grows. */
typedef struct meso_event_list { size_t n, capacity; meso_explicit_event *event; } meso_event_list;

/** Appends room for @p n events and sets @p ret_events to it; it is valid until the next call. */
MESO_MUST_CHECK meso_status meso_event_list_extend(meso_event_list *list, size_t n,
                                                   meso_explicit_event **ret_events,
                                                   meso_err *err);
void meso_event_list_clear(meso_event_list *list);

/** Where events come from when they are too many to be held: appends those of one cell to an empty
 *  list, in any order. Called once for each cell, in any order of cells, by several threads at once
 *  (each with a list of its own); what it gives must depend on the cell alone. */
typedef meso_status (*meso_explicit_events_of)(void *user, size_t cell, meso_event_list *list,
                                               meso_err *err);

typedef struct meso_explicit {
  size_t n_types;
  meso_explicit_type *type;
  size_t n_cells;
  meso_explicit_cell *cell;
  size_t n_kinds;
  meso_synapse_kind *kind;
  /* events: held, or made on demand if events_of is set */
  size_t *event_first;          /**< (n_cells + 1); NULL: there are none */
  meso_explicit_event *event;   /**< those of cell i are event_first[i] ... event_first[i + 1] - 1,
                                     in the order in which they are added up within a step */
  meso_explicit_events_of events_of;
  void *events_user;            /**< borrowed */
  double dt_ms;
  size_t n_steps;               /**< signals have n_steps + 1 samples */
  /* medium and probe */
  double sigma_S_per_m;
  char *method;                 /**< volume conductor, e.g. "root_as_point"; owned */
  size_t n_contacts;
  double *contact_um;           /**< (n_contacts, 3) */
  size_t n_boxes;
  double *box_z_um;             /**< (n_boxes, 2): CSD between z0 and z1 > z0 ... */
  double box_radius_um;         /**< ... within this distance of the z axis */
} meso_explicit;

/** A population with room for so many types, cells and kinds of synapse, all zeroed but for the
 *  rotations (identity) and method ("root_as_point"). */
MESO_MUST_CHECK meso_status meso_explicit_create(size_t n_types, size_t n_cells, size_t n_kinds,
                                                 meso_explicit **ret_population, meso_err *err);
/** Frees what the population owns; NULL and half-built ones are fine. */
void meso_explicit_destroy(meso_explicit *population);

/** Fills in a type.
 *  @param[in] morphology     taken over, also on failure
 *  @param[in] g_pas_S_per_cm2  of all segments */
MESO_MUST_CHECK meso_status meso_explicit_set_type(meso_explicit *population, size_t type,
                                                   const char *name, meso_morphology *morphology,
                                                   double cm_uF_per_cm2, double g_pas_S_per_cm2,
                                                   double e_pas_mV, meso_err *err);

/** Rotation by an angle about the z axis: x' = x cos - y sin, y' = x sin + y cos. */
void meso_rotation_z(double angle_rad, double rotation[9]);

/** Takes n events in any order and sorts them by cell; those of one cell keep their order. Replaces
 *  events set before.
 *  @param[in] cell   (n) each below n_cells, else MESO_EINVAL
 *  @param[in] event  (n), copied */
MESO_MUST_CHECK meso_status meso_explicit_set_events(meso_explicit *population, size_t n,
                                                     const uint32_t *cell,
                                                     const meso_explicit_event *event,
                                                     meso_err *err);

/** Sets contacts, copied; (n, 3) um. */
MESO_MUST_CHECK meso_status meso_explicit_set_contacts(meso_explicit *population, size_t n,
                                                       const double *xyz_um, meso_err *err);
/** Sets the boxes of the CSD, copied; (n, 2) um. */
MESO_MUST_CHECK meso_status meso_explicit_set_boxes(meso_explicit *population, size_t n,
                                                    const double *z_um, double radius_um,
                                                    meso_err *err);

/** Fails (exit 3) unless everything makes sense: trees, sizes, indices, positive and finite
 *  parameters, rotations that are orthogonal to 1e-6, at least one channel. Events are checked when
 *  they are held; those made on demand, when they are used (meso_explicit_check_events). */
MESO_MUST_CHECK meso_status meso_explicit_check(const meso_explicit *population, meso_err *err);
/** Fails with MESO_EINVAL if an event of a cell names no segment or kind, or has no finite
 *  weight. */
MESO_MUST_CHECK meso_status meso_explicit_check_events(const meso_explicit *population, size_t cell,
                                                       size_t n, const meso_explicit_event *event,
                                                       meso_err *err);

/** Ends of a cell's segments where the cell is.
 *  @param[out] start_um, end_um  (n_segments, 3) */
void meso_explicit_place(const meso_explicit *population, size_t cell, double *start_um,
                         double *end_um);

#ifdef __cplusplus
}
#endif
#endif
