/* an_coherence.c: coherence and phase measures of all pairs of channels of a signal
 * (coherence_estimate.c). */
#include "coherence_estimate.h"

typedef struct coherence_holder { coherence_params own; } coherence_holder;

static const meso_param coherence_rows[] = {
  MESO_SPECTRAL_ROWS(coherence_holder, own.spectral),
  {.key = "signal", .type = MESO_PARAM_STRING, .unit = "", .default_text = "",
   .offset = offsetof(coherence_holder, own.signal),
   .help = "name; empty: lfp, else the first one"},
  COHERENCE_MEASURE_ROWS(coherence_holder, own),
  {.key = NULL}
};

static meso_status coherence_run(const void *params, const meso_spikes *spikes,
                                 const meso_signals *signals, int n_threads, meso_result *result,
                                 meso_err *err)
{
  meso_status status = MESO_OK;
  const coherence_params *p = &((const coherence_holder *) params)->own;
  meso_spectral_plan *plan = NULL;
  meso_signal signal = {0};
  (void) spikes;
  MESO_TRY(meso_spectral_begin(signals, p->signal, &p->spectral, &signal, &plan, err));
  MESO_TRY(coherence_estimate(p, &signal, plan, "/coherence", n_threads, result, err));
cleanup:
  meso_spectral_plan_destroy(plan);
  return status;
}

const meso_analysis_ops meso_an_coherence = {
  .name = "coherence", .summary = "coherence (magnitude squared) and phase measures of all pairs",
  .input = MESO_INPUT_SIGNALS, .params = coherence_rows, .params_size = sizeof(coherence_holder),
  .run = coherence_run,
  .takes = "a signal of two channels or more",
  .formulas = coherence_formulas,
  .axes = coherence_axes
};
