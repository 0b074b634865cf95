/* meso_params.h: option rows. One row describes one parameter: name, type, unit, range, default,
 * help, and where it lives in its struct. The same rows read model files, --set, command-line
 * options and produce help and error messages, so no key exists in two lists.
 */
#ifndef MESO_PARAMS_H
#define MESO_PARAMS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "meso_error.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum meso_param_type {
  MESO_PARAM_DOUBLE,  /**< field: double, always finite */
  MESO_PARAM_INT,     /**< field: int64_t */
  MESO_PARAM_BOOL,    /**< field: bool; text true|false|yes|no|on|off */
  MESO_PARAM_STRING,  /**< field: char *, owned by the struct */
  MESO_PARAM_CHOICE,  /**< field: int, index into `choices` */
  MESO_PARAM_DOUBLES  /**< field: meso_doubles, owned by the struct */
} meso_param_type;

/** A list of numbers, e.g. depth profiles. */
typedef struct meso_doubles { size_t n; double *v; } meso_doubles;

/** One parameter. A table of rows ends with a row whose key is NULL. */
typedef struct meso_param {
  const char *key;          /**< with its unit as suffix, e.g. "tau_m_ms" */
  meso_param_type type;
  const char *unit;         /**< "ms", "1" if dimensionless, "" for text */
  double min, max;          /**< numbers: allowed range, inclusive unless min_open */
  bool min_open;            /**< true: the value must be greater than min */
  const char *default_text; /**< as it would stand in a file; NULL: required */
  const char *choices;      /**< CHOICE: "poisson|dc" */
  size_t offset;            /**< offsetof the field in the struct */
  const char *help;         /**< one line, with the source of the default where it has one */
} meso_param;

/** Where a value was written; for messages only. */
typedef struct meso_where {
  const char *file; /**< file name, or "--set" or "command line" */
  long line;        /**< from 1; 0 if there is none */
  const char *path; /**< dotted path of the block, e.g. "populations.L23E"; may be NULL */
} meso_where;

/** Row with this key, or NULL. */
const meso_param *meso_param_find(const meso_param *rows, const char *key);

/** Parses @p text (optionally followed by the row's unit: "10 ms") into the field of @p object.
 *  Refuses other units, NaN, infinities, values out of range, trailing characters; the message
 *  names file, line, key, value, unit and allowed range. Strings and lists replace (and free) the
 *  former value. DOUBLES text is comma- or blank-separated. */
MESO_MUST_CHECK meso_status meso_param_set(const meso_param *row, void *object, const char *text,
                                           const meso_where *where, meso_err *err);

/** As meso_param_set, by key. An unknown key is refused, with the nearest known key named. */
MESO_MUST_CHECK meso_status meso_params_set(const meso_param *rows, void *object, const char *key,
                                            const char *text, const meso_where *where,
                                            meso_err *err);

/** Gives every row with a default its default. @p object must be zeroed. */
MESO_MUST_CHECK meso_status meso_params_default(const meso_param *rows, void *object,
                                                meso_err *err);

/** Number of single-letter edits (a swap of neighbours counts one) that turn @p a into @p b; for
 *  words of more than 64 letters the sum of their lengths. */
size_t meso_edit_distance(const char *a, const char *b);

/** Message for an unknown key: names the nearest known key, or lists all. Returns MESO_EINVAL. */
meso_status meso_params_unknown_key(const meso_param *rows, const char *key,
                                    const meso_where *where, meso_err *err);

/** Current value as text that meso_param_set would read back to the same bits. Caller frees. */
char *meso_param_format(const meso_param *row, const void *object);

/** Allowed range as text: "> 0 ms", "0 ms to 100 ms", "one of poisson|dc". */
void meso_param_range_text(const meso_param *row, char *buffer, size_t size);

/** Frees the strings and lists of @p object; safe on a zeroed one. */
void meso_params_clear(const meso_param *rows, void *object);

#ifdef __cplusplus
}
#endif
#endif
