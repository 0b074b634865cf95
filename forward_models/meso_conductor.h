/* meso_conductor.h: volume conductors: what a probe measures per nA of membrane current.
 *
 * One conductor is one file forward_models/fv_X.c that defines `const meso_conductor_ops
 * meso_fv_X`, and one row in forward_models/Makefile.am. It turns the segments of a cell and the
 * places of contacts into a matrix (channel, segment); matrix times membrane currents (nA, outward
 * positive) is the signal in the conductor's unit. Potentials are in mV: nA / (um S/m) = mV. No
 * contact is nearer to a segment than half of the segment's diameter: shorter distances count as
 * that.
 *
 * A conductor may wrap another one: finite contacts and periodic images average or sum what the
 * inner one says at several places. As text, from the outside in:
 *   "periodic period_x_um=4000 order=1, finite_contact radius_um=7.5, root_as_point"
 */
#ifndef MESO_CONDUCTOR_H
#define MESO_CONDUCTOR_H

#include "meso_error.h"
#include "meso_params.h"
#include "meso_segments.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct meso_conductor meso_conductor;

typedef struct meso_conductor_ops {
  const char *name;         /**< "line" */
  const char *summary;      /**< one line */
  const char *unit;         /**< of its signal; NULL: that of the wrapped conductor */
  bool wraps;               /**< needs an inner conductor */
  size_t n_channels;        /**< 0: one per contact; else as many, whatever the contacts */
  const meso_param *params;
  size_t params_size;
  /** Checks across parameters, or NULL. */
  meso_status (*check)(const void *params, meso_err *err);
  /** As meso_conductor_matrix, with arguments that were checked. */
  meso_status (*matrix)(const meso_conductor *conductor, const meso_segments *segments,
                        size_t n_contacts, const double *contact_um, double *matrix,
                        meso_err *err);
} meso_conductor_ops;

/** A conductor with its parameters. */
struct meso_conductor {
  const meso_conductor_ops *ops;
  void *params;             /**< by ops->params */
  meso_conductor *inner;    /**< owned; NULL unless ops->wraps */
};

size_t meso_conductor_count(void);
const meso_conductor_ops *meso_conductor_at(size_t i);
const meso_conductor_ops *meso_conductor_by_name(const char *name);

/** A conductor with default parameters.
 *  @param[in] inner  what it wraps; belongs to the result afterwards, and is freed on failure;
 *                    NULL for conductors that wrap nothing
 *  MESO_ENOTFOUND for an unknown name, MESO_EINVAL for a wrapper around nothing or the reverse. */
MESO_MUST_CHECK meso_status meso_conductor_create(const char *name, meso_conductor *inner,
                                                  meso_conductor **ret_conductor, meso_err *err);
void meso_conductor_destroy(meso_conductor *conductor);

/** Whether the conductor, or one that it wraps, has a parameter. */
bool meso_conductor_has(const meso_conductor *conductor, const char *key);

/** Sets a parameter of the outermost conductor that has the key. */
MESO_MUST_CHECK meso_status meso_conductor_set(meso_conductor *conductor, const char *key,
                                               double value, meso_err *err);

/** Makes a conductor of text: names with key=value pairs, separated by blanks; a comma separates a
 *  wrapper from what it wraps. Unknown names and keys, and values out of range are refused. */
MESO_MUST_CHECK meso_status meso_conductor_parse(const char *text, meso_conductor **ret_conductor,
                                                 meso_err *err);

/** Unit of the signal that the matrix gives per nA. */
const char *meso_conductor_unit(const meso_conductor *conductor);

/** Rows of the matrix for so many contacts. */
size_t meso_conductor_n_channels(const meso_conductor *conductor, size_t n_contacts);

/** The forward matrix. Deterministic, safe to call from several threads.
 *  @param[in] contact_um  (n_contacts, 3), absolute; NULL if the conductor has no contacts
 *  @param[out] matrix     (n_channels, segments->n), row-major; unit of the signal per nA
 *  MESO_ENUMERIC if an element is not finite. */
MESO_MUST_CHECK meso_status meso_conductor_matrix(const meso_conductor *conductor,
                                                  const meso_segments *segments,
                                                  size_t n_contacts, const double *contact_um,
                                                  double *matrix, meso_err *err);

#ifdef __cplusplus
}
#endif
#endif
