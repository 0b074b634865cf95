/* meso_spectral.h: segments, windows and tapers, shared by all spectral estimators.
 *
 * A signal is cut into segments of nperseg samples, overlap times nperseg of them shared with the
 * next; each is detrended, multiplied by each taper w (unit energy, sum w^2 = 1) and transformed:
 *   X(f) = sum_t w_t x_t exp(-2 pi i f t / nperseg),   f = 0 .. nperseg / 2
 * One segment with one taper is one observation. Welch: one taper, the window. Multitaper: K
 * discrete prolate spheroidal sequences of half bandwidth nw, the k-th with the share l_k of its
 * energy in the band, and with weights w_k that multiply |X|^2 and whose mean over k is 1:
 *   unweighted  w_k = 1
 *   eigenvalue  w_k ~ l_k
 *   adaptive    w_k ~ l_k (S / (l_k S + (1 - l_k) sigma^2))^2, for each channel, segment and
 *               frequency, S being the estimate itself and sigma^2 the variance of the detrended
 *               segment (Thomson 1982, Proc. IEEE 70:1055, doi 10.1109/PROC.1982.12433; Percival &
 *               Walden 1993, eq. 368a, 370a)
 * One-sided density:
 *   S(f) = c mean |X(f)|^2 / rate,  c = 2 except at 0 and (nperseg even) at rate / 2, where c = 1
 */
#ifndef MESO_SPECTRAL_H
#define MESO_SPECTRAL_H

#include "meso_data.h"
#include "meso_params.h"

/** Source of the estimators, for formulas of analyses (a string literal). */
#define MESO_SPECTRAL_SOURCE \
  "Welch 1967, IEEE Trans. Audio Electroacoust. 15:70, doi 10.1109/TAU.1967.1161901; " \
  "Thomson 1982, Proc. IEEE 70:1055, doi 10.1109/PROC.1982.12433"

#ifdef __cplusplus
extern "C" {
#endif

enum meso_spectral_method { MESO_WELCH, MESO_MULTITAPER };
enum meso_window { MESO_WINDOW_HANN, MESO_WINDOW_HAMMING, MESO_WINDOW_BOXCAR }; /* periodic */
enum meso_taper_weights { MESO_WEIGHTS_EQUAL, MESO_WEIGHTS_EIGENVALUE, MESO_WEIGHTS_ADAPTIVE };
enum meso_detrend { MESO_DETREND_CONSTANT, MESO_DETREND_LINEAR, MESO_DETREND_NONE };

/** Parameters that every spectral analysis has. */
typedef struct meso_spectral_params {
  int method, window, detrend, weights; /**< the enumerations above */
  int64_t nperseg;             /**< samples in a segment */
  double overlap;              /**< shared fraction of neighbouring segments, 0 to below 1 */
  double nw;                   /**< multitaper: time times half bandwidth */
  int64_t tapers;              /**< multitaper: number of tapers; 0: 2 nw - 1 */
  double discard_ms;           /**< left out at the start of the recording */
} meso_spectral_params;

/** Their option rows but for discard_ms, for a params struct whose member @p m is a
 *  meso_spectral_params. */
#define MESO_SPECTRAL_SHAPE_ROWS(object, m) \
  {.key = "method", .type = MESO_PARAM_CHOICE, .unit = "", .choices = "welch|multitaper", \
   .default_text = "welch", .offset = offsetof(object, m.method), .help = "estimator"}, \
  {.key = "nperseg", .type = MESO_PARAM_INT, .unit = "1", .min = 2, .max = 1e9, \
   .default_text = "1024", .offset = offsetof(object, m.nperseg), \
   .help = "samples in a segment"}, \
  {.key = "overlap", .type = MESO_PARAM_DOUBLE, .unit = "1", .min = 0, .max = 0.99, \
   .default_text = "0.5", .offset = offsetof(object, m.overlap), \
   .help = "fraction of a segment shared with the next"}, \
  {.key = "window", .type = MESO_PARAM_CHOICE, .unit = "", .choices = "hann|hamming|boxcar", \
   .default_text = "hann", .offset = offsetof(object, m.window), \
   .help = "periodic window of the welch method"}, \
  {.key = "detrend", .type = MESO_PARAM_CHOICE, .unit = "", .choices = "constant|linear|none", \
   .default_text = "constant", .offset = offsetof(object, m.detrend), \
   .help = "what is removed from each segment"}, \
  {.key = "nw", .type = MESO_PARAM_DOUBLE, .unit = "1", .min = 0.5, .max = 1000, \
   .default_text = "4", .offset = offsetof(object, m.nw), \
   .help = "time times half bandwidth of the multitaper method"}, \
  {.key = "tapers", .type = MESO_PARAM_INT, .unit = "1", .min = 0, .max = 2000, \
   .default_text = "0", .offset = offsetof(object, m.tapers), \
   .help = "number of tapers of the multitaper method; 0: 2 nw - 1"}, \
  {.key = "weights", .type = MESO_PARAM_CHOICE, .unit = "", \
   .choices = "unweighted|eigenvalue|adaptive", .default_text = "unweighted", \
   .offset = offsetof(object, m.weights), .help = "of the tapers of the multitaper method"}

/** All of them. */
#define MESO_SPECTRAL_ROWS(object, m) \
  MESO_SPECTRAL_SHAPE_ROWS(object, m), \
  {.key = "discard_ms", .type = MESO_PARAM_DOUBLE, .unit = "ms", .min = 0, .max = 1e12, \
   .default_text = "0", .offset = offsetof(object, m.discard_ms), \
   .help = "time left out at the start of the recording"}

/** A prepared estimator for signals of one length and rate. */
typedef struct meso_spectral_plan meso_spectral_plan;

/** Prepares windows and transforms for signals of @p n_times samples. Refuses parameters that do
 *  not fit (segment longer than the signal, nw >= nperseg / 2, more tapers than samples). */
MESO_MUST_CHECK meso_status meso_spectral_plan_create(const meso_spectral_params *params,
                                                      size_t n_times, double rate_Hz,
                                                      meso_spectral_plan **ret_plan,
                                                      meso_err *err);
void meso_spectral_plan_destroy(meso_spectral_plan *plan);
size_t meso_spectral_n_samples(const meso_spectral_plan *plan);  /**< in a segment */
size_t meso_spectral_n_frequencies(const meso_spectral_plan *plan);
size_t meso_spectral_n_segments(const meso_spectral_plan *plan);
size_t meso_spectral_n_tapers(const meso_spectral_plan *plan);
/** Independent observations that the segments and tapers amount to, at most segments x tapers:
 *  O^2 / sum over all pairs of the O observations of the squared product of their windows (times
 *  their weights; adaptive ones, which depend on the data, count as equal and leave fewer). The
 *  expected squared coherence of independent signals is about its inverse. */
double meso_spectral_effective_observations(const meso_spectral_plan *plan);
/** Squared coherence @p C of @p L effective observations without its bias: (L C - 1) / (L - 1); NaN
 *  for L <= 1. */
double meso_coherence_debiased(double L, double C);
/** What the squared coherence of unrelated signals exceeds with probability @p alpha:
 *  1 - alpha^(1 / (L - 1)); 1 for L <= 1 (Halliday et al. 1995, Prog. Biophys. Mol. Biol.
 *  64:237). */
double meso_coherence_threshold(double L, double alpha);
/** Attributes effective_observations, bias_level (1 / L), alpha and threshold. */
MESO_MUST_CHECK meso_status meso_coherence_set_attributes(const meso_spectral_plan *plan,
                                                          double alpha, meso_attrs *attrs,
                                                          meso_err *err);
/** Frequencies, Hz. */
void meso_spectral_frequencies(const meso_spectral_plan *plan, double *frequency_Hz);

/** Memory for one thread's transforms; NULL when out of memory. Free with fftw_free. */
double *meso_spectral_workspace(const meso_spectral_plan *plan);
/** Transforms one segment with every taper; weights are in the transforms. @p x: sample 0 of the
 *  signal, its samples @p stride apart. @p out: (taper, frequency, 2), re and im. Callable from
 *  many threads. */
void meso_spectral_transform(const meso_spectral_plan *plan, const double *x, size_t stride,
                             size_t segment, double *workspace, double *out);
/** Factor from mean |X(f)|^2 to the one-sided density at frequency index @p f, 1/Hz. */
double meso_spectral_density_factor(const meso_spectral_plan *plan, size_t f);
/** One-sided spectral density of one signal, n_frequencies values in units^2/Hz. @p log_sd: the
 *  jackknife's standard error of log(psd) over observations (Thomson & Chave 1991), or NULL. */
MESO_MUST_CHECK meso_status meso_spectral_density(const meso_spectral_plan *plan, const double *x,
                                                  size_t stride, double *workspace, double *psd,
                                                  double *log_sd, meso_err *err);
/** Units of a density: "(units)^2/Hz", without parentheses around a plain name. */
void meso_spectral_density_units(const char *units, char *buffer, size_t size);
/** Writes every parameter of the estimator, and what follows from it, as attributes. */
MESO_MUST_CHECK meso_status meso_spectral_set_attributes(const meso_spectral_plan *plan,
                                                         meso_attrs *attrs, meso_err *err);

/** Refuses fewer than @p least edges of bands, edges that do not ascend, and edges above
 *  @p highest_Hz: half the sampling rate, or INFINITY. */
MESO_MUST_CHECK meso_status meso_bands_check(const meso_doubles *bands_Hz, size_t least,
                                             double highest_Hz, meso_err *err);

/** View of the signal called @p name (if that is empty, of the one called "lfp", else of the first
 *  one) without its first @p discard_ms; it borrows all memory. Refuses to discard all of it, and
 *  samples that are not finite. */
MESO_MUST_CHECK meso_status meso_signal_select(const meso_signals *signals, const char *name,
                                               double discard_ms, meso_signal *ret_view,
                                               meso_err *err);

/** The two first steps of an analysis of fields: that view, and an estimator for its length and
 *  rate, which the caller destroys. */
MESO_MUST_CHECK meso_status meso_spectral_begin(const meso_signals *signals, const char *name,
                                                const meso_spectral_params *params,
                                                meso_signal *ret_view,
                                                meso_spectral_plan **ret_plan, meso_err *err);

/** First @p n_tapers discrete prolate spheroidal sequences of length @p n and half bandwidth
 *  @p nw / n, unit energy, row by row into @p tapers; positive mean or positive first lobe.
 *  @p share: fraction of each one's energy within the band (the eigenvalues), or NULL. */
MESO_MUST_CHECK meso_status meso_dpss(size_t n, double nw, size_t n_tapers, double *tapers,
                                      double *share, meso_err *err);

#ifdef __cplusplus
}
#endif
#endif
