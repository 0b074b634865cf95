/* px_erws2.c: EEG reference weighted sum whose numbers follow the external rate v0 (events per ms
 * and cell), not causal. Martinez-Canada et al. 2021, doi 10.1371/journal.pcbi.1008893:
 *   tau_AMPA = -0.6 v0^-0.1 - 0.4 ms, tau_GABA = -1.9 v0^-0.6 + 3 ms, alpha = 1.4 v0^-1.7 + 0.2
 * Fitted to rates of some events per ms; the microcircuit has 13 to 23. */
#include "meso_proxy.h"

#include <math.h>

static void weighted_sum(const meso_proxy_input *in, double *series)
{
  const double v0 = in->external_per_ms;
  if (!(v0 > 0)) return; /* no numbers without external input */
  meso_proxy_add_delayed(in, in->ampa_pA, 1, -0.6 * pow(v0, -0.1) - 0.4, series);
  meso_proxy_add_delayed(in, in->gaba_pA, -(1.4 * pow(v0, -1.7) + 0.2),
                         -1.9 * pow(v0, -0.6) + 3, series);
}

const meso_proxy_ops meso_px_erws2 = {
  .name = "erws2", .series = weighted_sum,
  .summary = "|I_AMPA| and |I_GABA| of excitatory cells, shifted and weighed by the external rate "
             "(Martinez-Canada et al. 2021)"
};
