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

int main(void)
{
  static const meso_test tests[] = {
    {"ensemble", test_ensemble},
    {"data that do not fit", test_not_available},
    {NULL, NULL}};
  return meso_test_main("figures of the LFP", tests);
}
