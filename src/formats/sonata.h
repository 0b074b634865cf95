/* sonata.h: what the parts of the SONATA format share. Internal to src/formats.
 *
 * SONATA (Dai et al. 2020, PLoS Comput Biol 16:e1007696; github.com/AllenInstitute/sonata): JSON
 * configurations name HDF5 files of nodes and edges and text tables of their types. Read and
 * written as far as point neurons of our models go. */
#ifndef SONATA_H
#define SONATA_H

#include "meso_format.h"

/* ---- tables of types (sonata_types.c) ------------------------------------------------------ */

/** A text table: a header, and rows of as many words; "NULL" and "NA" are read as absent. */
typedef struct sonata_types {
  char *path;
  size_t n_columns, n_rows;
  char **cell;             /**< (n_rows + 1, n_columns), the header first */
  int64_t *id;             /**< (n_rows) */
  size_t last;             /**< row of the last look-up */
} sonata_types;

/** key: the column of ids, "node_type_id". */
MESO_MUST_CHECK meso_status sonata_types_read(const char *path, const char *key,
                                              sonata_types *ret_types, meso_err *err);
void sonata_types_clear(sonata_types *types);
/** Row of a type; fails if there is none. */
MESO_MUST_CHECK meso_status sonata_types_find(sonata_types *types, double id, size_t *ret_row,
                                              meso_err *err);
/** Word of a row in a column, or NULL. */
const char *sonata_types_text(const sonata_types *types, size_t row, const char *column);
/** Number in a column; NaN if absent. */
MESO_MUST_CHECK meso_status sonata_types_number(const sonata_types *types, size_t row,
                                                const char *column, double *ret_number,
                                                meso_err *err);

/* ---- configurations (sonata_config.c) ------------------------------------------------------ */

typedef struct sonata_files { char *h5, *types; } sonata_files;

typedef struct sonata_config {
  double dt_ms, T_ms;
  char *models_dir;        /**< of point neurons, or NULL */
  size_t n_nodes, n_edges;
  sonata_files *nodes, *edges;
  char *inputs_file;       /**< ours: generators and currents, or NULL */
  size_t n_order;
  char **order;            /**< ours: names of populations as the output has them, or none */
  meso_attrs attrs;        /**< ours: scaling */
} sonata_config;

/** path: a configuration of a simulation or of a circuit, or the folder of one. */
MESO_MUST_CHECK meso_status sonata_config_read(const char *path, sonata_config *ret_config,
                                               meso_err *err);
void sonata_config_clear(sonata_config *config);

/* ---- nodes and edges ----------------------------------------------------------------------- */

/** Neurons, sources and populations of all node files, into an empty network. */
MESO_MUST_CHECK meso_status sonata_nodes_read(const sonata_config *config, meso_network *network,
                                              meso_err *err);
/** Opens all edges as the network's stream; its neurons are known. */
MESO_MUST_CHECK meso_status sonata_edges_open(const sonata_config *config, meso_network *network,
                                              meso_err *err);

/** Writes nodes.h5, node_types.csv and the parameters of the models, the sources into
 *  virtual_nodes.h5 and virtual_node_types.csv; edges.h5, edge_types.csv. */
MESO_MUST_CHECK meso_status sonata_nodes_write(const char *folder, const meso_network *network,
                                               const meso_provenance *provenance, meso_err *err);
MESO_MUST_CHECK meso_status sonata_edges_write(const char *folder, const meso_network *network,
                                               const meso_progress *progress,
                                               const meso_provenance *provenance, meso_err *err);

/** folder/name, new; NULL when out of memory. */
char *sonata_path(const char *folder, const char *name);

#endif
