/* fm_hrf.c: linear response with the canonical response function of SPM (spm_hrf.m), a difference
 * of two gamma densities. SPM normalises its samples to a sum of 1; here the integral is 1. */
#include "meso_hrf.h"

static const meso_param rows[] = {MESO_DOUBLE_GAMMA_ROWS("6", "16", "1", "1", "6")};

static meso_status apply(const void *params, const meso_series *in, double TR_s, int n_threads,
                         meso_signals *out, meso_err *err)
{
  return meso_double_gamma_apply("hrf", rows, params, in, TR_s, n_threads, out, err);
}

const meso_forward_ops meso_fm_hrf = {
  .name = "hrf", .summary = "linear canonical response function of SPM, two gamma densities",
  .doi = "10.1006/nimg.1997.0306", .unit_in = "1", .unit_out = "1", .linear = true,
  .scale_free = true,
  .params = rows, .params_size = sizeof(meso_double_gamma), .apply = apply,
  .check = {.n_channels = 1, .drive = 0.1, .on_s = 1, .peak = 0.0208782745,
            .peak_tolerance = 1e-8, .peak_s = 5.515, .peak_s_tolerance = 0.02}
};
