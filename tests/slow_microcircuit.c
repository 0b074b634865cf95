/* slow_microcircuit.c: the microcircuit at full density (make check-slow): rates of ten seconds
 * against the published ones, and distributions of rates, CV and correlations against two NEST
 * runs, for seeds 1, 2, 3; memory; the same spikes for any number of threads. Takes minutes and
 * 1.3 GB. With $MESO_FIGURE = FILE.png (.svg, .pdf) it draws the distributions, and does only that
 * test. */
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "analysis_run.h"
#include "meso_canvas.h"
#include "meso_engine.h"
#include "meso_io.h"

static meso_spikes *simulate(const char *duration, int seed, int n_threads,
                             meso_engine_report *report)
{
  const char *path = meso_test_path("data/models/microcircuit.yaml");
  char set_seed[64];
  meso_model *model = NULL;
  meso_spikes *spikes = NULL;
  meso_err err = {0};
  (void) snprintf(set_seed, sizeof set_seed, "simulation.seed=%d", seed);
  const char *const sets[] = {duration, set_seed, "thalamus.type=off"};
  meso_status st = meso_model_read(path, 3, sets, &model, &err);
  if (st == MESO_OK) st = meso_engine_run_model(model, n_threads, NULL, &spikes, report, &err);
  if (st != MESO_OK) printf("# %s\n", err.msg);
  CU_ASSERT_EQUAL_FATAL(st, MESO_OK);
  meso_model_destroy(model);
  return spikes;
}

/** Rates (spikes/s) of the reference runs: NEST 3.4, mesocircuit repository (Senk et al. 2024). */
static void rates_are_the_published_ones(void)
{
  static const double want[8] = {0.909, 2.968, 4.391, 5.864, 7.535, 8.620, 1.099, 7.819};
  for (int seed = 1; seed <= 3; seed++) {
    meso_engine_report report = {0};
    meso_spikes *s = simulate("simulation.duration_ms=10000", seed, 2, &report);
    CU_ASSERT(s->n_populations >= 8);
    printf("# seed %d: rates", seed);
    for (size_t p = 0; p < 8; p++) {
      size_t n = 0;
      for (size_t i = 0; i < s->population[p].n_spikes; i++)
        n += s->population[p].time_ms[i] > 100.0;
      const double rate = (double) n / (double) s->population[p].size / 9.9;
      printf(" %.3f", rate);
      CU_ASSERT(fabs(rate / want[p] - 1.0) < (p == 0 || p == 6 ? 0.20 : 0.10));
    }
    printf("; build %.1f s, real-time factor %.2f\n", report.build_s, report.real_time_factor);
    CU_ASSERT(report.n_synapses > 298000000);
    meso_spikes_destroy(s);
  }
}

/* ---- distributions against NEST ----------------------------------------------------------- */

enum { RATE, CV, CORRELATION, N_MEASURES, N_POPULATIONS = 8, N_SEEDS = 3, N_NEST = 2 };

static const char *const population_name[N_POPULATIONS] = {"L23E", "L23I", "L4E", "L4I",
                                                           "L5E", "L5I", "L6E", "L6I"};

/* A sorted sample. */
typedef struct sample { size_t n; double *x; } sample;

/* The reference has single precision; ties must stay ties. */
static double rounded(double x) { return round(x * 1e6) * 1e-6; }

static int ascending(const void *a, const void *b)
{
  const double x = *(const double *) a, y = *(const double *) b;
  return (x > y) - (x < y);
}

/* Takes the numbers over; drops what is not defined, rounds and sorts. */
static sample make_sample(double *x, size_t n)
{
  sample s = {0, x};
  for (size_t i = 0; i < n; i++)
    if (!isnan(x[i])) x[s.n++] = rounded(x[i]);
  qsort(s.x, s.n, sizeof *s.x, ascending);
  CU_ASSERT_FATAL(s.n > 0);
  return s;
}

/* Largest distance of the two empirical distribution functions (Kolmogorov-Smirnov). */
static double ks_distance(sample a, sample b)
{
  double largest = 0;
  for (size_t i = 0, j = 0; i < a.n && j < b.n;) {
    const double x = fmin(a.x[i], b.x[j]);
    while (i < a.n && a.x[i] <= x) i++;
    while (j < b.n && b.x[j] <= x) j++;
    largest = fmax(largest, fabs((double) i / (double) a.n - (double) j / (double) b.n));
  }
  return largest;
}

static sample nest_sample(const char *population, int measure, int seed)
{
  static const char *const name[N_MEASURES] = {"rate", "cv_isi", "correlation"};
  char dataset[100];
  size_t n_dims, dims[4];
  double *x = NULL;
  meso_err err = {0};
  (void) snprintf(dataset, sizeof dataset, "/%s/%s/seed%d", population, name[measure], seed);
  const meso_status st = meso_h5_read_doubles(
    meso_test_path("tests/reference/network/pd14_nest_statistics.h5"), dataset, &n_dims, dims, &x,
    &err);
  if (st != MESO_OK) printf("# %s\n", err.msg);
  CU_ASSERT_FATAL(st == MESO_OK && n_dims == 1);
  return make_sample(x, dims[0]);
}

static sample statistics_sample(const meso_result *r, const char *population, const char *name)
{
  char path[100];
  (void) snprintf(path, sizeof path, "/statistics/%s/%s", population, name);
  const meso_array *a = meso_result_find(r, path);
  CU_ASSERT_PTR_NOT_NULL_FATAL(a);
  double *x = calloc(a->dims[0], sizeof *x);
  memcpy(x, a->data, a->dims[0] * sizeof *x);
  return make_sample(x, a->dims[0]);
}

/* Pairs among the first 200 neurons; pairs with a silent neuron are not defined. */
static sample correlation_sample(const meso_spikes *s, const char *population)
{
  meso_result *r = run("correlation",
                       (const char *[]) {"populations", population, "bin_ms", "2", "discard_ms",
                                         "100", "max_neurons", "200", NULL}, s, NULL, 2);
  const meso_array *c = meso_result_find(r, "/correlation/coefficient");
  CU_ASSERT_FATAL(c != NULL && c->dims[0] == 200);
  double *x = calloc(200 * 199 / 2, sizeof *x);
  size_t n = 0;
  for (size_t i = 0; i < 200; i++)
    for (size_t j = i + 1; j < 200; j++) x[n++] = c->data[i * 200 + j];
  meso_result_destroy(r);
  return make_sample(x, n);
}

static void our_samples(int seed, sample ours[N_POPULATIONS][N_MEASURES])
{
  meso_spikes *s = simulate("simulation.duration_ms=5100", seed, 2, NULL);
  meso_result *r = run("statistics",
                       (const char *[]) {"discard_ms", "100", "min_spikes", "4", NULL}, s, NULL, 2);
  for (size_t p = 0; p < N_POPULATIONS; p++) {
    const char *name = population_name[p];
    ours[p][RATE] = statistics_sample(r, name, "rate_Hz");
    ours[p][CV] = statistics_sample(r, name, "cv_isi");
    ours[p][CORRELATION] = correlation_sample(s, name);
  }
  meso_result_destroy(r);
  meso_spikes_destroy(s);
}

static double median_of_three(const double *x)
{
  return fmax(fmin(x[0], x[1]), fmin(fmax(x[0], x[1]), x[2]));
}

/* What was compared, for the figure. */
typedef struct comparison {
  sample ours[N_SEEDS], nest[N_NEST];
  double worst, limit;     /* KS distance */
} comparison;

/* One row of the table, one assertion: against each NEST run, the median of our seeds. */
static void check_distribution(const char *population, int measure, comparison *c)
{
  static const char *const label[N_MEASURES] = {"rate", "CV", "correlation"};
  const sample *ours = c->ours;
  sample *nest = c->nest;
  double distance[N_NEST][N_SEEDS], sampling = 0, worst = 0;
  for (int k = 0; k < N_NEST; k++) nest[k] = nest_sample(population, measure, k + 1);
  const double between = ks_distance(nest[0], nest[1]);
  printf("# %-4s  %-11s", population, label[measure]);
  for (int k = 0; k < N_NEST; k++) {
    for (int i = 0; i < N_SEEDS; i++) {
      const double n = (double) ours[i].n, m = (double) nest[k].n;
      distance[k][i] = ks_distance(ours[i], nest[k]);
      sampling = fmax(sampling, 1.95 * sqrt((n + m) / (n * m)));
      printf("  %.4f", distance[k][i]);
    }
    worst = fmax(worst, median_of_three(distance[k]));
  }
  const double limit = measure == CORRELATION ? 1.5 * between + 0.07
                                              : fmax(1.5 * between + 0.02, sampling);
  printf("  %.4f  %.4f  %.4f%s\n", between, worst, limit, worst <= limit ? "" : "  beyond");
  CU_ASSERT(worst <= limit);
  c->worst = worst;
  c->limit = limit;
}

/* ---- their figure --------------------------------------------------------------------------- */

static comparison compared[N_MEASURES][N_POPULATIONS];

/* Distribution function, up to the end of the axis. */
static void draw_steps(meso_canvas *canvas, const meso_axes *axes, sample s, meso_stroke stroke)
{
  double *share = calloc(s.n, sizeof *share);
  size_t n = 0;
  CU_ASSERT_PTR_NOT_NULL_FATAL(share);
  for (; n < s.n && s.x[n] <= axes->x_max; n++) share[n] = ((double) n + 1) / (double) s.n;
  meso_axes_line(canvas, axes, n, s.x, share, stroke);
  free(share);
}

static void draw_panel(meso_canvas *canvas, int measure, int population)
{
  static const char *const x_label[N_MEASURES] = {
    "rate (spikes/s)", "CV of intervals (1)", "correlation of 2-ms counts (1)"};
  static const double x_min[N_MEASURES] = {0, 0.2, -0.02};
  const comparison *c = &compared[measure][population];
  const double width = meso_canvas_width(canvas), height = meso_canvas_height(canvas);
  const double w = (width - 62.0) / 3.0, h = (height - 66.0) / N_POPULATIONS;
  const sample first = c->nest[0];
  const meso_axes axes = {
    .box = {42.0 + w * measure, 36.0 + h * population, w - 22.0, h - 24.0},
    .x_min = x_min[measure], .y_min = 0, .y_max = 1,
    .x_max = measure == CV ? 1.4 : 1.15 * first.x[(size_t) (0.99 * (double) first.n)],
    .x_label = population == N_POPULATIONS - 1 ? x_label[measure] : NULL,
    .y_label = measure == 0 && population == 3 ? "share of neurons or of pairs (1)" : NULL,
    .no_y_ticks = measure > 0};
  meso_axes_draw(canvas, &axes);
  for (int k = 0; k < N_NEST; k++)
    draw_steps(canvas, &axes, c->nest[k], (meso_stroke) {meso_light_grey, 3.0, false});
  for (int i = 0; i < N_SEEDS; i++)
    draw_steps(canvas, &axes, c->ours[i], (meso_stroke) {meso_palette((size_t) i), 0.7, false});
  meso_canvas_text(canvas, axes.box.x + axes.box.w, axes.box.y + axes.box.h - 6.0,
                   (meso_text_style) {.size_pt = 6.5, .anchor = MESO_ANCHOR_RIGHT,
                                      .color = meso_black},
                   "KS %.3f, limit %.3f", c->worst, c->limit);
  meso_canvas_text(canvas, axes.box.x + axes.box.w, axes.box.y + axes.box.h - 17.0,
                   (meso_text_style) {.size_pt = 7.5, .anchor = MESO_ANCHOR_RIGHT, .bold = true,
                                      .color = meso_black},
                   "%s", population_name[population]);
}

static meso_status draw_comparison(const meso_figure_data *data, meso_canvas *canvas, meso_err *err)
{
  (void) data, (void) err;
  double x = meso_canvas_key(canvas, 42.0, 10.0, (meso_stroke) {meso_light_grey, 3.0, false},
                             "NEST 3.10, seeds 1 and 2");
  for (int i = 0; i < N_SEEDS; i++)
    x = meso_canvas_key(canvas, x, 10.0, (meso_stroke) {meso_palette((size_t) i), 0.7, false},
                        "mesocast, seed %d", i + 1);
  for (int measure = 0; measure < N_MEASURES; measure++)
    for (int p = 0; p < N_POPULATIONS; p++) draw_panel(canvas, measure, p);
  return MESO_OK;
}

static bool always(const meso_figure_data *data)
{
  (void) data;
  return true;
}

static void save_figure(const char *path)
{
  static const meso_figure_ops figure = {
    "nest", "Distributions of rates, CV and correlations of the microcircuit against NEST", 170.0,
    215.0, always, draw_comparison};
  const meso_figure_data none = {.model = NULL};
  meso_err err = {0};
  const meso_status st = meso_figure_save(&figure, &none, path, "make check-slow", NULL, &err);
  if (st != MESO_OK) printf("# %s\n", err.msg);
  CU_ASSERT_EQUAL(st, MESO_OK);
}

/** Distributions over neurons and pairs, 5 s after 100 ms. */
static void distributions_are_those_of_nest(void)
{
  sample ours[N_SEEDS][N_POPULATIONS][N_MEASURES];
  for (int i = 0; i < N_SEEDS; i++) our_samples(i + 1, ours[i]);
  printf("# KS distances of seeds 1, 2, 3 to NEST's seed 1, then to its seed 2; between NEST's "
         "seeds; larger median; limit\n");
  for (int measure = 0; measure < N_MEASURES; measure++)
    for (int p = 0; p < N_POPULATIONS; p++) {
      comparison *c = &compared[measure][p];
      for (int i = 0; i < N_SEEDS; i++) c->ours[i] = ours[i][p][measure];
      check_distribution(population_name[p], measure, c);
    }
  if (getenv("MESO_FIGURE") != NULL) save_figure(getenv("MESO_FIGURE"));
  for (int measure = 0; measure < N_MEASURES; measure++)
    for (int p = 0; p < N_POPULATIONS; p++) {
      for (int i = 0; i < N_SEEDS; i++) free(compared[measure][p].ours[i].x);
      for (int k = 0; k < N_NEST; k++) free(compared[measure][p].nest[k].x);
    }
}

/** Of three runs of 10 s, with all spikes in memory. */
static void memory_stays_below_one_and_a_half_gigabytes(void)
{
  struct rusage usage;
  CU_ASSERT_EQUAL(getrusage(RUSAGE_SELF, &usage), 0);
  printf("# peak memory %.2f GB\n", (double) usage.ru_maxrss * 1024e-9);
  CU_ASSERT(usage.ru_maxrss < 1500000);
}

static void threads_give_the_same_spikes(void)
{
  meso_spikes *one = simulate("simulation.duration_ms=1000", 1, 1, NULL);
  static const int threads[] = {2, 3, 7};
  for (size_t k = 0; k < sizeof threads / sizeof *threads; k++) {
    meso_spikes *more = simulate("simulation.duration_ms=1000", 1, threads[k], NULL);
    for (size_t p = 0; p < one->n_populations; p++) {
      const meso_spike_population *a = &one->population[p], *b = &more->population[p];
      CU_ASSERT_EQUAL_FATAL(a->n_spikes, b->n_spikes);
      CU_ASSERT_EQUAL(memcmp(a->time_ms, b->time_ms, a->n_spikes * sizeof *a->time_ms), 0);
      CU_ASSERT_EQUAL(memcmp(a->id, b->id, a->n_spikes * sizeof *a->id), 0);
    }
    meso_spikes_destroy(more);
  }
  meso_spikes_destroy(one);
}

int main(void)
{
  static const meso_test tests[] = {
    {"rates_are_the_published_ones", rates_are_the_published_ones},
    {"memory_stays_below_one_and_a_half_gigabytes", memory_stays_below_one_and_a_half_gigabytes},
    {"distributions_are_those_of_nest", distributions_are_those_of_nest},
    {"threads_give_the_same_spikes", threads_give_the_same_spikes},
    {NULL, NULL},
  };
  static const meso_test figure[] = {
    {"distributions_are_those_of_nest", distributions_are_those_of_nest}, {NULL, NULL}};
  return meso_test_main("slow_microcircuit", getenv("MESO_FIGURE") != NULL ? figure : tests);
}
