/* meso_proxy.h: the registry of LFP proxies: short formulas from spikes to an LFP-like signal, for
 * comparison with the LFP itself. One proxy is one file forward_models/px_X.c that defines
 * `const meso_proxy_ops meso_px_X`, and one row in forward_models/Makefile.am.
 *
 * Most are one series for all contacts, from the mean synaptic currents onto cells of the
 * excitatory populations. They have no unit of their own: a gain for each contact is fitted by
 * least squares to the first half of the recording, and only the second half is to be judged.
 * Currents are means over the wiring: every spike counts with the mean out-degree, weight and
 * delays of its projection; external input enters as its mean, so not at all. The formulas were
 * calibrated on other networks, most with conductances; what they give here is theirs, not a fault
 * of their authors.
 */
#ifndef MESO_PROXY_H
#define MESO_PROXY_H

#include "meso_data.h"
#include "meso_error.h"
#include "meso_model.h"

#ifdef __cplusplus
extern "C" {
#endif

/** What a proxy may use; series have n_steps values, a simulation step apart. */
typedef struct meso_proxy_input {
  const meso_model *model;
  const meso_spikes *spikes;
  double start_ms, dt_ms;
  size_t n_steps;
  const double *spike_count;  /**< of all neurons, sources left out */
  const double *ampa_pA;      /**< mean excitatory current of an excitatory cell, >= 0 */
  const double *gaba_pA;      /**< mean inhibitory current, <= 0 */
  double external_per_ms;     /**< mean rate of external events of an excitatory cell */
} meso_proxy_input;

/** A field: signals at each contact, sampled. */
typedef struct meso_proxy_field {
  size_t n_times, n_channels, factor; /**< a sample every factor steps */
  const double *contact_um;           /**< (n_channels, 3) */
  double *mV;                         /**< (n_times, n_channels), zeroed */
} meso_proxy_field;

typedef struct meso_proxy_ops {
  const char *name;      /**< "mazzoni2015"; the signal is "lfp_proxy_mazzoni2015" */
  const char *summary;   /**< one line: formula and paper */
  /** One series for all contacts, zeroed before; or NULL: */
  void (*series)(const meso_proxy_input *input, double *series);
  /** mV at every contact. */
  meso_status (*field)(const meso_proxy_input *input, meso_proxy_field *field, meso_err *err);
} meso_proxy_ops;

size_t meso_proxy_count(void);
const meso_proxy_ops *meso_proxy_at(size_t i);              /**< NULL beyond the end */
const meso_proxy_ops *meso_proxy_by_name(const char *name); /**< NULL if unknown */

/** series[t] += factor x[t - delay_ms], between steps linearly; 0 before the start. A negative
 *  delay takes what is to come. */
void meso_proxy_add_delayed(const meso_proxy_input *input, const double *x, double factor,
                            double delay_ms, double *series);

/** Head of the names of the signals. */
#define MESO_PROXY_HEAD "lfp_proxy_"

/** Adds the signals of all proxies, with the sampling and places of signal "lfp" (mV), through the
 *  output filter of neuron kernels. Attribute "weights_until_ms": those with a gain were fitted to
 *  the samples before it, of "lfp" without "lfp_from_external". The spikes must be of the model's
 *  populations; those that they lack are silent. */
MESO_MUST_CHECK meso_status meso_proxies_add(const meso_model *model, const meso_spikes *spikes,
                                             meso_signals *signals, meso_err *err);

#ifdef __cplusplus
}
#endif
#endif
