/* an_spike_field.c: how spike trains go with a field, for every train and channel.
 *
 *   sta              mean of the field around a train's spikes, at the nearest samples; only spikes
 *                    whose window fits count
 *   coherence        magnitude squared, of the counts of a train in the field's samples with the
 *                    field (meso_spectral.h, meso_cross.h); phase < 0: the field lags the spikes
 *   phases at spikes of the field between band_low_Hz and band_high_Hz (meso_analytic.h),
 *                    interpolated to the time of a spike; ppc is unbiased by their number
 * Trains without enough spikes have NaN.
 */
#include <fftw3.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "meso_analysis.h"
#include "meso_analytic.h"
#include "meso_cross.h"
#include "meso_fdr.h"
#include "meso_trains.h"

static const meso_formula formulas[] = {
  {"sta", "mean of the field around a train's spikes",
   "Dayan & Abbott 2001, Theoretical Neuroscience, section 1.3"},
  {"coherence", "magnitude squared coherence of a train's counts in the field's samples with the "
   "field", "Halliday et al. 1995, Prog. Biophys. Mol. Biol. 64:237, doi "
   "10.1016/S0079-6107(96)00009-0; " MESO_SPECTRAL_SOURCE},
  {"debiased", "(L coherence - 1) / (L - 1), L = effective_observations; NaN for L = 1",
   "Carter, Knapp & Nuttall 1973, doi 10.1109/TAU.1973.1162496 (bias 1 / L)"},
  {"plv", "R / n, R = |sum u_k|, u_k the unit phasors of the field in the band at n spikes",
   "Lachaux et al. 1999, Hum. Brain Mapp. 8:194, doi "
   "10.1002/(SICI)1097-0193(1999)8:4<194::AID-HBM4>3.0.CO;2-C"},
  {"ppc", "(R^2 - n) / (n (n - 1))",
   "Vinck et al. 2010, NeuroImage 51:112, doi 10.1016/j.neuroimage.2010.01.073"},
  {"rayleigh_p", "exp(sqrt(1 + 4 n + 4 (n^2 - R^2)) - (1 + 2 n))",
   "Zar 1999, Biostatistical Analysis, eq. 27.4"},
  {"phase_histogram", "spikes in equal bins of phase over -pi to pi",
   "Zar 1999, Biostatistical Analysis, chapter 26"},
  {NULL, NULL, NULL}
};

static const meso_array_axes axes[] = {
  {"coherence,debiased,phase", "labels,-,frequency_Hz"},
  {"sta", "labels,-,sta_lag_ms"},
  {"phase_histogram", "labels,-,phase_edges"},
  {"plv,ppc,preferred_phase,rayleigh_p", "labels,-"},
  {"sta_n_spikes", "labels"},
  {NULL, NULL}
};

typedef struct field_params {
  meso_spectral_params spectral;
  meso_trains_params trains;
  char *signal;
  double sta_window_ms, band_low_Hz, band_high_Hz, alpha;
  int64_t phase_bins;
} field_params;

static const meso_param field_rows[] = {
  MESO_SPECTRAL_SHAPE_ROWS(field_params, spectral),
  MESO_TRAINS_ROWS(field_params, trains, "20"),
  {.key = "signal", .type = MESO_PARAM_STRING, .unit = "", .default_text = "",
   .offset = offsetof(field_params, signal), .help = "name; empty: lfp, else the first one"},
  {.key = "sta_window_ms", .type = MESO_PARAM_DOUBLE, .unit = "ms", .min = 0, .max = 1e6,
   .default_text = "100", .offset = offsetof(field_params, sta_window_ms),
   .help = "half width of the window around a spike"},
  {.key = "band_low_Hz", .type = MESO_PARAM_DOUBLE, .unit = "Hz", .min = 0, .max = 1e9,
   .default_text = "30", .offset = offsetof(field_params, band_low_Hz),
   .help = "lower edge of the band whose phases are taken"},
  {.key = "band_high_Hz", .type = MESO_PARAM_DOUBLE, .unit = "Hz", .min = 0, .max = 1e9,
   .default_text = "80", .offset = offsetof(field_params, band_high_Hz), .help = "upper edge"},
  {.key = "phase_bins", .type = MESO_PARAM_INT, .unit = "1", .min = 2, .max = 10000,
   .default_text = "18", .offset = offsetof(field_params, phase_bins),
   .help = "bins of the phase histograms"},
  {.key = "alpha", .type = MESO_PARAM_DOUBLE, .unit = "1", .min = 0, .max = 0.5, .min_open = true,
   .default_text = "0.05", .offset = offsetof(field_params, alpha),
   .help = "level of the threshold of coherence and of the false discovery rate of phases"},
  {.key = NULL}
};

/* What is known of the recording, and where results go: (train, channel, ...). */
typedef struct field {
  const field_params *p;
  const meso_signal *signal;
  meso_trains trains;
  size_t n_frequencies, n_half, n_sta;
  double L;                /* effective observations */
  double *coherence, *debiased, *phase, *sta, *n_averaged;
  double *plv, *ppc, *preferred, *rayleigh, *histogram;
} field;

/* Sample (not rounded) of a time. */
static double sample_of(const field *x, double time_ms)
{
  return (time_ms - x->signal->t_start_ms) * 1e-3 * x->signal->sampling_rate_Hz;
}

/* ---- spike-triggered average ---------------------------------------------------------------- */

static void average_train(const field *x, size_t train)
{
  const meso_signal *s = x->signal;
  const size_t C = s->n_channels;
  double *sta = x->sta + train * C * x->n_sta, n = 0;
  for (size_t k = x->trains.first[train]; k < x->trains.first[train + 1]; k++) {
    const double at = floor(sample_of(x, x->trains.time_ms[k]) + 0.5);
    if (!(at >= (double) x->n_half && at + (double) x->n_half < (double) s->n_times)) continue;
    const double *from = s->data + ((size_t) at - x->n_half) * C;
    n++;
    for (size_t l = 0; l < x->n_sta; l++)
      for (size_t c = 0; c < C; c++) sta[c * x->n_sta + l] += from[l * C + c];
  }
  x->n_averaged[train] = n;
  for (size_t i = 0; i < C * x->n_sta; i++) sta[i] = n > 0 ? sta[i] / n : NAN;
}

/* ---- coherence ------------------------------------------------------------------------------ */

static meso_status take(void *user, const meso_cross_block *b, meso_err *err)
{
  const field *x = user;
  const size_t T = x->trains.n, C = x->signal->n_channels;
  (void) err;
  for (size_t i = 0; i < T; i++)
    for (size_t c = 0; c < C; c++)
      for (size_t f = 0; f < b->n; f++) {
        const size_t pair = meso_pair_at(T + C, i, T + c);
        const size_t at = (i * C + c) * x->n_frequencies + b->first + f;
        const double re = meso_cross_at(b, b->product, CROSS_N_PRODUCT, pair, CROSS_RE, f);
        const double im = meso_cross_at(b, b->product, CROSS_N_PRODUCT, pair, CROSS_IM, f);
        const double power = meso_cross_power(b, i, f) * meso_cross_power(b, T + c, f);
        x->coherence[at] = power > 0 ? (re * re + im * im) / power : NAN;
        x->debiased[at] = meso_coherence_debiased(x->L, x->coherence[at]);
        x->phase[at] = power > 0 ? atan2(im, re) : NAN;
      }
  return MESO_OK;
}

/* Counts of the trains beside the channels, sample by sample. */
static meso_status cohere(field *x, const meso_spectral_plan *plan, int n_threads, meso_err *err)
{
  meso_status status = MESO_OK;
  const meso_signal *s = x->signal;
  const size_t T = x->trains.n, C = s->n_channels, width = T + C;
  const meso_bins bins = {s->t_start_ms, 1e3 / s->sampling_rate_Hz, (int64_t) s->n_times};
  double *data = NULL;
  MESO_ALLOC(err, data, s->n_times * width);
  for (size_t i = 0; i < T; i++)
    for (size_t k = x->trains.first[i]; k < x->trains.first[i + 1]; k++) {
      const int64_t bin = meso_bins_index(&bins, x->trains.time_ms[k]);
      if (bin != MESO_BIN_NONE) data[(size_t) bin * width + i]++;
    }
  for (size_t t = 0; t < s->n_times; t++)
    memcpy(data + t * width + T, s->data + t * C, C * sizeof *data);
  const meso_cross_request request = {.plan = plan, .data = data, .n_channels = width,
                                      .n = x->n_frequencies, .n_threads = n_threads};
  MESO_TRY(meso_cross_run(&request, take, x, err));
cleanup:
  free(data);
  return status;
}

/* ---- phases at spikes ----------------------------------------------------------------------- */

static void lock(const field *x, size_t train, size_t channel, const fftw_complex *z)
{
  const size_t at = train * x->signal->n_channels + channel;
  const double n_bins = (double) x->p->phase_bins;
  double *histogram = x->histogram + at * (size_t) x->p->phase_bins, n = 0, re = 0, im = 0;
  for (size_t k = x->trains.first[train]; k < x->trains.first[train + 1]; k++) {
    const double sample = sample_of(x, x->trains.time_ms[k]), left = floor(sample);
    if (!(left >= 0 && left + 1 < (double) x->signal->n_times)) continue;
    const double *a = z[(size_t) left], *b = z[(size_t) left + 1], part = sample - left;
    const double u = a[0] + part * (b[0] - a[0]), v = a[1] + part * (b[1] - a[1]);
    const double size = hypot(u, v);
    if (!(size > 0)) continue;
    const double bin = floor((atan2(v, u) / (2 * M_PI) + 0.5) * n_bins);
    histogram[bin >= n_bins ? 0 : (size_t) bin]++;
    n++;
    re += u / size;
    im += v / size;
  }
  const double R = hypot(re, im);
  x->plv[at] = n > 0 ? R / n : NAN;
  x->preferred[at] = n > 0 ? atan2(im, re) : NAN;
  x->ppc[at] = n > 1 ? (R * R - n) / (n * (n - 1)) : NAN;
  x->rayleigh[at] = n > 1 ? exp(sqrt(1 + 4 * n + 4 * (n * n - R * R)) - (1 + 2 * n)) : NAN;
}

static meso_status take_phases(const field *x, int n_threads, meso_err *err)
{
  meso_status status = MESO_OK;
  const meso_signal *s = x->signal;
  meso_analytic analytic = {.n = 0};
  bool short_of_memory = false;
  MESO_TRY(meso_analytic_make(s->n_times, s->sampling_rate_Hz, &analytic, err));
#pragma omp parallel num_threads(n_threads)
  {
    fftw_complex *z = fftw_malloc(s->n_times * sizeof *z);
#pragma omp for schedule(dynamic, 1)
    for (size_t c = 0; c < s->n_channels; c++) {
      if (z == NULL) continue;
      meso_analytic_signal(&analytic, s->data + c, s->n_channels, x->p->band_low_Hz,
                           x->p->band_high_Hz, z);
      for (size_t i = 0; i < x->trains.n; i++) lock(x, i, c, (const fftw_complex *) z);
    }
    if (z == NULL) {
#pragma omp atomic write
      short_of_memory = true;
    }
    fftw_free(z);
  }
  if (short_of_memory)
    MESO_FAIL(err, MESO_ENOMEM, "cannot allocate a transform of %zu", s->n_times);
cleanup:
  meso_analytic_clear(&analytic);
  return status;
}

/* ---- results -------------------------------------------------------------------------------- */

static meso_status add_arrays(field *x, const meso_spectral_plan *plan, meso_result *result,
                              meso_err *err)
{
  meso_status status = MESO_OK;
  const size_t T = x->trains.n, C = x->signal->n_channels;
  const size_t bins = (size_t) x->p->phase_bins;
  const struct { const char *path, *units; size_t n_dims, dims[3]; double **data; } array[] = {
    {"/spike_field/coherence", "1", 3, {T, C, x->n_frequencies}, &x->coherence},
    {"/spike_field/debiased", "1", 3, {T, C, x->n_frequencies}, &x->debiased},
    {"/spike_field/phase", "rad", 3, {T, C, x->n_frequencies}, &x->phase},
    {"/spike_field/sta", x->signal->units, 3, {T, C, x->n_sta}, &x->sta},
    {"/spike_field/sta_n_spikes", "count", 1, {T}, &x->n_averaged},
    {"/spike_field/plv", "1", 2, {T, C}, &x->plv},
    {"/spike_field/ppc", "1", 2, {T, C}, &x->ppc},
    {"/spike_field/preferred_phase", "rad", 2, {T, C}, &x->preferred},
    {"/spike_field/rayleigh_p", "1", 2, {T, C}, &x->rayleigh},
    {"/spike_field/phase_histogram", "count", 3, {T, C, bins}, &x->histogram}};
  meso_array *axis = NULL;
  for (size_t k = 0; k < sizeof array / sizeof *array; k++) {
    meso_array *a = NULL;
    MESO_TRY(meso_result_add(result, array[k].path, array[k].units, array[k].n_dims, array[k].dims,
                             &a, err));
    *array[k].data = a->data;
  }
  MESO_TRY(meso_result_add(result, "/spike_field/frequency_Hz", "Hz", 1, &x->n_frequencies, &axis,
                           err));
  meso_spectral_frequencies(plan, axis->data);
  MESO_TRY(meso_result_add(result, "/spike_field/sta_lag_ms", "ms", 1, &x->n_sta, &axis, err));
  for (size_t l = 0; l < x->n_sta; l++)
    axis->data[l] = ((double) l - (double) x->n_half) * 1e3 / x->signal->sampling_rate_Hz;
  const size_t n_edges = bins + 1;
  MESO_TRY(meso_result_add(result, "/spike_field/phase_edges", "rad", 1, &n_edges, &axis, err));
  for (size_t k = 0; k <= bins; k++)
    axis->data[k] = M_PI * (2 * (double) k / (double) bins - 1);
cleanup:
  return status;
}

static meso_status set_attributes(const field *x, const meso_spectral_plan *plan,
                                  meso_result *result, meso_err *err)
{
  meso_status status = MESO_OK;
  const field_params *p = x->p;
  double fdr_p = 0;
  size_t n_significant = 0;
  meso_attrs *a = meso_result_group_attrs(result, "/spike_field");
  if (a == NULL) MESO_FAIL(err, MESO_ENOMEM, "cannot allocate attributes");
  MESO_TRY(meso_attrs_set_text(a, "signal", x->signal->name, err));
  MESO_TRY(meso_spectral_set_attributes(plan, a, err));
  MESO_TRY(meso_trains_set_attributes(&p->trains, &x->trains, a, err));
  MESO_TRY(meso_attrs_set_text(a, "coherence", "magnitude squared", err));
  MESO_TRY(meso_attrs_set_text(a, "cross_spectrum", "conj(spikes) field: phase < 0 if the field "
                               "lags the spikes", err));
  MESO_TRY(meso_coherence_set_attributes(plan, p->alpha, a, err));
  MESO_TRY(meso_attrs_set_number(a, "sta_window_ms", p->sta_window_ms, err));
  MESO_TRY(meso_attrs_set_number(a, "band_low_Hz", p->band_low_Hz, err));
  MESO_TRY(meso_attrs_set_number(a, "band_high_Hz", p->band_high_Hz, err));
  MESO_TRY(meso_fdr(x->trains.n * x->signal->n_channels, x->rayleigh, p->alpha, MESO_FDR_BY,
                    &fdr_p, &n_significant, err));
  MESO_TRY(meso_attrs_set_number(a, "rayleigh_fdr_p", fdr_p, err));
  MESO_TRY(meso_attrs_set_number(a, "rayleigh_n_significant", (double) n_significant, err));
cleanup:
  return status;
}

static meso_status check(const field *x, meso_err *err)
{
  meso_status status = MESO_OK;
  const field_params *p = x->p;
  const double half = 0.5 * x->signal->sampling_rate_Hz;
  if (!(p->band_low_Hz < p->band_high_Hz && p->band_high_Hz <= half))
    MESO_FAIL(err, MESO_ERANGE, "band_low_Hz %g Hz, band_high_Hz %g Hz: must ascend, up to %g Hz",
              p->band_low_Hz, p->band_high_Hz, half);
  if (!(2 * (double) x->n_half + 1 <= (double) x->signal->n_times))
    MESO_FAIL(err, MESO_ERANGE, "sta_window_ms %g ms: wider than the signal", p->sta_window_ms);
cleanup:
  return status;
}

static meso_status field_run(const void *params, const meso_spikes *spikes,
                             const meso_signals *signals, int n_threads, meso_result *result,
                             meso_err *err)
{
  meso_status status = MESO_OK;
  const field_params *p = params;
  meso_signal signal = {0};
  field x = {.p = p, .signal = &signal};
  meso_spectral_plan *plan = NULL;
  MESO_TRY(meso_signal_select(signals, p->signal, 0, &signal, err));
  MESO_TRY(meso_trains_make(&p->trains, spikes, &x.trains, err));
  x.n_half = (size_t) floor(p->sta_window_ms * 1e-3 * signal.sampling_rate_Hz + 1e-9);
  x.n_sta = 2 * x.n_half + 1;
  MESO_TRY(check(&x, err));
  MESO_TRY(meso_spectral_plan_create(&p->spectral, signal.n_times, signal.sampling_rate_Hz, &plan,
                                     err));
  x.n_frequencies = meso_spectral_n_frequencies(plan);
  x.L = meso_spectral_effective_observations(plan);
  MESO_TRY(add_arrays(&x, plan, result, err));
  MESO_TRY(meso_trains_add_labels(&x.trains, spikes, "/spike_field", result, err));
#pragma omp parallel for schedule(dynamic, 1) num_threads(n_threads)
  for (size_t i = 0; i < x.trains.n; i++) average_train(&x, i);
  MESO_TRY(cohere(&x, plan, n_threads, err));
  MESO_TRY(take_phases(&x, n_threads, err));
  MESO_TRY(set_attributes(&x, plan, result, err));
cleanup:
  meso_spectral_plan_destroy(plan);
  meso_trains_clear(&x.trains);
  return status;
}

const meso_analysis_ops meso_an_spike_field = {
  .name = "spike_field",
  .summary = "spike-triggered field, spike-field coherence, phases of the field at spikes",
  .input = MESO_INPUT_SPIKES_AND_SIGNALS, .params = field_rows, .params_size = sizeof(field_params),
  .run = field_run,
  .takes = "spikes, then a signal",
  .formulas = formulas,
  .axes = axes
};
