/* test_model_kernels.c: kernels of models: their properties, and against a direct sum. */
#include <string.h>

#include <gsl/gsl_cdf.h>

#include "lfp_golden.h"
#include "meso_cable.h"
#include "meso_lfp.h"
#include "meso_model.h"
#include "meso_wiring.h"
#include "model_run.h"

/* Shorter kernels: the tests need no tail. */
static const char *const quick[] = {"lfp.kernel_duration_ms=30", "lfp.method=population"};

static meso_result *build_kernels(const meso_model *model, int n_threads)
{
  const char *const folder[] = {meso_test_path("morphologies"), meso_test_path(".")};
  meso_result *kernels = NULL;
  meso_err err = {0};
  if (meso_kernels_build(model, 2, folder, n_threads, NULL, &kernels, &err) != MESO_OK) {
    printf("# %s\n", err.msg);
    CU_FAIL("kernels");
  }
  return kernels;
}

/* Share of the external input, computed by hand from the published rates and in-degrees. */
static void test_external_share(void)
{
  static const double expected[] = {.52, .58, .73, .57, .60, .72, .82, .84};
  meso_model *model = model_read("microcircuit", NULL, 2, quick);
  meso_result *kernels = model != NULL ? build_kernels(model, 2) : NULL;
  if (kernels != NULL) {
    const meso_array *external = meso_result_find(kernels, "/charge/external");
    const meso_array *per_spike = meso_result_find(kernels, "/charge/per_spike");
    CU_ASSERT_FATAL(external != NULL && meso_array_count(external) == 9);
    CU_ASSERT_FATAL(per_spike != NULL && meso_array_count(per_spike) == 81);
    for (size_t y = 0; y < 8; y++) {
      double internal = 0;
      for (size_t x = 0; x < 8; x++)
        internal += per_spike->data[9 * y + x] * model->population[x].full_mean_rate_Hz;
      MESO_CHECK_CLOSE(expected[y], external->data[y] / (external->data[y] + internal), 0, 0.02);
    }
  }
  meso_result_destroy(kernels);
  meso_model_destroy(model);
}

/* Out-degrees of a projection's cell types add up to its synapses; kernels are causal and finite;
 *  threads change nothing. */
static void test_degrees_and_threads(void)
{
  meso_model *model = model_read("microcircuit", NULL, 2, quick);
  meso_result *one = model != NULL ? build_kernels(model, 1) : NULL;
  meso_result *seven = model != NULL ? build_kernels(model, 7) : NULL;
  if (one != NULL && seven != NULL) {
    const meso_array *data = meso_result_find(one, "/kernels/data");
    const meso_array *degree = meso_result_find(one, "/kernels/out_degree");
    const meso_array *source = meso_result_find(one, "/kernels/source");
    double synapses = 0, expected = 0;
    for (size_t i = 0; i < meso_array_count(degree); i++)
      synapses += degree->data[i]
        * (double) model->population[meso_model_find_population(model, source->text[i])].size;
    for (size_t i = 0; i < model->n_projections; i++)
      expected += (double) model->projection[i].n_synapses;
    MESO_CHECK_CLOSE(expected, synapses, 1e-6, 0);
    const size_t n = meso_array_count(data), n_lags = data->dims[2];
    CU_ASSERT_EQUAL(n_lags, 301);
    CU_ASSERT(memcmp(data->data, meso_result_find(seven, "/kernels/data")->data,
                     n * sizeof(double)) == 0);
    double peak = 0;
    for (size_t i = 0; i < n; i++) peak = fmax(peak, fabs(data->data[i]));
    MESO_CHECK_EACH(i, n, isfinite(data->data[i]));
    MESO_CHECK_EACH(i, n, i % n_lags > 1 || data->data[i] == 0);
    printf("# largest kernel value %.3g mV\n", peak);
    CU_ASSERT(peak > 1e-8 && peak < 1);
  }
  meso_result_destroy(one);
  meso_result_destroy(seven);
  meso_model_destroy(model);
}

/* Far from the column nothing is left: membrane currents sum to zero. */
static void test_far_contact(void)
{
  meso_model *model = model_read("microcircuit", NULL, 2, quick);
  meso_model *away = model_read("microcircuit", NULL, 2, quick);
  if (away != NULL)
    for (size_t c = 0; c < away->probe.contacts.n; c++) /* a model file with that is refused */
      away->probe.contacts.xyz_um[3 * c + 2] += 1e5;
  meso_result *near_kernels = model != NULL ? build_kernels(model, 2) : NULL;
  meso_result *far_kernels = away != NULL ? build_kernels(away, 2) : NULL;
  if (near_kernels != NULL && far_kernels != NULL) {
    double largest[2] = {0, 0};
    const meso_array *data[2] = {meso_result_find(near_kernels, "/kernels/data"),
                                 meso_result_find(far_kernels, "/kernels/data")};
    for (int k = 0; k < 2; k++)
      for (size_t i = 0; i < meso_array_count(data[k]); i++)
        largest[k] = fmax(largest[k], fabs(data[k]->data[i]));
    CU_ASSERT(largest[1] < 1e-4 * largest[0]);
    /* what is left is the field of the dipole moment, p_z / (4 pi sigma z^2) */
    const size_t n_lags = data[1]->dims[2], n_channels = data[1]->dims[1];
    const meso_array *moment = meso_result_find(far_kernels, "/kernels/dipole_z");
    double worst = 0;
    CU_ASSERT_FATAL(moment != NULL && moment->dims[0] == data[1]->dims[0]);
    for (size_t p = 0; p < moment->dims[0]; p++)
      for (size_t k = 0; k < n_lags; k++)
        worst = fmax(worst, fabs(data[1]->data[p * n_channels * n_lags + k]
                                 - moment->data[p * n_lags + k] / (4 * M_PI * 0.3 * 1e10)));
    printf("# potential at 10 cm against that of the moment: %.2g of the largest\n",
           worst / largest[1]);
    CU_ASSERT(worst < 0.05 * largest[1]); /* next order: depth of the column over distance */
  }
  meso_result_destroy(near_kernels);
  meso_result_destroy(far_kernels);
  meso_model_destroy(model);
  meso_model_destroy(away);
}

/* A projection without weight is silent; a missing morphology is named. */
static void test_silence_and_missing_file(void)
{
  meso_model *model = model_read("microcircuit", NULL, 2, quick);
  if (model == NULL) return;
  meso_result *kernels = NULL;
  meso_err err = {0};
  CU_ASSERT(meso_kernels_build(model, 0, NULL, 1, NULL, &kernels, &err) == MESO_ENOTFOUND);
  CU_ASSERT(strstr(err.msg, ".swc") != NULL);
  for (size_t i = 0; i < model->n_projections; i++) model->projection[i].weight_pA = 0;
  kernels = build_kernels(model, 2);
  if (kernels != NULL) {
    const meso_array *data = meso_result_find(kernels, "/kernels/data");
    MESO_CHECK_WORST(i, meso_array_count(data), fabs(data->data[i]), 0);
  }
  meso_result_destroy(kernels);
  meso_model_destroy(model);
}

/* ---- kernels against a direct sum --------------------------------------------------------- */

/* The equations of doc/theory.md written down once more: synapses of one source neuron as events
 * at their delays, the cable, and the potential on the axis as a plain mean over soma depths. */

enum { MAX_DELAY = 256, N_SHIFTS = 8000 };

/* Representative cell: its height above where the file puts it, and what each contact sees. */
typedef struct direct_cell {
  meso_morphology *m;
  double lift_um;
  double *matrix; /* (n_contacts, n_segments) mV/nA */
} direct_cell;

static double middle_z(const meso_morphology *m, size_t j)
{
  return (m->start_um[3 * j + 2] + m->end_um[3 * j + 2]) / 2;
}

/* Mean of ( sqrt(dz^2 + R^2) - |dz| ) / (2 pi sigma R^2) over normal displacements. */
static double disc_potential(const meso_model *model, double dz_um)
{
  const double R = model->lfp.radius_um, sd = model->lfp.soma_sd_um;
  double sum = 0, norm = 0;
  for (int i = 0; i <= N_SHIFTS; i++) {
    const double x = 16. * i / N_SHIFTS - 8, p = exp(-x * x / 2), u = dz_um - sd * x;
    sum += p * (hypot(u, R) - fabs(u));
    norm += p;
  }
  return sum / norm / (2 * M_PI * model->probe.sigma_S_per_m * R * R);
}

static const meso_layer *layer_of(const meso_model *model, size_t population)
{
  size_t l = 0;
  while (strcmp(model->layer[l].name, model->population[population].layer) != 0) l++;
  return &model->layer[l];
}

static direct_cell make_direct_cell(const meso_model *model, size_t type)
{
  char path[256];
  direct_cell cell = {NULL, 0, NULL};
  const meso_layer *layer = layer_of(model, model->cell_type[type].population);
  const meso_discretisation cut = {model->lfp.Ra_Ohm_cm, model->lfp.cm_uF_per_cm2, 0.1, 100, 0};
  const size_t n_contacts = (size_t) model->probe.n_contacts;
  (void) snprintf(path, sizeof path, "morphologies/%s", model->cell_type[type].morphology);
  CU_ASSERT_FATAL(meso_morphology_read(meso_test_path(path), &cut, &cell.m, NULL) == MESO_OK);
  cell.lift_um = (layer->z_top_um + layer->z_bottom_um) / 2 - middle_z(cell.m, 0);
  cell.matrix = calloc(n_contacts * cell.m->n_segments, sizeof *cell.matrix);
  for (size_t c = 0; c < n_contacts; c++)
    for (size_t j = 0; j < cell.m->n_segments; j++)
      cell.matrix[c * cell.m->n_segments + j] =
        disc_potential(model, model->probe.z_first_um + (double) c * model->probe.z_step_um
                              - middle_z(cell.m, j) - cell.lift_um);
  return cell;
}

/* Membrane area of the segment that can carry synapses and is expected in the layer. */
static double area_in_layer(const meso_model *model, const direct_cell *cell, const char *sections,
                            const meso_layer *layer, size_t j)
{
  const meso_morphology *m = cell->m;
  const double z = middle_z(m, j) + cell->lift_um, sd = model->lfp.soma_sd_um;
  const char *name = meso_section_type_name(m->section_type[m->segment_section[j]]);
  if (strstr(sections, name) == NULL) return 0;
  return m->area_um2[j] * (gsl_cdf_gaussian_P(layer->z_top_um - z, sd)
                           - gsl_cdf_gaussian_P(layer->z_bottom_um - z, sd));
}

/* Share of the synapses of a source on every segment; layers without membrane give theirs up. */
static double *segment_share(const meso_model *model, const direct_cell *cell, size_t type,
                             size_t source)
{
  const size_t n = cell->m->n_segments;
  const meso_cell_type *t = &model->cell_type[type];
  double *share = calloc(n, sizeof *share), sum = 0;
  for (size_t l = 0; l < model->n_layers; l++) {
    double area = 0;
    for (size_t j = 0; j < n; j++)
      area += area_in_layer(model, cell, t->sections, &model->layer[l], j);
    if (area < 1) continue;
    for (size_t j = 0; j < n; j++)
      share[j] += t->layer_share[source * model->n_layers + l] / area
        * area_in_layer(model, cell, t->sections, &model->layer[l], j);
  }
  for (size_t j = 0; j < n; j++) sum += share[j];
  for (size_t j = 0; j < n; j++) share[j] /= sum;
  return share;
}

static const meso_projection *find_projection(const meso_model *model, size_t source,
                                              size_t target)
{
  size_t i = 0;
  while (i < model->n_projections && (model->projection[i].source != source
                                      || model->projection[i].target != target)) i++;
  CU_ASSERT_FATAL(i < model->n_projections);
  return &model->projection[i];
}

static double tau_syn_ms(const meso_model *model, const meso_projection *p)
{
  const meso_neuron_params *neuron = &model->population[p->target].neuron;
  return model->population[p->source].sign == MESO_EXCITATORY ? neuron->tau_syn_ex_ms
                                                              : neuron->tau_syn_in_ms;
}

/* Weight (nA) of all synapses of one source neuron by delay in steps: the rules of the model. */
static void strength_by_rule(const meso_model *model, const meso_projection *p, double *strength)
{
  const meso_population *from = &model->population[p->source];
  const meso_population *to = &model->population[p->target];
  const double pairs = (double) from->size * (double) to->size, dt = model->simulation.dt_ms;
  const double n = round(log1p(-p->probability) / log1p(-1 / pairs));
  const double tau_s = tau_syn_ms(model, p), tau_m = to->neuron.tau_m_ms;
  const double sub = 1 / (tau_s - tau_m), pre = tau_m * tau_s * sub / to->neuron.C_m_pF;
  const double r = pow(tau_m / tau_s, sub);
  const double nA = 1e-3 * p->PSP_mV / (pre * (pow(r, tau_m) - pow(r, tau_s)));
  const double mean = p->delay_mean_ms, sd = p->delay_sd_ms;
  for (int d = 1; d < MAX_DELAY; d++) {
    const double share = gsl_cdf_gaussian_P((d + 0.5) * dt - mean, sd)
      - gsl_cdf_gaussian_P((d - 0.5) * dt - mean, sd);
    strength[d] = n / (double) from->size * nA * share / gsl_cdf_gaussian_Q(0.5 * dt - mean, sd);
  }
}

/* The same from the synapses that the engine would draw. */
static void strength_of_wiring(const meso_wiring *w, size_t projection, double *strength)
{
  const meso_population *population = w->model->population;
  const meso_projection *p = &w->model->projection[projection];
  const double per_source = 1e-3 * w->weight_step_pA / (double) population[p->source].size;
  meso_wiring_row scratch;
  memset(strength, 0, MAX_DELAY * sizeof *strength);
  CU_ASSERT_EQUAL_FATAL(meso_wiring_row_init(w, &scratch, NULL), MESO_OK);
  for (uint32_t i = 0; i < (uint32_t) population[p->target].size; i++)
    for (uint32_t k = 0; k < w->projection[projection].in_degree[i]; k++) {
      uint32_t source;
      uint16_t code;
      uint8_t delay;
      meso_wiring_draw(w, &scratch, projection, i, k, 1, &source, &code, &delay);
      strength[delay] += per_source * w->projection[projection].weight_of_code[code];
    }
  meso_wiring_row_clear(&scratch);
}

/* Kernel of a pathway with these strengths: (n_contacts, n_lags). */
static double *direct_kernel(const meso_model *model, const direct_cell *cell, size_t type,
                             const meso_projection *p, const double *strength, size_t n_lags)
{
  const meso_morphology *m = cell->m;
  const size_t n = m->n_segments, n_contacts = (size_t) model->probe.n_contacts;
  double *share = segment_share(model, cell, type, p->source);
  double *g_pas = calloc(n, sizeof *g_pas), *imem = calloc(n * n_lags, sizeof *imem);
  double *kernel = calloc(n_contacts * n_lags, sizeof *kernel);
  meso_cable_event *event = calloc(n * MAX_DELAY, sizeof *event);
  size_t n_events = 0;
  for (size_t j = 0; j < n; j++) {
    g_pas[j] = 1e-3 * model->lfp.cm_uF_per_cm2 / model->lfp.tau_m_ms;
    for (int d = 1; d < MAX_DELAY; d++)
      event[n_events++] = (meso_cable_event) {
        j, 0, tau_syn_ms(model, p),
        model->cell_type[type].share[p->source] * strength[d] * share[j],
        d * model->simulation.dt_ms};
  }
  const meso_cable cable = {model->lfp.cm_uF_per_cm2, -65, g_pas, model->lfp.kernel_dt_ms,
                            n_lags - 1};
  CU_ASSERT(meso_cable_run(m, &cable, n_events, event, imem, NULL, NULL) == MESO_OK);
  for (size_t c = 0; c < n_contacts; c++)
    for (size_t j = 0; j < n; j++)
      for (size_t k = 0; k < n_lags; k++)
        kernel[c * n_lags + k] += cell->matrix[c * n + j] * imem[j * n_lags + k];
  free(share);
  free(g_pas);
  free(imem);
  free(event);
  return kernel;
}

static size_t find_type(const meso_model *model, const char *name)
{
  size_t y = 0;
  while (strcmp(model->cell_type[y].name, name) != 0) y++;
  return y;
}

/* Strengths of a pathway against its kernel, to a part of its peak. */
static void check_kernel(const meso_model *model, const direct_cell *cell, size_t type,
                         const meso_projection *p, const double *strength, const meso_array *data,
                         size_t row, double limit)
{
  const size_t n = data->dims[1] * data->dims[2];
  double *want = direct_kernel(model, cell, type, p, strength, data->dims[2]);
  const double error = relative_error(want, data->data + row * n, n);
  printf(" %.2g", error);
  CU_ASSERT(error < limit);
  free(want);
}

/* Every stride-th pathway of the result against the direct sum: by the rules to 1e-6 of its peak
 * (where normal), and, given the wiring, by its synapses to what their number allows. */
static void check_directly(const meso_model *model, const meso_result *kernels, size_t stride,
                           bool is_normal, const meso_wiring *wiring)
{
  const meso_array *data = meso_result_find(kernels, "/kernels/data");
  char **source = meso_result_find(kernels, "/kernels/source")->text;
  char **target = meso_result_find(kernels, "/kernels/population")->text;
  char **type_name = meso_result_find(kernels, "/kernels/cell_type")->text;
  for (size_t i = 0; i < data->dims[0]; i += stride) {
    double strength[MAX_DELAY] = {0};
    const size_t type = find_type(model, type_name[i]);
    const meso_projection *p = find_projection(model, meso_model_find_population(model, source[i]),
                                               meso_model_find_population(model, target[i]));
    direct_cell cell = make_direct_cell(model, type);
    CU_ASSERT_EQUAL(model->cell_type[type].population, p->target);
    strength_by_rule(model, p, strength);
    printf("# %s to %s, by the rule and by %llu synapses:", source[i], type_name[i],
           (unsigned long long) p->n_synapses);
    if (is_normal) check_kernel(model, &cell, type, p, strength, data, i, 1e-6);
    if (wiring != NULL) {
      const double limit = 5 * hypot(1, p->weight_rel_sd) / sqrt((double) p->n_synapses);
      strength_of_wiring(wiring, (size_t) (p - model->projection), strength);
      check_kernel(model, &cell, type, p, strength, data, i, limit);
    }
    printf("\n");
    meso_morphology_destroy(cell.m);
    free(cell.matrix);
  }
}

static void check_toy(const char *const *sets, size_t n_sets, bool is_normal)
{
  meso_model *model = model_read("toy", NULL, n_sets, sets);
  meso_result *kernels = model != NULL ? build_kernels(model, 2) : NULL;
  meso_wiring *wiring = NULL;
  if (kernels != NULL && meso_wiring_create(model, &wiring, NULL) == MESO_OK) {
    CU_ASSERT_EQUAL(meso_result_find(kernels, "/kernels/data")->dims[0], 6);
    check_directly(model, kernels, 1, is_normal, wiring);
  } else {
    CU_FAIL("toy model");
  }
  meso_wiring_destroy(wiring);
  meso_result_destroy(kernels);
  meso_model_destroy(model);
}

/* All pathways of a model with different synaptic time constants, also from its synapses. */
static void test_toy_directly(void)
{
  static const char *const sets[] = {"lfp.kernel_duration_ms=30", "neuron.tau_syn_in_ms=1.0",
                                     "populations.I.tau_syn_ex_ms=0.7"};
  check_toy(sets, 3, true);
}

/* Other rules and distributions than those of the toy, from its synapses. */
static void test_rules_directly(void)
{
  static const char *const sets[] = {
    "lfp.kernel_duration_ms=30", "synapses.excitatory.delay_distribution=lognormal",
    "synapses.excitatory.weight_distribution=lognormal", "synapses.excitatory.weight_rel_sd=1",
    "synapses.inhibitory.delay_distribution=uniform", "projections.E->I.probability=0",
    "projections.E->I.rule=fixed_outdegree", "projections.E->I.outdegree=50",
    "projections.I->I.rule=pairwise_bernoulli", "projections.S->E.delay_distribution=constant"};
  check_toy(sets, sizeof sets / sizeof *sets, false);
}

/* A kernel has no distances, so delays that depend on them have none. */
static void test_distances_are_refused(void)
{
  static const char *const sets[] = {"populations.E.positions=grid",
                                     "projections.E->E.delay_ms_per_um=0.001"};
  meso_model *model = model_read("toy", NULL, 2, sets);
  meso_result *kernels = NULL;
  meso_err err = {0};
  CU_ASSERT_EQUAL(meso_kernels_build(model, 0, NULL, 1, NULL, &kernels, &err), MESO_EINVAL);
  CU_ASSERT_PTR_NOT_NULL(strstr(err.msg, "E->E.delay_ms_per_um = 0.001: must be 0"));
  meso_model_destroy(model);
}

/* A jump of the potential has no current, unless one is said to stand for it. */
static void test_jumps_are_refused(void)
{
  static const char *const sets[] = {"populations.E.model=iaf_psc_delta",
                                     "populations.I.model=iaf_psc_delta"};
  meso_model *model = model_read("toy", NULL, 2, sets);
  meso_result *kernels = NULL;
  meso_err err = {0};
  CU_ASSERT_EQUAL(meso_kernels_build(model, 0, NULL, 1, NULL, &kernels, &err), MESO_EINVAL);
  CU_ASSERT_PTR_NOT_NULL(strstr(err.msg, "E.model = iaf_psc_delta, whose input"));
  meso_model_destroy(model);
}

/* Spikes of all columns would make their LFP in the place of the one. */
static void test_columns_are_refused(void)
{
  static const char *const sets[] = {"scaling.N=2"};
  meso_model *model = model_read("toy", NULL, 1, sets);
  meso_result *kernels = NULL;
  meso_err err = {0};
  CU_ASSERT_EQUAL(meso_kernels_build(model, 0, NULL, 1, NULL, &kernels, &err), MESO_EINVAL);
  CU_ASSERT_PTR_NOT_NULL(strstr(err.msg, "scaling.N = 2: must be at most 1 for LFP kernels"));
  meso_model_destroy(model);
}

static void test_microcircuit_directly(void)
{
  meso_model *model = model_read("microcircuit", NULL, 2, quick);
  meso_result *kernels = model != NULL ? build_kernels(model, 2) : NULL;
  if (kernels != NULL) check_directly(model, kernels, 23, true, NULL);
  meso_result_destroy(kernels);
  meso_model_destroy(model);
}

int main(void)
{
  static const meso_test tests[] = {
    {"external share of the charge", test_external_share},
    {"degrees, causality, threads", test_degrees_and_threads},
    {"far contact", test_far_contact},
    {"silence, missing file", test_silence_and_missing_file},
    {"toy, every pathway directly", test_toy_directly},
    {"other rules and distributions directly", test_rules_directly},
    {"delays by distance are refused", test_distances_are_refused},
    {"several columns are refused", test_columns_are_refused},
    {"other currents are refused", test_jumps_are_refused},
    {"microcircuit, some pathways directly", test_microcircuit_directly},
    {NULL, NULL}};
  return meso_test_main("model kernels", tests);
}
