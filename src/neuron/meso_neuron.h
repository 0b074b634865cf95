/* meso_neuron.h: the registry of neuron models, of model files and of explicit networks. One model
 * is one file src/neuron/neuron_X.c that defines `const meso_neuron_ops meso_neuron_X`, and one row
 * in src/neuron/Makefile.am.
 *
 * A model knows nothing of networks: it is given the parameters of a neuron, as read from the file,
 * and moves neurons by one step dt given what arrives. Names, units and the order of operations are
 * those of NEST, so that the same input gives the same spikes on the same steps. */
#ifndef MESO_NEURON_H
#define MESO_NEURON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "meso_params.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Something that can be recorded from a neuron. */
typedef struct meso_neuron_recordable {
  const char *name, *unit;               /**< "V_m", "mV" */
  double (*value)(const void *neuron);   /**< after the last step: input and reset included */
} meso_neuron_recordable;

/** Something that changes in a neuron; all else follows from its parameters. */
typedef struct meso_neuron_variable {
  const char *name, *unit;
  size_t offset;              /**< in the neuron */
  bool is_count;              /**< int32_t, >= 0; else a double */
} meso_neuron_variable;

/** What an input of weight 1 does to a neuron at rest. */
typedef struct meso_neuron_synapse {
  double weight_per_mV;       /**< weight whose potential peaks at 1 mV (weight_unit/mV) */
  double charge;              /**< time integral of the current (pA ms, per weight) */
  double tau_ms, tau_rise_ms; /**< its course: rise 0: exponential; rise = tau: alpha function; both
                                   0: a pulse */
} meso_neuron_synapse;

/** An equation for readers, as plain text and in LaTeX. */
typedef struct meso_neuron_equation { const char *plain, *latex; } meso_neuron_equation;

/** Input of one step t to t + dt; arrays in the order of the neurons, borrowed. */
typedef struct meso_neuron_input {
  const double *ex, *in;      /**< weights > 0, weights <= 0 of the spikes that arrive at t + dt,
                                   summed (weight_unit) */
  const double *current_pA;   /**< injected into the membrane from t to t + dt, besides I_e */
} meso_neuron_input;

typedef struct meso_neuron_ops {
  const char *name;           /**< NEST's: "iaf_psc_exp" */
  const char *summary;        /**< one line */
  const char *synapse;        /**< of the input: "exponential currents" */
  meso_neuron_equation input; /**< what it adds to C_m dV/dt, with its sign; or empty */
  meso_neuron_equation dynamics; /**< of the input */
  meso_neuron_equation weight; /**< from the peak of the potential, PSP (P in LaTeX) */
  const char *weight_unit;    /**< "pA": amplitude of a current; "mV": jump of the potential */
  const meso_param *params;   /**< DOUBLE and BOOL rows; the key is the dataset below /neurons */
  size_t params_size;         /**< of the struct that the rows fill */
  size_t neuron_size;         /**< of one neuron: propagators and state */
  const meso_neuron_recordable *recordables; /**< ends with a NULL name */
  const meso_neuron_variable *state; /**< ends with a NULL name */
  /** What is wrong with parameters that are each in range, as "must be ..."; NULL: nothing. */
  const char *(*check)(const void *params);
  /** params have passed check. */
  meso_neuron_synapse (*response)(const void *params, bool inhibitory);
  /** Fills one neuron for steps of dt_ms > 0; params have passed check. */
  void (*init)(const void *params, double dt_ms, void *neuron);
  /** One step of n neurons. spiked[i] becomes 1 if neuron i spikes at its end, else 0. */
  void (*advance)(void *neurons, size_t n, const meso_neuron_input *input, uint8_t *spiked);
  /** Makes state of n neurons that has decayed below 1e-30 zero; called now and then, so that no
   *  arithmetic is done on subnormal numbers. */
  void (*settle)(void *neurons, size_t n);
} meso_neuron_ops;

size_t meso_neuron_count(void);
/** NULL beyond the last. */
const meso_neuron_ops *meso_neuron_at(size_t i);
/** The name need not be NUL-terminated: its first n characters count. NULL if there is none. */
const meso_neuron_ops *meso_neuron_by_name(const char *name, size_t n);
/** The recordable of a model, or NULL; the name as above. */
const meso_neuron_recordable *meso_neuron_recordable_by_name(const meso_neuron_ops *ops,
                                                             const char *name, size_t n);

#ifdef __cplusplus
}
#endif
#endif
