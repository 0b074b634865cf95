/* test_plot_analysis.c: figures of analyses that a run does not make by itself: the analysis of
 * made-up data is drawn, with labelled axes and as many data as it has. */
#include <stdlib.h>
#include <string.h>

#include "analysis_run.h"
#include "meso_contrast.h"
#include "meso_plot.h"

enum { N = 30, T_MS = 20000, N_TIMES = 8192, N_CHANNELS = 6 };

static double uniform(uint32_t stream, uint32_t i) { return draw_uniform(31, stream, i); }

/* Two populations of Poisson trains with places. */
static meso_spikes *make_spikes(void)
{
  static const char *const name[2] = {"E", "I"};
  meso_spikes *s = NULL;
  CU_ASSERT_EQUAL_FATAL(meso_spikes_create(2, &s, NULL), MESO_OK);
  s->t_stop_ms = T_MS;
  for (uint32_t p = 0; p < 2; p++) {
    meso_spike_population *x = &s->population[p];
    x->name = meso_strdup(name[p]);
    x->size = N;
    x->n_spikes = 4000;
    x->time_ms = meso_calloc(x->n_spikes, sizeof *x->time_ms);
    x->id = meso_calloc(x->n_spikes, sizeof *x->id);
    x->position_um = meso_calloc(3 * N, sizeof *x->position_um);
    for (uint32_t k = 0; k < x->n_spikes; k++) {
      x->time_ms[k] = T_MS * uniform(p, k);
      x->id[k] = (uint32_t) (N * uniform(10 + p, k));
    }
    for (uint32_t i = 0; i < 3 * N; i++) x->position_um[i] = 1000 * uniform(20 + p, i);
    CU_ASSERT_EQUAL_FATAL(meso_spikes_sort(x, NULL), MESO_OK);
  }
  return s;
}

/* Channels of noise with a common rhythm, 100 um apart in depth. */
static meso_signals *make_lfp(void)
{
  meso_signals *s = NULL;
  meso_signal *x = NULL;
  CU_ASSERT_EQUAL_FATAL(meso_signals_create(&s, NULL), MESO_OK);
  CU_ASSERT_EQUAL_FATAL(meso_signals_add(s, "lfp", "mV", N_TIMES, N_CHANNELS, 1000, 0, &x, NULL),
                        0);
  x->position_um = meso_calloc(3 * N_CHANNELS, sizeof(double));
  for (uint32_t c = 0; c < N_CHANNELS; c++) x->position_um[3 * c + 2] = -100.0 * c;
  for (uint32_t i = 0; i < N_TIMES; i++)
    for (uint32_t c = 0; c < N_CHANNELS; c++)
      x->data[i * N_CHANNELS + c] = uniform(40 + c, i) - 0.5 + sin(0.25 * i);
  return s;
}

/* BOLD of two regions for the same time. */
static void add_bold(meso_signals *s)
{
  meso_signal *x = NULL;
  CU_ASSERT_EQUAL_FATAL(meso_signals_add(s, "bold", "1", 33, 2, 4, 0, &x, NULL), MESO_OK);
  for (uint32_t i = 0; i < 66; i++) x->data[i] = 0.01 * uniform(60, i);
}

static bool has_line(const char *text, const char *line)
{
  const size_t n = strlen(line);
  for (const char *p = text; (p = strstr(p, line)) != NULL; p++)
    if ((p == text || p[-1] == '\n') && (p[n] == '\n' || p[n] == '\0')) return true;
  return false;
}

/* Values that mean nothing are drawn without complaint, and NaN not at all. */
static void draw_damaged(const meso_figure_ops *figure, meso_result *r)
{
  static const double value[5] = {NAN, INFINITY, 0, -3, 1e300};
  for (int v = 0; v < 5; v++) {
    for (size_t i = 0; i < r->n; i++)
      for (size_t k = 0; r->array[i].data != NULL && k < meso_array_count(&r->array[i]); k++)
        r->array[i].data[k] = value[v];
    const meso_figure_data data = {.analysis = r};
    meso_figure_report report = {.n_marks = 0};
    char *svg = NULL;
    if (!figure->available(&data)) continue;
    CU_ASSERT_EQUAL(meso_figure_svg(figure, &data, &svg, &report, NULL), MESO_OK);
    if (v == 0 && report.n_marks > 0) printf("# %s draws %zu NaN\n", figure->name, report.n_marks);
    CU_ASSERT(v > 0 || report.n_marks == 0);
    CU_ASSERT(svg != NULL && strstr(svg, "nan") == NULL);
    free(svg);
  }
}

/* What a figure's points and colours add up to, as arrays of the result do: not only as many are
 * drawn as there are, but these. */
typedef struct drawn_sum {
  const char *figure, *array[3]; /* the arrays */
  char of;                       /* 'x' or 'y' of points, 'm': of a map */
  double times;
} drawn_sum;

static const drawn_sum drawn[] = {
  {"cross_correlogram", {"/cross_correlogram/E/mean_coefficient",
                         "/cross_correlogram/E_x_I/mean_coefficient",
                         "/cross_correlogram/I/mean_coefficient"}, 'y', 1},
  {"neurovascular", {"/neurovascular/correlation"}, 'y', 1},
  {"granger", {"/granger/frequency_Hz"}, 'x', 6},
  {"granger", {"/granger/forward_total", "/granger/backward_total"}, 'm', 1},
  {"canonical_coherence", {"/canonical_coherence/frequency_Hz"}, 'x', 4},
  {"canonical_coherence", {"/canonical_coherence/magnitude_squared",
                           "/canonical_coherence/global"}, 'y', 1},
};

static void check_sums(const char *figure, const meso_result *r, const meso_figure_report *report)
{
  for (size_t k = 0; k < sizeof drawn / sizeof *drawn; k++) {
    const drawn_sum *d = &drawn[k];
    const double is = d->of == 'x' ? report->sum_x : d->of == 'y' ? report->sum_y : report->sum_map;
    double sum = 0, size = 0;
    if (strcmp(d->figure, figure) != 0) continue;
    for (int a = 0; a < 3 && d->array[a] != NULL; a++) {
      const meso_array *of = meso_result_find(r, d->array[a]);
      CU_ASSERT_PTR_NOT_NULL_FATAL(of);
      for (size_t i = 0; i < meso_array_count(of); i++) {
        sum += d->times * of->data[i];
        size += fabs(d->times * of->data[i]);
      }
    }
    if (!(fabs(is - sum) <= 1e-9 * size))
      printf("# %s: %c adds up to %g, data to %g\n", figure, d->of, is, sum);
    CU_ASSERT(fabs(is - sum) <= 1e-9 * size);
  }
}

static void test_figures(void)
{
  static const struct { const char *analysis, *figure, *label[3],
                       *set[7]; size_t n_marks; } row[] = {
    {"cross_correlogram", "cross_correlogram",
     {"lag (ms)", "correlation coefficient (dimensionless)"}, {NULL}, 3 * 201},
    {"sttc", "sttc", {"spike time tiling coefficient (dimensionless)"}, {NULL}, N * (N - 1)},
    {"correlation", "correlation_distance",
     {"distance (\u00b5m)", "correlation coefficient (dimensionless)"}, {NULL}, 0},
    {"spike_spectrum", "spike_spectrum", {"frequency (Hz)", "PSD ((spikes/s)\u00b2/Hz)"}, {NULL},
     2 * 511},
    {"spike_coherence", "spike_coherence",
     {"frequency (Hz)", "magnitude squared, debiased (dimensionless)"}, {"nperseg", "256", NULL},
     129},
    {"synchrony", "synchrony", {"time (ms)", "rate (spikes/s)"}, {NULL}, 2 * 400},
    {"statistics", "fano_windows", {"counting window (ms)", "Fano factor (dimensionless)"},
     {"fano_windows_ms", "10,100,1000", NULL}, 2 * 2 * 3},
    {"distributions", "distributions", {"interval (ms)", "density (1/ms)",
     "spikes in a window"}, {"isi_bins", "20", NULL}, 0},
    {"trials", "trials", {"time after the onset (ms)", "share of pairs",
     "mean correlation coefficient"}, {"trial_conditions", "4", "surrogates", "0", NULL}, 0},
    {"connectivity", "connectivity", {"region (number)", "correlation (dimensionless)",
     "partial (dimensionless)"}, {"signal", "lfp", "max_lag_s", "0.01", NULL},
     2 * 30 + 15},
    /* power of the first volume is not known: half of its window is before the field */
    {"neurovascular", "neurovascular", {"lag of BOLD (s)", "correlation (dimensionless)",
     "standard deviations"}, {"max_lag_s", "2", NULL}, 7 * 9 + 32 + 33},
    {"granger", "granger", {"frequency (Hz)", "Granger causality (dimensionless)",
     "from channel (number)"}, {"nperseg", "256", NULL}, 6 * 129 + 30},
    {"canonical_coherence", "canonical_coherence",
     {"frequency (Hz)", "magnitude squared coherence (dimensionless)"}, {"nperseg", "256", NULL},
     4 * 129},
    {"spectrogram", "spectrogram", {"time (s)", "frequency (Hz)"}, {"nperseg", "256", NULL},
     63 * 52},
    {"envelope", "envelope", {"middle of the band (Hz)", "channel (number)",
     "correlation of envelopes (dimensionless)"}, {NULL}, 0},
    {"lines", "lines", {"frequency (Hz)", "F (dimensionless)"}, {"nperseg", "1024", NULL}, 0},
    {"field_distance", "field_distance",
     {"distance (\u00b5m)", "magnitude squared, debiased (dimensionless)",
      "correlation coefficient (dimensionless)"}, {"resamples", "50", NULL}, 0},
    {"spike_field", "spike_field", {"magnitude squared coherence (dimensionless)",
     "phase (rad), 0: peak", "share of spikes / mean (dimensionless)"}, {NULL}, 6 * (205 + 18)},
  };
  meso_spikes *spikes = make_spikes();
  meso_signals *lfp = make_lfp();
  add_bold(lfp);
  for (size_t k = 0; k < sizeof row / sizeof *row; k++) {
    const meso_analysis_ops *ops = meso_analysis_by_name(row[k].analysis);
    CU_ASSERT_PTR_NOT_NULL_FATAL(ops);
    meso_result *r = run(row[k].analysis, row[k].set,
                         ops->input != MESO_INPUT_SIGNALS ? spikes : NULL,
                         ops->input != MESO_INPUT_SPIKES ? lfp : NULL, 2);
    const meso_figure_ops *figure = meso_figure_by_name(row[k].figure);
    CU_ASSERT_PTR_NOT_NULL_FATAL(figure);
    const meso_figure_data data = {.analysis = r}, none = {.analysis = NULL};
    meso_figure_report report = {.n_marks = 0};
    meso_err err = {0};
    char *svg = NULL;
    CU_ASSERT(figure->available(&data) && !figure->available(&none));
    const meso_status st = meso_figure_svg(figure, &data, &svg, &report, &err);
    if (st != MESO_OK) printf("# %s: %s\n", row[k].figure, err.msg);
    CU_ASSERT_EQUAL(st, MESO_OK);
    for (int l = 0; l < 3 && row[k].label[l] != NULL; l++) {
      if (!has_line(report.labels, row[k].label[l]))
        printf("# %s: no label %s\n", row[k].figure, row[k].label[l]);
      CU_ASSERT(has_line(report.labels, row[k].label[l]));
    }
    if (row[k].n_marks > 0 && row[k].n_marks != report.n_marks)
      printf("# %s: %zu marks of %zu\n", row[k].figure, report.n_marks, row[k].n_marks);
    CU_ASSERT(report.n_marks > 0 && (row[k].n_marks == 0 || report.n_marks == row[k].n_marks));
    check_sums(row[k].figure, r, &report);
    free(svg);
    draw_damaged(figure, r);
    meso_result_destroy(r);
  }
  meso_spikes_destroy(spikes);
  meso_signals_destroy(lfp);
}

/* ---- BOLD ---- */

enum { VOLUMES = 50, PER_VOLUME = 10 };

static void add_signal(meso_signals *s, const char *name, size_t n_channels, bool fine, bool depths)
{
  meso_signal *x = NULL;
  const size_t n = fine ? VOLUMES * PER_VOLUME : VOLUMES;
  CU_ASSERT_EQUAL_FATAL(meso_signals_add(s, name, "1", n, n_channels, fine ? PER_VOLUME : 1, 0, &x,
                                         NULL), MESO_OK);
  for (uint32_t i = 0; i < n * n_channels; i++) x->data[i] = 0.5 + 0.1 * uniform(80, i);
  if (!depths) return;
  x->position_um = meso_calloc(3 * n_channels, sizeof(double));
  for (size_t c = 0; c < n_channels; c++) x->position_um[3 * c + 2] = -50.0 - 100.0 * (double) c;
}

static void draw_bold(const char *name, meso_signals *s, const char *const label[3], size_t n_marks)
{
  static const double value[4] = {NAN, INFINITY, -3, 1e300};
  const meso_figure_ops *figure = meso_figure_by_name(name);
  const meso_figure_data data = {.bold = s}, none = {.bold = NULL};
  CU_ASSERT_PTR_NOT_NULL_FATAL(figure);
  CU_ASSERT(figure->available(&data) && !figure->available(&none));
  for (int v = -1; v < 4; v++) {
    meso_figure_report report = {.n_marks = 0};
    char *svg = NULL;
    for (size_t i = 0; v >= 0 && i < s->n; i++)
      for (size_t k = 0; k < s->signal[i].n_times * s->signal[i].n_channels; k++)
        s->signal[i].data[k] = value[v];
    CU_ASSERT_EQUAL(meso_figure_svg(figure, &data, &svg, &report, NULL), MESO_OK);
    for (int l = 0; l < 3 && v < 0; l++) CU_ASSERT(has_line(report.labels, label[l]));
    if (v < 0 && report.n_marks != n_marks)
      printf("# %s: %zu marks of %zu\n", name, report.n_marks, n_marks);
    CU_ASSERT(v >= 0 || report.n_marks == n_marks);
    CU_ASSERT(v != 0 || report.n_marks == 0);
    CU_ASSERT(svg != NULL && strstr(svg, "nan") == NULL);
    free(svg);
  }
}

static void test_bold(void)
{
  static const char *const state[] = {"flow", "volume", "deoxyhaemoglobin", "bold"};
  meso_signals *s = NULL;
  CU_ASSERT_EQUAL_FATAL(meso_signals_create(&s, NULL), MESO_OK);
  add_signal(s, "drive", 3, true, false);
  for (int i = 0; i < 4; i++) add_signal(s, state[i], 3, false, false);
  /* the drive twice: its samples, and their means over one volume */
  draw_bold("bold_states", s, (const char *const[]) {"time (s)", "BOLD (%)", "f / f at rest"},
            4 * 3 * VOLUMES + 3 * (PER_VOLUME + 1) * VOLUMES);
  meso_signals_destroy(s);
  CU_ASSERT_EQUAL_FATAL(meso_signals_create(&s, NULL), MESO_OK);
  add_signal(s, "drive_depths", 5, true, true);
  add_signal(s, "bold", 5, false, true);
  /* images over depth and volumes, profiles as line and dots */
  draw_bold("bold_layers", s, (const char *const[]) {"depth z (\u00b5m)", "time (s)", "BOLD (%)"},
            2 * 5 * VOLUMES + 2 * (5 + 5));
  meso_signals_destroy(s);
  CU_ASSERT_EQUAL_FATAL(meso_signals_create(&s, NULL), MESO_OK);
  add_signal(s, "rate_bold", 2, false, false);
  add_signal(s, "gating_bold", 2, false, false);
  add_signal(s, "gating_drive", 2, true, false);
  draw_bold("bold_drives", s, (const char *const[]) {"time (s)", "BOLD (%)", "BOLD (%)"},
            2 * VOLUMES + 4);
  meso_signals_destroy(s);
}

/* One figure of a result: its labels, and how many data it draws. */
static void check_figure(const char *name, const meso_result *r, const char *const *label,
                         size_t n_marks)
{
  const meso_figure_ops *figure = meso_figure_by_name(name);
  CU_ASSERT_PTR_NOT_NULL_FATAL(figure);
  const meso_figure_data data = {.analysis = r}, none = {.analysis = NULL};
  meso_figure_report report = {.n_marks = 0};
  char *svg = NULL;
  CU_ASSERT(figure->available(&data) && !figure->available(&none));
  CU_ASSERT_EQUAL(meso_figure_svg(figure, &data, &svg, &report, NULL), MESO_OK);
  for (; *label != NULL; label++) {
    if (!has_line(report.labels, *label)) printf("# %s: no label %s\n", name, *label);
    CU_ASSERT(has_line(report.labels, *label));
  }
  if (report.n_marks != n_marks) printf("# %s: %zu marks\n", name, report.n_marks);
  CU_ASSERT_EQUAL(report.n_marks, n_marks);
  CU_ASSERT(svg != NULL && strstr(svg, "nan") == NULL);
  free(svg);
}

/* Statistics and a spectrum against themselves: a dot for each array, a line with dots for the
 * curve. */
static void test_comparison(void)
{
  static const double edge[4] = {4, 30, 80, 150};
  const meso_contrast_params p = {.resamples = 20, .seed = 1, .confidence = 0.9, .n_bands = 3,
                                  .band_edge_Hz = edge};
  meso_spikes *spikes = make_spikes();
  meso_signals *lfp = make_lfp();
  meso_result *r[2] = {run("statistics", (options) {NULL}, spikes, NULL, 1),
                       run("spectrum", (options) {NULL}, NULL, lfp, 1)};
  meso_result *out = NULL;
  CU_ASSERT_EQUAL_FATAL(meso_result_create(&out, NULL), MESO_OK);
  for (int k = 0; k < 2; k++)
    CU_ASSERT_EQUAL_FATAL(meso_contrast_run(&p, r[k], r[k], out, NULL), MESO_OK);
  size_t n_rows = 0;
  for (size_t i = 0; i < out->n_groups; i++)
    n_rows += meso_attrs_get(&out->group[i].attrs, "ks") != NULL;
  CU_ASSERT(n_rows >= 10);
  check_figure("comparison", out, (const char *[]) {"KS distance (dimensionless)",
               "middle of the band (Hz)", "a \u2212 b; of densities log10(a / b)", NULL},
               n_rows + 2 * 3);
  for (int k = 0; k < 2; k++) meso_result_destroy(r[k]);
  meso_result_destroy(out);
  meso_spikes_destroy(spikes);
  meso_signals_destroy(lfp);
}

static void test_significance(void)
{
  meso_result *r = NULL;
  meso_array *a = NULL;
  const size_t n = 500;
  CU_ASSERT_EQUAL_FATAL(meso_result_create(&r, NULL), MESO_OK);
  CU_ASSERT_EQUAL_FATAL(meso_result_add(r, "/significance/coherence/x/p", "1", 1, &n, &a, NULL), 0);
  for (uint32_t i = 0; i < n; i++) a->data[i] = i == 3 ? NAN : uniform(70, i);
  check_figure("significance", r, (const char *[]) {"p (dimensionless)",
               "share of values with at most this p (dimensionless)", NULL}, 201 + 2);
  for (size_t i = 0; i < n; i++) a->data[i] = NAN;
  check_figure("significance", r, (const char *[]) {NULL}, 0);
  meso_result_destroy(r);
}

int main(void)
{
  static const meso_test tests[] = {
    {"figures of analyses: axes with units, all data drawn", test_figures},
    {"figures of BOLD: axes with units, all data drawn", test_bold},
    {"two analyses against each other", test_comparison},
    {"p values against surrogates", test_significance},
    {NULL, NULL}};
  return meso_test_main("plot_analysis", tests);
}
