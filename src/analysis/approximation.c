/* approximation.c: how far signals are off a reference, channel by channel: moments, spectra,
 * bands of frequencies. */
#include "approximation.h"

#include <fftw3.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const meso_formula approximation_formulas[] = {
  {"correlation_squared", "squared Pearson correlation of x with the reference y",
   "Draper & Smith 1998, Applied Regression Analysis, chapter 1"},
  {"explained_variance", "1 - var(x - y) / var(y)",
   "Mazzoni et al. 2015, PLoS Comput. Biol. 11:e1004584, doi "
   "10.1371/journal.pcbi.1004584 (1 minus the residual's share)"},
  {"coherence_squared", "|S_xy|^2 / (S_xx S_yy)",
   "Carter, Knapp & Nuttall 1973, IEEE Trans. Audio Electroacoust. 21:337, doi "
   "10.1109/TAU.1973.1162496; " MESO_SPECTRAL_SOURCE},
  {"coherence_debiased", "(L coherence_squared - 1) / (L - 1), L = effective_observations",
   "Carter, Knapp & Nuttall 1973, doi 10.1109/TAU.1973.1162496 (bias 1 / L)"},
  {"error_ratio", "S_ee / S_yy, e = x - y",
   "Hagen et al. 2022, PLoS Comput. Biol. 18:e1010353, doi 10.1371/journal.pcbi.1010353 "
   "(error of approximations of the LFP)"},
  {"amplitude_ratio", "sqrt(S_xx / S_yy)", MESO_SPECTRAL_SOURCE},
  {"band_correlation_squared",
   "the squared correlation of what a band holds, from the cross-spectra", MESO_SPECTRAL_SOURCE},
  {NULL, NULL, NULL}
};

const meso_array_axes approximation_axes[] = {
  {"band_correlation_squared,band_explained_variance", "name,positions,band_edges_Hz"},
  {"correlation_squared,explained_variance,sd_ratio", "name,positions"},
  {"coherence_squared,coherence_debiased,error_ratio,amplitude_ratio",
   "name,positions,frequency_Hz"},
  {NULL, NULL}
};

enum { N_BANDS = 7 };
static const double band_edge_Hz[N_BANDS + 1] = {1, 4, 8, 12, 30, 80, 200, 400};

/* Output arrays: (approximation, channel), (approximation, channel, frequency) and (approximation,
 * channel, band). */
typedef struct output {
  size_t n_frequencies;
  const double *frequency_Hz;
  double *r2, *explained, *sd_ratio, *coherence, *error, *amplitude;
  double *band_r2, *band_explained;
  double *debiased; /* of all approximations; NULL: not wanted */
} output;

static double mean_of(const double *x, size_t n, size_t stride)
{
  double sum = 0;
  for (size_t t = 0; t < n; t++) sum += x[t * stride];
  return sum / (double) n;
}

/** Moments of one channel. */
static void compare_channel(const double *x, const double *y, size_t n, size_t stride,
                            double *r2, double *explained, double *sd_ratio)
{
  const double mx = mean_of(x, n, stride), my = mean_of(y, n, stride);
  double xx = 0, yy = 0, xy = 0, ee = 0;
  for (size_t t = 0; t < n; t++) {
    const double a = x[t * stride] - mx, b = y[t * stride] - my;
    xx += a * a;
    yy += b * b;
    xy += a * b;
    ee += (a - b) * (a - b);
  }
  *r2 = xy * xy / (xx * yy);
  *explained = yy > 0 ? 1 - ee / yy : NAN;
  *sd_ratio = sqrt(xx / yy);
}

/** r^2 and explained variance of band-passed signals, from the sums over their spectra. */
static void compare_bands(const double *sum, output *o)
{
  for (size_t b = 0; b < N_BANDS; b++) {
    double xx = 0, yy = 0, xy = 0, ee = 0;
    for (size_t f = 0; f < o->n_frequencies; f++) {
      const double *s = sum + 5 * f;
      if (o->frequency_Hz[f] < band_edge_Hz[b] || o->frequency_Hz[f] >= band_edge_Hz[b + 1])
        continue;
      xx += s[0];
      yy += s[1];
      xy += s[2];
      ee += s[4];
    }
    o->band_r2[b] = xy * xy / (xx * yy);
    o->band_explained[b] = yy > 0 ? 1 - ee / yy : NAN;
  }
}

/** Spectra of one channel. transform: room for all tapers of both signals, and 5 sums. */
static void compare_spectra(const meso_spectral_plan *plan, const double *x, const double *y,
                            size_t stride, double *workspace, double *transform, output *o)
{
  const size_t n = o->n_frequencies, K = meso_spectral_n_tapers(plan);
  const size_t n_averaged = K * meso_spectral_n_segments(plan); /* of one, coherence would be 1 */
  double *X = transform, *Y = X + 2 * K * n, *sum = Y + 2 * K * n;
  memset(sum, 0, 5 * n * sizeof *sum);
  for (size_t s = 0; s < meso_spectral_n_segments(plan); s++) {
    meso_spectral_transform(plan, x, stride, s, workspace, X);
    meso_spectral_transform(plan, y, stride, s, workspace, Y);
    for (size_t k = 0; k < K; k++)
      for (size_t f = 0; f < n; f++) {
        const double *a = X + 2 * (k * n + f), *b = Y + 2 * (k * n + f);
        const double e[2] = {a[0] - b[0], a[1] - b[1]};
        sum[5 * f] += a[0] * a[0] + a[1] * a[1];
        sum[5 * f + 1] += b[0] * b[0] + b[1] * b[1];
        sum[5 * f + 2] += a[0] * b[0] + a[1] * b[1];
        sum[5 * f + 3] += a[1] * b[0] - a[0] * b[1];
        sum[5 * f + 4] += e[0] * e[0] + e[1] * e[1];
      }
    }
  for (size_t f = 0; f < n; f++) {
    const double *s = sum + 5 * f;
    o->coherence[f] = n_averaged > 1 ? (s[2] * s[2] + s[3] * s[3]) / (s[0] * s[1]) : NAN;
    o->error[f] = s[4] / s[1];
    o->amplitude[f] = sqrt(s[0] / s[1]);
  }
  compare_bands(sum, o);
}

static meso_status compare_all(const meso_spectral_plan *plan, const meso_signal *x,
                               const meso_signal *y, int n_threads, const output *o,
                               meso_err *err)
{
  meso_status status = MESO_OK;
  const size_t n = o->n_frequencies;
  bool short_of_memory = false;
#pragma omp parallel num_threads(n_threads)
  {
    double *workspace = meso_spectral_workspace(plan);
    double *transform = meso_calloc((4 * meso_spectral_n_tapers(plan) + 5) * n,
                                    sizeof *transform);
#pragma omp for schedule(dynamic, 1)
    for (size_t c = 0; c < y->n_channels; c++) {
      if (workspace == NULL || transform == NULL) continue;
      output at = {.n_frequencies = n, .frequency_Hz = o->frequency_Hz,
                   .coherence = o->coherence + c * n, .error = o->error + c * n,
                   .amplitude = o->amplitude + c * n, .band_r2 = o->band_r2 + c * N_BANDS,
                   .band_explained = o->band_explained + c * N_BANDS};
      compare_channel(x->data + c, y->data + c, y->n_times, y->n_channels, o->r2 + c,
                      o->explained + c, o->sd_ratio + c);
      compare_spectra(plan, x->data + c, y->data + c, y->n_channels, workspace, transform, &at);
    }
    if (workspace == NULL || transform == NULL) {
#pragma omp atomic write
      short_of_memory = true;
    }
    fftw_free(workspace);
    free(transform);
  }
  if (short_of_memory) MESO_FAIL(err, MESO_ENOMEM, "cannot allocate transforms");
cleanup:
  return status;
}

/* ---- the analysis ------------------------------------------------------------------------- */

static bool is_approximation(const approximation_params *p, const meso_signal *s)
{
  return strncmp(s->name, p->head, strlen(p->head)) == 0;
}

/** Time that must be left out at the start: samples before it gave the weights. */
static double discard_ms(const approximation_params *p, const meso_signals *signals)
{
  double discard = p->spectral.discard_ms;
  for (size_t i = 0; i < signals->n; i++) {
    const meso_signal *s = &signals->signal[i];
    if (is_approximation(p, s))
      discard = fmax(discard, meso_attrs_number(&s->attrs, "weights_until_ms", -INFINITY)
                     - s->t_start_ms);
  }
  return discard;
}

static meso_status check_shapes(const meso_signal *x, const meso_signal *y, meso_err *err)
{
  meso_status status = MESO_OK;
  if (x->n_times != y->n_times || x->n_channels != y->n_channels
      || x->sampling_rate_Hz != y->sampling_rate_Hz || x->t_start_ms != y->t_start_ms)
    MESO_FAIL(err, MESO_EINVAL, "signals %s and %s differ in length, channels, rate "
              "or start", x->name, y->name);
cleanup:
  return status;
}

static meso_status add_arrays(meso_result *result, const char *group, size_t n,
                              const meso_spectral_plan *plan, const meso_signal *reference,
                              output *o, meso_err *err)
{
  meso_status status = MESO_OK;
  const size_t dims[3] = {n, reference->n_channels, meso_spectral_n_frequencies(plan)};
  const size_t bands[3] = {n, reference->n_channels, N_BANDS};
  const struct { const char *name; size_t n_dims; const size_t *dims; double **data; } row[] = {
    {"correlation_squared", 2, dims, &o->r2}, {"explained_variance", 2, dims, &o->explained},
    {"sd_ratio", 2, dims, &o->sd_ratio}, {"coherence_squared", 3, dims, &o->coherence},
    {"coherence_debiased", 3, dims, &o->debiased}, {"error_ratio", 3, dims, &o->error},
    {"amplitude_ratio", 3, dims, &o->amplitude},
    {"band_correlation_squared", 3, bands, &o->band_r2},
    {"band_explained_variance", 3, bands, &o->band_explained}};
  double *data;
  o->n_frequencies = dims[2];
  for (size_t i = 0; i < sizeof row / sizeof *row; i++)
    MESO_TRY(meso_result_add_in(result, group, row[i].name, "1", row[i].n_dims, row[i].dims,
                                row[i].data, err));
  MESO_TRY(meso_result_add_in(result, group, "band_edges_Hz", "Hz", 1, (size_t[]) {N_BANDS + 1},
                              &data, err));
  memcpy(data, band_edge_Hz, sizeof band_edge_Hz);
  MESO_TRY(meso_result_add_in(result, group, "frequency_Hz", "Hz", 1, &dims[2], &data, err));
  meso_spectral_frequencies(plan, data);
  o->frequency_Hz = data;
  if (reference->position_um != NULL) {
    MESO_TRY(meso_result_add_in(result, group, "positions", "um", 2, (size_t[]) {dims[1], 3}, &data,
                                err));
    memcpy(data, reference->position_um, 3 * dims[1] * sizeof(double));
  }
cleanup:
  return status;
}

/** Gives the reference a copy of its data without external input, if there is any in it. */
static meso_status take_external_off(const meso_signals *signals, double discard, meso_signal *y,
                                     double **ret_data, meso_err *err)
{
  meso_status status = MESO_OK;
  meso_signal external = {0};
  if (strcmp(y->name, "lfp") != 0 || meso_signals_find(signals, "lfp_from_external") == NULL)
    return MESO_OK;
  MESO_TRY(meso_signal_select(signals, "lfp_from_external", discard, &external, err));
  MESO_TRY(check_shapes(&external, y, err));
  MESO_ALLOC(err, *ret_data, y->n_times * y->n_channels);
  for (size_t i = 0; i < y->n_times * y->n_channels; i++)
    (*ret_data)[i] = y->data[i] - external.data[i];
  y->data = *ret_data;
cleanup:
  return status;
}

/** Room for all that compare_all says of one signal, in one array that *ret_room owns. */
static meso_status make_room(size_t n_channels, const output *like, output *o, double **ret_room,
                             meso_err *err)
{
  meso_status status = MESO_OK;
  const size_t C = n_channels, F = like->n_frequencies;
  double *at;
  MESO_ALLOC(err, *ret_room, 3 * C * (1 + F) + 2 * C * N_BANDS);
  at = *ret_room;
  *o = (output) {.n_frequencies = F, .frequency_Hz = like->frequency_Hz, .r2 = at,
                 .explained = at + C, .sd_ratio = at + 2 * C, .coherence = at + 3 * C,
                 .error = at + C * (3 + F), .amplitude = at + C * (3 + 2 * F),
                 .band_r2 = at + C * (3 + 3 * F), .band_explained = at + C * (3 + 3 * F + N_BANDS)};
cleanup:
  return status;
}

/** What is expected of the mean kernel, if the signals hold what it takes. */
static meso_status add_expected(const char *group, const approximation_params *p,
                                const meso_signals *signals, double discard,
                                const meso_spectral_plan *plan, const output *like,
                                int n_threads, meso_result *result, meso_err *err)
{
  meso_status status = MESO_OK;
  static const char error[] = "lfp_error_if_independent", mean[] = "lfp_by_mean_kernel";
  meso_signal d = {0}, x = {0};
  output o;
  double *room = NULL, *explained, *ratio;
  const meso_signal *by_mean = meso_signals_find(signals, mean);
  if (meso_signals_find(signals, error) == NULL || by_mean == NULL || !is_approximation(p, by_mean))
    return MESO_OK;
  MESO_TRY(meso_signal_select(signals, error, discard, &d, err));
  MESO_TRY(meso_signal_select(signals, mean, discard, &x, err));
  MESO_TRY(check_shapes(&d, &x, err));
  const size_t dims[2] = {x.n_channels, like->n_frequencies};
  MESO_TRY(make_room(x.n_channels, like, &o, &room, err));
  MESO_TRY(compare_all(plan, &d, &x, n_threads, &o, err));
  MESO_TRY(meso_result_add_in(result, group, "expected_explained_variance", "1", 1, dims,
                              &explained, err));
  MESO_TRY(meso_result_add_in(result, group, "expected_error_ratio", "1", 2, dims, &ratio, err));
  for (size_t c = 0; c < dims[0]; c++) explained[c] = 1 / (1 + o.sd_ratio[c] * o.sd_ratio[c]);
  for (size_t i = 0; i < dims[0] * dims[1]; i++)
    ratio[i] = 1 / (1 + 1 / (o.amplitude[i] * o.amplitude[i]));
cleanup:
  free(room);
  return status;
}

/** Names of the signals that are compared. */
static meso_status list_names(const approximation_params *p, const meso_signals *signals,
                              const char *group, const char ***ret_name, size_t *ret_n,
                              meso_err *err)
{
  meso_status status = MESO_OK;
  const char **name = NULL;
  size_t n = 0;
  MESO_ALLOC(err, name, signals->n);
  for (size_t i = 0; i < signals->n; i++)
    if (is_approximation(p, &signals->signal[i])) name[n++] = signals->signal[i].name;
  if (n == 0)
    MESO_FAIL(err, MESO_ENOTFOUND, "%s: no signal starts with '%s'", group + 1, p->head);
  *ret_name = name;
  *ret_n = n;
  name = NULL;
cleanup:
  free(name);
  return status;
}

meso_status approximation_compare(const char *group, const approximation_params *p,
                                  const meso_signals *signals, int n_threads, meso_result *result,
                                  meso_err *err)
{
  meso_status status = MESO_OK;
  const double discard = discard_ms(p, signals);
  char path[128];
  const char **name = NULL;
  double *without = NULL;
  size_t n = 0;
  meso_signal y = {0}, x = {0};
  meso_spectral_plan *plan = NULL;
  output o = {0};
  MESO_TRY(meso_signal_select(signals, p->reference, discard, &y, err));
  MESO_TRY(take_external_off(signals, discard, &y, &without, err));
  MESO_TRY(list_names(p, signals, group, &name, &n, err));
  MESO_TRY(meso_spectral_plan_create(&p->spectral, y.n_times, y.sampling_rate_Hz, &plan, err));
  MESO_TRY(add_arrays(result, group, n, plan, &y, &o, err));
  const double L = meso_spectral_effective_observations(plan);
  (void) snprintf(path, sizeof path, "%s/name", group);
  MESO_TRY(meso_result_add_text(result, path, n, name, err));
  for (size_t i = 0; i < n; i++) {
    MESO_TRY(meso_signal_select(signals, name[i], discard, &x, err));
    MESO_TRY(check_shapes(&x, &y, err));
    const size_t a = i * y.n_channels, b = a * o.n_frequencies;
    const output at = {o.n_frequencies, o.frequency_Hz, o.r2 + a, o.explained + a, o.sd_ratio + a,
                       o.coherence + b, o.error + b, o.amplitude + b, o.band_r2 + a * N_BANDS,
                       o.band_explained + a * N_BANDS, NULL};
    MESO_TRY(compare_all(plan, &x, &y, n_threads, &at, err));
    for (size_t k = b; k < b + y.n_channels * o.n_frequencies; k++)
      o.debiased[k] = meso_coherence_debiased(L, o.coherence[k]);
  }
  MESO_TRY(add_expected(group, p, signals, discard, plan, &o, n_threads, result, err));
  meso_attrs *attrs = meso_result_group_attrs(result, group);
  if (attrs == NULL) MESO_FAIL(err, MESO_ENOMEM, "cannot allocate attributes");
  MESO_TRY(meso_attrs_set_text(attrs, "reference", y.name, err));
  MESO_TRY(meso_spectral_set_attributes(plan, attrs, err));
  MESO_TRY(meso_coherence_set_attributes(plan, p->alpha, attrs, err));
  MESO_TRY(meso_attrs_set_number(attrs, "discard_ms", discard, err));
cleanup:
  free(name);
  free(without);
  meso_spectral_plan_destroy(plan);
  return status;
}
