/* network_columns.h: what writers of networks share. Internal to src/formats. */
#ifndef NETWORK_COLUMNS_H
#define NETWORK_COLUMNS_H

#include "meso_io_internal.h"
#include "meso_network.h"

/** Names of the neuron models, comma-separated, in the order of the groups. Caller frees. */
MESO_MUST_CHECK meso_status network_model_names(const meso_network *network, char **ret_names,
                                                meso_err *err);

/** One parameter of all neurons, by key; NaN where the model does not take it. False if it is
 *  optional and has its default everywhere. values: (n_neurons). */
bool network_neuron_column(const meso_network *network, const char *key, double *values);

/** A parameter of one neuron; its default, NaN if it has none. */
double network_number(const meso_param *row, const char *params);
double network_default(const meso_param *row);

/** The groups /input and /sources of an explicit network. */
MESO_MUST_CHECK meso_status network_put_inputs(const meso_h5_file *f, const meso_network *network,
                                               meso_err *err);

#endif
