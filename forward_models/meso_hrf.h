/* meso_hrf.h: linear haemodynamic responses. A response function h (1/s) is given by its integral
 * from 0 to t, so the convolution with a drive that is held between samples is exact and knows no
 * kernel grid:
 *   y(t) = sum_i z_i (H(t - t_i) - H(t - t_i+1)),   H(t) = integral of h from 0 to t
 */
#ifndef MESO_HRF_H
#define MESO_HRF_H

#include "meso_forward.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Choices of the key `normalisation` of every response function. */
enum { MESO_HRF_AREA = 0, MESO_HRF_PEAK = 1, MESO_HRF_NONE = 2 };
#define MESO_HRF_NORMALISATIONS "area|peak|none"
#define MESO_HRF_NORMALISATION_HELP \
  "integral of the response is 1, its peak is 1 /s, or as the formula gives it"

/** Difference of two gamma densities g(t; shape, scale):
 *  h(t) = g(t; delay/dispersion, dispersion)
 *         - g(t; undershoot_delay/undershoot_dispersion, undershoot_dispersion) / ratio */
typedef struct meso_double_gamma {
  double delay_s, undershoot_delay_s, dispersion_s, undershoot_dispersion_s, ratio, amplitude;
  int normalisation;
} meso_double_gamma;

/** h(t) (1/s), neither normalised nor with its amplitude; 0 before t = 0. */
double meso_double_gamma_at(const meso_double_gamma *p, double t_s);

#define MESO_DOUBLE_GAMMA_ROW(k, lowest, u, standard, text) \
  {.key = #k, .type = MESO_PARAM_DOUBLE, .unit = u, .min = (lowest), .max = 1e3, .min_open = true, \
   .default_text = standard, .offset = offsetof(meso_double_gamma, k), .help = text}
#define MESO_DOUBLE_GAMMA_ROWS(delay, undershoot, spread, undershoot_spread, ratio_) \
  MESO_DOUBLE_GAMMA_ROW(delay_s, 0, "s", delay, "delay of the response"), \
  MESO_DOUBLE_GAMMA_ROW(undershoot_delay_s, 0, "s", undershoot, "delay of the undershoot"), \
  MESO_DOUBLE_GAMMA_ROW(dispersion_s, 0, "s", spread, "dispersion of the response"), \
  MESO_DOUBLE_GAMMA_ROW(undershoot_dispersion_s, 0, "s", undershoot_spread, \
                        "dispersion of the undershoot"), \
  MESO_DOUBLE_GAMMA_ROW(ratio, 1, "1", ratio_, "response over undershoot"), \
  MESO_DOUBLE_GAMMA_ROW(amplitude, -1e3, "1", "1", "factor of the result"), \
  {.key = "normalisation", .type = MESO_PARAM_CHOICE, .unit = "", \
   .choices = MESO_HRF_NORMALISATIONS, .default_text = "area", \
   .offset = offsetof(meso_double_gamma, normalisation), .help = MESO_HRF_NORMALISATION_HELP}, \
  {.key = NULL}

/** Appends "bold" for a double-gamma response; attributes: model, every parameter. */
MESO_MUST_CHECK meso_status meso_double_gamma_apply(const char *model, const meso_param *rows,
                                                    const meso_double_gamma *params,
                                                    const meso_series *in, double TR_s,
                                                    int n_threads, meso_signals *out,
                                                    meso_err *err);

/** Any response function. */
typedef struct meso_hrf {
  /** H(t) of a region, t >= 0, times its factor. */
  double (*integral)(const void *context, size_t region, double t_s);
  const void *context;
  size_t n_regions;         /**< that differ: 1, or the channels of the drive */
  double length_s;          /**< after which h is 0 or below rounding */
} meso_hrf;

/** Appends "bold", the convolution of every region; the drive is read in slabs. */
MESO_MUST_CHECK meso_status meso_hrf_convolve(const char *model, const meso_param *rows,
                                              const void *params, const meso_hrf *hrf,
                                              const meso_series *in, double TR_s, int n_threads,
                                              meso_signals *out, meso_err *err);

#ifdef __cplusplus
}
#endif
#endif
