/* column_kernels.c: population kernels of a column by libmesocast; made and run by x-lfpykernels.
 *
 * usage: column_kernels MORPHOLOGY.swc COLUMN.txt KERNELS.bin
 *
 * COLUMN.txt is numbers. First: Ra (Ohm cm), cm (uF/cm2), g_pas (S/cm2), dt (ms), lags after the
 * spike, radius and SD in depth of the somata (um), conductivity (S/m), contacts and their depths
 * (um). Then for each kernel: depth of the somata (um), synapses that a source neuron makes on the
 * population, their weight (nA) and time constant (ms), mean, SD and minimum of the delay (ms), bit
 * set of the types of sections, and two normal profiles over depth: weight, mean and SD (um).
 * KERNELS.bin is doubles (kernel, contact, lag), mV. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "meso_conductor.h"
#include "meso_kernel.h"

enum { MAX_CONTACTS = 1024, N_PROFILES = 2 };

typedef struct column {
  double Ra_Ohm_cm, cm_uF_per_cm2, g_pas_S_per_cm2, dt_ms, radius_um, soma_sd_um, sigma_S_per_m;
  size_t n_lags, n_contacts;
  double contact_um[3 * MAX_CONTACTS];
} column;

typedef struct pathway {
  double soma_z_um, out_degree, weight_nA, tau_ms;
  double delay_ms, delay_sd_ms, delay_min_ms;
  double section_types;
  double share[N_PROFILES], depth_um[N_PROFILES], sd_um[N_PROFILES];
} pathway;

/* What all kernels of a target population have in common, and room for one. */
typedef struct workplace {
  meso_morphology *cell;
  meso_conductor *conductor;
  double matrix_soma_z_um;                            /* the depth that matrix is for, NAN: none */
  double *g_pas, *weight_nA, *delay, *matrix, *kernel;
} workplace;

static int read_numbers(FILE *f, size_t n, double *x)
{
  for (size_t i = 0; i < n; i++)
    if (fscanf(f, "%lf", x + i) != 1) return 0;
  return 1;
}

static int read_column(FILE *f, column *c)
{
  double x[9];
  if (!read_numbers(f, 9, x) || !(x[8] >= 1 && x[8] <= MAX_CONTACTS)) return 0;
  *c = (column) {.Ra_Ohm_cm = x[0], .cm_uF_per_cm2 = x[1], .g_pas_S_per_cm2 = x[2], .dt_ms = x[3],
                 .n_lags = (size_t) x[4], .radius_um = x[5], .soma_sd_um = x[6],
                 .sigma_S_per_m = x[7], .n_contacts = (size_t) x[8]};
  for (size_t i = 0; i < c->n_contacts; i++)
    if (!read_numbers(f, 1, c->contact_um + 3 * i + 2)) return 0;
  return 1;
}

static int read_pathway(FILE *f, pathway *p)
{
  double x[14];
  if (!read_numbers(f, 14, x)) return 0;
  *p = (pathway) {x[0], x[1], x[2], x[3], x[4], x[5], x[6], x[7],
                  {x[8], x[11]}, {x[9], x[12]}, {x[10], x[13]}};
  return 1;
}

/* All synapses of a source neuron: area times the profiles, blurred by the depths of the somata. */
static void place_synapses(const column *c, const pathway *p, const meso_morphology *cell,
                           double *weight_nA)
{
  double sum = 0;
  for (size_t j = 0; j < cell->n_segments; j++) {
    weight_nA[j] = 0;
    const int type = cell->section_type[cell->segment_section[j]];
    if (((unsigned) p->section_types >> type & 1) == 0) continue;
    for (int k = 0; k < N_PROFILES; k++) {
      const double sd = hypot(p->sd_um[k], c->soma_sd_um);
      const double t = (meso_morphology_z_um(cell, j) - p->depth_um[k]) / sd;
      weight_nA[j] += cell->area_um2[j] * p->share[k] * exp(-t * t / 2) / sd;
    }
    sum += weight_nA[j];
  }
  for (size_t j = 0; j < cell->n_segments; j++)
    weight_nA[j] *= p->weight_nA * p->out_degree / sum;
}

static void spread_delays(const column *c, const pathway *p, double *share)
{
  double sum = 0;
  for (size_t k = 0; k <= c->n_lags; k++) {
    const double t = ((double) k * c->dt_ms - p->delay_ms) / p->delay_sd_ms;
    share[k] = (double) k * c->dt_ms >= p->delay_min_ms ? exp(-t * t / 2) : 0;
    sum += share[k];
  }
  for (size_t k = 0; k <= c->n_lags; k++) share[k] /= sum;
}

static meso_status make_kernel(const column *c, const pathway *p, workplace *w, meso_err *err)
{
  meso_status status = MESO_OK;
  const meso_cable cable = {c->cm_uF_per_cm2, -65, w->g_pas, c->dt_ms, c->n_lags};
  const meso_kernel_input input = {0, p->tau_ms, w->weight_nA, w->delay};
  if (!(p->soma_z_um == w->matrix_soma_z_um)) {
    meso_morphology_place(w->cell, 0, 0, p->soma_z_um);
    const meso_segments segments = meso_morphology_segments(w->cell);
    MESO_TRY(meso_conductor_matrix(w->conductor, &segments, c->n_contacts, c->contact_um,
                                   w->matrix, err));
    w->matrix_soma_z_um = p->soma_z_um;
  }
  place_synapses(c, p, w->cell, w->weight_nA);
  spread_delays(c, p, w->delay);
  MESO_TRY(meso_kernel_compute(w->cell, &cable, &input, c->n_contacts, w->matrix, w->kernel, err));
cleanup:
  return status;
}

static meso_status prepare(const char *swc, const column *c, workplace *w, meso_err *err)
{
  meso_status status = MESO_OK;
  const meso_discretisation cut = {c->Ra_Ohm_cm, c->cm_uF_per_cm2, 0.1, 100, 0};
  MESO_TRY(meso_morphology_read(swc, &cut, &w->cell, err));
  MESO_TRY(meso_conductor_create("gauss_cylinder", NULL, &w->conductor, err));
  MESO_TRY(meso_conductor_set(w->conductor, "radius_um", c->radius_um, err));
  MESO_TRY(meso_conductor_set(w->conductor, "soma_sd_um", c->soma_sd_um, err));
  MESO_TRY(meso_conductor_set(w->conductor, "sigma_S_per_m", c->sigma_S_per_m, err));
  MESO_ALLOC(err, w->g_pas, w->cell->n_segments);
  MESO_ALLOC(err, w->weight_nA, w->cell->n_segments);
  MESO_ALLOC(err, w->delay, c->n_lags + 1);
  MESO_ALLOC(err, w->matrix, c->n_contacts * w->cell->n_segments);
  MESO_ALLOC(err, w->kernel, c->n_contacts * (c->n_lags + 1));
  for (size_t j = 0; j < w->cell->n_segments; j++) w->g_pas[j] = c->g_pas_S_per_cm2;
cleanup:
  return status;
}

static meso_status make_column(const char *swc, FILE *in, FILE *out, meso_err *err)
{
  meso_status status = MESO_OK;
  column c;
  pathway p;
  workplace w = {.matrix_soma_z_um = NAN};
  if (!read_column(in, &c)) MESO_FAIL(err, MESO_EINVAL, "the column is malformed");
  MESO_TRY(prepare(swc, &c, &w, err));
  while (read_pathway(in, &p)) {
    MESO_TRY(make_kernel(&c, &p, &w, err));
    const size_t n = c.n_contacts * (c.n_lags + 1);
    if (fwrite(w.kernel, sizeof *w.kernel, n, out) != n)
      MESO_FAIL(err, MESO_EIO, "kernels cannot be written");
  }
cleanup:
  meso_morphology_destroy(w.cell);
  meso_conductor_destroy(w.conductor);
  free(w.g_pas);
  free(w.weight_nA);
  free(w.delay);
  free(w.matrix);
  free(w.kernel);
  return status;
}

int main(int argc, char **argv)
{
  meso_err err = {0};
  FILE *in = argc == 4 ? fopen(argv[2], "r") : NULL, *out = argc == 4 ? fopen(argv[3], "wb") : NULL;
  if (in == NULL || out == NULL) {
    fprintf(stderr, "usage: column_kernels MORPHOLOGY.swc COLUMN.txt KERNELS.bin\n");
    return 2;
  }
  if (make_column(argv[1], in, out, &err) != MESO_OK) {
    fprintf(stderr, "column_kernels: %s\n", err.msg);
    return 1;
  }
  (void) fclose(in);
  return fclose(out) == 0 ? 0 : 1;
}
