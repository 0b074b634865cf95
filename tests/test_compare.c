/* Comparison with published numbers: shipped files, verdicts, refusals, broken files. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "meso_compare.h"
#include "meso_forward.h"
#include "meso_recording.h"
#include "meso_test.h"

enum { N_SHIPPED = 5 };
static char shipped_path[N_SHIPPED][4096];
static const char *shipped[N_SHIPPED];

static void find_shipped(void)
{
  static const char *const name[N_SHIPPED] = { "bold", "pd14_nest", "spikes",
                                                "fields", "orderings" };
  for (size_t i = 0; i < N_SHIPPED; i++) {
    snprintf(shipped_path[i], sizeof shipped_path[i], "%s/%s.yaml",
             meso_test_path("data/measured"), name[i]);
    shipped[i] = shipped_path[i];
  }
}

static const struct meso_comparison_entry *find(const meso_comparison *c, const char *id)
{
  for (size_t i = 0; c != NULL && i < c->n; i++)
    if (strcmp(c->entry[i].id, id) == 0) return &c->entry[i];
  return NULL;
}

static bool starts(const char *text, const char *with)
{
  const bool yes = strncmp(text, with, strlen(with)) == 0;
  if (!yes) printf("# got: %s\n", text);
  return yes;
}

/* L4E fires at 4.5 Hz; one CV of 0.9 beside a NaN; correlation 0.02 within L4E, bin as given. */
static meso_result *make_result(double bin_ms)
{
  static const double rate[] = { 4, 5 }, cv[] = { 0.9, NAN };
  static const double r[] = { 1, 0.02, NAN, 0.02, 1, 0.5, NAN, 0.5, 1 };
  static const char *const label[] = { "L4E/0", "L4E/1", "L4I/0" };
  const size_t dims[] = { 3, 3 };
  meso_result *x = NULL;
  meso_array *a = NULL;
  CU_ASSERT_EQUAL_FATAL(meso_result_create(&x, NULL), MESO_OK);
  CU_ASSERT_EQUAL(meso_result_add_vector(x, "/statistics/L4E/rate_Hz", "Hz", 2, rate, NULL), 0);
  CU_ASSERT_EQUAL(meso_result_add_vector(x, "/statistics/L4E/cv_isi", "1", 2, cv, NULL), 0);
  CU_ASSERT_EQUAL(meso_result_add(x, "/correlation/coefficient", "1", 2, dims, &a, NULL), 0);
  memcpy(a->data, r, sizeof r);
  CU_ASSERT_EQUAL(meso_result_add_text(x, "/correlation/labels", 3, label, NULL), 0);
  meso_attrs *attrs = meso_result_group_attrs(x, "/correlation");
  CU_ASSERT_EQUAL(meso_attrs_set_number(attrs, "bin_ms", bin_ms, NULL), 0);
  return x;
}

static meso_comparison *compare(const char *names, const meso_result *r, const meso_signals *bold)
{
  meso_comparison *c = NULL;
  meso_err err = { .msg = "" };
  if (meso_compare_run(N_SHIPPED, shipped, names, r, NULL, bold, &c, &err) != MESO_OK)
    printf("# %s\n", err.msg);
  CU_ASSERT_PTR_NOT_NULL_FATAL(c);
  return c;
}

static void shipped_files(void)
{
  meso_comparison *c = compare(NULL, NULL, NULL);
  CU_ASSERT_EQUAL(c->n, 78);
  size_t n_orderings = 0;
  for (size_t i = 0; i < c->n; i++) {
    const bool ordering = strcmp(c->entry[i].kind, "ordering") == 0;
    const char *head = ordering ? "not computable: " : "nothing comparable: ";
    n_orderings += ordering;
    CU_ASSERT_TRUE(starts(c->entry[i].verdict, head));
    CU_ASSERT_TRUE(strlen(c->entry[i].verdict) > strlen(head) + 10); /* it says why */
    CU_ASSERT_STRING_EQUAL(c->entry[i].predicted, "");
  }
  CU_ASSERT_EQUAL(n_orderings, 18);
  meso_comparison_destroy(c);
  meso_comparison_destroy(NULL);
}

static void verdicts(void)
{
  meso_result *r = make_result(2);
  meso_comparison *c = compare("", r, NULL);
  const struct meso_comparison_entry *e = find(c, "pd14_rate_published_L4E");
  CU_ASSERT_TRUE(starts(e->verdict, "within range; a peer's simulation"));
  CU_ASSERT_TRUE(starts(e->predicted, "4.5 Hz (over 2 neurons)"));
  CU_ASSERT_STRING_EQUAL(e->measured, "4.414 Hz (4.368 to 4.746 Hz)");
  CU_ASSERT_TRUE(starts(find(c, "pd14_rate_nest310_L4E")->verdict, "above"));
  CU_ASSERT_TRUE(starts(find(c, "pd14_rate_nest310_L4I")->verdict, "nothing comparable"));
  e = find(c, "pd14_cv_isi_nest310_L4E");
  CU_ASSERT_TRUE(starts(e->predicted, "0.9 (over the 1 of 2 neurons"));
  e = find(c, "pd14_correlation_nest310_L4E");
  CU_ASSERT_TRUE(starts(e->predicted, "0.02 (over 1 pairs, bin 2 ms)"));
  CU_ASSERT_TRUE(starts(e->verdict, "above; a peer's"));
  e = find(c, "renart2010_rat_activated");
  CU_ASSERT_TRUE(starts(e->verdict, "no verdict: the bin differs: the run counts in 2 ms"));
  CU_ASSERT_TRUE(starts(e->predicted, "0.26 (over 2 pairs"));
  CU_ASSERT_PTR_NOT_NULL(strstr(e->verdict, "recalled"));
  e = find(c, "cohen2011_review");
  CU_ASSERT_TRUE(starts(e->verdict, "no verdict: the entry states no bin"));
  meso_comparison_destroy(c);
  meso_result_destroy(r);
  r = make_result(50);
  CU_ASSERT_EQUAL(meso_attrs_set_text(&r->attrs, "species", "cat", NULL), MESO_OK);
  c = compare("renart2010_rat_activated , bold", r, NULL);
  CU_ASSERT_EQUAL(c->n, 4);
  e = find(c, "renart2010_rat_activated");
  CU_ASSERT_TRUE(starts(e->verdict, "above; the entry is a single value"));
  CU_ASSERT_PTR_NOT_NULL(strstr(e->verdict, "species differs: rat, the run cat"));
  CU_ASSERT_PTR_NOT_NULL(strstr(e->verdict, "the run states none"));
  meso_comparison_destroy(c);
  meso_result_destroy(r);
}

static void bold_peak(void)
{
  meso_signals *s = NULL;
  meso_signal *b = NULL;
  CU_ASSERT_EQUAL_FATAL(meso_signals_create(&s, NULL), MESO_OK);
  CU_ASSERT_EQUAL_FATAL(meso_signals_add(s, "bold", "1", 3, 1, 0.5, 0, &b, NULL), MESO_OK);
  b->data[1] = 0.02;
  b->data[2] = -0.01;
  meso_comparison *c = compare("bold_typical_3t_7t", NULL, s);
  CU_ASSERT_TRUE(starts(c->entry[0].predicted, "2 % ("));
  CU_ASSERT_TRUE(starts(c->entry[0].verdict, "within range; species: human"));
  meso_comparison_destroy(c);
  b->data[2] = -0.5; /* the larger change is negative */
  c = compare("bold_typical_3t_7t", NULL, s);
  CU_ASSERT_TRUE(starts(c->entry[0].verdict, "below"));
  meso_comparison_destroy(c);
  CU_ASSERT_EQUAL(meso_attrs_set_text(&b->attrs, "model", "glover", NULL), MESO_OK);
  c = compare("bold_typical_3t_7t", NULL, s);
  CU_ASSERT_TRUE(starts(c->entry[0].verdict, "nothing comparable: the file does not say whether"));
  meso_comparison_destroy(c);
  meso_signals_destroy(s);
}

/* BOLD of every model: amplitudes of those whose gain is arbitrary get no verdict. */
static void bold_scales(void)
{
  static const char *const arbitrary[] = {"hrf", "glover", "volterra"};
  size_t n_arbitrary = 0;
  for (size_t i = 0; i < meso_forward_count(); i++) {
    const meso_forward_ops *ops = meso_forward_at(i);
    meso_signals *drive = NULL, *out = NULL;
    meso_signal *z = NULL;
    void *params = meso_calloc(1, ops->params_size);
    if (ops->needs_file) { /* hrf_file */
      CU_ASSERT_TRUE(ops->scale_free);
      free(params);
      continue;
    }
    const size_t C = ops->check.n_channels > 0 ? ops->check.n_channels : 1;
    CU_ASSERT_EQUAL_FATAL(meso_params_default(ops->params, params, NULL), MESO_OK);
    CU_ASSERT_EQUAL_FATAL(meso_signals_create(&drive, NULL), MESO_OK);
    CU_ASSERT_EQUAL_FATAL(meso_signals_create(&out, NULL), MESO_OK);
    CU_ASSERT_EQUAL_FATAL(meso_signals_add(drive, "z", "1", 100, C, 10, 0, &z, NULL), MESO_OK);
    for (size_t k = 0; k < 20 * C; k++) z->data[k] = 0.1;
    const meso_series series = meso_series_of_signal(z);
    CU_ASSERT_EQUAL_FATAL(ops->apply(params, &series, 1, 1, out, NULL), MESO_OK);
    meso_comparison *c = compare("bold_typical_3t_7t", NULL, out);
    bool wanted = false;
    for (size_t k = 0; k < 3; k++) wanted |= strcmp(ops->name, arbitrary[k]) == 0;
    CU_ASSERT_EQUAL(strstr(c->entry[0].verdict, "scale is arbitrary") != NULL, wanted);
    CU_ASSERT_EQUAL(c->entry[0].predicted[0] == '\0', wanted);
    n_arbitrary += wanted;
    meso_comparison_destroy(c);
    meso_params_clear(ops->params, params);
    free(params);
    meso_signals_destroy(drive);
    meso_signals_destroy(out);
  }
  CU_ASSERT_EQUAL(n_arbitrary, 3);
}

/* Scatter widens the range; a simulation's number is judged in its own state and, where it depends
 * on it, duration only. */
static void scatter_state_and_duration(void)
{
  static const double rate[] = { 4.35 };
  static const double cv[] = { 0.807 };
  meso_result *r = NULL;
  CU_ASSERT_EQUAL_FATAL(meso_result_create(&r, NULL), MESO_OK);
  CU_ASSERT_EQUAL(meso_result_add_vector(r, "/statistics/L4E/rate_Hz", "Hz", 1, rate, NULL), 0);
  CU_ASSERT_EQUAL(meso_result_add_vector(r, "/statistics/L4E/cv_isi", "1", 1, cv, NULL), 0);
  meso_attrs *attrs = meso_result_group_attrs(r, "/statistics");
  CU_ASSERT_EQUAL(meso_attrs_set_number(attrs, "t_start_ms", 100, NULL), MESO_OK);
  CU_ASSERT_EQUAL(meso_attrs_set_number(attrs, "t_stop_ms", 5100, NULL), MESO_OK);
  CU_ASSERT_EQUAL(meso_attrs_set_text(&r->attrs, "state", "spontaneous", NULL), MESO_OK);
  meso_comparison *c = compare("pd14_nest", r, NULL);
  CU_ASSERT_TRUE(starts(find(c, "pd14_rate_nest310_L4E")->verdict, "within range and scatter"));
  CU_ASSERT_TRUE(starts(find(c, "pd14_rate_published_L4E")->verdict, "within range and scatter"));
  CU_ASSERT_TRUE(starts(find(c, "pd14_cv_isi_nest310_L4E")->verdict, "within range; a peer's"));
  meso_comparison_destroy(c);
  CU_ASSERT_EQUAL(meso_attrs_set_number(attrs, "t_stop_ms", 10000, NULL), MESO_OK);
  meso_result_find(r, "/statistics/L4E/rate_Hz")->data[0] = 4.32;
  c = compare("pd14_nest", r, NULL);
  CU_ASSERT_TRUE(starts(find(c, "pd14_rate_nest310_L4E")->verdict, "below"));
  CU_ASSERT_TRUE(starts(find(c, "pd14_cv_isi_nest310_L4E")->verdict,
                        "no verdict: the duration differs: the entry has 5 s, the run 9.9 s"));
  meso_comparison_destroy(c);
  CU_ASSERT_EQUAL(meso_attrs_set_text(&r->attrs, "state", "stimulated", NULL), MESO_OK);
  c = compare("pd14_nest", r, NULL);
  CU_ASSERT_TRUE(starts(find(c, "pd14_rate_nest310_L4E")->verdict,
                        "no verdict: the run is stimulated, the entry spontaneous"));
  meso_comparison_destroy(c);
  meso_result_destroy(r);
}

#define HEAD "entries:\n  - id: x\n    kind: measurement\n    species: cat\n    state: s\n" \
  "    preparation: p\n    citation: c\n    certainty: read\n    note: n\n"
#define FILE_NAME "test_compare.tmp.yaml"

static meso_status run_text(const char *text, const meso_result *r, const meso_signals *lfp,
                            meso_comparison **c, meso_err *err)
{
  const char *file = FILE_NAME;
  FILE *f = fopen(file, "w");
  CU_ASSERT_PTR_NOT_NULL_FATAL(f);
  fputs(text, f);
  fclose(f);
  const meso_status status = meso_compare_run(1, &file, NULL, r, lfp, NULL, c, err);
  unlink(file);
  return status;
}

#define COHERENCE_ENTRY HEAD "    quantity: lfp_coherence_magnitude_squared\n    low: 0.1\n" \
  "    high: 0.6\n    unit: \"1\"\n    band_Hz: [30, 80]\n    distance_um: 300\n"

static void lfp_numbers(void)
{
  static const double f[] = { 10, 50 }, d[] = { 100, 400 }, value[] = { 0.9, 0.7, 0.5, 0.3 };
  const size_t dims[] = { 2, 2 };
  meso_result *r = NULL;
  meso_array *a = NULL;
  meso_signals *s = NULL;
  meso_signal *x = NULL;
  meso_comparison *c = NULL;
  CU_ASSERT_EQUAL_FATAL(meso_result_create(&r, NULL), MESO_OK);
  CU_ASSERT_EQUAL(meso_result_add_vector(r, "/coherence/frequency_Hz", "Hz", 2, f, NULL), 0);
  CU_ASSERT_EQUAL(meso_result_add_vector(r, "/coherence/distance_um", "um", 2, d, NULL), 0);
  CU_ASSERT_EQUAL(meso_result_add(r, "/coherence/magnitude_squared", "1", 2, dims, &a, NULL), 0);
  memcpy(a->data, value, sizeof value);
  CU_ASSERT_EQUAL(run_text(COHERENCE_ENTRY, r, NULL, &c, NULL), MESO_OK);
  CU_ASSERT_TRUE(starts(c->entry[0].predicted, "0.3 (30 to 80 Hz, 400 um)"));
  CU_ASSERT_TRUE(starts(c->entry[0].verdict, "within range; with its bias"));
  CU_ASSERT_PTR_NOT_NULL(strstr(c->entry[0].verdict, "; the nearest pair is 400 um apart"));
  meso_comparison_destroy(c);
  meso_attrs *attrs = meso_result_group_attrs(r, "/coherence");
  CU_ASSERT_EQUAL(meso_attrs_set_number(attrs, "effective_observations", 8, NULL), MESO_OK);
  CU_ASSERT_EQUAL(run_text(COHERENCE_ENTRY, r, NULL, &c, NULL), MESO_OK);
  CU_ASSERT_TRUE(starts(c->entry[0].predicted, "0.2 (30 to 80 Hz, 400 um, debiased)"));
  meso_comparison_destroy(c); /* (8 * 0.3 - 1) / 7 */
  CU_ASSERT_EQUAL_FATAL(meso_signals_create(&s, NULL), MESO_OK);
  CU_ASSERT_EQUAL_FATAL(meso_signals_add(s, "lfp", "mV", 2, 2, 1e3, 0, &x, NULL), MESO_OK);
  x->data[1] = 0.2; /* channel 1: 0.2, 0 -> 0.1 */
  CU_ASSERT_EQUAL(run_text(HEAD "    quantity: lfp_sd_mV\n    value: 0.2\n    unit: mV\n", NULL, s,
                           &c, NULL), MESO_OK);
  CU_ASSERT_TRUE(starts(c->entry[0].predicted, "0.1 mV (largest channel, 1"));
  CU_ASSERT_TRUE(starts(c->entry[0].verdict, "below"));
  meso_comparison_destroy(c);
  meso_signals_destroy(s);
  meso_result_destroy(r);
}

#define SD_ENTRY HEAD "    quantity: lfp_sd_mV\n    value: 0.7071\n    unit: mV\n" \
  "    band_Hz: [5, 100]\n"

static void check_sd(meso_signals *s, const char *predicted, const char *verdict)
{
  meso_comparison *c = NULL;
  CU_ASSERT_EQUAL_FATAL(run_text(SD_ENTRY, NULL, s, &c, NULL), MESO_OK);
  CU_ASSERT_TRUE(starts(c->entry[0].predicted, predicted));
  CU_ASSERT_TRUE(starts(c->entry[0].verdict, verdict));
  meso_comparison_destroy(c);
}

/* A sine of 1 mV at 20 Hz with one of 3 mV at 0.5 Hz: the band from 5 to 100 Hz has the first,
 * 1 / sqrt(2) = 0.7071 mV but for the ends. */
static void lfp_band(void)
{
  meso_signals *s = NULL, *filtered = NULL;
  meso_signal *x = NULL;
  enum { N = 8000 };
  CU_ASSERT_EQUAL_FATAL(meso_signals_create(&s, NULL), MESO_OK);
  CU_ASSERT_EQUAL_FATAL(meso_signals_add(s, "lfp", "mV", N, 1, 1e3, 0, &x, NULL), MESO_OK);
  for (size_t t = 0; t < N; t++)
    x->data[t] = sin(2 * M_PI * 0.02 * (double) t) + 3 * sin(2 * M_PI * 5e-4 * (double) t);
  check_sd(s, "0.7069 mV (largest channel, 0; 5 to 100 Hz, cut here", "below");
  meso_recording_params chain = {.high_pass_Hz = 5, .low_pass_Hz = 100, .order = 4, .seed = 1,
                                 .phase = MESO_PHASE_ZERO};
  CU_ASSERT_EQUAL_FATAL(meso_signals_create(&filtered, NULL), MESO_OK);
  CU_ASSERT_EQUAL_FATAL(meso_recording_apply(&chain, x, filtered, NULL), MESO_OK);
  check_sd(filtered, "0.7069 mV (largest channel, 0; 5 to 100 Hz, as its recording chain left it)",
           "below");
  meso_signals_truncate(filtered, 0);
  chain.high_pass_Hz = 10; /* and then wider: what is gone is gone */
  CU_ASSERT_EQUAL_FATAL(meso_recording_apply(&chain, x, filtered, NULL), MESO_OK);
  chain.high_pass_Hz = 1;
  meso_signals_truncate(s, 0);
  CU_ASSERT_EQUAL_FATAL(meso_recording_apply(&chain, &filtered->signal[0], s, NULL), MESO_OK);
  check_sd(s, "0.7", "no verdict: the band differs: the entry has 5 to 100 Hz, the run's LFP 10");
  meso_signals_destroy(filtered);
  meso_signals_destroy(s);
}

/* Correlation and coherence against distance as field_distance writes them: 2 bands, 4 classes. */
static meso_result *make_distances(void)
{
  static const double edges[] = {1, 10, 100}, d[] = {100, 200, 300, 400}, n[] = {4, 3, 2, 1};
  static const double coherence[] = {0.9, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3, 0.7};
  static const double correlation[] = {0, 0, 0, 0, 0, 0, 0, 0, 0.9, 0.5, 0.3, 0.2};
  static const double b_um[] = {50, 60, 170}, share[] = {0.9, 0.2, 0.95};
  meso_result *r = NULL;
  meso_array *a = NULL;
  CU_ASSERT_EQUAL_FATAL(meso_result_create(&r, NULL), MESO_OK);
  CU_ASSERT_EQUAL(meso_result_add_vector(r, "/field_distance/band_edges_Hz", "Hz", 3, edges, NULL),
                  MESO_OK);
  CU_ASSERT_EQUAL(meso_result_add_vector(r, "/field_distance/distance_um", "um", 4, d, NULL), 0);
  CU_ASSERT_EQUAL(meso_result_add_vector(r, "/field_distance/n_pairs", "1", 4, n, NULL), MESO_OK);
  CU_ASSERT_EQUAL(meso_result_add(r, "/field_distance/coherence", "1", 2, (size_t[]) {2, 4}, &a,
                                  NULL), MESO_OK);
  memcpy(a->data, coherence, sizeof coherence);
  CU_ASSERT_EQUAL(meso_result_add(r, "/field_distance/correlation", "1", 2, (size_t[]) {3, 4}, &a,
                                  NULL), MESO_OK);
  memcpy(a->data, correlation, sizeof correlation);
  CU_ASSERT_EQUAL(meso_result_add_vector(r, "/field_distance/correlation_fit_b_um", "um", 3, b_um,
                                         NULL), MESO_OK);
  CU_ASSERT_EQUAL(meso_result_add_vector(r, "/field_distance/correlation_fit_r_squared", "1", 3,
                                         share, NULL), MESO_OK);
  return r;
}

static void lengths(void)
{
  static const struct { const char *band, *predicted, *verdict; } row[] = {
    {"", "170 um (b of", "within range"}, {"    band_Hz: [1, 10]\n", "50 um", "below"},
    {"    band_Hz: [10, 100]\n", "60 um", "no verdict: the fitted decay explains less than 50 %"},
    {"    band_Hz: [2, 10]\n", "", "nothing comparable: the run has no band of 2 to 10 Hz"}};
  meso_result *r = make_distances();
  for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
    meso_comparison *c = NULL;
    char text[1024];
    snprintf(text, sizeof text, "%s    quantity: lfp_correlation_length_um\n    low: 100\n"
             "    high: 200\n    unit: um\n%s", HEAD, row[i].band);
    CU_ASSERT_EQUAL_FATAL(run_text(text, r, NULL, &c, NULL), MESO_OK);
    CU_ASSERT_TRUE(starts(c->entry[0].predicted, row[i].predicted));
    CU_ASSERT_TRUE(starts(c->entry[0].verdict, row[i].verdict));
    meso_comparison_destroy(c);
  }
  meso_result_destroy(r);
}

static void orderings(void)
{
  static const char coherence[] = "lfp_coherence_magnitude_squared";
  static const struct { const char *quantity, *unit, *greater, *lesser, *predicted, *verdict; }
    row[] = {
    /* (4 * 0.9 + 3 * 0.8 + 4 * 0.5 + 3 * 0.4) / 14 and (2 * 0.7 + 0.6 + 2 * 0.3 + 0.7) / 6 */
    {coherence, "1", "near", "far", "near 0.6571, far 0.55", "met"},
    {coherence, "1", "far", "near", "far 0.55, near 0.6571", "not met"},
    {coherence, "1", "low", "high", "low 0.8, high 0.45", "met"},
    {coherence, "1", "40-60 Hz", "other", "40-60 Hz 0.45, other 0.8", "not met"},
    {coherence, "1", "near 1-10 Hz", "far 1-10 Hz", "near 1-10 Hz 0.8571, far", "met"},
    {coherence, "1", "200-300 Hz", "other", "", "not computable: the run has no pair"},
    {coherence, "1", "nearby", "far", "", "not computable: the entry's sides 'nearby'"},
    {"lfp_correlation", "1", "near", "far", "near 0.7286, far 0.2667", "met"},
    {"lfp_spread_um", "um", "a", "b", "", "not computable: no analysis computes how far"},
    {"rate_mean_Hz", "Hz", "*I", "*E", "*I 6 Hz, *E 2 Hz", "met"},
    {"rate_mean_Hz", "Hz", "L4E", "*I", "L4E 3 Hz, *I 6 Hz", "not met"},
    {"rate_mean_Hz", "Hz", "x*", "*I", "", "not computable: the run has no rate_Hz"}};
  static const double rate[] = {1, 3, 6};
  meso_result *r = make_distances();
  CU_ASSERT_EQUAL(meso_result_add_vector(r, "/statistics/L5E/rate_Hz", "Hz", 1, rate, NULL), 0);
  CU_ASSERT_EQUAL(meso_result_add_vector(r, "/statistics/L4E/rate_Hz", "Hz", 1, rate + 1, NULL), 0);
  CU_ASSERT_EQUAL(meso_result_add_vector(r, "/statistics/L4I/rate_Hz", "Hz", 1, rate + 2, NULL), 0);
  for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
    meso_comparison *c = NULL;
    char text[1024];
    snprintf(text, sizeof text, "entries:\n  - id: x\n    kind: ordering\n    species: cat\n"
             "    state: s\n    preparation: p\n    citation: c\n    certainty: read\n    note: n\n"
             "    quantity: %s\n    unit: \"%s\"\n    greater: \"%s\"\n    lesser: \"%s\"\n",
             row[i].quantity, row[i].unit, row[i].greater, row[i].lesser);
    CU_ASSERT_EQUAL_FATAL(run_text(text, r, NULL, &c, NULL), MESO_OK);
    CU_ASSERT_TRUE(starts(c->entry[0].predicted, row[i].predicted));
    CU_ASSERT_TRUE(starts(c->entry[0].verdict, row[i].verdict));
    meso_comparison_destroy(c);
  }
  meso_result_destroy(r);
}

static void broken_files(void)
{
  static const struct { const char *text, *want; } row[] = {
    { "entries: [\n", FILE_NAME ":2" },
    { "other: 1\n", FILE_NAME ":" },
    { HEAD "    quantity: rate_mean_Hz\n    value: fast\n    unit: Hz\n", FILE_NAME ":11" },
    { HEAD "    quantity: rate_mean_Hz\n    value: 1\n    unit: mV\n", FILE_NAME ":2" },
    { HEAD "    quantity: rate_mean_Hz\n    unit: Hz\n", FILE_NAME ":2" },
    { HEAD "    quantity: rate_mean_Hz\n    value: 1\n    unit: Hz\n    greater: E\n",
      FILE_NAME ":2" },
    { HEAD "    quantity: speed\n    value: 1\n    unit: Hz\n", FILE_NAME ":10" },
    { HEAD "    quantity: rate_mean_Hz\n    valeu: 1\n    unit: Hz\n", FILE_NAME ":11" },
    { HEAD "    quantity: rate_mean_Hz\n    value: [1, 2]\n    unit: Hz\n", FILE_NAME ":11" },
    { HEAD "    quantity: rate_mean_Hz\n    low: 3\n    high: 2\n    unit: Hz\n", FILE_NAME ":2" },
  };
  for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
    meso_comparison *c = NULL;
    meso_err err = { .msg = "" };
    const meso_status status = run_text(row[i].text, NULL, NULL, &c, &err);
    CU_ASSERT_EQUAL(meso_status_exit_code(status), 3);
    CU_ASSERT_PTR_NULL(c);
    CU_ASSERT_TRUE(starts(err.msg, row[i].want));
  }
  meso_comparison *c = NULL;
  CU_ASSERT_EQUAL(meso_compare_run(N_SHIPPED, shipped, "nobody", NULL, NULL, NULL, &c, NULL),
                  MESO_ENOTFOUND);
}

int main(void)
{
  static const meso_test test[] = {
    { "shipped files", shipped_files }, { "verdicts", verdicts }, { "BOLD", bold_peak },
    { "scatter, state and duration", scatter_state_and_duration },
    { "scales of BOLD models", bold_scales }, { "LFP", lfp_numbers },
    { "LFP in a band", lfp_band }, { "lengths of correlation", lengths },
    { "orderings", orderings }, { "broken files", broken_files }, { NULL, NULL },
  };
  find_shipped();
  return meso_test_main("compare", test);
}
