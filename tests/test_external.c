/* test_external.c: external input in the LFP. Gaussian series against their covariances; means and
 * covariances of events against sums over cables; replayed events against cables that get the
 * engine's own; the two against each other; what signals and files make of them. */
#include <stdlib.h>
#include <string.h>

#include "engine_kernels.h"
#include "meso_cable.h"
#include "meso_cells.h"
#include "meso_external.h"
#include "meso_gaussian.h"
#include "meso_lfp.h"
#include "meso_output_filter.h"
#include "meso_test.h"
#include "meso_wiring.h"
#include "model_run.h"
#include "plain_cell.h"


static meso_model *read_model(size_t n_sets, const char *const *sets)
{
  static const char *const base[] = {"lfp.method=neuron", "lfp.kernel_duration_ms=60", NULL};
  return model_read("toy", base, n_sets, sets);
}

/* ---- Gaussian series ---------------------------------------------------------------------- */

/* Two channels: x_0 = w, x_1(t) = w(t - 2) + v(t) + v(t - 1) / 2, w and v white. */
enum { N_LAGS = 3 };
static const double known[N_LAGS][2][2] = {
  {{1, 0}, {0, 2.25}}, {{0, 0}, {0, 0.5}}, {{0, 0}, {1, 0}}};

static double *make_series(size_t n, int n_threads)
{
  meso_gaussian process;
  double *x = meso_calloc(2 * n, sizeof *x);
  CU_ASSERT_FATAL(x != NULL && meso_gaussian_init(2, N_LAGS, &known[0][0][0],
                  meso_rng_key_make(5, MESO_RNG_TEST), n_threads, &process, NULL) == MESO_OK);
  CU_ASSERT_FATAL(meso_gaussian_add(&process, n, n_threads, x, NULL) == MESO_OK);
  meso_gaussian_clear(&process);
  return x;
}

static double covariance_of(const double *x, size_t n, size_t stride, size_t i, size_t j,
                            size_t lag)
{
  double sum = 0, mean_i = 0, mean_j = 0;
  for (size_t t = 0; t < n; t++) {
    mean_i += x[t * stride + i] / (double) n;
    mean_j += x[t * stride + j] / (double) n;
  }
  for (size_t t = 0; t + lag < n; t++)
    sum += (x[(t + lag) * stride + i] - mean_i) * (x[t * stride + j] - mean_j);
  return sum / (double) (n - lag);
}

/* Covariances at lags within and beyond those given, also at the first samples. */
static void test_gaussian(void)
{
  enum { N = 400000 };
  double *x = make_series(N, 2), kurtosis = 0;
  for (size_t lag = 0; lag < 6; lag++)
    for (size_t i = 0; i < 2; i++)
      for (size_t j = 0; j < 2; j++)
        MESO_CHECK_CLOSE(lag < N_LAGS ? known[lag][i][j] : 0, covariance_of(x, N, 2, i, j, lag),
                         0, 0.02);
  for (size_t t = 0; t < N; t++) kurtosis += pow(x[2 * t], 4) / N;
  MESO_CHECK_CLOSE(3, kurtosis, 0.02, 0);
  free(x);
}

static void test_gaussian_is_one_series(void)
{
  double *x = make_series(5000, 1), *y = make_series(1700, 3);
  CU_ASSERT(memcmp(x, y, 2 * 1700 * sizeof *x) == 0);
  free(x);
  free(y);
}

/* Two channels that are one: no full rank. */
static void test_gaussian_of_low_rank(void)
{
  const double same[4] = {4, 2, 2, 1};
  double x[400] = {0};
  meso_gaussian process;
  CU_ASSERT_FATAL(meso_gaussian_init(2, 1, same, meso_rng_key_make(5, MESO_RNG_TEST), 1, &process,
                                     NULL) == MESO_OK);
  CU_ASSERT_FATAL(meso_gaussian_add(&process, 200, 1, x, NULL) == MESO_OK);
  for (size_t t = 0; t < 200; t++) MESO_CHECK_CLOSE(2 * x[2 * t + 1], x[2 * t], 0, 1e-7);
  meso_gaussian_clear(&process);
}

/* ---- cells, one cable after the other ----------------------------------------------------- */

/* A model's cells that make the LFP, and what is needed to integrate them. */
typedef struct plain_cells {
  const meso_model *model;
  meso_cell_shape *shape;
  meso_wiring *wiring;
  meso_cell_id *id;
  size_t n;
} plain_cells;

static plain_cells make_cells(const meso_model *model)
{
  const char *const folder[] = {meso_test_path("morphologies")};
  plain_cells c = {.model = model};
  CU_ASSERT_FATAL(meso_cell_shapes_read(model, 1, folder, &c.shape, NULL) == MESO_OK);
  CU_ASSERT_FATAL(meso_wiring_create(model, &c.wiring, NULL) == MESO_OK);
  CU_ASSERT_FATAL(meso_cells_choose(model, &c.id, &c.n, NULL) == MESO_OK);
  return c;
}

static void free_cells(plain_cells *c)
{
  meso_wiring_destroy(c->wiring);
  meso_cell_shapes_destroy(c->model, c->shape);
  free(c->id);
}

/* Where an event may act, by membrane area. */
static double *area_density(const meso_cell_shape *shape)
{
  const meso_morphology *m = shape->morphology;
  double *p = meso_calloc(m->n_segments, sizeof *p), total = 0;
  for (size_t j = 0; j < m->n_segments; j++) {
    if ((shape->section_types >> m->section_type[m->segment_section[j]] & 1) != 0)
      p[j] = m->area_um2[j];
    total += p[j];
  }
  for (size_t j = 0; j < m->n_segments; j++) p[j] /= total;
  return p;
}

/* As the network's only excitatory sources of the toy, E and S, lie on a cell. */
static double *input_density(const plain_cells *c, size_t population, const meso_cell *place)
{
  const meso_cell_shape *shape = &c->shape[place->type];
  const size_t n = shape->morphology->n_segments;
  double *p = meso_calloc(n, sizeof *p), *part = meso_calloc(n, sizeof *part);
  double *ends = meso_calloc(7 * n, sizeof *ends), total = 0;
  meso_cell_segments(shape, place, ends, ends + 3 * n);
  for (size_t j = 0; j < n; j++)
    ends[6 * n + j] = (ends[3 * j + 2] + ends[3 * n + 3 * j + 2]) / 2;
  for (size_t q = 0; q < c->model->n_projections; q++) {
    const meso_projection *pro = &c->model->projection[q];
    if (pro->target != population || c->model->population[pro->source].sign != MESO_EXCITATORY)
      continue;
    (void) meso_cell_synapse_probability(c->model, shape, place->type, pro->source, ends + 6 * n,
                                         part);
    for (size_t j = 0; j < n; j++) p[j] += (double) pro->n_synapses * part[j];
    total += (double) pro->n_synapses;
  }
  for (size_t j = 0; j < n; j++) p[j] /= total;
  free(part);
  free(ends);
  return p;
}

static meso_cell place_of(const plain_cells *c, size_t i)
{
  meso_cell place;
  meso_cell_place(c->model, c->shape, c->id[i].population, c->id[i].neuron, NULL, &place);
  return place;
}

static double weight_nA(const plain_cells *c, size_t i)
{
  const double step = c->wiring->weight_step_pA;
  return rint(c->model->population[c->id[i].population].background_weight_pA / step) * step * 1e-3;
}

static meso_output_filter make_filter(const meso_model *m)
{
  meso_output_filter filter;
  CU_ASSERT_FATAL(meso_output_filter_init(
    (size_t) llround(1000 / (m->lfp.output_rate_Hz * m->simulation.dt_ms)), &filter, NULL)
    == MESO_OK);
  return filter;
}

/* ---- moments ------------------------------------------------------------------------------ */

/* Adds one segment's part of mean and covariance (lag, i, j): Campbell's theorem, step by step. */
static void add_segment(const plain_cells *c, const meso_output_filter *filter, size_t n_steps,
                        const double *raw, double events, double *mean, size_t n_lags,
                        double *covariance)
{
  const size_t R = c->model->probe.contacts.n, n = n_steps + 1 + 2 * filter->half;
  double *in = meso_calloc(n_steps + 1, sizeof *in), *h = meso_calloc(R * n, sizeof *h);
  for (size_t i = 0; i < R; i++) {
    for (size_t t = 0; t <= n_steps; t++) in[t] = raw[t * R + i];
    meso_output_filter_apply(filter, n_steps + 1, in, h + i * n);
    for (size_t t = 0; t < n; t++) mean[i] += events * h[i * n + t];
  }
  for (size_t lag = 0; lag < n_lags; lag++)
    for (size_t i = 0; i < R; i++)
      for (size_t j = 0; j < R; j++) {
        double sum = 0;
        for (size_t t = 0; t + lag * filter->factor < n; t++)
          sum += h[i * n + t + lag * filter->factor] * h[j * n + t];
        covariance[(lag * R + i) * R + j] += events * sum;
      }
  free(in);
  free(h);
}

static void check_moments(const char *rule)
{
  enum { LAGS = 12 };
  const char *const sets[] = {"lfp.n_cells=2", rule, "lfp.external=gaussian",
                              "probe.n_contacts=4", "probe.z_step_um=-300"};
  const char *const folder[] = {meso_test_path("morphologies")};
  meso_model *m = read_model(5, sets);
  meso_result *result = NULL;
  plain_cells c = make_cells(m);
  meso_output_filter filter = make_filter(m);
  const size_t R = 4, n_steps = (size_t) llround(m->lfp.kernel_duration_ms / m->simulation.dt_ms);
  double mean[4] = {0}, covariance[LAGS * 16] = {0}, got_mean[4] = {0}, got[LAGS * 16] = {0};
  for (size_t i = 0; i < c.n; i++) {
    const meso_cell place = place_of(&c, i);
    const meso_cell_shape *shape = &c.shape[place.type];
    double *p = m->lfp.external_synapses == MESO_EXTERNAL_AREA
      ? area_density(shape) : input_density(&c, c.id[i].population, &place);
    for (size_t k = 0; k < shape->morphology->n_segments; k++) {
      const meso_cable_event event = {.segment = k, .weight_nA = weight_nA(&c, i),
                                      .tau_ms = 0.5};
      double *raw = meso_calloc((n_steps + 1) * R, sizeof *raw);
      if (p[k] > 0) {
        plain_cell_lfp(c.model, &c.shape[place.type], &place, 1, &event, n_steps, raw);
        add_segment(&c, &filter, n_steps, raw, 900 * 8 * 1e-4 * p[k], mean, LAGS, covariance);
      }
      free(raw);
    }
    free(p);
  }
  CU_ASSERT_FATAL(meso_result_create(&result, NULL) == MESO_OK);
  CU_ASSERT_FATAL(meso_external_add(m, false, 1, folder, 2, NULL, result, NULL) == MESO_OK);
  const meso_array *a = meso_result_find(result, "/external/covariance");
  const meso_array *b = meso_result_find(result, "/external/mean");
  CU_ASSERT_FATAL(a->dims[1] > LAGS && a->dims[2] == R && a->dims[0] == b->dims[0]);
  for (size_t q = 0; q < a->dims[0]; q++) {
    for (size_t i = 0; i < R; i++) got_mean[i] += b->data[q * R + i];
    for (size_t i = 0; i < LAGS * R * R; i++) got[i] += a->data[q * a->dims[1] * R * R + i];
  }
  for (size_t i = 0; i < R; i++) MESO_CHECK_CLOSE(mean[i], got_mean[i], 1e-3, 1e-5 * mean[1]);
  for (size_t i = 0; i < LAGS * R * R; i++)
    MESO_CHECK_CLOSE(covariance[i], got[i], 0, 3e-4 * sqrt(covariance[i / R % R * (R + 1)]
                                                          * covariance[i % R * (R + 1)]));
  meso_output_filter_clear(&filter);
  meso_result_destroy(result);
  free_cells(&c);
  meso_model_destroy(m);
}

static void test_moments(void)
{
  check_moments("lfp.external_synapses=area");
  check_moments("lfp.external_synapses=input");
}

/* ---- replay ------------------------------------------------------------------------------- */

/* Empty signals for external input to be added to. */
static meso_signals *empty_signals(const meso_model *m, size_t n, double t_start_ms, bool dipole)
{
  meso_signals *signals = NULL;
  meso_signal *s;
  CU_ASSERT_FATAL(meso_signals_create(&signals, NULL) == MESO_OK);
  CU_ASSERT_FATAL(meso_signals_add(signals, "lfp", "mV", n, m->probe.contacts.n,
                                   m->lfp.output_rate_Hz, t_start_ms, &s, NULL) == MESO_OK);
  CU_ASSERT_FATAL(!dipole || meso_signals_add(signals, "dipole", "nA um", n, 3,
                                              m->lfp.output_rate_Hz, t_start_ms, &s, NULL)
                  == MESO_OK);
  return signals;
}

static void apply(const meso_model *m, const meso_result *kernels, int n_threads,
                  meso_signals *signals)
{
  const char *const folder[] = {meso_test_path("morphologies")};
  meso_err err = {0};
  if (meso_external_apply(m, kernels, 1, folder, n_threads, NULL, signals, &err) != MESO_OK) {
    printf("# %s\n", err.msg);
    CU_FAIL_FATAL("external input");
  }
}

/* Events of a cell as the engine draws them, all neurons of the block at once. */
static meso_cable_event *engine_events(const plain_cells *c, size_t i, size_t n_steps, size_t *n)
{
  const meso_model *m = c->model;
  const uint64_t identity = (uint64_t) m->population[c->id[i].population].first_neuron
    + c->id[i].neuron;
  const int64_t seed = m->simulation.seed;
  const meso_cell place = place_of(c, i);
  const size_t n_segments = c->shape[place.type].morphology->n_segments;
  double *p = area_density(&c->shape[place.type]);
  meso_cable_event *event = meso_calloc(40 * n_steps, sizeof *event);
  meso_poisson table;
  CU_ASSERT_FATAL(meso_poisson_init(&table, 900 * 8 * 1e-4, 0.1, "", NULL) == MESO_OK);
  *n = 0;
  for (uint64_t step = 16; step < n_steps; step++) { /* 1.5 ms of delay */
    uint16_t buffer[ENGINE_CHUNK];
    const uint16_t *count = engine_kernels_choose(NULL)->background(
      &table, meso_rng_key_make(seed, MESO_RNG_BACKGROUND),
      meso_rng_key_make(seed, MESO_RNG_BACKGROUND_TAIL), identity, 1, step, buffer);
    for (uint32_t e = 0; e < count[0]; e++) {
      uint32_t word[4];
      double sum = 0;
      size_t k = 0;
      meso_rng_block(meso_rng_key_make(seed, MESO_RNG_EXTERNAL_PLACE),
                     (const uint32_t[4]) {(uint32_t) identity, (uint32_t) step, 0, e / 4}, word);
      while (k + 1 < n_segments && (double) word[e % 4] >= rint((sum + p[k]) * 0x1p32))
        sum += p[k++];
      event[(*n)++] = (meso_cable_event) {.segment = k, .time_ms = (double) step * 0.1,
                                          .weight_nA = weight_nA(c, i), .tau_ms = 0.5};
    }
  }
  free(p);
  return event;
}

static void test_replay(void)
{
  enum { N_OUT = 250, N_STEPS = 2500, MORE = 300 };
  static const char *const sets[] = {"lfp.n_cells=6", "lfp.external=replay"};
  meso_model *m = read_model(2, sets);
  meso_signals *signals = empty_signals(m, N_OUT, 0, false);
  plain_cells c = make_cells(m);
  meso_output_filter filter = make_filter(m);
  const size_t R = m->probe.contacts.n;
  double *exact = meso_calloc((N_STEPS + MORE + 1) * R, sizeof *exact), error = 0, total = 0;
  apply(m, NULL, 2, signals);
  for (size_t i = 0; i < c.n; i++) {
    const meso_cell place = place_of(&c, i);
    size_t n;
    meso_cable_event *event = engine_events(&c, i, N_STEPS, &n);
    plain_cell_lfp(c.model, &c.shape[place.type], &place, n, event, N_STEPS + MORE, exact);
    free(event);
  }
  const double *got = meso_signals_find(signals, "lfp_from_external")->data;
  for (size_t t = 0; t < N_OUT; t++)
    for (size_t i = 0; i < R; i++) {
      double sum = 0;
      for (size_t k = 0; k <= 2 * filter.half; k++)
        if (t * filter.factor + k >= filter.half)
          sum += filter.tap[k] * exact[(t * filter.factor + k - filter.half) * R + i];
      error += (got[t * R + i] - sum) * (got[t * R + i] - sum);
      total += sum * sum;
    }
  printf("# replay against cables: rms error %.2g\n", sqrt(error / total));
  CU_ASSERT(sqrt(error / total) < 1e-4);
  free(exact);
  meso_output_filter_clear(&filter);
  free_cells(&c);
  meso_signals_destroy(signals);
  meso_model_destroy(m);
}

/* A later start sees the same events; more threads, longer records and turns as well. */
static void test_replay_is_one_series(void)
{
  enum { N = 4400, LATER = 4300 };
  static const char *const sets[] = {"lfp.n_cells=3", "lfp.external=replay"};
  meso_model *m = read_model(2, sets);
  const size_t R = m->probe.contacts.n;
  meso_signals *one = empty_signals(m, N, 0, true), *seven = empty_signals(m, N, 0, true);
  meso_signals *later = empty_signals(m, N - LATER, LATER, false);
  apply(m, NULL, 1, one);
  apply(m, NULL, 7, seven);
  apply(m, NULL, 2, later);
  const double *x = meso_signals_find(one, "lfp")->data;
  const double *moment = meso_signals_find(one, "dipole")->data;
  CU_ASSERT(memcmp(x, meso_signals_find(seven, "lfp")->data, N * R * sizeof *x) == 0);
  CU_ASSERT(memcmp(moment, meso_signals_find(seven, "dipole")->data, 3 * N * sizeof *x) == 0);
  CU_ASSERT(moment[3 * N - 100] != 0);
  const double *y = meso_signals_find(later, "lfp")->data;
  double largest = 0;
  for (size_t i = 0; i < N * R; i++) largest = fmax(largest, fabs(x[i]));
  MESO_CHECK_WORST(i, (N - LATER) * R, fabs(y[i] - x[LATER * R + i]) / largest, 1e-6);
  meso_signals_destroy(one);
  meso_signals_destroy(seven);
  meso_signals_destroy(later);
  meso_model_destroy(m);
}

/* The engine's events have the means and covariances of the Gaussian process, within the error of
 * 100 s of them: lags 0 to 9, all pairs of contacts. */
static void test_both_agree(void)
{
  enum { N = 100000, SKIP = 200, LAGS = 10 };
  static const char *const replay[] = {"lfp.n_cells=4", "lfp.external=replay",
                                       "probe.n_contacts=4", "probe.z_step_um=-300"};
  static const char *const gaussian[] = {"lfp.n_cells=4", "lfp.external=gaussian",
                                         "probe.n_contacts=4", "probe.z_step_um=-300"};
  meso_model *m[2] = {read_model(4, replay), read_model(4, gaussian)};
  double covariance[2][LAGS * 16], mean[2][4] = {{0}};
  for (size_t k = 0; k < 2; k++) {
    meso_signals *signals = empty_signals(m[k], N, 0, false);
    apply(m[k], NULL, 2, signals);
    const double *x = meso_signals_find(signals, "lfp")->data + (size_t) SKIP * 4;
    for (size_t t = 0; t < N - SKIP; t++)
      for (size_t i = 0; i < 4; i++) mean[k][i] += x[4 * t + i] / (N - SKIP);
    for (size_t i = 0; i < LAGS * 16; i++)
      covariance[k][i] = covariance_of(x, N - SKIP, 4, i / 4 % 4, i % 4, i / 16);
    meso_signals_destroy(signals);
  }
  double worst = 0;
  for (size_t i = 0; i < LAGS * 16; i++) {
    const double sd = sqrt(covariance[1][i / 4 % 4 * 5] * covariance[1][i % 4 * 5]);
    worst = fmax(worst, fabs(covariance[0][i] - covariance[1][i]) / sd);
  }
  printf("# replay and gaussian: covariances differ by %.3g of the variance\n", worst);
  CU_ASSERT(worst < 0.04); /* sqrt(2 x 30 ms / 100 s) = 0.025 a standard error of the difference */
  for (size_t i = 0; i < 4; i++)
    MESO_CHECK_CLOSE(mean[1][i], mean[0][i], 0, 0.1 * sqrt(covariance[1][i * 5]));
  meso_model_destroy(m[0]);
  meso_model_destroy(m[1]);
}

/* ---- signals and files -------------------------------------------------------------------- */

static meso_result *build_kernels(const meso_model *m, meso_err *err)
{
  const char *const folder[] = {meso_test_path("morphologies")};
  meso_result *kernels = NULL;
  return meso_kernels_build(m, 1, folder, 2, NULL, &kernels, err) == MESO_OK ? kernels : NULL;
}

/* Kernels hold what gaussian needs; lfp, csd and dipole get their parts; silent network. */
static void test_signals(void)
{
  static const char *const sets[] = {"lfp.n_cells=20", "lfp.external=gaussian",
                                     "lfp.dipole=true", "lfp.approximations=true"};
  meso_model *m = read_model(4, sets);
  meso_result *kernels = build_kernels(m, NULL);
  meso_spikes *spikes = NULL;
  meso_signals *signals = NULL;
  CU_ASSERT_FATAL(kernels != NULL);
  CU_ASSERT_FATAL(meso_spikes_create(m->n_populations, &spikes, NULL) == MESO_OK);
  for (size_t p = 0; p < m->n_populations; p++) {
    spikes->population[p].name = meso_strdup(m->population[p].name);
    spikes->population[p].size = (uint64_t) m->population[p].size;
  }
  spikes->t_stop_ms = 700;
  CU_ASSERT_FATAL(meso_lfp_from_kernels(kernels, spikes, 1000, 2, &signals, NULL) == MESO_OK);
  apply(m, kernels, 2, signals);
  const meso_signal *lfp = meso_signals_find(signals, "lfp"), *csd =
    meso_signals_find(signals, "csd"), *external = meso_signals_find(signals, "lfp_from_external");
  const double scale = -0.3 / (100. * 100.) * 1e6;
  CU_ASSERT_FATAL(csd != NULL && external != NULL && external->position_um != NULL);
  CU_ASSERT(memcmp(lfp->data, external->data, 700 * lfp->n_channels * sizeof(double)) == 0);
  CU_ASSERT_STRING_EQUAL(meso_attrs_text(&lfp->attrs, "external"), "gaussian");
  MESO_CHECK_CLOSE(1, meso_attrs_number(&lfp->attrs, "excitatory_external_share", NAN), 1e-12, 0);
  const double *phi = lfp->data + 55 * lfp->n_channels + 4;
  MESO_CHECK_CLOSE(scale * (phi[-1] - 2 * phi[0] + phi[1]),
                   csd->data[55 * csd->n_channels + 3], 1e-9, 0);
  double moment = 0;
  for (size_t t = 0; t < 700; t++)
    moment += pow(meso_signals_find(signals, "dipole")->data[3 * t + 2], 2);
  CU_ASSERT(moment > 0);
  meso_signals_destroy(signals);
  meso_spikes_destroy(spikes);
  meso_result_destroy(kernels);
  meso_model_destroy(m);
}

static void test_refusals(void)
{
  static const char *const off[] = {"lfp.n_cells=5"};
  static const char *const on[] = {"lfp.n_cells=5", "lfp.external=gaussian"};
  static const char *const population[] = {"lfp.method=population", "lfp.external=replay"};
  static const char *const none[] = {
    "lfp.external_synapses=input", "lfp.external=gaussian", "lfp.n_cells=5",
    "projections.E->E.probability=0", "projections.E->I.probability=0",
    "projections.S->E.probability=0", "projections.S->I.probability=0",
    "projections.I->E.probability=0", "projections.I->I.probability=0"};
  meso_model *m = read_model(1, off), *g = read_model(2, on), *p = read_model(2, population);
  meso_model *n = read_model(7, none), *s = read_model(9, none);
  meso_err err = {0};
  const char *const folder[] = {meso_test_path("morphologies")};
  CU_ASSERT(build_kernels(p, &err) == NULL && strstr(err.msg, "lfp.external") != NULL);
  meso_result *kernels = build_kernels(m, NULL);
  CU_ASSERT_FATAL(kernels != NULL);
  CU_ASSERT_EQUAL(meso_kernels_check(kernels, g, &err), MESO_OK); /* replay needs none of it */
  meso_signals *signals = empty_signals(g, 50, 0, false);
  CU_ASSERT_EQUAL(meso_external_apply(g, kernels, 1, folder, 1, NULL, signals, &err),
                  MESO_EFORMAT);
  CU_ASSERT_PTR_NOT_NULL(strstr(err.msg, "lfp.external = gaussian"));
  CU_ASSERT(build_kernels(n, &err) == NULL && strstr(err.msg, "use area") != NULL);
  CU_ASSERT(build_kernels(s, &err) == NULL && strstr(err.msg, "no synapses") != NULL);
  meso_result_destroy(kernels);
  kernels = build_kernels(g, NULL);
  meso_result_find(kernels, "/external/covariance")->data[3] = NAN;
  CU_ASSERT_EQUAL(meso_external_apply(g, kernels, 1, folder, 1, NULL, signals, &err),
                  MESO_EFORMAT);
  meso_signals_destroy(signals);
  meso_result_destroy(kernels);
  meso_model_destroy(m);
  meso_model_destroy(g);
  meso_model_destroy(p);
  meso_model_destroy(n);
  meso_model_destroy(s);
}

int main(void)
{
  static const meso_test tests[] = {
    {"Gaussian series", test_gaussian},
    {"Gaussian series do not depend on their length", test_gaussian_is_one_series},
    {"Gaussian series of low rank", test_gaussian_of_low_rank},
    {"means and covariances against cables", test_moments},
    {"replay against cables", test_replay},
    {"replay does not depend on start, length, threads", test_replay_is_one_series},
    {"replay and gaussian agree", test_both_agree},
    {"signals", test_signals},
    {"refusals", test_refusals},
    {NULL, NULL}};
  return meso_test_main("external input", tests);
}
