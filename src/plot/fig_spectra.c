/* fig_spectra.c: power spectral densities of the LFP at some depths and of population spiking. */
#include "meso_figure_tools.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { MESO_MOST_LINES = 16, MESO_DEPTHS = 5 };

typedef struct curves {
  size_t n, n_frequencies;
  const double *frequency, *psd[MESO_MOST_LINES];
  meso_stroke stroke[MESO_MOST_LINES];
  char name[MESO_MOST_LINES][48];
} curves;

static bool has_lfp(const meso_figure_data *data)
{
  const meso_array *f = meso_find_array(data, "/spectrum/frequency_Hz");
  const meso_array *p = meso_find_array(data, "/spectrum/psd");
  return f != NULL && p != NULL && p->n_dims == 2 && p->dims[1] == meso_array_count(f)
         && f->data != NULL && p->data != NULL && p->dims[1] > 2;
}

static bool has_spikes(const meso_figure_data *data)
{
  const meso_array *f = meso_find_array(data, "/population_spectrum/frequency_Hz");
  const meso_array *p = meso_find_array(data, "/population_spectrum/psd");
  return f != NULL && p != NULL && f->data != NULL && p->data != NULL && p->n_dims == 2
         && p->dims[1] == meso_array_count(f) && p->dims[1] > 2;
}

static bool is_available(const meso_figure_data *data)
{
  return has_lfp(data) || has_spikes(data);
}

static void find_lfp(const meso_figure_data *data, curves *c)
{
  const meso_array *f = meso_find_array(data, "/spectrum/frequency_Hz");
  const meso_array *p = meso_find_array(data, "/spectrum/psd");
  const meso_signal *lfp = meso_find_signal(data->lfp, "lfp");
  size_t channels = p->dims[0], wanted = channels < MESO_DEPTHS ? channels : MESO_DEPTHS;
  c->frequency = f->data;
  c->n_frequencies = f->dims[0];
  for (size_t i = 0; i < wanted; i++) {
    size_t channel = wanted > 1 ? i * (channels - 1) / (wanted - 1) : 0;
    c->psd[i] = p->data + channel * p->dims[1];
    c->stroke[i] = (meso_stroke) { meso_palette_ordered(i, wanted), 0.9, false };
    if (lfp != NULL && lfp->n_channels == channels && lfp->position_um != NULL)
      snprintf(c->name[i], sizeof c->name[i], "%s%.0f \u00b5m",
               meso_channel_z(lfp, channel) < 0.0 ? "\u2212" : "",
               fabs(meso_channel_z(lfp, channel)));
    else
      snprintf(c->name[i], sizeof c->name[i], "channel %zu", channel);
  }
  c->n = wanted;
}

static void find_spikes(const meso_figure_data *data, curves *c)
{
  const meso_array *f = meso_find_array(data, "/population_spectrum/frequency_Hz");
  const meso_array *p = meso_find_array(data, "/population_spectrum/psd");
  const meso_array *labels = meso_find_array(data, "/population_spectrum/labels");
  if (labels != NULL && (labels->text == NULL || meso_array_count(labels) != p->dims[0]))
    labels = NULL;
  c->frequency = f->data;
  c->n_frequencies = f->dims[0];
  for (; c->n < p->dims[0] && c->n < MESO_MOST_LINES; c->n++) {
    char *name = c->name[c->n];
    if (labels != NULL) snprintf(name, sizeof c->name[0], "%s", labels->text[c->n]);
    else snprintf(name, sizeof c->name[0], "population %zu", c->n + 1);
    c->psd[c->n] = p->data + c->n * p->dims[1];
    const meso_population *population = meso_population_of(data, name);
    c->stroke[c->n] = (meso_stroke) {
      labels != NULL ? meso_population_color(data, name) : meso_palette(c->n), 0.9,
      population != NULL && population->sign == MESO_INHIBITORY
    };
  }
}

/* Where an LFP can be trusted, and where it begins to be wrong; infinite where nothing is known. */
typedef struct band { double from_Hz, to_Hz, doubtful_to_Hz; } band;
static const band everything = { -INFINITY, INFINITY, INFINITY };

/* As the LFP says, or its spectrum where that is alone. */
static band valid_band(const meso_figure_data *data)
{
  const meso_signal *lfp = meso_find_signal(data->lfp, "lfp");
  const meso_attrs *attrs = lfp != NULL ? &lfp->attrs : meso_group_attrs(data, "/spectrum");
  if (attrs == NULL) return everything;
  const double to_Hz = meso_attrs_number(attrs, "valid_to_Hz", INFINITY);
  return (band) { meso_attrs_number(attrs, "valid_from_Hz", -INFINITY), to_Hz,
                  meso_attrs_number(attrs, "doubtful_to_Hz", to_Hz) };
}

/* Light where it is doubtful, darker where it is not valid. */
static void shade(meso_canvas *canvas, const meso_axes *axes, band valid)
{
  if (valid.from_Hz > axes->x_min)
    meso_axes_shade(canvas, axes, axes->x_min, valid.from_Hz, meso_light_grey, 0.8);
  if (valid.doubtful_to_Hz > valid.to_Hz && valid.to_Hz < axes->x_max)
    meso_axes_shade(canvas, axes, valid.to_Hz, fmin(valid.doubtful_to_Hz, axes->x_max),
                    meso_light_grey, 0.35);
  if (valid.doubtful_to_Hz < axes->x_max)
    meso_axes_shade(canvas, axes, valid.doubtful_to_Hz, axes->x_max, meso_light_grey, 0.8);
}

static void draw_curves(meso_canvas *canvas, meso_box box, const curves *c, band valid,
                        const char *title, const char *y_label)
{
  double low = INFINITY, high = 0.0, x_max = c->frequency[c->n_frequencies - 1];
  double x_min = c->frequency[0] > 0.0 ? c->frequency[0] : c->frequency[1];
  x_min = fmax(x_min, 1.0 < 0.1 * x_max ? 1.0 : x_min);
  for (size_t i = 0; i < c->n; i++)
    for (size_t k = 1; k < c->n_frequencies; k++)
      if (c->frequency[k] >= x_min && isfinite(c->psd[i][k]) && c->psd[i][k] > 0.0) {
        low = fmin(low, c->psd[i][k]);
        high = fmax(high, c->psd[i][k]);
      }
  const bool empty = !(high > 0.0);
  if (empty) low = 0.1, high = 1.0;
  low = fmax(0.7 * low, 1e-9 * high);
  meso_axes axes = { .box = box, .x_min = x_min, .x_max = x_max, .y_min = low, .y_max = 1.5 * high,
                     .x_log = true, .y_log = true, .x_label = "frequency (Hz)",
                     .y_label = y_label, .title = title };
  shade(canvas, &axes, valid);
  meso_axes_draw(canvas, &axes);
  if (empty) meso_axes_say_empty(canvas, &axes, NULL);
  for (size_t i = 0; i < c->n; i++) {
    meso_axes_line(canvas, &axes, c->n_frequencies, c->frequency, c->psd[i], c->stroke[i]);
    meso_stroke key = c->stroke[i];
    key.width = 1.6;
    meso_canvas_key(canvas, box.x + box.w / 3.0 * (double) (i % 3),
                    box.y + box.h + 36.0 + 9.5 * (double) (i / 3), key, "%s", c->name[i]);
  }
}

/* Where panel number *at of n stands, above its legend and the note. */
static meso_box next_panel(const meso_canvas *canvas, size_t *at, size_t n, double legend)
{
  meso_box box = meso_canvas_cell(canvas, 0, 1, (*at)++, n, 12.0);
  box.h -= legend;
  return box;
}

static meso_status draw(const meso_figure_data *data, meso_canvas *canvas, meso_err *err)
{
  (void) err;
  size_t n = (has_lfp(data) ? 1u : 0u) + (has_spikes(data) ? 1u : 0u), at = 0;
  curves lfp = { .n = 0 }, spiking = { .n = 0 };
  const band valid = valid_band(data);
  if (has_lfp(data)) find_lfp(data, &lfp);
  if (has_spikes(data)) find_spikes(data, &spiking);
  double legend = 18.0 + 9.5 * (double) ((lfp.n > spiking.n ? lfp.n + 2 : spiking.n + 2) / 3);
  const bool is_shaded = lfp.n > 0 && isfinite(valid.from_Hz) && isfinite(valid.to_Hz);
  if (is_shaded) legend += 10.0; /* a note more */
  if (lfp.n > 0) {
    char title[64] = "LFP", label[80], units[64];
    const meso_array *psd = meso_find_array(data, "/spectrum/psd");
    if (psd->dims[0] > 1)
      snprintf(title, sizeof title, "LFP, %zu of %zu contacts, by depth", lfp.n, psd->dims[0]);
    meso_units_text(psd->units, units, sizeof units);
    snprintf(label, sizeof label, "PSD (%s)", units);
    draw_curves(canvas, next_panel(canvas, &at, n, legend), &lfp, valid, title, label);
  }
  if (spiking.n > 0) {
    draw_curves(canvas, next_panel(canvas, &at, n, legend), &spiking, everything,
                "Population spiking", "PSD, summed over neurons ((spikes/s)\u00b2/Hz)");
  }
  char estimator[256];
  if (is_shaded)
    meso_canvas_note(canvas, 8.0, meso_canvas_height(canvas) - 16.0,
                     "LFP valid from %.3g to %.3g Hz, doubtful to %.3g Hz (light shade)",
                     valid.from_Hz, valid.to_Hz, valid.doubtful_to_Hz);
  meso_estimator_text(meso_group_attrs(data, lfp.n > 0 ? "/spectrum" : "/population_spectrum"),
                      estimator, sizeof estimator);
  meso_canvas_note(canvas, 8.0, meso_canvas_height(canvas) - 6.0, "%s", estimator);
  return MESO_OK;
}

const meso_figure_ops meso_fig_spectra = {
  "spectra", "Power spectral densities (one-sided), inhibitory populations dashed; shaded: "
             "outside the band in which the forward model of the LFP is valid (light: doubtful).",
  170.0, 108.0, is_available, draw
};
