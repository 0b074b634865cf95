/* ensemble_run.c: prediction bands and shares of variance of an ensemble. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <gsl/gsl_cdf.h>

#include "ensemble_members.h"

enum { N_BANDS = 6 };
static const double band_Hz[N_BANDS][2] = {{1, 4}, {4, 8}, {8, 13}, {13, 30}, {30, 80}, {80, 150}};
static const double confidence = 0.95;

/* Values of members on a scale on which they vary about evenly, and back. */
typedef struct scale { double (*to)(double), (*from)(double); } scale;

static double to_dB(double psd) { return 10 * log10(psd); }
static double from_dB(double dB) { return pow(10, dB / 10); }
static double to_z(double coherence) { return atanh(fmin(sqrt(coherence), 1 - 1e-12)); }
static double from_z(double z) { return tanh(fmax(z, 0)) * tanh(fmax(z, 0)); }
static double same(double x) { return x; }

/* One quantity of all members: rows are channels or pairs. */
typedef struct quantity {
  const char *name;
  const double *value;    /* (factor, member, row, frequency) */
  const double *own;      /* (row, frequency) */
  size_t n_members, n_rows, n_frequencies;
  const double *frequency_Hz;
  scale bands, spread;    /* of the prediction bands; of variances */
} quantity;

/* ---- bands -------------------------------------------------------------------------------- */

/** Mean and standard deviation over the members of a factor. */
static void moments(const quantity *q, double (*to)(double), size_t factor, size_t at,
                    double *mean, double *sd)
{
  const size_t n = q->n_members, size = q->n_rows * q->n_frequencies;
  double sum = 0, squares = 0;
  for (size_t i = 0; i < n; i++) sum += to(q->value[(factor * n + i) * size + at]);
  *mean = sum / (double) n;
  for (size_t i = 0; i < n; i++) {
    const double d = to(q->value[(factor * n + i) * size + at]) - *mean;
    squares += d * d;
  }
  *sd = sqrt(squares / (double) (n - 1));
}

static meso_status add_rows(const quantity *q, const char *ending, const char *units,
                            meso_result *result, double **ret, meso_err *err)
{
  meso_status status = MESO_OK;
  char path[64];
  meso_array *array;
  (void) snprintf(path, sizeof path, "/ensemble/%s%s", q->name, ending);
  MESO_TRY(meso_result_add(result, path, units, 2, (size_t[]) {q->n_rows, q->n_frequencies},
                           &array, err));
  *ret = array->data;
cleanup:
  return status;
}

static meso_status add_bands(const quantity *q, const char *units, meso_result *result,
                             meso_err *err)
{
  meso_status status = MESO_OK;
  const double n = (double) q->n_members;
  const double t = gsl_cdf_tdist_Pinv(0.5 + 0.5 * confidence, n - 1) * sqrt(1 + 1 / n);
  double *own, *low, *middle, *high;
  MESO_TRY(add_rows(q, "", units, result, &own, err));
  MESO_TRY(add_rows(q, "_low", units, result, &low, err));
  MESO_TRY(add_rows(q, "_mean", units, result, &middle, err));
  MESO_TRY(add_rows(q, "_high", units, result, &high, err));
  memcpy(own, q->own, q->n_rows * q->n_frequencies * sizeof *own);
  for (size_t i = 0; i < q->n_rows * q->n_frequencies; i++) {
    double mean, sd;
    moments(q, q->bands.to, MESO_FACTOR_ALL, i, &mean, &sd);
    low[i] = q->bands.from(mean - t * sd);
    middle[i] = q->bands.from(mean);
    high[i] = q->bands.from(mean + t * sd);
  }
cleanup:
  return status;
}

static meso_status add_spread(const quantity *q, const char *name, const char *units,
                              meso_result *result, double **ret_sd, meso_err *err)
{
  meso_status status = MESO_OK;
  const size_t size = q->n_rows * q->n_frequencies;
  char path[64];
  double mean;
  meso_array *array;
  (void) snprintf(path, sizeof path, "/ensemble/%s", name);
  MESO_TRY(meso_result_add(result, path, units, 3,
                           (size_t[]) {MESO_N_FACTORS, q->n_rows, q->n_frequencies}, &array, err));
  for (size_t f = 0; f < MESO_N_FACTORS; f++)
    for (size_t i = 0; i < size; i++)
      moments(q, q->spread.to, f, i, &mean, array->data + f * size + i);
  *ret_sd = array->data;
cleanup:
  return status;
}

/* ---- shares ------------------------------------------------------------------------------- */

/** Mean variance of a factor in one row (or all, row = n_rows) and one band; NAN without any
 *  frequency. */
static double band_variance(const quantity *q, const double *sd, size_t factor, size_t row,
                            size_t band)
{
  double sum = 0, n = 0;
  for (size_t r = 0; r < q->n_rows; r++) {
    if (row < q->n_rows && r != row) continue;
    for (size_t k = 0; k < q->n_frequencies; k++) {
      const double s = sd[(factor * q->n_rows + r) * q->n_frequencies + k];
      if (q->frequency_Hz[k] < band_Hz[band][0] || q->frequency_Hz[k] >= band_Hz[band][1]
          || !isfinite(s))
        continue;
      sum += s * s;
      n++;
    }
  }
  return n > 0 ? sum / n : NAN;
}

/** Mean over bands. */
static double mean_variance(const quantity *q, const double *sd, size_t factor, size_t row)
{
  double sum = 0, n = 0;
  for (size_t b = 0; b < N_BANDS; b++) {
    const double v = band_variance(q, sd, factor, row, b);
    if (!isfinite(v)) continue;
    sum += v;
    n++;
  }
  return n > 0 ? sum / n : NAN;
}

static meso_status add_share(const quantity *q, const char *ending, size_t n, meso_result *result,
                             double **ret, meso_err *err)
{
  meso_status status = MESO_OK;
  char path[64];
  meso_array *array;
  (void) snprintf(path, sizeof path, "/ensemble/share_%s%s", q->name, ending);
  MESO_TRY(meso_result_add(result, path, "1", n > 0 ? 2 : 1, (size_t[]) {MESO_N_FACTORS, n},
                           &array, err));
  *ret = array->data;
cleanup:
  return status;
}

static meso_status add_shares(const quantity *q, const double *sd, meso_result *result,
                              meso_err *err)
{
  meso_status status = MESO_OK;
  const size_t all = MESO_FACTOR_ALL, R = q->n_rows;
  double *share, *by_row, *by_band;
  MESO_TRY(add_share(q, "", 0, result, &share, err));
  MESO_TRY(add_share(q, "_row", R, result, &by_row, err));
  MESO_TRY(add_share(q, "_band", N_BANDS, result, &by_band, err));
  for (size_t f = 0; f < MESO_N_FACTORS; f++) {
    share[f] = mean_variance(q, sd, f, R) / mean_variance(q, sd, all, R);
    for (size_t r = 0; r < R; r++)
      by_row[f * R + r] = mean_variance(q, sd, f, r) / mean_variance(q, sd, all, r);
    for (size_t b = 0; b < N_BANDS; b++)
      by_band[f * N_BANDS + b] = band_variance(q, sd, f, R, b) / band_variance(q, sd, all, R, b);
  }
cleanup:
  return status;
}

/* ---- result ------------------------------------------------------------------------------- */

static meso_status add_axes(const meso_model *model, const ensemble_members *m,
                            meso_result *result, meso_err *err)
{
  meso_status status = MESO_OK;
  const meso_points *contacts = &model->probe.contacts;
  meso_array *array;
  MESO_TRY(meso_result_add_text(result, "/ensemble/factor", MESO_N_FACTORS,
                                meso_ensemble_factor_name, err));
  MESO_TRY(meso_result_add_vector(result, "/ensemble/frequency_Hz", "Hz", m->n_frequencies,
                                  m->frequency_Hz, err));
  MESO_TRY(meso_result_add(result, "/ensemble/positions", "um", 2, (size_t[]) {contacts->n, 3},
                           &array, err));
  memcpy(array->data, contacts->xyz_um, 3 * contacts->n * sizeof(double));
  MESO_TRY(meso_result_add(result, "/ensemble/band_Hz", "Hz", 2, (size_t[]) {N_BANDS, 2}, &array,
                           err));
  memcpy(array->data, band_Hz, sizeof band_Hz);
  if (m->n_pairs == 0) goto cleanup;
  MESO_TRY(meso_result_add(result, "/ensemble/pairs", "1", 2, (size_t[]) {m->n_pairs, 2}, &array,
                           err));
  memcpy(array->data, m->pair, 2 * m->n_pairs * sizeof *m->pair);
cleanup:
  return status;
}

static meso_status add_deviations(const ensemble_members *m, meso_result *result, meso_err *err)
{
  meso_status status = MESO_OK;
  const size_t dims[3] = {MESO_N_FACTORS, m->n, m->n_channels};
  meso_array *array;
  MESO_TRY(meso_result_add_vector(result, "/ensemble/own_sd", "mV", m->n_channels, m->own_sd,
                                  err));
  MESO_TRY(meso_result_add(result, "/ensemble/lfp_sd", "mV", 3, dims, &array, err));
  memcpy(array->data, m->sd, dims[0] * dims[1] * dims[2] * sizeof *m->sd);
  MESO_TRY(meso_result_add(result, "/ensemble/difference", "1", 3, dims, &array, err));
  memcpy(array->data, m->difference, dims[0] * dims[1] * dims[2] * sizeof *m->sd);
cleanup:
  return status;
}

/** Spread of the LFP's standard deviation over members of "all", relative: mean over channels. */
static double relative_spread(const ensemble_members *m)
{
  double total = 0;
  for (size_t c = 0; c < m->n_channels; c++) {
    double sum = 0, squares = 0;
    for (size_t i = 0; i < m->n; i++) {
      const double x = m->sd[(MESO_FACTOR_ALL * m->n + i) * m->n_channels + c];
      sum += x / (double) m->n;
      squares += x * x / (double) m->n;
    }
    total += sqrt(fmax(0, squares - sum * sum) * (double) m->n / (double) (m->n - 1)) / sum;
  }
  return total / (double) m->n_channels;
}

static meso_status describe(const meso_model *model, const ensemble_members *m,
                            const double *psd_sd, const quantity *psd, meso_result *result,
                            meso_err *err)
{
  meso_status status = MESO_OK;
  const double *share = meso_result_find(result, "/ensemble/share_psd")->data;
  const double spread_dB = sqrt(mean_variance(psd, psd_sd, MESO_FACTOR_ALL, psd->n_rows));
  size_t most = 0;
  double sum = 0;
  for (size_t f = 0; f < MESO_FACTOR_ALL; f++) {
    sum += share[f];
    if (share[f] > share[most]) most = f;
  }
  const struct { const char *key; double value; } number[] = {
    {"members", (double) m->n}, {"confidence", confidence},
    {"sigma_rel_sd", model->lfp.ensemble_sigma_rel_sd},
    {"shift_um", model->lfp.ensemble_shift_um}, {"n_cells", (double) model->lfp.n_cells},
    {"discard_ms", model->analysis.discard_ms}, {"nperseg", (double) model->analysis.nperseg},
    {"overlap", model->analysis.overlap}, {"sd_relative_spread", relative_spread(m)},
    {"psd_spread_dB", spread_dB}, {"largest_share", share[most]}, {"sum_of_shares", sum}};
  meso_attrs *a = meso_result_group_attrs(result, "/ensemble");
  if (a == NULL) MESO_FAIL(err, MESO_ENOMEM, "cannot add attributes");
  for (size_t i = 0; i < sizeof number / sizeof number[0]; i++)
    MESO_TRY(meso_attrs_set_number(a, number[i].key, number[i].value, err));
  MESO_TRY(meso_attrs_set_text(a, "largest", meso_ensemble_factor_name[most], err));
  MESO_TRY(meso_attrs_set_text(a, "coherence", "magnitude squared", err));
  MESO_TRY(meso_attrs_set_text(a, "doc", "LFP of the same spikes under other assumptions; bands "
                               "hold 95 % of further members, and not the error of the estimators, "
                               "which all members have in common", err));
  if (model->lfp.n_cells > 0)
    MESO_TRY(meso_attrs_set_text(a, "note", "fewer cells than the network has: what is drawn cell "
                                 "by cell averages out less, and bands are wider, than with all",
                                 err));
cleanup:
  return status;
}

meso_status meso_ensemble_run(const meso_model *model, size_t n_dirs,
                              const char *const *morphology_dirs, const meso_spikes *spikes,
                              const meso_ensemble_options *options, meso_result **ret_result,
                              meso_err *err)
{
  meso_status status = MESO_OK;
  const size_t n = model->lfp.ensemble > 0 ? (size_t) model->lfp.ensemble : MESO_ENSEMBLE_MEMBERS;
  ensemble_members m = {0};
  meso_result *result = NULL;
  double *psd_sd, *coherence_sd;
  MESO_TRY(ensemble_members_make(model, n_dirs, morphology_dirs, n, spikes, options, &m, err));
  const quantity psd = {"psd", m.psd, m.own_psd, n, m.n_channels, m.n_frequencies, m.frequency_Hz,
                        {to_dB, from_dB}, {to_dB, from_dB}};
  const quantity coherence = {"coherence", m.coherence, m.own_coherence, n, m.n_pairs,
                              m.n_frequencies, m.frequency_Hz, {to_z, from_z}, {same, same}};
  MESO_TRY(meso_result_create(&result, err));
  MESO_TRY(add_axes(model, &m, result, err));
  MESO_TRY(add_bands(&psd, m.units, result, err));
  MESO_TRY(add_spread(&psd, "psd_sd_dB", "dB", result, &psd_sd, err));
  MESO_TRY(add_shares(&psd, psd_sd, result, err));
  if (m.n_pairs > 0) {
    MESO_TRY(add_bands(&coherence, "1", result, err));
    MESO_TRY(add_spread(&coherence, "coherence_sd", "1", result, &coherence_sd, err));
    MESO_TRY(add_shares(&coherence, coherence_sd, result, err));
  }
  MESO_TRY(add_deviations(&m, result, err));
  MESO_TRY(describe(model, &m, psd_sd, &psd, result, err));
  *ret_result = result;
  result = NULL;
cleanup:
  ensemble_members_clear(&m);
  meso_result_destroy(result);
  return status;
}
