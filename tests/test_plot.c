/* Figures and report: every figure in every format from synthetic data, from damaged data and from
 * next to none; equal bytes for equal data. */
#include "meso_canvas.h"
#include "meso_morphology.h"
#include "meso_test.h"

#include <png.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { N_TIMES = 8000, N_CHANNELS = 16, N_BOLD = 60, N_FREQUENCIES = 129, N_NEURONS = 20 };

/* Keeps figures to look at under $MESO_PLOT_KEEP, if that is set. */
static const char *folder(void)
{
  static char made[32];
  const char *keep = getenv("MESO_PLOT_KEEP");
  if (keep != NULL && *keep != '\0') return keep;
  if (*made == '\0') {
    snprintf(made, sizeof made, "test_plot_XXXXXX");
    CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(made));
  }
  return made;
}

static const char *file_in_folder(const char *name, const char *ending)
{
  static char path[4][1024];
  static int turn;
  char *p = path[turn++ % 4];
  snprintf(p, sizeof path[0], "%s/%s%s", folder(), name, ending);
  return p;
}

static void drop(const char *path)
{
  if (getenv("MESO_PLOT_KEEP") == NULL) remove(path);
}

static char *slurp(const char *path, size_t *ret_n)
{
  FILE *file = fopen(path, "rb");
  CU_ASSERT_PTR_NOT_NULL_FATAL(file);
  CU_ASSERT_EQUAL(fseek(file, 0, SEEK_END), 0);
  long n = ftell(file);
  char *bytes = calloc((size_t) n + 1, 1);
  CU_ASSERT_PTR_NOT_NULL_FATAL(bytes);
  rewind(file);
  CU_ASSERT_EQUAL(fread(bytes, 1, (size_t) n, file), (size_t) n);
  fclose(file);
  *ret_n = (size_t) n;
  return bytes;
}

static void must(meso_status status, const meso_err *err)
{
  if (status != MESO_OK) printf("# %s\n", err->msg);
  CU_ASSERT_EQUAL_FATAL(status, MESO_OK);
}

static double noise(void)
{
  static unsigned long long state = 12345;
  state = state * 6364136223846793005ULL + 1442695040888963407ULL;
  return (double) (state >> 33) / 2147483648.0 - 0.5;
}

/* ---- synthetic data ------------------------------------------------------------------------ */

static meso_model *read_model(void)
{
  meso_err err = {0};
  meso_model *model = NULL;
  const char *path = meso_test_path("data/models/microcircuit.yaml");
  must(meso_model_read(path, 0, NULL, &model, &err), &err);
  model->thalamus = (meso_schedule) { .kind = MESO_SCHEDULE_BLOCKS, .start_ms = 10000.0,
                                      .on_ms = 20000.0, .period_ms = 40000.0, .rate_Hz = 15.0 };
  return model;
}

static meso_spikes *make_spikes(const meso_model *model)
{
  meso_err err = {0};
  meso_spikes *spikes = NULL;
  must(meso_spikes_create(model->n_populations, &spikes, &err), &err);
  spikes->t_stop_ms = 1000.0;
  for (size_t i = 0; i < model->n_populations; i++) {
    meso_spike_population *p = &spikes->population[i];
    const meso_population *from = &model->population[i];
    p->name = meso_strdup(from->name);
    p->size = (uint64_t) from->size;
    p->n_spikes = (size_t) (fmax(from->full_mean_rate_Hz, 0.2) * (double) p->size);
    p->time_ms = meso_calloc(p->n_spikes, sizeof *p->time_ms);
    p->id = meso_calloc(p->n_spikes, sizeof *p->id);
    for (size_t k = 0; k < p->n_spikes; k++) {
      p->time_ms[k] = 1000.0 * (double) k / (double) p->n_spikes;
      p->id[k] = (uint32_t) ((noise() + 0.5) * 0.999999 * (double) p->size);
    }
  }
  return spikes;
}

static void fill_signal(meso_signal *s, double amplitude, double z_first, double z_step)
{
  s->position_um = meso_calloc(3 * s->n_channels, sizeof(double));
  for (size_t c = 0; c < s->n_channels; c++)
    s->position_um[3 * c + 2] = z_first + z_step * (double) c;
  for (size_t t = 0; t < s->n_times; t++)
    for (size_t c = 0; c < s->n_channels; c++) {
      double depth = cos(3.0 * (double) c / (double) s->n_channels);
      double time = (double) t / s->sampling_rate_Hz;
      s->data[t * s->n_channels + c] = amplitude * (depth * sin(2 * M_PI * 12.0 * time)
                                                    + 0.6 * sin(2 * M_PI * 63.0 * time + 0.3 *
                                                                (double) c) + 0.5 * noise());
    }
}

static meso_signals *make_lfp(const meso_model *model)
{
  meso_err err = {0};
  meso_signals *lfp = NULL;
  meso_signal *s = NULL;
  char name[64];
  must(meso_signals_create(&lfp, &err), &err);
  must(meso_signals_add(lfp, "lfp", "mV", N_TIMES, N_CHANNELS, 1000.0, 0.0, &s, &err), &err);
  fill_signal(s, 0.08, 0.0, -100.0);
  must(meso_attrs_set_number(&s->attrs, "valid_from_Hz", 12.5, &err), &err);
  must(meso_attrs_set_number(&s->attrs, "valid_to_Hz", 100.0, &err), &err);
  must(meso_attrs_set_number(&s->attrs, "doubtful_to_Hz", 200.0, &err), &err);
  must(meso_signals_add(lfp, "csd", "uA/mm^3", N_TIMES, N_CHANNELS - 2, 1000.0, 0.0, &s, &err),
       &err);
  fill_signal(s, 0.9, -100.0, -100.0);
  for (size_t i = model->n_populations; i-- > 0;) { /* figures keep the model's order */
    snprintf(name, sizeof name, "lfp_from_%s", model->population[i].name);
    must(meso_signals_add(lfp, name, "mV", N_TIMES, N_CHANNELS, 1000.0, 0.0, &s, &err), &err);
    fill_signal(s, 0.01 * (double) (i + 1), 0.0, -100.0);
  }
  return lfp;
}

static meso_signals *make_bold(void)
{
  static const char *const label[4] = { "L23", "L4", "L5", "L6" };
  meso_err err = {0};
  meso_signals *bold = NULL;
  meso_signal *s = NULL;
  must(meso_signals_create(&bold, &err), &err);
  must(meso_signals_add(bold, "drive", "1", 900, 4, 10.0, 0.0, &s, &err), &err);
  for (size_t t = 0; t < 900; t++)
    for (size_t c = 0; c < 4; c++)
      s->data[t * 4 + c] = (fmod((double) t / 10.0 + 30.0, 40.0) < 20.0 ? 0.2 : 0.0)
                           * (1.0 + (double) c) + 0.05 * noise();
  for (size_t c = 0; c < 4; c++) must(meso_signal_set_label(s, c, label[c], &err), &err);
  must(meso_signals_add(bold, "bold", "1", N_BOLD, 4, 1.0 / 1.5, 0.0, &s, &err), &err);
  for (size_t t = 0; t < N_BOLD; t++)
    for (size_t c = 0; c < 4; c++)
      s->data[t * 4 + c] = 0.004 * (double) (c + 1) * sin(2 * M_PI * ((double) t * 1.5 - 15) / 40);
  for (size_t c = 0; c < 4; c++) must(meso_signal_set_label(s, c, label[c], &err), &err);
  must(meso_attrs_set_text(&s->attrs, "model", "friston2003", &err), &err);
  return bold;
}

static meso_array *add(meso_result *result, const char *path, const char *units, size_t n_dims,
                       size_t n0, size_t n1)
{
  meso_err err = {0};
  meso_array *a = NULL;
  const size_t dims[2] = { n0, n1 };
  must(meso_result_add(result, path, units, n_dims, dims, &a, &err), &err);
  return a;
}

static void add_statistics(meso_result *result, const meso_model *model)
{
  static const char *const quantity[3] = { "rate_Hz", "cv_isi", "lv" };
  char path[128];
  for (size_t i = 0; i < model->n_populations; i++)
    for (size_t q = 0; q < 3; q++) {
      snprintf(path, sizeof path, "/statistics/%s/%s", model->population[i].name, quantity[q]);
      meso_array *a = add(result, path, q == 0 ? "spikes/s" : "1", 1, 500, 1);
      double scale = q == 0 ? fmax(model->population[i].full_mean_rate_Hz, 1.0) : 0.9;
      for (size_t k = 0; k < 500; k++)
        a->data[k] = scale * fabs(1.0 + 0.6 * (noise() + noise() + noise()));
    }
}

static void add_correlation(meso_result *result, const meso_model *model)
{
  meso_err err = {0};
  size_t n = model->n_populations * N_NEURONS;
  meso_array *c = add(result, "/correlation/coefficient", "1", 2, n, n);
  for (size_t i = 0; i < n * n; i++) c->data[i] = 0.05 * (noise() + noise());
  char (*label)[32] = calloc(n, sizeof *label);
  const char **list = calloc(n, sizeof *list);
  for (size_t i = 0; i < n; i++) {
    snprintf(label[i], sizeof label[i], "%s/%zu", model->population[i / N_NEURONS].name,
             i % N_NEURONS);
    list[i] = label[i];
  }
  must(meso_result_add_text(result, "/correlation/labels", n, list, &err), &err);
  free(list);
  free(label);
}

static void add_spectra(meso_result *result, const meso_model *model)
{
  meso_err err = {0};
  meso_array *f = add(result, "/spectrum/frequency_Hz", "Hz", 1, N_FREQUENCIES, 1);
  for (size_t k = 0; k < N_FREQUENCIES; k++) f->data[k] = 500.0 * (double) k / (N_FREQUENCIES - 1);
  meso_array *p = add(result, "/spectrum/psd", "mV^2/Hz", 2, N_CHANNELS, N_FREQUENCIES);
  for (size_t i = 0; i < N_CHANNELS * N_FREQUENCIES; i++)
    p->data[i] = 1e-5 * (1.2 + noise()) / (4.0 + (double) (i % N_FREQUENCIES))
                 / (2.0 + (double) (i / N_FREQUENCIES));
  f = add(result, "/population_spectrum/frequency_Hz", "Hz", 1, N_FREQUENCIES, 1);
  for (size_t k = 0; k < N_FREQUENCIES; k++) f->data[k] = 500.0 * (double) k / (N_FREQUENCIES - 1);
  size_t n = model->n_populations;
  p = add(result, "/population_spectrum/psd", "(spikes/s)^2/Hz", 2, n, N_FREQUENCIES);
  for (size_t i = 0; i < n * N_FREQUENCIES; i++)
    p->data[i] = 0.01 * (double) (i / N_FREQUENCIES + 1) * (1.2 + noise())
                 / (5.0 + (double) (i % N_FREQUENCIES));
  const char *name[32] = { NULL };
  for (size_t i = 0; i < n && i < 32; i++) name[i] = model->population[i].name;
  must(meso_result_add_text(result, "/population_spectrum/labels", n, name, &err), &err);
}

static void set_estimator(meso_attrs *attrs, const char *method)
{
  meso_err err = {0};
  must(meso_attrs_set_text(attrs, "method", method, &err), &err);
  must(meso_attrs_set_text(attrs, "window", "hann", &err), &err);
  must(meso_attrs_set_number(attrs, "nperseg", 256, &err), &err);
  must(meso_attrs_set_number(attrs, "n_segments", 61, &err), &err);
  must(meso_attrs_set_number(attrs, "overlap", 0.5, &err), &err);
  must(meso_attrs_set_number(attrs, "sampling_rate_Hz", 1000, &err), &err);
  must(meso_attrs_set_number(attrs, "nw", 4, &err), &err);
  must(meso_attrs_set_number(attrs, "tapers", 7, &err), &err);
}

static void add_coherence(meso_result *result)
{
  meso_err err = {0};
  size_t n = N_CHANNELS * (N_CHANNELS - 1) / 2, at = 0;
  meso_array *f = add(result, "/coherence/frequency_Hz", "Hz", 1, N_FREQUENCIES, 1);
  for (size_t k = 0; k < N_FREQUENCIES; k++) f->data[k] = 500.0 * (double) k / (N_FREQUENCIES - 1);
  double *distance = add(result, "/coherence/distance_um", "um", 1, n, 1)->data;
  double *pair = add(result, "/coherence/pairs", "1", 2, n, 2)->data;
  double *c = add(result, "/coherence/magnitude_squared", "1", 2, n, N_FREQUENCIES)->data;
  for (size_t i = 0; i < N_CHANNELS; i++)
    for (size_t j = i + 1; j < N_CHANNELS; j++, at++) {
      pair[2 * at] = (double) i;
      pair[2 * at + 1] = (double) j;
      distance[at] = 100.0 * (double) (j - i);
      for (size_t k = 0; k < N_FREQUENCIES; k++)
        c[at * N_FREQUENCIES + k] = fmin(1.0, exp(-distance[at] / (900.0 - 6.0 * (double) k))
                                              + 0.02 * (1.0 + noise()));
    }
  meso_attrs *attrs = meso_result_group_attrs(result, "/coherence");
  CU_ASSERT_PTR_NOT_NULL_FATAL(attrs);
  must(meso_attrs_set_number(attrs, "bias_level", 0.02, &err), &err);
  must(meso_attrs_set_number(attrs, "effective_observations", 50.0, &err), &err);
  set_estimator(attrs, "multitaper");
}

/* A table of /cause: flat power, coherence that falls with distance. */
static void add_cause_table(meso_result *result, const char *name, double power, double coherence)
{
  const size_t n_pairs = N_CHANNELS * (N_CHANNELS - 1) / 2;
  char path[96];
  snprintf(path, sizeof path, "/cause/%s/power", name);
  meso_array *a = add(result, path, "mV^2/Hz", 2, N_CHANNELS, N_FREQUENCIES);
  for (size_t i = 0; i < meso_array_count(a); i++) a->data[i] = power;
  snprintf(path, sizeof path, "/cause/%s/coherence", name);
  a = add(result, path, "1", 2, n_pairs, N_FREQUENCIES);
  for (size_t i = 0; i < meso_array_count(a); i++) a->data[i] = coherence;
  snprintf(path, sizeof path, "/cause/%s/distance_coherence", name);
  a = add(result, path, "1", 2, N_CHANNELS - 1, 5);
  for (size_t i = 0; i < meso_array_count(a); i++) a->data[i] = coherence / (1 + (double) (i / 5));
}

static void add_cause(meso_result *result)
{
  static const double edge[6] = {1, 4, 12, 30, 80, 200};
  meso_err err = {0};
  size_t n = N_CHANNELS * (N_CHANNELS - 1) / 2, p = 0;
  meso_array *f = add(result, "/cause/frequency_Hz", "Hz", 1, N_FREQUENCIES, 1);
  for (size_t k = 0; k < N_FREQUENCIES; k++) f->data[k] = 500.0 * (double) k / (N_FREQUENCIES - 1);
  must(meso_result_add_vector(result, "/cause/band_edges_Hz", "Hz", 6, edge, &err), &err);
  (void) add(result, "/cause/positions", "um", 2, N_CHANNELS, 3);
  double *at = add(result, "/cause/distances_um", "um", 1, N_CHANNELS - 1, 1)->data;
  for (size_t d = 0; d + 1 < N_CHANNELS; d++) at[d] = 100.0 * (double) (d + 1);
  at = add(result, "/cause/distance_um", "um", 1, n, 1)->data;
  for (size_t i = 0; i < N_CHANNELS; i++)
    for (size_t j = i + 1; j < N_CHANNELS; j++) at[p++] = 100.0 * (double) (j - i);
  add_cause_table(result, "total", 1e-5, 0.8);
  add_cause_table(result, "without_across", 2e-5, 0.6);
  add_cause_table(result, "independent", 4e-5, 0.4);
  add_cause_table(result, "poisson", 4e-5, 0.4);
  meso_attrs *attrs = meso_result_group_attrs(result, "/cause");
  must(meso_attrs_set_number(attrs, "bias_level", 0.05, &err), &err);
  set_estimator(attrs, "welch");
}

/* Three approximations, worse from one to the next. */
static void add_approximation(meso_result *result)
{
  static const char *const name[] = { "lfp_by_mean_kernel", "lfp_by_rate_weighted_kernel",
                                      "lfp_by_population_kernel" };
  meso_err err = {0};
  meso_array *array;
  must(meso_result_add_text(result, "/approximation/name", 3, name, &err), &err);
  meso_array *f = add(result, "/approximation/frequency_Hz", "Hz", 1, N_FREQUENCIES, 1);
  for (size_t k = 0; k < N_FREQUENCIES; k++) f->data[k] = 500.0 * (double) k / (N_FREQUENCIES - 1);
  double *explained = add(result, "/approximation/explained_variance", "1", 2, 3, N_CHANNELS)->data;
  must(meso_result_add(result, "/approximation/error_ratio", "1", 3,
                       (size_t[]) { 3, N_CHANNELS, N_FREQUENCIES }, &array, &err), &err);
  for (size_t i = 0; i < 3 * N_CHANNELS; i++) explained[i] = 0.9 - 0.1 * (double) (i / N_CHANNELS);
  for (size_t i = 0; i < meso_array_count(array); i++)
    array->data[i] = 0.01 * (1.0 + (double) (i % N_FREQUENCIES));
  array = add(result, "/approximation/expected_explained_variance", "1", 1, N_CHANNELS, 1);
  for (size_t c = 0; c < N_CHANNELS; c++) array->data[c] = 0.95;
  array = add(result, "/approximation/expected_error_ratio", "1", 2, N_CHANNELS, N_FREQUENCIES);
  for (size_t i = 0; i < meso_array_count(array); i++) array->data[i] = 0.05;
  set_estimator(meso_result_group_attrs(result, "/approximation"), "welch");
}

/* Two proxies. */
static void add_proxy(meso_result *result)
{
  static const char *const name[] = { "lfp_proxy_rate", "lfp_proxy_erws1" };
  meso_err err = {0};
  meso_array *array;
  must(meso_result_add_text(result, "/proxy/name", 2, name, &err), &err);
  meso_array *f = add(result, "/proxy/frequency_Hz", "Hz", 1, N_FREQUENCIES, 1);
  for (size_t k = 0; k < N_FREQUENCIES; k++) f->data[k] = 500.0 * (double) k / (N_FREQUENCIES - 1);
  double *r2 = add(result, "/proxy/correlation_squared", "1", 2, 2, N_CHANNELS)->data;
  must(meso_result_add(result, "/proxy/coherence_squared", "1", 3,
                       (size_t[]) { 2, N_CHANNELS, N_FREQUENCIES }, &array, &err), &err);
  for (size_t i = 0; i < 2 * N_CHANNELS; i++) r2[i] = 0.8 - 0.3 * (double) (i / N_CHANNELS);
  for (size_t i = 0; i < meso_array_count(array); i++) array->data[i] = 0.5;
  set_estimator(meso_result_group_attrs(result, "/proxy"), "welch");
}

/* Parameters that the analyses write beside their results. */
static void add_parameters(meso_result *result)
{
  meso_err err = {0};
  meso_attrs *attrs = meso_result_group_attrs(result, "/statistics");
  must(meso_attrs_set_number(attrs, "min_spikes", 4, &err), &err);
  attrs = meso_result_group_attrs(result, "/correlation");
  must(meso_attrs_set_number(attrs, "bin_ms", 2, &err), &err);
  must(meso_attrs_set_number(attrs, "n_bins", 44950, &err), &err);
  set_estimator(meso_result_group_attrs(result, "/spectrum"), "welch");
}

enum { N_CELLS = 4 };

/* Shapes at their depths, as the program reads them; read once. */
static meso_figure_cell *make_cells(void)
{
  static const struct { const char *file, *name, *population; double z_um; } row[N_CELLS] = {
    { "morphologies/pyramid_l23.swc", "p23", "L23E", -334.35 },
    { "morphologies/basket.swc", "b23, nb23", "L23I", -334.35 },
    { "morphologies/pyramid_l5.swc", "p5(L56)", "L5E", -1046.1 },
    { "morphologies/pyramid_l6_tall.swc", "p6(L56)", "L6E", -1330.85 } };
  static meso_morphology *shape[N_CELLS];
  static meso_figure_cell cell[N_CELLS];
  const meso_discretisation cut = { 150, 1, 0.1, 100, 0 };
  for (size_t i = 0; i < N_CELLS; i++) {
    if (shape[i] != NULL) continue;
    CU_ASSERT_EQUAL_FATAL(meso_morphology_read(meso_test_path(row[i].file), &cut, &shape[i], NULL),
                          MESO_OK);
    meso_morphology_place(shape[i], 0, 0, row[i].z_um);
    cell[i] = (meso_figure_cell) { .name = row[i].name, .population = row[i].population,
                                   .segments = meso_morphology_segments(shape[i]) };
  }
  return cell;
}

/* Drawn: contacts of the model's probe and all segments. */
static size_t n_probe_marks(const meso_figure_data *data)
{
  size_t n = data->model->probe.contacts.n;
  for (size_t i = 0; i < data->n_cells; i++) n += data->cell[i].segments.n;
  return n;
}

static meso_figure_data make_data(void)
{
  meso_err err = {0};
  meso_model *model = read_model();
  meso_result *result = NULL;
  must(meso_result_create(&result, &err), &err);
  add_statistics(result, model);
  add_correlation(result, model);
  add_spectra(result, model);
  add_coherence(result);
  add_approximation(result);
  add_cause(result);
  add_proxy(result);
  add_parameters(result);
  return (meso_figure_data) { .model = model, .spikes = make_spikes(model),
                              .lfp = make_lfp(model), .bold = make_bold(), .analysis = result,
                              .n_cells = N_CELLS, .cell = make_cells() };
}

static void free_data(meso_figure_data *data)
{
  meso_model_destroy((meso_model *) data->model);
  meso_spikes_destroy((meso_spikes *) data->spikes);
  meso_signals_destroy((meso_signals *) data->lfp);
  meso_signals_destroy((meso_signals *) data->bold);
  meso_result_destroy((meso_result *) data->analysis);
}

/* ---- tests --------------------------------------------------------------------------------- */

static void save(const meso_figure_ops *figure, const meso_figure_data *data, const char *ending,
                 meso_figure_report *report)
{
  meso_err err = {0};
  const char *path = file_in_folder(figure->name, ending);
  meso_status status = meso_figure_save(figure, data, path, "made by a test", report, &err);
  if (status != MESO_OK) printf("# %s: %s\n", figure->name, err.msg);
  CU_ASSERT_EQUAL(status, MESO_OK);
}

static void test_formats(void)
{
  static const char *const ending[3] = { ".svg", ".png", ".pdf" };
  static const char *const magic[3] = { "<?xml", "\x89PNG", "%PDF" };
  meso_figure_data data = make_data();
  size_t n_drawn = 0;
  for (size_t i = 0; i < meso_figure_count(); i++) {
    const meso_figure_ops *figure = meso_figure_at(i);
    meso_figure_report report[3];
    CU_ASSERT_PTR_EQUAL(meso_figure_by_name(figure->name), figure);
    if (!figure->available(&data)) continue; /* drawn by test_plot_analysis.c */
    n_drawn++;
    for (size_t k = 0; k < 3; k++) {
      size_t n[2];
      char *bytes[2];
      const char *path = file_in_folder(figure->name, ending[k]);
      for (size_t twice = 0; twice < 2; twice++) {
        save(figure, &data, ending[k], &report[k]);
        bytes[twice] = slurp(path, &n[twice]);
      }
      CU_ASSERT(n[0] > 500 && n[0] < 3000000);
      CU_ASSERT(memcmp(bytes[0], magic[k], strlen(magic[k])) == 0);
      if (n[0] != n[1] || memcmp(bytes[0], bytes[1], n[0]) != 0)
        CU_FAIL("equal data gave different bytes");
      free(bytes[0]);
      free(bytes[1]);
      drop(path);
      CU_ASSERT(report[k].n_marks > 0);
      CU_ASSERT_EQUAL(report[k].n_marks, report[0].n_marks);
    }
  }
  CU_ASSERT(n_drawn >= 11);
  free_data(&data);
}

/* An empty page is white up to its last pixel, whatever its size in mm. */
static void test_white_to_the_edge(void)
{
  for (double width_mm = 20.0; width_mm < 21.0; width_mm += 0.13) {
    meso_err err = {0};
    meso_canvas *canvas = NULL;
    meso_bytes bytes = { NULL, 0, 0 };
    png_image image = { .version = PNG_IMAGE_VERSION };
    must(meso_canvas_create(MESO_CANVAS_PNG, width_mm, width_mm, &canvas, &err), &err);
    must(meso_canvas_finish(canvas, NULL, NULL, &bytes, &err), &err);
    CU_ASSERT_FATAL(png_image_begin_read_from_memory(&image, bytes.data, bytes.n) != 0);
    image.format = PNG_FORMAT_GRAY;
    unsigned char *pixels = calloc(PNG_IMAGE_SIZE(image), 1);
    CU_ASSERT_PTR_NOT_NULL_FATAL(pixels);
    CU_ASSERT_FATAL(png_image_finish_read(&image, NULL, pixels, 0, NULL) != 0);
    MESO_CHECK_EACH(i, PNG_IMAGE_SIZE(image), pixels[i] == 255);
    free(pixels);
    free(bytes.data);
    meso_canvas_destroy(canvas);
  }
}

static int compare_ids(const void *a, const void *b)
{
  return strcmp(*(char *const *) a, *(char *const *) b);
}

/* No id occurs twice, and every link inside the page leads somewhere. */
static void check_ids(const char *page)
{
  static char *id[60000];
  size_t n = 0, n_links = 0;
  for (const char *p = strstr(page, " id=\""); p != NULL && n < 60000; p = strstr(p + 1, " id=\""))
    id[n++] = strndup(p + 5, strcspn(p + 5, "\""));
  CU_ASSERT(n > 10 && n < 60000);
  qsort(id, n, sizeof *id, compare_ids);
  for (size_t i = 1; i < n; i++)
    if (strcmp(id[i - 1], id[i]) == 0) {
      printf("# id %s occurs twice\n", id[i]);
      CU_FAIL("an id occurs twice");
    }
  for (const char *p = strstr(page, "href=\"#"); p != NULL; p = strstr(p + 1, "href=\"#")) {
    char *link = strndup(p + 7, strcspn(p + 7, "\""));
    if (bsearch(&link, id, n, sizeof *id, compare_ids) == NULL) {
      printf("# link to %s leads nowhere\n", link);
      CU_FAIL("a link leads nowhere");
    }
    free(link);
    n_links++;
  }
  CU_ASSERT(n_links > 10);
  for (size_t i = 0; i < n; i++) free(id[i]);
}

static void test_report(void)
{
  static const char *const note[1] = { "Passive dendrites & point neurons <LIF>." };
  static const char *const fact[1][2] = { { "seed", "1" } };
  const meso_comparison_row row = { .quantity = "rate of L4E", .predicted = "4.5 spikes/s" };
  meso_err err = {0};
  size_t n = 0;
  meso_figure_data data = make_data();
  static const char *const head[3] = { "Type", "From", "Mean" };
  static const char *const cell[6] = { "p23", "L4<E>", "84.3", "b23", "L4I", "21.1" };
  const meso_report_table table = { .id = "degrees", .title = "Synapses", .n_columns = 3,
                                    .n_names = 2, .n_rows = 2, .head = head, .cell = cell };
  const meso_report report = { .title = "Test", .subtitle = "synthetic data", .n_notes = 1,
                               .note = note, .n_rows = 1, .row = &row, .n_tables = 1,
                               .table = &table, .n_facts = 1, .fact = fact, .data = &data };
  const char *path = file_in_folder("report", ".html");
  must(meso_report_write(path, &report, &err), &err);
  char *page = slurp(path, &n);
  CU_ASSERT(n > 10000 && n < 10000000);
  CU_ASSERT_PTR_NOT_NULL(strstr(page, "Passive dendrites &amp; point neurons &lt;LIF&gt;."));
  CU_ASSERT_PTR_NOT_NULL(strstr(page, "78,071"));
  CU_ASSERT_PTR_NOT_NULL(strstr(page, "Model file (spikes/s)"));
  CU_ASSERT_PTR_NOT_NULL(strstr(page, "<h3>B: Populations</h3>"));
  CU_ASSERT_PTR_NOT_NULL(strstr(page, "<td>L23E</td><td>iaf_psc_exp</td>"));
  CU_ASSERT_PTR_NULL(strstr(page, "http://www.w3.org/1999/xhtml"));
  CU_ASSERT_PTR_NULL(strstr(page, "src=\"http"));
  CU_ASSERT_PTR_NOT_NULL(strstr(page, "<h2 id=\"degrees\">Synapses</h2>"));
  CU_ASSERT_PTR_NOT_NULL(strstr(page, "<th>From</th><th class=\"n\">Mean</th>"));
  CU_ASSERT_PTR_NOT_NULL(strstr(page, "<tr><td>p23</td><td>L4&lt;E&gt;</td><td class=\"n\">84.3"
                                      "</td></tr>\n<tr><td>b23</td>"));
  check_ids(page);
  must(meso_report_write(path, &report, &err), &err);
  size_t n_again = 0;
  char *again = slurp(path, &n_again);
  CU_ASSERT(n == n_again && memcmp(page, again, n) == 0);
  free(again);
  free(page);
  drop(path);
  free_data(&data);
}

static meso_figure_report draw_named(const char *name, const meso_figure_data *data)
{
  meso_figure_report report;
  char *svg = NULL;
  const meso_figure_ops *figure = meso_figure_by_name(name);
  CU_ASSERT_PTR_NOT_NULL_FATAL(figure);
  CU_ASSERT_EQUAL_FATAL(meso_figure_svg(figure, data, &svg, &report, NULL), MESO_OK);
  free(svg);
  return report;
}

static void expect_line(const char *figure, const char *lines, const char *part)
{
  if (strstr(lines, part) == NULL) printf("# %s: no \"%s\" in\n# %s\n", figure, part, lines);
  CU_ASSERT_PTR_NOT_NULL(strstr(lines, part));
}

/* Labels of the figures of a run (test_plot_analysis.c has the others), and the number of data for
 * those where it follows from make_data. */
static void test_labels_and_counts(void)
{
  static const struct { const char *figure, *label[4]; size_t n_marks; } expected[] = {
    { "network", { "source (synapses per target)", "target" }, 59 + 25 }, /* cells and links */
    { "raster", { "time (ms)", "rate (spikes/s)", "sampled neurons (count)" }, 0 },
    { "rates", { "firing rate (spikes/s)" }, 9 * 500 },
    { "variability", { "CV of intervals (dimensionless)", "LV of intervals (dimensionless)" },
      2 * 8 * 500 },
    { "correlation", { "spike-count correlation coefficient (dimensionless)" },
      8 * N_NEURONS * (N_NEURONS - 1) / 2 },
    { "probe", { "x (\u00b5m)", "depth z (\u00b5m)" }, 0 },
    { "lfp", { "time (ms)", "depth z (\u00b5m)" }, 1001 * N_CHANNELS },
    { "csd", { "time (ms)", "depth z (\u00b5m)", "CSD \u2212 mean (\u00b5A/mm\u00b3)",
               "LFP \u2212 mean (mV)" }, 301 * (2 * N_CHANNELS - 2) },
    { "contributions", { "standard deviation of the LFP (mV)", "depth z (\u00b5m)" },
      10 * N_CHANNELS },
    { "approximation", { "explained variance (dimensionless)", "depth z (\u00b5m)",
                         "error power / LFP power (dimensionless)", "frequency (Hz)" },
      4 * N_CHANNELS + 4 * 17 },
    /* four spectra, three distances and two bands each with and without, bands in dots too */
    { "cause", { "frequency (Hz)", "power (mV\u00b2/Hz)", "magnitude squared (dimensionless)",
                 "distance (\u00b5m)" }, 10 * 13 + 6 * (N_CHANNELS - 1) },
    { "proxy", { "squared correlation with the LFP (dimensionless)", "depth z (\u00b5m)",
                 "magnitude-squared coherence (dimensionless)", "frequency (Hz)" },
      2 * N_CHANNELS + 2 * 17 },
    { "spectra", { "frequency (Hz)", "PSD (mV\u00b2/Hz)", 
                   "PSD, summed over neurons ((spikes/s)\u00b2/Hz)" },
      (5 + 9) * (N_FREQUENCIES - 1) },
    { "coherence", { "frequency (Hz)", "magnitude squared coherence (dimensionless)",
                     "depth z (\u00b5m)", "magnitude squared (dimensionless)" },
      5 * 52 + N_CHANNELS * N_CHANNELS },
    /* the drive twice: its samples, and their means over one volume of 15 samples */
    { "bold", { "time (s)", "BOLD (%)", "drive (dimensionless)" }, 4 * (N_BOLD + 900 + 60) },
  };
  meso_figure_data data = make_data();
  CU_ASSERT(meso_figure_count() >= sizeof expected / sizeof expected[0]);
  for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++) {
    const meso_figure_report report = draw_named(expected[i].figure, &data);
    for (size_t k = 0; k < 4 && expected[i].label[k] != NULL; k++)
      expect_line(expected[i].figure, report.labels, expected[i].label[k]);
    if (expected[i].n_marks > 0 && report.n_marks != expected[i].n_marks)
      printf("# %s: %zu marks, want %zu\n", expected[i].figure, report.n_marks,
             expected[i].n_marks);
    CU_ASSERT(expected[i].n_marks == 0 || report.n_marks == expected[i].n_marks);
    CU_ASSERT(strcmp(expected[i].figure, "probe") != 0 || report.n_marks == n_probe_marks(&data));
    size_t lines = 0;
    for (const char *p = report.labels; *p != '\0'; p++) lines += *p == '\n';
    CU_ASSERT_EQUAL(lines, report.n_labels);
  }
  free_data(&data);
}

/* What a figure must say beside its axes: numbers of data, estimators, what was left out. */
static void test_notes(void)
{
  static const struct { const char *figure, *part[5]; } expected[] = {
    { "network", { "excitatory population\ninhibitory population\npopulation of Poisson sources\n"
                   "P: Poisson input, one per neuron\n", "dashed: random\nfixed_total_number\n",
                   "78,071 neurons, 301,977,209 synapses",
                   "25 of 59 projections, the 18 strongest and the 2 strongest of each source" } },
    { "raster", { "1 in 50 neurons", "n = 1565 neurons", "bins of 2 ms" } },
    { "rates", { "circle: mean", "reference mean" } },
    { "variability", { "at least 4 spikes", "left out: Poisson sources (TC)" } },
    { "correlation", { "44950 bins of 2 ms", "left out: Poisson sources (TC)" } },
    { "probe", { "16 contacts, seen along y" } },
    { "lfp", { "16 contacts, each about its mean" } },
    { "csd", { "Current source density, each contact about its mean in this window",
               "Local field potential, each contact about its mean in this window" } },
    { "contributions", { "L23E\nL23I\nL4E\nL4I\nL5E\nL5I\nL6E\nL6I\nTC\nwhole LFP" } },
    { "approximation", { "mean kernel\nrate weighted kernel\npopulation kernel\n"
                         "mean kernel, expected",
                         "Welch, hann window, 256 samples" } },
    { "cause", { "LFP\nno correlation across populations\nno correlation at all\nPoisson trains",
                 "100 \u00b5m apart\n600 \u00b5m apart\n1100 \u00b5m apart",
                 "bias of the estimate: 0.05", "30\u201380 Hz: LFP" } },
    { "spectra", { "Welch, hann window, 256 samples (3.9 Hz apart), 61 segments, overlap 50 %",
                   "5 of 16 contacts", "LFP valid from 12.5 to 100 Hz, doubtful to 200 Hz" } },
    { "coherence", { "multitaper, NW = 4, 7 tapers", "worth 50 independent ones",
                     "bias without coherence: 0.02", "95 % limit of one pair: 0.059",
                     "100 \u00b5m (n = 15 pairs)" } },
    { "bold", { "friston2003: n = 60 volumes, TR = 1.5 s", "n = 2 blocks of 20 s",
                "baseline of the drive: 2\u201310 s", "n = 900 samples" } }
  };
  meso_figure_data data = make_data();
  for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++) {
    const meso_figure_report report = draw_named(expected[i].figure, &data);
    for (size_t k = 0; k < 5 && expected[i].part[k] != NULL; k++)
      expect_line(expected[i].figure, report.notes, expected[i].part[k]);
  }
  meso_model *model = read_model(); /* one without reference means has no sign for them */
  const meso_model *former = data.model;
  for (size_t p = 0; p < model->n_populations; p++) model->population[p].full_mean_rate_Hz = 0;
  data.model = model;
  const meso_figure_report rates = draw_named("rates", &data);
  expect_line("rates", rates.notes, "triangle: values beyond the axis");
  CU_ASSERT_PTR_NULL(strstr(rates.notes, "reference mean"));
  data.model = former;
  meso_model_destroy(model);
  free_data(&data);
}

/* Few links are all drawn; the legend has what the model has, and no more. */
static void test_diagram(void)
{
  static const struct { const char *model, *sets[6]; const char *there, *not_there; size_t marks; }
  row[] = {
    { "brunel", { NULL }, "fixed_indegree\nautapses", "solid", 8 },
    { "toy", { NULL }, "population of Poisson sources", "distance", 12 },
    { "toy", { "projections.S->E.rule=all_to_all", "projections.S->E.probability=0",
               "background.type=none" },
      "solid: determined by the rule\ndashed: random\nfixed_total_number\nall_to_all\n", "P: ",
      12 },
    { "toy", { "background.type=dc", "populations.E.positions=grid", "populations.I.positions=grid",
               "projections.I->E.rule=pairwise_bernoulli", "projections.I->E.mask_radius_um=100" },
      "I: constant current", "P: ", 12 },
    { "toy", { "populations.E.positions=grid", "populations.I.positions=grid",
               "projections.I->E.delay_ms_per_um=0.001" }, "depends on distance", "solid", 12 },
    { "toy", { "projections.S->E.probability=0", "projections.S->I.probability=0" },
      "dashed: random", "solid", 10 }, /* a cell each, no link without synapses */
  };
  for (size_t i = 0; i < sizeof row / sizeof row[0]; i++) {
    meso_err err = { 0 };
    meso_model *model = NULL;
    char path[64];
    size_t n = 0;
    while (n < 6 && row[i].sets[n] != NULL) n++;
    snprintf(path, sizeof path, "data/models/%s.yaml", row[i].model);
    must(meso_model_read(meso_test_path(path), n, row[i].sets, &model, &err), &err);
    const meso_figure_data data = { .model = model };
    const meso_figure_report report = draw_named("network", &data);
    expect_line("network", report.notes, row[i].there);
    CU_ASSERT_PTR_NULL(strstr(report.notes, row[i].not_there));
    if (report.n_marks != row[i].marks) printf("# row %zu: %zu marks\n", i, report.n_marks);
    CU_ASSERT_EQUAL(report.n_marks, row[i].marks);
    meso_model_destroy(model);
  }
}

/* With a stimulus in the recording, rasters and traces show 300 ms on both sides of its onset. */
static void test_onset(void)
{
  static const struct { const char *figure, *note; size_t n_marks; } row[] = {
    { "raster", "stimulus onset at 600 ms", 0 },
    { "lfp", "stimulus onset at 600 ms", 601 * N_CHANNELS },
    { "csd", NULL, 601 * (2 * N_CHANNELS - 2) }
  };
  meso_figure_data data = make_data();
  meso_model *model = read_model();
  const meso_model *former = data.model;
  model->thalamus.start_ms = 600.0;
  data.model = model;
  for (size_t i = 0; i < sizeof row / sizeof row[0]; i++) {
    const meso_figure_report report = draw_named(row[i].figure, &data);
    if (row[i].note != NULL) expect_line(row[i].figure, report.notes, row[i].note);
    CU_ASSERT(row[i].n_marks == 0 || report.n_marks == row[i].n_marks);
  }
  data.model = former;
  meso_model_destroy(model);
  free_data(&data);
}

/* Ramps about 0 over the window of a figure (its first and last sample add up to twice_middle),
 * plus an offset for each contact; whole numbers, so that means are exact. */
static void fill_ramps(const meso_signals *signals, double twice_middle, double offset)
{
  for (size_t i = 0; i < signals->n; i++) {
    const meso_signal *s = &signals->signal[i];
    for (size_t k = 0; k < s->n_times * s->n_channels; k++) {
      double contact = (double) (k % s->n_channels + 1), time = (double) (k / s->n_channels);
      s->data[k] = contact * (2.0 * time - twice_middle + offset);
    }
  }
}

static void test_offsets_do_not_show(void)
{
  static const struct { const char *figure; double twice_middle; } row[3] = {
    { "lfp", 100 + 1100 }, { "csd", 100 + 400 }, { "contributions", 100 + N_TIMES - 1 }
  };
  meso_figure_data data = make_data();
  for (size_t i = 0; i < 3; i++) {
    char *plain = NULL, *moved = NULL;
    const meso_figure_ops *figure = meso_figure_by_name(row[i].figure);
    fill_ramps(data.lfp, row[i].twice_middle, 0.0);
    CU_ASSERT_EQUAL_FATAL(meso_figure_svg(figure, &data, &plain, NULL, NULL), MESO_OK);
    fill_ramps(data.lfp, row[i].twice_middle, 4096.0);
    CU_ASSERT_EQUAL_FATAL(meso_figure_svg(figure, &data, &moved, NULL, NULL), MESO_OK);
    if (strcmp(plain, moved) != 0) printf("# %s shows the offsets\n", row[i].figure);
    CU_ASSERT(strcmp(plain, moved) == 0);
    free(plain);
    free(moved);
  }
  free_data(&data);
}

/* A BOLD file without a response says why, in axes with units. */
static void test_bold_reasons(void)
{
  static const char written[] = "a recording of 5 s is too short for BOLD: the baseline ends at 10 "
                                "s and a response needs seconds more";
  meso_err err = {0};
  meso_signals *bold = NULL;
  meso_signal *s = NULL;
  meso_figure_report report;
  char *svg = NULL;
  const meso_figure_ops *figure = meso_figure_by_name("bold");
  must(meso_signals_create(&bold, &err), &err);
  const meso_figure_data data = { .bold = bold };
  CU_ASSERT_FALSE(figure->available(&data));
  must(meso_attrs_set_text(&bold->attrs, "empty", written, &err), &err);
  must(meso_figure_svg(figure, &data, &svg, &report, &err), &err);
  CU_ASSERT_EQUAL(report.n_marks, 0);
  CU_ASSERT_PTR_NOT_NULL(strstr(report.labels, "BOLD (%)\n"));
  CU_ASSERT_PTR_NOT_NULL(strstr(report.labels, "time (s)\n"));
  CU_ASSERT_PTR_NOT_NULL(strstr(report.notes, "a recording of 5 s is too short for BOLD"));
  CU_ASSERT_PTR_NOT_NULL(strstr(report.notes, "a response"));
  free(svg);
  meso_attrs_clear(&bold->attrs);
  must(meso_signals_add(bold, "bold", "1", 1, 1, 1.0, 0.0, &s, &err), &err);
  must(meso_figure_svg(figure, &data, &svg, &report, &err), &err);
  CU_ASSERT_PTR_NOT_NULL(strstr(report.notes, "fewer than two volumes"));
  free(svg);
  meso_signals_destroy(bold);
}

/* The raster draws each spike of its sample inside the window once. */
static void test_raster_counts_spikes(void)
{
  meso_figure_data data = make_data();
  meso_figure_report report;
  char *svg = NULL;
  size_t n = 0, n_rate = 9 * 250;
  double start = 1000.0 * 0.5 < data.model->analysis.discard_ms ? 500.0
                                                                 : data.model->analysis.discard_ms;
  for (size_t i = 0; i < data.spikes->n_populations; i++) {
    const meso_spike_population *p = &data.spikes->population[i];
    for (size_t k = 0; k < p->n_spikes; k++)
      n += p->time_ms[k] >= start && p->time_ms[k] < start + 500.0 && p->id[k] % 50 == 0;
  }
  CU_ASSERT_EQUAL_FATAL(meso_figure_svg(meso_figure_by_name("raster"), &data, &svg, &report, NULL),
                        MESO_OK);
  if (report.n_marks != n + n_rate)
    printf("# raster: %zu marks, want %zu\n", report.n_marks, n + n_rate);
  CU_ASSERT_EQUAL(report.n_marks, n + n_rate);
  free(svg);
  free_data(&data);
}

/* Draws whatever says it is available in the first of SVG, PNG, PDF, and the report. */
static void draw_all(const meso_figure_data *data, size_t n_formats)
{
  static const char *const ending[3] = { ".svg", ".png", ".pdf" };
  meso_err err = {0};
  meso_report report = { .title = "Damaged", .data = data };
  char name[64];
  for (size_t i = 0; i < meso_figure_count(); i++) {
    const meso_figure_ops *figure = meso_figure_at(i);
    bool available = figure->available(data);
    for (size_t k = 0; k < (available ? n_formats : 1); k++) {
      snprintf(name, sizeof name, "damaged_%s", figure->name);
      const char *path = file_in_folder(name, ending[k]);
      meso_status status = meso_figure_save(figure, data, path, NULL, NULL, &err);
      if (available && status != MESO_OK) printf("# %s: %s\n", figure->name, err.msg);
      CU_ASSERT_EQUAL(status, available ? MESO_OK : MESO_ENOTFOUND);
      if (available) remove(path);
    }
  }
  const char *path = file_in_folder("damaged", ".html");
  must(meso_report_write(path, &report, &err), &err);
  remove(path);
}

static void fill_all(meso_figure_data *data, double value)
{
  meso_signals *set[2] = { (meso_signals *) data->lfp, (meso_signals *) data->bold };
  for (size_t k = 0; k < 2; k++)
    for (size_t i = 0; i < set[k]->n; i++) {
      meso_signal *s = &set[k]->signal[i];
      for (size_t j = 0; j < s->n_times * s->n_channels; j++) s->data[j] = value;
    }
  for (size_t i = 0; i < data->analysis->n; i++) {
    meso_array *a = &data->analysis->array[i];
    if (a->data == NULL || strstr(a->path, "frequency") != NULL || strstr(a->path, "pairs") != NULL)
      continue;
    for (size_t j = 0; j < meso_array_count(a); j++) a->data[j] = value;
  }
}

static void test_no_value(void)
{
  static const double value[4] = { 0.0, 1e-300, -3.0, 1e300 };
  meso_figure_data data = make_data();
  fill_all(&data, NAN);
  for (size_t i = 0; i < meso_figure_count(); i++) {
    meso_figure_report report;
    char *svg = NULL;
    const meso_figure_ops *figure = meso_figure_at(i);
    if (!figure->available(&data)) continue;
    CU_ASSERT_EQUAL_FATAL(meso_figure_svg(figure, &data, &svg, &report, NULL), MESO_OK);
    bool own_numbers = strcmp(figure->name, "network") == 0 ||
                       strcmp(figure->name, "raster") == 0 || strcmp(figure->name, "probe") == 0;
    size_t most = own_numbers ? (size_t) -1 : strcmp(figure->name, "coherence") == 0 ? N_CHANNELS
                                                                                      : 0;
    if (report.n_marks > most) printf("# %s draws %zu NaN\n", figure->name, report.n_marks);
    CU_ASSERT(report.n_marks <= most);
    CU_ASSERT_PTR_NULL(strstr(svg, "nan"));
    free(svg);
  }
  draw_all(&data, 3);
  fill_all(&data, INFINITY);
  draw_all(&data, 1);
  for (size_t i = 0; i < 4; i++) {
    fill_all(&data, value[i]);
    draw_all(&data, 1);
  }
  free_data(&data);
}

static void test_next_to_nothing(void)
{
  meso_err err = {0};
  meso_figure_data none = { .model = NULL };
  draw_all(&none, 3);
  meso_spikes *spikes = NULL;
  meso_signals *lfp = NULL, *bold = NULL;
  meso_result *result = NULL;
  meso_signal *s = NULL;
  must(meso_spikes_create(0, &spikes, &err), &err);
  must(meso_signals_create(&lfp, &err), &err);
  must(meso_signals_create(&bold, &err), &err);
  must(meso_result_create(&result, &err), &err);
  meso_figure_data data = { .spikes = spikes, .lfp = lfp, .bold = bold, .analysis = result };
  draw_all(&data, 1);
  meso_spikes_destroy(spikes);
  must(meso_spikes_create(1, &spikes, &err), &err);
  spikes->t_stop_ms = 1.0;
  spikes->population[0].name = meso_strdup("E<&");
  spikes->population[0].size = 1;
  data.spikes = spikes;
  static const char *const name[3] = { "lfp", "csd", "lfp_from_E" };
  for (size_t i = 0; i < 3; i++)
    must(meso_signals_add(lfp, name[i], "mV", 2, 1, 1000.0, 0.0, &s, &err), &err);
  must(meso_signals_add(bold, "bold", "1", 2, 1, 1.0, 0.0, &s, &err), &err);
  add(result, "/spectrum/frequency_Hz", "Hz", 1, 3, 1);
  add(result, "/spectrum/psd", "mV^2/Hz", 2, 1, 3);
  add(result, "/coherence/frequency_Hz", "Hz", 1, 2, 1);
  add(result, "/coherence/pairs", "1", 2, 1, 2)->data[1] = 1.0;
  add(result, "/coherence/magnitude_squared", "1", 2, 1, 2);
  add(result, "/statistics/E/rate_Hz", "spikes/s", 1, 1, 1);
  draw_all(&data, 1);
  meso_spikes_destroy(spikes);
  meso_signals_destroy(lfp);
  meso_signals_destroy(bold);
  meso_result_destroy(result);
}

static void test_refusals(void)
{
  meso_err err = {0};
  meso_figure_data data = make_data();
  const meso_figure_ops *figure = meso_figure_by_name("lfp");
  CU_ASSERT_PTR_NULL(meso_figure_by_name("no such figure"));
  CU_ASSERT_PTR_NULL(meso_figure_at(meso_figure_count()));
  CU_ASSERT_EQUAL(meso_figure_save(figure, &data, "figure.gif", NULL, NULL, &err), MESO_EINVAL);
  CU_ASSERT_EQUAL(meso_figure_save(figure, &data, "no/such/folder/f.svg", NULL, NULL, &err),
                  MESO_ENOTFOUND);
  CU_ASSERT_PTR_NOT_NULL(strstr(err.msg, "no/such/folder/f.svg"));
  free_data(&data);
}

static void test_tidy(void)
{
  if (getenv("MESO_PLOT_KEEP") == NULL) CU_ASSERT_EQUAL(rmdir(folder()), 0);
}

int main(void)
{
  static const meso_test tests[] = {
    { "every figure in every format", test_formats },
    { "white to the edge", test_white_to_the_edge },
    { "report", test_report },
    { "labels with units, numbers of marks", test_labels_and_counts },
    { "notes: numbers of data, estimators, what was left out", test_notes },
    { "network diagram: what there is, and no more", test_diagram },
    { "the stimulus onset is in the window", test_onset },
    { "fixed offsets of contacts do not show", test_offsets_do_not_show },
    { "no BOLD response: the reason", test_bold_reasons },
    { "raster draws each sampled spike once", test_raster_counts_spikes },
    { "no values, infinite values, constants", test_no_value },
    { "next to no data", test_next_to_nothing },
    { "refusals", test_refusals },
    { "nothing left behind", test_tidy },
    { NULL, NULL }
  };
  return meso_test_main("plot", tests);
}
