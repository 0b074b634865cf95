/* engine_tables.h: the engine's compressed synapses. A partition is a set of neurons of one column
 * (a slice of every population) with all synapses onto them; it serves threads now and ranks later.
 * Within it, neurons are counted in their column. Internal. */
#ifndef ENGINE_TABLES_H
#define ENGINE_TABLES_H

#include <stdint.h>

#include "engine_kernels.h"
#include "meso_wiring.h"

/** Synapses onto one partition, by source, then by delay. */
typedef struct engine_table {
  uint64_t n_synapses;
  uint32_t *synapse;     /**< target (local, 16 bits) | weight (signed 16 bits) << 16 */
  uint64_t *row;         /**< (n_sources + 1) first synapse of a source of the column */
  uint16_t *delay_end;   /**< (n_sources, n_delays) where the synapses with delay d end, from row;
                              entry d - 1 is the end of delay d */
  uint32_t n_delays;     /**< longest delay in steps */
} engine_table;

/** Neurons of a partition: of population p in its column, [first[p], last[p]) at local index
 *  base[p]. Populations start where the local index equals that in the column modulo ENGINE_ALIGN,
 *  and places up to the next multiple of it are left free: so vectors of neurons are aligned. */
typedef struct engine_partition {
  uint32_t column;
  uint32_t n_places;     /**< dynamic neurons and free places; multiple of ENGINE_ALIGN, at most
                              65536 */
  uint32_t *first, *last, *base; /**< (n_populations) */
} engine_partition;

/** Part index of n_in_column of a column. */
MESO_MUST_CHECK meso_status engine_partition_init(engine_partition *partition,
                                                  const meso_model *model, uint32_t column,
                                                  uint32_t index, uint32_t n_in_column,
                                                  meso_err *err);
/** Neurons [first, last) of one population of a column and no others. */
MESO_MUST_CHECK meso_status engine_partition_init_range(engine_partition *partition,
                                                        const meso_model *model, uint32_t column,
                                                        size_t population, uint32_t first,
                                                        uint32_t last, meso_err *err);
void engine_partition_clear(engine_partition *partition);

MESO_MUST_CHECK meso_status engine_table_build(engine_table *table, const meso_wiring *wiring,
                                               const engine_partition *partition, meso_err *err);
void engine_table_clear(engine_table *table);

#endif
