/* meso_engine.h: runs networks of point neurons. Two ways in: a model (wiring drawn from the seed)
 * and an explicit network file (every synapse given). Results do not depend on the number of
 * threads: synaptic input is summed as integers in fixed point, random numbers are counted by
 * identity. */
#ifndef MESO_ENGINE_H
#define MESO_ENGINE_H

#include "meso_data.h"
#include "meso_error.h"
#include "meso_model.h"
#include "meso_network.h"
#include "meso_progress.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Where the time of the loop goes. */
typedef enum meso_phase {
  MESO_PHASE_LIST,        /**< spikes looked up, their synapses listed */
  MESO_PHASE_DELIVER,     /**< synaptic events added up */
  MESO_PHASE_INPUT,       /**< background counts drawn */
  MESO_PHASE_UPDATE,      /**< neurons */
  MESO_PHASE_COMMUNICATE, /**< waiting for other threads, and the rest */
  MESO_N_PHASES
} meso_phase;

/** What a run cost. */
typedef struct meso_engine_report {
  double build_s;              /**< wall time to make the wiring */
  double loop_s;               /**< wall time of the simulation loop */
  double simulated_ms;         /**< biological time of this run, without that of its state */
  double phase_s[MESO_N_PHASES]; /**< its parts, mean over the threads; input and update are
                                      measured in one block of 16 */
  double real_time_factor;     /**< loop_s over biological time */
  uint64_t n_synapses;         /**< recurrent and thalamic synapses made */
  uint64_t n_spikes;
  uint64_t n_synaptic_events;
  double weight_step_pA;       /**< fixed-point resolution of the weights; networks: weight_unit */
  double weight_loss;          /**< explicit networks: largest |w - stored w|; 0 if all exact */
  const char *weight_unit;     /**< explicit networks: "pA", "mV" or "pA or mV"; a constant */
  const char *why_anew;        /**< meso_simulate: a checkpoint that was found "is damaged" ..., so
                                    the run started anew; a constant; NULL: there was none, or the
                                    run went on from it */
} meso_engine_report;

/** Simulates a model. Spikes of every population (poisson sources too), names and sizes as in the
 *  model, t in (0, duration]. Caller destroys ret_spikes. */
MESO_MUST_CHECK meso_status meso_engine_run_model(const meso_model *model, int n_threads,
                                                  const meso_progress *progress,
                                                  meso_spikes **ret_spikes,
                                                  meso_engine_report *report, meso_err *err);

/** Who takes a long run's spikes, window by window, so that memory stays bounded. */
typedef struct meso_engine_sink {
  double window_ms;       /**< about so much time in a window; > 0 */
  /** window: the spikes since the window before, t_start_ms .. t_stop_ms, all populations; state:
   *  what meso_engine_stream_model needs to go on from t_stop_ms; more arrays may be added. Both
   *  borrowed. A status that is
   *  not MESO_OK ends the run. Called by one thread while the others wait. */
  meso_status (*take)(void *context, const meso_spikes *window, meso_result *state, meso_err *err);
  void *context;
} meso_engine_sink;

/** As meso_engine_run_model, but hands the spikes to a sink, and goes on from a state if one is
 *  given (NULL: from the start): the windows of the parts together are those of one undisturbed
 *  run, on any number of threads. A run that is told to stop hands over what there is before it
 *  returns MESO_ESTOPPED. report: of this part. */
MESO_MUST_CHECK meso_status meso_engine_stream_model(const meso_model *model, int n_threads,
                                                     const meso_progress *progress,
                                                     const meso_engine_sink *sink,
                                                     const meso_result *state,
                                                     meso_engine_report *report, meso_err *err);

/** Neurons of one population. */
typedef struct meso_record_range {
  const char *population;      /**< of a model; NULL: of an explicit network. Borrowed */
  uint32_t first, last;        /**< inclusive */
} meso_record_range;

/** What to record besides spikes. */
typedef struct meso_record_options {
  const char *quantities;      /**< comma-separated recordables of the neuron models
                                    (meso_neuron.h): "V_m,I_syn_ex,I_syn_in"; borrowed */
  size_t n_ranges;
  const meso_record_range *range; /**< (n_ranges) borrowed */
} meso_record_options;

/** Potentials and synaptic currents of chosen neurons of a model, from the spikes of its network.
 *  The neurons are simulated once more, given all their input, with the engine's arithmetic: V_m
 *  is bit by bit that of the run. I_syn_ex and I_syn_in are apart also where the run has one sum of
 *  both; they include the Poisson background, not constant currents. */
typedef struct meso_traces meso_traces;

/** Who takes the samples. */
typedef struct meso_traces_sink {
  /** The next n_rows samples: the first rows of every signal of piece, which has room for more.
   *  Borrowed. A status that is not MESO_OK ends the following. */
  meso_status (*take)(void *context, const meso_signals *piece, size_t n_rows, meso_err *err);
  void *context;
} meso_traces_sink;

/** @param[in] model  must outlive the traces
 *  Errors: a population, a neuron or a quantity that is not there. */
MESO_MUST_CHECK meso_status meso_traces_create(const meso_model *model,
                                               const meso_record_options *record,
                                               meso_traces **ret_traces, meso_err *err);
void meso_traces_destroy(meso_traces *traces);
/** The signals of the pieces: a signal for each quantity, named so (time, neuron), labels
 *  "population/neuron", sample k at (k + 1) dt, after input and reset of the step. Borrowed. */
const meso_signals *meso_traces_layout(const meso_traces *traces);
/** Follows the spikes of a window, t_start_ms .. t_stop_ms, which goes on where the one before
 *  ended (the first one starts at 0). MESO_EFORMAT if the recorded neurons would have spiked
 *  otherwise: then the spikes are not those of this model. */
MESO_MUST_CHECK meso_status meso_traces_follow(meso_traces *traces, const meso_spikes *window,
                                               const meso_traces_sink *sink, meso_err *err);

/** Simulates a network given synapse by synapse; spikes of the populations that it names. Traces:
 *  a signal for each quantity, named so (time, neuron), sample k at (k + 1) dt, recorded after
 *  input and reset of the step; a quantity that the model of a recorded neuron lacks is an error.
 *  record and ret_traces may be NULL. duration_ms <= 0: the network's T_ms. One thread. Told to
 *  stop, it returns MESO_ESTOPPED with the spikes until then, and no traces. */
MESO_MUST_CHECK meso_status meso_engine_run_explicit(const meso_network *network,
                                                     double duration_ms,
                                                     const meso_record_options *record,
                                                     const meso_progress *progress,
                                                     meso_spikes **ret_spikes,
                                                     meso_signals **ret_traces,
                                                     meso_engine_report *report, meso_err *err);

/** The same, of an explicit network file (layout: doc/formats.md). */
MESO_MUST_CHECK meso_status meso_engine_run_network(const char *path, double duration_ms,
                                                    int n_threads,
                                                    const meso_record_options *record,
                                                    const meso_progress *progress,
                                                    meso_spikes **ret_spikes,
                                                    meso_signals **ret_traces,
                                                    meso_engine_report *report, meso_err *err);

/** Summed synaptic currents per target population and source population from any spikes of the
 *  model's network, through its wiring (regenerated from the seed): weights summed per (source,
 *  target population, delay), applied to the spikes, then the exponential synapse filter.
 *  Signals (n_times at 1/bin_ms kHz, channel = target population, label = its name), pA, mean over
 *  the bin:
 *  "I_ex" and "I_in" (inhibitory: negative), and "from_<source>" for every source population.
 *  Signal attribute "background_mean_pA" is not per channel: I_ex carries attributes
 *  "background_mean_pA.<population>" with the mean external current, which is not in the data.
 *  Spike populations are matched by name and must have the model's sizes; only poisson sources may
 *  be missing (silent), and what the model lacks is refused. */
MESO_MUST_CHECK meso_status meso_currents_from_spikes(const meso_model *model,
                                                      const meso_spikes *spikes, double bin_ms,
                                                      int n_threads,
                                                      const meso_progress *progress,
                                                      meso_signals **ret_currents, meso_err *err);

#ifdef __cplusplus
}
#endif
#endif
