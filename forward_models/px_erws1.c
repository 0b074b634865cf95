/* px_erws1.c: EEG reference weighted sum with fixed numbers, not causal. Martinez-Canada, Ness,
 * Einevoll, Fellin, Panzeri 2021, PLoS Comput. Biol. 17:e1008893, doi 10.1371/journal.pcbi.1008893.
 * Fitted to EEG, which is a dipole's far field. */
#include "meso_proxy.h"

static void weighted_sum(const meso_proxy_input *in, double *series)
{
  meso_proxy_add_delayed(in, in->ampa_pA, 1, -0.9, series);
  meso_proxy_add_delayed(in, in->gaba_pA, -0.3, 2.3, series);
}

const meso_proxy_ops meso_px_erws1 = {
  .name = "erws1", .series = weighted_sum,
  .summary = "|I_AMPA|(t + 0.9 ms) + 0.3 |I_GABA|(t - 2.3 ms) of excitatory cells (Martinez-Canada "
             "et al. 2021)"
};
