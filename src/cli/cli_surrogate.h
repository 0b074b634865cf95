/* cli_surrogate.h: what the commands surrogate and significance share. */
#ifndef CLI_SURROGATE_H
#define CLI_SURROGATE_H

#include "meso_cli.h"
#include "meso_surrogate.h"

/** The surrogate called @p name, or a message with the nearest name. */
MESO_MUST_CHECK meso_status mesoi_surrogate_find(const char *command, const char *name,
                                                 const meso_surrogate_ops **ret, meso_err *err);
/** The number of --seed; 1 without it. */
MESO_MUST_CHECK meso_status mesoi_seed(const meso_cli *cli, int64_t *ret_seed, meso_err *err);

#endif
