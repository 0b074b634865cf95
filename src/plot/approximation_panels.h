/* approximation_panels.h: the two panels of figures that compare signals with a reference. Internal
 * to plot. */
#ifndef APPROXIMATION_PANELS_H
#define APPROXIMATION_PANELS_H

#include "meso_figure_tools.h"

/** What is drawn of the arrays "group/...". */
typedef struct approximation_figure {
  const char *group, *head;                   /**< head: of the names, not drawn */
  const char *by_depth, *depth_label;         /**< (signal, channel) */
  const char *by_frequency, *frequency_label; /**< (signal, channel, frequency) */
  bool is_log;                                /**< by frequency; else from 0 to 1 */
  /** What theory expects of one of them, dotted: (channel) and (channel, frequency); or NULL. */
  const char *expected_by_depth, *expected_by_frequency, *expected_label;
} approximation_figure;

bool approximation_available(const meso_figure_data *data, const approximation_figure *figure);
MESO_MUST_CHECK meso_status approximation_draw(const meso_figure_data *data,
                                               const approximation_figure *figure,
                                               meso_canvas *canvas, meso_err *err);

#endif
