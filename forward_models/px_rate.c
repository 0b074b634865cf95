/* px_rate.c: the rate of all neurons. */
#include "meso_proxy.h"

static void rate(const meso_proxy_input *in, double *series)
{
  meso_proxy_add_delayed(in, in->spike_count, 1, 0, series);
}

const meso_proxy_ops meso_px_rate = {
  .name = "rate", .summary = "spikes of all neurons of the column", .series = rate
};
