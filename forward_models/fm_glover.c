/* fm_glover.c: linear response with the function of Glover 1999, NeuroImage 9:416, in the constants
 * of nilearn (glover_hrf), a difference of two gamma densities; nilearn's undershoot of 0.48 is
 * ratio = 1/0.48. nilearn starts it one sample late, which is not done here. */
#include "meso_hrf.h"

static const meso_param rows[] = {
  MESO_DOUBLE_GAMMA_ROWS("6", "12", "0.9", "0.9", "2.0833333333333335")};

static meso_status apply(const void *params, const meso_series *in, double TR_s, int n_threads,
                         meso_signals *out, meso_err *err)
{
  return meso_double_gamma_apply("glover", rows, params, in, TR_s, n_threads, out, err);
}

const meso_forward_ops meso_fm_glover = {
  .name = "glover", .summary = "linear response function of Glover 1999, constants of nilearn",
  .doi = "10.1006/nimg.1998.0419", .unit_in = "1", .unit_out = "1", .linear = true,
  .scale_free = true,
  .params = rows, .params_size = sizeof(meso_double_gamma), .apply = apply,
  .check = {.n_channels = 1, .drive = 0.1, .on_s = 1, .peak = 0.0343454928,
            .peak_tolerance = 1e-8, .peak_s = 5.516, .peak_s_tolerance = 0.02}
};
