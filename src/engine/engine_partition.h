/* engine_partition.h: a partition of a simulation (a set of neurons with all synapses onto them)
 * and its way through a block of steps. Internal to the engine.
 *
 * A block has as many steps as can be taken without news from other partitions. Input that arrives
 * in step n changes V in step n + 1 only, so with a shortest delay of d steps a spike of step n is
 * needed for V of step n + d + 1: blocks have d + 1 steps, and chunks of neurons go through all of
 * them while their state lies in the first-level cache.
 */
#ifndef ENGINE_PARTITION_H
#define ENGINE_PARTITION_H

#include "engine_kernels.h"
#include "engine_tables.h"
#include "meso_engine.h"
#include "meso_neuron.h"
#include "meso_wiring.h"

/** Neurons (indices in their column) that spiked in one step, in ascending order. */
typedef struct spike_list { uint32_t n, capacity; uint32_t *neuron; } spike_list;

/** The synapses through which spikes of the steps before arrive in one step. */
typedef struct arrivals { size_t n, capacity; engine_segment *segment; } arrivals;

typedef struct recorded { uint32_t step, neuron; } recorded;

typedef struct recording { size_t n, capacity; recorded *spike; } recording;

/** A refractory neuron: V stays at reset up to and with this step. */
typedef struct held { uint32_t last_step, neuron; } held;

/** At most ENGINE_CHUNK places of a slice, and those that are refractory. Multiples of
 *  ENGINE_ALIGN: free places at either end have V = -INFINITY. */
typedef struct chunk { uint32_t first, n, n_held; held *held; } chunk;

/** Neurons of one population in a partition. */
typedef struct slice {
  engine_iaf iaf;
  int64_t local_to_column;   /**< index in the column less the local one */
  size_t n_chunks;
  chunk *chunk;
  held *held;                /**< storage of the chunks' lists */
  meso_poisson background;
  int32_t background_weight; /**< in weight steps; 0: none */
  const meso_neuron_ops *ops; /**< of the general path (engine_general.h), else NULL */
  unsigned char *neurons;    /**< its neurons, without free places */
} slice;

enum { ENGINE_MAX_BLOCK = 4 }; /* steps; more rows of sums would not stay in the cache */

typedef struct partition {
  engine_partition neurons;
  engine_table table;
  slice *slice;              /**< (n_populations) */
  double *V_mV, *I_ex, *I_in;
  int32_t *sum[2][ENGINE_MAX_BLOCK]; /**< input by channel and step of the block */
  spike_list *ring;          /**< (n_slots) spikes of its own neurons */
  arrivals *arrivals[2];     /**< by channel: (n_slots) what is on its way, by step of arrival */
  recording recording;
  uint64_t n_events;
  double phase_s[MESO_N_PHASES];
} partition;

/** The poisson populations of one column. */
typedef struct column_sources {
  spike_list *ring;          /**< (n_slots) their spikes */
  recording recording;
} column_sources;

typedef struct simulation {
  const meso_model *model;
  const engine_kernels *kernels;
  meso_wiring *wiring;
  uint32_t n_columns, n_in_column; /**< columns, partitions of dynamic neurons in each */
  uint32_t n_partitions;     /**< of all columns */
  partition *partition;      /**< (n_columns, n_in_column) */
  column_sources *sources;   /**< (n_columns) */
  uint32_t n_slots, n_delays, block_steps;
  bool general;              /**< neuron models of the registry: engine_general.h */
  bool merged;               /**< equal synaptic time constants: one current */
  uint8_t *channel;          /**< (neurons of a column) 0: excitatory sums, 1: inhibitory */
  meso_rng_key background_key, tail_key;
  uint64_t n_steps, background_from_step;
} simulation;

/** All that does not depend on partitions, blocks of at most max_block steps; refuses a model that
 *  the engine's fixed-width numbers can't hold. s: zeroed. Clear it after a failure too. */
MESO_MUST_CHECK meso_status engine_simulation_init(simulation *s, const meso_model *m,
                                                   uint32_t max_block, meso_err *err);
void engine_simulation_clear(simulation *s);
/** The sums to which each neuron of a column adds, by s->merged; caller frees. */
MESO_MUST_CHECK meso_status engine_simulation_split(const simulation *s, uint8_t **ret_channel,
                                                    meso_err *err);

/** Appends to a list, to a recording; false: out of memory. */
bool engine_list_append(spike_list *list, uint32_t neuron);
bool engine_record(recording *recording, uint32_t step, const spike_list *list);
void engine_ring_clear(spike_list *ring, uint32_t n_slots);

/** Neurons, synapses and initial state of partition index. */
MESO_MUST_CHECK meso_status engine_partition_create(const simulation *s, partition *q,
                                                    uint32_t index, meso_err *err);
/** The same for neurons [first, last) of one population of a column; last - first <= 65536 -
 *  ENGINE_ALIGN. */
MESO_MUST_CHECK meso_status engine_partition_create_range(const simulation *s, partition *q,
                                                          uint32_t column, size_t population,
                                                          uint32_t first, uint32_t last,
                                                          meso_err *err);
void engine_partition_destroy(partition *q, const simulation *s);

/** Lists the synapses of one step's spikes under the steps in which they arrive, as
 *  engine_partition_advance does for the block before its own; those before step from are left
 *  out. False: out of memory. */
bool engine_partition_send(const simulation *s, partition *q, uint64_t step, uint64_t from);

/** Steps first .. first + n_steps - 1 (n_steps <= block_steps) of a partition, given all spikes
 *  before them. Its own spikes are then in its ring and its recording. False: out of memory. */
bool engine_partition_advance(const simulation *s, partition *q, uint64_t first, unsigned n_steps);

/** The two halves of engine_partition_advance: the input that its steps need into rows 0 ..
 *  n_steps - 1 of the sums, and the neurons, which take it out again. */
bool engine_partition_gather(const simulation *s, partition *q, uint64_t first, unsigned n_steps);
bool engine_partition_update(const simulation *s, partition *q, uint64_t first, unsigned n_steps);

/** Background events of a chunk that arrive in a step, in buffer (ENGINE_CHUNK); NULL: none. */
const uint16_t *engine_chunk_background(const simulation *s, const partition *q, const slice *a,
                                        const chunk *c, uint64_t step, uint16_t *buffer);

#endif
