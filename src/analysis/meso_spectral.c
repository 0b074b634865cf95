/* meso_spectral.c: segments, windows, transforms. Plans are made with FFTW_ESTIMATE and one at a
 * time, and every transform runs in buffers of FFTW's own alignment, so that results are the same
 * from any thread. */
#include "meso_spectral.h"

#include <fftw3.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct meso_spectral_plan {
  meso_spectral_params params;
  size_t nperseg, step, n_segments, n_tapers, n_frequencies;
  double rate_Hz;
  double *taper; /* (n_tapers, nperseg): energies are the weights, 1 if adaptive */
  double *share; /* (n_tapers): energy of a taper within its band; NULL: Welch */
  fftw_plan fft;
};

static void fill_window(int window, size_t n, double *w)
{
  double energy = 0;
  for (size_t i = 0; i < n; i++) {
    const double c = cos(2 * M_PI * (double) i / (double) n);
    w[i] = window == MESO_WINDOW_HANN ? 0.5 - 0.5 * c
         : window == MESO_WINDOW_HAMMING ? 0.54 - 0.46 * c : 1;
    energy += w[i] * w[i];
  }
  for (size_t i = 0; i < n; i++) w[i] /= sqrt(energy);
}

static meso_status check_params(const meso_spectral_params *p, size_t n_times, double rate_Hz,
                                meso_err *err)
{
  meso_status status = MESO_OK;
  if (!(rate_Hz > 0 && isfinite(rate_Hz)))
    MESO_FAIL(err, MESO_EINVAL, "sampling rate %g Hz: must be > 0 Hz", rate_Hz);
  if (p->nperseg < 2) MESO_FAIL(err, MESO_ERANGE, "nperseg %lld: must be >= 2",
                                (long long) p->nperseg);
  if ((uint64_t) p->nperseg > n_times)
    MESO_FAIL(err, MESO_ERANGE, "nperseg %lld: longer than the signal, which has %zu samples",
              (long long) p->nperseg, n_times);
  if (!(p->overlap >= 0 && p->overlap < 1))
    MESO_FAIL(err, MESO_ERANGE, "overlap %g: must be >= 0 and < 1", p->overlap);
  if (p->method == MESO_MULTITAPER && !(p->nw >= 0.5 && p->nw < 0.5 * (double) p->nperseg))
    MESO_FAIL(err, MESO_ERANGE, "nw %g: must be >= 0.5 and < nperseg / 2", p->nw);
  if (p->method == MESO_MULTITAPER && (p->tapers < 0 || p->tapers > p->nperseg))
    MESO_FAIL(err, MESO_ERANGE, "tapers %lld: must be 0 to nperseg", (long long) p->tapers);
cleanup:
  return status;
}

static size_t taper_count(const meso_spectral_params *p)
{
  if (p->method == MESO_WELCH) return 1;
  if (p->tapers > 0) return (size_t) p->tapers;
  const double n = floor(2 * p->nw) - 1;
  return n < 1 ? 1 : (size_t) n;
}

double *meso_spectral_workspace(const meso_spectral_plan *plan)
{
  return fftw_malloc((2 * plan->nperseg + 2 * plan->n_frequencies) * sizeof(double) + 64);
}

/* The complex half of a workspace, at an aligned offset. */
static fftw_complex *complex_part(const meso_spectral_plan *plan, double *workspace)
{
  return (fftw_complex *) (workspace + (plan->nperseg + 7) / 8 * 8);
}

/* Square roots of the eigenvalues, mean square 1, into the tapers. */
static void weigh_tapers(meso_spectral_plan *plan)
{
  double mean = 0;
  for (size_t k = 0; k < plan->n_tapers; k++) mean += plan->share[k] / (double) plan->n_tapers;
  for (size_t k = 0; k < plan->n_tapers; k++)
    for (size_t t = 0; t < plan->nperseg; t++)
      plan->taper[k * plan->nperseg + t] *= sqrt(plan->share[k] / mean);
}

meso_status meso_spectral_plan_create(const meso_spectral_params *params, size_t n_times,
                                      double rate_Hz, meso_spectral_plan **ret_plan, meso_err *err)
{
  meso_status status = MESO_OK;
  meso_spectral_plan *plan = NULL;
  double *workspace = NULL;
  MESO_TRY(check_params(params, n_times, rate_Hz, err));
  MESO_ALLOC(err, plan, 1);
  const size_t n = (size_t) params->nperseg;
  const size_t shared = (size_t) floor(params->overlap * (double) n + 1e-9);
  plan->params = *params;
  plan->nperseg = n;
  plan->step = shared < n ? n - shared : 1;
  plan->n_segments = (n_times - n) / plan->step + 1;
  plan->n_tapers = taper_count(params);
  plan->n_frequencies = n / 2 + 1;
  plan->rate_Hz = rate_Hz;
  MESO_ALLOC(err, plan->taper, plan->n_tapers * n);
  if (params->method == MESO_WELCH) {
    fill_window(params->window, n, plan->taper);
  } else {
    MESO_ALLOC(err, plan->share, plan->n_tapers);
    MESO_TRY(meso_dpss(n, params->nw, plan->n_tapers, plan->taper, plan->share, err));
    if (params->weights == MESO_WEIGHTS_EIGENVALUE) weigh_tapers(plan);
  }
  workspace = meso_spectral_workspace(plan);
  if (workspace == NULL) MESO_FAIL(err, MESO_ENOMEM, "cannot allocate a transform of %zu", n);
#pragma omp critical(meso_fftw_planner)
  plan->fft = fftw_plan_dft_r2c_1d((int) n, workspace, complex_part(plan, workspace),
                                   FFTW_ESTIMATE | FFTW_DESTROY_INPUT);
  if (plan->fft == NULL) MESO_FAIL(err, MESO_ENOMEM, "cannot plan a transform of %zu", n);
  *ret_plan = plan;
  plan = NULL;
cleanup:
  fftw_free(workspace);
  meso_spectral_plan_destroy(plan);
  return status;
}

void meso_spectral_plan_destroy(meso_spectral_plan *plan)
{
  if (plan == NULL) return;
#pragma omp critical(meso_fftw_planner)
  if (plan->fft != NULL) fftw_destroy_plan(plan->fft);
  free(plan->taper);
  free(plan->share);
  free(plan);
}

size_t meso_spectral_n_samples(const meso_spectral_plan *plan) { return plan->nperseg; }
size_t meso_spectral_n_frequencies(const meso_spectral_plan *plan) { return plan->n_frequencies; }
size_t meso_spectral_n_segments(const meso_spectral_plan *plan) { return plan->n_segments; }
size_t meso_spectral_n_tapers(const meso_spectral_plan *plan) { return plan->n_tapers; }

double meso_coherence_debiased(double L, double C)
{
  return L > 1 ? (L * C - 1) / (L - 1) : NAN;
}

double meso_coherence_threshold(double L, double alpha)
{
  return L > 1 ? 1 - pow(alpha, 1 / (L - 1)) : 1;
}

meso_status meso_coherence_set_attributes(const meso_spectral_plan *plan, double alpha,
                                          meso_attrs *attrs, meso_err *err)
{
  meso_status status = MESO_OK;
  const double L = meso_spectral_effective_observations(plan);
  MESO_TRY(meso_attrs_set_number(attrs, "effective_observations", L, err));
  MESO_TRY(meso_attrs_set_number(attrs, "bias_level", 1 / L, err));
  MESO_TRY(meso_attrs_set_number(attrs, "alpha", alpha, err));
  MESO_TRY(meso_attrs_set_number(attrs, "threshold", meso_coherence_threshold(L, alpha), err));
cleanup:
  return status;
}

void meso_spectral_frequencies(const meso_spectral_plan *plan, double *frequency_Hz)
{
  for (size_t f = 0; f < plan->n_frequencies; f++)
    frequency_Hz[f] = (double) f * plan->rate_Hz / (double) plan->nperseg;
}

double meso_spectral_effective_observations(const meso_spectral_plan *plan)
{
  const size_t n = plan->nperseg;
  double sum = 0;
  for (size_t lag = 0; lag < plan->n_segments && lag * plan->step < n; lag++) {
    const size_t shift = lag * plan->step;
    double squares = 0;
    for (size_t a = 0; a < plan->n_tapers; a++)
      for (size_t b = 0; b < plan->n_tapers; b++) {
        double product = 0;
        for (size_t t = 0; t + shift < n; t++)
          product += plan->taper[a * n + t + shift] * plan->taper[b * n + t];
        squares += product * product;
      }
    sum += (lag == 0 ? 1 : 2) * (double) (plan->n_segments - lag) * squares;
  }
  const double observations = (double) plan->n_segments * (double) plan->n_tapers;
  return observations * observations / sum;
}

/* A segment that does not vary becomes 0, without what rounding of the mean would leave: that would
 * be coherent with everything. */
static bool clear_constant(size_t n, double *x)
{
  for (size_t i = 1; i < n; i++)
    if (x[i] != x[0]) return false;
  memset(x, 0, n * sizeof *x);
  return true;
}

static void detrend(int how, size_t n, double *x)
{
  double mean = 0, slope = 0;
  const double middle = 0.5 * ((double) n - 1);
  if (how == MESO_DETREND_NONE || clear_constant(n, x)) return;
  for (size_t i = 0; i < n; i++) mean += x[i] / (double) n;
  if (how == MESO_DETREND_LINEAR) {
    double squares = 0;
    for (size_t i = 0; i < n; i++) {
      slope += ((double) i - middle) * (x[i] - mean);
      squares += ((double) i - middle) * ((double) i - middle);
    }
    slope /= squares;
  }
  for (size_t i = 0; i < n; i++) x[i] -= mean + slope * ((double) i - middle);
}

/* Adaptive weights at one frequency of the transforms of one segment. @p stride: from taper to
 * taper. The iteration starts from the two best tapers and converges linearly. */
static void weigh(const meso_spectral_plan *plan, double variance, size_t stride, double *x)
{
  enum { MOST = 200 };
  const size_t n = plan->n_tapers;
  double s = 0, weight = 0;
  for (size_t k = 0; k < n && k < 2; k++)
    s += (x[k * stride] * x[k * stride] + x[k * stride + 1] * x[k * stride + 1]) / (n < 2 ? 1 : 2);
  if (!(s > 0)) return;
  for (int i = 0; i < MOST; i++) {
    double sum = 0;
    weight = 0;
    for (size_t k = 0; k < n; k++) {
      const double re = x[k * stride], im = x[k * stride + 1], l = plan->share[k];
      const double d = s / (l * s + (1 - l) * variance);
      sum += l * d * d * (re * re + im * im);
      weight += l * d * d;
    }
    const double change = fabs(sum / weight - s);
    s = sum / weight;
    if (!(s > 0) || change <= 1e-12 * s) break;
  }
  for (size_t k = 0; k < n; k++) {
    const double l = plan->share[k], d = s / (l * s + (1 - l) * variance);
    const double factor = d * sqrt(l * (double) n / weight);
    x[k * stride] *= factor;
    x[k * stride + 1] *= factor;
  }
}

void meso_spectral_transform(const meso_spectral_plan *plan, const double *x, size_t stride,
                             size_t segment, double *workspace, double *out)
{
  const size_t n = plan->nperseg, width = 2 * plan->n_frequencies;
  fftw_complex *spectrum = complex_part(plan, workspace);
  double *segment_x = workspace + (n + 7) / 8 * 8 + width, variance = 0;
  for (size_t i = 0; i < n; i++) segment_x[i] = x[(segment * plan->step + i) * stride];
  detrend(plan->params.detrend, n, segment_x);
  for (size_t k = 0; k < plan->n_tapers; k++) {
    const double *w = plan->taper + k * n;
    for (size_t i = 0; i < n; i++) workspace[i] = segment_x[i] * w[i];
    fftw_execute_dft_r2c(plan->fft, workspace, spectrum);
    memcpy(out + k * width, spectrum, width * sizeof *out);
  }
  if (plan->share == NULL || plan->params.weights != MESO_WEIGHTS_ADAPTIVE) return;
  for (size_t i = 0; i < n; i++) variance += segment_x[i] * segment_x[i] / (double) n;
  for (size_t f = 0; f < plan->n_frequencies; f++) weigh(plan, variance, width, out + 2 * f);
}

double meso_spectral_density_factor(const meso_spectral_plan *plan, size_t f)
{
  return (f == 0 || 2 * f == plan->nperseg ? 1.0 : 2.0) / plan->rate_Hz;
}

/* Standard error of log(mean) from n values without one of them each, by their sum and the sums of
 * logarithms and of squared logarithms of (sum - value). */
static double jackknife_error(double n, double logs, double squares)
{
  return sqrt((n - 1) / n * fmax(0, squares - logs * logs / n));
}

meso_status meso_spectral_density(const meso_spectral_plan *plan, const double *x, size_t stride,
                                  double *workspace, double *psd, double *log_sd, meso_err *err)
{
  meso_status status = MESO_OK;
  const size_t n_f = plan->n_frequencies, n_all = plan->n_segments * plan->n_tapers;
  const double n = (double) n_all;
  double *x_all = NULL, *power = NULL;
  MESO_ALLOC(err, x_all, 2 * plan->n_tapers * n_f);
  if (log_sd != NULL) MESO_ALLOC(err, power, n_all * n_f);
  for (size_t f = 0; f < n_f; f++) psd[f] = 0;
  for (size_t s = 0; s < plan->n_segments; s++) {
    meso_spectral_transform(plan, x, stride, s, workspace, x_all);
    for (size_t i = 0; i < plan->n_tapers * n_f; i++) {
      const double p = x_all[2 * i] * x_all[2 * i] + x_all[2 * i + 1] * x_all[2 * i + 1];
      psd[i % n_f] += p;
      if (power != NULL) power[s * plan->n_tapers * n_f + i] = p;
    }
  }
  for (size_t f = 0; f < n_f && log_sd != NULL; f++) {
    double logs = 0, squares = 0;
    for (size_t o = 0; o < n_all; o++) {
      const double l = log1p(-power[o * n_f + f] / psd[f]);
      logs += l;
      squares += l * l;
    }
    log_sd[f] = n_all > 1 && psd[f] > 0 ? jackknife_error(n, logs, squares) : NAN;
  }
  for (size_t f = 0; f < n_f; f++) psd[f] *= meso_spectral_density_factor(plan, f) / n;
cleanup:
  free(x_all);
  free(power);
  return status;
}

void meso_spectral_density_units(const char *units, char *buffer, size_t size)
{
  const bool plain = strpbrk(units, "/^* ") == NULL;
  if (plain) snprintf(buffer, size, "%s^2/Hz", units);
  else snprintf(buffer, size, "(%s)^2/Hz", units);
}

meso_status meso_spectral_set_attributes(const meso_spectral_plan *plan, meso_attrs *attrs,
                                         meso_err *err)
{
  meso_status status = MESO_OK;
  static const char *const window[] = {"hann", "hamming", "boxcar"};
  static const char *const trend[] = {"constant", "linear", "none"};
  static const char *const weights[] = {"unweighted", "eigenvalue", "adaptive"};
  const meso_spectral_params *p = &plan->params;
  const bool welch = p->method == MESO_WELCH;
  MESO_TRY(meso_attrs_set_text(attrs, "method", welch ? "welch" : "multitaper", err));
  MESO_TRY(meso_attrs_set_number(attrs, "nperseg", (double) plan->nperseg, err));
  MESO_TRY(meso_attrs_set_number(attrs, "overlap", p->overlap, err));
  MESO_TRY(meso_attrs_set_number(attrs, "noverlap", (double) (plan->nperseg - plan->step), err));
  MESO_TRY(meso_attrs_set_text(attrs, "detrend", trend[p->detrend], err));
  MESO_TRY(meso_attrs_set_text(attrs, "window", welch ? window[p->window] : "dpss", err));
  if (!welch) MESO_TRY(meso_attrs_set_number(attrs, "nw", p->nw, err));
  if (!welch) MESO_TRY(meso_attrs_set_text(attrs, "weights", weights[p->weights], err));
  MESO_TRY(meso_attrs_set_number(attrs, "tapers", (double) plan->n_tapers, err));
  MESO_TRY(meso_attrs_set_number(attrs, "discard_ms", p->discard_ms, err));
  MESO_TRY(meso_attrs_set_number(attrs, "n_segments", (double) plan->n_segments, err));
  MESO_TRY(meso_attrs_set_number(attrs, "sampling_rate_Hz", plan->rate_Hz, err));
  MESO_TRY(meso_attrs_set_text(attrs, "scaling", "one-sided density", err));
cleanup:
  return status;
}

meso_status meso_bands_check(const meso_doubles *bands_Hz, size_t least, double highest_Hz,
                             meso_err *err)
{
  meso_status status = MESO_OK;
  if (bands_Hz->n < least)
    MESO_FAIL(err, MESO_EINVAL, "bands_Hz: give at least %zu edges", least);
  for (size_t k = 1; k < bands_Hz->n; k++)
    if (!(bands_Hz->v[k] > bands_Hz->v[k - 1]))
      MESO_FAIL(err, MESO_EINVAL, "bands_Hz: edge %g Hz follows %g Hz; edges must ascend",
                bands_Hz->v[k], bands_Hz->v[k - 1]);
  if (bands_Hz->n > 0 && !(bands_Hz->v[bands_Hz->n - 1] <= highest_Hz))
    MESO_FAIL(err, MESO_ERANGE, "bands_Hz: %g Hz is above half the sampling rate, %g Hz",
              bands_Hz->v[bands_Hz->n - 1], highest_Hz);
cleanup:
  return status;
}

meso_status meso_signal_select(const meso_signals *signals, const char *name, double discard_ms,
                               meso_signal *ret_view, meso_err *err)
{
  meso_status status = MESO_OK;
  const bool named = name != NULL && name[0] != '\0';
  const meso_signal *signal = meso_signals_find(signals, named ? name : "lfp");
  if (signal == NULL && named) MESO_FAIL(err, MESO_ENOTFOUND, "signal: no signal '%s'", name);
  if (signal == NULL && signals->n > 0) signal = &signals->signal[0];
  if (signal == NULL || signal->n_times == 0 || signal->n_channels == 0)
    MESO_FAIL(err, MESO_EINVAL, "signal: the file holds no signal, or an empty one");
  const double first = ceil(1e-3 * discard_ms * signal->sampling_rate_Hz - 1e-6);
  if (!(first < (double) signal->n_times))
    MESO_FAIL(err, MESO_ERANGE, "discard_ms %g ms: the signal '%s' has only %g ms", discard_ms,
              signal->name, 1e3 * (double) signal->n_times / signal->sampling_rate_Hz);
  *ret_view = *signal;
  ret_view->data += (size_t) first * signal->n_channels;
  ret_view->n_times -= (size_t) first;
  ret_view->t_start_ms += 1e3 * first / signal->sampling_rate_Hz;
  for (size_t i = 0; i < ret_view->n_times * ret_view->n_channels; i++)
    if (!isfinite(ret_view->data[i]))
      MESO_FAIL(err, MESO_EINVAL, "signal '%s' is not finite at sample %zu, channel %zu",
                signal->name, (size_t) first + i / signal->n_channels, i % signal->n_channels);
cleanup:
  return status;
}

meso_status meso_spectral_begin(const meso_signals *signals, const char *name,
                                const meso_spectral_params *params, meso_signal *ret_view,
                                meso_spectral_plan **ret_plan, meso_err *err)
{
  meso_status status = MESO_OK;
  MESO_TRY(meso_signal_select(signals, name, params->discard_ms, ret_view, err));
  MESO_TRY(meso_spectral_plan_create(params, ret_view->n_times, ret_view->sampling_rate_Hz,
                                     ret_plan, err));
cleanup:
  return status;
}
