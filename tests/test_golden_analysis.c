/* test_golden_analysis.c: analyses and BOLD models against the stored reference values. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analysis_run.h"
#include "meso_forward.h"
#include "meso_io.h"
#include "meso_spectral.h"

static double *load(const char *file, const char *dataset, size_t *dims)
{
  char path[4096];
  size_t n_dims = 0;
  double *data = NULL;
  meso_err err = {0};
  snprintf(path, sizeof path, "%s/%s", meso_test_path("tests/reference/analysis"), file);
  if (meso_h5_read_doubles(path, dataset, &n_dims, dims, &data, &err)) printf("# %s\n", err.msg);
  CU_ASSERT_PTR_NOT_NULL_FATAL(data);
  return data;
}

/* Largest difference over largest reference value; NaN must meet NaN. */
static void compare(const char *what, const double *got, const double *want, size_t n, double tol)
{
  double difference = 0, largest = 0;
  size_t unmatched = 0;
  for (size_t i = 0; i < n; i++) {
    unmatched += !isnan(got[i]) != !isnan(want[i]);
    if (isnan(got[i]) || isnan(want[i])) continue;
    difference = fmax(difference, fabs(got[i] - want[i]));
    largest = fmax(largest, fabs(want[i]));
  }
  printf("# %s: %.3g of peak, %zu unmatched NaN\n", what, difference / largest, unmatched);
  CU_ASSERT(unmatched == 0 && difference <= tol * largest);
}

static meso_spikes *load_spikes(void)
{
  const char *path = meso_test_path("tests/reference/analysis/spikes_small.h5");
  meso_spikes *spikes = NULL;
  CU_ASSERT_EQUAL_FATAL(meso_spikes_read(path, &spikes, NULL), MESO_OK);
  return spikes;
}

static void test_spikes(void)
{
  static const char *const bin[3] = {"2", "5", "100"};
  static const char *const st[4] = {"cv_isi", "cv2", "lv", "fano"};
  meso_spikes *spikes = load_spikes();
  meso_result *r = run("statistics", (const char *[]) {NULL}, spikes, NULL, 2);
  size_t dims[4];
  char a[200], b[200];
  for (int s = 0; s < 4; s++) {
    snprintf(b, sizeof b, "/statistics/%s", s == 3 ? "fano_1s" : st[s]);
    double *want = load("elephant_reference.h5", b, dims);
    for (int p = 0; p < 2; p++) {
      snprintf(a, sizeof a, "/statistics/%s/%s", p ? "I" : "E", st[s]);
      compare(a, meso_result_find(r, a)->data, want + 160 * p, p ? 40 : 160, 1e-10);
    }
    free(want);
    if (s == 3) continue;
    snprintf(b, sizeof b, "/statistics/edge_%s", st[s]);
    want = load("elephant_reference.h5", b, dims);
    snprintf(a, sizeof a, "/statistics/edge/%s", st[s]);
    compare(a, meso_result_find(r, a)->data, want, 8, 1e-10);
    free(want);
  }
  meso_result_destroy(r);
  for (int h = 0; h < 3; h++) {
    r = run("correlation", (const char *[]) {"bin_ms", bin[h], "populations", "E,I", NULL}, spikes,
            NULL, 2);
    snprintf(b, sizeof b, "/binned/%sms/covariance", bin[h]);
    double *want = load("elephant_reference.h5", b, dims);
    compare(b, meso_result_find(r, "/correlation/covariance")->data, want, 40000, 1e-10);
    free(want);
    snprintf(b, sizeof b, "/binned/%sms/correlation", bin[h]);
    want = load("elephant_reference.h5", b, dims);
    compare(b, meso_result_find(r, "/correlation/coefficient")->data, want, 40000, 1e-10);
    free(want);
    meso_result_destroy(r);
    r = run("correlation", (const char *[]) {"bin_ms", bin[h], "populations", "edge", NULL}, spikes,
            NULL, 1);
    snprintf(b, sizeof b, "/binned/%sms/edge_correlation", bin[h]);
    want = load("elephant_reference.h5", b, dims);
    compare(b, meso_result_find(r, "/correlation/coefficient")->data, want, 64, 1e-10);
    free(want);
    meso_result_destroy(r);
  }
  r = run("population_spectrum", (const char *[]) {"populations", "E,I", NULL}, spikes, NULL, 2);
  double *want = load("elephant_reference.h5", "/spectra/psd_population_counts", dims);
  compare("population_spectrum", meso_result_find(r, "/population_spectrum/psd_count")->data, want,
          2 * 513, 1e-9);
  free(want);
  meso_result_destroy(r);
  meso_spikes_destroy(spikes);
}

static void check_group(const meso_result *r, const char *group, size_t n_stored)
{
  static const char *const name[8][2] = {
    {"magnitude_squared", "coherence"}, {"phase", "phase"}, {"imaginary", "imaginary_coherency"},
    {"plv", "plv"}, {"pli", "pli"}, {"wpli", "wpli"}, {"dwpli2", "dwpli2"}, {NULL, NULL}};
  for (int m = 0; name[m][0] != NULL && (m < 3 || n_stored == 201); m++) {
    char a[200];
    size_t dims[4];
    snprintf(a, sizeof a, "/coherence/%s", name[m][0]);
    const meso_array *got = meso_result_find(r, a);
    snprintf(a, sizeof a, "/%s/%s", group, name[m][1]);
    double *want = load("spectral_reference.h5", a, dims), worst = 0;
    for (size_t p = 0; p < dims[0]; p++)
      for (size_t f = 1; f + 1 < n_stored; f++) {
        double d = fabs(got->data[p * got->dims[1] + f] - want[p * n_stored + f]);
        if (m == 1) d = fmin(d, fabs(d - 2 * M_PI));
        worst = fmax(worst, isnan(d) ? INFINITY : d);
      }
    printf("# %s: %.3g\n", a, worst);
    CU_ASSERT(worst < 1e-9);
    free(want);
  }
}

/* Rows of a result against stored ones: rows `at` (n), or all if NULL. */
static void compare_rows(const meso_result *r, const char *path, const char *stored, size_t n,
                         const size_t *at, double tol)
{
  size_t dims[4];
  const meso_array *got = meso_result_find(r, path);
  double *want = load("elephant_reference.h5", stored, dims), *rows;
  CU_ASSERT_PTR_NOT_NULL_FATAL(got);
  const size_t width = got->n_dims > 1 ? got->dims[1] : 1;
  rows = meso_calloc(n * width, sizeof *rows);
  for (size_t k = 0; k < n; k++)
    memcpy(rows + k * width, got->data + (at != NULL ? at[k] : k) * width, width * sizeof *rows);
  compare(stored, rows, want, n * width, tol);
  free(rows);
  free(want);
}

static void test_pairs(void)
{
  static const struct { const char *dt_ms, *stored; } tiling[2] = {
    {"5", "/pairs/sttc_5ms_exact"}, {"20", "/pairs/sttc_20ms_exact"}};
  meso_spikes *spikes = load_spikes();
  size_t dims[4], at[12], train[20];
  double *pair = load("elephant_reference.h5", "/pairs/pairs", dims);
  for (size_t k = 0; k < 12; k++) {
    const size_t i = (size_t) pair[2 * k], j = (size_t) pair[2 * k + 1];
    at[k] = i * (400 - i - 1) / 2 + (j - i - 1);
  }
  meso_result *r = run("cross_correlogram", (const char *[]) {"max_neurons", "0", "populations",
                       "E,I", NULL}, spikes, NULL, 2);
  compare_rows(r, "/cross_correlogram/lag_ms", "/pairs/lags", 201, NULL, 1e-15);
  compare_rows(r, "/cross_correlogram/counts", "/pairs/cch", 12, at, 0);
  compare_rows(r, "/cross_correlogram/border_corrected", "/pairs/cch_border_corrected", 12, at,
               1e-10);
  compare_rows(r, "/cross_correlogram/coefficient", "/pairs/cch_coefficient", 12, at, 1e-10);
  compare_rows(r, "/cross_correlogram/distance_um", "/pairs/distance", 12, at, 1e-10);
  meso_result_destroy(r);
  for (int k = 0; k < 2; k++) {
    r = run("sttc", (const char *[]) {"dt_ms", tiling[k].dt_ms, "populations", "E,I", NULL}, spikes,
            NULL, 2);
    compare_rows(r, "/sttc/value", tiling[k].stored, 12, at, 1e-10);
    meso_result_destroy(r);
  }
  free(pair);
  pair = load("elephant_reference.h5", "/spectra/train_index", dims);
  for (size_t k = 0; k < 20; k++) train[k] = (size_t) pair[k];
  free(pair);
  r = run("spike_spectrum", (const char *[]) {"populations", "E,I", NULL}, spikes, NULL, 2);
  compare_rows(r, "/spike_spectrum/psd_count", "/spectra/psd", 20, train, 1e-10);
  meso_result_destroy(r);
  meso_spikes_destroy(spikes);
}

/* Rates of all trains together, bin by bin; spread of the counts; correlations against distance. */
static void test_populations(void)
{
  meso_spikes *spikes = load_spikes();
  size_t dims[4];
  double mean[13];
  meso_result *r = run("synchrony", (const char *[]) {"populations", "E,I", NULL}, spikes, NULL, 2);
  double *want = load("elephant_reference.h5", "/population_rate_5ms", dims);
  const double *E = meso_result_find(r, "/synchrony/E/rate_Hz")->data;
  const double *I = meso_result_find(r, "/synchrony/I/rate_Hz")->data;
  MESO_CHECK_WORST(k, dims[0], fabs(0.8 * E[k] + 0.2 * I[k] - want[k]), 1e-10);
  free(want);
  want = load("elephant_reference.h5", "/binned/5ms/counts_sum_over_trains", dims);
  MESO_CHECK_WORST(k, dims[0], fabs((160 * E[k] + 40 * I[k]) * 5e-3 - want[k]), 1e-10);
  free(want);
  meso_result_destroy(r);
  r = run("correlation", (const char *[]) {"populations", "E,I", "distance_bin_um", "400",
          "summary", "true", NULL}, spikes, NULL, 2);
  want = load("elephant_reference.h5", "/binned/5ms/mean_correlation_vs_distance", dims);
  const meso_array *got = meso_result_find(r, "/correlation/all/distance_mean");
  CU_ASSERT_FATAL(got != NULL);
  for (size_t k = 0; k < 13; k++) mean[k] = k < got->dims[0] ? got->data[k] : NAN;
  compare("correlation against distance", mean, want, 13, 1e-10);
  CU_ASSERT_PTR_NULL(meso_result_find(r, "/correlation/coefficient"));
  free(want);
  meso_result_destroy(r);
  r = run("correlation", (const char *[]) {"populations", "E,I", "binary", "true", NULL}, spikes,
          NULL, 2);
  compare_rows(r, "/correlation/coefficient", "/binned/5ms/correlation_binary", 200, NULL, 1e-10);
  meso_result_destroy(r);
  meso_spikes_destroy(spikes);
}

/* The stored LFP, its first channels only. */
static meso_signals *load_lfp(size_t n_channels)
{
  size_t dims[4];
  double *lfp = load("lfp_small.h5", "/lfp", dims);
  meso_signals *s = NULL;
  meso_signal *x = NULL;
  CU_ASSERT_EQUAL_FATAL(meso_signals_create(&s, NULL), MESO_OK);
  CU_ASSERT_EQUAL_FATAL(meso_signals_add(s, "lfp", "uV", dims[1], n_channels, 1000, 0, &x, NULL),
                        0);
  for (size_t i = 0; i < n_channels * dims[1]; i++)
    x->data[i % dims[1] * n_channels + i / dims[1]] = lfp[i];
  free(lfp);
  return s;
}

/* The first n_stored columns of an array against a stored one. */
static void compare_columns(const meso_result *r, const char *path, const char *stored, bool wrap,
                            double tol)
{
  size_t dims[4];
  const meso_array *got = meso_result_find(r, path);
  double *want = load("spectral_reference.h5", stored, dims), worst = 0, largest = 0;
  CU_ASSERT_PTR_NOT_NULL_FATAL(got);
  CU_ASSERT_EQUAL_FATAL(got->dims[0], dims[0]);
  for (size_t i = 0; i < dims[0]; i++)
    for (size_t f = 1; f < dims[1]; f++) {
      double d = fabs(got->data[i * got->dims[1] + f] - want[i * dims[1] + f]);
      if (wrap) d = fmin(d, fabs(d - 2 * M_PI));
      worst = fmax(worst, isnan(d) ? INFINITY : d);
      largest = fmax(largest, fabs(want[i * dims[1] + f]));
    }
  printf("# %s: %.3g of peak\n", stored, worst / largest);
  CU_ASSERT(worst <= tol * largest);
  free(want);
}

/* The whole minute as one segment: tapers of 60,000 samples. */
static void test_whole_record(void)
{
  static const char *const weights[3] = {"unweighted", "eigenvalue", "adaptive"};
  /* the tapers of the peers are good to 1e-9, and phases of small cross-spectra to less */
  static const struct { const char *path, *stored; int weights; double tol; } c[] = {
    {"/spectrum/psd", "/multitaper_whole/psd_K7_unweighted", 0, 1e-9},
    {"/coherence/magnitude_squared", "/multitaper_whole/coherence_K7_unweighted", 0, 1e-9},
    {"/coherence/phase", "/multitaper_whole/phase_K7_unweighted", 0, 1e-8},
    {"/spectrum/psd", "/multitaper_whole/psd_K7_eigenweighted", 1, 1e-9},
    {"/spectrum/psd", "/multitaper_whole/psd_nitime_K7_eigenweighted", 1, 1e-9},
    {"/coherence/magnitude_squared", "/multitaper_whole/coherence_K7_eigenweighted", 1, 1e-9},
    {"/coherence/magnitude_squared", "/multitaper_whole/coherence_nitime_K7_eigenweighted", 1,
     1e-9},
    /* the two differ from each other: they stop their iteration early */
    {"/spectrum/psd", "/multitaper_whole/psd_nitime_K7_adaptive", 2, 0.04},
    {"/spectrum/psd", "/multitaper_whole/psd_mne_K7_adaptive", 2, 0.04}};
  meso_signals *s = load_lfp(4);
  for (int w = 0; w < 3; w++) {
    const char *const set[] = {"method", "multitaper", "nperseg", "60000", "weights", weights[w],
                               NULL};
    meso_result *spectrum = run("spectrum", set, NULL, s, 2);
    meso_result *coherence = run("coherence", set, NULL, s, 2);
    for (size_t k = 0; k < sizeof c / sizeof *c; k++)
      if (c[k].weights == w)
        compare_columns(c[k].path[1] == 's' ? spectrum : coherence, c[k].path, c[k].stored,
                        strstr(c[k].path, "phase") != NULL, c[k].tol);
    meso_result_destroy(spectrum);
    meso_result_destroy(coherence);
  }
  meso_signals_destroy(s);
}

/* Counts of the locked trains with the LFP, as Elephant has it. */
static void test_spike_field(void)
{
  enum { N = 8, C = 6, N_F = 205 };
  size_t dims[4];
  double *time_ms = load("lfp_small.h5", "/spikes/locked/timestamps", dims), worst = 0;
  const size_t n = dims[0];
  double *id = load("lfp_small.h5", "/spikes/locked/node_ids", dims);
  double *want = load("spectral_reference.h5", "/spike_field/sfc", dims);
  meso_signals *lfp = load_lfp(C);
  meso_spikes *s = NULL;
  CU_ASSERT_EQUAL_FATAL(meso_spikes_create(1, &s, NULL), MESO_OK);
  CU_ASSERT_FATAL(dims[0] == N && dims[1] == C && dims[2] == N_F);
  s->t_stop_ms = 60000;
  s->population[0] = (meso_spike_population) {.name = meso_strdup("locked"), .size = N,
                                              .n_spikes = n, .time_ms = time_ms,
                                              .id = meso_calloc(n, sizeof(uint32_t))};
  for (size_t k = 0; k < n; k++) s->population[0].id[k] = (uint32_t) id[k];
  CU_ASSERT_EQUAL_FATAL(meso_spikes_sort(&s->population[0], NULL), MESO_OK);
  meso_result *r = run("spike_field", (const char *[]) {NULL}, s, lfp, 2);
  const meso_array *got = meso_result_find(r, "/spike_field/coherence");
  CU_ASSERT_PTR_NOT_NULL_FATAL(got);
  for (size_t i = 0; i < N * C; i++)
    for (size_t f = 0; f < N_F; f++)
      worst = fmax(worst, fabs(got->data[i * got->dims[2] + f] - want[i * N_F + f]));
  printf("# spike-field coherence: %.3g\n", worst);
  CU_ASSERT(worst < 1e-9);
  meso_result_destroy(r);
  meso_spikes_destroy(s);
  meso_signals_destroy(lfp);
  free(id);
  free(want);
}

static void test_tapers(void)
{
  size_t dims[4];
  double *want = load("spectral_reference.h5", "/multitaper_segmented/tapers", dims);
  double *share = load("spectral_reference.h5", "/multitaper_segmented/taper_eigenvalues", dims);
  double *taper = meso_calloc(8 * 60000, sizeof *taper), got[8];
  CU_ASSERT_EQUAL_FATAL(meso_dpss(1000, 4, 7, taper, got, NULL), MESO_OK);
  compare("tapers", taper, want, 7000, 1e-11);
  compare("energies in the band", got, share, 7, 1e-12);
  free(want);
  free(share);
  share = load("spectral_reference.h5", "/multitaper_whole/eigenvalues_first8", dims);
  CU_ASSERT_EQUAL_FATAL(meso_dpss(60000, 4, 8, taper, got, NULL), MESO_OK);
  compare("energies of long tapers", got, share, 8, 1e-10);
  free(share);
  free(taper);
}

static void test_signals(void)
{
  size_t psd_dims[4];
  meso_signals *s = load_lfp(6);
  meso_result *r = run("spectrum", (const char *[]) {NULL}, NULL, s, 2);
  double *want = load("spectral_reference.h5", "/welch/psd", psd_dims);
  compare("welch psd", meso_result_find(r, "/spectrum/psd")->data, want, 6 * 513, 1e-9);
  free(want);
  meso_result_destroy(r);
  r = run("coherence", (const char *[]) {NULL}, NULL, s, 1);
  meso_result *r7 = run("coherence", (const char *[]) {NULL}, NULL, s, 7);
  CU_ASSERT(r->n == r7->n);
  for (size_t i = 0; i < r->n; i++)
    CU_ASSERT(memcmp(r->array[i].data, r7->array[i].data,
                     meso_array_count(&r->array[i]) * sizeof(double)) == 0);
  check_group(r, "welch", 513);
  meso_result_destroy(r);
  meso_result_destroy(r7);
  r = run("coherence", (const char *[]) {"method", "multitaper", "nperseg", "1000", "overlap", "0",
          NULL}, NULL, s, 2);
  check_group(r, "multitaper_segmented", 201);
  static const char *const peer[3][2] = {{"magnitude_squared", "coherence_magnitude"},
    {"ppc", "pairwise_phase_consistency"},
    {"dwpli2", "debiased_squared_weighted_phase_lag_index"}};
  for (int m = 0; m < 3; m++) {
    char path[64], stored[128];
    snprintf(path, sizeof path, "/coherence/%s", peer[m][0]);
    snprintf(stored, sizeof stored, "/peers/spectral_connectivity/own_tapers/%s", peer[m][1]);
    compare_columns(r, path, stored, false, 1e-9);
  }
  meso_result_destroy(r);
  r = run("spectrum", (const char *[]) {"method", "multitaper", "nperseg", "1000", "overlap", "0",
          NULL}, NULL, s, 2);
  want = load("spectral_reference.h5", "/multitaper_segmented/psd", psd_dims);
  compare("multitaper psd", meso_result_find(r, "/spectrum/psd")->data, want, 6 * 501, 1e-9);
  free(want);
  meso_result_destroy(r);
  meso_signals_destroy(s);
}

static void test_bold(void)
{
  static const char *const model[4] = {"friston2003", "stephan2007", "stephan2007", "hrf"};
  static const char *const set[4][2] = {{"E0", "0.34"}, {"epsilon", "1"}, {"epsilon", "0.4"},
                                        {"normalisation", "none"}};
  static const char *const golden[4] = {"/bold_friston2003", "/bold_stephan2007_eps1",
                                        "/bold_stephan2007_eps0.4", "/hrf/bold_boxcar_exact"};
  size_t dims[4];
  double *z = load("bold_reference.h5", "/drive", dims);
  for (int m = 0; m < 4; m++) {
    const meso_forward_ops *ops = meso_forward_by_name(model[m]);
    void *params = meso_calloc(1, ops->params_size);
    meso_signals *s = NULL, *out = NULL;
    meso_signal *x = NULL;
    meso_err err = {0};
    size_t want_dims[4];
    double *want = load("bold_reference.h5", golden[m], want_dims);
    const size_t n = m == 3 ? want_dims[0] : want_dims[1], regions = m == 3 ? 1 : 4;
    CU_ASSERT_EQUAL_FATAL(meso_params_default(ops->params, params, &err), MESO_OK);
    CU_ASSERT_EQUAL(meso_params_set(ops->params, params, set[m][0], set[m][1], NULL, &err), 0);
    CU_ASSERT_EQUAL_FATAL(meso_signals_create(&s, &err), MESO_OK);
    CU_ASSERT_EQUAL_FATAL(meso_signals_create(&out, &err), MESO_OK);
    CU_ASSERT_EQUAL_FATAL(meso_signals_add(s, "drive", "1", dims[1], 4, 100, 0, &x, &err), 0);
    for (size_t i = 0; i < 4 * dims[1]; i++) x->data[i % dims[1] * 4 + i / dims[1]] = z[i];
    const meso_series series = meso_series_of_signal(x);
    CU_ASSERT_EQUAL_FATAL(ops->apply(params, &series, 0.1, 2, out, &err), MESO_OK);
    CU_ASSERT_EQUAL(out->signal[0].n_times, 601);
    for (size_t c = 0; c < regions; c++) {
      double *got = meso_calloc(n, sizeof *got);
      for (size_t k = 0; k < n; k++) got[k] = out->signal[0].data[4 * k + c];
      compare(golden[m], got, want + c * n, n, 1e-8);
      free(got);
    }
    meso_signals_destroy(s);
    meso_signals_destroy(out);
    meso_params_clear(ops->params, params);
    free(params);
    free(want);
  }
  free(z);
}

int main(void)
{
  static const meso_test tests[] = {
    {"statistics, correlations and population spectra equal elephant's", test_spikes},
    {"cross-correlograms, STTC and spectra of trains equal elephant's", test_pairs},
    {"population rates and correlations against distance equal elephant's", test_populations},
    {"spectra, coherence and phase measures equal the reference", test_signals},
    {"spike-field coherence equals elephant's", test_spike_field},
    {"tapers and the shares of their energy equal the reference", test_tapers},
    {"multitaper of a whole record, with three kinds of weights, equals the reference",
     test_whole_record},
    {"BOLD equals the reference to 1e-8 of its peak", test_bold},
    {NULL, NULL}};
  return meso_test_main("golden_analysis", tests);
}
