/* test_traces.c: potentials and currents of chosen neurons of a model against the plain simulation,
 * whatever the windows, threads and columns; what is refused. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "meso_engine.h"
#include "meso_io.h"
#include "meso_simulate.h"
#include "meso_test.h"
#include "plain_engine.h"

static const char spike_file[] = "test_traces.h5", trace_file[] = "test_traces_traces.h5";

static meso_model *toy_model(size_t n_sets, const char *const *sets)
{
  meso_model *model = NULL;
  meso_err err = {0};
  const meso_status st =
    meso_model_read(meso_test_path("data/models/toy.yaml"), n_sets, sets, &model, &err);
  if (st != MESO_OK) printf("# %s\n", err.msg);
  CU_ASSERT_EQUAL_FATAL(st, MESO_OK);
  return model;
}

/* ---- against the plain simulation --------------------------------------------------------- */

enum { N_CHOSEN = 8 };

/** What the plain simulation has of some neurons (indices in the whole network). */
typedef struct plain_traces {
  uint32_t neuron[N_CHOSEN];
  size_t n_steps;
  double *value[3];        /**< (n_steps, N_CHOSEN) V_m, I_syn_ex, I_syn_in */
} plain_traces;

static void observe(void *context, const plain_network *x, uint64_t step)
{
  plain_traces *t = context;
  const meso_model *m = x->model;
  for (size_t c = 0; c < N_CHOSEN; c++) {
    const uint32_t j = t->neuron[c];
    const size_t at = (step - 1) * N_CHOSEN + c;
    size_t p = 0;
    while (j >= m->population[p].first_neuron + m->population[p].size) p++;
    t->value[0][at] = x->V_mV[j] + m->population[p].neuron.E_L_mV;
    for (int k = 0; k < 2; k++) t->value[1 + k][at] = x->I[k][j] * x->wiring->weight_step_pA;
  }
}

/** The same bits, and not all of them zero or rest. */
static void compare(const meso_signal *got, const double *want, double rest)
{
  const size_t n = got->n_times * got->n_channels;
  double largest = 0;
  for (size_t i = 0; i < n; i++) largest = fmax(largest, fabs(want[i] - rest));
  CU_ASSERT(largest > 10);
  MESO_CHECK_EACH(i, n, got->data[i] == want[i]);
}

/** Runs with a checkpoint every so many seconds; the digest of the traces. */
static void run_traced(const meso_model *m, const meso_record_options *record, double every_s,
                       int n_threads, char digest[65])
{
  const meso_trace_file traces = {trace_file, record};
  const meso_run_extras extras = {.traces = &traces};
  meso_err err = {0};
  const meso_status st = meso_simulate(m, spike_file, every_s, &extras, n_threads, NULL, NULL,
                                       NULL, NULL, &err);
  if (st != MESO_OK) printf("# %s\n", err.msg);
  CU_ASSERT_EQUAL_FATAL(st, MESO_OK);
  CU_ASSERT_EQUAL_FATAL(meso_file_digest(trace_file, digest, &err), MESO_OK);
}

/** The last neuron of E is one of the last column. */
static void check_model(size_t n_sets, const char *const *sets)
{
  static const char *const name[3] = {"V_m", "I_syn_ex", "I_syn_in"};
  meso_model *m = toy_model(n_sets, sets);
  const uint32_t last = (uint32_t) m->population[0].size - 1;
  const uint32_t I = (uint32_t) m->population[1].first_neuron;
  const meso_record_range range[] = {{"E", 3, 6}, {"I", 0, 1}, {"E", last - 1, last}};
  const meso_record_options record = {"V_m,I_syn_in,I_syn_ex,V_m", 3, range};
  plain_traces plain = {.neuron = {3, 4, 5, 6, I, I + 1, last - 1, last}};
  meso_spikes *spikes = NULL;
  meso_signals *traces = NULL;
  char once[65], pieces[65];
  run_traced(m, &record, 10, 2, once);
  CU_ASSERT_EQUAL_FATAL(meso_signals_read(trace_file, &traces, NULL), MESO_OK);
  run_traced(m, &record, 0.03, 3, pieces);
  CU_ASSERT_STRING_EQUAL(once, pieces);
  CU_ASSERT_EQUAL_FATAL(meso_spikes_read(spike_file, &spikes, NULL), MESO_OK);
  plain.n_steps = (size_t) llround(m->simulation.duration_ms / m->simulation.dt_ms);
  for (int k = 0; k < 3; k++) {
    plain.value[k] = calloc(plain.n_steps * N_CHOSEN, sizeof(double));
    CU_ASSERT_PTR_NOT_NULL_FATAL(plain.value[k]);
  }
  CU_ASSERT(as_the_plain_engine(m, spikes, observe, &plain));
  CU_ASSERT_EQUAL(traces->n, 3);
  for (int k = 0; k < 3; k++) {
    const meso_signal *s = meso_signals_find(traces, name[k]);
    CU_ASSERT_PTR_NOT_NULL_FATAL(s);
    CU_ASSERT_EQUAL_FATAL(s->n_times, plain.n_steps);
    CU_ASSERT_EQUAL_FATAL(s->n_channels, N_CHOSEN);
    CU_ASSERT_EQUAL(s->t_start_ms, m->simulation.dt_ms);
    CU_ASSERT_STRING_EQUAL(s->units, k == 0 ? "mV" : "pA");
    CU_ASSERT_STRING_EQUAL(s->label[1], "E/4");
    CU_ASSERT_STRING_EQUAL(s->label[5], "I/1");
    compare(s, plain.value[k], k == 0 ? m->population[0].neuron.E_L_mV : 0);
    free(plain.value[k]);
  }
  meso_spikes_destroy(spikes);
  meso_signals_destroy(traces);
  meso_model_destroy(m);
  (void) unlink(spike_file);
  (void) unlink(trace_file);
}

static void one_current(void)
{
  static const char *const sets[] = {"simulation.duration_ms=250", "thalamus.start_ms=20"};
  check_model(2, sets);
}

static void two_currents(void)
{
  static const char *const sets[] = {"simulation.duration_ms=150.3", "neuron.tau_syn_in_ms=1.0",
                                     "neuron.t_ref_ms=0", "thalamus.start_ms=20",
                                     "background.delay_ms=0.1"};
  check_model(5, sets);
}

static void registered_models(void)
{
  static const char *const sets[] = {"simulation.duration_ms=200", "scaling.N=2",
                                     "thalamus.start_ms=20", "populations.E.model=iaf_psc_alpha",
                                     "populations.I.model=iaf_psc_alpha",
                                     "neuron.tau_syn_in_ms=1.0"};
  check_model(6, sets);
}

static void columns(void)
{
  static const char *const sets[] = {"simulation.duration_ms=150", "scaling.N=3",
                                     "thalamus.start_ms=20", "neuron.V_m_initial_mean_mV=-50"};
  check_model(4, sets);
}

/* ---- what is refused ---------------------------------------------------------------------- */

static meso_status take_nothing(void *context, const meso_signals *piece, size_t n_rows,
                                meso_err *err)
{
  (void) piece, (void) err;
  *(size_t *) context += n_rows;
  return MESO_OK;
}

/** Spikes of another seed: the recorded neurons would have spiked otherwise. */
static void strange_spikes_are_refused(void)
{
  static const char *const sets[] = {"simulation.duration_ms=300"},
                    *const other[] = {"simulation.duration_ms=300", "simulation.seed=2"};
  const meso_record_range range = {"E", 0, 99};
  const meso_record_options record = {"V_m", 1, &range};
  meso_model *m = toy_model(1, sets), *m2 = toy_model(2, other);
  meso_spikes *spikes = NULL;
  CU_ASSERT_EQUAL_FATAL(meso_engine_run_model(m, 1, NULL, &spikes, NULL, NULL), MESO_OK);
  for (int same = 0; same < 2; same++) {
    meso_traces *t = NULL;
    meso_err err = {0};
    size_t n_rows = 0;
    const meso_traces_sink sink = {take_nothing, &n_rows};
    CU_ASSERT_EQUAL_FATAL(meso_traces_create(same ? m : m2, &record, &t, &err), MESO_OK);
    const meso_status st = meso_traces_follow(t, spikes, &sink, &err);
    CU_ASSERT_EQUAL(st, same ? MESO_OK : MESO_EFORMAT);
    CU_ASSERT_EQUAL(n_rows == 3000, same);
    if (!same) CU_ASSERT_PTR_NOT_NULL(strstr(err.msg, "of another network, seed or input"));
    CU_ASSERT_EQUAL(meso_traces_follow(t, spikes, &sink, &err), MESO_EINVAL); /* once more */
    meso_traces_destroy(t);
  }
  meso_spikes_destroy(spikes);
  meso_model_destroy(m);
  meso_model_destroy(m2);
}

static void what_is_not_there_is_refused(void)
{
  static const struct { const char *quantities; meso_record_range range; const char *message; }
  cases[] = {
    {"V_m", {"E", 0, 800}, "E:0-800: must be a range within 0-799"},
    {"V_m", {"E", 5, 4}, "E:5-4: must be a range"},
    {"V_m", {"X", 0, 0}, "X:0-0: there is no such population"},
    {"V_m", {NULL, 0, 3}, "neurons 0-3: of which population?"},
    {"V_m", {"S", 0, 0}, "S:0-0: a poisson population has nothing to record"},
    {"V_m,I", {"E", 0, 0}, "neurons of E are iaf_psc_exp, which have no I to record"},
  };
  meso_model *m = toy_model(0, NULL);
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    const meso_record_options record = {cases[i].quantities, 1, &cases[i].range};
    meso_traces *t = NULL;
    meso_err err = {0};
    const meso_status st = meso_traces_create(m, &record, &t, &err);
    CU_ASSERT_EQUAL(meso_status_exit_code(st), 3);
    CU_ASSERT_PTR_NULL(t);
    if (strstr(err.msg, cases[i].message) == NULL) printf("# %s\n", err.msg);
    CU_ASSERT_PTR_NOT_NULL(strstr(err.msg, cases[i].message));
  }
  meso_model_destroy(m);
}

int main(void)
{
  static const meso_test tests[] = {
    {"one_current", one_current},
    {"two_currents", two_currents},
    {"columns", columns},
    {"registered_models", registered_models},
    {"strange_spikes_are_refused", strange_spikes_are_refused},
    {"what_is_not_there_is_refused", what_is_not_there_is_refused},
    {NULL, NULL},
  };
  return meso_test_main("traces", tests);
}
