/* meso_bold_panels.h: what figures of BOLD share: panels over time with the stimulus blocks of the
 * model and the baseline of the drive. */
#ifndef MESO_BOLD_PANELS_H
#define MESO_BOLD_PANELS_H

#include "meso_figure_tools.h"

/** Colour of a channel: by depth, by its layer, else by its number. */
meso_rgb meso_bold_color(const meso_figure_data *data, const meso_signal *signal, size_t c);
/** Time of a sample (s); sample may lie between two. */
double meso_signal_time_s(const meso_signal *signal, double sample);
/** Blocks or pulses of the model's stimulus that begin before stop_s; 0 without any. */
size_t meso_bold_blocks(const meso_figure_data *data, double stop_s);
/** Whether a time is within a block. */
bool meso_bold_is_on(const meso_figure_data *data, double time_s);
/** Shades the blocks. */
void meso_bold_shade(const meso_figure_data *data, meso_canvas *canvas, const meso_axes *axes);
/** Marks them by bars above the box. */
void meso_bold_bars(const meso_figure_data *data, meso_canvas *canvas, const meso_axes *axes);
/** Names of the channels from (x, y) on, and below them what shade and bar mean. */
void meso_bold_legend(const meso_figure_data *data, meso_canvas *canvas, double x, double y,
                      const meso_signal *signal, double stop_s);
/** What shade and bar mean alone. */
void meso_bold_block_legend(const meso_figure_data *data, meso_canvas *canvas, double x, double y,
                            double stop_s);
/** Values of channel c times scale, as means of @p width samples each, at the middles of their
 *  times; width 1: the samples. Returns their number. */
size_t meso_channel_means(const meso_signal *signal, size_t c, size_t width, double scale,
                          double *time, double *value);
/** Samples of a signal that make up one volume of TR_s, 1 if that is no use. */
size_t meso_samples_per_volume(const meso_signal *signal, double TR_s);
/** One line per channel, values times scale, y from them and @p rest, where a guide lies; with
 *  width > 1 pale samples under means of width. */
MESO_MUST_CHECK meso_status meso_bold_panel(const meso_figure_data *data, meso_canvas *canvas,
                                            meso_axes axes, const meso_signal *signal,
                                            double scale, double rest, size_t width,
                                            meso_err *err);

#endif
