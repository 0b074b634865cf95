/* test_plot_lfp.c: figures of ensembles and kernels of the LFP: what is drawn of the data, axes,
 * units, legends. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "meso_ensemble.h"
#include "meso_plot.h"
#include "meso_test.h"

/* Draws to memory; the report says what. */
static meso_figure_report draw(const char *name, const meso_figure_data *data)
{
  const meso_figure_ops *figure = meso_figure_by_name(name);
  meso_figure_report report = {0};
  meso_err err = {0};
  char *svg = NULL;
  CU_ASSERT_PTR_NOT_NULL_FATAL(figure);
  CU_ASSERT_FATAL(figure->available(data));
  if (meso_figure_svg(figure, data, &svg, &report, &err) != MESO_OK) {
    printf("# %s: %s\n", name, err.msg);
    CU_FAIL("figure");
  }
  free(svg);
  return report;
}

static bool says(const char *text, const char *what)
{
  if (strstr(text, what) != NULL) return true;
  printf("# no '%s' in: %s\n", what, text);
  return false;
}

static meso_array *add(meso_result *result, const char *path, size_t n_dims, const size_t *dims)
{
  meso_array *array = NULL;
  CU_ASSERT_FATAL(meso_result_add(result, path, "1", n_dims, dims, &array, NULL) == MESO_OK);
  return array;
}

/* ---- ensemble ----------------------------------------------------------------------------- */

enum { N_CHANNELS = 5, N_PAIRS = 10, N_FREQUENCIES = 65 };

/* Spectra 1/f by a depth's factor, bands of a factor 2 about them. */
static void add_quantity(meso_result *r, const char *name, size_t n_rows)
{
  static const struct { const char *ending; double factor; } part[] = {
    {"", 1}, {"_low", 0.5}, {"_mean", 1}, {"_high", 2}};
  for (size_t i = 0; i < 4; i++) {
    char path[64];
    snprintf(path, sizeof path, "/ensemble/%s%s", name, part[i].ending);
    double *v = add(r, path, 2, (size_t[]) {n_rows, N_FREQUENCIES})->data;
    for (size_t k = 0; k < n_rows * N_FREQUENCIES; k++)
      v[k] = part[i].factor * 0.4 / (1 + (double) (k % N_FREQUENCIES)) / (double) (1 + k / 100);
  }
}

static meso_result *make_ensemble(bool with_pairs)
{
  meso_result *r = NULL;
  CU_ASSERT_FATAL(meso_result_create(&r, NULL) == MESO_OK);
  CU_ASSERT_FATAL(meso_result_add_text(r, "/ensemble/factor", MESO_N_FACTORS,
                                       meso_ensemble_factor_name, NULL) == MESO_OK);
  double *f = add(r, "/ensemble/frequency_Hz", 1, (size_t[]) {N_FREQUENCIES})->data;
  for (size_t k = 0; k < N_FREQUENCIES; k++) f[k] = 2 * (double) k;
  double *at = add(r, "/ensemble/positions", 2, (size_t[]) {N_CHANNELS, 3})->data;
  for (size_t c = 0; c < N_CHANNELS; c++) at[3 * c + 2] = -200 * (double) c;
  add_quantity(r, "psd", N_CHANNELS);
  double *share = add(r, "/ensemble/share_psd", 1, (size_t[]) {MESO_N_FACTORS})->data;
  for (size_t i = 0; i < MESO_N_FACTORS; i++) share[i] = 0.1 * (double) (i + 1);
  if (with_pairs) {
    double *pairs = add(r, "/ensemble/pairs", 2, (size_t[]) {N_PAIRS, 2})->data;
    for (size_t i = 0, p = 0; i < N_CHANNELS; i++)
      for (size_t j = i + 1; j < N_CHANNELS; j++, p++) {
        pairs[2 * p] = (double) i;
        pairs[2 * p + 1] = (double) j;
      }
    add_quantity(r, "coherence", N_PAIRS);
    share = add(r, "/ensemble/share_coherence", 1, (size_t[]) {MESO_N_FACTORS})->data;
    for (size_t i = 0; i < MESO_N_FACTORS; i++) share[i] = 0.05;
    share[1] = NAN; /* undefined: no bar */
  }
  meso_attrs *a = meso_result_group_attrs(r, "/ensemble");
  CU_ASSERT_FATAL(meso_attrs_set_number(a, "members", 8, NULL) == MESO_OK);
  CU_ASSERT_FATAL(meso_attrs_set_number(a, "sigma_rel_sd", 0.15, NULL) == MESO_OK);
  CU_ASSERT_FATAL(meso_attrs_set_number(a, "shift_um", 50, NULL) == MESO_OK);
  return r;
}

static void test_ensemble(void)
{
  size_t n_marks[2];
  for (int with_pairs = 0; with_pairs < 2; with_pairs++) {
    meso_result *r = make_ensemble(with_pairs);
    const meso_figure_data data = {.ensemble = r};
    const meso_figure_report report = draw("ensemble", &data);
    CU_ASSERT(says(report.labels, "frequency (Hz)"));
    CU_ASSERT(says(report.labels, "PSD (mV\u00b2/Hz)"));
    CU_ASSERT(says(report.labels, "share of the variance"));
    CU_ASSERT(says(report.notes, "\u2212400 \u00b5m"));
    CU_ASSERT(says(report.notes, "conductivity"));
    CU_ASSERT(says(report.notes, "from 8 of them; conductivity \u00b115 %, "
                                 "probe \u00b150 \u00b5m"));
    CU_ASSERT_EQUAL(strstr(report.labels, "magnitude-squared coherence") != NULL, with_pairs);
    if (with_pairs) CU_ASSERT(says(report.notes, "\u2212200, \u2212400 \u00b5m"));
    n_marks[with_pairs] = report.n_marks;
    meso_result_destroy(r);
  }
  /* three rows of three curves in 17 tenths of a decade, six bars; as many again, but one bar */
  const size_t n_curves = n_marks[0] - 6;
  CU_ASSERT(n_curves % 9 == 0 && n_curves / 9 > 10 && n_curves / 9 < 25);
  CU_ASSERT_EQUAL(n_marks[1], 2 * n_curves + 6 + 5);
}

/* What does not fit together is not drawn. */
static void test_not_available(void)
{
  meso_result *r = make_ensemble(true);
  const meso_figure_data data = {.ensemble = r}, nothing = {.n_cells = 0};
  const meso_figure_ops *figure = meso_figure_by_name("ensemble");
  CU_ASSERT_FALSE(figure->available(&nothing));
  meso_result_find(r, "/ensemble/psd_low")->dims[1]--;
  CU_ASSERT_FALSE(figure->available(&data));
  meso_result_find(r, "/ensemble/psd_low")->dims[1]++;
  CU_ASSERT(figure->available(&data));
  meso_result_find(r, "/ensemble/share_psd")->dims[0]--;
  CU_ASSERT_FALSE(figure->available(&data));
  meso_result_destroy(r);
}

/* ---- kernels ------------------------------------------------------------------------------ */

enum { N_LAGS = 61, N_POPULATIONS = 3, N_FUNCTIONS = 2 };

/* Kernels of pathways, two from A and one from B, none from C; or of five neurons: 2, 2 and 1. */
static meso_result *make_kernels(bool of_neurons)
{
  static const char *const name[] = {"A", "B", "C"}, *const source[] = {"A", "B", "A"};
  meso_result *r = NULL;
  CU_ASSERT_FATAL(meso_result_create(&r, NULL) == MESO_OK);
  CU_ASSERT_FATAL(meso_result_add_text(r, "/populations/name", 3, name, NULL) == MESO_OK);
  double *size = add(r, "/populations/size", 1, (size_t[]) {N_POPULATIONS})->data;
  double *at = add(r, "/kernels/channel_um", 2, (size_t[]) {N_CHANNELS, 3})->data;
  double *lag = add(r, "/kernels/lag_ms", 1, (size_t[]) {N_LAGS})->data;
  for (size_t p = 0; p < N_POPULATIONS; p++) size[p] = p < 2 ? 2 : 1;
  for (size_t c = 0; c < N_CHANNELS; c++) at[3 * c + 2] = 200 * (double) c - 900; /* upwards */
  for (size_t t = 0; t < N_LAGS; t++) lag[t] = (double) t - 10;
  if (of_neurons) {
    double *k = add(r, "/kernels/coefficient", 3, (size_t[]) {5, N_FUNCTIONS, N_CHANNELS})->data;
    double *f = add(r, "/kernels/function", 2, (size_t[]) {N_FUNCTIONS, N_LAGS})->data;
    for (size_t t = 0; t < N_LAGS; t++) f[t] = t == 20;
    k[0] = 2e-6;                         /* neuron 0 of A: 2 nV; the mean over two is 1 nV */
    k[2 * N_FUNCTIONS * N_CHANNELS] = 8e-3; /* neuron 0 of B: mean 4 uV */
  } else {
    CU_ASSERT_FATAL(meso_result_add_text(r, "/kernels/source", 3, source, NULL) == MESO_OK);
    double *k = add(r, "/kernels/data", 3, (size_t[]) {3, N_CHANNELS, N_LAGS})->data;
    k[20] = 0.25e-6;                                     /* A: 0.25 + 0.75 nV */
    k[2 * N_CHANNELS * N_LAGS + 20] = 0.75e-6;
    k[N_CHANNELS * N_LAGS + 20] = 4e-3;                  /* B: 4 uV */
  }
  return r;
}

static void test_kernels(void)
{
  const meso_figure_ops *figure = meso_figure_by_name("kernels");
  for (int of_neurons = 0; of_neurons < 2; of_neurons++) {
    meso_result *r = make_kernels(of_neurons);
    const meso_figure_data data = {.kernels = r};
    const meso_figure_report report = draw("kernels", &data);
    CU_ASSERT(says(report.labels, "lag (ms)"));
    CU_ASSERT(says(report.labels, "depth z (\u00b5m)"));
    CU_ASSERT(says(report.notes, of_neurons ? "mean over its neurons" : "mean over the wiring"));
    CU_ASSERT(says(report.notes, "A (\u00b11 nV)"));
    CU_ASSERT(says(report.notes, "B (\u00b14 \u00b5V)"));
    CU_ASSERT(says(report.notes, "C (\u00b10 nV)"));
    /* lags of -5 to 40 ms, all channels and populations */
    CU_ASSERT_EQUAL(report.n_marks, N_POPULATIONS * N_CHANNELS * 46);
    meso_result_find(r, "/kernels/lag_ms")->dims[0]--;
    CU_ASSERT_FALSE(figure->available(&data));
    meso_result_find(r, "/kernels/lag_ms")->dims[0]++;
    meso_result_find(r, "/populations/size")->data[0]++;
    CU_ASSERT_EQUAL(figure->available(&data), !of_neurons);
    meso_result_destroy(r);
  }
}

/* ---- morphologies ------------------------------------------------------------------------- */

/* Two cells of three and two segments; on one of them nothing excites. */
static void test_morphologies(void)
{
  static const double start[9] = {0, 0, -300, 0, 0, -290, 0, 0, -100};
  static const double end[9] = {0, 0, -290, 0, 0, -100, 50, 0, 0};
  static const double diam[3] = {10, 2, 1}, length[3] = {10, 190, 110};
  static const double excitatory[3] = {0, 300, 100}, none[3] = {0}, inhibitory[3] = {30, 3, 0};
  meso_figure_cell cell[2] = {
    {.name = "tall", .population = "E", .segments = {3, start, end, diam, length},
     .synapses = {excitatory, inhibitory}},
    {.name = "short", .population = "I", .segments = {2, start, end, diam, length},
     .synapses = {none, inhibitory}}};
  const meso_figure_data data = {.n_cells = 2, .cell = cell};
  const meso_figure_ops *figure = meso_figure_by_name("morphologies");
  const meso_figure_report report = draw("morphologies", &data);
  CU_ASSERT_EQUAL(report.n_marks, 2 * (3 + 2));
  CU_ASSERT(says(report.labels, "depth z (\u00b5m)"));
  CU_ASSERT(says(report.labels, "synapses per 100 \u00b5m\u00b2"));
  CU_ASSERT(says(report.notes, "Excitatory synapses"));
  CU_ASSERT(says(report.notes, "Inhibitory synapses"));
  cell[0].synapses[0] = cell[1].synapses[1] = NULL;
  CU_ASSERT_FALSE(figure->available(&data));
}

/* ---- contributions ------------------------------------------------------------------------ */

enum { N_SAMPLES = 50 };
static const double turn = 4 * M_PI / 25; /* the second half is drawn: two periods */

/* Parts whose names begin with heads: a sine, 2 of it, -1 of it; so shares of 1/2, 1, -1/2. */
static meso_signals *make_parts(size_t n, const char *const *names, double scale)
{
  static const double part[] = {1, 2, -1};
  meso_signals *signals = NULL;
  CU_ASSERT_FATAL(meso_signals_create(&signals, NULL) == MESO_OK);
  for (size_t i = 0; i < n; i++) {
    meso_signal *s;
    CU_ASSERT_FATAL(meso_signals_add(signals, names[i], "mV", N_SAMPLES, N_CHANNELS, 1000, 0, &s,
                                     NULL) == MESO_OK);
    s->position_um = meso_calloc(3 * N_CHANNELS, sizeof *s->position_um);
    for (size_t c = 0; c < N_CHANNELS; c++) s->position_um[3 * c + 2] = -100 * (double) c;
    for (size_t k = 0; k < N_SAMPLES * N_CHANNELS; k++)
      s->data[k] = 3 + scale * part[i % 3] * (double) (k % N_CHANNELS + 1)
        * sin(turn * (double) (k / N_CHANNELS));
  }
  return signals;
}

static char *shares_svg(const meso_signals *lfp)
{
  const meso_figure_data data = {.lfp = lfp};
  char *svg = NULL;
  CU_ASSERT_FATAL(meso_figure_svg(meso_figure_by_name("contribution_shares"), &data, &svg, NULL,
                                  NULL) == MESO_OK);
  return svg;
}

/* A panel for each way to cut the LFP, all parts of it over depth; the unit plays no part, nor does
 * what parts have that cancels in the sum and is not correlated with it; the sizes of parts do. */
static void test_shares(void)
{
  static const char *const names[] = {
    "lfp_from_A", "lfp_from_B", "lfp_from_C", "lfp_onto_A", "lfp_onto_B", "lfp_onto_C",
    "lfp_excitatory", "lfp_inhibitory", "lfp_from_external", "lfp", "lfp_by_mean_kernel"};
  meso_signals *lfp = make_parts(11, names, 1), *larger = make_parts(11, names, 1000);
  const meso_figure_data data = {.lfp = lfp};
  const meso_figure_report report = draw("contribution_shares", &data);
  CU_ASSERT_EQUAL(report.n_marks, (3 + 3 + 2) * N_CHANNELS);
  CU_ASSERT(says(report.labels, "share of the variance (1)"));
  CU_ASSERT(says(report.labels, "depth z (\u00b5m)"));
  CU_ASSERT(says(report.notes, "from spikes of\nA\nB\nC\nin cells of\nA\nB\nC\n"
                               "from sources that are\nexcitatory\ninhibitory"));
  CU_ASSERT_PTR_NULL(strstr(report.notes, "external"));
  char *a = shares_svg(lfp), *b = shares_svg(larger);
  CU_ASSERT_STRING_EQUAL(a, b);
  for (size_t k = 0; k < N_SAMPLES * N_CHANNELS; k++) {
    larger->signal[0].data[k] += 1e3 * cos(turn * (double) (k / N_CHANNELS));
    larger->signal[1].data[k] -= 1e3 * cos(turn * (double) (k / N_CHANNELS));
  }
  char *c = shares_svg(larger);
  CU_ASSERT_STRING_EQUAL(a, c);
  for (size_t k = 0; k < N_SAMPLES * N_CHANNELS; k++) larger->signal[0].data[k] *= 2;
  char *d = shares_svg(larger);
  CU_ASSERT(strcmp(a, d) != 0);
  free(d);
  free(a);
  free(b);
  free(c);
  meso_signals_destroy(lfp);
  meso_signals_destroy(larger);
}

/* One part is no share. */
static void test_no_shares(void)
{
  static const char *const names[] = {"lfp_from_A", "lfp", "lfp_from_external"};
  meso_signals *lfp = make_parts(3, names, 1);
  const meso_figure_data data = {.lfp = lfp}, nothing = {.n_cells = 0};
  const meso_figure_ops *figure = meso_figure_by_name("contribution_shares");
  CU_ASSERT_FALSE(figure->available(&data));
  CU_ASSERT_FALSE(figure->available(&nothing));
  meso_signals_destroy(lfp);
}

int main(void)
{
  static const meso_test tests[] = {
    {"ensemble", test_ensemble},
    {"data that do not fit", test_not_available},
    {"kernels", test_kernels},
    {"morphologies", test_morphologies},
    {"shares of contributions", test_shares},
    {"no shares", test_no_shares},
    {NULL, NULL}};
  return meso_test_main("figures of the LFP", tests);
}
