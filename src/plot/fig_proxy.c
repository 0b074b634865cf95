/* fig_proxy.c: proxies of the LFP against it, by depth and by frequency. */
#include "approximation_panels.h"

static const approximation_figure figure = {
  .group = "/proxy", .head = "lfp_proxy_", .by_depth = "correlation_squared",
  .depth_label = "squared correlation with the LFP (dimensionless)",
  .by_frequency = "coherence_squared",
  .frequency_label = "magnitude-squared coherence (dimensionless)",
};

static bool is_available(const meso_figure_data *data)
{
  return approximation_available(data, &figure);
}

static meso_status draw(const meso_figure_data *data, meso_canvas *canvas, meso_err *err)
{
  return approximation_draw(data, &figure, canvas, err);
}

const meso_figure_ops meso_fig_proxy = {
  "proxy", "Proxies of the LFP against it: squared correlation at every contact, and coherence, "
           "which is what a linear filter could still mend.",
  170.0, 95.0, is_available, draw
};
