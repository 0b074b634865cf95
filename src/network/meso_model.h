/* meso_model.h: what a model file says, validated. No random number is drawn here.
 *
 * A model file (YAML) holds populations, projections, inputs, cells, probes and the settings of
 * the later stages; it makes sense to any simulator. Population index order is file order; it is
 * the index used everywhere (projections, kernels, currents). A population with model "poisson"
 * has no dynamics: its neurons emit Poisson spikes (the thalamus) by the schedule.
 * Units: ms, mV, pA, pF inside the point-neuron part (NEST's coherent set); um, S/m, nA in the
 * LFP part; s in the BOLD part. All names carry their unit.
 */
#ifndef MESO_MODEL_H
#define MESO_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "meso_attrs.h"
#include "meso_error.h"
#include "meso_neuron.h"
#include "meso_params.h"
#include "meso_points.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { MESO_NEURON_POISSON = 0 }; /* population.model; 1, 2, ...: the registry of neuron models */
enum { MESO_EXCITATORY = 0, MESO_INHIBITORY = 1 };
enum { MESO_BACKGROUND_NONE = 0, MESO_BACKGROUND_POISSON = 1, MESO_BACKGROUND_DC = 2 };
enum { MESO_POSITIONS_NONE = 0, MESO_POSITIONS_RANDOM, MESO_POSITIONS_GRID, MESO_POSITIONS_FILE };
enum { MESO_PROFILE_NONE = 0, MESO_PROFILE_EXPONENTIAL, MESO_PROFILE_GAUSSIAN };
enum { MESO_ROTATION_Z = 0, MESO_ROTATION_ANY = 1 };
enum { MESO_LFP_POPULATION = 0, MESO_LFP_NEURON = 1 }; /* choices of lfp.method */
/* choices of lfp.external, lfp.external_synapses */
enum { MESO_EXTERNAL_OFF = 0, MESO_EXTERNAL_GAUSSIAN, MESO_EXTERNAL_REPLAY };
enum { MESO_EXTERNAL_AREA = 0, MESO_EXTERNAL_INPUT };
/** Choices of lfp.contributions: signals beside the whole LFP. */
enum { MESO_CONTRIBUTIONS_NONE = 0, MESO_CONTRIBUTIONS_SOURCE, MESO_CONTRIBUTIONS_TARGET,
       MESO_CONTRIBUTIONS_SIGN, MESO_CONTRIBUTIONS_ALL };
#define MESO_CONTRIBUTIONS_CHOICES "none|source|target|sign|all"
enum { MESO_SCHEDULE_OFF = 0, MESO_SCHEDULE_CONSTANT, MESO_SCHEDULE_PULSES, MESO_SCHEDULE_BLOCKS };

/** Leaky integrate-and-fire parameters. A neuron model takes those it has, by name and unit. */
typedef struct meso_neuron_params {
  double E_L_mV, V_th_mV, V_reset_mV, C_m_pF, tau_m_ms, tau_syn_ex_ms, tau_syn_in_ms, t_ref_ms;
  double I_e_pA;
} meso_neuron_params;

typedef struct meso_population {
  char *name;
  char *layer;                 /**< "L23", ...; "TC" for the thalamus; groups layers in figures */
  int64_t size_full;           /**< at scale 1 */
  int64_t column_size;         /**< derived: neurons in one column; with scaling.N < 1 fewer than
                                    size_full, but sources (poisson) are not scaled down */
  int64_t size;                /**< derived: n_columns * column_size; neuron i of column c has the
                                    index c * column_size + i in its population */
  int sign;                    /**< MESO_EXCITATORY or MESO_INHIBITORY */
  int model;                   /**< MESO_NEURON_POISSON, or 1 + the index of its neuron model */
  meso_neuron_params neuron;   /**< means over the neurons, where neuron_sd is not 0 */
  double V_m_initial_mean_mV, V_m_initial_sd_mV;
  meso_neuron_params neuron_sd; /**< standard deviations; those of tau_syn are always 0 */
  int parameter_distribution;  /**< in MESO_DISTRIBUTIONS (meso_distribution.h) */
  double full_mean_rate_Hz;    /**< of the unscaled model; enters the scaling compensation */
  double K_ext;                /**< external in-degree; unscaled in the struct */
  int positions;               /**< MESO_POSITIONS_... in meso_model.space */
  char *positions_file;
  meso_points places;          /**< derived: of positions file; else empty */
  char places_sha256[65];      /**< derived: of that file; else "" */
  double I_dc_pA;              /**< derived: DC background + compensation, to be added to I_e */
  double background_rate_Hz;   /**< derived: Poisson rate per neuron, 0 with DC */
  double background_weight_pA; /**< derived; in mV for neuron models with weights in mV */
  meso_neuron_synapse synapse[2]; /**< derived: inputs from MESO_EXCITATORY, MESO_INHIBITORY */
  int64_t first_neuron;        /**< derived: index of its first neuron in the whole network */
  int64_t first_in_column;     /**< derived: the same in a network of one column */
} meso_population;

/** The synapses of a projection as a file lists them (rule list). */
typedef struct meso_synapse_list {
  size_t n;
  uint32_t *source, *target;   /**< (n) numbers within the populations */
  double *weight_pA;           /**< (n), or NULL: drawn like those of other rules */
  double weight_mean_pA, weight_sd_pA;
  uint8_t *delay_steps;        /**< (n), or NULL: likewise */
  double delay_share[256];     /**< share of delays of at most so many steps */
  char sha256[65];             /**< of the file */
} meso_synapse_list;

/** Synapses from one population to another. */
typedef struct meso_projection {
  size_t source, target;       /**< population indices */
  char *source_name, *target_name;
  int rule;                    /**< index in MESO_RULES (meso_rule.h) */
  bool allow_autapses, allow_multapses;
  double probability;          /**< pairwise connection probability */
  int64_t n_synapses_full, indegree, outdegree; /**< at full size; a rule takes one of these numbers
                                                     or the probability, the others are 0 */
  char *list_file;             /**< of rule list */
  meso_synapse_list *list;     /**< derived: what it says; NULL with other rules */
  double rule_number;          /**< derived: what the rule fixes in a column, after scaling:
                                    synapses of the projection, per target, per source, or
                                    probability of a pair */
  uint64_t n_synapses;         /**< derived: of all columns, after scaling; pairwise_bernoulli:
                                    expected, rounded */
  int profile;                 /**< MESO_PROFILE_...: factor on the probability by distance r, */
  double profile_length_um;    /**< exp(-r/length) or exp(-r^2/(2 length^2)) */
  double mask_radius_um;       /**< no synapses beyond; 0: no mask */
  double delay_ms_per_um;      /**< distance times this is added to the delay */
  double PSP_mV;               /**< peak of the postsynaptic potential, sign by the source */
  double PSP_mV_per_um;        /**< distance times this is added to it */
  double weight_pA;            /**< derived: mean weight, signed; includes 1/sqrt(scaling.K); in mV
                                    for neuron models with weights in mV */
  double weight_sd_pA;         /**< derived: rel_sd * |weight_pA| */
  double weight_pA_per_mV;     /**< derived: weight over PSP_mV; includes 1/sqrt(scaling.K) */
  double full_in_degree, full_PSP_mV; /**< derived: means of the unscaled model, by the rule; what
                                    scaling takes away is made up for by them */
  const char *weight_unit;     /**< derived: "pA" or "mV", a constant */
  int weight_distribution, delay_distribution; /**< in MESO_DISTRIBUTIONS (meso_distribution.h) */
  int weight_truncation, delay_truncation;     /**< MESO_REDRAW or MESO_CLIP, there too */
  double weight_rel_sd;
  double delay_mean_ms, delay_sd_ms;
} meso_projection;

/** Piecewise-constant rate of all "poisson" populations. */
typedef struct meso_schedule {
  int kind;                    /**< MESO_SCHEDULE_... */
  double start_ms;             /**< first onset */
  double on_ms;                /**< pulse or block duration */
  double period_ms;            /**< onset to onset */
  double rate_Hz;              /**< while on */
} meso_schedule;

/** A cell type that stands for (a fraction of) a population in the LFP stage. */
typedef struct meso_cell_type {
  char *name;                  /**< "p23", ... */
  size_t population;           /**< postsynaptic population it belongs to */
  char *population_name;
  double fraction;             /**< of the population's neurons; sums to 1 per population */
  char *morphology;            /**< SWC file, relative to the model file or the data directory */
  char *alternatives;          /**< other SWC files that might stand for it, separated by commas: an
                                    ensemble draws among all of them */
  char *morphology_place;      /**< "file:line" where the model says so, for messages; or NULL */
  int rotation;                /**< MESO_ROTATION_...: how its cells are turned */
  char *sections;              /**< section types that carry synapses: "dend", "dend+apic", ... */
  double *share;               /**< (n_populations) share of each source's synapses onto this
                                    population that land on this cell type (T_yX); sums to 1 over
                                    the population's types; default: fraction. Points into
                                    share_list */
  meso_doubles share_list;     /**< as in the file until resolved, then n_populations numbers */
  double *layer_share;         /**< (n_populations, n_layers) L_yXL; rows sum to 1; default: all
                                    in the layer of the population */
} meso_cell_type;

typedef struct meso_layer { char *name; double z_top_um, z_bottom_um; } meso_layer;

enum { MESO_CONTACT_POINT = 0, MESO_CONTACT_CIRCLE = 1, MESO_CONTACT_SQUARE = 2 };

/** Probe and medium. z up, pia at 0, cortex negative. */
typedef struct meso_probe_params {
  int layout;                  /**< index in MESO_LAYOUTS (meso_probe.h) */
  int64_t n_contacts, n_columns, n_rows; /**< as the layout takes them */
  double x_um, y_um, z_first_um, z_step_um, pitch_x_um, pitch_y_um;
  meso_doubles contacts_um;    /**< layout list: x, y, z of every contact, also those of the file */
  char *contacts_file;
  int contact_shape;           /**< MESO_CONTACT_... */
  double contact_radius_um, contact_side_um;
  meso_doubles contact_normal; /**< 3 numbers */
  double sigma_S_per_m;
  meso_points contacts;        /**< derived: all contacts; the one place where they are */
} meso_probe_params;

/** Seeds of what is drawn for the cells of the LFP. */
typedef struct meso_cell_draws {
  int64_t type;                /**< which of its population's types a neuron is */
  int64_t place;               /**< where its soma is */
  int64_t rotation;            /**< how it is turned */
  int64_t synapse;             /**< which segment a synapse lies on */
} meso_cell_draws;

typedef struct meso_lfp_params {
  int method;                  /**< MESO_LFP_... */
  double radius_um;            /**< of the column's disc */
  double clearance_um;         /**< somata keep this distance from its axis */
  double soma_sd_um;           /**< scatter of soma depth around the middle of the layer */
  double Ra_Ohm_cm, cm_uF_per_cm2, tau_m_ms; /**< passive cable */
  double kernel_duration_ms, kernel_dt_ms;
  double output_rate_Hz;
  double delta_tau_ms;         /**< of the current that stands for a jump; 0: none does */
  double tolerance;            /**< neuron kernels: rms error of their temporal basis */
  char *conductor;             /**< neuron kernels: volume conductor (meso_conductor.h) */
  int contributions;           /**< MESO_CONTRIBUTIONS_... */
  bool dipole;                 /**< neuron kernels: also of the current dipole moment */
  bool approximations;         /**< neuron kernels: also those that know only population rates */
  int64_t n_cells;             /**< neuron kernels: cells that make the LFP, evenly taken; 0: all */
  bool proxies;                /**< also the proxies of meso_proxy.h */
  int external, external_synapses; /**< MESO_EXTERNAL_... */
  int64_t placement_seed;      /**< of cells and places of synapses; 0: that of the simulation */
  meso_cell_draws draws;       /**< derived: all of them that seed */
  int64_t ensemble;            /**< members for each assumption of an ensemble; 0: none is made */
  double ensemble_sigma_rel_sd; /**< spread of the conductivity in it */
  double ensemble_shift_um;    /**< standard deviation of the place of the probe in it */
} meso_lfp_params;

/** Choices of bold.drive, in the order of the table in forward_models/bold_source.c. */
#define MESO_BOLD_DRIVES \
  "synaptic_current|synapse_depth|rate|excitatory_rate|multi_area|gating|lfp_power"
/** Choices of bold.normalize. */
enum { MESO_NORMALIZE_BASELINE = 0, MESO_NORMALIZE_PEAK, MESO_NORMALIZE_NONE };
#define MESO_NORMALIZE_CHOICES "baseline|peak|none"
/** Discretisation of all morphologies (Hines and Carnevale 1997, see meso_morphology.h). */
#define MESO_LFP_D_LAMBDA 0.1
#define MESO_LFP_D_LAMBDA_FREQUENCY_HZ 100.0

typedef struct meso_bold_params {
  char *model;                 /**< forward model name: friston2003, ... */
  double TR_s;
  char *parameters;            /**< "key=value, key=value" of the forward model */
  int drive;                   /**< which quantity x drives: index in MESO_BOLD_DRIVES */
  int normalize;               /**< MESO_NORMALIZE_... */
  int64_t depths;              /**< of laminar forward models */
  double band_low_Hz, band_high_Hz; /**< of the drive lfp_power */
  double gain;                 /**< z = gain (x / x_base - 1) */
  double baseline_start_s, baseline_stop_s;
  bool include_background;     /**< mean current of the external input counts in x */
  double dt_s;                 /**< resolution of the drive and of the integration */
} meso_bold_params;

enum { MESO_ANALYSE_ALL = 0, MESO_ANALYSE_SPONTANEOUS = 1 }; /* choices of analysis.window */

typedef struct meso_analysis_params {
  int window;                  /**< MESO_ANALYSE_...: spikes that statistics and correlation see */
  double discard_ms;           /**< dropped at the start of every analysis */
  double bin_ms;               /**< of spike-count correlation */
  int64_t n_correlation;       /**< neurons per population in the correlation, 200 */
  int64_t nperseg;             /**< Welch */
  double overlap;
  int64_t min_spikes_cv;       /**< neurons with fewer spikes are left out of CV and LV, 4 */
  int64_t cause_surrogates;    /**< of what makes the LFP coherent; 0: it is not asked */
  double cause_ms;             /**< what that looks at, from discard_ms on */
} meso_analysis_params;

typedef struct meso_simulation_params {
  double dt_ms, duration_ms;
  int64_t seed;                /**< >= 1 */
  char *network_file;          /**< explicit network with the synapses of all projections, or "" */
} meso_simulation_params;

/** The plane, or with extent_z_um > 0 the box, of the populations that have positions. */
typedef struct meso_space { double extent_x_um, extent_y_um, extent_z_um; bool periodic; }
  meso_space;

/** N: up to 1 a factor on the numbers of neurons; 2, 3, ...: as many columns side by side, each the
 *  full network with draws of its own, and no synapses between them. K: factor on in-degrees. */
typedef struct meso_scaling { double N, K; } meso_scaling;

typedef struct meso_background {
  int kind;                    /**< MESO_BACKGROUND_... */
  double rate_Hz, PSP_mV, delay_ms;
} meso_background;

/** Defaults of a population's dynamics (section `neuron`). */
typedef struct meso_neuron_defaults {
  meso_neuron_params neuron;
  double V_m_initial_mean_mV, V_m_initial_sd_mV;
  meso_neuron_params neuron_sd;
  int parameter_distribution;
} meso_neuron_defaults;

/** Defaults of projections from excitatory or inhibitory sources (section `synapses`). */
typedef struct meso_synapse_defaults {
  int weight_distribution, delay_distribution, weight_truncation, delay_truncation;
  double PSP_mV, weight_rel_sd, delay_mean_ms, delay_sd_ms;
} meso_synapse_defaults;

typedef struct meso_model {
  char *name, *description, *path; /**< path: the file, for messages and relative names */
  meso_simulation_params simulation;
  meso_scaling scaling;
  meso_space space;
  meso_neuron_defaults neuron;
  meso_synapse_defaults synapse[2]; /**< by MESO_EXCITATORY, MESO_INHIBITORY */
  meso_background background;
  meso_schedule thalamus;
  size_t n_populations;  meso_population *population;
  size_t n_projections;  meso_projection *projection;
  size_t n_layers;       meso_layer *layer;
  size_t n_cell_types;   meso_cell_type *cell_type;
  meso_probe_params probe;
  meso_lfp_params lfp;
  meso_bold_params bold;
  meso_analysis_params analysis;
  char *measured;              /**< comma-separated names of data/measured entries to compare */
  int64_t n_columns;           /**< derived: scaling.N, at least 1 */
  int64_t n_neurons;           /**< derived: all populations, all columns */
  uint64_t n_synapses;         /**< derived */
  double compensation_warning; /**< derived: smallest (DC mean input)/rheobase when scaled,
                                    else 1 */
} meso_model;

/** One section of a model file: a map, or a list of maps, bound by option rows. */
typedef struct meso_model_section {
  const char *path;            /**< "simulation", "synapses.excitatory", ...; "" is the top level */
  const meso_param *rows;
  unsigned part;               /**< MESO_SECTION_... it belongs to */
  bool is_list;
  size_t offset;               /**< in meso_model: of the struct, or of the pointer to the items */
  size_t count_offset;         /**< lists: in meso_model, of the number of items */
  size_t item_size;            /**< lists: size of an item */
  const char *extra_key;       /**< key with a structure of its own, no option row; or NULL */
  const char *help;
} meso_model_section;

/** All sections, in the order in which they are read; the last one has path NULL. */
const meso_model_section *meso_model_sections(void);

/** Reads and validates a model file.
 *  @param[in] path  YAML file
 *  @param[in] sets  n_sets strings "dotted.path=value" applied after the file, before derivation;
 *                   list items are addressed by name ("populations.L23E.K_ext=1700"), projections
 *                   by "projections.L4E->L23E.PSP_mV=0.3"
 *  Errors name file, line, key, value, unit and allowed range (statuses that exit with 3); a set
 *  that is not path=value is MESO_EUSAGE. */
MESO_MUST_CHECK meso_status meso_model_read(const char *path, size_t n_sets,
                                            const char *const *sets, meso_model **ret_model,
                                            meso_err *err);
void meso_model_destroy(meso_model *model);

/** Sections for meso_model_canonical: which part of the model a stage depends on. */
enum {
  MESO_SECTION_NETWORK = 1,  /**< simulation, scaling, space, neuron, synapses, background,
                                  thalamus, populations, projections */
  MESO_SECTION_LFP = 2,      /**< layers, cells, probe, lfp */
  MESO_SECTION_BOLD = 4,
  MESO_SECTION_ANALYSIS = 8,
  MESO_SECTION_REPORT = 16,  /**< name, description, compare: no numbers depend on them */
  MESO_SECTION_ALL = 31
};

/** Resolved model as canonical text (every key of the sections, defaults included, one "path =
 *  value" line each, full precision): the basis of stage hashes and of provenance. Caller frees;
 *  NULL when out of memory. */
char *meso_model_canonical(const meso_model *model, unsigned sections);

/** What random numbers of a neuron are counted by: its index in a column, and above that the
 *  column. index: in its population. The first column has those of a network of one column. */
static inline uint64_t meso_model_identity(const meso_population *population, int64_t index)
{
  const int64_t column = index / population->column_size;
  return (uint64_t) column << 32 |
         (uint64_t) (population->first_in_column + index - column * population->column_size);
}

/** Population index by name, or (size_t) -1. */
size_t meso_model_find_population(const meso_model *model, const char *name);

/** Time constant of the synaptic current that sources of a sign evoke. */
double meso_tau_syn_ms(const meso_neuron_params *neuron, int sign);

/** The neuron model of a population; NULL for poisson. */
const meso_neuron_ops *meso_population_ops(const meso_population *population);

/** True if a population has this neuron model. */
bool meso_model_uses(const meso_model *model, const meso_neuron_ops *ops);

/** True if neurons of a population differ in parameters other than the initial potential. */
bool meso_population_is_spread(const meso_population *population);

/** The population as one neuron of it is: neuron has that neuron's own parameters, drawn anew (all
 *  of them, from other random numbers) until each is within the range of its key and the model
 *  accepts them together; neuron_sd and all else stay. Weights are those of the mean parameters.
 *  @param identity  meso_model_identity
 *  @retval MESO_ERANGE 1000 draws were in vain */
MESO_MUST_CHECK meso_status meso_population_draw(const meso_model *model,
                                                 const meso_population *population,
                                                 uint64_t identity, meso_population *ret_one,
                                                 meso_err *err);

/** Parameters of one neuron: those of the population that its model has, and the potential at the
 *  start. @param[out] params  room for meso_neuron_ops.params_size */
MESO_MUST_CHECK meso_status meso_population_params(const meso_population *population,
                                                   double V_m_initial_mV, void *params,
                                                   meso_err *err);
/** The same for another model than the population's own. */
MESO_MUST_CHECK meso_status meso_population_params_of(const meso_population *population,
                                                      const meso_neuron_ops *ops,
                                                      double V_m_initial_mV, void *params,
                                                      meso_err *err);

/** Peak PSP (mV) to PSC amplitude (pA) of an exponential synapse:
 *  PD14 gives 585.38996 pA/mV with the L23E parameters. */
double meso_psc_over_psp_pA_per_mV(const meso_neuron_params *neuron, double tau_syn_ms);

/** Says of a scaled model what that does to its results, as attributes `scaling_N`, `scaling_K`
 *  and `scaling`, a sentence for readers; sets nothing at full scale. */
MESO_MUST_CHECK meso_status meso_model_describe_scaling(const meso_model *model,
                                                        meso_attrs *attrs, meso_err *err);

/** When the poisson populations first fire: the start of the schedule; INFINITY if they never
 *  do. */
double meso_model_onset_ms(const meso_model *model);

/** Where statistics and correlation stop: with window "spontaneous" and a schedule of pulses or
 *  blocks at its first onset, else at INFINITY. */
double meso_model_window_stop_ms(const meso_model *model);

/** "spontaneous" if no stimulus falls into the window of statistics and correlation of a recording
 *  that ends at @p t_stop_ms, else "stimulated". A constant rate of the sources is a stimulus. */
const char *meso_model_state(const meso_model *model, double t_stop_ms);

/** Rate of the schedule at time t (spikes/s). */
double meso_schedule_rate_Hz(const meso_schedule *schedule, double t_ms);

#ifdef __cplusplus
}
#endif
#endif
