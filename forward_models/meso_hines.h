/* meso_hines.h: passive cables of one shape, eight cells at a time.
 *
 * The matrix of a step is factorised once per cell type (Hines 1984, Int J Biomed Comput 15:69);
 * eight cells are the lanes of the vectors. Rows are the tree's nodes in an order in which parents
 * come first and unbranched stretches lie side by side (runs); branch points without membrane that
 * have no or one child are eliminated exactly. Potentials are relative to the leak's reversal.
 * The inner loops (hines_kernels.c) are compiled once per instruction set; their arithmetic is
 * plain IEEE without contraction, so that every set gives the same bits.
 *
 * A step of implicit Euler solves C (u' - u)/dt + G u' + L u' = I with the synaptic current I at
 * the start of the step. The second-order scheme (Crank and Nicolson 1947, doi
 * 10.1017/S0305004100023197) solves for the middle of the step, C (u_half - u) 2/dt + G u_half
 * + L u_half = mean of I over the step, and goes on with u' = 2 u_half - u; its samples are those
 * of u_half, so they lie half a step earlier. In both the membrane current is
 * C du/dt + G u - I = -L u, outward positive; those of a cell sum to zero.
 */
#ifndef MESO_HINES_H
#define MESO_HINES_H

#include <stdbool.h>
#include <stdint.h>

#include "meso_explicit.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { MESO_HINES_LANES = 8 };

typedef enum meso_cable_scheme { MESO_CABLE_EULER, MESO_CABLE_CRANK_NICOLSON } meso_cable_scheme;

/** Rows first ... first + n - 1, each the parent of the next. */
typedef struct meso_hines_run {
  uint32_t first, n;
  uint32_t parent_run;      /**< the run whose last row is the parent of the first row */
} meso_hines_run;

/** Coefficients of one row. */
typedef struct meso_hines_row {
  double storage_uS;        /**< C over the step that is solved for */
  double total_uS;          /**< storage plus leak */
  double pull;              /**< share of the right-hand side that moves to the parent */
  double inverse;           /**< of the reduced diagonal */
} meso_hines_row;

/** A cell type with its factorised matrix; shared by all threads. */
typedef struct meso_hines {
  size_t n_rows, n_runs, n_segments;
  meso_hines_run *run;      /**< parents first; run 0 holds the root */
  uint32_t *row;            /**< (n_segments): row of a segment */
  bool second_order;
  meso_hines_row *coefficient; /**< (n_rows) */
  /* synaptic currents: s' = decay (s + feed), feed' = decay feed */
  size_t n_taus;
  double *decay;            /**< (n_taus) over one step */
  bool *has_feed;           /**< (n_taus): alpha functions */
  struct meso_hines_kind *kind; /**< (n_kinds): what an event adds */
} meso_hines;

/** What an event of weight 1 adds to the currents with one or two time constants. */
typedef struct meso_hines_kind {
  size_t n;
  struct { size_t tau; double current, feed; } add[2];
} meso_hines_kind;

/** @param[in] kind  (n_kinds) kinds of synapse
 *  The type must have passed meso_explicit_check. Free with meso_hines_destroy. */
MESO_MUST_CHECK meso_status meso_hines_create(const meso_explicit_type *type, size_t n_kinds,
                                              const meso_synapse_kind *kind, double dt_ms,
                                              meso_cable_scheme scheme, meso_hines **ret_hines,
                                              meso_err *err);
void meso_hines_destroy(meso_hines *hines);

/** State of eight cells. All arrays are (row, lane). */
typedef struct meso_hines_state {
  double *u_mV;
  double *reduced;          /**< right-hand sides on their way to the root; may be u_mV itself */
  double *pending;          /**< (n_runs, lane) what child runs pass to their parent's last row */
  double *joint_mV;         /**< (n_runs, lane) potential of the last row of a run */
  double **current_nA;      /**< (n_taus) */
  double **feed_nA;         /**< (n_taus), NULL where there is none */
  double *memory;
} meso_hines_state;

/** State of rest. Free with meso_hines_state_clear, on failure too. */
MESO_MUST_CHECK meso_status meso_hines_state_init(const meso_hines *hines, meso_hines_state *state,
                                                  meso_err *err);
void meso_hines_state_clear(meso_hines_state *state);

/** Adds an event's weight to the current of one lane, before the step at which it arrives. */
void meso_hines_add_event(const meso_hines *hines, meso_hines_state *state, size_t lane,
                          const meso_explicit_event *event);

/** The inner loops for one instruction set. */
typedef struct meso_hines_kernels {
  const char *name;         /**< "plain", "avx2", "avx512" */
  /** One step; imem_nA (row, lane) receives the membrane currents, aligned to 64 bytes. */
  void (*step)(const meso_hines *hines, meso_hines_state *state, double *imem_nA);
  /** Values below 1e-200 become zero, so that long silence never leads into subnormal numbers. */
  void (*settle)(const meso_hines *hines, meso_hines_state *state);
  /** out[t, c] = sum over lanes and rows of matrix[c, row, lane] imem[t, row, lane], summed over
   *  rows in order, then over lanes as a tree.
   *  @param[in] matrix  in tiles of MESO_HINES_TILE channels: (tile, row, channel, lane)
   *  @param[in] imem_nA (n_steps, n_rows, lane); n_steps at most MESO_HINES_BLOCK
   *  @param[out] out    (n_steps, n_tiles * MESO_HINES_TILE) */
  void (*project)(size_t n_rows, size_t n_steps, size_t n_tiles, const double *matrix,
                  const double *imem_nA, double *out);
} meso_hines_kernels;

enum { MESO_HINES_TILE = 4, MESO_HINES_BLOCK = 24 };

/** Choice by instruction set: meso_isa.h. */
const meso_hines_kernels *meso_hines_kernels_choose(const char *opt_name);

#ifdef __cplusplus
}
#endif
#endif
