/* test_ensemble.c: ensembles of the LFP: what each assumption draws, members against kernels that
 * are built from nothing, variances that are known, threads, going on after a stop. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ensemble_members.h"
#include "meso_cells.h"
#include "meso_external.h"
#include "meso_lfp.h"
#include "meso_test.h"
#include "model_run.h"

enum { MEMBERS = 3 };
static const double duration_ms = 3000;

static meso_model *read_model(size_t n_sets, const char *const *sets)
{
  static const char *const base[] = {"lfp.method=neuron", "lfp.ensemble=3", "lfp.n_cells=60",
                                     "probe.n_contacts=4", "probe.z_step_um=-200",
                                     "analysis.nperseg=256", NULL};
  return model_read("toy", base, n_sets, sets);
}

static meso_ensemble *create(const meso_model *model, size_t n)
{
  static const char *folder[1];
  meso_ensemble *e = NULL;
  folder[0] = meso_test_path("morphologies");
  CU_ASSERT_FATAL(meso_ensemble_create(model, 1, folder, n, 2, &e, NULL) == MESO_OK);
  return e;
}

static meso_result *run(const meso_model *model, const meso_spikes *spikes,
                        const meso_ensemble_options *options)
{
  const char *const folder[] = {meso_test_path("morphologies")};
  meso_result *result = NULL;
  meso_err err = {0};
  if (meso_ensemble_run(model, 1, folder, spikes, options, &result, &err) != MESO_OK) {
    printf("# %s\n", err.msg);
    CU_FAIL_FATAL("ensemble");
  }
  return result;
}

static const double *values(const meso_result *result, const char *path)
{
  const meso_array *a = meso_result_find(result, path);
  CU_ASSERT_PTR_NOT_NULL_FATAL(a);
  return a->data;
}

/* ---- members ------------------------------------------------------------------------------ */

/* What a cell is, at place and in rotation, in a model and a member of it. */
static void compare_cells(const meso_model *a, const meso_model *b, bool same[3])
{
  const char *const folder[] = {meso_test_path("morphologies")};
  meso_cell_shape *shape = NULL;
  CU_ASSERT_FATAL(meso_cell_shapes_read(a, 1, folder, &shape, NULL) == MESO_OK);
  same[0] = same[1] = same[2] = true;
  for (uint32_t i = 0; i < 50; i++) {
    meso_cell x, y;
    meso_cell_place(a, shape, 0, i, NULL, &x);
    meso_cell_place(b, shape, 0, i, NULL, &y);
    same[0] = same[0] && x.type == y.type;
    same[1] = same[1] && memcmp(x.soma_um, y.soma_um, sizeof x.soma_um) == 0;
    same[2] = same[2] && memcmp(x.rotation, y.rotation, sizeof x.rotation) == 0;
  }
  meso_cell_shapes_destroy(a, shape);
}

/* Each assumption changes what it is about and nothing else; members differ from each other. */
static void test_what_varies(void)
{
  meso_model *m = read_model(0, NULL);
  meso_ensemble *e = create(m, MEMBERS);
  for (int f = MESO_FACTOR_NONE; f < MESO_N_FACTORS; f++) {
    const meso_model *v = meso_ensemble_member(e, (meso_ensemble_factor) f, 0);
    const bool all = f == MESO_FACTOR_ALL;
    bool same[3];
    compare_cells(m, v, same);
    CU_ASSERT_EQUAL(v->lfp.draws.type == m->lfp.draws.type, !(f == MESO_FACTOR_MORPHOLOGY || all));
    CU_ASSERT_EQUAL(same[1], !(f == MESO_FACTOR_POSITIONS || all));
    CU_ASSERT_EQUAL(same[2], !(f == MESO_FACTOR_ROTATION || all));
    CU_ASSERT_EQUAL(meso_cell_synapse_key(v).v[0] == meso_cell_synapse_key(m).v[0],
                    !(f == MESO_FACTOR_SYNAPSES || all));
    CU_ASSERT_EQUAL(v->probe.sigma_S_per_m == m->probe.sigma_S_per_m,
                    !(f == MESO_FACTOR_CONDUCTIVITY || all));
    CU_ASSERT_EQUAL(memcmp(v->probe.contacts.xyz_um, m->probe.contacts.xyz_um,
                           3 * m->probe.contacts.n * sizeof(double)) == 0,
                    !(f == MESO_FACTOR_CONTACTS || all));
    CU_ASSERT_EQUAL(v->simulation.seed, m->simulation.seed);
  }
  const int64_t first = meso_ensemble_member(e, MESO_FACTOR_ROTATION, 0)->lfp.draws.rotation;
  const int64_t second = meso_ensemble_member(e, MESO_FACTOR_ROTATION, 1)->lfp.draws.rotation;
  const int64_t again = meso_ensemble_member(e, MESO_FACTOR_ALL, 0)->lfp.draws.rotation;
  CU_ASSERT(first != second && first == again);
  meso_ensemble_destroy(e);
  meso_model_destroy(m);
}

/* Conductivity and places have the mean and spread that the model asks for, also of few members;
 *  the contacts move together. */
static void test_quantiles(void)
{
  static const char *const sets[] = {"lfp.ensemble_sigma_rel_sd=0.2", "lfp.ensemble_shift_um=30"};
  enum { N = 40 };
  meso_model *m = read_model(2, sets);
  meso_ensemble *e = create(m, N);
  double log_mean = 0, log_square = 0, mean[3] = {0}, square[3] = {0};
  for (size_t i = 0; i < N; i++) {
    const meso_model *v = meso_ensemble_member(e, MESO_FACTOR_ALL, i);
    const double ratio = log(v->probe.sigma_S_per_m / m->probe.sigma_S_per_m);
    log_mean += ratio / N;
    log_square += ratio * ratio / N;
    for (size_t k = 0; k < 3; k++) {
      const double d = v->probe.contacts.xyz_um[k] - m->probe.contacts.xyz_um[k];
      mean[k] += d / N;
      square[k] += d * d / (N - 1);
      MESO_CHECK_CLOSE(d, v->probe.contacts.xyz_um[9 + k] - m->probe.contacts.xyz_um[9 + k], 0,
                       1e-9);
    }
  }
  const double s2 = log1p(0.2 * 0.2);
  MESO_CHECK_CLOSE(-s2 / 2, log_mean, 0, 1e-12);
  MESO_CHECK_CLOSE(s2, (log_square - log_mean * log_mean) * N / (N - 1), 1e-9, 0);
  MESO_CHECK_WORST(k, 3, fabs(mean[k]), 1e-9);
  MESO_CHECK_WORST(k, 3, fabs(sqrt(square[k]) - 30), 1e-9);
  meso_ensemble_destroy(e);
  meso_model_destroy(m);
}

/* rms of a difference over the rms of the second. */
static double difference(const meso_signal *a, const meso_signal *b)
{
  double error = 0, total = 0;
  CU_ASSERT_FATAL(a->n_times == b->n_times && a->n_channels == b->n_channels);
  for (size_t i = 0; i < a->n_times * a->n_channels; i++) {
    error += (a->data[i] - b->data[i]) * (a->data[i] - b->data[i]);
    total += b->data[i] * b->data[i];
  }
  return sqrt(error / total);
}

/* The LFP of a member, through the functions of time of the model, is that of kernels that are
 * built for it alone, medium, functions of time and external input included. */
static void check_member(meso_ensemble *e, meso_ensemble_factor f, const meso_spikes *spikes,
                         const meso_signals *of_model)
{
  const char *const folder[] = {meso_test_path("morphologies")};
  meso_signals *own = NULL, *apart = NULL;
  meso_result *kernels = NULL;
  CU_ASSERT_FATAL(meso_ensemble_lfp(e, f, 1, spikes, NULL, &own, NULL) == MESO_OK);
  const meso_model *v = meso_ensemble_member(e, f, 1);
  CU_ASSERT_FATAL(meso_kernels_build(v, 1, folder, 2, NULL, &kernels, NULL) == MESO_OK);
  CU_ASSERT_FATAL(meso_lfp_from_kernels(kernels, spikes, 1000, 2, &apart, NULL) == MESO_OK);
  CU_ASSERT_FATAL(meso_external_apply(v, kernels, 1, folder, 2, NULL, apart, NULL) == MESO_OK);
  CU_ASSERT_EQUAL(own->n, 1);
  const double error = difference(&own->signal[0], &apart->signal[0]);
  const double change = difference(&own->signal[0], &of_model->signal[0]);
  printf("# %s: error %.2g, change %.2g\n", meso_ensemble_factor_name[f], error, change);
  CU_ASSERT(error < 2e-4);
  CU_ASSERT(change > 20 * error);
  meso_signals_destroy(own);
  meso_signals_destroy(apart);
  meso_result_destroy(kernels);
}

static void test_against_kernels(void)
{
  static const char *const sets[] = {"cells.stick.alternatives=pyramid_l4.swc, stellate_l4.swc"};
  meso_model *m = read_model(1, sets);
  meso_spikes *spikes = model_even_spikes(m, duration_ms, 20);
  meso_ensemble *e = create(m, MEMBERS);
  meso_signals *of_model = NULL;
  CU_ASSERT_FATAL(meso_ensemble_lfp(e, MESO_FACTOR_NONE, 0, spikes, NULL, &of_model, NULL)
                  == MESO_OK);
  for (int f = 0; f < MESO_N_FACTORS; f++)
    check_member(e, (meso_ensemble_factor) f, spikes, of_model);
  meso_signals_destroy(of_model);
  meso_ensemble_destroy(e);
  meso_spikes_destroy(spikes);
  meso_model_destroy(m);
}

/* External input is in the members, on their own cells; what the model's own LFP is, is asked for
 * each record anew, also if it is as long as the one before. */
static void test_external(void)
{
  static const char *const sets[] = {"lfp.external=gaussian", "lfp.n_cells=12"};
  meso_model *m = read_model(2, sets);
  meso_spikes *spikes = model_even_spikes(m, duration_ms, 20);
  meso_ensemble *e = create(m, MEMBERS);
  meso_signals *of_model = NULL, *other = NULL;
  CU_ASSERT_FATAL(meso_ensemble_lfp(e, MESO_FACTOR_NONE, 0, spikes, NULL, &of_model, NULL)
                  == MESO_OK);
  check_member(e, MESO_FACTOR_SYNAPSES, spikes, of_model);
  check_member(e, MESO_FACTOR_CONDUCTIVITY, spikes, of_model);
  meso_spike_population *q = &spikes->population[0];
  for (size_t i = 0; i < q->n_spikes; i++) q->id[i] = (uint32_t) (q->size - 1) - q->id[i];
  CU_ASSERT_FATAL(meso_ensemble_lfp(e, MESO_FACTOR_NONE, 0, spikes, NULL, &other, NULL)
                  == MESO_OK);
  CU_ASSERT(difference(&other->signal[0], &of_model->signal[0]) > 0.01);
  meso_signals_destroy(of_model);
  meso_signals_destroy(other);
  meso_ensemble_destroy(e);
  meso_spikes_destroy(spikes);
  meso_model_destroy(m);
}

/* ---- bands and shares --------------------------------------------------------------------- */

/* Conductivity s shifts every spectrum by -20 log10 s dB and leaves the coherence; where nothing
 *  varies there is no spread. */
static void test_known_variance(void)
{
  static const char *const sets[] = {"lfp.ensemble_sigma_rel_sd=0.3", "lfp.ensemble_shift_um=0"};
  const meso_ensemble_options options = {.n_threads = 2};
  meso_model *m = read_model(2, sets);
  meso_spikes *spikes = model_even_spikes(m, duration_ms, 20);
  meso_ensemble *e = create(m, MEMBERS);
  double mean = 0, square = 0;
  for (size_t i = 0; i < MEMBERS; i++) {
    const double dB = -20 * log10(meso_ensemble_member(e, MESO_FACTOR_CONDUCTIVITY, i)
                                  ->probe.sigma_S_per_m / m->probe.sigma_S_per_m);
    mean += dB / MEMBERS;
    square += dB * dB / MEMBERS;
  }
  const double sd = sqrt((square - mean * mean) * MEMBERS / (MEMBERS - 1));
  meso_result *r = run(m, spikes, &options);
  const meso_array *psd_sd = meso_result_find(r, "/ensemble/psd_sd_dB");
  const meso_array *coherence_sd = meso_result_find(r, "/ensemble/coherence_sd");
  CU_ASSERT_FATAL(psd_sd != NULL && coherence_sd != NULL);
  const size_t n = psd_sd->dims[1] * psd_sd->dims[2];
  const size_t n_pairs = coherence_sd->dims[1] * coherence_sd->dims[2];
  const double *of_sigma = psd_sd->data + MESO_FACTOR_CONDUCTIVITY * n;
  MESO_CHECK_WORST(i, n, fabs(of_sigma[i] - sd), 1e-6);
  MESO_CHECK_WORST(i, n, psd_sd->data[MESO_FACTOR_CONTACTS * n + i], 1e-9);
  MESO_CHECK_WORST(i, n_pairs,
                   coherence_sd->data[MESO_FACTOR_CONDUCTIVITY * n_pairs + i], 1e-9);
  const double *share = values(r, "/ensemble/share_psd");
  CU_ASSERT(share[MESO_FACTOR_CONTACTS] < 1e-9 && share[MESO_FACTOR_MORPHOLOGY] < 1e-9);
  CU_ASSERT(share[MESO_FACTOR_ALL] == 1 && share[MESO_FACTOR_SYNAPSES] > 1e-4);
  const double *low = values(r, "/ensemble/psd_low"), *high = values(r, "/ensemble/psd_high");
  const double *middle = values(r, "/ensemble/psd_mean");
  const double *all_sd = psd_sd->data + MESO_FACTOR_ALL * n;
  for (size_t i = 0; i < n; i++) { /* t of two degrees of freedom, 97.5 % */
    const double t = 4.302652729911275 * sqrt(1 + 1.0 / MEMBERS);
    MESO_CHECK_CLOSE(10 * log10(high[i] / low[i]), 2 * t * all_sd[i], 1e-9, 1e-9);
    MESO_CHECK_CLOSE(10 * log10(high[i] * low[i]), 20 * log10(middle[i]), 1e-9, 1e-9);
  }
  meso_result_destroy(r);
  meso_ensemble_destroy(e);
  meso_spikes_destroy(spikes);
  meso_model_destroy(m);
}

static bool equal(const meso_result *a, const meso_result *b)
{
  bool same = a->n == b->n;
  for (size_t i = 0; same && i < a->n; i++)
    same = strcmp(a->array[i].path, b->array[i].path) == 0
      && meso_array_count(&a->array[i]) == meso_array_count(&b->array[i])
      && (a->array[i].data == NULL
          || memcmp(a->array[i].data, b->array[i].data,
                    meso_array_count(&a->array[i]) * sizeof(double)) == 0);
  return same;
}

static void test_threads(void)
{
  meso_model *m = read_model(0, NULL);
  meso_spikes *spikes = model_even_spikes(m, duration_ms, 20);
  const meso_ensemble_options one = {.n_threads = 1}, three = {.n_threads = 3};
  meso_result *a = run(m, spikes, &one), *b = run(m, spikes, &three);
  CU_ASSERT(equal(a, b));
  meso_result_destroy(a);
  meso_result_destroy(b);
  meso_spikes_destroy(spikes);
  meso_model_destroy(m);
}

/* ---- going on ----------------------------------------------------------------------------- */

static bool stop_half_way(void *user, const char *what, double fraction)
{
  (void) user;
  return strcmp(what, "ensemble") != 0 || fraction < 0.5;
}

static bool exists(const char *path) { return access(path, F_OK) == 0; }

static void copy_file(const char *from, const char *to)
{
  char *bytes = NULL;
  size_t n = 0;
  CU_ASSERT_FATAL(meso_file_read(from, 1 << 28, &bytes, &n, NULL) == MESO_OK);
  CU_ASSERT_FATAL(meso_file_write(to, bytes, n, NULL) == MESO_OK);
  free(bytes);
}

/* Copies of the shapes, one of them with another text. */
static const char *other_shapes(void)
{
  static const char *const name[] = {"ball_and_stick.swc", "basket.swc"};
  char from[256], to[256];
  (void) mkdir("test_ensemble.swc", 0777);
  for (int i = 0; i < 2; i++) {
    (void) snprintf(from, sizeof from, "morphologies/%s", name[i]);
    (void) snprintf(to, sizeof to, "test_ensemble.swc/%s", name[i]);
    copy_file(meso_test_path(from), to);
  }
  FILE *f = fopen(to, "a");
  CU_ASSERT_PTR_NOT_NULL_FATAL(f);
  fputs("# the end\n", f);
  fclose(f);
  return "test_ensemble.swc";
}

/* Stopped half way, it keeps what it has, goes on from there and ends with the same numbers; the
 * parts are there until they are taken away. That finished members are taken is seen from one that
 * is exchanged; those of other spikes and of other SWC files are not. */
static void test_going_on(void)
{
  static const char parts[] = "test_ensemble.parts";
  static const char first[] = "test_ensemble.parts/member-synapses-1.h5";
  static const char other[] = "test_ensemble.parts/member-rotation-1.h5";
  static const char *const sha[] = {"a", "b"}, *const few[] = {
    "lfp.n_cells=12", "lfp.ensemble=2"};
  char *const path = meso_strdup(meso_test_path("morphologies")); /* that buffer is used again */
  const char *const folder[] = {path}, *const copies[] = {other_shapes()};
  const meso_progress stopper = {.update = stop_half_way, .user = NULL};
  meso_provenance provenance = {.command_line = "test", .n_inputs = 1, .input = sha,
                                .input_sha256 = sha};
  meso_ensemble_options options = {.n_threads = 2, .parts = parts, .provenance = &provenance};
  meso_model *m = read_model(2, few);
  meso_spikes *spikes = model_even_spikes(m, duration_ms, 20);
  meso_result *whole = run(m, spikes, &options), *r = NULL;
  CU_ASSERT(exists(first));
  meso_ensemble_parts_remove(parts);
  CU_ASSERT(!exists(parts));
  for (int exchanged = MESO_TEST_SCALED(0, 3); exchanged < 4; exchanged++) {
    options.progress = &stopper;
    CU_ASSERT_EQUAL(meso_ensemble_run(m, 1, folder, spikes, &options, &r, NULL), MESO_ESTOPPED);
    CU_ASSERT_FATAL(exists(first) && exists(other));
    if (exchanged > 0) copy_file(first, other);
    options.progress = NULL;
    if (exchanged == 2) provenance.input_sha256 = sha + 1;
    CU_ASSERT_EQUAL(meso_ensemble_run(m, 1, exchanged == 3 ? copies : folder, spikes, &options, &r,
                                      NULL), MESO_OK);
    meso_ensemble_parts_remove(parts);
    CU_ASSERT_EQUAL(equal(r, whole), exchanged != 1);
    meso_result_destroy(r);
    r = NULL;
  }
  (void) unlink("test_ensemble.swc/ball_and_stick.swc");
  (void) unlink("test_ensemble.swc/basket.swc");
  (void) rmdir("test_ensemble.swc");
  free(path);
  meso_result_destroy(whole);
  meso_spikes_destroy(spikes);
  meso_model_destroy(m);
}

/* Models and spikes that cannot be done. */
static void test_refusals(void)
{
  const char *const folder[] = {meso_test_path("morphologies")};
  const meso_ensemble_options options = {.n_threads = 1};
  meso_model *m = read_model(0, NULL);
  meso_spikes *spikes = model_even_spikes(m, duration_ms, 20);
  meso_ensemble *e = NULL;
  meso_result *r = NULL;
  meso_err err = {0};
  CU_ASSERT_EQUAL(meso_ensemble_create(m, 1, folder, 1, 1, &e, &err), MESO_EINVAL);
  spikes->population[0].size--;
  CU_ASSERT_EQUAL(meso_ensemble_run(m, 1, folder, spikes, &options, &r, &err), MESO_EINVAL);
  CU_ASSERT_PTR_NOT_NULL(strstr(err.msg, "'E'"));
  spikes->population[0].size++;
  m->analysis.nperseg = 100000;
  CU_ASSERT(meso_ensemble_run(m, 1, folder, spikes, &options, &r, &err) != MESO_OK);
  CU_ASSERT_PTR_NOT_NULL(strstr(err.msg, "nperseg"));
  m->lfp.method = MESO_LFP_POPULATION;
  CU_ASSERT_EQUAL(meso_ensemble_create(m, 1, folder, 2, 1, &e, &err), MESO_EINVAL);
  CU_ASSERT_PTR_NOT_NULL(strstr(err.msg, "lfp.method"));
  meso_spikes_destroy(spikes);
  meso_model_destroy(m);
}

int main(void)
{
  static const meso_test tests[] = {
    {"what an assumption varies", test_what_varies},
    {"conductivity and contacts", test_quantiles},
    {"members against kernels of their own", test_against_kernels},
    {"external input", test_external},
    {"known variances", test_known_variance},
    {"threads", test_threads},
    {"going on after a stop", test_going_on},
    {"refusals", test_refusals},
    {NULL, NULL}};
  return meso_test_main("ensemble", tests);
}
