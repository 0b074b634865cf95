/* meso_recording.c: noise, reference and filters. Filters are cascades of second-order sections in
 * transposed direct form II; the state of every channel moves at once. */
#include "meso_recording.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "meso_rng.h"

const meso_param meso_recording_rows[] = {
  {.key = "high_pass_Hz", .type = MESO_PARAM_DOUBLE, .unit = "Hz", .min = 0, .max = 1e9,
   .default_text = "0", .offset = offsetof(meso_recording_params, high_pass_Hz),
   .help = "corner of the high-pass; 0: none"},
  {.key = "low_pass_Hz", .type = MESO_PARAM_DOUBLE, .unit = "Hz", .min = 0, .max = 1e9,
   .default_text = "0", .offset = offsetof(meso_recording_params, low_pass_Hz),
   .help = "corner of the low-pass; 0: none"},
  {.key = "order", .type = MESO_PARAM_INT, .unit = "1", .min = 1, .max = 12, .default_text = "2",
   .offset = offsetof(meso_recording_params, order), .help = "order of either filter"},
  {.key = "phase", .type = MESO_PARAM_CHOICE, .unit = "", .choices = "causal|zero",
   .default_text = "causal", .offset = offsetof(meso_recording_params, phase),
   .help = "causal as in an amplifier, or forwards and backwards"},
  {.key = "reference", .type = MESO_PARAM_CHOICE, .unit = "", .choices = "none|average|bipolar",
   .default_text = "none", .offset = offsetof(meso_recording_params, reference),
   .help = "what is subtracted: nothing, the mean of all channels, the channel before"},
  {.key = "noise_uV", .type = MESO_PARAM_DOUBLE, .unit = "uV", .min = 0, .max = 1e9,
   .default_text = "0", .offset = offsetof(meso_recording_params, noise_uV),
   .help = "standard deviation of the white noise of each contact"},
  {.key = "seed", .type = MESO_PARAM_INT, .unit = "1", .min = 1, .max = 0x1p53,
   .default_text = "1", .offset = offsetof(meso_recording_params, seed),
   .help = "of the noise"},
  {.key = NULL}
};

/* ---- noise and reference -------------------------------------------------------------------- */

/* One microvolt in the units of a signal; 0 if they are no potential. */
static double microvolt(const char *units)
{
  static const struct { const char *units; double value; } row[] = {
    {"uV", 1}, {"\u00b5V", 1}, {"mV", 1e-3}, {"V", 1e-6}};
  for (size_t k = 0; k < sizeof row / sizeof *row; k++)
    if (strcmp(units, row[k].units) == 0) return row[k].value;
  return 0;
}

/* Two normal numbers for each pair of samples of a channel (Box & Muller 1958). */
static void add_noise(const meso_recording_params *p, double sd, meso_signal *x)
{
  const meso_rng_key key = meso_rng_key_make(p->seed, MESO_RNG_SENSOR_NOISE);
  for (size_t t = 0; t < x->n_times; t += 2)
    for (size_t c = 0; c < x->n_channels; c++) {
      const uint32_t counter[4] = {(uint32_t) t, (uint32_t) ((uint64_t) t >> 32), (uint32_t) c, 0};
      uint32_t w[4];
      meso_rng_block(key, counter, w);
      const double size = sd * sqrt(-2 * log(meso_rng_uniform(w[0], w[1])));
      const double angle = 2 * M_PI * meso_rng_uniform(w[2], w[3]);
      x->data[t * x->n_channels + c] += size * cos(angle);
      if (t + 1 < x->n_times) x->data[(t + 1) * x->n_channels + c] += size * sin(angle);
    }
}

static void subtract_average(meso_signal *x)
{
  for (size_t t = 0; t < x->n_times; t++) {
    double *row = x->data + t * x->n_channels, mean = 0;
    for (size_t c = 0; c < x->n_channels; c++) mean += row[c] / (double) x->n_channels;
    for (size_t c = 0; c < x->n_channels; c++) row[c] -= mean;
  }
}

/* ---- filters -------------------------------------------------------------------------------- */

typedef struct section { double b0, b1, b2, a1, a2; } section;

enum { MOST_SECTIONS = 6 };

/* Sections of a filter of the given order; k is tan(pi corner / rate). */
static size_t design(int64_t order, bool high, double k, section *s)
{
  size_t n = 0;
  for (int64_t i = 0; i < order / 2; i++, n++) {
    const double damping = 2 * sin(M_PI * (2 * (double) i + 1) / (2 * (double) order)); /* 1 / Q */
    const double scale = 1 / (1 + k * damping + k * k), b = high ? scale : k * k * scale;
    s[n] = (section) {b, high ? -2 * b : 2 * b, b, 2 * (k * k - 1) * scale,
                      (1 - k * damping + k * k) * scale};
  }
  if (order % 2 == 1) {
    const double b = high ? 1 / (1 + k) : k / (1 + k);
    s[n++] = (section) {b, high ? -b : b, 0, (k - 1) / (k + 1), 0};
  }
  return n;
}

/* Runs one section over n samples of C channels, in time or against it, in place. state: 2 C. */
static void run_section(const section *s, size_t n, size_t C, bool backwards, double *x,
                        double *state)
{
  double *s1 = state, *s2 = state + C;
  const double *from = backwards ? x + (n - 1) * C : x;
  const double gain = (s->b0 + s->b1 + s->b2) / (1 + s->a1 + s->a2); /* of a constant */
  for (size_t c = 0; c < C; c++) {
    s1[c] = (gain - s->b0) * from[c];
    s2[c] = (s->b2 - s->a2 * gain) * from[c];
  }
  for (size_t t = 0; t < n; t++) {
    double *row = x + (backwards ? n - 1 - t : t) * C;
    for (size_t c = 0; c < C; c++) {
      const double in = row[c], out = s->b0 * in + s1[c];
      s1[c] = s->b1 * in - s->a1 * out + s2[c];
      s2[c] = s->b2 * in - s->a2 * out;
      row[c] = out;
    }
  }
}

static void run_all(const section *s, size_t n_sections, size_t n, size_t C, bool backwards,
                    double *x, double *state)
{
  for (size_t k = 0; k < n_sections; k++) run_section(&s[k], n, C, backwards, x, state);
}

/* Forwards and backwards over the signal with both ends continued by pad samples of odd
 * reflection: 2 x[0] - x[k]. */
static meso_status run_zero_phase(const section *s, size_t n_sections, size_t pad, meso_signal *x,
                                  double *state, meso_err *err)
{
  meso_status status = MESO_OK;
  const size_t C = x->n_channels, n = x->n_times, n_all = n + 2 * pad;
  double *all = NULL;
  MESO_ALLOC(err, all, n_all * C);
  memcpy(all + pad * C, x->data, n * C * sizeof *all);
  for (size_t k = 1; k <= pad; k++)
    for (size_t c = 0; c < C; c++) {
      all[(pad - k) * C + c] = 2 * x->data[c] - x->data[k * C + c];
      all[(pad + n - 1 + k) * C + c] = 2 * x->data[(n - 1) * C + c] - x->data[(n - 1 - k) * C + c];
    }
  run_all(s, n_sections, n_all, C, false, all, state);
  run_all(s, n_sections, n_all, C, true, all, state);
  memcpy(x->data, all + pad * C, n * C * sizeof *all);
cleanup:
  free(all);
  return status;
}

static meso_status filter(const meso_recording_params *p, double corner_Hz, bool high,
                          meso_signal *x, meso_err *err)
{
  meso_status status = MESO_OK;
  section s[MOST_SECTIONS];
  double *state = NULL;
  const size_t n = design(p->order, high, tan(M_PI * corner_Hz / x->sampling_rate_Hz), s);
  /* the slowest section forgets by e^-1 in about order / (pi corner) */
  const double memory = 5 * (double) p->order * x->sampling_rate_Hz / (M_PI * corner_Hz);
  MESO_ALLOC(err, state, 2 * x->n_channels);
  if (p->phase == MESO_PHASE_ZERO)
    MESO_TRY(run_zero_phase(s, n, (size_t) fmin((double) x->n_times - 1, memory), x, state, err));
  else
    run_all(s, n, x->n_times, x->n_channels, false, x->data, state);
cleanup:
  free(state);
  return status;
}

/* ---- the chain ------------------------------------------------------------------------------ */

static meso_status check(const meso_recording_params *p, const meso_signal *x, meso_err *err)
{
  meso_status status = MESO_OK;
  const double half = 0.5 * x->sampling_rate_Hz;
  if (x->n_times == 0 || x->n_channels == 0)
    MESO_FAIL(err, MESO_EINVAL, "signal '%s' is empty", x->name);
  if (!(p->high_pass_Hz < half && p->low_pass_Hz < half))
    MESO_FAIL(err, MESO_ERANGE, "high_pass_Hz %g Hz, low_pass_Hz %g Hz: must be below half the "
              "sampling rate, %g Hz", p->high_pass_Hz, p->low_pass_Hz, half);
  if (p->low_pass_Hz > 0 && !(p->high_pass_Hz < p->low_pass_Hz))
    MESO_FAIL(err, MESO_ERANGE, "high_pass_Hz %g Hz: must be below low_pass_Hz, %g Hz",
              p->high_pass_Hz, p->low_pass_Hz);
  if (p->noise_uV > 0 && microvolt(x->units) == 0)
    MESO_FAIL(err, MESO_EINVAL, "noise_uV %g uV: signal '%s' is in %s, not in V, mV or uV",
              p->noise_uV, x->name, x->units);
  if (p->reference != MESO_REFERENCE_NONE && x->n_channels < 2)
    MESO_FAIL(err, MESO_EINVAL, "reference: signal '%s' has one channel", x->name);
  for (size_t i = 0; i < x->n_times * x->n_channels; i++)
    if (!isfinite(x->data[i]))
      MESO_FAIL(err, MESO_EINVAL, "signal '%s' is not finite at sample %zu, channel %zu", x->name,
                i / x->n_channels, i % x->n_channels);
cleanup:
  return status;
}

/* A signal with places and names for the output's channels. */
static meso_status make_output(const meso_signal *from, bool bipolar, meso_signals *out,
                               meso_signal **ret, meso_err *err)
{
  meso_status status = MESO_OK;
  const size_t C = from->n_channels - (bipolar ? 1 : 0);
  MESO_TRY(meso_signals_add(out, from->name, from->units, from->n_times, C, from->sampling_rate_Hz,
                            from->t_start_ms, ret, err));
  meso_signal *to = *ret;
  MESO_TRY(meso_attrs_copy(&to->attrs, &from->attrs, err));
  if (from->position_um != NULL) MESO_ALLOC(err, to->position_um, 3 * C);
  for (size_t c = 0; c < C; c++) {
    for (size_t d = 0; d < 3 && from->position_um != NULL; d++) {
      const double here = from->position_um[3 * c + d];
      to->position_um[3 * c + d] = bipolar ? 0.5 * (here + from->position_um[3 * c + 3 + d]) : here;
    }
    if (from->label == NULL) continue;
    char text[512];
    if (bipolar) snprintf(text, sizeof text, "%.200s-%.200s", from->label[c + 1], from->label[c]);
    else snprintf(text, sizeof text, "%.500s", from->label[c]);
    MESO_TRY(meso_signal_set_label(to, c, text, err));
  }
cleanup:
  return status;
}

/* The corner that is left of this chain's and of one before it. */
static meso_status note_corner(meso_signal *x, const char *key, double corner_Hz,
                               double (*narrower)(double, double), meso_err *err)
{
  const double before_Hz = meso_attrs_number(&x->attrs, key, corner_Hz);
  return corner_Hz > 0
    ? meso_attrs_set_number(&x->attrs, key, narrower(before_Hz, corner_Hz), err) : MESO_OK;
}

static meso_status note_chain(const meso_recording_params *p, meso_signal *x, meso_err *err)
{
  meso_status status = MESO_OK;
  static const char *const reference[] = {"none", "average of all channels", "bipolar"};
  char text[512];
  snprintf(text, sizeof text, "noise %g uV (seed %lld); reference %s; high-pass %g Hz, low-pass %g "
           "Hz (0: none), Butterworth of order %lld, %s", p->noise_uV, (long long) p->seed,
           reference[p->reference], p->high_pass_Hz, p->low_pass_Hz, (long long) p->order,
           p->phase == MESO_PHASE_ZERO ? "zero phase, applied twice" : "causal");
  MESO_TRY(meso_attrs_set_text(&x->attrs, "recording_chain", text, err));
  MESO_TRY(note_corner(x, "recording_high_pass_Hz", p->high_pass_Hz, fmax, err));
  MESO_TRY(note_corner(x, "recording_low_pass_Hz", p->low_pass_Hz, fmin, err));
cleanup:
  return status;
}

meso_status meso_recording_apply(const meso_recording_params *params, const meso_signal *signal,
                                 meso_signals *out, meso_err *err)
{
  meso_status status = MESO_OK;
  const meso_recording_params *p = params;
  const bool bipolar = p->reference == MESO_REFERENCE_BIPOLAR;
  meso_signal noisy = *signal, *x = NULL;
  double *data = NULL;
  MESO_TRY(check(p, signal, err));
  MESO_ALLOC(err, data, signal->n_times * signal->n_channels);
  memcpy(data, signal->data, signal->n_times * signal->n_channels * sizeof *data);
  noisy.data = data;
  if (p->noise_uV > 0) add_noise(p, p->noise_uV * microvolt(signal->units), &noisy);
  if (p->reference == MESO_REFERENCE_AVERAGE) subtract_average(&noisy);
  MESO_TRY(make_output(signal, bipolar, out, &x, err));
  for (size_t t = 0; t < x->n_times; t++)
    for (size_t c = 0; c < x->n_channels; c++) {
      const double *row = data + t * signal->n_channels;
      x->data[t * x->n_channels + c] = bipolar ? row[c + 1] - row[c] : row[c];
    }
  if (p->high_pass_Hz > 0) MESO_TRY(filter(p, p->high_pass_Hz, true, x, err));
  if (p->low_pass_Hz > 0) MESO_TRY(filter(p, p->low_pass_Hz, false, x, err));
  MESO_TRY(note_chain(p, x, err));
cleanup:
  free(data);
  return status;
}
