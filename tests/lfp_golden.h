/* lfp_golden.h: what the LFP tests share: golden datasets and reference cells. */
#ifndef LFP_GOLDEN_H
#define LFP_GOLDEN_H

#include <stdlib.h>

#include "meso_cable.h"
#include "meso_io.h"
#include "meso_morphology.h"
#include "meso_test.h"

/* Dataset "prefix/name" of a golden file; NULL (and a failed check) if it cannot be read. */
static inline double *golden(const char *file, const char *prefix, const char *name, size_t *count)
{
  char dataset[512];
  size_t n_dims = 0, dims[4] = {0};
  double *data = NULL;
  meso_err err = {0};
  (void) snprintf(dataset, sizeof dataset, "%s/%s", prefix, name);
  if (meso_h5_read_doubles(meso_test_path(file), dataset, &n_dims, dims, &data, &err) != MESO_OK) {
    printf("# %s: %s\n", dataset, err.msg);
    CU_FAIL("golden dataset");
    *count = 0;
    return NULL;
  }
  *count = 1;
  for (size_t k = 0; k < n_dims; k++) *count *= dims[k];
  return data;
}

/* max |x - ref| / max |ref|; 1e300 if something is not finite. */
static inline double relative_error(const double *ref, const double *x, size_t n)
{
  double worst = 0, peak = 0;
  for (size_t i = 0; i < n; i++) {
    if (!isfinite(ref[i]) || !isfinite(x[i])) return 1e300;
    worst = fmax(worst, fabs(x[i] - ref[i]));
    peak = fmax(peak, fabs(ref[i]));
  }
  return peak > 0 ? worst / peak : worst;
}

/* Reads a golden dataset and compares; frees it. */
static inline void check_golden(const char *file, const char *prefix, const char *name,
                                const double *x, size_t n, double tolerance)
{
  size_t count;
  double *ref = golden(file, prefix, name, &count);
  CU_ASSERT_EQUAL(count, n);
  if (ref != NULL && count == n) {
    const double error = relative_error(ref, x, n);
    if (!(error <= tolerance)) printf("# %s/%s: error %.3g\n", prefix, name, error);
    CU_ASSERT(error <= tolerance);
  }
  free(ref);
}

/* A reference cell as the golden files cut it. */
static inline meso_morphology *reference_cell(const char *name)
{
  char file[256];
  meso_morphology *m = NULL;
  meso_err err = {0};
  (void) snprintf(file, sizeof file, "tests/reference/lfp/%s.swc", name);
  const meso_discretisation discretisation = {150, 1, 0.1, 100, 0};
  if (meso_morphology_read(meso_test_path(file), &discretisation, &m, &err) != MESO_OK) {
    printf("# %s\n", err.msg);
    CU_FAIL("reference cell");
  }
  return m;
}

/* Synaptic events of a reference cell; caller frees. */
static inline meso_cable_event *golden_events(const char *file, const char *cell, size_t *n)
{
  static const char *const name[] = {"segment", "tau", "weight", "time"};
  char prefix[256];
  double *column[4];
  (void) snprintf(prefix, sizeof prefix, "%s/synapse_events", cell);
  for (int k = 0; k < 4; k++) column[k] = golden(file, prefix, name[k], n);
  meso_cable_event *event = calloc(*n + 1, sizeof *event);
  for (size_t e = 0; e < *n; e++)
    event[e] = (meso_cable_event) {(size_t) column[0][e], 0, column[1][e], column[2][e],
                                   column[3][e]};
  for (int k = 0; k < 4; k++) free(column[k]);
  return event;
}

/* Membrane currents (segment, sample) of a reference cell from our own cable, every so
 * many steps; caller frees. */
static inline double *golden_currents(const char *file, const meso_morphology *m, const char *cell,
                                      double dt_ms, size_t every, size_t n_samples)
{
  size_t n_events;
  const size_t n_steps = every * (n_samples - 1), width = n_steps + 1;
  meso_cable_event *event = golden_events(file, cell, &n_events);
  double *g_pas = calloc(m->n_segments, sizeof *g_pas);
  double *all = calloc(m->n_segments * width, sizeof *all);
  double *imem = calloc(m->n_segments * n_samples, sizeof *imem);
  for (size_t j = 0; j < m->n_segments; j++) g_pas[j] = 1e-4;
  const meso_cable cable = {1, -65, g_pas, dt_ms, n_steps};
  CU_ASSERT(meso_cable_run(m, &cable, n_events, event, all, NULL, NULL) == MESO_OK);
  for (size_t j = 0; j < m->n_segments; j++)
    for (size_t k = 0; k < n_samples; k++) imem[j * n_samples + k] = all[j * width + k * every];
  free(event);
  free(g_pas);
  free(all);
  return imem;
}

#endif
