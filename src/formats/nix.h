/* nix.h: what the readers of signals and of spikes of NIX files share. Internal to formats.
 *
 * NIX (g-node.org/nix, HDF5): /data/<block>/data_arrays/<name> has `data`, attributes `type`,
 * `unit`, `expansion_origin`, a dataset `polynom_coefficients`, and `dimensions/1` ... with the
 * attribute dimension_type: "sample" with sampling_interval, offset, unit; "range" with ticks, or
 * its own values; "set". Neo (NixIO) writes trains as /data/<block>/groups/<segment>/multi_tags. */
#ifndef NIX_H
#define NIX_H

#include "meso_format.h"

/** Fails unless a file is NIX. */
MESO_MUST_CHECK meso_status nix_check(const char *path, meso_err *err);
/** ms of a unit of time, also of "1/kHz" as Neo writes it; 1 / kHz: 1. 0 for another one. */
double nix_ms_of(const char *unit);
/** mV of a unit of potential; 0 for another one. */
double nix_mV_of(const char *unit);
/** Attribute "unit" of an object, "" without one; the caller frees it. */
MESO_MUST_CHECK meso_status nix_unit(const char *path, const char *object, char **ret,
                                     meso_err *err);
/** The name that Neo gives an object, in metadata/properties/neo_name, else the last part of its
 *  path; the caller frees it. */
MESO_MUST_CHECK meso_status nix_name(const char *path, const char *object, char **ret,
                                     meso_err *err);
/** Calls @p visit for each group in /data/<block>/<what>, of all blocks. */
MESO_MUST_CHECK meso_status nix_each(const char *path, const char *what,
                                     meso_status (*visit)(void *user, const char *group,
                                                          meso_err *err),
                                     void *user, meso_err *err);

#endif
