/* an_approximation.c: how far approximations of a signal are off (approximation.h). */
#include "approximation.h"

static const meso_param approximation_rows[] = {APPROXIMATION_ROWS("lfp_by_")};

static meso_status approximation_run(const void *params, const meso_spikes *spikes,
                              const meso_signals *signals, int n_threads, meso_result *result,
                              meso_err *err)
{
  (void) spikes;
  return approximation_compare("/approximation", params, signals, n_threads, result, err);
}

const meso_analysis_ops meso_an_approximation = {
  .name = "approximation", .summary = "how far approximations of a signal are off",
  .input = MESO_INPUT_SIGNALS, .params = approximation_rows,
  .params_size = sizeof(approximation_params), .run = approximation_run,
  .takes = "a signal lfp (the reference) and signals that approximate it, in one file",
  .formulas = approximation_formulas,
  .axes = approximation_axes
};
