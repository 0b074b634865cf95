/* engine_neuron.h: the neurons of a model: exact propagators of iaf_psc_exp (Rotter, Diesmann 1999,
 * Biol Cybern 81:381; NEST's iaf_psc_exp), initial potentials. Internal to the engine. */
#ifndef ENGINE_NEURON_H
#define ENGINE_NEURON_H

#include "engine_kernels.h"
#include "meso_model.h"

/** Propagators for step dt_ms; I_dc_pA is added to the neuron's own I_e. */
engine_iaf engine_iaf_make(const meso_neuron_params *neuron, double dt_ms, double I_dc_pA);

/** Potential at the start of a neuron of a population; identity: meso_model_identity. */
double engine_initial_V_mV(const meso_model *model, const meso_population *population,
                           uint64_t identity);

/** Whether a model's two synaptic currents are merged into one: equal time constants in every
 *  population. */
bool engine_merges_currents(const meso_model *model);

#endif
