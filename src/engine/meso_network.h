/* meso_network.h: a network given neuron by neuron and synapse by synapse, wherever it comes from:
 * an explicit network file, a model that was drawn, another tool's files (meso_format.h).
 *
 * Neurons, generators and currents are in memory; synapses are a stream, read in batches as often
 * as they are needed, so that a network may be larger than memory. Neuron indices count the neurons
 * first, then the sources, which have no dynamics and spike by a Poisson process. */
#ifndef MESO_NETWORK_H
#define MESO_NETWORK_H

#include "meso_model.h"
#include "meso_neuron.h"
#include "meso_poisson.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Neurons of one model. */
typedef struct meso_neuron_group {
  const meso_neuron_ops *ops;
  size_t n;
  uint32_t *member;         /**< (n) their indices in the network, ascending */
  void *params;             /**< (n) of ops->params_size */
} meso_neuron_group;

/** Consecutive neuron indices under one name; every index belongs to exactly one population. */
typedef struct meso_network_population {
  char *name;
  uint32_t first, size;
  double *position_um;      /**< (size, 3) or NULL */
} meso_network_population;

/** weight: in the unit of the target's model; > 0 excitatory, else inhibitory. */
typedef struct meso_synapse { uint32_t source, target, delay_steps; double weight; } meso_synapse;

/** All synapses, in batches. */
typedef struct meso_synapse_stream {
  uint64_t n;
  void *state;
  /** Starts again from the first synapse. */
  void (*rewind)(void *state);
  /** The next synapses, at most room (>= 64) of them; *ret_n = 0 at the end. */
  meso_status (*next)(void *state, size_t room, meso_synapse *out, size_t *ret_n, meso_err *err);
  void (*close)(void *state);
} meso_synapse_stream;

/** Spikes from outside that arrive together, at step + event_delay_steps. */
typedef struct meso_network_event { int64_t neuron, step, multiplicity; double weight; }
  meso_network_event;

/** From its step on, the current into a neuron is amplitude. */
typedef struct meso_current_step { int64_t neuron, step; double amplitude_pA; } meso_current_step;

/** offset + amplitude sin(2 pi frequency t + phase) for t in steps start <= t < stop. */
typedef struct meso_current_ac {
  int64_t neuron, start_step, stop_step;
  double amplitude_pA, offset_pA, frequency_Hz, phase_deg;
} meso_current_ac;

/** A Poisson train for one neuron, drawn by its identity; events arrive in the steps after
 *  poisson_delay_steps. Equal seed, identity and rate are the same train. */
typedef struct meso_poisson_input { int64_t neuron, identity; double rate_Hz, weight; }
  meso_poisson_input;

/** A neuron without dynamics, spiking by the schedule; its train is drawn by its identity. */
typedef struct meso_poisson_source { int64_t identity; } meso_poisson_source;

typedef struct meso_network {
  char *path;               /**< for messages */
  double dt_ms, T_ms;
  size_t n_neurons, n_groups;
  meso_neuron_group *group;
  const char *weight_unit;  /**< of all models, or "pA or mV" */
  size_t n_populations;
  meso_network_population *population;
  meso_attrs attrs;         /**< what the spikes of this network say of it: scaling */
  meso_synapse_stream synapses;
  size_t n_events;
  meso_network_event *event; /**< by step */
  int64_t event_delay_steps;
  size_t n_current_steps;
  meso_current_step *current_step; /**< by step, then neuron */
  int64_t current_step_delay_steps;
  size_t n_current_ac;
  meso_current_ac *current_ac;
  int64_t current_ac_delay_steps;
  size_t n_poisson;
  meso_poisson_input *poisson;
  int64_t poisson_seed, poisson_delay_steps;
  size_t n_sources;
  meso_poisson_source *source;
  int64_t source_seed;
  meso_schedule source_schedule;
  size_t n_files;
  char **file;              /**< files that it was read from, if they are others than path */
  meso_model *model;        /**< owned: what the synapses are drawn from; NULL: none */
} meso_network;

/** Reads an explicit network file (layout: doc/formats.md). The file may come from anywhere: every
 *  value is checked, those of synapses while they are streamed. The file must stay as it is until
 *  meso_network_destroy. */
MESO_MUST_CHECK meso_status meso_network_read(const char *path, meso_network **ret_network,
                                              meso_err *err);

/** What a model draws from its seed. Takes the model over, also on failure. Weights are those that
 *  the engine uses, rounded to their fixed-point step; the background and the poisson populations
 *  stay generators. Where the engine merges the two synaptic currents of a model (equal time
 *  constants), the neurons are iaf_psc_exp_merged, so that a simulation of the network returns
 *  the same bits as one of the model. */
MESO_MUST_CHECK meso_status meso_network_from_model(meso_model *model, meso_network **ret_network,
                                                    meso_err *err);

/** A zeroed network with a copy of the path. */
MESO_MUST_CHECK meso_status meso_network_create(const char *path, meso_network **ret_network,
                                                meso_err *err);
void meso_network_destroy(meso_network *network);

/** Most spikes of a source in one step, and their largest mean number (Poisson inputs:
 *  meso_poisson.h). */
enum { MESO_SOURCE_MAX_SPIKES = 8 };
#define MESO_SOURCE_MAX_MEAN 0.5

#ifdef __cplusplus
}
#endif
#endif
