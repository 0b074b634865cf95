/* test_proxy.c: proxies of the LFP against their formulas written out, single spikes, fits. */
#include <stdlib.h>
#include <string.h>

#include "meso_model.h"
#include "meso_output_filter.h"
#include "meso_proxy.h"
#include "meso_test.h"
#include "model_run.h"

enum { N = 2000, N_CHANNELS = 2, FACTOR = 10, STEPS = N * FACTOR };

/* One delay for all, so that currents can be written down. */
static meso_model *read_model(bool alpha)
{
  static const char *const sets[] = {
    "synapses.excitatory.delay_sd_ms=0", "synapses.inhibitory.delay_sd_ms=0",
    "synapses.inhibitory.delay_mean_ms=0.8", "neuron.tau_syn_in_ms=2", "lfp.radius_um=300",
    "populations.E.model=iaf_psc_alpha"};
  return model_read("toy", NULL, alpha ? 6 : 5, sets);
}

static double uniform(uint64_t *state)
{
  *state = *state * 6364136223846793005u + 1442695040888963407u;
  return (double) (*state >> 40) * 0x1p-24;
}

/* Spikes of E, I and S on the steps. */
static meso_spikes *make_spikes(const meso_model *m, size_t n_spikes)
{
  meso_spikes *spikes = model_recording(m, N);
  uint64_t state = 3;
  for (size_t p = 0; p < m->n_populations; p++) {
    meso_spike_population *q = &spikes->population[p];
    model_make_room(q, n_spikes);
    for (size_t s = 0; s < n_spikes; s++) {
      q->time_ms[s] = floor(uniform(&state) * STEPS) / 10;
      q->id[s] = (uint32_t) (uniform(&state) * (double) q->size);
    }
    CU_ASSERT_FATAL(meso_spikes_sort(q, NULL) == MESO_OK);
  }
  return spikes;
}

static meso_signals *make_signals(const double *lfp)
{
  meso_signals *signals = NULL;
  meso_signal *s;
  CU_ASSERT_FATAL(meso_signals_create(&signals, NULL) == MESO_OK);
  CU_ASSERT_FATAL(meso_signals_add(signals, "lfp", "mV", N, N_CHANNELS, 1000, 0, &s, NULL)
                  == MESO_OK);
  s->position_um = meso_calloc(3 * N_CHANNELS, sizeof *s->position_um);
  s->position_um[2] = -700; /* where the somata are */
  s->position_um[5] = -300;
  for (size_t i = 0; lfp != NULL && i < N * N_CHANNELS; i++) s->data[i] = lfp[i];
  return signals;
}

/* Current of an average E cell, one spike after the other: w K / N_X times exp(-s / tau) or alpha
 * functions s / tau exp(1 - s / tau), s the time since its arrival. */
static void add_currents(const meso_model *m, const meso_spikes *spikes, bool alpha, double *ampa,
                         double *gaba)
{
  for (size_t q = 0; q < m->n_projections; q++) {
    const meso_projection *p = &m->projection[q];
    const meso_spike_population *x = &spikes->population[p->source];
    const bool excites = m->population[p->source].sign == MESO_EXCITATORY;
    const double tau = excites ? 0.5 : 2, delay = excites ? 1.5 : 0.8;
    if (strcmp(p->target_name, "E") != 0) continue;
    for (size_t s = 0; s < x->n_spikes; s++) {
      const long at = lround((x->time_ms[s] + delay) * 10);
      for (long t = at + 1; t < STEPS && t < at + 400; t++) {
        const double since = (double) (t - at) * 0.1 / tau;
        (excites ? ampa : gaba)[t] += p->weight_pA * (double) p->n_synapses
          / (double) m->population[p->source].size / 800 * exp(-since)
          * (alpha ? since * M_E : 1);
      }
    }
  }
}

/* An LFP that is a formula of the currents: a ms earlier or later, times a weight; and through the
 * filter, sampled, with a gain and an offset at each contact. */
static double *make_lfp(const double *ampa, const double *gaba, double early, double weight,
                        double late)
{
  double *fine = meso_calloc(STEPS, sizeof *fine), *lfp = meso_calloc(2 * N, sizeof *lfp);
  meso_output_filter filter;
  for (long t = 0; t < STEPS; t++) {
    const long a = t - lround(10 * early), b = t - lround(10 * late);
    if (a >= 0 && a < STEPS) fine[t] += ampa[a];
    if (b >= 0 && b < STEPS) fine[t] += weight * fabs(gaba[b]);
  }
  CU_ASSERT_FATAL(meso_output_filter_init(FACTOR, &filter, NULL) == MESO_OK);
  double *out = meso_calloc(STEPS + 2 * filter.half, sizeof *out);
  meso_output_filter_apply(&filter, STEPS, fine, out);
  for (size_t t = 0; t < N; t++) {
    lfp[2 * t] = 0.02 * out[t * FACTOR + filter.half] - 1;
    lfp[2 * t + 1] = -0.005 * out[t * FACTOR + filter.half] + 3;
  }
  meso_output_filter_clear(&filter);
  free(fine);
  free(out);
  return lfp;
}

/* Largest difference of a proxy from lfp, relative to the sd of lfp; of all samples. */
static double distance(const meso_signals *signals, const char *name)
{
  char full[64];
  (void) snprintf(full, sizeof full, MESO_PROXY_HEAD "%s", name);
  const meso_signal *x = meso_signals_find(signals, full), *y = meso_signals_find(signals, "lfp");
  double error = 0, mean = 0, total = 0;
  CU_ASSERT_PTR_NOT_NULL_FATAL(x);
  for (size_t t = 0; t < N; t++) mean += y->data[2 * t] / N;
  for (size_t t = 0; t < N; t++) {
    error += pow(x->data[2 * t] - y->data[2 * t], 2);
    total += pow(y->data[2 * t] - mean, 2);
  }
  return sqrt(error / total);
}

static void check_formulas(bool alpha)
{
  /* of the toy: 900 external events of 8 Hz, v0 = 7.2 events/ms */
  const double v0 = 7.2;
  const struct { const char *name; double early, weight, late; } row[] = {
    {"current_sum", 0, 1, 0}, {"mazzoni2015", 6, 1.65, 0}, {"erws1", -0.9, 0.3, 2.3},
    {"erws2", -0.6 * pow(v0, -0.1) - 0.4, 1.4 * pow(v0, -1.7) + 0.2, 3 - 1.9 * pow(v0, -0.6)}};
  meso_model *m = read_model(alpha);
  meso_spikes *spikes = make_spikes(m, 300);
  double *ampa = meso_calloc(STEPS, sizeof *ampa), *gaba = meso_calloc(STEPS, sizeof *gaba);
  add_currents(m, spikes, alpha, ampa, gaba);
  for (size_t i = 0; i < 4; i++) {
    double *lfp = make_lfp(ampa, gaba, row[i].early, row[i].weight, row[i].late);
    meso_signals *signals = make_signals(lfp);
    CU_ASSERT_FATAL(meso_proxies_add(m, spikes, signals, NULL) == MESO_OK);
    for (size_t k = 0; k < 4; k++) {
      const double d = distance(signals, row[k].name);
      if (k == i) printf("# %s: %.2g\n", row[k].name, d);
      CU_ASSERT(k == i ? d < (i == 3 ? 0.03 : 1e-3) : d > 0.05); /* erws2 lies between steps */
    }
    meso_signals_destroy(signals);
    free(lfp);
  }
  free(ampa);
  free(gaba);
  meso_spikes_destroy(spikes);
  meso_model_destroy(m);
}

static void test_formulas(void) { check_formulas(false); }
static void test_alpha_functions(void) { check_formulas(true); }

/* The gain is of the first half; external input does not count; the second half is free. */
static void test_fit(void)
{
  meso_model *m = read_model(false);
  meso_spikes *spikes = make_spikes(m, 300);
  double *ampa = meso_calloc(STEPS, sizeof *ampa), *gaba = meso_calloc(STEPS, sizeof *gaba);
  meso_signal *external;
  add_currents(m, spikes, false, ampa, gaba);
  double *lfp = make_lfp(ampa, gaba, 0, 1, 0);
  meso_signals *signals = make_signals(lfp);
  CU_ASSERT_FATAL(meso_signals_add(signals, "lfp_from_external", "mV", N, N_CHANNELS, 1000, 0,
                                   &external, NULL) == MESO_OK);
  double *data = meso_signals_find(signals, "lfp")->data;
  for (size_t i = 0; i < 2 * N; i++) {
    external->data[i] = sin((double) i * (double) i);
    data[i] += external->data[i] + (i >= N ? 50 : 0); /* the first N numbers are the first half */
  }
  CU_ASSERT_FATAL(meso_proxies_add(m, spikes, signals, NULL) == MESO_OK);
  const meso_signal *x = meso_signals_find(signals, "lfp_proxy_current_sum");
  MESO_CHECK_CLOSE(1000, meso_attrs_number(&x->attrs, "weights_until_ms", NAN), 1e-12, 0);
  MESO_CHECK_WORST(i, 2 * N, fabs(x->data[i] - lfp[i]), 1e-3);
  /* once more, on what has proxies already: they are made anew */
  const size_t n_signals = signals->n;
  for (size_t i = 0; i < 2 * N; i++) meso_signals_find(signals, "lfp_proxy_rate")->data[i] = 7;
  meso_signals_find(signals, "lfp_proxy_current_sum")->data[5] = 7;
  CU_ASSERT_FATAL(meso_proxies_add(m, spikes, signals, NULL) == MESO_OK);
  CU_ASSERT_EQUAL(signals->n, n_signals);
  x = meso_signals_find(signals, "lfp_proxy_current_sum");
  MESO_CHECK_WORST(i, 2 * N, fabs(x->data[i] - lfp[i]), 1e-3);
  meso_signals_find(signals, "lfp_proxy_rate")->t_start_ms = 1; /* of another recording */
  CU_ASSERT_EQUAL(meso_proxies_add(m, spikes, signals, NULL), MESO_EINVAL);
  meso_signals_destroy(signals);
  free(lfp);
  free(ampa);
  free(gaba);
  meso_spikes_destroy(spikes);
  meso_model_destroy(m);
}

/* What one spike of inhibitory neuron 17 gives. */
static meso_signals *unitary_of(double time_ms)
{
  meso_model *m = read_model(false);
  m->lfp.soma_sd_um = 0;
  meso_spikes *spikes = make_spikes(m, 1);
  meso_signals *signals = make_signals(NULL);
  spikes->population[0].n_spikes = spikes->population[2].n_spikes = 0;
  CU_ASSERT_STRING_EQUAL_FATAL(spikes->population[1].name, "I");
  spikes->population[1].time_ms[0] = time_ms;
  spikes->population[1].id[0] = 17;
  CU_ASSERT_FATAL(meso_proxies_add(m, spikes, signals, NULL) == MESO_OK);
  meso_spikes_destroy(spikes);
  meso_model_destroy(m);
  return signals;
}

/* One spike of an inhibitory neuron: 3 uV times exp(-d / 200 um) at the height of its soma, -1.2
 * 400 um above, d / 200 um later than 10.4 ms. The distance follows from the two. A peak after the
 * end of the record is seen to rise before it. */
static void test_unitary(void)
{
  double area = 0, moment = 0, above = 0;
  meso_signals *signals = unitary_of(500), *late = unitary_of(1993);
  const meso_signal *x = meso_signals_find(signals, "lfp_proxy_unitary_lfp");
  const meso_signal *y = meso_signals_find(late, "lfp_proxy_unitary_lfp");
  for (size_t t = 0; t < N; t++) {
    area += x->data[2 * t];
    moment += x->data[2 * t] * (double) t;
    above += x->data[2 * t + 1];
  }
  const double late_ms = moment / area - 500 - 10.4, peak = area / (sqrt(2 * M_PI) * 2.1);
  printf("# %.1f um away: %.3g uV\n", 200 * late_ms, 1e3 * peak);
  CU_ASSERT(late_ms > 0 && late_ms < 1.5);
  MESO_CHECK_CLOSE(3e-3 * exp(-late_ms), peak, 0.055, 0); /* late_ms is in steps of 0.1 */
  MESO_CHECK_CLOSE(-0.4, above / area, 1e-3, 0);
  CU_ASSERT(y->data[2 * (N - 1)] > 0.05 * peak);
  MESO_CHECK_WORST(t, N - 1493, fabs(y->data[2 * (t + 1493)] - x->data[2 * t]), 1e-15);
  CU_ASSERT_PTR_NULL(meso_attrs_text(&x->attrs, "empty"));
  meso_signals_destroy(signals);
  meso_signals_destroy(late);
}

/* Where nothing can be said, it is said why. */
static void test_empty(void)
{
  meso_model *m = read_model(false);
  meso_spikes *spikes = make_spikes(m, 0);
  meso_signals *signals = make_signals(NULL);
  CU_ASSERT_FATAL(meso_proxies_add(m, spikes, signals, NULL) == MESO_OK);
  for (size_t i = 1; i < signals->n; i++)
    CU_ASSERT_PTR_NOT_NULL(meso_attrs_text(&signals->signal[i].attrs, "empty"));
  CU_ASSERT(signals->n > 6);
  meso_signals_destroy(signals);
  meso_spikes_destroy(spikes);
  meso_model_destroy(m);
}

static void test_refusals(void)
{
  meso_model *m = read_model(false);
  meso_spikes *spikes = make_spikes(m, 0);
  meso_signals *signals = make_signals(NULL);
  meso_err err = {0};
  meso_signals_find(signals, "lfp")->sampling_rate_Hz = 777;
  CU_ASSERT_EQUAL(meso_proxies_add(m, spikes, signals, &err), MESO_EINVAL);
  CU_ASSERT_PTR_NOT_NULL(strstr(err.msg, "777"));
  meso_signals_destroy(signals);
  CU_ASSERT_FATAL(meso_signals_create(&signals, NULL) == MESO_OK);
  CU_ASSERT_EQUAL(meso_proxies_add(m, spikes, signals, &err), MESO_ENOTFOUND);
  meso_signals_destroy(signals);
  meso_spikes_destroy(spikes);
  meso_model_destroy(m);
}

/* Every entry has a name, a line of summary, and one of the two ways to make its signal. */
static void test_registry(void)
{
  CU_ASSERT(meso_proxy_count() >= 6);
  for (size_t i = 0; i < meso_proxy_count(); i++) {
    const meso_proxy_ops *ops = meso_proxy_at(i);
    CU_ASSERT(ops->name != NULL && meso_proxy_by_name(ops->name) == ops && ops->summary != NULL);
    CU_ASSERT((ops->series != NULL) != (ops->field != NULL));
  }
}

int main(void)
{
  static const meso_test tests[] = {
    {"formulas", test_formulas},
    {"alpha functions", test_alpha_functions},
    {"gains", test_fit},
    {"unitary LFP", test_unitary},
    {"empty", test_empty},
    {"refusals", test_refusals},
    {"registry", test_registry},
    {NULL, NULL}};
  return meso_test_main("proxies", tests);
}
