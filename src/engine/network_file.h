/* network_file.h: the parts of the reader of explicit networks. Internal to the engine. */
#ifndef NETWORK_FILE_H
#define NETWORK_FILE_H

#include "meso_network.h"
#include "network_table.h"

/* Beyond these a step or a sum means nothing, and integers could overflow. */
#define NETWORK_MAX_STEP 1e12
#define NETWORK_MAX_VALUE 1e9

#define NETWORK_INT(T, f, name, its_unit, low, high, text) \
  { .key = name, .type = MESO_PARAM_INT, .unit = its_unit, .min = low, .max = high, \
    .default_text = text, .offset = offsetof(T, f) }
#define NETWORK_DOUBLE(T, f, name, its_unit, low, high, text) \
  { .key = name, .type = MESO_PARAM_DOUBLE, .unit = its_unit, .min = low, .max = high, \
    .default_text = text, .offset = offsetof(T, f) }

/** The group /input: spikes from outside, currents, Poisson trains; neurons are known. */
MESO_MUST_CHECK meso_status network_file_read_input(meso_network *network, meso_err *err);
/** The group /sources. */
MESO_MUST_CHECK meso_status network_file_read_sources(meso_network *network, meso_err *err);

/** Refuses time steps and durations that make no sense. */
MESO_MUST_CHECK meso_status mesoi_network_check_times(const meso_network *network, meso_err *err);
/** One population "neurons", and one "sources" if there are any. */
MESO_MUST_CHECK meso_status mesoi_network_default_populations(meso_network *network,
                                                              meso_err *err);

#endif
