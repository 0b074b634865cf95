/* px_current_sum.c: sum of the absolute synaptic currents onto excitatory cells. Mazzoni, Panzeri,
 * Logothetis, Brunel 2008, PLoS Comput. Biol. 4:e1000239, doi 10.1371/journal.pcbi.1000239. */
#include "meso_proxy.h"

static void current_sum(const meso_proxy_input *in, double *series)
{
  meso_proxy_add_delayed(in, in->ampa_pA, 1, 0, series);
  meso_proxy_add_delayed(in, in->gaba_pA, -1, 0, series);
}

const meso_proxy_ops meso_px_current_sum = {
  .name = "current_sum", .series = current_sum,
  .summary = "|I_AMPA| + |I_GABA| of excitatory cells (Mazzoni et al. 2008)"
};
