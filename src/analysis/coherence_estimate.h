/* coherence_estimate.h: coherence of all pairs of channels of a signal, which the analyses of
 * fields and of spikes share. Internal to src/analysis. */
#ifndef COHERENCE_ESTIMATE_H
#define COHERENCE_ESTIMATE_H

#include "meso_analysis.h"
#include "meso_spectral.h"

typedef struct coherence_params {
  meso_spectral_params spectral;
  char *signal, *measures;
  meso_doubles bands_Hz;
  double f_min_Hz, f_max_Hz, alpha, memory_limit_GB;
  bool jackknife, bands_only;
} coherence_params;

/* Option rows but for the spectral ones and the signal, for a params struct whose member m is a
 * coherence_params. */
#define COHERENCE_MEASURE_ROWS(object, m) \
  {.key = "measures", .type = MESO_PARAM_STRING, .unit = "", \
   .default_text = "magnitude_squared,debiased,phase,imaginary,plv,ppc,pli,wpli,dwpli2", \
   .offset = offsetof(object, m.measures), \
   .help = "which, separated by commas; also cross_real, cross_imaginary"}, \
  {.key = "f_min_Hz", .type = MESO_PARAM_DOUBLE, .unit = "Hz", .min = 0, .max = 1e9, \
   .default_text = "0", .offset = offsetof(object, m.f_min_Hz), \
   .help = "lowest frequency that is kept"}, \
  {.key = "f_max_Hz", .type = MESO_PARAM_DOUBLE, .unit = "Hz", .min = 0, .max = 1e9, \
   .min_open = true, .default_text = "1e9", .offset = offsetof(object, m.f_max_Hz), \
   .help = "highest frequency that is kept"}, \
  {.key = "bands_Hz", .type = MESO_PARAM_DOUBLES, .unit = "Hz", \
   .default_text = "1,4,8,13,30,80,150", .offset = offsetof(object, m.bands_Hz), \
   .min = 0, .max = 1e9, .help = "edges of the bands of band_mean, ascending"}, \
  {.key = "bands_only", .type = MESO_PARAM_BOOL, .unit = "", .default_text = "false", \
   .offset = offsetof(object, m.bands_only), \
   .help = "keep the means over bands only: for very many channels"}, \
  {.key = "alpha", .type = MESO_PARAM_DOUBLE, .unit = "1", .min = 0, .max = 0.5, .min_open = true, \
   .default_text = "0.05", .offset = offsetof(object, m.alpha), \
   .help = "level of the thresholds; the jackknife's limits hold with probability 1 - alpha"}, \
  {.key = "jackknife", .type = MESO_PARAM_BOOL, .unit = "", .default_text = "false", \
   .offset = offsetof(object, m.jackknife), \
   .help = "limits by the jackknife over segments and tapers (overlap 0)"}, \
  {.key = "memory_limit_GB", .type = MESO_PARAM_DOUBLE, .unit = "GB", .min = 0, .max = 1e6, \
   .min_open = true, .default_text = "4", .offset = offsetof(object, m.memory_limit_GB), \
   .help = "refuse results that need more memory"}

/* What it computes, for both analyses. */
extern const meso_formula coherence_formulas[];
extern const meso_array_axes coherence_axes[];

/* Adds the measures of all pairs to the group, "/coherence", with bias, thresholds and finding as
 * its attributes. signal: two channels or more, all samples finite; plan: of its length and
 * rate. */
MESO_MUST_CHECK meso_status coherence_estimate(const coherence_params *params,
                                               const meso_signal *signal,
                                               const meso_spectral_plan *plan, const char *group,
                                               int n_threads, meso_result *result, meso_err *err);

#endif
