/* test_kernels.c: population kernels against golden files; LFP by transforms against sums. */
#include <string.h>

#include "lfp_golden.h"
#include "meso_conductor.h"
#include "meso_kernel.h"
#include "meso_lfp.h"

static const char golden_file[] = "tests/reference/lfp/kernel_reference.h5";

enum { DEND_APIC = 1 << MESO_SECTION_DEND | 1 << MESO_SECTION_APIC,
       SOMA_DEND = 1 << MESO_SECTION_SOMA | 1 << MESO_SECTION_DEND,
       SOMA_APIC = 1 << MESO_SECTION_SOMA | 1 << MESO_SECTION_APIC,
       APIC = 1 << MESO_SECTION_APIC, ALL = 30 };

/* ---- the networks of the golden files ----------------------------------------------------- */

/* Golden kernels have 1281 lags around the spike, ours those from the spike on. */
enum { HALF = 640, GOLDEN_LAGS = 2 * HALF + 1 };
static const double dt_ms = 0.0625;

/* Normal density cut off at low and high standard deviations from its location. */
typedef struct truncated_normal { double loc, scale, low, high; } truncated_normal;
/* Depth profile of synapses: weight * normal(z; loc, scale). */
typedef struct depth_mode { double loc_um, scale_um, weight; } depth_mode;
/* weight: nA, or uS of a conductance. */
typedef struct golden_synapse { double weight, tau_rise_ms, tau_ms, reversal_mV; } golden_synapse;

typedef struct golden_source {
  double size, probability, rate_Hz;
  truncated_normal multapses, delay_ms;
  unsigned section_types;
  size_t n_modes;
  const depth_mode *mode;
  golden_synapse synapse;
} golden_source;

typedef struct golden_case {
  const char *name, *cell, *target;
  bool conductance, effective_leak;
  double soma_z_um, radius_um, soma_sd_um, target_size, V_rest_mV, n_external;
  golden_source source[2];
} golden_case;

static const depth_mode pyramid_mode[2][2] = {{{0, 100, 0.5}, {750, 120, 1}}, {{0, 100, 1}}};
static const depth_mode basket_mode[2] = {{50, 100, 1}, {-20, 100, 1}};
static const depth_mode stick_mode[2] = {{350, 90, 1}, {0, 60, 1}};

static golden_case make_case(const char *name, const char *cell, bool conductance, bool leak)
{
  const bool basket = strcmp(cell, "basket") == 0, stick = strcmp(cell, "ball_and_stick") == 0;
  golden_case c = {.name = name, .cell = cell, .target = basket ? "I" : "E",
                   .conductance = conductance, .effective_leak = leak,
                   .soma_z_um = !conductance && stick ? -250 : 0,
                   .radius_um = conductance ? 150 : 564.19, .soma_sd_um = conductance ? 75 : 60,
                   .target_size = basket ? 200 : 800,
                   .V_rest_mV = conductance && stick ? -62.5 : -65,
                   .n_external = basket ? 160 : 465};
  for (int i = 0; i < 2; i++)
    c.source[i] = (golden_source) {
      .size = i == 0 ? 800 : 200,
      .probability = (basket ? 0.15 : 0.1) + (i == 0 ? 0 : 0.1),
      .multapses = i == 0 ? (truncated_normal) {2, 5, -0.2, 1.4}
                          : (truncated_normal) {6, 5, -1, 2},
      .delay_ms = i == 0 ? (truncated_normal) {1.3, 0.5, -2.2, 40}
                         : (truncated_normal) {1.1, 0.6, -1.5, 40},
      .section_types = basket ? (i == 0 ? ALL : SOMA_DEND)
        : stick ? (i == 0 ? APIC : SOMA_APIC) : (i == 0 ? DEND_APIC : SOMA_DEND),
      .n_modes = basket || stick || i == 1 ? 1 : 2,
      .mode = basket ? &basket_mode[i] : stick ? &stick_mode[i] : pyramid_mode[i],
      .synapse = conductance
        ? (i == 0 ? (golden_synapse) {0.0012, 0.2, 1.8, 0}
                  : (golden_synapse) {0.0085, 0.1, 9, -80})
        : (golden_synapse) {i == 0 ? 0.0878 : -0.3512, 0, 0.5, 0},
      .rate_Hz = i == 0 ? 3.2 : 6.5};
  return c;
}

static double truncated_density(const truncated_normal *d, double x)
{
  const double t = (x - d->loc) / d->scale;
  return t >= d->low && t <= d->high ? exp(-t * t / 2) : 0;
}

/* Synapses of a target neuron: partners times synapses of a pair (1 .. 99). */
static double in_degree(const golden_source *source)
{
  double sum = 0, norm = 0;
  for (int k = 1; k < 100; k++) {
    sum += k * truncated_density(&source->multapses, k);
    norm += truncated_density(&source->multapses, k);
  }
  return source->probability * source->size * sum / norm;
}

/* Share of the source's synapses on each segment: area times depth profile. */
static void segment_probability(const meso_morphology *m, const golden_case *c, size_t i,
                                double *probability)
{
  const golden_source *source = &c->source[i];
  double sum = 0;
  for (size_t j = 0; j < m->n_segments; j++) {
    probability[j] = 0;
    if ((source->section_types >> m->section_type[m->segment_section[j]] & 1) == 0) continue;
    for (size_t k = 0; k < source->n_modes; k++) {
      const double scale = hypot(source->mode[k].scale_um, c->soma_sd_um);
      const double t = (meso_morphology_z_um(m, j) - source->mode[k].loc_um) / scale;
      probability[j] += source->mode[k].weight * exp(-t * t / 2) / scale * m->area_um2[j];
    }
    sum += probability[j];
  }
  for (size_t j = 0; j < m->n_segments; j++) probability[j] /= sum;
}

/* Mean conductance of a synapse that is used at a rate: weight * area under its time course. */
static double mean_conductance(const golden_synapse *s, double rate_Hz)
{
  const double norm = s->tau_rise_ms > 0 ? meso_biexponential_norm(s->tau_rise_ms, s->tau_ms) : 1;
  return fabs(s->weight) * (s->tau_ms - s->tau_rise_ms) * norm * rate_Hz;
}

/* Leak (S/cm2) with the mean conductances of all synapses. */
static void effective_leak(const meso_morphology *m, const golden_case *c, double *g_pas)
{
  static const golden_synapse external = {0.0002, 0.2, 1.8, 0};
  double *probability = calloc(m->n_segments, sizeof *probability), area = 0;
  for (size_t j = 0; j < m->n_segments; j++) area += m->area_um2[j];
  for (size_t j = 0; j < m->n_segments; j++)
    g_pas[j] = 1e-4
      + (c->effective_leak ? 0.1 * c->n_external / area * mean_conductance(&external, 40) : 0);
  for (size_t i = 0; i < 2 && c->effective_leak; i++) {
    segment_probability(m, c, i, probability);
    for (size_t j = 0; j < m->n_segments; j++)
      g_pas[j] += 0.1 * probability[j] * in_degree(&c->source[i]) / m->area_um2[j]
        * mean_conductance(&c->source[i].synapse, c->source[i].rate_Hz);
  }
  free(probability);
}

/* ---- kernels against them ----------------------------------------------------------------- */

/* What meso_kernel_compute is given. */
typedef struct pathway {
  double *probability, *weight_nA, *g_pas; /* (n_segments) */
  double *delay;                           /* (HALF + 1) */
  meso_kernel_input input;
} pathway;

static pathway make_pathway(const meso_morphology *m, const golden_case *c, size_t i)
{
  const size_t n = m->n_segments;
  const golden_source *source = &c->source[i];
  const golden_synapse *s = &source->synapse;
  pathway p = {.probability = calloc(n, sizeof(double)), .weight_nA = calloc(n, sizeof(double)),
               .g_pas = calloc(n, sizeof(double)), .delay = calloc(HALF + 1, sizeof(double))};
  segment_probability(m, c, i, p.probability);
  effective_leak(m, c, p.g_pas);
  const double out_degree = in_degree(source) * c->target_size / source->size;
  const double nA = c->conductance ? -s->weight * (c->V_rest_mV - s->reversal_mV) : s->weight;
  for (size_t j = 0; j < n; j++) p.weight_nA[j] = nA * p.probability[j] * out_degree;
  double sum = 0;
  for (int k = 0; k <= HALF; k++)
    sum += p.delay[k] = truncated_density(&source->delay_ms, k * dt_ms);
  for (int k = 0; k <= HALF; k++) p.delay[k] /= sum;
  p.input = (meso_kernel_input) {s->tau_rise_ms, s->tau_ms, p.weight_nA, p.delay};
  return p;
}

static void pathway_clear(pathway *p)
{
  free(p->probability);
  free(p->weight_nA);
  free(p->g_pas);
  free(p->delay);
}

static void compute(const meso_morphology *m, const pathway *p, size_t n_channels,
                    const double *matrix, double *data)
{
  meso_err err = {0};
  const meso_cable cable = {1, -65, p->g_pas, dt_ms, HALF};
  const meso_status st = meso_kernel_compute(m, &cable, &p->input, n_channels, matrix, data, &err);
  if (st != MESO_OK) printf("# %s\n", err.msg);
  CU_ASSERT_EQUAL_FATAL(st, MESO_OK);
}

/* Puts rows of HALF + 1 lags into rows of GOLDEN_LAGS, zero before the spike. */
static double *around_spike(const double *data, size_t n_rows)
{
  double *wide = calloc(n_rows * GOLDEN_LAGS, sizeof *wide);
  for (size_t r = 0; r < n_rows; r++)
    memcpy(wide + r * GOLDEN_LAGS + HALF, data + r * (HALF + 1), (HALF + 1) * sizeof *data);
  return wide;
}

static void check_kernel(const meso_morphology *m, const pathway *p, const char *group,
                         const char *name, size_t n_channels, const double *matrix,
                         double tolerance)
{
  double *data = calloc(n_channels * (HALF + 1), sizeof *data);
  compute(m, p, n_channels, matrix, data);
  double *wide = around_spike(data, n_channels);
  check_golden(golden_file, group, name, wide, n_channels * GOLDEN_LAGS, tolerance);
  free(wide);
  free(data);
}

/* Moment of a population that is symmetric about z: rows 0, 0, z_j. */
static double *dipole_matrix(const meso_morphology *m)
{
  double *matrix = calloc(3 * m->n_segments, sizeof *matrix);
  for (size_t j = 0; j < m->n_segments; j++)
    matrix[2 * m->n_segments + j] = meso_morphology_z_um(m, j);
  return matrix;
}

static void check_case(golden_case c)
{
  char group[256];
  double contact_um[48] = {0};
  meso_conductor *conductor = NULL;
  meso_morphology *m = reference_cell(c.cell);
  if (m == NULL) return;
  meso_morphology_place(m, 0, 0, c.soma_z_um);
  for (int i = 0; i < 16; i++) contact_um[3 * i + 2] = -400 + 100 * i;
  const size_t n = m->n_segments;
  double *gauss = calloc(16 * n, sizeof *gauss), *dipole = dipole_matrix(m);
  (void) snprintf(group, sizeof group, "%s/matrices", c.name);
  const meso_segments segments = meso_morphology_segments(m);
  CU_ASSERT_FATAL(meso_conductor_create("gauss_cylinder", NULL, &conductor, NULL) == MESO_OK);
  CU_ASSERT(meso_conductor_set(conductor, "radius_um", c.radius_um, NULL) == MESO_OK);
  CU_ASSERT(meso_conductor_set(conductor, "soma_sd_um", c.soma_sd_um, NULL) == MESO_OK);
  CU_ASSERT(meso_conductor_matrix(conductor, &segments, 16, contact_um, gauss, NULL) == MESO_OK);
  meso_conductor_destroy(conductor);
  check_golden(golden_file, group, "GaussCylinderPotential_closed", gauss, 16 * n, 1e-11);
  for (size_t i = 0; i < 2; i++) {
    (void) snprintf(group, sizeof group, "%s/H_%s_%s", c.name, c.target, i == 0 ? "E" : "I");
    pathway p = make_pathway(m, &c, i);
    double *delay = around_spike(p.delay, 1);
    check_golden(golden_file, group, "segment_probability", p.probability, n, 1e-12);
    check_golden(golden_file, group, "comp_weight", p.weight_nA, n, 1e-10);
    check_golden(golden_file, group, "g_pas_eff", p.g_pas, n, 1e-10);
    check_golden(golden_file, group, "delay_h", delay, GOLDEN_LAGS, 1e-10);
    check_kernel(m, &p, group, "GaussCylinderPotential_closed", 16, gauss, 1e-9);
    check_kernel(m, &p, group, "GaussCylinderPotential", 16, gauss, 2e-5);
    check_kernel(m, &p, group, "KernelApproxCurrentDipoleMoment", 3, dipole, 1e-6);
    free(delay);
    pathway_clear(&p);
  }
  free(gauss);
  free(dipole);
  meso_morphology_destroy(m);
}

static void test_conductance_pyramid(void)
{ check_case(make_case("conductance_pyramid", "pyramid_l5", true, true)); }
static void test_conductance_basket(void)
{ check_case(make_case("conductance_basket", "basket", true, true)); }
static void test_conductance_stick(void)
{ check_case(make_case("conductance_nogeff_stick", "ball_and_stick", true, false)); }
static void test_current_stick(void)
{ check_case(make_case("current_stick", "ball_and_stick", false, false)); }
static void test_current_pyramid(void)
{ check_case(make_case("current_pyramid", "pyramid_l5", false, false)); }

/* Kernel of a pathway of the case with z_j and 1 as channels. */
static double *test_kernel(const meso_morphology *m, const golden_case *c)
{
  double *matrix = calloc(2 * m->n_segments, sizeof *matrix);
  double *data = calloc(2 * (HALF + 1), sizeof *data);
  for (size_t j = 0; j < m->n_segments; j++) {
    matrix[j] = meso_morphology_z_um(m, j);
    matrix[m->n_segments + j] = 1;
  }
  pathway p = make_pathway(m, c, 0);
  compute(m, &p, 2, matrix, data);
  pathway_clear(&p);
  free(matrix);
  return data;
}

/* Twice the weight, twice the kernel; a later delay moves it; all currents sum to nothing. */
static void test_linearity_and_shift(void)
{
  enum { N = HALF + 1 };
  golden_case c = make_case("current_stick", "ball_and_stick", false, false);
  meso_morphology *m = reference_cell(c.cell);
  if (m == NULL) return;
  double *one = test_kernel(m, &c);
  c.source[0].synapse.weight *= 2;
  double *two = test_kernel(m, &c);
  c.source[0].delay_ms.loc += 16 * dt_ms;
  double *late = test_kernel(m, &c);
  c.source[0].synapse.weight = 0;
  double *silent = test_kernel(m, &c);
  double peak = 0;
  for (size_t k = 0; k < N; k++) peak = fmax(peak, fabs(one[k]));
  CU_ASSERT(peak > 0);
  MESO_CHECK_WORST(k, N, fabs(two[k] - 2 * one[k]), 1e-12 * peak);
  MESO_CHECK_WORST(k, N - 16, fabs(late[k + 16] - two[k]), 1e-9 * peak);
  MESO_CHECK_WORST(k, N, fabs(one[N + k]), 1e-12 * peak);
  MESO_CHECK_WORST(k, 2 * N, fabs(silent[k]), 0);
  free(one);
  free(two);
  free(late);
  free(silent);
  meso_morphology_destroy(m);
}

/* ---- LFP ---------------------------------------------------------------------------------- */

enum { N_CHANNELS = 4, N_LAGS = 301, N_PATHWAYS = 3, N_SPIKES = 4000 };
static const double t_stop_ms = 2500;

static uint32_t next_random(uint32_t *state) { return *state = *state * 1664525u + 1013904223u; }

static meso_result *made_up_kernels(void)
{
  static const char *const source[] = {"E", "I", "E"}, *const all[] = {"E", "I", "S"};
  meso_result *r = NULL;
  meso_array *a = NULL;
  uint32_t state = 7;
  CU_ASSERT_FATAL(meso_result_create(&r, NULL) == MESO_OK);
  CU_ASSERT(meso_result_add(r, "/kernels/data", "mV", 3,
                            (size_t[]) {N_PATHWAYS, N_CHANNELS, N_LAGS}, &a, NULL) == MESO_OK);
  for (size_t i = 0; i < N_PATHWAYS * N_CHANNELS * N_LAGS; i++)
    a->data[i] = (double) next_random(&state) / 4294967296. - 0.4;
  CU_ASSERT(meso_result_add(r, "/kernels/dipole_z", "nA um", 2, (size_t[]) {N_PATHWAYS, N_LAGS}, &a,
                            NULL) == MESO_OK);
  for (size_t i = 0; i < N_PATHWAYS * N_LAGS; i++)
    a->data[i] = 100 * ((double) next_random(&state) / 4294967296. - 0.4);
  CU_ASSERT(meso_result_add_text(r, "/kernels/source", N_PATHWAYS, source, NULL) == MESO_OK);
  CU_ASSERT(meso_result_add_text(r, "/populations/name", 3, all, NULL) == MESO_OK);
  CU_ASSERT(meso_result_add_vector(r, "/populations/size", "1", 3, (double[]) {100, 100, 7},
                                   NULL) == MESO_OK);
  CU_ASSERT(meso_result_add_vector(r, "/populations/is_source", "1", 3, (double[]) {0, 0, 1},
                                   NULL) == MESO_OK);
  CU_ASSERT(meso_result_add_vector(r, "/charge/external", "pA/s", 3, (double[]) {480, 320, 0},
                                   NULL) == MESO_OK);
  CU_ASSERT(meso_result_add(r, "/charge/per_spike", "pA", 2, (size_t[]) {3, 3}, &a, NULL)
            == MESO_OK);
  a->data[0] = 2; /* E to E: 2 pA a spike of every neuron */
  a->data[3] = 1; /* E to I */
  CU_ASSERT(meso_result_add(r, "/kernels/channel_um", "um", 2, (size_t[]) {N_CHANNELS, 3}, &a,
                            NULL) == MESO_OK);
  for (size_t c = 0; c < N_CHANNELS; c++) a->data[3 * c + 2] = -100. * (double) c;
  meso_attrs *attrs = meso_result_group_attrs(r, "/kernels");
  CU_ASSERT(meso_attrs_set_number(attrs, "kernel_dt_ms", 0.1, NULL) == MESO_OK);
  CU_ASSERT(meso_attrs_set_number(attrs, "sigma_S_per_m", 0.3, NULL) == MESO_OK);
  return r;
}

static meso_spikes *made_up_spikes(size_t n_spikes, const char *second)
{
  meso_spikes *s = NULL;
  uint32_t state = 11;
  CU_ASSERT_FATAL(meso_spikes_create(2, &s, NULL) == MESO_OK);
  s->t_stop_ms = t_stop_ms;
  for (size_t p = 0; p < 2; p++) {
    meso_spike_population *population = &s->population[p];
    population->name = meso_strdup(p == 0 ? "E" : second);
    population->size = 100;
    population->n_spikes = n_spikes;
    population->time_ms = calloc(n_spikes + 1, sizeof(double));
    population->id = calloc(n_spikes + 1, sizeof(uint32_t));
    for (size_t i = 0; i < n_spikes; i++)
      population->time_ms[i] = (double) (next_random(&state) >> 8) / 16777216. * t_stop_ms;
    CU_ASSERT(meso_spikes_sort(population, NULL) == MESO_OK);
  }
  return s;
}

/* Sums kernels at every spike, then means over 1 ms. dipole: (n_out, 3) */
static void direct_lfp(const meso_result *r, const meso_spikes *s, double *lfp, double *dipole,
                       size_t n_out)
{
  const double *kernel = meso_result_find(r, "/kernels/data")->data;
  const double *moment = meso_result_find(r, "/kernels/dipole_z")->data;
  for (size_t p = 0; p < N_PATHWAYS; p++) {
    const meso_spike_population *population = &s->population[p == 1 ? 1 : 0];
    for (size_t i = 0; i < population->n_spikes; i++)
      for (size_t k = 0; k < N_LAGS; k++) {
        const size_t step = (size_t) floor(population->time_ms[i] / 0.1 + 0.5) + k;
        if (step / 10 < n_out) dipole[3 * (step / 10) + 2] += moment[p * N_LAGS + k] / 10;
        for (size_t c = 0; c < N_CHANNELS && step / 10 < n_out; c++)
          lfp[step / 10 * N_CHANNELS + c] += kernel[(p * N_CHANNELS + c) * N_LAGS + k] / 10;
      }
  }
}

/* Passive cells hold to 100 Hz and are doubtful to 200 Hz, whatever more the filter passes. */
static void check_band(const meso_signal *lfp)
{
  const double from_Hz = 1000 / (N_LAGS * 0.1), filter_Hz = 0.3 * lfp->sampling_rate_Hz;
  const char *band = meso_attrs_text(&lfp->attrs, "validity_band");
  const char *reason = meso_attrs_text(&lfp->attrs, "validity_reason");
  char limit[64];
  MESO_CHECK_CLOSE(from_Hz, meso_attrs_number(&lfp->attrs, "filter_from_Hz", 0), 1e-12, 0);
  MESO_CHECK_CLOSE(filter_Hz, meso_attrs_number(&lfp->attrs, "filter_to_Hz", 0), 1e-12, 0);
  MESO_CHECK_CLOSE(from_Hz, meso_attrs_number(&lfp->attrs, "valid_from_Hz", 0), 1e-12, 0);
  MESO_CHECK_CLOSE(fmin(100, filter_Hz), meso_attrs_number(&lfp->attrs, "valid_to_Hz", 0), 1e-12,
                   0);
  MESO_CHECK_CLOSE(fmin(200, filter_Hz), meso_attrs_number(&lfp->attrs, "doubtful_to_Hz", 0),
                   1e-12, 0);
  (void) snprintf(limit, sizeof limit, "to %.3g Hz, doubtful to %.3g Hz", fmin(100, filter_Hz),
                  fmin(200, filter_Hz));
  CU_ASSERT_FATAL(band != NULL && reason != NULL);
  CU_ASSERT(strstr(band, limit) != NULL && strstr(reason, "without spikes") != NULL);
}

static void test_band(void)
{
  meso_result *r = made_up_kernels();
  meso_spikes *s = made_up_spikes(4, "I");
  static const double rate_Hz[] = {250, 500, 1000, 10000};
  for (int i = 0; i < 4; i++) {
    meso_signals *out = NULL;
    CU_ASSERT_FATAL(meso_lfp_from_kernels(r, s, rate_Hz[i], 1, &out, NULL) == MESO_OK);
    check_band(meso_signals_find(out, "lfp"));
    meso_signals_destroy(out);
  }
  meso_spikes_destroy(s);
  meso_result_destroy(r);
}

/* 20 uV over 100 um are 0.2 V/m; along any direction, at any time; contacts at one place do not
 * count. */
static void test_field(void)
{
  double phi_mV[2][3] = {{0.1, 0.11, 0.11}, {0.1, 0.08, 0.5}};
  double um[9] = {0, 60, 0, 0, 0, -80, 0, 0, -80};
  const meso_signal lfp = {.n_times = 2, .n_channels = 3, .data = phi_mV[0], .position_um = um};
  MESO_CHECK_CLOSE(0.2, meso_lfp_largest_field_V_per_m(&lfp), 1e-12, 0);
}

/* Adds what scipy.signal.lfilter(taps[:, c], 1, counts) gives, as means over `factor` steps. */
static void add_filtered(const meso_signal *taps, const meso_spike_population *spikes,
                         size_t factor, const meso_signal *lfp, double *out)
{
  const size_t n_steps = lfp->n_times * factor, n = lfp->n_channels;
  double *count = calloc(n_steps, sizeof *count);
  CU_ASSERT_FATAL(taps != NULL && taps->n_channels == n && taps->n_times == N_LAGS);
  CU_ASSERT_STRING_EQUAL(taps->units, "mV");
  MESO_CHECK_CLOSE(1e4, taps->sampling_rate_Hz, 1e-14, 0);
  for (size_t i = 0; i < spikes->n_spikes; i++) {
    const size_t step = (size_t) floor(spikes->time_ms[i] / 0.1 + 0.5);
    if (step < n_steps) count[step]++;
  }
  for (size_t t = 0; t < n_steps; t++)
    for (size_t k = 0; k <= t && k < taps->n_times; k++)
      for (size_t c = 0; c < n && count[t - k] > 0; c++)
        out[t / factor * n + c] += taps->data[k * n + c] * count[t - k] / (double) factor;
  free(count);
}

/* Taps of FIR filters give the LFP: at every step, and as means over the samples' intervals. */
static void test_taps(void)
{
  meso_result *r = made_up_kernels();
  meso_spikes *s = made_up_spikes(100, "I");
  meso_signals *taps = NULL;
  CU_ASSERT_FATAL(meso_lfp_taps(r, &taps, NULL) == MESO_OK && taps->n == 2);
  for (size_t factor = 1; factor <= 10; factor += 9) {
    meso_signals *out = NULL;
    CU_ASSERT_FATAL(meso_lfp_from_kernels(r, s, 1e4 / (double) factor, 1, &out, NULL) == MESO_OK);
    const meso_signal *lfp = meso_signals_find(out, "lfp");
    double *sum = calloc(lfp->n_times * lfp->n_channels, sizeof *sum);
    add_filtered(meso_signals_find(taps, "taps_E"), &s->population[0], factor, lfp, sum);
    add_filtered(meso_signals_find(taps, "taps_I"), &s->population[1], factor, lfp, sum);
    CU_ASSERT(relative_error(sum, lfp->data, lfp->n_times * lfp->n_channels) < 1e-12);
    free(sum);
    meso_signals_destroy(out);
  }
  meso_signals_destroy(taps);
  meso_spikes_destroy(s);
  meso_result_destroy(r);
}

static void test_lfp_is_the_direct_sum(void)
{
  meso_result *r = made_up_kernels();
  meso_spikes *s = made_up_spikes(N_SPIKES, "I");
  meso_signals *first = NULL;
  static const int n_threads[] = {1, 2, 7};
  for (int i = 0; i < 3; i++) {
    meso_signals *out = NULL;
    meso_err err = {0};
    CU_ASSERT_FATAL(meso_lfp_from_kernels(r, s, 1000, n_threads[i], &out, &err) == MESO_OK);
    const meso_signal *lfp = meso_signals_find(out, "lfp");
    CU_ASSERT_FATAL(lfp != NULL && lfp->n_times == 2500 && lfp->n_channels == N_CHANNELS);
    if (first == NULL) {
      first = out;
      const meso_signal *dipole = meso_signals_find(out, "dipole");
      double *direct = calloc(2500 * N_CHANNELS, sizeof *direct);
      double *moment = calloc(2500 * 3, sizeof *moment);
      direct_lfp(r, s, direct, moment, 2500);
      CU_ASSERT(relative_error(direct, lfp->data, 2500 * N_CHANNELS) < 1e-12);
      CU_ASSERT_FATAL(dipole != NULL && dipole->n_times == 2500 && dipole->n_channels == 3);
      CU_ASSERT_STRING_EQUAL(dipole->units, "nA um");
      CU_ASSERT(relative_error(moment, dipole->data, 2500 * 3) < 1e-12);
      free(direct);
      free(moment);
    } else {
      for (size_t k = 0; k < out->n; k++)
        CU_ASSERT(memcmp(out->signal[k].data, first->signal[k].data,
                         sizeof(double) * out->signal[k].n_times * out->signal[k].n_channels) == 0);
      meso_signals_destroy(out);
    }
  }
  const meso_signal *lfp = meso_signals_find(first, "lfp"), *csd = meso_signals_find(first, "csd");
  const meso_signal *e = meso_signals_find(first, "lfp_from_E");
  const meso_signal *in = meso_signals_find(first, "lfp_from_I");
  CU_ASSERT_FATAL(csd != NULL && e != NULL && in != NULL && csd->n_channels == N_CHANNELS - 2);
  MESO_CHECK_CLOSE(lfp->data[4001], e->data[4001] + in->data[4001], 1e-14, 0);
  MESO_CHECK_CLOSE(-0.3 * (lfp->data[4000] - 2 * lfp->data[4001] + lfp->data[4002]) * 1e2,
                   csd->data[2000], 1e-12, 1e-9);
  /* 16 spikes/s: E brings 32 pA/s to E and 16 to I */
  MESO_CHECK_CLOSE(480. / 512, meso_attrs_number(&lfp->attrs, "excitatory_external_share.E", 0),
                   1e-14, 0);
  MESO_CHECK_CLOSE(320. / 336, meso_attrs_number(&lfp->attrs, "excitatory_external_share.I", 0),
                   1e-14, 0);
  CU_ASSERT_STRING_EQUAL(meso_attrs_text(&lfp->attrs, "silent_sources"), "S");
  meso_signals_destroy(first);
  meso_spikes_destroy(s);
  meso_result_destroy(r);
}

static void test_lfp_edges(void)
{
  meso_result *r = made_up_kernels();
  meso_spikes *empty = made_up_spikes(0, "I"), *other = made_up_spikes(3, "J");
  meso_signals *out = NULL;
  meso_err err = {0};
  CU_ASSERT_FATAL(meso_lfp_from_kernels(r, empty, 1000, 2, &out, &err) == MESO_OK);
  const meso_signal *lfp = meso_signals_find(out, "lfp");
  MESO_CHECK_WORST(i, lfp->n_times * lfp->n_channels, fabs(lfp->data[i]), 0);
  CU_ASSERT(meso_attrs_text(&lfp->attrs, "note") != NULL);
  meso_signals_destroy(out);
  CU_ASSERT(meso_lfp_from_kernels(r, other, 1000, 2, &out, &err) == MESO_ENOTFOUND);
  CU_ASSERT(strstr(err.msg, "'J'") != NULL);
  other->n_populations = 1; /* without I, which is no source */
  CU_ASSERT(meso_lfp_from_kernels(r, other, 1000, 2, &out, &err) == MESO_ENOTFOUND);
  CU_ASSERT(strstr(err.msg, "'I'") != NULL);
  other->n_populations = 2;
  empty->population[0].size = 99;
  CU_ASSERT(meso_lfp_from_kernels(r, empty, 1000, 2, &out, &err) == MESO_EINVAL);
  CU_ASSERT(strstr(err.msg, "99 neurons") != NULL);
  empty->population[0].size = 100;
  CU_ASSERT(meso_lfp_from_kernels(r, empty, 3000, 2, &out, &err) == MESO_EINVAL);
  CU_ASSERT(meso_lfp_from_kernels(r, empty, 0, 2, &out, &err) == MESO_EINVAL);
  meso_spikes_destroy(empty);
  meso_spikes_destroy(other);
  meso_result_destroy(r);
}

int main(void)
{
  static const meso_test tests[] = {
    {"golden conductance pyramid", test_conductance_pyramid},
    {"golden conductance basket", test_conductance_basket},
    {"golden conductance stick", test_conductance_stick},
    {"golden current stick", test_current_stick},
    {"golden current pyramid", test_current_pyramid},
    {"linearity, delay, balance, silence", test_linearity_and_shift},
    {"LFP is the direct sum, on any number of threads", test_lfp_is_the_direct_sum},
    {"band of validity", test_band},
    {"largest field", test_field},
    {"taps of filters give the LFP", test_taps},
    {"LFP of no spikes, other names, other rates", test_lfp_edges},
    {NULL, NULL}};
  return meso_test_main("kernels", tests);
}
