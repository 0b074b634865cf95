/* an_lines.c: Thomson's test for lines: is there a sine of constant amplitude at a frequency,
 * beyond what the spectrum around it explains?
 *
 * With y_k the transform of a segment with taper k and U_k = sum_t w_k(t), a line at frequency f is
 * y_k(f) = mu U_k; mu by least squares over the K tapers, and F, as in the formulas below, where
 * sums over the M segments, each with a phase of its own, let the record be cut. Without a
 * line F has the distribution F(2 M, 2 M (K - 1)); the amplitude of a line is 2 |mu|, its power
 * 2 |mu|^2, given as root mean square over segments, with what chance adds, 2 / sqrt(M) standard
 * errors, not removed. Tests at all frequencies and channels depend on one another, so lines are
 * accepted at a false discovery rate of alpha after Benjamini & Yekutieli.
 */
#include <fftw3.h>
#include <gsl/gsl_cdf.h>
#include <math.h>
#include <stdlib.h>

#include "meso_analysis.h"
#include "meso_fdr.h"
#include "meso_spectral.h"

static const meso_formula formulas[] = {
  {"amplitude",
   "2 |mu|, root mean square over segments, mu = sum_k U_k y_k / sum_k U_k^2, y_k the "
   "transform with taper k, U_k the taper's sum",
   "Thomson 1982, Proc. IEEE 70:1055, section XIII, doi 10.1109/PROC.1982.12433"},
  {"F", "(K - 1) sum_s |mu|^2 sum_k U_k^2 / sum_s sum_k |y_k - mu U_k|^2 over segments s and "
   "K tapers", "Thomson 1982, Proc. IEEE 70:1055, section XIII, doi 10.1109/PROC.1982.12433"},
  {"p", "of F(2 M, 2 M (K - 1)), M segments",
   "Thomson 1982, Proc. IEEE 70:1055, section XIII, doi 10.1109/PROC.1982.12433"},
  {NULL, NULL, NULL}
};

static const meso_array_axes axes[] = {
  {"F,p,amplitude", "labels,frequency_Hz"},
  {NULL, NULL}
};

typedef struct lines_params {
  meso_spectral_params spectral; /* nperseg 0: all samples */
  char *signal;
  double alpha;
} lines_params;

static const meso_param lines_rows[] = {
  {.key = "nperseg", .type = MESO_PARAM_INT, .unit = "1", .min = 0, .max = 1e9,
   .default_text = "0", .offset = offsetof(lines_params, spectral.nperseg),
   .help = "samples in a segment; 0: all of them, in one"},
  {.key = "detrend", .type = MESO_PARAM_CHOICE, .unit = "", .choices = "constant|linear|none",
   .default_text = "constant", .offset = offsetof(lines_params, spectral.detrend),
   .help = "what is removed from each segment"},
  {.key = "nw", .type = MESO_PARAM_DOUBLE, .unit = "1", .min = 1, .max = 1000,
   .default_text = "4", .offset = offsetof(lines_params, spectral.nw),
   .help = "time times half bandwidth"},
  {.key = "tapers", .type = MESO_PARAM_INT, .unit = "1", .min = 0, .max = 2000,
   .default_text = "0", .offset = offsetof(lines_params, spectral.tapers),
   .help = "number of tapers, at least 2; 0: 2 nw - 1"},
  {.key = "discard_ms", .type = MESO_PARAM_DOUBLE, .unit = "ms", .min = 0, .max = 1e12,
   .default_text = "0", .offset = offsetof(lines_params, spectral.discard_ms),
   .help = "time left out at the start of the recording"},
  {.key = "signal", .type = MESO_PARAM_STRING, .unit = "", .default_text = "",
   .offset = offsetof(lines_params, signal), .help = "name; empty: lfp, else the first one"},
  {.key = "alpha", .type = MESO_PARAM_DOUBLE, .unit = "1", .min = 0, .max = 0.5, .min_open = true,
   .default_text = "0.05", .offset = offsetof(lines_params, alpha),
   .help = "false discovery rate over all frequencies and channels"},
  {.key = NULL}
};

typedef struct lines {
  const lines_params *p;
  const meso_spectral_plan *plan;
  const meso_signal *signal;
  size_t n_tapers, n_segments, n_frequencies;
  double *mean;            /* (taper): U_k */
  double energy;           /* sum of U_k^2 */
  size_t margin;           /* frequencies at either end where transforms are nearly real */
  double *F, *amplitude, *p_value; /* (channel, frequency) */
} lines;

static double square(double re, double im) { return re * re + im * im; }

/* Adds one segment's transforms y (taper, frequency, 2) to the sums of |mu|^2 and of residues. */
static void add_segment(const lines *l, const double *y, double *line, double *rest)
{
  const size_t width = 2 * l->n_frequencies;
  for (size_t f = 0; f < l->n_frequencies; f++) {
    double re = 0, im = 0;
    for (size_t k = 0; k < l->n_tapers; k++) {
      re += l->mean[k] * y[k * width + 2 * f] / l->energy;
      im += l->mean[k] * y[k * width + 2 * f + 1] / l->energy;
    }
    line[f] += square(re, im);
    for (size_t k = 0; k < l->n_tapers; k++)
      rest[f] += square(y[k * width + 2 * f] - re * l->mean[k],
                        y[k * width + 2 * f + 1] - im * l->mean[k]);
  }
}

/* room: 2 tapers (tapers + 1) doubles for each frequency. */
static void test_channel(const lines *l, size_t c, double *workspace, double *room)
{
  const size_t n = l->n_frequencies;
  const double M = (double) l->n_segments, K = (double) l->n_tapers;
  double *y = room, *line = room + 2 * l->n_tapers * n, *rest = line + n;
  for (size_t f = 0; f < n; f++) line[f] = rest[f] = 0;
  for (size_t s = 0; s < l->n_segments; s++) {
    meso_spectral_transform(l->plan, l->signal->data + c, l->signal->n_channels, s, workspace, y);
    add_segment(l, y, line, rest);
  }
  for (size_t f = 0; f < n; f++) {
    const size_t at = c * n + f;
    /* nothing but rounding is left of a channel that does not vary */
    const bool defined = rest[f] > 1e-28 * l->energy * line[f] && line[f] > 0;
    l->F[at] = defined ? (K - 1) * l->energy * line[f] / rest[f] : NAN;
    l->amplitude[at] = 2 * sqrt(line[f] / M);
    const bool tested = defined && f >= l->margin && f + l->margin < n;
    l->p_value[at] = tested ? gsl_cdf_fdist_Q(l->F[at], 2 * M, 2 * M * (K - 1)) : NAN;
  }
}

static meso_status test_channels(const lines *l, int n_threads, meso_err *err)
{
  meso_status status = MESO_OK;
  bool short_of_memory = false;
#pragma omp parallel num_threads(n_threads)
  {
    double *workspace = meso_spectral_workspace(l->plan);
    double *room = meso_calloc(2 * (l->n_tapers + 1) * l->n_frequencies, sizeof *room);
#pragma omp for schedule(dynamic, 1)
    for (size_t c = 0; c < l->signal->n_channels; c++)
      if (workspace != NULL && room != NULL) test_channel(l, c, workspace, room);
    if (workspace == NULL || room == NULL) {
#pragma omp atomic write
      short_of_memory = true;
    }
    fftw_free(workspace);
    free(room);
  }
  if (short_of_memory) MESO_FAIL(err, MESO_ENOMEM, "cannot allocate transforms");
cleanup:
  return status;
}

/* The tapers' sums, from the sequences themselves. */
static meso_status sum_tapers(lines *l, size_t nperseg, meso_err *err)
{
  meso_status status = MESO_OK;
  double *taper = NULL;
  MESO_ALLOC(err, l->mean, l->n_tapers);
  MESO_ALLOC(err, taper, l->n_tapers * nperseg);
  MESO_TRY(meso_dpss(nperseg, l->p->spectral.nw, l->n_tapers, taper, NULL, err));
  for (size_t k = 0; k < l->n_tapers; k++) {
    for (size_t t = 0; t < nperseg; t++) l->mean[k] += taper[k * nperseg + t];
    if (k % 2 == 1) l->mean[k] = 0; /* antisymmetric */
    l->energy += l->mean[k] * l->mean[k];
  }
cleanup:
  free(taper);
  return status;
}

static meso_status set_attributes(const lines *l, meso_result *result, meso_err *err)
{
  meso_status status = MESO_OK;
  const size_t n = l->signal->n_channels * l->n_frequencies;
  const double M = (double) l->n_segments, K = (double) l->n_tapers;
  double largest_p = 0;
  size_t n_lines = 0, n_tests = 0;
  meso_attrs *a = meso_result_group_attrs(result, "/lines");
  if (a == NULL) MESO_FAIL(err, MESO_ENOMEM, "cannot allocate attributes");
  for (size_t i = 0; i < n; i++) n_tests += !isnan(l->p_value[i]);
  MESO_TRY(meso_fdr(n, l->p_value, l->p->alpha, MESO_FDR_BY, &largest_p, &n_lines, err));
  MESO_TRY(meso_attrs_set_text(a, "signal", l->signal->name, err));
  MESO_TRY(meso_spectral_set_attributes(l->plan, a, err));
  MESO_TRY(meso_attrs_set_number(a, "degrees_of_freedom_line", 2 * M, err));
  MESO_TRY(meso_attrs_set_number(a, "degrees_of_freedom_rest", 2 * M * (K - 1), err));
  MESO_TRY(meso_attrs_set_number(a, "alpha", l->p->alpha, err));
  MESO_TRY(meso_attrs_set_number(a, "threshold_F",
                                 gsl_cdf_fdist_Qinv(l->p->alpha, 2 * M, 2 * M * (K - 1)), err));
  MESO_TRY(meso_attrs_set_number(a, "fdr_p", largest_p, err));
  MESO_TRY(meso_attrs_set_number(a, "fdr_threshold_F", n_lines > 0 ?
                                 gsl_cdf_fdist_Qinv(largest_p, 2 * M, 2 * M * (K - 1)) : NAN,
                                 err));
  MESO_TRY(meso_attrs_set_number(a, "n_tests", (double) n_tests, err));
  MESO_TRY(meso_attrs_set_number(a, "n_significant", (double) n_lines, err));
  MESO_TRY(meso_attrs_set_text(a, "undefined", "F is NaN where a channel has no power beside the "
                               "line; p also within the bandwidth of 0 and of half the sampling "
                               "rate, where transforms are nearly real", err));
cleanup:
  return status;
}

static meso_status add_arrays(lines *l, meso_result *result, meso_err *err)
{
  meso_status status = MESO_OK;
  const size_t dims[2] = {l->signal->n_channels, l->n_frequencies};
  double *frequency_Hz = NULL;
  MESO_TRY(meso_result_add_in(result, "/lines", "frequency_Hz", "Hz", 1, &dims[1], &frequency_Hz,
                              err));
  meso_spectral_frequencies(l->plan, frequency_Hz);
  MESO_TRY(meso_result_add_in(result, "/lines", "F", "1", 2, dims, &l->F, err));
  MESO_TRY(meso_result_add_in(result, "/lines", "p", "1", 2, dims, &l->p_value, err));
  MESO_TRY(meso_result_add_in(result, "/lines", "amplitude", l->signal->units, 2, dims,
                              &l->amplitude, err));
cleanup:
  return status;
}

static meso_status lines_run(const void *params, const meso_spikes *spikes,
                             const meso_signals *signals, int n_threads, meso_result *result,
                             meso_err *err)
{
  meso_status status = MESO_OK;
  const lines_params *p = params;
  meso_spectral_params spectral = p->spectral;
  meso_spectral_plan *plan = NULL;
  meso_signal signal = {0};
  lines l = {.p = p, .signal = &signal};
  (void) spikes;
  MESO_TRY(meso_signal_select(signals, p->signal, spectral.discard_ms, &signal, err));
  spectral.method = MESO_MULTITAPER;
  if (spectral.nperseg == 0) spectral.nperseg = (int64_t) signal.n_times;
  MESO_TRY(meso_spectral_plan_create(&spectral, signal.n_times, signal.sampling_rate_Hz, &plan,
                                     err));
  l.plan = plan;
  l.n_tapers = meso_spectral_n_tapers(plan);
  l.n_segments = meso_spectral_n_segments(plan);
  l.n_frequencies = meso_spectral_n_frequencies(plan);
  l.margin = (size_t) ceil(spectral.nw) + 1;
  if (l.n_tapers < 2)
    MESO_FAIL(err, MESO_ERANGE, "tapers: the test needs at least 2; %g tapers have nw %g",
              (double) l.n_tapers, spectral.nw);
  MESO_TRY(sum_tapers(&l, (size_t) spectral.nperseg, err));
  MESO_TRY(add_arrays(&l, result, err));
  MESO_TRY(test_channels(&l, n_threads, err));
  MESO_TRY(set_attributes(&l, result, err));
cleanup:
  free(l.mean);
  meso_spectral_plan_destroy(plan);
  return status;
}

const meso_analysis_ops meso_an_lines = {
  .name = "lines", .summary = "Thomson's F-test for sines in signals (multitaper)",
  .input = MESO_INPUT_SIGNALS, .params = lines_rows, .params_size = sizeof(lines_params),
  .run = lines_run,
  .takes = "a signal",
  .formulas = formulas,
  .axes = axes
};
