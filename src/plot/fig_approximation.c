/* fig_approximation.c: LFP from population rates against the exact one, by depth and by
 * frequency. */
#include "approximation_panels.h"

static const approximation_figure figure = {
  .group = "/approximation", .head = "lfp_by_", .by_depth = "explained_variance",
  .depth_label = "explained variance (dimensionless)", .by_frequency = "error_ratio",
  .frequency_label = "error power / LFP power (dimensionless)", .is_log = true,
  .expected_by_depth = "expected_explained_variance",
  .expected_by_frequency = "expected_error_ratio", .expected_label = "mean kernel, expected",
};

static bool is_available(const meso_figure_data *data)
{
  return approximation_available(data, &figure);
}

static meso_status draw(const meso_figure_data *data, meso_canvas *canvas, meso_err *err)
{
  return approximation_draw(data, &figure, canvas, err);
}

const meso_figure_ops meso_fig_approximation = {
  "approximation", "What is lost when only population rates are known: LFP from kernels of "
                   "populations against the LFP from the kernels of all single neurons.",
  170.0, 95.0, is_available, draw
};
