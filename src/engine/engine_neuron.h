/* engine_neuron.h: exact propagators of iaf_psc_exp (Rotter & Diesmann 1999, Biol Cybern 81:381;
 * NEST's iaf_psc_exp). Internal to the engine. */
#ifndef ENGINE_NEURON_H
#define ENGINE_NEURON_H

#include "engine_kernels.h"
#include "meso_model.h"

/** Propagators for step dt_ms; I_dc_pA is added to the neuron's own I_e. */
engine_iaf engine_iaf_make(const meso_neuron_params *neuron, double dt_ms, double I_dc_pA);

#endif
