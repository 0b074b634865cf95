/* model_rows.c: the option rows of every section of a model file. */
#include <math.h>

#include "meso_distribution.h"
#include "meso_model.h"
#include "meso_probe.h"
#include "meso_rule.h"

/* key, type, unit, min, max, min_open, default, choices, offset, help */
#define NUMBER(key, unit, min, max, open, text, type, field, help) \
  {key, MESO_PARAM_DOUBLE, unit, min, max, open, text, NULL, offsetof(type, field), help}
#define WHOLE(key, min, max, text, type, field, help) \
  {key, MESO_PARAM_INT, "1", min, max, false, text, NULL, offsetof(type, field), help}
#define TEXT(key, text, type, field, help) \
  {key, MESO_PARAM_STRING, "", 0, 0, false, text, NULL, offsetof(type, field), help}
#define CHOICE(key, text, choices, type, field, help) \
  {key, MESO_PARAM_CHOICE, "", 0, 0, false, text, choices, offsetof(type, field), help}
#define SWITCH(key, text, type, field, help) \
  {key, MESO_PARAM_BOOL, "", 0, 0, false, text, NULL, offsetof(type, field), help}
#define END {NULL, MESO_PARAM_DOUBLE, NULL, 0, 0, false, NULL, NULL, 0, NULL}

/* "normal|constant|...", from the list of rows. */
#define OR_NAME(name) "|" #name
#define DISTRIBUTIONS (&(MESO_DISTRIBUTIONS(OR_NAME))[1])

#define SPREAD(key, unit, max, type, field) \
  NUMBER(key, unit, 0, max, false, "0", type, neuron_sd.field, "its spread over neurons")

/* PD14: Potjans & Diesmann 2014, Cereb. Cortex 24:785, doi 10.1093/cercor/bhs358. */
#define NEURON_ROWS(type) \
  NUMBER("E_L_mV", "mV", -200, 100, false, "-65", type, neuron.E_L_mV, "resting potential; PD14"), \
  NUMBER("V_th_mV", "mV", -200, 100, false, "-50", type, neuron.V_th_mV, "threshold; PD14"), \
  NUMBER("V_reset_mV", "mV", -200, 100, false, "-65", type, neuron.V_reset_mV, "reset; PD14"), \
  NUMBER("C_m_pF", "pF", 0, 1e6, true, "250", type, neuron.C_m_pF, "capacitance; PD14"), \
  NUMBER("tau_m_ms", "ms", 0, 1e4, true, "10", type, neuron.tau_m_ms, \
         "membrane time constant; PD14"), \
  NUMBER("tau_syn_ex_ms", "ms", 0, 1e3, true, "0.5", type, neuron.tau_syn_ex_ms, \
         "decay of excitatory synaptic currents; PD14"), \
  NUMBER("tau_syn_in_ms", "ms", 0, 1e3, true, "0.5", type, neuron.tau_syn_in_ms, \
         "decay of inhibitory synaptic currents; PD14"), \
  NUMBER("t_ref_ms", "ms", 0, 1e3, false, "2", type, neuron.t_ref_ms, \
         "absolute refractory time; PD14"), \
  NUMBER("I_e_pA", "pA", -1e6, 1e6, false, "0", type, neuron.I_e_pA, "constant current"), \
  NUMBER("V_m_initial_mean_mV", "mV", -200, 100, false, "-58", type, V_m_initial_mean_mV, \
         "mean of the initial potentials; PD14 (original)"), \
  NUMBER("V_m_initial_sd_mV", "mV", 0, 100, false, "10", type, V_m_initial_sd_mV, \
         "standard deviation of the initial potentials; PD14 (original)"), \
  SPREAD("E_L_sd_mV", "mV", 100, type, E_L_mV), \
  SPREAD("V_th_sd_mV", "mV", 100, type, V_th_mV), \
  SPREAD("V_reset_sd_mV", "mV", 100, type, V_reset_mV), \
  SPREAD("C_m_sd_pF", "pF", 1e6, type, C_m_pF), \
  SPREAD("tau_m_sd_ms", "ms", 1e4, type, tau_m_ms), \
  SPREAD("t_ref_sd_ms", "ms", 1e3, type, t_ref_ms), \
  SPREAD("I_e_sd_pA", "pA", 1e6, type, I_e_pA), \
  CHOICE("parameter_distribution", "normal", DISTRIBUTIONS, type, parameter_distribution, \
         "of these parameters over neurons, drawn again where they cannot be")

static const meso_param top_rows[] = {
  TEXT("name", NULL, meso_model, name, "short name of the model"),
  TEXT("description", "", meso_model, description, "what it is and where it comes from"),
  END
};

#define SIM meso_simulation_params
static const meso_param simulation_rows[] = {
  NUMBER("dt_ms", "ms", 0, 10, true, "0.1", SIM, dt_ms, "time step"),
  NUMBER("duration_ms", "ms", 0, 1e9, true, NULL, SIM, duration_ms,
         "simulated time, a multiple of dt_ms"),
  WHOLE("seed", 1, 0x1p53, "1", SIM, seed, "seed of all random numbers"),
  TEXT("network_file", "", SIM, network_file,
       "explicit network: its synapses in place of those that the rules of projections would draw"),
  END
};

static const meso_param scaling_rows[] = {
  NUMBER("N", "1", 0, 10000, true, "1", meso_scaling, N,
         "factor on the numbers of neurons; 2, 3, ...: full columns side by side, unconnected"),
  NUMBER("K", "1", 0, 1, true, "1", meso_scaling, K,
         "factor on the in-degrees; weights grow by 1/sqrt(K), a constant current keeps the mean"),
  END
};

static const meso_param space_rows[] = {
  NUMBER("extent_x_um", "um", 0, 1e6, true, "1000", meso_space, extent_x_um, "width of the plane"),
  NUMBER("extent_y_um", "um", 0, 1e6, true, "1000", meso_space, extent_y_um, "its other side"),
  NUMBER("extent_z_um", "um", 0, 1e6, false, "0", meso_space, extent_z_um,
         "height of a box around the middle of each population's layer; 0: a plane"),
  SWITCH("periodic", "false", meso_space, periodic,
         "opposite sides meet: a torus; bottom and top of a box do not"),
  END
};

static const meso_param neuron_rows[] = {NEURON_ROWS(meso_neuron_defaults), END};

#define RULES (&(MESO_RULES(OR_NAME))[1])

#define DISTRIBUTION_ROWS(type) \
  CHOICE("weight_distribution", "normal", DISTRIBUTIONS, type, weight_distribution, \
         "of the weights, by PSP_mV and weight_rel_sd"), \
  CHOICE("delay_distribution", "normal", DISTRIBUTIONS, type, delay_distribution, \
         "of the delays, by delay_mean_ms and delay_sd_ms"), \
  CHOICE("weight_truncation", "redraw", "redraw|clip", type, weight_truncation, \
         "weights of the wrong sign: drawn again, or 0"), \
  CHOICE("delay_truncation", "redraw", "redraw|clip", type, delay_truncation, \
         "delays below half a step: drawn again, or one step")

#define SYN meso_synapse_defaults
static const meso_param excitatory_rows[] = {
  NUMBER("PSP_mV", "mV", 0, 100, false, "0.15", SYN, PSP_mV, "peak of the potential; PD14"),
  NUMBER("weight_rel_sd", "1", 0, 10, false, "0.1", SYN, weight_rel_sd, "relative spread; PD14"),
  NUMBER("delay_mean_ms", "ms", 0, 1000, true, "1.5", SYN, delay_mean_ms, "mean delay; PD14"),
  NUMBER("delay_sd_ms", "ms", 0, 1000, false, "0.75", SYN, delay_sd_ms, "its spread; PD14"),
  DISTRIBUTION_ROWS(SYN),
  END
};
static const meso_param inhibitory_rows[] = {
  NUMBER("PSP_mV", "mV", -100, 0, false, "-0.6", SYN, PSP_mV,
         "peak of the potential; PD14, -4 times the excitatory one"),
  NUMBER("weight_rel_sd", "1", 0, 10, false, "0.1", SYN, weight_rel_sd, "relative spread; PD14"),
  NUMBER("delay_mean_ms", "ms", 0, 1000, true, "0.75", SYN, delay_mean_ms, "mean delay; PD14"),
  NUMBER("delay_sd_ms", "ms", 0, 1000, false, "0.375", SYN, delay_sd_ms, "its spread; PD14"),
  DISTRIBUTION_ROWS(SYN),
  END
};

static const meso_param background_rows[] = {
  CHOICE("type", "poisson", "none|poisson|dc", meso_background, kind, "external input; PD14"),
  NUMBER("rate_Hz", "Hz", 0, 1e5, false, "8", meso_background, rate_Hz,
         "rate of each external synapse; PD14"),
  NUMBER("PSP_mV", "mV", 0, 100, false, "0.15", meso_background, PSP_mV,
         "peak of the potential of an external synapse; PD14"),
  NUMBER("delay_ms", "ms", 0, 1000, true, "1.5", meso_background, delay_ms,
         "delay of the external input; PD14"),
  END
};

static const meso_param thalamus_rows[] = {
  CHOICE("type", "off", "off|constant|pulses|blocks", meso_schedule, kind,
         "when the poisson populations fire"),
  NUMBER("start_ms", "ms", 0, 1e9, false, "700", meso_schedule, start_ms, "first onset; PD14"),
  NUMBER("on_ms", "ms", 0, 1e9, true, "10", meso_schedule, on_ms,
         "length of a pulse or block; PD14"),
  NUMBER("period_ms", "ms", 0, 1e9, true, "1000", meso_schedule, period_ms, "onset to onset"),
  NUMBER("rate_Hz", "Hz", 0, 1e4, false, "120", meso_schedule, rate_Hz, "rate while on; PD14"),
  END
};

static const meso_param layer_rows[] = {
  TEXT("name", NULL, meso_layer, name, "name, as in populations"),
  NUMBER("z_top_um", "um", -1e5, 1e5, false, NULL, meso_layer, z_top_um, "upper boundary"),
  NUMBER("z_bottom_um", "um", -1e5, 1e5, false, NULL, meso_layer, z_bottom_um, "lower boundary"),
  END
};

static const char neuron_models[] = "poisson"
#define MESO_NEURON(id) "|" #id
#include "meso_neuron_list.inc"
#undef MESO_NEURON
  ;

#define POP meso_population
static const meso_param population_rows[] = {
  TEXT("name", NULL, POP, name, "name, used by projections and cells"),
  TEXT("layer", "", POP, layer, "layer of its cell bodies"),
  WHOLE("size", 1, 1e9, NULL, POP, size_full, "number of neurons at scale 1"),
  CHOICE("type", NULL, "excitatory|inhibitory", POP, sign, "sign of its synapses"),
  CHOICE("model", "iaf_psc_exp", neuron_models, POP, model,
         "a source of Poisson spikes, or dynamics"),
  NUMBER("K_ext", "1", 0, 1e7, false, "0", POP, K_ext, "external synapses per neuron at scale 1"),
  CHOICE("positions", "none", "none|random|grid|file", POP, positions, "places in space"),
  TEXT("positions_file", "", POP, positions_file,
       "file: table of x_um, y_um, z_um, a line for each neuron"),
  NUMBER("full_mean_rate_Hz", "Hz", 0, 1e4, false, "0", POP, full_mean_rate_Hz,
         "mean rate at scale 1; enters the compensation of scaling.K"),
  NEURON_ROWS(POP),
  END
};

#define PRO meso_projection
static const meso_param projection_rows[] = {
  TEXT("source", NULL, PRO, source_name, "presynaptic population"),
  TEXT("target", NULL, PRO, target_name, "postsynaptic population"),
  CHOICE("rule", "fixed_total_number", RULES, PRO, rule, "who is connected; names of NEST"),
  SWITCH("allow_autapses", "true", PRO, allow_autapses, "a neuron may be its own source"),
  SWITCH("allow_multapses", "true", PRO, allow_multapses, "a pair may have several synapses"),
  NUMBER("probability", "1", 0, 1, false, "0", PRO, probability,
         "fixed_total_number, pairwise_bernoulli: that a pair is connected, at least once"),
  WHOLE("n_synapses", 0, 4294967295.0, "0", PRO, n_synapses_full,
        "fixed_total_number: synapses at scale 1, instead of probability"),
  WHOLE("indegree", 0, 1e9, "0", PRO, indegree, "fixed_indegree: synapses per target"),
  WHOLE("outdegree", 0, 1e9, "0", PRO, outdegree, "fixed_outdegree: synapses per source"),
  TEXT("file", "", PRO, list_file,
       "list: CSV or HDF5 file of source, target, and if it likes weight_pA, delay_ms"),
  NUMBER("PSP_mV", "mV", -100, 100, false, "0.15", PRO, PSP_mV,
         "peak of the potential; negative from inhibitory sources; default: synapses"),
  NUMBER("PSP_mV_per_um", "mV/um", -10, 10, false, "0", PRO, PSP_mV_per_um,
         "times the distance is added to PSP_mV"),
  NUMBER("weight_rel_sd", "1", 0, 10, false, "0.1", PRO, weight_rel_sd,
         "relative spread; default: synapses"),
  NUMBER("delay_mean_ms", "ms", 0, 1000, true, "1.5", PRO, delay_mean_ms,
         "mean delay; default: synapses"),
  NUMBER("delay_sd_ms", "ms", 0, 1000, false, "0.75", PRO, delay_sd_ms,
         "its spread; default: synapses"),
  DISTRIBUTION_ROWS(PRO),
  CHOICE("profile", "none", "none|exponential|gaussian", PRO, profile,
         "how partners become less likely with distance; 1 at 0"),
  NUMBER("profile_length_um", "um", 0, 1e6, true, "100", PRO, profile_length_um,
         "of the exponential, standard deviation of the gaussian"),
  NUMBER("mask_radius_um", "um", 0, 1e6, false, "0", PRO, mask_radius_um,
         "no synapses beyond; 0: no limit"),
  NUMBER("delay_ms_per_um", "ms/um", 0, 10, false, "0", PRO, delay_ms_per_um,
         "times the distance is added to the delay"),
  END
};

#define CELL meso_cell_type
static const meso_param cell_rows[] = {
  TEXT("name", NULL, CELL, name, "name of the cell type"),
  TEXT("population", NULL, CELL, population_name, "population that it stands for"),
  NUMBER("fraction", "1", 0, 1, true, "1", CELL, fraction, "part of the population's neurons"),
  TEXT("morphology", NULL, CELL, morphology, "SWC file"),
  TEXT("alternatives", "", CELL, alternatives,
       "other SWC files that might stand for it, which an ensemble tries"),
  CHOICE("rotation", "z", "z|any", CELL, rotation, "turned about z, or in any direction"),
  TEXT("sections", "dend", CELL, sections, "section types with synapses: dend, apic, dend+apic"),
  {"share", MESO_PARAM_DOUBLES, "1", 0, 1, false, "", NULL, offsetof(CELL, share_list),
   "part of each population's synapses that this type receives; default: fraction"},
  END
};

#define PROBE meso_probe_params
#define LAYOUTS (&(MESO_LAYOUTS(OR_NAME))[1])
static const meso_param probe_rows[] = {
  CHOICE("layout", "laminar", LAYOUTS, PROBE, layout, "where its contacts are"),
  WHOLE("n_contacts", 1, MESO_MAX_CONTACTS, "16", PROBE, n_contacts,
        "laminar, neuropixels: number of contacts"),
  WHOLE("n_columns", 1, MESO_MAX_CONTACTS, "10", PROBE, n_columns, "grid: contacts along x"),
  WHOLE("n_rows", 1, MESO_MAX_CONTACTS, "10", PROBE, n_rows, "grid: contacts along y"),
  NUMBER("x_um", "um", -1e5, 1e5, false, "0", PROBE, x_um, "place of the probe"),
  NUMBER("y_um", "um", -1e5, 1e5, false, "0", PROBE, y_um, "place of the probe"),
  NUMBER("z_first_um", "um", -1e5, 1e5, false, "0", PROBE, z_first_um, "depth of contact 0"),
  NUMBER("z_step_um", "um", -1e4, 1e4, false, "-100", PROBE, z_step_um,
         "laminar: contact to contact"),
  NUMBER("pitch_x_um", "um", 0, 1e5, true, "400", PROBE, pitch_x_um, "grid: contact to contact"),
  NUMBER("pitch_y_um", "um", 0, 1e5, true, "400", PROBE, pitch_y_um, "grid: contact to contact"),
  {"contacts_um", MESO_PARAM_DOUBLES, "um", -1e5, 1e5, false, "", NULL,
   offsetof(PROBE, contacts_um), "list: x, y, z of every contact, from the place of the probe"},
  TEXT("contacts_file", "", PROBE, contacts_file,
       "list: a table of them instead, beside the model file: x_um,y_um,z_um"),
  CHOICE("contact_shape", "point", "point|circle|square", PROBE, contact_shape,
         "potentials are means over the contact"),
  NUMBER("contact_radius_um", "um", 0, 1e4, true, "7.5", PROBE, contact_radius_um, "of a circle"),
  NUMBER("contact_side_um", "um", 0, 1e4, true, "12", PROBE, contact_side_um, "of a square"),
  {"contact_normal", MESO_PARAM_DOUBLES, "1", -1e3, 1e3, false, "1, 0, 0", NULL,
   offsetof(PROBE, contact_normal), "direction that contacts face"},
  NUMBER("sigma_S_per_m", "S/m", 1e-3, 100, false, "0.3", PROBE, sigma_S_per_m,
         "conductivity of the tissue"),
  END
};

#define LFP meso_lfp_params
static const meso_param lfp_rows[] = {
  CHOICE("method", "population", "population|neuron", LFP, method,
         "one kernel per pathway, or one per neuron, from its own synapses"),
  NUMBER("radius_um", "um", 0, 1e5, true, "564.19", LFP, radius_um, "radius of the column"),
  NUMBER("clearance_um", "um", 0, 1e4, false, "0", LFP, clearance_um,
         "somata keep this distance from the axis of the column"),
  NUMBER("soma_sd_um", "um", 0, 1e4, false, "14.43", LFP, soma_sd_um,
         "scatter of soma depths; that of +-25 um, uniform"),
  NUMBER("Ra_Ohm_cm", "Ohm cm", 0, 1e4, true, "150", LFP, Ra_Ohm_cm, "axial resistivity"),
  NUMBER("cm_uF_per_cm2", "uF/cm2", 0, 100, true, "1", LFP, cm_uF_per_cm2, "capacitance"),
  NUMBER("tau_m_ms", "ms", 0, 1e4, true, "10", LFP, tau_m_ms, "membrane time constant"),
  NUMBER("kernel_duration_ms", "ms", 0, 1e4, true, "100", LFP, kernel_duration_ms,
         "length of the kernels"),
  NUMBER("kernel_dt_ms", "ms", 0, 10, true, "0.1", LFP, kernel_dt_ms, "step of the cable"),
  NUMBER("output_rate_Hz", "Hz", 0, 1e5, true, "1000", LFP, output_rate_Hz, "samples per second"),
  NUMBER("delta_tau_ms", "ms", 0, 100, false, "0", LFP, delta_tau_ms,
         "inputs of iaf_psc_delta: exponential currents of this time constant and their charge; 0: "
         "no LFP of such neurons"),
  NUMBER("tolerance", "1", 1e-8, 0.1, false, "1e-4", LFP, tolerance,
         "neuron kernels: rms error of their temporal basis, relative to the signal"),
  TEXT("conductor", "root_as_point", LFP, conductor,
       "neuron kernels: volume conductor and its keys, as mesocast models lists them"),
  CHOICE("contributions", "source", MESO_CONTRIBUTIONS_CHOICES, LFP, contributions,
         "what else is written: the LFP by source population, by target population (whose cells "
         "make it), or by sign of the sources"),
  SWITCH("dipole", "false", LFP, dipole,
         "neuron kernels: also of the current dipole moment, for EEG and MEG"),
  SWITCH("approximations", "false", LFP, approximations,
         "neuron kernels: also the LFP of kernels that know only population rates"),
  WHOLE("n_cells", 0, 1e9, "0", LFP, n_cells,
        "neuron kernels: cells that make the LFP, evenly chosen; 0: all"),
  SWITCH("proxies", "false", LFP, proxies,
         "also what proxies of the literature make of the spikes, beside the LFP"),
  CHOICE("external", "off", "off|gaussian|replay", LFP, external,
         "neuron kernels: external Poisson input as part of the LFP: none, a Gaussian process with "
         "its spectra, or the engine's own events"),
  CHOICE("external_synapses", "area", "area|input", LFP, external_synapses,
         "where it acts: by membrane area, or where the network's excitatory synapses are"),
  WHOLE("placement_seed", 0, 0x1p53, "0", LFP, placement_seed,
        "neuron kernels: seed of cells and of the places of synapses; 0: simulation.seed"),
  WHOLE("ensemble", 0, 10000, "0", LFP, ensemble,
        "neuron kernels: members for each assumption of the ensemble that run makes; 0: none"),
  NUMBER("ensemble_sigma_rel_sd", "1", 0, 10, false, "0.15", LFP, ensemble_sigma_rel_sd,
         "ensemble: relative spread of the conductivity, lognormal"),
  NUMBER("ensemble_shift_um", "um", 0, 1e4, false, "50", LFP, ensemble_shift_um,
         "ensemble: standard deviation of the probe's place along x, y and z"),
  END
};

#define BOLD meso_bold_params
static const meso_param bold_rows[] = {
  TEXT("model", "friston2003", BOLD, model, "name of a BOLD model"),
  TEXT("parameters", "", BOLD, parameters, "its parameters, key=value, separated by commas"),
  CHOICE("drive", "synaptic_current", MESO_BOLD_DRIVES, BOLD, drive, "quantity x that drives it"),
  CHOICE("normalize", "baseline", MESO_NORMALIZE_CHOICES, BOLD, normalize,
         "z = gain (x / x_base - 1), that over its largest value, or gain x"),
  WHOLE("depths", 1, 1000, "10", BOLD, depths, "depths of equal thickness of laminar models"),
  NUMBER("band_low_Hz", "Hz", 0, 1e5, false, "40", BOLD, band_low_Hz, "band of drive lfp_power"),
  NUMBER("band_high_Hz", "Hz", 0, 1e5, true, "100", BOLD, band_high_Hz, "its end"),
  NUMBER("TR_s", "s", 0, 1000, true, "1", BOLD, TR_s, "time between volumes"),
  NUMBER("gain", "1", -1000, 1000, false, "1", BOLD, gain,
         "factor of the drive"),
  NUMBER("baseline_start_s", "s", 0, 1e6, false, "2", BOLD, baseline_start_s,
         "start of the interval that gives x_base"),
  NUMBER("baseline_stop_s", "s", 0, 1e6, true, "10", BOLD, baseline_stop_s, "its end"),
  SWITCH("include_background", "true", BOLD, include_background, "the external input counts in x"),
  NUMBER("dt_s", "s", 0, 1, true, "0.01", BOLD, dt_s, "step of drive and integration"),
  END
};

#define ANALYSIS meso_analysis_params
static const meso_param analysis_rows[] = {
  NUMBER("discard_ms", "ms", 0, 1e9, false, "100", ANALYSIS, discard_ms, "dropped at the start"),
  NUMBER("bin_ms", "ms", 0, 1e6, true, "2", ANALYSIS, bin_ms, "bin of spike-count correlations"),
  CHOICE("window", "all", "all|spontaneous", ANALYSIS, window,
         "spikes of statistics and correlation: all, or those before the first pulse or block"),
  WHOLE("n_correlation", 2, 1e6, "200", ANALYSIS, n_correlation,
        "neurons per population in the correlation, the first ones; silent ones are left out"),
  WHOLE("nperseg", 8, 1e9, "1024", ANALYSIS, nperseg, "samples per segment of Welch's method"),
  NUMBER("overlap", "1", 0, 0.99, false, "0.5", ANALYSIS, overlap, "overlap of the segments"),
  WHOLE("min_spikes_cv", 3, 1e6, "4", ANALYSIS, min_spikes_cv,
        "neurons with fewer spikes are left out of CV and LV"),
  WHOLE("cause_surrogates", 0, 1e6, "20", ANALYSIS, cause_surrogates,
        "of what makes the LFP coherent (lfp.method = neuron); 0: it is not asked"),
  NUMBER("cause_ms", "ms", 0, 1e12, true, "10000", ANALYSIS, cause_ms,
         "how much of the recording that looks at"),
  END
};

static const meso_param compare_rows[] = {
  TEXT("measured", "", meso_model, measured, "names of measured data, separated by commas"),
  END
};

#define MAP(path, rows, part, field, help) \
  {path, rows, part, false, offsetof(meso_model, field), 0, 0, NULL, help}
const meso_model_section *meso_model_sections(void)
{
  static const meso_model_section sections[] = {
    {"", top_rows, MESO_SECTION_REPORT, false, 0, 0, 0, NULL, "the model"},
    MAP("simulation", simulation_rows, MESO_SECTION_NETWORK, simulation, "step, duration, seed"),
    MAP("scaling", scaling_rows, MESO_SECTION_NETWORK, scaling,
        "smaller versions of the model, and several columns"),
    MAP("space", space_rows, MESO_SECTION_NETWORK, space, "the plane of positions"),
    MAP("neuron", neuron_rows, MESO_SECTION_NETWORK, neuron, "defaults of all populations"),
    MAP("synapses.excitatory", excitatory_rows, MESO_SECTION_NETWORK, synapse[MESO_EXCITATORY],
        "defaults of projections from excitatory populations"),
    MAP("synapses.inhibitory", inhibitory_rows, MESO_SECTION_NETWORK, synapse[MESO_INHIBITORY],
        "defaults of projections from inhibitory populations"),
    MAP("background", background_rows, MESO_SECTION_NETWORK, background, "external input"),
    MAP("thalamus", thalamus_rows, MESO_SECTION_NETWORK, thalamus, "schedule of the sources"),
    {"layers", layer_rows, MESO_SECTION_LFP, true, offsetof(meso_model, layer),
     offsetof(meso_model, n_layers), sizeof(meso_layer), NULL, "depths of the layers"},
    {"populations", population_rows, MESO_SECTION_NETWORK, true, offsetof(meso_model, population),
     offsetof(meso_model, n_populations), sizeof(meso_population), NULL, "groups of neurons"},
    {"projections", projection_rows, MESO_SECTION_NETWORK, true, offsetof(meso_model, projection),
     offsetof(meso_model, n_projections), sizeof(meso_projection), NULL, "groups of synapses"},
    {"cells", cell_rows, MESO_SECTION_LFP, true, offsetof(meso_model, cell_type),
     offsetof(meso_model, n_cell_types), sizeof(meso_cell_type), "layer_share",
     "cell types with a morphology"},
    MAP("probe", probe_rows, MESO_SECTION_LFP, probe, "contacts and medium"),
    MAP("lfp", lfp_rows, MESO_SECTION_LFP, lfp, "extracellular potentials"),
    MAP("bold", bold_rows, MESO_SECTION_BOLD, bold, "haemodynamic response"),
    MAP("analysis", analysis_rows, MESO_SECTION_ANALYSIS, analysis, "statistics"),
    {"compare", compare_rows, MESO_SECTION_REPORT, false, 0, 0, 0, NULL, "measured data"},
    {NULL, NULL, 0, false, 0, 0, 0, NULL, NULL}
  };
  return sections;
}
