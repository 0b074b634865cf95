/* test_lfp_parts.c: parts of the LFP add up to the whole; neuron kernels in other volume conductors
 * and with contacts of finite size against cells that are integrated there; depths of cells. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "meso_cells.h"
#include "meso_lfp.h"
#include "meso_model_cells.h"
#include "meso_test.h"
#include "meso_wiring.h"
#include "model_run.h"

static const double duration_ms = 300;

static meso_model *read_model(const char *method, size_t n_sets, const char *const *sets)
{
  char first[64];
  const char *const base[] = {first, "lfp.kernel_duration_ms=60", NULL};
  (void) snprintf(first, sizeof first, "lfp.method=%s", method);
  return model_read("toy", base, n_sets, sets);
}

static meso_status build(const meso_model *model, meso_result **ret, meso_err *err)
{
  const char *const folder[] = {meso_test_path("morphologies")};
  return meso_kernels_build(model, 1, folder, 2, NULL, ret, err);
}

static meso_signals *make_lfp(const meso_model *model, const meso_spikes *spikes)
{
  meso_result *kernels = NULL;
  meso_signals *lfp = NULL;
  meso_err err = {0};
  if (build(model, &kernels, &err) != MESO_OK
      || meso_lfp_from_kernels(kernels, spikes, 1000, 2, &lfp, &err) != MESO_OK) {
    printf("# %s\n", err.msg);
    CU_FAIL_FATAL("lfp");
  }
  meso_result_destroy(kernels);
  return lfp;
}

/* ---- contributions ------------------------------------------------------------------------ */

/* rms of the whole minus the sum of the signals whose names begin with a head, relative. */
static double rest(const meso_signals *signals, const char *head, size_t *n)
{
  const meso_signal *lfp = meso_signals_find(signals, "lfp");
  double error = 0, total = 0;
  *n = 0;
  for (size_t s = 0; s < signals->n; s++)
    *n += strncmp(signals->signal[s].name, head, strlen(head)) == 0;
  for (size_t i = 0; i < lfp->n_times * lfp->n_channels; i++) {
    double sum = 0;
    for (size_t s = 0; s < signals->n; s++)
      if (strncmp(signals->signal[s].name, head, strlen(head)) == 0)
        sum += signals->signal[s].data[i];
    error += (lfp->data[i] - sum) * (lfp->data[i] - sum);
    total += lfp->data[i] * lfp->data[i];
  }
  return sqrt(error / total);
}

/* Sums over sources, over targets and over signs are the whole, for both kinds of kernels; also
 * where the rows of the probe need three blocks and the moment is among them. */
static void test_sums(void)
{
  static const char *const method[] = {"neuron", "population"};
  static const char *const sets[] = {"lfp.contributions=all", "probe.n_contacts=34",
                                     "probe.z_step_um=-35", "lfp.dipole=true"};
  static const double limit[] = {1e-6, 1e-12};
  for (int k = 0; k < 2; k++) {
    meso_model *m = read_model(method[k], 4, sets);
    meso_spikes *spikes = model_even_spikes(m, duration_ms, 3);
    meso_signals *lfp = make_lfp(m, spikes);
    size_t n[4];
    const double from = rest(lfp, "lfp_from_", &n[0]), onto = rest(lfp, "lfp_onto_", &n[1]);
    const double ex = rest(lfp, "lfp_excitatory", &n[2]), in = rest(lfp, "lfp_inhibitory", &n[3]);
    printf("# %s: left over by sources %.2g, by targets %.2g; without inhibition %.2g, without "
           "excitation %.2g\n", method[k], from, onto, ex, in);
    CU_ASSERT(n[0] == 3 && n[1] == 2 && n[2] == 1 && n[3] == 1);
    CU_ASSERT(from < 1e-12 && onto < limit[k]);
    CU_ASSERT(ex > 0.05 && in > 0.05);
    const meso_signal *e = meso_signals_find(lfp, "lfp_from_E"), *s =
      meso_signals_find(lfp, "lfp_from_S"), *sum = meso_signals_find(lfp, "lfp_excitatory");
    MESO_CHECK_WORST(i, sum->n_times * sum->n_channels,
                     fabs(sum->data[i] - e->data[i] - s->data[i]), 1e-15);
    CU_ASSERT_EQUAL(sum->position_um[5], m->probe.contacts.xyz_um[5]);
    meso_signals_destroy(lfp);
    meso_spikes_destroy(spikes);
    meso_model_destroy(m);
  }
}

/* Cells that receive nothing make nothing; all comes from the others. */
static void test_silent_target(void)
{
  static const char *const method[] = {"neuron", "population"};
  static const char *const sets[] = {"lfp.contributions=target"};
  for (int k = 0; k < 2; k++) {
    meso_model *m = read_model(method[k], 1, sets);
    for (size_t p = 0; p < m->n_projections; p++)
      if (strcmp(m->projection[p].target_name, "I") == 0)
        m->projection[p].weight_pA = m->projection[p].weight_sd_pA = 0;
    meso_spikes *spikes = model_even_spikes(m, duration_ms, 3);
    meso_signals *lfp = make_lfp(m, spikes);
    const meso_signal *all = meso_signals_find(lfp, "lfp");
    const meso_signal *onto_E = meso_signals_find(lfp, "lfp_onto_E");
    const meso_signal *onto_I = meso_signals_find(lfp, "lfp_onto_I");
    CU_ASSERT_FATAL(onto_E != NULL && onto_I != NULL);
    CU_ASSERT_PTR_NULL(meso_signals_find(lfp, "lfp_from_E"));
    double size = 0;
    for (size_t i = 0; i < all->n_times * all->n_channels; i++)
      size = fmax(size, fabs(all->data[i]));
    CU_ASSERT(size > 1e-6);
    MESO_CHECK_WORST(i, all->n_times * all->n_channels, fabs(onto_I->data[i]), 1e-15);
    MESO_CHECK_WORST(i, all->n_times * all->n_channels,
                     fabs(onto_E->data[i] - all->data[i]) / size, 1e-6);
    meso_signals_destroy(lfp);
    meso_spikes_destroy(spikes);
    meso_model_destroy(m);
  }
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

/* The whole is the same, whatever is asked for besides: to the bit where sources are apart, to
 * single precision where all go through the kernels together; and nothing else is written. */
static void test_choices(void)
{
  static const struct { const char *set; size_t n_from, n_onto, n_sign; double limit; } row[] = {
    {"lfp.contributions=source", 3, 0, 0, 0}, {"lfp.contributions=none", 0, 0, 0, 1e-6},
    {"lfp.contributions=target", 0, 2, 0, 1e-6}, {"lfp.contributions=sign", 0, 0, 2, 0},
    {"lfp.contributions=all", 3, 2, 2, 0}};
  meso_signals *first = NULL;
  for (size_t r = 0; r < 5; r++) {
    meso_model *m = read_model("neuron", 1, &row[r].set);
    meso_spikes *spikes = model_even_spikes(m, duration_ms, 3);
    meso_signals *lfp = make_lfp(m, spikes);
    const meso_signal *all = meso_signals_find(lfp, "lfp");
    size_t n_from, n_onto, n_ex, n_in;
    (void) rest(lfp, "lfp_from_", &n_from);
    (void) rest(lfp, "lfp_onto_", &n_onto);
    (void) rest(lfp, "lfp_excitatory", &n_ex);
    (void) rest(lfp, "lfp_inhibitory", &n_in);
    CU_ASSERT(n_from == row[r].n_from && n_onto == row[r].n_onto && n_ex + n_in == row[r].n_sign);
    CU_ASSERT_PTR_NOT_NULL(meso_signals_find(lfp, "csd"));
    if (r == 0) first = lfp;
    else {
      const double error = difference(all, &first->signal[0]);
      printf("# %s: rms difference %.2g\n", row[r].set, error);
      CU_ASSERT(error <= row[r].limit);
      meso_signals_destroy(lfp);
    }
    meso_spikes_destroy(spikes);
    meso_model_destroy(m);
  }
  meso_signals_destroy(first);
}

/* ---- conductors --------------------------------------------------------------------------- */

/* Every cell integrated in the same medium gives the same LFP; the usual medium another one. */
static void test_conductors(void)
{
  static const struct { const char *conductor, *shape; } row[] = {
    {"root_as_point", "point"}, {"point", "point"}, {"line", "point"},
    {"anisotropic sigma_x_S_per_m=0.2 sigma_y_S_per_m=0.3 sigma_z_S_per_m=0.5", "point"},
    {"slice z_glass_um=-1500 thickness_um=1600 n_terms=20", "point"},
    {"periodic period_x_um=800 period_y_um=800, line", "point"},
    {"root_as_point", "circle"}, {"line", "square"}};
  const char *const folder[] = {meso_test_path("morphologies")};
  meso_signals *usual = NULL;
  for (size_t r = 0; r < sizeof row / sizeof row[0]; r++) {
    char conductor[128], shape[64];
    const char *const sets[] = {conductor, shape, "lfp.n_cells=24", "probe.n_contacts=9",
                                "probe.z_first_um=-200", "probe.contact_radius_um=40",
                                "probe.contact_side_um=60", "lfp.soma_sd_um=5"};
    meso_signals *cells = NULL;
    meso_err err = {0};
    snprintf(conductor, sizeof conductor, "lfp.conductor=%s", row[r].conductor);
    snprintf(shape, sizeof shape, "probe.contact_shape=%s", row[r].shape);
    meso_model *m = read_model("neuron", 8, sets);
    meso_spikes *spikes = model_even_spikes(m, duration_ms, 3);
    meso_signals *lfp = make_lfp(m, spikes);
    if (meso_model_cells_lfp(m, 1, folder, spikes, 2, NULL, NULL, &cells, &err) != MESO_OK) {
      printf("# %s\n", err.msg);
      CU_FAIL_FATAL("cells");
    }
    const double error = difference(&lfp->signal[0], meso_signals_find(cells, "lfp"));
    if (r == 0) usual = lfp;
    const double change = difference(&lfp->signal[0], &usual->signal[0]);
    printf("# %s, %s: error %.2g, change %.2g\n", row[r].conductor, row[r].shape, error, change);
    CU_ASSERT(error < 1e-4);
    CU_ASSERT(r == 0 || change > 5e-4);
    if (r > 0) meso_signals_destroy(lfp);
    meso_signals_destroy(cells);
    meso_spikes_destroy(spikes);
    meso_model_destroy(m);
  }
  meso_signals_destroy(usual);
}

static void test_refusals(void)
{
  static const struct { const char *method, *set, *words; } row[] = {
    {"neuron", "lfp.conductor=no_such", "lfp.conductor = 'no_such'"},
    {"neuron", "lfp.conductor=laminar_csd", "potential"},
    {"neuron", "lfp.conductor=dipole", "potential"},
    {"neuron", "lfp.conductor=line sigma_S_per_m=-1", "sigma_S_per_m"},
    {"neuron", "lfp.conductor=slice thickness_um=100", "outside of the tissue"},
    {"population", "lfp.conductor=line", "lfp.method = neuron"}};
  for (size_t r = 0; r < sizeof row / sizeof row[0]; r++) {
    meso_model *m = read_model(row[r].method, 1, &row[r].set);
    meso_result *kernels = NULL;
    meso_err err = {0};
    const meso_status status = build(m, &kernels, &err);
    CU_ASSERT_EQUAL(meso_status_exit_code(status), 3);
    if (strstr(err.msg, row[r].words) == NULL) {
      printf("# %s: %s\n", row[r].set, err.msg);
      CU_FAIL("message");
    }
    meso_result_destroy(kernels);
    meso_model_destroy(m);
  }
}

/* ---- depth -------------------------------------------------------------------------------- */

/* In a network with depth a soma is where its neuron is, and both methods put it there; without,
 * the layer and its scatter say. */
static void test_depth(void)
{
  static const char *const sets[] = {
    "populations.E.positions=random", "populations.I.positions=random", "lfp.n_cells=20",
    "space.extent_x_um=400", "space.extent_y_um=400", "lfp.soma_sd_um=0", "space.extent_z_um=200"};
  const char *const folder[] = {meso_test_path("morphologies")};
  for (size_t with_depth = 0; with_depth < 2; with_depth++) {
    meso_model *m = read_model("neuron", 6 + with_depth, sets);
    meso_cell_shape *shape = NULL;
    meso_wiring *w = NULL;
    double spread = 0;
    CU_ASSERT_FATAL(meso_cell_shapes_read(m, 1, folder, &shape, NULL) == MESO_OK);
    CU_ASSERT_FATAL(meso_wiring_create(m, &w, NULL) == MESO_OK);
    for (uint32_t i = 0; i < 200; i++) {
      meso_cell cell;
      meso_cell_place(m, shape, 0, i, w->xyz_um[0] + 3 * i, &cell);
      MESO_CHECK_CLOSE(with_depth ? w->xyz_um[0][3 * i + 2] : -700, cell.soma_um[2], 0, 1e-9);
      spread = fmax(spread, fabs(cell.soma_um[2] + 700));
    }
    CU_ASSERT(with_depth ? spread > 80 && spread <= 100 : spread == 0);
    meso_spikes *spikes = model_even_spikes(m, duration_ms, 3);
    meso_signals *lfp = make_lfp(m, spikes), *cells = NULL;
    CU_ASSERT_FATAL(meso_model_cells_lfp(m, 1, folder, spikes, 2, NULL, NULL, &cells, NULL)
                    == MESO_OK);
    const double error = difference(&lfp->signal[0], meso_signals_find(cells, "lfp"));
    printf("# depth %zu: error %.2g\n", with_depth, error);
    CU_ASSERT(error < 1e-4);
    meso_signals_destroy(cells);
    meso_signals_destroy(lfp);
    meso_spikes_destroy(spikes);
    meso_wiring_destroy(w);
    meso_cell_shapes_destroy(m, shape);
    meso_model_destroy(m);
  }
}

/* Expected synapses of a cell sum to the mean in-degree from the sources of their sign. */
static void test_synapse_numbers(void)
{
  const char *const folder[] = {meso_test_path("morphologies")};
  meso_model *m = read_model("neuron", 0, NULL);
  meso_cell_shape *shape = NULL;
  double z_um[1000], number[1000];
  CU_ASSERT_FATAL(meso_cell_shapes_read(m, 1, folder, &shape, NULL) == MESO_OK);
  for (size_t y = 0; y < m->n_cell_types; y++)
    for (int sign = 0; sign < 2; sign++) {
      const meso_morphology *s = shape[y].morphology;
      double sum = 0, degree = 0;
      CU_ASSERT_FATAL(s->n_segments <= 1000);
      for (size_t j = 0; j < s->n_segments; j++)
        z_um[j] = shape[y].soma_z_um + (s->start_um[3 * j + 2] + s->end_um[3 * j + 2]) / 2;
      CU_ASSERT_FATAL(meso_cell_synapse_numbers(m, &shape[y], y, sign, z_um, number, NULL)
                      == MESO_OK);
      for (size_t j = 0; j < s->n_segments; j++) sum += number[j];
      for (size_t p = 0; p < m->n_projections; p++)
        if (m->projection[p].target == m->cell_type[y].population
            && m->population[m->projection[p].source].sign == sign)
          degree += (double) m->projection[p].n_synapses
            / (double) m->population[m->projection[p].target].size;
      CU_ASSERT(degree > 1);
      MESO_CHECK_CLOSE(degree, sum, 1e-9, 0);
    }
  meso_cell_shapes_destroy(m, shape);
  meso_model_destroy(m);
}

int main(void)
{
  static const meso_test tests[] = {
    {"sums over sources, targets and signs", test_sums},
    {"cells that receive nothing", test_silent_target},
    {"what is asked for", test_choices},
    {"conductors and contacts against integrated cells", test_conductors},
    {"refusals", test_refusals},
    {"depths of cells", test_depth},
    {"expected synapses", test_synapse_numbers},
    {NULL, NULL}};
  return meso_test_main("parts and media of the LFP", tests);
}
