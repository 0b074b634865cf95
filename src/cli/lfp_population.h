/* lfp_population.h: the part of `mesocast lfp` that takes explicit populations. */
#ifndef MESO_LFP_POPULATION_H
#define MESO_LFP_POPULATION_H

#include "meso_cli.h"
#include "meso_compartment.h"

/** Integrates every cell of an explicit population and writes lfp, csd and dipole to -o. */
MESO_MUST_CHECK meso_status mesoi_lfp_compartment(const meso_cli *cli, const char *path,
                                                  meso_cable_scheme scheme, meso_err *err);

/** Adds up the events of an explicit population in a few functions of time; the same signals. */
MESO_MUST_CHECK meso_status mesoi_lfp_synapse(const meso_cli *cli, const char *path,
                                              double tolerance, meso_err *err);

#endif
