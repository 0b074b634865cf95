/* meso_forward.h: the registry of signal-to-signal forward models (drive -> BOLD). One model is one
 * file forward_models/fm_X.c that defines `const meso_forward_ops meso_fm_X`, and one row in
 * forward_models/Makefile.am. */
#ifndef MESO_FORWARD_H
#define MESO_FORWARD_H

#include "meso_data.h"
#include "meso_params.h"
#include "meso_series.h"

#ifdef __cplusplus
extern "C" {
#endif

/** A value that was computed independently of this program: the largest response to a box of
 *  @c drive that lasts @c on_s from t = 0, in every channel of @c n_channels; seen in channel 0. */
typedef struct meso_forward_check {
  size_t n_channels;
  double drive, on_s;
  double peak, peak_tolerance;   /**< in unit_out */
  double peak_s;                 /**< when; NAN: at the end of the box */
  double peak_s_tolerance;
} meso_forward_check;

typedef struct meso_forward_ops {
  const char *name;         /**< "friston2003" */
  const char *summary;      /**< one line with the source */
  const char *doi;          /**< of the source */
  const char *unit_in, *unit_out;
  bool linear;              /**< generic tests check what is declared */
  bool scale_free;          /**< its gain is arbitrary: amplitudes must not be compared */
  bool needs_file;          /**< cannot run on its defaults: a key names a file */
  bool laminar;             /**< channels are depths of one column, from the surface down */
  const meso_param *params; /**< rows with the preset's defaults */
  size_t params_size;
  meso_forward_check check;
  /** in: zero-order hold between samples, from rest at its first sample.
   *  TR_s: point samples at k TR, k = 0 .. floor(T / TR). Appends signal "bold" to out, with attrs
   *  (every parameter, max flow), and more signals if the parameters ask for them. Threads never
   *  change a bit. On failure nothing is appended. */
  meso_status (*apply)(const void *params, const meso_series *in, double TR_s, int n_threads,
                       meso_signals *out, meso_err *err);
} meso_forward_ops;

size_t meso_forward_count(void);
const meso_forward_ops *meso_forward_at(size_t i);
const meso_forward_ops *meso_forward_by_name(const char *name);

#ifdef __cplusplus
}
#endif
#endif
