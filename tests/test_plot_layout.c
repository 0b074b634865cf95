/* test_plot_layout.c: maps stand where their axes say (rows and columns that are swapped, or a map
 * that is turned over, fail), and panels stay legible with many things, few and none. */
#include <png.h>
#include <string.h>

#include "analysis_run.h"
#include "meso_figure_tools.h"
#include "meso_lines.h"

/* What is drawn as colours, and its products with the places on the axes. */
typedef struct moments { double sum, x, y, xy, size; } moments;

static void add(moments *m, double value, double x, double y)
{
  m->sum += value;
  m->x += value * x;
  m->y += value * y;
  m->xy += value * x * y;
  m->size += fabs(value) * (1 + fabs(x)) * (1 + fabs(y));
}

static meso_figure_report report_of(const char *figure, const meso_figure_data *data)
{
  const meso_figure_ops *ops = meso_figure_by_name(figure);
  meso_figure_report report = {.n_marks = 0};
  meso_err err = {0};
  char *svg = NULL;
  CU_ASSERT_FATAL(ops != NULL && ops->available(data));
  const meso_status st = meso_figure_svg(ops, data, &svg, &report, &err);
  if (st != MESO_OK) printf("# %s: %s\n", figure, err.msg);
  CU_ASSERT_EQUAL(st, MESO_OK);
  free(svg);
  return report;
}

static void expect(const char *figure, const meso_figure_data *data, moments m)
{
  const meso_figure_report r = report_of(figure, data);
  const bool fine = fabs(r.sum_map - m.sum) <= 1e-9 * m.size &&
                    fabs(r.map_x - m.x) <= 1e-9 * m.size &&
                    fabs(r.map_y - m.y) <= 1e-9 * m.size && fabs(r.map_xy - m.xy) <= 1e-9 * m.size;
  if (!fine)
    printf("# %s: sum %g, x %g, y %g, xy %g of %g, %g, %g, %g\n", figure, r.sum_map, r.map_x,
           r.map_y, r.map_xy, m.sum, m.x, m.y, m.xy);
  CU_ASSERT(fine && fabs(m.xy) > 1e-6 * m.size);
}

static double value_at(size_t i) { return 1 + draw_uniform(3, 1, (uint32_t) i); }

static double *array_of(meso_result *r, const char *path, const char *units, size_t n_dims,
                        const size_t *dims)
{
  meso_array *a = NULL;
  CU_ASSERT_EQUAL_FATAL(meso_result_add(r, path, units, n_dims, dims, &a, NULL), MESO_OK);
  for (size_t i = 0; i < meso_array_count(a); i++) a->data[i] = value_at(i);
  return a->data;
}

static void ramp(meso_result *r, const char *path, size_t n, double first, double step)
{
  double *x = array_of(r, path, "1", 1, &n);
  for (size_t i = 0; i < n; i++) x[i] = first + step * (double) i;
}

/* Pairs of three channels. */
static void three_pairs(meso_result *r, const char *path)
{
  double *p = array_of(r, path, "1", 2, (size_t[]) {3, 2});
  for (size_t i = 0; i < 6; i++) p[i] = (double[]) {0, 1, 0, 2, 1, 2}[i];
}

static meso_result *empty(void)
{
  meso_result *r = NULL;
  CU_ASSERT_EQUAL_FATAL(meso_result_create(&r, NULL), MESO_OK);
  return r;
}

/* A signal of some channels along depth, of which the first is the deepest if upwards. */
static meso_signals *ladder(const char *name, size_t n, size_t n_channels, double rate_Hz,
                            bool upwards)
{
  meso_signals *s = NULL;
  meso_signal *x = NULL;
  CU_ASSERT_EQUAL_FATAL(meso_signals_create(&s, NULL), MESO_OK);
  CU_ASSERT_EQUAL_FATAL(meso_signals_add(s, name, "mV", n, n_channels, rate_Hz, 0, &x, NULL), 0);
  x->position_um = meso_calloc(3 * n_channels, sizeof(double));
  for (size_t c = 0; c < n_channels; c++)
    x->position_um[3 * c + 2] = -100.0 * (double) (upwards ? n_channels - c : c);
  for (size_t i = 0; i < n * n_channels; i++) x->data[i] = value_at(i);
  return s;
}

/* ---- maps ----------------------------------------------------------------------------------- */

static void test_spectrogram(void)
{
  enum { C = 3, T = 4, F = 5 };
  meso_result *r = empty();
  moments m = {0};
  const double *v = array_of(r, "/spectrogram/psd", "mV^2/Hz", 3, (size_t[]) {C, T, F});
  ramp(r, "/spectrogram/time_ms", T, 500, 250);
  ramp(r, "/spectrogram/frequency_Hz", F, 0, 10);
  for (size_t t = 0; t < T; t++)
    for (size_t f = 0; f < F; f++) /* of the middle channel */
      add(&m, log10(v[(T + t) * F + f]), 0.5 + 0.25 * (double) t, 10 * (double) f);
  expect("spectrogram", &(meso_figure_data) {.analysis = r}, m);
  meso_result_destroy(r);
}

static void test_granger(void)
{
  meso_result *r = empty();
  moments m = {0};
  ramp(r, "/granger/frequency_Hz", 4, 0, 10);
  three_pairs(r, "/granger/pairs");
  array_of(r, "/granger/forward", "1", 2, (size_t[]) {3, 4});
  array_of(r, "/granger/backward", "1", 2, (size_t[]) {3, 4});
  const double *forward = array_of(r, "/granger/forward_total", "1", 1, (size_t[]) {3});
  double *backward = array_of(r, "/granger/backward_total", "1", 1, (size_t[]) {3});
  const double *pair = values(r, "/granger/pairs");
  for (size_t p = 0; p < 3; p++) {
    backward[p] *= 7;
    add(&m, forward[p], pair[2 * p + 1], pair[2 * p]);  /* from: rows, to: columns */
    add(&m, backward[p], pair[2 * p], pair[2 * p + 1]);
  }
  expect("granger", &(meso_figure_data) {.analysis = r}, m);
  meso_result_destroy(r);
}

/* Contacts by depth, whichever end of the probe they are counted from. */
static void test_coherence(void)
{
  for (int upwards = 0; upwards < 2; upwards++) {
    meso_result *r = empty();
    meso_signals *s = ladder("lfp", 100, 3, 1000, upwards);
    const double *z = s->signal[0].position_um;
    double x = 0, y = 0;
    ramp(r, "/coherence/frequency_Hz", 3, 30, 10);
    three_pairs(r, "/coherence/pairs");
    double *c = array_of(r, "/coherence/magnitude_squared", "1", 2, (size_t[]) {3, 3});
    const double *pair = values(r, "/coherence/pairs");
    for (size_t k = 0; k < 9; k++) c[k] *= 0.3;
    for (size_t a = 0; a < 3; a++) x += z[3 * a + 2];
    for (size_t p = 0; p < 3; p++) {
      const double mean = (c[3 * p] + c[3 * p + 1] + c[3 * p + 2]) / 3;
      x += mean * (z[3 * (size_t) pair[2 * p] + 2] + z[3 * (size_t) pair[2 * p + 1] + 2]);
    }
    y = x; /* symmetric */
    const meso_figure_report got =
      report_of("coherence", &(meso_figure_data) {.analysis = r, .lfp = s});
    MESO_CHECK_CLOSE(x, got.map_x, 1e-9, 0);
    MESO_CHECK_CLOSE(y, got.map_y, 1e-9, 0);
    meso_result_destroy(r);
    meso_signals_destroy(s);
  }
}

static void test_matrices(void)
{
  meso_result *r = empty();
  moments m = {0};
  const double *c = array_of(r, "/connectivity/correlation", "1", 2, (size_t[]) {4, 4});
  double *partial = array_of(r, "/connectivity/partial", "1", 2, (size_t[]) {4, 4});
  for (size_t i = 0; i < 16; i++) partial[i] *= (double) i;
  for (size_t i = 0; i < 16; i++)
    if (i % 5 != 0) add(&m, c[i] + partial[i], (double) (i % 4), (double) (i / 4));
  expect("connectivity", &(meso_figure_data) {.analysis = r}, m);
  meso_result_destroy(r);
  r = empty();
  array_of(r, "/envelope/power", "(mV)^2", 2, (size_t[]) {3, 2});
  ramp(r, "/envelope/band_edges_Hz", 3, 10, 10);
  const double *e = array_of(r, "/envelope/correlation", "1", 2, (size_t[]) {3, 2});
  const double both = e[1] + 2 * e[3] + 3 * e[5]; /* sums of the numbers of 01, 02, 12 */
  const meso_figure_report got = report_of("envelope", &(meso_figure_data) {.analysis = r});
  MESO_CHECK_CLOSE(both, got.map_x, 1e-12, 0);
  MESO_CHECK_CLOSE(both, got.map_y, 1e-12, 0);
  CU_ASSERT_PTR_NOT_NULL(strstr(got.labels, "power in the band (mV\u00b2)\n"));
  meso_result_destroy(r);
}

/* Rates of two populations in bins of 2 ms of the half that is shown. */
static void test_raster(void)
{
  static const double time_ms[2][3] = {{51, 53, 57}, {71, 85, 97}};
  meso_spikes *s = recording(2, 4, 100);
  moments m = {0};
  for (size_t p = 0; p < 2; p++)
    for (size_t k = 0; k < 3; k++) {
      add_spike(&s->population[p], (uint32_t) k, time_ms[p][k]);
      add(&m, 1000.0 / (2 * 4), time_ms[p][k], (double) p + 0.5);
    }
  sort(s);
  expect("raster", &(meso_figure_data) {.spikes = s}, m);
  meso_spikes_destroy(s);
}

static void test_csd(void)
{
  enum { T = 60, C = 4 };
  for (int upwards = 0; upwards < 2; upwards++) {
    meso_signals *s = ladder("csd", T, C, 1000, upwards);
    const double *z = s->signal[0].position_um;
    double *deviation = NULL;
    moments m = {0};
    CU_ASSERT_EQUAL_FATAL(meso_signal_deviations(&s->signal[0], T / 2, T / 2, &deviation, NULL), 0);
    for (size_t c = 0; c < C; c++)
      for (size_t t = 0; t < T / 2; t++)
        add(&m, deviation[c * (T / 2) + t], T / 2 + (double) t + 0.5, z[3 * c + 2]);
    expect("csd", &(meso_figure_data) {.lfp = s}, m);
    free(deviation);
    meso_signals_destroy(s);
  }
}

static void test_bold_layers(void)
{
  enum { T = 20, C = 3 };
  for (int upwards = 0; upwards < 2; upwards++) {
    meso_signals *s = ladder("bold", T, C, 2, upwards);
    const meso_signal *b = &s->signal[0];
    moments m = {0};
    for (size_t t = 0; t < T; t++)
      for (size_t c = 0; c < C; c++)
        add(&m, b->data[t * C + c], 0.5 * (double) t, b->position_um[3 * c + 2]);
    expect("bold_layers", &(meso_figure_data) {.bold = s}, m);
    meso_signals_destroy(s);
  }
}

/* One pathway; channels in no order. */
static void test_kernels(void)
{
  enum { C = 3, L = 5 };
  static const double z[C] = {-200, 0, -100};
  static const char *const name[1] = {"E"};
  meso_result *r = empty();
  moments m = {0};
  CU_ASSERT_EQUAL_FATAL(meso_result_add_text(r, "/populations/name", 1, name, NULL), MESO_OK);
  CU_ASSERT_EQUAL_FATAL(meso_result_add_text(r, "/kernels/source", 1, name, NULL), MESO_OK);
  array_of(r, "/populations/size", "1", 1, (size_t[]) {1});
  ramp(r, "/kernels/lag_ms", L, 0, 1);
  double *at = array_of(r, "/kernels/channel_um", "um", 2, (size_t[]) {C, 3});
  const double *v = array_of(r, "/kernels/data", "mV", 3, (size_t[]) {1, C, L});
  for (size_t c = 0; c < C; c++) at[3 * c + 2] = z[c];
  for (size_t c = 0; c < C; c++)
    for (size_t l = 0; l < L; l++) /* nV; cells from the first lag to the last */
      add(&m, 1e6 * v[c * L + l], ((double) l + 0.5) * (L - 1) / L, z[c]);
  expect("kernels", &(meso_figure_data) {.kernels = r}, m);
  meso_result_destroy(r);
}

/* The colours themselves: each cell of a matrix at its place on the page. */
static void test_pixels(void)
{
  enum { ROWS = 2, COLUMNS = 3 };
  static const double value[ROWS * COLUMNS] = {0, 0.2, 0.4, 0.6, 0.8, 1};
  const meso_axes axes = {.box = {20, 30, 90, 60}, .x_max = COLUMNS, .y_min = ROWS};
  meso_canvas *canvas = NULL;
  meso_bytes bytes = {NULL, 0, 0};
  png_image image = {.version = PNG_IMAGE_VERSION};
  CU_ASSERT_EQUAL_FATAL(meso_canvas_create(MESO_CANVAS_PNG, 60, 60, &canvas, NULL), MESO_OK);
  CU_ASSERT_EQUAL(meso_axes_image(canvas, &axes, ROWS, COLUMNS, value, MESO_MAP_SEQUENTIAL, 0, 1,
                                  false, NULL), MESO_OK);
  CU_ASSERT_EQUAL_FATAL(meso_canvas_finish(canvas, NULL, NULL, &bytes, NULL), MESO_OK);
  CU_ASSERT_FATAL(png_image_begin_read_from_memory(&image, bytes.data, bytes.n) != 0);
  image.format = PNG_FORMAT_RGB;
  unsigned char *pixels = calloc(PNG_IMAGE_SIZE(image), 1);
  CU_ASSERT_FATAL(pixels != NULL && png_image_finish_read(&image, NULL, pixels, 0, NULL) != 0);
  for (size_t i = 0; i < ROWS * COLUMNS; i++) {
    const double per_point = MESO_PNG_DPI / 72, side = 30;
    const size_t x = (size_t) (per_point * (20 + side * ((double) (i % COLUMNS) + 0.5)));
    const size_t y = (size_t) (per_point * (30 + side * ((double) (i / COLUMNS) + 0.5)));
    const unsigned char *got = pixels + 3 * (y * image.width + x);
    const meso_rgb want = meso_map_color(MESO_MAP_SEQUENTIAL, value[i]);
    CU_ASSERT(abs(got[0] - (int) lround(255 * want.r)) <= 1);
    CU_ASSERT(abs(got[1] - (int) lround(255 * want.g)) <= 1);
    CU_ASSERT(abs(got[2] - (int) lround(255 * want.b)) <= 1);
  }
  free(pixels);
  free(bytes.data);
  meso_canvas_destroy(canvas);
}

/* ---- many, few and none --------------------------------------------------------------------- */

static void test_ticks(void)
{
  double tick[16];
  char text[64];
  CU_ASSERT_EQUAL(meso_ticks_log(1e-4, 1e2, tick), 7); /* decades where there are */
  CU_ASSERT_EQUAL_FATAL(meso_ticks_log(3, 60, tick), 4);
  MESO_CHECK_WORST(i, 4, fabs(tick[i] - (double[]) {5, 10, 20, 50}[i]), 1e-12);
  CU_ASSERT(meso_ticks_log(7.1, 7.6, tick) >= 2);
  meso_tick_label(2e-6, 1, true, text, sizeof text);
  CU_ASSERT_EQUAL(strncmp(text, "2\u00d710", 5), 0);
  meso_tick_label(50, 1, true, text, sizeof text);
  CU_ASSERT_STRING_EQUAL(text, "50");
  meso_tick_label(0.008, 1, true, text, sizeof text);
  CU_ASSERT_STRING_EQUAL(text, "0.008");
}

static void test_units(void)
{
  static const char *const units[][2] = {{"(mV)^2/Hz", "mV\u00b2/Hz"}, {"mV^2/Hz", "mV\u00b2/Hz"},
                                         {"(uA/mm^3)^2/Hz", "(uA/mm\u00b3)\u00b2/Hz"}, {"1", "1"}};
  char text[64];
  for (size_t k = 0; k < 4; k++) {
    meso_units_text(units[k][0], text, sizeof text);
    CU_ASSERT_STRING_EQUAL(text, units[k][1]);
  }
}

/* Numbers of channels have no fractional ticks, however few they are. */
static void test_whole_ticks(void)
{
  meso_result *r = empty();
  char *svg = NULL;
  array_of(r, "/connectivity/correlation", "1", 2, (size_t[]) {2, 2});
  array_of(r, "/connectivity/partial", "1", 2, (size_t[]) {2, 2});
  const meso_figure_data data = {.analysis = r};
  const meso_axes whole = {.box = {40, 20, 200, 200}, .x_min = -0.5, .x_max = 1.5, .y_max = 3,
                           .x_whole = true, .y_whole = true, .x_label = "x", .y_label = "y"};
  meso_canvas *canvas = NULL;
  meso_bytes bytes[2] = {{NULL, 0, 0}, {NULL, 0, 0}};
  for (int k = 0; k < 2; k++) { /* ticks at 0 and 1 alone take less room than those in between */
    meso_axes axes = whole;
    axes.x_whole = axes.y_whole = k == 0;
    CU_ASSERT_EQUAL_FATAL(meso_canvas_create(MESO_CANVAS_SVG, 100, 100, &canvas, NULL), MESO_OK);
    meso_axes_draw(canvas, &axes);
    CU_ASSERT_EQUAL_FATAL(meso_canvas_finish(canvas, NULL, NULL, &bytes[k], NULL), MESO_OK);
    meso_canvas_destroy(canvas);
  }
  CU_ASSERT(bytes[0].n < bytes[1].n);
  CU_ASSERT_EQUAL(meso_figure_svg(meso_figure_by_name("connectivity"), &data, &svg, NULL, NULL), 0);
  free(svg);
  free(bytes[0].data);
  free(bytes[1].data);
  meso_result_destroy(r);
}

static meso_figure_report draw_lines(size_t n, const char *prefix, double y, double *ret_height)
{
  static const double x[2] = {1, 2};
  const double values[2] = {y, y};
  meso_canvas *canvas = NULL;
  meso_lines lines = meso_lines_make("title", "x", "y");
  CU_ASSERT_EQUAL_FATAL(meso_canvas_create(MESO_CANVAS_SVG, 170, 100, &canvas, NULL), MESO_OK);
  for (size_t k = 0; k < n; k++) {
    char name[64];
    (void) snprintf(name, sizeof name, "%s%zu", prefix, k);
    meso_lines_add(&lines, name, 2, x, values, (meso_stroke) {meso_palette(k), 1, false});
  }
  *ret_height = meso_lines_legend(canvas, 300, &lines);
  meso_lines_draw(canvas, (meso_box) {40, 20, 300, 100}, &lines);
  const meso_figure_report r = *meso_canvas_report(canvas);
  meso_canvas_destroy(canvas);
  return r;
}

/* Long names take a column of their own, what has no place is counted, nothing is said to be
 * nothing. */
static void test_legend(void)
{
  static const char longer[] = "a population with quite a long name, number ";
  double wide, narrow;
  draw_lines(3, "p", 1, &narrow);
  meso_figure_report r = draw_lines(3, longer, 1, &wide);
  CU_ASSERT(wide > narrow + 9 && strstr(r.notes, "more") == NULL);
  r = draw_lines(20, "p", 1, &wide);
  CU_ASSERT_PTR_NOT_NULL(strstr(r.notes, "4 more, 4 of them not drawn\n"));
  CU_ASSERT_EQUAL(r.n_marks, 2 * MESO_MOST_CURVES);
  r = draw_lines(9, longer, 1, &wide);
  CU_ASSERT_PTR_NOT_NULL(strstr(r.notes, "4 more\n"));
  CU_ASSERT(wide < 70 && strstr(r.notes, "no values") == NULL);
  r = draw_lines(2, "p", NAN, &wide);
  CU_ASSERT_PTR_NOT_NULL(strstr(r.notes, "no values\n"));
}

/* Of six values each is drawn; of many the density. */
static void test_few_values(void)
{
  double value[40];
  const meso_axes axes = {.box = {20, 20, 200, 100}, .x_max = 50, .y_min = -1, .y_max = 1};
  size_t size[2];
  for (size_t i = 0; i < 40; i++) value[i] = 1 + (double) i;
  for (size_t k = 0; k < 2; k++) {
    meso_canvas *canvas = NULL;
    meso_bytes bytes = {NULL, 0, 0};
    size_t n = 0, discs = 0;
    CU_ASSERT_EQUAL_FATAL(meso_canvas_create(MESO_CANVAS_SVG, 100, 60, &canvas, NULL), MESO_OK);
    CU_ASSERT_EQUAL(meso_axes_distribution(canvas, &axes, 0, k == 0 ? 6 : 40, value, NAN,
                                           meso_black, &n, NULL), MESO_OK);
    CU_ASSERT_EQUAL(n, k == 0 ? 6 : 40);
    CU_ASSERT_EQUAL_FATAL(meso_canvas_finish(canvas, NULL, NULL, &bytes, NULL), MESO_OK);
    CU_ASSERT(meso_bytes_append(&bytes, "", 1));
    for (const char *p = (const char *) bytes.data; (p = strstr(p, "<path")) != NULL; p++) discs++;
    size[k] = discs;
    free(bytes.data);
    meso_canvas_destroy(canvas);
  }
  CU_ASSERT(size[0] >= size[1] + 4); /* six dots for one outline and its area */
}

/* Contacts at one depth stand below one another, by number; parts of a recording are called so. */
static void test_contacts(void)
{
  meso_signals *s = ladder("lfp", 3000, 6, 1000, false);
  const meso_figure_data data = {.lfp = s};
  meso_figure_report r = report_of("lfp", &data);
  CU_ASSERT_PTR_NOT_NULL(strstr(r.labels, "depth z"));
  CU_ASSERT_PTR_NOT_NULL(strstr(r.notes, "1 of 3 s"));
  for (size_t c = 0; c < 6; c++) s->signal[0].position_um[3 * c + 2] = -50;
  r = report_of("lfp", &data);
  CU_ASSERT_PTR_NOT_NULL(strstr(r.labels, "channel (number)"));
  CU_ASSERT_PTR_NULL(strstr(r.labels, "depth z"));
  meso_signals_destroy(s);
}

/* Without signal correlations no dashed lines are promised; conditions have their names. */
static void test_trials(void)
{
  static const char *const conditions[] = {"1", "4"};
  meso_spikes *s = recording(1, 12, 20000);
  for (uint32_t i = 0; i < 12; i++)
    for (uint32_t k = 0; k < 100; k++)
      add_spike(&s->population[0], i, 19999 * draw_uniform(6, i, k));
  sort(s);
  for (size_t k = 0; k < 2; k++) {
    meso_result *r = run("trials", (options) {"trial_conditions", conditions[k], "surrogates", "0",
                                              NULL}, s, NULL, 1);
    const meso_figure_report got = report_of("trials", &(meso_figure_data) {.analysis = r});
    CU_ASSERT_EQUAL(strstr(got.notes, "dashed: signal") != NULL, k == 1);
    CU_ASSERT_EQUAL(strstr(got.notes, "no signal correlations: fewer than three") != NULL, k == 0);
    CU_ASSERT_EQUAL(strstr(got.notes, "dark to pale: ") != NULL, k == 1);
    meso_result_destroy(r);
  }
  meso_spikes_destroy(s);
}

int main(void)
{
  static const meso_test tests[] = {
    {"spectrogram: time and frequency", test_spectrogram},
    {"Granger causality: from and to", test_granger},
    {"coherence: depth of contacts", test_coherence},
    {"connectivity, envelopes: rows and columns", test_matrices},
    {"rates: population and time", test_raster},
    {"CSD: depth and time", test_csd},
    {"laminar BOLD: depth and time", test_bold_layers},
    {"kernels: depth and lag", test_kernels},
    {"colours of a matrix on the page", test_pixels},
    {"ticks of short log axes", test_ticks},
    {"units as readers write them", test_units},
    {"numbers of channels are whole", test_whole_ticks},
    {"legends of long names, many curves and none", test_legend},
    {"few values are drawn one by one", test_few_values},
    {"contacts at one depth, a part of a recording", test_contacts},
    {"conditions, and lines that are not there", test_trials},
    {NULL, NULL}};
  return meso_test_main("plot_layout", tests);
}
