/* coherence_estimate.c: coherence and phase measures of all pairs of channels of a signal.
 *
 * Over the O observations (segment, taper) of meso_spectral.h, S_ij = conj(X_i) X_j, pooled before
 * any normalisation; a phase is negative when j lags i; cross_real, cross_imaginary are the
 * one-sided cross-spectral density. The other measures: formulas below.
 * Confidence: L = effective_observations counts what overlap and tapers share. Unrelated Gaussian
 * signals have magnitude_squared 1 / L on average (bias_level) and exceed 1 - alpha^(1 / (L - 1))
 * (threshold) with probability alpha (Halliday et al. 1995, Prog. Biophys. Mol. Biol. 64:237, doi
 * 10.1016/S0079-6107(96)00009-0). Over all pairs and frequencies, which depend on one another, the
 * false discovery rate is kept at alpha after Benjamini & Yekutieli (2001, Ann. Stat. 29:1165):
 * fdr_threshold, n_significant, and `finding` in words. Frequencies within the bandwidth of 0 and
 * of rate / 2, where transforms are nearly real and count half, are not tested.
 * Jackknife, z = atanh(magnitude): tanh(z -+ t sd)^2 as magnitude_squared_low, _high (Thomson &
 * Chave 1991; Bokil et al. 2007, doi 10.1016/j.jneumeth.2006.06.020).
 * Values without a definition (no power, Im = 0 throughout, one observation) are NaN.
 */
#include <gsl/gsl_cdf.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "coherence_estimate.h"
#include "meso_cross.h"

const meso_formula coherence_formulas[] = {
  {"magnitude_squared",
   "|mean S_ij|^2 / (mean S_ii mean S_jj), S_ij = conj(X_i) X_j over segments and tapers",
   "Carter, Knapp & Nuttall 1973, IEEE Trans. Audio Electroacoust. 21:337, doi "
   "10.1109/TAU.1973.1162496; " MESO_SPECTRAL_SOURCE},
  {"debiased", "(L magnitude_squared - 1) / (L - 1), L = effective_observations",
   "Carter, Knapp & Nuttall 1973, doi 10.1109/TAU.1973.1162496 (bias 1 / L)"},
  {"threshold", "1 - alpha^(1 / (L - 1)), exceeded by unrelated signals with probability alpha",
   "Halliday et al. 1995, Prog. Biophys. Mol. Biol. 64:237, doi 10.1016/S0079-6107(96)00009-0"},
  {"imaginary", "Im mean S_ij / sqrt(mean S_ii mean S_jj)",
   "Nolte et al. 2004, Clin. Neurophysiol. 115:2292, doi 10.1016/j.clinph.2004.04.029"},
  {"phase", "arg mean S_ij, negative when j lags i",
   "Halliday et al. 1995, doi 10.1016/S0079-6107(96)00009-0"},
  {"plv", "|mean S_ij / |S_ij||", "Lachaux et al. 1999, Hum. Brain Mapp. 8:194, doi "
   "10.1002/(SICI)1097-0193(1999)8:4<194::AID-HBM4>3.0.CO;2-C"},
  {"ppc", "(O plv^2 - 1) / (O - 1), O observations",
   "Vinck et al. 2010, NeuroImage 51:112, doi 10.1016/j.neuroimage.2010.01.073"},
  {"pli", "|mean sign Im S_ij|",
   "Stam, Nolte & Daffertshofer 2007, Hum. Brain Mapp. 28:1178, doi 10.1002/hbm.20346"},
  {"wpli", "|sum Im S_ij| / sum |Im S_ij|",
   "Vinck et al. 2011, NeuroImage 55:1548, doi 10.1016/j.neuroimage.2011.01.055"},
  {"dwpli2", "((sum Im)^2 - sum Im^2) / ((sum |Im|)^2 - sum Im^2)",
   "Vinck et al. 2011, doi 10.1016/j.neuroimage.2011.01.055"},
  {"fdr_threshold", "of the false discovery rate alpha over all pairs and frequencies",
   "Benjamini & Yekutieli 2001, Ann. Stat. 29:1165, doi 10.1214/aos/1013699998"},
  {NULL, NULL, NULL}
};

const meso_array_axes coherence_axes[] = {
  {"band_mean", "pairs,band_edges_Hz"},
  {"distance_um", "pairs"},
  {"*", "pairs,frequency_Hz"},
  {NULL, NULL}
};

enum { MAGNITUDE_SQUARED, DEBIASED, PHASE, IMAGINARY, PLV, PPC, PLI, WPLI, DWPLI2, CROSS_REAL,
       CROSS_IMAGINARY, N_MEASURES };
enum needs { NEEDS_UNIT = 1, NEEDS_LAG = 2 };
static const struct { const char *name, *units; int needs; } measure[N_MEASURES] = {
  {"magnitude_squared", "1", 0}, {"debiased", "1", 0}, {"phase", "rad", 0}, {"imaginary", "1", 0},
  {"plv", "1", NEEDS_UNIT}, {"ppc", "1", NEEDS_UNIT}, {"pli", "1", NEEDS_LAG},
  {"wpli", "1", NEEDS_LAG}, {"dwpli2", "1", NEEDS_LAG}, {"cross_real", NULL, 0},
  {"cross_imaginary", NULL, 0}};

/* p values of coherence, counted by -log2 p in steps of 1 / FINENESS: enough to control the false
 * discovery rate, conservative by a factor of at most 2^(1 / FINENESS). */
enum { FINENESS = 64, N_COUNTS = FINENESS * 1075 };

typedef struct estimate {
  const char *group;
  const coherence_params *p;
  const meso_spectral_plan *plan;
  const meso_signal *signal;
  size_t n_pairs, first, n_frequencies, n_observations, n_bands;
  double effective;
  int n_threads;
  size_t margin;            /* frequencies at either end where transforms are nearly real */
  double *pair;             /* (pair, 2) */
  double *frequency_Hz;
  double *out[N_MEASURES];  /* (pair, frequency); NULL: not wanted */
  double *low, *high;       /* jackknife, or NULL */
  double *band;             /* (pair, band): sums, in the end means */
  double *n_in_band;        /* (pair, band) */
  uint64_t count[N_COUNTS]; /* p values up to alpha */
  uint64_t n_tests, n_above;
} estimate;

static meso_status choose_measures(const char *list, bool wanted[N_MEASURES], meso_err *err)
{
  meso_status status = MESO_OK;
  for (const char *c = list; *(c += strspn(c, " ,")) != '\0';) {
    const size_t length = strcspn(c, " ,");
    int m = 0;
    while (m < N_MEASURES && (strlen(measure[m].name) != length ||
                              memcmp(measure[m].name, c, length) != 0))
      m++;
    if (m == N_MEASURES)
      MESO_FAIL(err, MESO_EINVAL, "measures: no measure '%.*s'; there are magnitude_squared, "
                "debiased, phase, imaginary, plv, ppc, pli, wpli, dwpli2, cross_real and "
                "cross_imaginary", (int) (length < 100 ? length : 100), c);
    wanted[m] = true;
    c += length;
  }
cleanup:
  return status;
}

static double ratio(double a, double b, bool defined) { return defined ? a / b : NAN; }

static void measures_of(const estimate *e, const meso_cross_block *b, size_t pair, size_t f,
                        double *value)
{
  const size_t i = (size_t) e->pair[2 * pair], j = (size_t) e->pair[2 * pair + 1];
  const double n = (double) e->n_observations, L = e->effective;
  const double s_re = meso_cross_at(b, b->product, CROSS_N_PRODUCT, pair, CROSS_RE, f);
  const double s_im = meso_cross_at(b, b->product, CROSS_N_PRODUCT, pair, CROSS_IM, f);
  const double power = sqrt(meso_cross_power(b, i, f)) * sqrt(meso_cross_power(b, j, f));
  const double re = s_re / power, im = s_im / power;
  const double scale = meso_spectral_density_factor(e->plan, b->first + f) / n;
  const bool defined = power > 0 && n > 1; /* one observation is coherent with everything */
  value[MAGNITUDE_SQUARED] = defined ? re * re + im * im : NAN;
  value[DEBIASED] = meso_coherence_debiased(L, value[MAGNITUDE_SQUARED]);
  value[PHASE] = defined ? atan2(s_im, s_re) : NAN;
  value[IMAGINARY] = defined ? im : NAN;
  value[CROSS_REAL] = s_re * scale;
  value[CROSS_IMAGINARY] = s_im * scale;
  if (b->unit != NULL) {
    const double u_re = meso_cross_at(b, b->unit, CROSS_N_PRODUCT, pair, CROSS_RE, f);
    const double u_im = meso_cross_at(b, b->unit, CROSS_N_PRODUCT, pair, CROSS_IM, f);
    const double plv = sqrt(u_re * u_re + u_im * u_im) / n;
    value[PLV] = defined ? plv : NAN;
    value[PPC] = ratio(n * plv * plv - 1, n - 1, defined);
  }
  if (b->lag != NULL) {
    const double size = meso_cross_at(b, b->lag, CROSS_N_LAG, pair, CROSS_ABS, f);
    const double square = meso_cross_at(b, b->lag, CROSS_N_LAG, pair, CROSS_SQUARE, f);
    const double sign = meso_cross_at(b, b->lag, CROSS_N_LAG, pair, CROSS_SIGN, f);
    const double spread = size * size - square;
    value[PLI] = defined ? fabs(sign) / n : NAN;
    value[WPLI] = ratio(fabs(s_im), size, n > 1 && size > 0);
    value[DWPLI2] = ratio(s_im * s_im - square, spread, n > 1 && spread > 0);
  }
}

/* Which step of -log2 p a value of coherence is in. */
static size_t count_of(const estimate *e, double coherence)
{
  const double steps = -(e->effective - 1) * log2(fmax(0, 1 - coherence)) * FINENESS;
  return steps < N_COUNTS - 1 ? (size_t) fmax(0, steps) : N_COUNTS - 1;
}

static void add_to_bands(const estimate *e, size_t pair, double frequency_Hz, double coherence)
{
  const double *edge = e->p->bands_Hz.v;
  for (size_t k = 0; k < e->n_bands && isfinite(coherence); k++)
    if (frequency_Hz >= edge[k] && frequency_Hz < edge[k + 1]) {
      e->band[pair * e->n_bands + k] += coherence;
      e->n_in_band[pair * e->n_bands + k]++;
    }
}

static void put_limits(const estimate *e, const meso_cross_block *b, size_t pair, size_t f,
                       double coherence)
{
  const double n = (double) e->n_observations;
  const double sum = meso_cross_at(b, b->jackknife, 2, pair, 0, f);
  const double squares = meso_cross_at(b, b->jackknife, 2, pair, 1, f);
  const double sd = sqrt((n - 1) / n * fmax(0, squares - sum * sum / n));
  const double t = gsl_cdf_tdist_Qinv(0.5 * e->p->alpha, n - 1);
  const double z = atanh(fmin(sqrt(coherence), 1 - 1e-15));
  const double low = fmax(0, tanh(z - t * sd)), high = tanh(z + t * sd);
  const size_t at = pair * e->n_frequencies + b->first - e->first + f;
  e->low[at] = isnan(coherence) ? NAN : low * low;
  e->high[at] = isnan(coherence) ? NAN : high * high;
}

/* The measures of one pair in one block; notes p values below alpha, the only ones that count. */
static void take_pair(estimate *e, const meso_cross_block *b, size_t pair, double threshold,
                      uint64_t *n_tests, uint64_t *n_above)
{
  for (size_t f = 0; f < b->n; f++) {
    double value[N_MEASURES] = {0};
    const size_t at = b->first - e->first + f;
    measures_of(e, b, pair, f, value);
    for (int m = 0; m < N_MEASURES; m++)
      if (e->out[m] != NULL) e->out[m][pair * e->n_frequencies + at] = value[m];
    const double c = value[MAGNITUDE_SQUARED];
    add_to_bands(e, pair, e->frequency_Hz[at], c);
    if (b->jackknife != NULL) put_limits(e, b, pair, f, c);
    const size_t k = b->first + f;
    if (isnan(c) || k < e->margin || k + e->margin >=
        meso_spectral_n_frequencies(e->plan)) continue;
    (*n_tests)++;
    if (!(c > threshold)) continue;
    (*n_above)++;
    uint64_t *count = &e->count[count_of(e, c)];
#pragma omp atomic update
    (*count)++;
  }
}

static meso_status take(void *user, const meso_cross_block *b, meso_err *err)
{
  estimate *e = user;
  const double threshold = meso_coherence_threshold(e->effective, e->p->alpha);
  uint64_t n_tests = 0, n_above = 0;
  (void) err;
#pragma omp parallel for schedule(static) num_threads(e->n_threads) reduction(+ : n_tests, n_above)
  for (size_t pair = 0; pair < e->n_pairs; pair++)
    take_pair(e, b, pair, threshold, &n_tests, &n_above);
  e->n_tests += n_tests;
  e->n_above += n_above;
  return MESO_OK;
}

/* Lowest coherence that Benjamini and Yekutieli's step-up procedure accepts, and how many reach
 * it; 1 if there is none. */
static double fdr_threshold(const estimate *e, double *ret_n)
{
  const double m = (double) e->n_tests;
  double harmonic = 0, best = 1, n = 0;
  *ret_n = 0;
  for (double k = m; k >= 1 && m < 1e6; k--) harmonic += 1 / k;
  if (m >= 1e6) harmonic = log(m) + 0.57721566490153286 + 0.5 / m; /* Euler's constant */
  for (size_t k = N_COUNTS; k-- > 0;) {
    n += (double) e->count[k];
    const double largest_p = exp2(-(double) k / FINENESS); /* of the step */
    if (!(n > 0 && largest_p <= e->p->alpha * n / (m * harmonic))) continue;
    best = 1 - pow(largest_p, 1 / (e->effective - 1));
    *ret_n = n;
  }
  return best;
}

static meso_status add_pairs(estimate *e, meso_result *result, meso_err *err)
{
  meso_status status = MESO_OK;
  const meso_signal *s = e->signal;
  const size_t dims[2] = {e->n_pairs, 2};
  double *distance = NULL;
  size_t p = 0;
  MESO_TRY(meso_result_add_in(result, e->group, "pairs", "1", 2, dims, &e->pair, err));
  for (size_t i = 0; i < s->n_channels; i++)
    for (size_t j = i + 1; j < s->n_channels; j++, p++) {
      e->pair[2 * p] = (double) i;
      e->pair[2 * p + 1] = (double) j;
    }
  if (s->position_um == NULL) goto cleanup;
  MESO_TRY(meso_result_add_in(result, e->group, "distance_um", "um", 1, dims, &distance, err));
  for (p = 0; p < e->n_pairs; p++) {
    const double *a = s->position_um + 3 * (size_t) e->pair[2 * p];
    const double *b = s->position_um + 3 * (size_t) e->pair[2 * p + 1];
    distance[p] = hypot(hypot(a[0] - b[0], a[1] - b[1]), a[2] - b[2]);
  }
cleanup:
  return status;
}

/* Which frequencies are kept. */
static meso_status add_frequencies(estimate *e, meso_result *result, meso_err *err)
{
  meso_status status = MESO_OK;
  const size_t n = meso_spectral_n_frequencies(e->plan);
  double *f = NULL;
  MESO_ALLOC(err, f, n);
  meso_spectral_frequencies(e->plan, f);
  size_t last = n;
  while (e->first < n && f[e->first] < e->p->f_min_Hz) e->first++;
  while (last > e->first && f[last - 1] > e->p->f_max_Hz) last--;
  e->n_frequencies = last - e->first;
  if (e->n_frequencies == 0)
    MESO_FAIL(err, MESO_ERANGE, "f_min_Hz %g Hz, f_max_Hz %g Hz: no frequency between them; they "
              "are %g Hz apart and end at %g Hz", e->p->f_min_Hz, e->p->f_max_Hz, f[1], f[n - 1]);
  MESO_TRY(meso_result_add_in(result, e->group, "frequency_Hz", "Hz", 1, &e->n_frequencies,
                              &e->frequency_Hz, err));
  memcpy(e->frequency_Hz, f + e->first, e->n_frequencies * sizeof *f);
cleanup:
  free(f);
  return status;
}

static meso_status add_bands(estimate *e, meso_result *result, meso_err *err)
{
  meso_status status = MESO_OK;
  const meso_doubles *edges = &e->p->bands_Hz;
  double *edge_Hz = NULL;
  MESO_TRY(meso_bands_check(edges, 0, INFINITY, err));
  e->n_bands = edges->n > 1 ? edges->n - 1 : 0;
  if (e->n_bands == 0) goto cleanup;
  const size_t dims[2] = {e->n_pairs, e->n_bands};
  MESO_TRY(meso_result_add_in(result, e->group, "band_edges_Hz", "Hz", 1, &edges->n, &edge_Hz,
                              err));
  memcpy(edge_Hz, edges->v, edges->n * sizeof *edge_Hz);
  MESO_TRY(meso_result_add_in(result, e->group, "band_mean", "1", 2, dims, &e->band, err));
  MESO_ALLOC(err, e->n_in_band, e->n_pairs * e->n_bands);
cleanup:
  return status;
}

static meso_status add_measures(estimate *e, const bool wanted[N_MEASURES], meso_result *result,
                                meso_err *err)
{
  meso_status status = MESO_OK;
  const size_t dims[2] = {e->n_pairs, e->n_frequencies};
  char units[128];
  size_t n = e->p->jackknife ? 2 : 0;
  meso_spectral_density_units(e->signal->units, units, sizeof units);
  for (int m = 0; m < N_MEASURES; m++) n += wanted[m];
  const double need_GB = 8e-9 * (double) n * (double) dims[0] * (double) dims[1];
  if (need_GB > e->p->memory_limit_GB)
    MESO_FAIL(err, MESO_ERANGE, "%zu measures of %zu pairs at %zu frequencies need %.3g GB, "
              "allowed are memory_limit_GB = %g GB: keep fewer measures or frequencies (measures, "
              "f_max_Hz, nperseg), or bands_only", n, dims[0], dims[1], need_GB,
              e->p->memory_limit_GB);
  for (int m = 0; m < N_MEASURES; m++)
    if (wanted[m])
      MESO_TRY(meso_result_add_in(result, e->group, measure[m].name,
                                  measure[m].units != NULL ? measure[m].units : units, 2, dims,
                                  &e->out[m], err));
  if (!e->p->jackknife) goto cleanup;
  MESO_TRY(meso_result_add_in(result, e->group, "magnitude_squared_low", "1", 2, dims, &e->low,
                              err));
  MESO_TRY(meso_result_add_in(result, e->group, "magnitude_squared_high", "1", 2, dims,
                              &e->high, err));
cleanup:
  return status;
}

static meso_status set_confidence(const estimate *e, meso_attrs *a, meso_err *err)
{
  meso_status status = MESO_OK;
  const double alpha = e->p->alpha, L = e->effective, n_tests = (double) e->n_tests;
  double n_significant = 0;
  const double least = fdr_threshold(e, &n_significant);
  char text[256];
  MESO_TRY(meso_attrs_set_number(a, "n_observations", (double) e->n_observations, err));
  MESO_TRY(meso_attrs_set_number(a, "effective_observations", L, err));
  MESO_TRY(meso_attrs_set_number(a, "bias_level", 1 / L, err));
  MESO_TRY(meso_attrs_set_number(a, "alpha", alpha, err));
  if (e->n_observations < 2) {
    MESO_TRY(meso_attrs_set_text(a, "undefined", "one segment and taper: the coherence would be 1 "
                                 "whatever the signals; take a shorter nperseg or more tapers",
                                 err));
    goto cleanup;
  }
  MESO_TRY(meso_attrs_set_number(a, "threshold", meso_coherence_threshold(L, alpha), err));
  MESO_TRY(meso_attrs_set_number(a, "n_tests", n_tests, err));
  MESO_TRY(meso_attrs_set_number(a, "n_above_threshold", (double) e->n_above, err));
  MESO_TRY(meso_attrs_set_number(a, "fdr_threshold", least, err));
  MESO_TRY(meso_attrs_set_number(a, "n_significant", n_significant, err));
  if (n_significant > 0)
    snprintf(text, sizeof text, "%.3g %% of the values are significant at a false discovery rate "
             "of %g, those from %.3g on", 100 * n_significant / n_tests, alpha, least);
  else
    snprintf(text, sizeof text, "bias alone: with %.3g effective observations no value differs "
             "from what unrelated signals give (%.3g on average)", L, 1 / L);
  MESO_TRY(meso_attrs_set_text(a, "finding", text, err));
cleanup:
  return status;
}

static meso_status set_attributes(const estimate *e, meso_result *result, meso_err *err)
{
  meso_status status = MESO_OK;
  meso_attrs *a = meso_result_group_attrs(result, e->group);
  if (a == NULL) MESO_FAIL(err, MESO_ENOMEM, "cannot allocate attributes");
  MESO_TRY(meso_attrs_set_text(a, "signal", e->signal->name, err));
  MESO_TRY(meso_spectral_set_attributes(e->plan, a, err));
  MESO_TRY(meso_attrs_set_text(a, "measures", e->p->measures, err));
  MESO_TRY(meso_attrs_set_text(a, "bands_only", e->p->bands_only ? "true" : "false", err));
  MESO_TRY(meso_attrs_set_text(a, "jackknife", e->p->jackknife ? "true" : "false", err));
  MESO_TRY(meso_attrs_set_number(a, "f_min_Hz", e->p->f_min_Hz, err));
  MESO_TRY(meso_attrs_set_number(a, "f_max_Hz", e->p->f_max_Hz, err));
  MESO_TRY(meso_attrs_set_text(a, "coherence", "magnitude squared", err));
  MESO_TRY(meso_attrs_set_text(a, "cross_spectrum", "conj(X_i) X_j: phase < 0 if j lags i", err));
  MESO_TRY(meso_attrs_set_text(a, "band_mean", "mean of magnitude_squared, biased as it is", err));
  MESO_TRY(set_confidence(e, a, err));
cleanup:
  return status;
}

static meso_status check(const estimate *e, meso_err *err)
{
  meso_status status = MESO_OK;
  if (e->signal->n_channels < 2)
    MESO_FAIL(err, MESO_EINVAL, "signal '%s' has one channel: coherence needs two",
              e->signal->name);
  if (e->p->jackknife && e->p->bands_only)
    MESO_FAIL(err, MESO_EINVAL, "jackknife and bands_only exclude each other");
  if (e->p->jackknife && meso_spectral_n_segments(e->plan) > 1 && e->p->spectral.overlap > 0)
    MESO_FAIL(err, MESO_EINVAL, "jackknife: needs independent segments: set overlap 0 (it is %g)",
              e->p->spectral.overlap);
  if (e->p->jackknife && e->n_observations < 3)
    MESO_FAIL(err, MESO_EINVAL, "jackknife: needs at least three segments or tapers");
cleanup:
  return status;
}

static meso_status run_estimate(estimate *e, meso_result *result, meso_err *err)
{
  meso_status status = MESO_OK;
  bool wanted[N_MEASURES] = {false};
  int needs = 0;
  MESO_TRY(check(e, err));
  MESO_TRY(choose_measures(e->p->measures, wanted, err));
  for (int m = 0; m < N_MEASURES; m++) {
    wanted[m] = wanted[m] && !e->p->bands_only;
    needs |= wanted[m] ? measure[m].needs : 0;
  }
  MESO_TRY(add_frequencies(e, result, err));
  MESO_TRY(add_pairs(e, result, err));
  MESO_TRY(add_measures(e, wanted, result, err));
  MESO_TRY(add_bands(e, result, err));
  const meso_cross_request request = {
    .plan = e->plan, .data = e->signal->data, .n_channels = e->signal->n_channels,
    .first = e->first, .n = e->n_frequencies, .unit = needs & NEEDS_UNIT, .lag = needs & NEEDS_LAG,
    .jackknife = e->p->jackknife, .n_threads = e->n_threads};
  MESO_TRY(meso_cross_run(&request, take, e, err));
  for (size_t i = 0; i < e->n_pairs * e->n_bands; i++) e->band[i] /= e->n_in_band[i];
  MESO_TRY(set_attributes(e, result, err));
cleanup:
  return status;
}

meso_status coherence_estimate(const coherence_params *p, const meso_signal *signal,
                               const meso_spectral_plan *plan, const char *group, int n_threads,
                               meso_result *result, meso_err *err)
{
  meso_status status = MESO_OK;
  estimate *e = NULL;
  MESO_ALLOC(err, e, 1);
  e->group = group;
  e->p = p;
  e->plan = plan;
  e->signal = signal;
  e->n_pairs = signal->n_channels * (signal->n_channels - 1) / 2;
  e->n_observations = meso_spectral_n_segments(plan) * meso_spectral_n_tapers(plan);
  e->effective = meso_spectral_effective_observations(plan);
  e->n_threads = n_threads;
  e->margin = p->spectral.method == MESO_WELCH ? 2 : (size_t) ceil(p->spectral.nw) + 1;
  MESO_TRY(run_estimate(e, result, err));
cleanup:
  if (e != NULL) free(e->n_in_band);
  free(e);
  return status;
}
