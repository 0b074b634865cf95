/* meso_figure_tools.h: what several figures ask of their data. */
#ifndef MESO_FIGURE_TOOLS_H
#define MESO_FIGURE_TOOLS_H

#include "meso_canvas.h"

/** Colour of a population: by layer and sign of the model, else by its name. */
meso_rgb meso_population_color(const meso_figure_data *data, const char *name);
/** Line in that colour; inhibitory populations are dashed, for readers who do not see their lighter
 *  colours. */
meso_stroke meso_population_stroke(const meso_figure_data *data, const char *name, double width);
/** Place of a population in the model; of those that it does not have, the number of its own. */
size_t meso_population_rank(const meso_figure_data *data, const char *name);
/** Rank of a layer by name or prefix ("L23E" is in "L23"): usual names first, else the model's. */
size_t meso_layer_rank(const meso_figure_data *data, const char *name);
/** Population of the model, or NULL. */
const meso_population *meso_population_of(const meso_figure_data *data, const char *name);
/** true for a population of Poisson sources: it has a rate but no dynamics of its own. */
bool meso_is_source(const meso_figure_data *data, const char *name);
/** true if @p name is population/... or population itself. */
bool meso_is_of(const char *name, const char *population);
/** Time dropped at the start of a recording of the given length: the model's, at most half. */
double meso_discard_ms(const meso_figure_data *data, double duration_ms);
/** Part of a recording that a figure shows. */
typedef struct meso_shown {
  double start_ms, stop_ms;
  double onset_ms;         /**< first onset of the stimulus, NAN if the window is not about it */
} meso_shown;

/** 300 ms before and after the first onset of the model's stimulus if it lies within the recording,
 *  else at most length_ms after the discard. */
meso_shown meso_shown_window(const meso_figure_data *data, double t_start_ms, double t_stop_ms,
                             double length_ms);
/** Marks the onset by a dashed vertical line, if there is one. */
void meso_mark_onset(meso_canvas *canvas, const meso_axes *axes, meso_shown shown);
/** ", dashed line: stimulus onset at 10000 ms", or empty. */
void meso_onset_text(meso_shown shown, char *text, size_t size);
/** Samples first to first + n - 1 of a signal: those of the window, its end included. */
void meso_shown_samples(const meso_signal *signal, meso_shown shown, size_t *ret_first,
                        size_t *ret_n);
/** Samples after the discard. */
void meso_signal_window(const meso_figure_data *data, const meso_signal *signal, size_t *ret_first,
                        size_t *ret_n);
/** The n samples from @p first on, (channel, time), each channel about its mean over them: a fixed
 *  offset along depth hides what varies. Caller frees. */
MESO_MUST_CHECK meso_status meso_signal_deviations(const meso_signal *signal, size_t first,
                                                   size_t n, double **ret_deviation,
                                                   meso_err *err);
/** Borders of the model's layers across a panel whose y axis is depth, and the layers' names right
 *  of the box. */
void meso_mark_layers(const meso_figure_data *data, meso_canvas *canvas, const meso_axes *axes);
/** Label of the y axis over depth: of channel numbers where contacts have no positions. */
const char *meso_depth_label(const meso_signal *signal);
/** Axes over depth; @p by_number: over minus the numbers of channels, which become their ticks. */
void meso_depth_axes_draw(meso_canvas *canvas, const meso_axes *axes, bool by_number);
/** Depth of a channel (um; z, cortex negative), minus its number when positions are missing. */
double meso_channel_z(const meso_signal *signal, size_t channel);
/** Array of the analysis by a path made from a format, NULL if missing or empty. */
const meso_array *meso_find_array(const meso_figure_data *data, const char *fmt, ...)
  MESO_PRINTF(2, 3);
/** Attributes of a group of the analysis, e.g. "/coherence"; empty ones if it has none. */
const meso_attrs *meso_group_attrs(const meso_figure_data *data, const char *path);
/** What was analysed: "100 to 10000 ms: spontaneous activity" of a group of the analysis; empty if
 *  the analysis does not say. */
void meso_window_text(const meso_figure_data *data, const char *group, char *text, size_t size);
/** How a spectrum was estimated: "Welch, hann window, 1024 samples (0.98 Hz apart), 174 segments,
 *  after 100 ms"; empty if the analysis does not say. */
void meso_estimator_text(const meso_attrs *attrs, char *text, size_t size);
/** Units as readers write them: "(mV)^2/Hz" becomes "mV\u00b2/Hz"; "?" for NULL. */
void meso_units_text(const char *units, char *text, size_t size);
/** Signal with data, or NULL. */
const meso_signal *meso_find_signal(const meso_signals *signals, const char *name);
/** Largest finite |value|, 0 if there is none. */
double meso_largest(size_t n, const double *values);
/** Quantile of the finite values; NAN if there are none or memory is out. */
double meso_quantile(size_t n, const double *values, double q);

/** Horizontal distributions, one per population, and how their panel is labelled. */
typedef struct meso_distributions {
  size_t n;
  struct meso_distribution {
    const char *name;
    size_t n;
    const double *values;
    double reference;      /**< NAN: none */
  } *row;                  /**< free with free() */
  const char *x_label, *title;
  const char *counted;     /**< what a value stands for: "neurons", "pairs" */
  bool zero_line;
  char left_out[64];       /**< names of sources that were left out; "" if none */
} meso_distributions;
/** Fills n, row and left_out from "/statistics/<population>/<quantity>" of the analysis. Sources
 *  are left out unless with_sources: their intervals say how they are switched, not how they
 *  fire. */
MESO_MUST_CHECK meso_status meso_distributions_find(const meso_figure_data *data,
                                                    const char *quantity, bool with_sources,
                                                    meso_distributions *rows, meso_err *err);
/** true if at least one population has values of the quantity. */
bool meso_distributions_available(const meso_figure_data *data, const char *quantity,
                                  bool with_sources);
/** Draws the rows in a box, their numbers of values at its right; the axis ends past the highest
 *  99.5th percentile of the rows. Names that the 40 points at its left do not hold take up to 0.3
 *  of its width, and are cut then. */
MESO_MUST_CHECK meso_status meso_distributions_draw(const meso_figure_data *data,
                                                    meso_canvas *canvas, meso_box box,
                                                    const meso_distributions *rows, meso_err *err);

#endif
