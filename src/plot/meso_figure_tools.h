/* meso_figure_tools.h: what several figures ask of their data. */
#ifndef MESO_FIGURE_TOOLS_H
#define MESO_FIGURE_TOOLS_H

#include "meso_canvas.h"

/** Colour of a population: by layer and sign of the model, else by its name. */
meso_rgb meso_population_color(const meso_figure_data *data, const char *name);
/** Rank of a layer by name or prefix ("L23E" is in "L23"): usual names first, else the model's. */
size_t meso_layer_rank(const meso_figure_data *data, const char *name);
/** Population of the model, or NULL. */
const meso_population *meso_population_of(const meso_figure_data *data, const char *name);
/** Time dropped at the start of a recording of the given length: the model's, at most half. */
double meso_discard_ms(const meso_figure_data *data, double duration_ms);
/** Window of at most length_ms after the discard, as sample indices of a signal. */
void meso_signal_window(const meso_figure_data *data, const meso_signal *signal, double length_ms,
                        size_t *ret_first, size_t *ret_n);
/** Depth of a channel (um; z, cortex negative), its number when positions are missing. */
double meso_channel_z(const meso_signal *signal, size_t channel);
/** Array of the analysis by a path made from a format, NULL if missing or empty. */
const meso_array *meso_find_array(const meso_figure_data *data, const char *fmt, ...)
  MESO_PRINTF(2, 3);
/** Signal with data, or NULL. */
const meso_signal *meso_find_signal(const meso_signals *signals, const char *name);
/** Largest finite |value|, 0 if there is none. */
double meso_largest(size_t n, const double *values);
/** Quantile of the finite values; NAN if there are none or memory is out. */
double meso_quantile(size_t n, const double *values, double q);

/** One horizontal distribution per population for which the analysis has
 *  "/statistics/<population>/<quantity>". */
typedef struct meso_distributions {
  size_t n;
  struct meso_distribution {
    const char *name;
    size_t n;
    const double *values;
    double reference;      /**< NAN: none */
  } *row;
} meso_distributions;
/** Collects the rows; free(ret_rows->row). */
MESO_MUST_CHECK meso_status meso_distributions_find(const meso_figure_data *data,
                                                    const char *quantity,
                                                    meso_distributions *ret_rows, meso_err *err);
/** Draws the rows in a box; the axis spans x_min to the rows' q quantile or more. */
MESO_MUST_CHECK meso_status meso_distributions_draw(const meso_figure_data *data,
                                                    meso_canvas *canvas, meso_box box,
                                                    const meso_distributions *rows, bool zero_line,
                                                    const char *x_label, const char *title,
                                                    meso_err *err);

#endif
