/* meso_text.h: small text files, whole. */
#ifndef MESO_TEXT_H
#define MESO_TEXT_H

#include <stddef.h>

#include "meso_error.h"

/* A regular file of at most max_bytes (never waits for a FIFO), NUL-terminated beyond its end.
 * what: what it should be, for messages ("model file"). The caller frees *ret_bytes. */
MESO_MUST_CHECK meso_status mesoi_text_read(const char *path, size_t max_bytes, const char *what,
                                            char **ret_bytes, size_t *ret_n_bytes, meso_err *err);

#endif
