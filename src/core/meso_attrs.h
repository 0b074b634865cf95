/* meso_attrs.h: small ordered set of named values (text or number) that travels with data and
 * becomes HDF5 attributes: estimator parameters, shares, notes. */
#ifndef MESO_ATTRS_H
#define MESO_ATTRS_H

#include <stddef.h>

#include "meso_error.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct meso_attr {
  char *key;
  char *text;    /**< NULL: the value is the number */
  double number;
} meso_attr;

typedef struct meso_attrs { size_t n; meso_attr *v; } meso_attrs;

/** Sets (or replaces) an attribute. */
MESO_MUST_CHECK meso_status meso_attrs_set_text(meso_attrs *a, const char *key, const char *text,
                                                meso_err *err);
MESO_MUST_CHECK meso_status meso_attrs_set_number(meso_attrs *a, const char *key, double number,
                                                  meso_err *err);
/** The attribute, or NULL. */
const meso_attr *meso_attrs_get(const meso_attrs *a, const char *key);
/** Number under @p key, or @p fallback if absent or text. */
double meso_attrs_number(const meso_attrs *a, const char *key, double fallback);
/** Text under @p key, or NULL. */
const char *meso_attrs_text(const meso_attrs *a, const char *key);
/** Adds a sentence to the text "warning", behind those that are there. */
MESO_MUST_CHECK meso_status meso_attrs_warn(meso_attrs *a, const char *sentence, meso_err *err);
/** Adds copies of all of @p from to @p to. */
MESO_MUST_CHECK meso_status meso_attrs_copy(meso_attrs *to, const meso_attrs *from, meso_err *err);
void meso_attrs_clear(meso_attrs *a);

#ifdef __cplusplus
}
#endif
#endif
