/* meso_probe.h: layouts of probes: where the contacts are.
 *
 * One row of MESO_LAYOUTS and one of the table in meso_probe.c make a layout; the choices of the
 * model key probe.layout follow.
 */
#ifndef MESO_PROBE_H
#define MESO_PROBE_H

#include "meso_model.h"

#ifdef __cplusplus
extern "C" {
#endif

/** In the order of the table; the first is the default. */
#define MESO_LAYOUTS(ROW) ROW(laminar) ROW(grid) ROW(neuropixels1) ROW(neuropixels2) ROW(list)

#define MESO_LAYOUT_INDEX(name) MESO_LAYOUT_##name,
enum { MESO_LAYOUTS(MESO_LAYOUT_INDEX) MESO_N_LAYOUTS };

enum { MESO_MAX_CONTACTS = 100000 };

typedef struct meso_layout_ops {
  const char *name;
  const char *summary;
  const char *keys[8];     /**< keys of the section probe that it takes besides x_um, y_um,
                                z_first_um and those of every layout; NULL-ended */
  double (*count)(const meso_probe_params *probe);
  /** Places of all contacts (count, 3). */
  void (*place)(const meso_probe_params *probe, double *xyz_um);
} meso_layout_ops;

/** By index in MESO_LAYOUTS (meso_probe_params.layout). */
const meso_layout_ops *meso_layout_at(int layout);

#ifdef __cplusplus
}
#endif
#endif
