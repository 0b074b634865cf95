/* model_internal.h: what the parts of the model reader share. */
#ifndef MESO_MODEL_INTERNAL_H
#define MESO_MODEL_INTERNAL_H

#include "meso_model.h"
#include "meso_yaml.h"

/* Shares in a file are printed with few digits: they may miss 1 by this much and are divided by
 * their sum. */
#define MESOI_SHARE_TOLERANCE 0.02

/* Section with this path, or NULL. */
const meso_model_section *mesoi_section(const char *path);

/* Item i of a list section of the model, or the struct of a map section (i = 0). */
void *mesoi_section_object(const meso_model *model, const meso_model_section *section, size_t i);

/* Number of items of a list section; 1 for a map. */
size_t mesoi_section_count(const meso_model *model, const meso_model_section *section);

/* Dotted path of an object: "bold", "populations.L23E", "projections.L4E->L23E". */
void mesoi_object_path(const meso_model *model, const meso_model_section *section, size_t i,
                       char *buffer, size_t size);

/* Fails with MESO_EINVAL and "file:line: path.key = value: message"; the line is that of the key,
 * else of the object, else of the section. */
meso_status mesoi_refuse(const meso_model *model, const mesoi_node *root, const char *section,
                         size_t i, const char *key, const char *message, meso_err *err);

/* Sizes after scaling, first neurons; the checks of rules need them. */
void mesoi_model_derive_sizes(meso_model *model);

/* Mean in-degree and PSP of the unscaled model, by the rule of a projection; after the sizes. */
void mesoi_model_derive_full(const meso_model *model, meso_projection *projection);

/* What the rule of a projection fixes and its number of synapses; after the sizes. */
void mesoi_model_derive_rule(const meso_model *model, meso_projection *projection);

/* Checks across keys; resolves names into indices. */
MESO_MUST_CHECK meso_status mesoi_model_check(meso_model *model, const mesoi_node *root,
                                              meso_err *err);

/* What inputs do to the neurons of a population that is not poisson. ret_wrong: what its neuron
 * model says is wrong with the parameters, or NULL. */
MESO_MUST_CHECK meso_status mesoi_model_derive_synapses(meso_population *population,
                                                        const char **ret_wrong, meso_err *err);

/* Key of a parameter with a spread whose mean is not above 0, or NULL. */
const char *mesoi_spread_below_zero(const meso_population *population);

/* Resolves fractions, shares and layer shares of the cell types. */
MESO_MUST_CHECK meso_status mesoi_model_resolve_cells(meso_model *model, const mesoi_node *root,
                                                      meso_err *err);

/* Reads the file of a projection with rule list, and checks it; after the sizes. */
MESO_MUST_CHECK meso_status mesoi_list_read(const meso_model *model, meso_projection *projection,
                                            meso_err *err);
void mesoi_list_destroy(meso_synapse_list *list);

/* Whether a synapse from a source of this sign may have this weight (pA, or mV). */
bool mesoi_weight_fits(int sign, double weight);

/* Moments and shares of the projection's list, which holds synapses already. */
void mesoi_list_summarise(const meso_model *model, meso_projection *projection);

/* Turns all projections into lists of the synapses in simulation.network_file; after the sizes and
 * the names of sources and targets. */
MESO_MUST_CHECK meso_status mesoi_network_file_read(meso_model *model, meso_err *err);

/* Path of a file that is named relative to the model file. Caller frees; NULL: out of memory. */
char *mesoi_beside_model(const meso_model *model, const char *file);

/* Fills all other derived values of a checked model. */
MESO_MUST_CHECK meso_status mesoi_model_derive(meso_model *model, meso_err *err);

#endif
