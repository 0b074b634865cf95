/* test_network.c: explicit networks against NEST, spike for spike and trace by trace; what a
 * hostile or mistaken file is answered. */
#include <hdf5.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "meso_engine.h"
#include "meso_io.h"
#include "meso_test.h"

static const char *source_path(const char *name, char buffer[4096])
{
  (void) snprintf(buffer, 4096, "%s/%s", meso_test_path("tests/reference/network"), name);
  return buffer;
}

/* ---- against NEST ------------------------------------------------------------------------- */

/** dims: room for 4. */
static double *reference(const char *path, const char *dataset, size_t *dims)
{
  size_t n_dims = 0;
  double *v = NULL;
  meso_err err = {0};
  const meso_status st = meso_h5_read_doubles(path, dataset, &n_dims, dims, &v, &err);
  if (st != MESO_OK) printf("# %s\n", err.msg);
  CU_ASSERT_EQUAL_FATAL(st, MESO_OK);
  return v;
}

/** Largest difference over largest value; potentials count from rest. */
static void compare_trace(const char *path, const char *name, const meso_signals *traces)
{
  char dataset[64];
  size_t dims[4] = {0}, n_neurons[4] = {0};
  (void) snprintf(dataset, sizeof dataset, "/trace/%s", name);
  double *want = reference(path, dataset, dims), *E_L = reference(path, "/neurons/E_L", n_neurons);
  const meso_signal *got = meso_signals_find(traces, name);
  CU_ASSERT_PTR_NOT_NULL_FATAL(got);
  CU_ASSERT_EQUAL_FATAL(got->n_channels, dims[0]);
  CU_ASSERT_FATAL(dims[1] > 1000 && got->n_times >= dims[1]);
  double worst = 0, largest = 0;
  for (size_t c = 0; c < dims[0]; c++)
    for (size_t t = 0; t < dims[1]; t++) {
      const double rest = strcmp(name, "V_m") == 0 ? E_L[c] : 0.0;
      worst = fmax(worst, fabs(got->data[t * dims[0] + c] - want[c * dims[1] + t]));
      largest = fmax(largest, fabs(want[c * dims[1] + t] - rest));
    }
  printf("# %s: %.1e\n", name, worst / largest);
  CU_ASSERT(largest > 0);
  MESO_CHECK_CLOSE(0.0, worst / largest, 0.0, 1e-9);
  free(want);
  free(E_L);
}

static void compare_spikes(const char *path, const meso_spikes *spikes)
{
  size_t n[4] = {0};
  double *neuron = reference(path, "/spikes/neuron", n), *step = reference(path, "/spikes/step", n);
  const meso_spike_population *got = &spikes->population[0];
  printf("# %zu spikes\n", n[0]);
  CU_ASSERT(n[0] > 500);
  CU_ASSERT_EQUAL_FATAL(got->n_spikes, n[0]);
  size_t n_wrong = 0;
  for (size_t i = 0; i < n[0]; i++)
    n_wrong += got->id[i] != (uint32_t) neuron[i] || got->time_ms[i] != step[i] / 10.0;
  CU_ASSERT_EQUAL(n_wrong, 0);
  free(neuron);
  free(step);
}

static void compare_network(const char *file, const char *quantities)
{
  char path[4096];
  source_path(file, path);
  size_t dims[4] = {0};
  free(reference(path, "/trace/V_m", dims));
  const meso_record_range range = {.first = 0, .last = (uint32_t) dims[0] - 1};
  const meso_record_options record = {quantities, 1, &range};
  meso_spikes *spikes = NULL;
  meso_signals *traces = NULL;
  meso_engine_report report = {0};
  meso_err err = {0};
  const meso_status st =
    meso_engine_run_network(path, 0, 2, &record, NULL, &spikes, &traces, &report, &err);
  if (st != MESO_OK) printf("# %s\n", err.msg);
  CU_ASSERT_EQUAL_FATAL(st, MESO_OK);
  CU_ASSERT_EQUAL(report.weight_loss, 0.0);
  compare_spikes(path, spikes);
  for (size_t s = 0; s < traces->n; s++) compare_trace(path, traces->signal[s].name, traces);
  meso_spikes_destroy(spikes);
  meso_signals_destroy(traces);
}

static const char all[] = "V_m,I_syn_ex,I_syn_in";

static void exp_equals_nest(void) { compare_network("small_network.h5", all); }
static void heterogeneous_exp_equals_nest(void) { compare_network("small_network_hetero.h5", all); }
static void alpha_equals_nest(void) { compare_network("alpha_network.h5", all); }
static void delta_equals_nest(void) { compare_network("delta_network.h5", "V_m"); }
static void brunel_with_alpha_equals_nest(void) { compare_network("brunel_alpha.h5", all); }
static void poisson_trains_equal_nest(void) { compare_network("poisson_trains.h5", all); }
static void currents_equal_nest(void) { compare_network("currents.h5", all); }
static void mixed_models_equal_nest(void) { compare_network("mixed_models.h5", "V_m"); }

/* ---- files of our own --------------------------------------------------------------------- */

/** A vector dataset "/group/name", or a number "/group@name"; n = 0: left out. */
typedef struct entry { const char *name; size_t n; double v[4]; } entry;

/** Three neurons of one model, two synapses, every kind of input. Units as in doc/formats.md. */
static const entry base[] = {
  {"/@dt_ms", 1, {0.1}}, {"/@T_ms", 1, {200}},
  {"/neurons/E_L", 3, {-65, -65, -65}}, {"/neurons/V_th", 3, {-50, -50, -50}},
  {"/neurons/V_reset", 3, {-65, -65, -65}}, {"/neurons/V_m_initial", 3, {-65, -65, -65}},
  {"/neurons/C_m", 3, {250, 250, 250}}, {"/neurons/tau_m", 3, {10, 10, 10}},
  {"/neurons/t_ref", 3, {2, 2, 2}}, {"/neurons/I_e", 3, {0, 0, 0}},
  {"/neurons/tau_syn_ex", 3, {2, 2, 2}}, {"/neurons/tau_syn_in", 3, {2, 2, 2}},
  {"/connections/source", 2, {0, 1}}, {"/connections/target", 2, {1, 2}},
  {"/connections/weight", 2, {50, -50}}, {"/connections/delay_steps", 2, {15, 8}},
  {"/input/neuron", 2, {0, 1}}, {"/input/step", 2, {10, 20}}, {"/input/multiplicity", 2, {1, 3}},
  {"/input@delay_steps", 1, {1}}, {"/input@weight_pA", 1, {100}},
  {"/input/step_current/neuron", 2, {2, 2}}, {"/input/step_current/step", 2, {100, 200}},
  {"/input/step_current/amplitude", 2, {10, 0}}, {"/input/step_current@delay_steps", 1, {1}},
  {"/input/ac_current/neuron", 1, {2}}, {"/input/ac_current/amplitude", 1, {10}},
  {"/input/ac_current/frequency", 1, {20}}, {"/input/ac_current@delay_steps", 1, {1}},
};
enum { N_BASE = sizeof base / sizeof base[0], MAX_GROUP = 64 };

static hid_t open_group(hid_t file, const char *name, size_t length)
{
  char group[MAX_GROUP];
  (void) snprintf(group, sizeof group, "%.*s", (int) length, name);
  if (length <= 1) return H5Gopen2(file, "/", H5P_DEFAULT);
  if (H5Lexists(file, group, H5P_DEFAULT) > 0) return H5Gopen2(file, group, H5P_DEFAULT);
  return H5Gcreate2(file, group, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
}

static void write_entry(hid_t file, const entry *e)
{
  const char *at = strchr(e->name, '@');
  const char *name = at != NULL ? at : strrchr(e->name, '/');
  const hid_t group = open_group(file, e->name, (size_t) (name - e->name));
  const hsize_t n = e->n;
  const hid_t space = at != NULL ? H5Screate(H5S_SCALAR) : H5Screate_simple(1, &n, NULL);
  hid_t id;
  if (at != NULL) {
    id = H5Acreate2(group, name + 1, H5T_IEEE_F64LE, space, H5P_DEFAULT, H5P_DEFAULT);
    CU_ASSERT_FATAL(H5Awrite(id, H5T_NATIVE_DOUBLE, e->v) >= 0);
    (void) H5Aclose(id);
  } else {
    id = H5Dcreate2(group, name + 1, H5T_IEEE_F64LE, space, H5P_DEFAULT, H5P_DEFAULT,
                    H5P_DEFAULT);
    CU_ASSERT_FATAL(H5Dwrite(id, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, e->v) >= 0);
    (void) H5Dclose(id);
  }
  (void) H5Sclose(space);
  (void) H5Gclose(group);
}

static void write_text_attribute(hid_t file, const char *at, const char *name, const char *text)
{
  const hid_t group = H5Gopen2(file, at, H5P_DEFAULT), type = H5Tcopy(H5T_C_S1);
  (void) H5Tset_size(type, strlen(text) + 1);
  const hid_t space = H5Screate(H5S_SCALAR);
  const hid_t id = H5Acreate2(group, name, type, space, H5P_DEFAULT, H5P_DEFAULT);
  CU_ASSERT_FATAL(H5Awrite(id, type, text) >= 0);
  (void) H5Aclose(id);
  (void) H5Sclose(space);
  (void) H5Tclose(type);
  (void) H5Gclose(group);
}

/** What the entries, which are numbers, leave out of sources and populations. */
static void write_texts(hid_t file)
{
  static const char names[2][2] = {"A", "B"};
  const hsize_t n = 2;
  if (H5Lexists(file, "/sources", H5P_DEFAULT) > 0)
    write_text_attribute(file, "/sources", "type", "pulses");
  if (H5Lexists(file, "/populations", H5P_DEFAULT) <= 0) return;
  const hid_t type = H5Tcopy(H5T_C_S1), space = H5Screate_simple(1, &n, NULL);
  (void) H5Tset_size(type, sizeof names[0]);
  const hid_t id = H5Dcreate2(file, "/populations/name", type, space, H5P_DEFAULT, H5P_DEFAULT,
                              H5P_DEFAULT);
  CU_ASSERT_FATAL(H5Dwrite(id, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, names) >= 0);
  (void) H5Dclose(id);
  (void) H5Sclose(space);
  (void) H5Tclose(type);
}

/** The base with some entries replaced or added; model NULL: no attribute. path: room for 64. */
static void write_network(char *path, const char *model, size_t n, const entry *changes)
{
  strcpy(path, "meso_network_XXXXXX");
  const int fd = mkstemp(path);
  CU_ASSERT_FATAL(fd >= 0);
  (void) close(fd);
  const hid_t file = H5Fcreate(path, H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
  CU_ASSERT_FATAL(file >= 0);
  for (size_t i = 0; i < N_BASE; i++) {
    bool replaced = false;
    for (size_t c = 0; c < n; c++) replaced |= strcmp(base[i].name, changes[c].name) == 0;
    if (!replaced) write_entry(file, &base[i]);
  }
  for (size_t c = 0; c < n; c++)
    if (changes[c].n > 0) write_entry(file, &changes[c]);
  if (model != NULL) write_text_attribute(file, "/neurons", "model", model);
  write_texts(file);
  CU_ASSERT_FATAL(H5Fclose(file) >= 0);
}

/** Runs and removes such a file; the traces of V_m of all neurons, or NULL and the error. */
static meso_signals *run_network(const char *model, size_t n, const entry *changes,
                                 meso_engine_report *report, meso_status *st, meso_err *err)
{
  char path[64];
  const meso_record_options record = {"V_m", 1, &(meso_record_range) {.last = 2}};
  meso_spikes *spikes = NULL;
  meso_signals *traces = NULL;
  write_network(path, model, n, changes);
  *st = meso_engine_run_network(path, 0, 1, &record, NULL, &spikes, &traces, report, err);
  (void) unlink(path);
  meso_spikes_destroy(spikes);
  return traces;
}

static meso_signals *run_changed(const char *model, size_t n, const entry *changes)
{
  meso_err err = {0};
  meso_status st;
  meso_signals *traces = run_network(model, n, changes, NULL, &st, &err);
  if (st != MESO_OK) printf("# %s\n", err.msg);
  CU_ASSERT_EQUAL_FATAL(st, MESO_OK);
  return traces;
}

/* ---- inputs ------------------------------------------------------------------------------- */

/** A membrane below threshold under a sine wave, in its steady state. The current is constant in a
 *  step, so that V(n + 1) = P V(n) + R (1 - P) I(n), and the transfer function from I(n) to V(n) is
 *  R (1 - P) / (exp(i w h) - P); for h -> 0 that is R / (1 + i w tau). */
static void sine_has_its_amplitude_and_phase(void)
{
  static const double frequency_Hz[] = {2, 20, 200};
  for (int f = 0; f < 3; f++) {
    const entry changes[] = {
      {"/@T_ms", 1, {1200}}, {"/input/ac_current/frequency", 1, {frequency_Hz[f]}},
      {"/input/ac_current/amplitude", 1, {40}}, {"/input/ac_current/phase", 1, {30}},
      {"/input/ac_current/offset", 1, {25}}, {"/input/step_current/amplitude", 2, {0, 0}},
    };
    meso_signals *traces = run_changed(NULL, 6, changes);
    const meso_signal *V = &traces->signal[0];
    const double w = 2 * M_PI * frequency_Hz[f] * 1e-3, R = 10.0 / 250, P = exp(-0.01);
    const double re = cos(w * 0.1) - P, im = sin(w * 0.1);
    const double amplitude = 40 * R * (1 - P) / hypot(re, im), lag = atan2(im, re);
    MESO_CHECK_CLOSE(40 * R / hypot(1, w * 10), amplitude, 2e-3, 0);
    for (size_t t = 6000; t < V->n_times; t++) { /* sample t is at (t + 1) dt; delay: one step */
      const double want = -65 + R * 25 + amplitude * sin(w * (double) t * 0.1 + M_PI / 6 - lag);
      MESO_CHECK_CLOSE(want, V->data[t * 3 + 2], 0, 1e-10);
    }
    meso_signals_destroy(traces);
  }
}

/** A current of step k acts from step k + delay on; the next amplitude replaces it. */
static void staircase_acts_in_its_steps(void)
{
  const entry changes[] = {
    {"/input/step_current/step", 2, {200, 100}}, {"/input/step_current/amplitude", 2, {0, 50}},
    {"/input/step_current@delay_steps", 1, {3}}, {"/input/ac_current/amplitude", 1, {0}},
  };
  meso_signals *traces = run_changed(NULL, 4, changes);
  double want = 0;
  for (size_t t = 0; t < traces->signal[0].n_times; t++) {
    want = want * exp(-0.01) - (t >= 103 && t < 203 ? 50 * 10 / 250.0 * expm1(-0.01) : 0);
    MESO_CHECK_CLOSE(-65 + want, traces->signal[0].data[t * 3 + 2], 0, 1e-12);
  }
  meso_signals_destroy(traces);
}

/** A window of steps start <= t < stop. */
static void sine_acts_in_its_window(void)
{
  const entry changes[] = {
    {"/input/ac_current/frequency", 1, {0}}, {"/input/ac_current/phase", 1, {90}},
    {"/input/ac_current/start_step", 1, {50}}, {"/input/ac_current/stop_step", 1, {60}},
    {"/input/ac_current@delay_steps", 1, {0}}, {"/input/step_current/amplitude", 2, {0, 0}},
  };
  meso_signals *traces = run_changed(NULL, 6, changes);
  double want = 0;
  for (size_t t = 0; t < traces->signal[0].n_times; t++) {
    want = want * exp(-0.01) - (t >= 50 && t < 60 ? 10 * 10 / 250.0 * expm1(-0.01) : 0);
    MESO_CHECK_CLOSE(-65 + want, traces->signal[0].data[t * 3 + 2], 0, 1e-12);
  }
  meso_signals_destroy(traces);
}

/** Three spikes at once, or one of multiplicity 3, or one of three times the weight. */
static void multiplicity_counts_spikes(void)
{
  static const entry changes[3][4] = {
    {{"/input/neuron", 1, {0}}, {"/input/step", 1, {10}}, {"/input/multiplicity", 1, {3}}},
    {{"/input/neuron", 3, {0, 0, 0}}, {"/input/step", 3, {10, 10, 10}},
     {"/input/multiplicity", 0, {0}}},
    {{"/input/neuron", 1, {0}}, {"/input/step", 1, {10}}, {"/input/multiplicity", 0, {0}},
     {"/input/weight", 1, {300}}},
  };
  meso_signals *want = run_changed("iaf_psc_alpha", 3, changes[0]);
  double largest = -65;
  for (size_t t = 0; t < want->signal[0].n_times; t++)
    largest = fmax(largest, want->signal[0].data[3 * t]);
  CU_ASSERT(largest > -64);
  for (int i = 1; i < 3; i++) {
    meso_signals *got = run_changed("iaf_psc_alpha", i == 1 ? 3 : 4, changes[i]);
    const size_t size = want->signal[0].n_times * 3 * sizeof(double);
    CU_ASSERT_EQUAL(memcmp(got->signal[0].data, want->signal[0].data, size), 0);
    meso_signals_destroy(got);
  }
  meso_signals_destroy(want);
}

/** Weights too different for one step: the loss is told, and nothing overflows. */
/** What has decayed becomes zero at step 1024, long before it would by itself. */
static void decayed_values_become_zero(void)
{
  static const char *const model[] = {"iaf_psc_exp", "iaf_psc_alpha", "iaf_psc_delta"};
  for (size_t i = 0; i < 3; i++) {
    const size_t n_tau = i < 2 ? 3 : 0;
    const entry changes[] = {
      {"/neurons/E_L", 3, {0, 0, 0}}, {"/neurons/V_th", 3, {1e6, 1e6, 1e6}},
      {"/neurons/V_reset", 3, {0, 0, 0}}, {"/neurons/V_m_initial", 3, {0, 0, 0}},
      {"/neurons/tau_m", 3, {0.5, 0.5, 0.5}}, {"/neurons/tau_syn_ex", n_tau, {0.4, 0.4, 0.4}},
      {"/neurons/tau_syn_in", n_tau, {0.4, 0.4, 0.4}}, {"/input/weight", 2, {1, 1}}
    };
    meso_signals *traces = run_changed(model[i], sizeof changes / sizeof changes[0], changes);
    const double *V = traces->signal[0].data;
    CU_ASSERT(V[3 * 1022] > 0 && V[3 * 1022] < 1e-30);
    CU_ASSERT_EQUAL(V[3 * 1023], 0);
    meso_signals_destroy(traces);
  }
}

static void weights_that_do_not_fit_are_told(void)
{
  const entry changes[] = {
    {"/connections/weight", 2, {1e9, -1e-9}}, {"/input/multiplicity", 2, {1e9, 1}},
    {"/input@weight_pA", 1, {1e9}},
  };
  meso_engine_report report = {0};
  meso_err err = {0};
  meso_status st;
  meso_signals_destroy(run_network(NULL, 3, changes, &report, &st, &err));
  CU_ASSERT_EQUAL(st, MESO_OK);
  CU_ASSERT_STRING_EQUAL(report.weight_unit, "pA");
  CU_ASSERT(report.weight_loss > 0);
  MESO_CHECK_CLOSE(1e-9, report.weight_loss, 1e-12, 0);
}

/* ---- files that are refused --------------------------------------------------------------- */

static void missing_network_is_refused(void)
{
  meso_spikes *spikes = NULL;
  meso_err err = {0};
  const meso_status st =
    meso_engine_run_network("/nonexistent.h5", 0, 1, NULL, NULL, &spikes, NULL, NULL, &err);
  CU_ASSERT_EQUAL(meso_status_exit_code(st), 3);
  CU_ASSERT_PTR_NULL(spikes);
}

/** What is wrong in the file, and the words that the answer must have. */
typedef struct refusal { const char *model; entry change; const char *words[3]; } refusal;

static const refusal refusals[] = {
  {"iaf_psc_beta", {"/@dt_ms", 1, {0.1}}, {"iaf_psc_beta", "model"}},
  {"iaf_psc_exp,", {"/@dt_ms", 1, {0.1}}, {"model", "''"}},
  {"iaf_psc_exp,iaf_psc_alpha", {"/@dt_ms", 1, {0.1}}, {"/neurons/model"}},
  {"iaf_psc_exp,iaf_psc_alpha", {"/neurons/model", 3, {0, 1, 2}}, {"/neurons/model[2]", "0 to 1"}},
  {"iaf_psc_exp,iaf_psc_delta", {"/neurons/model", 3, {0, 1, 1}}, {"mV", "weight"}},
  {NULL, {"/@dt_ms", 1, {NAN}}, {"dt_ms"}},
  {NULL, {"/@T_ms", 1, {0.01}}, {"shorter than a step"}},
  {NULL, {"/neurons/E_L", 0, {0}}, {"/neurons/E_L"}},
  {NULL, {"/neurons/C_m", 3, {250, 0, 250}}, {"/neurons/C_m[1] = 0", "> 0 pF"}},
  {NULL, {"/neurons/tau_m", 3, {10, 10, NAN}}, {"/neurons/tau_m[2] = nan", "ms"}},
  {NULL, {"/neurons/tau_syn_in", 2, {2, 2}}, {"/neurons/tau_syn_in", "2 values", "3 expected"}},
  {NULL, {"/neurons/t_ref", 3, {-1, 0, 0}}, {"/neurons/t_ref[0] = -1", "ms"}},
  {NULL, {"/neurons/V_reset", 3, {-65, -50, -65}}, {"neuron 1", "V_reset must be below V_th"}},
  {NULL, {"/neurons/tau_rise", 3, {1, 1, 1}}, {"/neurons/tau_rise", "not known", "tau_syn_ex"}},
  {NULL, {"/neurons/V_min", 3, {1, 1, 1}}, {"/neurons/V_min", "not known"}},
  {"iaf_psc_delta", {"/@dt_ms", 1, {0.1}}, {"/neurons/tau_syn_ex", "not known", "V_min"}},
  {NULL, {"/connections/source", 2, {0, 3}}, {"/connections/source[1] = 3", "0 to 2"}},
  {NULL, {"/connections/source", 2, {0, 0.5}}, {"/connections/source[1] = 0.5", "whole"}},
  {NULL, {"/connections/target", 2, {0, -1}}, {"/connections/target[1] = -1"}},
  {NULL, {"/connections/weight", 2, {0, INFINITY}}, {"/connections/weight[1] = inf", "pA"}},
  {NULL, {"/connections/delay_steps", 2, {1, 0}}, {"/connections/delay_steps[1] = 0", "1 "}},
  {NULL, {"/input/neuron", 2, {0, 3}}, {"/input/neuron[1] = 3"}},
  {NULL, {"/input/neuron", 0, {0}}, {"/input/neuron"}},
  {NULL, {"/input/step", 2, {0, 1e13}}, {"/input/step[1] = 1e+13"}},
  {NULL, {"/input/multiplicity", 2, {1, -1}}, {"/input/multiplicity[1] = -1"}},
  {NULL, {"/input/multiplicity", 2, {1, 1.5}}, {"/input/multiplicity[1] = 1.5", "whole"}},
  {NULL, {"/input/weight", 2, {1, NAN}}, {"/input/weight[1] = nan"}},
  {NULL, {"/input/gamma", 1, {1}}, {"/input/gamma", "not known", "ac_current"}},
  {NULL, {"/input/poisson", 1, {1}}, {"/input/poisson", "not a group"}},
  {NULL, {"/input@weight_pA", 0, {0}}, {"weight_pA"}},
  {NULL, {"/input@weight_pA", 1, {INFINITY}}, {"weight_pA", "inf"}},
  {NULL, {"/input@delay_steps", 1, {0}}, {"delay_steps", "/input"}},
  {NULL, {"/input@delay_steps", 1, {1.5}}, {"delay_steps", "whole"}},
  {NULL, {"/input/step_current/neuron", 2, {0, 3}}, {"/input/step_current/neuron[1] = 3"}},
  {NULL, {"/input/step_current/step", 2, {7, 7}}, {"step_current", "neuron 2", "step 7"}},
  {NULL, {"/input/step_current/step", 1, {7}}, {"step_current/step", "1 values"}},
  {NULL, {"/input/step_current/amplitude", 2, {NAN, 0}}, {"step_current/amplitude[0]", "pA"}},
  {NULL, {"/input/step_current/values", 2, {0, 0}}, {"step_current/values", "amplitude"}},
  {NULL, {"/input/step_current@delay_steps", 0, {0}}, {"step_current", "delay_steps"}},
  {NULL, {"/input/ac_current/neuron", 1, {-1}}, {"ac_current/neuron[0] = -1"}},
  {NULL, {"/input/ac_current/frequency", 1, {-1}}, {"ac_current/frequency[0]", "Hz"}},
  {NULL, {"/input/ac_current/phase", 1, {361}}, {"ac_current/phase[0] = 361", "degree"}},
  {NULL, {"/input/ac_current/offset", 1, {NAN}}, {"ac_current/offset[0]", "pA"}},
  {NULL, {"/input/ac_current/stop_step", 1, {-1}}, {"ac_current/stop_step[0] = -1"}},
  {NULL, {"/input/ac_current@delay_steps", 1, {70000}}, {"ac_current", "delay_steps", "65535"}},
};

/* Generators and populations, which the base has not; and what is changed of them. */
static const entry generators[] = {
  {"/input/poisson/neuron", 2, {0, 1}}, {"/input/poisson/rate", 2, {8000, 8000}},
  {"/input/poisson/weight", 2, {50, 50}}, {"/input/poisson/identity", 2, {0, 1}},
  {"/input/poisson@seed", 1, {7}}, {"/input/poisson@delay_steps", 1, {15}},
  {"/sources/identity", 2, {4, 3}}, {"/sources@seed", 1, {7}}, {"/sources@rate_Hz", 1, {100}},
  {"/sources@start_ms", 1, {10}}, {"/sources@on_ms", 1, {5}}, {"/sources@period_ms", 1, {20}},
  {"/populations/first", 2, {0, 2}}, {"/populations/size", 2, {2, 3}},
};
enum { N_GENERATORS = sizeof generators / sizeof generators[0] };

/** The base with generators, one entry of which is changed. */
static size_t with_generators(const entry *change, entry *entries)
{
  size_t n = 0;
  bool replaced = false;
  for (size_t i = 0; i < N_GENERATORS; i++) {
    const bool same = change != NULL && strcmp(change->name, generators[i].name) == 0;
    entries[n++] = same ? *change : generators[i];
    replaced |= same;
  }
  if (change != NULL && !replaced) entries[n++] = *change;
  return n;
}

static const refusal generator_refusals[] = {
  {NULL, {"/input/poisson/neuron", 2, {0, 3}}, {"/input/poisson/neuron[1] = 3", "0 to 2"}},
  {NULL, {"/input/poisson/neuron", 0, {0}}, {"/input/poisson/neuron"}},
  {NULL, {"/input/poisson/rate", 2, {0, 150001}}, {"/input/poisson/rate[1]", "0 Hz to 150000 Hz"}},
  {NULL, {"/input/poisson/rate", 2, {NAN, 0}}, {"/input/poisson/rate[0] = nan", "Hz"}},
  {NULL, {"/input/poisson/weight", 2, {0, INFINITY}}, {"/input/poisson/weight[1] = inf", "pA"}},
  {NULL, {"/input/poisson/identity", 2, {0, -1}}, {"/input/poisson/identity[1] = -1"}},
  {NULL, {"/input/poisson/identity", 2, {0, 1e16}}, {"/input/poisson/identity[1] = 1e+16"}},
  {NULL, {"/input/poisson/seeds", 2, {0, 0}}, {"/input/poisson/seeds", "not known", "identity"}},
  {NULL, {"/input/poisson@seed", 1, {0}}, {"seed", "/input/poisson"}},
  {NULL, {"/input/poisson@delay_steps", 0, {0}}, {"delay_steps", "/input/poisson"}},
  {NULL, {"/sources/identity", 2, {0.5, 1}}, {"/sources/identity[0] = 0.5", "whole"}},
  {NULL, {"/sources/neuron", 1, {0}}, {"/sources/neuron", "not known"}},
  {NULL, {"/sources@seed", 1, {NAN}}, {"seed", "/sources"}},
  {NULL, {"/sources@rate_Hz", 1, {5001}}, {"rate_Hz", "/sources", "5000 Hz"}},
  {NULL, {"/sources@period_ms", 1, {0}}, {"period_ms", "/sources"}},
  {NULL, {"/sources@on_ms", 0, {0}}, {"on_ms", "/sources"}},
  {NULL, {"/connections/source", 2, {0, 5}}, {"/connections/source[1] = 5", "0 to 4"}},
  {NULL, {"/connections/target", 2, {0, 3}}, {"/connections/target[1] = 3", "0 to 2"}},
  {NULL, {"/populations/size", 2, {2, 4}}, {"/populations", "B", "beyond the last neuron"}},
  {NULL, {"/populations/size", 2, {2, 2}}, {"/populations hold 4 neurons, the network 5"}},
  {NULL, {"/populations/first", 2, {0, 1}}, {"/populations", "B", "shares neurons"}},
  {NULL, {"/populations/first", 1, {0}}, {"/populations", "1 values, 2 expected"}},
};

static void wrong_generators_are_refused(void)
{
  for (size_t i = 0; i < sizeof generator_refusals / sizeof generator_refusals[0]; i++) {
    const refusal *r = &generator_refusals[i];
    entry entries[N_GENERATORS + 1];
    meso_err err = {0};
    meso_status st;
    const size_t n = with_generators(&r->change, entries);
    meso_signals *traces = run_network(NULL, n, entries, NULL, &st, &err);
    bool good = meso_status_exit_code(st) == 3 && strstr(err.msg, "meso_network") != NULL;
    for (int w = 0; w < 3 && r->words[w] != NULL; w++)
      good = good && strstr(err.msg, r->words[w]) != NULL;
    if (!good) printf("# %zu %s: %s\n", i, r->change.name, err.msg);
    CU_ASSERT(good);
    meso_signals_destroy(traces);
  }
  entry entries[N_GENERATORS + 1];
  meso_signals_destroy(run_changed(NULL, with_generators(NULL, entries), entries));
}

/** A Poisson train of rate r and weight w moves the mean potential by r w tau_syn tau_m / C (the
 *  time constants in s and ms), after its delay and not before. */
static void poisson_input_has_its_mean(void)
{
  static const entry quiet[] = {
    {"/@T_ms", 1, {20000}}, {"/input/multiplicity", 2, {0, 0}},
    {"/input/step_current/amplitude", 2, {0, 0}}, {"/input/ac_current/amplitude", 1, {0}},
    {"/neurons/V_th", 3, {1e6, 1e6, 1e6}}, {"/connections/weight", 2, {0, 0}},
    {"/input/poisson/neuron", 3, {0, 1, 1}}, {"/input/poisson/rate", 3, {8000, 4000, 4000}},
    {"/input/poisson/weight", 3, {20, -20, -20}}, {"/input/poisson/identity", 3, {5, 6, 9}},
    {"/input/poisson@seed", 1, {7}}, {"/input/poisson@delay_steps", 1, {15}},
  };
  meso_signals *traces = run_changed(NULL, sizeof quiet / sizeof quiet[0], quiet);
  const meso_signal *V = meso_signals_find(traces, "V_m");
  const double want_mV = 8 * 20 * 2 * 10 / 250.0; /* sd of V about sqrt(r/2 tau) PSP: 0.4 mV */
  double mean[3] = {0};
  for (size_t t = 1000; t < V->n_times; t++)
    for (int c = 0; c < 3; c++) mean[c] += (V->data[3 * t + c] + 65) / (double) (V->n_times - 1000);
  printf("# mean potentials %.3f, %.3f, %.3f mV; expected %.3f\n", mean[0], mean[1], mean[2],
         want_mV);
  MESO_CHECK_CLOSE(want_mV, mean[0], 0.01, 0);
  MESO_CHECK_CLOSE(-want_mV, mean[1], 0.01, 0);
  CU_ASSERT_EQUAL(mean[2], 0.0);
  for (int t = 0; t < 16; t++) CU_ASSERT_EQUAL(V->data[3 * t], -65.0); /* an input of step 16 acts
                                                                         in the one after it */
  CU_ASSERT_NOT_EQUAL(V->data[3 * 17], -65.0);
  meso_signals_destroy(traces);
}

static void wrong_values_are_refused(void)
{
  for (size_t i = 0; i < sizeof refusals / sizeof refusals[0]; i++) {
    const refusal *r = &refusals[i];
    meso_err err = {0};
    meso_status st;
    meso_signals *traces = run_network(r->model, 1, &r->change, NULL, &st, &err);
    bool good = meso_status_exit_code(st) == 3 && strstr(err.msg, "meso_network") != NULL;
    for (int w = 0; w < 3 && r->words[w] != NULL; w++)
      good = good && strstr(err.msg, r->words[w]) != NULL;
    if (!good) printf("# %zu %s: %s\n", i, r->change.name, err.msg);
    CU_ASSERT(good);
    meso_signals_destroy(traces);
  }
}

/** A column is checked for the neurons whose model takes it, and for no others. */
static void columns_of_other_models_do_not_matter(void)
{
  static const double flag[] = {1, 2};
  for (int i = 0; i < 2; i++) {
    const entry changes[] = {
      {"/neurons/model", 3, {0, 1, 1}}, {"/input/weight", 2, {1, 1}},
      {"/neurons/refractory_input", 3, {7, 1, flag[i]}},
      {"/neurons/tau_syn_in", 3, {2, NAN, -1}},
    };
    meso_err err = {0};
    meso_status st;
    meso_signals_destroy(run_network("iaf_psc_exp,iaf_psc_delta", 4, changes, NULL, &st, &err));
    CU_ASSERT_EQUAL(st == MESO_OK, i == 0);
    if (i == 1)
      CU_ASSERT_PTR_NOT_NULL(strstr(err.msg, "/neurons/refractory_input[2] = 2: must be 0 or 1"));
  }
}

/** The base itself is sound, or the refusals would prove nothing; a file without input too. */
static void sound_files_are_accepted(void)
{
  static const entry no_change[] = {{"/@dt_ms", 1, {0.1}}};
  meso_signals_destroy(run_changed(NULL, 1, no_change));
  meso_signals_destroy(run_changed("iaf_psc_exp", 1, no_change));
  meso_signals_destroy(run_changed("iaf_psc_alpha", 1, no_change));
  static const entry mixed[] = {{"/neurons/model", 3, {0, 1, 1}}, {"/input/weight", 2, {1, 1}}};
  meso_signals_destroy(run_changed("iaf_psc_exp,iaf_psc_delta", 2, mixed));
  entry silent[N_BASE];
  size_t n = 0;
  for (size_t i = 0; i < N_BASE; i++)
    if (strncmp(base[i].name, "/input", 6) == 0) silent[n++] = (entry) {base[i].name, 0, {0}};
  meso_signals_destroy(run_changed(NULL, n, silent));
}

static void quantities_that_a_model_lacks_are_refused(void)
{
  char path[4096];
  const meso_record_range range = {.first = 1, .last = 2};
  const meso_record_options record = {"V_m,I_syn_ex", 1, &range};
  meso_spikes *spikes = NULL;
  meso_signals *traces = NULL;
  meso_err err = {0};
  const meso_status st = meso_engine_run_network(source_path("mixed_models.h5", path), 1, 1,
                                                 &record, NULL, &spikes, &traces, NULL, &err);
  CU_ASSERT_EQUAL(meso_status_exit_code(st), 3);
  CU_ASSERT_PTR_NOT_NULL(strstr(err.msg, "neuron 2 is an iaf_psc_delta"));
  CU_ASSERT_PTR_NULL(traces);
}

int main(void)
{
  static const meso_test tests[] = {
    {"exp_equals_nest", exp_equals_nest},
    {"heterogeneous_exp_equals_nest", heterogeneous_exp_equals_nest},
    {"alpha_equals_nest", alpha_equals_nest},
    {"delta_equals_nest", delta_equals_nest},
    {"brunel_with_alpha_equals_nest", brunel_with_alpha_equals_nest},
    {"poisson_trains_equal_nest", poisson_trains_equal_nest},
    {"currents_equal_nest", currents_equal_nest},
    {"mixed_models_equal_nest", mixed_models_equal_nest},
    {"sine_has_its_amplitude_and_phase", sine_has_its_amplitude_and_phase},
    {"staircase_acts_in_its_steps", staircase_acts_in_its_steps},
    {"sine_acts_in_its_window", sine_acts_in_its_window},
    {"multiplicity_counts_spikes", multiplicity_counts_spikes},
    {"decayed_values_become_zero", decayed_values_become_zero},
    {"weights_that_do_not_fit_are_told", weights_that_do_not_fit_are_told},
    {"missing_network_is_refused", missing_network_is_refused},
    {"wrong_values_are_refused", wrong_values_are_refused},
    {"wrong_generators_are_refused", wrong_generators_are_refused},
    {"poisson_input_has_its_mean", poisson_input_has_its_mean},
    {"columns_of_other_models_do_not_matter", columns_of_other_models_do_not_matter},
    {"sound_files_are_accepted", sound_files_are_accepted},
    {"quantities_that_a_model_lacks_are_refused", quantities_that_a_model_lacks_are_refused},
    {NULL, NULL},
  };
  return meso_test_main("network", tests);
}
