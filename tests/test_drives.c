/* test_drives.c: what drives BOLD, from spikes made by hand on the toy model: 800 E and 200 I
 * neurons in L4, 100 sources S; layers L23, L4, L5. */
#include <stdlib.h>
#include <string.h>

#include "meso_bold.h"
#include "meso_engine.h"
#include "meso_rng.h"
#include "meso_test.h"

enum { E, I, S, N_POPULATIONS };
static const double duration_ms = 8000;

static meso_model *read_file(const char *path, size_t n, const char *const *sets)
{
  meso_err err = {0};
  meso_model *model = NULL;
  if (meso_model_read(meso_test_path(path), n, sets, &model, &err) != MESO_OK)
    printf("# %s\n", err.msg);
  CU_ASSERT_PTR_NOT_NULL_FATAL(model);
  return model;
}

static meso_model *read_model(size_t n, const char *const *sets)
{
  return read_file("data/models/toy.yaml", n, sets);
}

/* Every ms some neurons fire: 8 of E, 4 of I, 1 of S; from 4 s on twice as many. */
static meso_spikes *make_spikes(const meso_model *model)
{
  static const uint32_t per_ms[N_POPULATIONS] = {8, 4, 1};
  const meso_rng_key key = meso_rng_key_make(3, MESO_RNG_TEST);
  meso_spikes *s = NULL;
  CU_ASSERT_EQUAL_FATAL(meso_spikes_create(N_POPULATIONS, &s, NULL), MESO_OK);
  s->t_stop_ms = duration_ms;
  for (size_t p = 0; p < N_POPULATIONS; p++) {
    meso_spike_population *q = &s->population[p];
    q->name = meso_strdup(model->population[p].name);
    q->size = (uint64_t) model->population[p].size;
    q->time_ms = meso_calloc(16 * per_ms[p] * 1000, sizeof *q->time_ms);
    q->id = meso_calloc(16 * per_ms[p] * 1000, sizeof *q->id);
    for (uint32_t t = 0; t < 8000; t++)
      for (uint32_t k = 0; k < per_ms[p] * (t < 4000 ? 1 : 2); k++) {
        uint32_t word[4];
        meso_rng_block(key, (uint32_t[4]) {t, k, (uint32_t) p, 0}, word);
        q->time_ms[q->n_spikes] = t + 0.3;
        q->id[q->n_spikes++] = word[0] % (uint32_t) q->size;
      }
    CU_ASSERT_EQUAL(meso_spikes_sort(q, NULL), MESO_OK);
  }
  return s;
}

/* What a drive is made of, and all that follows from it. */
static meso_signals *make(const meso_model *model, const meso_spikes *spikes,
                          const meso_signals *currents, const meso_signals *lfp)
{
  const meso_bold_inputs inputs = {.currents = currents, .spikes = spikes, .lfp = lfp};
  meso_err err = {0};
  meso_signals *out = NULL;
  if (meso_bold_make(model, &inputs, 2, &out, &err) != MESO_OK) printf("# %s\n", err.msg);
  CU_ASSERT_PTR_NOT_NULL_FATAL(out);
  const char *empty = meso_attrs_text(&out->attrs, "empty");
  if (empty != NULL) printf("# %s\n", empty);
  return out;
}

typedef struct fixture { meso_spikes *spikes; meso_signals *currents; } fixture;

static fixture make_fixture(void)
{
  fixture f = {0};
  meso_model *model = read_model(0, NULL);
  f.spikes = make_spikes(model);
  CU_ASSERT_EQUAL_FATAL(meso_currents_from_spikes(model, f.spikes, 1, 2, NULL, &f.currents, NULL),
                        MESO_OK);
  meso_model_destroy(model);
  return f;
}

static void clear_fixture(fixture *f)
{
  meso_spikes_destroy(f->spikes);
  meso_signals_destroy(f->currents);
}

/* The first signal of a drive; in the toy model channel 0 is the layer, the last one the column. */
static meso_signals *make_drive(const fixture *f, const char *drive)
{
  char set[64];
  snprintf(set, sizeof set, "bold.drive=%s", drive);
  meso_model *model = read_model(1, (const char *[]) {set});
  meso_signals *out = make(model, f->spikes, f->currents, NULL);
  meso_model_destroy(model);
  CU_ASSERT_STRING_EQUAL(out->signal[0].label[out->signal[0].n_channels - 1], "column");
  return out;
}

static double mean_of(const meso_signal *x, size_t c, size_t from, size_t to)
{
  double sum = 0;
  for (size_t t = from; t < to; t++) sum += x->data[t * x->n_channels + c];
  return sum / (double) (to - from);
}

static void test_rates(void)
{
  fixture f = make_fixture();
  meso_signals *all = make_drive(&f, "rate"), *e = make_drive(&f, "excitatory_rate");
  const meso_signal *x = &all->signal[0], *y = &e->signal[0];
  CU_ASSERT(x->n_channels == 2 && strcmp(x->units, "Hz") == 0);
  MESO_CHECK_WORST(t, 4000, fabs(x->data[2 * t] - 12.0), 1e-9);
  MESO_CHECK_WORST(t, 4000, fabs(y->data[2 * t + 1] - 10.0), 1e-9);
  MESO_CHECK_WORST(t, 4000, fabs(y->data[2 * (t + 4000)] - 20.0), 1e-9);
  /* a doubled rate is a drive of 1 */
  const meso_signal *z = meso_signals_find(e, "drive");
  CU_ASSERT_PTR_NOT_NULL_FATAL(z);
  MESO_CHECK_WORST(k, 390, fabs(z->data[2 * k]), 1e-12);
  MESO_CHECK_WORST(k, 390, fabs(z->data[2 * (k + 405)] - 1), 1e-12);
  meso_signals_destroy(all);
  meso_signals_destroy(e);
  clear_fixture(&f);
}

/* Sources of one sign add up, so layers and sources together are the summed currents. */
static void test_synapse_depth(void)
{
  fixture f = make_fixture();
  meso_signals *depth = make_drive(&f, "synapse_depth"), *soma = make_drive(&f, "synaptic_current");
  const meso_signal *x = &depth->signal[0], *y = &soma->signal[0];
  CU_ASSERT_EQUAL_FATAL(x->n_channels, 3);
  CU_ASSERT_STRING_EQUAL(x->label[0], "L23");
  CU_ASSERT_STRING_EQUAL(x->label[1], "L4");
  const double scale = mean_of(y, 1, 0, 8000);
  MESO_CHECK_WORST(t, 8000, fabs(x->data[3 * t + 2] - y->data[2 * t + 1]), 1e-9 * scale);
  MESO_CHECK_WORST(t, 8000, fabs(x->data[3 * t] + x->data[3 * t + 1] - x->data[3 * t + 2]),
                   1e-9 * scale);
  /* half of the currents from E, a fifth of those from S, none from I lie in L23 */
  const meso_signal *from_E = meso_signals_find(f.currents, "from_E");
  const meso_signal *from_S = meso_signals_find(f.currents, "from_S");
  MESO_CHECK_WORST(t, 8000, fabs(0.5 * from_E->data[3 * t + E] + 0.2 * from_S->data[3 * t + E]
                                 - x->data[3 * t]), 1e-9 * scale);
  meso_signals_destroy(depth);
  meso_signals_destroy(soma);
  clear_fixture(&f);
}

/* The multi-area recipe takes mean weights and in-degrees: on average it is the current itself,
 * whose samples every 0.1 ms are taken just after input, so their mean is above that of the
 * decay. */
static void test_multi_area(void)
{
  fixture f = make_fixture();
  static const char *const without[] = {"bold.include_background=false"};
  meso_model *model = read_model(1, without);
  meso_signals *current = make(model, f.spikes, f.currents, NULL);
  meso_signals *input = make_drive(&f, "multi_area");
  const double neurons = (double) (model->population[E].size + model->population[I].size);
  const double sampled = 0.1 / (1 - exp(-0.1 / 0.5)), decay = 0.5; /* areas, ms */
  const double want = mean_of(&current->signal[0], 1, 100, 8000) / neurons * decay / sampled;
  const double got = mean_of(&input->signal[0], 1, 100, 8000);
  printf("# %.4g pA, from the currents %.4g pA\n", got, want);
  MESO_CHECK_CLOSE(want, got, 0.02, 0);
  meso_signals_destroy(current);
  meso_signals_destroy(input);
  meso_model_destroy(model);
  clear_fixture(&f);
}

static void test_gating(void)
{
  fixture f = make_fixture();
  static const char *const sets[] = {"bold.drive=gating", "bold.baseline_start_s=1",
                                     "bold.baseline_stop_s=4"};
  meso_model *model = read_model(3, sets);
  meso_signals *out = make(model, f.spikes, f.currents, NULL);
  const meso_signal *x = &out->signal[0];
  const double r[2] = {10, 20};
  for (size_t i = 0; i < 2; i++)
    MESO_CHECK_CLOSE(0.0641 * r[i] / (1 + 0.0641 * r[i]), x->data[2 * (3999 + 4000 * i)], 1e-9, 0);
  MESO_CHECK_WORST(t, 4000, fabs(x->data[2 * t] - 0.641 / 1.641), 1e-12); /* at rest at once */
  meso_signals_destroy(out);
  meso_model_destroy(model);
  clear_fixture(&f);
}

/* Sines in and below the band, in contacts of two layers. */
static void test_lfp_power(void)
{
  static const char *const sets[] = {"bold.drive=lfp_power"};
  meso_model *model = read_model(1, sets);
  meso_signals *lfp = NULL;
  meso_signal *y = NULL;
  CU_ASSERT_EQUAL_FATAL(meso_signals_create(&lfp, NULL), MESO_OK);
  CU_ASSERT_EQUAL_FATAL(meso_signals_add(lfp, "lfp", "mV", 8000, 3, 1000, 0, &y, NULL), MESO_OK);
  y->position_um = meso_calloc(9, sizeof *y->position_um);
  y->position_um[2] = -100;  /* L23 */
  y->position_um[5] = -600;  /* L4 */
  y->position_um[8] = -700;  /* L4 */
  for (size_t t = 0; t < 8000; t++) {
    const double in = sin(2 * M_PI * 60 * (double) t / 1000);
    const double below = sin(2 * M_PI * 20 * (double) t / 1000);
    y->data[3 * t] = 0.3 * in + 0.9 * below;
    y->data[3 * t + 1] = 0.1 * in;
    y->data[3 * t + 2] = 0.5 * in + 7;
  }
  meso_signals *out = make(model, NULL, NULL, lfp);
  const meso_signal *x = &out->signal[0];
  CU_ASSERT_EQUAL_FATAL(x->n_channels, 3);
  const double want[3] = {0.045, 0.5 * (0.005 + 0.125), (0.045 + 0.005 + 0.125) / 3};
  for (size_t c = 0; c < 3; c++)
    MESO_CHECK_WORST(t, 8000, fabs(x->data[3 * t + c] - want[c]), 1e-9);
  meso_signals_destroy(out);
  meso_signals_destroy(lfp);
  meso_model_destroy(model);
}

static void test_normalize(void)
{
  static const char *const peak[] = {"bold.drive=rate", "bold.normalize=peak", "bold.gain=0.3"};
  static const char *const none[] = {"bold.drive=gating", "bold.normalize=none", "bold.gain=0.5"};
  fixture f = make_fixture();
  meso_model *model = read_model(3, peak);
  meso_signals *out = make(model, f.spikes, f.currents, NULL);
  const meso_signal *z = meso_signals_find(out, "drive");
  CU_ASSERT_PTR_NOT_NULL_FATAL(z);
  double largest = 0;
  for (size_t i = 0; i < 2 * z->n_times; i++) largest = fmax(largest, fabs(z->data[i]));
  MESO_CHECK_CLOSE(0.3, largest, 1e-12, 0);
  MESO_CHECK_CLOSE(1, meso_attrs_number(&z->attrs, "peak", NAN), 1e-9, 0);
  meso_signals_destroy(out);
  meso_model_destroy(model);
  model = read_model(3, none);
  out = make(model, f.spikes, f.currents, NULL);
  z = meso_signals_find(out, "drive");
  CU_ASSERT_PTR_NOT_NULL_FATAL(z);
  MESO_CHECK_CLOSE(0.5 * 1.282 / 2.282, z->data[2 * 799], 1e-6, 0);
  meso_signals_destroy(out);
  meso_model_destroy(model);
  clear_fixture(&f);
}

/* Depths hold as much drive as the layers: only L4 (400 of 1200 um) has one here. */
static void test_depths(void)
{
  static const char *const sets[] = {"bold.drive=rate", "bold.model=havlicek2020", "bold.gain=0.1",
                                     "bold.depths=7",
                                     "bold.parameters=s_d = 0.4, tau_d_de_s=20"};
  fixture f = make_fixture();
  meso_model *model = read_model(5, sets);
  meso_signals *out = make(model, f.spikes, f.currents, NULL);
  const meso_signal *d = meso_signals_find(out, "drive_depths");
  const meso_signal *y = meso_signals_find(out, "bold");
  CU_ASSERT_FATAL(d != NULL && y != NULL);
  CU_ASSERT(d->n_channels == 7 && y->n_channels == 7 && y->position_um != NULL);
  MESO_CHECK_CLOSE(-1200.0 / 14, y->position_um[2], 1e-12, 0);
  double sum = 0;
  for (size_t k = 0; k < 7; k++) sum += d->data[7 * 700 + k] * 1200 / 7;
  MESO_CHECK_CLOSE(0.1 * 400, sum, 1e-12, 0);
  MESO_CHECK_CLOSE(0.4, meso_attrs_number(&y->attrs, "s_d", NAN), 0, 0);
  MESO_CHECK_CLOSE(20, meso_attrs_number(&y->attrs, "tau_d_de_s", NAN), 0, 0);
  const double *last = y->data + 7 * (y->n_times - 1);
  CU_ASSERT(last[0] > 1e-4 && fabs(last[6]) < 1e-9); /* the veins lead up, not down */
  meso_signals_destroy(out);
  meso_model_destroy(model);
  clear_fixture(&f);
}

static void test_compare(void)
{
  static const char *const sets[] = {"bold.gain=0.1"};
  static const char *const drive[] = {"synaptic_current", "synapse_depth", "rate",
                                      "excitatory_rate", "multi_area", "gating"};
  fixture f = make_fixture();
  meso_model *model = read_model(1, sets);
  const meso_bold_inputs inputs = {.currents = f.currents, .spikes = f.spikes};
  meso_signals *out = NULL;
  CU_ASSERT_EQUAL_FATAL(meso_bold_compare(model, &inputs, 2, &out, NULL), MESO_OK);
  for (size_t i = 0; i < 6; i++) {
    char name[64];
    meso_signals *one = make_drive(&f, drive[i]);
    snprintf(name, sizeof name, "%s_bold", drive[i]);
    const meso_signal *a = meso_signals_find(out, name), *z = meso_signals_find(one, "drive");
    CU_ASSERT_PTR_NOT_NULL_FATAL(a);
    snprintf(name, sizeof name, "%s_drive", drive[i]);
    const meso_signal *b = meso_signals_find(out, name);
    CU_ASSERT_FATAL(b != NULL && z != NULL && b->n_channels == z->n_channels);
    MESO_CHECK_WORST(k, 800, fabs(b->data[b->n_channels * k] - 0.1 * z->data[z->n_channels * k]),
                     1e-12);
    meso_signals_destroy(one);
  }
  CU_ASSERT_EQUAL(out->n, 12);
  const char *why = meso_attrs_text(&out->attrs, "lfp_power_empty");
  CU_ASSERT(why != NULL && strstr(why, "needs an LFP") != NULL);
  meso_signals_destroy(out);
  meso_model_destroy(model);
  clear_fixture(&f);
}

static void refuse(const fixture *f, size_t n, const char *const *sets, const char *text)
{
  meso_model *model = read_model(n, sets);
  const meso_bold_inputs inputs = {.currents = f->currents};
  meso_err err = {0};
  meso_signals *out = NULL;
  const meso_status status = meso_bold_make(model, &inputs, 1, &out, &err);
  CU_ASSERT(meso_status_exit_code(status) == 3 && out == NULL);
  if (strstr(err.msg, text) == NULL) printf("# %s\n", err.msg);
  CU_ASSERT(strstr(err.msg, text) != NULL);
  meso_signals_destroy(out);
  meso_model_destroy(model);
}

static void test_refusals(void)
{
  fixture f = make_fixture();
  refuse(&f, 1, (const char *[]) {"bold.drive=rate"}, "needs currents and spikes");
  refuse(&f, 1, (const char *[]) {"bold.drive=lfp_power"}, "needs an LFP");
  refuse(&f, 1, (const char *[]) {"bold.model=no_such"}, "no such forward model");
  refuse(&f, 1, (const char *[]) {"bold.parameters=kapa_per_s=1"}, "kappa_per_s");
  refuse(&f, 1, (const char *[]) {"bold.parameters=alpha"}, "KEY=VALUE");
  refuse(&f, 1, (const char *[]) {"bold.parameters=alpha=7"}, "alpha");
  refuse(&f, 1, (const char *[]) {"bold.model=hrf_file"}, "file=NAME");
  refuse(&f, 2, (const char *[]) {"bold.model=hrf_file", "bold.parameters=file=no_such.txt"},
         "no_such.txt");
  refuse(&f, 1, (const char *[]) {"bold.parameters=coefficients=user"}, "k1, k2 and k3");
  clear_fixture(&f);
}

/* The two files of the microcircuit say the same apart from duration, input and BOLD. */
static void test_microcircuit(void)
{
  static const char *const sets[] = {
    "simulation.duration_ms=1000", "thalamus.start_ms=5", "thalamus.on_ms=5",
    "thalamus.period_ms=20"};
  const unsigned sections = MESO_SECTION_NETWORK | MESO_SECTION_LFP | MESO_SECTION_ANALYSIS;
  meso_model *a = read_file("data/models/microcircuit.yaml", 4, sets);
  meso_model *b = read_file("data/models/microcircuit_bold.yaml", 4, sets);
  char *x = meso_model_canonical(a, sections), *y = meso_model_canonical(b, sections);
  CU_ASSERT_FATAL(x != NULL && y != NULL);
  CU_ASSERT_STRING_EQUAL(x, y);
  CU_ASSERT_EQUAL(meso_bold_needs(b), MESO_BOLD_NEEDS_CURRENTS);
  free(x);
  free(y);
  meso_model_destroy(a);
  meso_model_destroy(b);
}

/* Shares of cell types and depths of the microcircuit: what lies where adds up. */
static void test_shares(void)
{
  static const char *const sets[] = {"scaling.N=0.01", "scaling.K=0.01",
                                     "simulation.duration_ms=26000", "bold.drive=synapse_depth"};
  meso_model *model = read_file("data/models/microcircuit_bold.yaml", 4, sets);
  meso_spikes *spikes = NULL;
  meso_signals *currents = NULL;
  CU_ASSERT_EQUAL_FATAL(meso_spikes_create(model->n_populations, &spikes, NULL), MESO_OK);
  spikes->t_stop_ms = 26000;
  for (size_t p = 0; p < model->n_populations; p++) {
    meso_spike_population *q = &spikes->population[p];
    q->name = meso_strdup(model->population[p].name);
    q->size = (uint64_t) model->population[p].size;
    q->time_ms = meso_calloc(13000, sizeof *q->time_ms);
    q->id = meso_calloc(13000, sizeof *q->id);
    for (size_t i = 0; i < 13000; i++) {
      q->time_ms[i] = 2 * (double) i + 0.5;
      q->id[i] = (uint32_t) (i * 7 % q->size);
    }
    q->n_spikes = 13000;
  }
  CU_ASSERT_EQUAL_FATAL(meso_currents_from_spikes(model, spikes, 1, 2, NULL, &currents, NULL),
                        MESO_OK);
  meso_signals *out = make(model, spikes, currents, NULL);
  const meso_signal *x = &out->signal[0], *y = meso_signals_find(out, "bold");
  CU_ASSERT_EQUAL_FATAL(x->n_channels, 6); /* L1, L23, L4, L5, L6 and the column */
  CU_ASSERT_STRING_EQUAL(x->label[0], "L1");
  double all = mean_of(x, 5, 0, x->n_times), sum = 0;
  for (size_t c = 0; c < 5; c++) {
    sum += mean_of(x, c, 0, x->n_times);
    CU_ASSERT(mean_of(x, c, 0, x->n_times) > 0);
  }
  MESO_CHECK_CLOSE(all, sum, 1e-9, 0);
  CU_ASSERT_FATAL(y != NULL && y->n_channels == 10);
  meso_signals_destroy(out);
  meso_signals_destroy(currents);
  meso_spikes_destroy(spikes);
  meso_model_destroy(model);
}

int main(void)
{
  static const meso_test tests[] = {
    {"rates count spikes; a doubled rate is a drive of 1", test_rates},
    {"synapses by depth sum to the currents", test_synapse_depth},
    {"multi-area recipe is the current on average", test_multi_area},
    {"gating saturates as its equation", test_gating},
    {"power of the LFP is that of the band", test_lfp_power},
    {"normalize: peak and none", test_normalize},
    {"laminar model: layers become depths, parameters are set", test_depths},
    {"comparison holds every drive", test_compare},
    {"microcircuit_bold.yaml is microcircuit.yaml with another input", test_microcircuit},
    {"currents of the microcircuit by depth add up", test_shares},
    {"missing inputs, unknown models and parameters are refused", test_refusals},
    {NULL, NULL}};
  return meso_test_main("drives", tests);
}
