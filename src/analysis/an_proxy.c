/* an_proxy.c: how far proxies of the LFP are off (approximation.h, meso_proxy.h). */
#include "approximation.h"

static const meso_param proxy_rows[] = {APPROXIMATION_ROWS("lfp_proxy_")};

static meso_status proxy_run(const void *params, const meso_spikes *spikes,
                              const meso_signals *signals, int n_threads, meso_result *result,
                              meso_err *err)
{
  (void) spikes;
  return approximation_compare("/proxy", params, signals, n_threads, result, err);
}

const meso_analysis_ops meso_an_proxy = {
  .name = "proxy", .summary = "how far proxies of the LFP are off",
  .input = MESO_INPUT_SIGNALS, .params = proxy_rows,
  .params_size = sizeof(approximation_params), .run = proxy_run,
  .takes = "a signal lfp (the reference) and its proxies, in one file (mesocast proxy writes them)",
  .formulas = approximation_formulas,
  .axes = approximation_axes
};
