/* info_model.h: the answer of `info` for a model file. */
#ifndef MESO_INFO_MODEL_H
#define MESO_INFO_MODEL_H

#include "meso_cli.h"

/** Answers "name", "n_neurons", "n_synapses", "populations" and "projections" (rule, its number,
 *  switches, distributions); prints them unless --json. */
MESO_MUST_CHECK meso_status mesoi_info_model(const meso_cli *cli, const char *path, meso_err *err);

/** Answers "name" and "tables" (title, columns, rows), those of Nordlie et al. 2009; writes them to
 *  -o in the format of its ending, else prints them as Markdown unless --json. */
MESO_MUST_CHECK meso_status mesoi_info_tables(const meso_cli *cli, const char *path,
                                              meso_err *err);

#endif
