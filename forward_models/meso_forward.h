/* meso_forward.h: the registry of signal-to-signal forward models (drive -> BOLD). One model is one
 * file forward_models/fm_X.c that defines `const meso_forward_ops meso_fm_X`, and one row in
 * forward_models/Makefile.am. */
#ifndef MESO_FORWARD_H
#define MESO_FORWARD_H

#include "meso_data.h"
#include "meso_params.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct meso_forward_ops {
  const char *name;         /**< "friston2003" */
  const char *summary;      /**< one line with the source */
  const char *unit_in, *unit_out;
  bool linear;              /**< generic tests check what is declared */
  const meso_param *params; /**< rows with the preset's defaults */
  size_t params_size;
  /** in: (time, region), zero-order hold between samples, from rest at its first sample.
   *  TR_s: point samples at k TR, k = 0 .. floor(T / TR). Appends signal "bold" to out, with attrs
   *  (every parameter, max flow). */
  meso_status (*apply)(const void *params, const meso_signal *in, double TR_s, meso_signals *out,
                       meso_err *err);
} meso_forward_ops;

size_t meso_forward_count(void);
const meso_forward_ops *meso_forward_at(size_t i);
const meso_forward_ops *meso_forward_by_name(const char *name);

#ifdef __cplusplus
}
#endif
#endif
