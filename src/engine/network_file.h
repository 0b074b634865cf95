/* network_file.h: an explicit network in memory, read from its file and checked (layout:
 * doc/formats.md). Internal to the engine. */
#ifndef NETWORK_FILE_H
#define NETWORK_FILE_H

#include "meso_neuron.h"

/** Neurons of one model. */
typedef struct network_group {
  const meso_neuron_ops *ops;
  size_t n;
  uint32_t *member;         /**< (n) their indices in the network, ascending */
  void *params;             /**< (n) of ops->params_size */
} network_group;

typedef struct network_synapse { int64_t source, target, delay_steps; double weight; }
  network_synapse;

/** Spikes from outside that arrive together. */
typedef struct network_event { int64_t neuron, step, multiplicity; double weight; } network_event;

/** From its step on, the current into a neuron is amplitude. */
typedef struct network_current_step { int64_t neuron, step; double amplitude_pA; }
  network_current_step;

/** offset + amplitude sin(2 pi frequency t + phase) for t in steps start <= t < stop. */
typedef struct network_current_ac {
  int64_t neuron, start_step, stop_step;
  double amplitude_pA, offset_pA, frequency_Hz, phase_deg;
} network_current_ac;

typedef struct network_file {
  const char *path;         /**< borrowed */
  double dt_ms, T_ms;
  size_t n_neurons, n_groups;
  network_group *group;
  const char *weight_unit;  /**< of all models, or "pA or mV" */
  size_t n_synapses;
  network_synapse *synapse;
  size_t n_events;
  network_event *event;     /**< by step; they arrive at step + event_delay_steps */
  int64_t event_delay_steps;
  size_t n_current_steps;
  network_current_step *current_step; /**< by step, then neuron */
  int64_t current_step_delay_steps;
  size_t n_current_ac;
  network_current_ac *current_ac;
  int64_t current_ac_delay_steps;
} network_file;

/** On failure too, network_file_clear frees what was read. w: zeroed but for path. */
MESO_MUST_CHECK meso_status network_file_read(network_file *w, meso_err *err);
void network_file_clear(network_file *w);

#endif
