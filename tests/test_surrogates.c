/* test_surrogates.c: what every surrogate keeps, what it destroys, and what significance it gives.
 * */
#include <fftw3.h>
#include <stdlib.h>
#include <string.h>

#include "analysis_run.h"
#include "meso_fdr.h"
#include "meso_surrogate.h"

enum { N = 12, T_MS = 20000, N_TIMES = 1000, C = 3 };

static double uniform(uint32_t stream, uint32_t i) { return draw_uniform(53, stream, i); }

/* Poisson trains; the last neuron is silent. @p together: neuron 1 fires 2 ms after neuron 0. */
static meso_spikes *make_spikes(double rate_Hz, bool together)
{
  meso_spikes *s = NULL;
  CU_ASSERT_EQUAL_FATAL(meso_spikes_create(1, &s, NULL), MESO_OK);
  s->t_stop_ms = T_MS;
  meso_spike_population *p = &s->population[0];
  p->name = meso_strdup("A");
  p->size = N;
  p->position_um = meso_calloc(3 * N, sizeof *p->position_um);
  const size_t most = (size_t) (N * rate_Hz * T_MS * 2e-3);
  p->time_ms = meso_calloc(most, sizeof *p->time_ms);
  p->id = meso_calloc(most, sizeof *p->id);
  for (uint32_t i = 0; i + 1 < N; i++) {
    double t = 0;
    for (uint32_t k = 0; (t -= log(uniform(together && i == 1 ? 0 : i, k)) *
                          1e3 / rate_Hz) < T_MS - 3
         && p->n_spikes < most; k++) {
      p->time_ms[p->n_spikes] = t + (together && i == 1 ? 2 : 0);
      p->id[p->n_spikes++] = i;
    }
  }
  CU_ASSERT_EQUAL_FATAL(meso_spikes_sort(p, NULL), MESO_OK);
  return s;
}

static meso_signals *make_signals(size_t n_times)
{
  meso_signals *s = NULL;
  meso_signal *x = NULL;
  CU_ASSERT_EQUAL_FATAL(meso_signals_create(&s, NULL), MESO_OK);
  CU_ASSERT_EQUAL_FATAL(meso_signals_add(s, "lfp", "mV", n_times, C, 1000, 0, &x, NULL), MESO_OK);
  for (uint32_t t = 0; t < n_times; t++) {
    x->data[t * C] = uniform(90, t) - 0.5 + sin(0.3 * t);
    x->data[t * C + 1] = x->data[t * C] + 0.3 * (uniform(91, t) - 0.5);
    x->data[t * C + 2] = uniform(92, t) - 0.5;
  }
  return s;
}

/* A surrogate with default parameters but for one. */
static meso_spikes *spikes_of(const char *name, const char *key, const char *value,
                              const meso_spikes *in, int64_t seed, uint32_t number)
{
  const meso_surrogate_ops *ops = meso_surrogate_by_name(name);
  meso_spikes *out = NULL;
  meso_err err = {0};
  CU_ASSERT_PTR_NOT_NULL_FATAL(ops);
  void *params = meso_calloc(1, ops->params_size);
  CU_ASSERT_EQUAL_FATAL(meso_params_default(ops->params, params, NULL), MESO_OK);
  if (key != NULL) CU_ASSERT_EQUAL(meso_params_set(ops->params, params, key, value, NULL, NULL), 0);
  const meso_status st = ops->spikes(params, in, (meso_surrogate_draw) {seed, number}, &out, &err);
  if (st != MESO_OK) printf("# %s: %s\n", name, err.msg);
  CU_ASSERT_EQUAL_FATAL(st, MESO_OK);
  free(params);
  return out;
}

static int ascending(const void *a, const void *b)
{
  const double x = *(const double *) a, y = *(const double *) b;
  return (x > y) - (x < y);
}

/* Times of one neuron, ascending. */
static size_t train_of(const meso_spikes *s, uint32_t id, double *out)
{
  size_t n = 0;
  for (size_t k = 0; k < s->population[0].n_spikes; k++)
    if (s->population[0].id[k] == id) out[n++] = s->population[0].time_ms[k];
  return n;
}

static bool equal(const meso_spikes *a, const meso_spikes *b)
{
  const size_t n = a->population[0].n_spikes;
  return n == b->population[0].n_spikes &&
         memcmp(a->population[0].time_ms, b->population[0].time_ms, n * sizeof(double)) == 0 &&
         memcmp(a->population[0].id, b->population[0].id, n * sizeof(uint32_t)) == 0;
}

/* Every surrogate of spikes: counts, limits, order, seed. */
static void test_every(void)
{
  meso_spikes *in = make_spikes(20, false);
  double *x = meso_calloc(in->population[0].n_spikes, sizeof *x);
  size_t n_of_spikes = 0;
  for (size_t k = 0; k < meso_surrogate_count(); k++) {
    const meso_surrogate_ops *ops = meso_surrogate_at(k);
    CU_ASSERT((ops->spikes != NULL) == (ops->input == MESO_INPUT_SPIKES));
    CU_ASSERT((ops->signals != NULL) == (ops->input == MESO_INPUT_SIGNALS));
    if (ops->spikes == NULL) continue;
    n_of_spikes++;
    meso_spikes *a = spikes_of(ops->name, NULL, NULL, in, 7, 3);
    meso_spikes *b = spikes_of(ops->name, NULL, NULL, in, 7, 3);
    meso_spikes *c = spikes_of(ops->name, NULL, NULL, in, 8, 3);
    meso_spikes *d = spikes_of(ops->name, NULL, NULL, in, 7, 4);
    CU_ASSERT(equal(a, b) && !equal(a, c) && !equal(a, d) && !equal(a, in));
    CU_ASSERT(a->population[0].size == N && a->population[0].position_um != NULL);
    for (uint32_t i = 0; i < N; i++)
      CU_ASSERT_EQUAL(train_of(a, i, x), train_of(in, i, x));
    const meso_spike_population *p = &a->population[0];
    MESO_CHECK_EACH(s, p->n_spikes, p->time_ms[s] >= 0 && p->time_ms[s] <= T_MS);
    MESO_CHECK_EACH(s, p->n_spikes - 1, p->time_ms[s] <= p->time_ms[s + 1]);
    meso_spikes_destroy(a);
    meso_spikes_destroy(b);
    meso_spikes_destroy(c);
    meso_spikes_destroy(d);
  }
  CU_ASSERT(n_of_spikes >= 4);
  CU_ASSERT_PTR_NULL(meso_surrogate_by_name("no such surrogate"));
  free(x);
  meso_spikes_destroy(in);
}

/* What each keeps of neuron 2. */
static void test_kept(void)
{
  meso_spikes *in = make_spikes(20, false);
  double x[2000], y[2000];
  const size_t n = train_of(in, 2, x);
  meso_spikes *s = spikes_of("dither", "width_ms", "4", in, 1, 0);
  CU_ASSERT_EQUAL_FATAL(train_of(s, 2, y), n);
  double square = 0;
  for (size_t k = 0; k < n; k++) square += (y[k] - x[k]) * (y[k] - x[k]) / (double) n;
  MESO_CHECK_WORST(k, n, fabs(y[k] - x[k]), 4); /* sorted, so still at most the width */
  CU_ASSERT(square > 2 && square < 6);          /* 16 / 3, less what sorting exchanges */
  meso_spikes_destroy(s);
  s = spikes_of("isi_shuffle", NULL, NULL, in, 1, 0);
  (void) train_of(s, 2, y);
  CU_ASSERT(y[0] == x[0] && y[n - 1] == x[n - 1] && y[5] != x[5]);
  double a[2000], b[2000];
  for (size_t k = 0; k + 1 < n; k++) a[k] = x[k + 1] - x[k], b[k] = y[k + 1] - y[k];
  qsort(a, n - 1, sizeof *a, ascending);
  qsort(b, n - 1, sizeof *b, ascending);
  MESO_CHECK_WORST(k, n - 1, fabs(a[k] - b[k]), 1e-9);
  meso_spikes_destroy(s);
  s = spikes_of("trial_shuffle", "trial_ms", "500", in, 1, 0);
  (void) train_of(s, 2, y);
  size_t moved = 0;
  for (size_t k = 0; k < n; k++) {
    moved += x[k] != y[k];
    a[k] = fmod(x[k], 500);
    b[k] = fmod(y[k], 500);
  }
  qsort(a, n, sizeof *a, ascending);
  qsort(b, n, sizeof *b, ascending);
  CU_ASSERT(moved > n / 2);
  MESO_CHECK_WORST(k, n, fabs(a[k] - b[k]), 1e-9);
  meso_spikes_destroy(s);
  s = spikes_of("time_shift", NULL, NULL, in, 1, 0);
  (void) train_of(s, 2, y);
  const double shift = fmod(y[0] - x[0] + T_MS, T_MS);
  size_t found = 0; /* the shift that takes some spike to the first one takes all */
  for (size_t j = 0; j < n && found < n; j++) {
    const double by = y[0] - x[j];
    found = 0;
    for (size_t k = 0; k < n; k++) {
      const double at = fmod(x[k] + by + T_MS, T_MS);
      for (size_t m = 0; m < n; m++) found += fabs(y[m] - at) < 1e-6;
    }
  }
  CU_ASSERT(shift != 0 && found == n);
  meso_spikes_destroy(s);
  meso_spikes_destroy(in);
}

static void spectrum_of(const meso_signal *s, size_t c, fftw_complex *z)
{
  double x[N_TIMES];
  for (size_t t = 0; t < N_TIMES; t++) x[t] = s->data[t * C + c];
  fftw_plan plan = fftw_plan_dft_r2c_1d(N_TIMES, x, z, FFTW_ESTIMATE);
  fftw_execute(plan);
  fftw_destroy_plan(plan);
}

/* Amplitudes stay; with common phases cross-spectra too, else not. */
static void test_phases(void)
{
  const meso_surrogate_ops *ops = meso_surrogate_by_name("phase_randomisation");
  meso_signals *in = make_signals(N_TIMES);
  CU_ASSERT_PTR_NOT_NULL_FATAL(ops);
  for (int common = 0; common < 2; common++) {
    const bool params = common == 1; /* the struct holds this one member */
    meso_signals *out = NULL;
    fftw_complex z[4][N_TIMES / 2 + 1];
    CU_ASSERT_EQUAL_FATAL(ops->signals(&params, in, (meso_surrogate_draw) {5, 1}, &out, NULL), 0);
    for (size_t c = 0; c < 2; c++) {
      spectrum_of(&in->signal[0], c, z[c]);
      spectrum_of(&out->signal[0], c, z[2 + c]);
      MESO_CHECK_WORST(k, N_TIMES / 2 + 1, fabs(hypot(z[c][k][0], z[c][k][1]) -
                                                hypot(z[2 + c][k][0], z[2 + c][k][1])), 1e-9);
    }
    double worst = 0;
    for (size_t k = 1; k < N_TIMES / 2; k++)
      worst = fmax(worst, fabs(z[0][k][0] * z[1][k][0] + z[0][k][1] * z[1][k][1] -
                               z[2][k][0] * z[3][k][0] - z[2][k][1] * z[3][k][1]));
    CU_ASSERT(common ? worst < 1e-6 : worst > 1);
    CU_ASSERT(in->signal[0].data[30] != out->signal[0].data[30]);
    meso_signals_destroy(out);
  }
  meso_signals_destroy(in);
}

static meso_result *significance(const char *analysis, const char *const *set,
                                 const char *surrogate, const meso_spikes *spikes, int64_t n)
{
  const meso_analysis_ops *ops = meso_analysis_by_name(analysis);
  const meso_surrogate_ops *su = meso_surrogate_by_name(surrogate);
  void *params = meso_calloc(1, ops->params_size), *su_params = meso_calloc(1, su->params_size);
  meso_result *r = NULL;
  meso_err err = {0};
  CU_ASSERT_EQUAL_FATAL(meso_params_default(ops->params, params, NULL), MESO_OK);
  CU_ASSERT_EQUAL_FATAL(meso_params_default(su->params, su_params, NULL), MESO_OK);
  for (; *set != NULL; set += 2)
    CU_ASSERT_EQUAL(meso_params_set(ops->params, params, set[0], set[1], NULL, NULL), MESO_OK);
  CU_ASSERT_EQUAL_FATAL(meso_result_create(&r, NULL), MESO_OK);
  const meso_significance_request q = {
    .analysis = ops, .analysis_params = params, .surrogate = su, .surrogate_params = su_params,
    .spikes = spikes, .n_surrogates = n, .seed = 9, .alpha = 0.05, .fdr_method = MESO_FDR_BH,
    .n_threads = 2};
  const meso_status st = meso_significance_run(&q, r, &err);
  if (st != MESO_OK) printf("# %s\n", err.msg);
  CU_ASSERT_EQUAL(st, MESO_OK);
  meso_params_clear(ops->params, params);
  meso_params_clear(su->params, su_params);
  free(params);
  free(su_params);
  return r;
}

/* Trains that go together are found by shifting them; p values of the others are uniform. */
static void test_significance(void)
{
  meso_spikes *s = make_spikes(15, true);
  meso_result *r = significance("sttc", (const char *[]) {NULL}, "time_shift", s, 199);
  const meso_array *p = meso_result_find(r, "/significance/sttc/value/p");
  const meso_array *mean = meso_result_find(r, "/significance/sttc/value/mean");
  CU_ASSERT_FATAL(p != NULL && mean != NULL);
  CU_ASSERT_EQUAL(p->data[0], 0.01); /* 2 / 200: beyond all surrogates */
  MESO_CHECK_CLOSE(0, mean->data[1], 0, 0.01);
  CU_ASSERT(isnan(p->data[10]));     /* with the silent neuron */
  CU_ASSERT_PTR_NULL(meso_result_find(r, "/significance/sttc/pairs/p")); /* an axis */
  CU_ASSERT_PTR_NOT_NULL(meso_result_find(r, "/sttc/value"));
  meso_result_destroy(r);
  meso_spikes_destroy(s);
  double below[3] = {0}, n = 0;
  s = make_spikes(15, false);
  r = significance("sttc", (const char *[]) {NULL}, "time_shift", s, 99);
  p = meso_result_find(r, "/significance/sttc/value/p");
  for (size_t k = 0; k < meso_array_count(p); k++) {
    if (isnan(p->data[k])) continue;
    n++;
    below[0] += p->data[k] <= 0.1;
    below[1] += p->data[k] <= 0.5;
  }
  printf("# of %g pairs, p <= 0.1: %g, p <= 0.5: %g\n", n, below[0], below[1]);
  CU_ASSERT(n == 55 && below[0] <= 13 && below[1] >= 16 && below[1] <= 39);
  meso_attrs *a = meso_result_group_attrs(r, "/significance/sttc/value");
  CU_ASSERT_EQUAL(meso_attrs_number(a, "n_significant", -1), 0);
  CU_ASSERT_EQUAL(meso_attrs_number(a, "n_tests", -1), 55);
  meso_result_destroy(r);
  meso_spikes_destroy(s);
}

/* Two populations: B is A 5 ms later. Shifted, all trains of one move together, and the other one
 * by another time. */
static void test_population_shift(void)
{
  meso_spikes *a = make_spikes(20, true), *in = NULL;
  const size_t n = a->population[0].n_spikes;
  double shift[2] = {0};
  CU_ASSERT_EQUAL_FATAL(meso_spikes_create(2, &in, NULL), MESO_OK);
  in->t_stop_ms = T_MS;
  for (size_t p = 0; p < 2; p++) {
    meso_spike_population *q = &in->population[p];
    q->name = meso_strdup(p == 0 ? "A" : "B");
    q->size = N;
    q->n_spikes = n;
    q->time_ms = meso_calloc(n, sizeof *q->time_ms);
    q->id = meso_calloc(n, sizeof *q->id);
    for (size_t k = 0; k < n; k++) {
      q->time_ms[k] = fmin(a->population[0].time_ms[k] + 5 * (double) p, T_MS - 1);
      q->id[k] = a->population[0].id[k];
    }
    CU_ASSERT_EQUAL_FATAL(meso_spikes_sort(q, NULL), MESO_OK);
  }
  meso_spikes *out = spikes_of("population_shift", NULL, NULL, in, 1, 0);
  for (size_t p = 0; p < 2; p++) {
    const meso_spike_population *x = &in->population[p], *y = &out->population[p];
    size_t first = 0; /* spike that the shift takes to the front */
    for (size_t k = 0; k < n; k++) {
      size_t same = 0;
      const double by = y->time_ms[0] - x->time_ms[k];
      for (size_t m = 0; m < 20; m++)
        same += fabs(remainder(y->time_ms[m] - x->time_ms[(k + m) % n] - by, T_MS)) < 1e-6;
      if (same == 20) first = k;
    }
    shift[p] = fmod(y->time_ms[0] - x->time_ms[first] + T_MS, T_MS);
    MESO_CHECK_WORST(m, n, fabs(remainder(y->time_ms[m] - x->time_ms[(first + m) % n] - shift[p],
                                          T_MS)), 1e-6);
    MESO_CHECK_EACH(m, n, y->id[m] == x->id[(first + m) % n]);
  }
  CU_ASSERT(fabs(shift[0] - shift[1]) > 1);
  meso_spikes_destroy(out);
  meso_spikes_destroy(in);
  meso_spikes_destroy(a);
}

static double cv_of(const meso_spikes *s, uint32_t id)
{
  double x[4000], mean = 0, square = 0;
  const size_t n = train_of(s, id, x);
  for (size_t k = 0; k + 1 < n; k++) mean += (x[k + 1] - x[k]) / (double) (n - 1);
  for (size_t k = 0; k + 1 < n; k++)
    square += (x[k + 1] - x[k] - mean) * (x[k + 1] - x[k] - mean) / (double) (n - 1);
  return sqrt(square) / mean;
}

/* Of a clock that ticks in the first half alone: a Poisson train all over, or with bins, there. */
static void test_poisson(void)
{
  meso_spikes *in = make_spikes(20, false);
  meso_spike_population *q = &in->population[0];
  for (size_t k = 0; k < q->n_spikes; k++) {
    q->id[k] = (uint32_t) (k % 2);
    q->time_ms[k] = (double) (k / 2) * T_MS / (double) q->n_spikes;
  }
  CU_ASSERT_EQUAL_FATAL(meso_spikes_sort(q, NULL), MESO_OK);
  meso_spikes *flat = spikes_of("poisson", NULL, NULL, in, 1, 0);
  meso_spikes *binned = spikes_of("poisson", "bin_ms", "1000", in, 1, 0);
  const double n = (double) q->n_spikes;
  size_t early[2] = {0};
  for (size_t k = 0; k < q->n_spikes; k++) {
    early[0] += flat->population[0].time_ms[k] < T_MS / 2;
    early[1] += binned->population[0].time_ms[k] <= T_MS / 2;
  }
  CU_ASSERT(fabs((double) early[0] - n / 2) < 2.5 * sqrt(n)); /* 5 standard errors */
  CU_ASSERT_EQUAL(early[1], q->n_spikes);
  CU_ASSERT(fabs(cv_of(in, 0)) < 1e-6 && fabs(cv_of(flat, 0) - 1) < 0.15);
  CU_ASSERT(fabs(cv_of(binned, 0) - 1) < 0.15);
  meso_spikes_destroy(flat);
  meso_spikes_destroy(binned);
  meso_spikes_destroy(in);
}

int main(void)
{
  static const meso_test tests[] = {
    {"every surrogate keeps counts and limits, and follows its seed", test_every},
    {"what each surrogate of spikes keeps", test_kept},
    {"random phases keep spectra", test_phases},
    {"populations shifted as one", test_population_shift}, {"Poisson trains", test_poisson},
    {"significance: related trains are found, p values of unrelated ones are uniform",
     test_significance},
    {NULL, NULL}};
  return meso_test_main("surrogates", tests);
}
