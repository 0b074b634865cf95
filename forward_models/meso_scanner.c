/* meso_scanner.c: volumes of a scanner.
 *
 * 1. sampling  2. noise  3. the whole
 */
#include "meso_scanner.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "meso_rng.h"

static const double longest_step_s = 0.1;

bool meso_scanner_is_on(const meso_scanner_params *p)
{
  return p->anti_alias || p->slice_offset_s > 0 || p->noise_white > 0 || p->noise_drift > 0 ||
         p->noise_physio > 0;
}

double meso_scanner_step_s(double TR_s) { return TR_s / fmax(4, ceil(TR_s / longest_step_s)); }

/* ---- 1. sampling -------------------------------------------------------------------------- */

/* Value of channel c at sample i, at rest before the start, held after the end. */
static double value_at(const meso_signal *x, double i, size_t c)
{
  if (i < 0) return 0;
  const size_t last = x->n_times - 1;
  return x->data[(i < (double) last ? (size_t) i : last) * x->n_channels + c];
}

/* Weights w of n samples that begin with *ret_first, for the value at position p (samples). */
typedef size_t (*weight_function)(double p, double samples_per_TR, double *w, double *ret_first);

/* Cubic through the four neighbours. */
static size_t cubic_weights(double p, double samples_per_TR, double *w, double *ret_first)
{
  const double u = p - floor(p);
  (void) samples_per_TR;
  *ret_first = floor(p) - 1;
  w[0] = -u * (u - 1) * (u - 2) / 6;
  w[1] = (u + 1) * (u - 1) * (u - 2) / 2;
  w[2] = -(u + 1) * u * (u - 2) / 2;
  w[3] = (u + 1) * u * (u - 1) / 6;
  return 4;
}

static double sinc(double x) { return fabs(x) < 1e-9 ? 1 : sin(M_PI * x) / (M_PI * x); }

enum { HALF_WIDTH_TR = 12 };

/* Windowed sinc; weights sum to 1. */
static size_t low_pass_weights(double p, double samples_per_TR, double *w, double *ret_first)
{
  const double half = HALF_WIDTH_TR * samples_per_TR;
  const double first = ceil(p - half), last = floor(p + half);
  const size_t n = (size_t) (last - first) + 1;
  double sum = 0;
  for (size_t i = 0; i < n; i++) {
    const double x = first + (double) i - p, phase = M_PI * x / half;
    const double window = 0.42 + 0.5 * cos(phase) + 0.08 * cos(2 * phase);
    sum += w[i] = window * sinc(2 * 0.4 * x / samples_per_TR);
  }
  for (size_t i = 0; i < n; i++) w[i] /= sum;
  *ret_first = first;
  return n;
}

static meso_status sample(const meso_scanner_params *p, const meso_signal *fine, double TR_s,
                          meso_signal *to, meso_err *err)
{
  meso_status status = MESO_OK;
  const double samples_per_TR = TR_s * fine->sampling_rate_Hz;
  const weight_function weights = p->anti_alias ? low_pass_weights : cubic_weights;
  double *w = NULL;
  MESO_ALLOC(err, w, (size_t) (2 * HALF_WIDTH_TR * samples_per_TR) + 8);
  for (size_t k = 0; k < to->n_times; k++) {
    const double at = (double) k * samples_per_TR + p->slice_offset_s * fine->sampling_rate_Hz;
    double first = 0;
    const size_t n = weights(at, samples_per_TR, w, &first);
    for (size_t i = 0; i < n; i++)
      for (size_t c = 0; c < fine->n_channels; c++)
        to->data[k * fine->n_channels + c] += w[i] * value_at(fine, first + (double) i, c);
  }
cleanup:
  free(w);
  return status;
}

/* ---- 2. noise ----------------------------------------------------------------------------- */

enum { WHITE, DRIFT, CARDIAC, RESPIRATORY };

/* Standard normal number, by Box and Muller. */
static double normal(meso_rng_key key, uint32_t a, uint32_t b, uint32_t kind)
{
  uint32_t word[4];
  meso_rng_block(key, (uint32_t[4]) {a, b, kind, 0}, word);
  return sqrt(-2 * log(meso_rng_uniform(word[0], word[1])))
         * cos(2 * M_PI * meso_rng_uniform(word[2], word[3]));
}

/* Cosines of periods from twice the recording down to the shortest; variances add up. */
static void add_drift(const meso_scanner_params *p, meso_rng_key key, double TR_s, meso_signal *y)
{
  const double n_times = (double) y->n_times;
  const uint32_t n = (uint32_t) fmax(1, floor(2 * n_times * TR_s / p->drift_period_s));
  for (size_t c = 0; c < y->n_channels; c++)
    for (uint32_t j = 1; j <= n; j++) {
      const double sd = p->noise_drift * sqrt(2.0 / n);
      const double amplitude = sd * normal(key, j, (uint32_t) c, DRIFT);
      for (size_t k = 0; k < y->n_times; k++)
        y->data[k * y->n_channels + c] +=
          amplitude * cos(M_PI * j * ((double) k + 0.5) / n_times);
    }
}

/* Half of the variance each; the phase wanders by about a cycle in 20 cycles. */
static void add_physio(const meso_scanner_params *p, meso_rng_key key, double TR_s, meso_signal *y)
{
  const double frequency_Hz[2] = {p->cardiac_Hz, p->respiratory_Hz};
  for (uint32_t kind = 0; kind < 2; kind++) {
    double wander = 2 * M_PI * normal(key, UINT32_MAX, 0, CARDIAC + kind);
    for (size_t k = 0; k < y->n_times; k++) {
      const double cycles = frequency_Hz[kind] * TR_s;
      const double x = sin(2 * M_PI * cycles * (double) k + wander);
      for (size_t c = 0; c < y->n_channels; c++)
        y->data[k * y->n_channels + c] += p->noise_physio * x;
      wander += 2 * M_PI * sqrt(cycles / 20) * normal(key, (uint32_t) k, 0, CARDIAC + kind);
    }
  }
}

static void add_noise(const meso_scanner_params *p, double TR_s, meso_signal *y)
{
  const meso_rng_key key = meso_rng_key_make(p->noise_seed, MESO_RNG_BOLD_NOISE);
  if (p->noise_white > 0)
    for (size_t k = 0; k < y->n_times; k++)
      for (size_t c = 0; c < y->n_channels; c++)
        y->data[k * y->n_channels + c] +=
          p->noise_white * normal(key, (uint32_t) k, (uint32_t) c, WHITE);
  if (p->noise_drift > 0) add_drift(p, key, TR_s, y);
  if (p->noise_physio > 0) add_physio(p, key, TR_s, y);
}

/* ---- 3. the whole ------------------------------------------------------------------------- */

static meso_status describe(const meso_scanner_params *p, double TR_s, meso_attrs *a,
                            meso_err *err)
{
  static const meso_param rows[] = {MESO_SCANNER_ROWS};
  meso_status status = MESO_OK;
  MESO_TRY(meso_attrs_set_number(a, "TR_s", TR_s, err));
  MESO_TRY(meso_attrs_set_text(a, "sampling", "points at k TR + slice_offset_s, from rest", err));
  MESO_TRY(meso_attrs_set_text(a, "anti_alias", p->anti_alias
                               ? "sinc of cut-off 0.4/TR, Blackman window of +-12 TR"
                               : "none", err));
  for (const meso_param *r = rows; r->key != NULL; r++)
    if (r->type == MESO_PARAM_DOUBLE)
      MESO_TRY(meso_attrs_set_number(a, r->key, *(const double *) ((const char *) p + r->offset),
                                     err));
  MESO_TRY(meso_attrs_set_number(a, "noise_seed", (double) p->noise_seed, err));
cleanup:
  return status;
}

/* An empty signal for the volumes of `fine`, with what it says. */
static meso_status add_like(const meso_signal *fine, const char *name, size_t n_times, double TR_s,
                            double offset_s, meso_signals *out, meso_signal **ret, meso_err *err)
{
  meso_status status = MESO_OK;
  MESO_TRY(meso_signals_add(out, name, fine->units, n_times, fine->n_channels, 1 / TR_s,
                            fine->t_start_ms + 1e3 * offset_s, ret, err));
  for (size_t c = 0; fine->label != NULL && c < fine->n_channels; c++)
    MESO_TRY(meso_signal_set_label(*ret, c, fine->label[c] ? fine->label[c] : "", err));
  if (fine->position_um != NULL) {
    MESO_ALLOC(err, (*ret)->position_um, 3 * fine->n_channels);
    memcpy((*ret)->position_um, fine->position_um,
           3 * fine->n_channels * sizeof *fine->position_um);
  }
  MESO_TRY(meso_attrs_copy(&(*ret)->attrs, &fine->attrs, err));
cleanup:
  return status;
}

/* The states and drives that come with BOLD, taken at k TR. */
static meso_status thin_out(const meso_signal *fine, double TR_s, meso_signals *out, meso_err *err)
{
  meso_status status = MESO_OK;
  meso_signal *to = NULL;
  const size_t per_TR = (size_t) round(TR_s * fine->sampling_rate_Hz);
  MESO_TRY(add_like(fine, fine->name, (fine->n_times - 1) / per_TR + 1, TR_s, 0, out, &to, err));
  for (size_t k = 0; k < to->n_times; k++)
    memcpy(to->data + k * to->n_channels, fine->data + k * per_TR * to->n_channels,
           to->n_channels * sizeof *to->data);
cleanup:
  return status;
}

meso_status meso_scanner_apply(const meso_scanner_params *params, const meso_signals *fine,
                               double TR_s, meso_signals *out, meso_err *err)
{
  meso_status status = MESO_OK;
  const meso_signal *bold = meso_signals_find(fine, "bold");
  const bool noisy = params->noise_white > 0 || params->noise_drift > 0 ||
                     params->noise_physio > 0;
  if (bold == NULL || bold->n_times == 0)
    MESO_FAIL(err, MESO_EINVAL, "no signal \"bold\" to sample");
  if (params->slice_offset_s >= TR_s)
    MESO_FAIL(err, MESO_ERANGE, "slice_offset_s %g s: must be below the TR of %g s",
              params->slice_offset_s, TR_s);
  if (!(params->drift_period_s > 0) && params->noise_drift > 0)
    MESO_FAIL(err, MESO_ERANGE, "drift_period_s 0 s: must be > 0 s");
  const double duration_s = (double) (bold->n_times - 1) / bold->sampling_rate_Hz;
  if (params->slice_offset_s > duration_s)
    MESO_FAIL(err, MESO_ERANGE, "slice_offset_s %g s: the recording ends at %g s",
              params->slice_offset_s, duration_s);
  const size_t n = (size_t) floor((duration_s - params->slice_offset_s) / TR_s + 1e-9) + 1;
  meso_signal *y = NULL, *clean = NULL;
  MESO_TRY(add_like(bold, "bold", n, TR_s, params->slice_offset_s, out, &y, err));
  MESO_TRY(sample(params, bold, TR_s, y, err));
  MESO_TRY(describe(params, TR_s, &y->attrs, err));
  if (noisy) {
    MESO_TRY(add_like(bold, "bold_noiseless", n, TR_s, params->slice_offset_s, out, &clean, err));
    y = meso_signals_find(out, "bold");
    memcpy(clean->data, y->data, n * y->n_channels * sizeof *y->data);
    add_noise(params, TR_s, y);
  }
  for (size_t i = 0; i < fine->n; i++)
    if (&fine->signal[i] != bold) MESO_TRY(thin_out(&fine->signal[i], TR_s, out, err));
cleanup:
  return status;
}
