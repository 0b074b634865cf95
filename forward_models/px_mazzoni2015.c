/* px_mazzoni2015.c: reference weighted sum. Mazzoni, Linden, Cuntz, Lansner, Panzeri, Einevoll
 * 2015, PLoS Comput. Biol. 11:e1004584, doi 10.1371/journal.pcbi.1004584: |I_AMPA|(t - 6 ms) + 1.65
 * |I_GABA|(t), fitted to conductance synapses of longer time constants than the 0.5 ms here. */
#include "meso_proxy.h"

static void weighted_sum(const meso_proxy_input *in, double *series)
{
  meso_proxy_add_delayed(in, in->ampa_pA, 1, 6, series);
  meso_proxy_add_delayed(in, in->gaba_pA, -1.65, 0, series);
}

const meso_proxy_ops meso_px_mazzoni2015 = {
  .name = "mazzoni2015", .series = weighted_sum,
  .summary = "|I_AMPA|(t - 6 ms) + 1.65 |I_GABA|(t) of excitatory cells (Mazzoni et al. 2015)"
};
